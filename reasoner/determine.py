"""The recommendation of one line, composed by the logic program ``determine.lp``.

Open leaves are completed in every way that the declared constraints allow: covered in all completions
approves, in none denies, in some pends. Consistency is asked first; exactly one result is asserted.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import product
from typing import TYPE_CHECKING

from reasoner import resources
from reasoner.errors import ProgramError
from reasoner.model import Basis, GroupStatus, Recommendation, Status
from reasoner.policy import Criterion, Policy, Readings, needed

if TYPE_CHECKING:
    from clingo import Control, Symbol

Vector = tuple[Status, ...]
"""The statuses of a policy's leaves, in the order of ``policy.leaves``."""


@dataclass(frozen=True)
class Authority:
    """The terms that bind a line, as (authority, effect); ``possible`` ones may or may not bind."""

    binding: frozenset[tuple[str, str]] = frozenset()
    possible: frozenset[tuple[str, str]] = frozenset()

    def has(self, authority: str, effect: str) -> bool:
        """Whether a term of this authority and effect binds."""
        return (authority, effect) in self.binding


NO_AUTHORITY = Authority()


@dataclass(frozen=True)
class Decision:
    """A recommendation with its basis; ``constraint`` names the constraint that makes facts inconsistent."""

    recommendation: Recommendation
    basis: Basis
    constraint: str | None = None


class Word(str):
    """A word of the program itself, written without quotation marks there."""


Argument = str | int
TERMS = tuple(product(("mandate", "plan"), ("excludes", "covers", "lifts_exclusion", "replaces_criteria")))
"""Authorities and effects of terms."""


class Program:
    """The logic program with the facts of one policy, grounded once and asked many times.

    The Control of clingo is not safe for use from several threads at once; use one Program per thread.
    """

    def __init__(self, policy: Policy) -> None:
        from clingo import Control

        self.policy = policy
        self._control: Control = Control(["--warn=none"])
        self._control.load(str(resources.program_file()))
        self._control.add("base", [], facts(policy))
        self._control.ground([("base", [])])
        # Assumptions are literals, looked up once: to name an atom at each call would take longer than to solve.
        self._literals = {str(atom.symbol): atom.literal for atom in self._control.symbolic_atoms}
        self._leaves = tuple(self._literal("true", leaf.iri) for leaf in policy.leaves)
        self._terms = {(who, effect): self._literal("term", Word(who), Word(effect)) for who, effect in TERMS}
        self._constraints = {c.iri: self._literal("heeded", c.iri) for c in policy.constraints}
        self._covered = self._literal("covered")
        self._final: Control = Control(["--warn=none", "--models=0"])
        self._final.load(str(resources.program_file()))
        self._final.ground([("recommend", [])])

    def decide(self, vector: Vector, readings: Readings, authority: Authority = NO_AUTHORITY) -> Decision:
        """The decision for the statuses of the leaves under the readings.

        Raises:
            ProgramError: the program gave no recommendation, or more than one.
        """
        joined, heeded = self.policy.arranged(readings)
        return self.compose(vector, joined, authority, heeded)

    @lru_cache(maxsize=200_000)  # noqa: B019 - a Program lives as long as the process
    def compose(
        self, vector: Vector, joined: tuple[int, ...], authority: Authority, heeded: frozenset[str]
    ) -> Decision:
        """As :meth:`decide`, where it is known what the readings make of groups and constraints.

        Args:
            vector: the statuses of the leaves.
            joined: how many members each group needs, in the order of ``policy.groups``.
            authority: the terms that bind.
            heeded: the IRIs of the constraints in force.

        Raises:
            ProgramError: the program gave no recommendation, or more than one.
        """
        facts = self._assumptions(vector, joined, authority)
        bound = [*facts, *self._heeding(heeded)]
        consistent = self._possible(bound)
        can_cover = consistent and self._possible([*bound, self._covered])
        can_deny = consistent and self._possible([*bound, -self._covered])
        replaced = _replacing(authority)
        recommendation = self._recommend(consistent, can_cover, can_deny, replaced is not None)
        if replaced is not None:
            return Decision(recommendation, replaced)
        if not consistent:
            return Decision(recommendation, Basis.INCONSISTENT, self._culprit(facts, heeded))
        return Decision(recommendation, self._basis(recommendation, vector, authority))

    @cache  # noqa: B019 - as above; there are sixteen of them
    def _recommend(self, consistent: bool, can_cover: bool, can_deny: bool, replaced: bool) -> Recommendation:
        inputs = {
            "in_scope": True,
            "consistent": consistent,
            "can_cover": can_cover,
            "can_deny": can_deny,
            "replaced": replaced,
        }
        assumed = [(_function(name), value) for name, value in inputs.items()]
        models: list[str] = []
        with self._final.solve(assumptions=assumed, yield_=True) as handle:
            for model in handle:
                models += [s.arguments[0].string for s in model.symbols(shown=True) if s.name == "recommend"]
        if len(models) != 1:
            raise ProgramError(f"The program gave {len(models)} recommendations for {inputs}.")
        return Recommendation(models[0])

    def _possible(self, assumptions: list[int]) -> bool:
        return bool(self._control.solve(assumptions=assumptions).satisfiable)

    def _assumptions(self, vector: Vector, joined: tuple[int, ...], authority: Authority) -> list[int]:
        pairs = zip(self._leaves, vector, strict=True)
        out = [leaf if status is Status.MET else -leaf for leaf, status in pairs if not status.is_open]
        out += [self._joined(group.iri, number) for group, number in zip(self.policy.groups, joined, strict=True)]
        known = self._terms.items()
        out += [t if pair in authority.binding else -t for pair, t in known if pair not in authority.possible]
        return out

    @cache  # noqa: B019 - as above; as many as the readings have ways to join groups
    def _joined(self, group: str, number: int) -> int:
        return self._literal("joined", group, number)

    def _heeding(self, heeded: Collection[str]) -> list[int]:
        return [x if iri in heeded else -x for iri, x in self._constraints.items()]

    def _culprit(self, facts: list[int], heeded: frozenset[str]) -> str:
        for wanted in sorted(heeded):
            if not self._possible([*facts, *self._heeding([wanted])]):
                return wanted
        return min(heeded)

    def _basis(self, recommendation: Recommendation, vector: Vector, authority: Authority) -> Basis:
        if recommendation is Recommendation.PEND:
            return Basis.OPEN
        if recommendation is Recommendation.APPROVE:
            for who, basis in (("mandate", Basis.MANDATE), ("plan", Basis.PLAN_TERM)):
                if authority.has(who, "covers"):
                    return basis
            return Basis.CRITERIA_MET
        if authority.has("mandate", "excludes"):
            return Basis.MANDATE
        if authority.has("plan", "excludes") and not authority.has("mandate", "lifts_exclusion"):
            return Basis.PLAN_EXCLUSION
        by_leaf = dict(zip((leaf.iri for leaf in self.policy.leaves), vector, strict=True))
        lifted = any(effect == "lifts_exclusion" for _, effect in authority.binding)
        if not lifted and any(by_leaf[x] is Status.MET for x in self.policy.exclusions):
            return Basis.EXCLUDED_INDICATION
        return Basis.CRITERION_UNMET

    def _literal(self, name: str, *arguments: Argument) -> int:
        """The literal of an atom: the number by which it is assumed to be true, or negated to be false.

        Raises:
            ProgramError: the program has no such atom; an assumption about it would be ignored silently.
        """
        atom = str(_function(name, *arguments))
        if atom not in self._literals:
            raise ProgramError(f"The program does not know {atom}.")
        return self._literals[atom]


def _function(name: str, *arguments: Argument) -> Symbol:
    from clingo import Function

    return Function(name, [_symbol(a) for a in arguments])


def _symbol(argument: Argument) -> Symbol:
    from clingo import Function, Number, String

    if isinstance(argument, int):
        return Number(argument)
    return Function(argument) if isinstance(argument, Word) else String(argument)


def _string(value: str) -> Symbol:
    return _symbol(value)


def joinings(policy: Policy) -> dict[str, set[int]]:
    """How many members each group can need, over all readings, by the IRI of the group."""
    groups = {c.iri: c for c in policy.criteria if not c.is_leaf}
    out = {iri: {needed(c.kind, len(c.members), c.threshold)} for iri, c in groups.items()}
    for reading in policy.reading_by_iri.values():
        if reading.regroups in groups and reading.group_kind is not None:
            members = len(groups[reading.regroups].members)
            out[reading.regroups].add(needed(reading.group_kind, members, reading.group_threshold))
    return out


def facts(policy: Policy) -> str:
    """The facts of a policy for ``determine.lp``: its leaves, groups, exclusions and constraints."""
    lines = []
    options = joinings(policy)
    for criterion in policy.criteria:
        name = _string(criterion.iri)
        if criterion.is_leaf:
            lines.append(f"leaf({name}).")
        lines += [f"member({name},{_string(m)})." for m in criterion.members]
        lines += [f"option({name},{number})." for number in sorted(options.get(criterion.iri, ()))]
    lines.append(f"root({_string(policy.root)}).")
    lines += [f"exclusion({_string(x)})." for x in policy.exclusions]
    for constraint in policy.constraints:
        pair = ",".join(str(_string(c)) for c in constraint.not_together)
        lines.append(f"exclusive({_string(constraint.iri)},{pair}).")
    return "\n".join(lines)


def _replacing(authority: Authority) -> Basis | None:
    """The basis of a pend when a term replaces the criteria and no higher authority speaks for itself."""
    terms = authority.binding | authority.possible
    if ("mandate", "covers") in authority.binding or ("mandate", "excludes") in authority.binding:
        return None
    if ("mandate", "replaces_criteria") in terms:
        return Basis.MANDATE
    if ("plan", "covers") in authority.binding or ("plan", "excludes") in authority.binding:
        return None
    return Basis.PLAN_TERM if ("plan", "replaces_criteria") in terms else None


_PROGRAMS: dict[int, Program] = {}


def program(policy: Policy) -> Program:
    """The grounded program of a policy, made on first use and kept with it."""
    if id(policy) not in _PROGRAMS:
        _PROGRAMS[id(policy)] = Program(policy)  # the Program holds the policy, so the id stays its own
    return _PROGRAMS[id(policy)]


# ---- Three-valued composition, used for the statuses of groups and as the oracle of the program ----


def kleene(number: int, members: Sequence[GroupStatus]) -> GroupStatus:
    """The status of a group of which so many members must be met (strong Kleene logic).

    >>> kleene(2, [GroupStatus.MET, GroupStatus.OPEN, GroupStatus.UNMET]).value
    'open'
    """
    met = members.count(GroupStatus.MET)
    if met >= number:
        return GroupStatus.MET
    return GroupStatus.OPEN if met + members.count(GroupStatus.OPEN) >= number else GroupStatus.UNMET


def as_group_status(status: Status) -> GroupStatus:
    """A leaf's status as one of three values."""
    return GroupStatus.OPEN if status.is_open else GroupStatus(status.value)


def tree_statuses(policy: Policy, leaves: Mapping[str, Status], readings: Readings) -> dict[str, GroupStatus]:
    """The three-valued status of every node of the tree, by criterion IRI."""
    out: dict[str, GroupStatus] = {}

    def visit(node: Criterion) -> GroupStatus:
        if node.is_leaf:
            out[node.iri] = as_group_status(leaves[node.iri])
        else:
            out[node.iri] = kleene(policy.needed(node, readings), [visit(policy.by_iri[m]) for m in node.members])
        return out[node.iri]

    for top in (policy.root, *policy.exclusions):
        visit(policy.by_iri[top])
    return out


def kleene_recommendation(policy: Policy, leaves: Mapping[str, Status], readings: Readings) -> Recommendation:
    """The recommendation by three-valued logic alone: no terms, no constraints. The oracle in the tests."""
    tree = tree_statuses(policy, leaves, readings)
    exclusions = [tree[x] for x in policy.exclusions]
    if tree[policy.root] is GroupStatus.UNMET or GroupStatus.MET in exclusions:
        return Recommendation.DENY
    if tree[policy.root] is GroupStatus.MET and all(x is GroupStatus.UNMET for x in exclusions):
        return Recommendation.APPROVE
    return Recommendation.PEND
