"""A chunk of nested rows as integer columns: terms, days and numbers by their code, references by row.

Nothing is dropped: what names no term or lies outside the calendar is kept as a fault with its row.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pyoxigraph import Literal, NamedNode

from reasoner.batch.coding import DAY_COUNT, DAYS, EPOCH, NO_TERM, NUMBER_COUNT, NUMBERS, TERMS, Coding
from reasoner.columnar.blocks import Strings, Terms
from reasoner.tables.schema import KEY, Column, RecordTable, Schema
from reasoner.vocabulary import XSD

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    Ids = NDArray[np.int32]


@dataclass(frozen=True)
class Cells:
    """The values of one column: by row (-1: none), or as pairs of row and value.

    ``block`` is the number of a fixed block, or the values themselves. A reference has the keys that its values number.
    """

    rows: Ids | None
    values: Ids
    block: int | Strings | Terms
    keys: pa.Array | None = None

    def pairs(self) -> tuple[Ids, Ids]:
        """Row and value of each value."""
        import numpy as np

        if self.rows is not None:
            return self.rows, self.values
        rows = np.flatnonzero(self.values >= 0).astype(np.int32)
        return rows, self.values[rows]

    def single(self, size: int) -> Ids:
        """The first value of each row; -1 where there is none."""
        import numpy as np

        if self.rows is None:
            return self.values
        out = np.full(size, -1, np.int32)
        out[self.rows[::-1]] = self.values[::-1]
        return out


def whole_numbers(cells: Cells, size: int) -> NDArray[np.int64]:
    """The numbers of a column of whole numbers; -1 where a row has none."""
    import numpy as np

    codes = cells.single(size).astype(np.int64)
    if not isinstance(cells.block, Terms):
        return codes
    written = np.array([*(int(t.value) for t in cells.block.terms), -1], np.int64)
    return written[codes]


@dataclass(frozen=True)
class CellFault:
    """Values of a column that cannot be used: the rows, and what the text of each was."""

    table: RecordTable
    column: Column
    rows: Ids
    texts: list[str]


@dataclass(frozen=True)
class TableColumns:
    """One table of a chunk: of each row the request, its columns, and its key as a code into ``keys``."""

    table: RecordTable
    owner: Ids
    starts: NDArray[np.int64]
    cells: dict[str, Cells]
    key_codes: Ids
    keys: pa.Array | None

    @property
    def size(self) -> int:
        """How many rows there are."""
        return len(self.owner)


@dataclass(frozen=True)
class Columns:
    """A chunk of requests as columns."""

    size: int
    tables: dict[str, TableColumns]
    faults: list[CellFault] = field(default_factory=list)


def columns_of(rows: pa.Table, schema: Schema, coding: Coding) -> Columns:
    """The columns of a chunk of canonical nested rows."""
    import numpy as np

    size = rows.num_rows
    faults: list[CellFault] = []
    coder = _Coder(coding, faults)
    own = {n: _whole(rows.column(n)) for n in rows.column_names if n in schema.requests.by_name}
    every = np.arange(size, dtype=np.int32)
    starts = np.arange(size + 1, dtype=np.int64)
    tables = {"requests": TableColumns(schema.requests, every, starts, coder.cells(schema.requests, own), every, None)}
    for table in schema.children:
        tables[table.name] = coder.child(table, rows, size)
    return Columns(size, tables, faults)


def _whole(column: pa.ChunkedArray) -> pa.Array:
    """A column in one piece."""
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


@dataclass(frozen=True)
class _Coder:
    coding: Coding
    faults: list[CellFault]

    def child(self, table: RecordTable, rows: pa.Table, size: int) -> TableColumns:
        """A child table out of its list column."""
        import numpy as np
        import pyarrow.compute as pc

        starts = np.zeros(size + 1, np.int64)
        if table.name not in rows.column_names or rows.column(table.name).null_count == size:
            return TableColumns(table, np.empty(0, np.int32), starts, {}, np.empty(0, np.int32), None)
        lists = _whole(rows.column(table.name))
        lengths = _numpy(pc.list_value_length(lists), 0)
        np.cumsum(lengths, out=starts[1:])
        structs = lists.flatten()
        fields = {structs.type.field(i).name: array for i, array in enumerate(structs.flatten())}
        owner = np.repeat(np.arange(size, dtype=np.int32), lengths)
        keys, key_codes = _coded(fields[KEY]) if KEY in fields else (None, np.full(len(owner), -1, np.int32))
        return TableColumns(table, owner, starts, self.cells(table, fields), key_codes, keys)

    def cells(self, table: RecordTable, fields: dict[str, pa.Array]) -> dict[str, Cells]:
        """The columns of a table that say something."""
        out = {}
        for column in table.columns:
            array = fields.get(column.name)
            if array is not None and column.name != KEY and array.null_count < len(array):
                out[column.name] = self._column(table, column, array)
        return out

    def _column(self, table: RecordTable, column: Column, array: pa.Array) -> Cells:
        import numpy as np
        import pyarrow as pa
        import pyarrow.compute as pc

        if not (pa.types.is_list(array.type) or pa.types.is_large_list(array.type)):
            return self._values(table, column, array, None)
        lengths = _numpy(pc.list_value_length(array), 0)
        flat = array.flatten()
        if not len(lengths) or int(lengths.max()) <= 1:  # one value at most: as quick as a plain column
            found = self._values(table, column, flat, None)
            values = np.full(len(array), -1, np.int32)
            values[lengths > 0] = found.values
            self._moved_faults(column, table, np.flatnonzero(lengths > 0))
            return Cells(None, values, found.block, found.keys)
        rows: Ids = np.repeat(np.arange(len(array), dtype=np.int32), lengths).astype(np.int32)
        found = self._values(table, column, flat, rows)
        known = found.values >= 0
        first = _first_of_each(rows[known], found.values[known])
        return Cells(rows[known][first], found.values[known][first], found.block, found.keys)

    def _moved_faults(self, column: Column, table: RecordTable, rows: NDArray[np.int64]) -> None:
        """Faults of list items tell the row of the list."""
        import numpy as np

        if self.faults and self.faults[-1].column is column and self.faults[-1].table is table:
            last = self.faults.pop()
            self.faults.append(CellFault(table, column, rows[last.rows].astype(np.int32), last.texts))

    def _values(self, table: RecordTable, column: Column, array: pa.Array, rows: Ids | None) -> Cells:
        made: Cells = _CODED[column.kind](self, table, column, array)
        if rows is not None:
            self._moved_faults(column, table, rows.astype("int64"))
        return made

    def term(self, table: RecordTable, column: Column, array: pa.Array) -> Cells:
        """A column of terms."""
        import numpy as np

        keys, codes = _coded(array)
        texts = keys.to_pylist()
        numbers = self.coding.codes(texts, column)
        values = np.append(numbers, np.int32(-1))[codes]  # the last stands for -1, no value
        self._refuse(table, column, values == NO_TERM, lambda i: texts[codes[i]])
        return Cells(None, np.maximum(values, -1), TERMS)

    def day(self, table: RecordTable, column: Column, array: pa.Array) -> Cells:
        """A column of dates."""
        import numpy as np
        import pyarrow as pa

        days = _numpy(array.cast(pa.date32()).view(pa.int32()), -(2**31)).astype(np.int64) - EPOCH
        absent = days == -(2**31) - EPOCH
        outside = ~absent & ((days < 0) | (days >= DAY_COUNT))
        self._refuse(table, column, outside, lambda _: "a day before 1900 or after 2099")
        return Cells(None, np.where(absent | outside, -1, days).astype(np.int32), DAYS)

    def number(self, table: RecordTable, column: Column, array: pa.Array) -> Cells:
        """A column of whole numbers; those outside the block of numbers are written out."""
        import numpy as np
        import pyarrow as pa
        import pyarrow.compute as pc

        numbers = _numpy(array.cast(pa.int64()), -1)
        absent = _numpy(pc.is_null(array), True)
        if bool((absent | (numbers >= 0) & (numbers < NUMBER_COUNT)).all()):
            return Cells(None, np.where(absent, -1, numbers).astype(np.int32), NUMBERS)
        return _written_out(numbers, absent, XSD.integer.value, lambda n: str(int(n)))

    def decimal(self, table: RecordTable, column: Column, array: pa.Array) -> Cells:
        """A column of decimals, written out."""
        import pyarrow as pa
        import pyarrow.compute as pc

        numbers = _numpy(array.cast(pa.float64()), 0.0)
        return _written_out(numbers, _numpy(pc.is_null(array), True), XSD.decimal.value, lambda n: f"{float(n):.12g}")

    def truth(self, table: RecordTable, column: Column, array: pa.Array) -> Cells:
        """A column of truth values."""
        import numpy as np
        import pyarrow as pa

        values = _numpy(array.cast(pa.int8()), -1)
        numbers = np.array([self.coding.truth(False), self.coding.truth(True), -1], np.int32)
        return Cells(None, numbers[values], TERMS)

    def string(self, table: RecordTable, column: Column, array: pa.Array) -> Cells:
        """A column of texts."""
        texts, codes = _coded(array)
        return Cells(None, codes, Strings(len(texts), texts.to_pylist), texts)

    def _refuse(self, table: RecordTable, column: Column, wrong: NDArray[np.bool_], text: object) -> None:
        import numpy as np

        rows = np.flatnonzero(wrong).astype(np.int32)
        if len(rows):
            self.faults.append(CellFault(table, column, rows, [text(i) for i in rows.tolist()]))  # type: ignore[operator]


_CODED = {
    "term": _Coder.term,
    "reference": _Coder.string,
    "date": _Coder.day,
    "integer": _Coder.number,
    "decimal": _Coder.decimal,
    "boolean": _Coder.truth,
    "string": _Coder.string,
}


def _written_out(
    numbers: NDArray[np.generic], absent: NDArray[np.bool_], datatype: str, write: Callable[[float], str]
) -> Cells:
    import numpy as np

    distinct, codes = np.unique(numbers, return_inverse=True)
    terms = Terms()
    named = NamedNode(datatype)
    place = np.array([terms.add(Literal(write(n), datatype=named)) for n in distinct.tolist()], np.int32)
    return Cells(None, np.where(absent, -1, place[codes]).astype(np.int32), terms)


def _coded(array: pa.Array) -> tuple[pa.Array, Ids]:
    """The different texts of a column, and of each row the number of its text; -1 for none."""
    import pyarrow as pa

    coded = array if pa.types.is_dictionary(array.type) else array.dictionary_encode()
    return coded.dictionary, _numpy(coded.indices.cast(pa.int32()), -1)


def _numpy(array: pa.Array, absent: object) -> NDArray:  # type: ignore[type-arg]
    """An Arrow array as numpy's, with a value for what is null."""
    filled = array.fill_null(absent) if array.null_count else array
    return filled.to_numpy(zero_copy_only=False)  # type: ignore[no-any-return]


def _first_of_each(rows: Ids, values: Ids) -> NDArray[np.bool_]:
    """Which pairs are said for the first time: a value that a list repeats is one value."""
    import numpy as np

    keys = rows.astype(np.int64) << 32 | values.astype(np.int64)
    out = np.zeros(len(keys), np.bool_)
    out[np.unique(keys, return_index=True)[1]] = True
    return out
