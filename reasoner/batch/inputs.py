"""The inputs of a batch as chunks: what can be read by each worker for itself, and what a reader makes on the way."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reasoner.batch.chunks import Chunk, Given, nested_chunks
from reasoner.tables.chunks import Reading
from reasoner.tables.nested import nested_map, repeated_keys
from reasoner.tables.optional import arrow, parquet
from reasoner.tables.rejected import rejected_table
from reasoner.tables.schema import Schema, nested_schema
from reasoner.tables.sources import kind_of

if TYPE_CHECKING:
    import pyarrow as pa

LARGE = 256 << 20
"""A file of more bytes is told apart by its size, its time and its ends, not by all its bytes."""


def input_chunks(paths: Iterable[Path], reading: Reading, finished: Collection[int] = ()) -> Iterator[Chunk]:
    """The chunks of inputs of any kind, numbered in one sequence; those already finished are not read.

    Raises:
        TableError: an input cannot be read, or is of no kind that plexus reads.
    """
    number = 0
    for path in paths:
        kind = kind_of(path, reading.schema)
        if canonical(path, reading.schema):
            for chunk in nested_chunks([path], rows=reading.rows, first=number):
                number = chunk.number + 1
                if chunk.number not in finished:
                    yield chunk
            continue
        for pending in kind.chunks(path, reading):
            if number not in finished:
                table, rejected = pending.load()
                lost = len({r.request for r in rejected if r.lines})
                name = f"{path}, part {number + 1}"
                yield Given(number, name, table, rejected_table(rejected), table.num_rows + lost)
            number += 1


def canonical(path: Path, schema: Schema) -> bool:
    """Whether a file is a nested table just as plexus names it, with no identifier twice."""
    if not path.is_file() or path.suffix != ".parquet":
        return False
    given = parquet().ParquetFile(path).schema_arrow
    wanted = nested_schema(schema)
    known = all(f.name in wanted.names and _fits(f.type, wanted.field(f.name).type) for f in given)
    return known and not len(repeated_keys({path: nested_map(given, schema, path.name)}))


def _fits(given: pa.DataType, wanted: pa.DataType) -> bool:
    types = arrow().types
    if types.is_struct(wanted):
        return types.is_struct(given) and all(
            wanted.get_field_index(f.name) >= 0 and _fits(f.type, wanted.field(f.name).type) for f in given
        )
    if types.is_list(wanted):
        return _fits(given.value_type, wanted.value_type) if types.is_list(given) else _fits(given, wanted.value_type)
    if types.is_string(wanted):
        return bool(types.is_string(given) or types.is_dictionary(given) and types.is_string(given.value_type))
    return bool(given == wanted or types.is_null(given))


def fingerprint(path: Path) -> dict[str, Any]:
    """What tells an input from another: its files with sizes and SHA-256.

    Of a large file size, time of change and the first and last mebibyte stand for its bytes.
    """
    files = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
    return {"path": str(path), "files": [_file(p, path) for p in files]}


def _file(path: Path, root: Path) -> dict[str, Any]:
    stat = path.stat()
    name = path.name if path == root else str(path.relative_to(root))
    whole = stat.st_size <= LARGE
    with path.open("rb") as file:
        if whole:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        else:
            ends = file.read(1 << 20)
            file.seek(-(1 << 20), 2)
            digest = hashlib.sha256(ends + file.read() + str((stat.st_size, stat.st_mtime_ns)).encode()).hexdigest()
    return {"file": name, "bytes": stat.st_size, "sha256" if whole else "sha256 of ends, size and time": digest}
