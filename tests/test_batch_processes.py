"""A batch in several processes: bytes alike, interrupted by Ctrl-C or a kill, and never written by two runs at once."""

from __future__ import annotations

import hashlib
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

from reasoner.batch.chunks import Given, RowGroups, nested_chunks
from reasoner.batch.holding import alone
from reasoner.batch.plan import Plan, Profile
from reasoner.batch.run import BYTES_A_REQUEST, BYTES_MADE, Options, _division, _taken, run
from reasoner.batch.workers import Task, in_processes, in_turn
from reasoner.errors import BatchError
from reasoner.knowledge import load
from reasoner.tables.merge import SHARE
from reasoner.tables.rejected import Rejection, rejected_table
from reasoner.tables.schema import nested_schema, schema_of

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")
DAY = date(2028, 1, 1)
PLAN = Plan(None, DAY, (Profile("default", {}),), None, False, False, "")
GROUP = 40


@pytest.fixture(scope="module")
def nested(tmp_path_factory) -> Path:
    found = [{**r, "identifier": f"{r['identifier']}-{i}"} for i in range(2) for r in rows().values()]
    file = tmp_path_factory.mktemp("processes") / "requests.parquet"
    pq.write_table(pa.Table.from_pylist(found, schema=nested_schema(schema_of(load()))), file, row_group_size=GROUP)
    return file


@pytest.fixture(scope="module")
def whole(nested, tmp_path_factory) -> Path:
    """The output of a run that nothing interrupted, by one worker."""
    out = tmp_path_factory.mktemp("whole") / "out"
    run([nested], PLAN, out, Options(workers=1, rows=GROUP))
    return out


def digests(out: Path) -> dict[str, str]:
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(out.glob("*.parquet"))}


def failing(table, plan):
    """A review that fails on one chunk."""
    if "complete-record-0" in table.column("identifier").to_pylist():
        raise ValueError("SECRET of a patient")
    from reasoner.batch.chunk import review_table

    return review_table(table, plan)


def ending(table, plan):
    """A review whose process ends."""
    os.kill(os.getpid(), signal.SIGKILL)


def finished_by(how, nested, folder, review, **more):
    folder.mkdir()
    chunks = nested_chunks([nested], rows=GROUP)
    return list(how(chunks, Task(PLAN, folder, review), **more))


@pytest.mark.slow
def test_the_bytes_do_not_depend_on_the_workers(nested, whole, tmp_path):
    run([nested], PLAN, tmp_path / "out", Options(workers=2, memory=2 << 30, rows=GROUP))
    assert digests(tmp_path / "out") == digests(whole) and len(digests(whole)) == 3


@pytest.mark.parametrize("made", [False, True])
def test_the_size_of_chunks_does_not_depend_on_the_workers(made):
    for memory in (200 << 20, 512 << 20, 720 << 20, 1 << 30, 8 << 30):
        cuts = {_division(Options(workers=n, memory=memory), made=made)[1] for n in (1, 2, 16)}
        assert len(cuts) == 1
        for n in (1, 2, 16):
            workers, size = _division(Options(workers=n, memory=memory), made=made)
            need = _taken(workers) + workers * size * (BYTES_MADE if made else BYTES_A_REQUEST)
            assert workers == 1 or need <= memory - (memory // SHARE if made else 0)
    assert _division(Options(workers=2, memory=1 << 30), made=made)[0] == 2  # what the command line gives without more


@pytest.mark.slow
def test_processes_and_one_after_the_other_finish_the_same_parts(nested, tmp_path):
    from reasoner.batch.chunk import review_table

    found = [
        finished_by(in_turn, nested, tmp_path / "a", review_table),
        finished_by(in_processes, nested, tmp_path / "c", review_table, workers=2),
    ]
    told = [{r.number: (r.rows, r.digests, r.summary) for r in records} for records in found]
    assert told[0] == told[1] and len(told[0]) > 3


def given_chunks(nested):
    """What a reader makes: slices of a table, with what it rejected."""
    table = pq.read_table(nested)
    fault = Rejection("r1", "requests.csv", 7, "row 7", "It names no request.", "Name one.", 1)
    for number, start in enumerate(range(0, table.num_rows, 150)):
        some = table.slice(start, 150)
        yield Given(number, f"part {number}", some, rejected_table([fault]), some.num_rows + 1)


@pytest.mark.slow
def test_what_a_reader_makes_comes_out_the_same_through_files_that_are_gone_then(nested, tmp_path, monkeypatch):
    from reasoner.batch.chunk import review_table

    parked = tmp_path / "temporary"
    parked.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(parked))
    found = []
    for name, how, more in (("a", in_turn, {}), ("b", in_processes, {"workers": 2})):
        (tmp_path / name).mkdir()
        records = how(given_chunks(nested), Task(PLAN, tmp_path / name, review_table), **more)
        found.append({r.number: (r.rows, r.digests, r.lines_in, r.faults) for r in records})
    assert found[0] == found[1] and len(found[0]) > 2
    assert all(rows["rejected"] >= 1 for rows, *_ in found[0].values())
    assert not list(parked.iterdir())


def test_a_parked_slice_does_not_bring_its_table_along(nested, tmp_path):
    table = pa.concat_tables([pq.read_table(nested)] * 20).combine_chunks()
    chunk = Given(3, "part 3", table.slice(0, 10), None, 10).parked(tmp_path)
    assert sum(p.stat().st_size for p in tmp_path.iterdir()) < table.nbytes / 20
    rows, rejected = chunk.read()
    assert rows.equals(table.slice(0, 10)) and rejected is None and not list(tmp_path.iterdir())


@pytest.mark.slow
def test_a_fault_in_a_worker_names_the_chunk_and_no_patient(nested, tmp_path):
    with pytest.raises(BatchError, match=r"Chunk \d+ \(.*rows \d+ to \d+\): internal error \(ValueError") as told:
        finished_by(in_processes, nested, tmp_path / "a", failing, workers=2)
    assert "SECRET" not in str(told.value)


@pytest.mark.slow
def test_a_worker_that_ends_is_noticed_with_its_chunk(nested, tmp_path):
    with pytest.raises(BatchError, match=r"A worker ended during chunk \d+ .* exit code -9"):
        finished_by(in_processes, nested, tmp_path / "a", ending, workers=2)


def test_row_groups_become_chunks_that_cover_every_row_once(nested, tmp_path):
    table = pq.read_table(nested)
    chunks = list(nested_chunks([nested], rows=100))
    assert [c.number for c in chunks] == list(range(len(chunks))) and all(c.rows <= 100 for c in chunks)
    assert all(isinstance(c, RowGroups) for c in chunks)
    large = tmp_path / "large.parquet"
    pq.write_table(table, large, row_group_size=10_000)
    cut = list(nested_chunks([large, nested], rows=100))
    assert [c.number for c in cut] == list(range(len(cut))) and max(c.rows for c in cut) == 100
    for found, times in ((chunks, 1), (cut, 2)):
        ids = [i for c in found for i in c.read()[0].column("identifier").to_pylist()]
        assert ids == table.column("identifier").to_pylist() * times


# ---- Interrupted -----------------------------------------------------------------------------------

COMMAND = "from reasoner.cli import main; main()"
SLOW = """
import sys, time
from reasoner.batch import run as running, chunk

def slowly(rows, plan):
    time.sleep(0.3)
    return chunk.review_table(rows, plan)

if __name__ == "__main__":
    from datetime import date
    from pathlib import Path
    from reasoner.batch.plan import Plan, Profile
    plan = Plan(None, date(2028, 1, 1), (Profile("default", {}),), None, False, False, "")
    options = running.Options(workers=2, memory=2 << 30, rows=40)
    running.run([Path(sys.argv[1])], plan, Path(sys.argv[2]), options, review=slowly)
"""


def started(tmp_path, nested, out):
    script = tmp_path / "slowly.py"
    script.write_text(SLOW)
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        [sys.executable, str(script), str(nested), str(out)],
        env=env,
        cwd=ROOT,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    until = time.monotonic() + 120
    while len(list((out / "parts").glob("0*.json"))) < 2 and time.monotonic() < until and process.poll() is None:
        time.sleep(0.05)
    return process


def children_of(pid: int) -> list[int]:
    found = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(p) for p in found.read_text().split()] if found.exists() else []


def alive(pid: int) -> bool:
    stat = Path(f"/proc/{pid}/stat")
    try:
        return stat.read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="children are found by /proc")
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT], ids=["kill", "ctrl-c"])
def test_no_worker_outlives_a_run_and_the_run_goes_on_to_the_same_bytes(nested, whole, tmp_path, how):
    out = tmp_path / "out"
    process = started(tmp_path, nested, out)
    workers = children_of(process.pid)
    assert len(workers) >= 2
    if how is signal.SIGINT:
        os.killpg(process.pid, how)  # as a terminal does: to the workers as well
    else:
        process.send_signal(how)
    _, told = process.communicate(timeout=60)
    until = time.monotonic() + 30
    while any(map(alive, workers)) and time.monotonic() < until:
        time.sleep(0.1)
    assert not any(map(alive, workers))
    assert told.count(b"Traceback") == (
        how is signal.SIGINT
    )  # that of the script itself; workers leave Ctrl-C to their parent
    assert not list(out.glob("*.parquet")) and not (out / "manifest.json").exists()
    run([nested], PLAN, out, Options(workers=1, resume=True))
    assert digests(out) == digests(whole)


@pytest.mark.slow
def test_ctrl_c_at_the_command_line_is_told_and_exits_with_130(nested, tmp_path):
    out = tmp_path / "out"
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    large = tmp_path / "large.parquet"
    table = pq.read_table(nested)
    many = [
        table.set_column(0, table.schema.field(0), pa.array([f"{i}-{x}" for x in table.column(0).to_pylist()]))
        for i in range(30)
    ]
    assert table.schema.names[0] == "identifier"
    pq.write_table(pa.concat_tables(many), large, row_group_size=500)
    process = subprocess.Popen(
        [sys.executable, "-c", COMMAND, "batch", str(large), "-o", str(out), "--as-of", "2028-01-01", "--memory=64MiB"],
        env=env,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    until = time.monotonic() + 120
    while not list((out / "parts").glob("0*.json")) and time.monotonic() < until and process.poll() is None:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=120)
    assert process.returncode == 130, told
    assert b"Interrupted" in told and b"--resume" in told and b"Traceback" not in told
    assert not (out / "manifest.json").exists() and (out / "parts" / "run.json").exists()


# ---- The folder ------------------------------------------------------------------------------------


def test_two_runs_do_not_write_one_folder(nested, tmp_path):
    pytest.importorskip("fcntl")
    with alone(tmp_path / "out"), pytest.raises(BatchError, match="being written by another run"):
        run([nested], PLAN, tmp_path / "out", Options(workers=1, force=True))
    assert run([nested], PLAN, tmp_path / "out", Options(workers=1))["counts"]["requests"] == 2 * len(rows())


def test_an_output_within_an_input_is_refused(nested):
    for out in (nested.parent / "out", nested.parent):
        with pytest.raises(BatchError, match="lies in the input"):
            run([nested.parent], PLAN, out, Options(workers=1))
    assert not (nested.parent / "out").exists()


def test_resuming_a_whole_output_changes_nothing_and_another_is_refused(nested, tmp_path):
    out = tmp_path / "out"
    first = run([nested], PLAN, out, Options(workers=1, rows=GROUP))
    before = {p.name: (p.stat().st_mtime_ns, p.read_bytes()) for p in out.iterdir()}
    (out / "parts").mkdir()  # as a run leaves it that ended between the manifest and the last step
    again = run([nested], PLAN, out, Options(workers=1, resume=True))
    assert again == first and {p.name: (p.stat().st_mtime_ns, p.read_bytes()) for p in out.iterdir()} == before
    other = Plan(None, DAY, (Profile("default", {"A10": "any-one"}),), None, False, False, "")
    with pytest.raises(BatchError, match="whole output of another run"):
        run([nested], other, out, Options(workers=1, resume=True))


def stopping(table, plan):
    raise KeyboardInterrupt


def test_a_run_that_is_forced_and_interrupted_leaves_no_earlier_output(nested, tmp_path):
    out = tmp_path / "out"
    run([nested], PLAN, out, Options(workers=1, rows=GROUP))
    (out / "notes.txt").write_text("mine")
    with pytest.raises(KeyboardInterrupt):
        run([nested], PLAN, out, Options(workers=1, rows=GROUP, force=True), review=stopping)
    assert sorted(p.name for p in out.iterdir()) == ["notes.txt", "parts"]


# ---- The summary -----------------------------------------------------------------------------------


def test_criteria_decide_only_where_no_term_does():
    from reasoner.batch.summary import count_outcomes

    policy = load().policies[0]

    def told(recommendation, basis, **statuses):
        return {
            "profile": "default",
            "recommendation": recommendation,
            "basis": basis,
            "next": "none",
            "policy": policy.number,
            "edition": policy.edition.isoformat(),
            **{c.id: "met" for c in policy.criteria},
            "other-indication": "unmet",
            **statuses,
        }

    lines = [
        told("deny", "criterion-unmet", symptoms="unmet"),
        told("deny", "plan-exclusion", symptoms="unmet"),
        told("deny", "excluded-indication", **{"other-indication": "met"}),
        told("pend", "open", compression="conflicting", conservative="open"),
        told("pend", "inconsistent", compression="undocumented"),
        told("approve", "criteria-met"),
    ]
    found = count_outcomes(pa.Table.from_pylist(lines), None)["default"]
    assert found["lines"] == 6 and found["recommendation"] == {"deny": 3, "pend": 2, "approve": 1}
    assert found["deciding"]["deny"] == {"0587 symptoms": 1, "0587 (plan-exclusion)": 1, "0587 other-indication": 1}
    assert found["deciding"]["pend"] == {"0587 compression": 1, "0587 conservative": 1, "0587 (inconsistent)": 1}
