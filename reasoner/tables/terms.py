"""The terms that a value of a table may name: by IRI, prefixed name, local name or label."""

from __future__ import annotations

import difflib
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache

from pyoxigraph import NamedNode

from reasoner.errors import UnknownTerm
from reasoner.knowledge import Knowledge
from reasoner.tables.schema import Column, schema_of
from reasoner.triples import RDF_TYPE, Triples
from reasoner.vocabulary import BASE, PREFIXES, RDFS, SKOS, compact, local_name, policy_prefix

LABELS = (RDFS.label, SKOS.prefLabel, SKOS.altLabel)


@dataclass(frozen=True)
class Named:
    """What a text names: a term; or none, with the terms between which it does not decide, or the nearest name."""

    iri: str | None
    choices: tuple[str, ...] = ()
    nearest: str | None = None
    outside: bool = False
    """Whether the term is one of plexus, but none of those that the column takes."""


@dataclass(frozen=True, eq=False)
class TermIndex:
    """The terms of a library by what they are called.

    ``declared`` are all IRIs that the ontology declares; the others hold values of columns only, ``by_name`` under the
    exact local name and ``by_folded`` under local names and labels without letter case, spaces and signs.
    """

    prefixes: Mapping[str, str]
    declared: frozenset[str]
    instances: Mapping[str, frozenset[str]]
    by_name: Mapping[str, tuple[str, ...]]
    by_folded: Mapping[str, tuple[str, ...]]

    def named(self, text: str, column: Column | None = None) -> Named:
        """What a text names, as a value of a column; without a column, any term that is a value of some column."""
        asked = self.takes(column) if column else None
        found = self._found(text.strip(), asked)
        if len(found) == 1:
            outside = asked is not None and found[0] not in asked
            return Named(found[0], outside=outside, nearest=self.suggestion(text, column) if outside else None)
        if found:
            return Named(None, choices=tuple(compact(i) for i in found))
        return Named(None, nearest=self.suggestion(text, column))

    def term_of(self, text: str, column: Column | None = None) -> str | None:
        """The IRI of the term that a text names; None where it names none.

        Raises:
            UnknownTerm: it names several; the message and ``candidates`` list them.
        """
        found = self.named(text, column)
        if found.choices:
            shown = ", ".join(found.choices)
            raise UnknownTerm(f"{text[:80]!r} names several terms: {shown}. Write one of them.", found.choices)
        return found.iri

    def takes(self, column: Column) -> frozenset[str]:
        """The terms that a column takes: those that the request shapes list, else the instances of its range."""
        return frozenset(column.values) or self.instances.get(column.range or "", frozenset())

    def suggestion(self, text: str, column: Column | None = None) -> str | None:
        """The term, as prefix:name, whose name or label is nearest to a text; None where none is near."""
        wanted = self.takes(column) if column else None
        names = {n: i for n, iris in self.by_folded.items() for i in iris if wanted is None or i in wanted}
        name = folded(text.rpartition(":")[2])
        near = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
        if near:
            return compact(names[near[0]])
        begun = {i for n, i in names.items() if name and n.startswith(name)}
        return compact(begun.pop()) if len(begun) == 1 else None

    def _found(self, text: str, asked: frozenset[str] | None) -> list[str]:
        exact = self.expanded(text)
        if exact is not None:
            return [exact] if exact in self.declared else []
        for index, key in ((self.by_name, text), (self.by_folded, folded(text))):
            hits = index.get(key, ()) if key else ()
            meant = [i for i in hits if asked is not None and i in asked]
            if meant or hits:
                return meant or list(hits)
        return []

    def expanded(self, text: str) -> str | None:
        """The IRI that a text spells out, in full or with a prefix; None for a mere name.

        >>> from reasoner.knowledge import load
        >>> index_of(load()).expanded("clin:Left"), index_of(load()).expanded("left side: worse")
        ('https://w3id.org/plexus/clinical#Left', None)
        """
        bare = text[1:-1] if text.startswith("<") and text.endswith(">") else text
        if "://" in bare:
            return bare
        prefix, colon, local = bare.partition(":")
        return self.prefixes[prefix] + local if colon and prefix in self.prefixes else None


def folded(text: str) -> str:
    """A name without what people write differently: letter case, spaces, underscores, hyphens.

    >>> folded("Procedure_Code") == folded("procedureCode") == folded("procedure code")
    True
    """
    return re.sub(r"[\W_]+", "", text.casefold())


@cache
def index_of(knowledge: Knowledge) -> TermIndex:
    """The index of the terms of a library."""
    ontology = knowledge.ontology
    declared = frozenset(s.value for s, p, _ in ontology if p == RDF_TYPE and isinstance(s, NamedNode))
    columns = [c for t in schema_of(knowledge).tables for c in t.columns if c.kind == "term"]
    instances = {r: _instances(ontology, r) for r in {c.range for c in columns} if r}
    terms = sorted({i for some in instances.values() for i in some} | {v for c in columns for v in c.values})
    by_name: dict[str, list[str]] = defaultdict(list)
    by_folded: dict[str, list[str]] = defaultdict(list)
    for iri in terms:
        by_name[local_name(iri)].append(iri)
        labels = (o.value for p in LABELS for o in ontology.objects(NamedNode(iri), p))
        for name in dict.fromkeys(folded(n) for n in (local_name(iri), *labels)):
            by_folded[name].append(iri)
    return TermIndex(_prefixes(declared), declared, instances, _frozen(by_name), _frozen(by_folded))


def _frozen(index: Mapping[str, list[str]]) -> dict[str, tuple[str, ...]]:
    return {name: tuple(iris) for name, iris in index.items()}


def _prefixes(declared: Iterable[str]) -> dict[str, str]:
    own = (policy_prefix(iri) for iri in declared if iri.startswith(BASE))
    return {**PREFIXES, **{found[0]: found[1] for found in own if found}}


def _instances(ontology: Triples, cls: str) -> frozenset[str]:
    below: set[str] = set()
    queue = [cls]
    while queue:
        here = queue.pop()
        if here not in below:
            below.add(here)
            queue += [c.value for c in ontology.subjects(RDFS.subClassOf, NamedNode(here)) if isinstance(c, NamedNode)]
    found = (i for c in below for i in ontology.instances(NamedNode(c)))
    return frozenset(i.value for i in found if isinstance(i, NamedNode))
