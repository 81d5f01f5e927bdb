"""A whole batch: inputs in, three tables and a manifest out; interrupted runs go on where they were.

Every chunk is finished for good once its record is written. The tables are joined at the end, the manifest is written
last: a folder with a manifest is a whole output.
"""

from __future__ import annotations

import hashlib
import json
import resource
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from reasoner.batch.chunk import context_of, review_table
from reasoner.batch.chunks import nested_rows
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

MANIFEST, PARTS, IDENTITY = "manifest.json", "parts", "run.json"
BYTES_A_REQUEST = 9_000
"""About what a request takes in memory while its chunk is reviewed."""
BASE = 130 << 20
"""About what a worker takes before its first chunk."""
MOST_ROWS, FEWEST_ROWS = 50_000, 1_000


@dataclass(frozen=True)
class Options:
    """How a batch is run. ``memory`` is in bytes, for all workers together; ``workers`` None: one a processor."""

    workers: int | None = None
    memory: int = 512 << 20
    resume: bool = False
    force: bool = False
    metadata: Path | None = None


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
    context_of(plan)  # what is asked is checked before anything is written
    sources = [fingerprint(p) for p in inputs]
    identity = identity_of(sources, plan)
    plan = replace(plan, run_id=identity["run_id"])
    parts = _folder(out, identity, options)
    done = finished(parts)
    for record in done.values():
        _told(watch, record)
    workers, rows = _division(options)
    reading = Reading(load(plan.library), rows=rows, memory=options.memory, metadata=options.metadata, references=False)
    for record in _records(inputs, reading, Task(plan, parts, review), workers, set(done)):
        done[record.number] = record
        _told(watch, record)
    records = [done[n] for n in sorted(done)]
    check_lines(records)
    joined = time.perf_counter()
    for table in TABLES:
        _joined(records, parts, out, table)
    manifest = manifest_of(identity, plan, records, sources)
    manifest["seconds"]["join"] = round(time.perf_counter() - joined, 3)
    manifest["seconds"]["whole"] = round(time.perf_counter() - begun, 3)
    manifest["peak_memory_bytes"] = _peak()
    manifest["workers"] = workers
    write_whole(out / MANIFEST, (json.dumps(manifest, indent=2) + "\n").encode())
    shutil.rmtree(parts)
    return manifest


def _told(watch: Watch | None, record: PartRecord) -> None:
    if watch is not None:
        watch(record)


def _division(options: Options) -> tuple[int, int]:
    """How many workers, and how many requests a chunk has, within the memory."""
    import os

    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    workers = options.workers or processors
    while workers > 1 and options.memory < (workers + 1) * BASE:
        workers -= 1
    left = max(options.memory - (workers + 1) * BASE, 0) // workers
    return workers, max(FEWEST_ROWS, min(MOST_ROWS, left // BYTES_A_REQUEST))


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


def identity_of(sources: list[dict[str, Any]], plan: Plan) -> dict[str, Any]:
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
    }
    digest = hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()
    return {"run_id": digest[:16], **said}


def _folder(out: Path, identity: dict[str, Any], options: Options) -> Path:
    """The folder of the parts of a run, new or that of the run to go on with.

    Raises:
        BatchError: the output folder holds something else.
    """
    parts = out / PARTS
    if (out / MANIFEST).exists() and not options.force:
        raise BatchError(f"{out} holds a whole output.", "Name another folder, or write it anew with --force.")
    if (parts / IDENTITY).exists():
        before = json.loads((parts / IDENTITY).read_text(encoding="utf-8"))
        if options.resume and before != identity:
            changed = ", ".join(k for k in identity if k != "run_id" and before.get(k) != identity[k])
            what = f"{out} holds an interrupted run that was asked for something else (other: {changed})."
            raise BatchError(what, "Ask for the same, or begin anew with --force.")
        if not options.resume and not options.force:
            raise BatchError(f"{out} holds an interrupted run.", "Go on with --resume, or begin anew with --force.")
    elif out.exists() and any(out.iterdir()) and not options.force:
        raise BatchError(f"{out} is not empty.", "Name a new folder, or write into it with --force.")
    if options.force and not options.resume:
        (out / MANIFEST).unlink(missing_ok=True)
        shutil.rmtree(parts, ignore_errors=True)
    parts.mkdir(parents=True, exist_ok=True)
    write_whole(parts / IDENTITY, json.dumps(identity).encode())
    return parts


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


def _peak() -> int:
    """The most memory that a process of the run has had, in bytes, and that of the largest worker beside it."""
    unit = 1 if sys.platform == "darwin" else 1024
    kinds = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return sum(resource.getrusage(k).ru_maxrss for k in kinds) * unit


def request_count(inputs: list[Path]) -> int | None:
    """How many requests inputs have, where their files say so; None otherwise."""
    total = 0
    for path in inputs:
        if not path.is_file() or path.suffix != ".parquet":
            return None
        total += nested_rows(path)
    return total
