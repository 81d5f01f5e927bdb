"""What shapes ask for, apart from their names and words: two shapes that ask the same have the same digest."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property

from pyoxigraph import BlankNode, Literal, NamedNode

from reasoner.knowledge import digest
from reasoner.triples import RDF_TYPE, Node, Spo, Term, Triples
from reasoner.vocabulary import RDFS, SH, local_name

_WORDS = {SH.name, SH.message, SH.description, SH.severity, RDFS.label, RDFS.isDefinedBy, RDF_TYPE}
_UNORDERED = {SH["or"], SH["and"], SH.xone, SH["in"]}
_MEMBER = NamedNode("urn:plexus:member")
_ROOT = NamedNode("urn:plexus:root")


class ShapeLogic:
    """The shapes of an edition, and what each asks for.

    Args:
        shapes: the triples of the shapes files.
    """

    def __init__(self, shapes: Iterable[Spo]) -> None:
        self._graph = Triples(shapes)
        self._digests: dict[str, str] = {}

    @cached_property
    def _named(self) -> set[NamedNode]:
        return {s for s, _, _ in self._graph if isinstance(s, NamedNode)}

    def name(self, shape: str) -> str:
        """What a shape is called, or its local name."""
        return self._graph.text(NamedNode(shape), SH.name) or local_name(shape)

    def digest(self, shape: str) -> str:
        """SHA-256 of what a shape asks for, with all that it refers to.

        Names of shapes and the order of alternatives do not count. A shape that is not written is digested by its IRI.
        """
        if shape not in self._digests:
            node = NamedNode(shape)
            known = node in self._named
            self._digests[shape] = digest(self._closure(node)) if known else digest([(node, _ROOT, node)])
        return self._digests[shape]

    def _closure(self, start: NamedNode) -> Iterator[Spo]:
        yield self._blank(start), _ROOT, Literal("shape")
        seen: set[Term] = {start}
        ahead: list[Node] = [start]
        while ahead:
            node = ahead.pop()
            for predicate in self._graph.predicates(node):
                if predicate in _WORDS:
                    continue
                for value in self._graph.objects(node, predicate):
                    parts: list[Term] = [value]
                    if predicate in _UNORDERED and isinstance(value, BlankNode):
                        yield self._blank(node), predicate, value
                        parts = self._graph.members(value)
                        yield from ((value, _MEMBER, self._value(m)) for m in parts)
                    else:
                        yield self._blank(node), predicate, self._value(value)
                    for part in parts:
                        refers = isinstance(part, BlankNode) or (isinstance(part, NamedNode) and part in self._named)
                        if refers and part not in seen:
                            seen.add(part)
                            ahead.append(part)  # type: ignore[arg-type]

    def _value(self, value: Term) -> Term:
        return self._blank(value) if isinstance(value, NamedNode | BlankNode) else value

    def _blank(self, node: Node) -> Node:
        """A shape without its name; a term that is no shape stays."""
        if isinstance(node, NamedNode) and node in self._named:
            return BlankNode("".join(c if c.isascii() and c.isalnum() else f"x{ord(c):x}" for c in node.value))
        return node
