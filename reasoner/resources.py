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


def layers(library: Path | None = None) -> tuple[Path, ...]:
    """The folders that make up a library, the first one below the others.

    Args:
        library: a folder with ``ontology/`` and ``shapes/`` (default: what plexus ships). One that has no
            vocabulary of its own (``ontology/coverage.ttl``) lies above what plexus ships and adds to it.
    """
    base = data_dir()
    if library is None or library.resolve() == base.resolve():
        return (base,)
    return (library,) if (library / "ontology" / "coverage.ttl").is_file() else (base, library)


def find(library: Path | None, *parts: str) -> Path | None:
    """A file of a library; where several layers have it, that of the upmost."""
    found = (layer.joinpath(*parts) for layer in reversed(layers(library)))
    return next((path for path in found if path.is_file()), None)


def files(library: Path | None, folder: str, pattern: str) -> list[Path]:
    """The files of a folder of a library, sorted by name; one of an upper layer stands in for its namesake below."""
    by_name = {p.relative_to(layer): p for layer in layers(library) for p in layer.joinpath(folder).glob(pattern)}
    return [path for _, path in sorted(by_name.items()) if path.is_file()]


def program_file() -> Path:
    """The logic program."""
    return _HERE / "determine.lp"


def context_file() -> Path:
    """The JSON-LD context for requests."""
    return data_dir() / "ontology" / "context.jsonld"


def template_file(name: str) -> Path:
    """A file below ``reasoner/templates/``."""
    return _HERE / "templates" / name


def package_file(name: str) -> Path:
    """A file of the package beside its modules, such as a logic program."""
    return _HERE / name


def schema_file(name: str) -> Path:
    """The JSON schema of what plexus writes: ``review``, ``whatif``, ``comparison``."""
    return _HERE / f"{name}.schema.json"
