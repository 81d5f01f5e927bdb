"""``plexus table``: the decision table of a policy."""

from __future__ import annotations

from pathlib import Path

import click

from reasoner.cli.options import LIBRARY, OUTPUT, READING
from reasoner.cli.output import write
from reasoner.cli.review import chosen
from reasoner.cli.whatif import colour

FORMATS = ("text", "csv", "json", "parquet")


@click.command()
@click.argument("policy", metavar="POLICY")
@READING
@click.option("--full", is_flag=True, help="One row for each combination, even where several have one outcome.")
@click.option(
    "--format",
    "output_format",
    type=click.Choice(FORMATS),
    help="Form of the output; without it, what the name of the file tells, or text.",
)
@OUTPUT
@LIBRARY
def table(
    policy: str,
    readings: tuple[str, ...],
    full: bool,
    output_format: str | None,
    output: Path | None,
    library: Path | None,
) -> None:
    """Print what a policy recommends for every way in which its criteria can come out.

    POLICY is a number (its latest edition) or an edition, such as 0587/2025-12-01.

    A column is a criterion that is required by itself or an exclusion: met, unmet or open. Every combination fits
    exactly one row. The recommendations are those of the logic program, which is asked for each combination; terms of
    a plan or mandate, and the scope, come before the table. A row says for how many combinations of all leaves, each
    met, unmet or open, it stands.

    Exit codes: 0 the table is written; 1 there is no such policy, or its table would be too large; 2 wrong usage.
    """
    from reasoner.decision_table import decision_table
    from reasoner.errors import ReadingError
    from reasoner.knowledge import load
    from reasoner.policy import check_readings, edition_named
    from reasoner.render import decision_table as render

    form = output_format or (output.suffix.lstrip(".").lower() if output else "text")
    form = form if form in FORMATS else "text"
    if form == "parquet" and output is None:
        raise click.UsageError("A Parquet table needs a file; name it with -o.")
    found = edition_named(load(library).policies, policy)
    picked = chosen(readings)
    try:
        check_readings([found], picked)
    except ReadingError as error:
        raise click.UsageError(str(error)) from error
    made = decision_table(found, found.own_readings(picked), full=full)
    if form == "parquet" and output is not None:
        render.write_parquet(made, output)
        return
    written = {"csv": render.as_csv, "json": render.as_json}
    shown = written[form](made) if form in written else render.text(made, colour=output is None and colour())
    write(shown, output)
