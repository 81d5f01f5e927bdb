"""Reviews as RDF: a PROV-O activity, one EARL assertion a criterion, and plexus's own terms.

IRIs come from everything that a review depends on (digests, readings, day, program), so the same review gives
the same graph, and reviews under other readings or another edition can stand in one store.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator

from pyoxigraph import Literal, NamedNode, RdfFormat, Triple, serialize

from reasoner.model import CriterionResult, LineReview, Review
from reasoner.render.words import clean
from reasoner.vocabulary import COV, DCTERMS, PREFIXES, RDF, XSD, Namespace

EARL = Namespace(PREFIXES["earl"])
PROV = Namespace(PREFIXES["prov"])
OUTCOMES = {"met": EARL.passed, "unmet": EARL.failed}


def render(review: Review) -> str:
    """A review as Turtle."""
    used = {p: PREFIXES[p] for p in ("cov", "dcterms", "earl", "p0587", "prov", "xsd")}
    data = serialize(_triples(review), format=RdfFormat.TURTLE, prefixes=used)
    assert data is not None  # serialize returns bytes where no output file is given
    return data.decode()


def _text(value: str) -> Literal:
    return Literal(clean(value))


def _triples(review: Review) -> Iterator[Triple]:
    base, agent = _base(review), _agent(review)
    node, request = NamedNode(base), NamedNode(review.request)
    yield Triple(node, RDF.type, COV.Review)
    yield Triple(node, RDF.type, PROV.Activity)
    yield Triple(node, PROV.used, request)
    yield Triple(node, PROV.wasAssociatedWith, agent)
    yield Triple(agent, RDF.type, PROV.SoftwareAgent)
    yield Triple(agent, RDF.type, EARL.Software)
    yield Triple(agent, DCTERMS.title, _text(f"plexus {review.version}, engine {review.engine}"))
    yield Triple(node, COV.asOf, Literal(review.as_of, datatype=XSD.date))
    for name, digest in vars(review.digests).items():
        yield Triple(node, COV[f"{name}Digest"], _text(digest))
    for line in review.lines:
        part = NamedNode(f"{base}:line{line.sequence}")
        yield Triple(node, COV.lineReview, part)
        yield Triple(part, PROV.wasGeneratedBy, node)
        yield from _line(part, line, agent)


def _base(review: Review) -> str:
    inputs = [vars(review.digests), review.readings, review.engine, review.version]
    choice = hashlib.sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()[:16]
    return f"urn:plexus:review:{review.digests.request[:16]}:{review.as_of}:{choice}"


def _agent(review: Review) -> NamedNode:
    return NamedNode("urn:plexus:software:" + re.sub(r"[^\w.+-]", "-", f"{review.version}:{review.engine}", flags=re.A))


def _line(node: NamedNode, line: LineReview, agent: NamedNode) -> Iterator[Triple]:
    yield Triple(node, RDF.type, COV.LineReview)
    yield Triple(node, RDF.type, PROV.Entity)
    yield Triple(node, COV.reviewedLine, NamedNode(line.iri))
    yield Triple(node, COV.recommendation, COV[f"Recommendation-{line.recommendation.value}"])
    basis = "open-criteria" if line.basis.value == "open" else line.basis.value
    yield Triple(node, COV.basis, COV[f"Basis-{basis}"])
    yield Triple(node, COV.nextStep, COV[f"NextStep-{line.next.value}"])
    yield Triple(node, COV.reason, _text(line.reason))
    yield Triple(node, COV.reasonPlain, _text(line.reason_plain))
    if line.policy is not None:
        yield Triple(node, COV.appliedEdition, NamedNode(line.policy.iri))
    for note in line.notes:
        yield Triple(node, COV.note, _text(note))
    for criterion in line.criteria:
        yield from _criterion(node, line, criterion, agent)


def _criterion(parent: NamedNode, line: LineReview, criterion: CriterionResult, agent: NamedNode) -> Iterator[Triple]:
    node = NamedNode(f"{parent.value}:{criterion.id}")
    yield Triple(parent, COV.criterionOutcome, node)
    yield Triple(node, RDF.type, COV.CriterionOutcome)
    yield Triple(node, RDF.type, EARL.Assertion)
    yield Triple(node, EARL.test, NamedNode(criterion.iri))
    yield Triple(node, EARL.subject, NamedNode(line.iri))
    yield Triple(node, EARL.assertedBy, agent)
    yield Triple(node, EARL.mode, EARL.automatic)
    result = NamedNode(f"{node.value}:result")
    yield Triple(node, EARL.result, result)
    yield Triple(result, RDF.type, EARL.TestResult)
    yield Triple(result, EARL.outcome, OUTCOMES.get(criterion.status, EARL.cantTell))
    yield Triple(node, COV.status, COV[f"Status-{criterion.status}"])
    for i, evidence in enumerate(criterion.evidence, 1):
        use = NamedNode(f"{node.value}:evidence{i}")
        yield Triple(node, COV.evidenceUse, use)
        yield Triple(use, RDF.type, COV.EvidenceUse)
        yield Triple(use, COV.usedEvidence, NamedNode(evidence.iri))
        yield Triple(use, COV.evidenceRole, _text(evidence.role))
