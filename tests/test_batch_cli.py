"""``plexus batch``: every form of input, what is printed where, exit codes, and mistakes of a user."""

from __future__ import annotations

import json
import shutil
import sys
from datetime import date

import pytest
from click.testing import CliRunner
from conftest import all_cases

from reasoner import review
from reasoner.batch.profiles import profiles_of
from reasoner.cli import main
from reasoner.cli.batch import Memory
from reasoner.errors import BatchError
from reasoner.knowledge import load
from reasoner.tables.chunks import Reading
from reasoner.tables.sample_tables import SAMPLED, sample_folder
from reasoner.tables.sources import nested_chunks

pa = pytest.importorskip("pyarrow")
import pyarrow.parquet as pq  # noqa: E402

DAY = "2026-06-30"
SAMPLES = str(sample_folder())


def plexus(*args):
    return CliRunner().invoke(main, [str(a) for a in args])


def batch(*args):
    return plexus("batch", *args, "--as-of", DAY, "--workers", 1, "--no-hinges")


def outcomes(out):
    return pq.read_table(out / "outcomes.parquet").drop_columns(["run_id"]).to_pylist()


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """The sample tables, reviewed."""
    folder = tmp_path_factory.mktemp("samples")
    result = batch(SAMPLES, "-o", folder / "out", "--format", "json", "--plot", folder / "plot.svg")
    return result, folder


@pytest.fixture(scope="module")
def nested(tmp_path_factory):
    """The sample tables as one nested table."""
    (chunk,) = nested_chunks([sample_folder()], Reading(load()))
    path = tmp_path_factory.mktemp("nested") / "requests.parquet"
    pq.write_table(chunk.table, path)
    return path


# ---- Inputs ----


def test_the_samples_come_out_as_their_cases_do(done):
    result, folder = done
    assert result.exit_code == 0, result.stderr
    found = outcomes(folder / "out")
    cases = {c.name: c for c in all_cases()}
    lines = [x for n in SAMPLED for r in review(cases[n].request, as_of=date(2026, 6, 30)) for x in r.lines]
    assert [o["recommendation"] for o in found] == [x.recommendation.value for x in lines]
    assert [o["basis"] for o in found] == [x.basis.value for x in lines]
    summary = json.loads(result.stdout)
    assert summary["counts"]["lines_in"] == len(lines)
    drawn = (folder / "plot.svg").read_text()
    assert drawn.startswith("<svg") and " approve" in drawn.partition("<desc>")[2].partition("</desc>")[0]


def test_a_nested_table_comes_out_as_its_entity_tables_do(done, nested, tmp_path):
    result = batch(nested, "-o", tmp_path / "out")
    assert result.exit_code == 0, result.stderr
    assert outcomes(tmp_path / "out") == outcomes(done[1] / "out")
    assert "8 requests with 9 lines: 9 lines reviewed, 0 rejected" in result.stdout
    assert "%" in result.stdout and "█" not in result.stderr


def test_a_folder_of_rdf(done, tmp_path):
    cases = {c.name: c for c in all_cases()}
    (tmp_path / "rdf").mkdir()
    for number, name in enumerate(SAMPLED):
        shutil.copy(cases[name].request, tmp_path / "rdf" / f"{number}.ttl")
    result = batch(tmp_path / "rdf", "-o", tmp_path / "out")
    assert result.exit_code == 0, result.stderr
    same = [{k: v for k, v in o.items() if k != "request"} for o in outcomes(tmp_path / "out")]
    assert same == [{k: v for k, v in o.items() if k != "request"} for o in outcomes(done[1] / "out")]


def test_inputs_of_several_kinds_are_numbered_in_one_sequence(nested, tmp_path):
    table = pq.read_table(nested)
    other = pa.array([f"other-{i}" for i in range(table.num_rows)])
    pq.write_table(table.set_column(0, "identifier", other), tmp_path / "other.parquet")
    assert table.column_names[0] == "identifier"
    result = batch(tmp_path / "other.parquet", SAMPLES, "-o", tmp_path / "out")
    assert result.exit_code == 0, result.stderr
    named = [o["request"] for o in outcomes(tmp_path / "out")]
    assert len(named) == 18 and named[0] == "other-0" and named[9] == "PA-2026-0001"


# ---- What is asked ----


def test_profiles_and_edition(nested, tmp_path):
    (tmp_path / "p.toml").write_text('[lenient]\nA10 = "any-one"\n')
    more = ("--readings", "default", "--readings", tmp_path / "p.toml", "--edition", "0587/2025-12-01")
    result = batch(nested, "-o", tmp_path / "out", *more, "--all-reasons")
    assert result.exit_code == 0, result.stderr
    found = outcomes(tmp_path / "out")
    assert [o["profile"] for o in found[:2]] == ["default", "lenient"] and len(found) == 18
    assert {(o["policy"], o["edition"]) for o in found} == {("0587", "2025-12-01"), (None, None)}
    assert "met" in pq.read_table(tmp_path / "out" / "reasons.parquet").column("status").to_pylist()
    assert "Profile lenient" in result.stdout


def test_rejected_requests_are_told_by_exit_code_and_table(nested, tmp_path):
    result = plexus("batch", nested, "-o", tmp_path / "out", "--as-of", "2020-01-01", "--workers", 1, "--no-hinges")
    assert result.exit_code == 1
    assert "9 rejected" in result.stdout and "lies after the as-of date" in result.stdout
    rejected = pq.read_table(tmp_path / "out" / "rejected.parquet").to_pylist()
    assert sum(r["lines"] for r in rejected) == 9 and all(r["fault"] for r in rejected)


def test_columns_that_are_not_used_are_told_before(tmp_path):
    shutil.copytree(SAMPLES, tmp_path / "mine")
    requests = (tmp_path / "mine" / "requests.csv").read_text().splitlines()
    text = "\n".join([requests[0] + ",colour", *(line + ",red" for line in requests[1:])])
    (tmp_path / "mine" / "requests.csv").write_text(text + "\n")
    result = batch(tmp_path / "mine", "-o", tmp_path / "out")
    assert "colour is not used" in result.stderr
    assert result.exit_code == 0


def test_a_dry_run_reports_the_mapping_and_writes_nothing(tmp_path):
    result = batch(SAMPLES, "--dry-run", "-o", tmp_path / "out")
    assert result.exit_code == 0 and "8 requests can be read" in result.stdout and "Ready" in result.stdout
    assert not (tmp_path / "out").exists()
    (told,) = json.loads(batch(SAMPLES, "--dry-run", "--format", "json").stdout)
    assert told["ready"] is True and told["usable"] == 8


def test_a_dry_run_finds_a_reference_to_nothing(tmp_path):
    shutil.copytree(SAMPLES, tmp_path / "mine")
    conditions = (tmp_path / "mine" / "conditions.csv").read_text().splitlines(keepends=True)
    (tmp_path / "mine" / "conditions.csv").write_text("".join([conditions[0], *conditions[2:]]))
    result = batch(tmp_path / "mine", "--dry-run")
    assert result.exit_code == 1 and "To mend" in result.stdout


def test_a_csvw_file_of_plexus_and_one_drafted(tmp_path):
    whole = json.loads(batch("--write-csvw").stdout)
    drafted = json.loads(batch(SAMPLES, "--write-csvw").stdout)
    urls = {t["url"] for t in drafted["tables"]}
    assert "requests.csv" in urls and urls <= {t["url"] for t in whole["tables"]}


def test_a_run_that_failed_goes_on(nested, tmp_path, monkeypatch):
    def stopped(rows, plan):
        raise KeyboardInterrupt

    # A worker of its own would not see what is replaced here.
    monkeypatch.setattr("reasoner.batch.workers.finish", lambda *_: stopped(None, None))
    result = batch(nested, "-o", tmp_path / "out")
    assert result.exit_code == 130 and "--resume" in result.stderr
    monkeypatch.undo()
    assert "interrupted run" in batch(nested, "-o", tmp_path / "out").stderr
    result = batch(nested, "-o", tmp_path / "out", "--resume")
    assert result.exit_code == 0 and len(outcomes(tmp_path / "out")) == 9


# ---- Mistakes ----


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ([], "Name what to review"),
        ([SAMPLES], "-o"),
        (["no-such-file", "-o", "OUT"], "does not exist"),
        ([__file__, "-o", "OUT"], "is no input that plexus reads"),
        ([__file__, "--dry-run"], "is no input that plexus reads"),
        ([__file__, "--write-csvw"], "is no input that plexus reads"),
        ([SAMPLES, SAMPLES, "--write-csvw"], "one INPUT"),
        ([SAMPLES, "-o", "OUT", "--readings", "lenient"], "is no profile"),
        ([SAMPLES, "-o", "OUT", "--readings", "x:A10=none"], "none"),
        ([SAMPLES, "-o", "OUT", "--readings", "x:", "--readings", "x:"], "named x"),
        ([SAMPLES, "-o", "OUT", "--edition", "0587/1999-01-01"], "1999-01-01"),
        ([SAMPLES, "-o", "OUT", "--memory", "much"], "no amount of memory"),
        ([SAMPLES, "-o", "OUT", "--plot", "x.png"], ".svg or .html"),
        ([SAMPLES, "-o", "OUT", "--resume", "--force"], "one of them"),
    ],
)
def test_mistakes_are_told_in_a_sentence(tmp_path, args, said):
    result = batch(*[tmp_path / "out" if a == "OUT" else a for a in args])
    assert result.exit_code == 2
    assert said in result.stderr and "Traceback" not in result.stderr
    assert not (tmp_path / "out").exists()


def test_a_damaged_table_is_an_unreadable_input(nested, tmp_path):
    (tmp_path / "requests.parquet").write_bytes(nested.read_bytes()[:-100])
    result = batch(tmp_path / "requests.parquet", "-o", tmp_path / "out")
    assert result.exit_code == 2 and "Traceback" not in result.stderr


def test_a_whole_output_is_not_overwritten(done, nested):
    result = batch(nested, "-o", done[1] / "out")
    assert result.exit_code == 1 and "--force" in result.stderr


@pytest.mark.parametrize(("text", "size"), [("512MiB", 512 << 20), ("2g", 2 << 30), ("1 KB", 1 << 10), ("77", 77)])
def test_amounts_of_memory(text, size):
    assert Memory().convert(text, None, None) == size


@pytest.mark.parametrize("text", ["x", ":A1=y", "x:A1", "x:=y", "none.toml"])
def test_what_is_no_profile(text):
    with pytest.raises(BatchError):
        profiles_of([text])


def test_without_the_table_library_nothing_is_written(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)  # as if it were not installed
    told = batch(SAMPLES, "-o", tmp_path / "out")
    assert told.exit_code == 1 and "plexus-reasoner[tables]" in told.stderr
    assert not (tmp_path / "out").exists()
