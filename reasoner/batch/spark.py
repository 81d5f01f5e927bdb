"""A batch on Spark: the review of a chunk, partition by partition, over a nested table in a data lake.

The rows, their order apart, are those of the local engine; so are the names of the tables, each a folder of Parquet
part files. Requests are reviewed once: outcomes with their reasons are staged in the output folder, and the tables are
cut from there. A worker that is lost takes nothing with it: Spark has its partitions reviewed anew by others, and only
the files of finished tasks count.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reasoner.batch.plan import Plan
from reasoner.batch.spark_files import OutputFolder
from reasoner.batch.spark_session import LOCAL, SETTINGS, check_installed, session, told
from reasoner.batch.spark_shipping import ARCHIVE, evaluation, identifiers, pack
from reasoner.batch.spark_worker import COUNTS, FAULT, FILE, OF_LINE, PLACE, REASONS, Job, counts_of, staged_schema
from reasoner.errors import BatchError, PlexusError, TableError
from reasoner.knowledge import load
from reasoner.review import software_version
from reasoner.tables.nested import NestedMap, nested_map
from reasoner.tables.schema import REQUEST_KEY, schema_of
from reasoner.tables.sources import kind_of, nested_files_of

TABLES = ("outcomes.parquet", "reasons.parquet", "rejected.parquet")
TASKS_PER_CORE = 4
"""Partitions for each core: a core that is done early takes another, and little is done again for a lost worker."""


@dataclass(frozen=True)
class SparkRun:
    """What a run on Spark has done: the manifest, as it is in the output folder."""

    output: str
    manifest: dict[str, Any]

    @property
    def counts(self) -> dict[str, int]:
        """Requests, lines, outcomes, reasons, rejected rows, and lines lost with rejected requests."""
        return dict(self.manifest["counts"])


def run_on_spark(
    sources: Sequence[str], plan: Plan, output: str, *, master: str = LOCAL, progress: bool = False
) -> SparkRun:
    """Review requests on a Spark session of one's own, see :func:`review_on_spark`.

    Args:
        sources: nested Parquet files or folders.
        plan: what is asked.
        output: the folder to write.
        master: as Spark names it; one on this machine is reached by the loopback address alone.
        progress: let Spark show its progress on standard error.

    Raises:
        BatchError: an input does not fit, something is not installed, or Spark has failed.
    """
    check_installed()
    paths = checked_sources(sources, plan)
    with session(master, progress=progress) as spark:
        return review_on_spark(spark, paths, plan, output)


def review_on_spark(spark: Any, sources: Sequence[str], plan: Plan, output: str) -> SparkRun:
    """Review the requests of nested Parquet with a Spark session.

    Args:
        spark: a session, such as a notebook's (not of Spark Connect: files are sent to the workers).
        sources: files or folders, as any path that Spark reads.
        plan: what is asked.
        output: a folder, as any path that Spark writes, new or empty. It gets ``outcomes.parquet``,
            ``reasons.parquet``, ``rejected.parquet`` and, last, ``manifest.json``.

    Raises:
        BatchError: an input does not fit, the output folder is not empty, or Spark has failed.
        TableError: the columns of the input cannot be mapped.
    """
    if not hasattr(spark, "_jsc"):
        raise BatchError("This is a session of Spark Connect, which sends no files.", "Give a classic session.")
    paths = checked_sources(sources, plan)
    folder = OutputFolder(spark, output)
    with _in_words(), tempfile.TemporaryDirectory(prefix="plexus-archive-") as temporary:
        folder.begin()
        try:
            spark.sparkContext.addArchive(f"{pack(plan.library, Path(temporary))}#{ARCHIVE}")
            return _Run(spark.newSession(), paths, plan, folder).whole()
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


def checked_sources(sources: Sequence[str], plan: Plan) -> list[str]:
    """The paths that Spark is to read; of a folder on this machine, the files that the local engine reads.

    Raises:
        BatchError: a path on this machine is no nested Parquet.
    """
    out: list[str] = []
    for source in sources:
        out += _checked(source, plan) if "://" not in source and Path(source).exists() else [source]
    hidden = next((p for p in out if p.rstrip("/").rsplit("/", 1)[-1].startswith(("_", "."))), None)
    if hidden is not None:
        raise BatchError(f"Spark passes over {hidden}, for its name begins with _ or a dot.", "Rename it.")
    return out


def _checked(source: str, plan: Plan) -> list[str]:
    schema = schema_of(load(plan.library))
    try:
        kind = kind_of(Path(source), schema).name
    except TableError:
        if Path(source).is_dir():  # it may have folders such as state=OH, which Spark reads
            return [source]
        raise
    if kind == "nested table":
        return [str(Path(source).resolve())]
    if kind == "folder of nested tables":
        return [str(p.resolve()) for p in nested_files_of(Path(source), schema)]
    what = f"{source} is {kind}; Spark reads nested Parquet (one row a request, a list of structs for each class)."
    cure = "Leave --engine spark out, or write it as nested Parquet first: reasoner.tables.writing.write_nested."
    raise BatchError(what, cure)


# ---- The run ---------------------------------------------------------------------------------------


class _Run:
    """One run on its way."""

    def __init__(self, spark: Any, paths: Sequence[str], plan: Plan, folder: OutputFolder) -> None:
        self.spark, self.paths, self.plan, self.folder = spark, list(paths), plan, folder
        for name, value in SETTINGS.items():
            spark.conf.set(name, value)
        partitions = TASKS_PER_CORE * spark.sparkContext.defaultParallelism
        spark.conf.set("spark.sql.files.minPartitionNum", str(partitions))
        self.rows, self.mapping = self._opened()

    def whole(self) -> SparkRun:
        """Everything, from the input to the manifest."""
        requests, lines = self._size()
        staged = self._staged(Job(self.plan, self._repeated()))
        for name, table in zip(TABLES, self._tables(staged), strict=True):
            self._write(table, name)
        counts = {"requests": requests, "lines": lines, **self._counts()}
        self._check(counts, counts_of([r[0] for r in staged.where(f"{COUNTS} is not null").select(COUNTS).collect()]))
        manifest = self._manifest(counts)
        self.folder.settle(TABLES, json.dumps(manifest, indent=2, ensure_ascii=False) + "\n")
        return SparkRun(self.folder.path, manifest)

    def _opened(self) -> tuple[Any, NestedMap]:
        """The columns that are used of the input, with the file and place of each row; and where they go."""
        from pyspark.sql import functions as f
        from pyspark.sql.pandas.types import to_arrow_schema

        # Without mergeSchema a column that the first file does not have would be dropped from all of them.
        frame = self.spark.read.option("mergeSchema", "true").parquet(*self.paths)
        mapping = nested_map(to_arrow_schema(frame.schema), schema_of(load(self.plan.library)), "The input")
        if not mapping.children:
            what = "The input has no nested column that is called after a class of a record, such as lines."
            raise BatchError(what, "Give nested Parquet: one row a request, and a list of structs for each class.")
        names = dict.fromkeys([*(m.source for m in mapping.requests.columns), *(n for n, _ in mapping.children)])
        place = [f.col("_metadata.file_name").alias(FILE), f.col("_metadata.row_index").alias(PLACE)]
        return frame.select(*(_column(n) for n in names), *place), mapping

    def _size(self) -> tuple[int, int]:
        """How many requests and lines come in, as Spark counts them."""
        from pyspark.sql import functions as f

        name = next((n for n, m in self.mapping.children if m.table.name == "lines"), None)
        lines = f.lit(0) if name is None else f.greatest(f.coalesce(f.size(_column(name)), f.lit(0)), f.lit(0))
        found = self.rows.agg(f.count(f.lit(1)), f.coalesce(f.sum(lines), f.lit(0))).first()
        return int(found[0]), int(found[1])

    def _repeated(self) -> tuple[str, ...]:
        """The identifiers that several rows of the whole input have."""
        key = self.mapping.requests.of(REQUEST_KEY)
        assert key is not None  # nested_map has asked for it
        keys = self.rows.select(_column(key.source).alias("key")).mapInArrow(identifiers("key"), "key string")
        return tuple(sorted(r[0] for r in keys.groupBy("key").count().where("count > 1").select("key").collect()))

    def _staged(self, job: Job) -> Any:
        """All rows reviewed, once, and written aside."""
        from pyspark.sql.pandas.types import from_arrow_schema

        reviewed = self.rows.mapInArrow(evaluation(job), from_arrow_schema(staged_schema(self.plan)))
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

    def _write(self, table: Any, name: str) -> None:
        table.write.option("compression", "zstd").parquet(self.folder.inside(name))

    def _written(self, name: str) -> Any:
        return self.spark.read.parquet(self.folder.inside(name))

    def _counts(self) -> dict[str, int]:
        """How many rows were written, and how many lines are lost."""
        from pyspark.sql import functions as f

        outcomes, reasons, rejected = (self._written(name) for name in TABLES)
        lost = rejected.agg(f.coalesce(f.sum("lines"), f.lit(0))).first()[0]
        rows = {"outcomes": outcomes.count(), "reasons": reasons.count(), "rejected": rejected.count()}
        return {**rows, "rejected lines": int(lost)}

    def _check(self, counts: dict[str, int], said: dict[str, int]) -> None:
        """Hold what was written against what came in and against what the workers say.

        Raises:
            BatchError: a row is missing, or is there twice.
        """
        lines, rest = divmod(counts["outcomes"], len(self.plan.profiles))
        lost = counts["rejected lines"]
        if rest or lines + lost != counts["lines"]:
            what = f"{counts['lines']} lines came in, and there are {lines} in the outcomes and {lost} rejected."
            raise BatchError(what, "Nothing is kept of the run. Please report it.")
        for name, number in said.items():
            if counts[name] != number:
                what = f"The workers tell of {number} {name}, and there are {counts[name]}."
                raise BatchError(what, "Nothing is kept of the run. Please report it.")

    def _manifest(self, counts: dict[str, int]) -> dict[str, Any]:
        plan = self.plan
        summary = self._written(TABLES[0]).groupBy("profile", "recommendation").count().collect()
        return {
            "run_id": plan.run_id,
            "engine": "spark",
            "plexus": software_version(),
            "spark": self.spark.version,
            "as_of": plan.as_of.isoformat(),
            "edition": plan.edition,
            "profiles": {p.name: dict(p.readings) for p in plan.profiles},
            "inputs": self.paths,
            "counts": counts,
            "recommendations": [
                {"profile": p, "recommendation": r, "lines": n} for p, r, n in sorted(tuple(row) for row in summary)
            ],
            "files": [file for name in TABLES for file in self._digests(name)],
        }

    def _digests(self, name: str) -> list[dict[str, Any]]:
        """The files of a table with their sizes and SHA-256 digests, computed by the workers."""
        files = self.spark.read.format("binaryFile").option("pathGlobFilter", "*.parquet").load(self.folder.inside(name))
        found = files.selectExpr("path", "length", "sha2(content, 256)").collect()
        rows = [(f"{name}/{path.rsplit('/', 1)[-1]}", length, digest) for path, length, digest in found]
        return [{"file": path, "bytes": length, "sha256": digest} for path, length, digest in sorted(rows)]


def _column(name: str) -> Any:
    """A column by its name, whatever characters that has."""
    from pyspark.sql import functions as f

    return f.col("`" + name.replace("`", "``") + "`")
