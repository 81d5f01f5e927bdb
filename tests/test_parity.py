"""Plain SHACL engines with the committed default shapes agree with plexus on the policy layer.

Differences are promised nowhere else: terms of plans and mandates, and constraints between facts, are not
in the shapes; such lines are listed here by their basis.
"""

from __future__ import annotations

import pytest
from conftest import ROOT, Case, reviewed

from reasoner import intake
from reasoner.engine_pyshacl import PyshaclEngine
from reasoner.knowledge import Knowledge
from reasoner.model import Basis, LineReview, Recommendation

OTHER_LAYERS = {Basis.MANDATE, Basis.PLAN_EXCLUSION, Basis.PLAN_TERM, Basis.INCONSISTENT}


def line_outcome(results, line: str) -> Recommendation:
    severities = {r.severity for r in results if r.focus == line}
    if "Violation" in severities:
        return Recommendation.DENY
    return Recommendation.PEND if "Warning" in severities else Recommendation.APPROVE


def compared(line: LineReview) -> bool:
    return line.basis not in OTHER_LAYERS and line.recommendation is not Recommendation.NOT_APPLICABLE


@pytest.mark.slow
def test_pyshacl_on_the_default_file_agrees(case: Case, knowledge: Knowledge):
    result = reviewed(case.name)
    (record,) = intake.read(case.request, as_of=case.as_of)
    shapes = knowledge.shapes("policies", "0587.default.ttl")
    engine = PyshaclEngine()
    for line, prepared in zip(result.lines, record.lines, strict=True):
        results = engine.evaluate((*prepared.triples, *knowledge.arrangement), shapes)
        if any("mandate" in n.lower() or "plan term" in n.lower() for n in line.notes):
            continue
        if compared(line):
            assert line_outcome(results, line.iri) is line.recommendation
            for criterion in line.criteria:
                assert evidence_in(results, criterion.id) >= {e.iri for e in criterion.evidence if e.role == "for"}
        elif line.recommendation is Recommendation.NOT_APPLICABLE:
            assert line_outcome(results, line.iri) is Recommendation.APPROVE  # out of scope: nothing to report


def evidence_in(results, criterion: str) -> set[str]:
    return {r.focus for r in results if r.shape.endswith(f"#{criterion}-counts-for-probe")}


@pytest.mark.slow
def test_pyshifty_reports_the_same_fits(case: Case, knowledge: Knowledge, policy):
    from engines import shifty_results

    from reasoner.weigh import fits_from

    (record,) = intake.read(case.request, as_of=case.as_of)
    shapes = (
        *knowledge.shapes("evidence.ttl"),
        *knowledge.shapes("policies", "0587.ttl"),
        *knowledge.shapes("policies", "0587.probes.ttl"),
    )
    for prepared in record.lines:
        data = (*prepared.triples, *knowledge.arrangement)
        ours = fits_from(policy, prepared.iri, PyshaclEngine().evaluate(data, shapes))
        theirs = fits_from(policy, prepared.iri, shifty_results(data, shapes))
        assert ours == theirs


def test_the_default_file_is_what_readers_are_pointed_to():
    assert (ROOT / "shapes/policies/0587.default.ttl").stat().st_size > 10_000
