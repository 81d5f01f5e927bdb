"""Proofs about a policy: each holds as shipped, and each fails, alone, on a mutant made for it."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from itertools import product

import pytest
from conftest import ROOT
from hypothesis import given, settings
from hypothesis import strategies as st

from reasoner import resources
from reasoner.determine import kleene_recommendation, program, tree_statuses
from reasoner.errors import PolicyError, ProgramError
from reasoner.knowledge import load
from reasoner.model import GroupStatus, Kind, Polarity, Recommendation, Status
from reasoner.policy import Criterion, Facet, Policy, Rule
from reasoner.policy_rules import EVS, generated_namespace
from reasoner.proving.composition import Clock, TimeOver, best, relaxed, solve, stratified, table_facts
from reasoner.proving.proofs import Subject
from reasoner.proving.properties import UnknownProperty, properties, prove
from reasoner.proving.prover import Prover, pattern_status, patterns
from reasoner.proving.verification import Ground, Outcome, Proof
from reasoner.proving.verify import verify
from reasoner.reading import read_triples
from reasoner.shapes_default import default_turtle
from reasoner.triples import Triples
from reasoner.vocabulary import SH

NAMES = [p.id for p in properties()]
P = "https://w3id.org/plexus/policy/0587#"
S = "https://w3id.org/plexus/shapes/policy/0587#"
RULES = resources.program_file().read_text(encoding="utf-8")
ANY_ONE = f'joined("{P}TreatmentsExhausted",1)'


def subject(policy: Policy, **changes) -> Subject:
    return Subject(policy, load(), Clock(120), **changes)


@cache
def shipped() -> dict[str, Proof]:
    policy = next(p for p in load().policies if p.number == "0587")
    return {p.property: p for p in prove(subject(policy))}


@pytest.mark.parametrize("name", NAMES)
def test_each_property_holds_and_applies_to_some_request(name):
    proof = shipped()[name]
    assert proof.outcome is Outcome.HOLDS, proof.says
    assert proof.counterexample is None
    assert proof.example is not None or (proof.checks and all(c.holds for c in proof.checks))
    if proof.example is not None:
        assert proof.example.records
        assert all(r.recommendations for r in proof.example.records)


# ---- Mutants ---------------------------------------------------------------------------------------


def rules_with(*lines: str, instead: str = "") -> str:
    """``determine.lp`` with rules added to its first part, or in place of one of its lines."""
    if instead:
        found = [line for line in RULES.splitlines() if line.startswith(instead)]
        assert len(found) == 1
        return RULES.replace(found[0], "\n".join(lines))
    base, mark, rest = RULES.partition("#program recommend.")
    assert mark
    return base + "\n".join(lines) + "\n" + mark + rest


def whim(policy: Policy) -> Subject:
    """What is decided depends on a choice that no fact settles."""
    added = f"{{ whim }}. covered :- whim, root(R), not holds(R), not excluded, {ANY_ONE}."
    return subject(policy, rules=rules_with(added))


def two_voices(policy: Policy) -> Subject:
    double = 'recommend("deny") :- in_scope, not replaced, not consistent.'
    return subject(policy, rules=RULES.replace("% Exactly one.", f"{double}\n% Exactly one."))


def too_much(policy: Policy) -> Subject:
    """Two treatments that failed deny where one would do."""
    pair = f'true("{P}PhysicalTherapyExhausted"), true("{P}InjectionExhausted")'
    return subject(policy, rules=rules_with(f"excluded :- {ANY_ONE}, {pair}."))


def hopeful(policy: Policy) -> Subject:
    """What may be covered is approved."""
    line = 'recommend("approve") :- in_scope, not replaced, consistent, can_cover, can_deny.'
    mark = 'recommend("pend")    :- in_scope, not replaced, consistent, can_cover, can_deny.'
    return subject(policy, rules=rules_with(line, instead=mark))


def harsh(policy: Policy) -> Subject:
    """Facts that exclude each other are denied."""
    line = 'recommend("deny") :- in_scope, not replaced, not consistent.'
    mark = 'recommend("pend")    :- in_scope, not replaced, not consistent.'
    return subject(policy, rules=rules_with(line, instead=mark))


def necessity_first(policy: Policy) -> Subject:
    return subject(policy, rules=rules_with(f"covered :- root(R), holds(R), excluded, {ANY_ONE}."))


def with_criteria(policy: Policy, *changed: Criterion, added: tuple[Criterion, ...] = ()) -> Policy:
    by_iri = {c.iri: c for c in changed}
    inner = [by_iri.get(c.iri, c) for c in policy.criteria if c.kind is not Kind.EXCLUSION]
    outer = [by_iri.get(c.iri, c) for c in policy.criteria if c.kind is Kind.EXCLUSION]
    return replace(policy, criteria=(*inner, *added, *outer))


def generated(policy: Policy) -> Triples:
    knowledge = load()
    text = default_turtle(policy, knowledge, [("evidence.ttl",), ("policies", "0587.ttl")])
    return Triples(read_triples(text.encode(), name="generated", format="turtle").triples)


def redundant(policy: Policy) -> Subject:
    """Beside a criterion that is required anyway, another one makes no difference."""
    root, first = policy.by_iri[policy.root], policy.by_iri[f"{P}DocumentedCompression"]
    rule = Rule(f"{P}IdleFor", "anything present", Polarity.FOR, first.rules[0].evidence_class, (fixed("Present"),))
    against = replace(rule, iri=f"{P}IdleAgainst", polarity=Polarity.AGAINST, facets=(fixed("Absent"),))
    idle = replace(first, iri=f"{P}Idle", id="idle", label="idle", rules=(rule, against), parent=f"{P}Either")
    either = replace(
        root,
        iri=f"{P}Either",
        id="either",
        label="either",
        kind=Kind.ANY,
        members=(first.iri, idle.iri),
        parent=root.iri,
    )
    changed = replace(root, members=(*root.members, either.iri))
    mutant = with_criteria(policy, changed, added=(either, idle))
    return subject(mutant, shapes=generated(mutant))


def fixed(local: str, base: str = EVS) -> Facet:
    return Facet(base + local, None, (base + local,))


def dead(policy: Policy) -> Subject:
    """The only rule by which a waiver can be fulfilled asks for a reason and for another one."""
    leaf = policy.by_iri[f"{P}AcuteTraumaWaiver"]
    both = (fixed("TraumaReason", S), fixed("NoTraumaReason", S))
    rules = tuple(replace(r, facets=(*r.facets, *both)) if r.iri == f"{P}GroupNotIndicated" else r for r in leaf.rules)
    return subject(with_criteria(policy, replace(leaf, rules=rules)))


def idle_reading(policy: Policy) -> Subject:
    """A reading asks for what the default asks for."""
    leaf = policy.by_iri[f"{P}InjectionExhausted"]

    def same(facet: Facet) -> Facet:
        if facet.iri != f"{P}TargetFacet":
            return facet
        return replace(
            facet, choices=dict.fromkeys(facet.choices, facet.choices[f"{P}InjectionTarget-targeted-or-justified"])
        )

    rules = tuple(replace(r, facets=tuple(same(f) for f in r.facets)) for r in leaf.rules)
    return subject(with_criteria(policy, replace(leaf, rules=rules)))


def shape(policy: Policy, local: str) -> str:
    return generated_namespace(policy.slug) + local


def forgetful_shapes(policy: Policy) -> Subject:
    """The generated shape of the listed treatments leaves one of them out."""
    wanted, gone = shape(policy, "treatments-met"), shape(policy, "injection-met")
    turtle = (ROOT / "shapes/policies/0587.default.ttl").read_text(encoding="utf-8")
    block = next(b for b in turtle.split("\n\n") if b.startswith(f"p0587g:{wanted.rpartition('#')[2]} "))
    name = f"p0587g:{gone.rpartition('#')[2]}"
    assert name in block
    mutant = turtle.replace(block, block.replace(f" {name}", ""))
    return subject(policy, shapes=Triples(read_triples(mutant.encode(), format="turtle").triples))


def one_sided_shape(policy: Policy) -> Subject:
    """The generated shape of a criterion that is met does not mind evidence against it."""
    shapes = Triples(load().shapes("policies", "0587.default.ttl"))
    wanted = shape(policy, "compression-met")
    kept = [t for t in shapes if not (getattr(t[0], "value", "") == wanted and t[1] == SH["not"])]
    assert len(kept) == len(shapes) - 1
    return subject(policy, shapes=Triples(kept))


MUTANTS = {
    "no-gap": whim,
    "no-overlap": two_voices,
    "favourable-facts": too_much,
    "information": hopeful,
    "contrary-document": harsh,
    "each-criterion-decides": redundant,
    "both-statements": necessity_first,
    "shapes-agree": forgetful_shapes,
    "for-and-against": one_sided_shape,
    "each-criterion-satisfiable": dead,
    "each-reading": idle_reading,
}


def test_each_property_has_a_mutant():
    assert list(MUTANTS) == NAMES


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_a_mutant_makes_exactly_that_proof_fail(policy, name):
    proofs = {p.property: p for p in prove(MUTANTS[name](policy))}
    assert [n for n, p in proofs.items() if p.outcome is not Outcome.HOLDS] == [name]
    failed = proofs[name]
    assert failed.outcome is Outcome.FAILS
    if failed.checks:
        assert any(not c.holds for c in failed.checks)
    else:
        assert failed.example is not None, "its premises can be fulfilled"
        assert failed.counterexample is not None
        assert failed.counterexample.records


@pytest.mark.slow
def test_a_group_of_which_two_are_needed_is_proved_as_well(policy):
    """The proofs know no group by its kind: with two of three needed, only the reading that says the same is idle."""
    group = policy.by_iri[f"{P}TreatmentsExhausted"]
    mutant = with_criteria(policy, replace(group, kind=Kind.AT_LEAST, threshold=2))
    proofs = {p.property: p for p in prove(subject(mutant, shapes=generated(mutant)))}
    assert [n for n, p in proofs.items() if p.outcome is not Outcome.HOLDS] == ["each-reading"]
    assert [c.subject for c in proofs["each-reading"].checks if not c.holds] == ["A10=two-or-more"]
    deciding = next(c for c in proofs["each-criterion-decides"].checks if c.subject == "injection")
    before, _ = deciding.witness.records
    met = [before.statuses[c] for c in ("physical-therapy", "oral-medication", "injection")].count("met")
    assert met == 2, "where it decides, one of the others is fulfilled"
    old_shapes = {p.property: p for p in prove(subject(mutant), wanted=["shapes-agree"])}
    assert old_shapes["shapes-agree"].outcome is Outcome.FAILS


def test_a_reading_that_is_said_to_concern_a_note_and_does_more_is_told(policy):
    quiet = next(a for a in policy.ambiguities if a.notation == "A15")
    changed = tuple(replace(a, affects=("note",)) if a is quiet else a for a in policy.ambiguities)
    (proof,) = prove(subject(replace(policy, ambiguities=changed)), wanted=["each-reading"])
    assert [c.subject for c in proof.checks if not c.holds] == ["A15=any-injection"]
    assert proof.outcome is Outcome.FAILS


def test_without_an_exclusion_the_statements_are_no_question(policy):
    (proof,) = prove(subject(replace(policy, exclusions=())), wanted=["both-statements"])
    assert proof.outcome is Outcome.NOT_APPLICABLE


def test_a_property_that_no_request_fulfils_is_vacuous_and_does_not_hold(policy):
    nothing_consistent = subject(policy, rules=rules_with(":- root(_)."))
    proofs = {p.property: p for p in prove(nothing_consistent)}
    assert proofs["no-gap"].outcome is Outcome.VACUOUS
    assert "No request fulfils the premises" in proofs["no-gap"].says
    assert proofs["favourable-facts"].outcome is Outcome.VACUOUS
    assert proofs["no-overlap"].outcome is Outcome.HOLDS, "every request pends, which is one recommendation"


def test_a_proof_by_a_program_that_decides_otherwise_is_an_error(policy):
    """Every record of a proof is decided anew by the program that reviews lines."""
    asked = subject(policy)
    asked.__dict__["prover"] = Prover(policy, too_much(policy).rules)
    with pytest.raises(ProgramError, match="where the program recommends"):
        list(prove(asked, wanted=["favourable-facts"]))


# ---- The search for records ------------------------------------------------------------------------


VECTORS = st.lists(st.sampled_from(list(Status)), min_size=9, max_size=9)


def asked_about(policy: Policy, statuses: list[Status], readings: dict[str, str]) -> list[str]:
    facts = ["record(a). query(N) :- node(N)."]
    facts += [f':- not is(a,"{leaf.iri}","{s}").' for leaf, s in zip(policy.leaves, statuses, strict=True)]
    moving = [a.iri for a in policy.ambiguities if a.notation in ("A9", "A10", "A18", "A20")]
    return facts + [f':- not reads(a,"{a}","{readings[a]}").' for a in moving]


@given(
    VECTORS,
    st.sampled_from(["each-listed", "any-one"]),
    st.sampled_from(["all", "any"]),
    st.sampled_from(["line-only", "concurrent-surgery"]),
)
@settings(max_examples=100, deadline=None)
def test_a_record_is_recommended_what_the_program_recommends(policy, statuses, treatments, bullets, surgery):
    readings = policy.readings({"A10": treatments, "A9": bullets, "A18": surgery})
    found = one_prover().search((), Clock(60), asked_about(policy, statuses, readings))
    assert found is not None
    decided = program(policy).decide(tuple(statuses), readings).recommendation
    assert found.records["a"].recommendations == (decided.value,)


@given(VECTORS, st.sampled_from(["each-listed", "any-one"]), st.sampled_from(["all", "any"]))
@settings(max_examples=60, deadline=None)
def test_what_completions_can_be_is_what_three_valued_logic_says(policy, statuses, treatments, bullets):
    """The constraints left aside, a node surely holds where the oracle has it met, and surely not where unmet."""
    readings = policy.readings({"A10": treatments, "A9": bullets})
    found = one_prover().search((), Clock(60), [*asked_about(policy, statuses, readings), "aside(a)."])
    assert found is not None
    can = {}
    for _, node, value in found.values("can"):
        can.setdefault(node, set()).add(value)
    leaves = {leaf.iri: s for leaf, s in zip(policy.leaves, statuses, strict=True)}
    words = {GroupStatus.MET: {"yes"}, GroupStatus.UNMET: {"no"}, GroupStatus.OPEN: {"yes", "no"}}
    for node, status in tree_statuses(policy, leaves, readings).items():
        assert can[node] == words[status]


@cache
def one_prover() -> Prover:
    return Prover(next(p for p in load().policies if p.number == "0587"))


def test_every_claim_of_all_records_is_true_by_three_valued_logic_too(policy):
    """Another way round: every vector of met, unmet and open, by the oracle, without constraints."""
    values = (Status.MET, Status.UNMET, Status.UNDOCUMENTED)
    readings = policy.default_readings
    rank = {Recommendation.DENY: 0, Recommendation.PEND: 1, Recommendation.APPROVE: 2}
    favour = {Status.UNMET: 0, Status.UNDOCUMENTED: 1, Status.MET: 2}
    known = {}
    for vector in product(values, repeat=len(policy.leaves)):
        leaves = {leaf.iri: s for leaf, s in zip(policy.leaves, vector, strict=True)}
        known[vector] = kleene_recommendation(policy, leaves, readings)
    for vector, recommended in known.items():
        if Status.UNDOCUMENTED not in vector:
            assert recommended is not Recommendation.PEND
        for place, leaf in enumerate(policy.leaves):
            for other in values:
                changed = (*vector[:place], other, *vector[place + 1 :])
                better = favour[other] > favour[vector[place]]
                if better != (leaf.kind is Kind.EXCLUSION) and other is not vector[place]:
                    assert rank[known[changed]] >= rank[recommended]
                if vector[place] is Status.UNDOCUMENTED and recommended is not Recommendation.PEND:
                    assert known[changed] is recommended


def test_every_search_ends_in_the_number_that_an_enumeration_counts(policy):
    """Documented requests that are approved by default: found one by one, they are as many as the oracle says."""
    facts = ["record(a). by_default(a).", ':- not recommends(a,"approve").', ":- incomplete(a)."]

    def unlike(found):
        told = (f'is(a,"{iri}","{status}")' for iri, status in found.records["a"].statuses.items())
        return f":- {', '.join(told)}."

    found = list(Prover(policy).search_all((), Clock(120), facts, unlike))
    expected = 0
    for vector in product((Status.MET, Status.UNMET), repeat=len(policy.leaves)):
        expected += program(policy).decide(vector, policy.default_readings).recommendation is Recommendation.APPROVE
    assert len(found) == expected == 9


def test_what_evidence_does_to_a_status_is_taken_from_the_rules_of_weighing():
    assert len(patterns()) == 16
    assert pattern_status({Polarity.FOR, Polarity.AGAINST}) is Status.CONFLICTING
    assert pattern_status({Polarity.CONSIDERED, Polarity.AGAINST}) is Status.UNMET
    assert pattern_status(set()) is Status.UNDOCUMENTED


def test_a_shape_that_was_not_generated_is_named(policy):
    shapes = Triples(load().shapes("policies", "0587.default.ttl"))
    gone = shape(policy, "compression-met")
    less = Triples(t for t in shapes if getattr(t[0], "value", "") != gone)
    with pytest.raises(PolicyError, match="compression-met.*Run plexus shapes"):
        list(prove(subject(policy, shapes=less), wanted=["shapes-agree"]))


# ---- The logic program, taken apart ----------------------------------------------------------------


def test_integrity_constraints_become_rules_with_a_name():
    text = "a :- b. :- c, not d. #show a/0. #program recommend. :- e."
    assert relaxed(text) == ["a :- b.", "broken :- c; not d."]


def test_the_table_of_recommendations_is_what_the_program_derives():
    rows = table_facts(RULES)
    assert len(rows) == 7, "where a record is consistent, one of the two completions exists"
    assert 'table(1,1,0,"approve").' in rows
    assert 'table(1,0,1,"deny").' in rows


@pytest.mark.parametrize("text", ["a :- not a.", "a :- b. b :- not a.", "{ c }. a :- c, not b. b :- a."])
def test_a_program_that_is_not_stratified_is_refused(text):
    with pytest.raises(ProgramError, match="follows from its own absence"):
        stratified(text)


def test_the_shipped_program_is_stratified():
    stratified(RULES)


# ---- Time ------------------------------------------------------------------------------------------

PIGEONS = "p(1..13). h(1..12). 1 { at(P,H) : h(H) } 1 :- p(P). :- at(P,H), at(Q,H), P < Q."


@pytest.mark.parametrize("search", [lambda c, k: solve(c, [], k), best], ids=["solve", "best"])
def test_a_search_that_takes_too_long_is_interrupted(search):
    from clingo import Control

    control = Control(["--warn=none"])
    control.add("base", [], PIGEONS)
    control.ground([("base", [])])
    with pytest.raises(TimeOver):
        search(control, Clock(0.3))


def test_without_time_nothing_is_claimed(policy):
    found = verify(policy, timeout=0)
    assert {p.outcome for p in found.proofs} == {Outcome.UNFINISHED}
    assert found.outcome is Outcome.UNFINISHED
    assert found.findings == ()
    assert len(found.left) == len(NAMES) + 1


def test_what_fits_into_the_time_is_kept(policy):
    """A program on which one property cannot be decided in time: the others before it are told."""
    hard = rules_with(PIGEONS.replace("1 { at(P,H) : h(H) } 1", "{ at(P,H) : h(H) } = 1"))
    asked = Subject(policy, load(), Clock(1.5), rules=hard)
    proofs = list(prove(asked))
    assert [p.property for p in proofs] == NAMES
    assert proofs[-1].outcome is Outcome.UNFINISHED


def test_a_property_that_does_not_exist_is_named_with_those_that_do(policy):
    with pytest.raises(UnknownProperty, match="no property 'no-gaps'. Known: no-gap, "):
        list(prove(subject(policy), wanted=["no-gaps"]))


# ---- Each reading, each criterion --------------------------------------------------------------------


def test_moot_readings_are_told_as_such(policy):
    checks = {c.subject: c for c in shipped()["each-reading"].checks}
    others = {f"{a.notation}={r.notation}" for a in policy.ambiguities for r in a.readings if r != a.default}
    assert set(checks) == others
    assert {n for n, c in checks.items() if c.moot} == {"A21=covered", "A21=not-covered", "A24=experimental"}
    assert all(c.witness is not None for c in checks.values() if not c.moot)


def test_group_readings_are_decided_on_statuses_alone():
    checks = {c.subject: c for c in shipped()["each-reading"].checks}
    assert {n for n, c in checks.items() if c.ground is Ground.RECORD} == {
        "A9=any",
        "A10=any-one",
        "A10=two-or-more",
    }


def test_the_exclusion_and_the_necessity_statement_can_both_apply(policy):
    proof = shipped()["both-statements"]
    (told,) = proof.example.records
    assert told.statuses["other-indication"] == "met"
    assert told.recommendations == ("pend",)
    assert policy.constraints[0].label in " ".join(proof.example.sentences)


def test_records_of_witnesses_come_out_as_told(policy):
    """Every record that any witness tells of is decided so by the program."""
    count = 0
    for proof in shipped().values():
        for witness in (proof.example, *(c.witness for c in proof.checks)):
            for told in witness.records if witness else ():
                if proof.property in ("shapes-agree", "for-and-against"):
                    continue
                vector = tuple(Status(told.statuses[leaf.id]) for leaf in policy.leaves)
                decided = program(policy).decide(vector, policy.readings(told.readings)).recommendation
                assert (decided.value,) == told.recommendations
                count += 1
    assert count > 90
