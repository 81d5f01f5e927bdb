"""Constraints that ask something of each value by itself: which terms pass."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pyoxigraph import BlankNode, Literal

from reasoner.columnar import literals
from reasoner.columnar.algebra import (
    Bound,
    ClassOf,
    Closed,
    Conforms,
    Datatype,
    In,
    LanguageIn,
    Length,
    Logical,
    NodeKind,
    Not,
    Pattern,
    Property,
    Term,
)
from reasoner.columnar.blocks import Strings, Terms
from reasoner.columnar.masks import Test, all_of, both, either, full, negated, opposite, subjects_of
from reasoner.columnar.order import keys_in_order, ordered, value_of
from reasoner.columnar.patterns import regex
from reasoner.columnar.reading import BLANK, IRI, LITERAL

if TYPE_CHECKING:
    from reasoner.columnar.evaluate import Evaluation
    from reasoner.columnar.masks import Bools, Mask


def _closed_test(e: Evaluation, c: Closed) -> Test:
    import numpy as np

    def mask(block: int) -> Mask:
        out = np.ones(e.size(block), np.bool_)
        for predicate in e.graph.edges:
            if predicate not in c.allowed:
                for edges in e.graph.leaving(predicate, block):
                    out &= ~full(subjects_of(edges, True, e.size(block)), e.size(block))
        return out

    return Test(c, mask)


def _class(e: Evaluation, c: ClassOf) -> Test:
    return e.from_here(e.shapes.instance, e.is_term(c.cls))


def _datatype(e: Evaluation, c: Datatype) -> Test:
    import numpy as np

    def passes(term: Term) -> bool:
        return isinstance(term, Literal) and term.datatype.value == c.iri and literals.well_formed(term.value, c.iri)

    def listed(block: int) -> Bools:
        terms = e.graph.blocks[block]
        assert isinstance(terms, Terms)
        out = np.zeros(terms.size, np.bool_)
        out[[n for n in terms.of_datatype.get(c.iri, ()) if literals.well_formed(terms.terms[n].value, c.iri)]] = True
        return out

    one_by_one = e.by_term(c, passes, by_kind=True)

    def mask(block: int) -> Mask:
        written = isinstance(e.graph.blocks[block], Terms)
        return e.once(c, block, listed) if written else one_by_one.mask(block)

    return Test(c, mask, fixed=True)


def kind_of(term: Term) -> int:
    """Whether a term is an IRI, a blank node or a literal."""
    return LITERAL if isinstance(term, Literal) else BLANK if isinstance(term, BlankNode) else IRI


def _bound(e: Evaluation, c: Bound) -> Test:
    import numpy as np

    limit = value_of(c.limit)
    key = literals.sort_key(limit) if limit is not None else None

    def passes(term: Term) -> bool:
        return isinstance(term, Literal) and ordered(value_of(term), limit) in c.accepted

    def compared(block: int) -> Bools:
        kinds, keys = e.graph.blocks[block].order_keys
        plain = kinds == literals.plain_family(limit) if limit is not None and key is not None else kinds < 0
        out: Bools = plain & keys_in_order(keys, key or 0.0, c.accepted)
        terms = e.graph.blocks[block]
        others = ~plain & (terms.kinds == LITERAL) if isinstance(terms, Terms) else ~plain
        out &= plain
        for i in np.flatnonzero(others).tolist():
            out[i] = passes(terms.term(i))
        return out

    return Test(c, lambda block: False if e.rows_only(block) else e.once(c, block, compared), fixed=True)


def _length(e: Evaluation, c: Length) -> Test:
    import numpy as np

    def passes(term: Term) -> bool:
        fits = c.least <= len(term.value) and (c.most is None or len(term.value) <= c.most)
        return not isinstance(term, BlankNode) and fits

    def measured(block: int) -> Bools:
        strings = e.graph.blocks[block]
        assert isinstance(strings, Strings)
        lengths = np.fromiter(map(len, strings.values), np.int64, strings.size)
        return (lengths >= c.least) & (lengths <= (c.most if c.most is not None else lengths))

    one_by_one = e.by_term(c, passes)

    def mask(block: int) -> Mask:
        written = isinstance(e.graph.blocks[block], Strings)
        return e.once(c, block, measured) if written else one_by_one.mask(block)

    return Test(c, mask, fixed=True)


def _pattern(e: Evaluation, c: Pattern) -> Test:
    found = regex(c.pattern, c.flags).search

    def passes(term: Term) -> bool:
        return not isinstance(term, BlankNode) and found(term.value) is not None

    return e.by_term(c, passes)


def _language_in(e: Evaluation, c: LanguageIn) -> Test:
    wanted = tuple(x.lower() for x in c.languages)

    def passes(term: Term) -> bool:
        own = (term.language or "").lower() if isinstance(term, Literal) else ""
        return bool(own) and any(x in ("*", own) or own.startswith(x + "-") for x in wanted)

    return e.by_term(c, passes)


def _in(e: Evaluation, c: In) -> Test:
    import numpy as np

    def mask(block: int) -> Mask:
        find = e.graph.blocks[block].find
        numbers = [n for t in c.terms if (n := find(t)) is not None]
        if not numbers:
            return False
        out = np.zeros(e.size(block), np.bool_)
        out[numbers] = True
        return out

    return Test(c, mask)


def _not(e: Evaluation, c: Not) -> Test:
    return opposite(e.conforming(c.shape))


def _logical(e: Evaluation, c: Logical) -> Test:
    return Test(c, lambda block: _LOGIC[c.name](e, c, block))


def _all_of(e: Evaluation, c: Logical, block: int) -> Mask:
    return all_of(e.conforms(shape, block) for shape in c.shapes)


def _any_of(e: Evaluation, c: Logical, block: int) -> Mask:
    out: Mask = False
    for shape in c.shapes:
        out = either(out, e.conforms(shape, block))
    return out


def _one_of(e: Evaluation, c: Logical, block: int) -> Mask:
    once: Mask = False
    twice: Mask = False
    for shape in c.shapes:
        found = e.conforms(shape, block)
        twice = either(twice, both(once, found))
        once = either(once, found)
    return both(once, negated(twice))


_LOGIC = {"and": _all_of, "or": _any_of, "xone": _one_of}

VALUE_TESTS: dict[type, Callable[[Evaluation, Any], Test]] = {
    ClassOf: _class,
    Datatype: _datatype,
    NodeKind: lambda e, c: e.by_term(c, lambda t: kind_of(t) in c.kinds, by_kind=True),
    Bound: _bound,
    Length: _length,
    Pattern: _pattern,
    LanguageIn: _language_in,
    Not: _not,
    Logical: _logical,
    Conforms: lambda e, c: e.conforming(c.shape),
    Property: lambda e, c: e.conforming(c.shape),
    Closed: _closed_test,
    In: _in,
}
