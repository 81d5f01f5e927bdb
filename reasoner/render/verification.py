"""What verifying a policy came to, for a terminal and as JSON."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import Any

from reasoner.proving.verification import Check, Finding, Ground, Outcome, Proof, Verification, Witness
from reasoner.render.words import clean

WIDTH = 100
SIGNS = {
    Outcome.HOLDS: "✓",
    Outcome.FAILS: "✗",
    Outcome.VACUOUS: "✗",
    Outcome.UNFINISHED: "…",
    Outcome.NOT_APPLICABLE: "–",
}
GROUNDS = {
    Ground.PROVED: "Proved: no record, and no evidence that the shapes admit, is otherwise.",
    Ground.RECORD: "A record by the statuses of its criteria, decided by the program that reviews requests.",
    Ground.EVIDENCE: "Evidence that the shapes admit; what lies beyond it is taken for granted.",
    Ground.DECLARED: "As the policy's file declares.",
}


def to_json(verifications: Iterable[Verification]) -> str:
    """One verification as an object; several as an array. The keys are those of the records."""
    values = [_plain(v) for v in verifications]
    return json.dumps(values[0] if len(values) == 1 else values, ensure_ascii=False, indent=2) + "\n"


def _plain(verification: Verification) -> dict[str, Any]:
    found = asdict(verification)
    del found["seconds"]  # the same policy gives the same bytes
    return {"outcome": verification.outcome.value, **found}


def to_text(verification: Verification, *, all_checks: bool = False) -> str:
    """A verification for a terminal; ``all_checks`` tells each criterion and reading, not only those that fail."""
    v = verification
    lines = [f"Policy {v.policy} “{v.title}”, edition {v.edition}", ""]
    for proof in v.proofs:
        lines += _proof(proof, all_checks)
    if v.findings:
        lines += [
            "",
            f"Findings on the text: {len(v.findings)}, as questions to its authors (--report tells them whole)",
        ]
        for number, finding in enumerate(v.findings, 1):
            lines += _wrapped(f"{number:2}. {_headline(finding)}", indent=2, hanging=4)
    lines += ["", *_wrapped(_conclusion(v))]
    return clean("\n".join(lines)) + "\n"


def _proof(proof: Proof, all_checks: bool) -> Iterator[str]:
    yield from _wrapped(f"{SIGNS[proof.outcome]} {proof.property}: {proof.claim}", hanging=2)
    yield from _wrapped(proof.says, indent=4)
    for head, witness in (("Applies to", proof.example), ("Counterexample", proof.counterexample)):
        yield from _witness(head, witness, indent=4)
    for check in proof.checks:
        if all_checks or not check.holds:
            yield from _check(check)


def _check(check: Check) -> Iterator[str]:
    yield from _wrapped(
        f"{'✓' if check.holds else '✗'} {check.subject} ({check.label}): {check.says}", indent=4, hanging=2
    )
    yield from _witness("Such as", check.witness, indent=8)


def _witness(head: str, witness: Witness | None, *, indent: int) -> Iterator[str]:
    if witness is not None:
        yield from _wrapped(f"{head}: {' '.join(witness.sentences)}", indent=indent, hanging=2)


def place(finding: Finding) -> str:
    """Section and page of a finding; empty where it has no place of its own."""
    return f"{finding.source.section}, page {finding.source.page}" if finding.source is not None else ""


def doubts(finding: Finding) -> str:
    """The kinds of doubt of a finding."""
    return ", ".join(d.label for d in finding.doubts)


def _headline(finding: Finding) -> str:
    name = f" ({finding.ambiguity})" if finding.ambiguity else ""
    told = "; ".join(t for t in (place(finding), doubts(finding), "decides nothing" if finding.moot else "") if t)
    return f"{finding.title}{name}" + (f" [{told}]" if told else "")


def _conclusion(v: Verification) -> str:
    count = {o: sum(p.outcome is o for p in v.proofs) for o in Outcome}
    parts = [f"{count[Outcome.HOLDS]} of {len(v.proofs)} properties hold"]
    parts += [f"{count[o]} {word}" for o, word in WORDS.items() if count[o]]
    searches = sum(p.searches for p in v.proofs)
    told = f"{', '.join(parts)} ({searches} searches)."
    return f"{told} Not done, since the time was over: {', '.join(v.left)}." if v.left else told


WORDS = {
    Outcome.FAILS: "not",
    Outcome.VACUOUS: "of nothing, since the premises cannot be fulfilled",
    Outcome.NOT_APPLICABLE: "not applicable",
    Outcome.UNFINISHED: "not decided in time",
}


def _wrapped(text: str, *, indent: int = 0, hanging: int = 0) -> list[str]:
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=" " * indent,
        subsequent_indent=" " * (indent + hanging),
        break_on_hyphens=False,
        break_long_words=False,
    )
