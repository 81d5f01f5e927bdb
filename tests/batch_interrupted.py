"""A batch that stops at a chunk until it is ended, run as a process of its own by tests of interruption.

``python batch_interrupted.py INPUT OUT WORKERS ROWS``: the chunk with the request that the file ``stop`` names is never
finished.
"""

from __future__ import annotations

import sys
import time
from datetime import date
from pathlib import Path

from reasoner.batch.chunk import Reviewed, review_table
from reasoner.batch.plan import Plan, Profile

PLAN = Plan(
    None, date(2026, 6, 30), (Profile("default", {}), Profile("lenient", {"A10": "any-one"})), None, False, False, ""
)
STOP = "stop"
"""The file in the current folder that names the request at which to stop; it is answered by ``stopped``."""


def review_until_stop(rows, plan: Plan) -> Reviewed:
    if Path(STOP).read_text() in rows.column("identifier").to_pylist():
        Path("stopped").touch()
        time.sleep(120)
    return review_table(rows, plan)


def main() -> None:
    from reasoner.batch.run import Options, run

    source, out, workers, rows = sys.argv[1:]
    try:
        run([Path(source)], PLAN, Path(out), Options(workers=int(workers), rows=int(rows)), review=review_until_stop)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    import batch_interrupted

    batch_interrupted.main()
