"""Random shapes graphs of SHACL Core over random small data graphs, for Hypothesis."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from random import Random
from typing import Any, Protocol

from hypothesis import strategies as st
from pyoxigraph import BlankNode, Literal, NamedNode

from reasoner.triples import RDF_FIRST, RDF_NIL, RDF_REST, RDF_TYPE, Node, Spo, Term, Triples
from reasoner.vocabulary import RDFS, SH, XSD

NAMES = [NamedNode(f"urn:n:{x}") for x in "abc"]
BLANKS = [BlankNode("x"), BlankNode("y")]
NODES: list[Node] = [*NAMES, *BLANKS]
PROPERTIES = [NamedNode(f"urn:p:{x}") for x in "pqr"]
CLASSES = [NamedNode(f"urn:c:{x}") for x in "CDE"]


def lit(text: str, name: str = "string") -> Literal:
    return Literal(text, datatype=XSD[name])


CLEAN = [lit("1", "integer"), lit("2", "integer"), lit("-3", "integer"), lit("1.0", "decimal"), lit("2.5", "decimal")]
CLEAN += [lit("1"), lit("a"), lit("b"), lit("ab"), lit("B a"), lit(""), lit("true", "boolean"), lit("false", "boolean")]
CLEAN += [Literal("a", language="en"), Literal("b", language="en"), Literal("a", language="de-ch")]
CLEAN += [lit("2025-01-01", "date"), lit("2025-02-01", "date"), lit("2025-01-01T10:00:00", "dateTime")]
CLEAN += [lit("2025-01-02T09:00:00", "dateTime"), lit("1.5E0", "double"), lit("7", "int"), lit("INF", "double")]
DIRTY = [lit("01", "integer"), lit("x", "integer"), lit("1.0", "integer"), lit("2025-02-30", "date")]
DIRTY += [lit("2025-1-1", "date"), lit("2025-01-01Z", "date"), lit("2025-01-01T10:00:00Z", "dateTime")]
DIRTY += [lit("yes", "boolean"), lit("1", "boolean"), lit("300", "byte"), lit("NaN", "double"), lit("1.5E0", "float")]
DIRTY += [Literal("A", language="en-us"), Literal("z", datatype=NamedNode("urn:own")), lit("2025-13-45", "date")]
LITERALS = [*CLEAN, *DIRTY]
NUMBERS = [t for t in LITERALS if t.datatype in [XSD[n] for n in ("integer", "decimal", "double", "int")]]
POOLS = [
    LITERALS,
    [t for t in CLEAN if t in NUMBERS],
    NUMBERS,
    [t for t in CLEAN if t.datatype == XSD.dateTime] + [lit(f"2025-01-0{i}T10:00:00", "dateTime") for i in (2, 3)],
    [lit(f"2025-01-0{i}", "date") for i in (1, 2, 3)],
    [t for t in CLEAN if t.datatype == XSD.string],
    [*(t for t in LITERALS if t.language), *(Literal(x, language="en") for x in "cdef")],
]
"""Literals of one data graph: of all kinds, or of a kind that can be ordered."""
DATATYPES = [XSD[n] for n in ("integer", "decimal", "string", "date", "dateTime", "boolean", "byte", "double", "int")]
LIMITS = [t for t in CLEAN if not t.language]
PATTERNS = [("a", ""), ("^A", "i"), ("^$", ""), ("[0-9]+", ""), ("^b.a$", "i")]


class Choices(Protocol):
    """Where decisions come from: Hypothesis, which shrinks them, or a random generator, which spreads them well."""

    def number(self, least: int, most: int) -> int: ...

    def pick(self, options: list[Any]) -> Any: ...


@dataclass(frozen=True)
class Drawing:
    """Decisions of Hypothesis."""

    draw: Any

    def number(self, least: int, most: int) -> int:
        return int(self.draw(st.integers(least, most)))

    def pick(self, options: list[Any]) -> Any:
        return self.draw(st.sampled_from(options))


@dataclass(frozen=True)
class Dice:
    """Decisions of a random generator."""

    random: Random

    def number(self, least: int, most: int) -> int:
        return self.random.randint(least, most)

    def pick(self, options: list[Any]) -> Any:
        return self.random.choice(options)


def some_of(choices: Choices, options: list[Any], least: int, most: int) -> list[Any]:
    return list(dict.fromkeys(choices.pick(options) for _ in range(choices.number(least, most))))


def data_of(choices: Choices, pool: list[Literal]) -> list[Spo]:
    """A small data graph with literals of a pool."""
    kinds = [
        (NODES, PROPERTIES, [*NODES, *pool]),
        (NODES, PROPERTIES, [*NODES[:2], *pool]),
        (NODES[:1], PROPERTIES[:2], pool),
        (NODES, [RDF_TYPE], CLASSES),
    ]
    out = [tuple(map(choices.pick, choices.pick(kinds))) for _ in range(choices.number(3, 20))]
    return list(dict.fromkeys(out))


SUBCLASSES: list[Spo] = [(CLASSES[1], RDFS.subClassOf, CLASSES[0]), (CLASSES[2], RDFS.subClassOf, CLASSES[1])]


@dataclass
class Writer:
    """A shapes graph as it is drawn."""

    choices: Choices
    pool: list[Literal]
    triples: list[Spo] = field(default_factory=list)
    shapes: int = 0
    blanks: int = 0

    def say(self, s: Node, p: NamedNode, o: Term) -> None:
        self.triples.append((s, p, o))

    def pick(self, options: list[Any]) -> Any:
        return self.choices.pick(options)

    def chance(self, one_in: int) -> bool:
        return self.choices.number(1, one_in) == min(one_in, 3)

    def blank(self) -> BlankNode:
        self.blanks += 1
        return BlankNode(f"shape{self.blanks}")

    def listed(self, members: list[Term]) -> Node:
        head: Node = RDF_NIL
        for member in reversed(members):
            node = self.blank()
            self.say(node, RDF_FIRST, member)
            self.say(node, RDF_REST, head)
            head = node
        return head

    # -- paths

    def path(self, depth: int) -> Node:
        kind = self.choices.number(-2, 8 if depth else 2)
        if kind <= 2:
            return self.pick(PROPERTIES)
        if kind == 3:
            return self.listed([self.path(depth - 1), self.path(depth - 1)])
        node = self.blank()
        if kind == 4:
            self.say(node, SH.alternativePath, self.listed([self.path(depth - 1), self.path(depth - 1)]))
        else:
            names = ["inversePath", "zeroOrMorePath", "oneOrMorePath", "zeroOrOnePath"]
            self.say(node, SH[names[kind - 5]], self.path(depth - 1))
        return node

    # -- shapes

    def shape(self, depth: int, *, has_path: bool | None = None) -> NamedNode:
        node = NamedNode(f"urn:s:{self.shapes}")
        self.shapes += 1
        if has_path is None:
            has_path = self.chance(2)
        self.say(node, RDF_TYPE, SH.PropertyShape if has_path else SH.NodeShape)
        if has_path:
            self.say(node, SH.path, self.path(2))
        if self.chance(4):
            self.say(node, SH.severity, self.pick([SH.Info, SH.Warning, SH.Violation]))
        if self.chance(4):
            self.say(node, SH.message, self.pick([lit("a message"), Literal("eine Meldung", language="de")]))
        if self.chance(12):
            self.say(node, SH.deactivated, lit("true", "boolean"))
        said: set[NamedNode] = set()
        for _ in range(self.choices.number(1, 2)):
            constraint = self.pick(SIMPLE if depth <= 0 else [*SIMPLE, *NESTED, *NESTED])
            if constraint not in said and (has_path or constraint not in WITH_PATH):
                said.add(constraint)
                WRITE[constraint](self, node, constraint, depth)
        return node

    def target(self, node: Node) -> None:
        kind = self.pick(["Node", "Node", "Class", "SubjectsOf", "ObjectsOf"])
        what = {"Node": [*NAMES, *self.pool[:2]], "Class": CLASSES, "SubjectsOf": PROPERTIES, "ObjectsOf": PROPERTIES}
        self.say(node, SH[f"target{kind}"], self.pick(what[kind]))

    # -- constraints

    def term(self, node: Node, prop: NamedNode, _: int) -> None:
        self.say(node, prop, self.pick(self.of_pool(TERMS[prop])))

    def of_pool(self, terms: list[Any]) -> list[Any]:
        """Those of some terms that are no literals, or of the pool, if there are any."""
        return [t for t in terms if not isinstance(t, Literal) or t in self.pool] or terms

    def number(self, node: Node, prop: NamedNode, _: int) -> None:
        self.say(node, prop, lit(str(self.choices.number(0, 2)), "integer"))

    def pattern(self, node: Node, prop: NamedNode, _: int) -> None:
        pattern, flags = self.pick(PATTERNS)
        self.say(node, prop, lit(pattern))
        if flags:
            self.say(node, SH.flags, lit(flags))

    def members(self, node: Node, prop: NamedNode, _: int) -> None:
        self.say(node, prop, self.listed(some_of(self.choices, self.of_pool(TERMS[prop]), 1, 4)))

    def true(self, node: Node, prop: NamedNode, _: int) -> None:
        self.say(node, prop, lit("true", "boolean"))

    def closed(self, node: Node, prop: NamedNode, depth: int) -> None:
        self.true(node, prop, depth)
        for path in some_of(self.choices, PROPERTIES, 0, 2):
            child = NamedNode(f"urn:s:{self.shapes}")
            self.shapes += 1
            self.say(node, SH.property, child)
            self.say(child, RDF_TYPE, SH.PropertyShape)
            self.say(child, SH.path, path)
        if self.chance(2):
            self.say(node, SH.ignoredProperties, self.listed([RDF_TYPE]))

    def inner(self, node: Node, prop: NamedNode, depth: int) -> None:
        has_path = {SH.property: True, SH.node: False}.get(prop)
        self.say(node, prop, self.shape(depth - 1, has_path=has_path))

    def logical(self, node: Node, prop: NamedNode, depth: int) -> None:
        shapes: list[Term] = [self.shape(depth - 1) for _ in range(self.choices.number(1, 3))]
        self.say(node, prop, self.listed(shapes))

    def qualified(self, node: Node, prop: NamedNode, depth: int) -> None:
        self.say(node, prop, self.shape(depth - 1, has_path=False))
        bounds = self.pick([["Min"], ["Max"], ["Min", "Max"]])
        for bound in bounds:
            self.number(node, SH[f"qualified{bound}Count"], depth)

    def siblings(self, node: Node, _: NamedNode, depth: int) -> None:
        """Property shapes whose qualified shapes exclude one another."""
        for _i in range(2):
            child = NamedNode(f"urn:s:{self.shapes}")
            self.shapes += 1
            self.say(node, SH.property, child)
            self.say(child, RDF_TYPE, SH.PropertyShape)
            self.say(child, SH.path, self.path(1))
            self.qualified(child, SH.qualifiedValueShape, depth)
            self.true(child, SH.qualifiedValueShapesDisjoint, depth)


TERMS: dict[NamedNode, list[Any]] = {
    SH["class"]: CLASSES,
    SH.datatype: DATATYPES,
    SH.nodeKind: [
        SH[n] for n in ("IRI", "BlankNode", "Literal", "BlankNodeOrIRI", "BlankNodeOrLiteral", "IRIOrLiteral")
    ],
    **{SH[n]: LIMITS for n in ("minInclusive", "minExclusive", "maxInclusive", "maxExclusive")},
    **{SH[n]: PROPERTIES for n in ("equals", "disjoint", "lessThan", "lessThanOrEquals")},
    SH.hasValue: [*NAMES, *LITERALS],
    SH["in"]: [*NAMES, *LITERALS],
    SH.languageIn: [lit("en"), lit("de"), lit("en-US")],
}
_SEVERAL = {SH["in"]: Writer.members, SH.languageIn: Writer.members}
_NUMBERS = [SH[n] for n in ("minCount", "maxCount", "minLength", "maxLength")]
WRITE: dict[NamedNode, Any] = {
    **dict.fromkeys(TERMS, Writer.term),
    **dict.fromkeys(_NUMBERS, Writer.number),
    **_SEVERAL,
    SH.pattern: Writer.pattern,
    SH.uniqueLang: Writer.true,
    SH.closed: Writer.closed,
    **{SH[n]: Writer.inner for n in ("node", "property", "not")},
    **{SH[n]: Writer.logical for n in ("and", "or", "xone")},
    SH.qualifiedValueShape: Writer.qualified,
    SH.qualifiedValueShapesDisjoint: Writer.siblings,
}
NESTED = [SH[n] for n in ("node", "property", "property", "not", "and", "or", "xone", "qualifiedValueShape")]
NESTED += [SH.qualifiedValueShapesDisjoint]
SIMPLE = [*(prop for prop in WRITE if prop not in NESTED), SH.uniqueLang, SH.uniqueLang]
WITH_PATH = [
    SH[n] for n in ("minCount", "maxCount", "uniqueLang", "lessThan", "lessThanOrEquals", "qualifiedValueShape")
]


@dataclass(frozen=True)
class Drawn:
    """A data graph and a shapes graph, shown as Turtle where a test fails."""

    data: tuple[Spo, ...]
    shapes: tuple[Spo, ...]

    @cached_property
    def said(self) -> Triples:
        """The data, indexed."""
        return Triples(self.data)

    @cached_property
    def asked(self) -> Triples:
        """The shapes, indexed."""
        return Triples(self.shapes)

    @cached_property
    def values(self) -> frozenset[Literal]:
        """The literals that can be a value: objects of the data, and targets."""
        targets = {o for _, p, o in self.shapes if p == SH.targetNode}
        return frozenset(o for o in {o for _, _, o in self.data} | targets if isinstance(o, Literal))

    def __repr__(self) -> str:
        text = [f"{s} {p} {o} ." for s, p, o in self.data] + ["# shapes"]
        return "\n".join([*text, *(f"{s} {p} {o} ." for s, p, o in self.shapes)])


def drawn(choices: Choices) -> Drawn:
    """A data graph with a shapes graph of one to three shapes with targets."""
    pool = choices.pick(POOLS)
    writer = Writer(choices, pool)
    for _ in range(choices.number(1, 3)):
        node = writer.shape(choices.number(0, 2))
        for _i in range(choices.number(1, 2)):
            writer.target(node)
    return Drawn((*data_of(choices, pool), *SUBCLASSES), tuple(dict.fromkeys(writer.triples)))


@st.composite
def graphs(draw: Any) -> Drawn:
    """Data and shapes as Hypothesis draws them."""
    return drawn(Drawing(draw))


@st.composite
def data_graphs(draw: Any) -> list[Spo]:
    """Data as Hypothesis draws it, with literals of all kinds."""
    return data_of(Drawing(draw), LITERALS)


def graph_number(seed: int) -> Drawn:
    """One of any number of random graphs; the same number gives the same graphs."""
    return drawn(Dice(Random(seed)))
