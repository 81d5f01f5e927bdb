"""Evidence in words: the summary templates of the ontology, filled from the record.

A template is text with ``{path}`` parts (properties joined by ``/``, ``^`` for inverse) and ``[...]`` parts
that are dropped when a path in them has no value. The words of a concept are its label, or its lay name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache

from pyoxigraph import Literal, NamedNode

from reasoner.knowledge import Knowledge
from reasoner.triples import RDF_TYPE, Step, Term, Triples
from reasoner.vocabulary import CLIN, COV, DCTERMS, PREFIXES, RDFS, local_name

_PART = re.compile(r"\[[^\[\]]*\]|\{[^{}]*\}")
MAX_TEXT = 300


@dataclass(frozen=True)
class Describer:
    """Describes nodes of one record in labels, or in lay words with ``plain``."""

    knowledge: Knowledge
    triples: Triples
    plain: bool = False
    _told: dict[str, str] = field(default_factory=dict, repr=False, compare=False)

    def word(self, term: Term) -> str:
        """A concept's label, a literal's text, or the summary of a node of the record."""
        if isinstance(term, Literal):
            return shorten(term.value)
        iri = term.value
        name = self.knowledge.plain(iri) if self.plain else self.knowledge.label(iri)
        if not self.knowledge.ontology.predicates(term):
            name = shorten(self.triples.text(term, RDFS.label) or local_name(iri))
        return name

    def summary(self, iri: str) -> str:
        """One phrase that says what the node documents."""
        if iri not in self._told:
            self._told[iri] = self._summary(NamedNode(iri))
        return self._told[iri]

    def _summary(self, node: NamedNode) -> str:
        for cls in self.triples.nodes(node, RDF_TYPE):
            template = self.knowledge.ontology.text(cls, COV.summaryTemplate)
            if self.plain:
                template = self.knowledge.ontology.text(cls, COV.plainSummaryTemplate) or template
            if template:
                return " ".join(self._fill(template, node).split())
        return self.word(node)

    def _fill(self, template: str, node: NamedNode) -> str:
        def part(match: re.Match[str]) -> str:
            text = match.group(0)
            if text.startswith("["):
                inner = text[1:-1]
                paths = re.findall(r"\{([^{}]*)\}", inner)
                return self._fill(inner, node) if all(self._values(node, p) for p in paths) else ""
            return ", ".join(self._values(node, text[1:-1])) or "not recorded"

        return _PART.sub(part, template)

    def _values(self, node: NamedNode, path: str) -> list[str]:
        found = self.triples.walk({node}, _steps(path))
        if not found and "/" not in path and path.startswith("^"):
            return []
        return sorted({self.word(v) for v in found})

    def date(self, iri: str) -> str | None:
        """The date of an evidence node, or of the study that reports it."""
        node = NamedNode(iri)
        own = next((d for p in (COV.date, CLIN.endDate, CLIN.occurredOn) if (d := self.triples.text(node, p))), None)
        holders = self.triples.subjects(CLIN.hasFinding, node)
        return own or next((d for s in holders if (d := self.triples.text(s, COV.date))), None) or self._received(node)

    def _received(self, node: NamedNode) -> str | None:
        """The day on which the request stated its own lines and indications."""
        lines = [node, *self.triples.subjects(COV.indication, node), *self.triples.subjects(COV.otherIndication, node)]
        requests = (r for line in lines for r in self.triples.subjects(COV.line, line))
        return next((d for r in requests if (d := self.triples.text(r, COV.receivedOn))), None)

    def document(self, iri: str) -> str | None:
        """The title of the document that has the evidence, if one is named."""
        node = NamedNode(iri)
        for holder in (node, *self.triples.subjects(CLIN.hasFinding, node)):
            for document in self.triples.nodes(holder, COV.documentedIn):
                title = self.triples.text(document, DCTERMS.title)
                if title:
                    return shorten(title)
        return None


def shorten(text: str) -> str:
    """Text of a record on one line and of a bearable length."""
    line = " ".join(text[: 4 * MAX_TEXT].split())
    return line if len(line) <= MAX_TEXT else line[: MAX_TEXT - 1] + "…"


@cache
def _steps(path: str) -> tuple[Step, ...]:
    return tuple(map(_step, path.split("/")))


def _step(text: str) -> Step:
    forward = not text.startswith("^")
    prefix, _, name = text.lstrip("^").partition(":")
    return Step(((NamedNode(PREFIXES[prefix] + name), forward),))
