"""The tables that a batch writes: outcomes, reasons, rejected. No free text of a record is in any of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reasoner.batch.columns import Columns, TableColumns, whole_numbers
from reasoner.batch.composing import BASES, GROUPS, NEXTS, RECOMMENDATIONS, Composed
from reasoner.batch.faults import Rejection
from reasoner.batch.governing import Governed
from reasoner.batch.hinging import HingeTexts
from reasoner.batch.plan import Plan
from reasoner.batch.reasons import ReasonRows
from reasoner.batch.weighing import STATUSES
from reasoner.model import Basis, Next, Recommendation
from reasoner.policy import Policy

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    Ids = NDArray[np.int32]
    Codes = NDArray[np.int8]


@dataclass(frozen=True)
class OutcomeColumns:
    """The outcomes of accepted lines in one profile, as codes (-1: none)."""

    profile: str
    policy: Ids
    recommendation: Codes
    basis: Codes
    next: Codes
    criteria: dict[str, Codes]
    hinges: Ids
    hinge_texts: list[str]

    @classmethod
    def none(cls, profile: str, size: int, found: Governed, lines: Ids) -> OutcomeColumns:
        """Outcomes of lines that no edition governs; the others are put in their places."""
        import numpy as np

        return cls(
            profile,
            found.policy[lines],
            np.full(size, RECOMMENDATIONS.index(Recommendation.NOT_APPLICABLE), np.int8),
            np.full(size, BASES.index(Basis.OUT_OF_SCOPE), np.int8),
            np.full(size, NEXTS.index(Next.ROUTE), np.int8),
            {},
            np.zeros(size, np.int32),
            [""],
        )

    def put(
        self, policy: Policy, places: Ids, codes: NDArray[np.uint8], composed: Composed, outside: NDArray[np.bool_]
    ) -> None:
        """The outcomes of lines under an edition; those outside its scope stay not applicable."""
        import numpy as np

        inside = ~outside
        here = places[inside]
        self.recommendation[here] = composed.recommendation[inside]
        self.basis[here] = composed.basis[inside]
        self.next[here] = composed.next[inside]
        found = [*zip(policy.leaves, codes, strict=True), *zip(policy.groups, composed.groups, strict=True)]
        for criterion, status in found:
            own = STATUSES if criterion.is_leaf else GROUPS
            words = np.array([WORDS.index(s.value) for s in own], np.int8)
            column = self.criteria.setdefault(criterion.id, np.full(len(self.policy), -1, np.int8))
            column[here] = words[status[inside]]

    def put_hinges(self, places: Ids, hinges: HingeTexts) -> None:
        """On which readings the outcomes hinge."""
        self.hinges[places] = hinges.numbers + len(self.hinge_texts)
        self.hinge_texts.extend(hinges.texts)


WORDS = ("met", "unmet", "conflicting", "to-judge", "undocumented", "open")
"""The statuses of leaves and groups by their code in outcomes."""


def _words(codes: Any, words: Sequence[str]) -> pa.Array:
    """Codes as a column of words; -1 is null."""
    import numpy as np
    import pyarrow as pa

    codes = np.asarray(codes, np.int32)
    indices = pa.array(codes, mask=codes < 0) if bool((codes < 0).any()) else pa.array(codes)
    return pa.DictionaryArray.from_arrays(indices, pa.array(list(words), pa.string()))


def _alike(codes: Any, words: Sequence[str]) -> pa.Array:
    """As :func:`_words`, where several codes may have one word: a dictionary must not hold a value twice."""
    import numpy as np

    known = {word: place for place, word in enumerate(dict.fromkeys(words))}
    places = np.array([*(known[w] for w in words), -1], np.int32)  # the last one stands for the code -1
    return _words(places[np.asarray(codes)], list(known))


def _constant(word: str, size: int) -> pa.Array:
    import numpy as np

    return _words(np.zeros(size, np.int16), [word])


def _strings(table: TableColumns, name: str, rows: Ids) -> pa.Array:
    """The text of a column for some rows; null where there is none."""
    import pyarrow as pa

    cells = table.cells.get(name)
    if cells is None or cells.keys is None:
        return pa.nulls(len(rows), pa.string())
    codes = cells.single(table.size)[rows]
    return cells.keys.cast(pa.string()).take(pa.array(codes, mask=codes < 0))


def criteria_ids(policies: Sequence[Policy]) -> list[str]:
    """The ids of all criteria, policy by policy in tree order, each once."""
    return list(dict.fromkeys(c.id for p in policies for c in p.criteria))


def outcome_table(
    columns: Columns, lines: Ids, profiles: Sequence[OutcomeColumns], policies: Sequence[Policy], plan: Plan
) -> pa.Table:
    """A row a line and profile, in the order of the lines."""
    import numpy as np
    import pyarrow as pa

    table = columns.tables["lines"]
    tables = []
    numbers = [p.number for p in policies]
    editions = [p.edition.isoformat() for p in policies]
    request = _strings(columns.tables["requests"], "identifier", table.owner[lines])
    sequence = _sequence(table)[lines]
    codes = table.cells["procedureCode"].single(table.size)[lines] if "procedureCode" in table.cells else None
    words = table.cells["procedureCode"].keys.to_pylist() if codes is not None else []  # type: ignore[union-attr]
    size = len(lines)
    for o in profiles:
        none = np.full(size, -1, np.int8)
        data = {
            "request": request,
            "line": pa.array(sequence),
            "code": _words(codes if codes is not None else none, words),
            "recommendation": _words(o.recommendation, [r.value for r in RECOMMENDATIONS]),
            "basis": _words(o.basis, [b.value for b in BASES]),
            "next": _words(o.next, [n.value for n in NEXTS]),
            "policy": _alike(o.policy, numbers),
            "edition": _alike(o.policy, editions),
            "profile": _constant(o.profile, size),
            "run_id": _constant(plan.run_id, size),
            **{c: _words(o.criteria.get(c, none), WORDS) for c in criteria_ids(policies)},
            "hinges": _alike(o.hinges, o.hinge_texts),
        }
        tables.append(pa.table(data))
    return _interleaved(tables) if len(tables) > 1 else tables[0]


def _interleaved(tables: list[pa.Table]) -> pa.Table:
    """Tables of equal size as one, with the rows of a line one after the other."""
    import numpy as np
    import pyarrow as pa

    size = tables[0].num_rows
    order = np.arange(size * len(tables)).reshape(len(tables), size).T.ravel()
    return pa.concat_tables(tables).unify_dictionaries().combine_chunks().take(pa.array(order))


def _sequence(lines: TableColumns) -> NDArray[np.int64]:
    """The number of each line."""
    import numpy as np

    cells = lines.cells.get("sequence")
    return whole_numbers(cells, lines.size) if cells is not None else np.zeros(lines.size, np.int64)


# ---- Reasons ---------------------------------------------------------------------------------------


def reasons_table(columns: Columns, parts: Sequence[ReasonRows], plan: Plan) -> pa.Table:
    """A row a piece of evidence of a criterion, or one for a criterion without any, in the order of the lines."""
    import numpy as np
    import pyarrow as pa

    lines = columns.tables["lines"]
    at = np.concatenate([np.empty(0, np.int32), *(p.lines for p in parts)])
    order = np.argsort(at, kind="stable")

    def words(values: list[str | None]) -> pa.Array:
        known = list(dict.fromkeys(v for v in values if v is not None))
        place = {v: i for i, v in enumerate(known)}
        codes = [np.full(len(p.lines), place.get(v, -1), np.int16) for p, v in zip(parts, values, strict=True)]  # type: ignore[arg-type]
        return _words(np.concatenate([np.empty(0, np.int16), *codes])[order], known)

    sorted_lines = at[order]
    return pa.table(
        {
            "request": _strings(columns.tables["requests"], "identifier", lines.owner[sorted_lines]),
            "line": pa.array(_sequence(lines)[sorted_lines]),
            "profile": words([p.profile for p in parts]),
            "criterion": words([p.criterion for p in parts]),
            "status": words([p.status for p in parts]),
            "role": words([p.role for p in parts]),
            "shape": words([p.shape for p in parts]),
            "evidence": _evidence(columns, parts, order),
        }
    )


def _evidence(columns: Columns, parts: Sequence[ReasonRows], order: NDArray[np.int64]) -> pa.Array:
    """The names of the evidence of parts, one after the other, in an order; null where there is none."""
    import numpy as np
    import pyarrow as pa

    tables = dict.fromkeys(p.table for p in parts if p.table is not None)
    names = {table: _Names(columns.tables[table]) for table in tables}
    begin, size = {}, 0
    for table, own in names.items():
        begin[table], size = size, size + own.size
    codes = [np.empty(0, np.int64)]
    for p in parts:
        if p.table is None or p.rows is None:
            codes.append(np.full(len(p.lines), -1, np.int64))
        else:
            codes.append(begin[p.table] + names[p.table].codes(p.rows))
    if not names:
        return pa.nulls(len(order), pa.string())
    ordered = np.concatenate(codes)[order]
    return pa.concat_arrays([n.words for n in names.values()]).take(pa.array(ordered, mask=ordered < 0))


class _Names:
    """The names of the rows of a table: the table with the key, or with the place in the request."""

    def __init__(self, table: TableColumns) -> None:
        import numpy as np
        import pyarrow as pa
        import pyarrow.compute as pc

        self.table = table
        name = table.table.name
        self.keys = len(table.keys) if table.keys is not None else 0
        most = int(np.diff(table.starts).max(initial=0)) if bool((table.key_codes < 0).any()) else 0
        words = [pa.array([f"{name}/{place + 1}" for place in range(most)], pa.string())]
        if table.keys is not None:
            words.append(pc.binary_join_element_wise(pa.scalar(name), table.keys.cast(pa.string()), "/"))
        self.words = pa.concat_arrays(words[::-1])
        self.size = len(self.words)

    def codes(self, rows: Ids) -> NDArray[np.int64]:
        """The names of rows, as places in ``words``."""
        import numpy as np

        table = self.table
        codes = table.key_codes[rows].astype(np.int64)
        if self.size == self.keys:
            return codes
        return np.where(codes >= 0, codes, self.keys + rows - table.starts[table.owner[rows]])


# ---- Rejected --------------------------------------------------------------------------------------


def rejected_table(columns: Columns, refused: Sequence[Rejection]) -> pa.Table:
    """A row a fault; the lines of a request are counted on its first."""
    import numpy as np
    import pyarrow as pa

    number = np.diff(columns.tables["lines"].starts)
    seen: set[int] = set()
    lost = []
    for r in refused:
        lost.append(0 if r.request in seen else int(number[r.request]))
        seen.add(r.request)
    requests = np.array([r.request for r in refused], np.int32)
    return pa.table(
        {
            "request": _strings(columns.tables["requests"], "identifier", requests).cast(pa.string()),
            "source": pa.nulls(len(refused), pa.string()),
            "row": pa.array(requests.astype(np.int64)),
            "where": pa.array([r.where for r in refused], pa.string()),
            "fault": pa.array([r.what for r in refused], pa.string()),
            "cure": pa.array([r.cure for r in refused], pa.string()),
            "lines": pa.array(lost, pa.int32()),
        }
    )
