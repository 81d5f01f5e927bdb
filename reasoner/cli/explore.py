"""``plexus show``, ``graph`` and ``docs``: ways to look at what the graph holds."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reasoner.cli.output import write
from reasoner.errors import PlexusError

if TYPE_CHECKING:
    from reasoner.model import LineReview
    from reasoner.policy import Policy

OUTPUT = click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write to a file instead of standard output.",
)


@click.command()
@click.argument("thing")
@click.option(
    "--format",
    "output_format",
    type=click.Choice(["text", "ttl", "json"]),
    default="text",
    help="Form of the output.",
)
@OUTPUT
def show(thing: str, output_format: str, output: Path | None) -> None:
    """Show one node of the graph: what it is, where it comes from, what it names and what names it.

    THING is an IRI, a prefixed name (clin:MRI), a policy number (0587), a criterion (compression), a code (64714),
    an ambiguity (A10), or a label. Exit code 1 where nothing or more than one thing is called so.
    """
    from reasoner.card import card_of, find, turtle_of
    from reasoner.library import open_library
    from reasoner.render import card

    library = open_library()
    iri = find(library, thing)
    if output_format == "ttl":
        write(turtle_of(library, iri), output)
    else:
        write({"text": card.to_text, "json": card.to_json}[output_format](card_of(library, iri)), output)


@click.command()
@click.argument("number", required=False, metavar="[POLICY]")
@click.option("--links", is_flag=True, help="Draw the links between policies instead of the criteria.")
@click.option(
    "--review",
    "request",
    metavar="INPUT",
    help="Review this request first and show the outcome of every criterion.",
)
@click.option("--as-of", type=click.DateTime(["%Y-%m-%d"]), help="Day of the review (default: today).")
@click.option("--line", "wanted", type=int, help="The line of the request, where it has several.")
@click.option("--format", "output_format", type=click.Choice(["svg", "dot", "mmd"]), help="Form of the output.")
@OUTPUT
def graph(
    number: str | None,
    links: bool,
    request: str | None,
    as_of: datetime | None,
    wanted: int | None,
    output_format: str | None,
    output: Path | None,
) -> None:
    """Draw the criteria tree of a policy, or the links between policies.

    The name of the file tells the form: .svg, .dot (Graphviz) or .mmd (Mermaid). Without a file it is SVG.
    """
    from reasoner.diagram import criteria_diagram, links_diagram
    from reasoner.library import open_library
    from reasoner.render.graph import WRITERS

    if request is None and (as_of or wanted is not None):
        raise click.UsageError("--as-of and --line belong to --review.")
    if links and request is not None:
        raise click.UsageError("--links and --review are two pictures; ask for one.")
    form = _form(output_format, output)
    if links:
        diagram = links_diagram(open_library(), number)
    else:
        line = _reviewed(request, as_of.date() if as_of else date.today(), wanted) if request else None
        if line and line.policy and number not in (None, line.policy.number):
            raise click.UsageError(f"The line was reviewed under policy {line.policy.number}, not {number}.")
        diagram = criteria_diagram(_policy(number, line), line)
    write(WRITERS[form](diagram), output)


FORMS = {".svg": "svg", ".dot": "dot", ".gv": "dot", ".mmd": "mmd", ".mermaid": "mmd"}


def _form(asked: str | None, output: Path | None) -> str:
    """The form that was asked for, or that the file's name tells; SVG where neither does."""
    told = FORMS.get(output.suffix.lower()) if output else None
    if output and not told and not asked:
        raise click.UsageError(f"{output.name} does not tell a form; end it in .svg, .dot or .mmd, or give --format.")
    if told and asked and told != asked:
        raise click.UsageError(f"{output} is the name of a {told} file, but --format asks for {asked}.")
    return asked or told or "svg"


def _policy(number: str | None, line: LineReview | None) -> Policy:
    """The policy of that number, or of the reviewed line, or the first; of several editions the one that is meant."""
    from reasoner.knowledge import load_policies

    known = sorted(load_policies(), key=lambda p: (p.number, p.edition))
    number = number or (known[0].number if known else "")
    if line and line.policy:
        found = [p for p in known if p.number == line.policy.number and p.edition.isoformat() == line.policy.edition]
    else:
        found = [p for p in known if p.number == number]
    if not found:
        raise click.UsageError(f"There is no policy {number}. Known: {', '.join(p.number for p in known)}.")
    return found[-1]


def _reviewed(request: str, day: date, wanted: int | None) -> LineReview:
    """The one reviewed line of a request that has criteria to show."""
    from reasoner.review import review

    lines = [x for r in review(request, as_of=day) for x in r.lines if wanted in (None, x.sequence)]
    if len(lines) != 1:
        raise click.UsageError(
            "Name one line of the request with --line." if lines else "The request has no such line."
        )
    if not lines[0].criteria:
        raise PlexusError(f"Line {lines[0].sequence} has no outcome to draw. {lines[0].headline} {lines[0].reason}")
    return lines[0]


MARKER = ".plexus-docs"


@click.command()
@click.option(
    "-o",
    "--output",
    required=True,
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    help="The folder to write, which is created.",
)
@click.option("--force", is_flag=True, help="Write into a folder that holds other files, too.")
def docs(output: Path, force: bool) -> None:
    """Write browsable documentation of the graph: static pages, no script, nothing from outside.

    A folder that an earlier run wrote is brought up to date; any other folder that is not empty needs --force.
    """
    from reasoner.render.docs import build

    before = _written_before(output, force)
    pages = build()
    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise click.ClickException(f"{output} cannot be created: {error.strerror}.") from error
    write("".join(f"{name}\n" for name in sorted(before | pages.keys())), output / MARKER)
    for name, text in pages.items():
        write(text, output / name)
    for stale in (output / name for name in before - pages.keys()):
        if stale.is_file():
            stale.unlink()
    write("".join(f"{name}\n" for name in sorted(pages)), output / MARKER)
    click.echo(f"wrote {len(pages)} files to {output}; start with {output / 'index.html'}", err=True)


def _written_before(output: Path, force: bool) -> set[str]:
    """The files that an earlier run wrote; a folder of somebody else's files is refused."""
    marker = output / MARKER
    if marker.is_file():
        names = marker.read_text(encoding="utf-8", errors="replace").splitlines()
        return {n for n in names if n and n == Path(n).name and n != MARKER}
    if output.is_dir() and any(output.iterdir()) and not force:
        raise click.UsageError(f"{output} holds other files. Name an empty or new folder, or give --force.")
    return set()
