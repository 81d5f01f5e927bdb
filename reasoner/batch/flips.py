"""What came out otherwise between two outputs of batches or two profiles of one, and which criteria changed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reasoner.errors import BatchError
from reasoner.tables.optional import arrow, compute, parquet

if TYPE_CHECKING:
    import pyarrow as pa

KEYS = ("request", "line", "profile")
TOLD = ("recommendation", "policy")
OTHER = {*KEYS, *TOLD, "code", "basis", "next", "edition", "run_id", "hinges"}
"""Columns of outcomes that are no criterion."""
EXAMPLES = 3


@dataclass(frozen=True)
class Flips:
    """Lines that two outputs share and those that only one has, and what changed.

    ``recommendations`` counts lines by recommendation before and after (``approve -> deny``); ``criteria`` counts,
    among lines that flipped, changes of status by criterion; ``policies`` counts flips by policy; ``examples`` names a
    few lines of each kind of flip; ``asked`` is what the two runs were asked for otherwise.
    """

    lines: int
    only_old: int
    only_new: int
    flipped: int
    recommendations: Mapping[str, int]
    criteria: Mapping[str, Mapping[str, int]]
    policies: Mapping[str, int]
    examples: Mapping[str, tuple[str, ...]]
    asked: Mapping[str, tuple[Any, Any]]


def flips(old: Path, new: Path, profiles: tuple[str, str] | None = None) -> Flips:
    """Compare two output folders, or two profiles (of one folder, where both are the same).

    Raises:
        BatchError: a folder is no whole output of a batch, or has no such profile.
    """
    before, after = _outcomes(old), _outcomes(new)
    keys = list(KEYS)
    if profiles is not None:
        before, after = (_of_profile(t, p, f) for t, p, f in zip((before, after), profiles, (old, new), strict=True))
        keys = ["request", "line"]
    size_old, size_new = before.num_rows, after.num_rows
    before, after = _aligned(before, after, keys)
    pc = compute()
    changed = pc.fill_null(pc.not_equal(before.column("recommendation"), after.column("recommendation")), False)
    matrix = _pairs(before.column("recommendation"), after.column("recommendation"))
    b, a = before.filter(changed), after.filter(changed)
    criteria = [c for c in before.column_names if c not in OTHER and c in after.column_names]
    moved = {c: _moved(b.column(c), a.column(c)) for c in criteria}
    return Flips(
        lines=before.num_rows,
        only_old=size_old - before.num_rows,
        only_new=size_new - before.num_rows,
        flipped=b.num_rows,
        recommendations=matrix,
        criteria={c: m for c, m in moved.items() if m},
        policies=_counts(a.column("policy")),
        examples=_examples(b, a),
        asked=_asked(old, new),
    )


def _manifest(folder: Path) -> dict[str, Any]:
    try:
        told = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BatchError(f"{folder} is no whole output of plexus batch.", "Name the folder given to -o.") from error
    if not isinstance(told, dict):
        raise BatchError(f"{folder} is no output of plexus batch.", "Name the folder given to -o.")
    return told


def _outcomes(folder: Path) -> pa.Table:
    _manifest(folder)
    try:
        table = parquet().read_table(folder / "outcomes.parquet")
    except (OSError, arrow().ArrowException) as error:
        raise BatchError(f"{folder}/outcomes.parquet cannot be read.", "Run the batch anew.") from error
    return table.drop_columns([c for c in ("run_id", "hinges") if c in table.column_names])


def _of_profile(table: pa.Table, profile: str, folder: Path) -> pa.Table:
    found = table.filter(compute().equal(table.column("profile"), profile))
    if not found.num_rows:
        known = ", ".join(compute().unique(table.column("profile")).to_pylist())
        raise BatchError(f"{folder} has no profile {profile}.", f"Its profiles: {known}.")
    return found


def _aligned(before: pa.Table, after: pa.Table, keys: list[str]) -> tuple[pa.Table, pa.Table]:
    """The lines that both have, in one order."""
    pa = arrow()
    left, right = ([_plain(t.column(k)) for k in keys] for t in (before, after))
    if before.num_rows == after.num_rows and all(x.equals(y) for x, y in zip(left, right, strict=True)):
        return before, after
    one = pa.table([*left, pa.array(range(before.num_rows))], names=[*keys, "old row"])
    other = pa.table([*right, pa.array(range(after.num_rows))], names=[*keys, "new row"])
    both = one.join(other, keys, join_type="inner").sort_by("old row")
    return before.take(both.column("old row")), after.take(both.column("new row"))


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """A column of text without its dictionaries, so that two can be compared."""
    types = arrow().types
    return column.cast(column.type.value_type) if types.is_dictionary(column.type) else column


def _pairs(old: pa.ChunkedArray, new: pa.ChunkedArray) -> dict[str, int]:
    words = compute().binary_join_element_wise(_word(old), _word(new), " -> ")
    return _counts(words)


def _word(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return compute().fill_null(_plain(column), "none")


def _moved(old: pa.ChunkedArray, new: pa.ChunkedArray) -> dict[str, int]:
    return {pair: n for pair, n in _pairs(old, new).items() if len(set(pair.split(" -> "))) > 1}


def _counts(column: pa.ChunkedArray) -> dict[str, int]:
    found = compute().value_counts(_word(column)).to_pylist()
    return {x["values"]: x["counts"] for x in sorted(found, key=lambda x: (-x["counts"], x["values"]))}


def _examples(old: pa.Table, new: pa.Table) -> dict[str, tuple[str, ...]]:
    pc = compute()
    pairs = pc.binary_join_element_wise(
        _word(old.column("recommendation")), _word(new.column("recommendation")), " -> "
    )
    out = {}
    for pair in _counts(pairs):
        some = old.filter(pc.equal(pairs, pair)).slice(0, EXAMPLES)
        rows = zip(some.column("request").to_pylist(), some.column("line").to_pylist(), strict=True)
        out[pair] = tuple(f"{request}, line {line}" for request, line in rows)
    return out


def _asked(old: Path, new: Path) -> dict[str, tuple[Any, Any]]:
    before, after = _manifest(old), _manifest(new)
    names = ("version", "as_of", "edition", "profiles", "digests")
    return {n: (before.get(n), after.get(n)) for n in names if before.get(n) != after.get(n)}


# ---- In words --------------------------------------------------------------------------------------


def flips_json(found: Flips) -> str:
    """The comparison as JSON."""
    return json.dumps(asdict(found), indent=2, ensure_ascii=False) + "\n"


def flips_text(found: Flips) -> str:
    """The comparison for a terminal."""
    share = f" ({found.flipped / found.lines:.1%})" if found.lines else ""
    lines = [f"{found.lines:,} lines are in both; {found.flipped:,} come out otherwise{share}."]
    if found.only_old or found.only_new:
        lines.append(f"Only before: {found.only_old:,}; only after: {found.only_new:,}.")
    for name, (before, after) in found.asked.items():
        lines.append(f"Asked otherwise, {name}: {_short(before)} -> {_short(after)}")
    lines += ["", "Recommendation, before -> after"]
    for pair, number in found.recommendations.items():
        mark = "" if len(set(pair.split(" -> "))) == 1 else "  e.g. " + "; ".join(found.examples.get(pair, ()))
        lines.append(f"  {pair:<34}{number:>12,}{mark}")
    if found.criteria:
        lines += ["", "With the flips, these criteria changed"]
        for criterion, changes in sorted(found.criteria.items(), key=lambda x: -sum(x[1].values())):
            told = ", ".join(f"{pair} {n:,}" for pair, n in changes.items())
            lines.append(f"  {criterion:<24}{sum(changes.values()):>10,}  {told}")
    return "\n".join(lines) + "\n"


def _short(value: Any) -> str:
    if isinstance(value, dict):
        return "; ".join(f"{k} {_short(v)}" for k, v in value.items()) or "none"
    return str(value if value is not None else "in force")[:60]
