"""Evidence rules and facets from the ontology's triples, with every missing piece named by node and cure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from functools import cached_property

from pyoxigraph import BlankNode, Literal, NamedNode

from reasoner.errors import PolicyError
from reasoner.model import Polarity, Source
from reasoner.policy import Facet, Link, Rule
from reasoner.triples import RDF_REST, RDF_TYPE, Node, Step, Term, Triples
from reasoner.vocabulary import BASE, COV, DCTERMS, OA, RDFS, SH, compact

EVS = BASE + "shapes/evidence#"
POLARITIES = {
    COV.For: Polarity.FOR,
    COV.Against: Polarity.AGAINST,
    COV.Considered: Polarity.CONSIDERED,
    COV.Conflicting: Polarity.CONFLICTING,
}


def generated_namespace(slug: str) -> str:
    """The namespace of the shapes generated from the tree of an edition, by its short name for files."""
    return f"{BASE}shapes/policy/{slug}/generated#"


class RuleReader:
    """Reads rules of one edition; ``slug`` is its short name for files."""

    def __init__(self, triples: Triples, policy: Node, edition: Node, slug: str) -> None:
        self.t = triples
        self.policy = policy
        self.edition = edition
        self.slug = slug

    # -- required values

    def text(self, node: Term, prop: NamedNode) -> str:
        value = self.t.text(node, prop)
        if value is None:
            raise PolicyError(shown(node), f"has no {compact(prop.value)}.", "Add it.", prop=prop.value)
        return value

    def day(self, node: Term, prop: NamedNode) -> date:
        value = self.text(node, prop)
        try:
            return date.fromisoformat(value)
        except ValueError:
            what = f"{compact(prop.value)} {value!r} is no date."
            raise PolicyError(shown(node), what, "Use YYYY-MM-DD.", prop=prop.value) from None

    def maybe_day(self, node: Term, prop: NamedNode) -> date | None:
        return self.day(node, prop) if self.t.objects(node, prop) else None

    def source(self, node: Term) -> Source:
        anchor, section = self.place(node)
        return Source(
            section=self.text(section, DCTERMS.title) + self._of_edition(section),
            page=self.whole(anchor, COV.page),
            anchor=iri_of(anchor),
            start=self.whole(anchor, OA.start),
            end=self.whole(anchor, OA.end),
            sha256=self.text(anchor, COV.spanDigest),
        )

    def place(self, node: Term) -> tuple[Node, Node]:
        """The anchor of a node with its section: in the document of this edition, or in one that it amends."""
        places = [(a, s) for a in self.t.nodes(node, COV.anchor) for s in self.t.nodes(a, COV.inSection)]
        if not places:
            cure = "Add cov:anchor, and cov:inSection there."
            raise PolicyError(shown(node), "has no place in the document.", cure, prop=COV.anchor.value)
        for edition in amended(self.t, self.edition):
            own = [(a, s) for a, s in places if edition in self.t.nodes(s, DCTERMS.isPartOf)]
            if own:
                return own[0]
        return places[0]

    def _of_edition(self, section: Node) -> str:
        """Of which edition's document a section is, where it is not this one's."""
        editions = self.t.nodes(section, DCTERMS.isPartOf)
        if self.edition in editions or not editions:
            return ""
        return f" of edition {self.t.text(editions[0], COV.effectiveFrom) or shown(editions[0])}"

    def whole(self, node: Term, prop: NamedNode) -> int:
        value = self.text(node, prop)
        if not value.isdecimal():
            what = f"{compact(prop.value)} {value!r} is no whole number."
            raise PolicyError(shown(node), what, "Use digits only.", prop=prop.value)
        return int(value)

    # -- what the edition shares with others

    @cached_property
    def tree(self) -> dict[str, Node]:
        """The criteria of the edition by identifier.

        Raises:
            PolicyError: two criteria of the edition have one identifier.
        """
        out: dict[str, Node] = {}
        for node in criteria_of(self.t, self.edition):
            other = out.setdefault(self.t.text(node, COV.id) or iri_of(node), node)
            if other != node:
                what = f"has the same cov:id as {shown(other)} in {shown(self.edition)}."
                raise PolicyError(shown(node), what, "Give one of them another.")
        return out

    def own(self, criterion: Node, owner: Node) -> Node:
        """The criterion of this edition that a node means: the one that it names, or the one of the same identifier.

        What editions share may name a criterion that a later edition words anew; the identifier stays.

        Raises:
            PolicyError: the edition has neither.
        """
        named_so = self.t.text(criterion, COV.id) or ""
        if criterion in self.tree.values():
            return criterion
        if named_so not in self.tree:
            what = f"names {shown(criterion)}, and {shown(self.edition)} has no criterion with its cov:id."
            raise PolicyError(shown(owner), what, "Name a criterion of the edition's tree.")
        return self.tree[named_so]

    @cached_property
    def settled(self) -> dict[Node, Node]:
        """The reading that the text of the edition itself states, by the ambiguity that it settles.

        Raises:
            PolicyError: no ambiguity has the reading, or the edition lists the ambiguity as still open, or settles
                it twice.
        """
        out: dict[Node, Node] = {}
        listed = self.t.nodes(self.edition, COV.ambiguity)
        for reading in self.t.nodes(self.edition, COV.settles):
            of = self.t.subjects(COV.hasReading, reading)
            if not of:
                what = f"is settled by {shown(self.edition)} and is the reading of no ambiguity."
                raise PolicyError(shown(reading), what, "Name it by cov:hasReading of one.")
            if of[0] in listed or of[0] in out:
                what = f"is settled by {shown(self.edition)}, which " + (
                    "also lists it as an ambiguity." if of[0] in listed else "settles it twice."
                )
                raise PolicyError(shown(of[0]), what, "Say one or the other.")
            out[of[0]] = reading
        return out

    def known(self, ambiguity: Node, owner: Node) -> Node:
        """An ambiguity on which a node depends.

        Raises:
            PolicyError: the edition neither lists nor settles it.
        """
        if ambiguity not in self.settled and ambiguity not in self.t.nodes(self.edition, COV.ambiguity):
            what = f"depends on {shown(ambiguity)}, which {shown(self.edition)} neither lists nor settles."
            cure = "Add cov:ambiguity, or cov:settles with a reading, to the edition."
            raise PolicyError(shown(owner), what, cure, prop=COV.ambiguity.value)
        return ambiguity

    # -- facets and rules

    def facet(self, node: Node) -> Facet:
        types = self.t.nodes(node, RDF_TYPE)
        if COV.SwitchedFacet not in types:
            return Facet(iri=iri_of(node), ambiguity=None, fixed=(self.use(node),))
        ambiguity = self.t.node(node, COV.ambiguity)
        if ambiguity is None:
            what = "is switched by no ambiguity."
            raise PolicyError(shown(node), what, "Add cov:ambiguity.", prop=COV.ambiguity.value)
        choices = self.choices(node, self.known(ambiguity, node))
        if ambiguity in self.settled:
            return Facet(iri=iri_of(node), ambiguity=None, fixed=choices[iri_of(self.settled[ambiguity])])
        return Facet(iri=iri_of(node), ambiguity=iri_of(ambiguity), fixed=(), choices=choices)

    def choices(self, node: Node, ambiguity: Node) -> dict[str, tuple[str | Link, ...]]:
        """What a switched facet asks for, by reading.

        Raises:
            PolicyError: a choice uses no shape, or a reading has no choice.
        """
        choices: dict[str, tuple[str | Link, ...]] = {}
        for choice in self.t.nodes(node, COV.choice):
            uses = tuple(self.use(u) for u in self.t.nodes(choice, COV.uses))
            for reading in self.t.nodes(choice, COV.underReading):
                if not uses:
                    what = f"is a reading whose choice in {shown(node)} names no shape."
                    cure = "Add cov:uses; evs:Anything asks for nothing."
                    raise PolicyError(shown(reading), what, cure, prop=COV.choice.value)
                choices[iri_of(reading)] = uses
        for reading in self.t.nodes(ambiguity, COV.hasReading):
            if iri_of(reading) not in choices:
                what = f"is a reading without a shape in {shown(node)}."
                raise PolicyError(shown(reading), what, "Add a cov:choice.", prop=COV.choice.value)
        return choices

    def use(self, node: Node) -> str | Link:
        if COV.LinkFacet not in self.t.nodes(node, RDF_TYPE):
            return iri_of(node)
        path, shape = self.t.node(node, COV.path), self.t.node(node, COV.linkedShape)
        target = self.t.node(node, COV.linksTo)
        if target is None:
            raise PolicyError(shown(node), "links to no criterion.", "Add cov:linksTo.")
        return Link(
            iri=iri_of(node),
            path=self.path(path) if path is not None else (),
            criterion=iri_of(self.own(target, node)),
            shape=iri_of(shape) if shape is not None else None,
            message=self.text(node, COV.message),
            counting=tuple(POLARITIES[named(c)] for c in self.t.nodes(node, COV.linkedCounting)) or (Polarity.FOR,),
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
        raise PolicyError(shown(node), "is a path that links cannot follow.", "Use properties, inverses, * and ?.")

    def common_facets(self) -> tuple[Facet, ...]:
        return tuple(self.facet(n) for n in self.t.nodes(self.edition, COV.commonFacet))

    def rules(self, node: Node, cid: str) -> tuple[Rule, ...]:
        generated = generated_namespace(self.slug)
        common = self.common_facets()
        unsettled = Facet(f"{generated}{cid}-not-settled", None, (f"{generated}{cid}-not-settled",))
        on_this = Facet(f"{generated}{cid}-judged", None, (f"{generated}{cid}-judged",))
        out = []
        for rule in self.t.nodes(node, COV.hasRule):
            polarity = POLARITIES.get(named(self.t.node(rule, COV.counts)))
            cls = self.t.node(rule, COV.evidenceClass)
            if polarity is None or cls is None:
                lacking = COV.counts if polarity is None else COV.evidenceClass
                what, cure = "lacks cov:counts or cov:evidenceClass.", "Say what counts, and how."
                raise PolicyError(shown(rule), what, cure, prop=lacking.value)
            facets = [self.facet(f) for f in self.t.nodes(rule, COV.facet)]
            if cls == COV.Judgement:
                verdict = "JudgedNotFulfilled" if polarity is Polarity.AGAINST else "JudgedFulfilled"
                facets += [on_this, fixed(EVS + verdict)]
            out.append(
                Rule(iri_of(rule), self.text(rule, RDFS.label), polarity, iri_of(cls), (*common, *facets, unsettled))
            )
        return (*out, *self.settling_rules(cid, common, on_this))

    def settling_rules(self, cid: str, common: tuple[Facet, ...], on_this: Facet) -> Iterable[Rule]:
        """A dated judgement of the payer's clinician, on named evidence, settles any leaf."""
        base = ("StatedByPayerReviewer", "Dated", "RestsOnEvidence")
        for polarity, verdict in ((Polarity.FOR, "JudgedFulfilled"), (Polarity.AGAINST, "JudgedNotFulfilled")):
            yield Rule(
                iri=f"{generated_namespace(self.slug)}{cid}-settled-{polarity.value}",
                label=f"a reviewing clinician's judgement that the criterion is "
                f"{'fulfilled' if polarity is Polarity.FOR else 'not fulfilled'}",
                polarity=polarity,
                evidence_class=COV.Judgement.value,
                facets=(*common, on_this, *(fixed(EVS + s) for s in (*base, verdict))),
            )


def amended(triples: Triples, edition: Node) -> list[Node]:
    """An edition, and those whose text stays in force where its own document does not speak; the nearest first."""
    out = [edition]
    while (earlier := triples.node(out[-1], COV.amends)) is not None and earlier not in out:
        out.append(earlier)
    return out


def criteria_of(triples: Triples, edition: Node) -> list[Node]:
    """The criteria of an edition, the upper ones first; safe on cycles."""
    found: dict[Node, None] = {}
    ahead = [
        top
        for statement in triples.nodes(edition, COV.statement)
        for top in (*triples.nodes(statement, COV.root), *triples.nodes(statement, COV.exclusion))
    ]
    while ahead:
        node = ahead.pop(0)
        head = triples.node(node, COV.members)
        if node not in found:
            found[node] = None
            ahead += [m for m in triples.members(head) if not isinstance(m, Literal)] if head is not None else []
    return list(found)


def iri_of(node: Term) -> str:
    """The IRI of a node, or the name of an unnamed one.

    Raises:
        PolicyError: it is a literal.
    """
    if isinstance(node, NamedNode | BlankNode):
        return node.value
    raise PolicyError(str(node), "is a literal where a node is needed.")


def fixed(shape: str) -> Facet:
    """A facet that asks for one shape under every reading."""
    return Facet(shape, None, (shape,))


def named(node: Node | None) -> NamedNode:
    """The node where it is named, else a name that nothing has."""
    return node if isinstance(node, NamedNode) else COV.Nothing


def shown(node: Term) -> str:
    """A node as an error names it."""
    return compact(node.value) if isinstance(node, NamedNode) else str(node)
