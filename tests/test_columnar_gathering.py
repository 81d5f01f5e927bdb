"""What stands at the ends of a path is what its pairs lead to."""

from __future__ import annotations

import random

import pytest
from pyoxigraph import NamedNode

from reasoner.columnar import gathering
from reasoner.columnar.algebra import Alternative, Inverse, Optional, Predicate, Repeated, Sequence
from reasoner.columnar.gathering import Gathering, Untold, count_few
from reasoner.columnar.graph import graph_of
from reasoner.columnar.walking import pairs_from

np = pytest.importorskip("numpy")
P, Q, R = (Predicate(f"urn:p:{n}") for n in "pqr")
BACK = Inverse("urn:p:p")
PATHS = {
    "sequence": Sequence(P, Q),
    "there and back": Sequence(P, Sequence(BACK, Q)),
    "alternative": Sequence(P, Alternative((Q, R))),
    "optional first": Sequence(Optional(P), Q),
    "repeated first": Sequence(Repeated(P, 0), Q),
    "repeated at least once": Sequence(Repeated(Alternative((P, BACK)), 1), Q),
}


def node(name: object) -> NamedNode:
    return NamedNode(f"urn:n:{name}")


def random_graph(seed: int, ends: int = 6):
    """Nodes that lead to one another, in circles as well, and to a few ends."""
    draw = random.Random(seed)
    triples = {(node(draw.randrange(12)), NamedNode(P.iri), node(draw.randrange(12))) for _ in range(14)}
    for name in "qr":
        for _ in range(12):
            triples.add((node(draw.randrange(12)), NamedNode(f"urn:p:{name}"), node(f"e{draw.randrange(ends)}")))
    return graph_of(triples)


def by_pairs(graph, path, passing) -> list[int]:
    out = np.zeros(graph.blocks[0].size, np.int64)
    for here, there, at in pairs_from(graph, path, 0, np.arange(len(out), dtype=np.int32)):
        out += np.bincount(here[passing(at)[there]], minlength=len(out))
    return out.tolist()


@pytest.mark.parametrize("name", PATHS)
def test_counts_are_those_of_the_pairs(name):
    seen = 0
    for seed in range(40):
        graph = random_graph(seed)
        mask = np.array([seed % 3 != 0 or i % 2 == 0 for i in range(graph.blocks[0].size)], np.bool_)
        wanted = by_pairs(graph, PATHS[name], lambda _, mask=mask: mask)
        assert count_few(graph, PATHS[name], lambda _, mask=mask: mask, 0).tolist() == wanted
        seen += sum(wanted)
    assert seen > 100


def test_more_ends_than_bits_are_left_to_pairs(monkeypatch):
    graph = random_graph(1)
    everything = np.ones(graph.blocks[0].size, np.bool_)
    assert count_few(graph, PATHS["sequence"], lambda _: everything, 0) is not None
    monkeypatch.setattr(gathering, "BITS", 2)
    assert count_few(graph, PATHS["sequence"], lambda _: everything, 0) is None


@pytest.mark.parametrize("path", [Optional(Q), Sequence(P, Repeated(Q, 0)), Inverse(Q.iri), Sequence(P, Optional(Q))])
def test_a_path_that_may_end_where_it_stands_or_backwards_is_left_to_pairs(path):
    assert count_few(random_graph(2), path, lambda _: True, 0) is None


def test_a_path_without_an_end_cannot_be_summed_along_but_its_bits_can():
    graph = graph_of([(node(1), NamedNode(P.iri), node(2)), (node(2), NamedNode(P.iri), node(1))])
    ones = np.ones(2, np.uint64)
    for both, told in ((np.add, False), (np.bitwise_or, True)):
        bring = Gathering(graph, both, lambda e: None)
        if told:
            assert bring.along(Repeated(P, 0), lambda _: ones, 0).tolist() == [1, 1]
        else:
            with pytest.raises(Untold):
                bring.along(Repeated(P, 0), lambda _: ones, 0)
