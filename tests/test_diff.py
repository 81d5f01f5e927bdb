"""``plexus diff``: every kind of change is found, nothing is found in a copy, and flips are traced to their clauses."""

from __future__ import annotations

import builtins
import importlib
import itertools
import json
import shutil
import xml.etree.ElementTree as ET
from dataclasses import replace
from datetime import date
from itertools import product

import pytest
from click.testing import CliRunner
from conftest import CASES, ROOT
from pyoxigraph import RdfFormat, parse

from reasoner import review
from reasoner.cli import main
from reasoner.determine import NO_AUTHORITY, kleene_recommendation
from reasoner.editions.attribution import Flip, Outcome, Unit
from reasoner.editions.edition_diff import Change, Part
from reasoner.editions.foretelling import Fate, Foreteller
from reasoner.editions.impact import comparison, impact_of
from reasoner.editions.library_diff import diff
from reasoner.editions.recorded import RecordedLine, read_outcomes
from reasoner.editions.shape_logic import ShapeLogic
from reasoner.errors import PolicyError, RecordedError, UnknownTerm
from reasoner.model import Basis, Recommendation, Status
from reasoner.render.as_json import to_jsonl
from reasoner.review import checked_records, review_record, setting_of
from reasoner.triples import Triples

EDITIONS = ROOT / "tests/editions"
A, B = "0587/2025-12-01", "0587/2027-01-01"
AS_OF = date(2027, 1, 10)
TREE = "ontology/policies/0587.ttl"
SHAPES = "shapes/policies/0587.ttl"
REQUESTS = sorted(EDITIONS.glob("cases/*/request.ttl"))
SHIPPED = [
    CASES / name / "request.ttl"
    for name in (
        "complete-record",
        "compression-by-emg-only",
        "compression-emg-and-later-imaging-judged",
        "diagnosis-not-coded",
        "injection-helped",
        "injection-undocumented",
        "mandate-covers",
        "nothing-documented",
        "oral-medication-not-tolerated",
        "physical-therapy-partial-relief",
        "plan-excludes-the-procedure",
        "spine-decompression-under-64714",
        "two-lines-on-one-request",
        "wrong-approach" if (CASES / "wrong-approach").is_dir() else "approach-laparoscopic",
    )
]


def run(*arguments):
    return CliRunner().invoke(main, [str(a) for a in arguments])


@pytest.fixture(scope="module")
def pair():
    (found,) = diff(A, B, EDITIONS).pairs
    return found


@pytest.fixture(scope="module")
def held(pair):
    setting = setting_of(as_of=AS_OF, library=EDITIONS)
    return comparison(pair.diff, (setting, pair.before[1]), (setting, pair.after[1]))


@pytest.fixture(scope="module")
def impact(held):
    records = [r for path in (*REQUESTS, *SHIPPED) for r in checked_records(path, held.after)]
    return impact_of(records, held)


@pytest.fixture
def folders(tmp_path):
    """Two folders with all that plexus ships; the second is edited by (file, old text, new text)."""

    def edited(*edits):
        sides = (tmp_path / "a", tmp_path / "b")
        for side in sides:
            for part in ("ontology", "shapes"):
                if not (side / part).exists():
                    shutil.copytree(ROOT / part, side / part)
        for name, was, now in edits:
            path = sides[1] / name
            text = path.read_text(encoding="utf-8")
            assert was in text, f"{name} has no {was!r}"
            path.write_text(text.replace(was, now), encoding="utf-8")
        return sides

    return edited


def differences(found):
    return {(d.part, d.key.partition("#")[2] or d.key): d for p in found.pairs for d in p.diff.differences}


# ---- What differs between the two editions ----------------------------------------------------------


def test_each_planted_change_is_found(pair):
    found = {(d.part, d.key.partition("#")[2] or d.key): d for d in pair.diff.differences}
    expected = {
        (Part.EDITION, "effective-from"): {Change.VALUE},
        (Part.EDITION, "next-review"): {Change.VALUE},
        (Part.CRITERION, "compression"): {Change.LOGIC, Change.RENEWED, Change.REWORDED, Change.TEXTS},
        (Part.CRITERION, "physical-therapy"): {Change.LOGIC, Change.RENEWED, Change.REWORDED, Change.TEXTS},
        (Part.CRITERION, "trauma-waiver"): {Change.REWORDED},
        (Part.SCOPE, "DiagnosisInScope"): {Change.LOGIC, Change.REWORDED},
        (Part.AMBIGUITY, "A3"): {Change.SETTLED},
        (Part.AMBIGUITY, "A2"): {Change.REMOVED},
        (Part.NOTE, "UnpairedElectrodiagnosis"): {Change.REMOVED},
        (Part.CLAUSE, "clause-plexus-decompression-rarer"): {Change.REMOVED},
        (Part.CLAUSE, "clause-2027-short"): {Change.ADDED},
        (Part.CLAUSE, "clause-2027-effective-date"): {Change.REWORDED, Change.TEXTS},
    }
    for key, changes in expected.items():
        assert set(found[key].changes) == changes, key
    assert {Change.DEFAULT, Change.LOGIC} <= set(found[Part.AMBIGUITY, "A14"].changes)
    told = found[Part.CRITERION, "physical-therapy"].details
    assert "now counts for it: physical therapy over six weeks that failed" in told
    assert "no longer counts for it: physical therapy that failed" in told


def test_what_is_shared_does_not_differ(pair):
    keys = {d.key for d in pair.diff.of(Part.CRITERION, Part.EXCLUSION)}
    assert not keys & {"symptoms", "support", "imaging-support", "clinical-support", "other-indication"}
    assert not pair.diff.of(Part.CODE, Part.CONSTRAINT, Part.ROUTE, Part.EVIDENCE)


def test_the_places_of_both_documents_are_told(pair):
    (waiver,) = (d for d in pair.diff.differences if d.key == "trauma-waiver")
    assert (waiver.before.section, waiver.after.section) == ("Coverage Policy", "Fictional amendment: coverage")
    text = run("diff", A, B, "--library", EDITIONS).stdout
    assert "before: Coverage Policy, page 2; after: Fictional amendment: coverage, page 1" in " ".join(text.split())


def test_the_reverse_tells_the_reverse():
    (back,) = diff(B, A, EDITIONS).pairs
    found = {(d.part, d.key): set(d.changes) for d in back.diff.differences}
    assert found[Part.AMBIGUITY, "A2"] == {Change.ADDED}
    assert found[Part.AMBIGUITY, "A3"] == {Change.ADDED}
    assert Change.LOGIC in found[Part.CRITERION, "oral-medication"]


# ---- Copies and mutants -----------------------------------------------------------------------------


def test_an_edition_does_not_differ_from_itself_nor_a_folder_from_its_copy(folders):
    assert not diff(A, A, EDITIONS).differs
    assert not diff(B, B, EDITIONS).differs
    assert not diff(*map(str, folders())).differs


def test_what_a_shape_is_called_and_the_order_of_alternatives_are_no_difference(folders):
    sides = folders(
        (SHAPES, 'sh:name "without benefit"@en', 'sh:name "of no use"@en'),
        (SHAPES, "( clin:NoRelief clin:Worse clin:Intolerant )", "( clin:Intolerant clin:NoRelief clin:Worse )"),
        (SHAPES, "p0587s:PlexusTarget", "p0587s:AimedAtThePlexus"),
    )
    assert not diff(*map(str, sides)).differs


LOGIC, TEXTS, VALUE = Change.LOGIC, Change.TEXTS, Change.VALUE
MUTANTS = {
    "a shape asks for something else": (
        (SHAPES, "sh:in ( clin:NoRelief clin:Worse clin:Intolerant )", "sh:in ( clin:NoRelief clin:Worse )"),
        (Part.CRITERION, "physical-therapy", LOGIC, "the shape “without benefit” is written otherwise"),
    ),
    "a shape below a shape asks for something else": (
        (SHAPES, "sh:in ( clin:OralAnalgesic clin:NeuropathicAgent )", "sh:in ( clin:OralAnalgesic )"),
        (Part.CRITERION, "oral-medication", LOGIC, "is written otherwise"),
    ),
    "a shape of another reading": (
        (SHAPES, "sh:in ( clin:NoRelief clin:Worse )", "sh:in ( clin:Worse )"),
        (Part.CRITERION, "injection", LOGIC, "if A14 is read as no-relief-only"),
    ),
    "a group is joined otherwise": (
        (TREE, "p0587:TreatmentsExhausted a cov:AllOf", "p0587:TreatmentsExhausted a cov:AnyOf"),
        (Part.CRITERION, "treatments", LOGIC, "was “all of its members”, now “any of its members”"),
    ),
    "a group asks for two of three": (
        (
            TREE,
            "p0587:TreatmentsExhausted a cov:AllOf ;",
            "p0587:TreatmentsExhausted a cov:AtLeast ;\n    cov:threshold 2 ;",
        ),
        (Part.CRITERION, "treatments", LOGIC, "now “at least 2 of its members”"),
    ),
    "a member is left out": (
        (TREE, "( p0587:PhysicalTherapyExhausted p0587:OralMedicationExhausted ", "( p0587:OralMedicationExhausted "),
        (Part.CRITERION, "physical-therapy", Change.REMOVED, ""),
    ),
    "its group lost a member": (
        (TREE, "( p0587:PhysicalTherapyExhausted p0587:OralMedicationExhausted ", "( p0587:OralMedicationExhausted "),
        (Part.CRITERION, "treatments", LOGIC, "members that it lost: physical-therapy"),
    ),
    "a rule counts otherwise": (
        (
            TREE,
            'for the criterion physical therapy exhausted."@en ;\n    cov:counts cov:Against',
            'for the criterion physical therapy exhausted."@en ;\n    cov:counts cov:Considered',
        ),
        (Part.CRITERION, "physical-therapy", LOGIC, "was “counts against it”, now “to be weighed”"),
    ),
    "a facet is asked for besides": (
        (
            TREE,
            "p0587s:OralMedicationKind , p0587s:OutcomeAdequate",
            "p0587s:OralMedicationKind , p0587s:OutcomeAdequate , evs:Dated",
        ),
        (Part.CRITERION, "oral-medication", LOGIC, "now also asked for: dated"),
    ),
    "a default is another": (
        (
            TREE,
            "cov:defaultReading p0587:FailedMeaning-no-benefit",
            "cov:defaultReading p0587:FailedMeaning-any-inadequate",
        ),
        (Part.AMBIGUITY, "A14", Change.DEFAULT, "was “no-benefit”, now “any-inadequate”"),
    ),
    "another default decides a criterion otherwise": (
        (
            TREE,
            "cov:defaultReading p0587:FailedMeaning-no-benefit",
            "cov:defaultReading p0587:FailedMeaning-any-inadequate",
        ),
        (Part.CRITERION, "injection", LOGIC, "because a wording is read otherwise"),
    ),
    "another default joins a group otherwise": (
        (
            TREE,
            "cov:defaultReading p0587:TreatmentsJoined-each-listed",
            "cov:defaultReading p0587:TreatmentsJoined-any-one",
        ),
        (Part.CRITERION, "treatments", LOGIC, "now “any of its members”"),
    ),
    "a reading is defined otherwise": (
        (TREE, "Any named trauma is enough.", "Every named trauma is enough."),
        (Part.AMBIGUITY, "A13", TEXTS, "any-trauma"),
    ),
    "the document says it in other words": (
        ("ontology/policies/0587.anchors.ttl", "5446f808296f84cd", "0000000000000000"),
        (Part.CRITERION, "symptoms", Change.REWORDED, "the words of the document differ"),
    ),
    "a clause is in other words": (
        ("ontology/sources/0587.ttl", "The policy was new on 1 December 2025.", "The policy began on 1 December 2025."),
        (Part.CLAUSE, "clause-revision-new", TEXTS, ""),
    ),
    "a code is governed besides": (
        (TREE, 'cov:procedureCode "64714"', 'cov:procedureCode "64714" , "64708"'),
        (Part.CODE, "64708", Change.ADDED, ""),
    ),
    "the date of the next review": (
        (TREE, 'cov:nextReview "2026-09-15"', 'cov:nextReview "2026-10-15"'),
        (Part.EDITION, "next-review", VALUE, "was “2026-09-15”, now “2026-10-15”"),
    ),
    "an exclusion has other evidence": (
        (SHAPES, "clin:NonCompressivePlexopathy clin:PlexusTransection", "clin:PlexusTransection"),
        (Part.EXCLUSION, "other-indication", LOGIC, "is written otherwise"),
    ),
    "a scope condition is left out": (
        (
            TREE,
            "cov:scopeCondition p0587:ApproachInScope , p0587:DiagnosisInScope",
            "cov:scopeCondition p0587:DiagnosisInScope",
        ),
        (Part.SCOPE, "ApproachInScope", Change.REMOVED, ""),
    ),
    "a scope condition asks for something else": (
        (SHAPES, "sh:in ( cov:OpenApproach )", "sh:in ( cov:OpenApproach cov:LaparoscopicApproach )"),
        (Part.SCOPE, "ApproachInScope", LOGIC, "is written otherwise"),
    ),
    "a constraint is about other criteria": (
        (
            TREE,
            "cov:notTogether p0587:OtherIndication , p0587:DocumentedCompression",
            "cov:notTogether p0587:OtherIndication , p0587:CausesSignificantSymptoms",
        ),
        (Part.CONSTRAINT, "OneIndication", LOGIC, "symptoms"),
    ),
    "a constraint is left out": (
        (TREE, "    cov:constraint p0587:OneIndication ;\n", ""),
        (Part.CONSTRAINT, "OneIndication", Change.REMOVED, ""),
    ),
    "what holds for all evidence": (
        (
            TREE,
            "evs:AboutTheIndication , evs:NotDatedAfterService , p0587:Timeliness",
            "evs:AboutTheIndication , p0587:Timeliness",
        ),
        (Part.EVIDENCE, "all-evidence", LOGIC, "no longer asked for: not dated after the service"),
    ),
    "a remark is another": (
        (TREE, "The line states no side; no finding", "The line names no side; no finding"),
        (Part.NOTE, "LineWithoutSide", TEXTS, ""),
    ),
    "a remark on codes is about others": (
        (TREE, 'cov:codePattern "^S34', 'cov:codePattern "^S35'),
        (Part.NOTE, "^S34\\.4XXA$", Change.REMOVED, ""),
    ),
    "a route is for other kinds": (
        ("ontology/policies/cmm-608.ttl", "cov:routeFor clin:", "cov:routeFor clin:BranchNeuropathy , clin:"),
        (Part.ROUTE, "CMM-608", LOGIC, "BranchNeuropathy"),
    ),
    "a review asks in other words": (
        (TREE, "Send the therapy record with its outcome", "Send the record of the therapy with its outcome"),
        (Part.CRITERION, "physical-therapy", TEXTS, "what a review asks for it differs"),
    ),
}


@pytest.mark.parametrize("name", MUTANTS)
def test_every_kind_of_change_is_found_in_a_mutant(folders, name):
    edit, (part, key, change, told) = MUTANTS[name]
    found = differences(diff(*map(str, folders(edit))))
    assert (part, key) in found, sorted(found)
    assert change in found[part, key].changes
    assert told in " ".join(found[part, key].details)


def test_an_edition_and_a_policy_that_only_one_folder_has(tmp_path):
    empty = tmp_path / "empty"
    (empty / "ontology/policies").mkdir(parents=True)
    found = diff(str(empty), str(EDITIONS))
    assert [n.name for n in found.added] == [B] and found.removed == ()
    told = run("diff", empty, EDITIONS)
    assert told.exit_code == 1 and "only in the second folder" in told.stdout
    assert [n.name for n in diff(str(EDITIONS), str(empty)).removed] == [B]


# ---- What shapes ask for ----------------------------------------------------------------------------


def logic(turtle):
    prefixes = "@prefix sh: <http://www.w3.org/ns/shacl#> . @prefix : <urn:x:> .\n"
    return ShapeLogic(Triples((q.subject, q.predicate, q.object) for q in parse(prefixes + turtle, RdfFormat.TURTLE)))


def test_a_shape_is_its_logic_and_not_its_name():
    one = logic(":a a sh:NodeShape ; sh:name 'a' ; sh:or ( :b :c ) . :b sh:minCount 1 . :c sh:path ( :p :q ) .")
    same = logic(":x a sh:NodeShape ; sh:message 'x' ; sh:or ( :y :z ) . :z sh:minCount 1 . :y sh:path ( :p :q ) .")
    assert one.digest("urn:x:a") == same.digest("urn:x:x")
    other = logic(":a sh:or ( :b :c ) . :b sh:minCount 2 . :c sh:path ( :p :q ) .")
    path = logic(":a sh:or ( :b :c ) . :b sh:minCount 1 . :c sh:path ( :q :p ) .")
    both = logic(":a sh:and ( :b :c ) . :b sh:minCount 1 . :c sh:path ( :p :q ) .")
    assert len({x.digest("urn:x:a") for x in (one, other, path, both)}) == 4


def test_shapes_that_are_not_written_differ_by_their_iri():
    assert logic("").digest("urn:x:a") != logic("").digest("urn:x:b")


# ---- Impact -----------------------------------------------------------------------------------------


def test_impact_agrees_with_reviews_under_each_edition(impact, held):
    checked = 0
    for path in (*REQUESTS, *SHIPPED):
        for record in checked_records(path, held.after):
            sides = [{x.sequence: x for x in review_record(record, s).lines} for s in (held.before, held.after)]
            for line in (x for x in impact.lines if x.request == record.iri):
                before, after = (side[line.line] for side in sides)
                assert (line.before, line.after) == (before.recommendation, after.recommendation)
                was, now = ({c.id: c.status for c in x.criteria} for x in (before, after))
                if was and now:
                    told = {s.criterion: (s.before, s.after) for s in line.statuses}
                    leaves = {leaf.id for leaf in held.before.edition.leaves}
                    assert told == {k: (was[k], now[k]) for k in leaves if was[k] != now[k]}
                checked += 1
    assert checked == len(impact.lines) > 20


def test_every_flip_is_traced_and_each_direction_occurs(impact):
    assert all(line.because for line in impact.flips)
    assert not any(line.because for line in impact.lines if not line.flips)
    assert {
        (Recommendation.APPROVE, Recommendation.PEND),
        (Recommendation.PEND, Recommendation.APPROVE),
        (Recommendation.APPROVE, Recommendation.NOT_APPLICABLE),
    } <= set(impact.directions())
    assert sum(impact.directions().values()) == len(impact.lines)


def test_the_clauses_of_a_flip_are_the_smallest_sets_that_swap_it(impact, held):
    """Brute force with the three-valued oracle, over every set of leaves that come out otherwise."""
    tried = 0
    for line in impact.flips:
        leaves = {s.criterion: s for s in line.statuses}
        if {u.part for units in line.because for u in units} != {"criterion"} or "symptoms" in leaves:
            continue
        setting = setting_of(as_of=AS_OF, library=EDITIONS)
        (record,) = checked_records(ROOT / line.source, setting)
        found = review_record(record, held.before).lines[line.line - 1]
        old = {c.iri: Status(c.status) for c in found.criteria if c.id in {x.id for x in held.before.edition.leaves}}
        by_id = {c.id: c.iri for c in held.before.edition.leaves}
        explain = []
        for size_set in sorted(product((False, True), repeat=len(leaves)), key=sum):
            chosen = {k for k, taken in zip(leaves, size_set, strict=True) if taken}
            swapped = {**old, **{by_id[k]: Status(leaves[k].after) for k in chosen}}
            got = kleene_recommendation(held.before.edition, swapped, held.before.edition.default_readings)
            if got is line.after and not any(e <= chosen for e in explain):
                explain.append(chosen)
        assert {frozenset(u.key for u in units) for units in line.because} == set(map(frozenset, explain))
        tried += 1
    assert tried >= 4


def outcome(policy, statuses, scope=None, governed=True):
    full = {leaf.id: statuses.get(leaf.id, Status.MET) for leaf in policy.leaves}
    full.update({policy.by_iri[x].id: statuses.get(policy.by_iri[x].id, Status.UNMET) for x in policy.exclusions})
    scope = scope or {s.iri: True for s in policy.scope}
    by_iri = {leaf.iri: full[leaf.id] for leaf in policy.leaves}
    inside = governed and all(scope.values())
    got = kleene_recommendation(policy, by_iri, policy.default_readings) if inside else Recommendation.NOT_APPLICABLE
    return Outcome(policy, policy.default_readings, governed, scope, full, NO_AUTHORITY, got)


def test_a_flip_that_needs_two_clauses_names_both(pair):
    old, new = pair.before[1], pair.after[1]
    worse = {"physical-therapy": Status.UNDOCUMENTED, "oral-medication": Status.UNDOCUMENTED}
    no_waiver = {"trauma-waiver": Status.UNMET}
    flip = Flip(outcome(old, {**no_waiver, **worse}), outcome(new, no_waiver), frozenset(worse))
    assert [{u.key for u in units} for units in flip.clauses] == [set(worse)]
    back = Flip(outcome(old, no_waiver), outcome(new, {**no_waiver, **worse}), frozenset(worse))
    assert [{u.key for u in units} for units in back.clauses] == [{"oral-medication"}, {"physical-therapy"}]


def test_a_group_that_is_joined_otherwise_explains_a_flip(pair):
    old = pair.before[1]
    any_one = replace(
        old, ambiguities=tuple(replace(a, default=a.readings[1]) if a.notation == "A10" else a for a in old.ambiguities)
    )
    waiting = {"physical-therapy": Status.UNDOCUMENTED, "trauma-waiver": Status.UNDOCUMENTED}
    flip = Flip(outcome(old, waiting), outcome(any_one, waiting), frozenset())
    assert (flip.before.recommendation, flip.after.recommendation) == (Recommendation.PEND, Recommendation.APPROVE)
    assert flip.clauses == ((Unit("criterion", "treatments", ""),),)


def test_scope_and_codes_explain_a_flip_to_not_applicable(pair):
    old, new = pair.before[1], pair.after[1]
    outside = {s.iri: not s.iri.endswith("DiagnosisInScope") for s in new.scope}
    flip = Flip(outcome(old, {}), outcome(new, {}, scope=outside), frozenset())
    assert [{u.part for u in units} for units in flip.clauses] == [{"scope"}]
    gone = Flip(
        outcome(old, {}), Outcome(new, {}, False, {}, {}, NO_AUTHORITY, Recommendation.NOT_APPLICABLE), frozenset()
    )
    assert [{u.part for u in units} for units in gone.clauses] == [{"code"}]


def test_a_criterion_whose_status_follows_from_a_changed_one_is_no_clause_of_its_own(impact):
    (line,) = (x for x in impact.lines if "electrodiagnosis-alone" in x.source)
    moved = {s.criterion for s in line.statuses}
    assert {"compression", "symptoms"} <= moved
    (flip,) = (x for x in impact.flips if "compression-emg-and-later" in x.source)
    assert {u.key for units in flip.because for u in units} == {"compression", "oral-medication"}


# ---- Recorded outcomes ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def recorded(tmp_path_factory, held):
    """Reviews under the earlier edition as JSON Lines, and what each line truly comes to under the later."""
    path = tmp_path_factory.mktemp("outcomes") / "reviews.jsonl"
    rows, truth = [], {}
    for source in (*REQUESTS, *SHIPPED):
        for record in checked_records(source, held.after):
            rows.append(to_jsonl(review_record(record, held.before)))
            for line in review_record(record, held.after).lines:
                truth[f"{record.identifier or record.iri}, line {line.sequence}"] = line.recommendation
    path.write_text("".join(rows), encoding="utf-8")
    return path, truth


def teller(pair):
    return Foreteller(pair.before[1], pair.after[1], pair.diff)


def test_what_truly_comes_out_is_among_what_is_foretold(recorded, pair):
    path, truth = recorded
    told = [teller(pair).line(x) for x in read_outcomes(path, pair.before[1])]
    assert len(told) == len(truth)
    for line in told:
        if line.fate is not Fate.NOT_TOLD:
            assert truth[line.line] in line.possible, line
    assert {Fate.MAY_FLIP, Fate.NOT_TOLD} <= {x.fate for x in told}


def test_what_does_not_hang_on_changed_criteria_is_certain(folders):
    sides = folders((SHAPES, "sh:in ( clin:OralAnalgesic clin:NeuropathicAgent )", "sh:in ( clin:OralAnalgesic )"))
    changed = next(p for p in diff(*map(str, sides)).pairs if p.before[1].number == "0587")
    leaves = {leaf.id: Status.MET for leaf in changed.before[1].leaves} | {"other-indication": Status.UNMET}

    def tell(recommendation, basis, **statuses):
        line = RecordedLine("x", "64714", A, recommendation, basis.value, {**leaves, **statuses}, {})
        return teller(changed).line(line)

    approved = tell(Recommendation.APPROVE, Basis.CRITERIA_MET)
    assert approved.possible == (Recommendation.APPROVE,) and approved.fate is Fate.SAME  # the waiver is met
    open_waiver = tell(Recommendation.APPROVE, Basis.CRITERIA_MET, **{"trauma-waiver": Status.UNDOCUMENTED})
    assert set(open_waiver.possible) == {Recommendation.APPROVE, Recommendation.PEND}
    assert open_waiver.depends_on == ("oral-medication",) and open_waiver.fate is Fate.MAY_FLIP
    denied = tell(Recommendation.DENY, Basis.CRITERION_UNMET, symptoms=Status.UNMET)
    assert denied.possible == (Recommendation.DENY,) and denied.depends_on == ()


def test_a_code_that_is_left_out_flips_for_certain(folders):
    sides = folders((TREE, 'cov:procedureCode "64714"', 'cov:procedureCode "64708"'))
    changed = next(p for p in diff(*map(str, sides)).pairs if p.before[1].number == "0587")
    leaves = {leaf.id: Status.MET for leaf in changed.before[1].leaves} | {"other-indication": Status.UNMET}
    line = RecordedLine("x", "64714", A, Recommendation.APPROVE, None, leaves, {})
    told = teller(changed).line(line)
    assert told.possible == (Recommendation.NOT_APPLICABLE,) and told.fate is Fate.FLIPS


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"edition": B}, "recorded under 0587/2027-01-01"),
        ({"basis": "plan-term"}, "rests on plan-term"),
        ({"recommendation": Recommendation.DENY}, "statuses alone do not give"),
        ({"recommendation": Recommendation.NOT_APPLICABLE, "basis": None}, "outside the earlier edition"),
        ({"statuses": {}}, "no status is recorded for compression"),
    ],
)
def test_what_cannot_be_told_says_why(pair, change, why):
    leaves = {leaf.id: Status.MET for leaf in pair.before[1].leaves} | {"other-indication": Status.UNMET}
    line = RecordedLine("x", "64714", A, Recommendation.APPROVE, "criteria-met", leaves, {})
    told = teller(pair).line(replace(line, **change))
    assert told.fate is Fate.NOT_TOLD and why in told.why


def table(path, rows):
    arrow = pytest.importorskip("pyarrow")
    import pyarrow.parquet as parquet

    parquet.write_table(arrow.Table.from_pylist(rows), path)
    return path


def rows_of(lines):
    return [
        {"line": x.line, "recommendation": x.recommendation.value, **{k: s.value for k, s in x.statuses.items()}}
        for x in lines
        if x.statuses
    ]


def test_a_table_tells_the_same_as_the_reviews(recorded, pair, tmp_path):
    lines = [x for x in read_outcomes(recorded[0], pair.before[1]) if x.statuses and x.rests_on_criteria]
    path = table(tmp_path / "outcomes.parquet", rows_of(lines))
    told = [teller(pair).line(x) for x in read_outcomes(path, pair.before[1])]
    assert [(x.line, x.possible) for x in told] == [(x.line, x.possible) for x in map(teller(pair).line, lines)]
    shown = run("diff", A, B, "--library", EDITIONS, "--outcomes", path, "--format", "json")
    assert shown.exit_code == 1
    assert sum(json.loads(shown.stdout)["outcomes"]["fates"].values()) == len(lines)


def test_bad_tables_and_reviews_are_told_with_their_cure(recorded, pair, tmp_path):
    policy = pair.before[1]
    lines = [x for x in read_outcomes(recorded[0], policy) if x.statuses][:1]
    (row,) = rows_of(lines)
    cases = {
        "has no column recommendation, injection": [
            {k: row[k] for k in row if k not in ("recommendation", "injection")}
        ],
        "'fine' is not a valid Status. Statuses are met": [{**row, "injection": "fine"}],
        "row 1: has no status for injection": [{**row, "injection": None}],
    }
    for told, rows in cases.items():
        with pytest.raises(RecordedError, match=told):
            read_outcomes(table(tmp_path / "bad.parquet", rows), policy)
    for name, text, told in (
        ("a.jsonl", "{}\n{", "line 1: is no review .*plexus review --format jsonl"),
        ("b.json", "not json", "is no JSON"),
        ("c.parquet", "not parquet", "cannot be read as Parquet"),
    ):
        (tmp_path / name).write_text(text, encoding="utf-8")
        with pytest.raises(RecordedError, match=told):
            read_outcomes(tmp_path / name, policy)


def test_without_pyarrow_a_table_is_refused_with_the_cure(pair, tmp_path, monkeypatch):
    (tmp_path / "x.parquet").write_bytes(b"PAR1")
    real = builtins.__import__

    def without(name, *more, **options):
        if name.startswith("pyarrow"):
            raise ImportError(name)
        return real(name, *more, **options)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(RecordedError, match=r'pip install "plexus-reasoner\[tables\]"'):
        read_outcomes(tmp_path / "x.parquet", pair.before[1])


# ---- The command ------------------------------------------------------------------------------------


def test_exit_codes_tell_whether_anything_differs():
    assert run("diff", A, A, "--library", EDITIONS).exit_code == 0
    assert "No difference." in run("diff", A, A, "--library", EDITIONS).stdout
    assert run("diff", A, "0587", "--library", EDITIONS).exit_code == 1


def test_the_impact_is_told_by_direction_clause_and_request():
    told = run("diff", A, B, "--library", EDITIONS, "--cases", EDITIONS / "cases", "--as-of", AS_OF)
    assert told.exit_code == 1
    text = " ".join(told.stdout.split())
    assert "Recommendation (9 lines, 6 flips)" in text
    assert "4 approve -> pend" in text and "1 pend -> approve" in text and "1 approve -> not-applicable" in text
    assert "2 oral medication exhausted (oral-medication)" in text
    assert "Dates overridden: 9 lines" in text
    assert "because of: scope: a diagnosis code of the plexus" in text
    as_json = run(
        "diff", A, B, "--library", EDITIONS, "--cases", EDITIONS / "cases", "--as-of", AS_OF, "--format", "json"
    )
    impact = json.loads(as_json.stdout)["impact"]
    assert sum(d["lines"] for d in impact["directions"]) == 9
    assert sum(line["flips"] for line in impact["lines"]) == 6
    assert {c["key"] for c in impact["clauses"]} >= {"oral-medication", "physical-therapy", "injection"}


def test_what_is_refused_or_governed_by_neither_is_counted(tmp_path):
    (tmp_path / "bad.ttl").write_text("not turtle", encoding="utf-8")
    other = CASES / "procedure-of-another-policy"
    told = run("diff", A, B, "--library", EDITIONS, "--cases", tmp_path, "--cases", other, "--as-of", AS_OF)
    assert "1 input left out: refused." in told.stdout and "bad.ttl: refused" in told.stderr
    assert "1 line left out: neither edition governs the code." in told.stdout


def test_when_the_time_is_up_it_says_how_far_it_got(recorded, monkeypatch):
    # Each look at the clock takes a second.
    monkeypatch.setattr(importlib.import_module("reasoner.cli.diff"), "monotonic", itertools.count().__next__)
    told = run("diff", A, B, "--library", EDITIONS, "--cases", EDITIONS / "cases", "--as-of", AS_OF, "--timeout", "2")
    assert told.exit_code == 3
    assert "of 9 inputs" in told.stderr and "not reached: the time was up" in told.stdout
    told = run("diff", A, B, "--library", EDITIONS, "--outcomes", recorded[0], "--timeout", "2")
    assert told.exit_code == 3 and "lines" in told.stderr


def test_the_picture_and_the_page_paint_what_changed():
    drawn = run("diff", A, B, "--library", EDITIONS, "--format", "svg")
    assert drawn.exit_code == 1
    root = ET.fromstring(drawn.stdout)
    boxes = [g for g in root.iter("{http://www.w3.org/2000/svg}g") if g.get("class") == "node"]
    assert len(boxes) == 28
    told = {b.get("data-key"): "".join(b.itertext()) for b in boxes}
    assert "≠ logic changed" in told["before injection"] and "≠ logic changed" in told["after injection"]
    assert "reworded" in told["after trauma-waiver"] and "changed" not in told["after symptoms"]
    page = run("diff", A, B, "--library", EDITIONS, "--cases", EDITIONS / "cases", "--as-of", AS_OF, "--format", "html")
    assert page.exit_code == 1
    assert page.stdout.startswith("<!DOCTYPE html>") and "<script" not in page.stdout
    for word in ("≠ logic changed", "Doubtful wordings (6)", "approve → pend", "Impact on requests"):
        assert word in page.stdout


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((A, "0587/2030-01-01"), "There is no policy or edition 0587/2030-01-01. Known: 0587/2025-12-01"),
        ((A, EDITIONS), "is a folder, and 0587/2025-12-01 is not. Name two folders, or two editions."),
        ((A, B, "--as-of", "2026-01-01"), "--as-of and --reading are for the reviews of --cases"),
        ((A, B, "--format", "svg", "--cases", CASES / "complete-record"), "A picture shows no impact"),
        ((A, B, "--cases", EDITIONS / "shapes/none"), "none"),
        ((A, B, "--outcomes", EDITIONS / "document.txt"), "is no file of outcomes"),
        ((A, B, "--cases", CASES / "complete-record", "--reading", "A99=x"), "There is no ambiguity 'A99'"),
    ],
)
def test_wrong_usage_is_told(arguments, told):
    done = run("diff", *arguments, "--library", EDITIONS)
    assert done.exit_code in (1, 2), done.output
    assert told in " ".join(done.stderr.split())
    assert "Traceback" not in done.output


def test_the_functions_raise_what_the_command_tells():
    with pytest.raises(UnknownTerm):
        diff(A, "0999", EDITIONS)
    with pytest.raises(PolicyError, match="is a folder"):
        diff(str(EDITIONS), A)
    assert review is not None
