"""The record types that flow through the pipeline: statuses, recommendations, and the review itself.

Every type is a frozen dataclass or a string enumeration. The strings are the words of the vocabulary
(``ontology/coverage.ttl``), so they are the same in Turtle, the logic program, JSON and HTML.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Word(StrEnum):
    """A string enumeration whose members are as quick to look up as the strings that they are."""

    __hash__ = str.__hash__


class Status(Word):
    """How the record stands on one criterion. The last three are *open*."""

    MET = "met"
    UNMET = "unmet"
    CONFLICTING = "conflicting"
    TO_JUDGE = "to-judge"
    UNDOCUMENTED = "undocumented"

    @property
    def is_open(self) -> bool:
        """Whether neither answer is established yet."""
        return self not in (Status.MET, Status.UNMET)


class GroupStatus(Word):
    """The three values of a group: open when its members leave it undecided."""

    MET = "met"
    UNMET = "unmet"
    OPEN = "open"


class Kind(Word):
    """What a node of the criteria tree is. A satisfied exclusion denies."""

    LEAF = "leaf"
    ALL = "all"
    ANY = "any"
    AT_LEAST = "at-least"
    EXCLUSION = "exclusion"


class Polarity(Word):
    """What evidence that fits a rule does to its criterion.

    ``conflicting`` marks evidence that would count for the criterion but contradicts the request itself
    (the other side of the body); it matters only where nothing counts for the criterion.
    """

    FOR = "for"
    AGAINST = "against"
    CONSIDERED = "considered"
    CONFLICTING = "conflicting"


class Recommendation(Word):
    """What the program recommends. Never a determination: only a person determines."""

    APPROVE = "approve"
    DENY = "deny"
    PEND = "pend"
    NOT_APPLICABLE = "not-applicable"


class Basis(Word):
    """What a recommendation rests on."""

    CRITERIA_MET = "criteria-met"
    CRITERION_UNMET = "criterion-unmet"
    EXCLUDED_INDICATION = "excluded-indication"
    PLAN_EXCLUSION = "plan-exclusion"
    PLAN_TERM = "plan-term"
    MANDATE = "mandate"
    OPEN = "open"
    OUT_OF_SCOPE = "out-of-scope"
    INCONSISTENT = "inconsistent"


class Next(Word):
    """What should happen after the recommendation."""

    NONE = "none"
    REQUEST_INFORMATION = "request-information"
    CLINICIAN_REVIEW = "clinician-review"
    BOTH = "both"
    ROUTE = "route"


class OpenKind(Word):
    """What kind of answer an open criterion waits for."""

    DOCUMENT = "document"
    JUDGEMENT = "judgement"
    CONFLICT = "conflict"


class Verb(Word):
    """What would have to happen for a criterion to become met. No verb flips an unmet leaf by paper."""

    DOCUMENT = "document"
    RESOLVE = "resolve"
    JUDGE = "judge"
    NEW_EVENT = "new-event"


@dataclass(frozen=True)
class EvidenceRef:
    """One evidence node as a reader sees it, with the role it played for one criterion.

    ``rule`` is the IRI of the evidence rule that it fits; the rule names the shapes.
    """

    iri: str
    summary: str
    date: str | None
    document: str | None
    role: str
    rule: str


@dataclass(frozen=True)
class UnusedEvidence:
    """An evidence node that decided nothing, and why (superseded, about something else, ...)."""

    iri: str
    summary: str
    date: str | None
    document: str | None
    reason: str


@dataclass(frozen=True)
class Source:
    """The place in the policy document: section title, page, and the range in its normalised text.

    ``anchor`` is the IRI of the place; ``start`` and ``end`` count characters of the normalised text, and
    ``sha256`` is the digest of what stands between them (:mod:`reasoner.anchors`).
    """

    section: str
    page: int
    anchor: str
    start: int
    end: int
    sha256: str


@dataclass(frozen=True)
class CriterionResult:
    """One node of the criteria tree with its outcome. ``status`` is a Status or GroupStatus value.

    ``needed`` says of a group how many of its members must be met; it is None for leaves and exclusions.
    """

    id: str
    iri: str
    label: str
    parent: str | None
    kind: Kind
    status: str
    reading: dict[str, str]
    message: str
    evidence: tuple[EvidenceRef, ...]
    source: Source
    needed: int | None = None


@dataclass(frozen=True)
class OpenItem:
    """One thing to ask, in words a nurse can act on. ``criterion`` is a criterion id."""

    criterion: str
    kind: OpenKind
    ask: str


@dataclass(frozen=True)
class Change:
    """One element of a set that would approve: this criterion, by this verb."""

    criterion: str
    verb: Verb


@dataclass(frozen=True)
class ChangeTree:
    """The same sets, factored: ``all`` or ``any`` of the parts, ``at-least`` so many of them, or one ``change``.

    ``needed`` is the number that ``at-least`` asks for.
    """

    kind: str
    change: Change | None = None
    parts: tuple[ChangeTree, ...] = ()
    needed: int | None = None


@dataclass(frozen=True)
class ReadingChange:
    """One ambiguity (by its short name, such as A10) read another way; ``meaning`` says it in words."""

    ambiguity: str
    reading: str
    meaning: str


@dataclass(frozen=True)
class Hinge:
    """A minimal change of readings that changes the recommendation, and what it becomes."""

    changes: tuple[ReadingChange, ...]
    recommendation: Recommendation


@dataclass(frozen=True)
class Decisive:
    """Evidence whose absence alone would change the recommendation, and what it would become."""

    iri: str
    summary: str
    recommendation: Recommendation


@dataclass(frozen=True)
class Related:
    """A policy to look at instead of, or beside, the reviewed one."""

    policy: str
    why: str


@dataclass(frozen=True)
class PolicyRef:
    """The policy edition that a line was reviewed under; the edition is its effective date."""

    number: str
    edition: str
    title: str
    iri: str


@dataclass(frozen=True)
class LineReview:
    """The outcome of one line with everything that explains it."""

    iri: str
    sequence: int
    code: str
    side: str | None
    policy: PolicyRef | None
    recommendation: Recommendation
    basis: Basis
    next: Next
    headline: str
    reason: str
    reason_plain: str
    criteria: tuple[CriterionResult, ...] = ()
    open_items: tuple[OpenItem, ...] = ()
    to_approve: tuple[tuple[Change, ...], ...] = ()
    to_approve_tree: ChangeTree | None = None
    to_approve_capped: bool = False
    decisive_evidence: tuple[Decisive, ...] = ()
    unused_evidence: tuple[UnusedEvidence, ...] = ()
    hinges_on: tuple[Hinge, ...] = ()
    related: tuple[Related, ...] = ()
    notes: tuple[str, ...] = ()


class InteractionKind(Word):
    """How two lines of one request have to do with each other; the strings are the words of the vocabulary."""

    EXCLUDED_INDICATION = "excluded-indication"
    OPPOSED = "opposed"
    DOCUMENT = "document"
    SHARED = "shared"


@dataclass(frozen=True)
class InteractionSide:
    """One line's part in an interaction: its criterion there, the evidence, and the place in its policy.

    ``policy`` is a number, ``criterion`` the criterion's id and ``iri`` its IRI; ``evidence`` is an IRI.
    """

    line: int
    policy: str
    criterion: str
    iri: str
    label: str
    evidence: str
    source: Source


@dataclass(frozen=True)
class Interaction:
    """Facts that matter to two lines at once.

    ``sides`` holds first the line that is helped, except where both are (``shared``). ``evidence`` is the IRI of the
    deciding evidence; where one document speaks for and against, that of the helped line.
    """

    kind: InteractionKind
    evidence: str
    summary: str
    date: str | None
    document: str | None
    sides: tuple[InteractionSide, InteractionSide]
    sentence: str


@dataclass(frozen=True)
class Digests:
    """SHA-256 in hex: canonical (RDFC-1.0) graphs, and the bytes of the logic program."""

    request: str
    policy: str
    shapes: str
    program: str


@dataclass(frozen=True)
class Review:
    """One request reviewed: what went in (by digest), what came out for each line."""

    schema: str
    request: str
    identifier: str | None
    as_of: str
    header: dict[str, str]
    requires_clinician: bool
    lines: tuple[LineReview, ...]
    digests: Digests
    engine: str
    version: str
    readings: dict[str, str] = field(default_factory=dict)
    interactions: tuple[Interaction, ...] = ()
    determination: None = None


@dataclass(frozen=True)
class ShapeResult:
    """One result of a SHACL engine. ``severity`` is Violation, Warning or Info; IRIs are full.

    ``component`` is the local name of the constraint component, where the engine says it.
    """

    focus: str
    shape: str
    severity: str
    message: str
    path: str | None = None
    value: str | None = None
    component: str | None = None
