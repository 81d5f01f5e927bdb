"""The days of a record: treatments first, then studies and notes, the request, and the service at last."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reasoner.synthetic.sheet import Sheet

EPOCH = date(1970, 1, 1)
FIRST_DAY = date(2025, 12, 1)
"""From this day on both policies have an edition in force."""
EARLIEST = date(2025, 12, 16)
"""From this day on requests are received, some of them two weeks after the service."""
WINDOW = 330
"""Requests are received within so many days before the as-of date."""


def day_number(day: date) -> int:
    """Days since 1970.

    >>> day_number(date(1970, 2, 1))
    31
    """
    return (day - EPOCH).days


def lay_out(x: Sheet, as_of: date) -> None:
    """Draw the days of every request of a sheet; all but the service lie on or before the as-of date."""
    draws, day = x.draws, x.day
    span = min(WINDOW, (as_of - EARLIEST).days)
    received = day_number(as_of) - draws.whole("received", 0, span)
    day["received"] = received
    day["service"] = received + draws.whole("service", 10, 45)
    day["surgical note"] = received - draws.whole("surgical note", 1, 6)
    day["imaging"] = received - draws.whole("imaging", 12, 24)
    day["electrodiagnosis"] = day["imaging"] + draws.whole("electrodiagnosis", 0, 4)
    day["second imaging"] = day["imaging"] + draws.whole("second imaging", 1, 4)
    day["earlier imaging"] = day["imaging"] - draws.whole("earlier imaging", 60, 150)
    day["clinic note"] = day["imaging"] + draws.whole("clinic note", 1, 4)
    day["treatment record"] = received - draws.whole("treatment record", 26, 34)
    day["injection"] = received - draws.whole("injection", 40, 75)
    day["second injection"] = day["injection"] - draws.whole("second injection", 20, 45)
    day["medication end"] = received - draws.whole("medication end", 36, 60)
    day["medication start"] = day["medication end"] - draws.whole("medication length", 49, 140)
    day["therapy end"] = received - draws.whole("therapy end", 40, 90)
    day["therapy start"] = day["therapy end"] - draws.whole("therapy length", 45, 98)
    day["earlier treatment"] = day["therapy start"] - draws.whole("earlier treatment", 20, 60)
    day["injury"] = received - draws.whole("injury", 3, 8)
    day["old injury"] = received - draws.whole("old injury", 300, 700)
    day["recent operation"] = received - draws.whole("recent operation", 25, 35)
    day["old operation"] = received - draws.whole("old operation", 200, 1500)
