"""Every competency question has the answer that tests/questions/ holds; a change shows as a difference.

``pytest tests/test_questions.py --write-answers`` writes the answers anew, to be read before they are committed.
"""

from __future__ import annotations

import csv
import difflib
import io
import re
from datetime import date
from functools import cache

import pytest
from conftest import ROOT, case_named
from pyoxigraph import RdfFormat, Triple, parse, serialize

from reasoner.codes import code_book, code_notes
from reasoner.dataset import knowledge_graphs, merged
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
    "finding-without-a-method-named",
    "plan-replaces-the-criteria",
)
OTHERWISE = ("complete-record", {"A1": "all-listed"})
NONE_EXPECTED = {"denials-without-evidence", "shapes-nobody-uses", "clauses-without-shape"}
EDITIONS = """
@prefix cov: <https://w3id.org/plexus/coverage#> .
@prefix x: <urn:x:> .
x:old cov:statement x:old-statement . x:old-statement cov:root x:old-root ; cov:exclusion x:old-other .
x:old-root a cov:AllOf ; cov:id "root" ; cov:plainText "all" ; cov:anchor x:one ;
    cov:members ( x:old-group x:old-kept x:old-gone ) .
x:old-group a cov:AllOf ; cov:id "group" ; cov:plainText "each" ; cov:anchor x:one ;
    cov:members ( x:old-moves x:old-says ) .
x:old-moves a cov:LeafCriterion ; cov:id "moves" ; cov:plainText "it moves" ; cov:anchor x:one .
x:old-says a cov:LeafCriterion ; cov:id "says" ; cov:plainText "says this" ; cov:anchor x:one .
x:old-kept a cov:LeafCriterion ; cov:id "kept" ; cov:plainText "stays" ; cov:anchor x:one .
x:old-gone a cov:LeafCriterion ; cov:id "gone" ; cov:plainText "goes" ; cov:anchor x:one .
x:old-other a cov:Exclusion ; cov:id "other" ; cov:plainText "other" ; cov:anchor x:one .
x:new cov:statement x:new-statement . x:new-statement cov:root x:new-root ; cov:exclusion x:new-other .
x:new-root a cov:AllOf ; cov:id "root" ; cov:plainText "all" ; cov:anchor x:one ;
    cov:members ( x:new-group x:new-kept x:new-moves x:new-came ) .
x:new-group a cov:AnyOf ; cov:id "group" ; cov:plainText "one" ; cov:anchor x:one ; cov:members ( x:new-says ) .
x:new-moves a cov:LeafCriterion ; cov:id "moves" ; cov:plainText "it moves" ; cov:anchor x:two .
x:new-says a cov:LeafCriterion ; cov:id "says" ; cov:plainText "says that" ; cov:anchor x:two .
x:new-kept a cov:LeafCriterion ; cov:id "kept" ; cov:plainText "stays" ; cov:anchor x:one .
x:new-came a cov:LeafCriterion ; cov:id "came" ; cov:plainText "comes" ; cov:anchor x:two .
x:new-other a cov:Exclusion ; cov:id "other" ; cov:plainText "other" ; cov:anchor x:one .
x:one cov:spanDigest "1" . x:two cov:spanDigest "2" .
"""
UNMET_UNDER_A_MET_GROUP = """
@prefix cov: <https://w3id.org/plexus/coverage#> .
@prefix earl: <http://www.w3.org/ns/earl#> .
@prefix p0587: <https://w3id.org/plexus/policy/0587#> .
<urn:x:review> a cov:LineReview ; cov:reviewedLine <urn:x:line> ; cov:recommendation cov:Recommendation-deny ;
    cov:basis cov:Basis-criterion-unmet ;
    cov:criterionOutcome <urn:x:1> , <urn:x:2> , <urn:x:3> , <urn:x:4> , <urn:x:5> .
<urn:x:1> earl:test p0587:MedicallyNecessary ; cov:status cov:Status-unmet .
<urn:x:2> earl:test p0587:DocumentedCompression ; cov:status cov:Status-unmet .
<urn:x:3> earl:test p0587:FurtherCriteria ; cov:status cov:Status-open .
<urn:x:4> earl:test p0587:ConservativeTreatmentExhausted ; cov:status cov:Status-met .
<urn:x:5> earl:test p0587:AcuteTraumaWaiver ; cov:status cov:Status-unmet .
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


def as_ntriples(turtle: str) -> str:
    parsed = parse(turtle, format=RdfFormat.TURTLE)
    return serialize((Triple(q.subject, q.predicate, q.object) for q in parsed), format=RdfFormat.N_TRIPLES).decode()


def named(name: str) -> Question:
    return next(q for q in questions() if q.name == name)


def asked_of(name: str, *turtle: str, graph: str = "urn:x:made", **values: str) -> list[dict[str, str]]:
    """The answer of a question about made data, a row as a mapping."""
    data = [(graph, as_ntriples(t)) for t in turtle]
    told = answer_from(store_of(job(data)), job([], named(name)) | {"values": values})
    header, *body = answers.rows(Answer(told["kind"], told["results"], told["capped"]))
    return [dict(zip(header, row, strict=True)) for row in body]


def test_changes_between_two_editions():
    found = asked_of("edition-changes", EDITIONS, old="urn:x:old", new="urn:x:new")
    assert {row["id"]: row["change"] for row in found} == {
        "came": "added",
        "gone": "removed",
        "group": "joined otherwise",
        "moves": "moved, reworded",
        "says": "reworded",
    }
    back = {row["id"]: row["change"] for row in asked_of("edition-changes", EDITIONS, old="urn:x:new", new="urn:x:old")}
    assert (back["came"], back["gone"], back["group"]) == ("removed", "added", "joined otherwise")


def test_a_criterion_unmet_under_a_met_group_decides_nothing():
    assert asked_of("deciding-criteria", UNMET_UNDER_A_MET_GROUP) == [{"id": "compression", "denials": "1"}]
    assert [r["id"] for r in asked_of("denials-without-evidence", UNMET_UNDER_A_MET_GROUP)] == ["compression"]


def test_a_denial_by_a_term_of_the_plan_counts_for_no_criterion():
    by_plan = UNMET_UNDER_A_MET_GROUP.replace("Basis-criterion-unmet", "Basis-plan-exclusion")
    assert asked_of("deciding-criteria", by_plan) == []


@pytest.mark.parametrize("day", ["2015-01-01", "2024-09-30", "2024-10-01", "2025-10-01", "2026-03-20", "2026-10-01"])
def test_what_could_not_be_billed_is_what_a_review_remarks(day):
    book = code_book(merged(knowledge_graphs(ROOT)))
    words = {
        "no longer billable": "any more",
        "not yet valid": "only",
        "a category": "category",
        "not checked": "checked",
    }
    found = {row["code"]: row["reason"] for row in asked_of("codes-not-billable", day=day)}
    for code in book.codes:
        notes = list(code_notes(book, [code], [], date.fromisoformat(day)))
        assert len(notes) == (code in found), (code, notes)
        assert not notes or words[found[code]] in notes[0], (code, notes, found[code])


def test_a_policy_with_editions_governs_from_its_first_day():
    values = {"code": "64714", "site": "anat:LumbarPlexus"}
    assert asked_of("policies-for-code-site-date", **values, day="2025-11-30") == []
    found = asked_of("policies-for-code-site-date", **values, day="2025-12-01")
    assert [(r["policy"], r["by"], r["decidable"]) for r in found] == [
        ("0587", "its code", "true"),
        ("0587", "its site", "true"),
    ]


@pytest.mark.parametrize("id", ["compression", "symptoms", "injection", "trauma-waiver", "imaging-support"])
def test_what_is_asked_of_evidence_is_never_empty(id):
    found = asked_of("evidence-for-compression", id=id)
    assert found and all(row["asked"] and row["evidence"] for row in found)


def test_the_questions_about_denials_would_notice_one_without_evidence():
    """The question that must be empty is not empty where a denial has no evidence."""
    asked = next(q for q in questions() if q.name == "denials-without-evidence")
    data = [
        (name, "\n".join(x for x in text.splitlines() if "coverage#evidenceUse" not in x))
        for name, text in review_data()
    ]
    told = answer_from(store_of(job(data)), job([], asked))
    assert len(answers.rows(Answer(told["kind"], told["results"], told["capped"]))) > 1


def test_reviews_in_the_answers_are_of_the_day_that_their_case_fixes():
    """The answers cannot change with the calendar."""
    days = {name: case_named(name).as_of for name in REVIEWED}
    for name, text in review_data():
        if name.startswith("urn:plexus:review:"):
            (day,) = set(re.findall(r'coverage#asOf> "([0-9-]+)"', text))
            assert date.fromisoformat(day) in days.values()


def test_a_shape_that_nobody_uses_would_be_noticed():
    idle = "<urn:x:idle> <http://www.w3.org/ns/shacl#name> 'idle' ."
    (row,) = asked_of("shapes-nobody-uses", idle, graph="https://w3id.org/plexus/shapes/policy/made")
    assert row == {"shape": "urn:x:idle", "name": "idle"}


def test_a_clause_about_a_criterion_that_no_shape_carries_out_would_be_noticed():
    bare = """@prefix cov: <https://w3id.org/plexus/coverage#> .
        <urn:x:clause> a cov:Clause ; cov:bearsOn <urn:x:leaf> , <urn:x:doubt> .
        <urn:x:leaf> a cov:LeafCriterion . <urn:x:doubt> a cov:Ambiguity ."""
    assert [row["on"] for row in asked_of("clauses-without-shape", bare)] == ["urn:x:doubt", "urn:x:leaf"]
