"""The decision on a line once more, by an independent reasoner, and where it differs from the review.

Facets, rules and links become OWL 2 class expressions (:mod:`reasoner.opinion.owl_shapes`), the line a closed record
(:mod:`reasoner.opinion.owl_record`). HermiT is asked of every node and every rule twice: can the node fit, can it
not. What cannot fit does not, what cannot but fit does; a node that could do either is reported as undetermined.
Statuses follow from that by a few lines of their own, and three-valued logic composes them, with no SHACL engine,
weighing or logic program between. What plans and mandates say is no evidence and has no second opinion; the statuses
of such a line are compared all the same.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from itertools import islice, product

from pyoxigraph import NamedNode

from reasoner.authority import Reach, terms
from reasoner.determine import kleene_recommendation
from reasoner.errors import OwlTimeout
from reasoner.intake import LineRecord, Record
from reasoner.knowledge import Knowledge
from reasoner.model import LineReview, Polarity, Recommendation, Review, Status
from reasoner.opinion.owl_record import recorded
from reasoner.opinion.owl_rules import Asked, PolicyTranslator, Question, answers, asked
from reasoner.opinion.owl_shapes import ShapeTranslator
from reasoner.policy import Criterion, Policy, Readings, Rule
from reasoner.triples import Triples

BATCH = 8
"""Lines that one run of the reasoner is asked about: enough to spread its start, few enough to be heard from."""

TIMEOUT = 600.0
"""Seconds that all lines together may take unless told otherwise."""

ROLES = {Polarity.FOR: "for", Polarity.AGAINST: "against"}
"""The role of evidence as a review names it; what is neither is considered."""


# ---- What is reported ------------------------------------------------------------------------------


@dataclass(frozen=True)
class LeafComparison:
    """One leaf: its status in the review and by OWL, the evidence (node, role) that only one of them uses.

    ``undetermined`` lists nodes (with the rule) that may fit or not as far as OWL knows.
    """

    criterion: str
    label: str
    review: str
    second: str
    only_review: tuple[tuple[str, str], ...] = ()
    only_second: tuple[tuple[str, str], ...] = ()
    undetermined: tuple[tuple[str, str], ...] = ()

    @property
    def agrees(self) -> bool:
        """Whether status and evidence are the same and certain."""
        same = self.review == self.second
        return same and not (self.only_review or self.only_second or self.undetermined)


@dataclass(frozen=True)
class LineComparison:
    """One line: every leaf, and the recommendation.

    ``second`` is None where no second recommendation is given, and ``why_not`` says why.
    """

    source: str
    line: int
    iri: str
    policy: str | None
    review: Recommendation
    second: Recommendation | None
    why_not: str = ""
    leaves: tuple[LeafComparison, ...] = ()

    @property
    def agrees(self) -> bool:
        """Whether nothing that was compared differs."""
        return self.second in (None, self.review) and all(leaf.agrees for leaf in self.leaves)


@dataclass(frozen=True)
class SecondOpinion:
    """The lines that were compared, and whether time ran out before the others."""

    lines: tuple[LineComparison, ...]
    timed_out: bool = False

    @property
    def agrees(self) -> bool:
        """Whether no compared line differs."""
        return all(line.agrees for line in self.lines)


# ---- One line --------------------------------------------------------------------------------------

Answers = Mapping[Question, bool | None]
Evidence = tuple[tuple[str, Rule], ...]
"""Nodes with the rule that they fit."""


@dataclass(frozen=True)
class _Line:
    """A reviewed line with what is needed to ask about it."""

    record: Record
    line: LineRecord
    review: LineReview
    policy: Policy
    readings: Readings
    translator: PolicyTranslator

    @property
    def scope(self) -> Question:
        return Question(self.line.iri, self.translator.scope())

    def about(self, leaf: Criterion) -> Iterator[tuple[Question, Rule]]:
        """Every node and rule of a leaf whose evidence class the node has."""
        for rule in leaf.rules:
            fits = self.translator.rule(leaf, rule)
            for node in self.line.triples.instances(NamedNode(rule.evidence_class)):
                yield Question(str(node.value), fits), rule

    def asked(self, triples: Triples) -> Asked:
        questions = [q for leaf in self.policy.leaves for q, _ in self.about(leaf)]
        return asked(triples, self.translator.shapes.meanings, [self.scope, *questions])

    def evidence(self, leaf: Criterion, found: Answers, answer: bool | None = True) -> Evidence:
        """The nodes and rules of which the answer is this."""
        return tuple((q.node, rule) for q, rule in self.about(leaf) if found[q] is answer)

    def day(self) -> date | None:
        """The day on which an edition must be in force for the line."""
        dated_by = NamedNode(self.policy.dates_by(self.readings))
        stated = (self.line.triples.text(NamedNode(x), dated_by) for x in (self.line.iri, self.record.iri))
        return next((date.fromisoformat(text[:10]) for text in stated if text), None)


def status_from(polarities: frozenset[Polarity]) -> Status:
    """The status of a leaf for which there is evidence of these polarities.

    >>> status_from(frozenset({Polarity.CONFLICTING, Polarity.FOR})).value
    'met'
    """
    if Polarity.FOR in polarities:
        return Status.CONFLICTING if Polarity.AGAINST in polarities else Status.MET
    for polarity, status in (
        (Polarity.CONFLICTING, Status.CONFLICTING),
        (Polarity.AGAINST, Status.UNMET),
        (Polarity.CONSIDERED, Status.TO_JUDGE),
    ):
        if polarity in polarities:
            return status
    return Status.UNDOCUMENTED


def composed(policy: Policy, statuses: Mapping[str, Status], readings: Readings) -> Recommendation:
    """The recommendation by three-valued logic, with the declared constraints between facts.

    Open leaves that a constraint names are completed in every way that the constraints allow; the rest stays open.
    Facts that no completion allows pend.
    """
    bound = [c.not_together for c in policy.constraints if c.holds(readings)]
    free = sorted({leaf for together in bound for leaf in together if statuses[leaf].is_open})
    results = set()
    for choice in product((Status.MET, Status.UNMET), repeat=len(free)):
        completed = {**statuses, **dict(zip(free, choice, strict=True))}
        if not any(all(completed[leaf] is Status.MET for leaf in together) for together in bound):
            results.add(kleene_recommendation(policy, completed, readings))
    return results.pop() if len(results) == 1 else Recommendation.PEND


def _compared(line: _Line, found: Answers) -> LineComparison:
    told = {c.iri: c for c in line.review.criteria}
    statuses: dict[str, Status] = {}
    leaves = []
    for leaf in line.policy.leaves:
        evidence, unknown = line.evidence(leaf, found), line.evidence(leaf, found, None)
        statuses[leaf.iri] = status_from(frozenset(rule.polarity for _, rule in evidence))
        if told:  # a line to which the policy does not apply has no criteria
            ours, theirs = _roles(evidence), {(e.iri, e.role) for e in told[leaf.iri].evidence}
            leaves.append(
                LeafComparison(
                    criterion=leaf.id,
                    label=leaf.label,
                    review=told[leaf.iri].status,
                    second=statuses[leaf.iri].value,
                    only_review=tuple(sorted(theirs - ours)),
                    only_second=tuple(sorted(ours - theirs)),
                    undetermined=tuple(sorted((node, rule.label) for node, rule in unknown)),
                )
            )
    if found[line.scope] is None:
        unsure = ((line.line.iri, "whether the policy applies"),)
        leaves.append(LeafComparison("scope", "scope", "applies", "undetermined", undetermined=unsure))
    second, why_not = _recommended(line, statuses, applies=found[line.scope] is not False)
    return _comparison(line.record, line.review, second, why_not, tuple(leaves))


def _roles(evidence: Evidence) -> set[tuple[str, str]]:
    """Each node with the first of its roles, as reviews list evidence."""
    out: dict[str, str] = {}
    for polarity in Polarity:
        for node, rule in evidence:
            if rule.polarity is polarity:
                out.setdefault(node, ROLES.get(polarity, "considered"))
    return set(out.items())


def _recommended(line: _Line, statuses: Mapping[str, Status], *, applies: bool) -> tuple[Recommendation | None, str]:
    day = line.day()
    until = line.policy.until
    if not applies or day is None or day < line.policy.edition or (until is not None and day >= until):
        return Recommendation.NOT_APPLICABLE, ""
    found = terms(line.line.triples, line.record.iri, line.review.code, day)
    if line.review.recommendation is not Recommendation.NOT_APPLICABLE and any(t.reach is not Reach.NOT for t in found):
        return None, "terms of a plan or mandate decide it or may decide it, not evidence alone"
    return composed(line.policy, statuses, line.readings), ""


def _comparison(
    record: Record,
    review: LineReview,
    second: Recommendation | None,
    why_not: str,
    leaves: tuple[LeafComparison, ...] = (),
) -> LineComparison:
    return LineComparison(
        source=record.source,
        line=review.sequence,
        iri=review.iri,
        policy=f"{review.policy.number}, edition {review.policy.edition}" if review.policy is not None else None,
        review=review.recommendation,
        second=second,
        why_not=why_not,
        leaves=leaves,
    )


# ---- Many lines ------------------------------------------------------------------------------------


def second_opinion(
    knowledge: Knowledge,
    reviewed: Iterable[tuple[Record, Review]],
    *,
    readings: Mapping[str, str] | None = None,
    timeout: float = TIMEOUT,
) -> SecondOpinion:
    """Decide every line of reviewed requests again with HermiT, and compare.

    Args:
        knowledge: ontology, policies and shapes that HermiT reasons with.
        reviewed: each checked record with its review; taken one after the other, so that they can be made on the way.
        readings: the ambiguities that the reviews read otherwise than by default.
        timeout: seconds for all lines together, what it takes to make the reviews included; then the lines that are
            compared by then are returned.

    Raises:
        OwlError: no Java, a reasoner that failed, or a value that OWL cannot take.
        PolicyError: a shape that has no translation into OWL.
    """
    until = time.monotonic() + timeout
    waiting = _lines(reviewed)
    done: list[LineComparison] = []
    while batch := tuple(islice(waiting, BATCH)):
        try:
            done += _batch(knowledge, batch, readings or {}, until - time.monotonic())
        except OwlTimeout:
            return SecondOpinion(tuple(done), timed_out=True)
    return SecondOpinion(tuple(done))


def _lines(reviewed: Iterable[tuple[Record, Review]]) -> Iterator[tuple[Record, LineRecord, LineReview]]:
    for record, review in reviewed:
        yield from ((record, line, told) for line, told in zip(record.lines, review.lines, strict=True))


def _batch(
    knowledge: Knowledge,
    batch: Sequence[tuple[Record, LineRecord, LineReview]],
    chosen: Mapping[str, str],
    timeout: float,
) -> Iterable[LineComparison]:
    if timeout <= 0:
        raise OwlTimeout("No time is left.")
    prepared = [_prepared(knowledge, record, line, review, chosen) for record, line, review in batch]
    found = iter(answers([about for one in prepared if one is not None for about in one[1:]], timeout=timeout))
    out = []
    for one, (record, _, review) in zip(prepared, batch, strict=True):
        if one is None:
            out.append(_ungoverned(knowledge, record, review))
        else:
            out.append(_compared(one[0], next(found)))
    return out


def _ungoverned(knowledge: Knowledge, record: Record, review: LineReview) -> LineComparison:
    if not any(review.code in policy.codes for policy in knowledge.policies):
        return _comparison(record, review, Recommendation.NOT_APPLICABLE, "")
    return _comparison(record, review, None, "the edition under which it was reviewed is not loaded")


def _prepared(
    knowledge: Knowledge, record: Record, line: LineRecord, review: LineReview, chosen: Mapping[str, str]
) -> tuple[_Line, Asked] | None:
    ref = review.policy
    wanted = (ref.iri, ref.edition) if ref is not None else None
    policy = next((p for p in knowledge.policies if (p.iri, p.edition.isoformat()) == wanted), None)
    if policy is None:
        return None
    readings = policy.own_readings(chosen)
    triples = recorded(line.triples, knowledge.arrangement)
    shapes = ShapeTranslator(_shapes(knowledge, policy), knowledge.ontology, triples)
    one = _Line(record, line, review, policy, readings, PolicyTranslator(shapes, policy, readings))
    return one, one.asked(triples)


@lru_cache(maxsize=16)
def _shapes(knowledge: Knowledge, policy: Policy) -> Triples:
    return Triples(knowledge.policy_shapes(policy))
