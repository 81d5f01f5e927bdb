"""What shapes cannot say of the graph: terms that another vocabulary does not have, and shapes without a name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from pyoxigraph import BlankNode, Literal, NamedNode

from reasoner.triples import RDF_FIRST, RDF_REST, RDF_TYPE, Node, Spo
from reasoner.vocabulary import BASE, PREFIXES, Namespace, compact

if TYPE_CHECKING:
    from rdflib.namespace import DefinedNamespace

_SHACL = Namespace(PREFIXES["sh"])
_HOLDS_SHAPES = {p.value for p in (_SHACL.property, _SHACL.node, _SHACL["not"], _SHACL.qualifiedValueShape)} | {
    f"{BASE}coverage#{name}" for name in ("facet", "uses", "linkedShape")
}
_LISTS_SHAPES = {p.value for p in (_SHACL["or"], _SHACL["and"], _SHACL.xone)}
_SHAPE_CLASSES = {_SHACL.NodeShape, _SHACL.PropertyShape}


def faults(graphs: Mapping[str, Iterable[Spo]]) -> Iterator[tuple[str, str]]:
    """Where, and what is wrong: once for each node and foreign term, and for each shape that is a blank node.

    Args:
        graphs: triples by the name of their graph.
    """
    triples = list(dict.fromkeys(t for graph in graphs.values() for t in graph))
    listed = _listed()
    declared = _declared(triples)
    for subject, term in dict.fromkeys((s, t) for s, p, o in triples for t in _terms(p, o)):
        if term.startswith(BASE):  # shapes/ontology.ttl looks after these
            continue
        if what := _fault(term, declared, listed):
            yield _name(subject), what
    yield from _unnamed_shapes(triples)


def undeclared(terms: Mapping[str, Iterable[str]], graphs: Mapping[str, Iterable[Spo]]) -> Iterator[tuple[str, str]]:
    """Where, and what is wrong: terms, of plexus or not, that no graph declares and no listed vocabulary has.

    Args:
        terms: the IRIs that something names, by the name of that thing.
        graphs: triples by the name of their graph.
    """
    listed = _listed()
    declared = _declared(t for graph in graphs.values() for t in graph)
    for where, named in terms.items():
        for term in dict.fromkeys(named):
            if what := _fault(term, declared, listed):
                yield where, what


def _declared(triples: Iterable[Spo]) -> set[str]:
    return {s.value for s, p, _ in triples if p == RDF_TYPE and isinstance(s, NamedNode)}


def _terms(predicate: NamedNode, value: Node | Literal) -> Iterator[str]:
    """The words of a triple that belong to a vocabulary: property, class, datatype, and values from SHACL."""
    yield predicate.value
    if isinstance(value, Literal):
        yield value.datatype.value
    elif isinstance(value, NamedNode) and (predicate == RDF_TYPE or value.value.startswith(PREFIXES["sh"])):
        yield value.value


def _listed() -> dict[str, type[DefinedNamespace]]:
    """Vocabularies whose terms rdflib lists whole. Terms of any other are declared in the file that uses them."""
    from rdflib.namespace import DCTERMS, OWL, PROV, RDF, RDFS, SH, SKOS, XSD

    return {str(v._NS): v for v in (DCTERMS, OWL, PROV, RDF, RDFS, SH, SKOS, XSD)}


def _fault(term: str, declared: set[str], listed: Mapping[str, type[DefinedNamespace]]) -> str | None:
    namespace = next((n for n in listed if term.startswith(n)), None)
    if namespace is None:
        if term in declared:
            return None
        return f"uses {compact(term)}, which is declared nowhere. Declare it with its type, or correct the IRI."
    if term.removeprefix(namespace) in listed[namespace]:
        return None
    return f"uses {compact(term)}, a term that its vocabulary does not have. Correct it."


def _unnamed_shapes(triples: list[Spo]) -> Iterator[tuple[str, str]]:
    rest = {s: o for s, p, o in triples if p == RDF_REST}
    first = {s: o for s, p, o in triples if p == RDF_FIRST}
    for s, p, o in triples:
        held: list[Node | Literal] = [o] if p.value in _HOLDS_SHAPES else []
        if p.value in _LISTS_SHAPES:
            held += _members(o, first, rest)
        if p == RDF_TYPE and o in _SHAPE_CLASSES:
            held.append(s)
        if any(isinstance(h, BlankNode) for h in held):
            yield _name(s), "has a shape without a name, which no finding could point at. Give it an IRI."


def _members(
    head: Node | Literal, first: Mapping[Node, Node | Literal], rest: Mapping[Node, Node | Literal]
) -> Iterator[Node | Literal]:
    while not isinstance(head, Literal) and head in first:
        yield first[head]
        head = rest[head]


def _name(node: Node) -> str:
    return compact(node.value) if isinstance(node, NamedNode) else "a node without a name"
