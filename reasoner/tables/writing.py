"""Inputs of any kind written as the canonical nested table, such as Spark reads it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from reasoner.tables.chunks import Reading
from reasoner.tables.optional import arrow, parquet
from reasoner.tables.rejected import Rejection
from reasoner.tables.schema import nested_schema
from reasoner.tables.sources import nested_chunks

if TYPE_CHECKING:
    import pyarrow as pa


def write_nested(sources: Iterable[Path], target: Path, reading: Reading) -> tuple[Rejection, ...]:
    """Write inputs as one Parquet file with one row a request; it gets its name once it is whole.

    Args:
        sources: files and folders of any kind that plexus reads.
        target: the file to write.
        reading: how the inputs are read; its ``rows`` are those of a row group.

    Returns:
        What could not become a row. Keep it with the rejected rows of a later review: these requests are not in the
        file.

    Raises:
        TableError: an input cannot be read at all.
    """
    schema = nested_schema(reading.schema)
    temporary = target.with_name(f".{target.name}.tmp")
    rejected: list[Rejection] = []
    try:
        with parquet().ParquetWriter(temporary, schema, compression="zstd") as out:
            for chunk in nested_chunks(sources, reading):
                out.write_table(_filled(chunk.table, schema))
                rejected += chunk.rejected
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)
    return tuple(rejected)


def _filled(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """The rows with all columns of the schema."""
    pa = arrow()
    columns = [
        table.column(f.name) if f.name in table.column_names else pa.nulls(table.num_rows, f.type) for f in schema
    ]
    return pa.table(columns, schema=schema)
