"""``plexus whatif``: what would approve a request, which readings and facts decide, and what suppositions change."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterable
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reasoner.cli.options import ENGINE, LIBRARY, OUTPUT
from reasoner.cli.output import tell, write
from reasoner.cli.review import INPUT_FORMATS, chosen, expand
from reasoner.errors import ReadingError, SuppositionError

if TYPE_CHECKING:
    from reasoner.questioning.dialogue import Dialogue
    from reasoner.questioning.suppose import Outcome, SetStatus
    from reasoner.questioning.whatif import WhatIf

FORMATS = ("text", "json", "svg", "dot", "mmd")
SUFFIXES = {".txt": "text", ".json": "json", ".svg": "svg", ".dot": "dot", ".gv": "dot", ".mmd": "mmd"}
LONGEST = 86_400.0

FORMAT = click.option(
    "--format",
    "output_format",
    type=click.Choice(FORMATS),
    help="Form of the output; without it, what the name of the file tells, or text.",
)


@click.command()
@click.argument("request", metavar="INPUT")
@click.option(
    "--set",
    "statuses",
    multiple=True,
    metavar="CRITERION=STATUS",
    help="Suppose a status: met, unmet, conflicting, to-judge or undocumented; with LINE: in front, of that line; "
    "repeatable.",
)
@click.option(
    "--add",
    "added",
    multiple=True,
    metavar="FILE",
    type=click.Path(dir_okay=False),
    help="Add the triples of a file to the record and review the whole for real; repeatable.",
)
@click.option(
    "--reading", "readings", multiple=True, metavar="A=R", help="Suppose a reading, such as A10=any-one; repeatable."
)
@click.option("--line", type=int, help="Only this line of the request.")
@click.option("-i", "--interactive", is_flag=True, help="Suppose step by step, on a terminal.")
@click.option("--as-of", type=click.DateTime(["%Y-%m-%d"]), help="Day of the review (default: today); recorded.")
@click.option(
    "--timeout",
    type=click.FloatRange(0, LONGEST),
    default=60.0,
    show_default=True,
    help="Seconds after which what is left is left out, and said to be.",
)
@click.option(
    "--input-format", type=click.Choice(INPUT_FORMATS), help="Form of the input, where its name does not tell."
)
@ENGINE
@FORMAT
@LIBRARY
@OUTPUT
@click.pass_context
def whatif(
    context: click.Context,
    request: str,
    statuses: tuple[str, ...],
    added: tuple[str, ...],
    readings: tuple[str, ...],
    line: int | None,
    interactive: bool,
    as_of: datetime | None,
    timeout: float,
    input_format: str | None,
    engine: str,
    output_format: str | None,
    library: Path | None,
    output: Path | None,
) -> None:
    """Question a request: what would approve it, and what decides.

    For each line of INPUT (a file, a case folder, or -): the minimal sets of changes in the record that would approve
    it, the least effort first; what every other reading of each doubtful wording would make of it; and the evidence
    without which the recommendation would be another one. With --set, --add and --reading the hypothetical outcome
    stands beside the actual one. Nothing of this is a determination, or advice on treatment.

    Exit codes: 0 answered; 1 the request, or the request with what is added, was refused; 2 wrong usage, and a line,
    criterion, status or reading that does not exist; 3 the time was up: what was found is written, with what is left
    out.
    """
    form = form_of(output_format, output)
    if timeout != timeout:
        raise click.UsageError("--timeout is no number of seconds.")
    options: dict[str, Any] = {
        "add": added,
        "readings": chosen(readings),
        "as_of": as_of.date() if as_of else date.today(),
        "engine": engine,
        "format": input_format,
        "library": library,
    }
    source = _one(request)
    try:
        wanted = _statuses(statuses)
        if interactive:
            _converse(source, wanted, line, output_format, output, options)
            return
        with Watch(timeout) as watch:
            asked = _asked(source, wanted, line, timeout, watch, options)
        rendered = _rendered(asked, form, colour=output is None and colour())
    except (ReadingError, SuppositionError) as error:
        raise click.UsageError(str(error)) from error
    write(rendered, output)
    if asked.unfinished:
        for text in asked.unfinished:
            tell(f"The time of {timeout:g} s was up. {text}")
        context.exit(3)


def form_of(asked: str | None, output: Path | None) -> str:
    """The form that was asked for, or that the file's name tells; text where neither does.

    Raises:
        UsageError: the name tells another form than the one asked for.
    """
    told = SUFFIXES.get(output.suffix.lower()) if output else None
    if told and asked and told != asked:
        raise click.UsageError(f"{output} is the name of a {told} file, but --format asks for {asked}.")
    return asked or told or "text"


def colour() -> bool:
    """Whether standard output shows colour."""
    return sys.stdout.isatty() and "NO_COLOR" not in os.environ


def _one(request: str) -> str:
    files = list(expand(request))
    if len(files) != 1:
        count = f"holds {len(files)} requests; name one of them" if files else "holds no request; name a file"
        raise click.UsageError(f"{request} {count}, because one request is questioned at a time.")
    return files[0]


def _statuses(texts: Iterable[str]) -> list[SetStatus]:
    from reasoner.questioning.suppose import set_status

    return [set_status(text) for text in texts]


def _asked(
    source: str, wanted: list[SetStatus], line: int | None, timeout: float, watch: Watch, options: dict[str, Any]
) -> WhatIf:
    from reasoner.questioning.whatif import what_if

    return what_if(source, status=wanted, line=line, timeout=timeout, progress=watch, **options)


def _rendered(asked: WhatIf, form: str, *, colour: bool) -> str:
    from reasoner.render import whatif as render

    if form == "text":
        return render.render(asked, colour=colour)
    if form == "json":
        return render.to_json(asked)
    from reasoner.render.pictures import WRITERS
    from reasoner.render.pictures.difference import what_if_diagram

    drawn = [x for x in asked.lines if x.actual.criteria or x.outcome.criteria]
    if len(drawn) != 1:
        known = ", ".join(str(x.sequence) for x in drawn) or "none"
        raise SuppositionError(
            f"A picture shows one line with criteria; name it with --line. Lines with criteria: {known}."
        )
    return WRITERS[form](what_if_diagram(asked, drawn[0]))


class Watch:
    """Tells on standard error what is being done: on a terminal while it takes long, and when the time is up."""

    def __init__(self, seconds: float, *, shown: Callable[[], bool] = lambda: sys.stderr.isatty()) -> None:
        self._seconds = seconds
        self._shown = shown()
        self._begin = time.monotonic()
        self._doing = "reading the request"
        self._written = 0
        self._timer = threading.Timer(seconds, self._late)
        self._timer.daemon = True

    def __enter__(self) -> Watch:
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        self._wipe()

    def __call__(self, doing: str) -> None:
        """What is done next."""
        self._doing = doing
        if self._shown and time.monotonic() - self._begin > 1:
            self._wipe()
            click.echo(f"{doing} ...", err=True, nl=False)
            self._written = len(doing) + 4

    def _wipe(self) -> None:
        if self._written:
            click.echo(f"\r{' ' * self._written}\r", err=True, nl=False)
            self._written = 0

    def _late(self) -> None:
        tell(f"The time of {self._seconds:g} s is up. At this moment: {self._doing}. What follows is left out.")


# ---- On a terminal ---------------------------------------------------------------------------------


def _converse(
    source: str,
    wanted: list[SetStatus],
    line: int | None,
    output_format: str | None,
    output: Path | None,
    options: dict[str, Any],
) -> None:
    from reasoner.questioning.dialogue import open_dialogue
    from reasoner.questioning.questioned import given_statuses, question

    if output is not None or output_format not in (None, "text"):
        raise click.UsageError("--interactive shows text on the terminal; leave out --output and --format.")
    if source == "-" or not on_terminal():
        raise click.UsageError("--interactive needs a terminal for input and output; use --set, --add and --reading.")
    questioned = question(source, **options)
    given = given_statuses(questioned, wanted, line)
    numbers = questioned.numbers(line)
    if len(numbers) != 1:
        raise click.UsageError(f"Name one line with --line; lines: {', '.join(map(str, numbers))}.")
    dialogue = open_dialogue(questioned.case(numbers[0], supposed=True), given.get(numbers[0]))
    actual = questioned.case(numbers[0], supposed=False).outcome()
    fixed = [f"{name} is added to the record." for name in options["add"]]
    fixed += [f"{name} is read as “{reading}”." for name, reading in options["readings"].items()]
    converse(dialogue, actual, fixed)


def on_terminal() -> bool:
    """Whether somebody sits at the other end."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def converse(dialogue: Dialogue, actual: Outcome, fixed: list[str]) -> None:
    """Ask, suppose, show, until the user ends it. ``fixed`` is what is supposed throughout."""
    from reasoner.questioning.dialogue import HELP, step

    click.echo(_screen(dialogue, actual, fixed), nl=False)
    click.echo(HELP)
    while not dialogue.over:
        try:
            text = click.prompt("suppose", prompt_suffix="> ", default="", show_default=False)
        except click.Abort:  # end of input, or ctrl-C
            click.echo()
            return
        dialogue, answer = step(dialogue, text)
        click.echo(answer if answer else _screen(dialogue, actual, fixed), nl=bool(answer))


def _screen(dialogue: Dialogue, actual: Outcome, fixed: list[str]) -> str:
    from reasoner.render.rows import painted
    from reasoner.render.whatif import screen

    told = [*fixed, *(f"{name} is {status.value}." for name, status in dialogue.now.statuses.items())]
    told += [f"{name} is read as “{reading}”." for name, reading in dialogue.now.readings.items()]
    rows = screen(actual, dialogue.outcome() if told else None, dialogue.numbers, told)
    return painted(rows, colour=colour())
