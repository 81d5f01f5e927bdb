"""Two reviews compared, as text and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from reasoner.comparing.comparison import Comparison
from reasoner.comparing.differences import CriterionChange, EvidenceChange, Fate, LineComparison
from reasoner.reason import HEADLINES
from reasoner.render.as_json import dumped, plain
from reasoner.render.rows import RULE, STYLES, Row, bullets, head, painted, wrap
from reasoner.render.words import NEXT, OPEN_KINDS, evidence_source

FATES = {
    Fate.NEW: "new",
    Fate.REMOVED: "no longer on record",
    Fate.CHANGED: "recorded otherwise",
    Fate.SUPERSEDED: "superseded",
    Fate.COUNTS_NOW: "counts now",
    Fate.COUNTS_NO_LONGER: "no longer counts",
    Fate.COUNTS_OTHERWISE: "counts otherwise",
}


def render(compared: Comparison, *, colour: bool = False) -> str:
    """A comparison as text."""
    return painted(_rows(compared), colour=colour)


def _rows(compared: Comparison) -> Iterator[Row]:
    yield from wrap(f"Request {compared.identifier or compared.request}: two reviews compared", style="bold")
    for when, made in (("before", compared.before), ("after", compared.after)):
        yield from wrap(f"{when}: reviewed as of {made.as_of} by plexus {made.version}, engine {made.engine}", indent=2)
    if not compared.same_request:
        yield from wrap("These are reviews of two requests; they were compared all the same.", style="bold yellow")
    yield from head("What the reviews were made with")
    yield from bullets([i.what for i in compared.inputs] or [SAME])
    if compared.header:
        yield from head("What the request states of itself")
        yield from bullets(f"{h.name}: {h.before} → {h.after}" for h in compared.header)
    for line in compared.lines:
        yield "", ""
        yield RULE, ""
        yield from _line_rows(line)
    for when, refs in (("No longer there", compared.lines_gone), ("New", compared.lines_new)):
        if refs:
            yield from head(f"{when}")
            yield from bullets(f"line {r.sequence}: code {r.code}{f', {r.side}' if r.side else ''}" for r in refs)
    for when, sentences in (
        ("No longer said of the lines together", compared.interactions_gone),
        ("Said of the lines together now", compared.interactions_new),
    ):
        if sentences:
            yield from head(when)
            yield from bullets(sentences)


SAME = "The same: record, readings, day, policy, shapes, program, version and engine."


def _line_rows(line: LineComparison) -> Iterator[Row]:
    side = f", {line.side}" if line.side else ""
    yield from wrap(f"Line {line.sequence}: code {line.code}{side}", style="bold")
    for when, outcome in (("Before", line.before), ("After", line.after)):
        headline = HEADLINES[outcome.recommendation]
        yield from wrap(f"{when}: {headline}", style=STYLES[headline.split()[0]])
        edition = f" Policy {outcome.policy}, edition {outcome.edition}." if outcome.policy else ""
        yield from wrap(f"Basis: {outcome.basis.value}. Next: {NEXT[outcome.next.value]}.{edition}", indent=2)
    yield from head("Why")
    yield from bullets(line.why)
    changed = [c for c in line.criteria if c.other_status]
    if changed:
        yield from head("Criteria that come out otherwise")
        yield from bullets(criterion_sentence(c) for c in changed)
    if line.evidence:
        yield from head("Evidence")
        yield from bullets(evidence_sentence(e) for e in line.evidence)
    yield from _open_rows(line)
    for heading, notes in (("Notes that are gone", line.notes_gone), ("Notes that are new", line.notes_new)):
        if notes:
            yield from head(heading)
            yield from bullets(notes)


def criterion_sentence(change: CriterionChange) -> str:
    """A criterion before and after."""
    return f"{change.label} ({change.criterion}): {change.before or 'absent'} → {change.after or 'absent'}"


def evidence_sentence(change: EvidenceChange) -> str:
    """What became of a piece of evidence."""
    source = evidence_source(change.date, change.document)
    return f"{FATES[change.fate]}: {change.summary}{source}; before {change.before}; now {change.after}"


def _open_rows(line: LineComparison) -> Iterator[Row]:
    for heading, items in (("No longer asked", line.open_items_closed), ("Asked now", line.open_items_new)):
        if items:
            yield from head(heading)
            yield from bullets(f"{OPEN_KINDS[i.kind.value]}: {i.ask}" for i in items)


def to_dict(compared: Comparison) -> dict[str, Any]:
    """A comparison as JSON values, in the form of ``reasoner/comparison.schema.json``."""
    out: dict[str, Any] = {**plain(compared), "lines": [line_dict(line) for line in compared.lines]}
    return {"schema": out.pop("schema"), "other_outcome": compared.other_outcome, **out}


def line_dict(line: LineComparison) -> dict[str, Any]:
    """One compared line as JSON values."""
    return {**plain(line), "other_outcome": line.other_outcome}


def to_json(compared: Comparison) -> str:
    """A comparison as JSON; the same two reviews give the same bytes."""
    return dumped(to_dict(compared), indent=2)
