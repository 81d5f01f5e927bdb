"""A found record as the files of a case: Turtle as the cases are written, and expectations to be confirmed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from pyoxigraph import Literal, NamedNode

from reasoner.cases.space import NEW, Start, day_literal
from reasoner.cases.words import hyphened
from reasoner.model import LineReview
from reasoner.policy import Policy
from reasoner.triples import RDF_TYPE, Node, Spo, Term, Triples
from reasoner.vocabulary import CLIN, COV, DCTERMS, PREFIXES, XSD, compact, local_name

SECTIONS = (
    ("Request", (COV.Request,)),
    ("Lines", (COV.Line,)),
    ("Conditions", (CLIN.Condition,)),
    ("People and documents", (COV.Clinician, COV.Document)),
    ("Studies and findings", (CLIN.Study, CLIN.Finding)),
    ("Symptoms, signs and injuries", (CLIN.Symptom, CLIN.Sign, CLIN.TraumaEvent)),
    ("Treatments and statements about them", (CLIN.Treatment, CLIN.NotIndicatedStatement)),
    ("Judgements", (COV.Judgement,)),
    ("Plan and mandates", (COV.Plan, COV.PlanTerm, COV.Mandate)),
)
OTHERS = "Other evidence"

_ORDER = [
    *(DCTERMS.identifier, DCTERMS.title, COV.receivedOn, COV.timing, COV.urgency, COV.stage, COV.lineOfBusiness),
    *(COV.funding, COV.state, COV.plan, COV.mandate, COV.line, COV.sequence, COV.procedureCode),
    *(CLIN.kind, CLIN.diagnosisCode, CLIN.modality, CLIN.region, COV.onCriterion, COV.verdict, CLIN.coversTreatment),
    *(CLIN.reason, CLIN.dueTo, CLIN.presence, CLIN.site, CLIN.side, CLIN.mechanism, CLIN.territory),
    *(COV.approach, COV.units, COV.serviceDate, COV.indication, CLIN.medicationClass, CLIN.agent, CLIN.target),
    *(CLIN.targetJustification, CLIN.significance, CLIN.functionalEffect, CLIN.painScore, CLIN.strengthGrade),
    *(CLIN.startDate, CLIN.endDate, CLIN.outcome, CLIN.occurredOn, CLIN.acuity, COV.role, COV.statedBy, COV.date),
    *(COV.documentKind, CLIN.reportStatus, CLIN.attributedTo, COV.basedOn, COV.about, COV.documentedIn),
    *(CLIN.hasFinding, COV.term, COV.effect, COV.jurisdiction, COV.reach, COV.citation, COV.appliesToCode),
]
_PLACE = {prop: i for i, prop in enumerate(_ORDER)}
_BARE = (XSD.integer, XSD.decimal, XSD.boolean)


@dataclass(frozen=True)
class Draft:
    """A record that was found, in the namespace of the case that it is to become."""

    name: str
    triples: tuple[Spo, ...]
    as_of: date
    line: NamedNode


# ---- From a found record to a draft ----------------------------------------------------------------


def draft(
    name: str,
    found: Iterable[Spo],
    start: Start,
    policy: Policy,
    terms: Iterable[tuple[str, str]] = (),
    days: Iterable[tuple[str, date]] = (),
) -> Draft:
    """The record of a case: found statements with readable names, documents, terms on file and changed days."""
    own = f"https://example.org/pa/{name}#"
    order = {triple: i for i, triple in enumerate(start.triples)}
    ordered = sorted(found, key=lambda t: (order.get(t, len(order)), str(t)))
    told = _without_old_reports(ordered, start.triples)
    triples = [*_with_documents(Triples(_as_lines(told, start, policy)), start.triples)]
    triples = [(s, p, Literal(f"PA-{name}") if p == DCTERMS.identifier else o) for s, p, o in triples]
    code = start.triples.text(start.line, COV.procedureCode) or policy.codes[0]
    triples += _terms(start.request, terms, code)
    triples = _with_days(triples, start, dict(days))
    names = _names(Triples(triples), start.namespace, {c.iri: c.id for c in policy.criteria})

    def moved(term: Term) -> Term:
        return NamedNode(own + names[term]) if isinstance(term, NamedNode) and term in names else term

    out = tuple((moved(s), p, moved(o)) for s, p, o in dict.fromkeys(triples))
    line = moved(start.line)
    assert isinstance(line, NamedNode)
    return Draft(name, out, start.as_of, line)  # type: ignore[arg-type]


def _without_old_reports(found: list[Spo], before: Triples) -> list[Spo]:
    """The record without the documents of studies that are now by another method: their titles name the old one."""
    now = Triples(found)
    changed = {
        study
        for study in now.instances(CLIN.Study)
        if before.nodes(study, RDF_TYPE) and now.objects(study, CLIN.modality) != before.objects(study, CLIN.modality)
    }
    return [t for t in found if not (t[0] in changed and t[1] == COV.documentedIn)]


def _as_lines(found: list[Spo], start: Start, policy: Policy) -> Iterator[Spo]:
    """Another line is a line of the request; intake alone sees it as standing beside."""
    others = [s for s, p, o in found if p == RDF_TYPE and o == COV.OtherLine]
    codes = [code for route in policy.routes for code in route.codes] or [policy.codes[0]]
    for s, p, o in found:
        if s in others:
            if p == COV.otherIndication:
                yield s, COV.indication, o
        elif not (isinstance(p, NamedNode) and p in (COV.accompanies,)):
            yield s, p, o
    for number, other in enumerate(others, 2):
        yield other, RDF_TYPE, COV.Line
        yield other, COV.sequence, Literal(str(number), datatype=XSD.integer)
        yield other, COV.procedureCode, Literal(codes[0])
        yield start.request, COV.line, other


def _with_documents(record: Triples, before: Triples) -> Iterator[Spo]:
    """Every new piece of evidence stands in a document; documents and clinicians that nothing names any more go."""
    added = list(_documented(record))
    whole = Triples([*record, *added])
    idle = _idle(whole) - _idle(before)
    yield from (t for t in whole if t[0] not in idle)


def _idle(record: Triples) -> set[Node]:
    """The documents and clinicians that nothing names."""
    found = (n for cls in (COV.Document, COV.Clinician) for n in record.instances(cls))
    return {n for n in found if not any(subject != n for _, subject in record.incoming(n))}


def _documented(record: Triples) -> Iterator[Spo]:
    made: set[NamedNode] = set()
    for node in _new_evidence(record):
        document, title, kind = _document_of(record, node)
        yield node, COV.documentedIn, document
        if document not in made and not record.nodes(document, RDF_TYPE):
            made.add(document)
            yield document, RDF_TYPE, COV.Document
            yield document, DCTERMS.title, Literal(title)
            yield document, COV.documentKind, kind


def _new_evidence(record: Triples) -> Iterator[NamedNode]:
    """Evidence that stands in no document, where it is new or a study whose old report went."""
    kept = {COV.Clinician, CLIN.Condition, CLIN.Finding, COV.Line, COV.Request, COV.Document}
    for s, p, o in record:
        if p == RDF_TYPE and isinstance(s, NamedNode) and o not in kept:
            is_new = s.value.startswith(NEW) or o == CLIN.Study
            if is_new and not record.nodes(s, COV.documentedIn):
                yield s


def _document_of(record: Triples, node: NamedNode) -> tuple[NamedNode, str, NamedNode]:
    """The document of a new node: the report of a study, the record of treatments, else a clinic note."""
    types = record.nodes(node, RDF_TYPE)
    if CLIN.Study in types:
        method = local_name(str(getattr(record.node(node, CLIN.modality), "value", "study")))
        report = f"{hyphened(method)}-report"
        return NamedNode(f"{NEW}{report}"), f"{method} report", COV.ReportDocument
    if CLIN.Treatment in types:
        return NamedNode(f"{NEW}treatment-record"), "Treatment record", COV.TherapyRecordDocument
    return NamedNode(f"{NEW}clinic-note"), "Clinic note", COV.ClinicalNoteDocument


def _terms(request: NamedNode, terms: Iterable[tuple[str, str]], code: str) -> Iterator[Spo]:
    """Terms on file for the code of the line; one that does not bind is about another code."""
    effects = {
        "excludes": COV.Excludes,
        "covers": COV.Covers,
        "lifts_exclusion": COV.LiftsExclusion,
        "replaces_criteria": COV.ReplacesCriteria,
    }
    for who, told in terms:
        node = NamedNode(f"{NEW}{who}-term") if who == "plan" else NamedNode(f"{NEW}mandate")
        effect = effects.get(told, COV.Covers)
        yield node, COV.effect, effect
        yield node, COV.appliesToCode, Literal("00000" if told == "does not bind" else code)
        if who == "plan":
            plan = NamedNode(f"{NEW}plan")
            yield request, COV.plan, plan
            yield plan, RDF_TYPE, COV.Plan
            yield plan, DCTERMS.title, Literal("Plan document")
            yield plan, COV.term, node
            yield node, RDF_TYPE, COV.PlanTerm
            yield node, DCTERMS.title, Literal("Provision of the plan")
        else:
            yield request, COV.mandate, node
            yield node, RDF_TYPE, COV.Mandate
            yield node, DCTERMS.title, Literal("Mandate")
            yield node, COV.jurisdiction, Literal("US")
            yield node, COV.reach, COV.InsuredOnly if told == "may bind" else COV.AllPlans


def _with_days(triples: list[Spo], start: Start, days: dict[str, date]) -> list[Spo]:
    wanted = {NamedNode(prop): day_literal(day) for prop, day in days.items()}
    tops = (start.request, start.line)
    return [(s, p, wanted[p]) if s in tops and p in wanted else (s, p, o) for s, p, o in triples]


# ---- Names -----------------------------------------------------------------------------------------


def _names(record: Triples, namespace: str, ids: dict[str, str]) -> dict[Term, str]:
    """A readable local name for every node of the record; nodes of the start keep theirs."""
    nodes = dict.fromkeys(s for s, p, _ in record if p == RDF_TYPE and isinstance(s, NamedNode))
    out: dict[Term, str] = {n: n.value[len(namespace) :] for n in nodes if n.value.startswith(namespace)}
    for node in sorted((n for n in nodes if n not in out), key=lambda n: n.value):
        wanted = _wanted_name(record, node, out, ids)
        ways = [wanted, *(f"{which}-{wanted}" for which in ("second", "third", "fourth", "fifth", "sixth"))]
        free = next((w for w in ways if w not in out.values()), None)
        out[node] = free or f"{wanted}-{len(out)}"
    return out


def _wanted_name(record: Triples, node: NamedNode, named: dict[Term, str], ids: dict[str, str]) -> str:
    types = record.nodes(node, RDF_TYPE)
    told = {
        COV.Line: "line2",
        CLIN.Condition: "other-condition",
        CLIN.NotIndicatedStatement: "not-indicated-statement",
    }
    for cls, name in told.items():
        if cls in types:
            return name
    for prop in (COV.onCriterion, CLIN.modality, CLIN.kind, COV.role):
        value = record.node(node, prop)
        if value is not None and CLIN.Finding not in types:
            name = ids.get(value.value) or hyphened(local_name(value.value))
            return f"{name}-judgement" if prop == COV.onCriterion else name
    for study in record.subjects(CLIN.hasFinding, node):
        return f"{named.get(study) or _wanted_name(record, study, named, ids)}-finding"  # type: ignore[arg-type]
    return hyphened(node.value[len(NEW) :])


# ---- Turtle ----------------------------------------------------------------------------------------


def turtle(made: Draft, policy: Policy, remarks: Iterable[str]) -> str:
    """A draft as the cases are written: sections with headings, properties in their usual order."""
    record = Triples(made.triples)
    prefixes = {**PREFIXES, **policy.prefixes, "": f"https://example.org/pa/{made.name}#"}
    blocks: list[str] = []
    seen: set[Term] = set()
    listed = {cls for _, classes in SECTIONS for cls in classes}
    others = {o for _, p, o in record if p == RDF_TYPE and isinstance(o, NamedNode) and o not in listed}
    for heading, classes in (*SECTIONS[:-2], (OTHERS, tuple(sorted(others, key=str))), *SECTIONS[-2:]):
        nodes = [n for n in _in_order(record, classes) if n not in seen]
        seen.update(nodes)
        blocks += [f"# {heading}"] if nodes else []
        blocks += [_block(record, node, prefixes) for node in nodes]
    body = "\n\n".join(blocks) + "\n"
    used = sorted(p for p in prefixes if re.search(rf"(?<![\w-]){re.escape(p)}:", _without_texts(body)))
    head = "".join(f"@prefix {p}: <{prefixes[p]}> .\n" for p in used)
    return head + "\n" + "\n".join(f"# {remark}" for remark in remarks) + "\n\n" + body


def _without_texts(body: str) -> str:
    return re.sub(r'"(?:[^"\\\n]|\\.)*"|#.*$', "", body, flags=re.M)


def _in_order(record: Triples, classes: tuple[NamedNode, ...]) -> list[NamedNode]:
    """The nodes of some classes as the record has them; a study is followed by its findings."""
    out: dict[NamedNode, None] = {}
    for cls in classes:
        for node in record.instances(cls):
            if isinstance(node, NamedNode):
                out[node] = None
                out.update(dict.fromkeys(f for f in record.nodes(node, CLIN.hasFinding) if isinstance(f, NamedNode)))
    return list(out)


def _block(record: Triples, node: NamedNode, prefixes: dict[str, str]) -> str:
    own, known = prefixes[""], {p: base for p, base in prefixes.items() if p}

    def name(term: Term) -> str:
        if isinstance(term, Literal):
            return _literal(term, known)
        return f":{term.value[len(own) :]}" if term.value.startswith(own) else compact(term.value, known)

    types = " , ".join(name(t) for t in record.nodes(node, RDF_TYPE))
    props = sorted((p for p in record.predicates(node) if p != RDF_TYPE), key=lambda p: (_PLACE.get(p, 99), p.value))
    parts = [f"{name(p)} {' , '.join(name(o) for o in record.objects(node, p))}" for p in props]
    return " ;\n    ".join([f"{name(node)} a {types}", *parts]) + " ."


def _literal(value: Literal, prefixes: dict[str, str]) -> str:
    if value.datatype in _BARE:
        return value.value
    text = value.value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\r", "\\r")
    if value.datatype == XSD.string:
        return f'"{text}"'
    return f'"{text}"@{value.language}' if value.language else f'"{text}"^^{compact(value.datatype.value, prefixes)}'


# ---- Expectations ----------------------------------------------------------------------------------

UNCONFIRMED = (
    "Proposed by plexus cases --missing. What is expected below is what a review of this request gave: nobody has\n"
    "# confirmed it. Compare it with the policy, correct it, and take the line confirmed = false away."
)


def expectations(title: str, as_of: date, lines: Iterable[LineReview]) -> str:
    """The expectations of a proposed case, marked as not confirmed by a person."""
    out = [f"# {UNCONFIRMED}", f"title = {_quoted(title)}", f"as_of = {as_of.isoformat()}", "confirmed = false"]
    for line in lines:
        out += ["", "[[line]]", f"sequence = {line.sequence}", f'recommendation = "{line.recommendation.value}"']
        out += [f'basis = "{line.basis.value}"', f'next = "{line.next.value}"']
        hinges = [[f"{c.ambiguity}={c.reading}" for c in hinge.changes] for hinge in line.hinges_on]
        single = [h for h in hinges if len(h) == 1]
        if single:
            out.append(f"hinges_on = [{', '.join('[' + ', '.join(map(_quoted, h)) + ']' for h in single)}]")
        if line.related:
            out.append(f"related = [{', '.join(_quoted(r.policy) for r in line.related)}]")
        if line.criteria:
            out += ["", "[line.statuses]", *(f'{c.id} = "{c.status}"' for c in line.criteria)]
        for item in line.open_items:
            out += ["", "[[line.open_items]]", f'criterion = "{item.criterion}"', f'kind = "{item.kind.value}"']
    return "\n".join(out) + "\n"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
