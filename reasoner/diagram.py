"""What a picture shows: the criteria tree of a policy, with or without outcomes, or the links between policies."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from pyoxigraph import Literal

from reasoner.errors import UnknownTerm
from reasoner.library import Library
from reasoner.model import CriterionResult, Kind, LineReview
from reasoner.policy import Criterion, Policy
from reasoner.triples import RDF_TYPE, Node, Term
from reasoner.vocabulary import COV, DCTERMS, SKOS

ROLES = {
    Kind.ALL: "all of",
    Kind.ANY: "any of",
    Kind.LEAF: "criterion",
    Kind.EXCLUSION: "exclusion: denies if met",
}
OUTCOMES = {
    "met": ("good", "✓ met"),
    "unmet": ("bad", "✗ unmet"),
    "conflicting": ("conflicting", "≠ conflicting"),
    "to-judge": ("to-judge", "… to judge"),
    "undocumented": ("undocumented", "○ undocumented"),
    "open": ("open", "? open"),
}
OUTCOMES_OF_EXCLUSIONS = {"met": ("bad", "✗ met, so it excludes"), "unmet": ("good", "✓ unmet, does not exclude")}


@dataclass(frozen=True)
class Item:
    """One box: what part it plays, its name, its id, further lines, its outcome, and what hangs on it."""

    key: str
    role: str
    label: str
    detail: str = ""
    notes: tuple[str, ...] = ()
    tone: str = "plain"
    outcome: str = ""
    about: str = ""
    iri: str = ""
    children: tuple[Item, ...] = ()

    def walk(self) -> Iterator[Item]:
        """The box and all below it."""
        yield self
        for child in self.children:
            yield from child.walk()


@dataclass(frozen=True)
class Diagram:
    """A picture to be drawn: boxes from left to right, a legend of tones, and remarks below."""

    title: str
    subtitle: str
    description: str
    roots: tuple[Item, ...]
    legend: tuple[tuple[str, str], ...] = ()
    remarks: tuple[str, ...] = ()

    def items(self) -> Iterator[Item]:
        """Every box."""
        for root in self.roots:
            yield from root.walk()


def criteria_diagram(policy: Policy, line: LineReview | None = None) -> Diagram:
    """The criteria tree of a policy; with a reviewed line, its outcomes on the boxes."""
    results = {c.iri: c for c in line.criteria} if line else {}
    roots = tuple(_criterion(policy, iri, results) for iri in (policy.root, *policy.exclusions))
    seen = [OUTCOMES[c.status] for c in (line.criteria if line else ()) if c.kind is not Kind.EXCLUSION]
    on_nodes = {a for c in policy.criteria for a in policy.ambiguities_of(c)}
    rest = [a.notation for a in policy.ambiguities if a.iri not in on_nodes]
    remarks = []
    if on_nodes:
        example = next(a.notation for a in policy.ambiguities if a.iri in on_nodes)
        remarks.append(
            f"Short names such as {example} stand for doubtful wordings; plexus readings says how each is read."
        )
    if rest:
        remarks.append(f"Doubtful wordings that belong to no single criterion: {', '.join(rest)}.")
    leaves = len(policy.leaves)
    description = (
        f"The criteria tree of policy {policy.number}, edition {policy.edition}: {len(policy.criteria)} nodes, "
        f"{leaves} of them decided by evidence."
    )
    if line:
        description += f" Outcome for line {line.sequence}: {line.headline}"
    return Diagram(
        title=f"Policy {policy.number}: {policy.title}",
        subtitle=f"Edition {policy.edition}"
        + (f". Line {line.sequence}, code {line.code}: {line.headline}" if line else ""),
        description=description,
        roots=roots,
        legend=tuple(dict.fromkeys(o for o in OUTCOMES.values() if o in seen)),
        remarks=tuple(remarks),
    )


def _criterion(policy: Policy, iri: str, results: dict[str, CriterionResult]) -> Item:
    criterion = policy.by_iri[iri]
    result = results.get(iri)
    kind = result.kind if result else criterion.kind
    tone, outcome = _outcome(kind, result.status) if result else ("plain", "")
    names = [policy.ambiguity_by_iri[a].notation for a in policy.ambiguities_of(criterion)]
    return Item(
        key=criterion.id,
        role=ROLES[kind],
        label=criterion.label,
        detail=criterion.id,
        notes=(" ".join(names),) if names else (),
        tone=tone,
        outcome=outcome,
        about=_about(criterion),
        iri=iri,
        children=tuple(_criterion(policy, m, results) for m in criterion.members),
    )


def _outcome(kind: Kind, status: str) -> tuple[str, str]:
    special = OUTCOMES_OF_EXCLUSIONS.get(status) if kind is Kind.EXCLUSION else None
    return special or OUTCOMES[status]


def _about(criterion: Criterion) -> str:
    return f"{criterion.plain} ({criterion.source.section}, page {criterion.source.page})"


# ---- Links between policies ------------------------------------------------------------------------


def links_diagram(library: Library, number: str | None = None) -> Diagram:
    """The policies that name others, and by which indications and procedure codes a request belongs to which.

    Raises:
        UnknownTerm: no policy of that number names another.
    """
    graph = library.graph
    owners = dict.fromkeys(s for s, p, _ in graph if p == COV.relatedPolicy)
    wanted = [o for o in owners if number is None or _number(library, o).casefold() == number.casefold()]
    if not wanted:
        known = ", ".join(_number(library, o) for o in owners) or "none"
        raise UnknownTerm(f"No policy {number or ''} with links to others is known. Known: {known}.")
    return Diagram(
        title="Links between policies",
        subtitle="By which indication or procedure code a request belongs elsewhere",
        description="Policies and the policies that they name beside themselves: "
        + "; ".join(f"{_number(library, o)} names {', '.join(_named(library, o))}" for o in wanted)
        + ".",
        roots=tuple(_source(library, o) for o in wanted),
        remarks=_asserters(library, wanted),
    )


def _asserters(library: Library, owners: list[Node]) -> tuple[str, ...]:
    """Who vouches for the routes that are drawn."""
    graph = library.graph
    routes = [r for o in owners for t in graph.nodes(o, COV.relatedPolicy) for r in _routes(library, t)]
    said = dict.fromkeys(a for r in routes for a in graph.objects(r, COV.assertedBy))
    names = [graph.text(a, COV.plainLabel) or library.label(a) for a in said]
    return (f"Routes are {' or '.join(names)}.",) if names else ()


def _routes(library: Library, target: Node) -> list[Node]:
    graph = library.graph
    return list(dict.fromkeys([*graph.nodes(target, COV.routesFrom), *graph.subjects(COV.routesTo, target)]))


def _number(library: Library, policy: Term) -> str:
    return library.graph.text(policy, COV.number) or library.label(policy)


def _named(library: Library, policy: Node) -> list[str]:
    return [_number(library, t) for t in library.graph.nodes(policy, COV.relatedPolicy)]


def _codes(library: Library, policy: Node) -> list[str]:
    """The procedure codes of a policy or of its editions, written out or as nodes with a notation."""
    graph = library.graph
    holders: list[Node] = [policy, *graph.nodes(policy, COV.edition)]
    written = [o.value for h in holders for o in graph.objects(h, COV.procedureCode) if isinstance(o, Literal)]
    nodes = [n for h in holders for c in graph.nodes(h, COV.governsCode) for n in graph.objects(c, SKOS.notation)]
    return sorted(dict.fromkeys([*written, *(n.value for n in nodes)]))


def _relations(library: Library, policy: Node) -> tuple[str, ...]:
    """What else a policy says of other policies, one line for each property."""
    graph = library.graph
    out = []
    for predicate in graph.predicates(policy):
        numbers = [n for o in graph.nodes(policy, predicate) if (n := graph.text(o, COV.number))]
        if numbers and predicate != COV.relatedPolicy:
            out.append(f"{library.label(predicate)}: {', '.join(numbers)}")
    return tuple(out)


def _box(library: Library, policy: Node, key: str, children: tuple[Item, ...] = ()) -> Item:
    kind = library.graph.one(policy, RDF_TYPE)
    codes = _codes(library, policy)
    return Item(
        key=key,
        role=library.label(kind) if kind else "policy",
        label=library.graph.text(policy, DCTERMS.title) or library.label(policy),
        detail=_number(library, policy),
        notes=((f"codes {', '.join(codes)}",) if codes else ()) + _relations(library, policy),
        about=library.definition(policy),
        iri=policy.value,
        children=children,
    )


def _source(library: Library, policy: Node) -> Item:
    own = _key(library, policy)
    targets = library.graph.nodes(policy, COV.relatedPolicy)
    return _box(library, policy, own, tuple(_way(library, own, t) for t in targets))


def _key(library: Library, node: Node) -> str:
    return library.compact(node.value)


def _way(library: Library, own: str, target: Node) -> Item:
    """The route to a policy as a box between the two, or the policy alone where no route is stated."""
    graph = library.graph
    key = f"{own} {_key(library, target)}"
    end = _box(library, target, key)
    routes = _routes(library, target)
    kinds = dict.fromkeys(library.label(k) for r in routes for k in graph.objects(r, COV.routeFor))
    codes = _codes(library, target)
    if not kinds and not codes:
        return end
    end = replace(end, notes=_relations(library, target))  # the box before it names the codes
    why = next((t for r in routes if (t := graph.text(r, COV.why))), "")
    label = ", ".join(kinds)
    by_code = f"procedure {', '.join(codes)}" if codes else ""
    return Item(
        key=f"{key} route",
        role="if the indication is" if label else "if the procedure is",
        label=label or ", ".join(codes),
        notes=(f"or {by_code}",) if label and by_code else (),
        about=why,
        children=(end,),
    )
