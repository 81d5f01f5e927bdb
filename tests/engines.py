"""Another engine than the reference, by other authors, for tests only."""

from __future__ import annotations

from collections.abc import Iterable

from reasoner.engine_pyshacl import _results, _shapes_graph, to_rdflib
from reasoner.model import ShapeResult
from reasoner.triples import Spo


class Prepared:
    """Data that pyshifty validates again and again with other shapes."""

    def __init__(self, data: Iterable[Spo]) -> None:
        self.graph = to_rdflib(data)

    def results(self, shapes: tuple[Spo, ...]) -> tuple[ShapeResult, ...]:
        import shifty

        _, report, _ = shifty.validate(self.graph, _shapes_graph(shapes), infer=False, graph_mode="data")
        return tuple(_results(report))


def shifty_results(data: Iterable[Spo], shapes: tuple[Spo, ...]) -> tuple[ShapeResult, ...]:
    """The results of pyshifty."""
    return Prepared(data).results(shapes)
