"""What a Spark worker does with the rows of its partition: Arrow batches in, staged rows out.

A staged row is one outcome with its reasons as a list below it, one rejected row (``fault``), or the counts of one
batch (``counts``, as JSON); see :func:`staged_schema`. So every request is reviewed once, though three tables are
written from it. Nothing here knows Spark, and nothing is kept between batches but the knowledge of the library.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reasoner.batch.chunk import Reviewed, review_table
from reasoner.batch.parts import PartRecord, lines_of, place_of, record_of
from reasoner.batch.plan import Plan
from reasoner.errors import BatchError, PlexusError
from reasoner.knowledge import load
from reasoner.tables.chunks import Reading
from reasoner.tables.nested import NestedMap, assembled, nested_map
from reasoner.tables.optional import arrow, compute
from reasoner.tables.rejected import Rejection, rejected_schema, rejected_table
from reasoner.tables.schema import REQUEST_KEY, nested_schema

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

FILE, PLACE = "__file", "__place"
"""Columns that a batch has beside the user's: the name of the file, and the position of the row in it, from 0."""
REASONS, FAULT, COUNTS = "__reasons", "__fault", "__counts"
"""Columns that a staged row has beside those of an outcome; no criterion is called so."""
OF_LINE = ("request", "line", "profile")
"""Columns of a reason that say to which outcome it belongs."""


@dataclass(frozen=True)
class Job:
    """What holds for all partitions.

    Attributes:
        plan: what is asked.
        repeated: identifiers that several rows of the whole input have.
        as_they_are: names of files whose rows are canonical, so that no column of theirs needs to be mapped.
    """

    plan: Plan
    repeated: tuple[str, ...] = ()
    as_they_are: frozenset[str] = frozenset()


def evaluate(job: Job, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Review the rows of a partition.

    Args:
        job: what is asked.
        batches: the user's columns with :data:`FILE` and :data:`PLACE`.

    Raises:
        BatchError: a batch could not be reviewed. The message holds nothing of a record.
    """
    schema = staged_schema(job.plan)
    for batch in batches:
        try:
            found, record = reviewed(job, arrow().Table.from_batches([batch]))
            yield from staged(found, record, schema)
        except PlexusError as error:
            raise BatchError(str(error)) from None
        except Exception as error:
            # The text of an internal error may hold what a patient's record says, and workers log it.
            what = f"internal error ({type(error).__name__} in {place_of(error)})."
            raise BatchError(what, "Please report it.") from None


def keys_of(name: str, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The identifiers of requests as the review reads them, as texts in a column of that name; missing ones left out.

    Args:
        name: the column of the user's that has them; the result has one column of the same name.
        batches: that column alone.
    """
    from reasoner.tables.assemble import typed_key
    from reasoner.tables.mapping import Treatment

    pa = arrow()
    for batch in batches:
        keys = typed_key(batch.column(0), Treatment(), name).cast(pa.string()).drop_null()
        yield pa.RecordBatch.from_arrays([keys], [name])


# ---- Review ----------------------------------------------------------------------------------------


def reviewed(job: Job, rows: pa.Table) -> tuple[Reviewed, PartRecord]:
    """The review of some of the user's rows, and what is counted of it.

    Rejected rows name the file and the row in it, from 1, whatever batch they came in.
    """
    import numpy as np

    pa = arrow()
    canonical = [_canonical(job, *piece) for piece in _pieces(rows)]
    empty = nested_schema(Reading(load(job.plan.library)).schema).empty_table()
    table = pa.concat_tables([c.table for c in canonical] or [empty], promote_options="default")
    refused = rejected_table(r for c in canonical for r in c.refused)
    found = review_table(table, job.plan)
    files = [c.source for c in canonical for _ in range(c.table.num_rows)]
    numbers = np.concatenate([np.empty(0, np.int64), *(c.numbers for c in canonical)])
    at = found.rejected.column("row").to_numpy()
    own = found.rejected.set_column(1, "source", pa.array([files[i] for i in at], pa.string()))
    own = own.set_column(2, "row", pa.array(numbers[at]))
    schema = rejected_schema()
    rejected = pa.concat_tables([refused, own.select(schema.names).cast(schema)])
    lines_in = lines_of(table) + (compute().sum(refused.column("lines")).as_py() or 0)
    tables = {"outcomes": found.outcomes, "reasons": found.reasons, "rejected": rejected}
    return Reviewed(**tables), record_of(0, rows.num_rows, lines_in, tables, job.plan)


@dataclass(frozen=True)
class _Canonical:
    """Rows of one file as canonical ones, with their numbers in it, and what was refused on the way."""

    source: str
    table: pa.Table
    numbers: np.ndarray
    refused: tuple[Rejection, ...] = ()


def _canonical(job: Job, source: str, first: int, piece: pa.Table) -> _Canonical:
    import numpy as np

    if source in job.as_they_are:
        return _Canonical(source, piece, np.arange(first, first + piece.num_rows))
    mapping = _mapping(piece.schema, job.plan.library)
    key = mapping.requests.of(REQUEST_KEY)
    assert key is not None  # nested_map has asked for it
    repeated = arrow().array(job.repeated, arrow().string())
    if arrow().types.is_integer(piece.schema.field(key.source).type):
        repeated = repeated.cast(arrow().int64())
    reading = Reading(load(job.plan.library), references=False)  # the review checks them
    made = assembled(piece, mapping, reading, source, first, repeated)
    return _Canonical(source, made.table, made.places + first, made.rejected)


@cache
def _mapping(given: pa.Schema, library: Path | None) -> NestedMap:
    return nested_map(given, Reading(load(library)).schema, "The input")


def _pieces(rows: pa.Table) -> Iterator[tuple[str, int, pa.Table]]:
    """Runs of rows that stand beside one another in one file: its name, the number of the first, the rows."""
    import numpy as np

    pc = compute()
    if not rows.num_rows:
        return
    files, places = rows.column(FILE).combine_chunks(), rows.column(PLACE).to_numpy()
    other = pc.not_equal(files.slice(1), files.slice(0, len(files) - 1)).to_numpy(zero_copy_only=False)
    breaks = np.flatnonzero(other | (np.diff(places) != 1)) + 1
    bare = rows.drop_columns([FILE, PLACE])
    for start, end in zip([0, *breaks], [*breaks, rows.num_rows], strict=True):
        yield files[int(start)].as_py(), int(places[start]) + 1, bare.slice(int(start), int(end - start))


# ---- Staged rows -----------------------------------------------------------------------------------


def table_schemas(plan: Plan) -> tuple[pa.Schema, pa.Schema, pa.Schema]:
    """The columns of outcomes, reasons and rejected rows, without dictionaries."""
    found = review_table(nested_schema(Reading(load(plan.library)).schema).empty_table(), plan)
    return _plain(found.outcomes.schema), _plain(found.reasons.schema), rejected_schema()


def _plain(schema: pa.Schema) -> pa.Schema:
    pa = arrow()
    return pa.schema([(f.name, f.type.value_type if pa.types.is_dictionary(f.type) else f.type) for f in schema])


def staged_schema(plan: Plan) -> pa.Schema:
    """The columns of a staged row: an outcome, its reasons, a rejected row, the counts of a batch."""
    pa = arrow()
    outcomes, reasons, rejected = table_schemas(plan)
    below = pa.list_(pa.struct([f for f in reasons if f.name not in OF_LINE]))
    return pa.schema([*outcomes, (REASONS, below), (FAULT, pa.struct(list(rejected))), (COUNTS, pa.string())])


def staged(found: Reviewed, record: PartRecord, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """The staged rows of a review of some requests: those of outcomes, of rejected rows, and one of counts."""
    pa = arrow()
    below = schema.field(REASONS).type
    outcomes = found.outcomes.append_column(REASONS, _below(found, below))
    faults = found.rejected.select([f.name for f in schema.field(FAULT).type])
    fault = pa.StructArray.from_arrays([c.combine_chunks() for c in faults.columns], fields=list(faults.schema))
    yield from _batches(outcomes, schema)
    yield from _batches(pa.table({FAULT: fault}), schema)
    yield from _batches(pa.table({COUNTS: [json.dumps(asdict(record))]}), schema)


def _batches(table: pa.Table, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    pa = arrow()
    size = table.num_rows
    columns = [
        table.column(f.name).cast(f.type) if f.name in table.column_names else pa.nulls(size, f.type) for f in schema
    ]
    yield from pa.table(columns, schema=schema).combine_chunks().to_batches() if size else ()


def _below(found: Reviewed, kind: pa.DataType) -> pa.Array:
    """The reasons of each outcome as a list, in their order."""
    import numpy as np

    pa = arrow()
    owner = _owners(found.outcomes, found.reasons)
    order = pa.array(np.argsort(owner, kind="stable"))
    fields = list(kind.value_type)
    columns = [found.reasons.column(f.name).cast(f.type).combine_chunks().take(order) for f in fields]
    offsets = np.zeros(found.outcomes.num_rows + 1, np.int32)
    np.cumsum(np.bincount(owner, minlength=found.outcomes.num_rows), out=offsets[1:])
    return pa.ListArray.from_arrays(pa.array(offsets), pa.StructArray.from_arrays(columns, fields=fields))


def _owners(outcomes: pa.Table, reasons: pa.Table) -> np.ndarray:
    """The position of the outcome of each reason.

    Raises:
        BatchError: a reason belongs to no outcome, or an outcome stands twice.
    """
    import numpy as np

    numbers = [_numbered(outcomes.column(n), reasons.column(n)) for n in OF_LINE]
    sizes = [int(max(own.max(initial=-1), other.max(initial=-1))) + 1 for own, other in numbers]
    own = np.ravel_multi_index([own for own, _ in numbers], sizes) if outcomes.num_rows else np.empty(0, np.int64)
    other = np.ravel_multi_index([o for _, o in numbers], sizes) if reasons.num_rows else np.empty(0, np.int64)
    order = np.argsort(own, kind="stable")
    place = np.searchsorted(own[order], other)
    lost = place >= len(own) if not len(own) else own[order][np.minimum(place, len(own) - 1)] != other
    if np.any(lost) or len(np.unique(own)) != len(own):
        raise BatchError("A reason belongs to no outcome, or to two.", "This is a fault of plexus; please report it.")
    owner: np.ndarray = order[place]
    return owner


def _numbered(own: Any, other: Any) -> tuple[np.ndarray, np.ndarray]:
    """The values of two columns by numbers, equal where they are."""
    pa, pc = arrow(), compute()
    kind = own.type.value_type if pa.types.is_dictionary(own.type) else own.type
    both = pa.chunked_array([*own.cast(kind).chunks, *other.cast(kind).chunks], kind)
    codes = pc.fill_null(both.combine_chunks().dictionary_encode(null_encoding="encode").indices, 0).to_numpy()
    return codes[: len(own)].astype("int64"), codes[len(own) :].astype("int64")


def records_of(texts: Iterable[str]) -> list[PartRecord]:
    """The counts of batches, numbered."""
    return [PartRecord(**{**json.loads(text), "number": i}) for i, text in enumerate(texts)]
