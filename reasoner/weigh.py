"""From conforming evidence to the status of every leaf, under any choice of readings.

A SHACL engine has said once which evidence fits which facet. Under given readings a rule holds for a node
that fits all its facets; rules give the evidence for, against, considered and conflicting, and these give
the status. Changing a reading needs no second run of the engine.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

from pyoxigraph import NamedNode

from reasoner.errors import EngineError
from reasoner.model import Polarity, ShapeResult, Status
from reasoner.policy import Criterion, Facet, Link, Policy, Readings, Rule
from reasoner.policy_rules import EVS
from reasoner.shapes import ANYTHING, LINE, NOTHING, probe_iri, probed_shapes
from reasoner.triples import Triples
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
class LiveRule:
    """A rule that nodes of a record may fit: these fit the facets that are the same under all readings.

    Which of them fit all facets depends on the readings of ``ambiguities``; ``known`` keeps what was found.
    """

    rule: Rule
    nodes: Nodes
    open_facets: tuple[Facet, ...]
    ambiguities: tuple[str, ...]
    known: dict[tuple[str, ...], tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class LiveLeaf:
    """What can matter for a leaf in one record: its rules, and the ambiguities on which their outcome depends."""

    rules: tuple[LiveRule, ...]
    ambiguities: tuple[str, ...]


@dataclass(frozen=True)
class Weigher:
    """Weighs the evidence of one line. ``fits`` holds, by shape IRI, the nodes that conform."""

    policy: Policy
    triples: Triples
    fits: Mapping[str, Nodes]
    ignored: Nodes = frozenset()
    _cache: dict[tuple[str, tuple[str, ...]], LeafOutcome] = field(default_factory=dict, repr=False)
    _live: dict[str, LiveLeaf] = field(default_factory=dict, repr=False)

    def without(self, node: str) -> Weigher:
        """The same line as if one evidence node did not exist.

        What it alone superseded counts again, and a judgement that rests on it alone falls with it.
        """
        ignored = self.ignored | {node}
        for judgement in self.triples.subjects(COV.basedOn, NamedNode(node)):
            if all(b.value in ignored for b in self.triples.nodes(judgement, COV.basedOn)):
                ignored |= {judgement.value}
        revived = {
            earlier.value
            for earlier in self.triples.subjects(COV.supersededBy, NamedNode(node))
            if all(later.value in ignored for later in self.triples.nodes(earlier, COV.supersededBy))
        }
        current = self.fits.get(NOT_SUPERSEDED, frozenset()) | revived
        return Weigher(self.policy, self.triples, {**self.fits, NOT_SUPERSEDED: current}, frozenset(ignored))

    def leaf(self, leaf: Criterion, readings: Readings) -> LeafOutcome:
        """The outcome of one leaf under the readings."""
        live = self.live(leaf)
        key = (leaf.iri, tuple([readings[a] for a in live.ambiguities]))
        found = self._cache.get(key)
        if found is None:
            found = self._cache[key] = self._weigh(live, readings)
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
        later = []
        for facet in rule.facets:
            if facet.ambiguity is None and all(isinstance(use, str) for use in facet.fixed):
                nodes = self._fitting(nodes, facet, {}) if nodes else nodes
            else:
                later.append(facet)
        return LiveRule(rule, nodes, tuple(later), _sorted(self._ambiguities(later)) if nodes else ())

    def _ambiguities(self, facets: Iterable[Facet]) -> Iterator[str]:
        for facet in facets:
            if facet.ambiguity:
                yield facet.ambiguity
            for use in facet.all_uses():
                if isinstance(use, Link):
                    yield from self.live(self.policy.by_iri[use.criterion]).ambiguities

    def statuses(self, readings: Readings) -> dict[str, Status]:
        """The status of every leaf, by criterion IRI."""
        return {leaf.iri: self.leaf(leaf, readings).status for leaf in self.policy.leaves}

    def rule_nodes(self, rule: Rule, readings: Readings) -> Nodes:
        """The nodes that fit every facet of a rule."""
        return frozenset(self._fitting_all(self._live_rule(rule), readings))

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
        linked = self.leaf(self.policy.by_iri[use.criterion], readings)
        counted = frozenset(n for polarity in use.counting for n in linked.nodes(polarity))
        if use.shape is not None:
            counted = counted & self.fits.get(use.shape, frozenset())
        return frozenset(n for n in nodes if self._reaches(n, use, counted))

    def _reaches(self, node: str, link: Link, counted: Nodes) -> bool:
        if not counted:
            return False
        reached = self.triples.walk({NamedNode(node)}, link.path)
        return any(isinstance(n, NamedNode) and n.value in counted for n in reached)

    def _fitting_all(self, live: LiveRule, readings: Readings) -> tuple[str, ...]:
        """The nodes that fit all facets of a rule, in order."""
        key = tuple([readings[a] for a in live.ambiguities])
        found = live.known.get(key)
        if found is None:
            nodes = live.nodes
            for facet in live.open_facets:
                nodes = self._fitting(nodes, facet, readings)
                if not nodes:
                    break
            found = live.known[key] = tuple(sorted(nodes))
        return found

    def _weigh(self, leaf: LiveLeaf, readings: Readings) -> LeafOutcome:
        evidence: dict[Polarity, dict[str, str]] = {p: {} for p in Polarity}
        for live in leaf.rules:
            for node in self._fitting_all(live, readings):
                evidence[live.rule.polarity].setdefault(node, live.rule.iri)
        return LeafOutcome(status_of(evidence), evidence)


def _sorted(ambiguities: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(ambiguities)))


def status_of(evidence: Mapping[Polarity, Mapping[str, str]]) -> Status:
    """The status that evidence gives a leaf.

    >>> status_of({p: {} for p in Polarity}).value
    'undocumented'
    """
    for_, against = evidence[Polarity.FOR], evidence[Polarity.AGAINST]
    if for_ and against or evidence[Polarity.CONFLICTING] and not for_:
        return Status.CONFLICTING
    if for_:
        return Status.MET
    if against:
        return Status.UNMET
    return Status.TO_JUDGE if evidence[Polarity.CONSIDERED] else Status.UNDOCUMENTED


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
