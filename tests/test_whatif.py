"""plexus whatif: ways to an approval, readings and facts are true when tried; suppositions are told as such."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import date
from functools import cache
from itertools import chain, combinations
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner
from conftest import CASES, ROOT, Case, all_cases, case_named, reviewed
from jsonschema import Draft202012Validator
from pyoxigraph import Literal, NamedNode, RdfFormat, Triple, parse, serialize

from reasoner import review
from reasoner.cli import main
from reasoner.counterfactual import verb_for
from reasoner.errors import PolicyError, RequestError, SuppositionError
from reasoner.knowledge import Knowledge
from reasoner.lines import Situated
from reasoner.model import Change, Kind, Recommendation, Status, Verb
from reasoner.questioning.effort import Effort, Efforts, WeighedChange, WeighedSet, hardness, scale
from reasoner.questioning.questioned import Questioned, question
from reasoner.questioning.suppose import LineCase, set_status, supposing
from reasoner.questioning.ways import ways_to_approve
from reasoner.questioning.whatif import WhatIf, what_if
from reasoner.render import whatif as render
from reasoner.render.words import columns
from reasoner.resources import schema_file
from reasoner.review import review_record
from reasoner.triples import Triples
from reasoner.vocabulary import CLIN, COV

DAY = date(2026, 3, 1)
SCHEMA = Draft202012Validator(json.loads(schema_file("whatif").read_text(encoding="utf-8")))


@cache
def asked(name: str) -> WhatIf:
    case = case_named(name)
    return what_if(case.request, as_of=case.as_of)


def briefly(name: str, **options) -> WhatIf:
    """Outcomes and ways only: readings and facts are left out, because their time is up at once."""
    case = case_named(name)
    return what_if(case.request, as_of=case.as_of, timeout=0, **options)


@cache
def questioned(name: str) -> Questioned:
    case = case_named(name)
    return question(case.request, as_of=case.as_of)


def lines_of(name: str) -> list[tuple[LineCase, Situated]]:
    """The lines of a case to which criteria were applied."""
    q = questioned(name)
    cases = [q.case(n, supposed=False) for n in q.numbers()]
    return [(c, f) for c in cases if isinstance(f := c.found(), Situated) and f.outside is None]


# ---- The ways to an approval -----------------------------------------------------------------------


def fulfilled(found: Situated, ids) -> dict[str, Status]:
    """Statuses by which these criteria stand in nobody's way."""
    kinds = {leaf.id: leaf.kind for leaf in found.situation.policy.leaves}
    return {i: Status.UNMET if kinds[i] is Kind.EXCLUSION else Status.MET for i in ids}


def changeable(found: Situated) -> list[str]:
    """The criteria that documents, judgements or later events could fulfil."""
    policy, on_record = found.situation.policy, found.situation.weigher.statuses(found.situation.readings)
    good = {True: Status.UNMET, False: Status.MET}
    return [
        leaf.id
        for leaf in policy.leaves
        if on_record[leaf.iri] is not good[leaf.kind is Kind.EXCLUSION]
        and verb_for(leaf, on_record[leaf.iri]) is not None
    ]


@pytest.mark.sampled(every=6)
def test_exactly_the_sets_that_approve_are_found_and_none_of_their_parts_approves(case: Case):
    for line, found in lines_of(case.name):
        sets = [frozenset(c.criterion for c in way.changes) for way in ways_to_approve(found, {}).sets]
        names = changeable(found)
        everything = chain.from_iterable(combinations(names, n) for n in range(len(names) + 1))
        actual = line.outcome().recommendation
        for some in map(frozenset, everything):
            then = line.outcome(fulfilled(found, some)).recommendation
            expected = any(s <= some for s in sets) or actual is Recommendation.APPROVE
            assert (then is Recommendation.APPROVE) is expected, (sorted(some), sets)
        assert len(sets) == len(set(sets))


@pytest.mark.sampled(every=6)
def test_no_way_flips_an_unmet_criterion_by_paper_and_none_is_offered_where_nothing_is_needed(case: Case):
    for line, found in lines_of(case.name):
        on_record = line.outcome().statuses
        kinds = {leaf.id: leaf.kind for leaf in found.situation.policy.leaves}
        for way in ways_to_approve(found, {}).sets:
            assert way.changes, "a way that changes nothing"
            for change in way.changes:
                if on_record[change.criterion] == "unmet" and kinds[change.criterion] is not Kind.EXCLUSION:
                    assert change.verb is Verb.NEW_EVENT
                    assert change.effort.notation == "arise"
                else:
                    assert change.verb is not Verb.NEW_EVENT


@pytest.mark.sampled(every=6)
def test_where_no_way_leads_to_an_approval_the_reason_is_told(case: Case):
    for line in briefly(case.name).lines:
        assert bool(line.to_approve) is not bool(line.cannot_approve)


WHY_NONE = {
    "complete-record": "Nothing further is needed",
    "imaging-support-denied-by-surgeon": "“imaging supports surgery” is unmet on record, and documents do not undo",
    "spine-decompression-under-64714": "“requested for another indication” is met on record, and it excludes",
    "indication-contradicts-findings": "The line names another indication, while the record documents compression",
    "plan-excludes-the-procedure": "What stands above the policy decides, and not the criteria: Plan term “Nerve",
    "mandate-funding-not-stated": "may bind: it reaches insured plans only",
    "procedure-of-another-policy": "No criterion was applied to the line. Code 63030",
    "approach-laparoscopic": "this line states another approach",
}


@pytest.mark.parametrize("name", WHY_NONE)
def test_what_is_in_the_way_is_named(name):
    assert WHY_NONE[name] in briefly(name).lines[0].cannot_approve


def test_a_criterion_that_its_group_does_without_is_not_in_the_way():
    """With any of the further criteria enough, one of them that is unmet for good stops nothing."""
    given = [set_status(x) for x in ("other-indication=met", "clinical-support=met", "compression=unmet")]
    name = "imaging-support-denied-by-surgeon"
    (joined,) = briefly(name, status=given).lines
    (either,) = briefly(name, status=given, readings={"A9": "any"}).lines
    assert "“imaging supports surgery” is unmet on record" in joined.cannot_approve
    assert "imaging supports surgery" not in either.cannot_approve
    assert "it excludes" in joined.cannot_approve and "it excludes" in either.cannot_approve


# ---- Efforts ---------------------------------------------------------------------------------------

EFFORTS = {
    "compression-quoted-in-a-note": "compression=send symptoms=follow imaging-support=follow",
    "compression-known-by-code-only": "compression=send symptoms=follow imaging-support=follow",
    "compression-preliminary-report": "compression=await symptoms=follow imaging-support=follow",
    "compression-study-only-ordered": "compression=arise symptoms=follow imaging-support=find",
    "compression-plexus-mri-normal": "compression=arise symptoms=follow imaging-support=find",
    "compression-by-emg-only": "imaging-support=find",
    "compression-by-myelography": "compression=judge symptoms=judge imaging-support=judge",
    "compression-mri-and-ct-contradict": "compression=state",
    "symptoms-not-attributed": "symptoms=state",
    "clinical-support-undated-statement": "clinical-support=state",
    "clinical-support-by-submitter": "clinical-support=state",
    "oral-medication-ongoing": "oral-medication=await | trauma-waiver=find",
    "oral-medication-prescribed-never-taken": "trauma-waiver=find | oral-medication=arise",
    "physical-therapy-without-an-outcome": "physical-therapy=state | trauma-waiver=find",
    "physical-therapy-for-the-shoulder": "trauma-waiver=find | physical-therapy=find",
    "injection-undocumented": "trauma-waiver=find | injection=find",
    "injection-helped": "injection=arise",
    "waiver-statement-undated": "trauma-waiver=state | physical-therapy=state oral-medication=state injection=state",
}


@pytest.mark.parametrize("name", EFFORTS)
def test_the_effort_is_what_the_record_tells(name):
    (_, found) = lines_of(name)[0]
    ways = ways_to_approve(found, {}).sets
    told = " | ".join(" ".join(f"{c.criterion}={c.effort.notation}" for c in w.changes) for w in ways)
    assert told == EFFORTS[name]


def test_the_reason_of_an_effort_quotes_the_record():
    (way,) = asked("compression-quoted-in-a-note").lines[0].to_approve
    compression, symptoms, _ = way.changes
    assert compression.because == "The record has MRI of the lumbosacral plexus region, quoted in a note."
    assert symptoms.because.endswith("; it counts once “documented compression” is met.")
    (unknown, *_) = asked("injection-undocumented").lines[0].to_approve
    assert unknown.changes[0].because == "Nothing on record tells whether it exists."
    assert unknown.changes[0].evidence == ()


def test_what_follows_really_follows_when_the_report_is_sent(tmp_path):
    """The claim that symptoms and judgement count once the compression is documented, held against a review."""
    text = case_named("compression-quoted-in-a-note").request.read_text(encoding="utf-8")
    assert text.count("clin:ReportedInNote") == 1
    sent = text.replace("clin:ReportedInNote", "clin:FinalReport").encode()
    (after,) = review(sent, as_of=DAY, format="turtle")
    statuses_then = {c.id: c.status for c in after.lines[0].criteria}
    (way,) = asked("compression-quoted-in-a-note").lines[0].to_approve
    assert {c.criterion for c in way.changes} == {"compression", "symptoms", "imaging-support"}
    assert {statuses_then[c.criterion] for c in way.changes} == {"met"}
    assert after.lines[0].recommendation is Recommendation.APPROVE


@pytest.mark.sampled(every=6)
def test_sets_stand_in_the_order_of_their_efforts(case: Case):
    for line in briefly(case.name).lines:
        ranks = [tuple(sorted((c.effort.rank for c in w.changes), reverse=True)) for w in line.to_approve]
        assert ranks == sorted(ranks)
        for way in line.to_approve:
            assert way.hardest.rank == max(c.effort.rank for c in way.changes)


def weighed(*ranks: int) -> WeighedSet:
    changes = tuple(
        WeighedChange(f"c{i}", "c", Verb.DOCUMENT, Effort("urn:e", str(r), "e", "e", r), "because")
        for i, r in enumerate(ranks)
    )
    return WeighedSet(changes, max((c.effort for c in changes), key=lambda e: e.rank))


@pytest.mark.parametrize(
    ("easier", "harder"),
    [((1,), (6,)), ((1, 1, 1), (2,)), ((5, 5), (0, 6)), ((5,), (5, 0)), ((5, 0), (5, 1)), ((3, 3), (0, 0, 4))],
)
def test_the_hardest_change_of_a_set_goes_before_its_others(easier, harder):
    assert hardness(weighed(*easier)) < hardness(weighed(*harder))
    assert hardness(weighed(*easier[::-1])) < hardness(weighed(*harder[::-1]))


def test_exists_and_not_sent_goes_before_does_not_exist_yet(knowledge):
    order = [e.notation for e in scale(knowledge.ontology).values()]
    assert order == ["follow", "send", "judge", "state", "await", "find", "arise"]


EFFORT = "https://w3id.org/plexus/coverage#Effort-"


def with_ontology(knowledge: Knowledge, *, without=(), more=()) -> Triples:
    return Triples([*(t for t in knowledge.ontology if t not in set(without)), *more])


def efforts_under(name: str, ontology: Triples) -> list[str]:
    (_, found) = lines_of(name)[0]
    sets = [frozenset(Change(c.criterion, c.verb) for c in w.changes) for w in ways_to_approve(found, {}).sets]
    say = replace(found.line.say, knowledge=replace(found.line.say.knowledge, ontology=ontology))
    ranked = Efforts(found.situation, say, found.line.condition, found.messages).ranked(sets)
    return [w.hardest.notation for w in ranked]


def test_the_ranking_is_data_of_the_ontology(knowledge):
    """Other data, another ranking: nothing in the program knows what is easy."""
    name = "oral-medication-ongoing"
    ongoing = (CLIN.Ongoing, COV.leavesEffort, NamedNode(EFFORT + "await"))
    assert efforts_under(name, knowledge.ontology) == ["await", "find"]
    changed = with_ontology(
        knowledge, without=[ongoing], more=[(CLIN.Ongoing, COV.leavesEffort, NamedNode(EFFORT + "arise"))]
    )
    assert efforts_under(name, changed) == ["find", "arise"]
    silent = with_ontology(knowledge, without=[ongoing])
    assert efforts_under(name, silent) == ["state", "find"]  # an outcome that tells nothing has to be stated


def test_an_effort_without_a_rank_is_an_error_that_names_it(knowledge):
    rank = next(t for t in knowledge.ontology if t[1] == COV.effortRank)
    with pytest.raises(PolicyError, match="cov:Effort-.* not well made.*cov:effortRank"):
        scale(with_ontology(knowledge, without=[rank]))
    with pytest.raises(PolicyError, match="has no instance"):
        scale(Triples(t for t in knowledge.ontology if t[2] != COV.Effort))
    word = (rank[0], rank[1], Literal("easy"))
    with pytest.raises(PolicyError, match="not well made"):
        scale(with_ontology(knowledge, without=[rank], more=[word]))


# ---- Readings and facts ----------------------------------------------------------------------------


@pytest.mark.sampled(every=20)
def test_a_reading_does_what_the_row_says_when_it_is_really_chosen(case: Case):
    q = questioned(case.name)
    for line in asked(case.name).lines:
        told = [e for e in line.sensitivity if e.changed or e.statuses]
        idle = [e for e in line.sensitivity if not e.changed and not e.statuses]
        for effect in (*told, *idle[:2], *idle[-1:]):
            setting = replace(q.settings[0], chosen={effect.ambiguity: effect.reading})
            again = review_record(q.records[0], setting)
            got = next(x for x in again.lines if x.sequence == line.sequence)
            assert (got.recommendation, got.basis) == (effect.recommendation, effect.basis)
            after = {c.id: c.status for c in got.criteria}
            before = line.actual.statuses
            differing = {n for n in before.keys() | after.keys() if before.get(n) != after.get(n)}
            assert differing == {s.criterion for s in effect.statuses}
            assert all(after.get(s.criterion) == s.after for s in effect.statuses)


@pytest.mark.sampled(every=20)
def test_every_reading_of_every_ambiguity_that_can_matter_has_a_row(case: Case, knowledge):
    for line in asked(case.name).lines:
        ref = line.actual.policy
        if ref is None:
            assert line.sensitivity == ()
            continue
        (policy,) = [p for p in knowledge.policies if (p.iri, p.edition.isoformat()) == (ref.iri, ref.edition)]
        expected = {
            (a.notation, r.notation)
            for a in policy.ambiguities
            if set(a.affects) - {"note"}
            for r in a.readings
            if r.iri != a.default.iri
        }
        assert {(e.ambiguity, e.reading) for e in line.sensitivity} == expected
        hinged = {
            (h.changes[0].ambiguity, h.changes[0].reading)
            for x in reviewed(case.name).lines
            if x.sequence == line.sequence
            for h in x.hinges_on
            if len(h.changes) == 1
        }
        if hinged:
            assert {(e.ambiguity, e.reading) for e in line.sensitivity if e.changed} == hinged


def test_a_reading_that_lets_the_policy_govern_after_all_is_seen():
    """Where no edition governs the line, a reading of the governing date may let one."""
    text = case_named("service-the-day-before-the-edition").request.read_text(encoding="utf-8")
    late = re.sub(r'(cov:receivedOn )"[^"]*"', r'\1"2025-12-02"', text)
    asked_ = what_if(late.encode(), as_of=DAY, format="turtle")
    (line,) = asked_.lines
    assert line.actual.recommendation is Recommendation.NOT_APPLICABLE
    (effect,) = [e for e in line.sensitivity if e.ambiguity == "A22"]
    assert effect.changed and effect.recommendation is not Recommendation.NOT_APPLICABLE
    assert all(s.before is None for s in effect.statuses) and effect.statuses


@pytest.mark.parametrize("name", ["A10", "0587:A10", "0587/2025-12-01:A10"])
def test_a_reading_chosen_under_any_name_can_be_read_back(name):
    case = case_named("injection-undocumented")
    one = what_if(case.request, as_of=case.as_of, readings={name: "any-one"})
    (line,) = one.lines
    assert line.outcome.recommendation is Recommendation.APPROVE
    rows = {e.reading: e for e in line.sensitivity if e.ambiguity == "A10"}
    assert "any-one" not in rows  # what is read already is no other reading
    assert rows["each-listed"].default and rows["each-listed"].recommendation is Recommendation.PEND


def removed(path: Path, node: str) -> bytes:
    """A request without a node: nothing is said of it, nothing names it, and no judgement rests on it alone."""
    quads = list(parse(path=path, format=RdfFormat.TURTLE))
    rests = [q for q in quads if q.predicate == COV.basedOn]
    alone = {q.subject for q in rests if _iri(q.object) == node and sum(r.subject == q.subject for r in rests) == 1}
    gone = {node, *map(_iri, alone)}
    kept = (q for q in quads if not gone & {_iri(q.subject), _iri(q.object)})
    data = serialize((Triple(q.subject, q.predicate, q.object) for q in kept), format=RdfFormat.N_TRIPLES)
    assert data is not None
    return data


def _iri(term) -> str:
    return term.value if isinstance(term, NamedNode) else ""


@pytest.mark.sampled(every=20)
def test_without_a_decisive_fact_a_review_recommends_what_is_told(case: Case):
    for line in asked(case.name).lines:
        decisive = {f.iri: f for f in line.decisive_facts}
        for node in questioned(case.name).case(line.sequence, supposed=False).evidence():
            try:
                (again,) = review(removed(case.request, node), as_of=case.as_of, format="ntriples")
            except RequestError:
                continue  # a request cannot do without its lines and its indication
            got = next((x for x in again.lines if x.sequence == line.sequence), None)
            if got is None:
                continue
            fact = decisive.get(node)
            expected = fact.recommendation if fact else line.actual.recommendation
            assert got.recommendation is expected, node
            if fact:
                after = {c.id: c.status for c in got.criteria}
                assert all(after[s.criterion] == s.after for s in fact.statuses)


def test_decisive_facts_of_the_review_are_among_them():
    for name in ("complete-record", "later-mri-confirms"):
        told = {(d.iri, d.recommendation) for d in reviewed(name).lines[0].decisive_evidence}
        assert {(f.iri, f.recommendation) for f in asked(name).lines[0].decisive_facts} >= told
    assert asked("complete-record").lines[0].decisive_facts


# ---- Supposed statuses -----------------------------------------------------------------------------


def test_a_supposed_status_stands_beside_the_actual_one():
    one = briefly("injection-undocumented", status=[set_status("injection=met")])
    (line,) = one.lines
    assert one.hypothetical
    assert line.actual.recommendation is Recommendation.PEND
    assert line.supposed is not None and line.supposed.recommendation is Recommendation.APPROVE
    changed = {c.criterion: (c.before, c.after) for c in line.changed}
    assert changed["injection"] == ("undocumented", "met")
    assert changed["necessity"] == ("open", "met")
    assert line.difference is None
    assert line.actual.statuses == {c.id: c.status for c in reviewed("injection-undocumented").lines[0].criteria}


def test_nothing_supposed_is_not_hypothetical():
    assert not asked("injection-undocumented").hypothetical
    assert asked("injection-undocumented").lines[0].supposed is None


def test_a_supposition_of_an_unmet_criterion_says_that_no_document_does_it():
    one = briefly("physical-therapy-helped", status=[set_status("physical-therapy=met")])
    assert "No document changes that; only a later event could." in " ".join(one.lines[0].notes)
    two = briefly(
        "imaging-support-denied-by-surgeon",
        status=[set_status("imaging-support=met")],
    )
    assert "No document changes that, nor does a later event." in " ".join(two.lines[0].notes)


def test_what_rests_on_a_supposed_criterion_is_left_as_on_record_and_said_to_be():
    one = briefly("nothing-documented", status=[set_status("compression=met")])
    (line,) = one.lines
    assert {c.criterion for c in line.changed} == {"compression"}
    assert "“causes significant symptoms” (symptoms)" in line.notes[0]
    same = briefly("complete-record", status=[set_status("compression=met")])
    assert same.lines[0].notes == ("“documented compression” is met on record already.",)
    assert same.lines[0].changed == ()


def test_a_supposed_status_leaves_the_weighing_of_evidence_alone():
    """Supposing the compression unmet does not take away the finding on which the symptoms rest."""
    one = briefly("complete-record", status=[set_status("compression=unmet")])
    assert {c.criterion for c in one.lines[0].changed} == {"necessity", "compression"}
    assert one.lines[0].supposed is not None
    assert one.lines[0].supposed.recommendation is Recommendation.DENY


def test_suppositions_survive_the_loss_of_evidence():
    (_, found) = lines_of("complete-record")[0]
    situation = supposing(found.situation, {"symptoms": Status.CONFLICTING})
    (pain,) = [n for n in situation.weigher.of_class(CLIN.Symptom.value) if n.endswith("#pain")]
    weigher = situation.weigher.without(pain)
    symptoms = next(leaf for leaf in situation.policy.leaves if leaf.id == "symptoms")
    assert weigher.leaf(symptoms, situation.readings).status is Status.CONFLICTING
    assert found.situation.weigher.without(pain).leaf(symptoms, situation.readings).status is Status.UNDOCUMENTED


REFUSED = {
    "injection": "is not of the form CRITERION=STATUS",
    "=met": "is not of the form",
    "x:injection=met": "is not of the form",
    "injection=maybe": "There is no status 'maybe'. Did you mean met? Known: met, unmet, conflicting, to-judge",
    "injection=meet": "There is no status 'meet'. Did you mean met?",
    "injektion=met": "no criterion 'injektion'. Did you mean injection?",
    "treatments=met": "is a group: its status follows from its members. Set these: physical-therapy, oral-medication",
    "7:injection=met": "There is no line 7 to suppose of. Lines: 1.",
}


@pytest.mark.parametrize("text", REFUSED)
def test_a_supposition_that_makes_no_sense_is_wrong_usage_and_says_why(text):
    done = CliRunner().invoke(main, ["whatif", str(CASES / "injection-undocumented"), "--set", text])
    assert done.exit_code == 2
    assert REFUSED[text] in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr


def test_two_statuses_of_one_criterion_are_refused():
    with pytest.raises(SuppositionError, match="both met and unmet"):
        what_if(
            case_named("complete-record").request, status=[set_status("symptoms=met"), set_status("symptoms=unmet")]
        )


TWO = ["whatif", str(CASES / "two-sides-on-two-lines"), "--as-of", "2026-03-01"]


def test_of_several_lines_the_one_that_is_meant_has_to_be_named():
    unnamed = CliRunner().invoke(main, [*TWO, "--set", "symptoms=unmet"])
    assert unnamed.exit_code == 2
    assert "Of which line is 'symptoms' meant? Name it, as 1:symptoms; lines: 1, 2." in " ".join(unnamed.stderr.split())
    named = CliRunner().invoke(main, [*TWO, "--set", "2:symptoms=unmet", "--format", "json"])
    first, second = json.loads(named.stdout)["lines"]
    assert first["changed"] == []
    assert {c["criterion"] for c in second["changed"]} >= {"symptoms"}
    only = CliRunner().invoke(main, [*TWO, "--line", "2", "--set", "symptoms=unmet", "--format", "json"])
    assert json.loads(only.stdout)["lines"] == [second]
    assert CliRunner().invoke(main, [*TWO, "--line", "3"]).exit_code == 2


def test_a_line_without_criteria_has_no_status_to_suppose():
    done = CliRunner().invoke(
        main, ["whatif", str(CASES / "procedure-of-another-policy"), "--set", "symptoms=met", "--as-of", "2026-03-01"]
    )
    assert done.exit_code == 2
    assert "has no criterion to suppose a status of" in " ".join(done.stderr.split())


# ---- Further evidence ------------------------------------------------------------------------------

PREFIXES = """@prefix : <https://example.org/pa/{name}#> .
@prefix anat: <https://w3id.org/plexus/anatomy#> .
@prefix clin: <https://w3id.org/plexus/clinical#> .
@prefix cov: <https://w3id.org/plexus/coverage#> .
@prefix dcterms: <http://purl.org/dc/terms/> .
@prefix p0587: <https://w3id.org/plexus/policy/0587#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
"""
BLOCK = """
:block a clin:Treatment ; clin:kind clin:Injection ; clin:target clin:LumbarPlexusTarget ;
    clin:outcome clin:NoRelief ; cov:date "2026-02-20"^^xsd:date ; cov:about :condition ;
    cov:documentedIn [ a cov:Document ; dcterms:title "Procedure note" ] .
"""


def more(tmp_path, name, text, file="more.ttl"):
    path = tmp_path / file
    path.write_text(PREFIXES.format(name=name) + text, encoding="utf-8")
    return path


def with_more(name, path, **options):
    return briefly(name, add=[path], **options)


def test_an_answered_pend_is_reviewed_for_real(tmp_path):
    one = with_more("injection-undocumented", more(tmp_path, "injection-undocumented", BLOCK))
    (line,) = one.lines
    assert line.supposed is not None and line.supposed.recommendation is Recommendation.APPROVE
    assert line.difference is not None
    (evidence,) = line.difference.evidence
    assert evidence.fate.value == "new" and evidence.document == "Procedure note"
    assert "new evidence is on record: injection" in " ".join(line.difference.why)
    text = case_named("injection-undocumented").request.read_text(encoding="utf-8") + BLOCK
    (whole,) = review(text.encode(), as_of=DAY, format="turtle")
    assert one.digests == whole.digests
    assert line.supposed.statuses == {c.id: c.status for c in whole.lines[0].criteria}


def test_contrary_evidence_is_not_hidden(tmp_path):
    text = BLOCK.replace("clin:NoRelief", "clin:AdequateRelief")
    (line,) = with_more("injection-undocumented", more(tmp_path, "injection-undocumented", text)).lines
    assert line.supposed is not None and line.supposed.statuses["injection"] == "unmet"
    assert [[(c.criterion, c.verb) for c in w.changes] for w in line.to_approve] == [
        [("trauma-waiver", Verb.DOCUMENT)],
        [("injection", Verb.NEW_EVENT)],
    ]


def test_evidence_and_readings_and_statuses_combine(tmp_path):
    file = more(tmp_path, "nothing-documented", BLOCK)
    (line,) = with_more(
        "nothing-documented", file, readings={"A10": "any-one"}, status=[set_status("compression=met")]
    ).lines
    assert line.supposed is not None
    got = line.supposed.statuses
    assert (got["injection"], got["treatments"], got["compression"]) == ("met", "met", "met")
    assert {c.criterion for c in line.changed} == {"injection", "treatments", "conservative", "compression"}
    assert any("A10 is read as “any-one”" in w for w in line.difference.why)


def test_blank_nodes_of_the_files_stay_apart(tmp_path):
    request = case_named("injection-undocumented").request.read_text(encoding="utf-8")
    assert ":mri-report a cov:Document" in request
    nameless = request.replace(":mri-report", "_:b").encode()
    file = more(
        tmp_path,
        "injection-undocumented",
        BLOCK.replace("[ a cov:Document ; dcterms:title", "_:b . _:b a cov:Document ; dcterms:title").replace(
            'note" ] .', 'note" .'
        ),
    )
    (line,) = what_if(nameless, as_of=DAY, add=[file], format="turtle", timeout=0).lines
    titles = {e.document for c in line.supposed.criteria for e in c.evidence}
    assert {"MRI report, lumbosacral plexus", "Procedure note"} <= titles
    assert line.supposed.recommendation is Recommendation.APPROVE


ADD_FAULTS = {
    ":block a clin:Treatment ; clin:kind clin:Injektion ; cov:about :condition .": "Injektion is no term of plexus",
    ":block a clin:Treatment ; clin:kind": "it is not turtle",
    ":other a cov:Request .": "is another request",
    BLOCK.replace("2026-02-20", "2026-09-01"): "lies after the as-of date",
    ':request cov:receivedOn "2026-01-01"^^xsd:date .': "receivedOn",
}


@pytest.mark.parametrize("text", ADD_FAULTS, ids=list(ADD_FAULTS.values()))
def test_faults_of_what_is_added_are_told(tmp_path, text):
    file = more(tmp_path, "injection-undocumented", text)
    done = CliRunner().invoke(
        main,
        ["whatif", str(CASES / "injection-undocumented"), "--add", str(file), "--as-of", "2026-03-01"],
    )
    assert done.exit_code == 1
    assert ADD_FAULTS[text] in done.stderr
    assert str(file) in done.stderr
    assert "Traceback" not in done.stderr and done.stdout == ""


def test_a_file_that_does_not_exist_is_a_sentence(tmp_path):
    done = CliRunner().invoke(main, ["whatif", str(CASES / "complete-record"), "--add", str(tmp_path / "no.ttl")])
    assert done.exit_code == 1
    assert "cannot be read: No such file or directory" in done.stderr
    done = CliRunner().invoke(main, ["whatif", str(tmp_path / "no.ttl")])
    assert done.exit_code == 1 and "cannot be read" in done.stderr


def test_a_line_cannot_be_added(tmp_path):
    text = (
        ":request cov:line :line9 . :line9 a cov:Line ; cov:sequence 9 ; cov:procedureCode '64714' ;"
        " cov:serviceDate '2026-03-20'^^xsd:date ; cov:indication :condition ."
    )
    done = CliRunner().invoke(
        main,
        [
            "whatif",
            str(CASES / "complete-record"),
            "--add",
            str(more(tmp_path, "complete-record", text)),
            "--as-of",
            "2026-03-01",
        ],
    )
    assert done.exit_code == 2
    assert "a line is added. Add evidence for the lines of the request only." in " ".join(done.stderr.split())


def test_several_requests_are_asked_one_at_a_time(tmp_path):
    both = tmp_path / "both.ttl"
    parts = [case_named(n).request.read_text(encoding="utf-8") for n in ("complete-record", "rich-record")]
    both.write_text("\n".join(parts), encoding="utf-8")
    done = CliRunner().invoke(main, ["whatif", str(both), "--as-of", "2026-03-01"])
    assert done.exit_code == 2 and "holds 2 requests" in done.stderr
    folder = CliRunner().invoke(main, ["whatif", str(CASES)])
    assert folder.exit_code == 2 and "name one of them" in folder.stderr


def test_standard_input_with_further_evidence(tmp_path):
    text = case_named("injection-undocumented").request.read_text(encoding="utf-8")
    file = more(tmp_path, "injection-undocumented", BLOCK)
    arguments = ["whatif", "-", "--as-of", "2026-03-01", "--add", str(file), "--format", "json"]
    done = CliRunner().invoke(main, arguments, input=text)
    assert done.exit_code == 0
    assert json.loads(done.stdout)["lines"][0]["supposed"]["recommendation"] == "approve"


# ---- A policy of one's own, with a group of which so many are needed --------------------------------


@pytest.fixture(scope="module")
def two_of_three(tmp_path_factory):
    folder = tmp_path_factory.mktemp("library")
    (folder / "ontology/policies").mkdir(parents=True)
    (folder / "shapes/policies").mkdir(parents=True)
    text = (ROOT / "ontology/policies/0587.ttl").read_text(encoding="utf-8")
    start = "p0587:TreatmentsExhausted a cov:AllOf ;"
    assert text.count(start) == 1
    own = text.replace(start, "p0587:TreatmentsExhausted a cov:AtLeast ;\n    cov:threshold 2 ;")
    (folder / "ontology/policies/0587.ttl").write_text(own, encoding="utf-8")
    return folder


def test_ways_through_a_group_of_which_two_are_needed(two_of_three):
    one = briefly("nothing-documented", library=two_of_three)
    rest = {"compression", "symptoms", "imaging-support", "clinical-support"}
    sets = [{c.criterion for c in w.changes} - rest for w in one.lines[0].to_approve]
    pairs = [
        {"physical-therapy", "oral-medication"},
        {"physical-therapy", "injection"},
        {"oral-medication", "injection"},
    ]
    assert sets == [{"trauma-waiver"}, *pairs]
    q = question(case_named("nothing-documented").request, as_of=DAY, library=two_of_three)
    line = q.case(1, supposed=False)
    for some in pairs:
        assert line.outcome(dict.fromkeys(rest | some, Status.MET)).recommendation is Recommendation.APPROVE
        for left_out in some:
            short = line.outcome(dict.fromkeys((rest | some) - {left_out}, Status.MET))
            assert short.recommendation is Recommendation.PEND


# ---- Time ------------------------------------------------------------------------------------------


def test_when_the_time_is_up_what_is_left_out_is_said():
    arguments = ["whatif", str(CASES / "complete-record"), "--as-of", "2026-03-01", "--timeout", "0"]
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == 3
    assert re.search(r"UNFINISHED, the time was up\. Line 1: 0 of \d+ other readings were asked\.", done.stdout)
    assert "pieces of evidence were taken away" in done.stderr
    told = json.loads(CliRunner().invoke(main, [*arguments, "--format", "json"]).stdout)
    assert told["lines"][0]["actual"]["recommendation"] == "approve"
    assert told["lines"][0]["sensitivity"] == [] and len(told["unfinished"]) == 2


def test_in_time_nothing_is_left_out():
    assert asked("complete-record").unfinished == ()


@pytest.mark.parametrize("seconds", ["-1", "nan", "1e9", "soon"])
def test_a_time_that_is_none_is_wrong_usage(seconds):
    done = CliRunner().invoke(main, ["whatif", str(CASES / "complete-record"), "--timeout", seconds])
    assert done.exit_code == 2


# ---- Words and forms -------------------------------------------------------------------------------

TABOO = re.compile(
    r"\b(should|must|ought|try|tries|recommend (treatment|therapy|surgery)|we recommend|you |your|easiest|easy|quick|"
    r"to get (it )?approved|in order to be approved|loophole|start (therapy|treatment)|give (him|her|the patient))\b",
    re.I,
)
OWN = re.compile(r"“[^”]*”")


def own_words(one: WhatIf) -> str:
    """The words that are the command's own, without those of the policy's model."""
    labels = {c.label for line in one.lines for c in line.actual.criteria}
    messages = {m for line in one.lines for c in line.actual.criteria for m in (c.message,)}
    text = " ".join(render.render(one).split())
    for known in (*messages, *labels):
        text = text.replace(known, "")
    return OWN.sub("", text)


@pytest.mark.sampled(every=20)
def test_no_word_advises_or_coaches(case: Case):
    one = asked(case.name)
    assert [m.group() for m in TABOO.finditer(own_words(one))] == []
    assert render.LIMITS in " ".join(render.render(one).split())


def test_the_taboo_catches_what_it_is_meant_to():
    for bad in ("Therapy should be given.", "Try an injection.", "We recommend treatment.", "You must send it."):
        assert TABOO.search(bad)


def test_the_help_says_what_the_command_is_not():
    text = " ".join(CliRunner().invoke(main, ["whatif", "--help"]).stdout.split())
    assert "Nothing of this is a determination, or advice on treatment." in text
    assert "Exit codes:" in text


@pytest.mark.sampled(every=20)
def test_the_text_fits_and_names_both_outcomes(case: Case):
    one = briefly(case.name, readings={"A10": "any-one"})
    text = render.render(one)
    assert max(columns(row) for row in text.split("\n")) <= 100
    assert text.count("As it is: ") == text.count("HYPOTHETICAL, if so: ") == len(one.lines)
    assert "HYPOTHETICAL: what follows supposes this\n  - A10 is read as “any-one”." in text
    assert "HYPOTHETICAL" not in render.render(asked(case.name))


@pytest.mark.sampled(every=20)
def test_json_fits_the_published_schema(case: Case):
    for one in (asked(case.name), briefly(case.name, readings={"A9": "any"})):
        data = json.loads(render.to_json(one))
        assert [e.message for e in SCHEMA.iter_errors(data)] == []
        names = {e["notation"] for e in data["scale"]}
        assert {c["effort"] for line in data["lines"] for w in line["to_approve"] for c in w["changes"]} <= names
        assert data["hypothetical"] is one.hypothetical


def test_the_same_question_gives_the_same_bytes():
    first, second = (render.to_json(briefly("rich-record", status=[set_status("symptoms=unmet")])) for _ in range(2))
    assert first == second


NASTY = "<script>alert(1)</script>\x1b[31m\u202eevil"


def test_text_of_the_record_cannot_steer_terminal_or_picture(tmp_path):
    from reasoner.render.pictures.difference import what_if_diagram
    from reasoner.render.pictures.svg import to_svg

    one = asked("injection-undocumented")
    bad = replace(
        one,
        identifier=NASTY,
        lines=tuple(replace(x, notes=(NASTY,), cannot_approve=NASTY, to_approve=()) for x in one.lines),
    )
    picture = to_svg(what_if_diagram(bad, bad.lines[0]))
    ElementTree.fromstring(picture)
    for out in (render.render(bad), picture):
        assert "\x1b" not in out and "\u202e" not in out
    assert "<script" not in picture


def picture_of(*arguments: str) -> ElementTree.Element:
    done = CliRunner().invoke(main, ["whatif", *arguments, "--as-of", "2026-03-01", "--format", "svg"])
    assert done.exit_code == 0, done.stderr
    return ElementTree.fromstring(done.stdout)


SVG = "{http://www.w3.org/2000/svg}"


def box(picture: ElementTree.Element, key: str) -> tuple[str, str]:
    """The words of a box, and how thick its frame is."""
    (group,) = [g for g in picture.iter(f"{SVG}g") if g.get("data-key") == key]
    rect = group.find(f"{SVG}rect")
    assert rect is not None
    return " ".join(t.text or "" for t in group.iter(f"{SVG}text")), rect.get("stroke-width", "")


def test_the_picture_shows_both_outcomes_and_marks_what_differs():
    picture = picture_of(str(CASES / "injection-undocumented"), "--set", "injection=met")
    words, frame = box(picture, "injection")
    assert "as it is: ○ undocumented" in words and "if so: ✓ met" in words and frame == "4"
    words, frame = box(picture, "symptoms")
    assert "if so" not in words and frame == "1.5"
    title = picture.find(f"{SVG}title")
    assert title is not None and (title.text or "").startswith("HYPOTHETICAL")


def test_the_picture_without_suppositions_shows_the_efforts():
    picture = picture_of(str(CASES / "compression-quoted-in-a-note"))
    words, frame = box(picture, "compression")
    assert "effort: to be sent" in words and frame == "1.5"
    title = picture.find(f"{SVG}title")
    assert title is not None and "HYPOTHETICAL" not in (title.text or "")


def test_a_picture_is_of_one_line_with_criteria(tmp_path):
    several = CliRunner().invoke(main, [*TWO, "--format", "svg"])
    assert several.exit_code == 2 and "name it with --line" in several.stderr
    none = CliRunner().invoke(main, ["whatif", str(CASES / "procedure-of-another-policy"), "--format", "svg"])
    assert none.exit_code == 2 and "Lines with criteria: none" in " ".join(none.stderr.split())
    target = tmp_path / "x.svg"
    named = CliRunner().invoke(main, [*TWO, "--line", "2", "-o", str(target)])
    assert named.exit_code == 0 and target.read_text(encoding="utf-8").startswith("<svg")
    wrong = CliRunner().invoke(main, [*TWO, "--line", "2", "-o", str(target), "--format", "json"])
    assert wrong.exit_code == 2 and "is the name of a svg file" in wrong.stderr


@pytest.mark.parametrize("form", ["dot", "mmd"])
def test_other_forms_of_the_picture_mark_what_differs(form):
    arguments = ["whatif", str(CASES / "injection-undocumented"), "--set", "injection=met", "--format", form]
    out = CliRunner().invoke(main, [*arguments, "--as-of", "2026-03-01"]).stdout
    assert {"dot": "penwidth=4", "mmd": "stroke-width:4px"}[form] in out


def test_case_names_above_exist():
    names = {c.name for c in all_cases()}
    assert {*EFFORTS, *WHY_NONE} <= names
