"""Findings on the text of a policy: what it leaves open, with a request that shows it, as questions to its authors.

A finding is drawn from proofs, from the graph and from the case collection; nothing here knows one policy.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pyoxigraph import NamedNode

from reasoner.model import Polarity, Source
from reasoner.policy import Ambiguity, Criterion, Rule
from reasoner.proving.case_stories import Stories
from reasoner.proving.composition import quoted
from reasoner.proving.evidence_prover import Shortfall
from reasoner.proving.proofs import Subject
from reasoner.proving.prover import Found
from reasoner.proving.stories import listed
from reasoner.proving.verification import Check, Doubt, Finding, Ground, Option, Outcome, Proof, Witness
from reasoner.vocabulary import COV, RDFS, local_name


@dataclass(frozen=True)
class Ask:
    """What findings are drawn from: the policy with its searches, its proofs, and the cases."""

    subject: Subject
    proofs: tuple[Proof, ...]
    cases: Stories

    def checks(self, name: str) -> dict[str, Check]:
        """The checks of a property by subject."""
        return {c.subject: c for p in self.proofs if p.property == name for c in p.checks}

    def doubt(self, name: NamedNode) -> Doubt:
        """A kind of doubt in the words of the ontology."""
        t = self.subject.knowledge.ontology
        return Doubt(
            local_name(name.value),
            t.text(name, RDFS.label) or local_name(name.value),
            t.text(name, COV.plainLabel) or "",
            t.text(name, COV.remedy) or "",
        )


def findings(ask: Ask) -> Iterator[Finding]:
    """Every finding, those of structure first, then each ambiguity; those that decide nothing last.

    Raises:
        TimeOver: the time was over; what came before stands.
    """
    shortfalls = list(ask.subject.evidence.shortfalls(ask.subject.clock))
    yield from (_shortfall(ask, s) for s in shortfalls if _switching(s) is None)
    yield from _statements_together(ask)
    yield from _judged(ask)
    told = [_ambiguity(ask, a, shortfalls) for a in ask.subject.policy.ambiguities]
    yield from sorted((f for f in told if not f.moot), key=lambda f: -f.weight)
    yield from _together(ask)
    yield from (f for f in told if f.moot)


# ---- Ambiguities -----------------------------------------------------------------------------------


def _ambiguity(ask: Ask, ambiguity: Ambiguity, shortfalls: Iterable[Shortfall]) -> Finding:
    checks = ask.checks("each-reading")
    named = {f"{ambiguity.notation}={r.notation}": r for r in ambiguity.readings if r.iri != ambiguity.default.iri}
    told = {name: checks[name] for name in named if name in checks}
    changing = [name for name, check in told.items() if check.holds and not check.moot]
    moot = bool(told) and not changing
    criteria = tuple(c.id for c in ask.subject.policy.criteria if ambiguity.iri in _read_by(ask, c))
    stories = tuple(s for name in named if (s := ask.cases.story(name, criteria, ask.subject.clock)) is not None)
    witness = next((told[n].witness for n in changing if told[n].witness is not None), None)
    ground = next((told[n].ground for n in changing), None)
    short = [
        f"{_short_sentence(ask, s)}, such as this: {ask.subject.tell.node(s.node)}."
        for s in shortfalls
        if _switching(s) == ambiguity.iri
    ]
    doubts = ask.subject.knowledge.ontology.nodes(NamedNode(ambiguity.iri), COV.doubt)
    kinds = tuple(ask.doubt(d) for d in doubts if isinstance(d, NamedNode))
    return Finding(
        id=ambiguity.notation,
        doubts=kinds,
        title=ambiguity.label,
        says=" ".join([ambiguity.wording, *short, _consequence(ambiguity, changing, moot)]),
        question=_which(ambiguity),
        source=ambiguity.source,
        ambiguity=ambiguity.notation,
        criteria=criteria,
        options=tuple(Option(r.notation, r.label, r.definition, r == ambiguity.default) for r in ambiguity.readings),
        default_reason=ambiguity.default_reason,
        witness=witness,
        ground=ground,
        cases=stories,
        weight=len({c.name for name in named for c in ask.cases.hinging(name)}),
        moot=moot,
    )


def _read_by(ask: Ask, criterion: Criterion) -> tuple[str, ...]:
    return ask.subject.policy.ambiguities_of(criterion)


def _consequence(ambiguity: Ambiguity, changing: list[str], moot: bool) -> str:
    others = len(ambiguity.readings) - 1
    if moot:
        return "No recommendation depends on it; a review points it out."
    if not changing:
        return "What depends on it was not looked into."
    if others == 1:
        return "The recommendation on some requests depends on which is meant."
    which = "each of which" if len(changing) == others else f"{len(changing)} of which"
    return f"Besides the reading that reviews take there are {others}, {which} would change some recommendation."


def _which(ambiguity: Ambiguity) -> str:
    letters = "abcdefghijklmnopqrstuvwxyz"
    parts = [f"({letters[i]}) {r.definition.rstrip('.')}" for i, r in enumerate(ambiguity.readings)]
    return f"Which is meant? {'; '.join(parts)}."


# ---- Evidence that one passage admits and another does not ------------------------------------------


def _switching(shortfall: Shortfall) -> str | None:
    """The ambiguity that decides whether the narrower demand holds."""
    for facet in shortfall.rule.facets:
        if facet.ambiguity and shortfall.link.iri in {getattr(u, "iri", "") for u in facet.all_uses()}:
            return facet.ambiguity
    return None


def _short_sentence(ask: Ask, s: Shortfall) -> str:
    by = ask.subject.policy.by_iri
    second = f"“{by[s.asked_by].label}”"
    never = f"never what {second} asks for" if s.always else f"not what {second} asks for by “{s.rule.label}”"
    return f"Evidence can fulfil “{by[s.counts_for].label}” and is {never}"


def _shortfall(ask: Ask, s: Shortfall) -> Finding:
    by = ask.subject.policy.by_iri
    first, second = by[s.counts_for], by[s.asked_by]
    return Finding(
        id=f"narrower-{second.id}",
        doubts=(ask.doubt(COV.MismatchedTerms),),
        title=f"“{second.label}” asks for more than “{first.label}”",
        says=f"{_short_sentence(ask, s)}.",
        question=f"Is evidence that fulfils “{first.label}” meant to be enough for “{second.label}”?",
        source=second.source,
        criteria=(first.id, second.id),
        witness=Witness((f"Such evidence: {ask.subject.tell.node(s.node)}.",)),
        ground=Ground.EVIDENCE,
    )


# ---- Criteria that a statement alone fulfils ---------------------------------------------------------


def _judged(ask: Ask) -> Iterator[Finding]:
    subject = ask.subject
    for leaf in subject.policy.leaves:
        ways = [r for r in subject.evidence.own(leaf) if r.polarity is Polarity.FOR and _alive(ask, r)]
        stated = [r.label for r in ways if r.evidence_class == COV.Judgement.value]
        found = subject.search("weighed", facts=[f"subject({quoted(leaf.iri)})."]) if stated else None
        if found is None:
            continue
        others = [r.label for r in ways if r.label not in stated]
        besides = f", or by {listed(others, 'or')}, which the model adds" if others else ""
        story = ask.cases.in_status(leaf.id, "to-judge", "pend", _unmeasured(ask, leaf), subject.clock)
        yield Finding(
            id=f"judged-{leaf.id}",
            doubts=(ask.doubt(COV.MissingMeasure),),
            title=f"“{leaf.label}” has no measure",
            says=f"{leaf.plain} The text does not say by what this is seen. Reviews take it as fulfilled by "
            f"{listed(stated, 'or')}{besides}; the same findings without it are left to a clinician to weigh.",
            question=f"By which findings is “{leaf.label}” fulfilled where no clinician says so?",
            source=leaf.source,
            criteria=(leaf.id,),
            witness=subject.tell.pair(found.records["a"], found.records["b"], "The same, with what is missing"),
            ground=Ground.RECORD,
            cases=(story,) if story is not None else (),
        )


def _unmeasured(ask: Ask, leaf: Criterion) -> set[str]:
    """The ambiguities of a criterion that are doubts for want of a measure, by their short names."""
    t, policy = ask.subject.knowledge.ontology, ask.subject.policy
    unmeasured = {a for a in _read_by(ask, leaf) if COV.MissingMeasure in t.nodes(NamedNode(a), COV.doubt)}
    return {policy.ambiguity_by_iri[a].notation for a in unmeasured}


def _alive(ask: Ask, rule: Rule) -> bool:
    return ask.subject.evidence.fulfilled(rule, ask.subject.clock) is not None


# ---- Both statements, and wordings that decide together ----------------------------------------------


def _statements_together(ask: Ask) -> Iterator[Finding]:
    for proof in ask.proofs:
        if proof.property != "both-statements" or proof.outcome is not Outcome.HOLDS or proof.example is None:
            continue
        policy = ask.subject.policy
        labels = [f"“{policy.by_iri[x].label}”" for x in policy.exclusions]
        by_project = [c.label for c in policy.constraints]
        yield Finding(
            id="both-statements",
            doubts=(ask.doubt(COV.MissingProvision),),
            title="The necessity statement and an exclusion can both apply",
            says="The text does not say what holds where the criteria are fulfilled and yet this applies: "
            f"{listed(labels, 'or')}."
            + (f" Reviews take it that this cannot be ({listed(by_project)}), and ask." if by_project else ""),
            question="Which of the two statements prevails, or can they not both apply?",
            source=_place(ask),
            criteria=tuple(policy.by_iri[x].id for x in policy.exclusions),
            witness=proof.example,
            ground=Ground.RECORD,
        )


def _place(ask: Ask) -> Source | None:
    policy = ask.subject.policy
    return next((policy.statement_sources[x] for x in policy.exclusions if x in policy.statement_sources), None)


def _together(ask: Ask) -> Iterator[Finding]:
    """Pairs of wordings of which neither alone, but both together decide some request."""
    subject, policy = ask.subject, ask.subject.policy
    movable = [a for a in policy.ambiguities if set(a.affects) - {"note"}]
    facts = []
    for a in movable:
        for r in (r for r in a.readings if r.iri != a.default.iri):
            facts.append(f"other({quoted(a.iri)},{quoted(r.iri)}).")
            for t in subject.evidence.turns(a.iri, r.iri, subject.clock):
                facts.append(f'turning({quoted(a.iri)},{quoted(r.iri)},{quoted(t.leaf)},"{t.before}","{t.after}").')
    order = [a.notation for a in policy.ambiguities]
    found: list[tuple[str, str]] = []
    example: Witness | None = None
    for one in subject.prover.search_all(("together",), subject.clock, facts, _other_pair):
        found.append(_pair(ask, one))
        if example is None:
            how = f"Read {' and '.join(sorted(_chosen(ask, one)))}, each of which alone changes nothing"
            example = subject.tell.pair(one.records["a"], one.records["d"], how)
    if found:
        yield Finding(
            id="together",
            doubts=(),
            title="Wordings that decide only together",
            says=f"Of {len(movable) * (len(movable) - 1) // 2} pairs of doubtful wordings, {len(found)} decide some "
            "request only together: to settle one of the two alone leaves that request open.",
            question="Which of these wordings will you settle together?",
            source=None,
            witness=example,
            ground=Ground.EVIDENCE,
            pairs=tuple(sorted(found, key=lambda pair: tuple(map(order.index, pair)))),
        )


def _pair(ask: Ask, found: Found) -> tuple[str, str]:
    """The two ambiguities, in the order of the policy, by their short names."""
    order = {a.iri: place for place, a in enumerate(ask.subject.policy.ambiguities)}
    picked = {ambiguity for _, ambiguity, _ in found.values("picks")}
    first, second = (ask.subject.policy.ambiguity_by_iri[a].notation for a in sorted(picked, key=order.__getitem__))
    return first, second


def _chosen(ask: Ask, found: Found) -> Iterator[str]:
    policy = ask.subject.policy
    for record, ambiguity, reading in found.values("picks"):
        if record == "d":
            yield f"{policy.ambiguity_by_iri[ambiguity].notation}={policy.reading_by_iri[reading].notation}"


def _other_pair(found: Found) -> str:
    picks = {record: ambiguity for record, ambiguity, _ in found.values("picks")}
    return f":- picks(b,{quoted(picks['b'])},_), picks(c,{quoted(picks['c'])},_)."
