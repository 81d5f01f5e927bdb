"""Everything that plexus knows, as named graphs: one a file of ontology/ and shapes/, named by its ontology.

The default graph is the union of all. Requests and reviews that a user adds come as graphs of their own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from pyoxigraph import BlankNode, DefaultGraph, NamedNode, Quad

from reasoner.errors import PolicyError
from reasoner.library import open_library
from reasoner.triples import RDF_TYPE, Node, Spo, Triples
from reasoner.vocabulary import BASE, COV, OWL, RDFS, SKOS

Graphs = Mapping[str, tuple[Spo, ...]]

VOCABULARIES = tuple(BASE + name for name in ("coverage", "clinical", "anatomy", "alignments", "inferred"))
"""Graphs that declare words rather than say something of a policy."""

_DECLARING = (RDF_TYPE, RDFS.label, SKOS.definition, RDFS.isDefinedBy, RDFS.subClassOf, RDFS.subPropertyOf)
_DECLARING_MORE = (RDFS.domain, RDFS.range, COV.plainLabel, COV.assertedBy)
# What a code means in the clinical vocabulary, or a term in another ontology, is always the project's word.
_MAPPING = (SKOS.exactMatch, SKOS.closeMatch, SKOS.broadMatch, SKOS.narrowMatch, SKOS.relatedMatch)


def knowledge_graphs(root: Path | None = None) -> dict[str, tuple[Spo, ...]]:
    """The graphs of a library (default: what plexus ships), by the IRI of the ontology that each file declares.

    Raises:
        PolicyError: a file that is no Turtle, declares no ontology, or one that another file declares.
    """
    out: dict[str, tuple[Spo, ...]] = {}
    for file in open_library(root).files:
        if file.header is None:
            raise PolicyError(file.path, "declares no ontology, or several.", "Declare one owl:Ontology a file.")
        if file.header.value in out:
            raise PolicyError(file.path, f"declares {file.header.value} once more.", "Give it its own IRI.")
        out[file.header.value] = tuple(file.triples)
    return out


def merged(graphs: Graphs) -> Triples:
    """All graphs as one index."""
    return Triples(t for triples in graphs.values() for t in triples)


def asserter(graph: Triples, node: Node) -> Node | None:
    """Who vouches for a node: what it says itself, else what the header of its ontology says."""
    own = graph.node(node, COV.assertedBy)
    if own is not None:
        return own
    home = graph.node(node, RDFS.isDefinedBy)
    return graph.node(home, COV.assertedBy) if home is not None else None


def without_project_claims(graphs: Graphs) -> dict[str, tuple[Spo, ...]]:
    """The graphs without what only the project asserts.

    Words stay declared, so that what the policy says can be read; of everything else, nodes stay of which
    the policy or a code system itself speaks, the places and sections included. No triple points at a node that went.
    """
    whole = merged(graphs)
    stays = {s for s, _, _ in whole if _stays(whole, s)}
    words = {t[0] for name in VOCABULARIES for t in graphs.get(name, ())}
    return {
        name: _without_orphans([t for t in triples if _kept(t, stays, words, vocabulary=name in VOCABULARIES)])
        for name, triples in graphs.items()
    }


def _without_orphans(triples: list[Spo]) -> tuple[Spo, ...]:
    """The triples without those of blank nodes to which no named node leads any more."""
    leads: dict[Node, list[Node]] = {}
    for s, _, o in triples:
        if isinstance(o, BlankNode):
            leads.setdefault(s, []).append(o)
    reached: set[Node] = set()
    ahead = [o for s, found in leads.items() if not isinstance(s, BlankNode) for o in found]
    while ahead:
        node = ahead.pop()
        if node not in reached:
            reached.add(node)
            ahead += leads.get(node, ())
    return tuple(t for t in triples if not isinstance(t[0], BlankNode) or t[0] in reached)


def _stays(whole: Triples, node: Node) -> bool:
    if isinstance(node, BlankNode):
        return True
    types = whole.nodes(node, RDF_TYPE)
    if OWL.Ontology in types or COV.Anchor in types or COV.Section in types:
        return True
    return asserter(whole, node) in (COV.AssertedByPolicy, COV.AssertedByCodeSystem)


def _kept(triple: Spo, stays: set[Node], words: set[Node], *, vocabulary: bool) -> bool:
    s, p, o = triple
    if p in _MAPPING:
        return False
    if vocabulary and p in (*_DECLARING, *_DECLARING_MORE):
        return True
    foreign = not isinstance(o, NamedNode) or not o.value.startswith(BASE)
    return s in stays and (foreign or o in stays or o in words)


def quads(graphs: Graphs) -> Iterator[Quad]:
    """The graphs as quads: each triple in its named graph and in the default graph."""
    for name, triples in graphs.items():
        graph = NamedNode(name)
        for s, p, o in triples:
            yield Quad(s, p, o, graph)
            yield Quad(s, p, o, DefaultGraph())
