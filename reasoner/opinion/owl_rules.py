"""A policy's rules as OWL classes, and what HermiT is asked about the nodes of a line.

Each question is asked twice: can the node fit, can it not. What cannot fit does not; what cannot but fit does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pyoxigraph import NamedNode

from reasoner.errors import OwlError
from reasoner.opinion.owl_expressions import (
    AxiomWriter,
    Expression,
    Named,
    OneOf,
    Some,
    both,
    class_name,
    either,
    reached,
)
from reasoner.opinion.owl_record import write_closed
from reasoner.opinion.owl_shapes import ShapeTranslator
from reasoner.owl import satisfiable
from reasoner.policy import Criterion, Facet, Link, Policy, Readings, Rule
from reasoner.triples import RDF_TYPE, Triples
from reasoner.vocabulary import OWL


@dataclass(frozen=True)
class PolicyTranslator:
    """The rules of a policy under its readings as classes, for one record."""

    shapes: ShapeTranslator
    policy: Policy
    readings: Readings

    def rule(self, leaf: Criterion, rule: Rule) -> Named:
        """The class of the nodes that fit every facet of a rule."""
        name = NamedNode(f"urn:plexus:rule:{leaf.id}:{rule.iri}")
        if name not in self.shapes.meanings:
            kind = Some(self.shapes.hop(RDF_TYPE), OneOf((NamedNode(rule.evidence_class),)))
            self.shapes.meanings[name] = both(kind, self.facets(rule.facets))
        return Named(name)

    def facets(self, facets: Iterable[Facet]) -> Expression:
        """What fits all facets."""
        return both(*(self._use(use) for facet in facets for use in facet.uses(self.readings)))

    def scope(self) -> Named:
        """The class of the lines to which the policy applies."""
        name = NamedNode("urn:plexus:scope")
        conditions = (self.facets(condition.facets) for condition in self.policy.scope)
        self.shapes.meanings.setdefault(name, both(*conditions))
        return Named(name)

    def _use(self, use: str | Link) -> Expression:
        if isinstance(use, str):
            return self.shapes.shape(use)
        leaf = self.policy.by_iri[use.criterion]
        counted = either(*(self.rule(leaf, r) for r in leaf.rules if r.polarity in use.counting))
        further = both(counted, self.shapes.shape(use.shape)) if use.shape is not None else counted
        return self.shapes.link(use.path, further)


@dataclass(frozen=True)
class Question:
    """Does a node fit a class?"""

    node: str
    fits: Named


@dataclass(frozen=True)
class Asked:
    """The questions about one line, and the axioms from which they are answered."""

    questions: tuple[Question, ...]
    axioms: AxiomWriter


def query(number: int, *, holds: bool) -> str:
    """The class that has a member only if a question can be answered with yes (or with no)."""
    return f"urn:plexus:question:{number}:{'yes' if holds else 'no'}"


def asked(record: Triples, meanings: Mapping[NamedNode, Expression], questions: Sequence[Question]) -> Asked:
    """The axioms for questions about a record: the classes on the sides that are used, and the closed record.

    Raises:
        OwlError: a value that OWL cannot take.
    """
    writer = AxiomWriter()
    sides = {Named(q.fits.name, holds) for q in questions for holds in (True, False)}
    needed = reached(sides, meanings)
    for named, meaning in needed.items():
        writer.implies(class_name(named), meaning)
    for number, question in enumerate(questions):
        only = OneOf((NamedNode(question.node),))
        for holds in (True, False):
            wanted = Named(question.fits.name, holds)
            writer.implies(NamedNode(query(number, holds=holds)), both(only, wanted))
    write_closed(writer, record, [NamedNode(q.node) for q in questions], needed.values())
    return Asked(tuple(questions), writer)


def answers(batch: Sequence[Asked], *, timeout: float) -> tuple[dict[Question, bool | None], ...]:
    """The answers to the questions of several lines; None where neither yes nor no follows.

    Raises:
        OwlError: no Java, a failure, no end in time, or a record that contradicts itself.
    """
    most = max((len(a.questions) for a in batch), default=0)
    names = [OWL.Thing.value, *(query(i, holds=h) for i in range(most) for h in (True, False))]
    found = satisfiable([a.axioms.triples for a in batch], names, timeout=timeout)
    return tuple(_answered(one, possible) for one, possible in zip(batch, found, strict=True))


def _answered(one: Asked, possible: Mapping[str, bool]) -> dict[Question, bool | None]:
    out: dict[Question, bool | None] = {}
    for number, question in enumerate(one.questions):
        yes, no = (possible[query(number, holds=h)] for h in (True, False))
        if not yes and not no:
            raise OwlError(f"{question.node} can neither fit nor not fit {question.fits.name.value}.")
        out[question] = None if yes and no else yes
    return out
