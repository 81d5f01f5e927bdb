"""Diagrams in the languages of Graphviz (DOT) and Mermaid."""

from __future__ import annotations

from collections.abc import Callable
from itertools import groupby

from reasoner.render.pictures.diagram import Arrow, Diagram, Item
from reasoner.render.pictures.layout import wrap
from reasoner.render.pictures.tones import INK, NORMAL, STRONG, TONES, rows_of
from reasoner.render.words import clean

HEAD = 900.0
"""How wide the words above a picture of Graphviz may be."""


def _pairs(item: Item) -> list[tuple[Item, Item]]:
    return [(item, c) for c in item.children] + [pair for c in item.children for pair in _pairs(c)]


def _arrows(diagram: Diagram) -> list[Arrow]:
    """The arrows of a diagram; where it has none of its own, from each box to those that hang on it."""
    hanging = (Arrow(a.key, "", b.key) for root in diagram.roots for a, b in _pairs(root))
    return list(diagram.arrows or hanging)


def _headed(diagram: Diagram) -> list[tuple[str, list[Item]]]:
    """The boxes below each heading."""
    parts = groupby(diagram.roots, key=lambda root: root.heading)
    return [(heading, [item for root in roots for item in root.walk()]) for heading, roots in parts]


# ---- DOT -------------------------------------------------------------------------------------------


def _quoted(text: str) -> str:
    return '"' + clean(text).replace("\\", "\\\\").replace('"', '\\"') + '"'


def to_dot(diagram: Diagram) -> str:
    """A diagram in the language of Graphviz."""
    told = (f"{diagram.title} - {diagram.subtitle}", *diagram.facts, *diagram.remarks)
    head = "\\n".join(_quoted(row)[1:-1] for text in told for row in wrap(clean(text), HEAD, NORMAL))
    out = [
        "digraph policy {",
        f'    graph [rankdir=LR, bgcolor=white, labelloc=t, label="{head}"];',
        '    node [shape=box, style="rounded,filled", fontname="sans-serif", fontsize=11];',
    ]
    for number, (heading, items) in enumerate(_headed(diagram)):
        rows = [_dot_box(item) for item in items]
        if heading:
            start = f"    subgraph cluster_{number} {{"
            rows = [start, f"        label={_quoted(heading)}; labeljust=l;", *(f"    {r}" for r in rows), "    }"]
        out += rows
    return "\n".join([*out, *map(_dot_arrow, _arrows(diagram)), "}", ""])


def _dot_box(item: Item) -> str:
    tone = TONES[item.tone]
    label = "\\n".join(_quoted(row)[1:-1] for row in rows_of(item))
    return (
        f"    {_quoted(item.key)} "
        f'[label="{label}", tooltip={_quoted(item.about)}, fillcolor="{tone.fill}", color="{tone.ink}"'
        f"{f', penwidth={STRONG:g}' if item.strong else ''}];"
    )


def _dot_arrow(arrow: Arrow) -> str:
    said = [f"label={_quoted(arrow.label)}"] if arrow.label else []
    said += ["dir=both"] if arrow.mutual else []
    look = f" [{', '.join(said)}]" if said else ""
    return f"    {_quoted(arrow.source)} -> {_quoted(arrow.target)}{look};"


# ---- Mermaid ---------------------------------------------------------------------------------------


def _safe(text: str, more: str = "") -> str:
    return "".join(c if c.isalnum() or c in " .,()-+✓✗≠…○?" + more else f"#{ord(c)};" for c in clean(text))


def to_mermaid(diagram: Diagram) -> str:
    """A diagram in the language of Mermaid, to be pasted into Markdown."""
    names = {item.key: f"n{i}" for i, item in enumerate(diagram.items())}
    out = [
        "flowchart LR",
        f"    accTitle: {_safe(diagram.title, ':')}",
        f"    accDescr: {_safe(diagram.description, ':')}",
    ]
    for number, (heading, items) in enumerate(_headed(diagram)):
        rows = [_mermaid_box(names[item.key], item) for item in items]
        out += (
            [f'    subgraph s{number}["{_safe(heading)}"]', *(f"    {r}" for r in rows), "    end"] if heading else rows
        )
    if diagram.facts:
        told = "<br/>".join(map(_safe, (diagram.subtitle, *diagram.facts)))
        out.append(f'    about["{told}"]')
    name = names.__getitem__
    out += [_mermaid_arrow(arrow, name) for arrow in _arrows(diagram)]
    out += [f"    style {names[i.key]} stroke-width:{STRONG:g}px" for i in diagram.items() if i.strong]
    for tone in dict.fromkeys(item.tone for item in diagram.items()):
        look = TONES[tone]
        out.append(f"    classDef {tone.replace('-', '')} fill:{look.fill},stroke:{look.ink},color:{INK}")
    return "\n".join([*out, ""])


def _mermaid_box(name: str, item: Item) -> str:
    rows = "<br/>".join(map(_safe, rows_of(item)))
    return f'    {name}["{rows}"]:::{item.tone.replace("-", "")}'


def _mermaid_arrow(arrow: Arrow, name: Callable[[str], str]) -> str:
    said = f'|"{_safe(arrow.label)}"|' if arrow.label else ""
    return f"    {name(arrow.source)} {'<-->' if arrow.mutual else '-->'}{said} {name(arrow.target)}"
