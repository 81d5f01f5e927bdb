"""Findings on the text, the page for its authors, and the command."""

from __future__ import annotations

import json
import re
from functools import cache
from html.parser import HTMLParser

import pytest
from click.testing import CliRunner
from conftest import ROOT, case_named

from reasoner import review
from reasoner.cli import main
from reasoner.knowledge import load
from reasoner.proving.properties import properties
from reasoner.proving.verification import Finding, Ground, Outcome, Verification
from reasoner.proving.verify import verify
from reasoner.render.report import to_html, to_markdown
from reasoner.render.verification import to_json, to_text
from reasoner.vocabulary import COV


@cache
def whole() -> Verification:
    return verify(next(p for p in load().policies if p.number == "0587"), timeout=600)


def run(*args: str):
    return CliRunner().invoke(main, ["verify", *args])


def finding(name: str) -> Finding:
    return next(f for f in whole().findings if f.id == name)


# ---- Findings ----------------------------------------------------------------------------------------


def test_every_ambiguity_is_a_finding_with_place_doubt_and_question(policy):
    by_ambiguity = {f.ambiguity: f for f in whole().findings if f.ambiguity}
    assert set(by_ambiguity) == {a.notation for a in policy.ambiguities}
    for a in policy.ambiguities:
        f = by_ambiguity[a.notation]
        assert f.source == a.source
        assert f.doubts and all(d.remedy.endswith(".") for d in f.doubts)
        assert f.question.startswith("Which is meant? (a) ") and f.question.endswith(".")
        assert [o.notation for o in f.options if o.default] == [a.default.notation]
        assert a.wording in f.says


def test_every_finding_that_decides_something_has_a_witness():
    for f in whole().findings:
        if f.moot:
            assert f.witness is None and f.cases == ()
        else:
            assert f.witness is not None or f.cases, f.id
            assert f.ground in (Ground.RECORD, Ground.EVIDENCE, Ground.DECLARED)


def test_every_reading_that_matters_is_shown_by_a_case(policy):
    told = {c.reading for f in whole().findings for c in f.cases if c.reading}
    others = {
        f"{a.notation}={r.notation}"
        for a in policy.ambiguities
        for r in a.readings
        if r != a.default and set(a.affects) - {"note"}
    }
    assert told == others
    assert all(c.recommendation != c.otherwise for f in whole().findings for c in f.cases if c.reading)


STORIES = ["A3=any-listed-test", "A10=any-one", "A20=excluded", "A22=request-date"]


@pytest.mark.parametrize("reading", STORIES)
def test_a_story_is_true_when_its_case_is_reviewed(reading):
    (story,) = [c for f in whole().findings for c in f.cases if c.reading == reading]
    case = case_named(story.case)
    ambiguity, _, notation = reading.partition("=")
    for chosen, expected in (({}, story.recommendation), ({ambiguity: notation}, story.otherwise)):
        (result,) = review(case.request, as_of=case.as_of, readings=chosen)
        assert expected in {line.recommendation.value for line in result.lines}
    assert story.title == case.expected["title"]


def test_electrodiagnosis_without_imaging_is_told_with_evidence_and_case():
    f = finding("A3")
    assert "never what “imaging supports surgery” asks for" in f.says
    assert "modality: EMG" in f.says
    assert [c.case for c in f.cases] == ["compression-by-emg-only"]
    assert [d.name for d in f.doubts] == ["MismatchedTerms"]


def test_an_edition_that_closes_the_gap_has_no_finding_on_it():
    """The later edition says what counts without imaging; a payer's own judgement is no evidence that falls short."""
    knowledge = load(ROOT / "tests" / "editions")
    later = max((p for p in knowledge.policies if p.number == "0587"), key=lambda p: p.edition)
    found = {f.id: f for f in verify(later, knowledge, timeout=600).findings}
    assert found["A14"].doubts[0].name == "MissingMeasure"
    assert "A3" not in found
    assert not any(name.startswith("narrower-") for name in found)


def test_a_made_policy_is_verified_without_a_word_on_its_doubts():
    knowledge = load(ROOT / "tests" / "fictional")
    made = next(p for p in knowledge.policies if p.number == "F-100")
    told = verify(made, knowledge, timeout=600)
    assert told.outcome is Outcome.HOLDS
    assert {f.id: f.doubts for f in told.findings if f.ambiguity} == {"A1": (), "A2": ()}
    page = to_markdown([told], "1")
    assert "Recommended: deny. Both apply: “necessary”" in page, "its exclusion prevails, no constraint keeps it apart"


def test_criteria_without_a_measure_are_those_that_a_statement_fulfils():
    judged = {f.id.removeprefix("judged-"): f for f in whole().findings if f.id.startswith("judged-")}
    assert set(judged) == {"symptoms", "imaging-support", "clinical-support"}
    for name, f in judged.items():
        before, after = f.witness.records
        assert (before.statuses[name], after.statuses[name]) == ("to-judge", "met")
        assert (before.recommendations, after.recommendations) == (("pend",), ("approve",))
        (case,) = f.cases
        assert case.reading is None and case.recommendation == "pend" and "to be judged" in case.shows


def test_wordings_that_decide_only_together(policy):
    f = finding("together")
    order = [a.notation for a in policy.ambiguities]
    places = [tuple(map(order.index, pair)) for pair in f.pairs]
    assert places == sorted(set(places)) and all(first < second for first, second in places)
    assert f"{len(f.pairs)} decide some request only together" in f.says
    before, after = f.witness.records
    assert before.recommendations != after.recommendations
    assert not {"A21", "A24"} & {name for pair in f.pairs for name in pair}


def test_doubts_of_the_vocabulary_are_all_used_or_told_by_no_policy_yet(knowledge):
    kinds = {n.value for n in knowledge.ontology.instances(COV.Doubt)}
    used = {o.value for s, p, o in knowledge.ontology if p == COV.doubt}
    assert used <= kinds
    assert len(kinds) == 9


def test_findings_are_of_no_word_that_coaches_or_treats():
    words = re.compile(r"\b(should (?:try|undergo)|we recommend|you should|advise)\b", re.I)
    assert words.findall(json.dumps(json.loads(to_json([whole()])))) == []


# ---- The page ----------------------------------------------------------------------------------------


class Page(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.text: list[str] = []
        self.tags: list[str] = []
        self.links: list[str] = []
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.links += [v for k, v in attributes if k in ("href", "src")]
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def test_the_page_tells_every_finding_and_every_proof():
    page = Page(to_html([whole()], "1.2.3"))
    text = " ".join(" ".join(page.text).split())
    assert page.open == []
    assert "script" not in page.tags and page.links == []
    for f in whole().findings:
        assert f"{f.title[1:]}" in text
        assert f.options or f.question in text
        for c in f.cases:
            assert f"Case {c.case}, as of {c.as_of}" in text and c.title in text
    for proof in whole().proofs:
        assert proof.claim in text and proof.premises in text
    assert "plexus 1.2.3" in text
    assert all(len(value) == 64 and value in text for value in whole().digests.values())


def test_options_are_lettered_and_stories_speak_of_their_letters():
    text = to_markdown([whole()], "1")
    assert "(a) Each of the three failed or was not indicated. Reviews take this one unless asked otherwise" in text
    assert "Recommended under (a): deny; under (b): approve." in text
    assert "**Which of these is meant: (a), (b), (c), (d) or (e)?**" in text


def test_markdown_has_the_findings_as_headings_and_a_table_of_them():
    text = to_markdown([whole()], "1")
    headings = re.findall(r"^### (\d+)\. ", text, re.M)
    assert headings == [str(n) for n in range(1, len(whole().findings) + 1)]
    rows = [line for line in text.splitlines() if line.startswith("| ") and line[2].isdigit()]
    assert len(rows) == len(whole().findings)
    assert {row.count("|") for row in rows} == {6}


def test_a_page_says_what_it_leaves_out():
    cut = verify(next(p for p in load().policies if p.number == "0587"), timeout=0)
    for text in (to_html([cut], "1"), to_markdown([cut], "1")):
        assert "This page is not complete" in text
        assert "findings on the text" in text
    assert "Not done, since the time was over: No gap, " in to_text(cut).replace("\n", " ")


def test_words_of_the_policy_file_are_escaped():
    from dataclasses import replace

    wild = replace(whole(), findings=(replace(finding("A10"), title="<b>_x_|y</b>", cases=()),))
    assert "&lt;b&gt;_x_|y&lt;/b&gt;" in to_html([wild], "1")
    assert "\\<b\\>\\_x\\_\\|y\\</b\\>" in to_markdown([wild], "1")


# ---- Text and JSON -----------------------------------------------------------------------------------


def test_json_has_every_proof_and_finding():
    told = json.loads(to_json([whole()]))
    assert told["outcome"] == "holds"
    assert [p["property"] for p in told["proofs"]] == [p.id for p in properties()]
    assert len(told["findings"]) == len(whole().findings)
    assert told["proofs"][0]["example"]["records"][0]["recommendations"] == ["approve"]
    assert "seconds" not in told
    assert isinstance(json.loads(to_json([whole(), whole()])), list)


def test_text_fits_a_terminal_and_tells_failing_parts_only():
    text = to_text(whole())
    assert max(map(len, text.splitlines())) <= 100
    assert "11 of 11 properties hold" in text
    assert "A10=any-one" not in text
    assert "A10=any-one" in to_text(whole(), all_checks=True)


# ---- The command -------------------------------------------------------------------------------------


def test_the_list_names_what_is_claimed():
    done = run("--list")
    assert done.exit_code == 0
    for prop in properties():
        assert f"{prop.id}\n    {prop.claim}\n    Applies to: {prop.premises}\n" in done.stdout


def test_one_property_by_number_and_date():
    done = run("0587/2025-12-01", "--property", "no-overlap", "--property", "no-gap")
    assert done.exit_code == 0
    assert "✓ no-gap" in done.stdout and "✓ no-overlap" in done.stdout
    assert "2 of 2 properties hold" in done.stdout
    assert "Findings" not in done.stdout


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["0588"], "There is no policy 0588. Known: 0587/2025-12-01"),
        (["0587/2020-01-01"], "There is no policy 0587/2020-01-01. Known: "),
        (["--property", "no-gaps"], "There is no property 'no-gaps'. Known: no-gap, "),
        (["--report", "page.pdf"], "--report writes .html or .md; page.pdf is neither."),
        (["--report", "page.md", "--property", "no-gap"], "leave --property out"),
        (["--timeout", "-1"], "Invalid value for '--timeout'"),
    ],
)
def test_wrong_usage_is_told_in_a_sentence(args, says):
    done = run(*args)
    assert done.exit_code == 2
    assert says in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr


def test_the_exit_code_says_that_the_time_was_over(tmp_path):
    page = tmp_path / "page.md"
    done = run("0587", "--timeout", "0", "--report", str(page))
    assert done.exit_code == 3
    assert "not decided in time" in " ".join(done.stdout.split())
    assert "This page is not complete" in page.read_text(encoding="utf-8")


def library_with(tmp_path, old: str, new: str):
    """A folder whose generated shapes stand in for those that are shipped, with one change."""
    folder = tmp_path / "shapes" / "policies"
    folder.mkdir(parents=True)
    (tmp_path / "ontology").mkdir()
    text = (ROOT / "shapes/policies/0587.default.ttl").read_text(encoding="utf-8")
    assert old in text
    (folder / "0587.default.ttl").write_text(text.replace(old, new), encoding="utf-8")
    return tmp_path


def test_the_exit_code_says_that_a_property_fails_and_the_counterexample_is_told(tmp_path):
    met = 'sh:name "listed treatments exhausted: met"@en ;\n    sh:and ( p0587g:physical-therapy-met '
    library = library_with(tmp_path, met, met.replace("p0587g:physical-therapy-met ", ""))
    done = run("0587", "--property", "shapes-agree", "--library", str(library))
    assert done.exit_code == 1
    assert "✗ shapes-agree" in done.stdout
    assert "Counterexample: A request" in done.stdout


def test_a_shape_that_is_missing_is_told_with_its_cure(tmp_path):
    name = "p0587g:compression-open a sh:NodeShape"
    library = library_with(tmp_path, name, name.replace("compression-open", "compression-opened"))
    done = run("0587", "--property", "shapes-agree", "--library", str(library))
    assert done.exit_code == 2
    assert "compression-open" in done.stderr and "Run plexus shapes." in done.stderr


def test_a_library_that_cannot_be_read_is_told_and_is_no_failed_property(tmp_path):
    (tmp_path / "ontology" / "policies").mkdir(parents=True)
    (tmp_path / "shapes").mkdir()
    (tmp_path / "ontology" / "policies" / "broken.ttl").write_text("this is no Turtle", encoding="utf-8")
    done = run("--library", str(tmp_path))
    assert done.exit_code == 2
    assert "broken.ttl" in done.stderr and "Traceback" not in done.stderr


def test_the_report_is_written_and_json_goes_to_standard_output(tmp_path):
    page = tmp_path / "page.html"
    done = run("0587", "--report", str(page), "--format", "json", "--timeout", "300")
    assert done.exit_code == 0
    assert json.loads(done.stdout)["outcome"] == Outcome.HOLDS
    assert page.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert f"wrote {page}" in done.stderr
