"""The terms of a library as numbers: the fixed blocks of every chunk's graph, and what texts of columns stand for."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache
from typing import TYPE_CHECKING

from pyoxigraph import Literal, NamedNode

from reasoner.columnar.algebra import Term
from reasoner.columnar.blocks import Ramp, Terms
from reasoner.columnar.graph import Graph, graph_of
from reasoner.knowledge import Knowledge
from reasoner.tables.schema import Column
from reasoner.tables.terms import Named, TermIndex, index_of
from reasoner.vocabulary import XSD

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

TERMS, DAYS, NUMBERS = 0, 1, 2
"""The fixed blocks: the vocabulary, the days of the calendar, and whole numbers."""
FIXED = 3

FIRST_DAY = date(1900, 1, 1)
DAY_COUNT = 73_049
"""The calendar of the days block: to the end of 2099."""
NUMBER_COUNT = 73_049
"""The numbers block: from 0; no two days of the calendar lie further apart."""
EPOCH = (FIRST_DAY - date(1970, 1, 1)).days
NO_TERM = -2
MOST_KNOWN = 100_000
"""What stands for a text that names no term, or several."""


@dataclass(frozen=True, eq=False)
class Coding:
    """The numbers of the terms of a library, and the graph of the fixed blocks."""

    knowledge: Knowledge
    graph: Graph
    index: TermIndex
    _known: dict[tuple[str | None, str], Named] = field(default_factory=dict, repr=False)

    @property
    def terms(self) -> Terms:
        """The block of the vocabulary."""
        block = self.graph.blocks[TERMS]
        assert isinstance(block, Terms)
        return block

    def term(self, iri: str) -> int:
        """The number of a term of the vocabulary; -1 where it is none."""
        found = self.terms.find(NamedNode(iri))
        return -1 if found is None else found

    def truth(self, value: bool) -> int:
        """The number of a truth value."""
        found = self.terms.find(truth(value))
        assert found is not None
        return found

    def named(self, text: str, column: Column) -> int:
        """The number of the term that a text names as a value of a column; NO_TERM where it names none."""
        iri = self.meaning(text, column).iri
        return NO_TERM if iri is None else self.term(iri)

    def meaning(self, text: str, column: Column) -> Named:
        """What a text names as a value of a column: a term, several, or the nearest; looked up once."""
        key = (column.iri, text)
        if key not in self._known:
            if len(self._known) >= MOST_KNOWN:
                self._known.clear()
            self._known[key] = self.index.named(text, column)
        return self._known[key]

    def codes(self, texts: list[str], column: Column) -> NDArray[np.int32]:
        """The numbers of the terms that texts name."""
        import numpy as np

        return np.array([self.named(t, column) for t in texts], np.int32)


def truth(value: bool) -> Literal:
    """A truth value as a literal."""
    return Literal("true" if value else "false", datatype=XSD.boolean)


@cache
def coding_of(knowledge: Knowledge) -> Coding:
    """The coding of a library, made once in a process."""
    index = index_of(knowledge)
    named: list[Term] = [*map(NamedNode, sorted(index.declared)), truth(False), truth(True)]
    base = graph_of(knowledge.arrangement, named)
    days = Ramp(DAY_COUNT, XSD.date.value, lambda n: (FIRST_DAY + timedelta(days=n)).isoformat())
    numbers = Ramp(NUMBER_COUNT, XSD.integer.value, str)
    return Coding(knowledge, Graph((base.blocks[0], days, numbers), base.edges, fixed=FIXED), index)
