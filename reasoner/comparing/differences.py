"""What differs between two reviews of one line, each part by itself; :mod:`reasoner.comparing.comparison` says why."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from reasoner.model import Basis, CriterionResult, Kind, LineReview, Next, OpenItem, Recommendation

_NAMELESS = re.compile(r"urn:plexus:node:[0-9a-f]+:")
"""How intake names blank nodes: anew for every record, so such names say nothing across two reviews."""


class Fate(StrEnum):
    """What became of a piece of evidence between two reviews."""

    NEW = "new"
    REMOVED = "removed"
    CHANGED = "changed"
    SUPERSEDED = "superseded"
    COUNTS_NOW = "counts-now"
    COUNTS_NO_LONGER = "counts-no-longer"
    COUNTS_OTHERWISE = "counts-otherwise"


class CauseKind(StrEnum):
    """What can make a criterion come out otherwise: evidence, or what the review was made with."""

    NEW_EVIDENCE = "new-evidence"
    REMOVED_EVIDENCE = "removed-evidence"
    CHANGED_EVIDENCE = "changed-evidence"
    SUPERSEDED_EVIDENCE = "superseded-evidence"
    COUNTED_OTHERWISE = "counted-otherwise"
    MEMBERS = "members"
    RECORD = "other-record"
    READING = "other-reading"
    EDITION = "other-edition"
    DAY = "other-day"
    POLICY = "other-policy"
    SHAPES = "other-shapes"
    PROGRAM = "other-program"
    SOFTWARE = "other-software"
    ENGINE = "other-engine"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Cause:
    """One cause of a change, in a sentence. ``certain`` is false where the two reviews leave others possible."""

    kind: CauseKind
    what: str
    certain: bool = True


@dataclass(frozen=True)
class InputChange:
    """One thing that the two reviews were made with and that differs: a digest, a version, a day, a reading."""

    kind: CauseKind
    name: str
    before: str
    after: str
    what: str


@dataclass(frozen=True)
class EvidenceChange:
    """A piece of evidence that is new, gone, recorded otherwise, or counts otherwise; how it counted and counts."""

    fate: Fate
    iri: str
    summary: str
    date: str | None
    document: str | None
    before: str
    after: str
    criteria: tuple[str, ...]


@dataclass(frozen=True)
class CriterionChange:
    """A criterion with another status, or with other evidence behind the same one; ``None`` where there was none."""

    criterion: str
    label: str
    kind: Kind
    before: str | None
    after: str | None
    causes: tuple[Cause, ...] = ()

    @property
    def other_status(self) -> bool:
        """Whether the status is another one."""
        return self.before != self.after


@dataclass(frozen=True)
class LineOutcome:
    """How a line came out in one of the reviews; the edition is its effective date."""

    recommendation: Recommendation
    basis: Basis
    next: Next
    policy: str | None
    edition: str | None


@dataclass(frozen=True)
class LineComparison:
    """One line of two reviews: how it came out before and after, what differs, and why in sentences."""

    iri: str
    sequence: int
    code: str
    side: str | None
    before: LineOutcome
    after: LineOutcome
    criteria: tuple[CriterionChange, ...]
    evidence: tuple[EvidenceChange, ...]
    open_items_closed: tuple[OpenItem, ...]
    open_items_new: tuple[OpenItem, ...]
    notes_gone: tuple[str, ...]
    notes_new: tuple[str, ...]
    why: tuple[str, ...] = ()

    @property
    def other_outcome(self) -> bool:
        """Whether recommendation, basis or next step is another one."""
        pair = [(o.recommendation, o.basis, o.next) for o in (self.before, self.after)]
        return pair[0] != pair[1]


# ---- Evidence --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Held:
    """A piece of evidence as one review holds it: what is told of it, and how it counts for which criterion."""

    iri: str
    summary: str
    date: str | None
    document: str | None
    roles: tuple[tuple[str, str], ...] = ()
    reason: str = ""

    @property
    def told(self) -> tuple[str, str | None, str | None]:
        """What a reader is told of it."""
        return self.summary, self.date, self.document

    def counting(self, labels: Mapping[str, str]) -> str:
        """How it counts, in words."""
        parts = [f"{role} “{labels.get(criterion, criterion)}”" for criterion, role in self.roles]
        return ", ".join(parts) or f"not used: {self.reason}"


def nameless(iri: str) -> bool:
    """Whether an IRI was made by intake for a blank node.

    >>> nameless("urn:plexus:node:0123456789abcdef:c14n0")
    True
    """
    return _NAMELESS.match(iri) is not None


def held(line: LineReview) -> dict[str, Held]:
    """The evidence of a line by IRI: what a criterion uses, and what was seen and not used."""
    out: dict[str, Held] = {}
    for criterion in line.criteria:
        for e in criterion.evidence:
            before = out.get(e.iri, Held(e.iri, e.summary, e.date, e.document))
            out[e.iri] = replace(before, roles=(*before.roles, (criterion.id, e.role)))
    for u in line.unused_evidence:
        out.setdefault(u.iri, Held(u.iri, u.summary, u.date, u.document, reason=u.reason))
    return out


def side_by_side(old: LineReview, new: LineReview) -> list[tuple[Held | None, Held | None]]:
    """The evidence of two reviews of a line: the same by its IRI, else by what is told of it.

    A record that is sent anew often has other names for the same things.
    """
    before, after = held(old), held(new)
    same = {iri: iri for iri in after if iri in before}
    taken = set(same.values())
    for iri, now in after.items():
        if iri not in same:
            match = next((i for i, was in before.items() if i not in taken and was.told == now.told), None)
            if match is not None:
                same[iri] = match
                taken.add(match)
    pairs: list[tuple[Held | None, Held | None]] = [
        (before[same[iri]] if iri in same else None, now) for iri, now in after.items()
    ]
    return [*pairs, *((was, None) for iri, was in before.items() if iri not in taken)]


def evidence_changes(
    old: LineReview, new: LineReview, *, same_record: bool, superseded: str
) -> Iterator[EvidenceChange]:
    """What became of each piece of evidence, in the order of the new review, then what is gone.

    ``superseded`` is the reason by which a review tells that a later result took the place of an earlier one.
    Nothing is compared where a review applied no criterion, because it then lists no evidence.
    """
    if not old.criteria or not new.criteria:
        return
    labels = {c.id: c.label for line in (old, new) for c in line.criteria}
    absent = "not used" if same_record else "not on record"
    for was, now in side_by_side(old, new):
        fate = _fate(was, now, same_record=same_record, superseded=superseded)
        one = now or was
        if fate is not None and one is not None:
            ids = (c for h in (was, now) if h is not None for c, _ in h.roles)
            yield EvidenceChange(
                fate,
                one.iri,
                *one.told,
                before=_told(was, now, labels) if was else absent,
                after=_told(now, was, labels) if now else absent,
                criteria=tuple(dict.fromkeys(ids)),
            )


def _told(one: Held, other: Held | None, labels: Mapping[str, str]) -> str:
    """How evidence counts in one review; with what is told of it where the other review tells otherwise."""
    counting = one.counting(labels)
    if other is None or one.told == other.told:
        return counting
    source = "; ".join(t for t in one.told if t)
    return f"{source} ({counting})"


def _fate(was: Held | None, now: Held | None, *, same_record: bool, superseded: str) -> Fate | None:
    if was is None:
        return Fate.COUNTS_NOW if same_record else Fate.NEW
    if now is None:
        return Fate.COUNTS_NO_LONGER if same_record else Fate.REMOVED
    if was.told != now.told and not same_record:  # of one record, only the words are others
        return Fate.CHANGED
    if now.reason == superseded and was.reason != superseded:
        return Fate.SUPERSEDED
    if was.roles == now.roles:
        return None
    if was.roles and now.roles:
        return Fate.COUNTS_OTHERWISE
    return Fate.COUNTS_NOW if now.roles else Fate.COUNTS_NO_LONGER


# ---- Criteria, open items, notes -------------------------------------------------------------------


def criterion_pairs(
    old: LineReview, new: LineReview
) -> Iterator[tuple[CriterionResult | None, CriterionResult | None]]:
    """The criteria of two reviews side by side, in the order of the new one, then those that are gone."""
    before, after = ({c.id: c for c in line.criteria} for line in (old, new))
    for name in dict.fromkeys([*after, *before]):
        yield before.get(name), after.get(name)


def open_items(old: LineReview, new: LineReview) -> tuple[tuple[OpenItem, ...], tuple[OpenItem, ...]]:
    """What was asked and no longer is, and what is asked anew. Asking for something else of a criterion is both."""
    before, after = ({(i.criterion, i.kind): i for i in line.open_items} for line in (old, new))
    return (
        tuple(item for key, item in before.items() if key not in after),
        tuple(item for key, item in after.items() if key not in before),
    )


def notes(old: LineReview, new: LineReview) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The notes that are gone, and those that are new."""
    return (
        tuple(n for n in old.notes if n not in new.notes),
        tuple(n for n in new.notes if n not in old.notes),
    )
