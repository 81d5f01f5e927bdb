"""What the tests share: the knowledge, the case collection, and ways to run plain SHACL engines."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from reasoner import Review, review
from reasoner.knowledge import Knowledge, load
from reasoner.policy import Policy

ROOT = Path(__file__).resolve().parent.parent
CASES = ROOT / "cases"


@dataclass(frozen=True)
class Case:
    name: str
    folder: Path
    expected: dict[str, Any]

    @property
    def request(self) -> Path:
        return self.folder / "request.ttl"

    @property
    def as_of(self) -> date:
        day = self.expected["as_of"]
        assert isinstance(day, date)
        return day


def all_cases() -> list[Case]:
    return [
        Case(path.parent.name, path.parent, tomllib.loads(path.read_text(encoding="utf-8")))
        for path in sorted(CASES.glob("*/expected.toml"))
    ]


@cache
def case_named(name: str) -> Case:
    return next(c for c in all_cases() if c.name == name)


@cache
def reviewed(name: str) -> Review:
    """The review of a case under the default readings, made once a process."""
    case = case_named(name)
    (only,) = review(case.request, as_of=case.as_of)
    return only


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "case" in metafunc.fixturenames:
        sampled = metafunc.definition.get_closest_marker("sampled")
        every = sampled.kwargs["every"] if sampled else 1
        metafunc.parametrize(
            "case",
            [
                pytest.param(case, id=case.name, marks=[] if i % every == 0 else [pytest.mark.exhaustive])
                for i, case in enumerate(all_cases())
            ],
        )


@pytest.fixture(scope="session")
def knowledge() -> Knowledge:
    return load()


@pytest.fixture(scope="session")
def policy(knowledge: Knowledge) -> Policy:
    return next(p for p in knowledge.policies if p.number == "0587")


@pytest.fixture(scope="session", params=[p.slug for p in load().policies])
def each_policy(request: pytest.FixtureRequest, knowledge: Knowledge) -> Policy:
    """Every adjudicable edition that plexus ships, one after another."""
    return next(p for p in knowledge.policies if p.slug == request.param)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--write-answers", action="store_true", help="write the answers of the competency questions anew")
