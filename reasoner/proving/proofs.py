"""Properties of how a policy composes statuses: premises that can be fulfilled, and a claim that no request breaks.

Each claim is a search for a record of which it is not true (``proofs.lp``). What is claimed is claimed of the policy
itself: no term of a plan or mandate binds, and the line is within its scope.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cached_property

from reasoner.determine import program
from reasoner.errors import ProgramError
from reasoner.knowledge import Knowledge
from reasoner.policy import Policy
from reasoner.proving.composition import Clock, quoted
from reasoner.proving.evidence_prover import EvidenceProver
from reasoner.proving.prover import Found, Prover, Record
from reasoner.proving.shape_facts import shape_facts
from reasoner.proving.stories import Teller, readings_of
from reasoner.proving.verification import Check, Ground, Outcome, Proof, Witness
from reasoner.triples import Triples


@dataclass(frozen=True)
class Property:
    """One property: its short name, a title, the claim and to which requests it applies, in plain words."""

    id: str
    title: str
    claim: str
    premises: str
    attempt: Callable[[Subject, Property], Proof]


@dataclass(frozen=True)
class Subject:
    """A policy to prove something of. ``rules`` is the text of ``determine.lp``, ``shapes`` the generated shapes."""

    policy: Policy
    knowledge: Knowledge
    clock: Clock
    rules: str | None = None
    shapes: Triples | None = None

    @cached_property
    def prover(self) -> Prover:
        """Searches among records."""
        return Prover(self.policy, self.rules)

    @cached_property
    def evidence(self) -> EvidenceProver:
        """Searches among pieces of evidence."""
        return EvidenceProver(self.policy, self.knowledge)

    @cached_property
    def tell(self) -> Teller:
        """The words for witnesses."""
        return Teller(self.policy, self.knowledge)

    @cached_property
    def shape_facts(self) -> list[str]:
        """The generated shapes as facts."""
        shapes = self.shapes
        if shapes is None:
            shapes = Triples(self.knowledge.shapes("policies", f"{self.policy.slug}.default.ttl"))
        return shape_facts(self.policy, shapes)

    def search(self, *parts: str, facts: Iterable[str] = ()) -> Found | None:
        """Records that fulfil parts of ``proofs.lp``; each is decided anew by the program that reviews lines.

        Raises:
            ProgramError: that program decides one of them otherwise.
        """
        found = self.prover.search(parts, self.clock, facts)
        if found is not None and self.rules is None:
            aside = {name for (name,) in found.values("aside")}
            for name, record in found.records.items():
                if name not in aside:
                    self._confirm(record)
        return found

    def _confirm(self, record: Record) -> None:
        vector = tuple(record.statuses[leaf.iri] for leaf in self.policy.leaves)
        decided = program(self.policy).decide(vector, readings_of(self.policy, record.readings)).recommendation.value
        if record.recommendations != (decided,):
            told = ", ".join(record.recommendations) or "nothing"
            raise ProgramError(f"A proof takes {told} to be recommended where the program recommends {decided}.")


def proof_of(prop: Property, outcome: Outcome, says: str, **parts: Witness | None | tuple[Check, ...]) -> Proof:
    """A proof of a property."""
    return Proof(prop.id, prop.title, prop.claim, prop.premises, outcome, says, **parts)  # type: ignore[arg-type]


VACUOUS = "No request fulfils the premises, so the claim says nothing."


# ---- Claims of all records -------------------------------------------------------------------------


def universal(
    name: str, words: Callable[[Subject, Found], Witness], *, same_readings: bool = False, shapes: bool = False
) -> Callable[[Subject, Property], Proof]:
    """A claim of all records: its premises can be fulfilled, and together with the negated claim they cannot."""

    def attempt(subject: Subject, prop: Property) -> Proof:
        facts = subject.shape_facts if shapes else []
        parts = [f"{name}_premises", *(["same_readings"] if same_readings else []), *(["evidence", "shapes"] * shapes)]
        example = subject.search(*parts, facts=facts)
        if example is None:
            return proof_of(prop, Outcome.VACUOUS, VACUOUS)
        told = words(subject, example)
        broken = subject.search(*parts, f"{name}_negated", facts=facts)
        if broken is None:
            return proof_of(prop, Outcome.HOLDS, "Proved: there is no request of which it is not true.", example=told)
        says = "Not true of the request that is told as counterexample."
        return proof_of(prop, Outcome.FAILS, says, example=told, counterexample=words(subject, broken))

    return attempt


def _one(subject: Subject, found: Found) -> Witness:
    return subject.tell.one(found.records["a"])


def _pair(how: str) -> Callable[[Subject, Found], Witness]:
    return lambda subject, found: subject.tell.pair(found.records["a"], found.records["b"], how)


def _statements(subject: Subject, found: Found) -> Witness:
    """Both statements apply: told of the request under its constraints, which is the second record."""
    heeded, aside = found.records["b"], found.records["a"]
    told = subject.tell.one(heeded)
    policy = subject.policy
    met = [policy.by_iri[x].label for x in policy.exclusions if aside.statuses[x].value == "met"]
    both = f"Both apply: “{policy.by_iri[policy.root].label}” and “{'”, “'.join(met)}”."
    names = [f"“{c.label}”" for c in policy.constraints if c.holds(readings_of(policy, heeded.readings))]
    if heeded.consistent or not names:
        return Witness((*told.sentences, both), told.records)
    why = f"The constraint {' or '.join(names)} keeps the facts apart; it is declared, not part of the text."
    return Witness((*told.sentences, both, why), told.records)


def _shapes(subject: Subject, found: Found) -> Witness:
    told = subject.tell.one(found.records["a"])
    by = subject.policy.by_iri
    said = [f"denied by the shape of “{by[n].label}”" for (n,) in found.values("violated")]
    said += [f"left open by the shape of “{by[n].label}”" for (n,) in found.values("warned")]
    return Witness((*told.sentences, f"In the shapes: {'; '.join(said) or 'neither denied nor open'}."), told.records)


def _both_statements(subject: Subject, prop: Property) -> Proof:
    if not subject.policy.exclusions:
        return proof_of(prop, Outcome.NOT_APPLICABLE, "The policy has no exclusion.")
    proof = universal("statements", _statements, same_readings=True)(subject, prop)
    if proof.outcome is Outcome.HOLDS:
        return replace(proof, says="Both can apply, as the example shows; no such request is approved.")
    return proof


# ---- Claims of each criterion ----------------------------------------------------------------------


def _decides(subject: Subject, prop: Property) -> Proof:
    checks = []
    for leaf in subject.policy.leaves:
        facts = [f"subject({quoted(leaf.iri)})."]
        parts = ("decides_premises", "same_readings", "decides_goal")
        found = subject.search(*parts, "throughout", facts=facts) or subject.search(*parts, facts=facts)
        if found is None:
            says = "In no request does it make a difference: it is redundant."
            checks.append(Check(leaf.id, leaf.label, False, Ground.PROVED, says))
            continue
        witness = subject.tell.pair(found.records["a"], found.records["b"], "The same, but for this criterion")
        checks.append(Check(leaf.id, leaf.label, True, Ground.RECORD, "It alone changes what is recommended.", witness))
    idle = [c.label for c in checks if not c.holds]
    if idle:
        return proof_of(prop, Outcome.FAILS, f"Redundant: {', '.join(idle)}.", checks=tuple(checks))
    return proof_of(prop, Outcome.HOLDS, f"Each of the {len(checks)} criteria decides a request.", checks=tuple(checks))


ANY = "whatever the readings"
COMPOSITION_PROPERTIES = (
    Property(
        "no-gap",
        "No gap",
        "Every request that is documented throughout is approved or denied.",
        f"Every criterion is met or unmet, and no facts exclude each other; {ANY}.",
        universal("no_gap", _one),
    ),
    Property(
        "no-overlap",
        "No overlap",
        "No request is given two recommendations, such as both approval and denial.",
        f"Any statuses, facts that exclude each other included; {ANY}.",
        universal("no_overlap", _one),
    ),
    Property(
        "favourable-facts",
        "A favourable fact never worsens",
        "A request that stands in every criterion at least as well as another is recommended at least as well, and "
        "evidence for a criterion never makes it stand worse.",
        "Two requests whose facts do not exclude each other, read alike; to stand well is to be met rather than open "
        f"and open rather than unmet, for an exclusion the other way round; {ANY}.",
        universal("favourable", _pair("The same, and better"), same_readings=True),
    ),
    Property(
        "information",
        "Answers never change what is decided",
        "Resolving criteria that are open leaves an approval an approval and a denial a denial.",
        f"Two requests whose facts do not exclude each other; the second settles what is open in the first; {ANY}.",
        universal("information", _pair("The same, with answers"), same_readings=True),
    ),
    Property(
        "contrary-document",
        "A contrary document at most pends an approval",
        "Evidence against an approved request, or on the other side of the body, does not lead to a denial.",
        "The request is covered however its open criteria come out; evidence comes in against any number of "
        f"criteria that are settled, or against one that is open; {ANY}.",
        universal("contrary", _pair("The same, with contrary evidence"), same_readings=True),
    ),
    Property(
        "each-criterion-decides",
        "No criterion is redundant",
        "Each criterion decides some request on its own.",
        "Two requests that differ in this criterion alone, documented throughout if possible; default readings.",
        _decides,
    ),
    Property(
        "both-statements",
        "The statements together",
        "Where the necessity statement and an exclusion both apply, the request is not approved.",
        f"The criteria are fulfilled and an exclusion is met, the declared constraints left aside; {ANY}.",
        _both_statements,
    ),
    Property(
        "shapes-agree",
        "Generated shapes and program agree",
        "For every combination of evidence the generated shapes deny, ask or pass what the program does.",
        "Any evidence for and against each criterion, to be weighed, or on the other side; default readings; the "
        "declared constraints left aside, of which a shape on evidence knows nothing.",
        universal("shapes", _shapes, shapes=True),
    ),
    Property(
        "for-and-against",
        "For and against is a conflict",
        "A criterion with evidence for and against it is conflicting, and no generated shape takes it to be settled.",
        "Any evidence for the criteria, one of which has evidence on both sides; default readings.",
        universal("sides", _one, shapes=True),
    ),
)
