"""Items in words: what a case shows, as a clause; and as the name of a folder."""

from __future__ import annotations

import re

from pyoxigraph import NamedNode

from reasoner.cases.branches import branches
from reasoner.cases.items import Item
from reasoner.knowledge import Knowledge
from reasoner.policy import Policy
from reasoner.policy_reading import generated_namespace
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
        match item.dimension:
            case "status" | "group":
                return f"“{self._criterion(first)}” is {rest[0]}"
            case "alone":
                return f"“{self._criterion(first)}” alone decides"
            case "rule":
                return f"some evidence is {self._rule(first)}"
            case "rule-decides":
                return f"a status hangs on {self._rule(first)}"
            case "shape":
                return f"a status hangs on whether evidence is “{self._shape(first)}”"
            case "reading":
                return f"{first} read as “{rest[0]}” changes a status"
            case "hinge":
                return f"the recommendation hinges on {first} ({self._ambiguity(first)})"
            case "scope":
                return self._scope(first, rest[0])
            case "constraint":
                label = next(c.label for c in self.policy.constraints if c.iri == first)
                return f"the facts are inconsistent: {label}"
            case "term":
                who = "a provision of the plan" if first == "plan" else "a mandate"
                return f"there is {who} {EFFECT_WORDS[rest[0]]}"
            case "note":
                return f"it is remarked: {self._note(first)}"
            case "route":
                return f"policy {first} is named as related"
            case "outcome":
                return OUTCOME_WORDS[first].format(rest[0])
            case _:
                text = next((b.text for b in branches() if b.id == first), "")
                return f"the program reaches {first}: {text}"

    def slug(self, item: Item) -> str:
        """An item as the name of a folder."""
        first, *rest = item.key
        match item.dimension:
            case "rule" | "rule-decides" | "shape":
                return _slug(f"{hyphened(local_name(first))}-{'fits' if item.dimension == 'rule' else 'decides'}")
            case "alone":
                return _slug(f"{first}-decides-alone")
            case "reading":
                return _slug(f"{first}-read-as-{rest[0]}")
            case "hinge":
                return _slug(f"hinges-on-{first}")
            case "scope":
                name = "edition" if first == self.policy.edition_iri else hyphened(local_name(first))
                return _slug(f"{name}-{rest[0]}")
            case "constraint":
                return _slug(f"inconsistent-{hyphened(local_name(first))}")
            case "note":
                return _slug(f"remark-{self._note_name(first)}")
            case "route":
                return _slug(f"routes-to-{first}")
            case "branch":
                return _slug(f"program-{first}")
            case _:
                return _slug("-".join(item.key))

    # -- parts

    def _criterion(self, cid: str) -> str:
        return next(c.label for c in self.policy.criteria if c.id == cid)

    def _rule(self, iri: str) -> str:
        own = (r.label for leaf in self.policy.leaves for r in leaf.rules if r.iri == iri)
        return next(own, None) or self.knowledge.label(iri)

    def _shape(self, iri: str) -> str:
        if iri.startswith(generated_namespace(self.policy.number)):
            return {"judged": "judged on this criterion", "not-settled": "not settled by a reviewing clinician"}.get(
                local_name(iri), local_name(iri)
            )
        return self.shapes.text(NamedNode(iri), SH.name) or self.knowledge.label(iri)

    def _ambiguity(self, notation: str) -> str:
        return next(a.label for a in self.policy.ambiguities if a.notation == notation)

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


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
