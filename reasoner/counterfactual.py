"""What would change a recommendation: documents and judgements, readings, the loss of evidence."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

from reasoner.bearing import SCOPE, Parts, arranging, bearings
from reasoner.determine import Authority, Decision, Vector, as_group_status, program, tree_statuses
from reasoner.model import (
    Change,
    ChangeTree,
    GroupStatus,
    Hinge,
    Kind,
    Polarity,
    ReadingChange,
    Recommendation,
    Status,
    Verb,
)
from reasoner.policy import Criterion, Policy, Readings
from reasoner.weigh import Weigher

CAP = 20
"""How many sets of changes are listed at most; the factored tree is never cut."""

VERBS = {Status.UNDOCUMENTED: Verb.DOCUMENT, Status.CONFLICTING: Verb.RESOLVE, Status.TO_JUDGE: Verb.JUDGE}

Set = frozenset[Change]


@dataclass(frozen=True)
class Footing:
    """What readings make of a record, and all that a recommendation rests on: equal footings, equal recommendations.

    ``vector`` are the statuses of the leaves, ``joined`` how many members each group needs, ``heeded`` the constraints
    in force; ``outside`` says that the edition does not govern the line.
    """

    vector: Vector
    joined: tuple[int, ...]
    heeded: frozenset[str]
    outside: bool


@dataclass(frozen=True)
class Situation:
    """A line with its evidence, readings and terms: everything that a decision depends on.

    ``outside`` tells, for readings, whether the line falls out of the edition's scope or time, and ``elsewhere`` what
    becomes of it then: not applicable, unless another edition governs it by these readings.
    """

    policy: Policy
    weigher: Weigher
    readings: Readings
    authority: Authority
    outside: Callable[[Readings], bool]
    elsewhere: Callable[[Readings], Recommendation] = lambda _: Recommendation.NOT_APPLICABLE

    def vector(self, weigher: Weigher, readings: Readings) -> Vector:
        """The statuses of the leaves."""
        return tuple([weigher.status(leaf, readings) for leaf in self.policy.leaves])

    def footing(self, readings: Readings) -> Footing:
        """What readings make of the record."""
        joined, heeded = self.policy.arranged(readings)
        return Footing(self.vector(self.weigher, readings), joined, heeded, self.outside(readings))

    def moved(self, start: Footing, readings: Readings, parts: Parts, vector: Vector) -> Footing:
        """The footing under readings that differ from those of another footing in some parts only.

        Args:
            start: the other footing.
            readings: the readings.
            parts: on what the difference can bear.
            vector: the statuses under the readings, but for leaves among the parts.
        """
        weigh = self.weigher.status
        pairs = zip(self.policy.leaves, vector, strict=True)
        vector = tuple([weigh(x, readings) if x.iri in parts else s for x, s in pairs])
        joined, heeded = start.joined, start.heeded
        if not parts.isdisjoint(arranging(self.policy)):
            joined, heeded = self.policy.arranged(readings)
        outside = self.outside(readings) if SCOPE in parts else start.outside
        return Footing(vector, joined, heeded, outside)

    def on(self, footing: Footing, readings: Readings) -> Recommendation:
        """The recommendation on a footing that readings made."""
        if footing.outside:
            return self.elsewhere(readings)
        found = program(self.policy).compose(footing.vector, footing.joined, self.authority, footing.heeded)
        return found.recommendation

    def decide(self, *, weigher: Weigher | None = None, readings: Readings | None = None) -> Decision:
        """The decision, with other evidence or other readings where given."""
        weigher, readings = weigher or self.weigher, readings or self.readings
        return program(self.policy).decide(self.vector(weigher, readings), readings, self.authority)

    def recommendation(self, readings: Readings) -> Recommendation:
        """The recommendation under other readings, scope included."""
        return self.on(self.footing(readings), readings)


# ---- What would approve ---------------------------------------------------------------------------


def verb_for(leaf: Criterion, status: Status) -> Verb | None:
    """How a leaf could become fulfilled. Paper never flips an unmet leaf; a later event may."""
    if status in VERBS:
        return VERBS[status]
    return Verb.NEW_EVENT if status is Status.UNMET and leaf.later_event else None


def change_tree(situation: Situation) -> ChangeTree | None:
    """The changes that would approve, factored like the criteria tree; None where nothing would."""
    policy, readings = situation.policy, situation.readings
    statuses = situation.weigher.statuses(readings)
    tree = tree_statuses(policy, statuses, readings)

    def leaf_change(node: Criterion) -> ChangeTree | None:
        verb = verb_for(node, statuses[node.iri])
        return ChangeTree("change", Change(node.id, verb)) if verb else None

    def visit(node: Criterion) -> ChangeTree | None:
        if tree[node.iri] is GroupStatus.MET:
            return ChangeTree("all")
        if node.is_leaf:
            return leaf_change(node)
        missing = [policy.by_iri[m] for m in node.members if tree[m] is not GroupStatus.MET]
        possible = [p for p in map(visit, missing) if p is not None]
        return _some(policy.needed(node, readings) - len(node.members) + len(missing), possible)

    parts = [visit(policy.by_iri[policy.root])]
    lifted = any(effect == "lifts_exclusion" for _, effect in situation.authority.binding)
    for iri in policy.exclusions if not lifted else ():
        status = statuses[iri]
        if status is Status.MET:
            return None
        if status is not Status.UNMET:
            parts.append(leaf_change(policy.by_iri[iri]))
    if any(p is None for p in parts):
        return None
    return _join("all", [p for p in parts if p is not None])


def _some(number: int, parts: list[ChangeTree]) -> ChangeTree | None:
    """So many of the parts; None where there are not enough."""
    if len(parts) < number:
        return None
    if number in (1, len(parts)):
        return _join("all" if number == len(parts) else "any", parts)
    return ChangeTree("at-least", parts=tuple(parts), needed=number)


def _join(kind: str, parts: list[ChangeTree]) -> ChangeTree:
    flat: list[ChangeTree] = []
    for part in parts:
        flat.extend(part.parts if part.kind == kind else [part])
    return flat[0] if len(flat) == 1 else ChangeTree(kind, parts=tuple(flat))


def minimal_sets(tree: ChangeTree, cap: int = CAP + 1) -> list[Set]:
    """The minimal sets of changes of a tree, smallest first, at most ``cap``."""
    if tree.change is not None:
        return [frozenset({tree.change})]
    if tree.kind == "any":
        found = [s for part in tree.parts for s in minimal_sets(part, cap)]
        return _smallest(found, cap)
    if tree.needed is not None:
        chosen = (ChangeTree("all", parts=parts) for parts in combinations(tree.parts, tree.needed))
        return _smallest([s for choice in chosen for s in minimal_sets(choice, cap)], cap)
    sets: list[Set] = [frozenset()]
    for part in tree.parts:
        sets = _smallest([a | b for a in sets for b in minimal_sets(part, cap)], cap)
    return sets


def _smallest(sets: list[Set], cap: int) -> list[Set]:
    ordered = sorted(set(sets), key=lambda s: (len(s), sorted((c.criterion, c.verb) for c in s)))
    kept: list[Set] = []
    for candidate in ordered:
        if len(kept) >= cap:
            break
        if not any(k <= candidate for k in kept):
            kept.append(candidate)
    return kept


def verified(situation: Situation, sets: list[Set]) -> list[Set]:
    """The sets of which the program agrees that they approve, without what it does not ask for.

    A constraint between facts may settle an exclusion together with another criterion.
    """
    out = []
    for changes in filter(lambda s: _approves(situation, s), sets):
        needed = changes
        for change in sorted(changes, key=lambda c: (c.criterion, c.verb)):
            if _approves(situation, needed - {change}):
                needed -= {change}
        out.append(needed)
    return _smallest(out, len(out))


def _approves(situation: Situation, changes: Set) -> bool:
    """Whether the program approves once these changes have come about."""
    policy = situation.policy
    before = situation.weigher.statuses(situation.readings)
    flipped = {c.criterion for c in changes}
    vector = tuple(
        (Status.UNMET if leaf.kind is Kind.EXCLUSION else Status.MET) if leaf.id in flipped else before[leaf.iri]
        for leaf in policy.leaves
    )
    decision = program(policy).decide(vector, situation.readings, situation.authority)
    return decision.recommendation is Recommendation.APPROVE


def in_tree_order(policy: Policy, changes: Set) -> tuple[Change, ...]:
    """A set of changes in the order of the criteria tree."""
    place = {c.id: i for i, c in enumerate(policy.criteria)}
    return tuple(sorted(changes, key=lambda c: place[c.criterion]))


# ---- What it hinges on ----------------------------------------------------------------------------


def hinges(situation: Situation) -> tuple[Hinge, ...]:
    """The minimal changes of reading, one or two together, that change the recommendation."""
    search = _Search(situation)
    found: list[Hinge] = []
    explained: list[frozenset[str]] = []
    for chosen in reading_changes(situation.policy, situation.readings, search.bearing):
        picked = frozenset(chosen.values())
        if any(e <= picked for e in explained):
            continue
        became = search.recommendation(chosen)
        if became is not search.now:
            explained.append(picked)
            found.append(Hinge(_named_changes(situation.policy, chosen), became))
    return tuple(found)


class _Search:
    """What changes of one reading make of a record is kept, and used for changes of two."""

    def __init__(self, situation: Situation) -> None:
        self.situation = situation
        self.start = situation.footing(situation.readings)
        self.now = situation.on(self.start, situation.readings)
        self._parts = _live_parts(situation)
        self._alone: dict[str, Footing] = {}
        self._idle: set[str] = set()

    @property
    def bearing(self) -> Parts:
        """The ambiguities that bear on something in this record."""
        outside = self.start.outside  # then another edition may decide, on which other things bear
        return frozenset(a for a, parts in self._parts.items() if parts or outside)

    def recommendation(self, chosen: dict[str, str]) -> Recommendation:
        """The recommendation after a change of readings; every change of one comes before those of two."""
        if self._is_idle(chosen):
            return self.now
        readings = {**self.situation.readings, **chosen}
        footing = self._one(chosen, readings) if len(chosen) == 1 else self._two(chosen, readings)
        if footing == self.start and not footing.outside:
            return self.now
        return self.situation.on(footing, readings)

    def _is_idle(self, chosen: dict[str, str]) -> bool:
        """Whether one of two changes does nothing alone, and so nothing beside one that bears on other parts."""
        if len(chosen) == 1 or self.start.outside or self._idle.isdisjoint(chosen.values()):
            return False
        one, other = (self._parts[a] for a in chosen)
        return one.isdisjoint(other)

    def _one(self, chosen: dict[str, str], readings: Readings) -> Footing:
        ((ambiguity, reading),) = chosen.items()
        made = self.situation.moved(self.start, readings, self._parts[ambiguity], self.start.vector)
        self._alone[reading] = made
        if made == self.start:
            self._idle.add(reading)
        return made

    def _two(self, chosen: dict[str, str], readings: Readings) -> Footing:
        one, other = (self._parts[a] for a in chosen)
        first, second = (self._alone[r] for r in chosen.values())
        common = one & other
        # A leaf on which one of the two bears is as it is with that one alone; only one on which both do is weighed.
        each = zip(self.start.vector, first.vector, second.vector, strict=True)
        vector = tuple([a if a is not before else b for before, a, b in each])
        return self.situation.moved(self.start, readings, common | (one ^ other) & self._rest, vector)

    @cached_property
    def _rest(self) -> Parts:
        """What is no leaf: groups, constraints and the scope, which are looked up for every two readings."""
        return arranging(self.situation.policy) | {SCOPE}


def _live_parts(situation: Situation) -> dict[str, Parts]:
    """By ambiguity, on what its reading bears in this record."""
    policy = situation.policy
    leaves = frozenset(x.iri for x in policy.leaves)
    live: dict[str, set[str]] = {a.iri: set() for a in policy.ambiguities}
    for leaf in policy.leaves:
        for ambiguity in situation.weigher.live(leaf).ambiguities:
            live[ambiguity].add(leaf.iri)
    return {a: (parts - leaves) | (parts & live[a]) for a, parts in bearings(policy).items()}


def reading_changes(
    policy: Policy, readings: Readings, among: Collection[str] | None = None
) -> Iterator[dict[str, str]]:
    """Every change of one reading, then every change of two, by the IRIs of ambiguity and reading.

    Where some ambiguities are given, only these are read otherwise.
    """
    wanted = [a for a in policy.ambiguities if among is None or a.iri in among]
    movable = [a for a in wanted if set(a.affects) - {"note"}]
    single = [(a.iri, r.iri) for a in movable for r in a.readings if r.iri != readings[a.iri]]
    for ambiguity, reading in single:
        yield {ambiguity: reading}
    for (a, r), (b, q) in combinations(single, 2):
        if a != b:
            yield {a: r, b: q}


def _named_changes(policy: Policy, chosen: dict[str, str]) -> tuple[ReadingChange, ...]:
    pairs = [(policy.ambiguity_by_iri[a], policy.reading_by_iri[r]) for a, r in chosen.items()]
    return tuple(ReadingChange(a.notation, r.notation, f"{a.label}: {r.label}") for a, r in pairs)


# ---- What decides ---------------------------------------------------------------------------------


def deciding_nodes(situation: Situation) -> tuple[str, ...]:
    """The evidence that plays a role for any leaf under the readings."""
    nodes: dict[str, None] = {}
    for leaf in situation.policy.leaves:
        outcome = situation.weigher.leaf(leaf, situation.readings)
        for polarity in Polarity:
            nodes.update(dict.fromkeys(sorted(outcome.nodes(polarity))))
    return tuple(nodes)


def decisive(situation: Situation) -> Iterator[tuple[str, Recommendation]]:
    """The evidence whose absence alone changes the recommendation, and what it becomes."""
    now = situation.decide().recommendation
    for node in deciding_nodes(situation):
        other = situation.decide(weigher=situation.weigher.without(node)).recommendation
        if other is not now:
            yield node, other


def open_that_matter(situation: Situation) -> tuple[Criterion, ...]:
    """The open leaves on which the outcome still depends, in tree order."""
    statuses = situation.weigher.statuses(situation.readings)
    return open_leaves(situation.policy, statuses, situation.readings)


def open_leaves(policy: Policy, statuses: Mapping[str, Status], readings: Readings) -> tuple[Criterion, ...]:
    """The open leaves on which the outcome depends where leaves have these statuses, by IRI; in tree order."""
    tree = tree_statuses(policy, statuses, readings)
    out: list[Criterion] = []

    def visit(node: Criterion) -> None:
        if tree[node.iri] is not GroupStatus.OPEN:
            return
        if node.is_leaf:
            out.append(node)
        for member in node.members:
            visit(policy.by_iri[member])

    for top in (policy.root, *policy.exclusions):
        visit(policy.by_iri[top])
    return tuple(c for c in policy.criteria if c in out and as_group_status(statuses[c.iri]) is GroupStatus.OPEN)
