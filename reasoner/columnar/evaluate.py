"""Which terms conform to a shape: each constraint is one short function over whole blocks.

What is asked along a path is answered from its far end: the terms that pass a test, then those from which a step leads
to one of them. A mask is made once for each shape and block and kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from reasoner.columnar.algebra import (
    Alternative,
    Constraint,
    Disjoint,
    Equals,
    HasValue,
    Inverse,
    LessThan,
    MaxCount,
    MinCount,
    Node,
    Optional,
    Path,
    Predicate,
    Qualified,
    Repeated,
    Sequence,
    Shape,
    Shapes,
    Target,
    Term,
    UniqueLang,
)
from reasoner.columnar.blocks import Rows, Terms
from reasoner.columnar.dependence import followed
from reasoner.columnar.gathering import count_few
from reasoner.columnar.graph import Graph
from reasoner.columnar.masks import EVERY, Test, both, either, full, negated, objects_of, opposite, subjects_of
from reasoner.columnar.pairwise import disjoint, unbroken
from reasoner.columnar.per_view import PerView, used_by
from reasoner.columnar.value_tests import VALUE_TESTS
from reasoner.columnar.walking import Pairs, pairs_from, reached_blocks

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from reasoner.columnar.masks import Bools, Mask
    from reasoner.columnar.walking import Ids


class Evaluation:
    """The shapes over one graph. ``kept`` holds what is true of the graph's fixed blocks, for the next graph."""

    def __init__(self, graph: Graph, shapes: Shapes, kept: dict[tuple[object, ...], Mask] | None = None) -> None:
        self.graph = graph
        self.shapes = shapes
        self._masks: dict[tuple[object, ...], Mask] = {}
        self._kept = {} if kept is None else kept
        self._path_fixed: dict[Path, bool] = {}

    def size(self, block: int) -> int:
        """How many terms a block has."""
        return self.graph.blocks[block].size

    # -- shapes

    def conforms(self, node: Node, block: int) -> Mask:
        """The terms of a block that conform to a shape."""
        masks = self._kept if block < self.graph.fixed and self._fixed_shape(node) else self._masks
        key = (node, block)
        if key not in masks:
            masks[key] = self._conforms(self.shapes.by_node[node], block)
        return masks[key]

    def _conforms(self, shape: Shape, block: int) -> Mask:
        out: Mask = True
        if shape.deactivated:
            return out
        for constraint in shape.constraints:
            out = both(out, self.holds(constraint, shape.path, block))
            if out is False:
                break
        return out

    def conforming(self, node: Node) -> Test:
        """Whether terms conform to a shape."""
        return Test(node, lambda block: self.conforms(node, block), self._fixed_shape(node))

    def focus(self, target: Target, block: int) -> Mask:
        """The terms of a block that a target names."""
        if target.kind == "node":
            return self.is_term(target.term).mask(block)
        if target.kind == "class":
            return self.some(self.shapes.instance, self.is_term(target.term), block)
        predicate = target.term.value
        masks = [
            full(subjects_of(e, True, self.size(block)), self.size(block))
            for e in self.graph.leaving(predicate, block)
            if target.kind == "subjects-of"
        ]
        masks += [
            full(objects_of(e, True, self.size(block)), self.size(block))
            for e in self.graph.entering(predicate, block)
            if target.kind == "objects-of"
        ]
        return _any(masks)

    # -- what stays the same

    def _is_fixed(self, ahead: frozenset[str], back: frozenset[str]) -> bool:
        """Whether what follows these properties, forwards and backwards, stays in the fixed blocks when it is there."""
        leaving = self.graph.leaving_fixed
        return not (ahead & leaving or back & self.graph.entering_fixed or ("*" in ahead and leaving))

    def _fixed_shape(self, node: Node) -> bool:
        return self._is_fixed(self.shapes.forward[node], self.shapes.backward[node])

    def _fixed_path(self, path: Path) -> bool:
        if path not in self._path_fixed:
            self._path_fixed[path] = self._is_fixed(*followed(path))
        return self._path_fixed[path]

    # -- paths

    def some(self, path: Path | None, test: Test, block: int) -> Mask:
        """The terms of a block from which a path leads to a term that passes a test."""
        if path is None:
            return test.mask(block)
        fixed = block < self.graph.fixed and test.fixed and self._fixed_path(path)
        masks = self._kept if fixed else self._masks
        key = (path, test.key, block)
        if key not in masks:
            masks[key] = _SOME[type(path)](self, path, test, block)
        return masks[key]

    def every(self, path: Path | None, test: Test, block: int) -> Mask:
        """The terms of a block from which a path leads only to terms that pass a test."""
        if path is None:
            return test.mask(block)
        return negated(self.some(path, opposite(test), block))

    def _step(self, path: Predicate, test: Test, block: int) -> Mask:
        out: Mask = False
        for e in self.graph.leaving(path.iri, block):
            owner = self.graph.owner.get(block)
            out = either(out, subjects_of(e, test.mask(e.target), self.size(block), owner))
        return out

    def _step_back(self, path: Inverse, test: Test, block: int) -> Mask:
        out: Mask = False
        for e in self.graph.entering(path.iri, block):
            if self.graph.shares(e.source, block):
                owner = self.graph.owner[e.source]
                found: Mask = used_by(
                    e, full(test.mask(e.source), self.size(e.source)), owner, self.graph.views, self.size(block)
                )
            else:
                found = objects_of(e, test.mask(e.source), self.size(block))
            out = either(out, found)
        return out

    def _sequence(self, path: Sequence, test: Test, block: int) -> Mask:
        return self.some(path.first, self.from_here(path.rest, test), block)

    def from_here(self, path: Path, test: Test) -> Test:
        """Whether a path leads to a term that passes a test."""
        fixed = test.fixed and self._fixed_path(path)
        return Test((path, test.key), lambda block: self.some(path, test, block), fixed)

    def _alternative(self, path: Alternative, test: Test, block: int) -> Mask:
        out: Mask = False
        for way in path.ways:
            out = either(out, self.some(way, test, block))
        return out

    def _optional(self, path: Optional, test: Test, block: int) -> Mask:
        return either(test.mask(block), self.some(path.path, test, block))

    def _repeated(self, path: Repeated, test: Test, block: int) -> Mask:
        within = reached_blocks(self.graph, path.path, block)
        found: dict[int, Mask] = {b: test.mask(b) for b in within}
        steps = 0
        while True:
            here = Test((path, test.key, steps), found.__getitem__)
            more = {b: either(found[b], self.some(path.path, here, b)) for b in within}
            if all(_same(found[b], more[b]) for b in within):
                break
            found, steps = more, steps + 1
        return self.some(path.path, here, block) if path.least else found[block]

    def counts(self, path: Path | None, test: Test, block: int) -> NDArray[np.int64]:
        """How many terms that pass a test a path leads to, for each term of a block."""
        import numpy as np

        size = self.size(block)
        if path is None:
            return full(test.mask(block), size).astype(np.int64)
        if not isinstance(path, Predicate | Inverse):
            few = count_few(self.graph, path, test.mask, block)
            if few is not None:
                return few
        out = np.zeros(size, np.int64)
        for here, there, target in self.all_pairs(path, block):
            passing = test.mask(target)
            if passing is not False:
                out += np.bincount(self._passing(passing, block, here, there), minlength=size)
        return out

    def at_most(self, path: Path | None, block: int) -> int | None:
        """How many values a term of a block has at most, where the form of the edges tells."""
        if path is None:
            return 1
        if not isinstance(path, Predicate):
            return None
        edges = list(self.graph.leaving(path.iri, block))
        return len(edges) if all(e.subjects is None for e in edges) else None

    def _passing(self, passing: Mask, block: int, here: Ids, there: Ids) -> Ids:
        """The subjects of the pairs whose object passes."""
        if isinstance(passing, PerView):
            return here[passing.at(self.graph.owner[block][here], there)]
        return here if isinstance(passing, bool) else here[passing[there]]

    def all_pairs(self, path: Path, block: int) -> Iterator[tuple[NDArray[np.int32], NDArray[np.int32], int]]:
        """The pairs of a path from all terms of a block."""
        import numpy as np

        if isinstance(path, Predicate):
            yield from ((*e.pairs, e.target) for e in self.graph.leaving(path.iri, block))
        elif isinstance(path, Inverse):
            yield from ((*e.pairs[::-1], e.source) for e in self.graph.entering(path.iri, block))
        else:
            yield from self.pairs(path, block, np.arange(self.size(block), dtype=np.int32))

    def pairs(self, path: Path | None, block: int, start: NDArray[np.int32]) -> Iterator[Pairs]:
        """The pairs (start, value, block of the value) that a path makes from some terms, each once."""
        return pairs_from(self.graph, path, block, start)

    # -- constraints

    def holds(self, constraint: Constraint, path: Path | None, block: int) -> Mask:
        """The terms of a block for which a constraint holds."""
        special = _HOLDS.get(type(constraint))
        if special is not None:
            return special(self, constraint, path, block)
        return self.every(path, self.value_test(constraint), block)

    def value_test(self, constraint: Constraint) -> Test:
        """What a constraint asks of each value by itself."""
        return VALUE_TESTS[type(constraint)](self, constraint)

    def is_term(self, term: Term) -> Test:
        """Whether a term is this one."""
        import numpy as np

        def mask(block: int) -> Mask:
            number = self.graph.blocks[block].find(term)
            if number is None:
                return False
            out = np.zeros(self.size(block), np.bool_)
            out[number] = True
            return out

        return Test(("term", term), mask, fixed=True)

    def rows_only(self, block: int) -> bool:
        """Whether the terms of a block are rows of a table, of which nothing but the number is known."""
        return isinstance(self.graph.blocks[block], Rows)

    def once(self, constraint: object, block: int, make: Callable[[int], Bools]) -> Bools:
        """What a constraint says of each term of a block, found out once."""
        key = ("each", constraint, block)
        kept = self._kept if block < self.graph.fixed else self._masks
        if key not in kept:
            kept[key] = make(block)
        return kept[key]  # type: ignore[return-value]

    def by_term(self, constraint: object, passes: Callable[[Term], bool], *, by_kind: bool = False) -> Test:
        """A test that looks at each term, or at one where all are alike and only kind or datatype matters.

        Rows of tables are all alike: no test looks into the name of a row.
        """
        import numpy as np

        def each(block: int) -> Bools:
            terms = self.graph.blocks[block]
            every = terms.terms if isinstance(terms, Terms) else map(terms.term, range(terms.size))
            return np.fromiter(map(passes, every), np.bool_, terms.size)

        def mask(block: int) -> Mask:
            alike = self.graph.blocks[block].alike
            if alike is not None and (by_kind or self.rows_only(block)):
                return passes(alike)
            return self.once(constraint, block, each)

        return Test(constraint, mask, fixed=True)


def _any(masks: list[Bools]) -> Mask:
    out: Mask = False
    for mask in masks:
        out = either(out, mask)
    return out


def _same(a: Mask, b: Mask) -> bool:
    if isinstance(a, PerView) or isinstance(b, PerView):
        return isinstance(a, PerView) and a.same(b)
    if isinstance(a, bool) or isinstance(b, bool):
        return isinstance(a, bool) and isinstance(b, bool) and a == b
    return bool((a == b).all())


_SOME: dict[type, Callable[[Evaluation, Any, Test, int], Mask]] = {
    Predicate: Evaluation._step,
    Inverse: Evaluation._step_back,
    Sequence: Evaluation._sequence,
    Alternative: Evaluation._alternative,
    Optional: Evaluation._optional,
    Repeated: Evaluation._repeated,
}


# ---- Constraints of all values together -------------------------------------------------------------


def _min_count(e: Evaluation, c: MinCount, path: Path | None, block: int) -> Mask:
    if c.number <= 0:
        return True
    return e.some(path, EVERY, block) if c.number == 1 else e.counts(path, EVERY, block) >= c.number


def _max_count(e: Evaluation, c: MaxCount, path: Path | None, block: int) -> Mask:
    if c.number <= 0:
        return negated(e.some(path, EVERY, block))
    most = e.at_most(path, block)
    return True if most is not None and most <= c.number else e.counts(path, EVERY, block) <= c.number


def _has_value(e: Evaluation, c: HasValue, path: Path | None, block: int) -> Mask:
    return e.some(path, e.is_term(c.term), block)


def qualifying(e: Evaluation, c: Qualified) -> Test:
    """Whether a value is counted: it conforms to the shape and to none of its siblings."""

    def mask(block: int) -> Mask:
        out = e.conforms(c.shape, block)
        for sibling in c.siblings:
            out = both(out, negated(e.conforms(sibling, block)))
        return out

    return Test(("qualified", c), mask) if c.siblings else e.conforming(c.shape)


def _qualified(e: Evaluation, c: Qualified, path: Path | None, block: int) -> Mask:
    test = qualifying(e, c)
    if c.least is not None:
        if c.least <= 1:
            return True if c.least <= 0 else e.some(path, test, block)
        return e.counts(path, test, block) >= c.least
    most = c.most or 0
    return negated(e.some(path, test, block)) if most <= 0 else e.counts(path, test, block) <= most


_HOLDS: dict[type, Callable[[Evaluation, Any, Path | None, int], Mask]] = {
    MinCount: _min_count,
    MaxCount: _max_count,
    HasValue: _has_value,
    Qualified: _qualified,
    Disjoint: disjoint,
    Equals: unbroken,
    LessThan: unbroken,
    UniqueLang: unbroken,
}
