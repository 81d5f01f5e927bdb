"""What cannot be reviewed: rows with the fault, its place and its cure, and how many lines are lost by it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from reasoner.errors import Fault
from reasoner.tables.optional import arrow

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Rejection:
    """One fault: of a request (``request`` is its identifier), or of one row of a file.

    ``row`` counts the rows of the file from 1, without its header. ``lines`` counts the lines of the request that are
    lost, on its first fault; on its other faults it is 0.
    """

    request: str | None
    source: str | None
    row: int | None
    where: str
    fault: str
    cure: str
    lines: int = 0


def rejections(
    request: str | None, faults: Iterable[Fault], lines: int, source: str | None = None, row: int | None = None
) -> tuple[Rejection, ...]:
    """The faults of one request as rejections, the lines counted once."""
    every = [Rejection(request, source, row, f.where, f.what, f.cure) for f in faults]
    return tuple(replace(r, lines=lines) if i == 0 else r for i, r in enumerate(every))


def rejected_schema() -> pa.Schema:
    """The columns of a table of rejections."""
    pa = arrow()
    texts = [(name, pa.string()) for name in ("where", "fault", "cure")]
    head = [("request", pa.string()), ("source", pa.string()), ("row", pa.int64())]
    return pa.schema([*head, *texts, ("lines", pa.int32())])


def rejected_table(found: Iterable[Rejection]) -> pa.Table:
    """A table of rejections, in their order."""
    pa = arrow()
    schema = rejected_schema()
    every = tuple(found)
    return pa.table({name: [getattr(r, name) for r in every] for name in schema.names}, schema=schema)
