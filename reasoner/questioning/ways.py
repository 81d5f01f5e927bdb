"""The ways to an approval: minimal sets of changes in the record, by how much has to come into being for each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from reasoner.authority import Reach
from reasoner.counterfactual import Situation, change_tree, minimal_sets, verb_for, verified
from reasoner.determine import Decision, tree_statuses
from reasoner.lines import Situated
from reasoner.model import Basis, GroupStatus, LineReview, Recommendation, Status
from reasoner.questioning.effort import Efforts, WeighedSet
from reasoner.questioning.suppose import Given, supposing
from reasoner.review import could_approve

SETS = 1000
"""How many minimal sets are looked for before they are ranked."""


@dataclass(frozen=True)
class Ways:
    """The sets, the least effort first; whether there are more than were looked for; or why there is none."""

    sets: tuple[WeighedSet, ...] = ()
    capped: bool = False
    why_none: str = ""


def ways_to_approve(found: Situated | LineReview, given: Given) -> Ways:
    """The minimal sets of changes after which a line would be approved, ranked by effort."""
    answer = found if isinstance(found, LineReview) else found.outside
    if answer is not None:
        return Ways(why_none=f"No criterion was applied to the line. {answer.reason}")
    assert isinstance(found, Situated)
    situation = supposing(found.situation, given)
    decision = situation.decide()
    tree = change_tree(situation) if could_approve(decision) else None
    sets = verified(situation, minimal_sets(tree, SETS + 1)) if tree is not None else []
    if not sets:
        return Ways(why_none=" ".join(_why_none(found, situation, decision)))
    efforts = Efforts(situation, found.line.say, found.line.condition, found.messages)
    return Ways(efforts.ranked(sets[:SETS]), len(sets) > SETS)


def _why_none(found: Situated, situation: Situation, decision: Decision) -> Iterator[str]:
    policy = situation.policy
    if decision.recommendation is Recommendation.APPROVE:
        yield "Nothing further is needed: the recommendation is approve."
    elif decision.basis is Basis.INCONSISTENT:
        yield next(c.message for c in policy.constraints if c.iri == decision.constraint)
    elif decision.basis not in (Basis.OPEN, Basis.CRITERION_UNMET, Basis.EXCLUDED_INDICATION):
        terms = " ".join(t.sentence() for t in found.terms)
        yield f"What stands above the policy decides, and not the criteria: {terms}"
    else:
        yield from _in_the_way(situation)
        yield from (t.sentence() for t in found.terms if t.reach is Reach.POSSIBLE)


def _in_the_way(situation: Situation) -> Iterator[str]:
    """The criteria by which no change in the record approves."""
    policy, leaves = situation.policy, situation.weigher.statuses(situation.readings)
    tree = tree_statuses(policy, leaves, situation.readings)
    for leaf in policy.leaves:
        if leaf.iri in policy.exclusions and leaves[leaf.iri] is Status.MET:
            yield f"“{leaf.label}” is met on record, and it excludes: {leaf.messages[Status.MET.value]}"
    unmet = [c for c in policy.required(situation.readings) if tree[c.iri] is GroupStatus.UNMET]
    fixed = [c for c in policy.leaves if leaves[c.iri] is Status.UNMET and verb_for(c, Status.UNMET) is None]
    for leaf in fixed:
        if any(_below(situation, c.iri, leaf.iri) for c in unmet):
            yield f"“{leaf.label}” is unmet on record, and documents do not undo that: {leaf.messages['unmet']}"


def _below(situation: Situation, top: str, leaf: str) -> bool:
    return top == leaf or any(_below(situation, m, leaf) for m in situation.policy.by_iri[top].members)
