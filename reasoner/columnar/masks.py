"""Boolean vectors, where one value stands for a whole vector of it."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reasoner.columnar.per_view import PerView, leading_to
from reasoner.errors import EngineError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from reasoner.columnar.graph import Edges

    Ids = NDArray[np.int32]
    Bools = NDArray[np.bool_]
    Mask = bool | Bools | PerView


@dataclass(frozen=True)
class Test:
    """What is asked of terms: the mask of any block, and a key by which the answer is kept.

    ``fixed`` says that the answer for the fixed blocks of a graph stays the same from call to call.
    """

    key: Hashable
    mask: Callable[[int], Mask]
    fixed: bool = False

    __test__ = False  # no test of pytest


EVERY = Test("every", lambda _: True, fixed=True)
"""The test that all terms pass."""


def both(a: Mask, b: Mask) -> Mask:
    """Where both hold."""
    if a is True or b is False:
        return b
    return a if b is True or a is False else a & b


def either(a: Mask, b: Mask) -> Mask:
    """Where either holds."""
    if a is False or b is True:
        return b
    return a if b is False or a is True else a | b


def all_of(masks: Iterable[Mask]) -> Mask:
    """Where all hold; once none is left, the others are not looked at."""
    out: Mask = True
    for mask in masks:
        out = both(out, mask)
        if out is False:
            break
    return out


def negated(a: Mask) -> Mask:
    """Where it does not hold."""
    return (not a) if isinstance(a, bool) else ~a


def opposite(test: Test) -> Test:
    """The test that fails where another passes."""
    return Test(("not", test.key), lambda block: negated(test.mask(block)), test.fixed)


def full(a: Mask, size: int) -> Bools:
    """The mask as a vector.

    Raises:
        EngineError: it differs from view to view, and was asked for as if it did not.
    """
    import numpy as np

    if isinstance(a, PerView):
        raise EngineError("What is asked of a term that records share depends on the record; use --engine pyshacl.")
    return np.full(size, a) if isinstance(a, bool) else a


def subjects_of(edges: Edges, objects: Mask, size: int, owner: Ids | None = None) -> Mask:
    """The subjects, among so many, that have an object for which a mask holds; ``owner`` are the views of subjects."""
    import numpy as np

    if objects is False:
        return False
    if isinstance(objects, PerView):
        if owner is None:
            return leading_to(edges, objects, size)
        subjects, targets = edges.pairs
        out = np.zeros(size, np.bool_)
        out[subjects[objects.at(owner[subjects], targets)]] = True
        return out
    only = edges.only_object
    if only is not None:
        return objects if isinstance(objects, bool) else bool(objects[only])
    if edges.subjects is None:
        present = edges.present
        if objects is True:
            return True if present is None else present
        found = objects[edges.objects]
        return found if present is None else found & present
    chosen = edges.subjects if objects is True else edges.subjects[objects[edges.objects]]
    out = np.zeros(size, np.bool_)
    out[chosen] = True
    return out


def objects_of(edges: Edges, subjects: Mask, size: int) -> Mask:
    """The objects, among so many, that have a subject for which a mask holds."""
    import numpy as np

    if subjects is False:
        return False
    subjects = subjects if subjects is True else full(subjects, 0)
    sources, targets = edges.pairs
    chosen = targets if subjects is True else targets[subjects[sources]]
    out = np.zeros(size, np.bool_)
    out[chosen] = True
    return out
