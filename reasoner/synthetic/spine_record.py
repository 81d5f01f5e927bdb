"""Approvable requests for decompression of the lumbar spine (the summary model of CMM-608), column by column."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reasoner.synthetic.catalogue import Catalogue, all_met
from reasoner.synthetic.claims import DECOMPRESSION, OPEN, UNDOCUMENTED

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from reasoner.synthetic.sheet import Sheet

    Rows = NDArray[Any]

SPINE = Catalogue(
    DECOMPRESSION,
    {
        **all_met("decompression", "leg-symptoms", "daily-impairment", "matching-examination", "neural-compression"),
        "care-before": "met",
        "urgent": UNDOCUMENTED,
        **all_met("measures", "spine-therapy", "spine-medication"),
        "spine-injection": UNDOCUMENTED,
        "other-measure": UNDOCUMENTED,
        "repeat-interval": "met",
    },
)
LINE, CONDITION = "spine-line", "spine"
FINDING, IMAGING = "spine-finding", "spine-imaging"
KINDS = (
    ("LumbarSpinalStenosis", "M48.062", "63047", "NeurogenicClaudication"),
    ("LumbarSpinalStenosis", "M48.061", "63005", "RadicularPain"),
    ("LumbarRadiculopathy", "M54.16", "63056", "RadicularPain"),
    ("LumbarDiscHerniation", "M51.16", "63056", "RadicularPain"),
    ("LumbarSpondylosis", "M47.26", "63047", "RadicularPain"),
    ("LumbarSpondylolisthesis", "M43.16", "63012", "NeurogenicClaudication"),
)
LEVELS = (
    ("LevelL3L4", "SpinalCanalL3L4", "NeuralForamenL3L4", "NerveRootL4", "Quadriceps", "LevelL4L5"),
    ("LevelL4L5", "SpinalCanalL4L5", "NeuralForamenL4L5", "NerveRootL5", "TibialisAnterior", "LevelL5S1"),
    ("LevelL5S1", "SpinalCanalL5S1", "NeuralForamenL5S1", "NerveRootS1", "Gastrocnemius", "LevelL4L5"),
)
EFFECTS = ("WalkingLimited", "WorkLimited", "SelfCareLimited", "SleepDisturbed")
NO_GAIN = {"NoRelief": 0.8, "Worse": 0.2}


def lay_spine(x: Sheet) -> None:
    """Draw the words that the rows of a record share: level, root, kind, code."""
    draws, word = x.draws, x.word
    right = draws.chance("spine side", 0.5).astype(int)
    word["spine side"] = draws.words(("Left", "Right"), right)
    word["other spine side"] = draws.words(("Right", "Left"), right)
    kind = draws.index("spine condition", (4, 2, 2, 2, 1, 1))
    names = ("spine kind", "spine diagnosis", "spine code", "leg symptom")
    for name, column in zip(names, zip(*KINDS, strict=True), strict=True):
        word[name] = draws.words(column, kind)
    level = draws.index("level", (2, 5, 3))
    for name, column in zip(
        ("level", "canal", "foramen", "nerve root", "muscle", "next level"), zip(*LEVELS, strict=True), strict=True
    ):
        word[name] = draws.words(column, level)
    narrow = draws.chance("foraminal", 0.3)
    word["spine site"] = word["canal"].copy()
    word["spine site"][narrow] = word["foramen"][narrow]


# ---- Parts of a record -----------------------------------------------------------------------------


def _request(x: Sheet, rows: Rows) -> None:
    x.put("requests", "", rows)
    x.put(
        "lines",
        LINE,
        rows,
        sequence=1,
        procedureCode=x.word["spine code"],
        level=x.word["level"],
        serviceDate=x.day["service"],
        indication=CONDITION,
    )
    x.change("lines", LINE, x.some(rows, "spine units", 0.7), units=1)
    x.put("conditions", CONDITION, rows, kind=x.word["spine kind"], diagnosisCode=x.word["spine diagnosis"])
    x.put("clinicians", "surgeon", rows, role="TreatingSurgeon")
    x.put("clinicians", "physician", rows, role="TreatingClinician")
    for key, title, day in (
        ("surgical-note", "Surgical consultation", "surgical note"),
        ("clinic-note", "Spine clinic note", "clinic note"),
    ):
        x.put("documents", key, rows, title=title, date=x.day[day], documentKind="ClinicalNoteDocument")


def report(x: Sheet, rows: Rows, key: str, title: str, day: object) -> None:
    """The report of a study."""
    x.put("documents", key, rows, title=title, date=day, documentKind="ReportDocument")


def _imaging(x: Sheet, rows: Rows) -> None:
    report(x, rows, "spine-imaging-report", "MRI report, lumbar spine", x.day["imaging"])
    x.put(
        "studies",
        IMAGING,
        rows,
        modality="MRI",
        region="LumbarSpineRegion",
        date=x.day["imaging"],
        reportStatus="FinalReport",
        documentedIn="spine-imaging-report",
    )
    x.put(
        "findings",
        FINDING,
        rows,
        study=IMAGING,
        kind="NerveCompression",
        presence="Present",
        site=x.word["spine site"],
        level=x.word["level"],
        about=CONDITION,
    )
    x.put(
        "findings",
        "disc-finding",
        x.some(rows, "disc bulge", 0.3),
        study=IMAGING,
        kind="DiscBulge",
        presence="Present",
        site="LumbarDisc",
        level=x.word["level"],
        about=CONDITION,
    )


def noted(x: Sheet, **values: object) -> dict[str, object]:
    """What the physician writes in the clinic note."""
    told: dict[str, object] = {
        "presence": "Present",
        "statedBy": "physician",
        "date": x.day["clinic note"],
        "about": CONDITION,
        "documentedIn": "clinic-note",
    }
    return {**told, **values}


def _leg_symptom(x: Sheet, rows: Rows) -> None:
    effect = x.draws.word("spine effect", EFFECTS)
    told = noted(x, kind=x.word["leg symptom"], functionalEffect=effect, significance=None)
    x.put("symptoms", "leg-symptom", rows, **told)
    x.change(
        "symptoms", "leg-symptom", x.some(rows, "spine pain score", 0.5), painScore=x.draws.whole("leg score", 4, 9)
    )


def _sign(x: Sheet, rows: Rows) -> None:
    """A measured weakness, a tension sign or a loss of feeling of the root."""
    which = x.draws.index("sign", (5, 3, 2))
    told = noted(x, root=x.word["nerve root"])
    x.put(
        "signs",
        "root-sign",
        rows,
        **told,
        kind=x.draws.words(("MuscleWeakness", "NerveTensionSign", "SensoryLoss"), which),
    )
    weak = rows[which[rows] == 0]
    grade = x.draws.number("spine grade", (3.0, 3.5, 4.0, 4.5))
    x.change("signs", "root-sign", weak, strengthGrade=grade, territory=x.word["muscle"])


def treatment(x: Sheet, rows: Rows, key: str, **values: object) -> None:
    """A measure for the spine in the treatment record; it failed unless ``values`` say otherwise."""
    x.put(
        "documents",
        "spine-treatment-record",
        rows,
        title="Treatment summary, lumbar spine",
        date=x.day["treatment record"],
        documentKind="TherapyRecordDocument",
    )
    outcome = x.draws.word(f"{key} outcome", NO_GAIN)
    told: dict[str, object] = {"about": CONDITION, "documentedIn": "spine-treatment-record", "outcome": outcome}
    x.put("treatments", key, rows, **{**told, **values})


def therapy(x: Sheet, rows: Rows, key: str = "spine-therapy", **values: object) -> None:
    """Physical therapy for more than six weeks that failed."""
    start, end = x.day["therapy start"], x.day["therapy end"]
    told: dict[str, object] = {"kind": "PhysicalTherapy", "startDate": start, "endDate": end, "date": end}
    treatment(x, rows, key, **{**told, **values})


def medication(x: Sheet, rows: Rows, key: str = "spine-medication", **values: object) -> None:
    """An oral agent for more than six weeks that failed."""
    start, end = x.day["medication start"], x.day["medication end"]
    told: dict[str, object] = {
        "kind": "OralMedication",
        "medicationClass": x.word["agent class"],
        "agent": x.word["agent"],
        "startDate": start,
        "endDate": end,
        "date": end,
    }
    treatment(x, rows, key, **{**told, **values})


def injection(x: Sheet, rows: Rows, key: str = "spine-injection", **values: object) -> None:
    """A spinal injection that failed."""
    target = x.draws.word("spine target", {"EpiduralTarget": 3, "RootTarget": 2, "FacetTarget": 1})
    told: dict[str, object] = {"kind": "Injection", "target": target, "date": x.day["injection"]}
    treatment(x, rows, key, **{**told, **values})


def activity(x: Sheet, rows: Rows, key: str = "activity-change", **values: object) -> None:
    """A change of activity for more than six weeks that failed."""
    start, end = x.day["therapy start"], x.day["therapy end"]
    told: dict[str, object] = {"kind": "RestAndActivityChange", "startDate": start, "endDate": end, "date": end}
    treatment(x, rows, key, **{**told, **values})


def history(x: Sheet, rows: Rows, key: str = "history", **values: object) -> None:
    """The surgical history: no earlier operation on the spine, unless ``values`` say otherwise."""
    told: dict[str, object] = {
        "kind": "SpineOperation",
        "presence": "Absent",
        "date": x.day["surgical note"],
        "about": CONDITION,
        "documentedIn": "surgical-note",
    }
    x.put("priorProcedures", key, rows, **{**told, **values})


def judgement(x: Sheet, rows: Rows, key: str, criterion: str, **values: object) -> None:
    """The physician's dated judgement that a criterion is not fulfilled; ``values`` change it."""
    told: dict[str, object] = {
        "onCriterion": f"pcmm608:{criterion}",
        "verdict": "NotFulfilled",
        "statedBy": "physician",
        "date": x.day["clinic note"],
        "about": CONDITION,
        "documentedIn": "clinic-note",
    }
    x.put("judgements", key, rows, **{**told, **values})


def common(x: Sheet, rows: Rows) -> None:
    """Everything but the care before surgery."""
    _request(x, rows)
    _imaging(x, rows)
    _leg_symptom(x, rows)
    _sign(x, rows)
    history(x, rows)


# ---- Variants --------------------------------------------------------------------------------------


@SPINE.variant("decompression-after-therapy-and-medication", weight=5)
def _therapy_and_medication(x: Sheet, rows: Rows) -> None:
    """Physical therapy and medication failed."""
    common(x, rows)
    therapy(x, rows)
    medication(x, rows)


@SPINE.variant(
    "decompression-after-therapy-and-injection", weight=3, spine_medication=UNDOCUMENTED, spine_injection="met"
)
def _therapy_and_injection(x: Sheet, rows: Rows) -> None:
    """Physical therapy and a spinal injection failed."""
    common(x, rows)
    therapy(x, rows)
    injection(x, rows)


@SPINE.variant("decompression-after-activity-change", weight=1, spine_therapy=UNDOCUMENTED, other_measure="met")
def _activity_and_medication(x: Sheet, rows: Rows) -> None:
    """Medication and a change of activity failed."""
    common(x, rows)
    medication(x, rows)
    activity(x, rows)


@SPINE.variant("decompression-after-every-measure", weight=1, spine_injection="met", other_measure="met")
def _every_measure(x: Sheet, rows: Rows) -> None:
    """Every kind of measure failed."""
    common(x, rows)
    therapy(x, rows)
    medication(x, rows)
    injection(x, rows)
    activity(x, rows)


@SPINE.variant("decompression-on-one-side", weight=2)
def _one_side(x: Sheet, rows: Rows) -> None:
    """The line states a side, and pain, sign and finding are on it."""
    _therapy_and_medication(x, rows)
    side = x.word["spine side"]
    x.change("lines", LINE, rows, side=side)
    x.change("symptoms", "leg-symptom", rows, kind="RadicularPain", side=side)
    x.change("signs", "root-sign", rows, side=side)
    x.change("findings", FINDING, rows, side=side, site=x.word["foramen"])


@SPINE.variant("decompression-of-two-levels", weight=1)
def _two_levels(x: Sheet, rows: Rows) -> None:
    """Two levels are asked for; sign and finding are at one of them."""
    _therapy_and_medication(x, rows)
    x.change("lines", LINE, rows, level=(x.word["level"], x.word["next level"]))


NO_MEASURES = {
    "measures": OPEN,
    "spine_therapy": UNDOCUMENTED,
    "spine_medication": UNDOCUMENTED,
}


@SPINE.variant("decompression-for-cauda-equina", weight=1, shared=False, urgent="met", **NO_MEASURES)
def _cauda_equina(x: Sheet, rows: Rows) -> None:
    """Cauda equina syndrome with loss of bladder control leaves no time for other care."""
    _soon(x, rows)
    common(x, rows)
    x.change("requests", "", rows, urgency="Expedited")
    x.change("conditions", CONDITION, rows, kind="CaudaEquinaSyndrome", diagnosisCode="G83.4")
    x.change("findings", FINDING, rows, site=x.word["canal"])
    x.change("symptoms", "leg-symptom", rows, kind="RadicularPain")
    x.put("symptoms", "bladder", rows, **noted(x, kind="BladderOrBowelDysfunction"))


def _soon(x: Sheet, rows: Rows) -> None:
    """An urgent case: everything happens within days."""
    received = x.day["received"]
    for name, before in (("imaging", 2), ("second imaging", 1), ("clinic note", 2), ("surgical note", 1)):
        x.day[name][rows] = received[rows] - before
    x.day["service"][rows] = received[rows] + x.draws.whole("at once", 0, 3)[rows]


@SPINE.variant("decompression-for-worsening-weakness", weight=1, shared=False, urgent="met", **NO_MEASURES)
def _worsening(x: Sheet, rows: Rows) -> None:
    """A measured weakness gets worse."""
    _soon(x, rows)
    common(x, rows)
    told = noted(x, kind="ProgressiveWeakness", root=x.word["nerve root"], territory=x.word["muscle"])
    x.put("signs", "root-sign", rows, **told, strengthGrade=x.draws.number("worse grade", (2.0, 2.5, 3.0, 3.5)))


@SPINE.variant("decompression-urgency-stated", weight=0.5, shared=False, urgent="met", **NO_MEASURES)
def _urgency_stated(x: Sheet, rows: Rows) -> None:
    """The surgeon states that a deficit that gets worse leaves no time for other care."""
    _soon(x, rows)
    common(x, rows)
    x.put(
        "notIndicatedStatements",
        "no-time",
        rows,
        coversTreatment="ConservativeTreatment",
        reason="ProgressiveDeficitReason",
        statedBy="surgeon",
        date=x.day["surgical note"],
        about=CONDITION,
        documentedIn="surgical-note",
    )


@SPINE.variant("decompression-late-repeat", weight=1)
def _late_repeat(x: Sheet, rows: Rows) -> None:
    """The level was operated on more than twelve weeks before."""
    _therapy_and_medication(x, rows)
    kind = x.draws.word("operation", ("SpineDecompression", "SpineFusion"))
    history(x, rows, presence="Present", kind=kind, level=x.word["level"], date=x.day["old operation"])
