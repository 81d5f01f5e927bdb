"""``plexus generate``: synthetic requests with known expected outcomes."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reasoner.cli.output import tell
from reasoner.cli.progress import counting
from reasoner.errors import GenerationError, TableError

if TYPE_CHECKING:
    from typing import Any


class Trouble(click.ClickException):
    """Nothing could be generated."""

    exit_code = 2


@click.command()
@click.option("-n", "--number", type=click.IntRange(min=1), required=True, metavar="N", help="How many requests.")
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    default=1,
    show_default=True,
    help="Of the random draws; the same seed and the same options give the same files.",
)
@click.option(
    "--policy",
    type=click.Choice(["0587", "cmm-608", "both"]),
    default="both",
    show_default=True,
    help="The policy that the requests come under; with both, one request in ten has a line for each.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["nested", "entities", "csv", "ntriples", "turtle"]),
    default="nested",
    show_default=True,
    help="nested: one Parquet table with a row a request; entities: a Parquet table for each class of a record; csv: "
    "the same as CSV; ntriples, turtle: RDF, a file a request.",
)
@click.option("--shuffle", is_flag=True, help="Leave the rows of entity tables in no order (entities and csv).")
@click.option(
    "--as-of",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="DAY",
    help="Day of the review for which outcomes are expected (default: 2026-06-30).",
)
@click.option(
    "--share",
    "shares",
    multiple=True,
    metavar="OUTCOME=NUMBER",
    help="How often an outcome is drawn, such as deny=0.5; repeat it for others, what is not named is not drawn. "
    "Outcomes: approve, deny, pend, not-applicable, rejected.",
)
@click.option("--force", is_flag=True, help="Replace the synthetic requests that the folder holds already.")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), required=True, metavar="OUT", help="The folder to make."
)
def generate(
    number: int,
    seed: int,
    policy: str,
    form: str,
    shuffle: bool,
    as_of: datetime | None,
    shares: tuple[str, ...],
    force: bool,
    output: Path,
) -> None:
    """Make synthetic requests whose outcomes are known.

    Every request starts as a record that can be approved; what is wrong with it is put in by hand, one fault or two
    that have nothing to do with each other, and the outcome follows from what was put in. No engine is asked.

    OUT gets the requests, expected.parquet (a row a line: scenario, recommendation, basis, next step, whether the
    request is rejected, and the status of each criterion on which the scenario decides) and manifest.json (the choices
    made, counts, and what each variant and fault means). Review the requests as of the day that manifest.json names.
    Identifiers begin with SYN-, so that no record passes for a real one. Needs plexus-reasoner[tables].

    Exit codes: 0 the folder is complete; 2 wrong usage, or the folder cannot be written (it is left as it was).
    """
    from reasoner.synthetic.generate import AS_OF, Order
    from reasoner.synthetic.generate import generate as write

    order = Order(number, seed, policy, form, shuffle, as_of.date() if as_of else AS_OF)
    if shares:
        order = replace(order, shares=tuple(map(_share, dict.fromkeys(shares))))
    try:
        with counting("generating", number, "requests") as progress:
            manifest = write(order, output, force=force, progress=progress)
    except (GenerationError, TableError) as error:
        raise Trouble(str(error)) from error
    tell(_summary(manifest, output))


def _share(text: str) -> tuple[str, float]:
    name, _, number = text.partition("=")
    try:
        return name, float(number)
    except ValueError:
        raise click.UsageError(f"--share {text!r} is not of the form OUTCOME=NUMBER, such as deny=0.5.") from None


def _summary(manifest: dict[str, Any], output: Path) -> str:
    counts = ", ".join(f"{n:,} {name}" for name, n in manifest["recommendations"].items())
    requests, lines = manifest["n"], manifest["lines"]
    return (
        f"{output}: {requests:,} synthetic request{'s' if requests != 1 else ''} with {lines:,} "
        f"line{'s' if lines != 1 else ''} (expected: {counts}), to be reviewed as of {manifest['as_of']}."
    )
