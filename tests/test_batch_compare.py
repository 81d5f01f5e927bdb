"""Two outputs of batches, or two profiles of one, are held together: what flips, and which criteria changed with it."""

from __future__ import annotations

import csv
import json
import random
from collections import Counter
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner
from test_batch_chunk import rows

from reasoner.batch import flips as module
from reasoner.batch.flips import StatusChange, compare_batches
from reasoner.batch.outcome_files import OutcomeFolder
from reasoner.batch.plan import Plan, Profile
from reasoner.batch.run import Options, run
from reasoner.cli import main
from reasoner.errors import BatchError
from reasoner.knowledge import load
from reasoner.tables.schema import nested_schema, schema_of

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")
DAY = date(2028, 1, 1)
WORDS = ("met", "unmet", "undocumented")
BASES = {"approve": "criteria-met", "deny": "criterion-unmet", "pend": "open"}


def line(request, number=1, recommendation="approve", profile="default", edition="2025-12-01", **statuses):
    return {
        "request": request,
        "line": number,
        "code": "64714",
        "recommendation": recommendation,
        "basis": BASES[recommendation],
        "next": "none",
        "policy": "0587",
        "edition": edition,
        "profile": profile,
        "run_id": "x",
        "compression": "met",
        "symptoms": "met",
        **statuses,
        "hinges": "",
    }


def folder(path: Path, lines, profiles=None, group=7, **said) -> OutcomeFolder:
    """An output of a batch, as far as a comparison reads it."""
    path.mkdir(parents=True)
    columns = {k: [r.get(k) for r in lines] for k in lines[0]}
    made = {
        k: pa.array(v, pa.int64()) if k == "line" else pa.array(v, pa.string()).dictionary_encode()
        for k, v in columns.items()
    }
    made["request"] = made["request"].cast(pa.string())
    pq.write_table(pa.table(made), path / "outcomes.parquet", row_group_size=group)
    manifest = {
        "run_id": "x",
        "version": "1",
        "as_of": "2026-01-01",
        "edition": None,
        "profiles": profiles or {"default": {}},
        "digests": {"policy": "p", "shapes": "s", "program": "l"},
        "inputs": [{"path": "a", "files": [{"file": "a", "sha256": "1"}]}],
        **said,
    }
    (path / "manifest.json").write_text(json.dumps(manifest))
    return OutcomeFolder(path)


def random_lines(seed, number=300):
    pick = random.Random(seed)
    out = []
    for i in range(number):
        status = pick.choice(WORDS)
        outcome = {"met": "approve", "unmet": "deny", "undocumented": "pend"}[status]
        out.append(line(f"R-{i // 2}", i % 2 + 1, outcome, symptoms=status, compression=pick.choice(WORDS)))
    return out


def expected(old, new):
    """The same comparison over dictionaries, row by row."""
    one, other = ({(r["request"], r["line"]): r for r in side} for side in (old, new))
    both = [(one[k], other[k]) for k in one if k in other]
    flipped = [(a, b) for a, b in both if a["recommendation"] != b["recommendation"]]
    moved = Counter((c, a[c], b[c]) for a, b in flipped for c in ("compression", "symptoms") if a.get(c) != b.get(c))
    matrix = Counter((a["recommendation"], b["recommendation"]) for a, b in both)
    return matrix, moved, {k for k in one if k not in other}, {k for k in other if k not in one}


@pytest.mark.parametrize("at_once", [10_000, 37])
@pytest.mark.parametrize("shuffled", [False, True])
def test_flips_are_those_of_a_comparison_row_by_row(tmp_path, monkeypatch, at_once, shuffled):
    monkeypatch.setattr(module, "AT_ONCE", at_once)
    old, new = random_lines(1), random_lines(2)
    if shuffled:
        new = new[20:] + [line("extra"), line("extra", 2)]
        random.Random(3).shuffle(new)
    compared = compare_batches(folder(tmp_path / "a", old), folder(tmp_path / "b", new))
    (pair,) = compared.pairs
    matrix, moved, only_before, only_after = expected(old, new)
    assert pair.matrix == matrix
    assert {(c.criterion, c.before, c.after): c.lines for c in pair.criteria} == moved
    assert (pair.only_before, pair.only_after) == (len(only_before), len(only_after))
    assert set(pair.shown[0]) <= only_before and set(pair.shown[1]) <= only_after
    assert bool(pair.shown[0]) == bool(only_before)
    assert pair.flipped == pair.table.num_rows == sum(n for (a, b), n in matrix.items() if a != b) > 0
    told = {(r["request"], r["line"]): r for r in pair.table.to_pylist()}
    before = {(r["request"], r["line"]): r for r in old}
    after = {(r["request"], r["line"]): r for r in new}
    for key, row in told.items():
        assert row["recommendation_before"] == before[key]["recommendation"]
        assert row["recommendation_after"] == after[key]["recommendation"]
        assert (f"symptoms: {before[key]['symptoms']} → {after[key]['symptoms']}") in row["criteria"]


def test_the_order_of_rows_does_not_matter(tmp_path):
    old, new = random_lines(1), random_lines(2)
    one = compare_batches(folder(tmp_path / "a", old), folder(tmp_path / "b", new)).pairs[0]
    other = compare_batches(OutcomeFolder(tmp_path / "a"), folder(tmp_path / "c", new[::-1])).pairs[0]
    assert (one.matrix, one.criteria) == (other.matrix, other.criteria)
    assert sorted(map(str, one.table.to_pylist())) == sorted(map(str, other.table.to_pylist()))


def test_two_profiles_of_one_output(tmp_path):
    lines = [line("a"), line("a", profile="strict", recommendation="deny", symptoms="unmet"), line("b")]
    lines.append(line("b", profile="strict"))
    out = folder(tmp_path / "a", lines, {"default": {}, "strict": {"A10": "each-listed"}})
    compared = compare_batches(out, out, ("default", "strict"))
    (pair,) = compared.pairs
    assert pair.matrix == {("approve", "approve"): 1, ("approve", "deny"): 1}
    assert pair.criteria == (StatusChange("symptoms", "met", "unmet", 1),)
    assert compared.inputs == ("reading of A10: by default → each-listed",)
    with pytest.raises(BatchError, match="compared with itself"):
        compare_batches(out, out)


def test_profiles_are_paired_by_name(tmp_path):
    lines = [line("a"), line("a", profile="strict")]
    both = folder(tmp_path / "a", lines, {"default": {}, "strict": {}})
    one = folder(tmp_path / "b", [line("a", profile="strict")], {"strict": {}})
    other = folder(tmp_path / "c", [line("a", profile="mild")], {"mild": {}})
    assert [(p.before, p.after) for p in compare_batches(both, one).pairs] == [("strict", "strict")]
    assert [(p.before, p.after) for p in compare_batches(one, other).pairs] == [("strict", "mild")]
    with pytest.raises(BatchError, match="No profile of .*default, strict.* has the name"):
        compare_batches(both, other)
    with pytest.raises(BatchError, match="no profile 'x'"):
        compare_batches(both, one, ("x", "strict"))


def test_another_edition_and_what_else_the_runs_were_made_with_is_said(tmp_path):
    old = folder(tmp_path / "a", [line("a"), line("b")])
    later = [line("a", recommendation="deny", edition="2027-01-01", compression=None, fresh="unmet")]
    new = folder(
        tmp_path / "b",
        [*later, line("b", edition="2027-01-01", fresh="met")],
        as_of="2027-02-01",
        version="2",
        digests={"policy": "q", "shapes": "s", "program": "l"},
        inputs=[{"path": "a", "files": [{"file": "a", "sha256": "2"}]}],
    )
    compared = compare_batches(old, new)
    (pair,) = compared.pairs
    assert pair.editions == {("0587/2025-12-01", "0587/2027-01-01"): 1}
    changed = {(c.criterion, c.before, c.after) for c in pair.criteria}
    assert changed == {("compression", "met", "none"), ("fresh", "none", "unmet")}
    assert [i.partition(":")[0] for i in compared.inputs] == [
        "version of plexus",
        "day of the review",
        "policies and ontology",
        "requests",
    ]


def test_a_line_that_stands_twice_is_refused(tmp_path):
    for name, lines in (("a", [line("a"), line("a")]), ("b", [line("b"), line("a")])):
        folder(tmp_path / name, lines)
    with pytest.raises(BatchError, match="stands twice"):
        compare_batches(OutcomeFolder(tmp_path / "a"), OutcomeFolder(tmp_path / "b"))


# ---- The command -----------------------------------------------------------------------------------


@pytest.fixture
def two(tmp_path):
    folder(tmp_path / "a", [*random_lines(1, 40), line("gone")])
    folder(tmp_path / "b", random_lines(2, 40))
    return str(tmp_path / "a"), str(tmp_path / "b")


def invoke(*args):
    return CliRunner().invoke(main, ["compare", *args])


def test_text_tells_the_matrix_and_the_lines_in_one_only(two):
    done = invoke(*two)
    pair = compare_batches(*(OutcomeFolder(Path(p)) for p in two)).pairs[0]
    assert done.exit_code == 0
    assert f"{pair.flipped} of 40 lines come out otherwise" in done.stdout
    assert "1 lines are only in the outcomes before" in done.stdout and "gone line 1" in done.stdout
    row = next(r for r in done.stdout.splitlines() if r.strip().startswith("approve "))
    assert row.split()[1:] == [str(pair.matrix.get(("approve", x), 0)) for x in ("approve", "deny", "pend")]


def test_json_and_the_table_of_flips_agree(two, tmp_path):
    for name in ("flips.csv", "flips.parquet"):
        done = invoke(*two, "--format", "json", "--flips", str(tmp_path / name))
        assert done.exit_code == 0, done.output
    (told,) = json.loads(done.stdout)["profiles"]
    listed = list(csv.DictReader((tmp_path / "flips.csv").open(encoding="utf-8")))
    table = pq.read_table(tmp_path / "flips.parquet").to_pylist()
    assert len(listed) == len(table) == told["flipped"] > 0
    assert [r["request"] for r in listed] == [r["request"] for r in table]
    counts = Counter((r["recommendation_before"], r["recommendation_after"]) for r in listed)
    assert counts == {
        (x["before"], x["after"]): x["lines"] for x in told["recommendations"] if x["before"] != x["after"]
    }


def test_fail_if_changed_heeds_flips_and_lines_in_one_only(two, tmp_path):
    assert invoke(*two, "--fail-if-changed").exit_code == 3
    for name, lines in (("c", [line("a")]), ("d", [line("a")]), ("e", [line("a"), line("b")])):
        folder(tmp_path / name, lines)
    assert invoke(str(tmp_path / "c"), str(tmp_path / "d"), "--fail-if-changed").exit_code == 0
    assert invoke(str(tmp_path / "c"), str(tmp_path / "e"), "--fail-if-changed").exit_code == 3


def test_mistakes_are_told_in_a_sentence(two, tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "half" / "parts").mkdir(parents=True)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "manifest.json").write_text("{}")
    file = tmp_path / "x.json"
    file.write_text("{}")
    for args, code, words in [
        ((two[0], str(tmp_path / "empty")), 1, "no output of a batch"),
        ((two[0], str(tmp_path / "half")), 1, "Go on with plexus batch --resume"),
        ((two[0], str(tmp_path / "other")), 1, "no manifest of a batch"),
        ((two[0], str(file)), 1, "is a folder. Name the file of one review"),
        ((*two, "--line", "1"), 2, "--line is for reviews of one request"),
        ((*two, "--format", "svg"), 2, "text or json"),
        ((*two, "--flips", "x.txt"), 2, ".parquet or .csv"),
        ((str(file), str(file), "--profiles", "a", "b"), 2, "are for two folders"),
    ]:
        done = invoke(*args)
        assert done.exit_code == code and words in done.stderr, (args, done.output)
        assert "Traceback" not in done.output


def test_a_damaged_file_of_outcomes_is_told(two):
    (Path(two[0]) / "outcomes.parquet").write_bytes(b"PAR1")
    done = invoke(*two)
    assert done.exit_code == 1 and "cannot be read as Parquet" in done.stderr


# ---- Outputs that a batch has written --------------------------------------------------------------


@pytest.fixture(scope="module")
def outputs(tmp_path_factory):
    """All cases in two profiles; and half of them, in another order, under the second profile's readings only."""
    made = tmp_path_factory.mktemp("outputs")
    both = (Profile("default", {}), Profile("lenient", {"A10": "any-one"}))
    for name, found, profiles in (
        ("all", list(rows().values()), both),
        ("half", list(rows().values())[::-2], (Profile("default", {"A10": "any-one"}),)),
    ):
        file = made / f"{name}.parquet"
        pq.write_table(pa.Table.from_pylist(found, schema=nested_schema(schema_of(load()))), file)
        run([file], Plan(None, DAY, profiles, None, False, False, ""), made / name, Options(workers=1))
    return OutcomeFolder(made / "all"), OutcomeFolder(made / "half")


def counted(out, one, other):
    """The flips between two profiles of an output, counted by hand."""
    table = pq.read_table(out.path / "outcomes.parquet").to_pylist()
    by_line = {(o["request"], o["line"], o["profile"]): o["recommendation"] for o in table}
    keys = {(r, n) for r, n, _ in by_line}
    return sum(by_line[(*k, one)] != by_line[(*k, other)] for k in keys), len(keys)


def test_profiles_of_an_output_that_a_batch_has_written(outputs):
    every, _ = outputs
    (pair,) = compare_batches(every, every, ("default", "lenient")).pairs
    assert (pair.flipped, pair.lines) == counted(every, "default", "lenient") and pair.flipped > 0
    assert {c.criterion for c in pair.criteria} >= {"treatments"} and sum(pair.editions.values()) == pair.flipped
    (same,) = compare_batches(every, every, ("default", "default")).pairs
    assert not same.changed and same.criteria == ()


def test_outputs_of_batches_in_another_order_and_with_fewer_lines(outputs):
    every, half = outputs
    (pair,) = compare_batches(every, half, ("lenient", "default")).pairs
    assert pair.flipped == 0 == pair.only_after
    assert 0 < pair.only_before == counted(every, "default", "lenient")[1] - pair.lines
    compared = compare_batches(half, every)
    assert compared.pairs[0].flipped > 0 and compared.pairs[0].only_after == pair.only_before
    assert "reading of A10: any-one → by default" in compared.inputs
