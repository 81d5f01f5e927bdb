"""Validation reports of several SHACL engines as rows that can be compared."""

from __future__ import annotations

import contextlib
import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from pyoxigraph import BlankNode, Literal, NamedNode

from reasoner.columnar.report import Result
from reasoner.engine_columnar import ColumnarEngine
from reasoner.engine_pyshacl import to_rdflib
from reasoner.triples import RDF_FIRST, RDF_NIL, RDF_REST, Spo, Term, Triples
from reasoner.vocabulary import SH

Row = tuple[str, str, str, str, str, str, tuple[str, ...]]
"""Focus, path, value, source shape, component, severity, and messages; terms as N-Triples writes them."""
Rows = Counter[Row]

BLANK = "a blank node"
ANY_PATH = "a path"
PATHS = ("inversePath", "alternativePath", "zeroOrMorePath", "oneOrMorePath", "zeroOrOnePath")


def from_rdflib(term: Any) -> Term:
    """A term of rdflib as one of pyoxigraph."""
    from rdflib import BNode, URIRef

    if isinstance(term, URIRef):
        return NamedNode(str(term))
    if isinstance(term, BNode):
        return BlankNode(str(term))
    if term.language:
        return Literal(str(term), language=term.language.lower())
    return Literal(str(term), datatype=NamedNode(str(term.datatype))) if term.datatype else Literal(str(term))


def triples_of(graph: Any) -> Triples:
    """A graph of rdflib as triples."""
    return Triples([(from_rdflib(s), NamedNode(str(p)), from_rdflib(o)) for s, p, o in graph])  # type: ignore[misc]


def path_text(graph: Triples, node: Term | None) -> str:
    """A path as text: its structure, without the names of its blank nodes."""
    if node is None:
        return ""
    if isinstance(node, NamedNode):
        return str(node)
    for name in () if graph.objects(node, RDF_FIRST) else PATHS:
        inner = graph.one(node, SH[name])
        if inner is not None:
            return f"{name}({path_text(graph, inner)})"
    parts = []
    while node != RDF_NIL:
        first, rest = graph.one(node, RDF_FIRST), graph.one(node, RDF_REST)
        if first is None or rest is None:
            return ANY_PATH
        parts.append(path_text(graph, first))
        node = rest
    return "/".join(parts)


def term_text(term: Term | None, known: frozenset[Term] | None = None) -> str:
    """A term as text; a blank node by its name only where it is one of the known ones."""
    if term is None:
        return ""
    if isinstance(term, BlankNode):
        return str(term) if known is None or term in known else BLANK
    if isinstance(term, Literal) and term.language:
        return str(Literal(term.value, language=term.language.lower()))
    return str(term)


def report_rows(report: Triples, known: frozenset[Term] | None = None) -> Rows:
    """The results of a validation report that is RDF. Details below a result are no results of their own."""
    rows: Rows = Counter()
    listed = {o: None for s, p, o in report if p == SH.result}
    for result in listed:
        rows[
            (
                term_text(report.one(result, SH.focusNode), known),
                path_text(report, report.one(result, SH.resultPath)),
                term_text(report.one(result, SH.value), known),
                term_text(report.one(result, SH.sourceShape), known),
                term_text(report.one(result, SH.sourceConstraintComponent)),
                term_text(report.one(result, SH.resultSeverity)),
                tuple(sorted(term_text(m) for m in report.objects(result, SH.resultMessage))),
            )
        ] += 1
    return rows


def without_messages(rows: Rows) -> Rows:
    """The rows without their messages; engines write their own where a shape has none."""
    out: Rows = Counter()
    for row, number in rows.items():
        out[(*row[:6], ())] += number
    return out


def columnar(data: Iterable[Spo], shapes: tuple[Spo, ...], known: frozenset[Term] | None = None) -> Rows:
    """The rows of the columnar engine."""
    graph = Triples(shapes)
    return Counter(_row(r, graph, known) for r in ColumnarEngine().report(data, shapes))


def _row(r: Result, shapes: Triples, known: frozenset[Term] | None) -> Row:
    return (
        term_text(r.focus, known),
        path_text(shapes, r.path),
        term_text(r.value, known),
        term_text(r.shape, known),
        f"<{r.component}>",
        f"<{r.severity}>",
        tuple(sorted(map(term_text, r.messages))),
    )


@contextlib.contextmanager
def literals_as_written() -> Iterator[None]:
    """rdflib reads ``"01"^^xsd:integer`` as ``1`` unless it is told not to."""
    import rdflib

    before = rdflib.NORMALIZE_LITERALS
    rdflib.NORMALIZE_LITERALS = False
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        rdflib.NORMALIZE_LITERALS = before
        logging.disable(logging.NOTSET)


def pyshacl_report(data: Iterable[Spo], shapes: tuple[Spo, ...]) -> Triples:
    """The report of pySHACL."""
    from pyshacl import validate

    with literals_as_written():
        _, report, text = validate(
            to_rdflib(data),
            shacl_graph=to_rdflib(shapes),
            inference="none",
            advanced=False,
            do_owl_imports=False,
        )
        assert not isinstance(report, Exception), text
        return triples_of(report)


def pyshifty_report(data: Iterable[Spo], shapes: tuple[Spo, ...]) -> Triples:
    """The report of pyshifty."""
    import shifty

    with literals_as_written():
        prepared = shifty.PreparedValidator(to_rdflib(shapes))
        _, report, _ = prepared.validate(to_rdflib(data), infer=False, graph_mode="data")
        return triples_of(report)


ENGINES: dict[str, Callable[[Iterable[Spo], tuple[Spo, ...]], Triples]] = {
    "pyshacl": pyshacl_report,
    "pyshifty": pyshifty_report,
}
"""The engines with which ours is compared."""
