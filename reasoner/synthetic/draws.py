"""Random values that depend on the seed, the name of the draw and the number of the row, and on nothing else.

A counter-based generator (the output function of SplitMix64, Steele, Lea and Flood 2014) needs no state: row 7 is the
same whether ten rows are made or ten million, in whatever chunks, and a draw that is added changes no other one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

_GAMMA = 0x9E3779B97F4A7C15
_MIX = ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB))


class Draws:
    """The draws of the rows with these numbers under a seed; ``intern`` turns words into codes."""

    def __init__(self, seed: int, rows: NDArray[Any], intern: Callable[[str], int]) -> None:
        self.seed = seed
        self.rows = rows.astype("uint64")
        self._intern = intern

    def uniform(self, name: str) -> NDArray[Any]:
        """A number from 0 up to 1 for each row.

        >>> import numpy
        >>> together = Draws(7, numpy.arange(3), hash).uniform("side")
        >>> bool(together[2] == Draws(7, numpy.asarray([2]), hash).uniform("side")[0])
        True
        """
        import numpy as np

        key = int.from_bytes(blake2b(f"{self.seed}:{name}".encode(), digest_size=8).digest(), "little")
        z = (self.rows + np.uint64(1)) * np.uint64(_GAMMA) + np.uint64(key)
        for shift, factor in _MIX:
            z = (z ^ (z >> np.uint64(shift))) * np.uint64(factor)
        z ^= z >> np.uint64(31)
        return (z >> np.uint64(11)).astype(np.float64) / float(1 << 53)

    def chance(self, name: str, share: float) -> NDArray[Any]:
        """Whether it happens to a row, to a share of them."""
        return self.uniform(name) < share

    def whole(self, name: str, low: int, high: int) -> NDArray[Any]:
        """A whole number from ``low`` to ``high``, both included."""
        import numpy as np

        drawn: NDArray[Any] = (self.uniform(name) * (high - low + 1)).astype(np.int32) + np.int32(low)
        return drawn

    def index(self, name: str, weights: Sequence[float]) -> NDArray[Any]:
        """The place of one of several options, each as often as its weight says."""
        import numpy as np

        bounds = np.cumsum(np.asarray(weights, dtype=np.float64))
        found = np.searchsorted(bounds, self.uniform(name) * bounds[-1], side="right")
        places: NDArray[Any] = np.minimum(found, len(bounds) - 1).astype(np.int32)
        return places

    def word(self, name: str, weights: dict[str, float] | Sequence[str]) -> NDArray[Any]:
        """The code of one of several words, each as often as its weight says (alike where there is none)."""
        options = weights if isinstance(weights, dict) else dict.fromkeys(weights, 1.0)
        return self.words([*options], self.index(name, [*options.values()]))

    def words(self, options: Sequence[str], places: NDArray[Any]) -> NDArray[Any]:
        """The codes of words by their places among the options."""
        import numpy as np

        codes: NDArray[Any] = np.asarray([self._intern(w) for w in options], dtype=np.int32)[places]
        return codes

    def number(self, name: str, options: Sequence[float]) -> NDArray[Any]:
        """One of several decimal numbers."""
        import numpy as np

        drawn: NDArray[Any] = np.asarray(options, dtype=np.float64)[self.index(name, [1.0] * len(options))]
        return drawn
