"""The namespaces of plexus and the terms that the program itself refers to.

A test checks that every term named here is declared in ``ontology/``.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping

from pyoxigraph import NamedNode

BASE = "https://w3id.org/plexus/"

PREFIXES: dict[str, str] = {
    "anat": BASE + "anatomy#",
    "bibo": "http://purl.org/ontology/bibo/",
    "cito": "http://purl.org/spar/cito/",
    "clin": BASE + "clinical#",
    "cov": BASE + "coverage#",
    "dcterms": "http://purl.org/dc/terms/",
    "earl": "http://www.w3.org/ns/earl#",
    "evs": BASE + "shapes/evidence#",
    "fabio": "http://purl.org/spar/fabio/",
    "lit": BASE + "literature#",
    "oa": "http://www.w3.org/ns/oa#",
    "owl": "http://www.w3.org/2002/07/owl#",
    "prov": "http://www.w3.org/ns/prov#",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "reqs": BASE + "shapes/request#",
    "sh": "http://www.w3.org/ns/shacl#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}


class Namespace:
    """A namespace whose attributes are IRIs: ``COV.Line``.

    >>> COV.Line.value
    'https://w3id.org/plexus/coverage#Line'
    """

    def __init__(self, base: str) -> None:
        self.base = base
        self._terms: dict[str, NamedNode] = {}

    def __getattr__(self, name: str) -> NamedNode:
        if name.startswith("__"):
            raise AttributeError(name)
        return self[name]

    def __getitem__(self, name: str) -> NamedNode:
        if name not in self._terms:
            self._terms[name] = NamedNode(self.base + name)
        return self._terms[name]


ANAT = Namespace(PREFIXES["anat"])
CLIN = Namespace(PREFIXES["clin"])
COV = Namespace(PREFIXES["cov"])
DCTERMS = Namespace(PREFIXES["dcterms"])
OA = Namespace(PREFIXES["oa"])
OWL = Namespace(PREFIXES["owl"])
RDF = Namespace(PREFIXES["rdf"])
RDFS = Namespace(PREFIXES["rdfs"])
SH = Namespace(PREFIXES["sh"])
SKOS = Namespace(PREFIXES["skos"])
XSD = Namespace(PREFIXES["xsd"])


_POLICY = re.compile(re.escape(BASE) + r"(shapes/)?policy/([a-z0-9-]+)#.")


def policy_prefix(iri: str) -> tuple[str, str] | None:
    """Prefix and namespace of a policy's term or hand-written shape, by the convention for them; else None.

    >>> policy_prefix("https://w3id.org/plexus/shapes/policy/cmm-608#OneLevel")
    ('pcmm608s', 'https://w3id.org/plexus/shapes/policy/cmm-608#')
    """
    found = _POLICY.match(iri)
    if found is None:
        return None
    return "p" + found[2].replace("-", "") + ("s" if found[1] else ""), iri[: iri.index("#") + 1]


def compact(iri: str, prefixes: Mapping[str, str] | None = None) -> str:
    """An IRI as prefix:name where a prefix fits (the longest namespace), else in angle brackets.

    Without ``prefixes``, those of plexus and of its policies hold.

    >>> compact("https://w3id.org/plexus/clinical#Left"), compact("https://w3id.org/plexus/policy/0587#edition")
    ('clin:Left', 'p0587:edition')
    """
    best = ""
    own = policy_prefix(iri) if prefixes is None else None
    known = {**PREFIXES, own[0]: own[1]} if own else PREFIXES if prefixes is None else prefixes
    for prefix, base in known.items():
        local = iri[len(base) :]
        fits = iri.startswith(base) and local and all(c.isalnum() or c in "-_." for c in local)
        if fits and len(base) > len(known.get(best, "")):
            best = prefix
    return f"{best}:{iri[len(known[best]) :]}" if best else f"<{iri}>"


def nearest(iri: str, known: Iterable[str], cutoff: float = 0.5) -> str | None:
    """The term, as prefix:name, whose local name is nearest to that of an IRI which nothing declares, if any is near.

    >>> nearest(PREFIXES["cov"] + "LeafCriteron", [PREFIXES["cov"] + "LeafCriterion", PREFIXES["cov"] + "AllOf"])
    'cov:LeafCriterion'
    """
    by_name: dict[str, str] = {}
    for term in sorted(known):  # of two terms with one name, the one of the same namespace is meant
        name = local_name(term)
        if name not in by_name or term.startswith(iri.removesuffix(local_name(iri))):
            by_name[name] = term
    near = difflib.get_close_matches(local_name(iri), by_name, n=1, cutoff=cutoff)
    return compact(by_name[near[0]]) if near else None


def local_name(iri: str) -> str:
    """The part of an IRI behind its last # or /."""
    return iri.rstrip("#/").replace("#", "/").rsplit("/", 1)[-1]
