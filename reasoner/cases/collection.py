"""A folder of cases, reviewed, and what it exercises of each policy."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from itertools import combinations
from pathlib import Path
from typing import Any

from reasoner import intake
from reasoner.cases.branches import BranchProgram
from reasoner.cases.exercise import Exercised, exercised
from reasoner.cases.items import DIMENSIONS, Item, universe
from reasoner.engine import Engine
from reasoner.engine_columnar import ColumnarEngine
from reasoner.errors import CaseError, PlexusError
from reasoner.expected import EXPECTED, REQUESTS, cases_in
from reasoner.knowledge import Knowledge
from reasoner.lines import Setting
from reasoner.model import Status
from reasoner.policy import Policy


@dataclass(frozen=True)
class Case:
    """One case: its name (of its folder), its request, the day of review, and whether a person confirmed it."""

    name: str
    request: Path
    as_of: date
    confirmed: bool


@dataclass(frozen=True)
class CaseLine:
    """One line of a case with what it exercises of the edition that it falls under (none: of no policy)."""

    case: str
    sequence: int
    edition: str | None
    items: frozenset[Item]

    def shows(self, dimension: str, *key: str) -> bool:
        """Whether the line shows an item."""
        return Item(dimension, key) in self.items


def read_cases(folder: Path) -> tuple[Case, ...]:
    """The cases of a folder: every folder in it that holds a request and ``expected.toml``, by name.

    Raises:
        CaseError: there is no such folder, a case lacks a file, or its expectations do not tell the day of review.
    """
    if not folder.is_dir():
        raise CaseError(str(folder), "is no folder.", "Name the folder that holds the folders of the cases.")
    out = []
    for inner in (p for p in cases_in(folder) if not p.name.startswith(".")):
        request = next((inner / name for name in REQUESTS if (inner / name).is_file()), None)
        expected = inner / EXPECTED
        if request is None:
            raise CaseError(str(inner), "has no request.", f"Add {REQUESTS[0]}, or remove the folder.")
        if not expected.is_file():
            raise CaseError(str(inner), f"has no {EXPECTED}.", "Add it with a title and as_of, the day of the review.")
        out.append(_case(inner.name, request, expected))
    return tuple(out)


def _case(name: str, request: Path, expected: Path) -> Case:
    try:
        told: dict[str, Any] = tomllib.loads(expected.read_text(encoding="utf-8"))
    except OSError as error:
        raise CaseError(str(expected), f"cannot be read: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CaseError(str(expected), f"is not TOML: {error}.", "Mend the file.") from error
    day = told.get("as_of")
    if not isinstance(day, date):
        raise CaseError(str(expected), "does not tell the day of the review.", "Add a line such as as_of = 2026-03-01.")
    return Case(name, request, day, told.get("confirmed", True) is not False)


@dataclass(frozen=True, eq=False)
class Reviewer:
    """Reviews cases with one engine; keeps what is made once for each edition."""

    knowledge: Knowledge
    engine: Engine = field(default_factory=ColumnarEngine)
    programs: dict[str, BranchProgram] = field(default_factory=dict)

    def lines(self, case: Case) -> tuple[CaseLine, ...]:
        """What each line of a case exercises under the default readings.

        Raises:
            RequestError: the request is refused.
        """
        return self.lines_of(case.name, case.request, case.as_of)

    def lines_of(self, name: str, source: Path | bytes, as_of: date) -> tuple[CaseLine, ...]:
        """As :meth:`lines`, of a request that belongs to no case yet.

        Raises:
            RequestError: the request is refused.
        """
        shown = self.exercised(source, as_of)
        return tuple(CaseLine(name, x.review.sequence, x.edition, x.items) for x in shown)

    def exercised(self, source: Path | bytes, as_of: date) -> Iterator[Exercised]:
        """Each line of a file with its review.

        Raises:
            RequestError: the request is refused.
        """
        for record in self.records(source, as_of):
            for line in record.lines:
                yield exercised(record, line, self.setting(as_of), self.programs)

    def records(self, source: Path | bytes, as_of: date) -> Iterator[intake.Record]:
        """The checked requests of a file.

        Raises:
            RequestError: the request is refused.
        """
        shapes = self.knowledge.shapes("request.ttl")
        for record in intake.read(source, as_of=as_of, ontology=self.knowledge.ontology):
            results = self.engine.evaluate(record.triples, shapes, self.knowledge.arrangement)
            yield intake.checked(record, results, self.knowledge.ontology)

    def setting(self, as_of: date) -> Setting:
        """What a case of a day is reviewed with."""
        return Setting(self.knowledge, self.engine, as_of, {})


@dataclass(frozen=True, eq=False)
class Collection:
    """Cases with what their lines exercise; ``refused`` names those that could not be reviewed, and why."""

    cases: tuple[Case, ...]
    lines: tuple[CaseLine, ...]
    refused: tuple[tuple[str, str], ...] = ()

    def without(self, *names: str) -> Collection:
        """The collection as if some cases did not exist."""
        return Collection(
            tuple(c for c in self.cases if c.name not in names),
            tuple(x for x in self.lines if x.case not in names),
            tuple(r for r in self.refused if r[0] not in names),
        )

    def and_(self, lines: Iterable[CaseLine]) -> Collection:
        """The collection with further lines."""
        return Collection(self.cases, (*self.lines, *lines), self.refused)

    def of(self, policy: Policy) -> Coverage:
        """What the collection exercises of one edition."""
        return Coverage(policy, tuple(x for x in self.lines if x.edition == policy.edition_iri))


@dataclass(frozen=True)
class Reviewed:
    """One case with what its lines exercise, or why it was refused."""

    case: Case
    lines: tuple[CaseLine, ...] = ()
    refused: str | None = None


def reviewed(case: Case, reviewer: Reviewer) -> Reviewed:
    """Review a case; what is refused is kept with its reason."""
    try:
        return Reviewed(case, reviewer.lines(case))
    except PlexusError as error:
        return Reviewed(case, refused=str(error))


def collected(found: Iterable[Reviewed]) -> Collection:
    """A collection of reviewed cases, by name.

    >>> collected(()).lines
    ()
    """
    done = sorted(found, key=lambda one: one.case.name)
    refused = tuple((one.case.name, one.refused) for one in done if one.refused is not None)
    return Collection(tuple(one.case for one in done), tuple(x for one in done for x in one.lines), refused)


def review_cases(cases: Iterable[Case], reviewer: Reviewer) -> Collection:
    """Review cases one by one."""
    return collected(reviewed(case, reviewer) for case in cases)


@dataclass(frozen=True, eq=False)
class Coverage:
    """What lines exercise of one edition."""

    policy: Policy
    lines: tuple[CaseLine, ...]

    @cached_property
    def items(self) -> tuple[Item, ...]:
        """Every item that could be shown, in the order of the dimensions."""
        return universe(self.policy)

    @cached_property
    def shown_by(self) -> Mapping[Item, tuple[str, ...]]:
        """The cases that show an item, for every item that some case shows."""
        out: dict[Item, dict[str, None]] = {}
        for line in self.lines:
            for item in line.items:
                out.setdefault(item, {})[line.case] = None
        return {item: tuple(cases) for item, cases in out.items()}

    @property
    def missing(self) -> tuple[Item, ...]:
        """The items that no case shows."""
        return tuple(item for item in self.items if item not in self.shown_by)

    def counted(self) -> dict[str, tuple[int, int]]:
        """For each dimension that has items: how many are shown, of how many."""
        out = {}
        for dimension in DIMENSIONS:
            own = [item for item in self.items if item.dimension == dimension]
            if own:
                out[dimension] = (sum(item in self.shown_by for item in own), len(own))
        return out

    @property
    def percent(self) -> float:
        """The share of all items that some case shows."""
        return 100 * (1 - len(self.missing) / len(self.items))

    def only_by(self, case: str) -> tuple[Item, ...]:
        """The items that one case alone shows."""
        return tuple(item for item in self.items if self.shown_by.get(item) == (case,))

    def pairs(self) -> tuple[tuple[Item, Item], ...]:
        """The pairs of statuses of two criteria that no line shows together, where each is shown by itself."""
        return tuple((a, b) for a, b in self.pairs_missing() if a in self.shown_by and b in self.shown_by)

    def pairs_missing(self) -> tuple[tuple[Item, Item], ...]:
        """All pairs of statuses of two criteria that no line shows together."""
        seen = {frozenset(pair) for line in self.lines for pair in combinations(_statuses(line), 2)}
        own = [item for item in self.items if item.dimension == "status"]
        return tuple((a, b) for a, b in combinations(own, 2) if a.key[0] != b.key[0] and frozenset((a, b)) not in seen)

    def all_pairs(self) -> int:
        """How many pairs of statuses of two criteria there are."""
        leaves = len(self.policy.leaves)
        return leaves * (leaves - 1) // 2 * len(Status) ** 2


def _statuses(line: CaseLine) -> list[Item]:
    return sorted(item for item in line.items if item.dimension == "status")
