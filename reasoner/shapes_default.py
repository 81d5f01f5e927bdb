"""The default shapes of a policy: one self-contained file that any SHACL engine can run.

For the default readings: counts-for and counts-against shapes of evidence, and on the line one
``sh:Violation`` where a required node is unmet (a denial) and one ``sh:Warning`` where it is open (a pend).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import combinations
from pathlib import Path

from pyoxigraph import BlankNode, Literal, NamedNode

from reasoner.knowledge import Knowledge
from reasoner.model import Kind, Polarity
from reasoner.policy import Criterion, Link, Policy, Rule, needed
from reasoner.shapes import ANYTHING, NOTHING, ShapesWriter, block, judgement_shapes, probes_turtle
from reasoner.triples import Term, Triples
from reasoner.vocabulary import XSD, compact, local_name


def default_turtle(policy: Policy, knowledge: Knowledge, hand_written: Iterable[tuple[str, ...]]) -> str:
    """Counts and group shapes for the default readings, self-contained, as Turtle text."""
    w = ShapesWriter(policy, "default", "All that an engine needs to judge a request under the default readings.")
    judgement_shapes(w, policy)
    for leaf in policy.leaves:
        _leaf_shapes(w, policy, leaf)
    for group in reversed([c for c in policy.criteria if not c.is_leaf]):
        _group_shapes(w, group, policy)
    _scope_shape(w, policy)
    for node in policy.required():
        if node.kind is not Kind.ALL:  # an all-of group says no more than its members, which are required themselves
            _required_shapes(w, node, denies="unmet")
    for iri in policy.exclusions:
        _required_shapes(w, policy.by_iri[iri], denies="met")
    text = w.text()
    return _with_hand_written(text, w, knowledge, hand_written)


def _default_uses(policy: Policy, rule: Rule) -> tuple[str | Link, ...]:
    uses = [u for f in rule.facets for u in f.uses(policy.default_readings)]
    return tuple(u for u in uses if u != ANYTHING)


def _leaf_shapes(w: ShapesWriter, policy: Policy, leaf: Criterion) -> None:
    names: dict[Polarity, list[str]] = defaultdict(list)
    for rule in leaf.rules:
        uses = _default_uses(policy, rule)
        if NOTHING in uses:
            continue
        name = w.own(f"{local_name(rule.iri)}-counts")
        parts = [_link_shape(w, u) if isinstance(u, Link) else w.name(u) for u in uses]
        w.add(
            w.own(f"{local_name(rule.iri)}-class"),
            "a sh:PropertyShape",
            f'sh:name "a {local_name(rule.evidence_class)}"@en',
            f"sh:path rdf:type ;\n    sh:hasValue {compact(rule.evidence_class)}",
        )
        parts = [w.own(f"{local_name(rule.iri)}-class"), *parts]
        w.add(
            name,
            "a sh:NodeShape",
            f'sh:name "{rule.label}"@en',
            "sh:and ( " + " ".join(dict.fromkeys(parts)) + " )",
        )
        names[rule.polarity].append(name)
    for polarity in Polarity:
        _evidence_shape(w, leaf, polarity, names[polarity], policy)
    _status_shape(w, leaf, "met", has="for", lacks=("against",))
    _status_shape(w, leaf, "unmet", has="against", lacks=("for", "conflicting"))


def _can(leaf: Criterion, polarity: str) -> bool:
    return any(r.polarity.value == polarity for r in leaf.rules)


def _status_shape(w: ShapesWriter, leaf: Criterion, status: str, *, has: str, lacks: tuple[str, ...]) -> None:
    """A leaf's status on the line. Kept flat: engines bound how deep shapes may nest."""
    w.add(
        w.own(f"{leaf.id}-{status}"),
        "a sh:NodeShape",
        f'sh:name "{leaf.label}: {status}"@en',
        f"sh:property {w.own(f'{leaf.id}-has-{has}')}",
        "sh:not " + " , ".join(w.own(f"{leaf.id}-has-{lack}") for lack in lacks if _can(leaf, lack)),
    )


def _evidence_shape(w: ShapesWriter, leaf: Criterion, polarity: Polarity, names: list[str], policy: Policy) -> None:
    counts = f"{leaf.id}-counts-{polarity.value}"
    _combine(w, counts, f"counts {polarity.value}: {leaf.label}", "or", names or [compact(NOTHING)])
    w.add(
        w.own(f"{leaf.id}-has-{polarity.value}"),
        "a sh:PropertyShape",
        f'sh:name "has evidence {polarity.value}: {leaf.label}"@en',
        "sh:path ( cov:indication [ sh:zeroOrOnePath [ sh:inversePath cov:about ] ] )",
        f"sh:qualifiedValueShape {w.own(counts)}",
        "sh:qualifiedMinCount 1",
    )
    classes = sorted({compact(r.evidence_class) for r in leaf.rules if r.polarity is polarity})
    if names:
        w.add(
            w.own(f"{counts}-probe"),
            "a sh:NodeShape",
            f'sh:name "evidence {polarity.value}: {leaf.label}"@en',
            f'sh:message "Counts {polarity.value}: {leaf.label}."@en',
            "sh:severity sh:Info",
            "sh:targetClass " + " , ".join(classes),
            f"sh:not {w.own(counts)}",
        )


def _link_shape(w: ShapesWriter, link: Link) -> str:
    counted = w.own(f"{local_name(link.iri)}-linked")
    name = w.own(local_name(link.iri))
    block = f'sh:name "linked evidence that counts: {local_name(link.criterion)}"@en'
    criterion = w.policy.by_iri[link.criterion].id
    targets = [w.own(f"{criterion}-counts-{polarity.value}") for polarity in link.counting]
    if not w.has(counted):
        if len(targets) > 1:
            w.add(f"{counted}-counting", "a sh:NodeShape", block, "sh:or ( " + " ".join(targets) + " )")
            targets = [f"{counted}-counting"]
        parts = [*targets, *([w.name(link.shape)] if link.shape else [])]
        w.add(counted, "a sh:NodeShape", block, "sh:and ( " + " ".join(parts) + " )")
        if link.path:
            w.add(
                name,
                "a sh:PropertyShape",
                f'sh:message "{link.message}"@en',
                f"sh:path {_path_text(link)}",
                f"sh:qualifiedValueShape {counted}",
                "sh:qualifiedMinCount 1",
            )
    return name if link.path else counted


def _path_text(link: Link) -> str:
    parts = []
    for step in link.path:
        hops = [
            compact(p.value) if forward else f"[ sh:inversePath {compact(p.value)} ]" for p, forward in step.predicates
        ]
        text = hops[0] if len(hops) == 1 else "[ sh:alternativePath ( " + " ".join(hops) + " ) ]"
        if step.repeated:
            text = f"[ sh:{'zeroOrMorePath' if step.optional else 'oneOrMorePath'} {text} ]"
        elif step.optional:
            text = f"[ sh:zeroOrOnePath {text} ]"
        parts.append(text)
    return parts[0] if len(parts) == 1 else "( " + " ".join(parts) + " )"


def _combine(w: ShapesWriter, local: str, name: str, operator: str, parts: list[str]) -> None:
    w.add(w.own(local), "a sh:NodeShape", f'sh:name "{name}"@en', f"sh:{operator} ( " + " ".join(parts) + " )")


def _negate(w: ShapesWriter, local: str) -> str:
    name = w.own(f"{local}-not")
    if not w.has(name):
        w.add(name, "a sh:NodeShape", f'sh:name "not {local}"@en', f"sh:not {w.own(local)}")
    return name


def _flat(policy: Policy, group: Criterion) -> list[str]:
    """The members of a group, those of inner groups of the same kind taken up into it."""
    out: list[str] = []
    for member in (policy.by_iri[m] for m in group.members):
        same = member.kind is group.kind and group.kind is not Kind.AT_LEAST
        out.extend(_flat(policy, member) if same else [member.id])
    return out


def _group_shapes(w: ShapesWriter, group: Criterion, policy: Policy) -> None:
    members = _flat(policy, group)
    number = needed(group.kind, len(members), group.threshold)
    for status, so_many in (("met", number), ("unmet", len(members) - number + 1)):
        parts = [w.own(f"{m}-{status}") for m in members]
        _at_least(w, f"{group.id}-{status}", f"{group.label}: {status}", so_many, parts)


def _at_least(w: ShapesWriter, local: str, name: str, number: int, parts: list[str]) -> None:
    """A shape to which a node conforms that fits so many of the parts: each choice of them is a shape of its own."""
    if number == 1 or number == len(parts):
        _combine(w, local, name, "or" if number == 1 and len(parts) > 1 else "and", parts)
        return
    choices = list(combinations(parts, number))
    for place, choice in enumerate(choices, 1):
        _combine(w, f"{local}-{place}", f"{name}, by choice {place}", "and", list(choice))
    _combine(w, local, name, "or", [w.own(f"{local}-{place}") for place in range(1, len(choices) + 1)])


def _scope_shape(w: ShapesWriter, policy: Policy) -> None:
    code, after = w.own("code"), w.own("in-force")
    codes = " ".join(f'"{c}"' for c in policy.codes)
    w.add(code, "a sh:PropertyShape", "sh:path cov:procedureCode", "sh:minCount 1", f"sh:in ( {codes} )")
    bounds = [f'sh:minInclusive "{policy.edition}"^^xsd:date']
    if policy.until:
        bounds.append(f'sh:maxExclusive "{policy.until}"^^xsd:date')
    w.add(after, "a sh:PropertyShape", "sh:path cov:serviceDate", "sh:minCount 1", *bounds)
    uses = [u for s in policy.scope for f in s.facets for u in f.uses(policy.default_readings) if u != ANYTHING]
    parts = [w.name(u) for u in uses if isinstance(u, str)]
    _combine(w, "in-scope", "in scope", "and", [code, after, *parts])
    w.add(w.own("out-of-scope"), "a sh:NodeShape", 'sh:name "out of scope"@en', f"sh:not {w.own('in-scope')}")


def _required_shapes(w: ShapesWriter, node: Criterion, *, denies: str) -> None:
    message = node.messages.get(denies, f"Unmet: {node.label}.")
    holds = _negate(w, f"{node.id}-{denies}")
    open_ = f"{node.id}-decided"
    _decided_shape(w, node, open_)
    for local, part, severity, text in (
        ("denies", holds, "Violation", message),
        ("open", w.own(open_), "Warning", f"Open: {node.label}. More evidence or a judgement is needed."),
    ):
        w.add(
            w.own(f"{node.id}-{local}"),
            "a sh:NodeShape",
            f'sh:name "{node.label}"@en',
            f'sh:message "{text}"@en',
            f"sh:severity sh:{severity}",
            "sh:targetClass cov:Line",
            f"sh:or ( {w.own('out-of-scope')} {part} )",
        )


def _decided_shape(w: ShapesWriter, node: Criterion, local: str) -> None:
    """Met or unmet. For a leaf: evidence on one side only; evidence on the other side of the body leaves it open."""
    if not node.is_leaf:
        _combine(w, local, f"{node.label}: decided", "or", [w.own(f"{node.id}-met"), w.own(f"{node.id}-unmet")])
        return
    sides = [w.own(f"{node.id}-has-{side}") for side in ("for", "against")]
    mismatch = _can(node, Polarity.CONFLICTING.value)
    if mismatch:
        _combine(
            w,
            f"{local}-aside",
            f"{node.label}: for, or nothing on another side",
            "or",
            [sides[0], _negate(w, f"{node.id}-has-conflicting")],
        )
    w.add(
        w.own(local),
        "a sh:NodeShape",
        f'sh:name "{node.label}: decided"@en',
        f"sh:xone ( {' '.join(sides)} )",
        *([f"sh:and ( {w.own(f'{local}-aside')} )"] if mismatch else []),
    )


def _with_hand_written(
    text: str, w: ShapesWriter, knowledge: Knowledge, hand_written: Iterable[tuple[str, ...]]
) -> str:
    """The text with the hand-written facets in use appended, so that the file stands alone."""
    shapes = Triples(t for parts in hand_written for t in knowledge.shapes(*parts))
    wanted = _closure(text, w, shapes)
    blocks = [_block(shapes, node, w) for node in wanted]
    body = text.split("\n\n", 1)[1] + "\n# ---- Hand-written facets in use\n\n" + "\n\n".join(blocks) + "\n"
    used = sorted(p for p in w.prefixes if f"{p}:" in body)
    return "".join(f"@prefix {p}: <{w.prefixes[p]}> .\n" for p in used) + "\n" + body


def _closure(text: str, w: ShapesWriter, shapes: Triples) -> list[NamedNode]:
    named = {s for s, _, _ in shapes if isinstance(s, NamedNode)}
    tokens = set(text.replace(";", " ").split())
    found = {n for n in named if compact(n.value) in tokens}
    queue = list(found)
    while queue:
        for node in _mentioned(shapes, queue.pop()):
            if node in named and node not in found:
                found.add(node)
                queue.append(node)
    return sorted(found, key=lambda n: n.value)


def _mentioned(shapes: Triples, node: Term) -> Iterator[NamedNode]:
    for prop in shapes.predicates(node):
        for value in shapes.objects(node, prop):
            if isinstance(value, NamedNode):
                yield value
            elif isinstance(value, BlankNode):
                yield from _mentioned(shapes, value)


def _block(shapes: Triples, node: NamedNode, w: ShapesWriter) -> str:
    pairs = []
    for prop in shapes.predicates(node):
        verb = "a" if compact(prop.value) == "rdf:type" else compact(prop.value)
        pairs.append(f"{verb} " + " , ".join(_value(shapes, v) for v in shapes.objects(node, prop)))
    return block(compact(node.value), pairs)


def _value(shapes: Triples, value: Term) -> str:
    if isinstance(value, NamedNode):
        return compact(value.value)
    if isinstance(value, BlankNode):
        members = shapes.members(value)
        if members:
            return "( " + " ".join(_value(shapes, m) for m in members) + " )"
        inner = [
            f"{compact(p.value)} {_value(shapes, o)}"
            for p in shapes.predicates(value)
            for o in shapes.objects(value, p)
        ]
        return "[ " + " ; ".join(inner) + " ]"
    if isinstance(value, Literal) and value.datatype == XSD.integer:
        return value.value
    return str(value)


def generated(knowledge: Knowledge) -> dict[Path, str]:
    """Every generated shapes file with its text, by path below the knowledge's folder."""
    out: dict[Path, str] = {}
    for policy in knowledge.policies:
        folder = Path("shapes", "policies")
        out[folder / policy.probes_file] = probes_turtle(policy)
        sources = [("evidence.ttl",), *(("policies", name) for name in policy.shape_files)]
        out[folder / f"{policy.slug}.default.ttl"] = default_turtle(policy, knowledge, sources)
    return out
