"""What hangs on a reviewed line beside its criteria, as RDF: what is open, what would change the outcome."""

from __future__ import annotations

from collections.abc import Iterator

from pyoxigraph import Literal, NamedNode, Triple

from reasoner.knowledge import Knowledge
from reasoner.model import CriterionResult, LineReview
from reasoner.policy import Policy
from reasoner.render.words import clean
from reasoner.shapes import outcome_shapes
from reasoner.vocabulary import COV, RDF


def text(value: str) -> Literal:
    """A plain literal without control characters."""
    return Literal(clean(value))


def triples(parent: NamedNode, line: LineReview, knowledge: Knowledge) -> Iterator[Triple]:
    """Open items, sets that would approve, hinges, decisive and unused evidence, related policies."""
    criteria = {c.id: NamedNode(c.iri) for c in line.criteria}
    yield from _open_items(parent, line, criteria)
    yield from _change_sets(parent, line, criteria)
    yield from _hinges(parent, line, knowledge)
    yield from _evidence(parent, line)
    yield from _referrals(parent, line, knowledge)


def _part(parent: NamedNode, link: NamedNode, cls: NamedNode, name: str) -> tuple[NamedNode, Iterator[Triple]]:
    node = NamedNode(f"{parent.value}:{name}")
    return node, iter((Triple(parent, link, node), Triple(node, RDF.type, cls)))


def _open_items(parent: NamedNode, line: LineReview, criteria: dict[str, NamedNode]) -> Iterator[Triple]:
    for i, item in enumerate(line.open_items, 1):
        node, made = _part(parent, COV.openItem, COV.OpenItem, f"open{i}")
        yield from made
        if item.criterion in criteria:  # what a mandate or plan leaves open hangs on no criterion
            yield Triple(node, COV.onCriterion, criteria[item.criterion])
        yield Triple(node, COV.openKind, COV[f"Open-{item.kind.value}"])
        yield Triple(node, COV.question, text(item.ask))


def _change_sets(parent: NamedNode, line: LineReview, criteria: dict[str, NamedNode]) -> Iterator[Triple]:
    yield Triple(parent, COV.changeSetsCapped, Literal(line.to_approve_capped))
    for i, changes in enumerate(line.to_approve, 1):
        node, made = _part(parent, COV.wouldApprove, COV.ChangeSet, f"changes{i}")
        yield from made
        for j, change in enumerate(changes, 1):
            one, made = _part(node, COV.change, COV.Change, str(j))
            yield from made
            yield Triple(one, COV.onCriterion, criteria[change.criterion])
            yield Triple(one, COV.verb, COV[f"Verb-{change.verb.value}"])


def _hinges(parent: NamedNode, line: LineReview, knowledge: Knowledge) -> Iterator[Triple]:
    policy = policy_of(line, knowledge)
    if policy is None:
        return
    names = {(a.notation, r.notation): r.iri for a in policy.ambiguities for r in a.readings}
    for i, hinge in enumerate(line.hinges_on, 1):
        node, made = _part(parent, COV.hinge, COV.Hinge, f"hinge{i}")
        yield from made
        yield Triple(node, COV.recommendation, COV[f"Recommendation-{hinge.recommendation.value}"])
        for change in hinge.changes:
            yield Triple(node, COV.underReading, NamedNode(names[change.ambiguity, change.reading]))


def _evidence(parent: NamedNode, line: LineReview) -> Iterator[Triple]:
    for i, one in enumerate(line.decisive_evidence, 1):
        node, made = _part(parent, COV.decisiveEvidence, COV.DecisiveEvidence, f"decisive{i}")
        yield from made
        yield Triple(node, COV.usedEvidence, NamedNode(one.iri))
        yield Triple(node, COV.recommendation, COV[f"Recommendation-{one.recommendation.value}"])
    for i, left in enumerate(line.unused_evidence, 1):
        node, made = _part(parent, COV.unusedEvidence, COV.UnusedEvidence, f"unused{i}")
        yield from made
        yield Triple(node, COV.usedEvidence, NamedNode(left.iri))
        yield Triple(node, COV.reason, text(left.reason))


def _referrals(parent: NamedNode, line: LineReview, knowledge: Knowledge) -> Iterator[Triple]:
    for i, related in enumerate(line.related, 1):
        node, made = _part(parent, COV.referral, COV.Referral, f"referral{i}")
        yield from made
        yield Triple(node, COV.number, text(related.policy))
        yield Triple(node, COV.reason, text(related.why))
        for policy in knowledge.ontology.subjects(COV.number, Literal(related.policy)):
            yield Triple(node, COV.refersTo, policy)


def policy_of(line: LineReview, knowledge: Knowledge) -> Policy | None:
    """The edition under which a line was reviewed."""
    ref = (line.policy.iri, line.policy.edition) if line.policy is not None else None
    return next((p for p in knowledge.policies if (p.iri, p.edition.isoformat()) == ref), None)


def shape_outcomes(policy: Policy, line: LineReview) -> Iterator[tuple[CriterionResult, str, str]]:
    """The required criteria that are not met, each with the severity and the shape that reports it."""
    shapes = outcome_shapes(policy)
    for criterion in line.criteria:
        if criterion.iri not in shapes:
            continue
        denies, waits = shapes[criterion.iri]
        bad = "met" if criterion.iri in policy.exclusions else "unmet"
        if criterion.status == bad:
            yield criterion, "Violation", denies
        elif criterion.status not in ("met", "unmet"):
            yield criterion, "Warning", waits
