"""What shapes admit, as the proofs see it: what is found fits by a SHACL engine, and what cases show is found."""

from __future__ import annotations

import re
from functools import cache

import pytest
from clingo import Control
from conftest import all_cases
from peers import Prepared
from pyoxigraph import Literal, NamedNode

from reasoner import intake, resources
from reasoner.knowledge import load
from reasoner.model import Polarity
from reasoner.policy import Facet, Rule
from reasoner.proving.composition import Clock, best
from reasoner.proving.evidence_prover import ANOTHER, RECORDED, EvidenceProver, Node
from reasoner.proving.facet_facts import Asked, EvidenceFacts
from reasoner.proving.facets import OTHER, Facets, literal_fits, request_limits
from reasoner.proving.prover import status_facts
from reasoner.reading import read_triples
from reasoner.shapes import LINE
from reasoner.triples import RDF_TYPE, Triples
from reasoner.vocabulary import CLIN, COV, PREFIXES, SH, XSD, local_name
from reasoner.weigh import Weigher, fits_from, relevant

P = "https://w3id.org/plexus/policy/0587#"
S = "https://w3id.org/plexus/shapes/policy/0587#"


def clock() -> Clock:
    """Time enough, from now on: a run of all tests takes longer than any one of them may."""
    return Clock(600)


LINE_NODE, CONDITION, EVIDENCE = NamedNode("urn:x:line"), NamedNode("urn:x:condition"), NamedNode("urn:x:evidence")


@cache
def prover() -> EvidenceProver:
    knowledge = load()
    return EvidenceProver(next(p for p in knowledge.policies if p.number == "0587"), knowledge)


@cache
def found() -> dict[str, tuple[Rule, Node | None]]:
    """What fits each rule of the policy under the default readings."""
    own = [r for leaf in prover().policy.leaves for r in prover().own(leaf)]
    return {r.iri: (r, prover().fulfilled(r, clock())) for r in own}


# ---- What is found is real ---------------------------------------------------------------------------


def predicate(name: str) -> NamedNode:
    prefix, _, local = name.partition(":")
    return NamedNode(PREFIXES[prefix] + local)


def value(text: str, path: str):
    if text.startswith("http"):
        return NamedNode(text)
    if text in (RECORDED, ANOTHER):
        return Literal("2026-01-01", datatype=XSD.date) if path.endswith(":date") else NamedNode(f"urn:x:{text}")
    return Literal(text, datatype=XSD.decimal) if re.fullmatch(r"\d+", text) else Literal(text)


def record_of(node: Node) -> tuple[NamedNode, list]:
    """A request with one piece of evidence that has the values, and no others."""
    own = {CLIN.Condition.value: CONDITION, LINE: LINE_NODE}.get(node.cls, EVIDENCE)
    triples = [
        (LINE_NODE, RDF_TYPE, COV.Line),
        (LINE_NODE, COV.indication, CONDITION),
        (CONDITION, RDF_TYPE, CLIN.Condition),
        (own, RDF_TYPE, NamedNode(node.cls)),
    ]
    known = {(CONDITION, "^cov:indication"): LINE_NODE}
    if own == EVIDENCE:
        triples.append((own, COV.about, CONDITION))
        known[own, "cov:about"] = CONDITION
    for path, text in node.values:
        if path.startswith(("[", "(")):
            continue
        *steps, last = path.split(" / ")
        here = own
        for step in steps:
            if (here, step) not in known:
                there = NamedNode(f"urn:x:node{len(known)}")
                known[here, step] = there
                edge = predicate(step.removeprefix("^"))
                triples.append((there, edge, here) if step.startswith("^") else (here, edge, there))
            here = known[here, step]
        edge, end = predicate(last.removeprefix("^")), value(text, path)
        triples.append((end, edge, here) if last.startswith("^") else (here, edge, end))
    return own, triples


def weigher_of(triples: list, line: str) -> Weigher:
    knowledge, policy = load(), prover().policy
    results = Prepared((*triples, *knowledge.arrangement)).probe_results(knowledge.policy_shapes(policy))
    return Weigher(policy, Triples(triples), fits_from(policy, line, results))


def complete() -> list[str]:
    """The rules for which evidence was found that needs nothing beyond itself."""
    return [iri for iri, (_, node) in found().items() if node is not None and not node.granted]


@pytest.mark.parametrize("iri", complete(), ids=local_name)
def test_evidence_that_is_found_fits_the_rule_in_an_engine(iri):
    rule, node = found()[iri]
    own, triples = record_of(node)
    weigher = weigher_of(triples, LINE_NODE.value)
    assert own.value in weigher.rule_nodes(rule, prover().policy.default_readings)


def test_most_rules_need_nothing_taken_for_granted_and_the_others_links_or_linked_shapes():
    assert len(complete()) >= 25
    for rule, node in (pair for iri, pair in found().items() if pair[1] is not None and iri not in complete()):
        links = {u.iri for f in rule.facets for u in f.all_uses() if not isinstance(u, str)}
        assert all(g in links or g.count("#") == 2 for g in node.granted)


def test_rules_that_only_another_reading_wakes():
    asleep = {local_name(iri) for iri, (_, node) in found().items() if node is None}
    others = {"ImagingItself", "SpineSurgeryRequestedTogether", "AnotherApproachRequested", "InfiltrationIndication"}
    assert asleep == others
    for iri in (P + name for name in others):
        assert prover().fulfilled(found()[iri][0], clock(), any_reading=True) is not None


# ---- What cases show is found ------------------------------------------------------------------------


@pytest.mark.slow
def test_a_status_that_a_reading_changes_in_a_case_is_among_the_changes_found():
    """The other way round: no change that a record shows is held to be impossible."""
    policy, knowledge = prover().policy, load()
    defaults = policy.default_readings
    missed, seen = set(), set()
    for case in all_cases():
        if not any(f'"{code}"' in case.request.read_text(encoding="utf-8") for code in policy.codes):
            continue
        (record,) = intake.read(case.request, as_of=case.as_of, ontology=knowledge.ontology)
        for line in record.lines:
            weigher = weigher_of(list(line.triples), line.iri)
            for leaf in policy.leaves:
                before = weigher.leaf(leaf, defaults).status
                for a in (policy.ambiguity_by_iri[i] for i in relevant(policy, leaf)):
                    for r in a.readings:
                        after = weigher.leaf(leaf, {**defaults, a.iri: r.iri}).status
                        direct = a.iri in {f.ambiguity for rule in leaf.rules for f in rule.facets}
                        if after is not before and direct:
                            seen.add((a.notation, leaf.id))
                            if leaf.iri not in {t.leaf for t in prover().turns(a.iri, r.iri, clock())}:
                                missed.add((case.name, a.notation, r.notation, leaf.id))
    assert missed == set()
    assert len(seen) >= 35


def test_only_a_symptom_can_count_on_both_sides():
    """It may be attributed to the compression and to a cause outside; every other evidence takes one side."""
    both = {leaf.id for leaf in prover().policy.leaves if prover().both_sides(leaf.iri, clock()) is not None}
    assert both == {"symptoms"}


def test_electrodiagnosis_alone_fulfils_one_criterion_and_never_the_next():
    (one,) = prover().shortfalls(clock())
    assert (local_name(one.counts_for), local_name(one.asked_by)) == ("DocumentedCompression", "ImagingSupportsSurgery")
    assert one.always
    methods = {v for path, v in one.node.values if path.endswith("clin:modality")}
    assert methods == {CLIN.EMG.value}
    own, triples = record_of(one.node)
    weigher = weigher_of(triples, LINE_NODE.value)
    compression = prover().policy.by_iri[one.counts_for]
    assert own.value in weigher.leaf(compression, prover().policy.default_readings).nodes(Polarity.FOR)
    assert own.value not in weigher.fits[one.link.shape]


def test_what_rests_on_imaging_rests_on_a_test():
    """A link that asks for more implies the one that asks for less, so no such reading can take evidence away."""
    policy = prover().policy
    imaging = next(a for a in policy.ambiguities if a.notation == "A3")
    turns = prover().turns(imaging.iri, imaging.readings[1].iri, clock())
    assert {(t.before.value, t.after.value) for t in turns} == {("undocumented", "met"), ("undocumented", "to-judge")}


def test_a_line_out_of_scope_under_one_reading():
    policy = prover().policy
    approach = next(a for a in policy.ambiguities if a.notation == "A20")
    node = prover().crosses_scope(
        approach.iri, next(r.iri for r in approach.readings if r != approach.default), clock()
    )
    assert node is not None and node.values == (("cov:approach", COV.LaparoscopicApproach.value),)
    dates = next(a for a in policy.ambiguities if a.notation == "A22")
    assert prover().crosses_scope(dates.iri, dates.readings[1].iri, clock()) is None


# ---- Paths and values --------------------------------------------------------------------------------


@cache
def facets() -> Facets:
    return prover().facets


def path_of(shape: str):
    return facets().path(facets().shapes.one(NamedNode(shape), SH.path))


def test_a_path_is_parted_into_record_and_ontology():
    by = path_of(S + "ByElectrodiagnosis")
    assert by.key == "^clin:hasFinding / clin:modality"
    assert len(by.tail) == 1 and by.tail[0].repeated
    assert path_of(S + "BorderSiteTerm").key == ""


def test_a_step_that_may_be_left_out_makes_a_union():
    either = path_of(S + "ByImaging")
    keys = [v.key for v in either.variants]
    assert keys == ["^clin:hasFinding / clin:modality", "cov:basedOn / ^clin:hasFinding / clin:modality"]


def test_a_path_that_branches_is_not_followed():
    about = path_of("https://w3id.org/plexus/shapes/evidence#AboutTheIndication")
    assert not about.followed
    assert facets().candidates(about, [CLIN.MRI], [], 1) == [NamedNode(OTHER)]


def test_values_are_those_that_the_request_shapes_admit():
    outcome = facets().path(CLIN.outcome)
    assert len(facets().candidates(outcome, [], [])) == 10
    limits = request_limits(Triples(load().shapes("request.ttl")))
    assert CLIN.kind in limits.single and CLIN.modality not in limits.single
    assert CLIN.Finding.value in limits.wanted[CLIN.presence]


def test_numbers_are_taken_around_their_bounds():
    strength = facets().path(CLIN.strengthGrade)
    assert [v.value for v in facets().candidates(strength, [Literal("5", datatype=XSD.integer)], [])] == ["4", "5", "6"]


@pytest.mark.parametrize(
    ("text", "constraint", "asked", "fits"),
    [
        ("4", SH.maxExclusive, "5", True),
        ("5", SH.maxExclusive, "5", False),
        ("5", SH.maxInclusive, "5", True),
        ("4", SH.minInclusive, "4", True),
        ("1", SH.minExclusive, "1", False),
        ("G54.1", SH.pattern, "^G54", True),
        ("M51", SH.pattern, "^G54", False),
        ("many", SH.minInclusive, "4", False),
    ],
)
def test_literals_are_held_against_bounds_and_patterns(text, constraint, asked, fits):
    assert literal_fits(Literal(text), constraint, Literal(asked)) is fits


def test_a_shape_on_a_value_is_decided_by_the_ontology_or_not_at_all():
    assert facets().value_fits(CLIN.MRI, NamedNode(S + "ListedModalityTerm")) is True
    assert facets().value_fits(CLIN.Imaging, NamedNode(S + "ListedModalityTerm")) is False
    assert facets().value_fits(CLIN.ScarTissue, NamedNode(S + "CompressiveMechanismTerm")) is True
    assert facets().value_fits(NamedNode("urn:x:trauma"), NamedNode(S + "AcuteEvent")) is None


# ---- A made policy: counts, numbers, and what is not followed ----------------------------------------

MADE = """
@prefix sh: <http://www.w3.org/ns/shacl#> . @prefix clin: <https://w3id.org/plexus/clinical#> .
@prefix x: <urn:x#> . @prefix skos: <http://www.w3.org/2004/02/skos/core#> .
x:Three a sh:PropertyShape ; sh:path clin:agent ; sh:minCount 3 .
x:AtMostOne a sh:PropertyShape ; sh:path clin:agent ; sh:maxCount 1 .
x:SixWeeks a sh:PropertyShape ; sh:path clin:durationInDays ; sh:minCount 1 ; sh:minInclusive 42 .
x:FourWeeksAtMost a sh:PropertyShape ; sh:path clin:durationInDays ; sh:minCount 1 ; sh:maxInclusive 28 .
x:Typed a sh:PropertyShape ; sh:path clin:agent ; sh:class clin:Drug .
x:Untyped a sh:NodeShape ; sh:not x:Typed .
x:TwoListed a sh:PropertyShape ; sh:path clin:kind ; sh:qualifiedValueShape x:Listed ; sh:qualifiedMinCount 2 .
x:Listed a sh:NodeShape ; sh:in ( clin:A clin:B clin:C ) .
x:FewListed a sh:PropertyShape ; sh:path clin:kind ; sh:qualifiedValueShape x:Listed ; sh:qualifiedMaxCount 1 .
x:Either a sh:NodeShape ; sh:xone ( x:SixWeeks x:Three ) .
x:NotBoth a sh:NodeShape ; sh:not x:Both . x:Both a sh:NodeShape ; sh:and ( x:SixWeeks x:Three ) .
"""
FITS = [
    (("Three",), True),
    (("Three", "AtMostOne"), False),
    (("SixWeeks",), True),
    (("SixWeeks", "FourWeeksAtMost"), False),
    (("TwoListed",), True),
    (("TwoListed", "FewListed"), True),
    (("Typed", "Untyped"), False),
    (("Either", "SixWeeks"), True),
    (("Either", "SixWeeks", "Three"), False),
    (("NotBoth", "SixWeeks", "Three"), False),
    (("NotBoth", "SixWeeks"), True),
]


@pytest.mark.parametrize(("asked", "possible"), FITS, ids=["+".join(a) for a, _ in FITS])
def test_what_shapes_can_ask_for_together(asked, possible):
    """Bounds hold of every value; what is not followed (a class, a count of at most) may hold or not."""
    shapes = Triples(read_triples(MADE.encode(), format="turtle").triples)
    made = Facets(shapes, [], Triples([]))
    facet = Facet("urn:x#facet", None, tuple(f"urn:x#{name}" for name in asked))
    facts = EvidenceFacts(
        made, prover().policy, CLIN.Treatment.value, [Asked("urn:x#rule", "urn:x#leaf", "for", (facet,))]
    )
    control = Control(["--warn=none", "--models=0"])
    control.add("base", [], "\n".join([*status_facts(), *facts.lines, 'asked("urn:x#rule").']))
    for name in ("shapes.lp", "facets.lp"):
        control.add("base", [], resources.package_file(f"proving/{name}").read_text(encoding="utf-8"))
    control.ground([(part, []) for part in ("base", "shapes", "node", "rule_fits", "defaults")])
    assert (best(control, clock()) is not None) is possible


def test_a_property_that_a_request_states_once_has_one_value():
    limits = "[] a sh:NodeShape ; sh:targetClass clin:Treatment ; sh:property x:One . x:One a sh:PropertyShape ; "
    request = MADE.split("x:Three")[0] + limits + "sh:path clin:durationInDays ; sh:maxCount 1 ."
    shapes = Triples(read_triples(MADE.encode(), format="turtle").triples)
    made = Facets(shapes, read_triples(request.encode(), format="turtle").triples, Triples([]))
    facet = Facet("urn:x#facet", None, ("urn:x#SixWeeks", "urn:x#FourWeeksAtMost"))
    facts = EvidenceFacts(
        made, prover().policy, CLIN.Treatment.value, [Asked("urn:x#rule", "urn:x#leaf", "for", (facet,))]
    )
    assert 'single("clin:durationInDays").' in facts.lines
