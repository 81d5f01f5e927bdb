"""Triples to records: one record a request, checked, with one view a line.

What cannot be used is refused with all its faults; nothing is dropped or assumed silently.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from pyoxigraph import BlankNode, CanonicalizationAlgorithm, Dataset, Literal, NamedNode, Quad, Triple

from reasoner.derive import TRUE, day_of, evidence_classes, seen_from
from reasoner.errors import Fault, RequestError
from reasoner.knowledge import load
from reasoner.model import ShapeResult
from reasoner.once import once_for_each
from reasoner.reading import read_triples
from reasoner.triples import RDF_TYPE, Node, Triples
from reasoner.vocabulary import ANAT, BASE, CLIN, COV, DCTERMS, OWL, RDFS, XSD, compact, local_name, nearest

KNOWN_DATES = (COV.receivedOn, COV.date, CLIN.startDate, CLIN.endDate, CLIN.occurredOn)
CONCEPTS = (CLIN.Concept, ANAT.Structure, ANAT.Territory)
"""Classes of terms: a property with one of them as its range takes terms of plexus only."""
SEEN_TERMS = {RDF_TYPE.value, RDFS.label.value, RDFS.comment.value, DCTERMS.title.value, DCTERMS.identifier.value}


@dataclass(frozen=True)
class LineRecord:
    """One line: its IRI, its number, and the request as the line sees it."""

    iri: str
    sequence: int
    triples: Triples


@dataclass(frozen=True)
class Record:
    """One request as it came in (blank nodes named), with its digest and its lines."""

    iri: str
    source: str
    identifier: str | None
    as_of: date
    triples: Triples
    digest: str
    lines: tuple[LineRecord, ...]
    notes: tuple[str, ...]


def read(
    source: str | Path | bytes,
    *,
    as_of: date,
    ontology: Triples | None = None,
    name: str | None = None,
    format: str | None = None,
) -> tuple[Record, ...]:
    """The requests of an input, not yet checked.

    The ontology (default: what plexus ships) says which classes are evidence.

    Raises:
        RequestError: the input cannot be read, or holds no request.
    """
    ontology = load().ontology if ontology is None else ontology
    parsed = read_triples(source, name=name, format=format)
    whole = Triples(parsed.triples)
    requests = whole.instances(COV.Request)
    if not requests:
        fault = Fault(parsed.name, "no node is a cov:Request.", "Type the request; see `plexus template request`.")
        raise RequestError(parsed.name, (fault,))
    if len(requests) == 1:
        return (_record(parsed.name, requests[0], whole, as_of, (), ontology),)
    parts = {request: _reachable(whole, request, set(requests)) for request in requests}
    stray = {s for s, _, _ in whole if not any(s in part for part in parts.values())}
    notes = tuple(f"{_name(s)} belongs to no request of the file; it was not used." for s in sorted(stray, key=str))
    return tuple(
        _record(parsed.name, r, Triples(t for t in whole if t[0] in part), as_of, notes, ontology)
        for r, part in parts.items()
    )


def _reachable(t: Triples, request: Node, requests: set[Node]) -> set[Node]:
    seen: set[Node] = set()
    queue: list[Node] = [request]
    while queue:
        node = queue.pop()
        if node in seen or (node in requests and node != request):
            continue
        seen.add(node)
        for prop in t.predicates(node):
            queue.extend(t.nodes(node, prop))
        queue.extend(t.subjects(COV.about, node))
        queue.extend(t.subjects(CLIN.hasFinding, node))
    return seen


def _record(
    source: str, request: Node, triples: Triples, as_of: date, notes: tuple[str, ...], ontology: Triples
) -> Record:
    dataset = Dataset(Quad(s, p, o) for s, p, o in triples)
    marker = NamedNode("urn:plexus:marker:request")
    dataset.add(Quad(marker, marker, request))
    dataset.canonicalize(CanonicalizationAlgorithm.RDFC_1_0)
    quads = list(dataset)
    own = [(q.subject, q.predicate, q.object) for q in quads if q.subject != marker]
    digest = hashlib.sha256("\n".join([*sorted(f"{Triple(*t)} ." for t in own), ""]).encode()).hexdigest()

    def named(term: NamedNode | BlankNode | Literal) -> NamedNode | Literal:
        return NamedNode(f"urn:plexus:node:{digest[:16]}:{term.value}") if isinstance(term, BlankNode) else term

    skolem = Triples((named(s), p, named(o)) for s, p, o in sorted(own, key=str))  # type: ignore[misc]
    iri = next(named(q.object) for q in quads if q.subject == marker)
    assert isinstance(iri, NamedNode)
    lines = tuple(sorted(_lines(skolem, iri, ontology), key=lambda x: (x.sequence, x.iri)))
    more = (*notes, *_foreign(skolem), *_fallbacks(skolem, lines))
    return Record(iri.value, source, skolem.text(iri, DCTERMS.identifier), as_of, skolem, digest, lines, more)


def _lines(t: Triples, request: NamedNode, ontology: Triples) -> Iterator[LineRecord]:
    classes = evidence_classes(ontology)
    for line in t.nodes(request, COV.line):
        if isinstance(line, NamedNode):
            text = t.text(line, COV.sequence) or ""
            sequence = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
            yield LineRecord(line.value, sequence, seen_from(t, request, line, classes))


def _fallbacks(t: Triples, lines: tuple[LineRecord, ...]) -> Iterator[str]:
    for line in lines:
        if not t.objects(NamedNode(line.iri), COV.serviceDate):
            yield f"Line {line.sequence} states no service date; the day on which the request was received is used."


def _foreign(t: Triples) -> Iterator[str]:
    """What is not plexus's vocabulary: seen, and not used."""
    if any(p == OWL.imports for _, p, _ in t):
        yield "An owl:imports was seen and not followed."
    own = (BASE, "urn:plexus:")
    used = {p.value for _, p, _ in t} | {o.value for _, p, o in t if p == RDF_TYPE and isinstance(o, NamedNode)}
    foreign = sorted(compact(x) for x in used - SEEN_TERMS - {OWL.imports.value} if not x.startswith(own))
    if foreign:
        shown = ", ".join(foreign[:10]) + (f" and {len(foreign) - 10} more" if len(foreign) > 10 else "")
        yield f"Terms of other vocabularies were seen and not used: {shown}."


# ---- Checking --------------------------------------------------------------------------------------


def checked(record: Record, results: Iterable[ShapeResult], ontology: Triples) -> Record:
    """The record, with the warnings of the request shapes as notes.

    Raises:
        RequestError: the record has faults; all are listed.
    """
    found = tuple(results)
    faults = (
        *(Fault(_shown(r.focus), r.message, "") for r in found if r.severity == "Violation"),
        *_term_faults(record.triples, ontology),
        *_date_faults(record),
        *_line_faults(record),
    )
    if faults:
        unique = tuple(dict.fromkeys(sorted(faults, key=lambda f: (f.where, f.what))))
        raise RequestError(record.source, unique)
    warnings = (f"{_shown(r.focus)}: {r.message}" for r in found if r.severity == "Warning")
    return replace(record, notes=(*record.notes, *dict.fromkeys(sorted(warnings))))


@once_for_each
def _declared(ontology: Triples) -> set[str]:
    """The IRIs of the terms that an ontology declares."""
    return {s.value for s, p, _ in ontology if p == RDF_TYPE and isinstance(s, NamedNode)}


def _term_faults(t: Triples, ontology: Triples) -> Iterator[Fault]:
    declared = _declared(ontology)
    concept_valued = {p for cls in CONCEPTS for p in ontology.subjects(RDFS.range, cls)}
    derived = set(ontology.subjects(COV.derivedAtIntake, TRUE))
    for s, p, o in t:
        if p in derived or o in derived:
            what = f"{_name(p if p in derived else o)} is derived from the record and cannot be stated."  # type: ignore[arg-type]
            yield Fault(_name(s), what, "Remove the statement.")
        if isinstance(s, NamedNode) and s.value.startswith(BASE):
            yield Fault(_name(s), "a request cannot say anything about plexus's own terms.", "Remove the statement.")
        for term in (p, o):
            ours = isinstance(term, NamedNode) and (term.value.startswith(BASE) or (term is o and p in concept_valued))
            if isinstance(term, NamedNode) and ours and term.value not in declared:
                yield Fault(_name(s), f"{_name(term)} is no term of plexus.", _nearest(term.value, declared))


def _nearest(term: str, declared: set[str]) -> str:
    near = nearest(term, declared)
    return f"Did you mean {near}?" if near else "See `plexus template request`."


def _date_faults(record: Record) -> Iterator[Fault]:
    for s, p, o in record.triples:
        if not isinstance(o, Literal):
            continue
        if o.datatype in (XSD.date, XSD.dateTime) and day_of(o.value) is None:
            yield Fault(_name(s), f"{_name(p)} {o.value[:40]!r} is no day of the calendar.", "Write YYYY-MM-DD.")
        elif p in KNOWN_DATES and (day := day_of(o.value)) is not None and day > record.as_of:
            cure = "Correct the date, or review with a later --as-of."
            yield Fault(_name(s), f"{_name(p)} {day} lies after the as-of date {record.as_of}.", cure)


def _line_faults(record: Record) -> Iterator[Fault]:
    seen: set[int] = set()
    for line in record.lines:
        if line.sequence in seen:
            yield Fault(
                _shown(line.iri), f"line number {line.sequence} is used twice.", "Number the lines 1, 2, 3, ..."
            )
        seen.add(line.sequence)


def _name(node: Node) -> str:
    return _shown(node.value) if isinstance(node, NamedNode) else str(node)


def _shown(iri: str) -> str:
    text = compact(iri)
    return text if len(text) <= 160 else text[:159] + "…"


# ---- The header ------------------------------------------------------------------------------------

HEADER = (
    ("received", COV.receivedOn),
    ("timing", COV.timing),
    ("urgency", COV.urgency),
    ("stage", COV.stage),
    ("line of business", COV.lineOfBusiness),
    ("funding", COV.funding),
    ("state", COV.state),
    ("review-only client", COV.reviewOnly),
    ("delegated vendor", COV.delegatedVendor),
)


def header(record: Record, ontology: Triples) -> dict[str, str]:
    """What reviewers ask for first, by name; what is missing reads ``not stated``."""
    request = NamedNode(record.iri)
    out: dict[str, str] = {}
    for label, prop in HEADER:
        value = record.triples.one(request, prop)
        text = "not stated"
        if isinstance(value, Literal):
            text = {"true": "yes", "false": "no"}.get(value.value, value.value[:100])
        elif isinstance(value, NamedNode):
            text = ontology.text(value, RDFS.label) or local_name(value.value)
        out[label] = text
    by = record.triples.node(request, COV.urgencyStatedBy)
    role = record.triples.node(by, COV.role) if by is not None else None
    if role is not None:
        out["urgency"] += f" (stated by {ontology.text(role, COV.plainLabel) or local_name(role.value)})"
    plan = record.triples.node(request, COV.plan)
    out["plan on file"] = (record.triples.text(plan, DCTERMS.title) or "yes")[:100] if plan is not None else "none"
    return out
