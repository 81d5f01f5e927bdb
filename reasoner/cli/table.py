"""``plexus table``: the decision table of a policy."""

from __future__ import annotations

from pathlib import Path

import click

from reasoner.cli.options import LIBRARY
from reasoner.cli.output import write
from reasoner.errors import ReadingError


@click.command()
@click.argument("policy", metavar="POLICY")
@click.option("--reading", "readings", multiple=True, metavar="A=R", help="Read an ambiguity otherwise; repeatable.")
@click.option("--full", is_flag=True, help="A row for every combination of the criteria, not one for those alike.")
@click.option("--format", "form", type=click.Choice(["text", "csv", "parquet"]), default="text", show_default=True)
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Write to a file.")
@LIBRARY
def table(
    policy: str, readings: tuple[str, ...], full: bool, form: str, output: Path | None, library: Path | None
) -> None:
    """Print what a policy recommends for every way in which its criteria can come out.

    POLICY is a number (its latest edition) or an edition, such as 0587/2025-12-01. A criterion is met, unmet or open
    here. Terms of plans and mandates stand above the table and are not in it.
    """
    from reasoner.cli.review import chosen
    from reasoner.decision_table import decision_table, records, to_csv, to_text
    from reasoner.knowledge import load
    from reasoner.policy import check_readings, edition_named

    knowledge = load(library)
    edition = edition_named(knowledge.policies, policy)
    picked = chosen(readings)
    try:
        check_readings([p for p in knowledge.policies if p.number == edition.number], picked)
    except ReadingError as error:
        raise click.UsageError(str(error)) from error
    made = decision_table(edition, edition.own_readings(picked), full=full)
    if form == "parquet":
        if output is None:
            raise click.UsageError("A Parquet table needs a file; name it with -o.")
        from reasoner.tables.optional import arrow, parquet

        temporary = output.with_name(f".{output.name}.tmp")
        parquet().write_table(arrow().Table.from_pylist(records(made)), temporary)
        temporary.replace(output)
        return
    write(to_csv(made) if form == "csv" else to_text(made), output)
