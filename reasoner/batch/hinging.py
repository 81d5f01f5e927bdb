"""On which readings the recommendation of each line hinges, over columns: as :func:`reasoner.counterfactual.hinges`.

A change of readings is looked at only for lines whose statuses, groups or scope it changes; two changes together only
where neither alone explains the line, and where together they make something that neither makes alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

from reasoner.batch.composing import RECOMMENDATIONS, pack, recommender_of
from reasoner.batch.weighing import BulkWeigher
from reasoner.bearing import SCOPE, bearings
from reasoner.counterfactual import reading_changes
from reasoner.model import Recommendation
from reasoner.policy import Policy, Readings

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from reasoner.batch.mixing import Marks

    Bools = NDArray[np.bool_]
    Codes = NDArray[np.uint8]
    Ids = NDArray[np.int32]

MOST_KNOWN = 1_000_000
"""The hinges of so many different lines are remembered; then they are forgotten, and found again."""
Elsewhere = Callable[[Readings, "Bools"], "Codes"]
"""The recommendation, under readings, of the lines that these take out of the edition."""


_Alone = tuple["dict[int, Codes]", "Bools", "Bools"]
"""What a change of one reading makes: statuses by leaf, the lines that it touches, and those outside then."""


@dataclass(frozen=True)
class Ground:
    """What the lines of a group have in common: how they are weighed, and which views they are.

    ``outside`` tells which lines readings take out of the edition, ``elsewhere`` what becomes of those.
    """

    weigher: BulkWeigher
    at: Ids
    bits: NDArray[np.int64]
    outside: Callable[[Readings], Bools]
    elsewhere: Elsewhere

    @property
    def policy(self) -> Policy:
        """The edition."""
        return self.weigher.policy


@dataclass(frozen=True)
class _Footing:
    """What readings make of the lines: statuses, what groups and constraints they make, and who falls outside."""

    codes: Codes
    joined: tuple[object, ...]
    outside: Bools


@dataclass
class HingeTexts:
    """The hinges of lines as numbers of texts; each different list of hinges is written once."""

    numbers: Ids
    texts: list[str] = field(default_factory=lambda: [""])
    _known: dict[tuple[int, str], int] = field(default_factory=dict)

    def add(self, lines: Ids, what: str, recommendations: Codes) -> None:
        """Put one more hinge to some lines, with what each becomes."""
        import numpy as np

        for code in np.flatnonzero(np.bincount(recommendations)).tolist():
            told = f"{what}: {RECOMMENDATIONS[code].value}"
            chosen = lines[recommendations == code]
            before, place = np.unique(self.numbers[chosen], return_inverse=True)
            after = np.array([self._number(b, told) for b in before.tolist()], np.int32)
            self.numbers[chosen] = after[place]

    def _number(self, before: int, told: str) -> int:
        key = before, told
        if key not in self._known:
            self._known[key] = len(self.texts)
            self.texts.append(f"{self.texts[before]}; {told}" if before else told)
        return self._known[key]


def hinges_of(ground: Ground, readings: Readings) -> HingeTexts:
    """The hinges of all lines of a group, each a minimal change of one or two readings."""
    import numpy as np

    search = _Search(ground, readings)
    out = HingeTexts(np.zeros(len(ground.at), np.int32))
    explained: dict[str, Bools] = {}
    for chosen in reading_changes(ground.policy, readings):
        open_ = search.candidates(chosen)
        for reading in chosen.values():
            if len(chosen) > 1 and reading in explained:
                open_ = open_ & ~explained[reading]
        lines = np.flatnonzero(open_).astype(np.int32)
        if not len(lines):
            continue
        found = search.recommended(chosen, lines)
        other = found != search.now[lines]
        if other.any():
            hit = lines[other]
            out.add(hit, search.told(chosen), found[other])
            if len(chosen) == 1:
                explained.setdefault(next(iter(chosen.values())), np.zeros(len(open_), np.bool_))[hit] = True
    return out


@dataclass(frozen=True)
class Known:
    """The hinges of lines by their marks, for one choice of readings: the text of each."""

    texts: dict[int, str] = field(default_factory=dict)

    def room(self) -> None:
        """Forget everything once it is too much."""
        if len(self.texts) > MOST_KNOWN:
            self.texts.clear()


@cache
def known_hinges(policy: Policy, readings: tuple[tuple[str, str], ...], *, named: bool) -> Known:
    """What is known of the hinges of an edition under readings, kept for the process.

    An edition that is named governs whatever the dates are, so that other things hinge.
    """
    return Known()


def hinges_by_marks(marks: Marks, known: Known, search: Callable[[Ids], HingeTexts]) -> HingeTexts:
    """The hinges of lines, of which those that are alike are looked at once.

    Args:
        marks: of each line a number, equal for lines that come out alike under all readings.
        known: what is known of marks; what is found is added.
        search: finds the hinges of some lines, given by their places.
    """
    import numpy as np

    distinct, first, place = np.unique(marks, return_index=True, return_inverse=True)
    known.room()
    new = [i for i, mark in enumerate(distinct.tolist()) if mark not in known.texts]
    if new:
        found = search(first[new].astype(np.int32))
        told = (found.texts[n] for n in found.numbers.tolist())
        known.texts.update(zip(distinct[new].tolist(), told, strict=True))
    texts = [known.texts[mark] for mark in distinct.tolist()]
    order = {"": 0}
    for i in np.argsort(first).tolist():  # as they come up, so that what is known already leaves no trace
        order.setdefault(texts[i], len(order))
    numbers = np.array([order[t] for t in texts], np.int32)[place]
    return HingeTexts(numbers, list(order))


class _Search:
    """Footings by change of readings, and the recommendations on them."""

    def __init__(self, ground: Ground, readings: Readings) -> None:
        import numpy as np

        self.ground, self.readings, self.policy = ground, readings, ground.policy
        self.parts = bearings(ground.policy)
        self._every = len(ground.at) == ground.weigher.view.views  # all views, in order
        self.place = {leaf.iri: i for i, leaf in enumerate(self.policy.leaves)}
        self.start = _Footing(
            np.stack([self._codes(i, readings) for i in range(len(self.policy.leaves))]),
            self.policy.arranged(readings),
            ground.outside(readings),
        )
        self.now = self._on(self.start.codes, readings, self.start.outside, np.arange(len(ground.at), dtype=np.int32))
        self.single: dict[str, _Alone] = {}

    def _codes(self, leaf: int, readings: Readings) -> Codes:
        codes = self.ground.weigher.codes(self.policy.leaves[leaf], readings)
        return codes if self._every else codes[self.ground.at]

    def candidates(self, chosen: dict[str, str]) -> Bools:
        """The lines on which a change of readings can have an effect that no part of it has alone."""
        if len(chosen) == 1:
            ((ambiguity, reading),) = chosen.items()
            self.single[reading] = self._alone(ambiguity, reading)
            return self.single[reading][1]
        (a, r), (b, q) = chosen.items()
        common = self.parts[a] & self.parts[b]
        if not common:
            return self.single[r][1] & self.single[q][1]
        return self._together(chosen, self.single[r], self.single[q])

    def _alone(self, ambiguity: str, reading: str) -> _Alone:
        """The statuses that a change of one reading makes, the lines that it touches, and those outside then."""
        import numpy as np

        readings = {**self.readings, ambiguity: reading}
        parts = self.parts[ambiguity]
        changed: dict[int, Codes] = {}
        active = np.zeros(len(self.ground.at), np.bool_)
        for leaf in sorted(self.place[p] for p in parts if p in self.place):
            codes = self._codes(leaf, readings)
            differs = codes != self.start.codes[leaf]
            if differs.any():
                changed[leaf] = codes
                active |= differs
        if self.policy.arranged(readings) != self.start.joined:
            active[:] = True
        outside = self.start.outside
        if SCOPE in parts:
            outside = self.ground.outside(readings)
            active |= outside | self.start.outside
        return changed, active | self.start.outside, outside

    def _together(self, chosen: dict[str, str], first: _Alone, second: _Alone) -> Bools:
        """The lines of which two changes together make something that neither makes alone."""
        import numpy as np

        readings = {**self.readings, **chosen}
        parts = [self.parts[a] for a in chosen]
        joined = self.policy.arranged(readings)
        ways = [self.policy.arranged({**self.readings, a: r}) for a, r in chosen.items()]
        apart = [np.full(len(self.ground.at), joined != way) for way in ways]
        common = {self.place[p] for p in parts[0] & parts[1] if p in self.place}
        for leaf in common:
            codes, start = self._codes(leaf, readings), self.start.codes[leaf]
            apart[0] |= codes != first[0].get(leaf, start)
            apart[1] |= codes != second[0].get(leaf, start)
        for changed, without in ((first[0], apart[1]), (second[0], apart[0])):
            for leaf in changed.keys() - common:
                without |= changed[leaf] != self.start.codes[leaf]
        if any(SCOPE in p for p in parts):
            outside = self.ground.outside(readings)
            apart[0] |= outside | first[2]
            apart[1] |= outside | second[2]
        out: Bools = (apart[0] & apart[1]) | self.start.outside
        return out

    def recommended(self, chosen: dict[str, str], lines: Ids) -> Codes:
        """The recommendations of lines under changed readings."""
        readings = {**self.readings, **chosen}
        parts = frozenset[str]().union(*(self.parts[a] for a in chosen))
        codes = self.start.codes[:, lines]
        for leaf in (self.place[p] for p in parts if p in self.place):
            codes[leaf] = self._codes(leaf, readings)[lines]
        outside = self.ground.outside(readings) if SCOPE in parts else self.start.outside
        return self._on(codes, readings, outside, lines)

    def _on(self, codes: Codes, readings: Readings, outside: Bools, lines: Ids) -> Codes:
        import numpy as np

        packed = pack(codes, self.ground.bits[lines])
        out = recommender_of(self.policy, *self.policy.arranged(readings)).recommendations(packed)
        away = outside[lines]
        if away.any():
            every = np.zeros(len(self.ground.at), np.bool_)
            every[lines[away]] = True
            out[away] = self.ground.elsewhere(readings, every)[lines[away]]
        return out

    def told(self, chosen: dict[str, str]) -> str:
        """A change of readings in short names."""
        policy = self.policy
        pairs = (
            f"{policy.ambiguity_by_iri[a].notation}={policy.reading_by_iri[r].notation}" for a, r in chosen.items()
        )
        return " + ".join(pairs)


def nowhere(_: Readings, lines: Bools) -> Codes:
    """Lines that fall out of the only edition of a policy are not applicable."""
    import numpy as np

    return np.full(len(lines), RECOMMENDATIONS.index(Recommendation.NOT_APPLICABLE), np.uint8)
