"""The node that somebody means: by IRI, prefixed name, number, id, code, identifier, or words of its label."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable

from pyoxigraph import NamedNode

from reasoner.errors import UnknownTerm
from reasoner.library import NAMES, Library
from reasoner.triples import RDF_TYPE
from reasoner.vocabulary import COV, SKOS, local_name

LABELS = (*NAMES, COV.plainLabel, SKOS.altLabel)
_BIBO, _FABIO = "http://purl.org/ontology/bibo/", "http://purl.org/spar/fabio/"
_IDENTIFIERS = (
    NamedNode(_BIBO + "doi"),
    NamedNode(_FABIO + "hasPubMedId"),
    NamedNode(_FABIO + "hasPubMedCentralId"),
)
_POLICIES = (COV.Policy, COV.RelatedPolicy)
_ASIDE = (COV.Anchor, COV.CodeFamily)
"""Kinds that bear the name of something else, which is meant first."""


def find(library: Library, thing: str) -> str:
    """The IRI of what a reader calls a thing.

    A thing is an IRI, a prefixed name, a policy number, an edition (number/date), a criterion id, a notation or code,
    or a label.

    Raises:
        UnknownTerm: nothing is called so (near names are suggested), or several nodes are.
    """
    wanted = thing.strip().removeprefix("<").removesuffix(">")
    for way in _ways(library):
        found = list(dict.fromkeys(way(wanted)))
        meant = [i for i in found if not library.is_generated(i)] or found
        hits = [i for i in meant if not _is(library, i, *_ASIDE)] or meant
        if len(hits) == 1:
            return hits[0]
        if hits:
            raise UnknownTerm(_several(library, thing, hits), tuple(library.compact(h) for h in hits))
    raise UnknownTerm(*_none(library, thing))


Way = Callable[[str], Iterable[str]]


def _ways(library: Library) -> tuple[Way, ...]:
    """The ways to find a node, most exact first; the first that finds something decides."""
    return (
        lambda t: _holding(library, re.sub(r"(?i)^(https?://doi\.org/|doi:|pmid:?\s*)", "", t), *_IDENTIFIERS),
        lambda t: [t] if _known(library, t) else [],
        lambda t: [i for i in [_expanded(library, t)] if i and _known(library, i)],
        lambda t: [i for i in _numbered(library, t) if _is(library, i, COV.Policy)],
        lambda t: [i for i in _numbered(library, t) if _is(library, i, COV.RelatedPolicy)],
        lambda t: _edition(library, t),
        lambda t: _holding(library, t, COV.number, COV.id, SKOS.notation),
        lambda t: _holding(library, t, COV.procedureCode),
        lambda t: _holding(library, t, *LABELS),
        lambda t: [i for i in library.homes if local_name(i).casefold() == t.casefold() and _known(library, i)],
        lambda t: [i for i in _worded(library, t) if _is(library, i, COV.Publication)],
        lambda t: _only(_worded(library, t)),
    )


def _known(library: Library, iri: str) -> bool:
    try:
        node = NamedNode(iri)
    except ValueError:
        return False
    return bool(library.graph.predicates(node)) or bool(library.graph.incoming(node))


def _expanded(library: Library, name: str) -> str | None:
    prefix, colon, local = name.partition(":")
    return library.prefixes[prefix] + local if colon and prefix in library.prefixes else None


def _is(library: Library, iri: str, *kinds: NamedNode) -> bool:
    return any(NamedNode(iri) in library.graph.instances(k) for k in kinds)


def _numbered(library: Library, text: str) -> list[str]:
    """The policies of a number, whether or not its zeros and its letters are written: 587, CMM 608, 608."""
    wanted = _number(re.sub(r"(?i)^(coverage\s+)?(policy|guideline)\s+", "", text))
    return [
        s.value
        for kind in _POLICIES
        for s in library.graph.instances(kind)
        if isinstance(s, NamedNode)
        and (number := _number(library.graph.text(s, COV.number) or ""))
        and wanted
        and wanted in (number, number.lstrip("abcdefghijklmnopqrstuvwxyz"))
    ]


def _edition(library: Library, text: str) -> list[str]:
    """The edition of a policy number and a date: 0587/2025-12-01."""
    number, _, day = text.partition("/")
    policies = [NamedNode(iri) for iri in _numbered(library, number)] if day else []
    editions = [e for p in policies for e in library.graph.nodes(p, COV.edition)]
    return [e.value for e in editions if library.graph.text(e, COV.effectiveFrom) == day]


def _number(text: str) -> str:
    """A number without what people leave out: letter case, signs between its parts, zeros in front."""
    return re.sub(r"[\W_]", "", text.casefold()).lstrip("0")


def _worded(library: Library, text: str) -> list[str]:
    """The nodes whose label has every word of a text."""
    wanted = set(re.findall(r"\w+", text.casefold()))
    return [
        s.value
        for s, p, o in library.graph
        if wanted and p in LABELS and isinstance(s, NamedNode) and wanted <= set(re.findall(r"\w+", o.value.casefold()))
    ]


def _only(hits: list[str]) -> list[str]:
    """One hit; several hits by words are no name, but suggestions."""
    return hits if len(set(hits)) == 1 else []


def _holding(library: Library, text: str, *predicates: NamedNode) -> list[str]:
    """The named nodes (through their nameless parts) with a literal equal to a text, letter case aside."""
    return [
        s.value
        for s, p, o in library.graph
        if p in predicates and isinstance(s, NamedNode) and o.value.casefold() == text.casefold()
    ]


def _several(library: Library, thing: str, hits: list[str]) -> str:
    rows = [f"  {library.compact(h)}  {_kinds(library, h)}: {library.label(NamedNode(h))}" for h in hits]
    return "\n".join(
        [f"{thing!r} names {len(hits)} nodes:", *rows, f"Be exact: plexus show {library.compact(hits[0])}"]
    )


def _kinds(library: Library, iri: str) -> str:
    kinds = [library.label(k) for k in library.graph.objects(NamedNode(iri), RDF_TYPE)]
    return ", ".join(k for k in kinds if k != "NamedIndividual") or "node"


def _none(library: Library, thing: str) -> tuple[str, tuple[str, ...]]:
    predicates = (*LABELS, COV.id, COV.number, SKOS.notation, COV.procedureCode)
    names: dict[str, tuple[str, str]] = {}
    for s, p, o in library.graph:
        if isinstance(s, NamedNode) and p in predicates:
            names.setdefault(o.value.casefold(), (o.value, s.value))
    for iri in library.homes:
        names.setdefault(local_name(iri).casefold(), (library.label(NamedNode(iri)), iri))
    wanted = thing.casefold().split(":")[-1].strip()
    hits = [i for i in dict.fromkeys(_worded(library, thing)) if not library.is_generated(i)]
    hits = sorted(hits, key=lambda i: (_is(library, i, *_ASIDE), len(library.label(NamedNode(i)))))[:8]
    if hits:
        return _near(library, thing, hits)
    near = difflib.get_close_matches(wanted, names, n=5, cutoff=0.6)
    near += [n for n in names if wanted and wanted in n and n not in near][: 5 - len(near)]
    hits = list(dict.fromkeys(names[n][1] for n in near))
    if not hits:
        return f"Nothing is called {thing!r}. Give an IRI, a prefixed name, an id, a code or a label.", ()
    return _near(library, thing, hits)


def _near(library: Library, thing: str, hits: list[str]) -> tuple[str, tuple[str, ...]]:
    rows = [f"  {library.compact(h)}  {_kinds(library, h)}: {library.label(NamedNode(h))}" for h in hits]
    return "\n".join([f"Nothing is called {thing!r}. Near are:", *rows]), tuple(library.compact(h) for h in hits)
