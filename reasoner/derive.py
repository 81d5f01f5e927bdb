"""What intake derives once, so that shapes need not: the view from one line, and what time does to evidence."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from itertools import permutations

from pyoxigraph import Literal, NamedNode

from reasoner.triples import RDF_TYPE, Node, Spo, Triples
from reasoner.vocabulary import CLIN, COV, RDFS, XSD

DEFINITE_OUTCOMES = {
    CLIN.NoRelief,
    CLIN.Worse,
    CLIN.Intolerant,
    CLIN.PartialRelief,
    CLIN.TransientRelief,
    CLIN.AdequateRelief,
}
FINAL = {CLIN.FinalReport, CLIN.AmendedReport}
TRUE = Literal("true", datatype=XSD.boolean)


def evidence_classes(ontology: Triples) -> tuple[NamedNode, ...]:
    """The classes of evidence that the ontology declares, below ``cov:Evidence``, in the order in which it does."""
    return tuple(c for c in ontology.subjects(RDFS.subClassOf, COV.Evidence) if isinstance(c, NamedNode))


def day_of(text: str | None) -> date | None:
    """The calendar day of a date or dateTime, whatever its time zone says; None if it is none."""
    try:
        return date.fromisoformat((text or "")[:10])
    except ValueError:
        return None


def evidence_day(t: Triples, node: Node) -> date | None:
    """The day of an evidence node: its own, its end, or that of the study that reports it."""
    studies = t.subjects(CLIN.hasFinding, node)
    texts = [t.text(node, COV.date), t.text(node, CLIN.endDate), t.text(node, CLIN.occurredOn)]
    texts += [t.text(s, COV.date) for s in studies]
    return next((d for text in texts if (d := day_of(text))), None)


def seen_from(triples: Triples, request: Node, line: NamedNode, classes: Iterable[NamedNode]) -> Triples:
    """The request as one line sees it: other lines step aside; dates, durations and supersession are derived.

    ``classes`` are the classes of evidence, see :func:`evidence_classes`.
    """
    others = {n for n in triples.nodes(request, COV.line) if n != line}
    projected = Triples([*_aside(triples, others), *((o, COV.accompanies, line) for o in others)])
    projected = projected.merged(_service_date(projected, request, line))
    service = day_of(projected.text(line, COV.serviceDate))
    evidence = [n for cls in classes for n in projected.instances(cls)]
    times = list(_times(projected, evidence, service))
    # What is dated after the service is not used, so it takes no other evidence's place either.
    late = {s for s, p, _ in times if p == COV.datedAfterService}
    used = [n for n in evidence if n not in late]
    return projected.merged([*times, *_superseded(projected, evidence, used), *_settled(projected, used)])


def _aside(triples: Triples, others: set[Node]) -> Iterator[Spo]:
    for s, p, o in triples:
        if s in others and p == COV.indication:
            yield s, COV.otherIndication, o
        elif s in others and p == RDF_TYPE and o == COV.Line:
            yield s, RDF_TYPE, COV.OtherLine
        else:
            yield s, p, o


def _service_date(t: Triples, request: Node, line: NamedNode) -> Iterable[Spo]:
    received = t.one(request, COV.receivedOn)
    if not t.objects(line, COV.serviceDate) and received is not None:
        yield line, COV.serviceDate, received


def _times(t: Triples, evidence: Iterable[Node], service: date | None) -> Iterator[Spo]:
    """How long a thing lasted and how long before the service it was; SHACL Core cannot subtract dates."""
    for node in evidence:
        start, end = day_of(t.text(node, CLIN.startDate)), day_of(t.text(node, CLIN.endDate))
        if start is not None and end is not None and start <= end:
            yield node, COV.durationInDays, _days(end - start)
        day = evidence_day(t, node)
        if service is None or day is None:
            continue
        if day > service:
            yield node, COV.datedAfterService, TRUE
        else:
            yield node, COV.daysBeforeService, _days(service - day)


def _days(span: timedelta) -> Literal:
    return Literal(str(span.days), datatype=XSD.integer)


# ---- Supersession (ambiguity A26 decides whether it counts) ----------------------------------------


def _superseded(t: Triples, evidence: Iterable[Node], used: Iterable[Node]) -> Iterator[Spo]:
    groups: dict[tuple[object, ...], list[Node]] = {}
    for node in evidence:
        question = _question(t, node)
        if question is not None:
            groups.setdefault(question, []).append(node)
    counted = set(used)
    for nodes in groups.values():
        for earlier, later in permutations(nodes, 2):
            if later not in counted:
                continue
            before, after = evidence_day(t, earlier), evidence_day(t, later)
            if before is not None and after is not None and before < after and _answers(t, later):
                yield earlier, COV.supersededBy, later


def _values(t: Triples, node: Node, *properties: NamedNode) -> tuple[object, ...]:
    return tuple(frozenset(str(o) for o in t.objects(node, p)) for p in properties)


def _question(t: Triples, node: Node) -> tuple[object, ...] | None:
    """What a node answers; nodes with the same question can supersede each other. None: never."""
    about = _values(t, node, COV.about)
    types = t.nodes(node, RDF_TYPE)
    if CLIN.Finding in types:
        studies = t.subjects(CLIN.hasFinding, node)
        methods = frozenset(str(m) for s in studies for m in t.objects(s, CLIN.modality))
        return ("finding", about, methods, *_values(t, node, CLIN.kind, CLIN.site, CLIN.side))
    if CLIN.Treatment in types:
        return ("treatment", about, *_values(t, node, CLIN.kind, CLIN.medicationClass, CLIN.agent, CLIN.target))
    if COV.Judgement in types and t.nodes(node, COV.statedBy):
        return ("judgement", about, *_values(t, node, COV.onCriterion, COV.statedBy))
    return None


def _answers(t: Triples, node: Node) -> bool:
    """Whether a later node is definite enough to supersede: a final report, an outcome, a judgement."""
    types = t.nodes(node, RDF_TYPE)
    if CLIN.Finding in types:
        return any(t.node(s, CLIN.reportStatus) in FINAL for s in t.subjects(CLIN.hasFinding, node))
    if CLIN.Treatment in types:
        return t.node(node, CLIN.outcome) in DEFINITE_OUTCOMES
    return True


def _settled(t: Triples, used: Iterable[Node]) -> Iterator[Spo]:
    """A reviewing clinician's dated judgement on named evidence takes that evidence's place."""
    judgements = set(t.instances(COV.Judgement))
    for judgement in (n for n in used if n in judgements):
        roles = {r for c in t.nodes(judgement, COV.statedBy) for r in t.nodes(c, COV.role)}
        if COV.PayerReviewer in roles and t.text(judgement, COV.date) and t.nodes(judgement, COV.verdict):
            for evidence in t.nodes(judgement, COV.basedOn):
                for criterion in t.nodes(judgement, COV.onCriterion):
                    yield evidence, COV.settledFor, criterion
