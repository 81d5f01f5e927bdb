"""Folders of entity tables: one file a class, opened, mapped, and the nested table taken apart into them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reasoner.errors import TableError
from reasoner.tables.assemble import ROW, Part, part_of
from reasoner.tables.csvw import METADATA_FILE, read_metadata
from reasoner.tables.files import TABLE_SUFFIXES, TableFile, opened
from reasoner.tables.mapping import Metadata, TableMap, TableWanted, mapped_as, table_named
from reasoner.tables.optional import arrow
from reasoner.tables.references import flattened, one_array
from reasoner.tables.schema import KEY, REQUEST, REQUEST_KEY, REQUESTS, RecordTable, Schema

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa


@dataclass(frozen=True)
class Entity:
    """One of the user's files with what it maps to."""

    file: TableFile
    mapping: TableMap

    @property
    def source(self) -> str:
        """The name of the file, for messages."""
        return self.file.path.name

    def raw(self, rows: int = 16_384) -> Iterator[Any]:
        """The rows batch by batch with their numbers, from 1."""
        import numpy as np

        pa = arrow()
        done = 0
        for batch in self.file.batches([m.source for m in self.mapping.columns], rows):
            numbers = pa.array(np.arange(done + 1, done + 1 + batch.num_rows))
            done += batch.num_rows
            yield batch.append_column(ROW, numbers)

    def part(self, raw: Any) -> Part:
        """Some of its rows, typed."""
        return part_of(raw, self.mapping, self.source)

    def empty(self) -> Any:
        """No rows, of the right columns."""
        pa = arrow()
        names = [m.source for m in self.mapping.columns]
        return pa.table([pa.array([], pa.string())] * len(names) + [pa.array([], pa.int64())], names=[*names, ROW])


@dataclass(frozen=True)
class Folder:
    """The user's tables of a folder, that of the requests first, and the files that are none."""

    path: Path
    entities: tuple[Entity, ...]
    ignored: tuple[str, ...] = ()

    @property
    def requests(self) -> Entity:
        """The table of the requests."""
        return self.entities[0]

    @property
    def size(self) -> int:
        """Roughly how many bytes all take in memory."""
        return sum(e.file.size for e in self.entities)


def is_entity_folder(path: Path, schema: Schema) -> bool:
    """Whether a folder has a file that is called after a child table, or a CSVW file of them."""
    if not path.is_dir():
        return False
    stems = [p.stem for p in path.iterdir() if p.suffix.lower() in TABLE_SUFFIXES]
    return (path / METADATA_FILE).is_file() or any((t := table_named(s, schema)) and t.name != REQUESTS for s in stems)


def open_folder(path: Path, schema: Schema, metadata: Path | None = None) -> Folder:
    """The entity tables of a folder.

    Args:
        path: the folder.
        schema: the schema of the library.
        metadata: a CSVW file; without it that of the folder, ``csv-metadata.json``, where there is one.

    Raises:
        TableError: a file cannot be read, two files are one table, or there is no table of requests.
    """
    beside = path / METADATA_FILE
    said = read_metadata(metadata or beside, schema) if metadata or beside.is_file() else Metadata()
    entities, ignored = [], []
    for file in sorted(p for p in path.iterdir() if p.suffix.lower() in TABLE_SUFFIXES):
        wanted = said.tables.get(file.name, ())
        table = table_named(file.stem, schema) if not wanted else None
        if not wanted and table is None:
            ignored.append(file.name)
        for entry in wanted or ([TableWanted(table, file.name, ())] if table else []):
            entities.append(_entity(file, entry))
    absent = sorted(set(said.tables) - {e.file.path.name for e in entities})
    if absent:
        cure = f"The folder has {', '.join(p.name for p in sorted(path.iterdir()))[:400]}."
        raise TableError(f"{path}: the CSVW file names {', '.join(absent)}, and there is no such file.", cure)
    return Folder(path, _complete(path, entities), tuple(ignored))


def _entity(file: Path, wanted: TableWanted) -> Entity:
    given = wanted.delimiter if wanted.columns or wanted.delimiter != "," else None
    found = opened(file, given, wanted.encoding)
    return Entity(found, mapped_as(wanted, found.headers, csv=found.is_csv))


def _complete(path: Path, entities: list[Entity]) -> tuple[Entity, ...]:
    by_table: dict[str, list[Entity]] = {}
    for entity in entities:
        by_table.setdefault(entity.mapping.table.name, []).append(entity)
    for name, several in by_table.items():
        if len(several) > 1:
            files = " and ".join(e.source for e in several)
            raise TableError(f"{path}: {files} are both the table {name}.", "Leave one, or put them together.")
    if REQUESTS not in by_table:
        found = ", ".join(sorted(by_table)) or "none that plexus knows"
        cure = f"Add requests.csv or requests.parquet with a row a request. Tables found: {found}."
        raise TableError(f"{path} has no table of requests.", cure)
    for entity in entities:
        key = REQUEST_KEY if entity.mapping.table.name == REQUESTS else REQUEST
        if entity.mapping.of(key) is None:
            cure = f"Name one {key}, or map it in a CSVW file. Its columns are {', '.join(entity.file.headers)[:400]}."
            raise TableError(f"{entity.source} has no column with the identifier of the request.", cure)
    return tuple(sorted(entities, key=lambda e: e.mapping.table.name != REQUESTS))


# ---- And back --------------------------------------------------------------------------------------


def to_entities(nested: pa.Table, schema: Schema) -> dict[str, pa.Table]:
    """A nested table taken apart: one table a class, child rows with the identifier of their request.

    Columns of which no row has a value, and tables without rows, are left out; the table of requests never is.
    """
    pa = arrow()
    children = [t for t in schema.children if t.name in nested.column_names]
    own = [n for n in nested.column_names if n not in {t.name for t in children}]
    out = {REQUESTS: _filled(nested.select(own), (REQUEST_KEY,))}
    identifiers = one_array(nested.column(REQUEST_KEY))
    for table in children:
        owner, rows = flattened(nested.column(table.name))
        if len(rows):
            arrays = {REQUEST: identifiers.take(pa.array(owner)), **_fields(rows, table)}
            out[table.name] = _filled(pa.table(arrays), (REQUEST, KEY))
    return out


def _fields(rows: Any, table: RecordTable) -> Mapping[str, Any]:
    names = [f.name for f in rows.type]
    return dict(zip(names, rows.flatten(), strict=True)) if names else {c.name: None for c in table.columns}


def _filled(table: pa.Table, always: tuple[str, ...]) -> pa.Table:
    return table.select([n for n in table.column_names if n in always or table.column(n).null_count < table.num_rows])


def numbers(table: Any) -> np.ndarray:
    """The row numbers of raw rows."""
    found: np.ndarray = table.column(ROW).to_numpy()
    return found
