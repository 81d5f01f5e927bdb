"""Engines side by side, in one run: SHACL engines on text, the batch against hand-written SQL, and one review.

Run from a checkout with the extra bench (pip install -e ".[bench]"):

    python tests/benchmarks/engines.py [--part shacl|batch|single] [--ten-million] [--json FILE] [--svg FILE]

Results are compared before a time is printed: every result of every SHACL engine on the same text, the nine leaf
statuses of every request against the expressions of the floor, and what the generator of the requests claims. Where
they differ the run ends with exit code 1 and no time. Ratios hold within a run only. All requests are synthetic.

Each job runs in a process of its own; memory is the sum of the resident memory of all its processes, at its highest.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(ROOT), str(HERE)]

DAY = "2026-06-30"
PLEXUS = [sys.executable, "-c", "from reasoner.cli import main; main()"]
SHACL_SIZES = (1, 100, 1_000, 10_000)
BATCH_SIZES = (1, 100, 10_000, 100_000, 1_000_000)
PEERS = ("plexus", "pyshifty", "pyrudof", "pyshacl")
LAYOUTS = ("nested", "sorted", "shuffled")
SEVERAL = 100_000
"""From so many requests on there are several chunks, so that a second worker has something to do."""
MIB = 1 << 20


# ---- Processes -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Ran:
    """What a process took: seconds of the whole, its highest memory in bytes, and what it printed."""

    seconds: float
    peak: int
    output: str


def watched(command: list[str], accepted: tuple[int, ...] = (0,)) -> Ran:
    """Run a command, looking at the memory of it and of the processes that it starts.

    Raises:
        SystemExit: it failed.
    """
    import psutil

    begun = time.perf_counter()
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
    peak, over = 0, threading.Event()

    def look() -> None:
        nonlocal peak
        whole = psutil.Process(process.pid)
        while not over.wait(0.02):
            total = 0
            try:
                for one in (whole, *whole.children(recursive=True)):
                    total += one.memory_info().rss
            except psutil.Error:
                continue
            peak = max(peak, total)

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    output, errors = process.communicate()
    seconds = time.perf_counter() - begun
    over.set()
    thread.join()
    if process.returncode not in accepted:
        sys.exit(f"{' '.join(command[:6])} ... ended with {process.returncode}:\n{errors[-2000:]}")
    return Ran(seconds, peak, output)


def job(name: str, *arguments: object) -> dict[str, Any]:
    ran = watched([sys.executable, str(HERE / "jobs.py"), name, *map(str, arguments)])
    found: dict[str, Any] = json.loads(ran.output.splitlines()[-1])
    return {**found, "peak": ran.peak, "process": ran.seconds}


def differs(what: str) -> None:
    sys.exit(f"The results differ: {what}. No time is printed.")


# ---- Data ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Data:
    """Where generated requests are kept."""

    folder: Path
    seed: int

    def made(self, count: int, layout: str = "nested") -> Path:
        out = self.folder / f"{layout}-{count}-{self.seed}"
        if not (out / "manifest.json").is_file():
            form = "nested" if layout == "nested" else "entities"
            shuffle = ["--shuffle"] if layout == "shuffled" else []
            said = ["-n", str(count), "--seed", str(self.seed), "--policy", "0587", "--format", form, "--as-of", DAY]
            tell(f"making {count:,} requests, {layout}")
            watched([*PLEXUS, "generate", *said, *shuffle, "-o", str(out)])
        return out

    def input(self, count: int, layout: str) -> Path:
        made = self.made(count, layout)
        return made / "requests.parquet" if layout == "nested" else made

    def flat(self, count: int) -> Path:
        out = self.folder / f"flat-{count}-{self.seed}.parquet"
        if not out.is_file():
            tell(f"flattening {count:,} requests")
            job("flatten", self.input(count, "nested"), out)
        return out

    def text(self, count: int) -> Path:
        out = self.folder / f"prepared-{count}-{self.seed}.nt"
        if not out.is_file():
            tell(f"preparing {count:,} requests as N-Triples")
            job("prepare", self.input(max(count, 100), "nested"), out, count, DAY)
        return out


def tell(text: str) -> None:
    if sys.stderr.isatty():
        print(f"  ... {text}", file=sys.stderr)


# ---- SHACL engines ---------------------------------------------------------------------------------


def shacl(data: Data, sizes: tuple[int, ...], limit: float, times: int) -> list[dict[str, Any]]:
    """The policy shapes of edition 0587, probes included, over one graph of N prepared requests."""
    rows: list[dict[str, Any]] = []
    last: dict[str, tuple[int, float]] = {}
    for count in sizes:
        text = data.text(count)
        found = {}
        for engine in PEERS:
            before = last.get(engine)
            if before is not None and before[1] * count / before[0] > limit:
                continue
            tell(f"{engine}, {count:,} requests")
            found[engine] = job("shacl", engine, text, times if count <= 100 else 1, data.text(1))
            last[engine] = (count, sum(found[engine]["seconds"].values()))
        for engine, one in found.items():
            if one["digest"] != found["plexus"]["digest"]:
                differs(f"{engine} has {one['results']:,} results on {count:,} requests, and not those of plexus")
        for engine, one in found.items():
            whole = sum(one["seconds"].values())
            rows.append({"engine": engine, "requests": count, "seconds": one["seconds"], "whole": whole})
            rows[-1] |= {"rate": count / whole, "peak": one["peak"], "results": one["results"]}
            rows[-1]["compared"] = sorted(found)
    return rows


def shown_shacl(rows: list[dict[str, Any]]) -> None:
    print("\nSHACL engines: N-Triples text to results, policy shapes of edition 0587 with probes")
    heads = f"{'engine':<10}{'requests':>10}{'results':>12}{'load s':>9}{'evaluate s':>12}{'req/s':>10}{'MiB':>8}"
    print(f"{heads}   plexus is")
    ours = {r["requests"]: r["rate"] for r in rows if r["engine"] == "plexus"}
    for r in rows:
        load, evaluate = r["seconds"].get("load"), r["seconds"].get("evaluate", r["whole"])
        ratio = "" if r["engine"] == "plexus" else f"{ours[r['requests']] / r['rate']:9.1f}x"
        print(
            f"{r['engine']:<10}{r['requests']:>10,}{r['results']:>12,}{_s(load):>9}{_s(evaluate):>12}"
            f"{r['rate']:>10,.0f}{r['peak'] / MIB:>8,.0f}{ratio}"
        )
    print("The results are the same wherever several engines stand at one number of requests. pyshifty loads and")
    print("evaluates in one step. Shapes are read and each engine has run once before the clock starts.")
    fastest = {}
    for r in rows:
        if r["engine"] == "pyshifty":
            fastest = {"requests": r["requests"], "ratio": ours[r["requests"]] / r["rate"]}
    if fastest:
        goal("times the rate of pyshifty", fastest["ratio"], 10, more=True, at=f"{fastest['requests']:,} requests")


def _s(seconds: float | None) -> str:
    return "-" if seconds is None else f"{seconds:.3f}" if seconds < 10 else f"{seconds:.1f}"


def goal(what: str, reached: float, wanted: float, *, more: bool, at: str) -> None:
    met = reached >= wanted if more else reached <= wanted
    shown = f"{reached:,.2f}" if reached < 100 else f"{reached:,.0f}"
    print(f"  goal {'>=' if more else '<='} {wanted:,g} {what}: {shown} at {at}: {'reached' if met else 'NOT reached'}")


# ---- The batch -------------------------------------------------------------------------------------


@dataclass
class Batch:
    """What was found at one number of requests."""

    count: int
    runs: dict[str, dict[str, Any]] = field(default_factory=dict)
    floors: dict[str, dict[str, Any]] = field(default_factory=dict)
    phases: dict[str, dict[str, float]] = field(default_factory=dict)
    compared: int = 0


def batch(data: Data, sizes: tuple[int, ...], layouts: tuple[str, ...], times: int, hinged: int) -> list[Batch]:
    return [_batch(data, count, layouts, times, hinged) for count in sizes]


def _batch(data: Data, count: int, layouts: tuple[str, ...], times: int, hinged: int) -> Batch:
    found = Batch(count)
    with tempfile.TemporaryDirectory(dir=data.folder) as scratch:
        folder = Path(scratch)
        for layout in layouts:
            found.runs[layout] = _ran(data, count, layout, folder / layout, hinges=False, memory=_memory(layout))
            _same_outcomes(folder / "nested", folder / layout, layout)
        if count >= SEVERAL:
            two = "nested, two workers"  # what the command line does where nothing is said of memory
            found.runs[two] = _ran(data, count, "nested", folder / two, hinges=False, memory="1GiB")
            _same_outcomes(folder / "nested", folder / two, two)
        _as_claimed(data, count, folder / "nested")
        for engine in ("duckdb", "polars"):
            tell(f"{engine}, {count:,} requests")
            out = folder / f"{engine}.parquet"
            found.floors[engine] = job("floor", engine, data.flat(count), times, out)
            found.compared = _as_the_floor(folder / "nested", out, engine)
        if count <= hinged:
            for name, memory in (("nested, hinges", "512MiB"), ("two workers, hinges", "1GiB"))[
                : 1 + (count >= SEVERAL)
            ]:
                found.runs[name] = _ran(data, count, "nested", folder / name, hinges=True, memory=memory)
                _same_outcomes(folder / "nested", folder / name, name)
        if count <= 100_000:
            for name in ("no", "hinges") if count <= hinged else ("no",):
                tell(f"phases, {count:,} requests, {name}")
                out = folder / f"phases-{name}"
                found.phases[name] = job("phases", data.input(count, "nested"), out, DAY, name)["seconds"]
    return found


def _memory(layout: str) -> str:
    return "1536MiB" if layout == "shuffled" else "512MiB"


def _ran(data: Data, count: int, layout: str, out: Path, *, hinges: bool, memory: str) -> dict[str, Any]:
    source = data.input(count, layout)
    tell(f"plexus batch, {count:,} requests, {layout}{', hinges' if hinges else ''}")
    command = [*PLEXUS, "batch", str(source), "-o", str(out), "--as-of", DAY, "--memory", memory, "--format", "json"]
    ran = watched(command if hinges else [*command, "--no-hinges"], accepted=(0, 1))
    manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    counts = manifest["counts"]
    if counts["lines_in"] != counts["lines_reviewed"] + counts["lines_rejected"] or counts["requests"] != count:
        differs(f"{layout}: lines in are not those reviewed and rejected")
    whole = manifest["seconds"]["whole"]
    return {
        "process": ran.seconds,
        "whole": whole,
        "rate": count / whole,
        "peak": ran.peak,
        "memory": memory,
        "workers": manifest["workers"],
        "seconds": manifest["seconds"],
        "reasons": counts["reasons_rows"],
    }


def _outcomes(folder: Path) -> Any:
    import pyarrow.parquet as pq

    return pq.read_table(folder / "outcomes.parquet").drop_columns(["run_id", "hinges"]).sort_by("request")


def _same_outcomes(first: Path, second: Path, name: str) -> None:
    a, b = _outcomes(first), _outcomes(second)
    if a.num_rows != b.num_rows:
        differs(f"{name}: {b.num_rows:,} outcomes, nested {a.num_rows:,}")
    for column in a.column_names:
        if _plain(a, column) != _plain(b, column):
            differs(f"{name}: column {column}")


def _plain(table: Any, column: str) -> Any:
    import pyarrow as pa

    found = table.column(column)
    return found.cast(pa.string()) if pa.types.is_dictionary(found.type) else found


def _as_claimed(data: Data, count: int, folder: Path) -> None:
    """The recommendations are those that the generator claims by construction."""
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    claimed = pq.read_table(data.made(count) / "expected.parquet").sort_by("request")
    claimed = claimed.filter(pc.invert(claimed.column("rejected")))
    outcomes = _outcomes(folder)
    for column in ("request", "recommendation", "basis"):
        if _plain(claimed, column).combine_chunks() != _plain(outcomes, column).combine_chunks():
            differs(f"the column {column} of the batch is not as the generator claims")


def _as_the_floor(folder: Path, floor: Path, engine: str) -> int:
    """Every leaf of every line that was weighed has the floor's status; how many lines were compared."""
    import flat
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    statuses, outcomes = pq.read_table(floor), _outcomes(folder)
    at = pc.index_in(_plain(outcomes, "request"), value_set=_plain(statuses, "identifier").combine_chunks())
    if at.null_count:
        differs(f"{engine}: {at.null_count:,} requests are not in the flat table")
    compared = 0
    for leaf in flat.LEAVES:
        ours = pc.index_in(_plain(outcomes, leaf), value_set=pa.array(flat.STATUSES))
        theirs = statuses.column(leaf).take(at).cast(pa.int32())
        weighed = pc.is_valid(outcomes.column(leaf))
        unequal = pc.sum(pc.and_(weighed, pc.not_equal(ours, theirs))).as_py() or 0
        if unequal:
            differs(f"{engine}: {unequal:,} statuses of {leaf}")
        compared = pc.sum(weighed).as_py() or 0
    return compared


def exponent(found: list[Batch], layout: str) -> float | None:
    """How the time grows with the number of requests, from 10,000 on: the slope of logarithms by least squares."""
    pairs = [
        (math.log(b.count), math.log(b.runs[layout]["whole"])) for b in found if b.count >= 10_000 and layout in b.runs
    ]
    if len(pairs) < 2:
        return None
    x, y = (sum(p[i] for p in pairs) / len(pairs) for i in (0, 1))
    return sum((a - x) * (b - y) for a, b in pairs) / sum((a - x) ** 2 for a, _ in pairs)


def shown_batch(found: list[Batch]) -> None:
    print("\nBatch: Parquet to written outcomes and reasons; the floor is boolean expressions over a flat table")
    print(f"{'engine':<22}{'requests':>11}{'seconds':>10}{'req/s':>11}{'MiB':>8}{'x DuckDB':>10}{'x Polars':>10}")
    for b in found:
        floors = {n: sum(f["seconds"].values()) for n, f in b.floors.items()}
        lines = [(f"plexus, {n}", r["whole"], r["peak"]) for n, r in b.runs.items()]
        lines += [(f"{n} floor", floors[n], f["peak"]) for n, f in b.floors.items()]
        for name, seconds, peak in lines:
            ratios = "".join(f"{seconds / floors[n]:>10.2f}" for n in ("duckdb", "polars"))
            rate = b.count / seconds
            print(f"{name:<22}{b.count:>11,}{_s(seconds):>10}{rate:>11,.0f}{peak / MIB:>8,.0f}{ratios}")
    weighed = ", ".join(f"{b.compared:,} of {b.count:,}" for b in found)
    print(f"Nine leaf statuses equal in plexus and in both floors on {weighed} lines (the others are rejected, or no")
    print(
        "necessity is asked of them). Recommendations and bases are those claimed by the generator. Seconds are those"
    )
    print(
        "without the start of Python; the floors write nothing, and know one reading and neither groups nor evidence."
    )
    for b in found:
        for name, seconds in b.phases.items():
            named = ("load", "evaluate", "compose", "hinges", "write")
            parts = ", ".join(f"{k} {seconds.get(k, 0):.2f}" for k in named)
            kind = "with hinges" if name == "hinges" else "no hinges"
            print(f"  phases of one worker, {b.count:,} requests, {kind}, seconds: {parts}")
    _batch_goals(found)


def _batch_goals(found: list[Batch]) -> None:
    largest = found[-1]
    at = f"{largest.count:,} requests"
    duckdb = sum(largest.floors["duckdb"]["seconds"].values())
    for layout, rate, mib in (("nested", 400_000, 512), ("shuffled", 150_000, 1536)):
        run = largest.runs.get(layout)
        if run is None:
            continue
        goal(f"requests/s, {layout}", run["rate"], rate, more=True, at=at)
        goal(f"MiB, {layout}", run["peak"] / MIB, mib, more=False, at=at)
    goal("times the DuckDB floor, nested", largest.runs["nested"]["whole"] / duckdb, 3, more=False, at=at)
    two = largest.runs.get("nested, two workers")
    if two is not None:
        goal("requests/s, nested, two workers", two["rate"], 400_000, more=True, at=at)
    for layout in LAYOUTS:
        slope = exponent(found, layout)
        if slope is not None:
            goal(f"growth exponent, {layout}", slope, 1.05, more=False, at=f"10,000 to {at}")


# ---- One review ------------------------------------------------------------------------------------


def single(runs: int, every: int) -> dict[str, Any]:
    tell("one review")
    found = job("single", every)
    if found["unequal"]:
        differs(f"the engine and pySHACL on {', '.join(found['unequal'][:5])}")
    from review import whole_process

    ours, theirs = whole_process("complete-record", runs)
    return {**found, "process plexus": ours, "process pyshacl": theirs}


def shown_single(found: dict[str, Any]) -> None:
    ours, theirs = (sorted(x * 1000 for x in found[n]) for n in ("plexus", "pyshacl"))
    a, b = median(found["process plexus"]), median(found["process pyshacl"])
    print(f"\nOne review, warm, text in and explanation included, {found['cases']} cases (milliseconds)")
    print(f"{'plexus review':<34} median {median(ours):8.2f}   p95 {_p95(ours):8.2f}")
    print(f"{'bare pyshacl.validate, same graphs':<34} median {median(theirs):8.2f}   p95 {_p95(theirs):8.2f}")
    print(f"whole process: plexus review {a:.0f}, pyshacl command {b:.0f} (medians of {len(found['process plexus'])})")
    goal("ms, median", median(ours), 2, more=False, at="one warm review")
    goal("ms, 95th percentile", _p95(ours), 3, more=False, at="one warm review")
    goal("times bare pyshacl.validate", median(ours) / median(theirs), 0.2, more=False, at="the medians")
    goal("times the pyshacl command", a / b, 0.5, more=False, at="the medians")


def _p95(values: list[float]) -> float:
    return values[min(len(values) - 1, math.ceil(0.95 * len(values)) - 1)]


# ---- The run ---------------------------------------------------------------------------------------


def as_json(found: dict[str, Any]) -> dict[str, Any]:
    out: dict[str, Any] = {"processors": len(os.sched_getaffinity(0)), "versions": versions()}
    if "shacl" in found:
        out["shacl"] = found["shacl"]
    if "batch" in found:
        out["batch"] = [b.__dict__ for b in found["batch"]]
        out["exponents"] = {layout: exponent(found["batch"], layout) for layout in LAYOUTS}
    if "single" in found:
        out["single"] = found["single"]
    return out


def versions() -> dict[str, str]:
    from importlib.metadata import PackageNotFoundError, version

    out = {}
    for name in ("pyshacl", "pyshifty", "pyrudof", "duckdb", "polars", "pyarrow", "numpy"):
        try:
            out[name] = version(name)
        except PackageNotFoundError:
            sys.exit(f'{name} is not installed; pip install -e ".[bench]".')
    return out


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", action="append", choices=("shacl", "batch", "single"), help="default: all three")
    parser.add_argument("--shacl-sizes", type=_numbers, default=SHACL_SIZES, help="such as 1,100,1000")
    parser.add_argument("--batch-sizes", type=_numbers, default=BATCH_SIZES)
    parser.add_argument("--layout", action="append", choices=LAYOUTS, help="beside nested; default: all")
    parser.add_argument("--ten-million", action="store_true", help="the batch on ten million requests as well")
    parser.add_argument("--hinged", type=int, default=1_000_000, help="up to how many requests hinges are asked for")
    parser.add_argument("--limit", type=float, default=60, help="seconds above which a peer is not run (foretold)")
    parser.add_argument("--times", type=int, default=3, help="runs of which the middle one counts")
    parser.add_argument("--runs", type=int, default=7, help="whole processes of which the middle one counts")
    parser.add_argument("--every", type=int, default=1, help="one case in so many, for one review")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--data", type=Path, help="where generated requests stay for the next run")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--svg", type=Path)
    return parser.parse_args()


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(sorted(int(t) for t in text.replace("_", "").split(",")))


def main() -> None:
    options = arguments()
    said = versions()
    parts = options.part or ["shacl", "batch", "single"]
    layouts = tuple(dict.fromkeys(("nested", *(options.layout or LAYOUTS))))
    sizes = (*options.batch_sizes, 10_000_000) if options.ten_million else options.batch_sizes
    folder = options.data or Path(tempfile.mkdtemp(prefix="plexus-benchmark-"))
    folder.mkdir(parents=True, exist_ok=True)
    data = Data(folder, options.seed)
    print(f"{len(os.sched_getaffinity(0))} processors; " + ", ".join(f"{n} {v}" for n, v in said.items()))
    found: dict[str, Any] = {}
    try:
        if "shacl" in parts:
            found["shacl"] = shacl(data, options.shacl_sizes, options.limit, options.times)
            shown_shacl(found["shacl"])
        if "batch" in parts:
            found["batch"] = batch(data, sizes, layouts, options.times, options.hinged)
            shown_batch(found["batch"])
        if "single" in parts:
            found["single"] = single(options.runs, options.every)
            shown_single(found["single"])
    finally:
        if options.data is None:
            shutil.rmtree(folder)
    if options.json:
        options.json.write_text(json.dumps(as_json(found), indent=2) + "\n", encoding="utf-8")
    if options.svg:
        from chart import chart

        options.svg.write_text(chart(as_json(found)), encoding="utf-8")


if __name__ == "__main__":
    main()
