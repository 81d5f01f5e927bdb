"""What a later edition makes of outcomes that were recorded under an earlier one, from the statuses alone.

A leaf that both editions decide alike keeps its status. A leaf that is new or decided otherwise is unknown: it may come
out met, unmet or open. What follows in every case is certain; else all that can follow is told.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from itertools import product

from reasoner.determine import program
from reasoner.editions.edition_diff import Change, EditionDiff, Part
from reasoner.editions.edition_rules import links_to
from reasoner.editions.recorded import RecordedLine
from reasoner.model import Kind, Recommendation, Status
from reasoner.policy import Criterion, Policy
from reasoner.weigh import relevant

MOST_UNKNOWN = 8
"""Of more unknown leaves only the best, the worst and the open case are tried."""
_VALUES = (Status.MET, Status.UNMET, Status.UNDOCUMENTED)


class Fate(StrEnum):
    """What can be told of a recorded line under the later edition."""

    SAME = "same"
    FLIPS = "flips"
    MAY_FLIP = "may-flip"
    NOT_TOLD = "not-told"


@dataclass(frozen=True)
class Foretold:
    """One recorded line under the later edition.

    ``possible`` are the recommendations that can follow, one where it is certain; ``depends_on`` are the unknown leaves
    (by id) on which it depends; ``why`` says why nothing can be told.
    """

    line: str
    before: Recommendation
    possible: tuple[Recommendation, ...]
    depends_on: tuple[str, ...] = ()
    why: str = ""

    @property
    def fate(self) -> Fate:
        """Whether it stays, flips, may flip, or cannot be told."""
        if self.why:
            return Fate.NOT_TOLD
        if self.possible == (self.before,):
            return Fate.SAME
        return Fate.MAY_FLIP if self.before in self.possible else Fate.FLIPS


@dataclass(frozen=True)
class Forecast:
    """All recorded lines under the later edition."""

    lines: tuple[Foretold, ...]
    left: int = 0

    def fates(self) -> dict[Fate, int]:
        """How many lines have which fate."""
        return dict(Counter(line.fate for line in self.lines))

    def outcomes(self) -> dict[tuple[Recommendation, tuple[Recommendation, ...]], int]:
        """How many lines go from which recommendation to which possible ones."""
        return dict(Counter((x.before, x.possible) for x in self.lines if not x.why))

    def by_clause(self) -> dict[str, int]:
        """On how many lines the outcome depends on which unknown leaf, the most frequent first."""
        counted = Counter(leaf for line in self.lines for leaf in line.depends_on)
        return dict(sorted(counted.items(), key=lambda x: (-x[1], x[0])))


@dataclass(frozen=True, eq=False)
class Foreteller:
    """Foretells outcomes of a later edition from those of an earlier one."""

    before: Policy
    after: Policy
    diff: EditionDiff

    def line(self, recorded: RecordedLine) -> Foretold:
        """What can be told of one recorded line."""
        why = self._untellable(recorded)
        if why:
            return Foretold(recorded.line, recorded.recommendation, (), (), why)
        code = recorded.code or self.before.codes[0]
        if code not in self.after.codes:
            return Foretold(recorded.line, recorded.recommendation, (Recommendation.NOT_APPLICABLE,))
        readings = self.after.own_readings(recorded.readings)
        joined = tuple(sorted(readings.items()))
        known = tuple(
            recorded.statuses[leaf.id] if self._keeps(leaf, recorded.readings) else None for leaf in self.after.leaves
        )
        possible, unknown = _possible(self.after, known, joined)
        if self._scope_changed() and Recommendation.NOT_APPLICABLE not in possible:
            possible = (*possible, Recommendation.NOT_APPLICABLE)
        return Foretold(recorded.line, recorded.recommendation, possible, unknown)

    def _untellable(self, recorded: RecordedLine) -> str:
        if recorded.edition not in (None, self.before.name):
            return f"it was recorded under {recorded.edition}, not {self.before.name}"
        if recorded.code is None and not set(self.before.codes) <= set(self.after.codes) and len(self.before.codes) > 1:
            return "the later edition leaves out a code, and the record does not tell which code was asked for"
        if not recorded.rests_on_criteria:
            return f"it rests on {recorded.basis}, not on criteria"
        if recorded.recommendation is Recommendation.NOT_APPLICABLE:
            return "it was outside the earlier edition, so that no status is known"
        missing = [leaf.id for leaf in self.before.leaves if leaf.id not in recorded.statuses]
        if missing:
            return f"no status is recorded for {', '.join(missing)}"
        readings = self.before.own_readings(recorded.readings)
        vector = tuple(recorded.statuses[leaf.id] for leaf in self.before.leaves)
        if program(self.before).decide(vector, readings).recommendation is not recorded.recommendation:
            return "its statuses alone do not give the recorded recommendation: a plan, a mandate or a reading does"
        return ""

    def _keeps(self, leaf: Criterion, readings: Mapping[str, str]) -> bool:
        """Whether a leaf of the later edition has the status that was recorded under the earlier one."""
        earlier = next((c for c in self.before.leaves if c.id == leaf.id), None)
        if earlier is None or self.diff.of(Part.EVIDENCE) or {leaf.id, *links_to(self.after, leaf)} & self._changed():
            return False
        return _read_alike(self.before, earlier, readings) == _read_alike(self.after, leaf, readings)

    def _changed(self) -> frozenset[str]:
        return _changed(self.diff)

    def _scope_changed(self) -> bool:
        return any(set(d.changes) & {Change.LOGIC, Change.ADDED} for d in self.diff.of(Part.SCOPE))


@lru_cache(maxsize=8)
def _changed(diff: EditionDiff) -> frozenset[str]:
    deciding = {Change.LOGIC, Change.RENEWED, Change.ADDED, Change.REMOVED}
    found = {d.key for d in diff.of(Part.CRITERION, Part.EXCLUSION) if set(d.changes) & deciding}
    return frozenset(found)


def _read_alike(policy: Policy, leaf: Criterion, chosen: Mapping[str, str]) -> dict[str, str]:
    """The readings that bear on a leaf and are not the default, by short names."""
    readings = policy.own_readings(chosen)
    ambiguities = (policy.ambiguity_by_iri[a] for a in relevant(policy, leaf))
    return {
        a.notation: policy.reading_by_iri[readings[a.iri]].notation
        for a in ambiguities
        if readings[a.iri] != a.default.iri
    }


@lru_cache(maxsize=200_000)
def _possible(
    policy: Policy, known: tuple[Status | None, ...], joined: tuple[tuple[str, str], ...]
) -> tuple[tuple[Recommendation, ...], tuple[str, ...]]:
    """All recommendations that the unknown leaves leave possible, and the unknown leaves on which it depends."""
    readings = dict(joined)
    unknown = [i for i, status in enumerate(known) if status is None]
    found: dict[tuple[Status, ...], Recommendation] = {}
    for values in _completions(policy, unknown):
        filled = dict(zip(unknown, values, strict=True))
        vector = tuple(filled.get(i) or status for i, status in enumerate(known))
        assert all(s is not None for s in vector)
        found[values] = program(policy).decide(vector, readings).recommendation  # type: ignore[arg-type]
    matters = tuple(policy.leaves[i].id for n, i in enumerate(unknown) if _varies(found, n))
    order = list(Recommendation)
    return tuple(sorted(set(found.values()), key=order.index)), matters


def _completions(policy: Policy, unknown: list[int]) -> Iterable[tuple[Status, ...]]:
    if len(unknown) <= MOST_UNKNOWN:
        return product(_VALUES, repeat=len(unknown))
    best = tuple(Status.UNMET if policy.leaves[i].kind is Kind.EXCLUSION else Status.MET for i in unknown)
    worst = tuple(Status.MET if s is Status.UNMET else Status.UNMET for s in best)
    return (best, worst, (Status.UNDOCUMENTED,) * len(unknown))


def _varies(found: Mapping[tuple[Status, ...], Recommendation], place: int) -> bool:
    """Whether the recommendation depends on the value at a place."""
    by_rest: dict[tuple[Status, ...], set[Recommendation]] = {}
    for values, recommendation in found.items():
        by_rest.setdefault((*values[:place], *values[place + 1 :]), set()).add(recommendation)
    return any(len(r) > 1 for r in by_rest.values())


def foretold(lines: Iterable[RecordedLine], teller: Foreteller) -> Iterator[Foretold]:
    """What can be told of recorded lines, one by one."""
    return (teller.line(line) for line in lines)
