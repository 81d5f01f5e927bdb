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
