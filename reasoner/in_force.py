"""Which edition governs a line, and the line's situation under an edition.

The edition in force on the governing date is chosen by each edition's own readings (A22 says which date governs). An
edition that a setting names is applied whatever the dates are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date

from reasoner.authority import BindingTerm, authority
from reasoner.counterfactual import Situation
from reasoner.lines import Line, Setting
from reasoner.model import Recommendation
from reasoner.policy import Policy, Readings, ScopeCondition
from reasoner.shapes import probed_shapes
from reasoner.weigh import Weigher, answered


def in_force(policy: Policy, day: date) -> bool:
    """Whether an edition is in force on a day."""
    return policy.edition <= day and (policy.until is None or day < policy.until)


def editions_for(code: str, setting: Setting) -> tuple[Policy, ...]:
    """The editions that govern a procedure code: the one that the setting names, or all, by number and date."""
    known = setting.knowledge.policies if setting.edition is None else (setting.edition,)
    return tuple(p for p in known if code in p.codes)


def governing_day(line: Line, policy: Policy, setting: Setting) -> date | None:
    """The date of a line that chooses the edition, by the readings of an edition; None where it is not recorded."""
    return line.day(policy.dates_by(policy.own_readings(setting.chosen)))


def edition_for(line: Line, editions: Iterable[Policy], setting: Setting) -> tuple[Policy, date | None]:
    """The edition in force on the governing date, or the one whose time comes nearest, with that date."""
    dated = [(p, governing_day(line, p, setting)) for p in editions]
    for policy, day in dated:
        if day is not None and in_force(policy, day):
            return policy, day
    return min(dated, key=lambda x: _distance(*x))


def _distance(policy: Policy, day: date | None) -> int:
    """How many days a date lies from the time in which an edition is in force."""
    if day is None:
        return 0
    return (policy.edition - day).days if day < policy.edition else (day - (policy.until or day)).days


def governs(policy: Policy, day: date | None, setting: Setting) -> bool:
    """Whether a line of a day is reviewed under an edition: in force, or named by the setting."""
    return policy is setting.edition or (day is not None and in_force(policy, day))


def weigher_of(line: Line, policy: Policy, setting: Setting) -> Weigher:
    """The evidence of a line as the shapes of an edition see it. This runs the engine."""
    shapes = setting.knowledge.policy_shapes(policy)
    asked = probed_shapes(policy)
    found = setting.engine.conforming(line.triples, shapes, asked, setting.knowledge.arrangement)
    return Weigher(policy, line.triples, answered(line.node.value, found))


def failed_scope(line: Line, policy: Policy, weigher: Weigher, readings: Readings) -> ScopeCondition | None:
    """The first condition of scope that a line does not fulfil."""
    return next((s for s in policy.scope if not weigher.in_scope(line.node.value, s.facets, readings)), None)


def situation_of(line: Line, policy: Policy, setting: Setting, found: tuple[BindingTerm, ...]) -> Situation:
    """A line under an edition with everything that its outcome depends on."""
    weigher = weigher_of(line, policy, setting)

    def outside(readings: Readings) -> bool:
        day = line.day(policy.dates_by(readings))
        return not governs(policy, day, setting) or failed_scope(line, policy, weigher, readings) is not None

    return Situation(
        policy=policy,
        weigher=weigher,
        readings=policy.own_readings(setting.chosen),
        authority=authority(found),
        outside=outside,
        elsewhere=_elsewhere(line, policy, setting, found),
    )


def _elsewhere(
    line: Line, policy: Policy, setting: Setting, found: tuple[BindingTerm, ...]
) -> Callable[[Readings], Recommendation]:
    """What becomes of a line that readings take out of an edition: another edition may govern it by them."""
    weighers: dict[str, Weigher] = {}

    def recommendation(readings: Readings) -> Recommendation:
        names = {a.notation: policy.reading_by_iri[readings[a.iri]].notation for a in policy.ambiguities}
        for other in editions_for(line.code, setting):
            own = other.own_readings(names)
            day = line.day(other.dates_by(own))
            if other is policy or other.number != policy.number or day is None or not in_force(other, day):
                continue
            if other.edition_iri not in weighers:
                weighers[other.edition_iri] = weigher_of(line, other, setting)
            weigher = weighers[other.edition_iri]
            if failed_scope(line, other, weigher, own) is None:
                situation = Situation(other, weigher, own, authority(found), lambda _: False)
                return situation.decide().recommendation
        return Recommendation.NOT_APPLICABLE

    return recommendation
