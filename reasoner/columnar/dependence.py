"""On which properties the outcome of a shape depends."""

from __future__ import annotations

from functools import cache

from reasoner.columnar.algebra import (
    Alternative,
    ClassOf,
    Closed,
    Conforms,
    Constraint,
    Disjoint,
    Equals,
    Inverse,
    LessThan,
    Logical,
    Node,
    Not,
    Path,
    Predicate,
    Property,
    Qualified,
    Sequence,
    Shape,
)
from reasoner.triples import RDF_TYPE
from reasoner.vocabulary import RDFS


def inner_shapes(constraint: Constraint) -> tuple[Node, ...]:
    """The shapes that a constraint asks of values."""
    if isinstance(constraint, Not | Conforms | Property):
        return (constraint.shape,)
    if isinstance(constraint, Logical):
        return constraint.shapes
    return (constraint.shape, *constraint.siblings) if isinstance(constraint, Qualified) else ()


def predicates(shapes: dict[Node, Shape]) -> tuple[dict[Node, frozenset[str]], dict[Node, frozenset[str]]]:
    """The properties that the outcome of each shape depends on, followed forwards and backwards; ``*`` is any."""
    forward: dict[Node, frozenset[str]] = {}
    backward: dict[Node, frozenset[str]] = {}

    def visit(node: Node) -> None:
        if node in forward:
            return
        ahead: set[str] = set()
        back: set[str] = set()
        shape = shapes[node]
        if shape.path is not None:
            _walk(shape.path, ahead, back)
        for c in shape.constraints:
            if isinstance(c, ClassOf):
                ahead |= {RDF_TYPE.value, RDFS.subClassOf.value}
            elif isinstance(c, Equals | Disjoint | LessThan):
                ahead.add(c.other.iri)
            elif isinstance(c, Closed):
                ahead.add("*")
            for inner in inner_shapes(c):
                visit(inner)
                ahead |= forward[inner]
                back |= backward[inner]
        forward[node], backward[node] = frozenset(ahead), frozenset(back)

    for node in shapes:
        visit(node)
    return forward, backward


@cache
def followed(path: Path) -> tuple[frozenset[str], frozenset[str]]:
    """The properties that a path follows, forwards and backwards."""
    ahead: set[str] = set()
    back: set[str] = set()
    _walk(path, ahead, back)
    return frozenset(ahead), frozenset(back)


def _walk(path: Path, ahead: set[str], back: set[str]) -> None:
    if isinstance(path, Predicate):
        ahead.add(path.iri)
    elif isinstance(path, Inverse):
        back.add(path.iri)
    elif isinstance(path, Sequence):
        _walk(path.first, ahead, back)
        _walk(path.rest, ahead, back)
    elif isinstance(path, Alternative):
        for way in path.ways:
            _walk(way, ahead, back)
    else:
        _walk(path.path, ahead, back)
