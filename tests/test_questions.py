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
    "decompression-and-plexus-release-for-one-stenosis",
)
OTHERWISE = ("complete-record", {"A1": "all-listed"})
NONE_EXPECTED = {"denials-without-evidence", "shapes-nobody-uses", "clauses-without-shape"}
EDITIONS = """
@prefix cov: <https://w3id.org/plexus/coverage#> .
@prefix x: <urn:x:> .
x:old cov:statement x:old-statement . x:old-statement cov:root x:old-root ; cov:exclusion x:old-other .
x:old-root a cov:AllOf ; cov:id "root" ; cov:plainText "all" ; cov:anchor x:one ;
    cov:members ( x:old-group x:old-kept x:old-gone x:old-bare ) .
x:old-group a cov:AllOf ; cov:id "group" ; cov:plainText "each" ; cov:anchor x:one ;
    cov:members ( x:old-moves x:old-says ) .
x:old-moves a cov:LeafCriterion ; cov:id "moves" ; cov:plainText "it moves" ; cov:anchor x:one .
x:old-says a cov:LeafCriterion ; cov:id "says" ; cov:plainText "says this" ; cov:anchor x:one .
x:old-kept a cov:LeafCriterion ; cov:id "kept" ; cov:plainText "stays" ; cov:anchor x:one .
x:old-gone a cov:LeafCriterion ; cov:id "gone" ; cov:plainText "goes" ; cov:anchor x:one .
x:old-other a cov:Exclusion ; cov:id "other" ; cov:plainText "other" ; cov:anchor x:one .
x:new cov:statement x:new-statement . x:new-statement cov:root x:new-root ; cov:exclusion x:new-other .
x:new-root a cov:AllOf ; cov:id "root" ; cov:plainText "all" ; cov:anchor x:one ;
    cov:members ( x:new-group x:new-kept x:new-moves x:new-came x:new-turns x:new-bare ) .
x:new-group a cov:AnyOf ; cov:id "group" ; cov:plainText "one" ; cov:anchor x:one ; cov:members ( x:new-says ) .
x:new-moves a cov:LeafCriterion ; cov:id "moves" ; cov:plainText "it moves" ; cov:anchor x:two .
x:new-says a cov:LeafCriterion ; cov:id "says" ; cov:plainText "says that" ; cov:anchor x:two .
x:new-kept a cov:LeafCriterion ; cov:id "kept" ; cov:plainText "stays" ; cov:anchor x:one .
x:new-came a cov:LeafCriterion ; cov:id "came" ; cov:plainText "comes" ; cov:anchor x:two .
x:new-other a cov:Exclusion ; cov:id "other" ; cov:plainText "other" ; cov:anchor x:one .
x:old-statement cov:exclusion x:old-turns .
x:old-turns a cov:Exclusion ; cov:id "turns" ; cov:plainText "turns" ; cov:anchor x:one .
x:new-turns a cov:LeafCriterion ; cov:id "turns" ; cov:plainText "turns" ; cov:anchor x:one .
x:old-bare a cov:LeafCriterion ; cov:id "bare" ; cov:plainText "no place" .
x:new-bare a cov:LeafCriterion ; cov:id "bare" ; cov:plainText "no place" .
x:one cov:spanDigest "1" ; cov:inSection x:part . x:two cov:spanDigest "2" ; cov:inSection x:part .
x:part <http://purl.org/dc/terms/isPartOf> x:old , x:new .
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

REVIEWS = """
@prefix cov: <https://w3id.org/plexus/coverage#> .
@prefix earl: <http://www.w3.org/ns/earl#> .
@prefix p0587: <https://w3id.org/plexus/policy/0587#> .
@prefix x: <urn:x:> .
"""
SHOWN_WAITING = """
x:both a cov:LineReview ; cov:reviewedLine x:line ; cov:recommendation cov:Recommendation-pend ;
    cov:basis cov:Basis-open-criteria ; cov:nextStep cov:NextStep-both ; cov:reason "two are open" ;
    cov:openItem x:1 , x:2 , x:3 .
x:1 cov:openKind cov:Open-judgement ; cov:onCriterion p0587:CausesSignificantSymptoms .
x:2 cov:openKind cov:Open-conflict ; cov:onCriterion p0587:DocumentedCompression .
x:3 cov:openKind cov:Open-document ; cov:onCriterion p0587:InjectionExhausted .
x:above a cov:LineReview ; cov:reviewedLine x:other ; cov:recommendation cov:Recommendation-deny ;
    cov:basis cov:Basis-mandate ; cov:nextStep cov:NextStep-clinician-review ; cov:reason "a mandate" .
"""
PENDED = """
x:{name} a cov:LineReview ; cov:reviewedLine x:{line} ; cov:recommendation cov:Recommendation-pend ;
    cov:basis cov:Basis-open-criteria ; cov:wouldApprove {sets} .
"""
CHANGES = """
x:waiver cov:change [ cov:verb cov:Verb-document ; cov:onCriterion p0587:AcuteTraumaWaiver ] .
x:injection cov:change [ cov:verb cov:Verb-document ; cov:onCriterion p0587:InjectionExhausted ] .
x:symptoms cov:change [ cov:verb cov:Verb-document ; cov:onCriterion p0587:CausesSignificantSymptoms ] .
x:judged cov:change [ cov:verb cov:Verb-judge ; cov:onCriterion p0587:DocumentedCompression ] .
"""
CODE_LEFT = """
@prefix cov: <https://w3id.org/plexus/coverage#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
<urn:x:work> cov:number "made" ; <http://purl.org/dc/terms/title> "Made" ; cov:edition <urn:x:1> , <urn:x:2> .
<urn:x:1> cov:procedureCode "00001" ;
    cov:effectiveFrom "2024-01-01"^^xsd:date ; cov:supersededOn "2025-01-01"^^xsd:date .
<urn:x:2> cov:procedureCode "00002" ; cov:effectiveFrom "2025-01-01"^^xsd:date .
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
    assert asked.text.endswith("?") and asked.text[0].isupper()
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
        "turns": "effect changed, moved",
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


@pytest.mark.parametrize(
    ("code", "day", "governed"),
    [
        ("00001", "2023-12-31", False),
        ("00001", "2024-01-01", True),
        ("00001", "2025-01-01", False),
        ("00002", "2024-12-31", False),
        ("00002", "2025-01-01", True),
    ],
)
def test_a_code_governs_on_the_days_of_the_edition_that_names_it(code, day, governed):
    found = asked_of("policies-for-code-site-date", CODE_LEFT, code=code, site="anat:Nowhere", day=day)
    assert [row["policy"] for row in found] == ["made"] * governed


def test_a_line_reviewed_twice_is_one_line():
    twice = "".join(PENDED.format(name=n, line="line", sets="x:symptoms") for n in ("one", "two"))
    (row,) = asked_of("recommendations", REVIEWS + twice)
    assert (row["recommendation"], row["lines"]) == ("pend", "1")
    (row,) = asked_of("most-releasing-document", REVIEWS + CHANGES + twice)
    assert (row["id"], row["no_other"], row["pends"]) == ("symptoms", "1", "1")
    denied = UNMET_UNDER_A_MET_GROUP.replace("urn:x:review>", "urn:x:second>")
    assert asked_of("deciding-criteria", UNMET_UNDER_A_MET_GROUP, denied) == [{"id": "compression", "denials": "1"}]


def test_the_document_without_another_way_comes_first():
    lines = [("a", "x:waiver , x:injection"), ("b", "x:waiver , x:injection"), ("c", "x:symptoms , x:judged")]
    pended = "".join(PENDED.format(name=n, line=f"line-{n}", sets=sets) for n, sets in lines)
    found = asked_of("most-releasing-document", REVIEWS + CHANGES + pended)
    assert [(r["id"], r["no_other"], r["pends"]) for r in found] == [
        ("symptoms", "1", "1"),  # a judgement would do as well, but it is no document
        ("injection", "0", "2"),
        ("trauma-waiver", "0", "2"),
    ]


def test_who_waits_for_a_clinician_waits_for_something():
    both, above = asked_of("clinician-queue", REVIEWS + SHOWN_WAITING)
    assert (both["next"], both["over"], both["why"]) == (
        "information and clinician",
        "compression, symptoms",
        "two are open",
    )
    assert (above["next"], above["why"]) == ("clinician", "a mandate")
    assert above["over"].startswith("no criterion")


def test_a_clinician_is_not_asked_over_what_decides_nothing():
    waiting = "<urn:x:review> cov:nextStep cov:NextStep-clinician-review ."
    (row,) = asked_of("clinician-queue", UNMET_UNDER_A_MET_GROUP + waiting)
    assert row["over"] == "compression"


def test_a_pair_of_readings_is_one_row():
    hinge = """x:r a cov:LineReview ; cov:reviewedLine x:line ; cov:hinge x:h .
        x:r cov:recommendation cov:Recommendation-pend .
        x:h a cov:Hinge ; cov:recommendation cov:Recommendation-approve ; cov:underReading x:r1 , x:r2 .
        x:a1 cov:hasReading x:r1 ; skos:notation "M1" . x:r1 skos:notation "wide" .
        x:a2 cov:hasReading x:r2 ; skos:notation "M2" . x:r2 skos:notation "narrow" ."""
    skos = "@prefix skos: <http://www.w3.org/2004/02/skos/core#> ."
    (row,) = asked_of("flips-under-readings", REVIEWS + skos + hinge)
    assert (row["readings"], row["now"], row["then"]) == ("M1=wide and M2=narrow", "pend", "approve")
    again = (
        "x:s a cov:LineReview ; cov:reviewedLine x:line ; cov:hinge x:h ; cov:recommendation cov:Recommendation-pend ."
    )
    assert asked_of("flips-under-readings", REVIEWS + skos + hinge + again) == [row]


def test_what_is_asked_in_two_reviews_of_a_line_is_asked_once():
    item = "x:i cov:openKind cov:Open-judgement ; cov:question 'Which term?' ."
    twice = "".join(PENDED.format(name=n, line="line", sets=f"x:s . x:{n} cov:openItem x:i") for n in ("one", "two"))
    (row,) = asked_of("questions-to-ask", REVIEWS + item + twice)
    assert (row["id"], row["question"]) == ("", "Which term?")


def test_medication_counts_by_the_shape_that_the_criterion_uses():
    counts = {row["counts"] for row in asked_of("medication-classes")}
    assert counts == {"true", "false"}
    assert {row["counts"] for row in asked_of("medication-classes", id="injection")} == {"false"}


def test_what_a_publication_lacks_does_not_hide_it():
    bare = """@prefix cito: <http://purl.org/spar/cito/> . @prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
        x:work cov:number "made" ; cov:edition x:edition . x:book rdfs:label "A book" .
        x:cited a cov:Citation ; cov:order 1 ; cito:hasCitedEntity x:book ; cito:hasCitingEntity x:edition .
        x:appraisal cov:forStatement x:said ; cov:appraises x:cited ; cov:support x:some .
        x:said rdfs:label "said" . x:some rdfs:label "some" .
        x:search a cov:DeterminationSearch ; cov:searchedFor "a thing" ; cov:searchResult x:some ."""
    (book,) = (r for r in asked_of("references", REVIEWS + bare) if r["policy"] == "made")
    assert (book["publication"], book["doi"], book["journal"]) == ("A book", "", "")
    assert "A book" in {r["publication"] for r in asked_of("statement-support", REVIEWS + bare)}
    assert "a thing" in {r["looked_for"] for r in asked_of("medicare-determinations", REVIEWS + bare)}


def test_evidence_names_the_studies_that_count():
    assert {row["studies"] for row in asked_of("evidence-for-compression")} == {"CT, EMG, MRI, NCS, ultrasound"}
    assert all(row["studies"].startswith("not limited") for row in asked_of("evidence-for-compression", id="injection"))


@pytest.mark.parametrize("id", ["compression", "symptoms", "injection", "trauma-waiver", "imaging-support"])
def test_what_is_asked_of_evidence_is_never_empty(id):
    found = asked_of("evidence-for-compression", id=id)
    assert found and all(all(row.values()) for row in found)


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
    reviews = review_data()[1::2]  # each follows the request that it is of
    fixed = [case_named(name).as_of for name in [*REVIEWED, OTHERWISE[0]]]
    found = [set(re.findall(r'coverage#asOf> "([0-9-]+)"', text)) for _, text in reviews]
    assert found == [{day.isoformat()} for day in fixed]


def test_a_shape_that_nobody_uses_would_be_noticed():
    idle = "<urn:x:idle> <http://www.w3.org/ns/shacl#name> 'idle' ."
    (row,) = asked_of("shapes-nobody-uses", idle, graph="https://w3id.org/plexus/shapes/policy/made")
    assert row == {"shape": "urn:x:idle", "name": "idle"}


def test_a_clause_about_a_criterion_that_no_shape_carries_out_would_be_noticed():
    bare = """@prefix cov: <https://w3id.org/plexus/coverage#> .
        <urn:x:clause> a cov:Clause ; cov:bearsOn <urn:x:leaf> , <urn:x:doubt> .
        <urn:x:leaf> a cov:LeafCriterion . <urn:x:doubt> a cov:Ambiguity ."""
    assert [row["on"] for row in asked_of("clauses-without-shape", bare)] == ["urn:x:doubt", "urn:x:leaf"]
