"""Which scenario a request gets: drawn by the shares of the recommendations, then by the weights of the scenarios."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

from reasoner.synthetic import (
    plexus_faults,
    plexus_studies,
    plexus_treatments,
    request_faults,
    spine_care,
    spine_faults,
)
from reasoner.synthetic.catalogue import Catalogue
from reasoner.synthetic.claims import APPROVE, DENY, NOT_APPLICABLE, PEND, REJECTED, Scenario
from reasoner.synthetic.plexus_record import PLEXUS
from reasoner.synthetic.spine_record import SPINE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from reasoner.synthetic.claims import Edit
    from reasoner.synthetic.draws import Draws

DECLARING = (plexus_studies, plexus_faults, plexus_treatments, spine_faults, spine_care, request_faults)
"""The modules that declare faults, in the order in which faults are applied."""
SHARES: Mapping[str, float] = {APPROVE: 0.45, DENY: 0.30, PEND: 0.22, NOT_APPLICABLE: 0.015, REJECTED: 0.015}
"""How many lines get which outcome by default."""
BESIDE = 0.1
"""The share of requests with a line for each policy, where both policies are asked for."""


@dataclass(frozen=True)
class Deck:
    """The scenarios of one policy, by outcome and with running sums of their weights."""

    catalogue: Catalogue
    scenarios: tuple[Scenario, ...]

    @cached_property
    def edits(self) -> tuple[tuple[Edit, NDArray[Any]], ...]:
        """What is done to records, in order, each with the scenarios (by place, the last for none) that want it."""
        import numpy as np

        told: list[tuple[Edit, list[bool]]] = []
        for variant in self.catalogue.variants:
            told.append((variant.edit, [s.variant is variant for s in self.scenarios]))
        for fault in self.catalogue.faults:
            told.append((fault.edit, [any(f is fault for f in s.faults) for s in self.scenarios]))
        return tuple((edit, np.asarray([*wanted, False])) for edit, wanted in told)

    def draw(self, draws: Draws, name: str, shares: Mapping[str, float], shared: bool) -> NDArray[Any]:
        """The place of a scenario for each row. ``shared``: only those beside which another line can stand."""
        import numpy as np

        kinds = [k for k in shares if shares[k] > 0 and self._places(k, shared)]
        kind = draws.index(f"{name} outcome", [shares[k] for k in kinds])
        drawn = draws.uniform(f"{name} scenario")
        out = np.empty(len(drawn), dtype=np.int32)
        for i, one in enumerate(kinds):
            places = np.asarray(self._places(one, shared), dtype=np.int32)
            sums = np.cumsum([self.scenarios[p].weight for p in places])
            rows = np.flatnonzero(kind == i)
            found = np.searchsorted(sums, drawn[rows] * sums[-1], side="right")
            out[rows] = places[np.minimum(found, len(places) - 1)]
        return out

    def _places(self, kind: str, shared: bool) -> list[int]:
        return [i for i, s in enumerate(self.scenarios) if s.kind == kind and (s.shared or not shared)]


@cache
def decks() -> tuple[Deck, Deck]:
    """The scenarios of both policies, that on the plexus first."""
    return Deck(PLEXUS, tuple(PLEXUS.scenarios())), Deck(SPINE, tuple(SPINE.scenarios()))
