"""Outcomes as they stand in the folder of a batch, read in little memory."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reasoner.batch.tables_out import WORDS
from reasoner.errors import BatchError
from reasoner.tables.optional import arrow, compute, parquet

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

MANIFEST, OUTCOMES = "manifest.json", "outcomes.parquet"
AHEAD = "request", "line", "code", "recommendation", "basis", "next", "policy", "edition", "profile", "run_id"
"""The columns before those of the criteria."""
BEHIND = "hinges"


@dataclass(frozen=True)
class OutcomeFolder:
    """The folder that a batch has written."""

    path: Path

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """What the run was asked for and made with."""
        try:
            told: dict[str, Any] = json.loads((self.path / MANIFEST).read_text(encoding="utf-8"))
            if not isinstance(told["profiles"], dict):
                raise TypeError
        except FileNotFoundError as error:
            going = (self.path / "parts").is_dir()
            what = "holds an interrupted run" if going else f"has no {MANIFEST}, so it is no output of a batch"
            cure = "Go on with plexus batch --resume." if going else "Name the folder that plexus batch -o wrote."
            raise BatchError(f"{self.path} {what}.", cure) from error
        except (OSError, ValueError, KeyError, TypeError) as error:
            cure = "Name the folder that plexus batch -o wrote."
            raise BatchError(f"{self.path / MANIFEST} is no manifest of a batch.", cure) from error
        return told

    @property
    def profiles(self) -> tuple[str, ...]:
        """The names of its profiles."""
        return tuple(self.manifest["profiles"])

    @cached_property
    def _schema(self) -> pa.Schema:
        with self._opened() as file:
            schema = file.schema_arrow
        missing = [n for n in (*AHEAD, BEHIND) if n not in schema.names]
        if missing:
            raise BatchError(f"{self.path / OUTCOMES} has no column {', '.join(missing)}.", "Run the batch anew.")
        return schema

    @property
    def criteria(self) -> tuple[str, ...]:
        """The ids of the criteria that have a column."""
        return tuple(n for n in self._schema.names if n not in AHEAD and n != BEHIND)

    @property
    def rows(self) -> int:
        """How many outcomes it has."""
        with self._opened() as file:
            return int(file.metadata.num_rows)

    def _opened(self) -> pa.parquet.ParquetFile:
        path = self.path / OUTCOMES
        try:
            return parquet().ParquetFile(path)
        except (OSError, arrow().ArrowException) as error:
            raise BatchError(f"{path} cannot be read as Parquet.", "Run the batch anew.") from error

    def batches(self, columns: Sequence[str], rows: int = 100_000) -> Iterator[tuple[int, pa.Table]]:
        """The outcomes with the number of the first row of each batch, from 0."""
        _ = self._schema
        pa = arrow()
        at = 0
        with self._opened() as file:
            for batch in file.iter_batches(batch_size=rows, columns=list(columns)):
                yield at, pa.Table.from_batches([batch])
                at += batch.num_rows

    def at(self, rows: NDArray[np.int64], columns: Sequence[str]) -> pa.Table:
        """The outcomes of some rows, in ascending order of their numbers."""
        import numpy as np

        pa = arrow()
        found = []
        for start, batch in self.batches(columns):
            here = rows[np.searchsorted(rows, start) : np.searchsorted(rows, start + batch.num_rows)] - start
            found.append(batch.take(pa.array(here)))
        return pa.concat_tables(found).select(list(columns))


def status_codes(column: pa.ChunkedArray) -> NDArray[np.int8]:
    """The statuses of a column by their places in WORDS; -1 where another policy governs."""
    import numpy as np

    words = compute().index_in(column.cast(arrow().string()), arrow().array(WORDS))
    return np.asarray(words.fill_null(-1).combine_chunks()).astype(np.int8)
