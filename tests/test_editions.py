"""Two editions of one policy: the real one, and the fictional amendment of tests/editions, which shares criteria."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from datetime import date

import pytest
from click.testing import CliRunner
from conftest import CASES, ROOT

from reasoner import review
from reasoner.check import check_source, generated_findings, place_findings
from reasoner.cli import main
from reasoner.dataset import knowledge_graphs, merged
from reasoner.errors import PolicyError, ReadingError
from reasoner.expected import cases_in, differences
from reasoner.knowledge import load
from reasoner.model import Kind, Polarity, Recommendation
from reasoner.policy import Link, edition_named
from reasoner.render.as_json import to_json
from reasoner.render.turtle import review_ntriples
from reasoner.review import checked_records, review_record, setting_of
from reasoner.shapes import ANYTHING

EDITIONS = ROOT / "tests/editions"
TREE = "ontology/policies/0587-2027-01-01.ttl"
AS_OF = date(2027, 1, 10)
P = "https://w3id.org/plexus/policy/0587#"


def latest(found):
    """The latest edition of 0587 in a library."""
    return edition_named(found.policies, "0587")


@pytest.fixture(scope="module")
def known():
    return load(EDITIONS)


@pytest.fixture(scope="module")
def old(known):
    return edition_named(known.policies, "0587/2025-12-01")


@pytest.fixture(scope="module")
def new(known):
    return edition_named(known.policies, "0587")


@pytest.fixture
def copy(tmp_path):
    """A copy of the test library, edited by (file, old text, new text)."""

    def edited(*edits):
        target = tmp_path / "library"
        if not target.exists():
            shutil.copytree(EDITIONS, target)
        for name, was, now in edits:
            path = target / name
            text = path.read_text(encoding="utf-8")
            assert was in text, f"{name} has no {was!r}"
            path.write_text(text.replace(was, now), encoding="utf-8")
        return target

    return edited


def run(*arguments):
    return CliRunner().invoke(main, [str(a) for a in arguments])


def request(name="six-weeks-documented"):
    return (EDITIONS / "cases" / name / "request.ttl").read_text(encoding="utf-8")


def reviewed(text, **options):
    (found,) = review(text.encode(), name="r.ttl", format="turtle", library=EDITIONS, **{"as_of": AS_OF, **options})
    return found


def dated(text, service, received="2026-12-01"):
    text = text.replace('cov:serviceDate "2027-01-01"', f'cov:serviceDate "{service}"')
    return text.replace('cov:receivedOn "2026-12-01"', f'cov:receivedOn "{received}"')


# ---- What editions share ---------------------------------------------------------------------------


def test_leaves_that_do_not_change_are_shared_and_changed_ones_are_new_nodes_of_the_same_id(old, new):
    before, after = ({leaf.id: leaf.iri for leaf in p.leaves} for p in (old, new))
    assert before.keys() == after.keys()
    changed = {cid for cid in before if before[cid] != after[cid]}
    assert changed == {"compression", "physical-therapy", "oral-medication", "injection"}


def test_links_of_shared_criteria_lead_to_the_criterion_of_their_edition(old, new):
    for policy in (old, new):
        symptoms = next(c for c in policy.leaves if c.id == "symptoms")
        linked = {u.criterion for r in symptoms.rules for f in r.facets for u in f.all_uses() if isinstance(u, Link)}
        assert {policy.by_iri[iri].id for iri in linked} == {"compression"}
    assert old.by_iri.keys() != new.by_iri.keys()


def test_what_the_text_settles_is_no_choice_any_more(old, new):
    assert {s.ambiguity.notation: s.reading.notation for s in new.settled} == {
        "A3": "imaging-required",
        "A10": "each-listed",
        "A23": "plexus-codes",
    }
    (scope,) = (s for s in new.scope if s.iri == P + "DiagnosisInScope")
    (facet,) = scope.facets
    assert facet.ambiguity is None and ANYTHING not in facet.fixed
    imaging = next(c for c in new.leaves if c.id == "imaging-support")
    assert {a for r in imaging.rules for f in r.facets if (a := f.ambiguity)} <= set(new.ambiguity_by_iri)
    assert old.settled == ()


def test_readings_regroup_and_constraints_bind_the_criteria_of_their_edition(new):
    any_bullet = new.readings({"A9": "any"})
    further = next(c for c in new.criteria if c.id == "further-criteria")
    assert further.iri.endswith("-2027")
    assert new.group_kind(further, any_bullet) is Kind.ANY
    (constraint,) = new.constraints
    assert {new.by_iri[iri].id for iri in constraint.not_together} == {"compression", "other-indication"}


def test_a_settled_reading_joins_its_group(copy):
    found = latest(load(copy((TREE, "p0587:TreatmentsJoined-each-listed", "p0587:TreatmentsJoined-any-one"))))
    treatments = next(c for c in found.criteria if c.id == "treatments")
    assert treatments.kind is Kind.ANY


def test_a_constraint_that_holds_under_a_settled_reading_holds_always_and_under_another_never(copy, new):
    settled = "cov:settles p0587:OpenApproach-out-of-scope , "
    edits = [(TREE, "p0587:OpenApproach , ", ""), (TREE, "cov:settles ", settled)]
    (constraint,) = latest(load(copy(*edits))).constraints
    assert [r.rsplit("#")[-1] for r in constraint.under] == ["ConcurrentSurgery-line-only"]
    assert len(new.constraints[0].under) == 2


def test_a_constraint_under_a_reading_that_the_text_denies_is_none(copy):
    edits = [
        (TREE, "p0587:OpenApproach , ", ""),
        (TREE, "cov:settles ", "cov:settles p0587:OpenApproach-excluded , "),
    ]
    assert latest(load(copy(*edits))).constraints == ()


def test_places_are_of_the_edition_or_say_of_which(old, new):
    places = {c.id: c.source.section for c in new.criteria}
    assert places["trauma-waiver"] == "Fictional amendment: coverage"
    assert places["symptoms"] == "Coverage Policy of edition 2025-12-01"
    assert {c.source.section for c in old.criteria} == {"Coverage Policy"}


# ---- The edition in force --------------------------------------------------------------------------


@pytest.mark.parametrize("name", [p.name for p in cases_in(EDITIONS / "cases")])
def test_every_case_of_the_fictional_edition_comes_out_as_expected(name):
    assert differences(EDITIONS / "cases" / name, EDITIONS) == ()


def test_a_case_that_comes_out_otherwise_is_noticed(copy):
    name = "cases/six-weeks-documented/expected.toml"
    changed = copy((name, 'recommendation = "approve"', 'recommendation = "pend"'))
    assert differences(changed / "cases/six-weeks-documented", changed)


@pytest.mark.parametrize(
    ("service", "edition"),
    [("2026-12-31", "2025-12-01"), ("2027-01-01", "2027-01-01"), ("2027-01-02", "2027-01-01")],
)
def test_the_service_date_chooses_the_edition_and_the_notes_say_why(service, edition):
    line = reviewed(dated(request(), service)).lines[0]
    assert line.policy.edition == edition
    (note,) = [n for n in line.notes if n.startswith("Edition ")]
    assert edition in note and f"the service date is {service}" in note


@pytest.mark.parametrize(("received", "edition"), [("2026-12-31", "2025-12-01"), ("2027-01-01", "2027-01-01")])
def test_the_request_date_chooses_where_a22_is_read_so(received, edition):
    text = dated(request(), "2027-03-01", received)
    line = reviewed(text, readings={"A22": "request-date"}, as_of=date(2027, 1, 10)).lines[0]
    assert line.policy.edition == edition
    assert any(f"is {received}" in n for n in line.notes if n.startswith("Edition "))


def test_a_date_outside_every_edition_is_answered_with_the_nearest(copy):
    early = reviewed(dated(request(), "2025-11-30", "2025-11-01").replace("2026-", "2024-")).lines[0]
    assert early.recommendation is Recommendation.NOT_APPLICABLE and early.policy.edition == "2025-12-01"
    ended = 'cov:nextReview "2027-11-15"^^xsd:date ;'
    library = copy((TREE, ended, f'cov:supersededOn "2028-01-01"^^xsd:date ;\n    {ended}'))
    text = dated(request(), "2028-06-01").encode()
    (late,) = review(text, as_of=date(2028, 1, 1), name="r", format="turtle", library=library)
    assert late.lines[0].policy.edition == "2027-01-01"
    assert "before 2028-01-01" in late.lines[0].reason


def test_another_date_may_lead_to_another_edition_and_not_to_none():
    line = reviewed(request("days-of-medication-missing")).lines[0]
    hinges = {tuple((c.ambiguity, c.reading) for c in h.changes): h.recommendation for h in line.hinges_on}
    assert line.recommendation is Recommendation.PEND
    assert hinges[(("A22", "request-date"),)] is Recommendation.APPROVE
    same = reviewed(request()).lines[0]
    assert all(c.ambiguity != "A22" for h in same.hinges_on for c in h.changes)


def test_an_edition_that_is_named_is_applied_whatever_the_dates():
    setting = setting_of(as_of=AS_OF, library=EDITIONS)
    (record,) = checked_records(EDITIONS / "cases/the-day-before/request.ttl", setting)
    later = edition_named(setting.knowledge.policies, "0587/2027-01-01")
    usual = review_record(record, setting).lines[0]
    forced = review_record(record, replace(setting, edition=later)).lines[0]
    assert (usual.policy.edition, forced.policy.edition) == ("2025-12-01", "2027-01-01")
    assert (usual.recommendation, forced.recommendation) == (Recommendation.APPROVE, Recommendation.PEND)
    assert any("applied because it was asked for" in n for n in forced.notes)
    assert not any("because it was asked for" in n for n in usual.notes)


def test_that_a_review_is_overdue_is_not_said_of_an_edition_that_was_replaced():
    superseded = reviewed(dated(request(), "2026-12-31")).lines[0]
    assert not any("newer edition" in n for n in superseded.notes)
    (alone,) = review(CASES / "complete-record/request.ttl", as_of=date(2027, 1, 10))
    assert any("newer edition" in n for n in alone.lines[0].notes)


# ---- Readings of two editions ----------------------------------------------------------------------


def test_a_reading_that_the_edition_does_not_have_is_told_in_a_note():
    asked = {"A3": "any-listed-test", "A14": "no-relief-only", "A1": "examples", "A10": "each-listed"}
    line = reviewed(request(), readings=asked).lines[0]
    told = "\n".join(line.notes)
    assert "A3 was to be read as “any-listed-test”; the text of edition 2027-01-01 settles it" in told
    assert "A14 was to be read as “no-relief-only”; edition 2027-01-01 has no such reading" in told
    assert "A1 was to be read as “examples”; edition 2027-01-01 has no such doubtful wording" in told
    assert "A10" not in told
    earlier = reviewed(dated(request(), "2026-12-31"), readings={"A3": "any-listed-test"})
    assert not any("was to be read" in n for n in earlier.lines[0].notes)
    assert earlier.readings["A3"] == "any-listed-test"


def test_a_reading_that_no_edition_has_is_an_error():
    with pytest.raises(ReadingError, match=r"A14 has no reading 'some'. Its readings: .*no-relief-only"):
        reviewed(request(), readings={"A14": "some"})
    with pytest.raises(ReadingError, match="no ambiguity '0587/2027-01-01:A3'"):
        reviewed(request(), readings={"0587/2027-01-01:A3": "any-listed-test"})


def test_two_lines_of_one_request_may_be_of_two_editions():
    text = request()
    other = text[text.index(":line1 a cov:Line") : text.index("# Conditions")]
    other = (
        other.replace(":line1", ":line2")
        .replace("cov:sequence 1", "cov:sequence 2")
        .replace("2027-01-01", "2026-12-31")
    )
    both = text.replace("# Conditions", other + "\n# Conditions").replace("cov:line :line1", "cov:line :line1 , :line2")
    found = reviewed(both)
    assert [x.policy.edition for x in found.lines] == ["2027-01-01", "2025-12-01"]
    assert found.readings["0587/2025-12-01:A14"] == "no-benefit"
    assert found.readings["0587/2027-01-01:A14"] == "any-inadequate"
    assert found.readings["A4"] == "final-report"
    assert '"0587/2027-01-01:A14"' in to_json([found])
    _, triples = review_ntriples(found, load(EDITIONS))
    applied = set(re.findall(r"coverage#appliedReading> <[^>]*#(FailedMeaning[^>]*)>", triples))
    assert applied == {"FailedMeaning-no-benefit", "FailedMeaning-2027-any-inadequate"}


def test_a_judgement_on_a_shared_criterion_counts_and_one_on_an_earlier_criterion_does_not():
    judged = """
:more a cov:Judgement ; cov:onCriterion p0587:OralMedicationExhausted ; cov:verdict cov:Fulfilled ;
    cov:statedBy :reviewer ; cov:date "2027-01-05"^^xsd:date ; cov:basedOn :medication ; cov:about :condition ;
    cov:documentedIn :surgical-note .
:reviewer a cov:Clinician ; cov:role cov:PayerReviewer .
"""
    text = request("days-of-medication-missing").replace("2027-01-01", "2027-01-06")
    status = {
        name: {c.id: c.status for c in reviewed(text + more).lines[0].criteria}["oral-medication"]
        for name, more in (("earlier", judged), ("own", judged.replace("Exhausted ;", "Exhausted-2027 ;")))
    }
    assert status == {"earlier": "undocumented", "own": "met"}
    support = next(c for c in reviewed(text).lines[0].criteria if c.id == "imaging-support")
    assert support.status == "met" and any(e.role == Polarity.FOR for e in support.evidence)


# ---- The superseded edition stays ------------------------------------------------------------------


def test_the_superseded_edition_stays_to_be_asked():
    for day, edition in (("2026-12-31", "2025-12-01"), ("2027-01-01", "2027-01-01")):
        told = run("query", "edition-in-force", "--set", f"day={day}", "--library", EDITIONS, "--format", "csv")
        assert told.exit_code == 0
        assert re.findall(r"edition-(\d{4}-\d\d-\d\d)", told.stdout) == [edition]
    shown = run("show", "0587/2025-12-01", "--library", EDITIONS)
    assert shown.exit_code == 0 and "superseded on: 2027-01-01" in shown.stdout
    assert "fictional edition" in run("show", "0587/2027-01-01", "--library", EDITIONS).stdout
    assert run("show", "0587/2026-01-01", "--library", EDITIONS).exit_code == 1


def test_the_question_for_changes_sees_shared_criteria_that_were_reworded():
    arguments = ("--set", "new=p0587:edition-2027-01-01", "--format", "csv", "--library", EDITIONS)
    told = run("query", "edition-changes", *arguments).stdout
    changed = {row.split(",")[0]: row.split(",")[1] for row in told.splitlines()[1:]}
    assert changed["trauma-waiver"] == "reworded"
    assert "symptoms" not in changed


def test_readings_and_pictures_are_of_the_edition_that_is_named():
    both = run("readings", "0587", "--library", EDITIONS).stdout
    later = run("readings", "0587/2027-01-01", "--library", EDITIONS).stdout
    assert both.count("Policy 0587, edition") == 2 and later.count("Policy 0587, edition") == 1
    assert "A3  settled by the text of this edition: imaging-required" in later
    earlier = run("graph", "0587/2025-12-01", "--library", EDITIONS).stdout
    assert "Edition 2025-12-01" in earlier and "Fictional" not in earlier
    assert "Edition 2027-01-01" in run("graph", "0587", "--library", EDITIONS).stdout
    drawn = run(
        "graph",
        "0587/2025-12-01",
        "--review",
        EDITIONS / "cases/the-day-before",
        "--as-of",
        AS_OF,
        "--library",
        EDITIONS,
    )
    assert drawn.exit_code == 0 and "2025-12-01" in drawn.stdout
    wrong = run(
        "graph",
        "0587/2027-01-01",
        "--review",
        EDITIONS / "cases/the-day-before",
        "--as-of",
        AS_OF,
        "--library",
        EDITIONS,
    )
    assert wrong.exit_code == 2 and "reviewed under policy 0587, edition 2025-12-01" in wrong.stderr


def test_the_documentation_has_pages_of_both_editions(tmp_path):
    assert run("docs", "-o", tmp_path / "docs", "--library", EDITIONS).exit_code == 0
    page = (tmp_path / "docs/policy-0587-2027-01-01.html").read_text(encoding="utf-8")
    assert "fictional edition of 1 January 2027" in page
    assert (tmp_path / "docs/policy-0587-2025-12-01.svg").is_file()


# ---- Is the library well made? ---------------------------------------------------------------------


def test_the_test_library_is_complete():
    told = run("check", "--library", EDITIONS)
    assert told.exit_code == 0, told.output


def test_its_document_has_every_place_and_no_words_left_over():
    text = (EDITIONS / "document.txt").read_text(encoding="utf-8")
    assert check_source(EDITIONS, text, "0587/2027-01-01").faithful
    assert not check_source(EDITIONS, text.replace("six weeks", "two weeks"), "0587/2027-01-01").faithful


def test_it_says_everywhere_that_it_is_fictional():
    for path in sorted(EDITIONS.glob("ontology/**/*.ttl")) + [EDITIONS / "shapes/policies/0587-2027-01-01.ttl"]:
        head = path.read_text(encoding="utf-8").split("owl:versionIRI")[0]
        assert "ictional" in head, path.name
    assert (EDITIONS / "document.txt").read_text(encoding="utf-8").startswith("FICTIONAL")


def test_generated_shapes_are_up_to_date_and_those_of_the_lower_layer_are_left_alone(copy):
    assert generated_findings(EDITIONS) == ()
    shipped = (ROOT / "shapes/policies/0587.default.ttl").read_text(encoding="utf-8")
    own = (EDITIONS / "shapes/policies/0587.default.ttl").read_text(encoding="utf-8")
    assert "2027-01-01" in own and "2027-01-01" not in shipped
    library = copy()
    (library / "shapes/policies/0587.default.ttl").unlink()
    assert [f.where for f in generated_findings(library)] == ["shapes/policies/0587.default.ttl"]
    assert run("shapes", "--library", library).exit_code == 0
    assert (library / "shapes/policies/0587.default.ttl").read_text(encoding="utf-8") == own
    assert (ROOT / "shapes/policies/0587.default.ttl").read_text(encoding="utf-8") == shipped


def places_of(library):
    return {
        (f.where, f.what.partition(" in the document")[0]) for f in place_findings(merged(knowledge_graphs(library)))
    }


def test_a_criterion_has_one_place_in_each_document(copy):
    assert places_of(EDITIONS) == set()
    twice = "p0587:at-PhysicalTherapyExhausted-2027 ;\n    cov:plainText"
    again = twice.replace("2027 ;", "2027 , p0587:at-OralMedicationExhausted-2027 ;")
    assert places_of(copy((TREE, twice, again))) == {("p0587:PhysicalTherapyExhausted-2027", "has 2 places")}


def test_what_an_edition_shares_needs_a_place_unless_the_earlier_text_stays_in_force(copy):
    found = places_of(copy((TREE, "    cov:amends p0587:edition-2025-12-01 ;\n", "")))
    assert ("p0587:CausesSignificantSymptoms", "has no place") in found
    assert "p0587:AcuteTraumaWaiver" not in {where for where, _ in found}


# ---- Bad input: each an error that names file, node and cure ----------------------------------------

INADEQUATE = "p0587:FailedMeaning-2027-any-inadequate"
MEMBERS = "cov:members ( p0587:PhysicalTherapyExhausted-2027"
BAD = {
    "no Turtle": (('cov:id "treatments" ;', 'cov:id "treatments" '), r"2027-01-01\.ttl.*cannot be read as Turtle"),
    "no date": (
        ('cov:effectiveFrom "2027-01-01"', 'cov:effectiveFrom "soon"'),
        r"ttl.*p0587:edition-2027-01-01: cov:effectiveFrom 'soon' is no date\. Use YYYY-MM-DD",
    ),
    "a cycle": (
        (MEMBERS, MEMBERS.replace("PhysicalTherapyExhausted", "FurtherCriteria")),
        r"ttl.*p0587:FurtherCriteria-2027: is its own ancestor .* Break the cycle of cov:members",
    ),
    "two editions on one day": (
        ('cov:supersededOn "2027-01-01"', 'cov:supersededOn "2027-01-02"'),
        r"0587\.ttl: p0587:edition-2025-12-01: is still in force when p0587:edition-2027-01-01 begins\. Add cov:sup",
    ),
    "an ambiguity without a default": (
        ("    cov:defaultReading p0587:FailedMeaning-2027-any-inadequate ;\n", ""),
        r"ttl.*p0587:FailedMeaning-2027: is an ambiguity without a default\. Name one",
    ),
    "a default that is no reading": (
        (
            "cov:defaultReading p0587:FailedMeaning-2027-any-inadequate",
            "cov:defaultReading p0587:FailedMeaning-no-benefit",
        ),
        r"ttl.*p0587:FailedMeaning-2027: is an ambiguity without a default",
    ),
    "a reading without a choice": (
        (
            f"[ cov:underReading {INADEQUATE} ; cov:uses p0587s:OutcomeWithoutLastingRelief ] , ",
            "",
        ),
        r"ttl.*p0587:FailedMeaning-2027-any-inadequate: is a reading without a shape in p0587:OutcomeFacet-2027\. Add",
    ),
    "a reading without shapes": (
        (" ; cov:uses p0587s:OutcomeWithoutLastingRelief ]", " ]"),
        rf"ttl.*{INADEQUATE}: is a reading whose choice in p0587:OutcomeFacet-2027 names no shape\. Add cov:uses",
    ),
    "an ambiguity that is neither listed nor settled": (
        ("p0587:OralMedicationExtent , ", ""),
        r"p0587:AgentFacet: depends on p0587:OralMedicationExtent, which p0587:edition-2027-01-01 neither lists",
    ),
    "an ambiguity that is listed and settled": (
        ("cov:ambiguity p0587:DocumentedMeaning", "cov:ambiguity p0587:ImagingMandatory , p0587:DocumentedMeaning"),
        r"p0587:ImagingMandatory: is settled by p0587:edition-2027-01-01, which also lists it",
    ),
    "a settled node that is no reading": (
        ("cov:settles p0587:ImagingMandatory-imaging-required", "cov:settles p0587:ImagingMandatory"),
        r"p0587:ImagingMandatory: is settled by .* and is the reading of no ambiguity",
    ),
    "two ambiguities of one short name": (
        ('skos:notation "A14"', 'skos:notation "A16"'),
        r"has the same skos:notation as p0587:(FailedMeaning-2027|OralMedicationExtent)",
    ),
    "two criteria of one id": (
        ('cov:id "oral-medication"', 'cov:id "injection"'),
        r"p0587:(Injection|OralMedication)Exhausted-2027: has the same cov:id as",
    ),
    "a criterion that is not in the tree": (
        ('cov:id "compression"', 'cov:id "pressure"'),
        r"names p0587:DocumentedCompression, and p0587:edition-2027-01-01 has no criterion with its cov:id",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_an_error_that_names_file_node_and_cure(copy, name):
    (was, now), expected = BAD[name]
    library = copy((TREE, was, now))
    told = run("review", EDITIONS / "cases/six-weeks-documented", "--as-of", AS_OF, "--library", library)
    assert told.exit_code == 1
    assert re.search(expected, " ".join(told.stderr.split())), told.stderr
    assert "Traceback" not in told.output and "internal error" not in told.output
    with pytest.raises(PolicyError):
        load(library)


@pytest.mark.parametrize(
    "name",
    ["no Turtle", "a cycle", "two editions on one day", "an ambiguity without a default", "a reading without shapes"],
)
def test_bad_input_is_found_by_check_as_well(copy, name):
    (was, now), _ = BAD[name]
    told = run("check", "--library", copy((TREE, was, now)))
    assert told.exit_code == 1 and "Everything is there" not in told.stdout
