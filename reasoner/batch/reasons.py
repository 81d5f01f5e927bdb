"""The evidence behind each status, for lines and criteria that are asked for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reasoner.batch.assigning import Group
from reasoner.batch.weighing import MET, STATUSES, UNMET, BulkWeigher
from reasoner.columnar.masks import full
from reasoner.explain import ROLES, told_rule
from reasoner.model import Kind, Polarity
from reasoner.policy import Criterion, Readings
from reasoner.vocabulary import compact

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Ids = NDArray[np.int32]


@dataclass(frozen=True)
class ReasonRows:
    """Rows of reasons of one criterion and rule: the lines, the rows of evidence (None: none), and their table."""

    profile: str
    criterion: str
    status: str
    lines: Ids
    role: str | None = None
    shape: str | None = None
    table: str | None = None
    rows: Ids | None = None


def reason_rows(
    weigher: BulkWeigher, group: Group, codes: NDArray[np.uint8], readings: Readings, profile: str, *, every: bool
) -> list[ReasonRows]:
    """The reasons of lines: of criteria that are not met and exclusions that are, or of every one."""
    import numpy as np

    out: list[ReasonRows] = []
    for leaf, status in zip(weigher.policy.leaves, codes, strict=True):
        settled = UNMET if leaf.kind is Kind.EXCLUSION else MET
        for code in np.flatnonzero(np.bincount(status)).tolist():
            if every or code != settled:
                out += _of_status(weigher, group, status == code, leaf, STATUSES[code].value, readings, profile)
    return out


def _of_status(
    weigher: BulkWeigher,
    group: Group,
    asked: NDArray[np.bool_],
    leaf: Criterion,
    status: str,
    readings: Readings,
    profile: str,
) -> Iterator[ReasonRows]:
    import numpy as np

    line_of = np.full(weigher.view.views, -1, np.int32)
    line_of[group.at[asked]] = group.lines[asked]
    told = np.zeros(weigher.view.views, np.bool_)
    seen: dict[str, NDArray[np.bool_]] = {}
    for polarity in Polarity:
        for rule in (r for r in leaf.rules if r.polarity is polarity):
            name = weigher.view.by_class.get(rule.evidence_class)
            mask = weigher.rule(rule, readings)
            if name is None or mask is False:
                continue
            table = weigher.view.tables[name]
            known = seen.setdefault(name, np.zeros(table.size, np.bool_))
            rows = np.flatnonzero(full(mask, table.size) & ~known)
            rows = rows[line_of[table.owner[rows]] >= 0]
            if not len(rows):
                continue
            known[rows] = True
            told[table.owner[rows]] = True
            source = rows if table.rows is None else table.rows[rows]
            yield ReasonRows(
                profile,
                leaf.id,
                status,
                line_of[table.owner[rows]],
                ROLES[polarity],
                compact(told_rule(rule.iri, polarity)),
                table.source.table.name,
                source.astype(np.int32),
            )
    bare = group.lines[asked][~told[group.at[asked]]]
    if len(bare):
        yield ReasonRows(profile, leaf.id, status, bare)
