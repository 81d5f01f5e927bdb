"""Entity tables into chunks: all at once, side by side where they are sorted, or partition by partition."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reasoner.tables.assemble import Assembled, alike, assemble, is_increasing, typed_key
from reasoner.tables.chunks import Pending, Reading, cut
from reasoner.tables.entities import Entity, Folder, open_folder
from reasoner.tables.optional import arrow, compute
from reasoner.tables.rejected import Rejection
from reasoner.tables.schema import REQUEST, REQUEST_KEY, REQUESTS

if TYPE_CHECKING:
    import numpy as np

_SPILLED = 65_536
"""How many rows are sorted into partitions at once."""
SHARE = 5
"""Tables take one of so many parts of the memory; the rest is for those who review."""
_WORKING = 2
"""How many times its size a partition takes while it is typed and nested."""
_WHOLE = 4
"""The same of tables that are nested whole and then given away chunk by chunk."""


def entity_chunks(path: Path, reading: Reading) -> Iterator[Pending]:
    """The chunks of a folder of entity tables.

    Raises:
        TableError: see :func:`reasoner.tables.entities.open_folder`.
    """
    folder = open_folder(path, reading.schema, reading.metadata)
    if folder.size * _WHOLE <= reading.memory // SHARE:
        yield from _whole([(e, _all(e)) for e in folder.entities], reading)
    elif _sorted(folder):
        yield from _side_by_side(folder, reading)
    else:
        yield from _partitioned(folder, reading)


def _all(entity: Entity) -> Any:
    return arrow().concat_tables(list(entity.raw()) or [entity.empty()])


def _assembled(raw: Sequence[tuple[Entity, Any]], reading: Reading) -> Assembled:
    requests, *children = [entity.part(table) for entity, table in raw]
    return assemble(requests, children, reading.schema, references=reading.references)


def _whole(raw: Sequence[tuple[Entity, Any]], reading: Reading) -> Iterator[Pending]:
    """Chunks of tables in memory; what was rejected belongs to the first of them."""
    made = cache(partial(_assembled, raw, reading))
    for start in range(0, max(raw[0][1].num_rows, 1), reading.rows):
        yield Pending(partial(_slice, made, start, reading.rows))


def _slice(make: Callable[[], Assembled], start: int, rows: int) -> tuple[Any, tuple[Rejection, ...]]:
    import numpy as np

    made = make()
    first, last = np.searchsorted(made.places, [start, start + rows])
    return made.table.slice(int(first), int(last - first)), made.rejected if start == 0 else ()


# ---- Side by side ----------------------------------------------------------------------------------


def _key_column(entity: Entity) -> tuple[str, Any]:
    found = entity.mapping.of(REQUEST_KEY if entity.mapping.table.name == REQUESTS else REQUEST)
    assert found is not None  # open_folder has asked for it
    return found.source, found.treatment


def _keys(entity: Entity, raw: Any) -> Any:
    name, treatment = _key_column(entity)
    return typed_key(raw.column(name), treatment, f"{entity.source}, {name}")


def _sorted(folder: Folder) -> bool:
    """Whether all tables are sorted by request, by keys of one type; only the keys are read."""
    kinds = set()
    for entity in folder.entities:
        strictly = entity.mapping.table.name == REQUESTS
        last = None
        for batch in entity.file.batches([_key_column(entity)[0]]):
            keys = _keys(entity, batch)
            if last is not None:
                keys = arrow().concat_arrays([last, keys])
            kinds.add(keys.type)
            if not is_increasing(keys, strictly=strictly) or len(kinds) > 1:
                return False
            last = keys.slice(len(keys) - 1) if len(keys) else last
    return True


@dataclass
class _Ahead:
    """A child table read as far as the requests have come."""

    entity: Entity
    batches: Iterator[Any]
    held: Any

    def until(self, last: Any) -> Any:
        """The rows up to a key; all that are left where there is none."""
        taken = []
        while True:
            keys = _keys(self.entity, self.held)
            upto = len(keys) if last is None else _upto(keys, last)
            taken.append(self.held.slice(0, upto))
            self.held = self.held.slice(upto)
            if self.held.num_rows:
                break
            following = next(self.batches, None)
            if following is None:
                break
            self.held = following
        return arrow().concat_tables(taken)


def _upto(keys: Any, last: Any) -> int:
    return int(compute().sum(compute().less_equal(keys, last)).as_py() or 0)


def _side_by_side(folder: Folder, reading: Reading) -> Iterator[Pending]:
    requests, *others = folder.entities
    children = [_Ahead(e, raw := e.raw(), next(raw, e.empty())) for e in others]
    pieces = cut(requests.raw(), reading.rows)
    piece = next(pieces, requests.empty())
    while piece is not None:
        following = next(pieces, None)
        keys = _keys(requests, piece)
        last = keys[len(keys) - 1] if following is not None else None
        raw_tables = [(requests, piece), *((c.entity, c.until(last)) for c in children)]
        yield Pending(partial(_loaded, raw_tables, reading))
        piece = following


def _loaded(raw: Sequence[tuple[Entity, Any]], reading: Reading) -> tuple[Any, tuple[Rejection, ...]]:
    made = _assembled(raw, reading)
    return made.table, made.rejected


# ---- Partitions ------------------------------------------------------------------------------------


def _partitioned(folder: Folder, reading: Reading) -> Iterator[Pending]:
    """Ranges of keys, each kept in files of its own and read alone."""
    parts = -(-folder.size * _WORKING // max(reading.memory // SHARE // 2, 1))
    with tempfile.TemporaryDirectory(prefix="plexus-", dir=reading.spill) as name:
        bounds = _bounds(folder, parts)
        counts, *_ = [_spill(entity, bounds, Path(name)) for entity in folder.entities]
        for number in range(len(bounds) + 1):
            files = [(e, Path(name) / f"{e.mapping.table.name}-{number}.arrow") for e in folder.entities]
            rows = counts.get(number, 0)
            raw = partial(_read_all, files)
            made = cache(partial(_assembled_of, raw, reading))
            for start in range(0, max(rows, 1), reading.rows):
                yield Pending(partial(_slice, made, start, reading.rows))


def _read_all(files: Sequence[tuple[Entity, Path]]) -> Sequence[tuple[Entity, Any]]:
    from pyarrow import ipc

    return [(e, ipc.open_stream(f).read_all() if f.is_file() else e.empty()) for e, f in files]


def _assembled_of(read: Callable[[], Sequence[tuple[Entity, Any]]], reading: Reading) -> Assembled:
    return _assembled(read(), reading)


def _bounds(folder: Folder, parts: int) -> list[Any]:
    """The keys at which partitions begin, but for the first: whole numbers where all keys are, else texts."""
    pa, pc = arrow(), compute()
    probes = [_keys(e, next(e.raw(1), e.empty())) for e in folder.entities]
    kind = alike(probes)[0].type
    requests = folder.requests
    batches = requests.file.batches([_key_column(requests)[0]])
    keys = pa.chunked_array([_keys(requests, b).cast(kind).drop_null() for b in batches], kind).combine_chunks()
    keys = keys.take(pc.array_sort_indices(keys))
    places = sorted({len(keys) * i // parts for i in range(1, parts)})
    return sorted({keys[p].as_py() for p in places if 0 < p < len(keys)})


def _spill(entity: Entity, bounds: list[Any], folder: Path) -> dict[int, int]:
    """Writes each range of a table to a file of its own, and counts the rows of each."""
    import numpy as np
    from pyarrow import ipc

    pa = arrow()
    options = ipc.IpcWriteOptions(compression="lz4")
    writers: dict[int, Any] = {}
    counts: dict[int, int] = {}
    with ExitStack() as stack:
        for batch in entity.raw(_SPILLED):
            partition = _partition(_keys(entity, batch), bounds)
            order = np.argsort(partition, kind="stable")
            rows = batch.take(pa.array(order))
            numbers, starts = np.unique(partition[order], return_index=True)
            for number, start, end in zip(numbers, starts, [*starts[1:], len(order)], strict=True):
                if number not in writers:
                    path = folder / f"{entity.mapping.table.name}-{number}.arrow"
                    writers[number] = stack.enter_context(ipc.new_stream(path, rows.schema, options=options))
                writers[number].write_table(rows.slice(start, end - start))
                counts[int(number)] = counts.get(int(number), 0) + int(end - start)
    return counts


def _partition(keys: Any, bounds: list[Any]) -> np.ndarray:
    """The partition of each key, that is how many bounds it reaches; a missing one goes into the first."""
    import numpy as np

    pa, pc = arrow(), compute()
    if not all(isinstance(b, int) for b in bounds):
        keys = keys.cast(pa.string())
    if hasattr(pc, "search_sorted"):  # of later releases of Arrow
        places = pc.search_sorted(pa.array(bounds, keys.type), keys, side="right")
        found: np.ndarray = pc.fill_null(places, 0).to_numpy(zero_copy_only=False)
        return found.astype(np.int64)
    out = np.zeros(len(keys), np.int64)
    for bound in bounds:
        out += pc.fill_null(pc.greater_equal(keys, bound), False).to_numpy(zero_copy_only=False)
    return out
