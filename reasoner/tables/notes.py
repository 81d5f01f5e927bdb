"""What a run should say of an input before it starts, from the names of its columns alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from reasoner.tables.chunks import Reading
from reasoner.tables.entities import open_folder
from reasoner.tables.files import open_parquet
from reasoner.tables.mapping import TableMap, nearest_column
from reasoner.tables.nested import is_nested_file, nested_map
from reasoner.tables.schema import REQUEST
from reasoner.tables.sources import kind_of


def mapping_notes(path: Path, reading: Reading) -> tuple[str, ...]:
    """Columns and files that are not used, and columns that a usable record needs and that are missing.

    No row is read; :func:`reasoner.tables.report.mapping_report` reads them all.

    Raises:
        TableError: the input cannot be read, or its columns contradict one another.
    """
    kind = kind_of(path, reading.schema).name
    if kind == "entity tables":
        folder = open_folder(path, reading.schema, reading.metadata)
        tables = [note for e in folder.entities for note in _of_table(e.mapping, e.source)]
        return (*tables, *(f"{name} is no table of plexus and is not read." for name in folder.ignored))
    files = [path] if path.is_file() else sorted(path.iterdir())
    return tuple(n for p in files if is_nested_file(p, reading.schema) for n in _of_nested(p, reading))


def _of_nested(path: Path, reading: Reading) -> Iterator[str]:
    mapping = nested_map(open_parquet(path).schema_arrow, reading.schema, path.name)
    yield from _of_table(mapping.requests, path.name)
    yield from (f"{path.name}: {name} is not used." for name in mapping.unused)
    for name, child in mapping.children:
        yield from _of_table(child, f"{path.name}, {name}", nested=True)


def _of_table(mapping: TableMap, source: str, *, nested: bool = False) -> Iterator[str]:
    taken = [m.column.name for m in mapping.columns]
    for header in mapping.unused:
        near = nearest_column(header, mapping.table, taken)
        yield f"{source}: {header} is not used." + (f" Is it {near.name}?" if near else "")
    for column in mapping.missing:
        if not (nested and column.name == REQUEST):
            yield f"{source} has no column {column.name}, which every usable row of {mapping.table.name} has."
