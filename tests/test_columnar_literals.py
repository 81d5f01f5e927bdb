"""Literals of the columnar engine: which are well formed, how values are ordered, and that keys of vectors agree."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from reasoner.columnar.literals import XSD, Value, compare, plain_family, sort_key, typed, well_formed

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"

GOOD = {
    "string": ["", " a\n", "é"],
    "boolean": ["true", "false", "1", "0"],
    "decimal": ["0", "-1.", "+.5", "001.500"],
    "integer": ["01", "-0", "+7", "9" * 5000],
    "nonPositiveInteger": ["0", "-1"],
    "negativeInteger": ["-1"],
    "nonNegativeInteger": ["0", "-0", "18446744073709551616"],
    "positiveInteger": ["1", "+01"],
    "long": ["9223372036854775807", "-9223372036854775808"],
    "int": ["2147483647", "-2147483648"],
    "short": ["32767", "-32768"],
    "byte": ["127", "-128"],
    "unsignedLong": ["18446744073709551615"],
    "unsignedInt": ["4294967295"],
    "unsignedShort": ["65535"],
    "unsignedByte": ["255", "0"],
    "float": ["1", "1.5E-3", ".5e9", "INF", "+INF", "-INF", "NaN", "1e999"],
    "double": ["1", "1.5E-3", "-.5", "INF", "+INF", "-INF", "NaN"],
    "date": ["2025-02-08", "2024-02-29", "2000-02-29", "0000-02-29", "-0004-12-31", "12025-01-01"]
    + ["2025-02-08Z", "2025-02-08+14:00", "2025-02-08-13:59"],
    "dateTime": [
        "2025-02-08T00:00:00",
        "2025-02-08T23:59:59.123456789Z",
        "2025-02-08T24:00:00",
        "-0001-01-01T24:00:00.0Z",
    ],
    "dateTimeStamp": ["2025-02-08T00:00:00Z", "2025-02-08T00:00:00-05:00"],
    "time": ["00:00:00", "24:00:00", "23:59:59.9+14:00"],
    "gYear": ["2025", "-0001", "0000", "12025Z"],
    "gYearMonth": ["2025-12", "2025-01-05:00"],
    "gMonth": ["--12", "--01Z"],
    "gMonthDay": ["--02-29", "--12-31Z", "--04-30"],
    "gDay": ["---31", "---01+02:00"],
    "duration": ["P1Y", "-P1Y2M3DT4H5M6.7S", "PT0S", "P0D"],
    "dayTimeDuration": ["P1D", "-PT1.5S", "P1DT1H"],
    "yearMonthDuration": ["P1Y", "P1Y2M", "-P18M"],
    "hexBinary": ["", "0aFF"],
    "base64Binary": ["", "YWJj", "YWI=", "YQ==", "YW Jj", "Y Q = ="],
    "anyURI": ["", "https://example.org/", "a b", "urn:é"],
    "normalizedString": ["", " a  b "],
    "token": ["", "a b"],
    "language": ["en", "de-CH-1996"],
    "Name": ["a:b", "_x", ":"],
    "NCName": ["a-b.c", "_", "é"],
    "NMTOKEN": ["1a", "-", "a:b"],
}
BAD = {
    "boolean": ["True", "TRUE", "yes", "", " true"],
    "decimal": ["", ".", "1e3", "1,5", "INF", " 1"],
    "integer": ["1.0", "", "+", "1 ", "\u0661"],
    "nonPositiveInteger": ["1"],
    "negativeInteger": ["0", "-0"],
    "nonNegativeInteger": ["-1"],
    "positiveInteger": ["0"],
    "long": ["9223372036854775808"],
    "int": ["2147483648"],
    "short": ["-32769"],
    "byte": ["128", "300", "c"],
    "unsignedLong": ["-1", "18446744073709551616"],
    "unsignedInt": ["4294967296"],
    "unsignedShort": ["65536"],
    "unsignedByte": ["256"],
    "float": ["inf", "nan", "1e", "-NaN", "1_0"],
    "double": ["Infinity", "", "1d", "0x10", "+NaN"],
    "date": ["2025-02-30", "2025-13-45", "2025-2-8", "20250208", "2023-02-29", "1900-02-29", "02025-01-01", "25-01-01"]
    + [
        "2025-02-08T00:00:00",
        "2025-02-08+14:01",
        "2025-02-08+15:00",
        "2025-02-08z",
        "2025-00-01",
        "2025-01-00",
        "",
        "+2025-01-01",
    ]
    + ["2025-01-01 ", "2025-01-01\n", "9" * 5000 + "-01-01"],
    "dateTime": ["2025-02-08", "2025-02-08T24:00:01", "2025-02-08 00:00:00", "2025-02-08T00:00", "2025-02-08T00:00:60"]
    + ["2025-02-30T00:00:00", "2025-02-08T00:00:00.", "2025-02-08T25:00:00"],
    "dateTimeStamp": ["2025-02-08T00:00:00"],
    "time": ["24:00:01", "1:00:00", "12:60:00", "12:00"],
    "gYear": ["25", "02025", "2025-01"],
    "gYearMonth": ["2025-13", "2025"],
    "gMonth": ["--13", "12", "--00"],
    "gMonthDay": ["--02-30", "--04-31", "--13-01"],
    "gDay": ["---32", "---00", "31"],
    "duration": ["P", "PT", "P1YT", "1Y", "P1S", "P-1Y", "P1.5Y"],
    "dayTimeDuration": ["P1Y", "P", "PT", "P1DT", "PT1"],
    "yearMonthDuration": ["P1D", "P", "P1"],
    "hexBinary": ["abc", "0g"],
    "base64Binary": ["YQ=", "YQ", "YR==", "YWJ=", " YWJj", "YWJj "],
    "normalizedString": ["a\tb", "a\n"],
    "token": [" a", "a  b", "a\n"],
    "language": ["e-", "", "waytoolong-x", "en_US"],
    "Name": ["1a", "", "a b"],
    "NCName": ["a:b", "-a"],
    "NMTOKEN": ["", "a b"],
}


@pytest.mark.parametrize(("name", "lexical"), [(n, x) for n, forms in GOOD.items() for x in forms])
def test_forms_of_a_datatype_are_well_formed(name, lexical):
    assert well_formed(lexical, XSD + name)


@pytest.mark.parametrize(("name", "lexical"), [(n, x) for n, forms in BAD.items() for x in forms])
def test_forms_that_are_no_form_of_a_datatype_are_ill_formed(name, lexical):
    assert not well_formed(lexical, XSD + name)
    assert typed(lexical, XSD + name) is None


def test_the_tables_know_the_datatypes_that_the_module_knows():
    from reasoner.columnar import literals

    assert {n.removeprefix(XSD) for n in literals._WELL_FORMED} - {"string"} == set(BAD)
    assert set(GOOD) - set(BAD) == {"string", "anyURI"}


@pytest.mark.parametrize("datatype", [RDF + "langString", RDF + "HTML", "urn:own", XSD + "unheardOf"])
def test_forms_of_other_datatypes_are_taken_as_they_are(datatype):
    assert well_formed(" anything\n", datatype)
    assert typed("1", datatype) is None


# The order of two literals; None where none is defined. The first block is the edge table of research on engines.
ORDERS = [
    ("2025-12-01Z", "date", "2025-12-01", "date", None),
    ("2025-12-01+14:00", "date", "2025-12-01", "date", None),
    ("2025-12-01", "date", "2025-12-01T00:00:00", "dateTime", None),
    ("2025-12-01T00:00:00", "dateTime", "2025-12-01", "date", None),
    ("2025-12-01T10:00:00", "dateTime", "2025-12-01T10:00:00Z", "dateTime", None),
    ("2025-01-01T00:00:00Z", "dateTime", "2025-03-01T00:00:00", "dateTime", -1),
    ("01", "integer", "1", "integer", 0),
    # Moments
    ("2025-12-01T10:00:00Z", "dateTime", "2025-12-01T12:00:00+02:00", "dateTime", 0),
    ("2025-12-01T10:00:00Z", "dateTime", "2025-12-01T12:00:00+02:00", "dateTimeStamp", 0),
    ("2025-12-01T24:00:00", "dateTime", "2025-12-02T00:00:00", "dateTime", 0),
    ("2025-12-31T24:00:00", "dateTime", "2026-01-01T00:00:00", "dateTime", 0),
    ("24:00:00", "time", "00:00:00", "time", 0),
    ("2025-12-01T00:00:00.10", "dateTime", "2025-12-01T00:00:00.1", "dateTime", 0),
    ("2025-12-01T00:00:00.0000000001", "dateTime", "2025-12-01T00:00:00", "dateTime", 1),
    ("-0001-12-31", "date", "0000-01-01", "date", -1),
    ("9999-12-31", "date", "10000-01-01", "date", -1),
    ("2025-12-02+14:00", "date", "2025-12-01-10:00", "date", 0),
    ("2025-12-01T00:00:00Z", "dateTime", "2025-12-01T14:00:00", "dateTime", None),
    ("2025-12-01T00:00:00Z", "dateTime", "2025-12-01T14:00:00.001", "dateTime", -1),
    ("2025-12-01T00:00:00Z", "dateTime", "2025-11-30T09:59:59.999", "dateTime", 1),
    ("2025-12-01T00:00:00Z", "dateTime", "2025-11-30T10:00:00", "dateTime", None),
    ("10:00:00Z", "time", "12:00:00+02:00", "time", 0),
    ("10:00:00", "time", "12:00:00", "time", -1),
    ("10:00:00", "time", "12:00:00Z", "time", None),
    ("10:00:00", "time", "2025-12-01", "date", None),
    ("PT36H", "dayTimeDuration", "P1DT12H", "dayTimeDuration", 0),
    ("-PT1S", "dayTimeDuration", "PT0.5S", "dayTimeDuration", -1),
    ("P1Y", "yearMonthDuration", "P11M", "yearMonthDuration", 1),
    ("P1Y", "yearMonthDuration", "P365D", "dayTimeDuration", None),
    # Numbers
    ("1", "integer", "1.0", "decimal", 0),
    ("5", "byte", "5.5", "decimal", -1),
    ("0.1", "decimal", "0.1", "double", 0),
    ("0.1", "float", "0.1", "double", 1),
    ("0.1", "decimal", "0.1", "float", 0),
    ("16777217", "integer", "16777216", "float", 0),
    ("9007199254740993", "integer", "9007199254740992", "integer", 1),
    ("9007199254740993", "integer", "9007199254740992", "double", 0),
    ("0.12345678901234567890123456789012345678", "decimal", "0.12345678901234567890123456789012345677", "decimal", 1),
    ("-0", "integer", "-0.0", "double", 0),
    ("INF", "double", "9" * 5000, "integer", 0),
    ("INF", "float", "1e39", "double", 1),
    ("1e39", "float", "INF", "float", 0),
    ("-INF", "float", "-1e39", "decimal", None),
    ("NaN", "double", "NaN", "double", None),
    ("NaN", "float", "1", "integer", None),
    # Strings and booleans
    ("a", "string", "b", "string", -1),
    ("\uffff", "string", "\U00010000", "string", -1),
    ("false", "boolean", "1", "boolean", -1),
    ("true", "boolean", "1", "boolean", 0),
    ("true", "boolean", "1", "integer", None),
    ("1", "string", "2", "integer", None),
    ("a", "token", "b", "token", None),
    ("2025", "gYear", "2026", "gYear", None),
    ("P1Y", "duration", "P2Y", "duration", None),
]


@pytest.mark.parametrize(("a", "of_a", "b", "of_b", "expected"), ORDERS)
def test_two_literals_are_ordered_as_sparql_orders_them(a, of_a, b, of_b, expected):
    one, other = typed(a, XSD + of_a), typed(b, XSD + of_b)
    order = None if one is None or other is None else compare(one, other)
    back = None if one is None or other is None else compare(other, one)
    assert order == expected
    assert back == (None if expected is None else -expected)


def test_strings_with_a_language_are_not_ordered():
    assert typed("a", RDF + "langString", "en") is None
    assert typed("a", XSD + "string", "en") is None


# ---- Properties ------------------------------------------------------------------------------------

ZONES = st.sampled_from(["", "", "Z", "+14:00", "-14:00", "+05:30", "-05:00"])
YEARS = st.one_of(st.integers(1, 9999), st.integers(2024, 2026)).map(lambda y: f"{y:04d}")
DATES = st.builds(
    lambda y, d: y + f"{d:%m-%d}", YEARS.map(lambda y: y + "-"), st.dates(date(2023, 1, 1), date(2023, 12, 31))
)
TIMES = st.builds(
    lambda t, f: f"{t:%H:%M:%S}" + f, st.times(), st.sampled_from(["", ".5", ".000001", ".123456789", ".1234567890123"])
)
NUMBERS = st.one_of(
    st.integers(-5, 5).map(str), st.integers().map(str), st.sampled_from([str(2**53 + i) for i in range(-2, 3)])
)
DECIMALS = st.one_of(NUMBERS, st.decimals(allow_nan=False, allow_infinity=False).map(lambda d: f"{d:f}"))
FLOATS = st.one_of(NUMBERS, st.floats().map(lambda f: {"inf": "INF", "-inf": "-INF", "nan": "NaN"}.get(str(f), str(f))))


def of(name: str, forms: st.SearchStrategy[str]) -> st.SearchStrategy[Value]:
    return forms.map(lambda lexical: typed(lexical, XSD + name)).filter(lambda v: v is not None)  # type: ignore[return-value]


EXACT = st.one_of(of("integer", NUMBERS), of("decimal", DECIMALS))
MOMENTS = {
    "date": of("date", st.builds(str.__add__, DATES, ZONES)),
    "dateTime": of("dateTime", st.builds(lambda d, t, z: f"{d}T{t}{z}", DATES, TIMES, ZONES)),
    "time": of("time", st.builds(str.__add__, TIMES, ZONES)),
}
FAMILIES = [EXACT, of("double", FLOATS), of("float", FLOATS), *MOMENTS.values(), of("string", st.text())]
FAMILIES += [of("boolean", st.sampled_from(["true", "false", "1", "0"]))]
VALUES = st.one_of(*FAMILIES)
ALIKE = st.sampled_from(FAMILIES)


@given(st.one_of(st.tuples(VALUES, VALUES), ALIKE.flatmap(lambda s: st.tuples(s, s))))
def test_the_order_turned_round_is_the_order_of_the_turned_pair(pair):
    a, b = pair
    order = compare(a, b)
    assert compare(b, a) == (None if order is None else -order)


@given(VALUES)
def test_a_value_equals_itself_unless_it_is_no_number(value):
    assert compare(value, value) == (None if value.value != value.value else 0)


@given(ALIKE.flatmap(lambda s: st.tuples(s, s, s)))
def test_the_order_of_values_of_one_datatype_is_transitive(triple):
    a, b, c = triple
    first, second = compare(a, b), compare(b, c)
    assume(first is not None and second is not None)
    if first == second:
        assert compare(a, c) == first
    elif 0 in (first, second):
        assert compare(a, c) == first + second


@given(st.one_of(st.tuples(VALUES, VALUES), ALIKE.flatmap(lambda s: st.tuples(s, s))))
def test_keys_of_one_plain_family_say_what_compare_says(pair):
    a, b = pair
    if plain_family(a) == plain_family(b) != 0:
        x, y = sort_key(a), sort_key(b)
        assert x is not None
        assert y is not None
        assert (x > y) - (x < y) == compare(a, b)


@given(VALUES)
def test_a_value_has_a_family_exactly_where_it_has_a_key(value):
    assert (sort_key(value) is None) == (plain_family(value) == 0)


def test_values_of_records_have_keys():
    for lexical, name in [("2025-12-01", "date"), ("9999-12-31", "date"), ("2025-12-01T10:00:00", "dateTime")]:
        assert plain_family(typed(lexical, XSD + name))  # type: ignore[arg-type]
    for lexical, name in [
        ("2025-12-01T10:00:00.123456", "dateTime"),
        ("12", "integer"),
        ("2.5", "decimal"),
        ("1", "int"),
    ]:
        assert plain_family(typed(lexical, XSD + name))  # type: ignore[arg-type]


@given(st.datetimes(), st.integers(-14 * 60, 14 * 60))
def test_moments_are_those_of_the_calendar(moment, minutes):
    assume(datetime(1, 1, 2) < moment < datetime(9999, 12, 30))
    zoned = moment.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    value = typed(zoned.isoformat(), XSD + "dateTime")
    since = zoned - datetime(1970, 1, 1, tzinfo=UTC)
    assert value is not None
    assert value.value == Fraction(since // timedelta(microseconds=1), 1_000_000)


@given(st.dates())
def test_every_day_of_the_calendar_is_a_date_and_the_next_day_is_later(day):
    value = typed(day.isoformat(), XSD + "date")
    assert value is not None
    assert value.value == (day - date(1970, 1, 1)).days * 86_400


@given(st.decimals(allow_nan=False, allow_infinity=False), st.decimals(allow_nan=False, allow_infinity=False))
def test_exact_numbers_are_compared_exactly(x, y):
    a, b = (typed(f"{n:f}", XSD + "decimal") for n in (x, y))
    assert a is not None
    assert b is not None
    exact = Fraction(Decimal(x)) - Fraction(Decimal(y))
    assert compare(a, b) == (exact > 0) - (exact < 0)
