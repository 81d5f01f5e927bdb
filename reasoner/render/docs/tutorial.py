"""The tutorial as a page: Markdown to HTML, the file that a block belongs to as its caption."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from reasoner.authoring.tutorial import source
from reasoner.render.docs.page import Html, code

if TYPE_CHECKING:
    from markdown_it.token import Token


def tutorial_page() -> tuple[str, Html]:
    """Title and body of the page."""
    title, _, body = source().partition("\n")
    return title.lstrip("# "), markdown(body)


def markdown(text: str) -> Html:
    """Markdown as HTML. Markup in the text is shown, not obeyed; a block's file stands above it.

    >>> markdown("`a` <b>").strip()
    '<p><code>a</code> &lt;b&gt;</p>'
    """
    from markdown_it import MarkdownIt

    reader = MarkdownIt("commonmark", {"html": False})
    reader.add_render_rule("fence", _fence)
    return str(reader.render(text))


def _fence(renderer: object, tokens: Sequence[Token], i: int, options: object, env: object) -> Html:
    """A fenced block, with the file that it names above it."""
    _, _, file = tokens[i].info.strip().partition(" ")
    caption = f"<p>{code(file)}</p>\n" if file else ""
    return f'{caption}<pre tabindex="0">{code(tokens[i].content)}</pre>\n'
