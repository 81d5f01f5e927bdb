"""Literals at the edges of the specification: ours right on every row, and which engines read a row otherwise.

A row is a constraint on ``:p``, the values that a node has, and whether the specification makes that a violation.
``otherwise`` names the engines that answer otherwise; those that the tests can run are run.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest
from pyoxigraph import RdfFormat, parse
from reports import literals_as_written

from reasoner.engine_columnar import ColumnarEngine
from reasoner.errors import EngineError
from reasoner.triples import Spo

PREFIXES = """
@prefix sh: <http://www.w3.org/ns/shacl#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
@prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> .
@prefix : <urn:edge:> .
"""


@dataclass(frozen=True)
class Edge:
    constraint: str
    values: str
    violation: bool
    why: str
    otherwise: tuple[str, ...] = ()

    @property
    def shapes(self) -> str:
        path = "" if self.constraint.startswith("sh:path [") else "sh:path :p ;"
        return f"{PREFIXES}:Shape a sh:NodeShape ; sh:targetNode :n ; sh:property :Property .\n" + (
            f":Property a sh:PropertyShape ; {path} {self.constraint} ."
        )

    @property
    def data(self) -> str:
        return f"{PREFIXES}:n {self.values} ."


DATE = '"^^xsd:date'
MOMENT = '"^^xsd:dateTime'
SINCE = "sh:minInclusive"
EDGES = [
    # Dates and times
    Edge(f'{SINCE} "2025-01-01{DATE}', f':p "2025-13-45{DATE}', True, "no such month", ("pyrudof",)),
    Edge("sh:datatype xsd:date", f':p "2025-13-45{DATE}', True, "no such month"),
    Edge(
        "sh:datatype xsd:date",
        f':p "2025-02-30{DATE}',
        True,
        "no such day",
        ("pyrudof", "shacl-engine", "rdf-validate-shacl"),
    ),
    Edge("sh:datatype xsd:date", f':p "2025-2-8{DATE}', True, "months have two digits", ("pyrudof",)),
    Edge("sh:datatype xsd:date", f':p "20250208{DATE}', True, "parts are joined by hyphens", ("pyrudof",)),
    Edge("sh:datatype xsd:date", f':p "2024-02-29{DATE}', False, "a leap day"),
    Edge("sh:datatype xsd:date", f':p "1900-02-29{DATE}', True, "1900 was no leap year"),
    Edge("sh:datatype xsd:date", f':p "0000-01-01{DATE}', False, "XML Schema 1.1 has a year 0", ("pyshacl",)),
    Edge("sh:datatype xsd:dateTime", f':p "2025-12-01T24:00:00{MOMENT}', False, "the next midnight", ("pyshacl",)),
    Edge("sh:datatype xsd:date", f':p "2025-12-01+14:01{DATE}', True, "time zones end at 14 hours", ("pyshacl",)),
    Edge(
        f'{SINCE} "2025-12-01{DATE}',
        f':p "2025-12-01Z{DATE}',
        True,
        "indeterminate",
        ("pyshacl", "pyrudof", "shacl-engine", "rdf-validate-shacl"),
    ),
    Edge(
        f'{SINCE} "2025-12-01{DATE}',
        f':p "2025-12-01+14:00{DATE}',
        True,
        "indeterminate",
        ("pyshacl", "pyrudof"),
    ),
    Edge(f'{SINCE} "2025-12-01{DATE}', f':p "2025-12-03Z{DATE}', False, "later in any time zone"),
    Edge(
        "sh:lessThanOrEquals :q",
        f':p "2025-12-01{DATE} ; :q "2025-12-02T00:00:00{MOMENT}',
        True,
        "a date and a dateTime are not comparable",
        ("pyshacl", "shacl-engine", "rdf-validate-shacl"),
    ),
    Edge(
        f'{SINCE} "2025-12-01{DATE}',
        f':p "2025-12-02T00:00:00{MOMENT}',
        True,
        "a date and a dateTime are not comparable",
        ("shacl-engine", "rdf-validate-shacl"),
    ),
    Edge(
        "sh:lessThanOrEquals :q",
        f':p "2025-12-01T10:00:00{MOMENT} ; :q "2025-12-01T10:00:00Z{MOMENT}',
        True,
        "indeterminate",
        ("pyshacl",),
    ),
    Edge(
        "sh:lessThanOrEquals :q",
        f':p "2025-01-01T00:00:00Z{MOMENT} ; :q "2025-03-01T00:00:00{MOMENT}',
        False,
        "in any time zone",
        ("pyshacl", "shacl-engine", "rdf-validate-shacl"),
    ),
    Edge("sh:lessThan :q", f':p "2025-01-01{DATE} ; :q "2025-02-01"', True, "a date and a string are not comparable"),
    Edge(
        f'{SINCE} "2025-01-01T00:00:00Z{MOMENT}',
        ':p "2026-01-01T00:00:00Z"^^xsd:dateTimeStamp',
        False,
        "a dateTimeStamp is a dateTime",
        ("pyshifty",),
    ),
    # Terms are compared as terms, values as values
    Edge('sh:in ( "64714" )', ':p "64714"^^xsd:string', False, "one term, written twice", ("pyshacl",)),
    Edge("sh:in ( 1 )", ':p "01"^^xsd:integer', True, "another term of the same value", ("pyshacl",)),
    Edge("sh:hasValue 1", ':p "01"^^xsd:integer', True, "another term of the same value", ("pyshacl",)),
    Edge("sh:maxCount 1", ':p "1"^^xsd:integer , "01"^^xsd:integer', True, "two terms", ("pyshacl",)),
    Edge("sh:in ( true )", ':p "1"^^xsd:boolean', True, "another term of the same value", ("pyshacl",)),
    Edge("sh:equals :q", ":p 1.0 ; :q 1", True, "a decimal and an integer are two terms"),
    Edge("sh:minInclusive 1", ':p "01"^^xsd:integer', False, "the value is 1"),
    # Numbers
    Edge("sh:datatype xsd:integer", ':p "1.0"^^xsd:integer', True, "an integer has no point"),
    Edge("sh:datatype xsd:integer", ':p "1"^^xsd:int', True, "the datatype is another, though derived"),
    Edge("sh:datatype xsd:byte", ':p "300"^^xsd:byte', True, "out of range"),
    Edge("sh:datatype xsd:decimal", ':p "1e3"^^xsd:decimal', True, "a decimal has no exponent", ("pyshacl",)),
    Edge("sh:datatype xsd:integer", ':p " 1"^^xsd:integer', True, "white space", ("pyshacl", "pyshifty")),
    Edge("sh:datatype xsd:boolean", ':p "True"^^xsd:boolean', True, "booleans are lower case"),
    Edge("sh:maxInclusive 0.1", ':p "0.1"^^xsd:double', False, "0.1 becomes a double", ("pyshacl",)),
    Edge("sh:minInclusive 0", ':p "NaN"^^xsd:double', True, "NaN is in no order"),
    Edge("sh:minInclusive 0", ':p "5"', True, "a string is no number"),
    Edge("sh:minInclusive 0", ':p "five"^^xsd:integer', True, "no number"),
    Edge("sh:maxExclusive 9007199254740993", ":p 9007199254740992", False, "integers are exact"),
    Edge("sh:minInclusive false", ":p true", False, "SPARQL orders booleans", ("pyshifty",)),
    # Strings
    Edge('sh:minInclusive "a"@en', ':p "b"@en', True, "strings with a language have no order", ("pyshacl",)),
    Edge("sh:maxLength 1", ':p "\U0001f600"', False, "characters are counted, not their bytes"),
    Edge("sh:minLength 3", ":p 100", False, "the length of the lexical form"),
    Edge("sh:minLength 1", ":p [ ]", True, "a blank node has no string"),
    Edge('sh:pattern "^a b$" ; sh:flags "ix"', ':p "AB"', False, "flag x: white space is skipped", ("pyshacl",)),
    Edge('sh:pattern "^a$"', ':p "a\\n"', True, "the end is the end of the string", ("pyshacl",)),
    Edge('sh:pattern "a.b"', ':p "a\\rb"', True, "a point is no line end", ("pyshacl", "pyshifty")),
    Edge('sh:pattern "a.b" ; sh:flags "s"', ':p "a\\nb"', False, "flag s: a point is any character", ("pyshacl",)),
    Edge('sh:pattern "^\\\\p{Lu}+$"', ':p "ÄB"', False, "letters by their category", ("pyshacl",)),
    Edge('sh:languageIn ( "de" )', ':p "a"@de-CH', False, "a variety of the language"),
    Edge('sh:languageIn ( "de" )', ':p "a"@den', True, "another language that begins alike"),
    Edge('sh:languageIn ( "EN" )', ':p "a"@en', False, "case does not matter"),
    Edge("sh:uniqueLang true", ':p "a"@en , "b"@EN', True, "case does not matter"),
    Edge("sh:datatype rdf:langString", ':p "a"@en', False, "a string with a language"),
    Edge("sh:datatype xsd:string", ':p "a"@en', True, "a string with a language is none without"),
]


def triples(text: str) -> tuple[Spo, ...]:
    return tuple((q.subject, q.predicate, q.object) for q in parse(text, RdfFormat.TURTLE))  # type: ignore[misc]


def test_name(edge: Edge) -> str:
    return f"{edge.constraint} {edge.values}"


test_name.__test__ = False  # type: ignore[attr-defined]
each_edge = pytest.mark.parametrize("edge", EDGES, ids=test_name)


@each_edge
def test_the_columnar_engine_is_right_at_the_edge(edge: Edge):
    found = ColumnarEngine().evaluate(triples(edge.data), triples(edge.shapes))
    assert bool(found) is edge.violation, edge.why


def by_pyshacl(edge: Edge) -> bool | None:
    """As a user runs it: on graphs as rdflib reads them. None where it fails."""
    from pyshacl import validate
    from rdflib import Graph

    data, shapes = (Graph().parse(data=text, format="turtle") for text in (edge.data, edge.shapes))
    try:
        conforms, report, _ = validate(data, shacl_graph=shapes, inference="none")
    except re.error:
        return None
    assert isinstance(report, Graph)
    return not conforms


def by_pyshifty(edge: Edge) -> bool:
    import shifty
    from rdflib import Graph

    with literals_as_written():
        data, shapes = (Graph().parse(data=text, format="turtle") for text in (edge.data, edge.shapes))
        conforms, _, _ = shifty.PreparedValidator(shapes).validate(data, infer=False, graph_mode="data")
    return not conforms


@each_edge
@pytest.mark.parametrize(("name", "run"), [("pyshacl", by_pyshacl), ("pyshifty", by_pyshifty)])
def test_the_table_says_which_engines_read_it_otherwise(name, run, edge: Edge):
    assert (run(edge) is not edge.violation) is (name in edge.otherwise)


@pytest.mark.parametrize(
    ("constraint", "told"),
    [
        ('sh:pattern "("', "is no regular expression"),
        ('sh:pattern "a" ; sh:flags "g"', "g is no flag"),
        ("sh:minCount 1.5", "is no whole number"),
        ("sh:nodeKind sh:Iri", "is no sh:nodeKind"),
        ("sh:in 5", "is no well-formed list"),
        ('sh:sparql [ sh:select "SELECT $this {}" ]', "has a SPARQL-based constraint (sh:sparql)"),
        ("sh:minimumCount 1", "has sh:minimumCount, which is not of SHACL Core"),
        ("sh:property [ sh:minCount 1 ]", "has no sh:path"),
        ("sh:not [ sh:minCount 1 ]", "has sh:minCount but no sh:path"),
        ("sh:node :Shape", "Recursive shapes are not supported"),
        ('sh:node "Shape"', "stands where a shape is expected"),
        (":most 3", "uses the component <urn:edge:Most>"),
        ("sh:path :q", "has several sh:path"),
        ("sh:not [ sh:path ( :p ) ; sh:minCount 1 ]", "is not well formed"),
        ("sh:not [ sh:path [ :of :p ] ; sh:minCount 1 ]", "is not well formed"),
    ],
)
def test_what_cannot_be_evaluated_is_refused_by_name(constraint, told):
    edge = Edge(constraint, ":p 1", True, "")
    component = "\n:Most a sh:ConstraintComponent ; sh:parameter [ sh:path :most ] ."
    with pytest.raises(EngineError) as raised:
        ColumnarEngine().evaluate(triples(edge.data), triples(edge.shapes + component))
    assert told in str(raised.value)
    assert "urn:edge:Property" in str(raised.value) or constraint.startswith("sh:pattern")


@pytest.mark.parametrize(
    ("shape", "told"),
    [
        (':S sh:target [ sh:select "SELECT ?this {}" ] .', "<urn:edge:S> has a SPARQL-based target (sh:target)"),
        (":S sh:targetNode :n ; sh:rule [ ] .", "<urn:edge:S> has a rule (sh:rule)"),
        (": sh:entailment <http://www.w3.org/ns/entailment/RDFS> .", "asks for the entailment"),
        (
            ":S sh:targetNode :n ; sh:not :T . :T sh:or ( :U :S ) . :U sh:minLength 1 .",
            "<urn:edge:S> → <urn:edge:T> → <urn:edge:S>",
        ),
    ],
)
def test_shapes_that_cannot_be_evaluated_are_refused_by_name(shape, told):
    with pytest.raises(EngineError) as raised:
        ColumnarEngine().evaluate(triples(f"{PREFIXES}:n :p 1 ."), triples(PREFIXES + shape))
    assert told in str(raised.value)


def test_a_class_with_constraints_is_a_shape_of_its_instances_without_being_declared_one():
    shapes = triples(PREFIXES + ":C a <http://www.w3.org/2000/01/rdf-schema#Class> ; sh:nodeKind sh:BlankNode .")
    (found,) = ColumnarEngine().evaluate(triples(f"{PREFIXES}:n a :C ."), shapes)
    assert (found.focus, found.component) == ("urn:edge:n", "NodeKindConstraintComponent")
