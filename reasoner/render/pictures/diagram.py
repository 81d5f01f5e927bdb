"""What a picture shows: boxes, arrows and words around them; and the criteria tree of a policy as such a picture."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from reasoner.authority import WORDS, Reach
from reasoner.model import Basis, CriterionResult, Kind, LineReview, Review
from reasoner.policy import Criterion, Policy
from reasoner.render.words import NEXT, made_by, title

ROLES = {
    Kind.ALL: "all of",
    Kind.ANY: "any of",
    Kind.AT_LEAST: "at least {needed} of",
    Kind.LEAF: "criterion",
    Kind.EXCLUSION: "exclusion: denies if met",
}
OUTCOMES = {
    "met": ("good", "✓ met"),
    "unmet": ("bad", "✗ unmet"),
    "conflicting": ("conflicting", "≠ conflicting"),
    "to-judge": ("to-judge", "… to judge"),
    "undocumented": ("undocumented", "○ undocumented"),
    "open": ("open", "? open"),
}
OUTCOMES_OF_EXCLUSIONS = {"met": ("bad", "✗ met, so it excludes"), "unmet": ("good", "✓ unmet, does not exclude")}
OUTCOMES_OF_TERMS = {
    "excludes": ("bad", "✗ binds: excludes"),
    "covers": ("good", "✓ binds: covers"),
    "lifts_exclusion": ("good", "✓ binds: lifts exclusions"),
    "replaces_criteria": ("to-judge", "… binds: other criteria"),
}
MAY_BIND = ("open", "? may bind")
MARKINGS = (*OUTCOMES.values(), *OUTCOMES_OF_EXCLUSIONS.values(), *OUTCOMES_OF_TERMS.values(), MAY_BIND)
"""Every marking of a box, in the order of the legend."""
ABOVE, CRITERIA, EXCLUDED = (
    "Above the policy: terms of the plan and mandates",
    "Criteria: medically necessary if met",
    "Excluded indications: deny if met",
)
DECIDED_ABOVE = (Basis.MANDATE, Basis.PLAN_TERM, Basis.PLAN_EXCLUSION)
_TERM = re.compile(r"(Mandate|Plan term) “(.*)”(?: \((.*)\))? (binds: it|may bind:) (.*)\.", re.S)


@dataclass(frozen=True)
class Item:
    """One box: what part it plays, its name, its id, further lines, its outcome, and what hangs on it.

    ``heading`` stands above a box on which no other does, and above all that hangs on it; ``strong`` boxes have a
    thick frame.
    """

    key: str
    role: str
    label: str
    detail: str = ""
    notes: tuple[str, ...] = ()
    tone: str = "plain"
    outcome: str = ""
    about: str = ""
    iri: str = ""
    heading: str = ""
    children: tuple[Item, ...] = ()
    strong: bool = False

    def walk(self) -> Iterator[Item]:
        """The box and all below it."""
        yield self
        for child in self.children:
            yield from child.walk()


@dataclass(frozen=True)
class Arrow:
    """What one box says of another, by their keys; ``mutual`` holds in both directions."""

    source: str
    label: str
    target: str
    mutual: bool = False


@dataclass(frozen=True)
class Diagram:
    """A picture to be drawn: boxes from left to right, a legend of tones, and remarks below.

    Where there are arrows, they say how boxes belong together; else each box hangs on the one before it.
    ``facts`` are the lines below the subtitle that tell from what the picture was made.
    """

    title: str
    subtitle: str
    description: str
    roots: tuple[Item, ...]
    legend: tuple[tuple[str, str], ...] = ()
    remarks: tuple[str, ...] = ()
    facts: tuple[str, ...] = ()
    arrows: tuple[Arrow, ...] = ()

    def items(self) -> Iterator[Item]:
        """Every box."""
        for root in self.roots:
            yield from root.walk()


def criteria_diagram(policy: Policy, line: LineReview | None = None, review: Review | None = None) -> Diagram:
    """The criteria tree of a policy; with a reviewed line, its outcomes on the boxes and what else decides.

    ``review`` is the review that the line is of: it tells from which request, on which day and by which readings.
    """
    results = {c.iri: c for c in line.criteria} if line else {}
    excluded = f"{EXCLUDED}, which decides this line" if line and line.basis is Basis.EXCLUDED_INDICATION else EXCLUDED
    tops = [(CRITERIA, policy.root), *((excluded, iri) for iri in policy.exclusions)]
    roots = (
        *(_terms(line) if line else ()),
        *(_criterion(policy, iri, results, heading) for heading, iri in tops),
    )
    seen = {(item.tone, item.outcome) for root in roots for item in root.walk() if item.outcome}
    return Diagram(
        title=f"Policy {policy.number}: {policy.title}",
        subtitle=_subtitle(line) if line else f"Edition {policy.edition}",
        description=_description(policy, line),
        roots=roots,
        legend=tuple(m for m in MARKINGS if m in seen),
        remarks=(*_reasons(line, review), *_wordings(policy)),
        facts=_facts(policy, line, review) if line else (),
    )


def _subtitle(line: LineReview) -> str:
    """The recommendation with its basis, in the words of the review as text."""
    return f"{line.headline}. Basis: {line.basis.value}. Next: {NEXT[line.next.value]}."


def _description(policy: Policy, line: LineReview | None) -> str:
    text = (
        f"The criteria tree of policy {policy.number}, edition {policy.edition}: {len(policy.criteria)} nodes, "
        f"{len(policy.leaves)} of them decided by evidence."
    )
    return text + (f" Outcome for line {line.sequence}: {_subtitle(line)} {line.reason}" if line else "")


def _facts(policy: Policy, line: LineReview, review: Review | None) -> tuple[str, ...]:
    """From what a picture with outcomes was made: request, line, day, edition and readings."""
    if review is None:
        return (f"{title(line)}. Edition {policy.edition}.",)
    usual = {a.notation: a.default.notation for a in policy.ambiguities}
    other = [f"{name}={reading}" for name, reading in review.readings.items() if usual.get(name, reading) != reading]
    return (
        f"Request {review.identifier or review.request}. {title(line)}. "
        f"Reviewed as of {review.as_of} under edition {policy.edition}.",
        f"Read otherwise than by default: {', '.join(other)}." if other else "Every wording is read as by default.",
    )


def _reasons(line: LineReview | None, review: Review | None) -> Iterator[str]:
    """Why the line comes out as it does, and by which program and data."""
    if line:
        yield f"Reason: {line.reason}"
    if review:
        yield made_by(review.version, review.engine, review.digests)


def _wordings(policy: Policy) -> Iterator[str]:
    """What the short names of doubtful wordings on the boxes mean, and which stand on no box."""
    on_nodes = {a for c in policy.criteria for a in policy.ambiguities_of(c)}
    example = next((a.notation for a in policy.ambiguities if a.iri in on_nodes), None)
    if example:
        yield f"Short names such as {example} stand for doubtful wordings; plexus readings says how each is read."
    rest = [a.notation for a in policy.ambiguities if a.iri not in on_nodes]
    if rest:
        yield f"Doubtful wordings that belong to no single criterion: {', '.join(rest)}."


def _terms(line: LineReview) -> Iterator[Item]:
    """The terms of the plan and the mandates that bind the line or may bind it, as its notes tell them."""
    effects = {words: effect for effect, words in WORDS.items()}
    heading = f"{ABOVE}, which decide this line" if line.basis in DECIDED_ABOVE else ABOVE
    told = [m for note in line.notes if (m := _TERM.fullmatch(note))]
    for number, match in enumerate(told):
        who, name, place, reach, words = match.groups()
        tone, outcome = OUTCOMES_OF_TERMS[effects[words]] if reach.startswith(Reach.BINDS) else MAY_BIND
        yield Item(
            key=f"term {number + 1}",
            role=who.lower(),
            label=name,
            detail=place or "",
            notes=(words,),
            tone=tone,
            outcome=outcome,
            about=match.group(),
            heading=heading,
        )


def _criterion(policy: Policy, iri: str, results: dict[str, CriterionResult], heading: str = "") -> Item:
    criterion = policy.by_iri[iri]
    result = results.get(iri)
    kind = result.kind if result else criterion.kind
    tone, outcome = marking(kind, result.status) if result else ("plain", "")
    names = [policy.ambiguity_by_iri[a].notation for a in policy.ambiguities_of(criterion)]
    return Item(
        key=criterion.id,
        role=ROLES[kind].format(needed=result.needed if result else criterion.threshold),
        label=criterion.label,
        detail=criterion.id,
        notes=(*([" ".join(names)] if names else []), _place(criterion)),
        tone=tone,
        outcome=outcome,
        about=f"{criterion.plain} ({_place(criterion)})",
        iri=iri,
        heading=heading,
        children=tuple(_criterion(policy, m, results) for m in criterion.members),
    )


def marking(kind: Kind, status: str) -> tuple[str, str]:
    """The tone and the words by which a status is told of a criterion of a kind."""
    special = OUTCOMES_OF_EXCLUSIONS.get(status) if kind is Kind.EXCLUSION else None
    return special or OUTCOMES[status]


def _place(criterion: Criterion) -> str:
    return f"{criterion.source.section}, page {criterion.source.page}"
