"""What is lacking in the files of a library's own layer: every fault, with its place and an example."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from pyoxigraph import BlankNode, NamedNode, RdfFormat, parse

from reasoner import knowledge, library, resources
from reasoner.authoring.guide_steps import MEANT, Found, block_of, example_of, step_of
from reasoner.check import question_findings
from reasoner.engine_pyshacl import PyshaclEngine
from reasoner.errors import PlexusError, PolicyError
from reasoner.expected import cases_in, differences
from reasoner.knowledge import TO_WRITE
from reasoner.lint import faults as word_faults
from reasoner.locating import Location, locate, read
from reasoner.policy_faults import policy_faults
from reasoner.policy_rules import EVS
from reasoner.shapes_default import generated
from reasoner.triples import RDF_TYPE, Node, Spo, Triples
from reasoner.vocabulary import BASE, COV, DCTERMS, OWL, RDFS, SH, SKOS, compact, local_name, nearest, policy_prefix

GENERATED = (".probes.ttl", ".default.ttl")
_DESCRIBING = (RDF_TYPE, RDFS.label, SKOS.definition, RDFS.isDefinedBy, SH.name, SH.message)
_BEGUN = {
    "policy": (COV.Policy, COV.Edition),
    "edition": (COV.Edition,),
    "statements": (COV.CoverageStatement,),
    "tree": (COV.AllOf, COV.AnyOf, COV.AtLeast, COV.LeafCriterion),
    "criteria": (COV.LeafCriterion,),
    "rules": (COV.EvidenceRule,),
}
_OF_SHAPE = {
    "rule-shape": "shapes",
    "FacetShape": "shapes",
    "leaf-rule-for": "rules",
    "statement-criteria": "statements",
    "place-speaker": "places",
    "Statement": "places",
    "ambiguity-readings": "readings",
}


@dataclass(frozen=True)
class Undeclared:
    """A term of plexus that nothing declares, and the node that names it with one of its properties.

    ``by`` is the property that tells what the term should be: in a nested node another one than that of the node.
    """

    node: str
    prop: str
    by: str
    term: str


class OwnFiles:
    """The files of a library's own layer, and what can be said of them."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.broken: list[Found] = []
        self.ontology = sorted(root.glob("ontology/**/*.ttl"))
        self.shapes = [p for p in sorted(root.glob("shapes/**/*.ttl")) if not p.name.endswith(GENERATED)]
        self.requests = sorted(root.glob("cases/*/*.ttl"))
        self.by_file: dict[Path, list[Spo]] = {}
        for path in (*self.ontology, *self.shapes, *self.requests):
            self._parse(path)

    def _parse(self, path: Path) -> None:
        try:
            quads = parse(path=path, format=RdfFormat.TURTLE, rename_blank_nodes=True)
            self.by_file[path] = [(q.subject, q.predicate, q.object) for q in quads]
        except SyntaxError as error:
            what = f"cannot be read as Turtle: {error.msg}. Mend the line."
            self.broken.append(Found("files", path.name, what, str(path), error.lineno or 1))
        except OSError as error:
            self.broken.append(Found("files", path.name, f"cannot be read: {error.strerror}.", str(path)))

    @cached_property
    def triples(self) -> Triples:
        """What the ontology and the hand-written shapes of the layer say."""
        return Triples(t for p in (*self.ontology, *self.shapes) for t in self.by_file.get(p, ()))

    @cached_property
    def base(self) -> Triples:
        """What lies below: what plexus ships, without files for which this layer has a namesake."""
        if len(resources.layers(self.root)) == 1:
            return Triples(())
        below = [f for f in library.open_library(None).files if not (self.root / f.path).is_file()]
        return Triples(t for f in below for t in f.triples)

    @cached_property
    def whole(self) -> Triples:
        return self.base.merged(self.triples)

    @cached_property
    def policies(self) -> tuple[NamedNode, ...]:
        """The policies of which the layer says something: its own, and those to which it adds an edition."""
        own = set(self.triples.subjects_named())
        return tuple(n for n in self.whole.instances(COV.Policy) if isinstance(n, NamedNode) and n in own)

    @cached_property
    def numbers(self) -> tuple[str, ...]:
        found = (self.whole.text(p, COV.number) for p in self.policies)
        return tuple(sorted(n for n in found if n))

    @property
    def number(self) -> str:
        """The number with which examples are written."""
        named = (p.name.split(".")[0] for p in self.ontology if p.parent.name == "policies")
        return next(iter((*self.numbers, *named)), "0900")

    def types(self, node: str) -> list[Node]:
        return self.whole.nodes(NamedNode(node), RDF_TYPE) if ":" in node and " " not in node else []

    def at(self, node: str, prop: str = "") -> Location | None:
        return locate((*self.ontology, *self.shapes, *self.requests), node, prop)

    def make(self, node: str, prop: str, what: str, example: str = "", step: str = "") -> Found:
        """A finding about a node (an IRI) and one of its properties (an IRI or nothing), with its place."""
        place = self.at(node, prop)
        step = step or step_of(self.types(node), prop)
        name = compact(node) if ":" in node else node
        return Found(step, name, what, str(place.file) if place else "", place.line if place else 0, example)

    def begun(self) -> set[str]:
        """The steps of which something is there."""
        out = {"files"}
        for name, classes in _BEGUN.items():
            if any(self.triples.instances(cls) for cls in classes):
                out.add(name)
            else:
                break
        return out | ({"terms", "shapes", "readings", "defaults", "places"} if "rules" in out else set())

    # -- step by step

    def unreadable(self) -> Iterator[Found]:
        """Files that are no Turtle or declare no ontology; a folder without a policy."""
        yield from self.broken
        for path in (*self.ontology, *self.shapes):
            headers = [s for s, p, o in self.by_file.get(path, ()) if p == RDF_TYPE and o == OWL.Ontology]
            if path in self.by_file and len(headers) != 1:
                many = f"{len(headers)} ontologies" if headers else "no ontology"
                what = f"declares {many}. Declare one owl:Ontology in each file."
                example = block_of(self.number, OWL.Ontology, f"<{BASE}policy/{self.number.lower()}>")
                yield Found("files", path.name, what, str(path), 1, example if not headers else "")
        if not self.broken and not self.policies:
            files = sorted((p for p in self.ontology if p.parent.name == "policies"), key=lambda p: len(p.name))
            if files:
                path = files[0]
                last = path.read_text(encoding="utf-8").count("\n") + 1
                prefix = compact(f"{BASE}policy/{self.number.lower()}#policy")
                example = block_of(self.number, COV.Policy, prefix)
                yield Found("policy", path.name, "describes no policy. Add a cov:Policy.", str(path), last, example)
            else:
                what = "holds no policy. Begin with plexus new-policy."
                yield Found("policy", str(self.root), what, example=f"plexus new-policy 0900 -o {self.root}")

    def written(self) -> list[Found]:
        """What is lacking in the files that can be read, each fault once.

        What follows from another fault is left out: what is said of a node that is declared nowhere, and of a property
        that names such a node.
        """
        out: dict[tuple[str, str], Found] = {}
        absent = {(u.node, u.prop) for u in self._undeclared} | {(u.term, "") for u in self._undeclared}
        first = (*self._placeholders(), *self._undeclared_found(), *self._without())
        for node, prop, found in first:
            out.setdefault((node, prop), found)
        for node, prop, found in (*self._policy_faults(), *self._shape_results(), *self._words()):
            if (node, "") not in absent and (node, prop or "-") not in absent:
                out.setdefault((node, prop or found.what), found)
        return list(out.values())

    def _placeholders(self) -> Iterator[tuple[str, str, Found]]:
        for path in (*self.ontology, *self.shapes, *self.requests):
            for statement in read(path):
                for text in statement.texts:
                    if text.value.startswith(TO_WRITE):
                        step = "cases" if path in self.requests else step_of(self.types(statement.subject), text.prop)
                        shown = f": {text.value}" if text.value.strip(TO_WRITE) else ""
                        what = f"{compact(text.prop)} is still to be written{shown}"
                        name = compact(statement.subject)
                        yield statement.subject, text.prop, Found(step, name, what, str(path), text.line)

    @cached_property
    def _undeclared(self) -> tuple[Undeclared, ...]:
        """Terms of plexus that are used and declared nowhere, once for each node that names them."""
        holders: dict[Node, tuple[Node, NamedNode]] = {
            o: (s, p) for s, p, o in self.triples if isinstance(o, BlankNode)
        }
        out: dict[tuple[str, str], Undeclared] = {}
        for s, p, o in self.triples:
            node, prop = _named_holder(s, p, holders)
            for term in (p, o):
                ours = isinstance(term, NamedNode) and term.value.startswith(BASE) and p != OWL.versionIRI
                if ours and term.value not in self._declared:
                    by = prop if term is p or p not in MEANT else p.value
                    out.setdefault((node.value, term.value), Undeclared(node.value, prop, by, term.value))
        return tuple(out.values())

    @cached_property
    def _declared(self) -> set[str]:
        return {s.value for s, p, _ in self.whole if p == RDF_TYPE and isinstance(s, NamedNode)}

    def _undeclared_found(self) -> Iterator[tuple[str, str, Found]]:
        for u in self._undeclared:
            own = policy_prefix(u.term) is not None  # within a policy, names that resemble each other are the rule
            near = nearest(u.term, self._candidates(u.term), cutoff=0.85 if own else 0.6)
            cure = f"Did you mean {near}? Otherwise declare it." if near else "Declare it, or correct the name."
            cls = next((c for p, c in MEANT.items() if p.value == u.by), None)
            name, step = compact(u.term), ""
            if u.prop == u.term:
                what = f"{name} is no property that plexus has."
            elif u.prop == RDF_TYPE.value:
                what = f"{name} is no class that plexus has."
                step = step_of([COV[local_name(near.replace(":", "/"))]] if near else [], "")
            elif cls in (SH.PropertyShape, SH.NodeShape):
                what = f"{compact(u.by)} names {name}, a shape that no shapes file has."
            else:
                what = f"{compact(u.by)} names {name}, which is declared nowhere."
            example = block_of(self.number, cls, name) if cls is not None else ""
            yield u.node, f"{u.prop} {u.term}", self.make(u.node, u.prop, f"{what} {cure}", example, step)

    def _candidates(self, term: str) -> Iterator[str]:
        """The terms that may have been meant: those of the same namespace, and for a shape those of any policy."""
        namespaces = (term.removesuffix(local_name(term)), *((EVS,) if "/shapes/" in term else ()))
        return (declared for declared in self._declared if declared.startswith(namespaces))

    def _without(self) -> Iterator[tuple[str, str, Found]]:
        """What a policy itself lacks, and the kinds of node that no reader asks for."""
        for policy in self.policies:
            for prop in (COV.number, DCTERMS.title, DCTERMS.publisher, COV.edition):
                if not self.whole.objects(policy, prop):
                    step = "edition" if prop == COV.edition else "policy"
                    example = example_of(self.number, prop.value, (COV.Policy,))
                    what = f"has no {compact(prop.value)}. Add it."
                    yield policy.value, prop.value, self.make(policy.value, prop.value, what, example, step)

    def _policy_faults(self) -> Iterator[tuple[str, str, Found]]:
        for fault in policy_faults(self.whole):
            error = fault.error
            node, prop = self._iri(error.node), error.prop
            place = fault.owner if prop == COV.choice.value else node
            what = f"{error.what} {error.cure}".strip()
            if prop == COV.statement.value:
                for statement in self._without_root(node):
                    node, place, prop, what = statement, statement, COV.root.value, "has no cov:root. Add it."
            step = "statements" if prop == COV.root.value else step_of(self.types(node), prop)
            found = self.make(place, prop, what, self._example(place, prop), step)
            yield node, prop, replace(found, where=compact(node) if ":" in node else node)

    def _without_root(self, edition: str) -> list[str]:
        """The statements of necessity of an edition that name no tree."""
        stated = self.whole.nodes(NamedNode(edition), COV.statement)
        named = [s for s in stated if COV.Necessary in self.whole.nodes(s, COV.statementEffect)]
        return [s.value for s in named if not self.whole.objects(s, COV.root)]

    def _iri(self, name: str) -> str:
        """The IRI of a node that an error names."""
        return self._names.get(name, name)

    @cached_property
    def _names(self) -> dict[str, str]:
        terms = {t.value for s, p, o in self.triples for t in (s, o) if isinstance(t, NamedNode)}
        return {compact(term): term for term in terms}

    def _example(self, node: str, prop: str) -> str:
        """How a property is written that a node lacks."""
        lacks = prop and ":" in node and not self.whole.objects(NamedNode(node), NamedNode(prop))
        return example_of(self.number, prop, self.types(node)) if lacks or prop == COV.choice.value else ""

    def _shape_results(self) -> Iterator[tuple[str, str, Found]]:
        """What shapes/ontology.ttl says of the nodes of this layer."""
        path = resources.find(self.root, "shapes", "ontology.ttl")
        shapes = knowledge.parse_turtle([path] if path else [])
        own = {s.value for s in self.triples.subjects_named()}
        for result in PyshaclEngine().evaluate(self._around(), tuple(shapes)):
            if result.focus in own and result.severity == "Violation":
                shape = result.shape.partition("#")[2]
                prop = result.path if result.path and ":" in result.path else ""
                prop = COV.root.value if shape == "statement-criteria" else prop
                step = _OF_SHAPE.get(shape, "")
                if step == "shapes" and self._undeclared:  # most likely the same fault, seen from the shapes
                    continue
                found = self.make(result.focus, prop, result.message, self._example(result.focus, prop), step)
                yield result.focus, prop, found

    def _around(self) -> list[Spo]:
        """This layer, and what the layer below says of the terms that it uses: enough for every shape."""
        out = list(self.triples)
        for node in self.triples.subjects_named():  # a node of the layer below about which this one says more
            below = library.described(self.base, node)
            named = {o for _, _, o in below if isinstance(o, NamedNode)}
            out += [*below, *(t for n in named for t in library.described(self.base, n))]
        used = {t for s, p, o in out for t in (p, o) if isinstance(t, NamedNode)}
        for term in used:
            out += [(term, prop, value) for prop in _DESCRIBING for value in self.base.objects(term, prop)]
        return out

    def _words(self) -> Iterator[tuple[str, str, Found]]:
        """Words that other vocabularies do not have, and shapes without a name."""
        own = {s.value for s in self.triples.subjects_named()}
        for where, what in word_faults({"below": self.base, "own": self.triples}):
            if (node := self._iri(where)) in own:
                yield node, "", self.make(node, "", what)

    # -- once everything is written

    def stale(self) -> Iterator[Found]:
        """Generated shapes that are missing or are not what the tree gives."""
        try:
            known = knowledge.load(self.root)
            for path, text in generated(known).items():
                target = known.home(path, text)
                if target.is_relative_to(self.root) and _text(target) != text:
                    state = "is not what the criteria tree gives" if target.exists() else "does not exist yet"
                    what = f"{state}. It is written by plexus shapes --library {self.root}"
                    yield Found("generated", path.as_posix(), what, str(target), example="")
        except PolicyError as error:
            what = f"{error.what} {error.cure}".strip()
            found = self.make(self._iri(error.node), error.prop, what, step="generated")
            yield found if found.file else replace(found, file=error.file)

    def unexpected(self) -> Iterator[Found]:
        """Cases that come out otherwise than expected; that there is none."""
        folders = cases_in(self.root / "cases")
        if not folders:
            what = (
                "There is no case. Add cases/NAME/request.ttl with expected.toml; plexus new-policy writes a first one."
            )
            yield Found("cases", "cases", what, str(self.root / "cases"))
        for folder in folders:
            for x in differences(folder, self.root):
                yield Found("cases", x.case, x.what, str(x.file), x.line)

    def unanswerable(self) -> Iterator[Found]:
        """Questions that cannot be run or ask nothing; that there is none."""
        files = {p.name: p for p in sorted(self.root.glob("ontology/questions/*.rq"))}
        if not files:
            what = "There is no question. Add one in SPARQL whose first line is a comment that asks it."
            yield Found("questions", "questions", what, str(self.root / "ontology" / "questions"))
            return
        try:
            for finding in question_findings(self.root):
                if finding.where in files:
                    told = re.search(r"\bline (\d+)", finding.what)
                    line = int(told[1]) if told else 1
                    yield Found("questions", finding.where, finding.what, str(files[finding.where]), line)
        except PlexusError as error:
            yield Found("questions", "questions", str(error))


def _named_holder(node: Node, prop: NamedNode, holders: Mapping[Node, tuple[Node, NamedNode]]) -> tuple[Node, str]:
    """The named node in whose description an unnamed one stands, and with which of its properties."""
    seen = set()
    while node in holders and node not in seen:
        seen.add(node)
        node, prop = holders[node]
    return node, prop.value


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None
