"""Synthetic requests: every claim is what a review gives, and the data are what they say they are."""

from __future__ import annotations

import ast
import json
import re
from dataclasses import replace
from datetime import date
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from conftest import ROOT

from reasoner import review
from reasoner.batch.chunk import review_table
from reasoner.batch.plan import Plan, Profile
from reasoner.cli import main
from reasoner.errors import RequestError
from reasoner.knowledge import load
from reasoner.synthetic import chunk as chunks
from reasoner.synthetic import writing
from reasoner.synthetic.chunk import CRITERIA, Chunk, Drawn, Recipe, chunk, expected, fill, panorama, staged
from reasoner.synthetic.claims import Scenario, scenario
from reasoner.synthetic.draws import Draws
from reasoner.synthetic.mixture import SHARES, catalogue, decks
from reasoner.synthetic.sheet import Sheet
from reasoner.tables.chunks import Reading
from reasoner.tables.rdf_rows import triples_of
from reasoner.tables.schema import nested_schema, schema_of
from reasoner.tables.sources import nested_chunks

KNOWLEDGE = load()
SCHEMA = schema_of(KNOWLEDGE)
AS_OF = date(2026, 12, 31)
RECIPE = Recipe(11, AS_OF)
PLAN = Plan(None, AS_OF, (Profile("default", {}),), None, False, False, "test")
CLAIMED = ("policy", "recommendation", "basis", "next", *CRITERIA)
REFUSED = {
    "the line has no indication": "needs exactly one indication",
    "the units are not a whole number from 1": "Write the units as one whole number",
    "a term is no term of plexus": "is no term of plexus",
    "a date lies after the as-of date": "lies after the as-of date",
    "a document has no title": "The document needs one title",
    "a finding is about nothing": "The evidence is about nothing",
    "an ordered study has findings": "The study is only ordered and still has findings",
    "a treatment ends before it starts": "The treatment starts after it ends",
}
"""Why a record is rejected, in the catalogue's words and in those of the request shapes."""
UNSEEN = {"exclusion-lifted-by-mandate", "exclusion-not-yet-in-force"}
"""Faults that change nothing of the outcome, as they say."""


def rows(recipe: Recipe = RECIPE, count: int = 1000, first: int = 0) -> Chunk:
    return chunk(recipe, SCHEMA, np.arange(first, first + count))


def differences(made: Chunk) -> dict[str, str]:
    """By scenario, how the bulk review of requests differs from what is claimed."""
    found = review_table(made.requests, PLAN)
    outcomes = {(o["request"], o["line"]): o for o in found.outcomes.to_pylist()}
    faults: dict[str, str] = {}
    for one in found.rejected.to_pylist():
        faults[one["request"]] = faults.get(one["request"], "") + one["fault"]
    out = {}
    for claim in made.expected.to_pylist():
        outcome = outcomes.get((claim["request"], claim["line"]))
        if claim["rejected"]:
            if outcome is not None or REFUSED[claim["rejection"]] not in faults.get(claim["request"], ""):
                out[claim["scenario"]] = f"not rejected because {claim['rejection']}"
        elif outcome is None:
            out[claim["scenario"]] = f"rejected: {faults.get(claim['request'])}"
        elif wrong := [f"{c}: {claim[c]}, is {outcome[c]}" for c in CLAIMED if claim[c] != outcome[c]]:
            out[claim["scenario"]] = "; ".join(wrong)
    return out


def staged_as(scenarios: list[Scenario], made_as: list[Scenario]) -> Chunk:
    """A request of each scenario of one deck, claimed to be another one."""
    (deck,) = (d for d in decks() if d.catalogue.policy == made_as[0].variant.policy)
    places = np.asarray([deck.scenarios.index(s) for s in made_as])
    nowhere = np.full(len(places), chunks.NONE)
    drawn = Drawn(places, nowhere) if deck is decks()[0] else Drawn(nowhere, places)
    x = Sheet(SCHEMA, RECIPE.seed, np.arange(len(places)))
    fill(x, drawn, AS_OF)
    told = expected(x, drawn)
    columns = {
        "scenario": [s.name for s in scenarios],
        "policy": [s.policy for s in scenarios],
        "recommendation": [s.outcome and s.outcome.recommendation for s in scenarios],
        "basis": [s.outcome and s.outcome.basis for s in scenarios],
        "next": [s.outcome and s.outcome.next for s in scenarios],
        "rejection": [s.rejection for s in scenarios],
        "rejected": [s.rejection is not None for s in scenarios],
        **{c: [s.statuses.get(c) for s in scenarios] for c in CRITERIA},
    }
    for name, values in columns.items():
        place = told.column_names.index(name)
        told = told.set_column(place, name, pa.array(values, told.schema.field(name).type))
    return Chunk(x.to_arrow(), told)


SINGLES = {
    s.faults[0].name if s.faults else s.variant.name: s
    for deck in decks()
    for s in reversed(deck.scenarios)
    if len(s.faults) < 2
}
"""A scenario of each variant without fault and of each fault."""


# ---- The claims --------------------------------------------------------------------------------------


def test_every_scenario_comes_out_as_it_is_claimed():
    made = panorama(RECIPE, SCHEMA)
    assert made.requests.num_rows == sum(len(d.scenarios) for d in decks()) > 5000
    assert differences(made) == {}


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.exhaustive)])
def test_drawn_requests_come_out_as_they_are_claimed(seed):
    made = rows(Recipe(seed, AS_OF), 10_000)
    assert made.requests.num_rows == 10_000
    assert any(" + " in s for s in made.expected["scenario"].to_pylist())
    assert made.expected.num_rows > 10_500, "requests with two lines are among them"
    assert differences(made) == {}


def reviewed_as(made: Chunk, engine: str) -> list[str]:
    """How the review of one request differs from what is claimed of its lines."""
    (row,) = made.requests.to_pylist()
    claims = made.expected.to_pylist()
    text = "\n".join(f"{s} {p} {o} ." for s, p, o in triples_of(row, KNOWLEDGE)).encode()
    try:
        (found,) = review(text, as_of=AS_OF, format="ntriples", engine=engine)
    except RequestError as error:
        return [] if claims[0]["rejected"] and REFUSED[claims[0]["rejection"]] in str(error) else [str(error)]
    if claims[0]["rejected"]:
        return [f"not refused: {claims[0]['rejection']}"]
    out = []
    for claim, line in zip(claims, found.lines, strict=True):
        is_ = {"policy": line.policy and line.policy.number, "recommendation": line.recommendation}
        is_ |= {"basis": line.basis, "next": line.next, **{c.id: c.status for c in line.criteria}}
        out += [f"{c}: {claim[c]}, is {is_.get(c)}" for c in CLAIMED if claim[c] != is_.get(c)]
    return out


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=[] if i % 4 == 0 else pytest.mark.exhaustive) for i, n in enumerate(SINGLES)]
)
def test_a_review_by_the_reference_engine_agrees(name):
    made = staged(SINGLES[name], SCHEMA, RECIPE, np.asarray([4711]))
    assert reviewed_as(made, "pyshacl") == []


@pytest.mark.parametrize(
    "number", [pytest.param(n, marks=[] if n < 10 else pytest.mark.exhaustive) for n in range(100)]
)
def test_a_review_of_two_lines_by_the_reference_engine_agrees(number):
    two = beside()
    made = rows(count=1, first=two[number])
    assert made.expected.num_rows == 2
    assert reviewed_as(made, "pyshacl") == []


@cache
def beside() -> list[int]:
    lines = [r["lines"] for r in rows(count=3000).requests.select(["lines"]).to_pylist()]
    return [i for i, found in enumerate(lines) if len(found) == 2]


def test_a_wrong_claim_is_seen():
    """A claim that is changed in any one place makes the comparison differ."""
    made = rows(count=300)
    right = differences(made)
    assert right == {}
    for name in ("recommendation", "basis", "next", *CRITERIA):
        values = made.expected[name].to_pylist()
        place = next(i for i, v in enumerate(values) if v is not None)
        values[place] = "unmet" if values[place] != "unmet" else "met"
        column = made.expected.column_names.index(name)
        wrong = made.expected.set_column(column, name, pa.array(values, pa.string()))
        assert list(differences(Chunk(made.requests, wrong))) == [made.expected["scenario"][place].as_py()], name


@pytest.mark.parametrize("deck", decks(), ids=lambda d: d.catalogue.policy)
def test_a_fault_that_is_claimed_and_not_built_in_is_seen(deck):
    claimed = [s for s in SINGLES.values() if s.faults and s.variant.policy == deck.catalogue.policy]
    sound = [next(p for p in deck.scenarios if p.variant is s.variant and not p.faults) for s in claimed]
    seen = differences(staged_as(claimed, sound))
    assert len(claimed) > 40
    assert {s.name for s in claimed} - seen.keys() == {s.name for s in claimed if s.faults[0].name in UNSEEN}


@pytest.mark.parametrize("deck", decks(), ids=lambda d: d.catalogue.policy)
def test_a_fault_that_is_built_in_and_not_claimed_is_seen(deck):
    built = [s for s in SINGLES.values() if s.faults and s.variant.policy == deck.catalogue.policy]
    sound = [replace(next(p for p in deck.scenarios if p.variant is s.variant and not p.faults)) for s in built]
    named = [replace(s, faults=()) for s in sound]
    for i, one in enumerate(named):  # told apart by a name of their own
        named[i] = replace(one, variant=replace(one.variant, name=built[i].name))
    seen = differences(staged_as(named, built))
    assert {s.name for s in built} - seen.keys() == {s.name for s in built if s.faults[0].name in UNSEEN}


def test_two_faults_of_one_part_are_no_scenario():
    plexus = decks()[0].catalogue
    by_name = {f.name: f for f in plexus.faults}
    variant = plexus.variants[0]
    assert scenario(variant, by_name["injection-undocumented"], by_name["medication-refused"]) is None
    assert scenario(variant, by_name["plan-exclusion"], by_name["medication-refused"]) is None
    both = scenario(variant, by_name["plexus-shown-free"], by_name["injection-undocumented"])
    assert both is not None
    assert both.kind == "deny" and both.statuses["necessity"] == "unmet" and both.statuses["conservative"] == "open"


# ---- What the catalogue holds ------------------------------------------------------------------------


def test_the_catalogue_names_the_criteria_of_both_policies_in_tree_order():
    policies = {p.number: p for p in KNOWLEDGE.policies}
    for deck in decks():
        ids = [c.id for c in policies[deck.catalogue.policy].criteria]
        assert list(deck.catalogue.base) == ids


def test_every_criterion_occurs_in_every_status_that_a_record_can_give_it():
    statuses = {c: {s.statuses[c] for d in decks() for s in d.scenarios if c in s.statuses} for c in CRITERIA}
    groups = {c.id for p in KNOWLEDGE.policies for c in p.criteria if not c.is_leaf}
    leaf = {"met", "unmet", "conflicting", "to-judge", "undocumented"}
    rare = {
        # The indication is asked of every line, and nothing but a clinician's word could contradict it.
        "other-indication": {"met", "unmet", "to-judge"},
    }
    for name, found in statuses.items():
        full = {"met", "unmet", "open"} if name in groups else leaf
        assert found >= {"met", "unmet"}, name
        if name not in groups:
            assert found & {"undocumented", "to-judge"}, name
        assert found <= full, name
        if name in rare:
            assert found == rare[name]
    assert sum(len(f) for f in statuses.values()) > 90


def test_variants_and_faults_have_names_of_their_own_and_say_what_they_are():
    for policy, entries in catalogue().items():
        assert all(says.endswith(".") and len(says) > 20 for says in entries.values()), policy
    for deck in decks():
        names = [o.name for o in (*deck.catalogue.variants, *deck.catalogue.faults)]
        assert len(names) == len(set(names)) == len(catalogue()[deck.catalogue.policy])
        assert all(
            f.variants <= {v.name for v in deck.catalogue.variants} and f.variants for f in deck.catalogue.faults
        )


def test_no_engine_is_asked():
    forbidden = {"review", "weigh", "determine", "engine", "engine_pyshacl", "engine_columnar", "columnar", "batch"}
    for path in sorted((ROOT / "reasoner" / "synthetic").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("reasoner."):
                assert node.module.split(".")[1] not in forbidden, path.name


# ---- The data ----------------------------------------------------------------------------------------


def test_a_request_depends_on_its_number_and_the_seed_alone():
    ten = rows(count=500)
    some = chunk(RECIPE, SCHEMA, np.asarray([499, 3, 250]))
    assert ten.requests.take([499, 3, 250]).equals(some.requests)
    assert (
        not rows(Recipe(12, AS_OF), 500)
        .requests.drop_columns("identifier")
        .equals(ten.requests.drop_columns("identifier"))
    )


def test_draws_are_even_and_independent_of_each_other():
    draws = Draws(3, np.arange(200_000), hash)
    one, other = draws.uniform("one"), draws.uniform("other")
    assert abs(one.mean() - 0.5) < 0.005 and abs(one.var() - 1 / 12) < 0.002
    assert one.min() >= 0 and one.max() < 1
    assert abs(np.corrcoef(one, other)[0, 1]) < 0.01
    assert abs(np.corrcoef(one[1:], one[:-1])[0, 1]) < 0.01
    assert set(draws.whole("die", 1, 6)) == {1, 2, 3, 4, 5, 6}
    assert abs(draws.chance("rain", 0.3).mean() - 0.3) < 0.01


def test_outcomes_have_their_shares():
    made = rows(count=20_000)
    found = made.expected["recommendation"].to_pylist()
    for outcome, share in SHARES.items():
        wanted = None if outcome == "rejected" else outcome
        assert abs(found.count(wanted) / len(found) - share) < 0.05, outcome
    only = Recipe(1, AS_OF, "0587", (("deny", 1.0),))
    assert set(rows(only, 500).expected["recommendation"].to_pylist()) == {"deny"}


@pytest.mark.parametrize(
    ("policy", "numbers"), [("0587", {"0587"}), ("cmm-608", {"CMM-608"}), ("both", {"0587", "CMM-608"})]
)
def test_requests_are_for_the_policies_asked_for(policy, numbers):
    found = rows(Recipe(1, AS_OF, policy), 500).expected["policy"].to_pylist()
    assert set(found) - {None} == numbers


def values(cell: object) -> int:
    if isinstance(cell, dict):
        return sum(values(v) for v in cell.values())
    if isinstance(cell, list):
        return sum(values(v) for v in cell)
    return int(cell is not None)


def test_a_request_has_as_many_values_as_a_real_record():
    counts = [values(r) for r in rows(count=500).requests.to_pylist()]
    assert 80 < sum(counts) / len(counts) < 150
    assert min(counts) > 25


DAYS = ("date", "startDate", "endDate", "occurredOn", "receivedOn")


def test_dates_are_in_the_order_in_which_things_happen():
    made = rows(count=2000)
    rejected = set(made.expected.filter(made.expected["rejected"])["request"].to_pylist())
    seen = 0
    for row in made.requests.to_pylist():
        if row["identifier"] in rejected:
            continue
        tables = {k: v for k, v in row.items() if isinstance(v, list) and k != "lines"}
        dated = {d["id"]: d["date"] for d in row["documents"]}
        for table, children in tables.items():
            for child in children or () if isinstance(children[0] if children else None, dict) else ():
                for name in DAYS:
                    day = child.get(name)
                    for one in day if isinstance(day, list) else [day]:
                        assert one is None or one <= row["receivedOn"] <= AS_OF, (row["identifier"], table, child["id"])
                if child.get("startDate") and child.get("endDate"):
                    assert child["startDate"] < child["endDate"]
                    seen += 1
                for document in child.get("documentedIn") or ():
                    own = child.get("date")
                    assert not isinstance(own, date) or own <= dated[document], (row["identifier"], child["id"])
    assert seen > 1000


def test_sides_agree_where_nothing_is_wrong():
    sound = Recipe(5, AS_OF, "0587", (("approve", 1.0),))
    made = rows(sound, 1000)
    for row in made.requests.to_pylist():
        (line,) = row["lines"]
        sides = [f["side"] for f in (*row["findings"], *row["symptoms"], *row["signs"]) if f["side"]]
        assert sides and set(sides) == {line["side"]}


def test_identifiers_and_metadata_say_that_the_data_are_synthetic(tmp_path):
    out = generated(tmp_path, "-n", "20", "--seed", "3")
    table = pq.read_table(out / "requests.parquet")
    assert table["identifier"].to_pylist() == [f"SYN-3-{i:08d}" for i in range(20)]
    for name in ("requests.parquet", "expected.parquet"):
        assert b"No person" in pq.read_schema(out / name).metadata[b"plexus"]
    assert table.schema.equals(nested_schema(SCHEMA))


# ---- The command -------------------------------------------------------------------------------------


def run(*arguments: str) -> tuple[int, str]:
    found = CliRunner().invoke(main, ["generate", *arguments])
    assert found.exception is None or isinstance(found.exception, SystemExit), found.exception
    return found.exit_code, found.output


def generated(folder: Path, *arguments: str, name: str = "out") -> Path:
    code, output = run(*arguments, "-o", str(folder / name))
    assert code == 0, output
    return folder / name


def digests(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_the_same_seed_gives_the_same_bytes(tmp_path):
    one, other = (generated(tmp_path, "-n", "300", "--seed", "5", name=n) for n in ("one", "other"))
    assert digests(one) == digests(other)
    fewer = generated(tmp_path, "-n", "100", "--seed", "5", name="fewer")
    long, short = (pq.read_table(f / "requests.parquet") for f in (one, fewer))
    assert long.slice(0, 100).equals(short)
    others = generated(tmp_path, "-n", "300", "--seed", "6", name="others")
    assert digests(others)["requests.parquet"] != digests(one)["requests.parquet"]


def test_a_set_of_several_chunks_is_the_same_requests(tmp_path, monkeypatch):
    whole = generated(tmp_path, "-n", "50", name="whole")
    monkeypatch.setattr(writing, "CHUNK", 20)
    parts = generated(tmp_path, "-n", "50", name="parts")
    for name in ("requests.parquet", "expected.parquet"):
        assert pq.read_table(whole / name).equals(pq.read_table(parts / name))
    assert pq.ParquetFile(parts / "requests.parquet").num_row_groups == 3


FORMS = {
    "entities": ["--format", "entities"],
    "shuffled entities": ["--format", "entities", "--shuffle"],
    "csv": ["--format", "csv"],
    "shuffled csv": ["--format", "csv", "--shuffle"],
    "ntriples": ["--format", "ntriples"],
    "turtle": ["--format", "turtle"],
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_says_the_same_requests(form, tmp_path, monkeypatch):
    monkeypatch.setattr(writing, "CHUNK", 100)
    nested = generated(tmp_path, "-n", "250", name="nested")
    other = generated(tmp_path, "-n", "250", *FORMS[form], name="other")
    found = list(nested_chunks([other / "requests"], Reading(KNOWLEDGE)))
    assert not [r for c in found for r in c.rejected]
    read = {r["identifier"]: r for c in found for r in c.table.to_pylist()}
    for row in pq.read_table(nested / "requests.parquet").to_pylist():
        assert set(triples_of(read[row["identifier"]], KNOWLEDGE)) == set(triples_of(row, KNOWLEDGE))
    assert len(read) == 250
    assert pq.read_table(other / "expected.parquet").equals(pq.read_table(nested / "expected.parquet"))


def test_shuffled_tables_are_in_orders_of_their_own(tmp_path):
    out = generated(tmp_path, "-n", "400", "--format", "entities", "--shuffle") / "requests"
    requests = pq.read_table(out / "requests.parquet")["identifier"].to_pylist()
    lines = pq.read_table(out / "lines.parquet")["request"].to_pylist()
    assert sorted(requests) == sorted(set(lines)) and len(requests) == 400
    assert requests != sorted(requests) and lines != sorted(lines)
    assert list(dict.fromkeys(lines)) != requests


def test_the_manifest_says_what_was_written(tmp_path):
    import hashlib

    out = generated(tmp_path, "-n", "500", "--seed", "9", "--as-of", "2026-06-30", "--policy", "0587")
    told = json.loads((out / "manifest.json").read_text())
    assert (told["requests"], told["seed"], told["as_of"], told["policy"]) == (500, 9, "2026-06-30", "0587")
    assert told["lines"] == sum(told["outcomes"].values()) == pq.read_table(out / "expected.parquet").num_rows
    assert set(told["files"]) == {"requests.parquet", "expected.parquet"}
    for name, file in told["files"].items():
        assert file["sha256"] == hashlib.sha256((out / name).read_bytes()).hexdigest()
    names = {part for s in pq.read_table(out / "expected.parquet")["scenario"].to_pylist() for part in s.split(" + ")}
    assert names <= told["scenarios"]["0587"].keys()


def test_outcomes_hold_for_the_day_that_is_asked_for():
    for day in (date(2025, 12, 20), date(2027, 8, 1)):
        made = rows(Recipe(2, day), 1500)
        found = review_table(made.requests, replace(PLAN, as_of=day))
        is_ = {(o["request"], o["line"]): o["recommendation"] for o in found.outcomes.to_pylist()}
        for claim in made.expected.to_pylist():
            assert is_.get((claim["request"], claim["line"])) == claim["recommendation"], (day, claim)


def test_an_earlier_folder_is_replaced_on_demand_only(tmp_path):
    out = generated(tmp_path, "-n", "10")
    before = digests(out)
    code, output = run("-n", "20", "-o", str(out))
    assert code == 1 and "exists already" in output and "--force" in output
    assert digests(out) == before
    code, _ = run("-n", "20", "-o", str(out), "--force")
    assert code == 0 and pq.read_table(out / "requests.parquet").num_rows == 20
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


def test_a_folder_of_something_else_is_never_replaced(tmp_path):
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "thesis.txt").write_text("years of work")
    code, output = run("-n", "5", "-o", str(mine), "--force")
    assert code == 1 and "not replaced" in output
    assert (mine / "thesis.txt").read_text() == "years of work"
    code, output = run("-n", "5", "-o", str(mine / "thesis.txt"), "--force")
    assert code == 1 and "is a file" in output


def test_a_run_that_fails_leaves_nothing(tmp_path, monkeypatch):
    kept = generated(tmp_path, "-n", "10")
    before = digests(kept)
    calls = iter(range(10))

    def broken(*arguments):
        if next(calls) == 1:
            raise KeyboardInterrupt
        return chunk(*arguments)

    monkeypatch.setattr(writing, "CHUNK", 10)
    monkeypatch.setattr(writing, "chunk", broken)
    for name in ("fresh", "out"):
        calls = iter(range(10))
        CliRunner().invoke(main, ["generate", "-n", "30", "-o", str(tmp_path / name), "--force"])
    assert [p.name for p in tmp_path.iterdir()] == ["out"]
    assert digests(kept) == before


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["-n", "0"], 2, "not in the range"),
        (["-n", "5", "--shuffle"], 2, "--format entities"),
        (["-n", "5", "--as-of", "2025-11-30"], 1, "give a later --as-of"),
        (["-n", "5", "--as-of", "yesterday"], 2, "does not match the format"),
        (["-n", "5", "--share", "denied=0.5"], 2, "not of the form OUTCOME=NUMBER"),
        (["-n", "5", "--share", "deny=-1"], 2, "not of the form OUTCOME=NUMBER"),
        (["-n", "5", "--share", "deny=0"], 2, "above 0"),
        (["-n", "5", "--policy", "0600"], 2, "cmm-608"),
    ],
)
def test_what_cannot_be_made_is_said(arguments, code, said, tmp_path):
    got, output = run(*arguments, "-o", str(tmp_path / "out"))
    assert got == code and said in re.sub(r"\s+", " ", output)
    assert not (tmp_path / "out").exists()


def test_shares_are_taken_from_the_command_line(tmp_path):
    out = generated(tmp_path, "-n", "300", "--share", "deny=1", "--share", "pend=1")
    counts = json.loads((out / "manifest.json").read_text())["outcomes"]
    assert set(counts) == {"deny", "pend"} and min(counts.values()) > 100


def test_the_catalogue_is_listed():
    code, output = run("--catalogue")
    assert code == 0
    assert "plexus-shown-free: A final MRI report" in output and "CMM-608" in output
