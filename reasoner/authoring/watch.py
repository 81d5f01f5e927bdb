"""When a file of a library changes: told by its time and size, looked at again and again."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

INTERVAL_SECONDS = 0.5
WATCHED = (".ttl", ".rq", ".toml", ".jsonld", ".nt", ".rdf")
_PARTS = ("ontology", "shapes", "cases")

State = dict[Path, tuple[int, int]]
"""Time of the last change (ns) and size (bytes) by file."""


def state_of(root: Path) -> State:
    """The files of a library that matter to a check, with what shows a change."""
    out: State = {}
    for part in _PARTS:
        for path in (root / part).rglob("*"):
            if path.suffix not in WATCHED:
                continue
            try:
                stat = path.stat()
            except OSError:  # removed meanwhile
                continue
            out[path] = (stat.st_mtime_ns, stat.st_size)
    return out


def changes(
    root: Path,
    *,
    interval: float = INTERVAL_SECONDS,
    sleep: Callable[[float], None] = time.sleep,
    look: Callable[[Path], State] = state_of,
) -> Iterator[tuple[Path, ...]]:
    """The files that were changed, added or removed, each time that some were and the files have come to rest.

    The first look is taken at once, so that nothing is missed that changes before the first answer is asked for.
    Runs until it is closed.

    Args:
        root: the folder of the library.
        interval: seconds between two looks.
        sleep: how to wait.
        look: how to look; see :func:`state_of`.
    """
    return _changes(root, look(root), interval, sleep, look)


def _changes(
    root: Path, before: State, interval: float, sleep: Callable[[float], None], look: Callable[[Path], State]
) -> Iterator[tuple[Path, ...]]:
    while True:
        sleep(interval)
        now = look(root)
        if now == before:
            continue
        while (later := _after(root, interval, sleep, look)) != now:  # an editor may still be writing
            now = later
        changed = tuple(sorted(p for p in before.keys() | now.keys() if before.get(p) != now.get(p)))
        before = now
        if changed:
            yield changed


def _after(root: Path, interval: float, sleep: Callable[[float], None], look: Callable[[Path], State]) -> State:
    sleep(interval)
    return look(root)
