"""Where the places of a document are in another copy of it.

An anchor is a character range and a digest, so its words can only be recognised, never read. A copy is compared from
the outside in, and at each level in this order:

1. words that stand at the anchor's own place, or anywhere in the order of the document;
2. between those, words that are the same but for typography (:class:`reasoner.copies.Copy`);
3. words that stand elsewhere, but never where another anchor was found: a heading is not its entry in the contents;
4. for the rest nothing but length speaks. What stands between the neighbours, and between those parts of an anchor
   that were found, is given to the lost anchors in order and in proportion if it is at least half and at most twice as
   long as the document has it there, and if at most :data:`RUN` anchors are lost in a row: these are *changed*. What
   is left is *gone*. An anchor of which a telling part is found (:data:`TELLING`) is changed, whatever the length.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from reasoner.copies import Anchor, Copy, Range, words_in

LIKE = 2
"""How many times longer or shorter the words between two neighbours may be to count as the lost ones, changed."""
RUN = 4
"""How many anchors in a row may be lost before it is no longer told which words stand for which."""
TELLING = 3
"""How many words a part must have for its presence to say that the whole is changed and not gone."""


class Fate(StrEnum):
    """What became of the words at an anchor in another copy of the document."""

    EXACT = "exact"
    RESPACED = "respaced"
    MOVED = "moved"
    CHANGED = "changed"
    GONE = "gone"


@dataclass(frozen=True)
class Placement:
    """Where an anchor is in the copy: its range; for changed words what to read instead; for gone words the gap."""

    anchor: Anchor
    fate: Fate
    start: int
    end: int


@dataclass(frozen=True)
class _Level:
    """Anchors of one level, which is a range of the document and the range of the copy to look for it."""

    anchors: tuple[Anchor, ...]
    document: Range
    copy: Range

    @property
    def shift(self) -> int:
        return self.copy[0] - self.document[0]


def place(anchors: tuple[Anchor, ...], copy: Copy) -> tuple[Placement, ...]:
    """Find anchors, given in the order of the document and the wider first, in a copy."""
    whole = _Level(anchors, (0, max((a.end for a in anchors), default=0)), (0, len(copy.text)))
    found = list(_placed(whole, copy))  # all at once: what is typography is learnt on the way
    placed = [_told(p, copy) for p in found]
    return tuple(sorted(placed, key=lambda p: (p.anchor.start, -p.anchor.end, p.anchor.iri)))


def _told(placement: Placement, copy: Copy) -> Placement:
    """An exact placement, or a moved one where it does not stand at its place."""
    own = placement.fate is not Fate.EXACT or copy.own_offset(placement.start) == placement.anchor.start
    return placement if own else replace(placement, fate=Fate.MOVED)


def _placed(level: _Level, copy: Copy) -> Iterator[Placement]:
    families = _families(level.anchors)
    siblings = _Siblings(_Level(tuple(families), level.document, level.copy), families, copy)
    for placement in siblings.placements():
        outer, inner = placement.anchor, families[placement.anchor]
        if placement.fate is Fate.GONE:
            yield from (replace(placement, anchor=a) for a in (outer, *inner))
        else:
            found = (placement.start, placement.end)
            yield from _placed(_Level(tuple(inner), (outer.start, outer.end), found), copy)
            yield _reread(placement, level, copy)


def _reread(placement: Placement, level: _Level, copy: Copy) -> Placement:
    """Changed words that are the same after all, now that the hyphens within their parts are known."""
    if placement.fate is not Fate.CHANGED:
        return placement
    found = copy.respaced_at(placement.anchor, placement.start, level.copy[1])
    return Placement(placement.anchor, Fate.RESPACED, *found) if found else placement


def _families(anchors: tuple[Anchor, ...]) -> dict[Anchor, list[Anchor]]:
    """Anchors with those that lie within them; input and output in the order of the document."""
    out: dict[Anchor, list[Anchor]] = {}
    outer = None
    for anchor in anchors:
        if outer is not None and outer.encloses(anchor):
            out[outer].append(anchor)
        else:
            outer = anchor
            out[outer] = []
    return out


class _Siblings:
    """The anchors of one level and what was found of them; ``found`` holds those in the order of the document."""

    def __init__(self, level: _Level, families: Mapping[Anchor, list[Anchor]], copy: Copy) -> None:
        self.level, self.families, self.copy = level, families, copy
        self.hits = {a: copy.hits(a, level.copy, a.start + level.shift) for a in level.anchors}
        self.found = _in_order(self.hits, level.shift)
        self.fates = dict.fromkeys(self.found, Fate.EXACT)
        self._find_respaced()
        self.elsewhere = self._find_elsewhere()

    def placements(self) -> Iterator[Placement]:
        yield from (Placement(a, self.fates[a], *r) for a, r in self.found.items())
        yield from (Placement(a, Fate.EXACT, *r) for a, r in self.elsewhere.items())
        for run in self._runs([a for a in self.level.anchors if a not in self.elsewhere]):
            yield from self._shared_out(run)

    def _find_respaced(self) -> None:
        for anchor in self.level.anchors:
            if not self.hits[anchor]:
                apart = {a: r for a, r in self.found.items() if not a.meets(anchor)}
                _, gap = _between(anchor, anchor, apart, self.level)
                found = self.copy.respaced(anchor, gap)
                if found is not None:
                    self.found[anchor], self.fates[anchor] = found, Fate.RESPACED

    def _find_elsewhere(self) -> dict[Anchor, Range]:
        """Words out of the order of the document, where neither other anchors nor words changed in place stand."""
        reserved = []
        for run in self._runs([a for a in self.level.anchors if a in self.found or not self.hits[a]]):
            document, gap = _between(run[0], run[-1], self.found, self.level)
            if _alike(document, gap):
                reserved.append(gap)
        out: dict[Anchor, Range] = {}
        for anchor in self.level.anchors:
            taken = [r for a, r in {**self.found, **out}.items() if not a.meets(anchor)] + reserved
            free = [h for h in self.hits[anchor] if all(h[1] <= t[0] or t[1] <= h[0] for t in taken)]
            if anchor not in self.found and free:
                out[anchor] = free[0]
        return out

    def _runs(self, anchors: list[Anchor]) -> list[list[Anchor]]:
        """Those of the anchors that were not found, in runs that only found ones interrupt."""
        runs: list[list[Anchor]] = [[]]
        for anchor in anchors:
            if anchor in self.found:
                runs.append([])
            else:
                runs[-1].append(anchor)
        return [run for run in runs if run]

    def _shared_out(self, run: list[Anchor]) -> Iterator[Placement]:
        """What became of lost anchors, by the length of what stands there now and by their parts."""
        _, gap = _between(run[0], run[-1], self.found, self.level)
        parts = self._parts(run, gap)
        known = {**self.found, **parts}
        for anchor in run:
            own = {p: r for p, r in parts.items() if anchor.encloses(p)}
            document, stretch = _between(anchor, anchor, {a: r for a, r in known.items() if a not in own}, self.level)
            beside = sum(document[0] <= a.start and a.end <= document[1] for a in run)
            stretch = self.copy.trimmed(*self._free(stretch))
            like = _alike(document, stretch) and beside <= RUN
            start, end = self._share(anchor, document, stretch) if like else _around(anchor, own, stretch)
            start, end = min([start, *(r[0] for r in own.values())]), max([end, *(r[1] for r in own.values())])
            changed = (own or like) and words_in(self.copy.text, start, end)
            yield Placement(anchor, Fate.CHANGED, start, end) if changed else Placement(anchor, Fate.GONE, *stretch)

    def _parts(self, run: list[Anchor], gap: Range) -> dict[Anchor, Range]:
        """The parts of lost anchors that are found in a gap and have enough words to be no chance."""
        hits = {p: self.copy.hits(p, gap, p.start + self.level.shift) for a in run for p in self.families[a]}
        found = _in_order(hits, self.level.shift)
        return {p: r for p, r in found.items() if words_in(self.copy.text, *r) >= TELLING}

    def _free(self, gap: Range) -> Range:
        """The longest stretch of a gap where no anchor was found that has moved there."""
        at, out = gap[0], (gap[0], gap[0])
        inside = sorted(r for r in self.elsewhere.values() if gap[0] <= r[0] and r[1] <= gap[1])
        for start, end in [*inside, (gap[1], gap[1])]:
            out = max(out, (at, start), key=lambda r: r[1] - r[0])
            at = max(at, end)
        return out

    def _share(self, anchor: Anchor, document: Range, stretch: Range) -> Range:
        """The part of a stretch that falls to an anchor in proportion, in whole words."""
        rate = (stretch[1] - stretch[0]) / (document[1] - document[0])
        ends = (stretch[0] + round((at - document[0]) * rate) for at in (anchor.start, anchor.end))
        start, end = (self.copy.word_start(at, stretch) for at in ends)
        return self.copy.trimmed(start, end)


def _around(anchor: Anchor, parts: Mapping[Anchor, Range], stretch: Range) -> Range:
    """Where a whole should be by the distance of its ends from its parts, but within a stretch."""
    if not parts:
        return stretch[0], stretch[0]
    first, last = min(parts, key=lambda p: p.start), max(parts, key=lambda p: p.end)
    start = parts[first][0] - (first.start - anchor.start)
    end = parts[last][1] + (anchor.end - last.end)
    return max(stretch[0], start), min(stretch[1], end)


def _alike(document: Range, stretch: Range) -> bool:
    """Whether what stands in a stretch of the copy is about as long as what the document has there."""
    was, now = document[1] - document[0], stretch[1] - stretch[0]
    return was <= LIKE * now and now <= LIKE * was


def _between(first: Anchor, last: Anchor, found: Mapping[Anchor, Range], level: _Level) -> tuple[Range, Range]:
    """What lies between the found neighbours of anchors: in the document, and in the copy."""
    before = [(a.end, r[1] - a.overlap(first)) for a, r in found.items() if a.start <= first.start and a.end < last.end]
    after = [(a.start, r[0] + last.overlap(a)) for a, r in found.items() if a.end >= last.end and a.start > first.start]
    start = max([level.copy[0], *(at for _, at in before)])
    end = max(start, min([level.copy[1], *(at for _, at in after)]))
    was = min(first.start, max([level.document[0], *(at for at, _ in before)]))
    return (was, max(last.end, min([level.document[1], *(at for at, _ in after)]))), (start, end)


def _in_order(hits: Mapping[Anchor, list[Range]], shift: int) -> dict[Anchor, Range]:
    """The hits, one an anchor, that keep the order of the document and hold the most characters.

    Characters at their own place count twice; among equals, hits that lie as far apart as in the document are better.
    """
    nodes = [(a, r) for a, ranges in hits.items() for r in sorted(ranges)]
    best: list[tuple[int, int, int]] = []  # characters, nearness, and which node comes before
    for i, (anchor, (start, end)) in enumerate(nodes):
        off = start - anchor.start
        options = [(0, -abs(off - shift), -1)]
        for j, (other, (begun, ended)) in enumerate(nodes[:i]):
            if other != anchor and begun <= start and ended - other.overlap(anchor) <= start:
                options.append((best[j][0], best[j][1] - abs(off - begun + other.start), j))
        characters, near, before = max(options)
        best.append((characters + (end - start) * (2 if off == shift else 1), near, before))
    at = max(range(len(best)), key=lambda i: best[i], default=-1)
    chosen: list[tuple[Anchor, Range]] = []
    while at >= 0:
        chosen.append(nodes[at])
        at = best[at][2]
    return dict(reversed(chosen))
