"""``plexus compare``: what changed between two reviews of the same request, and why."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reasoner.cli.options import OUTPUT
from reasoner.cli.output import write
from reasoner.cli.whatif import FORMAT, colour, form_of
from reasoner.errors import ComparisonError, ReviewFileError

if TYPE_CHECKING:
    from reasoner.batch.flips import BatchComparison
    from reasoner.comparing.comparison import Comparison
    from reasoner.model import Review


@click.command()
@click.argument("old", metavar="OLD")
@click.argument("new", metavar="NEW")
@click.option("--anyway", is_flag=True, help="Compare the two even if they are reviews of two requests.")
@click.option("--line", type=int, help="The line to draw, where the request has several.")
@click.option("--fail-if-changed", is_flag=True, help="Exit with 3 if a line comes out otherwise, is new or is gone.")
@click.option(
    "--profiles",
    nargs=2,
    metavar="A B",
    help="Of outputs of batches: compare profile A of OLD with profile B of NEW (default: those of the same name).",
)
@click.option(
    "--flips",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Of outputs of batches: write every line that comes out otherwise, as .parquet or .csv.",
)
@FORMAT
@OUTPUT
@click.pass_context
def compare(
    context: click.Context,
    old: str,
    new: str,
    anyway: bool,
    line: int | None,
    fail_if_changed: bool,
    profiles: tuple[str, str] | None,
    flips: Path | None,
    output_format: str | None,
    output: Path | None,
) -> None:
    """Compare two reviews of the same request, such as before and after an appeal, or two outputs of batches.

    OLD and NEW are files as plexus review writes them with --format json or jsonl (one of them may be -). It tells
    how each line came out before and after, which criteria, evidence, open items and notes differ, and why: new,
    removed or superseded evidence, another reading, edition, day, policy, program or version. Where one file holds
    several reviews, the one of the same request is taken.

    OLD and NEW may also be two folders that plexus batch wrote: it counts the lines that come out otherwise, by
    recommendation and by the criteria that changed, and names lines that are in one of the two only. With --profiles
    both may be the same folder, to compare two of its profiles.

    Exit codes: 0 compared, whatever changed; 1 a file is refused, or the reviews are of two requests; 2 wrong usage;
    3 --fail-if-changed, and something changed.
    """
    form = form_of(output_format, output)
    if old == new == "-":
        raise click.UsageError("Standard input can be one of the two only.")
    if Path(old).is_dir() and Path(new).is_dir():
        _refuse_for_folders({"--anyway": anyway, "--line": line is not None}, form)
        batches = _batches(Path(old), Path(new), profiles, flips)
        write(_rendered_batches(batches, form, colour=output is None and colour()), output)
        if fail_if_changed and any(pair.changed for pair in batches.pairs):
            context.exit(3)
        return
    if profiles is not None or flips is not None:
        raise click.UsageError("--profiles and --flips are for two folders that plexus batch wrote.")
    compared, first, second = _readers(old, new)(old, new, anyway)
    write(_rendered(compared, first, second, form, line, colour=output is None and colour()), output)
    if fail_if_changed and compared.other_outcome:
        context.exit(3)


Reader = Callable[[str, str, bool], "tuple[Comparison, Review, Review]"]


def _readers(old: str, new: str) -> Reader:
    """How two inputs of their kind are compared.

    Raises:
        ReviewFileError: an input is of a kind that cannot be compared.
    """
    for name in (old, new):
        if Path(name).is_dir():
            cure = "Name the file of one review (plexus review --format json), or two folders of plexus batch."
            raise ReviewFileError(name, "is a folder.", cure)
    return _files


def _files(old: str, new: str, anyway: bool) -> tuple[Comparison, Review, Review]:
    """Two files of reviews, compared; with the two reviews."""
    from reasoner.comparing.comparison import compare as compare_reviews
    from reasoner.comparing.comparison import counterpart
    from reasoner.comparing.review_file import read_reviews

    before, after = read_reviews(old), read_reviews(new)
    if len(before) > 1 and len(after) > 1:
        raise ComparisonError(
            f"{old} holds {len(before)} reviews and {new} holds {len(after)}. One of the two has to hold one review."
        )
    first = before[0] if len(before) == 1 else counterpart(before, after[0], where=old)
    second = after[0] if len(after) == 1 else counterpart(after, first, where=new)
    return compare_reviews(first, second, anyway=anyway), first, second


def _rendered(compared: Comparison, old: Review, new: Review, form: str, line: int | None, *, colour: bool) -> str:
    from reasoner.render import comparison as render

    if form == "text":
        return render.render(compared, colour=colour)
    if form == "json":
        return render.to_json(compared)
    from reasoner.render.pictures import WRITERS
    from reasoner.render.pictures.difference import comparison_diagram

    known = ", ".join(str(x.sequence) for x in compared.lines) or "none"
    wanted = [x for x in compared.lines if line in (None, x.sequence)]
    if len(wanted) != 1:
        raise click.UsageError(f"A picture shows one line; name it with --line. Lines in both reviews: {known}.")
    return WRITERS[form](comparison_diagram(compared, wanted[0], old, new))


# ---- Outputs of batches ----------------------------------------------------------------------------


def _refuse_for_folders(given: dict[str, bool], form: str) -> None:
    for name, used in given.items():
        if used:
            raise click.UsageError(f"{name} is for reviews of one request, not for outputs of batches.")
    if form not in ("text", "json"):
        raise click.UsageError("A comparison of batches is written as text or json.")


def _batches(old: Path, new: Path, profiles: tuple[str, str] | None, flips: Path | None) -> BatchComparison:
    from reasoner.batch.flips import compare_batches
    from reasoner.batch.outcome_files import OutcomeFolder
    from reasoner.render.flips import write_flips

    if flips is not None and flips.suffix not in (".parquet", ".csv"):
        raise click.UsageError("--flips writes .parquet or .csv.")
    compared = compare_batches(OutcomeFolder(old), OutcomeFolder(new), profiles)
    if flips is not None:
        write_flips(compared, flips)
    return compared


def _rendered_batches(compared: BatchComparison, form: str, *, colour: bool) -> str:
    from reasoner.render import flips as render

    return render.to_json(compared) if form == "json" else render.render(compared, colour=colour)
