"""A CSVW file for a user's own tables, filled in as far as names and values tell; the rest is marked to be written."""

from __future__ import annotations

from typing import Any

from reasoner.tables.csvw import CONTEXT, TO_WRITE, VALUES
from reasoner.tables.mapping import SEPARATOR, columns_of
from reasoner.tables.report import ColumnReport, MappingReport, TableReport, UnusedColumn
from reasoner.tables.schema import Column, Schema


def draft_metadata(report: MappingReport, schema: Schema) -> dict[str, Any]:
    """A CSVW table group with every column of a user's entity tables.

    Values that name no term stand with ``…`` and the nearest term, if any; the file is refused until an author has put
    the meant term in the place of each (or null, for what is to be read as missing).
    """
    return {"@context": CONTEXT, "tables": [_table(t, schema) for t in report.tables]}


def _table(table: TableReport, schema: Schema) -> dict[str, Any]:
    meant = schema.table(table.table)
    known = {c.name: c for c in columns_of(meant)}
    said = {c.source: _used(c, known[c.target]) for c in table.columns} | {u.source: _unused(u) for u in table.unused}
    columns = [said[h] for h in table.headers]
    kind = {"name": "class", "virtual": True, "propertyUrl": "rdf:type", "valueUrl": meant.cls}
    return {"url": table.source, "tableSchema": {"columns": [*columns, kind]}}


def _used(column: ColumnReport, target: Column) -> dict[str, Any]:
    out: dict[str, Any] = {"titles": column.source, "name": target.name}
    if target.iri:
        out["propertyUrl"] = target.iri
    if target.many:
        out["separator"] = SEPARATOR
    if column.kind == "date" and column.unreadable:
        out["datatype"] = {"base": "date", "format": f"{TO_WRITE} such as M/d/yyyy"}
    values = {v.text: f"{TO_WRITE} {v.nearest or ''}".strip() for v in column.unknown if v.text is not None}
    if values:
        out[VALUES] = values
    return out


def _unused(column: UnusedColumn) -> dict[str, Any]:
    why = f"Perhaps {column.nearest}; name it so to use it." if column.nearest else "Not used."
    return {"titles": column.source, "suppressOutput": True, "dc:description": why}
