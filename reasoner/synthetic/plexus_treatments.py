"""What can be wrong with conservative treatment in a request for release of the plexus (0587)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reasoner.synthetic.catalogue import TREATMENTS
from reasoner.synthetic.claims import (
    APPROVED,
    ASK,
    ASK_AND_JUDGE,
    CONFLICTING,
    DENIED,
    JUDGE,
    TO_JUDGE,
    UNDOCUMENTED,
    UNMET,
)
from reasoner.synthetic.plexus_parts import (
    injection,
    injury,
    medication,
    not_indicated,
    therapy,
)
from reasoner.synthetic.plexus_record import PLEXUS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from reasoner.synthetic.sheet import Sheet

    Rows = NDArray[Any]

PLAIN = PLEXUS.named("release-after-acute-trauma", "release-injection-not-indicated", "release-therapy-failed-at-last")
"""Records in which therapy, medication and injection were each tried once and failed."""
TARGETED = tuple(v for v in PLAIN if v != "release-justified-epidural")
TRAUMA = ("release-after-acute-trauma",)
OPENED = "necessity further-criteria conservative treatments"
REFUTED = "necessity further-criteria conservative treatments"
PART = (TREATMENTS,)


# ---- Nothing on record -----------------------------------------------------------------------------


@PLEXUS.fault(
    "physical-therapy-undocumented",
    ASK,
    on=PLAIN,
    touches=PART,
    opens=OPENED,
    physical_therapy=UNDOCUMENTED,
    weight=2,
)
def _no_therapy(x: Sheet, rows: Rows) -> None:
    """Nothing is on record about physical therapy."""
    x.drop("treatments", "plexus-therapy", rows=rows)


@PLEXUS.fault("oral-medication-undocumented", ASK, on=PLAIN, touches=PART, opens=OPENED, oral_medication=UNDOCUMENTED)
def _no_medication(x: Sheet, rows: Rows) -> None:
    """Nothing is on record about oral medication."""
    x.drop("treatments", "plexus-medication", "plexus-second-medication", rows=rows)


@PLEXUS.fault("injection-undocumented", ASK, on=PLAIN, touches=PART, opens=OPENED, injection=UNDOCUMENTED, weight=3)
def _no_injection(x: Sheet, rows: Rows) -> None:
    """Nothing is on record about an injection."""
    x.drop("treatments", "plexus-injection", rows=rows)


@PLEXUS.fault(
    "treatment-record-missing",
    ASK,
    on=PLAIN,
    touches=PART,
    opens=OPENED,
    physical_therapy=UNDOCUMENTED,
    oral_medication=UNDOCUMENTED,
    injection=UNDOCUMENTED,
    weight=2,
)
def _no_record(x: Sheet, rows: Rows) -> None:
    """The treatment record was not sent."""
    _no_therapy(x, rows)
    _no_medication(x, rows)
    _no_injection(x, rows)
    x.drop("documents", "treatment-record", rows=rows)


@PLEXUS.fault("medication-ongoing", ASK, on=PLAIN, touches=PART, opens=OPENED, oral_medication=UNDOCUMENTED)
def _ongoing(x: Sheet, rows: Rows) -> None:
    """Medication goes on and has no outcome yet."""
    x.drop("treatments", "plexus-second-medication", rows=rows)
    x.change("treatments", "plexus-medication", rows, outcome="Ongoing", endDate=None)


@PLEXUS.fault("injection-only-ordered", ASK, on=TARGETED, touches=PART, opens=OPENED, injection=UNDOCUMENTED)
def _injection_ordered(x: Sheet, rows: Rows) -> None:
    """An injection is ordered and not done."""
    x.change("treatments", "plexus-injection", rows, outcome="OrderedOnly")


# ---- To be weighed ---------------------------------------------------------------------------------


@PLEXUS.fault(
    "therapy-with-partial-relief",
    ASK_AND_JUDGE,
    on=PLAIN,
    touches=PART,
    opens=OPENED,
    physical_therapy=TO_JUDGE,
)
def _partial_relief(x: Sheet, rows: Rows) -> None:
    """Physical therapy brought partial relief."""
    x.change("treatments", "plexus-therapy", rows, outcome="PartialRelief")


@PLEXUS.fault(
    "medication-refused", ASK_AND_JUDGE, on=PLAIN, touches=PART, opens=OPENED, oral_medication=TO_JUDGE, weight=0.5
)
def _refused(x: Sheet, rows: Rows) -> None:
    """The member refused oral medication."""
    x.drop("treatments", "plexus-second-medication", rows=rows)
    x.change("treatments", "plexus-medication", rows, outcome="Refused", startDate=None, endDate=None)


@PLEXUS.fault("muscle-relaxant-only", ASK_AND_JUDGE, on=PLAIN, touches=PART, opens=OPENED, oral_medication=TO_JUDGE)
def _muscle_relaxant(x: Sheet, rows: Rows) -> None:
    """Only a muscle relaxant was tried, which is neither an analgesic nor a neuropathic agent."""
    x.drop("treatments", "plexus-second-medication", rows=rows)
    x.change("treatments", "plexus-medication", rows, medicationClass="MuscleRelaxant", agent="tizanidine")


@PLEXUS.fault("injection-elsewhere", ASK_AND_JUDGE, on=TARGETED, touches=PART, opens=OPENED, injection=TO_JUDGE)
def _elsewhere(x: Sheet, rows: Rows) -> None:
    """The only injection was aimed at the spine, and nobody says why."""
    target = x.draws.word("other target", ("EpiduralTarget", "FacetTarget", "SacroiliacTarget"))
    x.change("treatments", "plexus-injection", rows, target=target)


@PLEXUS.fault("injection-passing-relief", ASK_AND_JUDGE, on=PLAIN, touches=PART, opens=OPENED, injection=TO_JUDGE)
def _passing_relief(x: Sheet, rows: Rows) -> None:
    """The injection brought passing relief."""
    x.change("treatments", "plexus-injection", rows, outcome="TransientRelief")


@PLEXUS.fault("injection-contraindicated", ASK_AND_JUDGE, on=PLAIN, touches=PART, opens=OPENED, injection=TO_JUDGE)
def _contraindicated(x: Sheet, rows: Rows) -> None:
    """An injection was contraindicated, a reason that the policy does not name."""
    x.drop("treatments", "plexus-injection", rows=rows)
    not_indicated(x, rows, "no-injection", "Injection", reason="ContraindicationReason", dueTo=None)


# ---- Contradictions --------------------------------------------------------------------------------


@PLEXUS.fault(
    "therapy-records-contradict",
    ASK_AND_JUDGE,
    on=PLAIN,
    touches=PART,
    opens=OPENED,
    physical_therapy=CONFLICTING,
)
def _therapy_contradicted(x: Sheet, rows: Rows) -> None:
    """Two records of the same course of therapy contradict each other."""
    therapy(x, rows, "plexus-other-therapy", outcome="AdequateRelief", documentedIn="surgical-note")


@PLEXUS.fault(
    "medication-records-contradict",
    ASK_AND_JUDGE,
    on=PLAIN,
    touches=PART,
    opens=OPENED,
    oral_medication=CONFLICTING,
)
def _medication_contradicted(x: Sheet, rows: Rows) -> None:
    """Two records of the same medication contradict each other."""
    medication(x, rows, "plexus-other-medication", outcome="AdequateRelief", documentedIn="surgical-note")


@PLEXUS.fault(
    "injection-records-contradict", ASK_AND_JUDGE, on=TARGETED, touches=PART, opens=OPENED, injection=CONFLICTING
)
def _injection_contradicted(x: Sheet, rows: Rows) -> None:
    """Two records of the same injection contradict each other."""
    injection(x, rows, "plexus-other-injection", outcome="AdequateRelief", documentedIn="surgical-note")


# ---- Contrary evidence -----------------------------------------------------------------------------


@PLEXUS.fault(
    "therapy-helped",
    ASK,
    on=PLAIN,
    touches=PART,
    opens="necessity further-criteria conservative",
    refutes="treatments",
    physical_therapy=UNMET,
)
def _therapy_helped(x: Sheet, rows: Rows) -> None:
    """Physical therapy brought adequate relief; nothing is on record about trauma, which could waive it."""
    x.change("treatments", "plexus-therapy", rows, outcome="AdequateRelief")


def _old_injury(x: Sheet, rows: Rows) -> None:
    """A trauma that the surgeon calls no longer acute, so that nothing waives the treatments."""
    injury(x, rows, acuity="NotAcute", occurredOn=x.day["old injury"])


@PLEXUS.fault(
    "therapy-helped-and-no-acute-trauma",
    DENIED,
    on=PLAIN,
    touches=PART,
    refutes=REFUTED,
    physical_therapy=UNMET,
    trauma_waiver=UNMET,
    weight=3,
)
def _therapy_helped_no_trauma(x: Sheet, rows: Rows) -> None:
    """Physical therapy brought adequate relief, and the surgeon calls the trauma not acute."""
    _therapy_helped(x, rows)
    _old_injury(x, rows)


@PLEXUS.fault(
    "medication-helped-and-no-acute-trauma",
    DENIED,
    on=PLAIN,
    touches=PART,
    refutes=REFUTED,
    oral_medication=UNMET,
    trauma_waiver=UNMET,
    weight=2,
)
def _medication_helped(x: Sheet, rows: Rows) -> None:
    """Oral medication brought adequate relief, and the surgeon calls the trauma not acute."""
    x.drop("treatments", "plexus-second-medication", rows=rows)
    x.change("treatments", "plexus-medication", rows, outcome="AdequateRelief")
    _old_injury(x, rows)


@PLEXUS.fault(
    "injection-helped-and-no-acute-trauma",
    DENIED,
    on=TARGETED,
    touches=PART,
    refutes=REFUTED,
    injection=UNMET,
    trauma_waiver=UNMET,
    weight=2,
)
def _injection_helped(x: Sheet, rows: Rows) -> None:
    """The injection brought adequate relief, and the surgeon calls the trauma not acute."""
    x.change("treatments", "plexus-injection", rows, outcome="AdequateRelief")
    _old_injury(x, rows)


# ---- The waiver ------------------------------------------------------------------------------------

WAIVED: dict[str, Any] = {
    "physical_therapy": UNDOCUMENTED,
    "oral_medication": UNDOCUMENTED,
    "injection": UNDOCUMENTED,
}


@PLEXUS.fault(
    "acuity-not-stated",
    JUDGE,
    on=TRAUMA,
    touches=PART,
    opens=OPENED,
    trauma_waiver=TO_JUDGE,
    physical_therapy=TO_JUDGE,
    oral_medication=TO_JUDGE,
    injection=TO_JUDGE,
)
def _acuity_not_stated(x: Sheet, rows: Rows) -> None:
    """Nobody says whether the trauma is acute."""
    x.change("traumaEvents", "injury", rows, acuity=None)


@PLEXUS.fault("waiver-undated", ASK, on=TRAUMA, touches=PART, opens=OPENED, trauma_waiver=UNDOCUMENTED, **WAIVED)
def _waiver_undated(x: Sheet, rows: Rows) -> None:
    """The statement about acute trauma carries no date."""
    x.change("notIndicatedStatements", "no-treatment", rows, date=None)


@PLEXUS.fault(
    "no-treatment-by-preference", ASK, on=TRAUMA, touches=PART, opens=OPENED, trauma_waiver=UNDOCUMENTED, **WAIVED
)
def _preference(x: Sheet, rows: Rows) -> None:
    """The member preferred surgery, which is no clinical reason."""
    x.change("notIndicatedStatements", "no-treatment", rows, reason="PreferenceReason", dueTo=None)


@PLEXUS.fault("acuity-contradicted", APPROVED, on=TRAUMA, touches=PART, trauma_waiver=CONFLICTING)
def _acuity_contradicted(x: Sheet, rows: Rows) -> None:
    """The neurologist calls the trauma not acute; the surgeon's statement still covers each treatment."""
    x.put("clinicians", "neurologist", rows, role="TreatingClinician")
    x.put(
        "traumaEvents",
        "same-injury",
        rows,
        kind="BluntInjury",
        acuity="NotAcute",
        occurredOn=x.day["injury"],
        statedBy="neurologist",
        about="plexus",
        documentedIn="surgical-note",
    )
