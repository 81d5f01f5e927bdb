"""``plexus generate``: synthetic requests with known outcomes, in every form that a batch reads."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reasoner.cli.options import LIBRARY

if TYPE_CHECKING:
    from reasoner.synthetic.writing import Order

FORMS = ("nested", "entities", "csv", "ntriples", "turtle")
POLICIES = ("0587", "cmm-608", "both")
OUTCOMES = ("approve", "deny", "pend", "not-applicable", "rejected")
AS_OF = date(2026, 12, 31)


@click.command(short_help="Make synthetic requests whose outcomes are known.")
@click.option("-n", "--count", type=click.IntRange(1, 100_000_000), required=True, help="How many requests.")
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="The same seed, the same files.")
@click.option(
    "--policy", type=click.Choice(POLICIES), default="both", show_default=True, help="What the requests are for."
)
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMS),
    default="nested",
    show_default=True,
    help="One nested Parquet table, a Parquet or CSV file a class, or a file of RDF a request.",
)
@click.option("--shuffle", is_flag=True, help="Entity tables in an order of their own each, as exports often are.")
@click.option(
    "--as-of",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="YYYY-MM-DD",
    help=f"The day of the review for which the outcomes hold (default: {AS_OF}).",
)
@click.option(
    "--share",
    "shares",
    multiple=True,
    metavar="OUTCOME=NUMBER",
    help="How often an outcome is drawn, such as deny=0.5 (repeatable; outcomes that are not named are not drawn): "
    f"{', '.join(OUTCOMES)}.",
)
@click.option(
    "--catalogue",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=lambda context, _, wanted: _tell_catalogue(context) if wanted else None,
    help="List the records and faults that scenarios are made of, and exit.",
)
@click.option("--force", is_flag=True, help="Replace an earlier folder of generated requests.")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), required=True, metavar="DIR", help="The folder to write."
)
@LIBRARY
def generate(
    count: int,
    seed: int,
    policy: str,
    form: str,
    shuffle: bool,
    as_of: datetime | None,
    shares: tuple[str, ...],
    force: bool,
    output: Path,
    library: Path | None,
) -> None:
    """Make synthetic prior-authorization requests whose outcomes are known.

    Each request starts as an approvable record; faults that a catalogue describes are then built in, and the
    catalogue says what becomes of it. No engine is asked. The folder holds the requests, expected.parquet with the
    expected recommendation, basis, next step and criteria of every line, and manifest.json, which says what the
    scenarios are. Review them with the same --as-of: the outcomes hold for that day, under default readings.

    Whatever the count, request 7 of a seed is the same. Identifiers begin with SYN-; no person in them exists.

    Exit codes: 0 written; 1 the folder cannot be written; 2 wrong usage.
    """
    from reasoner.knowledge import load
    from reasoner.review import software_version
    from reasoner.synthetic.chunk import Recipe
    from reasoner.synthetic.mixture import SHARES
    from reasoner.synthetic.writing import Order
    from reasoner.synthetic.writing import generate as write

    if shuffle and form not in ("entities", "csv"):
        raise click.UsageError("--shuffle is for entity tables: add --format entities or --format csv.")
    day = as_of.date() if as_of else AS_OF
    recipe = Recipe(seed, day, policy, tuple((chosen(shares) or SHARES).items()))
    order = Order(count, recipe, output, form, shuffle, force)
    with _progress(order) as told:
        manifest = write(order, load(library), software_version(), told)
    click.echo(summary(manifest, output), err=True)


def chosen(shares: tuple[str, ...]) -> dict[str, float]:
    """The shares of --share options, by outcome; every outcome is there once any is named."""
    out: dict[str, float] = {}
    for item in shares:
        name, _, text = item.partition("=")
        try:
            share = float(text)
        except ValueError:
            share = -1.0
        if name not in OUTCOMES or not 0 <= share < float("inf"):
            known = ", ".join(OUTCOMES)
            raise click.UsageError(f"--share {item!r} is not of the form OUTCOME=NUMBER with an outcome of {known}.")
        out[name] = share
    if out and not sum(out.values()) > 0:
        raise click.UsageError("--share draws no outcome at all; give one a number above 0.")
    return {name: out.get(name, 0.0) for name in OUTCOMES} if out else {}


def summary(manifest: dict[str, Any], output: Path) -> str:
    """What was written, in a few lines."""
    outcomes = ", ".join(f"{name} {count:,}" for name, count in manifest["outcomes"].items())
    return (
        f"{output}: {manifest['requests']:,} requests, {manifest['lines']:,} lines ({outcomes}).\n"
        f"The outcomes hold for --as-of {manifest['as_of']}."
    )


def _tell_catalogue(context: click.Context) -> None:
    if context.resilient_parsing:
        return
    from reasoner.synthetic.mixture import catalogue

    for policy, entries in catalogue().items():
        click.echo(f"{policy}\n" + "\n".join(f"  {name}: {says}" for name, says in entries.items()))
    context.exit()


@contextmanager
def _progress(order: Order) -> Iterator[Callable[[int], None]]:
    """A bar on standard error where there is much to do and somebody watches."""
    from reasoner.synthetic.writing import passes

    if not sys.stderr.isatty():
        yield lambda _: None
        return
    with click.progressbar(length=passes(order), label="generating", file=sys.stderr) as bar:
        yield bar.update
