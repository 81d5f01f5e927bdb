"""RDF requests as rows of the nested table, and rows as RDF.

A row says all that the record says, or there is no row: what a table cannot hold is a fault, in the words of the
request shapes where they have any.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, unquote

from pyoxigraph import Literal, NamedNode

from reasoner.errors import Fault
from reasoner.intake import Record
from reasoner.knowledge import Knowledge
from reasoner.tables.literals import Unfit, literal_of, value_of
from reasoner.tables.schema import CONTAINMENT, KEY, REQUEST_KEY, Column, RecordTable, Schema, schema_of
from reasoner.tables.terms import TermIndex, index_of
from reasoner.triples import RDF_TYPE, Node, Spo, Term, Triples
from reasoner.vocabulary import BASE, COV, DCTERMS, compact, local_name

Row = dict[str, Any]
ONCE = "A table holds one; leave one."
IRI = "https://example.org/pa/"


@dataclass(frozen=True)
class RequestRow:
    """One request as a row, or the faults for which it has none; ``lines`` counts its lines either way."""

    identifier: str | None
    row: Row | None
    faults: tuple[Fault, ...]
    lines: int
    notes: tuple[str, ...] = ()


def row_of_record(record: Record, knowledge: Knowledge) -> RequestRow:
    """The row of a request that intake has read (checked or not)."""
    return row_of(record.triples, NamedNode(record.iri), knowledge)


def row_of(triples: Triples, request: Node, knowledge: Knowledge) -> RequestRow:
    """The row of a request, from the triples that belong to it and to no other request."""
    made = _Reader(triples, request, schema_of(knowledge))
    row = made.row()
    identifier = triples.text(request, DCTERMS.identifier)
    if identifier is None and not made.faults:
        made.faults.append(Fault(_shown(request), schema_of(knowledge).requests.column(REQUEST_KEY).message, ""))
    faults = tuple(dict.fromkeys(made.faults))
    notes = tuple(f"{compact(p)} was seen and not used." for p in sorted(made.foreign))
    return RequestRow(identifier, None if faults else row, faults, len(triples.nodes(request, COV.line)), notes)


@dataclass
class _Reader:
    """Reads one request; collects faults on the way."""

    triples: Triples
    request: Node
    schema: Schema
    faults: list[Fault] = field(default_factory=list)
    foreign: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.tables: dict[Node, RecordTable] = dict(self._typed())
        self.keys = _keys([n for n in self.tables if n != self.request])

    def row(self) -> Row:
        table = self.schema.requests
        out = {c.name: self._cell(self.request, c) for c in table.columns}
        out.update({t.name: [] for t in self.schema.children})
        self._unsaid(self.request, table)
        for node, child in self.tables.items():
            if node != self.request:
                self._linked(node, child)
                self._unsaid(node, child)
                out[child.name].append({c.name: self._cell(node, c) for c in child.columns})
        self._linked_as_another()
        for child in self.schema.children:  # RDF has no order; rows stand by number and key
            out[child.name].sort(key=lambda r: (r.get("sequence") or 0, r[KEY]))
        return out

    def _fault(self, node: Node, what: str, cure: str) -> None:
        self.faults.append(Fault(_shown(node), what, cure))

    def _typed(self) -> Iterator[tuple[Node, RecordTable]]:
        subjects = dict.fromkeys(s for s, _, _ in self.triples)
        for node in sorted(subjects, key=lambda n: n != self.request):
            types = [t for t in self.triples.nodes(node, RDF_TYPE) if isinstance(t, NamedNode)]
            own = [t for t in types if t.value.startswith(BASE)]
            known = [self.schema.by_class[t.value] for t in own if t.value in self.schema.by_class]
            self.foreign |= {t.value for t in types if t not in own}
            for other in own if len(known) == 1 else ():
                if other.value not in self.schema.by_class:
                    self._fault(node, f"{compact(other.value)} is no class of a record.", "Remove the type.")
            if len(known) == 1:
                yield node, known[0]
            elif known or own or self._says_ours(node):
                self._untyped(node, own)

    def _says_ours(self, node: Node) -> bool:
        return any(p.value.startswith(BASE) for p in self.triples.predicates(node))

    def _untyped(self, node: Node, own: list[NamedNode]) -> None:
        if len(own) > 1:
            what = f"it is of several classes: {', '.join(compact(t.value) for t in own)}."
            self._fault(node, what, "Type it with one, and write another node for what else it is.")
        else:
            what = f"{compact(own[0].value)} is no class of a record." if own else "it is of no class."
            self._fault(node, what, "Type it, for example as a clin:Symptom; see `plexus template request`.")

    # ---- Cells ----

    def _cell(self, node: Node, column: Column) -> Any:
        if column.iri is None:
            return self.keys[node]
        prop = NamedNode(column.iri)
        found = self.triples.subjects(prop, node) if column.inverse else self.triples.objects(node, prop)
        values = [v for term in found if (v := self._value(node, column, term)) is not None]
        if column.many:
            return sorted(values) or None
        if len(set(found)) > 1:
            what = column.message or f"{compact(column.iri)} is said {len(found)} times."
            self._fault(node, what, "" if column.message else ONCE)
        return values[0] if values else None

    def _value(self, node: Node, column: Column, term: Term) -> Any:
        prop = compact(column.iri or "")
        if column.kind == "reference":
            return self._reference(node, column, term)
        if column.kind == "term":
            if isinstance(term, NamedNode):
                return compact(term.value).removeprefix("<").removesuffix(">")
            what = column.message or f"{prop} takes a term of plexus."
            self._fault(node, what, "" if column.message else "Name it by its IRI.")
            return None
        try:
            return value_of(term, column.kind)
        except Unfit as unfit:
            what = column.message if unfit.of_type and column.message else f"{prop} {unfit.what}"
            self._fault(node, what, "" if what == column.message else unfit.cure)
            return None

    def _reference(self, node: Node, column: Column, term: Term) -> str | None:
        table = self.tables.get(term) if not isinstance(term, Literal) else None
        if table is not None and table.name in column.refers_to and term != self.request:
            return self.keys[term]  # type: ignore[index]
        prop = compact(column.iri or "")
        wanted = " or ".join(_class(self.schema, name) for name in column.refers_to[:2])
        is_term = isinstance(term, NamedNode) and term.value.startswith(BASE)
        shown = "a text" if isinstance(term, Literal) else compact(term.value) if is_term else _shown(term)
        more = ", for example" if len(column.refers_to) > 2 else ""
        what = f"{prop} names {shown}, which is no {wanted} of this request."
        what = f"{prop} names {shown}, which is nothing of this request that it can name." if more else what
        self._fault(node, column.message or what, "" if column.message else "Correct the reference, or add the node.")
        return None

    # ---- What has no cell ----

    def _unsaid(self, node: Node, table: RecordTable) -> None:
        said = {c.iri for c in table.columns if not c.inverse} | {RDF_TYPE.value}
        nested = {p.value for p in CONTAINMENT} if node == self.request else set()
        inner = {c.iri for t in self.schema.tables for c in t.columns if c.inverse and table.name in c.refers_to}
        for prop in self.triples.predicates(node):
            if prop.value in said | nested | inner:
                continue
            if prop.value.startswith(BASE):
                what = f"{compact(prop.value)} is no property of a {compact(table.cls)}."
                self._fault(node, what, "Remove the statement, or make it of the node that it is about.")
            else:
                self.foreign.add(prop.value)

    def _linked(self, node: Node, table: RecordTable) -> None:
        """A line, plan or mandate belongs to the request that names it."""
        if table.link is not None and node not in self.triples.objects(self.request, NamedNode(table.link)):
            what = f"it belongs to no request. The request names it by {compact(table.link)}."
            self._fault(node, what, "Add the statement, or remove the node.")

    def _linked_as_another(self) -> None:
        """What a containment names is a row of that table."""
        inner = [(c.iri, t.name) for t in self.schema.children for c in t.columns if c.inverse and c.iri]
        links = [(t.link, t.name) for t in self.schema.children if t.link]
        for iri, name in (*links, *inner):
            for s, p, o in self.triples:
                table = self.tables.get(o) if not isinstance(o, Literal) else None
                if p.value == iri and (table is None or table.name != name):
                    what = f"{compact(iri)} names what is no {_class(self.schema, name)}."
                    self._fault(s, what, "Type the node, or remove the statement.")


def _class(schema: Schema, name: str) -> str:
    return compact(schema.table(name).cls)


def _shown(node: Node) -> str:
    text = compact(node.value) if isinstance(node, NamedNode) else str(node)
    return text if len(text) <= 160 else text[:159] + "…"


def _keys(nodes: list[Node]) -> dict[Node, str]:
    """A key for each node of a request: the last part of its IRI where that tells the nodes apart, else all of it."""
    short = {n: unquote(local_name(n.value)) if isinstance(n, NamedNode) else n.value for n in nodes}
    often: dict[str, int] = {}
    for name in short.values():
        often[name] = often.get(name, 0) + 1
    return {n: name if name and often[name] == 1 else n.value for n, name in short.items()}


# ---- Rows to RDF -----------------------------------------------------------------------------------


def triples_of(row: Mapping[str, Any], knowledge: Knowledge) -> tuple[Spo, ...]:
    """The triples of a row of the nested table (a dictionary, as :meth:`pyarrow.Table.to_pylist` gives it).

    The request is ``https://example.org/pa/<identifier>#request``, a row of a child table ``...#<key>``, or
    ``...#<table>-<position>`` where it has no key. A value that names no term stays an IRI as it is written.

    Raises:
        UnknownTerm: a value names several terms.
        TableError: a reference names no row of the request.
    """
    return tuple(dict.fromkeys(_Writer(row, schema_of(knowledge), index_of(knowledge)).triples()))


class _Writer:
    def __init__(self, row: Mapping[str, Any], schema: Schema, terms: TermIndex) -> None:
        self.row, self.schema, self.terms = row, schema, terms
        self.base = f"{IRI}{quote(str(row[REQUEST_KEY]), safe='')}#"
        self.names = dict(self._names())

    def _names(self) -> Iterator[tuple[tuple[str, int], str]]:
        keys = [r.get(KEY) for t in self.schema.children for r in self.row.get(t.name) or ()]
        for table in self.schema.children:
            for i, row in enumerate(self.row.get(table.name) or ()):
                key = row.get(KEY)
                often = keys.count(key) > 1 or key == "request"
                name = f"{table.name}-{i + 1}" if key is None else f"{table.name}/{key}" if often else str(key)
                yield (table.name, i), name

    def iri(self, name: str) -> NamedNode:
        return NamedNode(name if "://" in name or name.startswith("urn:") else self.base + quote(name, safe=""))

    def triples(self) -> Iterator[Spo]:
        request = NamedNode(self.base + "request")
        yield from self._row(request, self.schema.requests, self.row)
        for table in self.schema.children:
            for i, row in enumerate(self.row.get(table.name) or ()):
                node = self.iri(self.names[table.name, i])
                if table.link:
                    yield request, NamedNode(table.link), node
                yield from self._row(node, table, row)

    def _row(self, node: NamedNode, table: RecordTable, row: Mapping[str, Any]) -> Iterator[Spo]:
        yield node, RDF_TYPE, NamedNode(table.cls)
        for column in table.columns:
            cell = row.get(column.name)
            if column.iri is None or cell is None:
                continue
            for value in cell if isinstance(cell, list | tuple) else [cell]:
                term, prop = self._term(column, value), NamedNode(column.iri)
                yield (term, prop, node) if column.inverse else (node, prop, term)  # type: ignore[misc]

    def _term(self, column: Column, value: Any) -> Term:
        if column.kind == "reference":
            return self.iri(self._named(column, str(value)))
        if column.kind == "term":
            text = str(value)
            return NamedNode(self.terms.term_of(text, column) or self.terms.expanded(text) or BASE + quote(text))
        return literal_of(value, column.kind)

    def _named(self, column: Column, key: str) -> str:
        from reasoner.errors import TableError

        prefix, slash, rest = key.partition("/")
        places = [(t, key) for t in column.refers_to]
        if slash and prefix in column.refers_to:
            places.append((prefix, rest))
        found = [
            self.names[name, i]
            for name, wanted in places
            for i, row in enumerate(self.row.get(name) or ())
            if row.get(KEY) is not None and str(row[KEY]) == wanted
        ]
        if len(found) == 1:
            return found[0]
        several = f"names rows of {len(found)} tables" if found else "names no row of the request"
        cure = f"Write the table before the key, such as {column.refers_to[0]}/{key}." if found else "Correct the key."
        raise TableError(f"{column.name} {key[:80]!r} {several}.", cure)
