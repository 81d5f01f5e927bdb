"""The way from an empty folder to a policy that is reviewed with: its steps, what belongs to which, and examples.

The examples are cut from the templates of a new policy, so that there is one text to write from.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from pyoxigraph import RdfFormat, parse

from reasoner.authoring.scaffold import Draft, scaffold
from reasoner.locating import Statement, statements
from reasoner.triples import RDF_TYPE, Node
from reasoner.vocabulary import CLIN, COV, OWL, RDFS, SH, compact

STEPS = {
    "files": "files that can be read",
    "policy": "the policy, its number, title and publisher",
    "edition": "its edition, the first day and the procedure",
    "statements": "the coverage statements",
    "tree": "the criteria tree and its groups",
    "criteria": "criteria and exclusions with their words",
    "rules": "rules by which evidence counts",
    "terms": "words that the policy adds",
    "shapes": "shapes of the evidence",
    "readings": "doubtful wordings, every reading with its shapes",
    "defaults": "a default for each, with its reason",
    "places": "places in the document",
    "generated": "shapes that derive from the tree",
    "cases": "cases that come out as expected",
    "questions": "questions that can be run",
}

_OF_PROPERTY = {
    COV.edition: "edition",
    COV.statement: "statements",
    COV.root: "tree",
    COV.members: "tree",
    COV.threshold: "tree",
    COV.exclusion: "criteria",
    COV.hasRule: "rules",
    COV.facet: "shapes",
    COV.commonFacet: "shapes",
    COV.uses: "shapes",
    COV.linkedShape: "shapes",
    COV.choice: "readings",
    COV.ambiguity: "readings",
    COV.doubt: "readings",
    COV.hasReading: "readings",
    COV.defaultReading: "defaults",
    COV.defaultReason: "defaults",
    COV.defaultChosenBy: "defaults",
    COV.defaultChosenOn: "defaults",
    COV.anchor: "places",
    COV.inSection: "places",
    RDFS.isDefinedBy: "files",
}
_OF_CLASS = {
    OWL.Ontology: "files",
    COV.Policy: "policy",
    COV.Edition: "edition",
    COV.CoverageStatement: "statements",
    COV.AllOf: "tree",
    COV.AnyOf: "tree",
    COV.AtLeast: "tree",
    COV.LeafCriterion: "criteria",
    COV.Exclusion: "criteria",
    COV.EvidenceRule: "rules",
    COV.SwitchedFacet: "readings",
    COV.Ambiguity: "readings",
    COV.Reading: "readings",
    COV.LinkFacet: "shapes",
    SH.NodeShape: "shapes",
    SH.PropertyShape: "shapes",
    COV.Anchor: "places",
    COV.Section: "places",
    COV.Request: "cases",
    COV.Line: "cases",
}
MEANT = {
    COV.edition: COV.Edition,
    COV.statement: COV.CoverageStatement,
    COV.root: COV.AllOf,
    COV.members: COV.LeafCriterion,
    COV.exclusion: COV.Exclusion,
    COV.hasRule: COV.EvidenceRule,
    COV.facet: SH.PropertyShape,
    COV.commonFacet: SH.PropertyShape,
    COV.uses: SH.PropertyShape,
    COV.linkedShape: SH.PropertyShape,
    COV.ambiguity: COV.Ambiguity,
    COV.hasReading: COV.Reading,
    COV.underReading: COV.Reading,
    COV.defaultReading: COV.Reading,
    COV.anchor: COV.Anchor,
    COV.inSection: COV.Section,
    CLIN.kind: CLIN.Concept,
    SH.hasValue: CLIN.Concept,
    SH.node: SH.NodeShape,
    SH.qualifiedValueShape: SH.NodeShape,
}
"""The class of what a property points at: what to write where it is declared nowhere."""
_MORE = {COV.threshold: "cov:threshold 2 ;", COV.supersededOn: 'cov:supersededOn "2027-01-01"^^xsd:date ;'}


def step_of(types: Iterable[Node], prop: str) -> str:
    """The step to which a fault belongs, by the classes of the node and the property (an IRI, or nothing).

    >>> step_of([COV.Ambiguity], COV.defaultReason.value), step_of([COV.LeafCriterion], "")
    ('defaults', 'criteria')
    """
    by_property = next((step for p, step in _OF_PROPERTY.items() if p.value == prop), None)
    if by_property:
        return by_property
    return next((step for cls, step in _OF_CLASS.items() if cls in set(types)), "terms")


@dataclass(frozen=True)
class Found:
    """One thing that a library lacks.

    ``step`` is the step to which it belongs, ``where`` the node or file, ``what`` what is wrong with its cure,
    ``file`` and ``line`` where to write (line 0: it cannot be told), ``example`` what to write, in Turtle.
    """

    step: str
    where: str
    what: str
    file: str = ""
    line: int = 0
    example: str = ""

    @property
    def place(self) -> str:
        """File and line, as editors take them."""
        return f"{self.file}:{self.line}" if self.line else self.file

    def __str__(self) -> str:
        return ": ".join(x for x in (self.place, self.where, self.what) if x)


@lru_cache(maxsize=4)
def _examples(number: str) -> tuple[tuple[Statement, frozenset[Node], tuple[str, ...]], ...]:
    """The statements of the templates with their classes and their lines."""
    out = []
    for name, text in scaffold(Draft(number, date(2026, 1, 1))).items():
        if not name.endswith(".ttl"):
            continue
        types: dict[str, set[Node]] = {}
        for q in parse(text.encode(), format=RdfFormat.TURTLE):
            if q.predicate == RDF_TYPE:
                types.setdefault(getattr(q.subject, "value", ""), set()).add(q.object)
        rows = tuple(text.split("\n"))
        out += [(s, frozenset(types.get(s.subject, ())), rows) for s in statements(text)]
    return tuple(out)


def example_of(number: str, prop: str, types: Iterable[Node]) -> str:
    """How a property is written for a node of one of the classes, or nothing where no template has it.

    Args:
        number: the number of the policy that is being written.
        prop: the IRI of the property.
        types: the classes of the node.
    """
    wanted = set(types)
    having = [x for x in _examples(number) if prop in x[0].properties]
    having.sort(key=lambda x: not wanted & x[1])
    if having:
        statement, _, rows = having[0]
        first, last = statement.properties[prop]
        line = rows[first - 1 : last]
        text = "\n".join(row.strip() for row in line)
        return text if first != statement.first else ""
    return next((text for p, text in _MORE.items() if p.value == prop), "")


def block_of(number: str, cls: Node, name: str) -> str:
    """How a node of a class is written, under a name (``p0900:policy``); nothing where no template has one."""
    for statement, types, rows in _examples(number):
        if cls in types:
            block = "\n".join(rows[statement.first - 1 : statement.last])
            return block.replace(compact(statement.subject), name, 1)
    return ""
