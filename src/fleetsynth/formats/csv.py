"""CSV files, plain or compressed.

Rows are composed from look-up tables of byte strings, padded with NUL to equal width; one pass
then drops the padding. That is some twenty times as fast as formatting number by number.
"""

from __future__ import annotations

from contextlib import suppress
from typing import IO, TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from fleetsynth.clock import DAY_SECONDS, SECOND_MICROS
from fleetsynth.errors import UsageError
from fleetsynth.files import AtomicFile, os_errors
from fleetsynth.tables.frame import TIMESTAMP, to_numpy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    Words = NDArray[np.bytes_]
    Writing = Callable[[str], str]

_ROWS = 1 << 15
"""Rows composed at a time."""

FORMULA_MARKS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What a cell begins with that spreadsheets take for a formula, or for none and strip."""

_TABLE_LIMIT = 1 << 20
"""Numbers above this, in hundredths, and ranges wider than this are formatted one by one."""


class CsvSink:
    """One CSV file with a header line; timestamps as ``2022-01-01 00:00:00``, two decimals.

    A name that ends in .gz or .zst is compressed as it says. CSV has no place for metadata.

    Args:
        path: the final name.
        schema: of the batches to come.
        metadata: has no place here.
        overwrite: replace a file that is there.
        safe: write text that a spreadsheet would take for a formula with a single quote before it.
    """

    def __init__(
        self,
        path: Path,
        schema: pa.Schema,
        metadata: Mapping[str, str],  # noqa: ARG002 - part of every sink's constructor
        *,
        overwrite: bool,
        safe: bool = False,
    ) -> None:
        self._path = path
        self._write: Writing = _as_text if safe else _quoted
        self._file = AtomicFile(path, overwrite=overwrite)
        with self._file.opening():
            self._raw = self._file.temporary.open("wb")
            self._stream = _compressed(self._raw, path)
            self._stream.write((",".join(map(self._write, schema.names)) + "\n").encode())

    def write(self, batch: pa.RecordBatch) -> None:
        """Write rows."""
        with os_errors(self._path):
            for first in range(0, batch.num_rows, _ROWS):
                self._stream.write(render(batch.slice(first, _ROWS), self._write))

    def commit(self) -> int:
        """Finish the stream and publish the file."""
        with os_errors(self._path):
            self._stream.close()
            self._raw.close()
        return self._file.commit()

    def abort(self) -> None:
        """Remove what was written."""
        self._file.abort()
        for stream in (self._stream, self._raw):
            with suppress(OSError, ValueError, pa.ArrowException):
                stream.close()


def render(batch: pa.RecordBatch, write: Writing | None = None) -> bytes:
    """Return the rows of a batch as CSV lines; `write` makes cells of text, quotes included."""
    words: list[Words] = []
    for column in batch.columns:
        words += _words(column, write or _quoted)
        words.append(np.array([b","]))
    if batch.num_columns == 1:
        # A line of nothing would be skipped by readers: a missing value is written as "".
        words[0] = np.where(words[0] == b"", b'""', words[0])
    words[-1] = np.array([b"\n"])
    row = np.dtype([(f"f{i}", word.dtype) for i, word in enumerate(words)])
    lines = np.empty(batch.num_rows, row)
    for i, word in enumerate(words):
        lines[f"f{i}"] = word
    return lines.tobytes().translate(None, b"\0")


def _words(column: pa.Array, write: Writing) -> Iterator[Words]:
    """Yield the pieces of text that a column is written as, one word per row each."""
    kind = column.type
    if not _is_text(kind):
        write = _quoted  # a minus before a number is not a formula
    if column.null_count:
        yield _one_by_one(column, write)
    elif pa.types.is_dictionary(kind):
        table = np.array([write(str(word)).encode() for word in column.dictionary.to_pylist()])
        yield table[to_numpy(column.indices)]
    elif kind == TIMESTAMP and not (to_numpy(column) % SECOND_MICROS).any():
        seconds = to_numpy(column) // SECOND_MICROS
        yield _dates(seconds // DAY_SECONDS)
        yield _HOURS_MINUTES[seconds % DAY_SECONDS // 60]
        yield _SECONDS[seconds % 60]
    elif pa.types.is_float64(kind):
        yield from _decimals(column)
    elif pa.types.is_int32(kind):
        yield _whole_numbers(to_numpy(column))
    else:
        yield _one_by_one(column, write)


def _is_text(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return bool(
        pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    )


def _decimals(column: pa.Array) -> Iterator[Words]:
    values = to_numpy(column)
    scaled = np.rint(values * 100)
    if np.array_equal(scaled / 100, values) and scaled.min() >= 0 and scaled.max() < _TABLE_LIMIT:
        hundredths = scaled.astype(np.int32)
        yield _whole_numbers(hundredths // 100)
        yield _FRACTIONS[hundredths % 100]
    else:
        yield _one_by_one(column, _quoted)


def _one_by_one(column: pa.Array, write: Writing) -> Words:
    """Format values that no dataset of ours has, but a user's table may."""
    texts = ("" if value is None else write(str(value)) for value in column.to_pylist())
    return np.array([text.encode() for text in texts])


def _whole_numbers(values: NDArray[Any]) -> Words:
    low, high = int(values.min()), int(values.max())
    if high - low > _TABLE_LIMIT:
        return np.array([b"%d" % value for value in values.tolist()])
    table: Words = np.array([b"%d" % i for i in range(low, high + 1)])
    words: Words = table[values - low]
    return words


def _dates(days: NDArray[np.int64]) -> Words:
    low, high = int(days.min()), int(days.max())
    table = np.datetime_as_string(np.arange(low, high + 1).astype("datetime64[D]"))
    # Code by code: NumPy's cast of text to bytes swallows a signal that comes meanwhile.
    codes = table.view(np.uint32).reshape(len(table), -1).astype(np.uint8)
    words: Words = codes.view(f"S{codes.shape[1]}").ravel()
    return words[days - low]


def _quoted(text: str) -> str:
    if "\0" in text:
        raise UsageError("CSV cannot hold text with NUL characters; Parquet and Arrow can")
    if any(mark in text for mark in ',"\n\r'):
        return '"' + text.replace('"', '""') + '"'
    return text


def _as_text(text: str) -> str:
    """Write a cell that a spreadsheet takes for text, and never for a formula."""
    return _quoted(f"'{text}" if text.startswith(FORMULA_MARKS) else text)


def _compressed(raw: IO[bytes], path: Path) -> Any:
    if path.suffix.lower() == ".gz":
        from isal import igzip

        # Neither name nor time in the header: the same data give the same bytes.
        return igzip.IGzipFile(filename="", mode="wb", compresslevel=2, fileobj=raw, mtime=0)
    if path.suffix.lower() == ".zst":
        return pa.CompressedOutputStream(pa.PythonFile(raw, mode="w"), "zstd")
    return raw


_HOURS_MINUTES = np.array([b" %02d:%02d:" % divmod(minute, 60) for minute in range(1440)])
_SECONDS = np.array([b"%02d" % second for second in range(60)])
_FRACTIONS = np.array([b".%02d" % hundredth for hundredth in range(100)])
