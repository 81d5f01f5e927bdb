"""Shapes as rules of a logic program, so that a record can be looked for that fits some of them and not others.

SHACL Core without recursion, as the shapes of plexus use it. What a test of a single value says (a pattern, a bound)
is computed here for every value that a record may have; everything else becomes rules.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation

from pyoxigraph import BlankNode, Literal, NamedNode

from reasoner.triples import RDF_REST, RDF_TYPE, Node, Term, Triples
from reasoner.vocabulary import COV, PREFIXES, SH, XSD, compact

DERIVED = {
    *(COV.datedAfterService, COV.supersededBy, COV.settledFor),
    *(COV.durationInDays, COV.daysBeforeService),
}
"""What intake derives and no record says: these properties have rules of their own in ``records.lp``."""

_SILENT = {
    SH[n]
    for n in (
        *("name", "description", "message", "severity", "order", "group", "path", "targetClass", "deactivated"),
        *("qualifiedMinCount", "qualifiedMaxCount"),
    )
}
_INNER = {SH[n] for n in ("node", "property", "not", "and", "or", "xone", "qualifiedValueShape")}
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


class Names:
    """Terms as constants of the program and back; what a record says in free text never enters the program."""

    def __init__(self) -> None:
        self._names: dict[Term, str] = {RDF_TYPE: "rdf_type"}
        self.terms: dict[str, Term] = {"rdf_type": RDF_TYPE}

    def __call__(self, term: Term) -> str:
        """The constant of a term, made on first use."""
        if term not in self._names:
            prefix, _, local = compact(term.value).partition(":") if isinstance(term, NamedNode) else ("", "", "")
            plain = f"{prefix}_{local}" if prefix in PREFIXES and _PLAIN.fullmatch(local) else ""
            self._names[term] = plain or f"n{len(self._names)}"
            self.terms[self._names[term]] = term
        return self._names[term]


@dataclass
class ShapeRules:
    """Collects the rules of shapes. A shape's number ``k`` stands in ``c_k(X)``: the node X conforms to it."""

    shapes: Triples
    names: Names
    lines: list[str] = field(default_factory=list)
    unsupported: set[str] = field(default_factory=set)
    _numbers: dict[Node, int] = field(default_factory=dict)
    _tests: list[tuple[str, NamedNode, Term]] = field(default_factory=list)
    _paths: int = 0

    def asked_of(self, shape: str, classes: Iterable[str]) -> str:
        """The predicate of a shape that is asked of all nodes of some classes."""
        number = self._number(NamedNode(shape))
        for cls in classes:
            self.lines.append(f"d_{number}(X) :- on(X,{self.names(NamedNode(cls))}).")
        return f"c_{number}"

    def reaching(self, path: Iterable[str], start: str) -> str:
        """A predicate for the pairs that a chain of rule bodies reaches; see :meth:`hop`."""
        here = start
        for body in path:
            here = self._rule(f"OUT(X,Z) :- {here}(X,Y), {body}.")
        return here

    # -- shapes

    def _number(self, shape: Node) -> int:
        if shape not in self._numbers:
            self._numbers[shape] = len(self._numbers)
            self._shape(shape, self._numbers[shape])
        return self._numbers[shape]

    def _inner(self, shape: Term, values: str) -> str:
        """The predicate of a shape that is asked of values."""
        if isinstance(shape, Literal):
            return "impossible"
        number = self._number(shape)
        self.lines.append(f"d_{number}(Y) :- {values}(_,Y).")
        return f"c_{number}"

    def _shape(self, shape: Node, k: int) -> None:
        path = self.shapes.one(shape, SH.path)
        self.lines += [f"c_{k}(X) :- d_{k}(X), not b_{k}(X).", f"#defined d_{k}/1.", f"#defined b_{k}/1."]
        self.lines.append(f"s_{k}(X,X) :- d_{k}(X).")
        values = f"s_{k}" if path is None else self._path(path, f"s_{k}")
        self.lines.append(f"#defined {values}/2.")
        if self.shapes.text(shape, SH.deactivated) == "true":
            return
        for prop in self.shapes.predicates(shape):
            for value in self.shapes.objects(shape, prop):
                found = list(self._constraint(shape, k, values, prop, value))
                self.lines += found

    def _constraint(self, shape: Node, k: int, v: str, prop: NamedNode, value: Term) -> Iterator[str]:
        """Rules that say which nodes break a constraint of the shape with number ``k`` and value nodes ``v``."""
        if prop in _VALUE_TESTS:
            test = f"test_{len(self._tests)}"
            self._tests.append((test, prop, value))
            yield f"#defined {test}/1."
            yield f"b_{k}(X) :- {v}(X,Y), not {test}(Y)."
        elif prop in (SH.minCount, SH.maxCount):
            sign = "<" if prop == SH.minCount else ">"
            yield f"b_{k}(X) :- d_{k}(X), #count {{ Y : {v}(X,Y) }} {sign} {_whole(value)}."
        elif prop in _INNER:
            yield from self._nested(shape, k, v, prop, value)
        elif prop in (SH.disjoint, SH.equals, SH.lessThan, SH.lessThanOrEquals):
            yield from self._pairwise(k, v, prop, value)
        elif prop == SH.hasValue:
            yield f"b_{k}(X) :- d_{k}(X), not {v}(X,{self.names(value)})."
        elif prop == SH["class"]:
            yield f"b_{k}(X) :- {v}(X,Y), not t(Y,rdf_type,{self.names(value)})."
        elif prop.value.startswith(PREFIXES["sh"]) and prop not in _SILENT:
            self.unsupported.add(f"{compact(str(getattr(shape, 'value', shape)))} uses {compact(prop.value)}")

    def _nested(self, shape: Node, k: int, v: str, prop: NamedNode, value: Term) -> Iterator[str]:
        if prop in (SH["and"], SH["or"], SH.xone):
            yield from self._logical(k, v, prop, value)
        elif prop == SH.qualifiedValueShape:
            yield from self._qualified(shape, k, v, value)
        else:
            wanted = "" if prop == SH["not"] else "not "
            yield f"b_{k}(X) :- {v}(X,Y), {wanted}{self._inner(value, v)}(Y)."

    def _qualified(self, shape: Node, k: int, v: str, value: Term) -> Iterator[str]:
        inner = self._inner(value, v)
        counted = f"#count {{ Y : {v}(X,Y), {inner}(Y) }}"
        for prop, sign in ((SH.qualifiedMinCount, "<"), (SH.qualifiedMaxCount, ">")):
            bound = self.shapes.one(shape, prop)
            if bound is not None:
                yield f"b_{k}(X) :- d_{k}(X), {counted} {sign} {_whole(bound)}."

    def _logical(self, k: int, v: str, prop: NamedNode, head: Term) -> Iterator[str]:
        parts = [f"{self._inner(member, v)}(Y)" for member in self.shapes.members(head)]
        if prop == SH["and"]:
            yield from (f"b_{k}(X) :- {v}(X,Y), not {part}." for part in parts)
        elif prop == SH["or"]:
            yield f"b_{k}(X) :- {v}(X,Y), {', '.join(f'not {part}' for part in parts)}."
        else:
            ones = "; ".join(f"{i} : {part}" for i, part in enumerate(parts))
            yield f"b_{k}(X) :- {v}(X,Y), #count {{ {ones} }} != 1."

    def _pairwise(self, k: int, v: str, prop: NamedNode, value: Term) -> Iterator[str]:
        other = f"{self.says(value)}(X,{self.names(value)},Z)"
        if prop == SH.disjoint:
            yield f"b_{k}(X) :- {v}(X,Z), {other}."
        elif prop == SH.equals:
            yield f"b_{k}(X) :- {v}(X,Y), not {self.says(value)}(X,{self.names(value)},Y)."
            yield f"b_{k}(X) :- d_{k}(X), {other}, not {v}(X,Z)."
        else:
            sign = ">=" if prop == SH.lessThan else ">"
            yield f"b_{k}(X) :- {v}(X,Y), {other}, size_of(Y,A), size_of(Z,B), A {sign} B."

    # -- paths

    def _path(self, path: Term, start: str) -> str:
        """The predicate of the pairs that a property path leads to from the pairs of another."""
        inverse, alternative = self.shapes.one(path, SH.inversePath), self.shapes.one(path, SH.alternativePath)
        if isinstance(inverse, NamedNode):
            return self._rule(f"OUT(X,Z) :- {start}(X,Y), {self.says(inverse)}(Z,{self.names(inverse)},Y).")
        if alternative is not None:
            ways = [self._path(way, start) for way in self.shapes.members(alternative)]
            return self._rule(*(f"OUT(X,Y) :- {way}(X,Y)." for way in ways))
        if self.shapes.objects(path, RDF_REST):
            for part in self.shapes.members(path):
                start = self._path(part, start)
            return start
        for prop in (SH.zeroOrMorePath, SH.oneOrMorePath, SH.zeroOrOnePath):
            inner = self.shapes.one(path, prop)
            if inner is not None:
                return self._repeated(prop, inner, start)
        if isinstance(path, NamedNode):
            return self._rule(f"OUT(X,Z) :- {start}(X,Y), {self.says(path)}(Y,{self.names(path)},Z).")
        self.unsupported.add("a path that is no sequence, alternative, inverse or repetition")
        return self._rule("#defined OUT/2.")

    def _repeated(self, prop: NamedNode, inner: Term, start: str) -> str:
        if prop == SH.zeroOrOnePath:
            return self._rule(f"OUT(X,Y) :- {start}(X,Y).", f"OUT(X,Y) :- {self._path(inner, start)}(X,Y).")
        first = start if prop == SH.zeroOrMorePath else self._path(inner, start)
        out = self._rule(f"OUT(X,Y) :- {first}(X,Y).")
        self.lines.append(f"{out}(X,Y) :- {self._path(inner, out)}(X,Y).")
        return out

    def _rule(self, *rules: str) -> str:
        self._paths += 1
        name = f"p_{self._paths}"
        self.lines += [rule.replace("OUT", name) for rule in rules]
        return name

    @staticmethod
    def says(prop: Term) -> str:
        """The predicate of the statements of a property: what is told (``t``), or what intake derives (``dt``)."""
        return "dt" if prop in DERIVED else "t"

    # -- tests of single values

    def facts(self) -> Iterator[str]:
        """What the tests of single values give for every term that has a name; asked once all are named."""
        for test, prop, value in self._tests:
            wanted = self.shapes.members(value) if prop == SH["in"] else [value]
            for name, term in self.names.terms.items():
                if _VALUE_TESTS[prop](term, wanted):
                    yield f"{test}({name})."
        for name, term in self.names.terms.items():
            size = _size(term)
            if size is not None:
                yield f"size_of({name},{int(size * 1000)})."


def _whole(value: Term) -> int:
    return int(value.value)


def _size(term: Term) -> Decimal | None:
    """A date or number on one scale each; None for anything else."""
    if not isinstance(term, Literal):
        return None
    try:
        if term.datatype == XSD.date:
            return Decimal(date.fromisoformat(term.value[:10]).toordinal())
        return Decimal(term.value) if term.datatype in (XSD.integer, XSD.decimal) else None
    except (ValueError, InvalidOperation):
        return None


def _kind(term: Term, wanted: list[Term]) -> bool:
    name = str(getattr(wanted[0], "value", "")).removeprefix(PREFIXES["sh"])
    told = "Literal" if isinstance(term, Literal) else "BlankNode" if isinstance(term, BlankNode) else "IRI"
    return told in name.replace("BlankNodeOrIRI", "BlankNode IRI").split() or told in name.split("Or")


def _compared(term: Term, wanted: list[Term]) -> int | None:
    a, b = _size(term), _size(wanted[0])
    return None if a is None or b is None else (a > b) - (a < b)


_VALUE_TESTS: dict[NamedNode, Callable[[Term, list[Term]], bool]] = {
    SH["in"]: lambda term, wanted: term in wanted,
    SH.datatype: lambda term, wanted: isinstance(term, Literal) and term.datatype == wanted[0],
    SH.nodeKind: _kind,
    SH.pattern: lambda term, wanted: re.search(wanted[0].value, term.value) is not None,
    SH.minLength: lambda term, wanted: len(term.value) >= _whole(wanted[0]),
    SH.maxLength: lambda term, wanted: len(term.value) <= _whole(wanted[0]),
    SH.minInclusive: lambda term, wanted: _compared(term, wanted) in (0, 1),
    SH.minExclusive: lambda term, wanted: _compared(term, wanted) == 1,
    SH.maxInclusive: lambda term, wanted: _compared(term, wanted) in (0, -1),
    SH.maxExclusive: lambda term, wanted: _compared(term, wanted) == -1,
}
"""Components that test one value at a time, given the values of the parameter (of a list, its members)."""
