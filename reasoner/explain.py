"""Why: a walk over the criteria tree with the evidence, the place in the policy, and plain sentences."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pyoxigraph import NamedNode

from reasoner.authority import BindingTerm, Reach
from reasoner.counterfactual import Situation, open_that_matter
from reasoner.derive import evidence_classes
from reasoner.describe import Describer
from reasoner.determine import Decision, tree_statuses
from reasoner.errors import ProgramError
from reasoner.model import (
    Basis,
    CriterionResult,
    EvidenceRef,
    GroupStatus,
    Kind,
    Next,
    OpenItem,
    OpenKind,
    Polarity,
    Recommendation,
    Status,
    UnusedEvidence,
)
from reasoner.once import once_for_each
from reasoner.policy import Criterion, Link
from reasoner.shapes import NOTHING
from reasoner.triples import RDF_TYPE, Spo
from reasoner.vocabulary import CLIN, COV, SH

OPEN_KINDS = {
    Status.UNDOCUMENTED: OpenKind.DOCUMENT,
    Status.TO_JUDGE: OpenKind.JUDGEMENT,
    Status.CONFLICTING: OpenKind.CONFLICT,
}
ROLES = {
    Polarity.FOR: "for",
    Polarity.AGAINST: "against",
    Polarity.CONSIDERED: "considered",
    Polarity.CONFLICTING: "considered",
}


@dataclass(frozen=True)
class Explainer:
    """Explains one decided line. ``shapes`` knows each facet's message; ``line`` is the line's node."""

    situation: Situation
    decision: Decision
    say: Describer
    plain: Describer
    line: NamedNode
    code: str
    facet_messages: dict[str, str]
    terms: tuple[BindingTerm, ...]

    # -- the tree

    def criteria(self) -> tuple[CriterionResult, ...]:
        """Every node of the criteria tree with its outcome, in tree order."""
        s = self.situation
        statuses = s.weigher.statuses(s.readings)
        tree = tree_statuses(s.policy, statuses, s.readings)
        return tuple(self._criterion(c, statuses, tree) for c in s.policy.criteria)

    def _criterion(self, c: Criterion, statuses: dict[str, Status], tree: dict[str, GroupStatus]) -> CriterionResult:
        s = self.situation
        status = statuses[c.iri].value if c.is_leaf else tree[c.iri].value
        kind = c.kind if c.is_leaf else s.policy.group_kind(c, s.readings)
        parent = s.policy.by_iri[c.parent].id if c.parent else None
        reading = {
            s.policy.ambiguity_by_iri[a].notation: s.policy.reading_by_iri[s.readings[a]].notation
            for a in s.policy.ambiguities_of(c)
        }
        evidence = self._evidence(c) if c.is_leaf else ()
        needed = None if c.is_leaf else s.policy.needed(c, s.readings)
        message = c.messages[status] if needed is None else self._group_message(c, needed, tree)
        return CriterionResult(c.id, c.iri, c.label, parent, kind, status, reading, message, evidence, c.source, needed)

    def _group_message(self, group: Criterion, needed: int, tree: dict[str, GroupStatus]) -> str:
        members = [self.situation.policy.by_iri[m] for m in group.members]
        some = "One is enough" if needed == 1 else f"{needed} of {len(members)} are needed"
        need = "All are needed" if needed == len(members) else some
        parts = []
        for status in (GroupStatus.MET, GroupStatus.UNMET, GroupStatus.OPEN):
            named = [m.label for m in members if tree[m.iri] is status]
            if named:
                parts.append(f"{status.value}: {', '.join(named)}")
        return f"{need}; " + "; ".join(parts) + "."

    def _evidence(self, leaf: Criterion) -> tuple[EvidenceRef, ...]:
        outcome = self.situation.weigher.leaf(leaf, self.situation.readings)
        seen: set[str] = set()
        out = []
        for polarity in Polarity:
            for node in sorted(outcome.nodes(polarity) - seen):
                seen.add(node)
                rule = outcome.evidence[polarity][node]
                out.append(self.reference(node, ROLES[polarity], told_rule(rule, polarity)))
        return tuple(out)

    def reference(self, node: str, role: str, rule: str) -> EvidenceRef:
        """An evidence node as a reader sees it."""
        return EvidenceRef(node, self.say.summary(node), self.say.date(node), self._document(node), role, rule)

    def _document(self, node: str) -> str | None:
        types = self.situation.weigher.triples.nodes(NamedNode(node), RDF_TYPE)
        own = self.say.document(node)
        return own or ("the request" if CLIN.Condition in types or COV.Line in types else None)

    # -- evidence that decided nothing

    def unused(self) -> tuple[UnusedEvidence, ...]:
        """Every evidence node that no leaf used, with what it lacks by the rule it comes closest to."""
        s = self.situation
        used = {n for leaf in s.policy.leaves for p in Polarity for n in s.weigher.leaf(leaf, s.readings).nodes(p)}
        out = []
        for cls in evidence_classes(self.say.knowledge.ontology):
            for node in sorted(s.weigher.of_class(cls.value) - used):
                reason = self._why_unused(node, cls.value)
                out.append(
                    UnusedEvidence(node, self.say.summary(node), self.say.date(node), self.say.document(node), reason)
                )
        return tuple(out)

    def _why_unused(self, node: str, cls: str) -> str:
        s = self.situation
        best: tuple[int, list[str | Link]] | None = None
        for leaf in s.policy.leaves:
            for rule in leaf.rules:
                if rule.evidence_class == cls and rule.polarity in (Polarity.FOR, Polarity.AGAINST):
                    lacks = s.weigher.missing(node, rule, s.readings)
                    if NOTHING in lacks:
                        continue
                    weight = len(lacks) + (0 if rule.polarity is Polarity.FOR else 1)
                    if best is None or weight < best[0]:
                        best = (weight, lacks)
        if best is None or not best[1]:
            return "No criterion of this policy asks for it."
        return self._lack(best[1][0])

    def _lack(self, use: str | Link) -> str:
        return (
            use.message
            if isinstance(use, Link)
            else self.facet_messages.get(use, "It lacks what a criterion asks for.")
        )

    # -- what is open

    def open_items(self) -> tuple[OpenItem, ...]:
        """What to ask, for a pend: only what the outcome still depends on."""
        if self.decision.recommendation is not Recommendation.PEND:
            return ()
        s = self.situation
        if self.decision.basis is Basis.INCONSISTENT:
            constraint = next(c for c in s.policy.constraints if c.iri == self.decision.constraint)
            ids = [c.id for c in s.policy.criteria if c.iri in constraint.not_together and c.kind is Kind.EXCLUSION]
            return (OpenItem(ids[0] if ids else s.policy.criteria[0].id, OpenKind.CONFLICT, constraint.message),)
        if self.decision.basis in (Basis.MANDATE, Basis.PLAN_TERM):
            ask = "Review the request by the criteria that this term sets: "
            names = [t.title for t in self.terms if t.effect == "replaces_criteria" and t.reach is not Reach.NOT]
            return (OpenItem("authority", OpenKind.JUDGEMENT, ask + "; ".join(names) + "."),)
        statuses = s.weigher.statuses(s.readings)
        items = [
            OpenItem(c.id, OPEN_KINDS[statuses[c.iri]], c.asks[statuses[c.iri].value]) for c in open_that_matter(s)
        ]
        unsure = [t for t in self.terms if t.reach is Reach.POSSIBLE]
        items += [OpenItem("authority", OpenKind.DOCUMENT, f"{t.sentence()} State what is missing.") for t in unsure]
        return tuple(items)

    def next_step(self, items: Iterable[OpenItem]) -> Next:
        """What should happen next."""
        return next_after(self.decision, {item.kind for item in items})


def next_after(decision: Decision, kinds: set[OpenKind]) -> Next:
    """What should happen after a decision, by the kinds of answers that are waited for."""
    if decision.recommendation is not Recommendation.PEND:
        return {
            Recommendation.APPROVE: Next.NONE,
            Recommendation.DENY: Next.CLINICIAN_REVIEW,
            Recommendation.NOT_APPLICABLE: Next.ROUTE,
        }[decision.recommendation]
    if decision.basis is not Basis.OPEN:
        return Next.CLINICIAN_REVIEW
    if kinds == {OpenKind.DOCUMENT}:
        return Next.REQUEST_INFORMATION
    return Next.CLINICIAN_REVIEW if kinds == {OpenKind.JUDGEMENT} else Next.BOTH


@once_for_each
def facet_messages(shapes: tuple[Spo, ...]) -> dict[str, str]:
    """The message of every named shape, by its IRI."""
    out: dict[str, str] = {}
    for subject, predicate, obj in shapes:
        if predicate == SH.message and isinstance(subject, NamedNode):
            out[subject.value] = str(getattr(obj, "value", obj))
    return out


def refuse_bare_denial(
    decision: Decision, reason: str, evidence: Iterable[EvidenceRef], terms: Iterable[BindingTerm]
) -> None:
    """A denial that names no evidence, plan term or place is a failed run, not an output.

    Raises:
        ProgramError: the denial cannot be explained.
    """
    if decision.recommendation is Recommendation.DENY:
        grounded = any(e.summary in reason for e in evidence) or any(t.title in reason for t in terms)
        if not grounded or (
            "section" not in reason and "page" not in reason and "Plan term" not in reason and "Mandate" not in reason
        ):
            raise ProgramError("A denial whose reason names no evidence and no place in the policy is not given out.")


def told_rule(rule: str, polarity: Polarity) -> str:
    """The rule as the graph has it: every leaf's own copy of the settling rules stands for two that it declares."""
    if f"-settled-{polarity.value}" not in rule:
        return rule
    return (COV.JudgementFulfils if polarity is Polarity.FOR else COV.JudgementRefutes).value
