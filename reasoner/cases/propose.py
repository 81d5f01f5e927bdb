"""Proposes the next cases: picks what no case shows, looks for the nearest record that shows it, and reviews it.

A record is proposed only where a review of it shows what was missing, with the statuses that the search promised.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pyoxigraph import NamedNode

from reasoner import resources
from reasoner.cases.aim import Aim
from reasoner.cases.aims import aims, pair_aim
from reasoner.cases.collection import CaseLine, Collection, Coverage, Reviewer
from reasoner.cases.compose import Draft, draft, expectations, turtle
from reasoner.cases.exercise import Exercised
from reasoner.cases.items import Item
from reasoner.cases.solve import Found, Search, usage_of
from reasoner.cases.space import Start, frame
from reasoner.cases.usage import Usage
from reasoner.cases.words import ItemWords
from reasoner.errors import PlexusError
from reasoner.model import Status
from reasoner.policy import Criterion, Policy
from reasoner.reading import read_triples
from reasoner.triples import RDF_TYPE, Triples
from reasoner.vocabulary import COV

FIRST = Item("outcome", ("recommendation", "approve"))
"""Where no case is approved, that comes first: every other search starts from a record that is."""

MOST_TRIED = 15
"""After how many records that do not show a target no more are tried for it."""

PRIORITY = ("status", "group", "rule", "shape", "reading", "hinge", "alone", "rule-decides")
"""Dimensions in the order in which they are filled; the others follow as they are listed."""

COMPLETE = ("status", "group", "rule", "rule-decides", "shape", "reading", "constraint")
"""Dimensions whose items are shown by no record where none is found for any of their aims."""

ATTEMPTS, EACH = 3, 12.0
"""How many records are tried for one aim, and how many seconds are given to all aims of one target at first."""


@dataclass(frozen=True)
class Proposal:
    """A case that shows something that no case shows. ``shows`` are all the missing items that it brings."""

    name: str
    title: str
    items: tuple[Item, ...]
    shows: tuple[Item, ...]
    nearest: str | None
    request: str
    expected: str
    lines: tuple[CaseLine, ...] = field(repr=False, default=())


@dataclass(frozen=True)
class Failure:
    """Items that no record was found for.

    ``impossible`` where it is proved that there is none (``because`` names the shapes of usable requests that forbid
    it; none where the criteria do alone), else ``tried`` tells how many records were reviewed in vain, and
    ``in_time`` whether every way was gone.
    """

    items: tuple[Item, ...]
    impossible: bool
    because: tuple[str, ...] = ()
    tried: int = 0
    in_time: bool = True


@dataclass
class Run:
    """What a run came to. ``unfinished`` are the items that time did not suffice for; ``tried`` counts records."""

    proposals: list[Proposal] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    tried: int = 0
    timed_out: bool = False
    pairs: bool = False
    left: int = 0


class Proposer:
    """Looks for cases that a collection lacks, for one edition of a policy."""

    def __init__(self, policy: Policy, reviewer: Reviewer, collection: Collection) -> None:
        self.policy = policy
        self.reviewer = reviewer
        self.collection = collection
        knowledge = reviewer.knowledge
        self.shapes = Triples((*knowledge.shapes("request.ttl"), *knowledge.policy_shapes(policy)))
        template = Triples(read_triples(resources.template_file("request.ttl")).triples)
        shipped = sorted(resources.data_dir().joinpath("cases").glob("*/request.ttl"))
        files = dict.fromkeys([*(case.request for case in collection.cases), *shipped])
        samples = [template, *(t for file in files if (t := _triples(file)) is not None)]
        self.usage = usage_of(policy, Usage(knowledge, samples, self.shapes))
        self.words = ItemWords(policy, knowledge, self.shapes)
        self.taken = {case.name for case in collection.cases}
        self._made: dict[str, Draft] = {}

    # -- the run

    def run(self, wanted: int, seconds: float, watch: Callable[[str], None] = lambda _: None) -> Run:
        """Propose up to so many cases within some seconds.

        Args:
            wanted: how many cases.
            seconds: how long at most.
            watch: told what is looked for now, as a clause.
        """
        out = Run()
        until = time.monotonic() + seconds
        given_up: set[tuple[Item, ...]] = set()
        postponed: list[tuple[Item, ...]] = []
        while len(out.proposals) < wanted:
            target = next((t for t in self._targets() if t not in given_up and t not in postponed), None)
            # What took too long comes again when every other single item is done, and may then take all the time.
            again = bool(postponed) and (target is None or len(target) > 1)
            target = postponed.pop(0) if again else target
            if target is None:
                break
            if time.monotonic() >= until:
                out.timed_out = True
                break
            watch(" and ".join(self.words.clause(item) for item in target))
            out.pairs = out.pairs or len(target) > 1
            left = until - time.monotonic()
            found, tried = self.propose(target, left if again else min(left, EACH))
            out.tried += tried
            if isinstance(found, Proposal):
                out.proposals.append(found)
            elif not found.in_time and not again and time.monotonic() < until:
                postponed.append(target)
            else:
                given_up.add(target)
                out.failures.append(found)
        out.timed_out = out.timed_out or (bool(postponed) and len(out.proposals) < wanted)
        out.left = sum(t not in given_up for t in self._targets()) if out.timed_out else 0
        return out

    @property
    def coverage(self) -> Coverage:
        """What the collection and the proposals exercise."""
        return self.collection.of(self.policy)

    def _targets(self) -> Iterator[tuple[Item, ...]]:
        """What is missing, most wanted first: single items, then pairs of statuses."""
        missing = list(self.coverage.missing)
        if FIRST in missing:
            yield (FIRST,)
        order = {name: i for i, name in enumerate(PRIORITY)}
        missing.sort(key=lambda item: order.get(item.dimension, len(order)))
        yield from ((item,) for item in missing)
        yield from self.coverage.pairs()

    def propose(self, target: tuple[Item, ...], seconds: float = 60.0) -> tuple[Proposal | Failure, int]:
        """A case that shows an item, or two statuses together; it belongs to the collection from then on.

        Args:
            target: the item, or the two.
            seconds: how long to look at most.

        Returns:
            the case or why there is none, and how many records were reviewed for it.
        """
        found = self._search(target, time.monotonic() + seconds)
        if isinstance(found, Failure):
            return found, found.tried
        proposal, tried = found
        self.collection = self.collection.and_(proposal.lines)
        self.taken.add(proposal.name)
        return proposal, tried

    def _search(self, target: tuple[Item, ...], end: float) -> tuple[Proposal, int] | Failure:
        start, usually = self.beginning(target)
        # That there is no record for any aim is a proof only where the aims are all the ways there are.
        tried, proved, because = 0, all(item.dimension in COMPLETE for item in target), set()
        ways = 0
        for aim in self._aims(target, usually):
            ways += 1
            search = Search(self.policy, self.shapes, self.usage, start, aim.wanted, usually)
            for _ in range(ATTEMPTS):
                if time.monotonic() >= end:
                    return Failure(target, impossible=False, tried=tried, in_time=False)
                found = search.solve(end - time.monotonic())
                if found is None or found.impossible:
                    proved = proved and found is not None and not search.rules.unsupported
                    because |= set(found.because) if found is not None else set()
                    break
                proved, tried = False, tried + 1
                if tried > MOST_TRIED:
                    return Failure(target, impossible=False, tried=tried)
                proposal = self._reviewed(target, start, aim, found)
                if proposal is not None:
                    return proposal, tried
                search.forbid(found)
        proved = proved and ways > 0
        return Failure(target, proved, tuple(sorted(because)) if proved else (), tried)

    def _aims(self, target: tuple[Item, ...], usually: dict[str, Status]) -> Iterable[Aim]:
        if len(target) == 2:
            return (pair_aim(self.policy, *target),)
        return aims(self.policy, target[0], usually)

    # -- where a search starts

    def beginning(self, target: tuple[Item, ...]) -> tuple[Start, dict[str, Status]]:
        """The plainest record that is approved, or the frame of a request where there is none.

        Plain is a record in which many criteria decide alone, and of those the shortest.
        """
        lines = [x for x in self.coverage.lines if x.shows("outcome", "basis", "criteria-met") and self._single(x)]
        starts = [(x, start) for x in lines if (start := self.start_of(x)) is not None]
        if target == (FIRST,) or not starts:
            return frame(self.policy), plainest(self.policy)
        best, start = min(starts, key=lambda one: (-_alone(one[0]), len(one[1].triples)))
        by_id = {i.key[0]: Status(i.key[1]) for i in best.items if i.dimension == "status"}
        return start, {leaf.iri: by_id[leaf.id] for leaf in self.policy.leaves}

    def _single(self, line: CaseLine) -> bool:
        return sum(x.case == line.case for x in self.collection.lines) == 1

    def start_of(self, line: CaseLine) -> Start | None:
        """The record of a line, where a search can start from it: all its nodes are named, in one namespace."""
        case = next((c for c in self.collection.cases if c.name == line.case), None)
        if case is not None:
            triples, as_of = _triples(case.request), case.as_of
        else:
            made = self._made[line.case]
            triples, as_of = Triples(made.triples), made.as_of
        if triples is None:
            return None
        for request in triples.instances(COV.Request):
            for one in triples.nodes(request, COV.line):
                condition = triples.node(one, COV.indication)
                nodes = (request, one, condition)
                if all(isinstance(n, NamedNode) for n in nodes):
                    start = Start(line.case, triples, as_of, *nodes)  # type: ignore[arg-type]
                    return start if _one_namespace(start) else None
        return None

    # -- what comes of it

    def _reviewed(self, target: tuple[Item, ...], start: Start, aim: Aim, found: Found) -> Proposal | None:
        """The case of a found record, where a review shows what was wanted and finds what the search found."""
        name = self._name(target)
        title = self._title(target)
        made = draft(name, found.triples, start, self.policy, aim.terms, aim.days)
        nearest = f" The nearest case is {start.case}." if start.case else ""
        remarks = (title, f"Proposed by plexus cases --missing, to be confirmed by a person.{nearest}")
        request = turtle(made, self.policy, remarks)
        try:
            shown = list(self.reviewer.exercised(request.encode(), start.as_of))
        except PlexusError:
            return None
        lines = tuple(CaseLine(name, x.review.sequence, x.edition, x.items) for x in shown)
        own = frozenset(i for x in lines if x.edition == self.policy.edition_iri for i in x.items)
        main = next(x for x in shown if x.review.iri == made.line.value)
        if not set(target) <= own or not _as_promised(main, found, aim):
            return None
        self._made[name] = made
        missing = set(self.coverage.missing) | set(target)
        expected = expectations(title, start.as_of, [x.review for x in shown])
        news = tuple(sorted(own & missing))
        return Proposal(name, title, target, news, start.case, request, expected, lines)

    def _title(self, target: tuple[Item, ...]) -> str:
        if target == (FIRST,):
            return f"What policy {self.policy.number} asks for is documented, so approval is recommended."
        text = " and ".join(self.words.clause(item) for item in target)
        return f"A record in which {text}."

    def _name(self, target: tuple[Item, ...]) -> str:
        wanted = "-and-".join(self.words.slug(item) for item in target)
        if target == (FIRST,):
            wanted = f"complete-record-{self.policy.number.lower()}"
        number, name = 2, wanted
        while name in self.taken:
            number, name = number + 1, f"{wanted}-{number}"
        return name


def plainest(policy: Policy) -> dict[str, Status]:
    """Statuses that approve in the plainest way: of a group that needs some members, those with most leaves are met.

    What is not needed is undocumented; an exclusion is unmet.
    """
    out = {x: Status.UNMET for x in policy.exclusions}

    def leaves(node: Criterion) -> list[str]:
        return [node.iri] if node.is_leaf else [x for m in node.members for x in leaves(policy.by_iri[m])]

    def visit(node: Criterion, status: Status) -> None:
        if node.is_leaf:
            out[node.iri] = status
            return
        members = sorted((policy.by_iri[m] for m in node.members), key=lambda m: -len(leaves(m)))
        needed = policy.needed(node, policy.default_readings)
        for place, member in enumerate(members):
            visit(member, status if place < needed else Status.UNDOCUMENTED)

    visit(policy.by_iri[policy.root], Status.MET)
    return out


def _as_promised(main: Exercised, found: Found, aim: Aim) -> bool:
    """Whether a review finds the statuses that the search found (a line out of scope has none)."""
    if not main.review.criteria:
        return aim.wanted.outside or bool(aim.days)
    told = {c.iri: c.status for c in main.review.criteria}
    return all(told[iri] == status.value for iri, status in found.statuses.items())


def _alone(line: CaseLine) -> int:
    """How many criteria decide the line alone: many, where nothing makes up for anything."""
    return sum(item.dimension == "alone" for item in line.items)


def _triples(request: Path) -> Triples | None:
    try:
        return Triples(read_triples(request).triples)
    except PlexusError:
        return None


def _one_namespace(start: Start) -> bool:
    """Whether every node of a record is named, and in the namespace of its request."""
    typed = [s for s, p, _ in start.triples if p == RDF_TYPE]
    return all(isinstance(s, NamedNode) and s.value.startswith(start.namespace) for s in typed)
