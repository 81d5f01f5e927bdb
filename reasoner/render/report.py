"""Findings and proofs as a page for the authors of a policy, in HTML (self-contained, to print) or in Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from html import escape

from reasoner.proving.verification import CaseStory, Finding, Outcome, Proof, Verification, Witness
from reasoner.render.html import STYLE
from reasoner.render.verification import GROUNDS, SIGNS, doubts, place
from reasoner.render.words import clean

OWN_STYLE = """
table { border-collapse: collapse; width: 100%; margin: .6rem 0; }
th, td { border-bottom: 1px solid var(--line); padding: .25rem .5rem .25rem 0; text-align: left; vertical-align: top; }
th { color: var(--soft); font-weight: 600; } td:nth-child(3) { white-space: nowrap; }
.soft { color: var(--soft); font-size: .87rem; margin: .1rem 0; }
.question { border-left: .4rem solid var(--open); background: #f6f8fa; padding: .5rem .8rem; font-weight: 600; }
.story { background: #f6f8fa; padding: .5rem .8rem; margin: .5rem 0; }
h3 { margin-top: 1.8rem; }
@media print { h3, h4 { break-after: avoid; } .story, .question, tr { break-inside: avoid; }
  article + article, h2.appendix { break-before: page; } .soft { break-after: avoid; } }
.options { list-style: none; padding-left: 1rem; }
"""
LETTERS = "abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True)
class Block:
    """One block of a page: its kind, and its text, items or rows (the first row is the heading of a table)."""

    kind: str
    text: str = ""
    items: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()


def to_html(verifications: Iterable[Verification], version: str) -> str:
    """The page in HTML."""
    found = list(verifications)
    title = "Questions to the authors of " + ", ".join(f"policy {v.policy}" for v in found)
    body = "\n".join("<article>\n" + "\n".join(map(_html, _page(v, version))) + "\n</article>" for v in found)
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{_e(title)}</title>\n<style>{STYLE}{OWN_STYLE}</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    )


def to_markdown(verifications: Iterable[Verification], version: str) -> str:
    """The page in Markdown."""
    return "\n".join("\n".join(map(_markdown, _page(v, version))) for v in verifications)


# ---- The page --------------------------------------------------------------------------------------


def _page(v: Verification, version: str) -> Iterator[Block]:
    yield Block("h1", f"Questions to the authors of policy {v.policy}")
    yield Block("soft", f"“{v.title}”, {v.publisher}, edition {v.edition}.")
    yield Block("p", _introduction(v))
    if v.left:
        yield Block("story", f"This page is not complete: the time was over before this was done: {', '.join(v.left)}.")
    if v.findings:
        yield Block("h2", "The questions at a glance")
        yield _overview(v)
        yield Block("h2", "The questions")
    for number, finding in enumerate(v.findings, 1):
        yield from _finding(number, finding)
    yield Block("appendix", "Appendix: what was proved")
    yield Block(
        "p",
        "Each property is a search for a request of which it is not true. First it is shown that there are requests to "
        "which it applies. No term of a plan or mandate binds, and the line is within the scope of the policy.",
    )
    for proof in v.proofs:
        yield from _proof(proof)
    digests = "; ".join(f"{name} {value}" for name, value in v.digests.items())
    yield Block("footer", f"plexus {version}. SHA-256: {digests}.")


def _introduction(v: Verification) -> str:
    deciding = sum(not f.moot for f in v.findings)
    moot = len(v.findings) - deciding
    tail = f" {moot} of them {'decides' if moot == 1 else 'decide'} nothing." if moot else ""
    return (
        f"These are {len(v.findings)} questions, not verdicts.{tail} They come from a model of the policy in which a "
        "wording that can be understood in several ways is a choice. A program searched for requests on which the "
        "choice depends; each question is told with one. The requests are made up. The text of the policy is not "
        "repeated here: its places are given by section and page, and what it says in the model's own words."
    )


def _overview(v: Verification) -> Block:
    head = ("", "question", "place", "doubt", "cases")
    rows = [
        (str(n), _name(f), place(f), doubts(f), str(f.weight) if f.weight else "decides nothing" if f.moot else "")
        for n, f in enumerate(v.findings, 1)
    ]
    return Block("table", rows=(head, *rows))


def _name(finding: Finding) -> str:
    title = finding.title[:1].upper() + finding.title[1:]
    return f"{title} ({finding.ambiguity})" if finding.ambiguity else title


def _finding(number: int, f: Finding) -> Iterator[Block]:
    yield Block("h3", f"{number}. {_name(f)}")
    hinge = f"{f.weight} made-up request{'s hinge' if f.weight != 1 else ' hinges'} on it" if f.weight else ""
    about = [place(f), doubts(f), hinge]
    told = [t for t in about if t]
    if told:
        yield Block("soft", "; ".join(told) + ".")
    yield Block("p", f.says)
    if f.options:
        yield Block("options", items=tuple(_option(i, f) for i in range(len(f.options))))
    yield from (Block("story", _story(case, f)) for case in f.cases)
    if f.witness is not None and not f.cases:
        ground = f" ({GROUNDS[f.ground].rstrip('.').lower()})" if f.ground is not None else ""
        yield Block("story", f"{' '.join(f.witness.sentences)}{ground}")
    if f.pairs:
        yield Block("p", f"The pairs: {'; '.join(_partners(f))}.")
    yield Block("question", f"Which of these is meant: {_choices(f)}?" if f.options else f.question)
    remedies = " ".join(d.remedy for d in f.doubts)
    if remedies:
        yield Block("p", f"What would close it, if you agree: {remedies}")


def _option(index: int, f: Finding) -> str:
    option = f.options[index]
    taken = f" Reviews take this one unless asked otherwise: {f.default_reason}" if option.default else ""
    return f"({LETTERS[index]}) {option.definition}{taken}"


def _choices(f: Finding) -> str:
    letters = [f"({LETTERS[i]})" for i in range(len(f.options))]
    return ", ".join(letters[:-1]) + f" or {letters[-1]}"


def _partners(f: Finding) -> Iterator[str]:
    """The pairs, told once for each first ambiguity."""
    for first in dict.fromkeys(a for a, _ in f.pairs):
        yield f"{first} with {', '.join(b for a, b in f.pairs if a == first)}"


def _story(case: CaseStory, f: Finding) -> str:
    told = f"{case.title} {case.shows}".strip()
    letter = {f"{f.ambiguity}={o.notation}": f"({LETTERS[i]})" for i, o in enumerate(f.options)}
    default = next((f"({LETTERS[i]})" for i, o in enumerate(f.options) if o.default), "")
    if case.reading is None:
        outcome = f"Recommended: {case.recommendation}"
    else:
        outcome = f"Recommended under {default}: {case.recommendation}; under {letter[case.reading]}: {case.otherwise}"
    return f"A request that shows it: {told} {outcome}. (Case {case.case}, as of {case.as_of}.)"


def _proof(proof: Proof) -> Iterator[Block]:
    yield Block("h3", f"{SIGNS[proof.outcome]} {proof.title}")
    yield Block("p", proof.claim)
    yield Block("soft", f"Applies to: {proof.premises}")
    yield Block("p", f"{_outcome(proof)} {proof.says}")
    for head, witness in (("To which it applies", proof.example), ("Counterexample", proof.counterexample)):
        if witness is not None:
            yield Block("story", f"{head}: {_sentences(witness)}")
    if proof.checks:
        items = (
            f"{'✓' if c.holds else '✗'} {c.subject} ({c.label}): {c.says}"
            + (f" {_sentences(c.witness)}" if c.witness is not None else "")
            for c in proof.checks
        )
        yield Block("list", items=tuple(items))


def _outcome(proof: Proof) -> str:
    return {
        Outcome.HOLDS: "It holds.",
        Outcome.FAILS: "It does not hold.",
        Outcome.VACUOUS: "It says nothing.",
        Outcome.NOT_APPLICABLE: "It does not apply.",
        Outcome.UNFINISHED: "It is not decided.",
    }[proof.outcome]


def _sentences(witness: Witness) -> str:
    return " ".join(witness.sentences)


# ---- Blocks ----------------------------------------------------------------------------------------


def _e(text: str) -> str:
    return escape(clean(text), quote=True)


def _html(block: Block) -> str:
    if block.kind in ("list", "options"):
        return f'<ul class="{block.kind}">' + "".join(f"<li>{_e(i)}</li>" for i in block.items) + "</ul>"
    if block.kind == "table":
        head, *rows = block.rows
        cells = "".join("<tr>" + "".join(f"<td>{_e(c)}</td>" for c in row) + "</tr>" for row in rows)
        heads = "".join(f"<th>{_e(c)}</th>" for c in head)
        return f"<table><thead><tr>{heads}</tr></thead><tbody>{cells}</tbody></table>"
    if block.kind == "appendix":
        return f'<h2 class="appendix">{_e(block.text)}</h2>'
    if block.kind in ("soft", "story", "question"):
        return f'<p class="{block.kind}">{_e(block.text)}</p>'
    return f"<{block.kind}>{_e(block.text)}</{block.kind}>"


MARKS = {
    "h1": "# ",
    "h2": "## ",
    "h3": "### ",
    "appendix": "## ",
    "story": "> ",
    "question": "**",
    "p": "",
    "soft": "*",
}
CLOSING = {"question": "**", "soft": "*"}


def _markdown(block: Block) -> str:
    if block.kind in ("list", "options"):
        return "".join(f"- {_md(i)}\n" for i in block.items)
    if block.kind == "table":
        head, *rows = block.rows
        lines = [head, tuple("---" for _ in head), *rows]
        return "".join("| " + " | ".join(_md(c).replace("|", "\\|") for c in row) + " |\n" for row in lines)
    if block.kind == "footer":
        return f"---\n\n{_md(block.text)}\n"
    return f"{MARKS[block.kind]}{_md(block.text)}{CLOSING.get(block.kind, '')}\n"


def _md(text: str) -> str:
    """Text that Markdown leaves as it is."""
    return "".join(f"\\{c}" if c in "\\`*_<>[]#" else c for c in clean(text))
