"""The errors that plexus raises for a user's or an author's mistake: what, where, and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


class PlexusError(Exception):
    """Base of every error that plexus raises on purpose; its text is meant for the user."""


@dataclass(frozen=True)
class Fault:
    """One fault of a request: the node (or place) that has it, what is wrong, and its cure."""

    where: str
    what: str
    cure: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what} {self.cure}".strip()


class RequestError(PlexusError):
    """A request that cannot be reviewed. ``source`` names the file; ``faults`` lists every fault found."""

    def __init__(self, source: str, faults: tuple[Fault, ...]) -> None:
        self.source = source
        self.faults = faults
        lines = [f"{source}: refused, {len(faults)} fault{'s' if len(faults) != 1 else ''}"]
        super().__init__("\n".join(lines + [f"  - {fault}" for fault in faults]))


class PolicyError(PlexusError):
    """A policy, ontology or shapes file that is not well made.

    ``node`` names the term, ``file`` where it stands, ``prop`` (an IRI) the property of the node that is at fault.
    """

    def __init__(self, node: str, what: str, cure: str = "", file: str = "", prop: str = "") -> None:
        self.node, self.what, self.cure, self.file, self.prop = node, what, cure, file, prop
        super().__init__(f"{f'{file}: ' if file else ''}{node}: {what} {cure}".strip())

    def located(self, file: Path | None) -> PolicyError:
        """The same error with the file in which the node stands, where it is known."""
        return PolicyError(self.node, self.what, self.cure, str(file), self.prop) if file and not self.file else self


class ScaffoldError(PlexusError):
    """A policy that cannot be scaffolded as asked: its name, or what stands in the way."""


class ReviewFileError(PlexusError):
    """A file of reviews that cannot be used: which file (and where in it), what is wrong, and its cure."""

    def __init__(self, where: str, what: str, cure: str = "") -> None:
        self.where = where
        super().__init__(f"{where} {what} {cure}".strip())


class ComparisonError(PlexusError):
    """Two reviews that cannot be compared: they are of two requests, or nothing tells that they are of one."""


class SuppositionError(PlexusError):
    """What is to be supposed of a request does not exist there: a line, a criterion, a status."""


class CaseError(PlexusError):
    """A collection of cases, or one of its files, that cannot be used. ``where`` names the file or folder."""

    def __init__(self, where: str, what: str, cure: str = "") -> None:
        self.where = where
        super().__init__(f"{where}: {what} {cure}".strip())


class ReadingError(PlexusError):
    """A reading that was asked for and does not exist."""


class UnknownTerm(PlexusError):
    """A name that fits no term, or several. ``candidates`` are the prefixed names to choose from."""

    def __init__(self, message: str, candidates: tuple[str, ...] = ()) -> None:
        self.candidates = candidates
        super().__init__(message)


class EngineError(PlexusError):
    """An engine that did not evaluate what it was given (a probe that must fire stayed silent)."""


class ProgramError(PlexusError):
    """The logic program gave no result, or more than one."""


class QueryError(PlexusError):
    """A query that cannot be answered: not SPARQL, not allowed, unknown, or too long or large."""


class ParameterError(QueryError):
    """A value for a question that it has no parameter for, or that is not of the parameter's kind."""


class OwlError(PlexusError):
    """An OWL reasoner that cannot run, or did not finish."""


class OwlTimeout(OwlError):
    """An OWL reasoner that did not finish in time."""


class RecordedError(PlexusError):
    """A file of recorded outcomes that cannot be read, or that is not of the form it should have."""


class TableError(PlexusError):
    """Tables, or a mapping of them, that cannot be used: what is wrong (and where), and its cure."""

    def __init__(self, what: str, cure: str = "") -> None:
        self.what, self.cure = what, cure
        super().__init__(f"{what} {cure}".strip())


class BatchError(PlexusError):
    """A batch that cannot be run, resumed or compared: what stands in the way, and its cure."""

    def __init__(self, what: str, cure: str = "") -> None:
        super().__init__(f"{what} {cure}".strip())


class GenerationError(PlexusError):
    """Synthetic requests that cannot be generated as asked: what is wrong, and its cure."""

    def __init__(self, what: str, cure: str = "") -> None:
        self.what, self.cure = what, cure
        super().__init__(f"{what} {cure}".strip())


class DecisionTableError(PlexusError):
    """A decision table that cannot be made: it would be too large, or it cannot be written as asked."""
