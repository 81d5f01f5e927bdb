"""A card of one node of the graph: what it is, where it comes from, what it names and what names it."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from pyoxigraph import BlankNode, CanonicalizationAlgorithm, Dataset, NamedNode, Quad, RdfFormat, Triple, serialize

from reasoner.errors import UnknownTerm
from reasoner.library import NAMES, Library, Place, described
from reasoner.triples import RDF_FIRST, RDF_REST, RDF_TYPE, Node, Term
from reasoner.vocabulary import COV, RDFS, SKOS, local_name

HEAD = {RDF_TYPE, RDFS.label, SKOS.definition, COV.assertedBy, RDFS.isDefinedBy, COV.inSection, COV.page}
"""What the head of a card says, so its links need not repeat it."""

LABELS = (*NAMES, COV.plainLabel, SKOS.altLabel)
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
        outgoing=outgoing(library, node),
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
    skipped = HEAD if depth == 0 else {RDF_TYPE}
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
        if predicate not in (RDF_FIRST, RDF_REST, RDFS.isDefinedBy):
            found.setdefault(predicate, {})[owner] = None
    return tuple(
        Group(p.value, "a" if p == RDF_TYPE else library.label(p), tuple(value_of(library, o) for o in owners))
        for p, owners in found.items()
    )


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


# ---- Finding the node ------------------------------------------------------------------------------


def find(library: Library, thing: str) -> str:
    """The IRI of what a reader calls a thing.

    A thing is an IRI, a prefixed name, a policy number, a criterion id, a notation or code, or a label.

    Raises:
        UnknownTerm: nothing is called so (near names are suggested), or several nodes are.
    """
    wanted = thing.strip().removeprefix("<").removesuffix(">")
    for way in _ways(library):
        found = list(dict.fromkeys(way(wanted)))
        hits = [i for i in found if not library.is_generated(i)] or found
        if len(hits) == 1:
            return hits[0]
        if hits:
            raise UnknownTerm(_several(library, thing, hits), tuple(library.compact(h) for h in hits))
    raise UnknownTerm(*_none(library, thing))


Way = Callable[[str], Iterable[str]]


def _ways(library: Library) -> tuple[Way, ...]:
    """The ways to find a node, most exact first; the first that finds something decides."""
    return (
        lambda t: [t] if _known(library, t) else [],
        lambda t: [i for i in [_expanded(library, t)] if i and _known(library, i)],
        lambda t: [i for i in _holding(library, t, COV.number) if NamedNode(i) in library.graph.instances(COV.Policy)],
        lambda t: _holding(library, t, COV.number, COV.id, SKOS.notation),
        lambda t: _holding(library, t, COV.procedureCode),
        lambda t: [i for i in _holding(library, t, *LABELS) if NamedNode(i) not in library.graph.instances(COV.Anchor)],
        lambda t: _holding(library, t, *LABELS),
        lambda t: [i for i in library.homes if local_name(i).casefold() == t.casefold() and _known(library, i)],
    )


def _known(library: Library, iri: str) -> bool:
    try:
        node = NamedNode(iri)
    except ValueError:
        return False
    return bool(library.graph.predicates(node)) or bool(library.graph.incoming(node))


def _expanded(library: Library, name: str) -> str | None:
    prefix, colon, local = name.partition(":")
    return library.prefixes[prefix] + local if colon and prefix in library.prefixes else None


def _holding(library: Library, text: str, *predicates: NamedNode) -> list[str]:
    """The named nodes (through their nameless parts) with a literal equal to a text, letter case aside."""
    return [
        s.value
        for s, p, o in library.graph
        if p in predicates and isinstance(s, NamedNode) and o.value.casefold() == text.casefold()
    ]


def _several(library: Library, thing: str, hits: list[str]) -> str:
    rows = [f"  {library.compact(h)}  {_kinds(library, h)}: {library.label(NamedNode(h))}" for h in hits]
    return "\n".join(
        [f"{thing!r} names {len(hits)} nodes:", *rows, f"Be exact: plexus show {library.compact(hits[0])}"]
    )


def _kinds(library: Library, iri: str) -> str:
    kinds = [library.label(k) for k in library.graph.objects(NamedNode(iri), RDF_TYPE)]
    return ", ".join(k for k in kinds if k != "NamedIndividual") or "node"


def _none(library: Library, thing: str) -> tuple[str, tuple[str, ...]]:
    predicates = (*LABELS, COV.id, COV.number, SKOS.notation, COV.procedureCode)
    names: dict[str, tuple[str, str]] = {}
    for s, p, o in library.graph:
        if isinstance(s, NamedNode) and p in predicates:
            names.setdefault(o.value.casefold(), (o.value, s.value))
    for iri in library.homes:
        names.setdefault(local_name(iri).casefold(), (library.label(NamedNode(iri)), iri))
    wanted = thing.casefold().split(":")[-1]
    near = difflib.get_close_matches(wanted, names, n=5, cutoff=0.6)
    near += [n for n in names if wanted and wanted in n and n not in near][: 5 - len(near)]
    hits = list(dict.fromkeys(names[n][1] for n in near))
    if not hits:
        return f"Nothing is called {thing!r}. Give an IRI, a prefixed name, an id, a code or a label.", ()
    rows = [f"  {library.compact(h)}  {library.label(NamedNode(h))}" for h in hits]
    return "\n".join([f"Nothing is called {thing!r}. Near are:", *rows]), tuple(library.compact(h) for h in hits)
