"""``plexus show``, ``graph`` and ``docs``: ways to look at what the graph holds."""

from __future__ import annotations

from pathlib import Path

import click

from reasoner.cli.output import write

OUTPUT = click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write to a file instead of standard output.",
)


@click.command()
@click.argument("thing")
@click.option(
    "--format",
    "output_format",
    type=click.Choice(["text", "ttl", "json"]),
    default="text",
    help="Form of the output.",
)
@OUTPUT
def show(thing: str, output_format: str, output: Path | None) -> None:
    """Show one node of the graph: what it is, where it comes from, what it names and what names it.

    THING is an IRI, a prefixed name (clin:MRI), a policy number (0587), a criterion (compression), a code (64714),
    an ambiguity (A10), or a label. Exit code 1 where nothing or more than one thing is called so.
    """
    from reasoner.card import card_of, find, turtle_of
    from reasoner.library import open_library
    from reasoner.render import card

    library = open_library()
    iri = find(library, thing)
    if output_format == "ttl":
        write(turtle_of(library, iri), output)
    else:
        write({"text": card.to_text, "json": card.to_json}[output_format](card_of(library, iri)), output)
