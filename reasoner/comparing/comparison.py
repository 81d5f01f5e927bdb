"""Two reviews of the same request: what changed, and why.

Causes come from what the reviews hold themselves: their evidence, readings, edition, day and digests. What these
leave open is said to be open; a comparison runs no review.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from reasoner.comparing.differences import (
    Cause,
    CauseKind,
    CriterionChange,
    EvidenceChange,
    Fate,
    InputChange,
    LineComparison,
    LineOutcome,
    criterion_pairs,
    evidence_changes,
    nameless,
    notes,
    open_items,
)
from reasoner.errors import ComparisonError
from reasoner.model import CriterionResult, LineReview, Review

SCHEMA = "https://w3id.org/plexus/comparison/1.0"

_KIND_OF = {
    Fate.NEW: (CauseKind.NEW_EVIDENCE, "new evidence is on record"),
    Fate.REMOVED: (CauseKind.REMOVED_EVIDENCE, "evidence is no longer on record"),
    Fate.CHANGED: (CauseKind.CHANGED_EVIDENCE, "evidence is recorded otherwise"),
    Fate.SUPERSEDED: (CauseKind.SUPERSEDED_EVIDENCE, "a later result took the place of an earlier one"),
    Fate.COUNTS_NOW: (CauseKind.COUNTED_OTHERWISE, "evidence counts that did not"),
    Fate.COUNTS_NO_LONGER: (CauseKind.COUNTED_OTHERWISE, "evidence no longer counts"),
    Fate.COUNTS_OTHERWISE: (CauseKind.COUNTED_OTHERWISE, "evidence counts otherwise"),
}


@dataclass(frozen=True)
class Made:
    """How one of the two reviews was made."""

    as_of: str
    engine: str
    version: str
    schema: str


@dataclass(frozen=True)
class HeaderChange:
    """Something that the request states of itself (its stage, its urgency) and states otherwise now."""

    name: str
    before: str
    after: str


@dataclass(frozen=True)
class LineRef:
    """A line that only one of the reviews has."""

    sequence: int
    code: str
    side: str | None


@dataclass(frozen=True)
class Comparison:
    """Two reviews compared. ``same_request`` is false where they were compared although they are of two requests.

    Interactions are sentences on how the lines have to do with each other.
    """

    schema: str
    request: str
    identifier: str | None
    same_request: bool
    before: Made
    after: Made
    inputs: tuple[InputChange, ...]
    header: tuple[HeaderChange, ...]
    lines: tuple[LineComparison, ...]
    lines_gone: tuple[LineRef, ...] = ()
    lines_new: tuple[LineRef, ...] = ()
    interactions_gone: tuple[str, ...] = ()
    interactions_new: tuple[str, ...] = ()

    @property
    def other_outcome(self) -> bool:
        """Whether some line comes out otherwise, is gone or is new."""
        return bool(self.lines_gone or self.lines_new) or any(x.other_outcome for x in self.lines)


def compare(old: Review, new: Review, *, anyway: bool = False) -> Comparison:
    """Compare two reviews of one request.

    Args:
        old: the earlier review.
        new: the later one.
        anyway: compare them even if they are of two requests.

    Raises:
        ComparisonError: they are of two requests, or nothing tells that they are of one.
    """
    same = same_request(old, new)
    if not same and not anyway:
        raise ComparisonError(
            f"These are reviews of two requests: {_named(old)} and {_named(new)}. "
            "Name two reviews of one request, or compare them all the same with --anyway."
        )
    inputs = tuple(input_changes(old, new))
    pairs, gone, added = _line_pairs(old.lines, new.lines)
    return Comparison(
        schema=SCHEMA,
        request=new.request,
        identifier=new.identifier,
        same_request=same,
        before=_made(old),
        after=_made(new),
        inputs=inputs,
        header=tuple(_header(old, new)),
        lines=tuple(compare_lines(a, b, inputs) for a, b in pairs),
        lines_gone=tuple(LineRef(x.sequence, x.code, x.side) for x in gone),
        lines_new=tuple(LineRef(x.sequence, x.code, x.side) for x in added),
        interactions_gone=_sentences(old, but=new),
        interactions_new=_sentences(new, but=old),
    )


def _sentences(of: Review, *, but: Review) -> tuple[str, ...]:
    """How lines have to do with each other by one review and not by the other."""
    known = {i.sentence for i in but.interactions}
    return tuple(i.sentence for i in of.interactions if i.sentence not in known)


def same_request(old: Review, new: Review) -> bool:
    """Whether two reviews are of one request: by its IRI, or by its identifier.

    A name that intake made for a nameless request depends on the record, so it tells nothing.
    """
    if old.request == new.request and not nameless(old.request):
        return True
    return old.identifier is not None and old.identifier == new.identifier


def counterpart(reviews: Sequence[Review], of: Review, *, where: str) -> Review:
    """The one review of the same request among several.

    Raises:
        ComparisonError: there is none, or more than one.
    """
    found = [r for r in reviews if same_request(r, of)]
    if len(found) != 1:
        count = "none is" if not found else f"{len(found)} are"
        raise ComparisonError(f"{where} holds {len(reviews)} reviews, and {count} of {_named(of)}. Name one review.")
    return found[0]


def _named(review: Review) -> str:
    return f"{review.identifier} ({review.request})" if review.identifier else review.request


def _made(review: Review) -> Made:
    return Made(review.as_of, review.engine, review.version, review.schema)


def _header(old: Review, new: Review) -> Iterator[HeaderChange]:
    for name in dict.fromkeys([*new.header, *old.header]):
        before, after = old.header.get(name, "not stated"), new.header.get(name, "not stated")
        if before != after:
            yield HeaderChange(name, before, after)


def _line_pairs(
    old: Sequence[LineReview], new: Sequence[LineReview]
) -> tuple[list[tuple[LineReview, LineReview]], list[LineReview], list[LineReview]]:
    """Lines side by side, by IRI and else by their number; then those that only one review has."""
    pairs: dict[int, LineReview] = {}
    rest = list(old)
    for same in (_same_name, _same_number):
        for i, line in enumerate(new):
            match = next((x for x in rest if i not in pairs and same(x, line)), None)
            if match is not None:
                pairs[i] = match
                rest.remove(match)
    both = [(pairs[i], line) for i, line in enumerate(new) if i in pairs]
    return both, rest, [line for i, line in enumerate(new) if i not in pairs]


def _same_name(a: LineReview, b: LineReview) -> bool:
    return a.iri == b.iri and not nameless(a.iri)


def _same_number(a: LineReview, b: LineReview) -> bool:
    return a.sequence == b.sequence


# ---- What the reviews were made with ---------------------------------------------------------------


def input_changes(old: Review, new: Review) -> Iterator[InputChange]:
    """Everything that the two reviews were made with and that differs; editions belong to the lines."""
    d, e = old.digests, new.digests
    yield from _one(CauseKind.RECORD, "record", d.request, e.request, "The record was changed.")
    before = _readings(old)
    for told, (name, reading) in zip(new.readings, _readings(new).items(), strict=True):
        was = _same_name_in(before, name)
        what = f"{told} is read as “{reading}” instead of “{was}”."
        yield from _one(CauseKind.READING, told, was or reading, reading, what)
    what = f"The day of the review is {new.as_of} instead of {old.as_of}."
    yield from _one(CauseKind.DAY, "as of", old.as_of, new.as_of, what)
    yield from _one(CauseKind.POLICY, "policy", d.policy, e.policy, "The ontology with the policies was changed.")
    yield from _one(CauseKind.SHAPES, "shapes", d.shapes, e.shapes, "The shapes were changed.")
    yield from _one(CauseKind.PROGRAM, "program", d.program, e.program, "The logic program was changed.")
    what = f"plexus {new.version} reviewed instead of {old.version}."
    yield from _one(CauseKind.SOFTWARE, "version", old.version, new.version, what)
    what = f"The engine {new.engine} evaluated the shapes instead of {old.engine}."
    yield from _one(CauseKind.ENGINE, "engine", old.engine, new.engine, what)


def _readings(review: Review) -> dict[str, str]:
    """The readings of a review, each by its ambiguity with the number of the policy, as far as that is known."""
    numbers = {line.policy.number for line in review.lines if line.policy is not None}
    only = numbers.pop() if len(numbers) == 1 else ""
    return {name if ":" in name or not only else f"{only}:{name}": r for name, r in review.readings.items()}


def _same_name_in(readings: dict[str, str], name: str) -> str | None:
    """The reading of the same ambiguity; None where a review has none, because no policy of it was applied."""
    number, _, notation = name.rpartition(":")
    same = {name, notation} if number else {name, *(k for k in readings if k.endswith(f":{name}"))}
    found = [reading for key, reading in readings.items() if key in same]
    return found[0] if len(found) == 1 else None


def _one(kind: CauseKind, name: str, before: str, after: str, what: str) -> Iterator[InputChange]:
    if before != after:
        yield InputChange(kind, name, before, after, what)


# ---- One line --------------------------------------------------------------------------------------


def compare_lines(old: LineReview, new: LineReview, inputs: Sequence[InputChange]) -> LineComparison:
    """Compare one line of two reviews. ``inputs`` is what the reviews were made with and that differs."""
    same_record = all(i.kind is not CauseKind.RECORD for i in inputs)
    evidence = tuple(evidence_changes(old, new, same_record=same_record, superseded=superseded_reason()))
    possible = (*inputs, *_edition_change(old, new))
    closed, asked = open_items(old, new)
    gone, added = notes(old, new)
    found = LineComparison(
        iri=new.iri,
        sequence=new.sequence,
        code=new.code,
        side=new.side,
        before=_outcome(old),
        after=_outcome(new),
        criteria=tuple(_criteria(old, new, evidence, possible)),
        evidence=evidence,
        open_items_closed=closed,
        open_items_new=asked,
        notes_gone=gone,
        notes_new=added,
    )
    return replace(found, why=tuple(_why(found, possible)))


def superseded_reason() -> str:
    """The reason by which a review tells that evidence is superseded: the message of its shape."""
    from reasoner.explain import facet_messages
    from reasoner.knowledge import load
    from reasoner.weigh import NOT_SUPERSEDED

    return facet_messages(load().shapes("evidence.ttl")).get(NOT_SUPERSEDED, "")


def _outcome(line: LineReview) -> LineOutcome:
    policy = line.policy
    return LineOutcome(
        line.recommendation,
        line.basis,
        line.next,
        policy.number if policy else None,
        policy.edition if policy else None,
    )


def _edition_change(old: LineReview, new: LineReview) -> Iterator[InputChange]:
    before, after = (f"{x.policy.number}, {x.policy.edition}" if x.policy else "none" for x in (old, new))
    what = f"The edition applied is {after} instead of {before}."
    yield from _one(CauseKind.EDITION, "edition", before, after, what)


def _criteria(
    old: LineReview, new: LineReview, evidence: Sequence[EvidenceChange], possible: Sequence[InputChange]
) -> Iterator[CriterionChange]:
    other = {
        one.id
        for was, now in criterion_pairs(old, new)
        if (one := now or was) and (was is None or now is None or was.status != now.status)
    }
    for was, now in criterion_pairs(old, new):
        one = now or was
        assert one is not None  # a pair has at least one side
        touching = [e for e in evidence if one.id in e.criteria]
        if one.id in other or touching:
            change = CriterionChange(
                one.id, one.label, one.kind, was.status if was else None, now.status if now else None
            )
            yield replace(change, causes=_causes(was, now, change, touching, possible, _members(one, new, old, other)))


def _members(group: CriterionResult, new: LineReview, old: LineReview, other: set[str]) -> list[CriterionResult]:
    """The members of a group that have another status."""
    by_id = {c.id: c for line in (old, new) for c in line.criteria}
    return [c for c in by_id.values() if c.parent == group.id and c.id in other]


def _causes(
    was: CriterionResult | None,
    now: CriterionResult | None,
    change: CriterionChange,
    touching: Iterable[EvidenceChange],
    possible: Sequence[InputChange],
    members: Sequence[CriterionResult],
) -> tuple[Cause, ...]:
    out = [*_by_readings(was, now), *(_by_evidence(e) for e in touching)]
    if members:
        named = ", ".join(f"“{m.label}”" for m in members)
        out.append(Cause(CauseKind.MEMBERS, f"it follows from {named}"))
    settled = any(c.kind is not CauseKind.COUNTED_OTHERWISE for c in out)
    if change.other_status and not settled:
        out += _by_inputs(possible)
    return tuple(dict.fromkeys(out))


def _by_evidence(change: EvidenceChange) -> Cause:
    kind, words = _KIND_OF[change.fate]
    source = "; ".join(x for x in (change.date, change.document) if x)
    told = f"{words}: {change.summary}" + (f" ({source})" if source else "")
    if change.fate is Fate.CHANGED:
        told = f"{words}: {change.after}; before: {change.before}"
    elif kind is CauseKind.COUNTED_OTHERWISE:
        told += f", before {change.before}, now {change.after}"
    return Cause(kind, told.rstrip("."))


def _by_readings(was: CriterionResult | None, now: CriterionResult | None) -> Iterator[Cause]:
    before, after = (c.reading if c else {} for c in (was, now))
    for name in sorted(before.keys() & after.keys()):
        if before[name] != after[name]:
            yield Cause(CauseKind.READING, f"{name} is read as “{after[name]}” instead of “{before[name]}”")


def _by_inputs(possible: Sequence[InputChange]) -> Iterator[Cause]:
    """What the reviews were made with, where the evidence does not tell why; certain if it is one thing only."""
    if not possible:
        yield Cause(CauseKind.UNKNOWN, "nothing that the two reviews tell of themselves differs")
    for change in possible:
        yield Cause(change.kind, change.what[0].lower() + change.what[1:].rstrip("."), certain=len(possible) == 1)


def _why(line: LineComparison, possible: Sequence[InputChange]) -> Iterator[str]:
    """Why the line comes out as it does now, in sentences."""
    before, after = line.before, line.after
    if before.recommendation is after.recommendation:
        yield f"The recommendation stays {after.recommendation.value}."
    else:
        yield f"The recommendation was {before.recommendation.value} and is {after.recommendation.value}."
    changed = [c for c in line.criteria if c.other_status]
    for change in changed:
        if not all(c.kind is CauseKind.MEMBERS for c in change.causes):  # what only follows needs no sentence
            was, now = change.before or "absent", change.after or "absent"
            yield f"“{change.label}” was {was} and is {now}: {_told(change)}."
    if line.other_outcome and not changed:
        yield from _without_criteria(line, possible)
    if any(not c.certain for change in line.criteria for c in change.causes):
        yield "Several things changed at once; the two reviews alone do not tell which of them it was."


def _told(change: CriterionChange) -> str:
    return "; ".join(c.what if c.certain else f"possibly, {c.what}" for c in change.causes)


def _without_criteria(line: LineComparison, possible: Sequence[InputChange]) -> Iterator[str]:
    """Where the outcome is another one although no criterion is: what stands beside the criteria."""
    for note in line.notes_gone:
        yield f"No longer noted: {note}"
    for note in line.notes_new:
        yield f"Noted now: {note}"
    for cause in _by_inputs(possible):
        yield f"{'' if cause.certain else 'Possibly: '}{cause.what}."
