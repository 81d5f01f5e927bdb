"""The columnar engine gives the results of pySHACL and of pyshifty on cases and on random shapes over random data.

Where they differ, it is by a bug of theirs that is named and shown here (:mod:`known_bugs`).
"""

from __future__ import annotations

import random
from collections import Counter

import pytest
from conftest import Case
from hypothesis import given, settings
from hypothesis import strategies as st
from known_bugs import BUGS, Bug
from pyoxigraph import Literal, NamedNode
from reports import ANY_PATH, ENGINES, Row, Rows, columnar, report_rows
from shape_graphs import CLASSES, NAMES, SUBCLASSES, Drawn, data_graphs, graph_number, graphs
from test_columnar_edges import Edge, triples

from reasoner import intake
from reasoner.engine_columnar import ColumnarEngine
from reasoner.knowledge import Knowledge
from reasoner.policy import Policy
from reasoner.triples import RDF_TYPE, Spo, Triples
from reasoner.vocabulary import SH, XSD

each_engine = pytest.mark.parametrize("engine", sorted(ENGINES))


def compared(rows: Rows, shapes: tuple[Spo, ...], engine: str) -> Rows:
    """Rows as far as an engine tells them: messages that the shape has, and paths that pyshifty writes."""
    with_message = {f"{s}" for s, p, _ in shapes if p == SH.message}
    out: Rows = Counter()
    for row, number in rows.items():
        focus, path, value, shape, component, severity, messages = row
        if engine == "pyshifty" and path and not is_iri(path):
            path = ANY_PATH
        kept: Row = (focus, path, value, shape, component, severity, messages if shape in with_message else ())
        out[kept] += number
    return out


def is_iri(path: str) -> bool:
    return path.startswith("<") and path.find(">") == len(path) - 1


def agree(data: tuple[Spo, ...], shapes: tuple[Spo, ...], engine: str) -> Rows:
    """The rows of ours, which are those of another engine."""
    ours = compared(columnar(data, shapes), shapes, engine)
    theirs = compared(report_rows(ENGINES[engine](data, shapes)), shapes, engine)
    assert (ours - theirs, theirs - ours) == (Counter(), Counter()), f"only ours, only of {engine}"
    return ours


# ---- Cases -------------------------------------------------------------------------------------------


def policies_agree(case: Case, knowledge: Knowledge, engine: str) -> None:
    (record,) = intake.read(case.request, as_of=case.as_of)
    agree((*record.triples, *knowledge.arrangement), knowledge.shapes("request.ttl"), engine)
    for line in record.lines:
        data = (*line.triples, *knowledge.arrangement)
        for policy in knowledge.policies:
            assert agree(data, knowledge.policy_shapes(policy), engine)


@pytest.mark.slow
@pytest.mark.sampled(every=25)
def test_pyshacl_gives_the_same_results_on_a_case(case: Case, knowledge: Knowledge):
    policies_agree(case, knowledge, "pyshacl")


@pytest.mark.slow
@pytest.mark.sampled(every=10)
def test_pyshifty_gives_the_same_results_on_a_case(case: Case, knowledge: Knowledge):
    policies_agree(case, knowledge, "pyshifty")


@pytest.mark.slow
@pytest.mark.sampled(every=40)
def test_pyshifty_gives_the_same_results_by_the_default_shapes(case: Case, knowledge: Knowledge):
    (record,) = intake.read(case.request, as_of=case.as_of)
    for policy in knowledge.policies:
        agree((*record.lines[0].triples, *knowledge.arrangement), default_shapes(knowledge, policy), "pyshifty")


def default_shapes(knowledge: Knowledge, policy: Policy) -> tuple[Spo, ...]:
    return knowledge.shapes("policies", f"{policy.slug}.default.ttl")


SPOILT = [
    Literal("2025-02-30", datatype=XSD.date),
    Literal("2025-1-1", datatype=XSD.date),
    Literal("", datatype=XSD.integer),
    Literal("text"),
    NamedNode("urn:unheard-of"),
]


def spoilt(data: tuple[Spo, ...], chance: random.Random) -> tuple[Spo, ...]:
    """A record of which some statements are lost, doubled, or say what they cannot say."""
    out: list[Spo] = []
    for s, p, o in data:
        fate = chance.random()
        if fate > 0.06:
            out.append((s, p, o))
        if fate < 0.12 and p != RDF_TYPE:
            out.append((s, p, chance.choice([*SPOILT, chance.choice(data)[2]])))
    return tuple(dict.fromkeys(out))


@pytest.mark.slow
@pytest.mark.sampled(every=60)
@each_engine
def test_spoilt_records_give_the_same_results(case: Case, knowledge: Knowledge, engine: str):
    (record,) = intake.read(case.request, as_of=case.as_of)
    found: Rows = Counter()
    for seed in range(3):
        data = (*spoilt(tuple(record.triples), random.Random(f"{case.name}{seed}")), *knowledge.arrangement)
        for shapes in (knowledge.shapes("request.ttl"), *map(knowledge.policy_shapes, knowledge.policies)):
            left = without_bugs(Drawn(data, shapes), engine)
            found += agree(left.data, left.shapes, engine)
    assert any("request#" in row[3] for row in found)  # some spoilt record breaks a request shape


# ---- Random graphs -----------------------------------------------------------------------------------


def without_bugs(drawn: Drawn, engine: str) -> Drawn:
    for bug in BUGS:
        if bug.engine == engine:
            drawn = bug.removed_from(drawn)
    return drawn


@settings(max_examples=60, deadline=None)
@given(graphs())
def test_pyshacl_gives_the_same_results_on_graphs_that_hypothesis_draws(drawn: Drawn):
    left = without_bugs(drawn, "pyshacl")
    agree(left.data, left.shapes, "pyshacl")


@settings(max_examples=100, deadline=None)
@given(graphs())
def test_pyshifty_gives_the_same_results_on_graphs_that_hypothesis_draws(drawn: Drawn):
    left = without_bugs(drawn, "pyshifty")
    agree(left.data, left.shapes, "pyshifty")


def components_agreed(engine: str, seeds: range) -> set[str]:
    """The components of which there are results on random graphs, on which ours and another engine agree."""
    seen: set[str] = set()
    for seed in seeds:
        left = without_bugs(graph_number(seed), engine)
        try:
            seen.update(row[4] for row in agree(left.data, left.shapes, engine))
        except Exception as error:
            raise AssertionError(f"{error}\ngraph {seed}, {engine}:\n{left}") from error
    return seen


@each_engine
def test_engines_give_the_same_results_on_random_graphs_that_break_every_component(engine: str):
    """The comparison is no empty one: there are results of each component."""
    assert components_agreed(engine, range(1_500)) == COMPONENTS


@pytest.mark.exhaustive
@each_engine
def test_engines_give_the_same_results_on_many_random_graphs(engine: str):
    assert components_agreed(engine, range(1_500, 15_000)) == COMPONENTS


COMPONENTS = {
    f"<{SH[name + 'ConstraintComponent'].value}>"
    for name in (
        *("Class", "Datatype", "NodeKind", "MinCount", "MaxCount", "MinExclusive", "MinInclusive", "MaxExclusive"),
        *("MaxInclusive", "MinLength", "MaxLength", "Pattern", "LanguageIn", "UniqueLang", "Equals", "Disjoint"),
        *("LessThan", "LessThanOrEquals", "Not", "And", "Or", "Xone", "Node", "QualifiedMinCount"),
        *("QualifiedMaxCount", "Closed", "HasValue", "In"),
    )
}
"""Those of SHACL Core, without sh:property, which reports nothing of its own."""


@pytest.mark.parametrize("bug", BUGS, ids=lambda b: f"{b.engine} {b.name}")
def test_a_bug_of_another_engine_is_one(bug: Bug):
    """Ours reports what the specification asks for; theirs, on the same graphs, something else or nothing."""
    edge = Edge(*bug.example, violation=True, why=bug.why)
    data, shapes = triples(edge.data), triples(edge.shapes)
    ours = columnar(data, shapes)
    assert bool(ours) is (bug.name != "does not order booleans")
    try:
        theirs = report_rows(ENGINES[bug.engine](data, shapes))
    except Exception as error:  # noqa: BLE001 - theirs, whatever it is
        assert "stops" in bug.name, error
        return
    assert without_blank_names(theirs) != without_blank_names(ours)


def without_blank_names(rows: Rows) -> set[tuple[str, ...]]:
    return {tuple("_:" if cell.startswith("_:") else cell for cell in row[:6]) for row in rows}


@pytest.mark.parametrize(
    "bug", [b for b in BUGS if b.touched.__name__ != "never"], ids=lambda b: f"{b.engine} {b.name}"
)
def test_what_a_bug_touches_is_left_out_and_nothing_else(bug: Bug):
    edge = Edge(*bug.example, violation=True, why=bug.why)
    drawn = Drawn(triples(edge.data), triples(edge.shapes))
    left = bug.removed_from(drawn)
    constraint = bug.example[0].split()[-2]
    assert {str(p) for _, p, _ in set(drawn.shapes) - set(left.shapes)} == {str(SH[constraint.removeprefix("sh:")])}


# ---- A background that stays --------------------------------------------------------------------------


@given(graphs(), st.lists(data_graphs(), min_size=1, max_size=3))
@settings(max_examples=300, deadline=None)
def test_a_background_that_stays_changes_no_result(drawn: Drawn, more: list[list[Spo]]):
    """What is kept of the background from call to call is right for whatever stands before it."""
    for data in [*more, more[0]]:
        kept = ColumnarEngine().report(data, drawn.shapes, drawn.data)
        whole = ColumnarEngine().report((*drawn.data, *data), drawn.shapes)
        assert Counter(map(str, kept)) == Counter(map(str, whole))


def test_a_background_and_data_that_overlap_say_what_both_say():
    """A record may repeat what the vocabulary says of its terms; nothing is counted twice."""
    for seed in range(1_000):
        whole = graph_number(seed)
        chance = random.Random(seed)
        behind = tuple(t for t in whole.data if chance.random() < 0.7)
        before = [t for t in whole.data if t not in behind or chance.random() < 0.5]
        parted = ColumnarEngine().report(before, whole.shapes, behind)
        assert Counter(map(str, parted)) == Counter(map(str, ColumnarEngine().report(whole.data, whole.shapes))), seed


@given(graphs(), data_graphs())
@settings(max_examples=200, deadline=None)
def test_nodes_conform_that_have_no_result(drawn: Drawn, background: list[Spo]):
    """The nodes that conform are the instances on which the shape, asked of them alone, reports nothing."""
    engine, shape = ColumnarEngine(), NamedNode("urn:s:0")
    behind = tuple(background) or tuple(SUBCLASSES)
    found = engine.conforming(drawn.data, drawn.shapes, {shape.value: [c.value for c in CLASSES]}, behind)
    everything = Triples((*drawn.data, *behind))
    targets = {SH.targetNode, SH.targetClass, SH.targetSubjectsOf, SH.targetObjectsOf}
    plain = tuple(t for t in drawn.shapes if t[1] not in targets)
    for name in NAMES:
        is_instance = any(
            set(CLASSES) & everything.closure(cls, SUBCLASSES[0][1]) for cls in everything.objects(name, RDF_TYPE)
        )
        asked = (*plain, (shape, SH.targetNode, name))
        reported = engine.report(drawn.data, asked, behind)
        assert (name.value in found[shape.value]) is (is_instance and not reported)
