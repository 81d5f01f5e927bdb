"""Searches for records of which a claim about a policy is not true, by clingo.

A claim speaks of recommendations, and a recommendation speaks of all completions of a record. Two programs share
the work: ``proofs.lp`` proposes records with what should follow from them, and ``determine.lp``, the very program
by which lines are reviewed, is asked whether it follows. Its answers are exact and are kept as lemmas, each of
which holds for every record: a core of decided leaves that rules something out, or a completion that shows it
possible. A search ends with records that both programs agree on, or with the proof that there are none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from reasoner import resources
from reasoner.model import Polarity, Status
from reasoner.policy import Policy
from reasoner.proving.composition import Assumption, Clock, Composition, quoted, solve, table_facts
from reasoner.weigh import status_by

if TYPE_CHECKING:
    from clingo import Control, Symbol

COVERED = "covered"


@dataclass(frozen=True)
class Record:
    """What a search proposes about one line: the status of each leaf, the readings, and what is recommended."""

    statuses: Mapping[str, Status]
    readings: Mapping[str, str]
    recommendations: tuple[str, ...]
    consistent: bool


@dataclass(frozen=True)
class Found:
    """The records that a search has found, by name, and every atom that it derived."""

    records: Mapping[str, Record]
    atoms: frozenset[Symbol] = field(repr=False, default=frozenset())

    def values(self, name: str) -> list[tuple[Any, ...]]:
        """The arguments of the atoms of a name: strings, numbers, or names as text."""
        return sorted(tuple(_plain(a) for a in s.arguments) for s in self.atoms if s.name == name)


def _plain(symbol: Symbol) -> Any:
    from clingo import SymbolType

    if symbol.type is SymbolType.Number:
        return symbol.number
    return symbol.string if symbol.type is SymbolType.String else str(symbol)


class Prover:
    """Searches among the records of one policy. ``program`` is the text of ``determine.lp``."""

    def __init__(self, policy: Policy, program: str | None = None) -> None:
        self.policy = policy
        self.program = program if program is not None else resources.program_file().read_text(encoding="utf-8")
        self.searches = 0
        self._lemmas: dict[str, None] = {}

    @cached_property
    def composition(self) -> Composition:
        """The program that composes recommendations."""
        return Composition(self.policy, self.program)

    @cached_property
    def _base(self) -> str:
        rules = resources.package_file("proving/proofs.lp").read_text(encoding="utf-8")
        shapes = resources.package_file("proving/shapes.lp").read_text(encoding="utf-8")
        return "\n".join([rules, shapes, "#program base.", *record_facts(self.policy), *table_facts(self.program)])

    def search(self, parts: Iterable[str], clock: Clock, facts: Iterable[str] = ()) -> Found | None:
        """Records that fulfil parts of ``proofs.lp``, or None: there are none.

        Args:
            parts: names of program parts, such as ``no_gap_premises``.
            clock: the time that is left.
            facts: further facts and rules of the question.

        Raises:
            TimeOver: the time was over before the search ended.
        """
        return next(self.search_all(parts, clock, facts), None)

    def search_all(
        self,
        parts: Iterable[str],
        clock: Clock,
        facts: Iterable[str] = (),
        unlike: Callable[[Found], str] = lambda _: "",
    ) -> Iterator[Found]:
        """As :meth:`search`, one after the other; ``unlike`` is a rule that those found later must fulfil.

        Raises:
            TimeOver: the time was over before the search ended.
        """
        from clingo import Control

        control: Control = Control(["--warn=none", "--heuristic=Domain"])
        control.add("base", [], "\n".join([self._base, *facts, *self._lemmas]))
        clock.left()
        control.ground([("base", []), *((part, []) for part in parts)])
        while True:
            self.searches += 1
            atoms, _ = solve(control, [], clock)
            if atoms is None:
                return
            proposal = _Proposal(self.policy, atoms)
            added = [text for text in self._corrections(proposal, clock) if text not in self._lemmas]
            self._lemmas.update(dict.fromkeys(added))
            if not added:
                found = Found(proposal.records(), atoms)
                yield found
                added = [unlike(found)]
            part = f"added{self.searches}"
            control.add(part, [], "\n".join(added))
            control.ground([(part, [])])

    def _corrections(self, proposal: _Proposal, clock: Clock) -> list[str]:
        """Lemmas that the proposal breaks: what it says of completions is not what ``determine.lp`` says."""
        out = []
        for name in proposal.names:
            known = proposal.assumptions(name, self.composition.terms)
            claims = [("consistent(R)", name in proposal.consistent, "sound")]
            for query in proposal.queries if name in proposal.consistent else ():
                told = COVERED if query == COVERED else quoted(query)
                for value in ("yes", "no"):
                    said = (name, query, value) in proposal.can
                    claims.append((f"can(R,{told},{value})", said, f"shown({told},{value})"))
            for claim, said, wanted in claims:
                possible = self.composition.possible(known, wanted, clock)
                if said != possible:
                    out.append(_lemma(claim, possible, self.composition.reason(known, wanted, clock)))
        return out


def _lemma(claim: str, possible: bool, reason: tuple[Assumption, ...]) -> str:
    """What an answer says of every record: nothing that contradicts a completion keeps it out, a core rules it out."""
    if not possible:
        return f":- {', '.join([claim, *_conditions(reason)])}."
    query = claim.removeprefix("can(R,").rpartition(",")[0]
    body = ["record(R)", f"not {claim}", *([f"query({query})"] if claim.startswith("can(") else [])]
    for atom, value in reason:
        if atom.startswith("true("):
            body.append(f"not decided(R,{_inner(atom)},{'no' if value else 'yes'})")
    body += _conditions(a for a in reason if not a[0].startswith("true("))
    return f":- {', '.join(body)}."


def _inner(atom: str) -> str:
    return atom[atom.index("(") + 1 : -1]


def _conditions(assumptions: Iterable[Assumption]) -> list[str]:
    """Assumptions about a completion as conditions on the record R that it completes."""
    out = []
    for atom, value in assumptions:
        if atom.startswith("true("):
            out.append(f"decided(R,{_inner(atom)},{'yes' if value else 'no'})")
        elif atom.startswith("joined("):
            out.append(f"{'' if value else 'not '}joined(R,{_inner(atom)})")
        elif atom.startswith("heeded("):
            out.append(f"{'' if value else 'not '}heeds(R,{_inner(atom)})")
    return out


class _Proposal:
    """A model of ``proofs.lp``, taken apart."""

    def __init__(self, policy: Policy, atoms: frozenset[Symbol]) -> None:
        self.policy = policy
        rows: dict[str, list[tuple[Any, ...]]] = {}
        for s in atoms:
            rows.setdefault(s.name, []).append(tuple(_plain(a) for a in s.arguments))
        self.rows = {name: sorted(found, key=str) for name, found in rows.items()}
        self.names = [str(n) for (n,) in self.rows.get("record", [])]
        self.consistent = {n for (n,) in self.rows.get("consistent", [])}
        self.can = set(self.rows.get("can", []))
        self.queries = [q for (q,) in self.rows.get("query", [])]

    def assumptions(self, name: str, terms: Iterable[str]) -> tuple[Assumption, ...]:
        """The record of a name as assumptions about its completions; no term of a plan or mandate binds."""
        heeded = {c for n, c in self.rows.get("heeds", []) if n == name}
        out = [(f"true({quoted(leaf)})", v == "yes") for n, leaf, v in self.rows.get("decided", []) if n == name]
        out += [(f"joined({quoted(g)},{k})", True) for n, g, k in self.rows.get("joined", []) if n == name]
        out += [(f"heeded({quoted(c.iri)})", c.iri in heeded) for c in self.policy.constraints]
        return (*out, *((term, False) for term in terms))

    def records(self) -> dict[str, Record]:
        """The records by name."""
        return {
            name: Record(
                {leaf: Status(s) for n, leaf, s in self.rows.get("is", []) if n == name},
                {a: d for n, a, d in self.rows.get("reads", []) if n == name},
                tuple(x for n, x in self.rows.get("recommends", []) if n == name),
                name in self.consistent,
            )
            for name in self.names
        }


# ---- Facts -----------------------------------------------------------------------------------------


def pattern_status(polarities: Iterable[Polarity]) -> Status:
    """The status that evidence of these polarities gives a leaf."""
    return status_by(set(polarities))


def patterns() -> list[frozenset[Polarity]]:
    """Every set of polarities that the evidence for one leaf can have."""
    kinds = list(Polarity)
    return [frozenset(p for i, p in enumerate(kinds) if mask >> i & 1) for mask in range(1 << len(kinds))]


def status_facts() -> list[str]:
    """What the statuses are, which evidence gives which, and how evidence turns one into another."""
    out = [f'status("{s}"). rank("{s}",{1 if s.is_open else 2 * (s is Status.MET)}).' for s in Status]
    out += ['settles("met",yes). settles("unmet",no).']
    order = (Polarity.FOR, Polarity.AGAINST, Polarity.CONSIDERED, Polarity.CONFLICTING)
    turns: dict[str, None] = {}
    for pattern in patterns():
        now = pattern_status(pattern)
        out.append(f'gives({",".join(str(int(p in pattern)) for p in order)},"{now}").')
        for polarity in order:
            turns[f'adds({polarity},"{now}","{pattern_status(pattern | {polarity})}").'] = None
    return [*out, *turns]


def record_facts(policy: Policy) -> list[str]:
    """The facts of a policy for ``proofs.lp``."""
    q = quoted
    out = status_facts()
    for node in policy.criteria:
        out.append(f"node({q(node.iri)}).")
        out += [f"leaf({q(node.iri)})."] if node.is_leaf else []
        if not node.is_leaf:
            out.append(f"standard({q(node.iri)},{policy.needed(node, {})}).")
    out += [f"exclusion({q(x)})." for x in policy.exclusions]
    out.append(f"root({q(policy.root)}).")
    named = {reading for c in policy.constraints for reading in c.under}
    for place, a in enumerate(policy.ambiguities):
        if any(r.regroups or r.iri in named for r in a.readings):
            out += [f"reading({q(a.iri)},{q(r.iri)})." for r in a.readings]
            out.append(f"default({q(a.iri)},{q(a.default.iri)}).")
        for r in a.readings:
            if r.regroups:
                number = policy.needed(policy.by_iri[r.regroups], {a.iri: r.iri})
                out.append(f"regroup({place},{q(r.iri)},{q(r.regroups)},{number}).")
    for c in policy.constraints:
        out.append(f"constraint({q(c.iri)}).")
        for reading in c.under:
            owner = next(a for a in policy.ambiguities if reading in {r.iri for r in a.readings})
            out.append(f"under({q(c.iri)},{q(owner.iri)},{q(reading)}).")
    return out
