"""Two editions of a policy compared, clause by clause.

Criteria are aligned by their identifiers, ambiguities by their short names, other nodes by their IRIs and then by their
labels. What a facet asks for is compared by the shapes that it leads to, so a shape that is written otherwise is a
change of logic even where the tree is the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from reasoner.editions.clauses import Clause
from reasoner.editions.edition_criteria import criterion_changes
from reasoner.editions.edition_parts import paired, reworded, value_change
from reasoner.editions.edition_rules import Side, difference_in_words, same
from reasoner.model import Source
from reasoner.policy import Ambiguity, Constraint, Policy, Route
from reasoner.vocabulary import local_name


class Part(StrEnum):
    """What of an edition a difference is about, in the order in which differences are told."""

    EDITION = "edition"
    CODE = "code"
    CRITERION = "criterion"
    EXCLUSION = "exclusion"
    EVIDENCE = "all-evidence"
    SCOPE = "scope"
    CONSTRAINT = "constraint"
    AMBIGUITY = "ambiguity"
    NOTE = "note"
    ROUTE = "route"
    CLAUSE = "clause"


class Change(StrEnum):
    """How something differs.

    ``reworded`` is about the words of the document, ``texts`` about the project's own words for the same thing;
    ``renewed`` says that it is another node, so that judgements on the earlier one do not count for it.
    """

    ADDED = "added"
    REMOVED = "removed"
    LOGIC = "logic"
    REWORDED = "reworded"
    MOVED = "moved"
    RENEWED = "renewed"
    DEFAULT = "default"
    SETTLED = "settled"
    VALUE = "value"
    TEXTS = "texts"


@dataclass(frozen=True)
class Difference:
    """One thing that is not the same in both editions.

    ``key`` is what it is aligned by; ``details`` say in words how it differs; the sources are its places.
    """

    part: Part
    key: str
    label: str
    changes: tuple[Change, ...]
    details: tuple[str, ...] = ()
    before: Source | None = None
    after: Source | None = None


@dataclass(frozen=True)
class EditionName:
    """An edition as it is told: number and date, the date from which it governs, and until when."""

    name: str
    number: str
    title: str
    edition: str
    until: str | None


@dataclass(frozen=True)
class EditionDiff:
    """Everything in which two editions differ, by part; empty where they say the same."""

    before: EditionName
    after: EditionName
    differences: tuple[Difference, ...]

    def of(self, *parts: Part) -> tuple[Difference, ...]:
        """The differences of some parts."""
        return tuple(d for d in self.differences if d.part in parts)


@dataclass(frozen=True, eq=False)
class Compared:
    """One edition with all that is compared of it."""

    side: Side
    clauses: tuple[Clause, ...] = ()

    @property
    def policy(self) -> Policy:
        """The record of the edition."""
        return self.side.policy


def edition_name(policy: Policy) -> EditionName:
    """The name of an edition."""
    until = str(policy.until) if policy.until else None
    return EditionName(policy.name, policy.number, policy.title, str(policy.edition), until)


def edition_diff(before: Compared, after: Compared) -> EditionDiff:
    """Everything in which two editions differ."""
    found = (
        *_edition(before.policy, after.policy),
        *_codes(before.policy, after.policy),
        *_criteria(before.side, after.side),
        *_evidence(before.side, after.side),
        *_scope(before.side, after.side),
        *_constraints(before.policy, after.policy),
        *_ambiguities(before.policy, after.policy),
        *_notes(before.side, after.side),
        *_routes(before.policy, after.policy),
        *_clauses(before.clauses, after.clauses),
    )
    differences = tuple(sorted(found, key=_order))
    return EditionDiff(edition_name(before.policy), edition_name(after.policy), differences)


def _order(difference: Difference) -> tuple[int, int]:
    """By part; doubtful wordings by the number in their short names, all else as found."""
    number = difference.key.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ") if difference.part is Part.AMBIGUITY else ""
    return list(Part).index(difference.part), int(number) if number.isdecimal() else 0


# ---- The edition itself ----------------------------------------------------------------------------


def _edition(old: Policy, new: Policy) -> Iterator[Difference]:
    for key, label, one, other in (
        ("title", "title", old.title, new.title),
        ("publisher", "publisher", old.publisher, new.publisher),
        ("effective-from", "in force from", old.edition, new.edition),
        ("superseded-on", "in force until", old.until, new.until),
        ("next-review", "next review", old.next_review, new.next_review),
        ("procedure", "procedure in plain words", old.procedure_plain, new.procedure_plain),
        ("caution", "what every review has to say", old.caution, new.caution),
        (
            "excludes-indication-of",
            "policies whose indications are excluded",
            ", ".join(map(local_name, sorted(old.excludes_indication_of))),
            ", ".join(map(local_name, sorted(new.excludes_indication_of))),
        ),
        ("kinds", "kinds of indication", ", ".join(map(local_name, old.kinds)), ", ".join(map(local_name, new.kinds))),
    ):
        if one != other:
            yield Difference(Part.EDITION, key, label, (Change.VALUE,), (value_change(one, other),))


def _codes(old: Policy, new: Policy) -> Iterator[Difference]:
    for code in sorted({*old.codes, *new.codes}):
        if (code in old.codes) != (code in new.codes):
            change = Change.ADDED if code in new.codes else Change.REMOVED
            yield Difference(Part.CODE, code, f"procedure code {code}", (change,))


# ---- Criteria --------------------------------------------------------------------------------------


def _criteria(old: Side, new: Side) -> Iterator[Difference]:
    for cid, one, other in paired(old.policy.criteria, new.policy.criteria, lambda c: c.id):
        either = other or one
        assert either is not None
        excludes = {c.iri in (*old.policy.exclusions, *new.policy.exclusions) for c in (one, other) if c is not None}
        part = Part.EXCLUSION if True in excludes else Part.CRITERION
        places = (one.source if one else None, other.source if other else None)
        if one is None or other is None:
            change = Change.REMOVED if other is None else Change.ADDED
            yield Difference(part, cid, either.label, (change,), (either.plain,), *places)
            continue
        found = list(criterion_changes(old, new, one, other))
        if found:
            changes = tuple(dict.fromkeys(Change(kind) for kind, _ in found))
            yield Difference(part, cid, other.label, changes, tuple(d for _, d in found if d), *places)


def _evidence(old: Side, new: Side) -> Iterator[Difference]:
    """What holds for all evidence."""
    usual = old.policy.default_readings, new.policy.default_readings
    asked = (old.asks(old.common_facets(), usual[0]), new.asks(new.common_facets(), usual[1]))
    if not same(*asked):
        detail = difference_in_words(*asked)
        yield Difference(Part.EVIDENCE, "all-evidence", "what holds for all evidence", (Change.LOGIC,), (detail,))


# ---- Scope and constraints -------------------------------------------------------------------------


def _scope(old: Side, new: Side) -> Iterator[Difference]:
    for key, one, other in paired(old.policy.scope, new.policy.scope, lambda s: s.iri, lambda s: s.label):
        either = other or one
        assert either is not None
        places = (one.source if one else None, other.source if other else None)
        if one is None or other is None:
            change = Change.REMOVED if other is None else Change.ADDED
            yield Difference(Part.SCOPE, key, either.label, (change,), (either.message,), *places)
            continue
        found: list[tuple[Change, str]] = []
        asked = (old.asks(one.facets, old.policy.default_readings), new.asks(other.facets, new.policy.default_readings))
        if not same(*asked):
            found.append((Change.LOGIC, difference_in_words(*asked)))
        found += [(Change(kind), words) for kind, words in reworded(one.source, other.source)]
        if one.message != other.message:
            found.append((Change.TEXTS, value_change(one.message, other.message)))
        yield from _told(Part.SCOPE, key, either.label, found, *places)


def _told(
    part: Part, key: str, label: str, found: list[tuple[Change, str]], before: Source | None, after: Source | None
) -> Iterator[Difference]:
    if found:
        changes = tuple(dict.fromkeys(change for change, _ in found))
        yield Difference(part, key, label, changes, tuple(words for _, words in found if words), before, after)


def _constraints(old: Policy, new: Policy) -> Iterator[Difference]:
    for key, one, other in paired(old.constraints, new.constraints, lambda c: c.iri, lambda c: c.label):
        either = other or one
        assert either is not None
        if one is None or other is None:
            change = Change.REMOVED if other is None else Change.ADDED
            yield Difference(Part.CONSTRAINT, key, either.label, (change,), (either.message,))
            continue
        found: list[tuple[Change, str]] = []
        if _apart(old, one) != _apart(new, other):
            found.append((Change.LOGIC, value_change(_apart(old, one), _apart(new, other))))
        if one.message != other.message:
            found.append((Change.TEXTS, value_change(one.message, other.message)))
        yield from _told(Part.CONSTRAINT, key, either.label, found, None, None)


def _apart(policy: Policy, constraint: Constraint) -> str:
    ids = sorted(policy.by_iri[c].id for c in constraint.not_together)
    notations = {r.iri: f"{a.notation}={r.notation}" for a in policy.ambiguities for r in a.readings}
    under = sorted(notations.get(r, local_name(r)) for r in constraint.under)
    return f"not together: {', '.join(ids)}" + (f" (while {', '.join(under)})" if under else "")


# ---- Doubtful wordings -----------------------------------------------------------------------------


def _ambiguities(old: Policy, new: Policy) -> Iterator[Difference]:
    settled = {s.ambiguity.notation: s for s in new.settled}
    reopened = {s.ambiguity.notation: s for s in old.settled}
    for key, one, other in paired(old.ambiguities, new.ambiguities, lambda a: a.notation):
        either = other or one
        assert either is not None
        places = (one.source if one else None, other.source if other else None)
        if one is not None and other is not None:
            yield from _told(Part.AMBIGUITY, key, other.label, list(_readings(one, other)), *places)
        elif other is None and key in settled:
            reading = settled[key].reading
            usual = one.default.notation if one is not None else reading.notation
            was = "" if usual == reading.notation else f"; the default was {usual}"
            words = f"the text now states it: {reading.notation} ({reading.definition}){was}"
            yield Difference(Part.AMBIGUITY, key, either.label, (Change.SETTLED,), (words,), *places)
        elif other is None:
            words = "the edition no longer lists it as doubtful"
            yield Difference(Part.AMBIGUITY, key, either.label, (Change.REMOVED,), (words,), *places)
        else:
            before = f"the text stated it: {reopened[key].reading.notation}; " if key in reopened else ""
            words = f"{before}now doubtful: {either.wording} Default: {either.default.notation}."
            yield Difference(Part.AMBIGUITY, key, either.label, (Change.ADDED,), (words,), *places)
    for key, one_settled, other_settled in paired(old.settled, new.settled, lambda s: s.ambiguity.notation):
        if one_settled and other_settled and one_settled.reading.notation != other_settled.reading.notation:
            words = value_change(one_settled.reading.notation, other_settled.reading.notation)
            label = other_settled.ambiguity.label
            yield Difference(Part.AMBIGUITY, key, label, (Change.SETTLED,), (f"the text states it otherwise: {words}",))


def _readings(old: Ambiguity, new: Ambiguity) -> Iterator[tuple[Change, str]]:
    if old.default.notation != new.default.notation:
        words = value_change(old.default.notation, new.default.notation)
        yield Change.DEFAULT, f"read by default otherwise: {words}, because: {new.default_reason}"
    for key, one, other in paired(old.readings, new.readings, lambda r: r.notation):
        if one is None and other is not None:
            yield Change.LOGIC, f"it can now be read as {key}: {other.definition}"
        elif other is None and one is not None:
            yield Change.LOGIC, f"it can no longer be read as {key}: {one.definition}"
        elif one is not None and other is not None:
            if (one.group_kind, one.group_threshold) != (other.group_kind, other.group_threshold) or (
                one.dates_by != other.dates_by
            ):
                yield Change.LOGIC, f"{key} joins a group, or chooses the edition, otherwise"
            if one.definition != other.definition:
                yield Change.TEXTS, f"{key}: {value_change(one.definition, other.definition)}"
    if sorted(old.affects) != sorted(new.affects):
        yield Change.LOGIC, f"it affects {value_change(', '.join(old.affects), ', '.join(new.affects))}"
    yield from ((Change(kind), words) for kind, words in reworded(old.source, new.source))
    if old.wording != new.wording:
        yield Change.TEXTS, value_change(old.wording, new.wording)


# ---- Notes, routes, clauses ------------------------------------------------------------------------


def _notes(old: Side, new: Side) -> Iterator[Difference]:
    for key, one, other in paired(old.policy.note_rules, new.policy.note_rules, lambda n: n.iri):
        either = other or one
        assert either is not None
        if one is None or other is None:
            change = Change.REMOVED if other is None else Change.ADDED
            yield Difference(Part.NOTE, key, "remark of a review", (change,), (either.message,))
            continue
        found: list[tuple[Change, str]] = []
        asked = (old.asks(one.facets, old.policy.default_readings), new.asks(other.facets, new.policy.default_readings))
        if not same(*asked) or one.evidence_class != other.evidence_class:
            found.append((Change.LOGIC, difference_in_words(*asked) or "made of another kind of evidence"))
        if one.message != other.message:
            found.append((Change.TEXTS, value_change(one.message, other.message)))
        yield from _told(Part.NOTE, key, "remark of a review", found, None, None)
    for pattern, old_note, new_note in paired(old.policy.coding_notes, new.policy.coding_notes, lambda n: n.pattern):
        said = [n.message for n in (old_note, new_note) if n is not None]
        if old_note is None or new_note is None:
            change = Change.REMOVED if new_note is None else Change.ADDED
            yield Difference(Part.NOTE, pattern, "remark on diagnosis codes", (change,), tuple(said))
        elif old_note.message != new_note.message:
            words = value_change(*said)
            yield Difference(Part.NOTE, pattern, "remark on diagnosis codes", (Change.TEXTS,), (words,))


def _routes(old: Policy, new: Policy) -> Iterator[Difference]:
    for key, one, other in paired(old.routes, new.routes, lambda r: r.number):
        either = other or one
        assert either is not None
        label = f"route to {either.number}, {either.title}"
        if one is None or other is None:
            change = Change.REMOVED if other is None else Change.ADDED
            yield Difference(Part.ROUTE, key, label, (change,), (either.why,))
            continue
        pairs = zip(_route(one), _route(other), strict=True)
        found = [(change, value_change(a, b)) for (change, a), (_, b) in pairs if a != b]
        yield from _told(Part.ROUTE, key, label, found, None, None)


def _route(route: Route) -> Iterable[tuple[Change, str]]:
    return (
        (Change.LOGIC, "for " + ", ".join(sorted(map(local_name, route.kinds)))),
        (Change.LOGIC, "codes " + ", ".join(sorted(route.codes))),
        (Change.TEXTS, f"{route.title}; {route.publisher}, seen in {route.seen_in}"),
        (Change.TEXTS, route.why),
    )


def _clauses(old: tuple[Clause, ...], new: tuple[Clause, ...]) -> Iterator[Difference]:
    for key, one, other in paired(old, new, lambda c: c.iri, lambda c: c.label):
        either = other or one
        assert either is not None
        places = (one.source if one else None, other.source if other else None)
        if one is None or other is None:
            change = Change.REMOVED if other is None else Change.ADDED
            yield Difference(Part.CLAUSE, key, either.label, (change,), (either.says,), *places)
            continue
        found = [(Change(kind), words) for kind, words in reworded(one.source, other.source)]
        if one.says != other.says:
            found.append((Change.TEXTS, value_change(one.says, other.says)))
        yield from _told(Part.CLAUSE, key, either.label, found, *places)
