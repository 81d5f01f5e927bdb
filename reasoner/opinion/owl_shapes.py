"""Hand-written shapes as OWL 2 class expressions: a node is in the class of a shape where it conforms.

Values are existentials with nominals, sequences nest, ``p*`` is a class that is defined by itself (here, or one ``p``
further), counts over a longer path are spelled out over the recorded values. That is OWL 2 DL, and says the same as
the shape of a closed record (:mod:`reasoner.opinion.owl_record`) without a loop in the repeated properties.
Whatever has no translation is refused by name; nothing is skipped.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import combinations
from math import comb

from pyoxigraph import Literal, NamedNode

from reasoner.errors import PolicyError
from reasoner.opinion.owl_expressions import (
    EVERYTHING,
    Count,
    Expression,
    Facet,
    Hop,
    Named,
    OneOf,
    Some,
    both,
    either,
    negated,
)
from reasoner.triples import RDF_REST, RDF_TYPE, Step, Term, Triples
from reasoner.vocabulary import OWL, SH, XSD, compact

RECORDED_TYPE = NamedNode("urn:plexus:recorded-type")
"""Stands for ``rdf:type`` where the types that a record states are values like others."""

_SILENT = {
    *(SH[name] for name in ("path", "name", "message", "description", "order", "group", "severity")),
    *(SH[name] for name in ("targetClass", "targetNode", "targetObjectsOf", "targetSubjectsOf")),
    *(SH[name] for name in ("qualifiedMinCount", "qualifiedMaxCount")),  # read with sh:qualifiedValueShape
}
_BOUNDS = {SH[name]: XSD[name] for name in ("minInclusive", "minExclusive", "maxInclusive", "maxExclusive")}
_MOST_SPELLED_OUT = 5000


@dataclass(frozen=True)
class Chain:
    """One path after the other."""

    parts: tuple[Path, ...]


@dataclass(frozen=True)
class Fork:
    """Any of the paths."""

    parts: tuple[Path, ...]


@dataclass(frozen=True)
class Repeat:
    """A path, taken again (``many``), or left out (``optional``)."""

    path: Path
    optional: bool
    many: bool


Path = Hop | Chain | Fork | Repeat


class ShapeTranslator:
    """Translates shapes for one record; ``meanings`` collects what each named class means.

    Args:
        shapes: the shapes.
        ontology: says which properties have nodes as values and which have literals.
        record: what is recorded, over whose values counts and comparisons are spelled out.
    """

    def __init__(self, shapes: Triples, ontology: Triples, record: Triples) -> None:
        self.meanings: dict[NamedNode, Expression] = {}
        self._shapes = shapes
        self._record = record
        self._data = set(ontology.instances(OWL.DatatypeProperty))
        self._nodes = {*ontology.instances(OWL.ObjectProperty), RECORDED_TYPE}
        self._open: list[NamedNode] = []
        self._reaches: dict[tuple[Path, Expression], Named] = {}

    def shape(self, iri: str) -> Named:
        """The class of the nodes that conform to a shape.

        Raises:
            PolicyError: the shape, or one that it refers to, uses what has no translation.
        """
        name = NamedNode(iri)
        if name in self._open:
            raise PolicyError(compact(iri), "refers to itself, which has no meaning in SHACL.", "Break the loop.")
        if name not in self.meanings:
            self._open.append(name)
            self.meanings[name] = self._meaning(name, data=False)
            self._open.pop()
        return Named(name)

    # -- constraints

    def _meaning(self, shape: Term, *, data: bool) -> Expression:
        types = self._shapes.nodes(shape, RDF_TYPE)
        if SH.NodeShape not in types and SH.PropertyShape not in types:
            raise PolicyError(_name(shape), "is referred to and is no shape.", "Declare it, or correct the name.")
        place = self._shapes.one(shape, SH.path)
        path = self._path(shape, place) if place is not None else None
        if path is not None and data:
            raise PolicyError(_name(shape), "asks for a property of a literal, which has none.", "Correct its path.")
        kept = self._data_ended(shape, path) if path is not None else data
        return both(*(self._constraint(_Constraint(shape, p, o, path, kept)) for p, o in self._stated(shape)))

    def _stated(self, shape: Term) -> list[tuple[NamedNode, Term]]:
        return [
            (p, o) for p in self._shapes.predicates(shape) if p not in _SILENT for o in self._shapes.objects(shape, p)
        ]

    def _constraint(self, c: _Constraint) -> Expression:
        if not c.predicate.value.startswith(SH.base):
            return EVERYTHING
        about_values = self._about_values(c)
        if about_values is None:
            return self._about_paths(c)
        return about_values if c.path is None else negated(self.walk(c.path, negated(about_values)))

    def _about_values(self, c: _Constraint) -> Expression | None:
        """What each value must be; None where the constraint is about the values together."""
        if c.predicate == SH["in"]:
            return self._one_of(c, self._shapes.members(c.value))
        if c.predicate == SH["not"]:
            return negated(self._inner(c, c.value))
        if c.predicate == SH["and"]:
            return both(*(self._inner(c, x) for x in self._shapes.members(c.value)))
        if c.predicate == SH["or"]:
            return either(*(self._inner(c, x) for x in self._shapes.members(c.value)))
        if c.predicate in (SH.node, SH.property):
            return self._inner(c, c.value)
        if c.predicate in _BOUNDS and c.data:
            return Facet(_BOUNDS[c.predicate], _decimal(c))
        if c.predicate == SH.pattern and c.data and not self._shapes.objects(c.shape, SH.flags):
            return Facet(XSD.pattern, Literal(_whole_pattern(c)))
        if c.predicate == SH.hasValue and c.path is None:
            return self._one_of(c, [c.value])
        return None

    def _about_paths(self, c: _Constraint) -> Expression:
        if c.path is None:
            raise c.refused()
        if c.predicate == SH.hasValue:
            return self.walk(c.path, self._one_of(c, [c.value]))
        if c.predicate == SH.minCount:
            return self._at_least(c, c.whole(c.value), EVERYTHING)
        if c.predicate == SH.maxCount:
            return negated(self._at_least(c, c.whole(c.value) + 1, EVERYTHING))
        if c.predicate == SH.qualifiedValueShape:
            return self._qualified(c)
        if c.predicate == SH.disjoint and isinstance(c.value, NamedNode):
            return negated(either(*self._shared(c, self.hop(c.value))))
        raise c.refused()

    def _inner(self, c: _Constraint, shape: Term) -> Expression:
        if c.data:
            return self._meaning(shape, data=True)
        if not isinstance(shape, NamedNode):
            raise PolicyError(_name(c.shape), "refers to a shape without a name.", "Name the shape.")
        return self.shape(shape.value)

    def _one_of(self, c: _Constraint, terms: list[Term]) -> Expression:
        if any(isinstance(t, Literal) is not c.data for t in terms):
            raise PolicyError(_name(c.shape), "names a literal where nodes are, or the reverse.", "Correct the values.")
        return OneOf(tuple(terms))

    def _qualified(self, c: _Constraint) -> Expression:
        filler = self._inner(c, c.value)
        least, most = (self._shapes.one(c.shape, p) for p in (SH.qualifiedMinCount, SH.qualifiedMaxCount))
        low = self._at_least(c, c.whole(least), filler) if least is not None else EVERYTHING
        return both(low, negated(self._at_least(c, c.whole(most) + 1, filler))) if most is not None else low

    # -- paths

    def hop(self, predicate: NamedNode, *, inverse: bool = False) -> Hop:
        """A property as one step, forwards or backwards.

        Raises:
            PolicyError: the ontology declares no such property, or its values are literals and have no way back.
        """
        prop = RECORDED_TYPE if predicate == RDF_TYPE else predicate
        if prop in self._nodes:
            return Hop(prop, inverse)
        if prop not in self._data:
            raise PolicyError(compact(prop.value), "is used in a path and declared as no property.", "Declare it.")
        if inverse:
            raise PolicyError(
                compact(prop.value), "has literals as values; its inverse leads nowhere.", "Mend the path."
            )
        return Hop(prop, data=True)

    def _path(self, shape: Term, node: Term) -> Path:
        if self._shapes.objects(node, RDF_REST):
            return Chain(tuple(self._path(shape, x) for x in self._shapes.members(node)))
        for verb, optional, many in (
            (SH.zeroOrMorePath, True, True),
            (SH.oneOrMorePath, False, True),
            (SH.zeroOrOnePath, True, False),
        ):
            inner = self._shapes.one(node, verb)
            if inner is not None:
                return Repeat(self._path(shape, inner), optional, many)
        inverse, fork = self._shapes.one(node, SH.inversePath), self._shapes.one(node, SH.alternativePath)
        if fork is not None:
            return Fork(tuple(self._path(shape, x) for x in self._shapes.members(fork)))
        if isinstance(inverse, NamedNode):
            return self.hop(inverse, inverse=True)
        if isinstance(node, NamedNode):
            return self.hop(node)
        raise PolicyError(
            _name(shape), "has a path that has no translation into OWL.", "Invert single properties only."
        )

    def _data_ended(self, shape: Term, path: Path) -> bool:
        match path:
            case Hop():
                return path.data
            case Chain(parts):
                kinds = [self._data_ended(shape, p) for p in parts]
                if any(kinds[:-1]):
                    raise PolicyError(_name(shape), "follows a path beyond a literal.", "Correct its path.")
                return kinds[-1]
            case Fork(parts):
                found = {self._data_ended(shape, p) for p in parts}
                if len(found) > 1:
                    raise PolicyError(_name(shape), "has a path to nodes and to literals.", "Split the shape.")
                return found == {True}
            case Repeat(inner):
                if self._data_ended(shape, inner):
                    raise PolicyError(_name(shape), "repeats a property of literals.", "Correct its path.")
                return False

    def link(self, steps: tuple[Step, ...], filler: Expression) -> Expression:
        """The nodes from which the path of a link leads to a node of the filler."""
        parts: list[Path] = []
        for step in steps:
            hops = Fork(tuple(self.hop(p, inverse=not forward) for p, forward in step.predicates))
            parts.append(Repeat(hops, step.optional, step.repeated) if step.optional or step.repeated else hops)
        return self.walk(Chain(tuple(parts)), filler)

    def walk(self, path: Path, filler: Expression) -> Expression:
        """The nodes from which a path leads to something of the filler."""
        match path:
            case Hop():
                return Some(path, filler)
            case Chain(parts):
                for part in reversed(parts):
                    filler = self.walk(part, filler)
                return filler
            case Fork(parts):
                return either(*(self.walk(p, filler) for p in parts))
            case Repeat(inner, optional, many):
                further = self._reach(inner, filler) if many else filler
                step = self.walk(inner, further)
                return further if optional and many else either(filler, step) if optional else step

    def _reach(self, path: Path, filler: Expression) -> Named:
        """The nodes that are of the filler or from which a repeated path leads to one."""
        key = (path, filler)
        if key not in self._reaches:
            named = Named(NamedNode(f"urn:plexus:reach:{len(self._reaches)}"))
            self._reaches[key] = named
            self.meanings[named.name] = either(filler, self.walk(path, named))
        return self._reaches[key]

    # -- counts and comparisons, spelled out over what is recorded

    def _at_least(self, c: _Constraint, number: int, filler: Expression) -> Expression:
        assert c.path is not None
        if number <= 0:
            return EVERYTHING
        if number == 1:
            return self.walk(c.path, filler)
        if isinstance(c.path, Hop):
            return Count(number, c.path, filler)
        values = self._recorded(c, c.path)
        choices = comb(len(values), number)
        if choices > _MOST_SPELLED_OUT:
            raise PolicyError(
                _name(c.shape), f"counts to {number} over a path with {choices} choices.", "Count one property."
            )
        groups = combinations(values, number)
        return either(*(both(*(self.walk(c.path, both(OneOf((v,)), filler)) for v in group)) for group in groups))

    def _shared(self, c: _Constraint, other: Hop) -> list[Expression]:
        assert c.path is not None
        if other.data is not c.data:
            raise PolicyError(_name(c.shape), "compares nodes with literals.", "Compare values of one kind.")
        values = self._recorded(c, other)
        return [both(self.walk(c.path, OneOf((v,))), Some(other, OneOf((v,)))) for v in values]

    def _recorded(self, c: _Constraint, path: Path) -> list[Term]:
        """Every value that the record has at the end of a path, whatever it starts from."""
        match path:
            case Hop(prop, inverse):
                return sorted({s if inverse else o for s, p, o in self._record if p == prop}, key=str)
            case Chain(parts):
                return self._recorded(c, parts[-1])
            case Fork(parts):
                return sorted({v for p in parts for v in self._recorded(c, p)}, key=str)
            case Repeat():
                raise PolicyError(_name(c.shape), "counts at the end of a repeated path.", "Count elsewhere.")


@dataclass(frozen=True)
class _Constraint:
    """One constraint of a shape, with the path to its values and whether they are literals."""

    shape: Term
    predicate: NamedNode
    value: Term
    path: Path | None
    data: bool

    def refused(self) -> PolicyError:
        return PolicyError(
            _name(self.shape),
            f"uses {compact(self.predicate.value)} in a way that has no translation into OWL.",
            "Say it with values, paths, counts, bounds of numbers, and, or and not; no second opinion is given.",
        )

    def whole(self, term: Term) -> int:
        if not isinstance(term, Literal) or not term.value.isdecimal():
            raise PolicyError(_name(self.shape), f"counts to {term}, which is no whole number.", "Use digits only.")
        return int(term.value)


def _decimal(c: _Constraint) -> Literal:
    if not isinstance(c.value, Literal) or c.value.datatype not in (XSD.integer, XSD.decimal):
        raise c.refused()
    return Literal(c.value.value, datatype=XSD.decimal)


def _whole_pattern(c: _Constraint) -> str:
    """A pattern of SPARQL, which may match a part, as one of XML Schema, which matches the whole.

    Raises:
        PolicyError: the pattern has anchors within, choices outside brackets, or what XML Schema does not know.
    """
    text = c.value.value if isinstance(c.value, Literal) else ""
    start, end = text.startswith("^"), text.endswith("$") and not text.endswith("\\$")
    inner = text[start : len(text) - end]
    bare = re.sub(r"\\[.\\?*+{}()\[\]|$^-]", "", inner)  # what is escaped is plain text in both
    outside = re.sub(r"\[[^\]]*\]", "", bare)
    nested = outside
    while nested != (shorter := re.sub(r"\([^()]*\)", "", nested)):
        nested = shorter
    if re.search(r"[\^$\\]|\(\?|[*+?}]\?", outside) or "|" in nested:
        raise c.refused()
    whatever = "(.|[\n\r])*"
    return f"{'' if start else whatever}{inner}{'' if end else whatever}"


def _name(term: Term) -> str:
    return compact(term.value) if isinstance(term, NamedNode) else str(term)
