"""RDF in columns: terms are numbered within blocks, and a property is integer arrays between two blocks.

A block is a set of terms that are looked at together: the terms of a graph, or the rows of a table. What is true of the
terms of a block is one boolean vector.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from pyoxigraph import Literal, NamedNode

from reasoner.columnar import literals
from reasoner.columnar.algebra import Term
from reasoner.columnar.order import value_of
from reasoner.columnar.reading import BLANK, IRI, LITERAL
from reasoner.triples import Spo

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Bools = NDArray[np.bool_]
    Ids = NDArray[np.int32]


class Block(Protocol):
    """Terms that are numbered together."""

    @property
    def size(self) -> int:
        """How many there are."""
        ...

    @property
    def alike(self) -> Literal | NamedNode | None:
        """A term to which all others are alike in kind, datatype and language; None where they differ."""
        ...

    @property
    def order_keys(self) -> tuple[NDArray[np.int8], NDArray[np.float64]]:
        """Of each term what it may be compared with (0: not by a key), and a number that is ordered as its value is."""
        ...

    def find(self, term: Term) -> int | None:
        """The number of a term, if it is in the block."""
        ...

    def term(self, number: int) -> Term:
        """The term of a number."""
        ...


class Terms:
    """A block of terms that are written out."""

    alike = None

    def __init__(self, terms: Iterable[Term] = ()) -> None:
        self.terms: list[Term] = list(terms)
        self.index: dict[Term, int] = {t: i for i, t in enumerate(self.terms)}

    @property
    def size(self) -> int:
        """How many terms there are."""
        return len(self.terms)

    def find(self, term: Term) -> int | None:
        """The number of a term, if it is in the block."""
        return self.index.get(term)

    def add(self, term: Term) -> int:
        """The number of a term, which becomes one of the block. Not after the block was looked at."""
        number = self.index.setdefault(term, len(self.terms))
        if number == len(self.terms):
            self.terms.append(term)
        return number

    def term(self, number: int) -> Term:
        """The term of a number."""
        return self.terms[number]

    @cached_property
    def kinds(self) -> NDArray[np.uint8]:
        """Of each term whether it is an IRI, a blank node or a literal."""
        import numpy as np

        kind = {NamedNode: IRI, Literal: LITERAL}
        return np.fromiter((kind.get(type(t), BLANK) for t in self.terms), np.uint8, len(self.terms))

    @cached_property
    def order_keys(self) -> tuple[NDArray[np.int8], NDArray[np.float64]]:
        """Of each term what it may be compared with (0: not by a key), and a number that is ordered as its value is."""
        import numpy as np

        values = [value_of(t) for t in self.terms]
        keys = [literals.sort_key(v) if v is not None else None for v in values]
        kinds = [
            literals.plain_family(v) if v is not None and k is not None else 0
            for v, k in zip(values, keys, strict=True)
        ]
        return np.array(kinds, np.int8), np.array([0.0 if k is None else k for k in keys], np.float64)


@dataclass(frozen=True)
class Ramp:
    """A block of literals of one datatype whose values ascend by one: whole numbers, or days.

    ``write`` gives the lexical form of the value that lies so many steps behind the first.
    """

    size: int
    datatype: str
    write: Callable[[int], str]

    @property
    def alike(self) -> Literal:
        """The first of them."""
        return self.term(0)

    def find(self, term: Term) -> int | None:
        """The number of a literal, if it is in the block in this very form."""
        if not isinstance(term, Literal) or term.datatype.value != self.datatype:
            return None
        key, first, step = _key(term), *self._scale
        number = round((key - first) / step) if key is not None else -1
        return number if 0 <= number < self.size and self.term(number) == term else None

    def term(self, number: int) -> Literal:
        """The literal of a number."""
        return Literal(self.write(number), datatype=NamedNode(self.datatype))

    @cached_property
    def _scale(self) -> tuple[float, float]:
        """The keys of values are those of the first, and a step for each further one."""
        first, second = _key(self.term(0)), _key(self.term(1))
        assert first is not None and second is not None
        return first, second - first

    @cached_property
    def order_keys(self) -> tuple[NDArray[np.int8], NDArray[np.float64]]:
        """See :class:`Block`."""
        import numpy as np

        value = value_of(self.term(0))
        assert value is not None
        first, step = self._scale
        return np.full(self.size, literals.plain_family(value), np.int8), (first + step * np.arange(self.size)).astype(
            np.float64
        )


def _key(term: Term) -> float | None:
    value = value_of(term)
    return literals.sort_key(value) if value is not None else None


@dataclass(frozen=True)
class Strings:
    """A block of plain strings, such as the different values of a column; ``read`` gives them when looked at."""

    size: int
    read: Callable[[], Sequence[str]]

    @cached_property
    def values(self) -> Sequence[str]:
        """The strings."""
        return self.read()

    @property
    def alike(self) -> Literal:
        """The empty string."""
        return Literal("")

    @cached_property
    def _index(self) -> dict[str, int]:
        return {value: i for i, value in enumerate(self.values)}

    def find(self, term: Term) -> int | None:
        """The number of a string, if it is in the block."""
        plain = isinstance(term, Literal) and term == Literal(term.value)
        return self._index.get(term.value) if plain else None

    def term(self, number: int) -> Literal:
        """The literal of a number."""
        return Literal(self.values[number])

    @cached_property
    def order_keys(self) -> tuple[NDArray[np.int8], NDArray[np.float64]]:
        """See :class:`Block`; strings have no keys."""
        import numpy as np

        return np.zeros(self.size, np.int8), np.zeros(self.size)


@dataclass(frozen=True)
class Rows:
    """A block of nodes that are rows of a table; ``name`` gives the IRI of a row."""

    size: int
    name: Callable[[int], NamedNode]

    @property
    def alike(self) -> NamedNode:
        """Some IRI: of a row nothing but its number is looked at."""
        return _ROW

    @cached_property
    def order_keys(self) -> tuple[NDArray[np.int8], NDArray[np.float64]]:
        """See :class:`Block`; nodes are not compared."""
        import numpy as np

        return np.zeros(self.size, np.int8), np.zeros(self.size)

    def find(self, term: Term) -> int | None:
        """A row is never asked for by name: what asks for a term means one of the vocabulary."""
        return None

    def term(self, number: int) -> NamedNode:
        """The IRI of a row."""
        return self.name(number)


_ROW = NamedNode("urn:plexus:row")


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
