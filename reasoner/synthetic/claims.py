"""What the author of a synthetic record claims of it: the catalogue's data, and how two faults go together.

Nothing here asks an engine. A variant is an approvable record with the status of every criterion; a fault changes the
record and says by hand what becomes of statuses, recommendation, basis and next step.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from reasoner.synthetic.sheet import Sheet

    Edit = Callable[[Sheet, NDArray[Any]], None]

MET, UNMET, OPEN = "met", "unmet", "open"
CONFLICTING, TO_JUDGE, UNDOCUMENTED = "conflicting", "to-judge", "undocumented"
APPROVE, DENY, PEND, NOT_APPLICABLE = "approve", "deny", "pend", "not-applicable"
REJECTED = "rejected"
RELEASE, DECOMPRESSION = "0587", "CMM-608"
"""The policies, by their numbers."""


@dataclass(frozen=True)
class Outcome:
    """Recommendation, basis and next step of a line."""

    recommendation: str
    basis: str
    next: str


APPROVED = Outcome(APPROVE, "criteria-met", "none")
DENIED = Outcome(DENY, "criterion-unmet", "clinician-review")
ASK = Outcome(PEND, "open", "request-information")
JUDGE = Outcome(PEND, "open", "clinician-review")
ASK_AND_JUDGE = Outcome(PEND, "open", "both")
OUTSIDE = Outcome(NOT_APPLICABLE, "out-of-scope", "route")


@dataclass(frozen=True)
class Variant:
    """One kind of approvable record under a policy: how it is made, and the status of every criterion.

    ``weight`` says how often it is drawn; a ``shared`` one can stand in one request with a line of another policy.
    """

    name: str
    policy: str
    says: str
    edit: Edit
    statuses: Mapping[str, str]
    weight: float = 1.0
    shared: bool = True


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong with (or special about) a record, and all that it makes of the outcome.

    ``variants`` are the records that it can befall. ``touches`` are the parts of a record that it changes: two faults
    of different parts are independent. ``alone``: it goes with no other fault and no other line. ``rejection`` names
    the fault of a record that cannot be reviewed. ``policy`` None: the line is governed by no policy.
    """

    name: str
    policy: str
    says: str
    edit: Edit
    outcome: Outcome | None
    statuses: Mapping[str, str]
    variants: frozenset[str]
    touches: frozenset[str]
    weight: float = 1.0
    alone: bool = False
    rejection: str | None = None
    governed: bool = True


@dataclass(frozen=True)
class Scenario:
    """A variant with its faults (none, one, or two independent ones) and everything that is claimed of the line."""

    variant: Variant
    faults: tuple[Fault, ...]
    outcome: Outcome | None
    statuses: Mapping[str, str]
    weight: float

    @property
    def policy(self) -> str | None:
        """The number of the policy that governs the line, if one does."""
        return self.variant.policy if all(f.governed for f in self.faults) else None

    @property
    def name(self) -> str:
        """The variant and its faults in one word."""
        return " + ".join((self.variant.name, *(f.name for f in self.faults)))

    @property
    def rejection(self) -> str | None:
        """Why the record cannot be reviewed."""
        return next((f.rejection for f in self.faults if f.rejection is not None), None)

    @property
    def kind(self) -> str:
        """The recommendation, or that the request is rejected."""
        return self.outcome.recommendation if self.outcome is not None else REJECTED

    @property
    def shared(self) -> bool:
        """Whether another line can stand beside it."""
        return self.variant.shared and not any(f.alone for f in self.faults)


_GRAVITY = {DENY: 3, PEND: 2, APPROVE: 1}
_STATUS_GRAVITY = {UNMET: 3, OPEN: 2, MET: 1}


def scenario(variant: Variant, *faults: Fault) -> Scenario | None:
    """The scenario of a variant and its faults; None where faults are not independent of each other.

    >>> scenario.__doc__ is not None
    True
    """
    if len(faults) == 2 and not independent(*faults):
        return None
    outcome: Outcome | None = APPROVED
    statuses = dict(variant.statuses)
    for fault in faults:
        if fault.rejection is not None or fault.outcome == OUTSIDE:
            return Scenario(variant, faults, fault.outcome, {}, _weight(variant, faults))
        if fault.outcome is not None and outcome is not None:
            outcome = graver(outcome, fault.outcome) if len(faults) == 2 else fault.outcome
        for criterion, status in fault.statuses.items():
            statuses[criterion] = _together(statuses[criterion], status) if len(faults) == 2 else status
    return Scenario(variant, faults, outcome, statuses, _weight(variant, faults))


def independent(one: Fault, other: Fault) -> bool:
    """Whether two faults of one record have nothing to do with each other."""
    return not (one.alone or other.alone or one.touches & other.touches) and one.policy == other.policy


def graver(one: Outcome, other: Outcome) -> Outcome:
    """The outcome of two independent faults: a denial stands whatever is open; two pends ask for what both ask.

    >>> graver(ASK, DENIED) == DENIED, graver(ASK, JUDGE) == ASK_AND_JUDGE
    (True, True)
    """
    if one.recommendation == other.recommendation == PEND and one.next != other.next:
        return ASK_AND_JUDGE
    return max(one, other, key=lambda o: _GRAVITY[o.recommendation])


def _together(one: str, other: str) -> str:
    """The status of a criterion that two faults touch: a group, unmet if either makes it so, else open."""
    if one in _STATUS_GRAVITY and other in _STATUS_GRAVITY:
        return max(one, other, key=_STATUS_GRAVITY.__getitem__)
    return other


def _weight(variant: Variant, faults: tuple[Fault, ...]) -> float:
    weight = variant.weight
    for fault in faults:
        weight *= fault.weight
    return weight * (0.05 if len(faults) == 2 else 1.0)
