"""What the pipeline asks of a SHACL engine."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from reasoner.model import ShapeResult
from reasoner.triples import Spo


class Engine(Protocol):
    """Evaluates shapes over data.

    ``background`` is data that stays the same from call to call, such as the arrangement of concepts: an engine may
    keep what it found out about it.
    """

    name: str

    def evaluate(
        self, data: Iterable[Spo], shapes: tuple[Spo, ...], background: tuple[Spo, ...] = ()
    ) -> tuple[ShapeResult, ...]:
        """Every top-level result of the shapes on the data.

        Raises:
            EngineError: the engine could not evaluate the shapes.
        """
        ...

    def conforming(
        self,
        data: Iterable[Spo],
        shapes: tuple[Spo, ...],
        asked: Mapping[str, Iterable[str]],
        background: tuple[Spo, ...] = (),
    ) -> dict[str, frozenset[str]]:
        """The nodes of some classes that conform to some shapes.

        Args:
            data: what is looked at.
            shapes: the shapes graph; an engine that knows results only finds a probe of each shape in it.
            asked: by the IRI of a shape, the IRIs of the classes whose nodes are asked about.
            background: data that stays the same.

        Raises:
            EngineError: the engine could not evaluate the shapes.
        """
        ...
