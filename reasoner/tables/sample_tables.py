"""Tables of a few requests under both policies, as a start: CSV entity tables and the CSVW file that documents them."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from pyoxigraph import NamedNode

from reasoner.errors import TableError
from reasoner.knowledge import Knowledge
from reasoner.reading import read_triples
from reasoner.resources import package_file
from reasoner.tables.csvw import METADATA_FILE, metadata_of, names_of
from reasoner.tables.mapping import SEPARATOR, columns_of
from reasoner.tables.rdf_rows import row_of
from reasoner.tables.schema import REQUEST, REQUEST_KEY, REQUESTS, Column, RecordTable, schema_of
from reasoner.tables.terms import TermIndex, index_of
from reasoner.triples import Triples
from reasoner.vocabulary import COV

SAMPLED = (
    "complete-record",
    "nothing-documented",
    "two-lines-on-one-request",
    "acute-trauma-waives-treatment",
    "physical-therapy-helped",
    "decompression-complete-record",
    "decompression-three-measures",
    "plan-excludes-the-procedure",
)
"""The cases from which the samples are made."""


def sample_folder() -> Path:
    """The folder of the samples, which plexus ships."""
    return package_file("tables") / "samples"


def samples() -> tuple[Path, ...]:
    """The files of the samples, by name."""
    return tuple(sorted(p for p in sample_folder().iterdir() if p.suffix in (".csv", ".json")))


def csv_tables(rows: Iterable[Mapping[str, Any]], knowledge: Knowledge) -> dict[str, str]:
    """Rows of the nested table as the text of CSV entity tables, by file name; terms by their local names.

    Tables without rows and columns without values are left out.
    """
    schema, terms, every = schema_of(knowledge), index_of(knowledge), list(rows)
    out = {}
    for table in schema.tables:
        if table.name == REQUESTS:
            own = every
        else:
            own = [{**c, REQUEST: r[REQUEST_KEY]} for r in every for c in r.get(table.name) or ()]
        if own:
            out[f"{table.name}.csv"] = _csv(table, own, terms)
    return out


def _csv(table: RecordTable, rows: list[Mapping[str, Any]], terms: TermIndex) -> str:
    columns = [c for c in columns_of(table) if any(r.get(c.name) is not None for r in rows)]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([c.name for c in columns])
    writer.writerows([[_cell(r.get(c.name), c, terms) for c in columns] for r in rows])
    return text.getvalue()


def _cell(value: Any, column: Column, terms: TermIndex) -> str:
    if value is None:
        return ""
    values = value if isinstance(value, list) else [value]
    return SEPARATOR.join(_text(v, column, terms) for v in values)


def _text(value: Any, column: Column, terms: TermIndex) -> str:
    iri = terms.term_of(str(value), column) if column.kind == "term" else None
    if iri is not None:
        return names_of([iri], terms)[0]
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat() if isinstance(value, date) else str(value)


def sample_texts(cases: Path, knowledge: Knowledge) -> dict[str, str]:
    """The files of the samples as they follow from the cases, by name.

    Raises:
        TableError: a case does not fit into a table.
    """
    rows = [_row(cases / name / "request.ttl", knowledge) for name in SAMPLED]
    tables = csv_tables(rows, knowledge)
    metadata = metadata_of(schema_of(knowledge), index_of(knowledge))
    metadata["tables"] = [_given(t, tables) for t in metadata["tables"] if t["url"] in tables]
    return {**tables, METADATA_FILE: json.dumps(metadata, indent=1, ensure_ascii=False) + "\n"}


def _given(table: dict[str, Any], tables: Mapping[str, str]) -> dict[str, Any]:
    """A table of the metadata with the columns that its file has."""
    headers = tables[table["url"]].split("\n", 1)[0].split(",")
    schema = table["tableSchema"]
    columns = [c for c in schema["columns"] if c.get("virtual") or c["name"] in headers]
    keys = [k for k in schema["foreignKeys"] if set(k["columnReference"]) <= set(headers)]
    keys = [k for k in keys if k["reference"]["resource"] in tables]
    return {**table, "tableSchema": {**schema, "columns": columns, "foreignKeys": keys}}


def _row(file: Path, knowledge: Knowledge) -> dict[str, Any]:
    triples = Triples(read_triples(file).triples)
    (request,) = (n for n in triples.instances(COV.Request) if isinstance(n, NamedNode))
    found = row_of(triples, request, knowledge)
    if found.row is None:
        raise TableError(f"{file} does not fit into a table: {found.faults[0]}")
    return found.row
