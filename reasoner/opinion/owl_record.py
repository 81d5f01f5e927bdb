"""A record as OWL axioms, closed: what is not recorded is not so.

Closing is a statement about the record and no result: it says of every node and every property that a question uses
which values are recorded, and that there are no others. No two nodes are the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pyoxigraph import Literal, NamedNode

from reasoner.errors import OwlError
from reasoner.opinion.owl_expressions import (
    NOTHING,
    AxiomWriter,
    Count,
    Every,
    Expression,
    Facet,
    Hop,
    OneOf,
    Some,
    both,
    owl_literal,
    parts_of,
)
from reasoner.opinion.owl_shapes import RECORDED_TYPE
from reasoner.triples import RDF_TYPE, Node, Spo, Term, Triples
from reasoner.vocabulary import OWL, XSD, compact

_NUMBERS = frozenset({XSD.integer, XSD.decimal})


def recorded(view: Iterable[Spo], arrangement: Iterable[Spo]) -> Triples:
    """What a line sees, with its types as values, and how the concepts that it names are arranged."""
    return Triples([*((s, RECORDED_TYPE if p == RDF_TYPE else p, o) for s, p, o in view), *arrangement])


def write_closed(w: AxiomWriter, record: Triples, subjects: Iterable[NamedNode], used: Iterable[Expression]) -> None:
    """Write the part of a record that the expressions can reach from the subjects, and close it.

    Raises:
        OwlError: a value that OWL cannot take: a literal where nodes belong, a nameless node, a kind of number.
    """
    expressions = [part for expression in used for part in parts_of(expression)]
    hops = sorted({e.hop for e in expressions if isinstance(e, Some | Every | Count)}, key=str)
    named = {t for e in expressions if isinstance(e, OneOf) for t in e.terms if isinstance(t, NamedNode)}
    _refuse_foreign_values(record, hops, expressions)
    nodes = sorted(_connected(record, {*subjects, *named}, hops), key=str)
    for prop, data in sorted({(h.property, h.data) for h in hops}, key=str):
        w.triples.append((prop, RDF_TYPE, OWL.DatatypeProperty if data else OWL.ObjectProperty))
    silent: dict[tuple[Hop, ...], NamedNode] = {}
    for node in nodes:
        w.triples.append((node, RDF_TYPE, OWL.NamedIndividual))
        unsaid = []
        for hop in hops:
            values = _values(record, node, hop)
            if values:
                _write_values(w, node, hop, values)
            else:
                unsaid.append(hop)
        w.triples.append((node, RDF_TYPE, silent.setdefault(tuple(unsaid), _silent(len(silent)))))
    for unsaid_hops, name in silent.items():
        w.implies(name, both(*(Every(hop, NOTHING) for hop in unsaid_hops)))
    w.distinct(nodes)


def _silent(number: int) -> NamedNode:
    return NamedNode(f"urn:plexus:silent:{number}")


def _values(record: Triples, node: Node, hop: Hop) -> list[Term]:
    return [*record.subjects(hop.property, node)] if hop.inverse else record.objects(node, hop.property)


def _write_values(w: AxiomWriter, node: Node, hop: Hop, values: list[Term]) -> None:
    for value in values:
        if isinstance(value, Literal):
            w.triples.append((node, hop.property, owl_literal(value)))
        else:
            w.triples.append((value, hop.property, node) if hop.inverse else (node, hop.property, value))
    w.member(node, Every(hop, OneOf(tuple(values))))


def _connected(record: Triples, start: set[NamedNode], hops: list[Hop]) -> set[NamedNode]:
    """The nodes that the hops lead to from the start."""
    seen: set[NamedNode] = set()
    queue = list(start)
    while queue:
        node = queue.pop()
        if node not in seen:
            seen.add(node)
            queue += [v for h in hops for v in _values(record, node, h) if isinstance(v, NamedNode)]
    return seen


def _refuse_foreign_values(record: Triples, hops: list[Hop], expressions: list[Expression]) -> None:
    data = {h.property: h.data for h in hops}
    compared: dict[NamedNode, frozenset[NamedNode]] = {}
    for prop, kinds in _compared(expressions):
        compared[prop] = compared.get(prop, kinds) & kinds
    for s, p, o in record:
        if p not in data:
            continue
        where = f"{_name(s)}: {_name(p)}"
        if not isinstance(s, NamedNode) or not isinstance(o, NamedNode | Literal):
            raise OwlError(f"{where} joins a node without a name; a second opinion needs names.")
        if isinstance(o, Literal) is not data[p]:
            raise OwlError(f"{where} has {'a node' if data[p] else 'a literal'} as value, against its declaration.")
        if p in compared and isinstance(o, Literal) and o.datatype not in compared[p]:
            raise OwlError(f"{where} has a value of {_name(o.datatype)}, which OWL cannot compare with its bound.")


def _compared(expressions: list[Expression]) -> Iterator[tuple[NamedNode, frozenset[NamedNode]]]:
    """The properties whose literals are measured, with the datatypes that the measure understands."""
    for e in expressions:
        if isinstance(e, Some | Every | Count) and e.hop.data:
            for part in parts_of(e.filler):
                if isinstance(part, Facet):
                    kinds = frozenset({XSD.string}) if part.bound == XSD.pattern else _NUMBERS
                    yield e.hop.property, kinds


def _name(term: Node | NamedNode) -> str:
    return compact(term.value) if isinstance(term, NamedNode) else str(term)
