"""The terms of plan documents and mandates that bind a line.

Terms are closed-world reference data: what is not on file does not exist. Whether a term reaches the line
can still be open (a state mandate, and nobody says whether the plan is insured).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from pyoxigraph import NamedNode

from reasoner.determine import Authority
from reasoner.triples import Node, Triples
from reasoner.vocabulary import COV, DCTERMS

EFFECTS = {
    COV.Excludes: "excludes",
    COV.Covers: "covers",
    COV.LiftsExclusion: "lifts_exclusion",
    COV.ReplacesCriteria: "replaces_criteria",
}
WORDS = {
    "excludes": "excludes this procedure",
    "covers": "covers this procedure without further conditions",
    "lifts_exclusion": "lifts exclusions of this procedure; the criteria still apply",
    "replaces_criteria": "sets criteria of its own in place of the policy's",
}


class Reach(StrEnum):
    """Whether a term binds the line."""

    BINDS = "binds"
    POSSIBLE = "may bind"
    NOT = "does not bind"


@dataclass(frozen=True)
class BindingTerm:
    """One term on file, whether it reaches the line, and why."""

    iri: str
    authority: str
    effect: str
    title: str
    citation: str | None
    reach: Reach
    why: str

    def sentence(self) -> str:
        """The term in one sentence."""
        who = "Mandate" if self.authority == "mandate" else "Plan term"
        place = f" ({self.citation})" if self.citation else ""
        if self.reach is Reach.BINDS:
            return f"{who} “{self.title}”{place} binds: it {WORDS[self.effect]}."
        return f"{who} “{self.title}”{place} {self.reach.value}: {self.why}."


def terms(triples: Triples, request: str, code: str, service_date: date | None) -> tuple[BindingTerm, ...]:
    """Every term on file for the request, with its reach for a line of this code and date."""
    node = NamedNode(request)
    plan = [(t, "plan") for p in triples.nodes(node, COV.plan) for t in triples.nodes(p, COV.term)]
    mandates = [(m, "mandate") for m in triples.nodes(node, COV.mandate)]
    out = []
    for term, who in [*mandates, *plan]:
        effect = triples.node(term, COV.effect)
        if not isinstance(effect, NamedNode) or effect not in EFFECTS:
            continue
        reach, why = _reach(triples, node, term, who, code, service_date)
        title = triples.text(term, DCTERMS.title) or term.value
        out.append(BindingTerm(term.value, who, EFFECTS[effect], title, triples.text(term, COV.citation), reach, why))
    return tuple(sorted(out, key=lambda t: (t.authority, t.iri)))


def authority(found: Iterable[BindingTerm]) -> Authority:
    """The terms as the logic program takes them."""
    pairs = [(t.authority, t.effect, t.reach) for t in found]
    return Authority(
        binding=frozenset((a, e) for a, e, r in pairs if r is Reach.BINDS),
        possible=frozenset((a, e) for a, e, r in pairs if r is Reach.POSSIBLE)
        - frozenset((a, e) for a, e, r in pairs if r is Reach.BINDS),
    )


def _reach(
    t: Triples, request: NamedNode, term: Node, who: str, code: str, service_date: date | None
) -> tuple[Reach, str]:
    codes = [o.value for o in t.objects(term, COV.appliesToCode)]
    if codes and code not in codes:
        return Reach.NOT, f"it is about {', '.join(sorted(codes))}, not {code}"
    start, end = t.text(term, COV.validFrom), t.text(term, COV.validUntil)
    if service_date is not None and start and service_date.isoformat() < start[:10]:
        return Reach.NOT, f"it is in force only from {start[:10]}"
    if service_date is not None and end and service_date.isoformat() > end[:10]:
        return Reach.NOT, f"it was in force only until {end[:10]}"
    return _mandate_reach(t, request, term) if who == "mandate" else (Reach.BINDS, "")


def _mandate_reach(t: Triples, request: NamedNode, term: Node) -> tuple[Reach, str]:
    place, state = t.text(term, COV.jurisdiction), t.text(request, COV.state)
    if place and place != "US":
        if state is None:
            return Reach.POSSIBLE, f"it is a mandate of {place}, and the request names no state"
        if state != place:
            return Reach.NOT, f"it is a mandate of {place}, and the request is from {state}"
    if t.node(term, COV.reach) == COV.InsuredOnly:
        funding = t.node(request, COV.funding)
        if funding == COV.SelfFunded:
            return Reach.NOT, "it reaches insured plans only, and this plan is self-funded"
        if funding != COV.Insured:
            return Reach.POSSIBLE, "it reaches insured plans only, and the request does not say how the plan is funded"
    return Reach.BINDS, ""
