"""Runs of neighbouring places, written out: the step in which offsets become rows. Runs of equal numbers, as one."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def spans(first: NDArray[np.integer], number: NDArray[np.integer]) -> NDArray[np.int64]:
    """The places of runs, one run after the other; each begins somewhere and has so many places.

    >>> import numpy as np
    >>> spans(np.array([5, 0, 2]), np.array([2, 0, 3])).tolist()
    [5, 6, 2, 3, 4]
    """
    import numpy as np

    begun = np.repeat(first - (np.cumsum(number) - number), number)
    return begun + np.arange(len(begun))


def distinct(numbers: NDArray[np.int64]) -> NDArray[np.int64]:
    """The different numbers in ascending order; where most differ, several times as fast as ``np.unique``.

    >>> import numpy as np
    >>> distinct(np.array([3, 1, 3])).tolist()
    [1, 3]
    """
    import numpy as np

    out = np.sort(numbers)
    first = np.ones(len(out), np.bool_)
    np.not_equal(out[1:], out[:-1], out=first[1:])
    return out[first]
