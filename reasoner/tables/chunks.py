"""Requests chunk by chunk: what every kind of input is read into, and how rows are cut into chunks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reasoner.knowledge import Knowledge
from reasoner.tables.optional import arrow
from reasoner.tables.rejected import Rejection
from reasoner.tables.schema import Schema, schema_of

if TYPE_CHECKING:
    import pyarrow as pa

ROWS = 25_000
MEMORY = 512 * 1024 * 1024


@dataclass(frozen=True)
class Chunk:
    """Some requests as rows of the nested table, and what was rejected on the way to it.

    ``number`` is the same in every run over the same input with as many rows a chunk.
    """

    number: int
    table: pa.Table
    rejected: tuple[Rejection, ...] = ()


@dataclass(frozen=True)
class Pending:
    """A chunk that is made when it is asked for: its rows, and what was rejected."""

    load: Callable[[], tuple[Any, tuple[Rejection, ...]]]


@dataclass(frozen=True)
class Reading:
    """How inputs are read.

    ``memory`` bounds, in bytes and roughly, what is held at once; ``metadata`` is a CSVW file; ``references`` says
    whether references are checked; ``spill`` is where partitions are kept meanwhile (default: the system's folder for
    temporary files).
    """

    knowledge: Knowledge
    rows: int = ROWS
    memory: int = MEMORY
    metadata: Path | None = None
    references: bool = True
    spill: Path | None = None

    @property
    def schema(self) -> Schema:
        """The schema of the library."""
        return schema_of(self.knowledge)


def cut(tables: Iterable[Any], rows: int) -> Iterator[Any]:
    """The same rows in tables of exactly so many, the last one shorter."""
    pa = arrow()
    held: list[Any] = []
    count = 0
    for table in tables:
        held.append(table)
        count += table.num_rows
        while count >= rows:
            whole = pa.concat_tables(held)
            yield whole.slice(0, rows)
            held, count = [whole.slice(rows)], count - rows
    if count:
        yield pa.concat_tables(held)
