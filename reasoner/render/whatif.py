"""A questioned request as text and as JSON. What is only supposed is called so wherever it stands."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from reasoner.model import CriterionResult, Kind, Verb
from reasoner.questioning.effort import Effort, WeighedChange, WeighedSet
from reasoner.questioning.suppose import Outcome, StatusChange
from reasoner.questioning.whatif import DecisiveFact, LineWhatIf, ReadingEffect, WhatIf
from reasoner.reason import HEADLINES
from reasoner.render.as_json import dumped, plain
from reasoner.render.comparison import evidence_sentence, line_dict
from reasoner.render.rows import RULE, STYLES, TONES, Row, bullets, head, painted, wrap
from reasoner.render.words import VERBS, evidence_source, kind_word, made_by, sign, tone

HYPOTHETICAL = "HYPOTHETICAL"
LIMITS = (
    "The ways say what the record would have to show, not what anybody has to do; each holds only if the record then "
    "shows it. No part of this is a review of what is supposed, a determination, or advice on treatment."
)


def render(asked: WhatIf, *, colour: bool = False) -> str:
    """A questioned request as text."""
    return painted(_rows(asked), colour=colour)


def _rows(asked: WhatIf) -> Iterator[Row]:
    yield from wrap(f"Request {asked.identifier or asked.request}, questioned as of {asked.as_of}", style="bold")
    yield from _supposed_rows(asked)
    for line in asked.lines:
        yield "", ""
        yield RULE, ""
        yield from _line_rows(line, asked.scale)
    yield "", ""
    yield RULE, ""
    for text in asked.unfinished:
        yield from wrap(f"UNFINISHED, the time was up. {text}", style="bold yellow")
    yield from wrap(LIMITS)
    yield from wrap(made_by(asked.version, asked.engine, asked.digests), style="dim")


def suppositions(asked: WhatIf) -> list[str]:
    """What is supposed, each in a sentence."""
    s = asked.suppositions
    out = [f"{name} is added to the record." for name in s.added]
    out += [f"{name} is read as “{reading}”." for name, reading in s.readings.items()]
    for one in s.statuses:
        line = f" on line {one.line}" if one.line is not None else ""
        out.append(f"{one.criterion} is {one.status.value}{line}.")
    return out


def _supposed_rows(asked: WhatIf) -> Iterator[Row]:
    if asked.hypothetical:
        yield from wrap(f"{HYPOTHETICAL}: what follows supposes this", style="bold magenta")
        yield from bullets(suppositions(asked))


# ---- One line --------------------------------------------------------------------------------------


def _line_rows(line: LineWhatIf, scale: Iterable[Effort]) -> Iterator[Row]:
    side = f", {line.side}" if line.side else ""
    yield from wrap(f"Line {line.sequence}: code {line.code}{side}", style="bold")
    yield from _outcome_rows("As it is", line.actual)
    if line.supposed is not None:
        yield from _outcome_rows(f"{HYPOTHETICAL}, if so", line.supposed)
    if line.difference is not None:
        yield from head("What the added evidence and the readings change by themselves")
        yield from bullets(line.difference.why)
        if line.difference.evidence:
            yield from head("Evidence that they touch")
            yield from bullets(evidence_sentence(e) for e in line.difference.evidence)
    if line.outcome.criteria:
        yield from head("Criteria" if line.supposed is None else "Criteria, as they are and as supposed")
        yield from tree_rows(line.actual, line.supposed)
    yield from _way_rows(line, scale)
    yield from _reading_rows(line.sensitivity)
    yield from _fact_rows(line.decisive_facts)
    if line.notes:
        yield from head("Notes")
        yield from bullets(line.notes)


def _outcome_rows(when: str, outcome: Outcome) -> Iterator[Row]:
    headline = HEADLINES[outcome.recommendation]
    yield from wrap(f"{when}: {headline}", style=STYLES[headline.split()[0]])
    edition = f" Policy {outcome.policy.number}, edition {outcome.policy.edition}." if outcome.policy else ""
    yield from wrap(f"Basis: {outcome.basis.value}.{edition}", indent=2)


def tree_rows(actual: Outcome, supposed: Outcome | None, numbers: Mapping[str, int] | None = None) -> Iterator[Row]:
    """The criteria tree; where something is supposed, statuses before and after. ``numbers`` are shown by id."""
    before = {c.id: c for c in actual.criteria}
    now = supposed or actual
    for criterion in now.criteria or actual.criteria:
        was = before.get(criterion.id, criterion)
        status = _status(criterion) if was.status == criterion.status else f"{_status(was)} → {_status(criterion)}"
        kind = kind_word(criterion)
        number = f"{numbers[criterion.id]}. " if numbers and criterion.id in numbers else ""
        yield from wrap(
            f"{number}{criterion.label} ({criterion.id}): {status}{f' ({kind})' if kind else ''}",
            indent=2 + 2 * _depth(criterion, now),
            hanging=2,
            style=TONES[tone(criterion)] + (" bold" if was.status != criterion.status else ""),
        )


def _status(criterion: CriterionResult) -> str:
    return f"{sign(criterion)} {criterion.status}"


def _depth(criterion: CriterionResult, outcome: Outcome) -> int:
    parents = {c.id: c.parent for c in outcome.criteria}
    level, parent = 0, criterion.parent
    while parent is not None:
        level, parent = level + 1, parents.get(parent)
    return level


def screen(actual: Outcome, supposed: Outcome | None, numbers: Mapping[str, int], told: Iterable[str]) -> list[Row]:
    """What a conversation shows after each step: what is supposed, both outcomes, and the numbered criteria."""
    rows = list(_outcome_rows("As it is", actual))
    sentences = list(told)
    if supposed is not None and sentences:
        rows += wrap(f"{HYPOTHETICAL}: what follows supposes this", style="bold magenta")
        rows += bullets(sentences)
        rows += _outcome_rows(f"{HYPOTHETICAL}, if so", supposed)
    rows += head("Criteria")
    rows += tree_rows(actual, supposed, numbers)
    return rows


# ---- Ways, readings, facts -------------------------------------------------------------------------


def _way_rows(line: LineWhatIf, scale: Iterable[Effort]) -> Iterator[Row]:
    if not line.to_approve:
        yield from head("Whether changes in the record would approve it")
        yield from wrap(line.cannot_approve, indent=2)
        return
    yield from head("What would approve it, if the record shows it: least effort first")
    for number, way in enumerate(line.to_approve, 1):
        yield from wrap(f"{number}. Hardest part: {way.hardest.label}.", indent=2, hanging=3)
        yield from bullets((change_sentence(c) for c in way.changes), indent=5)
    if line.to_approve_capped:
        yield from wrap(f"There are more than {line.to_approve_found} such sets; the smallest were ranked.", indent=2)
    elif line.to_approve_found > len(line.to_approve):
        yield from wrap(f"The first {len(line.to_approve)} of {line.to_approve_found} sets are listed.", indent=2)
    yield from wrap(f"Efforts, from least to most: {', '.join(e.label for e in scale)}.", indent=2)
    yield from wrap(
        "Sets are ranked by their hardest part, then by the next; of equals the smaller goes first, then the order of "
        "the criteria.",
        indent=2,
    )


def change_sentence(change: WeighedChange) -> str:
    """One change with its effort and what the record tells of it."""
    return f"{change.label} {VERBS[Verb(change.verb)]}: {change.effort.label}. {change.because}"


def _reading_rows(effects: tuple[ReadingEffect, ...]) -> Iterator[Row]:
    if not effects:
        return
    yield from head("Readings: what each other reading would make of it")
    changing = [e for e in effects if e.changed]
    touching = [e for e in effects if not e.changed and (e.statuses)]
    idle = [e for e in effects if not e.changed and not e.statuses]
    if changing:
        yield from wrap("Another recommendation:", indent=2)
        yield from bullets((effect_sentence(e) for e in changing), indent=4)
    if touching:
        yield from wrap("The same recommendation, other statuses:", indent=2)
        yield from bullets((effect_sentence(e) for e in touching), indent=4)
    if idle:
        by_name: dict[str, list[str]] = {}
        for effect in idle:
            by_name.setdefault(effect.ambiguity, []).append(effect.reading)
        named = "; ".join(f"{name} {', '.join(readings)}" for name, readings in by_name.items())
        yield from wrap(f"No difference for this line: {named}.", indent=2, hanging=2)


def effect_sentence(effect: ReadingEffect) -> str:
    """What a reading would make of a line."""
    told = [
        f"{effect.recommendation.value} ({effect.basis.value})" if effect.changed else "",
        _changes(effect.statuses),
    ]
    return f"{effect.ambiguity} “{effect.reading}” ({effect.meaning}): {'; '.join(t for t in told if t)}."


def _changes(changes: tuple[StatusChange, ...]) -> str:
    """The criteria that evidence decides; where only groups are joined otherwise, the innermost one."""
    if changes and all(c.after is None for c in changes):
        return "no criterion is applied"
    leaves = [c for c in changes if c.kind in (Kind.LEAF, Kind.EXCLUSION)]
    return "; ".join(f"{c.label} {c.before or 'absent'} → {c.after or 'absent'}" for c in leaves or changes[-1:])


def _fact_rows(facts: tuple[DecisiveFact, ...]) -> Iterator[Row]:
    if facts:
        yield from head("Decisive facts: what the recommendation would be without each")
        yield from bullets(fact_sentence(f) for f in facts)


def fact_sentence(fact: DecisiveFact) -> str:
    """What would become of the recommendation without a piece of evidence."""
    changes = f"; {_changes(fact.statuses)}" if fact.statuses else ""
    source = evidence_source(fact.date, fact.document)
    return f"{fact.summary}{source}: {fact.recommendation.value} ({fact.basis.value}){changes}."


# ---- JSON ------------------------------------------------------------------------------------------


def to_dict(asked: WhatIf) -> dict[str, Any]:
    """A questioned request as JSON values, in the form of ``reasoner/whatif.schema.json``."""
    out: dict[str, Any] = plain(asked)
    for line, made in zip(asked.lines, out["lines"], strict=True):
        made["to_approve"] = [_way(way) for way in line.to_approve]
        made["difference"] = line_dict(line.difference) if line.difference is not None else None
    return {"schema": out.pop("schema"), "hypothetical": asked.hypothetical, **out}


def _way(way: WeighedSet) -> dict[str, Any]:
    """A set with its efforts by name; the scale tells what the names mean."""
    changes = [{**plain(c), "effort": c.effort.notation} for c in way.changes]
    return {"hardest": way.hardest.notation, "changes": changes}


def to_json(asked: WhatIf) -> str:
    """A questioned request as JSON; the same question gives the same bytes."""
    return dumped(to_dict(asked), indent=2)
