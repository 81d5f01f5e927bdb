"""The status of every leaf for every view, under any readings: :mod:`reasoner.weigh` over whole columns.

What fits a facet is a mask over the rows of a table; a rule is the conjunction of its facets; what fits a rule makes a
status of each view. Masks are kept by the readings on which they depend.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING

from pyoxigraph import NamedNode

from reasoner.batch.views import ViewGraph
from reasoner.columnar import algebra
from reasoner.columnar.evaluate import Evaluation
from reasoner.columnar.masks import Test, all_of, both, either, full, negated
from reasoner.model import Polarity, Status
from reasoner.once import once_for_each
from reasoner.policy import Criterion, Facet, Link, Policy, Readings, Rule
from reasoner.shapes import ANYTHING, NOTHING
from reasoner.triples import Step
from reasoner.weigh import relevant

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from reasoner.columnar.masks import Bools, Mask

    Codes = NDArray[np.uint8]

STATUSES = (Status.MET, Status.UNMET, Status.CONFLICTING, Status.TO_JUDGE, Status.UNDOCUMENTED)
"""Statuses by their code."""
MET, UNMET, CONFLICTING, TO_JUDGE, UNDOCUMENTED = range(5)

Evidence = Mapping[Polarity, Mapping[int, "Mask"]]
"""By polarity and block, the rows that count so."""


class BulkWeigher:
    """Weighs the evidence of all views under one edition."""

    def __init__(self, policy: Policy, view: ViewGraph, evaluation: Evaluation) -> None:
        self.policy = policy
        self.view = view
        self.evaluation = evaluation
        self._bearing = _bearing(policy)
        self._relevant = {leaf.iri: relevant(policy, leaf) for leaf in policy.leaves}
        self._facets: dict[tuple[str, str | None, int], Mask] = {}
        self._owner = {view.block[name]: t.owner for name, t in view.tables.items()}
        self._evidence: dict[tuple[str, tuple[str, ...]], Evidence] = {}
        self._codes: dict[tuple[str, tuple[str, ...]], Codes] = {}
        self._rules: dict[tuple[str, tuple[str, ...]], Mask] = {}

    def block_of(self, cls: str) -> int | None:
        """The block of the rows of an evidence class; None where there are none."""
        name = self.view.by_class.get(cls)
        return self.view.block[name] if name is not None else None

    # -- statuses

    def codes(self, leaf: Criterion, readings: Readings) -> Codes:
        """The status of a leaf for each view, by its code."""
        key = self._key(leaf, readings)
        if key not in self._codes:
            self._codes[key] = self._status(self.evidence(leaf, readings))
        return self._codes[key]

    def _status(self, evidence: Evidence) -> Codes:
        import numpy as np

        counts, against = self._views(evidence[Polarity.FOR]), self._views(evidence[Polarity.AGAINST])
        contradicted, considered = (self._views(evidence[p]) for p in (Polarity.CONFLICTING, Polarity.CONSIDERED))
        out = np.full(self.view.views, UNDOCUMENTED, np.uint8)
        out[considered] = TO_JUDGE
        out[against] = UNMET
        out[counts] = MET
        out[counts & against | contradicted & ~counts] = CONFLICTING
        return out

    def _views(self, rows: Mapping[int, Mask]) -> Bools:
        """The views that have a row for which a mask holds."""
        import numpy as np

        out = np.zeros(self.view.views, np.bool_)
        for block, mask in rows.items():
            owner = self._owner[block]
            out[owner if mask is True else owner[full(mask, len(owner))]] = True
        return out

    # -- evidence

    def evidence(self, leaf: Criterion, readings: Readings) -> Evidence:
        """The rows that count for a leaf, against it, and so on."""
        key = self._key(leaf, readings)
        if key not in self._evidence:
            found: dict[Polarity, dict[int, Mask]] = {p: {} for p in Polarity}
            for rule in leaf.rules:
                block = self.block_of(rule.evidence_class)
                mask = self.rule(rule, readings)
                if block is not None and mask is not False:
                    so_far = found[rule.polarity].get(block, False)
                    found[rule.polarity][block] = either(so_far, mask)
            self._evidence[key] = found
        return self._evidence[key]

    def _key(self, leaf: Criterion, readings: Readings) -> tuple[str, tuple[str, ...]]:
        return leaf.iri, tuple([readings[a] for a in self._relevant[leaf.iri]])

    def rule(self, rule: Rule, readings: Readings) -> Mask:
        """The rows of the rule's class that fit all its facets."""
        block = self.block_of(rule.evidence_class)
        if block is None:
            return False
        key = (rule.iri, tuple([readings[a] for a in self._bearing[rule.iri]]))
        if key not in self._rules:
            self._rules[key] = self._all(rule.facets, readings, block)
        return self._rules[key]

    def _all(self, facets: Iterable[Facet], readings: Readings, block: int) -> Mask:
        return all_of(self.facet(facet, readings, block) for facet in facets)

    def facet(self, facet: Facet, readings: Readings, block: int) -> Mask:
        """The rows of a block that fit a facet."""
        key = (facet.iri, readings[facet.ambiguity] if facet.ambiguity else None, block)
        uses = facet.uses(readings)
        if key not in self._facets:
            self._facets[key] = self.fitting(uses, block)
        out = self._facets[key]
        for use in uses:
            if isinstance(use, Link) and out is not False:
                out = both(out, self._linked(use, readings, block))
        return out

    def fitting(self, uses: Iterable[str | Link], block: int) -> Mask:
        """The rows of a block that fit all shapes among some uses; links are not followed."""
        shapes = (use for use in uses if isinstance(use, str) and use != ANYTHING)
        return all_of(s != NOTHING and self.evaluation.conforms(NamedNode(s), block) for s in shapes)

    def _linked(self, use: Link, readings: Readings, block: int) -> Mask:
        leaf = self.policy.by_iri[use.criterion]
        test = Test(("counted", use.counting, use.shape, self._key(leaf, readings)), self._counted(use, leaf, readings))
        return self.evaluation.some(path_of(use.path), test, block)

    def _counted(self, link: Link, leaf: Criterion, readings: Readings):  # type: ignore[no-untyped-def]
        evidence = self.evidence(leaf, readings)

        def mask(block: int) -> Mask:
            out: Mask = False
            for polarity in link.counting:
                out = either(out, evidence[polarity].get(block, False))
            if link.shape is not None and out is not False:
                out = both(out, self.evaluation.conforms(NamedNode(link.shape), block))
            return out

        return mask

    # -- scope

    def outside(self, readings: Readings) -> Bools:
        """The views whose line does not fulfil the conditions of scope."""
        line = self.view.block["lines"]
        fits: Mask = True
        for condition in self.policy.scope:
            fits = both(fits, self._all(condition.facets, readings, line))
        return full(negated(fits), self.view.views)


@cache
def path_of(steps: tuple[Step, ...]) -> algebra.Path | None:
    """The steps of a link as a path of the engine; a step that is repeated may be left out as well."""
    if not steps:
        return None
    *before, last = [_step(s) for s in steps]
    for one in reversed(before):
        last = algebra.Sequence(one, last)
    return last


def _step(step: Step) -> algebra.Path:
    ways = tuple(algebra.Predicate(p.value) if ahead else algebra.Inverse(p.value) for p, ahead in step.predicates)
    once = ways[0] if len(ways) == 1 else algebra.Alternative(ways)
    if step.repeated:
        return algebra.Repeated(once, 0)
    return algebra.Optional(once) if step.optional else once


@once_for_each
def _bearing(policy: Policy) -> dict[str, tuple[str, ...]]:
    """By the IRI of a rule, the ambiguities on which it depends."""
    rules = (rule for leaf in policy.leaves for rule in leaf.rules)
    return {rule.iri: tuple(sorted(set(_ambiguities(policy, rule)))) for rule in rules}


def _ambiguities(policy: Policy, rule: Rule) -> Iterator[str]:
    for facet in rule.facets:
        if facet.ambiguity:
            yield facet.ambiguity
        for use in facet.all_uses():
            if isinstance(use, Link):
                yield from relevant(policy, policy.by_iri[use.criterion])
