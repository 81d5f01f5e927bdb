"""Differences between editions, and their impact, for people and programs."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from reasoner.editions.attribution import Unit
from reasoner.editions.edition_diff import Change, Difference, EditionDiff, EditionName, Part
from reasoner.editions.foretelling import Fate, Forecast, Foretold
from reasoner.editions.impact import Impact, LineImpact
from reasoner.editions.library_diff import LibraryDiff
from reasoner.model import Source
from reasoner.render.words import clean

WIDTH = 100
SHOWN = 50
"""How many flips are listed at most as text; JSON has all."""
HEADINGS = {
    Part.EDITION: "The edition",
    Part.CODE: "Codes",
    Part.CRITERION: "Criteria",
    Part.EXCLUSION: "Exclusions",
    Part.EVIDENCE: "What holds for all evidence",
    Part.SCOPE: "Scope",
    Part.CONSTRAINT: "Constraints between facts",
    Part.AMBIGUITY: "Doubtful wordings",
    Part.NOTE: "Remarks of reviews",
    Part.ROUTE: "Routes to related policies",
    Part.CLAUSE: "Other clauses of the document",
}
WORDS = {
    Change.ADDED: "added",
    Change.REMOVED: "removed",
    Change.LOGIC: "logic changed",
    Change.REWORDED: "reworded",
    Change.MOVED: "moved in the document",
    Change.RENEWED: "another node",
    Change.DEFAULT: "default changed",
    Change.SETTLED: "settled by the text",
    Change.VALUE: "changed",
    Change.TEXTS: "told in other words",
}
FATES = {
    Fate.SAME: "stay as they are, whatever the unknown statuses",
    Fate.FLIPS: "come out otherwise for certain",
    Fate.MAY_FLIP: "may come out otherwise",
    Fate.NOT_TOLD: "cannot be told",
}
Rows = Iterator[str]


def sign(difference: Difference) -> str:
    """A sign for what changed most."""
    for change, mark in ((Change.ADDED, "+"), (Change.REMOVED, "-"), (Change.LOGIC, "≠"), (Change.DEFAULT, "≠")):
        if change in difference.changes:
            return mark
    return "~"


def short(difference: Difference) -> str:
    """What a difference is aligned by, where a reader knows it by that name."""
    unnamed = "#" in difference.key or difference.part in (Part.EDITION, Part.CODE, Part.EVIDENCE)
    return "" if unnamed else difference.key


def place(source: Source | None) -> str:
    """Section and page."""
    return f"{source.section}, page {source.page}" if source is not None else ""


def places(difference: Difference) -> str:
    """The places in both documents."""
    old, new = place(difference.before), place(difference.after)
    if old == new:
        return old
    parts = [f"{when}: {where}" for when, where in (("before", old), ("after", new)) if where]
    return "; ".join(parts)


def because(line: LineImpact) -> str:
    """The clauses that explain a flip, in words."""
    if not line.because:
        return "could not be traced to clauses"
    return "; or ".join(" and ".join(unit_name(u) for u in units) for units in line.because)


def unit_name(unit: Unit) -> str:
    """A unit by its name, with the id of a criterion."""
    return f"{unit.label} ({unit.key})" if unit.part in ("criterion", "exclusion") else f"{unit.part}: {unit.label}"


# ---- Text ------------------------------------------------------------------------------------------


def to_text(found: LibraryDiff, impact: Impact | None = None, forecast: Forecast | None = None) -> str:
    """Differences by part, with their places, and what they do to requests."""
    rows = list(_library_rows(found))
    if impact is not None:
        rows += ["", *_impact_rows(impact)]
    if forecast is not None:
        rows += ["", *_forecast_rows(forecast)]
    return clean("\n".join(row for text in rows for row in _wrapped(text))) + "\n"


def _wrapped(text: str) -> list[str]:
    indent = len(text) - len(text.lstrip())
    return textwrap.wrap(text, WIDTH, subsequent_indent=" " * (indent + 4), break_on_hyphens=False) or [""]


def _library_rows(found: LibraryDiff) -> Rows:
    for name in found.removed:
        yield f"- {_edition(name)}: only in the first folder"
    for name in found.added:
        yield f"+ {_edition(name)}: only in the second folder"
    for number, pair in enumerate(found.pairs):
        if number or found.removed or found.added:
            yield ""
        yield from _edition_rows(pair.diff)


def _edition(name: EditionName) -> str:
    return f"policy {name.number}, edition {name.edition}"


def _edition_rows(diff: EditionDiff) -> Rows:
    old, new = diff.before, diff.after
    editions = f"edition {old.edition}" + (f" and edition {new.edition}" if old.edition != new.edition else ", twice")
    yield f"Policy {new.number}, {new.title}: {editions}"
    if not diff.differences:
        yield "No difference."
        return
    for part, heading in HEADINGS.items():
        own = diff.of(part)
        if own:
            yield ""
            yield f"{heading} ({len(own)})"
        for difference in own:
            yield from _difference_rows(difference)


def _difference_rows(difference: Difference) -> Rows:
    name = f" ({short(difference)})" if short(difference) else ""
    changes = ", ".join(WORDS[c] for c in difference.changes)
    where = places(difference)
    yield f"  {sign(difference)} {difference.label}{name}: {changes}{f' [{where}]' if where else ''}"
    yield from (f"      {detail}" for detail in difference.details)


# ---- Impact ----------------------------------------------------------------------------------------


def _impact_rows(impact: Impact) -> Rows:
    yield "Impact on requests"
    yield "  Each line was reviewed under both editions, whatever its dates."
    overridden = sum(bool(line.overridden) for line in impact.lines)
    if overridden:
        yield f"  Dates overridden: {_many(overridden, 'line')} met an edition that is not in force on the line's date."
    yield from left_out(impact.ungoverned, impact.refused, impact.left)
    if not impact.lines:
        return
    yield ""
    yield f"  Recommendation ({_many(len(impact.lines), 'line')}, {_many(len(impact.flips), 'flip')})"
    for (before, after), number in sorted(impact.directions().items()):
        yield f"    {number:6}  {before.value} -> {after.value}" + ("" if before is not after else " (stays)")
    counts = impact.by_clause()
    if counts:
        yield ""
        yield "  Because of (in how many flips, alone or with others)"
        yield from (f"    {number:6}  {unit_name(unit)}" for unit, number in counts.items())
    if impact.flips:
        yield ""
        yield "  Flips"
    for line in impact.flips[:SHOWN]:
        yield from _flip_rows(line)
    if len(impact.flips) > SHOWN:
        yield f"    and {len(impact.flips) - SHOWN} more; --format json has all"


def left_out(ungoverned: int, refused: tuple[str, ...], left: int) -> Rows:
    """What was not looked at, and why."""
    if ungoverned:
        yield f"  {_many(ungoverned, 'line')} left out: neither edition governs the code."
    if refused:
        yield f"  {_many(len(refused), 'input')} left out: refused."
    if left:
        yield f"  {_many(left, 'input')} not reached: the time was up. Raise --timeout to see them."


def _many(number: int, what: str) -> str:
    return f"{number} {what}{'s' if number != 1 else ''}"


def _flip_rows(line: LineImpact) -> Rows:
    name = f" {line.identifier}," if line.identifier else ""
    yield f"    {line.source},{name} line {line.line} ({line.code}): {line.before.value} -> {line.after.value}"
    yield f"      because of: {because(line)}"
    for status in line.statuses:
        yield f"      {status.label}: {status.before or 'no criterion'} -> {status.after or 'no criterion'}"


def _forecast_rows(forecast: Forecast) -> Rows:
    yield "Recorded outcomes under the later edition"
    yield "  From recorded statuses alone: criteria that changed are unknown, and terms of plans stay as they were."
    if forecast.left:
        yield f"  {_many(forecast.left, 'line')} not reached: the time was up. Raise --timeout to see them."
    yield ""
    fates = forecast.fates()
    yield from (f"    {fates[fate]:6}  {words}" for fate, words in FATES.items() if fate in fates)
    yield ""
    yield "  Recommendation then, and what it can be now"
    for (before, possible), number in sorted(forecast.outcomes().items()):
        yield f"    {number:6}  {before.value} -> {' or '.join(p.value for p in possible)}"
    counts = forecast.by_clause()
    if counts:
        yield ""
        yield "  Depends on (on how many lines)"
        yield from (f"    {number:6}  {leaf}" for leaf, number in counts.items())
    reasons: dict[str, int] = {}
    for line in forecast.lines:
        if line.why:
            reasons[line.why] = reasons.get(line.why, 0) + 1
    if reasons:
        yield ""
        yield "  Cannot be told"
        yield from (f"    {number:6}  {why}" for why, number in sorted(reasons.items()))


# ---- JSON ------------------------------------------------------------------------------------------


def to_json(found: LibraryDiff, impact: Impact | None = None, forecast: Forecast | None = None) -> str:
    """The same as JSON."""
    out: dict[str, Any] = {
        "differs": found.differs,
        "removed": [asdict(name) for name in found.removed],
        "added": [asdict(name) for name in found.added],
        "editions": [asdict(pair.diff) for pair in found.pairs],
    }
    if impact is not None:
        out["impact"] = {
            "lines": [{**asdict(line), "flips": line.flips} for line in impact.lines],
            "directions": [
                {"before": a, "after": b, "lines": number} for (a, b), number in sorted(impact.directions().items())
            ],
            "clauses": [{**asdict(unit), "flips": number} for unit, number in impact.by_clause().items()],
            "ungoverned": impact.ungoverned,
            "refused": list(impact.refused),
            "left": impact.left,
        }
    if forecast is not None:
        out["outcomes"] = {
            "lines": [_foretold(line) for line in forecast.lines],
            "fates": {fate.value: number for fate, number in sorted(forecast.fates().items())},
            "depends_on": [{"criterion": leaf, "lines": number} for leaf, number in forecast.by_clause().items()],
            "left": forecast.left,
        }
    return json.dumps(out, ensure_ascii=False, indent=2) + "\n"


def _foretold(line: Foretold) -> dict[str, Any]:
    return {**asdict(line), "fate": line.fate}
