"""A whole batch: inputs in, three tables and a manifest out; interrupted runs go on where they were.

Every chunk is finished for good once its record is written. The tables are joined at the end, the manifest is written
last: a folder with a manifest is a whole output.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from reasoner.batch.chunk import context_of, review_table
from reasoner.batch.chunks import nested_rows
from reasoner.batch.holding import alone, apart
from reasoner.batch.inputs import fingerprint, input_chunks
from reasoner.batch.parquet_join import join
from reasoner.batch.parts import TABLES, PartRecord, ReviewTable, finished, part_file, write_whole
from reasoner.batch.plan import Plan
from reasoner.batch.summary import added
from reasoner.batch.workers import Task, in_processes, in_turn
from reasoner.errors import BatchError
from reasoner.knowledge import knowledge_digests, load
from reasoner.review import software_version
from reasoner.tables.chunks import Reading
from reasoner.tables.merge import SHARE
from reasoner.tables.optional import arrow_that_gives_back
from reasoner.tables.schema import schema_of
from reasoner.tables.sources import kind_of

MANIFEST, PARTS, IDENTITY = "manifest.json", "parts", "run.json"
BYTES_A_REQUEST, BYTES_MADE = 5_500, 13_000
"""About what a request takes in memory while its chunk is reviewed, and what one takes that a reader has made.

Keys of entity tables are texts of their own in every row.
"""
BASE = 190 << 20
"""About what a worker takes beside its chunk: libraries, knowledge, and what reading leaves behind."""
PARENT = 110 << 20
"""About what the process takes that hands out the chunks, where workers are processes of their own."""
MOST_ROWS, FEWEST_ROWS = 50_000, 1_000
WORTH_WHILE = 10_000
"""In chunks of fewer requests, work that each chunk takes whatever its size costs more than a second worker gains."""


@dataclass(frozen=True)
class Options:
    """How a batch is run.

    Attributes:
        workers: processes; None: one a processor. There are fewer where the memory does not allow so many.
        memory: in bytes, for all workers together.
        resume: go on with an interrupted run, in the chunks that it began with; one that is whole stays as it is.
        force: write the output folder anew.
        metadata: a CSVW file that maps entity tables.
        rows: how many requests a chunk has at most; None: as many as the memory allows.
    """

    workers: int | None = None
    memory: int = 512 << 20
    resume: bool = False
    force: bool = False
    metadata: Path | None = None
    rows: int | None = None


@dataclass(frozen=True)
class Cut:
    """What the numbers of chunks depend on besides the inputs: requests a chunk, and the reader's memory in bytes."""

    rows: int
    memory: int


Watch = Callable[[PartRecord], None]


def run(
    inputs: list[Path],
    plan: Plan,
    out: Path,
    options: Options | None = None,
    watch: Watch | None = None,
    review: ReviewTable = review_table,
) -> dict[str, Any]:
    """Review every request of the inputs and write the output folder.

    Args:
        inputs: files and folders of any kind that plexus reads.
        plan: what is asked; its ``run_id`` is set to what identifies inputs and plan.
        out: the folder to write.
        options: workers, memory, and whether to go on with an interrupted run.
        watch: is told of every finished chunk.
        review: the review of one chunk.

    Returns:
        The manifest.

    Raises:
        BatchError: the folder is in use, a chunk failed, or the counts do not agree.
        TableError: an input cannot be read.
        ReadingError: a profile names an unknown reading.
    """
    options = options or Options()
    begun = time.perf_counter()
    arrow_that_gives_back()  # what is needed and what is asked is checked before anything is written
    context_of(plan)
    schema = schema_of(load(plan.library))
    for path in inputs:
        kind_of(path, schema)
    apart(inputs, out)
    sources = [fingerprint(p) for p in inputs]
    identity = identity_of(sources, plan, options.metadata)
    plan = replace(plan, run_id=identity["run_id"])
    with alone(out):
        before = _whole(out, identity) if options.resume else None
        return before or _run(_Asked(inputs, sources, plan, identity, out, options), watch, review, begun)


@dataclass(frozen=True)
class _Asked:
    """A run as it was asked for, with what tells its inputs from others."""

    inputs: list[Path]
    sources: list[dict[str, Any]]
    plan: Plan
    identity: dict[str, Any]
    out: Path
    options: Options


def _run(asked: _Asked, watch: Watch | None, review: ReviewTable, begun: float) -> dict[str, Any]:
    inputs, plan, out, options = asked.inputs, asked.plan, asked.out, asked.options
    workers, rows = _division(options, made=not all(map(_read_by_workers, inputs)))
    parts, cut = _folder(out, asked.identity, options, Cut(rows, options.memory))
    done = finished(parts)
    for record in done.values():
        _told(watch, record)
    reading = Reading(load(plan.library), cut.rows, cut.memory, options.metadata, references=False)
    for record in _records(inputs, reading, Task(plan, parts, review), workers, set(done)):
        done[record.number] = record
        _told(watch, record)
    records = [done[n] for n in sorted(done)]
    check_lines(records)
    joined = time.perf_counter()
    for table in TABLES:
        _joined(records, parts, out, table)
    manifest = manifest_of(asked.identity, plan, records, asked.sources)
    manifest["seconds"]["join"] = round(time.perf_counter() - joined, 3)
    manifest["seconds"]["whole"] = round(time.perf_counter() - begun, 3)
    manifest["peak_memory_bytes"] = _peak(workers)
    manifest["workers"] = workers
    write_whole(out / MANIFEST, (json.dumps(manifest, indent=2) + "\n").encode())
    shutil.rmtree(parts)
    return manifest


def _told(watch: Watch | None, record: PartRecord) -> None:
    if watch is not None:
        watch(record)


def _read_by_workers(path: Path) -> bool:
    """Whether an input is a file of which each worker reads its own part; others are made into chunks before."""
    return path.is_file() and path.suffix == ".parquet"


def _division(options: Options, *, made: bool = False) -> tuple[int, int]:
    """How many workers, and how many requests a chunk has, within the memory; a reader that makes rows needs some too.

    The size of chunks follows from the memory alone: it is what two workers can have where that is worth while, so that
    the output is the same bytes whatever their number. Where the memory does not allow all workers, there are fewer.
    """
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    memory, each = options.memory, BYTES_A_REQUEST
    if made:
        memory, each = memory - memory // SHARE, BYTES_MADE
    shares = [(memory - _taken(n)) // n // each for n in (2, 1)]
    share = next((s for s in shares if s >= WORTH_WHILE), shares[1])
    rows = options.rows or max(FEWEST_ROWS, min(MOST_ROWS, share))
    workers = options.workers or processors
    while workers > 1 and memory < _taken(workers) + workers * rows * each:
        workers -= 1
    return workers, rows


def _taken(workers: int) -> int:
    """About what so many workers take before their first chunk, in bytes."""
    return workers * BASE + (PARENT if workers > 1 else 0)


def _records(inputs: list[Path], reading: Reading, task: Task, workers: int, skip: set[int]) -> Iterator[PartRecord]:
    chunks = input_chunks(inputs, reading, skip)
    first = list(_some(chunks, 2))
    every = (c for part in (first, chunks) for c in part)
    if workers == 1 or len(first) < 2:
        yield from in_turn(every, task)
    else:
        yield from in_processes(every, task, workers)


def _some(chunks: Iterator[Any], number: int) -> Iterator[Any]:
    for _, chunk in zip(range(number), chunks, strict=False):
        yield chunk


# ---- The folder ------------------------------------------------------------------------------------


def identity_of(sources: list[dict[str, Any]], plan: Plan, metadata: Path | None = None) -> dict[str, Any]:
    """What a run is: software, plan, knowledge and inputs, and the digest of these."""
    policy, shapes, program = knowledge_digests(load(plan.library))
    said: dict[str, Any] = {
        "version": software_version(),
        "as_of": plan.as_of.isoformat(),
        "edition": plan.edition,
        "profiles": {p.name: dict(p.readings) for p in plan.profiles},
        "all_reasons": plan.all_reasons,
        "hinges": plan.hinges,
        "digests": {"policy": policy, "shapes": shapes, "program": program},
        "inputs": [s["files"] for s in sources],
        "csvw": fingerprint(metadata)["files"] if metadata is not None else None,
    }
    digest = hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()
    return {"run_id": digest[:16], **said}


def _whole(out: Path, identity: dict[str, Any]) -> dict[str, Any] | None:
    """The manifest of a whole output of the same run, so that nothing is left to do; None where there is none.

    Raises:
        BatchError: the folder holds the whole output of another run.
    """
    if not (out / MANIFEST).exists():
        return None
    found: dict[str, Any] = json.loads((out / MANIFEST).read_text(encoding="utf-8"))
    if found.get("run_id") != identity["run_id"]:
        raise BatchError(f"{out} holds the whole output of another run.", "Name another folder, or use --force.")
    shutil.rmtree(out / PARTS, ignore_errors=True)  # where the run ended between its last two steps
    return found


def _folder(out: Path, identity: dict[str, Any], options: Options, cut: Cut) -> tuple[Path, Cut]:
    """The folder of the parts of a run, new or that of the run to go on with, and how its chunks are cut.

    A run that goes on keeps the cut with which it began, whatever memory and workers it has now: the numbers of its
    finished chunks mean nothing in another one.

    Raises:
        BatchError: the output folder holds something else.
    """
    parts = out / PARTS
    if options.resume and options.force:
        raise BatchError("A run goes on or begins anew, not both.", "Leave out --resume or --force.")
    if options.force:
        for old in (MANIFEST, *(f"{t}.parquet" for t in TABLES)):
            (out / old).unlink(missing_ok=True)
    elif (out / MANIFEST).exists():
        raise BatchError(f"{out} holds a whole output.", "Name another folder, or write it anew with --force.")
    elif (parts / IDENTITY).exists():
        return parts, _begun(out, identity, options)
    elif out.exists() and any(p for p in out.iterdir() if p != parts):
        raise BatchError(f"{out} is not empty.", "Name a new folder, or write into it with --force.")
    shutil.rmtree(parts, ignore_errors=True)  # what has no record of what was asked is nobody's
    parts.mkdir(parents=True)
    write_whole(parts / IDENTITY, json.dumps({"asked": identity, "cut": asdict(cut)}).encode())
    return parts, cut


def _begun(out: Path, identity: dict[str, Any], options: Options) -> Cut:
    """How the chunks of an interrupted run are cut, if it was asked for the same."""
    if not options.resume:
        raise BatchError(f"{out} holds an interrupted run.", "Go on with --resume, or begin anew with --force.")
    told = json.loads((out / PARTS / IDENTITY).read_text(encoding="utf-8"))
    before = told.get("asked", {})
    if before != identity:
        changed = ", ".join(k for k in identity if k != "run_id" and before.get(k) != identity[k])
        what = f"{out} holds an interrupted run that was asked for something else (other: {changed})."
        raise BatchError(what, "Ask for the same, or begin anew with --force.")
    return Cut(**told["cut"])


def _joined(records: list[PartRecord], parts: Path, out: Path, table: str) -> None:
    target, temporary = out / f"{table}.parquet", out / f".{table}.tmp"
    if not records:
        raise BatchError("The inputs hold no request.", "Check the files that were named.")
    rows = join((part_file(parts, table, r.number) for r in records), temporary)
    if rows != sum(r.rows[table] for r in records):
        raise BatchError(f"{table}.parquet would have {rows} rows instead of those of its parts.", "Run it anew.")
    temporary.replace(target)


def check_lines(records: list[PartRecord]) -> None:
    """Every line that went in came out.

    Raises:
        BatchError: some did not; the first chunk of which that is so is named.
    """
    for r in records:
        if r.lines_in != r.lines + r.lost:
            what = f"Chunk {r.number}: {r.lines_in} lines went in, {r.lines} were reviewed and {r.lost} rejected."
            raise BatchError(what, "This is a fault of plexus; please report it.")


def manifest_of(
    identity: dict[str, Any], plan: Plan, records: list[PartRecord], sources: list[dict[str, Any]]
) -> dict[str, Any]:
    """What is told of a whole run: what it is, its inputs, and the sums of what its chunks counted."""
    summary: dict[str, Any] = {}
    faults: dict[str, Any] = {}
    seconds: dict[str, Any] = {}
    for r in records:
        summary, faults, seconds = added(summary, r.summary), added(faults, r.faults), added(seconds, r.seconds)
    return {
        **identity,
        "inputs": sources,
        "counts": {
            "requests": sum(r.requests for r in records),
            "lines_in": sum(r.lines_in for r in records),
            "lines_reviewed": sum(r.lines for r in records),
            "lines_rejected": sum(r.lost for r in records),
            **{f"{t}_rows": sum(r.rows[t] for r in records) for t in TABLES},
            "rejected_by_fault": faults,
        },
        "summary": summary,
        "seconds": {k: round(v, 3) for k, v in seconds.items()},
        "chunks": len(records),
    }


def _peak(workers: int) -> int | None:
    """At most how much memory the run has had at once, in bytes: this process and as many of the largest worker.

    None where the system does not tell.
    """
    try:
        import resource
    except ImportError:
        return None
    unit = 1 if sys.platform == "darwin" else 1024
    own, worker = (resource.getrusage(k).ru_maxrss for k in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return int((own + workers * worker) * unit)


def request_count(inputs: list[Path]) -> int | None:
    """How many requests inputs have, where their files say so; None otherwise."""
    total = 0
    for path in inputs:
        if not path.is_file() or path.suffix != ".parquet":
            return None
        total += nested_rows(path)
    return total
