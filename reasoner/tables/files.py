"""Tables in files: the names of their columns, and their rows batch by batch."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from reasoner.errors import TableError
from reasoner.tables.optional import arrow, parquet

BLOCK = 8 * 1024 * 1024
"""How many bytes of a CSV file are read at once."""
BUFFER = 256 * 1024
"""How many bytes of a column of a Parquet file are read at once."""
TABLE_SUFFIXES = (".parquet", ".pq", ".csv", ".tsv")


@dataclass(frozen=True)
class TableFile:
    """A CSV or Parquet file; delimiter and encoding are those of a CSV file."""

    path: Path
    delimiter: str = ","
    encoding: str = "utf-8"
    headers: tuple[str, ...] = field(default=(), compare=False)

    @property
    def is_csv(self) -> bool:
        """Whether its cells are text."""
        return self.path.suffix.lower() in (".csv", ".tsv")

    @property
    def size(self) -> int:
        """Roughly how many bytes it takes in memory."""
        if self.is_csv:
            return 2 * self.path.stat().st_size
        file = open_parquet(self.path)
        first = next(file.iter_batches(1024), None)  # the file says what it takes compressed and with dictionaries
        return 0 if first is None or not first.num_rows else first.nbytes * file.metadata.num_rows // first.num_rows

    def batches(self, columns: Sequence[str], rows: int = 16_384) -> Iterator[Any]:
        """The rows as Arrow tables of some columns, in the order of the file.

        Raises:
            TableError: the file is broken; the message holds no cell.
        """
        yield from self._csv(columns) if self.is_csv else self._parquet(columns, rows)

    def _parquet(self, columns: Sequence[str], rows: int) -> Iterator[Any]:
        pa = arrow()
        file = open_parquet(self.path)
        try:
            for batch in file.iter_batches(batch_size=rows, columns=list(columns)):
                yield pa.Table.from_batches([batch]).select(list(columns))
        except (OSError, pa.ArrowInvalid) as error:
            raise TableError(f"{self.path} cannot be read: its Parquet is damaged.", "Write it anew.") from error

    def _csv(self, columns: Sequence[str]) -> Iterator[Any]:
        pa = arrow()
        import pyarrow.csv as arrow_csv

        ragged: list[Any] = []

        def odd(row: Any) -> str:
            ragged.append(row)
            return "skip"

        parse = arrow_csv.ParseOptions(delimiter=self.delimiter, newlines_in_values=True, invalid_row_handler=odd)
        try:
            reader = arrow_csv.open_csv(
                self.path,
                read_options=arrow_csv.ReadOptions(block_size=BLOCK, encoding=self.encoding),
                parse_options=parse,
                convert_options=arrow_csv.ConvertOptions(
                    column_types={h: pa.string() for h in self.headers},
                    include_columns=list(columns),
                    strings_can_be_null=False,
                ),
            )
            for batch in reader:
                self._refuse(ragged)
                yield pa.Table.from_batches([batch])
        except (OSError, pa.ArrowInvalid) as error:
            self._refuse(ragged)
            what = f"is not {self.encoding} text" if "UTF8" in str(error) else "cannot be read as CSV"
            cure = "Save it as UTF-8, quote cells that hold the delimiter, and start with a row of names."
            raise TableError(f"{self.path} {what}.", cure) from error
        self._refuse(ragged)

    def _refuse(self, ragged: Sequence[Any]) -> None:
        if ragged:
            row = ragged[0]
            place = f"line {row.number}" if row.number else "a row"
            what = f"{self.path}: {place} has {row.actual_columns} cells, and there are {row.expected_columns} columns."
            raise TableError(what, "Quote cells that hold the delimiter, or correct the row.")


def open_parquet(path: Path) -> Any:
    """An open Parquet file.

    Raises:
        TableError: it is none.
    """
    pa = arrow()
    try:
        return parquet().ParquetFile(path, buffer_size=BUFFER, pre_buffer=False)
    except (OSError, pa.ArrowInvalid) as error:
        raise TableError(f"{path} cannot be read as Parquet.", "Check the path, or write the file anew.") from error


def opened(path: Path, delimiter: str | None = None, encoding: str = "utf-8") -> TableFile:
    """A file with the names of its columns.

    Raises:
        TableError: it cannot be read, is empty, or names two columns alike.
    """
    mark = delimiter or ("\t" if path.suffix.lower() == ".tsv" else ",")
    file = TableFile(path, mark, encoding)
    headers = _csv_headers(file) if file.is_csv else tuple(open_parquet(path).schema_arrow.names)
    twice = sorted({h for h in headers if headers.count(h) > 1})
    if twice:
        raise TableError(f"{path} has the column {', '.join(twice)} twice.", "Rename one.")
    return TableFile(path, mark, encoding, headers)


def _csv_headers(file: TableFile) -> tuple[str, ...]:
    try:
        encoding = "utf-8-sig" if file.encoding.lower().replace("_", "-") == "utf-8" else file.encoding
        with file.path.open(encoding=encoding, newline="") as text:
            found = next(csv.reader(text, delimiter=file.delimiter), None)
    except (OSError, LookupError, UnicodeDecodeError, csv.Error) as error:
        raise TableError(
            f"{file.path} cannot be read as {file.encoding} CSV.", "Check the path and encoding."
        ) from error
    if not found:
        raise TableError(f"{file.path} is empty.", "Its first row names the columns.")
    return tuple(found)
