"""Lines of one mark come out alike under all readings, so that their hinges may be found out once for all."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from itertools import combinations

import pytest
from test_batch_chunk import rows

from reasoner.batch import alike, hinging
from reasoner.batch import chunk as chunks
from reasoner.batch.alike import marks_of
from reasoner.batch.assigning import groups_of
from reasoner.batch.columns import columns_of
from reasoner.batch.governing import governed
from reasoner.batch.plan import Plan, Profile
from reasoner.knowledge import load
from reasoner.synthetic.chunk import Recipe, chunk
from reasoner.tables.schema import nested_schema, schema_of

pa = pytest.importorskip("pyarrow")
np = pytest.importorskip("numpy")
AS_OF = date(2026, 6, 30)
PLAN = Plan(None, AS_OF, (Profile("default", {}),), None, False, True, "r")


def generated(number: int, seed: int = 3):
    return chunk(Recipe(seed, AS_OF), schema_of(load()), np.arange(number)).requests


def cases():
    return pa.Table.from_pylist(list(rows().values()), schema=nested_schema(schema_of(load())))


def weighers(table):
    """The editions with the lines that they govern, as a chunk weighs them."""
    context = chunks.context_of(PLAN)
    columns = columns_of(table, context.schema, context.coding)
    own = chunks._Chunk(context, columns)
    lines = own.accepted_lines(own.refused())
    found = governed(columns, context.policies, None, {})
    for number, policy in enumerate(context.policies):
        group = groups_of(columns, lines, found, number)
        if group is not None:
            yield policy, own._weigher(policy, group)


def outcomes_under_all(policy, weigher, pairs=False):
    """What every change of a reading, and of two of one criterion, makes of every view: statuses and scope."""
    default = policy.default_readings
    changes = [{a.iri: r.iri} for a in policy.ambiguities for r in a.readings]
    if pairs:
        changes += [{**one, **two} for one, two in combinations(changes, 2) if one.keys() != two.keys()]
    out = []
    for change in changes:
        readings = {**default, **change}
        out += [weigher.codes(leaf, readings) for leaf in policy.leaves] + [weigher.outside(readings)]
    return np.unique(np.stack(out), axis=0)  # what every reading leaves alike is told once


def contradicted(marks, outcomes) -> int:
    """How many marks stand for views that do not come out alike."""
    whole = {(m, outcomes[:, i].tobytes()) for i, m in enumerate(marks.tolist())}
    return len(whole) - len(np.unique(marks))


@pytest.mark.parametrize("table", [cases, lambda: generated(4000)], ids=["cases", "generated"])
def test_views_of_one_mark_have_one_outcome_under_every_reading(table):
    seen = 0
    for policy, weigher in weighers(table()):
        marks = marks_of(weigher)
        assert contradicted(marks, outcomes_under_all(policy, weigher)) == 0, policy.name
        seen += len(marks)
        if table is not cases:
            assert len(np.unique(marks)) < 0.8 * len(marks), policy.name
    assert seen >= 240


@pytest.mark.slow
def test_nor_do_two_readings_together_tell_them_apart():
    for policy, weigher in weighers(generated(1500, seed=8)):
        assert contradicted(marks_of(weigher), outcomes_under_all(policy, weigher, pairs=True)) == 0, policy.name


WITHOUT = {
    "links": ("_led", lambda self, paths, marks, block: np.zeros(self.weigher.evaluation.size(block), np.uint64)),
    "facets": ("_fits", lambda self, uses, block: True),
    "scope": ("_scope", lambda self, marks: np.zeros(self.weigher.view.views, np.uint64)),
}


@pytest.mark.parametrize("name", WITHOUT)
def test_a_mark_without_one_of_its_parts_would_be_contradicted(name, monkeypatch):
    monkeypatch.setattr(alike._Marker, *WITHOUT[name])
    found = [
        contradicted(marks_of(w), outcomes_under_all(p, w)) for t in (cases(), generated(4000)) for p, w in weighers(t)
    ]
    assert sum(found) > 0


def test_a_view_that_leads_back_from_what_records_share_is_like_no_other():
    """What is about no row of its request is about something that all such requests seem to share."""
    made = generated(400).to_pylist()
    some = [r for r in made if r["symptoms"]][:6]
    for row in some:
        row["symptoms"][0]["about"] = ["nowhere"]
    twins = [{**some[0], "identifier": f"twin-{i}"} for i in range(2)]
    table = pa.Table.from_pylist([*made, *twins], schema=nested_schema(schema_of(load())))
    context = chunks.context_of(PLAN)
    own = chunks._Chunk(context, columns_of(table, context.schema, context.coding))
    lines = np.arange(own.columns.tables["lines"].size, dtype=np.int32)  # those of rejected requests as well
    found = governed(own.columns, context.policies, None, {})
    seen = 0
    for number, policy in enumerate(context.policies):
        group = groups_of(own.columns, lines, found, number)
        weigher = own._weigher(policy, group)
        marker = alike._Marker(weigher)
        marks, again = marker.views(), marks_of(weigher)
        apart = np.unique(np.concatenate([np.empty(0, np.int32), *marker.apart]))
        seen += len(apart)
        assert (np.bincount(np.unique(marks, return_inverse=True)[1][apart], minlength=1) <= 1).all()
        assert (np.delete(marks, apart) == np.delete(again, apart)).all() and not np.isin(marks[apart], again).any()
        assert contradicted(marks, outcomes_under_all(policy, weigher)) == 0
    assert seen >= 3


def texts(reviewed) -> list[str]:
    return reviewed.outcomes.column("hinges").cast(pa.string()).to_pylist()


def test_hinges_are_those_that_are_found_line_by_line(monkeypatch):
    table = generated(1500)
    hinging.known_hinges.cache_clear()
    shared = chunks.review_table(table, PLAN)
    again = chunks.review_table(table, PLAN)
    monkeypatch.setattr(chunks, "marks_of", lambda weigher: None)
    direct = chunks.review_table(table, PLAN)
    assert texts(shared) == texts(direct) and len(set(texts(direct))) > 50
    assert again.outcomes.equals(shared.outcomes)  # what is known already leaves no trace, not even in dictionaries


def test_what_is_known_does_not_mix_profiles(monkeypatch):
    table = generated(300)
    other = replace(PLAN, profiles=(Profile("either", {"A9": "any"}),))
    chunks.review_table(table, PLAN)
    found = chunks.review_table(table, other)
    monkeypatch.setattr(chunks, "marks_of", lambda weigher: None)
    assert texts(chunks.review_table(table, other)) == texts(found) != texts(chunks.review_table(table, PLAN))


def test_what_is_known_does_not_mix_editions_in_force_and_named(monkeypatch):
    table = generated(300)
    edition = next(p.name for p in load().policies if p.number == "0587")
    named = replace(PLAN, edition=edition)
    dated = texts(chunks.review_table(table, PLAN))
    found = texts(chunks.review_table(table, named))
    monkeypatch.setattr(chunks, "marks_of", lambda weigher: None)
    assert texts(chunks.review_table(table, named)) == found
    assert texts(chunks.review_table(table, PLAN)) == dated


def test_what_is_known_is_forgotten_once_it_is_too_much(monkeypatch):
    monkeypatch.setattr(hinging, "MOST_KNOWN", 2)
    known = hinging.Known({1: "a", 2: "b", 3: "c"})
    known.room()
    assert not known.texts


def test_lines_of_one_mark_are_looked_at_once():
    asked = []

    def search(some):
        asked.append(some.tolist())
        return hinging.HingeTexts(
            np.arange(1, len(some) + 1, dtype=np.int32), ["", *(f"of {i}" for i in some.tolist())]
        )

    known = hinging.Known({5: "known"})
    found = hinging.hinges_by_marks(np.array([7, 5, 7, 9], np.uint64), known, search)
    assert asked == [[0, 3]]
    assert [found.texts[n] for n in found.numbers.tolist()] == ["of 0", "known", "of 0", "of 3"]
    assert found.texts == ["", "of 0", "known", "of 3"]
