"""How far long work has come, on standard error and only where somebody watches."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Callable


def over_files(files: list[str], label: str, fewest: int = 1) -> Iterator[str]:
    """The files one by one, with a bar where there are at least so many."""
    if len(files) < fewest or not sys.stderr.isatty():
        yield from files
        return
    with click.progressbar(files, label=label, file=sys.stderr) as bar:
        yield from bar


@contextmanager
def counting(label: str, total: int | None, unit: str) -> Iterator[Callable[[int], None]]:
    """Tells of a growing number, with its rate and, where the total is known, the time that remains."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
    from rich.text import Text

    class Rate(ProgressColumn):
        def render(self, task: Task) -> Text:
            return Text(f"{task.completed:,.0f} {unit}, {task.speed or 0:,.0f}/s")

    columns = (TextColumn("{task.description}"), BarColumn(), Rate(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(label, total=total)
        yield lambda more: bar.advance(task, more)
