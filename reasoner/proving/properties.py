"""The properties of a policy, in the order in which they are told, and the attempt to prove each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from reasoner.errors import PlexusError
from reasoner.proving.composition import TimeOver
from reasoner.proving.evidence_proofs import EVIDENCE_PROPERTIES
from reasoner.proving.proofs import COMPOSITION_PROPERTIES, Property, Subject, proof_of
from reasoner.proving.verification import Outcome, Proof

Progress = Callable[[str], None]
"""Told the name of each property before it is tried."""


class UnknownProperty(PlexusError):
    """A property that was asked for and does not exist."""


def prove(subject: Subject, *, wanted: Iterable[str] = (), progress: Progress = lambda _: None) -> Iterator[Proof]:
    """Each wanted property (default: all) with its outcome; ``unfinished`` from where the time is over.

    Raises:
        UnknownProperty: a wanted property does not exist.
    """
    names = list(wanted)
    known = [p.id for p in properties()]
    for name in names:
        if name not in known:
            raise UnknownProperty(f"There is no property {name!r}. Known: {', '.join(known)}.")
    for prop in properties():
        if names and prop.id not in names:
            continue
        progress(prop.title)
        before = subject.prover.searches
        try:
            subject.clock.left()
            proof = prop.attempt(subject, prop)
        except TimeOver:
            proof = proof_of(prop, Outcome.UNFINISHED, "The time was over before it was decided.")
        yield replace(proof, searches=subject.prover.searches - before)


def properties() -> tuple[Property, ...]:
    """The properties, in the order in which they are told."""
    return (*COMPOSITION_PROPERTIES, *EVIDENCE_PROPERTIES)
