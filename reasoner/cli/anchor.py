"""``plexus anchor``: a place in a document, in Turtle."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reasoner.cli.check import text_of
from reasoner.cli.options import LIBRARY
from reasoner.cli.output import tell

if TYPE_CHECKING:
    from pyoxigraph import NamedNode

    from reasoner.triples import Triples

_LOCAL = re.compile(r"\w[\w-]*(\.[\w-]+)*", re.ASCII)
_PREFIX = re.compile(r"[A-Za-z]([\w.-]*[\w-])?", re.ASCII)


@click.command()
@click.argument("source", type=click.Path(path_type=Path, dir_okay=False))
@click.argument("first")
@click.argument("last", required=False)
@click.option("--name", default="name-of-the-place", help="Local name of the anchor.")
@click.option("--prefix", help="Prefix of the policy (default: of the one that SOURCE looks most like).")
@click.option("--page", type=click.IntRange(1), help="The page, where no form feeds part the document's pages.")
@LIBRARY
def anchor(
    source: Path, first: str, last: str | None, name: str, prefix: str | None, page: int | None, library: Path | None
) -> None:
    """Print an anchor in Turtle for the words of a document that begin with FIRST (and end with LAST).

    It holds numbers and a digest, never the words. LAST is looked for after FIRST. The section comes from the headings
    of the policy's latest edition, the page from form feeds in the document, else from --page; where one cannot be
    told, ... stands for it and standard error says why.

    Exit codes: 0 printed; 1 the words do not stand there, or FIRST not once; 2 wrong usage or input that cannot
    be read.
    """
    from reasoner.anchors import anchor_turtle, page_at
    from reasoner.copies import normalised

    _refuse_names(name, prefix)
    text = text_of(source)
    prefix = prefix.removesuffix(":") if prefix is not None else _prefix_of(text, library)
    copy = normalised(text)
    start, stop = _range(copy, normalised(first), None if last is None else normalised(last))
    page = page_at(text, start) or page
    if page is None:
        tell("cov:page: is left open: the document has no form feeds that part its pages. Give --page.")
    section, home = _section(text, start, prefix, library)
    click.echo(anchor_turtle(prefix, name, section, page or "...", start, copy[start:stop], home))


def _prefix_of(text: str, library: Path | None) -> str:
    """The prefix of the policy of which a text looks most like a copy."""
    from reasoner.check import likeliest
    from reasoner.dataset import knowledge_graphs, merged
    from reasoner.vocabulary import policy_prefix

    named = policy_prefix(likeliest(merged(knowledge_graphs(library)), text).edition)
    if named is None:
        raise click.UsageError("The names of the policy have no prefix by convention; give one with --prefix.")
    return named[0]


def _refuse_names(name: str, prefix: str | None) -> None:
    if not _LOCAL.fullmatch(name):
        raise click.UsageError(f"--name {name!r} cannot be part of a name in Turtle; use letters, digits, - and _.")
    if prefix is not None and not _PREFIX.fullmatch(prefix.removesuffix(":")):
        raise click.UsageError(f"--prefix {prefix!r} is no prefix in Turtle; give one such as p0587.")


def _range(copy: str, begin: str, end: str | None) -> tuple[int, int]:
    """Where the words stand that begin and end so."""
    if not begin or end == "":
        raise click.UsageError("FIRST and LAST are words of the document; give at least one.")
    hits = [i for i in range(len(copy)) if copy.startswith(begin, i)]
    if len(hits) != 1:
        raise click.ClickException(f"{begin!r} stands {len(hits)} times in the document; give words that stand once.")
    after = hits[0] + len(begin)
    if end is None:
        return hits[0], after
    ends = [i + len(end) for i in range(after, len(copy)) if copy.startswith(end, i)]
    if not ends:
        raise click.ClickException(f"{end!r} does not stand after {begin!r} in the document.")
    if len(ends) > 1:
        tell(f"{end!r} stands {len(ends)} times after {begin!r}: the first is taken. Give more words for another.")
    return hits[0], ends[0]


def _section(text: str, start: int, prefix: str, library: Path | None) -> tuple[str, str]:
    """The section of a position, by the headings of a policy, and the ontology that defines it."""
    from reasoner.anchors import compare, section_at
    from reasoner.dataset import knowledge_graphs, merged
    from reasoner.errors import PolicyError
    from reasoner.vocabulary import RDFS, compact

    graph = merged(knowledge_graphs(library))
    edition = _edition(graph, prefix)
    if edition is None:
        tell(f"cov:inSection: is left open: no policy with the prefix {prefix} is known.")
        return f"{prefix}:section-...", "..."
    try:
        section = section_at(graph, compare(graph, edition, text), start)
    except PolicyError as error:
        tell(str(error))
        return f"{prefix}:section-...", "..."
    home = graph.node(section, RDFS.isDefinedBy)
    return compact(section.value), home.value if home is not None else "..."


def _edition(graph: Triples, prefix: str) -> NamedNode | None:
    """The latest edition of the policy whose names have a prefix."""
    from reasoner.check import editions
    from reasoner.vocabulary import compact

    latest = (edition for number, edition in editions(graph).items() if "/" not in number)
    return next((edition for edition in latest if compact(edition.value).startswith(f"{prefix}:")), None)
