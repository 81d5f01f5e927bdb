"""The criteria trees of two editions in one picture, with what changed painted on the boxes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from reasoner.editions.edition_diff import Change, Difference, EditionDiff, Part
from reasoner.policy import Policy
from reasoner.render.pictures.diagram import ROLES, Diagram, Item

PAINT = (
    (Change.ADDED, ("good", "+ added")),
    (Change.REMOVED, ("bad", "- removed")),
    (Change.LOGIC, ("open", "≠ logic changed")),
    (Change.RENEWED, ("open", "≠ logic changed")),
    (Change.REWORDED, ("to-judge", "… reworded")),
    (Change.MOVED, ("to-judge", "… moved in the document")),
    (Change.TEXTS, ("undocumented", "○ told in other words")),
)
"""What a box shows: the first change that applies, with its tone."""


def editions_diagram(diff: EditionDiff, before: Policy, after: Policy) -> Diagram:
    """Both trees, the earlier above the later; a box that is painted differs."""
    found = {d.key: d for d in diff.of(Part.CRITERION, Part.EXCLUSION)}
    roots = (*_roots(before, found, "before", "Before"), *_roots(after, found, "after", "After"))
    seen = {item.outcome for root in roots for item in root.walk()}
    counted = ", ".join(f"{len(diff.of(part))} {part.value}" for part in Part if diff.of(part)) or "none"
    return Diagram(
        title=f"Policy {after.number}: {after.title}",
        subtitle=f"Edition {before.edition} and edition {after.edition}",
        description=(
            f"The criteria trees of two editions of policy {after.number}, {before.edition} and {after.edition}; "
            "boxes that differ are marked."
        ),
        roots=roots,
        legend=tuple(dict.fromkeys(paint for _, paint in PAINT if paint[1] in seen)),
        remarks=tuple(_remarks(diff)),
        facts=(f"Differences by part: {counted}.",),
    )


def _roots(policy: Policy, found: Mapping[str, Difference], side: str, when: str) -> Iterator[Item]:
    heading = f"{when}: edition {policy.edition}"
    yield _item(policy, policy.root, found, side, f"{heading}, criteria")
    for iri in policy.exclusions:
        yield _item(policy, iri, found, side, f"{heading}, exclusions")


def _item(policy: Policy, iri: str, found: Mapping[str, Difference], side: str, heading: str = "") -> Item:
    criterion = policy.by_iri[iri]
    difference = found.get(criterion.id)
    tone, outcome = _paint(difference)
    place = f"{criterion.source.section}, page {criterion.source.page}"
    about = "; ".join(difference.details) if difference is not None else criterion.plain
    return Item(
        key=f"{side} {criterion.id}",
        role=ROLES[criterion.kind].format(needed=criterion.threshold),
        label=criterion.label,
        detail=criterion.id,
        notes=(place,),
        tone=tone,
        outcome=outcome,
        about=about,
        iri=iri,
        heading=heading,
        children=tuple(_item(policy, m, found, side) for m in criterion.members),
    )


def _paint(difference: Difference | None) -> tuple[str, str]:
    if difference is not None:
        for change, paint in PAINT:
            if change in difference.changes:
                return paint
    return "plain", ""


def _remarks(diff: EditionDiff) -> Iterator[str]:
    """What differs beside the trees."""
    for part in (Part.EDITION, Part.CODE, Part.EVIDENCE, Part.SCOPE, Part.CONSTRAINT, Part.AMBIGUITY):
        for difference in diff.of(part):
            key = f"{difference.key} " if part is Part.AMBIGUITY else ""
            yield f"{key}{difference.label}: {'; '.join(difference.details) or difference.changes[0].value}"
