"""The second opinion: shapes as OWL classes mean what SHACL says, all cases agree, and what is wrong is found."""

from __future__ import annotations

import json
import random
import shutil
import time
from dataclasses import replace
from itertools import chain, combinations
from pathlib import Path

import click
import pytest
from conftest import ROOT, Case, all_cases, case_named
from pyoxigraph import Literal, NamedNode, RdfFormat, parse

from reasoner.cli.opinion import AGREES, DIFFERS, UNABLE, UNFINISHED, run_second_opinion
from reasoner.determine import program
from reasoner.engine_pyshacl import PyshaclEngine
from reasoner.errors import OwlError, OwlTimeout, PolicyError
from reasoner.knowledge import Knowledge, load
from reasoner.model import Basis, Polarity, Recommendation, Status
from reasoner.opinion.owl_expressions import Named, negated, owl_literal
from reasoner.opinion.owl_record import recorded
from reasoner.opinion.owl_rules import Asked, Question, answers, asked, query
from reasoner.opinion.owl_shapes import ShapeTranslator
from reasoner.opinion.second_opinion import (
    LeafComparison,
    LineComparison,
    SecondOpinion,
    composed,
    second_opinion,
    status_from,
)
from reasoner.owl import satisfiable
from reasoner.render import second_opinion as render
from reasoner.review import review_records
from reasoner.shapes import ANYTHING, probed_shapes
from reasoner.triples import RDF_TYPE, Triples
from reasoner.vocabulary import OWL, RDFS, XSD
from reasoner.weigh import fits_from, status_by

# ---- Shapes mean the same in OWL and in SHACL ------------------------------------------------------

PREFIXES = """
@prefix : <https://example.org/> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> .
@prefix sh: <http://www.w3.org/ns/shacl#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
"""
PROPERTIES = """
:kind a owl:ObjectProperty . :side a owl:ObjectProperty . :about a owl:ObjectProperty . :broader a owl:ObjectProperty .
:part a owl:ObjectProperty . :score a owl:DatatypeProperty . :code a owl:DatatypeProperty . :on a owl:DatatypeProperty .
"""
RECORD = """
:a a :Finding ; :kind :Scar ; :side :Left ; :about :c ; :score 4 ; :code "S34.4XXA" ; :on "2026-01-02"^^xsd:date .
:b a :Finding , :Study ; :kind :Tumour ; :side :Left , :Right ; :about :c ; :score 3.5 ; :code "S34.4" , "G55" .
:c :side :Right ; :kind :Scar , :Tumour .
:d a :Symptom ; :kind :Other ; :about :e ; :score 12 ; :part :a ; :on "2026-01-02"^^xsd:date , "2026-03-04"^^xsd:date .
:e :side :Left .
:f :kind :Whole .
"""
ARRANGEMENT = ":Scar :broader :Benign . :Benign :broader :Lesion . :Tumour :broader :Lesion . :Other :part :Lesion ."
NODES = [f"https://example.org/{name}" for name in "abcdef"]
ALIKE = {
    "a value": "sh:path :kind ; sh:hasValue :Scar",
    "two values": "sh:path :kind ; sh:hasValue :Scar , :Tumour",
    "a text": 'sh:path :code ; sh:hasValue "G55"',
    "a day": 'sh:path :on ; sh:hasValue "2026-03-04"^^xsd:date',
    "a type": "sh:path rdf:type ; sh:hasValue :Finding",
    "a class among several": "sh:path rdf:type ; sh:qualifiedValueShape :Classes ; sh:qualifiedMinCount 1",
    "only listed values": "sh:path :kind ; sh:in ( :Scar :Other )",
    "only listed texts": 'sh:path :code ; sh:in ( "S34.4XXA" "G55" )',
    "some value": "sh:path :side ; sh:minCount 1",
    "some text": "sh:path :code ; sh:minCount 1",
    "no value": "sh:path :side ; sh:maxCount 0",
    "no number": "sh:path :score ; sh:maxCount 0",
    "one value": "sh:path :kind ; sh:minCount 1 ; sh:maxCount 1",
    "two texts": "sh:path :code ; sh:minCount 2",
    "at most one day": "sh:path :on ; sh:maxCount 1",
    "two on a longer path": "sh:path ( :about [ sh:inversePath :about ] :kind ) ; sh:minCount 2",
    "two on a fork": "sh:path [ sh:alternativePath ( :kind :side ) ] ; sh:minCount 2",
    "at most one on a longer path": "sh:path ( :about [ sh:inversePath :about ] :side ) ; sh:maxCount 1",
    "two of a kind": "sh:path :kind ; sh:qualifiedValueShape :Lesions ; sh:qualifiedMinCount 2",
    "at most one of a kind": "sh:path :kind ; sh:qualifiedValueShape :Lesions ; sh:qualifiedMaxCount 1",
    "a chain": "sh:path ( :about :side ) ; sh:hasValue :Right",
    "backwards": "sh:path [ sh:inversePath :about ] ; sh:minCount 1",
    "backwards along a chain": "sh:path ( [ sh:inversePath :about ] :kind ) ; sh:hasValue :Tumour",
    "a fork": "sh:path [ sh:alternativePath ( :about ( :part :about ) ) ] ; sh:hasValue :c",
    "perhaps one more": "sh:path ( [ sh:zeroOrOnePath :part ] :kind ) ; sh:hasValue :Scar",
    "any number of steps": "sh:path ( :kind [ sh:zeroOrMorePath :broader ] ) ; sh:hasValue :Benign",
    "any number of either": "sh:path ( :kind [ sh:zeroOrMorePath [ sh:alternativePath ( :broader :part ) ] ] ) ;"
    " sh:hasValue :Lesion",
    "one step or more": "sh:path ( :kind [ sh:oneOrMorePath :broader ] ) ; sh:hasValue :Benign",
    "nothing but one value beyond": "sh:path ( :kind [ sh:oneOrMorePath :broader ] ) ; sh:in ( :Lesion )",
    "every value reached": "sh:path ( :kind [ sh:zeroOrMorePath :broader ] ) ; sh:in ( :Scar :Benign :Lesion )",
    "a number from": "sh:path :score ; sh:minCount 1 ; sh:minInclusive 4",
    "a number above": "sh:path :score ; sh:minExclusive 4",
    "a number up to": "sh:path :score ; sh:maxInclusive 3.5",
    "a number below": "sh:path :score ; sh:minCount 1 ; sh:maxExclusive 4.0",
    "a number on a longer path": "sh:path ( [ sh:inversePath :about ] :score ) ; sh:minCount 1 ; sh:minInclusive 12",
    "a whole pattern": 'sh:path :code ; sh:minCount 1 ; sh:pattern "^(S34\\\\.4(XX[ADS])?|X)$"',
    "a pattern at the start": 'sh:path :code ; sh:pattern "^S34"',
    "a pattern anywhere": "sh:path :code ; sh:qualifiedValueShape :Fours ; sh:qualifiedMinCount 1",
    "no text of a pattern": "sh:path :code ; sh:not :Fours",
    "nothing shared": "sh:path ( :about :side ) ; sh:disjoint :side",
    "a shape of the values": "sh:path :about ; sh:minCount 1 ; sh:node :OnTheRight",
    "a property of the values": "sh:path :about ; sh:minCount 1 ; sh:property :RightSided",
    "not a shape of the values": "sh:path :kind ; sh:not :Lesions",
    "both shapes of the values": "sh:path :about ; sh:minCount 1 ; sh:and ( :RightSided :Sided )",
    "either shape of the values": "sh:path :kind ; sh:minCount 1 ; sh:or ( :Lesions :Whole )",
}
"""Property shapes, each of which some nodes of the record fit and some do not."""
NODE_SHAPES = {
    "node: not": "sh:not :RightSided",
    "node: and": "sh:and ( :Sided [] )",
    "node: or": "sh:or ( :RightSided :LesionKind )",
    "node: not of both": "sh:not :Joint",
    "node: in": "sh:in ( :a :e )",
    "node: value": "sh:hasValue :d",
    "node: node and property": "sh:node :OnTheRight ; sh:property :LesionKind",
}
SHARED = """
:Classes a sh:NodeShape ; sh:in ( :Symptom :Study ) .
:Lesions a sh:NodeShape ; sh:in ( :Scar :Tumour ) .
:Whole a sh:NodeShape ; sh:in ( :Whole ) .
:Fours a sh:NodeShape ; sh:pattern "4X" .
:Sided a sh:PropertyShape ; sh:path :side ; sh:minCount 1 .
:RightSided a sh:PropertyShape ; sh:path :side ; sh:hasValue :Right .
:OnTheRight a sh:NodeShape ; sh:property :RightSided .
:LesionKind a sh:PropertyShape ; sh:path :kind ; sh:minCount 1 ; sh:in ( :Scar :Tumour ) .
:Joint a sh:NodeShape ; sh:and ( :LesionKind :Sided ) .
"""


def triples(turtle: str) -> list:
    return [(q.subject, q.predicate, q.object) for q in parse(PREFIXES + turtle, format=RdfFormat.TURTLE)]


def asked_of(shapes, wanted, nodes, record, ontology) -> dict[tuple[str, str], bool | None]:
    """What HermiT says of every node and shape."""
    translator = ShapeTranslator(Triples(shapes), Triples(ontology), record)
    questions = [Question(node, translator.shape(shape)) for shape in wanted for node in nodes]
    (found,) = answers([asked(record, translator.meanings, questions)], timeout=120)
    return {(q.node, q.fits.name.value): answer for q, answer in found.items()}


def by_owl(shapes: str, wanted, nodes=NODES, record=RECORD, arrangement=ARRANGEMENT):
    view = recorded(triples(record), triples(arrangement))
    return asked_of(triples(shapes), wanted, nodes, view, triples(PROPERTIES))


def by_pyshacl(shapes: str, wanted) -> set[tuple[str, str]]:
    probes = "".join(
        f"<{shape}-probe> a sh:NodeShape ; sh:severity sh:Info ; sh:not <{shape}> ;"
        f" sh:targetNode {' , '.join(f'<{n}>' for n in NODES)} ."
        for shape in wanted
    )
    results = PyshaclEngine().evaluate(triples(RECORD + ARRANGEMENT), tuple(triples(shapes + probes)))
    return {(r.focus, r.shape.removesuffix("-probe")) for r in results if r.shape.endswith("-probe")}


def test_every_construct_means_in_owl_what_it_means_in_shacl():
    stated = {**ALIKE, **{name: text.replace("[]", ":LesionKind") for name, text in NODE_SHAPES.items()}}
    names = {f"https://example.org/shape/{i}": name for i, name in enumerate(stated)}
    shapes = SHARED + "".join(
        f"<{iri}> a {'sh:NodeShape' if name in NODE_SHAPES else 'sh:PropertyShape'} ; {stated[name]} .\n"
        for iri, name in names.items()
    )
    expected = by_pyshacl(shapes, names)
    found = by_owl(shapes, names)
    assert [(node[-1], names[shape]) for (node, shape), fits in found.items() if fits is None] == []
    told = {(node[-1], names[shape]) for (node, shape), fits in found.items() if fits}
    assert told == {(node[-1], names[shape]) for node, shape in expected}
    for name in stated:  # each shape tells some node from another, so none is right by saying nothing
        assert 0 < sum(n == name for _, n in told) < len(NODES), name


REFUSED = {
    "sh:xone": ":X a sh:NodeShape ; sh:xone ( :Sided :RightSided ) .",
    "sh:equals": ":X a sh:PropertyShape ; sh:path :side ; sh:equals :kind .",
    "sh:lessThan": ":X a sh:PropertyShape ; sh:path :score ; sh:lessThan :score .",
    "sh:class": ":X a sh:PropertyShape ; sh:path :about ; sh:class :Finding .",
    "sh:datatype": ":X a sh:PropertyShape ; sh:path :score ; sh:datatype xsd:integer .",
    "sh:languageIn": ':X a sh:PropertyShape ; sh:path :code ; sh:languageIn ( "en" ) .',
    "sh:minLength": ":X a sh:PropertyShape ; sh:path :code ; sh:minLength 2 .",
    "sh:closed": ":X a sh:NodeShape ; sh:closed true .",
    "sh:deactivated": ":X a sh:NodeShape ; sh:deactivated true .",
    "sh:sparql": ":X a sh:NodeShape ; sh:sparql :Query .",
    "sh:minInclusive": ':X a sh:PropertyShape ; sh:path :on ; sh:minInclusive "2026-01-01"^^xsd:date .',
    "sh:maxExclusive": ":X a sh:PropertyShape ; sh:path :side ; sh:maxExclusive 3 .",
    "sh:minCount": ":X a sh:NodeShape ; sh:minCount 1 .",
    "sh:pattern": ':X a sh:PropertyShape ; sh:path :code ; sh:pattern "^a" ; sh:flags "i" .',
    "sh:pattern ": ':X a sh:PropertyShape ; sh:path :code ; sh:pattern "^a|b$" .',
    "sh:pattern  ": ':X a sh:PropertyShape ; sh:path :code ; sh:pattern "a(?=b)" .',
    "sh:pattern   ": ':X a sh:PropertyShape ; sh:path :code ; sh:pattern "a\\\\b" .',
    "refers to itself": ":X a sh:NodeShape ; sh:not :Y . :Y a sh:NodeShape ; sh:and ( :X ) .",
    "is no shape": ":X a sh:NodeShape ; sh:not :Missing .",
    "without a name": ":X a sh:NodeShape ; sh:not [ a sh:NodeShape ; sh:in ( :a ) ] .",
    "declared as no property": ":X a sh:PropertyShape ; sh:path :unheardOf ; sh:minCount 1 .",
    "beyond a literal": ":X a sh:PropertyShape ; sh:path ( :code :kind ) ; sh:minCount 1 .",
    "leads nowhere": ":X a sh:PropertyShape ; sh:path [ sh:inversePath :code ] ; sh:minCount 1 .",
    "repeats a property of literals": ":X a sh:PropertyShape ; sh:path [ sh:zeroOrMorePath :code ] ; sh:minCount 1 .",
    "to nodes and to literals": ":X a sh:PropertyShape ; sh:path [ sh:alternativePath ( :code :kind ) ] ;"
    " sh:minCount 1 .",
    "a path that has no translation": ":X a sh:PropertyShape ; sh:path [ sh:inversePath ( :kind :part ) ] ;"
    " sh:minCount 1 .",
    "end of a repeated path": ":X a sh:PropertyShape ; sh:path ( :kind [ sh:zeroOrMorePath :part ] ) ; sh:minCount 2 .",
    "no whole number": ":X a sh:PropertyShape ; sh:path :kind ; sh:minCount 1.5 .",
    "compares nodes with literals": ":X a sh:PropertyShape ; sh:path :kind ; sh:disjoint :code .",
    "names a literal where nodes are": ':X a sh:PropertyShape ; sh:path :kind ; sh:hasValue "Scar" .',
    "a property of a literal": ":X a sh:PropertyShape ; sh:path :code ; sh:node :Sided .",
}


@pytest.mark.parametrize("told", REFUSED)
def test_what_has_no_translation_is_refused_by_shape_and_construct(told):
    shapes = Triples(triples(SHARED + REFUSED[told]))
    translator = ShapeTranslator(shapes, Triples(triples(PROPERTIES)), recorded(triples(RECORD), ()))
    with pytest.raises(PolicyError) as caught:
        translator.shape("https://example.org/X")
    assert told.strip() in str(caught.value)
    assert caught.value.node.startswith(("<https://example.org/", ":")) and caught.value.cure


def test_a_count_that_would_fill_the_memory_is_refused():
    many = "".join(f":n{i} :about :c ; :kind :k{i} ." for i in range(40))
    shape = ":X a sh:PropertyShape ; sh:path ( :about [ sh:inversePath :about ] :kind ) ; sh:minCount 9 ."
    translator = ShapeTranslator(Triples(triples(shape)), Triples(triples(PROPERTIES)), recorded(triples(many), ()))
    with pytest.raises(PolicyError, match="counts to 9"):
        translator.shape("https://example.org/X")


def test_a_loop_in_a_repeated_property_leaves_a_node_undetermined():
    shape = ":X a sh:PropertyShape ; sh:path ( :kind [ sh:zeroOrMorePath :broader ] ) ; sh:hasValue :Lesion ."
    loop = ":Whole :broader :Round . :Round :broader :Whole ."
    found = by_owl(shape, ["https://example.org/X"], arrangement=ARRANGEMENT + loop)
    assert {node[-1] for (node, _), fits in found.items() if fits is None} == {"f"}
    assert {node[-1] for (node, _), fits in found.items() if fits} == {"a", "b", "c"}


FOREIGN = {
    "a literal where": ':a :kind "Scar" .',
    "a node as value": ":a :score :Four .",
    "without a name": ":a :kind [] .",
    "cannot compare": ":a :score 4.0e0 .",
}


@pytest.mark.parametrize("told", FOREIGN)
def test_a_value_that_owl_cannot_take_is_refused(told):
    shape = (
        ":X a sh:PropertyShape ; sh:path :kind ; sh:minCount 1 ."
        ":Y a sh:PropertyShape ; sh:path :score ; sh:minInclusive 4 ."
    )
    with pytest.raises(OwlError, match=told.replace("a literal where", "a literal as value")):
        by_owl(shape, ["https://example.org/X", "https://example.org/Y"], record=FOREIGN[told])


def test_literals_that_owl_does_not_know_stay_apart():
    day, text = Literal("2026-01-02", datatype=XSD.date), Literal("2026-01-02")
    assert owl_literal(text) == text
    assert len({owl_literal(x) for x in (day, text, Literal("2026-01-02", language="en"))}) == 3
    wrong = [Literal("many", datatype=d) for d in (XSD.integer, XSD.decimal, XSD.boolean)]
    assert {owl_literal(x).datatype for x in wrong} == {XSD.string}
    right = [Literal("4", datatype=XSD.integer), Literal("-4.5", datatype=XSD.decimal), Literal("a\nb")]
    assert [owl_literal(x) for x in right] == right


def test_negation_is_its_own_inverse_over_every_facet(knowledge, policy):
    translator = ShapeTranslator(Triples(knowledge.policy_shapes(policy)), knowledge.ontology, recorded((), ()))
    for shape in probed_shapes(policy):
        translator.shape(shape)
    assert len(translator.meanings) > 100
    for meaning in translator.meanings.values():
        assert negated(meaning) != meaning
        assert negated(negated(meaning)) == meaning


@pytest.mark.slow
@pytest.mark.sampled(every=30)
def test_every_facet_of_every_reading_fits_the_same_nodes(case: Case, knowledge: Knowledge):
    ((record, review),) = review_records(case.request, as_of=case.as_of)
    for line, told in zip(record.lines, review.lines, strict=True):
        policy = next((p for p in knowledge.policies if told.policy is not None and p.iri == told.policy.iri), None)
        if policy is None:
            continue
        shapes = knowledge.policy_shapes(policy)
        results = PyshaclEngine().evaluate((*line.triples, *knowledge.arrangement), shapes)
        expected = fits_from(policy, line.iri, results)
        probed = {shape: classes for shape, classes in probed_shapes(policy).items() if shape != ANYTHING}
        view = recorded(line.triples, knowledge.arrangement)
        translator = ShapeTranslator(Triples(shapes), knowledge.ontology, view)
        questions = [
            Question(node.value, translator.shape(shape))
            for shape, classes in probed.items()
            for cls in classes
            for node in line.triples.instances(NamedNode(cls))
        ]
        (found,) = answers([asked(view, translator.meanings, questions)], timeout=300)
        assert None not in found.values()
        fits = {
            shape: {q.node for q, fits in found.items() if fits and q.fits == Named(NamedNode(shape))}
            for shape in probed
        }
        assert fits == {shape: set(expected[shape]) for shape in probed}


# ---- Statuses and composition ----------------------------------------------------------------------


def test_statuses_follow_from_evidence_as_in_weighing():
    for chosen in chain.from_iterable(combinations(Polarity, n) for n in range(5)):
        assert status_from(frozenset(chosen)) is status_by(chosen)


def test_composition_equals_the_logic_program(policy):
    dice = random.Random(587)
    for readings in (policy.default_readings, policy.readings({"A10": "any-one"})):
        seen = set()
        for _ in range(400):
            # Mostly met, so that approvals and contradictions come up too.
            weights = [6, 1, 1, 1, 1]
            vector = tuple(dice.choices(list(Status), weights)[0] for _ in policy.leaves)
            decision = program(policy).decide(vector, readings)
            statuses = {leaf.iri: status for leaf, status in zip(policy.leaves, vector, strict=True)}
            assert composed(policy, statuses, readings) is decision.recommendation
            seen.add((decision.recommendation, decision.basis is Basis.INCONSISTENT))
        assert len(seen) >= 4 or not policy.constraints


# ---- Cases agree -----------------------------------------------------------------------------------

SPECIAL = (
    "complete-record",
    "mandate-covers",
    "procedure-of-another-policy",
    "two-lines-on-one-request",
    "approach-laparoscopic",
    "acupuncture-instead-of-injection",
)


def pairs_of(*names: str, readings=None):
    cases = [case_named(name) for name in names]
    return [pair for case in cases for pair in review_records(case.request, as_of=case.as_of, readings=readings)]


@pytest.fixture(scope="module")
def special(knowledge) -> SecondOpinion:
    return second_opinion(knowledge, pairs_of(*SPECIAL))


def of_case(opinion: SecondOpinion, name: str) -> list[LineComparison]:
    return [line for line in opinion.lines if Path(line.source).parent.name == name]


@pytest.mark.slow
def test_cases_of_every_kind_agree(special):
    assert special.agrees and not special.timed_out
    assert len(special.lines) == len(SPECIAL) + 1
    (complete,) = of_case(special, "complete-record")
    assert complete.second is complete.review is Recommendation.APPROVE
    assert {leaf.second for leaf in complete.leaves} == {"met", "unmet", "undocumented"}


@pytest.mark.slow
def test_a_line_with_binding_terms_has_statuses_and_no_second_recommendation(special):
    (line,) = of_case(special, "mandate-covers")
    assert line.second is None and "mandate" in line.why_not
    assert len(line.leaves) == 9 and all(leaf.agrees for leaf in line.leaves)


@pytest.mark.slow
def test_a_line_that_no_policy_governs_is_not_applicable(special):
    (line,) = of_case(special, "procedure-of-another-policy")
    assert line.second is Recommendation.NOT_APPLICABLE and line.leaves == ()
    (scope,) = of_case(special, "approach-laparoscopic")
    assert scope.second is scope.review


@pytest.mark.slow
@pytest.mark.parametrize("part", [0, *(pytest.param(i, marks=pytest.mark.exhaustive) for i in range(1, 20))])
def test_the_case_collection_agrees(knowledge, part):
    names = [case.name for case in all_cases()[part::20]]
    opinion = second_opinion(knowledge, pairs_of(*names))
    assert {Path(line.source).parent.name for line in opinion.lines} == set(names)
    assert [line for line in opinion.lines if not line.agrees] == []


def other_readings() -> list:
    found = [
        (a.notation, r.notation)
        for p in load().policies
        if p.number == "0587"
        for a in p.ambiguities
        for r in a.readings
        if r != a.default
    ]
    return [
        pytest.param(pair, id="=".join(pair), marks=[] if i % 16 == 0 else pytest.mark.exhaustive)
        for i, pair in enumerate(found)
    ]


@pytest.mark.slow
@pytest.mark.parametrize("chosen", other_readings())
def test_other_readings_agree(knowledge, chosen):
    readings = dict([chosen])
    opinion = second_opinion(
        knowledge, pairs_of("complete-record", "two-lines-on-one-request", readings=readings), readings=readings
    )
    assert opinion.lines and opinion.agrees


@pytest.mark.slow
def test_a_reading_that_only_one_side_heeds_is_a_difference(knowledge):
    read = {"A7": "motor-deficit"}  # the review of the complete record hinges on it
    assert not second_opinion(knowledge, pairs_of("complete-record", readings=read)).agrees


# ---- What is wrong is found ------------------------------------------------------------------------

MUTANTS = {
    "a listed method left out": (
        "0587.ttl",
        "sh:in ( clin:MRI clin:CT clin:EMG",
        "sh:in ( clin:CT clin:EMG",
        "compression",
    ),
    "another site": ("0587.ttl", "sh:hasValue anat:LumbarPlexus .", "sh:hasValue anat:SciaticNerve .", "compression"),
    "without the steps up": (
        "0587.ttl",
        "sh:path ( clin:site [ sh:zeroOrMorePath anat:partOf ] )",
        "sh:path ( clin:site anat:partOf anat:partOf anat:partOf )",
        "compression",
    ),
    "an outcome left out": (
        "0587.ttl",
        "sh:in ( clin:NoRelief clin:Worse clin:Intolerant )",
        "sh:in ( clin:Worse )",
        "physical-therapy",
    ),
    "a dropped negation": ("evidence.ttl", "sh:not evs:SideDisjoint .", "sh:and ( evs:SideDisjoint ) .", "compression"),
    "another verdict": (
        "evidence.ttl",
        "sh:hasValue cov:Fulfilled .",
        "sh:hasValue cov:NotFulfilled .",
        "imaging-support",
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", MUTANTS)
def test_a_changed_facet_makes_the_opinions_differ(tmp_path, name):
    file, before, after, leaf = MUTANTS[name]
    shutil.copytree(ROOT / "ontology", tmp_path / "ontology")
    shutil.copytree(ROOT / "shapes", tmp_path / "shapes")
    (path,) = (tmp_path / "shapes").rglob(file)
    text = path.read_text(encoding="utf-8")
    assert before in text
    path.write_text(text.replace(before, after), encoding="utf-8")
    opinion = second_opinion(load(tmp_path), pairs_of("complete-record"))
    (line,) = opinion.lines
    assert not opinion.agrees
    assert leaf in {x.criterion for x in line.leaves if not x.agrees}
    assert line.second is not Recommendation.APPROVE
    told = render.text(opinion, files=1, timeout=60)
    assert "recommendation: approve in the review" in told and "1 line differs from the review." in told
    assert f"  {leaf} (" in told


@pytest.fixture(scope="module")
def complete():
    (pair,) = pairs_of("complete-record")
    return pair


def changed(pair, **changes):
    record, review = pair
    (line,) = review.lines
    return [(record, replace(review, lines=(replace(line, **changes),)))]


@pytest.mark.slow
def test_a_wrong_recommendation_status_or_piece_of_evidence_is_a_difference(knowledge, complete):
    criteria = complete[1].lines[0].criteria
    first = next(c for c in criteria if c.evidence)
    others = tuple(c for c in criteria if c != first)
    wrong = (
        changed(complete, recommendation=Recommendation.DENY),
        changed(complete, criteria=(replace(first, status="conflicting"), *others)),
        changed(complete, criteria=(replace(first, evidence=first.evidence[1:]), *others)),
        changed(complete, criteria=(replace(first, evidence=(replace(first.evidence[0], role="against"),)), *others)),
    )
    recommendation, status, evidence, role = second_opinion(knowledge, [p for one in wrong for p in one]).lines
    assert recommendation.second is Recommendation.APPROVE and all(leaf.agrees for leaf in recommendation.leaves)
    for line in (status, evidence, role):
        assert [leaf.criterion for leaf in line.leaves if not leaf.agrees] == [first.id]
        assert line.second is line.review
    assert [r for leaf in evidence.leaves for _, r in leaf.only_second] == ["for"]
    assert [r for leaf in role.leaves for _, r in leaf.only_review] == ["against"]


@pytest.mark.slow
def test_an_edition_that_is_not_loaded_has_no_second_recommendation(knowledge, complete):
    ref = replace(complete[1].lines[0].policy, edition="1999-01-01")
    (line,) = second_opinion(knowledge, changed(complete, policy=ref)).lines
    assert line.second is None and "not loaded" in line.why_not


# ---- The reasoner that is asked --------------------------------------------------------------------

A, B = (NamedNode(f"https://example.org/{name}") for name in "AB")
CLASSES = [(A, RDF_TYPE, OWL.Class), (B, RDF_TYPE, OWL.Class)]


def test_classes_are_asked_of_several_ontologies_in_one_run():
    empty = [*CLASSES, (A, RDFS.subClassOf, OWL.Nothing)]
    found = satisfiable([CLASSES, empty, []], [A.value, B.value], timeout=60)
    assert found == ({A.value: True, B.value: True}, {A.value: False, B.value: True}, {A.value: True, B.value: True})
    assert satisfiable([], [A.value]) == ()
    assert satisfiable([empty], []) == ({},)


def sided() -> Asked:
    record = recorded(triples(RECORD), ())
    translator = ShapeTranslator(Triples(triples(SHARED)), Triples(triples(PROPERTIES)), record)
    return asked(record, translator.meanings, [Question(NODES[0], translator.shape("https://example.org/Sided"))])


def test_axioms_that_contradict_themselves_give_no_answer():
    one = sided()
    assert [*answers([one], timeout=60)[0].values()] == [True]
    one.axioms.triples.append((NamedNode(NODES[0]), RDF_TYPE, OWL.Nothing))
    with pytest.raises(OwlError, match="contradict themselves"):
        answers([one], timeout=60)
    other = sided()
    other.axioms.triples += [(NamedNode(query(0, holds=h)), RDFS.subClassOf, OWL.Nothing) for h in (True, False)]
    with pytest.raises(OwlError, match="neither fit nor not fit"):
        answers([other], timeout=60)


def test_a_reasoner_that_fails_or_is_late_is_an_error(monkeypatch):
    number = Literal("no number", datatype=XSD.integer)
    prop = (B, RDF_TYPE, OWL.DatatypeProperty)
    with pytest.raises(OwlError, match="failed: .*") as caught:
        satisfiable([[*CLASSES[:1], prop, (NamedNode(NODES[0]), B, number)]], [A.value], timeout=60)
    assert "\n" not in str(caught.value) and "at org." not in str(caught.value)
    with pytest.raises(OwlTimeout, match="within"):
        satisfiable([CLASSES], [A.value], timeout=0.001)
    monkeypatch.setattr("reasoner.owl.java", lambda: "/nonexistent/java")
    with pytest.raises(OwlError, match="Java cannot be run"):
        satisfiable([CLASSES], [A.value])


# ---- As a command ----------------------------------------------------------------------------------


def opinion_on(name: str, **options) -> int:
    return run_second_opinion(ROOT / "cases" / name, **{"timeout": 300, **options})


def test_the_command_agrees_on_a_case(capsys, tmp_path):
    assert opinion_on("complete-record") == AGREES
    told = capsys.readouterr().out
    assert "1 line of 1 request file compared, 9 statuses with their evidence." in told
    assert told.endswith("Every compared line agrees with its review.\n")
    out = tmp_path / "opinion.json"
    assert opinion_on("mandate-covers", output_format="json", output=out) == AGREES
    value = json.loads(out.read_text(encoding="utf-8"))
    assert value["agrees"] and value["complete"] and value["files_compared"] == 1
    (line,) = value["lines"]
    assert line["second_opinion"] is None and "mandate" in line["why_none"]
    assert {leaf["agrees"] for leaf in line["leaves"]} == {True}


@pytest.mark.slow
def test_the_command_differs_where_the_shapes_do(capsys, monkeypatch, tmp_path):
    shutil.copytree(ROOT / "ontology", tmp_path / "ontology")
    shutil.copytree(ROOT / "shapes", tmp_path / "shapes")
    path = tmp_path / "shapes" / "evidence.ttl"
    path.write_text(path.read_text(encoding="utf-8").replace("sh:hasValue clin:Present", "sh:hasValue clin:Absent"))
    mutated = load(tmp_path)
    monkeypatch.setattr("reasoner.knowledge.load", lambda library=None: mutated)
    assert opinion_on("complete-record") == DIFFERS
    assert "only the review uses" in capsys.readouterr().out


def test_a_shape_without_translation_gives_no_opinion(capsys, monkeypatch, tmp_path):
    shutil.copytree(ROOT / "ontology", tmp_path / "ontology")
    shutil.copytree(ROOT / "shapes", tmp_path / "shapes")
    path = tmp_path / "shapes" / "evidence.ttl"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("sh:hasValue clin:Present", "sh:class clin:Present"), encoding="utf-8")
    mutated = load(tmp_path)
    monkeypatch.setattr("reasoner.knowledge.load", lambda library=None: mutated)
    assert opinion_on("complete-record") == UNABLE
    told = capsys.readouterr()
    assert "evs:Present: uses sh:class" in told.err and told.out == ""


def test_without_java_the_command_says_so(capsys, monkeypatch):
    def missing() -> str:
        raise OwlError("OWL reasoning needs Java.")

    monkeypatch.setattr("reasoner.owl.java", missing)
    assert opinion_on("complete-record") == UNABLE
    assert "needs Java" in capsys.readouterr().err


def test_when_time_runs_out_the_command_says_how_far_it_got(capsys, monkeypatch):
    assert opinion_on("complete-record", timeout=0) == UNFINISHED
    told = capsys.readouterr().out
    assert "1 request file of 1 not compared" in told and told.endswith("Nothing was compared.\n")
    late = iter([0.0, 0.0, 1e9])  # the start, the first batch, and then long afterwards
    monkeypatch.setattr("reasoner.opinion.second_opinion.BATCH", 1)
    monkeypatch.setattr(time, "monotonic", lambda: next(late, 1e9))
    opinion = second_opinion(load(), pairs_of("complete-record", "mandate-covers"), timeout=300)
    assert opinion.timed_out and len(opinion.lines) == 1 and opinion.agrees


def test_refused_requests_and_wrong_usage_are_told(capsys, tmp_path):
    (tmp_path / "request.ttl").write_text("<urn:x:a> <urn:x:b> <urn:x:c> .", encoding="utf-8")
    assert run_second_opinion(tmp_path, timeout=60) == UNABLE
    told = capsys.readouterr()
    assert "no node is a cov:Request" in told.err and "Nothing was compared." in told.out
    assert f"1 request file refused, and not compared: {tmp_path / 'request.ttl'}" in told.out
    assert run_second_opinion(tmp_path, timeout=60, output_format="json") == UNABLE
    assert json.loads(capsys.readouterr().out)["files_refused"] == [str(tmp_path / "request.ttl")]
    with pytest.raises(click.UsageError, match="no ambiguity 'A99'"):
        opinion_on("complete-record", readings=("A99=x",))
    (tmp_path / "expected.toml").write_text("as_of = 'soon'", encoding="utf-8")
    with pytest.raises(click.UsageError, match="as_of is no date"):
        run_second_opinion(tmp_path, timeout=60)
    (tmp_path / "expected.toml").write_text("as_of =", encoding="utf-8")
    with pytest.raises(click.UsageError, match="cannot be read"):
        run_second_opinion(tmp_path, timeout=60)
    (tmp_path / "empty").mkdir()
    with pytest.raises(click.UsageError, match="no request"):
        run_second_opinion(tmp_path / "empty", timeout=60)


def test_what_cannot_be_determined_is_a_difference_and_long_lists_are_cut():
    unsure = tuple((f"https://example.org/{i}", "a rule") for i in range(8))
    leaf = LeafComparison("site", "the site", "met", "met", undetermined=unsure)
    line = LineComparison("x.ttl", 1, "urn:x", None, Recommendation.PEND, Recommendation.PEND, leaves=(leaf,))
    opinion = SecondOpinion((line, replace(line, source="y\x9b.ttl", second=None, why_not="for a reason", leaves=())))
    assert not opinion.agrees
    assert "  y.ttl, line 1: for a reason\n" in render.text(opinion, files=2, timeout=1)
    assert "y\\u009b.ttl" in render.to_json(opinion, files=2)
    told = render.text(opinion, files=1, timeout=1)
    assert "site (the site): met in both" in told
    assert told.count("undetermined: ") == 5 and "and 3 more; --format json has all" in told
    assert len(json.loads(render.to_json(opinion, files=1))["lines"][0]["leaves"][0]["undetermined"]) == 8


def test_the_command_tells_agreement_and_refuses_idle_options():
    from click.testing import CliRunner

    from reasoner.cli import main

    one = str(ROOT / "cases/complete-record")
    done = CliRunner().invoke(main, ["verify", "--second-opinion", "--cases", one])
    assert done.exit_code == 0, done.stderr
    assert "Every compared line agrees with its review." in done.stdout
    for idle in (["--cases", one], ["--reading", "A9=any"], ["--second-opinion", "0587"]):
        refused = CliRunner().invoke(main, ["verify", *idle])
        assert refused.exit_code == 2 and "--second-opinion" in refused.stderr
