"""A policy document read in its own order: sections, and in each what the graph says of every place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pyoxigraph import NamedNode

from reasoner.library import SourceFile
from reasoner.render.docs.page import Html, e, heading, ul
from reasoner.render.docs.site import Site
from reasoner.triples import RDF_TYPE, Node, Triples
from reasoner.vocabulary import COV, DCTERMS, OA, SKOS

SHOWN = (COV.Clause, COV.CoverageStatement, COV.LeafCriterion, COV.AllOf, COV.AnyOf, COV.AtLeast, COV.Exclusion)
WORDS = (COV.says, COV.plainText, SKOS.definition)


def document(site: Site, file: SourceFile) -> Html:
    """The document of which a file holds clauses; nothing where it holds none."""
    graph = site.library.graph
    editions = {x for clause in file.triples.instances(COV.Clause) for x in _editions(graph, clause)}
    parts = [_section(site, graph, s) for edition in sorted(editions, key=str) for s in _sections(graph, edition)]
    return heading(2, "The document in its order", "document-order") + "".join(parts) if parts else ""


def _editions(graph: Triples, clause: Node) -> Iterator[Node]:
    for anchor in graph.nodes(clause, COV.anchor):
        for section in graph.nodes(anchor, COV.inSection):
            yield from graph.nodes(section, DCTERMS.isPartOf)


def _sections(graph: Triples, edition: Node) -> list[Node]:
    found = [n for n in graph.subjects(DCTERMS.isPartOf, edition) if COV.Section in graph.nodes(n, RDF_TYPE)]
    return sorted(found, key=lambda n: _number(graph, n, COV.order))


def _number(graph: Triples, node: Node, prop: NamedNode) -> int:
    text = graph.text(node, prop) or ""
    return int(text) if text.isdecimal() else 0


def _section(site: Site, graph: Triples, section: Node) -> Html:
    title = graph.text(section, DCTERMS.title) or site.library.label(section)
    anchors = sorted(
        graph.subjects(COV.inSection, section),
        key=lambda a: (_number(graph, a, OA.start), -_number(graph, a, OA.end)),
    )
    rows = [_row(site, graph, node, anchor) for anchor in anchors for node in _speakers(graph, anchor)]
    page = graph.text(section, COV.page) or ""
    return heading(3, e(f"{title} (page {page})"), f"document-{section.value}") + (ul(rows) if rows else "")


def _speakers(graph: Triples, anchor: Node) -> Iterable[Node]:
    found = [n for n in graph.subjects(COV.anchor, anchor) if set(graph.nodes(n, RDF_TYPE)) & set(SHOWN)]
    return sorted(found, key=lambda n: n.value)


def _row(site: Site, graph: Triples, node: Node, anchor: Node) -> Html:
    words = next((t for prop in WORDS if (t := graph.text(node, prop))), "")
    on = [site.link(o.value) for o in graph.nodes(node, COV.bearsOn)]
    why = graph.text(node, COV.noCriterionBecause)
    more = f" Bears on: {', '.join(on)}." if on else f" No criterion: {e(why)}" if why else ""
    place = f"characters {graph.text(anchor, OA.start)} to {graph.text(anchor, OA.end)}"
    return f"{site.link(node.value)}: {e(words)} <small>({e(place)})</small>{more}"
