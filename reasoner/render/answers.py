"""Answers to SPARQL queries, in the W3C result formats, as Turtle, and as a table for people."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Mapping
from typing import Any

from pyoxigraph import (
    QueryBoolean,
    QueryResultsFormat,
    QuerySolutions,
    RdfFormat,
    parse,
    parse_query_results,
    serialize,
)

from reasoner.errors import QueryError
from reasoner.query import Answer
from reasoner.render.words import clean
from reasoner.vocabulary import compact

# What XML 1.0 cannot hold, not even as a reference.
_NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def render(answer: Answer, output_format: str, *, width: int | None = None) -> str:
    """An answer as text.

    Args:
        answer: what the query came to.
        output_format: one of :data:`reasoner.query.FORMATS`. A constructed graph is Turtle as table and as ttl.
        width: columns of the terminal for a table; None does not wrap.

    Raises:
        QueryError: the format does not fit the kind of query.
    """
    if answer.kind == "graph":
        if output_format not in ("table", "ttl"):
            raise QueryError(f"A query that constructs a graph is Turtle (--format ttl), not {output_format}.")
        return _turtle(answer)
    if output_format == "ttl":
        raise QueryError("Only a query that constructs a graph can be written as Turtle.")
    if output_format == "table":
        return _table(answer, width)
    results = parse_query_results(_writable(answer.results, output_format), format=QueryResultsFormat.JSON)
    if isinstance(results, QueryBoolean) and output_format in ("csv", "tsv"):
        return f"{str(bool(results)).lower()}\n"
    data = results.serialize(format=QueryResultsFormat.from_extension(output_format))
    assert data is not None  # serialize returns bytes where no output file is given
    text = data.decode()
    return text if text.endswith("\n") else text + "\n"


def _writable(results: str, output_format: str) -> str:
    """Results in JSON with only the characters that a form can hold."""
    if output_format != "xml":
        return results
    return json.dumps(_spelled(json.loads(results)))


def _spelled(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _spelled(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_spelled(v) for v in value]
    return _NO_XML.sub("\ufffd", value) if isinstance(value, str) else value


def rows(answer: Answer) -> tuple[tuple[str, ...], ...]:
    """The rows of a select as CSV writes them, the names of the columns first."""
    results = parse_query_results(answer.results, format=QueryResultsFormat.JSON)
    assert isinstance(results, QuerySolutions)
    names = tuple(v.value for v in results.variables)
    return (names, *(tuple("" if s[n] is None else s[n].value for n in names) for s in results))


def _turtle(answer: Answer) -> str:
    ntriples = answer.results
    triples = list(parse(ntriples, format=RdfFormat.N_TRIPLES))
    used = {p: iri for p, iri in answer.prefixes.items() if f"<{iri}" in ntriples}
    out = io.BytesIO()
    serialize((q.triple for q in triples), out, format=RdfFormat.TURTLE, prefixes=used)
    return out.getvalue().decode()


def _table(answer: Answer, width: int | None) -> str:
    body: dict[str, Any] = json.loads(answer.results)
    if "boolean" in body:
        return "yes\n" if body["boolean"] else "no\n"
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    names = body["head"]["vars"]
    found = body["results"]["bindings"]
    if not found:
        return "no rows\n"
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in names:
        table.add_column(name, overflow="fold")
    for row in found:
        table.add_row(*(Text(_cell(row.get(n), answer.prefixes)) for n in names))
    out = io.StringIO()
    Console(file=out, width=width or 10_000, no_color=True, highlight=False).print(table)
    lines = [line.rstrip() for line in out.getvalue().splitlines()]
    count = f"{len(found)} row{'s' if len(found) != 1 else ''}"
    return "\n".join([*lines, count, ""])


def _cell(term: dict[str, str] | None, prefixes: Mapping[str, str]) -> str:
    if term is None:
        return ""
    if term["type"] == "uri":
        return clean(compact(term["value"], prefixes).strip("<>"))
    return clean("_:" + term["value"] if term["type"] == "bnode" else term["value"])
