"""What one reviewed line exercises of its policy: statuses, evidence rules, shapes, readings, terms, program branches.

An item is one thing that some case should show. :func:`universe` names all items of a policy, and
:func:`reasoner.cases.exercise.exercised` those that a line shows. To *decide* means that the outcome hangs on it:
without it a status would be another.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from reasoner.cases.branches import branches
from reasoner.model import Basis, Kind, Next, OpenKind, Polarity, Recommendation, Status, Verb
from reasoner.policy import Criterion, Facet, Link, Policy, Readings, Rule
from reasoner.policy_rules import generated_namespace
from reasoner.shapes import ANYTHING, NOTHING
from reasoner.vocabulary import COV
from reasoner.weigh import relevant

DIMENSIONS = {
    "status": "statuses of criteria",
    "group": "outcomes of groups",
    "alone": "criteria that alone decide a line",
    "rule": "evidence rules that evidence fits",
    "rule-decides": "evidence rules that decide a status",
    "shape": "shapes and links that decide a status",
    "reading": "readings that change a status",
    "hinge": "ambiguities on which a recommendation hinges",
    "scope": "conditions of scope, kept and failed",
    "constraint": "constraints that make facts inconsistent",
    "term": "terms of plans and mandates",
    "note": "remarks",
    "route": "related policies named",
    "outcome": "recommendations, bases, next steps, questions and changes",
    "branch": "branches of the logic program",
}
"""What is counted, in this order, with the words by which it is told."""

EFFECTS = ("excludes", "covers", "lifts_exclusion", "replaces_criteria")
REACHES = {"binds": ("plan", "mandate"), "may bind": ("mandate",), "does not bind": ("plan", "mandate")}


@dataclass(frozen=True, order=True)
class Item:
    """One thing that a case can show: the dimension in which it is counted, and its name there."""

    dimension: str
    key: tuple[str, ...]


def universe(policy: Policy) -> tuple[Item, ...]:
    """Every item of a policy, in the order of the dimensions. What its parts cannot bring about is left out."""
    found = {item: None for dimension in DIMENSIONS for item in _ALL[dimension](policy)}
    return tuple(found)


def _statuses(policy: Policy) -> Iterator[Item]:
    yield from (Item("status", (leaf.id, s.value)) for leaf in policy.leaves for s in Status)


def _groups(policy: Policy) -> Iterator[Item]:
    groups = (c for c in policy.criteria if not c.is_leaf)
    yield from (Item("group", (group.id, s)) for group in groups for s in ("met", "unmet", "open"))


def _alone(policy: Policy) -> Iterator[Item]:
    yield from (Item("alone", (leaf.id,)) for leaf in policy.leaves)


def _rules(dimension: str, policy: Policy) -> Iterator[Item]:
    yield from (rule_item(dimension, rule) for leaf in policy.leaves for rule in leaf.rules)


def _shapes(policy: Policy) -> Iterator[Item]:
    for facet in all_facets(policy):
        yield from (shape_item(policy, use) for use in facet.all_uses() if use not in (ANYTHING, NOTHING))


def _readings(policy: Policy) -> Iterator[Item]:
    for ambiguity in policy.ambiguities:
        if moves(policy, ambiguity.iri):
            others = (r for r in ambiguity.readings if r != ambiguity.default)
            yield from (Item("reading", (ambiguity.notation, r.notation)) for r in others)


def _hinges(policy: Policy) -> Iterator[Item]:
    yield from (Item("hinge", (a.notation,)) for a in policy.ambiguities if moves(policy, a.iri))


def _scope(policy: Policy) -> Iterator[Item]:
    yield Item("scope", (policy.edition_iri, "failed"))
    for condition in policy.scope:
        yield from (Item("scope", (condition.iri, how)) for how in ("kept", "failed"))


def _terms(_: Policy) -> Iterator[Item]:
    yield from (Item("term", (who, effect)) for who in ("mandate", "plan") for effect in EFFECTS)
    yield from (Item("term", (who, reach)) for reach, able in REACHES.items() for who in able if reach != "binds")


def _notes(policy: Policy) -> Iterator[Item]:
    yield from (Item("note", (rule.iri,)) for rule in policy.note_rules)
    yield from (Item("note", (note.pattern,)) for note in policy.coding_notes)


def _outcomes(policy: Policy) -> Iterator[Item]:
    yield from (Item("outcome", ("recommendation", r.value)) for r in Recommendation)
    left_out = set()
    if not policy.exclusions:
        left_out.add(Basis.EXCLUDED_INDICATION)
    if not policy.constraints:
        left_out.add(Basis.INCONSISTENT)
    yield from (Item("outcome", ("basis", b.value)) for b in Basis if b not in left_out)
    yield from (Item("outcome", ("next", n.value)) for n in Next)
    yield from (Item("outcome", ("question", k.value)) for k in OpenKind)
    never = set() if any(leaf.later_event for leaf in policy.leaves) else {Verb.NEW_EVENT}
    yield from (Item("outcome", ("change", v.value)) for v in Verb if v not in never)


def _branches(policy: Policy) -> Iterator[Item]:
    unused = set()
    if not policy.constraints:
        unused |= {"exclusive(", "not consistent"}
    if not policy.exclusions:
        unused.add("exclusion(")
    for branch in branches():
        if not any(literal.startswith(name) for literal in branch.body for name in unused):
            yield branch_item(branch.line)


_ALL = {
    "status": _statuses,
    "group": _groups,
    "alone": _alone,
    "rule": lambda policy: _rules("rule", policy),
    "rule-decides": lambda policy: _rules("rule-decides", policy),
    "shape": _shapes,
    "reading": _readings,
    "hinge": _hinges,
    "scope": _scope,
    "constraint": lambda policy: (Item("constraint", (c.iri,)) for c in policy.constraints),
    "term": _terms,
    "note": _notes,
    "route": lambda policy: (Item("route", (route.number,)) for route in policy.routes),
    "outcome": _outcomes,
    "branch": _branches,
}


# ---- Names of items --------------------------------------------------------------------------------


def rule_item(dimension: str, rule: Rule) -> Item:
    """The item of an evidence rule. Every leaf has its own copy of the two settling rules: they are told as two."""
    name = rule.iri
    for polarity, declared in ((Polarity.FOR, COV.JudgementFulfils), (Polarity.AGAINST, COV.JudgementRefutes)):
        if name.endswith(f"-settled-{polarity.value}"):
            name = declared.value
    return Item(dimension, (name,))


def shape_item(policy: Policy, use: str | Link) -> Item:
    """The item of a shape or link. Copies that differ only in the leaf that they name are told as one."""
    iri = use.iri if isinstance(use, Link) else use
    generated = generated_namespace(policy.slug)
    if iri.startswith(generated):
        for kind in ("not-settled", "judged"):
            if iri.endswith(f"-{kind}"):
                iri = f"{generated}{kind}"
    return Item("shape", (iri,))


def branch_item(line: int) -> Item:
    """The item of a branch of the program."""
    return Item("branch", (f"line {line}",))


# ---- What a policy is made of ----------------------------------------------------------------------


def all_facets(policy: Policy) -> Iterator[Facet]:
    """Every facet of the policy's rules, conditions of scope and remarks."""
    for leaf in policy.leaves:
        for rule in leaf.rules:
            yield from rule.facets
    for condition in policy.scope:
        yield from condition.facets
    for remark in policy.note_rules:
        yield from remark.facets


def moves(policy: Policy, ambiguity: str) -> bool:
    """Whether an ambiguity can change more than a remark."""
    return bool(set(policy.ambiguity_by_iri[ambiguity].affects) - {"note"})


def worlds(policy: Policy, ambiguities: Iterable[str] | None = None) -> Iterator[tuple[Item | None, Readings]]:
    """The default readings, then each that differs in one of the ambiguities (default: all that move something)."""
    defaults = policy.default_readings
    yield None, defaults
    for ambiguity in policy.ambiguities:
        if moves(policy, ambiguity.iri) and (ambiguities is None or ambiguity.iri in ambiguities):
            for reading in ambiguity.readings:
                if reading != ambiguity.default:
                    item = Item("reading", (ambiguity.notation, reading.notation))
                    yield item, {**defaults, ambiguity.iri: reading.iri}


def worlds_of(policy: Policy, leaf: Criterion) -> list[Readings]:
    """The readings under which a leaf can come out in different ways."""
    return [readings for _, readings in worlds(policy, relevant(policy, leaf))]


def switched_by(facets: Iterable[Facet]) -> frozenset[str]:
    """The ambiguities that switch facets."""
    return frozenset(f.ambiguity for f in facets if f.ambiguity is not None)


def other_status(kind: Kind, status: Status) -> Status:
    """The decided status opposite to one; an open one is taken to the side that helps."""
    helps = Status.UNMET if kind is Kind.EXCLUSION else Status.MET
    harms = Status.MET if kind is Kind.EXCLUSION else Status.UNMET
    return harms if status is helps else helps
