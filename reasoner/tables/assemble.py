"""Entity tables to the nested table: rows of child tables gathered below the row of their request.

Rows that stand in the order of the requests become lists by their offsets alone; others are found by their key (a hash
join) and sorted once. Nothing loops over rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reasoner.errors import Fault, TableError
from reasoner.tables.cells import EXPECTED, typed
from reasoner.tables.mapping import TableMap
from reasoner.tables.optional import arrow, compute
from reasoner.tables.references import reference_faults
from reasoner.tables.rejected import Rejection, rejections
from reasoner.tables.schema import REQUEST, REQUEST_KEY, REQUESTS, RecordTable, Schema, arrow_type

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

ROW = "__row"
"""The column with the number of a row in its file, from 1."""


@dataclass(frozen=True)
class Part:
    """Typed rows of one of the user's tables.

    ``keys`` names the request of each row as the user writes it, ``rows`` its number in the file; ``bad`` are cells
    that could not be read: the position of the row, and the fault. ``owner`` is the position of the request of each
    row where that is known without the key.
    """

    table: RecordTable
    source: str
    columns: Mapping[str, pa.Array]
    keys: pa.Array
    rows: np.ndarray
    bad: tuple[tuple[int, Fault], ...]
    owner: np.ndarray | None = None


@dataclass(frozen=True)
class Assembled:
    """Requests as rows of the nested table (the order of the requests kept), and what was rejected.

    ``places`` are the positions of the rows among the requests that came in.
    """

    table: pa.Table
    places: np.ndarray
    rejected: tuple[Rejection, ...]


def part_of(raw: Any, mapping: TableMap, source: str, *, keyed: bool = True) -> Part:
    """The typed rows of a table (with the column ``__row``) as its mapping says; ``keyed`` rows name their request.

    Raises:
        TableError: no column names the request, or a column is of a type that has no place.
    """
    key = mapping.of(REQUEST_KEY if mapping.table.name == REQUESTS else REQUEST)
    if key is None and keyed:
        raise TableError(f"{source} has no column for the request of a row.", f"Name one {REQUEST}, or map it by CSVW.")
    columns, bad = {}, []
    rows = raw.column(ROW).to_numpy()
    for m in mapping.columns:
        if m.column.name == REQUEST:
            continue
        cells = typed(raw.column(m.source), m.column, m.treatment, f"{source}, {m.source}")
        columns[m.column.name] = cells.array
        what = f"{m.column.name} (column {m.source}) {EXPECTED.get(m.column.kind, 'holds several values')}."
        cure = (
            "Write YYYY-MM-DD, or give its format in a CSVW file." if m.column.kind == "date" else "Correct the cell."
        )
        bad += [(int(i), Fault(f"{source}, row {rows[i]}", what, cure)) for i in cells.bad]
    keys = arrow().nulls(raw.num_rows, arrow().int64())
    if key is not None:
        keys = typed_key(raw.column(key.source), key.treatment, f"{source}, {key.source}")
    return Part(mapping.table, source, columns, keys, rows, tuple(bad))


def typed_key(array: Any, treatment: Any, where: str) -> Any:
    """The keys of requests: whole numbers as 64 bits, all else as text; an empty text is none."""
    pa = arrow()
    from reasoner.tables.mapping import OWNER

    kind = array.type.value_type if pa.types.is_dictionary(array.type) else array.type
    if pa.types.is_integer(kind):
        array = array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array
        return array.cast(pa.int64())
    return typed(array, OWNER, treatment, where).array


# ---- Owners ----------------------------------------------------------------------------------------


def alike(keys: Sequence[Any]) -> list[Any]:
    """Keys of one type: whole numbers where all are, else texts."""
    pa = arrow()
    if all(pa.types.is_integer(k.type) for k in keys):
        return list(keys)
    return [k.cast(pa.string()) for k in keys]


def is_increasing(keys: Any, *, strictly: bool) -> bool:
    """Whether keys stand in order, none missing; texts in the order of their bytes."""
    pc = compute()
    if keys.null_count:
        return False
    ahead, behind = keys.slice(1), keys.slice(0, max(len(keys) - 1, 0))
    compare = pc.greater if strictly else pc.greater_equal
    return bool(pc.all(compare(ahead, behind)).as_py() is not False)


def owners(requests: Any, keys: Any) -> np.ndarray:
    """The position of the request of each row, -1 where there is none. Keys of one type, see :func:`alike`."""
    import numpy as np

    pa, pc = arrow(), compute()
    if not len(keys) or not len(requests):
        return np.full(len(keys), -1, np.int64)
    in_order = is_increasing(keys, strictly=False)
    if in_order and pa.types.is_integer(keys.type) and is_increasing(requests, strictly=True):
        known, wanted = requests.to_numpy(), keys.to_numpy()
        place = np.minimum(np.searchsorted(known, wanted), len(known) - 1)
        hit: np.ndarray = np.where(known[place] == wanted, place, -1)
        return hit
    if in_order:  # rows of one request stand together, so each request is looked up once
        starts = np.concatenate([[True], pc.not_equal(keys.slice(1), keys.slice(0, len(keys) - 1)).to_numpy(False)])
        distinct = keys.filter(pa.array(starts))
        spread: np.ndarray = _found(requests, distinct)[np.cumsum(starts) - 1]
        return spread
    return _found(requests, keys)


def _found(requests: Any, keys: Any) -> np.ndarray:
    import numpy as np

    pc = compute()
    if len(keys) == len(requests) and keys.equals(requests):
        return np.arange(len(keys), dtype=np.int64)
    place = pc.index_in(keys, value_set=requests, skip_nulls=True)
    found: np.ndarray = pc.fill_null(place, -1).to_numpy(zero_copy_only=False).astype(np.int64)
    return found


# ---- Assembly --------------------------------------------------------------------------------------


def assemble(
    requests: Part, children: Iterable[Part], schema: Schema, *, references: bool = True, repeated: Any = None
) -> Assembled:
    """The nested table of some requests and all rows of the child tables that belong to them.

    Args:
        requests: rows of the table of requests.
        children: the other tables; a row that belongs to none of the requests is an orphan.
        schema: the schema of the library.
        references: whether references are held against the keys of their request.
        repeated: identifiers that other requests have, which are not among these.
    """
    return _Assembly(requests, tuple(children), schema, repeated).made(references)


class _Assembly:
    def __init__(self, requests: Part, children: tuple[Part, ...], schema: Schema, repeated: Any) -> None:
        import numpy as np

        self.schema, self.requests, self.children, self.repeated = schema, requests, children, repeated
        self.keys, *child_keys = alike([requests.keys, *(c.keys for c in children)])
        self.owners = [
            owners(self.keys, k) if c.owner is None else c.owner for c, k in zip(children, child_keys, strict=True)
        ]
        self.size = len(self.keys)
        self.lines = np.zeros(self.size, np.int64)
        for part, owner in zip(children, self.owners, strict=True):
            if part.table.name == "lines":
                self.lines += np.bincount(owner[owner >= 0], minlength=self.size)
        self.faults: dict[int, list[Fault]] = {}

    def made(self, references: bool) -> Assembled:
        import numpy as np

        pa = arrow()
        orphans = [r for part, owner in zip(self.children, self.owners, strict=True) for r in _orphans(part, owner)]
        self._unusable_keys()
        self._bad_cells()
        table = self._nested()
        if references:
            for place, fault in reference_faults(table, self.schema):
                self._fault(place, fault)
        rejected = [r for place in sorted(self.faults) for r in self._rejections(place)]
        kept = np.ones(self.size, bool)
        kept[list(self.faults)] = False
        table = table if kept.all() else table.filter(pa.array(kept))
        return Assembled(table, np.flatnonzero(kept), (*rejected, *orphans))

    def _fault(self, place: int, fault: Fault) -> None:
        self.faults.setdefault(place, []).append(fault)

    def _rejections(self, place: int) -> tuple[Rejection, ...]:
        key = self.keys[place].as_py()
        row = int(self.requests.rows[place])
        faults = dict.fromkeys(self.faults[place])
        lines = int(self.lines[place])
        return rejections(None if key is None else str(key), faults, lines, self.requests.source, row)

    def _unusable_keys(self) -> None:
        import numpy as np

        pc = compute()
        for place in np.flatnonzero(self.keys.is_null().to_numpy(zero_copy_only=False)):
            column = self.schema.requests.column(REQUEST_KEY)
            self._fault(int(place), Fault(self._where(int(place)), column.message, ""))
        often = self._repeated()
        for place in np.flatnonzero(pc.is_in(self.keys, value_set=often).to_numpy(zero_copy_only=False)):
            what = "another row of the table of requests has the same identifier."
            self._fault(int(place), Fault(self._where(int(place)), what, "Leave one row a request."))

    def _repeated(self) -> Any:
        pa, pc = arrow(), compute()
        if self.repeated is not None:
            return self.repeated.cast(self.keys.type)
        if is_increasing(self.keys, strictly=True):
            return pa.array([], self.keys.type)
        counts = pc.value_counts(self.keys)
        return counts.field("values").filter(pc.greater(counts.field("counts"), 1)).drop_null()

    def _where(self, place: int) -> str:
        return f"{self.requests.source}, row {self.requests.rows[place]}"

    def _bad_cells(self) -> None:
        for place, fault in self.requests.bad:
            self._fault(place, fault)
        for part, owner in zip(self.children, self.owners, strict=True):
            for position, fault in part.bad:
                if owner[position] >= 0:
                    self._fault(int(owner[position]), fault)

    def _nested(self) -> pa.Table:
        pa = arrow()
        own = dict(self.requests.columns)
        own[REQUEST_KEY] = self.keys.cast(pa.string())
        names, arrays = [], []
        for column in self.schema.requests.columns:
            if column.name in own:
                names.append(column.name)
                arrays.append(own[column.name])
        for part, owner in sorted(zip(self.children, self.owners, strict=True), key=lambda x: self._order(x[0])):
            names.append(part.table.name)
            arrays.append(lists_of(part.table, part.columns, owner, self.size))
        return pa.table(arrays, names=names)

    def _order(self, part: Part) -> int:
        return [t.name for t in self.schema.tables].index(part.table.name)


def lists_of(table: RecordTable, columns: Mapping[str, Any], owner: np.ndarray, size: int) -> Any:
    """Rows of a child table as one list of structs for each of ``size`` requests; rows without an owner left out.

    Columns that the schema has and the rows do not are null.
    """
    import numpy as np

    pa = arrow()
    arrays = [columns.get(c.name) for c in table.columns]
    order: np.ndarray | None = None
    if len(owner) and (owner[0] < 0 or np.any(owner[1:] < owner[:-1])):
        order = np.argsort(owner, kind="stable")
        order = order[np.searchsorted(owner[order], 0) :]
    taken = order if order is None else pa.array(order)
    count = len(owner) if order is None else len(order)
    made = [
        pa.nulls(count, arrow_type(c)) if a is None else a if taken is None else a.take(taken)
        for c, a in zip(table.columns, arrays, strict=True)
    ]
    rows = pa.StructArray.from_arrays(made, fields=[pa.field(c.name, arrow_type(c)) for c in table.columns])
    offsets = np.zeros(size + 1, np.int32)
    np.cumsum(np.bincount(owner[owner >= 0], minlength=size), out=offsets[1:])
    return pa.ListArray.from_arrays(pa.array(offsets), rows)


def _orphans(part: Part, owner: np.ndarray) -> Iterable[Rejection]:
    import numpy as np

    for place in np.flatnonzero(owner < 0):
        key = part.keys[int(place)].as_py()
        row = int(part.rows[place])
        what = "the row names no request." if key is None else "no row of the table of requests has this identifier."
        cure = "Add the request, or correct the key of the row."
        where = f"{part.table.name}.{REQUEST}"
        lost = 1 if part.table.name == "lines" else 0
        yield Rejection(None if key is None else str(key), part.source, row, where, what, cure, lost)
