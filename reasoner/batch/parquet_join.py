"""Parquet files of one schema joined into one file, byte for byte: pages are copied, only the footer is written anew.

Nothing is decoded or compressed again, so a join costs what copying costs, and memory holds footers only. A footer is
a Thrift structure in the compact protocol; it is read here as far as needed to move the offsets of a part to where its
bytes stand in the whole. See the Parquet format, "File format" and ``parquet.thrift``.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from reasoner.errors import BatchError

MAGIC = b"PAR1"
TRUE, FALSE, BYTE, I16, I32, I64, DOUBLE, BINARY, LIST, SET, STRUCT = 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12
SCHEMA, ROWS, GROUPS, METADATA = 2, 3, 4, 5
"""Fields of FileMetaData."""
COLUMNS, GROUP_ROWS, GROUP_OFFSET, ORDINAL = 1, 3, 5, 7
"""Fields of RowGroup."""
COLUMN_META, CHUNK_OFFSETS = 3, (2, 4, 6)
"""Fields of ColumnChunk: its metadata; where the chunk and its two indexes stand."""
PAGE_OFFSETS = (9, 10, 11, 14)
"""Fields of ColumnMetaData: where pages, an index, the dictionary and a Bloom filter stand."""

Struct = dict[int, tuple[int, Any]]
"""A Thrift structure: type and value by the number of the field."""


def join(parts: Iterable[Path], target: Path) -> int:
    """Write one file with the row groups of all parts, in their order; its folder must exist.

    The file is written under ``target`` at once: give a temporary name and rename it.

    Returns:
        The number of rows.

    Raises:
        BatchError: a part is no whole Parquet file, or its schema is not that of the first one.
    """
    whole: Struct | None = None
    groups: list[bytes] = []
    rows = 0
    with target.open("wb") as out:
        out.write(MAGIC)
        for part in parts:
            with part.open("rb") as file:
                meta, end = _footer(file, part)
                if whole is None:
                    whole = meta
                elif (meta[SCHEMA], meta.get(METADATA)) != (whole[SCHEMA], whole.get(METADATA)):
                    raise BatchError(f"{part} has other columns than the part before it.", "Run the batch anew.")
                shift = out.tell() - len(MAGIC)
                for group in meta[GROUPS][1][1]:
                    if group[GROUP_ROWS][1]:
                        groups.append(_moved(group, shift, len(groups)))
                        rows += group[GROUP_ROWS][1]
                _copy(file, out, end)
        if whole is None:
            raise BatchError(f"There is no part of {target.name}.", "Run the batch anew.")
        whole[ROWS], whole[GROUPS] = (I64, rows), (LIST, (STRUCT, groups))
        footer = bytearray()
        _write_struct(footer, whole)
        out.write(footer + struct.pack("<I", len(footer)) + MAGIC)
        out.flush()
        os.fsync(out.fileno())
    return rows


def _footer(file: IO[bytes], part: Path) -> tuple[Struct, int]:
    """The metadata of a file, and where its pages end."""
    size = file.seek(0, os.SEEK_END)
    broken = BatchError(f"{part} is no whole Parquet file.", "Run the batch anew.")
    if size < 12:
        raise broken
    file.seek(size - 8)
    length, magic = struct.unpack("<I4s", file.read(8))
    end = size - 8 - length
    if magic != MAGIC or end < len(MAGIC):
        raise broken
    file.seek(end)
    try:
        return _Reader(file.read(length)).struct(), end
    except (IndexError, struct.error, KeyError) as error:
        raise broken from error


def _moved(group: Struct, shift: int, number: int) -> bytes:
    """A row group as it is written, with its offsets shifted; an offset of 0 says that there is none.

    Bytes take a fortieth of the memory of the structure, and a large batch has thousands of row groups.
    """
    out = _shifted(group, (GROUP_OFFSET,), shift)
    columns = []
    for column in group[COLUMNS][1][1]:
        moved = _shifted(column, CHUNK_OFFSETS, shift)
        moved[COLUMN_META] = (STRUCT, _shifted(column[COLUMN_META][1], PAGE_OFFSETS, shift))
        columns.append(moved)
    out[COLUMNS] = (LIST, (STRUCT, columns))
    out.pop(ORDINAL, None)
    if number < 1 << 15:
        out[ORDINAL] = (I16, number)
    written = bytearray()
    _write_struct(written, out)
    return bytes(written)


def _shifted(fields: Struct, offsets: Iterable[int], shift: int) -> Struct:
    out = dict(fields)
    for field in offsets:
        if field in out and out[field][1]:
            out[field] = (I64, out[field][1] + shift)
    return out


def _copy(source: IO[bytes], target: IO[bytes], end: int) -> None:
    """Copy the pages of a part: everything between its magic number and its footer."""
    source.seek(len(MAGIC))
    left = end - len(MAGIC)
    while left:
        block = source.read(min(left, 1 << 20))
        target.write(block)
        left -= len(block)


# ---- Thrift, compact protocol ----------------------------------------------------------------------


@dataclass
class _Reader:
    data: bytes
    at: int = 0

    def varint(self) -> int:
        byte = self.data[self.at]
        self.at += 1
        if byte < 0x80:
            return byte
        out, shift = byte & 0x7F, 7
        while True:
            byte = self.data[self.at]
            self.at += 1
            out |= (byte & 0x7F) << shift
            if byte < 0x80:
                return out
            shift += 7

    def signed(self) -> int:
        number = self.varint()
        return (number >> 1) ^ -(number & 1)

    def bytes(self, length: int) -> bytes:
        self.at += length
        if self.at > len(self.data):
            raise IndexError
        return self.data[self.at - length : self.at]

    def struct(self) -> Struct:
        out: Struct = {}
        field = 0
        while True:
            head = self.data[self.at]
            self.at += 1
            if head == 0:
                return out
            kind, step = head & 0x0F, head >> 4
            field = field + step if step else self.signed()
            out[field] = (kind, kind == TRUE if kind in (TRUE, FALSE) else self.value(kind))

    def value(self, kind: int) -> Any:
        if kind in (I16, I32, I64):
            return self.signed()
        if kind == BINARY:
            return self.bytes(self.varint())
        if kind == STRUCT:
            return self.struct()
        if kind in (LIST, SET):
            head = self.data[self.at]
            self.at += 1
            size = head >> 4 if head >> 4 < 15 else self.varint()
            inner = head & 0x0F
            return inner, [self.value(inner) for _ in range(size)]
        if kind in (TRUE, FALSE, BYTE):
            return self.bytes(1)
        if kind == DOUBLE:
            return self.bytes(8)
        raise KeyError(kind)


def _write_varint(out: bytearray, number: int) -> None:
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)


def _write_signed(out: bytearray, number: int) -> None:
    _write_varint(out, number << 1 if number >= 0 else (-number << 1) - 1)


def _write_struct(out: bytearray, fields: Struct) -> None:
    before = 0
    for field in sorted(fields):
        kind, value = fields[field]
        if kind in (TRUE, FALSE):
            kind = TRUE if value else FALSE
        step = field - before
        if 0 < step < 16:
            out.append(step << 4 | kind)
        else:
            out.append(kind)
            _write_signed(out, field)
        if kind not in (TRUE, FALSE):
            _write_value(out, kind, value)
        before = field
    out.append(0)


def _write_value(out: bytearray, kind: int, value: Any) -> None:
    if kind in (I16, I32, I64):
        _write_signed(out, value)
    elif kind == BINARY:
        _write_varint(out, len(value))
        out += value
    elif kind == STRUCT and isinstance(value, dict):
        _write_struct(out, value)
    elif kind in (LIST, SET):
        inner, values = value
        if len(values) < 15:
            out.append(len(values) << 4 | inner)
        else:
            out.append(0xF0 | inner)
            _write_varint(out, len(values))
        for one in values:
            _write_value(out, inner, one)
    else:  # a byte, a double, or a boolean in a list, as it was read; or a structure that is written already
        out += value
