"""Which page describes which node, and how nodes are linked and described alike on every page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath

from pyoxigraph import NamedNode

from reasoner.card import Card, Group, Value, card_of
from reasoner.library import Library, SourceFile
from reasoner.render.docs.page import Html, a, article, code, dl, e, heading, several, ul
from reasoner.triples import Node
from reasoner.vocabulary import OWL, Namespace, local_name

SSSOM = Namespace("https://w3id.org/sssom/")
RESERVED = {"index", "questions", "cases", "tutorial"}
SHOWN = 10
"""How many of the nodes that mention a node an entry lists for one property."""


def stem_of(path: str) -> str:
    """The name of a file's page, without its suffix.

    >>> stem_of("ontology/coverage.ttl"), stem_of("ontology/policies/0587.ttl"), stem_of("shapes/request.ttl")
    ('coverage', 'policy-0587', 'shapes-request')
    """
    top, *folders, name = PurePosixPath(path).parts
    words = {"policies": "policy", "sources": "source"}
    parts = [*([] if top == "ontology" else [top]), *(words.get(f, f) for f in folders), name.removesuffix(".ttl")]
    stem = "-".join(parts)
    return f"terms-{stem}" if stem in RESERVED or stem.startswith(("case-", "question-")) else stem


@dataclass(frozen=True, eq=False)
class Site:
    """A library with the addresses that its nodes have in the documentation."""

    library: Library

    @cached_property
    def ids(self) -> Mapping[str, Mapping[str, str]]:
        """By file and node, the id of the node's entry: the fragment of its IRI, told apart where two share it."""
        return {f.path: _ids(f) for f in self.library.files}

    def href(self, iri: str) -> str | None:
        """The address of a node's entry or of a file's page."""
        home = self.library.homes.get(iri)
        if home is None:
            return None
        page = stem_of(home.path) + ".html"
        return page if home.header is not None and home.header.value == iri else f"{page}#{self.ids[home.path][iri]}"

    def link(self, iri: str, text: str | None = None) -> Html:
        """A node's label as a link to its entry; a node of another vocabulary is named without a link."""
        label = text or self.library.label(NamedNode(iri))
        href = self.href(iri)
        return a(href, label) if href else code(self.library.compact(iri))

    def value(self, value: Value) -> Html:
        """One value of a property."""
        if value.iri is not None:
            return self.link(value.iri, value.text)
        if value.parts:
            return ul(
                f"{e(p.label)}: {several([self.value(v) for v in p.values])}" if p.values else e(p.label)
                for p in value.parts
            )
        return e(value.text)

    def groups(self, groups: tuple[Group, ...], prefix: str = "", cap: int | None = None) -> list[tuple[str, Html]]:
        """Properties with their values, for a list of facts."""
        out = []
        for group in groups:
            shown = [self.value(v) for v in group.values[:cap]]
            if len(group.values) > len(shown):
                shown.append(f"and {len(group.values) - len(shown)} more")
            out.append((prefix + group.label, several(shown)))
        return out

    def entry(self, iri: str, key: str, level: int = 3) -> Html:
        """The full description of a node, as ``plexus show`` gives it."""
        card = card_of(self.library, iri)
        mappings = self.library.graph.subjects(OWL.annotatedSource, NamedNode(iri))
        matches = {OWL.annotatedSource.value, *(p.value for m in mappings for p in self._matches(m))}
        facts = [
            *self.head(card),
            ("maps to", several([self._mapping(m) for m in mappings])),
            *self.groups(tuple(g for g in card.outgoing if g.property not in matches)),
            *self.groups(tuple(g for g in card.incoming if g.property not in matches), "named by: ", SHOWN),
        ]
        title = heading(level, f"{e(card.label)} {code(card.name)}")
        definition = f"<p>{e(card.definition)}</p>\n" if card.definition else ""
        return article(key, title + definition + dl(facts))

    def _matches(self, mapping: Node) -> list[Node]:
        return self.library.graph.nodes(mapping, OWL.annotatedProperty)

    def _mapping(self, mapping: Node) -> Html:
        """To what a mapping leads, how closely and how surely."""
        graph = self.library.graph
        targets = ", ".join(self.link(t.value) for t in graph.nodes(mapping, OWL.annotatedTarget))
        how = ", ".join(self.library.label(p) for p in self._matches(mapping))
        sure = graph.text(mapping, SSSOM.confidence)
        return f"{targets} ({self.link(mapping.value, how)}{f', confidence {e(sure)}' if sure else ''})"

    def head(self, card: Card) -> list[tuple[str, Html]]:
        """Kind, place and source of a node."""
        kinds = [self.link(k.iri) for k in card.kinds if k.iri and k.name != "owl:NamedIndividual"]
        source = card.asserted_by or ""
        return [
            ("kind", ", ".join(kinds)),
            ("place", e("; ".join(map(str, card.places)))),
            ("source", e(source + (", as all of its file" if card.asserted_in else ""))),
        ]


def _ids(file: SourceFile) -> dict[str, str]:
    used: set[str] = set()
    out: dict[str, str] = {}
    for node in file.subjects:
        name = local_name(node.value).strip("_") or "node"
        key = name
        count = 1
        while key in used:
            count += 1
            key = f"{name}-{count}"
        used.add(key)
        out[node.value] = key
    return out
