"""Requests of the case collection that show what a finding says: chosen by what they are expected to hinge on.

An expectation only chooses the case; what is told of it comes from reviewing it.
"""

from __future__ import annotations

import tomllib
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from reasoner import resources
from reasoner.composition import Clock
from reasoner.errors import PlexusError
from reasoner.knowledge import Knowledge
from reasoner.model import LineReview, Status
from reasoner.policy import Policy
from reasoner.review import review
from reasoner.stories import WORDS
from reasoner.verification import CaseStory


@dataclass(frozen=True)
class Case:
    """A case for one policy: its name, title and day, what it hinges on, and the statuses of its criteria by line."""

    name: str
    title: str
    request: Path
    as_of: date
    hinges: frozenset[str]
    statuses: tuple[dict[str, str], ...]

    @property
    def open_criteria(self) -> int:
        """How many criteria are open in the line that has fewest: the fewer, the plainer the story."""
        return min(map(_open, self.statuses), default=99)


def _open(statuses: dict[str, str]) -> int:
    return sum(s not in ("met", "unmet") for s in statuses.values())


@dataclass
class Collection:
    """The cases of a library that ask for a procedure which the policy governs."""

    policy: Policy
    knowledge: Knowledge
    _reviewed: dict[str, tuple[LineReview, ...]] = field(default_factory=dict)
    _cases: list[Case] = field(default_factory=list)

    def __post_init__(self) -> None:
        found = (_case(path, self.policy) for path in resources.files(self.knowledge.root, "cases", "*/expected.toml"))
        self._cases = sorted((c for c in found if c is not None), key=lambda c: (c.open_criteria, c.name))

    def hinging(self, reading: str) -> list[Case]:
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

    def _lines(self, case: Case, clock: Clock) -> Iterator[LineReview]:
        """The lines of a case that are reviewed under this edition."""
        if case.name not in self._reviewed:
            clock.left()
            found = review(case.request, as_of=case.as_of, library=self.knowledge.root)
            self._reviewed[case.name] = tuple(line for r in found for line in r.lines)
        edition = (self.policy.number, self.policy.edition.isoformat())
        for line in self._reviewed[case.name]:
            if line.policy is not None and (line.policy.number, line.policy.edition) == edition:
                yield line


def _told(case: Case, line: LineReview, reading: str | None, otherwise: str | None, shows: str = "") -> CaseStory:
    day = case.as_of.isoformat()
    return CaseStory(case.name, case.title, day, reading, line.recommendation.value, otherwise, shows)


def _case(path: Path, policy: Policy) -> Case | None:
    """A case of which some line asks for a code of the policy.

    Raises:
        PlexusError: its expectation cannot be read.
    """
    request = path.with_name("request.ttl")
    try:
        text = request.read_text(encoding="utf-8")
        expected = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise PlexusError(f"{path} cannot be read: {error}.") from error
    if not any(f'"{code}"' in text for code in policy.codes):
        return None
    lines = expected.get("line", [])
    hinges = frozenset(h[0] for line in lines for h in line.get("hinges_on", []) if len(h) == 1)
    statuses = tuple(line.get("statuses", {}) for line in lines)
    return Case(path.parent.name, expected["title"], request, expected["as_of"], hinges, statuses)
