"""Regular expressions as SPARQL's REGEX understands them (XPath and XQuery functions 5.6.1), in terms of Python's."""

from __future__ import annotations

import re
from functools import lru_cache

from reasoner.errors import EngineError

_FLAGS = {"i": re.IGNORECASE, "s": re.DOTALL, "m": re.MULTILINE, "x": re.VERBOSE}


@lru_cache(maxsize=256)
def regex(pattern: str, flags: str) -> re.Pattern[str]:
    """The compiled pattern. ``q`` takes the pattern as plain text; ``x`` ignores white space in it.

    >>> bool(regex("a b", "ix").search("xABx"))
    True

    Raises:
        EngineError: it is no regular expression, or a flag is unknown.
    """
    unknown = set(flags) - set("ismxq")
    if unknown:
        raise EngineError(f"sh:flags {flags!r}: {', '.join(sorted(unknown))} is no flag; known: i, s, m, x, q.")
    if "q" in flags:
        pattern = re.escape(pattern)
    elif "x" in flags:
        pattern = "".join(pattern.split())  # only white space goes; a # stays a character
    number = 0
    for flag in flags.replace("q", "").replace("x", ""):
        number |= _FLAGS[flag]
    try:
        return re.compile(pattern, number)
    except re.error as error:
        raise EngineError(f"sh:pattern {pattern!r} is no regular expression: {error}.") from error
