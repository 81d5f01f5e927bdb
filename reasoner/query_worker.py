"""The process in which a query runs: a job as JSON on standard input, the answer as JSON on standard output.

Run by :mod:`reasoner.query`, which kills it when its time is over. Before a query runs, the process gives up
the right to open anything: whatever a query says, no server can be asked and no file be read.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from pyoxigraph import (
    BlankNode,
    Literal,
    NamedNode,
    QueryBoolean,
    QuerySolutions,
    RdfFormat,
    Store,
    parse,
    serialize,
)

from reasoner import sparql
from reasoner.dataset import knowledge_graphs, quads, without_project_claims
from reasoner.errors import ParameterError, PlexusError, QueryError
from reasoner.library import open_library
from reasoner.parameters import absent, value
from reasoner.vocabulary import XSD


def main() -> None:
    """Read a job, run it, and tell what came of it."""
    job = json.loads(sys.stdin.read())
    _limit_memory(int(job["memory_mb"]))
    try:
        told = checked(job) if "check" in job else answer(job)
    except PlexusError as error:
        told = {"error": str(error), "usage": isinstance(error, ParameterError)}
    except (ValueError, OSError, RuntimeError) as error:
        told = {"error": f"The query failed: {error}."}
    sys.stdout.write(json.dumps(told))


def _limit_memory(megabytes: int) -> None:
    try:
        import resource
    except ImportError:  # pragma: no cover - the module exists on POSIX systems only
        return
    resource.setrlimit(resource.RLIMIT_AS, (megabytes << 20, megabytes << 20))


def _seal() -> None:
    """Let this process open nothing more, neither socket nor file: what SERVICE would need."""
    try:
        import resource
    except ImportError:  # pragma: no cover - without POSIX limits, reasoner.sparql.refuse alone stands in the way
        return
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))


def checked(job: dict[str, Any]) -> dict[str, Any]:
    """What is wrong with the queries of a job, by name: each runs on an empty graph."""
    prefixes, store, faults = open_library(Path(job["root"])).prefixes, Store(), {}
    _seal()
    for name, query in job["check"].items():
        try:
            _result(store, query, prefixes)
        except (PlexusError, ValueError, OSError) as error:
            faults[name] = str(error)
    return {"faults": faults}


def _result(store: Store, query: str, prefixes: Mapping[str, str]) -> Any:
    try:
        return store.query(query, prefixes=dict(prefixes))
    except SyntaxError as error:
        raise QueryError(sparql.plain(error.msg, query, prefixes)) from error


def store_of(job: dict[str, Any]) -> Store:
    """The store that a job asks: the knowledge graphs and the user's data."""
    graphs: dict[str, Any] = dict(knowledge_graphs(Path(job["root"])))
    if job["without_project_claims"]:
        graphs = dict(without_project_claims(graphs))
    for name, text in job["data"]:
        parsed = parse(text, format=RdfFormat.N_TRIPLES, rename_blank_nodes=True)
        # A file with several requests comes as several records of one graph.
        graphs[name] = (*graphs.get(name, ()), *((q.subject, q.predicate, q.object) for q in parsed))
    store = Store()
    store.bulk_extend(quads(graphs))
    return store


def answer(job: dict[str, Any]) -> dict[str, Any]:
    """The answer to a job."""
    store = store_of(job)
    _seal()
    return answer_from(store, job)


def answer_from(store: Store, job: dict[str, Any]) -> dict[str, Any]:
    """The answer that a store gives to the query of a job."""
    prefixes = open_library(Path(job["root"])).prefixes
    terms = {name: value(name, text, job["values"].get(name), prefixes) for name, text in job["parameters"].items()}
    query = sparql.bound(job["query"], {name: str(term) for name, term in terms.items()})
    told = _told(_result(store, query, prefixes), int(job["rows"]))
    if told.pop("empty"):
        told["absent"] = absent(store, query, terms.values(), prefixes)
    return {"prefixes": prefixes, "capped": False, **told}


def _told(result: Any, limit: int) -> dict[str, Any]:
    if isinstance(result, QueryBoolean):
        return {"kind": "ask", "results": json.dumps({"head": {}, "boolean": bool(result)}), "empty": not result}
    if isinstance(result, QuerySolutions):
        names = [v.value for v in result.variables]
        rows = [{n: _json(s[n]) for n in names if s[n] is not None} for s in islice(result, limit + 1)]
        body = {"head": {"vars": names}, "results": {"bindings": rows[:limit]}}
        return {"kind": "select", "results": json.dumps(body), "capped": len(rows) > limit, "empty": not rows}
    triples = list(islice(result, limit + 1))
    data = serialize(triples[:limit], format=RdfFormat.N_TRIPLES) or b""
    return {"kind": "graph", "results": data.decode(), "capped": len(triples) > limit, "empty": not triples}


def _json(term: Any) -> dict[str, str]:
    if isinstance(term, NamedNode):
        return {"type": "uri", "value": term.value}
    if isinstance(term, BlankNode):
        return {"type": "bnode", "value": term.value}
    if not isinstance(term, Literal):
        raise ValueError("an answer holds a quoted triple, which the result formats cannot write")
    out = {"type": "literal", "value": term.value}
    if term.language:
        return out | {"xml:lang": term.language}
    return out if term.datatype == XSD.string else out | {"datatype": term.datatype.value}


if __name__ == "__main__":
    main()
