"""Properties that depend on what evidence can be: that each criterion can be satisfied, and each reading matters."""

from __future__ import annotations

from collections.abc import Iterable

from reasoner.model import Polarity, Status
from reasoner.policy import Ambiguity, Criterion, Reading
from reasoner.proving.composition import quoted
from reasoner.proving.evidence_prover import Turn
from reasoner.proving.proofs import Property, Subject, proof_of
from reasoner.proving.prover import Found
from reasoner.proving.verification import Check, Ground, Outcome, Proof, Witness

NOTE = "note"


# ---- Each criterion can be satisfied ---------------------------------------------------------------


def _satisfiable(subject: Subject, prop: Property) -> Proof:
    checks = tuple(_can_be_met(subject, node) for node in subject.policy.criteria)
    dead = [c.label for c in checks if not c.holds]
    if dead:
        return proof_of(prop, Outcome.FAILS, f"Dead: {', '.join(dead)}.", checks=checks)
    return proof_of(prop, Outcome.HOLDS, f"Each of the {len(checks)} criteria can be met.", checks=checks)


def _can_be_met(subject: Subject, node: Criterion) -> Check:
    found = subject.search("satisfiable_premises", "satisfiable_goal", facts=[f"subject({quoted(node.iri)})."])
    if found is None:
        return Check(node.id, node.label, False, Ground.PROVED, "In no request can it be met.")
    told = subject.tell.one(found.records["a"])
    if not node.is_leaf:
        return Check(node.id, node.label, True, Ground.RECORD, "It can be met.", told)
    for rule in (r for r in subject.evidence.own(node) if r.polarity is Polarity.FOR):
        piece = subject.evidence.fulfilled(rule, subject.clock)
        if piece is not None:
            says = f"Met by {subject.tell.node(piece)}, which fits “{rule.label}”."
            return Check(node.id, node.label, True, Ground.EVIDENCE, says, told)
    says = "No evidence that the shapes admit fits any of its own rules, so only a payer's judgement could settle it."
    return Check(node.id, node.label, False, Ground.PROVED, says)


# ---- Each reading makes a difference ---------------------------------------------------------------


def _readings(subject: Subject, prop: Property) -> Proof:
    checks = tuple(
        _difference(subject, a, r) for a in subject.policy.ambiguities for r in a.readings if r.iri != a.default.iri
    )
    if not checks:
        return proof_of(prop, Outcome.NOT_APPLICABLE, "The policy has no ambiguity.")
    idle = [c.subject for c in checks if not c.holds]
    moot = [c.subject for c in checks if c.holds and c.moot]
    told = f"; moot by declaration, since they concern a note only: {', '.join(moot)}" if moot else ""
    if idle:
        return proof_of(prop, Outcome.FAILS, f"Not as declared: {', '.join(idle)}.", checks=checks)
    says = f"{len(checks) - len(moot)} readings that are not the default make a difference{told}."
    return proof_of(prop, Outcome.HOLDS, says, checks=checks)


def _difference(subject: Subject, ambiguity: Ambiguity, reading: Reading) -> Check:
    """Whether a reading, all else by default, changes the recommendation on some request, or what can come of it."""
    name, label = f"{ambiguity.notation}={reading.notation}", f"{ambiguity.label}: {reading.label}"
    found = _effect(subject, ambiguity, reading)
    if set(ambiguity.affects) <= {NOTE}:
        if found is None:
            return Check(
                name, label, True, Ground.DECLARED, "Moot: it concerns a note and no recommendation.", moot=True
            )
        return Check(
            name, label, False, found.ground, "It is said to concern a note only, and changes more.", found.witness
        )
    if found is None:
        says = (
            "It is said to affect " + ", ".join(ambiguity.affects) + ", and no request could tell it from the default."
        )
        return Check(name, label, False, Ground.PROVED, says)
    return Check(name, label, True, found.ground, found.says, found.witness)


def _effect(subject: Subject, ambiguity: Ambiguity, reading: Reading) -> Check | None:
    """The difference that a reading makes, as a check without a name; None where there is none."""
    crossing = subject.evidence.crosses_scope(ambiguity.iri, reading.iri, subject.clock)
    if crossing is not None:
        told = Witness((f"Within the scope under one of the readings only: {subject.tell.node(crossing)}.",))
        return Check("", "", True, Ground.EVIDENCE, "It decides whether the policy applies to a line.", told)
    turns = subject.evidence.turns(ambiguity.iri, reading.iri, subject.clock)
    read = f"{ambiguity.notation}={reading.notation}"
    found = _recommended_otherwise(subject, ambiguity, reading, turns)
    if found is not None:
        witness = subject.tell.pair(found.records["a"], found.records["b"], f"The same, read {read}")
        piece = _piece(subject, found, turns)
        if piece is None:
            return Check(
                "", "", True, Ground.RECORD, "It changes the recommendation on the request that is told.", witness
            )
        sentences = (*witness.sentences, piece)
        return Check(
            "", "", True, Ground.EVIDENCE, "It changes what evidence counts for.", Witness(sentences, witness.records)
        )
    if reading.dates_by and reading.dates_by != ambiguity.default.dates_by:
        by, other = subject.knowledge.label(ambiguity.default.dates_by or ""), subject.knowledge.label(reading.dates_by)
        told = Witness(
            (f"A line whose {by} and {other} lie on both sides of the first day, {subject.policy.edition}.",)
        )
        return Check("", "", True, Ground.DECLARED, "It decides which edition governs a line.", told)
    return None


def _recommended_otherwise(
    subject: Subject, ambiguity: Ambiguity, reading: Reading, turns: Iterable[Turn]
) -> Found | None:
    facts = [f"subject({quoted(ambiguity.iri)},{quoted(reading.iri)})."]
    facts += [f'turns({quoted(t.leaf)},"{t.before}","{t.after}").' for t in turns]
    for goal in (("reading_goal", "gains"), ("reading_goal", "plainly"), ("reading_goal",), ("reading_outlook",)):
        found = subject.search("reading_premises", *goal, facts=facts)
        if found is not None:
            return found
    return None


def _piece(subject: Subject, found: Found, turns: Iterable[Turn]) -> str | None:
    """The evidence that turns the criterion in which the two records differ."""
    a, b = found.records["a"], found.records["b"]
    for turn in turns:
        if a.statuses[turn.leaf] is turn.before and b.statuses[turn.leaf] is turn.after:
            return (
                f"“{subject.policy.by_iri[turn.leaf].label}” is {_word(turn.before)}, and under that reading "
                f"{_word(turn.after)}, by {subject.tell.node(turn.node)}."
            )
    return None


def _word(status: Status) -> str:
    from reasoner.proving.stories import WORDS

    return WORDS[status]


EVIDENCE_PROPERTIES = (
    Property(
        "each-criterion-satisfiable",
        "No criterion is dead",
        "Each criterion can be met, by evidence that its own rules and the shapes admit.",
        "A request whose facts do not exclude each other; default readings; what lies beyond one piece of evidence is "
        "taken for granted.",
        _satisfiable,
    ),
    Property(
        "each-reading",
        "Each reading matters, or is told to be moot",
        "Each reading that is not the default changes the recommendation on some request, or concerns a note only.",
        "Two requests alike but for this reading and what it makes of one piece of evidence; default readings else.",
        _readings,
    ),
)
