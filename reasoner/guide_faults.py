"""What is lacking in the files of a library's own layer: every fault, with its place and an example."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

from pyoxigraph import BlankNode, NamedNode, RdfFormat, parse

from reasoner import knowledge, library, resources
from reasoner.check import question_findings
from reasoner.engine_pyshacl import PyshaclEngine
from reasoner.errors import PlexusError, PolicyError
from reasoner.expected import cases_in, differences
from reasoner.guide_steps import MEANT, Found, block_of, example_of, step_of
from reasoner.knowledge import TO_WRITE
from reasoner.lint import faults as word_faults
from reasoner.locating import Location, locate, read
from reasoner.policy_faults import policy_faults
from reasoner.shapes_default import generated
from reasoner.triples import RDF_TYPE, Node, Spo, Triples
from reasoner.vocabulary import BASE, COV, DCTERMS, OWL, RDFS, SH, SKOS, compact, nearest

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
    "place-speaker": "places",
    "Statement": "places",
    "ambiguity-readings": "readings",
}


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
            what = f"cannot be read as Turtle: {error}. Mend the line."
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
                what = f"declares {len(headers) or 'no'} ontologies. Declare one owl:Ontology in each file."
                example = block_of(self.number, OWL.Ontology, f"<{BASE}policy/{self.number.lower()}>")
                yield Found("files", path.name, what, str(path), 1, example if not headers else "")
        if not self.broken and not self.policies:
            if any(p.parent.name == "policies" for p in self.ontology):
                path = next(p for p in self.ontology if p.parent.name == "policies")
                last = path.read_text(encoding="utf-8").count("\n") + 1
                prefix = compact(f"{BASE}policy/{self.number.lower()}#policy")
                example = block_of(self.number, COV.Policy, prefix)
                yield Found("policy", path.name, "describes no policy. Add a cov:Policy.", str(path), last, example)
            else:
                what = "holds no policy. Begin with plexus new-policy."
                yield Found("policy", str(self.root), what, example=f"plexus new-policy 0900 -o {self.root}")

    def written(self) -> list[Found]:
        """What is lacking in the files that can be read, each fault once."""
        out: dict[tuple[str, str], Found] = {}
        absent = {term for _, _, term in self._undeclared()}
        for node, prop, found in (
            *self._placeholders(),
            *self._undeclared_found(),
            *self._without(),
            *self._policy_faults(),
            *self._shape_results(),
            *self._words(),
        ):
            if node not in absent:
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

    def _undeclared(self) -> Iterator[tuple[NamedNode, str, str]]:
        """Terms of plexus that are used and declared nowhere: by whom, with which property, and the term."""
        declared = self._declared
        holders: dict[Node, tuple[NamedNode, str]] = {}
        for s, p, o in self.triples:
            if isinstance(s, NamedNode) and isinstance(o, BlankNode):
                holders[o] = (s, p.value)
            elif isinstance(o, BlankNode) and s in holders:
                holders[o] = holders[s]
        seen = set()
        for s, p, o in self.triples:
            node, prop = (s, p.value) if isinstance(s, NamedNode) else holders.get(s, (None, ""))
            for term in (p, o):
                ours = isinstance(term, NamedNode) and term.value.startswith(BASE) and p != OWL.versionIRI
                if node is None or not ours or term.value in declared or (node.value, term.value) in seen:
                    continue
                seen.add((node.value, term.value))
                yield node, prop, term.value

    @cached_property
    def _declared(self) -> set[str]:
        return {s.value for s, p, _ in self.whole if p == RDF_TYPE and isinstance(s, NamedNode)}

    def _undeclared_found(self) -> Iterator[tuple[str, str, Found]]:
        for node, prop, term in self._undeclared():
            near = nearest(term, self._declared)
            cure = f"Did you mean {near}? Otherwise declare it." if near else "Declare it, or correct the name."
            cls = next((c for p, c in MEANT.items() if p.value == prop), None)
            kind = " is a shape that no shapes file has." if cls == SH.PropertyShape else " is declared nowhere."
            example = block_of(self.number, cls, compact(term)) if cls is not None else ""
            what = f"{compact(prop) if prop != term else 'it'} names {compact(term)}, which{kind} {cure}"
            if prop == term:
                what = f"{compact(term)} is no property that plexus has. {cure}"
            yield node.value, f"{prop} {term}", self.make(node.value, prop, what, example)

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
        names = {compact(s.value): s.value for s in self.triples.subjects_named()}
        for fault in policy_faults(self.whole):
            error = fault.error
            node = names.get(error.node, error.node)
            place = fault.owner if error.prop == COV.choice.value else node
            example = example_of(self.number, error.prop, self.types(node)) if error.prop else ""
            found = self.make(place, error.prop, f"{error.what} {error.cure}".strip(), example)
            step = step_of(self.types(node), error.prop)
            yield node, error.prop, Found(step, error.node, found.what, found.file, found.line, example)

    def _shape_results(self) -> Iterator[tuple[str, str, Found]]:
        """What shapes/ontology.ttl says of the nodes of this layer."""
        path = resources.find(self.root, "shapes", "ontology.ttl")
        shapes = knowledge.parse_turtle([path] if path else [])
        own = {s.value for s in self.triples.subjects_named()}
        for result in PyshaclEngine().evaluate(self._around(), tuple(shapes)):
            if result.focus in own and result.severity == "Violation":
                prop = result.path if result.path and ":" in result.path else ""
                step = _OF_SHAPE.get(result.shape.partition("#")[2], "")
                example = example_of(self.number, prop, self.types(result.focus)) if prop else ""
                yield result.focus, prop, self.make(result.focus, prop, result.message, example, step)

    def _around(self) -> list[Spo]:
        """This layer, and what the layer below says of the terms that it uses: enough for every shape."""
        out = list(self.triples)
        used = {t for s, p, o in self.triples for t in (p, o) if isinstance(t, NamedNode)}
        for term in used:
            out += [(term, prop, value) for prop in _DESCRIBING for value in self.base.objects(term, prop)]
        for node in self.triples.subjects_named():  # a node of the layer below about which this one says more
            out += library.described(self.base, node)
        return out

    def _words(self) -> Iterator[tuple[str, str, Found]]:
        """Words that other vocabularies do not have, and shapes without a name."""
        names = {compact(s.value): s.value for s in self.triples.subjects_named()}
        for where, what in word_faults({"below": self.base, "own": self.triples}):
            node = names.get(where, where)
            if where in names or not where.startswith(("<", "p", "c")):
                yield node, "", self.make(node, "", what)

    # -- once everything is written

    def stale(self) -> Iterator[Found]:
        """Generated shapes that are missing or are not what the tree gives."""
        try:
            known = knowledge.load(self.root)
            for path, text in generated(known).items():
                target = known.home(path)
                if target.is_relative_to(self.root) and _text(target) != text:
                    state = "is not what the criteria tree gives" if target.exists() else "does not exist yet"
                    what = f"{state}. It is written by plexus shapes --library {self.root}"
                    yield Found("generated", path.as_posix(), what, str(target), example="")
        except PolicyError as error:
            yield Found("generated", error.node, f"{error.what} {error.cure}".strip(), error.file)

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
                    yield Found("questions", finding.where, finding.what, str(files[finding.where]), 1)
        except PlexusError as error:
            yield Found("questions", "questions", str(error))


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None
