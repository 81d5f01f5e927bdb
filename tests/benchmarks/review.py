"""Ratios of plexus to bare pySHACL, measured in one run: whole process, and warm in process.

Run from a checkout, in an environment where the project is installed:

    python tests/benchmarks/review.py [CASE] [--runs N]

Peers work on the same request and the committed default shapes; plexus checks the request, evaluates every
reading and explains besides. Results are compared before a time is printed.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
DAY = date(2026, 3, 1)
DEFAULT = ROOT / "shapes/policies/0587.default.ttl"


def milliseconds(action: Callable[[], object], runs: int) -> list[float]:
    action()
    out = []
    for _ in range(runs):
        start = time.perf_counter()
        action()
        out.append((time.perf_counter() - start) * 1000)
    return out


def show(name: str, times: list[float]) -> float:
    middle = statistics.median(times)
    print(f"{name:<46} median {middle:9.1f} ms   min {min(times):9.1f}   max {max(times):9.1f}")
    return middle


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("case", nargs="?", default="complete-record")
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    sys.path.insert(0, str(ROOT))
    from pyshacl import validate

    from reasoner import intake, review
    from reasoner.engine_pyshacl import to_rdflib
    from reasoner.knowledge import load

    request = ROOT / "cases" / options.case / "request.ttl"
    knowledge = load()
    (record,) = intake.read(request, as_of=DAY)
    data = to_rdflib((*record.lines[0].triples, *knowledge.arrangement))
    shapes = to_rdflib(knowledge.shapes("policies", "0587.default.ttl"))

    def bare() -> str:
        _, _, text = validate(data, shacl_graph=shapes, inference="none")
        return str(text)

    (first,) = review(request, as_of=DAY)
    severities = bare()
    outcome = "deny" if "sh:Violation" in severities else "pend" if "sh:Warning" in severities else "approve"
    recommended = first.lines[0].recommendation.value
    print(f"{options.case}: plexus {recommended}, default shapes {outcome}")
    if outcome != recommended:
        sys.exit("The results differ; no time is printed.")

    ours = show("plexus review, warm, in process", milliseconds(lambda: review(request, as_of=DAY), options.runs))
    theirs = show("pyshacl.validate, warm, default shapes", milliseconds(bare, options.runs))
    print(f"ratio plexus / pyshacl.validate: {ours / theirs:.2f}\n")

    a, b = whole_process(options.case, options.runs)
    ours = show("plexus review, whole process", a)
    theirs = show("pyshacl command, default shapes", b)
    print(f"ratio plexus / pyshacl command: {ours / theirs:.2f}")


def whole_process(case: str, runs: int) -> tuple[list[float], list[float]]:
    """Milliseconds of the commands plexus review and pyshacl on one case, run by run."""
    from reasoner import intake
    from reasoner.engine_pyshacl import to_rdflib
    from reasoner.knowledge import load

    request = ROOT / "cases" / case / "request.ttl"
    (record,) = intake.read(request, as_of=DAY)
    with tempfile.TemporaryDirectory() as folder:
        prepared = Path(folder) / "prepared.ttl"
        to_rdflib((*record.lines[0].triples, *load().arrangement)).serialize(prepared, format="turtle")
        python = [sys.executable, "-c"]
        plexus = [*python, "from reasoner.cli import main; main()", "review", str(request), "--as-of", str(DAY)]
        peer = [sys.executable, "-m", "pyshacl", "-s", str(DEFAULT), "-i", "none", str(prepared)]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": ROOT}
        with contextlib.redirect_stdout(io.StringIO()):
            ours = milliseconds(lambda: subprocess.run(plexus, check=True, **quiet), runs)
            theirs = milliseconds(lambda: subprocess.run(peer, check=False, **quiet), runs)
    return ours, theirs


if __name__ == "__main__":
    main()
