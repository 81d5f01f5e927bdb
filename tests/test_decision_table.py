"""The decision table decides every combination once, and as the logic program does."""

from __future__ import annotations

import csv
import io
import random

import pytest
from click.testing import CliRunner

from reasoner.cli import main
from reasoner.decision_table import STATUS, VALUES, decision_table, records
from reasoner.determine import program, tree_statuses
from reasoner.model import Recommendation, Status


def rows_for(table, vector):
    statuses = {leaf.iri: s for leaf, s in zip(table.policy.leaves, vector, strict=True)}
    tree = tree_statuses(table.policy, statuses, table.readings)
    return [r for r in table.rows if all(tree[c.iri] in v for c, v in zip(table.columns, r.values, strict=True))]


def some_readings(policy):
    yield policy.default_readings
    regrouping = {r.iri: a.iri for a in policy.ambiguities for r in a.readings if r.regroups}
    for reading, ambiguity in regrouping.items():
        yield {**policy.default_readings, ambiguity: reading}


@pytest.mark.slow
def test_each_combination_is_decided_by_one_row_as_the_program_decides_it(each_policy):
    for readings in some_readings(each_policy):
        table = decision_table(each_policy, readings)
        assert sum(r.combinations for r in table.rows) == 3 ** len(each_policy.leaves)
        pick = random.Random(3)
        for _ in range(1500):
            vector = tuple(pick.choice((*STATUS, Status.TO_JUDGE, Status.CONFLICTING)) for _ in each_policy.leaves)
            (row,) = rows_for(table, vector)
            assert row.decision == program(each_policy).decide(vector, readings)


def test_the_table_is_short_and_has_every_recommendation(policy):
    table = decision_table(policy, policy.default_readings)
    assert len(table.rows) < 30
    assert {r.decision.recommendation for r in table.rows} == set(Recommendation) - {Recommendation.NOT_APPLICABLE}


def test_a_wrong_row_would_be_noticed(policy):
    table = decision_table(policy, policy.default_readings)
    approve = next(r for r in table.rows if r.decision.recommendation is Recommendation.APPROVE)
    assert approve.combinations < 3 ** len(policy.leaves)
    wrong = [r for r in table.rows if r is not approve]
    assert sum(r.combinations for r in wrong) != 3 ** len(policy.leaves)


def test_the_command_prints_it(tmp_path):
    told = CliRunner().invoke(main, ["table", "0587"])
    assert told.exit_code == 0 and "19,683 combinations" in told.stdout and "excluded-indication" in told.stdout
    told = CliRunner().invoke(main, ["table", "0587", "--reading", "A10=any-one", "--format", "csv"])
    found = list(csv.DictReader(io.StringIO(told.stdout)))
    assert sum(int(r["combinations"]) for r in found) == 19_683
    pytest.importorskip("pyarrow")
    import pyarrow.parquet as pq

    file = tmp_path / "t.parquet"
    assert CliRunner().invoke(main, ["table", "0587", "--format", "parquet", "-o", str(file)]).exit_code == 0
    assert pq.read_table(file).num_rows < 30


@pytest.mark.slow
def test_the_full_table_has_every_combination(policy):
    table = decision_table(policy, policy.default_readings, full=True)
    assert len(table.rows) == 3 ** len(policy.leaves)
    assert len({r.values for r in table.rows}) == len(table.rows)
    assert all(len(v) == 1 and v < frozenset(VALUES) for r in table.rows for v in r.values)
    assert records(table)[0][policy.leaves[0].id] == "met"


@pytest.mark.parametrize(
    ("args", "code", "what"),
    [
        (["table", "9999"], 1, "no policy or edition 9999"),
        (["table", "0587", "--reading", "A10=never"], 2, "no reading"),
        (["table", "0587", "--format", "parquet"], 2, "needs a file"),
    ],
)
def test_wrong_usage(args, code, what):
    told = CliRunner().invoke(main, args)
    assert told.exit_code == code and what in told.stderr
