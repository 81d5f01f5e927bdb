"""A whole batch: the same output whatever the workers, whole or not at all, resumed where it was."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from datetime import date
from pathlib import Path

import pytest
from conftest import ROOT
from test_batch_chunk import rows

from reasoner.batch.chunk import review_table
from reasoner.batch.parquet_join import join
from reasoner.batch.plan import Plan, Profile
from reasoner.batch.profiles import profiles_of
from reasoner.batch.run import Options, run
from reasoner.errors import BatchError
from reasoner.knowledge import load
from reasoner.tables.sample_tables import sample_folder
from reasoner.tables.schema import nested_schema, schema_of

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")
DAY = date(2028, 1, 1)
PLAN = Plan(None, DAY, (Profile("default", {}),), None, False, False, "")
TABLES = ("outcomes", "reasons", "rejected")


@pytest.fixture(scope="module")
def nested(tmp_path_factory) -> Path:
    """Some hundred requests in row groups of 40, one of them with a fault."""
    found = [{**r, "identifier": f"{r['identifier']}-{i}"} for i in range(2) for r in rows().values()]
    found[7] = {**found[7], "lines": [{**found[7]["lines"][0], "indication": None}]}
    file = tmp_path_factory.mktemp("batch") / "requests.parquet"
    pq.write_table(pa.Table.from_pylist(found, schema=nested_schema(schema_of(load()))), file, row_group_size=40)
    return file


def read(out: Path) -> dict[str, list]:
    return {t: pq.read_table(out / f"{t}.parquet").to_pylist() for t in TABLES}


def test_the_output_does_not_depend_on_the_workers(nested, tmp_path):
    alone = run([nested], PLAN, tmp_path / "one", Options(rows=40, workers=1))
    team = run([nested], PLAN, tmp_path / "two", Options(rows=40, workers=2, memory=1 << 30))
    assert alone["run_id"] == team["run_id"] and team["chunks"] > 1
    assert read(tmp_path / "one") == read(tmp_path / "two")
    for table in TABLES:
        assert (tmp_path / "one" / f"{table}.parquet").stat().st_size > 0
    direct = review_table(pq.read_table(nested), Plan(**{**PLAN.__dict__, "run_id": alone["run_id"]}))
    assert read(tmp_path / "one")["outcomes"] == direct.outcomes.to_pylist()
    assert read(tmp_path / "one")["reasons"] == direct.reasons.to_pylist()


def test_every_line_comes_out_and_the_manifest_says_so(nested, tmp_path):
    manifest = run([nested], PLAN, tmp_path / "out", Options(rows=40, workers=1))
    counts = manifest["counts"]
    lines = sum(len(r["lines"]) for r in pq.read_table(nested, columns=["lines"]).to_pylist())
    assert counts["lines_in"] == lines == counts["lines_reviewed"] + counts["lines_rejected"]
    assert counts["lines_rejected"] == 1 and counts["requests"] == 2 * len(rows())
    assert counts["outcomes_rows"] == len(read(tmp_path / "out")["outcomes"])
    assert sum(manifest["summary"]["default"]["recommendation"].values()) == counts["lines_reviewed"]
    assert json.loads((tmp_path / "out" / "manifest.json").read_text()) == manifest
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["manifest.json", *(f"{t}.parquet" for t in TABLES)]


def test_lines_that_get_lost_on_the_way_are_noticed(nested, tmp_path):
    def forgetful(table, plan):
        made = review_table(table, plan)
        return type(made)(made.outcomes.slice(1), made.reasons, made.rejected)

    with pytest.raises(BatchError, match="lines went in"):
        run([nested], PLAN, tmp_path / "out", Options(rows=40, workers=1), review=forgetful)
    assert not (tmp_path / "out" / "manifest.json").exists()


# ---- Interrupted -----------------------------------------------------------------------------------

SLOW = """
import sys, time
from datetime import date
from pathlib import Path
from reasoner.batch import run as running
from reasoner.batch.chunk import review_table
from reasoner.batch.plan import Plan, Profile

def slowly(rows, plan):
    time.sleep(0.4)
    return review_table(rows, plan)

if __name__ == "__main__":
    plan = Plan(None, date(2028, 1, 1), (Profile("default", {}),), None, False, False, "")
    running.run([Path(sys.argv[1])], plan, Path(sys.argv[2]), running.Options(workers=1, rows=40), review=slowly)
"""


@pytest.mark.slow
@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGTERM], ids=["kill", "terminate"])
def test_a_killed_run_leaves_nothing_half_written_and_goes_on(nested, tmp_path, ending):
    script, out = tmp_path / "slowly.py", tmp_path / "out"
    script.write_text(SLOW)
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen([sys.executable, str(script), str(nested), str(out)], env=env, cwd=ROOT)
    waited = time.monotonic() + 60
    while len(list((out / "parts").glob("0*.json"))) < 2 and time.monotonic() < waited:
        time.sleep(0.05)
    process.send_signal(ending)
    process.wait()
    done = {p.name: p.stat().st_mtime_ns for p in (out / "parts").glob("0*.json")}
    assert 2 <= len(done) < 13
    assert not [p for p in out.iterdir() if p.name != "parts"]
    with pytest.raises(BatchError, match="--resume"):
        run([nested], PLAN, out, Options(rows=40, workers=1))
    reviewed = []

    def counted(table, plan):
        reviewed.append(table.num_rows)
        return review_table(table, plan)

    resumed = run([nested], PLAN, out, Options(rows=40, workers=1, resume=True), review=counted)
    assert len(reviewed) == resumed["chunks"] - len(done)
    run([nested], PLAN, tmp_path / "whole", Options(rows=40, workers=1))
    assert read(out) == read(tmp_path / "whole")


def test_a_run_that_was_asked_for_something_else_is_not_resumed(nested, tmp_path):
    out = tmp_path / "out"

    def fails(table, plan):
        if fails.after == 0:
            raise RuntimeError("SECRET of a patient")
        fails.after -= 1
        return review_table(table, plan)

    fails.after = 2
    with pytest.raises(BatchError, match="Chunk 2") as told:
        run([nested], PLAN, out, Options(rows=40, workers=1), review=fails)
    assert "SECRET" not in str(told.value)
    other = Plan(None, DAY, (Profile("default", {}),), None, True, False, "")
    with pytest.raises(BatchError, match="all_reasons"):
        run([nested], other, out, Options(rows=40, workers=1, resume=True))
    assert run([nested], other, out, Options(rows=40, workers=1, force=True))["all_reasons"] is True
    with pytest.raises(BatchError, match="whole output"):
        run([nested], PLAN, out, Options(rows=40, workers=1))


def test_a_damaged_part_is_made_anew(nested, tmp_path):
    out = tmp_path / "out"

    def stops(table, plan):
        if len(list((out / "parts").glob("0*.json"))) == 3:
            raise KeyboardInterrupt
        return review_table(table, plan)

    with pytest.raises(KeyboardInterrupt):
        run([nested], PLAN, out, Options(rows=40, workers=1), review=stops)
    part = out / "parts" / "outcomes-00001.parquet"
    part.write_bytes(part.read_bytes()[:-20])
    run([nested], PLAN, out, Options(rows=40, workers=1, resume=True))
    run([nested], PLAN, tmp_path / "whole", Options(rows=40, workers=1))
    assert read(out) == read(tmp_path / "whole")


# ---- Inputs ----------------------------------------------------------------------------------------


def test_all_kinds_of_input_come_out_alike(tmp_path):
    names = ["complete-record", "bilateral-line", "two-lines-on-one-request"]
    cases = [ROOT / "cases" / n / "request.ttl" for n in names]
    by_rdf = run(cases, PLAN, tmp_path / "rdf", Options(rows=40, workers=1))
    found = [rows()[n] for n in names]
    ids = [r["request"] for r in read(tmp_path / "rdf")["outcomes"]]
    assert all(i.startswith("PA-") for i in ids)
    nested = tmp_path / "n.parquet"
    renamed = [{**r, "identifier": i} for r, i in zip(found, dict.fromkeys(ids), strict=True)]
    pq.write_table(pa.Table.from_pylist(renamed, schema=nested_schema(schema_of(load()))), nested)
    run([nested], PLAN, tmp_path / "nested", Options(rows=40, workers=1))
    told = [read(tmp_path / kind)["outcomes"] for kind in ("rdf", "nested")]
    assert [{**o, "run_id": ""} for o in told[0]] == [{**o, "run_id": ""} for o in told[1]]
    assert by_rdf["counts"]["lines_in"] == len(ids)


def test_the_sample_tables_are_reviewed(tmp_path):
    manifest = run([sample_folder()], PLAN, tmp_path / "out", Options(rows=40, workers=1))
    assert manifest["counts"]["lines_in"] == manifest["counts"]["lines_reviewed"] == 9


# ---- Parts -----------------------------------------------------------------------------------------


def test_joined_files_hold_all_rows_in_order(tmp_path):
    parts = []
    for n in range(3):
        part = tmp_path / f"{n}.parquet"
        pq.write_table(pa.table({"a": [n, n + 10], "b": pa.array([f"x{n}", "y"]).dictionary_encode()}), part)
        parts.append(part)
    assert join(parts, tmp_path / "all.parquet") == 6
    whole = pq.read_table(tmp_path / "all.parquet")
    assert whole.column("a").to_pylist() == [0, 10, 1, 11, 2, 12]
    assert whole.column("b").to_pylist() == ["x0", "y", "x1", "y", "x2", "y"]
    other = tmp_path / "other.parquet"
    pq.write_table(pa.table({"c": [1]}), other)
    with pytest.raises(BatchError, match="other columns"):
        join([*parts, other], tmp_path / "bad.parquet")


@pytest.mark.parametrize("text", ["lenient", "x:A10", ":A1=b", "x:=y", "none.toml"])
def test_what_is_no_profile_is_refused(text):
    with pytest.raises(BatchError):
        profiles_of([text])


def test_profiles_of_a_file(tmp_path):
    file = tmp_path / "profiles.toml"
    file.write_text('[strict]\nA10 = "all"\n[lenient]\n"0587:A14" = "six-weeks"\n')
    found = {p.name: dict(p.readings) for p in profiles_of(["default", str(file)])}
    assert found == {"default": {}, "strict": {"A10": "all"}, "lenient": {"0587:A14": "six-weeks"}}
    with pytest.raises(BatchError, match="named strict"):
        profiles_of([str(file), "strict:"])
