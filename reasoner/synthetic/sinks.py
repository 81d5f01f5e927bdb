"""Where synthetic requests are written to, chunk by chunk: a nested table, entity tables, or files of RDF."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from reasoner.knowledge import Knowledge
from reasoner.synthetic.draws import Draws
from reasoner.tables.entities import to_entities
from reasoner.tables.mapping import SEPARATOR
from reasoner.tables.optional import arrow, compute, parquet
from reasoner.tables.rdf_rows import triples_of
from reasoner.tables.schema import REQUEST_KEY, Schema
from reasoner.vocabulary import PREFIXES

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

GROUP = 50_000
"""Rows of a row group."""
RDF_REQUESTS = 1_000
"""Files of RDF in one folder, and requests that are in memory as triples at a time."""
_USED = {p: PREFIXES[p] for p in ("anat", "clin", "cov", "dcterms", "xsd")}
BUCKETS = 32
"""Parts on disk through which rows are shuffled; one part of one table is in memory at a time."""


class Sink(Protocol):
    """Takes chunks in order, and is closed after the last."""

    def add(self, rows: pa.Table) -> None:
        """Write a chunk."""

    def close(self) -> None:
        """Finish the files."""


class ParquetSink:
    """One Parquet file, compressed, in row groups of 50,000."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self._writer = parquet().ParquetWriter(path, schema, compression="zstd")

    def add(self, rows: pa.Table) -> None:
        """Write a chunk."""
        self._writer.write_table(rows, row_group_size=GROUP)

    def close(self) -> None:
        """Finish the file."""
        self._writer.close()


class CsvSink:
    """One CSV file; several values in a cell stand between bars."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        from pyarrow import csv

        pa = arrow()
        flat = pa.schema([(f.name, pa.string() if pa.types.is_list(f.type) else f.type) for f in schema])
        self._writer = csv.CSVWriter(path, flat, write_options=csv.WriteOptions(quoting_style="needed"))
        self._schema = flat

    def add(self, rows: pa.Table) -> None:
        """Write a chunk."""
        pa = arrow()
        self._writer.write_table(pa.table([_joined(c) for c in rows.columns], schema=self._schema))

    def close(self) -> None:
        """Finish the file."""
        self._writer.close()


def _joined(column: Any) -> Any:
    pa = arrow()
    if not pa.types.is_list(column.type):
        return column
    return compute().binary_join(column.cast(pa.list_(pa.string())), SEPARATOR)


class EntitySink:
    """One file a class. ``like`` is a nested table of every kind of record: it says which columns there are."""

    def __init__(self, folder: Path, schema: Schema, like: pa.Table, suffix: str) -> None:
        self._schema = schema
        self._schemas = {name: table.schema for name, table in to_entities(like, schema).items()}
        make = CsvSink if suffix == ".csv" else ParquetSink
        self._sinks: dict[str, Sink] = {n: make(folder / f"{n}{suffix}", s) for n, s in self._schemas.items()}

    def add(self, rows: pa.Table) -> None:
        """Write a chunk."""
        for name, table in self.tables(rows).items():
            self.put(name, table)

    def put(self, name: str, table: pa.Table) -> None:
        """Write rows of one table."""
        self._sinks[name].add(table)

    def tables(self, rows: pa.Table) -> dict[str, pa.Table]:
        """A chunk taken apart, with the columns that each file has.

        A value that has no column is a fault of plexus and not passed over.
        """
        out = {}
        for name, table in to_entities(rows, self._schema).items():
            wanted = self._schemas[name]
            assert set(table.column_names) <= set(wanted.names), f"{name} has a column that no scenario has"
            blank = arrow().nulls
            columns = [
                table.column(f.name) if f.name in table.column_names else blank(len(table), f.type) for f in wanted
            ]
            out[name] = arrow().table(columns, schema=wanted)
        return out

    @property
    def schemas(self) -> dict[str, pa.Schema]:
        """The columns of each table."""
        return self._schemas

    def close(self) -> None:
        """Finish the files."""
        for sink in self._sinks.values():
            sink.close()


class ShuffledSink:
    """Entity tables whose rows stand in no order, each table in another.

    Rows are dealt into parts on disk and the parts put together, so that memory does not grow with the table.
    """

    def __init__(self, folder: Path, entities: EntitySink, seed: int, parts: int = BUCKETS) -> None:
        self._folder, self._entities, self._seed = folder, entities, seed
        self._done = dict.fromkeys(entities.schemas, 0)
        pa = arrow()
        folder.mkdir()
        self._parts = {
            name: [pa.ipc.new_stream(str(self._part(name, i)), schema) for i in range(parts)]
            for name, schema in entities.schemas.items()
        }

    def _part(self, name: str, number: int) -> Path:
        return self._folder / f"{name}-{number}.arrows"

    def add(self, rows: pa.Table) -> None:
        """Deal a chunk into the parts."""
        import numpy as np

        for name, table in self._entities.tables(rows).items():
            parts = self._parts[name]
            to = (self._drawn(f"part of {name}", self._done[name], len(table)) * len(parts)).astype(int)
            self._done[name] += len(table)
            order = np.argsort(to, kind="stable")
            bounds = np.searchsorted(to[order], np.arange(len(parts) + 1))
            dealt = table.take(arrow().array(order)).combine_chunks()
            for part, start, stop in zip(parts, bounds[:-1], bounds[1:], strict=True):
                part.write_table(dealt.slice(start, stop - start))

    def close(self) -> None:
        """Write the parts one after the other, each in a drawn order, and finish the files."""
        import numpy as np

        pa = arrow()
        for name, parts in self._parts.items():
            done = 0
            for number, part in enumerate(parts):
                part.close()
                path = self._part(name, number)
                with pa.ipc.open_stream(str(path)) as stream:
                    table = stream.read_all()
                order = np.argsort(self._drawn(f"place in {name}", done, len(table)), kind="stable")
                done += len(table)
                self._entities.put(name, table.take(pa.array(order)))
                path.unlink()
        self._folder.rmdir()
        self._entities.close()

    def _drawn(self, name: str, start: int, count: int) -> NDArray[Any]:
        import numpy as np

        return Draws(self._seed, np.arange(start, start + count), hash).uniform(name)


class RdfSink:
    """A file for each request, as N-Triples or Turtle, in folders of a thousand.

    In a file of several requests, what nothing links to a request belongs to none: a study that is only ordered, or a
    finding about nothing. Such a request would say less than its row, and pass where it should be rejected.
    """

    def __init__(self, folder: Path, knowledge: Knowledge, suffix: str) -> None:
        self._folder, self._knowledge, self._suffix = folder, knowledge, suffix
        self._files = 0

    def add(self, rows: pa.Table) -> None:
        """Write a chunk."""
        from pyoxigraph import RdfFormat, Triple, serialize

        turtle = self._suffix == ".ttl"
        for start in range(0, len(rows), RDF_REQUESTS):
            for row in rows.slice(start, RDF_REQUESTS).to_pylist():
                triples = (Triple(*t) for t in triples_of(row, self._knowledge))
                path = self._path(row[REQUEST_KEY])
                if turtle:
                    serialize(triples, path, format=RdfFormat.TURTLE, prefixes=_USED)
                else:
                    serialize(triples, path, format=RdfFormat.N_TRIPLES)

    def _path(self, identifier: str) -> Path:
        folder = self._folder / f"requests-{self._files // RDF_REQUESTS:06d}"
        folder.mkdir(exist_ok=True)
        self._files += 1
        return folder / f"{identifier}{self._suffix}"

    def close(self) -> None:
        """Every file is finished already."""
