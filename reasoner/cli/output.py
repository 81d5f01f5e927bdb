"""What every command does with what it has to say: messages, and files that are written whole or not at all."""

from __future__ import annotations

import os
import stat
import sys
import tempfile
from pathlib import Path

import click


def tell(message: str) -> None:
    """A message on standard error, without what a terminal would obey."""
    from reasoner.render.words import clean

    click.echo(clean(message.encode("utf-8", "backslashreplace").decode()), err=True)


def write(content: str, output: Path | None) -> None:
    """Text to a file, whole or not at all, or to standard output."""
    if output is None:
        sys.stdout.buffer.write(content.encode("utf-8", "replace"))
        return
    try:
        if output.exists() and not output.is_file():
            # A device or a pipe is written to, never replaced.
            output.write_text(content, encoding="utf-8", errors="replace")
        else:
            _replace(output.resolve(), content)
    except OSError as error:
        raise click.ClickException(f"{output} cannot be written: {error.strerror}.") from error


def _replace(target: Path, content: str) -> None:
    """Write a file whole or not at all, with the permissions that it had or that a new file gets."""
    mask = os.umask(0)
    os.umask(mask)
    mode = stat.S_IMODE(target.stat().st_mode) if target.exists() else 0o666 & ~mask
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", errors="replace") as file:
            file.write(content)
        Path(name).chmod(mode)
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
