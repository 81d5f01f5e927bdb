"""What verifying a policy comes to: proofs with their witnesses, and findings on its text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from reasoner.model import Source


class Outcome(StrEnum):
    """How a property stands. ``vacuous``: its premises cannot be fulfilled, so that it says nothing."""

    HOLDS = "holds"
    FAILS = "fails"
    VACUOUS = "vacuous"
    NOT_APPLICABLE = "not-applicable"
    UNFINISHED = "unfinished"


class Ground(StrEnum):
    """What supports a statement.

    ``proved``: no record, or no evidence that the shapes admit, is otherwise. ``record``: a record, by the statuses
    of its criteria, that the program decided. ``evidence``: values of one piece of evidence that the shapes admit,
    where what lies beyond it is taken for granted. ``declared``: the policy's file says so.
    """

    PROVED = "proved"
    RECORD = "record"
    EVIDENCE = "evidence"
    DECLARED = "declared"


@dataclass(frozen=True)
class ToldRecord:
    """A record of a witness: statuses by criterion id, readings that are not the default, and what is recommended."""

    statuses: Mapping[str, str]
    readings: Mapping[str, str]
    recommendations: tuple[str, ...]


@dataclass(frozen=True)
class Witness:
    """A witness in plain words, with the records that it tells of."""

    sentences: tuple[str, ...]
    records: tuple[ToldRecord, ...] = ()


@dataclass(frozen=True)
class Check:
    """One part of a property, about one subject: a criterion by its id, or a reading such as ``A10=any-one``.

    ``moot`` marks a reading that concerns a note only, as the policy's file declares.
    """

    subject: str
    label: str
    holds: bool
    ground: Ground
    says: str
    witness: Witness | None = None
    moot: bool = False


@dataclass(frozen=True)
class Proof:
    """One property of a policy with its outcome.

    ``premises`` says to which requests the claim applies, ``example`` shows that there are any, and
    ``counterexample`` is one of them for which the claim is not true. ``searches`` counts the calls of the solver.
    """

    property: str
    title: str
    claim: str
    premises: str
    outcome: Outcome
    says: str
    example: Witness | None = None
    counterexample: Witness | None = None
    checks: tuple[Check, ...] = ()
    searches: int = 0


@dataclass(frozen=True)
class CaseStory:
    """A request of the case collection that shows a finding: reviewed as it is, and under another reading.

    ``reading`` is the change, such as ``A10=any-one``; None where the case shows the finding as it is, and ``shows``
    says what.
    """

    case: str
    title: str
    as_of: str
    reading: str | None
    recommendation: str
    otherwise: str | None
    shows: str = ""


@dataclass(frozen=True)
class Option:
    """One way to understand a wording; ``default`` is the one that reviews take unless asked otherwise."""

    notation: str
    label: str
    definition: str
    default: bool


@dataclass(frozen=True)
class Doubt:
    """A kind of doubt, as the vocabulary has it (cov:Doubt): its name, labels, and what authors could write."""

    name: str
    label: str
    plain: str
    remedy: str


@dataclass(frozen=True)
class Finding:
    """What the text leaves open: where, what follows from it for a request, and what to ask its authors.

    ``weight`` counts the cases of the collection that hinge on it, ``moot`` says that no recommendation does;
    ``pairs`` are the ambiguities that decide together, by their short names.
    """

    id: str
    doubts: tuple[Doubt, ...]
    title: str
    says: str
    question: str
    source: Source | None
    ambiguity: str | None = None
    criteria: tuple[str, ...] = ()
    options: tuple[Option, ...] = ()
    default_reason: str = ""
    witness: Witness | None = None
    ground: Ground | None = None
    cases: tuple[CaseStory, ...] = ()
    pairs: tuple[tuple[str, str], ...] = ()
    weight: int = 0
    moot: bool = False


@dataclass(frozen=True)
class Verification:
    """The proofs and findings of one edition.

    ``left`` names what the time did not suffice for; ``digests`` are SHA-256 of what it was proved of, in hex.
    """

    policy: str
    edition: str
    title: str
    publisher: str
    proofs: tuple[Proof, ...]
    findings: tuple[Finding, ...] = ()
    left: tuple[str, ...] = ()
    digests: Mapping[str, str] = field(default_factory=dict)
    seconds: float = field(default=0.0, compare=False)

    @property
    def outcome(self) -> Outcome:
        """``fails`` where any property does, else ``unfinished`` where the time was over, else ``holds``."""
        found = {p.outcome for p in self.proofs}
        if found & {Outcome.FAILS, Outcome.VACUOUS}:
            return Outcome.FAILS
        return Outcome.UNFINISHED if Outcome.UNFINISHED in found or self.left else Outcome.HOLDS
