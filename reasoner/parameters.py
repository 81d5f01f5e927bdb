"""The values that a question takes, and the names in a query that occur nowhere in the graph."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping

from pyoxigraph import Literal, NamedNode, QuerySolutions, RdfFormat, Store, parse

from reasoner.errors import ParameterError, QueryError
from reasoner.sparql import iris
from reasoner.vocabulary import BASE, XSD, compact

# What a value of a datatype is, for people; values of other datatypes are taken as they are.
_KINDS = {
    XSD.date: "a date, YYYY-MM-DD",
    XSD.dateTime: "a date with time, such as 2026-03-01T12:00:00Z",
    XSD.integer: "a whole number",
    XSD.decimal: "a number",
    XSD.double: "a number",
    XSD.boolean: "true or false",
}
_SCHEMES = ("http", "https", "urn")
_NEAREST_AT_MOST = 5


def value(name: str, default: str, given: str | None, prefixes: Mapping[str, str]) -> NamedNode | Literal:
    """The value of a parameter: the user's word, taken for the same kind of term as the default.

    Args:
        name: of the parameter.
        default: a term as Turtle writes it.
        given: the user's word; None takes the default.
        prefixes: those that need no declaration.

    Raises:
        ParameterError: the word is not of the default's kind.
        QueryError: the default is not one IRI or literal.
    """
    term = _term(name, default, prefixes)
    if given is None:
        return term
    if isinstance(term, NamedNode):
        return _named(name, given, term, prefixes)
    literal = Literal(given, language=term.language) if term.language else Literal(given, datatype=term.datatype)
    if term.datatype in _KINDS and not _well_formed(literal):
        raise ParameterError(f"{name} wants {_KINDS[term.datatype]}, not {given!r}.")
    return literal


def _term(name: str, text: str, prefixes: Mapping[str, str]) -> NamedNode | Literal:
    declared = "".join(f"@prefix {p}: <{iri}> .\n" for p, iri in prefixes.items())
    fault = QueryError(f"The default of parameter {name} is no term: {text!r}. Give one IRI or literal, as in Turtle.")
    try:
        triples = list(parse(f"{declared}<urn:s> <urn:p> {text} .", format=RdfFormat.TURTLE))
    except SyntaxError:
        raise fault from None
    if len(triples) != 1 or not isinstance(triples[0].object, NamedNode | Literal):
        raise fault
    return triples[0].object


def _named(name: str, given: str, default: NamedNode, prefixes: Mapping[str, str]) -> NamedNode:
    written = given.strip().removeprefix("<").removesuffix(">")
    prefix, colon, local = written.partition(":")
    known = prefixes.get(prefix) if colon and not given.lstrip().startswith("<") else None
    if known is None and prefix not in _SCHEMES:
        example = compact(default.value, dict(prefixes))
        raise ParameterError(f"{name} wants a name such as {example}, not {given!r}.")
    try:
        return NamedNode(known + local if known is not None else written)
    except ValueError as error:
        raise ParameterError(f"{name}: {given!r} is no IRI ({error}).") from error


def _well_formed(literal: Literal) -> bool:
    found = Store().query(f"SELECT ({literal.datatype}({Literal(literal.value)}) AS ?x) {{}}")
    assert isinstance(found, QuerySolutions)
    return next(iter(found))["x"] is not None


def absent(
    store: Store, query: str, values: Iterable[NamedNode | Literal], prefixes: Mapping[str, str]
) -> tuple[str, ...]:
    """What a query without an answer names and the graph does not know, each with the nearest that it knows."""
    named = [NamedNode(i) for i in iris(query, prefixes) if not i.startswith(XSD.string.value.removesuffix("string"))]
    unknown = [n.value for n in named if not _occurs(store, n)]
    words = [v.value for v in values if isinstance(v, Literal) and v.datatype == XSD.string and not _occurs(store, v)]
    return (*(f"{w!r} occurs nowhere in the graph." for w in words), *_told(store, unknown, prefixes))


def _occurs(store: Store, term: NamedNode | Literal) -> bool:
    places: list[tuple[object, ...]] = [(None, None, term, None)]
    if isinstance(term, NamedNode):
        places += [(term, None, None, None), (None, term, None, None), (None, None, None, term)]
    return any(next(store.quads_for_pattern(*p), None) is not None for p in places)  # type: ignore[arg-type]


def _told(store: Store, unknown: list[str], prefixes: Mapping[str, str]) -> Iterator[str]:
    known = {i.casefold(): i for i in _known(store)} if unknown else {}
    for iri in unknown[:_NEAREST_AT_MOST]:
        base = iri[: max(iri.rfind("#"), iri.rfind("/")) + 1].casefold()
        beside = [k for k in known if k.startswith(base)]
        near = difflib.get_close_matches(iri.casefold(), beside, n=1, cutoff=0.8)
        hint = f" Nearest: {compact(known[near[0]], dict(prefixes))}." if near else ""
        yield f"{compact(iri, dict(prefixes))} occurs nowhere in the graph.{hint}"


def _known(store: Store) -> Iterator[str]:
    for quad in store.quads_for_pattern(None, None, None, None):
        for term in (quad.subject, quad.predicate, quad.graph_name):
            if isinstance(term, NamedNode) and (term.value.startswith((BASE, "urn:")) or term is quad.predicate):
                yield term.value
