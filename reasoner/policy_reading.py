"""Policies from the ontology's triples, with every missing piece named by node and cure."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import combinations

from pyoxigraph import Literal

from reasoner.errors import PolicyError
from reasoner.model import Kind, Status
from reasoner.policy import (
    Ambiguity,
    CodingNote,
    Constraint,
    Criterion,
    NoteRule,
    Policy,
    Reading,
    Route,
    ScopeCondition,
    Settled,
)
from reasoner.policy_rules import RuleReader, iri_of, named, shown
from reasoner.triples import RDF_TYPE, Node, Triples
from reasoner.vocabulary import COV, DCTERMS, RDFS, SKOS, compact, local_name

KINDS = {
    COV.AllOf: Kind.ALL,
    COV.AnyOf: Kind.ANY,
    COV.AtLeast: Kind.AT_LEAST,
    COV.LeafCriterion: Kind.LEAF,
    COV.Exclusion: Kind.EXCLUSION,
}
MESSAGES = {
    Status.MET: COV.metMessage,
    Status.UNMET: COV.unmetMessage,
    Status.CONFLICTING: COV.conflictingMessage,
    Status.TO_JUDGE: COV.toJudgeMessage,
    Status.UNDOCUMENTED: COV.undocumentedMessage,
}
ASKS = {
    Status.UNDOCUMENTED: COV.ask,
    Status.TO_JUDGE: COV.judgeAsk,
    Status.CONFLICTING: COV.resolveAsk,
}


class EditionReader(RuleReader):
    """Reads one edition; holds the tree while it walks."""

    def __init__(self, triples: Triples, policy: Node, edition: Node, slug: str) -> None:
        super().__init__(triples, policy, edition, slug)
        self.number = self.text(policy, COV.number)
        self.criteria: list[Criterion] = []

    # -- the tree

    def visit(self, node: Node, parent: str | None, above: tuple[Node, ...] = ()) -> str:
        if node in above:
            what, cure = "is its own ancestor in the criteria tree.", "Break the cycle of cov:members."
            raise PolicyError(shown(node), what, cure, prop=COV.members.value)
        kind, counted = self.kind(node)
        cid = self.text(node, COV.id)
        place = len(self.criteria)
        head = self.t.node(node, COV.members)
        leaf = kind in (Kind.LEAF, Kind.EXCLUSION)
        if head is None and not leaf:
            raise PolicyError(
                shown(node), "is a group without members.", "Add cov:members ( ... ).", prop=COV.members.value
            )
        rules = self.rules(node, cid) if leaf else ()
        if leaf and len(rules) <= 2:
            raise PolicyError(
                shown(node), "is a leaf without evidence rules.", "Add cov:hasRule.", prop=COV.hasRule.value
            )
        members = self.t.members(head) if head is not None else []
        inner = tuple(self.visit(m, iri_of(node), (*above, node)) for m in members if not isinstance(m, Literal))
        self.criteria.insert(
            place,
            Criterion(
                iri=iri_of(node),
                id=cid,
                label=self.text(node, RDFS.label),
                kind=kind,
                parent=parent,
                members=inner,
                rules=rules,
                source=self.source(node),
                plain=self.text(node, COV.plainText),
                messages={s.value: self.text(node, p) for s, p in MESSAGES.items()} if leaf else {},
                asks={s.value: self.text(node, p) for s, p in ASKS.items()} if leaf else {},
                later_event=self.t.text(node, COV.laterEvent) == "true",
                threshold=self.threshold(counted, kind, len(inner)),
            ),
        )
        return iri_of(node)

    def kind(self, node: Node) -> tuple[Kind, Node]:
        """What a criterion is, and the node that says so: itself, or a settled reading that joins a group otherwise."""
        for reading in self.settled.values():
            group, joined = self.t.node(reading, COV.regroups), KINDS.get(named(self.t.node(reading, COV.groupKind)))
            if group is not None and joined is not None and self.own(group, reading) == node:
                return joined, reading
        found = next((k for t in self.t.nodes(node, RDF_TYPE) if (k := KINDS.get(named(t)))), None)
        if found is None:
            raise PolicyError(
                shown(node), "is no criterion.", "Type it cov:LeafCriterion, AllOf, AnyOf, AtLeast or Exclusion."
            )
        return found, node

    def threshold(self, node: Node, kind: Kind | None, members: int) -> int | None:
        """How many members an at-least group asks for, between one and all of them; None for any other kind."""
        if kind is not Kind.AT_LEAST:
            return None
        value = self.whole(node, COV.threshold)
        if not 1 <= value <= members:
            what = f"asks for {value} of its {members} members."
            cure = f"Give cov:threshold a number from 1 to {members}."
            raise PolicyError(shown(node), what, cure, prop=COV.threshold.value)
        return value

    # -- ambiguities, scope, routes

    def ambiguity(self, node: Node) -> Ambiguity:
        readings = tuple(self.reading(r) for r in self.t.nodes(node, COV.hasReading))
        default = self.t.node(node, COV.defaultReading)
        chosen = next((r for r in readings if default is not None and r.iri == iri_of(default)), None)
        if chosen is None:
            what, cure = "is an ambiguity without a default.", "Name one of its readings by cov:defaultReading."
            raise PolicyError(shown(node), what, cure, prop=COV.defaultReading.value)
        by = self.t.node(node, COV.defaultChosenBy)
        return Ambiguity(
            iri=iri_of(node),
            notation=self.text(node, SKOS.notation),
            label=self.text(node, RDFS.label),
            wording=self.text(node, SKOS.definition),
            affects=tuple(
                local_name(iri_of(a)).removeprefix("Affects").lower() for a in self.t.nodes(node, COV.affects)
            ),
            readings=readings,
            default=chosen,
            default_reason=self.text(node, COV.defaultReason),
            chosen_by=iri_of(by) if by is not None else "",
            chosen_on=self.day(node, COV.defaultChosenOn),
            source=self.source(node),
        )

    def reading(self, node: Node) -> Reading:
        group, dates = self.t.node(node, COV.regroups), self.t.node(node, COV.datesBy)
        group = self.own(group, node) if group is not None else None
        kind = KINDS.get(named(self.t.node(node, COV.groupKind)))
        size = len(self.t.members(head)) if group and (head := self.t.node(group, COV.members)) else 0
        return Reading(
            iri=iri_of(node),
            notation=self.text(node, SKOS.notation),
            label=self.text(node, RDFS.label),
            definition=self.text(node, SKOS.definition),
            regroups=iri_of(group) if group is not None else None,
            group_kind=kind,
            group_threshold=self.threshold(node, kind, size),
            dates_by=iri_of(dates) if dates is not None else None,
        )

    def scope(self, node: Node) -> ScopeCondition:
        facets = tuple(self.facet(f) for f in self.t.nodes(node, COV.facet))
        return ScopeCondition(
            iri_of(node), self.text(node, RDFS.label), self.text(node, COV.message), facets, self.source(node)
        )

    def note_rule(self, node: Node) -> NoteRule:
        cls = self.t.node(node, COV.evidenceClass)
        if cls is None:
            raise PolicyError(shown(node), "names no evidence class.", "Add cov:evidenceClass.")
        facets = tuple(self.facet(f) for f in self.t.nodes(node, COV.facet))
        return NoteRule(iri_of(node), iri_of(cls), facets, self.text(node, COV.message))

    def constraints(self) -> Iterable[Constraint]:
        """The constraints that can hold; what the edition settles is no condition any more."""
        for node in self.t.nodes(self.edition, COV.constraint):
            under = []
            for reading in self.t.nodes(node, COV.underReading):
                of = next(iter(self.t.subjects(COV.hasReading, reading)), None)
                if of is None or self.known(of, node) not in self.settled:
                    under.append(reading)
                elif self.settled[of] != reading:
                    break
            else:
                apart = (self.own(c, node) for c in self.t.nodes(node, COV.notTogether))
                yield Constraint(
                    iri_of(node),
                    self.text(node, RDFS.label),
                    self.text(node, COV.message),
                    tuple(sorted(iri_of(c) for c in apart)),
                    tuple(sorted(iri_of(r) for r in under)),
                )

    def ambiguities(self) -> tuple[Ambiguity, ...]:
        """The ambiguities of the edition in the order of their short names.

        Raises:
            PolicyError: two have the same short name, or one is not well made.
        """
        found = [self.ambiguity(a) for a in self.t.nodes(self.edition, COV.ambiguity)]
        known: dict[str, Ambiguity] = {}
        for one in found:
            other = known.setdefault(one.notation, one)
            if other is not one:
                what = f"has the same skos:notation as {compact(other.iri)} in {shown(self.edition)}."
                raise PolicyError(compact(one.iri), what, "Give one of them another.")
        return tuple(sorted(found, key=lambda a: _counted(a.notation)))

    def routes(self) -> Iterable[Route]:
        for related in self.t.nodes(self.policy, COV.relatedPolicy):
            for route in self.t.subjects(COV.routesTo, related):
                yield Route(
                    number=self.text(related, COV.number),
                    publisher=self.text(related, DCTERMS.publisher),
                    seen_in=self.text(related, COV.numberSeenIn),
                    title=self.text(related, DCTERMS.title),
                    iri=iri_of(related),
                    kinds=tuple(iri_of(k) for k in self.t.nodes(route, COV.routeFor)),
                    codes=tuple(self.text(c, SKOS.notation) for c in self.t.nodes(related, COV.governsCode)),
                    why=self.text(route, COV.why),
                )

    def read(self) -> Policy:
        statements = self.t.nodes(self.edition, COV.statement)
        roots = [r for s in statements for r in self.t.nodes(s, COV.root)]
        if len(roots) != 1:
            what = f"has {len(roots)} necessity trees, not one."
            raise PolicyError(shown(self.edition), what, "State one cov:root.", prop=COV.statement.value)
        root = self.visit(roots[0], None)
        exclusions = tuple(self.visit(x, None) for s in statements for x in self.t.nodes(s, COV.exclusion))
        sources = {
            iri_of(top): self.source(s)
            for s in statements
            for top in (*self.t.nodes(s, COV.root), *self.t.nodes(s, COV.exclusion))
        }
        return Policy(
            iri=iri_of(self.policy),
            edition_iri=iri_of(self.edition),
            number=self.number,
            title=self.text(self.policy, DCTERMS.title),
            publisher=self.text(self.policy, DCTERMS.publisher),
            edition=self.day(self.edition, COV.effectiveFrom),
            until=self.maybe_day(self.edition, COV.supersededOn),
            next_review=self.maybe_day(self.edition, COV.nextReview),
            codes=tuple(sorted(o.value for o in self.t.objects(self.edition, COV.procedureCode))),
            procedure_plain=self.text(self.edition, COV.procedurePlain),
            criteria=tuple(self.criteria),
            root=root,
            exclusions=exclusions,
            statement_sources=sources,
            ambiguities=self.ambiguities(),
            settled=tuple(Settled(self.ambiguity(a), self.reading(r)) for a, r in self.settled.items()),
            scope=tuple(self.scope(s) for s in self.t.nodes(self.edition, COV.scopeCondition)),
            constraints=tuple(self.constraints()),
            routes=tuple(self.routes()),
            note_rules=tuple(self.note_rule(n) for n in self.t.nodes(self.edition, COV.noteRule)),
            coding_notes=tuple(
                CodingNote(self.text(n, COV.codePattern), self.text(n, COV.message))
                for n in self.t.nodes(self.edition, COV.codingNote)
            ),
            kinds=tuple(iri_of(k) for k in self.t.nodes(self.policy, COV.governsKind)),
            slug=self.slug,
            caution=self.t.text(self.edition, COV.caution) or "",
            excludes_indication_of=tuple(iri_of(p) for p in self.t.nodes(self.policy, COV.excludesIndicationOf)),
        )


def _counted(notation: str) -> tuple[str, int]:
    """A short name by its letters and then its number, so that A2 stands before A10."""
    letters = notation.rstrip("0123456789")
    return letters, int(notation[len(letters) :] or 0)


def policies_from(triples: Triples) -> tuple[Policy, ...]:
    """Every edition of every adjudicable policy, by number and date.

    Raises:
        PolicyError: a policy that is not well made, or two editions in force on one day.
    """
    out = [
        EditionReader(triples, policy, edition, slug).read()
        for policy in triples.instances(COV.Policy)
        for edition, slug in editions_of(triples, policy)
    ]
    out.sort(key=lambda p: (p.number, p.edition))
    for earlier, later in zip(out, out[1:], strict=False):
        if earlier.number == later.number and (earlier.until is None or earlier.until > later.edition):
            cure = (
                f'Add cov:supersededOn "{later.edition}"^^xsd:date to the earlier edition, in any file of the library.'
            )
            what = f"is still in force when {compact(later.edition_iri)} begins."
            raise PolicyError(compact(earlier.edition_iri), what, cure, prop=COV.supersededOn.value)
    _refuse_one_code_for_two(out)
    return tuple(out)


def _refuse_one_code_for_two(policies: list[Policy]) -> None:
    """A line is reviewed under one policy, so two that are in force on one day share no code."""
    for one, other in combinations(policies, 2):
        overlap = (one.until is None or other.edition < one.until) and (
            other.until is None or one.edition < other.until
        )
        shared = sorted(set(one.codes) & set(other.codes))
        if one.number != other.number and overlap and shared:
            what = f"governs code {shared[0]}, which {compact(one.edition_iri)} governs on the same days."
            cure = "Leave the code to one of them."
            raise PolicyError(compact(other.edition_iri), what, cure, prop=COV.procedureCode.value)


def editions_of(triples: Triples, policy: Node) -> list[tuple[Node, str]]:
    """The editions of a policy by date, each with its name in files: the number, of later ones with the date."""
    number = (triples.text(policy, COV.number) or "").lower()
    dated = sorted((triples.text(e, COV.effectiveFrom) or "", e) for e in triples.nodes(policy, COV.edition))
    return [(edition, f"{number}-{day}" if i else number) for i, (day, edition) in enumerate(dated)]
