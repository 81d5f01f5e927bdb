"""Browsable documentation of the graph: static pages without a script, whatever files the graph has."""

from __future__ import annotations

from pathlib import Path

from reasoner.errors import PolicyError
from reasoner.knowledge import load
from reasoner.library import Library, SourceFile, open_library
from reasoner.policy import Policy
from reasoner.query import questions
from reasoner.render.docs import cases, listings, policies, terms
from reasoner.render.docs.page import STYLE, Menu, page
from reasoner.render.docs.site import Site, stem_of
from reasoner.render.docs.tutorial import tutorial_page
from reasoner.vocabulary import DCTERMS


def build(root: Path | None = None) -> dict[str, str]:
    """Every file of the documentation of a folder, by its name.

    Args:
        root: the folder that holds ``ontology/``, ``shapes/`` and ``cases/`` (default: what plexus ships).

    Raises:
        PolicyError: a file that cannot be read, or two files whose pages would have one name.
    """
    library = open_library(root)
    _refuse_one_page_for_two(library)
    knowledge = load(root)
    asked, examples = questions(library.root), cases.cases_below(library.root)
    site = Site(library)
    bodies = {
        "index.html": ("Coverage policies as a graph", listings.index_body(site, len(asked), len(examples))),
        "questions.html": ("Questions that the graph answers", listings.questions_body(asked)),
        **{c.page: (f"Case: {c.name}", cases.case_body(site, knowledge, c)) for c in examples},
        "cases.html": ("Cases", cases.cases_body(examples)),
        "tutorial.html": tutorial_page(),
    }
    out = {"style.css": STYLE, **{listings.question_file(q): q.query for q in asked}}
    out |= {c.file: c.turtle for c in examples if c.turtle is not None}
    for file in library.files:
        own = [p for p in knowledge.policies if library.homes.get(p.edition_iri) is file]
        bodies[f"{stem_of(file.path)}.html"] = (file.title, _body(site, file, own))
        out[f"{stem_of(file.path)}.ttl"] = file.text()
        out |= policies.svg_files(file, own)
    menu = _menu(library)
    return out | {name: page(title, body, menu, name) for name, (title, body) in bodies.items()}


def _refuse_one_page_for_two(library: Library) -> None:
    pages: dict[str, str] = {}
    for file in library.files:
        other = pages.setdefault(stem_of(file.path), file.path)
        if other != file.path:
            page_name = f"{stem_of(file.path)}.html"
            raise PolicyError(file.path, f"and {other} would both be the page {page_name}.", "Rename one of them.")


def _body(site: Site, file: SourceFile, own: list[Policy]) -> str:
    if listings.part_of(file) == "Policies":
        return policies.policy_page(site, file, own)
    return terms.shapes_page(site, file) if listings.part_of(file) == "Shapes" else terms.term_page(site, file)


def _menu(library: Library) -> Menu:
    """The pages that every page links to, by the part of the documentation that they belong to."""
    start = (
        "Overview",
        [
            ("index.html", "Index"),
            ("questions.html", "Questions"),
            ("cases.html", "Cases"),
            ("tutorial.html", "Tutorial"),
        ],
    )
    parts = [(part, [f for f in library.files if listings.part_of(f) == part]) for part in listings.SHOWN]
    return [start, *((part, [(f"{stem_of(f.path)}.html", _name(f)) for f in files]) for part, files in parts if files)]


def _name(file: SourceFile) -> str:
    """What the menu calls a page: the title in the graph, else what the name of the file says."""
    titled = file.header is not None and file.triples.text(file.header, DCTERMS.title)
    name = Path(file.path).stem
    return file.title if titled else f"Policy {name}" if listings.part_of(file) == "Policies" else name
