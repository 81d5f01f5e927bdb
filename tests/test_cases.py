"""Every case comes out as its expectation says, by hand and before any engine ran."""

from __future__ import annotations

import re
import tomllib

import pytest
from conftest import CASES, ROOT, all_cases, reviewed

from reasoner import review
from reasoner.model import Recommendation, Verb


def test_recommendation_basis_next_and_statuses(case):
    result = reviewed(case.name)
    lines = {x.sequence: x for x in result.lines}
    assert set(lines) == {x["sequence"] for x in case.expected["line"]}
    for expected in case.expected["line"]:
        line = lines[expected["sequence"]]
        got = (line.recommendation.value, line.basis.value, line.next.value)
        assert got == (expected["recommendation"], expected["basis"], expected["next"])
        assert {c.id: c.status for c in line.criteria} == expected.get("statuses", {})
        items = {(i.criterion, i.kind.value) for i in line.open_items}
        assert items == {(i["criterion"], i["kind"]) for i in expected.get("open_items", [])}
        assert {r.policy for r in line.related} == set(expected.get("related", []))


def test_hinges(case):
    result = reviewed(case.name)
    lines = {x.sequence: x for x in result.lines}
    for expected in case.expected["line"]:
        found = {
            frozenset(f"{c.ambiguity}={c.reading}" for c in h.changes) for h in lines[expected["sequence"]].hinges_on
        }
        assert {frozenset(h) for h in expected.get("hinges_on", [])} <= found


def test_notes(case):
    result = reviewed(case.name)
    text = " ".join(" ".join((*x.notes, x.reason)) for x in result.lines).lower()
    missing = [n for n in case.expected.get("notes_contain", []) if n.lower() not in text]
    assert missing == []


def test_interactions(case):
    found = reviewed(case.name).interactions
    assert [i.kind.value for i in found] == case.expected.get("interactions", [])
    for interaction in found:
        assert len({s.line for s in interaction.sides}) == 2


def test_a_hinge_is_true_when_the_reading_is_chosen(case):
    for line in reviewed(case.name).lines:
        for hinge in line.hinges_on[:1]:
            chosen = {c.ambiguity: c.reading for c in hinge.changes}
            (again,) = review(case.request, as_of=case.as_of, readings=chosen)
            got = next(x for x in again.lines if x.sequence == line.sequence).recommendation
            assert got is hinge.recommendation


def test_reasons_name_their_grounds(case):
    for line in reviewed(case.name).lines:
        assert line.reason.endswith((".", ")"))
        assert "  " not in line.reason
        if line.recommendation is Recommendation.DENY:
            assert "needs a clinician" in line.headline
            assert "page" in line.reason
            assert all(any(c.verb is Verb.NEW_EVENT for c in changes) for changes in line.to_approve)


PLAIN_TABOO = re.compile(r"\b(?:[A-Z]{2,}|[A-Z]\d{2}(?:\.\w+)?|\d{5})\b")


def test_plain_reason_has_no_codes_and_no_abbreviations(case):
    for line in reviewed(case.name).lines:
        assert PLAIN_TABOO.findall(line.reason_plain) == []


def test_there_are_enough_cases():
    cases = all_cases()
    assert len(cases) >= 70
    assert sum((c.folder / "request.jsonld").exists() for c in cases) >= 10
    titles = [c.expected["title"] for c in cases]
    assert len(set(titles)) == len(titles)
    assert all(t.endswith(".") for t in titles)


def test_the_decision_table_names_every_case():
    table = (CASES / "README.md").read_text(encoding="utf-8")
    assert [c.name for c in all_cases() if c.name not in table] == []
    folders = {p.name for p in CASES.iterdir() if p.is_dir()}
    assert folders == {c.name for c in all_cases()}


def test_every_ambiguity_that_matters_has_a_case_that_hinges_on_it(each_policy):
    named = {
        change.split("=")[0]
        for case in all_cases()
        for line in case.expected["line"]
        for hinge in line.get("hinges_on", [])
        for change in hinge
    }
    needed = {a.notation for a in each_policy.ambiguities if set(a.affects) & {"leaf", "group", "exclusion", "scope"}}
    assert needed - named == set()


@pytest.mark.parametrize("name", [c.name for c in all_cases() if (c.folder / "request.jsonld").exists()])
def test_jsonld_twin_gives_the_same_graph(name):
    folder = CASES / name
    expected = tomllib.loads((folder / "expected.toml").read_text(encoding="utf-8"))
    (turtle,) = review(folder / "request.ttl", as_of=expected["as_of"])
    (jsonld,) = review(folder / "request.jsonld", as_of=expected["as_of"])
    assert turtle.digests.request == jsonld.digests.request
    assert turtle == jsonld


def test_no_case_tells_of_this_machine():
    for path in CASES.rglob("*.*"):
        assert str(ROOT) not in path.read_text(encoding="utf-8")
