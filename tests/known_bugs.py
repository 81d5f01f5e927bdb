"""Where other SHACL engines depart from the specification: each bug with a minimal example and what it touches.

What a bug touches is left out where engines are compared on random graphs; everything else must agree.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import product

from pyoxigraph import BlankNode, Literal, NamedNode
from reports import path_text
from shape_graphs import Drawn

from reasoner.columnar.literals import well_formed
from reasoner.columnar.order import ordered, value_of
from reasoner.triples import RDF_TYPE, Term
from reasoner.vocabulary import SH, XSD

BOUNDS = {SH[n] for n in ("minInclusive", "minExclusive", "maxInclusive", "maxExclusive")}
PAIRS = {SH.lessThan, SH.lessThanOrEquals}
Touched = Callable[[Drawn, Term, NamedNode, Term], bool]
"""Whether a bug may show in a graph by one constraint: shape, parameter and its value."""


@dataclass(frozen=True)
class Bug:
    """``example`` is a constraint and the values of a node on which the engine departs from the specification."""

    name: str
    engine: str
    example: tuple[str, str]
    why: str
    touched: Touched

    def removed_from(self, drawn: Drawn) -> Drawn:
        """The graphs without the constraints by which the bug may show."""
        kept = tuple(t for t in drawn.shapes if not self.touched(drawn, *t))
        return Drawn(drawn.data, kept)


def comparable(a: Term, b: Term) -> bool:
    return ordered(value_of(a), value_of(b)) is not None


def bound_beyond_order(drawn: Drawn, _: Term, prop: NamedNode, limit: Term) -> bool:
    return prop in BOUNDS and not all(comparable(v, limit) for v in drawn.values)


def pair_beyond_order(drawn: Drawn, shape: Term, prop: NamedNode, other: Term) -> bool:
    if prop not in PAIRS or not isinstance(other, NamedNode):
        return False
    data, path = drawn.said, drawn.asked.one(shape, SH.path)
    for subject in {s for s, _, _ in drawn.data}:
        if isinstance(path, NamedNode):
            values = data.objects(subject, path)
        else:
            values = [t for s, _, o in drawn.data for t in (s, o)]
        others = data.objects(subject, other)
        if not all(comparable(v, o) for v, o in product(values, others)):
            return True
        if any(isinstance(t, BlankNode) for t in (*values, *others)):
            return True  # where it stops, though there is nothing to compare with
    return False


def no_length(_: Drawn, __: Term, prop: NamedNode, value: Term) -> bool:
    return prop == SH.minLength and value.value == "0"


def ill_formed_numbers(drawn: Drawn, _: Term, prop: NamedNode, __: Term) -> bool:
    return prop in BOUNDS | PAIRS and not all(well_formed(v.value, v.datatype.value) for v in drawn.values)


def booleans(drawn: Drawn, _: Term, prop: NamedNode, value: Term) -> bool:
    if prop in PAIRS:
        return any(v.datatype == XSD.boolean for v in drawn.values)
    return prop in BOUNDS and isinstance(value, Literal) and value.datatype == XSD.boolean


def inverse_of_a_sequence(drawn: Drawn, shape: Term, prop: NamedNode, _: Term) -> bool:
    path = drawn.asked.one(shape, SH.path)
    return prop not in (RDF_TYPE, SH.path) and "/" in below_inverse(path_text(drawn.asked, path))


def below_inverse(path: str) -> str:
    """What a path written as text has from its first inverse on, without the names of properties."""
    return re.sub("<[^>]*>", "", path[path.find("inversePath") :]) if "inversePath" in path else ""


def never(_: Drawn, __: Term, ___: NamedNode, ____: Term) -> bool:
    return False


BUGS = [
    Bug(
        "orders literals that SPARQL does not order",
        "pyshacl",
        ('sh:minExclusive "2025-01-01"^^xsd:date', ':p "7"^^xsd:int'),
        "4.3.1: a violation where the comparison is not true, which includes that it is an error",
        bound_beyond_order,
    ),
    Bug(
        "orders NaN",
        "pyshacl",
        ("sh:maxExclusive 1.5E0", ':p "NaN"^^xsd:double'),
        "NaN is less than no number",
        bound_beyond_order,
    ),
    Bug(
        "orders IRIs",
        "pyshacl",
        ("sh:lessThan :q", ":p :a ; :q :b"),
        "4.5.3: a violation where the comparison is not true; SPARQL orders no IRIs",
        pair_beyond_order,
    ),
    Bug(
        "orders values of different kinds of a pair of properties",
        "pyshacl",
        ("sh:lessThanOrEquals :q", ':p "2025-12-01"^^xsd:date ; :q "2025-12-02T00:00:00"^^xsd:dateTime'),
        "4.5.4: a violation where the comparison is not true",
        pair_beyond_order,
    ),
    Bug(
        "stops at a blank node that is to be compared",
        "pyshacl",
        ("sh:lessThan :q", ":p [ ] ; :q 1"),
        "4.5.3: a violation where the values cannot be compared",
        pair_beyond_order,
    ),
    Bug(
        "lets a blank node have the length 0",
        "pyshacl",
        ("sh:minLength 0", ":p [ ]"),
        "4.4.1: every blank node is a violation",
        no_length,
    ),
    Bug(
        "follows the inverse of a sequence from the wrong end",
        "pyshacl",
        ("sh:path [ sh:inversePath ( :p :q ) ] ; sh:maxCount 0", "a :T . :a :p :b . :b :q :n"),
        "2.3.1.4: the inverse leads from the end of the sequence to its beginning",
        inverse_of_a_sequence,
    ),
    Bug(
        "orders ill-formed numbers",
        "pyshifty",
        ("sh:minInclusive 1", ':p "300"^^xsd:byte'),
        "an ill-formed literal has no value, so the comparison is an error",
        ill_formed_numbers,
    ),
    Bug(
        "does not order booleans",
        "pyshifty",
        ("sh:minInclusive false", ":p true"),
        "SPARQL 1.1, 17.3: booleans are ordered, false before true",
        booleans,
    ),
    Bug(
        "does not write the path of a result that is no IRI",
        "pyshifty",
        ("sh:property [ sh:path [ sh:inversePath :q ] ; sh:minCount 1 ]", ":p :a"),
        "3.6.2.2: sh:resultPath is equivalent to the path of the shape",
        never,
    ),
]
