"""A batch on Spark: the review of a chunk, partition by partition, over a nested table in a data lake.

The rows, their order apart, are those of the local engine; so are the names of the tables, each a folder of Parquet
part files. Requests are reviewed once: outcomes with their reasons are staged in the output folder, and the tables are
cut from there. A worker that is lost takes nothing with it: Spark has its partitions reviewed anew by others, and only
the files of finished tasks count.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from reasoner.batch.chunk import context_of
from reasoner.batch.inputs import all_canonical, fingerprint
from reasoner.batch.parts import PartRecord
from reasoner.batch.plan import Plan
from reasoner.batch.run import check_lines, identity_of, manifest_of
from reasoner.batch.spark_files import OUTPUTS, OutputFolder
from reasoner.batch.spark_session import LOCAL, SETTINGS, check_installed, session, told
from reasoner.batch.spark_shipping import evaluation, identifiers, ship
from reasoner.batch.spark_worker import COUNTS, FAULT, FILE, OF_LINE, PLACE, REASONS, Job, records_of, staged_schema
from reasoner.errors import BatchError, PlexusError, TableError
from reasoner.knowledge import load
from reasoner.tables.nested import NestedMap, nested_map
from reasoner.tables.schema import REQUEST_KEY, schema_of
from reasoner.tables.sources import kind_of, nested_files_of

TASKS_PER_CORE = 4
"""Partitions for each core: a core that is done early takes another, and little is done again for a lost worker."""
NESTED = "nested Parquet (one row a request, a list of structs for each class of a record)"


def run_on_spark(
    sources: Sequence[str],
    plan: Plan,
    output: str,
    *,
    master: str | None = None,
    force: bool = False,
    progress: bool = False,
) -> dict[str, Any]:
    """Review requests on a Spark session of one's own, see :func:`review_on_spark`.

    Args:
        sources: nested Parquet files or folders.
        plan: what is asked.
        output: the folder to write.
        master: as Spark names it (default: all processors of this machine); one on this machine is reached by the
            loopback address alone.
        force: write over the output of an earlier run.
        progress: let Spark show its progress on standard error.

    Raises:
        BatchError: an input does not fit, something is not installed, or Spark has failed.
    """
    check_installed()
    checked_sources(sources, plan)
    with session(master or LOCAL, progress=progress) as spark:
        return review_on_spark(spark, sources, plan, output, force=force)


def review_on_spark(
    spark: Any, sources: Sequence[str], plan: Plan, output: str, *, force: bool = False
) -> dict[str, Any]:
    """Review the requests of nested Parquet with a Spark session.

    Args:
        spark: a session, such as a notebook's (not of Spark Connect: files are sent to the workers).
        sources: files or folders, as any path that Spark reads.
        plan: what is asked; its ``run_id`` is set to what identifies inputs and plan.
        output: a folder, as any path that Spark writes. It gets ``outcomes.parquet``, ``reasons.parquet``,
            ``rejected.parquet`` and, last, ``manifest.json``.
        force: write over the output of an earlier run.

    Returns:
        The manifest.

    Raises:
        BatchError: an input does not fit, the output folder is not empty, or Spark has failed.
        TableError: the columns of the input cannot be mapped.
        ReadingError: a profile names an unknown reading.
    """
    if not hasattr(spark, "_jsc"):
        raise BatchError("This is a session of Spark Connect, which sends no files.", "Give a classic session.")
    context_of(plan)  # what is asked is checked before anything is written
    paths = checked_sources(sources, plan)
    folder = OutputFolder(spark, _absolute(output))
    with _in_words():
        folder.begin(force=force)
        try:
            return _Run(spark.newSession(), sources, paths, plan, folder).whole()
        except BaseException:
            folder.discard()
            raise


@contextmanager
def _in_words() -> Iterator[None]:
    """Errors of Spark as sentences."""
    try:
        yield
    except PlexusError:
        raise
    except Exception as error:
        if not type(error).__module__.startswith(("py4j", "pyspark")):
            raise
        raise told(error) from error


# ---- Inputs ----------------------------------------------------------------------------------------


def _is_here(path: str) -> bool:
    return "://" not in path and Path(path).exists()


def _absolute(path: str) -> str:
    """A path without a scheme as seen from here; Spark would take it from where Java was started."""
    return path if ":/" in path else str(Path(path).resolve())


def checked_sources(sources: Sequence[str], plan: Plan) -> list[str]:
    """The paths that Spark is to read; of a folder on this machine, the files that the local engine reads.

    Raises:
        BatchError: a path on this machine is no nested Parquet.
    """
    out = [path for source in sources for path in (_checked(source, plan) if _is_here(source) else [source])]
    hidden = next((p for p in out if p.rstrip("/").rsplit("/", 1)[-1].startswith(("_", "."))), None)
    if hidden is not None:
        raise BatchError(f"Spark passes over {hidden}, for its name begins with _ or a dot.", "Rename it.")
    return out


def _checked(source: str, plan: Plan) -> list[str]:
    schema = schema_of(load(plan.library))
    path = Path(source).resolve()
    try:
        kind = kind_of(path, schema).name
    except TableError:
        if path.is_dir() and any(path.rglob("*.parquet")):  # it may have folders such as state=OH, which Spark reads
            return [str(path)]
        raise
    if kind == "nested table":
        return [str(path)]
    if kind == "folder of nested tables":
        return [str(p) for p in nested_files_of(path, schema)]
    cure = "Leave --engine spark out, or write it as nested Parquet first (reasoner.tables.writing.write_nested)."
    raise BatchError(f"{source} is {kind}, and Spark reads {NESTED}.", cure)


# ---- The run ---------------------------------------------------------------------------------------


class _Run:
    """One run on its way."""

    def __init__(
        self, spark: Any, sources: Sequence[str], paths: Sequence[str], plan: Plan, folder: OutputFolder
    ) -> None:
        self.begun = time.perf_counter()
        self.spark, self.paths, self.folder = spark, list(paths), folder
        self.archive = ship(spark.sparkContext, plan.library)
        for name, value in SETTINGS.items():
            spark.conf.set(name, value)
        partitions = TASKS_PER_CORE * spark.sparkContext.defaultParallelism
        spark.conf.set("spark.sql.files.minPartitionNum", str(partitions))
        self.here = [Path(s) for s in sources if _is_here(s)]
        self.prints = [fingerprint(Path(s)) if _is_here(s) else self._fingerprint(s) for s in sources]
        self.identity = identity_of(self.prints, plan)
        self.plan = replace(plan, run_id=self.identity["run_id"])
        self.schema = schema_of(load(plan.library))
        self.rows, self.mapping = self._opened()

    def whole(self) -> dict[str, Any]:
        """Everything, from the input to the manifest."""
        requests, lines = self._size()
        repeated = self._repeated()
        plain = () if repeated else (p.name for p in self.here if all_canonical([p], self.schema))
        staged = self._staged(Job(self.plan, repeated, frozenset(plain)))
        for name, table in zip(OUTPUTS, self._tables(staged), strict=True):
            table.write.option("compression", "zstd").parquet(self.folder.inside(name))
        records = records_of(r[0] for r in staged.where(f"{COUNTS} is not null").select(COUNTS).collect())
        check_lines(records)
        self._check(records, requests, lines)
        manifest = self._manifest(records)
        self.folder.settle(json.dumps(manifest, indent=2) + "\n")
        return manifest

    def _opened(self) -> tuple[Any, NestedMap]:
        """The columns that are used of the input, with the file and place of each row; and where they go."""
        from pyspark.sql import functions as f
        from pyspark.sql.pandas.types import to_arrow_schema

        # Without mergeSchema a column that the first file does not have would be dropped from all of them.
        frame = self.spark.read.option("mergeSchema", "true").parquet(*self.paths)
        mapping = nested_map(to_arrow_schema(frame.schema), self.schema, "The input")
        if not mapping.children:
            raise BatchError(
                "The input has no nested column that is called after a class, such as lines.", f"Give {NESTED}."
            )
        names = dict.fromkeys([*(m.source for m in mapping.requests.columns), *(n for n, _ in mapping.children)])
        place = [f.col("_metadata.file_name").alias(FILE), f.col("_metadata.row_index").alias(PLACE)]
        return frame.select(*(_column(n) for n in names), *place), mapping

    def _size(self) -> tuple[int, int]:
        """How many requests and lines come in, as Spark counts them."""
        from pyspark.sql import functions as f

        name = next((n for n, m in self.mapping.children if m.table.name == "lines"), None)
        lines = f.lit(0) if name is None else f.greatest(f.coalesce(f.size(_column(name)), f.lit(0)), f.lit(0))
        found = self.rows.agg(f.count(f.lit(1)), f.coalesce(f.sum(lines), f.lit(0))).first()
        if not found[0]:
            raise BatchError("The inputs hold no request.", "Check the files that were named.")
        return int(found[0]), int(found[1])

    def _repeated(self) -> tuple[str, ...]:
        """The identifiers that several rows of the whole input have."""
        key = self.mapping.requests.of(REQUEST_KEY)
        assert key is not None  # nested_map has asked for it
        keys = self.rows.select(_column(key.source).alias("key")).mapInArrow(
            identifiers("key", self.archive), "key string"
        )
        return tuple(sorted(r[0] for r in keys.groupBy("key").count().where("count > 1").select("key").collect()))

    def _staged(self, job: Job) -> Any:
        """All rows reviewed, once, and written aside."""
        from pyspark.sql.pandas.types import from_arrow_schema

        reviewed = self.rows.mapInArrow(evaluation(job, self.archive), from_arrow_schema(staged_schema(self.plan)))
        path = self.folder.inside("staged")
        reviewed.write.option("compression", "zstd").parquet(path)
        return self.spark.read.schema(reviewed.schema).parquet(path)

    def _tables(self, staged: Any) -> Iterator[Any]:
        """Outcomes, reasons and rejected rows of what was staged."""
        from pyspark.sql import functions as f

        outcomes = staged.where(f"{FAULT} is null and {COUNTS} is null")
        yield outcomes.select(*(_column(n) for n in staged.columns if n not in (REASONS, FAULT, COUNTS)))
        yield outcomes.select(*OF_LINE, f.inline(_column(REASONS)))
        yield staged.where(f"{FAULT} is not null").select(f"{FAULT}.*")

    def _check(self, records: Sequence[PartRecord], requests: int, lines: int) -> None:
        """Hold what was written against what came in, and against what the workers say.

        Raises:
            BatchError: a row is missing, or is there twice.
        """
        from pyspark.sql import functions as f

        outcomes, reasons, rejected = (self.spark.read.parquet(self.folder.inside(name)) for name in OUTPUTS)
        written = outcomes.count()
        lost = int(rejected.agg(f.coalesce(f.sum("lines"), f.lit(0))).first()[0])
        pairs = {
            "requests": (requests, sum(r.requests for r in records)),
            "lines": (lines * len(self.plan.profiles), written + lost * len(self.plan.profiles)),
            "outcomes": (sum(r.rows["outcomes"] for r in records), written),
            "reasons": (sum(r.rows["reasons"] for r in records), reasons.count()),
            "rejected rows": (sum(r.rows["rejected"] for r in records), rejected.count()),
        }
        for name, (wanted, found) in pairs.items():
            if wanted != found:
                what = f"There should be {wanted} {name}, and there are {found}; nothing is kept of the run."
                raise BatchError(what, "Check that nobody writes the input meanwhile; else report it.")

    def _manifest(self, records: list[PartRecord]) -> dict[str, Any]:
        manifest = manifest_of(self.identity, self.plan, records, self.prints)
        manifest["seconds"] = {"whole": round(time.perf_counter() - self.begun, 3)}
        manifest["engine"], manifest["spark"] = "spark", self.spark.version
        manifest["files"] = [file for name in OUTPUTS for file in self._digests(name)]
        return manifest

    def _digests(self, name: str) -> list[dict[str, Any]]:
        """The files of a table with their sizes and SHA-256 digests, computed by the workers."""
        files = (
            self.spark.read.format("binaryFile").option("pathGlobFilter", "*.parquet").load(self.folder.inside(name))
        )
        found = files.selectExpr("path", "length", "sha2(content, 256)").collect()
        rows = [(f"{name}/{path.rsplit('/', 1)[-1]}", length, digest) for path, length, digest in found]
        return [{"file": path, "bytes": length, "sha256": digest} for path, length, digest in sorted(rows)]

    def _fingerprint(self, source: str) -> dict[str, Any]:
        """What tells an input in a data lake from another: its files with their sizes and times; no byte is read."""
        files = self.spark.read.format("binaryFile").option("recursiveFileLookup", "true").load(source)
        found = sorted(tuple(r) for r in files.select("path", "length", "modificationTime").collect())
        told = [(path, length, hashlib.sha256(f"{length} {when}".encode()).hexdigest()) for path, length, when in found]
        name = "sha256 of size and time"
        return {"path": source, "files": [{"file": p, "bytes": n, name: digest} for p, n, digest in told]}


def _column(name: str) -> Any:
    """A column by its name, whatever characters that has."""
    from pyspark.sql import functions as f

    return f.col("`" + name.replace("`", "``") + "`")
