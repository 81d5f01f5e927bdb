"""Items in words: what a case shows, as a clause; and as the name of a folder."""

from __future__ import annotations

import re

from pyoxigraph import NamedNode

from reasoner.cases.branches import branches
from reasoner.cases.items import Item
from reasoner.knowledge import Knowledge
from reasoner.policy import Policy
from reasoner.policy_rules import generated_namespace
from reasoner.triples import Triples
from reasoner.vocabulary import SH, local_name

EFFECT_WORDS = {
    "excludes": "that excludes the procedure",
    "covers": "that covers the procedure",
    "lifts_exclusion": "that lifts an exclusion",
    "replaces_criteria": "that replaces the criteria",
    "may bind": "of which it is open whether it binds",
    "does not bind": "that does not bind",
}
WHO = {"plan": "a provision of the plan", "mandate": "a mandate"}
OUTCOME_WORDS = {
    "recommendation": "the recommendation is {}",
    "basis": "the basis is {}",
    "next": "the next step is {}",
    "question": "something is asked for: {}",
    "change": "something would approve by: {}",
}


class ItemWords:
    """Tells items of one policy in words."""

    def __init__(self, policy: Policy, knowledge: Knowledge, shapes: Triples) -> None:
        self.policy = policy
        self.knowledge = knowledge
        self.shapes = shapes

    def clause(self, item: Item) -> str:
        """What a record that shows an item is like, as a clause without a full stop."""
        first, *rest = item.key
        told = {
            "status": lambda: f"“{self._criterion(first)}” is {rest[0]}",
            "group": lambda: f"“{self._criterion(first)}” is {rest[0]}",
            "alone": lambda: f"“{self._criterion(first)}” alone decides",
            "rule": lambda: f"some evidence is {self._rule(first)}",
            "rule-decides": lambda: f"a status hangs on {self._rule(first)}",
            "shape": lambda: f"a status hangs on whether evidence is “{self._shape(first)}”",
            "reading": lambda: f"{first} read as “{rest[0]}” changes a status",
            "hinge": lambda: f"the recommendation hinges on {first} ({self._ambiguity(first)})",
            "scope": lambda: self._scope(first, rest[0]),
            "constraint": lambda: f"the facts are inconsistent: {self._constraint(first)}",
            "term": lambda: f"there is {WHO[first]} {EFFECT_WORDS[rest[0]]}",
            "note": lambda: f"it is remarked: {self._note(first)}",
            "route": lambda: f"policy {first} is named as related",
            "outcome": lambda: OUTCOME_WORDS[first].format(rest[0]),
            "branch": lambda: f"the program reaches {first}: {self._branch(first)}",
        }
        return told[item.dimension]()

    def slug(self, item: Item) -> str:
        """An item as the name of a folder."""
        first, *rest = item.key
        name = hyphened(local_name(first))
        named = {
            "rule": f"{name}-fits",
            "rule-decides": f"{name}-decides",
            "shape": f"{name}-decides",
            "alone": f"{first}-decides-alone",
            "reading": f"{first}-read-as-{''.join(rest)}",
            "hinge": f"hinges-on-{first}",
            "scope": f"{'edition' if first == self.policy.edition_iri else name}-{''.join(rest)}",
            "constraint": f"inconsistent-{name}",
            "note": f"remark-{self._note_name(first)}",
            "route": f"routes-to-{first}",
            "branch": f"program-{first}",
        }
        text = named.get(item.dimension, "-".join(item.key))
        return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")

    # -- parts

    def _criterion(self, cid: str) -> str:
        return next(c.label for c in self.policy.criteria if c.id == cid)

    def _rule(self, iri: str) -> str:
        own = (r.label for leaf in self.policy.leaves for r in leaf.rules if r.iri == iri)
        return next(own, None) or self.knowledge.label(iri)

    def _shape(self, iri: str) -> str:
        if iri.startswith(generated_namespace(self.policy.slug)):
            return {"judged": "judged on this criterion", "not-settled": "not settled by a reviewing clinician"}.get(
                local_name(iri), local_name(iri)
            )
        return self.shapes.text(NamedNode(iri), SH.name) or self.knowledge.label(iri)

    def _ambiguity(self, notation: str) -> str:
        return next(a.label for a in self.policy.ambiguities if a.notation == notation)

    def _constraint(self, iri: str) -> str:
        return next(c.label for c in self.policy.constraints if c.iri == iri)

    def _branch(self, name: str) -> str:
        return next(b.text for b in branches() if b.id == name)

    def _scope(self, iri: str, how: str) -> str:
        if iri == self.policy.edition_iri:
            return "the edition is not in force"
        label = next(c.label for c in self.policy.scope if c.iri == iri)
        return f"the condition of scope “{label}” is {how}"

    def _note(self, key: str) -> str:
        return next((r.message for r in self.policy.note_rules if r.iri == key), None) or f"a code like {key}"

    def _note_name(self, key: str) -> str:
        return hyphened(local_name(key)) if any(r.iri == key for r in self.policy.note_rules) else f"code-{key}"


def hyphened(name: str) -> str:
    """A local name in lower case with hyphens.

    >>> hyphened("ImagingSupportsSurgery"), hyphened("MRI")
    ('imaging-supports-surgery', 'mri')
    """
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "-", name).lower()
