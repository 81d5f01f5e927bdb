"""A folder of synthetic requests, written whole or not at all, with what is expected of them and a manifest."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reasoner.errors import GenerationError
from reasoner.knowledge import Knowledge
from reasoner.synthetic.chunk import Recipe, chunk, panorama
from reasoner.synthetic.claims import REJECTED
from reasoner.synthetic.draws import Draws
from reasoner.synthetic.forms import CSV, ENTITIES, NESTED, NOTE, columns_known, open_form, parquet_writer
from reasoner.synthetic.mixture import catalogue
from reasoner.synthetic.timeline import FIRST_DAY
from reasoner.tables.schema import REQUESTS, schema_of

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

CHUNK = 50_000
"""Requests that are in memory at once, and in one row group of a Parquet file."""
MANIFEST = "manifest.json"
GENERATOR = "plexus generate"
MAX_COUNT = 100_000_000


@dataclass(frozen=True)
class Order:
    """What is written: how many requests by which recipe, in which form, into which folder.

    ``shuffle``: entity tables in an order of their own each. ``force``: in place of an earlier folder of this kind.
    """

    count: int
    recipe: Recipe
    out: Path
    form: str = NESTED
    shuffle: bool = False
    force: bool = False


def generate(
    order: Order, knowledge: Knowledge, version: str, progress: Callable[[int], None] = lambda _: None
) -> dict[str, Any]:
    """Write a folder of synthetic requests; what its manifest says is returned.

    Args:
        order: what is written.
        knowledge: the library whose tables are written.
        version: the version of the software, for the manifest.
        progress: is told after each chunk how many requests it had.

    Raises:
        GenerationError: the order cannot be carried out; nothing is written then.
    """
    _check(order)
    order.out.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(dir=order.out.resolve().parent, prefix=f".{order.out.name}."))
    try:
        manifest = _write(order, knowledge, version, work, progress)
        mask = os.umask(0)
        os.umask(mask)
        work.chmod(0o777 & ~mask)
        _put_in_place(work, order)
    except OSError as error:
        raise GenerationError(f"{order.out} cannot be written: {error.strerror or error}.") from error
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return manifest


def _check(order: Order) -> None:
    if not 1 <= order.count <= MAX_COUNT:
        raise GenerationError(f"{order.count} requests cannot be generated.", f"Ask for 1 to {MAX_COUNT:,}.")
    if order.recipe.as_of <= FIRST_DAY:
        what = f"On the as-of date {order.recipe.as_of} no request could have been received under the policies."
        raise GenerationError(what, f"Their editions are in force from {FIRST_DAY}; give a later --as-of.")
    if order.shuffle and order.form not in (ENTITIES, CSV):
        raise GenerationError(f"The form {order.form} is one row after the other.", "Shuffle entity tables only.")
    if order.out.exists() or order.out.is_symlink():
        _check_existing(order)


def _check_existing(order: Order) -> None:
    if not order.out.is_dir():
        raise GenerationError(f"{order.out} is a file.", "Name a folder that does not exist yet.")
    if not any(order.out.iterdir()):
        return
    if not order.force:
        raise GenerationError(f"{order.out} exists already.", "Name another folder, or replace it with --force.")
    if not _is_ours(order.out):
        what = f"{order.out} holds something else than requests that were generated; it is not replaced."
        raise GenerationError(what, "Name another folder.")


def _is_ours(folder: Path) -> bool:
    try:
        told = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(told, dict) and told.get("generator") == GENERATOR


def _put_in_place(work: Path, order: Order) -> None:
    out = order.out.resolve()
    if not out.exists():
        work.rename(out)
        return
    old = Path(tempfile.mkdtemp(dir=out.parent, prefix=f".{out.name}."))
    try:
        out.rename(old / "old")
        work.rename(out)
    finally:
        shutil.rmtree(old, ignore_errors=True)


# ---- Writing ---------------------------------------------------------------------------------------


def _write(
    order: Order, knowledge: Knowledge, version: str, folder: Path, progress: Callable[[int], None]
) -> dict[str, Any]:
    schema = schema_of(knowledge)
    known = columns_known(panorama(order.recipe, schema).requests, schema) if order.form in (ENTITIES, CSV) else {}
    form = open_form(order.form, folder, knowledge, known)
    outcomes: Counter[str] = Counter()
    expected = _Expected(folder / "expected.parquet")
    try:
        for numbers in _numbers(order):
            made = chunk(order.recipe, schema, numbers)
            expected.write(made.expected)
            outcomes.update(_outcomes(made.expected))
            if not order.shuffle:
                form.write(made.requests, lambda _: True)
            progress(len(numbers))
        for wanted, numbers in _shuffled(order):
            made = chunk(order.recipe, schema, numbers)
            form.write(made.requests, wanted)
            progress(len(numbers))
    finally:
        form.close()
        expected.close()
    manifest = _manifest(order, version, folder, outcomes)
    text = json.dumps(manifest, indent=2, ensure_ascii=False) + "\n"
    (folder / MANIFEST).write_text(text, encoding="utf-8")
    return manifest


class _Expected:
    """The file of what is expected of every line, one row group a chunk."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._writer: Any = None

    def write(self, table: pa.Table) -> None:
        if self._writer is None:
            self._writer = parquet_writer(self._path, table.schema)
        self._writer.write_table(table.cast(self._writer.schema), row_group_size=len(table))

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()


def passes(order: Order) -> int:
    """How many requests are made in all, for a bar of progress: a shuffled set is made three times."""
    return order.count * (3 if order.shuffle else 1)


def _numbers(order: Order) -> Iterator[NDArray[Any]]:
    import numpy as np

    for start in range(0, order.count, CHUNK):
        yield np.arange(start, min(start + CHUNK, order.count))


def _shuffled(order: Order) -> Iterator[tuple[Callable[[str], bool], NDArray[Any]]]:
    """The requests once more in one random order for the table of requests, in another for all other tables.

    A request is made from its number alone, so that any order costs the same and nothing has to be sorted.
    """
    import numpy as np

    if not order.shuffle:
        return
    for name, wanted in (("requests", _is_requests), ("rows", lambda t: not _is_requests(t))):
        drawn = Draws(order.recipe.seed, np.arange(order.count), hash).uniform(f"order of {name}")
        places = np.argsort(drawn, kind="stable")
        for start in range(0, order.count, CHUNK):
            yield wanted, places[start : start + CHUNK]


def _is_requests(table: str) -> bool:
    return table == REQUESTS


def _outcomes(expected: pa.Table) -> dict[str, int]:
    counts = expected.column("recommendation").value_counts().to_pylist()
    return {c["values"] or REJECTED: c["counts"] for c in counts}


def _manifest(order: Order, version: str, folder: Path, outcomes: Counter[str]) -> dict[str, Any]:
    recipe = {k: v for k, v in asdict(order.recipe).items() if k not in ("shares", "as_of")}
    files = sorted(p for p in folder.rglob("*") if p.is_file() and p.suffix not in (".nt", ".ttl"))
    return {
        "generator": GENERATOR,
        "version": version,
        "note": NOTE,
        "requests": order.count,
        "lines": sum(outcomes.values()),
        "as_of": order.recipe.as_of.isoformat(),
        **recipe,
        "format": order.form,
        "shuffled": order.shuffle,
        "shares": dict(order.recipe.shares),
        "outcomes": {k: outcomes[k] for k, _ in order.recipe.shares if outcomes[k]},
        "scenarios": catalogue(),
        # A file of RDF holds one request; to list a million of them would help nobody.
        "files": {str(p.relative_to(folder)): _digest(p) for p in files},
    }


def _digest(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    return {"bytes": path.stat().st_size, "sha256": found}
