"""The facts of ``facets.lp`` for the evidence of one class: its candidates, its rules, and the shapes that they use."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

from pyoxigraph import NamedNode

from reasoner.policy import Facet, Link, Policy
from reasoner.proving.composition import quoted
from reasoner.proving.facets import BOUNDS, JOINS, OTHER, SILENT, Facets, Path, literal_fits
from reasoner.triples import Term
from reasoner.vocabulary import SH


@dataclass(frozen=True)
class Constraint:
    """One constraint of a property shape on the values of its path; ``place`` numbers it within the shape."""

    shape: Term
    place: int
    predicate: NamedNode
    asked: Term
    path: Path


@dataclass(frozen=True)
class Asked:
    """A rule as the program sees it: its IRI, the leaf, the polarity, and what it asks for.

    ``generated`` marks the rules by which a payer's judgement settles any leaf.
    """

    iri: str
    leaf: str
    polarity: str
    facets: tuple[Facet, ...]
    generated: bool = False


@dataclass
class _Compiled:
    """Shapes compiled so far."""

    parts: list[str] = field(default_factory=list)
    opaque: dict[str, Path | None] = field(default_factory=dict)
    paths: dict[str, Path] = field(default_factory=dict)
    on_path: dict[str, list[Constraint]] = field(default_factory=lambda: defaultdict(list))
    done: set[str] = field(default_factory=set)


class EvidenceFacts:
    """Facts on the evidence of one class. ``asked`` are the rules, or conditions put as rules."""

    def __init__(self, facets: Facets, policy: Policy, cls: str, asked: Iterable[Asked]) -> None:
        self.facets = facets
        self.policy = policy
        self.cls = cls
        self.asked = tuple(asked)
        self._compiled = _Compiled()

    @cached_property
    def lines(self) -> list[str]:
        """The facts."""
        out = list(self._rules())
        c, q = self._compiled, quoted
        uses = list(dict.fromkeys(u for a in self.asked for f in a.facets for u in f.all_uses()))
        for use in uses:
            self._use(use)
        links = [u for u in uses if isinstance(u, Link)]
        out += [f"implies({q(a.iri)},{q(b.iri)})." for a in links for b in links if a != b and _asks_all_of(a, b)]
        for path in tuple(c.paths.values()):
            c.paths.update({v.key: v for v in path.variants if v.key not in c.paths})
        values = {key: self._values(path) for key, path in c.paths.items()}
        out += c.parts
        out += [f"opaque({q(s)})." for s in c.opaque]
        out += [f"rests({q(s)},{q(p.key)})." for s, p in c.opaque.items() if p is not None]
        for key, path in c.paths.items():
            if path.variants:
                out += [f"union({q(key)},{q(v.key)})." for v in path.variants]
            else:
                told = sorted(values[key], key=lambda v: _name(v).startswith(OTHER))
                out += [
                    f"candidate({q(key)},{q(_name(v))}). place({q(key)},{q(_name(v))},{i})." for i, v in enumerate(told)
                ]
            out += self._limits(path)
            for constraint in c.on_path[key]:
                out += self._constraint(constraint, values)
        return out

    def _rules(self) -> Iterator[str]:
        q, named = quoted, set()
        for a in self.asked:
            yield f"rule({q(a.iri)},{q(a.leaf)},{a.polarity})." + (f" generated({q(a.iri)})." if a.generated else "")
            for f in a.facets:
                named |= {f.ambiguity} if f.ambiguity else set()
                for use in f.fixed:
                    yield f"fixed({q(a.iri)},{q(_name(use))})."
                for reading, uses in f.choices.items():
                    yield from (
                        f"switched({q(a.iri)},{q(f.ambiguity or '')},{q(reading)},{q(_name(u))})." for u in uses
                    )
        for ambiguity in (a for a in self.policy.ambiguities if a.iri in named):
            yield from (f"reading({q(ambiguity.iri)},{q(r.iri)})." for r in ambiguity.readings)
            yield f"standard({q(ambiguity.iri)},{q(ambiguity.default.iri)})."

    # ---- shapes

    def _use(self, use: str | Link) -> None:
        if isinstance(use, Link):
            self._compiled.opaque.setdefault(use.iri, None)
        else:
            self._shape(NamedNode(use))

    def _shape(self, shape: Term) -> None:
        c, t, name = self._compiled, self.facets.shapes, _name(shape)
        if name in c.done:
            return
        c.done.add(name)
        c.parts.append(f"shape({quoted(name)}).")
        head = t.one(shape, SH.path)
        path = self.facets.path(head) if head is not None else None
        place = 0
        for predicate in t.predicates(shape):
            if predicate in SILENT:
                continue
            for asked in t.objects(shape, predicate):
                self._component(shape, place, predicate, asked, path)
                place += 1

    def _component(self, shape: Term, place: int, predicate: NamedNode, asked: Term, path: Path | None) -> None:
        c, t, name = self._compiled, self.facets.shapes, _name(shape)
        if path is None and predicate in JOINS:
            members = t.members(asked) if predicate in (SH["and"], SH["or"], SH.xone) else [asked]
            for member in members:
                c.parts.append(f"part({quoted(name)},{place},{JOINS[predicate]},{quoted(_name(member))}).")
                self._shape(member)
            return
        constraint = Constraint(shape, place, predicate, asked, path) if path is not None else None
        if constraint is not None and self._decidable(constraint):
            c.on_path[constraint.path.key].append(constraint)
            c.paths.setdefault(constraint.path.key, constraint.path)
            if predicate == SH.disjoint:
                other = self.facets.path(asked)
                c.paths.setdefault(other.key, other)
            return
        hidden = f"{name}#{place}"
        counted = path is not None and predicate == SH.qualifiedValueShape and bool(t.one(shape, SH.qualifiedMinCount))
        c.opaque[hidden] = path if counted else None
        if path is not None and counted:
            c.paths.setdefault(path.key, path)
        c.parts.append(f"part({quoted(name)},{place},every,{quoted(hidden)}). shape({quoted(hidden)}).")

    def _decidable(self, c: Constraint) -> bool:
        """Whether the program can follow a constraint: it depends on the values and the ontology alone."""
        if c.predicate in (SH.minCount, SH.maxCount):
            # Where the ontology leads on from a value, values are more than those on the record.
            return not c.path.tail or _number(c.asked) == (1 if c.predicate == SH.minCount else 0)
        if not c.path.followed:
            return False
        if c.predicate in (SH.disjoint, SH.hasValue, SH["in"], SH.pattern, *BOUNDS):
            return True
        if c.predicate == SH.qualifiedValueShape and (least := self._least(c)) != 1 and (not least or c.path.tail):
            return False
        if c.predicate not in (SH.qualifiedValueShape, SH.node, SH.property, SH["not"]):
            return False
        return all(self._good(v, c) is not None for v in self._candidates(c.path, [c]))

    def _least(self, c: Constraint) -> int:
        """How many values a constraint asks for at least; 0 where it is no such constraint."""
        if c.predicate == SH.minCount:
            return _number(c.asked)
        if c.predicate == SH.qualifiedValueShape:
            return int(self.facets.shapes.text(c.shape, SH.qualifiedMinCount) or 0)
        return int(c.predicate == SH.hasValue)

    def _candidates(self, path: Path, constraints: Iterable[Constraint]) -> list[Term]:
        found = tuple(constraints)
        named = (t for c in found for t in self._named(c))
        return self.facets.candidates(path, named, (c.path.tail for c in found), self._alike(found))

    def _alike(self, constraints: Iterable[Constraint]) -> int:
        """How many values that nothing tells apart can matter: as many as a shape asks for, or has too many of."""
        most = [_number(c.asked) + 1 for c in constraints if c.predicate == SH.maxCount]
        return max([2, *most, *(self._least(c) for c in constraints)])

    def _named(self, c: Constraint) -> Iterator[Term]:
        if c.predicate == SH["in"]:
            yield from self.facets.shapes.members(c.asked)
        elif c.predicate in (SH.hasValue, *BOUNDS):
            yield c.asked
        elif c.predicate in (SH.qualifiedValueShape, SH.node, SH.property, SH["not"]):
            yield from self.facets.named(c.asked)

    def _good(self, value: Term, c: Constraint) -> bool | None:
        """Whether a value is one that a constraint asks for; None where more than the value decides it."""
        reached = self.facets.followed(value, c.path.tail)
        if c.predicate in (SH.minCount, SH.maxCount, SH.disjoint):
            return True
        if c.predicate == SH.hasValue:
            return c.asked in reached
        if c.predicate == SH["in"]:
            return reached <= set(self.facets.shapes.members(c.asked))
        if c.predicate in (SH.pattern, *BOUNDS):
            return all(literal_fits(v, c.predicate, c.asked) for v in reached)
        fits = [self.facets.value_fits(v, c.asked) for v in reached]
        if c.predicate == SH["not"]:
            fits = [None if f is None else not f for f in fits]
        wanted = c.predicate == SH.qualifiedValueShape
        if wanted in fits:
            return wanted
        return None if None in fits else not wanted

    # ---- values

    def _values(self, path: Path) -> list[Term]:
        """The values on a path; of those that nothing tells apart as many as can matter."""
        unions = [key for key, other in self._compiled.paths.items() if path in other.variants]
        keys = (path.key, *(v.key for v in path.variants), *unions)
        keys = (*keys, *(v.key for key in unions for v in self._compiled.paths[key].variants))
        constraints = [c for key in dict.fromkeys(keys) for c in self._compiled.on_path[key]]
        apart = any(path.key in (c.path.key, self.facets.path(c.asked).key) for c in self._disjoint())
        seen: dict[tuple[object, ...], int] = defaultdict(int)
        alike = self._alike(constraints)
        out = []
        for value in self._candidates(path, constraints):
            kind = (*(bool(self._good(value, c)) for c in constraints), value if apart else None)
            if seen[kind] < alike:
                out.append(value)
            seen[kind] += 1
        return out

    def _disjoint(self) -> Iterator[Constraint]:
        for found in tuple(self._compiled.on_path.values()):
            yield from (c for c in found if c.predicate == SH.disjoint)

    def _limits(self, path: Path) -> Iterator[str]:
        limits = self.facets.limits
        if path.predicates and all(p in limits.single for p, _ in path.predicates):
            yield f"single({quoted(path.key)})."
        if len(path.predicates) == 1 and self.cls in limits.wanted[path.predicates[0][0]]:
            yield f"wanted({quoted(path.key)})."

    def _constraint(self, c: Constraint, values: dict[str, list[Term]]) -> Iterator[str]:
        name, key, q = quoted(_name(c.shape)), quoted(c.path.key), quoted
        if c.predicate == SH.disjoint:
            other = self.facets.path(c.asked).key
            yield f"apart({name},{key},{q(other)})."
            for v in values[c.path.key]:
                reached = self.facets.followed(v, c.path.tail)
                yield from (f"alike({name},{q(_name(v))},{q(_name(w))})." for w in values[other] if w in reached)
            return
        if c.predicate == SH.maxCount:
            yield f"most({name},{c.place},{key},{_number(c.asked)})."
            return
        if c.predicate in (SH.hasValue, SH.minCount, SH.qualifiedValueShape):
            yield f"some({name},{c.place},{key},{self._least(c)})."
        else:
            yield f"each({name},{c.place},{key})."
        for v in values[c.path.key]:
            if self._good(v, c):
                yield f"good({name},{c.place},{q(_name(v))})."


def _asks_all_of(link: Link, other: Link) -> bool:
    """Whether evidence that has one link has the other: it leads the same way, and asks for no less there."""
    same = (link.path, link.criterion) == (other.path, other.criterion)
    return same and other.shape in (None, link.shape) and set(link.counting) <= set(other.counting)


def _number(term: Term) -> int:
    return int(getattr(term, "value", "0"))


def _name(term: Term | str | Link) -> str:
    if isinstance(term, Link):
        return term.iri
    return term if isinstance(term, str) else str(getattr(term, "value", term))
