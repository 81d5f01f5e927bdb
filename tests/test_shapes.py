"""The shapes are well made: terms that exist, names, messages, and generated files that are up to date."""

from __future__ import annotations

import re

import pytest
from conftest import ROOT, all_cases
from pyoxigraph import BlankNode, NamedNode, RdfFormat, parse

from reasoner.engine_pyshacl import PyshaclEngine, to_rdflib
from reasoner.errors import EngineError
from reasoner.model import Kind, Polarity, ShapeResult
from reasoner.policy import Link
from reasoner.shapes import probe_iri, probed_shapes
from reasoner.shapes_default import generated
from reasoner.triples import RDF_TYPE, Triples
from reasoner.vocabulary import SH
from reasoner.weigh import fits_from

FILES = sorted((ROOT / "shapes").glob("**/*.ttl"))
HAND_WRITTEN = [f for f in FILES if ".probes." not in f.name and ".default." not in f.name]
SHAPE_TYPES = (SH.NodeShape, SH.PropertyShape)


def in_shacl(iri: str) -> bool:
    from rdflib import SH as KNOWN
    from rdflib import URIRef

    return URIRef(iri) in KNOWN


def triples(path) -> Triples:
    return Triples((q.subject, q.predicate, q.object) for q in parse(path=path, format=RdfFormat.TURTLE))


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.name)
def test_every_sh_term_exists_in_shacl(path):
    used = {
        t.value for triple in triples(path) for t in triple if isinstance(t, NamedNode) and t.value.startswith(SH.base)
    }
    assert used
    assert {t for t in used if not in_shacl(t)} == set()


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.name)
def test_no_shape_is_a_blank_node(path):
    t = triples(path)
    blank = [s for cls in SHAPE_TYPES for s in t.instances(cls) if isinstance(s, BlankNode)]
    values = [
        o
        for s, p, o in t
        if p in (SH.property, SH.node, SH["not"], SH.qualifiedValueShape) and isinstance(o, BlankNode)
    ]
    assert blank == []
    assert values == []


@pytest.mark.parametrize("path", HAND_WRITTEN, ids=lambda p: p.name)
def test_every_hand_written_shape_has_a_name(path):
    t = triples(path)
    unnamed = [s.value for cls in SHAPE_TYPES for s in t.instances(cls) if not t.text(s, SH.name)]
    assert unnamed == []


def test_every_facet_that_can_be_told_has_a_message(each_policy, knowledge):
    shapes = Triples(knowledge.policy_shapes(each_policy))
    silent = [
        s
        for s in probed_shapes(each_policy)
        if s.endswith("Anything") is False and not shapes.text(NamedNode(s), SH.message)
    ]
    assert silent == []


def test_every_hand_written_facet_is_used(each_policy):
    own = triples(ROOT / "shapes/policies" / each_policy.shape_files[0])
    named = {s for cls in SHAPE_TYPES for s in own.instances(cls)}
    mentioned = {o for s, _, o in own if o != s} | {NamedNode(s) for s in probed_shapes(each_policy)}
    assert {n.value for n in named - mentioned} == set()


def test_every_rule_names_shapes_that_exist(each_policy, knowledge):
    known = {s for s, p, _ in knowledge.policy_shapes(each_policy) if p == RDF_TYPE}
    missing = [s for s in probed_shapes(each_policy) if NamedNode(s) not in known]
    assert missing == []


def test_generated_shapes_are_up_to_date(knowledge):
    for path, text in generated(knowledge).items():
        assert (ROOT / path).read_text(encoding="utf-8") == text, f"{path} differs; run plexus shapes"


def test_default_file_stands_alone_and_both_engines_accept_it(each_policy):
    # pySHACL's own check against SHACL-SHACL stops at a fixed depth on long paths, so pyshifty's diagnosis serves.
    import shifty
    from pyshacl import validate
    from rdflib import Graph

    graph = Graph().parse(ROOT / f"shapes/policies/{each_policy.slug}.default.ttl")
    conforms, _, text = validate(Graph(), shacl_graph=graph)
    assert conforms, text
    assert list(shifty.PreparedValidator(graph).diagnostics) == []
    mentioned = {str(o) for o in graph.objects() if str(o).startswith("https://w3id.org/plexus/shapes/")}
    assert mentioned - {str(s) for s in graph.subjects()} == set()


def test_a_misspelt_shacl_term_would_be_found():
    assert in_shacl(SH.base + "datatype")
    assert not in_shacl(SH.base + "dataType")


def test_a_silent_engine_is_an_error(policy):
    with pytest.raises(EngineError, match="did not report"):
        fits_from(policy, "urn:line", [])
    shape = probe_iri(policy, "https://w3id.org/plexus/shapes/evidence#Anything")
    assert fits_from(policy, "urn:line", [ShapeResult("urn:line", shape, "Info", "")])


def test_every_criterion_has_rules_for_every_status_it_can_have(each_policy):
    for leaf in each_policy.leaves:
        polarities = {r.polarity for r in leaf.rules}
        assert {Polarity.FOR, Polarity.AGAINST, Polarity.CONSIDERED} <= polarities, leaf.id
        assert leaf.kind in (Kind.LEAF, Kind.EXCLUSION)


def test_every_leaf_has_a_case_in_each_status(each_policy):
    seen: dict[str, set[str]] = {}
    for case in all_cases():
        for line in case.expected["line"]:
            for criterion, status in line.get("statuses", {}).items():
                seen.setdefault(criterion, set()).add(status)
    five = {"met", "unmet", "conflicting", "to-judge", "undocumented"}
    short = {c.id: sorted(five - seen[c.id]) for c in each_policy.leaves if five - seen[c.id]}
    # An indication is mandatory and single-valued, so it is never undocumented.
    assert short in ({}, {"other-indication": ["undocumented"]})
    assert all({"met", "unmet", "open"} <= seen[c.id] for c in each_policy.criteria if not c.is_leaf)


def test_links_go_to_criteria_of_the_tree(policy):
    links = [
        use
        for leaf in policy.leaves
        for rule in leaf.rules
        for f in rule.facets
        for use in f.all_uses()
        if isinstance(use, Link)
    ]
    assert links
    assert all(link.criterion in policy.by_iri for link in links)


def test_prefixes_are_alphabetical_and_used():
    for path in FILES:
        text = path.read_text(encoding="utf-8")
        declared = re.findall(r"^@prefix (\S+):", text, re.M)
        assert declared == sorted(declared), path.name
        body = re.sub(r"^@prefix.*$", "", text, flags=re.M)
        assert [p for p in declared if f"{p}:" not in body] == [], path.name


def test_pyshacl_results_are_the_top_level_ones():
    data = to_rdflib([])
    assert len(data) == 0
    assert PyshaclEngine().evaluate([], ()) == ()
