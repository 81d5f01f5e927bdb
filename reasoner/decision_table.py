"""The decision table of a policy: what it recommends for every way in which its criteria can come out.

Leaves have three values here: met, unmet, open. A row gives the values that some criteria may have; each combination of
leaves is decided by exactly one row. The logic program decides; nothing is decided here.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

from reasoner.determine import Decision, program, tree_statuses
from reasoner.errors import UnknownTerm
from reasoner.model import GroupStatus, Kind, Status
from reasoner.policy import Criterion, Policy, Readings

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

VALUES = (GroupStatus.MET, GroupStatus.UNMET, GroupStatus.OPEN)
STATUS = (Status.MET, Status.UNMET, Status.UNDOCUMENTED)
"""A leaf of each value; open leaves are composed alike, whatever keeps them open."""
ANY = frozenset(VALUES)
MOST = 2_000_000


@dataclass(frozen=True)
class DecisionRow:
    """The values that each column may have, the decision, and how many combinations of leaves the row decides."""

    values: tuple[frozenset[GroupStatus], ...]
    decision: Decision
    combinations: int


@dataclass(frozen=True)
class DecisionTable:
    """The rows of a policy under readings; ``columns`` are the criteria that decide by themselves."""

    policy: Policy
    readings: Readings
    columns: tuple[Criterion, ...]
    rows: tuple[DecisionRow, ...]


def decision_table(policy: Policy, readings: Readings, *, full: bool = False) -> DecisionTable:
    """The table of an edition under readings.

    Args:
        policy: the edition.
        readings: the reading of every ambiguity.
        full: a row for every combination of the leaves, instead of one for all that are decided alike.

    Raises:
        UnknownTerm: the policy has too many leaves to look at every combination.
    """
    if 3 ** len(policy.leaves) > MOST:
        raise UnknownTerm(f"{policy.name} has {len(policy.leaves)} leaves: too many combinations for a table.")
    if full:
        rows = tuple(_every(policy, readings))
        return DecisionTable(policy, readings, policy.leaves, rows)
    columns = deciding(policy)
    decisions, weights = _decided(policy, readings, columns)
    distinct = list(dict.fromkeys(decisions.ravel().tolist()))
    numbers = _numbered(decisions, distinct)
    found = _rows(numbers, weights, ())
    rows = tuple(DecisionRow(values, distinct[n], size) for values, n, size in found)
    return DecisionTable(policy, readings, columns, rows)


def deciding(policy: Policy) -> tuple[Criterion, ...]:
    """The exclusions, then the criteria that are each required: on these alone the recommendation depends."""
    required = (c for c in policy.required() if c.kind is not Kind.ALL)
    return (*(policy.by_iri[x] for x in policy.exclusions), *required)


def _every(policy: Policy, readings: Readings) -> Iterator[DecisionRow]:
    for values in product(range(3), repeat=len(policy.leaves)):
        decision = program(policy).decide(tuple(STATUS[v] for v in values), readings)
        yield DecisionRow(tuple(frozenset({VALUES[v]}) for v in values), decision, 1)


def _decided(
    policy: Policy, readings: Readings, columns: Sequence[Criterion]
) -> tuple[NDArray[np.object_], NDArray[np.int64]]:
    """For the values of the columns, the decision, and how many combinations of leaves give these values."""
    import numpy as np

    decisions = np.full((3,) * len(columns), None, object)
    weights = np.zeros((3,) * len(columns), np.int64)
    for values in product(range(3), repeat=len(policy.leaves)):
        vector = tuple(STATUS[v] for v in values)
        statuses = {leaf.iri: s for leaf, s in zip(policy.leaves, vector, strict=True)}
        tree = tree_statuses(policy, statuses, readings)
        place = tuple(VALUES.index(tree[c.iri]) for c in columns)
        weights[place] += 1
        if decisions[place] is None:
            decisions[place] = program(policy).decide(vector, readings)
    return decisions, weights


def _numbered(decisions: NDArray[np.object_], distinct: list[Decision | None]) -> NDArray[np.int64]:
    import numpy as np

    numbers = [distinct.index(d) for d in decisions.ravel().tolist()]
    return np.array(numbers, np.int64).reshape(decisions.shape)


Found = tuple[tuple[frozenset[GroupStatus], ...], int, int]


def _rows(
    numbers: NDArray[np.int64], weights: NDArray[np.int64], before: tuple[frozenset[GroupStatus], ...]
) -> list[Found]:
    """The rows below values already chosen; values with the same decisions below them share a row."""
    import numpy as np

    if numbers.ndim == 0:
        return [(before, int(numbers), int(weights))] if int(weights) else []
    alike: list[list[int]] = []
    for value in range(3):
        home = next((a for a in alike if np.array_equal(numbers[a[0]], numbers[value])), None)
        if home is None:
            alike.append([value])
        else:
            home.append(value)
    out: list[Found] = []
    for some in alike:
        chosen = frozenset(VALUES[v] for v in some)
        out += _rows(numbers[some[0]], weights[some].sum(axis=0), (*before, chosen))
    return out


# ---- Written -----------------------------------------------------------------------------------------


def cell(values: frozenset[GroupStatus]) -> str:
    """The values of a cell in words.

    >>> cell(frozenset({GroupStatus.MET})), cell(ANY), cell(frozenset({GroupStatus.MET, GroupStatus.OPEN}))
    ('met', 'any', 'met or open')
    """
    return "any" if values == ANY else " or ".join(v.value for v in VALUES if v in values)


def records(table: DecisionTable) -> list[dict[str, str | int]]:
    """The rows as records: a column a criterion, then recommendation, basis and the number of combinations."""
    return [
        {
            **{c.id: cell(v) for c, v in zip(table.columns, row.values, strict=True)},
            "recommendation": row.decision.recommendation.value,
            "basis": row.decision.basis.value,
            "combinations": row.combinations,
        }
        for row in table.rows
    ]


def to_csv(table: DecisionTable) -> str:
    """The table as CSV."""
    out = io.StringIO()
    found = records(table)
    writer = csv.DictWriter(out, list(found[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(found)
    return out.getvalue()


def to_text(table: DecisionTable) -> str:
    """The table for a terminal."""
    found = records(table)
    names = list(found[0])
    shown = [[f"{r[n]:,}" if isinstance(r[n], int) else str(r[n]) for n in names] for r in found]
    widths = [max(len(n), *(len(row[i]) for row in shown)) for i, n in enumerate(names)]
    total = sum(row.combinations for row in table.rows)
    head = f"{table.policy.name}: {len(found)} rows decide all {total:,} combinations"
    lines = [
        f"{head} of {len(table.policy.leaves)} criteria.",
        "",
        "  ".join(n.ljust(w) for n, w in zip(names, widths, strict=True)).rstrip(),
    ]
    lines.append("  ".join("-" * w for w in widths))
    lines += ["  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip() for row in shown]
    return "\n".join(lines) + "\n"
