"""How the parts of two editions are laid side by side: pairs, values and places."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from reasoner.model import Source

T = TypeVar("T")


def paired(old: Iterable[T], new: Iterable[T], *keys: Callable[[T], str]) -> Iterator[tuple[str, T | None, T | None]]:
    """Parts of two editions in pairs with what pairs them, in the order of the later edition; removed ones at the end.

    Args:
        old: the parts of the earlier edition.
        new: the parts of the later edition.
        keys: what pairs them; what no pair is found for by one key is paired by the next.

    >>> list(paired("ab", "bc", str))
    [('b', 'b', 'b'), ('c', None, 'c'), ('a', 'a', None)]
    """
    left, partner = list(old), {}
    rest = list(new)
    for key in keys:
        by_key = {key(part): part for part in left}
        for part in list(rest):
            match = by_key.pop(key(part), None)
            if match is not None:
                partner[keys[0](part)] = match
                left.remove(match)
                rest.remove(part)
    for part in new:
        yield keys[0](part), partner.get(keys[0](part)), part
    yield from ((keys[0](part), part, None) for part in left)


def value_change(before: object, after: object) -> str:
    """What was and what is now, in words.

    >>> value_change(None, "2027-01-01")
    'nothing before, now “2027-01-01”'
    """
    was = "nothing before" if before in (None, "") else f"was “{before}”"
    return f"{was}, now {'nothing' if after in (None, '') else f'“{after}”'}"


def reworded(before: Source, after: Source) -> Iterator[tuple[str, str]]:
    """Whether the words of the document differ at two places, or the same words stand elsewhere."""
    if before.sha256 != after.sha256:
        yield "reworded", "the words of the document differ"
    elif (before.section, before.page) != (after.section, after.page) and before.anchor != after.anchor:
        yield "moved", "the same words stand elsewhere in the document"
