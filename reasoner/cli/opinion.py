"""``plexus verify --second-opinion``: requests decided again by an independent reasoner."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reasoner.cli.output import tell, write
from reasoner.cli.progress import over_files
from reasoner.errors import OwlError, PolicyError, RequestError

if TYPE_CHECKING:
    from reasoner.intake import Record
    from reasoner.model import Review

AGREES, DIFFERS, UNABLE, UNFINISHED = 0, 1, 2, 3
"""Exit codes: all agree; some line differs; no opinion on all (refused input, a shape without translation, no
reasoner); time ran out, and what was compared agrees."""


def run_second_opinion(
    cases: Path | None,
    *,
    readings: tuple[str, ...] = (),
    timeout: float,
    output_format: str = "text",
    output: Path | None = None,
    library: Path | None = None,
) -> int:
    """Review the requests below a folder (default: the cases that plexus ships), decide them again, say what differs.

    A request is reviewed as of the day that an ``expected.toml`` beside it names, else of today.

    Args:
        cases: a folder, or a file with requests.
        readings: ambiguities to read otherwise, each such as ``A10=any-one``, in the reviews and in the second opinion.
        timeout: seconds for everything; the lines that are compared by then are told, with how many are left.
        output_format: ``text`` or ``json``.
        output: a file to write to instead of standard output.
        library: a folder with policies of one's own.

    Returns:
        The exit code.

    Raises:
        click.UsageError: there is no request, an ``expected.toml`` that cannot be read, or a reading that is not of the
            form A=R or does not exist.
    """
    from reasoner.cli.review import chosen, expand
    from reasoner.knowledge import load
    from reasoner.opinion.second_opinion import second_opinion
    from reasoner.render import second_opinion as render
    from reasoner.resources import data_dir

    picked = chosen(readings)
    files = list(expand(str(cases or data_dir() / "cases")))
    if not files:
        raise click.UsageError(f"There is no request in {cases}.")
    refused: list[str] = []
    try:
        reviewed = _reviewed(over_files(files, "second opinion"), picked, library, refused)
        opinion = second_opinion(load(library), reviewed, readings=picked, timeout=timeout)
    except (OwlError, PolicyError) as error:
        tell(str(error))
        return UNABLE
    if output_format == "json":
        write(render.to_json(opinion, files=len(files), refused=refused), output)
    else:
        write(render.text(opinion, files=len(files), timeout=timeout, refused=refused), output)
    if not opinion.agrees:
        return DIFFERS
    return UNABLE if refused else UNFINISHED if opinion.timed_out else AGREES


def _reviewed(
    files: Iterator[str], readings: Mapping[str, str], library: Path | None, refused: list[str]
) -> Iterator[tuple[Record, Review]]:
    from reasoner.errors import ReadingError
    from reasoner.review import review_records

    for file in files:
        try:
            yield from review_records(file, as_of=_as_of(file), readings=readings, library=library)
        except ReadingError as error:
            raise click.UsageError(str(error)) from error
        except RequestError as error:
            refused.append(file)
            tell(str(error))


def _as_of(file: str) -> date:
    """The day that an ``expected.toml`` beside a request names, else today."""
    expected = Path(file).with_name("expected.toml")
    if not expected.is_file():
        return date.today()
    try:
        day = tomllib.loads(expected.read_text(encoding="utf-8")).get("as_of", date.today())
    except (OSError, ValueError) as error:
        raise click.UsageError(f"{expected} cannot be read: {error}.") from error
    if not isinstance(day, date):
        raise click.UsageError(f"{expected}: as_of is no date. Write it as 2026-01-31, without quotes.")
    return day
