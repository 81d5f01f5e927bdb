"""A small read-only index over RDF triples, fast to build and to walk.

rdflib is the interchange library of the SHACL engine; walking the policy and the record needs only three
look-ups and property paths, over terms that pyoxigraph has parsed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pyoxigraph import BlankNode, Literal, NamedNode

Term = NamedNode | BlankNode | Literal
Node = NamedNode | BlankNode
Spo = tuple[Node, NamedNode, Term]

RDF_TYPE = NamedNode("http://www.w3.org/1999/02/22-rdf-syntax-ns#type")
RDF_FIRST = NamedNode("http://www.w3.org/1999/02/22-rdf-syntax-ns#first")
RDF_REST = NamedNode("http://www.w3.org/1999/02/22-rdf-syntax-ns#rest")
RDF_NIL = NamedNode("http://www.w3.org/1999/02/22-rdf-syntax-ns#nil")


@dataclass(frozen=True)
class Step:
    """One step of a property path: a predicate forwards or backwards, once, optionally or repeatedly."""

    predicates: tuple[tuple[NamedNode, bool], ...]
    optional: bool = False
    repeated: bool = False


class Triples:
    """An immutable set of triples, indexed by subject and by object.

    >>> a, p, b = NamedNode("urn:a"), NamedNode("urn:p"), NamedNode("urn:b")
    >>> Triples([(a, p, b)]).one(a, p) == b
    True
    """

    def __init__(self, triples: Iterable[Spo]) -> None:
        self._forward: dict[Term, dict[NamedNode, list[Term]]] = defaultdict(dict)
        self._backward: dict[Term, dict[NamedNode, list[Node]]] = defaultdict(dict)
        self._all: dict[Spo, None] = dict.fromkeys(triples)
        for s, p, o in self._all:
            self._forward[s].setdefault(p, []).append(o)
            self._backward[o].setdefault(p, []).append(s)

    def __iter__(self) -> Iterator[Spo]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)

    def __contains__(self, triple: object) -> bool:
        return triple in self._all

    def objects(self, subject: Term, predicate: NamedNode) -> list[Term]:
        """The objects of a subject's property, in the order in which they were read."""
        return self._forward[subject].get(predicate, []) if subject in self._forward else []

    def nodes(self, subject: Term, predicate: NamedNode) -> list[Node]:
        """The objects that are not literals."""
        return [o for o in self.objects(subject, predicate) if not isinstance(o, Literal)]

    def subjects(self, predicate: NamedNode, obj: Term) -> list[Node]:
        """The subjects that have the object as a value of the property."""
        return self._backward[obj].get(predicate, []) if obj in self._backward else []

    def one(self, subject: Term, predicate: NamedNode) -> Term | None:
        """The first object, or None."""
        found = self.objects(subject, predicate)
        return found[0] if found else None

    def text(self, subject: Term, predicate: NamedNode) -> str | None:
        """The lexical form of the first literal object, or None."""
        return next((o.value for o in self.objects(subject, predicate) if isinstance(o, Literal)), None)

    def node(self, subject: Term, predicate: NamedNode) -> Node | None:
        """The first object that is not a literal, or None."""
        found = self.nodes(subject, predicate)
        return found[0] if found else None

    def instances(self, cls: NamedNode) -> list[Node]:
        """The nodes typed directly with a class."""
        return self.subjects(RDF_TYPE, cls)

    def predicates(self, subject: Term) -> list[NamedNode]:
        """The properties that a subject has."""
        return list(self._forward.get(subject, {}))

    def subjects_named(self) -> list[NamedNode]:
        """The named nodes about which something is said, in the order in which they were read."""
        return [s for s in self._forward if isinstance(s, NamedNode)]

    def incoming(self, obj: Term) -> list[tuple[NamedNode, Node]]:
        """Every property and subject that name a term as a value."""
        return [(p, s) for p, subjects in self._backward.get(obj, {}).items() for s in subjects]

    def members(self, head: Term) -> list[Term]:
        """The members of an RDF list."""
        out: list[Term] = []
        while head != RDF_NIL:
            first, rest = self.one(head, RDF_FIRST), self.one(head, RDF_REST)
            if first is None or rest is None or len(out) > 10_000:
                break
            out.append(first)
            head = rest
        return out

    def closure(self, start: Term, predicate: NamedNode) -> set[Term]:
        """The start and all that the property reaches from it; safe on cycles."""
        return self.walk({start}, (Step(((predicate, True),), repeated=True),))

    def walk(self, start: Iterable[Term], path: Iterable[Step]) -> set[Term]:
        """The nodes that a property path reaches from the start nodes."""
        here = set(start)
        for step in path:
            there = self._hop(here, step)
            if step.repeated:
                seen = here | there
                while there:
                    there = self._hop(there, step) - seen
                    seen |= there
                there = seen
            here = here | there if step.optional else there
        return here

    def _hop(self, nodes: set[Term], step: Step) -> set[Term]:
        out: set[Term] = set()
        for node in nodes:
            for predicate, forward in step.predicates:
                out.update(self.objects(node, predicate) if forward else self.subjects(predicate, node))
        return out

    def merged(self, more: Iterable[Spo]) -> Triples:
        """A new index over these triples and more."""
        return Triples([*self._all, *more])
