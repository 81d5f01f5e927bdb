"""The output folder of a Spark run, on any file system that Spark knows: tables get their names once they are whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from reasoner.errors import BatchError

MANIFEST = "manifest.json"
OUTPUTS = ("outcomes.parquet", "reasons.parquet", "rejected.parquet")
UNFINISHED = "_unfinished"
"""The folder within the output in which a run works; what it holds of an earlier run that was ended is discarded."""


@dataclass(frozen=True)
class OutputFolder:
    """A folder by its path as Spark writes it."""

    session: Any
    path: str

    def begin(self, *, force: bool = False) -> None:
        """Make the folder ready.

        Args:
            force: remove the tables and the manifest of an earlier run.

        Raises:
            BatchError: it holds something else than the remains of a run that was ended, or is a file.
        """
        held = sorted(n for n in self._names() if not n.startswith(".") and n != UNFINISHED)
        if held and not force:
            what = f"{self.path} is not empty: it holds {', '.join(held)[:200]}."
            raise BatchError(what, "Name a new folder, or write into it with --force.")
        for name in (MANIFEST, *OUTPUTS):
            path = self._path(f"{self.path.rstrip('/')}/{name}")
            self._system(path).delete(path, True)
        self.discard()

    def inside(self, name: str) -> str:
        """A path in the folder in which the run works."""
        return f"{self.path.rstrip('/')}/{UNFINISHED}/{name}"

    def settle(self, manifest: str) -> None:
        """Move what is whole to its name; the manifest, which says that all is, comes last."""
        self._write(self.inside(MANIFEST), manifest)
        for name in (*OUTPUTS, MANIFEST):
            source, target = self._path(self.inside(name)), self._path(f"{self.path.rstrip('/')}/{name}")
            if not self._system(source).rename(source, target):
                raise BatchError(f"{self.path}/{name} cannot be written.", "Check permissions, and run it anew.")
        self.discard()

    def discard(self) -> None:
        """Remove what the run has in work."""
        path = self._path(self.inside("")[:-1])
        self._system(path).delete(path, True)

    def _names(self) -> list[str]:
        path = self._path(self.path)
        system = self._system(path)
        if not system.exists(path):
            return []
        if not system.getFileStatus(path).isDirectory():
            raise BatchError(f"{self.path} is a file.", "Give a folder.")
        return [status.getPath().getName() for status in system.listStatus(path)]

    def _write(self, path: str, content: str) -> None:
        target = self._path(path)
        stream = self._system(target).create(target, True)
        try:
            stream.write(bytearray(content.encode()))
        finally:
            stream.close()

    def _path(self, path: str) -> Any:
        return self.session._jvm.org.apache.hadoop.fs.Path(path)

    def _system(self, path: Any) -> Any:
        return path.getFileSystem(self.session._jsc.hadoopConfiguration())
