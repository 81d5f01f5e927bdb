"""Inputs of requests: which kind a path is, and its requests chunk by chunk.

A further kind of input (say, FHIR bundles) is one more entry of ``KINDS``: how it is recognised, and its chunks.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from reasoner.errors import TableError
from reasoner.tables.chunks import Chunk, Pending, Reading
from reasoner.tables.entities import is_entity_folder
from reasoner.tables.merge import entity_chunks
from reasoner.tables.nested import is_nested_file, nested_chunks_of, nested_files
from reasoner.tables.rdf_input import is_rdf, rdf_chunks
from reasoner.tables.schema import Schema


@dataclass(frozen=True)
class InputKind:
    """A kind of input: its name for messages, whether a path is of it, and the chunks of a path."""

    name: str
    fits: Callable[[Path, Schema], bool]
    chunks: Callable[[Path, Reading], Iterator[Pending]]


def _is_nested_folder(path: Path, schema: Schema) -> bool:
    return path.is_dir() and any(is_nested_file(p, schema) for p in path.iterdir())


def nested_files_of(folder: Path, schema: Schema) -> list[Path]:
    """The files of a folder of nested tables."""
    return [p for p in sorted(folder.iterdir()) if is_nested_file(p, schema)]


def _nested_folder(path: Path, reading: Reading) -> Iterator[Pending]:
    yield from nested_files(nested_files_of(path, reading.schema), reading)


KINDS = (
    InputKind("nested table", is_nested_file, nested_chunks_of),
    InputKind("entity tables", is_entity_folder, entity_chunks),
    InputKind("folder of nested tables", _is_nested_folder, _nested_folder),
    InputKind("RDF", lambda path, _: is_rdf(path), rdf_chunks),
)


def kind_of(path: Path, schema: Schema) -> InputKind:
    """The kind of an input.

    Raises:
        TableError: there is no such path, or it is of no kind that plexus reads.
    """
    if not path.exists():
        raise TableError(f"{path} does not exist.", "Check the path.")
    found = next((kind for kind in KINDS if kind.fits(path, schema)), None)
    if found is None:
        cure = (
            "Give a nested Parquet table (one row a request), a folder with requests.csv or requests.parquet and the "
            "other tables, or RDF (.ttl, .nt, .jsonld); plexus batch --csvw describes the tables."
        )
        raise TableError(f"{path} is no input that plexus reads.", cure)
    return found


def nested_chunks(sources: Iterable[Path], reading: Reading, *, finished: Collection[int] = ()) -> Iterator[Chunk]:
    """The requests of inputs as chunks of the nested table.

    Args:
        sources: files and folders, of any kinds.
        reading: how they are read.
        finished: numbers of chunks that are not needed any more; they are skipped, the others keep their numbers.

    Raises:
        TableError: an input cannot be read at all.
    """
    kinds = [(path, kind_of(path, reading.schema)) for path in sources]
    if reading.metadata and all(kind.name != "entity tables" for _, kind in kinds):
        what = f"{reading.metadata} maps entity tables, and no input is a folder of them."
        raise TableError(what, "Leave it out, or give entity tables.")
    number = 0
    for path, kind in kinds:
        for pending in kind.chunks(path, reading):
            if number not in finished:
                table, rejected = pending.load()
                yield Chunk(number, table, rejected)
            number += 1
