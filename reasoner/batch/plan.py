"""What a batch is asked to do with every request: on which day, in which readings, with how much explanation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

DEFAULT_PROFILE = "default"
"""The name of the profile that reads every ambiguity as the policy's author chose by default."""


@dataclass(frozen=True)
class Profile:
    """Readings under one name; every line is reviewed once in each profile of a plan.

    Attributes:
        name: as the column ``profile`` of the outcomes has it; ``default`` has no readings.
        readings: the reading by ambiguity, such as ``{"A10": "any-one"}``; the others are read by default.
    """

    name: str
    readings: Mapping[str, str]


@dataclass(frozen=True)
class Plan:
    """What holds for every request of a batch.

    Attributes:
        library: a folder with policies of one's own, added to what plexus ships.
        as_of: the day of the review.
        profiles: the readings to review in; at least one.
        edition: review by this edition (its effective date, ``2025-12-01``), not by the one in force; None: in force.
        all_reasons: give the evidence of met criteria, too.
        hinges: say which readings would change a recommendation.
        run_id: what the outcomes name as their run.
    """

    library: Path | None
    as_of: date
    profiles: tuple[Profile, ...]
    edition: str | None
    all_reasons: bool
    hinges: bool
    run_id: str
