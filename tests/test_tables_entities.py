"""Entity tables and nested tables become the same rows, whatever their keys and order; others are rejected."""

from __future__ import annotations

from datetime import date, datetime

import numpy as np
import pytest
from conftest import CASES

from reasoner.errors import TableError
from reasoner.knowledge import load
from reasoner.reading import read_triples
from reasoner.tables.assemble import is_increasing, lists_of, owners
from reasoner.tables.chunks import Reading, cut
from reasoner.tables.entities import to_entities
from reasoner.tables.rdf_rows import row_of
from reasoner.tables.rejected import rejected_schema, rejected_table
from reasoner.tables.sample_tables import csv_tables
from reasoner.tables.schema import nested_schema, schema_of
from reasoner.tables.sources import KINDS, kind_of, nested_chunks
from reasoner.triples import Triples
from reasoner.vocabulary import COV

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")
K = load()
SCHEMA = schema_of(K)
SMALL = 20_000
"""Bytes: too few to hold the tables at once, so they are read side by side or by partitions."""


def case_row(name, identifier):
    triples = Triples(read_triples(CASES / name / "request.ttl").triples)
    return {**row_of(triples, triples.instances(COV.Request)[0], K).row, "identifier": identifier}


@pytest.fixture(scope="module")
def nested():
    names = sorted(p.name for p in CASES.iterdir() if p.is_dir())[::5]
    rows = [case_row(n, f"PA-{i:04d}") for i, n in enumerate(names)]
    return pa.Table.from_pylist(rows, schema=nested_schema(SCHEMA))


def written(tables, folder, **options):
    folder.mkdir(exist_ok=True)
    for name, table in tables.items():
        pq.write_table(table, folder / f"{name}.parquet", **options)
    return folder


def keyed(tables, change):
    """The same tables with other keys of requests."""
    out = {}
    for name, table in tables.items():
        key = "identifier" if name == "requests" else "request"
        keys = pa.array([change(k) for k in table.column(key).to_pylist()])
        out[name] = table.set_column(table.column_names.index(key), key, keys)
    return out


def shuffled(tables, seed=7):
    rng = np.random.default_rng(seed)
    return {n: t.take(pa.array(rng.permutation(t.num_rows))) for n, t in tables.items()}


def read(path, **options):
    chunks = list(nested_chunks([path], Reading(K, **options)))
    return chunks, [r for c in chunks for r in c.rejected]


def plain(value):
    """Rows without what is missing, and without the order of rows, which shuffled tables do not have."""
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items() if v not in (None, [])}
    if isinstance(value, list):
        return sorted((plain(v) for v in value), key=repr)
    return value


def rows_of(chunks):
    return sorted((plain(r) for c in chunks for r in c.table.to_pylist()), key=lambda r: r["identifier"])


def expected(nested, change=lambda k: k):
    rows = [{**plain(r), "identifier": change(r["identifier"])} for r in nested.to_pylist()]
    return sorted(rows, key=lambda r: r["identifier"])


# ---- One table, however it comes ----


def test_taken_apart_and_put_together_again_it_is_the_same(nested, tmp_path):
    tables = to_entities(nested, SCHEMA)
    assert tables["lines"].num_rows >= nested.num_rows
    chunks, rejected = read(written(tables, tmp_path / "t"))
    assert rejected == []
    assert [c.number for c in chunks] == [0]
    (chunk,) = chunks
    assert chunk.table.column("identifier").to_pylist() == nested.column("identifier").to_pylist()
    assert [plain(r) for r in chunk.table.to_pylist()] == [plain(r) for r in nested.to_pylist()]
    for field in chunk.table.schema:
        assert field.type == nested_schema(SCHEMA).field(field.name).type, field.name


@pytest.mark.parametrize("memory", [2**30, SMALL], ids=["at-once", "bounded"])
def test_shuffled_text_keys_give_what_sorted_whole_numbers_give(nested, tmp_path, memory):
    tables = to_entities(nested, SCHEMA)
    whole = written(keyed(tables, lambda k: int(k[3:])), tmp_path / "numbers", row_group_size=16)
    texts = written(shuffled(keyed(tables, lambda k: str(int(k[3:])))), tmp_path / "texts", row_group_size=16)
    of_numbers, none = read(whole, rows=7, memory=memory)
    of_texts, nothing = read(texts, rows=7, memory=memory)
    assert (none, nothing) == ([], [])
    want = expected(nested, lambda k: str(int(k[3:])))
    assert rows_of(of_numbers) == want
    assert rows_of(of_texts) == want
    assert max(c.table.num_rows for c in (*of_numbers, *of_texts)) <= 7


def test_bounded_memory_reads_sorted_tables_in_order_and_spills_others_where_told(nested, tmp_path):
    tables = to_entities(nested, SCHEMA)
    chunks, _ = read(written(tables, tmp_path / "sorted"), rows=10, memory=SMALL)
    got = [k for c in chunks for k in c.table.column("identifier").to_pylist()]
    assert got == nested.column("identifier").to_pylist()
    spill = tmp_path / "spill"
    spill.mkdir()
    folder = written(shuffled(tables), tmp_path / "shuffled")
    during = []
    for _ in nested_chunks([folder], Reading(K, rows=10, memory=SMALL, spill=spill)):
        during.append(sum(1 for _ in spill.rglob("*.arrow")))
    assert max(during) > len(tables)
    assert list(spill.iterdir()) == []


@pytest.mark.parametrize("memory", [2**30, SMALL], ids=["at-once", "bounded"])
@pytest.mark.parametrize("order", [dict, shuffled], ids=["sorted", "shuffled"])
def test_finished_chunks_are_left_out_and_the_others_keep_their_numbers(nested, tmp_path, memory, order):
    folder = written(order(to_entities(nested, SCHEMA)), tmp_path / "t")
    every, _ = read(folder, rows=9, memory=memory)
    some = list(nested_chunks([folder], Reading(K, rows=9, memory=memory), finished={0, 2}))
    assert [c.number for c in every] == list(range(len(every)))
    assert [c.number for c in some] == [c.number for c in every if c.number not in (0, 2)]
    assert [c.table.to_pylist() for c in some] == [c.table.to_pylist() for c in every if c.number not in (0, 2)]


@pytest.mark.parametrize("memory", [2**30, SMALL], ids=["at-once", "bounded"])
def test_csv_tables_give_the_same(nested, tmp_path, memory):
    for name, text in csv_tables(nested.to_pylist(), K).items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    chunks, rejected = read(tmp_path, rows=20, memory=memory)
    assert rejected == []
    short = [str(r).replace("clin:", "").replace("cov:", "").replace("anat:", "") for r in expected(nested)]
    got = [str(r).replace("pcmm608:", "").replace("p0587:", "") for r in rows_of(chunks)]
    assert got == [s.replace("pcmm608:", "").replace("p0587:", "") for s in short]


def test_a_nested_table_is_read_row_group_by_row_group(nested, tmp_path):
    pq.write_table(nested, tmp_path / "n.parquet", row_group_size=20)
    chunks, rejected = read(tmp_path / "n.parquet", rows=8)
    assert rejected == []
    assert [c.table.num_rows for c in chunks][:3] == [8, 8, 4]
    assert rows_of(chunks) == expected(nested)
    late = list(nested_chunks([tmp_path / "n.parquet"], Reading(K, rows=8), finished={0, 1, 3}))
    assert [c.number for c in late] == [2, *range(4, len(chunks))]
    assert late[0].table.equals(chunks[2].table)


def test_a_folder_of_nested_tables_is_one_input(nested, tmp_path):
    for i in range(3):
        pq.write_table(nested.slice(i * 15, 15), tmp_path / f"part-{i}.parquet")
    chunks, rejected = read(tmp_path)
    assert rejected == []
    assert rows_of(chunks) == expected(nested.slice(0, 45))


def test_a_plain_column_goes_for_a_list_and_other_types_for_those_of_the_schema():
    import tempfile
    from decimal import Decimal
    from pathlib import Path

    requests = pa.table(
        {
            "identifier": pa.array([7], pa.int32()),
            "receivedOn": pa.array([datetime(2026, 2, 10)], pa.timestamp("us")),
            "timing": pa.array(["PreService"]).dictionary_encode(),
        }
    )
    lines = pa.table(
        {
            "request": pa.array([7], pa.int32()),
            "sequence": pa.array([1], pa.int8()),
            "procedureCode": pa.array([64714]),
            "indication": pa.array([3.0]),
            "level": pa.array(["LevelL4L5"]),
            "serviceDate": pa.array(["2026-03-01"]),
        }
    )
    conditions = pa.table({"request": [7], "id": [3], "kind": pa.array([["LumbarPlexusEntrapment"]])})
    signs = pa.table({"request": [7], "about": [[3]], "strengthGrade": pa.array([Decimal("4.0")])})
    tables = {"requests": requests, "lines": lines, "conditions": conditions, "signs": signs}
    with tempfile.TemporaryDirectory() as name:
        chunks, rejected = read(written(tables, Path(name)))
    assert rejected == []
    (row,) = (plain(r) for c in chunks for r in c.table.to_pylist())
    line = {"sequence": 1, "procedureCode": "64714", "indication": "3", "serviceDate": date(2026, 3, 1)}
    assert row == {
        "identifier": "7",
        "receivedOn": date(2026, 2, 10),
        "timing": "PreService",
        "lines": [{**line, "level": ["LevelL4L5"]}],
        "conditions": [{"id": "3", "kind": "LumbarPlexusEntrapment"}],
        "signs": [{"about": ["3"], "strengthGrade": 4.0}],
    }


# ---- What is rejected ----


def of_three(nested):
    return to_entities(nested.slice(0, 3), SCHEMA)


def changed(table, row, **cells):
    rows = table.to_pylist()
    rows[row] |= cells
    return pa.Table.from_pylist(rows, schema=table.schema)


def lines_of(nested):
    return sum(len(r["lines"]) for r in nested.to_pylist())


def check_lines(nested, chunks, rejected):
    """Every line is in a row or in a rejection."""
    read_ = sum(len(r["lines"]) for c in chunks for r in c.table.to_pylist())
    assert read_ + sum(r.lines for r in rejected) == lines_of(nested)


@pytest.mark.parametrize("memory", [2**30, 2_000], ids=["at-once", "bounded"])
def test_a_row_of_no_request_is_rejected(nested, tmp_path, memory):
    tables = of_three(nested)
    tables["lines"] = changed(tables["lines"], 1, request="PA-0001x")
    tables["findings"] = changed(tables["findings"], 0, request=None)
    chunks, rejected = read(written(tables, tmp_path / "t"), memory=memory)
    orphans = {(r.request, r.source, r.row, r.where, r.lines) for r in rejected if r.where.endswith(".request")}
    assert orphans == {
        ("PA-0001x", "lines.parquet", 2, "lines.request", 1),
        (None, "findings.parquet", 1, "findings.request", 0),
    }
    check_lines(nested.slice(0, 3), chunks, rejected)


def test_a_reference_to_no_row_rejects_the_request_and_says_which(nested, tmp_path):
    tables = of_three(nested)
    victim = tables["lines"].column("request")[1].as_py()
    tables["lines"] = changed(tables["lines"], 1, indication="elsewhere")
    chunks, rejected = read(written(tables, tmp_path / "t"))
    (one,) = rejected
    assert (one.request, one.lines, one.where) == (victim, 1, "lines.indication, row 1 of the request")
    assert one.fault == "'elsewhere' is the key of no row of conditions of this request."
    assert victim not in {k for c in chunks for k in c.table.column("identifier").to_pylist()}
    check_lines(nested.slice(0, 3), chunks, rejected)


def test_a_key_of_another_request_is_no_key_of_this_one(nested, tmp_path):
    tables = of_three(nested)
    first = tables["conditions"].column("request")[0].as_py()
    tables["conditions"] = changed(tables["conditions"], 0, id="moved")
    tables["lines"] = changed(tables["lines"], 1, indication="moved")
    _, rejected = read(written(tables, tmp_path / "t"))
    assert {r.request for r in rejected} >= {first, tables["lines"].column("request")[1].as_py()}


@pytest.mark.parametrize("memory", [2**30, 2_000], ids=["at-once", "bounded"])
def test_two_requests_of_one_identifier_are_both_rejected(nested, tmp_path, memory):
    tables = of_three(nested)
    twice = tables["requests"].column("identifier")[0].as_py()
    tables["requests"] = changed(tables["requests"], 2, identifier=twice)
    chunks, rejected = read(written(tables, tmp_path / "t"), memory=memory)
    both = [r for r in rejected if r.source == "requests.parquet"]
    assert [(r.request, r.row) for r in both] == [(twice, 1), (twice, 3)]
    assert "same identifier" in both[0].fault
    check_lines(nested.slice(0, 3), chunks, rejected)


def test_nested_rows_of_one_identifier_are_rejected_wherever_they_stand(nested, tmp_path):
    rows = nested.slice(0, 40).to_pylist()
    rows[37]["identifier"] = rows[2]["identifier"]
    table = pa.Table.from_pylist(rows, schema=nested_schema(SCHEMA))
    pq.write_table(table, tmp_path / "n.parquet", row_group_size=10)
    chunks, rejected = read(tmp_path / "n.parquet", rows=5)
    assert [(r.request, r.row) for r in rejected] == [(rows[2]["identifier"], 3), (rows[2]["identifier"], 38)]
    check_lines(table, chunks, rejected)


def test_two_rows_of_one_key_reject_their_request(nested, tmp_path):
    tables = of_three(nested)
    again = tables["conditions"].slice(0, 1)
    tables["conditions"] = pa.concat_tables([tables["conditions"], again])
    chunks, rejected = read(written(tables, tmp_path / "t"))
    (one,) = rejected
    assert one.where == "conditions.id"
    assert "two rows of conditions have the key" in one.fault
    check_lines(nested.slice(0, 3), chunks, rejected)


def test_a_key_in_two_tables_must_be_named_with_its_table(nested, tmp_path):
    tables = of_three(nested)
    request = tables["symptoms"].column("request")[0].as_py()
    for name in ("conditions", "findings"):
        place = tables[name].column("request").to_pylist().index(request)
        old = tables[name].column("id")[place].as_py()
        tables[name] = changed(tables[name], place, id="1")
        for other, table in tables.items():
            rows = table.to_pylist()
            for r in rows:
                if (r.get("request") or r.get("identifier")) == request:
                    refs = {k: v for k, v in r.items() if k not in ("id", "request", "identifier", "kind")}
                    r |= {k: ["1" if x == old else x for x in v] for k, v in refs.items() if isinstance(v, list)}
                    r |= {k: "1" for k, v in refs.items() if v == old}
            tables[other] = pa.Table.from_pylist(rows, schema=table.schema)
    place = tables["symptoms"].column("request").to_pylist().index(request)
    tables["symptoms"] = changed(tables["symptoms"], place, attributedTo=["1"])
    _, rejected = read(written(tables, tmp_path / "t"))
    assert any("is the key of rows of conditions and findings" in r.fault for r in rejected)
    assert any("conditions/1" in r.cure for r in rejected)
    tables["symptoms"] = changed(tables["symptoms"], place, attributedTo=["findings/1"])
    tables.pop("judgements", None)
    _, rejected = read(written(tables, tmp_path / "u"))
    assert not [r for r in rejected if r.where.startswith("symptoms")]


def csv_of(nested, folder):
    folder.mkdir(exist_ok=True)
    for name, text in csv_tables(nested.to_pylist(), K).items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("file", "column", "cell", "says"),
    [
        ("requests.csv", "receivedOn", "10.02.2026", "receivedOn (column receivedOn) is no date."),
        ("lines.csv", "serviceDate", "2026-02-30", "serviceDate (column serviceDate) is no date."),
        ("lines.csv", "sequence", "one", "sequence (column sequence) is no whole number."),
        ("lines.csv", "units", "1.5", "units (column units) is no whole number."),
    ],
)
def test_a_cell_that_cannot_be_read_rejects_its_request_without_being_shown(nested, tmp_path, file, column, cell, says):
    folder = csv_of(nested.slice(0, 3), tmp_path / "t")
    header, first, *rest = (folder / file).read_text(encoding="utf-8").splitlines()
    cells = first.split(",")
    cells[header.split(",").index(column)] = cell
    (folder / file).write_text("\n".join([header, ",".join(cells), *rest]) + "\n", encoding="utf-8")
    chunks, rejected = read(folder)
    (one,) = rejected
    assert (one.where, one.fault) == (f"{file}, row 1", says)
    assert cell not in f"{one.where} {one.fault} {one.cure}"
    check_lines(nested.slice(0, 3), chunks, rejected)


def test_several_values_where_the_schema_has_one_are_rejected(nested, tmp_path):
    tables = of_three(nested)
    lines = tables["lines"]
    sides = pa.array([["Left", "Right"], ["Left"], []] + [None] * (lines.num_rows - 3))
    tables["lines"] = lines.set_column(lines.column_names.index("side"), "side", sides)
    chunks, rejected = read(written(tables, tmp_path / "t"))
    assert [r.fault for r in rejected] == ["side (column side) holds several values."]
    check_lines(nested.slice(0, 3), chunks, rejected)


def test_rejections_are_a_table():
    from reasoner.tables.rejected import Rejection

    table = rejected_table([Rejection("A", "x.csv", 3, "x.csv, row 3", "is no date.", "Write it.", 2)])
    assert table.schema == rejected_schema()
    assert table.to_pylist()[0]["lines"] == 2
    assert rejected_table([]).num_rows == 0


# ---- Inputs that cannot be read at all ----


def test_unusable_inputs_say_what_to_do(nested, tmp_path):
    folder = csv_of(nested.slice(0, 3), tmp_path / "t")

    def refused(match, change):
        text = (folder / "lines.csv").read_bytes()
        change()
        with pytest.raises(TableError, match=match) as error:
            read(folder)
        (folder / "lines.csv").write_bytes(text)
        return str(error.value)

    lines = folder / "lines.csv"
    says = refused("has 4 cells, and there are", lambda: lines.write_text(lines.read_text() + "a,secret,c,d\n"))
    assert "secret" not in says
    refused("utf-8", lambda: lines.write_bytes(lines.read_bytes().replace(b"64714", b"\xff\xfe714", 1)))
    refused("has the column id twice", lambda: lines.write_text("id,id,request\n1,2,3\n"))
    refused("is empty", lambda: lines.write_text(""))
    refused("no column with the identifier of the request", lambda: lines.write_text("id,sequence\n1,2\n"))
    (folder / "line.csv").write_text("request,id\n")
    refused("are both the table lines", lambda: None)
    (folder / "line.csv").unlink()
    (folder / "requests.csv").unlink()
    refused("has no table of requests", lambda: None)
    (tmp_path / "x.parquet").write_bytes(b"PAR1 nonsense")
    with pytest.raises(TableError, match="cannot be read as Parquet"):
        read(tmp_path / "x.parquet")
    with pytest.raises(TableError, match="does not exist"):
        read(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(TableError, match="is no input that plexus reads"):
        read(tmp_path / "empty")


def test_a_column_of_a_type_that_has_no_place_is_refused(nested, tmp_path):
    tables = of_three(nested)
    zoned = pa.array([datetime(2026, 1, 1)] * 3, pa.timestamp("s", "UTC"))
    tables["requests"] = tables["requests"].set_column(1, "receivedOn", zoned)
    with pytest.raises(TableError, match="without a time zone"):
        read(written(tables, tmp_path / "t"))


def test_every_kind_of_input_is_told_from_the_others(nested, tmp_path):
    pq.write_table(nested, tmp_path / "n.parquet")
    entities = written(to_entities(nested, SCHEMA), tmp_path / "entities")
    parts = tmp_path / "parts"
    parts.mkdir()
    pq.write_table(nested, parts / "a.parquet")
    rdf = CASES / "complete-record"
    found = [kind_of(p, SCHEMA).name for p in (tmp_path / "n.parquet", entities, parts, rdf, rdf / "request.ttl")]
    assert found == ["nested table", "entity tables", "folder of nested tables", "RDF", "RDF"]
    assert {k.name for k in KINDS} == set(found)


# ---- The parts ----


def test_owners_are_found_by_order_or_by_hash_alike():
    rng = np.random.default_rng(3)
    keys = np.unique(rng.integers(0, 10_000, 500))
    children = rng.choice(np.concatenate([keys, [10_001, -5]]), 3_000)
    want = np.array([np.flatnonzero(keys == c)[0] if c in keys else -1 for c in children])
    for of_children, answer in ((children, want), (np.sort(children), want[np.argsort(children, kind="stable")])):
        numbers = owners(pa.array(keys), pa.array(of_children))
        assert (numbers == answer).all()
        shuffled_ = rng.permutation(len(keys))
        back = owners(pa.array(keys[shuffled_]), pa.array(of_children))
        assert (np.where(back >= 0, shuffled_[back], -1) == answer).all()
        texts = owners(pa.array(keys.astype(str)), pa.array(of_children.astype(str)))
        assert (texts == answer).all()
    assert (owners(pa.array([1, 2]), pa.array([None, 2], pa.int64())) == [-1, 1]).all()
    assert len(owners(pa.array([], pa.int64()), pa.array([1]))) == 1


@pytest.mark.parametrize("later", [True, False])
def test_partitions_are_ranges_of_keys(monkeypatch, later):
    import pyarrow.compute as pc

    from reasoner.tables.merge import _partition

    if not later:
        monkeypatch.delattr(pc, "search_sorted", raising=False)
    assert _partition(pa.array([5, 1, None, 3, 9]), [3, 6]).tolist() == [1, 0, 0, 1, 2]
    assert _partition(pa.array(["b", "a", None, "c"]), ["b"]).tolist() == [1, 0, 0, 1]
    assert _partition(pa.array([2, 10]), ["2"]).tolist() == [1, 0]


def test_order_is_seen():
    assert is_increasing(pa.array([1, 2, 2]), strictly=False)
    assert not is_increasing(pa.array([1, 2, 2]), strictly=True)
    assert not is_increasing(pa.array(["b", "a"]), strictly=False)
    assert not is_increasing(pa.array([1, None, 2]), strictly=False)
    assert is_increasing(pa.array([], pa.string()), strictly=True)


def test_lists_keep_the_order_of_rows_and_leave_orphans_out():
    table = SCHEMA.table("clinicians")
    columns = {"id": pa.array(["a", "b", "c", "d", "e"])}
    lists = lists_of(table, columns, np.array([2, 0, -1, 2, 0]), 4)
    assert [[r["id"] for r in some] for some in lists.to_pylist()] == [["b", "e"], [], ["a", "d"], []]


def test_rows_are_cut_into_tables_of_one_length():
    tables = [pa.table({"x": pa.array(range(n), pa.int64())}) for n in (3, 0, 9, 1)]
    assert [t.num_rows for t in cut(tables, 4)] == [4, 4, 4, 1]
    assert [x for t in cut(tables, 4) for x in t.column("x").to_pylist()] == [*range(3), *range(9), 0]
