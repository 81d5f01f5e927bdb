"""The records among which a missing case is looked for: those near an existing one, with new nodes to add.

A space starts from a record (a case, or the mere frame of a request), and says which statements may be taken back,
changed or added. It holds no rule: what a record means is said in ``records.lp`` and by the shapes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from pyoxigraph import Literal, NamedNode

from reasoner.cases.encode import Names
from reasoner.cases.usage import Class, Place, Property, Usage
from reasoner.derive import DEFINITE_OUTCOMES, FINAL, TRUE, evidence_classes
from reasoner.errors import PolicyError
from reasoner.model import Polarity
from reasoner.policy import Policy
from reasoner.triples import RDF_TYPE, Node, Spo, Term, Triples
from reasoner.vocabulary import CLIN, COV, DCTERMS, XSD

NEW = "https://w3id.org/plexus/new/"
"""The namespace of nodes that a record may get; they are named when the record is written."""

MOST = 6
"""How many new nodes of a class a record may get at most."""

_ASIDE = {COV.Request, COV.Document, COV.Plan, COV.PlanTerm, COV.Mandate, COV.Clinician}
"""Classes whose nodes stay as they are."""
_SET = {
    *(COV.line, COV.sequence, COV.procedureCode, COV.documentedIn, CLIN.hasFinding, CLIN.agent, RDF_TYPE),
}
"""Properties that are never chosen: they come with their node. What intake derives is not chosen either."""
_ROLES = (COV.TreatingSurgeon, COV.TreatingClinician, COV.ConsultingClinician, COV.PayerReviewer)


@dataclass(frozen=True)
class Start:
    """The record from which a search starts. ``case`` is the case that it is of, or nothing where it is a frame."""

    case: str | None
    triples: Triples
    as_of: date
    request: NamedNode
    line: NamedNode
    condition: NamedNode

    @property
    def namespace(self) -> str:
        """The namespace of the record's own nodes."""
        return self.request.value[: max(self.request.value.rfind("#"), self.request.value.rfind("/")) + 1]


def frame(policy: Policy) -> Start:
    """A request that documents nothing, for a policy without any case.

    The procedure is requested for a day on which the edition is in force; the review is some days before it.

    Raises:
        PolicyError: the edition names no procedure code.
    """
    if not policy.codes:
        raise PolicyError(
            policy.edition_iri, "names no procedure code, so nothing can be requested.", "Add cov:procedureCode."
        )
    last = (policy.until or policy.edition + timedelta(days=400)) - timedelta(days=1)
    service = min(policy.edition + timedelta(days=109), last)
    as_of, received = service - timedelta(days=19), service - timedelta(days=38)
    space = "https://example.org/pa/new-case#"
    request, line, condition = (NamedNode(space + name) for name in ("request", "line1", "condition"))
    triples: list[Spo] = [
        (request, RDF_TYPE, COV.Request),
        (request, DCTERMS.identifier, Literal("PA-PROPOSED")),
        (request, COV.receivedOn, day_literal(received)),
        (request, COV.timing, COV.PreService),
        (request, COV.urgency, COV.Standard),
        (request, COV.stage, COV.Initial),
        (request, COV.line, line),
        (line, RDF_TYPE, COV.Line),
        (line, COV.sequence, Literal("1", datatype=XSD.integer)),
        (line, COV.procedureCode, Literal(policy.codes[0])),
        (line, COV.serviceDate, day_literal(service)),
        (line, COV.indication, condition),
        (condition, RDF_TYPE, CLIN.Condition),
    ]
    return Start(None, Triples(triples), as_of, request, line, condition)


_LATE = timedelta(days=2)
"""How long before the review the latest evidence is from: after a service that was ten days before it."""


def day_literal(day: date) -> Literal:
    """A day as a record writes it."""
    return Literal(day.isoformat(), datatype=XSD.date)


@dataclass(frozen=True)
class Slot:
    """A node that a record may have. ``before`` marks nodes of the start; ``follows`` orders new nodes alike."""

    node: NamedNode
    cls: Class
    before: bool
    follows: NamedNode | None = None


class Space:
    """The nodes that a record may have, and the statements that they may make."""

    def __init__(self, policy: Policy, usage: Usage, start: Start, names: Names) -> None:
        self.policy = policy
        self.usage = usage
        self.start = start
        self.names = names
        self.derived = set(usage.ontology.subjects(COV.derivedAtIntake, TRUE))
        self.fixed: list[Spo] = []
        self.may: dict[Spo, int] = {}
        self.slots: list[Slot] = [*self._present(), *self._new()]
        self.by_class: dict[Class, list[NamedNode]] = {}
        for slot in self.slots:
            self.by_class.setdefault(slot.cls, []).append(slot.node)
        self._fill()

    # -- nodes

    def _present(self) -> Iterator[Slot]:
        for subject, prop, cls in self.start.triples:
            if prop == RDF_TYPE and isinstance(subject, NamedNode) and isinstance(cls, NamedNode):
                yield Slot(subject, cls, before=True)

    def _new(self) -> Iterator[Slot]:
        present = [slot.cls for slot in self._present()]
        roles = [r for s in self.start.triples.instances(COV.Clinician) for r in self.start.triples.nodes(s, COV.role)]
        for cls in self._classes():
            wanted = self._count(cls)
            already = present.count(cls)
            yield from self._row(cls, max(2, min(MOST, wanted + 1 - already)))
        if CLIN.Finding in self._classes():
            findings = max(2, min(MOST, self._count(CLIN.Finding) + 1 - present.count(CLIN.Finding)))
            yield from self._row(CLIN.Study, findings)
        for role in _ROLES:
            if role not in roles:
                node = NamedNode(f"{NEW}Clinician-{role.value.rsplit('#', 1)[-1]}")
                self.fixed.append((node, COV.role, role))
                yield Slot(node, COV.Clinician, before=False)

    def _row(self, cls: Class, count: int) -> Iterator[Slot]:
        earlier: NamedNode | None = None
        for number in range(1, count + 1):
            node = NamedNode(f"{NEW}{cls.value.rsplit('#', 1)[-1]}-{number}")
            yield Slot(node, cls, before=False, follows=earlier)
            earlier = node

    def _classes(self) -> list[Class]:
        """The classes of evidence that the policy asks for or that records lead to from there."""
        found = {NamedNode(r.evidence_class) for leaf in self.policy.leaves for r in leaf.rules}
        found |= {c for place in self.usage.demands if place[0] in found for c in self.usage.value_classes(place)}
        return sorted(found - _ASIDE - {COV.Line, CLIN.Study}, key=str)

    def _count(self, cls: Class) -> int:
        """How many criteria have a rule of their own for evidence of a class."""
        if cls in (CLIN.Condition, COV.OtherLine):
            return 1 if cls == CLIN.Condition else 0
        return sum(
            any(
                r.evidence_class == cls.value and r.polarity is Polarity.FOR and not r.iri.endswith("-settled-for")
                for r in leaf.rules
            )
            for leaf in self.policy.leaves
        )

    # -- statements

    def _fill(self) -> None:
        started = self.start.triples
        for slot in self.slots:
            if slot.before:
                own = [(slot.node, p, o) for p in started.predicates(slot.node) for o in started.objects(slot.node, p)]
                self.fixed += [t for t in own if t[1] != RDF_TYPE and not self._chosen(slot, t[1])]
            if slot.cls in _ASIDE:
                continue
            for prop in self._properties(slot):
                for value, rank in self._values((slot.cls, prop)).items():
                    self.may[slot.node, prop, value] = rank
                for value in started.objects(slot.node, prop) if slot.before else ():
                    self.may[slot.node, prop, value] = 0
        for number, node in enumerate(self._only_new(CLIN.Finding), 1):
            self.fixed.append((NamedNode(f"{NEW}Study-{number}"), CLIN.hasFinding, node))
        for node in self._only_new(COV.OtherLine):
            others = self._only_new(CLIN.Condition)[:1]
            self.fixed += [(node, COV.accompanies, self.start.line), *((node, COV.otherIndication, c) for c in others)]

    def _only_new(self, cls: Class) -> list[NamedNode]:
        return [s.node for s in self.slots if s.cls == cls and not s.before]

    def _chosen(self, slot: Slot, prop: Property) -> bool:
        """Whether the values of a property are chosen; what stands in free text stays."""
        if slot.cls in _ASIDE or prop in _SET or (slot.node == self.start.line and prop == COV.indication):
            return False
        values = self.start.triples.objects(slot.node, prop)
        free = any(isinstance(v, Literal) and v.datatype == XSD.string for v in values)
        return not free or (slot.cls, prop) in self.usage.demands

    def _properties(self, slot: Slot) -> list[Property]:
        known = {prop for prop, owners in self.usage.owners.items() if slot.cls in owners} - _SET - self.derived
        if slot.node == self.start.line:
            known -= {COV.indication}
        return sorted((p for p in known if self._chosen(slot, p)), key=str)

    def _values(self, place: Place) -> dict[Term, int]:
        """The values that a place may take, with how unusual each is."""
        usage = self.usage
        if place[1] == COV.onCriterion:
            return {NamedNode(leaf.iri): 0 for leaf in self.policy.leaves}
        classes = usage.value_classes(place)
        if classes:
            seen = [cls for cls, _ in usage.classes.get(place, Counter()).most_common()]
            order = [*seen, *sorted(classes - set(seen), key=str)]
            # What somebody judges, or a symptom comes from, is no judgement.
            return {
                node: rank
                for rank, cls in enumerate(c for c in order if c != COV.Judgement)
                for node in self.by_class.get(cls, [])
            }
        literals = self._literals(place)
        return literals if literals else usage.concepts(place)

    def _literals(self, place: Place) -> dict[Term, int]:
        seen = [v for v in self.usage.values.get(place, ()) if isinstance(v, Literal)]
        demand = self.usage.demands.get(place)
        if place in self.usage.dates or any(v.datatype == XSD.date for v in seen):
            return {day_literal(day): rank for rank, day in enumerate(self._days(place))}
        out: dict[Term, int] = {v: i for i, v in enumerate(seen[:3])}
        if demand is None:
            return out if all(v.datatype != XSD.string for v in seen) else {}
        for value in sorted(demand.values, key=str):
            if isinstance(value, Literal):
                out.setdefault(value, 2)
        for bound in sorted(demand.bounds, key=str):
            out.update({v: 2 for v in _around(bound) if v not in out})
        for pattern in sorted(demand.patterns):
            out.update({v: 2 for v in self.usage.codes_like(pattern) if v not in out})
        return out

    def _days(self, place: Place) -> list[date]:
        """Days that tell apart what must be told apart: before and after each other, and after the service.

        Where shapes bound how long something lasted, or how long before the service it was, there are days on both
        sides of each bound.
        """
        as_of, edition, (cls, prop) = self.start.as_of, self.policy.edition, place
        started = [
            date.fromisoformat(o.value[:10])
            for _, p, o in self.start.triples
            if p == prop and isinstance(o, Literal) and len(o.value) >= 10
        ]
        if prop == COV.serviceDate:
            return sorted({*started, max(edition, as_of - timedelta(days=10))}, reverse=True)
        usual = as_of - timedelta(days=48)
        ends = [day for day in started if prop == CLIN.endDate] or [usual]
        spans = self._bounds(cls, COV.durationInDays) if prop == CLIN.startDate else []
        own = [day - timedelta(days=span) for day in ends for span in spans]
        before = self._bounds(cls, COV.daysBeforeService) if prop != CLIN.startDate else []
        own += [self._service() - timedelta(days=span) for span in before]
        if prop in (CLIN.startDate, CLIN.endDate):
            first = [usual - timedelta(days=90)] if prop == CLIN.startDate and not own else []
            first += [usual] if prop == CLIN.endDate else []
            return list(dict.fromkeys([*first, *sorted(set(started)), *own]))
        return list(dict.fromkeys([usual, *sorted(set(started)), usual - timedelta(days=12), *own, as_of - _LATE]))

    def _bounds(self, cls: Class, prop: Property) -> list[int]:
        """Whole numbers on both sides of every bound that shapes set to a derived number of days."""
        demand = self.usage.demands.get((cls, prop))
        bounds = sorted({int(Decimal(str(b.value))) for b in demand.bounds}) if demand is not None else []
        return [n for b in bounds for n in (b, b - 1, b + 1) if n >= 0]

    def _service(self) -> date:
        text = self.start.triples.text(self.start.line, COV.serviceDate) or self.start.as_of.isoformat()
        return date.fromisoformat(text[:10])

    # -- for the program

    def facts(self) -> Iterator[str]:
        """The space as facts."""
        n = self.names
        triples = self.start.triples
        for slot in self.slots:
            name = n(slot.node)
            yield f"node({name},{n(slot.cls)})."
            if slot.before:
                yield f"before({name})."
            if slot.before and slot.cls in (COV.Request, COV.Line, COV.Document) or slot.node == self.start.condition:
                yield f"kept({name})."
            if slot.follows is not None:
                yield f"next({n(slot.follows)},{name})."
        yield f"line({n(self.start.line)})."
        yield from (f"fixed({n(s)},{n(p)},{n(o)})." for s, p, o in dict.fromkeys(self.fixed))
        for (s, p, o), _ in self.may.items():
            yield f"may({n(s)},{n(p)},{n(o)})."
            if (s, p, o) in triples:
                yield f"was({n(s)},{n(p)},{n(o)})."
        yield from self._ranks()
        classes: dict[Node, Class] = {slot.node: slot.cls for slot in self.slots}
        places = sorted({(classes[s], p) for s, p, _ in self.may}, key=str)
        yield from (f"single({n(c)},{n(p)})." for c, p in places if self.usage.is_single((c, p)))
        for cls in sorted(set(classes.values()), key=str):
            for sort, props in sorted(self.usage.usual(cls).items(), key=str):
                told = ",".join([n(cls), *(n(x) if x is not None else "none" for x in sort or ())])
                yield from (f"usual({told},{n(p)})." for p in sorted(props, key=str))
        yield from (f"unusual({n(s.node)})." for s in self.slots if s.node.value.endswith("-PayerReviewer"))
        for cls in evidence_classes(self.usage.ontology):
            yield f"weighed({n(cls)})."
        yield from (f"final({n(v)})." for v in sorted(FINAL, key=str))
        yield from (f"definite({n(v)})." for v in sorted(DEFINITE_OUTCOMES, key=str))
        yield from self._known()

    def _ranks(self) -> Iterator[str]:
        n = self.names
        classes: dict[Node, Class] = {slot.node: slot.cls for slot in self.slots}
        told = {(classes[s], p, o): rank for (s, p, o), rank in self.may.items() if rank}
        for (cls, prop, value), rank in told.items():
            yield f"rank({n(cls)},{n(prop)},{n(value)},{rank})."

    def _known(self) -> Iterator[str]:
        n = self.names
        for s, p, o in self.usage.arrangement:
            yield f"know({n(s)},{n(p)},{n(o)})."
        days = {
            name: date.fromisoformat(term.value[:10]).toordinal()
            for name, term in n.terms.items()
            if isinstance(term, Literal) and term.datatype == XSD.date
        }
        yield from (f"day({name},{day})." for name, day in days.items())
        if any(prop in (COV.durationInDays, COV.daysBeforeService) for _, prop in self.usage.demands):
            spans = {b - a for a in days.values() for b in days.values() if b >= a}
            yield from (f"whole({n(Literal(str(s), datatype=XSD.integer))},{s})." for s in sorted(spans))


def _around(bound: Term) -> Iterator[Literal]:
    """A bound and its neighbours on both sides, in its own datatype."""
    if isinstance(bound, Literal):
        middle = Decimal(bound.value)
        for value in (middle, middle - 1, middle + 1):
            yield Literal(str(value), datatype=bound.datatype)
