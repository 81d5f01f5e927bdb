"""The requests of one chunk as columns: every row that a record can have is a slot, filled for some of the requests.

A slot is a table and a key, such as ``findings`` and ``plexus-finding``; its columns are as long as the chunk. Words
(terms, keys, text) are codes of one dictionary, so that filling a slot is arithmetic on whole numbers.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from reasoner.synthetic.draws import Draws
from reasoner.tables.optional import arrow
from reasoner.tables.schema import REQUESTS, Column, RecordTable, Schema, nested_schema, struct_type

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

    Rows = NDArray[Any]

NO_WORD = -1
NO_NUMBER = -(2**31)
MORE = "+"
"""Marks the column of a second value."""


class Lexicon:
    """Words and their codes, in the order in which they were met."""

    def __init__(self) -> None:
        self.words: list[str] = []
        self._codes: dict[str, int] = {}

    def code(self, word: str) -> int:
        """The code of a word; a new word gets the next one."""
        if word not in self._codes:
            self._codes[word] = len(self.words)
            self.words.append(word)
        return self._codes[word]


@dataclass
class Slot:
    """One row that requests can have: which of them do, and its values by column."""

    table: RecordTable
    on: NDArray[Any]
    values: dict[str, NDArray[Any]] = field(default_factory=dict)


class Sheet:
    """The requests of a chunk while they are made.

    ``numbers`` are the numbers of the requests, in any order. ``day`` and ``word`` hold, by name, what several
    rows of a record share: days as numbers from 1970, codes of words.
    """

    def __init__(self, schema: Schema, seed: int, numbers: NDArray[Any]) -> None:
        self.schema = schema
        self.seed, self.numbers, self.count = seed, numbers, len(numbers)
        self.lexicon = Lexicon()
        self.draws = Draws(seed, numbers, self.lexicon.code)
        self.day: dict[str, NDArray[Any]] = {}
        self.word: dict[str, NDArray[Any]] = {}
        self.slots: dict[tuple[str, str], Slot] = {}

    # ---- Filling ----

    def put(self, table: str, key: str, rows: Rows, **values: object) -> None:
        """Give requests a row, or other values in the row that they have.

        A value is a word, a pair of words, a number, a column as long as the chunk, or None for no value.
        """
        slot = self._slot(table, key)
        slot.on[rows] = True
        for name, value in values.items():
            first, second = value if isinstance(value, tuple) else (value, None)
            self._store(slot, name, name, rows, first)
            if second is not None or name + MORE in slot.values:
                self._store(slot, name, name + MORE, rows, second)

    def change(self, table: str, key: str, rows: Rows, **values: object) -> None:
        """As :meth:`put`, for those of the requests that have the row already."""
        slot = self._slot(table, key)
        self.put(table, key, rows[slot.on[rows]], **values)

    def drop(self, table: str, *keys: str, rows: Rows) -> None:
        """Take rows out of requests."""
        for key in keys:
            self._slot(table, key).on[rows] = False

    def some(self, rows: Rows, name: str, share: float) -> Rows:
        """A share of the requests."""
        happens: Rows = rows[self.draws.chance(name, share)[rows]]
        return happens

    def shift(self, rows: Rows, days: NDArray[Any]) -> None:
        """Move every date of requests by a number of days (a column as long as the chunk)."""
        for slot in self.slots.values():
            for name, values in slot.values.items():
                if slot.table.column(name.removesuffix(MORE)).kind == "date":
                    dated = rows[values[rows] != NO_NUMBER]
                    values[dated] += days[dated]

    def _slot(self, table: str, key: str) -> Slot:
        import numpy as np

        if (table, key) not in self.slots:
            found = self.schema.table(table)
            self.slots[table, key] = Slot(found, np.zeros(self.count, dtype=bool))
        return self.slots[table, key]

    def _store(self, slot: Slot, column: str, name: str, rows: Rows, value: Any) -> None:
        import numpy as np

        kind = slot.table.column(column).kind
        if name not in slot.values:
            slot.values[name] = _empty(kind, self.count)
        if isinstance(value, str):
            value = self.lexicon.code(value)
        elif value is None:
            value = _nothing(kind)
        slot.values[name][rows] = value[rows] if isinstance(value, np.ndarray) else value

    # ---- Arrow ----

    def to_arrow(self) -> pa.Table:
        """The canonical nested table of the chunk."""
        pa = arrow()
        words = pa.array(self.lexicon.words, pa.string())
        own = [self._plain(c, words) for c in self.schema.requests.columns]
        children = [self._nested(t, words) for t in self.schema.children]
        return pa.Table.from_arrays([*own, *children], schema=nested_schema(self.schema))

    def identifiers(self) -> pa.Array:
        """``SYN-<seed>-<row>``, so that no record passes for a real one and several sets can be put together."""
        import numpy as np

        pa = arrow()
        numbers = np.char.zfill(self.numbers.astype("U"), 8)
        return pa.array(np.char.add(f"SYN-{self.seed}-", numbers), pa.string())

    def _plain(self, column: Column, words: pa.Array) -> pa.Array:
        import numpy as np

        if column.name == "identifier":
            return self.identifiers()
        slot = self._slot(REQUESTS, "")
        return _array(column, [slot], np.ones((self.count, 1), dtype=bool), words)

    def _nested(self, table: RecordTable, words: pa.Array) -> pa.Array:
        import numpy as np

        pa = arrow()
        keys = sorted(key for name, key in self.slots if name == table.name)
        slots = [self.slots[table.name, key] for key in keys]
        if not slots:
            offsets = pa.array(np.zeros(self.count + 1, dtype=np.int32))
            return pa.ListArray.from_arrays(offsets, pa.array([], struct_type(table)))
        on = np.column_stack([s.on for s in slots])
        codes = np.broadcast_to(np.asarray([self.lexicon.code(k) for k in keys], dtype=np.int32), on.shape)
        named = _words(codes[on], pa.array(self.lexicon.words, pa.string()))
        columns = [named if c.name == "id" else _array(c, slots, on, words) for c in table.columns]
        offsets = np.concatenate([[0], np.cumsum(on.sum(axis=1))]).astype(np.int32)
        struct = pa.StructArray.from_arrays(columns, fields=list(struct_type(table)))
        return pa.ListArray.from_arrays(pa.array(offsets), struct)


def _empty(kind: str, count: int) -> NDArray[Any]:
    import numpy as np

    return np.full(count, _nothing(kind), dtype=np.float64 if kind == "decimal" else np.int32)


def _nothing(kind: str) -> float:
    if kind == "decimal":
        return float("nan")
    return NO_NUMBER if kind in ("date", "integer", "boolean") else NO_WORD


def _array(column: Column, slots: list[Slot], on: NDArray[Any], words: pa.Array) -> pa.Array:
    """One column of a table over all its slots, request by request; ``on`` says who has which slot."""
    pa = arrow()
    total = int(on.sum())
    firsts = _gathered(column, column.name, slots, on)
    if firsts is None:
        from reasoner.tables.schema import arrow_type

        return pa.nulls(total, arrow_type(column))
    if not column.many:
        return _typed(column, firsts, words)
    return _lists(column, firsts, _gathered(column, column.name + MORE, slots, on), words)


def _gathered(column: Column, name: str, slots: list[Slot], on: NDArray[Any]) -> NDArray[Any] | None:
    import numpy as np

    if not any(name in s.values for s in slots):
        return None
    blank = _empty(column.kind, len(on))
    found: NDArray[Any] = np.column_stack([s.values.get(name, blank) for s in slots])[on]
    return found


def _lists(column: Column, firsts: NDArray[Any], seconds: NDArray[Any] | None, words: pa.Array) -> pa.Array:
    import numpy as np

    pa = arrow()
    both = np.column_stack([firsts] if seconds is None else [firsts, seconds])
    said = both != _nothing(column.kind)
    offsets = np.concatenate([[0], np.cumsum(said.sum(axis=1))]).astype(np.int32)
    # A list without a value is no value at all: null, as readers of other sources write it.
    mask = pa.array(~said.any(axis=1))
    return pa.ListArray.from_arrays(pa.array(offsets), _typed(column, both[said], words), mask=mask)


def _typed(column: Column, values: NDArray[Any], words: pa.Array) -> pa.Array:
    import numpy as np

    pa = arrow()
    if column.kind == "decimal":
        return pa.array(values, pa.float64(), mask=np.isnan(values))
    if column.kind == "date":
        return pa.array(values, pa.int32(), mask=values == NO_NUMBER).cast(pa.date32())
    if column.kind == "integer":
        return pa.array(values.astype(np.int64), pa.int64(), mask=values == NO_NUMBER)
    if column.kind == "boolean":
        return pa.array(values == 1, pa.bool_(), mask=values == NO_NUMBER)
    return _words(values, words)


def _words(codes: NDArray[Any], words: pa.Array) -> pa.Array:
    pa = arrow()
    return words.take(pa.array(codes, pa.int32(), mask=codes == NO_WORD))
