"""The core part of the W3C test suite of SHACL: the columnar engine gives the exact results of every test.

The suite is not part of the project. It is read from the folder that ``W3C_SHACL`` names, or from beside the checkout.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
from conftest import ROOT
from pyoxigraph import BlankNode, Literal, NamedNode, RdfFormat, parse
from reports import BLANK, Rows, columnar, pyshacl_report, report_rows, without_messages

from reasoner.errors import EngineError
from reasoner.triples import RDF_TYPE, Spo, Term, Triples
from reasoner.vocabulary import SH, Namespace

MF = Namespace("http://www.w3.org/2001/sw/DataAccess/tests/test-manifest#")
SHT = Namespace("http://www.w3.org/ns/shacl-test#")
PLACES = [Path(p) for p in [os.environ.get("W3C_SHACL", "")] if p] + [
    folder / "shared/w3c-shacl/tests/core" for folder in ROOT.parents
]
SUITE = next((p for p in PLACES if (p / "manifest.ttl").is_file()), None)
NUMBER = 98
ABSENT = "the W3C suite is not here: set W3C_SHACL to the folder data-shapes-test-suite/tests/core of w3c/data-shapes"


@dataclass(frozen=True)
class Entry:
    """One test. ``expected`` is None where a failure is expected; ``known`` are the blank nodes of its graphs."""

    name: str
    data: tuple[Spo, ...]
    shapes: tuple[Spo, ...]
    conforms: bool
    expected: Rows | None
    known: frozenset[Term]


@cache
def graph_of(path: Path) -> tuple[Spo, ...]:
    quads = parse(path.read_bytes(), RdfFormat.TURTLE, base_iri=path.as_uri())
    return tuple((q.subject, q.predicate, q.object) for q in quads)  # type: ignore[misc]


def file_of(iri: Term | None) -> Path:
    assert isinstance(iri, NamedNode)
    return Path(iri.value.removeprefix("file://"))


def entries_in(manifest: Path) -> list[Entry]:
    graph = Triples(graph_of(manifest))
    out = []
    for s, p, o in graph:
        if p == MF.include:
            out += entries_in(file_of(o))
        elif p == RDF_TYPE and o == SHT.Validate:
            out.append(entry_of(graph, s))
    return out


def entry_of(graph: Triples, node: Term) -> Entry:
    action, result = graph.one(node, MF.action), graph.one(node, MF.result)
    assert action is not None
    data, shapes = (graph_of(file_of(graph.one(action, p))) for p in (SHT.dataGraph, SHT.shapesGraph))
    known = frozenset(t for triple in (*data, *shapes) for t in triple if isinstance(t, BlankNode))
    name = f"{file_of(node).parent.name}/{str(node)[1:-1].rsplit('/', 1)[-1]}"
    if result == SHT.Failure or result is None:
        return Entry(name, data, shapes, False, None, known)
    only = Triples(
        (s, p, o) for s, p, o in graph if p != SH.result or s == result
    )  # a file that holds other reports as its data
    return Entry(name, data, shapes, graph.text(result, SH.conforms) == "true", report_rows(only, known), known)


ENTRIES = entries_in(SUITE / "manifest.ttl") if SUITE else []


def named(entry: Entry | None) -> str:
    return entry.name if entry else "absent"


def messages_agree(found: Rows, expected: Rows) -> bool:
    """Every message that the suite expects is there; it expects them only in some tests."""
    wanted = {row[6] for row in expected if row[6]}
    return not wanted or wanted <= {row[6] for row in found}


@pytest.mark.parametrize("entry", ENTRIES or [None], ids=named)
def test_the_columnar_engine_gives_the_results_of_the_suite(entry):
    if entry is None:
        pytest.skip(ABSENT)
    if entry.expected is None:
        with pytest.raises(EngineError):
            columnar(entry.data, entry.shapes)
        return
    found = columnar(entry.data, entry.shapes, entry.known)
    assert without_messages(found) == without_messages(entry.expected)
    assert entry.conforms is (not found)
    assert messages_agree(found, entry.expected)


def loosened(rows: Rows) -> Rows:
    """Rows in which all blank nodes equal each other, for engines that rename them in their reports."""
    out: Rows = type(rows)()
    for row, number in without_messages(rows).items():
        cells = tuple(BLANK if cell.startswith("_:") else cell for cell in row[:6])
        out[(*cells, ())] += number  # type: ignore[index]
    return out


def pyshacl_agrees(entry: Entry) -> bool:
    if entry.expected is None:
        return False
    report = pyshacl_report(entry.data, entry.shapes)
    conforms = any(p == SH.conforms and isinstance(o, Literal) and o.value == "true" for _, p, o in report)
    return conforms is entry.conforms and loosened(report_rows(report)) == loosened(entry.expected)


def test_pyshacl_for_comparison_fails_one_test_of_the_suite():
    if not ENTRIES:
        pytest.skip(ABSENT)
    failed = [entry.name for entry in ENTRIES if not pyshacl_agrees(entry)]
    assert failed == ["property/uniqueLang-002"]  # "1"^^xsd:boolean is not the term true


def test_the_suite_is_whole():
    if not ENTRIES:
        pytest.skip(ABSENT)
    assert len(ENTRIES) == NUMBER
    assert len({entry.name for entry in ENTRIES}) == NUMBER
    assert sum(entry.expected.total() for entry in ENTRIES if entry.expected) > NUMBER
