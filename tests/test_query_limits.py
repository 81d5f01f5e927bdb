"""plexus query: what a query can never do, and what its parameters take."""

from __future__ import annotations

import json
import socket

import pytest
from click.testing import CliRunner

from reasoner import query as asking
from reasoner.cli import main
from reasoner.errors import ParameterError, QueryError
from reasoner.query import question, run
from reasoner.sparql import bound, iris, is_query, refuse, unknown_prefixes


def invoke(*args: str, **options):
    return CliRunner().invoke(main, ["query", *args], prog_name="plexus", **options)


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * { SERVICE <http://example.org/> { ?s ?p ?o } }",
        "SELECT * { service SILENT <http://example.org/> { ?s ?p ?o } }",
        'SELECT ("}" AS ?x) { # comment\nSERVICE<http://example.org/> { ?s ?p ?o } }',
    ],
)
def test_service_is_refused(query):
    done = invoke(query)
    assert done.exit_code == 1 and "SERVICE is not allowed" in done.stderr


@pytest.mark.parametrize(
    "query",
    [
        "SELECT ?service { ?service a cov:Policy }",
        'SELECT ("SERVICE" AS ?x) {}',
        "SELECT * {} # SERVICE",
        "SELECT * { ?s <urn:SERVICE> cov:service }",
    ],
)
def test_the_word_service_elsewhere_is_no_fault(query):
    refuse(query)
    assert invoke(query).exit_code == 0


@pytest.mark.parametrize(
    "update",
    [
        "LOAD <http://example.org/x.ttl>",
        "INSERT DATA { <urn:a> <urn:b> <urn:c> }",
        "DELETE WHERE { ?s ?p ?o }",
        "DROP ALL ;",
    ],
)
def test_updates_are_refused(update):
    done = invoke(update)
    assert done.exit_code == 1 and "nothing can be changed or fetched" in done.stderr


SERVICE_IN_DISGUISE = [
    "SELECT * { SERVICE <URL> { ?s ?p ?o } }",
    "SELECT * { # x\r SERVICE <URL> { ?s ?p ?o } }",
    "SELECT * { FILTER(1<2)SERVICE#>\n<URL> { ?s ?p ?o } }",
    "SELECT * { ?s ?p 1.SERVICE <URL> { ?s ?p ?o } }",
    "SELECT * { ?s ?p true.SERVICE <URL> { ?s ?p ?o } }",
    "PREFIX : <URL> SELECT * { SERVICE:h { ?s ?p ?o } }",
    "PREFIX : <URL> SELECT * { SERVICE SILENT:h { ?s ?p ?o } }",
]


@pytest.mark.parametrize("query", SERVICE_IN_DISGUISE)
@pytest.mark.parametrize("guarded", [True, False], ids=["as it is", "without the first guard"])
def test_no_form_of_service_reaches_a_server(query, guarded, monkeypatch):
    """The worker alone keeps a query from every server, whatever the text of the query gets past."""
    if not guarded:
        monkeypatch.setattr(asking.sparql, "refuse", lambda _: None)
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        text = query.replace("URL", f"http://127.0.0.1:{server.getsockname()[1]}/")
        try:
            found = json.loads(run(question("q", text)).results)["results"]["bindings"]
        except QueryError:
            found = []
        assert all(not row for row in found)
        with pytest.raises(TimeoutError):
            server.accept()


def test_the_listening_server_of_these_tests_can_be_reached():
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(5)
        with socket.create_connection(server.getsockname()):
            assert server.accept()


def test_a_runaway_query_is_stopped():
    product = "SELECT * { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i FILTER(STR(?c) < STR(?i)) } ORDER BY ?f"
    done = invoke(product, "--timeout", "1.5")
    assert done.exit_code == 1 and "took longer than 1.5 s" in done.stderr


def test_a_query_that_fills_the_memory_is_stopped():
    product = "SELECT * { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i } ORDER BY ?c"
    done = invoke(product, "--memory", "512", "--timeout", "60")
    assert done.exit_code == 1 and "memory" in done.stderr and "Traceback" not in done.stderr


def test_a_worker_that_fails_tells_why_and_does_not_blame_memory():
    with pytest.raises(QueryError, match=r"exit code 1 \(KeyError: 'root'\)"):
        asking._in_worker({"query": "SELECT * {}", "memory_mb": 4096}, 60)
    assert "memory" in asking._why_it_ended(-9, "", 512)
    assert "by signal 11" in asking._why_it_ended(-11, "", 512)


def test_parameters_take_other_values():
    name = "edition-in-force"
    assert "p0587:edition-2025-12-01" in invoke(name).stdout
    assert invoke(name, "--set", "day=2025-11-30").stdout == "no rows\n"
    assert invoke(name, "--set", "code=63030").stdout == "no rows\n"
    done = invoke(name, "--set", "colour=red")
    assert done.exit_code == 2 and "Parameters: code, day" in done.stderr
    assert invoke(name, "--set", "code").exit_code == 2


def test_parameters_are_terms_and_never_words_of_the_query():
    asked = question("q", '# parameter ?code "x"\nSELECT ?s { ?s cov:procedureCode ?code }')
    assert json.loads(run(asked, values={"code": '64714" } DROP ALL #'}).results)["results"]["bindings"] == []
    assert bound("SELECT ?codes { ?s ?p ?code, '?code' }", {"code": '"1"'}) == "SELECT ?codes { ?s ?p \"1\", '?code' }"


@pytest.mark.parametrize(
    ("default", "given", "says"),
    [
        ('"2026-01-01"^^xsd:date', "2026-1-1", "wants a date, YYYY-MM-DD"),
        ('"2026-01-01"^^xsd:date', "2026-02-30", "wants a date, YYYY-MM-DD"),
        ("3", "three", "wants a whole number"),
        ("true", "perhaps", "wants true or false"),
        ("clin:Pain", "Pain", "wants a name such as clin:Pain"),
        ("clin:Pain", "clinic:Pain", "wants a name such as clin:Pain"),
        ("clin:Pain", "clin:Pa in", "is no IRI"),
        ("clin:Pain", "<Pain>", "wants a name such as clin:Pain"),
    ],
)
def test_a_value_of_another_kind_is_refused(default, given, says):
    with pytest.raises(ParameterError, match=says):
        run(question("q", f"# parameter ?x {default}\nSELECT (?x AS ?y) {{}}"), values={"x": given})


@pytest.mark.parametrize(
    ("default", "given", "becomes"),
    [
        ('"2026-01-01"^^xsd:date', "2026-02-28", "2026-02-28"),
        ("3", "-4", "-4"),
        ("clin:Pain", "clin:Numbness", "https://w3id.org/plexus/clinical#Numbness"),
        ("clin:Pain", "<urn:x:y>", "urn:x:y"),
        ("clin:Pain", "https://example.org/a", "https://example.org/a"),
        ('"a"@en', "b", "b"),
    ],
)
def test_a_value_of_the_right_kind_is_taken(default, given, becomes):
    told = run(question("q", f"# parameter ?x {default}\nSELECT (?x AS ?y) {{}}"), values={"x": given})
    (row,) = json.loads(told.results)["results"]["bindings"]
    assert row["y"]["value"] == becomes


@pytest.mark.parametrize(
    "default", ['"a" . <urn:a> <urn:b> "c"', '"a", "b"', "[]", '"a") AS ?z) {} #', "nobody:knows", "1 ; <urn:b> 2"]
)
def test_the_default_of_a_parameter_is_one_term_and_never_words_of_the_query(default):
    with pytest.raises(QueryError, match="is no term"):
        run(question("q", f"# parameter ?x {default}\nSELECT (?x AS ?y) {{}}"))


def test_a_malformed_date_is_wrong_usage():
    done = invoke("edition-in-force", "--set", "day=01.02.2026")
    assert done.exit_code == 2 and "day wants a date, YYYY-MM-DD, not '01.02.2026'" in done.stderr


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("SELECT ?x { ?x a cov:Polcy }", "cov:Polcy occurs nowhere in the graph. Nearest: cov:Policy."),
        ("SELECT ?x { ?x a clin:scartissue }", "Nearest: clin:ScarTissue."),
        (
            "ASK { GRAPH <https://w3id.org/plexus/clinicl> { ?x ?y ?z } }",
            "Nearest: <https://w3id.org/plexus/clinical>.",
        ),
        ("SELECT ?x FROM <urn:nowhere> { ?x ?y ?z }", "<urn:nowhere> occurs nowhere in the graph."),
        ('# parameter ?code "6471"\nSELECT ?x { ?x cov:procedureCode ?code }', "'6471' occurs nowhere in the graph."),
    ],
)
def test_an_empty_answer_names_what_the_graph_does_not_know(query, says):
    done = invoke(query)
    assert done.exit_code == 0 and says in done.stderr


def test_an_empty_answer_for_names_that_exist_says_nothing():
    done = invoke("SELECT ?x { ?x a cov:Policy , cov:Clause FILTER(?y > '2026-01-01'^^xsd:date) }")
    assert (done.stdout, done.stderr) == ("no rows\n", "")


def test_names_are_read_outside_strings_and_comments():
    known = {"cov": "urn:cov#"}
    text = "PREFIX a: <urn:a#> SELECT ?x { ?x a cov:P ; a:b/cov:c <urn:z> , 'cov:no' . } # cov:no"
    assert iris(text, known) == ("urn:cov#P", "urn:a#b", "urn:cov#c", "urn:z")
    assert unknown_prefixes("SELECT ?x { ?x b:c d:e , _:f , cov:g , 'h:i' }", known) == ("b", "d")


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("SELECT ?x { ?x foo:bar ?y }", "nobody declares the prefix foo:. Known: anat,"),
        ("SELECT ?x { ?x a cov:Policy ", "not a SPARQL query at line 1, column"),
        ("SELECT ?x ?y { ?x a ?y } GROUP BY ?x", "The SELECT contains a variable that is unbound."),
        ("SELECT ?x { ?x a cov:P } ORDER ?x", "expected BY."),
    ],
)
def test_a_query_that_cannot_be_read_is_told_in_plain_words(query, says):
    done = invoke(query)
    assert done.exit_code == 1 and says in done.stderr
    assert len(done.stderr) < 700 and "\\u{" not in done.stderr and ".." not in done.stderr


def test_words_that_are_no_query_lead_to_the_questions():
    assert "Nearest: criteria-tree" in invoke("criteria tree").stderr
    assert "is no query, no file and no question" in invoke("x" * 300).stderr
    assert not is_query("add a policy") and is_query("ask { ?s ?p ?o }") and is_query("PREFIX a: <urn:a#> SELECT")


def test_a_path_with_a_space_is_a_file(tmp_path):
    file = tmp_path / "my question.rq"
    file.write_text("ASK { ?s a cov:Policy }", encoding="utf-8")
    assert invoke(str(file)).stdout == "yes\n"


def test_options_that_would_do_nothing_are_wrong_usage():
    assert invoke("references", "--as-of", "2026-01-01").exit_code == 2
    assert invoke("references", "--reading", "A9=any").exit_code == 2
    assert invoke("--list", "--text").exit_code == 2
