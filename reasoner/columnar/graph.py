"""RDF in columns: terms are numbered within blocks, and a property is integer arrays between two blocks.

A block is a set of terms that are looked at together: the terms of a graph, or the rows of a table. What is true of the
terms of a block is one boolean vector.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

from reasoner.columnar.algebra import Term
from reasoner.columnar.blocks import Block, Terms
from reasoner.triples import Spo

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Bools = NDArray[np.bool_]
    Ids = NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class Edges:
    """The pairs of one property between two blocks, each pair once.

    ``subjects`` is None where there is at most one object for each subject: then ``objects`` is as long as the source
    block, with -1 where there is none.
    """

    source: int
    target: int
    subjects: Ids | None
    objects: Ids
    _kept: dict[str, object] = field(default_factory=dict, repr=False)

    @cached_property
    def present(self) -> Bools | None:
        """Which subjects have an object; None where all do. Only where ``subjects`` is None."""
        has = self.objects >= 0
        return None if bool(has.all()) else has

    @property
    def only_object(self) -> int | None:
        """The object that all subjects have, where it is written once for all; None otherwise."""
        once = self.subjects is None and len(self.objects) > 0 and self.objects.strides == (0,)
        return int(self.objects[0]) if once else None

    @cached_property
    def pairs(self) -> tuple[Ids, Ids]:
        """Subjects and objects, pair by pair."""
        import numpy as np

        if self.subjects is not None:
            return self.subjects, self.objects
        rows = np.flatnonzero(self.objects >= 0).astype(np.int32)
        return rows, self.objects[rows]

    def followed(self, size: int, *, backwards: bool) -> tuple[NDArray[np.int64], Ids]:
        """Offsets and neighbours of each term of a block of a size, for joins."""
        import numpy as np

        key = f"{backwards}"
        if key not in self._kept:
            here, there = self.pairs[::-1] if backwards else self.pairs
            order = np.argsort(here, kind="stable")
            offsets = np.zeros(size + 1, np.int64)
            np.cumsum(np.bincount(here, minlength=size), out=offsets[1:])
            self._kept[key] = offsets, there[order]
        return self._kept[key]  # type: ignore[return-value]


class LateEdges(Edges):
    """Edges that are worked out when they are looked at: shapes follow some properties of a record only."""

    def __init__(self, source: int, target: int, make: Callable[[], tuple[Ids | None, Ids]]) -> None:
        self.__dict__.update(source=source, target=target, _kept={}, _make=make)

    @cached_property
    def _ends(self) -> tuple[Ids | None, Ids]:
        ends: tuple[Ids | None, Ids] = self.__dict__.pop("_make")()
        return ends

    @cached_property
    def subjects(self) -> Ids | None:
        """See :class:`Edges`."""
        return self._ends[0]

    @cached_property
    def objects(self) -> Ids:
        """See :class:`Edges`."""
        return self._ends[1]


@dataclass(frozen=True, eq=False)
class Graph:
    """Blocks, and by property the edges between them.

    ``fixed`` is how many of the first blocks stay the same from call to call, with the edges among them;
    ``leaving_fixed`` and ``entering_fixed`` are the properties by which other edges leave or enter these blocks.
    ``owner`` says, where a graph holds many records that share terms, to which of the ``views`` each term of a block
    belongs; blocks without an owner are shared.
    """

    blocks: tuple[Block, ...]
    edges: dict[str, tuple[Edges, ...]]
    fixed: int = 0
    leaving_fixed: frozenset[str] = frozenset()
    entering_fixed: frozenset[str] = frozenset()
    owner: dict[int, Ids] = field(default_factory=dict)
    views: int = 0

    @cached_property
    def said(self) -> frozenset[tuple[str, int, int]]:
        """What the edges of the first block say: property, subject, object."""
        return frozenset(
            (predicate, s, o)
            for predicate, edges in self.edges.items()
            for e in edges
            if e.source == e.target == 0
            for s, o in zip(*(ids.tolist() for ids in e.pairs), strict=True)
        )

    def shares(self, source: int, target: int) -> bool:
        """Whether edges lead from rows of records to terms that records share."""
        return source in self.owner and target not in self.owner

    def leaving(self, predicate: str, block: int) -> Iterator[Edges]:
        """The edges of a property whose subjects are in a block."""
        return (e for e in self.edges.get(predicate, ()) if e.source == block)

    def entering(self, predicate: str, block: int) -> Iterator[Edges]:
        """The edges of a property whose objects are in a block."""
        return (e for e in self.edges.get(predicate, ()) if e.target == block)

    def with_edges(self, more: dict[str, tuple[Edges, ...]]) -> Graph:
        """The graph with more edges."""
        merged = dict(self.edges)
        for predicate, edges in more.items():
            merged[predicate] = (*merged.get(predicate, ()), *edges)
        return replace(self, edges=merged)


def graph_of(triples: Iterable[Spo], named: Iterable[Term] = (), base: Graph | None = None) -> Graph:
    """The triples as a graph: one block for their terms, behind the one block of the base.

    Args:
        triples: what is said.
        named: terms that are looked at although nothing may be said of them.
        base: a graph of one block of terms that stays the same from call to call.
    """
    known: dict[Term, int] = {}
    if base is not None:
        block = base.blocks[0]
        assert isinstance(block, Terms)
        known = block.index
    own = Terms()
    columns: dict[tuple[str, int, int], tuple[list[int], list[int]]] = {}
    first = 0 if base is None else 1

    def place(term: Term) -> tuple[int, int]:
        number = known.get(term)
        return (0, number) if number is not None else (first, own.add(term))

    for s, p, o in dict.fromkeys(triples):
        (a, i), (b, j) = place(s), place(o)
        if base is not None and a == b == 0 and (p.value, i, j) in base.said:
            continue  # the base says it already
        subjects, objects = columns.setdefault((p.value, a, b), ([], []))
        subjects.append(i)
        objects.append(j)
    for term in named:
        place(term)
    blocks: tuple[Block, ...] = (own,) if base is None else (base.blocks[0], own)
    return _assembled(blocks, columns, base)


def _assembled(
    blocks: tuple[Block, ...],
    columns: dict[tuple[str, int, int], tuple[list[int], list[int]]],
    base: Graph | None,
) -> Graph:
    import numpy as np

    edges: dict[str, list[Edges]] = {p: list(e) for p, e in base.edges.items()} if base is not None else {}
    for (predicate, a, b), (subjects, objects) in columns.items():
        made = Edges(a, b, np.array(subjects, np.int32), np.array(objects, np.int32))
        edges.setdefault(predicate, []).append(made)
    return Graph(
        blocks,
        {p: tuple(e) for p, e in edges.items()},
        fixed=0 if base is None else 1,
        leaving_fixed=frozenset(p for p, a, _ in columns if base is not None and a == 0),
        entering_fixed=frozenset(p for p, _, b in columns if base is not None and b == 0),
    )
