"""Cells and RDF literals: what a typed cell can hold of a literal, and the literal of a cell."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

from pyoxigraph import Literal, NamedNode

from reasoner.derive import day_of
from reasoner.tables.schema import Kind
from reasoner.triples import Term
from reasoner.vocabulary import XSD

DATATYPES: dict[Kind, NamedNode] = {
    "date": XSD.date,
    "integer": XSD.integer,
    "decimal": XSD.decimal,
    "boolean": XSD.boolean,
    "string": XSD.string,
}
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_INTEGER = re.compile(r"[+-]?\d{1,18}")
_DECIMAL = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)")
_TRUTH = {"true": True, "1": True, "false": False, "0": False}


class Unfit(Exception):
    """A value that a column cannot hold; ``of_type`` says that it is of another datatype, which request shapes ask."""

    def __init__(self, what: str, cure: str, *, of_type: bool = False) -> None:
        self.what, self.cure, self.of_type = what, cure, of_type
        super().__init__(what)


def value_of(term: Term, kind: Kind) -> Any:
    """The cell of a literal.

    Raises:
        Unfit: it is no literal, or not of the kind, or says more than the cell would.
    """
    if not isinstance(term, Literal):
        raise Unfit("takes a value, not a node.", "Write the value between quotes.", of_type=True)
    if term.language:
        raise Unfit("is tagged with a language, which a table does not hold.", "Write it without @.", of_type=True)
    if term.datatype != DATATYPES[kind]:
        raise Unfit(f"is no {kind}.", f"Write it as a {kind}.", of_type=True)
    return _READ[kind](term.value)


def _day(text: str) -> date:
    day = day_of(text)
    if day is None or len(text) < 10:
        raise Unfit(f"{text[:40]!r} is no day of the calendar.", "Write YYYY-MM-DD.")
    if not _DAY.fullmatch(text):
        raise Unfit("has a time zone, and a table holds days only.", "Write YYYY-MM-DD.")
    return day


def _whole(text: str) -> int:
    if not _INTEGER.fullmatch(text):
        raise Unfit("is no whole number.", "Write it in digits.", of_type=True)
    return int(text)


def _fraction(text: str) -> float:
    if not _DECIMAL.fullmatch(text):
        raise Unfit("is no decimal.", "Write it in digits, such as 4.0.", of_type=True)
    number = float(text)
    if Decimal(repr(number)) != Decimal(text):
        raise Unfit("has more digits than a table holds.", "Write at most fifteen digits.")
    return number


def _truth(text: str) -> bool:
    if text not in _TRUTH:
        raise Unfit("is neither true nor false.", "Write true or false.", of_type=True)
    return _TRUTH[text]


_READ: dict[Kind, Callable[[str], Any]] = {
    "date": _day,
    "integer": _whole,
    "decimal": _fraction,
    "boolean": _truth,
    "string": str,
}


def literal_of(value: Any, kind: Kind) -> Literal:
    """The literal of a cell.

    >>> literal_of(4.0, "decimal").value, literal_of(True, "boolean").value
    ('4.0', 'true')
    """
    if kind == "boolean":
        text = "true" if value else "false"
    elif kind == "decimal":
        text = f"{Decimal(repr(value) if isinstance(value, float) else str(value)):f}"
    else:
        text = str(value)
    return Literal(text, datatype=DATATYPES[kind])
