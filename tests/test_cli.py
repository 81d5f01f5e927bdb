"""The command line: options, exit codes, and what goes to which stream."""

from __future__ import annotations

import json
import re

import pytest
from click.testing import CliRunner
from conftest import CASES, ROOT

from reasoner.cli import main

APPROVED = str(CASES / "complete-record/request.ttl")
PENDED = str(CASES / "injection-undocumented/request.ttl")
DAY = ["--as-of", "2026-03-01"]


def run(*args: str, input: str | None = None):
    return CliRunner().invoke(main, list(args), input=input)


def test_an_adverse_outcome_is_a_success():
    result = run("review", str(CASES / "spine-decompression-under-64714/request.ttl"), *DAY)
    assert result.exit_code == 0
    assert "DENY recommended: not a determination, needs a clinician" in result.stdout


def test_fail_unless_approve():
    assert run("review", APPROVED, *DAY, "--fail-unless", "approve").exit_code == 0
    assert run("review", PENDED, *DAY, "--fail-unless", "approve").exit_code == 3


def test_a_refused_input_does_not_stop_the_others(tmp_path):
    bad = tmp_path / "bad.ttl"
    bad.write_text("@prefix : <", encoding="utf-8")
    result = run("review", str(bad), APPROVED, *DAY, "--format", "jsonl")
    assert result.exit_code == 1
    assert len(result.stdout.splitlines()) == 1
    assert "bad.ttl:1:" in result.stderr
    assert "1 reviewed, 1 refused" in result.stderr


def test_a_folder_is_searched_and_twins_are_reviewed_once(tmp_path):
    result = run("review", str(CASES / "complete-record"), *DAY, "--format", "json")
    assert isinstance(json.loads(result.stdout), dict)


def test_an_empty_folder_is_wrong_usage(tmp_path):
    assert run("review", str(tmp_path)).exit_code == 2


def test_standard_input():
    text = (CASES / "complete-record/request.jsonld").read_text(encoding="utf-8")
    result = run("review", "-", *DAY, "--format", "json", input=text)
    assert json.loads(result.stdout)["lines"][0]["recommendation"] == "approve"


@pytest.mark.parametrize("bad", ["A10", "A10=", "A99=x", "A10=nothing"])
def test_a_reading_that_does_not_exist_is_wrong_usage(bad):
    result = run("review", APPROVED, *DAY, "--reading", bad)
    assert result.exit_code == 2
    assert "A10" in result.stderr or "A99" in result.stderr


def test_two_readings_of_one_ambiguity_are_wrong_usage():
    assert run("review", APPROVED, "--reading", "A10=any-one", "--reading", "A10=each-listed").exit_code == 2


def test_a_reading_changes_the_recommendation():
    plain = json.loads(run("review", PENDED, *DAY, "--format", "json").stdout)
    other = json.loads(run("review", PENDED, *DAY, "--format", "json", "--reading", "A10=any-one").stdout)
    assert plain["lines"][0]["recommendation"] == "pend"
    assert other["lines"][0]["recommendation"] == "approve"
    assert other["readings"]["A10"] == "any-one"


def test_output_file_is_written_whole(tmp_path):
    target = tmp_path / "review.html"
    assert run("review", APPROVED, *DAY, "--format", "html", "-o", str(target)).exit_code == 0
    assert target.read_text(encoding="utf-8").endswith("</html>\n")
    assert [p.name for p in tmp_path.iterdir()] == ["review.html"]


def test_output_that_cannot_be_written_is_told(tmp_path):
    result = run("review", APPROVED, *DAY, "-o", str(tmp_path / "no" / "such" / "file"))
    assert result.exit_code == 1
    assert "cannot be written" in result.stderr


def test_readings_lists_every_ambiguity_with_its_default():
    listed = run("readings").stdout
    assert all(re.search(rf"^A{i}  ", listed, re.M) for i in range(1, 29))
    assert max(map(len, listed.splitlines())) <= 100
    data = json.loads(run("readings", "0587", "--format", "json").stdout)
    assert all(a["default"] in {r["id"] for r in a["readings"]} for a in data[0]["ambiguities"])
    assert run("readings", "9999").exit_code == 2


@pytest.mark.parametrize("form", ["turtle", "jsonld"])
def test_templates_are_reviewable_as_they_stand(form):
    skeleton = run("template", "request", "--format", form).stdout
    result = run("review", "-", "--input-format", form, *DAY, "--format", "json", input=skeleton)
    assert json.loads(result.stdout)["lines"][0]["recommendation"] == "approve"


def test_prepare_prints_a_graph_for_other_engines():
    result = run("prepare", str(CASES / "later-mri-confirms/request.ttl"), *DAY)
    assert "cov:supersededBy" in result.stdout
    assert run("prepare", str(CASES / "two-lines-on-one-request/request.ttl"), *DAY).exit_code == 2
    assert run("prepare", str(CASES / "two-lines-on-one-request/request.ttl"), *DAY, "--line", "2").exit_code == 0


def test_generated_shapes_are_checked():
    result = run("shapes", "--check")
    assert result.exit_code == 0, result.stderr


def test_every_command_explains_itself():
    for name in ("review", "readings", "template", "prepare", "shapes"):
        result = run(name, "--help")
        assert result.exit_code == 0
        assert len(result.stdout) > 200
        assert name in (ROOT / "README.md").read_text(encoding="utf-8")


def test_wrong_usage_exits_with_two():
    assert run("review").exit_code == 2
    assert run("review", APPROVED, "--format", "pdf").exit_code == 2
    assert run("review", APPROVED, "--as-of", "yesterday").exit_code == 2


def test_a_future_date_is_refused_with_its_cure():
    result = run("review", APPROVED, "--as-of", "2026-01-01")
    assert result.exit_code == 1
    assert "after the as-of date" in result.stderr
    assert "Traceback" not in result.stderr
