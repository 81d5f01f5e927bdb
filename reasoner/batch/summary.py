"""What became of the lines of a batch, in numbers: per profile the recommendations, and which criteria decided."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reasoner.batch.plan import Profile
from reasoner.knowledge import load
from reasoner.model import Basis, Kind, Recommendation
from reasoner.policy import Policy
from reasoner.tables.optional import arrow, compute

if TYPE_CHECKING:
    import pyarrow as pa

Counts = dict[str, Any]
"""Numbers by name, in groups by name."""
MOST_FAULTS = 12
COUNTED = ("recommendation", "basis", "next", "policy")
DECIDING = {Recommendation.DENY.value: ("unmet", "met"), Recommendation.PEND.value: ("open", None)}
"""Of lines with a recommendation: the status of a required criterion that decides, and that of an exclusion."""
TERMS = (Basis.MANDATE.value, Basis.PLAN_EXCLUSION.value, Basis.PLAN_TERM.value, Basis.INCONSISTENT.value)
"""Bases that decide in place of the criteria."""
OPEN = ("open", "undocumented", "to-judge", "conflicting")


def count_outcomes(outcomes: pa.Table, library: Path | None, profiles: Iterable[Profile] = ()) -> Counts:
    """The numbers of some outcomes, by profile; one that is not among the profiles is read by default."""
    pc = compute()
    readings = {p.name: p.readings for p in profiles}
    out: Counts = {}
    for profile in pc.unique(outcomes.column("profile")).to_pylist():
        own = outcomes.filter(pc.equal(outcomes.column("profile"), profile))
        found: Counts = {name: _values(own.column(name)) for name in COUNTED}
        found["lines"] = own.num_rows
        found["deciding"] = {
            r: dict(_deciding(own, r, load(library).policies, readings.get(profile, {}))) for r in DECIDING
        }
        out[profile] = found
    return out


def _values(column: pa.ChunkedArray) -> Counts:
    found = compute().value_counts(column).to_pylist()
    return {str(x["values"] if x["values"] is not None else "none"): x["counts"] for x in found}


def _deciding(
    outcomes: pa.Table, recommendation: str, policies: Iterable[Policy], chosen: Mapping[str, str]
) -> Iterator[tuple[str, int]]:
    """What lines with a recommendation rest on, and how many lines: a line counts under each of its reasons."""
    pc = compute()
    lines = outcomes.filter(pc.equal(outcomes.column("recommendation"), recommendation))
    for policy in policies:
        own = lines.filter(
            pc.and_(
                pc.equal(lines.column("policy"), policy.number),
                pc.equal(lines.column("edition"), policy.edition.isoformat()),
            )
        )
        if not own.num_rows:
            continue
        for basis, number in _values(own.column("basis")).items():
            if basis in TERMS:
                yield f"{policy.number} ({basis})", number
        # Where a term or a contradiction decides, the criteria do not, whatever their statuses are.
        own = own.filter(pc.invert(pc.is_in(own.column("basis").cast(arrow().string()), arrow().array(TERMS))))
        required, excluding = DECIDING[recommendation]
        readings = policy.own_readings(chosen)
        nodes = [(c.id, required) for c in policy.required(readings) if policy.group_kind(c, readings) is not Kind.ALL]
        nodes += [(policy.by_iri[x].id, excluding or "open") for x in policy.exclusions]
        for criterion, status in nodes:
            number = sum(n for value, n in _values(own.column(criterion)).items() if _is(value, status))
            if number:
                yield f"{policy.number} {criterion}", number


def _is(value: str, status: str) -> bool:
    return value in OPEN if status == "open" else value == status


def added(one: Mapping[str, Any], other: Mapping[str, Any]) -> Counts:
    """The sums of two sets of numbers.

    >>> added({"a": 1, "b": {"x": 2}}, {"b": {"x": 1, "y": 1}})
    {'a': 1, 'b': {'x': 3, 'y': 1}}
    """
    out: Counts = dict(one)
    for name, value in other.items():
        if isinstance(value, Mapping):
            out[name] = added(out.get(name, {}), value)
        else:
            out[name] = out.get(name, 0) + value
    return out


# ---- In words --------------------------------------------------------------------------------------


def summary_json(manifest: Mapping[str, Any]) -> str:
    """The summary of a batch as JSON."""
    told = {name: manifest[name] for name in ("run_id", "counts", "summary", "seconds") if name in manifest}
    return json.dumps(told, indent=2, ensure_ascii=False) + "\n"


def summary_text(manifest: Mapping[str, Any]) -> str:
    """The summary of a batch for a terminal."""
    counts = manifest["counts"]
    lines = [
        f"{counts['requests']:,} requests with {counts['lines_in']:,} lines: {counts['lines_reviewed']:,} lines "
        f"reviewed, {counts['lines_rejected']:,} rejected."
    ]
    several = len(manifest["summary"]) > 1
    for profile, found in manifest["summary"].items():
        lines += ["", f"Profile {profile}" if several else "Recommended"]
        for name, number in sorted(found["recommendation"].items(), key=lambda x: -x[1]):
            lines.append(f"  {name:<16}{number:>12,}  {number / found['lines']:>6.1%}")
        for recommendation, title in (("deny", "Decided against by"), ("pend", "Open")):
            deciding = found["deciding"].get(recommendation, {})
            if deciding:
                lines.append(f"  {title}")
            for name, number in sorted(deciding.items(), key=lambda x: -x[1]):
                lines.append(f"    {name:<34}{number:>12,}")
    if counts["rejected_by_fault"]:
        lines += ["", "Rejected"]
        for fault, number in sorted(counts["rejected_by_fault"].items(), key=lambda x: -x[1])[:MOST_FAULTS]:
            lines.append(f"  {number:>8,}  {fault}")
        left = len(counts["rejected_by_fault"]) - MOST_FAULTS
        lines += [f"  and {left} more kinds; see rejected.parquet"] if left > 0 else []
    return "\n".join(lines) + "\n"
