"""The tutorial is followed step by step: every edit is made, every command runs, every output shown is the real one."""

from __future__ import annotations

import shlex
from datetime import date

import pytest
from click.testing import CliRunner

from reasoner.authoring.tutorial import Command, Edit, agrees, apply, edited, source, steps
from reasoner.cli import main
from reasoner.render.docs.tutorial import markdown, tutorial_page


def follow(step: Edit | Command, folder):
    """Do one step; of a command, what it printed, with its exit code."""
    if isinstance(step, Edit):
        apply(step, folder)
        return None
    command, _, target = step.line.partition(" >> ")
    done = CliRunner().invoke(main, shlex.split(command)[1:], prog_name="plexus")
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    if target:
        with (folder / target).open("a", encoding="utf-8") as file:
            file.write(done.stdout)
    return done.exit_code, "" if target else done.stdout


@pytest.fixture(scope="module")
def followed(tmp_path_factory):
    """The folder in which the tutorial was followed, and what each command printed."""
    folder = tmp_path_factory.mktemp("tutorial")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        told = [(step, follow(step, folder)) for step in steps(source())]
    return folder, [(step, *out) for step, out in told if out is not None]


def test_every_output_shown_is_the_real_one(followed):
    _, told = followed
    assert len(told) >= 12
    for step, code, printed in told:
        assert agrees(step.shown, printed), f"{step.line}\n{printed}"
        first_check = step.line.startswith("plexus check") and "next" in step.shown
        assert code == (1 if first_check else 0), step.line


def test_a_request_pends_and_is_approved_when_the_answer_arrives(followed):
    _, told = followed
    reviews = [printed for step, _, printed in told if step.line.startswith("plexus review")]
    assert ["PEND recommended" in r for r in reviews] == [True, False]
    assert "APPROVE recommended" in reviews[1]


def test_the_tutorial_uses_what_it_promises(followed):
    folder, _ = followed
    policy = (folder / "shoulder/ontology/policies/0900.ttl").read_text(encoding="utf-8")
    shapes = (folder / "shoulder/shapes/policies/0900.ttl").read_text(encoding="utf-8")
    assert "cov:threshold 2" in policy and "cov:durationInDays" in shapes
    assert "a cov:Exclusion" in policy and "a cov:SwitchedFacet" in policy
    assert "…" not in (policy + shapes).replace('begins with "…"', "").split("==== The policy", 1)[1]


@pytest.mark.parametrize(
    ("before", "after", "id"),
    [
        ('clin:endDate "2026-01-09"', 'clin:endDate "2025-12-09"', "therapy of four weeks is to be weighed"),
        ("clin:kind p0900:FrozenShoulder", "clin:kind p0900:UnstableShoulder", "the exclusion denies"),
        ('cov:date "2025-11-03"', 'cov:date "2025-04-03"', "old imaging is to be weighed"),
        ("clin:outcome clin:NoRelief ;\n    cov:about :condition .\n\n:injection", None, "relief denies or pends"),
    ],
    ids=lambda x: x if x and " " in x and ":" not in x else "",
)
def test_the_policy_of_the_tutorial_decides_otherwise_where_the_record_does(followed, before, after, id):
    from reasoner import review

    folder, _ = followed
    request = (folder / "shoulder/cases/0900-two-treatments-failed/request.ttl").read_text(encoding="utf-8")
    assert before in request
    changed = request.replace(before, after or before.replace("NoRelief", "AdequateRelief"))
    (result,) = review(changed.encode(), as_of=date(2026, 3, 1), library=folder / "shoulder", name="request.ttl")
    expected = {"the exclusion denies": "deny"}.get(id, "pend")
    assert result.lines[0].recommendation == expected


def test_places_of_the_tutorial_are_true_to_its_document(followed):
    folder, _ = followed
    arguments = ["check", "--library", str(folder / "shoulder"), "--source", str(folder / "policy.txt")]
    done = CliRunner().invoke(main, [*arguments, "--policy", "0900", "--format", "json"])
    assert '"gone": 0' in done.stdout and '"changed": 0' in done.stdout and '"recognised": true' in done.stdout


def test_a_step_that_shows_something_else_is_noticed():
    assert not agrees("APPROVE\n", "PEND\n")
    assert not agrees("one\n...\nthree\n", "one\ntwo\n")
    assert agrees("one\n...\n", "one\n")
    assert not agrees("", "something\n")


def test_an_edit_of_a_section_that_is_not_there_is_refused():
    with pytest.raises(ValueError, match="no section 'Two'"):
        edited("# ==== One ====\n", "# ==== Two ====\n")


def test_the_page_shows_every_command_and_file():
    title, body = tutorial_page()
    assert title == "From a page of policy text to a reviewed request"
    for step in steps(source()):
        name = step.file if isinstance(step, Edit) else step.line.split(" \\")[0].split(" --")[0]
        assert name.replace('"', "&quot;").split(" ")[0] in body
    assert body.count("<pre") == source().count("```") // 2
    assert "&lt;https://w3id.org/plexus/policy/0900&gt;" in body


def test_markup_in_the_text_is_shown_and_not_obeyed():
    assert "<script>" not in markdown("<script>alert(1)</script>\n\n```\n<script>\n```\n")
