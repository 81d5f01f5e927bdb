"""The command ``plexus``: it finds inputs, calls the pipeline, and formats what comes back."""

from __future__ import annotations

import logging
from typing import Any

import click

from reasoner.cli.anchor import anchor
from reasoner.cli.authoring import prepare, readings, shapes, template
from reasoner.cli.batch import batch
from reasoner.cli.cases import cases
from reasoner.cli.check import check
from reasoner.cli.compare import compare
from reasoner.cli.diff import diff
from reasoner.cli.explore import docs, graph, show
from reasoner.cli.generate import generate
from reasoner.cli.new_policy import new_policy
from reasoner.cli.output import tell
from reasoner.cli.query import query
from reasoner.cli.review import review
from reasoner.cli.table import table
from reasoner.cli.verify import verify
from reasoner.cli.whatif import whatif
from reasoner.errors import PlexusError


class Commands(click.Group):
    """Commands whose expected errors are told in a sentence, never as a stack trace."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command."""
        try:
            return super().invoke(ctx)
        except PlexusError as error:
            tell(str(error))
            ctx.exit(1)


def _version(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted and not context.resilient_parsing:
        from reasoner.review import software_version

        click.echo(f"plexus, version {software_version()}")
        context.exit()


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "terminal_width": 80})
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Show the version and exit."
)
def main() -> None:
    """Reviews prior-authorization requests against coverage policies and says why.

    It recommends and never determines: an adverse answer needs a clinician.
    """
    # rdflib logs ill-typed literals with a stack trace and with their text, which may be a patient's.
    logging.getLogger("rdflib").setLevel(logging.CRITICAL)


for command in (
    review,
    batch,
    whatif,
    compare,
    diff,
    query,
    show,
    graph,
    docs,
    check,
    verify,
    table,
    cases,
    readings,
    template,
    prepare,
    shapes,
    anchor,
    generate,
    new_policy,
):
    main.add_command(command)
