"""RDF requests as rows and back: nothing is lost, and what does not fit is refused with its cure."""

from __future__ import annotations

from datetime import date
from urllib.parse import quote

import pytest
from conftest import CASES
from pyoxigraph import Literal, NamedNode, RdfFormat, parse, serialize
from pyoxigraph import Triple as RdfTriple

from reasoner import review
from reasoner.errors import TableError, UnknownTerm
from reasoner.intake import read
from reasoner.knowledge import load
from reasoner.reading import read_triples
from reasoner.resources import template_file
from reasoner.tables.chunks import Reading
from reasoner.tables.rdf_input import request_rows
from reasoner.tables.rdf_rows import row_of, row_of_record, triples_of
from reasoner.tables.schema import nested_schema, schema_of
from reasoner.tables.sources import nested_chunks
from reasoner.triples import Triples
from reasoner.vocabulary import COV

pa = pytest.importorskip("pyarrow")
FILES = [*sorted(CASES.glob("*/request.*")), template_file("request.ttl")]
K = load()


def request_iri(identifier: str) -> NamedNode:
    return NamedNode(f"https://example.org/pa/{quote(identifier, safe='')}#request")


def row(file):
    (record,) = read(file, as_of=date(2026, 6, 1))
    found = row_of_record(record, K)
    assert found.faults == ()
    return found.row, record


@pytest.mark.parametrize("file", FILES, ids=lambda p: p.parent.name + p.suffix)
def test_a_case_goes_to_a_row_and_back_and_keeps_every_statement(file):
    first, record = row(file)
    triples = triples_of(first, K)
    again = row_of(Triples(triples), request_iri(first["identifier"]), K)
    assert again.row == first
    assert len(triples) == len(record.triples)
    said, kept = (sorted(p.value for _, p, _ in t) for t in (record.triples, triples))
    assert said == kept


@pytest.mark.parametrize("name", ["complete-record", "decompression-complete-record", "two-lines-on-one-request"])
def test_a_row_reviews_as_its_case_does(name, tmp_path):
    first, _ = row(CASES / name / "request.ttl")
    file = tmp_path / "row.nt"
    file.write_bytes(serialize([RdfTriple(*t) for t in triples_of(first, K)], format=RdfFormat.N_TRIPLES))
    (own,), (other,) = (review(f, as_of=date(2026, 6, 1)) for f in (CASES / name / "request.ttl", file))
    seen = [
        [(line.sequence, line.recommendation, [(c.id, c.status) for c in line.criteria]) for line in r.lines]
        for r in (own, other)
    ]
    assert seen[0] == seen[1]
    assert seen[0]


def test_rows_make_an_arrow_table_of_the_nested_schema():
    rows = [row(f)[0] for f in FILES[:20]]
    table = pa.Table.from_pylist(rows, schema=nested_schema(schema_of(K)))
    assert table.to_pylist() == rows


# ---- What does not fit ----

HEAD = """
@prefix : <https://example.org/pa/x#> . @prefix anat: <https://w3id.org/plexus/anatomy#> .
@prefix clin: <https://w3id.org/plexus/clinical#> . @prefix cov: <https://w3id.org/plexus/coverage#> .
@prefix dcterms: <http://purl.org/dc/terms/> . @prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
:request a cov:Request ; dcterms:identifier "X" ; cov:receivedOn "2026-02-10"^^xsd:date ; cov:line :l .
:l a cov:Line ; cov:sequence 1 ; cov:procedureCode "64714" ; cov:indication :c .
:c a clin:Condition ; clin:kind clin:LumbarPlexusEntrapment .
"""
UNFIT = {
    ":request cov:receivedOn '2026-02-11'^^xsd:date .": "Exactly one cov:receivedOn",
    ":l clin:side clin:Left , clin:Right .": "State one side",
    ":c a clin:Symptom .": "of several classes: clin:Condition, clin:Symptom",
    ":c cov:sequence 1 .": "cov:sequence is no property of a clin:Condition",
    ":c cov:unheardOf 1 .": "cov:unheardOf is no property",
    ":l cov:units '2' .": "Write the units as one whole number",
    ":l cov:units 2.0 .": "Write the units as one whole number",
    ":l cov:serviceDate '2026-02-30'^^xsd:date .": "is no day of the calendar",
    ":l cov:serviceDate '2026-02-20Z'^^xsd:date .": "has a time zone",
    ":l cov:serviceDate '2026-02-20T10:00:00'^^xsd:dateTime .": "At most one cov:serviceDate that is a date",
    ":d a cov:Document ; dcterms:title 'Note'@en .": "needs one title",
    ":x clin:presence clin:Present .": "it is of no class",
    ":x a clin:Present .": "clin:Present is no class of a record",
    ":s a clin:Symptom ; clin:attributedTo :nobody ; cov:about :c .": "A cause is a finding or a condition",
    ":s a clin:Symptom ; cov:about :l .": "is about nothing",
    ":s a clin:Sign ; cov:about :c ; clin:strengthGrade 4.00000000000000000001 .": "more digits than a table holds",
    ":m a cov:Line ; cov:sequence 2 ; cov:procedureCode '64714' ; cov:indication :c .": "belongs to no request",
    ":t a clin:Study ; clin:hasFinding :f . :u a clin:Study ; clin:hasFinding :f . :f a clin:Finding .": "to several",
    ":t a clin:Study ; clin:hasFinding :c .": "names what is no clin:Finding",
    ":c clin:cause 'a fall' .": "clin:cause takes a term of plexus",
}


def found_in(extra: str):
    triples = Triples(read_triples((HEAD + extra).encode(), name="x.ttl").triples)
    return row_of(triples, triples.instances(COV.Request)[0], K)


def test_the_plain_record_fits():
    assert found_in("").faults == ()
    assert found_in("").lines == 1


@pytest.mark.parametrize("extra", UNFIT)
def test_what_does_not_fit_into_a_table_is_a_fault_and_no_row(extra):
    found = found_in(extra)
    assert found.row is None
    assert found.lines == 1
    assert any(UNFIT[extra] in f"{fault.what} {fault.cure}" for fault in found.faults), found.faults


def test_other_vocabularies_are_seen_and_noted():
    found = found_in("@prefix ex: <http://example.com/> . :c ex:colour 'red' ; a ex:Thing .")
    assert found.faults == ()
    assert found.notes == (
        "<http://example.com/Thing> was seen and not used.",
        "<http://example.com/colour> was seen and not used.",
    )


def test_a_request_without_an_identifier_has_no_row():
    text = HEAD.replace('dcterms:identifier "X" ;', "")
    triples = Triples(read_triples(text.encode(), name="x.ttl").triples)
    found = row_of(triples, triples.instances(COV.Request)[0], K)
    assert found.row is None
    assert "needs one identifier" in found.faults[0].what


# ---- Rows to RDF ----

PLAIN = {
    "identifier": "A/1 ü",
    "lines": [{"id": None, "sequence": 1, "procedureCode": "64714", "indication": "1", "side": "Left"}],
    "conditions": [{"id": "1", "kind": "clin:LumbarPlexusEntrapment"}],
}


def test_a_row_names_its_nodes_by_identifier_key_and_position():
    nodes = {s.value for s, _, _ in triples_of(PLAIN, K)}
    base = "https://example.org/pa/A%2F1%20%C3%BC#"
    assert nodes == {base + "request", base + "lines-1", base + "1"}


def test_one_key_in_two_tables_is_two_nodes_and_a_reference_to_either_must_say_which():
    symptom = {"id": "1", "kind": "Pain", "about": "1", "attributedTo": "conditions/1"}
    triples = Triples(triples_of({**PLAIN, "symptoms": [symptom]}, K))
    nodes = {s.value.rpartition("#")[2] for s, _, _ in triples}
    assert {"conditions%2F1", "symptoms%2F1"} <= nodes
    with pytest.raises(TableError, match="names rows of 2 tables"):
        triples_of({**PLAIN, "symptoms": [{**symptom, "attributedTo": "1"}]}, K)
    with pytest.raises(TableError, match="names no row"):
        triples_of({**PLAIN, "symptoms": [{**symptom, "attributedTo": "7"}]}, K)


def test_a_name_of_several_terms_is_not_guessed():
    ambiguous = {**PLAIN, "studies": [{"id": "s", "reportStatus": "Ordered", "region": ["ordered only"]}]}
    with pytest.raises(UnknownTerm, match=r"clin:Ordered, clin:OrderedOnly"):
        triples_of(ambiguous, K)


def test_literals_are_typed():
    row_ = {**PLAIN, "signs": [{"id": "s", "about": ["1"], "strengthGrade": 4.0, "date": date(2026, 1, 2)}]}
    literals = [o for _, _, o in triples_of(row_, K) if isinstance(o, Literal)]
    literals = {(o.datatype.value.rpartition("#")[2], o.value) for o in literals}
    assert {("decimal", "4.0"), ("date", "2026-01-02"), ("integer", "1"), ("string", "64714")} <= literals


# ---- Files and folders ----


def test_a_folder_gives_a_row_a_request_and_rejects_what_it_cannot_read(tmp_path):
    (tmp_path / "a.ttl").write_text(HEAD, encoding="utf-8")
    (tmp_path / "b.ttl").write_text(HEAD.replace('"X"', '"Y"') + ":l cov:units 'many' .", encoding="utf-8")
    (tmp_path / "c.ttl").write_text("this is no Turtle", encoding="utf-8")
    (tmp_path / "d.ttl").write_text("<urn:a> <urn:b> <urn:c> .", encoding="utf-8")
    (tmp_path / "e.ttl").write_text(HEAD, encoding="utf-8")
    (chunk,) = nested_chunks([tmp_path], Reading(K))
    assert chunk.table.column("identifier").to_pylist() == ["X"]
    assert [(r.request, r.source, r.lines) for r in chunk.rejected] == [
        ("Y", "b.ttl", 1),
        (None, "c.ttl", 0),
        (None, "d.ttl", 0),
        ("X", "e.ttl", 1),
    ]
    assert "a.ttl has a request of the same identifier" in chunk.rejected[-1].fault


def test_many_requests_in_one_file_of_triples_are_taken_apart(tmp_path):
    first, second = (row(CASES / n / "request.ttl")[0] for n in ("complete-record", "nothing-documented"))
    triples = [RdfTriple(*t) for r in (first, second) for t in triples_of(r, K)]
    file = tmp_path / "all.nt"
    file.write_bytes(serialize(triples, format=RdfFormat.N_TRIPLES))
    assert len(list(parse(path=file, format=RdfFormat.N_TRIPLES))) == len(triples)
    found = [r.row for _, r in request_rows(file, Reading(K))]
    assert [r["identifier"] for r in found] == [first["identifier"], second["identifier"]]
    assert found[0]["judgements"] == first["judgements"]


def test_broken_triples_say_where(tmp_path):
    (tmp_path / "x.nt").write_text("<urn:a> <urn:b> <urn:c> .\nnonsense\n", encoding="utf-8")
    (chunk,) = nested_chunks([tmp_path / "x.nt"], Reading(K))
    assert chunk.rejected[0].where.startswith("x.nt")
    assert "not N-Triples" in chunk.rejected[0].fault
    assert "nonsense" not in str(chunk.rejected)
