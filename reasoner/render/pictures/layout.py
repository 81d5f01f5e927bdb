"""Where the boxes of a tree go: text measured and wrapped without a font, boxes placed without an overlap.

Widths are upper bounds: characters are counted as wide as in DejaVu Sans, the widest of the common sans-serif fonts.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace

NARROW = "iljI|!.,:;'` "
SLIM = 'frt()[]{}/\\-"*'
WIDE = "mwMW@%&—"
PAD_X, PAD_Y = 10.0, 8.0
COLUMN_GAP, ROW_GAP = 34.0, 12.0
HEADING_GAP, SECTION_GAP = 6.0, 14.0
LEADING = 1.35


def char_width(char: str) -> float:
    """The width of a character in em, rather too wide than too narrow."""
    if char in NARROW:
        return 0.36
    if char in SLIM:
        return 0.5
    if char in WIDE or unicodedata.east_asian_width(char) in "WF" or ord(char) > 0x2190:
        return 1.04
    return 0.76 if char.isupper() or not char.isascii() else 0.66


def text_width(text: str, size: float, *, bold: bool = False) -> float:
    """The width of a text in the unit of its size."""
    return sum(map(char_width, text)) * size * (1.1 if bold else 1.0)


def wrap(text: str, limit: float, size: float, *, bold: bool = False) -> tuple[str, ...]:
    """A text in lines that are at most as wide as the limit; words wider than that are cut.

    >>> wrap("all of the criteria", 80, 12)
    ('all of the', 'criteria')
    """
    lines: list[str] = []
    line = ""
    for word in text.split():
        joined = f"{line} {word}" if line else word
        if text_width(joined, size, bold=bold) <= limit:
            line = joined
            continue
        if line:
            lines.append(line)
        *cut, line = _cut(word, limit, size, bold)
        lines += cut
    return (*lines, line) if line else tuple(lines)


def _cut(word: str, limit: float, size: float, bold: bool) -> list[str]:
    pieces = [""]
    for char in word:
        if pieces[-1] and text_width(pieces[-1] + char, size, bold=bold) > limit:
            pieces.append("")
        pieces[-1] += char
    return pieces


@dataclass(frozen=True)
class Line:
    """One line of a box; ``style`` names how it is drawn."""

    text: str
    size: float
    style: str = ""
    bold: bool = False

    @property
    def height(self) -> float:
        """The room that the line takes downwards."""
        return self.size * LEADING

    @property
    def width(self) -> float:
        """The room that the line takes across."""
        return text_width(self.text, self.size, bold=self.bold)


@dataclass(frozen=True)
class Tree:
    """A box to be placed, with the trees that hang on it; the heading of a root stands above its band."""

    key: str
    lines: tuple[Line, ...]
    children: tuple[Tree, ...] = ()
    narrowest: float = 90.0
    heading: tuple[Line, ...] = ()

    @property
    def width(self) -> float:
        """The width of the box itself."""
        return max(self.narrowest, *(line.width for line in self.lines)) + 2 * PAD_X

    @property
    def height(self) -> float:
        """The height of the box itself."""
        return sum(line.height for line in self.lines) + 2 * PAD_Y


@dataclass(frozen=True)
class Placed:
    """A box with its upper left corner, its width and the key of the box that it hangs on.

    ``tall`` is the height of a box that is higher than its text; ``band`` is where the heading of a root stands.
    """

    tree: Tree
    x: float
    y: float
    width: float
    parent: str | None
    tall: float = 0.0
    band: float = 0.0

    @property
    def height(self) -> float:
        """The height of the box."""
        return max(self.tall, self.tree.height)

    @property
    def right(self) -> float:
        """The right edge."""
        return self.x + self.width

    @property
    def bottom(self) -> float:
        """The lower edge."""
        return self.y + self.height

    @property
    def middle(self) -> float:
        """The height of the middle."""
        return self.y + self.height / 2


def place(roots: Sequence[Tree], *, left: float = 0.0, top: float = 0.0) -> tuple[Placed, ...]:
    """The boxes of a forest from left to right: one column for each depth, one band of rows for each subtree.

    Columns and bands are disjoint, hence no two boxes overlap.
    """
    columns = _columns(roots, left)
    out: list[Placed] = []
    for root in roots:
        if root.heading:
            top += SECTION_GAP if out else 0
        band, top = top, top + sum(line.height for line in root.heading) + (HEADING_GAP if root.heading else 0)
        first, *rest = _subtree(root, None, columns, top)
        out += [replace(first, band=band), *rest]
        top = max(p.bottom for p in out) + ROW_GAP
    return tuple(out)


Column = tuple[float, float]
"""The left edge and the width of the boxes of one depth."""


def _columns(roots: Sequence[Tree], left: float) -> list[Column]:
    """The columns, each as wide as its widest box needs."""
    columns, level = [], list(roots)
    while level:
        width = max(t.width for t in level)
        columns.append((left, width))
        left += width + COLUMN_GAP
        level = [child for t in level for child in t.children]
    return columns


def _subtree(tree: Tree, parent: str | None, columns: Sequence[Column], top: float) -> list[Placed]:
    below: list[Placed] = []
    heads: list[Placed] = []
    cursor = top
    for child in tree.children:
        placed = _subtree(child, tree.key, columns[1:], cursor)
        heads.append(placed[0])
        below += placed
        cursor = max(p.bottom for p in placed) + ROW_GAP
    middle = (heads[0].middle + heads[-1].middle) / 2 if heads else top + tree.height / 2
    x, width = columns[0]
    own = Placed(tree, x, middle - tree.height / 2, width, parent)
    short = top - own.y
    if short > 0:  # the box is taller than what hangs on it: the whole band moves down
        own, below = _moved(own, short), [_moved(p, short) for p in below]
    return [own, *below]


def _moved(placed: Placed, down: float) -> Placed:
    return replace(placed, y=placed.y + down)
