"""What is wrong with requests of a chunk, in the words of the request shapes: such requests are rejected."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from reasoner.batch.coding import DAYS, FIRST_DAY, Coding
from reasoner.batch.columns import CellFault, Columns, TableColumns, whole_numbers
from reasoner.batch.keys import References
from reasoner.batch.views import ROW, ViewGraph
from reasoner.columnar.algebra import Shape
from reasoner.columnar.evaluate import Evaluation
from reasoner.columnar.report import broken_focus, of_shape
from reasoner.intake import KNOWN_DATES
from reasoner.vocabulary import SH, compact

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Ids = NDArray[np.int32]

_NAME = re.compile(r"[\w:.\-]{1,40}")
"""What looks like a name of a term may be told; anything else may be free text of a record."""


@dataclass(frozen=True, order=True)
class Rejection:
    """One fault of one request (its row in the chunk): where it is, what is wrong, and the cure."""

    request: int
    where: str
    what: str
    cure: str


def rejections(
    columns: Columns, references: References, whole: ViewGraph, evaluation: Evaluation, coding: Coding, as_of: date
) -> list[Rejection]:
    """Every fault of every request of a chunk, by request."""
    found = [
        *_by_shapes(columns, whole, evaluation),
        *(r for fault in columns.faults for r in _of_cells(columns, fault, coding)),
        *_of_keys(columns, references),
        *_of_dates(columns, as_of),
        *_of_line_numbers(columns),
        *_of_identifiers(columns),
    ]
    return sorted(set(found))


def row_name(table: TableColumns, row: int) -> str:
    """How a row is named: its table with its key, or with its place in the request."""
    code = int(table.key_codes[row]) if len(table.key_codes) else -1
    if code >= 0 and table.keys is not None:
        return f"{table.table.name}/{table.keys[code].as_py()}"
    return f"{table.table.name}/{row - int(table.starts[table.owner[row]]) + 1}"


def _where(columns: Columns, table: TableColumns, row: int) -> str:
    return "request" if table is columns.tables["requests"] else row_name(table, row)


def _by_shapes(columns: Columns, whole: ViewGraph, e: Evaluation) -> Iterator[Rejection]:

    for shape in e.shapes.targeted:
        for name, block in whole.block.items():
            if name not in whole.tables:
                continue
            rows = broken_focus(e, shape, block)
            if len(rows):
                yield from _told(columns, e, shape, block, rows)


def _told(columns: Columns, e: Evaluation, shape: Shape, block: int, rows: Ids) -> Iterator[Rejection]:
    import numpy as np

    for result in of_shape(e, shape, block, rows, np.ones(e.size(block), np.int64)):
        name, _, number = result.focus.value.removeprefix(ROW).rpartition(":")
        if result.severity == SH.Violation.value and name in columns.tables:
            table = columns.tables[name]
            yield Rejection(int(table.owner[int(number)]), _where(columns, table, int(number)), result.message, "")


def _of_cells(columns: Columns, fault: CellFault, coding: Coding) -> Iterator[Rejection]:
    table = columns.tables[fault.table.name]
    prop = compact(fault.column.iri or "")
    for row, text in zip(fault.rows.tolist(), fault.texts, strict=True):
        where = f"{_where(columns, table, row)} {fault.column.name}"
        if fault.column.kind != "term":
            yield Rejection(int(table.owner[row]), where, f"{prop} is {text}.", "Correct the date.")
            continue
        named = coding.meaning(text, fault.column)
        shown = f" {text!r}" if _NAME.fullmatch(text) else ""
        cure = (
            f"Did you mean {named.nearest}?" if named.nearest else "See the mapping report of `plexus batch --dry-run`."
        )
        what = f"{prop}{shown} is no term of plexus."
        if named.choices:
            what, cure = f"{prop}{shown} names several terms.", f"Write one of {', '.join(named.choices)}."
        yield Rejection(int(table.owner[row]), where, what, cure)


def _of_keys(columns: Columns, references: References) -> Iterator[Rejection]:
    for fault in references.faults:
        table = columns.tables[fault.table.name]
        for row in fault.rows.tolist():
            what = "Its key is used twice in the request."
            if fault.column is not None:
                what = f"{compact(fault.column.iri or '')}: the key names rows of several tables."
            yield Rejection(
                int(table.owner[row]), _where(columns, table, row), what, "Give each row of a request its own key."
            )


def _of_dates(columns: Columns, as_of: date) -> Iterator[Rejection]:
    last = (as_of - FIRST_DAY).days
    known = {p.value for p in KNOWN_DATES}
    for table in columns.tables.values():
        for name, cells in table.cells.items():
            column = table.table.column(name)
            if column.iri not in known or cells.block != DAYS:
                continue
            rows, days = cells.pairs()
            for row, day in zip(rows[days > last].tolist(), days[days > last].tolist(), strict=True):
                shown = date.fromordinal(FIRST_DAY.toordinal() + day)
                what = f"{compact(column.iri)} {shown} lies after the as-of date {as_of}."
                cure = "Correct the date, or review with a later --as-of."
                yield Rejection(int(table.owner[row]), _where(columns, table, row), what, cure)


def _of_line_numbers(columns: Columns) -> Iterator[Rejection]:
    import numpy as np

    lines = columns.tables["lines"]
    if lines.size == columns.size and bool((np.diff(lines.starts) == 1).all()):
        return
    if "sequence" not in lines.cells:
        return
    numbers = whole_numbers(lines.cells["sequence"], lines.size)
    keys = lines.owner.astype(np.int64) << 32 | lines.cells["sequence"].single(lines.size) + 1
    again = np.ones(lines.size, np.bool_)
    again[np.unique(keys, return_index=True)[1]] = False
    for row in np.flatnonzero(again & (numbers >= 0)).tolist():
        what = f"line number {numbers[row]} is used twice."
        yield Rejection(int(lines.owner[row]), row_name(lines, row), what, "Number the lines 1, 2, 3, ...")


def _of_identifiers(columns: Columns) -> Iterator[Rejection]:
    import numpy as np

    requests = columns.tables["requests"]
    cells = requests.cells.get("identifier")
    if cells is None:
        return
    codes = cells.single(requests.size)
    again = np.ones(requests.size, np.bool_)
    again[np.unique(codes, return_index=True)[1]] = False
    for row in np.flatnonzero(again & (codes >= 0)).tolist():
        what = "Another request before it has the same identifier."
        yield Rejection(row, "request", what, "Give each request an identifier of its own.")
