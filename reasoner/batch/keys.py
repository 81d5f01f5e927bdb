"""References within a request: which row a key means."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from reasoner.batch.columns import Cells, Columns, TableColumns
from reasoner.tables.schema import Column, RecordTable

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    Ids = NDArray[np.int32]

WIDE = 40_000_000
"""A direct table of requests by keys may have so many cells; beyond, keys are looked up in order."""


@dataclass(frozen=True)
class Reference:
    """What the values of a column refer to in one table: rows of the column's table and rows of the other."""

    target: str
    rows: Ids
    targets: Ids


@dataclass(frozen=True)
class KeyFault:
    """Rows whose key, or the key to which they refer, is used twice in their request."""

    table: RecordTable
    column: Column | None
    rows: Ids


@dataclass(frozen=True)
class References:
    """The references of a chunk by table and column; ``dangling`` are rows of values that name no row."""

    found: dict[tuple[str, str], tuple[Reference, ...]]
    dangling: dict[tuple[str, str], Ids]
    faults: list[KeyFault] = field(default_factory=list)


def references_of(columns: Columns) -> References:
    """The references of all columns, resolved within each request."""
    out = References({}, {})
    lookups = {name: _Lookup(t, columns.size) for name, t in columns.tables.items() if t.keys is not None}
    for lookup in lookups.values():
        twice = lookup.twice()
        if len(twice):
            out.faults.append(KeyFault(lookup.table.table, None, twice))
    for table in columns.tables.values():
        for name, cells in table.cells.items():
            column = table.table.column(name)
            if column.kind == "reference":
                _resolve(out, table, column, cells, lookups)
    return out


def _resolve(out: References, table: TableColumns, column: Column, cells: Cells, lookups: dict[str, _Lookup]) -> None:
    import numpy as np

    rows, codes = cells.pairs()
    owners = table.owner[rows]
    open_ = np.ones(len(rows), np.bool_)
    parts = []
    for target in column.refers_to:
        if target not in lookups or not len(rows):
            continue
        found = lookups[target].rows(owners, codes, cells.keys)
        hit = found >= 0
        if hit.any():
            again = hit & ~open_
            if again.any():
                out.faults.append(KeyFault(table.table, column, rows[again]))
            parts.append(Reference(target, rows[hit], found[hit]))
            open_ &= ~hit
    out.found[table.table.name, column.name] = tuple(parts)
    if open_.any():
        out.dangling[table.table.name, column.name] = rows[open_]


class _Lookup:
    """Rows of a table by request and key."""

    def __init__(self, table: TableColumns, requests: int) -> None:
        import numpy as np

        self.table = table
        self.keys = table.keys
        keyed = np.flatnonzero(table.key_codes >= 0).astype(np.int32)
        self._keyed, self._width = keyed, max(len(table.keys or ()), 1)
        owners, codes = table.owner[keyed].astype(np.int64), table.key_codes[keyed]
        # A dictionary may have keys that no row of these has, so the numbers alone do not tell.
        once = len(keyed) == self._width
        self._unique = once and bool((np.bincount(codes, minlength=self._width) == 1).all())
        self._direct: Ids | None = None
        if self._unique or requests * self._width <= WIDE:
            cells = self._width if self._unique else requests * self._width
            self._direct = np.full(cells, -1, np.int32)
            self._direct[codes if self._unique else owners * self._width + codes] = keyed
        else:
            flat = owners * self._width + codes
            self._order = np.argsort(flat, kind="stable")
            self._sorted = flat[self._order]

    def twice(self) -> Ids:
        """Rows whose key another row of the request has as well."""
        own = self.table.owner[self._keyed], self.table.key_codes[self._keyed]
        twice: Ids = self._keyed[self._at(*own) != self._keyed]
        return twice

    def rows(self, owners: Ids, codes: Ids, keys: pa.Array) -> Ids:
        """The row of each key of a request; -1 where there is none."""
        import numpy as np
        import pyarrow.compute as pc

        place = pc.index_in(keys, value_set=self.keys)
        if place.null_count:  # a key may say its table: findings/f1
            prefix = self.table.table.name + "/"
            named = pc.starts_with(keys, prefix)
            if named.true_count:
                bare = pc.if_else(named, pc.utf8_slice_codeunits(keys, len(prefix)), None)
                place = pc.coalesce(place, pc.index_in(bare, value_set=self.keys, skip_nulls=True))
        own: Ids = place.fill_null(-1).to_numpy(zero_copy_only=False)[codes]
        out = np.full(len(codes), -1, np.int32)
        known = own >= 0
        if known.all():
            return self._at(owners, own)
        out[known] = self._at(owners[known], own[known])
        return out

    def _at(self, owners: Ids, codes: Ids) -> Ids:
        import numpy as np

        if self._direct is not None and self._unique:
            found = self._direct[codes]
            return np.where(self.table.owner[found] == owners, found, np.int32(-1))
        flat = owners.astype(np.int64) * self._width + codes
        if self._direct is not None:
            direct: Ids = self._direct[flat]
            return direct
        place = np.minimum(np.searchsorted(self._sorted, flat), max(len(self._sorted) - 1, 0))
        hit = self._sorted[place] == flat
        return np.where(hit, self._keyed[self._order[place]], np.int32(-1))
