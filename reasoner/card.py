"""A card of one node of the graph: what it is, where it comes from, what it names and what names it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from pyoxigraph import BlankNode, CanonicalizationAlgorithm, Dataset, NamedNode, Quad, RdfFormat, Triple, serialize

from reasoner.library import Library, Place, described
from reasoner.triples import RDF_FIRST, RDF_REST, RDF_TYPE, Node, Term
from reasoner.vocabulary import COV, OWL, RDFS, SKOS

HEAD = {RDF_TYPE, RDFS.label, SKOS.definition, COV.assertedBy, RDFS.isDefinedBy, COV.inSection, COV.page}
"""What the head of a card says, so its links need not repeat it."""

UNTOLD = {SKOS.broaderTransitive}
"""What only restates other links of the same node."""

PLUMBING = {OWL.annotatedSource, OWL.annotatedTarget, OWL.annotatedProperty, RDF_FIRST, RDF_REST, RDFS.isDefinedBy}
"""Links by which a mapping, a list or a file holds a node; what they say stands on the card in other words."""

DEEPEST = 6


@dataclass(frozen=True)
class Value:
    """One value of a property: a literal, a named node (with its IRI), or a nameless node (with its parts)."""

    text: str
    iri: str | None = None
    name: str | None = None
    parts: tuple[Group, ...] = ()


@dataclass(frozen=True)
class Group:
    """All values of one property."""

    property: str
    label: str
    values: tuple[Value, ...]


@dataclass(frozen=True)
class Card:
    """A node with its source and links; ``asserted_in`` is the file whose header speaks for the node, if one does."""

    iri: str
    name: str
    label: str
    kinds: tuple[Value, ...]
    definition: str
    asserted_by: str | None
    asserted_in: str | None
    file: str | None
    ontology: str | None
    places: tuple[Place, ...]
    outgoing: tuple[Group, ...]
    incoming: tuple[Group, ...]


def card_of(library: Library, iri: str) -> Card:
    """The card of a node, by its full IRI."""
    node = NamedNode(iri)
    asserted_by, asserted_in = _asserter(library, node)
    home = library.homes.get(iri)
    return Card(
        iri=iri,
        name=library.compact(iri),
        label=library.label(node),
        kinds=tuple(value_of(library, o) for o in library.graph.objects(node, RDF_TYPE)),
        definition=library.definition(node),
        asserted_by=asserted_by,
        asserted_in=asserted_in,
        file=home.path if home else None,
        ontology=home.title if home else None,
        places=library.places(node),
        outgoing=(*outgoing(library, node), *_of_code(library, node)),
        incoming=incoming(library, node),
    )


def _asserter(library: Library, node: NamedNode) -> tuple[str | None, str | None]:
    found = library.graph.one(node, COV.assertedBy)
    if found is not None:
        return _plain(library, found), None
    home = library.homes.get(node.value)
    if home is None or home.header is None:
        return None, None
    found = library.graph.one(home.header, COV.assertedBy)
    return (_plain(library, found), home.path) if found is not None else (None, None)


def _plain(library: Library, node: Term) -> str:
    return library.graph.text(node, COV.plainLabel) or library.label(node)


def value_of(library: Library, term: Term, depth: int = 0) -> Value:
    """A value as a reader sees it; a list is one value whose parts are numbered."""
    if isinstance(term, NamedNode):
        return Value(library.label(term), term.value, library.compact(term.value))
    if not isinstance(term, BlankNode):
        return Value(term.value)
    if depth >= DEEPEST:
        return Value("and more")
    if library.is_list(term):
        members = tuple(value_of(library, m, depth + 1) for m in library.graph.members(term))
        return Value("", parts=(Group("", "in this order", members),))
    return Value("", parts=outgoing(library, term, depth + 1))


def outgoing(library: Library, node: Node, depth: int = 0) -> tuple[Group, ...]:
    """What a node says, by property, without what the head of its card says."""
    skipped = HEAD | UNTOLD if depth == 0 else {RDF_TYPE}
    out = []
    for predicate in library.graph.predicates(node):
        if predicate in skipped:
            continue
        values: list[Value] = []
        for term in library.graph.objects(node, predicate):
            listed = library.graph.members(term) if library.is_list(term) else [term]
            values += [value_of(library, t, depth + 1) for t in listed]
        out.append(Group(predicate.value, library.label(predicate), tuple(values)))
    return tuple(out)


def incoming(library: Library, node: NamedNode) -> tuple[Group, ...]:
    """The named nodes that mention a node, by property; every one of them."""
    found: dict[NamedNode, dict[NamedNode, None]] = {}
    for predicate, owner in library.owners(node):
        if predicate not in PLUMBING:
            found.setdefault(predicate, {})[owner] = None
    return tuple(
        Group(p.value, "a" if p == RDF_TYPE else library.label(p), tuple(value_of(library, o) for o in owners))
        for p, owners in found.items()
    )


def _of_code(library: Library, node: NamedNode) -> Iterator[Group]:
    """What the graph holds of a code by way of its families: those that take it in, and those that exclude it."""
    notation = library.graph.text(node, SKOS.notation)
    if notation is None or COV.Code not in library.graph.objects(node, RDF_TYPE):
        return
    families = {
        f
        for f in library.graph.instances(COV.CodeFamily)
        if library.graph.one(f, COV.codeSystem) == library.graph.one(node, COV.codeSystem)
        and re.search(library.graph.text(f, COV.codePattern) or "$^", notation)
    }
    if families:
        values = sorted((value_of(library, f) for f in families), key=lambda v: v.name or "")
        yield Group(COV.codePattern.value, "in the family", tuple(values))
    excluded = sorted(_excluded(library, families), key=lambda v: v.text)
    if excluded:
        yield Group(COV.Excludes1.value, "excluded from one claim with (Excludes1)", tuple(excluded))


def _excluded(library: Library, families: set[Node]) -> Iterator[Value]:
    for exclusion in library.graph.instances(COV.Excludes1):
        ends = [library.graph.one(exclusion, p) for p in (COV.firstFamily, COV.secondFamily)]
        for mine, other in (ends, ends[::-1]):
            if mine in families and isinstance(other, NamedNode):
                codes = library.graph.text(other, SKOS.notation) or library.label(other)
                text = f"{codes}, {library.label(other)}: {library.graph.text(exclusion, COV.why) or 'no reason given'}"
                yield Value(text, other.value, library.compact(other.value))


def turtle_of(library: Library, iri: str) -> str:
    """All that the graph says of a node, as Turtle."""
    dataset = Dataset(Quad(s, p, o) for s, p, o in described(library.graph, NamedNode(iri)))
    dataset.canonicalize(CanonicalizationAlgorithm.RDFC_1_0)
    triples = sorted((Triple(q.subject, q.predicate, q.object) for q in dataset), key=str)
    text = " ".join(map(str, triples))
    shown = {p: b for p, b in library.prefixes.items() if f"<{b}" in text}
    lines = (serialize(triples, format=RdfFormat.TURTLE, prefixes=shown) or b"").decode().splitlines()
    head = sorted(line for line in lines if line.startswith("@prefix"))  # they come in no fixed order
    return "\n".join([*head, "", *(line for line in lines if not line.startswith("@prefix")), ""])
