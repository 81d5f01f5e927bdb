"""Synthetic requests come out as their authors claim, in every form; the same order gives the same files."""

from __future__ import annotations

import ast
import hashlib
import json
import sys
from collections import Counter
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from importlib import import_module

import numpy as np
import pytest
from click.testing import CliRunner
from conftest import ROOT
from pyoxigraph import RdfFormat, Triple, serialize

from reasoner import review
from reasoner.batch.chunk import review_table
from reasoner.batch.plan import Plan, Profile
from reasoner.cli import main
from reasoner.errors import GenerationError, RequestError
from reasoner.knowledge import load
from reasoner.synthetic import generate as generating
from reasoner.synthetic import sinks
from reasoner.synthetic.chunk import CRITERIA, POLICIES, Drawn, Recipe, chunk, fill, staged
from reasoner.synthetic.chunk import expected as outcomes_expected
from reasoner.synthetic.draws import Draws
from reasoner.synthetic.generate import AS_OF, FORMATS, Order, generate
from reasoner.synthetic.mixture import SHARES, Deck, decks
from reasoner.synthetic.sheet import Sheet
from reasoner.synthetic.sinks import EntitySink, RdfSink, ShuffledSink
from reasoner.tables.chunks import Reading
from reasoner.tables.rdf_rows import triples_of
from reasoner.tables.schema import nested_schema, schema_of
from reasoner.tables.sources import nested_chunks

command = import_module("reasoner.cli.generate")
pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")
K = load()
SCHEMA = schema_of(K)
CLAIMS = ("policy", "recommendation", "basis", "next", *CRITERIA)
RECIPE = Recipe(7, AS_OF)
RDF = ("ntriples", "turtle")


def reviewed(requests, as_of=AS_OF):
    found = review_table(requests, Plan(None, as_of, (Profile("default", {}),), None, False, False, "r"))
    outcomes = {(o["request"], o["line"]): o for o in found.outcomes.to_pylist()}
    lost = Counter()
    for r in found.rejected.to_pylist():
        lost[r["request"]] += r["lines"]
    return outcomes, lost


def differences(expected, outcomes, lost):
    """Every claim that the review does not bear out: scenario, column, claim, outcome."""
    out = []
    for claim in expected:
        if claim["rejected"] != (claim["request"] in lost):
            out.append((claim["scenario"], "rejected", claim["rejected"], claim["request"] in lost))
        elif not claim["rejected"]:
            outcome = outcomes[claim["request"], claim["line"]]
            # What governs a line is always claimed; of other columns null claims nothing.
            named = [c for c in CLAIMS if claim[c] is not None or c == "policy"]
            out += [(claim["scenario"], c, claim[c], outcome[c]) for c in named if claim[c] != outcome[c]]
    return out


@pytest.fixture(scope="module")
def every():
    """One request of every scenario: its table, the claims, and the review."""
    made = staged(RECIPE, SCHEMA)
    return made.requests, made.expected.to_pylist(), *reviewed(made.requests)


# ---- The claims ----


def test_every_claim_about_every_scenario_is_borne_out_by_the_review(every):
    requests, expected, outcomes, lost = every
    scenarios = {s.name for d in decks() for s in d.scenarios}
    assert {c["scenario"] for c in expected} == scenarios
    assert len(scenarios) == requests.num_rows > 5_000
    assert differences(expected, outcomes, lost) == []
    assert len(outcomes) + sum(lost.values()) == len(expected)


def test_every_variant_and_fault_is_in_a_scenario_alone_and_says_what_it_is():
    for deck in decks():
        alone = {s.faults[0].name for s in deck.scenarios if len(s.faults) == 1}
        assert alone == {f.name for f in deck.catalogue.faults}
        parts = [*deck.catalogue.variants, *deck.catalogue.faults]
        assert len({p.name for p in parts}) == len(parts)
        assert all(p.says.endswith(".") for p in parts)


def test_every_outcome_and_every_status_of_every_criterion_is_claimed_somewhere(every):
    _, expected, _, _ = every
    for number, deck in zip(("0587", "CMM-608"), decks(), strict=True):
        own = [c for c in expected if c["policy"] == number]
        assert {c["recommendation"] for c in own} == {"approve", "deny", "pend", "not-applicable"}
        for criterion in deck.catalogue.base:
            assert len({c[criterion] for c in own} - {None}) >= 2, criterion
    statuses = {c[criterion] for c in expected for criterion in CRITERIA} - {None}
    assert statuses == {"met", "unmet", "open", "conflicting", "to-judge", "undocumented"}


@pytest.mark.parametrize("policy", POLICIES)
def test_a_drawn_table_comes_out_as_claimed(policy):
    made = chunk(replace(RECIPE, policy=policy), SCHEMA, np.arange(3_000))
    expected = made.expected.to_pylist()
    outcomes, lost = reviewed(made.requests)
    assert differences(expected, outcomes, lost) == []
    assert len(outcomes) + sum(lost.values()) == len(expected)
    assert set(lost) == {c["request"] for c in expected if c["rejected"]} != set()
    assert (max(c["line"] for c in expected) == 2) == (policy == "both")


@pytest.mark.parametrize("day", [date(2025, 12, 16), date(2026, 1, 20), date(2029, 3, 1)], ids=str)
def test_claims_hold_on_any_day_of_review(day):
    made = chunk(replace(RECIPE, as_of=day), SCHEMA, np.arange(2_000))
    assert differences(made.expected.to_pylist(), *reviewed(made.requests, day)) == []


@pytest.mark.parametrize("column", ["rejected", *CLAIMS])
def test_a_wrong_claim_is_noticed(every, column):
    _, expected, outcomes, lost = every
    told = next(c for c in expected if c[column] is not None and (column == "rejected" or not c["rejected"]))
    wrong = not told[column] if column == "rejected" else "something else"
    found = differences([{**told, column: wrong}], outcomes, lost)
    assert [d[:3] for d in found] == [(told["scenario"], column, wrong)]


def test_a_fault_that_is_not_put_in_is_noticed(monkeypatch):
    """The records are left approvable while the claims stay."""
    monkeypatch.setattr(Deck, "edits", property(lambda d: [(v.edit, wanted(d, v)) for v in d.catalogue.variants]))
    made = staged(RECIPE, SCHEMA)
    found = {d[0] for d in differences(made.expected.to_pylist(), *reviewed(made.requests))}
    faulty = {s.name for d in decks() for s in d.scenarios if s.faults}
    # A few faults are approved with every status as before: that is their point.
    harmless = {"exclusion-lifted-by-mandate", "exclusion-not-yet-in-force"}
    assert {n.split(" + ")[1] for n in faulty - found} == harmless
    assert found < faulty


def wanted(deck, variant):
    return np.asarray([*(s.variant is variant for s in deck.scenarios), False])


def one_by_one(rows, claims, engine="columnar"):
    """The claims that a review of each request on its own does not bear out."""
    out = []
    for row, claim in zip(rows, claims, strict=True):
        data = serialize((Triple(*t) for t in triples_of(row, K)), format=RdfFormat.N_TRIPLES)
        try:
            (found,) = review(data, as_of=AS_OF, format="ntriples", engine=engine)
        except RequestError:
            out += differences([claim], {}, {claim["request"]: 1})
            continue
        (line,) = found.lines
        told = {"recommendation": line.recommendation.value, "basis": line.basis.value, "next": line.next.value}
        told["policy"] = line.policy.number if line.policy else None
        statuses = {c.id: c.status for c in line.criteria}
        outcome = {**dict.fromkeys(CRITERIA), **told, **statuses}
        out += differences([claim], {(claim["request"], claim["line"]): outcome}, {})
    return out


def first_of_each_part(expected):
    """Places of the first scenario of each variant and of each fault alone."""
    seen: dict[str, int] = {}
    for i, claim in enumerate(expected):
        parts = claim["scenario"].split(" + ")
        if len(parts) <= 2:
            seen.setdefault(parts[-1], i)
    return sorted(seen.values())


@pytest.mark.slow
def test_requests_reviewed_one_by_one_from_rdf_come_out_as_claimed(every):
    requests, expected, _, _ = every
    places = first_of_each_part(expected)
    assert len(places) == len({p for c in expected for p in c["scenario"].split(" + ")})
    assert one_by_one(requests.take(pa.array(places)).to_pylist(), [expected[i] for i in places]) == []


def test_requests_read_from_files_of_rdf_come_out_as_claimed(every, tmp_path):
    """With every scenario that is rejected."""
    requests, expected, _, _ = every
    places = sorted({*first_of_each_part(expected), *(i for i, c in enumerate(expected) if c["rejected"])})
    sink = RdfSink(tmp_path, K, ".nt")
    sink.add(requests.take(pa.array(places)))
    sink.close()
    read = list(nested_chunks([tmp_path], Reading(K)))
    outcomes, lost = reviewed(pa.concat_tables([c.table for c in read]))
    refused = {r.request for c in read for r in c.rejected}
    assert differences([expected[i] for i in places], outcomes, {*lost, *refused}) == []


@pytest.mark.exhaustive
def test_every_scenario_reviewed_from_rdf_comes_out_as_claimed(every):
    requests, expected, _, _ = every
    assert one_by_one(requests.to_pylist(), expected) == []


def test_every_fault_comes_out_as_claimed_beside_every_fault_of_another_line():
    """Two lines of a request share documents and clinicians; what is taken from one leaves the other whole."""
    shared = [[(s, i) for i, s in enumerate(d.scenarios) if s.shared and len(s.faults) < 2] for d in decks()]
    # The last of each name that stands: a scenario for each variant and each fault that another line can stand beside.
    plexus, spine = ({s.name.split(" + ")[-1]: i for s, i in found} for found in shared)
    pairs = np.asarray([(p, s) for p in plexus.values() for s in spine.values()], dtype=np.int32)
    x = Sheet(SCHEMA, 7, np.arange(len(pairs)))
    pair = Drawn(pairs[:, 0], pairs[:, 1])
    fill(x, pair, AS_OF)
    claims = outcomes_expected(x, pair).to_pylist()
    assert len(plexus) > 45 and len(spine) > 40
    assert len(claims) == 2 * len(pairs) > 4_000
    assert differences(claims, *reviewed(x.to_arrow())) == []


@pytest.mark.parametrize(
    "place", [pytest.param(i, marks=[] if i % 8 == 0 else pytest.mark.exhaustive) for i in range(160)]
)
def test_the_reference_engine_agrees(every, place):
    requests, expected, _, _ = every
    places = first_of_each_part(expected)
    assert 120 < len(places) <= 160
    if place < len(places):
        one = places[place]
        assert one_by_one(requests.slice(one, 1).to_pylist(), [expected[one]], "pyshacl") == []


# ---- What records look like ----


def test_draws_are_even_and_independent_of_one_another():
    draws = Draws(3, np.arange(200_000), hash)
    one, other = draws.uniform("one"), draws.uniform("other")
    assert abs(one.mean() - 0.5) < 0.005 and abs(one.var() - 1 / 12) < 0.002
    assert one.min() >= 0 and one.max() < 1
    assert abs(np.corrcoef(one, other)[0, 1]) < 0.01
    assert abs(np.corrcoef(one[1:], one[:-1])[0, 1]) < 0.01
    assert set(draws.whole("die", 1, 6)) == {1, 2, 3, 4, 5, 6}
    assert abs(draws.chance("rain", 0.3).mean() - 0.3) < 0.01


def test_outcomes_are_drawn_by_their_shares():
    made = chunk(RECIPE, SCHEMA, np.arange(20_000))
    found = Counter(made.expected["recommendation"].to_pylist())
    for outcome, share in SHARES.items():
        assert abs(found[None if outcome == "rejected" else outcome] / made.expected.num_rows - share) < 0.05, outcome


def values(cell):
    """How many values a row holds, keys included."""
    inner = cell.values() if isinstance(cell, dict) else cell if isinstance(cell, list) else ()
    return sum(map(values, inner)) if isinstance(cell, dict | list) else int(cell is not None)


def test_a_request_has_as_many_values_as_a_record_of_a_real_one():
    counts = [values(r) for r in drawn(1_000)]
    assert 80 < sum(counts) / len(counts) < 150
    assert min(counts) > 25


def children_of(row):
    return [(table, c) for table, rows in row.items() if isinstance(rows, list) for c in rows if isinstance(c, dict)]


def days_of(child):
    names = ("date", "startDate", "endDate", "occurredOn")
    found = [child.get(n) for n in names]
    return [d for f in found for d in (f if isinstance(f, list) else [f]) if d is not None]


def test_things_happen_before_they_are_written_down_and_that_before_the_request():
    made = chunk(RECIPE, SCHEMA, np.arange(3_000))
    broken = {c["request"] for c in made.expected.to_pylist() if c["rejected"]}
    courses = 0
    for row in made.requests.to_pylist():
        written = {d["id"]: d["date"] for d in row["documents"]}
        for table, child in children_of(row) if row["identifier"] not in broken else ():
            where = row["identifier"], table, child["id"]
            assert all(d <= row["receivedOn"] <= AS_OF for d in days_of(child)), where
            for document in child.get("documentedIn") or ():
                assert all(d <= written[document] for d in days_of(child)), where
            if child.get("startDate") and child.get("endDate"):
                courses += 1
                assert 9 < (child["endDate"] - child["startDate"]).days < 150, where
    assert courses > 3_000


def test_sides_agree_where_nothing_is_wrong():
    sound = Recipe(5, AS_OF, "0587", (("approve", 1.0),))
    for row in chunk(sound, SCHEMA, np.arange(1_000)).requests.to_pylist():
        (line,) = row["lines"]
        sides = {c["side"] for table, c in children_of(row) if table in ("findings", "symptoms", "signs")} - {None}
        assert sides == {line["side"]}, row["identifier"]


def test_no_engine_is_asked():
    engines = {"review", "weigh", "determine", "engine", "engine_pyshacl", "engine_columnar", "columnar", "batch"}
    for path in sorted((ROOT / "reasoner" / "synthetic").glob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        names = [n.module or "" for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)]
        assert {n.split(".")[1] for n in names if n.startswith("reasoner.")}.isdisjoint(engines), path.name


# ---- The same order, the same requests ----


def test_a_request_depends_on_its_number_only():
    whole = chunk(RECIPE, SCHEMA, np.arange(60))
    parts = [chunk(RECIPE, SCHEMA, np.arange(a, b)) for a, b in ((0, 7), (7, 59), (59, 60))]
    assert whole.requests.to_pylist() == [r for p in parts for r in p.requests.to_pylist()]
    assert whole.expected.to_pylist() == [r for p in parts for r in p.expected.to_pylist()]


def test_another_seed_gives_other_requests():
    one, other = (chunk(replace(RECIPE, seed=s), SCHEMA, np.arange(50)).requests.drop(["identifier"]) for s in (1, 2))
    assert one.to_pylist() != other.to_pylist()


def digests(folder):
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files_in(folder)}


def files_in(folder):
    return sorted(p for p in folder.rglob("*") if p.is_file())


@pytest.mark.parametrize(
    ("form", "shuffle"),
    [("nested", False), ("entities", True), ("csv", False), ("ntriples", False)],
)
def test_the_same_order_gives_the_same_bytes(tmp_path, form, shuffle):
    order = Order(120, 5, form=form, shuffle=shuffle)
    for name in ("a", "b"):
        generate(order, tmp_path / name)
    assert digests(tmp_path / "a") == digests(tmp_path / "b")
    generate(replace(order, seed=6), tmp_path / "c")
    assert digests(tmp_path / "c") != digests(tmp_path / "a")


def test_chunks_make_no_difference_to_what_is_written(tmp_path, monkeypatch):
    order = Order(90, 5)
    generate(order, tmp_path / "one")
    monkeypatch.setattr(generating, "CHUNK", 40)
    told = []
    generate(order, tmp_path / "three", progress=told.append)
    assert told == [40, 40, 10]
    for name in ("requests.parquet", "expected.parquet"):
        assert pq.read_table(tmp_path / "one" / name).equals(pq.read_table(tmp_path / "three" / name))


# ---- The forms ----


def plain(value):
    """Rows without what is missing, and without the order of rows."""
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items() if v not in (None, [])}
    if isinstance(value, list):
        return sorted((plain(v) for v in value), key=repr)
    return value


def whole_names(rows):
    """Rows with terms by local names, as some forms have them."""
    if isinstance(rows, dict):
        return {k: whole_names(v) for k, v in rows.items()}
    if isinstance(rows, list):
        return [whole_names(v) for v in rows]
    return rows.split(":")[-1] if isinstance(rows, str) else rows


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("shuffle", [False, True], ids=["in-order", "shuffled"])
def test_every_form_is_read_back_as_the_same_requests(tmp_path, monkeypatch, form, shuffle):
    monkeypatch.setattr(sinks, "RDF_REQUESTS", 100)
    if shuffle and form not in ("entities", "csv"):
        with pytest.raises(GenerationError, match="cannot be shuffled"):
            generate(Order(1, 1, form=form, shuffle=True), tmp_path / "out")
        return
    out, count = tmp_path / "out", 250
    generate(Order(count, 5, form=form, shuffle=shuffle), out)
    expected = pq.read_table(out / "expected.parquet").to_pylist()
    read = list(nested_chunks([out], Reading(K)))
    refused = {r.request for c in read for r in c.rejected}
    outcomes, lost = reviewed(pa.concat_tables([c.table for c in read]))
    assert differences(expected, outcomes, {*lost, *refused}) == []
    made = {r["identifier"]: plain(whole_names(r)) for r in drawn(count)}
    got = {r["identifier"]: plain(whole_names(r)) for c in read for r in c.table.to_pylist()}
    assert len(got) > 0.9 * count
    assert len(list(out.glob("requests-*"))) == (3 if form in RDF else 0)
    for identifier, row in got.items():
        assert row == made[identifier], identifier


def drawn(count):
    return chunk(Recipe(5, AS_OF), SCHEMA, np.arange(count)).requests.to_pylist()


def test_shuffled_tables_have_the_same_rows_each_in_an_order_of_its_own(tmp_path):
    for name, shuffle in (("ordered", False), ("shuffled", True)):
        generate(Order(400, 5, form="entities", shuffle=shuffle), tmp_path / name)
    orders = []
    for file in sorted((tmp_path / "ordered").glob("*.parquet")):
        one, other = (pq.read_table(tmp_path / n / file.name).to_pylist() for n in ("ordered", "shuffled"))
        assert sorted(one, key=repr) == sorted(other, key=repr)
        if file.name == "expected.parquet":
            assert one == other
        elif len(one) > 300:
            assert one != other
            orders.append(list(dict.fromkeys(r.get("request", r.get("identifier")) for r in other)))
    assert len({tuple(o[:20]) for o in orders}) == len(orders) > 4
    assert not (tmp_path / "shuffled" / "shuffling").exists()


def test_shuffling_loses_nothing_between_chunks_and_parts(tmp_path):
    made = [chunk(RECIPE, SCHEMA, np.arange(a, a + 30)).requests for a in (0, 30, 60)]
    sink = ShuffledSink(tmp_path / "parts", EntitySink(tmp_path, SCHEMA, staged(RECIPE, SCHEMA).requests, ".csv"), 1, 5)
    for table in made:
        sink.add(table)
    sink.close()
    lines = (tmp_path / "requests.csv").read_text().splitlines()[1:]
    assert sorted(line.split(",")[0].strip('"') for line in lines) == [f"SYN-7-{i:08d}" for i in range(90)]


def test_the_nested_table_is_the_canonical_one_in_row_groups(tmp_path):
    generate(Order(300, 5), tmp_path / "out")
    file = pq.ParquetFile(tmp_path / "out" / "requests.parquet")
    assert file.schema_arrow.equals(nested_schema(SCHEMA))
    assert file.metadata.num_rows == 300
    assert generating.CHUNK == 50_000


def test_the_expected_outcomes_and_the_manifest_count_the_same(tmp_path):
    told = generate(Order(500, 5), tmp_path / "out")
    assert told == json.loads((tmp_path / "out" / "manifest.json").read_text())
    expected = pq.read_table(tmp_path / "out" / "expected.parquet").to_pylist()
    assert (told["seed"], told["n"], told["as_of"], told["lines"]) == (5, 500, AS_OF.isoformat(), len(expected))
    assert told["scenarios"] == dict(sorted(Counter(c["scenario"] for c in expected).items()))
    kinds = Counter("rejected" if c["rejected"] else c["recommendation"] for c in expected)
    assert told["recommendations"] == dict(sorted(kinds.items()))
    assert "synthetic" in told["kind"]
    assert all(c["request"].startswith("SYN-5-") for c in expected)
    assert set(told["meaning"]) == {p for s in told["scenarios"] for p in s.split(" + ")}


def test_policies_are_asked_for_by_name(tmp_path):
    for policy, number in (("0587", "0587"), ("cmm-608", "CMM-608")):
        told = generate(Order(300, 5, policy=policy), tmp_path / policy)
        assert set(told["policies"]) - {"none"} == {number}
        assert told["lines"] == 300
    assert set(generate(Order(300, 5), tmp_path / "both")["policies"]) - {"none"} == {"0587", "CMM-608"}


# ---- The command ----


def plexus(*arguments):
    return CliRunner().invoke(main, ["generate", *map(str, arguments)])


def test_the_command_makes_a_folder_and_says_what_is_in_it(tmp_path):
    done = plexus("-n", 40, "--seed", 3, "-o", tmp_path / "out")
    assert done.exit_code == 0
    assert "40 synthetic requests" in done.output
    assert "as of 2026-06-30" in done.output
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out"]
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == [
        "expected.parquet",
        "manifest.json",
        "requests.parquet",
    ]


def test_an_earlier_folder_is_replaced_only_when_told_and_only_if_it_is_one(tmp_path):
    out = tmp_path / "out"
    assert plexus("-n", 5, "-o", out).exit_code == 0
    before = digests(out)
    again = plexus("-n", 6, "-o", out)
    assert again.exit_code == 2
    assert "--force" in again.output
    assert digests(out) == before
    assert plexus("-n", 6, "--force", "--format", "csv", "-o", out).exit_code == 0
    assert json.loads((out / "manifest.json").read_text())["n"] == 6
    assert not (out / "requests.parquet").exists()
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "manifest.json").write_text("[]")
    refused = plexus("-n", 5, "--force", "-o", foreign)
    assert refused.exit_code == 2
    assert "holds no synthetic requests" in refused.output
    assert [p.name for p in foreign.iterdir()] == ["manifest.json"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("-n", 0), "0"),
        (("-n", 5, "--seed", -1), "-1"),
        (("-n", 5, "--policy", "0588"), "0588"),
        (("-n", 5, "--format", "xml"), "xml"),
        (("-n", 5, "--shuffle"), "--format entities or csv"),
        (("-n", 5, "--as-of", "2025-12-01"), "2025-12-16"),
        (("-n", 5, "--as-of", "tomorrow"), "tomorrow"),
        (("-n", 5, "--share", "denied=1"), "'denied' is no outcome"),
        (("-n", 5, "--share", "deny"), "OUTCOME=NUMBER"),
        (("-n", 5, "--share", "deny=-1"), "from 0"),
        (("-n", 5, "--share", "deny=nan"), "from 0"),
        (("-n", 5, "--share", "deny=0"), "No outcome has a share"),
    ],
)
def test_what_cannot_be_made_is_refused_with_its_cure(tmp_path, arguments, says):
    done = plexus(*arguments, "-o", tmp_path / "out")
    assert done.exit_code == 2
    assert says in done.output
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("outcomes", [("deny", "pend"), ("rejected",), ("not-applicable", "approve")], ids=" ".join)
def test_outcomes_are_drawn_as_told(tmp_path, outcomes):
    told = [a for o in outcomes for a in ("--share", f"{o}=0.5")]
    assert plexus("-n", 200, *told, "-o", tmp_path / "out").exit_code == 0
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert set(manifest["recommendations"]) == set(outcomes)
    assert manifest["shares"] == dict.fromkeys(outcomes, 0.5)
    assert min(manifest["recommendations"].values()) > 60


def test_a_folder_in_no_folder_is_refused(tmp_path):
    done = plexus("-n", 5, "-o", tmp_path / "none" / "out")
    assert done.exit_code == 2
    assert "Make it first" in done.output


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()], ids=["full", "ctrl-c"])
def test_what_breaks_off_leaves_the_folder_as_it_was(tmp_path, monkeypatch, error):
    out = tmp_path / "out"
    assert plexus("-n", 5, "-o", out).exit_code == 0
    before = digests(out)

    def broken(*_):
        raise error

    monkeypatch.setattr(generating, "chunk", broken)
    done = plexus("-n", 6, "--force", "-o", out)
    assert done.exit_code != 0
    assert digests(out) == before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out"]
    if isinstance(error, OSError):
        assert "No space left on device" in done.output


def test_without_the_table_library_the_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    done = plexus("-n", 5, "-o", tmp_path / "out")
    assert done.exit_code == 2
    assert "plexus-reasoner[tables]" in done.output
    assert list(tmp_path.iterdir()) == []


def test_it_tells_how_far_it_has_come(tmp_path, monkeypatch):
    told = []

    @contextmanager
    def counting(label, total, unit):
        told.append((label, total, unit))
        yield told.append

    monkeypatch.setattr(command, "counting", counting)
    monkeypatch.setattr(generating, "CHUNK", 5)
    assert plexus("-n", 8, "-o", tmp_path / "out").exit_code == 0
    assert told == [("generating", 8, "requests"), 5, 3]


@pytest.mark.slow
def test_a_batch_of_a_generated_folder_comes_out_as_claimed(tmp_path):
    out, done = tmp_path / "out", tmp_path / "done"
    assert plexus("-n", 400, "--seed", 9, "--format", "csv", "--shuffle", "-o", out).exit_code == 0
    asked = ["batch", str(out), "-o", str(done), "--as-of", AS_OF.isoformat(), "--no-hinges", "--workers", "1"]
    assert CliRunner().invoke(main, asked).exit_code == 1  # some are rejected
    expected = pq.read_table(out / "expected.parquet").to_pylist()
    outcomes = {(o["request"], o["line"]): o for o in pq.read_table(done / "outcomes.parquet").to_pylist()}
    lost = Counter()
    for r in pq.read_table(done / "rejected.parquet").to_pylist():
        lost[r["request"]] += r["lines"]
    assert differences(expected, outcomes, lost) == []
    assert len(outcomes) + sum(lost.values()) == len(expected)


def test_orders_of_a_program_are_checked_like_those_of_the_command(tmp_path):
    for order in (Order(0, 1), Order(1, -1), Order(1, 1, policy="x"), Order(1, 1, form="x")):
        with pytest.raises(GenerationError):
            generate(order, tmp_path / "out")
