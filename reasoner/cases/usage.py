"""How records are written: which properties nodes of a class have, and which values these may take.

Read from the shapes of requests, from what the shapes of evidence ask for, and from records that exist: the template
of a request and the cases. Nothing here knows one policy or one property.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from pyoxigraph import Literal, NamedNode

from reasoner.knowledge import ARRANGEMENT, Knowledge
from reasoner.policy import Link
from reasoner.triples import RDF_REST, RDF_TYPE, Term, Triples
from reasoner.vocabulary import CLIN, COV, RDFS, SH, SKOS, XSD

Class = NamedNode
Property = NamedNode
Sort = tuple[Term | None, Term | None]
"""Of what kind a node is, and whether it is present; None where it does not say so."""
Place = tuple[Class, Property]
"""A property of nodes of a class: where a value stands in a record."""

_NESTED = (SH.node, SH.property, SH["not"], SH.qualifiedValueShape)
_LISTED = (SH["and"], SH["or"], SH.xone)
_USUAL = 0.6
_BOUNDS = (SH.minInclusive, SH.minExclusive, SH.maxInclusive, SH.maxExclusive)


class Reached(NamedTuple):
    """Where a path has come to: the classes of the nodes there, and the places whose values it tests."""

    classes: frozenset[Class]
    places: frozenset[Place]


@dataclass
class Demand:
    """What shapes ask of the values at a place."""

    values: set[Term] = field(default_factory=set)
    bounds: set[Term] = field(default_factory=set)
    patterns: set[str] = field(default_factory=set)


class Usage:
    """What is known of how records are written, for one folder of knowledge and the records that exist."""

    def __init__(self, knowledge: Knowledge, samples: Iterable[Triples], shapes: Triples) -> None:
        self.ontology = knowledge.ontology
        self.arrangement = knowledge.arrangement
        self.shapes = shapes
        self.values: dict[Place, Counter[Term]] = defaultdict(Counter)
        self.classes: dict[Place, Counter[Class]] = defaultdict(Counter)
        self.nodes: Counter[Class] = Counter()
        self.owners: dict[Property, set[Class]] = defaultdict(set)
        self.demands: dict[Place, Demand] = defaultdict(Demand)
        self.admitted: dict[Place, list[Term]] = {}
        self.single: set[Place] = set()
        self._several: set[Place] = set()
        self._told: dict[tuple[Class, Sort], Counter[Property]] = defaultdict(Counter)
        self._sorts: Counter[tuple[Class, Sort]] = Counter()
        self.record_classes: set[Class] = set()
        self.dates: set[Place] = set()
        for sample in samples:
            self._observe(sample)
        self._read_request_shapes()
        self.record_classes |= set(self.nodes)

    # -- what exists

    def _observe(self, record: Triples) -> None:
        for subject, cls in _typed(record):
            sort = (record.node(subject, CLIN.kind), record.node(subject, CLIN.presence))
            self.nodes[cls] += 1
            self._sorts[cls, sort] += 1
            for prop in record.predicates(subject):
                if prop == RDF_TYPE:
                    continue
                self.owners[prop].add(cls)
                self._told[cls, sort][prop] += 1
                if len(record.objects(subject, prop)) > 1:
                    self._several.add((cls, prop))
                for value in record.objects(subject, prop):
                    kinds = [k for k in record.nodes(value, RDF_TYPE) if isinstance(k, NamedNode)]
                    if kinds:
                        self.classes[cls, prop].update(kinds)
                    else:
                        self.values[cls, prop][value] += 1

    def _read_request_shapes(self) -> None:
        for shape in self.shapes.subjects(RDF_TYPE, SH.NodeShape):
            for cls in self.shapes.nodes(shape, SH.targetClass):
                self.record_classes.update([cls] if isinstance(cls, NamedNode) else [])
                for prop_shape in self.shapes.nodes(shape, SH.property):
                    path = self.shapes.one(prop_shape, SH.path)
                    if isinstance(cls, NamedNode) and isinstance(path, NamedNode):
                        self._read_property((cls, path), prop_shape)

    def _read_property(self, place: Place, shape: Term) -> None:
        self.owners[place[1]].add(place[0])
        for head in self.shapes.objects(shape, SH["in"]):
            self.admitted[place] = self.shapes.members(head)
        if self.shapes.text(shape, SH.maxCount) == "1":
            self.single.add(place)
        if self.shapes.one(shape, SH.datatype) == XSD.date:
            self.dates.add(place)
        for cls in self.shapes.nodes(shape, SH["class"]):
            if isinstance(cls, NamedNode):
                self.classes[place][cls] += 1

    # -- what shapes of evidence ask for

    def ask(self, shape: str, classes: Iterable[str]) -> None:
        """Note what a shape asks of nodes of some classes."""
        self._walk(NamedNode(shape), Reached(frozenset(map(NamedNode, classes)), frozenset()))

    def ask_link(self, link: Link, start: Iterable[str], end: Iterable[str]) -> None:
        """Note that a link leads from nodes of some classes to nodes of others."""
        ends = {NamedNode(c) for c in end}
        here = Reached(frozenset(map(NamedNode, start)), frozenset())
        for step in link.path:
            first = here
            for prop, forward in step.predicates:
                on = self._hop(first, prop, forward=forward)
                for place in on.places:
                    self.classes[place].update(dict.fromkeys(ends, 1))
                joined = on.classes | (first.classes if step.optional else frozenset()) | ends
                here = Reached(joined, frozenset())

    def _walk(self, shape: Term, here: Reached) -> None:
        path = self.shapes.one(shape, SH.path)
        there = here if path is None else self._follow(path, here)
        for place in there.places:
            self.owners[place[1]].add(place[0])
            demand = self.demands[place]
            demand.values.update(self.shapes.objects(shape, SH.hasValue))
            demand.values.update(m for head in self.shapes.objects(shape, SH["in"]) for m in self.shapes.members(head))
            demand.bounds.update(b for bound in _BOUNDS for b in self.shapes.objects(shape, bound))
            demand.patterns.update(str(p.value) for p in self.shapes.objects(shape, SH.pattern))
        for prop in _NESTED:
            for inner in self.shapes.objects(shape, prop):
                self._walk(inner, there)
        for prop in _LISTED:
            for head in self.shapes.objects(shape, prop):
                for inner in self.shapes.members(head):
                    self._walk(inner, there)

    def _follow(self, path: Term, here: Reached) -> Reached:
        inverse, alternative = self.shapes.one(path, SH.inversePath), self.shapes.one(path, SH.alternativePath)
        if isinstance(inverse, NamedNode):
            return self._hop(here, inverse, forward=False)
        if alternative is not None:
            return _joined([self._follow(way, here) for way in self.shapes.members(alternative)])
        if self.shapes.objects(path, RDF_REST):
            for part in self.shapes.members(path):
                here = self._follow(part, here)
            return here
        for prop in (SH.zeroOrMorePath, SH.oneOrMorePath, SH.zeroOrOnePath):
            inner = self.shapes.one(path, prop)
            if inner is not None:
                return _joined([here, self._follow(inner, here)])
        return self._hop(here, path, forward=True) if isinstance(path, NamedNode) else here

    def _hop(self, here: Reached, prop: Property, *, forward: bool) -> Reached:
        if prop in ARRANGEMENT:  # from a value to what it is a part or a kind of: the place stays the same
            return here
        if not forward:
            return Reached(self.subjects_of(prop), frozenset())
        places = frozenset((cls, prop) for cls in here.classes)
        return Reached(frozenset(c for place in places for c in self.value_classes(place)), places)

    def subjects_of(self, prop: Property) -> frozenset[Class]:
        """The classes whose nodes have a property."""
        domain = frozenset(c for c in self.ontology.nodes(prop, RDFS.domain) if isinstance(c, NamedNode))
        return domain or frozenset(self.owners.get(prop, set()))

    def value_classes(self, place: Place) -> frozenset[Class]:
        """The classes of the nodes that a property leads to; none where its values are concepts or literals."""
        seen = frozenset(self.classes.get(place, ()))
        ranges = [r for r in self.ontology.nodes(place[1], RDFS.range) if isinstance(r, NamedNode)]
        return seen | frozenset(r for r in ranges if r in self.record_classes)

    # -- values

    def concepts(self, place: Place) -> dict[Term, int]:
        """The values that a place may take where they are concepts, each with how unusual it is (0 is usual)."""
        demand = self.demands.get(place, Demand())
        seen = {v: 0 if i == 0 else 1 for i, (v, _) in enumerate(self.values.get(place, Counter()).most_common())}
        asked = [v for v in sorted(demand.values, key=str) if isinstance(v, NamedNode)]
        out: dict[Term, int] = {v: rank for v, rank in seen.items() if isinstance(v, NamedNode)}
        if place in self.admitted:
            return {v: out.get(v, 2) for v in self.admitted[place]}
        for value in asked:
            narrower = [n for n in self.ontology.subjects(SKOS.broader, value) if isinstance(n, NamedNode)]
            for found in (value, *narrower):
                out.setdefault(found, 3 if narrower and found == value else 2)
        for known in [*out]:
            for near in self._beside(known):
                out.setdefault(near, 4)
        return out

    def _beside(self, value: Term) -> list[NamedNode]:
        """Concepts that the ontology lists beside one: alike in type and scheme, its nearest neighbours in the file."""
        types = [t for t in self.ontology.nodes(value, RDF_TYPE) if t not in (_INDIVIDUAL,)]
        kind = next((t for t in types if t != CLIN.Concept), None)
        if kind is not None and isinstance(kind, NamedNode):
            return [n for n in self.ontology.instances(kind) if isinstance(n, NamedNode)]
        for scheme in self.ontology.nodes(value, SKOS.inScheme):
            listed = [n for n in self.ontology.subjects(SKOS.inScheme, scheme) if isinstance(n, NamedNode)]
            if value in listed:
                place = listed.index(value)  # type: ignore[arg-type]
                return listed[max(0, place - 1) : place + 3]
        return []

    def usual(self, cls: Class) -> dict[Sort | None, set[Property]]:
        """The properties that most nodes of a class have, by the sort of the node; under None those of every sort."""
        out: dict[Sort | None, set[Property]] = {}
        for (owner, sort), count in self._sorts.items():
            if owner == cls:
                out[sort] = {p for p, told in self._told[cls, sort].items() if told >= _USUAL * count}
        out[None] = set.intersection(*out.values()) if out else set()
        return out

    def is_single(self, place: Place) -> bool:
        """Whether a property has one value at most: by the shapes of requests, or in every record seen."""
        return place in self.single or (place not in self._several and (place in self.values or place in self.classes))

    def codes_like(self, pattern: str) -> list[Literal]:
        """Codes of the ontology that fit a pattern, such as one for diagnosis codes; at most three."""
        import re

        notations = {o.value for _, p, o in self.ontology if p == SKOS.notation and isinstance(o, Literal)}
        return [Literal(n) for n in sorted(notations) if re.search(pattern, n)][:3]


_INDIVIDUAL = NamedNode("http://www.w3.org/2002/07/owl#NamedIndividual")


def _typed(record: Triples) -> Iterable[tuple[Term, Class]]:
    for s, p, o in record:
        if p == RDF_TYPE and isinstance(o, NamedNode) and o != COV.Document:
            yield s, o


def _joined(parts: list[Reached]) -> Reached:
    classes = frozenset(c for part in parts for c in part.classes)
    return Reached(classes, frozenset(p for part in parts for p in part.places))
