"""What can be wrong with studies and their findings in a request for release of the plexus (0587)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reasoner.synthetic.catalogue import (
    FINDINGS,
    SUPPORT,
    SYMPTOMS,
)
from reasoner.synthetic.claims import (
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
    CONDITION,
    FINDING,
    IMAGING,
    LINE,
    report,
)
from reasoner.synthetic.plexus_record import PLEXUS

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
def branch(x: Sheet, rows: Rows) -> None:
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
def root(x: Sheet, rows: Rows) -> None:
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
