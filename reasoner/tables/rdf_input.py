"""Files and folders of RDF requests as chunks of the nested table."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from pyoxigraph import RdfFormat, parse

from reasoner.errors import Fault, RequestError
from reasoner.reading import EXTENSIONS, MAX_BYTES, read_triples
from reasoner.tables.chunks import Pending, Reading
from reasoner.tables.optional import arrow
from reasoner.tables.rdf_rows import RequestRow, row_of
from reasoner.tables.rejected import Rejection, rejections
from reasoner.tables.schema import nested_schema
from reasoner.triples import Node, Spo, Triples
from reasoner.vocabulary import CLIN, COV

_MEMORY = 25
"""How many bytes of memory a byte of N-Triples takes as triples, roughly."""


def is_rdf(path: Path) -> bool:
    """Whether a path is a file of RDF, or a folder that holds some."""
    return path.suffix.lower() in EXTENSIONS if path.is_file() else any(True for _ in _files(path))


def _files(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
    else:
        yield from sorted(p for p in path.rglob("*") if p.suffix.lower() in EXTENSIONS and p.is_file())


def rdf_chunks(path: Path, reading: Reading) -> Iterator[Pending]:
    """The chunks of a file or folder, in the order of the names of files.

    A file that cannot be read is rejected, and so is a request whose identifier an earlier one had.
    """
    found = _once(request_rows(path, reading))
    while rows := list(islice(found, reading.rows)):
        yield Pending(partial(_made, rows, reading))


def _made(rows: list[tuple[str, RequestRow]], reading: Reading) -> tuple[Any, tuple[Rejection, ...]]:
    good = [r.row for _, r in rows if r.row is not None]
    table = arrow().Table.from_pylist(good, schema=nested_schema(reading.schema))
    bad = (rejections(r.identifier, r.faults, r.lines, source) for source, r in rows if r.row is None)
    return table, tuple(one for some in bad for one in some)


def _once(rows: Iterator[tuple[str, RequestRow]]) -> Iterator[tuple[str, RequestRow]]:
    seen: dict[str, str] = {}
    for source, found in rows:
        first = seen.setdefault(found.identifier, source) if found.identifier is not None else source
        if found.row is not None and first != source:
            fault = Fault(source, f"{first} has a request of the same identifier.", "Give each request its own.")
            yield source, RequestRow(found.identifier, None, (fault,), found.lines)
        else:
            yield source, found


def request_rows(path: Path, reading: Reading) -> Iterator[tuple[str, RequestRow]]:
    """Each request of a file or folder as a row, with the name of its file."""
    for file in _files(path):
        source = str(file.relative_to(path)) if path.is_dir() else file.name
        try:
            triples = _triples(file, reading.memory)
        except RequestError as error:
            yield source, RequestRow(None, None, error.faults, 0)
            continue
        requests = triples.instances(COV.Request)
        if not requests:
            fault = Fault(source, "no node is a cov:Request.", "Type the request; see `plexus template request`.")
            yield source, RequestRow(None, None, (fault,), 0)
        for n, (request, part) in enumerate(_parts(triples, requests), 1):
            yield source if len(requests) == 1 else f"{source}#{n}", row_of(part, request, reading.knowledge)


def _triples(file: Path, memory: int) -> Triples:
    if EXTENSIONS[file.suffix.lower()] != "ntriples":
        return Triples(read_triples(file).triples)
    size = file.stat().st_size
    if size * _MEMORY > max(memory, MAX_BYTES):
        cure = "Split it by requests, give more --memory, or give a table."
        raise RequestError(str(file), (Fault(file.name, "it is too large to be read at once.", cure),))
    return Triples(_streamed(file))


def _streamed(file: Path) -> Iterator[Spo]:
    """The triples of an N-Triples file, which may hold many requests."""
    try:
        for quad in parse(path=file, format=RdfFormat.N_TRIPLES):
            yield quad.subject, quad.predicate, quad.object
    except (OSError, SyntaxError, ValueError) as error:
        where = f"{file.name}:{error.lineno}" if isinstance(error, SyntaxError) and error.lineno else file.name
        fault = Fault(where, "it is not N-Triples.", "Correct the syntax there.")
        raise RequestError(str(file), (fault,)) from error


def _parts(triples: Triples, requests: list[Node]) -> Iterator[tuple[Node, Triples]]:
    """The triples of each request: what it reaches, and the evidence about it, as intake takes them apart."""
    if len(requests) == 1:
        yield requests[0], triples
        return
    others = set(requests)
    for request in requests:
        seen: dict[Node, None] = {}
        queue: list[Node] = [request]
        while queue:
            node = queue.pop()
            if node in seen or (node in others and node != request):
                continue
            seen[node] = None
            for prop in triples.predicates(node):
                queue += [n for n in triples.nodes(node, prop) if triples.predicates(n)]
            queue += triples.subjects(COV.about, node)
            queue += triples.subjects(CLIN.hasFinding, node)
        yield request, Triples((n, p, o) for n in seen for p in triples.predicates(n) for o in triples.objects(n, p))
