"""``plexus query``: SPARQL over ontology, shapes, requests and reviews."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reasoner.cli.options import LIBRARY
from reasoner.cli.output import tell, write
from reasoner.cli.progress import over_files
from reasoner.cli.review import SUFFIXES, chosen, expand
from reasoner.errors import ParameterError, QueryError, RequestError
from reasoner.query import FORMATS

if TYPE_CHECKING:
    from reasoner.query import Answer, Data, Question


@click.command()
@click.argument("what", required=False, metavar="[NAME|FILE|'SELECT ...']")
@click.option("--list", "wants_list", is_flag=True, help="List the competency questions.")
@click.option("--text", "wants_text", is_flag=True, help="Print the SPARQL of a question instead of running it.")
@click.option(
    "--data", multiple=True, metavar="FILE", help="Add requests or reviews (RDF files, folders, -); repeatable."
)
@click.option(
    "--review", "to_review", multiple=True, metavar="REQUEST", help="Review requests first and add both; repeatable."
)
@click.option("--as-of", type=click.DateTime(["%Y-%m-%d"]), help="Day of those reviews (default: today).")
@click.option("--reading", "readings", multiple=True, metavar="A=R", help="Reading for those reviews; repeatable.")
@click.option("--set", "values", multiple=True, metavar="NAME=VALUE", help="Value of a question's parameter.")
@click.option("--without-project-claims", is_flag=True, help="Leave out what only the project asserts.")
@click.option("--format", "output_format", type=click.Choice(FORMATS), default="table", help="Form of the answer.")
@click.option("--timeout", type=click.FloatRange(min=0.1), default=60.0, show_default=True, help="Seconds.")
@click.option("--rows", type=click.IntRange(min=1), default=10_000, show_default=True, help="Rows at most.")
@click.option("--memory", type=click.IntRange(min=256), default=4096, show_default=True, help="Megabytes at most.")
@LIBRARY
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Write to a file.")
@click.pass_context
def query(
    context: click.Context,
    what: str | None,
    wants_list: bool,
    wants_text: bool,
    data: tuple[str, ...],
    to_review: tuple[str, ...],
    as_of: datetime | None,
    readings: tuple[str, ...],
    values: tuple[str, ...],
    without_project_claims: bool,
    output_format: str,
    timeout: float,
    rows: int,
    memory: int,
    library: Path | None,
    output: Path | None,
) -> None:
    """Ask the knowledge graph: a competency question by name, a query file, - for standard input, or SPARQL.

    Every file is a named graph of its own; the default graph is the union of all. The prefixes of plexus
    need no declaration. Nothing can be changed or fetched.

    Exit codes: 0 answered, with rows or without; 1 refused, failed or stopped, or answered without a request that
    was refused; 2 wrong usage, such as a value that is not of a parameter's kind; 3 answered, but cut after --rows.
    """
    from reasoner import query as asking
    from reasoner.render import answers

    if wants_list and wants_text:
        raise click.UsageError("--list shows all questions, --text one: give one of them.")
    if (as_of or readings) and not to_review:
        raise click.UsageError("--as-of and --reading are for the reviews of --review: name requests with it.")
    if wants_list:
        click.echo(_listed(asking.questions(library)), nl=False)
        return
    if what is None:
        raise click.UsageError("Name a question, a file or a query; --list shows the questions.")
    asked = asking.question("query", sys.stdin.read()) if what == "-" else asking.find(what, library)
    if wants_text:
        click.echo(asked.query, nl=not asked.query.endswith("\n"))
        return
    refused: list[str] = []
    day = as_of.date() if as_of else date.today()
    graphs = (*_files(data), *_reviews(to_review, day, readings, refused, library))
    if asked.about_reviews:
        _tell_without_reviews(graphs)
    try:
        answer = asking.run(
            asked,
            root=library,
            data=graphs,
            values=_pairs(values),
            without_project_claims=without_project_claims,
            timeout=timeout,
            rows=rows,
            memory_mb=memory,
        )
    except ParameterError as error:
        raise click.UsageError(str(error)) from error
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() and output is None else None
    write(answers.render(answer, output_format, width=width), output)
    _tell_of_answer(answer, rows, refused)
    context.exit(1 if refused else 3 if answer.capped else 0)


def _tell_of_answer(answer: Answer, rows: int, refused: list[str]) -> None:
    for line in answer.absent:
        tell(line)
    if answer.capped:
        tell(f"There is more: the answer was cut after {rows} rows. Raise --rows to see the rest.")
    if refused:
        tell(f"The answer leaves out what was refused: {len(refused)} of the inputs to review.")


def _tell_without_reviews(graphs: tuple[Data, ...]) -> None:
    from reasoner.vocabulary import COV

    if not any(f"<{COV.LineReview.value}>" in g.ntriples for g in graphs):
        given = "The data holds none" if graphs else "None is given"
        tell(
            f"This question is about reviews. {given}: add some with --data (see review --format ttl), "
            "or requests to review with --review."
        )


def _listed(found: tuple[Question, ...]) -> str:
    out = []
    for q in found:
        needs = "  [about reviews: give --data or --review]" if q.about_reviews else ""
        given = "".join(f"\n    --set {name}=... (default {value})" for name, value in q.parameters.items())
        out.append(f"{q.name}\n    {q.text}{needs}{given}\n")
    return "".join(out)


def _pairs(values: tuple[str, ...]) -> dict[str, str]:
    out = {}
    for item in values:
        name, sign, value = item.partition("=")
        if not (name and sign and value):
            raise click.UsageError(f"--set {item!r} is not of the form NAME=VALUE, such as code=64714.")
        out[name.lstrip("?")] = value
    return out


def _files(names: tuple[str, ...]) -> Iterator[Data]:
    from reasoner.query import Data
    from reasoner.reading import read_triples
    from reasoner.render.turtle import ntriples

    paths = [path for name in names for path in _paths(name)]
    for path in dict.fromkeys(paths):
        triples = read_triples(path).triples
        if not triples:
            raise QueryError(
                f"{path}: holds no statement in RDF, so there is nothing to ask. Reviews as RDF are made by "
                "plexus review --format ttl."
            )
        yield Data(f"urn:plexus:data:{_iri_part(path)}", ntriples(triples))


def _paths(name: str) -> list[str]:
    if name == "-" or not Path(name).is_dir():
        return [name]
    found = _all_rdf(Path(name))
    if not found:
        raise click.UsageError(f"There is no RDF file in {name}.")
    return found


def _all_rdf(folder: Path) -> list[str]:
    """Every RDF file of a folder, but no JSON-LD twin of a Turtle file."""
    found = sorted(p for p in folder.rglob("*") if p.is_file() and p.suffix in SUFFIXES)
    turtle = {p.with_suffix("") for p in found if p.suffix == ".ttl"}
    return [str(p) for p in found if p.suffix == ".ttl" or p.with_suffix("") not in turtle]


def _reviews(
    names: tuple[str, ...], day: date, readings: tuple[str, ...], refused: list[str], library: Path | None
) -> Iterator[Data]:
    """The records and reviews of requests; an input that is refused is told and noted, the others are reviewed."""
    from reasoner.knowledge import load
    from reasoner.query import Data
    from reasoner.render.turtle import ntriples, review_ntriples
    from reasoner.review import review_records

    picked = chosen(readings)
    for name in over_files(list(dict.fromkeys(f for n in names for f in expand(n))), "reviewing", fewest=5):
        try:
            records = review_records(name, as_of=day, readings=picked, library=library)
        except RequestError as error:
            tell(str(error))
            refused.append(name)
            continue
        for record, review in records:
            yield Data(f"urn:plexus:data:{_iri_part(name)}", ntriples(record.triples))
            yield Data(*review_ntriples(review, load(library)))


def _iri_part(path: str) -> str:
    from urllib.parse import quote

    return quote(path, safe="/")
