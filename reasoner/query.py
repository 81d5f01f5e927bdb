"""SPARQL over everything that plexus knows, in a process of its own that can be stopped.

A query can run for ever or fill the memory, and an engine in this process could not be stopped. The worker
(:mod:`reasoner.query_worker`) therefore runs with a limit of memory and is killed when its time is over.
Only reading is possible: no update, no SERVICE, nothing is fetched.
"""

from __future__ import annotations

import difflib
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from reasoner import resources, sparql
from reasoner.errors import ParameterError, QueryError

TIMEOUT_SECONDS = 60.0
MAX_ROWS = 10_000
MEMORY_MB = 4096

RESULT_FORMATS = ("csv", "tsv", "json", "xml")
FORMATS = ("table", *RESULT_FORMATS, "ttl")

_PARAMETER = re.compile(r"^#\s*parameter\s+\?(\w+)\s+(.+?)\s*$", re.M)


@dataclass(frozen=True)
class Question:
    """A competency question: its name, the question in words, the query, its parameters with their values."""

    name: str
    text: str
    query: str
    about_reviews: bool
    parameters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Data:
    """A graph that a user adds: a name and RDF as N-Triples."""

    name: str
    ntriples: str


@dataclass(frozen=True)
class Answer:
    """What a query came to: ``kind`` is ``select``, ``ask`` or ``graph``.

    ``results`` is the W3C JSON form for select and ask, N-Triples for a graph; ``capped`` says that there
    was more than the limit of rows; ``prefixes`` are those of the files that were asked; ``absent`` says of an
    empty answer which names and values of the query occur nowhere.
    """

    kind: str
    results: str
    capped: bool
    prefixes: Mapping[str, str] = field(default_factory=dict)
    absent: tuple[str, ...] = ()


def questions(root: Path | None = None) -> tuple[Question, ...]:
    """The competency questions of a folder (default: those that plexus ships), by name."""
    return tuple(_read(p) for p in resources.files(root, "ontology/questions", "*.rq"))


def _read(path: Path) -> Question:
    try:
        return question(path.stem, path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise QueryError(f"{path} cannot be read: {error}.") from error


def question(name: str, query: str) -> Question:
    """A query as a question: the first comment line is its text; `# parameter ?x TERM` gives a value."""
    first = query.lstrip().splitlines()[0] if query.strip() else ""
    text = first.lstrip("# ").strip() if first.startswith("#") else ""
    about_reviews = re.search(r"^#\s*data\s+reviews\s*$", query, re.M) is not None
    return Question(name, text, query, about_reviews, dict(_PARAMETER.findall(query)))


def find(what: str, root: Path | None = None) -> Question:
    """The question that somebody means: a file, a query in SPARQL, or the name of a question.

    Raises:
        QueryError: nothing of the kind exists.
    """
    if _is_file(what):
        return _read(Path(what))
    if sparql.is_query(what):
        return question("query", what)
    known = {q.name: q for q in questions(root)}
    if what not in known:
        near = difflib.get_close_matches(re.sub(r"[\s_]+", "-", what.strip().lower()), known, n=3, cutoff=0.5)
        hint = f"Nearest: {', '.join(near)}." if near else "See plexus query --list."
        shown = what if len(what) <= 60 else what[:57] + "..."
        raise QueryError(f"{shown!r} is no query, no file and no question. {hint}")
    return known[what]


def _is_file(what: str) -> bool:
    try:
        return Path(what).is_file()
    except (OSError, ValueError):  # too long for a name, or no name at all: then it is no file
        return False


def run(
    asked: Question,
    *,
    root: Path | None = None,
    data: tuple[Data, ...] = (),
    values: Mapping[str, str] | None = None,
    without_project_claims: bool = False,
    timeout: float = TIMEOUT_SECONDS,
    rows: int = MAX_ROWS,
    memory_mb: int = MEMORY_MB,
) -> Answer:
    """Run a query in a worker.

    Args:
        asked: the question.
        root: the folder with ``ontology/`` and ``shapes/`` (default: what plexus ships).
        data: graphs to add.
        values: other values for the question's parameters, as SPARQL terms or plain words.
        without_project_claims: leave out what only the project asserts.
        timeout: seconds after which the worker is killed.
        rows: rows (or triples of a constructed graph) after which the answer is cut.
        memory_mb: address space of the worker, where the system can limit it.

    Raises:
        ParameterError: a value is given for no parameter, or is not of the parameter's kind.
        QueryError: the query is not SPARQL, is not allowed, took too long or too much memory.
    """
    sparql.refuse(asked.query)
    unknown = set(values or {}) - set(asked.parameters)
    if unknown:
        known = ", ".join(sorted(asked.parameters)) or "none"
        raise ParameterError(f"There is no parameter {', '.join(sorted(unknown))}. Parameters: {known}.")
    job = {
        "root": str(root or resources.data_dir()),
        "query": asked.query,
        "data": [[d.name, d.ntriples] for d in data],
        "parameters": dict(asked.parameters),
        "values": dict(values or {}),
        "without_project_claims": without_project_claims,
        "rows": rows,
        "memory_mb": memory_mb,
    }
    told = _in_worker(job, timeout)
    absent = tuple(told.get("absent", ()))
    return Answer(told["kind"], told["results"], told["capped"], told["prefixes"], absent)


def faults(asked: Mapping[str, str], root: Path | None = None, *, timeout: float = TIMEOUT_SECONDS) -> dict[str, str]:
    """What is wrong with queries, by name: those that can be run have no entry.

    Args:
        asked: queries by name. They are run in one worker on an empty graph.
        root: the library whose prefixes the queries use (default: what plexus ships).
        timeout: seconds for all of them.
    """
    out = {}
    for name, text in asked.items():
        try:
            sparql.refuse(text)
        except QueryError as error:
            out[name] = str(error)
    where = str(root or resources.data_dir())
    job = {"root": where, "check": {n: t for n, t in asked.items() if n not in out}, "memory_mb": MEMORY_MB}
    return out | dict(_in_worker(job, timeout)["faults"])


def _in_worker(job: Mapping[str, object], timeout: float) -> dict[str, Any]:
    # -P: what lies in the folder where plexus was started is not imported; its own package is.
    command = [sys.executable, "-P", "-m", "reasoner.query_worker"]
    paths = [str(Path(__file__).resolve().parent.parent), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "PYTHONIOENCODING": "utf-8"}
    try:
        done = subprocess.run(
            command,
            input=json.dumps(job),
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            timeout=timeout,
            env=environment,
        )
    except subprocess.TimeoutExpired:
        raise QueryError(
            f"The query took longer than {timeout:g} s and was stopped. Narrow it, or give --timeout."
        ) from None
    if done.returncode != 0 or not done.stdout:
        raise QueryError(_why_it_ended(done.returncode, done.stderr, job["memory_mb"]))
    told: dict[str, Any] = json.loads(done.stdout)
    if "error" in told:
        raise (ParameterError if told.get("usage") else QueryError)(told["error"])
    return told


def _why_it_ended(code: int, stderr: str, memory_mb: object) -> str:
    """Why a worker that gave no answer ended: for want of memory, by a signal, or by a fault of its own."""
    if re.search(r"MemoryError|memory allocation|out of memory", stderr, re.I) or code == -signal.SIGKILL:
        return (
            f"The query was stopped: it needed more memory than allowed ({memory_mb} MB). Narrow it, or give --memory."
        )
    last = (stderr.strip().splitlines() or ["it said nothing"])[-1]
    how = f"by signal {-code}" if code < 0 else f"with exit code {code}"
    return f"The query could not be run: its process ended {how} ({last[:200]})."
