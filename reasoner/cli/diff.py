"""``plexus diff``: what changed between two editions, and what that does to requests."""

from __future__ import annotations

from datetime import date, datetime
from itertools import takewhile
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

import click

from reasoner.cli.options import LIBRARY
from reasoner.cli.output import tell, write
from reasoner.errors import PlexusError, ReadingError

if TYPE_CHECKING:
    from reasoner.editions.foretelling import Forecast
    from reasoner.editions.impact import Comparison, Impact
    from reasoner.editions.library_diff import LibraryDiff, Pair
    from reasoner.lines import Setting

OUTCOMES = (".json", ".jsonl", ".parquet")


class Trouble(click.ClickException):
    """Nothing could be compared."""

    exit_code = 2


@click.command()
@click.argument("before", metavar="A")
@click.argument("after", metavar="B")
@click.option(
    "--cases",
    multiple=True,
    metavar="INPUT",
    help="Requests (files, folders, -) to review under both editions, to see which flip and why; repeatable.",
)
@click.option(
    "--outcomes",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Recorded outcomes under A: reviews as .json or .jsonl, or a .parquet table (needs plexus-reasoner[tables]).",
)
@click.option("--as-of", type=click.DateTime(["%Y-%m-%d"]), help="Day of the reviews of --cases (default: today).")
@click.option("--reading", "readings", multiple=True, metavar="A=R", help="Reading for those reviews; repeatable.")
@click.option(
    "--format",
    "output_format",
    type=click.Choice(["text", "json", "html", "svg"]),
    default="text",
    help="Form of the output; svg draws both trees with the changes painted.",
)
@click.option("--timeout", type=click.FloatRange(min=0.1), default=60.0, show_default=True, help="Seconds.")
@LIBRARY
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Write to a file.")
@click.pass_context
def diff(
    context: click.Context,
    before: str,
    after: str,
    cases: tuple[str, ...],
    outcomes: Path | None,
    as_of: datetime | None,
    readings: tuple[str, ...],
    output_format: str,
    timeout: float,
    library: Path | None,
    output: Path | None,
) -> None:
    """Compare two editions of a policy clause by clause, or all editions of two folders.

    A and B are editions, such as 0587/2025-12-01 (a number alone is the latest edition), or two folders with
    ontology/ and shapes/. Criteria are aligned by their ids; a shape that asks for something else is a change of
    logic, even where the tree is the same. With --cases every request is reviewed under both editions, whatever its
    dates, and each flip is traced to the smallest sets of clauses that explain it. With --outcomes recorded statuses
    are carried over: what follows for certain and what is possible.

    Exit codes: 0 no difference; 1 differences; 2 wrong usage, or something that cannot be read; 3 the time of
    --timeout was up before all inputs were seen (what was seen is told).
    """
    if (as_of or readings) and not cases:
        raise click.UsageError("--as-of and --reading are for the reviews of --cases: name requests with it.")
    if output_format == "svg" and (cases or outcomes):
        raise click.UsageError("A picture shows no impact; take --format html, json or text.")
    deadline = monotonic() + timeout
    try:
        found = _compared(before, after, library)
        impact = _impact(found, cases, as_of.date() if as_of else date.today(), readings, deadline) if cases else None
        forecast = _forecast(found, outcomes, deadline) if outcomes is not None else None
    except ReadingError as error:
        raise click.UsageError(str(error)) from error
    except PlexusError as error:
        raise Trouble(str(error)) from error
    write(_rendered(found, impact, forecast, output_format), output)
    if (impact and impact.left) or (forecast and forecast.left):
        context.exit(3)
    context.exit(1 if found.differs else 0)


def _compared(before: str, after: str, library: Path | None) -> LibraryDiff:
    from reasoner.editions.library_diff import diff as compare

    return compare(before, after, library)


def _rendered(found: LibraryDiff, impact: Impact | None, forecast: Forecast | None, output_format: str) -> str:
    from reasoner.render import edition_diff, edition_page
    from reasoner.render.pictures import WRITERS
    from reasoner.render.pictures.editions import editions_diagram

    if output_format == "svg":
        pair = _only(found)
        return WRITERS["svg"](editions_diagram(pair.diff, pair.before[1], pair.after[1]))
    write_as = {"text": edition_diff.to_text, "json": edition_diff.to_json, "html": edition_page.to_html}
    return write_as[output_format](found, impact, forecast)


def _only(found: LibraryDiff) -> Pair:
    """The one pair of editions, or the one that differs."""
    pairs = [p for p in found.pairs if p.diff.differences] or list(found.pairs)
    if len(pairs) != 1:
        names = ", ".join(p.diff.after.name for p in pairs) or "none"
        raise click.UsageError(f"This needs one pair of editions that differ, and there are {len(pairs)}: {names}.")
    return pairs[0]


# ---- Impact ----------------------------------------------------------------------------------------


def _impact(
    found: LibraryDiff, names: tuple[str, ...], day: date, readings: tuple[str, ...], deadline: float
) -> Impact:
    from dataclasses import replace

    from reasoner.cli.progress import over_files
    from reasoner.cli.review import expand
    from reasoner.editions.impact import Impact, added, impact_of
    from reasoner.errors import RequestError
    from reasoner.review import checked_records

    files = list(dict.fromkeys(f for name in names for f in expand(name)))
    if not files:
        raise click.UsageError("There is no request in what was named.")
    held, setting = _held(_only(found), day, readings)
    total, refused, seen = Impact(()), [], 0
    for file in over_files(files, "reviewing", fewest=5):
        if monotonic() > deadline:
            break
        seen += 1
        try:
            total = added(total, impact_of(checked_records(file, setting), held))
        except RequestError as error:
            tell(str(error))
            refused.append(file)
    left = len(files) - seen
    if left:
        tell(f"The time was up after {seen} of {len(files)} inputs.")
    return replace(total, refused=tuple(refused), left=left)


def _held(pair: Pair, day: date, readings: tuple[str, ...]) -> tuple[Comparison, Setting]:
    from reasoner.cli.review import chosen
    from reasoner.editions.impact import comparison
    from reasoner.review import setting_of

    picked = chosen(readings)
    settings = [setting_of(as_of=day, readings=picked, library=known.root) for known, _ in (pair.before, pair.after)]
    old, new = settings
    return comparison(pair.diff, (old, pair.before[1]), (new, pair.after[1])), new


def _forecast(found: LibraryDiff, path: Path, deadline: float) -> Forecast:
    from reasoner.editions.foretelling import Forecast, Foreteller
    from reasoner.editions.recorded import read_outcomes

    if path.suffix.lower() not in OUTCOMES:
        raise click.UsageError(f"{path} is no file of outcomes; it should end in {', '.join(OUTCOMES)}.")
    pair = _only(found)
    recorded = read_outcomes(path, pair.before[1])
    teller = Foreteller(pair.before[1], pair.after[1], pair.diff)
    lines = [teller.line(line) for line in takewhile(lambda _: monotonic() < deadline, recorded)]
    left = len(recorded) - len(lines)
    if left:
        tell(f"The time was up after {len(lines)} of {len(recorded)} lines.")
    return Forecast(tuple(lines), left)
