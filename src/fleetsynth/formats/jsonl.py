"""JSON Lines, plain or compressed: an object per row; times and decimals as in CSV."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from fleetsynth.errors import UsageError
from fleetsynth.formats.base import Reader
from fleetsynth.formats.jsonl_read import read_batches, read_head
from fleetsynth.formats.text import ROWS, Style, compose, constant, words

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa


class _JsonWriter:
    """Writes a row as a line; JSON Lines has no place for metadata."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def write(self, batch: pa.RecordBatch) -> None:
        """Write rows."""
        for first in range(0, batch.num_rows, ROWS):
            self._stream.write(render(batch.slice(first, ROWS)))

    def close(self) -> None:
        """Nothing: a file may end after any line."""


def open_writer(
    stream: Any,
    schema: pa.Schema,  # noqa: ARG001 - part of every format
    metadata: Mapping[str, str],  # noqa: ARG001
) -> _JsonWriter:
    """Begin a file; see `base.Writer`."""
    return _JsonWriter(stream)


def render(batch: pa.RecordBatch) -> bytes:
    """Return the rows of a batch, an object on a line each; a missing value is null."""
    if not batch.num_columns:
        return b"{}\n" * int(batch.num_rows)
    style = Style(_text, _other, b"null", b'"')
    pieces = []
    for place, (name, column) in enumerate(zip(batch.schema.names, batch.columns, strict=True)):
        pieces += [constant(f"{',' if place else '{'}{_text(name)}:".encode())]
        pieces += words(column, style)
    return compose(batch.num_rows, [*pieces, constant(b"}\n")])


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _other(value: Any) -> str:
    """Write a number as it is, and what JSON has no type for as text."""
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False, default=str)
    except ValueError:
        message = f"JSON cannot hold the number {value}; Parquet, Arrow and CSV can"
        raise UsageError(message) from None


READER = Reader(read_head, read_batches)
