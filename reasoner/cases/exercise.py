"""What one line of a case exercises: the line is reviewed, and its evidence weighed under every reading."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from reasoner.authority import BindingTerm, Reach, authority, terms
from reasoner.cases.branches import BranchProgram
from reasoner.cases.items import (
    Item,
    branch_item,
    other_status,
    rule_item,
    shape_item,
    switched_by,
    worlds,
    worlds_of,
)
from reasoner.determine import Authority, Vector, tree_statuses
from reasoner.engine import Engine
from reasoner.intake import LineRecord, Record
from reasoner.knowledge import Knowledge
from reasoner.lines import Line, Setting, line_of
from reasoner.model import Basis, ChangeTree, LineReview, Polarity, Recommendation, ShapeResult, Status
from reasoner.policy import Criterion, Facet, Link, Policy, Readings, Rule
from reasoner.review import review_line
from reasoner.shapes import ANYTHING, NOTHING
from reasoner.triples import Spo
from reasoner.weigh import Weigher, answered, status_by


class _Listening:
    """An engine that remembers what it told last, so that a line is evaluated once."""

    def __init__(self, engine: Engine) -> None:
        self.name = engine.name
        self.told: dict[str, frozenset[str]] | None = None
        self._engine = engine

    def evaluate(
        self, data: Iterable[Spo], shapes: tuple[Spo, ...], background: tuple[Spo, ...] = ()
    ) -> tuple[ShapeResult, ...]:
        """See :class:`reasoner.engine.Engine`."""
        return self._engine.evaluate(data, shapes, background)

    def conforming(
        self,
        data: Iterable[Spo],
        shapes: tuple[Spo, ...],
        asked: Mapping[str, Iterable[str]],
        background: tuple[Spo, ...] = (),
    ) -> dict[str, frozenset[str]]:
        """See :class:`reasoner.engine.Engine`."""
        self.told = self._engine.conforming(data, shapes, asked, background)
        return self.told


@dataclass(frozen=True)
class Exercised:
    """One line of a case: its review, the policy that it falls under, and the items that it shows."""

    review: LineReview
    policy: Policy | None
    items: frozenset[Item]

    @property
    def edition(self) -> str | None:
        """The edition that the line falls under."""
        return self.policy.edition_iri if self.policy is not None else None


def exercised(record: Record, line: LineRecord, setting: Setting, programs: dict[str, BranchProgram]) -> Exercised:
    """Review one line of a checked record and say what it exercises.

    Args:
        record: the request.
        line: one of its lines.
        setting: what it is reviewed with, under the default readings.
        programs: the programs of editions already met, by edition; added to.
    """
    engine = _Listening(setting.engine)
    outcome = review_line(record, line, replace(setting, engine=engine))
    policy = policy_of(outcome, setting.knowledge)
    if policy is None:
        return Exercised(outcome, None, frozenset())
    program = programs.setdefault(policy.edition_iri, BranchProgram(policy))
    found = set(_told(outcome, policy))
    if engine.told is None:
        found |= {Item("scope", (policy.edition_iri, "failed")), *map(branch_item, program.outside())}
    else:
        weigher = Weigher(policy, line.triples, answered(line.iri, engine.told))
        seen = line_of(record, line, setting.knowledge)
        found |= set(_Weighed(seen, record, line, outcome, policy, weigher, program).items())
    return Exercised(outcome, policy, frozenset(found))


def policy_of(outcome: LineReview, knowledge: Knowledge) -> Policy | None:
    """The edition under which a line was reviewed."""
    ref = outcome.policy
    if ref is None:
        return None
    return next(p for p in knowledge.policies if (p.number, p.edition.isoformat()) == (ref.number, ref.edition))


# ---- What the review itself tells ------------------------------------------------------------------


def _told(outcome: LineReview, policy: Policy) -> Iterator[Item]:
    yield Item("outcome", ("recommendation", outcome.recommendation.value))
    yield Item("outcome", ("basis", outcome.basis.value))
    yield Item("outcome", ("next", outcome.next.value))
    yield from (Item("outcome", ("question", item.kind.value)) for item in outcome.open_items)
    yield from (Item("outcome", ("change", verb)) for verb in _verbs(outcome.to_approve_tree))
    yield from (Item("hinge", (c.ambiguity,)) for h in outcome.hinges_on for c in h.changes)
    yield from (Item("route", (r.policy,)) for r in outcome.related)
    for criterion in outcome.criteria:
        dimension = "status" if policy.by_iri[criterion.iri].is_leaf else "group"
        yield Item(dimension, (criterion.id, criterion.status))
    notes = set(outcome.notes)
    yield from (Item("note", (rule.iri,)) for rule in policy.note_rules if rule.message in notes)
    for note in policy.coding_notes:
        if any(told.startswith("Coding: ") and told.endswith(f" {note.message}.") for told in notes):
            yield Item("note", (note.pattern,))


def _verbs(tree: ChangeTree | None) -> Iterator[str]:
    if tree is not None:
        if tree.change is not None:
            yield tree.change.verb.value
        for part in tree.parts:
            yield from _verbs(part)


# ---- What weighing tells ---------------------------------------------------------------------------

Evidence = Mapping[str, frozenset[str]]
"""The nodes that fit each rule of a leaf, by the IRI of the rule."""


@dataclass(frozen=True, eq=False)
class _Weighed:
    """A line whose edition is in force, with the evidence that fits each shape."""

    seen: Line
    record: Record
    line: LineRecord
    outcome: LineReview
    policy: Policy
    weigher: Weigher
    program: BranchProgram

    def items(self) -> Iterator[Item]:
        yield from self._scope()
        yield from self._readings()
        yield from self._remarks()
        if self.outcome.recommendation is Recommendation.NOT_APPLICABLE:
            yield from map(branch_item, self.program.outside())
        else:
            yield from self._terms()
            yield from self._decision()
        for leaf in self.policy.leaves:
            for readings in worlds_of(self.policy, leaf):
                if self._inside(readings):
                    yield from self._leaf(leaf, readings)

    # -- scope, readings, remarks

    def _scope(self) -> Iterator[Item]:
        for condition in self.policy.scope:
            for _, readings in worlds(self.policy, switched_by(condition.facets)):
                kept = self.weigher.in_scope(self.line.iri, condition.facets, readings)
                yield Item("scope", (condition.iri, "kept" if kept else "failed"))
                lacks = self._lacks(self.line.iri, condition.facets, readings)
                yield from (shape_item(self.policy, use) for use in lacks)

    def _inside(self, readings: Readings) -> bool:
        """Whether the edition is in force for the line, and the line in its scope."""
        day = self.seen.day(self.policy.dates_by(readings))
        if day is None or day < self.policy.edition or (self.policy.until is not None and day >= self.policy.until):
            return False
        return all(self.weigher.in_scope(self.line.iri, s.facets, readings) for s in self.policy.scope)

    def _readings(self) -> Iterator[Item]:
        """The readings under which a criterion, a group or the scope comes out otherwise than by default."""
        before: object = None
        for item, readings in worlds(self.policy):
            inside = self._inside(readings)
            statuses = self.weigher.statuses(readings)
            now = (inside, statuses, tree_statuses(self.policy, statuses, readings)) if inside else (False,)
            if item is None:
                before = now
            elif now != before:
                yield item

    def _remarks(self) -> Iterator[Item]:
        defaults = self.policy.default_readings
        for rule in self.policy.note_rules:
            nodes = self.weigher.of_class(rule.evidence_class)
            if any(self.weigher.in_scope(n, rule.facets, defaults) for n in nodes):
                continue
            for node in nodes:
                yield from (shape_item(self.policy, u) for u in self._lacks(node, rule.facets, defaults))

    # -- the decision

    @cached_property
    def _found(self) -> tuple[BindingTerm, ...]:
        day = self.seen.day(self.policy.dates_by(self.policy.default_readings))
        return terms(self.line.triples, self.record.iri, self.outcome.code, day)

    @cached_property
    def _authority(self) -> Authority:
        return authority(self._found)

    @cached_property
    def _vector(self) -> Vector:
        statuses = self.weigher.statuses(self.policy.default_readings)
        return tuple(statuses[leaf.iri] for leaf in self.policy.leaves)

    def _terms(self) -> Iterator[Item]:
        for term in self._found:
            told = term.effect if term.reach is Reach.BINDS else term.reach.value
            yield Item("term", (term.authority, told))

    def _decision(self) -> Iterator[Item]:
        defaults, authority_ = self.policy.default_readings, self._authority
        decision = self.program.decide(self._vector, defaults, authority_)
        yield from map(branch_item, self.program.reached(self._vector, defaults, authority_))
        if decision.constraint is not None and decision.basis is Basis.INCONSISTENT:
            yield Item("constraint", (decision.constraint,))
        for place, leaf in enumerate(self.policy.leaves):
            turned = other_status(leaf.kind, self._vector[place])
            other = (*self._vector[:place], turned, *self._vector[place + 1 :])
            if self.program.decide(other, defaults, authority_).recommendation is not decision.recommendation:
                yield Item("alone", (leaf.id,))

    # -- evidence rules and shapes

    def _leaf(self, leaf: Criterion, readings: Readings) -> Iterator[Item]:
        found = {rule.iri: self.weigher.rule_nodes(rule, readings) for rule in leaf.rules}
        status = _status(leaf, found)
        for rule in leaf.rules:
            if found[rule.iri]:
                yield rule_item("rule", rule)
                if _status(leaf, {**found, rule.iri: frozenset()}) is not status:
                    yield rule_item("rule-decides", rule)
            yield from self._deciding_shapes(leaf, rule, readings, found, status)

    def _deciding_shapes(
        self, leaf: Criterion, rule: Rule, readings: Readings, found: Evidence, status: Status
    ) -> Iterator[Item]:
        """The shapes that are all that a node lacks to fit a rule, where with it the status would be another."""
        for node in self.weigher.of_class(rule.evidence_class) - found[rule.iri]:
            for use in self._lacks(node, rule.facets, readings):
                with_it = {**found, rule.iri: found[rule.iri] | {node}}
                if _status(leaf, with_it) is not status:
                    yield shape_item(self.policy, use)

    def _lacks(self, node: str, facets: Iterable[Facet], readings: Readings) -> tuple[str | Link, ...]:
        """What a node lacks to fit facets, if that is one shape or link only."""
        out: list[str | Link] = []
        links: list[Link] = []
        for facet in facets:
            for use in facet.uses(readings):
                if isinstance(use, Link):
                    links.append(use)
                elif use == NOTHING:
                    return ()
                elif use != ANYTHING and node not in self.weigher.fits.get(use, frozenset()):
                    out.append(use)
            if len(out) > 1:
                return ()
        for link in links:
            alone = Rule(link.iri, "", Polarity.FOR, "", (Facet(link.iri, None, (link,)),))
            out += self.weigher.missing(node, alone, readings)
            if len(out) > 1:
                return ()
        return tuple(out)


def _status(leaf: Criterion, found: Evidence) -> Status:
    return status_by({rule.polarity for rule in leaf.rules if found[rule.iri]})
