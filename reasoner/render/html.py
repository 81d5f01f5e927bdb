"""Reviews as one self-contained page that prints: no script, no reference to anything outside."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from reasoner.model import CriterionResult, LineReview, Review
from reasoner.render.words import (
    NEXT,
    OPEN_KINDS,
    change_lines,
    clean,
    evidence_source,
    hinge_sentence,
    kind_word,
    sign,
    title,
    tone,
    why,
)

STYLE = """
:root { --ink: #1b1f24; --soft: #59636e; --line: #d1d9e0; --good: #0a5d2c; --bad: #a40e26; --open: #7a4b00; }
* { box-sizing: border-box; }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); margin: 2rem auto; max-width: 56rem; padding: 0 1rem; }
h1 { font-size: 1.5rem; margin: 0 0 .25rem; } h2 { font-size: 1.2rem; margin: 2rem 0 .25rem; }
h3 { font-size: 1rem; margin: 1.2rem 0 .3rem; }
.verdict { border-left: .4rem solid; padding: .5rem .8rem; margin: .5rem 0; font-weight: 700; background: #f6f8fa; }
.approve { border-color: var(--good); } .deny { border-color: var(--bad); }
.pend { border-color: var(--open); } .not-applicable { border-color: var(--soft); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem 1rem; margin: .5rem 0; }
dt { color: var(--soft); } dd { margin: 0; }
ul { margin: .2rem 0; padding-left: 1.3rem; } .tree, .tree ul { list-style: none; padding-left: 1.1rem; }
.tree { padding-left: 0; } .tree li { margin: .25rem 0; }
.status { font-weight: 700; white-space: nowrap; }
.good { color: var(--good); } .bad { color: var(--bad); } .open { color: var(--open); }
.place, .evidence, footer { color: var(--soft); font-size: .87rem; } .evidence { margin-left: 1.3rem; }
footer { border-top: 1px solid var(--line); margin-top: 2rem; padding-top: .5rem; overflow-wrap: anywhere; }
.plain { background: #f6f8fa; padding: .6rem .8rem; }
@media print { body { margin: 0; max-width: none; font-size: 10.5pt; }
  h2 { break-after: avoid; } li { break-inside: avoid; }
  section.line + section.line { break-before: page; } }
"""


def render(reviews: Iterable[Review]) -> str:
    """A page with one or several reviews."""
    found = list(reviews)
    names = ", ".join(r.identifier or r.request for r in found[:3]) + (" and more" if len(found) > 3 else "")
    body = "\n".join(_review(r) for r in found)
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>Review of {_e(names)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    )


def _e(text: str) -> str:
    return escape(clean(text), quote=True)


def _list(items: Iterable[str]) -> str:
    return "<ul>" + "".join(f"<li>{_e(i)}</li>" for i in items) + "</ul>"


def _part(heading: str, body: str) -> str:
    return f"<h3>{_e(heading)}</h3>\n{body}\n"


def _review(review: Review) -> str:
    head = "".join(f"<dt>{_e(k)}</dt><dd>{_e(v)}</dd>" for k, v in review.header.items())
    lines = "\n".join(_line(line) for line in review.lines)
    if review.interactions:
        told = _list(i.sentence for i in review.interactions)
        lines += f'\n<section class="between">\n<h2>Between the lines</h2>\n{told}</section>'
    d = review.digests
    digests = "; ".join(f"{k} {v}" for k, v in vars(d).items())
    return (
        f"<article>\n<h1>Request {_e(review.identifier or review.request)}</h1>\n"
        f"<p>Reviewed as of {_e(review.as_of)}. A recommendation, not a determination.</p>\n<dl>{head}</dl>\n{lines}\n"
        f"<footer>plexus {_e(review.version)}, engine {_e(review.engine)}. SHA-256: {_e(digests)}.</footer>\n</article>"
    )


def _line(line: LineReview) -> str:
    parts = [
        f'<section class="line">\n<h2>{_e(title(line))}</h2>\n'
        f'<p class="verdict {line.recommendation.value}">{_e(line.headline)}</p>\n'
        f"<p>Basis: {_e(line.basis.value)}. Next: {_e(NEXT[line.next.value])}.</p>\n<p>{_e(line.reason)}</p>\n",
        _part("In plain words", f'<p class="plain">{_e(line.reason_plain)}</p>'),
    ]
    if line.criteria:
        parts.append(_part("Criteria", _tree(line, None)))
    labels = {c.id: c.label for c in line.criteria}
    for kind, heading in OPEN_KINDS.items():
        items = [i for i in line.open_items if i.kind.value == kind]
        if items:
            parts.append(_part(heading, _list(f"{labels.get(i.criterion, i.criterion)}: {i.ask}" for i in items)))
    if line.to_approve_tree is not None:
        rows = change_lines(line.to_approve_tree, labels)
        body = "<ul>" + "".join(f'<li style="margin-left:{level}rem">{_e(text)}</li>' for level, text in rows) + "</ul>"
        parts.append(_part("What would approve it, if the record shows it", body))
    parts += _lists(line)
    return "".join(parts) + "</section>"


def _lists(line: LineReview) -> list[str]:
    lists = (
        ("Readings that would change the recommendation", [hinge_sentence(h) for h in line.hinges_on]),
        (
            "Decisive evidence: without it the recommendation changes",
            [f"{d.summary}: {d.recommendation.value}" for d in line.decisive_evidence],
        ),
        (
            "Seen, not used",
            [f"{u.summary}{evidence_source(u.date, u.document)}: {u.reason}" for u in line.unused_evidence],
        ),
        ("Related policies to look at", [f"{r.policy}, {r.why}" for r in line.related]),
        ("Notes", list(line.notes)),
    )
    return [_part(heading, _list(items)) for heading, items in lists if items]


def _tree(line: LineReview, parent: str | None) -> str:
    nodes = [c for c in line.criteria if c.parent == parent]
    if not nodes:
        return ""
    name = ' class="tree"' if parent is None else ""
    return f"<ul{name}>" + "".join(f"<li>{_node(c)}{_tree(line, c.id)}</li>" for c in nodes) + "</ul>"


def _node(criterion: CriterionResult) -> str:
    css = tone(criterion)
    kind = kind_word(criterion)
    evidence = f'<div class="evidence">why: {_e(why(criterion))}</div>' if why(criterion) else ""
    evidence += "".join(
        f'<div class="evidence">{_e(e.role)}: {_e(e.summary)}{_e(evidence_source(e.date, e.document))}</div>'
        for e in criterion.evidence
    )
    return (
        f'<span class="status {css}">{sign(criterion)} {_e(criterion.status)}</span> {_e(criterion.label)}'
        f"{f' ({_e(kind)})' if kind else ''} "
        f'<span class="place">[{_e(criterion.source.section)}, page {criterion.source.page}]</span>{evidence}'
    )
