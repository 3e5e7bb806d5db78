"""Columns to text, for the formats that are text.

Rows are composed from look-up tables of byte strings, padded with NUL to equal width; one pass
then drops the padding. That is some twenty times as fast as formatting number by number.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa

from fleetsynth.clock import DAY_SECONDS
from fleetsynth.tables.frame import TIMESTAMP, missing_in, to_numpy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    Words = NDArray[np.bytes_]

ROWS = 1 << 15
"""Rows composed at a time."""

_TABLE_LIMIT = 1 << 20
"""Numbers above this, in hundredths, and ranges wider than this are formatted one by one."""


class Style(NamedTuple):
    """How a format writes values.

    Attributes:
        text: writes a text, with whatever stands around it.
        other: writes a value of any other type that has no fast way.
        missing: stands for a missing value.
        mark: stands before and after a time.
    """

    text: Callable[[str], str]
    other: Callable[[Any], str]
    missing: bytes
    mark: bytes


def compose(rows: int, pieces: Sequence[Words]) -> bytes:
    """Return rows one after the other, each of its pieces: one word per row, or one for all."""
    row = np.dtype([(f"f{i}", piece.dtype) for i, piece in enumerate(pieces)])
    lines = np.empty(rows, row)
    for i, piece in enumerate(pieces):
        lines[f"f{i}"] = piece
    text: bytes = lines.tobytes().translate(None, b"\0")
    return text


def constant(text: bytes) -> Words:
    """Return a piece that is the same in every row."""
    return np.array([text])


def words(column: pa.Array, style: Style) -> list[Words]:
    """Return the pieces of text that a column is written as, one word per row each."""
    missing = missing_in(column)
    pieces = list(_words(column, style, missing))
    if missing is None:
        return pieces
    none = (style.missing, *[b""] * (len(pieces) - 1))
    return [np.where(missing, word, piece) for word, piece in zip(none, pieces, strict=True)]


def _words(column: pa.Array, style: Style, missing: NDArray[np.bool_] | None) -> Iterator[Words]:
    """Yield a column's pieces; where values are missing, any words do."""
    kind = column.type
    if pa.types.is_dictionary(kind) and len(column.dictionary):
        yield _written(column.dictionary, style)[_filled(column.indices, missing)]
    elif kind == TIMESTAMP and not (_filled(column, missing) % 1_000_000).any():
        seconds = _filled(column, missing) // 1_000_000
        yield _dates(seconds // DAY_SECONDS, style.mark)
        yield _HOURS_MINUTES[seconds % DAY_SECONDS // 60]
        yield _SECONDS[style.mark][seconds % 60]
    elif pa.types.is_float64(kind):
        yield from _decimals(column, style, missing)
    elif pa.types.is_int32(kind):
        yield _whole_numbers(_filled(column, missing))
    else:
        yield _written(column, style)


def _filled(column: pa.Array, missing: NDArray[np.bool_] | None) -> NDArray[Any]:
    """Return numbers, 0 where they are missing: what stands there instead could be anything."""
    values = to_numpy(column)
    return values if missing is None else np.where(missing, values.dtype.type(0), values)


def _is_text(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    )


def _decimals(column: pa.Array, style: Style, missing: NDArray[np.bool_] | None) -> Iterator[Words]:
    values = _filled(column, missing)
    scaled = np.rint(values * 100)
    if np.array_equal(scaled / 100, values) and np.abs(scaled).max() < _TABLE_LIMIT:
        hundredths = scaled.astype(np.int32)
        if hundredths.min() < 0:
            yield np.where(hundredths < 0, b"-", b"")
            np.abs(hundredths, out=hundredths)
        yield _whole_numbers(hundredths // 100)
        yield _FRACTIONS[hundredths % 100]
    else:
        yield _written(column, style)


def _written(column: pa.Array, style: Style) -> Words:
    """Write values one by one."""
    kind = column.type
    text = _is_text(kind.value_type if pa.types.is_dictionary(kind) else kind)
    write = style.text if text else style.other
    values = column.to_pylist()
    return np.array([style.missing if v is None else write(v).encode() for v in values])


def _whole_numbers(values: NDArray[Any]) -> Words:
    low, high = int(values.min()), int(values.max())
    if high - low > _TABLE_LIMIT:
        return np.array([b"%d" % value for value in values.tolist()])
    table: Words = np.array([b"%d" % i for i in range(low, high + 1)])
    found: Words = table[values - low]
    return found


def _dates(days: NDArray[np.int64], mark: bytes) -> Words:
    low, high = int(days.min()), int(days.max())
    table = np.datetime_as_string(np.arange(low, high + 1).astype("datetime64[D]"))
    # Code by code: NumPy's cast of text to bytes swallows a signal that comes meanwhile.
    codes = table.view(np.uint32).reshape(len(table), -1).astype(np.uint8)
    before = np.broadcast_to(np.frombuffer(mark, np.uint8), (len(table), len(mark)))
    marked = np.ascontiguousarray(np.hstack([before, codes]))
    found: Words = marked.view(f"S{marked.shape[1]}").ravel()
    return found[days - low]


_HOURS_MINUTES = np.array([b" %02d:%02d:" % divmod(minute, 60) for minute in range(1440)])
_SECONDS = {
    mark: np.array([b"%02d%s" % (second, mark) for second in range(60)]) for mark in (b"", b'"')
}
_FRACTIONS = np.array([b".%02d" % hundredth for hundredth in range(100)])
