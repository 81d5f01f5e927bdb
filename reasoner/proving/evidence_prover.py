"""Searches among the pieces of evidence that shapes admit: which rules they fit, under which readings."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from reasoner import resources
from reasoner.knowledge import Knowledge
from reasoner.model import Polarity, Status
from reasoner.policy import Criterion, Facet, Link, Policy, Rule
from reasoner.policy_rules import generated_namespace
from reasoner.proving.composition import Clock, best, quoted
from reasoner.proving.facet_facts import Asked, EvidenceFacts
from reasoner.proving.facets import OTHER, Facets
from reasoner.proving.prover import status_facts
from reasoner.shapes import LINE

if TYPE_CHECKING:
    from clingo import Control, Symbol

SCOPE = "urn:plexus:scope"
ANOTHER, RECORDED = "another", "recorded"
"""What is told of a value that no shape names: that it is none of those named, or that there is one."""


@dataclass(frozen=True)
class Node:
    """A piece of evidence that a search has found: its class, its values by path, and what is taken for granted.

    ``granted`` are the opaque shapes and links that hold of it.
    """

    cls: str
    values: tuple[tuple[str, str], ...]
    granted: tuple[str, ...]


@dataclass(frozen=True)
class Turn:
    """A leaf to which one piece of evidence gives another status under another reading."""

    leaf: str
    before: Status
    after: Status
    node: Node


@dataclass(frozen=True)
class Shortfall:
    """Evidence that counts for one criterion and lacks what a link of another asks of that same evidence.

    ``always`` says that every way to fulfil the other criterion has such a link, by default.
    """

    counts_for: str
    asked_by: str
    rule: Rule
    link: Link
    node: Node
    always: bool


@dataclass
class EvidenceProver:
    """Searches among the evidence for one policy."""

    policy: Policy
    knowledge: Knowledge
    _facts: dict[str, EvidenceFacts] = field(default_factory=dict)
    _programs: dict[str, str] = field(default_factory=dict)
    _turned: dict[tuple[str, str], list[Turn]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        shapes = self.knowledge.policy_shapes(self.policy)
        self.facets = Facets(shapes, self.knowledge.shapes("request.ttl"), self.knowledge.ontology)
        generated = generated_namespace(self.policy.slug)
        rules: dict[str, list[Asked]] = defaultdict(list)
        for leaf in self.policy.leaves:
            for rule in leaf.rules:
                rules[rule.evidence_class].append(
                    Asked(rule.iri, leaf.iri, rule.polarity.value, rule.facets, rule.iri.startswith(generated))
                )
        for condition in self.policy.scope:
            rules[SCOPE].append(Asked(condition.iri, SCOPE, Polarity.CONFLICTING.value, condition.facets))
        for cls, asked in rules.items():
            node_class = LINE if cls == SCOPE else cls
            self._facts[cls] = EvidenceFacts(self.facets, self.policy, node_class, asked)

    def own(self, leaf: Criterion) -> list[Rule]:
        """The rules that the policy gives a leaf, without those by which a payer's judgement settles any leaf."""
        return [r for r in leaf.rules if not r.iri.startswith(generated_namespace(self.policy.slug))]

    def fulfilled(self, rule: Rule, clock: Clock, *, any_reading: bool = False) -> Node | None:
        """A node that fits a rule, under the default readings or under any."""
        reading = "any_readings" if any_reading else "defaults"
        return self._one(rule.evidence_class, ("rule_fits", reading), clock, [f"asked({quoted(rule.iri)})."])

    def both_sides(self, leaf: str, clock: Clock) -> Node | None:
        """One node that counts for a leaf and against it, under the default readings."""
        for cls in self._classes({Polarity.FOR, Polarity.AGAINST}, leaf):
            found = self._one(cls, ("both_sides", "defaults"), clock, [f"asked({quoted(leaf)})."])
            if found is not None:
                return found
        return None

    def turns(self, ambiguity: str, reading: str, clock: Clock) -> list[Turn]:
        """Every change of status that one node can bring about when an ambiguity is read in this way.

        A change is told by evidence that no payer's judgement is, unless only such a judgement brings it about.
        """
        if (ambiguity, reading) not in self._turned:
            self._turned[ambiguity, reading] = self._all_turns(ambiguity, reading, clock)
        return self._turned[ambiguity, reading]

    def _all_turns(self, ambiguity: str, reading: str, clock: Clock) -> list[Turn]:
        subject = _subject(ambiguity, reading)
        found: dict[tuple[str, Status, Status], Turn] = {}
        for cls, facts in self._facts.items():
            switched = [a.leaf for a in facts.asked if ambiguity in {f.ambiguity for f in a.facets}]
            for leaf in dict.fromkeys(leaf for leaf in switched if leaf != SCOPE):
                turns = list(self._turns(cls, leaf, subject, ("reading_turns", "own"), clock))
                for turn in turns or self._turns(cls, leaf, subject, ("reading_turns",), clock):
                    found.setdefault((turn.leaf, turn.before, turn.after), turn)
        return list(found.values())

    def _turns(self, cls: str, leaf: str, subject: str, parts: Iterable[str], clock: Clock) -> Iterator[Turn]:
        control = self._control(cls, [subject, f"asked({quoted(leaf)})."])
        self._ground(control, parts, clock)
        seen = 0
        while (atoms := best(control, clock)) is not None:
            ((_, before, after),) = [row for row in _rows(atoms, "turns") if row[0] == leaf]
            yield Turn(leaf, Status(before), Status(after), self._node(cls, atoms))
            seen += 1
            control.add(f"seen{seen}", [], f":- turns({quoted(leaf)},{quoted(before)},{quoted(after)}).")
            control.ground([(f"seen{seen}", [])])

    def crosses_scope(self, ambiguity: str, reading: str, clock: Clock) -> Node | None:
        """A line that is within the policy's scope under one of the default and this reading only."""
        facts = self._facts.get(SCOPE)
        if facts is None or ambiguity not in {f.ambiguity for a in facts.asked for f in a.facets}:
            return None
        return self._one(SCOPE, ("scope_turns",), clock, [_subject(ambiguity, reading)])

    def shortfalls(self, clock: Clock) -> Iterator[Shortfall]:
        """Evidence that counts for one criterion and lacks the further shape that a link of another asks for."""
        readings = self.policy.default_readings
        for leaf in self.policy.leaves:
            seen: set[tuple[str, str]] = set()
            ways = [r for r in self.own(leaf) if r.polarity is Polarity.FOR and self.fulfilled(r, clock) is not None]
            for rule in ways:
                for link in _links(rule, readings):
                    key = (link.criterion, link.shape or "")
                    if link.shape is None or Polarity.FOR not in link.counting or key in seen:
                        continue
                    for cls in self._classes({Polarity.FOR}, link.criterion):
                        node = self._lacking(cls, link, clock)
                        if node is not None:
                            seen.add(key)
                            links = [{(x.criterion, x.shape) for x in _links(w, readings)} for w in ways]
                            always = all((link.criterion, link.shape) in asked for asked in links)
                            yield Shortfall(link.criterion, leaf.iri, rule, link, node, always)
                            break

    def _lacking(self, cls: str, link: Link, clock: Clock) -> Node | None:
        facts = self._facts[cls]
        extra = EvidenceFacts(self.facets, self.policy, facts.cls, [*facts.asked, _besides(link)])
        lines = [f"asked({quoted(link.criterion)}).", f"besides({quoted(link.shape or '')})."]
        control = self._control(cls, lines, extra)
        self._ground(control, ("falls_short", "defaults", "own"), clock)
        atoms = best(control, clock)
        return self._node(cls, atoms) if atoms is not None else None

    # ---- one search

    def _classes(self, polarities: set[Polarity], leaf: str) -> list[str]:
        wanted = {p.value for p in polarities}
        return [
            cls for cls, facts in self._facts.items() if wanted <= {a.polarity for a in facts.asked if a.leaf == leaf}
        ]

    def _one(self, cls: str, parts: Iterable[str], clock: Clock, lines: Iterable[str]) -> Node | None:
        control = self._control(cls, lines)
        self._ground(control, parts, clock)
        atoms = best(control, clock)
        return self._node(cls, atoms) if atoms is not None else None

    def _control(self, cls: str, lines: Iterable[str], facts: EvidenceFacts | None = None) -> Control:
        from clingo import Control

        control: Control = Control(["--warn=none", "--models=0"])
        given = facts.lines if facts is not None else self._facts[cls].lines
        control.add("base", [], "\n".join([*status_facts(), *given, *lines]))
        for name in ("shapes.lp", "facets.lp"):
            if name not in self._programs:
                self._programs[name] = resources.package_file(f"proving/{name}").read_text(encoding="utf-8")
            control.add("base", [], self._programs[name])
        return control

    def _ground(self, control: Control, parts: Iterable[str], clock: Clock) -> None:
        clock.left()
        control.ground([(part, []) for part in ("base", "shapes", "node", *parts)])

    def _node(self, cls: str, atoms: frozenset[Symbol]) -> Node:
        """What a model says of the node; of a value that no shape names, whether any other is or just its presence."""
        unions = {key for key, _ in _rows(atoms, "union")}
        named = {path for path, value in _rows(atoms, "candidate") if not value.startswith(OTHER)}
        values = []
        for _, path, value in sorted(_rows(atoms, "value")):
            if path not in unions:
                other = value.startswith(OTHER)
                values.append((path, (ANOTHER if path in named else RECORDED) if other else value))
        granted = sorted(shape for _, shape in _rows(atoms, "observed"))
        return Node(self._facts[cls].cls, tuple(values), tuple(granted))


def _rows(atoms: frozenset[Symbol], name: str) -> list[tuple[str, ...]]:
    return [tuple(a.string if str(a).startswith('"') else str(a) for a in s.arguments) for s in atoms if s.name == name]


def _subject(ambiguity: str, reading: str) -> str:
    return f"subject({quoted(ambiguity)},{quoted(reading)})."


def _links(rule: Rule, readings: Mapping[str, str]) -> Iterator[Link]:
    yield from (u for f in rule.facets for u in f.uses(readings) if isinstance(u, Link))


def _besides(link: Link) -> Asked:
    """A rule that has no effect but that the shape of a link is compiled."""
    facet = Facet(link.iri + "-besides", None, (link.shape or "",))
    return Asked(link.iri + "-besides", SCOPE, Polarity.CONSIDERED.value, (facet,))
