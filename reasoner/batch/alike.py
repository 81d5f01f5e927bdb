"""Which lines are alike in all that any readings can make of them, so that what hinges is found out once for all.

A row of evidence is marked by the facets that it fits, under every reading, and by the marks of the rows to which
links lead from it; a row that no rule can count bears no mark. A line is marked by the marks of its rows, by the terms
that bind it and by the editions' days. Statuses ask only whether there is a row that counts, so lines of one mark come
out alike under all readings.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import count
from typing import TYPE_CHECKING

from pyoxigraph import NamedNode

from reasoner.batch.mixing import mixed, summed
from reasoner.batch.weighing import BulkWeigher, path_of
from reasoner.columnar.algebra import Path
from reasoner.columnar.gathering import Gathering, Untold
from reasoner.columnar.masks import all_of, both, either, full
from reasoner.once import once_for_each
from reasoner.policy import Facet, Link, Policy

if TYPE_CHECKING:
    from reasoner.batch.mixing import Ids, Marks
    from reasoner.columnar.graph import Edges
    from reasoner.columnar.masks import Mask

    ByBlock = dict[int, Marks]

_CALLS = count(1)
"""So that numbers of a view's own are never those of another chunk."""


def marks_of(weigher: BulkWeigher) -> Marks | None:
    """A number for each view: views of equal numbers have equal statuses and an equal scope under all readings.

    A view in which a link leads back from a term that records share has a number of its own. None where the numbers
    cannot be told, because a link leads on endlessly.
    """
    marker = _Marker(weigher)
    try:
        return marker.views()
    except Untold:
        return None


@dataclass(frozen=True)
class _Asked:
    """What a policy asks of rows: facets by rule and class, shapes that links ask for, how deep links lead."""

    rules: dict[str, tuple[tuple[Facet, ...], ...]]
    link_shapes: tuple[str, ...]
    paths: dict[str, tuple[Path, ...]]
    depth: int


@once_for_each
def _asked(policy: Policy) -> _Asked:
    rules: dict[str, list[tuple[Facet, ...]]] = {}
    for leaf in policy.leaves:
        for rule in leaf.rules:
            rules.setdefault(rule.evidence_class, []).append(rule.facets)
    links = {c: [u for facets in some for u in _links(facets)] for c, some in rules.items()}
    shapes = dict.fromkeys(u.shape for some in links.values() for u in some if u.shape is not None)
    paths = {c: tuple(dict.fromkeys(p for u in some if (p := path_of(u.path)))) for c, some in links.items()}
    depth = max((_depth(policy, leaf.iri) for leaf in policy.leaves), default=0)
    return _Asked({c: tuple(r) for c, r in rules.items()}, tuple(shapes), paths, depth)


def _links(facets: Iterable[Facet]) -> Iterator[Link]:
    return (link for facet in facets for link in facet.links)


def _depth(policy: Policy, leaf: str) -> int:
    """How many links lead on from a leaf, one after the other."""
    linked = {u.criterion for rule in policy.by_iri[leaf].rules for u in _links(rule.facets)} - {leaf}
    return max((1 + _depth(policy, criterion) for criterion in linked), default=0)


class _Marker:
    """Marks the rows and views of one graph."""

    def __init__(self, weigher: BulkWeigher) -> None:
        self.weigher, self.graph = weigher, weigher.view.graph
        self.asked = _asked(weigher.policy)
        self.apart: list[Ids] = []

    def views(self) -> Marks:
        """The marks of the views."""
        import numpy as np

        view = self.weigher.view
        marks = self._rows()
        out = self._scope(marks)
        for name, table in view.tables.items():
            found = marks.get(view.block[name])
            if found is not None:
                out += summed(table.owner, _spread(found, 0), view.views)
        own = np.unique(np.concatenate([np.empty(0, np.int32), *self.apart])).astype(np.uint64)
        out[own.astype(np.int64)] = mixed(own + (np.uint64(next(_CALLS)) << np.uint64(32)))
        return out

    # -- rows

    def _rows(self) -> ByBlock:
        """The marks of all rows that a rule can count, as deep as links lead."""
        import numpy as np

        marks = self.facets
        for _ in range(self.asked.depth):
            deeper: ByBlock = {}
            for cls, block in self._classes():
                if block in self.facets:
                    led = self._led(self.asked.paths[cls], marks, block)
                    deeper[block] = np.where(self.facets[block] == 0, np.uint64(0), mixed(self.facets[block] + led))
            marks = deeper
        return marks

    def _classes(self) -> Iterator[tuple[str, int]]:
        blocks = ((cls, self.weigher.block_of(cls)) for cls in self.asked.rules)
        return ((cls, block) for cls, block in blocks if block is not None)

    @cached_property
    def facets(self) -> ByBlock:
        """The marks of rows by the facets that they fit; 0 for a row that no rule can count."""
        import numpy as np

        out: ByBlock = {}
        for salt, (cls, block) in enumerate(self._classes(), 1):
            size = self.weigher.evaluation.size(block)
            found, possible = np.full(size, mixed(np.array([salt], np.uint64))[0]), np.zeros(size, np.bool_)
            for number, facets in enumerate(self.asked.rules[cls]):
                fits = all_of(self._might_fit(f, block) for f in facets)
                if fits is False:
                    continue
                possible |= full(fits, size)
                _add(found, fits, number << 16)
                for place, facet in enumerate(facets):
                    for choice, uses in enumerate(facet.choices.values()):
                        _add(found, both(fits, self._fits(uses, block)), number << 16 | place << 8 | choice + 1)
            for number, shape in enumerate(self.asked.link_shapes, 1):
                _add(found, self.weigher.evaluation.conforms(NamedNode(shape), block), number << 32)
            if possible.any():
                out[block] = np.where(possible, found, np.uint64(0))
        return out

    def _might_fit(self, facet: Facet, block: int) -> Mask:
        """The rows that fit a facet under some reading, as far as their own shapes tell."""
        out: Mask = False
        for uses in facet.choices.values() if facet.ambiguity else (facet.fixed,):
            out = either(out, self._fits(uses, block))
        return out

    def _fits(self, uses: Iterable[str | Link], block: int) -> Mask:
        """The rows that fit all shapes among some uses; what links ask is told by the marks to which they lead."""
        return self.weigher.fitting(uses, block)

    # -- scope

    def _scope(self, marks: ByBlock) -> Marks:
        """What the conditions of scope ask of each line."""
        import numpy as np

        line = self.weigher.view.block["lines"]
        out = np.zeros(self.weigher.view.views, np.uint64)
        facets = [f for condition in self.weigher.policy.scope for f in condition.facets]
        for place, facet in enumerate(facets, 1):
            for choice, uses in enumerate(facet.choices.values() if facet.ambiguity else (facet.fixed,)):
                _add(out, self._fits(uses, line), place << 48 | choice)
        paths = tuple(dict.fromkeys(p for u in _links(facets) if (p := path_of(u.path))))
        return out + self._led(paths, marks, line)

    # -- links

    def _led(self, paths: tuple[Path, ...], marks: ByBlock, block: int) -> Marks:
        """For each row the sum of the marks to which paths lead from it."""
        import numpy as np

        out = np.zeros(self.weigher.evaluation.size(block), np.uint64)
        for salt, path in enumerate(paths, 1):

            def ends(there: int, salt: int = salt) -> Marks | None:
                return _spread(marks[there], salt << 40) if there in marks else None

            found = Gathering(self.graph, np.add, self._apart).along(path, ends, block)
            if found is not None:
                out += found
        return out

    def _apart(self, e: Edges) -> None:
        """What is said of a shared term by going back from it differs from view to view: those are like no other."""
        self.apart.append(self.graph.owner[e.source][e.pairs[0]])


def _add(marks: Marks, mask: Mask, salt: int) -> None:
    """Add to the marks of the rows for which a mask holds what the salt stands for."""
    import numpy as np

    if mask is not False:
        number = mixed(np.array([salt], np.uint64))[0]
        marks += number if mask is True else full(mask, len(marks)) * number


def _spread(marks: Marks, salt: int) -> Marks:
    """What marks stand for in a role; nothing stays nothing."""
    import numpy as np

    return np.where(marks == 0, np.uint64(0), mixed(marks + np.uint64(salt)))
