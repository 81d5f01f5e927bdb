"""In what one criterion differs between two editions: how it is joined, what counts, the document's words, ours."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from reasoner.editions.edition_parts import reworded, value_change
from reasoner.editions.edition_rules import Side, difference_in_words, same, written
from reasoner.model import Kind
from reasoner.policy import Criterion, Policy, Rule

JOINED = {Kind.ALL: "all of its members", Kind.ANY: "any of its members", Kind.LEAF: "evidence"}
COUNTS = {
    "for": "counts for it",
    "against": "counts against it",
    "considered": "to be weighed",
    "conflicting": "conflicts with the request",
}
Found = Iterator[tuple[str, str]]


def criterion_changes(old: Side, new: Side, one: Criterion, other: Criterion) -> Found:
    """Each change by its kind, with words for it."""
    yield from _place_in_tree(old.policy, new.policy, one, other)
    yield from _joining(old.policy, new.policy, one, other)
    if one.is_leaf and other.is_leaf:
        yield from _rules(old, new, one, other)
        if one.later_event != other.later_event:
            words = "can" if other.later_event else "can not"
            yield "logic", f"a later event {words} change it now"
    if one.iri != other.iri and one.is_leaf and other.is_leaf:
        yield "renewed", "judgements recorded on the earlier criterion do not count for it"
    yield from reworded(one.source, other.source)
    yield from _texts(one, other)


def _place_in_tree(old: Policy, new: Policy, one: Criterion, other: Criterion) -> Found:
    above = [p.by_iri[c.parent].id if c.parent else "" for p, c in ((old, one), (new, other))]
    if above[0] != above[1]:
        yield "logic", f"its group: {value_change(*above)}"


def _joining(old: Policy, new: Policy, one: Criterion, other: Criterion) -> Found:
    decided = [_decided(p, c) for p, c in ((old, one), (new, other))]
    if decided[0] != decided[1]:
        yield "logic", f"decided by: {value_change(*decided)}"
    members = [[p.by_iri[m].id for m in c.members] for p, c in ((old, one), (new, other))]
    come, gone = ([m for m in x if m not in y] for x, y in ((members[1], members[0]), (members[0], members[1])))
    if come:
        yield "logic", f"new members: {', '.join(come)}"
    if gone:
        yield "logic", f"members that it lost: {', '.join(gone)}"


def _decided(policy: Policy, criterion: Criterion) -> str:
    if criterion.is_leaf:
        return "evidence, and it excludes" if criterion.kind is Kind.EXCLUSION else "evidence"
    kind = policy.group_kind(criterion, policy.default_readings)
    needed = policy.needed(criterion, policy.default_readings)
    return JOINED.get(kind, f"at least {needed} of its members")


def _texts(one: Criterion, other: Criterion) -> Found:
    if (one.label, one.plain) != (other.label, other.plain):
        pair = (one.label, other.label) if one.label != other.label else (one.plain, other.plain)
        yield "texts", value_change(*pair)
    said = sorted({*one.messages, *other.messages})
    if any(one.messages.get(s) != other.messages.get(s) for s in said):
        yield "texts", "what a review says of its statuses differs"
    if one.asks != other.asks:
        yield "texts", "what a review asks for it differs"


# ---- Rules -----------------------------------------------------------------------------------------


def _rules(old: Side, new: Side, one: Criterion, other: Criterion) -> Found:
    """The rules that differ: first by default, then under readings that both editions know."""
    before, after = written(one.rules), written(other.rules)
    pairs = _pairs(old, new, before, after)
    for rule, later in pairs:
        yield from _rule(old, new, rule, later)
    yield from (
        ("logic", f"no longer {COUNTS[r.polarity.value]}: {r.label}")
        for r in before
        if r.iri not in {a.iri for a, _ in pairs}
    )
    yield from (
        ("logic", f"now {COUNTS[r.polarity.value]}: {r.label}") for r in after if r.iri not in {b.iri for _, b in pairs}
    )


def _pairs(old: Side, new: Side, before: list[Rule], after: list[Rule]) -> list[tuple[Rule, Rule]]:
    """Rules that belong together: of one IRI, else alike in what they ask for, else of one label."""
    out: list[tuple[Rule, Rule]] = []
    left, rest = list(before), list(after)
    usual, alike_usual = old.policy.default_readings, new.readings_of(old)

    def asks_the_same(a: Rule, b: Rule) -> bool:
        return _alike(a, b) and same(old.asks_of(a, usual), new.asks_of(b, alike_usual))

    ways: tuple[Callable[[Rule, Rule], bool], ...] = (
        lambda a, b: a.iri == b.iri,
        asks_the_same,
        lambda a, b: a.label == b.label and a.polarity is b.polarity,
    )
    for alike in ways:
        for rule in list(left):
            match = next((r for r in rest if alike(rule, r)), None)
            if match is not None:
                out.append((rule, match))
                left.remove(rule)
                rest.remove(match)
    return out


def _alike(one: Rule, other: Rule) -> bool:
    return one.polarity is other.polarity and one.evidence_class == other.evidence_class


def _rule(old: Side, new: Side, one: Rule, other: Rule) -> Found:
    if not _alike(one, other):
        words = value_change(COUNTS[one.polarity.value], COUNTS[other.polarity.value])
        kind = "another kind of evidence" if one.polarity is other.polarity else words
        yield "logic", f"“{other.label}”: {kind}"
    asked = old.asks_of(one, old.policy.default_readings)
    now, alike = new.asks_of(other, new.policy.default_readings), new.asks_of(other, new.readings_of(old))
    if not same(asked, alike):
        yield "logic", f"“{other.label}”: {difference_in_words(asked, alike)}"
    elif not same(asked, now):
        yield "logic", f"“{other.label}”, because a wording is read otherwise: {difference_in_words(asked, now)}"
    else:
        yield from _other_readings(old, new, one, other)


def _other_readings(old: Side, new: Side, one: Rule, other: Rule) -> Found:
    before, after = old.by_reading(one.facets), new.by_reading(other.facets)
    for (ambiguity, reading), asks in after.items():
        was = before.get((ambiguity, reading))
        if was is not None and not same(was, asks):
            yield "logic", f"“{other.label}”, if {ambiguity} is read as {reading}: {difference_in_words(was, asks)}"
