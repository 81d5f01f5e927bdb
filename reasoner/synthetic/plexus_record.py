"""Approvable requests for open release of the lumbar plexus (Coverage Policy 0587)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reasoner.synthetic.catalogue import Catalogue, all_met
from reasoner.synthetic.claims import RELEASE, UNDOCUMENTED, UNMET
from reasoner.synthetic.plexus_parts import (
    CAUSES_SYMPTOMS,
    CLINICAL_SUPPORTS,
    CONDITION,
    FINDING,
    IMAGING_SUPPORTS,
    LINE,
    clinical,
    common,
    electrodiagnosis,
    imaging,
    injection,
    injury,
    judgement,
    not_indicated,
    report,
    requested,
    symptom,
    therapy,
    treated,
    weakness,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from reasoner.synthetic.sheet import Sheet

    Rows = NDArray[Any]

PLEXUS = Catalogue(
    RELEASE,
    {
        **all_met("necessity", "compression", "symptoms", "further-criteria", "conservative"),
        "trauma-waiver": UNDOCUMENTED,
        **all_met("treatments", "physical-therapy", "oral-medication", "injection"),
        **all_met("support", "imaging-support", "clinical-support"),
        "other-indication": UNMET,
    },
)


@PLEXUS.variant("release-after-treatment", weight=6)
def _after_treatment(x: Sheet, rows: Rows) -> None:
    """Imaging shows the compression, the three treatments failed, and the surgeon's statements support surgery."""
    common(x, rows)
    clinical(x, rows)
    treated(x, rows)
    electrodiagnosis(x, x.some(rows, "emg", 0.25))


@PLEXUS.variant("release-for-measured-weakness", weight=2)
def _measured_weakness(x: Sheet, rows: Rows) -> None:
    """A measured weakness stands for symptoms and clinical findings; nobody states more."""
    common(x, rows)
    weakness(x, rows)
    treated(x, rows)
    electrodiagnosis(x, x.some(rows, "emg", 0.25))


@PLEXUS.variant("release-significance-stated", weight=1)
def _significance_stated(x: Sheet, rows: Rows) -> None:
    """The neurologist states in a judgement that the compression causes significant symptoms."""
    common(x, rows)
    symptom(x, rows, kind=x.draws.word("dull symptom", ("Numbness", "Paraesthesia")), significance=None)
    on = {"statedBy": "neurologist", "date": x.day["clinic note"], "documentedIn": "neurology-note"}
    judgement(x, rows, "symptom-judgement", CAUSES_SYMPTOMS, "thigh-pain", **on)
    judgement(x, rows, "clinical-judgement", CLINICAL_SUPPORTS, "thigh-pain")
    treated(x, rows)


@PLEXUS.variant("release-justified-epidural", weight=1)
def _justified_epidural(x: Sheet, rows: Rows) -> None:
    """The injection was epidural, and the record says why."""
    _after_treatment(x, rows)
    why = "Access to the plexus was judged unsafe under anticoagulation."
    injection(x, rows, target="EpiduralTarget", targetJustification=why)


def _injured(x: Sheet, rows: Rows) -> None:
    """The condition is one that follows an injury."""
    x.word["mechanism"][rows] = x.draws.word("injury mechanism", ("Haematoma", "BoneFragment"))[rows]
    x.word["kind"][rows] = x.lexicon.code("LumbarPlexusCompressionByTrauma")
    x.word["diagnosis"][rows] = x.lexicon.code("S34.4XXA")


@PLEXUS.variant("release-injection-not-indicated", weight=1, shared=False)
def _injection_not_indicated(x: Sheet, rows: Rows) -> None:
    """Weeks after an injury therapy and medication failed; the surgeon states that it ruled out an injection."""
    _injured(x, rows)
    for name, before in (
        ("injury", 75),
        ("medication start", 72),
        ("therapy start", 68),
        ("therapy end", 40),
        ("medication end", 38),
    ):
        x.day[name][rows] = x.day["received"][rows] - before
    _after_treatment(x, rows)
    x.drop("treatments", "plexus-injection", rows=rows)
    injury(x, rows)
    not_indicated(x, rows, "no-injection", "Injection")


@PLEXUS.variant("release-both-sides", weight=0.5)
def _both_sides(x: Sheet, rows: Rows) -> None:
    """Both sides are asked for, and the evidence is recorded as bilateral."""
    _after_treatment(x, rows)
    x.drop("studies", "emg", rows=rows)
    x.drop("findings", "emg-finding", rows=rows)
    x.drop("documents", "emg-report", rows=rows)
    for table, key in (
        ("lines", LINE),
        ("conditions", CONDITION),
        ("findings", FINDING),
        ("symptoms", "thigh-pain"),
        ("signs", "thigh-weakness"),
    ):
        x.change(table, key, rows, side="Bilateral")


@PLEXUS.variant("release-after-later-imaging", weight=1)
def _later_imaging(x: Sheet, rows: Rows) -> None:
    """An earlier study by the same method showed the plexus free; the later one shows the compression."""
    _after_treatment(x, rows)
    x.drop("studies", "spine-mri", rows=rows)
    x.drop("findings", "canal-finding", rows=rows)
    x.drop("documents", "spine-mri-report", rows=rows)
    report(x, rows, "earlier-imaging-report", x.word["report"], x.day["earlier imaging"])
    x.put(
        "studies",
        "earlier-imaging",
        rows,
        modality=x.word["method"],
        region=x.word["region"],
        date=x.day["earlier imaging"],
        reportStatus="FinalReport",
        documentedIn="earlier-imaging-report",
    )
    x.put(
        "findings",
        "earlier-finding",
        rows,
        study="earlier-imaging",
        kind="NerveCompression",
        presence="Absent",
        site=x.word["site"],
        side=x.word["side"],
        about=CONDITION,
    )


@PLEXUS.variant("release-therapy-failed-at-last", weight=1)
def _therapy_failed_at_last(x: Sheet, rows: Rows) -> None:
    """Physical therapy helped at first; a later course failed, which supersedes the earlier outcome."""
    _after_treatment(x, rows)
    before = x.day["earlier treatment"]
    therapy(
        x, rows, "plexus-first-therapy", startDate=before - 50, endDate=before, date=before, outcome="AdequateRelief"
    )


@PLEXUS.variant("release-after-acute-trauma", weight=2, shared=False, trauma_waiver="met")
def _after_acute_trauma(x: Sheet, rows: Rows) -> None:
    """Days after an injury the surgeon states that no conservative treatment was indicated because of it."""
    for note in ("imaging", "clinic note"):
        x.day[note][rows] = x.day["received"][rows] - 2
    for note in ("second imaging", "surgical note"):
        x.day[note][rows] = x.day["received"][rows] - 1
    x.day["service"][rows] = x.day["received"][rows] + x.draws.whole("soon", 1, 6)[rows]
    _injured(x, rows)
    requested(x, rows)
    x.change("requests", "", rows, urgency="Expedited")
    imaging(x, rows)
    judgement(x, rows, "imaging-judgement", IMAGING_SUPPORTS, FINDING)
    clinical(x, rows)
    injury(x, rows)
    not_indicated(x, rows, "no-treatment", "ConservativeTreatment")
