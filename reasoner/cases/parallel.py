"""Reviews many cases on several processors: a case is reviewed by itself, so they can go side by side."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path

from reasoner.cases.collection import Case, Reviewed, Reviewer, reviewed
from reasoner.knowledge import load

ENOUGH = 40
"""From how many cases on it pays to start further processes."""

_REVIEWER: list[Reviewer] = []


def review_all(cases: Sequence[Case], library: Path | None, processes: int | None = None) -> Iterator[Reviewed]:
    """Review cases, in whatever order they are done.

    Args:
        cases: the cases.
        library: the library with the policies (None: what plexus ships).
        processes: on how many processors (default: one for few cases, else up to four).
    """
    count = processes or (min(4, os.cpu_count() or 1) if len(cases) >= ENOUGH else 1)
    if count == 1:
        reviewer = Reviewer(load(library))
        yield from (reviewed(case, reviewer) for case in cases)
        return
    with ProcessPoolExecutor(count, get_context("spawn"), _begin, (library,)) as pool:
        jobs = [pool.submit(_review, case) for case in cases]
        try:
            for job in as_completed(jobs):
                yield job.result()
        finally:
            for job in jobs:
                job.cancel()


def _begin(library: Path | None) -> None:
    _REVIEWER[:] = [Reviewer(load(library))]


def _review(case: Case) -> Reviewed:
    return reviewed(case, _REVIEWER[0])
