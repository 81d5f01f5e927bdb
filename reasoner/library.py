"""Every Turtle file below ``ontology/`` and ``shapes/``, kept apart by file and joined into one graph.

:mod:`reasoner.knowledge` holds what a review needs; this holds what a reader browses, whatever files there are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

from pyoxigraph import BlankNode, NamedNode, RdfFormat, parse

from reasoner import resources
from reasoner.errors import PolicyError
from reasoner.triples import RDF_FIRST, RDF_NIL, RDF_REST, RDF_TYPE, Node, Spo, Term, Triples
from reasoner.vocabulary import COV, DCTERMS, OA, OWL, PREFIXES, RDFS, SH, SKOS, Namespace, compact, local_name

PROV = Namespace(PREFIXES["prov"])
NAMES = (RDFS.label, SKOS.prefLabel, SH.name, DCTERMS.title)
DEFINITIONS = (SKOS.definition, RDFS.comment, SH.description, DCTERMS.description)


@dataclass(frozen=True, eq=False)
class SourceFile:
    """One Turtle file: its path below the root (with /), its triples, the prefixes that it declares, and the root."""

    path: str
    triples: Triples
    prefixes: Mapping[str, str]
    root: Path

    def text(self) -> str:
        """The file as it is written."""
        return self.root.joinpath(self.path).read_text(encoding="utf-8")

    @cached_property
    def header(self) -> NamedNode | None:
        """The ontology that the file holds."""
        found = [n for n in self.triples.instances(OWL.Ontology) if isinstance(n, NamedNode)]
        return found[0] if len(found) == 1 else None

    @property
    def is_generated(self) -> bool:
        """Whether the file repeats shapes that are written elsewhere."""
        return (
            self.path.startswith("shapes/")
            and self.header is not None
            and self.triples.one(self.header, PROV.wasDerivedFrom) is not None
        )

    def claim(self, node: NamedNode) -> int:
        """How strongly the file claims to define a node: it says so (3), names (2), types (1) or mentions it (0)."""
        if node == self.header or (self.header in self.triples.objects(node, RDFS.isDefinedBy)):
            return 3
        if self.triples.one(node, RDF_TYPE) is None:
            return 0
        return 2 if any(self.triples.text(node, name) for name in NAMES) else 1

    @cached_property
    def title(self) -> str:
        """The title of the ontology, or the file's name."""
        return (self.triples.text(self.header, DCTERMS.title) if self.header else None) or Path(self.path).name

    @cached_property
    def subjects(self) -> tuple[NamedNode, ...]:
        """The named nodes that the file says something about, its header left out, in file order."""
        found = dict.fromkeys(s for s, _, _ in self.triples if isinstance(s, NamedNode))
        return tuple(s for s in found if s != self.header)


@dataclass(frozen=True)
class Place:
    """A place in a policy document; characters are counted in the document's normalised text."""

    section: str | None
    page: str | None
    start: str | None = None
    end: str | None = None

    def __str__(self) -> str:
        parts = [self.section or "", f"page {self.page}" if self.page else ""]
        if self.start and self.end:
            parts.append(f"characters {self.start} to {self.end}")
        return ", ".join(p for p in parts if p)


@dataclass(frozen=True, eq=False)
class Library:
    """The files of one folder and the graph that they make up, in which each node is described once."""

    root: Path
    files: tuple[SourceFile, ...]

    @cached_property
    def graph(self) -> Triples:
        """The triples of all files that are written by hand, and of generated ones what nothing else describes."""
        out = [t for f in self.files if not f.is_generated for t in f.triples]
        for file in self.files:
            if file.is_generated:
                own = (n for n in file.subjects if self.homes[n.value] is file)
                out += [t for n in own for t in described(file.triples, n)]
        return Triples(out)

    def is_generated(self, iri: str) -> bool:
        """Whether a node stands in a generated file only."""
        home = self.homes.get(iri)
        return home is not None and home.is_generated

    @cached_property
    def prefixes(self) -> dict[str, str]:
        """Namespace by prefix; the first declaration of a prefix holds."""
        out = dict(PREFIXES)
        for file in self.files:
            for prefix, base in file.prefixes.items():
                out.setdefault(prefix, base)
        return {p: b for p, b in out.items() if p}

    @cached_property
    def homes(self) -> dict[str, SourceFile]:
        """The file of every named node: the one that defines it, else the one that first types or mentions it."""
        best: dict[str, tuple[int, SourceFile]] = {}
        for file in sorted(self.files, key=lambda f: f.is_generated):
            for node in (*file.subjects, *([file.header] if file.header else [])):
                claim = file.claim(node)
                if node.value not in best or claim > best[node.value][0]:
                    best[node.value] = (claim, file)
        return {iri: file for iri, (_, file) in best.items()}

    def compact(self, iri: str) -> str:
        """An IRI as prefix:name where a prefix fits (the longest namespace), else in angle brackets."""
        return compact(iri, self.prefixes)

    def label(self, node: Term) -> str:
        """The name of a term: its label, title or shape name, else its local name in words."""
        for name in NAMES:
            text = self.graph.text(node, name)
            if text:
                return text
        return words(local_name(node.value)) if isinstance(node, NamedNode) else node.value

    def definition(self, node: Node) -> str:
        """What a term means, or nothing."""
        return next((t for d in DEFINITIONS if (t := self.graph.text(node, d))), "")

    def places(self, node: Node) -> tuple[Place, ...]:
        """The places in the policy document that a node names itself or through its anchors."""
        graph = self.graph
        nodes = graph.nodes(node, COV.anchor) or ([node] if graph.nodes(node, COV.inSection) else [])
        return tuple(self._anchor(a) for a in nodes)

    def _anchor(self, anchor: Node) -> Place:
        graph = self.graph
        part = graph.node(anchor, COV.inSection)
        section = (graph.text(part, DCTERMS.title) or self.label(part)) if part else None
        return Place(section, graph.text(anchor, COV.page), graph.text(anchor, OA.start), graph.text(anchor, OA.end))

    def owners(self, node: Node) -> Iterator[tuple[NamedNode, NamedNode]]:
        """The named nodes that mention a node, each with the property; lists and unnamed nodes are looked through.

        What is generated mentions nearly everything; it is left out, except where the node itself is generated.
        """
        everything = self.is_generated(node.value)
        for predicate, owner in self._mentions(node):
            if everything or not self.is_generated(owner.value):
                yield predicate, owner

    def _mentions(self, node: Node) -> Iterator[tuple[NamedNode, NamedNode]]:
        seen: set[Term] = set()
        todo: list[tuple[NamedNode | None, Node]] = [(None, node)]
        while todo:
            via, here = todo.pop(0)
            for predicate, subject in self.graph.incoming(here):
                named = via if via is not None or predicate in (RDF_FIRST, RDF_REST) else predicate
                if isinstance(subject, NamedNode) and named is not None:
                    yield named, subject
                elif isinstance(subject, BlankNode) and subject not in seen:
                    seen.add(subject)
                    todo.append((named, subject))

    def is_list(self, node: Term) -> bool:
        """Whether a node is an RDF list."""
        return node == RDF_NIL or (isinstance(node, BlankNode) and self.graph.one(node, RDF_FIRST) is not None)


def described(graph: Triples, node: Node) -> list[Spo]:
    """All that a graph says of a node, unnamed nodes that hang on it included."""
    out: list[Spo] = []
    seen: set[Term] = {node}
    todo: list[Node] = [node]
    while todo:
        here = todo.pop()
        for predicate in graph.predicates(here):
            for value in graph.objects(here, predicate):
                out.append((here, predicate, value))
                if isinstance(value, BlankNode) and value not in seen:
                    seen.add(value)
                    todo.append(value)
    return out


def words(name: str) -> str:
    """A local name as words.

    >>> words("subClassOf")
    'sub class of'
    """
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name).lower() if name[:1].islower() else name


def read_file(root: Path, path: Path) -> SourceFile:
    """One Turtle file of a library.

    Raises:
        PolicyError: the file is missing or is not Turtle.
    """
    try:
        parser = parse(path=path, format=RdfFormat.TURTLE, rename_blank_nodes=True)
        triples = Triples([(q.subject, q.predicate, q.object) for q in parser])
        return SourceFile(path.relative_to(root).as_posix(), triples, dict(parser.prefixes), root)
    except (OSError, SyntaxError) as error:
        raise PolicyError(str(path), f"cannot be read as Turtle: {error}.", "Mend the file.") from error


@cache
def open_library(root: Path | None = None) -> Library:
    """The files of a library (default: what plexus ships), see :func:`reasoner.resources.layers`.

    Raises:
        PolicyError: a file that cannot be read.
    """
    found: dict[Path, Path] = {}
    for layer in resources.layers(root):
        for part in ("ontology", "shapes"):
            found.update((p.relative_to(layer), layer) for p in (layer / part).rglob("*.ttl"))
    order = sorted(found, key=lambda p: (p.parts[0], len(p.parts), p.with_suffix("").as_posix()))
    return Library(root or resources.data_dir(), tuple(read_file(found[p], found[p] / p) for p in order))
