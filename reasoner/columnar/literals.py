"""Literals as XML Schema and SPARQL understand them: which are well formed, and how their values are ordered.

Well-formedness follows XML Schema Definition Language 1.1 part 2 (the Gregorian calendar reaches before year 1, year
0000 exists, ``24:00:00`` is the next midnight, time zones end at 14 hours). White space around a lexical form is a
fault, as RDF reads lexical forms as they stand. The order is that of the SPARQL operator ``<``, by which SHACL defines
its bounds: numbers, strings, booleans, dateTimes, and by the functions of XPath from which SPARQL takes it dates, times
of day and the two durations that are ordered among themselves. Everything else (parts of dates, xsd:duration, strings
with a language or of a derived datatype) is not comparable, and a date and a dateTime are not comparable with one
another. Where one moment has a time zone and the other has none, they are ordered only if all time zones order them
alike; otherwise the order is indeterminate.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from math import inf, isnan
from typing import Any

XSD = "http://www.w3.org/2001/XMLSchema#"


@dataclass(frozen=True, slots=True)
class Value:
    """What a literal means, where it can be ordered.

    ``family`` is number, string, boolean, dateTime, date, time, dayTimeDuration or yearMonthDuration. ``kind`` divides
    a family where its members are ordered by other rules: exact, double or float numbers; moments that are zoned or
    local. ``value`` is a Decimal or float, a string, or a whole number or fraction: 0 or 1 of booleans, months, or
    seconds (since 1970; of the day, for a time). Zoned moments are in UTC; a date is the moment at which it begins.
    """

    family: str
    kind: str
    value: Decimal | Fraction | float | int | str


def well_formed(lexical: str, datatype: str) -> bool:
    """Whether a lexical form is one of a datatype (an IRI); forms of datatypes that are not known here all are.

    >>> well_formed("2025-02-28", XSD + "date"), well_formed("2025-02-30", XSD + "date")
    (True, False)
    >>> well_formed("300", XSD + "byte"), well_formed("1.0", XSD + "integer"), well_formed("1.0", XSD + "decimal")
    (False, False, True)
    >>> well_formed("anything", "https://example.org/own-datatype")
    True
    """
    check = _WELL_FORMED.get(datatype)
    return check is None or check(lexical)


def typed(lexical: str, datatype: str, language: str | None = None) -> Value | None:
    """The value of a literal; None if it is ill formed or of a datatype whose values SPARQL does not order.

    >>> typed("01", XSD + "integer")
    Value(family='number', kind='exact', value=Decimal('1'))
    >>> typed("1970-01-02T00:00:00.5+01:00", XSD + "dateTime")
    Value(family='dateTime', kind='zoned', value=Fraction(165601, 2))
    >>> typed("2025-02-30", XSD + "date"), typed("P1D", XSD + "duration"), typed("a", XSD + "string", "en")
    (None, None, None)
    """
    read = _TYPED.get(datatype)
    return None if read is None or language else read(lexical)


def compare(a: Value, b: Value) -> int | None:
    """-1, 0 or 1 as one value comes before the other, equals it or comes after it; None where neither is so.

    It is None between families, for NaN, and between a zoned and a local moment that lie at most 14 hours apart.
    Exact numbers are compared exactly. Where a number is a double or float, the other is converted to it (float
    gives way to double) as SPARQL does; so the order is transitive among values of one kind, not across all numbers.

    >>> number = lambda lexical, name: typed(lexical, XSD + name)
    >>> compare(number("9007199254740993", "integer"), number("9007199254740992", "integer"))
    1
    >>> compare(number("0.1", "decimal"), number("0.1", "double")), compare(number("1", "byte"), number("NaN", "float"))
    (0, None)
    >>> date = lambda lexical: typed(lexical, XSD + "date")
    >>> compare(date("2025-12-01"), date("2025-12-02")), compare(date("2025-12-01"), date("2025-12-01Z"))
    (-1, None)
    >>> compare(date("2025-12-01"), date("2025-12-03Z")), compare(date("2025-12-01"), typed("x", XSD + "string"))
    (-1, None)
    """
    if a.family != b.family:
        return None
    if a.family == "number":
        return _compare_numbers(a, b)
    if a.kind != b.kind:
        return _across_zones(a, b) if a.kind == "zoned" else _reversed(_across_zones(b, a))
    return _order(a.value, b.value)


def sort_key(value: Value) -> float | None:
    """An exact float64 by which a value can be ordered in a vector; None where float64 cannot hold it exactly.

    The keys of two values may be compared if :func:`plain_family` is the same for both: then ``<``, ``==`` and ``>``
    of the keys are what :func:`compare` says. Values without a key, and values of different plain families, are for
    :func:`compare`.

    >>> sort_key(typed("2", XSD + "integer")), sort_key(typed("0.5", XSD + "decimal"))
    (2.0, 0.5)
    >>> sort_key(typed("0.1", XSD + "decimal")) is None, sort_key(typed("a", XSD + "string")) is None
    (True, True)
    """
    of = value.value
    if isinstance(of, str):
        return None
    if isinstance(of, int | Fraction):
        of = of * 1_000_000  # whole microseconds are exact where fractions of seconds are not
    try:
        key = float(of)
    except OverflowError:
        return None
    return key if key == of else None


def plain_family(value: Value) -> int:
    """The number of the family in which the keys of two values may be compared; 0 where a value has no key.

    Exact numbers and doubles share one; floats have their own, as other numbers are rounded before they meet a float.
    Zoned and local moments are apart.

    >>> plain_family(typed("2", XSD + "integer")) == plain_family(typed("2.5", XSD + "double"))
    True
    >>> plain_family(typed("2025-12-01", XSD + "date")) == plain_family(typed("2025-12-01Z", XSD + "date"))
    False
    """
    return _PLAIN.get((value.family, value.kind), 0) if sort_key(value) is not None else 0


# ---- Order ---------------------------------------------------------------------------------------------

_PLAIN = {
    ("number", "exact"): 1,
    ("number", "double"): 1,
    ("number", "float"): 2,
    ("boolean", ""): 3,
    ("dateTime", "local"): 4,
    ("dateTime", "zoned"): 5,
    ("date", "local"): 6,
    ("date", "zoned"): 7,
    ("time", "local"): 8,
    ("time", "zoned"): 9,
    ("dayTimeDuration", ""): 10,
    ("yearMonthDuration", ""): 11,
}
_MOST_ZONE = 14 * 3600


def _order(x: Any, y: Any) -> int:
    return int(x > y) - int(x < y)


def _compare_numbers(a: Value, b: Value) -> int | None:
    kinds = {a.kind, b.kind}
    x, y = a.value, b.value
    if kinds != {"exact"}:
        x, y = float(x), float(y)
        if "double" not in kinds:
            x, y = _single(x), _single(y)
        if isnan(x) or isnan(y):
            return None
    return _order(x, y)


def _across_zones(zoned: Value, local: Value) -> int | None:
    """The order where it is the same in all time zones that the local moment may have."""
    assert not isinstance(zoned.value, str | Decimal)
    assert not isinstance(local.value, str | Decimal)
    ahead = zoned.value - local.value
    return -1 if ahead < -_MOST_ZONE else 1 if ahead > _MOST_ZONE else None


def _reversed(order: int | None) -> int | None:
    return None if order is None else -order


def _single(number: float) -> float:
    """The number as an xsd:float holds it."""
    try:
        return float(struct.unpack("<f", struct.pack("<f", number))[0])
    except OverflowError:
        return inf if number > 0 else -inf


# ---- Numbers, strings and booleans ---------------------------------------------------------------------

_DECIMAL = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)")
_INTEGER = re.compile(r"[+-]?[0-9]+")
_DOUBLE = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|[+-]?INF|NaN")
_BOOLEANS = {"true": 1, "1": 1, "false": 0, "0": 0}
_RANGES: dict[str, tuple[int | None, int | None]] = {
    "integer": (None, None),
    "nonPositiveInteger": (None, 0),
    "negativeInteger": (None, -1),
    "nonNegativeInteger": (0, None),
    "positiveInteger": (1, None),
    "long": (-(2**63), 2**63 - 1),
    "int": (-(2**31), 2**31 - 1),
    "short": (-(2**15), 2**15 - 1),
    "byte": (-(2**7), 2**7 - 1),
    "unsignedLong": (0, 2**64 - 1),
    "unsignedInt": (0, 2**32 - 1),
    "unsignedShort": (0, 2**16 - 1),
    "unsignedByte": (0, 2**8 - 1),
}


def _decimal(lexical: str) -> Value | None:
    return Value("number", "exact", Decimal(lexical)) if _DECIMAL.fullmatch(lexical) else None


def _integer(least: int | None, most: int | None) -> Callable[[str], Value | None]:
    def read(lexical: str) -> Value | None:
        if not _INTEGER.fullmatch(lexical):
            return None
        number = Decimal(lexical)
        fits = (least is None or number >= least) and (most is None or number <= most)
        return Value("number", "exact", number) if fits else None

    return read


def _double(lexical: str) -> Value | None:
    return Value("number", "double", float(lexical)) if _DOUBLE.fullmatch(lexical) else None


def _float(lexical: str) -> Value | None:
    return Value("number", "float", _single(float(lexical))) if _DOUBLE.fullmatch(lexical) else None


def _boolean(lexical: str) -> Value | None:
    return Value("boolean", "", _BOOLEANS[lexical]) if lexical in _BOOLEANS else None


def _string(lexical: str) -> Value | None:
    return Value("string", "", lexical)


# ---- Moments -------------------------------------------------------------------------------------------

_YEAR = r"(?P<year>-?(?:[1-9][0-9]{3,}|0[0-9]{3}))"
_MONTH = r"(?P<month>0[1-9]|1[0-2])"
_DAY = r"(?P<day>0[1-9]|[12][0-9]|3[01])"
_CLOCK = r"(?P<hour>[01][0-9]|2[0-3]):(?P<minute>[0-5][0-9]):(?P<second>[0-5][0-9])(?P<fraction>\.[0-9]+)?"
_TIME = rf"(?:{_CLOCK}|(?P<end>24:00:00(?:\.0+)?))"
_ZONE = r"(?P<zone>Z|[+-](?:(?:0[0-9]|1[0-3]):[0-5][0-9]|14:00))"
_DATE_TIMES = re.compile(f"{_YEAR}-{_MONTH}-{_DAY}T{_TIME}{_ZONE}?")
_STAMPS = re.compile(f"{_YEAR}-{_MONTH}-{_DAY}T{_TIME}{_ZONE}")
_DATES = re.compile(f"{_YEAR}-{_MONTH}-{_DAY}{_ZONE}?")
_TIMES = re.compile(f"{_TIME}{_ZONE}?")
_LONGEST = 1_000
"""A moment or duration written with more characters counts as ill formed, as XML Schema allows."""
_DAYS_LONG = re.compile(
    r"(?P<sign>-)?P(?=[0-9T])(?:(?P<days>[0-9]+)D)?"
    r"(?:T(?=[0-9])(?:(?P<hours>[0-9]+)H)?(?:(?P<minutes>[0-9]+)M)?(?:(?P<seconds>[0-9]+(?:\.[0-9]+)?)S)?)?"
)
_MONTHS_LONG = re.compile(r"(?P<sign>-)?P(?=[0-9])(?:(?P<years>[0-9]+)Y)?(?:(?P<months>[0-9]+)M)?")
_LENGTHS = {"days": 86_400, "hours": 3600, "minutes": 60, "seconds": 1, "years": 12, "months": 1}
_DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def _days_in(year: int, month: int) -> int:
    leap = month == 2 and year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return _DAYS[month - 1] + leap


def _day_number(year: int, month: int, day: int) -> int:
    """Days since 1970-01-01 in the Gregorian calendar, of any year: years begin in March, so that leap days end them.

    >>> _day_number(1970, 1, 1), _day_number(2000, 3, 1), _day_number(0, 2, 29)
    (0, 11017, -719469)
    """
    year -= month <= 2
    of_year = (153 * ((month - 3) % 12) + 2) // 5 + day - 1
    return year * 365 + year // 4 - year // 100 + year // 400 + of_year - 719_468


def _moment(family: str, form: re.Pattern[str]) -> Callable[[str], Value | None]:
    def read(lexical: str) -> Value | None:
        found = form.fullmatch(lexical) if len(lexical) <= _LONGEST else None
        if found is None:
            return None
        parts = found.groupdict()
        days = 0
        if "day" in parts:
            year, month, day = (int(parts[name]) for name in ("year", "month", "day"))
            if day > _days_in(year, month):
                return None
            days = _day_number(year, month, day)
        zone = parts["zone"]
        value = days * 86_400 + _of_day(parts) - _offset(zone)
        return Value(family, "local" if zone is None else "zoned", value)

    return read


def _of_day(parts: dict[str, str | None]) -> int | Fraction:
    """Seconds since midnight; the end of a day is the next midnight, and of no day is midnight."""
    if parts.get("end"):
        return 86_400 if "day" in parts else 0
    if not parts.get("hour"):
        return 0
    hour, minute, second = (int(parts[name] or 0) for name in ("hour", "minute", "second"))
    whole, fraction = hour * 3600 + minute * 60 + second, parts["fraction"]
    return whole + Fraction("0" + fraction) if fraction else whole


def _offset(zone: str | None) -> int:
    """Seconds by which a time zone is ahead of UTC."""
    if zone is None or zone == "Z":
        return 0
    seconds = int(zone[1:3]) * 3600 + int(zone[4:6]) * 60
    return -seconds if zone[0] == "-" else seconds


def _duration(family: str, form: re.Pattern[str]) -> Callable[[str], Value | None]:
    def read(lexical: str) -> Value | None:
        found = form.fullmatch(lexical) if len(lexical) <= _LONGEST else None
        if found is None:
            return None
        parts = found.groupdict()
        sign = -1 if parts.pop("sign") else 1
        return Value(family, "", sign * sum(_LENGTHS[name] * Fraction(of) for name, of in parts.items() if of))

    return read


# ---- What is well formed -------------------------------------------------------------------------------

_TYPED: dict[str, Callable[[str], Value | None]] = {
    XSD + name: lru_cache(maxsize=65_536)(read)
    for name, read in {
        **{name: _integer(least, most) for name, (least, most) in _RANGES.items()},
        "decimal": _decimal,
        "double": _double,
        "float": _float,
        "boolean": _boolean,
        "dateTime": _moment("dateTime", _DATE_TIMES),
        "dateTimeStamp": _moment("dateTime", _STAMPS),
        "date": _moment("date", _DATES),
        "time": _moment("time", _TIMES),
        "dayTimeDuration": _duration("dayTimeDuration", _DAYS_LONG),
        "yearMonthDuration": _duration("yearMonthDuration", _MONTHS_LONG),
    }.items()
}
_TYPED[XSD + "string"] = _string

_NAME_START = (
    "A-Z_a-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u02ff\u0370-\u037d\u037f-\u1fff\u200c-\u200d\u2070-\u218f\u2c00-\u2fef"
    "\u3001-\ud7ff\uf900-\ufdcf\ufdf0-\ufffd\U00010000-\U000effff"
)
_NAME_REST = _NAME_START + r"\-.0-9\u00b7\u0300-\u036f\u203f-\u2040"
_QUAD = "[A-Za-z0-9+/] ?"
_FORMS = {
    "gYear": f"{_YEAR}{_ZONE}?",
    "gYearMonth": f"{_YEAR}-{_MONTH}{_ZONE}?",
    "gMonth": f"--{_MONTH}{_ZONE}?",
    "gMonthDay": f"--(?!02-30|(?:02|04|06|09|11)-31){_MONTH}-{_DAY}{_ZONE}?",
    "gDay": f"---{_DAY}{_ZONE}?",
    "duration": "-?P(?=[0-9T])(?:[0-9]+Y)?(?:[0-9]+M)?(?:[0-9]+D)?"
    r"(?:T(?=[0-9])(?:[0-9]+H)?(?:[0-9]+M)?(?:[0-9]+(?:\.[0-9]+)?S)?)?",
    "hexBinary": "(?:[0-9a-fA-F]{2})*",
    "base64Binary": f"(?:(?:{_QUAD}){{4}})*(?:{_QUAD}{_QUAD}{_QUAD}[A-Za-z0-9+/]|"
    f"{_QUAD}{_QUAD}[AEIMQUYcgkosw048] ?=|{_QUAD}[AQgw] ?= ?=)|",
    "normalizedString": r"[^\t\n\r]*",
    "token": r"(?:[^\t\n\r ]+(?: [^\t\n\r ]+)*)?",
    "language": "[a-zA-Z]{1,8}(?:-[a-zA-Z0-9]{1,8})*",
    "Name": f"[:{_NAME_START}][:{_NAME_REST}]*",
    "NCName": f"[{_NAME_START}][{_NAME_REST}]*",
    "NMTOKEN": f"[:{_NAME_REST}]+",
}


def _form(pattern: str) -> Callable[[str], bool]:
    match = re.compile(pattern).fullmatch
    return lambda lexical: match(lexical) is not None


def _has_value(read: Callable[[str], Value | None]) -> Callable[[str], bool]:
    return lambda lexical: read(lexical) is not None


_WELL_FORMED: dict[str, Callable[[str], bool]] = {
    **{datatype: _has_value(read) for datatype, read in _TYPED.items()},
    **{XSD + name: _form(pattern) for name, pattern in _FORMS.items()},
}
"""Datatypes that some lexical forms do not fit; xsd:anyURI, rdf:langString and rdf:HTML take any."""
