"""The command ``plexus``: it finds inputs, calls the pipeline, and formats what comes back."""

from __future__ import annotations

import json
import logging
import os
import stat
import sys
import tempfile
from collections.abc import Callable, Iterator
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reasoner.errors import PlexusError, ReadingError, RequestError

if TYPE_CHECKING:
    from reasoner.model import Review

FORMATS = ("text", "json", "jsonl", "ttl", "html")
INPUT_FORMATS = ("turtle", "ntriples", "jsonld", "rdfxml")
SUFFIXES = (".ttl", ".nt", ".jsonld", ".rdf")


class Commands(click.Group):
    """Commands whose expected errors are told in a sentence, never as a stack trace."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command."""
        try:
            return super().invoke(ctx)
        except PlexusError as error:
            _tell(str(error))
            ctx.exit(1)


def _version(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted and not context.resilient_parsing:
        from reasoner.review import software_version

        click.echo(f"plexus, version {software_version()}")
        context.exit()


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Show the version and exit."
)
def main() -> None:
    """Reviews prior-authorization requests against coverage policies and says why.

    It recommends and never determines: an adverse answer needs a clinician.
    """
    # rdflib logs ill-typed literals with a stack trace and with their text, which may be a patient's.
    logging.getLogger("rdflib").setLevel(logging.CRITICAL)


def _tell(message: str) -> None:
    """A message on standard error, without what a terminal would obey."""
    from reasoner.render.words import clean

    click.echo(clean(message.encode("utf-8", "backslashreplace").decode()), err=True)


# ---- review ----------------------------------------------------------------------------------------


@main.command()
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT...")
@click.option("--format", "output_format", type=click.Choice(FORMATS), default="text", help="Form of the output.")
@click.option(
    "--reading",
    "readings",
    multiple=True,
    metavar="A=R",
    help="Read an ambiguity otherwise, such as A10=any-one; repeatable. See `plexus readings`.",
)
@click.option("--as-of", type=click.DateTime(["%Y-%m-%d"]), help="Day of the review (default: today); recorded.")
@click.option("--fail-unless", type=click.Choice(["approve"]), help="Exit with 3 unless every line comes out so.")
@click.option(
    "--input-format",
    type=click.Choice(INPUT_FORMATS),
    help="Form of the input, where its name does not tell.",
)
@click.option("--engine", type=click.Choice(["pyshacl"]), default="pyshacl", help="SHACL engine.", show_default=True)
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write to a file instead of standard output.",
)
@click.option("--debug", is_flag=True, help="Show the trace of an internal error.")
@click.pass_context
def review(
    context: click.Context,
    inputs: tuple[str, ...],
    output_format: str,
    readings: tuple[str, ...],
    as_of: datetime | None,
    fail_unless: str | None,
    input_format: str | None,
    engine: str,
    output: Path | None,
    debug: bool,
) -> None:
    """Review requests: files, folders, or - for standard input.

    In a folder, files named request.* are taken (Turtle before its JSON-LD twin), else every RDF file.
    With --format json one request gives an object and several an array; jsonl gives one object a line.

    Exit codes: 0 every input was reviewed; 1 some input was refused; 2 wrong usage; 3 --fail-unless failed.
    """
    chosen = _chosen(readings)
    day = as_of.date() if as_of else date.today()
    files = list(dict.fromkeys(f for name in inputs for f in _expand(name)))
    if not files:
        raise click.UsageError("There is no request in what was named.")
    done: list[Review] = []
    refused = 0
    for file in _with_progress(files):
        try:
            done += _review_one(file, as_of=day, readings=chosen, engine=engine, format=input_format)
        except ReadingError as error:
            raise click.UsageError(str(error)) from error
        except PlexusError as error:
            refused += 1
            _tell(str(error) if isinstance(error, RequestError) else f"{file}: {error}")
        except Exception as error:
            if debug:
                raise
            refused += 1
            _tell(f"{file}: internal error ({type(error).__name__}); please report it, with --debug.")
    _publish(done, output_format, output)
    if len(files) > 1:
        click.echo(f"{len(done)} reviewed, {refused} refused", err=True)
    if refused:
        context.exit(1)
    if fail_unless and any(x.recommendation != fail_unless for r in done for x in r.lines):
        context.exit(3)


def _review_one(file: str, **options: Any) -> tuple[Review, ...]:
    from reasoner.review import review as review_request

    return review_request(file, **options)


def _chosen(readings: tuple[str, ...]) -> dict[str, str]:
    out: dict[str, str] = {}
    for item in readings:
        name, sign, reading = item.partition("=")
        if not (name and sign and reading):
            raise click.UsageError(f"--reading {item!r} is not of the form AMBIGUITY=READING, such as A10=any-one.")
        if name in out and out[name] != reading:
            raise click.UsageError(f"{name} is read in two ways: {out[name]} and {reading}.")
        out[name] = reading
    return out


def _expand(name: str) -> Iterator[str]:
    path = Path(name)
    if name == "-" or not path.is_dir():
        yield name
        return
    found = sorted(p for p in path.rglob("*") if p.is_file() and p.suffix in SUFFIXES)
    requests = [p for p in found if p.stem == "request"] or found
    turtle = {p.with_suffix("") for p in requests if p.suffix == ".ttl"}
    for p in requests:
        if p.suffix == ".ttl" or p.with_suffix("") not in turtle:
            yield str(p)


def _with_progress(files: list[str]) -> Iterator[str]:
    if len(files) < 5 or not sys.stderr.isatty():
        yield from files
        return
    with click.progressbar(files, label="reviewing", file=sys.stderr) as bar:
        yield from bar


def _colour() -> bool:
    return sys.stdout.isatty() and "NO_COLOR" not in os.environ


def _publish(reviews: list[Review], output_format: str, output: Path | None) -> None:
    if reviews:  # where every input was refused, an earlier output file stays as it was
        _write(_rendered(reviews, output_format, colour=output is None and _colour()), output)


def _rendered(reviews: list[Review], output_format: str, *, colour: bool) -> str:
    from reasoner.render import as_json, html, text, turtle

    if output_format == "json":
        return as_json.to_json(reviews)
    if output_format == "html":
        return html.render(reviews)
    one: dict[str, Callable[[Review], str]] = {
        "jsonl": as_json.to_jsonl,
        "ttl": turtle.render,
        "text": lambda r: text.render(r, colour=colour),
    }
    return (
        "\n\n".join(map(one["text"], reviews)) if output_format == "text" else "".join(map(one[output_format], reviews))
    )


def _write(content: str, output: Path | None) -> None:
    if output is None:
        sys.stdout.buffer.write(content.encode("utf-8", "replace"))
        return
    try:
        if output.exists() and not output.is_file():
            output.write_text(content, encoding="utf-8")  # a device or a pipe is written to, never replaced
        else:
            _replace(output.resolve(), content)
    except OSError as error:
        raise click.ClickException(f"{output} cannot be written: {error.strerror}.") from error


def _replace(target: Path, content: str) -> None:
    """Write a file whole or not at all, with the permissions that it had or that a new file gets."""
    mask = os.umask(0)
    os.umask(mask)
    mode = stat.S_IMODE(target.stat().st_mode) if target.exists() else 0o666 & ~mask
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(content)
        Path(name).chmod(mode)
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


# ---- readings, template, prepare, shapes -----------------------------------------------------------


@main.command()
@click.argument("number", required=False, metavar="[POLICY]")
@click.option(
    "--format", "output_format", type=click.Choice(["text", "json"]), default="text", help="Form of the output."
)
def readings(number: str | None, output_format: str) -> None:
    """List the ambiguities of the policy text with their readings, defaults and reasons."""
    from reasoner.knowledge import load_policies
    from reasoner.render import policies

    found = [p for p in load_policies() if number in (None, p.number)]
    if not found:
        raise click.UsageError(f"There is no policy {number}. Known: {', '.join(p.number for p in load_policies())}.")
    if output_format == "json":
        click.echo(json.dumps([policies.readings_dict(p) for p in found], ensure_ascii=False, indent=2))
    else:
        click.echo("\n".join(policies.readings_text(p) for p in found), nl=False)


@main.command()
@click.argument("what", type=click.Choice(["request"]))
@click.option(
    "--format", "output_format", type=click.Choice(["turtle", "jsonld"]), default="turtle", help="Form of the skeleton."
)
def template(what: str, output_format: str) -> None:
    """Print a commented skeleton of a request to fill in."""
    from reasoner import resources

    suffix = {"turtle": "ttl", "jsonld": "jsonld"}[output_format]
    click.echo(resources.template_file(f"{what}.{suffix}").read_text(encoding="utf-8"), nl=False)


@main.command()
@click.argument("source", metavar="INPUT")
@click.option("--as-of", type=click.DateTime(["%Y-%m-%d"]), help="Day of the review (default: today).")
@click.option("--line", "wanted", type=int, default=None, help="Only this line of the request.")
@click.option(
    "--input-format", type=click.Choice(INPUT_FORMATS), help="Form of the input, where its name does not tell."
)
def prepare(source: str, as_of: datetime | None, wanted: int | None, input_format: str | None) -> None:
    """Print a request as its lines see it, in Turtle, for any SHACL engine.

    Derived facts (supersession, evidence after the service) and the arrangement of concepts are included;
    run shapes/policies/0587.default.ttl on it.
    """
    from pyoxigraph import RdfFormat, Triple, serialize

    from reasoner import intake
    from reasoner.knowledge import load
    from reasoner.vocabulary import PREFIXES

    records = intake.read(source, as_of=as_of.date() if as_of else date.today(), format=input_format)
    lines = [x for r in records for x in r.lines if wanted in (None, x.sequence)]
    if len(lines) != 1:
        numbers = ", ".join(str(x.sequence) for r in records for x in r.lines) or "none"
        raise click.UsageError(f"Name one line with --line; the input has: {numbers}.")
    triples = (Triple(*t) for t in (*lines[0].triples, *load().arrangement))
    shown = {p: PREFIXES[p] for p in ("anat", "clin", "cov", "dcterms", "skos", "xsd")}
    sys.stdout.buffer.write(serialize(triples, format=RdfFormat.TURTLE, prefixes=shown) or b"")


@main.command()
@click.option("--check", is_flag=True, help="Write nothing; exit with 1 where a file is not up to date.")
def shapes(check: bool) -> None:
    """Write the shapes that derive from the criteria trees (probes and default groups)."""
    from reasoner.knowledge import load
    from reasoner.shapes_default import generated

    knowledge = load()
    stale = 0
    for path, text in generated(knowledge).items():
        target = knowledge.root / path
        if target.exists() and target.read_text(encoding="utf-8") == text:
            continue
        stale += 1
        if check:
            click.echo(f"{path} is not up to date; run plexus shapes.", err=True)
        else:
            _write(text, target)
            click.echo(f"wrote {path}")
    if check and stale:
        raise SystemExit(1)
