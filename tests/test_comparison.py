"""plexus compare: what changed between two reviews of one request, and the cause of each change."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import date
from functools import cache
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner
from conftest import CASES, Case, case_named, reviewed
from jsonschema import Draft202012Validator

from reasoner import review
from reasoner.cli import main
from reasoner.comparing.comparison import Comparison, compare
from reasoner.comparing.differences import CauseKind, Fate, LineComparison, nameless
from reasoner.errors import ComparisonError
from reasoner.model import Interaction, InteractionKind, InteractionSide, Recommendation, Review
from reasoner.questioning.suppose import with_added
from reasoner.render import as_json
from reasoner.render import comparison as render
from reasoner.render.words import columns
from reasoner.resources import schema_file

DAY = date(2026, 3, 1)
SCHEMA = Draft202012Validator(json.loads(schema_file("comparison").read_text(encoding="utf-8")))
HEAD = """@prefix : <https://example.org/pa/{name}#> .
@prefix anat: <https://w3id.org/plexus/anatomy#> .
@prefix clin: <https://w3id.org/plexus/clinical#> .
@prefix cov: <https://w3id.org/plexus/coverage#> .
@prefix dcterms: <http://purl.org/dc/terms/> .
@prefix p0587: <https://w3id.org/plexus/policy/0587#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
"""
BLOCK = """
:block a clin:Treatment ; clin:kind clin:Injection ; clin:target clin:LumbarPlexusTarget ;
    clin:outcome clin:NoRelief ; cov:date "2026-02-20"^^xsd:date ; cov:about :condition .
"""
LATER_MRI = """
:mri2 a clin:Study ; clin:modality clin:MRI ; clin:region clin:PlexusRegion ; cov:date "2026-02-20"^^xsd:date ;
    clin:reportStatus clin:FinalReport ; clin:hasFinding :finding2 .
:finding2 a clin:Finding ; clin:kind clin:NerveCompression ; clin:presence clin:Absent ;
    clin:site anat:LumbarPlexusWithinPsoas ; clin:side clin:Left ; cov:about :condition .
"""


def text_of(name: str) -> str:
    return case_named(name).request.read_text(encoding="utf-8")


@cache
def of(name: str, more: str = "", day: date = DAY, **readings: str) -> Review:
    """A case reviewed with further triples and readings."""
    (only,) = review((text_of(name) + more).encode(), as_of=day, readings=readings, format="turtle")
    return only


def line_of(compared: Comparison) -> LineComparison:
    (line,) = compared.lines
    return line


def causes(line: LineComparison, criterion: str) -> list[CauseKind]:
    (change,) = [c for c in line.criteria if c.criterion == criterion]
    return [c.kind for c in change.causes]


def fates(line: LineComparison) -> dict[str, Fate]:
    return {e.iri.rpartition("#")[2]: e.fate for e in line.evidence}


# ---- Causes ----------------------------------------------------------------------------------------


def test_an_answered_pend_by_new_evidence():
    compared = compare(of("injection-undocumented"), of("injection-undocumented", BLOCK))
    line = line_of(compared)
    assert (line.before.recommendation, line.after.recommendation) == (Recommendation.PEND, Recommendation.APPROVE)
    assert fates(line) == {"block": Fate.NEW}
    assert causes(line, "injection") == [CauseKind.NEW_EVIDENCE]
    assert causes(line, "treatments") == [CauseKind.MEMBERS]
    assert {i.criterion for i in line.open_items_closed} == {"injection", "trauma-waiver"}
    assert line.open_items_new == ()
    assert line.why[0] == "The recommendation was pend and is approve."
    assert "new evidence is on record: injection, aimed at: the lumbar plexus" in line.why[1]
    assert len(line.why) == 2 and compared.other_outcome


def test_withdrawn_evidence():
    line = line_of(compare(of("injection-undocumented", BLOCK), of("injection-undocumented")))
    assert fates(line) == {"block": Fate.REMOVED}
    assert causes(line, "injection") == [CauseKind.REMOVED_EVIDENCE]
    assert line.after.recommendation is Recommendation.PEND
    assert {i.criterion for i in line.open_items_new} == {"injection", "trauma-waiver"}


def test_evidence_recorded_otherwise():
    better = BLOCK.replace("clin:NoRelief", "clin:AdequateRelief")
    line = line_of(compare(of("injection-undocumented", BLOCK), of("injection-undocumented", better)))
    assert fates(line) == {"block": Fate.CHANGED}
    assert causes(line, "injection") == [CauseKind.CHANGED_EVIDENCE]
    (evidence,) = line.evidence
    assert "no relief" in evidence.before and "adequate relief" in evidence.after


def test_other_words_for_the_same_record_are_no_change_of_evidence():
    one = of("complete-record")
    (line,) = one.lines
    criteria = tuple(
        replace(c, evidence=tuple(replace(e, summary=f"{e.summary}, in other words") for e in c.evidence))
        for c in line.criteria
    )
    told = replace(other(one, policy="0" * 64), lines=(replace(line, criteria=criteria),))
    assert line_of(compare(one, told)).evidence == ()


def test_superseded_evidence_and_what_rested_on_it():
    line = line_of(compare(of("complete-record"), of("complete-record", LATER_MRI)))
    assert fates(line)["finding2"] is Fate.NEW
    assert fates(line)["mri-finding"] is Fate.SUPERSEDED
    assert fates(line)["pain"] is Fate.COUNTS_NO_LONGER
    assert set(causes(line, "compression")) == {CauseKind.NEW_EVIDENCE, CauseKind.SUPERSEDED_EVIDENCE}
    assert causes(line, "symptoms") == [CauseKind.COUNTED_OTHERWISE, CauseKind.RECORD]
    told = next(w for w in line.why if w.startswith("“causes significant symptoms”"))
    assert "now not used: It is not attributed to a compression that counts" in told


def test_another_reading():
    compared = compare(of("injection-undocumented"), of("injection-undocumented", A10="any-one"))
    line = line_of(compared)
    assert [(i.kind, i.name) for i in compared.inputs] == [(CauseKind.READING, "A10")]
    assert causes(line, "treatments") == [CauseKind.READING]
    assert line.evidence == ()
    assert line.why[1] == (
        "“listed treatments exhausted” was open and is met: A10 is read as “any-one” instead of “each-listed”."
    )
    assert len(line.why) == 2  # groups that only follow need no sentence


def test_a_reading_of_evidence_says_that_evidence_counts_otherwise():
    line = line_of(compare(of("compression-quoted-in-a-note"), of("compression-quoted-in-a-note", A4="clinical-note")))
    assert causes(line, "compression") == [CauseKind.READING, CauseKind.COUNTED_OTHERWISE]
    assert fates(line)["mri-finding"] is Fate.COUNTS_NOW
    # The symptoms have no such reading of their own: what remains is the one thing that differs.
    assert causes(line, "symptoms") == [CauseKind.COUNTED_OTHERWISE, CauseKind.READING]


def with_readings(one: Review, number: str, **readings: str) -> Review:
    """A review as if the policies applied had been others, with these readings."""
    lines = tuple(replace(x, policy=replace(x.policy, number=number) if x.policy else None) for x in one.lines)
    return replace(one, lines=lines, readings={name.replace("_", ":", 1): r for name, r in readings.items()})


def test_a_name_with_the_number_of_its_policy_is_the_same_ambiguity():
    one = of("complete-record")
    bare, named = with_readings(one, "P1", A1="x", A2="y"), with_readings(one, "P1", P1_A1="x", P1_A2="z", P2_A1="q")
    assert [(i.name, i.before, i.after) for i in compare(bare, named).inputs] == [("P1:A2", "y", "z")]
    assert [(i.name, i.before, i.after) for i in compare(named, bare).inputs] == [("A2", "z", "y")]


def test_readings_of_a_policy_that_only_one_review_applied_are_no_change():
    one = of("complete-record")
    assert compare(with_readings(one, "P1", A1="x"), with_readings(one, "P2", A1="y", A3="w")).inputs == ()


def other(one: Review, **changed: str) -> Review:
    return replace(one, digests=replace(one.digests, **changed))


def flipped(one: Review, criterion: str, status: str) -> Review:
    """A review as other software might have made it: one status differs, the evidence does not."""
    (line,) = one.lines
    criteria = tuple(replace(c, status=status) if c.id == criterion else c for c in line.criteria)
    return replace(one, lines=(replace(line, criteria=criteria),))


INPUTS = {
    CauseKind.POLICY: {"policy": "0" * 64},
    CauseKind.SHAPES: {"shapes": "0" * 64},
    CauseKind.PROGRAM: {"program": "0" * 64},
    CauseKind.RECORD: {"request": "0" * 64},
}


@pytest.mark.parametrize("kind", INPUTS)
def test_where_the_evidence_does_not_tell_the_one_thing_that_differs_is_the_cause(kind):
    one = of("complete-record")
    line = line_of(compare(one, other(flipped(one, "symptoms", "conflicting"), **INPUTS[kind])))
    (change,) = [c for c in line.criteria if c.criterion == "symptoms"]
    assert [(c.kind, c.certain) for c in change.causes] == [(kind, True)]


def test_where_several_things_differ_the_reviews_alone_do_not_tell():
    one = of("complete-record")
    two = replace(other(flipped(one, "symptoms", "unmet"), shapes="1" * 64), version="9.9", engine="another")
    line = line_of(compare(one, two))
    (change,) = [c for c in line.criteria if c.criterion == "symptoms"]
    assert {c.kind for c in change.causes} == {CauseKind.SHAPES, CauseKind.SOFTWARE, CauseKind.ENGINE}
    assert not any(c.certain for c in change.causes)
    assert line.why[-1].startswith("Several things changed at once")
    assert "possibly, plexus 9.9 reviewed" in " ".join(line.why)


def test_where_nothing_differs_but_the_status_that_is_said():
    one = of("complete-record")
    line = line_of(compare(one, flipped(one, "symptoms", "unmet")))
    assert causes(line, "symptoms") == [CauseKind.UNKNOWN]
    assert "nothing that the two reviews tell of themselves differs" in " ".join(line.why)


def test_another_edition():
    one = of("complete-record")
    (line,) = one.lines
    assert line.policy is not None
    later = replace(
        flipped(one, "symptoms", "undocumented"),
        lines=(
            replace(
                flipped(one, "symptoms", "undocumented").lines[0], policy=replace(line.policy, edition="2026-12-01")
            ),
        ),
    )
    compared = line_of(compare(one, later))
    assert compared.after.edition == "2026-12-01"
    assert causes(compared, "symptoms") == [CauseKind.EDITION]
    assert "edition applied is 0587, 2026-12-01 instead of 0587, 2025-12-01" in " ".join(compared.why)


def test_a_term_above_the_policy_is_told_by_its_note():
    """The outcome is another one and no criterion is: what stands beside the criteria is told."""
    term = """
:request cov:plan :plan . :plan a cov:Plan ; dcterms:title "Plan 2026" ; cov:term :term .
:term a cov:PlanTerm ; dcterms:title "Nerve surgery rider" ; cov:effect cov:Excludes ; cov:citation "Section 8.2" .
"""
    line = line_of(compare(of("complete-record"), of("complete-record", term)))
    assert line.after.recommendation is Recommendation.DENY and line.criteria == ()
    assert any(w.startswith("Noted now: Plan term “Nerve surgery rider”") for w in line.why)
    assert any("No plan document on file" in w for w in line.why)


def test_another_day_alone_changes_nothing_else():
    compared = compare(of("complete-record"), of("complete-record", "", date(2026, 3, 9)))
    line = line_of(compared)
    assert [i.kind for i in compared.inputs] == [CauseKind.DAY]
    assert not compared.other_outcome and line.criteria == () and line.evidence == ()
    assert line.why == ("The recommendation stays approve.",)


def test_what_the_request_states_of_itself_is_compared():
    appeal = text_of("injection-undocumented").replace("cov:stage cov:Initial", "cov:stage cov:Appeal") + BLOCK
    (after,) = review(appeal.encode(), as_of=DAY, format="turtle")
    compared = compare(of("injection-undocumented"), after)
    assert [(h.name, h.before, h.after) for h in compared.header] == [("stage", "initial", "appeal")]
    assert compared.other_outcome


@pytest.mark.sampled(every=6)
def test_a_review_does_not_differ_from_itself(case: Case):
    one = reviewed(case.name)
    compared = compare(one, one)
    assert not compared.other_outcome and compared.inputs == () and compared.same_request
    for line in compared.lines:
        assert (line.criteria, line.evidence, line.open_items_closed, line.open_items_new) == ((), (), (), ())
        assert line.why == (f"The recommendation stays {line.after.recommendation.value}.",)


@pytest.mark.sampled(every=12)
def test_comparing_backwards_is_the_reverse(case: Case):
    one = reviewed(case.name)
    (two,) = review(case.request, as_of=case.as_of, readings={"A4": "code-or-order", "A9": "any", "A10": "any-one"})
    there, back = compare(one, two), compare(two, one)
    for a, b in zip(there.lines, back.lines, strict=True):
        assert (a.before, a.after) == (b.after, b.before)
        assert {(c.criterion, c.before, c.after) for c in a.criteria} == {
            (c.criterion, c.after, c.before) for c in b.criteria
        }
        assert set(a.open_items_closed) == set(b.open_items_new)
        assert set(a.notes_gone) == set(b.notes_new)
        for change in a.criteria:
            if change.other_status:
                assert change.causes, change.criterion


# ---- The same request, the same line, the same evidence --------------------------------------------


def test_two_requests_are_refused_unless_compared_anyway():
    one, two = of("complete-record"), of("rich-record")
    with pytest.raises(ComparisonError, match=r"reviews of two requests: PA-.* and PA-.*--anyway"):
        compare(one, two)
    compared = compare(one, two, anyway=True)
    assert not compared.same_request
    assert "These are reviews of two requests" in render.render(compared)


def test_a_request_is_known_by_its_iri_or_by_its_identifier():
    one = of("complete-record")
    assert compare(one, replace(one, identifier="PA-2")).same_request
    assert compare(one, replace(one, request="urn:other")).same_request
    with pytest.raises(ComparisonError):
        compare(replace(one, identifier=None), replace(one, identifier=None, request="urn:other"))


def test_names_that_intake_made_prove_nothing():
    made = "urn:plexus:node:0123456789abcdef:c14n0"
    assert nameless(made) and not nameless("urn:plexus:node")
    one = replace(of("complete-record"), request=made, identifier=None)
    with pytest.raises(ComparisonError):
        compare(one, one)


def test_nameless_evidence_is_recognised_by_what_is_told_of_it():
    """Blank nodes get another name with every change of the record; they are the same evidence all the same."""
    text = text_of("injection-undocumented")
    for name in ("pain", "therapy", "medication"):
        text = re.sub(rf":{name}\b", f"_:{name}", text)
    first, second = (review((text + m).encode(), as_of=DAY, format="turtle")[0] for m in ("", BLOCK))
    names = [{e.iri for c in r.lines[0].criteria for e in c.evidence if nameless(e.iri)} for r in (first, second)]
    assert len(names[0]) == 3 and not names[0] & names[1]
    assert fates(line_of(compare(first, second))) == {"block": Fate.NEW}


def test_a_record_sent_anew_with_other_names_is_the_same_evidence():
    renamed = text_of("injection-undocumented").replace("/pa/injection-undocumented#", "/resent#")
    (after,) = review((renamed + BLOCK).encode(), as_of=DAY, format="turtle")
    compared = compare(of("injection-undocumented"), after)
    assert compared.same_request  # by its identifier
    assert fates(line_of(compared)) == {"block": Fate.NEW}


def test_lines_are_matched_by_iri_then_by_number_and_the_rest_is_told():
    one = of("two-lines-on-one-request")
    first, second = one.lines
    swapped = replace(one, lines=(second, first))
    assert [x.sequence for x in compare(one, swapped).lines] == [2, 1]
    renamed = replace(one, lines=(replace(first, iri="urn:new"), second))
    assert len(compare(one, renamed).lines) == 2
    fewer = replace(one, lines=(first,))
    compared = compare(one, fewer)
    assert [x.sequence for x in compared.lines_gone] == [2] and compared.other_outcome
    assert [x.sequence for x in compare(fewer, one).lines_new] == [2]
    assert "No longer there\n  - line 2: code 63047" in render.render(compared)


def test_what_is_said_of_the_lines_together_is_compared():
    one = of("two-lines-on-one-request")
    side = InteractionSide(1, "0587", "support", "urn:c", "support", "urn:e", one.lines[0].criteria[0].source)
    said = Interaction(InteractionKind.SHARED, "urn:e", "an MRI", None, None, (side, side), "Both lines rest on it.")
    bare, told = replace(one, interactions=()), replace(one, interactions=(said,))
    assert compare(bare, told).interactions_new == ("Both lines rest on it.",)
    assert compare(told, bare).interactions_gone == ("Both lines rest on it.",)
    assert "Said of the lines together now\n  - Both lines rest on it." in render.render(compare(bare, told))
    assert compare(told, told).interactions_new == ()


def test_a_line_that_no_policy_governs_any_more_lists_no_evidence():
    before, after = of("complete-record"), of("complete-record", A23="plexus-codes")
    assert compare(before, after).lines[0].criteria == ()
    text = text_of("complete-record").replace('"64714"', '"63030"')
    (other_code,) = review(text.encode(), as_of=DAY, format="turtle")
    line = line_of(compare(before, other_code))
    assert line.after.recommendation is Recommendation.NOT_APPLICABLE
    assert line.evidence == ()
    assert all(c.after is None for c in line.criteria)


# ---- The command -----------------------------------------------------------------------------------


@pytest.fixture
def files(tmp_path):
    def write(**reviews: Review) -> list[str]:
        out = []
        for name, one in reviews.items():
            path = tmp_path / f"{name}.json"
            path.write_text(as_json.to_json([one]), encoding="utf-8")
            out.append(str(path))
        return out

    return write


def run(*arguments: str, input: str | None = None):
    return CliRunner().invoke(main, ["compare", *arguments], input=input)


def test_the_command_tells_outcome_cause_and_what_is_no_longer_asked(files):
    done = run(*files(old=of("injection-undocumented"), new=of("injection-undocumented", BLOCK)))
    assert done.exit_code == 0
    text = " ".join(done.stdout.split())
    assert "Before: PEND recommended" in text and "After: APPROVE recommended" in text
    assert "- The record was changed." in text
    assert "injection-based treatment exhausted (injection): undocumented → met" in text
    assert "No longer asked - Documents to ask for: Where acute trauma" in text
    assert max(columns(row) for row in done.stdout.split("\n")) <= 100


def test_json_lines_standard_input_and_several_reviews(files, tmp_path):
    old, new = of("injection-undocumented"), of("injection-undocumented", BLOCK)
    batch = tmp_path / "batch.jsonl"
    batch.write_text(as_json.to_jsonl(of("complete-record")) + as_json.to_jsonl(old), encoding="utf-8")
    done = run(str(batch), "-", "--format", "json", input=as_json.to_json([new]))
    assert done.exit_code == 0, done.stderr
    data = json.loads(done.stdout)
    assert data["lines"][0]["before"]["recommendation"] == "pend"
    assert [e.message for e in SCHEMA.iter_errors(data)] == []
    (alone,) = files(alone=of("rich-record"))
    missing = run(str(batch), alone)
    assert missing.exit_code == 1 and "holds 2 reviews, and none is of PA-" in missing.stderr
    both = run(str(batch), str(batch))
    assert both.exit_code == 1 and "One of the two has to hold one review." in both.stderr
    assert run("-", "-").exit_code == 2


@pytest.mark.sampled(every=20)
def test_json_fits_the_published_schema(case: Case):
    (two,) = review(case.request, as_of=case.as_of, readings={"A4": "code-or-order", "A10": "any-one"})
    for compared in (compare(reviewed(case.name), two), compare(of("complete-record"), two, anyway=True)):
        assert [e.message for e in SCHEMA.iter_errors(json.loads(render.to_json(compared)))] == []
        assert render.to_json(compared) == render.to_json(compared)


def test_it_can_fail_where_something_changed(files):
    old, new = files(old=of("injection-undocumented"), new=of("injection-undocumented", BLOCK))
    assert run(old, new, "--fail-if-changed").exit_code == 3
    assert run(old, old, "--fail-if-changed").exit_code == 0


def test_two_requests_on_the_command_line(files):
    old, new = files(old=of("complete-record"), new=of("rich-record"))
    refused = run(old, new)
    assert refused.exit_code == 1 and "reviews of two requests" in refused.stderr and refused.stdout == ""
    assert run(old, new, "--anyway").exit_code == 0


def test_a_folder_is_told_apart(files, tmp_path):
    (old,) = files(old=of("complete-record"))
    done = run(old, str(tmp_path))
    assert done.exit_code == 1 and "is a folder. Name the file of one review" in done.stderr


SVG = "{http://www.w3.org/2000/svg}"


def test_the_picture_marks_what_changed_and_why(files):
    done = run(*files(old=of("injection-undocumented"), new=of("injection-undocumented", BLOCK)), "--format", "svg")
    picture = ElementTree.fromstring(done.stdout)
    boxes = {g.get("data-key"): g for g in picture.iter(f"{SVG}g") if g.get("data-key")}
    words = {key: " ".join(t.text or "" for t in g.iter(f"{SVG}text")) for key, g in boxes.items()}
    assert "before: ○ undocumented" in words["injection"] and "after: ✓ met" in words["injection"]
    assert "new evidence" in words["injection"] and "follows from its members" in words["treatments"]
    thick = {
        key for key, g in boxes.items() if (r := g.find(f"{SVG}rect")) is not None and r.get("stroke-width") == "4"
    }
    assert thick == {"necessity", "further-criteria", "conservative", "treatments", "injection"}


def test_a_picture_of_criteria_that_only_one_review_has():
    text = text_of("complete-record").replace('"64714"', '"63030"')
    (gone,) = review(text.encode(), as_of=DAY, format="turtle")
    from reasoner.render.pictures.difference import comparison_diagram
    from reasoner.render.pictures.svg import to_svg

    compared = compare(of("complete-record"), gone)
    picture = to_svg(comparison_diagram(compared, compared.lines[0], of("complete-record"), gone))
    ElementTree.fromstring(picture)
    assert "after: no criterion" in picture


def test_of_several_lines_one_is_drawn(files):
    old, new = files(old=of("two-lines-on-one-request"), new=of("two-lines-on-one-request", A18="concurrent-surgery"))
    several = run(old, new, "--format", "svg")
    assert several.exit_code == 2 and "name it with --line. Lines in both reviews: 1, 2" in " ".join(
        several.stderr.split()
    )
    assert run(old, new, "--format", "svg", "--line", "1").exit_code == 0


def test_text_of_a_record_cannot_steer_the_terminal():
    bad = "<script>\x1b[31m\u202eevil"
    one = of("complete-record")
    two = replace(one, identifier=bad, lines=(replace(one.lines[0], notes=(bad,)),))
    out = render.render(compare(one, two))
    assert "\x1b" not in out and "\u202e" not in out and "evil" in out


def test_merged_triples_give_the_review_of_the_whole(tmp_path):
    more = tmp_path / "more.ttl"
    more.write_text(HEAD.format(name="injection-undocumented") + BLOCK, encoding="utf-8")
    merged = with_added(CASES / "injection-undocumented/request.ttl", [more])
    (one,) = review(merged, as_of=DAY, format="ntriples")
    assert one == of("injection-undocumented", BLOCK)
