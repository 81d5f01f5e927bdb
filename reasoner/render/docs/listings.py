"""The pages that list: the index, the competency questions and the cases."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reasoner.errors import PolicyError, UnknownTerm
from reasoner.library import SourceFile
from reasoner.query import Question
from reasoner.render.docs.page import Html, a, article, code, e, heading, table, ul, wide
from reasoner.render.docs.site import Site, stem_of
from reasoner.render.pictures.links import links_diagram
from reasoner.render.pictures.svg import to_svg
from reasoner.vocabulary import DCTERMS

PARTS = (
    ("Policies", "ontology/policies/"),
    ("Shapes", "shapes/"),
    ("Source texts", "ontology/sources/"),
    ("Vocabulary", "ontology/"),
)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PolicyError(str(path), f"cannot be read: {error}.", "Mend the file.") from error


def part_of(file: SourceFile) -> str:
    """The part of the documentation that a file belongs to."""
    return next(name for name, start in PARTS if file.path.startswith(start))


def index_body(site: Site, questions: int, cases: int) -> Html:
    """The body of the index."""
    out = [
        '<p class="lede">The criteria of coverage policies, the evidence that counts, every doubtful '
        "wording with its readings, and the vocabulary in which all of it is said.</p>\n"
    ]
    for name in ("Policies", "Vocabulary", "Source texts", "Shapes"):
        files = [f for f in site.library.files if part_of(f) == name]
        if files:
            out.append(heading(2, name) + ul(_file(f) for f in files))
        if name == "Policies":
            out.append(_links(site))
    more = [
        f"{a('questions.html', 'Questions')}: {questions} queries that the graph answers",
        f"{a('cases.html', 'Cases')}: {cases} requests with what a review must say of them",
    ]
    return "".join(out) + heading(2, "Queries and examples") + ul(more)


def _links(site: Site) -> Html:
    """The picture of the links between policies, where there are any."""
    try:
        diagram = links_diagram(site.library)
    except UnknownTerm:
        return ""
    links = {item.iri: href for item in diagram.items() if (href := site.href(item.iri))}
    return wide(diagram.title, to_svg(diagram, links, name="_links"))


def _file(file: SourceFile) -> Html:
    about = (file.triples.text(file.header, DCTERMS.description) or "") if file.header else ""
    count = f"{len(file.subjects)} terms"
    return f'{a(stem_of(file.path) + ".html", file.title)} <span class="soft">({count})</span><br>{e(about)}'


def question_file(question: Question) -> str:
    """The name of the copy of a question's query."""
    return f"question-{question.name}.rq"


def questions_body(questions: tuple[Question, ...]) -> Html:
    """The body of the page of questions."""
    if not questions:
        return "<p>No questions are kept with this graph.</p>\n"
    contents = ul(a(f"#{_key(q)}", q.text) for q in questions)
    entries = "".join(
        article(
            _key(q),
            heading(2, e(q.text))
            + f'<p>{a(question_file(q), q.name)}</p>\n<pre tabindex="0"><code>{e(q.query)}</code></pre>',
        )
        for q in questions
    )
    return contents + entries


def _key(question: Question) -> str:
    return f"question-{question.name}".replace(" ", "-")


@dataclass(frozen=True)
class Example:
    """A case: its name, its expectations, and the text of its request where it is Turtle."""

    name: str
    expected: dict[str, Any]
    turtle: str | None

    @property
    def file(self) -> str:
        """The name of the copy of its request."""
        return f"case-{self.name}.ttl"


def cases_below(root: Path) -> list[Example]:
    """The cases of a folder.

    Raises:
        PolicyError: an expectation that is not TOML.
    """
    out = []
    for path in sorted((root / "cases").glob("*/expected.toml")):
        try:
            expected = tomllib.loads(_read(path))
        except tomllib.TOMLDecodeError as error:
            raise PolicyError(str(path), f"is not TOML: {error}.", "Mend the file.") from error
        request = path.with_name("request.ttl")
        out.append(Example(path.parent.name, expected, _read(request) if request.is_file() else None))
    return out


def cases_body(cases: list[Example]) -> Html:
    """The body of the page of cases."""
    if not cases:
        return "<p>No cases are kept with this graph.</p>\n"
    rows = [(case.name, _case(case)) for case in cases]
    heads = ("Case", "What it shows", "Reviewed as of", "Recommendation", "Basis", "Next")
    return "<p>Members, documents and clinicians are invented.</p>\n" + table(f"{len(rows)} cases", heads, rows)


def _case(case: Example) -> list[Html]:
    lines = [x for x in case.expected.get("line", []) if isinstance(x, dict)]
    name = a(case.file, case.name) if case.turtle is not None else code(case.name)
    cells = [e(str(case.expected.get("title", ""))), e(str(case.expected.get("as_of", "")))]
    told = [e("; ".join(str(x.get(k, "")) for x in lines)) for k in ("recommendation", "basis", "next")]
    return [name, *cells, *told]
