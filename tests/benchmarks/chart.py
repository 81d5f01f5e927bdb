"""A chart of requests a second by engine and number of requests, both on logarithmic scales, as SVG."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

WIDTH, TOP, BOTTOM, GAP = 980, 70, 64, 24
LEFT, SIGN = 56, 7.6
"""Room for the numbers of a scale, and the width of a letter of a name."""
PLOT = 430
INK, SOFT, GRID = "#1b1f24", "#4d5661", "#d8dee4"
STYLES = {
    "plexus": ("#0a5d2c", "", 3.0),
    "pyshifty": ("#174ea6", "7 4", 2.0),
    "pyrudof": ("#7a4b00", "2 3", 2.0),
    "pyshacl": ("#a40e26", "9 3 2 3", 2.0),
    "plexus batch, nested": ("#0a5d2c", "", 3.0),
    "plexus batch, shuffled": ("#0a5d2c", "7 4", 2.0),
    "DuckDB on a flat table": ("#5b2a91", "2 3", 2.0),
    "Polars on a flat table": ("#4d5661", "9 3 2 3", 2.0),
}
"""Colour, dashes and width of a line: told apart without colour as well. Every line bears its name."""

Line = tuple[str, list[tuple[float, float]]]


def lines_of(found: Mapping[str, Any]) -> tuple[list[Line], list[Line]]:
    """The lines of text engines and of tables: name, and pairs of number of requests and rate."""
    text: dict[str, list[tuple[float, float]]] = {}
    for row in found.get("shacl", ()):
        text.setdefault(row["engine"], []).append((row["requests"], row["rate"]))
    tables: dict[str, list[tuple[float, float]]] = {}
    for one in found.get("batch", ()):
        for layout in ("nested", "shuffled"):
            if layout in one["runs"]:
                tables.setdefault(f"plexus batch, {layout}", []).append((one["count"], one["runs"][layout]["rate"]))
        for engine, name in (("duckdb", "DuckDB on a flat table"), ("polars", "Polars on a flat table")):
            seconds = sum(one["floors"][engine]["seconds"].values())
            tables.setdefault(name, []).append((one["count"], one["count"] / seconds))
    return list(text.items()), list(tables.items())


def chart(found: Mapping[str, Any]) -> str:
    """The chart as SVG, complete in itself."""
    text, tables = lines_of(found)
    panels = [("SHACL engines: N-Triples to results", text), ("Tables: Parquet to outcomes and reasons", tables)]
    panels = [p for p in panels if p[1]]
    rates = [rate for _, lines in panels for _, points in lines for _, rate in points]
    low, high = math.floor(math.log10(min(rates))), math.ceil(math.log10(max(rates)))
    height = TOP + PLOT + BOTTOM
    names = [24 + SIGN * max(len(label) for label, _ in lines) for _, lines in panels]
    each = (WIDTH - sum(names) - GAP * (len(panels) - 1)) / len(panels)
    title = "Requests a second by number of requests"
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
        f'role="img" aria-labelledby="title" font-family="system-ui, sans-serif" font-size="13">',
        f'<title id="title">{escape(title)}: {escape(_said(panels))}</title>',
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
        f'<text x="12" y="24" font-size="16" font-weight="600" fill="{INK}">{escape(title)}</text>',
    ]
    left = 0.0
    for (name, lines), room in zip(panels, names, strict=True):
        out += _panel(name, lines, left, each, (low, high))
        left += each + room + GAP
    return "\n".join([*out, "</svg>"]) + "\n"


def _said(panels: list[tuple[str, list[Line]]]) -> str:
    """What the chart shows, for those who do not see it: the last point of each line."""
    return "; ".join(
        f"{name} {points[-1][1]:,.0f} at {points[-1][0]:,.0f} requests" for _, lines in panels for name, points in lines
    )


def _panel(name: str, lines: list[Line], left: float, width: float, span: tuple[int, int]) -> Iterator[str]:
    counts = [c for _, points in lines for c, _ in points]
    first, last = 0, max(1, math.ceil(math.log10(max(counts))))
    low, high = span
    x0, x1, y1 = left + LEFT, left + width, TOP + PLOT

    def x(count: float) -> float:
        return x0 + (x1 - x0) * (math.log10(count) - first) / (last - first)

    def y(rate: float) -> float:
        return y1 - PLOT * (math.log10(rate) - low) / (high - low)

    yield f'<text x="{left + 12:.0f}" y="50" font-weight="600" fill="{INK}">{escape(name)}</text>'
    for power in range(low, high + 1):
        at = y(10**power)
        yield f'<line x1="{x0:.1f}" y1="{at:.1f}" x2="{x1:.1f}" y2="{at:.1f}" stroke="{GRID}"/>'
        yield f'<text x="{x0 - 8:.1f}" y="{at + 4:.1f}" text-anchor="end" fill="{SOFT}">{_short(10**power)}</text>'
    for power in range(first, last + 1):
        at = x(10**power)
        yield f'<line x1="{at:.1f}" y1="{TOP}" x2="{at:.1f}" y2="{y1}" stroke="{GRID}"/>'
        yield f'<text x="{at:.1f}" y="{y1 + 20}" text-anchor="middle" fill="{SOFT}">{_short(10**power)}</text>'
    yield f'<text x="{(x0 + x1) / 2:.1f}" y="{y1 + 44}" text-anchor="middle" fill="{SOFT}">requests</text>'
    places = _apart([y(points[-1][1]) for _, points in lines])
    for (label, points), at in zip(lines, places, strict=True):
        colour, dashes, thick = STYLES[label]
        drawn = [(x(c), y(r)) for c, r in points]
        path = " ".join(f"{a:.1f},{b:.1f}" for a, b in drawn)
        dash = f' stroke-dasharray="{dashes}"' if dashes else ""
        yield f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="{thick}"{dash}/>'
        yield from (f'<circle cx="{a:.1f}" cy="{b:.1f}" r="{thick + 0.5}" fill="{colour}"/>' for a, b in drawn)
        end, beside = drawn[-1], x1 + 14
        yield (
            f'<line x1="{end[0] + 5:.1f}" y1="{end[1]:.1f}" x2="{beside - 3:.1f}" y2="{at:.1f}" stroke="{colour}" '
            f'stroke-width="0.7"/>'
        )
        weight = ' font-weight="600"' if label.startswith("plexus") else ""
        yield (
            f'<text x="{beside:.1f}" y="{at - 2:.1f}" fill="{colour}"{weight}>{escape(label)}</text>'
            f'<text x="{beside:.1f}" y="{at + 13:.1f}" fill="{SOFT}" font-size="12">{points[-1][1]:,.0f}/s</text>'
        )


def _short(number: int) -> str:
    return f"{number // 1_000_000}M" if number >= 1_000_000 else f"{number // 1000}k" if number >= 1000 else str(number)


def _apart(wanted: list[float], least: float = 34) -> list[float]:
    """Heights of labels near those wanted, and so far from one another."""
    order = sorted(range(len(wanted)), key=wanted.__getitem__)
    placed = [wanted[i] for i in order]
    for _ in range(100):
        for i in range(1, len(placed)):
            short = least - (placed[i] - placed[i - 1])
            if short > 0:
                placed[i - 1] -= short / 2
                placed[i] += short / 2
    bottom = TOP + PLOT - 6
    if placed and placed[-1] > bottom:
        placed = [min(p, bottom - least * (len(placed) - 1 - i)) for i, p in enumerate(placed)]
    out = [0.0] * len(wanted)
    for place, i in enumerate(order):
        out[i] = placed[place]
    return out
