"""Witnesses in plain words: records by the statuses of their criteria, and pieces of evidence by their values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from pyoxigraph import NamedNode

from reasoner.knowledge import Knowledge
from reasoner.model import Kind, Status
from reasoner.policy import Criterion, Link, Policy
from reasoner.proving.evidence_prover import Node
from reasoner.proving.prover import Record
from reasoner.proving.verification import ToldRecord, Witness
from reasoner.triples import Triples
from reasoner.vocabulary import SH, local_name

ORDER = (Status.MET, Status.UNMET, Status.CONFLICTING, Status.TO_JUDGE, Status.UNDOCUMENTED)
WORDS = {
    Status.MET: "met",
    Status.UNMET: "unmet",
    Status.CONFLICTING: "conflicting",
    Status.TO_JUDGE: "to be judged",
    Status.UNDOCUMENTED: "undocumented",
}


def listed(words: Iterable[str], last: str = "and") -> str:
    """Words as a list in a sentence.

    >>> listed(["a", "b", "c"])
    'a, b and c'
    """
    found = list(words)
    return found[0] if len(found) == 1 else f"{', '.join(found[:-1])} {last} {found[-1]}" if found else "nothing"


@dataclass(frozen=True)
class Teller:
    """Tells of records and evidence of one policy in the words of the ontology."""

    policy: Policy
    knowledge: Knowledge

    def record(self, record: Record) -> ToldRecord:
        """A record with its criteria and readings by their short names."""
        names = self.policy.reading_by_iri
        changed = {
            self.policy.ambiguity_by_iri[a].notation: names[r].notation
            for a, r in record.readings.items()
            if r != self.policy.ambiguity_by_iri[a].default.iri
        }
        statuses = {leaf.id: record.statuses[leaf.iri].value for leaf in self.policy.leaves}
        return ToldRecord(statuses, changed, record.recommendations)

    def statuses(self, record: Record) -> str:
        """How the criteria stand, as part of a sentence: those that are not met are named, or those that are."""
        plain = [c for c in self.policy.leaves if c.kind is not Kind.EXCLUSION]
        met = [c for c in plain if record.statuses[c.iri] is Status.MET]
        others = [c for c in plain if record.statuses[c.iri] is not Status.MET]
        if not others:
            told = "every criterion is met"
        elif len(others) <= len(met):
            told = f"every criterion is met but {listed(self._with_status(record, others))}"
        else:
            told = f"met: {listed(self._labels(met))}; {listed(self._with_status(record, others))}"
        return "; ".join([told, *self._exclusions(record)])

    def _with_status(self, record: Record, criteria: Iterable[Criterion]) -> Iterator[str]:
        found = list(criteria)
        for status in ORDER:
            labels = self._labels(c for c in found if record.statuses[c.iri] is status)
            if labels:
                yield f"{listed(labels)} ({WORDS[status]})"

    def _labels(self, criteria: Iterable[Criterion]) -> list[str]:
        return [f"“{c.label}”" for c in criteria]

    def _exclusions(self, record: Record) -> Iterator[str]:
        exclusions = [self.policy.by_iri[x] for x in self.policy.exclusions]
        if exclusions and all(record.statuses[x.iri] is Status.UNMET for x in exclusions):
            yield "no exclusion applies"
            return
        for x in exclusions:
            status = record.statuses[x.iri]
            says = {Status.MET: "applies", Status.UNMET: "does not apply"}.get(status, f"is {WORDS[status]}")
            yield f"the exclusion “{x.label}” {says}"

    def changes(self, first: Record, second: Record) -> str:
        """In which criteria the second request differs."""
        parts = []
        for leaf in self.policy.leaves:
            before, after = first.statuses[leaf.iri], second.statuses[leaf.iri]
            if before is not after:
                parts.append(f"“{leaf.label}” is {WORDS[after]} instead of {WORDS[before]}")
        return listed(parts) if parts else ""

    def recommended(self, record: Record) -> str:
        """What is recommended on a record, and what stands in the way."""
        words = listed(record.recommendations) if record.recommendations else "nothing"
        return words if record.consistent else f"{words} (its facts exclude each other)"

    def readings(self, record: Record) -> str:
        """The readings that are not the default, as words; empty where all are."""
        told = self.record(record).readings
        return f"read {', '.join(f'{a}={r}' for a, r in told.items())}" if told else ""

    def one(self, record: Record) -> Witness:
        """A single request."""
        extra = self.readings(record)
        head = f"A request, {extra}:" if extra else "A request:"
        sentence = f"{head} {self.statuses(record)}. Recommended: {self.recommended(record)}."
        return Witness((sentence,), (self.record(record),))

    def pair(self, first: Record, second: Record, how: str) -> Witness:
        """Two requests that differ in some criteria, or in their readings; ``how`` says what makes the second."""
        told = self.one(first)
        extra = self.readings(second) if self.readings(second) != self.readings(first) and "read " not in how else ""
        what = "; ".join(part for part in (self.changes(first, second), extra) if part)
        sentence = f"{how}{': ' if what else ''}{what}. Recommended: {self.recommended(second)}."
        return Witness((*told.sentences, sentence), (*told.records, self.record(second)))

    # ---- evidence

    def node(self, node: Node) -> str:
        """A piece of evidence by its class, its values and what is taken for granted."""
        values: dict[str, list[str]] = {}
        for path, value in node.values:
            name = self._path(path)
            if name:
                values.setdefault(name, []).append(self._value(value))
        parts = [f"{name}: {listed(dict.fromkeys(found))}" for name, found in values.items()]
        granted = [self._granted(g) for g in node.granted]
        taken = f"; taken for granted: {listed(dict.fromkeys(granted))}" if granted else ""
        inner = "; ".join(parts)
        told = f"{inner}{taken}".removeprefix("; ")
        return f"{self.knowledge.label(node.cls)} ({told})" if told else self.knowledge.label(node.cls)

    def _path(self, key: str) -> str:
        if key.startswith(("[", "(")):
            return ""
        steps = [s for s in key.split(" / ") if not s.startswith("^") and s != "cov:about"]
        own = " of ".join(self.knowledge.label(_expanded(s)) for s in reversed(steps)) if steps else ""
        if "^cov:about" in key:
            return f"{own or 'evidence'} on record for the same condition"
        return f"{own} of the line" if "^cov:indication" in key and own else own

    def _value(self, value: str) -> str:
        return self.knowledge.label(value) if value.startswith("http") else value

    def _granted(self, name: str) -> str:
        link = next((u for u in self._links() if u.iri == name), None)
        if link is not None:
            return self.knowledge.label(name)
        shape = NamedNode(name.partition("#")[0] + "#" + name.partition("#")[2].partition("#")[0])
        return self._shapes().text(shape, SH.name) or local_name(shape.value)

    def _links(self) -> Iterable[Link]:
        rules = (r for leaf in self.policy.leaves for r in leaf.rules)
        return (u for r in rules for f in r.facets for u in f.all_uses() if isinstance(u, Link))

    def _shapes(self) -> Triples:
        return Triples(self.knowledge.policy_shapes(self.policy))


def _expanded(name: str) -> str:
    from reasoner.vocabulary import PREFIXES

    prefix, _, local = name.partition(":")
    return PREFIXES.get(prefix, prefix + ":") + local


def readings_of(policy: Policy, chosen: Mapping[str, str]) -> dict[str, str]:
    """The readings of a record, with the default of every ambiguity that it does not name."""
    return {**policy.default_readings, **chosen}
