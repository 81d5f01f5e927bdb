"""The generated shapes of a policy as facts of ``shapes.lp``: how they join what evidence for each leaf there is."""

from __future__ import annotations

from collections.abc import Iterator

from pyoxigraph import NamedNode

from reasoner.errors import PolicyError
from reasoner.model import Polarity
from reasoner.policy import Criterion, Policy
from reasoner.policy_rules import generated_namespace
from reasoner.proving.composition import quoted
from reasoner.proving.facets import JOINS
from reasoner.shapes import NOTHING, outcome_shapes
from reasoner.triples import Triples
from reasoner.vocabulary import SH, compact

LISTED = (SH["and"], SH["or"], SH.xone)


def shape_facts(policy: Policy, shapes: Triples) -> list[str]:
    """Facts about the generated shapes: those that report required criteria, and a leaf's being met or unmet.

    Raises:
        PolicyError: a shape that the policy needs is not in the file.
    """
    q, base = quoted, generated_namespace(policy.slug)
    out: list[str] = []
    roots: list[str] = []
    for node, (denies, asks) in outcome_shapes(policy).items():
        out.append(f"denies({q(node)},{q(denies)}). asks({q(node)},{q(asks)}).")
        roots += [denies, asks]
    has: set[str] = set()
    for leaf in policy.leaves:
        for status in ("met", "unmet"):
            shape = f"{base}{leaf.id}-{status}"
            out.append(f"outcome({q(leaf.iri)},{q(shape)}).")
            roots.append(shape)
        for polarity in Polarity:
            shape = f"{base}{leaf.id}-has-{polarity.value}"
            out.append(f"has({q(leaf.iri)},{polarity.value},{q(shape)}).")
            has.add(shape)
        out += [f"polarity({q(leaf.iri)},{p})." for p in sorted(_polarities(policy, leaf))]
    return [*out, *_joined(shapes, roots, has)]


def _polarities(policy: Policy, leaf: Criterion) -> set[str]:
    """The polarities that evidence for a leaf can have under the default readings."""
    readings = policy.default_readings
    return {
        rule.polarity.value for rule in leaf.rules if NOTHING not in {u for f in rule.facets for u in f.uses(readings)}
    }


def _joined(shapes: Triples, roots: list[str], has: set[str]) -> Iterator[str]:
    queue, seen = list(roots), set(roots)
    while queue:
        name = queue.pop()
        shape = NamedNode(name)
        if not shapes.predicates(shape):
            raise PolicyError(compact(name), "is not among the generated shapes.", "Run plexus shapes.")
        yield f"shape({quoted(name)})."
        joins = [(p, o) for p in shapes.predicates(shape) if p in JOINS for o in shapes.objects(shape, p)]
        if not joins or name in has:
            yield f"opaque({quoted(name)})." + ("" if name in has else f" presumed({quoted(name)}).")
            continue
        for place, (predicate, asked) in enumerate(joins):
            for member in shapes.members(asked) if predicate in LISTED else [asked]:
                part = getattr(member, "value", "")
                yield f"part({quoted(name)},{place},{JOINS[predicate]},{quoted(part)})."
                if part not in seen:
                    seen.add(part)
                    queue.append(part)
