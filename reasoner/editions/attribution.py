"""Because of which clauses an outcome differs between two editions.

An outcome is taken apart into *units*: the status of each leaf that the editions decide otherwise, how each group is
joined, what is excluded, constraints, scope, and codes. A set of units explains a flip if the earlier outcome with
just these units of the later one comes to the later recommendation, and if no smaller set in it does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from itertools import combinations

from reasoner.determine import Authority, program
from reasoner.editions.edition_rules import links_to
from reasoner.model import Kind, Recommendation, Status
from reasoner.policy import Constraint, Policy, Readings

MOST_UNITS = 14
"""Up to how many units every set is tried; of more, sets of up to three."""


@dataclass(frozen=True, order=True)
class Unit:
    """One thing in which two outcomes differ: its part (see ``edition_diff.Part``), its key and its name."""

    part: str
    key: str
    label: str = field(compare=False)


@dataclass(frozen=True)
class Outcome:
    """What a line comes to under one edition, with all that the recommendation follows from.

    ``scope`` says of each condition, by IRI, whether the line fulfils it; ``statuses`` are of leaves, by identifier.
    """

    policy: Policy
    readings: Readings
    governed: bool
    scope: Mapping[str, bool]
    statuses: Mapping[str, Status]
    authority: Authority
    recommendation: Recommendation

    @cached_property
    def groups(self) -> dict[str, tuple[int, tuple[str, ...]]]:
        """How each group is joined: how many members it needs, and which it has, all by identifiers."""
        return {
            c.id: (self.policy.needed(c, self.readings), tuple(self.policy.by_iri[m].id for m in c.members))
            for c in self.policy.criteria
            if not c.is_leaf
        }

    @cached_property
    def root(self) -> str:
        """The identifier of the root."""
        return self.policy.by_iri[self.policy.root].id

    @cached_property
    def exclusions(self) -> tuple[str, ...]:
        """The identifiers of the exclusions."""
        return tuple(self.policy.by_iri[x].id for x in self.policy.exclusions)

    @cached_property
    def constraints(self) -> dict[str, tuple[str, ...]]:
        """The constraints in force: which criteria are not met together, by the IRI of the constraint."""
        return {
            c.iri: tuple(sorted(self.policy.by_iri[n].id for n in c.not_together))
            for c in self.policy.constraints
            if c.holds(self.readings)
        }


@dataclass(frozen=True)
class Flip:
    """Two outcomes of one line, and the criteria that the editions themselves decide otherwise, by identifier."""

    before: Outcome
    after: Outcome
    changed: frozenset[str]

    @cached_property
    def units(self) -> tuple[Unit, ...]:
        """Everything in which the outcomes differ that can matter to the recommendation."""
        return tuple(sorted(dict.fromkeys(self._units())))

    def _units(self) -> Iterator[Unit]:
        old, new = self.before, self.after
        if old.governed != new.governed:
            yield Unit("code", "codes", "the codes that the edition governs")
        names = {s.iri: s.label for o in (old, new) for s in o.policy.scope}
        yield from (Unit("scope", k, names[k]) for k in names if old.scope.get(k, True) != new.scope.get(k, True))
        if old.authority != new.authority:
            yield Unit("edition", "governing-date", "the date by which terms of the plan and mandates are chosen")
        if old.root != new.root:
            yield Unit("criterion", f"root {new.root}", "the root of the criteria tree")
        labels = {c.id: c.label for o in (old, new) for c in o.policy.criteria}
        for group in dict.fromkeys((*old.groups, *new.groups)):
            if old.groups.get(group) != new.groups.get(group) and group in old.groups and group in new.groups:
                yield Unit("criterion", group, labels[group])
        for leaf in self._differing():
            yield from (Unit("criterion", cause, labels[cause]) for cause in self._causes(leaf))
        for exclusion in sorted(set(old.exclusions) ^ set(new.exclusions)):
            yield Unit("exclusion", exclusion, labels[exclusion])
        told = {c.iri: c.label for o in (old, new) for c in o.policy.constraints}
        for key in sorted({*old.constraints, *new.constraints}):
            if old.constraints.get(key) != new.constraints.get(key):
                yield Unit("constraint", key, told[key])

    def _differing(self) -> list[str]:
        old, new = self.before.statuses, self.after.statuses
        return [leaf for leaf in old if leaf in new and old[leaf] is not new[leaf]]

    def _causes(self, leaf: str) -> tuple[str, ...]:
        """The changed criteria to which the other status of a leaf is due: itself, or those that it links to."""
        if leaf in self.changed:
            return (leaf,)
        linked: set[str] = set()
        for outcome in (self.before, self.after):
            node = next(c for c in outcome.policy.leaves if c.id == leaf)
            linked |= links_to(outcome.policy, node) & self.changed
        return tuple(sorted(linked)) or (leaf,)

    def with_units(self, units: frozenset[Unit]) -> Recommendation:
        """The earlier outcome with some units of the later one."""
        keys = {(u.part, u.key) for u in units}

        def side(part: str, key: str) -> Outcome:
            return self.after if (part, key) in keys else self.before

        if not side("code", "codes").governed:
            return Recommendation.NOT_APPLICABLE
        conditions = {*self.before.scope, *self.after.scope}
        if not all(side("scope", k).scope.get(k, True) for k in conditions):
            return Recommendation.NOT_APPLICABLE
        root = self.after.root if ("criterion", f"root {self.after.root}") in keys else self.before.root
        groups = self._groups(keys)
        both = dict.fromkeys((*self.before.exclusions, *self.after.exclusions))
        exclusions = tuple(x for x in both if x in side("exclusion", x).exclusions)
        known = {*self.before.constraints, *self.after.constraints}
        constraints = {k: side("constraint", k).constraints.get(k) for k in sorted(known)}
        pairs = tuple((k, pair) for k, pair in constraints.items() if pair is not None)
        mixed = _mixed(self.before.policy, root, tuple(sorted(groups.items())), exclusions, pairs)
        vector = tuple(self._status(leaf.id, keys) for leaf in mixed.leaves)
        authority = side("edition", "governing-date").authority
        return program(mixed).decide(vector, {}, authority).recommendation

    def _groups(self, keys: set[tuple[str, str]]) -> dict[str, tuple[int, tuple[str, ...]]]:
        old, new = self.before.groups, self.after.groups
        return {
            group: new[group] if group in new and (group not in old or ("criterion", group) in keys) else old[group]
            for group in (*old, *new)
        }

    def _status(self, leaf: str, keys: set[tuple[str, str]]) -> Status:
        old, new = self.before.statuses, self.after.statuses
        if leaf not in old or leaf not in new:
            return new.get(leaf) or old.get(leaf) or Status.UNDOCUMENTED
        taken = any(("criterion", cause) in keys for cause in self._causes(leaf))
        return new[leaf] if taken else old[leaf]

    @cached_property
    def clauses(self) -> tuple[tuple[Unit, ...], ...]:
        """The smallest sets of units that explain the later recommendation; none where the units do not explain it."""
        if self.with_units(frozenset()) is not self.before.recommendation:
            return ()
        sizes = range(1, len(self.units) + 1 if len(self.units) <= MOST_UNITS else 4)
        found: list[frozenset[Unit]] = []
        for size in sizes:
            for chosen in map(frozenset, combinations(self.units, size)):
                explained = any(smaller <= chosen for smaller in found)
                if not explained and self.with_units(chosen) is self.after.recommendation:
                    found.append(chosen)
        return tuple(tuple(sorted(units)) for units in found)


@lru_cache(maxsize=1024)
def _mixed(
    template: Policy,
    root: str,
    groups: tuple[tuple[str, tuple[int, tuple[str, ...]]], ...],
    exclusions: tuple[str, ...],
    constraints: tuple[tuple[str, tuple[str, ...]], ...],
) -> Policy:
    """A tree of identifiers, in the form that the logic program takes; the template gives what no outcome rests on."""
    joined = dict(groups)
    pattern = replace(template.criteria[0], rules=(), messages={}, asks={}, threshold=None, members=(), parent=None)
    criteria = []

    def visit(node: str) -> None:
        needed, members = joined.get(node, (None, ()))
        kind = Kind.AT_LEAST if members else Kind.LEAF
        criteria.append(replace(pattern, iri=node, id=node, kind=kind, members=members, threshold=needed))
        for member in members:
            visit(member)

    visit(root)
    criteria += [replace(pattern, iri=x, id=x, kind=Kind.EXCLUSION) for x in exclusions]
    known = {c.id for c in criteria}
    apart = tuple(Constraint(key, "", "", pair) for key, pair in constraints if set(pair) <= known)
    return replace(
        template,
        criteria=tuple(criteria),
        root=root,
        exclusions=exclusions,
        ambiguities=(),
        settled=(),
        constraints=apart,
        scope=(),
    )
