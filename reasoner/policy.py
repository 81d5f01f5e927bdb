"""Policies as records: the criteria tree, the rules by which evidence counts, ambiguities and readings.

Read from ``ontology/policies/*.ttl`` by :mod:`reasoner.policy_reading`; nothing here knows one policy.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from reasoner.errors import ReadingError, UnknownTerm
from reasoner.model import Kind, Source
from reasoner.policy_parts import (
    Ambiguity,
    CodingNote,
    Constraint,
    Criterion,
    Facet,
    Link,
    NoteRule,
    Reading,
    Readings,
    Route,
    Rule,
    ScopeCondition,
    Settled,
    needed,
)
from reasoner.vocabulary import BASE, COV, policy_prefix

SIDE_ACCEPTED = BASE + "shapes/evidence#SideAccepted"

__all__ = [
    "Ambiguity",
    "CodingNote",
    "Constraint",
    "Criterion",
    "Facet",
    "Link",
    "NoteRule",
    "Policy",
    "Reading",
    "Readings",
    "Route",
    "Rule",
    "ScopeCondition",
    "Settled",
    "check_readings",
    "edition_named",
    "editions_named",
    "needed",
]


@dataclass(frozen=True, eq=False, repr=False)
class Policy:
    """One edition of a policy, ready to review with. Criteria are in tree order, exclusions last.

    ``slug`` is the name of the edition in file names and in the namespace of its generated shapes; ``caution`` is what
    every review under it has to say about its standing (empty where nothing); ``excludes_indication_of`` holds the IRIs
    of the policies whose indications it declares not necessary under its own procedure.
    """

    iri: str
    edition_iri: str
    number: str
    title: str
    publisher: str
    edition: date
    until: date | None
    next_review: date | None
    codes: tuple[str, ...]
    procedure_plain: str
    criteria: tuple[Criterion, ...]
    root: str
    exclusions: tuple[str, ...]
    statement_sources: Mapping[str, Source]
    ambiguities: tuple[Ambiguity, ...]
    scope: tuple[ScopeCondition, ...]
    constraints: tuple[Constraint, ...]
    routes: tuple[Route, ...]
    note_rules: tuple[NoteRule, ...] = ()
    coding_notes: tuple[CodingNote, ...] = ()
    kinds: tuple[str, ...] = ()
    slug: str = ""
    settled: tuple[Settled, ...] = ()
    caution: str = ""
    excludes_indication_of: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"Policy({self.number}, edition {self.edition})"

    @property
    def name(self) -> str:
        """Number and effective date, such as 0587/2025-12-01."""
        return f"{self.number}/{self.edition}"

    @property
    def shape_files(self) -> tuple[str, ...]:
        """The hand-written shapes files, below ``shapes/policies``: of the policy, and of this edition alone."""
        return tuple(dict.fromkeys(f"{name}.ttl" for name in (self.number.lower(), self.slug)))

    @property
    def probes_file(self) -> str:
        """The generated probes, below ``shapes/policies``."""
        return f"{self.slug}.probes.ttl"

    @cached_property
    def prefixes(self) -> dict[str, str]:
        """Prefixes for the terms of the policy and for its hand-written shapes."""
        found = (policy_prefix(BASE + f"{part}policy/{self.number.lower()}#x") for part in ("", "shapes/"))
        return dict(pair for pair in found if pair)

    @cached_property
    def by_iri(self) -> dict[str, Criterion]:
        """Criteria by IRI."""
        return {c.iri: c for c in self.criteria}

    @cached_property
    def leaves(self) -> tuple[Criterion, ...]:
        """Leaves and exclusions, in tree order."""
        return tuple(c for c in self.criteria if c.is_leaf)

    @cached_property
    def groups(self) -> tuple[Criterion, ...]:
        """The criteria that have members, in tree order."""
        return tuple(c for c in self.criteria if not c.is_leaf)

    @cached_property
    def weighs_sides(self) -> bool:
        """Whether evidence counts only on the side of the line, so that a line without a side lacks something."""
        uses = (u for leaf in self.leaves for rule in leaf.rules for f in rule.facets for u in f.all_uses())
        return SIDE_ACCEPTED in uses

    @cached_property
    def ambiguity_by_iri(self) -> dict[str, Ambiguity]:
        """Ambiguities by IRI."""
        return {a.iri: a for a in self.ambiguities}

    @cached_property
    def reading_by_iri(self) -> dict[str, Reading]:
        """Every reading by IRI."""
        return {r.iri: r for a in self.ambiguities for r in a.readings}

    @cached_property
    def default_readings(self) -> dict[str, str]:
        """The default reading of every ambiguity."""
        return {a.iri: a.default.iri for a in self.ambiguities}

    def readings(self, chosen: Mapping[str, str] | None = None) -> dict[str, str]:
        """The defaults with some ambiguities read as asked, by short names (``A10`` -> ``any-one``).

        Raises:
            ReadingError: an ambiguity or a reading of that name does not exist.
        """
        out = dict(self.default_readings)
        by_name = {a.notation: a for a in self.ambiguities}
        for name, wanted in (chosen or {}).items():
            if name not in by_name:
                raise ReadingError(f"There is no ambiguity {name!r}. Known: {', '.join(by_name)}.")
            options = {r.notation: r.iri for r in by_name[name].readings}
            if wanted not in options:
                raise ReadingError(f"{name} has no reading {wanted!r}. Its readings: {', '.join(options)}.")
            out[by_name[name].iri] = options[wanted]
        return out

    def own_readings(self, chosen: Mapping[str, str]) -> dict[str, str]:
        """The readings among those asked for, over any number of policies, that this edition has.

        A name may say the policy (``0587:A10``) or the edition (``0587/2025-12-01:A10``); see :func:`check_readings`.
        """
        out = dict(self.default_readings)
        for a in self.ambiguities if chosen else ():
            options = {r.notation: r.iri for r in a.readings}
            for name in (a.notation, f"{self.number}:{a.notation}", f"{self.name}:{a.notation}"):
                if chosen.get(name) in options:
                    out[a.iri] = options[chosen[name]]
        return out

    def group_kind(self, criterion: Criterion, readings: Readings) -> Kind:
        """How a group is joined under the readings."""
        return self._joining(criterion, readings)[0]

    def needed(self, criterion: Criterion, readings: Readings) -> int:
        """How many members of a group must be met under the readings for the group to be met."""
        kind, threshold = self._joining(criterion, readings)
        return needed(kind, len(criterion.members), threshold)

    def arranged(self, readings: Readings) -> tuple[tuple[int, ...], frozenset[str]]:
        """How statuses are put together under the readings.

        That is how many members each of ``groups`` needs, and the IRIs of the constraints in force.
        """
        ambiguities, known = self._arrangements
        key = tuple([readings[a] for a in ambiguities])
        if key not in known:
            joined = tuple(self.needed(c, readings) for c in self.groups)
            known[key] = joined, frozenset(c.iri for c in self.constraints if c.holds(readings))
        return known[key]

    @cached_property
    def _arrangements(self) -> tuple[tuple[str, ...], dict[tuple[str, ...], tuple[tuple[int, ...], frozenset[str]]]]:
        """The ambiguities on which the arrangement depends, and what is known of it by their readings."""
        under = {reading for c in self.constraints for reading in c.under}
        bearing = (a.iri for a in self.ambiguities if any(r.regroups or r.iri in under for r in a.readings))
        return tuple(bearing), {}

    def _joining(self, criterion: Criterion, readings: Readings) -> tuple[Kind, int | None]:
        for chosen in readings.values():
            reading = self.reading_by_iri[chosen]
            if reading.regroups == criterion.iri and reading.group_kind is not None:
                return reading.group_kind, reading.group_threshold
        return criterion.kind, criterion.threshold

    def dates_by(self, readings: Readings) -> str:
        """The property whose date chooses the edition under the readings; where none says, the day of service."""
        chosen = (*(self.reading_by_iri[r] for r in readings.values()), *(s.reading for s in self.settled))
        found = (reading.dates_by for reading in chosen)
        return next((d for d in found if d), COV.serviceDate.value)

    def ambiguities_of(self, criterion: Criterion) -> tuple[str, ...]:
        """The ambiguities whose reading can change how a node comes out directly (not its members)."""
        return self._ambiguities_by_criterion[criterion.iri]

    @cached_property
    def _ambiguities_by_criterion(self) -> dict[str, tuple[str, ...]]:
        out = {}
        for criterion in self.criteria:
            bearing = {f.ambiguity for rule in criterion.rules for f in rule.facets}
            bearing |= {a.iri for a in self.ambiguities for r in a.readings if r.regroups == criterion.iri}
            out[criterion.iri] = tuple(a.iri for a in self.ambiguities if a.iri in bearing)
        return out

    def required(self, readings: Readings | None = None) -> tuple[Criterion, ...]:
        """The nodes that each deny when unmet: members of the all-of groups under the root.

        Groups are joined as the policy is written by default, or as the readings say.
        """
        out: list[Criterion] = []

        def visit(iri: str) -> None:
            node = self.by_iri[iri]
            if iri != self.root:
                out.append(node)
            kind = node.kind if readings is None else self.group_kind(node, readings)
            if kind is Kind.ALL:
                for member in node.members:
                    visit(member)

        visit(self.root)
        return tuple(out)


def check_readings(policies: Iterable[Policy], chosen: Mapping[str, str]) -> None:
    """Refuse a choice of readings that fits none of the policies, or ambiguities of two policies.

    Raises:
        ReadingError: an ambiguity or a reading of that name does not exist, or the name is one of several policies.
    """
    loaded = tuple(policies)
    names = list(dict.fromkeys(a.notation for p in loaded for a in p.ambiguities))
    for name, wanted in chosen.items():
        number, _, notation = name.rpartition(":")
        fitting = [
            p for p in loaded if number in ("", p.number, p.name) and notation in {a.notation for a in p.ambiguities}
        ]
        numbers = list(dict.fromkeys(p.number for p in fitting))
        if not fitting:
            raise ReadingError(f"There is no ambiguity {name!r}. Known: {', '.join(names)}.")
        if len(numbers) > 1:
            choices = " or ".join(f"{n}:{notation}" for n in numbers)
            raise ReadingError(f"{name} is an ambiguity of several policies; write {choices}.")
        readings = [r.notation for p in fitting for a in p.ambiguities if a.notation == notation for r in a.readings]
        if wanted not in readings:
            options = ", ".join(dict.fromkeys(readings))
            raise ReadingError(f"{notation} has no reading {wanted!r}. Its readings: {options}.")


def editions_named(policies: Iterable[Policy], name: str | None) -> tuple[Policy, ...]:
    """The editions of a policy number, or the one of number and date, by date; all where no name is given."""
    known = sorted(policies, key=lambda p: (p.number, p.edition))
    return tuple(p for p in known if name is None or name.casefold() in (p.number.casefold(), p.name.casefold()))


def edition_named(policies: Iterable[Policy], name: str) -> Policy:
    """The edition that somebody means by a number (the latest of that policy) or by number and date.

    Raises:
        UnknownTerm: there is no such policy or edition.
    """
    known = tuple(policies)
    found = editions_named(known, name)
    if not found:
        raise UnknownTerm(
            f"There is no policy or edition {name}. Known: {', '.join(p.name for p in known)}.",
            tuple(p.name for p in known),
        )
    return found[-1]
