"""N-Triples to columns without a Python object for each triple.

Most lines of most files have one form: three terms, one space between them, no escapes. Such lines are cut at their
spaces, and each different text is looked at once. Whatever has another form (escapes, comments, tabs, language tags in
capitals, unusual IRIs) is given to pyoxigraph, so that what is an error there is one here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from pyoxigraph import BlankNode, Literal, NamedNode, RdfFormat, parse

from reasoner.columnar.algebra import Term
from reasoner.columnar.blocks import Block, Terms
from reasoner.columnar.graph import Edges, Graph
from reasoner.errors import EngineError
from reasoner.spans import distinct
from reasoner.tables.optional import arrow, compute
from reasoner.triples import Spo
from reasoner.vocabulary import XSD

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    Bools = NDArray[np.bool_]
    Ids = NDArray[np.int32]

NAMES, OTHERS = 0, 1
"""The blocks of the graph: IRIs, and literals with blank nodes."""
DENSE = 0.5
"""From this share of a block on, a property with one object at most is kept as an array over the block."""
_SPACE, _NEWLINE, _DOT = 32, 10, 46

# A narrow view of what an IRI is: pyoxigraph decides on all others.
_CHARS = r"(?:[A-Za-z0-9._~!$&'()*+,;=:@/?-]|%[0-9A-Fa-f]{2})*"
_IRI = rf"<(?:https?://[A-Za-z0-9.-]+(?:[/?]{_CHARS})?|urn:[A-Za-z0-9]+:{_CHARS})(?:#{_CHARS})?>"
_BLANK = r"_:[A-Za-z][A-Za-z0-9]*"
_LITERAL = rf'"[^"\\\n\r]*"(?:@[a-z]{{2,3}}|\^\^{_IRI})?'
_SUBJECT, _PREDICATE = rf"\A(?:{_IRI}|{_BLANK})\z", rf"\A {_IRI}\z"
_OBJECT_NODE, _OBJECT_LITERAL = rf"\A (?:{_IRI}|{_BLANK}) \.\n\z", rf"\A {_LITERAL} \.\n\z"
_PLAIN_STRING = f"^^<{XSD.string.value}> .\n"


@dataclass(frozen=True)
class Names:
    """A block of IRIs; each becomes a term when it is looked at."""

    texts: pa.Array
    """The IRIs in angle brackets."""
    _terms: dict[int, NamedNode] = field(default_factory=dict, repr=False)

    @property
    def size(self) -> int:
        """How many there are."""
        return len(self.texts)

    @property
    def alike(self) -> NamedNode:
        """Some IRI."""
        return NamedNode("urn:plexus:name")

    @cached_property
    def _written(self) -> Sequence[str]:
        written: Sequence[str] = self.texts.to_pylist()
        return written

    @cached_property
    def _index(self) -> dict[str, int]:
        return {text: i for i, text in enumerate(self._written)}

    def find(self, term: Term) -> int | None:
        """The number of an IRI, if it is in the block."""
        return self._index.get(f"<{term.value}>") if isinstance(term, NamedNode) else None

    def term(self, number: int) -> NamedNode:
        """The IRI of a number."""
        found = self._terms.get(number)
        if found is None:
            found = self._terms[number] = NamedNode(self._written[number][1:-1])
        return found

    @cached_property
    def order_keys(self) -> tuple[NDArray[np.int8], NDArray[np.float64]]:
        """See :class:`reasoner.columnar.graph.Block`; IRIs are not compared."""
        import numpy as np

        return np.zeros(self.size, np.int8), np.zeros(self.size)


@dataclass(frozen=True)
class _Places:
    """Where terms stand: the block, and the number in it."""

    blocks: NDArray[np.int8]
    numbers: Ids

    def at(self, which: Ids) -> _Places:
        return _Places(self.blocks[which], self.numbers[which])

    def and_also(self, others: _Places) -> _Places:
        import numpy as np

        blocks = np.concatenate((self.blocks, others.blocks))
        return _Places(blocks, np.concatenate((self.numbers, others.numbers)))


def graph_of_ntriples(text: bytes, named: Iterable[Term] = ()) -> Graph:
    """The triples of N-Triples text as a graph of two blocks: IRIs, and literals with blank nodes.

    Args:
        text: N-Triples in UTF-8.
        named: terms that are looked at although nothing may be said of them.

    Raises:
        SyntaxError: the text is not N-Triples; it names the line.
        EngineError: a triple has a triple as its object.
        TableError: pyarrow is not installed.
    """
    import numpy as np

    segments = _segments(text)
    pieces, places_in = _distinct(segments)
    forms = _forms(pieces)
    s, p, o = places_in.reshape(-1, 3).T
    plain = forms.subject[s] & forms.predicate[p] & (forms.node[o] | forms.literal[o])
    unusual = _unusual(segments, np.flatnonzero(~plain))
    s, p, o = s[plain], p[plain], o[plain]

    wanted = [NamedNode(t.value) for t in named if isinstance(t, NamedNode)]
    iris = [t for triple in unusual for t in (triple[0], triple[2]) if isinstance(t, NamedNode)]
    found, names = _names(pieces, forms, [*iris, *wanted])
    others = Terms()
    places = _placed(pieces, forms, found, others)
    for term in named:
        if not isinstance(term, NamedNode):
            others.add(term)
    predicates, numbers = _predicates(pieces, p, [t[1].value for t in unusual])
    subjects = places.at(s).and_also(_of_terms([t[0] for t in unusual], names, others))
    objects = places.at(o).and_also(_of_terms([t[2] for t in unusual], names, others))
    blocks: tuple[Block, ...] = (names, others)
    return Graph(blocks, _edges(predicates, numbers, subjects, objects, (names.size, others.size)))


# ---- Lines to pieces -------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Segments:
    """Three pieces a line, as offsets into the text; a line of another form is one piece behind two empty ones."""

    text: bytes
    offsets: NDArray[np.int64]

    def line(self, number: int) -> bytes:
        return self.text[self.offsets[3 * number] : self.offsets[3 * number + 3]]


def _segments(text: bytes) -> _Segments:
    import numpy as np

    text = text.replace(b"\r\n", b"\n") if b"\r" in text else text
    if not text.endswith(b"\n"):
        text += b"\n"
    signs = np.frombuffer(text, np.uint8)
    ends = np.flatnonzero(signs == _NEWLINE) + 1
    starts = np.concatenate(([0], ends[:-1]))
    spaces = np.concatenate((np.flatnonzero(signs == _SPACE), [len(text)] * 2))
    first = np.searchsorted(spaces, starts)
    one, two = spaces[first], spaces[np.minimum(first + 1, len(spaces) - 1)]
    fits = (two < ends - 3) & (signs[np.maximum(ends - 2, 0)] == _DOT) & (signs[np.maximum(ends - 3, 0)] == _SPACE)
    offsets = np.empty(3 * len(starts) + 1, np.int64)
    offsets[0:-1:3] = starts
    offsets[1::3] = np.where(fits, one, starts)
    offsets[2::3] = np.where(fits, two, starts)
    offsets[-1] = len(text)
    return _Segments(text, offsets)


def _distinct(segments: _Segments) -> tuple[pa.Array, Ids]:
    """The different pieces, and of each piece the number of its text."""
    pa = arrow()
    segments.text.decode()  # text that is no UTF-8 is refused here
    buffers = [None, pa.py_buffer(segments.offsets), pa.py_buffer(segments.text)]
    pieces = pa.Array.from_buffers(pa.large_string(), len(segments.offsets) - 1, buffers)
    coded = pieces.dictionary_encode()
    return coded.dictionary, coded.indices.to_numpy(zero_copy_only=False)


@dataclass(frozen=True)
class _Forms:
    """Of each piece, whether it can stand in a place of a plain line."""

    subject: Bools
    predicate: Bools
    node: Bools
    literal: Bools


def _forms(pieces: pa.Array) -> _Forms:
    pc = compute()

    def fit(pattern: str) -> Bools:
        found: Bools = pc.match_substring_regex(pieces, pattern).to_numpy(zero_copy_only=False)
        return found

    strings = pc.ends_with(pieces, _PLAIN_STRING).to_numpy(zero_copy_only=False)
    return _Forms(fit(_SUBJECT), fit(_PREDICATE), fit(_OBJECT_NODE), fit(_OBJECT_LITERAL) & ~strings)


def _unusual(segments: _Segments, lines: NDArray[np.int64]) -> list[Spo]:
    """The triples of the lines that have another form."""
    try:
        return list(_parsed(b"".join(segments.line(n) for n in lines.tolist())))
    except SyntaxError:
        for number in lines.tolist():
            try:
                list(_parsed(segments.line(number)))
            except SyntaxError as error:
                raise SyntaxError(f"Line {number + 1}: {error.msg}") from error
        raise


def _parsed(text: bytes) -> Iterator[Spo]:
    for quad in parse(text, format=RdfFormat.N_TRIPLES):
        if not isinstance(quad.object, NamedNode | BlankNode | Literal):
            raise EngineError("The text has a triple as the object of a triple, which SHACL Core knows nothing of.")
        yield quad.subject, quad.predicate, quad.object


# ---- Pieces to terms -------------------------------------------------------------------------------


def _names(pieces: pa.Array, forms: _Forms, more: Sequence[NamedNode]) -> tuple[tuple[Ids, Ids], Names]:
    """The IRIs that are subjects or objects, and which pieces are which of them."""
    import numpy as np

    pa, pc = arrow(), compute()
    iri = (forms.subject | forms.node) & _begins(pieces, "<", " <")
    rows = np.flatnonzero(iri).astype(np.int32)
    own = pc.ascii_trim(pieces.take(pa.array(rows)), characters=" .\n")
    every = pa.concat_arrays([own, pa.array([f"<{t.value}>" for t in more], pa.large_string())])
    coded = every.dictionary_encode()
    return (rows, coded.indices.to_numpy(zero_copy_only=False)[: len(rows)]), Names(coded.dictionary)


def _begins(pieces: pa.Array, *beginnings: str) -> Bools:
    import numpy as np

    pc = compute()
    out: Bools = np.zeros(len(pieces), np.bool_)
    for text in beginnings:
        out = out | pc.starts_with(pieces, text).to_numpy(zero_copy_only=False)
    return out


def _placed(pieces: pa.Array, forms: _Forms, found: tuple[Ids, Ids], others: Terms) -> _Places:
    """Where the term of each piece stands; literals and blank nodes are decoded."""
    import numpy as np

    blocks, numbers = np.full(len(pieces), OTHERS, np.int8), np.full(len(pieces), -1, np.int32)
    blocks[found[0]], numbers[found[0]] = NAMES, found[1]
    rest = np.flatnonzero((forms.subject | forms.node | forms.literal) & (blocks == OTHERS))
    texts = pieces.take(arrow().array(rest)).to_pylist()
    numbers[rest] = np.fromiter((others.add(_decoded(t)) for t in texts), np.int32, len(rest))
    return _Places(blocks, numbers)


def _decoded(piece: str) -> Term:
    """The term of a piece that is a blank node or a literal without escapes."""
    if piece.startswith("_:"):
        return BlankNode(piece[2:])
    text = piece[1:-3]
    if text.startswith("_:"):
        return BlankNode(text[2:])
    value, _, tail = text[1:].rpartition('"')
    if tail.startswith("@"):
        return Literal(value, language=tail[1:])
    return Literal(value, datatype=NamedNode(tail[3:-1])) if tail else Literal(value)


def _of_terms(terms: Sequence[Term], names: Names, others: Terms) -> _Places:
    import numpy as np

    blocks = np.array([NAMES if isinstance(t, NamedNode) else OTHERS for t in terms], np.int8)
    numbers = [names.find(t) if isinstance(t, NamedNode) else others.add(t) for t in terms]
    return _Places(blocks, np.array(numbers, np.int32))


def _predicates(pieces: pa.Array, used: Ids, more: Sequence[str]) -> tuple[list[str], Ids]:
    """The IRIs of the properties, and of each triple the number of its own."""
    import numpy as np

    which, numbers = np.unique(used, return_inverse=True)
    iris = [t[2:-1] for t in pieces.take(arrow().array(which)).to_pylist()]
    index = {iri: i for i, iri in enumerate(iris)}
    for iri in more:
        index.setdefault(iri, len(index))
    return list(index), np.concatenate((numbers, [index[iri] for iri in more])).astype(np.int32)


# ---- Terms to edges --------------------------------------------------------------------------------


def _edges(
    predicates: list[str], numbers: Ids, subjects: _Places, objects: _Places, sizes: tuple[int, int]
) -> dict[str, tuple[Edges, ...]]:
    import numpy as np

    keys = numbers * 4 + subjects.blocks * 2 + objects.blocks
    order = np.argsort(keys, kind="stable")
    present, begin = np.unique(keys[order], return_index=True)
    out: dict[str, list[Edges]] = {}
    for key, rows in zip(present.tolist(), np.split(order, begin)[1:], strict=True):
        predicate, source, target = key // 4, key // 2 % 2, key % 2
        pairs = distinct(subjects.numbers[rows].astype(np.int64) << 32 | objects.numbers[rows])
        here, there = (pairs >> 32).astype(np.int32), (pairs & 0xFFFFFFFF).astype(np.int32)
        out.setdefault(predicates[predicate], []).append(_kept(source, target, here, there, sizes[source]))
    return {predicate: tuple(edges) for predicate, edges in out.items()}


def _kept(source: int, target: int, subjects: Ids, objects: Ids, size: int) -> Edges:
    """The edges in the form that suits how many there are; subjects ascend."""
    import numpy as np

    if len(subjects) < DENSE * size or not bool((np.diff(subjects) > 0).all()):
        return Edges(source, target, subjects, objects)
    dense = np.full(size, -1, np.int32)
    dense[subjects] = objects
    return Edges(source, target, None, dense)
