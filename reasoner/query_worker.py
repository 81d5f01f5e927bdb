"""The process in which a query runs: a job as JSON on standard input, the answer as JSON on standard output.

Run by :mod:`reasoner.query`, which kills it when its time is over.
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

from reasoner.dataset import knowledge_graphs, quads, without_project_claims
from reasoner.errors import PlexusError
from reasoner.library import open_library
from reasoner.query import bound
from reasoner.vocabulary import XSD


def main() -> None:
    """Read a job, run it, and tell what came of it."""
    job = json.loads(sys.stdin.read())
    _limit_memory(int(job["memory_mb"]))
    try:
        told = answer(job)
    except PlexusError as error:
        told = {"error": str(error)}
    except SyntaxError as error:
        told = {"error": f"That is not a SPARQL query: {error.msg}."}
    except (ValueError, OSError, RuntimeError) as error:
        told = {"error": f"The query failed: {error}."}
    sys.stdout.write(json.dumps(told))


def _limit_memory(megabytes: int) -> None:
    try:
        import resource
    except ImportError:  # pragma: no cover - the module exists on POSIX systems only
        return
    resource.setrlimit(resource.RLIMIT_AS, (megabytes << 20, megabytes << 20))


def store_of(job: dict[str, Any]) -> Store:
    """The store that a job asks: the knowledge graphs and the user's data."""
    graphs: dict[str, Any] = dict(knowledge_graphs(Path(job["root"])))
    if job["without_project_claims"]:
        graphs = dict(without_project_claims(graphs))
    for name, text in job["data"]:
        parsed = parse(text, format=RdfFormat.N_TRIPLES, rename_blank_nodes=True)
        graphs[name] = tuple((q.subject, q.predicate, q.object) for q in parsed)
    store = Store()
    store.bulk_extend(quads(graphs))
    return store


def answer(job: dict[str, Any]) -> dict[str, Any]:
    """The answer to a job."""
    return answer_from(store_of(job), job)


def answer_from(store: Store, job: dict[str, Any]) -> dict[str, Any]:
    """The answer that a store gives to the query of a job."""
    prefixes = open_library(Path(job["root"])).prefixes
    terms = {name: str(_value(text, job["values"].get(name), prefixes)) for name, text in job["parameters"].items()}
    result = store.query(bound(job["query"], terms), prefixes=prefixes)
    return {"prefixes": prefixes, "capped": False, **_told(result, int(job["rows"]))}


def _told(result: Any, limit: int) -> dict[str, Any]:
    if isinstance(result, QueryBoolean):
        return {"kind": "ask", "results": json.dumps({"head": {}, "boolean": bool(result)})}
    if isinstance(result, QuerySolutions):
        names = [v.value for v in result.variables]
        rows = [{n: _json(s[n]) for n in names if s[n] is not None} for s in islice(result, limit + 1)]
        body = {"head": {"vars": names}, "results": {"bindings": rows[:limit]}}
        return {"kind": "select", "results": json.dumps(body), "capped": len(rows) > limit}
    triples = list(islice(result, limit + 1))
    data = serialize(triples[:limit], format=RdfFormat.N_TRIPLES) or b""
    return {"kind": "graph", "results": data.decode(), "capped": len(triples) > limit}


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


def _value(default: str, given: str | None, prefixes: Mapping[str, str]) -> NamedNode | Literal:
    """The value of a parameter: the user's word, taken for the same kind of term as the default."""
    term = _term(default, prefixes)
    if given is None:
        return term
    if isinstance(term, NamedNode):
        return _named(given, prefixes)
    return Literal(given, datatype=term.datatype) if not term.language else Literal(given, language=term.language)


def _named(text: str, prefixes: Mapping[str, str]) -> NamedNode:
    prefix, colon, local = text.strip("<>").partition(":")
    base = prefixes.get(prefix)
    return NamedNode(base + local if colon and base else text.strip("<>"))


def _term(text: str, prefixes: Mapping[str, str]) -> NamedNode | Literal:
    """A term as SPARQL writes it."""
    found = Store().query(f"SELECT ({text} AS ?x) {{}}", prefixes=dict(prefixes))
    assert isinstance(found, QuerySolutions)
    term = next(iter(found))["x"]
    if not isinstance(term, NamedNode | Literal):
        raise ValueError(f"{text!r} is no value for a parameter")
    return term


if __name__ == "__main__":
    main()
