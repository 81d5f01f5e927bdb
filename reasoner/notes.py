"""What a review points out beside the outcome: editions, benefits, sides, codes, related policies."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date

from pyoxigraph import NamedNode

from reasoner.authority import BindingTerm
from reasoner.describe import Describer
from reasoner.knowledge import Knowledge
from reasoner.model import Polarity, Related
from reasoner.policy import Policy, Readings
from reasoner.triples import Triples
from reasoner.vocabulary import CLIN, COV, SKOS
from reasoner.weigh import Weigher

DISCRETION = (
    "A clinician who knows the member may depart from the policy: it guides a coverage decision and is "
    "no guideline for treatment."
)


HERE = " Lines that it governs are reviewed here as well."


def caution_note(policy: Policy | None) -> Iterable[str]:
    """What the standing of the policy's model asks every reader to know."""
    if policy is not None and policy.caution:
        yield policy.caution


def edition_note(policy: Policy, day: date, dated_by: str, *, named: bool = False) -> str:
    """Which edition was applied, and why; ``named`` says that it was asked for, whatever the dates are."""
    until = f"until {policy.until}" if policy.until else "and not yet replaced"
    force = f"in force from {policy.edition} {until}, and {dated_by} is {day}"
    if named:
        return f"Edition {policy.edition} of policy {policy.number} applied because it was asked for: it is {force}."
    return f"Edition {policy.edition} of policy {policy.number} applied: {force}."


def reading_notes(policy: Policy, known: Iterable[Policy], chosen: Mapping[str, str]) -> Iterable[str]:
    """Readings that were asked for, and that other editions of the policy have but not this one."""
    own = {a.notation: a for a in policy.ambiguities}
    settled = {s.ambiguity.notation: s.reading.notation for s in policy.settled}
    siblings = {a.notation for p in known if p.number == policy.number for a in p.ambiguities}
    for name, wanted in chosen.items():
        notation = name.rpartition(":")[2]
        if name not in (notation, f"{policy.number}:{notation}", f"{policy.name}:{notation}"):
            continue
        asked = f"{notation} was to be read as “{wanted}”"
        if notation in settled and settled[notation] != wanted:
            yield f"{asked}; the text of edition {policy.edition} settles it as “{settled[notation]}”."
        elif notation in own and wanted not in {r.notation for r in own[notation].readings}:
            usual = own[notation].default.notation
            yield f"{asked}; edition {policy.edition} has no such reading, and its default “{usual}” was applied."
        elif notation not in own and notation not in settled and notation in siblings:
            yield f"{asked}; edition {policy.edition} has no such doubtful wording."


def review_date_note(policy: Policy, as_of: date) -> Iterable[str]:
    """Whether the policy's next review date has passed, where no later edition is known."""
    if policy.next_review is not None and as_of > policy.next_review and policy.until is None:
        yield (
            f"The next review date of policy {policy.number}, {policy.next_review}, has passed on {as_of}; "
            "ask the publisher whether a newer edition exists."
        )


def benefit_notes(triples: Triples, request: str, found: Iterable[BindingTerm]) -> Iterable[str]:
    """What is known of the plan: nothing, or its terms and how far they reach."""
    if not triples.nodes(NamedNode(request), COV.plan):
        yield "No plan document on file: benefits not verified."
    yield from (term.sentence() for term in found)


def laterality_notes(policy: Policy, weigher: Weigher, readings: Readings, say: Describer) -> Iterable[str]:
    """Evidence that would count but is on another side than the line, in capitals."""
    seen: set[str] = set()
    for leaf in policy.leaves:
        outcome = weigher.leaf(leaf, readings)
        for node in sorted(outcome.nodes(Polarity.CONFLICTING) - seen):
            seen.add(node)
            yield f"LATERALITY MISMATCH: the record has {say.summary(node)}, on another side than the line."


def remark_notes(policy: Policy, weigher: Weigher, readings: Readings) -> Iterable[str]:
    """The remarks that the policy's note rules make on this record."""
    for rule in policy.note_rules:
        if any(weigher.in_scope(node, rule.facets, readings) for node in weigher.of_class(rule.evidence_class)):
            yield rule.message


def coding_notes(policy: Policy, triples: Triples, condition: NamedNode) -> Iterable[str]:
    """What the diagnosis codes of the indication do not say."""
    for code in sorted(o.value for o in triples.objects(condition, CLIN.diagnosisCode)):
        for note in policy.coding_notes:
            if re.search(note.pattern, code):
                yield f"Coding: {code} {note.message}."


def kinds_of(knowledge: Knowledge, triples: Triples, condition: NamedNode) -> set[str]:
    """The kinds of a condition with all their broader kinds."""
    out: set[str] = set()
    for kind in triples.nodes(condition, CLIN.kind):
        out.update(k.value for k in knowledge.ontology.closure(kind, SKOS.broader) if isinstance(k, NamedNode))
    return out


def related(
    policy: Policy, knowledge: Knowledge, triples: Triples, condition: NamedNode | None, code: str
) -> Iterable[Related]:
    """The related policies to which the indication or the code belongs, and whether the code fits the indication.

    A code that does not is said to be so and never replaced: which code is right is for the submitter to say.
    """
    kinds = kinds_of(knowledge, triples, condition) if condition is not None else set()
    misfit = _misfit(policy, knowledge, kinds, code)
    reviewed = {p.number: p.codes for p in knowledge.policies}
    for route in sorted(policy.routes, key=lambda r: r.number):
        name = f"{route.title} ({route.publisher}, number as of {route.seen_in})"
        by_kind = sorted(knowledge.label(k) for k in kinds & set(route.kinds))
        if by_kind:
            why = f"{route.why} The line's indication is {', '.join(by_kind)}."
        elif code in route.codes:
            why = f"Code {code} belongs to this guideline."
        else:
            continue
        codes = reviewed.get(
            route.number
        )  # a code that the guideline only shares with another is not reviewed under it
        here = codes is not None and (code in codes or code not in route.codes)
        yield Related(route.number, f"{name}: {why}{misfit}{HERE if here else ''}")
        misfit = ""


def _misfit(policy: Policy, knowledge: Knowledge, kinds: set[str], code: str) -> str:
    """That the requested code does not describe surgery for the indication of a line that belongs elsewhere."""
    own = sorted(knowledge.label(k) for k in kinds & set(policy.kinds))
    if code in policy.codes:
        is_for = f"is for {policy.procedure_plain} and"
        return f" The requested code {code} {is_for} does not describe surgery for that indication."
    if own and any(code in route.codes for route in policy.routes):
        return (
            f" The line's indication is {', '.join(own)}; the requested code {code} does not describe surgery for it."
        )
    return ""
