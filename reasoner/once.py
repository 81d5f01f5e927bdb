"""Values that are made once for each large object that they are made from."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

Given = TypeVar("Given")
Made = TypeVar("Made")

MOST = 16
"""So many are kept; then the oldest goes."""


def once_for_each(make: Callable[[Given], Made]) -> Callable[[Given], Made]:
    """A function that remembers what it made of an object, by its identity: to hash a large tuple takes too long.

    >>> double = once_for_each(lambda numbers: [2 * n for n in numbers])
    >>> some = (1, 2)
    >>> double(some) is double(some)
    True
    """
    kept: dict[int, tuple[Given, Made]] = {}

    def remembered(given: Given) -> Made:
        found = kept.get(id(given))
        if found is None or found[0] is not given:
            if len(kept) >= MOST:
                kept.pop(next(iter(kept)), None)
            found = kept[id(given)] = (given, make(given))
        return found[1]

    return remembered
