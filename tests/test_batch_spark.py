"""Spark reviews as the local engine does: the same rows in all tables, also where a worker is lost on the way.

What starts Spark is marked ``spark`` and asked for with ``-m spark``; what runs on a worker is tested without it.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager, suppress
from copy import deepcopy
from dataclasses import replace
from datetime import date
from functools import cache
from pathlib import Path

import pytest
from click.testing import CliRunner
from conftest import ROOT, all_cases

from reasoner import intake
from reasoner.batch import spark_session
from reasoner.batch.plan import Plan, Profile
from reasoner.batch.run import Options, run
from reasoner.batch.spark import checked_sources
from reasoner.batch.spark_session import check_installed, session, told
from reasoner.batch.spark_shipping import pack
from reasoner.batch.spark_worker import FAULT, FILE, OF_LINE, PLACE, REASONS, Job, evaluate, keys_of, records_of
from reasoner.cli import main
from reasoner.errors import BatchError
from reasoner.knowledge import load
from reasoner.tables.chunks import Reading
from reasoner.tables.rdf_rows import row_of_record
from reasoner.tables.schema import nested_schema, schema_of
from reasoner.tables.writing import write_nested

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")
K = load()
SCHEMA = nested_schema(schema_of(K))
PROFILES = (Profile("default", {}), Profile("any", {"A10": "any-one"}))
PLAN = Plan(None, date(2028, 1, 1), PROFILES, None, all_reasons=False, hinges=True, run_id="")
TABLES = ("outcomes", "reasons", "rejected")


@cache
def case_rows() -> tuple[dict, ...]:
    out = []
    for i, case in enumerate(all_cases()[::4]):
        (record,) = intake.read(case.request, as_of=case.as_of)
        out.append({**row_of_record(record, K).row, "identifier": f"PA-{i:04d}"})
    return tuple(out)


def requests(copies=1):
    """Rows of cases, some with a fault: a value that is no term, a reference to nothing, no identifier."""
    rows = [
        {**deepcopy(row), "identifier": f"{row['identifier']}-{copy}"} for copy in range(copies) for row in case_rows()
    ]
    rows[3]["lines"][0]["side"] = "Lft"
    rows[8]["lines"][0]["indication"] = "nobody"
    rows[12]["identifier"] = None
    return rows


def as_table(rows):
    return pa.Table.from_pylist(rows, schema=SCHEMA)


def users_own(rows):
    """The same requests with keys of a user's own, one of them twice, and other names of columns."""
    table = as_table(rows)
    keys = [i if i != 20 else 19 for i in range(table.num_rows)]
    table = table.set_column(table.column_names.index("identifier"), "identifier", pa.array(keys, pa.int64()))
    return table.rename_columns(["Lines" if n == "lines" else n for n in table.column_names])


def local(path, out):
    run([path], PLAN, out, Options(workers=1))
    return out


def sorted_rows(folder, name):
    """The rows of a table in one order, with the types of the columns, dictionaries or not."""
    table = pq.read_table(folder / f"{name}.parquet")
    plain = {f.name: getattr(f.type, "value_type", f.type) for f in table.schema}
    table = table.cast(pa.schema(plain.items()))
    if name == "rejected":
        table = table.drop_columns(["source", "row"])  # tested by themselves
    return plain, table.sort_by([(n, "ascending") for n in table.column_names]).to_pylist()


def assert_same(own, other):
    for name in TABLES:
        (types, rows), (other_types, others) = sorted_rows(own, name), sorted_rows(other, name)
        assert types == other_types
        assert len(rows) == len(others)
        assert rows == others
    manifests = [json.loads((f / "manifest.json").read_text()) for f in (own, other)]
    for part in ("run_id", "counts", "summary", "profiles", "digests", "inputs"):
        assert manifests[0][part] == manifests[1][part], part


# ---- On a worker, without Spark ----


def batch_of(table, name="x.parquet", first=0):
    table = table.append_column(FILE, pa.array([name] * table.num_rows))
    return table.append_column(PLACE, pa.array(range(first, first + table.num_rows), pa.int64())).combine_chunks()


def worked(job, *tables):
    batches = [b for t in tables for b in t.to_batches()]
    return pa.Table.from_batches(list(evaluate(job, batches)))


def parts(staged):
    rows = staged.to_pylist()
    outcomes = [r for r in rows if r["request"] is not None]
    faults = [r[FAULT] for r in rows if r[FAULT] is not None]
    return outcomes, faults, records_of(r["__counts"] for r in rows if r["__counts"] is not None)


def test_a_worker_stages_each_outcome_with_its_reasons(tmp_path):
    pq.write_table(as_table(requests()), tmp_path / "x.parquet")
    out = local(tmp_path / "x.parquet", tmp_path / "local")
    job = Job(replace(PLAN, run_id=json.loads((out / "manifest.json").read_text())["run_id"]))
    outcomes, faults, records = parts(worked(job, batch_of(as_table(requests()))))
    reasons = [{**{n: o[n] for n in OF_LINE}, **r} for o in outcomes for r in o[REASONS]]
    key = str
    assert sorted(reasons, key=key) == sorted(pq.read_table(out / "reasons.parquet").to_pylist(), key=key)
    bare = [{n: v for n, v in o.items() if not n.startswith("__")} for o in outcomes]
    assert sorted(bare, key=key) == sorted(pq.read_table(out / "outcomes.parquet").to_pylist(), key=key)
    assert sum(f["lines"] for f in faults) + records[0].lines == records[0].lines_in
    assert records[0].requests == len(requests())


def test_rejected_rows_name_file_and_row_whatever_batch_they_came_in():
    table = as_table(requests())
    whole = batch_of(table)
    for batches in (
        [whole],
        [whole.slice(0, 7), whole.slice(7)],
        [pa.concat_tables([whole.slice(5), whole.slice(0, 5)]).combine_chunks()],
    ):
        for plain in (frozenset(), frozenset({"x.parquet"})):
            _, faults, _ = parts(worked(Job(PLAN, as_they_are=plain), *batches))
            assert {(f["source"], f["row"]) for f in faults} == {("x.parquet", n) for n in (4, 9, 13)}


def test_rows_of_several_files_in_one_batch_keep_their_places():
    table = as_table(requests())
    both = pa.concat_tables(
        [batch_of(table.slice(0, 5), "a"), batch_of(table.slice(8, 3), "b", first=100)]
    ).combine_chunks()
    _, faults, records = parts(worked(Job(PLAN), both))
    assert {(f["source"], f["row"]) for f in faults} == {("a", 4), ("b", 101)}
    assert [r.requests for r in records] == [8]


def test_an_identifier_that_is_repeated_elsewhere_is_rejected_everywhere():
    table = as_table(requests()[20:25])
    key = table.column("identifier")[2].as_py()
    outcomes, faults, _ = parts(worked(Job(PLAN, repeated=(key,)), batch_of(table)))
    assert [f["request"] for f in faults] == [key]
    assert key not in {o["request"] for o in outcomes}


def test_identifiers_are_read_as_the_review_reads_them():
    batch = pa.RecordBatch.from_pydict({"key": pa.array(["a", None, "", "b"])})
    assert [b.column(0).to_pylist() for b in keys_of("key", [batch])] == [["a", "b"]]
    batch = pa.RecordBatch.from_pydict({"key": pa.array([7, None], pa.int16())})
    assert [b.column(0).to_pylist() for b in keys_of("key", [batch])] == [["7"]]


def test_an_internal_error_on_a_worker_tells_nothing_of_a_record(monkeypatch):
    def failing(*_):
        raise ValueError("Jane Doe")

    monkeypatch.setattr("reasoner.batch.spark_worker.review_table", failing)
    monkeypatch.setattr("reasoner.batch.spark_worker.staged_schema", lambda _: None)
    with pytest.raises(BatchError, match="internal error .ValueError in test_batch_spark.py") as raised:
        list(evaluate(Job(PLAN), batch_of(as_table(requests()[:2])).to_batches()))
    assert "Jane" not in str(raised.value)
    assert raised.value.__suppress_context__


def test_the_archive_holds_all_that_a_review_takes(tmp_path):
    library = tmp_path / "library"
    (library / "ontology" / "policies").mkdir(parents=True)
    (library / "ontology" / "note.ttl").write_text("# nothing")
    archive = pack(library, tmp_path)
    shutil.unpack_archive(archive, tmp_path / "plexus")
    script = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from reasoner.batch.spark_worker import staged_schema\n"
        "from reasoner.batch.plan import Plan, Profile; from datetime import date; import reasoner\n"
        "plan = Plan(None, date(2028, 1, 1), (Profile('default', {}),), None, False, False, 'r')\n"
        "print(reasoner.__file__, len(staged_schema(plan)))\n"
    )
    found = subprocess.run(
        [sys.executable, "-I", "-c", script, str(tmp_path / "plexus")],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout.startswith(str(tmp_path / "plexus"))
    assert (tmp_path / "plexus" / "library-of-the-run" / "ontology" / "note.ttl").is_file()


# ---- Refusals, without Spark ----


def test_entity_tables_and_rdf_are_refused_with_what_to_do(tmp_path):
    (tmp_path / "requests.csv").write_text("identifier\nX\n")
    (tmp_path / "lines.csv").write_text("request,sequence\nX,1\n")
    for source in (tmp_path, ROOT / "cases" / "complete-record"):
        with pytest.raises(BatchError, match="Spark reads nested Parquet.*write_nested"):
            checked_sources([str(source)], PLAN)


def test_rdf_written_as_nested_parquet_is_accepted(tmp_path):
    target = tmp_path / "requests.parquet"
    refused = write_nested([ROOT / "cases" / "complete-record" / "request.ttl"], target, Reading(K))
    assert refused == ()
    assert pq.read_table(target).schema.equals(SCHEMA)
    assert pq.read_table(target).num_rows == 1
    assert checked_sources([str(target)], PLAN) == [str(target)]
    assert [p.name for p in tmp_path.iterdir()] == ["requests.parquet"]


def test_files_that_spark_passes_over_are_refused(tmp_path):
    pq.write_table(as_table(requests()[:2]), tmp_path / "_mine.parquet")
    with pytest.raises(BatchError, match="begins with _"):
        checked_sources([str(tmp_path / "_mine.parquet")], PLAN)


@pytest.fixture
def installed(monkeypatch):
    """As if the Python packages were there."""
    for name in ("pyspark", "pandas"):
        monkeypatch.setitem(sys.modules, name, object())


@pytest.mark.parametrize("package", ["pyspark", "pandas"])
def test_a_missing_package_is_named_with_the_extra(installed, monkeypatch, package):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(BatchError, match=rf"needs {package}.*plexus-reasoner\[spark\]"):
        check_installed()


def test_missing_java_is_named_with_what_to_do(installed, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    with pytest.raises(BatchError, match="there is no command java. Install Java 17"):
        check_installed()
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(BatchError, match="has no bin/java"):
        check_installed()


def test_errors_of_spark_are_sentences():
    text = (
        "PythonException: \n  Traceback (most recent call last):\n  File x\nreasoner.errors.BatchError: internal error."
    )
    cases = {
        "[PYTHON_VERSION_MISMATCH] Python in worker has different version: 3.11 than that in driver: 3.12, PySpark": (
            "The workers run Python 3.11, and this is Python 3.12. Set PYSPARK_PYTHON"
        ),
        "PythonException: No module named 'clingo'": "A worker has no Python package clingo. Install",
        text: "A worker failed: internal error.",
        "Job aborted: ExecutorLostFailure (executor 3 exited)": "Workers were lost again and again",
    }
    for said, wanted in cases.items():
        assert wanted in str(told(RuntimeError(said)))


@pytest.mark.parametrize("option", [["--resume"], ["--workers", "2"]])
def test_options_of_the_local_engine_are_refused(tmp_path, option):
    pq.write_table(as_table(requests()[:2]), tmp_path / "x.parquet")
    command = ["batch", str(tmp_path / "x.parquet"), "-o", str(tmp_path / "out"), "--engine", "spark", *option]
    found = CliRunner().invoke(main, command)
    assert found.exit_code == 2
    assert f"{option[0]} is not of --engine spark" in found.output
    found = CliRunner().invoke(main, [*command[:4], "--master", "local[2]"])
    assert found.exit_code == 2
    assert "--master is of --engine spark" in found.output


# ---- With Spark ----

SPARK = pytest.mark.spark


@pytest.fixture(scope="module")
def spark():
    with session("local[2]", progress=False) as found:
        yield found


def on_spark(spark, sources, out, **more):
    from reasoner.batch.spark import review_on_spark

    review_on_spark(spark, [str(s) for s in sources], PLAN, str(out), **more)
    return out


@SPARK
def test_spark_writes_what_the_local_engine_writes(spark, tmp_path):
    pq.write_table(as_table(requests(3)), tmp_path / "x.parquet", row_group_size=40)
    own = on_spark(spark, [tmp_path / "x.parquet"], tmp_path / "spark")
    assert_same(own, local(tmp_path / "x.parquet", tmp_path / "local"))
    assert sorted(p.name for p in own.iterdir() if not p.name.startswith(".")) == [
        "manifest.json",
        *(f"{t}.parquet" for t in TABLES),
    ]
    rejected = pq.read_table(own / "rejected.parquet").to_pylist()
    assert {(r["source"], r["row"]) for r in rejected} == {("x.parquet", n) for n in (4, 9, 13)}


@SPARK
def test_columns_of_a_users_own_and_repeated_keys_come_out_as_from_the_local_engine(spark, tmp_path):
    pq.write_table(users_own(requests()), tmp_path / "x.parquet", row_group_size=10)
    own = on_spark(spark, [tmp_path / "x.parquet"], tmp_path / "spark")
    assert_same(own, local(tmp_path / "x.parquet", tmp_path / "local"))
    assert {r["row"] for r in pq.read_table(own / "rejected.parquet").to_pylist()} >= {20, 21}


@SPARK
def test_a_folder_of_a_data_lake_is_read_whole(spark, tmp_path):
    """Files that differ in their columns, and folders that say a column."""
    rows = [r for r in requests() if r["identifier"]]
    table = as_table(rows).drop_columns(["state"])
    for folder, part in (("state=01", table.slice(0, 20).drop_columns(["symptoms"])), ("state=OH", table.slice(20))):
        (tmp_path / "lake" / folder).mkdir(parents=True)
        pq.write_table(part, tmp_path / "lake" / folder / "part-0.parquet")
    own = on_spark(spark, [tmp_path / "lake"], tmp_path / "spark")
    whole = as_table(
        [{**r, "state": "01", "symptoms": None} for r in rows[:20]] + [{**r, "state": "OH"} for r in rows[20:]]
    )
    pq.write_table(whole, tmp_path / "x.parquet")
    other = local(tmp_path / "x.parquet", tmp_path / "local")
    for name in ("outcomes", "reasons"):
        (_, found), (_, wanted) = sorted_rows(own, name), sorted_rows(other, name)
        run_ids = ({r.pop("run_id", "") for r in found}, {r.pop("run_id", "") for r in wanted})
        assert all(len(r) == 1 for r in run_ids)
        assert found == wanted


@SPARK
def test_an_output_is_never_written_over_and_a_failed_run_leaves_nothing(spark, tmp_path):
    pq.write_table(as_table(requests()), tmp_path / "x.parquet")
    on_spark(spark, [tmp_path / "x.parquet"], tmp_path / "out")
    before = (tmp_path / "out" / "manifest.json").read_text()
    with pytest.raises(BatchError, match="is not empty.*--force"):
        on_spark(spark, [tmp_path / "x.parquet"], tmp_path / "out")
    assert (tmp_path / "out" / "manifest.json").read_text() == before
    on_spark(spark, [tmp_path / "x.parquet"], tmp_path / "out", force=True)
    damaged = (tmp_path / "x.parquet").read_bytes()
    (tmp_path / "y.parquet").write_bytes(damaged[:2000] + bytes(3000) + damaged[5000:])
    with pytest.raises(BatchError, match="Spark has failed|A worker failed"):
        on_spark(spark, [tmp_path / "y.parquet"], tmp_path / "other")
    assert [p for p in (tmp_path / "other").rglob("*") if not p.name.startswith(".")] == []
    with pytest.raises(BatchError, match="Check the path"):
        on_spark(spark, ["file:///nowhere/x.parquet"], tmp_path / "third")


@SPARK
def test_lines_that_do_not_add_up_stop_the_run(spark, tmp_path, monkeypatch):
    from reasoner.batch.spark import _Run

    pq.write_table(as_table(requests()), tmp_path / "x.parquet")
    tables = _Run._tables

    def short(self, staged):
        outcomes, *others = tables(self, staged)
        return iter([outcomes.where("request <> 'PA-0000-0'"), *others])

    monkeypatch.setattr(_Run, "_tables", short)
    with pytest.raises(BatchError, match="There should be .* lines, and there are"):
        on_spark(spark, [tmp_path / "x.parquet"], tmp_path / "out")
    assert not (tmp_path / "out" / "manifest.json").exists()


# ---- A cluster ----


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def until(condition, seconds=300):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := condition():
            return found
        time.sleep(0.01)
    raise AssertionError("waited in vain")


@contextmanager
def started(command, log, **options):
    """A process in a group of its own, which is ended with all that it has started."""
    command = [str(c) for c in command]
    process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True, **options)
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@contextmanager
def cluster(folder):
    """A standalone master and two workers of one core each on the loopback address: its address, and the workers."""
    import pyspark

    home, port = Path(pyspark.__file__).parent, free_port()
    environment = {**os.environ, "SPARK_LOCAL_IP": "127.0.0.1", "SPARK_HOME": str(home)}
    log = folder / "cluster.log"

    def start(name, *more):
        command = [home / "bin" / "spark-class", f"org.apache.spark.deploy.{name}", "--host", "127.0.0.1", *more]
        return started(command, out, cwd=folder, env=environment)

    with ExitStack() as stack:
        out = stack.enter_context(log.open("wb"))
        stack.enter_context(start("master.Master", "--port", port, "--webui-port", free_port()))
        until(lambda: b"I have been elected leader" in log.read_bytes())
        master = f"spark://127.0.0.1:{port}"
        options = ("-c", 1, "-m", "1g", "-d", folder / "work", "--webui-port", 0, master)
        workers = [stack.enter_context(start("worker.Worker", *options)) for _ in range(2)]
        until(lambda: log.read_bytes().count(b"Registering worker") == 2)
        yield master, workers


def in_the_middle(driver, out, told_by_it):
    """Whether some of eight tasks are finished, and so few that each worker (of one core) has another in work."""
    assert driver.poll() is None, told_by_it.read_text()
    staging = out / "_unfinished" / "staged" / "_temporary" / "0"
    return 1 <= len(list(staging.glob("task_*"))) <= 5


@SPARK
def test_a_worker_that_is_killed_takes_nothing_with_it(tmp_path):
    folder, rows = tmp_path / "in", requests(24)
    random.Random(5).shuffle(rows)
    folder.mkdir()
    for i in range(16):
        pq.write_table(as_table(rows[i::16]), folder / f"{i:02d}.parquet")
    conf = tmp_path / "conf"
    (tmp_path / "events").mkdir()
    conf.mkdir()
    settings = {
        "eventLog.enabled": "true",
        "eventLog.dir": (tmp_path / "events").as_uri(),
        "eventLog.compress": "false",
        "executor.memory": "700m",
        # No task starts before both workers are there.
        "cores.max": "2",
        "scheduler.minRegisteredResourcesRatio": "1.0",
        "scheduler.maxRegisteredResourcesWaitingTime": "300s",
    }
    (conf / "spark-defaults.conf").write_text("".join(f"spark.{name} {value}\n" for name, value in settings.items()))
    out = tmp_path / "out"
    with cluster(tmp_path) as (master, workers):
        profiles = ["--readings", "default", "--readings", "any:A10=any-one"]
        options = ["-o", str(out), "--as-of", "2028-01-01", "--engine", "spark", "--master", master, *profiles]
        command = [sys.executable, "-W", "ignore", "-c", "from reasoner.cli import main; main()", "batch", str(folder)]
        environment = {**os.environ, "SPARK_CONF_DIR": str(conf)}
        with (
            (tmp_path / "told").open("wb") as said,
            started([*command, *options], said, cwd=ROOT, env=environment) as driver,
        ):
            until(lambda: in_the_middle(driver, out, tmp_path / "told"))
            os.killpg(workers[0].pid, signal.SIGKILL)
            code = driver.wait(400)
    assert code == 1, (tmp_path / "told").read_text()  # some requests are rejected
    (events,) = (p for p in (tmp_path / "events").rglob("*") if p.is_file() and p.name.startswith(("app-", "events_")))
    ends = [json.loads(line) for line in events.read_text().splitlines() if '"SparkListenerTaskEnd"' in line]
    assert "ExecutorLostFailure" in {e["Task End Reason"]["Reason"] for e in ends}
    assert_same(out, local(folder, tmp_path / "local"))


OTHER_PYTHON = """
import sys
from collections import namedtuple
Version = namedtuple("Version", "major minor micro releaselevel serial")
sys.version_info = Version(3, sys.version_info[1] + 1, 0, "final", 0)
"""


@SPARK
def test_workers_of_another_python_are_told(tmp_path):
    pq.write_table(as_table(requests()[:3]), tmp_path / "x.parquet")
    (tmp_path / "sitecustomize.py").write_text(OTHER_PYTHON)
    other = tmp_path / "python"
    other.write_text(f'#!/bin/sh\nPYTHONPATH="{tmp_path}:$PYTHONPATH" exec {sys.executable} "$@"\n')
    other.chmod(0o755)
    command = [sys.executable, "-W", "ignore", "-c", "from reasoner.cli import main; main()", "batch"]
    found = subprocess.run(
        [
            *command,
            str(tmp_path / "x.parquet"),
            "-o",
            str(tmp_path / "out"),
            "--engine",
            "spark",
            "--master",
            "local[1]",
        ],
        cwd=ROOT,
        env={**os.environ, "PYSPARK_PYTHON": str(other)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 1
    assert (
        f"The workers run Python 3.{sys.version_info.minor + 1}, and this is Python 3.{sys.version_info.minor}."
        in found.stderr
    )
    assert "Traceback" not in found.stderr
    assert found.stdout == ""


def test_the_settings_keep_spark_from_measuring_nested_batches_at_every_row():
    assert spark_session.SETTINGS["spark.sql.execution.arrow.maxBytesPerBatch"] == str(2**31 - 1)
