"""What can be wrong with earlier care and earlier operations in a request for decompression of the spine (CMM-608)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reasoner.synthetic.catalogue import HISTORY, TREATMENTS
from reasoner.synthetic.claims import ASK, ASK_AND_JUDGE, CONFLICTING, DENIED, JUDGE, TO_JUDGE, UNDOCUMENTED, UNMET
from reasoner.synthetic.spine_faults import ALL, TOP
from reasoner.synthetic.spine_record import SPINE, activity, history, injection, judgement, medication, therapy

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from reasoner.synthetic.sheet import Sheet

    Rows = NDArray[Any]

URGENT = ("decompression-for-cauda-equina", "decompression-for-worsening-weakness", "decompression-urgency-stated")
TREATED = SPINE.named(*URGENT)
TWO_MEASURES = (
    "decompression-after-therapy-and-medication",
    "decompression-on-one-side",
    "decompression-of-two-levels",
    "decompression-late-repeat",
)
"""Records whose measures are therapy and medication."""
FIRST = SPINE.named("decompression-late-repeat")
CARE = "decompression care-before measures"


# ---- Care before surgery ---------------------------------------------------------------------------


@SPINE.fault(
    "trial-too-short",
    ASK_AND_JUDGE,
    on=TWO_MEASURES,
    touches=(TREATMENTS,),
    opens=CARE,
    spine_therapy=TO_JUDGE,
    weight=3,
)
def _short(x: Sheet, rows: Rows) -> None:
    """Physical therapy lasted less than six weeks."""
    x.change("treatments", "spine-therapy", rows, startDate=x.day["therapy end"] - x.draws.whole("short trial", 10, 41))


@SPINE.fault(
    "trial-without-dates", ASK_AND_JUDGE, on=TWO_MEASURES, touches=(TREATMENTS,), opens=CARE, spine_medication=TO_JUDGE
)
def _undated(x: Sheet, rows: Rows) -> None:
    """Nobody records from when to when the medication was taken."""
    x.change("treatments", "spine-medication", rows, startDate=None, endDate=None)


@SPINE.fault(
    "one-measure-only", ASK, on=TWO_MEASURES, touches=(TREATMENTS,), opens=CARE, spine_medication=UNDOCUMENTED, weight=3
)
def _one_measure(x: Sheet, rows: Rows) -> None:
    """Only physical therapy is on record."""
    x.drop("treatments", "spine-medication", rows=rows)


@SPINE.fault(
    "no-measure",
    ASK,
    on=TWO_MEASURES,
    touches=(TREATMENTS,),
    opens=CARE,
    spine_therapy=UNDOCUMENTED,
    spine_medication=UNDOCUMENTED,
)
def _no_measure(x: Sheet, rows: Rows) -> None:
    """The treatment record was not sent."""
    x.drop("treatments", "spine-therapy", "spine-medication", rows=rows)
    x.drop("documents", "spine-treatment-record", rows=rows)


@SPINE.fault(
    "measure-with-partial-relief",
    ASK_AND_JUDGE,
    on=TWO_MEASURES,
    touches=(TREATMENTS,),
    opens=CARE,
    spine_therapy=TO_JUDGE,
)
def _partial(x: Sheet, rows: Rows) -> None:
    """Physical therapy brought partial relief."""
    x.change("treatments", "spine-therapy", rows, outcome="PartialRelief")


@SPINE.fault(
    "spine-injection-in-doubt",
    ASK_AND_JUDGE,
    on=("decompression-after-therapy-and-injection",),
    touches=(TREATMENTS,),
    opens=CARE,
    spine_injection=TO_JUDGE,
)
def _injection_in_doubt(x: Sheet, rows: Rows) -> None:
    """The spinal injection brought passing relief."""
    x.change("treatments", "spine-injection", rows, outcome="TransientRelief")


@SPINE.fault(
    "spine-injection-helped",
    ASK,
    on=("decompression-after-therapy-and-injection",),
    touches=(TREATMENTS,),
    opens=CARE,
    spine_injection=UNMET,
)
def _injection_helped(x: Sheet, rows: Rows) -> None:
    """The spinal injection brought adequate relief; what else was tried is not on record."""
    x.change("treatments", "spine-injection", rows, outcome="AdequateRelief")


@SPINE.fault(
    "unusual-measure",
    ASK_AND_JUDGE,
    on=("decompression-after-activity-change",),
    touches=(TREATMENTS,),
    opens=CARE,
    other_measure=TO_JUDGE,
)
def _unusual(x: Sheet, rows: Rows) -> None:
    """Beside medication a measure was tried that the guideline's summaries do not name."""
    kind = x.draws.word("unusual", ("Chiropractic", "Acupuncture", "Bracing", "NerveStimulation"))
    x.change("treatments", "activity-change", rows, kind=kind)


@SPINE.fault(
    "therapy-records-of-spine-contradict",
    ASK_AND_JUDGE,
    on=TWO_MEASURES,
    touches=(TREATMENTS,),
    opens=CARE,
    spine_therapy=CONFLICTING,
)
def _therapy_contradicts(x: Sheet, rows: Rows) -> None:
    """Two records of the same course of therapy contradict each other."""
    therapy(x, rows, "spine-other-therapy", outcome="AdequateRelief", documentedIn="surgical-note")


@SPINE.fault(
    "every-measure-helped",
    DENIED,
    on=TREATED,
    touches=(TREATMENTS,),
    refutes=CARE,
    urgent=UNMET,
    spine_therapy=UNMET,
    spine_medication=UNMET,
    spine_injection=UNMET,
    other_measure=UNMET,
    weight=2,
)
def _all_helped(x: Sheet, rows: Rows) -> None:
    """Every measure brought adequate relief, and the physician states that the case is not urgent."""
    for put, key in (
        (therapy, "spine-therapy"),
        (medication, "spine-medication"),
        (injection, "spine-injection"),
        (activity, "activity-change"),
    ):
        put(x, rows, key, outcome="AdequateRelief")
    judgement(x, rows, "urgency-judgement", "UrgentCases")


@SPINE.fault(
    "urgency-contradicts",
    ASK_AND_JUDGE,
    on=URGENT,
    touches=(TREATMENTS,),
    opens="decompression care-before",
    urgent=CONFLICTING,
)
def _urgency_contradicts(x: Sheet, rows: Rows) -> None:
    """What makes the case urgent is on record, and the physician states that it is not."""
    judgement(x, rows, "urgency-judgement", "UrgentCases")


@SPINE.fault(
    "urgent-for-another-reason",
    ASK_AND_JUDGE,
    on=("decompression-urgency-stated",),
    touches=(TREATMENTS,),
    opens="decompression care-before",
    urgent=TO_JUDGE,
)
def _other_reason(x: Sheet, rows: Rows) -> None:
    """The surgeon gives a contraindication as the reason for going without other care."""
    x.change("notIndicatedStatements", "no-time", rows, reason="ContraindicationReason")


# ---- Earlier operations ----------------------------------------------------------------------------


@SPINE.fault("history-silent", ASK, on=FIRST, touches=(HISTORY,), opens=TOP, repeat_interval=UNDOCUMENTED, weight=2)
def _silent(x: Sheet, rows: Rows) -> None:
    """Nothing is on record about earlier operations."""
    x.drop("priorProcedures", "history", rows=rows)


@SPINE.fault("recent-operation", DENIED, on=ALL, touches=(HISTORY,), refutes=TOP, repeat_interval=UNMET, weight=3)
def recent_operation(x: Sheet, rows: Rows) -> None:
    """The level was operated on within the twelve weeks before the service."""
    _operated(x, rows, "history")


def _operated(x: Sheet, rows: Rows, key: str) -> None:
    history(
        x,
        rows,
        key,
        presence="Present",
        kind="SpineDecompression",
        level=x.word["level"],
        date=x.day["recent operation"],
    )


@SPINE.fault("operation-not-placed", JUDGE, on=ALL, touches=(HISTORY,), opens=TOP, repeat_interval=TO_JUDGE)
def _unplaced(x: Sheet, rows: Rows) -> None:
    """An earlier operation is on record without its level."""
    history(x, rows, presence="Present", kind="SpineOperation", level=None, date=x.day["old operation"])


@SPINE.fault(
    "histories-contradict", ASK_AND_JUDGE, on=FIRST, touches=(HISTORY,), opens=TOP, repeat_interval=CONFLICTING
)
def _histories(x: Sheet, rows: Rows) -> None:
    """The surgeon's history names no operation, and the clinic note names a recent one."""
    _operated(x, rows, "operation")
    x.change("priorProcedures", "operation", rows, documentedIn="clinic-note")
