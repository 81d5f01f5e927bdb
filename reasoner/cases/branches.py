"""Which rules of the logic program ``determine.lp`` a decided line reaches.

Every rule gets a twin whose head says only that its body holds. The twins run beside the program that decides, so a
rule is reached where its body holds in some completion of the record's open criteria. Facts are no branches.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from reasoner import resources
from reasoner.determine import Authority, Program, Vector
from reasoner.model import Basis, Recommendation
from reasoner.policy import Policy, Readings

if TYPE_CHECKING:
    from clingo import Control, Symbol

_REACHED = "reached_branch"
_BASE, _RECOMMEND = "base", "recommend"
_SHOW = f"#show {_REACHED}/1."


@dataclass(frozen=True)
class Branch:
    """One rule of the program: the line on which it begins, the part that holds it, and what it says.

    ``rules_out`` marks a rule without a head: what it describes is no completion of a record.
    """

    line: int
    part: str
    text: str
    head: str
    body: tuple[str, ...]

    @property
    def id(self) -> str:
        """The line of the program on which the rule begins."""
        return f"line {self.line}"

    @property
    def rules_out(self) -> bool:
        """Whether the rule says what cannot be."""
        return self.head == "#false"

    @property
    def twin(self) -> str:
        """A rule that says that the body of this one holds."""
        return f"{_REACHED}({self.line}) :- {'; '.join(self.body)}."


@cache
def branches() -> tuple[Branch, ...]:
    """The branches of the program, in its order.

    A rule without a head in the part that states the recommendation guards the program against itself: nothing may
    ever reach it, so it is no branch.
    """
    return tuple(b for b in _rules() if b.body and not (b.rules_out and b.part == _RECOMMEND))


@cache
def _rules() -> tuple[Branch, ...]:
    from clingo.ast import AST, ASTType, parse_string

    found: list[Branch] = []
    part = _BASE

    def take(node: AST) -> None:
        nonlocal part
        if node.ast_type is ASTType.Program:
            part = node.name
        elif node.ast_type is ASTType.Rule:
            body = tuple(str(literal) for literal in node.body)
            found.append(Branch(node.location.begin.line, part, str(node), str(node.head), body))

    parse_string(resources.program_file().read_text(encoding="utf-8"), take)
    return tuple(found)


class BranchProgram(Program):
    """The program of a policy, which also tells the branches that a line reaches."""

    def __init__(self, policy: Policy) -> None:
        from clingo import Control

        super().__init__(policy)
        mine = [b for b in branches() if b.part == _BASE]
        # What the constraints rule out is reached only where nothing rules it out: without the constraints.
        self._unbound: Control = Control(["--warn=none"])
        self._symbols = {atom.literal: atom.symbol for atom in self._control.symbolic_atoms}
        facts = [f"{atom.symbol}." for atom in self._control.symbolic_atoms if atom.is_fact]
        rules = [b.text for b in _rules() if b.part == _BASE and not b.rules_out]
        twins = [b.twin for b in mine if b.rules_out]
        self._unbound.add("base", [], "\n".join([*facts, *rules, *twins, _SHOW]))
        self._unbound.ground([("base", [])])
        _add(self._control, [b.twin for b in mine if not b.rules_out])
        _add(self._final, [b.twin for b in branches() if b.part == _RECOMMEND])
        self._seen: dict[tuple[object, ...], frozenset[int]] = {}

    def outside(self) -> frozenset[int]:
        """The branches for a line that is out of scope."""
        inputs = ("in_scope", "consistent", "can_cover", "can_deny", "replaced")
        return self._reached(self._final, [(self._input(name), False) for name in inputs])

    def reached(self, vector: Vector, readings: Readings, authority: Authority) -> frozenset[int]:
        """The branches that a line in scope reaches, by the line of the program on which they begin."""
        joined, heeded = self.policy.arranged(readings)
        key = (vector, joined, authority, heeded)
        if key not in self._seen:
            facts = self._assumptions(vector, joined, authority)
            bound = [*facts, *self._heeding(heeded)]
            named = [(self._symbols[abs(literal)], literal > 0) for literal in bound]  # numbers differ between Controls
            found = self._reached(self._control, named) | self._reached(self._unbound, named)
            self._seen[key] = found | self._answer(vector, readings, authority, bound)
        return self._seen[key]

    def _answer(self, vector: Vector, readings: Readings, authority: Authority, bound: list[int]) -> frozenset[int]:
        decision = self.decide(vector, readings, authority)
        consistent = self._possible(bound)
        inputs = {
            "in_scope": True,
            "consistent": consistent,
            "can_cover": consistent and self._possible([*bound, self._covered]),
            "can_deny": consistent and self._possible([*bound, -self._covered]),
            "replaced": decision.recommendation is Recommendation.PEND
            and decision.basis in (Basis.MANDATE, Basis.PLAN_TERM),
        }
        return self._reached(self._final, [(self._input(name), value) for name, value in inputs.items()])

    def _input(self, name: str) -> Symbol:
        from clingo import Function

        return Function(name)

    def _reached(self, control: Control, assumed: list[tuple[Symbol, bool]]) -> frozenset[int]:
        """The branches that hold in some model."""
        found: set[int] = set()
        settings = control.configuration.solve
        before = settings.enum_mode, settings.models  # type: ignore[union-attr]
        settings.enum_mode, settings.models = "brave", "0"  # type: ignore[union-attr]
        with control.solve(assumptions=assumed, yield_=True) as handle:
            for model in handle:
                found = {s.arguments[0].number for s in model.symbols(shown=True) if s.name == _REACHED}
        settings.enum_mode, settings.models = before  # type: ignore[union-attr]
        return frozenset(found)


def _add(control: Control, rules: list[str]) -> None:
    control.add("twins", [], "\n".join([*rules, _SHOW]))
    control.ground([("twins", [])])
