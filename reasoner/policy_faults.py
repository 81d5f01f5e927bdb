"""Every fault of the policies in a graph, where :mod:`reasoner.policy_reading` stops at the first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from pyoxigraph import NamedNode

from reasoner.errors import PolicyError
from reasoner.model import Kind, Source
from reasoner.policy import Ambiguity, Facet, NoteRule, Reading, Rule, ScopeCondition
from reasoner.policy_reading import ASKS, KINDS, MESSAGES, EditionReader, editions_of, policies_from
from reasoner.policy_rules import fixed, iri_of, named
from reasoner.triples import RDF_TYPE, Node, Term, Triples
from reasoner.vocabulary import COV, RDFS

_NOWHERE = Source(section="", page=1, anchor="", start=0, end=0, sha256="")


@dataclass(frozen=True)
class PolicyFault:
    """A fault, and the node (an IRI) that was being read when it was found: where to write the cure."""

    error: PolicyError
    owner: str


class _Faults(EditionReader):
    """Reads an edition to its end, whatever it lacks, and keeps every fault."""

    def __init__(self, triples: Triples, policy: Node, edition: Node, slug: str) -> None:
        self.found: dict[str, PolicyFault] = {}
        super().__init__(triples, policy, edition, slug)

    def note(self, error: PolicyError, owner: Term) -> None:
        self.found.setdefault(str(error), PolicyFault(error, owner.value))

    # -- values: what is missing is noted and left empty

    def text(self, node: Term, prop: NamedNode) -> str:
        try:
            return super().text(node, prop)
        except PolicyError as error:
            self.note(error, node)
            return ""

    def day(self, node: Term, prop: NamedNode) -> date:
        try:
            return super().day(node, prop) if self.text(node, prop) else date.min
        except PolicyError as error:
            self.note(error, node)
            return date.min

    def whole(self, node: Term, prop: NamedNode) -> int:
        try:
            return super().whole(node, prop) if self.text(node, prop) else 1
        except PolicyError as error:
            self.note(error, node)
            return 1

    def source(self, node: Term) -> Source:
        try:
            return super().source(node)
        except PolicyError as error:
            self.note(error, node)
            return _NOWHERE

    # -- parts: one that cannot be read does not keep the others from being read

    def visit(self, node: Node, parent: str | None, above: tuple[Node, ...] = ()) -> str:
        try:
            return super().visit(node, parent, above)
        except PolicyError as error:
            self.note(error, node)
            if node not in above:
                self._words(node)
            return iri_of(node)

    def _words(self, node: Node) -> None:
        """What else a criterion lacks that could not be read to its end."""
        kinds = [KINDS.get(named(t)) for t in self.t.nodes(node, RDF_TYPE)]
        props = [COV.id, RDFS.label, COV.plainText] if any(kinds) else []
        if Kind.LEAF in kinds or Kind.EXCLUSION in kinds:
            props += [*MESSAGES.values(), *ASKS.values()]
        for prop in props:
            self.text(node, prop)

    def rules(self, node: Node, cid: str) -> tuple[Rule, ...]:
        for rule in self.t.nodes(node, COV.hasRule):
            for facet in self.t.nodes(rule, COV.facet):
                self.facet(facet)
        return super().rules(node, cid)

    def facet(self, node: Node) -> Facet:
        try:
            return super().facet(node)
        except PolicyError as error:
            self.note(error, node)
            return fixed(iri_of(node))

    def threshold(self, node: Node, kind: Kind | None, members: int) -> int | None:
        try:
            return super().threshold(node, kind, members)
        except PolicyError as error:
            self.note(error, node)
            return None

    def ambiguity(self, node: Node) -> Ambiguity:
        try:
            return super().ambiguity(node)
        except PolicyError as error:
            self.note(error, node)
            unread = Reading("", "", "", "")
            words = {p: self.text(node, p) for p in (RDFS.label, COV.defaultReason)}
            return Ambiguity(
                iri_of(node), "", words[RDFS.label], "", (), (unread,), unread, "", "", date.min, self.source(node)
            )

    def scope(self, node: Node) -> ScopeCondition:
        try:
            return super().scope(node)
        except PolicyError as error:
            self.note(error, node)
            return ScopeCondition(iri_of(node), "", "", (), _NOWHERE)

    def note_rule(self, node: Node) -> NoteRule:
        try:
            return super().note_rule(node)
        except PolicyError as error:
            self.note(error, node)
            return NoteRule(iri_of(node), "", (), "")


def policy_faults(triples: Triples) -> tuple[PolicyFault, ...]:
    """The faults of every policy, in the order in which they are met; none where all policies can be read.

    Faults between policies (editions in force on one day, one code for two) are looked for when each is well.
    """
    found: dict[str, PolicyFault] = {}
    for policy in triples.instances(COV.Policy):
        for edition, slug in editions_of(triples, policy):
            reader = _Faults(triples, policy, edition, slug)
            try:
                reader.read()
            except PolicyError as error:
                reader.note(error, edition)
            found |= reader.found
    if not found:
        try:
            policies_from(triples)
        except PolicyError as error:
            found[str(error)] = PolicyFault(error, error.node)
    return tuple(found.values())
