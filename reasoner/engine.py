"""What the pipeline asks of a SHACL engine."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from reasoner.model import ShapeResult
from reasoner.triples import Spo


class Engine(Protocol):
    """Evaluates shapes over data and returns the full set of results."""

    name: str

    def evaluate(self, data: Iterable[Spo], shapes: tuple[Spo, ...]) -> tuple[ShapeResult, ...]:
        """Every top-level result of the shapes on the data.

        Raises:
            EngineError: the engine could not evaluate the shapes.
        """
        ...
