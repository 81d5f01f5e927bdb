"""What a review says about diagnosis codes: exclusions between them, and codes that no claim can carry.

Everything comes from the ontology (``ontology/codes.ttl``): the codes held are no full table, so a code that is not
among them draws no remark. Excludes1 is the note of ICD-10-CM that two codes are not reported together for one
condition (ICD-10-CM Official Guidelines, section I.A.12.a); unrelated conditions are its exception.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from itertools import combinations

from pyoxigraph import NamedNode

from reasoner.errors import PolicyError
from reasoner.triples import Node, Triples
from reasoner.vocabulary import CLIN, COV, RDFS, SKOS, compact


@dataclass(frozen=True)
class Release:
    """An issue of a code system and the days of service for which it is valid, first and last included."""

    label: str
    first: date
    last: date

    def covers(self, day: date) -> bool:
        """Whether the release is valid for a service on the day."""
        return self.first <= day <= self.last


@dataclass(frozen=True)
class Code:
    """A diagnosis code: whether a claim can carry it under its release, and since or until when where known.

    ``until`` is the first day on which the code can no longer stand on a claim.
    """

    notation: str
    billable: bool
    release: Release
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True)
class Family:
    """Codes that are meant alike, given by a pattern."""

    notation: str
    pattern: re.Pattern[str]

    def holds(self, code: str) -> bool:
        """Whether the code belongs to the family."""
        return self.pattern.search(code) is not None


@dataclass(frozen=True)
class Exclusion:
    """An Excludes1 note: codes of the two families are not reported together for one condition."""

    first: Family
    second: Family
    why: str

    def between(self, one: str, other: str) -> bool:
        """Whether the note stands between two codes, in either order."""
        return (self.first.holds(one) and self.second.holds(other)) or (
            self.first.holds(other) and self.second.holds(one)
        )


@dataclass(frozen=True)
class CodeBook:
    """The diagnosis codes and exclusions that are held, by notation and in a fixed order."""

    codes: Mapping[str, Code]
    exclusions: tuple[Exclusion, ...]


# ---- From the ontology -----------------------------------------------------------------------------


@lru_cache(maxsize=4)
def code_book(ontology: Triples) -> CodeBook:
    """The diagnosis codes (those with a release and a statement on billing) and exclusions of an ontology.

    Raises:
        PolicyError: a code, release, family or exclusion lacks a value, or holds one that cannot be read.
    """
    codes = (_code(ontology, n) for n in ontology.instances(COV.Code) if ontology.objects(n, COV.billable))
    exclusions = (_exclusion(ontology, n) for n in ontology.instances(COV.Excludes1))
    return CodeBook(
        codes={c.notation: c for c in sorted(codes, key=lambda c: c.notation)},
        exclusions=tuple(sorted(exclusions, key=lambda e: (e.first.notation, e.second.notation))),
    )


def _code(t: Triples, node: Node) -> Code:
    return Code(
        notation=_text(t, node, SKOS.notation),
        billable=_text(t, node, COV.billable) in ("true", "1"),
        release=_release(t, _node(t, node, COV.release)),
        since=_day(t, node, COV.codeFrom),
        until=_day(t, node, COV.codeUntil),
    )


def _release(t: Triples, node: Node) -> Release:
    first, last = _day(t, node, COV.validFrom), _day(t, node, COV.validUntil)
    if first is None or last is None:
        raise PolicyError(_name(node), "is a release without a period.", "Add cov:validFrom and cov:validUntil.")
    return Release(_text(t, node, RDFS.label), first, last)


def _family(t: Triples, node: Node) -> Family:
    pattern = _text(t, node, COV.codePattern)
    try:
        return Family(_text(t, node, SKOS.notation), re.compile(pattern))
    except re.error as error:
        raise PolicyError(_name(node), f"cov:codePattern {pattern!r} is no pattern: {error}.", "Mend it.") from error


def _exclusion(t: Triples, node: Node) -> Exclusion:
    first, second = (_family(t, _node(t, node, p)) for p in (COV.firstFamily, COV.secondFamily))
    return Exclusion(first, second, _text(t, node, COV.why))


def _text(t: Triples, node: Node, prop: NamedNode) -> str:
    value = t.text(node, prop)
    if value is None:
        raise PolicyError(_name(node), f"has no {compact(prop.value)}.", "Add it.")
    return value


def _node(t: Triples, node: Node, prop: NamedNode) -> Node:
    value = t.node(node, prop)
    if value is None:
        raise PolicyError(_name(node), f"has no {compact(prop.value)}.", "Add it.")
    return value


def _day(t: Triples, node: Node, prop: NamedNode) -> date | None:
    value = t.text(node, prop)
    try:
        return date.fromisoformat(value) if value is not None else None
    except ValueError:
        raise PolicyError(_name(node), f"{compact(prop.value)} {value!r} is no date.", "Use YYYY-MM-DD.") from None


def _name(node: Node) -> str:
    return compact(node.value) if isinstance(node, NamedNode) else str(node)


# ---- On a request ----------------------------------------------------------------------------------


def codes_of(triples: Triples, condition: Node) -> frozenset[str]:
    """The diagnosis codes of one condition."""
    return frozenset(o.value for o in triples.objects(condition, CLIN.diagnosisCode))


def line_codes(line_view: Triples, condition: Node | None) -> tuple[frozenset[str], frozenset[str]]:
    """The codes to remark on in the review of a line, and the codes of other lines' indications.

    The first are those of the line's own condition and of the further conditions, for which no line is requested.
    """
    elsewhere = {o for s, p, o in line_view if p == COV.otherIndication} - {condition}
    own: set[str] = set()
    other: set[str] = set()
    for node in line_view.instances(CLIN.Condition):
        (other if node in elsewhere else own).update(codes_of(line_view, node))
    return frozenset(own), frozenset(other)


def line_notes(ontology: Triples, line_view: Triples, line: NamedNode) -> tuple[str, ...]:
    """What the review of a line says about diagnosis codes, from the request as the line sees it."""
    own, other = line_codes(line_view, line_view.node(line, COV.indication))
    service = line_view.text(line, COV.serviceDate)
    return tuple(code_notes(code_book(ontology), own, other, date.fromisoformat(service[:10]) if service else None))


def code_notes(book: CodeBook, own: Iterable[str], other: Iterable[str], service: date | None) -> Iterable[str]:
    """What is to be said about the codes of a line: exclusions first, then what could not be billed.

    Args:
        book: the codes and exclusions that are held.
        own: the codes of the line's condition and of further conditions.
        other: the codes of other lines on the same request; they matter for exclusions only.
        service: the service date; without one, only exclusions are looked at.
    """
    mine = set(own)
    for one, two in combinations(sorted(mine | set(other)), 2):
        if one in mine or two in mine:
            yield from _exclusion_notes(book, one, two)
    if service is not None:
        known = [book.codes[c] for c in sorted(mine) if c in book.codes]
        yield from (note for code in known if (note := _validity_note(code, service)))
        yield from _unchecked_note([c for c in known if _unchecked(c, service)], service)


def _exclusion_notes(book: CodeBook, one: str, two: str) -> Iterable[str]:
    found = next((e for e in book.exclusions if e.between(one, two)), None)
    if found is not None:
        yield (
            f"Coding: {one} and {two} are excluded from one claim by ICD-10-CM (Excludes1): {found.why}. "
            "They may stand together only where the conditions are unrelated."
        )


def _validity_note(code: Code, service: date) -> str | None:
    """That the code could not be billed on the day, where that is known."""
    text = f"Coding: {code.notation} was not billable on {service};"
    if code.until is not None and service >= code.until:
        return f"{text} since {code.until} it cannot stand on a claim any more."
    if code.since is not None and service < code.since:
        return f"{text} it can stand on a claim since {code.since} only."
    if not code.billable and code.until is None and code.release.covers(service):
        return f"{text} under {code.release.label}, it is a category that more specific codes divide."
    return None


def _unchecked(code: Code, service: date) -> bool:
    """Whether nothing is known of the code on the day: outside its release, and no date of the code decides."""
    if code.release.covers(service) or code.until is not None:
        return False
    return code.since is None or service > code.release.last


def _unchecked_note(codes: list[Code], service: date) -> Iterable[str]:
    by_release: dict[Release, list[str]] = {}
    for code in codes:
        by_release.setdefault(code.release, []).append(code.notation)
    for release, names in by_release.items():
        yield (
            f"Coding: whether {', '.join(names)} could be billed on {service} was not checked; the codes at hand are "
            f"those of {release.label}, for services from {release.first} to {release.last}."
        )
