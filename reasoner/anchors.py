"""Places in a policy document, and whether a copy of the document still says the same there.

plexus holds no text of a policy. An anchor is a character range of the *normalised* text with the SHA-256
of what stands there; whoever has a copy can check it. Anchors lie within one another (a criterion within its
statement), so a copy is compared from the outside in: an anchor is looked for within the place where the
anchor around it was found.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from pyoxigraph import NamedNode

from reasoner.errors import PolicyError
from reasoner.triples import RDF_TYPE, Node, Triples
from reasoner.vocabulary import COV, DCTERMS, OA, RDFS, local_name

_PLAIN = str.maketrans({"‘": "'", "’": "'", "“": '"', "”": '"', "\u00ad": None} | dict.fromkeys("‐‑–—−", "-"))
_WORD = re.compile(r"\w")

# What speaks for a span of the document. An ambiguity may be anchored to a whole section about which it says
# only that something is missing there, so it speaks for nothing.
SPEAKERS = (COV.Section, COV.Clause, COV.CoverageStatement, COV.LeafCriterion, COV.AllOf, COV.AnyOf, COV.Exclusion)


def normalised(text: str) -> str:
    r"""A text as anchors count it: NFKC, straight quotes and hyphens, every run of white space one space.

    >>> normalised(' one\n two – “three” ')
    'one two - "three"'
    """
    return " ".join(unicodedata.normalize("NFKC", text).translate(_PLAIN).split())


def span_digest(text: str) -> str:
    """SHA-256, in hex, of a span of normalised text."""
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True)
class Anchor:
    """A place in the normalised text of an edition: characters from ``start`` up to ``end``."""

    iri: str
    label: str
    section: str
    page: int
    start: int
    end: int
    digest: str

    def encloses(self, other: Anchor) -> bool:
        """Whether another anchor lies within this one (or is the same range)."""
        return self.start <= other.start and other.end <= self.end


@dataclass(frozen=True)
class Speaker:
    """A node of the graph that says something about a place: a clause, criterion, ambiguity, ..."""

    iri: str
    label: str
    kind: str
    anchor: str


class Fate(StrEnum):
    """What became of the words at an anchor in another copy of the document."""

    EXACT = "exact"
    MOVED = "moved"
    CHANGED = "changed"
    GONE = "gone"


@dataclass(frozen=True)
class Placement:
    """Where an anchor is in the copy: its range there, or for changed words the range to read instead."""

    anchor: Anchor
    fate: Fate
    start: int
    end: int


@dataclass(frozen=True)
class SourceCheck:
    """A copy of the document held against the anchors of one edition."""

    edition: str
    length: int
    placements: tuple[Placement, ...]
    uncovered: tuple[tuple[int, int], ...]
    speakers: tuple[Speaker, ...]

    @property
    def faithful(self) -> bool:
        """Whether every anchor is exact and no words are left over."""
        return not self.uncovered and all(p.fate is Fate.EXACT for p in self.placements)

    def count(self, fate: Fate) -> int:
        """How many anchors met a fate."""
        return sum(p.fate is fate for p in self.placements)

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
    copy = normalised(text)
    placed = _Placer(copy).place(anchors)
    speakers = speakers_of(graph, anchors)
    speaking = {s.anchor for s in speakers if any(t in SPEAKERS for t in graph.nodes(NamedNode(s.iri), RDF_TYPE))}
    spans = [(p.start, p.end) for p in placed if p.anchor.iri in speaking and p.fate is not Fate.GONE]
    return SourceCheck(edition.value, len(copy), placed, tuple(_left_over(copy, spans)), speakers)


def _left_over(copy: str, spans: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """The stretches with words in them that lie in none of the spans."""
    at = 0
    for start, end in [*sorted(spans), (len(copy), len(copy))]:
        if start > at and _WORD.search(copy, at, start):
            yield at, start
        at = max(at, end)


class _Placer:
    """Finds anchors in a copy, the enclosing ones before the enclosed."""

    def __init__(self, copy: str) -> None:
        self.copy = copy
        self.starts = [i for i in range(len(copy)) if i == 0 or not copy[i - 1].isalnum() or not copy[i].isalnum()]

    def place(self, anchors: tuple[Anchor, ...]) -> tuple[Placement, ...]:
        out: list[Placement] = []
        self._within(list(anchors), (0, len(self.copy)), 0, out)
        return tuple(sorted(out, key=lambda p: (p.anchor.start, -p.anchor.end, p.anchor.iri)))

    def _within(self, anchors: list[Anchor], region: tuple[int, int], shift: int, out: list[Placement]) -> None:
        families = _families(anchors)
        found = self._siblings([outer for outer, _ in families], region, shift)
        for i, (outer, inner) in enumerate(families):
            range_ = found[i]
            if range_ is not None:
                same = range_ == (outer.start, outer.end)
                out.append(Placement(outer, Fate.EXACT if same else Fate.MOVED, *range_))
                self._within(inner, range_, range_[0] - outer.start, out)
                continue
            gap = self._gap(found, i, region)
            has_words = bool(_WORD.search(self.copy, *gap))
            out.append(Placement(outer, Fate.CHANGED if has_words else Fate.GONE, *gap))
            self._within(inner, gap, gap[0] - outer.start, out)

    def _siblings(self, anchors: list[Anchor], region: tuple[int, int], shift: int) -> list[tuple[int, int] | None]:
        found: list[tuple[int, int] | None] = []
        for anchor in anchors:
            start = self._find(anchor, region, anchor.start + shift)
            found.append(None if start is None else (start, start + anchor.end - anchor.start))
            if start is not None:
                shift = start - anchor.start
        return found

    def _find(self, anchor: Anchor, region: tuple[int, int], expected: int) -> int | None:
        if self._is_at(anchor, expected, region):
            return expected
        hits = [s for s in self.starts if self._is_at(anchor, s, region)]
        return min(hits, key=lambda s: abs(s - expected), default=None)

    def _is_at(self, anchor: Anchor, start: int, region: tuple[int, int]) -> bool:
        end = start + anchor.end - anchor.start
        return region[0] <= start and end <= region[1] and span_digest(self.copy[start:end]) == anchor.digest

    def _gap(self, found: list[tuple[int, int] | None], i: int, region: tuple[int, int]) -> tuple[int, int]:
        """Where lost words must have been: between the neighbours that were found."""
        before = [f[1] for f in found[:i] if f is not None]
        start = max(before, default=region[0])
        after = [f[0] for f in found[i + 1 :] if f is not None and f[0] >= start]
        return start, min(after, default=region[1])


def _families(anchors: list[Anchor]) -> list[tuple[Anchor, list[Anchor]]]:
    """Anchors with those that lie within them; input and output in the order of the document."""
    out: list[tuple[Anchor, list[Anchor]]] = []
    for anchor in anchors:
        if out and out[-1][0].encloses(anchor):
            out[-1][1].append(anchor)
        else:
            out.append((anchor, []))
    return out
