"""How much has to come into being before the record can show that a criterion is met.

The scale and what leaves which effort are data of the ontology (``cov:Effort``, ``cov:leavesEffort``): of the verb
of a change, of a state that the record gives (a report quoted in a note exists; a study that is ordered does not
yet), and of the one thing that evidence on record lacks. Where the record tells nothing, nothing is assumed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from pyoxigraph import NamedNode

from reasoner.counterfactual import Set, Situation, in_tree_order
from reasoner.describe import Describer
from reasoner.errors import PolicyError
from reasoner.model import Change, Kind, Polarity, Status, Verb
from reasoner.policy import Criterion, Link
from reasoner.triples import Node, Triples
from reasoner.vocabulary import CLIN, COV, RDFS, SKOS, compact


@dataclass(frozen=True)
class Effort:
    """One effort of the scale; the smaller the ``rank``, the less has to come into being."""

    iri: str
    notation: str
    label: str
    definition: str
    rank: int


@dataclass(frozen=True)
class Trace:
    """What the record holds that tells about an effort: the node, what is told of it, and on what it waits.

    ``waits_on`` are the ids of criteria with which it will count.
    """

    node: str
    effort: Effort
    because: str
    waits_on: tuple[str, ...] = ()


@dataclass(frozen=True)
class WeighedChange:
    """One change of a set with its effort, why it is that effort, and the evidence that tells it."""

    criterion: str
    label: str
    verb: Verb
    effort: Effort
    because: str
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True)
class WeighedSet:
    """A minimal set of changes that would approve; ``hardest`` is the effort of its hardest change."""

    changes: tuple[WeighedChange, ...]
    hardest: Effort


def scale(ontology: Triples) -> dict[str, Effort]:
    """The efforts of an ontology by IRI, the least first.

    Raises:
        PolicyError: an effort lacks its name, its label, its definition or its rank, or there is none.
    """
    found = [_effort(ontology, node) for node in ontology.instances(COV.Effort) if isinstance(node, NamedNode)]
    if not found:
        raise PolicyError("cov:Effort", "has no instance.", "State the scale of efforts in the ontology.")
    return {e.iri: e for e in sorted(found, key=lambda e: (e.rank, e.notation))}


def _effort(ontology: Triples, node: NamedNode) -> Effort:
    texts = [ontology.text(node, p) for p in (SKOS.notation, RDFS.label, SKOS.definition)]
    rank = ontology.text(node, COV.effortRank) or ""
    if not all(texts) or not rank.lstrip("-").isdecimal():
        cure = "Give skos:notation, rdfs:label, skos:definition, and cov:effortRank as a whole number."
        raise PolicyError(compact(node.value), "is an effort that is not well made.", cure)
    notation, label, definition = (t or "" for t in texts)
    return Effort(node.value, notation, label, definition, int(rank))


@dataclass(frozen=True)
class Efforts:
    """The efforts of the changes that would approve one line.

    ``condition`` is the line's indication; ``messages`` says, by shape, what evidence lacks that does not fit it.
    """

    situation: Situation
    say: Describer
    condition: NamedNode | None
    messages: Mapping[str, str]
    _scale: dict[str, Effort] = field(default_factory=dict, repr=False)
    _traces: dict[str, tuple[Trace, ...]] = field(default_factory=dict, repr=False)

    @property
    def ontology(self) -> Triples:
        """The ontology that holds the scale."""
        return self.say.knowledge.ontology

    def ranked(self, sets: Iterable[Set]) -> tuple[WeighedSet, ...]:
        """Sets with their efforts, the least effort first.

        The hardest change of a set goes before its others, so one examination that does not exist yet ranks behind
        any number of documents to be sent. Of equals the smaller set goes first, then the order of the criteria.
        """
        place = {c.id: i for i, c in enumerate(self.situation.policy.criteria)}
        weighed = [self.weighed(changes) for changes in sets]
        return tuple(
            sorted(weighed, key=lambda w: (hardness(w), len(w.changes), [place[c.criterion] for c in w.changes]))
        )

    def weighed(self, changes: Set) -> WeighedSet:
        """One set with the effort of each of its changes."""
        ids = {c.criterion for c in changes}
        steps = tuple(self._in_set(c, ids) for c in in_tree_order(self.situation.policy, changes))
        return WeighedSet(steps, max((s.effort for s in steps), key=lambda e: e.rank))

    def of(self, change: Change) -> WeighedChange:
        """The effort of one change."""
        leaf, effort = self._leaf(change.criterion), self._of_verb(change.verb)
        if change.verb is not Verb.DOCUMENT:
            because, evidence = self._by_status(leaf), self._evidence(leaf)
            return WeighedChange(leaf.id, leaf.label, change.verb, effort, because, evidence)
        told = [t for t in self.traces(leaf) if t.effort == self.traces(leaf)[0].effort]
        if not told:
            return WeighedChange(leaf.id, leaf.label, change.verb, effort, effort.definition)
        because = " ".join(dict.fromkeys(t.because for t in told))
        nodes = tuple(dict.fromkeys(t.node for t in told))
        return WeighedChange(leaf.id, leaf.label, change.verb, told[0].effort, because, nodes)

    def _in_set(self, change: Change, ids: set[str]) -> WeighedChange:
        """The effort of a change beside the others; what waits on something outside the set takes its effort."""
        own = self.of(change)
        told = [t for t in self.traces(self._leaf(change.criterion)) if t.node in own.evidence]
        if change.verb is not Verb.DOCUMENT or not told:
            return own
        outside = [[w for w in t.waits_on if w not in ids and not self._supposed(w)] for t in told]
        if not all(outside):
            return own
        efforts = [max((self._least(w) for w in waits), key=lambda e: e.rank) for waits in outside]
        return replace(own, effort=min(efforts, key=lambda e: e.rank))

    def _supposed(self, criterion: str) -> bool:
        """Whether a criterion is met without evidence, which only a supposition can bring about."""
        found = self.situation.weigher.leaf(self._leaf(criterion), self.situation.readings)
        return found.status is Status.MET and not found.nodes(Polarity.FOR)

    def _least(self, criterion: str) -> Effort:
        """The least effort by which something on record would come to count for a criterion."""
        traces = self.traces(self._leaf(criterion))
        return traces[0].effort if traces else self._of_verb(Verb.DOCUMENT)

    # -- what the record tells

    def traces(self, leaf: Criterion) -> tuple[Trace, ...]:
        """What the record holds for an undocumented leaf without fulfilling it, the least effort first."""
        if leaf.iri not in self._traces:
            self._traces[leaf.iri] = ()  # a criterion that links to itself tells nothing about itself
            found = dict.fromkeys([*self._nearly_fitting(leaf), *self._studies(leaf)])
            self._traces[leaf.iri] = tuple(sorted(found, key=lambda t: (t.effort.rank, t.node)))
        return self._traces[leaf.iri]

    def _nearly_fitting(self, leaf: Criterion) -> Iterator[Trace]:
        """Evidence that lacks nothing but what the ontology says can still come."""
        weigher, readings = self.situation.weigher, self.situation.readings
        wanted = Polarity.AGAINST if leaf.kind is Kind.EXCLUSION else Polarity.FOR
        for rule in leaf.rules:
            if rule.polarity is not wanted:
                continue
            for node in sorted(weigher.of_class(rule.evidence_class)):
                lacks = weigher.missing(node, rule, readings)
                trace = self._trace(node, lacks) if lacks else None
                if trace is not None:
                    yield trace

    def _trace(self, node: str, lacks: list[str | Link]) -> Trace | None:
        efforts: list[Effort] = []
        waits: list[str] = []
        messages: list[str] = []
        for use in lacks:
            if isinstance(use, Link) and self._waits(node, use):
                waits.append(use.criterion)
                effort = self._left_by(COV["Effort-follow"], itself=True)
            else:
                effort = self._lacking(use)
                messages.append(use.message if isinstance(use, Link) else self._message(use))
            if effort is None:
                return None
            efforts.append(effort)
        if any(isinstance(use, str) for use in lacks):
            state = self._state(node)
            if state is not None:
                holder, effort = state
                return Trace(node, effort, f"The record has {self.say.summary(holder.value)}.")
        return self._told(node, max(efforts, key=lambda e: e.rank), waits, messages)

    def _told(self, node: str, effort: Effort, waits: list[str], messages: list[str]) -> Trace:
        by_iri = self.situation.policy.by_iri
        named = tuple(dict.fromkeys(by_iri[w].id for w in waits))
        labels = ", ".join(f"“{by_iri[w].label}”" for w in dict.fromkeys(waits))
        because = f"The record has {self.say.summary(node)}"
        if messages:
            return Trace(
                node, effort, f"{because}, and only this is lacking: {' '.join(dict.fromkeys(messages))}", named
            )
        return Trace(node, effort, f"{because}; it counts once {labels} is met.", named)

    def _lacking(self, use: str | Link) -> Effort | None:
        """What is left where evidence lacks this; a link needs something on record to which it could lead."""
        if isinstance(use, str):
            return self._left_by(NamedNode(use))
        stated = self._left_by(NamedNode(use.iri))
        linked = self.situation.weigher.leaf(self.situation.policy.by_iri[use.criterion], self.situation.readings)
        counted = frozenset(n for polarity in use.counting for n in linked.nodes(polarity))
        if stated is None or self._fitting(counted, use):
            return stated
        return max(stated, self._of_verb(Verb.DOCUMENT), key=lambda e: e.rank)

    def _fitting(self, nodes: frozenset[str], link: Link) -> frozenset[str]:
        return nodes if link.shape is None else nodes & self.situation.weigher.fits.get(link.shape, frozenset())

    def _waits(self, node: str, link: Link) -> bool:
        """Whether a link will hold as soon as the criterion that it leads to is met by what it leads to."""
        linked = self.situation.policy.by_iri[link.criterion]
        reached = self.situation.weigher.triples.walk({NamedNode(node)}, link.path)
        if self.condition is not None and self.condition in reached:
            return True  # whatever comes to count for the line's condition will be reached
        coming = self._fitting(frozenset(t.node for t in self.traces(linked)), link)
        return any(isinstance(n, NamedNode) and n.value in coming for n in reached)

    def _state(self, node: str) -> tuple[Node, Effort] | None:
        """The state that the record gives of a node or of the study that reports it, where that leaves an effort."""
        triples = self.situation.weigher.triples
        holders = (NamedNode(node), *triples.subjects(CLIN.hasFinding, NamedNode(node)))
        found = [
            (holder, effort)
            for holder in holders
            for prop in triples.predicates(holder)
            for value in triples.nodes(holder, prop)
            if isinstance(value, NamedNode) and (effort := self._left_by(value)) is not None
        ]
        return min(found, key=lambda pair: pair[1].rank, default=None)

    def _studies(self, leaf: Criterion) -> Iterator[Trace]:
        """Studies without a finding, by a method that the criterion names: ordered, or without their report."""
        triples = self.situation.weigher.triples
        named = set(self.ontology.nodes(NamedNode(leaf.iri), COV.mentions))
        for study in sorted(triples.instances(CLIN.Study), key=str):
            methods = {n for m in triples.nodes(study, CLIN.modality) for n in self.ontology.closure(m, SKOS.broader)}
            state = self._state(study.value) if named & methods and not triples.nodes(study, CLIN.hasFinding) else None
            if state is not None:
                yield Trace(study.value, state[1], f"The record has {self.say.summary(study.value)}.")

    # -- parts

    def _leaf(self, criterion: str) -> Criterion:
        return next(c for c in self.situation.policy.leaves if c.id == criterion)

    def _of_verb(self, verb: Verb) -> Effort:
        effort = self._left_by(COV[f"Verb-{verb.value}"])
        if effort is None:
            raise PolicyError(f"cov:Verb-{verb.value}", "leaves no effort.", "Give one cov:leavesEffort.")
        return effort

    def _left_by(self, term: Node, *, itself: bool = False) -> Effort | None:
        if not self._scale:
            self._scale.update(scale(self.ontology))
        node = term if itself else self.ontology.node(term, COV.leavesEffort)
        return self._scale.get(node.value) if node is not None else None

    def _message(self, shape: str) -> str:
        return self.messages.get(shape, "It lacks what the criterion asks for.")

    def _by_status(self, leaf: Criterion) -> str:
        status = self.situation.weigher.leaf(leaf, self.situation.readings).status
        message = leaf.messages[status.value]
        return f"{message} Only a later event could change that." if status is Status.UNMET else message

    def _evidence(self, leaf: Criterion) -> tuple[str, ...]:
        outcome = self.situation.weigher.leaf(leaf, self.situation.readings)
        return tuple(dict.fromkeys(n for polarity in Polarity for n in sorted(outcome.nodes(polarity))))


def hardness(weighed: WeighedSet) -> tuple[int, ...]:
    """By what sets are ranked: the rank of their hardest change, then of the next, and so on."""
    return tuple(sorted((c.effort.rank for c in weighed.changes), reverse=True))
