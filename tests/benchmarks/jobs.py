"""One measured job in a process of its own, so that its memory is its own: `python jobs.py NAME ARGUMENTS`.

Prints JSON: the seconds of its phases, and where it left its results. What is compared between engines is written by
each job after its clock has stopped.
"""

from __future__ import annotations

import hashlib
import json
import sys
import time
from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1]), str(HERE.parent), str(HERE)]

Seconds = dict[str, float]
Key = tuple[str, str, str, str, str]
"""Focus, shape, component, severity, value of a result."""


def policy_0587() -> tuple[Any, Any]:
    from reasoner.knowledge import load

    knowledge = load()
    (policy,) = [p for p in knowledge.policies if p.probes_file == "0587.probes.ttl"]
    return knowledge, policy


class Clock:
    def __init__(self) -> None:
        self.seconds: Seconds = {}
        self._last = time.perf_counter()

    def mark(self, name: str) -> None:
        now = time.perf_counter()
        self.seconds[name] = self.seconds.get(name, 0.0) + now - self._last
        self._last = now


def repeated(
    run: Callable[[Clock, Path], Any], path: Path, times: int, warm: Path | None = None
) -> tuple[Seconds, Any]:
    """The run whose time is in the middle, of so many after one (on the input for that, if there is one) to warm up."""
    run(Clock(), warm or path)
    found = []
    for _ in range(times):
        clock = Clock()
        result = run(clock, path)
        found.append((sum(clock.seconds.values()), clock.seconds, result))
    found.sort(key=lambda x: x[0])
    _, seconds, result = found[len(found) // 2]
    return seconds, result


def digest_of(keys: Iterable[Key]) -> tuple[str, int]:
    rows = sorted("\t".join(k) for k in keys)
    return hashlib.sha256("\n".join(rows).encode()).hexdigest(), len(rows)


# ---- Prepared requests as N-Triples ----------------------------------------------------------------


def prepare(table: Path, out: Path, count: int, day: str) -> dict[str, Any]:
    """Requests as the review prepares them, one line each, with the arrangement of concepts behind them.

    At most a thousand different ones are prepared; more are those again under other names.
    """
    import pyarrow.parquet as pq
    from pyoxigraph import Triple

    from reasoner import intake
    from reasoner.errors import PlexusError
    from reasoner.tables.rdf_rows import triples_of

    knowledge, _ = policy_0587()
    rows = pq.ParquetFile(table).read_row_group(0).slice(0, min(count, 1000) * 2).to_pylist()
    texts: list[str] = []
    for row in rows:
        if len(texts) == min(count, 1000):
            break
        try:
            text = "".join(f"{Triple(*t)} .\n" for t in triples_of(row, knowledge)).encode()
            (record,) = intake.read(text, as_of=date.fromisoformat(day), format="ntriples")
        except PlexusError:  # some synthetic requests are made to be refused
            continue
        texts.append("".join(f"{Triple(*t)} .\n" for t in record.lines[0].triples))
    whole = "".join(texts)
    with out.open("w", encoding="utf-8") as file:
        for copy in range(0, count, len(texts)):
            part = whole if copy + len(texts) <= count else "".join(texts[: count - copy])
            file.write(part.replace("/pa/SYN-", f"/pa/{copy}-SYN-"))
        file.write("".join(f"{Triple(*t)} .\n" for t in knowledge.arrangement))
    return {"triples": sum(1 for _ in out.open(encoding="utf-8")), "different": len(texts)}


# ---- SHACL engines on text -------------------------------------------------------------------------


def shacl_columnar(path: Path, times: int, warm: Path) -> tuple[Seconds, list[Key]]:
    from reasoner.columnar.evaluate import Evaluation
    from reasoner.columnar.ntriples import graph_of_ntriples
    from reasoner.columnar.reading import read_shapes
    from reasoner.columnar.report import results

    knowledge, policy = policy_0587()
    shapes = read_shapes(knowledge.policy_shapes(policy))
    named = [t.term for s in shapes.targeted for t in s.targets if t.kind == "node"]

    def run(clock: Clock, path: Path) -> Any:
        graph = graph_of_ntriples(path.read_bytes(), named)
        clock.mark("load")
        found = list(results(Evaluation(graph, shapes)))
        clock.mark("evaluate")
        return found

    seconds, found = repeated(run, path, times, warm)
    return seconds, [
        (r.focus.value, r.shape.value, r.component, r.severity, r.value.value if r.value else "") for r in found
    ]


def shacl_pyshacl(path: Path, times: int, warm: Path) -> tuple[Seconds, list[Key]]:
    import logging

    from pyshacl import validate
    from rdflib import SH, Graph

    from reasoner.engine_pyshacl import to_rdflib

    logging.getLogger("pyshacl").setLevel(logging.CRITICAL)
    knowledge, policy = policy_0587()
    shapes = to_rdflib(knowledge.policy_shapes(policy))

    def run(clock: Clock, path: Path) -> Any:
        data = Graph(bind_namespaces="none").parse(path, format="nt")
        clock.mark("load")
        _, report, _ = validate(data, shacl_graph=shapes, inference="none", allow_infos=True)
        clock.mark("evaluate")
        return report

    seconds, report = repeated(run, path, times, warm)
    asked = (SH.focusNode, SH.sourceShape, SH.sourceConstraintComponent, SH.resultSeverity, SH.value)
    keys = [tuple(str(report.value(r, p) or "") for p in asked) for r in report.objects(None, SH.result)]
    return seconds, keys  # type: ignore[return-value]


def shacl_pyshifty(path: Path, times: int, warm: Path) -> tuple[Seconds, list[Key]]:
    """The report as its engine writes it, without the rdflib graph that its Python layer then makes."""
    import shifty
    from pyoxigraph import RdfFormat, parse

    from reasoner.engine_pyshacl import to_rdflib
    from reasoner.triples import Triples
    from reasoner.vocabulary import SH

    knowledge, policy = policy_0587()
    prepared = shifty.PreparedValidator(to_rdflib(knowledge.policy_shapes(policy)))
    format = shifty._path_format(path)

    def run(clock: Clock, path: Path) -> Any:
        native = prepared._inner
        found = native.validate_w3c(None, str(path), format, "data", None, False, "info", True, "ignore", False)
        clock.mark("load and evaluate")
        return found

    seconds, found = repeated(run, path, times, warm)
    report = Triples(
        (q.subject, q.predicate, q.object) for q in parse(found._report_ntriples, format=RdfFormat.N_TRIPLES)
    )
    asked = (SH.focusNode, SH.sourceShape, SH.sourceConstraintComponent, SH.resultSeverity, SH.value)
    results = {o for _, p, o in report if p == SH.result}
    keys = [tuple(o.value if (o := report.one(r, p)) is not None else "" for p in asked) for r in results]
    return seconds, keys  # type: ignore[return-value]


def shacl_pyrudof(path: Path, times: int, warm: Path) -> tuple[Seconds, list[Key]]:
    import pyrudof
    from pyoxigraph import Triple

    knowledge, policy = policy_0587()
    rudof = pyrudof.Rudof(pyrudof.RudofConfig())
    text = "".join(f"{Triple(*t)} .\n" for t in knowledge.policy_shapes(policy))
    rudof.read_shacl(text, format=pyrudof.ShaclFormat.NTriples)

    def run(clock: Clock, path: Path) -> Any:
        rudof.read_data(str(path), format=pyrudof.RDFFormat.NTriples, merge=False)
        clock.mark("load")
        found = rudof.validate_shacl()
        clock.mark("evaluate")
        return found

    seconds, found = repeated(run, path, times, warm)
    sh = "http://www.w3.org/ns/shacl#"
    keys = [
        (e.focus_node, e.source_shape, e.constraint_component, sh + e.severity.removeprefix("sh:"), e.value or "")
        for e in found
    ]
    return seconds, keys


SHACL = {
    "plexus": shacl_columnar,
    "pyshifty": shacl_pyshifty,
    "pyrudof": shacl_pyrudof,
    "pyshacl": shacl_pyshacl,
}


def shacl(engine: str, path: Path, times: int, warm: Path) -> dict[str, Any]:
    seconds, keys = SHACL[engine](path, times, warm)
    digest, number = digest_of(keys)
    return {"seconds": seconds, "digest": digest, "results": number}


# ---- The floor -------------------------------------------------------------------------------------


def flatten(table: Path, out: Path) -> dict[str, Any]:
    import flat
    import pyarrow as pa
    import pyarrow.parquet as pq

    file = pq.ParquetFile(table)
    parts = [flat.flatten(file.read_row_group(group)) for group in range(file.num_row_groups)]
    whole = pa.concat_tables(parts, promote_options="default")
    pq.write_table(whole, out, compression="zstd", row_group_size=100_000)
    return {"columns": whole.num_columns}


def floor(engine: str, path: Path, times: int, out: Path) -> dict[str, Any]:
    import flat
    import pyarrow.parquet as pq

    ask = {"duckdb": flat.in_duckdb, "polars": flat.in_polars}[engine]

    def run(clock: Clock, path: Path) -> Any:
        found = ask(path)
        clock.mark("whole")
        return found

    seconds, found = repeated(run, path, times)
    pq.write_table(found, out)
    return {"seconds": seconds}


# ---- A batch in phases -----------------------------------------------------------------------------

PHASES = {
    "columns_of": "load",
    "references_of": "load",
    "view_graph": "load",
    "composer_of": "compose",
    "hinges_of": "hinges",
    "outcome_table": "write",
    "reasons_table": "write",
    "rejected_table": "write",
    "reason_rows": "write",
}
"""The functions that the review of a chunk calls, by the phase that they are counted to; the rest is evaluation."""


def phases(table: Path, out: Path, day: str, hinges: bool) -> dict[str, Any]:
    """One worker in this process, with the time of the steps of each chunk."""
    from reasoner.batch import chunk
    from reasoner.batch.plan import Plan, Profile
    from reasoner.batch.run import Options, run

    spent: Seconds = {}

    def timed(name: str, phase: str) -> None:
        real = getattr(chunk, name, None)
        if real is None:
            raise SystemExit(f"reasoner.batch.chunk has no {name}; mend PHASES in {__file__}.")

        def call(*args: Any, **more: Any) -> Any:
            begun = time.perf_counter()
            out = real(*args, **more)
            spent[phase] = spent.get(phase, 0.0) + time.perf_counter() - begun
            return _Timed(out, spent, phase) if name == "composer_of" else out

        setattr(chunk, name, call)

    for name, phase in PHASES.items():
        timed(name, phase)
    plan = Plan(None, date.fromisoformat(day), (Profile("default", {}),), None, False, hinges, "")
    manifest = run([table], plan, out, Options(workers=1, force=True))
    seconds = manifest["seconds"]
    spent["load"] = spent.get("load", 0.0) + seconds["read"]
    inside = sum(v for k, v in spent.items()) - seconds["read"]
    spent["evaluate"] = seconds["review"] - inside
    spent["write"] = spent.get("write", 0.0) + seconds["write"] + seconds["join"]
    return {"seconds": spent}


class _Timed:
    """A composer whose work is counted as well."""

    def __init__(self, inner: Any, spent: Seconds, phase: str) -> None:
        self._inner, self._spent, self._phase = inner, spent, phase

    def compose(self, *args: Any) -> Any:
        begun = time.perf_counter()
        out = self._inner.compose(*args)
        self._spent[self._phase] += time.perf_counter() - begun
        return out

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


# ---- One review ------------------------------------------------------------------------------------


def single(every: int) -> dict[str, Any]:
    """Warm reviews of cases, text in and explanation included, and bare pySHACL on the same graphs."""
    import logging

    from conftest import all_cases
    from pyshacl import validate

    from reasoner import intake, review
    from reasoner.engine_columnar import ColumnarEngine
    from reasoner.engine_pyshacl import _results, to_rdflib

    logging.getLogger("pyshacl").setLevel(logging.CRITICAL)
    knowledge, policy = policy_0587()
    shapes = knowledge.policy_shapes(policy)
    graph = to_rdflib(shapes)
    ours, theirs, unequal = [], [], []
    cases = [c for c in all_cases() if review(c.request, as_of=c.as_of)][::every]
    for case in cases:
        text = case.request.read_bytes()
        begun = time.perf_counter()
        (found, *_) = review(text, as_of=case.as_of, name=str(case.request))
        ours.append(time.perf_counter() - begun)
        (record, *_) = intake.read(text, as_of=case.as_of, name=str(case.request))
        spent = 0.0
        for line in record.lines:
            data = to_rdflib((*line.triples, *knowledge.arrangement))
            begun = time.perf_counter()
            _, report, _ = validate(data, shacl_graph=graph, inference="none", allow_infos=True)
            spent += time.perf_counter() - begun
            same = {(r.focus, r.shape) for r in _results(report)}
            own = ColumnarEngine().evaluate(line.triples, shapes, knowledge.arrangement)
            if {(r.focus, r.shape) for r in own} != same:
                unequal.append(case.name)
        theirs.append(spent)
    return {"plexus": ours, "pyshacl": theirs, "unequal": unequal, "cases": len(cases)}


JOBS = {
    "prepare": lambda a: prepare(Path(a[0]), Path(a[1]), int(a[2]), a[3]),
    "shacl": lambda a: shacl(a[0], Path(a[1]), int(a[2]), Path(a[3])),
    "flatten": lambda a: flatten(Path(a[0]), Path(a[1])),
    "floor": lambda a: floor(a[0], Path(a[1]), int(a[2]), Path(a[3])),
    "phases": lambda a: phases(Path(a[0]), Path(a[1]), a[2], a[3] == "hinges"),
    "single": lambda a: single(int(a[0])),
}


if __name__ == "__main__":
    print(json.dumps(JOBS[sys.argv[1]](sys.argv[2:])))
