"""The schema of tables that a library implies: a table for each class of a record, a column for each property.

Nothing is listed by hand but how classes are nested in one another. The classes are those that ``shapes/request.ttl``
targets and the classes of evidence; their properties are those that the ontology gives them by domain, and those that
the request shapes ask of them. A library that adds a class of evidence or a property gets its table or column.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any, Literal

from pyoxigraph import Literal as RdfLiteral
from pyoxigraph import NamedNode

from reasoner.derive import TRUE, evidence_classes
from reasoner.errors import TableError
from reasoner.knowledge import ARRANGEMENT, Knowledge
from reasoner.tables.optional import arrow
from reasoner.triples import RDF_TYPE, Node, Triples
from reasoner.vocabulary import CLIN, COV, OWL, RDFS, SH, SKOS, XSD, compact, local_name

if TYPE_CHECKING:
    import pyarrow as pa

Kind = Literal["term", "reference", "date", "integer", "decimal", "boolean", "string"]

CONTAINMENT = (COV.line, COV.plan, COV.mandate)
"""Properties from a request to rows that the table of requests nests; no columns."""
PARENTS = {CLIN.hasFinding: "study", COV.term: "plan"}
"""Properties from a row to rows of another table; there they are a column with the key of the parent."""
REQUESTS = "requests"
KEY = "id"
REQUEST_KEY = "identifier"
REQUEST = "request"
"""The column of an entity table with the identifier of the request to which a row belongs."""
_DATATYPES: dict[NamedNode, Kind] = {
    XSD.string: "string",
    XSD.integer: "integer",
    XSD.decimal: "decimal",
    XSD.boolean: "boolean",
    XSD.date: "date",
}


@dataclass(frozen=True)
class Column:
    """One column: its name in tables, and the property that it says.

    ``iri`` is None for the key of a row. ``inverse`` says that the property points from the value to the row, as
    clin:hasFinding does for the column ``study``. ``refers_to`` names the tables whose keys a reference may hold.
    ``values`` are the IRIs of the terms allowed (empty: every instance of ``range``). ``message`` is what the request
    shapes say of a value that does not fit.
    """

    name: str
    iri: str | None
    kind: Kind
    many: bool
    refers_to: tuple[str, ...] = ()
    range: str | None = None
    values: tuple[str, ...] = ()
    required: bool = False
    inverse: bool = False
    label: str = ""
    definition: str = ""
    message: str = ""
    also: tuple[str, ...] = ()
    """Other names, by which a user's column may go."""


@dataclass(frozen=True)
class RecordTable:
    """The table of a class: ``link`` is the property by which the request holds its rows, where it has one."""

    name: str
    cls: str
    columns: tuple[Column, ...]
    link: str | None = None
    label: str = ""
    definition: str = ""

    @cached_property
    def by_name(self) -> dict[str, Column]:
        """The columns by their names."""
        return {c.name: c for c in self.columns}

    def column(self, name: str) -> Column:
        """The column of a name."""
        return self.by_name[name]


@dataclass(frozen=True)
class Schema:
    """The tables of a record, that of the requests first."""

    tables: tuple[RecordTable, ...]

    @property
    def requests(self) -> RecordTable:
        """The table of the requests."""
        return self.tables[0]

    @property
    def children(self) -> tuple[RecordTable, ...]:
        """The tables that a row of the table of requests nests."""
        return self.tables[1:]

    @cached_property
    def by_name(self) -> dict[str, RecordTable]:
        """The tables by their names."""
        return {t.name: t for t in self.tables}

    @cached_property
    def by_class(self) -> dict[str, RecordTable]:
        """The tables by the IRIs of their classes."""
        return {t.cls: t for t in self.tables}

    def table(self, name: str) -> RecordTable:
        """The table of a name."""
        return self.by_name[name]


def table_name(cls: str) -> str:
    """The name of the table of a class: its local name in lower camel case, plural.

    >>> table_name("https://w3id.org/plexus/clinical#PriorProcedure"), table_name("urn:x#Study")
    ('priorProcedures', 'studies')
    """
    name = local_name(cls)
    name = name[:1].lower() + name[1:]
    if name.endswith("y") and name[-2:-1] not in "aeiou":
        return name[:-1] + "ies"
    return name + ("es" if name.endswith(("s", "x", "z", "ch", "sh")) else "s")


@cache
def schema_of(knowledge: Knowledge) -> Schema:
    """The schema of the tables of a library.

    Raises:
        TableError: two properties of one class would have the same column.
    """
    return _Derivation(knowledge).schema()


# ---- Derivation ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Asked:
    """What a property shape of the request shapes says of a class and a path."""

    shape: Node
    inverse: bool


class _Derivation:
    """One pass over the ontology and the shapes of a library."""

    def __init__(self, knowledge: Knowledge) -> None:
        self.ontology = knowledge.ontology
        self.shapes = Triples(knowledge.shapes("request.ttl"))
        self.evidence = evidence_classes(self.ontology)
        self.classes = tuple(dict.fromkeys((*self._targets(), *self.evidence)))
        self.asked = {cls: dict(self._asked(cls)) for cls in self.classes}
        self.derived = set(self.ontology.subjects(COV.derivedAtIntake, TRUE))
        self.implied = {p for _, prop, p in self.ontology if prop == RDFS.subPropertyOf}
        """Properties that follow from narrower ones; a record says the narrower."""
        self.domains = self._domains()
        self.general = self._general(knowledge)
        self.documented = {*self.evidence, CLIN.Condition, *self._containers()}

    def schema(self) -> Schema:
        """The tables in the order in which the request shapes name their classes."""
        request = next(c for c in self.classes if c == COV.Request)
        others = (c for c in self.classes if c != COV.Request)
        return Schema(tuple(self._table(c) for c in (request, *others)))

    def _targets(self) -> Iterator[NamedNode]:
        for _, prop, cls in self.shapes:
            if prop == SH.targetClass and isinstance(cls, NamedNode):
                yield cls

    def _asked(self, cls: NamedNode) -> Iterator[tuple[NamedNode, _Asked]]:
        for shape in self.shapes.subjects(SH.targetClass, cls):
            for prop in self.shapes.nodes(shape, SH.property):
                path = self.shapes.one(prop, SH.path)
                if isinstance(path, NamedNode):
                    yield path, _Asked(prop, False)
                elif path is not None and isinstance(back := self.shapes.one(path, SH.inversePath), NamedNode):
                    yield back, _Asked(prop, True)

    def _domains(self) -> dict[NamedNode, list[NamedNode]]:
        out: dict[NamedNode, list[NamedNode]] = defaultdict(list)
        for kind in (OWL.ObjectProperty, OWL.DatatypeProperty):
            for prop in self.ontology.instances(kind):
                for domain in self.ontology.nodes(prop, RDFS.domain):
                    union = self.ontology.one(domain, OWL.unionOf)
                    members = self.ontology.members(union) if union is not None else [domain]
                    for cls in members:
                        if isinstance(prop, NamedNode) and isinstance(cls, NamedNode):
                            out[cls].append(prop)
        return out

    def _containers(self) -> Iterator[NamedNode]:
        """The classes whose rows hold evidence, as studies do."""
        for prop in PARENTS:
            ranges = self.ontology.nodes(prop, RDFS.range)
            if any(r in self.evidence for r in ranges):
                yield from (d for d in self.ontology.nodes(prop, RDFS.domain) if isinstance(d, NamedNode))

    def _general(self, knowledge: Knowledge) -> tuple[NamedNode, ...]:
        """The properties of any evidence: without a domain, asked of evidence, or followed by hand-written shapes."""
        asked = [p for cls in (*self.evidence, CLIN.Condition) for p in self.asked.get(cls, {})]
        elsewhere = {p for props in self.asked.values() for p in props}
        followed = [p for policy in knowledge.policies for p in _predicates(Triples(knowledge.facet_shapes(policy)))]
        candidates = (*asked, *(p for p in followed if p not in elsewhere))
        return tuple(p for p in dict.fromkeys(candidates) if self._is_general(p))

    def _is_general(self, prop: NamedNode) -> bool:
        declared = {OWL.ObjectProperty, OWL.DatatypeProperty} & set(self.ontology.nodes(prop, RDF_TYPE))
        has_domain = bool(self.ontology.objects(prop, RDFS.domain))
        return bool(declared) and not has_domain and prop not in self.derived and prop not in ARRANGEMENT

    # ---- Tables and columns ----

    def _table(self, cls: NamedNode) -> RecordTable:
        columns = tuple(self._columns(cls))
        seen: dict[str, Column] = {}
        for column in columns:
            if (other := seen.setdefault(column.name, column)) is not column:
                both = f"{compact(other.iri or '')} and {compact(column.iri or '')}"
                what = f"{both} of {compact(cls.value)} would both be the column {column.name}."
                raise TableError(what, "Rename one of them.")
        links = (p for p in CONTAINMENT if cls in self.ontology.nodes(p, RDFS.range))
        link = next((p.value for p in links), None)
        name = REQUESTS if cls == COV.Request else table_name(cls.value)
        return RecordTable(name, cls.value, columns, link, self._label(cls), self._definition(cls))

    def _columns(self, cls: NamedNode) -> Iterator[Column]:
        if cls != COV.Request:
            yield Column(KEY, None, "string", False, label="key", definition=_KEY_DEFINITION)
        asked = self.asked.get(cls, {})
        parents = self._ancestors(cls)
        own = [p for c in (cls, *parents) for p in self.domains.get(c, [])]
        general = self.general if cls in {*self.evidence, CLIN.Condition} else ()
        for prop in dict.fromkeys((*asked, *own, *general)):
            if prop not in (*CONTAINMENT, *PARENTS, *ARRANGEMENT) and prop not in self.derived | self.implied:
                yield self._column(cls, prop)
        for prop, name in PARENTS.items():
            if cls in self.ontology.nodes(prop, RDFS.range):
                yield self._parent_column(cls, prop, name)

    def _ancestors(self, cls: NamedNode) -> list[NamedNode]:
        found = self.ontology.closure(cls, RDFS.subClassOf)
        return [c for c in found if isinstance(c, NamedNode) and c != cls]

    def _column(self, cls: NamedNode, prop: NamedNode) -> Column:
        kind = self._kind(prop)
        ranges = self.ontology.nodes(prop, RDFS.range)
        return Column(
            local_name(prop.value),
            prop.value,
            kind,
            many=not self._single(cls, prop),
            refers_to=self._targets_of(ranges) if kind == "reference" else (),
            range=next((r.value for r in ranges if kind == "term" and isinstance(r, NamedNode)), None),
            values=self._values(cls, prop),
            required=self._count(cls, prop, SH.minCount) is not None,
            label=self._label(prop) or self._asked_text(cls, prop, SH.name),
            definition=self._definition(prop),
            message=self._asked_text(cls, prop, SH.message),
            also=self._also(cls, prop),
        )

    def _also(self, cls: NamedNode, prop: NamedNode) -> tuple[str, ...]:
        labels = [o.value for o in self.ontology.objects(prop, SKOS.altLabel)]
        return tuple(n for n in dict.fromkeys((self._asked_text(cls, prop, SH.name), *labels)) if n)

    def _parent_column(self, cls: NamedNode, prop: NamedNode, name: str) -> Column:
        parents = self._targets_of(self.ontology.nodes(prop, RDFS.domain))
        return Column(
            name,
            prop.value,
            "reference",
            many=False,
            refers_to=parents,
            required=True,
            inverse=True,
            label=self._asked_text(cls, prop, SH.name) or name,
            definition=f"The key of the row of {parents[0]} to which the row belongs.",
            message=self._asked_text(cls, prop, SH.message),
        )

    def _kind(self, prop: NamedNode) -> Kind:
        ranges = self.ontology.nodes(prop, RDFS.range)
        datatypes = [r for r in (*ranges, *self._datatypes(prop)) if isinstance(r, NamedNode)]
        known = next((_DATATYPES[r] for r in datatypes if r in _DATATYPES), None)
        if known is not None:
            return known
        if OWL.ObjectProperty not in self.ontology.nodes(prop, RDF_TYPE):
            return "string"
        return "reference" if not ranges or any(r in self.classes for r in ranges) else "term"

    def _datatypes(self, prop: NamedNode) -> Iterable[Node]:
        """The datatypes that the request shapes ask of a property, of whatever class."""
        shapes = [found[prop].shape for found in self.asked.values() if prop in found]
        return [d for shape in shapes for d in self.shapes.nodes(shape, SH.datatype)]

    def _targets_of(self, ranges: Iterable[Node]) -> tuple[str, ...]:
        """The tables of classes; without a class, what can be evidence of something, or hold it."""
        meant = [c for c in self.classes if c in ranges] or [c for c in self.classes if c in self.documented]
        return tuple(table_name(c.value) for c in meant)

    def _single(self, cls: NamedNode, prop: NamedNode) -> bool:
        functional = OWL.FunctionalProperty in self.ontology.nodes(prop, RDF_TYPE)
        return functional or self._count(cls, prop, SH.maxCount) == "1"

    def _count(self, cls: NamedNode, prop: NamedNode, bound: NamedNode) -> str | None:
        found = self.asked.get(cls, {}).get(prop)
        return self.shapes.text(found.shape, bound) if found else None

    def _values(self, cls: NamedNode, prop: NamedNode) -> tuple[str, ...]:
        found = self.asked.get(cls, {}).get(prop)
        head = self.shapes.one(found.shape, SH["in"]) if found else None
        members = self.shapes.members(head) if head is not None else []
        return tuple(m.value for m in members if isinstance(m, NamedNode))

    def _asked_text(self, cls: NamedNode, prop: NamedNode, what: NamedNode) -> str:
        found = self.asked.get(cls, {}).get(prop)
        return (self.shapes.text(found.shape, what) or "") if found else ""

    def _label(self, term: NamedNode) -> str:
        return self.ontology.text(term, RDFS.label) or ""

    def _definition(self, term: NamedNode) -> str:
        return self.ontology.text(term, SKOS.definition) or ""


_KEY_DEFINITION = "What names the row within its request; may be left out where nothing refers to it."


def _predicates(shapes: Triples) -> Iterator[NamedNode]:
    """Every property that occurs in a path, in the order of the paths."""
    for _, prop, path in shapes:
        if prop == SH.path and not isinstance(path, RdfLiteral):
            yield from _steps(shapes, path)


def _steps(shapes: Triples, path: Any) -> Iterator[NamedNode]:
    if isinstance(path, NamedNode):
        yield path
        return
    for member in shapes.members(path):
        yield from _steps(shapes, member)
    for prop in shapes.predicates(path):
        for inner in shapes.nodes(path, prop) if prop.value.startswith(SH.base) else ():
            members = shapes.members(inner) if prop == SH.alternativePath else [inner]
            for member in members:
                yield from _steps(shapes, member)


# ---- Arrow -----------------------------------------------------------------------------------------


def arrow_type(column: Column) -> pa.DataType:
    """The Arrow type of a column of the nested table; terms and references are strings."""
    pa = arrow()
    plain = {
        "date": pa.date32(),
        "integer": pa.int64(),
        "decimal": pa.float64(),
        "boolean": pa.bool_(),
    }.get(column.kind, pa.string())
    return pa.list_(plain) if column.many else plain


def struct_type(table: RecordTable) -> pa.DataType:
    """The Arrow type of a row of a child table."""
    return arrow().struct([(c.name, arrow_type(c)) for c in table.columns])


def nested_schema(schema: Schema) -> pa.Schema:
    """The schema of the canonical nested table: one row a request, a list of structs for each child table."""
    pa = arrow()
    own = [(c.name, arrow_type(c)) for c in schema.requests.columns]
    return pa.schema([*own, *((t.name, pa.list_(struct_type(t))) for t in schema.children)])
