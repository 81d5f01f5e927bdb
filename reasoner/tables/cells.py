"""Cells of the user's columns as cells of the nested table: texts parsed once for each distinct text."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from reasoner.errors import TableError
from reasoner.tables.literals import Unfit, value_of
from reasoner.tables.mapping import Treatment
from reasoner.tables.optional import arrow, compute
from reasoner.tables.schema import Column, arrow_type

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

_FORMATS = {"yyyy": "%Y", "MM": "%m", "M": "%m", "dd": "%d", "d": "%d"}
_FORMAT_PARTS = re.compile("|".join(_FORMATS))
_TRUTH = {"true": True, "1": True, "false": False, "0": False, "yes": True, "no": False, "y": True, "n": False}
EXPECTED = {
    "date": "is no date",
    "integer": "is no whole number",
    "decimal": "is no number",
    "boolean": "is neither true nor false",
}


_AS_IS = Treatment()


@dataclass(frozen=True)
class Cells:
    """A typed column, and the positions of the rows whose cell could not be read."""

    array: pa.Array
    bad: np.ndarray


def typed(array: Any, column: Column, treatment: Treatment, where: str) -> Cells:
    """A user's column as a column of the schema.

    Args:
        array: an Arrow array of any type; text is parsed, lists are taken as they are.
        column: the column of the schema.
        treatment: how its cells are read.
        where: the file and column, for the message.

    Raises:
        TableError: the whole column is of a type that has no place here.
    """
    import numpy as np

    pa = arrow()
    array = _plain(array)
    if treatment == _AS_IS and array.type == arrow_type(column) and _is_clean(array):
        return Cells(array, np.empty(0, np.int64))
    if pa.types.is_null(array.type):
        return Cells(pa.nulls(len(array), arrow_type(column)), np.empty(0, np.int64))
    if _is_list(array.type):
        return _of_lists(array, column, treatment, where)
    if _is_text(array.type):
        array = _present(array.cast(pa.string()), column, treatment)
        if column.many and treatment.separator:
            lists = compute().split_pattern(array, treatment.separator)
            return _of_lists(lists, column, replace(treatment, separator=None, default=None), where)
    flat, bad = _scalars(array, column, treatment, where)
    if not column.many:
        return Cells(flat, bad)
    present = flat.is_valid().to_numpy(zero_copy_only=False)
    return Cells(_lists(flat.drop_null(), present.astype(np.int64), present), bad)


def _is_clean(array: Any) -> bool:
    """Whether no text of a column is empty, and no list of it has a missing value."""
    pc = compute()
    if _is_list(array.type):
        array = array.flatten()
        if array.null_count:
            return False
    return not _is_text(array.type) or pc.min(pc.binary_length(array)).as_py() != 0


def _plain(array: Any) -> Any:
    pa = arrow()
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
        if isinstance(array, pa.ChunkedArray):
            array = array.chunk(0) if array.num_chunks else pa.array([], array.type)
    return array.dictionary_decode() if pa.types.is_dictionary(array.type) else array


def _is_text(kind: Any) -> bool:
    types = arrow().types
    return bool(types.is_string(kind) or types.is_large_string(kind) or str(kind) == "string_view")


def _is_list(kind: Any) -> bool:
    types = arrow().types
    return bool(types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind))


def _present(array: Any, column: Column, treatment: Treatment) -> Any:
    """Texts with missing cells as nulls, defaults in their place, and the user's codes as what they mean."""
    pa, pc = arrow(), compute()
    # Texts stay as they are, spaces included; names, keys and numbers are read without spaces around them.
    trimmed = pc.utf8_trim_whitespace(array) if treatment.csv or treatment.values else array
    array = array if column.kind == "string" and column.iri else trimmed
    missing = pc.is_in(trimmed, value_set=pa.array(["", *treatment.nulls], pa.string()))
    array = pc.if_else(missing, pa.scalar(None, pa.string()), array)
    if treatment.default is not None:
        array = pc.fill_null(array, treatment.default)
    if treatment.values:
        told = pa.array([k for k, _ in treatment.values], pa.string())
        meant = pa.array([v or None for _, v in treatment.values], pa.string())
        place = pc.index_in(array, value_set=told)
        array = pc.if_else(pc.is_valid(place), meant.take(place), array)
    return array


def _of_lists(array: Any, column: Column, treatment: Treatment, where: str) -> Cells:
    """Lists cell by cell; a list in a column that holds one value must have at most one."""
    import numpy as np

    pa, pc = arrow(), compute()
    array = array.cast(pa.list_(array.type.value_type))
    lengths = pc.fill_null(pc.list_value_length(array), 0).to_numpy(zero_copy_only=False).astype(np.int64)
    rows = np.repeat(np.arange(len(array)), lengths)
    inner = array.flatten()
    if _is_text(_plain(inner).type):
        inner = _present(_plain(inner).cast(pa.string()), column, treatment)
    flat, bad = _scalars(_plain(inner), column, treatment, where)
    kept = flat.is_valid().to_numpy(zero_copy_only=False)
    counts = np.bincount(rows[kept], minlength=len(array))
    values = flat if kept.all() else flat.drop_null()
    bad_rows = np.unique(rows[bad])
    if column.many:
        return Cells(_lists(values, counts, counts > 0), bad_rows)
    bad_rows = np.union1d(bad_rows, np.flatnonzero(counts > 1))
    first = np.cumsum(counts) - counts
    place = pa.array(first, mask=counts == 0)
    return Cells(values.take(place), bad_rows)


def _lists(values: Any, counts: np.ndarray, present: np.ndarray) -> Any:
    """Lists of so many values each; where nothing is present, null."""
    import numpy as np

    pa = arrow()
    offsets = np.zeros(len(counts) + 1, np.int32)
    np.cumsum(counts, out=offsets[1:])
    mask = None if present.all() else pa.array(~present)
    return pa.ListArray.from_arrays(pa.array(offsets), values, mask=mask)


def _scalars(array: Any, column: Column, treatment: Treatment, where: str) -> tuple[Any, np.ndarray]:
    import numpy as np

    pa = arrow()
    none = np.empty(0, np.int64)
    wanted = arrow_type(column)
    wanted = wanted.value_type if column.many else wanted
    if _is_text(array.type):
        array = array.cast(pa.string())
        if pa.types.is_string(wanted):
            return array, none
        return _parsed(array, _reader(column, treatment), wanted)
    return _cast(array, wanted, where), none


def _cast(array: Any, wanted: Any, where: str) -> Any:
    pa = arrow()
    types = pa.types
    given = array.type
    timed = types.is_timestamp(given) and (given.tz is not None or not types.is_date(wanted))
    odd = types.is_nested(given) or types.is_binary(given) or types.is_temporal(given) != types.is_temporal(wanted)
    if odd or timed or types.is_boolean(given) != types.is_boolean(wanted):
        cure = "Give a column of that type, or of text." if not timed else "Give the day, without a time zone."
        raise TableError(f"{where}: a column of type {given} cannot be read as {wanted}.", cure)
    try:
        if types.is_floating(given) and types.is_string(wanted):
            array = array.cast(pa.int64())  # keys and codes that were whole numbers, with gaps
        if types.is_timestamp(given):
            return array.cast(wanted, safe=False)
        return array.cast(wanted)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        what = f"{where}: a column of type {given} cannot be read as {wanted}."
        raise TableError(what, "Give a column of that type, or of text.") from error


def _parsed(array: Any, read: Callable[[str], Any], wanted: Any) -> tuple[Any, np.ndarray]:
    """Each distinct text parsed once, the results gathered."""
    import numpy as np

    pa = arrow()
    coded = array.dictionary_encode()
    values: list[Any] = []
    for text in coded.dictionary.to_pylist():
        try:
            values.append(read(text))
        except (ValueError, Unfit):
            values.append(None)
    out = pa.array(values, wanted).take(coded.indices)
    if None not in values:
        return out, np.empty(0, np.int64)
    lost = array.is_valid().to_numpy(zero_copy_only=False) & out.is_null().to_numpy(zero_copy_only=False)
    return out, np.flatnonzero(lost)


def _reader(column: Column, treatment: Treatment) -> Callable[[str], Any]:
    if column.kind == "date" and treatment.pattern:
        pattern = strptime_of(treatment.pattern)
        return lambda text: datetime.strptime(text, pattern).date()
    if column.kind == "boolean":
        return lambda text: _truth(text)
    return lambda text: _literal(text, column)


def _truth(text: str) -> bool:
    found = _TRUTH.get(text.casefold())
    if found is None:
        raise ValueError(text)
    return found


def _literal(text: str, column: Column) -> date | int | float:
    from pyoxigraph import Literal

    from reasoner.tables.literals import DATATYPES

    made: date | int | float = value_of(Literal(text, datatype=DATATYPES[column.kind]), column.kind)
    return made


def strptime_of(pattern: str) -> str:
    """A CSVW date format as Python's strptime takes it.

    Raises:
        TableError: it has other parts than year, month and day.

    >>> strptime_of("M/d/yyyy")
    '%m/%d/%Y'
    """
    out = _FORMAT_PARTS.sub(lambda m: _FORMATS[m[0]], pattern)
    left = re.sub(r"%[Ymd]", "", out)
    if sorted(re.findall(r"%[Ymd]", out)) != ["%Y", "%d", "%m"] or re.search(r"[\w%]", left):
        cure = "Write it with yyyy, MM or M, dd or d, such as M/d/yyyy."
        raise TableError(f"{pattern!r} is no format of a date.", cure)
    return out
