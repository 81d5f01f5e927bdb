"""The ontology is well made: declared terms, labels, definitions, and readable by an OWL library."""

from __future__ import annotations

import hashlib
import io
import re

from conftest import ROOT
from pyoxigraph import CanonicalizationAlgorithm, Dataset, NamedNode, Quad, RdfFormat, Triple, serialize

from reasoner.knowledge import digest
from reasoner.triples import RDF_TYPE
from reasoner.vocabulary import ANAT, CLIN, COV, RDFS, SKOS


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


def test_every_kind_of_condition_is_excluded_covered_or_to_be_weighed(knowledge, policy):
    """No kind of indication is forgotten by the exclusion's rules: what no rule names is weighed."""
    names = {r.label for leaf in policy.leaves if leaf.id == "other-indication" for r in leaf.rules}
    assert "an indication that is neither plainly covered nor plainly another" in names


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
    shapes = {
        s
        for parts in (("evidence.ttl",), ("policies", "0587.ttl"))
        for s, p, _ in knowledge.shapes(*parts)
        if p == RDF_TYPE
    }
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
