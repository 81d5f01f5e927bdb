"""The decision table of an edition: every combination of statuses on which its recommendation can depend.

The rows are found by asking the logic program for each combination, never by a second copy of its rules. A column is
a criterion that is required by itself, a group that is, or an exclusion; it is met, unmet or open. The status of a
group says all that matters of its members as long as no constraint speaks of one of them; a group with a constrained
member is therefore taken apart. Rows of one outcome are put together, so that every combination fits exactly one row.

Terms of a plan or mandate, and the scope of the edition, come before the table and are no part of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import TYPE_CHECKING

from reasoner.determine import Decision, kleene, program, tree_statuses
from reasoner.errors import DecisionTableError
from reasoner.model import Basis, GroupStatus, Kind, Recommendation, Status
from reasoner.policy import Criterion, Policy, Readings

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Outcomes = NDArray[np.int32]

VALUES = (GroupStatus.MET, GroupStatus.UNMET, GroupStatus.OPEN)
LEAF = {GroupStatus.MET: Status.MET, GroupStatus.UNMET: Status.UNMET, GroupStatus.OPEN: Status.UNDOCUMENTED}
"""A leaf of each of the three values; open leaves are composed alike, whatever keeps them open."""
LARGEST = 1_000_000
"""How many combinations are asked at most."""


@dataclass(frozen=True)
class TableRow:
    """Statuses and what follows from them.

    Attributes:
        statuses: for each column the statuses that fit; all three where the column does not matter.
        recommendation: what the program recommends.
        basis: what that rests on.
        constraint: the label of the constraint between facts that the statuses break, else None.
        combinations: for how many combinations of the leaves, each met, unmet or open, the row stands.
    """

    statuses: tuple[frozenset[GroupStatus], ...]
    recommendation: Recommendation
    basis: Basis
    constraint: str | None
    combinations: int

    def fits(self, statuses: tuple[GroupStatus, ...]) -> bool:
        """Whether a combination fits the row."""
        return all(s in wanted for s, wanted in zip(statuses, self.statuses, strict=True))


@dataclass(frozen=True)
class DecisionTable:
    """The table of an edition in some readings; ``columns`` are the criteria whose statuses the rows tell."""

    policy: Policy
    readings: Readings
    columns: tuple[Criterion, ...]
    rows: tuple[TableRow, ...]

    def combination(self, leaves: Mapping[str, Status]) -> tuple[GroupStatus, ...]:
        """The statuses of the columns for the statuses of the leaves, by IRI."""
        tree = tree_statuses(self.policy, leaves, self.readings)
        return tuple(tree[c.iri] for c in self.columns)

    def row(self, statuses: tuple[GroupStatus, ...]) -> TableRow:
        """The row that a combination fits."""
        return next(r for r in self.rows if r.fits(statuses))


def decision_table(policy: Policy, readings: Readings | None = None, *, full: bool = False) -> DecisionTable:
    """The decision table of an edition.

    Args:
        policy: the edition.
        readings: by ambiguity (IRI), complete; None: the default readings.
        full: one row for each combination; otherwise rows of one outcome are put together.

    Raises:
        DecisionTableError: there are too many combinations to ask for each.
    """
    import numpy as np

    chosen = policy.default_readings if readings is None else readings
    columns = tuple(_columns(policy, chosen))
    size = len(VALUES) ** len(columns)
    if size > LARGEST:
        raise DecisionTableError(
            f"The table of {policy.name} has {len(columns)} columns, that is {size:,} combinations; "
            f"at most {LARGEST:,} are asked for."
        )
    outcomes: list[Decision] = []
    codes = np.zeros((len(VALUES),) * len(columns), np.int32)
    for place in product(range(len(VALUES)), repeat=len(columns)):
        decision = _asked(policy, chosen, columns, place)
        if decision not in outcomes:
            outcomes.append(decision)
        codes[place] = outcomes.index(decision)
    weights = [tuple(_ways(policy, c.iri, chosen)[v] for v in VALUES) for c in columns]
    found = _each(codes) if full else _merged(codes, (ANY,) * len(columns))
    rows = tuple(_row(policy, fit, outcomes[code], weights) for fit, code in found)
    return DecisionTable(policy, chosen, columns, rows)


# ---- Columns ---------------------------------------------------------------------------------------


def _columns(policy: Policy, readings: Readings) -> Iterator[Criterion]:
    """The nodes whose statuses decide: those required by themselves, in tree order, then the exclusions."""
    heeded = [c for c in policy.constraints if c.holds(readings)]
    constrained = {leaf for c in heeded for leaf in c.not_together}

    def visit(iri: str) -> Iterator[Criterion]:
        node = policy.by_iri[iri]
        apart = policy.group_kind(node, readings) is Kind.ALL or bool(constrained & _below(policy, iri))
        if node.is_leaf or not apart:
            yield node
        else:
            for member in node.members:
                yield from visit(member)

    for top in (policy.root, *policy.exclusions):
        yield from visit(top)


def _below(policy: Policy, iri: str) -> set[str]:
    """The leaves of a group, or the leaf itself."""
    node = policy.by_iri[iri]
    return {iri} if node.is_leaf else {leaf for m in node.members for leaf in _below(policy, m)}


def _asked(policy: Policy, readings: Readings, columns: tuple[Criterion, ...], place: tuple[int, ...]) -> Decision:
    """What the program says of a combination: leaves that give it are asked for, all alike below a column."""
    known = {
        leaf: LEAF[VALUES[value]]
        for column, value in zip(columns, place, strict=True)
        for leaf in _below(policy, column.iri)
    }
    return program(policy).decide(tuple(known[leaf.iri] for leaf in policy.leaves), readings)


def _ways(policy: Policy, iri: str, readings: Readings) -> dict[GroupStatus, int]:
    """How many combinations of its leaves, each met, unmet or open, give a node each of these statuses."""
    node = policy.by_iri[iri]
    if node.is_leaf:
        return dict.fromkeys(VALUES, 1)
    members = [_ways(policy, m, readings) for m in node.members]
    counts = {(0, 0): 1}
    """Combinations by how many members are met and how many are open."""
    for member in members:
        grown: dict[tuple[int, int], int] = {}
        for (met, still), number in counts.items():
            for status, ways in member.items():
                key = (met + (status is GroupStatus.MET), still + (status is GroupStatus.OPEN))
                grown[key] = grown.get(key, 0) + number * ways
        counts = grown
    out = dict.fromkeys(VALUES, 0)
    needed = policy.needed(node, readings)
    for (met, still), number in counts.items():
        rest = len(members) - met - still
        statuses = [GroupStatus.MET] * met + [GroupStatus.OPEN] * still + [GroupStatus.UNMET] * rest
        out[kleene(needed, statuses)] += number
    return out


# ---- Rows ------------------------------------------------------------------------------------------

Fit = tuple[frozenset[int], ...]
"""For each column the values that fit, by their places in VALUES."""
ANY = frozenset(range(len(VALUES)))


def _each(codes: Outcomes) -> Iterator[tuple[Fit, int]]:
    for place in product(range(len(VALUES)), repeat=codes.ndim):
        yield tuple(frozenset({v}) for v in place), int(codes[place])


def _merged(codes: Outcomes, fit: Fit) -> Iterator[tuple[Fit, int]]:
    """Rows that cover every combination once: one value of one column is split off after the other.

    The split is taken that leaves the fewest combinations undecided, among equals the one that sorts outcomes best,
    then the first of the tree.
    """
    here = _part(codes, fit)
    if int(here.min()) == int(here.max()):
        yield fit, int(here.flat[0])
        return
    splits = [_split(fit, c, v) for c, values in enumerate(fit) if len(values) > 1 for v in sorted(values)]
    best = min(splits, key=lambda parts: _disorder([_part(codes, p) for p in parts]))
    for part in best:
        yield from _merged(codes, part)


def _split(fit: Fit, column: int, value: int) -> tuple[Fit, Fit]:
    one, others = frozenset({value}), fit[column] - {value}
    return (*fit[:column], one, *fit[column + 1 :]), (*fit[:column], others, *fit[column + 1 :])


def _part(codes: Outcomes, fit: Fit) -> Outcomes:
    import numpy as np

    part: Outcomes = codes[np.ix_(*(sorted(values) for values in fit))]
    return part


def _disorder(parts: list[Outcomes]) -> tuple[int, int]:
    """How many combinations are in parts of several outcomes, and how many outcomes the parts have together."""
    import numpy as np

    outcomes = [len(np.unique(p)) for p in parts]
    return sum(p.size for p, n in zip(parts, outcomes, strict=True) if n > 1), sum(outcomes)


def _row(policy: Policy, fit: Fit, decision: Decision, weights: list[tuple[int, ...]]) -> TableRow:
    labels = {c.iri: c.label for c in policy.constraints}
    return TableRow(
        statuses=tuple(frozenset(VALUES[v] for v in values) for values in fit),
        recommendation=decision.recommendation,
        basis=decision.basis,
        constraint=labels[decision.constraint] if decision.constraint else None,
        combinations=prod(sum(w[v] for v in values) for values, w in zip(fit, weights, strict=True)),
    )
