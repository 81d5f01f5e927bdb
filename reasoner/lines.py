"""One line of a request as it is reviewed, and what a run is done with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from pyoxigraph import NamedNode

from reasoner import intake
from reasoner.authority import BindingTerm
from reasoner.counterfactual import Situation
from reasoner.describe import Describer
from reasoner.determine import Decision
from reasoner.engine import Engine
from reasoner.explain import Explainer
from reasoner.knowledge import Knowledge
from reasoner.model import LineReview
from reasoner.triples import Triples
from reasoner.vocabulary import CLIN, COV


@dataclass(frozen=True)
class Setting:
    """What a run is done with: knowledge, engine, day, and the readings asked for."""

    knowledge: Knowledge
    engine: Engine
    as_of: date
    chosen: Mapping[str, str]


@dataclass(frozen=True)
class Line:
    """One line as it is reviewed: its node, what it asks for, and the words to tell it."""

    record: intake.Record
    sequence: int
    node: NamedNode
    triples: Triples
    code: str
    condition: NamedNode | None
    say: Describer
    plain: Describer

    def day(self, prop: str) -> date | None:
        """The date by which an edition is chosen: of the line, or of the request."""
        for node in (self.node, NamedNode(self.record.iri)):
            text = self.triples.text(node, NamedNode(prop))
            if text:
                return date.fromisoformat(text[:10])
        return None

    @property
    def side(self) -> str | None:
        """The label of the line's side."""
        side = self.triples.node(self.node, CLIN.side)
        return self.say.word(side) if side is not None else None


def line_of(record: intake.Record, line: intake.LineRecord, knowledge: Knowledge) -> Line:
    """A line of a record with the words to tell it."""
    node = NamedNode(line.iri)
    condition = line.triples.node(node, COV.indication)
    return Line(
        record=record,
        sequence=line.sequence,
        node=node,
        triples=line.triples,
        code=line.triples.text(node, COV.procedureCode) or "",
        condition=condition if isinstance(condition, NamedNode) else None,
        say=Describer(knowledge, line.triples),
        plain=Describer(knowledge, line.triples, plain=True),
    )


@dataclass(frozen=True)
class Situated:
    """A line under the edition in force for it: everything that its outcome depends on.

    ``outside`` is the answer where the line falls out of the policy's scope.
    """

    line: Line
    situation: Situation
    terms: tuple[BindingTerm, ...]
    messages: dict[str, str]
    day: date
    outside: LineReview | None = None

    def explainer(self, situation: Situation, decision: Decision) -> Explainer:
        """What explains a decision on the line, also in a situation that is only supposed."""
        line = self.line
        return Explainer(situation, decision, line.say, line.plain, line.node, line.code, self.messages, self.terms)
