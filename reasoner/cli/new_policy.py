"""``plexus new-policy``: a folder with everything that a new policy needs, to be filled in."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import click

from reasoner.cli.check import text_of
from reasoner.cli.output import tell, write


@click.command("new-policy")
@click.argument("number")
@click.option(
    "-o",
    "--output",
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    help="The folder of the library, created where needed (default: one named as the policy).",
)
@click.option("--title", default="", metavar="TEXT", help="The title of the document.")
@click.option("--publisher", default="", metavar="TEXT", help="Who publishes it.")
@click.option("--code", "codes", multiple=True, metavar="CODE", help="A procedure code that it governs; repeatable.")
@click.option("--effective", type=click.DateTime(["%Y-%m-%d"]), help="The first day of its edition.")
@click.option(
    "--from",
    "document",
    metavar="DOCUMENT",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The document as plain text: its headings become sections with their places.",
)
def new_policy(
    number: str,
    output: Path | None,
    title: str,
    publisher: str,
    codes: tuple[str, ...],
    effective: datetime | None,
    document: Path | None,
) -> None:
    """Scaffold a policy with its shapes, a case and a question in a folder of its own.

    What an author has to write begins with "…"; plexus check --library DIR names the next such piece, and nothing is
    reviewed while there is one. Files that exist are never overwritten.

    Exit codes: 0 written; 1 a file is in the way or cannot be written; 2 wrong usage or a document that cannot be
    read.
    """
    from reasoner.authoring.scaffold import Draft, headings, scaffold
    from reasoner.errors import ScaffoldError

    text = text_of(document) if document is not None else ""
    day = effective.date() if effective is not None else None
    draft = Draft(number, date.today(), title, publisher, codes, day, text)
    try:
        files = scaffold(draft)
    except ScaffoldError as error:
        raise click.UsageError(str(error)) from error
    folder = output or Path(draft.slug)
    if folder.exists() and (folder / "README.md").exists() and (folder / "ontology").is_dir():
        files.pop("README.md")  # a further policy of a library that has one
    _refuse_what_is_there(folder, draft.slug, list(files))
    for name, content in files.items():
        target = folder / name
        _make(target.parent)
        write(content, target)
        click.echo(f"wrote {target}")
    if document is not None:
        _tell_of_headings(document, [h.title for h in headings(text)], paged="\f" in text)
    click.echo(f"next: plexus check --library {folder}")


def _refuse_what_is_there(folder: Path, slug: str, names: list[str]) -> None:
    from reasoner import resources

    for name in names:
        if (folder / name).exists() or (folder / name).is_symlink():
            raise click.ClickException(f"{folder / name} exists and is not overwritten. Name another folder or number.")
    if resources.find(None, "ontology", "policies", f"{slug}.ttl"):
        raise click.ClickException(f"plexus ships a policy {slug}, which yours would hide. Take another number.")


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise click.ClickException(f"{folder} cannot be created: {error.strerror}.") from error


def _tell_of_headings(document: Path, titles: list[str], *, paged: bool) -> None:
    if not titles:
        tell(f"{document} has no line that looks like a heading; write the sections by hand.")
        return
    tell(f"{document}: {len(titles)} heading{'s' if len(titles) != 1 else ''}: {'; '.join(titles)}.")
    if not paged:
        tell("It has no form feeds that part its pages; every place is set on page 1. Correct cov:page where needed.")
