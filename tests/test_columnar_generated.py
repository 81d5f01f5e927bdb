"""Generated requests give the same results in the columnar engine, in pyshifty and in pySHACL."""

from __future__ import annotations

from datetime import date
from functools import cache

import numpy as np
import pytest
from pyoxigraph import RdfFormat, Triple, serialize
from test_columnar_differential import agree

from reasoner import intake
from reasoner.knowledge import load
from reasoner.synthetic.chunk import Recipe, chunk
from reasoner.tables.rdf_rows import triples_of
from reasoner.tables.schema import schema_of

pytest.importorskip("pyarrow")
AS_OF = date(2026, 6, 30)


@cache
def records(first: int, number: int):
    """The records of some generated requests."""
    made = chunk(Recipe(11, AS_OF), schema_of(load()), np.arange(first, first + number))
    out = []
    for row in made.requests.to_pylist():
        data = serialize([Triple(*t) for t in triples_of(row, load())], format=RdfFormat.N_TRIPLES)
        out += intake.read(data, as_of=AS_OF, name="generated", format="ntriples")
    return out


def compare(engine: str, first: int, number: int) -> None:
    knowledge = load()
    seen = 0
    for record in records(first, number):
        seen += len(agree((*record.triples, *knowledge.arrangement), knowledge.shapes("request.ttl"), engine))
        for line in record.lines:
            for policy in knowledge.policies:
                data = (*line.triples, *knowledge.arrangement)
                seen += len(agree(data, knowledge.policy_shapes(policy), engine))
    assert seen > 20 * number


@pytest.mark.slow
def test_pyshifty_gives_the_same_results_on_generated_requests():
    compare("pyshifty", 0, 25)


@pytest.mark.slow
def test_pyshacl_gives_the_same_results_on_generated_requests():
    compare("pyshacl", 60, 4)


@pytest.mark.exhaustive
@pytest.mark.parametrize("part", range(100))
def test_pyshifty_gives_the_same_results_on_ten_thousand_generated_requests(part):
    compare("pyshifty", 100 * part, 100)
    records.cache_clear()


@pytest.mark.exhaustive
@pytest.mark.parametrize("part", range(20))
def test_pyshacl_gives_the_same_results_on_some_of_them(part):
    compare("pyshacl", 500 * part, 10)
