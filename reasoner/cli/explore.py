"""``plexus show``, ``graph`` and ``docs``: ways to look at what the graph holds."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reasoner.cli.options import LIBRARY, OUTPUT
from reasoner.cli.output import write
from reasoner.errors import PlexusError

if TYPE_CHECKING:
    from reasoner.model import LineReview, Review
    from reasoner.render.pictures.diagram import Diagram


@click.command()
@click.argument("thing")
@click.option(
    "--format",
    "output_format",
    type=click.Choice(["text", "ttl", "json"]),
    default="text",
    help="Form of the output.",
)
@LIBRARY
@OUTPUT
def show(thing: str, output_format: str, library: Path | None, output: Path | None) -> None:
    """Show one node of the graph: what it is, where it comes from, what it names and what names it.

    THING is an IRI, a prefixed name (clin:MRI), a policy number (0587, CMM-608), an edition (0587/2025-12-01), a
    criterion (compression), a code (64714, G54.1), an ambiguity (A10), a DOI or PMID, or a label or words of one.
    Exit code 1 where nothing or more than one thing is called so.
    """
    from reasoner.card import card_of, turtle_of
    from reasoner.library import open_library
    from reasoner.names import find
    from reasoner.render import card

    known = open_library(library)
    iri = find(known, thing)
    if output_format == "ttl":
        write(turtle_of(known, iri), output)
    else:
        write({"text": card.to_text, "json": card.to_json}[output_format](card_of(known, iri)), output)


@click.command()
@click.argument("number", required=False, metavar="[POLICY[/DATE]]")
@click.option("--links", is_flag=True, help="Draw the links between policies instead of the criteria.")
@click.option(
    "--review",
    "request",
    metavar="INPUT",
    help="Review this request (a file, a case folder, or -) first and show the outcome of every criterion.",
)
@click.option("--as-of", type=click.DateTime(["%Y-%m-%d"]), help="Day of the review (default: today).")
@click.option("--reading", "readings", multiple=True, metavar="A=R", help="Reading for the review; repeatable.")
@click.option("--line", "wanted", type=int, help="The line of the request, where it has several.")
@click.option("--format", "output_format", type=click.Choice(["svg", "dot", "mmd"]), help="Form of the output.")
@LIBRARY
@OUTPUT
def graph(
    number: str | None,
    links: bool,
    request: str | None,
    as_of: datetime | None,
    readings: tuple[str, ...],
    wanted: int | None,
    output_format: str | None,
    library: Path | None,
    output: Path | None,
) -> None:
    """Draw the criteria tree of a policy, or the links between policies.

    POLICY is a number, which stands for its latest edition, or number and date of one, such as 0587/2025-12-01.
    With --links a POLICY gives the links in which it takes part.
    The name of the file tells the form: .svg, .dot (Graphviz) or .mmd (Mermaid). Without a file it is SVG.
    """
    from reasoner.render.pictures import WRITERS

    if request is None and (as_of or readings or wanted is not None):
        raise click.UsageError("--as-of, --reading and --line belong to --review.")
    if links and request is not None:
        raise click.UsageError("--links and --review are two pictures; ask for one.")
    form = _form(output_format, output)
    if links:
        diagram = _links(number, library)
    elif request is not None:
        diagram = _outcome(number, request, as_of.date() if as_of else date.today(), readings, wanted, library)
    else:
        diagram = _criteria(number, library)
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


def _links(number: str | None, library: Path | None) -> Diagram:
    from reasoner.errors import UnknownTerm
    from reasoner.library import open_library
    from reasoner.render.pictures.links import links_diagram

    try:
        return links_diagram(open_library(library), number)
    except UnknownTerm as error:
        raise click.UsageError(str(error)) from error


def _criteria(number: str | None, library: Path | None) -> Diagram:
    """The criteria of the edition of that name, or of the first policy; of several editions the last."""
    from reasoner.knowledge import load
    from reasoner.policy import editions_named
    from reasoner.render.pictures.diagram import criteria_diagram

    known = load(library).policies
    found = editions_named(known, number)
    if not found:
        raise click.UsageError(_no_tree(number or "", [p.number for p in known], library))
    return criteria_diagram([p for p in found if p.number == found[0].number][-1])


def _no_tree(number: str, known: list[str], library: Path | None) -> str:
    """Why there is no criteria tree of a policy, and what to look at instead."""
    from reasoner.library import open_library
    from reasoner.vocabulary import COV

    numbers = dict.fromkeys(o.value for _, p, o in open_library(library).graph if p == COV.number)
    summary = next((n for n in numbers if n.casefold() == number.casefold()), None)
    if summary:
        return (
            f"{summary} is known as a summary without a criteria tree; "
            f"see plexus show {summary}, plexus graph --links {summary}."
        )
    others = [n for n in numbers if n not in known]
    more = f" As summaries without a criteria tree: {', '.join(others)}." if others else ""
    return f"There is no policy {number}. Known: {', '.join(known)}.{more}"


def _outcome(
    number: str | None,
    request: str,
    day: date,
    readings: tuple[str, ...],
    wanted: int | None,
    library: Path | None,
) -> Diagram:
    """The criteria under which a line of a request was reviewed, with their outcomes."""
    from reasoner.knowledge import load
    from reasoner.render.pictures.diagram import criteria_diagram

    review = _reviewed(request, day, readings, library)
    line = _line(review, wanted)
    under = line.policy
    if (
        number
        and under
        and number.casefold() not in (under.number.casefold(), f"{under.number}/{under.edition}".casefold())
    ):
        raise click.UsageError(
            f"Line {line.sequence} was reviewed under policy {under.number}, edition {under.edition}, not {number}."
        )
    for policy in load(library).policies:
        if line.criteria and under and (policy.number, policy.edition.isoformat()) == (under.number, under.edition):
            return criteria_diagram(policy, line, review)
    raise PlexusError(
        f"Line {line.sequence} (code {line.code}) has no outcome to draw, because no criterion was applied to it. "
        f"{line.headline}. {line.reason} {_instead(line, review)}"
    )


def _instead(line: LineReview, review: Review) -> str:
    """What to look at where a line has no outcome to draw."""
    drawn = " or ".join(f"--line {x.sequence}" for x in review.lines if x.criteria)
    links = ", ".join(f"plexus graph --links {r.policy}" for r in line.related)
    out = [f"Draw the line to which criteria were applied with {drawn}."] if drawn else []
    out += [f"See the policies to look at instead with {links}."] if links else []
    return " ".join(out) or "See plexus review for the whole answer."


def _reviewed(request: str, day: date, readings: tuple[str, ...], library: Path | None) -> Review:
    """The one review of an input; a folder stands for the request in it.

    Raises:
        UsageError: the input holds no request or several, or a reading does not exist.
    """
    from reasoner.cli.review import chosen, expand
    from reasoner.errors import ReadingError
    from reasoner.review import review

    files = list(expand(request))
    if len(files) != 1:
        count = f"holds {len(files)} requests; name one of them" if files else "holds no request; name a file"
        raise click.UsageError(f"{request} {count}, because a picture shows one request.")
    try:
        reviews = review(files[0], as_of=day, readings=chosen(readings), library=library)
    except ReadingError as error:
        raise click.UsageError(str(error)) from error
    if len(reviews) != 1:
        raise click.UsageError(f"{files[0]} holds {len(reviews)} requests, and a picture shows one; split the file.")
    return reviews[0]


def _line(review: Review, wanted: int | None) -> LineReview:
    """The line that is asked for, or the only one."""
    found = [line for line in review.lines if wanted in (None, line.sequence)]
    known = ", ".join(str(line.sequence) for line in review.lines)
    if not found:
        raise click.UsageError(f"The request has no line {wanted}. Its lines: {known}.")
    if len(found) > 1:
        raise click.UsageError(f"The request has several lines ({known}). Name one line with --line.")
    return found[0]


MARKER = ".plexus-docs"
WRITTEN = (".css", ".html", ".rq", ".svg", ".ttl")
"""What the documentation consists of; nothing else is ever removed."""


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
@LIBRARY
def docs(output: Path, force: bool, library: Path | None) -> None:
    """Write browsable documentation of the graph: static pages, no script, nothing from outside.

    A folder that an earlier run wrote is brought up to date; any other folder that is not empty needs --force.
    """
    from reasoner.render.docs import build

    before = _written_before(output, force)
    pages = build(library)
    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise click.ClickException(f"{output} cannot be created: {error.strerror}.") from error
    _refuse_links(output, before | pages.keys())
    write("".join(f"{name}\n" for name in sorted(before | pages.keys())), output / MARKER)
    for name, text in pages.items():
        write(text, output / name)
    for stale in (output / name for name in before - pages.keys()):
        if stale.is_file():
            stale.unlink()
    write("".join(f"{name}\n" for name in sorted(pages)), output / MARKER)
    click.echo(f"wrote {len(pages)} files to {output}; start with {output / 'index.html'}", err=True)


def _refuse_links(output: Path, names: Iterable[str]) -> None:
    """Pages are files of this folder: a link would let them overwrite or remove a file elsewhere."""
    links = sorted(n for n in (MARKER, *names) if (output / n).is_symlink())
    if links:
        raise click.ClickException(f"{output / links[0]} is a link to another place. Remove it, or name a new folder.")


def _written_before(output: Path, force: bool) -> set[str]:
    """The files that an earlier run wrote; a folder of somebody else's files is refused."""
    marker = output / MARKER
    if marker.is_file():
        names = marker.read_text(encoding="utf-8", errors="replace").splitlines()
        return {n for n in names if n == Path(n).name and Path(n).suffix in WRITTEN}
    if output.is_dir() and any(output.iterdir()) and not force:
        raise click.UsageError(f"{output} holds other files. Name an empty or new folder, or give --force.")
    return set()
