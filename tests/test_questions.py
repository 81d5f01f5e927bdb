"""Every competency question has the answer that tests/questions/ holds; a change shows as a difference.

``pytest tests/test_questions.py --write-answers`` writes the answers anew, to be read before they are committed.
"""

from __future__ import annotations

import csv
import difflib
import io
from datetime import date
from functools import cache

import pytest
from conftest import ROOT, case_named

from reasoner.query import Answer, Question, questions
from reasoner.query_worker import answer_from, store_of
from reasoner.render import answers
from reasoner.render.turtle import ntriples, review_ntriples
from reasoner.review import review_records

EXPECTED = ROOT / "tests" / "questions"
REVIEWED = (
    "complete-record",
    "nothing-documented",
    "compression-plexus-mri-normal",
    "spine-decompression-under-64714",
    "oral-medication-undocumented",
    "imaging-support-not-judged",
    "evidence-after-the-service",
    "procedure-of-another-policy",
    "two-lines-on-one-request",
    "symptoms-stated-absent",
)
OTHERWISE = ("complete-record", {"A1": "all-listed"})
NONE_EXPECTED = {"denials-without-evidence", "shapes-nobody-uses", "clauses-without-shape"}
NEW_EDITION = """
@prefix cov: <https://w3id.org/plexus/coverage#> .
@prefix x: <urn:x:> .
x:edition cov:statement x:s . x:s cov:root x:root .
x:root a cov:AnyOf ; cov:id "necessity" ; cov:plainText "one is enough" ; cov:anchor x:a ;
    cov:members ( x:compression ) .
x:compression a cov:LeafCriterion ; cov:id "compression" ; cov:plainText "imaging documents it" ; cov:anchor x:a .
x:a cov:spanDigest "0" .
"""


def job(data: list[tuple[str, str]], asked: Question | None = None) -> dict:
    return {
        "root": str(ROOT),
        "data": data,
        "without_project_claims": False,
        "rows": 100_000,
        "values": {},
        "query": asked.query if asked else "",
        "parameters": dict(asked.parameters) if asked else {},
    }


@cache
def review_data() -> list[tuple[str, str]]:
    out = []
    for name, readings in [*((n, {}) for n in REVIEWED), OTHERWISE]:
        case = case_named(name)
        for record, review in review_records(case.request, as_of=case.as_of, readings=readings):
            out += [(f"urn:x:{name}", ntriples(record.triples)), review_ntriples(review)]
    return out


@cache
def store(with_reviews: bool):
    return store_of(job(review_data() if with_reviews else []))


def rows(asked: Question) -> list[tuple[str, ...]]:
    told = answer_from(store(asked.about_reviews), job([], asked))
    header, *body = answers.rows(Answer(told["kind"], told["results"], told["capped"]))
    return [header, *body]


def as_csv(found: list[tuple[str, ...]]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(found)
    return out.getvalue()


@pytest.mark.parametrize("asked", questions(), ids=lambda q: q.name)
def test_the_answer_is_the_expected_one(asked: Question, request):
    found = as_csv(rows(asked))
    file = EXPECTED / f"{asked.name}.csv"
    if request.config.getoption("--write-answers"):
        file.write_text(found, encoding="utf-8")
    expected = file.read_text(encoding="utf-8")
    difference = "\n".join(
        difflib.unified_diff(expected.splitlines(), found.splitlines(), "expected", "found", lineterm="")
    )
    assert found == expected, f"{asked.text}\n{difference}"


def test_there_are_at_least_forty_questions_and_no_answer_without_one():
    names = {q.name for q in questions()}
    assert len(names) >= 40
    assert {p.stem for p in EXPECTED.glob("*.csv")} == names


@pytest.mark.parametrize("asked", questions(), ids=lambda q: q.name)
def test_only_questions_that_must_find_nothing_find_nothing(asked: Question):
    if asked.name == "edition-changes":  # one edition has not changed against itself; see below
        return
    assert (len(rows(asked)) == 1) == (asked.name in NONE_EXPECTED)


@pytest.mark.parametrize("asked", questions(), ids=lambda q: q.name)
def test_a_question_is_a_question_and_its_answer_has_an_order(asked: Question):
    assert "?" in asked.text and asked.text[0].isupper()
    assert "ORDER BY" in asked.query


def test_changes_between_two_editions():
    asked = next(q for q in questions() if q.name == "edition-changes")
    from pyoxigraph import RdfFormat, Triple, parse, serialize

    parsed = parse(NEW_EDITION, format=RdfFormat.TURTLE)
    data = serialize((Triple(q.subject, q.predicate, q.object) for q in parsed), format=RdfFormat.N_TRIPLES).decode()
    told = answer_from(store_of(job([("urn:x:new", data)])), job([], asked) | {"values": {"new": "urn:x:edition"}})
    _, *found = answers.rows(Answer(told["kind"], told["results"], told["capped"]))
    changes = {row[0]: row[1] for row in found}
    assert changes["compression"] == "reworded"
    assert changes["necessity"] == "joined otherwise"
    assert changes["symptoms"] == "removed"


def test_the_questions_about_denials_would_notice_one_without_evidence():
    """The question that must be empty is not empty where a denial has no evidence."""
    asked = next(q for q in questions() if q.name == "denials-without-evidence")
    data = [
        (name, "\n".join(x for x in text.splitlines() if "coverage#evidenceUse" not in x))
        for name, text in review_data()
    ]
    told = answer_from(store_of(job(data)), job([], asked))
    assert len(answers.rows(Answer(told["kind"], told["results"], told["capped"]))) > 1


def test_reviews_in_the_answers_are_of_a_fixed_day():
    assert all(isinstance(case_named(name).as_of, date) for name in REVIEWED)
