"""A shapes graph as records of the algebra. What is not SHACL Core is refused by name, never skipped."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from pyoxigraph import BlankNode, Literal, NamedNode

from reasoner.columnar.algebra import (
    Bound,
    ClassOf,
    Closed,
    Conforms,
    Constraint,
    Datatype,
    Disjoint,
    Equals,
    HasValue,
    In,
    LanguageIn,
    Length,
    LessThan,
    Logical,
    MaxCount,
    MinCount,
    Node,
    NodeKind,
    Not,
    Pattern,
    Predicate,
    Property,
    Qualified,
    Shape,
    Shapes,
    Target,
    Term,
    UniqueLang,
)
from reasoner.columnar.dependence import predicates
from reasoner.columnar.paths import Paths, members, shown
from reasoner.errors import EngineError
from reasoner.once import once_for_each
from reasoner.triples import RDF_TYPE, Spo, Triples
from reasoner.vocabulary import PREFIXES, RDFS, SH

IRI, BLANK, LITERAL = 1, 2, 3
"""Kinds of terms."""

NODE_KINDS = {
    SH.IRI: {IRI},
    SH.BlankNode: {BLANK},
    SH.Literal: {LITERAL},
    SH.BlankNodeOrIRI: {BLANK, IRI},
    SH.BlankNodeOrLiteral: {BLANK, LITERAL},
    SH.IRIOrLiteral: {IRI, LITERAL},
}
TARGETS = {
    SH.targetNode: "node",
    SH.targetClass: "class",
    SH.targetSubjectsOf: "subjects-of",
    SH.targetObjectsOf: "objects-of",
}
BOUNDS = {
    SH.minInclusive: frozenset({0, 1}),
    SH.minExclusive: frozenset({1}),
    SH.maxInclusive: frozenset({-1, 0}),
    SH.maxExclusive: frozenset({-1}),
}
ORDERS = {SH.lessThan: frozenset({-1}), SH.lessThanOrEquals: frozenset({-1, 0})}
LOGICAL = (SH["and"], SH["or"], SH.xone)
REFUSED = {
    SH.sparql: "a SPARQL-based constraint",
    SH.target: "a SPARQL-based target",
    SH.js: "a JavaScript constraint",
    SH.expression: "an expression constraint",
    SH.rule: "a rule",
}
NEEDS_A_PATH = {
    SH[name] for name in ("minCount", "maxCount", "uniqueLang", "lessThan", "lessThanOrEquals", "qualifiedValueShape")
}
"""Constraints that only property shapes may have."""
BESIDE_CONSTRAINTS = {
    SH[name]
    for name in (
        *("path", "deactivated", "message", "severity", "flags", "ignoredProperties"),
        *("qualifiedMinCount", "qualifiedMaxCount", "qualifiedValueShapesDisjoint"),
        *("name", "description", "order", "group", "defaultValue"),
    )
}
"""What SHACL Core says of a shape besides constraints and targets."""


@once_for_each
def read_shapes(triples: tuple[Spo, ...]) -> Shapes:
    """The shapes of a graph that have targets, and those on which they depend.

    Raises:
        EngineError: a shape is not well formed, refers to itself, or is not SHACL Core.
    """
    return _Reader(Triples(triples)).shapes()


class _Reader:
    """Reads shapes on demand; keeps the paths and shapes that it has made."""

    def __init__(self, graph: Triples) -> None:
        self.graph = graph
        self.made: dict[Node, Shape] = {}
        self.open: list[Node] = []
        self.located = False
        self.paths = Paths(graph)
        self.components = {
            p: component
            for component in graph.instances(SH.ConstraintComponent)
            for parameter in graph.nodes(component, SH.parameter)
            for p in graph.nodes(parameter, SH.path)
        }

    def shapes(self) -> Shapes:
        for node in sorted(self._shape_nodes(), key=lambda n: isinstance(n, BlankNode)):
            self.shape(node)
        targeted = tuple(s for s in self.made.values() if s.targets)
        forward, backward = predicates(self.made)
        return Shapes(self.made, targeted, forward, backward, self.paths.instance())

    def _shape_nodes(self) -> Iterator[Node]:
        seen = set()
        for s, p, o in self.graph:
            is_shape = p in OF_SHAPES or (p == RDF_TYPE and o in (SH.NodeShape, SH.PropertyShape))
            if is_shape and s not in seen:
                seen.add(s)
                yield s
            if p == SH.entailment:
                raise EngineError(f"{shown(s)} asks for the entailment {shown(o)}; the columnar engine infers nothing.")

    # -- shapes

    def shape(self, node: Term) -> Node:
        """Make the shape of a node, and give the node back."""
        if isinstance(node, Literal):
            raise EngineError(f"{shown(node)} stands where a shape is expected.")
        if node in self.open:
            circle = " → ".join(map(shown, [*self.open[self.open.index(node) :], node]))
            raise EngineError(f"Recursive shapes are not supported: {circle}.")
        if node not in self.made:
            self.open.append(node)
            try:
                self.made[node] = self._made(node)
            except EngineError as error:
                raise self._located(node, error) from None
            self.open.pop()
        return node

    def _located(self, node: Node, error: EngineError) -> EngineError:
        """The error with the innermost shape that has a name; a blank node tells an author nothing."""
        if self.located or isinstance(node, BlankNode):
            return error
        self.located = True
        return error if shown(node) in str(error) else EngineError(f"{shown(node)}: {error}")

    def _made(self, node: Node) -> Shape:
        self._refuse_what_is_not_core(node)
        g = self.graph
        paths = g.objects(node, SH.path)
        if len(paths) > 1:
            raise EngineError(f"{shown(node)} has several sh:path.")
        path_node = paths[0] if paths else None
        path = self.paths.path(path_node) if path_node is not None else None
        if path is None:
            self._refuse_what_needs_a_path(node)
        severity = g.node(node, SH.severity)
        messages = tuple(m for m in g.objects(node, SH.message) if isinstance(m, Literal))
        return Shape(
            node=node,
            path=path,
            path_node=path_node if not isinstance(path_node, Literal) else None,
            targets=tuple(self._targets(node)),
            constraints=tuple(self._constraints(node)),
            severity=severity.value if severity is not None else SH.Violation.value,
            deactivated=any(o.value == "true" for o in g.objects(node, SH.deactivated)),
            messages=messages,
        )

    def _refuse_what_is_not_core(self, node: Node) -> None:
        for prop in self.graph.predicates(node):
            if prop in REFUSED:
                raise EngineError(f"{shown(node)} has {REFUSED[prop]} ({shown(prop)}); {_CURE}")
            if prop in self.components:
                raise EngineError(f"{shown(node)} uses the component {shown(self.components[prop])}; {_CURE}")
            if prop.value.startswith(_SH) and prop not in CORE:
                raise EngineError(f"{shown(node)} has {shown(prop)}, which is not of SHACL Core; {_CURE}")

    def _refuse_what_needs_a_path(self, node: Node) -> None:
        for prop in self.graph.predicates(node):
            if prop in NEEDS_A_PATH:
                raise EngineError(f"{shown(node)} has {shown(prop)} but no sh:path; only property shapes may have it.")

    def _targets(self, node: Node) -> Iterator[Target]:
        for prop, kind in TARGETS.items():
            yield from (Target(kind, o) for o in self.graph.objects(node, prop))
        types = self.graph.nodes(node, RDF_TYPE)
        if isinstance(node, NamedNode) and any(RDFS.Class in self.graph.closure(t, RDFS.subClassOf) for t in types):
            yield Target("class", node)

    def property_shape(self, node: Node, value: Term) -> Node:
        """Make the property shape of a node, and give the node back."""
        if not self.graph.objects(value, SH.path):
            raise EngineError(f"{shown(node)}: its sh:property {shown(value)} has no sh:path.")
        return self.shape(value)

    def property(self, node: Node, value: Term) -> Predicate:
        """The property whose values a constraint compares with."""
        return self.paths.predicate(_resource(node, value).value)

    # -- constraints

    def _constraints(self, node: Node) -> Iterator[Constraint]:
        g = self.graph
        for prop in g.predicates(node):
            for value in g.objects(node, prop):
                made = _SIMPLE.get(prop)
                if made is not None:
                    yield made(self, node, value)
                elif prop in LOGICAL:
                    shapes = tuple(self.shape(m) for m in members(self.graph, node, prop, value))
                    yield Logical(prop.value.rsplit("#", 1)[-1], shapes)
                elif prop == SH.qualifiedValueShape:
                    yield from self._qualified(node, value)
        yield from self._closed(node)
        if g.text(node, SH.uniqueLang) == "true":
            yield UniqueLang()

    def _qualified(self, node: Node, value: Term) -> Iterator[Constraint]:
        inner = self.shape(value)
        disjoint = self.graph.text(node, SH.qualifiedValueShapesDisjoint) == "true"
        siblings = tuple(self.shape(s) for s in self._siblings(node) if s != inner) if disjoint else ()
        for o in self.graph.objects(node, SH.qualifiedMinCount):
            yield Qualified(inner, whole(node, SH.qualifiedMinCount, o), None, siblings)
        for o in self.graph.objects(node, SH.qualifiedMaxCount):
            yield Qualified(inner, None, whole(node, SH.qualifiedMaxCount, o), siblings)

    def _siblings(self, node: Node) -> Iterator[Term]:
        found: dict[Term, None] = {}
        for parent in self.graph.subjects(SH.property, node):
            for child in self.graph.nodes(parent, SH.property):
                found.update(dict.fromkeys(self.graph.objects(child, SH.qualifiedValueShape)))
        yield from found

    def _closed(self, node: Node) -> Iterator[Constraint]:
        g = self.graph
        if g.text(node, SH.closed) != "true":
            return
        allowed = {p.value for s in g.nodes(node, SH.property) for p in g.nodes(s, SH.path) if isinstance(p, NamedNode)}
        for head in g.objects(node, SH.ignoredProperties):
            allowed |= {m.value for m in members(self.graph, node, SH.ignoredProperties, head)}
        yield Closed(frozenset(allowed))

    def pattern(self, node: Node, value: Term) -> Pattern:
        """The pattern of a shape with its flags."""
        return Pattern(value.value, self.graph.text(node, SH.flags) or "")

    def terms(self, node: Node, prop: NamedNode, head: Term) -> tuple[Term, ...]:
        """The members of a list."""
        return tuple(members(self.graph, node, prop, head))


_SH = PREFIXES["sh"]
_CURE = "the columnar engine evaluates SHACL Core only; use --engine pyshacl."


def whole(node: Node, prop: NamedNode, value: Term) -> int:
    """The whole number that a parameter states.

    Raises:
        EngineError: it states none.
    """
    try:
        if not isinstance(value, Literal):
            raise ValueError
        return int(value.value)
    except ValueError:
        raise EngineError(f"{shown(node)}: {shown(prop)} {shown(value)} is no whole number.") from None


def _kinds(node: Node, value: Term) -> NodeKind:
    if not isinstance(value, NamedNode) or value not in NODE_KINDS:
        raise EngineError(f"{shown(node)}: {shown(value)} is no sh:nodeKind.")
    return NodeKind(frozenset(NODE_KINDS[value]))


def _resource(node: Node, value: Term) -> Node:
    if isinstance(value, Literal):
        raise EngineError(f"{shown(node)}: {shown(value)} stands where an IRI is expected.")
    return value


def _bound(prop: NamedNode) -> Callable[[_Reader, Node, Term], Constraint]:
    def made(_: _Reader, node: Node, value: Term) -> Constraint:
        if not isinstance(value, Literal):
            raise EngineError(f"{shown(node)}: {shown(prop)} needs a literal.")
        return Bound(prop.value.rsplit("#", 1)[-1], value, BOUNDS[prop])

    return made


_SIMPLE: dict[NamedNode, Callable[[_Reader, Node, Term], Constraint]] = {
    SH["class"]: lambda _, n, v: ClassOf(_resource(n, v)),
    SH.datatype: lambda _, n, v: Datatype(_resource(n, v).value),
    SH.nodeKind: lambda _, n, v: _kinds(n, v),
    SH.minCount: lambda _, n, v: MinCount(whole(n, SH.minCount, v)),
    SH.maxCount: lambda _, n, v: MaxCount(whole(n, SH.maxCount, v)),
    **{prop: _bound(prop) for prop in BOUNDS},
    SH.minLength: lambda _, n, v: Length("minLength", whole(n, SH.minLength, v), None),
    SH.maxLength: lambda _, n, v: Length("maxLength", 0, whole(n, SH.maxLength, v)),
    SH.pattern: lambda r, n, v: r.pattern(n, v),
    SH.languageIn: lambda r, n, v: LanguageIn(tuple(t.value for t in r.terms(n, SH.languageIn, v))),
    SH.equals: lambda r, n, v: Equals(r.property(n, v)),
    SH.disjoint: lambda r, n, v: Disjoint(r.property(n, v)),
    SH.lessThan: lambda r, n, v: LessThan("lessThan", r.property(n, v), ORDERS[SH.lessThan]),
    SH.lessThanOrEquals: lambda r, n, v: LessThan("lessThanOrEquals", r.property(n, v), ORDERS[SH.lessThanOrEquals]),
    SH["not"]: lambda r, _, v: Not(r.shape(v)),
    SH.node: lambda r, _, v: Conforms(r.shape(v)),
    SH.property: lambda r, n, v: Property(r.property_shape(n, v)),
    SH.hasValue: lambda _, n, v: HasValue(v),
    SH["in"]: lambda r, n, v: In(r.terms(n, SH["in"], v)),
}
_COMPLEX = {*LOGICAL, SH.qualifiedValueShape, SH.closed, SH.uniqueLang}
OF_SHAPES = {*_SIMPLE, *_COMPLEX, *TARGETS, *REFUSED}
"""What only shapes have."""
CORE = {*_SIMPLE, *_COMPLEX, *TARGETS, *BESIDE_CONSTRAINTS}
"""What SHACL Core knows of shapes."""
