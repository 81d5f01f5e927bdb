"""How far a library has come, in lines for a terminal and as a record for JSON."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from reasoner.authoring.guide import Guide
from reasoner.authoring.guide_steps import Found

SHOWN = 20
"""How many of the later findings are listed; JSON has all."""


def guide_dict(guide: Guide) -> dict[str, Any]:
    """The record of a guide: whether it is reviewable, the next missing piece, and every step with its findings."""
    return {
        "library": str(guide.root),
        "policies": list(guide.policies),
        "reviewable": guide.reviewable,
        "next": asdict(guide.next) if guide.next else None,
        "steps": [asdict(step) for step in guide.steps],
    }


def guide_lines(guide: Guide) -> Iterator[str]:
    """The steps, the next missing piece with its example, and what else was found."""
    numbers = ", ".join(guide.policies)
    yield f"{guide.root}: {'policy' if len(guide.policies) == 1 else 'policies'} {numbers or 'none'}"
    yield ""
    for step in guide.steps:
        count = f" ({len(step.found)} to do)" if step.found else ""
        yield f"  {step.state:8} {step.title}{count}"
    yield ""
    if guide.next is None:
        yield "Everything is there: requests can be reviewed with it."
        return
    yield from next_lines(guide.next)
    later = guide.found[1:]
    if later:
        yield ""
        yield "And:"
        yield from (f"  {found}" for found in later[:SHOWN])
        if len(later) > SHOWN:
            yield f"  and {len(later) - SHOWN} more; --format json has all"


def next_lines(found: Found) -> Iterator[str]:
    """The next missing piece, with an example where there is one."""
    yield f"Next: {found}"
    if found.example:
        yield "For example:"
        yield from (f"    {line}".rstrip() for line in found.example.split("\n"))


def difference_lines(before: Guide, after: Guide) -> Iterator[str]:
    """What a change came to: what is done now, what is missing now, and the next piece."""
    old, new = ({(f.where, f.what): f for f in guide.found} for guide in (before, after))
    yield from (f"  done     {old[key].where}: {old[key].what}" for key in old if key not in new)
    yield from (f"  missing  {new[key]}" for key in new if key not in old)
    if after.next is None:
        yield "Everything is there: requests can be reviewed with it."
    elif before.next is None or (before.next.where, before.next.what) != (after.next.where, after.next.what):
        yield from next_lines(after.next)
    elif old.keys() == new.keys():
        yield f"  as before: {len(new)} to do"
