"""``plexus check --library``: how far a library of one's own has come, and what to write next."""

from __future__ import annotations

import json
from pathlib import Path

import click


def is_own(library: Path | None) -> bool:
    """Whether a folder lies above what plexus ships."""
    from reasoner import resources

    return library is not None and len(resources.layers(library)) > 1


def tell_guide(library: Path, output_format: str) -> bool:
    """Tell how far a library has come; whether it is complete."""
    from reasoner.authoring.guide import guide
    from reasoner.render.guide import guide_dict, guide_lines

    found = guide(library)
    if output_format == "json":
        click.echo(json.dumps(guide_dict(found), ensure_ascii=False, indent=2))
    else:
        _say(list(guide_lines(found)))
    return found.reviewable


def watch_guide(library: Path) -> None:
    """Tell how far a library has come, and again what changed whenever a file is saved, until Ctrl-C."""
    from reasoner.authoring.guide import guide
    from reasoner.authoring.watch import changes
    from reasoner.render.guide import difference_lines, guide_lines

    try:
        waiting = changes(library)
        before = guide(library)
        _say([*guide_lines(before), "", "Watching; Ctrl-C ends."])
        for changed in waiting:
            after = guide(library)
            _say(["", "changed: " + ", ".join(str(p.relative_to(library)) for p in changed)])
            _say(list(difference_lines(before, after)))
            before = after
    except KeyboardInterrupt:
        click.echo("")


def _say(lines: list[str]) -> None:
    from reasoner.render.words import clean

    for line in lines:
        click.echo(clean(line))
