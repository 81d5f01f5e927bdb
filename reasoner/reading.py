"""Bytes to triples: the only place where plexus reads what a stranger sends.

Nothing here opens a network connection or follows a reference: JSON-LD contexts come from the package,
``owl:imports`` is not followed, and XML with a document type is refused before it is parsed.
"""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from pyoxigraph import BlankNode, DefaultGraph, Literal, RdfFormat, Triple, parse

from reasoner import resources
from reasoner.errors import Fault, RequestError
from reasoner.triples import Spo, Term
from reasoner.vocabulary import XSD

MAX_BYTES = 64 * 1024 * 1024
MAX_TRIPLES = 200_000
MAX_BLANK_NODES = 2_000
MAX_ALIKE = 6
_EXPONENT = re.compile(r"[+-]?\d{1,15}(\.\d{0,15})?[eE][+-]?\d{1,2}")
"""Blank nodes that look alike: canonical naming tries their permutations, so more than this is refused."""

BASE_IRI = "urn:plexus:input"
CONTEXT_IRI = "https://w3id.org/plexus/context.jsonld"

FORMATS = {
    "turtle": RdfFormat.TURTLE,
    "ntriples": RdfFormat.N_TRIPLES,
    "jsonld": RdfFormat.JSON_LD,
    "rdfxml": RdfFormat.RDF_XML,
}
EXTENSIONS = {
    ".ttl": "turtle",
    ".nt": "ntriples",
    ".jsonld": "jsonld",
    ".json": "jsonld",
    ".rdf": "rdfxml",
    ".xml": "rdfxml",
    ".owl": "rdfxml",
}


@dataclass(frozen=True)
class Parsed:
    """What a file says: its name for messages, and its triples."""

    name: str
    triples: tuple[Spo, ...]


def read_triples(source: str | Path | bytes, *, name: str | None = None, format: str | None = None) -> Parsed:
    """The triples of a path, of bytes, or of standard input (``-``).

    Raises:
        RequestError: the input cannot be read; the fault says where and what to do.
    """
    label = name or _label(source)
    data = _bytes(source, label)
    text = _text(data, label)
    kind = format or _format(label, text)
    if kind not in FORMATS:
        raise _refused(label, label, f"{kind!r} is no format that plexus reads.", f"Use {', '.join(FORMATS)}.")
    if kind == "rdfxml" and ("<!DOCTYPE" in text or "<!ENTITY" in text):
        raise _refused(
            label, label, "the XML declares a document type.", "Remove the DOCTYPE and its entities; they are not read."
        )
    if kind == "jsonld":
        data = _with_shipped_context(text, label)
    triples = _parse(data, kind, label)
    _bounded(triples, label)
    return Parsed(label, tuple(dict.fromkeys(triples)))


def _label(source: str | Path | bytes) -> str:
    if isinstance(source, bytes):
        return "input"
    return "standard input" if str(source) == "-" else str(source)


def _bytes(source: str | Path | bytes, label: str) -> bytes:
    too_large = f"it is larger than {MAX_BYTES // 1024 // 1024} MiB."
    if isinstance(source, bytes):
        data = source
    elif str(source) == "-":
        data = sys.stdin.buffer.read(MAX_BYTES + 1)
    else:
        path = Path(source)
        try:
            if path.stat().st_size > MAX_BYTES:
                raise _refused(label, label, too_large, "Send one request a file.")
            data = path.read_bytes()
        except OSError as error:
            raise _refused(label, label, f"it cannot be read: {error.strerror}.", "Check the path.") from error
    if len(data) > MAX_BYTES:
        raise _refused(label, label, too_large, "Send one request a file.")
    if not data.strip():
        raise _refused(label, label, "it is empty.", "Start from `plexus template request`.")
    return data


def _text(data: bytes, label: str) -> str:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        where = f"{label}, byte {error.start}"
        raise _refused(label, where, "it is not UTF-8 text.", "Save it as UTF-8 Turtle or JSON-LD.") from error
    if "\0" in text:
        raise _refused(label, label, "it is binary.", "Send RDF as text (Turtle or JSON-LD).")
    return text


def _format(label: str, text: str) -> str:
    known = EXTENSIONS.get(Path(label).suffix.lower())
    if known:
        return known
    start = text.lstrip()[:200]
    if start.startswith(("{", "[{", "[\n")):
        return "jsonld"
    return "rdfxml" if start.startswith(("<?xml", "<rdf:RDF", "<!DOCTYPE")) else "turtle"


def _parse(data: bytes, kind: str, label: str) -> list[Spo]:
    out: list[Spo] = []
    try:
        for quad in parse(data, format=FORMATS[kind], base_iri=BASE_IRI):
            if not isinstance(quad.graph_name, DefaultGraph):
                raise _refused(label, label, "it has named graphs.", "Put the request into the default graph.")
            if isinstance(quad.object, Triple) or isinstance(quad.subject, Triple):
                raise _refused(label, label, "it has quoted triples.", "Write plain RDF 1.1.")
            out.append((quad.subject, quad.predicate, _plain_decimal(quad.object)))
            if len(out) > MAX_TRIPLES:
                raise _refused(label, label, f"it has more than {MAX_TRIPLES} triples.", "Send one request a file.")
    except SyntaxError as error:
        where = f"{label}:{error.lineno}:{error.offset}" if error.lineno else label
        raise _refused(label, where, f"it is not {kind}: {error.msg}.", "Correct the syntax there.") from error
    except (ValueError, OSError, RecursionError) as error:
        raise _refused(label, label, f"it is not {kind}: {error}.", "Correct the syntax.") from error
    return out


def _plain_decimal(term: Term) -> Term:
    """A decimal as XML Schema writes it: JSON-LD gives a number with a fraction the form of a double (3.5E0)."""
    if isinstance(term, Literal) and term.datatype == XSD.decimal and _EXPONENT.fullmatch(term.value):
        return Literal(f"{Decimal(term.value):f}", datatype=XSD.decimal)
    return term


# ---- JSON-LD contexts ------------------------------------------------------------------------------


def _with_shipped_context(text: str, label: str) -> bytes:
    try:
        document = json.loads(text)
        return json.dumps(_spliced(document, label)).encode()
    except json.JSONDecodeError as error:
        where = f"{label}:{error.lineno}:{error.colno}"
        raise _refused(label, where, f"it is not JSON: {error.msg}.", "Correct the syntax there.") from error
    except RecursionError:
        raise _refused(label, label, "it is nested too deeply.", "Flatten it.") from None


def _spliced(node: Any, label: str) -> Any:
    if isinstance(node, list):
        return [_spliced(item, label) for item in node]
    if not isinstance(node, dict):
        return node
    return {k: _context(v, label) if k == "@context" else _spliced(v, label) for k, v in node.items()}


def _context(context: Any, label: str) -> Any:
    if isinstance(context, list):
        return [_context(item, label) for item in context]
    if isinstance(context, str):
        if context in (CONTEXT_IRI, "context.jsonld"):
            return json.loads(resources.context_file().read_text(encoding="utf-8"))["@context"]
        cure = f"Use {CONTEXT_IRI}, which comes with plexus, or write the context into the file."
        raise _refused(label, "@context", f"the remote context {context[:200]!r} is not fetched.", cure)
    if isinstance(context, dict) and "@import" in context:
        raise _refused(label, "@context", "a context that imports another is not fetched.", "Write it out.")
    return context


# ---- Bounds on blank nodes -------------------------------------------------------------------------


def _bounded(triples: list[Spo], label: str) -> None:
    blank = {t for s, _, o in triples for t in (s, o) if isinstance(t, BlankNode)}
    if len(blank) > MAX_BLANK_NODES:
        raise _refused(label, label, f"it has more than {MAX_BLANK_NODES} blank nodes.", "Give nodes IRIs.")
    alike = _alike(triples, blank)
    if alike > MAX_ALIKE:
        raise _refused(
            label,
            label,
            f"{alike} blank nodes cannot be told apart.",
            "Give them IRIs, or leave out the repetitions, so that each can be named in the review.",
        )


def _alike(triples: list[Spo], blank: set[BlankNode]) -> int:
    """The size of the largest class of blank nodes that colour refinement cannot tell apart."""
    touching = [t for t in triples if isinstance(t[0], BlankNode) or isinstance(t[2], BlankNode)]
    colour: dict[Term, int] = dict.fromkeys(blank, 0)
    classes = 1 if blank else 0
    while True:
        around: dict[Term, list[tuple[Any, ...]]] = {b: [] for b in blank}
        for s, p, o in touching:
            if isinstance(s, BlankNode):
                around[s].append((0, p.value, colour.get(o, str(o))))
            if isinstance(o, BlankNode):
                around[o].append((1, p.value, colour.get(s, str(s))))
        keys = {b: (colour[b], *sorted(map(repr, around[b]))) for b in blank}
        names = {key: i for i, key in enumerate(sorted(set(keys.values()), key=repr))}
        colour = {b: names[keys[b]] for b in blank}
        if len(names) == classes or len(names) == len(blank):
            return max(Counter(colour.values()).values(), default=0)
        classes = len(names)


def _refused(label: str, where: str, what: str, cure: str) -> RequestError:
    return RequestError(label, (Fault(where, what, cure),))
