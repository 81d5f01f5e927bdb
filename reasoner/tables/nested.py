"""Nested tables as users write them (one row a request, a list of structs a class) to chunks of the canonical one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reasoner.errors import TableError
from reasoner.tables.assemble import ROW, Assembled, Part, assemble, is_increasing, part_of, typed_key
from reasoner.tables.chunks import Pending, Reading, cut
from reasoner.tables.files import open_parquet
from reasoner.tables.mapping import TableMap, mapped, table_named
from reasoner.tables.optional import arrow
from reasoner.tables.references import flattened
from reasoner.tables.rejected import Rejection
from reasoner.tables.schema import REQUEST_KEY, RecordTable, Schema

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class NestedMap:
    """Where the columns of a nested table go: those of the request, and each nested column with its fields."""

    requests: TableMap
    children: tuple[tuple[str, TableMap], ...]
    unused: tuple[str, ...] = ()


def is_nested_file(path: Path, schema: Schema) -> bool:
    """Whether a file is a Parquet table with a nested column that is called after a child table."""
    if path.suffix.lower() not in (".parquet", ".pq") or not path.is_file():
        return False
    return any(_is_rows(f.type) and table_named(f.name, schema) for f in open_parquet(path).schema_arrow)


def _is_rows(kind: Any) -> bool:
    types = arrow().types
    listed = types.is_list(kind) or types.is_large_list(kind)
    return bool(listed and types.is_struct(kind.value_type))


def nested_map(given: Any, schema: Schema, source: str) -> NestedMap:
    """Where the columns of a nested table of an Arrow schema go.

    Raises:
        TableError: no column is the identifier, or two go into one.
    """
    lists = [f for f in given if _is_rows(f.type)]
    own = [f.name for f in given if not _is_rows(f.type)]
    requests = mapped(schema.requests, own, csv=False)
    if requests.of(REQUEST_KEY) is None:
        cure = f"Name one {REQUEST_KEY}. Its columns are {', '.join(own)[:400]}."
        raise TableError(f"{source} has no column with the identifier of the request.", cure)
    children: dict[str, tuple[str, TableMap]] = {}
    unused = []
    for column in lists:
        table = table_named(column.name, schema)
        if table is None or table in (schema.requests,):
            unused.append(column.name)
        elif table.name in children:
            both = f"{children[table.name][0]} and {column.name}"
            raise TableError(f"{source}: {both} are both the table {table.name}.", "Leave one.")
        else:
            fields = [f.name for f in column.type.value_type]
            children[table.name] = (column.name, mapped(table, fields, csv=False, nested=True))
    return NestedMap(requests, tuple(children.values()), tuple(unused))


def nested_chunks_of(path: Path, reading: Reading) -> Iterator[Pending]:
    """The chunks of a nested Parquet file, row group by row group.

    Raises:
        TableError: it cannot be read, or its columns cannot be mapped.
    """
    yield from nested_files([path], reading)


def nested_files(paths: list[Path], reading: Reading) -> Iterator[Pending]:
    """The chunks of nested Parquet files, whose identifiers are compared over all of them."""
    maps = {p: nested_map(open_parquet(p).schema_arrow, reading.schema, p.name) for p in paths}
    repeated = repeated_keys(maps)
    for path, mapping in maps.items():
        yield from _groups(path, mapping, reading, repeated)


def _groups(path: Path, mapping: NestedMap, reading: Reading, repeated: Any) -> Iterator[Pending]:
    file = open_parquet(path)
    done = 0
    for group in range(file.num_row_groups):
        rows = file.metadata.row_group(group).num_rows
        read = _Group(path, group, mapping, reading, done, repeated)
        for start in range(0, rows, reading.rows):
            yield Pending(partial(read.chunk, start))
        done += rows


class _Group:
    """One row group, its pieces read in turn; pieces that nobody asks for are skipped."""

    def __init__(self, path: Path, group: int, mapping: NestedMap, reading: Reading, first: int, repeated: Any) -> None:
        self.path, self.group, self.mapping, self.reading = path, group, mapping, reading
        self.first, self.repeated = first, repeated
        self.pieces: Iterator[Any] | None = None
        self.place = 0

    def chunk(self, start: int) -> tuple[Any, tuple[Rejection, ...]]:
        """The rows from a position of the group."""
        pa = arrow()
        if self.pieces is None or start < self.place:
            names = [m.source for m in self.mapping.requests.columns] + [n for n, _ in self.mapping.children]
            file = open_parquet(self.path)
            batches = file.iter_batches(self.reading.rows, row_groups=[self.group], columns=names)
            self.pieces, self.place = cut((pa.Table.from_batches([b]) for b in batches), self.reading.rows), 0
        try:
            while self.place < start:
                next(self.pieces)
                self.place += self.reading.rows
            piece = next(self.pieces)
        except (OSError, pa.ArrowInvalid) as error:
            raise TableError(f"{self.path} cannot be read: its Parquet is damaged.", "Write it anew.") from error
        self.place += self.reading.rows
        return canonical(
            piece, self.mapping, self.reading, self.path.name, self.first + start + 1, repeated=self.repeated
        )


def canonical(
    piece: Any, mapping: NestedMap, reading: Reading, source: str, first: int, repeated: Any = None
) -> tuple[Any, tuple[Rejection, ...]]:
    """Rows of a user's nested table as rows of the canonical one, and what was rejected; see :func:`assembled`."""
    made = assembled(piece, mapping, reading, source, first, repeated)
    return made.table, made.rejected


def assembled(
    piece: Any, mapping: NestedMap, reading: Reading, source: str, first: int, repeated: Any = None
) -> Assembled:
    """Rows of a user's nested table as rows of the canonical one, with the places that they had.

    Args:
        piece: the rows.
        mapping: where their columns go.
        reading: how inputs are read.
        source: the name of the file.
        first: the number of the first row in the file, from 1.
        repeated: identifiers that several rows of the whole input have; None: those of these rows are compared.
    """
    import numpy as np

    pa = arrow()
    numbers = pa.array(np.arange(first, first + piece.num_rows))
    requests = part_of(piece.append_column(ROW, numbers), mapping.requests, source)
    children = [_child(m.table, piece.column(name), m, numbers.to_numpy(), source) for name, m in mapping.children]
    return assemble(requests, children, reading.schema, references=reading.references, repeated=repeated)


def _child(table: RecordTable, column: Any, mapping: TableMap, numbers: np.ndarray, source: str) -> Part:
    import numpy as np

    pa = arrow()
    owner, rows = flattened(column)
    fields = {f.name: a for f, a in zip(rows.type, rows.flatten(), strict=True)}
    names = [m.source for m in mapping.columns]
    arrays = [fields[n] for n in names] or [pa.nulls(len(rows))]
    raw = pa.table([*arrays, pa.array(numbers[owner])], names=[*(names or ["nothing"]), ROW])
    part = part_of(raw, mapping, f"{source}, {table.name}", keyed=False)
    return Part(part.table, part.source, part.columns, part.keys, part.rows, part.bad, owner.astype(np.int64))


# ---- Identifiers of the whole file -----------------------------------------------------------------


def repeated_keys(maps: Mapping[Path, NestedMap]) -> Any:
    """The identifiers that several rows of files have; only that column is read, and hashes of it are kept."""
    import numpy as np

    pa = arrow()
    if _in_order(maps):
        return pa.array([], pa.string())
    every = np.sort(np.concatenate([_hashes(keys) for keys in _identifiers(maps)]))
    twice = np.unique(every[1:][every[1:] == every[:-1]])
    found: dict[str, int] = {}
    for keys in _identifiers(maps) if len(twice) else ():
        for text in keys.filter(pa.array(np.isin(_hashes(keys), twice))).drop_null().to_pylist():
            found[str(text)] = found.get(str(text), 0) + 1
    return pa.array([k for k, n in found.items() if n > 1], pa.string())


def _in_order(maps: Mapping[Path, NestedMap]) -> bool:
    last = None
    for keys in _identifiers(maps):
        joined = keys if last is None else arrow().concat_arrays([last.cast(keys.type), keys])
        if not is_increasing(joined, strictly=True):
            return False
        last = keys.slice(max(len(keys) - 1, 0))
    return True


def _identifiers(maps: Mapping[Path, NestedMap]) -> Iterator[Any]:
    for path, mapping in maps.items():
        key = mapping.requests.of(REQUEST_KEY)
        assert key is not None  # nested_map has asked for it
        for batch in open_parquet(path).iter_batches(columns=[key.source]):
            yield typed_key(batch.column(0), key.treatment, path.name)


def _hashes(keys: Any) -> np.ndarray:
    import numpy as np

    return np.fromiter((hash(str(k)) for k in keys.to_pylist()), np.int64, len(keys))
