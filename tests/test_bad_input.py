"""Whatever a stranger sends: a clear error or a correct review, no stack trace, no connection, no hang."""

from __future__ import annotations

import json
import socket
from datetime import date

import pytest
from click.testing import CliRunner
from conftest import CASES

from reasoner import RequestError, review
from reasoner.cli import main
from reasoner.reading import MAX_BYTES

DAY = date(2026, 3, 1)
GOOD = (CASES / "complete-record/request.ttl").read_text(encoding="utf-8")
JSONLD = json.loads((CASES / "complete-record/request.jsonld").read_text(encoding="utf-8"))


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError("a connection was opened")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


def fault(data: str | bytes, **options) -> str:
    raw = data.encode() if isinstance(data, str) else data
    with pytest.raises(RequestError) as caught:
        review(raw, as_of=DAY, **options)
    text = str(caught.value)
    assert "Traceback" not in text
    assert len(text) < 5000
    return text


def lines(data: str | bytes, **options):
    raw = data.encode() if isinstance(data, str) else data
    return [line for r in review(raw, as_of=DAY, **options) for line in r.lines]


def test_empty():
    assert "it is empty" in fault("")
    assert "it is empty" in fault(" \n ")


def test_wrong_syntax_shows_line_and_column():
    assert "input:2:" in fault("@prefix x: <urn:x#> .\nx:a x:b ;; .\nx:")
    assert "input:3:" in fault('{\n "@graph": [\n oops ]}', format="jsonld")


def test_binary():
    assert "byte 0" in fault(b"\xff\xd8\xff\xe0" * 100)
    assert "binary" in fault(b"abc\0def")


def test_two_hundred_megabytes_are_refused_before_they_are_read(tmp_path):
    large = tmp_path / "large.ttl"
    with large.open("wb") as file:
        file.truncate(200 * 1024 * 1024)
    assert large.stat().st_size > MAX_BYTES
    with pytest.raises(RequestError, match="larger than 64 MiB"):
        review(large, as_of=DAY)


def test_missing_file_and_folder():
    with pytest.raises(RequestError, match="cannot be read"):
        review("no-such-file.ttl", as_of=DAY)


LAUGHS = """<?xml version="1.0"?>
<!DOCTYPE rdf [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="urn:x">&c;</rdf:Description></rdf:RDF>
"""


def test_billion_laughs_and_external_entities_are_refused():
    assert "document type" in fault(LAUGHS)
    external = '<?xml version="1.0"?><!DOCTYPE x SYSTEM "http://127.0.0.1/x.dtd"><x/>'
    assert "document type" in fault(external, format="rdfxml")


def test_rdfxml_without_a_document_type_is_read():
    xml = '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"/>'
    assert "no node is a cov:Request" in fault(xml)


@pytest.mark.parametrize(
    "context",
    [
        "http://127.0.0.1/context.jsonld",
        ["https://w3id.org/plexus/context.jsonld", "https://example.org/more"],
        {"@import": "https://example.org/x"},
    ],
)
def test_a_remote_context_is_refused_by_name(context):
    text = fault(json.dumps({**JSONLD, "@context": context}), format="jsonld")
    assert "not fetched" in text


def test_the_shipped_context_is_resolved_from_the_package():
    assert lines(json.dumps(JSONLD), format="jsonld")[0].recommendation == "approve"


def test_owl_imports_are_not_followed():
    more = "\n<urn:x> <http://www.w3.org/2002/07/owl#imports> <http://127.0.0.1/evil> .\n"
    (line,) = lines(GOOD + more)
    assert line.recommendation == "approve"
    assert any("owl:imports" in note for note in line.notes)


def test_two_requests_in_one_file_are_both_reviewed():
    other = (CASES / "injection-undocumented/request.ttl").read_text(encoding="utf-8")
    found = review((GOOD + other).encode(), as_of=DAY)
    assert [r.lines[0].recommendation.value for r in found] in (["approve", "pend"], ["pend", "approve"])
    alone = {review(t.encode(), as_of=DAY)[0].digests.request for t in (GOOD, other)}
    assert {r.digests.request for r in found} == alone


def test_a_node_of_no_request_is_named():
    other = (CASES / "injection-undocumented/request.ttl").read_text(encoding="utf-8")
    stray = "\n<urn:stray> a <https://w3id.org/plexus/clinical#Symptom> .\n"
    found = review((GOOD + other + stray).encode(), as_of=DAY)
    assert all(any("urn:stray" in n for n in r.lines[0].notes) for r in found)


def test_no_request():
    assert "no node is a cov:Request" in fault("<urn:a> <urn:b> <urn:c> .")


def test_statements_about_plexus_terms_are_refused_even_where_cyclic():
    cycle = (
        "\n<https://w3id.org/plexus/anatomy#FemoralNerve> <https://w3id.org/plexus/anatomy#partOf> "
        "<https://w3id.org/plexus/anatomy#LumbarPlexus> .\n<https://w3id.org/plexus/anatomy#LumbarPlexus> "
        "<https://w3id.org/plexus/anatomy#partOf> <https://w3id.org/plexus/anatomy#FemoralNerve> .\n"
    )
    assert "own terms" in fault(GOOD + cycle)


def test_an_unknown_site_is_refused_and_never_taken_for_elsewhere():
    moved = GOOD.replace("anat:LumbarPlexusWithinPsoas", "<urn:a>")
    text = fault(moved + "\n<urn:a> <urn:partOf> <urn:b> .\n<urn:b> <urn:partOf> <urn:a> .\n")
    assert "<urn:a> is no term of plexus" in text


def test_symmetric_blank_nodes_are_refused_and_a_few_are_fine():
    many = "".join(f"\n[] <urn:knows> [ <urn:knows> [] ] . # {i}" for i in range(12))
    assert "cannot be told apart" in fault(GOOD + many)
    few = "\n[] <urn:note> 'one' .\n[] <urn:note> 'two' .\n"
    assert lines(GOOD + few)[0].recommendation == "approve"


def test_a_ring_of_blank_nodes_does_not_hang():
    ring = "".join(f"\n_:r{i} <urn:next> _:r{(i + 1) % 30} ." for i in range(30))
    assert "cannot be told apart" in fault(GOOD + ring)


def test_iris_with_spaces():
    assert "input:" in fault(GOOD.replace(":request a", "<urn:my request> a", 1))


def test_a_megabyte_of_text_does_not_reach_the_output():
    long = "x" * 1_000_000
    (only,) = review(GOOD.replace("MRI report, lumbosacral plexus", long).encode(), as_of=DAY)
    from reasoner.render import as_json, text

    assert only.lines[0].recommendation == "approve"
    assert len(text.render(only)) < 50_000
    assert len(as_json.to_json([only])) < 100_000


def test_dates_without_zone_with_zone_and_impossible_ones():
    assert lines(GOOD.replace('"2026-01-12"^^xsd:date', '"2026-01-12Z"^^xsd:date'))[0].recommendation == "approve"
    assert "no day of the calendar" in fault(GOOD.replace("2026-01-12", "2026-02-30"))
    assert "date" in fault(GOOD.replace('cov:receivedOn "2026-02-10"^^xsd:date', 'cov:receivedOn "10 Feb 2026"'))


def test_future_dates_are_refused():
    assert "after the as-of date" in fault(GOOD.replace("2026-01-20", "2026-03-02"))


def test_a_blank_node_request_gets_a_stable_name():
    blank = GOOD.replace(":request a", "[] a", 1)
    first, second = (review(blank.encode(), as_of=DAY)[0] for _ in range(2))
    assert first.request.startswith("urn:plexus:node:")
    assert first == second
    assert first.lines[0].recommendation == "approve"


def test_relative_iris_do_not_tell_of_this_machine():
    (only,) = review(GOOD.replace("https://example.org/pa/complete-record#", "#").encode(), as_of=DAY)
    assert only.request == "urn:plexus:input#request"


FAULTS = [
    ("an unknown term names the nearest one", "clin:MRI", "clin:MRI_", "Did you mean clin:MRI?"),
    ("an unknown property names the nearest one", "clin:territory ", "clin:teritory ", "Did you mean clin:territory?"),
    ("no identifier", "    dcterms:identifier", "    dcterms:description", "one identifier"),
    ("no indication", "    cov:indication :condition", "    cov:accompanies :line1", "exactly one indication"),
    ("no presence", "    clin:presence clin:Present ;\n    clin:site", "    clin:site", "clin:Present or clin:Absent"),
    (
        "two service dates",
        'cov:serviceDate "2026-03-20"^^xsd:date',
        'cov:serviceDate "2026-03-20"^^xsd:date , "2026-03-21"^^xsd:date',
        "serviceDate",
    ),
    (
        "a trial that ends before it starts",
        'clin:endDate "2025-11-28"',
        'clin:endDate "2025-08-28"',
        "starts after it ends",
    ),
    ("an order with findings", "clin:FinalReport", "clin:Ordered", "only ordered and still has findings"),
    ("a line number that is no number", "cov:sequence 1", 'cov:sequence "one"', "whole number"),
    (
        "evidence about nothing",
        "    cov:about :condition ;\n    cov:documentedIn :neurology-note",
        "    cov:documentedIn :neurology-note",
        "about nothing",
    ),
]


@pytest.mark.parametrize(("title", "old", "new", "expected"), FAULTS, ids=[f[0] for f in FAULTS])
def test_faults_name_node_and_cure(title, old, new, expected):
    assert old in GOOD, title
    assert expected in fault(GOOD.replace(old, new, 1))


def test_all_faults_are_listed_at_once():
    text = fault(GOOD.replace("clin:MRI ", "clin:MRX ", 1).replace("cov:sequence 1", "cov:sequence 0"))
    assert "clin:MRX" in text
    assert "whole number" in text


def test_foreign_terms_are_seen_and_not_used():
    (line,) = lines(GOOD + "\n<urn:x> <https://schema.org/name> 'somebody' .\n")
    assert any("schema.org/name" in n for n in line.notes)
    assert "somebody" not in " ".join(line.notes)


def test_missing_service_date_falls_back_and_says_so():
    (line,) = lines(GOOD.replace('    cov:serviceDate "2026-03-20"^^xsd:date ;\n', ""))
    assert any("no service date" in n for n in line.notes)


def test_command_line_gives_no_stack_trace(tmp_path):
    for name, data in (
        ("empty.ttl", b""),
        ("noise.ttl", b"\x00\x01\x02"),
        ("bad.jsonld", b"{"),
        ("x.rdf", LAUGHS.encode()),
    ):
        path = tmp_path / name
        path.write_bytes(data)
        result = CliRunner().invoke(main, ["review", str(path)])
        assert result.exit_code == 1
        assert "Traceback" not in result.stderr
        assert name in result.stderr


def test_a_json_number_with_a_fraction_is_a_decimal():
    text = (CASES / "rich-record/request.jsonld").read_text(encoding="utf-8")
    assert '"strengthGrade": "4.0"' in text
    from reasoner.reading import read_triples

    as_number = read_triples(text.replace('"strengthGrade": "4.0"', '"strengthGrade": 3.5').encode(), format="jsonld")
    values = {o.value for _, p, o in as_number.triples if p.value.endswith("strengthGrade")}
    assert "3.5" in values and not any("E" in v for v in values)


@pytest.mark.parametrize(
    "statement",
    [
        ":mri-finding cov:settledFor p0587:DocumentedCompression .",
        ":mri-finding cov:supersededBy :pain .",
        ":therapy cov:durationInDays 400 .",
        ":therapy cov:daysBeforeService 3 .",
        ":line1 a cov:OtherLine .",
    ],
)
def test_what_is_derived_from_a_record_cannot_be_stated_in_it(statement):
    assert "is derived from the record and cannot be stated. Remove the statement." in fault(f"{GOOD}\n{statement}")
