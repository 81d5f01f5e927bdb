"""The ontology is well made: declared terms, labels, definitions, and readable by an OWL library."""

from __future__ import annotations

import hashlib
import io
import re
from datetime import date

import pytest
from conftest import ROOT
from pyoxigraph import CanonicalizationAlgorithm, Dataset, NamedNode, Quad, RdfFormat, Triple, serialize

from reasoner.dataset import knowledge_graphs, merged
from reasoner.knowledge import digest, load
from reasoner.review import review
from reasoner.triples import RDF_TYPE, Triples
from reasoner.vocabulary import ANAT, CLIN, COV, DCTERMS, RDFS, SH, SKOS


def test_vocabulary_named_in_the_program_is_declared(knowledge):
    declared = {s.value for s, p, _ in knowledge.ontology if p.value.endswith("#type") and hasattr(s, "value")}
    missing = set()
    for path in (ROOT / "reasoner").rglob("*.py"):
        for prefix, name in re.findall(r"\b(CLIN|COV|ANAT)\.([A-Za-z]+)\b", path.read_text(encoding="utf-8")):
            base = {"CLIN": "clinical", "COV": "coverage", "ANAT": "anatomy"}[prefix]
            if f"https://w3id.org/plexus/{base}#{name}" not in declared and name not in ("base", "Nothing"):
                missing.add(f"{prefix}.{name}")
    assert missing == set()


def test_every_term_has_label_definition_kind_and_home(knowledge):
    t = knowledge.ontology
    own = {
        s
        for s, p, _ in t
        if p.value.endswith("#type") and s.value.startswith("https://w3id.org/plexus/") and "#" in s.value
    }
    # Anchors hold numbers, sections have a title, clauses say what they say: see shapes/ontology.ttl.
    others = {n for cls in (COV.Anchor, COV.Section, COV.Clause) for n in t.instances(cls)}
    faults = [
        (s.value, p.value)
        for s in sorted(own - others, key=str)
        for p in (RDFS.label, SKOS.definition, RDFS.isDefinedBy)
        if not t.objects(s, p)
    ]
    assert faults == []


def test_every_concept_has_a_lay_name_without_codes_and_abbreviations(knowledge):
    t = knowledge.ontology
    concepts = [*t.instances(CLIN.Concept), *t.instances(ANAT.Structure), *t.instances(ANAT.Territory)]
    assert len(concepts) > 200
    faults = [c.value for c in concepts if not t.text(c, COV.plainLabel)]
    faults += [c.value for c in concepts if re.search(r"\b[A-Z]{2,}\b|\d", t.text(c, COV.plainLabel) or "")]
    assert faults == []


def test_every_ambiguity_names_who_chose_its_default_and_why(policy):
    assert [a.notation for a in policy.ambiguities] == [f"A{i}" for i in range(1, 29)]
    for a in policy.ambiguities:
        assert a.default in a.readings
        assert len(a.readings) >= 2
        assert a.default_reason
        assert a.chosen_by.startswith("https://")
        assert a.affects


def test_part_and_branch_are_kept_apart(knowledge):
    t = knowledge.ontology
    assert ANAT.LumbarPlexus in t.closure(ANAT.LumbarPlexusWithinPsoas, ANAT.partOf)
    assert ANAT.LumbarPlexus not in t.closure(ANAT.FemoralNerve, ANAT.partOf)
    assert ANAT.LumbarPlexus in t.closure(ANAT.SaphenousNerve, ANAT.branchOf)
    assert ANAT.SacralPlexus in t.closure(ANAT.SciaticNerve, ANAT.branchOf)
    for root in ("L1", "L2", "L3", "L4"):
        assert ANAT.LumbarPlexus in t.nodes(ANAT[f"VentralRamus{root}"], ANAT.contributesTo)
        assert not t.nodes(ANAT[f"NerveRoot{root}"], ANAT.partOf)


CONDITION_KINDS = sorted(
    c.value
    for c in load().ontology.subjects(SKOS.inScheme, CLIN.ConditionScheme)
    if isinstance(c, NamedNode) and not load().ontology.subjects(SKOS.broader, c)
)
COVERED = "LumbarPlexusCompression"


@pytest.mark.parametrize("kind", CONDITION_KINDS, ids=[k.rpartition("#")[2] for k in CONDITION_KINDS])
def test_every_kind_of_condition_is_excluded_covered_or_to_be_weighed(kind):
    """No kind of indication is forgotten by the exclusion's rules: whatever a request states, a rule names it."""
    text = (ROOT / "cases/complete-record/request.ttl").read_text(encoding="utf-8")
    stated = "clin:kind clin:LumbarPlexusCompressionByScar"
    assert text.count(stated) == 1
    (result,) = review(text.replace(stated, f"clin:kind <{kind}>").encode(), as_of=date(2026, 3, 1), format="turtle")
    (status,) = [c.status for c in result.lines[0].criteria if c.id == "other-indication"]
    name = kind.rpartition("#")[2]
    assert status in ("met", "unmet", "to-judge", "conflicting"), status
    if name.startswith(COVERED):
        assert status == "unmet"
    if name in ("LumbarSpinalStenosis", "LumbarDiscHerniation", "CaudaEquinaSyndrome"):
        assert status in ("met", "conflicting")


def test_broader_has_no_cycles(knowledge):
    t = knowledge.ontology
    for concept in t.instances(CLIN.Concept):
        for above in t.nodes(concept, SKOS.broader):
            assert concept not in t.closure(above, SKOS.broader)


def test_owlready2_reads_the_ontology(knowledge):
    from owlready2 import World

    # owlready2 reads no Turtle; a private World keeps other ontologies out.
    data = serialize((Triple(*t) for t in knowledge.ontology), format=RdfFormat.N_TRIPLES)
    assert data is not None
    world = World()
    world.get_ontology("https://w3id.org/plexus/all").load(fileobj=io.BytesIO(data), format="ntriples")
    iris = {c.iri for c in world.classes()}
    assert {COV.Criterion.value, CLIN.Finding.value, ANAT.Structure.value} <= iris


def test_every_iri_of_plexus_in_the_policy_is_declared(knowledge):
    declared = {s for s, p, _ in knowledge.ontology if p == RDF_TYPE}
    shapes = {s for policy in knowledge.policies for s, p, _ in knowledge.facet_shapes(policy) if p == RDF_TYPE}
    own = "https://w3id.org/plexus/"
    used = {
        x
        for t in knowledge.ontology
        for x in t
        if isinstance(x, NamedNode) and x.value.startswith(own) and "#" in x.value
    }
    assert {x.value for x in used - declared - shapes} == set()


def test_the_digest_is_that_of_the_whole_canonical_graph(knowledge):
    """Only triples with blank nodes go through the canonicalisation; the outcome is as if all did."""
    triples = tuple(knowledge.ontology)
    whole = Dataset(Quad(*t) for t in triples)
    whole.canonicalize(CanonicalizationAlgorithm.RDFC_1_0)
    lines = sorted(f"{Triple(q.subject, q.predicate, q.object)} ." for q in whole)
    assert digest(triples) == hashlib.sha256("\n".join([*lines, ""]).encode()).hexdigest()
    assert digest(triples[1:]) != digest(triples)


P0587 = "https://w3id.org/plexus/policy/0587#"


@pytest.fixture(scope="module")
def whole() -> Triples:
    """Ontology, sources and policies together."""
    return merged(knowledge_graphs(ROOT))


def clause(name: str) -> NamedNode:
    return NamedNode(f"{P0587}clause-{name}")


def from_policy(t: Triples, node: NamedNode) -> bool:
    return COV.AssertedByPolicy in t.nodes(node, COV.assertedBy)


def from_plexus(t: Triples, territory: NamedNode) -> bool:
    """What the shape PlexusTerritory asks for, in plain Python."""
    return any(
        ANAT.LumbarPlexus in {nerve, *t.closure(nerve, ANAT.branchOf), *t.closure(nerve, ANAT.partOf)}
        for nerve in t.nodes(territory, ANAT.suppliedBy)
    )


def test_areas_that_the_policy_names_are_whole_and_their_parts_are_ours(whole):
    named = set(whole.nodes(clause("feeling-supplied"), COV.mentions))
    assert {ANAT.ButtockRegion, ANAT.Thigh} <= named
    assert ANAT.PelvicRegion in whole.nodes(clause("plexus-compression-causes"), COV.mentions)
    for area in (*named, ANAT.PelvicRegion):
        assert from_policy(whole, area) and from_plexus(whole, area), area
    parts = {x for area in named for x in whole.subjects(ANAT.withinArea, area)}
    assert len(parts) == 6
    assert [x for x in parts if from_policy(whole, x)] == []


def test_parts_that_only_the_listing_admits_are_those_that_anatomy_denies(whole, knowledge):
    shapes = Triples(knowledge.shapes("policies", "0587.ttl"))
    term = NamedNode("https://w3id.org/plexus/shapes/policy/0587#PartOfListedAreaTerm")
    admitted = {x for head in shapes.nodes(term, SH["in"]) for x in shapes.members(head)}
    named = whole.nodes(clause("feeling-supplied"), COV.mentions)
    parts = {x for area in named for x in whole.subjects(ANAT.withinArea, area)}
    assert admitted
    assert admitted == {x for x in parts if not from_plexus(whole, x)}


def test_a_root_goes_on_as_its_branch_and_is_not_joined_to_the_plexus(whole):
    roots = [n for n in whole.instances(ANAT.Structure) if "NerveRoot" in n.value]
    assert len(roots) == 10
    for root in roots:
        ramus = NamedNode(root.value.replace("NerveRoot", "VentralRamus"))
        assert whole.nodes(root, ANAT.continuesAs) == [ramus]
        assert whole.nodes(ramus, ANAT.contributesTo)
        for prop in (ANAT.partOf, ANAT.branchOf, ANAT.contributesTo, ANAT.connects):
            assert not whole.nodes(root, prop)
    nerves = [n for n in whole.instances(ANAT.Structure) if whole.nodes(n, ANAT.carriesFibresOf)]
    assert len(nerves) == 14


SAID = {
    "copyright": "Cigna Group claims 2025",
    "cpt-notice": "2024 copyright Chicago owner",
    "determinant-examples": "racism discrimination violence income exercise clean language",
    "related-microdiscectomy": "resource opening removing",
    "plexopathy-causes": "primary common lumbosacral",
    "uncovered-diagnoses": "conditions coding",
    "submitted-per-criteria": "only both",
    "evidence-is-thin": "peer-reviewed beside",
    "lumbosacral-plexus-role": "much",
    "clinical-discretion": "expected discretion",
    "list-may-lag": "CMS American Medical Association",
    "subsidiaries": "only among",
    "plan-may-differ": "evidence certificate summary",
    "review-only-clients": "lines companies",
    "most-fitting-codes": "must",
    "own-merits": "should",
    "plan-supersedes-policy": "always",
    "delegated-vendors": "necessity coverage",
    "health-equity": "birth age work",
    "social-determinants": "wide risks",
    "next-review-date": "on 15",
    "plexopathy-presentation": "one-sided singly",
    "direct-approach": "precisely",
    "purpose-of-procedure": "mainly",
    "objectives": "normal overall",
    "nichols-limits": "retrospective reports",
    "nichols-method": "gather place",
    "muscles-supplied": "such",
}


@pytest.mark.parametrize("name", SAID)
def test_a_clause_leaves_out_nothing_that_narrows_or_widens_it(whole, name):
    said = re.findall(r"[\w-]+", whole.text(clause(name), COV.says) or "")
    assert set(SAID[name].split()) - set(said) == set()


def test_what_the_document_names_is_marked_as_named_by_it(whole):
    kinds = "Weakness MuscleWeakness PlexusTumourInfiltration LumbarPlexusCompressionByTrauma Electrodiagnosis Imaging"
    structures = "FemoralNerve ObturatorNerve SciaticNerve"
    nodes = [*(CLIN[n] for n in kinds.split()), *(ANAT[n] for n in structures.split())]
    assert [n for n in nodes if not from_policy(whole, n)] == []


def test_criteria_of_the_policy_read_nothing_into_its_lists(whole):
    read_in = re.compile(r"\b(each|both|as a whole|as well as|imaging findings)\b", re.I)
    criteria = [c for k in ("LeafCriterion", "AllOf", "AnyOf", "Exclusion") for c in whole.instances(COV[k])]
    assert sum(from_policy(whole, c) for c in criteria) == 14
    texts = [
        (c, whole.text(c, p) or "") for c in criteria if from_policy(whole, c) for p in (SKOS.definition, COV.plainText)
    ]
    assert [(c.value, text) for c, text in texts if read_in.search(text)] == []


def test_a_related_guideline_says_that_its_number_is_inferred(whole):
    related = [*whole.instances(COV.RelatedPolicy), NamedNode(f"{P0587[:-5]}cmm-608#policy")]
    assert len(related) == 3
    for node in related:
        notes = [o.value for o in whole.objects(node, SKOS.note)]
        assert any("inferred" in n and (whole.text(node, COV.number) or "?") in n for n in notes)
        assert (whole.text(node, SKOS.altLabel) or "").startswith("Lumbar ")


def test_the_approach_is_anchored_in_the_sentence_on_what_the_policy_addresses(policy):
    (approach,) = [a for a in policy.ambiguities if a.notation == "A20"]
    assert approach.source.anchor.endswith("#at-overview-scope")


NOTED = {
    "policy/0587#CompressionMeaning": (COV.defaultReason, "tumours"),
    "policy/0587#GoverningDate": (COV.defaultReason, "submission"),
    "policy/0587#OtherIndication": (COV.plainText, "lumbar spine"),
    "policy/0587#ApproachInScope": (COV.message, "addresses open surgery"),
    "policy/0587#section-literature": (SKOS.note, "inferred"),
    "policy/0587#policy": (SKOS.note, "project's"),
    "policy/0587#clause-plexopathy-causes": (SKOS.scopeNote, "mapping"),
    "policy/cmm-609#CareBeforeFusion": (SKOS.definition, "at least twelve"),
    "policy/cmm-609#InstabilityOrDeformity": (SKOS.definition, "slippage"),
    "policy/cmm-606": (DCTERMS.description, "common practice"),
    "anatomy#VentralRamusT12": (SKOS.scopeNote, "only sometimes"),
    "literature#nichols-2022-profile": (SKOS.note, "low or very low"),
    "coverage#assertedBy": (SKOS.definition, "being named"),
}


@pytest.mark.parametrize("name", NOTED)
def test_a_limit_of_what_is_known_is_said_where_it_holds(whole, name):
    prop, words = NOTED[name]
    assert words in (whole.text(NamedNode(f"https://w3id.org/plexus/{name}"), prop) or "")


def test_codes_that_two_guidelines_share_are_given_to_both(knowledge):
    t = knowledge.ontology
    for number, codes in (("608", "63030 63042 63052 63053"), ("609", "63052 63053"), ("606", "63030 63042")):
        governed = {c.value[-5:] for c in t.nodes(NamedNode(f"{P0587[:-5]}cmm-{number}#policy"), COV.governsCode)}
        assert set(codes.split()) <= governed
