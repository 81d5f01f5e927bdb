"""Requests of the case collection that show what a finding says: chosen by what they are expected to hinge on.

An expectation only chooses the case; what is told of it comes from reviewing it.
"""

from __future__ import annotations

import tomllib
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass, field

from reasoner import resources
from reasoner.cases.collection import Case, read_cases
from reasoner.expected import EXPECTED
from reasoner.knowledge import Knowledge
from reasoner.model import LineReview, Status
from reasoner.policy import Policy
from reasoner.proving.composition import Clock
from reasoner.proving.stories import WORDS
from reasoner.proving.verification import CaseStory
from reasoner.review import review


@dataclass(frozen=True)
class Expected:
    """What a case for one policy tells of itself: its title, what it hinges on, and its statuses by line."""

    case: Case
    title: str
    hinges: frozenset[str]
    statuses: tuple[dict[str, str], ...]

    @property
    def name(self) -> str:
        """The name of the case."""
        return self.case.name

    @property
    def open_criteria(self) -> int:
        """How many criteria are open in the line that has fewest: the fewer, the plainer the story."""
        return min(map(_open, self.statuses), default=99)


def _open(statuses: dict[str, str]) -> int:
    return sum(s not in ("met", "unmet") for s in statuses.values())


@dataclass
class Stories:
    """The confirmed cases of a library that ask for a procedure which the policy governs."""

    policy: Policy
    knowledge: Knowledge
    _reviewed: dict[str, tuple[LineReview, ...]] = field(default_factory=dict)
    _cases: list[Expected] = field(default_factory=list)

    def __post_init__(self) -> None:
        folders = [layer / "cases" for layer in resources.layers(self.knowledge.root)]
        cases = {case.name: case for f in folders if f.is_dir() for case in read_cases(f) if case.confirmed}
        found = [_expected(case) for case in cases.values() if _asks_for(case, self.policy)]
        self._cases = sorted(found, key=lambda c: (c.open_criteria, c.name))

    def hinging(self, reading: str) -> list[Expected]:
        """The cases that are expected to hinge on a reading alone, the plainest first."""
        return [c for c in self._cases if reading in c.hinges]

    def story(self, reading: str, criteria: Iterable[str], clock: Clock) -> CaseStory | None:
        """A case whose recommendation changes with a reading, reviewed; None where there is none.

        A case that is named after one of the criteria comes first: it was made for them.
        """
        prefixes = tuple(criteria)
        for case in sorted(self.hinging(reading), key=lambda c: not c.name.startswith(prefixes)):
            for line in self._lines(case, clock):
                for hinge in line.hinges_on:
                    if [f"{c.ambiguity}={c.reading}" for c in hinge.changes] == [reading]:
                        return _told(case, line, reading, hinge.recommendation.value)
        return None

    def in_status(
        self, criterion: str, status: str, recommended: str, hinging: Container[str], clock: Clock
    ) -> CaseStory | None:
        """A case with a criterion in a status and this recommendation by default; None where there is none.

        One that is named after the criterion comes first, and one that hinges on one of the ambiguities ``hinging``.
        """
        fitting = [
            (
                not case.name.startswith(criterion),
                not any(reading.partition("=")[0] in hinging for reading in case.hinges),
                _open(line),
                case.name,
            )
            for case in self._cases
            for line in case.statuses
            if line.get(criterion) == status
        ]
        named = {case.name: case for case in self._cases}
        for *_, name in sorted(fitting):
            for reviewed in self._lines(named[name], clock):
                is_so = any(c.id == criterion and c.status == status for c in reviewed.criteria)
                if is_so and reviewed.recommendation == recommended:
                    shows = f"“{self._label(criterion)}” is {WORDS[Status(status)]}."
                    return _told(named[name], reviewed, None, None, shows)
        return None

    def _label(self, criterion: str) -> str:
        return next(c.label for c in self.policy.criteria if c.id == criterion)

    def _lines(self, case: Expected, clock: Clock) -> Iterator[LineReview]:
        """The lines of a case that are reviewed under this edition."""
        if case.name not in self._reviewed:
            clock.left()
            found = review(case.case.request, as_of=case.case.as_of, library=self.knowledge.root)
            self._reviewed[case.name] = tuple(line for r in found for line in r.lines)
        edition = (self.policy.number, self.policy.edition.isoformat())
        for line in self._reviewed[case.name]:
            if line.policy is not None and (line.policy.number, line.policy.edition) == edition:
                yield line


def _told(case: Expected, line: LineReview, reading: str | None, otherwise: str | None, shows: str = "") -> CaseStory:
    day = case.case.as_of.isoformat()
    return CaseStory(case.name, case.title, day, reading, line.recommendation.value, otherwise, shows)


def _asks_for(case: Case, policy: Policy) -> bool:
    """Whether a request may ask for a procedure of the policy: its code is written in it."""
    text = case.request.read_text(encoding="utf-8", errors="replace")
    return any(f'"{code}"' in text for code in policy.codes)


def _expected(case: Case) -> Expected:
    told = tomllib.loads(case.request.with_name(EXPECTED).read_text(encoding="utf-8"))
    lines = told.get("line", [])
    hinges = frozenset(h[0] for line in lines for h in line.get("hinges_on", []) if len(h) == 1)
    return Expected(case, str(told.get("title", case.name)), hinges, tuple(line.get("statuses", {}) for line in lines))
