"""What a change of edition does to requests: each line under both editions, whatever the dates, and why it flips."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from reasoner import intake
from reasoner.determine import NO_AUTHORITY
from reasoner.editions.attribution import Flip, Outcome, Unit
from reasoner.editions.edition_diff import Change, EditionDiff, Part
from reasoner.in_force import failed_scope, in_force
from reasoner.lines import Setting, Situated
from reasoner.model import LineReview, Recommendation, Status
from reasoner.policy import Policy
from reasoner.review import situated

DECIDING = (Change.LOGIC, Change.RENEWED, Change.ADDED, Change.REMOVED)


@dataclass(frozen=True)
class StatusChange:
    """A criterion that comes out otherwise under the later edition; None where the edition does not have it."""

    criterion: str
    label: str
    before: str | None
    after: str | None


@dataclass(frozen=True)
class LineImpact:
    """One line under both editions.

    ``because`` holds the smallest sets of clauses that explain a flip, each enough by itself; ``overridden`` says which
    editions were applied although the line's date is not theirs.
    """

    source: str
    request: str
    identifier: str | None
    line: int
    code: str
    before: Recommendation
    after: Recommendation
    statuses: tuple[StatusChange, ...] = ()
    because: tuple[tuple[Unit, ...], ...] = ()
    overridden: tuple[str, ...] = ()

    @property
    def flips(self) -> bool:
        """Whether the recommendation differs."""
        return self.before is not self.after


@dataclass(frozen=True)
class Impact:
    """Lines under both editions, and what could not be looked at.

    ``ungoverned`` lines have a code that neither edition governs; ``left`` inputs were not reached in time.
    """

    lines: tuple[LineImpact, ...]
    ungoverned: int = 0
    refused: tuple[str, ...] = ()
    left: int = 0

    @property
    def flips(self) -> tuple[LineImpact, ...]:
        """The lines whose recommendation differs."""
        return tuple(line for line in self.lines if line.flips)

    def directions(self) -> dict[tuple[Recommendation, Recommendation], int]:
        """How many lines went from which recommendation to which; those that stay included."""
        return dict(Counter((line.before, line.after) for line in self.lines))

    def by_clause(self) -> dict[Unit, int]:
        """In how many flips a clause takes part, alone or with others, the most frequent first."""
        counted = Counter(unit for line in self.flips for unit in {u for units in line.because for u in units})
        return dict(sorted(counted.items(), key=lambda x: (-x[1], x[0])))


@dataclass(frozen=True, eq=False)
class Comparison:
    """Two editions to hold requests against; each setting names its edition, so that dates do not choose."""

    diff: EditionDiff
    before: Setting
    after: Setting
    changed: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        decided = self.diff.of(Part.CRITERION, Part.EXCLUSION)
        keys = {d.key for d in decided if set(d.changes) & set(DECIDING)}
        if self.diff.of(Part.EVIDENCE):
            keys |= {leaf.id for leaf in policy_of(self.after).leaves}
        object.__setattr__(self, "changed", frozenset(keys))


def policy_of(setting: Setting) -> Policy:
    """The edition that a setting names."""
    assert setting.edition is not None
    return setting.edition


def comparison(diff: EditionDiff, before: tuple[Setting, Policy], after: tuple[Setting, Policy]) -> Comparison:
    """Two editions to hold requests against."""
    old, new = (replace(setting, edition=policy) for setting, policy in (before, after))
    return Comparison(diff, old, new)


def impact_of(records: Iterable[intake.Record], held: Comparison) -> Impact:
    """What the change of edition does to the lines of checked requests."""
    found = [line for record in records for line in _lines(record, held)]
    lines = tuple(x for x in found if x is not None)
    return Impact(lines, ungoverned=len(found) - len(lines))


def added(one: Impact, other: Impact) -> Impact:
    """Both together."""
    return Impact(
        (*one.lines, *other.lines),
        one.ungoverned + other.ungoverned,
        (*one.refused, *other.refused),
        one.left + other.left,
    )


def _lines(record: intake.Record, held: Comparison) -> Iterator[LineImpact | None]:
    for line in record.lines:
        sides = [(setting, situated(record, line, setting)) for setting in (held.before, held.after)]
        if all(isinstance(found, LineReview) for _, found in sides):
            yield None
            continue
        before, after = (outcome(found, setting) for setting, found in sides)
        flip = Flip(before, after, held.changed)
        differs = before.recommendation is not after.recommendation
        situation = next(found for _, found in sides if isinstance(found, Situated))
        yield LineImpact(
            source=record.source,
            request=record.iri,
            identifier=record.identifier,
            line=line.sequence,
            code=situation.line.code,
            before=before.recommendation,
            after=after.recommendation,
            statuses=tuple(_statuses(before, after)),
            because=flip.clauses if differs else (),
            overridden=tuple(_overridden(sides)),
        )


def outcome(found: Situated | LineReview, setting: Setting) -> Outcome:
    """What a line comes to under the edition of a setting; a line that it does not govern has no statuses."""
    policy = policy_of(setting)
    readings = policy.own_readings(setting.chosen)
    if isinstance(found, LineReview):
        return Outcome(policy, readings, False, {}, {}, NO_AUTHORITY, Recommendation.NOT_APPLICABLE)
    situation = found.situation
    node = found.line.node.value
    scope = {s.iri: situation.weigher.in_scope(node, s.facets, readings) for s in policy.scope}
    statuses = {leaf.id: situation.weigher.leaf(leaf, readings).status for leaf in policy.leaves}
    outside = failed_scope(found.line, policy, situation.weigher, readings) is not None
    recommendation = Recommendation.NOT_APPLICABLE if outside else situation.decide().recommendation
    return Outcome(policy, readings, True, scope, statuses, situation.authority, recommendation)


def _statuses(before: Outcome, after: Outcome) -> Iterator[StatusChange]:
    labels = {c.id: c.label for o in (before, after) for c in o.policy.leaves}
    for leaf, label in labels.items():
        old, new = (_value(o.statuses.get(leaf)) for o in (before, after))
        if old != new and before.governed and after.governed:
            yield StatusChange(leaf, label, old, new)


def _value(status: Status | None) -> str | None:
    return status.value if status is not None else None


def _overridden(sides: list[tuple[Setting, Situated | LineReview]]) -> Iterator[str]:

    for setting, found in sides:
        policy = policy_of(setting)
        if isinstance(found, Situated) and not in_force(policy, found.day):
            yield f"edition {policy.edition} applied to {found.day}"
