r"""Regular expressions as SPARQL's REGEX understands them (XPath functions 5.6.1, XML Schema), in terms of Python's.

Two readings are wider than the standard, as in other engines: ``\w`` is a letter, digit or underscore, and what only
Python knows (looking ahead, ``\b``) is taken as Python takes it.
"""

from __future__ import annotations

import re
import sys
import unicodedata
from collections.abc import Callable
from functools import lru_cache

from reasoner.errors import EngineError

_FLAGS = {"i": re.IGNORECASE, "s": re.DOTALL, "m": re.MULTILINE}
_SPACE = " \\t\\n\\r"
_NAME_START = ":A-Z_a-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u02ff\u0370-\u037d\u037f-\u1fff\u200c\u200d\u2070-\u218f"
_NAME_START += "\u2c00-\u2fef\u3001-\ud7ff\uf900-\ufdcf\ufdf0-\ufffd\U00010000-\U000effff"
_NAME = _NAME_START + "\\-.0-9\u00b7\u0300-\u036f\u203f\u2040"
_CLASSES = {"s": _SPACE, "i": _NAME_START, "c": _NAME}
_TOKEN = re.compile(r"\\[pP]\{(?P<category>[^}]*)\}|\\.|.", re.DOTALL)


@lru_cache(maxsize=256)
def regex(pattern: str, flags: str) -> re.Pattern[str]:
    r"""The compiled pattern. ``q`` takes the pattern as plain text; ``x`` ignores white space in it.

    >>> bool(regex("a b", "ix").search("xABx")), bool(regex("^a$", "").search("a\n"))
    (True, False)
    >>> bool(regex(r"^\p{Lu}[a-z-[aeiou]]$", "").fullmatch("Äb")), bool(regex("[a-z-[aeiou]]", "").search("e"))
    (True, False)

    Raises:
        EngineError: it is no regular expression, or a flag is unknown.
    """
    unknown = set(flags) - set("ismxq")
    if unknown:
        raise EngineError(f"sh:flags {flags!r}: {', '.join(sorted(unknown))} is no flag; known: i, s, m, x, q.")
    number = 0
    for flag in set(flags) & _FLAGS.keys():
        number |= _FLAGS[flag]
    try:
        translated = re.escape(pattern) if "q" in flags else _Translation(pattern, flags).text()
        return re.compile(translated, number)
    except (re.error, ValueError) as error:
        raise EngineError(f"sh:pattern {pattern!r} is no regular expression: {error}.") from error


class _Translation:
    """A pattern token by token; what Python reads alike stays as it is."""

    def __init__(self, pattern: str, flags: str) -> None:
        self.tokens = [(m[0], m["category"]) for m in _TOKEN.finditer(pattern)]
        self.flags = flags
        self.at = 0

    def text(self) -> str:
        out = []
        while self.at < len(self.tokens):
            token, category = self._next()
            if token == "[":
                out.append(self._class())
            elif token[0] == "\\":
                out.append(self._escape(token, category, inside=False))
            elif not ("x" in self.flags and token in " \t\n\r"):
                out.append(self._plain(token))
        return "".join(out)

    def _next(self) -> tuple[str, str | None]:
        self.at += 1
        return self.tokens[self.at - 1]

    def _peek(self) -> str:
        return self.tokens[self.at][0] if self.at < len(self.tokens) else ""

    def _plain(self, token: str) -> str:
        if token == "." and "s" not in self.flags:
            return "[^\\n\\r]"
        return "\\Z" if token == "$" and "m" not in self.flags else token

    def _class(self) -> str:
        """A character class, after its bracket; what is taken away from it becomes a look ahead."""
        out, less = "", ""
        if self._peek() == "^":
            out += self._next()[0]
        while True:
            if self.at >= len(self.tokens):
                raise ValueError("a character class does not end")
            token, category = self._next()
            if token == "]" and out not in ("", "^"):
                return f"{less}[{out}]"
            if token == "-" and self._peek() == "[":
                self._next()
                less = f"(?!{self._class()})"
            elif token[0] == "\\":
                out += self._escape(token, category, inside=True)
            else:
                out += "\\" + token if token in "[&|~" else token

    def _escape(self, token: str, category: str | None, *, inside: bool) -> str:
        name = token[1:2]
        if category is not None:
            found = _of_category(category, inverted=name == "P")
        elif name in _CLASSES:
            found = _CLASSES[name]
        elif name.lower() in _CLASSES:
            if not inside:
                return f"[^{_CLASSES[name.lower()]}]"
            found = _ranges(_outside(_CLASSES[name.lower()]))
        else:
            return token
        return found if inside else f"[{found}]"


def _outside(members: str) -> Callable[[str], bool]:
    inside = re.compile(f"[{members}]").match
    return lambda character: inside(character) is None


@lru_cache(maxsize=64)
def _of_category(name: str, *, inverted: bool) -> str:
    """The characters of a Unicode general category, or all others, as ranges of a character class."""
    if not re.fullmatch("L[ultmo]?|M[nce]?|N[dlo]?|P[cdseifo]?|Z[slp]?|S[mcko]?|C[cfon]?", name):
        raise ValueError(f"{name} is no general category of characters (blocks are not known)")
    return _ranges(lambda character: unicodedata.category(character).startswith(name) is not inverted)


def _ranges(belongs: Callable[[str], bool]) -> str:
    out, first = [], None
    for number in range(sys.maxunicode + 2):
        if number <= sys.maxunicode and belongs(chr(number)):
            first = number if first is None else first
        elif first is not None:
            out.append(f"\\U{first:08x}-\\U{number - 1:08x}")
            first = None
    return "".join(out)
