"""Diagrams as SVG."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from reasoner.render.pictures.bands import Drawn, arrange
from reasoner.render.pictures.diagram import Diagram, Item
from reasoner.render.pictures.layout import PAD_X, Line, Placed, Tree, place, wrap
from reasoner.render.pictures.tones import EDGE, INK, NORMAL, PAPER, SMALL, SOFT, STRONG, TONES, WRAP
from reasoner.render.words import clean

MARGIN = 20.0
NARROWEST = 420.0
WIDER = 280.0
"""How wide the text of a box may be where arrows tell how boxes belong together."""


def to_svg(diagram: Diagram, links: Mapping[str, str] | None = None, *, name: str = "diagram") -> str:
    """A diagram as an SVG document on its own white ground.

    ``links`` gives an address for the IRI of a box; ``name`` makes ids differ where a page holds several.
    """
    items = {i.key: i for i in diagram.items()}
    head_width = max(NARROWEST, _right(*_arranged(diagram, 0, 0)))
    head = _paragraphs(
        [(diagram.title, 17.0, True), (diagram.subtitle, NORMAL, bool(diagram.facts))], head_width
    ) + _paragraphs([(fact, SMALL, False) for fact in diagram.facts], head_width)
    boxes, arrows = _arranged(diagram, MARGIN, MARGIN + sum(line.height for line in head) + 12)
    width = max(head_width + MARGIN, _right(boxes, arrows)) + MARGIN
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
        *(_edges(boxes) if not diagram.arrows else [part for a in arrows for part in _arrow(a)]),
        *(text for p in boxes for text in _texts(p.tree.heading, p.x, p.band, INK)),
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


def _arranged(diagram: Diagram, left: float, top: float) -> tuple[tuple[Placed, ...], tuple[Drawn, ...]]:
    """Where the boxes go, and the arrows where there are any."""
    if not diagram.arrows:
        return place(_trees(diagram), left=left, top=top), ()
    return arrange([_tree(root, WIDER) for root in diagram.roots], diagram.arrows, left=left, top=top)


def _right(boxes: tuple[Placed, ...], arrows: tuple[Drawn, ...]) -> float:
    """How far boxes, arrows and their words reach."""
    corners = (x for a in arrows for x in (a.x + a.words.width, *(point[0] for point in a.points)))
    return max((*(p.right for p in boxes), *corners))


def _trees(diagram: Diagram) -> list[Tree]:
    """The roots as boxes; of several under the same heading only the first bears it."""
    headings = [root.heading for root in diagram.roots]
    shown = [h if h != before else "" for before, h in zip(["", *headings], headings, strict=False)]
    return [_tree(root, WRAP, heading) for root, heading in zip(diagram.roots, shown, strict=True)]


def _tree(item: Item, limit: float, heading: str = "") -> Tree:
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
        for row in wrap(clean(text), limit, size, bold=bold)
    )
    above = _paragraphs([(heading, NORMAL, True)], NARROWEST)
    return Tree(item.key, lines, tuple(_tree(c, limit) for c in item.children), heading=above)


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


def _arrow(arrow: Drawn) -> list[str]:
    """A line with its heads, and its words above it."""
    line = " L".join(f"{x:.1f} {y:.1f}" for x, y in arrow.points)
    out = [f'<path class="arrow" d="M{line}" fill="none" stroke="{EDGE}" stroke-width="1.5"/>']
    ends = (tuple(reversed(arrow.points[:2])), arrow.points[-2:])
    for wanted, ((x1, _), (x2, y)) in zip(arrow.heads, ends, strict=True):
        if wanted:
            back = x2 - 8 if x2 > x1 else x2 + 8
            out.append(
                f'<path class="head" d="M{x2:.1f} {y:.1f} L{back:.1f} {y - 4:.1f} V{y + 4:.1f} Z" fill="{EDGE}"/>'
            )
    return [*out, *_texts((arrow.words,), arrow.x, arrow.y - arrow.words.height - 1, INK)]


def _svg_box(placed: Placed, item: Item, links: Mapping[str, str]) -> str:
    tone = TONES[item.tone]
    dashes = f' stroke-dasharray="{tone.dashes}"' if tone.dashes else ""
    rect = (
        f'<rect class="box" x="{placed.x:.1f}" y="{placed.y:.1f}" width="{placed.width:.1f}" '
        f'height="{placed.height:.1f}" rx="5" fill="{tone.fill}" stroke="{tone.ink}" '
        f'stroke-width="{STRONG if item.strong else 1.5:g}"{dashes}/>'
    )
    top = placed.middle - sum(line.height for line in placed.tree.lines) / 2
    body = "".join(_texts(placed.tree.lines, placed.x + PAD_X, top, INK, tone.ink))
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
