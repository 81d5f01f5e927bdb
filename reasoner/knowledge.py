"""The knowledge that plexus ships, loaded once: ontology triples, policies, shapes and their digests."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from pathlib import Path

from pyoxigraph import BlankNode, CanonicalizationAlgorithm, Dataset, Literal, NamedNode, Quad, RdfFormat, Triple, parse

from reasoner import resources
from reasoner.errors import PolicyError
from reasoner.policy import Policy
from reasoner.policy_reading import policies_from
from reasoner.triples import RDF_TYPE, Node, Spo, Triples
from reasoner.vocabulary import ANAT, CLIN, COV, RDFS, SKOS, compact, local_name

# What the evidence shapes need of the ontology: how concepts and structures are arranged, nothing else.
ARRANGEMENT = (
    SKOS.broader,
    ANAT.partOf,
    ANAT.branchOf,
    ANAT.contributesTo,
    ANAT.connects,
    ANAT.suppliedBy,
    ANAT.atLevel,
    ANAT.nextTo,
    CLIN.acceptsSide,
)


INFERRED = "inferred.ttl"
"""What an OWL reasoner derives from the ontology; a review does not read it."""


TO_WRITE = "…"
"""How a literal begins that an author has still to write. Nothing is reviewed with a file that has one."""


def parse_turtle(files: Iterable[Path]) -> list[Spo]:
    """The triples of Turtle files, blank nodes kept apart by file.

    Raises:
        PolicyError: a file is missing, is not Turtle, or has a text that is still to be written.
    """
    out: list[Spo] = []
    for path in files:
        try:
            quads = list(parse(path=path, format=RdfFormat.TURTLE, rename_blank_nodes=True))
        except (OSError, SyntaxError) as error:
            raise PolicyError(str(path), f"cannot be read as Turtle: {error}.", "Mend the file.") from error
        for s, p, o in ((q.subject, q.predicate, q.object) for q in quads):
            if isinstance(o, Literal) and o.value.startswith(TO_WRITE):
                raise _unwritten(s, p, path)
            out.append((s, p, o))
    return out


def _unwritten(node: Node, prop: NamedNode, path: Path) -> PolicyError:
    what = f"{compact(prop.value)} is still to be written."
    cure = f"Put your own words in the place of “{TO_WRITE}”; plexus check --library names the lines."
    return PolicyError(compact(node.value), what, cure, str(path), prop.value)


def digest(triples: Iterable[Spo]) -> str:
    """SHA-256 of the canonical form (RDFC-1.0) of a graph, in hex.

    Canonical names depend only on the triples that have blank nodes, so only these go through the algorithm.
    """
    plain: list[Spo] = []
    nameless: list[Spo] = []
    for triple in triples:
        has_blank = isinstance(triple[0], BlankNode) or isinstance(triple[2], BlankNode)
        (nameless if has_blank else plain).append(triple)
    dataset = Dataset(Quad(s, p, o) for s, p, o in nameless)
    dataset.canonicalize(CanonicalizationAlgorithm.RDFC_1_0)
    lines = sorted(
        {f"{Triple(*t)} ." for t in plain} | {f"{Triple(q.subject, q.predicate, q.object)} ." for q in dataset}
    )
    return hashlib.sha256("\n".join([*lines, ""]).encode()).hexdigest()


@dataclass(frozen=True, eq=False)
class Knowledge:
    """Ontology, policies and shapes of a library.

    ``root`` is the folder that it was opened with; None is what plexus ships.
    """

    root: Path | None
    ontology: Triples
    policies: tuple[Policy, ...]

    @cached_property
    def arrangement(self) -> tuple[Spo, ...]:
        """The ontology triples that evidence shapes follow."""
        return tuple(t for t in self.ontology if t[1] in ARRANGEMENT)

    @cache  # noqa: B019 - one Knowledge lives as long as the process
    def shapes(self, *parts: str) -> tuple[Spo, ...]:
        """The triples of a file below ``shapes/``.

        Raises:
            PolicyError: the file is missing or is not Turtle.
        """
        path = resources.find(self.root, "shapes", *parts)
        if path is None:
            raise PolicyError("/".join(("shapes", *parts)), "does not exist.", "Write it with plexus shapes.")
        return tuple(parse_turtle([path]))

    @cache  # noqa: B019 - one Knowledge lives as long as the process
    def facet_shapes(self, policy: Policy) -> tuple[Spo, ...]:
        """The hand-written shapes that the evidence of an edition is held against."""
        own = [name for name in policy.shape_files if resources.find(self.root, "shapes", "policies", name)]
        return (*self.shapes("evidence.ttl"), *(t for name in own for t in self.shapes("policies", name)))

    @cache  # noqa: B019 - one Knowledge lives as long as the process
    def policy_shapes(self, policy: Policy) -> tuple[Spo, ...]:
        """All shapes that a review under an edition evaluates."""
        return (*self.facet_shapes(policy), *self.shapes("policies", policy.probes_file))

    def home(self, path: Path, text: str | None = None) -> Path:
        """Where a generated file of a policy belongs: beside that policy's file, in the layer that has it.

        Args:
            path: the path below a layer.
            text: what the file should hold. Where the layer's own file holds something else, because a layer above it
                says more of the policy, the file belongs into the upmost layer and stands in for it.
        """
        policy = path.name.split(".")[0]
        layers = resources.layers(self.root)
        for layer in reversed(layers):
            stems = [p.name.split(".")[0] for p in layer.joinpath("ontology", "policies").glob("*.ttl")]
            if policy in stems:
                own = layer / path
                return own if text is None or layer == layers[-1] or _holds(own, text) else layers[-1] / path
        return layers[-1] / path

    def label(self, iri: str) -> str:
        """The English label of a term, or its local name."""
        return self.ontology.text(NamedNode(iri), RDFS.label) or local_name(iri)

    def plain(self, iri: str) -> str:
        """The lay name of a term, without abbreviations or codes."""
        return self.ontology.text(NamedNode(iri), COV.plainLabel) or self.label(iri)


@cache
def load(root: Path | None = None) -> Knowledge:
    """The knowledge of a library (default: what plexus ships), see :func:`reasoner.resources.layers`.

    Raises:
        PolicyError: a file that cannot be read, or a policy that is not well made; it names the file.
    """
    own = [p for p in resources.files(root, "ontology", "*.ttl") if p.name != INFERRED]
    by_file = {p: parse_turtle([p]) for p in (*own, *resources.files(root, "ontology/policies", "*.ttl"))}
    ontology = Triples(t for triples in by_file.values() for t in triples)
    try:
        policies = policies_from(ontology)
    except PolicyError as error:
        raise error.located(_file_of(error.node, by_file)) from error
    return Knowledge(root, ontology, policies)


def _holds(file: Path, text: str) -> bool:
    return file.is_file() and file.read_text(encoding="utf-8") == text


def _file_of(node: str, by_file: Mapping[Path, list[Spo]]) -> Path | None:
    """The file that says what a node is; None where no file does, or the node is unnamed."""
    for path, triples in by_file.items():
        if any(
            isinstance(s, NamedNode) and node in (s.value, compact(s.value)) and p == RDF_TYPE for s, p, _ in triples
        ):
            return path
    return None


def load_policies() -> tuple[Policy, ...]:
    """The adjudicable policies that plexus ships."""
    return load().policies


@lru_cache(maxsize=4)
def knowledge_digests(knowledge: Knowledge) -> tuple[str, str, str]:
    """The digests of ontology, shapes and logic program, on which a review depends."""
    files = ["request.ttl", "evidence.ttl"]
    shapes: list[Spo] = [t for f in files for t in knowledge.shapes(f)]
    names = (n for policy in knowledge.policies for n in (*policy.shape_files, policy.probes_file))
    for name in dict.fromkeys(names):
        if name.endswith(".probes.ttl") or resources.find(knowledge.root, "shapes", "policies", name):
            shapes += knowledge.shapes("policies", name)
    program = hashlib.sha256(resources.program_file().read_bytes()).hexdigest()
    return digest(knowledge.ontology), digest(shapes), program
