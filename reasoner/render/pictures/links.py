"""The links between policies as a picture: a box for each policy, an arrow for each thing that one says of another."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property

from pyoxigraph import Literal, NamedNode

from reasoner.errors import UnknownTerm
from reasoner.library import Library
from reasoner.render.pictures.diagram import Arrow, Diagram, Item
from reasoner.triples import RDF_TYPE, Node, Term
from reasoner.vocabulary import COV, DCTERMS, OWL, SKOS

Edge = tuple[Node, NamedNode, Node]
"""One policy, what it says, and of which policy."""


def links_diagram(library: Library, number: str | None = None) -> Diagram:
    """The policies that are linked, or those that are linked with one of them, with the arrows between them.

    Raises:
        UnknownTerm: no policy of that number is linked with another.
    """
    links = Links(library)
    wanted = [p for p in links.policies if number is None or links.number(p).casefold() == number.casefold()]
    if not wanted:
        known = ", ".join(links.number(p) for p in links.policies) or "none"
        raise UnknownTerm(f"No policy {number or ''} with links to others is known. Known: {known}.")
    bands = _bands(links, wanted)
    told = "; ".join(links.sentence(e) for e in dict.fromkeys(e for band in bands for e in band.edges))
    return Diagram(
        title="Links between policies",
        subtitle=f"Policy {links.number(wanted[0])} and the policies that it is linked with" if number else "All links",
        description=f"Policies and what they say of each other: {told}.",
        roots=tuple(band.item(links) for band in bands),
        remarks=_asserters(links, (p for band in bands for p in (band.centre, *band.others))),
        arrows=tuple(dict.fromkeys(arrow for band in bands for arrow in band.arrows(links))),
    )


@dataclass(frozen=True)
class Links:
    """What the policies of a library say of each other."""

    library: Library

    @cached_property
    def policies(self) -> tuple[Node, ...]:
        """The policies that take part in a link; those that name others come first."""
        named = dict.fromkeys(s for s, p, _ in self.edges if p == COV.relatedPolicy)
        return tuple(dict.fromkeys([*named, *(x for s, _, o in self.edges for x in (s, o))]))

    @cached_property
    def edges(self) -> tuple[Edge, ...]:
        """Every link between two policies, once; of a link that holds both ways the first direction."""
        graph = self.library.graph
        known = {s for s, p, _ in graph if p == COV.number}
        known |= {x for s, p, o in graph if p == COV.relatedPolicy and not isinstance(o, Literal) for x in (s, o)}
        out: dict[Edge, None] = {}
        for source, predicate, target in graph:
            if isinstance(target, Literal) or not {source, target} <= known or source == target:
                continue
            if not (self.mutual(predicate) and (target, predicate, source) in out):
                out[source, predicate, target] = None
        return tuple(out)

    def mutual(self, predicate: NamedNode) -> bool:
        """Whether a property holds in both directions."""
        return OWL.SymmetricProperty in self.library.graph.nodes(predicate, RDF_TYPE)

    def number(self, policy: Term) -> str:
        """The number of a policy, or its name where it has none."""
        return self.library.graph.text(policy, COV.number) or self.library.label(policy)

    def words(self, edge: Edge) -> str:
        """What an arrow says."""
        _, predicate, target = edge
        return "routes to" if predicate == COV.relatedPolicy and self.routes(target) else self.library.label(predicate)

    def sentence(self, edge: Edge) -> str:
        """A link in words."""
        return f"{self.number(edge[0])} {self.words(edge)} {self.number(edge[2])}"

    def routes(self, policy: Node) -> list[Node]:
        """The routes that lead to a policy."""
        graph = self.library.graph
        return list(dict.fromkeys([*graph.nodes(policy, COV.routesFrom), *graph.subjects(COV.routesTo, policy)]))

    def codes(self, policy: Node) -> list[str]:
        """The procedure codes of a policy or of its editions, written out or as nodes with a notation."""
        graph = self.library.graph
        holders: list[Node] = [policy, *graph.nodes(policy, COV.edition)]
        written = [o.value for h in holders for o in graph.objects(h, COV.procedureCode) if isinstance(o, Literal)]
        nodes = [n for h in holders for c in graph.nodes(h, COV.governsCode) for n in graph.objects(c, SKOS.notation)]
        return sorted(dict.fromkeys([*written, *(n.value for n in nodes)]))

    def box(self, policy: Node, key: str, children: tuple[Item, ...] = ()) -> Item:
        """The box of a policy: what it is about, and which requests belong to it."""
        library, graph = self.library, self.library.graph
        kind = graph.one(policy, RDF_TYPE)
        codes, routes = self.codes(policy), self.routes(policy)
        kinds = dict.fromkeys(library.label(k) for r in routes for k in graph.objects(r, COV.routeFor))
        why = next((t for r in routes if (t := graph.text(r, COV.why))), "")
        return Item(
            key=key,
            role=library.label(kind) if kind else "policy",
            label=f"{self.number(policy)} {graph.text(policy, DCTERMS.title) or ''}".strip(),
            notes=(
                *((f"belongs here if the indication is: {', '.join(kinds)}",) if kinds else ()),
                *((f"{'or' if kinds else 'belongs here'} if the code is: {', '.join(codes)}",) if codes else ()),
            ),
            about=" ".join(t for t in (library.definition(policy), why) if t),
            iri=policy.value,
            children=children,
        )


@dataclass(frozen=True)
class Band:
    """One policy, the policies beside it, and the links among them all."""

    centre: Node
    others: tuple[Node, ...]
    edges: tuple[Edge, ...]

    def item(self, links: Links) -> Item:
        """The boxes of the band."""
        key = self._keys(links)
        return links.box(self.centre, key(self.centre), tuple(links.box(o, key(o)) for o in self.others))

    def arrows(self, links: Links) -> list[Arrow]:
        """The arrows of the band."""
        key = self._keys(links)
        return [Arrow(key(s), links.words((s, p, o)), key(o), links.mutual(p)) for s, p, o in self.edges]

    def _keys(self, links: Links) -> Callable[[Node], str]:
        own = links.library.compact(self.centre.value)
        return lambda n: own if n == self.centre else f"{own} {links.library.compact(n.value)}"


def _bands(links: Links, wanted: list[Node]) -> list[Band]:
    """The wanted policies with those beside them; a link that one band shows is not shown again."""
    out: list[Band] = []
    shown: set[Edge] = set()
    for centre in wanted:
        own = [e for e in links.edges if centre in (e[0], e[2]) and e not in shown]
        if not own:
            continue
        others = tuple(dict.fromkeys(o if s == centre else s for s, _, o in own))
        among = [e for e in links.edges if {e[0], e[2]} <= set(others) and e not in shown]
        out.append(Band(centre, others, (*sorted(own, key=lambda e: others.index(_other(e, centre))), *among)))
        shown |= {*own, *among}
    return out


def _other(edge: Edge, centre: Node) -> Node:
    return edge[2] if edge[0] == centre else edge[0]


def _asserters(links: Links, policies: Iterable[Node]) -> tuple[str, ...]:
    """Who vouches for the routes that are drawn."""
    graph = links.library.graph
    said = dict.fromkeys(a for p in policies for r in links.routes(p) for a in graph.objects(r, COV.assertedBy))
    names = [graph.text(a, COV.plainLabel) or links.library.label(a) for a in said]
    return (f"Routes are {' or '.join(names)}.",) if names else ()
