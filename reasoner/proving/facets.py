"""The shapes of a policy as facts of ``shapes.lp``: which values one node of evidence can have, and what they fit.

A path is taken apart into what a record says (its values are chosen freely, within what the request shapes admit) and
what the ontology says of a value (followed here). Values that no shape tells apart stand for one another. What lies
beyond one node, such as a linked node's own shape, is *opaque*: it may hold or not. So what is shown impossible
is impossible, and what is found possible may still need evidence that nobody can give.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation

from pyoxigraph import BlankNode, Literal, NamedNode

from reasoner.knowledge import ARRANGEMENT
from reasoner.triples import RDF_TYPE, Node, Spo, Step, Term, Triples
from reasoner.vocabulary import SH, compact

OTHER = "urn:plexus:other"
"""A value that no shape names."""

JOINS = {SH["and"]: "every", SH["or"]: "any", SH.xone: "one", SH["not"]: "none", SH.node: "every", SH.property: "every"}
BOUNDS = {
    SH.minInclusive: lambda value, bound: value >= bound,
    SH.maxInclusive: lambda value, bound: value <= bound,
    SH.minExclusive: lambda value, bound: value > bound,
    SH.maxExclusive: lambda value, bound: value < bound,
}
SILENT = {SH.path, SH.name, SH.description, SH.message, SH.severity, SH.targetClass, SH.qualifiedMinCount, RDF_TYPE}
"""What says nothing about the values that a shape asks for, or only how many another constraint asks for."""


@dataclass(frozen=True)
class Path:
    """A path: the part on the record, as text; its predicates; and the steps through the ontology behind it.

    A path with a step that may be left out is a union of ``variants``, and has no predicates of its own.
    """

    key: str
    predicates: tuple[tuple[NamedNode, bool], ...]
    tail: tuple[Step, ...]
    followed: bool = True
    variants: tuple[Path, ...] = ()


@dataclass
class Request:
    """What the request shapes admit on a property: how many values, and which."""

    single: set[NamedNode] = field(default_factory=set)
    wanted: dict[NamedNode, set[str]] = field(default_factory=lambda: defaultdict(set))
    admitted: dict[NamedNode, tuple[Term, ...]] = field(default_factory=dict)


def request_limits(shapes: Triples) -> Request:
    """The limits that the request shapes set on each property, where all of them agree."""
    out = Request()
    loose: set[NamedNode] = set()
    anywhere: set[NamedNode] = set()
    for shape in shapes.instances(SH.PropertyShape):
        predicate = shapes.node(shape, SH.path)
        inverse = shapes.node(predicate, SH.inversePath) if predicate is not None else None
        direct = inverse if isinstance(inverse, NamedNode) else predicate
        if not isinstance(direct, NamedNode) or not _limits(shapes, shape):
            continue
        (out.single if shapes.text(shape, SH.maxCount) == "1" else loose).add(direct)
        members = [tuple(shapes.members(head)) for head in shapes.objects(shape, SH["in"])]
        if members:
            out.admitted[direct] = tuple(dict.fromkeys((*out.admitted.get(direct, ()), *members[0])))
        else:
            anywhere.add(direct)
        if shapes.text(shape, SH.minCount) == "1":
            for target in shapes.subjects(SH.property, shape):
                out.wanted[direct].update(c.value for c in shapes.nodes(target, SH.targetClass) if hasattr(c, "value"))
    out.single -= loose
    out.admitted = {p: values for p, values in out.admitted.items() if p not in anywhere}
    return out


def _limits(shapes: Triples, shape: Node) -> bool:
    """Whether a property shape holds for every node of a class, and refuses what breaks it."""
    owners = [n for n in shapes.subjects(SH.property, shape) if shapes.objects(n, SH.targetClass)]
    return bool(owners) and not shapes.objects(shape, SH.severity)


class Facets:
    """Compiles the shapes of a policy. ``ontology`` is followed along the arrangement of concepts."""

    def __init__(self, shapes: Iterable[Spo], request: Iterable[Spo], ontology: Triples) -> None:
        self.shapes = shapes if isinstance(shapes, Triples) else Triples(shapes)
        self.limits = request_limits(Triples(request))
        self.ontology = ontology
        self._known = sorted({n for s, p, o in ontology if p in ARRANGEMENT for n in (s, o)}, key=str)

    # ---- paths

    def path(self, node: Term) -> Path:
        """A SHACL path, taken apart."""
        steps = self._steps(node)
        if steps is None:
            return Path(_text(self.shapes, node), (), (), followed=False)
        cut = max((i + 1 for i, s in enumerate(steps) if not _through_ontology(s)), default=0)
        front, tail = steps[:cut], tuple(steps[cut:])
        ways: list[tuple[tuple[NamedNode, bool], ...]] = [()]
        for step in front:
            if step.repeated or len(step.predicates) != 1:
                return Path(_text(self.shapes, node), (), (), followed=False)
            longer = [(*way, step.predicates[0]) for way in ways]
            ways = [*ways, *longer] if step.optional else longer
        if front and () in ways:
            return Path(_text(self.shapes, node), (), (), followed=False)
        paths = tuple(Path(" / ".join(("" if fwd else "^") + compact(p.value) for p, fwd in w), w, tail) for w in ways)
        return paths[0] if len(paths) == 1 else Path(" | ".join(p.key for p in paths), (), tail, variants=paths)

    def _steps(self, node: Term) -> list[Step] | None:
        t = self.shapes
        if isinstance(node, NamedNode):
            return [Step(((node, True),))]
        members = t.members(node)
        if members:
            parts = [self._steps(m) for m in members]
            return None if None in parts else [s for part in parts if part for s in part]
        inverse = t.one(node, SH.inversePath)
        if isinstance(inverse, NamedNode):
            return [Step(((inverse, False),))]
        for prop, optional, repeated in (
            (SH.zeroOrMorePath, True, True),
            (SH.oneOrMorePath, False, True),
            (SH.zeroOrOnePath, True, False),
        ):
            inner = t.one(node, prop)
            hops = self._hops(inner) if inner is not None else None
            if hops is not None:
                return [Step(hops, optional=optional, repeated=repeated)]
        hops = self._hops(node)
        return [Step(hops)] if hops is not None else None

    def _hops(self, node: Term) -> tuple[tuple[NamedNode, bool], ...] | None:
        if isinstance(node, NamedNode):
            return ((node, True),)
        inverse, alternative = self.shapes.one(node, SH.inversePath), self.shapes.one(node, SH.alternativePath)
        if isinstance(inverse, NamedNode):
            return ((inverse, False),)
        parts = [self._hops(m) for m in self.shapes.members(alternative)] if alternative is not None else [None]
        return None if None in parts else tuple(hop for part in parts if part for hop in part)

    def followed(self, value: Term, tail: tuple[Step, ...]) -> set[Term]:
        """What a value leads to in the ontology."""
        return self.ontology.walk({value}, tail)

    # ---- shapes on values, decided here

    def value_fits(self, value: Term, shape: Term) -> bool | None:
        """Whether a value fits a shape; None where that depends on more than the value and the ontology."""
        parts = [
            self._value_part(value, shape, p, o) for p in self.shapes.predicates(shape) for o in self._all(shape, p)
        ]
        if False in parts:
            return False
        return None if None in parts else True

    def _all(self, shape: Term, predicate: NamedNode) -> list[Term]:
        return self.shapes.objects(shape, predicate)

    def _value_part(self, value: Term, shape: Term, predicate: NamedNode, asked: Term) -> bool | None:
        """One constraint of a shape on a value."""
        if predicate in SILENT:
            return True
        head = self.shapes.one(shape, SH.path)
        values: set[Term] = {value}
        if head is not None:
            path = self.path(head)
            if path.key or not path.followed:
                return None
            values = self.followed(value, path.tail)
        joined = JOINS.get(predicate)
        if joined is not None:
            members = self.shapes.members(asked) if predicate in (SH["and"], SH["or"], SH.xone) else [asked]
            return _joined(joined, [self._each_fits(values, m) for m in members])
        if predicate == SH.hasValue:
            return asked in values
        if predicate == SH["in"]:
            return values <= set(self.shapes.members(asked))
        if predicate == SH.pattern or predicate in BOUNDS:
            return all(literal_fits(v, predicate, asked) for v in values)
        return None

    def _each_fits(self, values: Iterable[Term], shape: Term) -> bool | None:
        found = [self.value_fits(v, shape) for v in values]
        return False if False in found else (None if None in found else True)

    def named(self, shape: Term, seen: frozenset[Term] = frozenset()) -> Iterator[Term]:
        """The terms that a shape and the shapes on its values name."""
        if shape in seen:
            return
        for predicate in self.shapes.predicates(shape):
            for asked in self._all(shape, predicate):
                if predicate in (SH["in"], SH["and"], SH["or"], SH.xone):
                    members = self.shapes.members(asked)
                    yield from members if predicate == SH["in"] else ()
                    for m in members if predicate != SH["in"] else ():
                        yield from self.named(m, seen | {shape})
                elif predicate in (SH.hasValue, *BOUNDS):
                    yield asked
                elif predicate in (SH.qualifiedValueShape, SH.node, SH.property, SH["not"]):
                    yield from self.named(asked, seen | {shape})

    def candidates(
        self, path: Path, wanted: Iterable[Term], tails: Iterable[tuple[Step, ...]], others: int = 2
    ) -> list[Term]:
        """Values on a path: so many others, those that are wanted, what leads to them, and numbers around bounds."""
        if not path.followed:
            return [NamedNode(OTHER + (f"-{i}" if i else "")) for i in range(others)]
        last, forward = (path.variants or (path,))[-1].predicates[-1]
        admitted = self.limits.admitted.get(last) if forward else None
        if admitted:
            return list(admitted)
        named = sorted({t for t in wanted if not isinstance(t, BlankNode)}, key=str)
        numbers = [n for n in map(_number, named) if n is not None]
        if numbers:
            return [Literal(f"{x:f}") for x in sorted({n + step for n in numbers for step in (-1, 0, 1)})]
        ways = set(tails)
        leading = [n for n in self._known if any(not self.followed(n, way).isdisjoint(named) for way in ways)]
        unnamed = [NamedNode(OTHER + (f"-{i}" if i else "")) for i in range(others)]
        return list(dict.fromkeys([*unnamed, *named, *leading]))


def _through_ontology(step: Step) -> bool:
    return all(p in ARRANGEMENT for p, _ in step.predicates)


def _joined(op: str, parts: list[bool | None]) -> bool | None:
    if op == "none":
        return None if None in parts else not any(parts)
    if op == "one":
        return None if None in parts else parts.count(True) == 1
    decisive = op == "any"
    return decisive if decisive in parts else (None if None in parts else not decisive)


def _number(term: Term) -> Decimal | None:
    if not isinstance(term, Literal):
        return None
    try:
        return Decimal(term.value)
    except InvalidOperation:
        return None


def literal_fits(value: Term, predicate: NamedNode, asked: Term) -> bool:
    """Whether a literal fits a pattern or a bound."""
    if predicate == SH.pattern:
        return isinstance(value, Literal) and re.search(getattr(asked, "value", ""), value.value) is not None
    number, limit = _number(value), _number(asked)
    return number is not None and limit is not None and bool(BOUNDS[predicate](number, limit))


def _text(shapes: Triples, node: Term) -> str:
    """A path as text, for one that is not followed."""
    if isinstance(node, NamedNode):
        return compact(node.value)
    members = shapes.members(node)
    if members:
        return "( " + " ".join(_text(shapes, m) for m in members) + " )"
    inner = [f"{compact(p.value)} {_text(shapes, o)}" for p in shapes.predicates(node) for o in shapes.objects(node, p)]
    return "[ " + " ; ".join(sorted(inner)) + " ]"
