"""The text of a SPARQL query: what kind of query it is, what may not stand in it, and its errors in plain words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from reasoner.errors import QueryError

# What may stand in a query besides its words: comments, strings and IRIs, in which a word means nothing.
_OPAQUE = re.compile(
    r"""<[^<>"{}|^`\\\x00-\x20]*> | \#[^\n\r]*
    | \"\"\"(?:[^\"\\]|\\.|\"(?!\"\"))*\"\"\" | '''(?:[^'\\]|\\.|'(?!''))*'''
    | \"(?:[^\"\\\n\r]|\\.)*\" | '(?:[^'\\\n\r]|\\.)*'""",
    re.X | re.S,
)
_SERVICE = re.compile(r"(?<![\w?$:-])SERVICE(?![\w-])", re.I)
_PROLOGUE = re.compile(r"^\s*(?:(?:PREFIX\s+[^\s:]*:|BASE)\s*<[^<>]*>\s*)*", re.I)
_READING = ("SELECT", "ASK", "CONSTRUCT", "DESCRIBE")
_CHANGING = ("INSERT", "DELETE", "WITH", "LOAD", "CLEAR", "DROP", "CREATE", "ADD", "MOVE", "COPY")
_NAME = re.compile(r"(?<![\w?$:@.-])([A-Za-z][\w-]*|):([\w-](?:[\w.:-]*[\w:-])?)?")
_DECLARED = re.compile(r"\bPREFIX\s+([^\s:]*):\s*<([^<>]*)>", re.I)


def verb(text: str) -> str:
    """The first word of a query after comments and prefixes, in capitals; empty where there is none.

    >>> verb("PREFIX a: <urn:a#> select * {}")
    'SELECT'
    """
    first = re.match(r"[A-Za-z]+", _PROLOGUE.sub("", _OPAQUE.sub(_but_iris, text), count=1))
    return first[0].upper() if first else ""


def _but_iris(found: re.Match[str]) -> str:
    return found[0] if found[0].startswith("<") else " "


def is_query(text: str) -> bool:
    """Whether a text is meant as SPARQL: it begins with a verb of the language, or has a group in braces."""
    return verb(text) in (*_READING, "PREFIX", "BASE") or "{" in text or is_update(text)


def is_update(text: str) -> bool:
    """Whether a text begins as an update does, which is more than its first word: a question may begin with "add"."""
    follows = r"\s+(DATA|WHERE|SILENT|ALL|DEFAULT|NAMED|GRAPH|INTO)\b|\s*[{<]|\s+[\w-]*:"
    bare = _OPAQUE.sub(_but_iris, text)
    return verb(text) in _CHANGING and re.search(rf"\b{verb(text)}({follows})", bare, re.I) is not None


def refuse(query: str) -> None:
    """Refuse what asks another server or changes the graph, with a message that says so.

    The message is a courtesy: the worker has no way to reach a server, and its engine runs no update.

    Raises:
        QueryError: the query is an update, or the word SERVICE stands in it as a word of the language.
    """
    if verb(query) in _CHANGING:
        raise QueryError(
            f"{verb(query)} is not allowed: nothing can be changed or fetched. Begin with SELECT, ASK, CONSTRUCT or "
            "DESCRIBE."
        )
    if _SERVICE.search(_OPAQUE.sub(" ", query)):
        raise QueryError("SERVICE is not allowed: a query reads what is here and asks no other server.")


def bound(query: str, terms: Mapping[str, str]) -> str:
    """A query with variables replaced by terms (as N-Triples writes them), outside strings, IRIs and comments.

    >>> bound('SELECT ?x { ?x rdfs:label ?name } # ?name', {"name": '"a"'})
    'SELECT ?x { ?x rdfs:label "a" } # ?name'
    """
    if not terms:
        return query
    variable = re.compile(rf"[?$]({'|'.join(map(re.escape, terms))})(?!\w)")
    out, at = [], 0
    for opaque in _OPAQUE.finditer(query):
        out.append(variable.sub(lambda v: terms[v[1]], query[at : opaque.start()]) + opaque[0])
        at = opaque.end()
    return "".join([*out, variable.sub(lambda v: terms[v[1]], query[at:])])


def iris(query: str, prefixes: Mapping[str, str]) -> tuple[str, ...]:
    """The IRIs that a query names, in angle brackets or by prefix, each once and in order."""
    known = {**prefixes, **{p: iri for p, iri in _DECLARED.findall(query)}}
    return tuple(dict.fromkeys(_iris(_DECLARED.sub(" ", query), known)))


def _iris(query: str, known: Mapping[str, str]) -> Iterator[str]:
    at = 0
    for opaque in [*_OPAQUE.finditer(query), None]:
        end = opaque.start() if opaque else len(query)
        for prefix, local in _NAME.findall(query[at:end]):
            if prefix in known and local:
                yield known[prefix] + local
        if opaque and opaque[0].startswith("<"):
            yield opaque[0][1:-1]
        at = opaque.end() if opaque else end


def unknown_prefixes(query: str, prefixes: Mapping[str, str]) -> tuple[str, ...]:
    """The prefixes that a query uses and nobody declares."""
    known = {*prefixes, *(p for p, _ in _DECLARED.findall(query)), "_"}
    bare = _OPAQUE.sub(" ", _DECLARED.sub(" ", query))
    return tuple(dict.fromkeys(p for p, _ in _NAME.findall(bare) if p not in known))


def plain(message: str, query: str, prefixes: Mapping[str, str]) -> str:
    """What the engine says of a query that it cannot read, without the classes of characters in it.

    Args:
        message: what the engine says, such as ``error at 1:22: expected one of "!", ['a'..='z']``.
        query: the query.
        prefixes: those that need no declaration.
    """
    if "Prefix not found" in message and (unknown := unknown_prefixes(query, prefixes)):
        names = ", ".join(f"{p}:" for p in unknown)
        return f"That is not a SPARQL query: nobody declares the prefix {names}. Known: {', '.join(sorted(prefixes))}."
    place = re.match(r"error at (\d+):(\d+)", message)
    where = f" at line {place[1]}, column {place[2]}" if place else ""
    told = re.search(r"(The SELECT [\w ]+|[A-Z]\w+ parsing failed|[A-Z][\w ]+ (?:already|not|must) [\w ]+)", message)
    if told:
        return f"That is not a SPARQL query{where}: {told[1].strip()}."
    words = [w for w in re.findall(r'"([^"]+)"|\b([A-Z]{2,})\b', re.sub(r"\[[^\]]*\]", " ", message))]
    wanted = list(dict.fromkeys(a or b for a, b in words))
    hint = f": expected {' or '.join(wanted)}" if 0 < len(wanted) <= 4 else ""
    return f"That is not a SPARQL query{where}{hint}."
