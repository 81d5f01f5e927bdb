"""Evidence moves recommendations one way only, on random combinations of evidence from the cases."""

from __future__ import annotations

from functools import lru_cache

from conftest import case_named
from hypothesis import given, settings
from hypothesis import strategies as st
from pyoxigraph import NamedNode

from reasoner import intake
from reasoner.determine import program
from reasoner.engine_pyshacl import PyshaclEngine
from reasoner.knowledge import load
from reasoner.model import Kind, Polarity, Recommendation, Status
from reasoner.vocabulary import COV
from reasoner.weigh import Weigher, fits_from

ORDER = {Recommendation.DENY: 0, Recommendation.PEND: 1, Recommendation.APPROVE: 2}
NAMES = [
    "rich-record",
    "compression-mri-and-ct-contradict",
    "symptoms-weakness-against-statement",
    "trauma-contradicted",
    "injection-contradicted",
    "clinical-support-contradicted",
    "imaging-support-contradicted",
    "reviewer-settles-a-conflict",
    "indication-judgements-contradict",
    "decompression-every-measure-contradicted",
    "decompression-imaging-contradicted",
    "decompression-history-contradicted",
    "decompression-urgency-contradicted",
    "decompression-impairment-contradicted",
    "decompression-three-measures",
]


@lru_cache(maxsize=30)
def weigher(name: str) -> Weigher:
    case, knowledge = case_named(name), load()
    (record,) = intake.read(case.request, as_of=case.as_of)
    line = record.lines[0]
    code = line.triples.text(NamedNode(line.iri), COV.procedureCode)
    policy = next(p for p in knowledge.policies if code in p.codes)
    results = PyshaclEngine().evaluate((*line.triples, *knowledge.arrangement), knowledge.policy_shapes(policy))
    return Weigher(policy, line.triples, fits_from(policy, line.iri, results))


def recommendation(w: Weigher) -> Recommendation:
    readings = w.policy.default_readings
    vector = tuple(w.leaf(leaf, readings).status for leaf in w.policy.leaves)
    return program(w.policy).decide(vector, readings).recommendation


def nodes(w: Weigher, *, helps: bool) -> list[str]:
    """Evidence that only helps, or only harms: for criteria and against exclusions, or the reverse."""
    good: set[str] = set()
    bad: set[str] = set()
    for leaf in w.policy.leaves:
        outcome = w.leaf(leaf, w.policy.default_readings)
        for_, against = outcome.nodes(Polarity.FOR), outcome.nodes(Polarity.AGAINST)
        if leaf.kind is Kind.EXCLUSION:
            for_, against = against, for_
        good |= for_
        bad |= against | outcome.nodes(Polarity.CONFLICTING)
    return sorted(good - bad if helps else bad - good)


def remove(w: Weigher, dropped: set[str]) -> Weigher:
    """Without some nodes; nothing that they superseded is revived, so that only their loss is seen."""
    return Weigher(w.policy, w.triples, w.fits, frozenset(dropped))


@given(st.data(), st.sampled_from(NAMES))
@settings(max_examples=400, deadline=None)
def test_favourable_evidence_never_worsens_and_its_loss_never_improves(data, name):
    whole = weigher(name)
    helping = nodes(whole, helps=True)
    dropped = set(data.draw(st.lists(st.sampled_from(sorted(map(str, _all(whole)))), unique=True)))
    before = remove(whole, dropped | set(helping))
    steps = data.draw(st.permutations(helping))
    last = recommendation(before)
    gone = dropped | set(helping)
    for node in steps:
        gone = gone - {node}
        now = recommendation(remove(whole, gone))
        assert ORDER[now] >= ORDER[last], f"{node} worsened {last} to {now}"
        last = now


def _all(w: Weigher) -> set[str]:
    return {n for leaf in w.policy.leaves for p in Polarity for n in w.leaf(leaf, w.policy.default_readings).nodes(p)}


@given(st.data(), st.sampled_from(NAMES))
@settings(max_examples=200, deadline=None)
def test_a_contrary_document_at_most_pends_an_approval(data, name):
    whole = weigher(name)
    harming = nodes(whole, helps=False)
    without = recommendation(remove(whole, set(harming)))
    some = set(data.draw(st.lists(st.sampled_from(harming), unique=True))) if harming else set()
    now = recommendation(remove(whole, set(harming) - some))
    if without is Recommendation.APPROVE:
        assert now is not Recommendation.DENY


OPEN = [Status.UNDOCUMENTED, Status.TO_JUDGE, Status.CONFLICTING]


@given(statuses=st.lists(st.sampled_from(list(Status)), min_size=10, max_size=10))
@settings(max_examples=2000, deadline=None)
def test_resolving_an_open_leaf_never_changes_a_decided_outcome(each_policy, statuses):
    policy, statuses = each_policy, statuses[: len(each_policy.leaves)]
    decide = program(policy).decide
    readings = policy.default_readings
    before = decide(tuple(statuses), readings)
    if before.recommendation is Recommendation.PEND:
        return
    for i, status in enumerate(statuses):
        if status.is_open:
            for resolved in (Status.MET, Status.UNMET):
                after = decide((*statuses[:i], resolved, *statuses[i + 1 :]), readings)
                consistent = after.basis.value != "inconsistent"
                assert not consistent or after.recommendation is before.recommendation


@given(statuses=st.lists(st.sampled_from(list(Status)), min_size=10, max_size=10))
@settings(max_examples=2000, deadline=None)
def test_a_leaf_that_becomes_met_never_worsens(each_policy, statuses):
    policy, statuses = each_policy, statuses[: len(each_policy.leaves)]
    decide = program(policy).decide
    first = decide(tuple(statuses), policy.default_readings)
    if first.basis.value == "inconsistent":
        return  # resolving an inconsistency may bring a denial to light that the contradiction held up
    before = first.recommendation
    for i, leaf in enumerate(policy.leaves):
        good = Status.UNMET if leaf.kind is Kind.EXCLUSION else Status.MET
        after = decide((*statuses[:i], good, *statuses[i + 1 :]), policy.default_readings).recommendation
        assert ORDER[after] >= ORDER[before]


def test_the_kinds_of_open_do_not_matter_to_the_recommendation(each_policy):
    policy = each_policy
    decide = program(policy).decide
    for i in range(len(policy.leaves)):
        outcomes = set()
        for status in OPEN:
            vector = [Status.UNMET if leaf.kind is Kind.EXCLUSION else Status.MET for leaf in policy.leaves]
            vector[i] = status
            outcomes.add(decide(tuple(vector), policy.default_readings).recommendation)
        assert len(outcomes) == 1
