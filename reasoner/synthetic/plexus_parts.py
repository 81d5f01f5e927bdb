"""The parts of a request for open release of the lumbar plexus (Coverage Policy 0587), column by column."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from reasoner.synthetic.sheet import Sheet

    Rows = NDArray[Any]

CODE = "64714"
LINE, CONDITION = "plexus-line", "plexus"
FINDING, IMAGING = "plexus-finding", "plexus-imaging"
CAUSES = (
    ("LumbarPlexusEntrapment", "AnatomicalEntrapment", "G54.1"),
    ("LumbarPlexusCompressionByScar", "ScarTissue", "G54.1"),
    ("LumbarPlexusCompressionByScar", "Adhesion", "G54.1"),
    ("LumbarPlexusCompressionByHaematoma", "Haematoma", "G54.1"),
    ("LumbarPlexusCompressionByMass", "BenignMass", "G54.1"),
)
METHODS = (
    ("MRI", "PlexusRegion", "MRI report, lumbosacral plexus"),
    ("MRNeurography", "PlexusRegion", "MR neurography report, lumbosacral plexus"),
    ("CT", "AbdomenPelvisRegion", "CT report, abdomen and pelvis"),
    ("Ultrasound", "RetroperitoneumRegion", "Ultrasound report, retroperitoneum"),
)
AGENTS = (
    ("Gabapentinoid", "gabapentin"),
    ("Gabapentinoid", "pregabalin"),
    ("SNRI", "duloxetine"),
    ("TricyclicAntidepressant", "nortriptyline"),
    ("NSAID", "naproxen"),
    ("NSAID", "meloxicam"),
    ("Opioid", "tramadol"),
)
FAILED = {"NoRelief": 0.75, "Worse": 0.25}
FAILED_DRUG = {"NoRelief": 0.6, "Worse": 0.1, "Intolerant": 0.3}
PLEXUS_TARGETS = ("LumbarPlexusTarget", "PsoasCompartmentTarget", "PlexusBranchTarget")


def lay_plexus(x: Sheet) -> None:
    """Draw the words that the rows of a record share: side, cause, method, agents."""
    draws, word = x.draws, x.word
    right = draws.chance("side", 0.5)
    word["side"] = draws.words(("Left", "Right"), right.astype(int))
    word["other side"] = draws.words(("Right", "Left"), right.astype(int))
    cause = draws.index("cause", (3, 3, 2, 1, 1))
    word["kind"], word["mechanism"], word["diagnosis"] = (
        draws.words(column, cause) for column in zip(*CAUSES, strict=True)
    )
    method = draws.index("method", (6, 2, 2, 0.5))
    word["method"], word["region"], word["report"] = (
        draws.words(column, method) for column in zip(*METHODS, strict=True)
    )
    agent = draws.index("agent", (4, 3, 2, 1, 3, 1, 1))
    word["agent class"], word["agent"] = (draws.words(column, agent) for column in zip(*AGENTS, strict=True))
    second = (agent + draws.whole("second agent", 2, 4)) % len(AGENTS)
    word["second agent class"], word["second agent"] = (
        draws.words(column, second) for column in zip(*AGENTS, strict=True)
    )
    word["site"] = draws.word(
        "site", {"LumbarPlexusWithinPsoas": 3, "LumbarPlexus": 2, "LumbarPlexusPosteriorDivision": 1}
    )


# ---- Parts of a record -----------------------------------------------------------------------------


def requested(x: Sheet, rows: Rows) -> None:
    """The request with its line, the condition, and the notes of those who treat the member."""
    x.put("requests", "", rows)
    x.put(
        "lines",
        LINE,
        rows,
        sequence=1,
        procedureCode=CODE,
        side=x.word["side"],
        serviceDate=x.day["service"],
        indication=CONDITION,
    )
    x.change("lines", LINE, x.some(rows, "approach", 0.8), approach="OpenApproach")
    x.change("lines", LINE, x.some(rows, "units", 0.7), units=1)
    x.put(
        "conditions",
        CONDITION,
        rows,
        kind=x.word["kind"],
        diagnosisCode=x.word["diagnosis"],
        side=x.word["side"],
    )
    x.put("clinicians", "surgeon", rows, role="TreatingSurgeon")
    x.put(
        "documents",
        "surgical-note",
        rows,
        title="Surgical consultation",
        date=x.day["surgical note"],
        documentKind="ClinicalNoteDocument",
    )
    neurology_note(x, rows)


def neurology_note(x: Sheet, rows: Rows) -> None:
    """The note of the neurologist who treats the member."""
    x.put("clinicians", "neurologist", rows, role="TreatingClinician")
    x.put(
        "documents",
        "neurology-note",
        rows,
        title="Neurology clinic note",
        date=x.day["clinic note"],
        documentKind="ClinicalNoteDocument",
    )


def report(x: Sheet, rows: Rows, key: str, title: object, day: object) -> None:
    """The report of a study."""
    x.put("documents", key, rows, title=title, date=day, documentKind="ReportDocument")


def imaging(x: Sheet, rows: Rows) -> None:
    """The study that shows the compression, with its report."""
    report(x, rows, "plexus-imaging-report", x.word["report"], x.day["imaging"])
    x.put(
        "studies",
        IMAGING,
        rows,
        modality=x.word["method"],
        region=x.word["region"],
        date=x.day["imaging"],
        reportStatus="FinalReport",
        documentedIn="plexus-imaging-report",
    )
    x.put(
        "findings",
        FINDING,
        rows,
        study=IMAGING,
        kind="NerveCompression",
        presence="Present",
        site=x.word["site"],
        side=x.word["side"],
        mechanism=x.word["mechanism"],
        about=CONDITION,
    )


def electrodiagnosis(x: Sheet, rows: Rows) -> None:
    """EMG and nerve conduction that localise the lesion in the plexus."""
    report(x, rows, "emg-report", "EMG and nerve conduction report, lower limbs", x.day["electrodiagnosis"])
    x.put(
        "studies",
        "emg",
        rows,
        modality=("EMG", "NCS"),
        date=x.day["electrodiagnosis"],
        reportStatus="FinalReport",
        documentedIn="emg-report",
    )
    x.put(
        "findings",
        "emg-finding",
        rows,
        study="emg",
        kind="NerveDysfunction",
        presence="Present",
        site="LumbarPlexus",
        side=x.word["side"],
        about=CONDITION,
    )


def _free_canal(x: Sheet, rows: Rows) -> None:
    """An MRI of the spine that says nothing of the plexus: seen in most records, and no evidence either way."""
    report(x, rows, "spine-mri-report", "MRI report, lumbar spine", x.day["earlier imaging"])
    x.put(
        "studies",
        "spine-mri",
        rows,
        modality="MRI",
        region="LumbarSpineRegion",
        date=x.day["earlier imaging"],
        reportStatus="FinalReport",
        documentedIn="spine-mri-report",
    )
    x.put(
        "findings",
        "canal-finding",
        rows,
        study="spine-mri",
        kind="NerveCompression",
        presence="Absent",
        site="SpinalCanal",
        about=CONDITION,
    )


def symptom(x: Sheet, rows: Rows, key: str = "thigh-pain", **values: object) -> None:
    """A symptom that the neurologist records and attributes to the compression; ``values`` change it."""
    told: dict[str, object] = {
        "kind": "Pain",
        "presence": "Present",
        "side": x.word["side"],
        "territory": x.draws.word("territory", ("AnteriorThigh", "MedialThigh", "Groin", "LateralThigh")),
        "significance": "Significant",
        "statedBy": "neurologist",
        "date": x.day["clinic note"],
        "attributedTo": FINDING,
        "about": CONDITION,
        "documentedIn": "neurology-note",
    }
    x.put("symptoms", key, rows, **{**told, **values})


def weakness(x: Sheet, rows: Rows, key: str = "thigh-weakness", **values: object) -> None:
    """A weakness that the neurologist measures and attributes to the compression."""
    told: dict[str, object] = {
        "kind": "MuscleWeakness",
        "presence": "Present",
        "side": x.word["side"],
        "territory": x.draws.word("weak muscle", {"Quadriceps": 3, "Iliopsoas": 2, "HipAdductors": 1}),
        "strengthGrade": x.draws.number("grade", (3.0, 3.5, 4.0, 4.5)),
        "statedBy": "neurologist",
        "date": x.day["clinic note"],
        "attributedTo": FINDING,
        "about": CONDITION,
        "documentedIn": "neurology-note",
    }
    x.put("signs", key, rows, **{**told, **values})


def treatment(x: Sheet, rows: Rows, key: str, **values: object) -> None:
    """A treatment of the plexus's condition in the treatment record."""
    x.put("treatments", key, rows, **{"about": CONDITION, "documentedIn": "treatment-record", **values})


def therapy(x: Sheet, rows: Rows, key: str = "plexus-therapy", **values: object) -> None:
    """Physical therapy that failed."""
    told: dict[str, object] = {
        "kind": "PhysicalTherapy",
        "startDate": x.day["therapy start"],
        "endDate": x.day["therapy end"],
        "date": x.day["therapy end"],
        "outcome": x.draws.word("therapy outcome", FAILED),
    }
    treatment(x, rows, key, **{**told, **values})


def medication(x: Sheet, rows: Rows, key: str = "plexus-medication", **values: object) -> None:
    """An oral agent that failed."""
    told: dict[str, object] = {
        "kind": "OralMedication",
        "medicationClass": x.word["agent class"],
        "agent": x.word["agent"],
        "startDate": x.day["medication start"],
        "endDate": x.day["medication end"],
        "date": x.day["medication end"],
        "outcome": x.draws.word("medication outcome", FAILED_DRUG),
    }
    treatment(x, rows, key, **{**told, **values})


def injection(x: Sheet, rows: Rows, key: str = "plexus-injection", **values: object) -> None:
    """An injection at the plexus that failed."""
    told: dict[str, object] = {
        "kind": "Injection",
        "target": x.draws.word("target", PLEXUS_TARGETS),
        "date": x.day["injection"],
        "outcome": x.draws.word("injection outcome", FAILED),
    }
    treatment(x, rows, key, **{**told, **values})


def treatment_record(x: Sheet, rows: Rows) -> None:
    """The document that holds the treatments."""
    x.put(
        "documents",
        "treatment-record",
        rows,
        title="Treatment summary",
        date=x.day["treatment record"],
        documentKind="TherapyRecordDocument",
    )


def judgement(x: Sheet, rows: Rows, key: str, criterion: str, rests_on: str | None, **values: object) -> None:
    """The surgeon's dated judgement that a criterion is fulfilled; ``values`` change it."""
    told: dict[str, object] = {
        "onCriterion": criterion,
        "verdict": "Fulfilled",
        "statedBy": "surgeon",
        "date": x.day["surgical note"],
        "about": CONDITION,
        "documentedIn": "surgical-note",
        "basedOn": rests_on,
    }
    x.put("judgements", key, rows, **{**told, **values})


def injury(x: Sheet, rows: Rows, **values: object) -> None:
    """An injury that the surgeon calls acute."""
    told: dict[str, object] = {
        "kind": x.draws.word("injury kind", {"PelvicFracture": 3, "BluntInjury": 2, "PenetratingInjury": 1}),
        "acuity": "Acute",
        "occurredOn": x.day["injury"],
        "statedBy": "surgeon",
        "about": CONDITION,
        "documentedIn": "surgical-note",
    }
    x.put("traumaEvents", "injury", rows, **{**told, **values})


def not_indicated(x: Sheet, rows: Rows, key: str, covers: str, **values: object) -> None:
    """The surgeon's dated statement that a treatment was not indicated because of acute trauma."""
    told: dict[str, object] = {
        "coversTreatment": covers,
        "reason": "AcuteTraumaReason",
        "dueTo": "injury",
        "statedBy": "surgeon",
        "date": x.day["surgical note"],
        "about": CONDITION,
        "documentedIn": "surgical-note",
    }
    x.put("notIndicatedStatements", key, rows, **{**told, **values})


IMAGING_SUPPORTS = "p0587:ImagingSupportsSurgery"
CLINICAL_SUPPORTS = "p0587:ClinicalFindingsSupportSurgery"
CAUSES_SYMPTOMS = "p0587:CausesSignificantSymptoms"


def common(x: Sheet, rows: Rows) -> None:
    """What nearly every approvable record has: the request, the study, and a statement that it supports surgery."""
    requested(x, rows)
    imaging(x, rows)
    _free_canal(x, x.some(rows, "free canal", 0.2))
    judgement(x, rows, "imaging-judgement", IMAGING_SUPPORTS, FINDING)


def treated(x: Sheet, rows: Rows) -> None:
    """The treatment record: therapy, medication and injection failed."""
    treatment_record(x, rows)
    therapy(x, rows)
    medication(x, rows)
    injection(x, rows)
    second = x.some(rows, "second medication", 0.25)
    medication(
        x,
        second,
        "plexus-second-medication",
        medicationClass=x.word["second agent class"],
        agent=x.word["second agent"],
        outcome=x.draws.word("second medication outcome", FAILED_DRUG),
    )


def clinical(x: Sheet, rows: Rows) -> None:
    """Significant pain, sometimes a weakness, and a statement that clinical findings support surgery."""
    symptom(x, rows)
    x.change("symptoms", "thigh-pain", x.some(rows, "pain score", 0.5), painScore=x.draws.whole("score", 4, 9))
    effect = x.draws.word("effect", ("WalkingLimited", "StairsLimited", "WorkLimited", "FallsFromWeakness"))
    x.change("symptoms", "thigh-pain", x.some(rows, "has effect", 0.4), functionalEffect=effect)
    weakness(x, x.some(rows, "weakness", 0.3))
    judgement(x, rows, "clinical-judgement", CLINICAL_SUPPORTS, "thigh-pain")
