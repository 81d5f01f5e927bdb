"""Plain SHACL engines with the committed default shapes agree with plexus on the policy layer.

Differences are promised nowhere else: terms of plans and mandates, and constraints between facts, are not
in the shapes; such lines are listed here by their basis.
"""

from __future__ import annotations

from functools import cache

import pytest
from conftest import ROOT, Case, reviewed
from peers import shifty_results

from reasoner import intake
from reasoner.engine_columnar import ColumnarEngine
from reasoner.engine_pyshacl import PyshaclEngine
from reasoner.knowledge import Knowledge, load
from reasoner.model import Basis, LineReview, Recommendation
from reasoner.policy import Policy
from reasoner.render.turtle_parts import policy_of, shape_outcomes
from reasoner.shapes import probed_shapes
from reasoner.triples import Spo
from reasoner.vocabulary import SH
from reasoner.weigh import answered, fits_from

OTHER_LAYERS = {Basis.MANDATE, Basis.PLAN_EXCLUSION, Basis.PLAN_TERM, Basis.INCONSISTENT}


def line_outcome(results, line: str) -> Recommendation:
    severities = {r.severity for r in results if r.focus == line}
    if "Violation" in severities:
        return Recommendation.DENY
    return Recommendation.PEND if "Warning" in severities else Recommendation.APPROVE


def compared(line: LineReview) -> bool:
    return line.basis not in OTHER_LAYERS and line.recommendation is not Recommendation.NOT_APPLICABLE


def agrees(case: Case, run, *, evidence: bool) -> None:
    (record,) = intake.read(case.request, as_of=case.as_of)
    knowledge = load()
    for line, prepared in zip(reviewed(case.name).lines, record.lines, strict=True):
        if any("mandate" in n.lower() or "plan term" in n.lower() for n in line.notes):
            continue
        policy = policy_of(line, knowledge) or knowledge.policies[0]
        results = run(policy, (*prepared.triples, *knowledge.arrangement))
        if line.recommendation is Recommendation.NOT_APPLICABLE:
            assert line_outcome(results, line.iri) is Recommendation.APPROVE  # out of scope: nothing to report
        elif compared(line):
            assert line_outcome(results, line.iri) is line.recommendation
            assert reported_in(results, line.iri) == reported_by_plexus(line)
            for criterion in line.criteria if evidence else ():
                assert evidence_in(results, criterion.id) >= {e.iri for e in criterion.evidence if e.role == "for"}


def reported_in(results, line: str) -> set[tuple[str, str]]:
    return {(r.shape, r.severity) for r in results if r.focus == line and r.severity in ("Violation", "Warning")}


def reported_by_plexus(line: LineReview) -> set[tuple[str, str]]:
    """The SHACL report that a review carries as RDF."""
    policy = policy_of(line, load())
    assert policy is not None
    return {(shape, severity) for _, severity, shape in shape_outcomes(policy, line)}


def default_shapes(policy: Policy) -> tuple[Spo, ...]:
    return load().shapes("policies", f"{policy.slug}.default.ttl")


@cache
def line_shapes(policy: Policy) -> tuple[Spo, ...]:
    """The default shapes without the probes on evidence, which pySHACL evaluates slowly."""
    shapes = default_shapes(policy)
    return tuple(t for t in shapes if not (t[1] == SH.targetClass and str(t[0]).endswith("-probe>")))


@pytest.mark.slow
@pytest.mark.sampled(every=24)
def test_pyshacl_on_the_default_file_agrees(case: Case):
    agrees(case, lambda policy, data: PyshaclEngine().evaluate(data, line_shapes(policy)), evidence=False)


@pytest.mark.slow
def test_pyshifty_on_the_default_file_agrees_and_names_the_evidence(case: Case):
    agrees(case, lambda policy, data: shifty_results(data, default_shapes(policy)), evidence=True)


def evidence_in(results, criterion: str) -> set[str]:
    return {r.focus for r in results if r.shape.endswith(f"#{criterion}-counts-for-probe")}


@pytest.mark.slow
@pytest.mark.sampled(every=3)
def test_engines_find_the_same_fits(case: Case, knowledge: Knowledge):
    (record,) = intake.read(case.request, as_of=case.as_of)
    for line, prepared in zip(reviewed(case.name).lines, record.lines, strict=True):
        policy = policy_of(line, knowledge) or knowledge.policies[0]
        shapes = knowledge.policy_shapes(policy)
        data = (*prepared.triples, *knowledge.arrangement)
        ours = ColumnarEngine().conforming(prepared.triples, shapes, probed_shapes(policy), knowledge.arrangement)
        reference = PyshaclEngine().conforming(prepared.triples, shapes, probed_shapes(policy), knowledge.arrangement)
        assert ours == reference and any(ours.values())
        assert answered(prepared.iri, ours) == fits_from(policy, prepared.iri, shifty_results(data, shapes))


def test_the_default_file_is_what_readers_are_pointed_to(each_policy):
    assert (ROOT / f"shapes/policies/{each_policy.slug}.default.ttl").stat().st_size > 10_000
