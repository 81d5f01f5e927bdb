"""The summary of a batch counts what denials and pends rest on, by the readings of each profile."""

from __future__ import annotations

from collections import Counter
from datetime import date

import pytest
from test_batch_chunk import rows

from reasoner.batch.chunk import review_table
from reasoner.batch.plan import Plan, Profile
from reasoner.batch.summary import TERMS, count_outcomes
from reasoner.knowledge import load
from reasoner.tables.schema import nested_schema, schema_of

pa = pytest.importorskip("pyarrow")
PROFILES = (Profile("default", {}), Profile("lenient", {"A10": "any-one"}), Profile("either", {"A9": "any"}))
OPEN = {"undocumented", "to-judge", "conflicting", "open"}
FIRST = ["compression", "symptoms"]
REQUIRED = {
    "default": [*FIRST, "conservative", "imaging-support", "clinical-support"],
    "lenient": [*FIRST, "conservative", "imaging-support", "clinical-support"],
    "either": [*FIRST, "further-criteria"],
}
"""Written out by hand: what 0587 requires under each profile."""


@pytest.fixture(scope="module")
def outcomes():
    """All cases in three profiles."""
    table = pa.Table.from_pylist(list(rows().values()), schema=nested_schema(schema_of(load())))
    return review_table(table, Plan(None, date(2028, 1, 1), PROFILES, None, False, False, "r")).outcomes


def reasons_of(o, required):
    """What a denial or a pend rests on, one line at a time."""
    if o["basis"] in TERMS:
        return {f"({o['basis']})"}
    wanted = {"unmet"} if o["recommendation"] == "deny" else OPEN
    found = {c for c in required if o[c] in wanted}
    excluding = {"met"} if o["recommendation"] == "deny" else OPEN
    return found | {c for c in ("other-indication",) if o[c] in excluding}


@pytest.mark.parametrize("profile", list(REQUIRED))
def test_counts_are_those_counted_by_hand(outcomes, profile):
    own = [o for o in outcomes.to_pylist() if o["profile"] == profile]
    found = count_outcomes(outcomes, None, PROFILES)[profile]
    assert found["recommendation"] == dict(Counter(o["recommendation"] for o in own))
    for recommendation in ("deny", "pend"):
        lines = [o for o in own if o["policy"] == "0587" and o["recommendation"] == recommendation]
        wanted = Counter(f"0587 {r}" for o in lines for r in reasons_of(o, REQUIRED[profile]))
        told = {n: v for n, v in found["deciding"][recommendation].items() if n.startswith("0587 ")}
        assert told == dict(wanted) and len(wanted) >= 4


def test_counted_by_the_default_readings_another_profile_would_come_out_wrong(outcomes):
    wrong = count_outcomes(outcomes, None)["either"]["deciding"]
    right = count_outcomes(outcomes, None, PROFILES)["either"]["deciding"]
    assert "0587 imaging-support" not in right["pend"] and "0587 further-criteria" in right["pend"]
    assert "0587 imaging-support" in wrong["pend"] and "0587 further-criteria" not in wrong["pend"]
