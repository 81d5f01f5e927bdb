"""``plexus cases``: what the collection of cases exercises, and the next case that it lacks."""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reasoner.cli.options import LIBRARY
from reasoner.cli.output import tell, write

if TYPE_CHECKING:
    from reasoner.cases.collection import Case, Collection, Reviewed
    from reasoner.cases.propose import Proposal, Run
    from reasoner.cases.words import ItemWords
    from reasoner.knowledge import Knowledge
    from reasoner.policy import Policy


@click.command()
@click.option(
    "--cases",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="The folder of the cases (default: cases/ of the library, else of plexus).",
)
@click.option("--policy", "wanted", metavar="NUMBER[/DATE]", help="Only this policy, or one edition of it.")
@click.option("--missing", is_flag=True, help="Propose the next case: one that shows what no case shows.")
@click.option("-n", "number", type=click.IntRange(min=1), help="With --missing: how many cases (default: 1).")
@click.option(
    "-o",
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="With --missing: write each case to a folder of its own in DIR instead of standard output.",
)
@click.option(
    "--fail-under",
    type=click.FloatRange(0, 100),
    metavar="PERCENT",
    help="Exit with 1 where less than this share of a policy's items is shown.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(min=1),
    default=60.0,
    show_default=True,
    help="With --missing: seconds to look for cases at most. Reviewing tells every so often how far it is.",
)
@click.option(
    "--format", "output_format", type=click.Choice(["text", "json"]), default="text", help="Form of the output."
)
@LIBRARY
@click.pass_context
def cases(
    context: click.Context,
    folder: Path | None,
    wanted: str | None,
    missing: bool,
    number: int | None,
    output: Path | None,
    fail_under: float | None,
    timeout: float,
    output_format: str,
    library: Path | None,
) -> None:
    """Tell what the cases exercise of each policy: statuses, evidence rules, shapes, readings, program.

    Every case is reviewed under the default readings, and its evidence weighed under every other reading. To decide
    means that without it a status would be another. With --missing the nearest record that shows something new is
    looked for by a logic program, reviewed, and proposed as a case whose expectations a person has to confirm. Where
    every single item is shown, pairs of statuses of two criteria come next.

    Exit codes: 0 all was done; 1 a case was refused or the folder cannot be used, or --fail-under failed; 2 wrong
    usage; 3 --timeout stopped the search for missing cases (those found are told).
    """
    from reasoner import resources
    from reasoner.cases.collection import read_cases
    from reasoner.knowledge import load

    if not missing and (number is not None or output is not None):
        raise click.UsageError("-n and -o belong to --missing.")
    knowledge = load(library)
    policies = _policies(knowledge, wanted)
    place = folder or _cases_of(library) or resources.data_dir() / "cases"
    collection = _review(read_cases(place), library, timeout)
    runs = _propose(policies, knowledge, collection, number or 1, timeout) if missing else []
    _publish(place, policies, knowledge, collection, runs, output, output_format)
    _leave(context, collection, policies, fail_under, runs)


def _cases_of(library: Path | None) -> Path | None:
    """The cases of a library, where it has some."""
    own = library / "cases" if library is not None else None
    return own if own is not None and own.is_dir() else None


def _policies(knowledge: Knowledge, wanted: str | None) -> list[Policy]:
    """The editions that were asked for.

    Raises:
        UsageError: there is none.
    """
    number, _, day = (wanted or "").partition("/")
    found = [
        p
        for p in knowledge.policies
        if (not number or p.number.casefold() == number.casefold()) and (not day or p.edition.isoformat() == day)
    ]
    if not found:
        known = ", ".join(f"{p.number}/{p.edition}" for p in knowledge.policies) or "none"
        raise click.UsageError(f"There is no policy {wanted} with a criteria tree. Known: {known}.")
    return found


# ---- Doing -----------------------------------------------------------------------------------------


def _review(found: tuple[Case, ...], library: Path | None, every: float) -> Collection:
    """The reviewed cases. Where no bar shows it, how far it is is told every so many seconds."""
    from reasoner.cases.collection import collected
    from reasoner.cases.parallel import review_all

    done: list[Reviewed] = []
    due = time.monotonic() + every
    for one in _watched(review_all(found, library), len(found)):
        done.append(one)
        if time.monotonic() >= due and not sys.stderr.isatty():
            tell(f"{len(done)} of {len(found)} cases reviewed so far ...")
            due = time.monotonic() + every
    return collected(done)


def _watched(found: Iterator[Reviewed], length: int) -> Iterator[Reviewed]:
    if length < 5 or not sys.stderr.isatty():
        yield from found
        return
    with click.progressbar(found, length=length, label="reviewing cases", file=sys.stderr) as bar:
        yield from bar


def _propose(
    policies: list[Policy], knowledge: Knowledge, collection: Collection, number: int, seconds: float
) -> list[tuple[Policy, Run]]:
    """A search for each policy in turn, until enough cases are found."""
    from reasoner.cases.collection import Reviewer
    from reasoner.cases.propose import Proposer

    out: list[tuple[Policy, Run]] = []
    left, until = number, time.monotonic() + seconds
    for policy in policies:
        if left > 0:
            proposer = Proposer(policy, Reviewer(knowledge), collection)
            run = proposer.run(left, max(0.0, until - time.monotonic()), _looking_for)
            out.append((policy, run))
            left -= len(run.proposals)
    return out


def _looking_for(clause: str) -> None:
    if sys.stderr.isatty():
        tell(f"looking for a record in which {clause} ...")


# ---- Telling ---------------------------------------------------------------------------------------


def _publish(
    place: Path,
    policies: list[Policy],
    knowledge: Knowledge,
    collection: Collection,
    runs: list[tuple[Policy, Run]],
    output: Path | None,
    output_format: str,
) -> None:
    from reasoner.render import exercised as told

    words = {p.edition_iri: _words(p, knowledge) for p in policies}
    proposals = [one for _, run in runs for one in run.proposals]
    if output is not None:
        _write_cases(output, proposals)
    if output_format == "json":
        found = told.as_json(policies, collection, runs, words)
        write(json.dumps(found, ensure_ascii=False, indent=2) + "\n", None)
    elif not runs:
        write(told.report(place, policies, collection, words), None)
    else:
        write(told.proposed(runs, words, output), None)
        for one in proposals if output is None else ():
            write(f"\n# ==== {one.name}/request.ttl\n\n{one.request}", None)
            write(f"\n# ==== {one.name}/expected.toml\n\n{one.expected}", None)


def _words(policy: Policy, knowledge: Knowledge) -> ItemWords:
    from reasoner.cases.words import ItemWords
    from reasoner.triples import Triples

    return ItemWords(policy, knowledge, Triples(knowledge.policy_shapes(policy)))


def _leave(
    context: click.Context,
    collection: Collection,
    policies: list[Policy],
    fail_under: float | None,
    runs: list[tuple[Policy, Run]],
) -> None:
    """Say what is wrong, and exit with the code for it."""
    from reasoner.render.exercised import percent

    for name, why in collection.refused:
        tell(f"{name}: {why}")
    low = [p for p in policies if fail_under is not None and collection.of(p).percent < fail_under]
    for policy in low:
        shown = percent(collection.of(policy))
        tell(f"Policy {policy.number}, edition {policy.edition}: {shown} shown, less than {fail_under:g} %.")
    if collection.refused or low:
        context.exit(1)
    if any(run.timed_out for _, run in runs):
        context.exit(3)


def _write_cases(output: Path, proposals: list[Proposal]) -> None:
    """Write proposed cases, each to a folder of its own, whole or not at all; nothing that exists is written over."""
    taken = [one.name for one in proposals if (output / one.name).exists()]
    if taken:
        raise click.ClickException(f"{output / taken[0]} exists already; name another folder with -o.")
    try:
        output.mkdir(parents=True, exist_ok=True)
        for one in proposals:
            with tempfile.TemporaryDirectory(dir=output, prefix=".") as aside:
                made = Path(aside) / one.name
                made.mkdir()
                write(one.request, made / "request.ttl")
                write(one.expected, made / "expected.toml")
                made.rename(output / one.name)
    except OSError as error:
        raise click.ClickException(f"{output} cannot be written: {error.strerror}.") from error
