"""Recommendations of many lines: each different vector of statuses is composed once, by the logic program."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

from reasoner.batch.binding import authority_of
from reasoner.batch.weighing import STATUSES
from reasoner.counterfactual import open_leaves
from reasoner.determine import Vector, program, tree_statuses
from reasoner.explain import OPEN_KINDS, next_after
from reasoner.model import Basis, GroupStatus, Next, OpenKind, Recommendation, Status
from reasoner.policy import Policy, Readings

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

RECOMMENDATIONS, BASES, NEXTS = tuple(Recommendation), tuple(Basis), tuple(Next)
GROUPS = tuple(GroupStatus)
"""What the codes of composed outcomes stand for."""


@dataclass(frozen=True)
class Composed:
    """The outcomes of the lines, as codes: ``groups`` has a row for each group of the policy."""

    recommendation: NDArray[np.uint8]
    basis: NDArray[np.uint8]
    next: NDArray[np.uint8]
    groups: NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Composer:
    """Composes under one choice of readings; what was composed once is known for good."""

    policy: Policy
    readings: Readings
    known: dict[int, tuple[int, ...]] = field(default_factory=dict)

    def compose(self, codes: NDArray[np.uint8], authority: NDArray[np.int64]) -> Composed:
        """The outcomes for the statuses of the leaves (a row a leaf, a column a line) and the terms that bind."""
        import numpy as np

        packed = pack(codes, authority)
        distinct, place = different(packed)
        rows = [self._known(key) for key in distinct.tolist()]
        table = np.array(rows, np.uint8).reshape(len(rows), 3 + len(self.policy.groups))[place]
        return Composed(table[:, 0], table[:, 1], table[:, 2], table[:, 3:].T)

    def _known(self, key: int) -> tuple[int, ...]:
        if key not in self.known:
            self.known[key] = self._composed(key)
        return self.known[key]

    def _composed(self, key: int) -> tuple[int, ...]:
        policy, readings = self.policy, self.readings
        vector, bits = unpack(key, len(policy.leaves))
        authority, unsure = authority_of(bits)
        decision = program(policy).decide(vector, readings, authority)
        statuses = {leaf.iri: s for leaf, s in zip(policy.leaves, vector, strict=True)}
        kinds = {OPEN_KINDS[statuses[c.iri]] for c in open_leaves(policy, statuses, readings)}
        kinds |= {OpenKind.DOCUMENT} if unsure else set()
        tree = tree_statuses(policy, statuses, readings)
        return (
            RECOMMENDATIONS.index(decision.recommendation),
            BASES.index(decision.basis),
            NEXTS.index(next_after(decision, kinds)),
            *(GROUPS.index(tree[g.iri]) for g in policy.groups),
        )


@dataclass(frozen=True, eq=False)
class Recommender:
    """Recommends where it is known how groups are joined and which constraints are heeded."""

    policy: Policy
    joined: tuple[int, ...]
    heeded: frozenset[str]
    known: dict[int, int] = field(default_factory=dict)

    def recommendations(self, packed: NDArray[np.int64]) -> NDArray[np.uint8]:
        """The recommendations for packed statuses and terms, as codes."""
        import numpy as np

        distinct, place = different(packed)
        found = [self.known[k] if k in self.known else self._recommended(k) for k in distinct.tolist()]
        return np.array(found, np.uint8)[place]

    def _recommended(self, key: int) -> int:
        vector, bits = unpack(key, len(self.policy.leaves))
        alike = tuple(Status.UNDOCUMENTED if s.is_open else s for s in vector)  # open statuses are completed alike
        decision = program(self.policy).compose(alike, self.joined, authority_of(bits)[0], self.heeded)
        self.known[key] = RECOMMENDATIONS.index(decision.recommendation)
        return self.known[key]


@cache
def recommender_of(policy: Policy, joined: tuple[int, ...], heeded: frozenset[str]) -> Recommender:
    """The recommender of an edition for ways to join its groups, kept for the process."""
    return Recommender(policy, joined, heeded)


def different(numbers: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """The different numbers, and of each number its place among them; quicker than numpy, which sorts."""
    import pyarrow as pa

    coded = pa.array(numbers).dictionary_encode()
    return coded.dictionary.to_numpy(), coded.indices.to_numpy()


def pack(codes: NDArray[np.uint8], authority: NDArray[np.int64]) -> NDArray[np.int64]:
    """Statuses and terms as one number a line.

    Raises:
        OverflowError: the policy has too many leaves for that.
    """
    leaves = len(codes)
    if 5**leaves * (1 << 17) >= 2**63:
        raise OverflowError(f"{leaves} leaves are too many for one number.")
    out = authority.astype("int64")
    for row in codes[::-1]:
        out = out * 5 + row
    return out


def unpack(key: int, leaves: int) -> tuple[Vector, int]:
    """The statuses of the leaves and the terms that a number stands for."""
    vector = []
    for _ in range(leaves):
        key, code = divmod(key, 5)
        vector.append(STATUSES[code])
    return tuple(vector), key


@cache
def composer_of(policy: Policy, readings: tuple[tuple[str, str], ...]) -> Composer:
    """The composer of an edition under readings, kept for the process."""
    return Composer(policy, dict(readings))
