"""The benchmark of engines runs, compares before it tells a time, and ends where results differ. No time is tested."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from conftest import ROOT

NEEDED = ("psutil", "duckdb", "polars", "pyarrow", "pyrudof", "shifty")
absent = [name for name in NEEDED if importlib.util.find_spec(name) is None]
pytestmark = pytest.mark.skipif(bool(absent), reason=f"needs the extra bench: {', '.join(absent)} not installed")

BENCHMARKS = ROOT / "tests" / "benchmarks"
SMALL = ("--shacl-sizes", "1,5", "--batch-sizes", "1,60", "--times", "1", "--runs", "1", "--every", "60")
BATCH = ("--part", "batch", "--batch-sizes", "60", "--times", "1")


def bench(folder: Path, *options: str, code: str = "") -> subprocess.CompletedProcess[str]:
    """The benchmark in a process; ``code`` is run before its main function."""
    script = (
        f"import sys; sys.path.insert(0, {str(BENCHMARKS)!r}); sys.argv[0] = 'engines.py'\nimport engines\n"
        f"{code}\nengines.main()"
    )
    command = [sys.executable, "-c", script, "--data", str(folder), *options]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False)


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    """A folder in which the requests that one run has generated stay for the next."""
    return tmp_path_factory.mktemp("benchmark")


@pytest.fixture(scope="module")
def whole(data) -> tuple[str, dict, str]:
    """A small run of everything: what it printed, and its JSON and its chart."""
    told, drawn = data / "found.json", data / "chart.svg"
    ran = bench(data, *SMALL, "--json", str(told), "--svg", str(drawn))
    assert ran.returncode == 0, ran.stderr
    return ran.stdout, json.loads(told.read_text(encoding="utf-8")), drawn.read_text(encoding="utf-8")


@pytest.mark.slow
def test_four_shacl_engines_have_the_same_results(whole):
    _, found, _ = whole
    assert [(r["engine"], r["requests"]) for r in found["shacl"]] == [
        (engine, n) for n in (1, 5) for engine in ("plexus", "pyshifty", "pyrudof", "pyshacl")
    ]
    for count in (1, 5):
        results = {r["results"] for r in found["shacl"] if r["requests"] == count}
        assert len(results) == 1
        assert min(results) > 50 * count  # there was something to compare


@pytest.mark.slow
def test_the_batch_has_the_statuses_of_both_floors_in_every_layout(whole):
    _, found, _ = whole
    one, sixty = found["batch"]
    assert (one["count"], sixty["count"]) == (1, 60)
    assert set(sixty["runs"]) == {"nested", "sorted", "shuffled", "nested, hinges"}
    assert set(sixty["floors"]) == {"duckdb", "polars"}
    assert sixty["compared"] > 50
    assert set(sixty["phases"]) == {"no", "hinges"}
    assert {"load", "evaluate", "compose", "write"} <= set(sixty["phases"]["no"])


@pytest.mark.slow
def test_a_review_is_compared_with_bare_pyshacl_on_some_cases(whole):
    _, found, _ = whole
    assert found["single"]["unequal"] == []
    assert found["single"]["cases"] >= 4
    assert len(found["single"]["plexus"]) == len(found["single"]["pyshacl"]) == found["single"]["cases"]


@pytest.mark.slow
def test_the_goals_stand_beside_what_is_reached(whole):
    printed, _, _ = whole
    goals = [line for line in printed.splitlines() if line.strip().startswith("goal")]
    assert len(goals) >= 9
    assert all(line.endswith("reached") for line in goals)


@pytest.mark.slow
def test_the_chart_names_every_engine_and_is_whole_xml(whole):
    _, _, drawn = whole
    texts = [e.text for e in ElementTree.fromstring(drawn).iter("{http://www.w3.org/2000/svg}text")]
    for name in ("plexus", "pyshifty", "pyrudof", "pyshacl", "plexus batch, nested", "DuckDB on a flat table"):
        assert name in texts


@pytest.mark.slow
def test_a_floor_that_reads_a_criterion_otherwise_ends_the_run_without_a_time(whole, data):
    mutant = "import shutil, pathlib; engines.HERE = pathlib.Path(sys.argv[2]) / 'mutant'\n"
    folder = data / "mutant"
    folder.mkdir()
    for file in BENCHMARKS.glob("*.py"):
        text = file.read_text(encoding="utf-8")
        text = text.replace("IN ('NoRelief', 'Worse', 'Intolerant')", "IN ('NoRelief', 'Intolerant')")
        text = text.replace("HERE.parents[1]", repr(str(ROOT)))
        (folder / file.name).write_text(text, encoding="utf-8")
    ran = bench(data, *BATCH, code=mutant)
    assert ran.returncode == 1
    assert "The results differ: duckdb: " in ran.stderr
    assert "seconds" not in ran.stdout


@pytest.mark.slow
def test_an_engine_with_other_results_ends_the_run_without_a_time(whole, data):
    other = (
        "real = engines.job\n"
        "def job(name, *a):\n"
        "    found = real(name, *a)\n"
        "    return {**found, 'digest': 'other'} if a[0] == 'pyrudof' else found\n"
        "engines.job = job\n"
    )
    ran = bench(data, *SMALL, "--part", "shacl", code=other)
    assert ran.returncode == 1
    assert "pyrudof has" in ran.stderr
    assert "evaluate" not in ran.stdout


@pytest.mark.slow
def test_a_batch_that_is_not_as_the_generator_claims_ends_the_run(whole, data):
    other = (
        "real = engines._outcomes\n"
        "def outcomes(folder):\n"
        "    found = real(folder)\n"
        "    return found.set_column(found.column_names.index('basis'), 'basis', found.column('recommendation'))\n"
        "engines._outcomes = outcomes\n"
    )
    ran = bench(data, *BATCH, code=other)
    assert ran.returncode == 1
    assert "the column basis of the batch is not as the generator claims" in ran.stderr
