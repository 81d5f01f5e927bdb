"""The logic program against the three-valued oracle, and its rules on authority and consistency."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reasoner.counterfactual import minimal_sets
from reasoner.determine import (
    Authority,
    Program,
    as_group_status,
    kleene,
    kleene_recommendation,
    program,
    tree_statuses,
)
from reasoner.errors import ProgramError
from reasoner.model import Basis, Change, ChangeTree, GroupStatus, Kind, Recommendation, Status, Verb

MET, UNMET, OPEN = Status.MET, Status.UNMET, Status.UNDOCUMENTED
VALUES = {MET: 1, OPEN: 0, UNMET: -1}


def vector(policy, **by_id):
    """All leaves met and the exclusion unmet, but for those named (``-`` written as ``_``)."""
    ids = {leaf.id for leaf in policy.leaves}
    named = {k.replace("_", "-"): v for k, v in by_id.items()}
    assert set(named) <= ids
    return tuple(named.get(leaf.id, UNMET if leaf.kind is Kind.EXCLUSION else MET) for leaf in policy.leaves)


def by_leaf(policy, statuses):
    return {leaf.iri: s for leaf, s in zip(policy.leaves, statuses, strict=True)}


@given(statuses=st.lists(st.sampled_from([MET, UNMET, OPEN]), min_size=10, max_size=10))
@settings(max_examples=5_000, deadline=None)
def test_without_constraints_the_program_is_the_oracle_for_every_policy(each_policy, statuses):
    plain = replace(each_policy, constraints=())
    found = dict(zip((leaf.iri for leaf in plain.leaves), statuses, strict=False))
    readings = plain.default_readings
    decision = unconstrained(plain.edition_iri, plain).decide(tuple(found.values()), readings)
    assert decision.recommendation is kleene_recommendation(plain, found, readings)


PROGRAMS: dict[str, Program] = {}


def unconstrained(name, policy):
    """The program of a policy without its constraints, grounded once."""
    return PROGRAMS.setdefault(name, PROGRAMS.get(name) or Program(policy))


@given(
    st.lists(st.sampled_from([MET, UNMET, OPEN]), min_size=9, max_size=9),
    st.sampled_from(["each-listed", "two-or-more", "any-one"]),
    st.sampled_from(["all", "any"]),
)
@settings(max_examples=10_000, deadline=None)
def test_program_agrees_with_the_oracle_on_random_vectors(policy, statuses, treatments, bullets):
    readings = policy.readings({"A10": treatments, "A9": bullets})
    both = {leaf.iri: s for leaf, s in zip(policy.leaves, statuses, strict=True)}
    first, second = policy.constraints[0].not_together
    decision = program(policy).decide(tuple(statuses), readings)
    if both[first] is MET and both[second] is MET:
        assert decision.basis is Basis.INCONSISTENT
    elif both[first] is UNMET or both[second] is UNMET:
        assert decision.recommendation is kleene_recommendation(policy, both, readings)
    else:
        oracle = kleene_recommendation(policy, both, readings)
        assert oracle is decision.recommendation or oracle is Recommendation.PEND


def test_oracle_equals_an_independently_written_formula_on_all_combinations(policy):
    """3^n in numpy: minimum for all-of, maximum for any-of, written out by hand for this policy."""
    n = len(policy.leaves)
    grid = np.array(np.meshgrid(*[[-1, 0, 1]] * n, indexing="ij"), dtype=np.int8).reshape(n, -1)
    column = {leaf.id: grid[i] for i, leaf in enumerate(policy.leaves)}
    treatments = np.minimum.reduce([column["physical-therapy"], column["oral-medication"], column["injection"]])
    conservative = np.maximum(column["trauma-waiver"], treatments)
    support = np.minimum(column["imaging-support"], column["clinical-support"])
    necessary = np.minimum.reduce([column["compression"], column["symptoms"], conservative, support])
    expected = np.minimum(necessary, -column["other-indication"])
    names = {1: Recommendation.APPROVE, 0: Recommendation.PEND, -1: Recommendation.DENY}
    status = {v: k for k, v in VALUES.items()}
    readings = policy.default_readings
    for i in range(grid.shape[1]):
        leaves = {leaf.iri: status[int(grid[j, i])] for j, leaf in enumerate(policy.leaves)}
        assert kleene_recommendation(policy, leaves, readings) is names[int(expected[i])]


@pytest.mark.parametrize(("size", "number"), [(n, k) for n in (1, 2, 3, 4) for k in range(1, n + 1)])
def test_each_gate_agrees_with_completion(size, number):
    """Exhaustively: a gate is met when every completion of its open members is, unmet when none is."""
    for members in product(GroupStatus, repeat=size):
        options = [[m is GroupStatus.MET] if m is not GroupStatus.OPEN else [True, False] for m in members]
        outcomes = {sum(completion) >= number for completion in product(*options)}
        expected = (
            GroupStatus.OPEN if len(outcomes) == 2 else (GroupStatus.MET if outcomes == {True} else GroupStatus.UNMET)
        )
        assert kleene(number, members) is expected


def test_one_unmet_required_criterion_denies_whatever_else_is_open(policy):
    opened = {leaf.id.replace("-", "_"): OPEN for leaf in policy.leaves}
    for leaf in ("compression", "symptoms", "imaging_support", "clinical_support"):
        decision = program(policy).decide(vector(policy, **{**opened, leaf: UNMET}), policy.default_readings)
        assert (decision.recommendation, decision.basis) == (Recommendation.DENY, Basis.CRITERION_UNMET)


def test_an_unmet_treatment_denies_only_where_no_waiver_can_come(policy):
    decide = program(policy).decide
    assert (
        decide(vector(policy, injection=UNMET, trauma_waiver=OPEN), policy.default_readings).recommendation
        is Recommendation.PEND
    )
    assert (
        decide(vector(policy, injection=UNMET, trauma_waiver=UNMET), policy.default_readings).recommendation
        is Recommendation.DENY
    )
    assert (
        decide(vector(policy, injection=UNMET, trauma_waiver=MET), policy.default_readings).recommendation
        is Recommendation.APPROVE
    )


def test_facts_that_exclude_each_other_pend_and_name_the_constraint(policy):
    decision = program(policy).decide(vector(policy, other_indication=MET), policy.default_readings)
    assert (decision.recommendation, decision.basis) == (Recommendation.PEND, Basis.INCONSISTENT)
    assert decision.constraint == policy.constraints[0].iri


BINDING = [
    ({("plan", "excludes")}, MET, Recommendation.DENY, Basis.PLAN_EXCLUSION),
    ({("plan", "excludes"), ("mandate", "lifts_exclusion")}, MET, Recommendation.APPROVE, Basis.CRITERIA_MET),
    ({("plan", "excludes"), ("mandate", "lifts_exclusion")}, OPEN, Recommendation.PEND, Basis.OPEN),
    ({("mandate", "covers")}, UNMET, Recommendation.APPROVE, Basis.MANDATE),
    ({("mandate", "covers"), ("plan", "excludes")}, UNMET, Recommendation.APPROVE, Basis.MANDATE),
    ({("mandate", "excludes"), ("plan", "covers")}, MET, Recommendation.DENY, Basis.MANDATE),
    ({("plan", "covers")}, UNMET, Recommendation.APPROVE, Basis.PLAN_TERM),
    ({("mandate", "replaces_criteria")}, MET, Recommendation.PEND, Basis.MANDATE),
    ({("plan", "replaces_criteria")}, MET, Recommendation.PEND, Basis.PLAN_TERM),
    ({("plan", "replaces_criteria"), ("mandate", "covers")}, MET, Recommendation.APPROVE, Basis.MANDATE),
]


@pytest.mark.parametrize(("terms", "symptoms", "recommendation", "basis"), BINDING)
def test_mandate_stands_above_plan_and_plan_above_policy(policy, terms, symptoms, recommendation, basis):
    decision = program(policy).decide(
        vector(policy, symptoms=symptoms), policy.default_readings, Authority(binding=frozenset(terms))
    )
    assert (decision.recommendation, decision.basis) == (recommendation, basis)


def test_a_term_that_may_bind_pends_only_where_it_matters(policy):
    perhaps = Authority(possible=frozenset({("mandate", "covers")}))
    decide = program(policy).decide
    assert (
        decide(vector(policy, symptoms=UNMET), policy.default_readings, perhaps).recommendation is Recommendation.PEND
    )
    assert decide(vector(policy), policy.default_readings, perhaps).recommendation is Recommendation.APPROVE


def test_an_atom_that_the_program_does_not_know_is_an_error(policy):
    with pytest.raises(ProgramError, match="does not know"):
        Program(policy)._literal("true", "urn:no-such-leaf")


def test_minimal_sets_are_capped_and_smallest_first():
    three = ChangeTree("any", parts=tuple(ChangeTree("change", Change(c, Verb.DOCUMENT)) for c in "abc"))
    tree = ChangeTree(
        "all",
        parts=tuple(
            ChangeTree(
                "any",
                parts=tuple(
                    ChangeTree("change", Change(f"{i}{p.change.criterion}", Verb.DOCUMENT)) for p in three.parts
                ),
            )
            for i in range(10)
        ),
    )
    sets = minimal_sets(tree, cap=20)
    assert len(sets) == 20
    assert [len(s) for s in sets] == sorted(len(s) for s in sets)
    assert all(len(s) == 10 for s in sets)


def test_tree_statuses_cover_every_node(policy):
    leaves = by_leaf(policy, vector(policy))
    tree = tree_statuses(policy, leaves, policy.default_readings)
    assert set(tree) == {c.iri for c in policy.criteria}
    assert all(tree[leaf.iri] is as_group_status(leaves[leaf.iri]) for leaf in policy.leaves)


def with_at_least(policy, number):
    """The policy with a group of which so many members are needed."""
    changed = tuple(
        replace(c, kind=Kind.AT_LEAST, threshold=number) if c.id == "treatments" else c for c in policy.criteria
    )
    return replace(policy, criteria=changed)


@pytest.mark.parametrize("number", [1, 2, 3])
def test_an_at_least_group_agrees_with_the_oracle_on_all_combinations_of_its_members(policy, number):
    counted = with_at_least(policy, number)
    decide = Program(counted).decide
    readings = counted.default_readings
    for a, b, c in product((MET, UNMET, OPEN), repeat=3):
        statuses = vector(counted, trauma_waiver=UNMET, physical_therapy=a, oral_medication=b, injection=c)
        expected = kleene_recommendation(counted, by_leaf(counted, statuses), readings)
        assert decide(statuses, readings).recommendation is expected
        met, waiting = [a, b, c].count(MET), [a, b, c].count(OPEN)
        hoped = Recommendation.PEND if met + waiting >= number else Recommendation.DENY
        assert expected is (Recommendation.APPROVE if met >= number else hoped)


def test_at_least_is_offered_as_minimal_sets_of_so_many():
    three = tuple(ChangeTree("change", Change(c, Verb.DOCUMENT)) for c in "abc")
    sets = minimal_sets(ChangeTree("at-least", parts=three, needed=2))
    assert {frozenset(c.criterion for c in s) for s in sets} == {frozenset(p) for p in ("ab", "ac", "bc")}
