"""Which lines of a chunk are reviewed together: those that one edition governs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from reasoner.batch.columns import Columns
from reasoner.batch.governing import Governed
from reasoner.batch.views import Views

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Ids = NDArray[np.int32]

MOST = 0.7
"""From this share of a chunk's requests on, the graph of the whole chunk is used instead of one of the group's own."""


@dataclass(frozen=True)
class Group:
    """Lines reviewed together: their rows, their places among the accepted lines, and the views that they are.

    ``views`` is None where the graph of the whole chunk serves; ``at`` are the numbers of the views.
    """

    lines: Ids
    places: Ids
    at: Ids
    views: Views | None

    @property
    def key(self) -> bytes:
        """What tells the graph of the group from those of others."""
        return b"" if self.views is None else self.lines.tobytes()

    def only(self, chosen: NDArray[np.bool_]) -> Group:
        """Some of the lines."""
        return replace(self, lines=self.lines[chosen], places=self.places[chosen], at=self.at[chosen])

    def alone(self, chosen: Ids, owner: Ids) -> Group:
        """Some of the lines with views of their own; ``owner`` tells the request of each line of the chunk."""
        import numpy as np

        lines = self.lines[chosen]
        return Group(lines, self.places[chosen], np.arange(len(lines), dtype=np.int32), Views(owner[lines], lines))


def groups_of(columns: Columns, accepted: Ids, found: Governed, policy: int) -> Group | None:
    """The accepted lines that an edition governs; None where there are none."""
    import numpy as np

    table = columns.tables["lines"]
    mine = (found.policy[accepted] == policy) & found.governs[accepted]
    places = np.flatnonzero(mine).astype(np.int32)
    if not len(places):
        return None
    lines = accepted[places]
    owner = table.owner[lines]
    one_each = table.size == columns.size and bool((np.diff(table.starts) == 1).all())
    if one_each and len(lines) >= MOST * columns.size:
        return Group(lines, places, owner, None)
    return Group(lines, places, np.arange(len(lines), dtype=np.int32), Views(owner, lines))
