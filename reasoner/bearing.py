"""On what the readings of an ambiguity bear: which criteria, groups and constraints, and whether on the scope."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from reasoner.once import once_for_each
from reasoner.policy import Facet, Link, Policy
from reasoner.weigh import relevant

SCOPE = "scope"
"""The part that stands for scope and dates: whether the edition governs the line at all."""

Parts = frozenset[str]


@once_for_each
def bearings(policy: Policy) -> Mapping[str, Parts]:
    """By the IRI of an ambiguity, the IRIs of the leaves, groups and constraints that its reading can change.

    Two ambiguities without a common part change an outcome independently of one another.
    """
    found: dict[str, set[str]] = {a.iri: set() for a in policy.ambiguities}
    for leaf in policy.leaves:
        for ambiguity in relevant(policy, leaf):
            found[ambiguity].add(leaf.iri)
    home = {r.iri: a.iri for a in policy.ambiguities for r in a.readings}
    for reading in policy.reading_by_iri.values():
        parts = [reading.regroups] if reading.regroups else []
        parts += [SCOPE] if reading.dates_by else []
        found[home[reading.iri]].update(parts)
    for constraint in policy.constraints:
        for iri in constraint.under:
            found[home[iri]].add(constraint.iri)
    for ambiguity in _of_facets(policy, (f for condition in policy.scope for f in condition.facets)):
        found[ambiguity].add(SCOPE)
    return {iri: frozenset(parts) for iri, parts in found.items()}


@once_for_each
def arranging(policy: Policy) -> Parts:
    """The groups and constraints, by which statuses are put together."""
    return frozenset({*(c.iri for c in policy.groups), *(c.iri for c in policy.constraints)})


def _of_facets(policy: Policy, facets: Iterable[Facet]) -> Iterator[str]:
    for facet in facets:
        if facet.ambiguity:
            yield facet.ambiguity
        for use in facet.all_uses():
            if isinstance(use, Link):
                yield from relevant(policy, policy.by_iri[use.criterion])
