"""What can be wrong with studies, symptoms and statements of a request for release of the plexus (0587)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reasoner.synthetic.catalogue import EXAMINATION, FINDINGS, REQUEST, SUPPORT, SYMPTOMS
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
from reasoner.synthetic.plexus_record import (
    CAUSES_SYMPTOMS,
    CONDITION,
    FINDING,
    IMAGING,
    IMAGING_SUPPORTS,
    LINE,
    PLEXUS,
    judgement,
    report,
    weakness,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from reasoner.synthetic.sheet import Sheet

    Rows = NDArray[Any]

ALL = PLEXUS.named()
ONE_STUDY = PLEXUS.named("release-after-later-imaging")
"""Records whose only imaging of the plexus is the study that shows the compression."""
ONE_SIDE = PLEXUS.named("release-after-later-imaging", "release-both-sides")
SIGNIFICANT_BY_ITSELF = tuple(v for v in ONE_STUDY if v != "release-significance-stated")
"""Records whose symptom or sign is significant without a judgement, which falls with the compression."""
SIGNIFICANT_ON_ONE_SIDE = tuple(v for v in ONE_SIDE if v in SIGNIFICANT_BY_ITSELF)
WITH_PAIN = PLEXUS.named("release-for-measured-weakness", "release-significance-stated")
ONE_SIDED_PAIN = tuple(v for v in WITH_PAIN if v != "release-both-sides")
IMAGES = (FINDINGS, SYMPTOMS, SUPPORT)
NOT_SHOWN = "necessity further-criteria support"


# ---- Studies and their findings --------------------------------------------------------------------


def _only_imaging(x: Sheet, rows: Rows) -> None:
    """Leave one study, so that nothing else stands in for it."""
    x.drop("studies", "emg", "spine-mri", rows=rows)
    x.drop("findings", "emg-finding", "canal-finding", rows=rows)
    x.drop("documents", "emg-report", "spine-mri-report", rows=rows)


def _attributed_to_condition(x: Sheet, rows: Rows) -> None:
    x.change("symptoms", "thigh-pain", rows, attributedTo=CONDITION)
    x.change("signs", "thigh-weakness", rows, attributedTo=CONDITION)


def _by_mri(x: Sheet, rows: Rows) -> None:
    """A method that could show the plexus free."""
    x.change("studies", IMAGING, rows, modality="MRI", region="PlexusRegion")
    x.change("documents", "plexus-imaging-report", rows, title="MRI report, lumbosacral plexus")


@PLEXUS.fault(
    "imaging-only-ordered",
    ASK,
    on=ONE_STUDY,
    touches=IMAGES,
    opens=NOT_SHOWN,
    compression=UNDOCUMENTED,
    symptoms=UNDOCUMENTED,
    imaging_support=UNDOCUMENTED,
    weight=3,
)
def _only_ordered(x: Sheet, rows: Rows) -> None:
    """The study of the plexus is ordered and not done."""
    _only_imaging(x, rows)
    _attributed_to_condition(x, rows)
    x.drop("findings", FINDING, rows=rows)
    x.drop("documents", "plexus-imaging-report", rows=rows)
    x.drop("judgements", "imaging-judgement", rows=rows)
    x.change("studies", IMAGING, rows, reportStatus="Ordered", date=None, documentedIn=None)


@PLEXUS.fault(
    "imaging-preliminary",
    ASK,
    on=ONE_STUDY,
    touches=IMAGES,
    opens=NOT_SHOWN,
    compression=UNDOCUMENTED,
    symptoms=UNDOCUMENTED,
    imaging_support=UNDOCUMENTED,
)
def _preliminary(x: Sheet, rows: Rows) -> None:
    """The report of the study is preliminary."""
    _only_imaging(x, rows)
    x.change("studies", IMAGING, rows, reportStatus="PreliminaryReport")


@PLEXUS.fault(
    "imaging-quoted-in-a-note",
    ASK,
    on=ONE_STUDY,
    touches=IMAGES,
    opens=NOT_SHOWN,
    compression=UNDOCUMENTED,
    symptoms=UNDOCUMENTED,
    imaging_support=UNDOCUMENTED,
)
def _quoted(x: Sheet, rows: Rows) -> None:
    """The surgeon's note quotes a study whose report was not sent."""
    _only_imaging(x, rows)
    x.drop("documents", "plexus-imaging-report", rows=rows)
    x.change("studies", IMAGING, rows, reportStatus="ReportedInNote", documentedIn="surgical-note")


@PLEXUS.fault(
    "plexus-shown-free",
    DENIED,
    on=ONE_STUDY,
    touches=IMAGES,
    opens="further-criteria support",
    refutes="necessity",
    compression=UNMET,
    symptoms=UNDOCUMENTED,
    imaging_support=UNDOCUMENTED,
    weight=3,
)
def _shown_free(x: Sheet, rows: Rows) -> None:
    """A final MRI report says that the plexus is not compressed on the line's side."""
    _only_imaging(x, rows)
    _by_mri(x, rows)
    _attributed_to_condition(x, rows)
    x.change("findings", FINDING, rows, presence="Absent", mechanism=None)
    x.drop("judgements", "imaging-judgement", rows=rows)


@PLEXUS.fault(
    "later-imaging-shows-plexus-free",
    DENIED,
    on=ONE_STUDY,
    touches=IMAGES,
    opens="further-criteria support",
    refutes="necessity",
    compression=UNMET,
    symptoms=UNDOCUMENTED,
    imaging_support=UNDOCUMENTED,
    weight=1.5,
)
def _superseded(x: Sheet, rows: Rows) -> None:
    """A later MRI of the same question shows the plexus free and supersedes the earlier one."""
    _only_imaging(x, rows)
    _by_mri(x, rows)
    _attributed_to_condition(x, rows)
    x.drop("judgements", "imaging-judgement", rows=rows)
    report(x, rows, "later-mri-report", "MRI report, lumbosacral plexus, follow-up", x.day["second imaging"])
    x.put(
        "studies",
        "later-mri",
        rows,
        modality="MRI",
        region="PlexusRegion",
        date=x.day["second imaging"],
        reportStatus="FinalReport",
        documentedIn="later-mri-report",
    )
    # The same site and side as the finding that it supersedes: both are read from that finding.
    x.put("findings", "later-finding", rows, study="later-mri", kind="NerveCompression", presence="Absent")
    earlier = x.slots["findings", FINDING].values
    x.change("findings", "later-finding", rows, site=earlier["site"], side=earlier["side"], about=CONDITION)


@PLEXUS.fault(
    "studies-contradict",
    ASK_AND_JUDGE,
    on=ONE_SIDE,
    touches=IMAGES,
    opens="necessity",
    compression=CONFLICTING,
    weight=1.5,
)
def _studies_contradict(x: Sheet, rows: Rows) -> None:
    """An MRI shows the compression, a CT of the pelvis shows none."""
    _only_imaging(x, rows)
    _by_mri(x, rows)
    report(x, rows, "pelvic-ct-report", "CT report, pelvis", x.day["second imaging"])
    x.put(
        "studies",
        "pelvic-ct",
        rows,
        modality="CT",
        region="PelvisRegion",
        date=x.day["second imaging"],
        reportStatus="FinalReport",
        documentedIn="pelvic-ct-report",
    )
    x.put(
        "findings",
        "pelvic-ct-finding",
        rows,
        study="pelvic-ct",
        kind="NerveCompression",
        presence="Absent",
        site="LumbarPlexus",
        side=x.word["side"],
        about=CONDITION,
    )


@PLEXUS.fault(
    "imaging-by-unlisted-method",
    JUDGE,
    on=SIGNIFICANT_BY_ITSELF,
    touches=IMAGES,
    opens=NOT_SHOWN,
    compression=TO_JUDGE,
    symptoms=TO_JUDGE,
    imaging_support=TO_JUDGE,
)
def _unlisted_method(x: Sheet, rows: Rows) -> None:
    """The only study is by a method that the policy does not list."""
    _only_imaging(x, rows)
    x.change("studies", IMAGING, rows, modality="Myelography", region=None)
    x.change("documents", "plexus-imaging-report", rows, title="Myelography report")


@PLEXUS.fault(
    "finding-on-the-other-side",
    ASK_AND_JUDGE,
    on=SIGNIFICANT_ON_ONE_SIDE,
    touches=IMAGES,
    opens=NOT_SHOWN,
    compression=CONFLICTING,
    symptoms=TO_JUDGE,
    imaging_support=TO_JUDGE,
    weight=1.5,
)
def _finding_on_other_side(x: Sheet, rows: Rows) -> None:
    """The compression is reported on the other side than the line's."""
    _only_imaging(x, rows)
    x.change("findings", FINDING, rows, side=x.word["other side"])


@PLEXUS.fault(
    "finding-without-a-side",
    JUDGE,
    on=SIGNIFICANT_ON_ONE_SIDE,
    touches=IMAGES,
    opens=NOT_SHOWN,
    compression=TO_JUDGE,
    symptoms=TO_JUDGE,
    imaging_support=TO_JUDGE,
)
def _finding_without_side(x: Sheet, rows: Rows) -> None:
    """The report names no side."""
    _only_imaging(x, rows)
    x.change("findings", FINDING, rows, side=None)


@PLEXUS.fault(
    "compression-of-a-branch",
    JUDGE,
    on=SIGNIFICANT_BY_ITSELF,
    touches=IMAGES,
    opens=NOT_SHOWN,
    compression=TO_JUDGE,
    symptoms=TO_JUDGE,
    imaging_support=TO_JUDGE,
)
def _branch(x: Sheet, rows: Rows) -> None:
    """The compression sits at a branch of the plexus, or at the trunk that joins both plexuses."""
    _only_imaging(x, rows)
    site = x.draws.word("border site", ("FemoralNerve", "ObturatorNerve", "LumbosacralTrunk"))
    x.change("findings", FINDING, rows, site=site)


@PLEXUS.fault(
    "plexus-infiltrated-by-tumour",
    JUDGE,
    on=SIGNIFICANT_BY_ITSELF,
    touches=IMAGES,
    opens=NOT_SHOWN,
    compression=TO_JUDGE,
    symptoms=TO_JUDGE,
    imaging_support=TO_JUDGE,
)
def _infiltrated(x: Sheet, rows: Rows) -> None:
    """Tumour grows into the plexus."""
    _only_imaging(x, rows)
    x.change("findings", FINDING, rows, mechanism="TumourInfiltrationMechanism")


@PLEXUS.fault(
    "compression-of-a-nerve-root",
    DENIED,
    on=("release-after-treatment", "release-justified-epidural"),
    touches=IMAGES,
    opens="further-criteria support",
    refutes="necessity",
    compression=UNDOCUMENTED,
    symptoms=UNMET,
    imaging_support=UNDOCUMENTED,
)
def _root(x: Sheet, rows: Rows) -> None:
    """The finding is pressure on a nerve root, to which the pain is attributed."""
    _only_imaging(x, rows)
    _by_mri(x, rows)
    x.change("studies", IMAGING, rows, region="LumbarSpineRegion")
    x.change("findings", FINDING, rows, site=x.draws.word("root", ("NerveRootL3", "NerveRootL4")), mechanism=None)


@PLEXUS.fault(
    "electrodiagnosis-alone",
    ASK,
    on=("release-after-treatment", "release-for-measured-weakness"),
    touches=IMAGES,
    opens=NOT_SHOWN,
    imaging_support=UNDOCUMENTED,
    weight=1.5,
)
def _electrodiagnosis_alone(x: Sheet, rows: Rows) -> None:
    """EMG and nerve conduction localise the lesion; no imaging of it is on record."""
    _only_imaging(x, rows)
    x.change("studies", IMAGING, rows, modality=("EMG", "NCS"), region=None)
    x.change("documents", "plexus-imaging-report", rows, title="EMG and nerve conduction report, lower limbs")
    x.change("findings", FINDING, rows, kind="NerveDysfunction", mechanism=None)
    x.drop("judgements", "imaging-judgement", rows=rows)


@PLEXUS.fault(
    "imaging-after-the-service",
    ASK,
    on=("release-after-treatment",),
    touches=IMAGES,
    opens=NOT_SHOWN,
    compression=UNDOCUMENTED,
    symptoms=UNDOCUMENTED,
    imaging_support=UNDOCUMENTED,
    alone=True,
)
def _after_service(x: Sheet, rows: Rows) -> None:
    """The request comes after the operation, and the only study was done after it as well."""
    received = x.day["received"]
    _only_imaging(x, rows)
    _attributed_to_condition(x, rows)
    x.drop("judgements", "imaging-judgement", rows=rows)
    x.change("requests", "", rows, timing="PostService")
    x.change("lines", LINE, rows, serviceDate=received - 15)
    for table, key, before in (
        ("documents", "neurology-note", 23),
        ("symptoms", "thigh-pain", 23),
        ("signs", "thigh-weakness", 23),
        ("documents", "surgical-note", 18),
        ("judgements", "clinical-judgement", 18),
        ("studies", IMAGING, 9),
        ("documents", "plexus-imaging-report", 9),
    ):
        x.change(table, key, rows, date=received - before)


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


@PLEXUS.fault("symptoms-not-attributed", ASK, on=WITH_PAIN, touches=(SYMPTOMS,), opens="necessity", symptoms=UNDOCUMENTED)
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
    _root(x, rows)
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
    _branch(x, rows)
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
