"""What the README shows is true: every command runs, every output shown is the real one."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys

import pytest
from click.testing import CliRunner
from conftest import ROOT

from reasoner.cli import main

README = (ROOT / "README.md").read_text(encoding="utf-8")
CONSOLE = re.findall(r"```console\n\$ (plexus [^\n]*)\n(.*?)```", README, re.S)
TABLE = re.findall(r"^\| [^|]+ \| `(plexus [^`]+)` \|$", README, re.M)
SHELL = re.findall(r"```sh\n(.*?)\n```", README, re.S)
PYTHON = re.findall(r"```python\n(.*?)```", README, re.S)


def invoke(command: str, monkeypatch):
    monkeypatch.chdir(ROOT)
    try:
        return CliRunner().invoke(main, shlex.split(command)[1:], prog_name="plexus")
    finally:
        shutil.rmtree(ROOT / "out", ignore_errors=True)  # what the README writes


def same_version(text: str) -> str:
    return re.sub(r"plexus 0\S*, engine", "plexus VERSION, engine", text)


@pytest.mark.parametrize(("command", "shown"), CONSOLE, ids=[c for c, _ in CONSOLE])
def test_shown_output_is_the_real_one(command, shown, monkeypatch):
    result = invoke(command, monkeypatch)
    assert result.exit_code == 0
    assert same_version(result.stdout) == same_version(shown)


@pytest.mark.parametrize("command", TABLE)
def test_commands_of_the_table_succeed(command, monkeypatch):
    result = invoke(command, monkeypatch)
    assert result.exit_code == 0, result.stderr
    assert result.stdout or "--check" in command


def test_the_python_example_runs():
    (code,) = PYTHON
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.stdout == "approve criteria-met\n", done.stderr


def test_the_two_set_up_commands(monkeypatch):
    install_and_review, install_and_test = SHELL
    ci = (ROOT / ".ci/run").read_text(encoding="utf-8")
    assert all(part in ci for part in install_and_test.split(" && "))
    assert install_and_review.startswith("pip install . && ")
    assert invoke(install_and_review.split(" && ")[1], monkeypatch).exit_code == 0


def test_triples_of_the_phrase_table_are_plexus_terms(knowledge):
    from reasoner.library import open_library

    prefixes = open_library().prefixes
    declared = {s.value for s, p, _ in knowledge.ontology if p.value.endswith("#type") and hasattr(s, "value")}
    table = README[README.index("| phrase in a chart") : README.index("## How it works")]
    used = {prefixes[p] + n for p, n in re.findall(r"\b(clin|cov|anat|p0587):(\w+)", table)}
    assert len(used) > 60
    assert used - declared == set()


def test_the_list_of_changes_names_the_version():
    version = re.search(r'^version = "([^"]+)"', (ROOT / "pyproject.toml").read_text(encoding="utf-8"), re.M)
    assert version is not None
    assert f"**{version.group(1)}**" in README


def test_numbers_in_the_text_are_the_real_ones(knowledge):
    from reasoner.dataset import knowledge_graphs, merged
    from reasoner.query import questions
    from reasoner.vocabulary import COV

    graph = merged(knowledge_graphs(ROOT))
    assert f"the {len(questions())} competency questions" in README
    assert f"{len(graph.instances(COV.Clause))} further clauses" in README
    assert f"{len(list((ROOT / 'cases').glob('*/request.ttl')))} requests" in README
    assert f"{len(graph.instances(COV.Ambiguity))} ambiguities" in README
