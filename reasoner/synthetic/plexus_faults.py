"""What can be wrong with symptoms, statements and the indication in a request for release of the plexus (0587)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reasoner.synthetic.catalogue import (
    EXAMINATION,
    FINDINGS,
    REQUEST,
    SUPPORT,
    SYMPTOMS,
)
from reasoner.synthetic.claims import (
    APPROVED,
    ASK,
    ASK_AND_JUDGE,
    CONFLICTING,
    DENIED,
    DENY,
    JUDGE,
    MET,
    PEND,
    TO_JUDGE,
    UNDOCUMENTED,
    UNMET,
    Outcome,
)
from reasoner.synthetic.plexus_parts import (
    CAUSES_SYMPTOMS,
    CONDITION,
    FINDING,
    IMAGING_SUPPORTS,
    judgement,
    neurology_note,
    weakness,
)
from reasoner.synthetic.plexus_record import PLEXUS
from reasoner.synthetic.plexus_studies import (
    ALL,
    IMAGES,
    NOT_SHOWN,
    ONE_SIDED_PAIN,
    WITH_PAIN,
    branch,
    root,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from reasoner.synthetic.sheet import Sheet

    Rows = NDArray[Any]


# ---- Symptoms --------------------------------------------------------------------------------------


@PLEXUS.fault(
    "symptoms-undocumented",
    ASK,
    on=ALL,
    touches=(SYMPTOMS, EXAMINATION),
    opens="necessity further-criteria support",
    symptoms=UNDOCUMENTED,
    clinical_support=UNDOCUMENTED,
    weight=2,
)
def _no_symptoms(x: Sheet, rows: Rows) -> None:
    """No symptom and no sign is on record, and no statement that would rest on one."""
    _no_clinical_record(x, rows)


def _no_clinical_record(x: Sheet, rows: Rows) -> None:
    x.drop("symptoms", "thigh-pain", rows=rows)
    x.drop("signs", "thigh-weakness", rows=rows)
    x.drop("judgements", "symptom-judgement", "clinical-judgement", rows=rows)
    x.drop("documents", "neurology-note", rows=rows)
    x.drop("clinicians", "neurologist", rows=rows)


def _pain_alone(x: Sheet, rows: Rows) -> None:
    x.drop("signs", "thigh-weakness", rows=rows)
    x.change("symptoms", "thigh-pain", rows, functionalEffect=None)


@PLEXUS.fault(
    "significance-not-stated",
    JUDGE,
    on=WITH_PAIN,
    touches=(SYMPTOMS,),
    opens="necessity",
    symptoms=TO_JUDGE,
    weight=2,
)
def _not_significant(x: Sheet, rows: Rows) -> None:
    """The pain is attributed to the compression, and nobody says whether it is significant."""
    _pain_alone(x, rows)
    x.change("symptoms", "thigh-pain", rows, significance=None, painScore=None)


@PLEXUS.fault(
    "symptoms-not-attributed", ASK, on=WITH_PAIN, touches=(SYMPTOMS,), opens="necessity", symptoms=UNDOCUMENTED
)
def _not_attributed(x: Sheet, rows: Rows) -> None:
    """Nobody links the pain to the compression."""
    _pain_alone(x, rows)
    x.change("symptoms", "thigh-pain", rows, attributedTo=None)


@PLEXUS.fault(
    "symptoms-on-the-other-side",
    ASK_AND_JUDGE,
    on=ONE_SIDED_PAIN,
    touches=(SYMPTOMS,),
    opens="necessity",
    symptoms=CONFLICTING,
)
def _symptoms_on_other_side(x: Sheet, rows: Rows) -> None:
    """The pain is recorded on the other side than the line's."""
    _pain_alone(x, rows)
    x.change("symptoms", "thigh-pain", rows, side=x.word["other side"])


def _denied_symptoms(x: Sheet, rows: Rows) -> None:
    note = {"statedBy": "neurologist", "date": x.day["clinic note"], "documentedIn": "neurology-note"}
    judgement(x, rows, "symptom-judgement", CAUSES_SYMPTOMS, None, **note, verdict="NotFulfilled")


@PLEXUS.fault(
    "symptoms-stated-minor",
    DENIED,
    on=WITH_PAIN,
    touches=(SYMPTOMS,),
    refutes="necessity",
    symptoms=UNMET,
    weight=3,
)
def _stated_minor(x: Sheet, rows: Rows) -> None:
    """The neurologist states that the compression causes no significant symptoms."""
    _pain_alone(x, rows)
    x.change("symptoms", "thigh-pain", rows, significance="NotSignificant", painScore=1)
    _denied_symptoms(x, rows)


@PLEXUS.fault(
    "weakness-against-statement",
    ASK_AND_JUDGE,
    on=WITH_PAIN,
    touches=(SYMPTOMS,),
    opens="necessity",
    symptoms=CONFLICTING,
)
def _weakness_against_statement(x: Sheet, rows: Rows) -> None:
    """Strength is measured below normal, and the neurologist states that there are no significant symptoms."""
    weakness(x, rows)
    x.change("symptoms", "thigh-pain", rows, significance="NotSignificant", painScore=1, functionalEffect=None)
    sides = x.slots["findings", FINDING].values["side"]
    x.change("signs", "thigh-weakness", rows, side=sides)
    _denied_symptoms(x, rows)


# ---- Support ---------------------------------------------------------------------------------------


@PLEXUS.fault(
    "imaging-not-judged",
    JUDGE,
    on=ALL,
    touches=(FINDINGS, SUPPORT),
    opens="necessity further-criteria support",
    imaging_support=TO_JUDGE,
    weight=2,
)
def _imaging_not_judged(x: Sheet, rows: Rows) -> None:
    """Imaging is on record, and nobody states whether it supports surgery."""
    x.drop("judgements", "imaging-judgement", rows=rows)


@PLEXUS.fault(
    "imaging-judged-by-a-consultant",
    JUDGE,
    on=ALL,
    touches=(FINDINGS, SUPPORT),
    opens="necessity further-criteria support",
    imaging_support=TO_JUDGE,
)
def _judged_by_consultant(x: Sheet, rows: Rows) -> None:
    """A consultant who does not treat the member states that imaging supports surgery."""
    x.put("clinicians", "consultant", rows, role="ConsultingClinician")
    x.change("judgements", "imaging-judgement", rows, statedBy="consultant")


@PLEXUS.fault(
    "imaging-does-not-support",
    DENIED,
    on=ALL,
    touches=(FINDINGS, SUPPORT),
    refutes="necessity further-criteria support",
    imaging_support=UNMET,
    weight=4,
)
def imaging_denied(x: Sheet, rows: Rows) -> None:
    """The surgeon states that imaging does not support surgery."""
    x.change("judgements", "imaging-judgement", rows, verdict="NotFulfilled")


@PLEXUS.fault(
    "imaging-judgements-contradict",
    ASK_AND_JUDGE,
    on=ALL,
    touches=(FINDINGS, SUPPORT),
    opens="necessity further-criteria support",
    imaging_support=CONFLICTING,
)
def _judgements_contradict(x: Sheet, rows: Rows) -> None:
    """The surgeon says that imaging supports surgery, the neurologist says that it does not."""
    neurology_note(x, rows)
    note = {"statedBy": "neurologist", "date": x.day["clinic note"], "documentedIn": "neurology-note"}
    judgement(x, rows, "other-imaging-judgement", IMAGING_SUPPORTS, FINDING, **note, verdict="NotFulfilled")


@PLEXUS.fault(
    "clinical-findings-do-not-support",
    DENIED,
    on=WITH_PAIN,
    touches=(SYMPTOMS, EXAMINATION),
    refutes="necessity further-criteria support",
    clinical_support=UNMET,
    weight=3,
)
def _clinical_denied(x: Sheet, rows: Rows) -> None:
    """The surgeon states that clinical findings do not support surgery, and no deficit is measured."""
    _pain_alone(x, rows)
    x.change("judgements", "clinical-judgement", rows, verdict="NotFulfilled")


@PLEXUS.fault(
    "clinical-findings-contradict",
    ASK_AND_JUDGE,
    on=ONE_SIDED_PAIN,
    touches=(SYMPTOMS, EXAMINATION),
    opens="necessity further-criteria support",
    clinical_support=CONFLICTING,
)
def _clinical_contradict(x: Sheet, rows: Rows) -> None:
    """A weakness is measured, and the surgeon states that clinical findings do not support surgery."""
    weakness(x, rows)
    x.change("judgements", "clinical-judgement", rows, verdict="NotFulfilled")


@PLEXUS.fault(
    "reflex-loss-only",
    JUDGE,
    on=ONE_SIDED_PAIN,
    touches=(SYMPTOMS, EXAMINATION),
    opens="necessity further-criteria support",
    clinical_support=TO_JUDGE,
)
def _reflex_only(x: Sheet, rows: Rows) -> None:
    """The only clinical finding beside the pain is a lost reflex, and nobody judges it."""
    _pain_alone(x, rows)
    x.drop("judgements", "clinical-judgement", rows=rows)
    weakness(x, rows, "reflex", kind="ReflexLoss", territory="Quadriceps", strengthGrade=None)


# ---- The indication --------------------------------------------------------------------------------

SPINE_KINDS = (
    ("LumbarSpinalStenosis", "M48.061"),
    ("LumbarDiscHerniation", "M51.16"),
    ("LumbarRadiculopathy", "M54.16"),
    ("LumbarSpondylosis", "M47.26"),
)


def _spine_indication(x: Sheet, rows: Rows) -> None:
    kind = x.draws.index("spine kind", (3, 3, 2, 1))
    for column, values in zip(("kind", "diagnosisCode"), zip(*SPINE_KINDS, strict=True), strict=True):
        x.change("conditions", CONDITION, rows, **{column: x.draws.words(values, kind)})


@PLEXUS.fault(
    "requested-for-the-spine",
    Outcome(DENY, "excluded-indication", "clinician-review"),
    on=("release-after-treatment", "release-justified-epidural"),
    touches=(*IMAGES, EXAMINATION),
    opens="further-criteria support",
    refutes="necessity",
    compression=UNDOCUMENTED,
    symptoms=UNMET,
    imaging_support=UNDOCUMENTED,
    other_indication=MET,
    alone=True,
    weight=5,
)
def _requested_for_spine(x: Sheet, rows: Rows) -> None:
    """The line is requested for a condition of the lumbar spine, and the findings are in the spine."""
    _spine_indication(x, rows)
    root(x, rows)
    x.change("findings", FINDING, rows, site="SpinalCanal")


@PLEXUS.fault(
    "indication-contradicts-findings",
    Outcome(PEND, "inconsistent", "clinician-review"),
    on=("release-after-treatment", "release-for-measured-weakness"),
    touches=(REQUEST,),
    other_indication=MET,
    alone=True,
    weight=2,
)
def _indication_contradicts(x: Sheet, rows: Rows) -> None:
    """The line names a condition of the spine, for which the record documents compression of the plexus."""
    _spine_indication(x, rows)


def _branch_indication(x: Sheet, rows: Rows) -> None:
    kind = x.draws.word("branch kind", ("FemoralNeuropathy", "ObturatorNeuropathy"))
    x.change("conditions", CONDITION, rows, kind=kind, diagnosisCode=None)


@PLEXUS.fault(
    "requested-for-a-branch",
    JUDGE,
    on=("release-after-treatment", "release-for-measured-weakness"),
    touches=(*IMAGES, REQUEST),
    opens=NOT_SHOWN,
    compression=TO_JUDGE,
    symptoms=TO_JUDGE,
    imaging_support=TO_JUDGE,
    other_indication=TO_JUDGE,
    alone=True,
)
def _requested_for_branch(x: Sheet, rows: Rows) -> None:
    """A branch is compressed and named as the indication: neither plainly covered nor plainly something else."""
    branch(x, rows)
    _branch_indication(x, rows)


@PLEXUS.fault(
    "branch-named-plexus-compressed",
    APPROVED,
    on=("release-after-treatment", "release-for-measured-weakness"),
    touches=(REQUEST,),
    other_indication=TO_JUDGE,
    alone=True,
)
def _branch_named(x: Sheet, rows: Rows) -> None:
    """A branch is named as the indication; documented compression of the plexus rules out that it is another one."""
    _branch_indication(x, rows)
