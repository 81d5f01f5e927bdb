"""OWL class expressions as values: what they are, their negation, and how they are written as triples.

Expressions are kept in negation normal form (:func:`negated` pushes a complement down to names and values), so that
a tableau reasoner never has to guess: it looks only at what a question leads to.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from pyoxigraph import BlankNode, Literal, NamedNode

from reasoner.triples import RDF_TYPE, Node, Spo, Term
from reasoner.vocabulary import OWL, RDF, RDFS, XSD


@dataclass(frozen=True)
class Hop:
    """A property, forwards or backwards; ``data`` where its values are literals."""

    property: NamedNode
    inverse: bool = False
    data: bool = False


@dataclass(frozen=True)
class Named:
    """The members of a named class, or (``holds`` false) the nodes outside it."""

    name: NamedNode
    holds: bool = True


@dataclass(frozen=True)
class OneOf:
    """One of the listed nodes or literals, or none of them."""

    terms: tuple[Term, ...]
    holds: bool = True


@dataclass(frozen=True)
class Facet:
    """A literal of a datatype within one bound (``xsd:minInclusive``, ``xsd:pattern``), or outside it."""

    bound: NamedNode
    limit: Literal
    holds: bool = True


@dataclass(frozen=True)
class Both:
    """All of the parts; of no parts: everything."""

    parts: tuple[Expression, ...] = ()


@dataclass(frozen=True)
class Either:
    """Any of the parts; of no parts: nothing."""

    parts: tuple[Expression, ...] = ()


@dataclass(frozen=True)
class Some:
    """Some value of a property is of the filler."""

    hop: Hop
    filler: Expression


@dataclass(frozen=True)
class Every:
    """Every value of a property is of the filler."""

    hop: Hop
    filler: Expression


@dataclass(frozen=True)
class Count:
    """At least, or at most, so many values of a property are of the filler."""

    number: int
    hop: Hop
    filler: Expression
    least: bool = True


Expression = Named | OneOf | Facet | Both | Either | Some | Every | Count
"""A class of nodes or, below a property with literals, a range of literals."""

EVERYTHING, NOTHING = Both(), Either()


def both(*parts: Expression) -> Expression:
    """The intersection, flat.

    >>> both(EVERYTHING, NOTHING) == NOTHING
    True
    """
    flat = tuple(dict.fromkeys(p for part in parts for p in (part.parts if isinstance(part, Both) else (part,))))
    if NOTHING in flat:
        return NOTHING
    return flat[0] if len(flat) == 1 else Both(flat)


def either(*parts: Expression) -> Expression:
    """The union, flat."""
    flat = tuple(dict.fromkeys(p for part in parts for p in (part.parts if isinstance(part, Either) else (part,))))
    if EVERYTHING in flat:
        return EVERYTHING
    return flat[0] if len(flat) == 1 else Either(flat)


def negated(expression: Expression) -> Expression:
    """What is outside an expression, in negation normal form.

    >>> negated(negated(Some(Hop(RDF.first), Named(RDF.List)))) == Some(Hop(RDF.first), Named(RDF.List))
    True
    """
    match expression:
        case Named() | OneOf() | Facet():
            return replace(expression, holds=not expression.holds)
        case Both(parts):
            return either(*map(negated, parts))
        case Either(parts):
            return both(*map(negated, parts))
        case Some(hop, filler):
            return Every(hop, negated(filler))
        case Every(hop, filler):
            return Some(hop, negated(filler))
        case Count(number, hop, filler, True):
            # A name implies its meaning and not the reverse, so who counts must decide each value: in or out.
            decided = Every(hop, either(filler, negated(filler))) if filler != EVERYTHING else EVERYTHING
            return both(Count(number - 1, hop, filler, least=False), decided)
        case Count(number, hop, filler):
            return Count(number + 1, hop, filler)


def parts_of(expression: Expression) -> Iterator[Expression]:
    """The expression and every expression in it."""
    yield expression
    match expression:
        case Both(parts) | Either(parts):
            for part in parts:
                yield from parts_of(part)
        case Some(filler=filler) | Every(filler=filler) | Count(filler=filler):
            yield from parts_of(filler)


def reached(start: Iterable[Named], meanings: Mapping[NamedNode, Expression]) -> dict[Named, Expression]:
    """Every name that the start leads to, each with what it means on the side on which it is used."""
    out: dict[Named, Expression] = {}
    queue = list(start)
    while queue:
        named = queue.pop()
        if named not in out:
            meaning = meanings[named.name]
            out[named] = meaning if named.holds else negated(meaning)
            queue.extend(p for p in parts_of(out[named]) if isinstance(p, Named))
    return out


# ---- As triples ------------------------------------------------------------------------------------

_OUTSIDE = "urn:plexus:outside:"
_NAME = NamedNode("urn:plexus:name")
_PLAIN = {
    XSD.string: re.compile(".*", re.DOTALL),
    XSD.integer: re.compile("[+-]?[0-9]+"),
    XSD.decimal: re.compile("[+-]?([0-9]+([.][0-9]*)?|[.][0-9]+)"),
    XSD.boolean: re.compile("true|false|0|1"),
}


def class_name(named: Named) -> NamedNode:
    """The class that stands for a name: its own IRI, or one for what is outside it."""
    return named.name if named.holds else NamedNode(_OUTSIDE + named.name.value)


def owl_literal(literal: Literal) -> Literal:
    """A literal that OWL 2 knows: well-formed numbers, strings and truth values as they are, others as opaque strings.

    >>> owl_literal(Literal("2026-01-02", datatype=XSD.date)).value
    '2026-01-02^^http://www.w3.org/2001/XMLSchema#date'
    """
    form = _PLAIN.get(literal.datatype)
    if form is not None and form.fullmatch(literal.value):
        return literal
    return Literal(f"{literal.value}^^{literal.language or literal.datatype.value}")


@dataclass
class AxiomWriter:
    """Collects OWL axioms as triples."""

    triples: list[Spo] = field(default_factory=list)

    def implies(self, name: NamedNode, expression: Expression) -> None:
        """What is in the named class is in the expression."""
        self.triples.append((name, RDF_TYPE, OWL.Class))
        self.triples.append((name, RDFS.subClassOf, self.node(expression)))

    def member(self, node: Node, expression: Expression) -> None:
        """The node is in the expression."""
        self.triples.append((node, RDF_TYPE, self.node(expression)))

    def node(self, expression: Expression, *, data: bool = False) -> Node:
        """The node that stands for an expression."""
        match expression:
            case Named():
                return class_name(expression)
            case OneOf(terms, holds):
                return self._complement(self._values(terms, data=data), holds, data=data)
            case Facet(_, _, holds):
                return self._complement(self._facet(expression), holds, data=True)
            case Both(parts):
                return self._joined(OWL.intersectionOf, parts, data=data)
            case Either(parts):
                return self._joined(OWL.unionOf, parts, data=data)
            case Some(hop, filler):
                return self._restriction(hop, OWL.someValuesFrom, self.node(filler, data=hop.data))
            case Every(hop, filler):
                return self._restriction(hop, OWL.allValuesFrom, self.node(filler, data=hop.data))
            case Count():
                return self._count(expression)

    def distinct(self, nodes: Iterable[NamedNode]) -> None:
        """No two of the nodes are the same: each has its own IRI as its only name.

        Reasoners take this much faster than ``owl:AllDifferent``, which is an inequality for every pair.
        """
        self.triples += [(_NAME, RDF_TYPE, kind) for kind in (OWL.DatatypeProperty, OWL.FunctionalProperty)]
        self.triples += [(node, _NAME, Literal(node.value)) for node in nodes]

    def listed(self, terms: Iterable[Term]) -> Node:
        """The head of an RDF list."""
        head: Node = RDF.nil
        for term in reversed(tuple(terms)):
            cell = BlankNode()
            self.triples += [(cell, RDF.first, term), (cell, RDF.rest, head)]
            head = cell
        return head

    def _new(self, kind: NamedNode, *pairs: tuple[NamedNode, Term]) -> BlankNode:
        node = BlankNode()
        self.triples.append((node, RDF_TYPE, kind))
        self.triples.extend((node, p, o) for p, o in pairs)
        return node

    def _kind(self, *, data: bool) -> NamedNode:
        return RDFS.Datatype if data else OWL.Class

    def _values(self, terms: tuple[Term, ...], *, data: bool) -> Node:
        shown = [owl_literal(t) if isinstance(t, Literal) else t for t in terms]
        return self._new(self._kind(data=data), (OWL.oneOf, self.listed(shown)))

    def _complement(self, node: Node, holds: bool, *, data: bool) -> Node:
        if holds:
            return node
        verb = OWL.datatypeComplementOf if data else OWL.complementOf
        return self._new(self._kind(data=data), (verb, node))

    def _facet(self, facet: Facet) -> Node:
        bound = BlankNode()
        self.triples.append((bound, facet.bound, facet.limit))
        datatype = facet.limit.datatype
        return self._new(RDFS.Datatype, (OWL.onDatatype, datatype), (OWL.withRestrictions, self.listed([bound])))

    def _joined(self, verb: NamedNode, parts: tuple[Expression, ...], *, data: bool) -> Node:
        if parts:
            nodes = [self.node(p, data=data) for p in parts]
            return nodes[0] if len(nodes) == 1 else self._new(self._kind(data=data), (verb, self.listed(nodes)))
        if verb == OWL.unionOf:
            return self._complement(RDFS.Literal, False, data=True) if data else OWL.Nothing
        return RDFS.Literal if data else OWL.Thing

    def _restriction(self, hop: Hop, verb: NamedNode, filler: Node, *more: tuple[NamedNode, Term]) -> Node:
        on: Node = hop.property
        if hop.inverse:
            on = BlankNode()
            self.triples.append((on, OWL.inverseOf, hop.property))
        return self._new(OWL.Restriction, (OWL.onProperty, on), (verb, filler), *more)

    def _count(self, count: Count) -> Node:
        verb = OWL.minQualifiedCardinality if count.least else OWL.maxQualifiedCardinality
        number = (verb, Literal(str(count.number), datatype=XSD.nonNegativeInteger))
        filler = self.node(count.filler, data=count.hop.data)
        return self._restriction(count.hop, OWL.onDataRange if count.hop.data else OWL.onClass, filler, number)
