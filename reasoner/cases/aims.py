"""What a record must be so that it shows an item: the wanted statuses, worlds, days and terms, simplest first.

Several aims can lead to one item. Whether a record really shows it is for a review to say, never for an aim.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import product

from pyoxigraph import NamedNode

from reasoner.cases.branches import BranchProgram
from reasoner.cases.items import EFFECTS, Item, branch_item, rule_item, shape_item, switched_by, worlds
from reasoner.cases.solve import STATUSES, Search, Wanted, World
from reasoner.determine import Authority, Vector
from reasoner.model import Kind, Status
from reasoner.policy import Criterion, Facet, Policy, Readings, Rule
from reasoner.shapes import NOTHING
from reasoner.vocabulary import CLIN

OnFile = tuple[str, str]
"""A term that is to be on file: who sets it (mandate, plan), and its effect, or how far it reaches."""


@dataclass(frozen=True)
class Aim:
    """One way to show an item: what the record is to be, the terms on file, and days that are changed at the end."""

    wanted: Wanted
    terms: tuple[OnFile, ...] = ()
    days: tuple[tuple[str, date], ...] = ()


def aims(policy: Policy, item: Item, usually: dict[str, Status]) -> Iterator[Aim]:
    """The ways to show an item, simplest first.

    Args:
        policy: the edition.
        item: what is to be shown.
        usually: the statuses of the leaves in the record from which the search starts.
    """
    yield from _WAYS[item.dimension](policy, item, usually)


def pair_aim(policy: Policy, first: Item, second: Item) -> Aim:
    """The way to show two statuses together."""
    rules = [_status_is(policy, *first.key), _status_is(policy, *second.key)]
    return Aim(Wanted(_all(*rules), free=frozenset((first.key[0], second.key[0]))))


# ---- Rules -----------------------------------------------------------------------------------------

Rules = Callable[[Search], Iterable[str]]


def _fixed(*rules: str) -> Rules:
    return lambda _: rules


def _all(*parts: Rules) -> Rules:
    return lambda search: [rule for part in parts for rule in part(search)]


def _leaf(policy: Policy, cid: str) -> Criterion:
    return next(c for c in policy.criteria if c.id == cid)


def _status_is(policy: Policy, cid: str, status: str) -> Rules:
    leaf = _leaf(policy, cid)
    return lambda search: [f":- not st(0,{search.id(leaf.iri)},{STATUSES[Status(status)]})."]


def _defaults(policy: Policy) -> World:
    return World(policy.default_readings)


def _readings_of(policy: Policy, facets: Iterable[Facet]) -> list[Readings]:
    return [readings for _, readings in worlds(policy, switched_by(facets))]


# ---- Ways, by dimension ----------------------------------------------------------------------------

Ways = Iterator[Aim]


def _status(policy: Policy, item: Item, _: dict[str, Status]) -> Ways:
    yield Aim(Wanted(_status_is(policy, *item.key), free=frozenset(item.key[:1])))


def _group(policy: Policy, item: Item, _: dict[str, Status]) -> Ways:
    group, wanted = _leaf(policy, item.key[0]), item.key[1]
    if wanted == "open":
        yield Aim(Wanted(lambda s: [f":- met(0,{s.id(group.iri)}).", f":- unmet(0,{s.id(group.iri)})."]))
    else:
        yield Aim(Wanted(lambda s: [f":- not {wanted}(0,{s.id(group.iri)})."]))


def _alone(policy: Policy, item: Item, _: dict[str, Status]) -> Ways:
    leaf = _leaf(policy, item.key[0])
    taken = tuple(World(policy.default_readings, taken=(leaf.iri, s)) for s in (Status.MET, Status.UNMET))

    def rules(search: Search) -> list[str]:
        name = search.id(leaf.iri)
        return [":- comes(1,X), comes(2,X).", f":- not st(0,{name},met), not st(0,{name},unmet)."]

    yield Aim(Wanted(rules, taken, free=frozenset((leaf.id,))))


def _rule_places(policy: Policy, item: Item) -> Iterator[tuple[int, Criterion, int, Rule]]:
    for place, leaf in enumerate(policy.leaves):
        for order, rule in enumerate(leaf.rules):
            if rule_item(item.dimension, rule) == item:
                yield place, leaf, order, rule


def _rule(policy: Policy, item: Item, _: dict[str, Status]) -> Ways:
    for place, leaf, order, rule in _rule_places(policy, item):
        for readings in _able(policy, rule):
            fits = f"f_1_{place}_{order}"
            yield _within(policy, leaf, _fixed(f"shown :- {fits}(N).", ":- not shown."), (World(readings),))


def _within(policy: Policy, leaf: Criterion, rules: Rules, found: tuple[World, ...]) -> Aim:
    """An aim for a leaf in worlds of one choice of readings, under which alone the line need be in scope."""
    otherwise = found[0].readings != policy.default_readings
    return Aim(Wanted(_all(rules, _fixed(":- not inside(1).")), found, outside=otherwise, about=leaf.iri))


def _able(policy: Policy, rule: Rule) -> Iterator[Readings]:
    """The readings, the default first, under which some node can fit a rule."""
    for readings in _readings_of(policy, rule.facets):
        if all(NOTHING not in facet.uses(readings) for facet in rule.facets):
            yield readings


def _rule_decides(policy: Policy, item: Item, _: dict[str, Status]) -> Ways:
    for _place, leaf, _order, rule in _rule_places(policy, item):
        for readings in _able(policy, rule):
            both = (World(readings), World(readings, without=rule.iri))
            yield _within(policy, leaf, _differs(leaf.iri), both)


def _differs(leaf: str) -> Rules:
    """The status of a leaf is another in world 1 than in world 2."""
    return lambda search: [f":- st(1,{search.id(leaf)},S), st(2,{search.id(leaf)},S)."]


def _shape(policy: Policy, item: Item, _: dict[str, Status]) -> Ways:
    found = [
        (readings, leaf, rule, use)
        for leaf in policy.leaves
        for rule in leaf.rules
        for readings in _able(policy, rule)
        for facet in rule.facets
        for use in facet.uses(readings)
        if use != NOTHING and shape_item(policy, use) == item
    ]
    found.sort(key=lambda one: one[0] != policy.default_readings)
    for readings, leaf, rule, use in found:
        granted = (rule.iri, use if isinstance(use, str) else use.iri)
        yield _within(policy, leaf, _differs(leaf.iri), (World(readings), World(readings, granted=granted)))
    for condition in policy.scope:
        for readings in _readings_of(policy, condition.facets):
            for use in (u for f in condition.facets for u in f.uses(readings)):
                if shape_item(policy, use) == item:
                    yield _out_of_scope(policy, condition.iri, readings)
    for remark in policy.note_rules:
        uses = [u for f in remark.facets for u in f.uses(policy.default_readings)]
        for use in uses:
            if shape_item(policy, use) == item:
                yield Aim(Wanted(_lacks_only(policy, remark.evidence_class, uses, use)))


def _lacks_only(policy: Policy, cls: str, uses: list, use: object) -> Rules:  # type: ignore[type-arg]
    def rules(search: Search) -> list[str]:
        body = [f"{'not ' if u == use else ''}{search.fits(0, u, cls)}(N)" for u in uses]
        return [f"shown :- on(N,{search.names(NamedNode(cls))}), {', '.join(body)}.", ":- not shown."]

    return rules


def _reading(policy: Policy, item: Item, _: dict[str, Status]) -> Ways:
    for found, readings in worlds(policy):
        if found == item:
            yield from _other_edition(policy, readings)
            rule = ":- not differ_in_status(0,1), not differ_in_status(1,0)."
            yield Aim(Wanted(_fixed(rule), (World(readings),)))
            yield from _other_scope(readings)


def _hinge(policy: Policy, item: Item, _: dict[str, Status]) -> Ways:
    for found, readings in worlds(policy):
        if found is not None and found.key[0] == item.key[0]:
            yield from _other_edition(policy, readings)
            yield Aim(Wanted(_fixed(":- outcome(0,X), outcome(1,X)."), (World(readings),)))
            yield from _other_scope(readings)


def _other_scope(readings: Readings) -> Ways:
    rule = ":- not differ_in_scope(0,1), not differ_in_scope(1,0)."
    yield Aim(Wanted(_fixed(rule), (World(readings),), outside=True))


def _other_edition(policy: Policy, readings: Readings) -> Ways:
    """Where readings choose the edition by another date: a day on which the edition was not in force yet."""
    if policy.dates_by(readings) != policy.dates_by(policy.default_readings):
        yield _too_early(policy, readings)


def _too_early(policy: Policy, readings: Readings) -> Aim:
    return Aim(Wanted(_fixed()), days=((policy.dates_by(readings), policy.edition - timedelta(days=1)),))


def _scope(policy: Policy, item: Item, _: dict[str, Status]) -> Ways:
    iri, how = item.key
    if iri == policy.edition_iri:
        yield _too_early(policy, policy.default_readings)
        return
    condition = next(c for c in policy.scope if c.iri == iri)
    for readings in _readings_of(policy, condition.facets):
        if how == "failed":
            yield _out_of_scope(policy, iri, readings)
        else:
            yield Aim(Wanted(_fixed(f":- not in_scope(1,{_order(policy, iri)})."), (World(readings),), outside=True))


def _order(policy: Policy, condition: str) -> int:
    return [c.iri for c in policy.scope].index(condition)


def _out_of_scope(policy: Policy, condition: str, readings: Readings) -> Aim:
    return Aim(Wanted(_fixed(f":- in_scope(1,{_order(policy, condition)})."), (World(readings),), outside=True))


def _constraint(policy: Policy, item: Item, _: dict[str, Status]) -> Ways:
    constraint = next(c for c in policy.constraints if c.iri == item.key[0])
    if constraint.holds(policy.default_readings):
        names = constraint.not_together
        yield Aim(Wanted(lambda s: [f":- not st(0,{s.id(leaf)},met)." for leaf in names]))


def _term(_: Policy, item: Item, _usually: dict[str, Status]) -> Ways:
    yield Aim(Wanted(_fixed()), terms=((item.key[0], item.key[1]),))


def _note(policy: Policy, item: Item, _: dict[str, Status]) -> Ways:
    for rule in policy.note_rules:
        if rule.iri == item.key[0]:
            cls = NamedNode(rule.evidence_class)

            def rules(search: Search, rule=rule, cls=cls) -> list[str]:  # type: ignore[no-untyped-def]
                body = search.bodies(0, _defaults(policy), rule.facets, cls.value) or ["impossible"]
                return [f"shown :- {', '.join([f'on(N,{search.names(cls)})', *body])}.", ":- not shown."]

            yield Aim(Wanted(rules))
    for note in policy.coding_notes:
        if note.pattern == item.key[0]:
            yield Aim(Wanted(_coded(note.pattern)))


def _coded(pattern: str) -> Rules:
    def rules(search: Search) -> list[str]:
        condition = search.names(search.space.start.condition)
        codes = [search.names(code) for code in search.space.usage.codes_like(pattern)]
        told = [f"not t({condition},{search.names(CLIN.diagnosisCode)},{code})" for code in codes]
        return [f":- {', '.join(told)}."] if told else [":- impossible.", ":- not impossible."]

    return rules


def _route(policy: Policy, item: Item, _: dict[str, Status]) -> Ways:
    kinds = {NamedNode(k) for route in policy.routes if route.number == item.key[0] for k in route.kinds}

    def rules(search: Search) -> list[str]:
        condition, kind = search.names(search.space.start.condition), search.names(CLIN.kind)
        out = [f"of_kind(K) :- t({condition},{kind},K).", "of_kind(L) :- of_kind(K), know(K,skos_broader,L)."]
        wanted = [f"not of_kind({search.names(k)})" for k in sorted(kinds, key=str)]
        return [*out, f":- {', '.join(wanted)}."]

    if kinds:
        yield Aim(Wanted(rules))


# ---- Outcomes --------------------------------------------------------------------------------------


def _outcome(policy: Policy, item: Item, usually: dict[str, Status]) -> Ways:
    what, value = item.key
    rule = _OUTCOMES.get(value)
    if value in ("not-applicable", "out-of-scope", "route"):
        yield from _scope(policy, Item("scope", (policy.edition_iri, "failed")), usually)
    elif value == "inconsistent":
        for constraint in policy.constraints:
            yield from _constraint(policy, Item("constraint", (constraint.iri,)), usually)
    elif value in _TERMS:
        yield from (Aim(Wanted(_fixed()), terms=(term,)) for term in _TERMS[value])
    elif value == Status.UNMET or what == "change" and value == "new-event":
        later = [leaf for leaf in policy.leaves if leaf.later_event]
        yield from (Aim(Wanted(_status_is(policy, leaf.id, "unmet"), free=frozenset((leaf.id,)))) for leaf in later)
    elif rule is not None:
        yield Aim(Wanted(_fixed(*rule)))


_PEND = ":- not comes(0,pend)."
_OUTCOMES = {
    "approve": (":- not comes(0,approve).",),
    "criteria-met": (":- not comes(0,approve).",),
    "none": (":- not comes(0,approve).",),
    "deny": (":- not comes(0,deny).",),
    "clinician-review": (":- not comes(0,deny).",),
    "criterion-unmet": (":- root(R), not unmet(0,R).", ":- excluded(0)."),
    "excluded-indication": (":- not excluded(0).", ":- inconsistent(0)."),
    "pend": (_PEND,),
    "open": (_PEND,),
    "request-information": (_PEND, ":- st(0,L,conflicting).", ":- st(0,L,to_judge)."),
    "document": (_PEND, "shown :- st(0,L,undocumented).", ":- not shown."),
    "both": (_PEND, "shown :- st(0,L,conflicting).", ":- not shown."),
    "conflict": (_PEND, "shown :- st(0,L,conflicting).", ":- not shown."),
    "resolve": (_PEND, "shown :- st(0,L,conflicting).", ":- not shown."),
    "judgement": (_PEND, "shown :- st(0,L,to_judge).", ":- not shown."),
    "judge": (_PEND, "shown :- st(0,L,to_judge).", ":- not shown."),
}
_TERMS: dict[str, tuple[OnFile, ...]] = {
    "mandate": (("mandate", "covers"), ("mandate", "excludes")),
    "plan-exclusion": (("plan", "excludes"),),
    "plan-term": (("plan", "covers"), ("plan", "replaces_criteria")),
}


# ---- Branches of the program -----------------------------------------------------------------------


def _branch(policy: Policy, item: Item, usually: dict[str, Status]) -> Ways:
    """Statuses and terms under which the program reaches a branch, found by asking it."""
    program = BranchProgram(policy)
    if item in map(branch_item, program.outside()):
        yield from _scope(policy, Item("scope", (policy.edition_iri, "failed")), usually)
        return
    for terms in _term_sets():
        for vector in _vectors(policy, usually):
            reached = program.reached(vector, policy.default_readings, Authority(frozenset(terms)))
            if item in map(branch_item, reached):
                yield Aim(Wanted(_vector_is(policy, vector, usually)), terms=terms)


def _term_sets() -> Iterator[tuple[OnFile, ...]]:
    """No term, each term, and a term of the mandate beside one of the plan."""
    yield ()
    yield from (((who, effect),) for who in ("mandate", "plan") for effect in EFFECTS)
    yield from ((("mandate", one), ("plan", other)) for one, other in product(EFFECTS, EFFECTS))


def _vectors(policy: Policy, usually: dict[str, Status]) -> Iterator[Vector]:
    """The usual statuses, and those with one, then two leaves otherwise."""
    leaves = policy.leaves
    usual = tuple(usually.get(leaf.iri, _favourable(leaf)) for leaf in leaves)
    yield usual
    single = [
        (place, status) for place in range(len(leaves)) for status in (Status.MET, Status.UNMET, Status.UNDOCUMENTED)
    ]
    for place, status in single:
        yield (*usual[:place], status, *usual[place + 1 :])
    for (place, status), (other, second) in product(single, single):
        if place < other:
            one = (*usual[:place], status, *usual[place + 1 :])
            yield (*one[:other], second, *one[other + 1 :])


def _favourable(leaf: Criterion) -> Status:
    return Status.UNMET if leaf.kind is Kind.EXCLUSION else Status.MET


def _vector_is(policy: Policy, vector: Vector, usually: dict[str, Status]) -> Rules:
    def rules(search: Search) -> list[str]:
        out = []
        for leaf, status in zip(policy.leaves, vector, strict=True):
            if usually.get(leaf.iri) is not status:
                name = search.id(leaf.iri)
                open_ = [f":- met(0,{name}).", f":- unmet(0,{name})."]
                out += open_ if status.is_open else [f":- not st(0,{name},{STATUSES[status]})."]
        return out

    return rules


_WAYS: dict[str, Callable[[Policy, Item, dict[str, Status]], Ways]] = {
    "status": _status,
    "group": _group,
    "alone": _alone,
    "rule": _rule,
    "rule-decides": _rule_decides,
    "shape": _shape,
    "reading": _reading,
    "hinge": _hinge,
    "scope": _scope,
    "constraint": _constraint,
    "term": _term,
    "note": _note,
    "route": _route,
    "outcome": _outcome,
    "branch": _branch,
}
