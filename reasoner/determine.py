"""The recommendation of one line, composed by the logic program ``determine.lp``.

Open leaves are completed in every way that the declared constraints allow: covered in all completions
approves, in none denies, in some pends. Consistency is asked first; exactly one result is asserted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
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
        self._known = {atom.symbol for atom in self._control.symbolic_atoms}
        self._final: Control = Control(["--warn=none", "--models=0"])
        self._final.load(str(resources.program_file()))
        self._final.ground([("recommend", [])])

    def decide(self, vector: Vector, readings: Readings, authority: Authority = NO_AUTHORITY) -> Decision:
        """The decision for the statuses of the leaves under the readings.

        Raises:
            ProgramError: the program gave no recommendation, or more than one.
        """
        joined = tuple(self.policy.needed(c, readings) for c in self.policy.groups)
        heeded = frozenset(c.iri for c in self.policy.constraints if c.holds(readings))
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
        bound = [*facts, *((self._heeded(c.iri), c.iri in heeded) for c in self.policy.constraints)]
        covered = self._atom("covered")
        consistent = self._possible(bound)
        can_cover = consistent and self._possible([*bound, (covered, True)])
        can_deny = consistent and self._possible([*bound, (covered, False)])
        replaced = _replacing(authority)
        recommendation = self._recommend(
            in_scope=True, consistent=consistent, can_cover=can_cover, can_deny=can_deny, replaced=replaced is not None
        )
        if replaced is not None:
            return Decision(recommendation, replaced)
        if not consistent:
            return Decision(recommendation, Basis.INCONSISTENT, self._culprit(facts, heeded))
        return Decision(recommendation, self._basis(recommendation, vector, authority))

    def _recommend(self, **inputs: bool) -> Recommendation:
        assumed = [(_function(name), value) for name, value in inputs.items()]
        models: list[str] = []
        with self._final.solve(assumptions=assumed, yield_=True) as handle:
            for model in handle:
                models += [s.arguments[0].string for s in model.symbols(shown=True) if s.name == "recommend"]
        if len(models) != 1:
            raise ProgramError(f"The program gave {len(models)} recommendations for {inputs}.")
        return Recommendation(models[0])

    def _possible(self, assumptions: list[tuple[Symbol, bool]]) -> bool:
        return bool(self._control.solve(assumptions=assumptions).satisfiable)

    def _assumptions(self, vector: Vector, joined: tuple[int, ...], authority: Authority) -> list[tuple[Symbol, bool]]:
        out = []
        for leaf, status in zip(self.policy.leaves, vector, strict=True):
            if not status.is_open:
                out.append((self._atom("true", leaf.iri), status is Status.MET))
        for group, number in zip(self.policy.groups, joined, strict=True):
            out.append((self._check(_function("joined", _string(group.iri), _number(number))), True))
        for who in ("mandate", "plan"):
            for effect in ("excludes", "covers", "lifts_exclusion", "replaces_criteria"):
                if (who, effect) not in authority.possible:
                    atom = self._check(_function("term", _function(who), _function(effect)))
                    out.append((atom, (who, effect) in authority.binding))
        return out

    def _culprit(self, facts: list[tuple[Symbol, bool]], heeded: frozenset[str]) -> str:
        for wanted in sorted(heeded):
            only = [(self._heeded(c.iri), c.iri == wanted) for c in self.policy.constraints]
            if not self._possible([*facts, *only]):
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

    def _heeded(self, constraint: str) -> Symbol:
        return self._atom("heeded", constraint)

    def _atom(self, name: str, *strings: str) -> Symbol:
        return self._check(_function(name, *(_string(s) for s in strings)))

    def _check(self, symbol: Symbol) -> Symbol:
        # An assumption about an atom that does not exist would be ignored or refuted silently.
        if symbol not in self._known:
            raise ProgramError(f"The program does not know {symbol}.")
        return symbol


def _function(name: str, *arguments: Symbol) -> Symbol:
    from clingo import Function

    return Function(name, list(arguments))


def _string(value: str) -> Symbol:
    from clingo import String

    return String(value)


def _number(value: int) -> Symbol:
    from clingo import Number

    return Number(value)


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
