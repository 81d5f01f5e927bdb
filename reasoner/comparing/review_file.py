"""Reviews back from JSON, as ``plexus review --format json`` or ``jsonl`` writes them.

What does not fit the published form (``reasoner/review.schema.json``) is refused with every place that does not.
"""

from __future__ import annotations

import json
import sys
from dataclasses import MISSING, fields, is_dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from reasoner import resources
from reasoner.comparing.json_schema import Misfit, misfits
from reasoner.errors import ReviewFileError
from reasoner.model import Review

MAX_BYTES = 256 * 1024 * 1024
SHOWN = 8
"""How many misfits of one review are told at most."""

FORM = "https://w3id.org/plexus/review/"
OLDER: dict[str, frozenset[str]] = {
    FORM + "1.0": frozenset({"rule", "anchor", "start", "end", "sha256", "meaning", "needed", "interactions"}),
    FORM + "1.1": frozenset({"needed", "interactions"}),
}
"""Earlier forms that are still read, each with the keys that it did not have yet."""

_CURE = "Write it with plexus review --format json."


def read_reviews(source: str | Path, *, name: str | None = None) -> tuple[Review, ...]:
    """The reviews of a file, or of standard input (``-``).

    Raises:
        ReviewFileError: it cannot be read, is not JSON, or holds something else than reviews.
    """
    label = name or ("standard input" if str(source) == "-" else str(source))
    return tuple(_review(value, f"{label}{place}") for place, value in _values(_text(source, label), label))


def _text(source: str | Path, label: str) -> str:
    try:
        data = sys.stdin.buffer.read(MAX_BYTES + 1) if str(source) == "-" else Path(source).read_bytes()
    except OSError as error:
        raise ReviewFileError(label, f"cannot be read: {error.strerror}.", "Check the path.") from error
    if len(data) > MAX_BYTES:
        raise ReviewFileError(label, f"is larger than {MAX_BYTES // 1024 // 1024} MiB.", "Compare fewer reviews.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ReviewFileError(label, "is not UTF-8 text.", _CURE) from error
    if not text.strip():
        raise ReviewFileError(label, "is empty.", _CURE)
    return text


def _values(text: str, label: str) -> list[tuple[str, Any]]:
    """The JSON values of a text, each with where it stands: one object, an array, or one object a line."""
    try:
        whole = json.loads(text, parse_constant=_refuse)
    except RecursionError as error:
        raise ReviewFileError(label, "is nested too deeply.", _CURE) from error
    except ValueError as error:
        lines = [(f", line {i}", line) for i, line in enumerate(text.split("\n"), 1) if line.strip()]
        if len(lines) < 2:
            raise ReviewFileError(label, f"is not JSON: {error}.", _CURE) from error
        return [(place, _line(line, f"{label}{place}")) for place, line in lines]
    if not isinstance(whole, list):
        return [("", whole)]
    if not whole:
        raise ReviewFileError(label, "holds no review.", _CURE)
    return [(f", review {i}", value) for i, value in enumerate(whole, 1)]


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is no number of JSON")


def _line(line: str, label: str) -> Any:
    try:
        return json.loads(line, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise ReviewFileError(label, f"is not JSON: {error}.", _CURE) from error


def _review(value: Any, label: str) -> Review:
    form = value.get("schema") if isinstance(value, dict) else None
    if not isinstance(form, str):
        raise ReviewFileError(label, "is no review: it names no schema.", _CURE)
    current = _schema()["properties"]["schema"]["const"]
    if form != current and form not in OLDER:
        known = ", ".join((*OLDER, current))
        raise ReviewFileError(label, f"is of the schema {form[:120]!r}, which is not read here.", f"Known: {known}.")
    lacking = OLDER.get(form, frozenset())
    found = [m for m in misfits(value, _schema()) if not _expected(m, lacking)]
    if found:
        more = f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
        told = "".join(f"\n  - {m}" for m in found[:SHOWN])
        raise ReviewFileError(label, f"does not fit {form}:{told}{more}", "")
    review: Review = _made(Review, value)
    return review


def _expected(misfit: Misfit, lacking: frozenset[str]) -> bool:
    """Whether a misfit only says that a review has an earlier form."""
    missing = misfit.what.removesuffix(" is missing.").strip("'")
    return bool(lacking) and (misfit.where == "schema" or missing in lacking)


@cache
def _schema() -> dict[str, Any]:
    schema: dict[str, Any] = json.loads(resources.schema_file("review").read_text(encoding="utf-8"))
    return schema


# ---- JSON values to records; that they fit is known by now -----------------------------------------


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _made(kind: Any, value: Any) -> Any:
    origin = get_origin(kind)
    if origin in (Union, UnionType):
        options = [k for k in get_args(kind) if k is not NoneType]
        return None if value is None else _made(options[0], value)
    if origin is tuple:
        return tuple(_made(get_args(kind)[0], v) for v in value)
    if isinstance(kind, type) and is_dataclass(kind):
        return kind(**{f.name: _field(kind, f, value) for f in fields(kind)})
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return kind(value)
    return value


def _field(kind: type, field: Any, value: dict[str, Any]) -> Any:
    hint = _hints(kind)[field.name]
    if field.name in value:
        return _made(hint, value[field.name])
    if field.default is not MISSING:
        return field.default
    return {str: "", int: 0}[hint]  # a key that an earlier form did not have
