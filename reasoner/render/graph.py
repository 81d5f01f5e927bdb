"""Diagrams as SVG, Graphviz DOT and Mermaid."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html import escape

from reasoner.diagram import Diagram, Item
from reasoner.layout import PAD_X, PAD_Y, Line, Placed, Tree, place, wrap
from reasoner.render.words import clean

INK, SOFT, EDGE, PAPER = "#1b1f24", "#4d5661", "#6b7480", "#ffffff"


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
WRAP = 190.0
MARGIN = 20.0
SMALL, NORMAL = 11.0, 13.0


# ---- SVG -------------------------------------------------------------------------------------------


def to_svg(diagram: Diagram, links: Mapping[str, str] | None = None, *, name: str = "diagram") -> str:
    """A diagram as an SVG document on its own white ground.

    ``links`` gives an address for the IRI of a box; ``name`` makes ids differ where a page holds several.
    """
    items = {i.key: i for i in diagram.items()}
    head_width = max(420.0, max(p.right for p in place([_tree(r) for r in diagram.roots])))
    head = _paragraphs([(diagram.title, 17.0, True), (diagram.subtitle, NORMAL, False)], head_width)
    top = MARGIN + sum(line.height for line in head) + 12
    boxes = place([_tree(r) for r in diagram.roots], left=MARGIN, top=top)
    width = max(head_width + MARGIN, *(p.right for p in boxes)) + MARGIN
    legend, y = _legend(diagram, max(p.bottom for p in boxes) + 22, width)
    foot = _paragraphs([(r, SMALL, False) for r in diagram.remarks], width - 2 * MARGIN)
    height = y + sum(line.height for line in foot) + MARGIN
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" '
        f'height="{height:.0f}" role="{"group" if links else "img"}" aria-labelledby="{name}-title {name}-desc" '
        'font-family="DejaVu Sans, Verdana, Helvetica, Arial, sans-serif">',
        f'<title id="{name}-title">{_e(diagram.title)}</title>',
        f'<desc id="{name}-desc">{_e(diagram.description)}</desc>',
        f'<rect class="paper" width="100%" height="100%" fill="{PAPER}"/>',
        *_texts(head, MARGIN, MARGIN, INK),
        *_edges(boxes),
        *(_svg_box(p, items[p.tree.key], links or {}) for p in boxes),
        *legend,
        *_texts(foot, MARGIN, y, SOFT),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _e(text: str) -> str:
    return escape(clean(text), quote=True)


def _paragraphs(texts: list[tuple[str, float, bool]], width: float) -> tuple[Line, ...]:
    return tuple(
        Line(row, size, bold=bold) for text, size, bold in texts for row in wrap(clean(text), width, size, bold=bold)
    )


def _tree(item: Item) -> Tree:
    """An item as a box of lines, with what hangs on it."""
    texts = [
        (item.role, SMALL, "soft", False),
        (item.label, NORMAL, "ink", True),
        (item.detail, SMALL, "soft", False),
        *((note, SMALL, "soft", False) for note in item.notes),
        (item.outcome, NORMAL, "tone", True),
    ]
    lines = tuple(
        Line(row, size, style, bold)
        for text, size, style, bold in texts
        for row in wrap(clean(text), WRAP, size, bold=bold)
    )
    return Tree(item.key, lines, tuple(_tree(c) for c in item.children))


def _texts(lines: tuple[Line, ...], x: float, y: float, ink: str, tone: str = "") -> list[str]:
    out = []
    for line in lines:
        colour = {"soft": SOFT, "tone": tone}.get(line.style, ink)
        weight = ' font-weight="bold"' if line.bold else ""
        baseline = y + line.size * 1.05
        look = f'font-size="{line.size:g}"{weight} fill="{colour}"'
        out.append(f'<text x="{x:.1f}" y="{baseline:.1f}" {look}>{_e(line.text)}</text>')
        y += line.height
    return out


def _edges(boxes: tuple[Placed, ...]) -> list[str]:
    by_key = {p.tree.key: p for p in boxes}
    out = []
    for child in boxes:
        if child.parent is None:
            continue
        parent = by_key[child.parent]
        bend = child.x - 16
        out.append(
            f'<path d="M{parent.right:.1f} {parent.middle:.1f} H{bend:.1f} V{child.middle:.1f} H{child.x:.1f}" '
            f'fill="none" stroke="{EDGE}" stroke-width="1.5"/>'
        )
    return out


def _svg_box(placed: Placed, item: Item, links: Mapping[str, str]) -> str:
    tone = TONES[item.tone]
    dashes = f' stroke-dasharray="{tone.dashes}"' if tone.dashes else ""
    rect = (
        f'<rect class="box" x="{placed.x:.1f}" y="{placed.y:.1f}" width="{placed.width:.1f}" '
        f'height="{placed.tree.height:.1f}" rx="5" fill="{tone.fill}" stroke="{tone.ink}" stroke-width="1.5"{dashes}/>'
    )
    body = "".join(_texts(placed.tree.lines, placed.x + PAD_X, placed.y + PAD_Y, INK, tone.ink))
    about = f"<title>{_e(item.about)}</title>" if item.about else ""
    node = f'<g class="node" data-key="{_e(item.key)}">{about}{rect}{body}</g>'
    href = links.get(item.iri)
    return f'<a href="{_e(href)}">{node}</a>' if href else node


def _legend(diagram: Diagram, y: float, width: float) -> tuple[list[str], float]:
    """Small boxes for the tones in use, in rows, and the height below them."""
    out: list[str] = []
    x, height = MARGIN, SMALL * 1.35 + 8
    for tone_name, text in diagram.legend:
        line, tone = Line(text, SMALL, "tone", bold=True), TONES[tone_name]
        room = line.width + 16
        if x > MARGIN and x + room > width - MARGIN:
            x, y = MARGIN, y + height + 6
        dashes = f' stroke-dasharray="{tone.dashes}"' if tone.dashes else ""
        out.append(
            f'<rect class="legend" x="{x:.1f}" y="{y:.1f}" width="{room:.1f}" height="{height:.1f}" rx="4" '
            f'fill="{tone.fill}" stroke="{tone.ink}"{dashes}/>'
        )
        out += _texts((line,), x + 8, y + 4, INK, tone.ink)
        x += room + 8
    return out, y + (height + 12 if diagram.legend else 0)


# ---- DOT and Mermaid -------------------------------------------------------------------------------


def _rows(item: Item) -> list[str]:
    texts = [item.role, item.label, item.detail, *item.notes, item.outcome]
    return [row for text in texts for row in wrap(clean(text), WRAP * 1.4, NORMAL)]


def _pairs(item: Item) -> list[tuple[Item, Item]]:
    return [(item, c) for c in item.children] + [pair for c in item.children for pair in _pairs(c)]


def to_dot(diagram: Diagram) -> str:
    """A diagram in the language of Graphviz."""

    def quoted(text: str) -> str:
        return '"' + clean(text).replace("\\", "\\\\").replace('"', '\\"') + '"'

    out = [
        "digraph policy {",
        f"    graph [rankdir=LR, bgcolor=white, labelloc=t, label={quoted(diagram.title + ' - ' + diagram.subtitle)}];",
        '    node [shape=box, style="rounded,filled", fontname="sans-serif", fontsize=11];',
    ]
    for item in diagram.items():
        tone = TONES[item.tone]
        label = "\\n".join(quoted(row)[1:-1] for row in _rows(item))
        out.append(
            f"    {quoted(item.key)} "
            f'[label="{label}", tooltip={quoted(item.about)}, fillcolor="{tone.fill}", color="{tone.ink}"];'
        )
    out += [f"    {quoted(a.key)} -> {quoted(b.key)};" for root in diagram.roots for a, b in _pairs(root)]
    return "\n".join([*out, "}", ""])


def to_mermaid(diagram: Diagram) -> str:
    """A diagram in the language of Mermaid, to be pasted into Markdown."""

    def safe(text: str, more: str = "") -> str:
        kept = (c if c.isalnum() or c in " .,()-+✓✗≠…○?" + more else f"#{ord(c)};" for c in clean(text))
        return "".join(kept)

    names = {item.key: f"n{i}" for i, item in enumerate(diagram.items())}
    out = [
        "flowchart LR",
        f"    accTitle: {safe(diagram.title, ':')}",
        f"    accDescr: {safe(diagram.description, ':')}",
    ]
    for item in diagram.items():
        out.append(
            f'    {names[item.key]}["{"<br/>".join(safe(row) for row in _rows(item))}"]:::{item.tone.replace("-", "")}'
        )
    out += [f"    {names[a.key]} --> {names[b.key]}" for root in diagram.roots for a, b in _pairs(root)]
    for tone in dict.fromkeys(item.tone for item in diagram.items()):
        look = TONES[tone]
        out.append(f"    classDef {tone.replace('-', '')} fill:{look.fill},stroke:{look.ink},color:{INK}")
    return "\n".join([*out, ""])


WRITERS: dict[str, Callable[[Diagram], str]] = {"svg": to_svg, "dot": to_dot, "mmd": to_mermaid}
"""How a diagram is written in each form."""
