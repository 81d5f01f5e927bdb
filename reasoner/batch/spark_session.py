"""A Spark session of one's own for a batch, and Spark's errors in words.

Spark listens on the loopback address alone unless the master is on another machine; its web pages are off.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from reasoner.errors import BatchError

LOCAL = "local[*]"
LOOPBACK = "127.0.0.1"
BATCH_ROWS = 50_000
"""How many requests a worker reviews at once."""
SETTINGS = {
    "spark.sql.execution.arrow.maxRecordsPerBatch": str(BATCH_ROWS),
    # With a limit in bytes, Spark 4.1 and later measures the whole batch at every row: a nested one never ends.
    "spark.sql.execution.arrow.maxBytesPerBatch": str(2**31 - 1),
    # Nested requests are small on disk: with the usual 4 MiB, one task would get half a million of them.
    "spark.sql.files.openCostInBytes": str(1 << 16),
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.caseSensitive": "true",
    # A folder called state=01 says "01" and not 1.
    "spark.sql.sources.partitionColumnTypeInference.enabled": "false",
    "spark.sql.parquet.datetimeRebaseModeInRead": "CORRECTED",
}
"""What a batch needs of a session; set on a copy of it, so that the session itself stays as it is."""
_QUIET = "rootLogger.level = off\n"
_JAVA = "Install Java 17 or later (as a JDK or JRE), or set JAVA_HOME to where it is."
_EXTRA = 'Install it with pip install "plexus-reasoner[spark]".'


def check_installed() -> None:
    """Say what is missing before anything is started.

    Raises:
        BatchError: pyspark, pandas or Java is not there.
    """
    for package in ("pyspark", "pandas", "pyarrow"):
        try:
            __import__(package)
        except ImportError as error:
            raise BatchError(f"--engine spark needs {package}, and it is not installed.", _EXTRA) from error
    home = os.environ.get("JAVA_HOME")
    java = Path(home, "bin", "java") if home else None
    if java is not None and not (java.is_file() or java.with_suffix(".exe").is_file()):
        raise BatchError(f"--engine spark needs Java, and JAVA_HOME ({home}) has no bin/java.", _JAVA)
    if java is None and shutil.which("java") is None:
        raise BatchError("--engine spark needs Java, and there is no command java.", _JAVA)


def is_loopback(master: str) -> bool:
    """Whether a master and its workers are on this machine.

    >>> [is_loopback(m) for m in ("local[2]", "spark://127.0.0.1:7077", "spark://lake:7077", "yarn")]
    [True, True, False, False]
    """
    if master.startswith("local"):
        return True
    return urlsplit(master).hostname in (LOOPBACK, "localhost", "::1")


@contextmanager
def session(master: str, *, progress: bool) -> Iterator[Any]:
    """A Spark session that is stopped at the end.

    Args:
        master: as Spark names it: ``local[N]``, ``spark://host:port``, ``yarn``, ``k8s://...``.
        progress: let Spark show the progress of its stages on standard error.

    Raises:
        BatchError: something is not installed, or Spark does not start.
    """
    check_installed()
    from pyspark import SparkConf, SparkContext
    from pyspark.sql import SparkSession

    if SparkContext._active_spark_context is not None:
        cure = "Stop it, or give it to reasoner.batch.spark.review_on_spark."
        raise BatchError("A Spark session is running in this process already.", cure)
    with tempfile.TemporaryDirectory(prefix="plexus-spark-") as folder, _environment(master):
        log, gateway = Path(folder, "java.log"), None
        try:
            conf = _conf(SparkConf(), master, Path(folder), progress)
            gateway = _gateway(conf, log, progress)
            context = SparkContext(conf=conf, gateway=gateway)
        except Exception as error:
            _end(gateway)
            raise _not_started(master, error, log) from error
        try:
            context.setLogLevel("OFF")
            yield SparkSession(context)
        finally:
            context.stop()
            _end(gateway)
            # A later session of the process starts a Java of its own.
            SparkContext._gateway = SparkContext._jvm = None


def _conf(conf: Any, master: str, folder: Path, progress: bool) -> Any:
    quiet = folder / "log4j2.properties"
    quiet.write_text(_QUIET, encoding="utf-8")
    conf.setMaster(master).setAppName("plexus batch")
    conf.set("spark.ui.enabled", "false")
    conf.set("spark.ui.showConsoleProgress", str(progress).lower())
    conf.set("spark.driver.extraJavaOptions", f"-Dlog4j2.configurationFile={quiet.as_uri()}")
    if is_loopback(master):
        conf.set("spark.driver.bindAddress", LOOPBACK).set("spark.driver.host", LOOPBACK)
    return conf


def _gateway(conf: Any, log: Path, progress: bool) -> Any:
    """Java with what it says kept in a file; Spark's progress alone goes to the terminal."""
    from pyspark.java_gateway import launch_gateway

    with log.open("wb") as file:
        return launch_gateway(conf, {"stdout": file, "stderr": None if progress else file})


def _end(gateway: Any) -> None:
    if gateway is not None:
        gateway.shutdown()
        gateway.proc.stdin.close()  # by which Java ends
        gateway.proc.wait(30)


@contextmanager
def _environment(master: str) -> Iterator[None]:
    """The environment that Spark reads; workers on this machine run the Python of the driver unless told otherwise."""
    wanted = {"SPARK_LOCAL_IP": LOOPBACK, "PYSPARK_PYTHON": os.environ.get("PYSPARK_PYTHON", sys.executable)}
    before = {name: os.environ.get(name) for name in wanted}
    if is_loopback(master):
        os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


# ---- Errors ----------------------------------------------------------------------------------------


def _not_started(master: str, error: Exception, log: Path) -> BatchError:
    said = log.read_text(encoding="utf-8", errors="replace") if log.is_file() else ""
    if "UnsupportedClassVersionError" in said:
        return BatchError("Spark does not start: this Java is too old for it.", _JAVA)
    if "JAVA_GATEWAY_EXITED" in str(error):
        last = [line for line in said.splitlines() if line.strip() and not line.startswith("WARNING")][-1:]
        return BatchError(f"Spark does not start: Java has ended. {''.join(last)[:300]}".rstrip(), _JAVA)
    what = f"Spark does not start with the master {master}: {_first_line(error)}"
    return BatchError(what, "Check the address and that the master runs there, or leave --master out.")


_TOLD = re.compile(r"^(?:reasoner\.errors\.)?\w*(?:Error|Term): (.+)$", re.M)
_MISMATCH = re.compile(r"(\d+\.\d+) than that in driver:? (\d+\.\d+)")
_CONDITIONS = {
    "PATH_NOT_FOUND": "Check the path; Spark reads it on every worker.",
    "UNABLE_TO_INFER_SCHEMA": "Give nested Parquet: one row a request, and a list of structs for each class.",
    "CANNOT_MERGE_SCHEMAS": "Write the files with one type for each column.",
    "FAILED_READ_FILE": "Write the file anew.",
    "CANNOT_READ_FILE_FOOTER": "Check that all files are Parquet.",
    "PARQUET_TYPE_ILLEGAL": "Write dates as dates, and numbers as 64 bits.",
}


def told(error: Exception) -> BatchError:
    """An error of Spark, or of plexus on a worker, as a sentence without a stack trace."""
    text = str(error)
    if found := _MISMATCH.search(text):
        worker, driver = found.groups()
        what = f"The workers run Python {worker}, and this is Python {driver}."
        return BatchError(what, "Set PYSPARK_PYTHON to the same Python on all machines, with what plexus needs.")
    if found := re.search(r"No module named '([\w.]+)'", text):
        what = f"A worker has no Python package {found[1]}."
        return BatchError(what, "Install on every worker what plexus depends on; plexus itself is sent to them.")
    if "PythonException" in type(error).__name__ + text and (said := _TOLD.findall(text)):
        return BatchError(f"A worker failed: {said[-1]}")
    condition = _condition(error)
    cure = next((cure for name, cure in _CONDITIONS.items() if condition.startswith(name)), "")
    if "ExecutorLostFailure" in text:
        cure = "Workers were lost again and again; give them more memory (spark.executor.memory), then run it anew."
    return BatchError(f"Spark has failed: {_first_line(error)}", cure)


def _condition(error: Exception) -> str:
    for name in ("getCondition", "getErrorClass"):
        if hasattr(error, name):
            return str(getattr(error, name)() or "")
    return ""


def _first_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    line = next((x for x in lines if not x.startswith(("An error occurred", "py4j."))), type(error).__name__)
    line = re.sub(r"^.*Lost task [\d.]+ in stage [\d.]+ \(TID \d+\) \(.*?\): ", "", line)
    return re.sub(r"^:?\s*(?:[\w$]+\.)+[\w$]+(?:Exception|Error): ", "", line)[:300]
