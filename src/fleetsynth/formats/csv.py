"""CSV, plain or compressed: a header line; times as ``2022-01-01 00:00:00``, two decimals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from fleetsynth.errors import UsageError
from fleetsynth.formats.base import Head, Reader
from fleetsynth.formats.text import ROWS, Style, compose, constant, words
from fleetsynth.tables.frame import column_types, plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from fleetsynth.formats.base import Types
    from fleetsynth.formats.options import ReadOptions

    Writing = Callable[[str], str]

FORMULA_MARKS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What a cell begins with that spreadsheets take for a formula, or for none and strip."""


class _CsvWriter:
    """Writes rows as lines; CSV has no place for metadata."""

    def __init__(self, stream: Any, schema: pa.Schema, write: Writing) -> None:
        self._stream, self._write = stream, write
        self._stream.write((",".join(map(write, schema.names)) + "\n").encode())

    def write(self, batch: pa.RecordBatch) -> None:
        """Write rows."""
        for first in range(0, batch.num_rows, ROWS):
            self._stream.write(render(batch.slice(first, ROWS), self._write))

    def close(self) -> None:
        """Nothing: a table may end after any line."""


def open_writer(
    stream: Any,
    schema: pa.Schema,
    metadata: Mapping[str, str],  # noqa: ARG001 - part of every format
    *,
    safe: bool = False,
) -> _CsvWriter:
    """Begin a file.

    Args:
        stream: takes its bytes.
        schema: of the batches to come.
        metadata: has no place here.
        safe: write text that a spreadsheet would take for a formula with a single quote before it.
    """
    return _CsvWriter(stream, schema, _as_text if safe else _quoted)


def render(batch: pa.RecordBatch, write: Writing | None = None) -> bytes:
    """Return the rows of a batch as CSV lines; `write` makes cells of text, quotes included."""
    style = Style(write or _quoted, lambda value: _quoted(str(value)), b"", b"")
    pieces = []
    for column in batch.columns:
        pieces += [*words(column, style), constant(b",")]
    if batch.num_columns == 1:
        # A line of nothing would be skipped by readers: a missing value is written as "".
        pieces[0] = np.where(pieces[0] == b"", b'""', pieces[0])
    pieces[-1] = constant(b"\n")
    return compose(batch.num_rows, pieces)


def _quoted(text: str) -> str:
    if "\0" in text:
        raise UsageError("CSV cannot hold text with NUL characters; Parquet and Arrow can")
    if any(mark in text for mark in ',"\n\r'):
        return '"' + text.replace('"', '""') + '"'
    return text


def _as_text(text: str) -> str:
    """Write a cell that a spreadsheet takes for text, and never for a formula."""
    return _quoted(f"'{text}" if text.startswith(FORMULA_MARKS) else text)


def _head(path: Path, options: ReadOptions) -> Head:
    from fleetsynth.formats import csv_read

    dialect = csv_read.dialect_of(path, options)
    return Head(list(dialect.names), csv_read.sample(dialect), dialect)


def _batches(path: Path, columns: Types | None, options: ReadOptions) -> Iterator[pa.RecordBatch]:
    from fleetsynth.formats import csv_read
    from fleetsynth.formats.read import refuse_twice

    dialect = csv_read.dialect_of(path, options)
    schema = plain(pa.schema(list(column_types().items())))
    known = dict(zip(schema.names, schema.types, strict=True))
    if "timestamp" in dialect.names and csv_read.is_zoned(dialect, "timestamp"):
        known["timestamp"] = pa.timestamp("us", tz="UTC")  # written with a zone
    types = {**known, **(columns or {})}
    wanted = None if columns is None else list(columns)
    refuse_twice(dialect.names, str(path))
    yield from csv_read.batches(path, dialect, types, wanted, options.decimal or ".")


READER = Reader(_head, _batches)
