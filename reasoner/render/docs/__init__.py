"""Browsable documentation of the graph: static pages without a script, whatever files the graph has."""

from __future__ import annotations

from pathlib import Path

from reasoner.knowledge import load
from reasoner.library import Library, SourceFile, open_library
from reasoner.policy import Policy
from reasoner.query import questions
from reasoner.render.docs import listings, policies, terms
from reasoner.render.docs.page import STYLE, page
from reasoner.render.docs.site import Site, stem_of


def build(root: Path | None = None) -> dict[str, str]:
    """Every file of the documentation of a folder, by its name.

    Args:
        root: the folder that holds ``ontology/``, ``shapes/`` and ``cases/`` (default: what plexus ships).

    Raises:
        PolicyError: a file that cannot be read.
    """
    library = open_library(root)
    adjudicable = load(root).policies
    asked, cases = questions(library.root), listings.cases_below(library.root)
    site = Site(library)
    bodies = {
        "index.html": ("Coverage policies as a graph", listings.index_body(site, len(asked), len(cases))),
        "questions.html": ("Questions that the graph answers", listings.questions_body(asked)),
        "cases.html": ("Cases", listings.cases_body(cases)),
    }
    out = {"style.css": STYLE, **{listings.question_file(q): q.query for q in asked}}
    out |= {c.file: c.turtle for c in cases if c.turtle is not None}
    for file in library.files:
        own = [p for p in adjudicable if library.homes.get(p.edition_iri) is file]
        bodies[f"{stem_of(file.path)}.html"] = (file.title, _body(site, file, own))
        out[f"{stem_of(file.path)}.ttl"] = library.root.joinpath(file.path).read_text(encoding="utf-8")
        out |= policies.svg_files(file, own)
    nav = _nav(library)
    return out | {name: page(title, body, nav, name) for name, (title, body) in bodies.items()}


def _body(site: Site, file: SourceFile, own: list[Policy]) -> str:
    if listings.part_of(file) == "Policies":
        return policies.policy_page(site, file, own)
    return terms.shapes_page(site, file) if listings.part_of(file) == "Shapes" else terms.term_page(site, file)


def _nav(library: Library) -> list[tuple[str, str]]:
    """The pages that every page links to."""
    main = [
        (f"{stem_of(f.path)}.html", f"Policy {Path(f.path).stem}" if part == "Policies" else Path(f.path).stem)
        for part in ("Policies", "Vocabulary")
        for f in library.files
        if listings.part_of(f) == part
    ]
    return [("index.html", "Index"), *main, ("questions.html", "questions"), ("cases.html", "cases")]
