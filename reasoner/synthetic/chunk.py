"""One chunk of synthetic requests, by their numbers, with what is claimed of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from reasoner.synthetic import spine_record
from reasoner.synthetic.claims import APPROVE, DECOMPRESSION, DENY, PEND, RELEASE, Scenario
from reasoner.synthetic.mixture import BESIDE, SHARES, Deck, decks
from reasoner.synthetic.plexus_parts import lay_plexus
from reasoner.synthetic.plexus_record import PLEXUS
from reasoner.synthetic.sheet import Sheet
from reasoner.synthetic.spine_record import SPINE, lay_spine
from reasoner.synthetic.timeline import day_number, lay_out
from reasoner.tables.optional import arrow
from reasoner.tables.schema import Schema

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

BOTH = "both"
POLICIES = (RELEASE, DECOMPRESSION.lower(), BOTH)
"""What requests can be for, as it is asked for."""
NONE = -1
CRITERIA = (*PLEXUS.base, *SPINE.base)
"""The criteria of both policies, in tree order."""


@dataclass(frozen=True)
class Recipe:
    """What is generated: the seed, the policies, the day of the review, and the shares of the outcomes."""

    seed: int
    as_of: date
    policy: str = BOTH
    shares: tuple[tuple[str, float], ...] = tuple(SHARES.items())


@dataclass(frozen=True)
class Chunk:
    """Requests as the canonical nested table, and what is claimed of each line."""

    requests: pa.Table
    expected: pa.Table


@dataclass(frozen=True)
class Drawn:
    """The scenario of each request by policy: places in the deck, or ``NONE`` where there is no such line."""

    plexus: NDArray[Any]
    spine: NDArray[Any]


def chunk(recipe: Recipe, schema: Schema, numbers: NDArray[Any]) -> Chunk:
    """The requests with these numbers. Each depends on the recipe and its number only, not on those beside it."""
    x = Sheet(schema, recipe.seed, numbers)
    drawn = _drawn(x, recipe)
    fill(x, drawn, recipe.as_of)
    return Chunk(x.to_arrow(), expected(x, drawn))


def staged(recipe: Recipe, schema: Schema) -> Chunk:
    """One request of each scenario of the policies asked for: what tests and readers of the catalogue look at."""
    import numpy as np

    own, other = (len(d.scenarios) for d in decks())
    places = np.arange(own + other, dtype=np.int32)
    plexus, spine = np.where(places < own, places, NONE), np.where(places < own, NONE, places - own)
    wanted = {RELEASE: places < own, BOTH: places >= 0}.get(recipe.policy, places >= own)
    x = Sheet(schema, recipe.seed, np.arange(int(wanted.sum())))
    drawn = Drawn(plexus[wanted], spine[wanted])
    fill(x, drawn, recipe.as_of)
    return Chunk(x.to_arrow(), expected(x, drawn))


def _drawn(x: Sheet, recipe: Recipe) -> Drawn:
    import numpy as np

    plexus, spine = decks()
    shares = dict(recipe.shares)
    nowhere = np.full(x.count, NONE, dtype=np.int32)
    if recipe.policy == RELEASE:
        return Drawn(plexus.draw(x.draws, "plexus", shares, False), nowhere)
    if recipe.policy != BOTH:
        return Drawn(nowhere, spine.draw(x.draws, "spine", shares, False))
    # What keeps a whole request from review, or a line from its policy, stands alone.
    together = BESIDE if any(shares.get(k) for k in (APPROVE, DENY, PEND)) else 0.0
    which = x.draws.index("policy", ((1 - together) / 2, (1 - together) / 2, together))
    found = []
    for own, deck, name in ((0, plexus, "plexus"), (1, spine, "spine")):
        alone = deck.draw(x.draws, name, shares, False)
        beside = deck.draw(x.draws, name, shares, True) if together else alone
        found.append(np.where(which == own, alone, np.where(which == 2, beside, NONE)).astype(np.int32))
    return Drawn(*found)


# ---- Filling ---------------------------------------------------------------------------------------


def fill(x: Sheet, drawn: Drawn, as_of: date) -> None:
    """Fill a sheet with the records of the scenarios drawn."""
    import numpy as np

    x.day["as of"] = np.full(x.count, day_number(as_of), dtype=np.int32)
    lay_out(x, as_of)
    lay_plexus(x)
    lay_spine(x)
    _header(x)
    plexus, spine = decks()
    both = np.flatnonzero((drawn.plexus != NONE) & (drawn.spine != NONE))
    _apply(x, plexus, drawn.plexus)
    _apply(x, spine, drawn.spine)
    x.change("lines", spine_record.LINE, both, sequence=2)


def _header(x: Sheet) -> None:
    import numpy as np

    every = np.arange(x.count)
    draws = x.draws
    x.put(
        "requests",
        "",
        every,
        receivedOn=x.day["received"],
        timing="PreService",
        urgency=draws.word("urgency", {"Standard": 0.95, "Expedited": 0.05}),
        stage=draws.word("stage", {"Initial": 0.93, "Appeal": 0.07}),
        lineOfBusiness=draws.word("line of business", {"Commercial": 0.85, "Exchange": 0.15}),
    )
    states = draws.word("state", ("AZ", "CA", "CO", "FL", "IL", "NC", "NJ", "TN", "TX", "VA"))
    x.change("requests", "", x.some(every, "has state", 0.6), state=states)
    funding = draws.word("funding", ("Insured", "SelfFunded"))
    x.change("requests", "", x.some(every, "has funding", 0.6), funding=funding)


def _apply(x: Sheet, deck: Deck, places: NDArray[Any]) -> None:
    """Make the variants, then the faults, in the order of the catalogue; each for all its requests at once."""
    import numpy as np

    for edit, wanted in deck.edits:
        # NONE as an index means the last entry, which stands for no scenario.
        rows = np.flatnonzero(wanted[places])
        if len(rows):
            edit(x, rows)


# ---- What is claimed -------------------------------------------------------------------------------


def expected(x: Sheet, drawn: Drawn) -> pa.Table:
    """One row a line: scenario, recommendation, basis, next step, and the status of every criterion claimed."""
    import numpy as np

    pa = arrow()
    plexus, spine = decks()
    scenarios = (*plexus.scenarios, *spine.scenarios)
    # Both lines of a request stand side by side, then in one column, request by request.
    places = np.column_stack([drawn.plexus, np.where(drawn.spine == NONE, NONE, drawn.spine + len(plexus.scenarios))])
    there = places != NONE
    numbers = np.where(there, np.cumsum(there, axis=1), 0)
    request = np.broadcast_to(np.arange(x.count)[:, None], places.shape)[there]
    chosen = places[there]
    columns: dict[str, Callable[[Scenario], str | None]] = {
        "policy": lambda s: s.policy if s.rejection is None else None,
        "scenario": lambda s: s.name,
        "recommendation": lambda s: s.outcome.recommendation if s.outcome else None,
        "basis": lambda s: s.outcome.basis if s.outcome else None,
        "next": lambda s: s.outcome.next if s.outcome else None,
        "rejection": lambda s: s.rejection,
        **{c: _status(c) for c in CRITERIA},
    }
    told: Mapping[str, Any] = {
        name: pa.array([of(s) for s in scenarios], pa.string()).take(pa.array(chosen)) for name, of in columns.items()
    }
    rejected = pa.array(np.asarray([s.rejection is not None for s in scenarios])[chosen])
    return pa.table(
        {
            "request": x.identifiers().take(pa.array(request)),
            "line": pa.array(numbers[there], pa.int32()),
            **{name: told[name] for name in ("policy", "scenario", "recommendation", "basis", "next")},
            "rejected": rejected,
            "rejection": told["rejection"],
            **{c: told[c] for c in CRITERIA},
        }
    )


def _status(criterion: str) -> Callable[[Scenario], str | None]:
    return lambda s: s.statuses.get(criterion)
