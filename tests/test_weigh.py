"""Weighing keeps what it found: what is kept is what would be found anew."""

from __future__ import annotations

from functools import cache

import pytest
from conftest import case_named
from pyoxigraph import NamedNode

from reasoner import intake, weigh
from reasoner.counterfactual import deciding_nodes
from reasoner.lines import Situated
from reasoner.model import Polarity
from reasoner.review import setting_of, situated
from reasoner.vocabulary import COV
from reasoner.weigh import Weigher

NAMES = [
    "rich-record",
    "compression-mri-and-ct-contradict",
    "reviewer-settles-a-conflict",
    "indication-judgements-contradict",
    "trauma-contradicted",
    "imaging-support-contradicted",
    "decompression-every-measure-contradicted",
]


@cache
def situation(name: str):
    case = case_named(name)
    (record,) = intake.read(case.request, as_of=case.as_of)
    found = situated(record, record.lines[0], setting_of(as_of=case.as_of))
    assert isinstance(found, Situated)
    return found.situation


def changes(policy):
    default = policy.default_readings
    return [default, *({**default, a.iri: r.iri} for a in policy.ambiguities for r in a.readings)]


def evidence(w: Weigher) -> list:
    return [
        (leaf.id, outcome.status, w.status(leaf, readings), [(p, dict(outcome.evidence[p])) for p in Polarity])
        for readings in changes(w.policy)
        for leaf in w.policy.leaves
        for outcome in [w.leaf(leaf, readings)]
    ]


def anew(w: Weigher) -> Weigher:
    return Weigher(w.policy, w.triples, w.fits, w.ignored)


def without_each(name: str):
    found = situation(name)
    evidence(found.weigher)  # so that there is something to keep
    return [found.weigher.without(node) for node in deciding_nodes(found)]


@pytest.mark.parametrize("name", NAMES)
def test_what_is_kept_without_a_node_is_what_would_be_found_anew(name):
    some = without_each(name)
    for w in some:
        assert evidence(w) == evidence(anew(w))
    assert any(w._live for w in some) and len(some) > 3


def superseded_by_what_counts_nowhere():
    """A weigher and the node of which the loss revives another, although it counts for no criterion itself."""
    w = situation("later-mri-shows-the-plexus-free").weigher
    later = next(o.value for _, p, o in w.triples if p == COV.supersededBy)
    w = Weigher(w.policy, w.triples, {shape: nodes - {later} for shape, nodes in w.fits.items()})
    evidence(w)
    return w, later


def test_what_counts_again_is_weighed_anew():
    w, later = superseded_by_what_counts_nowhere()
    assert evidence(w.without(later)) == evidence(anew(w.without(later))) != evidence(w)


def test_it_would_be_noticed_if_what_counts_again_were_forgotten(monkeypatch):
    real = Weigher._touched
    monkeypatch.setattr(Weigher, "_touched", lambda self, leaf, gone, revived: real(self, leaf, gone, ()))
    w, later = superseded_by_what_counts_nowhere()
    assert evidence(w.without(later)) != evidence(anew(w.without(later)))


def test_it_would_be_noticed_if_links_were_forgotten(monkeypatch):
    monkeypatch.setattr(weigh, "_resting", lambda policy: {x.iri: frozenset({x.iri}) for x in policy.leaves})
    assert any(evidence(w) != evidence(anew(w)) for name in NAMES for w in without_each(name))


@pytest.mark.parametrize("name", NAMES)
def test_a_status_alone_is_that_of_the_outcome(name):
    assert all(told == alone for _, told, alone, _ in evidence(anew(situation(name).weigher)))


def test_of_two_weighings_after_the_other_the_second_forgets_both_nodes():
    found = situation("reviewer-settles-a-conflict")
    first, second = deciding_nodes(found)[:2]
    both = found.weigher.without(first).without(second)
    assert {first, second} <= both.ignored
    assert evidence(both) == evidence(anew(both))
    judged = found.weigher.triples.subjects(COV.basedOn, NamedNode(first))
    assert all(n.value in both.ignored for n in judged if len(found.weigher.triples.nodes(n, COV.basedOn)) == 1)
