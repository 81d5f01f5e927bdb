"""Pages of policies: the edition, its criteria as picture and list, what counts, and every doubtful wording."""

from __future__ import annotations

from collections.abc import Iterable

from pyoxigraph import NamedNode

from reasoner.card import card_of
from reasoner.library import SourceFile
from reasoner.policy import Ambiguity, Criterion, Facet, Link, Policy, Rule
from reasoner.render.docs.page import Html, a, article, code, dl, e, heading, ul, wide
from reasoner.render.docs.site import Site, stem_of
from reasoner.render.docs.terms import index, intro, sections
from reasoner.render.pictures.diagram import ROLES, criteria_diagram
from reasoner.render.pictures.svg import to_svg
from reasoner.vocabulary import COV, SH

COUNTS = {
    "for": "Counts for",
    "against": "Counts against",
    "considered": "To be weighed by a clinician",
    "conflicting": "Contradicts the request",
}


def policy_page(site: Site, file: SourceFile, policies: Iterable[Policy]) -> Html:
    """The body of the page of a policy file; terms that no part shows stand at its end."""
    found = list(policies)
    shown = {iri for p in found for iri in _shown(p)}
    rest = [n.value for n in file.subjects if n.value not in shown]
    parts = [_policy(site, file, p) for p in found]
    return (
        intro(site, file)
        + "".join(parts)
        + index(site, file, (n.value for n in file.subjects))
        + sections(site, file, rest)
    )


def _shown(policy: Policy) -> Iterable[str]:
    for criterion in policy.criteria:
        yield criterion.iri
        yield from (rule.iri for rule in criterion.rules)
    for ambiguity in policy.ambiguities:
        yield ambiguity.iri
        yield from (reading.iri for reading in ambiguity.readings)


def _policy(site: Site, file: SourceFile, policy: Policy) -> Html:
    key = f"{policy.number}-{policy.edition}"
    links = {c.iri: site.href(c.iri) or "" for c in policy.criteria}
    page = stem_of(file.path) + ".html"
    local = {iri: href.removeprefix(page) for iri, href in links.items()}
    picture = to_svg(criteria_diagram(policy), local, name=f"_tree-{key}")
    svg = f"{stem_of(file.path)}-{policy.edition}.svg"
    tree = ul((_branch(site, policy, c) for c in (policy.root, *policy.exclusions)), "tree")
    return (
        heading(2, f"Edition {e(str(policy.edition))}", f"_edition-{key}")
        + _edition(site, policy)
        + heading(2, "Criteria", f"_criteria-{key}")
        + wide(f"Criteria tree of policy {policy.number}", picture)
        + f"<p>{a(svg, 'The picture as a file')}. The same as a list:</p>\n{tree}\n"
        + "".join(_criterion(site, policy, c) for c in policy.criteria)
        + heading(2, "Doubtful wordings", f"_ambiguities-{key}")
        + "".join(_ambiguity(site, policy, x) for x in policy.ambiguities)
    )


def svg_files(file: SourceFile, policies: Iterable[Policy]) -> dict[str, str]:
    """The pictures that stand beside the page."""
    return {f"{stem_of(file.path)}-{p.edition}.svg": to_svg(criteria_diagram(p)) for p in policies}


def _edition(site: Site, policy: Policy) -> Html:
    graph, node = site.library.graph, NamedNode(policy.edition_iri)
    statements = [
        f"{site.link(s.value)} ({e('; '.join(map(str, site.library.places(s))))})"
        for s in graph.nodes(node, COV.statement)
    ]
    related = [f"{site.link(r.iri)}: {e(r.why)}" for r in policy.routes]
    return dl(
        [
            ("number", e(policy.number)),
            ("title", e(policy.title)),
            ("publisher", e(policy.publisher)),
            ("in force from", e(str(policy.edition))),
            ("in force until", e(str(policy.until)) if policy.until else ""),
            ("next review", e(str(policy.next_review)) if policy.next_review else ""),
            ("procedure", e(f"{policy.procedure_plain} ({', '.join(policy.codes)})")),
            ("statements", ul(statements)),
            ("scope", ul(f"{site.link(s.iri)}: {e(s.message)}" for s in policy.scope)),
            ("constraints", ul(f"{site.link(c.iri)}: {e(c.message)}" for c in policy.constraints)),
            ("holds for all evidence", ul(site.link(o.value) for o in graph.objects(node, COV.commonFacet))),
            ("related policies", ul(related)),
        ]
    )


def _branch(site: Site, policy: Policy, iri: str) -> Html:
    criterion = policy.by_iri[iri]
    inner = ul(_branch(site, policy, m) for m in criterion.members)
    return f'<span class="tag">{e(ROLES[criterion.kind])}</span> {site.link(iri, criterion.label)}{inner}'


# ---- One criterion ---------------------------------------------------------------------------------


def _criterion(site: Site, policy: Policy, criterion: Criterion) -> Html:
    key = _key(site, criterion.iri)
    card = card_of(site.library, criterion.iri)
    parent = policy.by_iri[criterion.parent] if criterion.parent else None
    doubtful = [policy.ambiguity_by_iri[x] for x in policy.ambiguities_of(criterion)]
    facts = [
        ("name", code(card.name)),
        *site.head(card),
        ("part of", site.link(parent.iri, parent.label) if parent else ""),
        (ROLES[criterion.kind], ul(site.link(m) for m in criterion.members)),
        ("doubtful wordings", ", ".join(site.link(x.iri, f"{x.notation} {x.label}") for x in doubtful)),
        *((f"when {status}", e(text)) for status, text in criterion.messages.items()),
        *((f"asks ({kind})", e(text)) for kind, text in criterion.asks.items()),
    ]
    common = {o.value for o in site.library.graph.objects(NamedNode(policy.edition_iri), COV.commonFacet)}
    written = [r for r in criterion.rules if r.iri in site.library.homes]
    derived = [r for r in criterion.rules if r.iri not in site.library.homes]
    facts.append(("besides", ul(f"{e(COUNTS[r.polarity.value])}: {e(r.label)}" for r in derived)))
    return article(
        key,
        heading(3, f"{e(criterion.label)} {code(criterion.id)}")
        + f"<p>{e(criterion.plain)}</p>\n"
        + dl(facts)
        + "".join(_rule(site, policy, r, common) for r in written),
    )


def _key(site: Site, iri: str) -> str:
    return (site.href(iri) or "#").partition("#")[2]


def _rule(site: Site, policy: Policy, rule: Rule, common: set[str]) -> Html:
    facets = [f for f in rule.facets if f.iri not in common and not _is_derived(site, f)]
    head = heading(4, f"{e(COUNTS[rule.polarity.value])}: {e(rule.label)}")
    kind = f"<p>A {site.link(rule.evidence_class)} that fits all of:</p>\n"
    body = head + kind + ul(_facet(site, policy, f) for f in facets)
    return f'<div class="rule" id="{e(_key(site, rule.iri))}">\n{body}</div>\n'


def _is_derived(site: Site, facet: Facet) -> bool:
    """Whether only generated shapes say what the facet asks for."""
    uses = list(facet.all_uses())
    return bool(uses) and all(isinstance(u, str) and site.library.is_generated(u) for u in uses)


def _facet(site: Site, policy: Policy, facet: Facet) -> Html:
    if facet.ambiguity is None:
        return " and ".join(_use(site, u) for u in facet.fixed)
    ambiguity = policy.ambiguity_by_iri[facet.ambiguity]
    choices = [
        f"{e(r.notation)}{' (default)' if r == ambiguity.default else ''}: "
        + " and ".join(_use(site, u) for u in facet.choices[r.iri])
        for r in ambiguity.readings
        if r.iri in facet.choices
    ]
    return f"{site.link(facet.iri)}, by the reading of {site.link(ambiguity.iri, ambiguity.notation)}:{ul(choices)}"


def _use(site: Site, use: str | Link) -> Html:
    """A shape or a link in plain words, with what is said where evidence does not fit."""
    if isinstance(use, Link):
        return f"{site.link(use.iri)} ({site.link(use.criterion)}). {_otherwise(use.message)}"
    node = NamedNode(use)
    about = site.library.graph.text(node, SH.description)
    message = site.library.graph.text(node, SH.message) or ""
    return f"{site.link(use)}{f': {e(about)}' if about else '.'} {_otherwise(message)}"


def _otherwise(message: str) -> Html:
    return f'<span class="soft">Otherwise: {e(message)}</span>' if message else ""


# ---- One doubtful wording --------------------------------------------------------------------------


def _ambiguity(site: Site, policy: Policy, ambiguity: Ambiguity) -> Html:
    concerned = [c for c in policy.criteria if ambiguity.iri in policy.ambiguities_of(c)]
    readings = "".join(
        f'<li id="{e(_key(site, r.iri))}"><strong>{e(r.notation)}</strong>'
        f"{' (default)' if r == ambiguity.default else ''}: {e(r.definition)}</li>"
        for r in ambiguity.readings
    )
    facts = [
        ("place", e("; ".join(map(str, site.library.places(NamedNode(ambiguity.iri)))))),
        ("affects", e(", ".join(ambiguity.affects))),
        ("criteria", ", ".join(site.link(c.iri, c.label) for c in concerned)),
        ("default because", e(ambiguity.default_reason)),
        ("chosen", f"by {site.link(ambiguity.chosen_by)} on {e(str(ambiguity.chosen_on))}"),
    ]
    return article(
        _key(site, ambiguity.iri),
        heading(3, f"{e(ambiguity.notation)} {e(ambiguity.label)}")
        + f"<p>{e(ambiguity.wording)}</p>\n<ul>{readings}</ul>\n"
        + dl(facts),
    )
