"""Another engine than the reference, by other authors, for tests only: pyshifty."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from reasoner.engine_pyshacl import _results, to_rdflib
from reasoner.model import ShapeResult
from reasoner.triples import Spo


@lru_cache(maxsize=4)
def _prepared_shapes(shapes: tuple[Spo, ...]) -> Any:
    import shifty

    return shifty.PreparedValidator(to_rdflib(shapes))


class Prepared:
    """Data that is validated again and again with other shapes."""

    def __init__(self, data: Iterable[Spo]) -> None:
        self.graph = to_rdflib(data)

    def probe_results(self, shapes: tuple[Spo, ...]) -> list[ShapeResult]:
        """Focus and shape of each result; enough for probes, which are node shapes, and faster than a report."""
        found = _prepared_shapes(shapes).validate_algebra(self.graph, infer=False, graph_mode="data")
        return [ShapeResult(v.focus_node.strip("<>"), v.shape_name.strip("<>"), "Info", "") for v in found.violations]


def shifty_results(data: Iterable[Spo], shapes: tuple[Spo, ...]) -> tuple[ShapeResult, ...]:
    """The results of a full W3C report."""
    _, report, _ = _prepared_shapes(shapes).validate(to_rdflib(data), infer=False, graph_mode="data")
    return tuple(_results(report))
