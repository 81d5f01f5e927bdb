"""Every case in every form: valid JSON, narrow text, safe HTML, loadable Turtle, the same bytes twice."""

from __future__ import annotations

import json
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from conftest import ROOT, Case, case_named, reviewed
from jsonschema import Draft202012Validator
from pyoxigraph import NamedNode, RdfFormat, parse

from reasoner import review
from reasoner.dataset import knowledge_graphs
from reasoner.lint import faults
from reasoner.model import Review
from reasoner.render import as_json, html, text, turtle
from reasoner.render.words import columns

SCHEMA = json.loads((ROOT / "reasoner/review.schema.json").read_text(encoding="utf-8"))
VALIDATOR = Draft202012Validator(SCHEMA)


def test_json_fits_the_published_schema(case: Case):
    data = json.loads(as_json.to_json([reviewed(case.name)]))
    assert sorted(e.message for e in VALIDATOR.iter_errors(data)) == []
    assert data["determination"] is None


def test_the_schema_refuses_a_determination_and_an_unknown_key():
    data = as_json.to_dict(reviewed("complete-record"))
    assert list(VALIDATOR.iter_errors({**data, "determination": "denied"}))
    assert list(VALIDATOR.iter_errors({**data, "extra": 1}))


def test_text_fits_one_hundred_columns(case: Case):
    lines = text.render(reviewed(case.name)).split("\n")
    assert max(len(line) for line in lines) <= 100
    assert any("recommended" in line or "NOT APPLICABLE" in line for line in lines)


def test_every_criterion_shows_its_status_and_place(case: Case):
    out = " ".join(text.render(reviewed(case.name)).split())
    for line in reviewed(case.name).lines:
        for criterion in line.criteria:
            assert f"{criterion.label}: {criterion.status}" in out
            assert f"{criterion.source.section}, page {criterion.source.page}]" in out


def test_same_input_gives_the_same_bytes():
    case = case_named("two-lines-on-one-request")
    first, second = (as_json.to_json(review(case.request, as_of=case.as_of)) for _ in range(2))
    assert first == second


def test_several_requests_give_an_array():
    found = [reviewed("complete-record"), reviewed("injection-undocumented")]
    assert len(json.loads(as_json.to_json(found))) == 2
    assert isinstance(json.loads(as_json.to_jsonl(found[0])), dict)


class Page(HTMLParser):
    VOID = {"meta", "br", "hr", "link", "img", "input"}

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()
        self.references: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.seen.add(tag)
        self.references += [v for k, v in attrs if k in ("src", "href", "style") and v and "margin" not in v]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_html_is_self_contained_and_well_nested(case: Case):
    page = Page()
    page.feed(html.render([reviewed(case.name)]))
    assert page.open == []
    assert page.references == []
    assert not page.seen & {"script", "iframe", "object", "img", "link"}
    assert {"title", "h1", "h2", "h3"} <= page.seen


NASTY = "<script>alert(1)</script>\x1b[31m\u202eevil\x00"


def test_text_of_the_record_cannot_steer_terminal_or_page():
    one = reviewed("complete-record")
    bad = replace(one, identifier=NASTY, lines=tuple(replace(x, notes=(NASTY,), reason=NASTY + ".") for x in one.lines))
    page = html.render([bad])
    assert "<script" not in page
    for out in (page, text.render(bad), turtle.render(bad)):
        assert "\x1b" not in out
        assert "\u202e" not in out
        assert "\x00" not in out


def test_colour_only_where_asked():
    one = reviewed("complete-record")
    assert "\x1b[" not in text.render(one)
    assert "\x1b[" in text.render(one, colour=True)


def test_turtle_loads_and_uses_declared_terms_only(case: Case, knowledge):
    quads = list(parse(turtle.render(reviewed(case.name)).encode(), format=RdfFormat.TURTLE))
    assert quads
    declared = {s.value for s, p, _ in knowledge.ontology if p.value.endswith("#type") and hasattr(s, "value")}
    files = [f"{policy.slug}.default.ttl" for policy in knowledge.policies]
    declared |= {s.value for name in files for s, _, _ in knowledge.shapes("policies", name)}
    used = {t.value for q in quads for t in (q.predicate, q.object) if str(t).startswith("<https://w3id.org/plexus/")}
    assert used - declared == set()


@pytest.mark.parametrize("name", ["complete-record", "two-lines-on-one-request", "plan-excludes-the-procedure"])
def test_turtle_uses_terms_of_other_vocabularies_that_exist(name):
    quads = parse(turtle.render(reviewed(name)).encode(), format=RdfFormat.TURTLE)
    triples = tuple((q.subject, q.predicate, q.object) for q in quads)
    assert list(faults({**knowledge_graphs(ROOT), "urn:x:review": triples})) == []
    wrong = (triples[0][0], NamedNode("http://www.w3.org/ns/earl#tset"), triples[0][2])
    assert len(list(faults({**knowledge_graphs(ROOT), "urn:x:review": (wrong,)}))) == 1


@pytest.mark.parametrize("name", ["complete-record", "injection-undocumented", "spine-decompression-under-64714"])
def test_adverse_and_open_answers_are_no_determination(name):
    line = reviewed(name).lines[0]
    out = text.render(reviewed(name))
    assert ("not a determination" in out) == (line.recommendation.value in ("deny", "pend"))
    assert "should be treated" not in out


def test_no_output_advises_treatment_or_another_code(case: Case):
    out = text.render(reviewed(case.name)).lower()
    for phrase in ("bill with", "use code", "resubmit with code", "we advise", "should undergo", "try physical"):
        assert phrase not in out


STEERING = "a\tb\rc\u2028d\x9b31m\x85e\u202ef " + "\u6f22\u5b57" * 80
"""A tab, ends of line, C1 controls and a change of direction; then wide characters without a space."""


def test_words_on_both_sides_of_a_tab_stay_apart():
    one = replace(reviewed("complete-record"), identifier=STEERING)
    assert "Request a b c d31m ef" in text.render(one)


def test_wide_characters_do_not_break_the_width():
    one = reviewed("complete-record")
    wide = replace(one, lines=tuple(replace(x, notes=(STEERING,), reason=STEERING) for x in one.lines))
    assert max(columns(line) for line in text.render(wide).split("\n")) <= 100


def test_json_keeps_every_character_and_steers_no_terminal():
    one = replace(reviewed("complete-record"), identifier=STEERING)
    for out in (as_json.to_json([one]), as_json.to_jsonl(one)):
        assert json.loads(out)["identifier"] == STEERING
        assert not set(out) & set("\x1b\x85\x9b\u2028\u202e")
    assert len(as_json.to_jsonl(one).splitlines()) == 1


def triples_of(one: Review) -> set[tuple[str, str, str]]:
    quads = parse(turtle.render(one).encode(), format=RdfFormat.TURTLE)
    return {(str(q.subject), str(q.predicate), str(q.object)) for q in quads}


def test_each_assertion_has_an_outcome_behind_its_result(case: Case):
    earl = "<http://www.w3.org/ns/earl#{}>".format
    found = triples_of(reviewed(case.name))
    results = {o for _, p, o in found if p == earl("result")}
    outcomes = [(s, o) for s, p, o in found if p == earl("outcome")]
    assert results == {s for s, _ in outcomes}
    assert len(results) == len(outcomes) == sum(len(x.criteria) for x in reviewed(case.name).lines)
    assert {o for _, o in outcomes} <= {earl("passed"), earl("failed"), earl("cantTell")}


def test_reviews_that_differ_in_what_they_rest_on_share_no_name():
    one = reviewed("complete-record")
    others = [
        replace(one, readings={**one.readings, "A10": "any-one"}),
        replace(one, digests=replace(one.digests, policy="0" * 64)),
        replace(one, version="9"),
        replace(one, as_of="2026-03-02"),
    ]
    names = [{s for s, _, _ in triples_of(r) if ":review:" in s} for r in (one, *others)]
    for i, first in enumerate(names):
        assert all(not first & second for second in names[i + 1 :])


def test_an_unmet_leaf_says_why():
    one = reviewed("spine-decompression-under-64714")
    unmet = next(c for c in one.lines[0].criteria if c.kind.value == "leaf" and c.status == "unmet")
    assert unmet.message in " ".join(text.render(one).split())
    assert f"why: {unmet.message}" in html.render([one])
