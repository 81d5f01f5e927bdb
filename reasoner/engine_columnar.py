"""The SHACL engine of plexus: shapes over columns (:mod:`reasoner.columnar`), for one record as for many."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from pyoxigraph import NamedNode

from reasoner.columnar.algebra import Shapes, Term
from reasoner.columnar.evaluate import Evaluation
from reasoner.columnar.graph import Graph, graph_of
from reasoner.columnar.masks import both, full
from reasoner.columnar.reading import read_shapes
from reasoner.columnar.report import Result, results
from reasoner.model import ShapeResult
from reasoner.once import once_for_each
from reasoner.triples import Spo
from reasoner.vocabulary import PREFIXES

if TYPE_CHECKING:
    from reasoner.columnar.masks import Bools, Mask

_SH = PREFIXES["sh"]


@once_for_each
def _base(background: tuple[Spo, ...]) -> Graph:
    return graph_of(background)


@once_for_each
def _kept(background: tuple[Spo, ...]) -> WeakKeyDictionary[Shapes, dict[tuple[object, ...], Mask]]:
    """What is true of the background, by the shapes under which it was asked for; filled as it is asked for."""
    return WeakKeyDictionary()


class ColumnarEngine:
    """SHACL Core over columns. Shapes that are not SHACL Core, or recursive, are refused by name."""

    name = "columnar"

    def evaluate(
        self, data: Iterable[Spo], shapes: tuple[Spo, ...], background: tuple[Spo, ...] = ()
    ) -> tuple[ShapeResult, ...]:
        """See :class:`reasoner.engine.Engine`."""
        found = results(self._evaluation(data, shapes, background))
        return tuple(sorted(map(_told, found), key=lambda r: (r.focus, r.shape, r.path or "", r.value or "")))

    def conforming(
        self,
        data: Iterable[Spo],
        shapes: tuple[Spo, ...],
        asked: Mapping[str, Iterable[str]],
        background: tuple[Spo, ...] = (),
    ) -> dict[str, frozenset[str]]:
        """See :class:`reasoner.engine.Engine`."""
        import numpy as np

        e = self._evaluation(data, shapes, background)
        found: dict[str, set[str]] = {shape: set() for shape in asked}
        for block, terms in enumerate(e.graph.blocks):
            instances: dict[str, Bools | None] = {}
            for shape, wanted in asked.items():
                for cls in wanted:
                    if cls not in instances:
                        mask = full(e.some(e.shapes.instance, e.is_term(NamedNode(cls)), block), e.size(block))
                        instances[cls] = mask if mask.any() else None
                    own = instances[cls]
                    if own is not None:
                        passing = full(both(own, e.conforms(NamedNode(shape), block)), e.size(block))
                        found[shape].update(terms.term(n).value for n in np.flatnonzero(passing).tolist())
        return {shape: frozenset(nodes) for shape, nodes in found.items()}

    def report(self, data: Iterable[Spo], shapes: tuple[Spo, ...], background: tuple[Spo, ...] = ()) -> list[Result]:
        """Every result with its terms, as a validation report has it.

        Raises:
            EngineError: the shapes are not SHACL Core, recursive, or not well formed.
        """
        return list(results(self._evaluation(data, shapes, background)))

    def _evaluation(self, data: Iterable[Spo], shapes: tuple[Spo, ...], background: tuple[Spo, ...]) -> Evaluation:
        read = read_shapes(shapes)
        named = [t.term for s in read.targeted for t in s.targets if t.kind == "node"]
        if not background:
            return Evaluation(graph_of(data, named), read)
        return Evaluation(graph_of(data, named, _base(background)), read, _kept(background).setdefault(read, {}))


def _told(r: Result) -> ShapeResult:
    return ShapeResult(
        focus=_text(r.focus),
        shape=_text(r.shape),
        severity=r.severity.removeprefix(_SH),
        message=r.message,
        path=_text(r.path) if r.path is not None else None,
        value=_text(r.value) if r.value is not None else None,
        component=r.component.removeprefix(_SH),
    )


def _text(term: Term) -> str:
    return term.value
