"""The summary of a batch as a picture: how many lines came out how, and which criteria decided them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

WIDTH, ROW, LEFT, RIGHT = 860, 26, 270, 150
COLOURS = {"approve": "#1b7837", "deny": "#a3452e", "pend": "#8a6d00", "not-applicable": "#5b6770"}
"""Told apart in print and by most eyes; every bar bears its word and number as well."""
TITLES = {"deny": "Decided against by", "pend": "Open"}


def picture(manifest: Mapping[str, Any]) -> str:
    """The picture as SVG, complete in itself."""
    rows = list(_rows(manifest))
    height = ROW * len(rows) + 24
    said = f"{manifest['counts']['lines_in']:,} lines of run {manifest['run_id']}"
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" width="{WIDTH}" '
        f'height="{height}" font-family="system-ui, sans-serif" font-size="14">',
        f"<title>{escape(said)}</title>",
        f"<desc>{escape(_said(manifest))}</desc>",
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
    ]
    for place, row in enumerate(rows):
        out.append(_drawn(row, 12 + ROW * place))
    return "\n".join([*out, "</svg>"]) + "\n"


def _said(manifest: Mapping[str, Any]) -> str:
    """The recommendations in words, for who does not see the picture."""
    profiles = manifest["summary"].items()
    numbers = {p: [f"{n:,} {name}" for name, n in _ordered(found["recommendation"])] for p, found in profiles}
    return "; ".join(f"readings {profile}: {', '.join(told)}" for profile, told in numbers.items())


def page(manifest: Mapping[str, Any]) -> str:
    """A page with the picture; it needs nothing from elsewhere."""
    title = f"Run {escape(str(manifest['run_id']))}"
    day = escape(str(manifest["as_of"]))
    return (
        f'<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n<title>{title}</title>\n'
        "<style>body{font:16px system-ui,sans-serif;margin:2rem auto;max-width:56rem;color:#1c2328}"
        "svg{max-width:100%;height:auto}</style>\n"
        f"<h1>{title}</h1>\n<p>Reviewed as of {day}. Recommendations, not determinations: only a person determines."
        f"</p>\n{picture(manifest)}</html>\n"
    )


Row = tuple[str, str, int, int, str]
"""What is drawn: kind (title or bar), label, number, the whole, colour."""


def _rows(manifest: Mapping[str, Any]) -> Iterator[Row]:
    for profile, found in manifest["summary"].items():
        yield "title", f"Recommended, {found['lines']:,} lines (readings: {profile})", 0, 0, ""
        for name, number in _ordered(found["recommendation"]):
            yield "bar", name, number, found["lines"], COLOURS.get(name, "#5b6770")
        for recommendation, title in TITLES.items():
            deciding = found["deciding"].get(recommendation, {})
            if deciding:
                yield "title", title, 0, 0, ""
            for name, number in _ordered(deciding):
                yield "bar", name, number, found["lines"], COLOURS[recommendation]


def _ordered(numbers: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(numbers.items(), key=lambda x: (-x[1], x[0]))


def _drawn(row: Row, top: int) -> str:
    kind, label, number, whole, colour = row
    base = top + 17
    if kind == "title":
        return f'<text x="12" y="{base}" font-weight="600" fill="#1c2328">{escape(label)}</text>'
    length = max(1.0, (WIDTH - LEFT - RIGHT) * number / max(whole, 1))
    share = f"{number / max(whole, 1):.1%}"
    return (
        f'<text x="{LEFT - 10}" y="{base}" text-anchor="end" fill="#1c2328">{escape(label)}</text>'
        f'<rect x="{LEFT}" y="{top + 4}" width="{length:.1f}" height="{ROW - 8}" rx="2" fill="{colour}"/>'
        f'<text x="{LEFT + length + 8:.1f}" y="{base}" fill="#1c2328">{number:,} ({share})</text>'
    )
