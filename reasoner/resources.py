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


def program_file() -> Path:
    """The logic program."""
    return _HERE / "determine.lp"


def context_file() -> Path:
    """The JSON-LD context for requests."""
    return data_dir() / "ontology" / "context.jsonld"


def template_file(name: str) -> Path:
    """A file below ``reasoner/templates/``."""
    return _HERE / "templates" / name


def schema_file(name: str) -> Path:
    """The JSON schema of what plexus writes: ``review``, ``whatif``, ``comparison``."""
    return _HERE / f"{name}.schema.json"
