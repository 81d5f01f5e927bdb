"""A decision table as text, CSV, JSON or Parquet."""

from __future__ import annotations

import csv
import io
import string
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from reasoner.decision_table import VALUES, DecisionTable, TableRow
from reasoner.errors import DecisionTableError
from reasoner.model import GroupStatus, Kind
from reasoner.render.as_json import dumped
from reasoner.render.rows import STYLES, Row, painted, wrap
from reasoner.render.words import clean

SIGNS = {GroupStatus.MET: "✓", GroupStatus.UNMET: "✗", GroupStatus.OPEN: "?"}
ANY = "·"
JOINED = "|"
"""What stands between statuses of one cell of a CSV or Parquet table."""
BESIDE = (
    "Inside the scope of the edition, without a term of a plan or a mandate, which come before the criteria. "
    "A recommendation, not a determination: only a person determines."
)


def text(table: DecisionTable, *, colour: bool = False) -> str:
    """The table for a terminal: a letter a column, explained below."""
    return painted(_lines(table), colour=colour)


def _lines(table: DecisionTable) -> Iterator[Row]:
    policy = table.policy
    yield from wrap(f"Decision table of {policy.name}: {policy.title}", style="bold")
    yield from wrap(_reading_words(table))
    yield "", ""
    letters = _letters(len(table.columns))
    head = " ".join(f"{c:<2}" for c in letters)
    size = max((len(f"{r.combinations:,}") for r in table.rows), default=0)
    yield f" row  {head}  {'recommendation':<15}{'basis':<21}{'combinations':>{max(size, 12)}}", "bold"
    for number, row in enumerate(table.rows, 1):
        cells = " ".join(f"{_signs(s):<2}" for s in row.statuses)
        told = f"{row.recommendation.value:<15}{row.basis.value:<21}{row.combinations:>{max(size, 12)},}"
        style = STYLES.get(row.recommendation.value.upper(), "")
        yield f"{number:>4}  {cells}  {told}", style
    yield "", ""
    yield (
        f"{SIGNS[GroupStatus.MET]} met   {SIGNS[GroupStatus.UNMET]} unmet   {SIGNS[GroupStatus.OPEN]} open   "
        + (f"{ANY} any   two signs: either"),
        "",
    )
    for letter, column in zip(letters, table.columns, strict=True):
        excludes = " (an exclusion: met denies)" if column.kind is Kind.EXCLUSION else ""
        yield from wrap(f"{letter:<2} {column.id}: {column.label}{excludes}", hanging=4)
    yield from (row for c in _heeded(table) for row in wrap(c))
    yield "", ""
    yield from wrap(
        f"{len(table.rows):,} rows decide all {sum(r.combinations for r in table.rows):,} combinations of "
        f"{len(policy.leaves)} leaves, each combination once. {BESIDE}"
    )


def _heeded(table: DecisionTable) -> Iterator[str]:
    """What the constraints between facts mean for the reader of a row."""
    policy = table.policy
    for constraint in policy.constraints:
        if constraint.holds(table.readings):
            names = " and ".join(policy.by_iri[c].id for c in constraint.not_together)
            yield (
                f"Both of {names} cannot be met ({constraint.label}): where both are, the record is inconsistent; "
                "where one is, the other counts as unmet even while it is open."
            )


def _reading_words(table: DecisionTable) -> str:
    other = {n: r for n, r in reading_names(table).items() if r[1]}
    if not other:
        return "Read as by default; plexus readings lists the other readings."
    return "Read as by default, but for " + ", ".join(f"{n}={r}" for n, (r, _) in other.items()) + "."


def reading_names(table: DecisionTable) -> dict[str, tuple[str, bool]]:
    """The readings by short names, each with whether it is another one than the default."""
    policy = table.policy
    return {
        a.notation: (policy.reading_by_iri[chosen].notation, chosen != a.default.iri)
        for a in policy.ambiguities
        for chosen in (table.readings[a.iri],)
    }


def _letters(number: int) -> list[str]:
    alphabet = string.ascii_uppercase
    return [alphabet[i] if i < len(alphabet) else f"{alphabet[i // 26 - 1]}{alphabet[i % 26]}" for i in range(number)]


def _signs(statuses: frozenset[GroupStatus]) -> str:
    return ANY if len(statuses) == len(VALUES) else "".join(SIGNS[v] for v in VALUES if v in statuses)


# ---- For programs ----------------------------------------------------------------------------------


def records(table: DecisionTable) -> list[dict[str, Any]]:
    """The rows as flat records: a column a criterion, and what follows."""
    return [_record(table, row) for row in table.rows]


def _record(table: DecisionTable, row: TableRow) -> dict[str, Any]:
    statuses = {c.id: _words(s) for c, s in zip(table.columns, row.statuses, strict=True)}
    return {
        **{name: "any" if len(words) == len(VALUES) else JOINED.join(words) for name, words in statuses.items()},
        "recommendation": row.recommendation.value,
        "basis": row.basis.value,
        "constraint": row.constraint,
        "combinations": row.combinations,
    }


def _words(statuses: frozenset[GroupStatus]) -> list[str]:
    return [v.value for v in VALUES if v in statuses]


def as_csv(table: DecisionTable) -> str:
    """The table as CSV; several statuses of a cell are joined by ``|``, and ``any`` stands for all three."""
    out = io.StringIO()
    rows = records(table)
    writer = csv.DictWriter(out, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def as_json(table: DecisionTable) -> str:
    """The table as JSON, with what its columns mean; each cell is an array of the statuses that fit."""
    policy = table.policy
    columns = [{"id": c.id, "iri": c.iri, "label": clean(c.label), "kind": c.kind.value} for c in table.columns]
    rows = [
        {
            "statuses": {c.id: _words(s) for c, s in zip(table.columns, row.statuses, strict=True)},
            "recommendation": row.recommendation.value,
            "basis": row.basis.value,
            "constraint": row.constraint,
            "combinations": row.combinations,
        }
        for row in table.rows
    ]
    told = {
        "policy": policy.number,
        "edition": policy.edition.isoformat(),
        "readings": {name: reading for name, (reading, _) in reading_names(table).items()},
        "beside": BESIDE,
        "columns": columns,
        "rows": rows,
    }
    return dumped(told, indent=2)


def write_parquet(table: DecisionTable, path: Path) -> None:
    """Write the table as Parquet, with the columns of the CSV.

    Raises:
        TableError: pyarrow is not installed.
        DecisionTableError: the file cannot be written.
    """
    from reasoner.tables.optional import arrow, parquet

    made = arrow().Table.from_pylist(records(table))
    whole = path.with_name(f".{path.name}.tmp")
    try:
        parquet().write_table(made, whole)
        whole.replace(path)
    except OSError as error:
        whole.unlink(missing_ok=True)
        raise DecisionTableError(f"{path} cannot be written: {error.strerror}.") from error
