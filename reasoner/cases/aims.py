"""What a record must be so that it shows an item: the wanted statuses, worlds, days and terms, simplest first.

Several aims can lead to one item. Whether a record really shows it is for a review to say, never for an aim.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from pyoxigraph import NamedNode

from reasoner.cases.aim import (
    Aim,
    Rules,
    Ways,
    by_default,
    criterion_of,
    fixed,
    readings_of,
    status_is,
    together,
    too_early,
)
from reasoner.cases.items import Item, rule_item, shape_item, switched_by, worlds
from reasoner.cases.outcome_aims import branch_ways, constraint_ways, outcome_ways
from reasoner.cases.solve import Search, Wanted, World
from reasoner.model import Status
from reasoner.policy import Criterion, Policy, Readings, Rule
from reasoner.shapes import NOTHING
from reasoner.vocabulary import CLIN
from reasoner.weigh import relevant


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
    rules = [status_is(policy, *first.key), status_is(policy, *second.key)]
    return Aim(Wanted(together(*rules), free=frozenset((first.key[0], second.key[0]))))


# ---- Ways, by dimension ----------------------------------------------------------------------------


def _status(policy: Policy, item: Item, _: dict[str, Status]) -> Ways:
    yield Aim(Wanted(status_is(policy, *item.key), free=frozenset(item.key[:1])))


def _group(policy: Policy, item: Item, _: dict[str, Status]) -> Ways:
    group, wanted = criterion_of(policy, item.key[0]), item.key[1]
    if wanted == "open":
        yield Aim(Wanted(lambda s: [f":- met(0,{s.id(group.iri)}).", f":- unmet(0,{s.id(group.iri)})."]))
    else:
        yield Aim(Wanted(lambda s: [f":- not {wanted}(0,{s.id(group.iri)})."]))


def _alone(policy: Policy, item: Item, _: dict[str, Status]) -> Ways:
    leaf = criterion_of(policy, item.key[0])
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
        for readings in _able(policy, leaf, rule):
            fits = f"f_1_{place}_{order}"
            yield _within(policy, leaf, fixed(f"shown :- {fits}(N).", ":- not shown."), (World(readings),))


def _within(policy: Policy, leaf: Criterion, rules: Rules, found: tuple[World, ...]) -> Aim:
    """An aim for a leaf in worlds of one choice of readings, under which alone the line need be in scope."""
    otherwise = found[0].readings != policy.default_readings
    return Aim(Wanted(together(rules, fixed(":- not inside(1).")), found, outside=otherwise, about=leaf.iri))


def _able(policy: Policy, leaf: Criterion, rule: Rule) -> Iterator[Readings]:
    """The readings under which some node can fit a rule: the default, those of the rule, those of its links."""
    own = switched_by(rule.facets)
    for readings in (*readings_of(policy, rule.facets), *_others(policy, leaf, own)):
        if all(NOTHING not in facet.uses(readings) for facet in rule.facets):
            yield readings


def _others(policy: Policy, leaf: Criterion, own: frozenset[str]) -> list[Readings]:
    """The readings that change a leaf in another way than through some ambiguities."""
    return [readings for item, readings in worlds(policy, set(relevant(policy, leaf)) - own) if item is not None]


def _rule_decides(policy: Policy, item: Item, _: dict[str, Status]) -> Ways:
    for _place, leaf, _order, rule in _rule_places(policy, item):
        for readings in _able(policy, leaf, rule):
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
        for readings in _able(policy, leaf, rule)
        for facet in rule.facets
        for use in facet.uses(readings)
        if use != NOTHING and shape_item(policy, use) == item
    ]
    found.sort(key=lambda one: one[0] != policy.default_readings)
    for readings, leaf, rule, use in found:
        granted = (rule.iri, use if isinstance(use, str) else use.iri)
        yield _within(policy, leaf, _differs(leaf.iri), (World(readings), World(readings, granted=granted)))
    for condition in policy.scope:
        for readings in readings_of(policy, condition.facets):
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
            yield Aim(Wanted(fixed(rule), (World(readings),)))
            yield from _other_scope(readings)


def _hinge(policy: Policy, item: Item, _: dict[str, Status]) -> Ways:
    for found, readings in worlds(policy):
        if found is not None and found.key[0] == item.key[0]:
            yield from _other_edition(policy, readings)
            yield Aim(Wanted(fixed(":- outcome(0,X), outcome(1,X)."), (World(readings),)))
            yield from _other_scope(readings)


def _other_scope(readings: Readings) -> Ways:
    rule = ":- not differ_in_scope(0,1), not differ_in_scope(1,0)."
    yield Aim(Wanted(fixed(rule), (World(readings),), outside=True))


def _other_edition(policy: Policy, readings: Readings) -> Ways:
    """Where readings choose the edition by another date: a day on which the edition was not in force yet."""
    if policy.dates_by(readings) != policy.dates_by(policy.default_readings):
        yield too_early(policy, readings)


def _scope(policy: Policy, item: Item, _: dict[str, Status]) -> Ways:
    iri, how = item.key
    if iri == policy.edition_iri:
        yield too_early(policy, policy.default_readings)
        return
    condition = next(c for c in policy.scope if c.iri == iri)
    for readings in readings_of(policy, condition.facets):
        if how == "failed":
            yield _out_of_scope(policy, iri, readings)
        else:
            yield Aim(Wanted(fixed(f":- not in_scope(1,{_order(policy, iri)})."), (World(readings),), outside=True))


def _order(policy: Policy, condition: str) -> int:
    return [c.iri for c in policy.scope].index(condition)


def _out_of_scope(policy: Policy, condition: str, readings: Readings) -> Aim:
    return Aim(Wanted(fixed(f":- in_scope(1,{_order(policy, condition)})."), (World(readings),), outside=True))


def _term(_: Policy, item: Item, _usually: dict[str, Status]) -> Ways:
    yield Aim(Wanted(fixed()), terms=((item.key[0], item.key[1]),))


def _note(policy: Policy, item: Item, _: dict[str, Status]) -> Ways:
    for rule in policy.note_rules:
        if rule.iri == item.key[0]:
            cls = NamedNode(rule.evidence_class)

            def rules(search: Search, rule=rule, cls=cls) -> list[str]:  # type: ignore[no-untyped-def]
                body = search.bodies(0, by_default(policy), rule.facets, cls.value) or ["impossible"]
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
    "constraint": constraint_ways,
    "term": _term,
    "note": _note,
    "route": _route,
    "outcome": outcome_ways,
    "branch": branch_ways,
}
