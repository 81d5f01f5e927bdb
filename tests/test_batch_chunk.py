"""A chunk of rows comes out as its requests do one by one: statuses, evidence, recommendations, hinges, faults."""

from __future__ import annotations

import random
from copy import deepcopy
from dataclasses import replace
from datetime import date
from functools import cache

import pytest
from conftest import ROOT, all_cases, reviewed

from reasoner import intake, review
from reasoner.batch.chunk import review_table
from reasoner.batch.plan import Plan, Profile
from reasoner.columnar.graph import Graph
from reasoner.in_force import governs
from reasoner.knowledge import load
from reasoner.policy import edition_named
from reasoner.review import review_record, setting_of
from reasoner.tables.rdf_rows import row_of_record
from reasoner.tables.schema import nested_schema, schema_of
from reasoner.vocabulary import compact

pa = pytest.importorskip("pyarrow")
K = load()
LATE = date(2028, 1, 1)
DEFAULT = (Profile("default", {}),)


@cache
def rows() -> dict[str, dict]:
    """The row of every case, under the case's name."""
    out = {}
    for case in all_cases():
        (record,) = intake.read(case.request, as_of=case.as_of)
        row = row_of_record(record, K).row
        assert row is not None, case.name
        out[case.name] = {**row, "identifier": case.name}
    return out


def table(names, changed=None):
    found = [deepcopy(rows()[n]) for n in names]
    for change in [changed] if changed else []:
        for row in found:
            change(row)
    return pa.Table.from_pylist(found, schema=nested_schema(schema_of(K)))


def run(names, as_of=LATE, profiles=DEFAULT, changed=None, **more):
    plan = Plan(
        None, as_of, profiles, more.get("edition"), more.get("all_reasons", True), more.get("hinges", True), "r"
    )
    return review_table(table(names, changed), plan)


def by_day() -> dict[date, list[str]]:
    out: dict[date, list[str]] = {}
    for case in all_cases():
        out.setdefault(case.as_of, []).append(case.name)
    return out


def told(line) -> dict:
    """What an outcome says of a reviewed line."""
    hinges = [
        " + ".join(f"{c.ambiguity}={c.reading}" for c in h.changes) + f": {h.recommendation.value}"
        for h in line.hinges_on
    ]
    return {
        "recommendation": line.recommendation.value,
        "basis": line.basis.value,
        "next": line.next.value,
        "code": line.code,
        "policy": line.policy.number if line.policy else None,
        "edition": line.policy.edition if line.policy else None,
        "hinges": "; ".join(hinges),
        **{c.id: c.status for c in line.criteria},
    }


@pytest.mark.parametrize("day", sorted(by_day()), ids=str)
def test_all_cases_in_one_chunk_come_out_as_one_by_one(day):
    names = by_day()[day]
    found = run(names, as_of=day)
    assert found.rejected.num_rows == 0
    outcomes = {(o["request"], o["line"]): o for o in found.outcomes.to_pylist()}
    reasons: dict[tuple, set] = {}
    for r in found.reasons.to_pylist():
        key = (r["request"], r["line"], r["criterion"])
        reasons.setdefault(key, set()).add((r["status"], r["role"], r["shape"], r["evidence"]))
    seen = 0
    for name in names:
        for line in reviewed(name).lines:
            outcome = outcomes[name, line.sequence]
            assert {k: outcome[k] for k in told(line)} == told(line), name
            for c in line.criteria:
                if c.kind.value in ("leaf", "exclusion"):
                    wanted = {(c.status, e.role, compact(e.rule), key_of(name, e.iri)) for e in c.evidence}
                    assert reasons[name, line.sequence, c.id] == (wanted or {(c.status, None, None, None)}), name
            seen += 1
    assert seen == len(outcomes)


def key_of(name: str, iri: str) -> str:
    """How a chunk names the row of an evidence node of a case."""
    key = iri.rsplit("#", 1)[-1]
    tables = [t for t, some in rows()[name].items() if isinstance(some, list)]
    homes = [t for t in tables for r in rows()[name][t] if isinstance(r, dict) and r["id"] == key]
    assert len(homes) == 1, (name, iri)
    return f"{homes[0]}/{key}"


def other_readings() -> list[dict[str, str]]:
    """One profile for each ambiguity: its first reading that is not the default."""
    out = []
    for policy in K.policies:
        for a in policy.ambiguities:
            other = next(r for r in a.readings if r is not a.default)
            out.append({a.notation: other.notation})
    return out


@pytest.mark.slow
def test_profiles_in_one_pass_are_reviews_under_other_readings():
    profiles = tuple(Profile(f"p{i}", chosen) for i, chosen in enumerate([{}, *other_readings()]))
    names = [c.name for c in all_cases()][::9]
    day = date(2026, 6, 1)
    found = run(names, as_of=day, profiles=profiles, hinges=False, all_reasons=False)
    outcomes = {(o["request"], o["line"], o["profile"]): o for o in found.outcomes.to_pylist()}
    changed = 0
    for name in names:
        case = next(c for c in all_cases() if c.name == name)
        for profile in profiles:
            (one,) = review(case.request, as_of=day, readings=dict(profile.readings))
            for line in one.lines:
                outcome = outcomes[name, line.sequence, profile.name]
                wanted = {k: v for k, v in told(line).items() if k != "hinges"}
                assert {k: outcome[k] for k in wanted} == wanted, (name, profile)
                changed += outcome["recommendation"] != outcomes[name, line.sequence, "p0"]["recommendation"]
    assert changed > 20


def test_an_edition_that_is_named_is_applied_whatever_the_dates():
    library = ROOT / "tests" / "editions"
    knowledge = load(library)
    edition = edition_named(knowledge.policies, "0587/2027-01-01")
    names = [
        c.name for c in all_cases() if "0587" in {line.policy and line.policy.number for line in reviewed(c.name).lines}
    ]
    names = names[::5]
    plan = Plan(library, LATE, DEFAULT, "0587/2027-01-01", False, True, "r")
    found = review_table(table(names), plan)
    outcomes = {(o["request"], o["line"]): o for o in found.outcomes.to_pylist()}
    setting = replace(setting_of(as_of=LATE, library=library), edition=edition)
    for name in names:
        case = next(c for c in all_cases() if c.name == name)
        (record,) = intake.read(case.request, as_of=LATE, ontology=knowledge.ontology)
        for line in review_record(record, setting).lines:
            outcome = outcomes[name, line.sequence]
            assert {k: outcome[k] for k in told(line)} == told(line), name
    assert governs(edition, None, setting)


def test_the_order_of_requests_and_the_size_of_a_chunk_do_not_matter():
    names = [c.name for c in all_cases()]
    whole = {(o["request"], o["line"]): o for o in run(names).outcomes.to_pylist()}
    random.Random(7).shuffle(names)
    for start in range(0, len(names), 31):
        part = names[start : start + 31]
        for outcome in run(part).outcomes.to_pylist():
            assert outcome == whole[outcome["request"], outcome["line"]]


def test_requests_that_share_a_term_are_kept_apart(monkeypatch):
    """A level of the spine leads back to the lines of its own request only; without that, other outcomes come about."""
    names = [n for n in rows() if n.startswith("decompression")]
    right = run(names).outcomes.column("recommendation").to_pylist()
    monkeypatch.setattr(Graph, "shares", lambda *_: False)
    assert run(names).outcomes.column("recommendation").to_pylist() != right


def test_no_text_of_a_record_is_in_any_table():
    def mark(row):
        for t in ("documents", "treatments", "conditions"):
            for child in row[t]:
                for name in ("title", "agent", "targetJustification"):
                    if child.get(name):
                        child[name] = ["SECRET"] if isinstance(child[name], list) else "SECRET"

    found = run(list(rows()), changed=mark)
    text = str([t.to_pylist() for t in (found.outcomes, found.reasons, found.rejected)])
    assert "SECRET" in str(table(list(rows()), mark).to_pylist()) and "SECRET" not in text


# ---- Faults ----------------------------------------------------------------------------------------


def no_indication(row):
    row["lines"][0]["indication"] = None


def unknown_term(row):
    row["symptoms"][0]["kind"] = "Payn"


def words_for_a_term(row):
    row["symptoms"][0]["kind"] = "his leg hurts, he says"


def dangling_condition(row):
    row["symptoms"][0]["about"] = ["nobody"]


def too_late(row):
    row["symptoms"][0]["date"] = date(2029, 1, 1)


def ends_before_it_starts(row):
    row["treatments"][0].update(startDate=date(2025, 3, 1), endDate=date(2025, 2, 1))


def key_twice(row):
    row["symptoms"].append(dict(row["symptoms"][0]))


def same_line_twice(row):
    row["lines"].append({**row["lines"][0], "id": "another"})


def no_lines(row):
    row["lines"] = []


def pain_beyond(row):
    row["symptoms"][0]["painScore"] = 11


def beyond_the_calendar(row):
    row["symptoms"][0]["date"] = date(1850, 1, 1)


def no_identifier(row):
    row["identifier"] = None


FAULTS = {
    no_indication: ("lines/line1", "exactly one indication"),
    unknown_term: ("symptoms/pain kind", "'Payn' is no term of plexus"),
    words_for_a_term: ("symptoms/pain kind", "clin:kind is no term of plexus"),
    dangling_condition: ("symptoms/pain", "about nothing"),
    too_late: ("symptoms/pain", "lies after the as-of date"),
    ends_before_it_starts: ("treatments/", "starts after it ends"),
    key_twice: ("symptoms/pain", "key is used twice"),
    same_line_twice: ("lines/another", "line number 1 is used twice"),
    no_lines: ("request", "asks for nothing"),
    pain_beyond: ("symptoms/pain", "0 to 10"),
    beyond_the_calendar: ("symptoms/pain date", "before 1900 or after 2099"),
    no_identifier: ("request", "needs one identifier"),
}


@pytest.mark.parametrize("fault", FAULTS, ids=lambda f: f.__name__)
def test_a_faulty_request_is_rejected_with_its_reason_and_the_others_are_reviewed(fault):
    names = ["complete-record", "approach-not-stated", "bilateral-line"]
    found = [deepcopy(rows()[n]) for n in names]
    fault(found[1])
    lines = sum(len(r["lines"]) for r in found)
    made = review_table(
        pa.Table.from_pylist(found, schema=nested_schema(schema_of(K))),
        Plan(None, LATE, DEFAULT, None, False, True, "r"),
    )
    where, what = FAULTS[fault]
    (first, *_) = rejected = made.rejected.to_pylist()
    assert {r["row"] for r in rejected} == {1}
    assert any(r["where"].startswith(where) and what in r["fault"] for r in rejected), rejected
    assert "he says" not in str(rejected)
    assert first["request"] == (None if fault is no_identifier else "approach-not-stated")
    assert made.outcomes.column("request").to_pylist() == [names[0], names[2]]
    assert made.outcomes.num_rows + sum(r["lines"] for r in rejected) == lines


def test_of_two_requests_with_one_identifier_the_second_is_rejected():
    found = [
        rows()["complete-record"],
        rows()["bilateral-line"],
        {**rows()["approach-not-stated"], "identifier": "complete-record"},
    ]
    made = review_table(
        pa.Table.from_pylist(found, schema=nested_schema(schema_of(K))),
        Plan(None, LATE, DEFAULT, None, False, True, "r"),
    )
    assert made.outcomes.column("request").to_pylist() == ["complete-record", "bilateral-line"]
    assert [(r["row"], r["lines"]) for r in made.rejected.to_pylist()] == [(2, 1)]


def test_a_reference_may_name_the_table_of_its_key():
    def qualified(row):
        for symptom in row["symptoms"]:
            symptom["attributedTo"] = [f"findings/{k}" for k in symptom["attributedTo"] or ()]

    names = [n for n in rows() if any(s["attributedTo"] == ["mri-finding"] for s in rows()[n]["symptoms"])]
    assert len(names) > 20
    assert run(names, changed=qualified).outcomes.equals(run(names).outcomes)


def test_terms_may_be_written_in_full_with_a_prefix_or_by_name():
    def in_full(row):
        for line in row["lines"]:
            line["side"] = line["side"] and "https://w3id.org/plexus/clinical#" + line["side"].rpartition(":")[2]

    names = list(rows())[:40]
    assert run(names, changed=in_full).outcomes.equals(run(names).outcomes)


def test_a_large_line_number_stays_what_it_is():
    def renumbered(row):
        row["lines"][0]["sequence"] = 1_000_000 + len(row["identifier"])

    found = run(["complete-record", "bilateral-line"], changed=renumbered)
    assert found.outcomes.column("line").to_pylist() == [1_000_015, 1_000_014]
    assert set(found.reasons.column("line").to_pylist()) == {1_000_015, 1_000_014}


def test_an_empty_chunk_gives_empty_tables():
    empty = run([])
    assert (empty.outcomes.num_rows, empty.reasons.num_rows, empty.rejected.num_rows) == (0, 0, 0)
    assert empty.outcomes.column_names == run(["complete-record"]).outcomes.column_names
