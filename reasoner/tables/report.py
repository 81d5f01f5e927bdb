"""The mapping report: which of a user's columns goes where, which values name nothing, what is missing, and the cure.

A report shows texts only where a term is expected, short ones, and none of a column that looks like free text.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from reasoner.tables.cells import typed
from reasoner.tables.chunks import Reading
from reasoner.tables.entities import open_folder
from reasoner.tables.files import open_parquet
from reasoner.tables.mapping import TableMap, nearest_column
from reasoner.tables.nested import nested_map
from reasoner.tables.optional import arrow
from reasoner.tables.references import flattened
from reasoner.tables.schema import REQUEST, Column
from reasoner.tables.sources import kind_of, nested_chunks
from reasoner.tables.terms import TermIndex, index_of
from reasoner.vocabulary import local_name

SHOWN, LONGEST, DISTINCT = 3, 40, 25
"""How many rows are named, how long a text may be that is shown, how many unknown texts make a column free text."""


@dataclass(frozen=True)
class UnknownValue:
    """A text that names no term, or several, or one that the column does not take.

    ``text`` is None where it is not shown; ``rows`` are the first rows of the file that have it, from 1.
    """

    text: str | None
    count: int
    rows: tuple[int, ...]
    nearest: str | None = None
    choices: tuple[str, ...] = ()
    outside: bool = False


@dataclass(frozen=True)
class ColumnReport:
    """One column of the user's that is used: where it goes, how many cells are filled, and what cannot be read."""

    source: str
    target: str
    kind: str
    filled: int
    unreadable: int = 0
    rows: tuple[int, ...] = ()
    unknown: tuple[UnknownValue, ...] = ()
    free_text: bool = False
    takes: tuple[str, ...] = ()


@dataclass(frozen=True)
class UnusedColumn:
    """A column of the user's that goes nowhere, and the column of the schema that its name is nearest to, if any."""

    source: str
    nearest: str | None


@dataclass(frozen=True)
class MissingColumn:
    """A column that a usable record needs: what it is, and how to give it."""

    column: str
    cure: str


@dataclass(frozen=True)
class TableReport:
    """One of the user's tables."""

    table: str
    source: str
    rows: int
    headers: tuple[str, ...]
    columns: tuple[ColumnReport, ...]
    unused: tuple[UnusedColumn, ...]
    missing: tuple[MissingColumn, ...]


@dataclass(frozen=True)
class RejectedGroup:
    """Rejections of one kind: how many, how many lines are lost by them, and the first place."""

    fault: str
    cure: str
    count: int
    lines: int
    first: str


@dataclass(frozen=True)
class MappingReport:
    """What a dry run finds in an input.

    ``usable`` counts the requests that could be reviewed, ``ignored`` are files that are no table, ``absent`` tables of
    the schema that the input does not have.
    """

    source: str
    kind: str
    usable: int
    tables: tuple[TableReport, ...]
    ignored: tuple[str, ...] = ()
    rejected: tuple[RejectedGroup, ...] = ()
    absent: tuple[str, ...] = ()

    @property
    def ready(self) -> bool:
        """Whether every column that is needed is there, every value names a term, and no row is rejected."""
        values = any(c.unknown or c.unreadable or c.free_text for t in self.tables for c in t.columns)
        return bool(self.usable) and not (values or self.rejected or any(t.missing for t in self.tables))

    def as_dict(self) -> dict[str, Any]:
        """The report as plain data, for JSON."""
        return {**asdict(self), "ready": self.ready}


def mapping_report(path: Path, reading: Reading) -> MappingReport:
    """What an input holds, and how it is understood; nothing is reviewed.

    Raises:
        TableError: the input cannot be read at all, or its columns contradict one another.
    """
    kind = kind_of(path, reading.schema)
    tables, ignored = _tables(path, kind.name, reading)
    usable, groups = 0, _Groups()
    for chunk in nested_chunks([path], reading):
        usable += chunk.table.num_rows
        for one in chunk.rejected:
            groups.add(one)
    given = {t.table for t in tables}
    absent = tuple(t.name for t in reading.schema.tables if t.name not in given) if tables else ()
    return MappingReport(path.name, kind.name, usable, tables, ignored, groups.found(), absent)


@dataclass
class _Groups:
    """Rejections counted by fault; the keys in their words left out."""

    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    lines: Counter[tuple[str, str]] = field(default_factory=Counter)
    first: dict[tuple[str, str], str] = field(default_factory=dict)

    def add(self, one: Any) -> None:
        import re

        key = (re.sub(r"'[^']*'", "a key", one.fault), re.sub(r" such as \S+$", " such as table/key.", one.cure))
        self.counts[key] += 1
        self.lines[key] += one.lines
        place = f"{one.source}, row {one.row}" if one.row else one.source or ""
        self.first.setdefault(key, place if place in one.where else f"{place}: {one.where}")

    def found(self) -> tuple[RejectedGroup, ...]:
        return tuple(RejectedGroup(*k, n, self.lines[k], self.first[k]) for k, n in self.counts.most_common())


# ---- Tables ----------------------------------------------------------------------------------------


def _tables(path: Path, kind: str, reading: Reading) -> tuple[tuple[TableReport, ...], tuple[str, ...]]:
    terms = index_of(reading.knowledge)
    if kind == "entity tables":
        folder = open_folder(path, reading.schema, reading.metadata)
        reports = [_Counting(e.mapping, e.source, terms).over(e.file.batches(e.file.headers)) for e in folder.entities]
        return tuple(reports), folder.ignored
    if kind == "nested table":
        return tuple(_nested(path, reading, terms)), ()
    if kind == "folder of nested tables":
        files = [p for p in sorted(path.iterdir()) if p.suffix.lower() in (".parquet", ".pq")]
        return tuple(t for p in files for t in _nested(p, reading, terms)), ()
    return (), ()


def _nested(path: Path, reading: Reading, terms: TermIndex) -> Iterator[TableReport]:
    pa = arrow()
    mapping = nested_map(open_parquet(path).schema_arrow, reading.schema, path.name)

    def batches(names: list[str]) -> Iterator[Any]:
        for batch in open_parquet(path).iter_batches(8192, columns=names):
            yield pa.Table.from_batches([batch])

    own = [m.source for m in mapping.requests.columns] + list(mapping.requests.unused)
    yield _Counting(mapping.requests, path.name, terms, (*mapping.unused,)).over(batches(own))
    for name, child in mapping.children:
        rows = (_rows(b.column(0)) for b in batches([name]))
        yield _Counting(child, f"{path.name}, {name}", terms, nested=True).over(rows)


def _rows(column: Any) -> Any:
    _, rows = flattened(column)
    return arrow().table(rows.flatten(), names=[f.name for f in rows.type])


class _Counting:
    """Counts one table, batch by batch."""

    def __init__(
        self, mapping: TableMap, source: str, terms: TermIndex, unused: tuple[str, ...] = (), *, nested: bool = False
    ) -> None:
        self.mapping, self.source, self.terms, self.nested = mapping, source, terms, nested
        self.unused = (*mapping.unused, *unused)
        self.headers: tuple[str, ...] = ()
        self.columns = {m.source: _CountedColumn(m.column, terms) for m in mapping.columns}

    def over(self, batches: Iterable[Any]) -> TableReport:
        done = 0
        for batch in batches:
            self.headers = tuple(batch.column_names)
            for m in self.mapping.columns:
                where = f"{self.source}, {m.source}"
                cells = typed(batch.column(m.source), m.column, m.treatment, where)
                self.columns[m.source].add(cells.array, cells.bad, done)
            done += batch.num_rows
        taken = [m.column.name for m in self.mapping.columns]
        columns = tuple(self.columns[m.source].report(m.source) for m in self.mapping.columns)
        return TableReport(
            self.mapping.table.name, self.source, done, self.headers, columns, self._unused(taken), self._missing()
        )

    def _unused(self, taken: list[str]) -> tuple[UnusedColumn, ...]:
        near = ((h, nearest_column(h, self.mapping.table, taken)) for h in self.unused)
        return tuple(UnusedColumn(h, c.name if c else None) for h, c in near)

    def _missing(self) -> tuple[MissingColumn, ...]:
        absent = (c for c in self.mapping.missing if not (self.nested and c.name == REQUEST))
        return tuple(MissingColumn(c.name, _cure(c)) for c in absent)


def _cure(column: Column) -> str:
    """What to do about a column that is missing."""
    says = column.definition or column.message
    one = "its own value in every row"
    if column.values:
        one = f"one of {', '.join(local_name(v) for v in column.values)}"
    elif column.kind == "reference":
        one = f"the key of a row of {' or '.join(column.refers_to[:2])}"
    elif column.kind == "term":
        one = f"a term, see plexus batch --csvw for those of {column.name}"
    elif column.kind in ("date", "integer", "decimal"):
        one = {"date": "a date", "integer": "a whole number", "decimal": "a number"}[column.kind]
    return f"{says} Add the column {column.name} ({one}), map one to it, or give a default in a CSVW file.".strip()


class _CountedColumn:
    """Counts one column: filled cells, cells that cannot be read, texts that name no term."""

    def __init__(self, column: Column, terms: TermIndex) -> None:
        self.column, self.terms = column, terms
        self.filled = self.unreadable = 0
        self.rows: list[int] = []
        self.counts: Counter[str] = Counter()
        self.places: dict[str, list[int]] = {}
        self.known: set[str] = set()
        self.hidden = False

    def add(self, array: Any, bad: Any, before: int) -> None:
        self.filled += len(array) - array.null_count
        self.unreadable += len(bad)
        self.rows += [before + int(i) + 1 for i in bad[: SHOWN - len(self.rows)]]
        if self.column.kind == "term" and not self.hidden:
            self._terms(array, before)

    def _terms(self, array: Any, before: int) -> None:
        import numpy as np

        owner = np.arange(len(array))
        if str(array.type).startswith("list"):
            lengths = array.value_lengths().fill_null(0).to_numpy(zero_copy_only=False)
            owner, array = np.repeat(owner, lengths), array.flatten()
        coded = array.dictionary_encode()
        codes = coded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
        for code, text in enumerate(coded.dictionary.to_pylist()):
            if self._names_one(text):
                continue
            places = owner[codes == code]
            self.counts[text] += len(places)
            held = self.places.setdefault(text, [])
            held += [before + int(p) + 1 for p in places[: SHOWN - len(held)]]
        self.hidden = len(self.counts) > DISTINCT

    def _names_one(self, text: str) -> bool:
        if text not in self.known:
            found = self.terms.named(text, self.column)
            if found.iri is None or found.outside:
                return False
            self.known.add(text)
        return True

    def report(self, source: str) -> ColumnReport:
        takes = sorted(local_name(i) for i in self.terms.takes(self.column)) if self.column.kind == "term" else []
        unknown = () if self.hidden else tuple(self._unknown(t, n) for t, n in self.counts.most_common())
        rows = tuple(self.rows)
        return ColumnReport(
            source,
            self.column.name,
            self.column.kind,
            self.filled,
            self.unreadable,
            rows,
            unknown,
            self.hidden,
            tuple(takes) if len(takes) <= 12 and (unknown or self.hidden) else (),
        )

    def _unknown(self, text: str, count: int) -> UnknownValue:
        found = self.terms.named(text, self.column)
        shown = text if len(text) <= LONGEST and len(text.split()) <= 3 else None
        rows = tuple(self.places[text])
        return UnknownValue(shown, count, rows, found.nearest, found.choices, found.outside)
