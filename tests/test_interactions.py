"""Facts that matter to two lines of one request are told, with both criteria and places; others are not."""

from __future__ import annotations

import json

import pytest
from conftest import ROOT, case_named, reviewed
from jsonschema import Draft202012Validator

from reasoner import review
from reasoner.intake import read
from reasoner.interactions import interactions
from reasoner.knowledge import load
from reasoner.model import InteractionKind
from reasoner.render import as_json, html, text, turtle
from reasoner.vocabulary import COV

STEM = "decompression-and-plexus-release-"
ONE_OF_EACH = {
    "for-one-stenosis": InteractionKind.EXCLUDED_INDICATION,
    "on-one-symptom": InteractionKind.OPPOSED,
    "in-one-note": InteractionKind.DOCUMENT,
}


@pytest.mark.parametrize("name", ONE_OF_EACH)
def test_the_helped_line_comes_first_and_both_places_are_told(name):
    (found,) = reviewed(STEM + name).interactions
    assert found.kind is ONE_OF_EACH[name]
    helped, harmed = found.sides
    assert (helped.line, helped.policy, harmed.line, harmed.policy) == (2, "CMM-608", 1, "0587")
    for side in found.sides:
        assert f"“{side.label}” (policy {side.policy}, section {side.source.section}, page {side.source.page})" in (
            found.sentence
        )
        assert f"line {side.line} (" in found.sentence.lower()


def test_the_sides_of_an_opposed_fact_are_what_the_lines_say_of_it():
    request = reviewed(STEM + "on-one-symptom")
    (found,) = request.interactions
    roles = {}
    for side in found.sides:
        line = next(x for x in request.lines if x.sequence == side.line)
        criterion = next(c for c in line.criteria if c.id == side.criterion)
        roles[side.line] = {e.role for e in criterion.evidence if e.iri == found.evidence}
    assert roles == {1: {"against"}, 2: {"for"}}


def test_what_serves_both_lines_is_told_once_each():
    found = reviewed(STEM + "after-one-therapy").interactions
    assert [i.kind for i in found] == [InteractionKind.SHARED] * 2
    assert {tuple(s.criterion for s in i.sides) for i in found} == {
        ("physical-therapy", "spine-therapy"),
        ("oral-medication", "spine-medication"),
    }


@pytest.mark.parametrize(
    "name",
    [
        "decompression-beside-plexus-release",
        STEM + "with-relief",
        "two-lines-on-one-request",
        "two-sides-on-two-lines",
        "complete-record",
    ],
)
def test_lines_with_conditions_and_evidence_of_their_own_have_no_interaction(name):
    assert reviewed(name).interactions == ()
    assert "Between the lines" not in text.render(reviewed(name))


def test_apart_again_when_the_evidence_is_of_one_condition_only():
    """The same request with the shared therapy and medication kept to the spine interacts no longer."""
    case = case_named(STEM + "after-one-therapy")
    apart = case.request.read_text(encoding="utf-8").replace("cov:about :condition , :stenosis", "cov:about :stenosis")
    (made,) = review(apart.encode(), as_of=case.as_of)
    assert made.interactions == ()


def test_an_exclusion_that_names_no_other_policy_is_no_interaction_by_itself():
    case = case_named(STEM + "for-one-stenosis")
    (record,) = read(case.request, as_of=case.as_of)
    lines = reviewed(case.name).lines
    known = {p.iri: p.excludes_indication_of for p in load().policies}
    assert [i.kind for i in interactions(lines, known, record.triples)] == [InteractionKind.EXCLUDED_INDICATION]
    assert interactions(lines, {}, record.triples) == ()
    assert interactions(lines[:1], known, record.triples) == ()


@pytest.mark.parametrize("name", [STEM + n for n in (*ONE_OF_EACH, "after-one-therapy")])
def test_every_form_of_output_has_the_interactions(name):
    request = reviewed(name)
    data = json.loads(as_json.to_json([request]))
    schema = json.loads((ROOT / "reasoner/review.schema.json").read_text(encoding="utf-8"))
    assert list(Draft202012Validator(schema).iter_errors(data)) == []
    assert [i["sentence"] for i in data["interactions"]] == [i.sentence for i in request.interactions]
    page, plain = html.render([request]), " ".join(text.render(request).split())
    triples = turtle.review_triples(request)
    for found in request.interactions:
        assert found.sentence in plain
    assert page.count('<section class="between">') == 1
    nodes = [t.object for t in triples if t.predicate == COV.interaction]
    assert len(nodes) == len(request.interactions)
    for node in nodes:
        assert sum(t.subject == node and t.predicate == COV.between for t in triples) == 2
    broken = {**data, "interactions": [{**data["interactions"][0], "kind": "other"}]}
    assert list(Draft202012Validator(schema).iter_errors(broken))


def test_a_review_under_a_summary_model_says_so_and_another_does_not():
    caution = next(p for p in load().policies if p.number == "CMM-608").caution
    assert "not the text of the publisher" in caution
    for line in reviewed(STEM + "for-one-stenosis").lines:
        under_summary = line.policy is not None and line.policy.number == "CMM-608"
        assert (caution in line.notes) is under_summary
        assert (caution in line.reason_plain) is under_summary
    (outside,) = reviewed("decompression-before-the-first-day").lines
    assert caution in outside.notes
