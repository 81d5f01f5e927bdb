"""The namespaces of plexus and the terms that the program itself refers to.

A test checks that every term named here is declared in ``ontology/``.
"""

from __future__ import annotations

from collections.abc import Mapping

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
    "p0587": BASE + "policy/0587#",
    "p0587s": BASE + "shapes/policy/0587#",
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


def compact(iri: str, prefixes: Mapping[str, str] | None = None) -> str:
    """An IRI as prefix:name where a prefix fits (the longest namespace), else in angle brackets.

    >>> compact("https://w3id.org/plexus/clinical#Left")
    'clin:Left'
    """
    best = ""
    known = PREFIXES if prefixes is None else prefixes
    for prefix, base in known.items():
        local = iri[len(base) :]
        fits = iri.startswith(base) and local and all(c.isalnum() or c in "-_." for c in local)
        if fits and len(base) > len(known.get(best, "")):
            best = prefix
    return f"{best}:{iri[len(known[best]) :]}" if best else f"<{iri}>"


def local_name(iri: str) -> str:
    """The part of an IRI behind its last # or /."""
    return iri.rstrip("#/").replace("#", "/").rsplit("/", 1)[-1]
