"""``plexus batch``: many requests in, tables out."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reasoner.cli.options import LIBRARY
from reasoner.cli.output import tell, write
from reasoner.cli.progress import counting
from reasoner.errors import BatchError, PlexusError, ReadingError, UnknownTerm

if TYPE_CHECKING:
    from reasoner.batch.plan import Plan
    from reasoner.tables.chunks import Reading

UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}


class Memory(click.ParamType):  # type: ignore[type-arg,unused-ignore]
    """An amount of memory, such as 512MiB."""

    name = "memory"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The amount in bytes."""
        if isinstance(value, int):
            return value
        found = re.fullmatch(r"(\d+)\s*([kmg]?)(i?b)?", value.strip().casefold())
        if found is None:
            self.fail(f"{value!r} is no amount of memory; write 512MiB or 2GiB.", param, ctx)
        return int(found[1]) * UNITS[found[2]]


@dataclass(frozen=True)
class Sources:
    """Inputs and output as they were written."""

    inputs: tuple[str, ...]
    output: str | None


@click.command()
@click.argument("inputs", nargs=-1, metavar="INPUT...", type=click.Path())
@click.option("-o", "--output", type=click.Path(file_okay=False), help="The folder to write.")
@click.option("--as-of", type=click.DateTime(["%Y-%m-%d"]), help="Day of the review (default: today); recorded.")
@click.option("--edition", metavar="EDITION", help="Apply this edition (0587/2025-12-01) whatever the dates are.")
@click.option(
    "--readings",
    multiple=True,
    metavar="PROFILE",
    help="A profile of readings: NAME:A10=any-one,A2=..., a TOML file of profiles, or default; repeatable. All are "
    "reviewed in one pass. Without any: the default readings.",
)
@click.option("--all-reasons", is_flag=True, help="Give the evidence of every criterion, not only of those not met.")
@click.option("--no-hinges", is_flag=True, help="Leave out on which readings outcomes hinge; several times as fast.")
@click.option(
    "--engine",
    type=click.Choice(["columnar", "spark"]),
    default="columnar",
    show_default=True,
    help="spark reviews nested Parquet on a cluster, in and out of any path that Spark knows (extra: spark, and Java).",
)
@click.option("--master", metavar="URL", help="The master of the Spark engine (default: local[*], this machine).")
@click.option(
    "--memory",
    type=Memory(),
    default="1GiB",
    show_default=True,
    help="What all workers may take. Not of the Spark engine: set spark.executor.memory.",
)
@click.option(
    "--workers",
    type=click.IntRange(min=1),
    help="Processes (default: one a processor); fewer where --memory does not allow so many. Not of Spark.",
)
@click.option("--resume", is_flag=True, help="Go on with an interrupted run; leave a whole one as it is. Not of Spark.")
@click.option("--force", is_flag=True, help="Write the output folder anew.")
@click.option("--dry-run", is_flag=True, help="Review nothing: say which of my columns goes where, and which does not.")
@click.option("--csvw", type=click.Path(exists=True, path_type=Path), help="A CSVW file that maps my tables.")
@click.option("--write-csvw", is_flag=True, help="Print a CSVW file: of the tables of plexus, or drafted for INPUT.")
@click.option("--plot", type=click.Path(dir_okay=False, path_type=Path), help="Draw the summary, as .svg or .html.")
@click.option("--format", "output_format", type=click.Choice(["text", "json"]), default="text", help="Of the summary.")
@LIBRARY
@click.pass_context
def batch(context: click.Context, /, inputs: tuple[str, ...], **given: Any) -> None:
    """Review many requests: a nested table, entity tables, or RDF.

    INPUT is a Parquet file with one row a request and a list for each kind of record; a folder with one CSV or Parquet
    file a kind (requests, lines, findings, ...); or .nt, .ttl or .jsonld files. The output folder gets outcomes.parquet
    (a row a line), reasons.parquet (the evidence), rejected.parquet (what could not be reviewed, and why) and
    manifest.json. Lines in are lines reviewed and lines rejected, always.

    Exit codes: 0 every line was reviewed; 1 some were rejected, or the run failed; 2 wrong usage, or an input that
    cannot be read; 130 interrupted (--resume goes on).
    """
    try:
        # Spark is told paths as they are written; s3a://bucket would not outlive being made a Path.
        sources = Sources(inputs, given["output"])
        given["output"] = Path(given["output"]) if given["output"] is not None else None
        context.exit(_batch([Path(p) for p in inputs], **given, sources=sources))
    except KeyboardInterrupt:
        tell("Interrupted. The finished chunks are kept; --resume goes on from them.")
        context.exit(130)


def _batch(inputs: list[Path], **given: Any) -> int:
    from reasoner.knowledge import load
    from reasoner.tables.chunks import Reading

    knowledge = load(given["library"])
    reading = Reading(knowledge, memory=given["memory"], metadata=given["csvw"], references=given["dry_run"])
    if given["write_csvw"]:
        return _csvw(inputs, reading)
    if not inputs:
        raise click.UsageError("Name what to review; plexus batch --help tells the forms.")
    if given["dry_run"]:
        return _mapping(inputs, reading, given["output_format"])
    if given["resume"] and given["force"]:
        raise click.UsageError("--resume goes on and --force begins anew: give one of them.")
    if given["output"] is None:
        raise click.UsageError("Name the folder to write with -o.")
    if given["plot"] is not None and given["plot"].suffix not in (".svg", ".html"):
        raise click.UsageError("--plot draws .svg or .html.")
    return _review(inputs, reading, given)


def _review(inputs: list[Path], reading: Reading, given: dict[str, Any]) -> int:
    from reasoner.batch.summary import summary_json, summary_text

    plan = _plan(given)
    for path in inputs:
        if given["engine"] == "spark" and not path.exists():
            continue  # Spark looks for it
        for note in _notes(path, reading):
            tell(note)
    manifest = _run(inputs, plan, given)
    write(summary_json(manifest) if given["output_format"] == "json" else summary_text(manifest), None)
    if given["plot"] is not None:
        from reasoner.batch.plot import page, picture

        draw = page if given["plot"].suffix == ".html" else picture
        write(draw(manifest), given["plot"])
    rejected = manifest["counts"]["rejected_rows"]
    return 1 if rejected else 0


def _plan(given: dict[str, Any]) -> Plan:
    from reasoner.batch.chunk import context_of
    from reasoner.batch.plan import Plan
    from reasoner.batch.profiles import profiles_of

    day: datetime | None = given["as_of"]
    try:
        plan = Plan(
            library=given["library"],
            as_of=day.date() if day else date.today(),
            profiles=profiles_of(given["readings"]),
            edition=given["edition"],
            all_reasons=given["all_reasons"],
            hinges=not given["no_hinges"],
            run_id="",
        )
        context_of(plan)
    except (ReadingError, UnknownTerm, BatchError) as error:
        raise click.UsageError(str(error)) from error
    return plan


def _notes(path: Path, reading: Reading) -> Sequence[str]:
    """What the columns of an input leave unsaid.

    Raises:
        UsageError: it cannot be read.
    """
    from reasoner.tables.notes import mapping_notes

    try:
        return mapping_notes(path, reading)
    except PlexusError as error:
        raise click.UsageError(str(error)) from error


def _run(inputs: list[Path], plan: Plan, given: dict[str, Any]) -> dict[str, Any]:
    """Review by the engine that was asked for: the one place where engines of batches part ways."""
    from reasoner.batch.run import Options, request_count, run

    options = Options(given["workers"], given["memory"], given["resume"], given["force"], given["csvw"])
    if given["engine"] == "spark":
        return _spark(plan, given)
    if given["master"] is not None:
        raise click.UsageError("--master is of --engine spark.")
    with counting("reviewing", request_count(inputs), "requests") as advance:
        return run(inputs, plan, given["output"], options, lambda record: advance(record.requests))


def _spark(plan: Plan, given: dict[str, Any]) -> dict[str, Any]:
    from reasoner.batch.spark import run_on_spark

    for option, value in (("--resume", given["resume"]), ("--workers", given["workers"]), ("--csvw", given["csvw"])):
        if value:
            raise click.UsageError(f"{option} is not of --engine spark; leave it out.")
    sources: Sources = given["sources"]
    return run_on_spark(
        sources.inputs,
        plan,
        str(sources.output),
        master=given["master"],
        force=given["force"],
        progress=sys.stderr.isatty(),
    )


def _csvw(inputs: list[Path], reading: Reading) -> int:
    from reasoner.tables.csvw import metadata_of
    from reasoner.tables.draft import draft_metadata
    from reasoner.tables.report import mapping_report
    from reasoner.tables.terms import index_of

    if len(inputs) > 1:
        raise click.UsageError("--write-csvw drafts a file for one INPUT.")
    if inputs:
        try:
            made = draft_metadata(mapping_report(inputs[0], reading), reading.schema)
        except PlexusError as error:
            raise click.UsageError(str(error)) from error
    else:
        made = metadata_of(reading.schema, index_of(reading.knowledge))
    write(json.dumps(made, indent=2, ensure_ascii=False) + "\n", None)
    return 0


def _mapping(inputs: list[Path], reading: Reading, output_format: str) -> int:
    from reasoner.tables.report import mapping_report
    from reasoner.tables.report_text import report_text

    try:
        reports = [mapping_report(path, reading) for path in inputs]
    except PlexusError as error:
        raise click.UsageError(str(error)) from error
    if output_format == "json":
        write(json.dumps([r.as_dict() for r in reports], indent=2, ensure_ascii=False) + "\n", None)
    else:
        write("\n".join(map(report_text, reports)), None)
    return 0 if all(r.ready for r in reports) else 1
