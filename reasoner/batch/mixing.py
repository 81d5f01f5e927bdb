"""Numbers that stand for sets of values: equal for equal sets, whatever the order, and different for others.

They are sums of 64-bit numbers that are spread evenly; that two of a million different sets meet in one number has a
chance of about 3 in 100 million.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reasoner.columnar.gathering import gathered

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Ids = NDArray[np.int32]
    Marks = NDArray[np.uint64]


def mixed(values: Marks) -> Marks:
    """Numbers spread over 64 bits (the finaliser of splitmix64), so that sums of them tell sets apart."""
    import numpy as np

    out = values + np.uint64(0x9E3779B97F4A7C15)
    out = (out ^ (out >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    out = (out ^ (out >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return out ^ (out >> np.uint64(31))


def summed(rows: Ids, marks: Marks, size: int) -> Marks:
    """By row, among so many, the sum of its numbers."""
    import numpy as np

    return gathered(rows, marks, size, np.add)
