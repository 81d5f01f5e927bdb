"""Two outputs of batches side by side: which lines flip, and which criteria change with them."""

from __future__ import annotations

import json
from datetime import date

import pytest
from click.testing import CliRunner
from test_batch_chunk import rows

from reasoner.batch.flips import flips
from reasoner.batch.plan import Plan, Profile
from reasoner.batch.run import Options, run
from reasoner.cli import main
from reasoner.errors import BatchError
from reasoner.knowledge import load
from reasoner.tables.schema import nested_schema, schema_of

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")
DAY = date(2028, 1, 1)


@pytest.fixture(scope="module")
def outputs(tmp_path_factory):
    """All cases in two profiles; and half of them, in another order, under the second profile's readings only."""
    folder = tmp_path_factory.mktemp("outputs")
    both = (Profile("default", {}), Profile("lenient", {"A10": "any-one"}))
    for name, found, profiles in (
        ("all", list(rows().values()), both),
        ("half", list(rows().values())[::-2], (Profile("default", {"A10": "any-one"}),)),
    ):
        file = folder / f"{name}.parquet"
        pq.write_table(pa.Table.from_pylist(found, schema=nested_schema(schema_of(load()))), file)
        run([file], Plan(None, DAY, profiles, None, False, False, ""), folder / name, Options(workers=1))
    return folder


def counted(folder, one, other):
    """The flips, counted by hand."""
    table = pq.read_table(folder / "all" / "outcomes.parquet").to_pylist()
    by_line = {(o["request"], o["line"], o["profile"]): o["recommendation"] for o in table}
    keys = {(r, n) for r, n, _ in by_line}
    return sum(by_line[(*k, one)] != by_line[(*k, other)] for k in keys), len(keys)


def test_profiles_of_one_output(outputs):
    found = flips(outputs / "all", outputs / "all", ("default", "lenient"))
    flipped, lines = counted(outputs, "default", "lenient")
    assert (found.flipped, found.lines) == (flipped, lines) and flipped > 0
    assert sum(found.recommendations.values()) == lines
    assert set(found.criteria) >= {"treatments"} and sum(found.policies.values()) == flipped
    assert {p for p in found.recommendations if len(set(p.split(" -> "))) > 1} == set(found.examples)


def test_lines_in_another_order_and_lines_of_one_only(outputs):
    found = flips(outputs / "all", outputs / "half", ("lenient", "default"))
    assert found.flipped == 0 and found.only_new == 0
    assert 0 < found.only_old == counted(outputs, "default", "lenient")[1] - found.lines
    other = flips(outputs / "half", outputs / "all", ("default", "default"))
    assert other.flipped > 0 and other.only_new == found.only_old
    assert "profiles" in other.asked


def test_an_output_equals_itself(outputs):
    assert flips(outputs / "all", outputs / "all").flipped == 0


def test_the_command(outputs):
    def told(*args):
        return CliRunner().invoke(main, ["compare", *map(str, args)])

    text = told(outputs / "all", outputs / "all", "--profiles", "default", "lenient")
    assert text.exit_code == 0 and "come out otherwise" in text.stdout and "treatments" in text.stdout
    made = told(outputs / "half", outputs / "all", "--profiles", "default", "default", "--format", "json")
    assert json.loads(made.stdout)["flipped"] > 0
    assert told(outputs / "all", outputs / "all", "--fail-if-changed").exit_code == 0
    changed = told(outputs / "all", outputs / "all", "--profiles", "default", "lenient", "--fail-if-changed")
    assert changed.exit_code == 3
    assert "no profile strict" in told(outputs / "all", outputs / "all", "--profiles", "default", "strict").stderr
    assert told(outputs, outputs / "all").exit_code == 1
    with pytest.raises(BatchError, match="no whole output"):
        flips(outputs, outputs / "all")
