"""What comes out otherwise between two outputs of batches, or two profiles of one: flips, and what goes with them.

A line is the same in both by the identifier of its request and its number. Keys are joined a part of them at a time,
so that memory is bounded; of the lines that flip alone, the criteria are read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reasoner.batch.outcome_files import OutcomeFolder, status_codes
from reasoner.batch.tables_out import WORDS
from reasoner.errors import BatchError
from reasoner.tables.optional import arrow, compute

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    Rows = NDArray[np.int64]

AT_ONCE = 2_000_000
"""How many keys are joined at once."""
SHOWN = 20
KEY = ("request", "line")
TOLD = (*KEY, "code", "recommendation", "basis", "policy", "edition")
NONE = "none"
"""In place of a status, where another policy or edition without that criterion governs."""


@dataclass(frozen=True)
class StatusChange:
    """A status that changed in so many of the lines that flipped."""

    criterion: str
    before: str
    after: str
    lines: int


@dataclass(frozen=True)
class Flips:
    """Two profiles compared.

    Attributes:
        before: the name of the one profile.
        after: the name of the other.
        lines: how many lines are in both.
        matrix: lines by recommendation before and after.
        bases: flips by basis before and after.
        editions: flips by the edition that governed before and after.
        criteria: statuses that changed in lines that flipped, the most frequent first.
        only_before: lines that only the first has (the other rejected them, or had another input).
        only_after: lines that only the second has.
        shown: the first of those lines (request, line), of each side.
        table: every flip, a row each.
    """

    before: str
    after: str
    lines: int
    matrix: Mapping[tuple[str, str], int]
    bases: Mapping[tuple[str, str], int]
    editions: Mapping[tuple[str, str], int]
    criteria: tuple[StatusChange, ...]
    only_before: int
    only_after: int
    shown: tuple[tuple[tuple[str, int], ...], tuple[tuple[str, int], ...]]
    table: pa.Table

    @property
    def flipped(self) -> int:
        """How many lines come out otherwise."""
        return sum(n for (before, after), n in self.matrix.items() if before != after)

    @property
    def changed(self) -> bool:
        """Whether any line comes out otherwise, or is in one of the two only."""
        return bool(self.flipped or self.only_before or self.only_after)


@dataclass(frozen=True)
class BatchComparison:
    """Two outputs compared: what they were made with otherwise, and the flips of each pair of profiles."""

    old: OutcomeFolder
    new: OutcomeFolder
    inputs: tuple[str, ...]
    pairs: tuple[Flips, ...]


def compare_batches(old: OutcomeFolder, new: OutcomeFolder, profiles: tuple[str, str] | None = None) -> BatchComparison:
    """Compare two outputs.

    Args:
        old: the one.
        new: the other; it may be the same, for two of its profiles.
        profiles: the profile of each that is compared; None: those that have the same name, or the only ones.

    Raises:
        BatchError: a folder is no whole output, has no such profile, or names a line twice.
    """
    pairs = _pairs(old, new, profiles)
    return BatchComparison(old, new, tuple(_inputs(old, new, pairs)), tuple(_flips(old, new, *pair) for pair in pairs))


def _pairs(old: OutcomeFolder, new: OutcomeFolder, wanted: tuple[str, str] | None) -> list[tuple[str, str]]:
    if wanted is not None:
        for folder, name in zip((old, new), wanted, strict=True):
            if name not in folder.profiles:
                raise BatchError(f"{folder.path} has no profile {name!r}.", f"It has: {', '.join(folder.profiles)}.")
        return [wanted]
    if old.path.resolve() == new.path.resolve():
        cure = f"Name two of its profiles with --profiles; it has: {', '.join(old.profiles)}."
        raise BatchError(f"{old.path} is compared with itself.", cure)
    same = [(p, p) for p in old.profiles if p in new.profiles]
    if not same and len(old.profiles) == len(new.profiles) == 1:
        return [(old.profiles[0], new.profiles[0])]
    if not same:
        what = f"No profile of {old.path} ({', '.join(old.profiles)}) has the name of one of {new.path} "
        raise BatchError(f"{what}({', '.join(new.profiles)}).", "Name the two to compare with --profiles.")
    return same


# ---- What the runs were made with ------------------------------------------------------------------

SAID = {"version": "version of plexus", "as_of": "day of the review", "edition": "edition that is applied"}
DIGESTS = {"policy": "policies and ontology", "shapes": "shapes", "program": "logic program"}


def _inputs(old: OutcomeFolder, new: OutcomeFolder, pairs: list[tuple[str, str]]) -> Iterable[str]:
    one, other = old.manifest, new.manifest
    for key, name in SAID.items():
        if one.get(key) != other.get(key):
            yield f"{name}: {_told(one.get(key))} → {_told(other.get(key))}"
    for key, name in DIGESTS.items():
        if one["digests"].get(key) != other["digests"].get(key):
            yield f"{name}: they differ"
    for before, after in pairs:
        readings = one["profiles"][before], other["profiles"][after]
        for name in sorted({*readings[0], *readings[1]}):
            values = [r.get(name, "by default") for r in readings]
            if values[0] != values[1]:
                yield f"reading of {name}: {values[0]} → {values[1]}"
    if [s["files"] for s in one["inputs"]] != [s["files"] for s in other["inputs"]]:
        yield "requests: the inputs differ"


def _told(value: object) -> str:
    return "that in force" if value is None else str(value)


# ---- Lines -----------------------------------------------------------------------------------------


@dataclass
class _Found:
    """Row numbers of lines in both files, and of those in one only."""

    both: list[tuple[Rows, Rows]]
    only: tuple[list[Rows], list[Rows]]
    matrix: dict[tuple[str, str], int]
    flips: list[tuple[Rows, Rows]]


def _flips(old: OutcomeFolder, new: OutcomeFolder, before: str, after: str) -> Flips:
    import numpy as np

    found = _Found([], ([], []), {}, [])
    parts = max(old.rows, new.rows) // AT_ONCE + 1
    for part in range(parts):
        _join(_keys(old, before, part, parts), _keys(new, after, part, parts), found)
    empty = np.empty(0, np.int64)
    first = np.concatenate([empty, *(one for one, _ in found.flips)])
    second = np.concatenate([empty, *(other for _, other in found.flips)])
    order = np.argsort(first)
    first, second = first[order], second[order]
    shared = tuple(dict.fromkeys((*old.criteria, *new.criteria)))
    table, criteria = _told_flips(_rows_at(old, first), _rows_at(new, second), shared)
    only = [np.sort(np.concatenate([empty, *rows])) for rows in found.only]
    shown = [
        tuple((r["request"], r["line"]) for r in folder.at(rows[:SHOWN], KEY).to_pylist())
        for folder, rows in zip((old, new), only, strict=True)
    ]
    return Flips(
        before=before,
        after=after,
        lines=sum(found.matrix.values()),
        matrix=found.matrix,
        bases=_pairs_counted(table.column("basis_before"), table.column("basis_after")),
        editions=_pairs_counted(_editions(table, "before"), _editions(table, "after")),
        criteria=criteria,
        only_before=len(only[0]),
        only_after=len(only[1]),
        shown=(shown[0], shown[1]),
        table=table,
    )


def _keys(folder: OutcomeFolder, profile: str, part: int, parts: int) -> pa.Table:
    """Keys, recommendations and row numbers of the lines of a profile, or of a part of them."""
    import numpy as np

    pa, pc = arrow(), compute()
    found = []
    for start, batch in folder.batches((*KEY, "recommendation", "profile")):
        numbers = pa.array(np.arange(start, start + batch.num_rows))
        own = batch.append_column("row", numbers)
        own = own.filter(pc.equal(own.column("profile"), profile)).drop_columns(["profile"])
        if parts > 1:
            own = own.filter(pa.array(_part_of(own.column("request"), parts) == part))
        found.append(own)
    if not found:
        raise BatchError(f"{folder.path} has no outcomes.", "Run the batch anew.")
    return pa.concat_tables(found).combine_chunks()


def _part_of(texts: pa.ChunkedArray, parts: int) -> NDArray[np.int64]:
    """A part of the keys for each text: identifiers differ at their ends, so the last four bytes choose it."""
    import numpy as np

    array = texts.cast(arrow().large_string()).combine_chunks()
    _, offsets, data = array.buffers()
    ends = np.frombuffer(offsets, np.int64)[array.offset : array.offset + len(array) + 1]
    bytes_ = np.frombuffer(data, np.uint8) if data is not None else np.empty(0, np.uint8)
    chosen = np.zeros(len(array), np.int64)
    for back in range(1, 5):
        at = ends[1:] - back
        inside = at >= ends[:-1]
        chosen[inside] = chosen[inside] * 31 + bytes_[at[inside]]
    return chosen % parts


def _join(one: pa.Table, other: pa.Table, found: _Found) -> None:
    """Bring the lines of two tables together by their keys."""
    import numpy as np

    pc = compute()
    if all(one.column(k).equals(other.column(k)) for k in KEY):
        here = there = np.arange(one.num_rows)
    else:
        right = other.select(list(KEY)).append_column("there", arrow().array(np.arange(other.num_rows)))
        left = one.select(list(KEY)).append_column("here", arrow().array(np.arange(one.num_rows)))
        joined = left.join(right, list(KEY), join_type="full outer")
        found.only[0].append(_numbers(one, joined.filter(pc.is_null(joined.column("there"))).column("here")))
        found.only[1].append(_numbers(other, joined.filter(pc.is_null(joined.column("here"))).column("there")))
        both = joined.filter(pc.and_(pc.is_valid(joined.column("here")), pc.is_valid(joined.column("there"))))
        here, there = (np.asarray(both.column(n).combine_chunks()) for n in ("here", "there"))
    for rows in (here, there):
        if len(np.unique(rows)) != len(rows):
            raise BatchError("A line stands twice in the outcomes.", "Run the batch anew; identifiers must differ.")
    texts = [t.column("recommendation").take(arrow().array(r)) for t, r in ((one, here), (other, there))]
    for pair, number in _pairs_counted(*texts).items():
        found.matrix[pair] = found.matrix.get(pair, 0) + number
    flipped = np.asarray(pc.not_equal(*(t.cast(arrow().string()) for t in texts)).combine_chunks())
    found.flips.append((_numbers(one, here[flipped]), _numbers(other, there[flipped])))


def _numbers(table: pa.Table, places: Any) -> Rows:
    """The row numbers in the file of places in a table."""
    import numpy as np

    places = places if isinstance(places, np.ndarray) else np.asarray(places.combine_chunks())
    rows: Rows = np.asarray(table.column("row").combine_chunks())[places.astype(np.int64)]
    return rows


def _pairs_counted(one: pa.ChunkedArray, other: pa.ChunkedArray) -> dict[tuple[str, str], int]:
    pa = arrow()
    table = pa.table({"before": one.cast(pa.string()), "after": other.cast(pa.string())})
    rows = table.group_by(["before", "after"]).aggregate([([], "count_all")]).to_pylist()
    return {(r["before"], r["after"]): r["count_all"] for r in sorted(rows, key=lambda r: (r["before"], r["after"]))}


# ---- Flips -----------------------------------------------------------------------------------------


def _rows_at(folder: OutcomeFolder, rows: Rows) -> pa.Table:
    """The outcomes of rows in the order asked for."""
    import numpy as np

    order = np.argsort(rows, kind="stable")
    back = np.empty(len(rows), np.int64)
    back[order] = np.arange(len(rows))
    return folder.at(rows[order], (*TOLD, *folder.criteria)).take(arrow().array(back))


def _told_flips(one: pa.Table, other: pa.Table, criteria: Iterable[str]) -> tuple[pa.Table, tuple[StatusChange, ...]]:
    """The flips as a table with what changed in words, and how often which status changed."""
    import numpy as np

    pa = arrow()
    words = np.array([*WORDS, NONE], object)
    changes: list[StatusChange] = []
    texts = np.full(one.num_rows, "", object)
    for criterion in criteria:
        before, after = (_codes(t, criterion) for t in (one, other))
        moved = before != after
        pairs, numbers = np.unique(np.stack([before[moved], after[moved]]), axis=1, return_counts=True)
        for (old, new), number in zip(pairs.T, numbers, strict=True):
            changes.append(StatusChange(criterion, words[old], words[new], int(number)))
            here = moved & (before == old) & (after == new)
            texts[here] = texts[here] + f"{criterion}: {words[old]} → {words[new]}; "
    columns = {name: one.column(name) for name in ("request", "line", "code")}
    for name in ("recommendation", "basis", "policy", "edition"):
        columns |= {f"{name}_before": one.column(name), f"{name}_after": other.column(name)}
    columns["criteria"] = pa.array([t.removesuffix("; ") for t in texts], pa.string())
    return pa.table(columns), tuple(sorted(changes, key=lambda c: (-c.lines, c.criterion, c.before, c.after)))


def _editions(flips: pa.Table, when: str) -> pa.ChunkedArray:
    """Policy and edition as 0587/2025-12-01; none where no edition governed."""
    pa, pc = arrow(), compute()
    parts = [flips.column(f"{name}_{when}").cast(pa.string()) for name in ("policy", "edition")]
    return pc.binary_join_element_wise(*parts, "/").fill_null(NONE)


def _codes(table: pa.Table, criterion: str) -> NDArray[np.int8]:
    import numpy as np

    if criterion not in table.column_names:
        return np.full(table.num_rows, -1, np.int8)
    return status_codes(table.column(criterion))
