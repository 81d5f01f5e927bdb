"""The table library, imported only where a table is read or written."""

from __future__ import annotations

from typing import Any

from reasoner.errors import TableError


def arrow() -> Any:
    """The module pyarrow.

    Raises:
        TableError: it is not installed; the message names the extra that installs it.
    """
    try:
        import pyarrow
    except ImportError as error:
        cure = 'Install it with pip install "plexus-reasoner[tables]".'
        raise TableError("Tables need pyarrow, and it is not installed.", cure) from error
    return pyarrow


def arrow_that_gives_back() -> Any:
    """The module pyarrow, which from now on gives back to the system what it no longer needs.

    Its own pools keep it: a batch in chunks took half as much memory again with them, and not less time.
    """
    pa = arrow()
    pa.set_memory_pool(pa.system_memory_pool())
    return pa


def parquet() -> Any:
    """The module pyarrow.parquet, see :func:`arrow`."""
    arrow()
    import pyarrow.parquet

    return pyarrow.parquet


def compute() -> Any:
    """The module pyarrow.compute, see :func:`arrow`."""
    arrow()
    import pyarrow.compute

    return pyarrow.compute
