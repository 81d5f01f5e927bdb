"""What a batch is cut into: numbered chunks of the nested table, each of which says how it is read.

A chunk of a Parquet file is a few row groups, so that a worker reads its own and nothing travels between processes.
What another reader makes (entity tables, RDF) travels as a table. The cut depends on the input and on the number of
rows a chunk may have, never on the number of workers, so the output does not either.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from reasoner.errors import BatchError
from reasoner.tables.optional import arrow, parquet

if TYPE_CHECKING:
    import pyarrow as pa

ROWS = 25_000
"""How many requests a chunk has at most; more gain nothing, and cost memory."""
FEWEST = 500
SLICED = 64 << 20
"""Up to how many bytes a row group that is larger than a chunk is read whole by each worker, and sliced there."""
BUFFER = 1 << 20
"""How many bytes of a large row group are read at once, column by column."""


class Chunk(Protocol):
    """A numbered part of the input. It must be picklable."""

    @property
    def number(self) -> int:
        """Its place among the chunks, from 0."""

    @property
    def rows(self) -> int:
        """How many requests it has, with those that its reader rejected."""

    @property
    def name(self) -> str:
        """What it is, for messages: the file and the rows."""

    @property
    def source(self) -> str | None:
        """The file of which it holds rows as they stand there; None: rows are not those of one file."""

    @property
    def first(self) -> int:
        """The number of its first row in that file, from 1."""

    def read(self) -> tuple[pa.Table, pa.Table | None]:
        """Its rows, and what its reader rejected (None: nothing)."""


@dataclass(frozen=True)
class RowGroups:
    """Row groups of a nested Parquet file that stand beside one another; ``first`` counts rows from 1."""

    number: int
    path: Path
    groups: tuple[int, ...]
    first: int
    rows: int

    @property
    def name(self) -> str:
        """The file and the rows."""
        return f"{self.path}, rows {self.first} to {self.first + self.rows - 1}"

    @property
    def source(self) -> str:
        """The name of the file."""
        return self.path.name

    def read(self) -> tuple[pa.Table, pa.Table | None]:
        """The rows; a Parquet reader rejects none."""
        pa = arrow()
        try:
            # Each row group has dictionaries of its own, which Arrow cannot join within lists.
            texts = _texts(self.path) if len(self.groups) == 1 else []
            known = _metadata(self.path)
            with parquet().ParquetFile(self.path, metadata=known, read_dictionary=texts, pre_buffer=False) as file:
                columns = _used(known, self.groups)
                # Where a worker has one processor, threads of Arrow only get into each other's way.
                threads = pa.cpu_count() > 1
                return file.read_row_groups(list(self.groups), columns=columns, use_threads=threads), None
        except (OSError, pa.ArrowException) as error:
            raise BatchError(
                f"{self.name}: its Parquet is damaged ({_short(error)}).", "Write the file anew."
            ) from error


@dataclass(frozen=True)
class GroupSlice:
    """Some rows of one row group; ``first`` counts rows of the file from 1, ``start`` rows of the group from 0."""

    number: int
    path: Path
    group: int
    start: int
    first: int
    rows: int

    @property
    def name(self) -> str:
        """The file and the rows."""
        return f"{self.path}, rows {self.first} to {self.first + self.rows - 1}"

    @property
    def source(self) -> str:
        """The name of the file."""
        return self.path.name

    def read(self) -> tuple[pa.Table, pa.Table | None]:
        """The rows; the group is kept for the next slice of it."""
        whole = _group_table(self.path, self.group, self.first - self.start, *_state(self.path))
        return whole.slice(self.start, self.rows), None


@lru_cache(maxsize=1)
def _group_table(path: Path, group: int, first: int, changed: int, size: int) -> pa.Table:
    table, _ = RowGroups(0, path, (group,), first, 0).read()
    return table


def _texts(path: Path) -> list[str]:
    """The columns of text, which are read as dictionaries: texts are looked at once each."""
    group = _metadata(path).row_group(0)
    columns = (group.column(i) for i in range(group.num_columns))
    return [c.path_in_schema for c in columns if c.physical_type == "BYTE_ARRAY"]


def _metadata(path: Path) -> Any:
    """What a file says of its row groups; of a large file that is much, and takes long to read for every chunk."""
    return _metadata_of(path, *_state(path))


def _state(path: Path) -> tuple[int, int]:
    """What tells that a file was written anew: when, and how large it is."""
    now = path.stat()
    return now.st_mtime_ns, now.st_size


@lru_cache(maxsize=1)
def _metadata_of(path: Path, changed: int, size: int) -> Any:
    return _opened(path).metadata


def _used(metadata: Any, groups: Sequence[int]) -> list[str]:
    """The columns that have a value in some row group; an empty one costs as much time to read as a full one.

    The first column of each table stays, whatever it has: a row that says nothing is still a row.
    """
    out: dict[str, None] = {}
    tables: set[str] = set()
    for number in groups:
        group = metadata.row_group(number)
        for column in (group.column(i) for i in range(group.num_columns)):
            path, known = column.path_in_schema, column.statistics
            empty = known is not None and known.has_null_count and known.null_count >= column.num_values
            table = path.partition(".")[0]
            if not empty or table not in tables:
                out[path] = None
            tables.add(table)
    return list(out)


@dataclass(frozen=True)
class Given:
    """Rows that another reader has made, with what it rejected; ``source`` and ``first`` as in :class:`Chunk`."""

    number: int
    name: str
    table: pa.Table
    rejected: pa.Table | None
    rows: int
    source: str | None = None
    first: int = 1

    def read(self) -> tuple[pa.Table, pa.Table | None]:
        """The rows, and what was rejected."""
        return self.table, self.rejected

    def parked(self, folder: Path) -> Parked:
        """The same chunk in files, for another process: through a pipe, the rows would be copied several times."""
        files = {"rows": self.table} | ({} if self.rejected is None else {"rejected": self.rejected})
        for name, table in files.items():
            with arrow().ipc.new_stream(folder / f"{self.number}-{name}.arrow", table.schema) as writer:
                writer.write_table(table)
        return Parked(self.number, self.name, folder, self.rows, self.source, self.first)


@dataclass(frozen=True)
class Parked:
    """Rows that another reader has made, in files that are gone once they are read."""

    number: int
    name: str
    folder: Path
    rows: int
    source: str | None = None
    first: int = 1

    def read(self) -> tuple[pa.Table, pa.Table | None]:
        """The rows, and what was rejected."""
        return self._taken("rows"), self._taken("rejected")

    def _taken(self, name: str) -> pa.Table | None:
        path = self.folder / f"{self.number}-{name}.arrow"
        if not path.is_file():
            return None
        with arrow().OSFile(str(path)) as file:
            table = arrow().ipc.open_stream(file).read_all()
        path.unlink()
        return table


def _short(error: Exception) -> str:
    return str(error).splitlines()[0][:200] if str(error) else type(error).__name__


def nested_rows(path: Path) -> int:
    """How many requests a nested Parquet file has.

    Raises:
        BatchError: it cannot be read as Parquet.
    """
    return int(_opened(path).metadata.num_rows)


def row_bytes(path: Path) -> int:
    """How many bytes a request of a nested Parquet file takes in memory, about."""
    meta = _opened(path).metadata
    size = sum(int(meta.row_group(i).total_byte_size) for i in range(meta.num_row_groups))
    return size // max(1, int(meta.num_rows)) + 1


def nested_chunks(
    paths: Sequence[Path], *, rows: int = ROWS, first: int = 0
) -> Iterator[RowGroups | GroupSlice | Given]:
    """The chunks of nested Parquet files, numbered from ``first``.

    Small row groups are put together. A row group that is larger than a chunk is sliced by whoever reviews it. Of a
    very large one, rows are read one after the other in little memory; they travel to whoever reviews them.

    Raises:
        BatchError: a file cannot be read as Parquet.
    """
    number = first
    for path in paths:
        for chunk in _file_chunks(path, rows, number):
            yield chunk
            number += 1


def _file_chunks(path: Path, rows: int, number: int) -> Iterator[RowGroups | GroupSlice | Given]:
    meta = _opened(path).metadata
    waiting: list[int] = []
    start = at = 0
    for group in range(meta.num_row_groups):
        size = int(meta.row_group(group).num_rows)
        if waiting and at - start + size > rows:
            yield RowGroups(number, path, tuple(waiting), start + 1, at - start)
            number, waiting, start = number + 1, [], at
        at += size
        if size > rows:
            sliced = int(meta.row_group(group).total_byte_size) <= SLICED
            for chunk in (_slices if sliced else _cut)(path, group, rows, start, number):
                yield chunk
                number = chunk.number + 1
            start = at
        elif size:
            waiting.append(group)
    if waiting:
        yield RowGroups(number, path, tuple(waiting), start + 1, at - start)


def _slices(path: Path, group: int, rows: int, start: int, number: int) -> Iterator[GroupSlice]:
    size = int(_opened(path).metadata.row_group(group).num_rows)
    for place, at in enumerate(range(0, size, rows)):
        yield GroupSlice(number + place, path, group, at, start + at + 1, min(rows, size - at))


def _cut(path: Path, group: int, rows: int, start: int, number: int) -> Iterator[Given]:
    pa = arrow()
    with parquet().ParquetFile(path, pre_buffer=False, buffer_size=BUFFER) as file:
        try:
            for batch in file.iter_batches(batch_size=rows, row_groups=[group], use_threads=False):
                name = f"{path}, rows {start + 1} to {start + batch.num_rows}"
                table = pa.Table.from_batches([batch])
                yield Given(number, name, table, None, batch.num_rows, path.name, start + 1)
                number, start = number + 1, start + batch.num_rows
        except (OSError, pa.ArrowException) as error:
            raise BatchError(f"{path}: its Parquet is damaged ({_short(error)}).", "Write the file anew.") from error


def _opened(path: Path) -> pa.parquet.ParquetFile:
    try:
        return parquet().ParquetFile(path)
    except (OSError, arrow().ArrowException) as error:
        raise BatchError(
            f"{path} cannot be read as Parquet: {_short(error)}.", "Check the path and the file."
        ) from error


def given_chunks(made: Iterable[tuple[str, pa.Table, pa.Table | None]], *, first: int = 0) -> Iterator[Given]:
    """Tables with their names and rejections as chunks, numbered from ``first``."""
    for number, (name, table, rejected) in enumerate(made, first):
        lost = len(set(rejected.column("request").to_pylist())) if rejected is not None else 0
        yield Given(number, name, table, rejected, table.num_rows + lost)
