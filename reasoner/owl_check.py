"""What the ontology entails: the shipped inferences, entailments that must hold, and records classified at once.

``ontology/inferred.ttl`` is for whoever queries the ontology without a reasoner. :func:`check_owl` derives it anew
and compares; reviews do not read it.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from pyoxigraph import BlankNode, NamedNode, RdfFormat, parse

from reasoner import resources
from reasoner.errors import Fault, PolicyError
from reasoner.knowledge import INFERRED, Knowledge, parse_turtle
from reasoner.owl import TIMEOUT, Classification, classify, explain_inconsistency, owl_axioms
from reasoner.triples import RDF_TYPE, Node, Spo, Term, Triples
from reasoner.vocabulary import BASE, OWL, PREFIXES, compact

HEADER = """\
<https://w3id.org/plexus/inferred> a owl:Ontology ;
    dcterms:title "What the ontology entails"@en ;
    dcterms:description "Generated; do not edit. What an OWL 2 DL reasoner derives of the terms of the coverage, clinical and anatomy vocabularies and what is not written in them: superclasses, types and values of object properties, direct or not."@en ;
    dcterms:creator "plexus" ;
    dcterms:license <https://www.apache.org/licenses/LICENSE-2.0> ;
    owl:versionIRI <https://w3id.org/plexus/inferred/1.0.0> ;
    owl:versionInfo "1.0.0" ;
    skos:changeNote "1.0.0: first version."@en ;
    cov:assertedBy cov:AssertedByProject ;
    prov:wasDerivedFrom <https://w3id.org/plexus/alignments> , <https://w3id.org/plexus/anatomy> , <https://w3id.org/plexus/clinical> , <https://w3id.org/plexus/coverage> ;
    prov:wasGeneratedBy [ a prov:Activity ; rdfs:label "classification with HermiT through owlready2; derived anew and compared by: plexus check --owl"@en ] .
"""  # noqa: E501 - the formatter of Turtle breaks no lines

_VOCABULARIES = (PREFIXES["anat"], PREFIXES["clin"], PREFIXES["cov"])
_OTHERS = {
    "cccev": "http://data.europa.eu/m8g/",
    "obo": "http://purl.obolibrary.org/obo/",
    "probe": BASE + "probe#",
}
_SHOWN = 5


# ---- Entailments that must hold --------------------------------------------------------------------


@dataclass(frozen=True)
class Contradiction:
    """Statements, in Turtle, that cannot all be true beside the ontology, and why."""

    why: str
    says: str


PROBES = """
probe:psoas a clin:Finding ; clin:kind clin:NerveCompression ; clin:presence clin:Present ;
    clin:site anat:LumbarPlexusWithinPsoas .
probe:free a clin:Finding ; clin:kind clin:NerveCompression ; clin:presence clin:Absent ; clin:site anat:LumbarPlexus .
probe:saphenous a clin:Finding ; clin:kind clin:NerveCompression ; clin:presence clin:Present ;
    clin:site anat:SaphenousNerve .
probe:canal a clin:Finding ; clin:kind clin:CanalStenosisFinding ; clin:presence clin:Present ;
    clin:site anat:SpinalCanal .
probe:weak a clin:Sign ; clin:kind clin:MuscleWeakness ; clin:presence clin:Present ; clin:territory anat:Quadriceps .
probe:footdrop a clin:Sign ; clin:kind clin:MuscleWeakness ; clin:presence clin:Present ;
    clin:territory anat:TibialisAnterior .
probe:failed a clin:Treatment ; clin:kind clin:PhysicalTherapy ; clin:outcome clin:NoRelief .
probe:helped a clin:Treatment ; clin:kind clin:PhysicalTherapy ; clin:outcome clin:AdequateRelief .
probe:mri a clin:Study ; clin:modality clin:MRNeurography .
"""
"""A small record, in Turtle, from which entailments are checked."""

ENTAILED = """
anat:LumbarPlexusWithinPsoas anat:partOf anat:LumbosacralPlexus ;
    a anat:LumbarPlexusPart , anat:LumbarPlexusStructure .
anat:LumbarPlexus a anat:LumbarPlexusStructure .
anat:SaphenousNerve anat:arisesFrom anat:LumbarPlexus ; a anat:LumbarPlexusBranch .
anat:MedialLeg anat:suppliedFrom anat:FemoralNerve , anat:LumbarPlexus ; a anat:LumbarPlexusTerritory .
clin:LumbarPlexusCompressionFinding rdfs:subClassOf clin:NerveCompressionFinding , cov:Evidence .
clin:BranchCompressionFinding rdfs:subClassOf clin:NerveCompressionFinding .
clin:MRNeurography skos:broaderTransitive clin:Imaging .
probe:psoas clin:siteWithin anat:LumbarPlexusWithinPsoas , anat:LumbarPlexus , anat:LumbosacralPlexus ;
    a clin:LumbarPlexusCompressionFinding , cov:Evidence .
probe:free a clin:LumbarPlexusFreeFinding .
probe:saphenous a clin:BranchCompressionFinding .
probe:weak a clin:LumbarPlexusDeficit .
probe:failed a clin:FailedTreatment .
"""
"""What must follow from the ontology and the probes, in Turtle."""

NOT_ENTAILED = """
anat:FemoralNerve anat:partOf anat:LumbarPlexus ; a anat:LumbarPlexusStructure .
anat:LumbarPlexus a anat:LumbarPlexusBranch , anat:LumbarPlexusPart .
anat:LumbosacralTrunk a anat:LumbarPlexusStructure , anat:LumbarPlexusBranch .
anat:NerveRootL4 a anat:LumbarPlexusStructure , anat:LumbarPlexusBranch .
anat:SciaticNerve a anat:LumbarPlexusBranch .
anat:FootSole a anat:LumbarPlexusTerritory .
probe:psoas a clin:LumbarPlexusFreeFinding , clin:BranchCompressionFinding .
probe:free a clin:LumbarPlexusCompressionFinding , clin:NerveCompressionFinding .
probe:saphenous a clin:LumbarPlexusCompressionFinding ; clin:siteWithin anat:LumbarPlexus .
probe:canal a clin:NerveCompressionFinding , clin:LumbarPlexusCompressionFinding .
probe:footdrop a clin:LumbarPlexusDeficit .
probe:helped a clin:FailedTreatment .
probe:mri a cov:Evidence .
"""
"""What must not follow, in Turtle."""

CONTRADICTIONS = (
    Contradiction("a finding is no symptom", "probe:x a clin:Finding , clin:Symptom ."),
    Contradiction("a study is no finding", "probe:x a clin:Study ; clin:site anat:LumbarPlexus ."),
    Contradiction("nothing is present and absent", "probe:x clin:presence clin:Present , clin:Absent ."),
    Contradiction("a territory is no site", "probe:x clin:site anat:Quadriceps ."),
    Contradiction("evidence is about a condition", "probe:x cov:about anat:LumbarPlexus ."),
    Contradiction("a branch is no part", "anat:FemoralNerve anat:partOf anat:LumbarPlexus ."),
    Contradiction("a stage is no urgency", "probe:x cov:urgency cov:Initial ."),
)


def statements(turtle: str) -> tuple[Spo, ...]:
    """The triples of Turtle that uses the project's prefixes, ``probe:`` and those of this module.

    >>> len(statements("probe:x a clin:Finding , clin:Symptom ."))
    2
    """
    prefixes = "".join(f"@prefix {p}: <{iri}> .\n" for p, iri in {**PREFIXES, **_OTHERS}.items())
    return tuple((q.subject, q.predicate, q.object) for q in parse(prefixes + turtle, format=RdfFormat.TURTLE))


# ---- The shipped inferences ------------------------------------------------------------------------


def vocabulary(ontology: Iterable[Spo]) -> tuple[Spo, ...]:
    """The triples of an ontology whose subject is no part of a policy."""
    return tuple(t for t in ontology if not (isinstance(t[0], NamedNode) and t[0].value.startswith(BASE + "policy/")))


def shipped_part(inferred: Iterable[Spo]) -> frozenset[Spo]:
    """Of what was inferred, what is about terms of the coverage, clinical and anatomy vocabularies."""
    return frozenset(t for t in inferred if isinstance(t[0], NamedNode) and t[0].value.startswith(_VOCABULARIES))


def inferred_turtle(knowledge: Knowledge) -> str:
    """The text of ``ontology/inferred.ttl``, derived anew: sorted, and in the form that ``turtlefmt`` gives.

    Raises:
        OwlError: no Java, or a reasoner that failed or did not finish.
        PolicyError: the ontology contradicts itself.
    """
    classification = classify(vocabulary(knowledge.ontology))
    if not classification.consistent:
        raise PolicyError("ontology", "contradicts itself, so that nothing can be derived.", "Run plexus check --owl.")
    return _turtle(shipped_part(classification.inferred))


def _turtle(triples: Iterable[Spo]) -> str:
    grouped: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for s, p, o in sorted(triples, key=str):
        verb = "a" if p == RDF_TYPE else _name(p)
        grouped[_name(s)][verb].append(_name(o))
    blocks = [HEADER]
    for subject in sorted(grouped):
        pairs = [f"{verb} {' , '.join(sorted(objects))}" for verb, objects in sorted(grouped[subject].items())]
        blocks.append(f"{subject} " + " ;\n    ".join(pairs) + " .\n")
    body = "\n".join(blocks)
    used = {p: iri for p, iri in {**PREFIXES, **_OTHERS}.items() if f" {p}:" in body or f"\n{p}:" in body}
    return "".join(f"@prefix {p}: <{used[p]}> .\n" for p in sorted(used)) + "\n" + body


def _name(term: Term) -> str:
    iri = term.value
    other = next((p for p, base in _OTHERS.items() if iri.startswith(base)), None)
    return f"{other}:{iri.removeprefix(_OTHERS[other])}" if other else compact(iri)


# ---- The check -------------------------------------------------------------------------------------


def check_owl(knowledge: Knowledge, *, timeout: float = TIMEOUT) -> tuple[Fault, ...]:
    """The faults that OWL reasoning finds in the ontology; none where all is well.

    Ontology and policies must be consistent, every class must be able to have a member, the shipped inferences must
    be those that follow, what :data:`ENTAILED` lists must follow, what :data:`NOT_ENTAILED` lists must not, and each
    of :data:`CONTRADICTIONS` must make the ontology inconsistent.

    Raises:
        OwlError: no Java, or a reasoner that failed or did not finish in time.
        PolicyError: the shipped inferences are missing or no Turtle.
    """
    triples = (*knowledge.ontology, *statements(PROBES))
    found = classify(triples, timeout=timeout)
    if not found.consistent:
        why = "\n".join(clash_sentences(explain_inconsistency(triples, timeout=timeout)))
        return (Fault("ontology", "contradicts itself.", f"These statements clash:\n{why}"),)
    faults = [Fault(compact(iri), "can have no member.", "Mend its definition.") for iri in found.unsatisfiable]
    faults += _difference(knowledge, shipped_part(found.inferred))
    faults += entailment_faults(found.inferred | frozenset(owl_axioms(triples)))
    ontology = vocabulary(knowledge.ontology)
    for contradiction in CONTRADICTIONS:
        with_it = (*ontology, *statements(contradiction.says))
        if classify(with_it, values=False, timeout=timeout).consistent:
            faults.append(Fault(contradiction.why, f"is not enforced: {contradiction.says}", "Mend the disjointness."))
    return tuple(faults)


def entailment_faults(known: frozenset[Spo]) -> tuple[Fault, ...]:
    """What of :data:`ENTAILED` is missing from all that is known, and what of :data:`NOT_ENTAILED` is in it."""
    lost = [t for t in statements(ENTAILED) if t not in known]
    wrong = [t for t in statements(NOT_ENTAILED) if t in known]
    told = [(t, "does not follow.") for t in lost] + [(t, "must not follow.") for t in wrong]
    return tuple(Fault(_sentence(t), what, "Mend the axioms.") for t, what in told)


def _difference(knowledge: Knowledge, derived: frozenset[Spo]) -> Iterator[Fault]:
    path = resources.find(knowledge.root, "ontology", INFERRED)
    shipped = shipped_part(parse_turtle([path] if path else []))
    cure = "Write the file anew (inferred_turtle)."
    differences = {"follows and is not in it": derived - shipped, "is in it and does not follow": shipped - derived}
    for what, triples in differences.items():
        if triples:
            names = sorted(_sentence(t) for t in triples)
            more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
            yield Fault(INFERRED, f"{what}: {'; '.join(names[:_SHOWN])}{more}.", cure)


def _sentence(triple: Spo) -> str:
    s, p, o = triple
    return f"{_name(s)} {'a' if p == RDF_TYPE else _name(p)} {_name(o)}"


# ---- Many records at once --------------------------------------------------------------------------


def classify_requests(
    ontology: Iterable[Spo], requests: Mapping[str, Iterable[Spo]], *, timeout: float = TIMEOUT
) -> dict[str, Classification]:
    """Classify the nodes of many records in one run: inferred types, by record, under the nodes' own names.

    Each record's nodes are renamed for the run, so that records neither meet nor say anything about the ontology's
    terms. A record that contradicts the ontology is found by halving; it alone is reported as inconsistent.

    Args:
        ontology: the vocabulary; policies are not needed.
        requests: triples of each record, by a name of the caller's choice.
        timeout: seconds for each run.

    Raises:
        OwlError: no Java, or a reasoner that failed or did not finish in time.
    """
    terms = tuple(ontology)
    renamed = {name: _renamed(f"urn:plexus:record:{i}:", triples) for i, (name, triples) in enumerate(requests.items())}
    return _classified(terms, renamed, timeout)


@dataclass(frozen=True)
class Told:
    """What a reasoner makes of one record beside the ontology, in sentences."""

    agrees: bool
    lines: tuple[str, ...]


def told_of(knowledge: Knowledge, records: Mapping[str, Iterable[Spo]], *, timeout: float = TIMEOUT) -> Iterator[Told]:
    """What follows from each record beside the ontology: defined classes of its nodes, or why it clashes.

    Raises:
        OwlError: no Java, or a reasoner that failed or did not finish in time.
    """
    data = {name: tuple(triples) for name, triples in records.items()}
    terms = vocabulary(knowledge.ontology)
    defined = {s for s, p, _ in terms if p == OWL.equivalentClass}
    for name, found in classify_requests(terms, data, timeout=timeout).items():
        if not found.consistent:
            why = clash_sentences(explain_inconsistency((*terms, *data[name]), timeout=timeout))
            yield Told(False, (f"{name} contradicts the ontology. These statements clash:", *why))
            continue
        own = {s for s, _, _ in data[name]}
        types = [(s.value, knowledge.label(str(o.value))) for s, _, o in found.inferred if s in own and o in defined]
        follows = " It follows:" if types else " None of its nodes belongs to a defined class."
        lines = (f"  {compact(s)} is a {label}" for s, label in sorted(types))
        yield Told(True, (f"{name} agrees with the ontology.{follows}", *lines))


_CLASH_VERBS = {
    "type": "{0} is a {1}.",
    "subClassOf": "Every {0} is a {1}.",
    "equivalentTo": "{0} means the same as: {1}.",
    "differentFrom": "{0} and {1} are different things.",
    "disjointWith": "Nothing is both a {0} and a {1}.",
    "subPropertyOf": "Whatever has something as {0} has it as {1} too.",
    "inverseOf": "{0} is {1} the other way round.",
    "domain": "Whatever has a value of {0} is a {1}.",
    "range": "Every value of {0} is a {1}.",
}


def clash_sentences(explanation: str) -> tuple[str, ...]:
    r"""Statements that clash, as :func:`explain_inconsistency` lists them, as sentences.

    >>> clash_sentences("1)   Functional presence\n     Absent differentFrom Present")
    ('  Nothing has more than one value of presence.', '  Absent and Present are different things.')
    """
    statements: list[str] = []
    for line in explanation.splitlines():
        numbered = re.match(r"\d+\) +", line)
        if statements and line.startswith(" " * 6):
            statements[-1] += f" {line.strip()}"
        elif numbered and numbered[0][0] != "1":
            statements += ["Or else:", line[numbered.end() :]]
        else:
            statements.append(line[numbered.end() :] if numbered else line.strip())
    named = {word for text in statements if "(" not in text for word in text.split()}
    return tuple(f"  {_clash_sentence(text, named)}" for text in statements)


def _clash_sentence(text: str, named: set[str]) -> str:
    """One statement as a sentence, where its form is known; of disjoint classes those that other statements name."""
    disjoint = re.fullmatch(r"DisjointClasses\((.*)\)", text)
    if disjoint:
        classes = disjoint[1].split()
        shown = [c for c in classes if c in named]
        shown = shown if len(shown) > 1 else classes
        others = len(classes) - len(shown)
        more = f" (nor of {others} other class{'es' if others > 1 else ''})" if others else ""
        return f"Nothing is more than one of these: {', '.join(shown)}{more}."
    subject, verb, rest = (*text.split(" ", 2), "", "")[:3]
    if subject == "Functional" and not rest:
        return f"Nothing has more than one value of {verb}."
    if verb in _CLASH_VERBS and rest:
        return _CLASH_VERBS[verb].format(subject, rest)
    plain = rest and " " not in rest and not re.search(r"[()]", text)
    return f"The {verb} of {subject} is {rest}." if plain else text


_Renamed = tuple[tuple[Spo, ...], dict[Node, Node]]


def _renamed(prefix: str, triples: Iterable[Spo]) -> _Renamed:
    graph = Triples(triples)
    nodes: dict[Node, Node] = {}
    for s, _, o in graph:
        for node in (s, o) if isinstance(o, BlankNode) else (s,):
            nodes.setdefault(node, NamedNode(f"{prefix}{len(nodes)}"))

    def new(term: Term) -> Term:
        return term if not isinstance(term, NamedNode | BlankNode) else nodes.get(term, term)

    return tuple((nodes[s], p, new(o)) for s, p, o in graph), {v: k for k, v in nodes.items()}


def _classified(terms: tuple[Spo, ...], records: dict[str, _Renamed], timeout: float) -> dict[str, Classification]:
    if not records:
        return {}
    data = [t for triples, _ in records.values() for t in triples if not t[1].value.startswith(OWL.base)]
    found = classify([*terms, *data], values=False, timeout=timeout)
    if found.consistent:
        by_node: dict[Term, list[Spo]] = defaultdict(list)
        for triple in found.inferred:
            by_node[triple[0]].append(triple)
        return {name: _named_back(found, names, by_node) for name, (_, names) in records.items()}
    if len(records) == 1:
        return {name: Classification(consistent=False) for name in records}
    names = list(records)
    halves = names[: len(names) // 2], names[len(names) // 2 :]
    return {k: c for half in halves for k, c in _classified(terms, {n: records[n] for n in half}, timeout).items()}


def _named_back(found: Classification, names: dict[Node, Node], by_node: dict[Term, list[Spo]]) -> Classification:
    types = frozenset((old, p, o) for new, old in names.items() for _, p, o in by_node[new] if p == RDF_TYPE)
    return Classification(True, found.unsatisfiable, types)
