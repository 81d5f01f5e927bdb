"""Every constraint of the hand-written shapes matters: without it, or turned round, some case comes out otherwise.

A mutant is one constraint removed, or one shape negated. A case is told apart by the statuses of its leaves
under the default readings and under each single other reading, its scope, and the remarks made on it. The
runner is pyshifty, which agrees with pySHACL on every case (test_parity).
"""

from __future__ import annotations

from functools import cache

import pytest
from conftest import all_cases
from peers import Prepared
from pyoxigraph import NamedNode

from reasoner import intake
from reasoner.knowledge import load
from reasoner.notes import remark_notes
from reasoner.policy import Policy
from reasoner.triples import RDF_TYPE, Spo
from reasoner.vocabulary import COV, SH, compact, local_name
from reasoner.weigh import Weigher, fits_from, relevant

CONSTRAINTS = [
    SH[name]
    for name in [
        "and",
        "or",
        "not",
        "node",
        "property",
        "hasValue",
        "in",
        "minCount",
        "maxCount",
        "disjoint",
        "pattern",
        "minInclusive",
        "minExclusive",
        "maxInclusive",
        "maxExclusive",
        "qualifiedMinCount",
    ]
]
# With the qualified count goes the shape that it counts.
TOGETHER = {SH.qualifiedMinCount: [SH.qualifiedValueShape]}

EXPLAINED: dict[str, str] = {
    "evs:Nothing negated": "Rules that ask for nothing are dropped at generation, so the shape never runs.",
    "evs:Nothing without not": "Rules that ask for nothing are dropped at generation, so the shape never runs.",
    "p0587s:TargetElsewhere without not": "A failed injection at the plexus counts already.",
}


@cache
def hand_written() -> tuple[Spo, ...]:
    knowledge = load()
    return tuple(dict.fromkeys(t for policy in knowledge.policies for t in knowledge.facet_shapes(policy)))


@cache
def probes(policy: Policy) -> tuple[Spo, ...]:
    return load().shapes("policies", policy.probes_file)


def policies_of(line: intake.LineRecord) -> tuple[Policy, ...]:
    """The policies that govern the line's code; the line of a code that none governs is held against all."""
    code = line.triples.text(NamedNode(line.iri), COV.procedureCode)
    return tuple(p for p in load().policies if code in p.codes) or load().policies


@cache
def shape_names() -> tuple[NamedNode, ...]:
    found = {s for s, p, o in hand_written() if p == RDF_TYPE and o in (SH.NodeShape, SH.PropertyShape)}
    return tuple(sorted((s for s in found if isinstance(s, NamedNode)), key=str))


def without(shape: NamedNode, constraint: NamedNode) -> tuple[Spo, ...]:
    gone = [constraint, *TOGETHER.get(constraint, [])]
    return tuple(t for t in hand_written() if not (t[0] == shape and t[1] in gone))


def negated(shape: NamedNode) -> tuple[Spo, ...]:
    inner = NamedNode(shape.value + "-original")
    moved = tuple((inner, p, o) if s == shape else (s, p, o) for s, p, o in hand_written())
    return (*moved, (shape, RDF_TYPE, SH.NodeShape), (shape, SH["not"], inner))


def mutants() -> list[tuple[str, NamedNode, NamedNode | None]]:
    out: list[tuple[str, NamedNode, NamedNode | None]] = []
    for shape in shape_names():
        name = compact(shape.value)
        for constraint in CONSTRAINTS:
            if any(s == shape and p == constraint for s, p, _ in hand_written()):
                out.append((f"{name} without {local_name(constraint.value)}", shape, constraint))
        out.append((f"{name} negated", shape, None))
    return out


@cache
def prepared() -> list[tuple[str, str, intake.LineRecord, Prepared]]:
    knowledge = load()
    out = []
    for case in all_cases():
        (record,) = intake.read(case.request, as_of=case.as_of)
        for line in record.lines:
            data = Prepared((*line.triples, *knowledge.arrangement))
            out.append((f"{case.name}/{line.sequence}", record.iri, line, data))
    return out


def signature(line: intake.LineRecord, data: Prepared, shapes: tuple[Spo, ...]) -> tuple[object, ...]:
    return tuple(signature_under(policy, line, data, (*shapes, *probes(policy))) for policy in policies_of(line))


def signature_under(
    policy: Policy, line: intake.LineRecord, data: Prepared, shapes: tuple[Spo, ...]
) -> tuple[object, ...]:
    weigher = Weigher(policy, line.triples, fits_from(policy, line.iri, data.probe_results(shapes)))
    defaults = policy.default_readings
    readings = [defaults, *({**defaults, a.iri: r.iri} for a in policy.ambiguities for r in a.readings)]
    out: list[object] = []
    for leaf in policy.leaves:
        seen = {}
        for chosen in readings:
            key = tuple(chosen[a] for a in relevant(policy, leaf))
            if key not in seen:
                seen[key] = weigher.leaf(leaf, chosen).status
        out.append(tuple(seen.values()))
    out.append(tuple(weigher.in_scope(line.iri, s.facets, chosen) for s in policy.scope for chosen in readings))
    out.append(tuple(remark_notes(policy, weigher, defaults)))
    return tuple(out)


@cache
def baseline() -> dict[str, tuple[object, ...]]:
    return {name: signature(line, data, hand_written()) for name, _, line, data in prepared()}


KILLERS: list[str] = []
"""Cases in the order in which they killed last: the likely killer is tried first."""


def killer(shapes: tuple[Spo, ...]) -> str | None:
    order = {name: i for i, name in enumerate(reversed(KILLERS))}
    for name, _, line, data in sorted(prepared(), key=lambda x: order.get(x[0], len(order))):
        try:
            changed = signature(line, data, shapes) != baseline()[name]
        except Exception:  # the probes no longer report the line: the engine's own guard has caught the mutant
            changed = True
        if changed:
            if name in KILLERS:
                KILLERS.remove(name)
            KILLERS.append(name)
            return name
    return None


CHUNKS = 8
SAMPLE = {0, 4}
"""The chunks that every run takes; all of them are for ``-m exhaustive``."""


@pytest.mark.slow
@pytest.mark.parametrize(
    "chunk", [pytest.param(i, marks=[] if i in SAMPLE else [pytest.mark.exhaustive]) for i in range(CHUNKS)]
)
def test_every_mutant_is_noticed(chunk):
    survivors = []
    for name, shape, constraint in mutants()[chunk::CHUNKS]:
        shapes = negated(shape) if constraint is None else without(shape, constraint)
        if killer(shapes) is None:
            survivors.append(name)
    assert [s for s in survivors if s not in EXPLAINED] == []


def test_the_unmutated_shapes_survive():
    assert killer(hand_written()) is None


def test_explanations_are_of_mutants_that_exist():
    assert set(EXPLAINED) <= {name for name, _, _ in mutants()}
    assert all(reason.endswith(".") for reason in EXPLAINED.values())
