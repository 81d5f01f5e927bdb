"""What a library of one's own lacks until requests are reviewed with it, in the order in which to write it.

Every fault is collected, not only the first: what cannot be read, what is still to be written, what is used and
declared nowhere, what a policy lacks, what the shapes of the ontology say, and which cases come out otherwise.
Each has its file and line, what is wrong, the cure, and where it helps an example from the templates.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from reasoner import knowledge, library
from reasoner.authoring.guide_faults import OwnFiles
from reasoner.authoring.guide_steps import STEPS, Found


@dataclass(frozen=True)
class Step:
    """One step of the way with what it lacks.

    ``state`` is ``done``, ``next`` (the first that lacks something), ``open`` (a later one that does) or
    ``waiting`` (not looked at before the steps above are done).
    """

    name: str
    title: str
    state: str
    found: tuple[Found, ...] = ()


@dataclass(frozen=True)
class Guide:
    """A library on its way: the numbers of its policies and the steps."""

    root: Path
    policies: tuple[str, ...]
    steps: tuple[Step, ...]

    @property
    def found(self) -> tuple[Found, ...]:
        """Everything that is lacking, in the order in which to write it."""
        return tuple(f for step in self.steps for f in step.found)

    @property
    def next(self) -> Found | None:
        """The next missing piece."""
        return next(iter(self.found), None)

    @property
    def reviewable(self) -> bool:
        """Whether nothing is missing."""
        return all(step.state == "done" for step in self.steps)


def guide(root: Path) -> Guide:
    """How far a library has come. Its files are read anew, whatever was loaded before.

    Args:
        root: a folder with ``ontology/``, ``shapes/`` and ``cases/`` of one's own.
    """
    forget()
    own = OwnFiles(root)
    found = list(own.unreadable())
    looked_at = {"files"} if own.broken else own.begun()
    if not found:
        found = own.written()
    if not found:
        found = list(own.stale())
        looked_at |= {"generated"}
        if not found:
            found = [*own.unexpected(), *own.unanswerable()]
            looked_at |= {"cases", "questions"}
    return Guide(root, own.numbers, tuple(_steps(found, looked_at)))


def _steps(found: list[Found], looked_at: Collection[str]) -> Iterator[Step]:
    first = True
    for name, title in STEPS.items():
        own = tuple(f for f in found if f.step == name)
        if own:
            yield Step(name, title, "next" if first else "open", own)
            first = False
        else:
            yield Step(name, title, "done" if name in looked_at else "waiting")


def forget() -> None:
    """Forget every library that was loaded, so that its files are read anew."""
    knowledge.load.cache_clear()
    library.open_library.cache_clear()
