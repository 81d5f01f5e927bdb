"""What time does to evidence, over columns: durations, what is dated too late, and what a later result supersedes.

The same as :func:`reasoner.derive.seen_from` derives for one line.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from pyoxigraph import NamedNode

from reasoner.batch.coding import DAYS, NUMBERS, TERMS, Coding
from reasoner.batch.mixing import mixed, summed
from reasoner.batch.views import ViewGraph
from reasoner.columnar.graph import Edges, Graph
from reasoner.derive import DEFINITE_OUTCOMES, FINAL, evidence_classes
from reasoner.vocabulary import CLIN, COV

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Ids = NDArray[np.int32]
    Bools = NDArray[np.bool_]

New = tuple[str, Edges]
QUESTIONS = {
    CLIN.Finding.value: (COV.about, CLIN.kind, CLIN.site, CLIN.side),
    CLIN.Treatment.value: (COV.about, CLIN.kind, CLIN.medicationClass, CLIN.agent, CLIN.target),
    COV.Judgement.value: (COV.about, COV.onCriterion, COV.statedBy),
}
"""What nodes of a class answer, by properties: those with equal values can supersede each other."""


def with_times(v: ViewGraph, coding: Coding) -> ViewGraph:
    """The graph with what is derived from dates."""
    derived = _Derived(v, coding)
    fixed = v.graph.fixed
    found = list(derived.edges())
    more: dict[str, tuple[Edges, ...]] = {}
    for predicate, edges in found:
        more[predicate] = (*more.get(predicate, ()), edges)
    entering = frozenset(p for p, e in found if e.target < fixed)
    graph = replace(v.graph.with_edges(more), entering_fixed=v.graph.entering_fixed | entering)
    return ViewGraph(graph, v.tables, v.block, v.views)


def service_days(v: ViewGraph) -> Ids:
    """The day of service of each view: that of the line, else the day on which the request was received."""
    import numpy as np

    lines = single(v.graph, v.block["lines"], COV.serviceDate.value, DAYS)
    received = single(v.graph, v.block["requests"], COV.receivedOn.value, DAYS)
    return np.where(lines >= 0, lines, received)


def single(graph: Graph, block: int, predicate: str, target: int) -> Ids:
    """The value of each term of a block in another block; -1 where there is none. Of several, the first."""
    import numpy as np

    out = np.full(graph.blocks[block].size, -1, np.int32)
    for e in graph.leaving(predicate, block):
        if e.target == target and e.subjects is None:
            out = np.where(out >= 0, out, e.objects)
        elif e.target == target:
            subjects, objects = e.pairs
            found = np.full(len(out), -1, np.int32)
            found[subjects[::-1]] = objects[::-1]
            out = np.where(out >= 0, out, found)
    return out


class _Derived:
    def __init__(self, v: ViewGraph, coding: Coding) -> None:
        self.v, self.graph, self.coding = v, v.graph, coding
        self.service = service_days(v)
        classes = [c.value for c in evidence_classes(coding.knowledge.ontology)]
        self.evidence = {c: v.block[v.by_class[c]] for c in classes if c in v.by_class}

    def edges(self) -> Iterator[New]:
        """Everything that is derived."""
        import numpy as np

        line = self.v.block["lines"]
        stated = single(self.graph, line, COV.serviceDate.value, DAYS)
        yield COV.serviceDate.value, Edges(line, DAYS, None, np.where(stated >= 0, np.int32(-1), self.service))
        days, used = {}, {}
        for cls, block in self.evidence.items():
            days[cls] = self._day(block)
            yield from self._lasted(block)
            service = self.service[self._owner(block)]
            dated = (service >= 0) & (days[cls] >= 0)
            late = dated & (days[cls] > service)
            used[cls] = ~late
            before = np.where(dated & ~late, service - days[cls], np.int32(-1))
            yield COV.daysBeforeService.value, Edges(block, NUMBERS, None, before)
            yes = np.where(late, np.int32(self.coding.truth(True)), np.int32(-1))
            yield COV.datedAfterService.value, Edges(block, TERMS, None, yes)
        for cls in QUESTIONS:
            if cls in days:
                yield from self._superseded(cls, days[cls], used[cls])
        if COV.Judgement.value in days:
            yield from self._settled(days[COV.Judgement.value], used[COV.Judgement.value])

    def _owner(self, block: int) -> Ids:
        return next(t.owner for name, t in self.v.tables.items() if self.v.block[name] == block)

    def _day(self, block: int) -> Ids:
        """The day of evidence: its own, its end, or that of the study that reports it."""
        import numpy as np

        out = np.full(self.graph.blocks[block].size, -1, np.int32)
        for prop in (COV.date, CLIN.endDate, CLIN.occurredOn):
            out = np.where(out >= 0, out, single(self.graph, block, prop.value, DAYS))
        for e in self.graph.entering(CLIN.hasFinding.value, block):
            studies, findings = e.pairs
            found = np.full(len(out), -1, np.int32)
            found[findings[::-1]] = single(self.graph, e.source, COV.date.value, DAYS)[studies[::-1]]
            out = np.where(out >= 0, out, found)
        return out

    def _lasted(self, block: int) -> Iterator[New]:
        import numpy as np

        start = single(self.graph, block, CLIN.startDate.value, DAYS)
        end = single(self.graph, block, CLIN.endDate.value, DAYS)
        known = (start >= 0) & (end >= start)
        if known.any():
            lasted = np.where(known, end - start, np.int32(-1))
            yield COV.durationInDays.value, Edges(block, NUMBERS, None, lasted)

    # -- supersession

    def _superseded(self, cls: str, days: Ids, used: Bools) -> Iterator[New]:
        import numpy as np

        block = self.evidence[cls]
        asks = self._stated(block) if cls == COV.Judgement.value else np.ones(len(days), np.bool_)
        rows = np.flatnonzero(asks)
        question, owner = self._questions(cls, block)[rows], self._owner(block)[rows]
        when, takes = days[rows], (used & self._answers(cls, block) & (days >= 0))[rows]
        earlier, later = [np.empty(0, np.int32)], [np.empty(0, np.int32)]
        first, apart = np.arange(len(rows)), 1
        while len(first := first[first + apart < len(rows)]):
            first = first[owner[first] == owner[first + apart]]  # rows of a view stand together
            second = first + apart
            same = (question[first] == question[second]) & (when[first] >= 0) & (when[second] >= 0)
            for old, new in ((first, second), (second, first)):
                hit = same & takes[new] & (when[old] < when[new])
                earlier.append(rows[old[hit]].astype(np.int32))
                later.append(rows[new[hit]].astype(np.int32))
            apart += 1
        subjects, objects = np.concatenate(earlier), np.concatenate(later)
        if len(subjects):
            yield COV.supersededBy.value, Edges(block, block, subjects, objects)

    def _questions(self, cls: str, block: int) -> NDArray[np.uint64]:
        """One number a row for the question that it answers in its request: equal for equal sets of values."""
        import numpy as np

        out = mixed(self._owner(block).astype(np.uint64))
        for salt, prop in enumerate(QUESTIONS[cls], 1):
            for e in self.graph.leaving(prop.value, block):
                out += _summed(*e.pairs, len(out), salt * 64 + e.target)
        for e in self.graph.entering(CLIN.hasFinding.value, block):
            for m in self.graph.leaving(CLIN.modality.value, e.source):
                whole = _summed(*m.pairs, self.graph.blocks[e.source].size, 7)
                studies, findings = e.pairs
                out[findings] += whole[studies]
        return out

    def _stated(self, block: int) -> Bools:
        import numpy as np

        out = np.zeros(self.graph.blocks[block].size, np.bool_)
        for e in self.graph.leaving(COV.statedBy.value, block):
            out[e.pairs[0]] = True
        return out

    def _answers(self, cls: str, block: int) -> Bools:
        """Which rows are definite enough to supersede: a final report, an outcome, any judgement."""
        import numpy as np

        if cls == CLIN.Treatment.value:
            return np.isin(single(self.graph, block, CLIN.outcome.value, TERMS), self._numbers(DEFINITE_OUTCOMES))
        if cls != CLIN.Finding.value:
            return np.ones(self.graph.blocks[block].size, np.bool_)
        out = np.zeros(self.graph.blocks[block].size, np.bool_)
        for e in self.graph.entering(CLIN.hasFinding.value, block):
            status = single(self.graph, e.source, CLIN.reportStatus.value, TERMS)
            studies, findings = e.pairs
            out[findings[np.isin(status, self._numbers(FINAL))[studies]]] = True
        return out

    def _numbers(self, terms: set[NamedNode]) -> list[int]:
        return [self.coding.term(t.value) for t in terms]

    # -- settled by a judgement of the payer

    def _settled(self, days: Ids, used: Bools) -> Iterator[New]:
        import numpy as np

        block = self.evidence[COV.Judgement.value]
        payer = np.zeros(len(days), np.bool_)
        for e in self.graph.leaving(COV.statedBy.value, block):
            role = single(self.graph, e.target, COV.role.value, TERMS)
            judgements, clinicians = e.pairs
            payer[judgements[role[clinicians] == self.coding.term(COV.PayerReviewer.value)]] = True
        dated = single(self.graph, block, COV.date.value, DAYS) >= 0
        verdict = single(self.graph, block, COV.verdict.value, TERMS) >= 0
        criterion = single(self.graph, block, COV.onCriterion.value, TERMS)
        settles = payer & used & dated & verdict & (criterion >= 0)
        if not settles.any():
            return
        for e in self.graph.leaving(COV.basedOn.value, block):
            judgements, evidence = e.pairs
            hit = settles[judgements]
            pairs = np.unique(evidence[hit].astype(np.int64) << 32 | criterion[judgements[hit]])
            yield (
                COV.settledFor.value,
                Edges(e.target, TERMS, (pairs >> 32).astype(np.int32), (pairs & 0xFFFFFFFF).astype(np.int32)),
            )


def _summed(rows: Ids, values: Ids, size: int, salt: int) -> NDArray[np.uint64]:
    """By row, the sum of the spread numbers of its values: the same whatever their order."""
    import numpy as np

    return summed(rows, mixed(values.astype(np.uint64) + np.uint64(salt << 40)), size)
