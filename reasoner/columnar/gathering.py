"""What stands at the ends of a path, brought back to where the path begins: sums or sets of bits, without pairs.

It is done from the far end, step by step, as masks are; pairs of begin and end are never made, so nothing is sorted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reasoner.columnar.algebra import Alternative, Inverse, Optional, Path, Predicate, Sequence
from reasoner.columnar.graph import Edges, Graph
from reasoner.columnar.per_view import PerView
from reasoner.columnar.walking import reached_blocks

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from reasoner.columnar.masks import Mask

    Numbers = NDArray[np.uint64]
    Ends = Callable[[int], Numbers | None]

MOST_STEPS = 64
"""So often a repeated step is followed at most."""
BITS = 64


class Untold(Exception):
    """It cannot be told without pairs: the path comes back from a term that records share, or does not end."""


@dataclass(frozen=True)
class Gathering:
    """Brings numbers back along paths: ``both`` puts two together (``numpy.add`` or ``numpy.bitwise_or``).

    ``back_from_shared`` is told of edges that lead back from terms that records share; it may raise :class:`Untold`.
    """

    graph: Graph
    both: np.ufunc
    back_from_shared: Callable[[Edges], None]

    def along(self, path: Path, ends: Ends, block: int) -> Numbers | None:
        """For each term of a block, what stands at the ends of a path together; None: nothing anywhere.

        Args:
            path: the path.
            ends: what stands at each term of a block.
            block: where the path begins.

        Raises:
            Untold: a repeated step does not end.
        """
        if isinstance(path, Predicate | Inverse):
            return self._step(path, ends, block)
        if isinstance(path, Sequence):
            rest = path.rest
            return self.along(path.first, lambda there: self.along(rest, ends, there), block)
        if isinstance(path, Alternative):
            return self._all(self.along(way, ends, block) for way in path.ways)
        if isinstance(path, Optional):
            return self._all((ends(block), self.along(path.path, ends, block)))
        within = reached_blocks(self.graph, path.path, block)
        start = {b: ends(b) for b in within}
        found = dict(start)
        for _ in range(MOST_STEPS):
            here = found.__getitem__
            more = {b: self._all((start[b], self.along(path.path, here, b))) for b in within}
            if all(_same(found[b], more[b]) for b in within):
                return self.along(path.path, here, block) if path.least else found[block]
            found = more
        raise Untold

    def _step(self, path: Predicate | Inverse, ends: Ends, block: int) -> Numbers | None:
        import numpy as np

        out: Numbers | None = None
        backwards = isinstance(path, Inverse)
        size = self.graph.blocks[block].size
        for e in self.graph.entering(path.iri, block) if backwards else self.graph.leaving(path.iri, block):
            if backwards and self.graph.shares(e.source, block):
                self.back_from_shared(e)
                continue
            found = ends(e.source if backwards else e.target)
            if found is None:
                continue
            if e.subjects is None and not backwards:
                more = np.append(found, np.uint64(0))[e.objects]  # -1 is the last one: nothing
            else:
                here, there = e.pairs[::-1] if backwards else e.pairs
                more = gathered(here, found[there], size, self.both)
            out = self._all((out, more))
        return out

    def _all(self, parts: Iterable[Numbers | None]) -> Numbers | None:
        out: Numbers | None = None
        for part in parts:
            if part is not None:
                out = part if out is None else self.both(out, part)
        return out


def gathered(rows: NDArray[np.int32], numbers: Numbers, size: int, both: np.ufunc) -> Numbers:
    """By row, among so many, its numbers put together."""
    import numpy as np

    out = np.zeros(size, np.uint64)
    if len(rows) and len(rows) <= size and bool((rows[1:] > rows[:-1]).all()):
        out[rows] = numbers
    else:
        both.at(out, rows, numbers)
    return out


def _same(a: Numbers | None, b: Numbers | None) -> bool:
    import numpy as np

    return a is b if a is None or b is None else np.array_equal(a, b)


# ---- Counting a few different ends ------------------------------------------------------------------


def count_few(graph: Graph, path: Path, passing: Callable[[int], Mask], block: int) -> NDArray[np.int64] | None:
    """How many terms that pass a path leads to, for each term of a block, where these are 64 at most.

    None where there are more of them, or where it cannot be told without pairs.
    """
    import numpy as np

    ends = _few_ends(graph, path, passing)
    if ends is None:
        return None
    try:
        bits = Gathering(graph, np.bitwise_or, _untold).along(path, ends.get, block)
    except Untold:
        return None
    out = np.zeros(graph.blocks[block].size, np.int64)
    if bits is not None:
        for bit in range(sum(int((e != 0).sum()) for e in ends.values())):
            out += (bits >> np.uint64(bit) & np.uint64(1)).astype(np.int64)
    return out


def _untold(_: Edges) -> None:
    raise Untold


def _few_ends(graph: Graph, path: Path, passing: Callable[[int], Mask]) -> dict[int, Numbers] | None:
    """A bit for each term at which a path may end, by block; None where there are too many."""
    import numpy as np

    last = _last_steps(path)
    if last is None:
        return None
    used: dict[int, NDArray[np.bool_]] = {}
    for predicate in last:
        for e in graph.edges.get(predicate, ()):
            mask = passing(e.target)
            if isinstance(mask, PerView):
                return None
            if mask is not False:
                here = used.setdefault(e.target, np.zeros(graph.blocks[e.target].size, np.bool_))
                here[e.pairs[1]] = True
                here &= mask
    out: dict[int, Numbers] = {}
    number = 0
    for block, chosen in used.items():
        terms = np.flatnonzero(chosen)
        if number + len(terms) > BITS:
            return None
        out[block] = np.zeros(len(chosen), np.uint64)
        out[block][terms] = np.uint64(1) << np.arange(number, number + len(terms), dtype=np.uint64)
        number += len(terms)
    return out


def _last_steps(path: Path) -> set[str] | None:
    """The properties by which a path ends, all followed forwards; None where it may end otherwise."""
    if isinstance(path, Predicate):
        return {path.iri}
    if isinstance(path, Sequence):
        return _last_steps(path.rest)
    if isinstance(path, Alternative):
        ways = [_last_steps(way) for way in path.ways]
        return None if None in ways else set().union(*(w for w in ways if w is not None))
    return None
