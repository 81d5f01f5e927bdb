"""Whether JSON fits a schema, by the keywords that the published schemas of plexus use, and where it does not.

A full JSON Schema library is no dependency of plexus; the tests hold this module against one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

ANNOTATIONS = {"$schema", "$id", "$defs", "title", "description"}
STRUCTURE = {"type", "properties", "required", "additionalProperties", "items"}


@dataclass(frozen=True)
class Misfit:
    """One place where a value does not fit: where (``lines[0].code``), and what is wrong."""

    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.where or 'the whole'}: {self.what}"


def misfits(value: Any, schema: Mapping[str, Any]) -> Iterator[Misfit]:
    """Every place where a value does not fit a schema, in the order of the value.

    Raises:
        NotImplementedError: the schema uses a keyword that this module does not know.
    """
    yield from _misfits(value, schema, schema, "")


def _misfits(value: Any, schema: Mapping[str, Any], root: Mapping[str, Any], where: str) -> Iterator[Misfit]:
    if "$ref" in schema:
        name = schema["$ref"].removeprefix("#/$defs/")
        yield from _misfits(value, root["$defs"][name], root, where)
        return
    if "oneOf" in schema:
        yield from _one_of(value, schema["oneOf"], root, where)
        return
    wrong = _wrong_kind(value, schema.get("type"))
    if wrong:
        yield Misfit(where, wrong)
        return
    yield from _simple(value, schema, where)
    if isinstance(value, dict):
        yield from _object(value, schema, root, where)
    elif isinstance(value, list) and "items" in schema:
        for i, item in enumerate(value):
            yield from _misfits(item, schema["items"], root, f"{where}[{i}]")


def _simple(value: Any, schema: Mapping[str, Any], where: str) -> Iterator[Misfit]:
    for keyword, limit in schema.items():
        if keyword in ANNOTATIONS or keyword in STRUCTURE:
            continue
        if keyword not in CHECKS:
            raise NotImplementedError(f"The keyword {keyword!r} of a schema is not known.")
        if not CHECKS[keyword](value, limit):
            yield Misfit(where, WORDS[keyword].format(limit=_shown(limit), value=_shown(value)))


def _object(value: dict[str, Any], schema: Mapping[str, Any], root: Mapping[str, Any], where: str) -> Iterator[Misfit]:
    known = schema.get("properties", {})
    for key in schema.get("required", ()):
        if key not in value:
            yield Misfit(where, f"{key!r} is missing.")
    others = schema.get("additionalProperties", True)
    for key, item in value.items():
        place = f"{where}.{key}" if where else key
        if key in known:
            yield from _misfits(item, known[key], root, place)
        elif others is False:
            yield Misfit(place, "it is not known.")
        elif isinstance(others, dict):
            yield from _misfits(item, others, root, place)


def _one_of(value: Any, options: list[Mapping[str, Any]], root: Mapping[str, Any], where: str) -> Iterator[Misfit]:
    found = [list(_misfits(value, option, root, where)) for option in options]
    if sum(not faults for faults in found) == 1:
        return
    # The option of the same kind tells most about what is wrong.
    closest = max(found, key=lambda faults: max((len(f.where) for f in faults), default=0))
    yield from closest or [Misfit(where, "it fits several forms.")]


KINDS: dict[str, Callable[[Any], bool]] = {
    "null": lambda v: v is None,
    "boolean": lambda v: isinstance(v, bool),
    "integer": lambda v: isinstance(v, int) and not isinstance(v, bool) or isinstance(v, float) and v.is_integer(),
    "number": lambda v: isinstance(v, int | float) and not isinstance(v, bool),
    "string": lambda v: isinstance(v, str),
    "array": lambda v: isinstance(v, list),
    "object": lambda v: isinstance(v, dict),
}
NAMES = {
    "null": "null",
    "boolean": "true or false",
    "integer": "a whole number",
    "number": "a number",
    "string": "a text",
    "array": "a list",
    "object": "an object",
}


def _wrong_kind(value: Any, kinds: str | list[str] | None) -> str:
    if kinds is None:
        return ""
    wanted = [kinds] if isinstance(kinds, str) else kinds
    if any(KINDS[k](value) for k in wanted):
        return ""
    return f"it is {_shown(value)}, not {' or '.join(NAMES[k] for k in wanted)}."


def _is_day(value: Any, form: str) -> bool:
    if form != "date":
        raise NotImplementedError(f"The format {form!r} of a schema is not known.")
    try:
        return not isinstance(value, str) or len(value) == 10 and date.fromisoformat(value) is not None
    except ValueError:
        return False


def _same(value: Any, other: Any) -> bool:
    return type(value) is type(other) and bool(value == other)


CHECKS: dict[str, Callable[[Any, Any], bool]] = {
    "const": _same,
    "enum": lambda v, options: any(_same(v, o) for o in options),
    "format": _is_day,
    "maxItems": lambda v, n: not isinstance(v, list) or len(v) <= n,
    "minItems": lambda v, n: not isinstance(v, list) or len(v) >= n,
    "minLength": lambda v, n: not isinstance(v, str) or len(v) >= n,
    "minimum": lambda v, n: isinstance(v, bool) or not isinstance(v, int | float) or v >= n,
    "pattern": lambda v, p: not isinstance(v, str) or re.search(p, v) is not None,
}
WORDS = {
    "const": "it is {value}, not {limit}.",
    "enum": "it is {value}, none of {limit}.",
    "format": "{value} is no day (YYYY-MM-DD).",
    "maxItems": "it has more than {limit} items.",
    "minItems": "it has fewer than {limit} items.",
    "minLength": "it is shorter than {limit} characters.",
    "minimum": "it is {value}, below {limit}.",
    "pattern": "{value} is not of the form {limit}.",
}


def _shown(value: Any) -> str:
    """A value in a message: short, and a list or object by its kind only."""
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return ", ".join(map(_shown, value)) if len(value) < 12 else "a list"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 80 else text[:79] + "…"
