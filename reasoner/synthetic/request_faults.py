"""What can be special about a request of either policy: terms of plans and mandates, scope, and unusable records."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reasoner.synthetic import plexus_faults, plexus_parts, spine_care, spine_record
from reasoner.synthetic.catalogue import REQUEST, Catalogue
from reasoner.synthetic.claims import (
    APPROVE,
    APPROVED,
    ASK,
    DENY,
    OUTSIDE,
    PEND,
    UNMET,
    Outcome,
)
from reasoner.synthetic.plexus_record import PLEXUS
from reasoner.synthetic.spine_record import SPINE
from reasoner.synthetic.timeline import FIRST_DAY, day_number

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from reasoner.synthetic.claims import Edit
    from reasoner.synthetic.sheet import Sheet

    Rows = NDArray[Any]


def _plan(x: Sheet, rows: Rows, effect: str, title: str) -> None:
    x.put("plans", "plan", rows, title="Standard benefit plan")
    x.put("planTerms", "plan-term", rows, plan="plan", effect=effect, title=title, citation="Section 4")


def _mandate(x: Sheet, rows: Rows, effect: str, **values: object) -> None:
    told: dict[str, object] = {
        "effect": effect,
        "title": "State nerve surgery act",
        "citation": "Section 12",
        "jurisdiction": "CA",
        "reach": "AllPlans",
    }
    x.put("mandates", "mandate", rows, **{**told, **values})
    x.change("requests", "", rows, state="CA", funding="Insured")


def _excluded(x: Sheet, rows: Rows) -> None:
    """The plan document excludes the procedure."""
    _plan(x, rows, "Excludes", "Exclusion of the procedure")


def _excluded_then_lifted(x: Sheet, rows: Rows) -> None:
    """The plan document excludes the procedure, and a mandate lifts the exclusion."""
    _excluded(x, rows)
    _mandate(x, rows, "LiftsExclusion")


def _plan_replaces(x: Sheet, rows: Rows) -> None:
    """The plan document sets criteria of its own."""
    _plan(x, rows, "ReplacesCriteria", "Criteria of the plan")


def _mandate_excludes(x: Sheet, rows: Rows) -> None:
    """A mandate excludes the procedure."""
    _mandate(x, rows, "Excludes")


def _not_yet_in_force(x: Sheet, rows: Rows) -> None:
    """The plan's exclusion is in force only after the service."""
    _excluded(x, rows)
    x.change("planTerms", "plan-term", rows, validFrom=x.day["service"] + 30)


def _before_edition(x: Sheet, rows: Rows) -> None:
    """The service is dated before the first edition of the policy."""
    target = day_number(FIRST_DAY) - x.draws.whole("before the edition", 1, 60)
    x.shift(rows, target - x.day["service"])


def _unknown_code(line: str) -> Edit:
    def edit(x: Sheet, rows: Rows) -> None:
        """The line asks for a procedure that no loaded policy governs."""
        x.change("lines", line, rows, procedureCode=x.draws.word("unknown code", ("64712", "64708", "22612", "29881")))

    return edit


def _no_indication(line: str) -> Edit:
    def edit(x: Sheet, rows: Rows) -> None:
        """The line names no indication."""
        x.change("lines", line, rows, indication=None)

    return edit


def _no_units(line: str) -> Edit:
    def edit(x: Sheet, rows: Rows) -> None:
        """The line asks for no unit at all."""
        x.change("lines", line, rows, units=0)

    return edit


def _unknown_kind(condition: str) -> Edit:
    def edit(x: Sheet, rows: Rows) -> None:
        """The condition is of a kind that plexus does not know."""
        x.change("conditions", condition, rows, kind="clin:NervePinched")

    return edit


def _dated_after_review(x: Sheet, rows: Rows) -> None:
    """The surgical note is dated after the as-of date."""
    x.change("documents", "surgical-note", rows, date=x.day["as of"] + x.draws.whole("after review", 1, 90))


def _no_title(x: Sheet, rows: Rows) -> None:
    """A document has no title."""
    x.change("documents", "surgical-note", rows, title=None)


def _ends_before_it_starts(treatment: str) -> Edit:
    def edit(x: Sheet, rows: Rows) -> None:
        """A course of therapy ends before it starts."""
        x.change("treatments", treatment, rows, startDate=x.day["therapy end"], endDate=x.day["therapy start"])

    return edit


def _about_nothing(finding: str) -> Edit:
    def edit(x: Sheet, rows: Rows) -> None:
        """A finding is about no condition."""
        x.change("findings", finding, rows, about=None)
        # The symptom still leads to it, so that it is seen in a file of many requests, too.
        x.change("symptoms", "leg-symptom", rows, attributedTo=finding)

    return edit


def _ordered_with_findings(study: str) -> Edit:
    def edit(x: Sheet, rows: Rows) -> None:
        """A study is only ordered, and still has findings."""
        x.change("studies", study, rows, reportStatus="Ordered")

    return edit


def _declare(
    policy: Catalogue, own: Any, treated: tuple[str, ...], refuse: Edit, refuted: dict[str, Any], groups: str
) -> None:
    """The faults of requests for one policy. ``refuse`` makes a criterion unmet, with these statuses and groups."""
    every = policy.named()

    def terms(name: str, outcome: Outcome, edit: Edit, weight: float = 1.0, **claims: Any) -> None:
        policy.fault(name, outcome, on=every, touches=(REQUEST,), weight=weight, alone=True, **claims)(edit)

    def covers(x: Sheet, rows: Rows) -> None:
        """A mandate covers the procedure although a criterion is unmet."""
        refuse(x, rows)
        _mandate(x, rows, "Covers")

    def plan_covers(x: Sheet, rows: Rows) -> None:
        """The plan document covers the procedure although a criterion is unmet."""
        refuse(x, rows)
        _plan(x, rows, "Covers", "Cover of the procedure without conditions")

    def may_cover(x: Sheet, rows: Rows) -> None:
        """A mandate for insured plans may cover the procedure; the request does not say how the plan is funded."""
        refuse(x, rows)
        _mandate(x, rows, "Covers", reach="InsuredOnly")
        x.change("requests", "", rows, funding=None)

    def does_not_reach(x: Sheet, rows: Rows) -> None:
        """A criterion is unmet, and the mandate that would cover the procedure does not reach a self-funded plan."""
        refuse(x, rows)
        _mandate(x, rows, "Covers", reach="InsuredOnly")
        x.change("requests", "", rows, funding="SelfFunded")

    terms("plan-exclusion", Outcome(DENY, "plan-exclusion", "clinician-review"), _excluded, 3)
    terms("exclusion-lifted-by-mandate", APPROVED, _excluded_then_lifted)
    terms("exclusion-not-yet-in-force", APPROVED, _not_yet_in_force)
    terms("plan-replaces-criteria", Outcome(PEND, "plan-term", "clinician-review"), _plan_replaces)
    terms("mandate-excludes", Outcome(DENY, "mandate", "clinician-review"), _mandate_excludes)
    for name, outcome, edit in (
        ("mandate-covers", Outcome(APPROVE, "mandate", "none"), covers),
        ("plan-covers", Outcome(APPROVE, "plan-term", "none"), plan_covers),
        ("mandate-of-unknown-reach", ASK, may_cover),
        ("mandate-does-not-reach", Outcome(DENY, "criterion-unmet", "clinician-review"), does_not_reach),
    ):
        terms(name, outcome, edit, refutes=groups, **refuted)
    terms("before-the-edition", OUTSIDE, _before_edition)
    terms("code-of-no-policy", OUTSIDE, _unknown_code(own.LINE), governed=False)

    def unusable(name: str, edit: Edit, why: str, on: tuple[str, ...] = every) -> None:
        policy.fault(name, None, on=on, touches=(REQUEST,), alone=True, rejection=why)(edit)

    unusable("no-indication", _no_indication(own.LINE), "the line has no indication")
    unusable("no-units", _no_units(own.LINE), "the units are not a whole number from 1")
    unusable("unknown-term", _unknown_kind(own.CONDITION), "a term is no term of plexus")
    unusable("dated-after-the-review", _dated_after_review, "a date lies after the as-of date")
    unusable("document-without-title", _no_title, "a document has no title")
    unusable("finding-about-nothing", _about_nothing(own.FINDING), "a finding is about nothing")
    unusable("ordered-study-with-findings", _ordered_with_findings(own.IMAGING), "an ordered study has findings")
    unusable(
        "ends-before-it-starts",
        _ends_before_it_starts(f"{own.CONDITION}-therapy"),
        "a treatment ends before it starts",
        treated,
    )


def _laparoscopic(x: Sheet, rows: Rows) -> None:
    """The line states another approach than open."""
    approach = x.draws.word("closed approach", ("LaparoscopicApproach", "EndoscopicApproach", "PercutaneousApproach"))
    x.change("lines", plexus_parts.LINE, rows, approach=approach)


def _not_of_the_spine(x: Sheet, rows: Rows) -> None:
    """The line asks for decompression of the spine for a condition outside it."""
    x.change("conditions", spine_record.CONDITION, rows, kind="FemoralNeuropathy", diagnosisCode="G57.21")


_declare(
    PLEXUS,
    plexus_parts,
    PLEXUS.named("release-after-acute-trauma"),
    plexus_faults.imaging_denied,
    {"imaging_support": UNMET},
    "necessity further-criteria support",
)
PLEXUS.fault("closed-approach", OUTSIDE, on=PLEXUS.named(), touches=(REQUEST,), alone=True)(_laparoscopic)
_declare(
    SPINE,
    spine_record,
    (
        "decompression-after-therapy-and-medication",
        "decompression-after-therapy-and-injection",
        "decompression-after-every-measure",
    ),
    spine_care.recent_operation,
    {"repeat_interval": UNMET},
    "decompression",
)
SPINE.fault("condition-outside-the-spine", OUTSIDE, on=SPINE.named(), touches=(REQUEST,), alone=True)(_not_of_the_spine)
