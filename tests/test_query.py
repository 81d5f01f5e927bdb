"""plexus query: what may be asked, in which forms the answer comes, and what is refused."""

from __future__ import annotations

import csv
import io
import json
import xml.etree.ElementTree as ET

import pytest
from click.testing import CliRunner
from conftest import ROOT
from pyoxigraph import BlankNode

from reasoner.cli import main
from reasoner.cli.output import write
from reasoner.dataset import asserter, knowledge_graphs, merged, without_project_claims
from reasoner.errors import QueryError
from reasoner.query import find
from reasoner.triples import RDF_TYPE
from reasoner.vocabulary import BASE, COV, SKOS

STATEMENTS = "SELECT ?s ?label WHERE { ?s a cov:CoverageStatement ; rdfs:label ?label } ORDER BY ?s"


def invoke(*args: str, **options):
    return CliRunner().invoke(main, ["query", *args], prog_name="plexus", **options)


def test_a_query_with_known_prefixes_as_a_table():
    done = invoke(STATEMENTS)
    assert done.exit_code == 0, done.stderr
    assert done.stdout.splitlines() == [
        "s                            label",
        "p0587:NecessaryStatement     necessary when the criteria are met",
        "p0587:NotNecessaryStatement  not necessary for other indications",
        "pcmm608:NecessaryStatement   necessary when everything asked for holds",
        "3 rows",
    ]


def test_the_w3c_forms_say_the_same():
    labels = [
        "necessary when the criteria are met",
        "not necessary for other indications",
        "necessary when everything asked for holds",
    ]
    rows = list(csv.DictReader(io.StringIO(invoke(STATEMENTS, "--format", "csv").stdout)))
    assert [r["label"] for r in rows] == labels
    found = json.loads(invoke(STATEMENTS, "--format", "json").stdout)["results"]["bindings"]
    assert [r["label"]["value"] for r in found] == labels
    tree = ET.fromstring(invoke(STATEMENTS, "--format", "xml").stdout)
    assert [e.text for e in tree.iter("{http://www.w3.org/2005/sparql-results#}literal")] == labels
    assert all(f'"{label}"@en' in invoke(STATEMENTS, "--format", "tsv").stdout for label in labels)


def test_ask_and_construct():
    assert invoke("ASK { ?s a cov:Policy }").stdout == "yes\n"
    assert invoke("ASK { ?s a cov:Nonsense }").stdout == "no\n"
    assert invoke("ASK { ?s a cov:Policy }", "--format", "csv").stdout == "true\n"
    made = invoke("CONSTRUCT { ?s rdfs:label ?l } WHERE { ?s a cov:Edition ; rdfs:label ?l }", "--format", "ttl")
    assert "p0587:edition-2025-12-01 rdfs:label" in made.stdout


@pytest.mark.parametrize("form", ["csv", "json"])
def test_a_graph_has_no_rows_and_rows_are_no_graph(form):
    done = invoke("CONSTRUCT WHERE { ?s a cov:Policy }", "--format", form)
    assert done.exit_code == 1 and "Turtle" in done.stderr
    done = invoke(STATEMENTS, "--format", "ttl")
    assert done.exit_code == 1 and "Turtle" in done.stderr


def test_every_file_is_a_named_graph():
    done = invoke("SELECT DISTINCT ?g { GRAPH ?g { ?s a cov:LeafCriterion } }", "--format", "csv")
    assert sorted(done.stdout.split()) == ["g", *(f"https://w3id.org/plexus/policy/{n}" for n in ("0587", "cmm-608"))]


def test_an_answer_is_cut_after_the_limit_and_says_so():
    done = invoke("SELECT ?s { ?s a cov:Clause }", "--rows", "5", "--format", "csv")
    assert done.exit_code == 3
    assert len(done.stdout.split()) == 6 and "cut after 5 rows" in done.stderr


def test_syntax_errors_and_unknown_names_are_told_in_a_sentence():
    done = invoke("SELECT ?x WHERE { ?x ")
    assert done.exit_code == 1 and "not a SPARQL query" in done.stderr and "Traceback" not in done.stderr
    done = invoke("recomendations")
    assert done.exit_code == 1 and "Nearest: recommendations" in done.stderr
    assert invoke().exit_code == 2


def test_a_file_and_standard_input(tmp_path):
    file = tmp_path / "mine.rq"
    file.write_text(f"# Which statements?\n{STATEMENTS}", encoding="utf-8")
    assert invoke(str(file)).stdout == invoke("-", input=STATEMENTS).stdout == invoke(STATEMENTS).stdout
    (tmp_path / "latin.rq").write_bytes(b"\xff\xfe")
    assert invoke(str(tmp_path / "latin.rq")).exit_code == 1


def test_data_is_a_graph_of_its_own():
    path = str(ROOT / "cases/complete-record/request.ttl")
    query = "SELECT ?g ?code { GRAPH ?g { ?line a cov:Line ; cov:procedureCode ?code } }"
    (row,) = csv.DictReader(io.StringIO(invoke(query, "--data", path, "--format", "csv").stdout))
    assert row["code"] == "64714" and row["g"].endswith("/complete-record/request.ttl")
    assert invoke(query, "--format", "csv").stdout.split() == ["g,code"]


def test_requests_can_be_reviewed_on_the_way():
    done = invoke("recommendations", "--review", str(ROOT / "cases/nothing-documented"), "--as-of", "2026-11-23")
    assert done.exit_code == 0, done.stderr
    assert "pend" in done.stdout


def test_reviews_written_as_turtle_load_beside_the_graph(tmp_path):
    out = tmp_path / "review.ttl"
    request = str(ROOT / "cases/nothing-documented")
    CliRunner().invoke(main, ["review", request, "--as-of", "2026-11-23", "--format", "ttl", "-o", str(out)])
    assert "documented compression" not in out.read_text(encoding="utf-8").split("cov:reason ")[0]
    done = invoke("why-pended", "--data", str(tmp_path), "--format", "csv")
    assert "compression,document,1" in done.stdout


def test_a_question_about_reviews_without_reviews_says_what_is_missing():
    done = invoke("recommendations")
    assert done.exit_code == 0 and "--review" in done.stderr


def test_bad_data_is_told_with_its_file(tmp_path):
    bad = tmp_path / "bad.ttl"
    bad.write_text("<urn:a> <urn:b> ", encoding="utf-8")
    done = invoke(STATEMENTS, "--data", str(bad))
    assert done.exit_code == 1 and "bad.ttl" in done.stderr and "Traceback" not in done.stderr
    assert invoke(STATEMENTS, "--data", str(tmp_path / "none.ttl")).exit_code == 1
    (tmp_path / "empty").mkdir()
    assert invoke(STATEMENTS, "--data", str(tmp_path / "empty")).exit_code == 2


def test_what_only_the_project_asserts_can_be_left_out():
    ambiguities = "SELECT (COUNT(?a) AS ?n) { ?a a cov:Ambiguity }"
    assert invoke(ambiguities, "--format", "csv").stdout.split() == ["n", "39"]
    assert invoke(ambiguities, "--without-project-claims", "--format", "csv").stdout.split() == ["n", "0"]
    own = 'FILTER(STRSTARTS(STR(?c), "https://w3id.org/plexus/policy/0587#"))'
    clauses = f"SELECT (COUNT(?c) AS ?n) {{ ?c a cov:Clause ; cov:says ?says {own} }}"
    assert (
        invoke(clauses, "--format", "csv").stdout
        == invoke(clauses, "--without-project-claims", "--format", "csv").stdout
    )
    assert invoke("statement-support", "--without-project-claims").stdout == "no rows\n"
    assert "Nichols 2022" in invoke("references", "--without-project-claims").stdout


def test_without_project_claims_nothing_is_left_that_the_project_asserts():
    graphs = knowledge_graphs(ROOT)
    whole, kept = merged(graphs), merged(without_project_claims(graphs))
    words = {SKOS.definition}
    for s, p, _ in kept:
        if s.value.startswith(BASE + "policy/") and p not in words and p != RDF_TYPE:
            ours = asserter(whole, s) == COV.AssertedByProject
            place = {COV.Anchor, COV.Section} & set(whole.nodes(s, RDF_TYPE))
            assert not ours or place or "#" not in s.value, (s, p)


def test_the_list_of_questions_gives_each_with_its_text():
    listed = invoke("--list").stdout
    assert listed.count("?\n") + listed.count("?  [") + listed.count(".)\n") + listed.count(".)  [") >= 40
    assert '\n    --set code=... (default "64714")' in listed


def test_the_sparql_of_a_question_can_be_read():
    assert invoke("references", "--text").stdout == find("references").query


def test_finding_something_that_does_not_exist_is_an_error():
    with pytest.raises(QueryError, match="no question"):
        find("nothing-of-the-kind-at-all")


def test_every_request_of_a_file_is_asked(tmp_path):
    one = (ROOT / "cases/complete-record/request.ttl").read_text(encoding="utf-8")
    other = (ROOT / "cases/nothing-documented/request.ttl").read_text(encoding="utf-8")
    base = "@prefix : <https://example.org/"
    assert base in one and base in other
    both = tmp_path / "both.ttl"
    both.write_text(one + other.replace(base, base + "second/"), encoding="utf-8")
    query = "SELECT (COUNT(DISTINCT ?r) AS ?n) { GRAPH ?g { ?r a cov:Request } }"
    done = invoke(query, "--review", str(both), "--as-of", "2026-11-23", "--format", "csv")
    assert done.stdout.split() == ["n", "2"], done.stderr
    told = invoke("recommendations", "--review", str(both), "--as-of", "2026-11-23", "--format", "csv").stdout
    assert len(told.splitlines()) == 3 and "approve" in told and "pend" in told


def test_data_without_statements_or_without_reviews_is_told(tmp_path):
    plain = tmp_path / "review.json"
    plain.write_text('{"lines": []}', encoding="utf-8")
    done = invoke("recommendations", "--data", str(plain))
    assert done.exit_code == 1 and "plexus review --format ttl" in done.stderr
    done = invoke("recommendations", "--data", str(ROOT / "cases/complete-record/request.ttl"))
    assert done.exit_code == 0 and "The data holds none" in done.stderr


def test_a_file_given_twice_is_asked_once():
    path = str(ROOT / "cases/complete-record/request.ttl")
    query = "SELECT (COUNT(*) AS ?n) { GRAPH ?g { ?line cov:procedureCode ?code } FILTER STRSTARTS(STR(?g), 'urn:') }"
    assert invoke(query, "--data", path, "--data", path, "--format", "csv").stdout.split() == ["n", "1"]


def test_an_answer_in_xml_can_be_read_whatever_the_data_holds(tmp_path):
    odd = tmp_path / "odd.nt"
    odd.write_text('<urn:a> <urn:b> "x\\u0001y\\uFFFE" .', encoding="utf-8")
    done = invoke("SELECT ?o { <urn:a> ?p ?o }", "--data", str(odd), "--format", "xml")
    (found,) = ET.fromstring(done.stdout).iter("{http://www.w3.org/2005/sparql-results#}literal")
    assert found.text == "x\ufffdy\ufffd"
    assert "xy\n" in invoke("SELECT ?o { <urn:a> ?p ?o }", "--data", str(odd)).stdout


def test_without_project_claims_no_blank_node_hangs_in_the_air():
    for name, triples in without_project_claims(knowledge_graphs(ROOT)).items():
        pointed = {o for _, _, o in triples}
        assert [s for s, _, _ in triples if isinstance(s, BlankNode) and s not in pointed] == [], name


def test_without_project_claims_no_mapping_is_left():
    kept = merged(without_project_claims(knowledge_graphs(ROOT)))
    mapping = {SKOS.exactMatch, SKOS.closeMatch, SKOS.broadMatch, SKOS.narrowMatch, SKOS.relatedMatch}
    assert not mapping & {p for _, p, _ in kept}
    assert mapping & {p for _, p, _ in merged(knowledge_graphs(ROOT))}


def test_half_a_character_is_written_to_a_file_as_to_the_terminal(tmp_path):
    out = tmp_path / "out.txt"
    write("a\ud800b", out)
    assert out.read_bytes() == b"a?b"


def test_a_refused_request_does_not_keep_the_others_from_being_asked(tmp_path):
    (tmp_path / "two.ttl").write_text("@prefix cov: <https://w3id.org/plexus/coverage#> . <urn:r> a cov:Request .")
    named = [str(tmp_path / "two.ttl"), str(ROOT / "cases/nothing-documented")]
    reviewed = [x for name in named for x in ("--review", name)]
    done = invoke("recommendations", *reviewed, "--as-of", "2026-11-23", "--format", "csv")
    assert done.exit_code == 1
    assert done.stdout.splitlines()[1:] == ["pend,open,1"]
    assert "two.ttl: refused" in done.stderr and "leaves out what was refused: 1 of the inputs" in done.stderr
