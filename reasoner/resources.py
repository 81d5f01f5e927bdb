"""Where the files are that plexus reads itself: ontology, shapes, cases, context, templates.

A wheel carries them in ``reasoner/data``; in a checkout they are the top-level folders.
"""

from __future__ import annotations

from pathlib import Path

_HERE = Path(__file__).resolve().parent


def data_dir() -> Path:
    """The folder that holds ``ontology/``, ``shapes/`` and ``cases/``."""
    packaged = _HERE / "data"
    return packaged if packaged.is_dir() else _HERE.parent


def ontology_files() -> tuple[Path, ...]:
    """Every Turtle file of the ontology, vocabulary first, in a fixed order."""
    root = data_dir() / "ontology"
    return (*sorted(root.glob("*.ttl")), *sorted((root / "policies").glob("*.ttl")))


def shapes_file(*parts: str) -> Path:
    """A file below ``shapes/``."""
    return data_dir().joinpath("shapes", *parts)


def program_file() -> Path:
    """The logic program."""
    return _HERE / "determine.lp"


def context_file() -> Path:
    """The JSON-LD context for requests."""
    return data_dir() / "ontology" / "context.jsonld"


def template_file(name: str) -> Path:
    """A file below ``reasoner/templates/``."""
    return _HERE / "templates" / name
