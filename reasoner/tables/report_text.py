"""The mapping report in words."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from reasoner.tables.report import ColumnReport, MappingReport, TableReport, UnknownValue


def report_text(report: MappingReport) -> str:
    """A mapping report for a terminal: what goes where first, then what to mend, then whether it is ready."""
    return "\n".join(_lines(report)) + "\n"


def _lines(report: MappingReport) -> Iterator[str]:
    yield f"{report.source}: {report.kind}, {_n(report.usable, 'request')} can be read"
    for table in report.tables:
        yield ""
        yield from _table(table)
    if report.ignored:
        yield ""
        yield f"Files that are no table of plexus, not read: {', '.join(report.ignored)}"
    if report.absent:
        yield ""
        yield f"Tables that it does not have (nothing of them is documented): {', '.join(report.absent)}"
    mend = [*_to_mend(report)]
    yield ""
    if not mend:
        yield "Ready: every column that is needed is there, and every value names a term."
        return
    yield "To mend, in this order:"
    yield from (f"  {i}. {text}" for i, text in enumerate(mend, 1))


def _table(table: TableReport) -> Iterator[str]:
    yield f"{table.source} -> {table.table}, {_n(table.rows, 'row')}"
    renamed = [c for c in table.columns if c.source != c.target]
    width = max((len(c.source) for c in renamed), default=0)
    for column in renamed:
        yield f"  {column.source:<{width}} -> {column.target} ({column.kind}{_filled(column, table, ', ')})"
    same = [f"{c.target}{_filled(c, table, ' (', ')')}" for c in table.columns if c.source == c.target]
    if same:
        yield from textwrap.wrap(f"as named: {', '.join(same)}", 100, initial_indent="  ", subsequent_indent="    ")
    plain = [u.source for u in table.unused if not u.nearest]
    for unused in table.unused:
        if unused.nearest:
            yield f"  {unused.source} is not used. Is it {unused.nearest}?"
    if plain:
        yield f"  not used: {', '.join(plain)}"


def _filled(column: ColumnReport, table: TableReport, before: str, after: str = "") -> str:
    return "" if column.filled == table.rows else f"{before}{column.filled:,} of {table.rows:,} filled{after}"


def _to_mend(report: MappingReport) -> Iterator[str]:
    for table in report.tables:
        for missing in table.missing:
            yield f"{table.source} has no column {missing.column}. {missing.cure}"
    for table in report.tables:
        for column in table.columns:
            yield from _column(table, column)
    for group in report.rejected:
        lost = f", {_n(group.lines, 'line')} lost" if group.lines else ""
        yield f"Rejected {_n(group.count, 'time')}{lost}: {group.fault} {group.cure} First at {group.first}."


def _column(table: TableReport, column: ColumnReport) -> Iterator[str]:
    place = f"{table.source}, {column.source}"
    if column.unreadable:
        wanted = {"date": "a date", "integer": "a whole number", "decimal": "a number", "boolean": "true or false"}
        what = wanted.get(column.kind, "one value")
        cure = "Write YYYY-MM-DD, or give the format in a CSVW file." if column.kind == "date" else "Correct them."
        rows = _rows(column.rows, column.unreadable)
        yield f"{place}: {_n(column.unreadable, 'cell')} {_is(column.unreadable)} not {what} ({rows}). {cure}"
    if column.free_text:
        takes = f" It takes {', '.join(column.takes)}." if column.takes else ""
        cure = "Map the column with the codes to it instead, or suppress it in a CSVW file."
        yield f"{place}: it holds many texts that name no term, so it looks like free text.{takes} {cure}"
    for value in column.unknown:
        yield f"{place}: {_unknown(column, value)}"


def _unknown(column: ColumnReport, value: UnknownValue) -> str:
    text = f'"{value.text}"' if value.text is not None else "a long text"
    where = f"{_n(value.count, 'time')}, {_rows(value.rows, value.count)}"
    if value.choices:
        return f"{text} ({where}) names several terms: {', '.join(value.choices)}. Write one of them."
    what = "is no value of this column" if value.outside else "names no term"
    cure = f"Did you mean {value.nearest}?" if value.nearest else ""
    if not cure:
        cure = f"It takes {', '.join(column.takes)}." if column.takes else "plexus batch --csvw lists its terms."
    return f"{text} ({where}) {what}. {cure} Map it by values in a CSVW file."


def _rows(rows: tuple[int, ...], count: int) -> str:
    more = ", ..." if count > len(rows) else ""
    return f"row{'' if len(rows) == 1 and not more else 's'} {', '.join(map(str, rows))}{more}"


def _n(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _is(count: int) -> str:
    return "is" if count == 1 else "are"
