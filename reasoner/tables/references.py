"""Whether each reference within a request names a row of it: keys checked for many requests at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reasoner.errors import Fault
from reasoner.tables.optional import arrow, compute
from reasoner.tables.schema import KEY, REQUESTS, Column, Schema

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

_ROWS = 8192
"""How many requests are checked at once."""
_BITS = 16 * 1024 * 1024
"""Up to so many (request, key) pairs are looked up in a table of truth values; more in sorted arrays."""


@dataclass(frozen=True)
class _Keys:
    """Keys or references of one column: the request and the key of each, and the row of its table."""

    owner: np.ndarray
    text: pa.Array
    row: np.ndarray


def reference_faults(table: pa.Table, schema: Schema) -> Iterator[tuple[int, Fault]]:
    """The requests of a nested table with a reference to no row, or to rows of several tables, or a key used twice.

    A reference is the key of a row; where it may name rows of several tables it may also be ``findings/f1``.

    Returns:
        the position of each request, and its fault.
    """
    for start in range(0, table.num_rows, _ROWS):
        yield from ((start + place, fault) for place, fault in _Check(table.slice(start, _ROWS), schema).faults())


class _Check:
    def __init__(self, table: pa.Table, schema: Schema) -> None:
        self.schema = schema
        self.size = table.num_rows
        self.children = {
            t.name: flattened(table.column(t.name)) for t in schema.children if t.name in table.column_names
        }
        self.keys = {name: k for name, (o, s) in self.children.items() if (k := _keys(o, s, KEY)) is not None}
        self.references = dict(self._references(table))
        self._encode()

    def _references(self, table: pa.Table) -> Iterator[tuple[tuple[str, Column], _Keys]]:
        import numpy as np

        for record in self.schema.tables:
            for column in record.columns:
                if column.kind != "reference":
                    continue
                found: _Keys | None = None
                if record.name in self.children:
                    owner, struct = self.children[record.name]
                    found = _keys(owner, struct, column.name)
                elif record.name == REQUESTS and column.name in table.column_names:
                    found = _spread(np.arange(self.size), one_array(table.column(column.name)))
                if found is not None and len(found.owner):
                    yield (record.name, column), found

    def _encode(self) -> None:
        """Every (request, key) pair as one number."""
        import numpy as np

        pa = arrow()
        every = [*self.keys.values(), *self.references.values()]
        coded = pa.concat_arrays([k.text for k in every] or [pa.array([], pa.string())]).dictionary_encode()
        self.names = coded.dictionary
        self.width = max(len(self.names), 1)
        indices = coded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
        ends = np.cumsum([len(k.owner) for k in every])
        split = np.split(indices, ends[:-1]) if every else []
        codes = [k.owner * self.width + i for k, i in zip(every, split, strict=True)]
        self.key_codes = dict(zip(self.keys, codes, strict=False))
        self.reference_codes = dict(zip(self.references, codes[len(self.keys) :], strict=True))
        self.known = {name: self._set(c) for name, c in self.key_codes.items()}

    def _set(self, codes: np.ndarray) -> np.ndarray:
        import numpy as np

        if self.size * self.width > _BITS:
            return np.unique(codes)
        bits = np.zeros(self.size * self.width, bool)
        bits[codes] = True
        return bits

    def _has(self, name: str, codes: np.ndarray) -> np.ndarray:
        import numpy as np

        known = self.known.get(name)
        if known is None:
            return np.zeros(len(codes), bool)
        if known.dtype == bool:
            hit: np.ndarray = known[codes]
            return hit
        if not len(known):
            return np.zeros(len(codes), bool)
        found: np.ndarray = known[np.minimum(np.searchsorted(known, codes), len(known) - 1)] == codes
        return found

    def _count(self, name: str) -> int:
        known = self.known[name]
        return int(known.sum()) if known.dtype == bool else len(known)

    def faults(self) -> Iterator[tuple[int, Fault]]:
        import numpy as np

        for name, codes in self.key_codes.items():
            if self._count(name) == len(codes):
                continue
            ordered = np.sort(codes)
            if np.any(ordered[1:] == ordered[:-1]):
                for code in np.unique(ordered[1:][ordered[1:] == ordered[:-1]]):
                    what = f"two rows of {name} have the key {self._key(code)}."
                    yield int(code // self.width), Fault(f"{name}.{KEY}", what, "Give each row of a request its own.")
        for (name, column), codes in self.reference_codes.items():
            hits = sum((self._has(t, codes).astype(np.int8) for t in column.refers_to), np.zeros(len(codes), np.int8))
            for i in np.flatnonzero(hits != 1):
                yield from self._fault(name, column, int(codes[i]), int(hits[i]), self.references[name, column], int(i))

    def _fault(
        self, name: str, column: Column, code: int, hits: int, found: _Keys, i: int
    ) -> Iterator[tuple[int, Fault]]:
        import numpy as np

        owner = code // self.width
        text = str(self.names[code % self.width].as_py())
        first = 0 if name == REQUESTS else int(np.searchsorted(self.children[name][0], owner))
        nth = "" if name == REQUESTS else f", row {int(found.row[i]) - first + 1} of the request"
        where = f"{name}.{column.name}{nth}"
        if hits > 1:
            several = [t for t in column.refers_to if self._has(t, found.owner[i : i + 1] * 0 + code)[0]]
            cure = f"Write the table before the key, such as {several[0]}/{text[:40]}."
            yield owner, Fault(where, f"{self._key(code)} is the key of rows of {' and '.join(several)}.", cure)
        elif not self._qualified(column, owner, text):
            tables = column.refers_to if len(column.refers_to) < 4 else ("conditions or evidence",)
            what = f"{self._key(code)} is the key of no row of {' or '.join(tables)} of this request."
            yield owner, Fault(where, what, "Correct the reference, or add the row.")

    def _qualified(self, column: Column, owner: int, text: str) -> bool:
        """Whether a reference that names its table, such as findings/f1, names a row of it."""
        table, slash, key = text.partition("/")
        if not slash or table not in column.refers_to or table not in self.keys:
            return False
        keys = self.keys[table]
        return bool(compute().any(compute().equal(keys.text.filter(arrow().array(keys.owner == owner)), key)).as_py())

    def _key(self, code: int) -> str:
        text = str(self.names[int(code) % self.width].as_py())
        return repr(text if len(text) <= 40 else text[:39] + "…")


def one_array(column: Any) -> Any:
    """A column as one array."""
    pa = arrow()
    if not isinstance(column, pa.ChunkedArray):
        return column
    return pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)


def flattened(column: Any) -> tuple[np.ndarray, Any]:
    """The rows of a child table in a nested column: the request of each, and the rows as structs."""
    import numpy as np

    array = one_array(column)
    lengths = compute().fill_null(compute().list_value_length(array), 0).to_numpy(zero_copy_only=False)
    return np.repeat(np.arange(len(array)), lengths), array.flatten()


def _keys(owner: np.ndarray, struct: Any, name: str) -> _Keys | None:
    if struct.type.get_field_index(name) < 0:
        return None
    return _spread(owner, struct.field(name) if struct.null_count == 0 else compute().struct_field(struct, name))


def _spread(owner: np.ndarray, values: Any) -> _Keys:
    """Values and lists of values alike, one entry each, with the position of the row."""
    import numpy as np

    pa, pc = arrow(), compute()
    row = np.arange(len(owner))
    if pa.types.is_list(values.type) or pa.types.is_large_list(values.type):
        lengths = pc.fill_null(pc.list_value_length(values), 0).to_numpy(zero_copy_only=False)
        owner, row, values = np.repeat(owner, lengths), np.repeat(row, lengths), values.flatten()
    valid = values.is_valid().to_numpy(zero_copy_only=False)
    if not valid.all():
        owner, row, values = owner[valid], row[valid], values.drop_null()
    return _Keys(owner.astype(np.int64), values.cast(pa.string()), row)
