"""``plexus review``: requests in, reviews out."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reasoner.cli.options import ENGINE, LIBRARY, OUTPUT, READING
from reasoner.cli.output import tell, write
from reasoner.cli.progress import over_files
from reasoner.errors import PlexusError, ReadingError, RequestError

if TYPE_CHECKING:
    from reasoner.model import Review

FORMATS = ("text", "json", "jsonl", "ttl", "html")
INPUT_FORMATS = ("turtle", "ntriples", "jsonld", "rdfxml")
SUFFIXES = (".ttl", ".nt", ".jsonld", ".rdf")


@click.command()
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT...")
@click.option("--format", "output_format", type=click.Choice(FORMATS), default="text", help="Form of the output.")
@READING
@click.option("--as-of", type=click.DateTime(["%Y-%m-%d"]), help="Day of the review (default: today); recorded.")
@click.option("--fail-unless", type=click.Choice(["approve"]), help="Exit with 3 unless every line comes out so.")
@click.option(
    "--input-format",
    type=click.Choice(INPUT_FORMATS),
    help="Form of the input, where its name does not tell.",
)
@ENGINE
@OUTPUT
@LIBRARY
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
    library: Path | None,
    debug: bool,
) -> None:
    """Review requests: files, folders, or - for standard input.

    In a folder, files named request.* are taken (Turtle before its JSON-LD twin), else every RDF file.
    With --format json one request gives an object and several an array; jsonl gives one object a line.

    Exit codes: 0 every input was reviewed; 1 some input was refused; 2 wrong usage; 3 --fail-unless failed.
    """
    picked = chosen(readings)
    day = as_of.date() if as_of else date.today()
    files = list(dict.fromkeys(f for name in inputs for f in expand(name)))
    if not files:
        raise click.UsageError("There is no request in what was named.")
    done: list[Review] = []
    refused = 0
    for file in over_files(files, "reviewing", fewest=5):
        try:
            done += _review_one(file, as_of=day, readings=picked, engine=engine, format=input_format, library=library)
        except ReadingError as error:
            raise click.UsageError(str(error)) from error
        except PlexusError as error:
            refused += 1
            tell(str(error) if isinstance(error, RequestError) else f"{file}: {error}")
        except Exception as error:
            if debug:
                raise
            refused += 1
            tell(f"{file}: internal error ({type(error).__name__}); please report it, with --debug.")
    _publish(done, output_format, output, library)
    if len(files) > 1:
        click.echo(f"{len(done)} reviewed, {refused} refused", err=True)
    if refused:
        context.exit(1)
    if fail_unless and any(x.recommendation != fail_unless for r in done for x in r.lines):
        context.exit(3)


def _review_one(file: str, **options: Any) -> tuple[Review, ...]:
    from reasoner.review import review as review_request

    return review_request(file, **options)


def chosen(readings: tuple[str, ...]) -> dict[str, str]:
    """The readings of --reading options, by ambiguity."""
    out: dict[str, str] = {}
    for item in readings:
        name, sign, reading = item.partition("=")
        if not (name and sign and reading):
            raise click.UsageError(f"--reading {item!r} is not of the form AMBIGUITY=READING, such as A10=any-one.")
        if name in out and out[name] != reading:
            raise click.UsageError(f"{name} is read in two ways: {out[name]} and {reading}.")
        out[name] = reading
    return out


def expand(name: str) -> Iterator[str]:
    """The requests that a file, folder or - stands for."""
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


def _colour() -> bool:
    return sys.stdout.isatty() and "NO_COLOR" not in os.environ


def _publish(reviews: list[Review], output_format: str, output: Path | None, library: Path | None) -> None:
    if reviews:  # where every input was refused, an earlier output file stays as it was
        write(_rendered(reviews, output_format, library, colour=output is None and _colour()), output)


def _rendered(reviews: list[Review], output_format: str, library: Path | None, *, colour: bool) -> str:
    from reasoner.knowledge import load
    from reasoner.render import as_json, html, text, turtle

    if output_format == "json":
        return as_json.to_json(reviews)
    if output_format == "html":
        return html.render(reviews)
    one: dict[str, Callable[[Review], str]] = {
        "jsonl": as_json.to_jsonl,
        "ttl": lambda r: turtle.render(r, load(library)),
        "text": lambda r: text.render(r, colour=colour),
    }
    return (
        "\n\n".join(map(one["text"], reviews)) if output_format == "text" else "".join(map(one[output_format], reviews))
    )
