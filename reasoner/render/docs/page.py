"""The pieces that every page of the documentation is put together from; whatever is text is escaped here."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from html import escape

from reasoner.render.words import clean

Html = str
"""Text in which markup is markup; made only by the functions of this package."""

STYLE = """\
:root { color-scheme: light; --ink: #1b1f24; --soft: #4d5661; --line: #cfd6dd; --link: #0b4fae; --ground: #f6f8fa; }
* { box-sizing: border-box; }
html { scroll-padding-top: 1rem; }
body { font: 16px/1.55 system-ui, sans-serif; color: var(--ink); background: #fff; margin: 0; overflow-wrap: anywhere; }
a { color: var(--link); } a:focus-visible, [tabindex]:focus-visible { outline: 3px solid #b35900; outline-offset: 2px; }
.skip { position: absolute; left: -99rem; } .skip:focus { left: 1rem; top: .5rem; background: #fff; padding: .5rem; }
header.site { border-bottom: 1px solid var(--line); background: var(--ground); padding: .6rem 1rem; }
header.site ul { list-style: none; display: flex; flex-wrap: wrap; gap: .1rem 1.2rem; margin: 0; padding: 0; }
header.site ul { max-width: none; } header.site ul ul { font-size: .9rem; } header.site li { margin: 0; }
header.site nav > ul { display: block; } header.site nav > ul > li { display: flex; gap: .8rem; padding: .1rem 0; }
header.site span { flex: 0 0 6.5rem; color: var(--soft); font-size: .9rem; }
header.site [aria-current] { color: var(--ink); font-weight: 700; text-decoration: none; }
main, footer { max-width: 76rem; margin: 0 auto; padding: 1rem; }
h1 { font-size: 1.7rem; line-height: 1.25; margin: .5rem 0; } h2 { font-size: 1.3rem; margin: 2.5rem 0 .5rem; }
h2 { border-bottom: 1px solid var(--line); padding-bottom: .2rem; }
h3 { font-size: 1.08rem; margin: 1.6rem 0 .3rem; } h4 { font-size: 1rem; margin: 1rem 0 .2rem; }
p, ul { margin: .4rem 0; max-width: 62rem; } ul { padding-left: 1.3rem; } li { margin: .15rem 0; }
code, pre { font-family: ui-monospace, "DejaVu Sans Mono", monospace; font-size: .87em; }
h3 code, h4 code { font-weight: 400; color: var(--soft); }
pre { background: var(--ground); border: 1px solid var(--line); padding: .8rem; }
pre { overflow-x: auto; overflow-wrap: normal; }
dl { display: grid; grid-template-columns: minmax(8rem, 13rem) minmax(0, 1fr); gap: .15rem 1rem; margin: .5rem 0; }
dt { color: var(--soft); } dd { margin: 0; } dd ul { margin: 0; }
.wide { overflow-x: auto; border: 1px solid var(--line); margin: 1rem 0; } .wide svg { display: block; }
table { border-collapse: collapse; width: 100%; }
caption { text-align: left; color: var(--soft); padding: .4rem .6rem; }
th, td { text-align: left; vertical-align: top; padding: .35rem .6rem; min-width: 7rem; }
th, td { border-top: 1px solid var(--line); overflow-wrap: break-word; }
th { background: var(--ground); }
article:target, tr:target, li:target, div:target { background: #fff8c5; }
.lede { font-size: 1.08rem; } .soft, footer { color: var(--soft); }
.letters { list-style: none; display: flex; flex-wrap: wrap; gap: .2rem .7rem; padding: 0; }
.columns { columns: 17rem; column-gap: 2rem; } .columns li { break-inside: avoid; margin: 0; padding: .1rem 0; }
.tree, .tree ul { border-left: 2px solid var(--line); list-style: none; padding-left: .9rem; }
.tag { background: var(--ground); border: 1px solid var(--line); border-radius: .7rem; }
.tag { padding: 0 .5rem; font-size: .87rem; }
.rule { border-left: 3px solid var(--line); padding-left: .9rem; margin: .8rem 0; }
.contents ul { display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; list-style: none; padding: 0; }
@media (max-width: 40rem) { header.site nav > ul > li { display: block; }
  dl { grid-template-columns: minmax(0, 1fr); gap: 0; } dd { margin-bottom: .4rem; }
  table, caption, tbody, tr, th, td { display: block; } thead { display: none; }
  td { border: 0; } td::before { content: attr(data-label) ": "; color: var(--soft); } }
@media print { header.site, .skip, .letters { display: none; } body { font-size: 10pt; } a { color: inherit; }
  main { max-width: none; padding: 0; } h2, h3, h4 { break-after: avoid; } tr, li, dd { break-inside: avoid; }
  .wide { overflow: visible; } .wide svg { max-width: 100%; height: auto; } }
"""


def e(text: str) -> Html:
    """Text made safe for markup and attributes.

    >>> e('<b class="x">')
    '&lt;b class=&quot;x&quot;&gt;'
    """
    return escape(clean(text), quote=True)


def a(href: str, text: str) -> Html:
    """A link."""
    return f'<a href="{e(href)}">{e(text)}</a>'


def code(text: str) -> Html:
    """A name in fixed width."""
    return f"<code>{e(text)}</code>"


def ul(items: Iterable[Html], css: str = "") -> Html:
    """A list; nothing where there are no items."""
    rows = "".join(f"<li>{item}</li>" for item in items)
    return f"<ul{_class(css)}>{rows}</ul>" if rows else ""


def dl(facts: Iterable[tuple[str, Html]]) -> Html:
    """Names with what holds for them; empty ones are left out."""
    rows = "".join(f"<dt>{e(name)}</dt><dd>{body}</dd>" for name, body in facts if body)
    return f"<dl>{rows}</dl>" if rows else ""


def several(items: Sequence[Html]) -> Html:
    """One item bare, several as a list."""
    return items[0] if len(items) == 1 else ul(items)


def table(caption: str, heads: Sequence[str], rows: Iterable[tuple[str, Sequence[Html]]]) -> Html:
    """A table whose rows may have an id; the first cell of a row is its heading."""
    head = "".join(f'<th scope="col">{e(h)}</th>' for h in heads)
    body = "\n".join(
        f"<tr{_id(key)}>"
        + "".join(
            f'<td data-label="{e(h)}">{c}</td>' if i else f'<th scope="row">{c}</th>'
            for i, (h, c) in enumerate(zip(heads, cells, strict=True))
        )
        + "</tr>"
        for key, cells in rows
    )
    return wide(
        caption,
        f"<table><caption>{e(caption)}</caption>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody></table>",
    )


def wide(label: str, body: Html) -> Html:
    """What may be wider than the window: it scrolls by itself, also by keyboard."""
    return f'<div class="wide" role="region" tabindex="0" aria-label="{e(label)}">\n{body}</div>\n'


def heading(level: int, text: Html, key: str = "") -> Html:
    """A heading, with an id where something links to it."""
    return f"<h{level}{_id(key)}>{text}</h{level}>\n"


def article(key: str, body: Html, css: str = "") -> Html:
    """One thing that is described, with its anchor."""
    return f"<article{_id(key)}{_class(css)}>\n{body}\n</article>\n"


def _id(key: str) -> Html:
    return f' id="{e(key)}"' if key else ""


def _class(css: str) -> Html:
    return f' class="{css}"' if css else ""


Menu = Sequence[tuple[str, Sequence[tuple[str, str]]]]
"""The groups of the menu, each with address and name of its pages."""


def page(title: str, body: Html, menu: Menu, current: str) -> Html:
    """A whole page with the menu that every page has."""
    here = ' aria-current="page"'
    links = "".join(
        f"<li><span>{e(group)}</span><ul>"
        + "".join(f'<li><a href="{e(href)}"{here if href == current else ""}>{e(name)}</a></li>' for href, name in rows)
        + "</ul></li>"
        for group, rows in menu
    )
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<title>{e(title)} - plexus</title>\n<link rel="stylesheet" href="style.css">\n</head>\n<body>\n'
        '<a class="skip" href="#_main">Skip to the content</a>\n'
        f'<header class="site"><nav aria-label="Documentation"><ul>{links}</ul></nav></header>\n'
        f'<main id="_main">\n<h1>{e(title)}</h1>\n{_contents(body)}{body}</main>\n'
        "<footer>Generated from the graph by plexus docs. It recommends and never determines.</footer>\n"
        "</body>\n</html>\n"
    )


def _contents(body: Html) -> Html:
    """Links to the parts of a long page."""
    parts = re.findall(r'<h2 id="([^"]+)">(.*?)</h2>', body)
    links = "".join(f'<li><a href="#{key}">{text}</a></li>' for key, text in parts)
    return f'<nav class="contents" aria-label="On this page"><ul>{links}</ul></nav>\n' if len(parts) > 1 else ""
