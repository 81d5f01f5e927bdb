"""Constraints that compare the values of a path with one another or with those of a property: what breaks them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from pyoxigraph import Literal

from reasoner.columnar.algebra import Disjoint, Equals, LessThan, Path, UniqueLang
from reasoner.columnar.masks import Test, both, either, negated
from reasoner.columnar.order import keys_in_order, ordered, value_of
from reasoner.columnar.walking import ascending, pairs_from
from reasoner.spans import distinct, spans

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from reasoner.columnar.evaluate import Evaluation
    from reasoner.columnar.masks import Mask
    from reasoner.columnar.walking import Ids

Violation = tuple["Ids", "Ids", int]
"""Focus terms, the values that break the constraint, and the block of the values."""

FEW = 32
"""Up to so many different values are compared value by value instead of pair by pair."""


def disjoint(e: Evaluation, c: Disjoint, path: Path | None, block: int) -> Mask:
    """The terms of which no value of the path is one of the property."""
    import numpy as np

    common: Mask = False
    for edges in e.graph.leaving(c.other.iri, block):
        values = np.unique(edges.pairs[1])
        if len(values) > FEW:
            return _unbroken(e, disjoint_violations(e, c, path, block, _all(e, block)), block)
        for value in values:
            one = _only(e, edges.target, int(value))
            common = either(common, both(e.some(path, one, block), e.some(c.other, one, block)))
    return negated(common)


def _only(e: Evaluation, block: int, number: int) -> Test:
    import numpy as np

    def mask(asked: int) -> Mask:
        if asked != block:
            return False
        out = np.zeros(e.size(block), np.bool_)
        out[number] = True
        return out

    return Test(("one", block, number), mask)


def _all(e: Evaluation, block: int) -> Ids:
    import numpy as np

    return np.arange(e.size(block), dtype=np.int32)


def _unbroken(e: Evaluation, violations: Iterator[Violation], block: int) -> Mask:
    import numpy as np

    out = np.ones(e.size(block), np.bool_)
    for focus, _, _ in violations:
        out[focus] = False
    return out


def unbroken(e: Evaluation, c: Any, path: Path | None, block: int) -> Mask:
    """The terms for which a constraint of pairs holds."""
    return _unbroken(e, VIOLATIONS[type(c)](e, c, path, block, _all(e, block)), block)


# ---- What breaks a constraint -----------------------------------------------------------------------


def _keyed(e: Evaluation, path: Path | None, block: int, start: Ids) -> dict[int, NDArray[np.int64]]:
    """The pairs of a path as one number each, by the block of the value."""
    import numpy as np

    return {
        at: distinct(focus.astype(np.int64) * max(e.size(at), 1) + values)
        for focus, values, at in pairs_from(e.graph, path, block, start)
    }


def _unkeyed(e: Evaluation, keys: NDArray[np.int64], at: int) -> Violation:
    import numpy as np

    size = max(e.size(at), 1)
    return (keys // size).astype(np.int32), (keys % size).astype(np.int32), at


def disjoint_violations(e: Evaluation, c: Disjoint, path: Path | None, block: int, start: Ids) -> Iterator[Violation]:
    """Values that the path and the property have in common."""
    import numpy as np

    ours, theirs = _keyed(e, path, block, start), _keyed(e, c.other, block, start)
    for at in ours:
        if at in theirs:
            yield _unkeyed(e, np.intersect1d(ours[at], theirs[at], assume_unique=True), at)


def equals_violations(e: Evaluation, c: Equals, path: Path | None, block: int, start: Ids) -> Iterator[Violation]:
    """Values that only the path, or only the property, has."""
    import numpy as np

    ours, theirs = _keyed(e, path, block, start), _keyed(e, c.other, block, start)
    for at in dict.fromkeys((*ours, *theirs)):
        none = np.empty(0, np.int64)
        yield _unkeyed(e, np.setxor1d(ours.get(at, none), theirs.get(at, none), assume_unique=True), at)


def less_than_violations(e: Evaluation, c: LessThan, path: Path | None, block: int, start: Ids) -> Iterator[Violation]:
    """Pairs of a value of the path and one of the property that are not in order; the value once for each pair."""
    import numpy as np

    for focus, values, at in pairs_from(e.graph, path, block, start):
        once = ascending(focus)
        if not once:
            order = np.argsort(focus, kind="stable")
            focus, values = focus[order], values[order]
        for others, limits, there in pairs_from(e.graph, c.other, block, focus if once else np.unique(focus)):
            first = np.searchsorted(focus, others, "left")
            number = np.searchsorted(focus, others, "right") - first
            left = spans(first, number)
            broken = ~in_order(e, (values[left], at), (np.repeat(limits, number), there), c.accepted)
            yield focus[left][broken], values[left][broken], at


Placed = tuple["Ids", int]
"""Terms with the block that they are of."""


def in_order(e: Evaluation, left: Placed, right: Placed, accepted: frozenset[int]) -> NDArray[np.bool_]:
    """Whether the order of each value and its limit (terms with their block) is one of those accepted."""
    import numpy as np

    (values, at), (limits, there) = left, right
    ours, theirs = e.graph.blocks[at], e.graph.blocks[there]
    (kinds, keys), (other_kinds, other_keys) = ours.order_keys, theirs.order_keys
    plain = (kinds[values] > 0) & (kinds[values] == other_kinds[limits])
    out: NDArray[np.bool_] = plain & keys_in_order(keys[values], other_keys[limits], accepted)
    for i in np.flatnonzero(~plain).tolist():
        a, b = ours.term(int(values[i])), theirs.term(int(limits[i]))
        out[i] = ordered(value_of(a), value_of(b)) in accepted
    return out


def same_language(e: Evaluation, path: Path | None, block: int, start: Ids) -> Iterator[tuple[int, str]]:
    """Focus terms with a language that several of their values bear."""
    seen: dict[tuple[int, str], int] = {}
    for focus, values, at in pairs_from(e.graph, path, block, start):
        terms = e.graph.blocks[at]
        for here, value in zip(focus.tolist(), values.tolist(), strict=True):
            term = terms.term(value)
            if isinstance(term, Literal) and term.language:
                key = here, term.language.lower()
                seen[key] = seen.get(key, 0) + 1
    yield from (key for key, number in seen.items() if number > 1)


def _unique_lang_violations(
    e: Evaluation, _: UniqueLang, path: Path | None, block: int, start: Ids
) -> Iterator[Violation]:
    import numpy as np

    focus = np.array([here for here, _ in same_language(e, path, block, start)], np.int32)
    yield focus, focus, block


VIOLATIONS: dict[type, Callable[..., Iterator[Violation]]] = {
    Disjoint: disjoint_violations,
    Equals: equals_violations,
    LessThan: less_than_violations,
    UniqueLang: _unique_lang_violations,
}
