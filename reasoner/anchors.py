"""Places in a policy document, and whether a copy of the document still says the same there.

plexus holds no text of a policy. An anchor is a character range of the *normalised* text with the SHA-256
of what stands there; whoever has a copy can check it. :mod:`reasoner.placing` finds the places in a copy; this module
reads anchors from the graph and says who speaks for the places, and which words nobody speaks for.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

from pyoxigraph import NamedNode

from reasoner.copies import Anchor, Copy, normalised, span_digest
from reasoner.errors import PolicyError
from reasoner.placing import Fate, Placement, place
from reasoner.triples import RDF_TYPE, Node, Triples
from reasoner.vocabulary import COV, DCTERMS, OA, RDFS, local_name

RECOGNISED = 0.2
"""The part of the places that must be found before a text is taken for a copy of the document."""

_WORD = re.compile(r"\w")

# What speaks for a span of the document. An ambiguity may be anchored to a whole section about which it says
# only that something is missing there, so it speaks for nothing.
SPEAKERS = (
    COV.Section,
    COV.Clause,
    COV.CoverageStatement,
    COV.LeafCriterion,
    COV.AllOf,
    COV.AnyOf,
    COV.AtLeast,
    COV.Exclusion,
)


@dataclass(frozen=True)
class Speaker:
    """A node of the graph that says something about a place: a clause, criterion, ambiguity, ..."""

    iri: str
    label: str
    kind: str
    anchor: str


@dataclass(frozen=True)
class SourceCheck:
    """A copy of the document held against the anchors of one edition; ``text`` is the copy, normalised."""

    edition: str
    text: str
    placements: tuple[Placement, ...]
    uncovered: tuple[tuple[int, int], ...]
    speakers: tuple[Speaker, ...]

    @property
    def faithful(self) -> bool:
        """Whether every anchor has its own words at its own place, but for typography, and no words are left over."""
        return not self.uncovered and all(p.fate in (Fate.EXACT, Fate.RESPACED) for p in self.placements)

    @property
    def recognised(self) -> bool:
        """Whether so many places were found that the text looks like a copy of the document."""
        return self.share >= RECOGNISED

    @property
    def share(self) -> float:
        """The part of the places that were found, from 0 to 1."""
        found = sum(self.count(fate) for fate in (Fate.EXACT, Fate.RESPACED, Fate.MOVED))
        return found / len(self.placements)

    def count(self, fate: Fate) -> int:
        """How many anchors met a fate."""
        return sum(p.fate is fate for p in self.placements)

    def moved(self) -> tuple[tuple[Placement, ...], ...]:
        """The places that have moved, those together that moved by as much with nothing moved otherwise between."""
        moved = (p for p in self.placements if p.fate is Fate.MOVED)
        return tuple(tuple(group) for _, group in groupby(moved, key=lambda p: p.start - p.anchor.start))

    def to_reread(self) -> tuple[tuple[Speaker, Placement], ...]:
        """Who speaks for words that are changed or gone, in the order of the document."""
        lost = {p.anchor.iri: p for p in self.placements if p.fate in (Fate.CHANGED, Fate.GONE)}
        found = [(s, lost[s.anchor]) for s in self.speakers if s.anchor in lost]
        return tuple(sorted(found, key=lambda x: (x[1].anchor.start, -x[1].anchor.end, x[0].iri)))


def anchors_of(graph: Triples, edition: NamedNode) -> tuple[Anchor, ...]:
    """The anchors of an edition in the order of the document, the wider first.

    Raises:
        PolicyError: an anchor without a range, page, digest or section.
    """
    found = []
    for section in graph.subjects(DCTERMS.isPartOf, edition):
        title = graph.text(section, DCTERMS.title) or local_name(section.value)
        for node in graph.subjects(COV.inSection, section):
            numbers = [_whole(graph, node, p) for p in (COV.page, OA.start, OA.end)]
            digest = graph.text(node, COV.spanDigest)
            if digest is None or numbers[1] >= numbers[2]:
                raise PolicyError(node.value, "is no proper place.", "Give oa:start before oa:end, and cov:spanDigest.")
            label = graph.text(node, RDFS.label) or local_name(node.value)
            found.append(Anchor(node.value, label, title, numbers[0], numbers[1], numbers[2], digest))
    return tuple(sorted(found, key=lambda a: (a.start, -a.end, a.iri)))


def _whole(graph: Triples, node: Node, prop: NamedNode) -> int:
    value = graph.text(node, prop)
    if value is None or not value.isdecimal():
        raise PolicyError(node.value, f"has no whole number for {local_name(prop.value)}.", "Add it.")
    return int(value)


def speakers_of(graph: Triples, anchors: Iterable[Anchor]) -> tuple[Speaker, ...]:
    """Every node that is anchored at one of the places."""
    out = []
    for anchor in anchors:
        for node in graph.subjects(COV.anchor, NamedNode(anchor.iri)):
            types = graph.nodes(node, RDF_TYPE)
            kind = next((graph.text(t, RDFS.label) or local_name(t.value) for t in types), "node")
            label = graph.text(node, RDFS.label) or local_name(node.value)
            out.append(Speaker(node.value, label, kind, anchor.iri))
    return tuple(out)


def compare(graph: Triples, edition: NamedNode, text: str) -> SourceCheck:
    """Hold a copy of a document against the anchors of an edition.

    Args:
        graph: the knowledge graph.
        edition: the edition whose anchors are meant.
        text: the copy, as read from a file; it is normalised here.

    Raises:
        PolicyError: the edition has no anchors, or an anchor is not well made.
    """
    anchors = anchors_of(graph, edition)
    if not anchors:
        raise PolicyError(edition.value, "has no anchors to check.", "Add cov:Anchor nodes; see plexus anchor.")
    copy = Copy(text)
    placed = place(anchors, copy)
    speakers = speakers_of(graph, anchors)
    speaking = {s.anchor for s in speakers if any(t in SPEAKERS for t in graph.nodes(NamedNode(s.iri), RDF_TYPE))}
    spans = [(p.start, p.end) for p in placed if p.anchor.iri in speaking and p.fate is not Fate.GONE]
    return SourceCheck(edition.value, copy.text, placed, tuple(_left_over(copy.text, spans)), speakers)


def section_at(graph: Triples, found: SourceCheck, position: int) -> Node:
    """The section of the edition whose heading stands before a position of the copy.

    Raises:
        PolicyError: it cannot be told; the error says why.
    """
    node = {s.anchor: NamedNode(s.iri) for s in found.speakers}
    sections = set(graph.instances(COV.Section))
    headings = [p for p in found.placements if p.anchor.iri in node and node[p.anchor.iri] in sections]
    here = [p for p in headings if p.fate not in (Fate.CHANGED, Fate.GONE)]
    before = max((p for p in here if p.start <= position), key=lambda p: p.start, default=None)
    if not found.recognised or before is None:
        raise PolicyError("cov:inSection", "is left open: no heading of the edition was found before these words.")
    later = [p for p in headings if p.anchor.start > before.anchor.start]
    if later and later[0] not in here:
        why = f"is left open: the {later[0].anchor.label} was not found, and it may have to stand before these words."
        raise PolicyError("cov:inSection", why)
    return node[before.anchor.iri]


def anchor_turtle(
    prefix: str, name: str, section: str, page: int | str, start: int, words: str, home: str, label: str = ""
) -> str:
    """An anchor in Turtle: numbers and a digest, never the words.

    Args:
        prefix: the prefix of the policy.
        name: the local name of the anchor, without ``at-``.
        section: the section, as a prefixed name.
        page: the page, or what stands for it.
        start: the first character, in the normalised text.
        words: the normalised words that stand there.
        home: the IRI of the ontology that defines the anchor.
        label: what the place is called (default: its name).
    """
    return (
        f"{prefix}:at-{name} a cov:Anchor ;\n"
        f'    rdfs:label "{label or name.replace("-", " ")}"@en ;\n'
        f"    cov:inSection {section} ;\n"
        f"    cov:page {page} ;\n"
        f"    oa:start {start} ;\n"
        f"    oa:end {start + len(words)} ;\n"
        f'    cov:spanDigest "{span_digest(words)}" ;\n'
        f"    rdfs:isDefinedBy <{home}> ."
    )


def page_at(text: str, position: int) -> int | None:
    """The page of a position of the normalised text, where form feeds part the pages of a copy, else None."""
    breaks = [len(normalised(text[: m.start()])) for m in re.finditer("\f", text)]
    return 1 + sum(at <= position for at in breaks) if breaks else None


def _left_over(copy: str, spans: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """The stretches with words in them that lie in none of the spans."""
    at = 0
    for start, end in [*sorted(spans), (len(copy), len(copy))]:
        if start > at and _WORD.search(copy, at, start):
            yield at, start
        at = max(at, end)
