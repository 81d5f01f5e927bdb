"""Whether the knowledge graph is well made: what ``plexus check`` finds, each finding with its cure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pyoxigraph import NamedNode

from reasoner import resources
from reasoner.anchors import SourceCheck, anchors_of, compare
from reasoner.dataset import Graphs, knowledge_graphs, merged
from reasoner.engine_pyshacl import PyshaclEngine
from reasoner.errors import PolicyError, QueryError
from reasoner.knowledge import load
from reasoner.library import open_library
from reasoner.lint import faults, undeclared
from reasoner.model import ShapeResult
from reasoner.policy_rules import amended, criteria_of, shown
from reasoner.query import Question, find
from reasoner.query import faults as query_faults
from reasoner.shapes_default import generated
from reasoner.sparql import iris
from reasoner.triples import Node, Triples
from reasoner.vocabulary import COV, DCTERMS, compact

GENERATED = "/generated/"


@dataclass(frozen=True)
class Finding:
    """One fault of the knowledge graph: which check found it, where it is, what is wrong and what to do."""

    check: str
    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


def check(root: Path | None = None) -> tuple[Finding, ...]:
    """Every finding of the checks that need nothing but the folder.

    Raises:
        PolicyError: a file cannot be read at all, or the review knowledge is not well made.
    """
    graphs = knowledge_graphs(root)
    return (
        *ontology_findings(graphs, root),
        *term_findings(graphs),
        *place_findings(merged(graphs)),
        *question_findings(root),
        *generated_findings(root),
    )


def ontology_findings(graphs: Graphs, root: Path | None) -> tuple[Finding, ...]:
    """What shapes/ontology.ttl says of the ontology and of the hand-written shapes."""
    shapes = next((g for name, g in graphs.items() if name.endswith("/shapes/ontology")), None)
    if shapes is None:
        raise PolicyError("shapes/ontology.ttl", "does not exist.", "Restore it.")
    data = [t for name, triples in graphs.items() if GENERATED not in name for t in triples]
    results = PyshaclEngine().evaluate(data, shapes)  # these shapes have SPARQL-based constraints
    found = {Finding("ontology", compact(_culprit(r)), r.message) for r in results}
    return tuple(sorted(found, key=lambda f: (f.where, f.what)))


def _culprit(result: ShapeResult) -> str:
    """What a finding is about: the undeclared term, or the node that was checked."""
    undeclared = result.shape.endswith("#UsedTerms") and result.value
    return result.value if undeclared and result.value else result.focus


def term_findings(graphs: Graphs) -> tuple[Finding, ...]:
    """Terms that another vocabulary does not have, and shapes without a name."""
    return tuple(sorted({Finding("terms", *fault) for fault in faults(graphs)}, key=lambda f: (f.where, f.what)))


def place_findings(graph: Triples) -> tuple[Finding, ...]:
    """What an edition says without a place in its own document, or in that of an edition that it amends.

    Editions share criteria, with a place each; a query in SPARQL for it takes minutes on the shapes' engine.
    """
    return tuple(sorted(_place_findings(graph), key=lambda f: (f.where, f.what)))


def _place_findings(graph: Triples) -> Iterator[Finding]:
    for edition in graph.instances(COV.Edition):
        valid = amended(graph, edition)
        for node, is_criterion in _said(graph, edition).items():
            anchors = graph.nodes(node, COV.anchor)
            parts = [(a, e) for a in anchors for s in graph.nodes(a, COV.inSection) for e in _of(graph, s)]
            own = {a for a, e in parts if e == edition}
            if anchors and not any(e in valid for _, e in parts):
                what = (
                    f"has no place in the document of {shown(edition)}, nor in that of an edition that it amends. "
                    "Give it one more cov:anchor there, or say with cov:amends which text stays in force."
                )
                yield Finding("places", shown(node), what)
            elif is_criterion and len(own) > 1:
                what = f"has {len(own)} places in the document of {shown(edition)}. Keep one cov:anchor there."
                yield Finding("places", shown(node), what)


def _of(graph: Triples, section: Node) -> list[Node]:
    return graph.nodes(section, DCTERMS.isPartOf)


def _said(graph: Triples, edition: Node) -> dict[Node, bool]:
    """What an edition says at a place: statements, ambiguities, scope, and criteria (true)."""
    statements = graph.nodes(edition, COV.statement)
    others = (*statements, *graph.nodes(edition, COV.ambiguity), *graph.nodes(edition, COV.scopeCondition))
    return dict.fromkeys(others, False) | dict.fromkeys(criteria_of(graph, edition), True)


def question_findings(root: Path | None = None) -> tuple[Finding, ...]:
    """Competency questions without a question in words, that are no SPARQL, or that name what does not exist."""
    return tuple(_question_findings(resources.files(root, "ontology/questions", "*.rq"), root))


def _question_findings(files: Iterable[Path], root: Path | None) -> Iterator[Finding]:
    readable: dict[str, Question] = {}
    for path in files:
        try:
            readable[path.name] = find(str(path))
        except QueryError as error:
            yield Finding("questions", path.name, f"cannot be read: {error.__cause__}. Save it as UTF-8.")
    for name, asked in readable.items():
        if not re.search(r"\?(\s*\([^()]*\))?$", asked.text):
            yield Finding("questions", name, "asks nothing in words. Begin with a comment line that is the question.")
    broken = query_faults({n: q.query for n, q in readable.items()}, root)
    for name, fault in broken.items():
        yield Finding("questions", name, f"cannot be run: {fault} Correct it.")
    prefixes = open_library(root).prefixes
    named = {n: (*_values(q, prefixes), *iris(q.query, prefixes)) for n, q in readable.items() if n not in broken}
    for name, fault in undeclared(named, knowledge_graphs(root)):  # else it would find nothing and nobody would know
        yield Finding("questions", name, fault)


def _values(asked: Question, prefixes: Mapping[str, str]) -> tuple[str, ...]:
    """The IRIs among the default values of a question's parameters."""
    return iris(" ".join(asked.parameters.values()), prefixes)


def generated_findings(root: Path | None = None) -> tuple[Finding, ...]:
    """Generated shapes that are not what the criteria tree gives."""
    out = []
    knowledge = load(root)
    for path, text in generated(knowledge).items():
        target = knowledge.home(path, text)
        if not target.exists() or target.read_text(encoding="utf-8") != text:
            out.append(Finding("generated shapes", str(path), "is not up to date. Run plexus shapes."))
    return tuple(out)


def editions(graph: Triples) -> dict[str, NamedNode]:
    """The editions that have sections, by policy number and by number with date (``0587/2025-12-01``)."""
    out: dict[str, NamedNode] = {}
    for policy in graph.instances(COV.Policy):
        number = graph.text(policy, COV.number) or ""
        dated = sorted(
            (graph.text(e, COV.effectiveFrom) or "", e)
            for e in graph.nodes(policy, COV.edition)
            if isinstance(e, NamedNode)
        )
        for day, edition in dated:
            out[f"{number}/{day}"] = edition
            out[number] = edition  # the latest one
    return out


def check_source(root: Path | None, text: str, wanted: str | None = None) -> SourceCheck:
    """Hold a copy of a policy document against the anchors of an edition.

    Args:
        root: the library (None: what plexus ships).
        text: the copy.
        wanted: the number of the policy, or number/date of one edition; None is the latest edition of the policy
            of which the text looks most like a copy.

    Raises:
        PolicyError: there is no such edition, or it has no anchors.
    """
    graph = merged(knowledge_graphs(root))
    known = editions(graph)
    if wanted is None:
        return likeliest(graph, text)
    if wanted not in known:
        raise PolicyError(wanted, "is no policy or edition.", f"Known: {', '.join(sorted(known))}.")
    return compare(graph, known[wanted], text)


def likeliest(graph: Triples, text: str) -> SourceCheck:
    """A text held against the latest edition of each policy that has places; the one of which most are found.

    Raises:
        PolicyError: no policy has places, or an anchor is not well made.
    """
    latest = [edition for number, edition in editions(graph).items() if "/" not in number]
    found = [compare(graph, edition, text) for edition in latest if anchors_of(graph, edition)]
    if not found:
        raise PolicyError("cov:Anchor", "is on no policy.", "Add places to an edition; see plexus anchor.")
    return max(found, key=lambda one: one.share)


def words_at(text: str, start: int, end: int, limit: int = 90) -> str:
    """What stands in a normalised text at a range, shortened for one line."""
    words = re.sub(r"\s+", " ", text[start:end]).strip()
    return words if len(words) <= limit else words[: limit - 1].rstrip() + "…"
