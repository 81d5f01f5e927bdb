"""Pages of ontology files and shapes files: every term with its definition, links and anchor."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from pathlib import PurePosixPath

from pyoxigraph import NamedNode

from reasoner.card import value_of
from reasoner.library import SourceFile
from reasoner.render.docs.document import document
from reasoner.render.docs.page import Html, a, article, code, dl, e, heading, several, table, ul
from reasoner.render.docs.site import SSSOM, Site, stem_of
from reasoner.triples import RDF_TYPE, Term
from reasoner.vocabulary import COV, DCTERMS, OWL, SH, SKOS

TARGETS = (SH.targetClass, SH.targetNode, SH.targetSubjectsOf, SH.targetObjectsOf)


def intro(site: Site, file: SourceFile) -> Html:
    """What a file says of itself, and where its Turtle is."""
    stem = stem_of(file.path)
    graph, header = file.triples, file.header
    text = (graph.text(header, DCTERMS.description) or "") if header else ""
    turtle = f"{a(stem + '.ttl', PurePosixPath(file.path).name)} ({code(file.path)})"
    if header is None:
        return dl([("Turtle", turtle)])
    asserter = graph.one(header, COV.assertedBy)
    facts = [
        ("IRI", code(header.value)),
        ("version", e(graph.text(header, OWL.versionInfo) or "")),
        ("rights", e(graph.text(header, DCTERMS.rights) or "")),
        ("license", code(licence.value) if (licence := graph.node(header, DCTERMS.license)) else ""),
        ("source", e(_plain(site, asserter)) if asserter else ""),
        ("imports", ", ".join(site.link(o.value) for o in graph.nodes(header, OWL.imports))),
        ("Turtle", turtle),
    ]
    return (f'<p class="lede">{e(text)}</p>\n' if text else "") + dl(facts)


def _plain(site: Site, term: Term) -> str:
    return site.library.graph.text(term, COV.plainLabel) or site.library.label(term)


def term_page(site: Site, file: SourceFile) -> Html:
    """The body of the page of an ontology file."""
    iris = [n.value for n in file.subjects]
    terms = [i for i in iris if not is_mapping(site, i)] or iris
    return intro(site, file) + document(site, file) + index(site, file, terms) + sections(site, file, iris)


def index(site: Site, file: SourceFile, iris: Iterable[str]) -> Html:
    """The terms in the order of the alphabet, with their first letters to jump to."""
    ids = site.ids[file.path]
    by_letter: dict[str, list[tuple[str, str]]] = {}
    for label, iri in sorted((_label(site, i), i) for i in iris):
        by_letter.setdefault(_letter(label), []).append((label, iri))
    if not by_letter:
        return ""
    shared = {label for label, n in Counter(x for rows in by_letter.values() for x, _ in rows).items() if n > 1}

    def item(label: str, iri: str) -> Html:
        number = site.library.graph.text(NamedNode(iri), SKOS.notation) if is_code(site, iri) else None
        name = number if number and number not in label else site.library.compact(iri) if label in shared else ""
        return a(f"#{ids[iri]}", label) + (f" {code(name)}" if name else "")

    letters = ul((a(f"#_index-{ord(x)}", x) for x in sorted(by_letter)), "letters")
    lists = "".join(
        heading(3, e(x), f"_index-{ord(x)}") + ul((item(*row) for row in by_letter[x]), "columns")
        for x in sorted(by_letter)
    )
    return heading(2, "Terms from A to Z", "_index") + letters + lists


def _label(site: Site, iri: str) -> str:
    return site.library.label(NamedNode(iri))


def _letter(label: str) -> str:
    first = label[:1].upper()
    return first if first.isalpha() and first.isascii() else "#"


Kind = tuple[int, str]
"""The rank of a heading and its words."""
CLASSES, PROPERTIES, INDIVIDUALS, FOREIGN, SAID, MAPPINGS = range(6)
FEW = 4
"""How many kinds of individuals have a heading of their own in the menu of a page."""


def sections(site: Site, file: SourceFile, iris: Iterable[str], level: int = 2) -> Html:
    """Entries of terms, by kind and alphabet: what the file has most of comes first, mappings come last."""
    by_kind: dict[Kind, list[str]] = {}
    for iri in iris:
        by_kind.setdefault(kind_of(site, file, iri), []).append(iri)
    kinds = [k for k in by_kind if k[0] == INDIVIDUALS]
    counts = Counter({k: len(members) for k, members in by_kind.items()})
    named = sum(counts[k] for k in kinds)
    defined = sum(n for (rank, _), n in counts.items() if rank in (CLASSES, PROPERTIES))
    ranks = [INDIVIDUALS, CLASSES, PROPERTIES] if named > defined else [CLASSES, PROPERTIES, INDIVIDUALS]
    out = []
    for rank in [*ranks, FOREIGN, SAID, MAPPINGS]:
        found = sorted(k for k in by_kind if k[0] == rank)
        deeper = rank == INDIVIDUALS and len(found) > FEW
        out += [heading(level, "Other terms by kind", "_kinds")] if deeper else []
        out += [_section(site, file, kind, by_kind[kind], level + deeper) for kind in found]
    return "".join(out)


def _section(site: Site, file: SourceFile, kind: Kind, members: list[str], level: int) -> Html:
    """The entries of one kind below their heading."""
    ids, (rank, name) = site.ids[file.path], kind
    out = [heading(level, e(f"{name} ({len(members)})"), f"_kind-{rank}-{name.replace(' ', '-')}")]
    for iri in sorted(members, key=lambda i: (_label(site, i), i)):
        own = site.library.homes[iri] is file
        out.append(site.entry(iri, ids[iri], level + 1) if own else _addition(site, file, iri, level + 1))
    return "".join(out)


def _addition(site: Site, file: SourceFile, iri: str, level: int) -> Html:
    """What a file says of a term that another file defines."""
    node = NamedNode(iri)
    facts = [
        (site.library.label(p), several([site.value(value_of(site.library, o)) for o in file.triples.objects(node, p)]))
        for p in file.triples.predicates(node)
    ]
    title = f"{site.link(iri)} {code(site.library.compact(iri))}"
    return article(site.ids[file.path][iri], heading(level, title) + dl(facts))


def is_mapping(site: Site, iri: str) -> bool:
    """Whether a node is a mapping, which the entry of the mapped term tells, too."""
    return SSSOM.Mapping in site.library.graph.nodes(NamedNode(iri), RDF_TYPE)


def is_code(site: Site, iri: str) -> bool:
    """Whether a node is a code of a code system, which readers know by its number."""
    return site.library.graph.one(NamedNode(iri), COV.codeSystem) is not None


def kind_of(site: Site, file: SourceFile, iri: str) -> Kind:
    """The heading under which a term stands, in plain words, with its rank."""
    if site.library.homes[iri] is not file:
        return SAID, "Said of terms that other files define"
    kinds = [k for k in site.library.graph.objects(NamedNode(iri), RDF_TYPE) if k != OWL.NamedIndividual]
    if not kinds:
        return FOREIGN, "Terms of other vocabularies"
    if OWL.Class in kinds:
        return CLASSES, "Classes"
    if any(k.value.endswith("Property") for k in kinds):
        return PROPERTIES, "Properties"
    if is_mapping(site, iri):
        return MAPPINGS, "Mappings"
    return INDIVIDUALS, spoken(site.library.label(kinds[0]))


def spoken(name: str) -> str:
    """The name of a class as a heading; names that are written in one word are taken apart.

    >>> spoken("switched facet"), spoken("ReviewArticle"), spoken("SPARQLConstraint")
    ('Switched facet', 'Review article', 'SPARQL constraint')
    """
    parts = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name).split(" ")
    lowered = " ".join(p if p.isupper() else p.lower() for p in parts)
    return lowered[:1].upper() + lowered[1:]


# ---- Shapes ----------------------------------------------------------------------------------------


def shapes_page(site: Site, file: SourceFile) -> Html:
    """The body of the page of a shapes file: a table of all shapes, and an entry for each that is written by hand."""
    iris = [n.value for n in file.subjects]
    ids = site.ids[file.path]
    generated = file.is_generated
    rows = [(ids[i] if generated else "", _shape_row(site, file, i, ids[i])) for i in sorted(iris, key=ids.__getitem__)]
    overview = heading(2, "All shapes", "_shapes") + table(
        f"{len(rows)} shapes of {file.path}", ("Shape", "Applies to", "Message"), rows
    )
    return intro(site, file) + overview + ("" if generated else sections(site, file, iris))


def _shape_row(site: Site, file: SourceFile, iri: str, key: str) -> list[Html]:
    graph, node = file.triples, NamedNode(iri)
    name = graph.text(node, SH.name) or _label(site, iri)
    targets = [o for t in TARGETS for o in graph.objects(node, t)]
    if targets:
        applies = ", ".join(site.link(o.value) for o in targets)
    else:
        users = dict.fromkeys(o.value for p, o in site.library.owners(node))
        shown = [site.link(u) for u in list(users)[:3]]
        applies = "where asked for by " + ", ".join(shown) if shown else "what another shape of the file names"
        applies += f" and {len(users) - 3} more" if len(users) > 3 else ""
    first = e(name) if file.is_generated else a(f"#{key}", name)
    messages = " ".join(o.value for o in graph.objects(node, SH.message))
    return [f"{first} {code(site.library.compact(iri))}", applies, e(messages)]
