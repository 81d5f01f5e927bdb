"""The knowledge that plexus ships, loaded once: ontology triples, policies, shapes and their digests."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from pathlib import Path

from pyoxigraph import BlankNode, CanonicalizationAlgorithm, Dataset, NamedNode, Quad, RdfFormat, Triple, parse

from reasoner import resources
from reasoner.errors import PolicyError
from reasoner.policy import Policy
from reasoner.policy_reading import policies_from
from reasoner.triples import Spo, Triples
from reasoner.vocabulary import ANAT, CLIN, COV, RDFS, SKOS, local_name

# What the evidence shapes need of the ontology: how concepts and structures are arranged, nothing else.
ARRANGEMENT = (
    SKOS.broader,
    ANAT.partOf,
    ANAT.branchOf,
    ANAT.contributesTo,
    ANAT.connects,
    ANAT.suppliedBy,
    CLIN.acceptsSide,
)


INFERRED = "inferred.ttl"
"""What an OWL reasoner derives from the ontology; a review does not read it."""


def parse_turtle(files: Iterable[Path]) -> list[Spo]:
    """The triples of Turtle files, blank nodes kept apart by file.

    Raises:
        PolicyError: a file is missing or is not Turtle.
    """
    out: list[Spo] = []
    for path in files:
        try:
            quads = list(parse(path=path, format=RdfFormat.TURTLE, rename_blank_nodes=True))
        except (OSError, SyntaxError) as error:
            raise PolicyError(str(path), f"cannot be read as Turtle: {error}.", "Mend the file.") from error
        out.extend((q.subject, q.predicate, q.object) for q in quads)
    return out


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
    """Ontology, policies and shapes of one folder."""

    root: Path
    ontology: Triples
    policies: tuple[Policy, ...]

    @cached_property
    def arrangement(self) -> tuple[Spo, ...]:
        """The ontology triples that evidence shapes follow."""
        return tuple(t for t in self.ontology if t[1] in ARRANGEMENT)

    @cache  # noqa: B019 - one Knowledge lives as long as the process
    def shapes(self, *parts: str) -> tuple[Spo, ...]:
        """The triples of a file below ``shapes/``."""
        return tuple(parse_turtle([self.root.joinpath("shapes", *parts)]))

    def label(self, iri: str) -> str:
        """The English label of a term, or its local name."""
        return self.ontology.text(NamedNode(iri), RDFS.label) or local_name(iri)

    def plain(self, iri: str) -> str:
        """The lay name of a term, without abbreviations or codes."""
        return self.ontology.text(NamedNode(iri), COV.plainLabel) or self.label(iri)


@cache
def load(root: Path | None = None) -> Knowledge:
    """The knowledge in a folder that holds ``ontology/`` and ``shapes/`` (default: what plexus ships).

    Raises:
        PolicyError: a file that cannot be read, or a policy that is not well made.
    """
    base = root or resources.data_dir()
    own = sorted(p for p in (base / "ontology").glob("*.ttl") if p.name != INFERRED)
    files = (*own, *sorted((base / "ontology" / "policies").glob("*.ttl")))
    ontology = Triples(parse_turtle(files))
    return Knowledge(base, ontology, policies_from(ontology))


def load_policies() -> tuple[Policy, ...]:
    """The adjudicable policies that plexus ships."""
    return load().policies


@lru_cache(maxsize=4)
def knowledge_digests(knowledge: Knowledge) -> tuple[str, str, str]:
    """The digests of ontology, shapes and logic program, on which a review depends."""
    files = ["request.ttl", "evidence.ttl"]
    shapes: list[Spo] = [t for f in files for t in knowledge.shapes(f)]
    for policy in knowledge.policies:
        for name in (f"{policy.number}.ttl", f"{policy.number}.probes.ttl"):
            shapes += knowledge.shapes("policies", name)
    program = hashlib.sha256(resources.program_file().read_bytes()).hexdigest()
    return digest(knowledge.ontology), digest(shapes), program
