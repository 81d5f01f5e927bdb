"""Reviews as JSON, in the form of ``reasoner/review.schema.json``; the same review gives the same bytes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import fields, is_dataclass
from enum import StrEnum
from typing import Any

from reasoner.model import LineReview, Review

HIDDEN = re.compile("[\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")
"""What a terminal would obey or hide, and what some readers take for the end of a line."""

REVIEW_ORDER = (
    "schema",
    "request",
    "identifier",
    "as_of",
    "determination",
    "requires_clinician",
    "header",
    "readings",
    "lines",
    "interactions",
    "digests",
    "engine",
    "version",
)


def to_dict(review: Review) -> dict[str, Any]:
    """A review as JSON values, keys in the order of the schema."""
    values = plain(review)
    return {key: values[key] for key in REVIEW_ORDER}


def to_json(reviews: Iterable[Review]) -> str:
    """One review as an object; several as an array."""
    values = [to_dict(r) for r in reviews]
    return dumped(values[0] if len(values) == 1 else values, indent=2)


def to_jsonl(review: Review) -> str:
    """One review as one line."""
    return dumped(to_dict(review), separators=(",", ":"))


def dumped(value: Any, **form: Any) -> str:
    """JSON values as text, without what a terminal would obey."""
    text = json.dumps(value, ensure_ascii=False, **form) + "\n"
    return HIDDEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def plain(value: Any) -> Any:
    """A record of plexus as JSON values."""
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, LineReview):
        return _line(value)
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, tuple | list):
        return [plain(v) for v in value]
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    return value


def _line(line: LineReview) -> dict[str, Any]:
    out = {f.name: plain(getattr(line, f.name)) for f in fields(line)}
    first = ["sequence", "iri", "code", "side", "policy", "recommendation", "basis", "next"]
    return {key: out[key] for key in [*first, *(k for k in out if k not in first)]}
