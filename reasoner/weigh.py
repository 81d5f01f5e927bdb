"""From conforming evidence to the status of every leaf, under any choice of readings.

A SHACL engine has said once which evidence fits which facet. Under given readings a rule holds for a node
that fits all its facets; rules give the evidence for, against, considered and conflicting, and these give
the status. Changing a reading needs no second run of the engine.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from weakref import WeakKeyDictionary

from pyoxigraph import NamedNode

from reasoner.errors import EngineError
from reasoner.model import Polarity, ShapeResult, Status
from reasoner.once import once_for_each
from reasoner.policy import Criterion, Facet, Link, Policy, Readings, Rule
from reasoner.policy_rules import EVS
from reasoner.shapes import ANYTHING, LINE, NOTHING, probe_iri, probed_shapes
from reasoner.triples import Step, Triples
from reasoner.vocabulary import COV

NOT_SUPERSEDED = EVS + "NotSuperseded"

Nodes = frozenset[str]


@dataclass(frozen=True)
class LeafOutcome:
    """The status of one leaf and the evidence behind it: node to the rule that it fits, by polarity."""

    status: Status
    evidence: Mapping[Polarity, Mapping[str, str]]

    def nodes(self, polarity: Polarity) -> Nodes:
        """The evidence of one polarity."""
        return frozenset(self.evidence.get(polarity, {}))


@dataclass(frozen=True)
class OpenFacet:
    """A facet of a rule that a reading changes for some node of a record, or that asks for links.

    ``choices`` has, by the reading of ``ambiguity`` (None: whatever is read), which nodes of the rule fit the shapes
    that it asks for, as bits, and its links.
    """

    ambiguity: str | None
    choices: Mapping[str | None, tuple[int, tuple[Link, ...]]]

    @property
    def links(self) -> Iterator[Link]:
        """The links of every reading."""
        return (link for _, links in self.choices.values() for link in links)


@dataclass(frozen=True)
class LiveRule:
    """A rule that nodes of a record may fit: these, in order, fit the facets that are the same under all readings.

    Which of them fit all facets depends on the readings of ``ambiguities``; ``known`` keeps what was found. A set of
    nodes is a number whose bits stand for them; ``there`` are those that are not ignored.
    """

    rule: Rule
    nodes: tuple[str, ...]
    open_facets: tuple[OpenFacet, ...]
    ambiguities: tuple[str, ...]
    there: int
    known: dict[tuple[str, ...], int] = field(default_factory=dict)

    def bits(self, nodes: Collection[str]) -> int:
        """The nodes of the rule that are among some, as bits."""
        return sum(1 << i for i, node in enumerate(self.nodes) if node in nodes)

    def less(self, gone: Collection[str]) -> LiveRule:
        """The same rule as if some nodes did not exist."""
        return replace(self, there=self.there & ~self.bits(gone), known={})

    def among(self, bits: int) -> tuple[str, ...]:
        """The nodes for which bits stand, in order."""
        return tuple(node for i, node in enumerate(self.nodes) if bits >> i & 1)


@dataclass(frozen=True)
class LiveLeaf:
    """What can matter for a leaf in one record: its rules, and the ambiguities on which their outcome depends.

    ``settled`` holds, once it is known, what there is under all readings; ``statuses`` and ``outcomes`` keep what was
    found, by the readings of the ambiguities.
    """

    rules: tuple[LiveRule, ...]
    ambiguities: tuple[str, ...]
    settled: list[frozenset[Polarity]] = field(default_factory=list)
    statuses: dict[tuple[str, ...], Status] = field(default_factory=dict)
    outcomes: dict[tuple[str, ...], LeafOutcome] = field(default_factory=dict)

    def less(self, gone: Collection[str]) -> LiveLeaf:
        """The same leaf as if some nodes did not exist, of which nothing is found yet."""
        return LiveLeaf(tuple(rule.less(gone) for rule in self.rules), self.ambiguities)


@dataclass(frozen=True)
class Weigher:
    """Weighs the evidence of one line. ``fits`` holds, by shape IRI, the nodes that conform."""

    policy: Policy
    triples: Triples
    fits: Mapping[str, Nodes]
    ignored: Nodes = frozenset()
    _live: dict[str, LiveLeaf] = field(default_factory=dict, repr=False)
    _reached: dict[tuple[str, tuple[Step, ...]], Nodes] = field(default_factory=dict, repr=False)

    def without(self, node: str) -> Weigher:
        """The same line as if one evidence node did not exist.

        What it alone superseded counts again, and a judgement that rests on it alone falls with it. What was found of
        leaves on which all that has no bearing is kept.
        """
        gone = {node}
        for judgement in self.triples.subjects(COV.basedOn, NamedNode(node)):
            if all(b.value in self.ignored | gone for b in self.triples.nodes(judgement, COV.basedOn)):
                gone.add(judgement.value)
        ignored = self.ignored | gone
        revived = {
            earlier.value
            for earlier in self.triples.subjects(COV.supersededBy, NamedNode(node))
            if all(later.value in ignored for later in self.triples.nodes(earlier, COV.supersededBy))
        }
        current = self.fits.get(NOT_SUPERSEDED, frozenset()) | revived
        touched = {x.iri for x in self.policy.leaves if self._touched(x, gone, revived)}
        resting = _resting(self.policy)
        kept = {x.iri: self.live(x) for x in self.policy.leaves if touched.isdisjoint(resting[x.iri])}
        if not revived:
            kept |= {x.iri: self.live(x).less(gone) for x in self.policy.leaves if x.iri not in kept}
        fits = {**self.fits, NOT_SUPERSEDED: current}
        return Weigher(self.policy, self.triples, fits, ignored, kept, self._reached)

    def _touched(self, leaf: Criterion, gone: Collection[str], revived: Collection[str]) -> bool:
        """Whether it can matter for the rules of a leaf that some nodes are gone and others count again."""
        if any(node in gone for live in self.live(leaf).rules for node in live.nodes):
            return True
        classes = {rule.evidence_class for rule in leaf.rules} if revived else ()
        return any(not self.of_class(cls).isdisjoint(revived) for cls in classes)

    def status(self, leaf: Criterion, readings: Readings) -> Status:
        """The status of one leaf under the readings."""
        live = self.live(leaf)
        key = tuple([readings[a] for a in live.ambiguities])
        found = live.statuses.get(key)
        if found is None:
            there = set(self._settled(live, readings))
            for rule in live.rules:
                if rule.ambiguities and rule.rule.polarity not in there and self._fitting_all(rule, readings):
                    there.add(rule.rule.polarity)
            found = live.statuses[key] = status_by(there)
        return found

    def _settled(self, live: LiveLeaf, readings: Readings) -> frozenset[Polarity]:
        """The polarities of which there is evidence under all readings, whatever these are now."""
        if not live.settled:
            rules = (rule for rule in live.rules if not rule.ambiguities)
            live.settled.append(frozenset(r.rule.polarity for r in rules if self._fitting_all(r, readings)))
        return live.settled[0]

    def leaf(self, leaf: Criterion, readings: Readings) -> LeafOutcome:
        """The outcome of one leaf under the readings: its status with the evidence."""
        live = self.live(leaf)
        key = tuple([readings[a] for a in live.ambiguities])
        found = live.outcomes.get(key)
        if found is None:
            found = live.outcomes[key] = self._weigh(live, readings)
        return found

    def live(self, leaf: Criterion) -> LiveLeaf:
        """What can matter for a leaf in this record."""
        found = self._live.get(leaf.iri)
        if found is None:
            rules = tuple(live for rule in leaf.rules if (live := self._live_rule(rule)).nodes)
            found = self._live[leaf.iri] = LiveLeaf(rules, _sorted(a for live in rules for a in live.ambiguities))
        return found

    def _live_rule(self, rule: Rule) -> LiveRule:
        nodes = self.of_class(rule.evidence_class)
        asked = []
        for facet in rule.facets:
            if not nodes:
                return LiveRule(rule, (), (), (), 0)
            choices = facet.choices if facet.ambiguity else {None: facet.fixed}
            asked.append((facet.ambiguity, {r: (self._of_shapes(nodes, uses), uses) for r, uses in choices.items()}))
            nodes = nodes & frozenset().union(*(fitting for fitting, _ in asked[-1][1].values()))
        every = (1 << len(nodes)) - 1
        live = LiveRule(rule, tuple(sorted(nodes)), (), (), every)
        facets = []
        for ambiguity, variants in asked:
            bits = {r: (live.bits(fitting), _links(uses)) for r, (fitting, uses) in variants.items()}
            if any(found != (every, ()) for found in bits.values()):  # else all readings come to the same here
                facets.append(OpenFacet(ambiguity, bits))
        return replace(live, open_facets=tuple(facets), ambiguities=_sorted(self._ambiguities(facets)))

    def _of_shapes(self, nodes: Nodes, uses: Iterable[str | Link]) -> Nodes:
        """The nodes that fit the shapes among some uses."""
        for use in uses:
            if isinstance(use, str):
                nodes = self._use(nodes, use, {})
        return nodes

    def _ambiguities(self, facets: Iterable[OpenFacet]) -> Iterator[str]:
        for facet in facets:
            if facet.ambiguity:
                yield facet.ambiguity
            for link in facet.links:
                yield from self.live(self.policy.by_iri[link.criterion]).ambiguities

    def statuses(self, readings: Readings) -> dict[str, Status]:
        """The status of every leaf, by criterion IRI."""
        return {leaf.iri: self.status(leaf, readings) for leaf in self.policy.leaves}

    def rule_nodes(self, rule: Rule, readings: Readings) -> Nodes:
        """The nodes that fit every facet of a rule."""
        live = self._live_rule(rule)
        return frozenset(live.among(self._fitting_all(live, readings)))

    def of_class(self, cls: str) -> Nodes:
        """The nodes of an evidence class that are not ignored."""
        return frozenset(n.value for n in self.triples.instances(NamedNode(cls))) - self.ignored

    def missing(self, node: str, rule: Rule, readings: Readings) -> list[str | Link]:
        """The shapes and links of a rule that a node does not fit, in the order of its facets."""
        one = frozenset({node})
        return [u for f in rule.facets for u in f.uses(readings) if not self._use(one, u, readings)]

    def in_scope(self, line: str, facets: Iterable[Facet], readings: Readings) -> bool:
        """Whether the line fits the facets of a scope condition."""
        return all(self._fitting(frozenset({line}), facet, readings) for facet in facets)

    def _fitting(self, nodes: Nodes, facet: Facet, readings: Readings) -> Nodes:
        for use in facet.uses(readings):
            nodes = self._use(nodes, use, readings)
        return nodes

    def _use(self, nodes: Nodes, use: str | Link, readings: Readings) -> Nodes:
        if isinstance(use, str):
            return nodes if use == ANYTHING else nodes & self.fits.get(use, frozenset())
        counted = self._counted(use, readings)
        return frozenset(n for n in nodes if not self._reach(n, use).isdisjoint(counted))

    def _counted(self, link: Link, readings: Readings) -> Nodes:
        """The nodes that count for a criterion as a link asks."""
        linked = self.leaf(self.policy.by_iri[link.criterion], readings)
        counted = frozenset(n for polarity in link.counting for n in linked.evidence[polarity])
        return counted if link.shape is None else counted & self.fits.get(link.shape, frozenset())

    def _reach(self, node: str, link: Link) -> Nodes:
        """The nodes to which the path of a link leads from a node."""
        key = node, link.path
        found = self._reached.get(key)
        if found is None:
            ends = self.triples.walk({NamedNode(node)}, link.path)
            found = self._reached[key] = frozenset(n.value for n in ends if isinstance(n, NamedNode))
        return found

    def _fitting_all(self, live: LiveRule, readings: Readings) -> int:
        """The nodes that fit all facets of a rule, as bits."""
        key = tuple([readings[a] for a in live.ambiguities])
        found = live.known.get(key)
        if found is None:
            found = live.there
            for facet in live.open_facets:
                bits, links = facet.choices[readings[facet.ambiguity] if facet.ambiguity else None]
                found &= bits
                for link in links if found else ():
                    found = live.bits(self._use(frozenset(live.among(found)), link, readings))
                if not found:
                    break
            live.known[key] = found
        return found

    def _weigh(self, leaf: LiveLeaf, readings: Readings) -> LeafOutcome:
        evidence: dict[Polarity, dict[str, str]] = {p: {} for p in Polarity}
        for live in leaf.rules:
            for node in live.among(self._fitting_all(live, readings)):
                evidence[live.rule.polarity].setdefault(node, live.rule.iri)
        return LeafOutcome(status_by({p for p, nodes in evidence.items() if nodes}), evidence)


def _links(uses: Iterable[str | Link]) -> tuple[Link, ...]:
    return tuple(use for use in uses if isinstance(use, Link))


def _linked_by(facets: Iterable[Facet]) -> Iterator[str]:
    """The criteria for which links of facets ask."""
    return (link.criterion for facet in facets for link in facet.links)


@once_for_each
def _resting(policy: Policy) -> Mapping[str, frozenset[str]]:
    """By the IRI of a leaf, the leaves on which it rests by links, one after the other, itself included."""
    out = {x.iri: {x.iri, *(c for rule in x.rules for c in _linked_by(rule.facets))} for x in policy.leaves}
    for _ in policy.leaves:
        out = {leaf: set().union(*(out[other] for other in others)) for leaf, others in out.items()}
    return {leaf: frozenset(others) for leaf, others in out.items()}


def _sorted(ambiguities: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(ambiguities)))


def status_by(there: Collection[Polarity]) -> Status:
    """The status that evidence of some polarities gives a leaf.

    >>> status_by({Polarity.FOR, Polarity.AGAINST}).value
    'conflicting'
    """
    for_, against = Polarity.FOR in there, Polarity.AGAINST in there
    if for_ and against or Polarity.CONFLICTING in there and not for_:
        return Status.CONFLICTING
    if for_:
        return Status.MET
    if against:
        return Status.UNMET
    return Status.TO_JUDGE if Polarity.CONSIDERED in there else Status.UNDOCUMENTED


# Kept with the policy itself, not by name: a policy that was read anew may say something else.
_RELEVANT: WeakKeyDictionary[Policy, dict[str, tuple[str, ...]]] = WeakKeyDictionary()


def relevant(policy: Policy, leaf: Criterion) -> tuple[str, ...]:
    """The ambiguities that can change a leaf, those of the criteria it links to included."""
    known = _RELEVANT.setdefault(policy, {})
    if leaf.iri not in known:
        names: set[str] = set()
        for rule in leaf.rules:
            for facet in rule.facets:
                if facet.ambiguity:
                    names.add(facet.ambiguity)
                for use in facet.all_uses():
                    if isinstance(use, Link) and use.criterion != leaf.iri:
                        names.update(relevant(policy, policy.by_iri[use.criterion]))
        known[leaf.iri] = tuple(sorted(names))
    return known[leaf.iri]


def fits_from(policy: Policy, line: str, results: Iterable[ShapeResult]) -> dict[str, Nodes]:
    """Which nodes fit which shape, from the results of the probes.

    Raises:
        EngineError: the probe that must report the line did not (a silent engine is not a conforming one).
    """
    by_probe = {probe_iri(policy, shape): shape for shape in probed_shapes(policy)}
    found: dict[str, set[str]] = {shape: set() for shape in by_probe.values()}
    for result in results:
        if result.shape in by_probe:
            found[by_probe[result.shape]].add(result.focus)
    return answered(line, {shape: frozenset(nodes) for shape, nodes in found.items()})


def answered(line: str, found: dict[str, Nodes]) -> dict[str, Nodes]:
    """What an engine found, if it has looked at all.

    Raises:
        EngineError: the line itself does not conform to the shape of anything.
    """
    if line not in found[ANYTHING]:
        raise EngineError(f"The probe of {LINE} did not report {line}: the shapes were not evaluated.")
    return {shape: nodes for shape, nodes in found.items() if shape != NOTHING}
