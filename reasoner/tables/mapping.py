"""How a user's tables and columns map to those of the schema: by their names, or as a CSVW file says."""

from __future__ import annotations

import difflib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from reasoner.errors import TableError
from reasoner.tables.schema import KEY, REQUEST, REQUEST_KEY, REQUESTS, Column, RecordTable, Schema
from reasoner.tables.terms import folded
from reasoner.vocabulary import compact, local_name

SEPARATOR = "|"
"""What stands between several values in one cell of a CSV table."""
OWNER = Column(
    REQUEST,
    None,
    "reference",
    many=False,
    refers_to=(REQUESTS,),
    required=True,
    label="request",
    definition="The identifier of the request to which the row belongs.",
)
_SUFFIXES = ("id", "key", "number", "no", "ref")


@dataclass(frozen=True)
class Treatment:
    """How the cells of a column are read.

    ``nulls`` are texts that mean "missing" beside the empty cell; ``default`` stands for a missing cell; ``pattern`` is
    how dates are written (such as ``M/d/yyyy``); ``values`` are pairs of the user's text and what it means. ``csv``
    says that cells are text around which there may be spaces.
    """

    separator: str | None = None
    nulls: tuple[str, ...] = ()
    default: str | None = None
    pattern: str | None = None
    values: tuple[tuple[str, str], ...] = ()
    csv: bool = False


@dataclass(frozen=True)
class ColumnMap:
    """One column of the user's that goes into a column of the schema."""

    source: str
    column: Column
    treatment: Treatment = Treatment()


@dataclass(frozen=True)
class TableMap:
    """One table of the user's that goes into a table of the schema; ``unused`` are its columns that go nowhere."""

    table: RecordTable
    columns: tuple[ColumnMap, ...]
    unused: tuple[str, ...] = ()

    @property
    def missing(self) -> tuple[Column, ...]:
        """The columns that a usable record needs and the user's table does not have."""
        given = {m.column.name for m in self.columns}
        return tuple(c for c in columns_of(self.table) if c.required and c.name not in given)

    def of(self, name: str) -> ColumnMap | None:
        """The user's column for a column of the schema."""
        return next((m for m in self.columns if m.column.name == name), None)


@dataclass(frozen=True)
class Wanted:
    """What a CSVW file says of one of the user's columns: its headers, and the column of the schema, if it says one."""

    headers: tuple[str, ...]
    column: Column | None
    treatment: Treatment
    suppressed: bool = False


@dataclass(frozen=True)
class TableWanted:
    """What a CSVW file says of one table: which of the schema it is, its columns, and how the text is written."""

    table: RecordTable
    url: str
    columns: tuple[Wanted, ...]
    delimiter: str = ","
    encoding: str = "utf-8"
    closed: bool = False


@dataclass(frozen=True)
class Metadata:
    """What a CSVW file says, by the names of files."""

    tables: Mapping[str, tuple[TableWanted, ...]] = field(default_factory=dict)


def columns_of(table: RecordTable) -> tuple[Column, ...]:
    """The columns of an entity table: those of the schema, and for a child table the request to which a row belongs."""
    return table.columns if table.name == REQUESTS else (OWNER, *table.columns)


def table_named(name: str, schema: Schema) -> RecordTable | None:
    """The table that a file or a nested column is called after, in the singular or plural, however it is written.

    >>> from reasoner.knowledge import load
    >>> from reasoner.tables.schema import schema_of
    >>> table_named("prior_procedures", schema_of(load())).name
    'priorProcedures'
    """
    wanted = folded(name)
    names = {folded(n): t for t in schema.tables for n in (t.name, local_name(t.cls), t.label, t.cls, compact(t.cls))}
    return names.get(wanted)


def mapped(table: RecordTable, headers: Sequence[str], *, csv: bool, nested: bool = False) -> TableMap:
    """The columns of a user's table by their names alone.

    Args:
        table: the table of the schema.
        headers: the user's columns.
        csv: whether cells are text, so that several values in one are separated.
        nested: whether the rows lie within a row of their request, so that they do not name it.

    Raises:
        TableError: two of the user's columns go into one.
    """
    return mapped_as(TableWanted(table, table.name, ()), headers, csv=csv, nested=nested)


def mapped_as(wanted: TableWanted, headers: Sequence[str], *, csv: bool, nested: bool = False) -> TableMap:
    """The columns of a user's table as a CSVW file says; those of which it says nothing, by their names.

    Raises:
        TableError: two of the user's columns go into one, or a column of the file does not exist.
    """
    table = wanted.table
    said, taken = _as_said(wanted, headers)
    names = _names(table, nested)
    found: dict[str, list[ColumnMap]] = defaultdict(list)
    for header, (column, treatment) in said.items():
        target = column or names.get(folded(header))
        if target is not None:
            found[target.name].append(ColumnMap(header, target, _with_separator(treatment, target, csv)))
    for header in headers:
        target = names.get(folded(header)) if header not in taken and not wanted.closed else None
        if target is not None and target.name not in found:
            found[target.name].append(ColumnMap(header, target, _with_separator(Treatment(), target, csv)))
        elif target is not None and all(m.source not in taken for m in found[target.name]):
            found[target.name].append(ColumnMap(header, target))
    clashes = [f"{' and '.join(m.source for m in ms)} both go into {n}" for n, ms in found.items() if len(ms) > 1]
    if clashes:
        cure = "Say in a CSVW file which of them is meant, or rename the other."
        raise TableError(f"{wanted.url}: {'; '.join(clashes)}.", cure)
    maps = {ms[0].source: ms[0] for ms in found.values()}
    unused = tuple(h for h in headers if h not in maps)
    return TableMap(table, tuple(maps[h] for h in headers if h in maps), unused)


def _as_said(
    wanted: TableWanted, headers: Sequence[str]
) -> tuple[dict[str, tuple[Column | None, Treatment]], set[str]]:
    said: dict[str, tuple[Column | None, Treatment]] = {}
    taken: set[str] = set()
    for entry in wanted.columns:
        header = next((h for h in headers for name in entry.headers if h.strip() == name.strip()), None)
        header = header or next((h for h in headers for n in entry.headers if folded(h) == folded(n)), None)
        if header is None and entry.column is not None and not entry.suppressed:
            near = difflib.get_close_matches(entry.headers[0], headers, n=1, cutoff=0.6) if entry.headers else []
            did = f"Did you mean {near[0]}?" if near else f"Its columns are {', '.join(headers)}."
            raise TableError(f"{wanted.url} has no column {' or '.join(entry.headers)}.", did)
        if header is not None:
            taken.add(header)
            if not entry.suppressed:
                said[header] = (entry.column, entry.treatment)
    return said, taken


def _with_separator(treatment: Treatment, column: Column, csv: bool) -> Treatment:
    separated = csv and column.many and treatment.separator is None
    return replace(treatment, csv=csv, separator=SEPARATOR if separated else treatment.separator)


def _names(table: RecordTable, nested: bool) -> dict[str, Column]:
    """The columns of a table by the names that they go by, letter case and signs aside; a name of two is none."""
    names: dict[str, Column] = {}
    columns = table.columns if nested else columns_of(table)
    for ways in (_exact, _loose):
        clash: dict[str, set[str]] = defaultdict(set)
        for column in columns:
            for name in ways(table, column):
                clash[folded(name)].add(column.name)
        by_name = {c.name: c for c in columns}
        for name, targets in clash.items():
            if len(targets) == 1:
                names.setdefault(name, by_name[next(iter(targets))])
    return names


def _exact(table: RecordTable, column: Column) -> Iterator[str]:
    yield column.name
    if column.iri and not column.inverse:
        yield from (column.iri, compact(column.iri))


def _loose(table: RecordTable, column: Column) -> Iterator[str]:
    """Names by label, and names of keys: study_id for the study of a finding, finding_id for its own key."""
    own = local_name(table.cls)
    yield from (column.label, *column.also, own + column.name)
    if column.name == KEY:
        yield from ("key", *(own + s for s in _SUFFIXES))
    elif column.name == REQUEST_KEY and table.name == REQUESTS:
        yield from ("id", "key", own, *(own + s for s in _SUFFIXES))
    elif column.kind == "reference":
        yield from (column.name + s for s in _SUFFIXES)
    elif column.kind == "date":
        yield column.name + "date"
    if column.name == REQUEST:
        yield "requestIdentifier"


def nearest_column(header: str, table: RecordTable, taken: Iterable[str]) -> Column | None:
    """The column whose name or label is nearest to a header, among those that nothing goes into yet."""
    free = [c for c in columns_of(table) if c.name not in set(taken)]
    names = {folded(n): c for c in free for n in (c.name, c.label, *c.also) if n}
    wanted = folded(header)
    near = difflib.get_close_matches(wanted, names, n=1, cutoff=0.6)
    inner = [n for n in names if len(n) > 3 and n in wanted]
    best = near[0] if near else max(inner, key=len, default=None)
    return names[best] if best else None
