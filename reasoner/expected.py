"""What the author of a case expects, and how a review differs from it, in sentences."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from reasoner.errors import PlexusError
from reasoner.model import LineReview
from reasoner.review import review

EXPECTED = "expected.toml"
REQUESTS = ("request.ttl", "request.jsonld", "request.nt", "request.rdf")
OUTCOME = {"recommendation": "recommendation", "basis": "basis", "next": "next step"}


@dataclass(frozen=True)
class Difference:
    """One way in which a case is not as it should be: its file, the line there, and what is wrong with the cure."""

    case: str
    file: Path
    line: int
    what: str


def cases_in(folder: Path) -> tuple[Path, ...]:
    """The folders of cases below a folder: those that hold a request or expectations, by name."""
    names = (*REQUESTS, EXPECTED)
    found = sorted(p for p in folder.iterdir() if p.is_dir()) if folder.is_dir() else []
    return tuple(p for p in found if any((p / name).is_file() for name in names))


def differences(case: Path, library: Path | None = None) -> tuple[Difference, ...]:
    """How the review of a case differs from what its ``expected.toml`` says; nothing where it is as expected.

    Only what the file tells is compared: recommendation, basis and next step of every line, and statuses by
    criterion where they are given.

    Args:
        case: the folder of the case.
        library: the library under which it is reviewed (default: what plexus ships).
    """
    expectation = case / EXPECTED
    request = next((case / name for name in REQUESTS if (case / name).is_file()), None)
    if request is None:
        return (Difference(case.name, expectation, 1, f"The case has no request. Add {REQUESTS[0]}."),)
    if not expectation.is_file():
        what = f"The case has no {EXPECTED}. Add it with a title, as_of, and one [[line]] for each line."
        return (Difference(case.name, request, 1, what),)
    try:
        text = expectation.read_text(encoding="utf-8")
        told = tomllib.loads(text)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        return (Difference(case.name, expectation, 1, f"The file is not TOML: {error}. Mend it."),)
    day = told.get("as_of")
    if not isinstance(day, date):
        what = "The day of the review is not told. Add a line such as as_of = 2026-03-01."
        return (Difference(case.name, expectation, 1, what),)
    try:
        reviews = review(request, as_of=day, library=library, name=request.name)
    except PlexusError as error:
        return (Difference(case.name, request, 1, f"The request is not reviewed. {error}"),)
    found = [x for one in reviews for x in one.lines]
    return tuple(Difference(case.name, expectation, line, what) for line, what in _compared(told, found, text))


def _compared(told: Mapping[str, Any], found: list[LineReview], text: str) -> Iterator[tuple[int, str]]:
    """The line of the expectations and what differs there."""
    expected = told.get("line", [])
    if not isinstance(expected, list) or not all(isinstance(x, dict) for x in expected) or not expected:
        yield 1, "No line is expected. Add [[line]] with sequence, recommendation, basis and next."
        return
    by_number = {x.sequence: x for x in found}
    for position, wanted in enumerate(expected):
        number = wanted.get("sequence")
        at = _LineOf(text, position)
        if number not in by_number:
            known = ", ".join(map(str, by_number)) or "none"
            yield at(), f"The request has no line {number}; its lines: {known}. Correct sequence."
            continue
        for key, what in _differing(wanted, by_number[number]):
            yield at(key), f"Line {number}: {what}"
    for number in by_number.keys() - {x.get("sequence") for x in expected}:
        yield 1, f"Line {number} of the request is not expected. Add a [[line]] for it."


def _differing(wanted: Mapping[str, Any], got: LineReview) -> Iterator[tuple[str, str]]:
    for key, name in OUTCOME.items():
        value = getattr(got, key).value
        if key not in wanted:
            yield key, f"no {name} is expected. Add {key}; the review says {value}."
        elif wanted[key] != value:
            yield key, f"the {name} is {value}, and {wanted[key]} is expected. {_why(got, key)}"
    statuses = {c.id: c.status for c in got.criteria}
    for criterion, status in wanted.get("statuses", {}).items():
        if criterion not in statuses:
            known = ", ".join(statuses) or "none"
            yield criterion, f"there is no criterion {criterion}; the criteria: {known}."
        elif status != statuses[criterion]:
            yield criterion, f"criterion {criterion} is {statuses[criterion]}, and {status} is expected."


def _why(got: LineReview, key: str) -> str:
    return f"The review: {got.reason}" if key == "recommendation" else ""


class _LineOf:
    """Where a key of one expected line stands in the file."""

    def __init__(self, text: str, position: int) -> None:
        rows = text.splitlines()
        starts = [i for i, row in enumerate(rows) if row.strip().replace(" ", "") == "[[line]]"]
        self.start = starts[position] if position < len(starts) else 0
        after = starts[position + 1] if position + 1 < len(starts) else len(rows)
        self.rows = rows[self.start : after]

    def __call__(self, key: str = "") -> int:
        for i, row in enumerate(self.rows):
            if key and row.split("=")[0].strip().strip("\"'") == key:
                return self.start + i + 1
        return self.start + 1
