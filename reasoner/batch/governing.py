"""Which edition governs each line, over columns: as :mod:`reasoner.in_force` chooses for one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reasoner.batch.coding import FIRST_DAY
from reasoner.batch.columns import Columns
from reasoner.policy import Policy
from reasoner.vocabulary import COV, local_name

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Ids = NDArray[np.int32]


@dataclass(frozen=True)
class Governed:
    """Of each line the number of the edition by which it is told (-1: none knows the code), and the governing day.

    ``governs`` says whether that edition is in force for the line, or was named.
    """

    policy: Ids
    governs: NDArray[np.bool_]
    day: Ids


def governed(
    columns: Columns, policies: tuple[Policy, ...], edition: Policy | None, chosen: Mapping[str, str]
) -> Governed:
    """The edition in force on the governing date of each line, or the one whose time comes nearest."""
    import numpy as np

    lines = columns.tables["lines"]
    out = Governed(np.full(lines.size, -1, np.int32), np.zeros(lines.size, np.bool_), np.full(lines.size, -1, np.int32))
    for code, rows in _by_code(columns).items():
        candidates = [i for i, p in enumerate(policies) if code in p.codes and edition in (None, p)]
        if candidates:
            _choose(out, rows, columns, policies, candidates, edition, chosen)
    return out


def _choose(
    out: Governed,
    rows: Ids,
    columns: Columns,
    policies: tuple[Policy, ...],
    candidates: list[int],
    edition: Policy | None,
    chosen: Mapping[str, str],
) -> None:
    import numpy as np

    nearest = np.full(len(rows), np.iinfo(np.int64).max)
    decided = np.zeros(len(rows), np.bool_)
    for i in candidates:
        policy = policies[i]
        day = days_by(columns, policy.dates_by(policy.own_readings(chosen)))[rows]
        start, until = _time_of(policy)
        inside = inside_days(policy, day)
        behind = day - (day if until is None else until)
        distance = np.where(inside, -1, np.where(day < 0, 0, np.where(day < start, start - day, behind)))
        better = ~decided & (inside | (distance < nearest))
        out.policy[rows[better]] = i
        out.day[rows[better]] = day[better]
        out.governs[rows[better]] = (inside | (policy is edition))[better]
        nearest = np.where(better, distance, nearest)
        decided |= inside


def inside_days(policy: Policy, days: Ids) -> NDArray[np.bool_]:
    """On which days (-1: not known) an edition is in force."""
    start, until = _time_of(policy)
    inside = (days >= 0) & (days >= start)
    return inside if until is None else inside & (days < until)


def _time_of(policy: Policy) -> tuple[int, int | None]:
    """The first day of an edition, and the first on which it is no longer in force, as numbers of the calendar."""
    return (policy.edition - FIRST_DAY).days, (policy.until - FIRST_DAY).days if policy.until else None


def days_by(columns: Columns, prop: str) -> Ids:
    """The date of each line by which an edition is chosen: its own, or that of its request (-1: none)."""
    import numpy as np

    lines, requests = columns.tables["lines"], columns.tables["requests"]
    out = np.full(lines.size, -1, np.int32)
    names = [local_name(prop), "receivedOn"] if prop == COV.serviceDate.value else [local_name(prop)]
    for name in names:  # where no day of service is stated, the day on which the request came stands for it
        for table, of_line in ((lines, None), (requests, lines.owner)):
            if name in table.cells:
                found = table.cells[name].single(table.size)
                out = np.where(out >= 0, out, found if of_line is None else found[of_line])
    return out


def _by_code(columns: Columns) -> dict[str, Ids]:
    """The rows of the lines of each procedure code."""
    import numpy as np

    lines = columns.tables["lines"]
    cells = lines.cells.get("procedureCode")
    if cells is None or cells.keys is None:
        return {"": np.arange(lines.size, dtype=np.int32)}
    codes = cells.single(lines.size)
    return {text: np.flatnonzero(codes == i).astype(np.int32) for i, text in enumerate(cells.keys.to_pylist())}
