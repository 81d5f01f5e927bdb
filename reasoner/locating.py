"""Where in a Turtle file something is said: the file and the line of a node, or of one of its properties.

RDF knows no lines, so the text is read a second time, as tokens. Nothing is checked here: a text that is no Turtle
gives what can be told of it, and the parser says what is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from reasoner.triples import RDF_TYPE
from reasoner.vocabulary import compact

_TOKEN = re.compile(
    r"""
    (?P<comment>\#[^\n]*)
  | (?P<text>\"{3}(?:[^"\\]|\\.|\"{1,2}(?!\"))*\"{3} | '{3}(?:[^'\\]|\\.|'{1,2}(?!'))*'{3}
           | "(?:[^"\\\n]|\\.)*" | '(?:[^'\\\n]|\\.)*')
  | (?P<iri><[^<>"{}|^`\\\s]*>)
  | (?P<sign>[;,.\[\](){}])
  | (?P<word>[^\s"'<>;,\[\](){}\#]+)
    """,
    re.VERBOSE | re.DOTALL,
)
_OPEN, _CLOSE = "[({", "])}"


@dataclass(frozen=True)
class Location:
    """A line of a file, from 1."""

    file: Path
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True)
class Text:
    """A literal as it stands in a file: its first line, and the property of the statement in which it stands."""

    line: int
    prop: str
    value: str


@dataclass
class Statement:
    """One statement of a Turtle text: subject (an IRI), first and last line, its properties with theirs, literals."""

    subject: str
    first: int
    last: int
    properties: dict[str, tuple[int, int]] = field(default_factory=dict)
    texts: list[Text] = field(default_factory=list)


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    line: int


def statements(text: str) -> tuple[Statement, ...]:
    r"""The statements of a Turtle text about named nodes, in the order in which they stand there.

    >>> found = statements("@prefix a: <urn:a#> .\n\na:b\n    a:c 1 ;\n    a:d 'x' .")
    >>> [(s.subject, s.first, s.last, s.properties) for s in found]
    [('urn:a#b', 3, 5, {'urn:a#c': (4, 4), 'urn:a#d': (5, 5)})]
    """
    prefixes: dict[str, str] = {}
    out = []
    for tokens in _split(_tokens(text)):
        if tokens[0].text.lower() in ("@prefix", "prefix"):
            if len(tokens) > 2:
                prefixes[tokens[1].text] = tokens[2].text.strip("<>")
        elif tokens[0].kind in ("iri", "word"):
            out.append(_statement(tokens, prefixes))
    return tuple(out)


def _tokens(text: str) -> Iterator[_Token]:
    line, at = 1, 0
    for match in _TOKEN.finditer(text):
        line += text.count("\n", at, match.start())
        at = match.start()
        kind = match.lastgroup or ""
        if kind == "word" and match.group().endswith("."):
            yield _Token(kind, match.group().rstrip("."), line)
            yield _Token("sign", ".", line)
        elif kind != "comment":
            yield _Token(kind, match.group(), line)


def _split(tokens: Iterable[_Token]) -> Iterator[list[_Token]]:
    """Tokens by statement, the full stop at its end included; a PREFIX as in SPARQL has none."""
    depth = 0
    here: list[_Token] = []
    for token in tokens:
        if token.kind == "sign":
            depth += (token.text in _OPEN) - (token.text in _CLOSE)
        if token.kind == "sign" and token.text == "." and depth <= 0:
            if here:
                yield [*here, token]
            here, depth = [], 0
            continue
        here.append(token)
        if here[0].text.lower() == "prefix" and len(here) == 3:
            yield here
            here = []
    if here:
        yield here


def _statement(tokens: list[_Token], prefixes: Mapping[str, str]) -> Statement:
    out = Statement(_iri(tokens[0], prefixes), tokens[0].line, tokens[-1].line)
    depth, prop = 0, ""
    expected = True
    for token in tokens[1:]:
        if token.kind == "sign":
            depth += (token.text in _OPEN) - (token.text in _CLOSE)
            expected = expected or (token.text == ";" and depth == 0)
        elif expected and depth == 0:
            prop, expected = _iri(token, prefixes), False
            out.properties.setdefault(prop, (token.line, token.line))
        elif token.kind == "text":
            out.texts.append(Text(token.line, prop, _unquoted(token.text)))
        if prop:
            first, _ = out.properties[prop]
            out.properties[prop] = (first, token.line + token.text.count("\n"))
    return out


def _iri(token: _Token, prefixes: Mapping[str, str]) -> str:
    if token.kind == "iri":
        return token.text[1:-1]
    if token.text == "a":
        return RDF_TYPE.value
    prefix, colon, name = token.text.partition(":")
    return prefixes[prefix + ":"] + name.replace("\\", "") if colon and prefix + ":" in prefixes else token.text


def _unquoted(text: str) -> str:
    marks = 3 if text[:3] in ('"""', "'''") else 1
    return text[marks:-marks]


def read(path: Path) -> tuple[Statement, ...]:
    """The statements of a file; none where it cannot be read as text."""
    try:
        return statements(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError):
        return ()


def locate(files: Iterable[Path], node: str, prop: str = "") -> Location | None:
    """Where a node is described: the line of the property where it has it, else the first line about the node.

    Args:
        files: Turtle files, looked through in this order.
        node: an IRI, or a name such as an error gives it (``p0587:policy``).
        prop: the IRI of a property, where one is meant.
    """
    best: Location | None = None
    for path in files:
        for statement in read(path):
            if node not in (statement.subject, compact(statement.subject)):
                continue
            if prop in statement.properties:
                return Location(path, statement.properties[prop][0])
            best = best or Location(path, statement.first)
    return best
