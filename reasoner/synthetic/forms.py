"""The forms in which synthetic requests are written: the nested table, entity tables, and RDF, chunk by chunk."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from reasoner.knowledge import Knowledge
from reasoner.tables.csvw import METADATA_FILE, metadata_of
from reasoner.tables.entities import to_entities
from reasoner.tables.mapping import SEPARATOR
from reasoner.tables.optional import arrow, parquet
from reasoner.tables.rdf_rows import triples_of
from reasoner.tables.sample_tables import given
from reasoner.tables.schema import KEY, REQUEST, REQUEST_KEY, REQUESTS, Schema, nested_schema, schema_of
from reasoner.tables.terms import index_of
from reasoner.vocabulary import PREFIXES

if TYPE_CHECKING:
    import pyarrow as pa

NESTED, ENTITIES, CSV, NTRIPLES, TURTLE = "nested", "entities", "csv", "ntriples", "turtle"
RDF_FOLDER = 1000
"""Files of RDF in one folder."""
RDF_ROWS = 500
"""Requests that are in memory as triples at once."""
NOTE = "Synthetic requests made by plexus generate. No person, clinician or document in them exists."


class Form(Protocol):
    """Writes tables of requests one after the other; ``only`` are the entity tables wanted, None for all."""

    def write(self, requests: pa.Table, only: Callable[[str], bool]) -> None:
        """Write a chunk."""

    def close(self) -> None:
        """Finish the files."""


def open_form(name: str, folder: Path, knowledge: Knowledge, known: dict[str, tuple[str, ...]]) -> Form:
    """What writes a form into a folder.

    ``known`` are the columns of each entity table of which some request has a value; the others are left out.
    """
    if name == NESTED:
        return _Nested(folder, schema_of(knowledge))
    if name in (ENTITIES, CSV):
        (folder / "requests").mkdir()
        return _Entities(folder / "requests", knowledge, known, csv=name == CSV)
    (folder / "requests").mkdir()
    return _Rdf(folder / "requests", knowledge, turtle=name == TURTLE)


def noted(schema: pa.Schema) -> pa.Schema:
    """A schema whose metadata says that the data are synthetic."""
    return schema.with_metadata({"plexus": NOTE})


def parquet_writer(path: Path, schema: pa.Schema) -> Any:
    """A writer of one Parquet file of synthetic data."""
    return parquet().ParquetWriter(path, noted(schema), compression="zstd")


class _Nested:
    def __init__(self, folder: Path, schema: Schema) -> None:
        self._schema = nested_schema(schema)
        self._writer = parquet_writer(folder / "requests.parquet", self._schema)

    def write(self, requests: pa.Table, only: Callable[[str], bool]) -> None:
        self._writer.write_table(requests.cast(noted(self._schema)), row_group_size=len(requests) or 1)

    def close(self) -> None:
        self._writer.close()


@dataclass
class _Entities:
    """One file a class, Parquet or CSV; a chunk gives each file some rows."""

    folder: Path
    knowledge: Knowledge
    known: dict[str, tuple[str, ...]]
    csv: bool
    _writers: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        schema = schema_of(self.knowledge)
        own = {f.name: f.type for f in nested_schema(schema)}
        for name, columns in self.known.items():
            types = own if name == REQUESTS else {f.name: f.type for f in own[name].value_type}
            types = {REQUEST: arrow().string(), **types}
            self._writers[name] = self._opened(name, arrow().schema([(c, types[c]) for c in columns]))
        if self.csv:
            headers = {f"{name}.csv": ",".join(columns) + "\n" for name, columns in self.known.items()}
            metadata = metadata_of(schema, index_of(self.knowledge))
            metadata["tables"] = [given(t, headers) for t in metadata["tables"] if t["url"] in headers]
            text = json.dumps(metadata, indent=2, ensure_ascii=False) + "\n"
            (self.folder / METADATA_FILE).write_text(text, encoding="utf-8")

    def _opened(self, name: str, schema: pa.Schema) -> tuple[Any, pa.Schema]:
        if not self.csv:
            return parquet_writer(self.folder / f"{name}.parquet", schema), noted(schema)
        import pyarrow.csv as arrow_csv

        flat = arrow().schema([(f.name, arrow().string() if _is_list(f.type) else f.type) for f in schema])
        return arrow_csv.CSVWriter(self.folder / f"{name}.csv", flat), flat

    def write(self, requests: pa.Table, only: Callable[[str], bool]) -> None:
        found = to_entities(requests, schema_of(self.knowledge))
        for name, (writer, schema) in self._writers.items():
            if name in found and only(name):
                rows = found[name]
                columns = [_cells(rows, f, self.csv) for f in schema]
                writer.write_table(arrow().Table.from_arrays(columns, schema=schema))

    def close(self) -> None:
        for writer, _ in self._writers.values():
            writer.close()


def _is_list(kind: Any) -> bool:
    return bool(arrow().types.is_list(kind))


def _cells(rows: pa.Table, wanted: pa.Field, csv: bool) -> Any:
    import pyarrow.compute as pc

    pa = arrow()
    if wanted.name not in rows.column_names:
        return pa.nulls(len(rows), wanted.type)
    column = rows.column(wanted.name)
    if not csv or not _is_list(column.type):
        return column
    # Keys and terms hold no separator, and neither does any text of the catalogue.
    return pc.binary_join(column.cast(pa.list_(pa.string())), SEPARATOR)


@dataclass
class _Rdf:
    """A file for each request: in a file of several, what nothing links to a request would belong to none of them."""

    folder: Path
    knowledge: Knowledge
    turtle: bool
    _done: int = 0

    def write(self, requests: pa.Table, only: Callable[[str], bool]) -> None:
        from pyoxigraph import RdfFormat, Triple, serialize

        suffix, kind = ("ttl", RdfFormat.TURTLE) if self.turtle else ("nt", RdfFormat.N_TRIPLES)
        for start in range(0, len(requests), RDF_ROWS):
            for row in requests.slice(start, RDF_ROWS).to_pylist():
                triples = (Triple(*t) for t in triples_of(row, self.knowledge))
                with self._path(row[REQUEST_KEY], suffix).open("wb") as file:
                    file.write(f"# {NOTE}\n".encode())
                    serialize(triples, file, kind, prefixes=PREFIXES if self.turtle else None)

    def _path(self, identifier: str, suffix: str) -> Path:
        folder = self.folder / f"{self._done // RDF_FOLDER:06d}"
        folder.mkdir(exist_ok=True)
        self._done += 1
        return folder / f"{identifier}.{suffix}"

    def close(self) -> None:
        """Every file is finished where it is written."""


def columns_known(requests: pa.Table, schema: Schema) -> dict[str, tuple[str, ...]]:
    """The columns of each entity table that have a value in some of these requests, keys first."""
    found = to_entities(requests, schema)
    always = {REQUEST, KEY}
    return {
        name: tuple(c for c in rows.column_names if c in always or rows.column(c).null_count < len(rows))
        for name, rows in found.items()
    }
