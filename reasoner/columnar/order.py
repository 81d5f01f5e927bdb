"""How the values of terms are ordered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyoxigraph import Literal

from reasoner.columnar import literals
from reasoner.columnar.algebra import Term

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def value_of(term: Term) -> literals.Value | None:
    """What a literal means, if it can be compared."""
    if not isinstance(term, Literal):
        return None
    return literals.typed(term.value, term.datatype.value, term.language)


def ordered(a: literals.Value | None, b: literals.Value | None) -> int | None:
    """How two values are ordered: -1, 0, 1, or None where that is not defined."""
    return None if a is None or b is None else literals.compare(a, b)


def keys_in_order(
    keys: NDArray[np.float64], limits: NDArray[np.float64] | float, accepted: frozenset[int]
) -> NDArray[np.bool_]:
    """Where the order of keys (:func:`literals.sort_key`) and limits is one accepted; infinity equals itself."""
    import numpy as np

    out = np.zeros(len(keys), np.bool_)
    for order, compared in ((-1, np.less), (0, np.equal), (1, np.greater)):
        if order in accepted:
            out |= compared(keys, limits)
    return out
