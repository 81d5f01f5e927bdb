"""The review of one chunk of requests: canonical nested rows in; outcomes, reasons and rejected requests out.

The same recommendations as :func:`reasoner.review.review_record`, over whole columns at once. Every line comes out as
an outcome, or its request as rejected with a reason.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reasoner.batch.alike import marks_of
from reasoner.batch.assigning import Group, groups_of
from reasoner.batch.binding import binding_bits
from reasoner.batch.coding import Coding, coding_of
from reasoner.batch.columns import Columns, columns_of
from reasoner.batch.composing import composer_of
from reasoner.batch.faults import Rejection, rejections
from reasoner.batch.governing import Governed, days_by, governed, inside_days
from reasoner.batch.hinging import Ground, HingeTexts, hinges_by_marks, hinges_of, known_hinges, nowhere
from reasoner.batch.keys import references_of
from reasoner.batch.mixing import mixed
from reasoner.batch.plan import Plan, Profile
from reasoner.batch.reasons import ReasonRows, reason_rows
from reasoner.batch.tables_out import OutcomeColumns, outcome_table, reasons_table, rejected_table
from reasoner.batch.times import with_times
from reasoner.batch.views import view_graph
from reasoner.batch.weighing import BulkWeigher
from reasoner.columnar.evaluate import Evaluation
from reasoner.columnar.reading import read_shapes
from reasoner.knowledge import Knowledge, load
from reasoner.once import once_for_each
from reasoner.policy import Policy, Readings, check_readings, edition_named
from reasoner.tables.schema import Schema, schema_of
from reasoner.vocabulary import COV

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    from reasoner.batch.mixing import Marks
    from reasoner.columnar.masks import Mask

    Ids = NDArray[np.int32]


@dataclass(frozen=True)
class Reviewed:
    """What became of a chunk: a row a line and profile, a row a piece of evidence, a row a fault."""

    outcomes: pa.Table
    reasons: pa.Table
    rejected: pa.Table


@dataclass(frozen=True)
class Context:
    """What a plan means: the knowledge, the editions it may be reviewed under, and their words as numbers."""

    plan: Plan
    knowledge: Knowledge
    schema: Schema
    coding: Coding
    policies: tuple[Policy, ...]
    edition: Policy | None


@once_for_each
def context_of(plan: Plan) -> Context:
    """What a plan means, found out once for each.

    Raises:
        ReadingError: a profile names an ambiguity or a reading that no policy has.
        UnknownTerm: there is no such edition.
        PolicyError: the library is not well made.
    """
    knowledge = load(plan.library)
    for profile in plan.profiles:
        check_readings(knowledge.policies, profile.readings)
    named = edition_named(knowledge.policies, plan.edition) if plan.edition is not None else None
    return Context(plan, knowledge, schema_of(knowledge), coding_of(knowledge), knowledge.policies, named)


def review_table(rows: pa.Table, plan: Plan) -> Reviewed:
    """Review a chunk of requests.

    Args:
        rows: canonical nested rows (:func:`reasoner.tables.schema.nested_schema`), as many as fit into memory.
        plan: what is asked.

    Raises:
        ReadingError: a profile names an ambiguity or a reading that no policy has.
        UnknownTerm: there is no such edition.
    """
    context = context_of(plan)
    columns = columns_of(rows, context.schema, context.coding)
    chunk = _Chunk(context, columns)
    refused = chunk.refused()
    lines = chunk.accepted_lines(refused)
    parts = [chunk.reviewed(profile, lines) for profile in plan.profiles]
    outcomes = outcome_table(columns, lines, [o for o, _ in parts], context.policies, plan)
    reasons = reasons_table(columns, [r for _, some in parts for r in some], plan)
    return Reviewed(outcomes, reasons, rejected_table(columns, refused))


class _Chunk:
    """One chunk on its way."""

    def __init__(self, context: Context, columns: Columns) -> None:
        self.context, self.columns, self.coding = context, columns, context.coding
        self.references = references_of(columns)
        self.whole = view_graph(columns, self.references, None, self.coding)
        self._dated: dict[str, Ids] = {}
        self._weighers: dict[tuple[int, bytes], BulkWeigher] = {}

    def refused(self) -> list[Rejection]:
        """What is wrong with requests."""
        shapes = read_shapes(self.context.knowledge.shapes("request.ttl"))
        evaluation = Evaluation(self.whole.graph, shapes, kept_for(self.context, "request"))
        return rejections(self.columns, self.references, self.whole, evaluation, self.coding, self.context.plan.as_of)

    def accepted_lines(self, refused: list[Rejection]) -> NDArray[np.int32]:
        """The rows of the lines whose request is not rejected."""
        import numpy as np

        good = np.ones(self.columns.size, np.bool_)
        good[[r.request for r in refused]] = False
        return np.flatnonzero(good[self.columns.tables["lines"].owner]).astype(np.int32)

    def reviewed(self, profile: Profile, lines: NDArray[np.int32]) -> tuple[OutcomeColumns, list[ReasonRows]]:
        """The outcomes of accepted lines in one profile, with the rows of reasons."""
        context = self.context
        found = governed(self.columns, context.policies, context.edition, profile.readings)
        out = OutcomeColumns.none(profile.name, len(lines), found, lines)
        reasons: list[ReasonRows] = []
        for number, policy in enumerate(context.policies):
            group = groups_of(self.columns, lines, found, number)
            if group is not None:
                reasons += self._review(policy, group, profile, found, out)
                if len(context.plan.profiles) == 1:
                    self._weighers.clear()  # no other profile will ask for them, and they are large
        return out, reasons

    def _review(
        self, policy: Policy, group: Group, profile: Profile, found: Governed, out: OutcomeColumns
    ) -> list[ReasonRows]:
        import numpy as np

        weigher = self._weigher(policy, group)
        readings = policy.own_readings(profile.readings)
        codes = np.stack([weigher.codes(leaf, readings)[group.at] for leaf in policy.leaves])
        days = np.full(weigher.view.views, -1, np.int32)
        days[group.at] = found.day[group.lines]
        bits = binding_bits(weigher.view, self.coding, days)[group.at]
        composer = composer_of(policy, tuple(readings.items()))
        composed = composer.compose(codes, bits)
        ground = self._ground(policy, group, weigher, bits)
        outside = ground.outside(readings)
        out.put(policy, group.places, codes, composed, outside)
        if self.context.plan.hinges:
            out.put_hinges(group.places, self._hinges(policy, group, ground, readings))
        inside = group.only(~outside)
        every = self.context.plan.all_reasons
        return reason_rows(weigher, inside, codes[:, ~outside], readings, profile.name, every=every)

    def _hinges(self, policy: Policy, group: Group, ground: Ground, readings: Readings) -> HingeTexts:
        """The hinges of the lines of a group; of lines that are alike one is looked at, in a graph of its own."""
        marks = marks_of(ground.weigher) if ground.elsewhere is nowhere else None
        if marks is None:
            return hinges_of(ground, readings)
        own = mixed(marks[group.at] + mixed(ground.bits.astype("uint64"))) + self._day_marks(policy, group)

        def search(some: Ids) -> HingeTexts:
            few = group.alone(some, self.columns.tables["lines"].owner)
            return hinges_of(self._ground(policy, few, self._weighed(policy, few), ground.bits[some]), readings)

        known = known_hinges(policy, tuple(readings.items()), named=policy is self.context.edition)
        return hinges_by_marks(own, known, search)

    def _day_marks(self, policy: Policy, group: Group) -> Marks:
        """For each line in which of the ways to date it the edition is in force."""
        import numpy as np

        ways = {COV.serviceDate.value, policy.dates_by(policy.default_readings)}
        ways |= {r.dates_by for r in policy.reading_by_iri.values() if r.dates_by}
        out = np.zeros(len(group.lines), np.uint64)
        for place, way in enumerate(sorted(ways)):
            out += inside_days(policy, self._days(way)[group.lines]).astype(np.uint64) << np.uint64(place)
        return mixed(out)

    def _days(self, prop: str) -> Ids:
        """The date of each line by which an edition is chosen, kept for other readings."""
        if prop not in self._dated:
            self._dated[prop] = days_by(self.columns, prop)
        return self._dated[prop]

    def _ground(self, policy: Policy, group: Group, weigher: BulkWeigher, bits: NDArray[np.int64]) -> Ground:
        """What the lines of a group rest on under any readings."""
        import numpy as np

        named = policy is self.context.edition

        def outside(readings: Readings) -> NDArray[np.bool_]:
            days = self._days(policy.dates_by(readings))[group.lines]
            gone = weigher.outside(readings)[group.at]
            return gone if named else gone | ~inside_days(policy, days)

        others = [p for p in self.context.policies if p.number == policy.number and p is not policy]
        if named or not others:
            return Ground(weigher, group.at, bits, outside, nowhere)

        def elsewhere(readings: Readings, lines: NDArray[np.bool_]) -> NDArray[np.uint8]:
            names = {a.notation: policy.reading_by_iri[readings[a.iri]].notation for a in policy.ambiguities}
            out = nowhere(readings, lines)
            open_ = lines.copy()
            for other in others:
                own = other.own_readings(names)
                days = self._days(other.dates_by(own))[group.lines]
                there = self._weigher(other, group)
                fits = open_ & inside_days(other, days) & ~there.outside(own)[group.at]
                if fits.any():
                    at = group.at[fits]
                    codes = np.stack([there.codes(leaf, own)[at] for leaf in other.leaves])
                    out[fits] = composer_of(other, tuple(own.items())).compose(codes, bits[fits]).recommendation
                    open_ &= ~fits
            return out

        return Ground(weigher, group.at, bits, outside, elsewhere)

    def _weigher(self, policy: Policy, group: Group) -> BulkWeigher:
        """The weigher of a group, kept for other profiles and editions."""
        key = (id(policy), group.key)
        if key not in self._weighers:
            self._weighers[key] = self._weighed(policy, group)
        return self._weighers[key]

    def _weighed(self, policy: Policy, group: Group) -> BulkWeigher:
        view = self.whole
        if group.views is not None:
            view = view_graph(self.columns, self.references, group.views, self.coding)
        view = with_times(view, self.coding)
        shapes = read_shapes(self.context.knowledge.policy_shapes(policy))
        evaluation = Evaluation(view.graph, shapes, kept_for(self.context, policy.edition_iri))
        return BulkWeigher(policy, view, evaluation)


_KEPT: dict[tuple[int, str], dict[tuple[object, ...], Mask]] = {}


def kept_for(context: Context, shapes: str) -> dict[tuple[object, ...], Mask]:
    """What is true of the fixed blocks under some shapes, kept for the process."""
    return _KEPT.setdefault((id(context.coding), shapes), {})
