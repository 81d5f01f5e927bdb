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
    from reasoner.comparing.comparison import Comparison
    from reasoner.model import Review


@click.command()
@click.argument("old", metavar="OLD")
@click.argument("new", metavar="NEW")
@click.option("--profiles", nargs=2, metavar="A B", help="Of outputs of batches: profile A of OLD with B of NEW.")
@click.option("--anyway", is_flag=True, help="Compare the two even if they are reviews of two requests.")
@click.option("--line", type=int, help="The line to draw, where the request has several.")
@click.option("--fail-if-changed", is_flag=True, help="Exit with 3 if a line comes out otherwise, is new or is gone.")
@FORMAT
@OUTPUT
@click.pass_context
def compare(
    context: click.Context,
    old: str,
    new: str,
    profiles: tuple[str, str] | None,
    anyway: bool,
    line: int | None,
    fail_if_changed: bool,
    output_format: str | None,
    output: Path | None,
) -> None:
    """Compare two reviews of the same request, such as before and after an appeal or an answered pend.

    OLD and NEW are files as plexus review writes them with --format json or jsonl (one of them may be -). It tells
    how each line came out before and after, which criteria, evidence, open items and notes differ, and why: new,
    removed or superseded evidence, another reading, edition, day, policy, program or version. Where one file holds
    several reviews, the one of the same request is taken.

    OLD and NEW can also be two folders that plexus batch has written, or one named twice with --profiles: then it tells
    how many lines flip, from what to what, and which criteria change with them.

    Exit codes: 0 compared, whatever changed; 1 a file is refused, or the reviews are of two requests; 2 wrong usage;
    3 --fail-if-changed, and something changed.
    """
    form = form_of(output_format, output)
    if old == new == "-":
        raise click.UsageError("Standard input can be one of the two only.")
    if Path(old).is_dir() and Path(new).is_dir():
        if _batches(Path(old), Path(new), profiles, form, output) and fail_if_changed:
            context.exit(3)
        return
    if profiles:
        raise click.UsageError("--profiles is for two folders that plexus batch has written.")
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


def _batches(old: Path, new: Path, profiles: tuple[str, str] | None, form: str, output: Path | None) -> bool:
    """Two outputs of batches, compared; whether a line comes out otherwise, is new or is gone."""
    from reasoner.batch.flips import flips, flips_json, flips_text

    if form not in ("text", "json"):
        raise click.UsageError("Outputs of batches are compared as text or json.")
    found = flips(old, new, profiles or None)
    write(flips_json(found) if form == "json" else flips_text(found), output)
    return bool(found.flipped or found.only_old or found.only_new)


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
