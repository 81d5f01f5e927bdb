"""A criteria tree with two outcomes: as it is and as supposed, or before and after."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from reasoner.comparing.comparison import Comparison
from reasoner.comparing.differences import Cause, CauseKind, LineComparison
from reasoner.model import CriterionResult, Kind, Review, Verb
from reasoner.questioning.whatif import LineWhatIf, WhatIf
from reasoner.reason import HEADLINES
from reasoner.render.pictures.diagram import CRITERIA, EXCLUDED, MARKINGS, ROLES, Diagram, Item, marking
from reasoner.render.whatif import HYPOTHETICAL, LIMITS, change_sentence, suppositions
from reasoner.render.words import VERBS, made_by

CAUSES = {
    CauseKind.NEW_EVIDENCE: "new evidence",
    CauseKind.REMOVED_EVIDENCE: "evidence no longer on record",
    CauseKind.CHANGED_EVIDENCE: "evidence recorded otherwise",
    CauseKind.SUPERSEDED_EVIDENCE: "evidence superseded",
    CauseKind.COUNTED_OTHERWISE: "evidence counts otherwise",
    CauseKind.MEMBERS: "follows from its members",
    CauseKind.RECORD: "another record",
    CauseKind.READING: "another reading",
    CauseKind.EDITION: "another edition",
    CauseKind.DAY: "another day",
    CauseKind.POLICY: "another model of the policy",
    CauseKind.SHAPES: "other shapes",
    CauseKind.PROGRAM: "another program",
    CauseKind.SOFTWARE: "another version of plexus",
    CauseKind.ENGINE: "another engine",
    CauseKind.UNKNOWN: "cause not known",
}


@dataclass(frozen=True)
class Side:
    """What is told of boxes beside their outcomes, by criterion id."""

    notes: Mapping[str, Sequence[str]] = field(default_factory=dict)
    about: Mapping[str, str] = field(default_factory=dict)


def tree_items(
    before: Sequence[CriterionResult],
    after: Sequence[CriterionResult],
    when: tuple[str, str],
    side: Side | None = None,
) -> tuple[Item, ...]:
    """The boxes of a tree with the outcomes of two reviews; criteria that only one of them has are there, too.

    ``when`` says of which outcome is told first and last where they differ.
    """
    was, now = ({c.id: c for c in results} for results in (before, after))
    nodes = {**was, **now}
    told = side or Side()

    def item(criterion: CriterionResult, heading: str = "") -> Item:
        old, new = was.get(criterion.id), now.get(criterion.id)
        first, last = (marking(c.kind, c.status)[1] if c else "no criterion" for c in (old, new))
        changed = first != last
        place = f"{criterion.source.section}, page {criterion.source.page}"
        earlier = (f"{when[0]}: {first}",) if changed else ()
        return Item(
            key=criterion.id,
            role=ROLES[criterion.kind].format(needed=criterion.needed),
            label=criterion.label,
            detail=criterion.id,
            notes=(place, *told.notes.get(criterion.id, ()), *earlier),
            tone=marking(new.kind, new.status)[0] if new else "plain",
            outcome=f"{when[1]}: {last}" if changed else last,
            about=told.about.get(criterion.id, (new or criterion).message),
            iri=criterion.iri,
            heading=heading,
            children=tuple(item(c) for c in nodes.values() if c.parent == criterion.id),
            strong=changed,
        )

    tops = [c for c in nodes.values() if c.parent is None or c.parent not in nodes]
    return tuple(item(c, EXCLUDED if c.kind is Kind.EXCLUSION else CRITERIA) for c in tops)


def _legend(roots: Sequence[Item], *results: Sequence[CriterionResult]) -> tuple[tuple[str, str], ...]:
    seen = {marking(c.kind, c.status) for side in results for c in side}
    return tuple(m for m in dict.fromkeys(MARKINGS) if m in seen) if roots else ()


# ---- What is supposed ------------------------------------------------------------------------------


def what_if_diagram(asked: WhatIf, line: LineWhatIf) -> Diagram:
    """The criteria of a questioned line: as they are with what the open ones need, or as they are and as supposed."""
    supposed = line.supposed or line.actual
    roots = tree_items(line.actual.criteria, supposed.criteria, ("as it is", "if so"), Side(notes=_efforts(line)))
    policy = line.outcome.policy
    named = f"Policy {policy.number}: {policy.title}" if policy else "No policy"
    head = HEADLINES[line.actual.recommendation]
    subtitle = f"{head}. Basis: {line.actual.basis.value}."
    if line.supposed is not None:
        then = line.supposed
        subtitle = (
            f"As it is: {subtitle} {HYPOTHETICAL}, if so: {HEADLINES[then.recommendation]}. Basis: {then.basis.value}."
        )
    return Diagram(
        title=f"{HYPOTHETICAL}. {named}" if line.supposed is not None else named,
        subtitle=subtitle,
        description=f"The criteria tree of line {line.sequence} with its outcomes. {subtitle}",
        roots=roots,
        legend=_legend(roots, line.actual.criteria, supposed.criteria),
        remarks=tuple(_what_if_remarks(asked, line)),
        facts=tuple(_what_if_facts(asked, line)),
    )


def _efforts(line: LineWhatIf) -> dict[str, list[str]]:
    """What the open criteria need, by id: the verb and the effort that its change has in the first ways."""
    out: dict[str, list[str]] = {}
    for way in line.to_approve:
        for change in way.changes:
            out.setdefault(change.criterion, [f"if it {VERBS[Verb(change.verb)]}", f"effort: {change.effort.label}"])
    return out


def _what_if_facts(asked: WhatIf, line: LineWhatIf) -> Iterator[str]:
    side = f", {line.side}" if line.side else ""
    edition = f" under edition {line.outcome.policy.edition}" if line.outcome.policy else ""
    yield (
        f"Request {asked.identifier or asked.request}. Line {line.sequence}: code {line.code}{side}. "
        f"Questioned as of {asked.as_of}{edition}."
    )
    told = suppositions(asked)
    if told:
        yield f"Supposed: {' '.join(told)}"


def _what_if_remarks(asked: WhatIf, line: LineWhatIf) -> Iterator[str]:
    if line.supposed is not None:
        yield "A thick frame marks a criterion whose status would be another one."
    if line.difference is not None:
        yield f"By the added evidence and the readings alone: {' '.join(line.difference.why)}"
    for number, way in enumerate(line.to_approve[:SHOWN], 1):
        changes = " ".join(change_sentence(c) for c in way.changes)
        yield f"Way {number} to an approval, if the record shows it (hardest part: {way.hardest.label}): {changes}"
    more = line.to_approve_found - SHOWN
    if more > 0:
        yield f"{more} more ways are not shown."
    if not line.to_approve:
        yield line.cannot_approve
    yield from (f"Unfinished, the time was up: {text}" for text in asked.unfinished)
    yield LIMITS
    yield made_by(asked.version, asked.engine, asked.digests)


SHOWN = 4
"""How many ways to an approval are told below a picture."""


# ---- Two reviews -----------------------------------------------------------------------------------


def comparison_diagram(compared: Comparison, line: LineComparison, old: Review, new: Review) -> Diagram:
    """The criteria of a line in two reviews, before and after, with what made them come out otherwise."""
    before, after = (_criteria(review, line) for review in (old, new))
    notes = {c.criterion: _named_causes(c.causes) for c in line.criteria if c.other_status}
    about = {c.criterion: "; ".join(cause.what for cause in c.causes) for c in line.criteria if c.causes}
    roots = tree_items(before, after, ("before", "after"), Side(notes, about))
    was, now = (HEADLINES[o.recommendation] for o in (line.before, line.after))
    subtitle = f"Before: {was}. After: {now}." if was != now else f"Before and after: {now}."
    return Diagram(
        title=f"Two reviews of {compared.identifier or compared.request}, line {line.sequence}: code {line.code}",
        subtitle=subtitle,
        description=f"The criteria tree before and after. {subtitle} {' '.join(line.why)}",
        roots=roots,
        legend=_legend(roots, before, after),
        remarks=("A thick frame marks a criterion whose status is another one.", *line.why),
        facts=tuple(_comparison_facts(compared, line)),
    )


def _named_causes(causes: Sequence[Cause]) -> list[str]:
    return list(dict.fromkeys(("" if c.certain else "possibly ") + CAUSES[c.kind] for c in causes))


def _criteria(review: Review, line: LineComparison) -> tuple[CriterionResult, ...]:
    """The criteria of the line in one of the reviews, by its IRI, else by its number."""
    found = [x for x in review.lines if x.iri == line.iri] or [x for x in review.lines if x.sequence == line.sequence]
    return found[0].criteria if found else ()


def _comparison_facts(compared: Comparison, line: LineComparison) -> Iterator[str]:
    for when, made, outcome in (
        ("Before", compared.before, line.before),
        ("After", compared.after, line.after),
    ):
        edition = f", edition {outcome.edition}" if outcome.edition else ""
        yield f"{when}: reviewed as of {made.as_of} by plexus {made.version}{edition}."
    if not compared.same_request:
        yield "These are reviews of two requests; they were compared all the same."
    if compared.inputs:
        yield "What differs: " + " ".join(i.what for i in compared.inputs)
