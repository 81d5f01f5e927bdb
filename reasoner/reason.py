"""The reason of a recommendation, in two sentences for a reviewer and in plain words for a member."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from reasoner.authority import BindingTerm, Reach
from reasoner.describe import Describer
from reasoner.determine import Decision
from reasoner.explain import Explainer
from reasoner.model import Basis, CriterionResult, EvidenceRef, Kind, OpenItem, Recommendation, Status
from reasoner.policy import Criterion, Policy
from reasoner.vocabulary import CLIN, COV

HEADLINES = {
    Recommendation.APPROVE: "APPROVE recommended",
    Recommendation.DENY: "DENY recommended: not a determination, needs a clinician",
    Recommendation.PEND: "PEND recommended: not a determination",
    Recommendation.NOT_APPLICABLE: "NOT APPLICABLE: this policy does not govern the line",
}
CHOICES = (Kind.ANY, Kind.AT_LEAST)
TERM_BASES = (Basis.MANDATE, Basis.PLAN_EXCLUSION, Basis.PLAN_TERM)


@dataclass(frozen=True)
class ReasonWriter:
    """Writes the reasons of one decided line."""

    explainer: Explainer
    criteria: tuple[CriterionResult, ...]
    items: tuple[OpenItem, ...]

    @property
    def decision(self) -> Decision:
        """What was decided."""
        return self.explainer.decision

    @property
    def policy(self) -> Policy:
        """Under which policy."""
        return self.explainer.situation.policy

    def reason(self) -> str:
        """Two sentences: what is asked and the deciding facts; the criterion and its place."""
        facts = self._facts(self.explainer.say, documents=True)
        first = self._asked(self.explainer.say)
        if facts:
            first += f"; the record has {facts}"
        elif not self._indication_decides() and self.decision.basis not in TERM_BASES:
            first += "; the record has no evidence that decides"
        return f"{first}. {self._rule_sentence()}"

    def plain(self) -> str:
        """The same without codes and abbreviations."""
        say = self.explainer.plain
        side = self._side(say)
        where = f" on the {side} side" if side and side != "both sides" else (" on both sides" if side else "")
        start = f"The request asks for {self.policy.procedure_plain}{where}."
        facts = self._facts(say, documents=False)
        if self._indication_decides():
            start += f" It is requested for {self._condition(say)}."
        known = f" The record shows: {facts}." if facts else ""
        caution = f" {self.policy.caution}" if self.policy.caution else ""
        return f"{start}{known} {self._plain_rule()}{caution}"

    # -- parts

    def _side(self, say: Describer) -> str | None:
        side = say.triples.node(self.explainer.line, CLIN.side)
        return say.word(side) if side is not None else None

    def _asked(self, say: Describer) -> str:
        where = self._where(say)
        source = ""
        if self._indication_decides():
            date = say.date(self.explainer.line.value)
            source = f" ({date}; the request)" if date else " (the request)"
        return f"{self.policy.title} ({self.explainer.code}){where} is requested for {self._condition(say)}{source}"

    def _where(self, say: Describer) -> str:
        """Side and level of the line; that a side is missing is said where evidence is held against it."""
        side, levels = self._side(say), say.triples.nodes(self.explainer.line, CLIN.level)
        parts = [side] if side else ["side not stated"] if self.policy.weighs_sides else []
        parts += [" and ".join(sorted(say.word(level) for level in levels))] if levels else []
        return f", {', '.join(parts)}," if parts else ""

    def _condition(self, say: Describer) -> str:
        condition = say.triples.node(self.explainer.line, COV.indication)
        return say.summary(condition.value) if condition is not None else "a condition that is not named"

    def _indication_decides(self) -> bool:
        condition = self.explainer.say.triples.node(self.explainer.line, COV.indication)
        return condition is not None and any(e.iri == condition.value for _, e in self.deciding())

    def deciding(self) -> list[tuple[CriterionResult, EvidenceRef]]:
        """The evidence that the reason names, with the criterion that it decides."""
        if self.decision.basis in TERM_BASES:
            return []
        wanted = self._deciding_criteria()
        out: list[tuple[CriterionResult, EvidenceRef]] = []
        seen: set[str] = set()
        for criterion in wanted:
            for evidence in criterion.evidence:
                if evidence.iri not in seen and self._decides(criterion, evidence):
                    seen.add(evidence.iri)
                    out.append((criterion, evidence))
                    break
        return out

    def _decides(self, criterion: CriterionResult, evidence: EvidenceRef) -> bool:
        role = {Status.MET.value: "for", Status.UNMET.value: "against"}.get(criterion.status)
        return role is None or evidence.role == role

    def _deciding_criteria(self) -> list[CriterionResult]:
        leaves = [c for c in self.criteria if c.kind in (Kind.LEAF, Kind.EXCLUSION)]
        exclusions = [c for c in leaves if c.kind is Kind.EXCLUSION]
        if self.decision.basis is Basis.EXCLUDED_INDICATION:
            return [c for c in exclusions if c.status == Status.MET]
        if self.decision.basis is Basis.CRITERION_UNMET:
            return [self._unmet_leaf()]
        if self.decision.basis is Basis.INCONSISTENT:
            return [c for c in leaves if c.iri in self._constraint()]
        if self.decision.recommendation is Recommendation.APPROVE:
            return [c for c in leaves if c.status == Status.MET]
        asked = {item.criterion for item in self.items}
        weighed = [c for c in leaves if c.id in asked and c.evidence]
        return weighed or [c for c in leaves if c.status == Status.MET][:2]

    def _constraint(self) -> tuple[str, ...]:
        found = (c.not_together for c in self.policy.constraints if c.iri == self.decision.constraint)
        return next(found, ())

    def _unmet_leaf(self) -> CriterionResult:
        """The first unmet leaf below the first required node that is unmet."""
        by_id = {c.id: c for c in self.criteria}
        for node in self.policy.required(self.explainer.situation.readings):
            if by_id[node.id].status == "unmet":
                inner = node
                while not inner.is_leaf:
                    inner = next(
                        self.policy.by_iri[m]
                        for m in inner.members
                        if by_id[self.policy.by_iri[m].id].status == "unmet"
                    )
                return by_id[inner.id]
        return self.criteria[0]

    def _facts(self, say: Describer, *, documents: bool) -> str:
        parts = []
        condition = say.triples.node(self.explainer.line, COV.indication)
        named = [e for _, e in self.deciding() if condition is None or e.iri != condition.value]
        for evidence in named[:7]:
            source = ""
            if documents:
                source = "; ".join(x for x in (evidence.date, evidence.document) if x)
            elif evidence.date:
                source = evidence.date
            parts.append(say.summary(evidence.iri) + (f" ({source})" if source else ""))
        return "; ".join(parts)

    def _place(self, section: str, page: int) -> str:
        p = self.policy
        return f"policy {p.number} “{p.title}”, edition {p.edition}, section {section}, page {page}"

    def _terms(self) -> list[BindingTerm]:
        who = "plan" if self.decision.basis in (Basis.PLAN_EXCLUSION, Basis.PLAN_TERM) else "mandate"
        return [t for t in self.explainer.terms if t.authority == who and t.reach is not Reach.NOT]

    def _rule_sentence(self) -> str:
        root = self.policy.by_iri[self.policy.root]
        if self.decision.basis in TERM_BASES:
            own = self._place(root.source.section, root.source.page)
            return " ".join(t.sentence() for t in self._terms()) + f" It stands above {own}."
        if self.decision.basis is Basis.INCONSISTENT:
            constraint = next(c for c in self.policy.constraints if c.iri == self.decision.constraint)
            return f"{constraint.message} ({self._place(root.source.section, root.source.page)})"
        if self.decision.recommendation is Recommendation.APPROVE:
            return f"Every criterion of {self._place(root.source.section, root.source.page)}, is met."
        if self.decision.recommendation is Recommendation.DENY:
            one = self._deciding_criteria()[0]
            place = self._place(one.source.section, one.source.page)
            return f"{one.message.rstrip('.')} (criterion “{one.label}”, {place})."
        return self._open_sentence()

    def _open_sentence(self) -> str:
        labels = {c.id: c for c in self.criteria}
        asked = [labels[i.criterion] for i in self.items if i.criterion in labels]
        direct = [c for c in asked if c.parent is None or labels[c.parent].kind not in CHOICES]
        weighed = [c for c in asked if c.evidence]
        first = next(iter(direct or weighed or asked), None)
        if first is None:
            asks = " ".join(i.ask for i in self.items)
            root = self.policy.by_iri[self.policy.root]
            return f"{asks} ({self._place(root.source.section, root.source.page)})"
        others = [c.label for c in asked if c.id != first.id]
        more = f"; also open: {', '.join(others)}" if others else ""
        place = self._place(first.source.section, first.source.page)
        return f"{first.message.rstrip('.')} (criterion “{first.label}”, {place}){more}."

    def _choice_above(self, criterion: Criterion) -> Criterion:
        """The widest group above a criterion of which some members are enough, or the criterion itself."""
        kinds = {c.iri: c.kind for c in self.criteria}
        widest, parent = criterion, criterion.parent
        while parent is not None:
            if kinds[parent] in CHOICES:
                widest = self.policy.by_iri[parent]
            parent = self.policy.by_iri[parent].parent
        return widest

    def _plain_rule(self) -> str:
        if self.decision.basis in TERM_BASES:
            return (
                "A rule that stands above the coverage policy decides: "
                + _list(f"“{t.title}”" for t in self._terms())
                + "."
            )
        if self.decision.basis is Basis.INCONSISTENT:
            return "The request names one condition and the record another; a clinician has to ask which is meant."
        if self.decision.recommendation is Recommendation.APPROVE:
            return "Everything that the coverage policy asks for is documented."
        by_iri = self.policy.by_iri
        if self.decision.recommendation is Recommendation.DENY:
            one = self._deciding_criteria()[0]
            if one.kind is Kind.EXCLUSION:
                return (
                    "The coverage policy does not cover the operation for this condition. "
                    "A clinician has to review this before anything is decided."
                )
            wish = by_iri[one.iri].plain
            return (
                f"The coverage policy asks for this: “{wish}” The record says otherwise. "
                "A clinician has to review this before anything is decided."
            )
        open_ids = {i.criterion for i in self.items}
        opened = [by_iri[c.iri] for c in self.criteria if c.id in open_ids and c.kind is Kind.LEAF]
        wishes = list(dict.fromkeys(self._choice_above(c).plain for c in opened))
        if not wishes:
            return "A clinician has to look at this request before it can be answered."
        start = "The coverage policy asks for the following, and the record does not settle it yet: "
        return start + " ".join(wishes)


def out_of_scope_reason(policy: Policy, message: str, asked: str, section: str, page: int) -> str:
    """Why a policy does not govern a line, with the place that says so."""
    place = f"policy {policy.number} “{policy.title}”, edition {policy.edition}, section {section}, page {page}"
    return f"{asked}. {message.rstrip('.')} ({place})."


def _list(items: Iterable[str]) -> str:
    return ", ".join(items)
