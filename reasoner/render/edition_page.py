"""Differences between editions as one page: trees painted, differences by part, impact; no script."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from reasoner.editions.edition_diff import Difference
from reasoner.editions.foretelling import Forecast
from reasoner.editions.impact import Impact
from reasoner.editions.library_diff import LibraryDiff, Pair
from reasoner.render import edition_diff as words
from reasoner.render.html import STYLE
from reasoner.render.pictures.editions import editions_diagram
from reasoner.render.pictures.svg import to_svg
from reasoner.render.words import clean

OWN = """
table { border-collapse: collapse; margin: .5rem 0; } td, th { border: 1px solid var(--line); padding: .2rem .6rem; }
figure svg { max-width: 100%; height: auto; }
th { text-align: left; } td.number { text-align: right; } figure { margin: 1rem 0; overflow-x: auto; }
"""


def to_html(found: LibraryDiff, impact: Impact | None = None, forecast: Forecast | None = None) -> str:
    """A page with every pair of editions, and what the change does."""
    titles = [f"Policy {p.diff.after.number}: {_editions(p)}" for p in found.pairs]
    title = "; ".join(titles) or "Editions"
    parts = [_alone(found), *(_pair(pair, number) for number, pair in enumerate(found.pairs))]
    if impact is not None:
        parts.append(_impact(impact))
    if forecast is not None:
        text = words.to_text(LibraryDiff(()), None, forecast)
        parts.append(f"<section><h2>Recorded outcomes</h2><pre>{_e(text)}</pre></section>")
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{_e(title)}</title>\n<style>{STYLE}{OWN}</style>\n</head>\n<body>\n<h1>{_e(title)}</h1>\n"
        + "\n".join(parts)
        + "\n</body>\n</html>\n"
    )


def _e(text: str) -> str:
    return escape(clean(text), quote=True)


def _list(items: Iterable[str]) -> str:
    return "<ul>" + "".join(f"<li>{item}</li>" for item in items) + "</ul>"


def _editions(pair: Pair) -> str:
    return f"edition {pair.diff.before.edition} and edition {pair.diff.after.edition}"


def _alone(found: LibraryDiff) -> str:
    rows = [f"only in the first: {_e(n.name)}" for n in found.removed]
    rows += [f"only in the second: {_e(n.name)}" for n in found.added]
    return _list(rows) if rows else ""


def _pair(pair: Pair, number: int) -> str:
    picture = to_svg(editions_diagram(pair.diff, pair.before[1], pair.after[1]), name=f"trees-{number}")
    parts = [f"<section><h2>{_e(_editions(pair))}</h2>\n<figure>{picture}</figure>"]
    if not pair.diff.differences:
        parts.append("<p>No difference.</p>")
    for part, heading in words.HEADINGS.items():
        own = pair.diff.of(part)
        if own:
            parts.append(f"<h3>{_e(heading)} ({len(own)})</h3>\n" + _list(map(_difference, own)))
    return "\n".join(parts) + "</section>"


def _difference(difference: Difference) -> str:
    name = f" ({words.short(difference)})" if words.short(difference) else ""
    changes = ", ".join(words.WORDS[c] for c in difference.changes)
    where = words.places(difference)
    place = f' <span class="place">[{_e(where)}]</span>' if where else ""
    details = _list(map(_e, difference.details)) if difference.details else ""
    return f"<strong>{_e(difference.label)}</strong>{_e(name)}: {_e(changes)}{place}{details}"


def _impact(impact: Impact) -> str:
    directions = [(f"{a.value} → {b.value}", n) for (a, b), n in sorted(impact.directions().items())]
    clauses = [(words.unit_name(unit), n) for unit, n in impact.by_clause().items()]
    flips = [
        f"{_e(line.source)}, {_e(line.identifier or line.request)}, line {line.line}: {_e(line.before.value)} → "
        f"{_e(line.after.value)}, because of: {_e(words.because(line))}"
        for line in impact.flips
    ]
    left = list(words.left_out(impact.ungoverned, impact.refused, impact.left))
    return (
        "<section><h2>Impact on requests</h2>\n<p>Each line was reviewed under both editions, whatever its dates.</p>"
        + _list(map(_e, left))
        + _table(("from, to", "lines"), directions)
        + _table(("because of", "flips"), clauses)
        + _list(flips)
        + "</section>"
    )


def _table(head: tuple[str, str], rows: list[tuple[str, int]]) -> str:
    if not rows:
        return ""
    body = "".join(f'<tr><td>{_e(name)}</td><td class="number">{number}</td></tr>' for name, number in rows)
    return f"<table><tr><th>{_e(head[0])}</th><th>{_e(head[1])}</th></tr>{body}</table>\n"
