"""CSV on the Web: the metadata file that documents the tables of a library, and that maps a user's columns to them.

Read of the W3C Recommendation (Metadata Vocabulary for Tabular Data): tables, url, tableSchema, columns, name, titles,
propertyUrl, datatype with format, separator, null, default, required, suppressOutput, virtual, primaryKey, foreignKeys,
dialect (delimiter, encoding). Plexus's own annotations are ``values``, what a user's codes mean; ``terms``, the names
that a column takes, or for the whole group those of each class of terms; and ``range``, the class of a column.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from reasoner.errors import TableError
from reasoner.tables.cells import strptime_of
from reasoner.tables.mapping import SEPARATOR, Metadata, TableWanted, Treatment, Wanted, columns_of, table_named
from reasoner.tables.schema import KEY, REQUEST, REQUEST_KEY, REQUESTS, Column, RecordTable, Schema
from reasoner.tables.terms import TermIndex
from reasoner.vocabulary import BASE, PREFIXES, RDF, compact, local_name

METADATA_FILE = "csv-metadata.json"
CONTEXT = "http://www.w3.org/ns/csvw"
VALUES, TERMS, RANGE = (f"{BASE}tables#{name}" for name in ("values", "terms", "range"))
TO_WRITE = "…"
"""How a text begins that an author has still to write."""
_INHERITED = ("null", "default", "separator", "datatype")
_TYPE = ("rdf:type", RDF.type.value)


# ---- Writing ---------------------------------------------------------------------------------------


def metadata_of(schema: Schema, terms: TermIndex, suffix: str = ".csv") -> dict[str, Any]:
    """A CSVW table group with every table and column of a library: what each means, and the names that it takes.

    Args:
        schema: the tables.
        terms: the terms that columns take.
        suffix: what the names of files end in.
    """
    ranges = sorted({c.range for t in schema.tables for c in t.columns if c.range and not c.values})
    names = {compact(r): names_of(terms.instances[r], terms) for r in ranges}
    return {"@context": CONTEXT, TERMS: names, "tables": [_table(t, terms, suffix) for t in schema.tables]}


def _table(table: RecordTable, terms: TermIndex, suffix: str) -> dict[str, Any]:
    columns = [_column(c, terms) for c in columns_of(table)]
    kind = {"name": "class", "virtual": True, "propertyUrl": "rdf:type", "valueUrl": table.cls}
    schema: dict[str, Any] = {"columns": [*columns, kind]}
    if table.name == REQUESTS:
        schema["primaryKey"] = REQUEST_KEY
    schema["foreignKeys"] = list(_foreign_keys(table, suffix))
    described = {"dc:title": table.label, "dc:description": table.definition}
    return {"url": table.name + suffix, **{k: v for k, v in described.items() if v}, "tableSchema": schema}


def _column(column: Column, terms: TermIndex) -> dict[str, Any]:
    out: dict[str, Any] = {"name": column.name, "titles": column.name}
    if column.iri:
        out["propertyUrl"] = column.iri
    text = column.definition or column.message
    if text:
        out["dc:description"] = text
    out["datatype"] = {
        "date": {"base": "date", "format": "yyyy-MM-dd"},
        "boolean": {"base": "boolean", "format": "true|false"},
    }.get(column.kind, column.kind if column.kind in ("integer", "decimal") else "string")
    if column.many:
        out["separator"] = SEPARATOR
    if column.required:
        out["required"] = True
    if column.values:
        out[TERMS] = names_of(column.values, terms)
    elif column.range:
        out[RANGE] = compact(column.range)
    return out


def names_of(iris: Iterable[str], terms: TermIndex) -> list[str]:
    """The names by which terms go in tables: the local name where no other term has it, else prefix:name."""
    return sorted(local_name(i) if len(terms.by_name.get(local_name(i), ())) == 1 else compact(i) for i in iris)


def _foreign_keys(table: RecordTable, suffix: str) -> Iterator[dict[str, Any]]:
    """References to one table; CSVW can neither say those to one of several nor those of a cell with several values."""
    if table.name != REQUESTS:
        yield _foreign_key([REQUEST], REQUESTS + suffix, [REQUEST_KEY])
    for column in table.columns:
        if len(column.refers_to) == 1 and not column.many and table.name != REQUESTS:
            yield _foreign_key([REQUEST, column.name], column.refers_to[0] + suffix, [REQUEST, KEY])


def _foreign_key(own: list[str], resource: str, other: list[str]) -> dict[str, Any]:
    return {"columnReference": own, "reference": {"resource": resource, "columnReference": other}}


# ---- Reading ---------------------------------------------------------------------------------------


def read_metadata(path: Path, schema: Schema) -> Metadata:
    """What a CSVW file says of a user's tables.

    Raises:
        TableError: it is no CSVW file, or names a table or property that plexus does not know.
    """
    try:
        said = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError) as error:
        raise TableError(f"{path} cannot be read.", "Check the path.") from error
    except ValueError as error:
        raise TableError(f"{path} is no JSON: {error}.", "Correct the syntax there.") from error
    tables: dict[str, list[TableWanted]] = {}
    for entry, above in _entries(said, path):
        found = _Entry(entry, above, schema, path).wanted()
        tables.setdefault(found.url, []).append(found)
    return Metadata({url: tuple(found) for url, found in tables.items()})


def _entries(said: Any, path: Path) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    if not isinstance(said, dict) or not ("tables" in said or "url" in said):
        cure = "It takes a table group with tables, or one table with its url; plexus batch --csvw prints one."
        raise TableError(f"{path} is no CSVW metadata.", cure)
    group = {k: said[k] for k in (*_INHERITED, "dialect") if k in said}
    for entry in said.get("tables", [said]):
        if not isinstance(entry, dict) or not isinstance(entry.get("url"), str):
            raise TableError(f"{path}: a table has no url.", "Name the file of the table.")
        if not entry.get("suppressOutput"):
            yield entry, group


class _Entry:
    """One table of a CSVW file."""

    def __init__(self, entry: dict[str, Any], above: dict[str, Any], schema: Schema, path: Path) -> None:
        self.path, self.schema = path, schema
        self.url: str = entry["url"]
        self.description = entry.get("tableSchema") or {}
        if not isinstance(self.description, dict):
            raise TableError(f"{path}, {self.url}: its tableSchema is not in the file.", "Write it into the file.")
        self.inherited = {**above, **_some(entry), **_some(self.description)}
        self.dialect = {**above.get("dialect", {}), **entry.get("dialect", {})}
        self.columns = [c for c in self.description.get("columns", []) if isinstance(c, dict)]
        self.table = self._table()

    def wanted(self) -> TableWanted:
        taken: set[str] = set()
        wanted = [w for c in self.columns if not c.get("virtual") for w in [self._wanted(c, taken)]]
        self._keys(wanted, taken)
        delimiter = str(self.dialect.get("delimiter", "\t" if self.url.endswith(".tsv") else ","))
        encoding = str(self.dialect.get("encoding", "utf-8"))
        return TableWanted(self.table, self.url.rpartition("/")[2], tuple(wanted), delimiter, encoding)

    def _table(self) -> RecordTable:
        told = next((c.get("valueUrl") for c in self.columns if c.get("propertyUrl") in _TYPE), None)
        stem = str(told or self.url.rpartition("/")[2].rpartition(".")[0])
        found = self.schema.by_class.get(_expanded(stem)) or table_named(stem, self.schema)
        if found is None:
            what = f"{self.path}: nothing says which table {self.url} is."
            cure = 'Add {"virtual": true, "propertyUrl": "rdf:type", "valueUrl": "clin:Finding"}, or another class.'
            raise TableError(what, cure)
        return found

    def _wanted(self, column: dict[str, Any], taken: set[str]) -> Wanted:
        headers = _titles(column)
        if not headers:
            raise TableError(f"{self.path}, {self.url}: a column has neither name nor titles.", "Give it its header.")
        meant = None if column.get("suppressOutput") else self._meant(column, headers[0])
        foreign = column.get("propertyUrl") and meant is None
        if meant is not None:
            if meant.name in taken:
                what = f"{self.path}, {self.url}: two columns are {meant.name}."
                raise TableError(what, "Map one, and set suppressOutput on the other.")
            taken.add(meant.name)
        treatment = self._treatment({**self.inherited, **column}, f"{self.url}, {headers[0]}")
        return Wanted(headers, meant, treatment, bool(column.get("suppressOutput") or foreign))

    def _meant(self, column: dict[str, Any], header: str) -> Column | None:
        known = columns_of(self.table)
        told = column.get("propertyUrl")
        if isinstance(told, str):
            iri = _expanded(told)
            found = next((c for c in known if c.iri == iri), None)
            if found is None and iri.startswith(BASE):
                raise self._unknown(header, told, [compact(c.iri) for c in known if c.iri])
            return found
        name = column.get("name")
        return next((c for c in known if c.name == name), None)

    def _unknown(self, header: str, told: str, known: list[str]) -> TableError:
        near = difflib.get_close_matches(told, known, n=1, cutoff=0.5)
        cure = f"Did you mean {near[0]}?" if near else f"Its properties are {', '.join(known)}."
        return TableError(f"{self.path}, {self.url}: {header} is {told}, which {self.table.name} does not have.", cure)

    def _treatment(self, said: Mapping[str, Any], where: str) -> Treatment:
        nulls = said.get("null", ())
        datatype = said.get("datatype")
        base = datatype.get("base") if isinstance(datatype, dict) else datatype
        pattern = datatype.get("format") if isinstance(datatype, dict) and base in ("date", "dateTime") else None
        values: Any = next((said[k] for k in (VALUES, "plexus:values") if k in said), {})
        unwritten = [*(k for k, v in dict(values).items() if _to_write(v))] if isinstance(values, dict) else []
        if unwritten or _to_write(pattern):
            what = f"what {', '.join(unwritten)} means" if unwritten else "the format of its dates"
            cure = f"Put it in the place of “{TO_WRITE}”; null means missing."
            raise TableError(f"{self.path}, {where}: {what} is still to be written.", cure)
        if not isinstance(values, dict):
            raise TableError(f"{self.path}, {where}: its values are no object.", 'Write {"L": "clin:Left"}.')
        if pattern is not None:
            strptime_of(str(pattern))
        return Treatment(
            said.get("separator"),
            (nulls,) if isinstance(nulls, str) else tuple(nulls),
            said.get("default"),
            None if pattern in (None, "yyyy-MM-dd") else str(pattern),
            tuple((str(k), "" if v is None else str(v)) for k, v in values.items()),
        )

    # ---- Keys ----

    def _keys(self, wanted: list[Wanted], taken: set[str]) -> None:
        """Columns that nothing but a key says: a foreign key into one table, and the primary key."""
        told = {c.get("name"): i for i, c in enumerate(c for c in self.columns if not c.get("virtual"))}
        for name, column in self._by_keys(taken):
            place = told.get(name)
            if place is not None and wanted[place].column is None and column.name not in taken:
                taken.add(column.name)
                wanted[place] = Wanted(wanted[place].headers, column, wanted[place].treatment)

    def _by_keys(self, taken: set[str]) -> Iterator[tuple[str, Column]]:
        known = {c.name: c for c in columns_of(self.table)}
        for key in self.description.get("foreignKeys", []):
            own = _names(key.get("columnReference"))
            resource = str(key.get("reference", {}).get("resource", "")).rpartition("/")[2].rpartition(".")[0]
            other = table_named(resource, self.schema)
            if other is None or not own:
                continue
            if other.name == REQUESTS and REQUEST in known:
                yield own[0], known[REQUEST]
            else:
                fits = [c for c in known.values() if c.refers_to == (other.name,) and c.name not in taken]
                if len(fits) == 1:
                    yield own[-1], fits[0]
        primary = _names(self.description.get("primaryKey"))
        if primary:
            yield primary[-1], known[REQUEST_KEY if self.table.name == REQUESTS else KEY]


def _some(said: Mapping[str, Any]) -> dict[str, Any]:
    return {k: said[k] for k in _INHERITED if k in said}


def _names(said: Any) -> list[str]:
    return [said] if isinstance(said, str) else [str(s) for s in said or []]


def _titles(column: Mapping[str, Any]) -> tuple[str, ...]:
    said = column.get("titles")
    if isinstance(said, dict):
        said = [t for some in said.values() for t in _names(some)]
    return tuple(_names(said)) or tuple(_names(column.get("name")))


def _expanded(name: str) -> str:
    prefix, colon, local = name.partition(":")
    return PREFIXES[prefix] + local if colon and prefix in PREFIXES else name


def _to_write(value: Any) -> bool:
    return isinstance(value, str) and value.startswith(TO_WRITE)
