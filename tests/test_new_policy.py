"""plexus new-policy: what is scaffolded is well made, marked where it is unfinished, and never written over."""

from __future__ import annotations

import re
from datetime import date

import pytest
from click.testing import CliRunner
from pyoxigraph import RdfFormat, parse
from test_normal_form import turtlefmt

from reasoner import review
from reasoner.authoring.guide import guide
from reasoner.authoring.scaffold import Draft, headings, scaffold
from reasoner.cli import main
from reasoner.copies import normalised, span_digest
from reasoner.errors import PolicyError, ScaffoldError
from reasoner.knowledge import load

TODAY = date(2026, 5, 1)
DOCUMENT = """Coverage Policy 77: Example Knee Procedure

Example Health Plan

Coverage Policy

The procedure is covered when two conditions hold:
- one thing
- another thing.

1. A numbered line

It is not covered otherwise.
\fReferences

Somebody: Something. 2020.
"""
FILES = {
    "ontology/policies/77.ttl",
    "ontology/policies/77.anchors.ttl",
    "shapes/policies/77.ttl",
    "cases/77-nothing-documented/request.ttl",
    "cases/77-nothing-documented/expected.toml",
    "ontology/questions/77-criteria.rq",
    "README.md",
}


def run(*arguments: str):
    return CliRunner().invoke(main, ["new-policy", *arguments])


def test_the_files_are_turtle_in_normal_form_and_name_the_policy(tmp_path):
    done = run("77", "-o", str(tmp_path / "knee"), "--code", "X7")
    assert done.exit_code == 0, done.stderr
    assert {str(p.relative_to(tmp_path / "knee")) for p in (tmp_path / "knee").rglob("*") if p.is_file()} == FILES
    assert turtlefmt("--check", str(tmp_path)).returncode == 0
    for path in tmp_path.rglob("*"):
        if path.is_file():
            assert "0000" not in path.read_text(encoding="utf-8").replace("2000", "")
    assert [s.name for s in guide(tmp_path / "knee").steps if s.state == "next"] == ["policy"]


def test_only_what_is_still_to_be_written_is_lacking(tmp_path):
    run("77", "-o", str(tmp_path), "--code", "X7", "--effective", "2026-01-01", "--title", "T", "--publisher", "P")
    found = guide(tmp_path).found
    assert len(found) > 40
    assert [f for f in found if "is still to be written" not in f.what] == []
    assert all(f.line for f in found)


def test_what_is_known_is_filled_in():
    files = scaffold(Draft("CMM-9", TODAY, 'The "title"', "The publisher", ("X1", "X2"), date(2026, 3, 1)))
    policy = files["ontology/policies/cmm-9.ttl"]
    assert 'dcterms:title "The \\"title\\"" ;' in policy and 'dcterms:publisher "The publisher" ;' in policy
    assert 'cov:procedureCode "X1" , "X2" ;' in policy
    assert "pcmm9:edition-2026-03-01 a cov:Edition" in policy and 'cov:number "CMM-9"' in policy
    assert 'cov:effectiveFrom "2026-03-01"^^xsd:date' in policy
    request = files["cases/cmm-9-nothing-documented/request.ttl"]
    assert 'cov:procedureCode "X1" ;' in request and '"2026-03-31"^^xsd:date' in request
    for name, text in files.items():
        if name.endswith(".ttl"):
            assert list(parse(text.encode(), format=RdfFormat.TURTLE))


def test_headings_become_sections_with_their_places():
    assert [(h.title, h.page) for h in headings(DOCUMENT)] == [
        ("Coverage Policy 77: Example Knee Procedure", 1),
        ("Example Health Plan", 1),
        ("Coverage Policy", 1),
        ("References", 2),
    ]
    text = normalised(DOCUMENT)
    anchors = scaffold(Draft("77", TODAY, document=DOCUMENT))["ontology/policies/77.anchors.ttl"]
    places = re.findall(r"oa:start (\d+) ;\n    oa:end (\d+) ;\n    cov:spanDigest \"([0-9a-f]{64})\"", anchors)
    assert len(places) == 4
    for start, end, digest in places:
        assert span_digest(text[int(start) : int(end)]) == digest
    assert anchors.count("a cov:Section") == 4
    assert "cov:inSection p77:section-coverage-policy ;" in anchors.split("at-necessary-statement")[1]


def test_a_document_without_headings_is_said_to_have_none(tmp_path):
    (tmp_path / "a.txt").write_text("just a sentence, and no more.\n", encoding="utf-8")
    done = run("77", "-o", str(tmp_path / "knee"), "--from", str(tmp_path / "a.txt"))
    assert done.exit_code == 0 and "no line that looks like a heading" in done.stderr


@pytest.mark.parametrize("number", ["", "a b", "-7", "7/8", "../x", "ü7", "7_"])
def test_a_number_that_cannot_name_files_is_refused(number, tmp_path):
    with pytest.raises(ScaffoldError, match="cannot be a number of a policy"):
        scaffold(Draft(number, TODAY))
    done = CliRunner().invoke(main, ["new-policy", "-o", str(tmp_path / "x"), "--", number])
    assert done.exit_code == 2 and not (tmp_path / "x").exists()


@pytest.mark.parametrize(
    "draft", [Draft("7", TODAY, "a\nb"), Draft("7", TODAY, "… x"), Draft("7", TODAY, codes=('"',))]
)
def test_words_that_cannot_stand_in_turtle_are_refused(draft):
    with pytest.raises(ScaffoldError):
        scaffold(draft)


def test_nothing_is_overwritten(tmp_path):
    own = tmp_path / "ontology/policies/77.ttl"
    own.parent.mkdir(parents=True)
    own.write_text("mine", encoding="utf-8")
    done = run("77", "-o", str(tmp_path))
    assert done.exit_code == 1 and "exists and is not overwritten" in done.stderr
    assert own.read_text(encoding="utf-8") == "mine"
    assert [p for p in tmp_path.rglob("*") if p.is_file()] == [own]


def test_a_shipped_policy_is_not_hidden(tmp_path):
    done = run("0587", "-o", str(tmp_path / "x"))
    assert done.exit_code == 1 and "plexus ships a policy 0587" in done.stderr
    assert not (tmp_path / "x").exists()


def test_a_second_policy_goes_into_the_same_library(tmp_path):
    assert run("77", "-o", str(tmp_path)).exit_code == 0
    readme = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert run("78", "-o", str(tmp_path)).exit_code == 0
    assert (tmp_path / "README.md").read_text(encoding="utf-8") == readme
    assert guide(tmp_path).policies == ("77", "78")


def test_nothing_is_reviewed_while_something_is_still_to_be_written(tmp_path):
    run("77", "-o", str(tmp_path), "--code", "X7", "--effective", "2026-01-01")
    request = tmp_path / "cases/77-nothing-documented/request.ttl"
    with pytest.raises(PolicyError, match=r"77\.\w+\.ttl: .* is still to be written"):
        review(request, as_of=date(2026, 2, 1), library=tmp_path)
    done = CliRunner().invoke(main, ["review", str(request), "--library", str(tmp_path), "--as-of", "2026-02-01"])
    assert done.exit_code == 1 and "still to be written" in done.stderr and "Traceback" not in done.stderr
    assert [p.number for p in load().policies if p.number == "77"] == []
