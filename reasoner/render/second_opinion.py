"""A second opinion as text and as JSON: what was compared, and every difference."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from reasoner.opinion.second_opinion import LeafComparison, LineComparison, SecondOpinion
from reasoner.render.as_json import HIDDEN
from reasoner.render.words import clean
from reasoner.vocabulary import compact

_SHOWN = 5


def text(opinion: SecondOpinion, *, files: int, timeout: float, refused: Sequence[str] = ()) -> str:
    """The opinion for a reader: the differences, what has no second recommendation, and the sum.

    Args:
        opinion: what was compared.
        files: how many request files were to be compared.
        timeout: seconds that were given.
        refused: those of the files that could not be reviewed.
    """
    return "".join(f"{clean(line)}\n" for line in _lines(opinion, files, timeout, refused))


def to_json(opinion: SecondOpinion, *, files: int, refused: Sequence[str] = ()) -> str:
    """The opinion with every line and leaf as a JSON object."""
    value = {
        "agrees": opinion.agrees,
        "complete": not opinion.timed_out,
        "files": files,
        "files_compared": _files(opinion),
        "files_refused": list(refused),
        "lines": [_line(line) for line in opinion.lines],
    }
    plain = json.dumps(value, ensure_ascii=False, indent=2) + "\n"
    return HIDDEN.sub(lambda found: f"\\u{ord(found[0]):04x}", plain)


def _files(opinion: SecondOpinion) -> int:
    return len({line.source for line in opinion.lines})


# ---- text ------------------------------------------------------------------------------------------


def _lines(opinion: SecondOpinion, files: int, timeout: float, refused: Sequence[str]) -> Iterator[str]:
    differ = [line for line in opinion.lines if not line.agrees]
    for line in differ:
        yield from _difference(line)
    without = [line for line in opinion.lines if line.second is None]
    if without:
        yield f"No second recommendation on {_many(len(without), 'line')}:"
        yield from map(_without, without)
    statuses = sum(len(line.leaves) for line in opinion.lines)
    yield (
        f"Second opinion by HermiT: {_many(len(opinion.lines), 'line')} of {_many(_files(opinion), 'request file')}"
        f" compared, {_many(statuses, 'status', 'statuses')} with their evidence."
    )
    if refused:
        yield f"{_many(len(refused), 'request file')} refused, and not compared: {', '.join(refused)}"
    if opinion.timed_out:
        left = files - len(refused) - _files(opinion)
        yield (
            f"Time ran out after {timeout:g} seconds, with {_many(left, 'request file')} of {files} not compared;"
            " give more with --timeout, or fewer requests."
        )
    if differ:
        yield f"{_many(len(differ), 'line')} {'differs' if len(differ) == 1 else 'differ'} from the review."
    else:
        yield "Every compared line agrees with its review." if opinion.lines else "Nothing was compared."


def _without(line: LineComparison) -> str:
    also = f"; {_many(len(line.leaves), 'status', 'statuses')} compared" if line.leaves else ""
    return f"  {line.source}, line {line.line}: {line.why_not}{also}"


def _difference(line: LineComparison) -> Iterator[str]:
    policy = f", policy {line.policy}" if line.policy else ""
    yield f"{line.source}, line {line.line}{policy}: differs"
    if line.second is not None and line.second is not line.review:
        yield f"  recommendation: {line.review.value} in the review, {line.second.value} by the second opinion"
    for leaf in line.leaves:
        if not leaf.agrees:
            yield from _leaf_difference(leaf)


def _leaf_difference(leaf: LeafComparison) -> Iterator[str]:
    same = leaf.review == leaf.second
    told = f"{leaf.review} in both" if same else f"{leaf.review} in the review, {leaf.second} by the second opinion"
    yield f"  {leaf.criterion} ({leaf.label}): {told}"
    for who, evidence in (("only the review", leaf.only_review), ("only the second opinion", leaf.only_second)):
        yield from _capped([f"    {who} uses {compact(node)} ({role})" for node, role in evidence])
    yield from _capped([f"    undetermined: {compact(node)} by the rule “{rule}”" for node, rule in leaf.undetermined])


def _capped(lines: list[str]) -> list[str]:
    more = len(lines) - _SHOWN
    return [*lines[:_SHOWN], *([f"    and {more} more; --format json has all"] if more > 0 else [])]


def _many(number: int, what: str, several: str | None = None) -> str:
    return f"{number} {what if number == 1 else several or what + 's'}"


# ---- JSON ------------------------------------------------------------------------------------------


def _line(line: LineComparison) -> dict[str, Any]:
    return {
        "source": line.source,
        "line": line.line,
        "iri": line.iri,
        "policy": line.policy,
        "agrees": line.agrees,
        "review": line.review.value,
        "second_opinion": line.second.value if line.second is not None else None,
        "why_none": line.why_not or None,
        "leaves": [_leaf(leaf) for leaf in line.leaves],
    }


def _leaf(leaf: LeafComparison) -> dict[str, Any]:
    return {
        "criterion": leaf.criterion,
        "label": leaf.label,
        "agrees": leaf.agrees,
        "review": leaf.review,
        "second_opinion": leaf.second,
        "only_review": [{"node": node, "role": role} for node, role in leaf.only_review],
        "only_second_opinion": [{"node": node, "role": role} for node, role in leaf.only_second],
        "undetermined": [{"node": node, "rule": rule} for node, rule in leaf.undetermined],
    }
