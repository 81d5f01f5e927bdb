"""Policies from the ontology's triples, with every missing piece named by node and cure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from pyoxigraph import BlankNode, Literal, NamedNode

from reasoner.errors import PolicyError
from reasoner.model import Kind, Polarity, Source, Status
from reasoner.policy import (
    Ambiguity,
    CodingNote,
    Constraint,
    Criterion,
    Facet,
    Link,
    NoteRule,
    Policy,
    Reading,
    Route,
    Rule,
    ScopeCondition,
)
from reasoner.triples import RDF_REST, RDF_TYPE, Node, Step, Term, Triples
from reasoner.vocabulary import BASE, COV, DCTERMS, OA, RDFS, SH, SKOS, compact, local_name

EVS = BASE + "shapes/evidence#"
KINDS = {COV.AllOf: Kind.ALL, COV.AnyOf: Kind.ANY, COV.LeafCriterion: Kind.LEAF, COV.Exclusion: Kind.EXCLUSION}
POLARITIES = {
    COV.For: Polarity.FOR,
    COV.Against: Polarity.AGAINST,
    COV.Considered: Polarity.CONSIDERED,
    COV.Conflicting: Polarity.CONFLICTING,
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


def generated_namespace(number: str) -> str:
    """The namespace of the shapes generated from a policy's tree."""
    return f"{BASE}shapes/policy/{number}/generated#"


class _Reader:
    """Reads one edition; holds the triples and the tree while it walks."""

    def __init__(self, triples: Triples, policy: Node, edition: Node) -> None:
        self.t = triples
        self.policy = policy
        self.edition = edition
        self.number = self.text(policy, COV.number)
        self.criteria: list[Criterion] = []

    # -- required values

    def text(self, node: Term, prop: NamedNode) -> str:
        value = self.t.text(node, prop)
        if value is None:
            raise PolicyError(_name(node), f"has no {compact(prop.value)}.", "Add it.")
        return value

    def day(self, node: Term, prop: NamedNode) -> date:
        value = self.text(node, prop)
        try:
            return date.fromisoformat(value)
        except ValueError:
            raise PolicyError(_name(node), f"{compact(prop.value)} {value!r} is no date.", "Use YYYY-MM-DD.") from None

    def maybe_day(self, node: Term, prop: NamedNode) -> date | None:
        return self.day(node, prop) if self.t.objects(node, prop) else None

    def source(self, node: Term) -> Source:
        anchor = self.t.node(node, COV.anchor)
        section = self.t.node(anchor, COV.inSection) if anchor is not None else None
        if anchor is None or section is None:
            raise PolicyError(_name(node), "has no place in the document.", "Add cov:anchor, and cov:inSection there.")
        return Source(
            section=self.text(section, DCTERMS.title),
            page=self.whole(anchor, COV.page),
            anchor=_iri(anchor),
            start=self.whole(anchor, OA.start),
            end=self.whole(anchor, OA.end),
            sha256=self.text(anchor, COV.spanDigest),
        )

    def whole(self, node: Term, prop: NamedNode) -> int:
        value = self.text(node, prop)
        if not value.isdecimal():
            raise PolicyError(_name(node), f"{compact(prop.value)} {value!r} is no whole number.", "Use digits only.")
        return int(value)

    # -- facets and rules

    def facet(self, node: Node) -> Facet:
        types = self.t.nodes(node, RDF_TYPE)
        if COV.SwitchedFacet not in types:
            return Facet(iri=_iri(node), ambiguity=None, fixed=(self.use(node),))
        ambiguity = self.t.node(node, COV.ambiguity)
        if ambiguity is None:
            raise PolicyError(_name(node), "is switched by no ambiguity.", "Add cov:ambiguity.")
        choices: dict[str, tuple[str | Link, ...]] = {}
        for choice in self.t.nodes(node, COV.choice):
            uses = tuple(self.use(u) for u in self.t.nodes(choice, COV.uses))
            for reading in self.t.nodes(choice, COV.underReading):
                choices[_iri(reading)] = uses
        for reading in self.t.nodes(ambiguity, COV.hasReading):
            if _iri(reading) not in choices:
                raise PolicyError(
                    _name(reading), f"is a reading without a shape in {_name(node)}.", "Add a cov:choice."
                )
        return Facet(iri=_iri(node), ambiguity=_iri(ambiguity), fixed=(), choices=choices)

    def use(self, node: Node) -> str | Link:
        if COV.LinkFacet not in self.t.nodes(node, RDF_TYPE):
            return _iri(node)
        path, shape = self.t.node(node, COV.path), self.t.node(node, COV.linkedShape)
        target = self.t.node(node, COV.linksTo)
        if target is None:
            raise PolicyError(_name(node), "links to no criterion.", "Add cov:linksTo.")
        return Link(
            iri=_iri(node),
            path=self.path(path) if path is not None else (),
            criterion=_iri(target),
            shape=_iri(shape) if shape is not None else None,
            message=self.text(node, COV.message),
            counting=tuple(POLARITIES[_named(c)] for c in self.t.nodes(node, COV.linkedCounting)) or (Polarity.FOR,),
        )

    def path(self, node: Term) -> tuple[Step, ...]:
        if self.t.objects(node, RDF_REST):
            return tuple(step for part in self.t.members(node) for step in self.path(part))
        for prop, optional, repeated in (
            (SH.zeroOrMorePath, True, True),
            (SH.oneOrMorePath, False, True),
            (SH.zeroOrOnePath, True, False),
        ):
            inner = self.t.one(node, prop)
            if inner is not None:
                return (Step(self.hops(inner), optional=optional, repeated=repeated),)
        return (Step(self.hops(node)),)

    def hops(self, node: Term) -> tuple[tuple[NamedNode, bool], ...]:
        inverse, alternative = self.t.one(node, SH.inversePath), self.t.one(node, SH.alternativePath)
        if isinstance(inverse, NamedNode):
            return ((inverse, False),)
        if alternative is not None:
            return tuple(hop for part in self.t.members(alternative) for hop in self.hops(part))
        if isinstance(node, NamedNode):
            return ((node, True),)
        raise PolicyError(_name(node), "is a path that links cannot follow.", "Use properties, inverses, * and ?.")

    def common_facets(self) -> tuple[Facet, ...]:
        return tuple(self.facet(n) for n in self.t.nodes(self.edition, COV.commonFacet))

    def rules(self, node: Node, cid: str) -> tuple[Rule, ...]:
        generated = generated_namespace(self.number)
        common = self.common_facets()
        unsettled = Facet(f"{generated}{cid}-not-settled", None, (f"{generated}{cid}-not-settled",))
        on_this = Facet(f"{generated}{cid}-judged", None, (f"{generated}{cid}-judged",))
        out = []
        for rule in self.t.nodes(node, COV.hasRule):
            polarity = POLARITIES.get(_named(self.t.node(rule, COV.counts)))
            cls = self.t.node(rule, COV.evidenceClass)
            if polarity is None or cls is None:
                raise PolicyError(_name(rule), "lacks cov:counts or cov:evidenceClass.", "Say what counts, and how.")
            facets = [self.facet(f) for f in self.t.nodes(rule, COV.facet)]
            if cls == COV.Judgement:
                verdict = "JudgedNotFulfilled" if polarity is Polarity.AGAINST else "JudgedFulfilled"
                facets += [on_this, _fixed(EVS + verdict)]
            out.append(
                Rule(_iri(rule), self.text(rule, RDFS.label), polarity, _iri(cls), (*common, *facets, unsettled))
            )
        return (*out, *self.settling_rules(cid, common, on_this))

    def settling_rules(self, cid: str, common: tuple[Facet, ...], on_this: Facet) -> Iterable[Rule]:
        """A dated judgement of the payer's clinician, on named evidence, settles any leaf."""
        base = ("StatedByPayerReviewer", "Dated", "RestsOnEvidence")
        for polarity, verdict in ((Polarity.FOR, "JudgedFulfilled"), (Polarity.AGAINST, "JudgedNotFulfilled")):
            yield Rule(
                iri=f"{generated_namespace(self.number)}{cid}-settled-{polarity.value}",
                label=f"a reviewing clinician's judgement that the criterion is "
                f"{'fulfilled' if polarity is Polarity.FOR else 'not fulfilled'}",
                polarity=polarity,
                evidence_class=COV.Judgement.value,
                facets=(*common, on_this, *(_fixed(EVS + s) for s in (*base, verdict))),
            )

    # -- the tree

    def visit(self, node: Node, parent: str | None, above: tuple[Node, ...] = ()) -> str:
        if node in above:
            raise PolicyError(
                _name(node), "is its own ancestor in the criteria tree.", "Break the cycle of cov:members."
            )
        kind = next((k for t in self.t.nodes(node, RDF_TYPE) if (k := KINDS.get(_named(t)))), None)
        if kind is None:
            raise PolicyError(_name(node), "is no criterion.", "Type it cov:LeafCriterion, AllOf, AnyOf or Exclusion.")
        cid = self.text(node, COV.id)
        place = len(self.criteria)
        head = self.t.node(node, COV.members)
        leaf = kind in (Kind.LEAF, Kind.EXCLUSION)
        if head is None and not leaf:
            raise PolicyError(_name(node), "is a group without members.", "Add cov:members ( ... ).")
        rules = self.rules(node, cid) if leaf else ()
        if leaf and len(rules) <= 2:
            raise PolicyError(_name(node), "is a leaf without evidence rules.", "Add cov:hasRule.")
        members = self.t.members(head) if head is not None else []
        inner = tuple(self.visit(m, _iri(node), (*above, node)) for m in members if not isinstance(m, Literal))
        self.criteria.insert(
            place,
            Criterion(
                iri=_iri(node),
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
            ),
        )
        return _iri(node)

    # -- ambiguities, scope, routes

    def ambiguity(self, node: Node) -> Ambiguity:
        readings = tuple(self.reading(r) for r in self.t.nodes(node, COV.hasReading))
        default = self.t.node(node, COV.defaultReading)
        chosen = next((r for r in readings if default is not None and r.iri == _iri(default)), None)
        if chosen is None:
            raise PolicyError(
                _name(node), "is an ambiguity without a default.", "Name one of its readings by cov:defaultReading."
            )
        by = self.t.node(node, COV.defaultChosenBy)
        return Ambiguity(
            iri=_iri(node),
            notation=self.text(node, SKOS.notation),
            label=self.text(node, RDFS.label),
            wording=self.text(node, SKOS.definition),
            affects=tuple(local_name(_iri(a)).removeprefix("Affects").lower() for a in self.t.nodes(node, COV.affects)),
            readings=readings,
            default=chosen,
            default_reason=self.text(node, COV.defaultReason),
            chosen_by=_iri(by) if by is not None else "",
            chosen_on=self.day(node, COV.defaultChosenOn),
            source=self.source(node),
        )

    def reading(self, node: Node) -> Reading:
        group, kind = self.t.node(node, COV.regroups), self.t.node(node, COV.groupKind)
        dates = self.t.node(node, COV.datesBy)
        return Reading(
            iri=_iri(node),
            notation=self.text(node, SKOS.notation),
            label=self.text(node, RDFS.label),
            definition=self.text(node, SKOS.definition),
            regroups=_iri(group) if group is not None else None,
            group_kind=KINDS.get(_named(kind)) if kind is not None else None,
            dates_by=_iri(dates) if dates is not None else None,
        )

    def scope(self, node: Node) -> ScopeCondition:
        facets = tuple(self.facet(f) for f in self.t.nodes(node, COV.facet))
        return ScopeCondition(
            _iri(node), self.text(node, RDFS.label), self.text(node, COV.message), facets, self.source(node)
        )

    def note_rule(self, node: Node) -> NoteRule:
        cls = self.t.node(node, COV.evidenceClass)
        if cls is None:
            raise PolicyError(_name(node), "names no evidence class.", "Add cov:evidenceClass.")
        facets = tuple(self.facet(f) for f in self.t.nodes(node, COV.facet))
        return NoteRule(_iri(node), _iri(cls), facets, self.text(node, COV.message))

    def routes(self) -> Iterable[Route]:
        for related in self.t.nodes(self.policy, COV.relatedPolicy):
            for route in self.t.subjects(COV.routesTo, related):
                yield Route(
                    number=self.text(related, COV.number),
                    publisher=self.text(related, DCTERMS.publisher),
                    seen_in=self.text(related, COV.numberSeenIn),
                    title=self.text(related, DCTERMS.title),
                    iri=_iri(related),
                    kinds=tuple(_iri(k) for k in self.t.nodes(route, COV.routeFor)),
                    codes=tuple(self.text(c, SKOS.notation) for c in self.t.nodes(related, COV.governsCode)),
                    why=self.text(route, COV.why),
                )

    def read(self) -> Policy:
        statements = self.t.nodes(self.edition, COV.statement)
        roots = [r for s in statements for r in self.t.nodes(s, COV.root)]
        if len(roots) != 1:
            raise PolicyError(_name(self.edition), f"has {len(roots)} necessity trees, not one.", "State one cov:root.")
        root = self.visit(roots[0], None)
        exclusions = tuple(self.visit(x, None) for s in statements for x in self.t.nodes(s, COV.exclusion))
        sources = {
            _iri(top): self.source(s)
            for s in statements
            for top in (*self.t.nodes(s, COV.root), *self.t.nodes(s, COV.exclusion))
        }
        notes = (self.ambiguity(a) for a in self.t.nodes(self.edition, COV.ambiguity))
        return Policy(
            iri=_iri(self.policy),
            edition_iri=_iri(self.edition),
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
            ambiguities=tuple(sorted(notes, key=lambda a: int(a.notation.lstrip("A") or 0))),
            scope=tuple(self.scope(s) for s in self.t.nodes(self.edition, COV.scopeCondition)),
            constraints=tuple(
                Constraint(
                    _iri(c),
                    self.text(c, RDFS.label),
                    self.text(c, COV.message),
                    tuple(sorted(_iri(n) for n in self.t.nodes(c, COV.notTogether))),
                    tuple(sorted(_iri(n) for n in self.t.nodes(c, COV.underReading))),
                )
                for c in self.t.nodes(self.edition, COV.constraint)
            ),
            routes=tuple(self.routes()),
            note_rules=tuple(self.note_rule(n) for n in self.t.nodes(self.edition, COV.noteRule)),
            coding_notes=tuple(
                CodingNote(self.text(n, COV.codePattern), self.text(n, COV.message))
                for n in self.t.nodes(self.edition, COV.codingNote)
            ),
            kinds=tuple(_iri(k) for k in self.t.nodes(self.policy, COV.governsKind)),
        )


def policies_from(triples: Triples) -> tuple[Policy, ...]:
    """Every edition of every adjudicable policy, by number and date.

    Raises:
        PolicyError: a policy that is not well made, or two editions in force on one day.
    """
    out = [
        _Reader(triples, policy, edition).read()
        for policy in triples.instances(COV.Policy)
        for edition in triples.nodes(policy, COV.edition)
    ]
    out.sort(key=lambda p: (p.number, p.edition))
    for earlier, later in zip(out, out[1:], strict=False):
        if earlier.number == later.number and (earlier.until is None or earlier.until > later.edition):
            cure = "Add cov:supersededOn to the earlier edition."
            raise PolicyError(earlier.edition_iri, f"is still in force when {later.edition_iri} begins.", cure)
    return tuple(out)


def _iri(node: Term) -> str:
    if isinstance(node, NamedNode | BlankNode):
        return node.value
    raise PolicyError(str(node), "is a literal where a node is needed.")


def _fixed(shape: str) -> Facet:
    return Facet(shape, None, (shape,))


def _named(node: Node | None) -> NamedNode:
    return node if isinstance(node, NamedNode) else COV.Nothing


def _name(node: Term) -> str:
    return compact(node.value) if isinstance(node, NamedNode) else str(node)
