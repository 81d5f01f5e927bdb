"""Reviews as RDF: a PROV-O activity, one EARL assertion a criterion, a SHACL report, and plexus's own terms.

IRIs come from everything that a review depends on (digests, readings, day, program), so the same review gives
the same graph, and reviews under other readings or another edition can stand in one store. What hangs on a
line beside its criteria is in :mod:`reasoner.render.turtle_parts`.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator

from pyoxigraph import Literal, NamedNode, RdfFormat, Triple, serialize

from reasoner.knowledge import Knowledge, load
from reasoner.model import CriterionResult, LineReview, Review
from reasoner.policy import Policy
from reasoner.render import turtle_parts as parts
from reasoner.render.turtle_parts import text
from reasoner.triples import Spo
from reasoner.vocabulary import COV, DCTERMS, PREFIXES, RDF, SH, XSD, Namespace

EARL = Namespace(PREFIXES["earl"])
PROV = Namespace(PREFIXES["prov"])
OUTCOMES = {"met": EARL.passed, "unmet": EARL.failed}
USED = ("cov", "dcterms", "earl", "prov", "sh", "xsd")


def render(review: Review, knowledge: Knowledge | None = None) -> str:
    """A review as Turtle; ``knowledge`` is that of the library under which it was made (default: what plexus ships)."""
    known = knowledge or load()
    prefixes = {p: PREFIXES[p] for p in USED}
    for policy in _policies(review, known):
        prefixes |= policy.prefixes
    data = serialize(review_triples(review, known), format=RdfFormat.TURTLE, prefixes=prefixes)
    assert data is not None  # serialize returns bytes where no output file is given
    return data.decode()


def ntriples(triples: Iterable[Spo]) -> str:
    """Triples as N-Triples."""
    data = serialize((Triple(*t) for t in triples), format=RdfFormat.N_TRIPLES)
    assert data is not None  # serialize returns bytes where no output file is given
    return data.decode()


def review_triples(review: Review, knowledge: Knowledge | None = None) -> list[Triple]:
    """A review as triples, those of one subject together."""
    by_subject: dict[object, list[Triple]] = {}
    for triple in _triples(review, knowledge or load()):
        by_subject.setdefault(triple.subject, []).append(triple)
    return [t for group in by_subject.values() for t in group]


def review_ntriples(review: Review, knowledge: Knowledge | None = None) -> tuple[str, str]:
    """The IRI of a review, and the review as N-Triples."""
    data = serialize(review_triples(review, knowledge), format=RdfFormat.N_TRIPLES)
    assert data is not None  # serialize returns bytes where no output file is given
    return base_iri(review), data.decode()


def base_iri(review: Review) -> str:
    """The IRI of a review."""
    inputs = [vars(review.digests), review.readings, review.engine, review.version]
    choice = hashlib.sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()[:16]
    return f"urn:plexus:review:{review.digests.request[:16]}:{review.as_of}:{choice}"


def _triples(review: Review, knowledge: Knowledge) -> Iterator[Triple]:
    base, agent = base_iri(review), _agent(review)
    node, request = NamedNode(base), NamedNode(review.request)
    yield Triple(node, RDF.type, COV.Review)
    yield Triple(node, RDF.type, PROV.Activity)
    yield Triple(node, PROV.used, request)
    yield Triple(node, PROV.wasAssociatedWith, agent)
    yield Triple(agent, RDF.type, PROV.SoftwareAgent)
    yield Triple(agent, RDF.type, EARL.Software)
    yield Triple(agent, DCTERMS.title, text(f"plexus {review.version}, engine {review.engine}"))
    yield Triple(node, COV.asOf, Literal(review.as_of, datatype=XSD.date))
    yield Triple(node, COV.requiresClinician, Literal(review.requires_clinician))
    for name, digest in vars(review.digests).items():
        yield Triple(node, COV[f"{name}Digest"], text(digest))
    yield from (Triple(node, COV.appliedReading, reading) for reading in _readings(review, knowledge))
    for line in review.lines:
        part = NamedNode(f"{base}:line{line.sequence}")
        yield Triple(node, COV.lineReview, part)
        yield Triple(part, PROV.wasGeneratedBy, node)
        yield from _line(part, line, agent, knowledge)
    yield from _interactions(base, review)


def _interactions(base: str, review: Review) -> Iterator[Triple]:
    """What two lines have to do with each other, with the criterion and the evidence of each."""
    for i, interaction in enumerate(review.interactions, 1):
        node = NamedNode(f"{base}:interaction{i}")
        yield Triple(NamedNode(base), COV.interaction, node)
        yield Triple(node, RDF.type, COV.Interaction)
        yield Triple(node, COV.interactionKind, COV[f"Interaction-{interaction.kind.value}"])
        yield Triple(node, COV.reason, text(interaction.sentence))
        for side in interaction.sides:
            yield Triple(node, COV.between, NamedNode(f"{base}:line{side.line}"))
            yield Triple(node, COV.onCriterion, NamedNode(side.iri))
            yield Triple(node, COV.usedEvidence, NamedNode(side.evidence))


def _policies(review: Review, knowledge: Knowledge) -> tuple[Policy, ...]:
    """The editions under which a line was reviewed."""
    found = (parts.policy_of(line, knowledge) for line in review.lines)
    return tuple(dict.fromkeys(p for p in found if p is not None))


def _readings(review: Review, knowledge: Knowledge) -> Iterator[NamedNode]:
    """The readings applied, of the editions under which a line was reviewed."""
    for policy in _policies(review, knowledge):
        for iri in policy.own_readings(review.readings).values():
            yield NamedNode(iri)


def _agent(review: Review) -> NamedNode:
    return NamedNode("urn:plexus:software:" + re.sub(r"[^\w.+-]", "-", f"{review.version}:{review.engine}", flags=re.A))


def _line(node: NamedNode, line: LineReview, agent: NamedNode, knowledge: Knowledge) -> Iterator[Triple]:
    yield Triple(node, RDF.type, COV.LineReview)
    yield Triple(node, RDF.type, PROV.Entity)
    yield Triple(node, COV.reviewedLine, NamedNode(line.iri))
    yield Triple(node, COV.sequence, Literal(line.sequence))
    yield Triple(node, COV.procedureCode, text(line.code))
    yield Triple(node, COV.recommendation, COV[f"Recommendation-{line.recommendation.value}"])
    basis = "open-criteria" if line.basis.value == "open" else line.basis.value
    yield Triple(node, COV.basis, COV[f"Basis-{basis}"])
    yield Triple(node, COV.nextStep, COV[f"NextStep-{line.next.value}"])
    yield Triple(node, COV.reason, text(line.reason))
    yield Triple(node, COV.reasonPlain, text(line.reason_plain))
    if line.policy is not None:
        policy = parts.policy_of(line, knowledge)
        yield Triple(node, COV.appliedEdition, NamedNode(policy.edition_iri if policy else line.policy.iri))
    for note in line.notes:
        yield Triple(node, COV.note, text(note))
    for criterion in line.criteria:
        yield from _criterion(node, line, criterion, agent)
    yield from parts.triples(node, line, knowledge)
    yield from _report(node, line, knowledge)


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
    yield Triple(node, COV.reason, text(criterion.message))
    for i, evidence in enumerate(criterion.evidence, 1):
        use = NamedNode(f"{node.value}:evidence{i}")
        yield Triple(node, COV.evidenceUse, use)
        yield Triple(use, RDF.type, COV.EvidenceUse)
        yield Triple(use, COV.usedEvidence, NamedNode(evidence.iri))
        yield Triple(use, COV.evidenceRole, text(evidence.role))
        yield Triple(use, COV.byRule, NamedNode(evidence.rule))


def _report(parent: NamedNode, line: LineReview, knowledge: Knowledge) -> Iterator[Triple]:
    """What a SHACL engine with the generated shapes says of the line: violations deny, warnings are open."""
    policy = parts.policy_of(line, knowledge)
    if policy is None or not line.criteria:
        return
    node = NamedNode(f"{parent.value}:report")
    found = list(parts.shape_outcomes(policy, line))
    yield Triple(parent, COV.shapesReport, node)
    yield Triple(node, RDF.type, SH.ValidationReport)
    yield Triple(node, SH.conforms, Literal(not found))
    for criterion, severity, shape in found:
        result = NamedNode(f"{node.value}:{criterion.id}")
        yield Triple(node, SH.result, result)
        yield Triple(result, RDF.type, SH.ValidationResult)
        yield Triple(result, SH.focusNode, NamedNode(line.iri))
        yield Triple(result, SH.resultSeverity, SH[severity])
        yield Triple(result, SH.sourceShape, NamedNode(shape))
        yield Triple(result, SH.sourceConstraintComponent, SH.OrConstraintComponent)
        yield Triple(result, SH.resultMessage, text(criterion.message))
