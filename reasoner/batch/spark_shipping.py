"""What Spark workers need of plexus: its code and the library of the driver as one archive, unpacked by each of them.

Workers have Python with the packages that plexus depends on; plexus itself they get from the driver, so all of them
reason with the code and the knowledge that the driver has, whatever they have installed. A Python process loads the
knowledge once and keeps it for all of its batches.
"""

from __future__ import annotations

import atexit
import hashlib
import pickle
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reasoner import resources
from reasoner.batch.spark_worker import Job

if TYPE_CHECKING:
    import pyarrow as pa

_LIBRARY = "library-of-the-run"
_PARTS = ("ontology", "shapes")

Batches = Callable[[Iterable["pa.RecordBatch"]], Iterator["pa.RecordBatch"]]


@cache
def _folder() -> Path:
    """A folder that lasts as long as this process: Spark fetches archives anew for every worker that it starts."""
    folder = Path(tempfile.mkdtemp(prefix="plexus-archives-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def ship(context: Any, library: Path | None) -> str:
    """Have the workers of a Spark context unpack plexus and a library; the name of the folder that they unpack into."""
    packed = pack(library, _folder())
    name = f"plexus-{hashlib.sha256(packed.read_bytes()).hexdigest()[:16]}"
    archive = packed.rename(packed.with_name(f"{name}.zip"))
    if not any(str(path).endswith(f"#{name}") for path in context.listArchives):
        context.addArchive(f"{archive}#{name}")
    return name


def pack(library: Path | None, folder: Path) -> Path:
    """The archive of plexus and of a library, written into a folder.

    Args:
        library: a library of one's own (default: what plexus ships).
        folder: where the archive is written.
    """
    archive = folder / "plexus.zip"
    package, data = Path(resources.__file__).parent, resources.data_dir()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as out:
        _add(out, package, "reasoner", skip={"data", "__pycache__"})
        for part in _PARTS:
            _add(out, data / part, part)
            if library is not None:
                _add(out, library / part, f"{_LIBRARY}/{part}")
    return archive


def _add(out: zipfile.ZipFile, folder: Path, name: str, skip: Iterable[str] = ()) -> None:
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder)
        if path.is_file() and not set(skip) & set(inside.parts) and path.suffix != ".pyc":
            out.write(path, f"{name}/{inside.as_posix()}")


def evaluation(job: Job, archive: str) -> Batches:
    """The review of a partition as a function that Spark can send to workers."""
    own = None if job.plan.library is None else _LIBRARY
    return _sent("evaluate", pickle.dumps(replace(job, plan=replace(job.plan, library=None))), archive, own)


def identifiers(column: str, archive: str) -> Batches:
    """The identifiers of a partition as a function that Spark can send to workers."""
    return _sent("keys_of", pickle.dumps(column), archive, None)


def _sent(function: str, argument: bytes, archive: str, library: str | None) -> Batches:
    """A function that names plexus in texts alone: it can be unpickled before the archive is on the path."""

    def run(batches: Iterable[Any]) -> Iterator[Any]:
        import sys

        from pyspark import SparkFiles

        root = SparkFiles.get(archive)
        if root not in sys.path:
            sys.path.insert(0, root)
        from reasoner.batch import spark_shipping

        yield from spark_shipping.on_worker(function, argument, root, library, batches)

    return run


def on_worker(
    function: str, argument: bytes, root: str, library: str | None, batches: Iterable[Any]
) -> Iterator[pa.RecordBatch]:
    """Run a function of :mod:`reasoner.batch.spark_worker` on a worker.

    Args:
        function: its name.
        argument: its first argument, pickled.
        root: where the archive is unpacked.
        library: the folder of the archive that is the library of the run (None: what plexus ships).
        batches: the rows of a partition.
    """
    from reasoner.batch import spark_worker
    from reasoner.tables.optional import arrow

    arrow().set_cpu_count(1)  # Spark runs as many workers as there are processors
    given = pickle.loads(argument)
    if isinstance(given, Job) and library is not None:
        given = replace(given, plan=replace(given.plan, library=Path(root) / library))
    yield from getattr(spark_worker, function)(given, batches)
