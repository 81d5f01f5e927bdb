"""All competency questions on pyoxigraph and on rdflib, on the same graph, in one run.

Run: python tests/benchmarks/questions.py [CASE...]   (cases whose reviews are added; default: three)
Prints, for each question, the seconds of both and the ratio; questions on which rdflib takes longer than
LIMIT seconds are stopped there and counted as LIMIT. Answers are compared as bags of rows. rdflib is given the
merged graph, which is its fastest, and the named graphs only where a question asks for one.
"""

from __future__ import annotations

import signal
import sys
import time
from collections import Counter
from pathlib import Path
from statistics import median

from pyoxigraph import QuerySolutions, Store

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from conftest import case_named  # noqa: E402

from reasoner.engine_pyshacl import to_rdflib  # noqa: E402
from reasoner.library import open_library  # noqa: E402
from reasoner.query import questions  # noqa: E402
from reasoner.query_worker import store_of  # noqa: E402
from reasoner.render.turtle import ntriples, review_ntriples  # noqa: E402
from reasoner.review import review_records  # noqa: E402
from reasoner.sparql import bound  # noqa: E402

LIMIT = 60
DEFAULT = ("complete-record", "nothing-documented", "symptoms-stated-absent")


class Slow(Exception):
    """rdflib took longer than the limit."""


def data(cases: tuple[str, ...]) -> list[tuple[str, str]]:
    """Requests and reviews of cases as N-Triples."""
    out = []
    for name in cases:
        case = case_named(name)
        for record, review in review_records(case.request, as_of=case.as_of):
            out += [(f"urn:x:{name}", ntriples(record.triples)), review_ntriples(review)]
    return out


def dataset(store: Store):
    """The same as named graphs of rdflib, whose union is the default graph, for questions that ask for a graph."""
    from rdflib import Dataset, URIRef

    out = Dataset(default_union=True)
    for name in store.named_graphs():
        part = out.graph(URIRef(name.value))
        for triple in to_rdflib(
            (q.subject, q.predicate, q.object) for q in store.quads_for_pattern(None, None, None, name)
        ):
            part.add(triple)
    return out


def timed(store: Store, graph, query: str, prefixes: dict[str, str]) -> tuple[float, float | None, bool]:
    """Seconds of pyoxigraph and of rdflib (None beyond the limit), and whether they agree."""
    start = time.perf_counter()
    found = store.query(query, prefixes=prefixes)
    assert isinstance(found, QuerySolutions)
    ours = Counter(tuple("" if v is None else v.value for v in row) for row in found)
    first = time.perf_counter() - start
    start = time.perf_counter()
    signal.alarm(LIMIT)
    try:
        theirs = Counter(tuple("" if v is None else str(v) for v in row) for row in graph.query(query, initNs=prefixes))
    except Slow:
        return first, None, True
    finally:
        signal.alarm(0)
    return first, time.perf_counter() - start, ours == theirs


def stop(*_: object) -> None:
    """Stop rdflib."""
    raise Slow


def main() -> None:
    """Run every question on both."""
    signal.signal(signal.SIGALRM, stop)
    cases = tuple(sys.argv[1:]) or DEFAULT
    store = store_of({"root": str(ROOT), "data": data(cases), "without_project_claims": False})
    merged = to_rdflib((q.subject, q.predicate, q.object) for q in store.quads_for_pattern(None, None, None, None))
    named = dataset(store)
    prefixes = open_library(ROOT).prefixes
    totals = [0.0, 0.0]
    ratios = []
    for asked in questions():
        terms = {name: _term(value, prefixes) for name, value in asked.parameters.items()}
        query = bound(asked.query, terms)
        first, second, same = timed(store, named if "GRAPH" in query else merged, query, prefixes)
        totals[0] += first
        totals[1] += second if second is not None else LIMIT
        ratios.append(first / (second if second is not None else LIMIT))
        shown = f"{second:8.3f}" if second is not None else f"> {LIMIT:6d}"
        print(f"{asked.name:32} pyoxigraph {first:7.3f} s  rdflib {shown} s  {'' if same else 'ANSWERS DIFFER'}")
    print(f"{len(merged)} triples; all questions: pyoxigraph {totals[0]:.2f} s, rdflib {totals[1]:.2f} s")
    print(f"ratio pyoxigraph / rdflib: {totals[0] / totals[1]:.4f}; median of the questions: {median(ratios):.3f}")


def _term(text: str, prefixes: dict[str, str]) -> str:
    found = Store().query(f"SELECT ({text} AS ?x) {{}}", prefixes=prefixes)
    assert isinstance(found, QuerySolutions)
    return str(next(iter(found))["x"])


if __name__ == "__main__":
    main()
