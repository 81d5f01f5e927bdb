"""Reviews for a terminal: at most 100 columns, colour only where the terminal shows it."""

from __future__ import annotations

import io
import textwrap
from collections.abc import Iterable, Iterator

from reasoner.model import LineReview, Review
from reasoner.render.words import (
    NEXT,
    OPEN_KINDS,
    VERBS,
    change_lines,
    clean,
    columns,
    depth,
    evidence_source,
    hinge_sentence,
    kind_word,
    sign,
    title,
    tone,
    why,
)

WIDTH = 100
STYLES = {
    "APPROVE": "bold green",
    "DENY": "bold red",
    "PEND": "bold yellow",
    "NOT": "bold blue",
}
TONES = {"good": "green", "bad": "red", "open": "yellow"}

Row = tuple[str, str]
"""A line of text and its style."""


def render(review: Review, *, colour: bool = False) -> str:
    """A review as text."""
    rows = list(_review_rows(review))
    if not colour:
        return "\n".join(text for text, _ in rows) + "\n"
    from rich.console import Console
    from rich.text import Text

    out = io.StringIO()
    console = Console(file=out, width=WIDTH, force_terminal=True, highlight=False, soft_wrap=True)
    for text, style in rows:
        console.print(Text(text, style=style))
    return out.getvalue()


def _wrap(text: str, *, indent: int = 0, hanging: int = 0, style: str = "") -> Iterator[Row]:
    lines: list[str] = []
    for width in (WIDTH, 3 * WIDTH // 4, WIDTH // 2):  # narrower where wide characters overflow
        lines = textwrap.wrap(
            clean(text),
            width,
            initial_indent=" " * indent,
            subsequent_indent=" " * (indent + hanging),
            break_on_hyphens=False,
        )
        if all(columns(line) <= WIDTH for line in lines):
            break
    yield from ((line, style) for line in lines or [""])


def _head(text: str) -> Iterator[Row]:
    yield "", ""
    yield text, "bold"


def _bullets(items: Iterable[str]) -> Iterator[Row]:
    for item in items:
        yield from _wrap(f"- {item}", indent=2, hanging=2)


def _review_rows(review: Review) -> Iterator[Row]:
    yield from _wrap(f"Request {review.identifier or review.request}, reviewed as of {review.as_of}", style="bold")
    stated = [f"{k}: {v}" for k, v in review.header.items()]
    yield from _wrap("; ".join(stated), indent=2, hanging=2)
    for line in review.lines:
        yield "", ""
        yield "─" * WIDTH, ""
        yield from _line_rows(line)
    if review.interactions:
        yield "", ""
        yield "─" * WIDTH, ""
        yield "Between the lines", "bold"
        yield from _bullets(i.sentence for i in review.interactions)
    yield "", ""
    yield "─" * WIDTH, ""
    d = review.digests
    parts = [
        f"{k} {v[:12]}"
        for k, v in (("request", d.request), ("policy", d.policy), ("shapes", d.shapes), ("program", d.program))
    ]
    yield from _wrap(f"plexus {review.version}, engine {review.engine}. Digests: {', '.join(parts)}.", style="dim")


def _line_rows(line: LineReview) -> Iterator[Row]:
    yield from _wrap(title(line), style="bold")
    yield from _wrap(line.headline, style=STYLES[line.headline.split()[0]])
    yield from _wrap(f"Basis: {line.basis.value}. Next: {NEXT[line.next.value]}.")
    yield "", ""
    yield from _wrap(line.reason)
    if line.criteria:
        yield from _head("Criteria")
        yield from _tree_rows(line)
    yield from _open_rows(line)
    yield from _approve_rows(line)
    if line.hinges_on:
        yield from _head("Readings that would change the recommendation")
        yield from _bullets(hinge_sentence(h) for h in line.hinges_on)
    if line.decisive_evidence:
        yield from _head("Decisive evidence: without it the recommendation changes")
        yield from _bullets(f"{d.summary}: {d.recommendation.value}" for d in line.decisive_evidence)
    if line.unused_evidence:
        yield from _head("Seen, not used")
        yield from _bullets(
            f"{u.summary}{evidence_source(u.date, u.document)}: {u.reason}" for u in line.unused_evidence
        )
    if line.related:
        yield from _head("Related policies to look at")
        yield from _bullets(f"{r.policy}, {r.why}" for r in line.related)
    yield from _head("Notes")
    yield from _bullets(line.notes)
    yield from _head("In plain words")
    yield from _wrap(line.reason_plain, indent=2)


def _tree_rows(line: LineReview) -> Iterator[Row]:
    for criterion in line.criteria:
        indent = 2 + 2 * depth(criterion, line)
        kind = kind_word(criterion)
        name = f"{sign(criterion)} {criterion.label}: {criterion.status}"
        place = f"{criterion.source.section}, page {criterion.source.page}"
        yield from _wrap(
            f"{name}{f' ({kind})' if kind else ''} [{place}]",
            indent=indent,
            hanging=2,
            style=TONES[tone(criterion)],
        )
        if why(criterion):
            yield from _wrap(f"why: {why(criterion)}", indent=indent + 4, hanging=2)
        for evidence in criterion.evidence:
            source = evidence_source(evidence.date, evidence.document)
            yield from _wrap(f"{evidence.role}: {evidence.summary}{source}", indent=indent + 4, hanging=2)


def _open_rows(line: LineReview) -> Iterator[Row]:
    labels = {c.id: c.label for c in line.criteria}
    for kind, heading in OPEN_KINDS.items():
        items = [i for i in line.open_items if i.kind.value == kind]
        if items:
            yield from _head(heading)
            yield from _bullets(f"{labels.get(i.criterion, i.criterion)}: {i.ask}" for i in items)


def _approve_rows(line: LineReview) -> Iterator[Row]:
    if line.to_approve_tree is None:
        return
    labels = {c.id: c.label for c in line.criteria}
    yield from _head("What would approve it, if the record shows it")
    for level, text in change_lines(line.to_approve_tree, labels):
        yield from _wrap(f"- {text}", indent=2 + 2 * level, hanging=2)
    if len(line.to_approve) > 1:
        count = (
            f"{len(line.to_approve)} smallest sets"
            if line.to_approve_capped
            else f"{len(line.to_approve)} minimal sets"
        )
        yield from _wrap(f"As sets, smallest first ({count}):", indent=2)
        for changes in line.to_approve:
            joined = "; ".join(f"{labels.get(c.criterion, c.criterion)} {VERBS[c.verb]}" for c in changes)
            yield from _wrap(f"- {joined}", indent=4, hanging=2)
