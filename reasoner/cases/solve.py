"""Looks for a record with the logic program: the nearest one in which something wanted is so.

A search is a policy, the space of records, and worlds: world 0 reads the policy by default, further worlds read it
otherwise, leave a rule out, or take it that evidence fits a shape. What is wanted is a rule over these worlds.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from pyoxigraph import NamedNode

from reasoner.cases.encode import Names, ShapeRules
from reasoner.cases.space import Space, Start
from reasoner.cases.usage import Usage
from reasoner.model import Status
from reasoner.policy import Facet, Link, Policy, Readings, Rule
from reasoner.shapes import ANYTHING, NOTHING
from reasoner.triples import RDF_TYPE, Spo, Triples
from reasoner.vocabulary import CLIN, COV, SH

if TYPE_CHECKING:
    from clingo import Control, Model, Symbol

RULES = Path(__file__).with_name("records.lp")
_FIRM, _LOOSE = 30, 6
"""What it costs that a criterion has another status than usual: where a first case is made, and beside a case."""

STATUSES = {status: status.value.replace("-", "_") for status in Status}


@dataclass(frozen=True)
class World:
    """One way to weigh a record: under readings, without a rule, or with a shape that evidence need not fit.

    ``granted`` is a rule (IRI) and one of its shapes or links; empty where none is granted. ``taken`` is a criterion
    (IRI) and the status that it is taken to have, whatever its evidence.
    """

    readings: Readings
    without: str = ""
    granted: tuple[str, str] = ("", "")
    taken: tuple[str, Status] | None = None


@dataclass(frozen=True)
class Wanted:
    """What a record is to show: rules of the program, made for a search, and the worlds from number 1 on.

    ``outside`` lets the record be out of the policy's scope; ``free`` are leaves (ids) whose status may be any.
    ``about`` is the leaf (IRI) that alone is weighed in the further worlds, with those it links to; empty for all.
    """

    rules: Callable[[Search], Iterable[str]]
    worlds: tuple[World, ...] = ()
    outside: bool = False
    free: frozenset[str] = frozenset()
    about: str = ""


@dataclass(frozen=True)
class Found:
    """What a search came to: the statements of a record, the statuses that it is to have, or why there is none.

    ``because`` names the shapes of usable requests that forbid every such record; empty where the criteria do alone.
    """

    triples: tuple[Spo, ...] = ()
    statuses: dict[str, Status] = field(default_factory=dict)
    impossible: bool = False
    because: tuple[str, ...] = ()
    cost: tuple[int, ...] = ()


def usage_of(policy: Policy, usage: Usage) -> Usage:
    """Note in a usage what the evidence rules, the scope and the remarks of a policy ask for."""
    rules = [r for leaf in policy.leaves for r in leaf.rules]
    asked: list[tuple[Facet, str]] = [(f, r.evidence_class) for r in rules for f in r.facets]
    asked += [(f, COV.Line.value) for s in policy.scope for f in s.facets]
    asked += [(f, n.evidence_class) for n in policy.note_rules for f in n.facets]
    usage.record_classes |= {NamedNode(cls) for _, cls in asked}
    condition = (CLIN.Condition, CLIN.diagnosisCode)
    usage.demands[condition].patterns.update(note.pattern for note in policy.coding_notes)
    kinds = {NamedNode(k) for k in (*policy.kinds, *(k for route in policy.routes for k in route.kinds))}
    usage.demands[CLIN.Condition, CLIN.kind].values.update(kinds)
    for facet, cls in asked:
        for use in facet.all_uses():
            if isinstance(use, Link):
                usage.ask_link(use, [cls], _ends(policy, use))
                if use.shape is not None:
                    usage.ask(use.shape, _ends(policy, use))
            else:
                usage.ask(use, [cls])
    return usage


def _linked(policy: Policy, leaf: str) -> set[str]:
    """A leaf and all to whose evidence its rules lead."""
    out: set[str] = set()
    todo = [leaf]
    while todo:
        here = todo.pop()
        if here not in out:
            out.add(here)
            uses = (u for rule in policy.by_iri[here].rules for f in rule.facets for u in f.all_uses())
            todo += [use.criterion for use in uses if isinstance(use, Link)]
    return out


def _ends(policy: Policy, link: Link) -> list[str]:
    """The classes of the evidence to which a link leads."""
    return sorted({r.evidence_class for r in policy.by_iri[link.criterion].rules if r.polarity in link.counting})


class Search:
    """One grounded search, asked for one record after another."""

    def __init__(
        self, policy: Policy, shapes: Triples, usage: Usage, start: Start, wanted: Wanted, usually: dict[str, Status]
    ) -> None:
        from clingo import Control

        self.policy = policy
        self.names = Names()
        self.space = Space(policy, usage, start, self.names)
        self.rules = ShapeRules(shapes, self.names)
        self.wanted = wanted
        self._heeded: dict[str, str] = {}
        lines = [RULES.read_text(encoding="utf-8"), *self._policy(usually), *self._requests()]
        for number, world in enumerate((World(policy.default_readings), *wanted.worlds)):
            lines += self._world(number, world)
        lines += wanted.rules(self)
        lines += self.rules.lines
        lines += self.space.facts()
        lines += self.rules.facts()
        lines.append("#defined impossible/1. #defined size_of/2.")
        self._control: Control = Control(["--warn=none", "--opt-strategy=usc"])
        self.text = "\n".join(lines)
        self._control.add("base", [], self.text)
        self._control.ground([("base", [])])
        self._forbidden = 0

    # -- the policy as facts and rules

    def _policy(self, usually: dict[str, Status]) -> Iterator[str]:
        policy = self.policy
        yield f"weight({_FIRM if self.space.start.case is None else _LOOSE})."
        for leaf in policy.leaves:
            yield f"leaf({self.id(leaf.iri)})."
            if leaf.iri in usually and leaf.id not in self.wanted.free:
                yield f"usually({self.id(leaf.iri)},{STATUSES[usually[leaf.iri]]})."
        yield f"root({self.id(policy.root)})."
        yield from (f"exclusion({self.id(x)})." for x in policy.exclusions)
        for criterion in policy.criteria:
            yield from (f"member({self.id(criterion.iri)},{self.id(m)})." for m in criterion.members)

    def id(self, criterion: str) -> str:
        """The constant of a criterion."""
        return self.names(NamedNode(criterion))

    def _world(self, number: int, world: World) -> Iterator[str]:
        policy = self.policy
        yield f"world({number})."
        for group in (c for c in policy.criteria if not c.is_leaf):
            yield f"need({number},{self.id(group.iri)},{policy.needed(group, world.readings)})."
        for constraint in policy.constraints:
            if constraint.holds(world.readings):
                yield f"exclusive({number},{','.join(self.id(c) for c in constraint.not_together)})."
        if world.taken is not None:
            leaf, status = world.taken
            yield f"taken({number},{self.id(leaf)},{STATUSES[status]})."
        yield from self._leaves(number, world)
        yield from self._scope(number, world)

    def _leaves(self, number: int, world: World) -> Iterator[str]:
        about = self.wanted.about if number else ""
        weighed = _linked(self.policy, about) if about else {leaf.iri for leaf in self.policy.leaves}
        for place, leaf in enumerate(self.policy.leaves):
            if leaf.iri in weighed:
                yield f"#defined e_{number}_{place}/2."
                yield f"has({number},{self.id(leaf.iri)},P) :- e_{number}_{place}(P,_)."
                for order, rule in enumerate(leaf.rules):
                    yield from self._rule(number, world, f"f_{number}_{place}_{order}", f"e_{number}_{place}", rule)

    def _scope(self, number: int, world: World) -> Iterator[str]:
        for order, condition in enumerate(self.policy.scope):
            yield f"scope({order})."
            body = self.bodies(number, world, condition.facets, COV.Line.value)
            if body is not None:
                on_line = [b.replace("(N)", f"({self.names(self.space.start.line)})") for b in body]
                yield f"in_scope({number},{order}) :- {', '.join([f'world({number})', *on_line])}."
        if number == 0 and not self.wanted.outside:
            yield ":- not inside(0)."

    def _rule(self, number: int, world: World, fits: str, counts: str, rule: Rule) -> Iterator[str]:
        yield f"#defined {fits}/1."
        if rule.iri == world.without:
            return
        bodies = self.bodies(number, world, rule.facets, rule.evidence_class, rule.iri)
        if bodies is not None:
            yield f"{fits}(N) :- {', '.join([f'on(N,{self.names(NamedNode(rule.evidence_class))})', *bodies])}."
            yield f"{counts}({rule.polarity.value},N) :- {fits}(N)."

    def bodies(self, number: int, world: World, facets: Iterable[Facet], cls: str, rule: str = "") -> list[str] | None:
        """What a node must be to fit facets in a world; None where no node can."""
        out = []
        for facet in facets:
            for use in facet.uses(world.readings):
                iri = use.iri if isinstance(use, Link) else use
                if use == ANYTHING or world.granted == (rule, iri):
                    continue
                if use == NOTHING:
                    return None
                out.append(f"{self.fits(number, use, cls)}(N)")
        return list(dict.fromkeys(out))

    def fits(self, number: int, use: str | Link, cls: str) -> str:
        """The predicate of the nodes of a class that fit a shape or link in a world."""
        if isinstance(use, str):
            return self.rules.asked_of(use, [cls])
        place = next(i for i, leaf in enumerate(self.policy.leaves) if leaf.iri == use.criterion)
        name = f"link_{number}_{self.names(NamedNode(use.iri))}"
        path = self._link_path(use)
        body = [f"{path}(X,Y)", f"e_{number}_{place}(P,Y)", f"counting_{name}(P)"]
        if use.shape is not None:
            body.append(f"{self.rules.asked_of(use.shape, _ends(self.policy, use))}(Y)")
        lines = [f"{name}(X) :- {', '.join(body)}.", f"#defined {name}/1."]
        lines += [f"counting_{name}({polarity.value})." for polarity in use.counting]
        self.rules.lines += [line for line in lines if line not in self.rules.lines]
        return name

    def _link_path(self, link: Link) -> str:
        """The predicate of the pairs that a link's path leads to."""
        base = f"way_{self.names(NamedNode(link.iri))}"
        if f"#defined {base}_0/2." in self.rules.lines:
            return f"{base}_{len(link.path)}"
        self.rules.lines += [f"#defined {base}_0/2.", f"{base}_0(X,X) :- evidence(X)."]
        self.rules.lines.append(f"{base}_0(X,X) :- on(X,cov_Line).")
        for i, step in enumerate(link.path):
            here, there = f"{base}_{i}", f"{base}_{i + 1}"
            self.rules.lines.append(f"#defined {there}/2.")
            if step.optional:
                self.rules.lines.append(f"{there}(X,Y) :- {here}(X,Y).")
            for prop, forward in step.predicates:
                says = self.rules.says(prop)
                arguments = f"Y,{self.names(prop)},Z" if forward else f"Z,{self.names(prop)},Y"
                self.rules.lines.append(f"{there}(X,Z) :- {here}(X,Y), {says}({arguments}).")
                if step.repeated:
                    self.rules.lines.append(f"{there}(X,Z) :- {there}(X,Y), {says}({arguments}).")
        return f"{base}_{len(link.path)}"

    def _requests(self) -> Iterator[str]:
        """The shapes of usable requests, each of which can be disregarded to ask whether it alone forbids a record."""
        shapes = self.rules.shapes
        for shape in shapes.subjects(RDF_TYPE, SH.NodeShape):
            for cls in shapes.nodes(shape, SH.targetClass):
                if not isinstance(shape, NamedNode) or not isinstance(cls, NamedNode) or "request#" not in shape.value:
                    continue
                for part in shapes.nodes(shape, SH.property) or [shape]:
                    if isinstance(part, NamedNode) and shapes.node(part, SH.severity) in (None, SH.Violation):
                        test = self.rules.asked_of(part.value, [cls.value])
                        heed = f"heed({self.names(part)})"
                        self._heeded[heed] = part.value
                        yield f"{{ {heed} }}. :- on(N,{self.names(cls)}), {heed}, not {test}(N)."

    # -- asking

    def solve(self, seconds: float) -> Found | None:
        """The nearest record found within some seconds; None where time was too short to find any or to exclude it."""
        until = time.monotonic() + seconds
        # Whether there is any record at all is told much faster without asking for the nearest.
        self._mode("ignore")
        core = self._core(self._assumed(), until)
        if core is not None:
            return Found(impossible=True, because=self._because(core, until))
        self._mode("opt")
        best: Found | None = None
        with self._control.solve(assumptions=self._assumed(), yield_=True, async_=True) as handle:
            while True:
                handle.resume()
                if not handle.wait(max(0.0, until - time.monotonic())):
                    handle.cancel()
                    return best
                model = handle.model()
                if model is None:
                    return best
                best = self._read(model)

    def _mode(self, mode: str) -> None:
        self._control.configuration.solve.opt_mode = mode  # type: ignore[union-attr]

    def _core(self, assumed: list[tuple[Symbol, bool]], until: float) -> set[int] | None:
        """The literals that together leave no record; None where there is one, or time was too short to tell."""
        with self._control.solve(assumptions=assumed, yield_=True, async_=True) as handle:
            handle.resume()
            if not handle.wait(max(0.0, until - time.monotonic())):
                handle.cancel()
                return None
            return set(handle.core()) if handle.model() is None and handle.get().unsatisfiable else None

    def forbid(self, found: Found) -> None:
        """Rule a record out, and every record that says all that it says anew."""
        before, now = dict.fromkeys(self.space.start.triples), dict.fromkeys(found.triples)
        told = [t for t in now if t not in before]
        taken_back = [t for t in before if t not in now and t in self.space.may]
        n = self.names
        body = [f"t({n(s)},{n(p)},{n(o)})" for s, p, o in told if p != RDF_TYPE]
        body += [f"not t({n(s)},{n(p)},{n(o)})" for s, p, o in taken_back]
        name = f"forbidden_{self._forbidden}"
        self._forbidden += 1
        self._control.add(name, [], f":- {', '.join(body)}." if body else ":- record(_).")
        self._control.ground([(name, [])])

    def _assumed(self) -> list[tuple[Symbol, bool]]:
        atoms = self._control.symbolic_atoms
        return [(a.symbol, True) for a in atoms.by_signature("heed", 1)]

    def _because(self, core: set[int], until: float) -> tuple[str, ...]:
        """Request shapes that together forbid the wanted record, none of which could be left out."""
        atoms = self._control.symbolic_atoms
        blamed = [a.symbol for a in atoms.by_signature("heed", 1) if a.literal in core]
        for symbol in list(blamed):
            if self._core([(s, True) for s in blamed if s != symbol], until) is not None:
                blamed.remove(symbol)
        return tuple(sorted(self._heeded[str(s)] for s in blamed))

    def _read(self, model: Model) -> Found:
        term = self.names.terms
        nodes = {slot.node for slot in self.space.slots}
        told: list[Spo] = []
        statuses: dict[str, Status] = {}
        for symbol in model.symbols(shown=True):
            parts = [str(a) for a in symbol.arguments]
            if symbol.name == "t":
                s, p, o = (term[part] for part in parts)
                if s in nodes and isinstance(s, NamedNode) and isinstance(p, NamedNode):
                    told.append((s, p, o))
            elif symbol.name == "st" and parts[0] == "0":
                statuses[str(getattr(term[parts[1]], "value", ""))] = Status(parts[2].replace("_", "-"))
        return Found(tuple(told), statuses, cost=tuple(model.cost))
