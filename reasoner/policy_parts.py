"""What a policy consists of: criteria with rules and facets, ambiguities with readings, scope, constraints, routes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

from reasoner.model import Kind, Polarity, Source
from reasoner.triples import Step

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

    @property
    def links(self) -> Iterator[Link]:
        """Every link of every reading."""
        return (use for use in self.all_uses() if isinstance(use, Link))


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
class Settled:
    """A wording that was doubtful in another edition and that this one states plainly: ``reading`` holds."""

    ambiguity: Ambiguity
    reading: Reading


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
