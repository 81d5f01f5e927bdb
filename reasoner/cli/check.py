"""``plexus check``: is the knowledge graph well made, and true to the document?"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reasoner.cli.guide import is_own, tell_guide, watch_guide
from reasoner.cli.options import LIBRARY
from reasoner.cli.output import tell

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reasoner.anchors import SourceCheck
    from reasoner.check import Finding
    from reasoner.owl_check import Told
    from reasoner.placing import Placement
    from reasoner.triples import Spo

_SHOWN = 10


class Unreadable(click.ClickException):
    """An input that cannot be read, or a tool that cannot run: nothing was checked."""

    exit_code = 2


@click.command()
@click.option("--source", type=click.Path(path_type=Path, dir_okay=False), help="A copy of the document, as text.")
@click.option(
    "--policy",
    "wanted",
    metavar="NUMBER[/DATE]",
    help="With --source: which edition (default: the latest of the policy that it looks like).",
)
@click.option("--owl", is_flag=True, help="Classify with HermiT too (needs plexus-reasoner[owl]).")
@click.option(
    "--data",
    multiple=True,
    metavar="FILE",
    help="With --owl: classify requests too (RDF files, folders, -); repeatable.",
)
@click.option("--write", "write_anew", is_flag=True, help="With --owl: write ontology/inferred.ttl anew first.")
@click.option("--guide", is_flag=True, help="With --library: name the next missing piece (default for one's own).")
@click.option("--watch", is_flag=True, help="With --library: again whenever a file is saved, until Ctrl-C.")
@click.option(
    "--format", "output_format", type=click.Choice(["text", "json"]), default="text", help="Form of the output."
)
@LIBRARY
@click.pass_context
def check(
    context: click.Context,
    source: Path | None,
    wanted: str | None,
    owl: bool,
    data: tuple[str, ...],
    write_anew: bool,
    guide: bool,
    watch: bool,
    output_format: str,
    library: Path | None,
) -> None:
    """Check the ontology, its shapes and questions; with --source, hold a copy of the policy against them.

    With --library, a folder of one's own is checked on its way from empty to reviewable: which steps are done, the
    next missing piece with file, line and an example, and every other fault. Its cases are reviewed and compared with
    their expected.toml. --watch tells what changed with every file that is saved; Ctrl-C ends it with exit code 0.

    With --source only the document is checked. That is how a new edition is taken in. Words count but for white
    space and the form of quotes, hyphens and letters (Unicode NFKC). Every place that a node speaks for is exact (the
    same words there), respaced (the same but for typography: words that a hyphen breaks at the end of a line, other
    bullets than "-"), moved (the same words elsewhere), changed (lost, and words stand there now that can be meant:
    the graph holds no text, so length, neighbours and parts decide) or gone (lost, and no such words there). Words
    that no node speaks for are listed.

    Exit codes: 0 nothing found (exact and respaced are well); 1 something was found; 2 wrong usage, input that
    cannot be read, an edition that is unknown or has no places, or an OWL reasoner that cannot run.
    """
    _refuse_idle_options(source, wanted, owl, data, write_anew, output_format)
    if guide or watch:
        _refuse_guide(library, watch and output_format == "json", source is not None or owl)
    if watch and library is not None:
        watch_guide(library)
        return
    if library is not None and source is None and not owl and (guide or is_own(library)):
        well = tell_guide(library, output_format)
    elif source is not None:
        well = _check_source(library, source, wanted, output_format)
    else:
        well = _check_knowledge(library, owl, data, write_anew, output_format)
    if not well:
        context.exit(1)


def _refuse_guide(library: Path | None, watched_json: bool, otherwise: bool) -> None:
    if library is None:
        raise click.UsageError("--guide and --watch look at a library of your own; name it with --library.")
    if otherwise:
        raise click.UsageError("--guide and --watch do not go with --source or --owl; run them by themselves.")
    if watched_json:
        raise click.UsageError("--watch tells what changed as text; leave --format json out.")


def _refuse_idle_options(
    source: Path | None, wanted: str | None, owl: bool, data: tuple[str, ...], write_anew: bool, output_format: str
) -> None:
    """Refuse an option that would do nothing."""
    if (write_anew or data) and not owl:
        raise click.UsageError("--write and --data go with --owl.")
    if source is not None and owl:
        raise click.UsageError("--source checks a copy of the document and nothing else; run check --owl by itself.")
    if wanted is not None and source is None:
        raise click.UsageError("--policy says which edition a copy is of; it goes with --source.")
    if data and output_format == "json":
        raise click.UsageError("What follows from --data is told as text; leave --format json out.")


# ---- the knowledge graph ---------------------------------------------------------------------------


def _check_knowledge(root: Path | None, owl: bool, data: tuple[str, ...], write_anew: bool, output_format: str) -> bool:
    from reasoner.check import check as check_all
    from reasoner.errors import OwlError

    records = _records(data)
    findings = list(check_all(root))
    told: list[Told] = []
    try:
        if owl:
            findings += _owl_findings(root, write_anew=write_anew)
        if records:
            told = _classified(root, records)
    except OwlError as error:
        raise Unreadable(str(error)) from error
    if output_format == "json":
        click.echo(json.dumps([asdict(f) for f in findings], ensure_ascii=False, indent=2))
    else:
        _say(_told(findings, owl=owl))
    for record in told:
        _say(record.lines)
    return not findings and all(record.agrees for record in told)


def _say(lines: tuple[str, ...] | list[str]) -> None:
    from reasoner.render.words import clean

    for line in lines:
        click.echo(clean(line))


def _told(findings: list[Finding], *, owl: bool) -> list[str]:
    if not findings:
        owl_part = ", classified without contradiction by HermiT" if owl else ""
        return [f"The ontology, its shapes and its questions are well made{owl_part}."]
    lines = [f"[{f.check}] {f}" for f in findings]
    return [*lines, f"{len(findings)} finding{'s' if len(findings) != 1 else ''}"]


def is_terminal() -> bool:
    """Whether somebody may be reading standard error."""
    return sys.stderr.isatty()


def _doing(what: str) -> None:
    if is_terminal():
        tell(what)


def _records(names: tuple[str, ...]) -> dict[str, tuple[Spo, ...]]:
    from reasoner.cli.review import expand
    from reasoner.errors import RequestError
    from reasoner.reading import read_triples

    files = [file for name in names for file in expand(name)]
    if names and not files:
        raise click.UsageError(f"There is no RDF file in {', '.join(names)}.")
    try:
        return {file: read_triples(file).triples for file in files}
    except RequestError as error:
        raise Unreadable(str(error)) from error


def _classified(root: Path | None, records: dict[str, tuple[Spo, ...]]) -> list[Told]:
    from reasoner.knowledge import load
    from reasoner.owl_check import told_of

    _doing(f"Classifying {len(records)} file{'s' if len(records) != 1 else ''} of data with HermiT ...")
    return list(told_of(load(root), records))


def _owl_findings(root: Path | None, *, write_anew: bool) -> list[Finding]:
    from reasoner import resources
    from reasoner.check import Finding
    from reasoner.cli.output import write
    from reasoner.knowledge import load
    from reasoner.owl_check import check_owl, inferred_turtle

    knowledge = load(root)
    if write_anew:
        _doing("Deriving ontology/inferred.ttl with HermiT ...")
        target = resources.layers(root)[-1] / "ontology" / "inferred.ttl"
        write(inferred_turtle(knowledge), target)
        click.echo("wrote ontology/inferred.ttl", err=True)
    _doing("Classifying the ontology with HermiT, and what must contradict it; this takes about 20 seconds ...")
    return [Finding("owl", fault.where, f"{fault.what} {fault.cure}".strip()) for fault in check_owl(knowledge)]


# ---- a copy of the document ------------------------------------------------------------------------


def _check_source(root: Path | None, source: Path, wanted: str | None, output_format: str) -> bool:
    from reasoner.check import check_source
    from reasoner.errors import PolicyError

    try:
        found = check_source(root, text_of(source), wanted)
    except PolicyError as error:
        raise Unreadable(str(error)) from error
    if output_format == "json":
        click.echo(json.dumps(_source_dict(found), ensure_ascii=False, indent=2))
    else:
        _say(list(_source_lines(found)))
    return found.faithful


def text_of(source: Path) -> str:
    """The text of a copy of a document.

    Raises:
        Unreadable: it is missing, empty or no text.
    """
    try:
        text = source.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise Unreadable(f"{source} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise Unreadable(f"{source} is not UTF-8 text; convert the document to plain text first.") from error
    if "\0" in text:
        raise Unreadable(f"{source} is binary; convert the document to plain text first.")
    if not text.strip():
        raise Unreadable(f"{source} is empty.")
    return text


def _source_dict(found: SourceCheck) -> dict[str, Any]:
    from reasoner.placing import Fate

    return {
        "edition": found.edition,
        "recognised": found.recognised,
        "length": len(found.text),
        "counts": {fate.value: found.count(fate) for fate in Fate},
        "anchors": [
            {"anchor": p.anchor.iri, "label": p.anchor.label, "fate": p.fate.value, "start": p.start, "end": p.end}
            for p in found.placements
        ],
        "reread": [
            {"iri": s.iri, "label": s.label, "kind": s.kind, "fate": p.fate.value, "anchor": s.anchor}
            for s, p in found.to_reread()
        ],
        "uncovered": [{"start": start, "end": end} for start, end in found.uncovered],
    }


def _source_lines(found: SourceCheck) -> Iterator[str]:
    from reasoner.check import words_at
    from reasoner.placing import Fate
    from reasoner.vocabulary import compact

    counts = ", ".join(f"{found.count(fate)} {fate.value}" for fate in Fate)
    yield f"{compact(found.edition)}: {len(found.placements)} places of the document: {counts}"
    if not found.recognised:
        yield "Fewer than a fifth of them were found: this does not look like a copy of the document."
        yield "Convert the document to plain text (pdftotext -layout), or name its edition with --policy NUMBER/DATE."
        return
    yield from _moved_lines(found)
    reread = found.to_reread()
    if reread:
        places = found.count(Fate.CHANGED) + found.count(Fate.GONE)
        yield ""
        yield f"To read again ({_many(len(reread), 'node')}, which speak for the {_many(places, 'place')} lost):"
    for speaker, placed in reread:
        yield f"  {placed.fate.value:8}{speaker.kind} “{speaker.label}” ({compact(speaker.iri)})"
        yield f"          {placed.anchor.section}, page {placed.anchor.page}; {_there_now(found, placed)}"
    if found.uncovered:
        yield ""
        yield "Words that no node speaks for:"
        yield from (f"  {start} to {end}: {words_at(found.text, start, end)}" for start, end in found.uncovered)
    elif not reread:
        yield "No words are left over: every one belongs to a section, clause, statement or criterion."


def _many(number: int, what: str) -> str:
    return f"{number} {what}{'s' if number != 1 else ''}"


def _there_now(found: SourceCheck, placed: Placement) -> str:
    from reasoner.check import words_at
    from reasoner.copies import words_in
    from reasoner.placing import Fate

    if placed.fate is Fate.CHANGED:
        return f"there now: {words_at(found.text, placed.start, placed.end)}"
    words = words_in(found.text, placed.start, placed.end)
    between = f"{_many(words, 'word')} stand{'s' if words == 1 else ''} between its neighbours"
    return f"no longer found; {between if words else 'its neighbours follow one another'}"


def _moved_lines(found: SourceCheck) -> Iterator[str]:
    groups = found.moved()
    if groups:
        yield ""
        yield "Moved (place, from which character, to which):"
    for first, *others in groups[:_SHOWN]:
        alike = f", and by as much the next {_many(len(others), 'place')} that moved" if others else ""
        yield f"  {first.anchor.label}: {first.anchor.start} to {first.start}{alike}"
    rest = sum(map(len, groups[_SHOWN:]))
    if rest:
        yield f"  and {rest} more; --format json has all"
