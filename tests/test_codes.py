"""Codes: well-formed and mapped with a justification; what a review says about them, and what it must not say."""

from __future__ import annotations

import re
from datetime import date

import pytest
from conftest import reviewed
from pyoxigraph import Literal, NamedNode, RdfFormat, parse

from reasoner.codes import Code, CodeBook, Release, code_book, code_notes, line_codes, line_notes
from reasoner.errors import PolicyError
from reasoner.knowledge import Knowledge
from reasoner.notes import related
from reasoner.policy import Policy
from reasoner.triples import RDF_TYPE, Triples
from reasoner.vocabulary import BASE, CLIN, COV, DCTERMS, OWL, RDFS, SKOS, Namespace

CODES = BASE + "code/"
ANATOMY = "https://w3id.org/plexus/anatomy#"
SSSOM = Namespace("https://w3id.org/sssom/")
FY2026 = date(2026, 3, 20)
FY2027 = date(2026, 10, 1)
NEVER = re.compile(r"\b(?:use|should be|instead|propose|suggest|correct code)\b", re.IGNORECASE)


@pytest.fixture(scope="module")
def book(knowledge: Knowledge) -> CodeBook:
    return code_book(knowledge.ontology)


def notes(book: CodeBook, *own: str, other: tuple[str, ...] = (), service: date | None = FY2026) -> list[str]:
    return list(code_notes(book, own, other, service))


def triples(turtle: str) -> Triples:
    prefixes = "".join(
        f"@prefix {p}: <{iri}> .\n"
        for p, iri in {
            "": "https://example.org/",
            "clin": CLIN.base,
            "cov": COV.base,
            "rdfs": RDFS.base,
            "skos": SKOS.base,
            "xsd": "http://www.w3.org/2001/XMLSchema#",
        }.items()
    )
    quads = parse((prefixes + turtle).encode(), format=RdfFormat.TURTLE)
    return Triples((q.subject, q.predicate, q.object) for q in quads)


# ---- The ontology of codes -------------------------------------------------------------------------


def own_nodes(t: Triples) -> set[NamedNode]:
    return {s for s, _, _ in t if isinstance(s, NamedNode) and s.value.startswith(CODES)}


def test_every_node_has_kind_label_and_home(knowledge):
    t = knowledge.ontology
    nodes = own_nodes(t)
    assert len(nodes) > 300
    faults = [
        (n.value, p.value) for n in nodes for p in (RDF_TYPE, RDFS.label, RDFS.isDefinedBy) if not t.objects(n, p)
    ]
    assert faults == []


def test_every_code_that_is_named_is_declared(knowledge):
    t = knowledge.ontology
    used = {x for spo in t for x in spo if isinstance(x, NamedNode) and x.value.startswith(CODES)}
    assert {n.value for n in used - own_nodes(t)} == set()


def test_a_code_is_named_by_its_system_and_notation(knowledge):
    t = knowledge.ontology
    folders = {COV.ICD10CM: "icd-10-cm", COV.LOINC: "loinc", COV.RxNorm: "rxnorm", COV.CPT: "cpt"}
    for code in t.instances(COV.Code):
        system = t.node(code, COV.codeSystem)
        assert code.value == f"{CODES}{folders[system]}/{t.text(code, SKOS.notation)}"
        assert t.text(system, COV.systemUri).startswith("http")
        assert t.text(code, COV.verified) in ("true", "false")
        assert (t.text(code, COV.verified) == "false") == bool(t.text(code, RDFS.comment))


def test_no_descriptor_of_a_procedure_is_held(knowledge):
    t = knowledge.ontology
    found = t.subjects(COV.codeSystem, COV.CPT)
    assert len(found) > 20
    for code in found:
        texts = {o.value for p in t.predicates(code) for o in t.objects(code, p) if isinstance(o, Literal)}
        number = t.text(code, SKOS.notation)
        allowed = {number, f"CPT {number}", "true", "false", "Not compared with a release of the code system."}
        assert texts <= allowed


def test_every_mapping_is_stated_once_as_a_triple_and_once_with_its_justification(knowledge):
    t = knowledge.ontology
    matches = {SKOS[f"{n}Match"] for n in ("exact", "close", "broad", "narrow", "related")}
    stated = {(s, p, o) for s, p, o in t if p in matches and s.value.startswith((CODES, ANATOMY))}
    justified = set()
    for mapping in t.instances(SSSOM.Mapping):
        parts = [t.one(mapping, OWL[f"annotated{n}"]) for n in ("Source", "Property", "Target")]
        justified.add(tuple(parts))
        assert t.one(mapping, SSSOM.mapping_justification).value.endswith("/ManualMappingCuration")
        assert 0 < float(t.text(mapping, SSSOM.confidence)) <= 1
        if t.text(parts[0], COV.verified) == "false":
            assert float(t.text(mapping, SSSOM.confidence)) <= 0.5
        else:
            assert t.text(mapping, DCTERMS.source)
    assert stated == justified
    assert len(stated) > 100


def test_a_mapping_leads_to_a_declared_concept(knowledge):
    t = knowledge.ontology
    mappings = [m for m in t.instances(SSSOM.Mapping) if t.one(m, OWL.annotatedSource).value.startswith(CODES)]
    assert len(mappings) > 100
    for mapping in mappings:
        assert t.nodes(t.one(mapping, OWL.annotatedTarget), RDF_TYPE)


def test_every_exclusion_finds_codes_on_both_sides(book):
    examples = {
        "G56-G58": "G58.0",
        "G57.0-": "G57.01",
        "M47.2-": "M47.26",
        "M50.1-": "M50.11",
        "S74.-, S84.-, S94.- but the sequelae": "S74.11XA",
    }
    for exclusion in book.exclusions:
        for family in (exclusion.first, exclusion.second):
            held = [c for c in (*book.codes, *examples.values()) if family.holds(c)]
            assert held, family.notation


def test_a_family_does_not_take_in_its_neighbours(book):
    families = {f.notation: f for e in book.exclusions for f in (e.first, e.second)}
    assert not families["G54.-"].holds("G55")
    assert not families["M50-M51"].holds("M54.16")
    assert not families["M47.-"].holds("M48.061")
    assert not families["M54.10, M54.13, M54.14, M54.16, M54.17"].holds("M54.12")


# ---- Exclusions ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("G54.1", "M51.16"),
        ("G54.1", "M54.16"),
        ("G54.1", "M54.17"),
        ("G54.1", "M47.816"),
        ("G54.1", "M79.2"),
        ("G54.1", "S34.4XXA"),
        ("G57.21", "S74.11XA"),
        ("M51.16", "M54.16"),
        ("M51.17", "M54.31"),
        ("M54.16", "M47.26"),
    ],
)
def test_excluded_codes_are_told_once_and_in_either_order(book, one, other):
    (note,) = notes(book, one, other)
    assert note == notes(book, other, one)[0]
    assert note.startswith(f"Coding: {min(one, other)} and {max(one, other)} are excluded from one claim by ICD-10-CM")
    assert not NEVER.search(note)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("G54.1", "M48.061"),  # a stenosis is not among the exclusions of G54
        ("G54.1", "S34.4XXS"),  # a sequela is no current injury
        ("G54.1", "K68.3"),
        ("G54.1", "G54.1"),
        ("M51.26", "M54.16"),  # the exclusion is stated at M51.1 only
        ("S34.4XXA", "M51.16"),
    ],
)
def test_other_codes_draw_no_remark(book, one, other):
    assert notes(book, one, other) == []


def test_codes_of_another_line_matter_for_exclusions_only(book):
    (note,) = notes(book, "G54.1", other=("M51.16", "R10.2"))
    assert "G54.1 and M51.16" in note
    assert notes(book, "K68.3", other=("G54.1", "M51.16")) == []


# ---- Validity on the service date ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "day", "expected"),
    [
        ("R10.2", date(2025, 9, 30), None),
        ("R10.2", date(2025, 10, 1), "since 2025-10-01 it cannot stand on a claim any more"),
        ("R10.20", date(2025, 9, 30), "it can stand on a claim since 2025-10-01 only"),
        ("R10.20", date(2025, 10, 1), None),
        ("M51.36", date(2026, 1, 15), "since 2024-10-01"),
        ("M51.360", date(2025, 1, 1), None),
        ("S34.4", FY2026, "it is a category that more specific codes divide"),
        ("M48.06", FY2026, "it is a category that more specific codes divide"),
        ("G54.1", date(2026, 9, 30), None),
        ("Z99.89", FY2026, None),  # not held: nothing is said
    ],
)
def test_a_code_that_could_not_be_billed_is_told(book, code, day, expected):
    found = notes(book, code, service=day)
    assert bool(found) == (expected is not None)
    for note in found:
        assert note.startswith(f"Coding: {code} was not billable on {day};")
        assert expected in note
        assert not NEVER.search(note)


def test_outside_the_release_validity_is_not_checked(book):
    (note,) = notes(book, "G54.1", "M48.06", "Z99.89", service=FY2027)
    assert note.startswith("Coding: whether G54.1, M48.06 could be billed on 2026-10-01 was not checked;")
    assert "from 2025-10-01 to 2026-09-30" in note
    (ended,) = notes(book, "R10.2", service=FY2027)
    assert "was not billable" in ended
    (begun,) = notes(book, "R10.20", service=FY2027)
    assert "was not checked" in begun


def test_before_the_release_validity_is_not_checked_unless_a_date_of_the_code_decides(book):
    (note,) = notes(book, "G54.1", "M51.360", "R10.2", service=date(2025, 9, 30))[1:]
    assert note.startswith("Coding: whether G54.1 could be billed on 2025-09-30 was not checked;")


def test_a_code_that_ends_within_the_release_is_billable_until_then():
    release = Release("R", date(2025, 10, 1), date(2026, 9, 30))
    book = CodeBook({"A00": Code("A00", False, release, until=date(2026, 4, 1))}, ())
    assert notes(book, "A00", service=date(2026, 3, 31)) == []
    assert "since 2026-04-01" in notes(book, "A00", service=date(2026, 4, 1))[0]


def test_without_a_service_date_only_exclusions_are_told(book):
    assert notes(book, "R10.2", "S34.4", service=None) == []
    assert len(notes(book, "G54.1", "M51.16", service=None)) == 1


# ---- From a request --------------------------------------------------------------------------------

LINE = NamedNode("https://example.org/line")
REQUEST = """
:line cov:indication :plexus . :other cov:otherIndication :canal .
:plexus a clin:Condition ; clin:diagnosisCode "G54.1" .
:disc a clin:Condition ; clin:diagnosisCode "M51.16" .
:canal a clin:Condition ; clin:diagnosisCode "M47.26" .
"""


def test_codes_come_from_the_own_and_from_further_conditions(knowledge):
    view, condition = triples(REQUEST), NamedNode("https://example.org/plexus")
    assert line_codes(view, condition) == ({"G54.1", "M51.16"}, {"M47.26"})
    assert len(line_notes(knowledge.ontology, view, LINE)) == 2
    later = view.merged(triples(':line cov:serviceDate "2026-10-01T09:00:00"^^xsd:dateTime .'))
    assert "could be billed on 2026-10-01" in line_notes(knowledge.ontology, later, LINE)[-1]
    assert line_notes(knowledge.ontology, triples(""), LINE) == ()
    assert line_codes(triples(""), None) == (frozenset(), frozenset())


def test_a_condition_of_two_lines_is_the_own_one():
    view = triples(REQUEST + ":other cov:otherIndication :plexus .")
    own, other = line_codes(view, NamedNode("https://example.org/plexus"))
    assert "G54.1" in own
    assert "G54.1" not in other


def test_reviews_say_it(book):
    (line,) = reviewed("codes-excluded-from-one-claim").lines
    assert sum("Excludes1" in n for n in line.notes) == 1
    (clean,) = reviewed("complete-record").lines
    assert not any(word in n for n in clean.notes for word in ("Excludes1", "billable", "could be billed"))


# ---- What is not well made is refused --------------------------------------------------------------

GOOD = """
:r a cov:CodeRelease ; rdfs:label "R" ; cov:validFrom "2025-10-01"^^xsd:date ; cov:validUntil "2026-09-30"^^xsd:date .
:c a cov:Code ; skos:notation "A00" ; cov:billable true ; cov:release :r .
:f a cov:CodeFamily ; skos:notation "A" ; cov:codePattern "^A" .
:g a cov:CodeFamily ; skos:notation "B" ; cov:codePattern "^B" .
:x a cov:Excludes1 ; cov:firstFamily :f ; cov:secondFamily :g ; cov:why "so" .
"""


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('skos:notation "A00" ;', "", "notation"),
        ("; cov:release :r", "", "release"),
        ('; cov:validUntil "2026-09-30"^^xsd:date', "", "without a period"),
        ('"2025-10-01"^^xsd:date', '"soon"', "is no date"),
        ('"^A"', '"^(A"', "is no pattern"),
        ("cov:secondFamily :g ;", "", "secondFamily"),
        ('; cov:why "so"', "", "why"),
    ],
)
def test_a_faulty_statement_is_named(old, new, says):
    assert notes(code_book(triples(GOOD)), "A00", "B00")
    assert old in GOOD
    with pytest.raises(PolicyError, match=says):
        code_book(triples(GOOD.replace(old, new)))


# ---- Related policies ------------------------------------------------------------------------------


def why(policy: Policy, knowledge: Knowledge, kind: str, code: str) -> list[str]:
    view = triples(f":c a clin:Condition ; clin:kind clin:{kind} .")
    found = related(policy, knowledge, view, NamedNode("https://example.org/c"), code)
    return [f"{r.policy}: {r.why}" for r in found]


def test_a_code_that_does_not_describe_the_indication_is_named(policy, knowledge):
    (spine,) = why(policy, knowledge, "LumbarSpinalStenosis", "64714")
    assert spine.startswith(
        "CMM-608: Lumbar decompression (summary model) (eviCore healthcare, number as of 2020): This"
    )
    assert spine.endswith(
        "does not describe surgery for that indication. Lines that it governs are reviewed here as well."
    )
    (plexus,) = why(policy, knowledge, "LumbarPlexusCompressionByScar", "63047")
    assert "Code 63047 belongs to this guideline." in plexus
    assert "the requested code 63047 does not describe surgery for it." in plexus
    for text in (spine, plexus):
        assert len(set(re.findall(r"\b\d{5}\b", text))) == 1
        assert not NEVER.search(text)


def test_it_is_said_once_where_two_guidelines_apply(policy, knowledge):
    found = why(policy, knowledge, "LumbarRadiculopathy", "64714")
    assert [t[:7] for t in found] == ["CMM-606", "CMM-608"]
    assert sum("does not describe" in t for t in found) == 1


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("LumbarSpinalStenosis", "63047"),
        ("LumbarSpineCondition", "63047"),  # nothing says that the code does not fit
        ("LumbosacralPlexusDisorder", "63047"),  # not known to be the lumbar plexus
        ("LumbarRadiculopathy", "99999"),
    ],
)
def test_nothing_is_said_against_a_code_without_ground(policy, knowledge, kind, code):
    found = why(policy, knowledge, kind, code)
    assert found
    assert not any("does not describe" in text for text in found)


def test_no_related_policy_for_what_belongs_here(policy, knowledge):
    assert why(policy, knowledge, "LumbarPlexusCompression", "64714") == []


def test_related_policies_are_summaries_with_sources(knowledge):
    t = knowledge.ontology
    found = t.instances(COV.RelatedPolicy)
    assert len(found) == 2
    for policy in found:
        assert t.text(policy, COV.adjudicable) == "false"
        assert t.text(policy, COV.numberSeenIn)
        assert COV.Policy not in t.nodes(policy, RDF_TYPE)
        for criterion in t.nodes(policy, COV.summaryCriterion):
            assert t.text(criterion, COV.knownFrom)
            assert t.text(criterion, COV.verified) in ("true", "false")
        for route in t.subjects(COV.routesTo, policy):
            assert set(t.nodes(route, COV.routeFor)) <= set(t.nodes(policy, COV.governsKind))
