"""Masks of shared terms that differ from view to view.

Many records stand side by side in one graph and share the terms of the vocabulary and their literals. What is said
about a shared term by going back to the rows that use it holds only for the records of these rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from reasoner.columnar.graph import Edges

    Bools = NDArray[np.bool_]
    Ids = NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class PerView:
    """A mask of the terms of a shared block for each view.

    ``default`` holds for all views where a term is not among ``terms``; ``table`` has a row for each view and a column
    for each of these terms, which ascend.
    """

    __array_ufunc__ = None  # numpy leaves & and | with a vector to this class

    default: Bools
    terms: Ids
    table: Bools

    def at(self, views: Ids, terms: Ids) -> Bools:
        """Whether terms pass, each in a view."""
        import numpy as np

        out = self.default[terms]
        if len(self.terms):
            place = np.minimum(np.searchsorted(self.terms, terms), len(self.terms) - 1)
            mine = self.terms[place] == terms
            out = np.where(mine, self.table[views, place], out)
        return out

    def __invert__(self) -> PerView:
        return PerView(~self.default, self.terms, ~self.table)

    def __and__(self, other: Bools | PerView) -> PerView:
        ours, theirs, terms = self._aligned(other)
        return PerView(ours.default & theirs.default, terms, ours.table & theirs.table)

    def __or__(self, other: Bools | PerView) -> PerView:
        ours, theirs, terms = self._aligned(other)
        return PerView(ours.default | theirs.default, terms, ours.table | theirs.table)

    __rand__, __ror__ = __and__, __or__

    def _aligned(self, other: Bools | PerView) -> tuple[PerView, PerView, Ids]:
        import numpy as np

        if not isinstance(other, PerView):
            other = PerView(other, self.terms, np.broadcast_to(other[self.terms], self.table.shape))
        terms = np.union1d(self.terms, other.terms).astype(np.int32)
        return self._with(terms), other._with(terms), terms

    def _with(self, terms: Ids) -> PerView:
        import numpy as np

        if np.array_equal(terms, self.terms):
            return self
        views = np.arange(len(self.table), dtype=np.int32)[:, None]
        return PerView(self.default, terms, self.at(views, terms[None, :]))

    def same(self, other: object) -> bool:
        """Whether another mask says the same."""
        import numpy as np

        if not isinstance(other, PerView):
            return False
        ours, theirs, _ = self._aligned(other)
        return bool(np.array_equal(ours.table, theirs.table) and (ours.default == theirs.default).all())


def used_by(edges: Edges, rows: Bools | bool, owner: Ids, views: int, size: int) -> PerView:
    """The shared terms, among so many, that a row for which a mask holds has as an object, in the view of the row."""
    import numpy as np

    subjects, objects = edges.pairs
    if rows is not True:
        chosen = np.asarray(rows)[subjects] if rows is not False else np.zeros(len(subjects), np.bool_)
        subjects, objects = subjects[chosen], objects[chosen]
    terms, place = np.unique(objects, return_inverse=True)
    table = np.zeros((views, len(terms)), np.bool_)
    table[owner[subjects], place] = True
    return PerView(np.zeros(size, np.bool_), terms.astype(np.int32), table)


def leading_to(edges: Edges, objects: PerView, size: int) -> PerView:
    """The subjects, among so many shared ones, that have an object which passes, view by view."""
    import numpy as np

    subjects, targets = edges.pairs
    default = np.zeros(size, np.bool_)
    default[subjects[objects.default[targets]]] = True
    terms = np.unique(subjects[np.isin(targets, objects.terms)]).astype(np.int32)
    table = np.zeros((len(objects.table), len(terms)), np.bool_)
    for i, term in enumerate(terms.tolist()):
        for target in targets[subjects == term].tolist():
            place = int(np.searchsorted(objects.terms, target))
            mine = place < len(objects.terms) and objects.terms[place] == target
            table[:, i] |= objects.table[:, place] if mine else objects.default[target]
    return PerView(default, terms, table)
