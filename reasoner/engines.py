"""The SHACL engines that a review can be done with, by name; the first is the default."""

from __future__ import annotations

from reasoner.engine import Engine
from reasoner.engine_columnar import ColumnarEngine
from reasoner.engine_pyshacl import PyshaclEngine

ENGINES: dict[str, type[Engine]] = {ColumnarEngine.name: ColumnarEngine, PyshaclEngine.name: PyshaclEngine}
DEFAULT = ColumnarEngine.name
