"""The requests of a chunk as their lines see them, as one graph: every line has its own copy of its request.

What other lines ask for steps aside, as :func:`reasoner.derive.seen_from` does for one line.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING

from pyoxigraph import NamedNode

from reasoner.batch.coding import Coding
from reasoner.batch.columns import Cells, Columns, TableColumns
from reasoner.batch.keys import Reference, References
from reasoner.columnar.blocks import Block, Rows
from reasoner.columnar.graph import Edges, Graph, LateEdges
from reasoner.spans import spans
from reasoner.tables.schema import Column
from reasoner.triples import RDF_TYPE
from reasoner.vocabulary import COV

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Ids = NDArray[np.int32]

LINES, OTHER_LINES, UNKNOWN = "lines", "other lines", "unknown"
ROW = "urn:plexus:row:"


@dataclass(frozen=True)
class Views:
    """Which lines are looked at: of each view the request and the row of the line."""

    request: Ids
    line: Ids

    @property
    def size(self) -> int:
        """How many views there are."""
        return len(self.request)


def every_request(columns: Columns) -> Views:
    """One view a request, of no line in particular."""
    import numpy as np

    every = np.arange(columns.size, dtype=np.int32)
    return Views(every, every)


@dataclass(frozen=True)
class TableView:
    """A table as views see it: ``rows`` are the rows of the chunk (None: all, in order), ``owner`` the views.

    ``starts`` says where the rows of each view begin.
    """

    source: TableColumns
    rows: Ids | None
    owner: Ids
    starts: NDArray[np.int64]

    @property
    def size(self) -> int:
        """How many rows there are."""
        return len(self.owner)


@dataclass(frozen=True)
class ViewGraph:
    """The graph of some views: ``tables`` by name, each with the number of its block."""

    graph: Graph
    tables: dict[str, TableView]
    block: dict[str, int]
    views: int

    @cached_property
    def by_class(self) -> dict[str, str]:
        """The name of the table of each class."""
        own = {t.source.table.cls: name for name, t in self.tables.items() if name != OTHER_LINES}
        return {**own, COV.OtherLine.value: OTHER_LINES} if OTHER_LINES in self.tables else own


def view_graph(columns: Columns, references: References, views: Views | None, coding: Coding) -> ViewGraph:
    """The graph of some views of a chunk; without views, that of the requests as they are, with all their lines."""
    return _Builder(columns, references, views, coding).build()


class _Builder:
    def __init__(self, columns: Columns, references: References, views: Views | None, coding: Coding) -> None:
        self.columns, self.references, self.coding = columns, references, coding
        self.blocks: list[Block] = list(coding.graph.blocks)
        self.edges: dict[str, list[Edges]] = {p: list(e) for p, e in coding.graph.edges.items()}
        self.entering: set[str] = set()
        self.whole = views is None
        self.views = views if views is not None else every_request(columns)

    def build(self) -> ViewGraph:
        tables = {name: view for name, t in self.columns.tables.items() if (view := self._view(name, t)).size}
        others = self._other_lines()
        if others.size:
            tables[OTHER_LINES] = others
        block = {}
        for name, view in tables.items():
            block[name] = len(self.blocks)
            self.blocks.append(Rows(view.size, _naming(name)))
        if self.references.dangling:
            block[UNKNOWN] = len(self.blocks)
            self.blocks.append(Rows(1, _naming(UNKNOWN)))
        for name, view in tables.items():
            self._type(block[name], view, COV.OtherLine.value if name == OTHER_LINES else view.source.table.cls)
            self._contained(name, view, block)
            for column_name, cells in view.source.cells.items():
                column = view.source.table.column(column_name)
                if column.kind == "reference":
                    self._refer(name, view, column, cells, tables, block)
                else:
                    self._say(name, view, column, cells, block)
        if OTHER_LINES in tables:
            self._edge(COV.accompanies.value, block[OTHER_LINES], block[LINES], None, tables[OTHER_LINES].owner)
        return ViewGraph(self._graph(tables, block), tables, block, self.views.size)

    def _graph(self, tables: dict[str, TableView], block: dict[str, int]) -> Graph:
        edges = {p: tuple(e) for p, e in self.edges.items()}
        return Graph(
            tuple(self.blocks),
            edges,
            fixed=self.coding.graph.fixed,
            entering_fixed=frozenset(self.entering),
            owner={block[name]: t.owner for name, t in tables.items()},
            views=self.views.size,
        )

    # -- which rows

    def _view(self, name: str, table: TableColumns) -> TableView:
        import numpy as np

        views = self.views
        if self.whole:
            return TableView(table, None, table.owner, table.starts)
        if name in (LINES, "requests"):
            rows = views.line if name == LINES else views.request
            own = np.arange(views.size, dtype=np.int32)
            return TableView(table, rows, own, np.arange(views.size + 1, dtype=np.int64))
        first, number = table.starts[views.request], np.diff(table.starts)[views.request]
        starts = np.zeros(views.size + 1, np.int64)
        np.cumsum(number, out=starts[1:])
        owner = np.repeat(np.arange(views.size, dtype=np.int32), number)
        return TableView(table, spans(first, number).astype(np.int32), owner, starts)

    def _other_lines(self) -> TableView:
        """The lines of each view's request that are not its own."""
        import numpy as np

        lines = self.columns.tables[LINES]
        none = np.empty(0, np.int32)
        if self.whole:
            return TableView(lines, none, none, np.zeros(1, np.int64))
        first, number = lines.starts[self.views.request], np.diff(lines.starts)[self.views.request]
        rows, owner = spans(first, number), np.repeat(np.arange(self.views.size, dtype=np.int32), number)
        other = rows != self.views.line[owner]
        return TableView(lines, rows[other].astype(np.int32), owner[other], np.zeros(1, np.int64))

    # -- what they say

    def _edge(self, predicate: str, source: int, target: int, subjects: Ids | None, objects: Ids) -> None:
        self.edges.setdefault(predicate, []).append(Edges(source, target, subjects, objects))
        if target < self.coding.graph.fixed:
            self.entering.add(predicate)

    def _type(self, block: int, view: TableView, cls: str) -> None:
        import numpy as np

        objects = np.broadcast_to(np.int32(self.coding.term(cls)), view.size)
        self._edge(RDF_TYPE.value, block, 0, None, objects)

    def _contained(self, name: str, view: TableView, block: dict[str, int]) -> None:
        import numpy as np

        link = COV.line.value if name == OTHER_LINES else view.source.table.link
        if link is not None and name != "requests":
            self._edge(link, block["requests"], block[name], view.owner, np.arange(view.size, dtype=np.int32))

    def _say(self, name: str, view: TableView, column: Column, cells: Cells, block: dict[str, int]) -> None:
        if isinstance(cells.block, int):
            target = cells.block
        else:
            target = len(self.blocks)
            self.blocks.append(cells.block)
        self._later(_property(column), block[name], target, lambda: _taken(cells.rows, cells.values, view))

    def _refer(
        self,
        name: str,
        view: TableView,
        column: Column,
        cells: Cells,
        tables: dict[str, TableView],
        block: dict[str, int],
    ) -> None:
        place = (view.source.table.name, column.name)
        predicate = _property(column)
        if name == OTHER_LINES and predicate == COV.indication.value:
            predicate = COV.otherIndication.value
        for reference in self.references.found.get(place, ()):
            if reference.target not in tables:
                continue  # in other requests than these
            ends = block[name], block[reference.target]
            source, target = ends[::-1] if column.inverse else ends
            pairs = partial(_referring, reference, view, tables[reference.target])
            self._later(predicate, source, target, partial(_ends, pairs, self.blocks[source].size, column.inverse))
        dangling = self.references.dangling.get(place)
        if dangling is not None and not column.inverse:
            self._later(predicate, block[name], block[UNKNOWN], partial(_nowhere, dangling, view))

    def _later(self, predicate: str, source: int, target: int, make: Callable[[], tuple[Ids | None, Ids]]) -> None:
        self.edges.setdefault(predicate, []).append(LateEdges(source, target, make))
        if target < self.coding.graph.fixed:
            self.entering.add(predicate)


def _referring(reference: Reference, view: TableView, at: TableView) -> tuple[Ids, Ids]:
    """The rows of a view that refer to another table, with the rows of that one."""
    rows, targets = _taken(reference.rows, reference.targets, view)
    assert rows is not None  # a reference is given in pairs
    if at.rows is not None:  # the copy of the same view
        begin = at.source.starts[at.source.owner[targets]]
        targets = (at.starts[view.owner[rows]] + (targets - begin)).astype("int32")
    return rows, targets


def _ends(pairs: Callable[[], tuple[Ids, Ids]], size: int, inverse: bool) -> tuple[Ids | None, Ids]:
    rows, targets = pairs()
    return _dense(targets, rows, size) if inverse else _dense(rows, targets, size)


def _nowhere(dangling: Ids, view: TableView) -> tuple[Ids, Ids]:
    """The rows of a view that refer to nothing, once each."""
    import numpy as np

    rows, _ = _taken(dangling, np.zeros(len(dangling), np.int32), view)
    assert rows is not None  # a reference is given in pairs
    rows = np.unique(rows)
    return rows, np.zeros(len(rows), np.int32)


def _property(column: Column) -> str:
    assert column.iri is not None
    return column.iri


def _naming(name: str):  # type: ignore[no-untyped-def]
    return lambda number: NamedNode(f"{ROW}{name}:{number}")


def _dense(subjects: Ids, objects: Ids, size: int) -> tuple[Ids | None, Ids]:
    """Pairs in the form that has one object for each subject, where that is so."""
    import numpy as np

    if len(subjects) > size or (len(subjects) > 1 and not bool((np.diff(subjects) > 0).all())):
        return subjects, objects
    out = np.full(size, -1, np.int32)
    out[subjects] = objects
    return None, out


def _taken(rows: Ids | None, values: Ids, view: TableView) -> tuple[Ids | None, Ids]:
    """Values by row, or pairs of row and value, of the rows that a view has."""
    import numpy as np

    if view.rows is None:
        return rows, values
    if rows is None:
        return None, values[view.rows]
    size = view.source.size
    starts = np.zeros(size + 1, np.int64)
    np.cumsum(np.bincount(rows, minlength=size), out=starts[1:])
    order = values if len(rows) < 2 or bool((np.diff(rows) >= 0).all()) else values[np.argsort(rows, kind="stable")]
    first, number = starts[view.rows], np.diff(starts)[view.rows]
    return np.repeat(np.arange(len(view.rows), dtype=np.int32), number), order[spans(first, number)]
