"""Cards of nodes for a terminal: at most 100 columns."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import asdict

from reasoner.card import Card, Group, Value
from reasoner.render.words import clean

WIDTH = 100
SHOWN = 10
"""How many of the nodes that mention a node a card lists for one property."""


def to_text(card: Card) -> str:
    """A card as text."""
    rows = [*_head(card), *_links("Says", card.outgoing, None), *_links("Named by", card.incoming, SHOWN)]
    return "\n".join(rows) + "\n"


def to_json(card: Card) -> str:
    """A card as a JSON object; nothing is left out."""
    return json.dumps(asdict(card), ensure_ascii=False, indent=2) + "\n"


def _wrap(text: str, indent: int = 0, hanging: int = 2) -> list[str]:
    return textwrap.wrap(
        clean(text),
        WIDTH,
        initial_indent=" " * indent,
        subsequent_indent=" " * (indent + hanging),
        break_on_hyphens=False,
        break_long_words=False,
    )


def _head(card: Card) -> Iterator[str]:
    yield from _wrap(card.label)
    yield f"{card.name}  {card.iri}" if not card.name.startswith("<") else card.iri
    if card.definition:
        yield from _wrap(card.definition)
    yield ""
    facts = {
        "Kind": ", ".join(_text(v) for v in card.kinds if v.name != "owl:NamedIndividual") or "not typed here",
        "Source": _source(card),
        "Place": "; ".join(map(str, card.places)),
        "File": f"{card.file} ({card.ontology})" if card.file else "mentioned only",
    }
    for name, text in facts.items():
        if text:
            yield from _wrap(f"{name + ':':<8}{text}", hanging=8)


def _source(card: Card) -> str:
    if card.asserted_by is None:
        return ""
    return card.asserted_by + (", as all of its file" if card.asserted_in else "")


def _links(heading: str, groups: Iterable[Group], cap: int | None) -> Iterator[str]:
    for i, group in enumerate(groups):
        if i == 0:
            yield from ("", heading)
        yield from _group(group, cap, 2)


def _group(group: Group, cap: int | None, indent: int) -> Iterator[str]:
    shown = group.values[:cap]
    if len(group.values) == 1 and not shown[0].parts:
        yield from _wrap(f"{group.label}: {_text(shown[0])}", indent)
        return
    yield from _wrap(f"{group.label}:", indent)
    for value in shown:
        yield from _value(value, indent + 2)
    if len(group.values) > len(shown):
        yield f"{' ' * (indent + 2)}and {len(group.values) - len(shown)} more"


def _value(value: Value, indent: int) -> Iterator[str]:
    if not value.parts:
        yield from _wrap(f"- {_text(value)}", indent)
        return
    rows = [row for part in value.parts for row in _group(part, None, indent + 2)]
    yield rows[0][:indent] + "- " + rows[0][indent + 2 :]
    yield from rows[1:]


def _text(value: Value) -> str:
    return f"{value.text} ({value.name})" if value.name and value.name != value.text else value.text
