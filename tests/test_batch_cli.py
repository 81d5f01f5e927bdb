"""``plexus batch`` as a user meets it."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET

import pytest
from click.testing import CliRunner
from conftest import ROOT

from reasoner.cli import main
from reasoner.tables.sample_tables import sample_folder

pa = pytest.importorskip("pyarrow")
DAY = ("--as-of", "2026-06-01")


def run(*args):
    return CliRunner().invoke(main, ["batch", *map(str, args)], prog_name="plexus")


def test_tables_are_reviewed_and_summed_up(tmp_path):
    told = run(sample_folder(), "-o", tmp_path / "out", *DAY)
    assert told.exit_code == 0, told.stderr
    assert "8 requests with 9 lines: 9 lines reviewed, 0 rejected." in told.stdout
    assert "approve" in told.stdout and "0587 conservative" in told.stdout


def test_the_summary_as_json_and_as_a_picture(tmp_path):
    told = run(sample_folder(), "-o", tmp_path / "out", *DAY, "--format", "json", "--plot", tmp_path / "s.svg")
    summary = json.loads(told.stdout)
    assert summary["counts"]["lines_in"] == 9
    words = "".join(ET.parse(tmp_path / "s.svg").getroot().itertext())
    for name, number in summary["summary"]["default"]["recommendation"].items():
        assert name in words and f"{number:,} (" in words
    run(sample_folder(), "-o", tmp_path / "again", *DAY, "--plot", tmp_path / "s.html")
    assert "<svg" in (tmp_path / "s.html").read_text() and "http" not in (tmp_path / "s.html").read_text().replace(
        "http://www.w3.org/2000/svg", ""
    )


def test_profiles_in_one_pass(tmp_path):
    told = run(
        sample_folder(), "-o", tmp_path / "o", *DAY, "--readings", "default", "--readings", "lenient:A10=any-one"
    )
    assert told.exit_code == 0 and "Profile lenient" in told.stdout
    table = pa.parquet.read_table(tmp_path / "o" / "outcomes.parquet")
    assert table.num_rows == 18 and set(table.column("profile").to_pylist()) == {"default", "lenient"}


def test_a_dry_run_tells_where_columns_go_and_writes_nothing(tmp_path):
    told = run(sample_folder(), "--dry-run")
    assert told.exit_code == 0 and "requests.csv -> requests, 8 rows" in told.stdout and "Ready" in told.stdout
    (tmp_path / "t").mkdir()
    for file in sample_folder().glob("*.csv"):
        text = file.read_text(encoding="utf-8").replace("procedureCode", "proc")
        (tmp_path / "t" / file.name).write_text(text, encoding="utf-8")
    told = run(tmp_path / "t", "--dry-run")
    assert told.exit_code == 1 and "proc" in told.stdout


def test_a_csvw_file_describes_the_tables():
    told = run("--write-csvw")
    assert {t["url"] for t in json.loads(told.stdout)["tables"]} >= {"requests.csv", "lines.csv", "findings.csv"}
    drafted = run("--write-csvw", sample_folder())
    assert drafted.exit_code == 0 and json.loads(drafted.stdout)["tables"]


def test_rejected_requests_are_counted_and_told(tmp_path):
    told = run(ROOT / "cases" / "complete-record", "-o", tmp_path / "out", "--as-of", "2025-01-01")
    assert told.exit_code == 1
    assert "lies after the as-of date" in told.stdout


@pytest.mark.parametrize(
    ("args", "what"),
    [
        ((), "Name what to review"),
        (("nowhere.parquet", "-o", "x"), "does not exist"),
        ((sample_folder(),), "Name the folder"),
        ((sample_folder(), "-o", "x", "--readings", "A10"), "is no profile"),
        ((sample_folder(), "-o", "x", "--readings", "p:A10=never"), "has no reading 'never'"),
        ((sample_folder(), "-o", "x", "--readings", "p:Z1=never"), "no ambiguity 'Z1'"),
        ((sample_folder(), "-o", "x", "--edition", "0587/1999-01-01"), "no policy or edition"),
        ((sample_folder(), "-o", "x", "--memory", "much"), "no amount of memory"),
        ((sample_folder(), "-o", "x", "--plot", "p.png"), "draws .svg or .html"),
    ],
)
def test_wrong_usage_is_told_in_a_sentence(args, what, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    told = run(*args)
    assert told.exit_code == 2, told.output
    assert what in told.stderr and "Traceback" not in told.output
    assert not (tmp_path / "x").exists()


def test_an_output_is_not_written_over(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("mine")
    told = run(sample_folder(), "-o", tmp_path / "out", *DAY)
    assert told.exit_code == 1 and "is not empty" in told.stderr
    assert run(sample_folder(), "-o", tmp_path / "out", *DAY, "--force").exit_code == 0
    assert (tmp_path / "out" / "mine.txt").read_text() == "mine"
    told = run(sample_folder(), "-o", tmp_path / "out", *DAY)
    assert told.exit_code == 1 and "holds a whole output" in told.stderr
