"""``plexus readings``, ``template``, ``prepare`` and ``shapes``: what authors of policies and requests need."""

from __future__ import annotations

import json
import sys
from datetime import date, datetime
from pathlib import Path

import click

from reasoner.cli.options import LIBRARY
from reasoner.cli.output import write
from reasoner.cli.review import INPUT_FORMATS


@click.command()
@click.argument("number", required=False, metavar="[POLICY[/DATE]]")
@click.option(
    "--format", "output_format", type=click.Choice(["text", "json"]), default="text", help="Form of the output."
)
@LIBRARY
def readings(number: str | None, output_format: str, library: Path | None) -> None:
    """List the ambiguities of the policy text with their readings, defaults and reasons.

    POLICY is a number, which stands for all its editions, or number and date of one, such as 0587/2025-12-01.
    """
    from reasoner.knowledge import load
    from reasoner.policy import editions_named
    from reasoner.render import policies

    found = editions_named(load(library).policies, number)
    if not found:
        names = ", ".join(p.name for p in load(library).policies)
        raise click.UsageError(f"There is no policy {number}. Known: {names}.")
    if output_format == "json":
        click.echo(json.dumps([policies.readings_dict(p) for p in found], ensure_ascii=False, indent=2))
    else:
        click.echo("\n".join(policies.readings_text(p) for p in found), nl=False)


@click.command()
@click.argument("what", type=click.Choice(["request"]))
@click.option(
    "--format", "output_format", type=click.Choice(["turtle", "jsonld"]), default="turtle", help="Form of the skeleton."
)
def template(what: str, output_format: str) -> None:
    """Print a commented skeleton of a request to fill in."""
    from reasoner import resources

    suffix = {"turtle": "ttl", "jsonld": "jsonld"}[output_format]
    click.echo(resources.template_file(f"{what}.{suffix}").read_text(encoding="utf-8"), nl=False)


@click.command()
@click.argument("source", metavar="INPUT")
@click.option("--as-of", type=click.DateTime(["%Y-%m-%d"]), help="Day of the review (default: today).")
@click.option("--line", "wanted", type=int, default=None, help="Only this line of the request.")
@click.option(
    "--input-format", type=click.Choice(INPUT_FORMATS), help="Form of the input, where its name does not tell."
)
@LIBRARY
def prepare(
    source: str, as_of: datetime | None, wanted: int | None, input_format: str | None, library: Path | None
) -> None:
    """Print a request as its lines see it, in Turtle, for any SHACL engine.

    Derived facts (supersession, evidence after the service) and the arrangement of concepts are included;
    run shapes/policies/0587.default.ttl on it.
    """
    from pyoxigraph import RdfFormat, Triple, serialize

    from reasoner import intake
    from reasoner.knowledge import load
    from reasoner.vocabulary import PREFIXES

    knowledge = load(library)
    records = intake.read(
        source, as_of=as_of.date() if as_of else date.today(), ontology=knowledge.ontology, format=input_format
    )
    lines = [x for r in records for x in r.lines if wanted in (None, x.sequence)]
    if len(lines) != 1:
        numbers = ", ".join(str(x.sequence) for r in records for x in r.lines) or "none"
        raise click.UsageError(f"Name one line with --line; the input has: {numbers}.")
    triples = (Triple(*t) for t in (*lines[0].triples, *knowledge.arrangement))
    shown = {p: PREFIXES[p] for p in ("anat", "clin", "cov", "dcterms", "skos", "xsd")}
    sys.stdout.buffer.write(serialize(triples, format=RdfFormat.TURTLE, prefixes=shown) or b"")


@click.command()
@click.option("--check", is_flag=True, help="Write nothing; exit with 1 where a file is not up to date.")
@LIBRARY
def shapes(check: bool, library: Path | None) -> None:
    """Write the shapes that derive from the criteria trees (probes and default groups)."""
    from reasoner.knowledge import load
    from reasoner.shapes_default import generated

    knowledge = load(library)
    stale = 0
    for path, text in generated(knowledge).items():
        target = knowledge.home(path, text)
        if target.exists() and target.read_text(encoding="utf-8") == text:
            continue
        stale += 1
        if check:
            click.echo(f"{path} is not up to date; run plexus shapes.", err=True)
        else:
            write(text, target)
            click.echo(f"wrote {path}")
    if check and stale:
        raise SystemExit(1)
