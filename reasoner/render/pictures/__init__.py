"""Pictures of policies: what they show (``diagram``, ``links``), where it goes (``layout``), and how it is written."""

from __future__ import annotations

from collections.abc import Callable

from reasoner.render.pictures.diagram import Diagram
from reasoner.render.pictures.svg import to_svg
from reasoner.render.pictures.written import to_dot, to_mermaid

WRITERS: dict[str, Callable[[Diagram], str]] = {"svg": to_svg, "dot": to_dot, "mmd": to_mermaid}
"""How a diagram is written in each form."""
