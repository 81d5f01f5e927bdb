"""Rows of text for a terminal: at most 100 columns, painted only where the terminal shows colour."""

from __future__ import annotations

import io
import textwrap
from collections.abc import Iterable, Iterator

from reasoner.render.words import clean, columns

WIDTH = 100
RULE = "─" * WIDTH
TONES = {"good": "green", "bad": "red", "open": "yellow"}
STYLES = {
    "APPROVE": "bold green",
    "DENY": "bold red",
    "PEND": "bold yellow",
    "NOT": "bold blue",
}

Row = tuple[str, str]
"""A line of text and its style."""


def painted(rows: Iterable[Row], *, colour: bool = False) -> str:
    """Rows as text."""
    if not colour:
        return "\n".join(text for text, _ in rows) + "\n"
    from rich.console import Console
    from rich.text import Text

    out = io.StringIO()
    console = Console(file=out, width=WIDTH, force_terminal=True, highlight=False, soft_wrap=True)
    for text, style in rows:
        console.print(Text(text, style=style))
    return out.getvalue()


def wrap(text: str, *, indent: int = 0, hanging: int = 0, style: str = "") -> Iterator[Row]:
    """A text as rows; ``hanging`` is how much further those after the first stand in."""
    lines: list[str] = []
    for width in (WIDTH, 3 * WIDTH // 4, WIDTH // 2):  # narrower where wide characters overflow
        lines = textwrap.wrap(
            clean(text),
            width,
            initial_indent=" " * indent,
            subsequent_indent=" " * (indent + hanging),
            break_on_hyphens=False,
        )
        if all(columns(line) <= WIDTH for line in lines):
            break
    yield from ((line, style) for line in lines or [""])


def head(text: str) -> Iterator[Row]:
    """A heading with a free row above it."""
    yield "", ""
    yield text, "bold"


def bullets(items: Iterable[str], *, indent: int = 2) -> Iterator[Row]:
    """Texts as a list."""
    for item in items:
        yield from wrap(f"- {item}", indent=indent, hanging=2)
