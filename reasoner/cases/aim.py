"""What a search is asked for: an aim, and the rules of which aims are made."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from reasoner.cases.items import switched_by, worlds
from reasoner.cases.solve import STATUSES, Search, Wanted, World
from reasoner.model import Status
from reasoner.policy import Criterion, Facet, Policy, Readings

OnFile = tuple[str, str]
"""A term that is to be on file: who sets it (mandate, plan), and its effect, or how far it reaches."""


@dataclass(frozen=True)
class Aim:
    """One way to show an item: what the record is to be, the terms on file, and days that are changed at the end."""

    wanted: Wanted
    terms: tuple[OnFile, ...] = ()
    days: tuple[tuple[str, date], ...] = ()


Ways = Iterator[Aim]
Rules = Callable[[Search], Iterable[str]]


def fixed(*rules: str) -> Rules:
    """Rules that are the same for every search."""
    return lambda _: rules


def together(*parts: Rules) -> Rules:
    """All that several say."""
    return lambda search: [rule for part in parts for rule in part(search)]


def criterion_of(policy: Policy, cid: str) -> Criterion:
    """The criterion of an id."""
    return next(c for c in policy.criteria if c.id == cid)


def status_is(policy: Policy, cid: str, status: str) -> Rules:
    """A leaf (by its id) has a status under the default readings."""
    leaf = criterion_of(policy, cid)
    return lambda search: [f":- not st(0,{search.id(leaf.iri)},{STATUSES[Status(status)]})."]


def by_default(policy: Policy) -> World:
    """The world of the default readings."""
    return World(policy.default_readings)


def readings_of(policy: Policy, facets: Iterable[Facet]) -> list[Readings]:
    """The default readings, then each change of one ambiguity that switches some of the facets."""
    return [readings for _, readings in worlds(policy, switched_by(facets))]


def too_early(policy: Policy, readings: Readings) -> Aim:
    """A record like any, but for a day before the edition: the day that chooses it under the readings."""
    return Aim(Wanted(fixed()), days=((policy.dates_by(readings), policy.edition - timedelta(days=1)),))
