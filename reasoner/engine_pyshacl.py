"""The reference SHACL engine: pySHACL over rdflib graphs.

Only results that a report lists by ``sh:result`` count; pySHACL nests details of other severities below them.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from pyoxigraph import BlankNode, NamedNode

from reasoner.errors import EngineError
from reasoner.model import ShapeResult
from reasoner.triples import Spo, Term
from reasoner.vocabulary import PREFIXES, XSD

if TYPE_CHECKING:
    from rdflib import Graph

_SH = PREFIXES["sh"]
_STRING = XSD.string


def to_rdflib(triples: Iterable[Spo]) -> Graph:
    """An rdflib graph with the same triples; blank nodes keep their names."""
    from rdflib import BNode, Graph, URIRef
    from rdflib import Literal as RdfLiteral

    def term(t: Term) -> Any:
        if isinstance(t, NamedNode):
            return URIRef(t.value)
        if isinstance(t, BlankNode):
            return BNode(t.value)
        if t.language:
            return RdfLiteral(t.value, lang=t.language)
        if t.datatype == _STRING:
            return RdfLiteral(t.value)
        return RdfLiteral(t.value, datatype=URIRef(t.datatype.value))

    graph = Graph(bind_namespaces="none")
    for s, p, o in triples:
        graph.add((term(s), term(p), term(o)))
    return graph


@lru_cache(maxsize=8)
def _shapes_graph(shapes: tuple[Spo, ...]) -> Graph:
    return to_rdflib(shapes)


class PyshaclEngine:
    """pySHACL, run once over all shapes and all data (never on a selection of shapes, which drops others)."""

    name = "pyshacl"

    def evaluate(self, data: Iterable[Spo], shapes: tuple[Spo, ...]) -> tuple[ShapeResult, ...]:
        """See :class:`reasoner.engine.Engine`."""
        from pyshacl import validate
        from pyshacl.errors import ReportableRuntimeError, ShapeLoadError
        from rdflib import Graph

        for noisy in ("pyshacl", "rdflib"):  # their messages would carry text of the record
            logging.getLogger(noisy).setLevel(logging.CRITICAL)
        try:
            _, report, text = validate(
                to_rdflib(data),
                shacl_graph=_shapes_graph(shapes),
                inference="none",
                advanced=False,
                do_owl_imports=False,
                allow_infos=True,
            )
        except (ReportableRuntimeError, ShapeLoadError) as error:
            raise EngineError(f"pySHACL could not evaluate the shapes: {error}") from error
        if not isinstance(report, Graph):
            raise EngineError(f"pySHACL gave no report: {text}")
        return tuple(sorted(_results(report), key=lambda r: (r.focus, r.shape, r.path or "", r.value or "")))


def _results(report: Graph) -> Iterable[ShapeResult]:
    from rdflib import SH

    for result in report.objects(None, SH.result):
        message = report.value(result, SH.resultMessage)
        path, value = report.value(result, SH.resultPath), report.value(result, SH.value)
        yield ShapeResult(
            focus=str(report.value(result, SH.focusNode)),
            shape=str(report.value(result, SH.sourceShape)),
            severity=str(report.value(result, SH.resultSeverity)).removeprefix(_SH),
            message=str(message or ""),
            path=str(path) if path is not None else None,
            value=str(value) if value is not None else None,
        )


def engines() -> dict[str, type[PyshaclEngine]]:
    """The engines by name."""
    return {PyshaclEngine.name: PyshaclEngine}
