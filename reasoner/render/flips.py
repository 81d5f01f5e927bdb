"""Two outputs of batches compared, as text and as JSON; the flips as a table of their own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from reasoner.batch.flips import BatchComparison, Flips
from reasoner.errors import BatchError
from reasoner.model import Recommendation
from reasoner.render.as_json import dumped
from reasoner.render.rows import Row, bullets, head, painted, wrap

SCHEMA = "https://w3id.org/plexus/flips/1.0"
ORDER = tuple(r.value for r in Recommendation)
MOST = 16
"""How many changes of a status are told; JSON has all."""


def render(compared: BatchComparison, *, colour: bool = False) -> str:
    """A comparison for a terminal."""
    return painted(_rows(compared), colour=colour)


def _rows(compared: BatchComparison) -> Iterator[Row]:
    yield from wrap(f"{compared.old.path} and {compared.new.path}: two batches compared", style="bold")
    for when, folder in (("before", compared.old), ("after", compared.new)):
        told = folder.manifest
        yield from wrap(f"{when}: run {told['run_id']}, reviewed as of {told['as_of']}", indent=2)
    yield from head("What the runs were made with")
    yield from bullets(compared.inputs or ["The same: requests, day, readings, policies, shapes, program, version."])
    for pair in compared.pairs:
        yield from _pair(pair, several=len(compared.pairs) > 1)


def _pair(pair: Flips, *, several: bool) -> Iterator[Row]:
    if several or pair.before != pair.after:
        same = f"Profile {pair.before}"
        yield from head(same if pair.before == pair.after else f"{same} before, profile {pair.after} after")
    share = f" ({pair.flipped / pair.lines:.1%})" if pair.lines else ""
    yield from head(f"{pair.flipped:,} of {pair.lines:,} lines come out otherwise{share}")
    yield from _matrix(pair)
    if pair.bases:
        yield from head("Bases of the lines that flipped")
        yield from _numbers((f"{a} → {b}", n) for (a, b), n in sorted(pair.bases.items(), key=lambda x: -x[1]))
    if any(a != b for a, b in pair.editions):
        yield from head("Editions that governed the lines that flipped")
        yield from _numbers((f"{a} → {b}", n) for (a, b), n in sorted(pair.editions.items(), key=lambda x: -x[1]))
    if pair.criteria:
        yield from head("Criteria that changed in the lines that flipped")
        yield from _numbers((f"{c.criterion}: {c.before} → {c.after}", c.lines) for c in pair.criteria[:MOST])
        if len(pair.criteria) > MOST:
            yield from wrap(f"and {len(pair.criteria) - MOST} more; --format json has all.", indent=2)
    for when, number, shown in (
        ("before", pair.only_before, pair.shown[0]),
        ("after", pair.only_after, pair.shown[1]),
    ):
        if number:
            yield from head(f"{number:,} lines are only in the outcomes {when}")
            more = f" and {number - len(shown):,} more" if number > len(shown) else ""
            yield from wrap(", ".join(f"{r} line {n}" for r, n in shown) + more, indent=2)


def _matrix(pair: Flips) -> Iterator[Row]:
    words = [w for w in ORDER if any(w in key for key in pair.matrix)]
    size = max(14, *(len(f"{n:,}") + 2 for n in (0, *pair.matrix.values())))
    yield f"  {'before / after':<16}" + "".join(f"{w:>{size + 2}}" for w in words), ""
    for before in words:
        cells = "".join(f"{pair.matrix.get((before, after), 0):>{size + 2},}" for after in words)
        yield f"  {before:<16}{cells}", ""


def _numbers(items: Iterator[tuple[str, int]]) -> Iterator[Row]:
    for text, number in items:
        yield f"  {number:>12,}  {text}", ""


def to_json(compared: BatchComparison) -> str:
    """A comparison as JSON; every flip is in :func:`write_flips`, not here."""
    sides = {
        when: {"folder": str(f.path), "run_id": f.manifest["run_id"], "as_of": f.manifest["as_of"]}
        for when, f in (("before", compared.old), ("after", compared.new))
    }
    told = {
        "schema": SCHEMA,
        **sides,
        "made_with": list(compared.inputs),
        "profiles": [_values(p) for p in compared.pairs],
    }
    return dumped(told, indent=2)


def _values(pair: Flips) -> dict[str, Any]:
    return {
        "before": pair.before,
        "after": pair.after,
        "lines": pair.lines,
        "flipped": pair.flipped,
        "recommendations": [{"before": a, "after": b, "lines": n} for (a, b), n in sorted(pair.matrix.items())],
        "bases": [{"before": a, "after": b, "lines": n} for (a, b), n in sorted(pair.bases.items())],
        "editions": [{"before": a, "after": b, "lines": n} for (a, b), n in sorted(pair.editions.items())],
        "criteria": [vars(c) for c in pair.criteria],
        "only_before": {"lines": pair.only_before, "shown": _shown(pair.shown[0])},
        "only_after": {"lines": pair.only_after, "shown": _shown(pair.shown[1])},
    }


def _shown(lines: tuple[tuple[str, int], ...]) -> list[dict[str, Any]]:
    return [{"request": request, "line": number} for request, number in lines]


def write_flips(compared: BatchComparison, path: Path) -> None:
    """Write every flip, a row each: its line, outcomes before and after, and the criteria that changed.

    Raises:
        BatchError: the name ends in neither .parquet nor .csv, or the file cannot be written.
    """
    from reasoner.tables.optional import arrow, parquet

    pa = arrow()
    tables = []
    for pair in compared.pairs:
        names = {"profile_before": pair.before, "profile_after": pair.after}
        table = pair.table
        for name, value in names.items():
            table = table.append_column(name, pa.array([value] * table.num_rows, pa.string()))
        tables.append(table)
    whole = path.with_name(f".{path.name}.tmp")
    made = pa.concat_tables(tables).unify_dictionaries()
    try:
        if path.suffix == ".parquet":
            parquet().write_table(made, whole)
        elif path.suffix == ".csv":
            from pyarrow import csv

            csv.write_csv(pa.table({n: _plain(made.column(n)) for n in made.column_names}), whole)
        else:
            raise BatchError(f"{path.name} names no form.", "Flips are written as .parquet or .csv.")
        whole.replace(path)
    except OSError as error:
        whole.unlink(missing_ok=True)
        raise BatchError(f"{path} cannot be written: {error.strerror}.") from error


def _plain(column: Any) -> Any:
    from reasoner.tables.optional import arrow

    pa = arrow()
    return column.cast(pa.string()) if pa.types.is_dictionary(column.type) else column
