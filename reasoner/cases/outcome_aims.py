"""The aims for what comes of a whole line: recommendation, basis, next step, questions, terms, program branches."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from reasoner.cases.aim import Aim, OnFile, Rules, Ways, fixed, status_is, too_early
from reasoner.cases.branches import BranchProgram
from reasoner.cases.items import EFFECTS, Item, branch_item
from reasoner.cases.solve import STATUSES, Search, Wanted
from reasoner.determine import Authority, Vector
from reasoner.model import Kind, Status
from reasoner.policy import Criterion, Policy


def constraint_ways(policy: Policy, item: Item, _: dict[str, Status]) -> Ways:
    """The way to show a constraint: both criteria that it keeps apart are met."""
    constraint = next(c for c in policy.constraints if c.iri == item.key[0])
    if constraint.holds(policy.default_readings):
        names = constraint.not_together
        yield Aim(Wanted(lambda s: [f":- not st(0,{s.id(leaf)},met)." for leaf in names]))


def outcome_ways(policy: Policy, item: Item, usually: dict[str, Status]) -> Ways:
    """The ways to show a recommendation, basis, next step, question or change."""
    what, value = item.key
    rule = _OUTCOMES.get(value)
    if value in ("not-applicable", "out-of-scope", "route"):
        yield too_early(policy, policy.default_readings)
    elif value == "inconsistent":
        for constraint in policy.constraints:
            yield from constraint_ways(policy, Item("constraint", (constraint.iri,)), usually)
    elif value in _TERMS:
        yield from (Aim(Wanted(fixed()), terms=(term,)) for term in _TERMS[value])
    elif value == Status.UNMET or what == "change" and value == "new-event":
        later = [leaf for leaf in policy.leaves if leaf.later_event]
        yield from (Aim(Wanted(status_is(policy, leaf.id, "unmet"), free=frozenset((leaf.id,)))) for leaf in later)
    elif rule is not None:
        yield Aim(Wanted(fixed(*rule)))


_PEND = ":- not comes(0,pend)."
_OUTCOMES = {
    "approve": (":- not comes(0,approve).",),
    "criteria-met": (":- not comes(0,approve).",),
    "none": (":- not comes(0,approve).",),
    "deny": (":- not comes(0,deny).",),
    "clinician-review": (":- not comes(0,deny).",),
    "criterion-unmet": (":- root(R), not unmet(0,R).", ":- excluded(0)."),
    "excluded-indication": (":- not excluded(0).", ":- inconsistent(0)."),
    "pend": (_PEND,),
    "open": (_PEND,),
    "request-information": (_PEND, ":- st(0,L,conflicting).", ":- st(0,L,to_judge)."),
    "document": (_PEND, "shown :- st(0,L,undocumented).", ":- not shown."),
    "both": (_PEND, "shown :- st(0,L,conflicting).", ":- not shown."),
    "conflict": (_PEND, "shown :- st(0,L,conflicting).", ":- not shown."),
    "resolve": (_PEND, "shown :- st(0,L,conflicting).", ":- not shown."),
    "judgement": (_PEND, "shown :- st(0,L,to_judge).", ":- not shown."),
    "judge": (_PEND, "shown :- st(0,L,to_judge).", ":- not shown."),
}
_TERMS: dict[str, tuple[OnFile, ...]] = {
    "mandate": (("mandate", "covers"), ("mandate", "excludes")),
    "plan-exclusion": (("plan", "excludes"),),
    "plan-term": (("plan", "covers"), ("plan", "replaces_criteria")),
}


# ---- Branches of the program -----------------------------------------------------------------------


def branch_ways(policy: Policy, item: Item, usually: dict[str, Status]) -> Ways:
    """Statuses and terms under which the program reaches a branch, found by asking it."""
    program = BranchProgram(policy)
    if item in map(branch_item, program.outside()):
        yield too_early(policy, policy.default_readings)
        return
    for terms in _term_sets():
        for vector in _vectors(policy, usually):
            reached = program.reached(vector, policy.default_readings, Authority(frozenset(terms)))
            if item in map(branch_item, reached):
                yield Aim(Wanted(_vector_is(policy, vector, usually)), terms=terms)


def _term_sets() -> Iterator[tuple[OnFile, ...]]:
    """No term, each term, and a term of the mandate beside one of the plan."""
    yield ()
    yield from (((who, effect),) for who in ("mandate", "plan") for effect in EFFECTS)
    yield from ((("mandate", one), ("plan", other)) for one, other in product(EFFECTS, EFFECTS))


def _vectors(policy: Policy, usually: dict[str, Status]) -> Iterator[Vector]:
    """The usual statuses, and those with one, then two leaves otherwise."""
    leaves = policy.leaves
    usual = tuple(usually.get(leaf.iri, _favourable(leaf)) for leaf in leaves)
    yield usual
    single = [
        (place, status) for place in range(len(leaves)) for status in (Status.MET, Status.UNMET, Status.UNDOCUMENTED)
    ]
    for place, status in single:
        yield (*usual[:place], status, *usual[place + 1 :])
    for (place, status), (other, second) in product(single, single):
        if place < other:
            one = (*usual[:place], status, *usual[place + 1 :])
            yield (*one[:other], second, *one[other + 1 :])


def _favourable(leaf: Criterion) -> Status:
    return Status.UNMET if leaf.kind is Kind.EXCLUSION else Status.MET


def _vector_is(policy: Policy, vector: Vector, usually: dict[str, Status]) -> Rules:
    def rules(search: Search) -> list[str]:
        out = []
        for leaf, status in zip(policy.leaves, vector, strict=True):
            if usually.get(leaf.iri) is not status:
                name = search.id(leaf.iri)
                open_ = [f":- met(0,{name}).", f":- unmet(0,{name})."]
                out += open_ if status.is_open else [f":- not st(0,{name},{STATUSES[status]})."]
        return out

    return rules
