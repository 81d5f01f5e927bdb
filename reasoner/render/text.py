"""Reviews for a terminal: at most 100 columns, colour only where the terminal shows it."""

from __future__ import annotations

from collections.abc import Iterator

from reasoner.model import LineReview, Review
from reasoner.render.rows import RULE, STYLES, TONES, Row, bullets, head, painted, wrap
from reasoner.render.words import (
    NEXT,
    OPEN_KINDS,
    VERBS,
    change_lines,
    depth,
    evidence_source,
    hinge_sentence,
    kind_word,
    made_by,
    sign,
    title,
    tone,
    why,
)


def render(review: Review, *, colour: bool = False) -> str:
    """A review as text."""
    return painted(_review_rows(review), colour=colour)


def _review_rows(review: Review) -> Iterator[Row]:
    yield from wrap(f"Request {review.identifier or review.request}, reviewed as of {review.as_of}", style="bold")
    stated = [f"{k}: {v}" for k, v in review.header.items()]
    yield from wrap("; ".join(stated), indent=2, hanging=2)
    for line in review.lines:
        yield "", ""
        yield RULE, ""
        yield from _line_rows(line)
    if review.interactions:
        yield "", ""
        yield RULE, ""
        yield "Between the lines", "bold"
        yield from bullets(i.sentence for i in review.interactions)
    yield "", ""
    yield RULE, ""
    yield from wrap(made_by(review.version, review.engine, review.digests), style="dim")


def _line_rows(line: LineReview) -> Iterator[Row]:
    yield from wrap(title(line), style="bold")
    yield from wrap(line.headline, style=STYLES[line.headline.split()[0]])
    yield from wrap(f"Basis: {line.basis.value}. Next: {NEXT[line.next.value]}.")
    yield "", ""
    yield from wrap(line.reason)
    if line.criteria:
        yield from head("Criteria")
        yield from _tree_rows(line)
    yield from _open_rows(line)
    yield from _approve_rows(line)
    if line.hinges_on:
        yield from head("Readings that would change the recommendation")
        yield from bullets(hinge_sentence(h) for h in line.hinges_on)
    if line.decisive_evidence:
        yield from head("Decisive evidence: without it the recommendation changes")
        yield from bullets(f"{d.summary}: {d.recommendation.value}" for d in line.decisive_evidence)
    if line.unused_evidence:
        yield from head("Seen, not used")
        yield from bullets(
            f"{u.summary}{evidence_source(u.date, u.document)}: {u.reason}" for u in line.unused_evidence
        )
    if line.related:
        yield from head("Related policies to look at")
        yield from bullets(f"{r.policy}, {r.why}" for r in line.related)
    yield from head("Notes")
    yield from bullets(line.notes)
    yield from head("In plain words")
    yield from wrap(line.reason_plain, indent=2)


def _tree_rows(line: LineReview) -> Iterator[Row]:
    for criterion in line.criteria:
        indent = 2 + 2 * depth(criterion, line)
        kind = kind_word(criterion)
        name = f"{sign(criterion)} {criterion.label}: {criterion.status}"
        place = f"{criterion.source.section}, page {criterion.source.page}"
        yield from wrap(
            f"{name}{f' ({kind})' if kind else ''} [{place}]",
            indent=indent,
            hanging=2,
            style=TONES[tone(criterion)],
        )
        if why(criterion):
            yield from wrap(f"why: {why(criterion)}", indent=indent + 4, hanging=2)
        for evidence in criterion.evidence:
            source = evidence_source(evidence.date, evidence.document)
            yield from wrap(f"{evidence.role}: {evidence.summary}{source}", indent=indent + 4, hanging=2)


def _open_rows(line: LineReview) -> Iterator[Row]:
    labels = {c.id: c.label for c in line.criteria}
    for kind, heading in OPEN_KINDS.items():
        items = [i for i in line.open_items if i.kind.value == kind]
        if items:
            yield from head(heading)
            yield from bullets(f"{labels.get(i.criterion, i.criterion)}: {i.ask}" for i in items)


def _approve_rows(line: LineReview) -> Iterator[Row]:
    if line.to_approve_tree is None:
        return
    labels = {c.id: c.label for c in line.criteria}
    yield from head("What would approve it, if the record shows it")
    for level, text in change_lines(line.to_approve_tree, labels):
        yield from wrap(f"- {text}", indent=2 + 2 * level, hanging=2)
    if len(line.to_approve) > 1:
        count = (
            f"{len(line.to_approve)} smallest sets"
            if line.to_approve_capped
            else f"{len(line.to_approve)} minimal sets"
        )
        yield from wrap(f"As sets, smallest first ({count}):", indent=2)
        for changes in line.to_approve:
            joined = "; ".join(f"{labels.get(c.criterion, c.criterion)} {VERBS[c.verb]}" for c in changes)
            yield from wrap(f"- {joined}", indent=4, hanging=2)
