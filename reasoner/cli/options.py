"""Options that several commands have."""

from __future__ import annotations

from pathlib import Path

import click

LIBRARY = click.option(
    "--library",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="DIR",
    envvar="PLEXUS_LIBRARY",
    help="A folder with ontology/ and shapes/ of your own, added to what plexus ships (or PLEXUS_LIBRARY).",
)
ENGINE = click.option(
    "--engine",
    type=click.Choice(["columnar", "pyshacl"]),
    default="columnar",
    help="SHACL engine; pyshacl is the reference.",
    show_default=True,
)
READING = click.option(
    "--reading",
    "readings",
    multiple=True,
    metavar="A=R",
    help="Read an ambiguity otherwise, such as A10=any-one; repeatable. See `plexus readings`.",
)
OUTPUT = click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write to a file instead of standard output.",
)
