"""One request in, one review out: intake, engine, weighing, logic program, explanation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from functools import cache
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as package_version
from pathlib import Path

from reasoner import intake
from reasoner.authority import BindingTerm, terms
from reasoner.codes import line_notes
from reasoner.counterfactual import (
    CAP,
    Situation,
    change_tree,
    decisive,
    hinges,
    in_tree_order,
    minimal_sets,
    verified,
)
from reasoner.determine import Decision
from reasoner.engines import DEFAULT, ENGINES
from reasoner.errors import EngineError
from reasoner.explain import facet_messages, refuse_bare_denial
from reasoner.in_force import edition_for, editions_for, failed_scope, governs, situation_of
from reasoner.interactions import interactions
from reasoner.knowledge import Knowledge, knowledge_digests, load
from reasoner.lines import Line, Setting, Situated, line_of
from reasoner.model import (
    Basis,
    Decisive,
    Digests,
    LineReview,
    Next,
    PolicyRef,
    Recommendation,
    Related,
    Review,
)
from reasoner.notes import (
    DISCRETION,
    benefit_notes,
    caution_note,
    coding_notes,
    edition_note,
    laterality_notes,
    reading_notes,
    related,
    remark_notes,
    review_date_note,
)
from reasoner.policy import Policy, check_readings
from reasoner.reason import HEADLINES, ReasonWriter, out_of_scope_reason

SCHEMA = "https://w3id.org/plexus/review/1.2"


@cache
def software_version() -> str:
    """The version of the installed package."""
    try:
        return package_version("plexus-reasoner")
    except PackageNotFoundError:
        return "0+checkout"


def review(
    source: str | Path | bytes,
    *,
    as_of: date | None = None,
    readings: Mapping[str, str] | None = None,
    engine: str = DEFAULT,
    name: str | None = None,
    format: str | None = None,
    library: Path | None = None,
) -> tuple[Review, ...]:
    """Review every request of a file (path, bytes, or ``-`` for standard input).

    Args:
        source: path, bytes, or ``"-"``.
        as_of: day of the review (default: today); recorded, and nothing dated after it is accepted.
        readings: ambiguities to read otherwise than by default, such as ``{"A10": "any-one"}``.
        engine: the SHACL engine.
        name: what to call the input in errors.
        format: ``turtle``, ``jsonld``, ``ntriples`` or ``rdfxml``; guessed where not given.
        library: a folder with policies of one's own (default: what plexus ships); see ``reasoner.resources.layers``.

    Raises:
        RequestError: the input is refused; every fault is listed.
        ReadingError: an ambiguity or reading does not exist.
        PolicyError: the library is not well made.
    """
    found = review_records(
        source, as_of=as_of, readings=readings, engine=engine, name=name, format=format, library=library
    )
    return tuple(one for _, one in found)


def review_records(
    source: str | Path | bytes,
    *,
    as_of: date | None = None,
    readings: Mapping[str, str] | None = None,
    engine: str = DEFAULT,
    name: str | None = None,
    format: str | None = None,
    library: Path | None = None,
) -> tuple[tuple[intake.Record, Review], ...]:
    """As :func:`review`, each review with the record that it is about.

    Raises:
        RequestError: the input is refused; every fault is listed.
        ReadingError: an ambiguity or reading does not exist.
    """
    setting = setting_of(as_of=as_of, readings=readings, engine=engine, library=library)
    records = checked_records(source, setting, name=name, format=format)
    return tuple((record, review_record(record, setting)) for record in records)


def setting_of(
    *,
    as_of: date | None = None,
    readings: Mapping[str, str] | None = None,
    engine: str = DEFAULT,
    library: Path | None = None,
) -> Setting:
    """What a run is done with, checked.

    Raises:
        EngineError: there is no such engine.
        ReadingError: an ambiguity or reading does not exist.
        PolicyError: the library is not well made.
    """
    if engine not in ENGINES:
        raise EngineError(f"There is no engine {engine!r}. Known: {', '.join(ENGINES)}.")
    knowledge = load(library)
    setting = Setting(knowledge, ENGINES[engine](), as_of or date.today(), dict(readings or {}))
    check_readings(knowledge.policies, setting.chosen)
    return setting


def checked_records(
    source: str | Path | bytes, setting: Setting, *, name: str | None = None, format: str | None = None
) -> tuple[intake.Record, ...]:
    """The requests of an input, each checked by the request shapes.

    Raises:
        RequestError: the input is refused; every fault is listed.
    """
    knowledge = setting.knowledge
    records = intake.read(source, as_of=setting.as_of, name=name, format=format, ontology=knowledge.ontology)
    shapes = knowledge.shapes("request.ttl")
    checked = []
    for record in records:
        results = setting.engine.evaluate(record.triples, shapes, knowledge.arrangement)
        checked.append(intake.checked(record, results, knowledge.ontology))
    return tuple(checked)


def review_record(record: intake.Record, setting: Setting) -> Review:
    """Review one checked request."""
    lines = tuple(review_line(record, line, setting) for line in record.lines)
    adverse = any(x.recommendation in (Recommendation.DENY, Recommendation.PEND) for x in lines)
    return Review(
        schema=SCHEMA,
        request=record.iri,
        identifier=record.identifier,
        as_of=setting.as_of.isoformat(),
        header=intake.header(record, setting.knowledge.ontology),
        requires_clinician=adverse,
        lines=lines,
        digests=_digests(record.digest, setting.knowledge),
        engine=setting.engine.name,
        version=software_version(),
        readings=_reading_names(lines, setting),
        interactions=interactions(
            lines, {p.iri: p.excludes_indication_of for p in setting.knowledge.policies}, record.triples
        ),
    )


def _digests(request: str, knowledge: Knowledge) -> Digests:
    policy, shapes, program = knowledge_digests(knowledge)
    return Digests(request=request, policy=policy, shapes=shapes, program=program)


def _reading_names(lines: tuple[LineReview, ...], setting: Setting) -> dict[str, str]:
    """The readings in force of every edition that reviewed a line.

    A name bears the policy's number where two policies share it, and the edition where two editions read it otherwise.
    """
    refs = {(line.policy.iri, line.policy.edition) for line in lines if line.policy is not None}
    used = [p for p in setting.knowledge.policies if (p.iri, p.edition.isoformat()) in refs]
    applied = [
        (policy, a.notation, policy.reading_by_iri[readings[a.iri]].notation)
        for policy in used
        for readings in (policy.own_readings(setting.chosen),)
        for a in policy.ambiguities
    ]
    out = {}
    for policy, name, reading in applied:
        same = [(p, r) for p, n, r in applied if n == name]
        own = {r for p, r in same if p.number == policy.number}
        prefix = f"{policy.name}:" if len(own) > 1 else f"{policy.number}:"
        out[name if len(own) == 1 and len({p.number for p, _ in same}) == 1 else prefix + name] = reading
    return out


# ---- One line --------------------------------------------------------------------------------------


def review_line(record: intake.Record, line_record: intake.LineRecord, setting: Setting) -> LineReview:
    """Review one line under the edition in force for it."""
    found = situated(record, line_record, setting)
    if isinstance(found, LineReview):
        return found
    if found.outside is not None:
        return replace(found.outside, hinges_on=hinges(found.situation))
    return _decided(found, setting)


def situated(record: intake.Record, line_record: intake.LineRecord, setting: Setting) -> Situated | LineReview:
    """The line under the edition in force for it; the answer itself where no edition governs it."""
    line = line_of(record, line_record, setting.knowledge)
    editions = editions_for(line.code, setting)
    if not editions:
        return _unknown_code(line, setting)
    policy, day = edition_for(line, editions, setting)
    if not governs(policy, day, setting):
        return _outside_edition(line, policy, day, setting)
    day = day or setting.as_of
    found = terms(line.triples, record.iri, line.code, day)
    situation = situation_of(line, policy, setting, found)
    failed = failed_scope(line, policy, situation.weigher, situation.readings)
    outside = _outside_scope(line, policy, failed.message, failed.source, setting) if failed is not None else None
    return Situated(line, situation, found, facet_messages(setting.knowledge.policy_shapes(policy)), day, outside)


def _decided(found: Situated, setting: Setting) -> LineReview:
    line, situation = found.line, found.situation
    policy = situation.policy
    decision = situation.decide()
    explainer = found.explainer(situation, decision)
    criteria, items = explainer.criteria(), explainer.open_items()
    writer = ReasonWriter(explainer, criteria, items)
    reason = writer.reason()
    refuse_bare_denial(decision, reason, [e for _, e in writer.deciding()], found.terms)
    tree = change_tree(situation) if could_approve(decision) else None
    sets = verified(situation, minimal_sets(tree)) if tree is not None else []
    return LineReview(
        iri=line.node.value,
        sequence=line.sequence,
        code=line.code,
        side=line.side,
        policy=_policy_ref(policy),
        recommendation=decision.recommendation,
        basis=decision.basis,
        next=explainer.next_step(items),
        headline=HEADLINES[decision.recommendation],
        reason=reason,
        reason_plain=writer.plain(),
        criteria=criteria,
        open_items=items,
        to_approve=tuple(in_tree_order(policy, s) for s in sets[:CAP]),
        to_approve_tree=tree if sets else None,
        to_approve_capped=len(sets) > CAP,
        decisive_evidence=tuple(Decisive(node, line.say.summary(node), other) for node, other in decisive(situation)),
        unused_evidence=explainer.unused(),
        hinges_on=hinges(situation),
        related=_related(line, [policy], setting),
        notes=_notes(line, situation, found.terms, found.day, setting),
    )


def could_approve(decision: Decision) -> bool:
    """Whether changes in the record could turn a decision into an approval."""
    return (
        decision.basis in (Basis.OPEN, Basis.CRITERION_UNMET) and decision.recommendation is not Recommendation.APPROVE
    )


def _notes(
    line: Line, situation: Situation, found: tuple[BindingTerm, ...], day: date, setting: Setting
) -> tuple[str, ...]:
    policy, readings = situation.policy, situation.readings
    dated_by = setting.knowledge.label(policy.dates_by(readings))
    out = [
        *caution_note(policy),
        *laterality_notes(policy, situation.weigher, readings, line.say),
        edition_note(policy, day, f"the {dated_by}", named=policy is setting.edition),
        *reading_notes(policy, setting.knowledge.policies, setting.chosen),
        *review_date_note(policy, setting.as_of),
        *benefit_notes(line.triples, line.record.iri, found),
        *line.record.notes,
        *remark_notes(policy, situation.weigher, readings),
        *(coding_notes(policy, line.triples, line.condition) if line.condition is not None else ()),
        *line_notes(setting.knowledge.ontology, line.triples, line.node),
        DISCRETION,
    ]
    return tuple(dict.fromkeys(out))


def _related(line: Line, policies: Iterable[Policy], setting: Setting) -> tuple[Related, ...]:
    """The policies to look at, by what these policies route elsewhere; each is named once."""
    found = (r for p in policies for r in related(p, setting.knowledge, line.triples, line.condition, line.code))
    by_number: dict[str, Related] = {}
    for one in found:
        by_number.setdefault(one.policy, one)
    return tuple(by_number[number] for number in sorted(by_number))


# ---- Lines that the policy does not govern ---------------------------------------------------------


def _policy_ref(policy: Policy) -> PolicyRef:
    return PolicyRef(policy.number, policy.edition.isoformat(), policy.title, policy.iri)


def _not_applicable(line: Line, policy: Policy | None, reason: str, plain: str, setting: Setting) -> LineReview:
    routed = [policy] if policy is not None else setting.knowledge.policies
    coding = line_notes(setting.knowledge.ontology, line.triples, line.node)
    notes = [*benefit_notes(line.triples, line.record.iri, ()), *line.record.notes, *coding, DISCRETION]
    if policy is not None:
        notes = [*caution_note(policy), *review_date_note(policy, setting.as_of), *notes]
    return LineReview(
        iri=line.node.value,
        sequence=line.sequence,
        code=line.code,
        side=line.side,
        policy=_policy_ref(policy) if policy is not None else None,
        recommendation=Recommendation.NOT_APPLICABLE,
        basis=Basis.OUT_OF_SCOPE,
        next=Next.ROUTE,
        headline=HEADLINES[Recommendation.NOT_APPLICABLE],
        reason=reason,
        reason_plain=plain,
        related=_related(line, routed, setting),
        notes=tuple(dict.fromkeys(notes)),
    )


def _asked(line: Line) -> str:
    wanted = line.say.summary(line.condition.value) if line.condition is not None else "a condition that is not named"
    side = f", {line.side}," if line.side else ""
    return f"Code {line.code}{side} is requested for {wanted}"


def _unknown_code(line: Line, setting: Setting) -> LineReview:
    known = ", ".join(sorted({f"{c} (policy {p.number})" for p in setting.knowledge.policies for c in p.codes}))
    reason = f"{_asked(line)}. No policy that is loaded governs this code; loaded: {known}."
    plain = "The request asks for a procedure about which the loaded coverage policies say nothing."
    return _not_applicable(line, None, reason, plain, setting)


def _outside_edition(line: Line, policy: Policy, day: date | None, setting: Setting) -> LineReview:
    until = f" and before {policy.until}" if policy.until else ""
    message = f"The governing date is {day}; this edition governs dates from {policy.edition}{until}"
    reason = out_of_scope_reason(policy, message, _asked(line), "title page", 1)
    plain = f"The coverage policy governs this procedure from {policy.edition}{until}; the request is for {day}."
    return _not_applicable(line, policy, reason, plain, setting)


def _outside_scope(line: Line, policy: Policy, message: str, source: object, setting: Setting) -> LineReview:
    section, page = getattr(source, "section", ""), getattr(source, "page", 0)
    reason = out_of_scope_reason(policy, message, _asked(line), section, page)
    plain = "The coverage policy does not speak about this operation as it is requested."
    return _not_applicable(line, policy, reason, plain, setting)


__all__ = ["Review", "review"]
