"""Verify a policy: prove its properties, and find what its text leaves open."""

from __future__ import annotations

import time
from collections.abc import Iterable

from reasoner.knowledge import Knowledge, knowledge_digests, load
from reasoner.policy import Policy
from reasoner.proving.case_stories import Stories
from reasoner.proving.composition import Clock, TimeOver
from reasoner.proving.findings import Ask, findings
from reasoner.proving.proofs import Subject
from reasoner.proving.properties import Progress, prove
from reasoner.proving.verification import Finding, Outcome, Verification

TIMEOUT_SECONDS = 60.0


def verify(
    policy: Policy,
    knowledge: Knowledge | None = None,
    *,
    properties: Iterable[str] = (),
    timeout: float = TIMEOUT_SECONDS,
    progress: Progress = lambda _: None,
) -> Verification:
    """The proofs of a policy's properties, and the findings on its text.

    Args:
        policy: the edition.
        knowledge: the library that it belongs to (default: what plexus ships).
        properties: names of properties to prove and nothing else; without names all are, and findings are drawn.
        timeout: seconds after which what is left is left out, and named.
        progress: told what is tried next.

    Raises:
        UnknownProperty: a property does not exist.
        PolicyError: a shape that the policy needs has not been generated.
    """
    return verify_all((policy,), knowledge, properties=properties, timeout=timeout, progress=progress)[0]


def verify_all(
    policies: Iterable[Policy],
    knowledge: Knowledge | None = None,
    *,
    properties: Iterable[str] = (),
    timeout: float = TIMEOUT_SECONDS,
    progress: Progress = lambda _: None,
) -> tuple[Verification, ...]:
    """As :func:`verify`, of several editions within one time.

    Raises:
        UnknownProperty: a property does not exist.
        PolicyError: a shape that a policy needs has not been generated.
    """
    known, wanted = knowledge or load(), tuple(properties)
    clock = Clock(timeout)
    try:
        return tuple(_verified(policy, known, wanted, clock, progress) for policy in policies)
    finally:
        clock.stop()


def _verified(
    policy: Policy, known: Knowledge, wanted: tuple[str, ...], clock: Clock, progress: Progress
) -> Verification:
    started = time.monotonic()
    subject = Subject(policy, known, clock)
    proofs = tuple(prove(subject, wanted=wanted, progress=lambda what: progress(f"{policy.number}: {what} ...")))
    left = [p.title for p in proofs if p.outcome is Outcome.UNFINISHED]
    found: list[Finding] = []
    if not wanted:
        progress(f"{policy.number}: findings on the text ...")
        try:
            for one in findings(Ask(subject, proofs, Stories(policy, known))):
                found.append(one)
        except TimeOver:
            left.append("further findings on the text" if found else "findings on the text")
    names = ("ontology", "shapes", "program")
    return Verification(
        policy=policy.number,
        edition=policy.edition.isoformat(),
        title=policy.title,
        publisher=policy.publisher,
        proofs=proofs,
        findings=tuple(found),
        left=tuple(left),
        digests=dict(zip(names, knowledge_digests(known), strict=True)),
        seconds=time.monotonic() - started,
    )
