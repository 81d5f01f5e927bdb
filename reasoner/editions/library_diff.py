"""What to compare: two editions of one library, or all editions of two libraries."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from reasoner.editions.clauses import clauses_of
from reasoner.editions.edition_diff import Compared, EditionDiff, EditionName, edition_diff, edition_name
from reasoner.editions.edition_rules import Side
from reasoner.editions.shape_logic import ShapeLogic
from reasoner.errors import PolicyError
from reasoner.knowledge import Knowledge, load
from reasoner.library import open_library
from reasoner.policy import Policy, edition_named


@dataclass(frozen=True, eq=False)
class Pair:
    """Two editions with the knowledge that each is of, and in what they differ."""

    before: tuple[Knowledge, Policy]
    after: tuple[Knowledge, Policy]
    diff: EditionDiff


@dataclass(frozen=True, eq=False)
class LibraryDiff:
    """What was compared: pairs of editions, and editions that only one side has."""

    pairs: tuple[Pair, ...]
    removed: tuple[EditionName, ...] = ()
    added: tuple[EditionName, ...] = ()

    @property
    def differs(self) -> bool:
        """Whether anything differs."""
        return bool(self.removed or self.added or any(p.diff.differences for p in self.pairs))


def diff(before: str, after: str, library: Path | None = None) -> LibraryDiff:
    """Two editions, or two folders, compared.

    Args:
        before: a policy's number (its latest edition) or number/date, such as ``0587/2025-12-01``; or a folder.
        after: the same of the later side; both are editions, or both are folders.
        library: where editions are looked up (default: what plexus ships).

    Raises:
        UnknownTerm: there is no such edition, nor such a folder.
        PolicyError: a library is not well made, or an edition is compared with a folder.
    """
    folders = [Path(name) if Path(name).is_dir() else None for name in (before, after)]
    if folders[0] is not None and folders[1] is not None:
        return _libraries(load(folders[0]), load(folders[1]))
    if any(folders):
        folder, edition = (before, after) if folders[0] else (after, before)
        raise PolicyError(folder, f"is a folder, and {edition} is not.", "Name two folders, or two editions.")
    known = load(library)
    old, new = (edition_named(known.policies, name) for name in (before, after))
    return LibraryDiff((_pair((known, old), (known, new)),))


def _libraries(old: Knowledge, new: Knowledge) -> LibraryDiff:
    left, right = list(old.policies), list(new.policies)
    pairs = []
    for policy in list(left):
        match = next((p for p in right if p.name == policy.name), None)
        if match is not None:
            pairs.append((policy, match))
            left.remove(policy)
            right.remove(match)
    for policy in list(left):  # one edition each that the other side does not have: one follows the other
        alone = [p for p in left if p.number == policy.number]
        others = [p for p in right if p.number == policy.number]
        if len(alone) == len(others) == 1:
            pairs.append((policy, others[0]))
            left.remove(policy)
            right.remove(others[0])
    made = tuple(_pair((old, a), (new, b)) for a, b in sorted(pairs, key=lambda x: x[1].name))
    return LibraryDiff(made, _names(left), _names(right))


def _names(policies: Iterable[Policy]) -> tuple[EditionName, ...]:
    return tuple(edition_name(p) for p in sorted(policies, key=lambda p: p.name))


def _pair(before: tuple[Knowledge, Policy], after: tuple[Knowledge, Policy]) -> Pair:
    return Pair(before, after, edition_diff(compared(*before), compared(*after)))


def compared(knowledge: Knowledge, policy: Policy) -> Compared:
    """An edition with all that is compared of it."""
    graph = open_library(knowledge.root).graph
    return Compared(Side(policy, ShapeLogic(knowledge.facet_shapes(policy))), clauses_of(graph, policy.edition_iri))
