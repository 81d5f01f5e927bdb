"""What a policy leaves open, and how it is read, for people and programs."""

from __future__ import annotations

import textwrap
from dataclasses import asdict
from typing import Any

from reasoner.policy import Policy

WIDTH = 100


def readings_text(policy: Policy) -> str:
    """The ambiguities of a policy with their readings and defaults."""
    out = [f"Policy {policy.number}, edition {policy.edition}: {policy.title}", ""]
    for a in policy.ambiguities:
        out += _wrap(
            f"{a.notation}  {a.wording} [{a.source.section}, page {a.source.page}; affects: {', '.join(a.affects)}]"
        )
        for reading in a.readings:
            mark = "*" if reading == a.default else " "
            out += _wrap(f"{mark} {a.notation}={reading.notation}: {reading.definition}", indent=4, hanging=4)
        out += _wrap(f"Default because: {a.default_reason} (project, {a.chosen_on})", indent=6)
        out.append("")
    for s in policy.settled:
        out += _wrap(
            f"{s.ambiguity.notation}  settled by the text of this edition: {s.reading.notation}: {s.reading.definition}"
        )
    out += [""] if policy.settled else []
    out += ["* the default. Choose another with --reading AMBIGUITY=READING.", ""]
    return "\n".join(out)


def readings_dict(policy: Policy) -> dict[str, Any]:
    """The same as JSON values."""
    return {
        "policy": policy.number,
        "edition": policy.edition.isoformat(),
        "settled": [
            {"id": s.ambiguity.notation, "iri": s.ambiguity.iri, "reading": s.reading.notation} for s in policy.settled
        ],
        "ambiguities": [
            {
                "id": a.notation,
                "iri": a.iri,
                "label": a.label,
                "wording": a.wording,
                "affects": list(a.affects),
                "source": asdict(a.source),
                "default": a.default.notation,
                "default_reason": a.default_reason,
                "chosen_by": a.chosen_by,
                "chosen_on": a.chosen_on.isoformat(),
                "readings": [{"id": r.notation, "iri": r.iri, "definition": r.definition} for r in a.readings],
            }
            for a in policy.ambiguities
        ],
    }


def _wrap(text: str, *, indent: int = 0, hanging: int = 4) -> list[str]:
    return textwrap.wrap(
        text, WIDTH, initial_indent=" " * indent, subsequent_indent=" " * (indent + hanging), break_on_hyphens=False
    )
