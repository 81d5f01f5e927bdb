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
        asked = np.ones(len(status), np.bool_) if every else status != settled
        if asked.any():
            told = _Told(weigher, group, asked, status, leaf, profile)
            out += told.rows(readings)
    return out


@dataclass(frozen=True)
class _Told:
    """The reasons of one leaf for the lines that are asked about, each with its own status."""

    weigher: BulkWeigher
    group: Group
    asked: NDArray[np.bool_]
    status: NDArray[np.uint8]
    leaf: Criterion
    profile: str

    def rows(self, readings: Readings) -> Iterator[ReasonRows]:
        """Evidence by rule, once each; then the lines without any."""
        import numpy as np

        views = self.weigher.view.views
        line_of = np.full(views, -1, np.int32)
        line_of[self.group.at[self.asked]] = self.group.lines[self.asked]
        status_of = np.zeros(views, np.uint8)
        status_of[self.group.at] = self.status
        told = np.zeros(views, np.bool_)
        seen: dict[str, NDArray[np.bool_]] = {}
        for polarity in Polarity:
            for rule in (r for r in self.leaf.rules if r.polarity is polarity):
                name = self.weigher.view.by_class.get(rule.evidence_class)
                mask = self.weigher.rule(rule, readings)
                if name is None or mask is False:
                    continue
                table = self.weigher.view.tables[name]
                known = seen.setdefault(name, np.zeros(table.size, np.bool_))
                rows = np.flatnonzero(full(mask, table.size) & ~known)
                rows = rows[line_of[table.owner[rows]] >= 0]
                known[rows] = told[table.owner[rows]] = True
                shape = compact(told_rule(rule.iri, polarity))
                for word, some in self._by_status(rows, status_of[table.owner[rows]]):
                    source = (some if table.rows is None else table.rows[some]).astype(np.int32)
                    lines = line_of[table.owner[some]]
                    home = table.source.table.name
                    yield ReasonRows(self.profile, self.leaf.id, word, lines, ROLES[polarity], shape, home, source)
        bare = self.asked & ~told[self.group.at]
        for word, lines in self._by_status(self.group.lines[bare], self.status[bare]):
            yield ReasonRows(self.profile, self.leaf.id, word, lines)

    def _by_status(self, rows: NDArray[np.integer], status: NDArray[np.uint8]) -> Iterator[tuple[str, Ids]]:
        """Rows by the word of their status."""
        import numpy as np

        for code in np.flatnonzero(np.bincount(status)).tolist():
            yield STATUSES[code].value, rows[status == code].astype(np.int32)
