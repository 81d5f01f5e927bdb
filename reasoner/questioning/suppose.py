"""What is only supposed of a request: statuses, readings, further evidence; and how a line would come out then."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from pyoxigraph import BlankNode, NamedNode, RdfFormat, Triple, serialize

from reasoner.counterfactual import Situation
from reasoner.derive import evidence_classes, seen_from
from reasoner.errors import Fault, RequestError, SuppositionError
from reasoner.intake import LineRecord, Record
from reasoner.lines import Setting, Situated
from reasoner.model import (
    Basis,
    CriterionResult,
    Kind,
    LineReview,
    PolicyRef,
    Recommendation,
    Status,
)
from reasoner.policy import Criterion, Link, Policy, Readings
from reasoner.reading import read_triples
from reasoner.review import situated
from reasoner.triples import Spo, Term, Triples
from reasoner.vocabulary import COV
from reasoner.weigh import LeafOutcome, Weigher

Given = Mapping[str, Status]
"""Supposed statuses by criterion id."""


# ---- Statuses --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class SetStatus:
    """A supposed status of one criterion; ``line`` is the number of the line, where one was named."""

    criterion: str
    status: Status
    line: int | None = None


def set_status(text: str) -> SetStatus:
    """A supposition as it is written: ``injection=met``, or ``2:injection=met`` for line 2.

    Raises:
        SuppositionError: it is not of that form, or there is no such status.

    >>> set_status("2:injection=met")
    SetStatus(criterion='injection', status=<Status.MET: 'met'>, line=2)
    """
    name, sign, wanted = text.partition("=")
    number, colon, criterion = name.rpartition(":")
    if not (sign and criterion.strip() and wanted.strip()) or colon and not number.strip().isdecimal():
        raise SuppositionError(
            f"{text!r} is not of the form CRITERION=STATUS or LINE:CRITERION=STATUS, such as injection=met."
        )
    return SetStatus(criterion.strip(), status_named(wanted.strip()), int(number) if colon else None)


def status_named(text: str) -> Status:
    """The status of a name.

    Raises:
        SuppositionError: there is no such status; the nearest is named.
    """
    names = [s.value for s in Status]
    if text in names:
        return Status(text)
    raise SuppositionError(f"There is no status {text!r}.{nearest(text, names)} Known: {', '.join(names)}.")


def leaf_named(policy: Policy, name: str) -> Criterion:
    """The criterion of an id whose status evidence decides.

    Raises:
        SuppositionError: there is none, or it is a group, whose status follows from its members.
    """
    found = next((c for c in policy.criteria if c.id == name), None)
    if found is None:
        known = [c.id for c in policy.leaves]
        near = nearest(name, [c.id for c in policy.criteria])
        raise SuppositionError(
            f"Policy {policy.number} has no criterion {name!r}.{near} Its criteria: {', '.join(known)}."
        )
    if not found.is_leaf:
        inner = ", ".join(policy.by_iri[m].id for m in found.members)
        raise SuppositionError(f"{name!r} is a group: its status follows from its members. Set these: {inner}.")
    return found


def nearest(word: str, known: Iterable[str]) -> str:
    """A question whether the nearest of the known names is meant, or nothing.

    >>> nearest("injektion", ["injection", "symptoms"])
    ' Did you mean injection?'
    """
    near = difflib.get_close_matches(word.casefold(), list(known), n=1, cutoff=0.5)
    return f" Did you mean {near[0]}?" if near else ""


@dataclass(frozen=True)
class SupposedWeigher(Weigher):
    """A weigher by which some leaves have a supposed status.

    The evidence is weighed as it is on record: what rests on a supposed criterion does not follow by itself.
    """

    given: Mapping[str, Status] = field(default_factory=dict)

    def leaf(self, leaf: Criterion, readings: Readings) -> LeafOutcome:
        """The outcome of one leaf, with the status that is supposed of it."""
        found = super().leaf(leaf, readings)
        return replace(found, status=self.given[leaf.id]) if leaf.id in self.given else found

    def status(self, leaf: Criterion, readings: Readings) -> Status:
        """The status that is supposed of a leaf, or that which it has."""
        return self.given[leaf.id] if leaf.id in self.given else super().status(leaf, readings)

    def without(self, node: str) -> SupposedWeigher:
        """As the weigher of the record, with the same suppositions."""
        other = super().without(node)
        return SupposedWeigher(other.policy, other.triples, other.fits, other.ignored, other._live, given=self.given)


def supposing(situation: Situation, given: Given) -> Situation:
    """A situation in which some leaves have a supposed status."""
    w = situation.weigher
    return replace(situation, weigher=SupposedWeigher(w.policy, w.triples, w.fits, w.ignored, given=dict(given)))


def with_reading(chosen: Mapping[str, str], policy: Policy, notation: str, reading: str) -> dict[str, str]:
    """Readings that are chosen, with one ambiguity of a policy read so in all its editions, whatever was chosen."""
    own = ("", policy.number, policy.name)
    kept = {
        name: r
        for name, r in chosen.items()
        if name.rpartition(":")[2] != notation or name.rpartition(":")[0] not in own
    }
    return {**kept, f"{policy.number}:{notation}": reading}


def resting_on(policy: Policy, criterion: Criterion) -> tuple[Criterion, ...]:
    """The leaves of which evidence counts only with what counts for this criterion."""
    return tuple(
        leaf
        for leaf in policy.leaves
        if leaf.iri != criterion.iri
        and any(
            isinstance(use, Link) and use.criterion == criterion.iri
            for rule in leaf.rules
            for facet in rule.facets
            for use in facet.all_uses()
        )
    )


# ---- Outcomes --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Outcome:
    """How a line comes out, for real or under suppositions. No review: nothing is signed by it."""

    recommendation: Recommendation
    basis: Basis
    policy: PolicyRef | None
    criteria: tuple[CriterionResult, ...] = ()

    @property
    def statuses(self) -> dict[str, str]:
        """The status of every criterion by id."""
        return {c.id: c.status for c in self.criteria}


@dataclass(frozen=True)
class StatusChange:
    """A criterion whose status is another one; ``None`` where the policy applied has no such criterion."""

    criterion: str
    label: str
    kind: Kind
    before: str | None
    after: str | None


@dataclass(frozen=True)
class LineCase:
    """One line of one record in one setting: what questions are asked of."""

    record: Record
    line: LineRecord
    setting: Setting

    def found(self, chosen: Mapping[str, str] | None = None) -> Situated | LineReview:
        """The line under the edition in force for it, with other readings where given."""
        setting = self.setting if chosen is None else replace(self.setting, chosen=dict(chosen))
        return situated(self.record, self.line, setting)

    def outcome(self, given: Given | None = None, chosen: Mapping[str, str] | None = None) -> Outcome:
        """How the line comes out with supposed statuses and readings.

        Raises:
            SuppositionError: a status is supposed of a criterion that the policy applied does not have.
        """
        return outcome_of(self.found(chosen), given or {})

    def evidence(self) -> tuple[str, ...]:
        """Every piece of evidence on record, whether or not it counts."""
        classes = evidence_classes(self.setting.knowledge.ontology)
        nodes = (n for cls in classes for n in self.line.triples.instances(cls))
        return tuple(dict.fromkeys(sorted(n.value for n in nodes if isinstance(n, NamedNode))))

    def without(self, node: str) -> LineCase:
        """The line as if the record had never held a piece of evidence; what derives from the rest derives anew.

        A judgement that rests on it alone falls with it.
        """
        whole = self.record.triples
        rests = [j for j in whole.subjects(COV.basedOn, NamedNode(node)) if len(whole.nodes(j, COV.basedOn)) == 1]
        gone = {NamedNode(node), *rests}
        kept = Triples(t for t in whole if t[0] not in gone and t[2] not in gone)
        classes = evidence_classes(self.setting.knowledge.ontology)
        view = seen_from(kept, NamedNode(self.record.iri), NamedNode(self.line.iri), classes)
        line = replace(self.line, triples=view)
        return LineCase(replace(self.record, triples=kept, lines=(line,)), line, self.setting)


def outcome_of(found: Situated | LineReview, given: Given) -> Outcome:
    """How a line comes out where some of its leaves have a supposed status.

    Raises:
        SuppositionError: a status is supposed of a criterion that the policy applied does not have.
    """
    answer = found if isinstance(found, LineReview) else found.outside
    if answer is not None:
        if given:
            raise SuppositionError(
                f"Line {answer.sequence} (code {answer.code}) has no criterion to suppose a status of, "
                f"because none was applied to it. {answer.reason}"
            )
        return Outcome(answer.recommendation, answer.basis, answer.policy)
    assert isinstance(found, Situated)
    for name in given:
        leaf_named(found.situation.policy, name)
    situation = supposing(found.situation, given) if given else found.situation
    decision = situation.decide()
    policy = situation.policy
    named = PolicyRef(policy.number, policy.edition.isoformat(), policy.title, policy.iri)
    return Outcome(decision.recommendation, decision.basis, named, found.explainer(situation, decision).criteria())


def status_changes(
    before: Mapping[str, str], after: Mapping[str, str], criteria: Iterable[CriterionResult | Criterion]
) -> tuple[StatusChange, ...]:
    """The criteria that have another status, in the order of the first; ``criteria`` tells their names and kinds."""
    by_id = {c.id: c for c in criteria}
    return tuple(
        StatusChange(n, by_id[n].label, by_id[n].kind, before.get(n), after.get(n))
        for n in dict.fromkeys([*before, *after])
        if before.get(n) != after.get(n)
    )


# ---- Further evidence ------------------------------------------------------------------------------


def with_added(
    source: str | Path | bytes, added: Sequence[str | Path], *, name: str | None = None, format: str | None = None
) -> bytes:
    """A request together with the triples of further files, as N-Triples; blank nodes of the files stay apart.

    Raises:
        RequestError: a file cannot be read, or brings a request of its own.
    """
    whole: dict[Spo, None] = dict.fromkeys(read_triples(source, name=name, format=format).triples)
    requests = {s for s, p, o in whole if o == COV.Request}
    for number, file in enumerate(added, 1):
        parsed = read_triples(file)
        triples = [_apart(t, number) for t in parsed.triples]
        others = [s for s, p, o in triples if o == COV.Request and s not in requests]
        if others:
            cure = "Use the request's own IRI in what is added, or review the two by themselves."
            raise RequestError(parsed.name, (Fault(str(others[0]), "is another request.", cure),))
        whole.update(dict.fromkeys(triples))
    data = serialize((Triple(*t) for t in whole), format=RdfFormat.N_TRIPLES)
    assert data is not None  # serialize returns bytes where no output file is given
    return data


def _apart(triple: Spo, number: int) -> Spo:
    def named(term: Term) -> Term:
        return BlankNode(f"added{number}x{term.value}") if isinstance(term, BlankNode) else term

    s, p, o = triple
    subject = named(s)
    assert isinstance(subject, NamedNode | BlankNode)
    return subject, p, named(o)
