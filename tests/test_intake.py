"""What intake derives once for every line: durations, and how long before the service a thing was."""

from __future__ import annotations

from datetime import date

import pytest
from conftest import CASES, case_named
from pyoxigraph import NamedNode

from reasoner import intake, review
from reasoner.derive import evidence_classes
from reasoner.errors import RequestError
from reasoner.vocabulary import CLIN, COV

PA = "https://example.org/pa/complete-record#"
GOOD = (CASES / "complete-record/request.ttl").read_text(encoding="utf-8")


def seen(text: str = GOOD):
    (record,) = intake.read(text.encode(), as_of=date(2026, 3, 1))
    return record.lines[0].triples


def number(triples, name, prop):
    return triples.text(NamedNode(PA + name), prop)


def test_a_duration_is_counted_between_first_and_last_day():
    assert number(seen(), "therapy", COV.durationInDays) == str((date(2025, 11, 28) - date(2025, 9, 1)).days)
    assert number(seen(), "medication", COV.durationInDays) is None


def test_no_duration_where_the_end_comes_before_the_start_or_is_missing():
    start = 'clin:startDate "2025-09-01"^^xsd:date ;'
    assert start in GOOD
    assert number(seen(GOOD.replace(start, "")), "therapy", COV.durationInDays) is None
    later = GOOD.replace(start, start.replace("2025-09-01", "2025-12-01"))
    assert number(seen(later), "therapy", COV.durationInDays) is None


def test_days_before_the_service_or_dated_after_it():
    early = seen()
    assert number(early, "mri-finding", COV.daysBeforeService) == str((date(2026, 3, 20) - date(2026, 1, 12)).days)
    late = seen(GOOD.replace('cov:serviceDate "2026-03-20"', 'cov:serviceDate "2026-01-11"'))
    assert number(late, "mri-finding", COV.daysBeforeService) is None
    assert number(late, "mri-finding", COV.datedAfterService) == "true"


def test_classes_of_evidence_come_from_the_ontology(knowledge):
    classes = evidence_classes(knowledge.ontology)
    assert {CLIN.Finding, CLIN.Symptom, CLIN.Sign, CLIN.Treatment, COV.Judgement} <= set(classes)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("clin:level anat:LevelL4L5", "clin:level anat:SpinalCanal", "Name the levels of the lumbar spine"),
        ("clin:root anat:NerveRootL5", "clin:root anat:FemoralNerve", "Name the nerve root"),
        ("clin:presence clin:Absent ;\n    cov:date", "cov:date", "State one clin:presence"),
    ],
)
def test_a_level_a_root_and_an_earlier_operation_are_stated_in_plexus_terms(old, new, said):
    text = case_named("decompression-complete-record").request.read_text(encoding="utf-8")
    assert old in text
    with pytest.raises(RequestError, match=said):
        review(text.replace(old, new).encode(), as_of=date(2026, 3, 1))


LATE = """
:director a cov:Clinician ; cov:role cov:PayerReviewer .
:late a cov:Judgement ; cov:onCriterion p0587:DocumentedCompression ; cov:verdict cov:NotFulfilled ;
    cov:statedBy :director ; cov:date "{day}"^^xsd:date ; cov:basedOn :mri-finding ; cov:about :condition .
:again a clin:Treatment ; clin:kind clin:PhysicalTherapy ; clin:outcome clin:AdequateRelief ;
    cov:date "{day}"^^xsd:date ; cov:about :condition .
"""


@pytest.mark.parametrize(("day", "takes_place"), [("2026-02-20", True), ("2026-03-21", False)])
def test_what_is_dated_after_the_service_takes_no_other_evidences_place(day, takes_place):
    text = GOOD + LATE.format(day=day)
    (record,) = intake.read(text.encode(), as_of=date(2026, 4, 1))
    view = record.lines[0].triples
    assert bool(view.nodes(NamedNode(PA + "mri-finding"), COV.settledFor)) is takes_place
    assert bool(view.nodes(NamedNode(PA + "therapy"), COV.supersededBy)) is takes_place
