"""A request about to be questioned: as it is, and with the files and readings that are supposed."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from reasoner.engines import DEFAULT
from reasoner.errors import SuppositionError
from reasoner.intake import Record
from reasoner.lines import Setting
from reasoner.model import LineReview, Review, Status
from reasoner.questioning.suppose import LineCase, SetStatus, with_added
from reasoner.review import checked_records, review_record, setting_of


class Clock:
    """Seconds that an analysis may take; asked between its steps, none of which is cut short."""

    def __init__(self, seconds: float, progress: Callable[[str], None] | None = None) -> None:
        self._end = time.monotonic() + seconds
        self._progress = progress or (lambda _: None)
        self.left_out: list[str] = []

    def doing(self, what: str) -> None:
        """Tell what is done next."""
        self._progress(what)

    def is_up(self, left_out: str) -> bool:
        """Whether the time is up; if so, what is left out is written down."""
        if time.monotonic() < self._end:
            return False
        self.left_out.append(left_out)
        return True


@dataclass(frozen=True)
class Questioned:
    """A request as it is, and with the files and readings that are supposed (the same where there are none)."""

    records: tuple[Record, Record]
    settings: tuple[Setting, Setting]
    reviews: tuple[Review, Review]

    @property
    def setting(self) -> Setting:
        """The setting with the supposed readings."""
        return self.settings[1]

    def numbers(self, wanted: int | None = None) -> list[int]:
        """The numbers of the lines.

        Raises:
            SuppositionError: there is no line of the wanted number.
        """
        known = [x.sequence for x in self.records[0].lines]
        if wanted is not None and wanted not in known:
            raise SuppositionError(f"The request has no line {wanted}. Its lines: {', '.join(map(str, known))}.")
        return known if wanted is None else [wanted]

    def case(self, number: int, *, supposed: bool) -> LineCase:
        """One line, as it is or with what is supposed of record and readings."""
        record, setting = self.records[supposed], self.settings[supposed]
        return LineCase(record, next(x for x in record.lines if x.sequence == number), setting)

    def review(self, number: int, *, supposed: bool) -> LineReview:
        """The review of one line."""
        return next(x for x in self.reviews[supposed].lines if x.sequence == number)


def question(
    source: str | Path | bytes,
    *,
    add: Sequence[str | Path] = (),
    readings: Mapping[str, str] | None = None,
    as_of: date | None = None,
    engine: str = DEFAULT,
    format: str | None = None,
    library: Path | None = None,
    clock: Clock | None = None,
) -> Questioned:
    """Review a request as it is, and with the added files and the readings.

    Raises:
        RequestError: the request, or the request with what is added, is refused.
        ReadingError: an ambiguity or reading does not exist.
        SuppositionError: the source holds several requests, or what is added brings a line.
    """
    tell = clock.doing if clock else (lambda _: None)
    as_is = setting_of(as_of=as_of, engine=engine, library=library)
    supposed = setting_of(as_of=as_is.as_of, readings=readings, engine=engine, library=library)
    supposed = replace(supposed, engine=as_is.engine)
    label = "standard input" if source == "-" else "input" if isinstance(source, bytes) else str(source)
    data = sys.stdin.buffer.read() if source == "-" else source
    tell("reviewing the request")
    record = _only(checked_records(data, as_is, name=label, format=format), label)
    other = record
    if add:
        tell("reviewing the request with what is added")
        whole = f"{label} with {', '.join(map(str, add))}"
        merged = with_added(data, add, name=label, format=format)
        other = _only(checked_records(merged, supposed, name=whole, format="ntriples"), whole)
        if [x.sequence for x in other.lines] != [x.sequence for x in record.lines]:
            raise SuppositionError(f"{whole}: a line is added. Add evidence for the lines of the request only.")
    before = review_record(record, as_is)
    after = review_record(other, supposed) if add or readings else before
    return Questioned((record, other), (as_is, supposed), (before, after))


def _only(records: Sequence[Record], label: str) -> Record:
    if len(records) != 1:
        raise SuppositionError(
            f"{label} holds {len(records)} requests; one can be questioned at a time. Split the file."
        )
    return records[0]


def given_statuses(
    questioned: Questioned, wanted: Sequence[SetStatus], line: int | None
) -> dict[int, dict[str, Status]]:
    """The supposed statuses by line and criterion; ``line`` is the only line that is questioned, if one is named.

    Raises:
        SuppositionError: a line does not exist or is not named, or one criterion is supposed to be two things.
    """
    numbers = questioned.numbers(line)
    out: dict[int, dict[str, Status]] = {}
    for one in wanted:
        if one.line is None and len(numbers) > 1:
            known = ", ".join(map(str, numbers))
            raise SuppositionError(
                f"Of which line is {one.criterion!r} meant? Name it, as 1:{one.criterion}; lines: {known}."
            )
        number = one.line if one.line is not None else numbers[0]
        if number not in numbers:
            raise SuppositionError(f"There is no line {number} to suppose of. Lines: {', '.join(map(str, numbers))}.")
        known_before = out.setdefault(number, {}).get(one.criterion, one.status)
        if known_before is not one.status:
            raise SuppositionError(f"{one.criterion} is supposed to be both {known_before} and {one.status}.")
        out[number][one.criterion] = one.status
    return out
