"""The clauses of an edition beside its criteria: of its own document, and of one that it amends and does not change."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pyoxigraph import NamedNode

from reasoner.model import Source
from reasoner.policy_rules import amended
from reasoner.triples import Node, Triples
from reasoner.vocabulary import COV, DCTERMS, OA, RDFS, local_name


@dataclass(frozen=True)
class Clause:
    """One clause: what it says in the project's words, and its place in the document."""

    iri: str
    label: str
    says: str
    source: Source


def clauses_of(graph: Triples, edition: str) -> tuple[Clause, ...]:
    """The clauses of an edition in the order of the document; those of an amended edition follow its own.

    Args:
        graph: the graph of a library, sources included.
        edition: the IRI of the edition.
    """
    node = NamedNode(edition)
    found: dict[str, Clause] = {}
    left_out: set[Node] = set()
    for one in amended(graph, node):
        for clause in sorted(_placed(graph, one), key=lambda c: (c.source.start, c.iri)):
            if NamedNode(clause.iri) not in left_out:
                found.setdefault(clause.iri, clause)
        left_out |= set(graph.nodes(one, COV.leavesOut))
    return tuple(found.values())


def _placed(graph: Triples, edition: Node) -> Iterator[Clause]:
    for section in graph.subjects(DCTERMS.isPartOf, edition):
        title = graph.text(section, DCTERMS.title) or local_name(section.value)
        for anchor in graph.subjects(COV.inSection, section):
            for clause in graph.subjects(COV.anchor, anchor):
                says = graph.text(clause, COV.says)
                if says is not None:
                    label = graph.text(clause, RDFS.label) or local_name(clause.value)
                    yield Clause(clause.value, label, says, _source(graph, anchor, title))


def _source(graph: Triples, anchor: Node, title: str) -> Source:
    page, start, end = (int(graph.text(anchor, p) or 0) for p in (COV.page, OA.start, OA.end))
    return Source(title, page, anchor.value, start, end, graph.text(anchor, COV.spanDigest) or "")
