"""The pages of cases: a list of all, and for each what was asked, what the record has, and what a review must say."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from pyoxigraph import NamedNode

from reasoner import intake
from reasoner.describe import Describer
from reasoner.errors import PlexusError, PolicyError
from reasoner.knowledge import Knowledge
from reasoner.model import Kind
from reasoner.policy import Criterion
from reasoner.render.docs.page import Html, a, code, dl, e, heading, table, ul
from reasoner.render.docs.site import Site
from reasoner.render.pictures.diagram import OUTCOMES_OF_EXCLUSIONS
from reasoner.render.words import NEXT, OPEN_KINDS, evidence_source
from reasoner.triples import RDF_TYPE
from reasoner.vocabulary import CLIN, COV, DCTERMS


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PolicyError(str(path), f"cannot be read: {error}.", "Mend the file.") from error


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

    @property
    def page(self) -> str:
        """The name of its page."""
        return f"case-{self.name}.html"

    @property
    def lines(self) -> list[dict[str, Any]]:
        """What a review must say of each line."""
        found = self.expected.get("line", [])
        return [x for x in found if isinstance(x, dict)] if isinstance(found, list) else []

    def said(self, name: str) -> str:
        """A text of the expectations."""
        return str(self.expected.get(name, ""))


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
    told = [e("; ".join(str(x.get(k, "")) for x in case.lines)) for k in ("recommendation", "basis", "next")]
    return [a(case.page, case.name), e(case.said("title")), e(case.said("as_of")), *told]


# ---- One case --------------------------------------------------------------------------------------


def case_body(site: Site, knowledge: Knowledge, case: Example) -> Html:
    """The body of the page of a case."""
    criteria = {c.id: c for p in knowledge.policies for c in p.criteria}
    command = f"plexus review cases/{case.name}/request.ttl --as-of {case.said('as_of')}"
    facts = [
        ("reviewed as of", e(case.said("as_of"))),
        ("request as Turtle", a(case.file, "request.ttl") if case.turtle is not None else ""),
        ("to review it", code(command) if case.turtle is not None else ""),
        ("all cases", a(f"cases.html#{case.name}", "the list of cases")),
    ]
    outcome = "".join(_expected(site, criteria, line) for line in case.lines)
    return (
        f'<p class="lede">{e(case.said("title"))}</p>\n<p>Members, documents and clinicians are invented.</p>\n'
        + dl(facts)
        + _request(knowledge, case)
        + (heading(2, "What a review must say", "_outcome") + outcome if outcome else "")
    )


def _request(knowledge: Knowledge, case: Example) -> Html:
    """What the request asks for and what its record has, in words; nothing where it cannot be read."""
    day = case.expected.get("as_of")
    if case.turtle is None or not isinstance(day, date):
        return ""
    try:
        records = intake.read(case.turtle.encode(), as_of=day, name=case.file, format="turtle")
    except PlexusError as error:
        return f"<p>{e(str(error))}</p>\n"
    return "".join(_record(knowledge, record) for record in records)


def _record(knowledge: Knowledge, record: intake.Record) -> Html:
    say = Describer(knowledge, record.triples)
    name = record.identifier or record.iri
    stated = [(k, e(v)) for k, v in intake.header(record, knowledge.ontology).items()]
    lines = ul(e(_line(say, line)) for line in record.lines)
    return (
        heading(2, e(f"What is asked: request {name}"), f"_request-{record.iri}")
        + lines
        + dl(stated)
        + heading(2, "What the record has", f"_record-{record.iri}")
        + dl((kind, ul(map(e, found))) for kind, found in sorted(_evidence(knowledge, record, say).items()))
    )


def _line(say: Describer, line: intake.LineRecord) -> str:
    node, triples = NamedNode(line.iri), line.triples
    side, condition = triples.node(node, CLIN.side), triples.node(node, COV.indication)
    parts = [f"Line {line.sequence}: code {triples.text(node, COV.procedureCode) or 'not stated'}"]
    parts += [say.word(side)] if side is not None else []
    parts += [f"for {say.summary(condition.value)}"] if condition is not None else []
    day = triples.text(node, COV.serviceDate)
    return ", ".join([*parts, f"service on {day}"] if day else parts) + "."


def _evidence(knowledge: Knowledge, record: intake.Record, say: Describer) -> dict[str, list[str]]:
    """The nodes of a record that have words of their own, by their class, and the terms of its plan."""
    out: dict[str, list[str]] = {}
    for node in dict.fromkeys(s for s, _, _ in record.triples if isinstance(s, NamedNode)):
        for cls in record.triples.nodes(node, RDF_TYPE):
            if knowledge.ontology.text(cls, COV.summaryTemplate):
                source = evidence_source(say.date(node.value), say.document(node.value))
                out.setdefault(knowledge.label(cls.value), []).append(say.summary(node.value) + source)
        effect = record.triples.node(node, COV.effect)
        if effect is not None:
            place = record.triples.text(node, COV.citation)
            title = record.triples.text(node, DCTERMS.title) or ""
            told = f"“{title}”{f' ({place})' if place else ''}: {say.word(effect)}"
            out.setdefault("terms of the plan and mandates", []).append(told)
    return out


def _expected(site: Site, criteria: dict[str, Criterion], line: dict[str, Any]) -> Html:
    """What a review must say of one line."""
    step = str(line.get("next", ""))
    facts = [
        ("recommendation", e(str(line.get("recommendation", "")))),
        ("basis", e(str(line.get("basis", "")))),
        ("next", e(NEXT.get(step, step))),
        ("to ask or weigh", ul(_open_items(site, criteria, line))),
        ("hinges on the reading", ul(e(" and ".join(map(str, x))) for x in line.get("hinges_on", []))),
        ("policies to look at", e(", ".join(map(str, line.get("related", []))))),
    ]
    number = line.get("sequence", "")
    rows = [
        ("", [_named(site, criteria, key), e(_status(criteria.get(key), str(status)))])
        for key, status in line.get("statuses", {}).items()
    ]
    statuses = table(f"Criteria of line {number}", ("Criterion", "Status"), rows) if rows else ""
    return heading(3, e(f"Line {number}")) + dl(facts) + statuses


def _status(criterion: Criterion | None, status: str) -> str:
    """A status in words; what is met of an exclusion does harm."""
    if criterion is not None and criterion.kind is Kind.EXCLUSION and status in OUTCOMES_OF_EXCLUSIONS:
        return OUTCOMES_OF_EXCLUSIONS[status][1].partition(" ")[2]
    return status


def _open_items(site: Site, criteria: dict[str, Criterion], line: dict[str, Any]) -> Iterator[Html]:
    for item in line.get("open_items", []):
        kind = str(item.get("kind", ""))
        yield f"{_named(site, criteria, str(item.get('criterion', '')))}: {e(OPEN_KINDS.get(kind, kind).lower())}"


def _named(site: Site, criteria: dict[str, Criterion], key: str) -> Html:
    """A criterion by its label, as a link to its entry."""
    return site.link(criteria[key].iri, criteria[key].label) if key in criteria else code(key)
