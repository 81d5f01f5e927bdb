"""Blocks: terms that are numbered together, so that what is true of them is one boolean vector."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from pyoxigraph import Literal, NamedNode

from reasoner.columnar import literals
from reasoner.columnar.algebra import Term
from reasoner.columnar.order import value_of
from reasoner.columnar.reading import BLANK, IRI, LITERAL

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


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
    def of_datatype(self) -> dict[str, list[int]]:
        """The numbers of the literals of each datatype."""
        out: dict[str, list[int]] = {}
        for number, term in enumerate(self.terms):
            if isinstance(term, Literal):
                out.setdefault(term.datatype.value, []).append(number)
        return out

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
