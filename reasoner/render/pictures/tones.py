"""The colours and sizes that the forms of a picture share."""

from __future__ import annotations

from dataclasses import dataclass

from reasoner.render.pictures.diagram import Item
from reasoner.render.pictures.layout import wrap
from reasoner.render.words import clean

INK, SOFT, EDGE, PAPER = "#1b1f24", "#4d5661", "#6b7480", "#ffffff"
WRAP = 190.0
SMALL, NORMAL = 11.0, 13.0
STRONG = 4.0
"""How thick the frame of a box is to which the reader is to look."""


@dataclass(frozen=True)
class Tone:
    """The colours of a box: its ground, its frame (also the ink of its outcome), and dashes of the frame."""

    fill: str
    ink: str
    dashes: str = ""


TONES: dict[str, Tone] = {
    "plain": Tone("#f6f8fa", "#4d5661"),
    "good": Tone("#e3f4e8", "#0a5d2c"),
    "bad": Tone("#fde7e7", "#a40e26"),
    "conflicting": Tone("#f1e7fb", "#5b2a91"),
    "to-judge": Tone("#e3eefc", "#174ea6"),
    "undocumented": Tone("#f4f4f4", "#4d5661", "5 3"),
    "open": Tone("#fff3da", "#7a4b00"),
}


def rows_of(item: Item) -> list[str]:
    """The lines of a box where a form has one size of letters only."""
    texts = [item.role, item.label, item.detail, *item.notes, item.outcome]
    return [row for text in texts for row in wrap(clean(text), WRAP * 1.4, NORMAL)]
