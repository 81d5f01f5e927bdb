"""Chunks reviewed one after the other in this process, or side by side in processes that are started anew.

Each worker has one chunk at a time, so it is known which chunk a worker had that ended. Processes are spawned and
never forked: a library that has started threads does not survive a fork. A worker ends when its parent does, however
that came about, and leaves Ctrl-C to its parent.
"""

from __future__ import annotations

import signal
import tempfile
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reasoner.batch.chunks import Chunk, Given
from reasoner.batch.parts import PartRecord, ReviewTable, finish
from reasoner.batch.plan import Plan
from reasoner.errors import BatchError

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.context import SpawnProcess


@dataclass(frozen=True)
class Task:
    """What is done with every chunk: the plan, the folder of the parts, and the review."""

    plan: Plan
    folder: Path
    review: ReviewTable

    def __call__(self, chunk: Chunk) -> PartRecord:
        """Finish one chunk."""
        return finish(chunk, self.plan, self.folder, self.review)


def in_turn(chunks: Iterable[Chunk], task: Task) -> Iterator[PartRecord]:
    """One chunk after the other, in this process."""
    for chunk in chunks:
        yield task(chunk)


# ---- Processes -------------------------------------------------------------------------------------


@dataclass
class _Worker:
    """A process with the chunk that it has."""

    process: SpawnProcess
    pipe: Connection
    chunk: Chunk | None = None

    def give(self, chunk: Chunk) -> None:
        self.chunk = chunk
        self.pipe.send(chunk)

    def take(self) -> PartRecord:
        """What it has made.

        Raises:
            BatchError: it failed, or ended.
        """
        try:
            answer: PartRecord | BatchError = self.pipe.recv()
        except (EOFError, OSError) as error:
            self.process.join(1)
            name = f"chunk {self.chunk.number} ({self.chunk.name})" if self.chunk else "its start"
            what = f"A worker ended during {name}, with exit code {self.process.exitcode}."
            cure = "Where memory is short, give fewer --workers or less --memory; --resume goes on."
            raise BatchError(what, cure) from error
        self.chunk = None
        if isinstance(answer, BatchError):
            raise answer
        return answer


def in_processes(chunks: Iterable[Chunk], task: Task, workers: int) -> Iterator[PartRecord]:
    """Chunks in processes of their own, as they are finished. The module that runs this must be importable safely.

    Raises:
        BatchError: a chunk failed, or a worker ended; the message says which chunk.
    """
    from multiprocessing.connection import wait as wait_for

    team = [_started(task) for _ in range(workers)]
    folder = tempfile.TemporaryDirectory(prefix="plexus-", ignore_cleanup_errors=True)
    try:
        # What waits for a worker is parked at once: a slice of a table keeps the whole table in memory.
        waiting = (c.parked(Path(folder.name)) if isinstance(c, Given) else c for c in chunks)
        ahead = next(waiting, None)
        while True:
            for worker in team:
                if worker.chunk is None and ahead is not None:
                    _hand(worker, ahead)
                    ahead = next(waiting, None)
            busy = {worker.pipe: worker for worker in team if worker.chunk is not None}
            if not busy:
                break
            for ready in wait_for(list(busy)):
                yield busy[ready].take()  # type: ignore[index]
    finally:
        for worker in team:
            worker.process.terminate()
            worker.pipe.close()
        for worker in team:
            worker.process.join()
        folder.cleanup()


def _hand(worker: _Worker, chunk: Chunk) -> None:
    try:
        worker.give(chunk)
    except OSError:
        worker.take()  # it has ended, which this tells


def _started(task: Task) -> _Worker:
    from multiprocessing import get_context

    context = get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_work, args=(there, task), daemon=True)
    with _interrupts_held():  # what a new process inherits
        process.start()
    there.close()
    return _Worker(process, here)


@contextmanager
def _interrupts_held() -> Iterator[None]:
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _work(pipe: Connection, task: Task) -> None:
    """The life of a worker: chunks in, records of finished parts or an error out."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _prepare(task.plan)
    while True:
        try:
            chunk: Any = pipe.recv()
        except (EOFError, OSError):
            return
        try:
            answer: PartRecord | BatchError = task(chunk)
        except BatchError as error:
            answer = error
        pipe.send(answer)


def _prepare(plan: Plan) -> None:
    """Load what every chunk needs while the parent still looks for the first one."""
    from reasoner.knowledge import load
    from reasoner.tables.optional import arrow_that_gives_back

    load(plan.library)
    arrow_that_gives_back().set_cpu_count(1)  # the workers share the processors between them


def _end_with_parent() -> None:
    import os
    from multiprocessing import parent_process
    from multiprocessing.connection import wait as wait_for

    parent = parent_process()
    if parent is not None:
        wait_for([parent.sentinel])
        os._exit(1)
