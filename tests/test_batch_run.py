"""A run of a batch: what is killed goes on, what comes out does not depend on how it was run, and every line counts."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from datetime import date

import batch_interrupted
import pytest
from batch_interrupted import PLAN
from conftest import ROOT

from reasoner.batch.chunk import review_table
from reasoner.batch.chunks import Given, nested_chunks
from reasoner.batch.parquet_join import join
from reasoner.batch.parts import TABLES, finish
from reasoner.batch.plan import Profile
from reasoner.batch.run import IDENTITY, MANIFEST, PARTS, Options, run
from reasoner.errors import BatchError, ReadingError, TableError
from reasoner.synthetic.generate import Order, generate

pa = pytest.importorskip("pyarrow")
import pyarrow.parquet as pq  # noqa: E402

ROWS, SIZE = 20, 80


@pytest.fixture(scope="module")
def given(tmp_path_factory):
    """Synthetic requests in row groups of ten."""
    folder = tmp_path_factory.mktemp("given")
    generate(Order(SIZE, 3), folder / "made")
    table = pq.read_table(next((folder / "made").rglob("requests*.parquet")))
    pq.write_table(table, folder / "requests.parquet", row_group_size=10)
    return folder / "requests.parquet"


@pytest.fixture(scope="module")
def whole(given, tmp_path_factory):
    """The output of a run that nobody interrupted."""
    out = tmp_path_factory.mktemp("whole") / "out"
    run([given], PLAN, out, Options(workers=1, rows=ROWS))
    return out


def content(out):
    return {t: pq.read_table(out / f"{t}.parquet").to_pylist() for t in TABLES}


def told(out):
    return json.loads((out / MANIFEST).read_text())


# ---- What comes out ----


def test_the_output_is_that_of_one_review_of_all_rows(given, whole):
    found = content(whole)
    plan = replace(PLAN, run_id=told(whole)["run_id"])
    once = review_table(pq.read_table(given), plan)
    assert found["outcomes"] == once.outcomes.to_pylist() != []
    assert found["reasons"] == once.reasons.to_pylist() != []
    same = ("request", "where", "fault", "cure", "lines")
    assert [[r[k] for k in same] for r in found["rejected"]] == [
        [r[k] for k in same] for r in once.rejected.to_pylist()
    ]


def test_a_rejected_request_is_found_by_file_and_row(given, whole):
    identifiers = pq.read_table(given).column("identifier").to_pylist()
    rejected = content(whole)["rejected"]
    assert rejected and {r["source"] for r in rejected} == {"requests.parquet"}
    assert max(r["row"] for r in rejected) > ROWS
    assert all(identifiers[r["row"] - 1] == r["request"] for r in rejected)


def test_nothing_is_left_but_the_output(whole):
    assert sorted(p.name for p in whole.iterdir()) == [MANIFEST, *(f"{t}.parquet" for t in TABLES)]


@pytest.mark.parametrize(
    "options", [Options(workers=2, rows=ROWS), Options(workers=1, rows=6), Options(workers=1, rows=50)]
)
def test_the_rows_do_not_depend_on_workers_and_chunks(given, whole, tmp_path, options):
    run([given], PLAN, tmp_path / "out", options)
    assert content(tmp_path / "out") == content(whole)
    assert told(tmp_path / "out")["run_id"] == told(whole)["run_id"]


def test_every_line_is_reviewed_or_rejected(given, whole):
    counts = told(whole)["counts"]
    lines = sum(len(r) for r in pq.read_table(given).column("lines").to_pylist())
    found = content(whole)
    assert counts["lines_in"] == lines == counts["lines_reviewed"] + counts["lines_rejected"]
    assert counts["lines_reviewed"] == len({(o["request"], o["line"]) for o in found["outcomes"]})
    assert counts["lines_rejected"] == sum(r["lines"] for r in found["rejected"]) > 0
    assert counts["outcomes_rows"] == 2 * counts["lines_reviewed"]
    assert counts["requests"] == SIZE


def without_a_line(rows, plan):
    found = review_table(rows, plan)
    keep = found.outcomes.num_rows - len(plan.profiles)
    return replace(found, outcomes=found.outcomes.slice(0, keep))


def test_a_line_that_gets_lost_stops_the_run(given, tmp_path):
    with pytest.raises(BatchError, match=r"Chunk 0: \d+ lines went in"):
        run([given], PLAN, tmp_path / "out", Options(workers=1, rows=ROWS), review=without_a_line)
    assert not (tmp_path / "out" / MANIFEST).exists()
    assert not (tmp_path / "out" / "outcomes.parquet").exists()


def that_fails(rows, plan):
    raise ValueError(f"secret of {rows.column('identifier')[0]}")


def test_an_internal_error_names_the_chunk_and_nothing_of_a_record(given, tmp_path):
    with pytest.raises(BatchError) as caught:
        run([given], PLAN, tmp_path / "out", Options(workers=1, rows=ROWS), review=that_fails)
    said = str(caught.value)
    assert "Chunk 0" in said and "rows 1 to 20" in said and "ValueError" in said
    assert "secret" not in said and "SYN-" not in said


def test_the_manifest_says_what_was_run(given, whole):
    manifest = told(whole)
    assert manifest["as_of"] == "2026-06-30" and manifest["edition"] is None
    assert manifest["profiles"] == {"default": {}, "lenient": {"A10": "any-one"}}
    (source,) = manifest["inputs"]
    assert source["files"][0]["bytes"] == given.stat().st_size
    assert set(manifest["seconds"]) >= {"read", "review", "write", "join", "whole"}
    assert manifest["peak_memory_bytes"] > 10 << 20
    assert all(manifest["digests"].values())
    named = {o["run_id"] for o in content(whole)["outcomes"]}
    assert named == {manifest["run_id"]}
    recommended = manifest["summary"]["lenient"]["recommendation"]
    assert sum(recommended.values()) == manifest["counts"]["lines_reviewed"]


@pytest.mark.parametrize(
    "change",
    [
        {"as_of": date(2026, 7, 1)},
        {"profiles": (Profile("default", {}),)},
        {"all_reasons": True},
        {"hinges": True},
        {"edition": "0587/2025-12-01"},
    ],
    ids=lambda c: next(iter(c)),
)
def test_another_plan_is_another_run(given, whole, tmp_path, change):
    with pytest.raises(BatchError, match="ValueError"):
        run([given], replace(PLAN, **change), tmp_path / "out", Options(workers=1), review=that_fails)
    asked = json.loads((tmp_path / "out" / PARTS / IDENTITY).read_text())["asked"]
    assert asked["run_id"] != told(whole)["run_id"]


def test_identifiers_are_compared_over_all_nested_inputs(given, tmp_path):
    table = pq.read_table(given)
    pq.write_table(table.slice(0, 30), tmp_path / "a.parquet")
    pq.write_table(table.slice(29, 30), tmp_path / "b.parquet")
    run([tmp_path / "a.parquet", tmp_path / "b.parquet"], PLAN, tmp_path / "out", Options(workers=1))
    twice = table.column("identifier")[29].as_py()
    found = content(tmp_path / "out")
    assert twice in {r["request"] for r in found["rejected"]}
    assert twice not in {o["request"] for o in found["outcomes"]}
    assert told(tmp_path / "out")["counts"]["requests"] == 60


# ---- What cannot be run ----


def test_an_input_that_is_not_there(tmp_path):
    with pytest.raises(TableError, match="does not exist"):
        run([tmp_path / "none.parquet"], PLAN, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_an_unknown_reading_is_told_before_anything_is_written(given, tmp_path):
    with pytest.raises(ReadingError):
        run([given], replace(PLAN, profiles=(Profile("x", {"A10": "no-such"}),)), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_whole_output_is_written_anew_only_by_force(given, whole, tmp_path):
    out = tmp_path / "out"
    run([given], PLAN, out, Options(workers=1))
    with pytest.raises(BatchError, match="whole output"):
        run([given], PLAN, out, Options(workers=1))
    run([given], PLAN, out, Options(workers=1, force=True))
    assert content(out) == content(whole)


def test_a_folder_with_something_else_is_left_alone(given, tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(BatchError, match="not empty"):
        run([given], PLAN, tmp_path, Options(workers=1))
    assert [p.name for p in tmp_path.iterdir()] == ["mine.txt"]


def test_parts_that_nobody_asked_for_are_not_taken_over(given, whole, tmp_path):
    out = tmp_path / "out"
    table = pq.read_table(given).slice(0, 5)
    (out / PARTS).mkdir(parents=True)
    finish(Given(0, "other", table, None, 5), PLAN, out / PARTS, review_table)
    run([given], PLAN, out, Options(workers=1, rows=ROWS))
    assert content(out) == content(whole)


# ---- Interruption ----


def interrupted(given, folder, workers, number=signal.SIGKILL):
    """A run that is ended in the middle: some chunks are finished, one is begun."""
    stop = pq.read_table(given, columns=["identifier"]).column("identifier")[2 * ROWS].as_py()
    (folder / "stop").write_text(stop)
    env = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests")])}
    command = [sys.executable, batch_interrupted.__file__, str(given), str(folder / "out"), str(workers), str(ROWS)]
    process = subprocess.Popen(command, cwd=folder, env=env, stderr=subprocess.PIPE, text=True)
    records = {f"{n:05d}.json" for n in range(2)}
    end = time.monotonic() + 100
    while not (records <= present(folder / "out" / PARTS) and (folder / "stopped").exists()):
        assert process.poll() is None and time.monotonic() < end, process.communicate()[1]
        time.sleep(0.05)
    process.send_signal(number)
    _, said = process.communicate(timeout=30)
    return process.returncode, said


def present(folder):
    return {p.name for p in folder.iterdir()} if folder.exists() else set()


def counted(seen):
    def review(rows, plan):
        seen.append(rows.num_rows)
        return review_table(rows, plan)

    return review


@pytest.mark.parametrize("workers", [1, 2])
def test_a_killed_run_goes_on_and_gives_the_same(given, whole, tmp_path, workers):
    interrupted(given, tmp_path, workers)
    out = tmp_path / "out"
    assert {p.name for p in out.iterdir()} == {PARTS}
    with pytest.raises(BatchError, match="interrupted run"):
        run([given], PLAN, out, Options(workers=1))
    done = len([n for n in present(out / PARTS) if n[0].isdigit()])
    seen, heard = [], []
    # Memory and workers are others: the chunks stay those of the run that was begun.
    options = Options(workers=1, memory=64 << 20, resume=True, rows=33)
    run([given], PLAN, out, options, lambda record: heard.append(record.number), counted(seen))
    assert len(seen) == SIZE // ROWS - done
    assert sorted(heard) == list(range(SIZE // ROWS))
    assert content(out) == content(whole)
    for table in TABLES:
        assert (out / f"{table}.parquet").read_bytes() == (whole / f"{table}.parquet").read_bytes()
    assert told(out)["counts"] == told(whole)["counts"]


@pytest.mark.parametrize("workers", [1, 2])
def test_ctrl_c_ends_the_run_without_half_an_output(given, whole, tmp_path, workers):
    code, said = interrupted(given, tmp_path, workers, signal.SIGINT)
    assert code == 130 and said == ""
    assert {p.name for p in (tmp_path / "out").iterdir()} == {PARTS}
    run([given], PLAN, tmp_path / "out", Options(workers=1, resume=True))
    assert content(tmp_path / "out") == content(whole)


@pytest.fixture
def begun(given, tmp_path):
    """A run that stopped after its first chunk."""

    def second_fails(rows, plan):
        if done:
            raise BatchError("enough")
        done.append(1)
        return review_table(rows, plan)

    done: list[int] = []
    with pytest.raises(BatchError, match="enough"):
        run([given], PLAN, tmp_path / "out", Options(workers=1, rows=ROWS), review=second_fails)
    return tmp_path / "out"


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"as_of": date(2026, 7, 1)}, "as_of"),
        ({"profiles": (Profile("default", {}),)}, "profiles"),
        ({"all_reasons": True}, "all_reasons"),
    ],
)
def test_another_plan_cannot_go_on(given, begun, change, named):
    with pytest.raises(BatchError, match=f"other: {named}"):
        run([given], replace(PLAN, **change), begun, Options(workers=1, resume=True))


def test_another_input_cannot_go_on(given, begun, tmp_path):
    pq.write_table(pq.read_table(given).slice(1), tmp_path / "requests.parquet", row_group_size=10)
    with pytest.raises(BatchError, match="other: inputs"):
        run([tmp_path / "requests.parquet"], PLAN, begun, Options(workers=1, resume=True))


def test_another_software_cannot_go_on(given, begun, monkeypatch):
    monkeypatch.setattr("reasoner.batch.run.software_version", lambda: "0.0.1")
    with pytest.raises(BatchError, match="other: version"):
        run([given], PLAN, begun, Options(workers=1, resume=True))


def test_a_damaged_part_is_made_again(given, whole, begun):
    part = begun / PARTS / "outcomes-00000.parquet"
    part.write_bytes(part.read_bytes()[:-20])
    run([given], PLAN, begun, Options(workers=1, resume=True))
    assert content(begun) == content(whole)


def test_going_on_and_beginning_anew_exclude_each_other(given, begun):
    with pytest.raises(BatchError, match="not both"):
        run([given], PLAN, begun, Options(workers=1, resume=True, force=True))
    run([given], PLAN, begun, Options(workers=1, force=True))
    assert told(begun)["counts"]["requests"] == SIZE


# ---- Joining ----


def test_parts_are_joined_page_by_page(tmp_path):
    tables = [pa.table({"a": [n, n + 1], "b": pa.array([f"x{n}", None]).dictionary_encode()}) for n in (0, 5, 9)]
    for n, table in enumerate(tables):
        pq.write_table(table, tmp_path / f"{n}.parquet", compression="zstd")
    assert join((tmp_path / f"{n}.parquet" for n in range(3)), tmp_path / "all.parquet") == 6
    file = pq.ParquetFile(tmp_path / "all.parquet")
    assert file.read().to_pylist() == [row for t in tables for row in t.to_pylist()]
    assert file.num_row_groups == 3
    assert file.metadata.row_group(2).column(0).statistics.min == 9


def test_parts_with_other_columns_are_not_joined(tmp_path):
    pq.write_table(pa.table({"a": [1]}), tmp_path / "0.parquet")
    pq.write_table(pa.table({"b": [1]}), tmp_path / "1.parquet")
    with pytest.raises(BatchError, match="other columns"):
        join([tmp_path / "0.parquet", tmp_path / "1.parquet"], tmp_path / "all.parquet")


@pytest.mark.parametrize("content", [b"", b"PAR1" * 2, b"PAR1" + b"\x00" * 40 + b"\xff\xff\x00\x00PAR1"])
def test_what_is_no_whole_part_is_not_joined(tmp_path, content):
    (tmp_path / "0.parquet").write_bytes(content)
    with pytest.raises(BatchError, match="no whole Parquet file"):
        join([tmp_path / "0.parquet"], tmp_path / "all.parquet")


# ---- Chunks ----


def test_a_file_that_was_written_anew_is_read_anew(given, tmp_path):
    table = pq.read_table(given)
    for start, rows, group in ((0, 30, 10), (7, 20, 20), (0, 20, 20), (3, 30, 15)):
        pq.write_table(table.slice(start, rows), tmp_path / "one.parquet", row_group_size=group)
        chunks = list(nested_chunks([tmp_path / "one.parquet"], rows=10))
        read = [row["identifier"] for c in chunks for row in c.read()[0].to_pylist()]
        assert read == table.column("identifier").to_pylist()[start : start + rows]


@pytest.mark.parametrize("sliced", [1 << 30, 0], ids=["slices", "streams"])
def test_a_large_row_group_is_cut_into_the_same_rows(given, tmp_path, monkeypatch, sliced):
    monkeypatch.setattr("reasoner.batch.chunks.SLICED", sliced)
    table = pq.read_table(given)
    pq.write_table(table, tmp_path / "one.parquet", row_group_size=50)
    chunks = list(nested_chunks([tmp_path / "one.parquet"], rows=20))
    assert [(c.number, c.first, c.rows) for c in chunks] == [
        (0, 1, 20),
        (1, 21, 20),
        (2, 41, 10),
        (3, 51, 20),
        (4, 71, 10),
    ]
    read = [row["identifier"] for c in chunks for row in c.read()[0].to_pylist()]
    assert read == table.column("identifier").to_pylist()
    found = [review_table(c.read()[0], PLAN) for c in chunks]
    once = review_table(table, PLAN)
    assert [o for f in found for o in f.outcomes.to_pylist()] == once.outcomes.to_pylist()
    assert [o for f in found for o in f.reasons.to_pylist()] == once.reasons.to_pylist()
