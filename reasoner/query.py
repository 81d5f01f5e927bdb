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
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from reasoner import resources
from reasoner.errors import QueryError

TIMEOUT_SECONDS = 60.0
MAX_ROWS = 10_000
MEMORY_MB = 4096

# What may stand in a query besides its words: comments, strings and IRIs, in which SERVICE means nothing.
_OPAQUE = re.compile(
    r"""<[^<>"{}|^`\\\s]*> | \#[^\n]*
    | \"\"\"(?:[^\"\\]|\\.|\"(?!\"\"))*\"\"\" | '''(?:[^'\\]|\\.|'(?!''))*'''
    | \"(?:[^\"\\\n]|\\.)*\" | '(?:[^'\\\n]|\\.)*'""",
    re.X | re.S,
)
_SERVICE = re.compile(r"(?<![\w?$:.-])SERVICE(?![\w:-])", re.I)
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
    was more than the limit of rows; ``prefixes`` are those of the files that were asked.
    """

    kind: str
    results: str
    capped: bool
    prefixes: Mapping[str, str] = field(default_factory=dict)


def questions(root: Path | None = None) -> tuple[Question, ...]:
    """The competency questions of a folder (default: those that plexus ships), by name."""
    folder = (root or resources.data_dir()) / "ontology" / "questions"
    return tuple(_read(p) for p in sorted(folder.glob("*.rq")))


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
    """The question that somebody means: a query in SPARQL, a file, or the name of a question.

    Raises:
        QueryError: nothing of the kind exists.
    """
    if re.search(r"[\s{]", what.strip()):
        return question("query", what)
    path = Path(what)
    if path.is_file():
        return _read(path)
    known = {q.name: q for q in questions(root)}
    if what not in known:
        near = difflib.get_close_matches(what, known, n=3, cutoff=0.5)
        hint = f"Nearest: {', '.join(near)}." if near else "See plexus query --list."
        raise QueryError(f"{what!r} is no query, no file and no question. {hint}")
    return known[what]


def refuse_service(query: str) -> None:
    """Refuse a query that asks another server.

    Raises:
        QueryError: the word SERVICE stands in the query as a word of the language.
    """
    if _SERVICE.search(_OPAQUE.sub(" ", query)):
        raise QueryError("SERVICE is not allowed: a query reads what is here and asks no other server.")


def bound(query: str, terms: Mapping[str, str]) -> str:
    """A query with variables replaced by terms (as N-Triples writes them), outside strings, IRIs and comments.

    >>> bound('SELECT ?x { ?x rdfs:label ?name } # ?name', {"name": '"a"'})
    'SELECT ?x { ?x rdfs:label "a" } # ?name'
    """
    if not terms:
        return query
    variable = re.compile(rf"[?$]({'|'.join(map(re.escape, terms))})(?!\w)")
    out, at = [], 0
    for opaque in _OPAQUE.finditer(query):
        out.append(variable.sub(lambda v: terms[v[1]], query[at : opaque.start()]) + opaque[0])
        at = opaque.end()
    return "".join([*out, variable.sub(lambda v: terms[v[1]], query[at:])])


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
        QueryError: the query is not SPARQL, is not allowed, took too long or too much memory.
    """
    refuse_service(asked.query)
    unknown = set(values or {}) - set(asked.parameters)
    if unknown:
        known = ", ".join(sorted(asked.parameters)) or "none"
        raise QueryError(f"There is no parameter {', '.join(sorted(unknown))}. Parameters: {known}.")
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
    return _in_worker(job, timeout)


def _in_worker(job: Mapping[str, object], timeout: float) -> Answer:
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
            timeout=timeout,
            env=environment,
        )
    except subprocess.TimeoutExpired:
        raise QueryError(
            f"The query took longer than {timeout:g} s and was stopped. Narrow it, or give --timeout."
        ) from None
    if done.returncode != 0 or not done.stdout:
        raise QueryError(
            f"The query was stopped: it needed more memory than allowed ({job['memory_mb']} MB), or its engine failed. "
            "Narrow it, or give --memory."
        )
    told = json.loads(done.stdout)
    if "error" in told:
        raise QueryError(told["error"])
    return Answer(told["kind"], told["results"], told["capped"], told["prefixes"])
