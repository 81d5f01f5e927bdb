"""The results of a validation: for every target, what breaks which constraint, with the value (SHACL 3.6)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import repeat
from typing import TYPE_CHECKING, Any

from pyoxigraph import Literal, NamedNode

from reasoner.columnar.algebra import (
    Bound,
    ClassOf,
    Closed,
    Conforms,
    Constraint,
    Datatype,
    Disjoint,
    Equals,
    HasValue,
    In,
    LanguageIn,
    Length,
    LessThan,
    Logical,
    MaxCount,
    MinCount,
    Node,
    NodeKind,
    Not,
    Pattern,
    Property,
    Qualified,
    Shape,
    Term,
    UniqueLang,
)
from reasoner.columnar.evaluate import Evaluation
from reasoner.columnar.masks import both, either, full, negated
from reasoner.columnar.pairwise import VIOLATIONS, same_language

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Ids = NDArray[np.int32]

SH = "http://www.w3.org/ns/shacl#"


@dataclass(frozen=True, slots=True)
class Result:
    """One validation result; ``path`` is the node of the shapes graph that writes the path, or a property."""

    focus: Term
    shape: Node
    component: str
    severity: str
    messages: tuple[Literal, ...]
    path: Node | None
    value: Term | None

    @property
    def message(self) -> str:
        """The text of the first message, or nothing."""
        return self.messages[0].value if self.messages else ""


def results(e: Evaluation) -> Iterator[Result]:
    """Every result of the shapes that have targets, shape by shape."""
    import numpy as np

    for shape in e.shapes.targeted:
        for block in range(len(e.graph.blocks)):
            focus = broken_focus(e, shape, block)
            if len(focus):
                yield from of_shape(e, shape, block, focus, np.ones(e.size(block), np.int64))


def broken_focus(e: Evaluation, shape: Shape, block: int) -> Ids:
    """The terms of a block that the targets of a shape name and that do not conform to it."""
    import numpy as np

    wanted: Any = False
    for target in shape.targets:
        wanted = either(wanted, e.focus(target, block))
    if wanted is False or not isinstance(wanted, bool) and not full(wanted, e.size(block)).any():
        return np.empty(0, np.int32)  # so that it is not asked what conforms where nobody wants to know
    broken = both(wanted, negated(e.conforms(shape.node, block)))
    return np.flatnonzero(full(broken, e.size(block))).astype(np.int32)


def of_shape(e: Evaluation, shape: Shape, block: int, focus: Ids, times: NDArray[np.int64]) -> Iterator[Result]:
    """The results of a shape for focus terms, each term once; ``times`` says how often each reports them."""
    if shape.deactivated:
        return
    for constraint in shape.constraints:
        if isinstance(constraint, Property):
            yield from _nested(e, shape, constraint, block, focus, times)
            continue
        component, term_of, often = SH + component_of(constraint), e.graph.blocks[block].term, bool((times != 1).any())
        node, severity, messages, own = shape.node, shape.severity, shape.messages, shape.path_node
        for here, value, path in _broken(e, shape, constraint, block, focus):
            result = Result(term_of(here), node, component, severity, messages, path or own, value)
            if often:
                yield from repeat(result, int(times[here]))
            else:
                yield result


Found = Iterator[tuple[int, "Term | None", "Node | None"]]
"""Focus terms with the value that breaks a constraint, and the path to it where it is not the shape's."""


def _broken(e: Evaluation, shape: Shape, c: Constraint, block: int, focus: Ids) -> Found:

    if isinstance(c, Closed):
        yield from _not_closed(e, shape, c, block, focus)
    elif isinstance(c, UniqueLang):
        yield from ((here, None, None) for here, _ in same_language(e, shape.path, block, focus))
    elif type(c) in VIOLATIONS:
        for here, values, at in VIOLATIONS[type(c)](e, c, shape.path, block, focus):
            term = e.graph.blocks[at].term
            broken = zip(here.tolist(), values.tolist(), strict=True)
            yield from ((i, term(v), None) for i, v in broken)
    elif isinstance(c, MinCount | MaxCount | HasValue | Qualified):
        bad = ~full(e.holds(c, shape.path, block), e.size(block))
        yield from ((i, None, None) for i in focus[bad[focus]].tolist())
    else:
        test = e.value_test(c)
        for here, values, at in e.pairs(shape.path, block, focus):
            bad = ~full(test.mask(at), e.size(at))[values]
            term = e.graph.blocks[at].term
            pairs = zip(here[bad].tolist(), values[bad].tolist(), strict=True)
            yield from ((i, term(v), None) for i, v in pairs)


def _nested(
    e: Evaluation, shape: Shape, c: Property, block: int, focus: Ids, times: NDArray[np.int64]
) -> Iterator[Result]:
    """A property shape reports for itself: its focus terms are the values, as often as each is reached."""
    import numpy as np

    inner = e.shapes.by_node[c.shape]
    for here, values, at in e.pairs(shape.path, block, focus):
        bad = ~full(e.conforms(c.shape, at), e.size(at))[values]
        if bad.any():
            reached = np.zeros(e.size(at), np.int64)
            np.add.at(reached, values[bad], times[here[bad]])
            yield from of_shape(e, inner, at, np.unique(values[bad]), reached)


def _not_closed(e: Evaluation, shape: Shape, c: Closed, block: int, focus: Ids) -> Found:
    import numpy as np

    for here, values, at in e.pairs(shape.path, block, focus):
        chosen = np.zeros(e.size(at), np.bool_)
        chosen[values] = True
        for predicate, edges in e.graph.edges.items():
            for one in edges if predicate not in c.allowed else ():
                if one.source != at:
                    continue
                subjects, objects = one.pairs
                wanted = chosen[subjects]
                for s, o in zip(subjects[wanted].tolist(), objects[wanted].tolist(), strict=True):
                    value = e.graph.blocks[one.target].term(o)
                    for i in here[values == s].tolist():
                        yield i, value, NamedNode(predicate)


NAMES: dict[type, str] = {
    ClassOf: "ClassConstraintComponent",
    Datatype: "DatatypeConstraintComponent",
    NodeKind: "NodeKindConstraintComponent",
    MinCount: "MinCountConstraintComponent",
    MaxCount: "MaxCountConstraintComponent",
    Pattern: "PatternConstraintComponent",
    LanguageIn: "LanguageInConstraintComponent",
    UniqueLang: "UniqueLangConstraintComponent",
    Equals: "EqualsConstraintComponent",
    Disjoint: "DisjointConstraintComponent",
    Not: "NotConstraintComponent",
    Conforms: "NodeConstraintComponent",
    Closed: "ClosedConstraintComponent",
    HasValue: "HasValueConstraintComponent",
    In: "InConstraintComponent",
}


def component_of(c: Constraint) -> str:
    """The local name of the constraint component that a constraint is of."""
    if isinstance(c, Bound | Length | LessThan | Logical):
        return c.name[0].upper() + c.name[1:] + "ConstraintComponent"
    if isinstance(c, Qualified):
        return f"Qualified{'Min' if c.least is not None else 'Max'}CountConstraintComponent"
    return NAMES[type(c)]
