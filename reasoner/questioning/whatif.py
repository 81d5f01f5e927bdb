"""What if the record showed more, or were read otherwise: a request questioned line by line.

Everything here is hypothetical but for the actual outcome beside it. The ways to an approval say what the record
would have to show; they are no advice on treatment, and an unmet criterion is never met by paper.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

from reasoner.comparing.comparison import compare
from reasoner.comparing.differences import LineComparison
from reasoner.counterfactual import CAP, deciding_nodes
from reasoner.engines import DEFAULT
from reasoner.lines import Situated
from reasoner.model import Basis, Digests, LineReview, Recommendation, Status
from reasoner.policy import Policy
from reasoner.questioning.effort import Effort, WeighedSet, scale
from reasoner.questioning.questioned import Clock, Questioned, given_statuses, question
from reasoner.questioning.suppose import (
    Given,
    LineCase,
    Outcome,
    SetStatus,
    StatusChange,
    leaf_named,
    outcome_of,
    resting_on,
    status_changes,
    with_reading,
)
from reasoner.questioning.ways import ways_to_approve

SCHEMA = "https://w3id.org/plexus/whatif/1.0"
TIMEOUT = 60.0


@dataclass(frozen=True)
class Suppositions:
    """What is supposed: files added to the record, readings, and statuses of criteria."""

    added: tuple[str, ...] = ()
    readings: dict[str, str] = field(default_factory=dict)
    statuses: tuple[SetStatus, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.added or self.readings or self.statuses)


@dataclass(frozen=True)
class ReadingEffect:
    """One reading of one ambiguity, and what it would make of the line."""

    ambiguity: str
    reading: str
    meaning: str
    default: bool
    recommendation: Recommendation
    basis: Basis
    edition: str | None
    changed: bool
    statuses: tuple[StatusChange, ...]


@dataclass(frozen=True)
class DecisiveFact:
    """Evidence whose absence alone would change the recommendation, what it would become, and by which criteria."""

    iri: str
    summary: str
    date: str | None
    document: str | None
    recommendation: Recommendation
    basis: Basis
    statuses: tuple[StatusChange, ...]


@dataclass(frozen=True)
class LineWhatIf:
    """One line questioned.

    ``actual`` is how it comes out as it is; ``supposed`` how it would under the suppositions, and ``difference``
    what further evidence and readings change, as two reviews compared. The ways to an approval, the readings and
    the decisive facts are those of the supposed state where something is supposed, else of the actual one.
    ``cannot_approve`` says why no way is listed.
    """

    iri: str
    sequence: int
    code: str
    side: str | None
    actual: Outcome
    supposed: Outcome | None
    changed: tuple[StatusChange, ...]
    difference: LineComparison | None
    to_approve: tuple[WeighedSet, ...]
    to_approve_found: int
    to_approve_capped: bool
    cannot_approve: str
    sensitivity: tuple[ReadingEffect, ...]
    decisive_facts: tuple[DecisiveFact, ...]
    notes: tuple[str, ...]

    @property
    def outcome(self) -> Outcome:
        """The outcome that the analysis is about."""
        return self.supposed or self.actual


@dataclass(frozen=True)
class WhatIf:
    """One request questioned. ``unfinished`` says how far it got where the time was up; ``scale`` tells the efforts."""

    schema: str
    request: str
    identifier: str | None
    as_of: str
    suppositions: Suppositions
    lines: tuple[LineWhatIf, ...]
    scale: tuple[Effort, ...]
    unfinished: tuple[str, ...]
    digests: Digests
    engine: str
    version: str
    readings: dict[str, str]

    @property
    def hypothetical(self) -> bool:
        """Whether anything is supposed."""
        return bool(self.suppositions)


def what_if(
    source: str | Path | bytes,
    *,
    add: Sequence[str | Path] = (),
    readings: Mapping[str, str] | None = None,
    status: Sequence[SetStatus] = (),
    line: int | None = None,
    as_of: date | None = None,
    engine: str = DEFAULT,
    format: str | None = None,
    library: Path | None = None,
    timeout: float = TIMEOUT,
    progress: Callable[[str], None] | None = None,
) -> WhatIf:
    """Question a request: what would approve it, which readings and facts decide, and what suppositions change.

    Args:
        source: path, bytes, or ``"-"``; one request.
        add: files of triples to add to the record; the whole is checked and reviewed for real.
        readings: readings to suppose, such as ``{"A10": "any-one"}``.
        status: statuses to suppose, of criteria that evidence decides.
        line: the number of the only line to question.
        as_of: day of the review (default: today).
        engine: the SHACL engine.
        format: form of the request, where its name does not tell.
        library: a folder with policies of one's own.
        timeout: seconds after which what is left is left out, and said to be.
        progress: is told what is done next.

    Raises:
        RequestError: the request, or the request with what is added, is refused; every fault is listed.
        ReadingError: an ambiguity or reading does not exist.
        SuppositionError: there is no such line, criterion or status, or the source holds several requests.
    """
    clock = Clock(timeout, progress)
    questioned = question(
        source, add=add, readings=readings, as_of=as_of, engine=engine, format=format, library=library, clock=clock
    )
    given = given_statuses(questioned, status, line)
    supposed = Suppositions(tuple(map(str, add)), dict(readings or {}), tuple(status))
    before, after = questioned.reviews
    knowledge = questioned.setting.knowledge
    return WhatIf(
        schema=SCHEMA,
        request=after.request,
        identifier=after.identifier,
        as_of=after.as_of,
        suppositions=supposed,
        lines=tuple(_line(questioned, number, given.get(number, {}), clock) for number in questioned.numbers(line)),
        scale=tuple(scale(knowledge.ontology).values()),
        unfinished=tuple(clock.left_out),
        digests=after.digests,
        engine=after.engine,
        version=after.version,
        readings=before.readings,
    )


# ---- One line --------------------------------------------------------------------------------------


def _line(questioned: Questioned, number: int, given: dict[str, Status], clock: Clock) -> LineWhatIf:
    case = questioned.case(number, supposed=True)
    found = case.found()
    was, now = (questioned.review(number, supposed=s) for s in (False, True))
    actual = questioned.case(number, supposed=False).outcome()
    other = questioned.reviews[0] is not questioned.reviews[1]
    supposed = outcome_of(found, given) if other or given else None
    criteria = [c for o in (supposed, actual) if o is not None for c in o.criteria]
    comparison = compare(*questioned.reviews, anyway=True) if other else None
    clock.doing(f"line {number}: ways to an approval")
    ways = ways_to_approve(found, given)
    return LineWhatIf(
        iri=was.iri,
        sequence=number,
        code=was.code,
        side=was.side,
        actual=actual,
        supposed=supposed,
        changed=status_changes(actual.statuses, supposed.statuses, criteria) if supposed else (),
        difference=next(x for x in comparison.lines if x.sequence == number) if comparison else None,
        to_approve=ways.sets[:CAP],
        to_approve_found=len(ways.sets),
        to_approve_capped=ways.capped,
        cannot_approve=ways.why_none,
        sensitivity=tuple(sensitivity(case, given, clock)),
        decisive_facts=tuple(decisive_facts(case, given, clock)),
        notes=tuple(_notes(found, given)) if isinstance(found, Situated) else (),
    )


# ---- Readings --------------------------------------------------------------------------------------


def sensitivity(case: LineCase, given: Given, clock: Clock) -> Iterator[ReadingEffect]:
    """What each other reading of each ambiguity would make of a line, in the order of the ambiguities.

    Ambiguities that affect remarks only are left out. Each row is what a review with that reading gives, under
    whatever edition that reading lets govern the line.
    """
    now = _outcome(case.found(), given)
    policy = _policy(now, case.setting.knowledge.policies)
    if policy is None:
        return
    current = policy.own_readings(case.setting.chosen)
    movable = [a for a in policy.ambiguities if set(a.affects) - {"note"}]
    rows = [(a, r) for a in movable for r in a.readings if r.iri != current[a.iri]]
    for done, (ambiguity, reading) in enumerate(rows):
        clock.doing(f"line {case.line.sequence}: reading {done + 1} of {len(rows)}")
        if clock.is_up(f"Line {case.line.sequence}: {done} of {len(rows)} other readings were asked."):
            return
        chosen = with_reading(case.setting.chosen, policy, ambiguity.notation, reading.notation)
        other = _outcome(case.found(chosen), given)
        yield ReadingEffect(
            ambiguity=ambiguity.notation,
            reading=reading.notation,
            meaning=f"{ambiguity.label}: {reading.label}",
            default=reading.iri == ambiguity.default.iri,
            recommendation=other.recommendation,
            basis=other.basis,
            edition=other.policy.edition if other.policy else None,
            changed=other.recommendation is not now.recommendation,
            statuses=status_changes(now.statuses, other.statuses, (*other.criteria, *now.criteria)),
        )


def _outcome(found: Situated | LineReview, given: Given) -> Outcome:
    """As ``outcome_of``; what is supposed of criteria that the edition then applied does not have is left out."""
    if isinstance(found, LineReview) or found.outside is not None:
        return outcome_of(found, {})
    known = {c.id for c in found.situation.policy.leaves}
    return outcome_of(found, {name: status for name, status in given.items() if name in known})


def _policy(outcome: Outcome, policies: Sequence[Policy]) -> Policy | None:
    """The edition that an outcome is of."""
    ref = outcome.policy
    found = (p for p in policies if ref and (p.iri, p.edition.isoformat()) == (ref.iri, ref.edition))
    return next(found, None)


# ---- Facts -----------------------------------------------------------------------------------------


def decisive_facts(case: LineCase, given: Given, clock: Clock) -> Iterator[DecisiveFact]:
    """The evidence without which the line would be recommended otherwise, and by which criteria.

    Each piece of evidence is taken from the record and the rest reviewed again. What a request cannot be without,
    such as its indication, is only left out when the evidence is weighed.
    """
    found = case.found()
    if isinstance(found, LineReview) or found.outside is not None:
        return
    say, now, evidence = found.line.say, outcome_of(found, given), set(case.evidence())
    nodes = list(dict.fromkeys([*deciding_nodes(found.situation), *sorted(evidence)]))
    for done, node in enumerate(nodes):
        clock.doing(f"line {case.line.sequence}: without evidence {done + 1} of {len(nodes)}")
        if clock.is_up(f"Line {case.line.sequence}: {done} of {len(nodes)} pieces of evidence were taken away."):
            return
        other = _without(case, found, given, node, really=node in evidence)
        if other.recommendation is not now.recommendation:
            yield DecisiveFact(
                iri=node,
                summary=say.summary(node),
                date=say.date(node),
                document=say.document(node),
                recommendation=other.recommendation,
                basis=other.basis,
                statuses=status_changes(now.statuses, other.statuses, (*other.criteria, *now.criteria)),
            )


def _without(case: LineCase, found: Situated, given: Given, node: str, *, really: bool) -> Outcome:
    if really:
        return _outcome(case.without(node).found(), given)
    situation = replace(found.situation, weigher=found.situation.weigher.without(node))
    return outcome_of(replace(found, situation=situation), given)


# ---- Notes -----------------------------------------------------------------------------------------


def _notes(found: Situated, given: Given) -> Iterator[str]:
    """What somebody who supposes statuses has to know."""
    policy = found.situation.policy
    on_record = found.situation.weigher.statuses(found.situation.readings)
    for name, status in given.items():
        leaf = leaf_named(policy, name)
        was = on_record[leaf.iri]
        if was is status:
            yield f"“{leaf.label}” is {status.value} on record already."
        elif was is Status.UNMET:
            later = "; only a later event could" if leaf.later_event else ", nor does a later event"
            yield f"“{leaf.label}” is unmet on record. No document changes that{later}."
        rest = [x for x in resting_on(policy, leaf) if x.id not in given]
        if rest and was is not status:
            named = ", ".join(f"“{x.label}” ({x.id})" for x in rest)
            yield f"What rests on “{leaf.label}” is weighed as on record: {named}. Suppose statuses of these, too."
