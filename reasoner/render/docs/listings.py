"""The pages that list: the index and the competency questions."""

from __future__ import annotations

from reasoner.errors import UnknownTerm
from reasoner.library import SourceFile
from reasoner.query import Question
from reasoner.render.docs.page import Html, a, article, code, e, heading, ul, wide
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


SHOWN = ("Policies", "Vocabulary", "Source texts", "Shapes")
"""The parts in the order in which they are shown."""


def part_of(file: SourceFile) -> str:
    """The part of the documentation that a file belongs to."""
    return next(name for name, start in PARTS if file.path.startswith(start))


def index_body(site: Site, questions: int, cases: int) -> Html:
    """The body of the index."""
    out = [
        '<p class="lede">The criteria of coverage policies, the evidence that counts, every doubtful '
        "wording with its readings, and the vocabulary in which all of it is said.</p>\n"
    ]
    for name in SHOWN:
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


def _needs(question: Question) -> str:
    """What a question needs besides the graph, as a heading."""
    if question.about_reviews:
        return "About reviews: give them with --data or --review"
    return "About the graph, with values that you can set" if question.parameters else "About the graph alone"


def questions_body(questions: tuple[Question, ...]) -> Html:
    """The body of the page of questions: lists by what the questions need, then every query."""
    if not questions:
        return "<p>No questions are kept with this graph.</p>\n"
    groups: dict[str, list[Question]] = {}
    for question in sorted(questions, key=lambda q: (q.about_reviews, bool(q.parameters))):
        groups.setdefault(_needs(question), []).append(question)
    lists = "".join(
        heading(2, e(f"{name} ({len(members)})"), f"_group-{number}") + ul(a(f"#{_key(q)}", q.text) for q in members)
        for number, (name, members) in enumerate(groups.items())
    )
    queries = heading(2, "The queries", "_queries") + "".join(_query(q) for q in questions)
    return f"<p>{len(questions)} questions. {code('plexus query NAME')} answers one.</p>\n" + lists + queries


def _query(question: Question) -> Html:
    """One question with its query, and how it is asked."""
    command = f"plexus query {question.name}" + (" --review REQUEST" if question.about_reviews else "")
    given = (f"{code(f'--set {name}=...')} (default {e(value)})" for name, value in question.parameters.items())
    return article(
        _key(question),
        heading(3, e(question.text))
        + f"<p>{a(question_file(question), question.name)}: {code(command)}</p>\n"
        + ul(given)
        + f'<pre tabindex="0"><code>{e(question.query)}</code></pre>',
    )


def _key(question: Question) -> str:
    return f"question-{question.name}".replace(" ", "-")
