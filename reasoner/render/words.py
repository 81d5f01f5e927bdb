"""The words and signs that every rendering shares."""

from __future__ import annotations

import unicodedata

from reasoner.model import ChangeTree, CriterionResult, Digests, Hinge, Kind, LineReview, Verb

_HIDDEN = ("Cc", "Cf", "Cs")
SIGNS = {"open": "?", "conflicting": "≠", "to-judge": "…", "undocumented": "○"}
VERBS = {
    Verb.DOCUMENT: "is documented as met",
    Verb.RESOLVE: "is resolved as met",
    Verb.JUDGE: "is judged met by a clinician",
    Verb.NEW_EVENT: "is met by a later event",
}
OPEN_KINDS = {
    "document": "Documents to ask for",
    "judgement": "For a clinician to weigh",
    "conflict": "Conflicts to resolve",
}
NEXT = {
    "none": "nothing further",
    "request-information": "request information",
    "clinician-review": "clinician review",
    "both": "request information and clinician review",
    "route": "route to where it belongs",
}


def clean(text: str) -> str:
    """Text without control characters, so that a record cannot steer a terminal or hide words.

    What is no character at all goes too (U+FFFE, U+FFFF, half of a surrogate pair): no page can hold it.

    Tabs and line separators become spaces, so that the words on both sides stay apart.

    >>> clean("a" + chr(27) + "[31mb")
    'a[31mb'
    >>> clean("left" + chr(9) + "thigh")
    'left thigh'
    """
    spaced = (" " if c != "\n" and c.isspace() else c for c in text)
    return "".join(
        c for c in spaced if c == "\n" or (unicodedata.category(c) not in _HIDDEN and c not in "\ufffe\uffff")
    )


def columns(text: str) -> int:
    """How many columns of a terminal a text takes; East Asian wide characters take two.

    >>> columns("ab" + chr(0x6F22))
    4
    """
    return len(text) if text.isascii() else sum(1 + (unicodedata.east_asian_width(c) in "WF") for c in text)


def title(line: LineReview) -> str:
    """The heading of a line."""
    side = f", {line.side}" if line.side else ""
    return clean(f"Line {line.sequence}: code {line.code}{side}")


def depth(criterion: CriterionResult, line: LineReview) -> int:
    """How deep a criterion stands in the tree."""
    parents = {c.id: c.parent for c in line.criteria}
    level, parent = 0, criterion.parent
    while parent is not None:
        level, parent = level + 1, parents[parent]
    return level


def kind_word(criterion: CriterionResult) -> str:
    """How a node joins its members, or whether it excludes."""
    if criterion.kind is Kind.EXCLUSION:
        return {"met": "so the policy excludes it", "unmet": "so it does not exclude"}.get(
            criterion.status, "would exclude"
        )
    return {Kind.ALL: "all of", Kind.ANY: "one of", Kind.AT_LEAST: f"at least {criterion.needed} of"}.get(
        criterion.kind, ""
    )


def tone(criterion: CriterionResult) -> str:
    """Whether a status helps the request (``good``), harms it (``bad``), or is ``open``."""
    if criterion.status not in ("met", "unmet"):
        return "open"
    return "good" if (criterion.status == "met") is not (criterion.kind is Kind.EXCLUSION) else "bad"


def why(criterion: CriterionResult) -> str:
    """The message where a status harms the request or evidence alone does not explain it, else nothing."""
    decided = criterion.kind in (Kind.LEAF, Kind.EXCLUSION) and criterion.status != "undocumented"
    return criterion.message if decided and tone(criterion) != "good" else ""


def sign(criterion: CriterionResult) -> str:
    """A sign for the status, the same way round for criteria and exclusions."""
    return {"good": "✓", "bad": "✗"}.get(tone(criterion)) or SIGNS[criterion.status]


def hinge_sentence(hinge: Hinge) -> str:
    """A hinge as a sentence."""
    changes = " and ".join(f"{c.ambiguity} were read as “{c.reading}” ({c.meaning})" for c in hinge.changes)
    return f"If {changes}: {hinge.recommendation.value}."


def evidence_source(date: str | None, document: str | None) -> str:
    """Date and document in brackets, as far as known."""
    parts = [p for p in (date, document) if p]
    return f" ({'; '.join(parts)})" if parts else " (undated; document not named)"


def change_lines(tree: ChangeTree, labels: dict[str, str], level: int = 0) -> list[tuple[int, str]]:
    """The factored tree of changes as indented lines."""
    if tree.change is not None:
        return [(level, f"{labels.get(tree.change.criterion, tree.change.criterion)} {VERBS[tree.change.verb]}")]
    head = {"all": "all of these:", "any": "one of these:", "at-least": f"{tree.needed} of these:"}[tree.kind]
    return [(level, head), *(row for part in tree.parts for row in change_lines(part, labels, level + 1))]


def made_by(version: str, engine: str, digests: Digests) -> str:
    """By which program and data something was made."""
    parts = ", ".join(f"{name} {digest[:12]}" for name, digest in vars(digests).items())
    return f"plexus {version}, engine {engine}. Digests: {parts}."
