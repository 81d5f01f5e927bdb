"""``determine.lp`` as a theory: what the completions of a record can be, with the reason for every answer."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from reasoner.determine import facts
from reasoner.errors import ProgramError
from reasoner.policy import Policy

if TYPE_CHECKING:
    from clingo import Control, Symbol

Assumption = tuple[str, bool]
"""An atom of ``determine.lp``, as text, and whether it holds."""


class TimeOver(Exception):
    """The time for all proofs is used up."""


class Clock:
    """The time that is left: ``seconds`` from now on. A search that still runs when it is over is interrupted."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds
        self._searching: Control | None = None
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None

    def left(self) -> float:
        """How many seconds are left.

        Raises:
            TimeOver: none.
        """
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeOver
        return left

    @contextmanager
    def watching(self, control: Control) -> Iterator[None]:
        """Searches of a control within this block end when the time is over."""
        left = self.left()
        if self._timer is None:
            self._timer = threading.Timer(left, self._over)
            self._timer.daemon = True
            self._timer.start()
        self._searching = control
        try:
            yield
        finally:
            with self._lock:
                self._searching = None

    def _over(self) -> None:
        while True:  # a search that had not quite begun is interrupted a moment later
            with self._lock:
                if self._searching is None:
                    return
                self._searching.interrupt()
            time.sleep(0.05)

    def stop(self) -> None:
        """Forget the time: nothing is interrupted any more."""
        if self._timer is not None:
            self._timer.cancel()


def solve(
    control: Control, assumptions: list[tuple[Symbol, bool]], clock: Clock
) -> tuple[frozenset[Symbol] | None, list[int]]:
    """What a model shows, or None and a core of the assumptions.

    Raises:
        TimeOver: the time was over before an answer came.
    """
    with clock.watching(control), control.solve(assumptions=assumptions, yield_=True) as handle:
        model = handle.model()
        if model is not None:
            return frozenset(model.symbols(shown=True)), []
        if handle.get().interrupted:
            raise TimeOver
        return None, list(handle.core())


def best(control: Control, clock: Clock) -> frozenset[Symbol] | None:
    """What a model shows that none weighs less than; None where there is no model.

    Raises:
        TimeOver: the time was over before that was known.
    """
    found: frozenset[Symbol] | None = None
    with clock.watching(control), control.solve(yield_=True) as handle:
        for model in handle:
            found = frozenset(model.symbols(shown=True))
        if handle.get().interrupted:
            raise TimeOver
    return found


class Composition:
    """``determine.lp`` with the facts of a policy, asked what the completions of a record can be.

    Its integrity constraints are turned into rules for ``broken``, so that a reason can be had both why a
    completion is admitted and why none is. Such a program has a stable model for every choice of its facts,
    since it is stratified; one that is not is refused.
    """

    def __init__(self, policy: Policy, program: str) -> None:
        from clingo import Control

        stratified(program)
        self._control: Control = Control(["--warn=none"])
        nodes = [quoted(c.iri) for c in policy.criteria]
        self._control.add("base", [], "\n".join([facts(policy), "#defined broken/0.", *_shown_rules(nodes)]))
        self._control.add("base", [], "\n".join(relaxed(program)))
        self._control.ground([("base", [])])
        self._symbols = {str(a.symbol): (a.symbol, a.literal) for a in self._control.symbolic_atoms}
        chosen = {f"{name}(" for name in _chosen(program)}
        self._choices = [n for n in self._symbols if n.partition("(")[0] + "(" in chosen]
        self.terms = [name for name in self._symbols if name.startswith("term(")]
        self._possible: dict[tuple[frozenset[Assumption], str], bool] = {}

    def possible(self, known: Iterable[Assumption], wanted: str, clock: Clock) -> bool:
        """Whether a record, given as assumptions, has a completion in which an atom holds."""
        key = (frozenset(known), wanted)
        if key not in self._possible:
            self._possible[key] = self._solved([*sorted(key[0]), (wanted, True)], clock)[0] is not None
        return self._possible[key]

    def reason(self, known: Iterable[Assumption], wanted: str, clock: Clock) -> tuple[Assumption, ...]:
        """What suffices for the answer: choices of a completion in which the atom holds, or what rules it out."""
        given = sorted(set(known))
        atoms, _ = self._solved([*given, (wanted, True)], clock)
        if atoms is None:
            return self._core(given, (wanted, True), clock)
        return self._core([(n, n in atoms) for n in self._choices], (wanted, False), clock)

    def _core(self, known: list[Assumption], opposite: Assumption, clock: Clock) -> tuple[Assumption, ...]:
        """Assumptions that rule the opposite out, none of them idle."""
        for name, value in known:
            if value and name not in self._symbols:
                return ((name, value),)
        model, literals = self._solved([*known, opposite], clock)
        if model is not None:
            raise ProgramError("The logic program leaves open what follows from its own choices.")
        needed = [a for a in known if self._literal(a) in literals]
        for one in tuple(needed):
            fewer = [a for a in needed if a != one]
            if self._solved([*fewer, opposite], clock)[0] is None:
                needed = fewer
        return tuple(needed)

    def _literal(self, assumption: Assumption) -> int:
        name, value = assumption
        literal = self._symbols[name][1] if name in self._symbols else 0
        return literal if value else -literal

    def _solved(self, assumptions: Iterable[Assumption], clock: Clock) -> tuple[frozenset[str] | None, set[int]]:
        given = []
        for name, value in assumptions:
            if name in self._symbols:
                given.append((self._symbols[name][0], value))
            elif value:  # what no rule can derive does not hold, whatever else does
                return None, set()
        atoms, core = solve(self._control, given, clock)
        return (frozenset(map(str, atoms)) if atoms is not None else None), set(core)


# ---- The program, taken apart ----------------------------------------------------------------------


def quoted(value: str) -> str:
    """A string of a logic program."""
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def _statements(program: str) -> list[tuple[str, str, Any]]:
    """The statements of a program: the part each belongs to, its text, its syntax tree."""
    from clingo.ast import ASTType, parse_string

    out: list[tuple[str, str, Any]] = []
    part = ["base"]

    def take(statement: Any) -> None:
        if statement.ast_type is ASTType.Program:
            part[0] = statement.name
        else:
            out.append((part[0], str(statement), statement))

    parse_string(program, take)
    return out


def relaxed(program: str) -> list[str]:
    """The base part of a program with its integrity constraints turned into rules for ``broken``."""
    out = []
    for part, text, _ in _statements(program):
        if part == "base" and not text.startswith("#show"):
            out.append(f"broken{text.removeprefix('#false')}" if text.startswith("#false") else text)
    return out


def _chosen(program: str) -> set[str]:
    """The predicates that a completion chooses; everything else follows."""
    from clingo.ast import ASTType

    heads = (s.head for part, _, s in _statements(program) if part == "base" and s.ast_type is ASTType.Rule)
    choices = [e.literal for head in heads if head.ast_type is ASTType.Aggregate for e in head.elements]
    return {name for literal in choices for name, _ in _atoms(literal)}


def stratified(program: str) -> None:
    """Refuse a program in which something follows from its own absence: a choice of facts could then have no model.

    Raises:
        ProgramError: it is not stratified.
    """
    needs: dict[str, set[tuple[str, bool]]] = defaultdict(set)
    for part, _, statement in _statements(program):
        if part == "base":
            for head in set(_atoms(getattr(statement, "head", None))):
                needs[head[0]] |= set(_atoms(getattr(statement, "body", None)))
    for start in tuple(needs):
        seen: set[tuple[str, bool]] = set()
        queue = [(start, False)]
        while queue:
            name, negated = queue.pop()
            for other, sign in needs.get(name, ()):
                state = (other, negated or sign)
                if state not in seen:
                    seen.add(state)
                    queue.append(state)
        if (start, True) in seen:
            raise ProgramError(f"In the logic program {start} follows from its own absence; proofs need another form.")


def _atoms(node: Any, negated: bool = False) -> Iterator[tuple[str, bool]]:
    """The predicates below a syntax tree, and whether each stands under a negation."""
    from clingo.ast import AST, ASTSequence, ASTType, Sign

    if isinstance(node, ASTSequence):
        for item in node:
            yield from _atoms(item, negated)
    elif isinstance(node, AST):
        if node.ast_type is ASTType.SymbolicAtom:
            yield str(node.symbol).partition("(")[0], negated
            return
        under = negated or getattr(node, "sign", Sign.NoSign) == Sign.Negation
        for key in node.child_keys:
            yield from _atoms(getattr(node, key), under)


def _shown_rules(nodes: Iterable[str]) -> list[str]:
    return [
        "sound :- not broken.",
        "shown(covered,yes) :- covered, not broken.",
        "shown(covered,no) :- not covered, not broken.",
        *(f"shown({n},yes) :- holds({n}), not broken." for n in nodes),
        *(f"shown({n},no) :- not holds({n}), not broken." for n in nodes),
    ]


def table_facts(program: str) -> list[str]:
    """What ``determine.lp`` recommends, as a table: what its rules derive, before its own check of their number."""
    from clingo import Control, Function

    control: Control = Control(["--warn=none", "--models=0"])
    rules = [text for part, text, _ in _statements(program) if part == "recommend" and not text.startswith("#false")]
    control.add("base", [], "\n".join(rules))
    control.ground([("base", [])])
    out = []
    for number in range(8):
        consistent, cover, deny = (bool(number >> bit & 1) for bit in (0, 1, 2))
        inputs = {"in_scope": True, "replaced": False, "consistent": consistent, "can_cover": cover, "can_deny": deny}
        found: set[str] = set()
        with control.solve(assumptions=[(Function(k), v) for k, v in inputs.items()], yield_=True) as handle:
            for model in handle:
                found |= {s.arguments[0].string for s in model.symbols(shown=True) if s.name == "recommend"}
        out += [f'table({int(consistent)},{int(cover)},{int(deny)},"{x}").' for x in sorted(found)]
    return out
