"""How the values of terms are ordered."""

from __future__ import annotations

from pyoxigraph import Literal

from reasoner.columnar import literals
from reasoner.columnar.algebra import Term


def value_of(term: Term) -> literals.Value | None:
    """What a literal means, if it can be compared."""
    if not isinstance(term, Literal):
        return None
    return literals.typed(term.value, term.datatype.value, term.language)


def ordered(a: literals.Value | None, b: literals.Value | None) -> int | None:
    """How two values are ordered: -1, 0, 1, or None where that is not defined."""
    return None if a is None or b is None else literals.compare(a, b)
