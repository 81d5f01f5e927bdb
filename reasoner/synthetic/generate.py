"""Synthetic requests written to a folder: the requests in one of several forms, what is expected of them, a manifest.

Everything follows from the seed, the number of requests and the other choices: the same ones give the same files.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reasoner.errors import GenerationError
from reasoner.knowledge import Knowledge, load
from reasoner.synthetic.chunk import BOTH, POLICIES, Chunk, Recipe, chunk, staged
from reasoner.synthetic.claims import REJECTED, Fault, Variant
from reasoner.synthetic.mixture import SHARES, decks
from reasoner.synthetic.sinks import EntitySink, ParquetSink, RdfSink, ShuffledSink, Sink
from reasoner.synthetic.timeline import EARLIEST
from reasoner.tables.schema import nested_schema, schema_of

if TYPE_CHECKING:
    import pyarrow as pa

FORMATS = ("nested", "entities", "csv", "ntriples", "turtle")
"""The forms of requests."""
CHUNK = 50_000
"""Requests that are in memory at a time."""
AS_OF = date(2026, 6, 30)
"""The day of the review, unless another one is asked for: fixed, so that the same command gives the same files."""
MANIFEST = "manifest.json"
KIND = "synthetic prior-authorization requests"
NOTICE = "Made by plexus generate. No record describes a person; every identifier begins with SYN-."


@dataclass(frozen=True)
class Order:
    """What is to be generated.

    Attributes:
        count: requests.
        seed: of the random draws, from 0.
        policy: ``0587``, ``cmm-608`` or ``both``.
        form: one of :data:`FORMATS`.
        shuffle: rows of entity tables in no order.
        as_of: the day of the review; the expected outcomes hold on this day.
        shares: how often an outcome is drawn, as numbers in proportion; an outcome that is not named never is.
    """

    count: int
    seed: int
    policy: str = BOTH
    form: str = "nested"
    shuffle: bool = False
    as_of: date = AS_OF
    shares: tuple[tuple[str, float], ...] = tuple(SHARES.items())


def generate(
    order: Order, output: Path, *, force: bool = False, progress: Callable[[int], object] = lambda _: None
) -> dict[str, Any]:
    """Write a folder of synthetic requests, whole or not at all.

    Args:
        order: what is to be generated.
        output: the folder, with the requests, ``expected.parquet`` and ``manifest.json``.
        force: replace an earlier folder of synthetic requests.
        progress: told how many more requests are done.

    Returns:
        The manifest.

    Raises:
        GenerationError: the order cannot be filled, or the folder not be written.
        TableError: pyarrow is not installed.
    """
    _check(order)
    _check_output(output, force)
    try:
        with _whole(output) as folder:
            manifest = _written(order, folder, progress)
            text = json.dumps(manifest, indent=2, ensure_ascii=False) + "\n"
            (folder / MANIFEST).write_text(text, encoding="utf-8")
    except OSError as error:
        raise GenerationError(f"{output} cannot be written: {error.strerror or error}.") from error
    return manifest


def _check(order: Order) -> None:
    if order.count < 1:
        raise GenerationError(f"{order.count} requests cannot be made.", "Ask for one or more.")
    if order.seed < 0:
        raise GenerationError(f"The seed {order.seed} is negative.", "Take a whole number from 0.")
    if order.policy not in POLICIES:
        raise GenerationError(f"{order.policy!r} is no policy to generate for.", f"Name one of {', '.join(POLICIES)}.")
    if order.form not in FORMATS:
        raise GenerationError(f"{order.form!r} is no format of requests.", f"Name one of {', '.join(FORMATS)}.")
    if order.shuffle and order.form not in ("entities", "csv"):
        raise GenerationError(f"The rows of {order.form} cannot be shuffled.", "Take --format entities or csv.")
    if order.as_of < EARLIEST:
        what = f"No request can be reviewed as of {order.as_of}, before the policies' editions are in force."
        raise GenerationError(what, f"Take a day from {EARLIEST} on.")
    _check_shares(order.shares)


def _check_shares(shares: tuple[tuple[str, float], ...]) -> None:
    for outcome, share in shares:
        if outcome not in SHARES:
            raise GenerationError(f"{outcome!r} is no outcome to draw.", f"Name one of {', '.join(SHARES)}.")
        if not 0 <= share < float("inf"):
            raise GenerationError(f"The share of {outcome} is {share}.", "Take a number from 0.")
    if not any(share for _, share in shares):
        raise GenerationError("No outcome has a share above 0.", f"Give one of {', '.join(SHARES)} a share.")


def _check_output(output: Path, force: bool) -> None:
    if not output.parent.is_dir():
        raise GenerationError(f"{output.parent} is no folder.", "Make it first.")
    if not output.exists() or (output.is_dir() and not any(output.iterdir())):
        return
    if not _is_ours(output):
        raise GenerationError(f"{output} exists and holds no synthetic requests.", "Name another folder.")
    if not force:
        raise GenerationError(f"{output} holds synthetic requests already.", "Name another folder, or add --force.")


def _is_ours(output: Path) -> bool:
    try:
        said = json.loads((output / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(said, dict) and said.get("kind") == KIND


@contextmanager
def _whole(output: Path) -> Iterator[Path]:
    """A folder beside the output that takes its place in the end; what fails leaves the output as it was."""
    output = output.resolve()
    scratch = Path(tempfile.mkdtemp(dir=output.parent, prefix=f".{output.name}."))
    try:
        made = scratch / "new"
        made.mkdir()
        yield made
        if output.exists():
            output.rename(scratch / "old")
        made.rename(output)
    finally:
        old = scratch / "old"
        if old.exists() and not output.exists():
            old.rename(output)
        shutil.rmtree(scratch, ignore_errors=True)


# ---- Writing ---------------------------------------------------------------------------------------


def _written(order: Order, folder: Path, progress: Callable[[int], object]) -> dict[str, Any]:
    """Make and write every chunk; while one is written the next is made."""
    import numpy as np

    knowledge = load(None)
    recipe, schema = Recipe(order.seed, order.as_of, order.policy, order.shares), schema_of(knowledge)
    like = staged(recipe, schema)
    requests = _sink(order, folder, knowledge, like.requests)
    expected = ParquetSink(folder / "expected.parquet", like.expected.schema)
    told: Counter[tuple[str, ...]] = Counter()

    def write(made: Chunk) -> None:
        requests.add(made.requests)
        expected.add(made.expected)
        _count(made.expected, told)

    with ThreadPoolExecutor(1) as pool:
        writing: Future[None] | None = None
        size = CHUNK if order.form in ("nested", "entities", "csv") else 1_000
        for start in range(0, order.count, size):
            stop = min(start + size, order.count)
            made = chunk(recipe, schema, np.arange(start, stop))
            if writing is not None:
                writing.result()
            writing = pool.submit(write, made)
            progress(stop - start)
        if writing is not None:
            writing.result()
    requests.close()
    expected.close()
    return _manifest(order, told)


def _sink(order: Order, folder: Path, knowledge: Knowledge, like: pa.Table) -> Sink:
    schema = schema_of(knowledge)
    if order.form == "nested":
        return ParquetSink(folder / "requests.parquet", nested_schema(schema))
    if order.form in ("ntriples", "turtle"):
        return RdfSink(folder, knowledge, ".nt" if order.form == "ntriples" else ".ttl")
    suffix = ".csv" if order.form == "csv" else ".parquet"
    entities = EntitySink(folder, schema, like, suffix)
    return ShuffledSink(folder / "shuffling", entities, order.seed) if order.shuffle else entities


def _count(expected: pa.Table, told: Counter[tuple[str, ...]]) -> None:
    columns = expected.select(["scenario", "recommendation", "policy"])
    for row in columns.group_by(columns.column_names).aggregate([([], "count_all")]).to_pylist():
        told[row["scenario"], row["recommendation"] or REJECTED, row["policy"] or ""] += row["count_all"]


def _manifest(order: Order, told: Counter[tuple[str, ...]]) -> dict[str, Any]:
    def summed(of: Callable[[tuple[str, ...]], str]) -> dict[str, int]:
        out: Counter[str] = Counter()
        for key, lines in told.items():
            out[of(key)] += lines
        return dict(sorted(out.items()))

    parts: list[Variant | Fault] = []
    for deck in decks():
        parts += [*deck.catalogue.variants, *deck.catalogue.faults]
    used = {part for key in told for part in key[0].split(" + ")}
    return {
        "kind": KIND,
        "notice": NOTICE,
        "seed": order.seed,
        "n": order.count,
        "as_of": order.as_of.isoformat(),
        "policy": order.policy,
        "format": order.form,
        "shuffle": order.shuffle,
        "shares": dict(order.shares),
        "lines": sum(told.values()),
        "recommendations": summed(lambda key: key[1]),
        "policies": summed(lambda key: key[2] or "none"),
        "scenarios": summed(lambda key: key[0]),
        "meaning": {p.name: p.says for p in parts if p.name in used},
    }
