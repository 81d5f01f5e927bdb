"""What can be wrong with symptoms, examination and imaging in a request for decompression of the spine (CMM-608)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reasoner.synthetic.catalogue import EXAMINATION, FINDINGS, SYMPTOMS
from reasoner.synthetic.claims import ASK, ASK_AND_JUDGE, CONFLICTING, DENIED, JUDGE, TO_JUDGE, UNDOCUMENTED, UNMET
from reasoner.synthetic.spine_record import CONDITION, FINDING, IMAGING, SPINE, judgement, report

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from reasoner.synthetic.sheet import Sheet

    Rows = NDArray[Any]

ALL = SPINE.named()
ONE_SIDE = ("decompression-on-one-side",)
MEASURED = SPINE.named("decompression-for-worsening-weakness")
TOP = "decompression"


# ---- Symptoms and their effect ---------------------------------------------------------------------


@SPINE.fault(
    "leg-symptoms-undocumented",
    ASK,
    on=SPINE.named("decompression-for-cauda-equina"),
    touches=(SYMPTOMS,),
    opens=TOP,
    leg_symptoms=UNDOCUMENTED,
    daily_impairment=UNDOCUMENTED,
    weight=2,
)
def _no_symptoms(x: Sheet, rows: Rows) -> None:
    """No symptom is on record."""
    x.drop("symptoms", "leg-symptom", rows=rows)


@SPINE.fault("leg-pain-unnamed", JUDGE, on=ALL, touches=(SYMPTOMS,), opens=TOP, leg_symptoms=TO_JUDGE)
def _unnamed(x: Sheet, rows: Rows) -> None:
    """There is pain that nobody calls neurogenic claudication or radiculopathy."""
    x.change("symptoms", "leg-symptom", rows, kind="Pain", territory="PosteriorThigh")


@SPINE.fault(
    "leg-symptoms-denied",
    DENIED,
    on=SPINE.named("decompression-for-cauda-equina"),
    touches=(SYMPTOMS,),
    refutes=TOP,
    leg_symptoms=UNMET,
    daily_impairment=UNDOCUMENTED,
    weight=2,
)
def _denied(x: Sheet, rows: Rows) -> None:
    """The physician states that there is neither neurogenic claudication nor radiculopathy."""
    x.drop("symptoms", "leg-symptom", rows=rows)
    judgement(x, rows, "leg-judgement", "ClaudicationOrRadiculopathy")


@SPINE.fault("leg-symptoms-contradict", ASK_AND_JUDGE, on=ALL, touches=(SYMPTOMS,), opens=TOP, leg_symptoms=CONFLICTING)
def _contradict(x: Sheet, rows: Rows) -> None:
    """The note records the symptom, and the surgeon states that there is none."""
    told = {"statedBy": "surgeon", "date": x.day["surgical note"], "documentedIn": "surgical-note"}
    judgement(x, rows, "leg-judgement", "ClaudicationOrRadiculopathy", **told)


@SPINE.fault(
    "leg-pain-on-the-other-side",
    ASK_AND_JUDGE,
    on=ONE_SIDE,
    touches=(SYMPTOMS,),
    opens=TOP,
    leg_symptoms=CONFLICTING,
    weight=3,
)
def _other_side(x: Sheet, rows: Rows) -> None:
    """The pain is recorded on the other side than the line's."""
    x.change("symptoms", "leg-symptom", rows, side=x.word["other spine side"])


@SPINE.fault("effect-not-recorded", JUDGE, on=ALL, touches=(SYMPTOMS,), opens=TOP, daily_impairment=TO_JUDGE, weight=2)
def _no_effect(x: Sheet, rows: Rows) -> None:
    """Nobody records what the pain does to daily life."""
    x.change("symptoms", "leg-symptom", rows, functionalEffect=None)


@SPINE.fault("pain-stated-minor", DENIED, on=ALL, touches=(SYMPTOMS,), refutes=TOP, daily_impairment=UNMET, weight=2)
def _minor(x: Sheet, rows: Rows) -> None:
    """The physician calls the pain insignificant."""
    x.change("symptoms", "leg-symptom", rows, functionalEffect=None, significance="NotSignificant", painScore=1)


@SPINE.fault(
    "impairment-contradicts", ASK_AND_JUDGE, on=ALL, touches=(SYMPTOMS,), opens=TOP, daily_impairment=CONFLICTING
)
def _impairment_denied(x: Sheet, rows: Rows) -> None:
    """An effect on daily life is recorded, and the surgeon states that there is none."""
    told = {"statedBy": "surgeon", "date": x.day["surgical note"], "documentedIn": "surgical-note"}
    judgement(x, rows, "impairment-judgement", "DailyImpairment", **told)


# ---- Examination -----------------------------------------------------------------------------------


@SPINE.fault(
    "examination-undocumented",
    ASK,
    on=MEASURED,
    touches=(EXAMINATION,),
    opens=TOP,
    matching_examination=UNDOCUMENTED,
    weight=2,
)
def _no_sign(x: Sheet, rows: Rows) -> None:
    """No sign of an examination is on record."""
    x.drop("signs", "root-sign", rows=rows)


@SPINE.fault("sign-of-another-root", JUDGE, on=ALL, touches=(EXAMINATION,), opens=TOP, matching_examination=TO_JUDGE)
def _another_root(x: Sheet, rows: Rows) -> None:
    """The sign belongs to a root that cannot be pressed at the line's level."""
    x.change(
        "signs", "root-sign", rows, root=x.draws.word("distant root", ("NerveRootL1", "NerveRootL2")), territory=None
    )


@SPINE.fault("full-strength", JUDGE, on=MEASURED, touches=(EXAMINATION,), opens=TOP, matching_examination=TO_JUDGE)
def _full_strength(x: Sheet, rows: Rows) -> None:
    """Strength is measured as normal."""
    x.change("signs", "root-sign", rows, kind="MuscleWeakness", strengthGrade=5.0, territory=x.word["muscle"])


@SPINE.fault(
    "examination-does-not-fit",
    DENIED,
    on=MEASURED,
    touches=(EXAMINATION,),
    refutes=TOP,
    matching_examination=UNMET,
    weight=2,
)
def _examination_denied(x: Sheet, rows: Rows) -> None:
    """The physician states that the examination shows neither a tension sign nor a deficit that fits."""
    x.drop("signs", "root-sign", rows=rows)
    judgement(x, rows, "examination-judgement", "MatchingExamination")


@SPINE.fault(
    "sign-on-the-other-side",
    ASK_AND_JUDGE,
    on=ONE_SIDE,
    touches=(EXAMINATION,),
    opens=TOP,
    matching_examination=CONFLICTING,
    weight=3,
)
def _sign_other_side(x: Sheet, rows: Rows) -> None:
    """The sign is recorded on the other side than the line's."""
    x.change("signs", "root-sign", rows, side=x.word["other spine side"])


# ---- Imaging ---------------------------------------------------------------------------------------


@SPINE.fault(
    "spine-imaging-only-ordered", ASK, on=ALL, touches=(FINDINGS,), opens=TOP, neural_compression=UNDOCUMENTED, weight=2
)
def _ordered(x: Sheet, rows: Rows) -> None:
    """The MRI is ordered and not done."""
    x.drop("findings", FINDING, "disc-finding", rows=rows)
    x.drop("documents", "spine-imaging-report", rows=rows)
    x.change("studies", IMAGING, rows, reportStatus="Ordered", date=None, documentedIn=None)


@SPINE.fault("spine-imaging-preliminary", ASK, on=ALL, touches=(FINDINGS,), opens=TOP, neural_compression=UNDOCUMENTED)
def _preliminary(x: Sheet, rows: Rows) -> None:
    """The report of the MRI is preliminary."""
    x.change("studies", IMAGING, rows, reportStatus="PreliminaryReport")


@SPINE.fault("imaging-of-another-level", JUDGE, on=ALL, touches=(FINDINGS,), opens=TOP, neural_compression=TO_JUDGE)
def _another_level(x: Sheet, rows: Rows) -> None:
    """Nerves are compressed at another level than the line's."""
    x.change("findings", FINDING, rows, site="SpinalCanalL2L3", level="LevelL2L3")


@SPINE.fault("narrowing-only", JUDGE, on=ALL, touches=(FINDINGS,), opens=TOP, neural_compression=TO_JUDGE, weight=2)
def _narrowing(x: Sheet, rows: Rows) -> None:
    """The report names a narrow canal or a protruding disc and says nothing of nerves."""
    x.change(
        "findings", FINDING, rows, kind=x.draws.word("narrowing", ("CanalStenosisFinding", "DiscHerniationFinding"))
    )


@SPINE.fault("level-shown-free", DENIED, on=ALL, touches=(FINDINGS,), refutes=TOP, neural_compression=UNMET, weight=3)
def _free(x: Sheet, rows: Rows) -> None:
    """The final report says that no nerve is compressed at the level."""
    x.change("findings", FINDING, rows, presence="Absent", site=x.word["level"], side=None)


@SPINE.fault(
    "spine-studies-contradict", ASK_AND_JUDGE, on=ALL, touches=(FINDINGS,), opens=TOP, neural_compression=CONFLICTING
)
def _studies_contradict(x: Sheet, rows: Rows) -> None:
    """The MRI shows compressed nerves at the level, a CT shows none."""
    _second_study(x, rows, "CT", "CT report, lumbar spine")


@SPINE.fault(
    "later-imaging-shows-level-free", DENIED, on=ALL, touches=(FINDINGS,), refutes=TOP, neural_compression=UNMET
)
def _superseded(x: Sheet, rows: Rows) -> None:
    """A later MRI of the same level shows no compressed nerve and supersedes the earlier one."""
    x.change("findings", FINDING, rows, site=x.word["level"], side=None)
    _second_study(x, rows, "MRI", "MRI report, lumbar spine, follow-up")


def _second_study(x: Sheet, rows: Rows, method: str, title: str) -> None:
    report(x, rows, "second-imaging-report", title, x.day["second imaging"])
    x.put(
        "studies",
        "second-imaging",
        rows,
        modality=method,
        region="LumbarSpineRegion",
        date=x.day["second imaging"],
        reportStatus="FinalReport",
        documentedIn="second-imaging-report",
    )
    x.put(
        "findings",
        "second-finding",
        rows,
        study="second-imaging",
        kind="NerveCompression",
        presence="Absent",
        site=x.word["level"],
        about=CONDITION,
    )
