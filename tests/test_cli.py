"""The command line: options, exit codes, and what goes to which stream."""

from __future__ import annotations

import importlib.metadata
import json
import os
import re
import stat
import subprocess
import sys
import threading

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


def test_version_works_without_an_installation(monkeypatch):
    def absent(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", absent)
    monkeypatch.setattr(sys.modules["reasoner.review"], "package_version", absent)
    result = run("--version")
    assert result.exit_code == 0
    assert result.stdout.startswith("plexus, version ")


def test_output_file_gets_the_usual_permissions_and_keeps_its_own(tmp_path):
    plain, kept = tmp_path / "new.txt", tmp_path / "kept.txt"
    kept.write_text("old", encoding="utf-8")
    kept.chmod(0o640)
    before = os.umask(0o022)
    try:
        assert run("review", APPROVED, *DAY, "-o", str(plain)).exit_code == 0
        assert run("review", APPROVED, *DAY, "-o", str(kept)).exit_code == 0
    finally:
        os.umask(before)
    assert stat.S_IMODE(plain.stat().st_mode) == 0o644
    assert stat.S_IMODE(kept.stat().st_mode) == 0o640


def test_output_follows_a_link_and_never_replaces_a_pipe(tmp_path):
    target, link, pipe = tmp_path / "target", tmp_path / "link", tmp_path / "pipe"
    target.write_text("old", encoding="utf-8")
    link.symlink_to(target)
    assert run("review", APPROVED, *DAY, "-o", str(link)).exit_code == 0
    assert link.is_symlink()
    assert "APPROVE" in target.read_text(encoding="utf-8")
    os.mkfifo(pipe)
    got: list[str] = []
    reader = threading.Thread(target=lambda: got.append(pipe.read_text(encoding="utf-8")), daemon=True)
    reader.start()
    assert run("review", APPROVED, *DAY, "-o", str(pipe)).exit_code == 0
    reader.join(timeout=30)
    assert pipe.is_fifo()
    assert "APPROVE" in got[0]


def test_a_refusal_leaves_an_earlier_output_as_it_was(tmp_path):
    bad, earlier = tmp_path / "bad.ttl", tmp_path / "earlier.json"
    bad.write_text("bad <", encoding="utf-8")
    earlier.write_text("{}", encoding="utf-8")
    assert run("review", str(bad), *DAY, "--format", "json", "-o", str(earlier)).exit_code == 1
    assert earlier.read_text(encoding="utf-8") == "{}"


def test_an_ill_typed_literal_leaves_no_stack_trace_and_steers_no_terminal(tmp_path):
    text = (CASES / "complete-record/request.ttl").read_text(encoding="utf-8")
    bad = tmp_path / "bad.ttl"
    bad.write_text(text.replace('"2026-02-10"^^xsd:date', '"\\u001b[31mnoon"^^xsd:date'), encoding="utf-8")
    program = [sys.executable, "-c", "from reasoner.cli import main; main()"]
    result = subprocess.run([*program, "review", str(bad)], capture_output=True, text=True, cwd=ROOT, check=False)
    assert result.returncode == 1
    assert "receivedOn" in result.stderr
    assert "Traceback" not in result.stderr
    assert "\x1b" not in result.stderr


@pytest.mark.parametrize("command", ["review", "prepare"])
def test_a_name_of_a_file_cannot_steer_a_terminal(command):
    result = run(command, "no\x1b]0;title\x07\x9b31msuch.ttl")
    assert result.exit_code == 1
    assert "such.ttl" in result.stderr
    assert not set(result.stderr) & set("\x1b\x07\x9b")


def test_prepare_takes_standard_input_of_a_named_form():
    text = (CASES / "complete-record/request.jsonld").read_text(encoding="utf-8")
    result = run("prepare", "-", "--input-format", "jsonld", *DAY, input=text)
    assert result.exit_code == 0
    assert "cov:Line" in result.stdout
