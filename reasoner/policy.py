"""Policies as records: the criteria tree, the rules by which evidence counts, ambiguities and readings.

Read from ``ontology/policies/*.ttl`` by :mod:`reasoner.policy_reading`; nothing here knows one policy.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

from reasoner.errors import ReadingError
from reasoner.model import Kind, Polarity, Source
from reasoner.triples import Step
from reasoner.vocabulary import BASE, COV, policy_prefix

SIDE_ACCEPTED = BASE + "shapes/evidence#SideAccepted"

Readings = Mapping[str, str]
"""Chosen reading (IRI) by ambiguity (IRI)."""


@dataclass(frozen=True)
class Link:
    """A facet that asks for a linked node which itself counts for a criterion.

    ``path`` empty means the node itself; ``shape`` is a further shape that the linked node must fit;
    ``counting`` says how the linked node must count.
    """

    iri: str
    path: tuple[Step, ...]
    criterion: str
    shape: str | None
    message: str
    counting: tuple[Polarity, ...] = (Polarity.FOR,)


@dataclass(frozen=True)
class Facet:
    """What one rule asks of evidence in one respect: always the same uses, or by reading.

    ``fixed`` and each choice hold shape IRIs and links, all of which must hold.
    """

    iri: str
    ambiguity: str | None
    fixed: tuple[str | Link, ...]
    choices: Mapping[str, tuple[str | Link, ...]] = field(default_factory=dict)

    def uses(self, readings: Readings) -> tuple[str | Link, ...]:
        """The shapes and links in force under the readings."""
        return self.fixed if self.ambiguity is None else self.choices[readings[self.ambiguity]]

    def all_uses(self) -> Iterator[str | Link]:
        """Every shape and link of every reading."""
        yield from self.fixed
        for uses in self.choices.values():
            yield from uses


@dataclass(frozen=True)
class Rule:
    """One way in which a node of one evidence class counts for, against, or is considered."""

    iri: str
    label: str
    polarity: Polarity
    evidence_class: str
    facets: tuple[Facet, ...]


@dataclass(frozen=True)
class Criterion:
    """One node of the criteria tree, with the texts by which its outcome is told.

    ``threshold`` is how many members an at-least group asks for; None for every other kind.
    """

    iri: str
    id: str
    label: str
    kind: Kind
    parent: str | None
    members: tuple[str, ...]
    rules: tuple[Rule, ...]
    source: Source
    plain: str
    messages: Mapping[str, str]
    asks: Mapping[str, str]
    later_event: bool
    threshold: int | None = None

    @property
    def is_leaf(self) -> bool:
        """Whether evidence decides it directly (leaves and exclusions)."""
        return self.kind in (Kind.LEAF, Kind.EXCLUSION)


@dataclass(frozen=True)
class Reading:
    """One way to understand a doubtful wording, and what it changes besides facets."""

    iri: str
    notation: str
    label: str
    definition: str
    regroups: str | None = None
    group_kind: Kind | None = None
    group_threshold: int | None = None
    dates_by: str | None = None


def needed(kind: Kind, members: int, threshold: int | None) -> int:
    """How many of a group's members must be met: all, one, or as many as an at-least group says.

    >>> needed(Kind.ALL, 3, None), needed(Kind.ANY, 3, None), needed(Kind.AT_LEAST, 3, 2)
    (3, 1, 2)
    """
    return {Kind.ALL: members, Kind.ANY: 1}.get(kind, threshold or members)


@dataclass(frozen=True)
class Ambiguity:
    """A doubtful wording with its readings; one of them is the default, with its reason."""

    iri: str
    notation: str
    label: str
    wording: str
    affects: tuple[str, ...]
    readings: tuple[Reading, ...]
    default: Reading
    default_reason: str
    chosen_by: str
    chosen_on: date
    source: Source


@dataclass(frozen=True)
class ScopeCondition:
    """What a line must fulfil for the policy to apply to it."""

    iri: str
    label: str
    message: str
    facets: tuple[Facet, ...]
    source: Source


@dataclass(frozen=True)
class Constraint:
    """Two criteria that cannot both be met, because the facts exclude each other.

    Where ``under`` names readings, the constraint holds only while all of them are chosen.
    """

    iri: str
    label: str
    message: str
    not_together: tuple[str, ...]
    under: tuple[str, ...] = ()

    def holds(self, readings: Readings) -> bool:
        """Whether the constraint is in force under the readings."""
        return set(self.under) <= set(readings.values())


@dataclass(frozen=True)
class Route:
    """A related policy, and the kinds of indication and procedure codes that belong there.

    Publishers give numbers anew, so a route names the publisher and the year in which the number was seen.
    """

    number: str
    publisher: str
    seen_in: str
    title: str
    iri: str
    kinds: tuple[str, ...]
    codes: tuple[str, ...]
    why: str


@dataclass(frozen=True)
class NoteRule:
    """What a review points out when a node of a class fits the facets."""

    iri: str
    evidence_class: str
    facets: tuple[Facet, ...]
    message: str


@dataclass(frozen=True)
class CodingNote:
    """What a review says about diagnosis codes that match a pattern."""

    pattern: str
    message: str


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
    caution: str = ""
    excludes_indication_of: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"Policy({self.number}, edition {self.edition})"

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
        """The readings among those asked for, over any number of policies, that are of this edition's ambiguities.

        A name may say the policy (``0587:A10``); see :func:`check_readings`.
        """
        own = {name: a.notation for a in self.ambiguities for name in (a.notation, f"{self.number}:{a.notation}")}
        return self.readings({own[name]: reading for name, reading in chosen.items() if name in own})

    def group_kind(self, criterion: Criterion, readings: Readings) -> Kind:
        """How a group is joined under the readings."""
        return self._joining(criterion, readings)[0]

    def needed(self, criterion: Criterion, readings: Readings) -> int:
        """How many members of a group must be met under the readings for the group to be met."""
        kind, threshold = self._joining(criterion, readings)
        return needed(kind, len(criterion.members), threshold)

    def _joining(self, criterion: Criterion, readings: Readings) -> tuple[Kind, int | None]:
        for chosen in readings.values():
            reading = self.reading_by_iri[chosen]
            if reading.regroups == criterion.iri and reading.group_kind is not None:
                return reading.group_kind, reading.group_threshold
        return criterion.kind, criterion.threshold

    def dates_by(self, readings: Readings) -> str:
        """The property whose date chooses the edition: the service date, where no reading says another."""
        found = (self.reading_by_iri[r].dates_by for r in readings.values())
        return next((d for d in found if d), COV.serviceDate.value)

    def ambiguities_of(self, criterion: Criterion) -> tuple[str, ...]:
        """The ambiguities whose reading can change how a node comes out directly (not its members)."""
        facets = [f for rule in criterion.rules for f in rule.facets]
        switched = {f.ambiguity for f in facets if f.ambiguity}
        grouped = {a.iri for a in self.ambiguities for r in a.readings if r.regroups == criterion.iri}
        return tuple(a.iri for a in self.ambiguities if a.iri in switched | grouped)

    def required(self) -> tuple[Criterion, ...]:
        """The nodes that each deny when unmet: members of the all-of groups under the root."""
        out: list[Criterion] = []

        def visit(iri: str) -> None:
            node = self.by_iri[iri]
            if iri != self.root:
                out.append(node)
            if node.kind is Kind.ALL:
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
        fitting = [p for p in loaded if number in ("", p.number) and notation in {a.notation for a in p.ambiguities}]
        numbers = list(dict.fromkeys(p.number for p in fitting))
        if not fitting:
            raise ReadingError(f"There is no ambiguity {name!r}. Known: {', '.join(names)}.")
        if len(numbers) > 1:
            choices = " or ".join(f"{n}:{notation}" for n in numbers)
            raise ReadingError(f"{name} is an ambiguity of several policies; write {choices}.")
        for policy in fitting:
            policy.readings({notation: wanted})
