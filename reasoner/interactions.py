"""What the lines of one request have to do with each other: facts that serve one and stand in the way of another.

Each line is reviewed for itself, under its own policy. Here the outcomes are laid side by side; nothing is decided.
Evidence *helps* a line where it counts for a criterion or against an exclusion, and *harms* it in the reverse case.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations

from pyoxigraph import NamedNode

from reasoner.model import (
    CriterionResult,
    EvidenceRef,
    Interaction,
    InteractionKind,
    InteractionSide,
    Kind,
    LineReview,
    PolicyRef,
    Status,
)
from reasoner.triples import Node, Triples
from reasoner.vocabulary import CLIN, COV

Use = tuple[CriterionResult, EvidenceRef]
"""A criterion with one piece of evidence that decides it one way or the other."""


@dataclass(frozen=True)
class _Side:
    """One reviewed line with what helps and what harms it, by evidence; its first criterion in tree order each."""

    line: LineReview
    policy: PolicyRef
    helps: Mapping[str, Use]
    harms: Mapping[str, Use]


def interactions(
    lines: Iterable[LineReview], excludes: Mapping[str, tuple[str, ...]], record: Triples
) -> tuple[Interaction, ...]:
    """The interactions between the lines of one request, by pairs of lines.

    Args:
        lines: the reviewed lines; those that no policy governs have none.
        excludes: by the IRI of a policy, the IRIs of the policies whose indications it excludes.
        record: the request.
    """
    sides = [side for line in lines if (side := _side(line)) is not None]
    return tuple(i for one, other in combinations(sides, 2) for i in _between(one, other, excludes, record))


def _between(
    one: _Side, other: _Side, excludes: Mapping[str, tuple[str, ...]], record: Triples
) -> Iterator[Interaction]:
    """What two lines have to do with each other; each piece of evidence and each document is told of once."""
    pairs = ((one, other), (other, one))
    found = [i for a, b in pairs for i in _excluded(a, b, excludes, record)]
    seen = {i.evidence for i in found}
    found += [i for a, b in pairs for i in _opposed(a, b) if i.evidence not in seen]
    seen |= {i.evidence for i in found}
    if one.policy.iri != other.policy.iri:
        told = {d for iri in seen for d in _documents(record, iri)}
        found += [i for a, b in pairs for i in _documented(a, b, record, told)]
        if _indication(one, record) != _indication(other, record):  # of one condition all evidence is shared
            found += [i for i in _shared(one, other, record) if i.evidence not in seen]
    yield from found


def _side(line: LineReview) -> _Side | None:
    if line.policy is None or not line.criteria:
        return None
    helps: dict[str, Use] = {}
    harms: dict[str, Use] = {}
    for criterion in line.criteria:
        for evidence in criterion.evidence:
            if evidence.role in ("for", "against"):
                good = (evidence.role == "for") is not (criterion.kind is Kind.EXCLUSION)
                (helps if good else harms).setdefault(evidence.iri, (criterion, evidence))
    return _Side(line, line.policy, helps, harms)


# ---- The kinds of interaction ----------------------------------------------------------------------


def _excluded(
    one: _Side, other: _Side, excludes: Mapping[str, tuple[str, ...]], record: Triples
) -> Iterator[Interaction]:
    """The condition of both lines excludes one, and the other is reviewed for it."""
    if other.policy.iri not in excludes.get(one.policy.iri, ()):
        return
    condition = _indication(other, record)
    for criterion in one.line.criteria:
        if criterion.kind is not Kind.EXCLUSION or criterion.status != Status.MET:
            continue
        for evidence in criterion.evidence:
            if evidence.role == "for" and isinstance(condition, NamedNode) and evidence.iri == condition.value:
                harmed, helped = _told(one, criterion, evidence), _told(other, other.line.criteria[0], evidence)
                sentence = (
                    f"{_line(one)} and {_line(other)} are requested for one condition, {evidence.summary}. "
                    f"It excludes {_line(one)}: {_place(one, criterion)}; {_line(other)} is reviewed for it: "
                    f"{_place(other, other.line.criteria[0])}."
                )
                yield _made(InteractionKind.EXCLUDED_INDICATION, (helped, harmed), evidence, sentence)


def _opposed(one: _Side, other: _Side) -> Iterator[Interaction]:
    """One piece of evidence serves one line and stands in the way of the other."""
    for iri in (i for i in one.helps if i in other.harms):
        (good, evidence), (bad, contrary) = one.helps[iri], other.harms[iri]
        sentence = (
            f"{_shown(evidence)} counts for {_line(one)}: {_place(one, good)}; and against {_line(other)}: "
            f"{_place(other, bad)}."
        )
        sides = (_told(one, good, evidence), _told(other, bad, contrary))
        yield _made(InteractionKind.OPPOSED, sides, evidence, sentence)


def _documented(one: _Side, other: _Side, record: Triples, told: set[Node]) -> Iterator[Interaction]:
    """One document says, about one condition, something for one line and something else against the other."""
    for good, evidence in one.helps.values():
        for bad, contrary in other.harms.values():
            common = [d for d in _documents(record, evidence.iri) if d in _documents(record, contrary.iri)]
            apart = evidence.iri != contrary.iri and not told.intersection(common)
            if common and apart and _about(record, evidence.iri) & _about(record, contrary.iri):
                told.update(common)
                sentence = (
                    f"One document, {evidence.document}, speaks for {_line(one)}: {evidence.summary}, "
                    f"{_place(one, good)}; and against {_line(other)}: {contrary.summary}, {_place(other, bad)}."
                )
                sides = (_told(one, good, evidence), _told(other, bad, contrary))
                yield _made(InteractionKind.DOCUMENT, sides, evidence, sentence)


def _shared(one: _Side, other: _Side, record: Triples) -> Iterator[Interaction]:
    """One piece of evidence serves both lines; what a line is requested for is none."""
    for iri in (i for i in one.helps if i in other.helps and not _is_condition(record, i)):
        (first, evidence), (second, again) = one.helps[iri], other.helps[iri]
        sentence = (
            f"{_shown(evidence)} counts for both lines, as the record relates it to the condition of each: for "
            f"{_line(one)} by {_place(one, first)}; for {_line(other)} by {_place(other, second)}."
        )
        sides = (_told(one, first, evidence), _told(other, second, again))
        yield _made(InteractionKind.SHARED, sides, evidence, sentence)


# ---- Parts -----------------------------------------------------------------------------------------


def _made(
    kind: InteractionKind, sides: tuple[InteractionSide, InteractionSide], evidence: EvidenceRef, sentence: str
) -> Interaction:
    return Interaction(
        kind, evidence.iri, evidence.summary, evidence.date, evidence.document, sides, _capital(sentence)
    )


def _told(side: _Side, criterion: CriterionResult, evidence: EvidenceRef) -> InteractionSide:
    return InteractionSide(
        line=side.line.sequence,
        policy=side.policy.number,
        criterion=criterion.id,
        iri=criterion.iri,
        label=criterion.label,
        evidence=evidence.iri,
        source=criterion.source,
    )


def _indication(side: _Side, record: Triples) -> Node | None:
    return record.node(NamedNode(side.line.iri), COV.indication)


def _line(side: _Side) -> str:
    return f"line {side.line.sequence} ({side.line.code})"


def _place(side: _Side, criterion: CriterionResult) -> str:
    source = criterion.source
    return f"“{criterion.label}” (policy {side.policy.number}, section {source.section}, page {source.page})"


def _shown(evidence: EvidenceRef) -> str:
    source = "; ".join(x for x in (evidence.date, evidence.document) if x)
    return f"{evidence.summary} ({source})" if source else evidence.summary


def _capital(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]


def _with_study(record: Triples, iri: str, follow: Callable[[Node], list[Node]]) -> set[Node]:
    """What evidence names itself, or by the study that reports it."""
    node = NamedNode(iri)
    return {found for holder in (node, *record.subjects(CLIN.hasFinding, node)) for found in follow(holder)}


def _documents(record: Triples, iri: str) -> set[Node]:
    return _with_study(record, iri, lambda n: record.nodes(n, COV.documentedIn))


def _about(record: Triples, iri: str) -> set[Node]:
    return _with_study(record, iri, lambda n: record.nodes(n, COV.about))


def _is_condition(record: Triples, iri: str) -> bool:
    return NamedNode(iri) in record.instances(CLIN.Condition)
