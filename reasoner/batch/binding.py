"""The terms of plans and mandates that bind each line, over columns: as :mod:`reasoner.authority` tells for one."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from reasoner.authority import EFFECTS
from reasoner.batch.coding import DAYS, TERMS, Coding
from reasoner.batch.times import single
from reasoner.batch.views import ViewGraph
from reasoner.columnar.blocks import Strings
from reasoner.determine import Authority
from reasoner.vocabulary import COV

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Bools = NDArray[np.bool_]
    Ids = NDArray[np.int32]

PAIRS = tuple((who, effect) for who in ("mandate", "plan") for effect in sorted(EFFECTS.values()))
"""Authority and effect by the number of the bit; eight bits for what binds, eight for what may bind, one for doubt."""
UNSURE = 1 << (2 * len(PAIRS))


def binding_bits(v: ViewGraph, coding: Coding, days: Ids) -> NDArray[np.int64]:
    """What binds each view, on the day that chooses its edition (-1: none known), as bits."""
    import numpy as np

    out = np.zeros(v.views, np.int64)
    for name, who in (("mandates", "mandate"), ("planTerms", "plan")):
        if name in v.tables:
            out |= _bits(v, coding, days, name, who)
    bound = out & (UNSURE // (1 << len(PAIRS)) - 1)
    return out & ~(bound << len(PAIRS))  # what binds is not merely possible


def _bits(v: ViewGraph, coding: Coding, days: Ids, name: str, who: str) -> NDArray[np.int64]:
    import numpy as np

    block, owner = v.block[name], v.tables[name].owner
    effects = single(v.graph, block, COV.effect.value, TERMS)
    applies = _for_the_code(v, block, owner) & _in_force(v, block, days[owner])
    reaches, possible = np.ones(len(owner), np.bool_), np.zeros(len(owner), np.bool_)
    if who == "mandate":
        reaches, possible = _mandate_reach(v, coding, block, owner)
    out = np.zeros(v.views, np.int64)
    for term, effect in EFFECTS.items():
        bit = PAIRS.index((who, effect))
        has = applies & (effects == coding.term(term.value))
        np.bitwise_or.at(out, owner[has & reaches], 1 << bit)
        np.bitwise_or.at(out, owner[has & possible], 1 << (bit + len(PAIRS)) | UNSURE)
    return out


def _for_the_code(v: ViewGraph, block: int, owner: Ids) -> Bools:
    """Whether a term is about the code of the line, or about all."""
    import numpy as np

    out = np.zeros(len(owner), np.bool_)
    limited = np.zeros(len(owner), np.bool_)
    codes = _texts(v, v.block["lines"], COV.procedureCode.value)
    for e in v.graph.leaving(COV.appliesToCode.value, block):
        rows, values = e.pairs
        limited[rows] = True
        texts = np.array([v.graph.blocks[e.target].term(i).value for i in range(v.graph.blocks[e.target].size)], object)
        hit = texts[values] == codes[owner[rows]]
        out[rows[hit]] = True
    return out | ~limited


def _texts(v: ViewGraph, block: int, predicate: str) -> NDArray[np.object_]:
    """The text of each row, or None."""
    import numpy as np

    out = np.full(v.graph.blocks[block].size, None, object)
    for e in v.graph.leaving(predicate, block):
        target = v.graph.blocks[e.target]
        assert isinstance(target, Strings)
        rows, values = e.pairs
        out[rows] = np.array([*target.values, None], object)[values]
    return out


def _in_force(v: ViewGraph, block: int, days: Ids) -> Bools:
    start = single(v.graph, block, COV.validFrom.value, DAYS)
    end = single(v.graph, block, COV.validUntil.value, DAYS)
    known = days >= 0
    return ~(known & (start >= 0) & (days < start) | known & (end >= 0) & (days > end))


def _mandate_reach(v: ViewGraph, coding: Coding, block: int, owner: Ids) -> tuple[Bools, Bools]:
    """Which mandates bind, and which may bind, by place and by the funding of the plan."""
    import numpy as np

    place, state = _texts(v, block, COV.jurisdiction.value), _texts(v, v.block["requests"], COV.state.value)[owner]
    bounded = np.array([p is not None and p not in ("", "US") for p in place], np.bool_)
    unplaced = bounded & np.array([s is None for s in state], np.bool_)
    elsewhere = bounded & ~unplaced & (place != state)
    reach = single(v.graph, block, COV.reach.value, TERMS)
    funding = single(v.graph, v.block["requests"], COV.funding.value, TERMS)[owner]
    insured_only = reach == coding.term(COV.InsuredOnly.value)
    self_funded = insured_only & (funding == coding.term(COV.SelfFunded.value))
    unfunded = insured_only & ~self_funded & (funding != coding.term(COV.Insured.value))
    possible = unplaced | ~elsewhere & ~self_funded & unfunded
    return ~(unplaced | elsewhere | self_funded | unfunded), possible & ~elsewhere


@cache
def authority_of(bits: int) -> tuple[Authority, bool]:
    """What binds, and whether some term may or may not bind."""
    binding = frozenset(pair for i, pair in enumerate(PAIRS) if bits >> i & 1)
    possible = frozenset(pair for i, pair in enumerate(PAIRS) if bits >> (i + len(PAIRS)) & 1)
    return Authority(binding, possible), bool(bits & UNSURE)
