"""What cases exercise, and cases that are proposed: as text and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from reasoner.cases.collection import Collection, Coverage
from reasoner.cases.items import DIMENSIONS, Item
from reasoner.cases.propose import Failure, Proposal, Run
from reasoner.cases.words import ItemWords
from reasoner.policy import Policy
from reasoner.render.words import clean
from reasoner.vocabulary import compact

LISTED = 12
"""How many missing items of a dimension are listed as text."""

Words = Mapping[str, ItemWords]
"""The words of each edition, by its IRI."""


def percent(coverage: Coverage) -> str:
    """The share of items that some case shows."""
    return f"{coverage.percent:.1f} %"


def many(number: int, what: str) -> str:
    """A number with its noun.

    >>> many(1, "case"), many(2, "case")
    ('1 case', '2 cases')
    """
    return f"{number} {what}{'s' if number != 1 else ''}"


# ---- Text ------------------------------------------------------------------------------------------


def report(place: Path, policies: Sequence[Policy], collection: Collection, words: Words) -> str:
    """What cases exercise, as text: how much of each dimension, and what no case shows."""
    return _text(_report(place, policies, collection, words))


def proposed(runs: Sequence[tuple[Policy, Run]], words: Words, output: Path | None) -> str:
    """What a search for missing cases came to, as text; ``output`` is the folder that they were written to."""
    return _text(_proposed(runs, words, output))


def _text(lines: Iterator[str]) -> str:
    return "".join(f"{clean(line)}\n" for line in lines)


def _report(place: Path, policies: Sequence[Policy], collection: Collection, words: Words) -> Iterator[str]:
    yield f"{many(len(collection.cases), 'case')} with {many(len(collection.lines), 'line')} in {place}"
    unconfirmed = [c.name for c in collection.cases if not c.confirmed]
    if unconfirmed:
        yield f"Not confirmed by a person yet: {', '.join(unconfirmed)}"
    for policy in policies:
        coverage = collection.of(policy)
        yield ""
        yield f"Policy {policy.number} “{policy.title}”, edition {policy.edition}: {many(len(coverage.lines), 'line')}"
        for dimension, (shown, of) in coverage.counted().items():
            yield f"  {shown:4} of {of:4}  {DIMENSIONS[dimension]}"
        shown = len(coverage.items) - len(coverage.missing)
        yield f"  {shown:4} of {len(coverage.items):4}  in all ({percent(coverage)})"
        pairs = coverage.all_pairs() - len(coverage.pairs_missing())
        yield f"  {pairs:4} of {coverage.all_pairs():4}  pairs of statuses of two criteria (not counted above)"
        yield from _not_shown(coverage, words[policy.edition_iri])


def _not_shown(coverage: Coverage, words: ItemWords) -> Iterator[str]:
    if not coverage.missing:
        return
    yield "  No case shows that:"
    for dimension, heading in DIMENSIONS.items():
        own = [item for item in coverage.missing if item.dimension == dimension]
        if own:
            yield f"    {heading}"
        yield from (f"      {words.clause(item)}" for item in own[:LISTED])
        if len(own) > LISTED:
            yield f"      and {len(own) - LISTED} more; --format json has all"


def _proposed(runs: Sequence[tuple[Policy, Run]], words: Words, output: Path | None) -> Iterator[str]:
    for policy, run in runs:
        said = words[policy.edition_iri]
        found, records = many(len(run.proposals), "case"), many(run.tried, "record")
        yield f"Policy {policy.number}, edition {policy.edition}: {found} proposed, {records} reviewed for it"
        if run.pairs:
            yield "  No single item is left for which a record was found; pairs of statuses are looked for."
        for one in run.proposals:
            yield from _proposal(one, said, output)
        for failure in run.failures:
            yield f"  {_failed(failure, said)}"
        if run.timed_out:
            yield f"  Time was up; {many(run.left, 'item')} not looked for. Give more with --timeout."
        elif not run.proposals and not run.failures:
            yield "  Nothing is missing."


def _proposal(one: Proposal, words: ItemWords, output: Path | None) -> Iterator[str]:
    where = f" (written to {output / one.name})" if output is not None else ""
    yield f"  {one.name}{where}"
    yield f"    shows that {'; '.join(words.clause(item) for item in one.items)}"
    others = len(set(one.shows) - set(one.items))
    if others:
        yield f"    and {many(others, 'other item')} that no case shows"
    yield f"    nearest case: {one.nearest}" if one.nearest else "    made from the rules alone, without a case"


def _failed(failure: Failure, words: ItemWords) -> str:
    what = " and ".join(words.clause(item) for item in failure.items)
    tried = f"{many(failure.tried, 'record')} reviewed in vain"
    if failure.impossible:
        return f"Cannot occur: that {what}. {_because(failure)}"
    if not failure.in_time:
        return f"No record found in the time given: that {what} ({tried})."
    return f"No record found: that {what} ({tried})."


def _because(failure: Failure) -> str:
    if failure.because:
        return f"What a usable request must have forbids it: {', '.join(map(compact, failure.because))}."
    return "The rules of evidence leave no room for it, in any record with a few more pieces of evidence of each class."


# ---- JSON ------------------------------------------------------------------------------------------


def as_json(
    policies: Sequence[Policy], collection: Collection, runs: Sequence[tuple[Policy, Run]], words: Words
) -> dict[str, Any]:
    """What cases exercise, and what a search came to, for ``json.dumps``."""
    by_edition = {policy.edition_iri: run for policy, run in runs}
    return {
        "cases": [c.name for c in collection.cases],
        "unconfirmed": [c.name for c in collection.cases if not c.confirmed],
        "refused": [{"case": name, "why": why} for name, why in collection.refused],
        "policies": [
            _policy(p, collection.of(p), words[p.edition_iri], by_edition.get(p.edition_iri)) for p in policies
        ],
    }


def _items(found: Sequence[Item], words: ItemWords) -> list[dict[str, Any]]:
    return [{"dimension": one.dimension, "key": list(one.key), "text": words.clause(one)} for one in found]


def _policy(policy: Policy, coverage: Coverage, words: ItemWords, run: Run | None) -> dict[str, Any]:
    shown = [item for item in coverage.items if item in coverage.shown_by]
    out: dict[str, Any] = {
        "policy": policy.number,
        "edition": policy.edition.isoformat(),
        "lines": len(coverage.lines),
        "percent": round(coverage.percent, 2),
        "dimensions": {name: {"shown": a, "of": b} for name, (a, b) in coverage.counted().items()},
        "missing": _items(coverage.missing, words),
        "shown": [
            {**told, "cases": list(coverage.shown_by[item])}
            for item, told in zip(shown, _items(shown, words), strict=True)
        ],
        "pairs": {"shown": coverage.all_pairs() - len(coverage.pairs_missing()), "of": coverage.all_pairs()},
    }
    if run is not None:
        out["search"] = {
            "proposals": [_proposal_json(one, words) for one in run.proposals],
            "failures": [_failure_json(one, words) for one in run.failures],
            "tried": run.tried,
            "timed_out": run.timed_out,
            "not_looked_for": run.left,
        }
    return out


def _proposal_json(one: Proposal, words: ItemWords) -> dict[str, Any]:
    return {
        "name": one.name,
        "title": one.title,
        "items": _items(one.items, words),
        "shows": _items(one.shows, words),
        "nearest": one.nearest,
        "request": one.request,
        "expected": one.expected,
    }


def _failure_json(one: Failure, words: ItemWords) -> dict[str, Any]:
    return {
        "items": _items(one.items, words),
        "impossible": one.impossible,
        "because": list(one.because),
        "tried": one.tried,
        "in_time": one.in_time,
    }
