"""``plexus verify``: what can be proved of a policy, and what its text leaves open."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reasoner.cli.opinion import run_second_opinion
from reasoner.cli.options import LIBRARY
from reasoner.cli.output import tell, write

if TYPE_CHECKING:
    from reasoner.policy import Policy
    from reasoner.proving.verification import Verification

SUFFIXES = (".html", ".md")


class Unusable(click.ClickException):
    """A policy that cannot be read, or a property that does not exist: nothing was proved."""

    exit_code = 2


@click.command()
@click.argument("wanted", required=False, metavar="[POLICY]")
@click.option("--property", "properties", multiple=True, metavar="NAME", help="Only this property; repeatable.")
@click.option("--list", "wants_list", is_flag=True, help="List the properties with what they claim.")
@click.option(
    "--report",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write findings and proofs as a page for the policy's authors (.html or .md).",
)
@click.option(
    "--second-opinion",
    is_flag=True,
    help="Decide requests once more by an independent reasoner (needs plexus-reasoner[owl]), and say what differs.",
)
@click.option(
    "--cases",
    type=click.Path(exists=True, path_type=Path),
    metavar="PATH",
    help="With --second-opinion: the requests (default: the cases that plexus ships).",
)
@click.option(
    "--reading", "readings", multiple=True, metavar="A=R", help="With --second-opinion: read otherwise; repeatable."
)
@click.option(
    "--timeout",
    type=click.FloatRange(min=0),
    default=60.0,
    show_default=True,
    metavar="SECONDS",
    help="Stop after so many seconds, and say how far it got.",
)
@click.option(
    "--format", "output_format", type=click.Choice(["text", "json"]), default="text", help="Form of the output."
)
@LIBRARY
@click.pass_context
def verify(
    context: click.Context,
    wanted: str | None,
    properties: tuple[str, ...],
    wants_list: bool,
    report: Path | None,
    second_opinion: bool,
    cases: Path | None,
    readings: tuple[str, ...],
    timeout: float,
    output_format: str,
    library: Path | None,
) -> None:
    """Prove properties of a policy, and find what its text leaves open.

    POLICY is a number (0587: its latest edition) or a number and a date (0587/2025-12-01); without it, the latest
    edition of every policy that can be adjudicated. A property that does not hold is told with a request of which it
    is not true; every proof shows a request to which it applies. Findings are questions to the authors of the text.

    With --second-opinion requests are decided once more instead: HermiT classifies the evidence, three-valued logic
    composes it, and every line on which that differs from the review is told.

    Exit codes: 0 every property holds (findings do not count), or every line agrees; 1 one does not; 2 wrong usage,
    a policy that cannot be read, or a request or shape of which there is no second opinion; 3 not done within
    --timeout, and none failed.
    """
    from reasoner.errors import PlexusError
    from reasoner.knowledge import load
    from reasoner.proving.verify import verify_all
    from reasoner.render import verification as render

    if wants_list:
        click.echo(_listed(), nl=False)
        return
    if second_opinion:
        if wanted or properties or report:
            raise click.UsageError("--second-opinion is about requests; leave POLICY, --property and --report out.")
        context.exit(
            run_second_opinion(cases, readings=readings, timeout=timeout, output_format=output_format, library=library)
        )
    if cases or readings:
        raise click.UsageError("--cases and --reading go with --second-opinion.")
    if report is not None and report.suffix not in SUFFIXES:
        raise click.UsageError(f"--report writes {' or '.join(SUFFIXES)}; {report.name} is neither.")
    if report is not None and properties:
        raise click.UsageError("--report tells of everything; leave --property out.")
    try:
        knowledge = load(library)
        policies = _chosen(knowledge.policies, wanted)
        found = verify_all(policies, knowledge, properties=properties, timeout=timeout, progress=_progress())
    except PlexusError as error:
        raise Unusable(str(error)) from error
    if report is not None:
        write(_page(found, report), report)
        tell(f"wrote {report}")
    if output_format == "json":
        click.echo(render.to_json(found), nl=False)
    else:
        click.echo("\n".join(render.to_text(v, all_checks=bool(properties)) for v in found), nl=False)
    context.exit(_exit_code(found))


def _exit_code(found: Iterable[Verification]) -> int:
    from reasoner.proving.verification import Outcome

    outcomes = {v.outcome for v in found}
    return 1 if Outcome.FAILS in outcomes else 3 if Outcome.UNFINISHED in outcomes else 0


def _chosen(policies: Iterable[Policy], wanted: str | None) -> list[Policy]:
    """The edition that is named, or the latest of every policy."""
    latest = {p.number: p for p in sorted(policies, key=lambda p: p.edition)}
    if wanted is None:
        return list(latest.values())
    number, _, day = wanted.partition("/")
    fitting = [p for p in policies if p.number.lower() == number.lower() and day in ("", p.edition.isoformat())]
    if not fitting:
        known = ", ".join(f"{p.number}/{p.edition}" for p in policies) or "none"
        raise click.UsageError(f"There is no policy {wanted}. Known: {known}.")
    return [max(fitting, key=lambda p: p.edition)]


def _progress() -> Callable[[str], None]:
    """Names what is tried, where somebody may be watching."""
    return tell if sys.stderr.isatty() else lambda _: None


def _listed() -> str:
    from reasoner.proving.properties import properties

    return "".join(f"{p.id}\n    {p.claim}\n    Applies to: {p.premises}\n" for p in properties())


def _page(found: Iterable[Verification], report: Path) -> str:
    from reasoner.render.report import to_html, to_markdown
    from reasoner.review import software_version

    return (to_html if report.suffix == ".html" else to_markdown)(found, software_version())
