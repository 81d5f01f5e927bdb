"""Where the boxes and arrows of linked things go: one box on the left, the others beside it, arrows straight between.

An arrow between two of the others runs on their right, in a lane of its own. Every arrow has its own height at
the boxes that it touches, and its words stand above it before the first lane; hence no words overlap.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from reasoner.render.pictures.diagram import Arrow
from reasoner.render.pictures.layout import PAD_Y, ROW_GAP, Line, Placed, Tree
from reasoner.render.words import clean

STEP, LANE, SIDE = 24.0, 14.0, 12.0
SECTION_GAP = 30.0
SIZE = 11.0


def words_of(arrow: Arrow) -> Line:
    """The words of an arrow as a line."""
    return Line(clean(arrow.label), SIZE, "soft")


@dataclass(frozen=True)
class Drawn:
    """An arrow: the corners of its line, its heads (first corner, last corner), and its words with their place."""

    points: tuple[tuple[float, float], ...]
    heads: tuple[bool, bool]
    words: Line
    x: float
    y: float


def arrange(
    roots: Sequence[Tree], ways: Sequence[Arrow], *, left: float, top: float
) -> tuple[tuple[Placed, ...], tuple[Drawn, ...]]:
    """The boxes and arrows of every root with the boxes beside it, one below the other."""
    boxes: list[Placed] = []
    drawn: list[Drawn] = []
    width = max(root.width for root in roots)
    gap = max([60.0, *(words_of(way).width for way in ways)]) + 2 * SIDE + 16
    for root in roots:
        keys = {root.key, *(child.key for child in root.children)}
        own = [way for way in ways if {way.source, way.target} <= keys]
        band = _Band(root, tuple(own), left, top, width, gap)
        placed = band.boxes()
        boxes += placed
        drawn += band.arrows(placed)
        top = max(p.bottom for p in placed) + SECTION_GAP
    return tuple(boxes), tuple(drawn)


@dataclass(frozen=True)
class _Band:
    root: Tree
    ways: tuple[Arrow, ...]
    left: float
    top: float
    width: float
    gap: float

    def _sides(self, key: str) -> tuple[list[Arrow], list[Arrow]]:
        """The arrows that touch a box on its left, and those on its right."""
        touching = [w for w in self.ways if key in (w.source, w.target)]
        return (
            [w for w in touching if self.root.key in (w.source, w.target)],
            [w for w in touching if self.root.key not in (w.source, w.target)],
        )

    def boxes(self) -> list[Placed]:
        """The box of the root, as high as the band, and the boxes beside it."""
        x, y = self.left + self.width + self.gap, self.top
        width = max((c.width for c in self.root.children), default=0.0)
        beside = []
        for child in self.root.children:
            tall = max(map(len, self._sides(child.key))) * STEP + 2 * PAD_Y
            placed = Placed(child, x, y, width, self.root.key, max(tall, child.height))
            beside.append(placed)
            y = placed.bottom + ROW_GAP
        own = Placed(self.root, self.left, self.top, self.width, None)
        return [replace(own, tall=max([own.height, *(p.bottom - self.top for p in beside)])), *beside]

    def arrows(self, placed: Sequence[Placed]) -> list[Drawn]:
        """The arrows of the band."""
        root, *beside = placed
        out = [d for box in beside for d in self._straight(root, box)]
        among = [w for w in self.ways if self.root.key not in (w.source, w.target)]
        by_key = {p.tree.key: p for p in beside}
        room = max((words_of(w).width for w in among), default=0.0) + 2 * SIDE
        for number, way in enumerate(among):
            source, target = by_key[way.source], by_key[way.target]
            y1, y2 = self._height(source, way, right=True), self._height(target, way, right=True)
            lane = source.right + room + LANE * number
            points = ((source.right, y1), (lane, y1), (lane, y2), (target.right, y2))
            out.append(Drawn(points, (way.mutual, True), words_of(way), source.right + SIDE, y1))
        return out

    def _straight(self, root: Placed, box: Placed) -> list[Drawn]:
        out = []
        for way in self._sides(box.tree.key)[0]:
            y = self._height(box, way, right=False)
            outward = way.source == root.tree.key
            x = root.right + (self.gap - words_of(way).width) / 2
            heads = (way.mutual or not outward, way.mutual or outward)
            out.append(Drawn(((root.right, y), (box.x, y)), heads, words_of(way), x, y))
        return out

    def _height(self, box: Placed, way: Arrow, *, right: bool) -> float:
        """Where an arrow touches a box: spread evenly about its middle, with room for words above."""
        side = self._sides(box.tree.key)[right]
        return box.middle + (side.index(way) - (len(side) - 1) / 2) * STEP + 4
