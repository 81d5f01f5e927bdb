"""Other engines than the reference, for tests only."""

from __future__ import annotations

from reasoner.engine_pyshacl import _results, to_rdflib
from reasoner.model import ShapeResult


def shifty_results(data, shapes) -> tuple[ShapeResult, ...]:
    """The results of pyshifty, an engine of other authors."""
    import shifty

    _, report, _ = shifty.validate(to_rdflib(data), to_rdflib(shapes), infer=False, graph_mode="data")
    return tuple(_results(report))
