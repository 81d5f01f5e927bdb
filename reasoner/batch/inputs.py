"""The inputs of a batch as chunks: what can be read by each worker for itself, and what a reader makes on the way."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reasoner.batch.chunks import Chunk, Given, nested_chunks
from reasoner.errors import BatchError
from reasoner.tables.chunks import Pending, Reading
from reasoner.tables.nested import is_nested_file, nested_files, nested_map, repeated_keys
from reasoner.tables.optional import arrow, parquet
from reasoner.tables.rejected import rejected_table
from reasoner.tables.schema import Schema, nested_schema
from reasoner.tables.sources import InputKind, kind_of

if TYPE_CHECKING:
    import pyarrow as pa


def input_chunks(paths: Iterable[Path], reading: Reading, finished: Collection[int] = ()) -> Iterator[Chunk]:
    """The chunks of inputs of any kind, numbered in one sequence; those already finished are not read.

    The identifiers of nested tables that stand beside one another are compared over all of them.

    Raises:
        TableError: an input cannot be read, or is of no kind that plexus reads.
    """
    number = 0
    for (nested, kind), group in groupby(paths, lambda path: _kind(path, reading)):
        some = list(group)
        if nested and all_canonical(some, reading.schema):
            for chunk in nested_chunks(some, rows=reading.rows, first=number):
                number = chunk.number + 1
                if chunk.number not in finished:
                    yield chunk
            continue
        for path, pending in _pending(some, kind, reading):
            if number not in finished:
                table, rejected = pending.load()
                lost = len({r.request for r in rejected if r.lines})
                name = f"{path}, part {number + 1}"
                yield Given(number, name, table, rejected_table(rejected), table.num_rows + lost)
            number += 1


def _kind(path: Path, reading: Reading) -> tuple[bool, InputKind]:
    return is_nested_file(path, reading.schema), kind_of(path, reading.schema)


def _pending(paths: list[Path], kind: InputKind, reading: Reading) -> Iterator[tuple[Path, Pending]]:
    if is_nested_file(paths[0], reading.schema):
        yield from ((paths[0].parent, pending) for pending in nested_files(paths, reading))
    else:
        yield from ((path, pending) for path in paths for pending in kind.chunks(path, reading))


def all_canonical(paths: Iterable[Path], schema: Schema) -> bool:
    """Whether files are nested tables just as plexus names them, with no identifier twice."""
    given = {path: parquet().ParquetFile(path).schema_arrow for path in paths}
    wanted = nested_schema(schema)
    known = all(f.name in wanted.names and _fits(f.type, wanted.field(f.name).type) for g in given.values() for f in g)
    return known and not len(repeated_keys({p: nested_map(g, schema, p.name) for p, g in given.items()}))


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
    """What tells an input from another: its files with their sizes and SHA-256.

    Raises:
        BatchError: a file cannot be read.
    """
    files = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
    return {"path": str(path), "files": [_file(p, path) for p in files]}


def _file(path: Path, root: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise BatchError(f"{path} cannot be read: {error.strerror}.", "Check the path and its permissions.") from error
    name = path.name if path == root else str(path.relative_to(root))
    return {"file": name, "bytes": path.stat().st_size, "sha256": digest}
