"""Lists and property paths of a shapes graph, as records of the algebra."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from pyoxigraph import Literal, NamedNode

from reasoner.columnar.algebra import Alternative, Inverse, Node, Optional, Path, Predicate, Repeated, Sequence, Term
from reasoner.errors import EngineError
from reasoner.triples import RDF_FIRST, RDF_NIL, RDF_REST, RDF_TYPE, Triples
from reasoner.vocabulary import RDFS, SH, compact

_REPEATED = {SH.zeroOrMorePath: 0, SH.oneOrMorePath: 1}
Made = TypeVar("Made", bound=Path)


def shown(node: Term) -> str:
    """A term as messages write it."""
    return compact(node.value) if isinstance(node, NamedNode) else str(node)


def members(graph: Triples, node: Node, prop: NamedNode, head: Term) -> list[Term]:
    """The members of the list that is the value of a property of a node.

    Raises:
        EngineError: it is no list, or not a well-formed one.
    """
    out: list[Term] = []
    seen = set()
    while head != RDF_NIL:
        first, rest = graph.objects(head, RDF_FIRST), graph.objects(head, RDF_REST)
        if len(first) != 1 or len(rest) != 1 or head in seen:
            raise EngineError(f"{shown(node)}: the value of {shown(prop)} is no well-formed list.")
        seen.add(head)
        out.append(first[0])
        head = rest[0]
    return out


class Paths:
    """The paths of a shapes graph; each path is made once, however often it is written."""

    def __init__(self, graph: Triples) -> None:
        self.graph = graph
        self._made: dict[object, Path] = {}

    def path(self, node: Term) -> Path:
        """The path that a node of the shapes graph stands for.

        Raises:
            EngineError: it is not a well-formed path.
        """
        return self._path(node, forward=True, above=())

    def instance(self) -> Path:
        """The path from a term to the classes of which it is an instance."""
        below = self.predicate(RDFS.subClassOf.value)
        return self._sequence((self.predicate(RDF_TYPE.value), self._keep(("*", below), lambda: Repeated(below, 0))))

    def predicate(self, iri: str) -> Predicate:
        """A property as a path."""
        return self._keep(iri, lambda: Predicate(iri))

    def _path(self, node: Term, *, forward: bool, above: tuple[Term, ...]) -> Path:
        if isinstance(node, NamedNode):
            iri = node.value
            return self.predicate(iri) if forward else self._keep(("^", iri), lambda: Inverse(iri))
        if node in above or isinstance(node, Literal):
            raise EngineError(f"The path {shown(node)} is not well formed.")
        g, below = self.graph, (*above, node)
        if g.objects(node, RDF_FIRST):  # what else such a node says of itself does not count
            parts = self._several(node, node, forward, below)
            return self._sequence(parts if forward else parts[::-1])
        inner = g.one(node, SH.inversePath)
        if inner is not None:
            return self._path(inner, forward=not forward, above=below)
        head = g.one(node, SH.alternativePath)
        if head is not None:
            ways = tuple(self._several(node, head, forward, below))
            return self._keep(("|", ways), lambda: Alternative(ways))
        for prop, least in _REPEATED.items():
            found = g.one(node, prop)
            if found is not None:
                path = self._path(found, forward=forward, above=below)
                return self._keep(("*+"[least], path), lambda p=path, n=least: Repeated(p, n))  # type: ignore[misc]
        found = g.one(node, SH.zeroOrOnePath)
        if found is not None:
            once = self._path(found, forward=forward, above=below)
            return self._keep(("?", once), lambda: Optional(once))
        raise EngineError(f"The path {shown(node)} is not well formed.")

    def _several(self, node: Node, head: Term, forward: bool, above: tuple[Term, ...]) -> list[Path]:
        parts = [self._path(m, forward=forward, above=above) for m in members(self.graph, node, SH.path, head)]
        if len(parts) < 2:
            raise EngineError(f"The path {shown(node)} is not well formed: its list has fewer than two members.")
        return parts

    def _sequence(self, parts: Iterable[Path]) -> Path:
        *before, last = parts
        for part in reversed(before):
            last = self._keep(("/", part, last), lambda a=part, b=last: Sequence(a, b))  # type: ignore[misc]
        return last

    def _keep(self, key: object, make: Callable[[], Made]) -> Made:
        if key not in self._made:
            self._made[key] = make()
        return self._made[key]  # type: ignore[return-value]
