"""Outcomes that were recorded earlier: reviews as JSON or JSON Lines, or Parquet with a column for each leaf."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reasoner.errors import RecordedError
from reasoner.model import Recommendation, Status
from reasoner.policy import Policy

NEEDED = ("line", "recommendation")
OPTIONAL = ("code", "edition", "basis")
"""Columns of a table beside those of the leaves: those that it must have, and those that it may have."""
_TREE = ("criteria-met", "criterion-unmet", "excluded-indication", "open", "inconsistent")
"""Bases that follow from the criteria; others follow from terms of a plan or mandates, or from scope."""


@dataclass(frozen=True)
class RecordedLine:
    """One line as it was recorded: a name, its code, the edition (number/date), recommendation, status of each leaf.

    ``code``, ``edition`` and ``basis`` are None where the record does not tell them; ``readings`` are by short names.
    """

    line: str
    code: str | None
    edition: str | None
    recommendation: Recommendation
    basis: str | None
    statuses: Mapping[str, Status]
    readings: Mapping[str, str]

    @property
    def rests_on_criteria(self) -> bool:
        """Whether the recommendation is said to follow from the criteria; where no basis is recorded it may."""
        return self.basis is None or self.basis in _TREE


def read_outcomes(path: Path, policy: Policy) -> tuple[RecordedLine, ...]:
    """The lines of a file of outcomes.

    Args:
        path: ``.json``, ``.jsonl`` or ``.parquet``.
        policy: the edition under which the outcomes are meant to be recorded; its leaves name the columns.

    Raises:
        RecordedError: the file cannot be read, or is not of that form; it says where and what to do.
    """
    if path.suffix.lower() == ".parquet":
        return tuple(_rows(path, policy))
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RecordedError(f"{path} cannot be read: {error}.") from error
    return tuple(line for place, review in _reviews(path, text) for line in _lines(place, review))


# ---- Reviews as JSON -------------------------------------------------------------------------------


def _reviews(path: Path, text: str) -> Iterator[tuple[str, Any]]:
    """Each review with its place."""
    if path.suffix.lower() == ".jsonl":
        for number, row in enumerate(text.splitlines(), 1):
            if row.strip():
                yield f"{path}, line {number}", _parsed(row, f"{path}, line {number}")
        return
    whole = _parsed(text, str(path))
    for number, review in enumerate(whole if isinstance(whole, list) else [whole], 1):
        yield f"{path}, review {number}", review


def _parsed(text: str, place: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise RecordedError(f"{place}: is no JSON ({error}). Write it with plexus review --format jsonl.") from error


def _lines(place: str, review: Any) -> Iterator[RecordedLine]:
    try:
        for line in review["lines"]:
            policy = line["policy"]
            leaves = [c for c in line["criteria"] if c["kind"] in ("leaf", "exclusion")]
            yield RecordedLine(
                line=f"{review['identifier'] or review['request']}, line {line['sequence']}",
                code=line["code"],
                edition=f"{policy['number']}/{policy['edition']}" if policy else None,
                recommendation=Recommendation(line["recommendation"]),
                basis=line["basis"],
                statuses={c["id"]: Status(c["status"]) for c in leaves},
                readings=dict(review["readings"]),
            )
    except (KeyError, TypeError, ValueError) as error:
        what = f"has no {error}" if isinstance(error, KeyError) else str(error)
        raise RecordedError(f"{place}: is no review ({what}). Write it with plexus review --format jsonl.") from error


# ---- Tables ----------------------------------------------------------------------------------------


def _rows(path: Path, policy: Policy) -> Iterator[RecordedLine]:
    try:
        import pyarrow.parquet as parquet
    except ImportError as error:
        cure = 'Install it with pip install "plexus-reasoner[tables]", or give reviews as JSON Lines.'
        raise RecordedError(f"{path} is a Parquet table, and pyarrow is not installed. {cure}") from error
    try:
        table = parquet.ParquetFile(path)
    except (OSError, ValueError) as error:
        raise RecordedError(f"{path} cannot be read as Parquet: {error}.") from error
    leaves = [leaf.id for leaf in policy.leaves]
    missing = [name for name in (*NEEDED, *leaves) if name not in table.schema_arrow.names]
    if missing:
        cure = "It takes line, recommendation, and one column with the status of each leaf, named by its id."
        raise RecordedError(f"{path} has no column {', '.join(missing)}. {cure}")
    wanted = [n for n in (*NEEDED, *OPTIONAL, *leaves) if n in table.schema_arrow.names]
    number = 0
    for batch in table.iter_batches(columns=wanted):
        for row in batch.to_pylist():
            number += 1
            yield _row(row, leaves, f"{path}, row {number}")


def _row(row: Mapping[str, Any], leaves: Iterable[str], place: str) -> RecordedLine:
    empty = [leaf for leaf in leaves if row[leaf] is None]
    try:
        recommendation = Recommendation(row["recommendation"])
        statuses = {leaf: Status(row[leaf]) for leaf in leaves if leaf not in empty}
    except ValueError as error:
        statuses_known = ", ".join(s.value for s in Status)
        raise RecordedError(f"{place}: {error}. Statuses are {statuses_known}.") from error
    if empty and recommendation is not Recommendation.NOT_APPLICABLE:
        what = f"has no status for {', '.join(empty)}"
        raise RecordedError(f"{place}: {what}. Write undocumented where nothing is known.")
    code, edition, basis = (row.get(name) for name in OPTIONAL)
    return RecordedLine(str(row["line"]), code, edition, recommendation, basis, statuses, {})
