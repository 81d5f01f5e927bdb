"""``plexus check`` and ``plexus anchor``: is the knowledge graph well made, and true to the document?"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from reasoner.anchors import SourceCheck
    from reasoner.check import Finding


@click.command()
@click.option("--source", type=click.Path(path_type=Path, dir_okay=False), help="A copy of the document, as text.")
@click.option("--policy", "wanted", default="0587", show_default=True, metavar="NUMBER[/DATE]", help="Which edition.")
@click.option("--owl", is_flag=True, help="Classify with HermiT too (needs plexus-reasoner[owl]).")
@click.option("--data", "data", multiple=True, metavar="FILE", help="With --owl: classify a request or other RDF too.")
@click.option("--write", "write_anew", is_flag=True, help="With --owl: write ontology/inferred.ttl anew first.")
@click.option(
    "--format", "output_format", type=click.Choice(["text", "json"]), default="text", help="Form of the output."
)
@click.pass_context
def check(
    context: click.Context,
    source: Path | None,
    wanted: str,
    owl: bool,
    data: tuple[str, ...],
    write_anew: bool,
    output_format: str,
) -> None:
    """Check the ontology, its shapes and questions; with --source, hold a copy of the policy against them.

    With --source only the document is checked: every place that a node speaks for is exact, moved, changed
    or gone, and words that no node speaks for are listed. That is how a new edition is taken in.

    Exit codes: 0 nothing found; 1 something was found; 2 wrong usage.
    """
    from reasoner import resources
    from reasoner.check import check as check_all

    if (write_anew or data) and not owl:
        raise click.UsageError("--write and --data go with --owl.")
    root = resources.data_dir()
    if source is not None:
        if _check_source(root, source, wanted, output_format):
            context.exit(1)
        return
    findings = list(check_all(root))
    if owl:
        findings += _owl_findings(root, write_anew=write_anew)
    if output_format == "json":
        click.echo(json.dumps([asdict(f) for f in findings], ensure_ascii=False, indent=2))
    else:
        click.echo(_told(findings, owl=owl), nl=False)
    if any([*(not _agrees(root, name) for name in data), findings]):
        context.exit(1)


def _agrees(root: Path, name: str) -> bool:
    """Classify one file of data, say what follows, and whether it agrees with the ontology."""
    from reasoner.knowledge import load
    from reasoner.owl_check import told_of
    from reasoner.reading import read_triples
    from reasoner.render.words import clean

    first, *rest = told_of(load(root), name, read_triples(name).triples)
    for line in (first, *rest):
        click.echo(clean(line))
    return "contradicts" not in first.removeprefix(name)


def _told(findings: list[Finding], *, owl: bool) -> str:
    if not findings:
        owl_part = ", classified without contradiction by HermiT" if owl else ""
        return f"The ontology, its shapes and its questions are well made{owl_part}.\n"
    lines = [f"[{f.check}] {f}" for f in findings]
    return "\n".join([*lines, f"{len(findings)} finding{'s' if len(findings) != 1 else ''}", ""])


def _owl_findings(root: Path, *, write_anew: bool) -> list[Finding]:
    from reasoner.check import Finding
    from reasoner.cli.output import write
    from reasoner.knowledge import load
    from reasoner.owl_check import check_owl, inferred_turtle

    knowledge = load(root)
    if write_anew:
        target = root / "ontology" / "inferred.ttl"
        write(inferred_turtle(knowledge), target)
        click.echo(f"wrote {target.relative_to(root)}", err=True)
    return [Finding("owl", fault.where, f"{fault.what} {fault.cure}".strip()) for fault in check_owl(knowledge)]


# ---- a copy of the document ------------------------------------------------------------------------


def _check_source(root: Path, source: Path, wanted: str, output_format: str) -> bool:
    from reasoner.check import check_source

    text = _text(source)
    found = check_source(root, text, wanted)
    if output_format == "json":
        click.echo(json.dumps(_source_dict(found), ensure_ascii=False, indent=2))
    else:
        click.echo(_source_text(found, text), nl=False)
    return not found.faithful


def _text(source: Path) -> str:
    try:
        return source.read_text(encoding="utf-8")
    except OSError as error:
        raise click.ClickException(f"{source} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise click.ClickException(f"{source} is not UTF-8 text; convert the document to plain text first.") from error


def _source_dict(found: SourceCheck) -> dict[str, Any]:
    from reasoner.anchors import Fate

    return {
        "edition": found.edition,
        "length": found.length,
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


def _source_text(found: SourceCheck, text: str) -> str:
    from reasoner.anchors import Fate, normalised
    from reasoner.check import words_at
    from reasoner.vocabulary import compact

    copy = normalised(text)
    counts = ", ".join(f"{found.count(fate)} {fate.value}" for fate in Fate)
    lines = [f"{compact(found.edition)}: {len(found.placements)} places: {counts}"]
    if not any(p.fate in (Fate.EXACT, Fate.MOVED) for p in found.placements):
        return "\n".join([*lines, "Nothing was found: this does not look like a copy of the document.", ""])
    reread = found.to_reread()
    if reread:
        lines += ["", "To read again:"]
    for speaker, placed in reread:
        lines.append(f"  {placed.fate.value:8}{speaker.kind} “{speaker.label}” ({compact(speaker.iri)})")
        place = f"{placed.anchor.section}, page {placed.anchor.page}"
        now = f"; there now: {words_at(copy, placed.start, placed.end)}" if placed.fate is Fate.CHANGED else ""
        lines.append(f"          {place}{now}")
    if found.uncovered:
        lines += ["", "Words that no node speaks for:"]
        lines += [f"  {start} to {end}: {words_at(copy, start, end)}" for start, end in found.uncovered]
    elif not reread:
        lines.append("No words are left over: every one belongs to a section, clause, statement or criterion.")
    return "\n".join([*lines, ""])


@click.command()
@click.argument("source", type=click.Path(path_type=Path, dir_okay=False))
@click.argument("first")
@click.argument("last", required=False)
@click.option("--name", default="name-of-the-place", help="Local name of the anchor.")
@click.option("--prefix", default="p0587", show_default=True, help="Prefix of the policy.")
def anchor(source: Path, first: str, last: str | None, name: str, prefix: str) -> None:
    """Print an anchor in Turtle for the words of a document that begin with FIRST (and end with LAST).

    It holds numbers and a digest, never the words. Add its section and page.
    """
    from reasoner.anchors import normalised, span_digest

    copy, begin, end = normalised(_text(source)), normalised(first), normalised(last or "")
    hits = [i for i in range(len(copy)) if copy.startswith(begin, i)]
    if len(hits) != 1:
        raise click.ClickException(f"{begin!r} stands {len(hits)} times in the document; give words that stand once.")
    start = hits[0]
    stop = copy.find(end, start) + len(end) if end else start + len(begin)
    if end and stop < start + len(end):
        raise click.ClickException(f"{end!r} does not follow in the document.")
    click.echo(
        f"{prefix}:at-{name} a cov:Anchor ;\n"
        f'    rdfs:label "{name.replace("-", " ")}"@en ;\n'
        f"    cov:inSection {prefix}:section-... ;\n"
        f"    cov:page ... ;\n"
        f"    oa:start {start} ;\n"
        f"    oa:end {stop} ;\n"
        f'    cov:spanDigest "{span_digest(copy[start:stop])}" ;\n'
        f"    rdfs:isDefinedBy <...> ."
    )
