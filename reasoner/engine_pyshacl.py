"""The reference SHACL engine: pySHACL over rdflib graphs.

Only results that a report lists by ``sh:result`` count; pySHACL nests details of other severities below them.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from pyoxigraph import BlankNode, NamedNode

from reasoner.errors import EngineError
from reasoner.model import ShapeResult
from reasoner.once import once_for_each
from reasoner.triples import Spo, Term, Triples
from reasoner.vocabulary import PREFIXES, SH, XSD

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


@once_for_each
def _shapes_graph(shapes: tuple[Spo, ...]) -> Graph:
    return to_rdflib(shapes)


class PyshaclEngine:
    """pySHACL, run once over all shapes and all data (never on a selection of shapes, which drops others)."""

    name = "pyshacl"

    def evaluate(
        self, data: Iterable[Spo], shapes: tuple[Spo, ...], background: tuple[Spo, ...] = ()
    ) -> tuple[ShapeResult, ...]:
        """See :class:`reasoner.engine.Engine`."""
        from pyshacl import validate
        from pyshacl.errors import ReportableRuntimeError, ShapeLoadError
        from rdflib import Graph

        for noisy in ("pyshacl", "rdflib"):  # their messages would carry text of the record
            logging.getLogger(noisy).setLevel(logging.CRITICAL)
        try:
            _, report, text = validate(
                to_rdflib((*data, *background)),
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

    def conforming(
        self,
        data: Iterable[Spo],
        shapes: tuple[Spo, ...],
        asked: Mapping[str, Iterable[str]],
        background: tuple[Spo, ...] = (),
    ) -> dict[str, frozenset[str]]:
        """See :class:`reasoner.engine.Engine`; the classes are those that each probe targets."""
        probes = _probes(shapes)
        without = [shape for shape in asked if shape not in probes]
        if without:
            raise EngineError(f"No probe in the shapes tells which nodes conform to {without[0]}; see `plexus shapes`.")
        shape_of = {probes[shape]: shape for shape in asked}
        found: dict[str, set[str]] = {shape: set() for shape in asked}
        for result in self.evaluate(data, shapes, background):
            if result.shape in shape_of:
                found[shape_of[result.shape]].add(result.focus)
        return {shape: frozenset(nodes) for shape, nodes in found.items()}


@once_for_each
def _probes(shapes: tuple[Spo, ...]) -> dict[str, str]:
    """The probe of each shape that has one, by the IRI of the shape: it reports, as sh:Info, the nodes that conform."""
    graph = Triples(shapes)
    probes = (s for s in graph.subjects(SH.severity, SH.Info) if isinstance(s, NamedNode))
    return {shape.value: probe.value for probe in probes for shape in graph.nodes(probe, SH["not"])}


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
            component=str(report.value(result, SH.sourceConstraintComponent)).removeprefix(_SH),
        )
