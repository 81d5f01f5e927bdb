"""What a rule, a facet or a group asks for in the end, in a form that can be compared between two editions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from reasoner.editions.shape_logic import ShapeLogic
from reasoner.policy import Criterion, Facet, Link, Policy, Readings, Rule
from reasoner.shapes import ANYTHING


@dataclass(frozen=True)
class Ask:
    """One thing that is asked for: compared by ``digest``, told by ``name``; ``shape`` is its IRI."""

    digest: str
    name: str
    shape: str


Asks = frozenset[Ask]


@dataclass(frozen=True, eq=False)
class Side:
    """One edition as it is compared: its record and what its shapes ask for."""

    policy: Policy
    logic: ShapeLogic

    def common(self) -> frozenset[str]:
        """The facets that every rule of the edition has."""
        rules = [{f.iri for f in rule.facets} for leaf in self.policy.leaves for rule in leaf.rules]
        return frozenset(set.intersection(*rules)) if rules else frozenset()

    def common_facets(self) -> tuple[Facet, ...]:
        """The facets that hold for all evidence."""
        first = next((rule for leaf in self.policy.leaves for rule in leaf.rules), None)
        return tuple(f for f in first.facets if f.iri in self.common()) if first is not None else ()

    def readings_of(self, other: Side) -> Readings:
        """The readings of this edition that are the other's defaults, by short names; its own where it has no such."""
        defaults = {a.notation: a.default.notation for a in other.policy.ambiguities}
        return self.policy.own_readings(defaults)

    def asks(self, facets: Iterable[Facet], readings: Readings) -> Asks:
        """What facets ask for under readings."""
        uses = (use for facet in facets for use in facet.uses(readings))
        return frozenset(ask for use in uses for ask in self._ask(use))

    def asks_of(self, rule: Rule, readings: Readings) -> Asks:
        """What a rule asks for under readings, without what every rule asks for."""
        common = self.common()
        return self.asks((f for f in rule.facets if f.iri not in common), readings)

    def by_reading(self, facets: Iterable[Facet]) -> dict[tuple[str, str], Asks]:
        """What switched facets ask for, by the short names of ambiguity and reading."""
        out: dict[tuple[str, str], Asks] = {}
        for facet in facets:
            if facet.ambiguity is None:
                continue
            ambiguity = self.policy.ambiguity_by_iri[facet.ambiguity]
            for reading in ambiguity.readings:
                uses = facet.choices.get(reading.iri, ())
                key = (ambiguity.notation, reading.notation)
                out[key] = out.get(key, frozenset()) | {a for use in uses for a in self._ask(use)}
        return out

    def _ask(self, use: str | Link) -> Iterator[Ask]:
        if isinstance(use, Link):
            linked = self.policy.by_iri[use.criterion].id
            shape = self.logic.digest(use.shape) if use.shape else ""
            path = " ".join(str(step) for step in use.path)
            counting = ",".join(sorted(use.counting))
            yield Ask(f"{linked} {counting} {path} {shape}", f"evidence that counts for “{linked}”", use.iri)
        elif use != ANYTHING and "/generated#" not in use:
            yield Ask(self.logic.digest(use), self.logic.name(use), use)


def written(rules: Iterable[Rule]) -> list[Rule]:
    """The rules that an author wrote; those that settle any leaf by a judgement are alike everywhere."""
    return [r for r in rules if "/generated#" not in r.iri]


def links_to(policy: Policy, leaf: Criterion) -> frozenset[str]:
    """The criteria (by id) whose evidence a leaf links to, those to which they link in turn included."""
    found: set[str] = set()
    ahead = [leaf]
    while ahead:
        for rule in ahead.pop().rules:
            for facet in rule.facets:
                for use in facet.all_uses():
                    linked = policy.by_iri[use.criterion] if isinstance(use, Link) else None
                    if linked is not None and linked.id not in found and linked.id != leaf.id:
                        found.add(linked.id)
                        ahead.append(linked)
    return frozenset(found)


def same(one: Asks, other: Asks) -> bool:
    """Whether both ask for the same, whatever it is called."""
    return {a.digest for a in one} == {a.digest for a in other}


def difference_in_words(before: Asks, after: Asks) -> str:
    """What is asked for now and was not, and the reverse; a shape that is written otherwise is named as such."""
    old, new = {a.digest: a for a in before}, {a.digest: a for a in after}
    gone = [a for d, a in sorted(old.items()) if d not in new]
    come = [a for d, a in sorted(new.items()) if d not in old]
    shared = {a.shape for a in gone} & {a.shape for a in come}
    parts = [f"the shape “{a.name}” is written otherwise" for a in come if a.shape in shared]
    asked, left = (sorted(a.name for a in x if a.shape not in shared) for x in (come, gone))
    parts += [f"now also asked for: {', '.join(asked)}"] if asked else []
    parts += [f"no longer asked for: {', '.join(left)}"] if left else []
    return "; ".join(parts)
