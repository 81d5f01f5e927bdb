"""The decision table of an edition is complete, its rows are disjoint, and it says what the logic program says."""

from __future__ import annotations

import csv
import io
import json
import random
from dataclasses import replace
from itertools import product

import pytest
from click.testing import CliRunner

from reasoner.cli import main
from reasoner.decision_table import LARGEST, VALUES, _ways, decision_table
from reasoner.determine import Program, as_group_status, tree_statuses
from reasoner.errors import DecisionTableError
from reasoner.knowledge import load
from reasoner.model import Basis, GroupStatus, Kind, Recommendation, Status
from reasoner.policy import Constraint
from reasoner.render import decision_table as render

POLICIES = {p.number: p for p in load().policies}
READINGS = [("0587", {}), ("0587", {"A10": "any-one"}), ("0587", {"A10": "two-or-more"}), ("CMM-608", {})]


def table_of(number, chosen=None, **more):
    policy = POLICIES[number]
    return decision_table(policy, policy.own_readings(chosen or {}), **more)


def vectors_of(policy, number=400):
    pick = random.Random(5)
    # Mostly met, so that approvals and what lies next to them are among them.
    weights = [[1, 1, 1, 1, 1], [30, 1, 1, 1, 1], [30, 4, 0, 0, 0]]
    return [tuple(pick.choices(list(Status), weights[i % 3], k=len(policy.leaves))) for i in range(number)]


def disagreements(table, policy, vectors):
    """The vectors for which the table says otherwise than the program."""
    program = Program(policy)
    out = []
    for vector in vectors:
        leaves = {leaf.iri: s for leaf, s in zip(policy.leaves, vector, strict=True)}
        row, decision = table.row(table.combination(leaves)), program.decide(vector, table.readings)
        labels = {c.iri: c.label for c in policy.constraints}
        told = (row.recommendation, row.basis, row.constraint)
        if told != (decision.recommendation, decision.basis, labels.get(decision.constraint)):
            out.append(vector)
    return out


@pytest.mark.parametrize(("number", "chosen"), READINGS)
def test_every_combination_fits_exactly_one_row(number, chosen):
    table = table_of(number, chosen)
    for combination in product(VALUES, repeat=len(table.columns)):
        assert sum(row.fits(combination) for row in table.rows) == 1


@pytest.mark.parametrize(("number", "chosen"), READINGS)
def test_the_table_says_what_the_program_says_of_random_records(number, chosen):
    table, policy = table_of(number, chosen), POLICIES[number]
    vectors = vectors_of(policy)
    assert disagreements(table, policy, vectors) == []
    seen = {table.row(table.combination(dict(zip((x.iri for x in policy.leaves), v, strict=True)))) for v in vectors}
    assert {r.recommendation for r in seen} == {Recommendation.APPROVE, Recommendation.DENY, Recommendation.PEND}


@pytest.mark.slow
def test_the_table_says_what_the_program_says_under_every_reading_that_regroups(each_policy):
    for reading, ambiguity in {r.iri: a.iri for a in each_policy.ambiguities for r in a.readings if r.regroups}.items():
        table = decision_table(each_policy, {**each_policy.default_readings, ambiguity: reading})
        assert disagreements(table, each_policy, vectors_of(each_policy, 1500)) == []
        assert sum(r.combinations for r in table.rows) == 3 ** len(each_policy.leaves)


def test_a_table_with_a_wrong_row_is_found_out():
    table, policy = table_of("0587"), POLICIES["0587"]
    wrong = [replace(r, recommendation=Recommendation.PEND) if r.basis is Basis.CRITERIA_MET else r for r in table.rows]
    assert disagreements(replace(table, rows=tuple(wrong)), policy, vectors_of(policy)) != []


def test_the_table_is_as_short_as_its_logic_allows():
    # One row for each required node that is unmet, one for each that is open, the approval, and two for the exclusion.
    for number, exclusion in (("0587", 2), ("CMM-608", 0)):
        table = table_of(number)
        required = [c for c in table.columns if c.kind is not Kind.EXCLUSION]
        assert len(table.rows) == 2 * len(required) + 1 + exclusion


def test_the_rows_stand_for_all_combinations_of_leaves():
    for number in POLICIES:
        for full in (False, True):
            table = table_of(number, full=full)
            assert sum(r.combinations for r in table.rows) == 3 ** len(POLICIES[number].leaves)


@pytest.mark.parametrize("number", POLICIES)
def test_combinations_of_a_group_are_counted_as_they_are(number):
    policy = POLICIES[number]
    readings = policy.default_readings
    for group in (c for c in policy.criteria if not c.is_leaf):
        below = [x.iri for x in policy.leaves if _under(policy, x.iri, group.iri)]
        counted = dict.fromkeys(VALUES, 0)
        for statuses in product((Status.MET, Status.UNMET, Status.TO_JUDGE), repeat=len(below)):
            known = {x.iri: Status.UNDOCUMENTED for x in policy.leaves} | dict(zip(below, statuses, strict=True))
            counted[tree_statuses(policy, known, readings)[group.iri]] += 1
        assert _ways(policy, group.iri, readings) == counted


def _under(policy, leaf, group):
    parents = {m: c.iri for c in policy.criteria for m in c.members}
    while leaf in parents:
        leaf = parents[leaf]
        if leaf == group:
            return True
    return False


def test_a_reading_changes_the_table():
    default, any_one = table_of("0587"), table_of("0587", {"A10": "any-one"})
    shares = [
        sum(r.combinations for r in t.rows if r.recommendation is Recommendation.APPROVE) for t in (default, any_one)
    ]
    assert shares[0] < shares[1]


def test_a_group_of_which_a_constraint_names_a_member_is_taken_apart():
    policy = POLICIES["0587"]
    by_id = {c.id: c.iri for c in policy.criteria}
    pair = (by_id["injection"], by_id["symptoms"])
    tied = replace(policy, constraints=(*policy.constraints, Constraint("urn:x", "tied", "", pair)))
    table = decision_table(tied)
    ids = [c.id for c in table.columns]
    assert "injection" in ids and "conservative" not in ids and "trauma-waiver" in ids
    assert disagreements(table, tied, vectors_of(tied)) == []
    assert any(r.constraint == "tied" for r in table.rows)


def test_a_full_table_has_a_row_for_each_combination():
    table = table_of("0587", full=True)
    assert len(table.rows) == 3 ** len(table.columns)
    assert all(len(s) == 1 for r in table.rows for s in r.statuses)
    merged = table_of("0587")
    for row in table.rows:
        (combination,) = product(*row.statuses)
        assert merged.row(combination).recommendation is row.recommendation


def test_a_table_that_is_too_large_is_refused(monkeypatch):
    assert LARGEST >= 3**12
    monkeypatch.setattr("reasoner.decision_table.LARGEST", 100)
    with pytest.raises(DecisionTableError, match="729 combinations"):
        table_of("0587")


# ---- As it is written ------------------------------------------------------------------------------


def invoke(*args):
    return CliRunner().invoke(main, ["table", *args])


def test_csv_json_and_parquet_hold_the_same_rows(tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    rows = list(csv.DictReader(io.StringIO(invoke("0587", "--format", "csv").output)))
    told = json.loads(invoke("0587", "--format", "json").output)
    assert invoke("0587", "-o", str(tmp_path / "t.parquet")).exit_code == 0
    table = parquet.read_table(tmp_path / "t.parquet").to_pylist()
    assert [{k: str(v) if v is not None else "" for k, v in r.items()} for r in table] == rows
    assert len(told["rows"]) == len(rows) == len(table_of("0587").rows)
    for row, other in zip(rows, told["rows"], strict=True):
        for column in told["columns"]:
            cell = other["statuses"][column["id"]]
            assert row[column["id"]] == ("any" if len(cell) == 3 else "|".join(cell))
        assert (row["recommendation"], row["combinations"]) == (other["recommendation"], str(other["combinations"]))


def test_text_explains_its_letters_and_constraints():
    shown = invoke("0587").output
    for column in table_of("0587").columns:
        assert f"{column.id}: {column.label}" in shown
    assert "only a person determines" in shown and "13 rows decide all 19,683 combinations" in shown
    assert "compression and other-indication cannot be met" in shown
    assert max(map(len, shown.splitlines())) <= 100
    assert "A10=any-one" in invoke("0587", "--reading", "A10=any-one").output


def test_mistakes_are_told_in_a_sentence():
    for args, code, words in [
        (["0999"], 1, "no policy or edition 0999"),
        (["0587", "--reading", "A10=some"], 2, "no reading 'some'"),
        (["0587", "--format", "parquet"], 2, "needs a file; name it with -o"),
    ]:
        found = invoke(*args)
        assert found.exit_code == code and words in found.output and "Traceback" not in found.output


def test_a_leaf_status_is_what_a_column_makes_of_it():
    table, policy = table_of("0587"), POLICIES["0587"]
    leaves = {x.iri: Status.TO_JUDGE for x in policy.leaves}
    assert set(table.combination(leaves)) == {GroupStatus.OPEN} == {as_group_status(Status.TO_JUDGE)}
    assert len(render.records(table)) == len(table.rows)
