"""The pairs that a property path makes, by joins of integer arrays: needed to count values and to report them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from reasoner.columnar.algebra import Alternative, Inverse, Optional, Path, Predicate, Repeated, Sequence
from reasoner.columnar.dependence import followed
from reasoner.columnar.graph import Edges, Graph
from reasoner.errors import EngineError
from reasoner.spans import distinct, spans

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Ids = NDArray[np.int32]

Pairs = tuple["Ids", "Ids", int]
Reached = dict[int, tuple["Ids", "Ids"]]


def pairs_from(graph: Graph, path: Path | None, block: int, start: Ids) -> Iterator[Pairs]:
    """The pairs of a path from some terms of a block: start, value, and the block of the value; each pair once."""
    here: Reached = {block: (start, start)}
    found = here if path is None else _walk(graph, path, here, graph.owner.get(block))
    yield from ((origins, values, at) for at, (origins, values) in found.items() if len(values))


def _walk(graph: Graph, path: Path, here: Reached, owner: Ids | None) -> Reached:
    """From pairs (origin, term), by the block of the term, to those that the path leads to."""
    if isinstance(path, Predicate | Inverse):
        return _step(graph, path, here, owner)
    if isinstance(path, Sequence):
        return _walk(graph, path.rest, _walk(graph, path.first, here, owner), owner)
    if isinstance(path, Alternative):
        return _union(graph, *(_walk(graph, way, here, owner) for way in path.ways))
    if isinstance(path, Optional):
        return _union(graph, here, _walk(graph, path.path, here, owner))
    return _closure(graph, path, here, owner)


def _closure(graph: Graph, path: Repeated, here: Reached, owner: Ids | None) -> Reached:
    found = here if path.least == 0 else _walk(graph, path.path, here, owner)
    while True:
        more = _union(graph, found, _walk(graph, path.path, found, owner))
        if _total(more) == _total(found):
            return found
        found = more


def _total(reached: Reached) -> int:
    return sum(len(values) for _, values in reached.values())


def _step(graph: Graph, path: Predicate | Inverse, here: Reached, owner: Ids | None) -> Reached:
    import numpy as np

    backwards = isinstance(path, Inverse)
    parts: list[Reached] = []
    for block, (origins, terms) in here.items():
        if not len(terms):
            continue
        for e in graph.entering(path.iri, block) if backwards else graph.leaving(path.iri, block):
            if e.subjects is None and not backwards:  # one object at most
                values = e.objects[terms]
                parts.append({e.target: (origins[values >= 0], values[values >= 0])})
                continue
            if graph.shares(e.source, block) and backwards:
                first, number, neighbours = _within_views(graph, e, owner, origins, terms)
            else:
                offsets, neighbours = e.followed(graph.blocks[block].size, backwards=backwards)
                first, number = offsets[terms], offsets[terms + 1] - offsets[terms]
            if number.any():
                target = e.source if backwards else e.target
                parts.append({target: (np.repeat(origins, number), neighbours[spans(first, number)])})
    return _union(graph, *parts)


def _within_views(
    graph: Graph, e: Edges, owner: Ids | None, origins: Ids, terms: Ids
) -> tuple[NDArray[np.int64], NDArray[np.int64], Ids]:
    """The rows that use a shared term in the record from which the walk came: where they begin, how many, and which."""
    import numpy as np

    if owner is None:
        raise EngineError("A path leads from a term that records share back to records; use --engine pyshacl.")
    rows, objects = e.pairs
    size = graph.blocks[e.target].size
    keys = graph.owner[e.source][rows].astype(np.int64) * size + objects
    order = np.argsort(keys, kind="stable")
    wanted = owner[origins].astype(np.int64) * size + terms
    first = np.searchsorted(keys[order], wanted, "left")
    return first, np.searchsorted(keys[order], wanted, "right") - first, rows[order]


def _union(graph: Graph, *parts: Reached) -> Reached:
    import numpy as np

    out: Reached = {}
    for block in dict.fromkeys(b for part in parts for b in part):
        found = [part[block] for part in parts if block in part]
        if len(found) == 1 and ascending(found[0][0]):  # each origin once, so each pair once
            out[block] = found[0]
            continue
        origins, values = (np.concatenate([pair[i] for pair in found]) for i in (0, 1))
        keys = distinct(origins.astype(np.int64) * graph.blocks[block].size + values)
        size = max(graph.blocks[block].size, 1)
        out[block] = ((keys // size).astype(np.int32), (keys % size).astype(np.int32))
    return out


def ascending(numbers: Ids) -> bool:
    """Whether each number is larger than the one before it."""
    return bool((numbers[1:] > numbers[:-1]).all())


def reached_blocks(graph: Graph, path: Path, block: int) -> tuple[int, ...]:
    """The blocks in which a path, repeated, can end that starts in a block; that block first."""
    ahead, back = followed(path)
    found, queue = [block], [block]
    while queue:
        here = queue.pop()
        steps = [e.target for p in ahead for e in graph.leaving(p, here)]
        steps += [e.source for p in back for e in graph.entering(p, here)]
        for there in steps:
            if there not in found:
                found.append(there)
                queue.append(there)
    return tuple(found)
