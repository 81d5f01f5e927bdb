"""The output folder of a batch as one run's own: apart from what it reads, and written by no second run."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from reasoner.errors import BatchError


def apart(inputs: Iterable[Path], out: Path) -> None:
    """Refuse an output folder that is an input or lies in one.

    Raises:
        BatchError: it is, or does; what a run writes would be read as requests.
    """
    for path in inputs:
        if out.resolve().is_relative_to(path.resolve()):
            raise BatchError(f"{out} lies in the input {path}.", "Name a folder outside of it.")


@contextmanager
def alone(out: Path) -> Iterator[None]:
    """Hold a folder (made if need be) for this process; a process that ends, however, lets go of it.

    Where the system has no locks on folders, nothing is held.

    Raises:
        BatchError: another run holds it, or it is no folder.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
    except FileExistsError as error:
        raise BatchError(f"{out} is no folder.", "Name another one.") from error
    except OSError as error:
        raise BatchError(f"{out} cannot be made: {error.strerror}.", "Name another folder.") from error
    try:
        import fcntl
    except ImportError:
        yield
        return
    handle = os.open(out, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise BatchError(f"{out} is being written by another run.", "Wait for it to end.") from error
        yield
    finally:
        os.close(handle)
