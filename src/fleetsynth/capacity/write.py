"""The table as a file: in the format that the ending of its name says."""

from __future__ import annotations

from datetime import date
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from fleetsynth._version import __version__
from fleetsynth.capacity.table import COUNTS
from fleetsynth.formats import open_sink

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

_ROWS = 5_000
_EPOCH = date(1970, 1, 1).toordinal()
_WHOLE = {"weeks", *COUNTS}
_NUMBERS = {
    "now",
    "trend_month",
    "trend_month_low",
    "trend_month_high",
    "peak_over_trend",
    "cycle_days",
    "floor",
    "peak",
    "usable",
    "risk_90d",
    "risk_365d",
    "size",
    "slack",
    "price_month",
    "right_price_month",
}
_DATES = ("early_", "date_", "late_", "order_by", "last_sample")


def save(rows: Iterable[dict[str, Any]], names: list[str], path: Path, *, overwrite: bool) -> None:
    """Write rows to a file, whole or not at all.

    Args:
        rows: as the table yields them.
        names: the columns, in order.
        path: its ending names the format, as for datasets.
        overwrite: replace a file that is there.

    Raises:
        UsageError: if the ending names no format.
        OutputError: if the file exists or cannot be written; nothing is left.
    """
    schema = pa.schema([pa.field(name, _kind(name)) for name in names])
    sink = open_sink(path, schema, {"fleetsynth.version": __version__}, overwrite=overwrite)
    try:
        for some in _chunks(iter(rows)):
            arrays = [_array([_cell(name, row[name]) for row in some], name) for name in names]
            sink.write(pa.RecordBatch.from_arrays(arrays, schema=schema))
        sink.commit()
    except BaseException:
        sink.abort()
        raise


def in_words(remedy: dict[str, Any], horizon: str = "beyond the horizon") -> str:
    """Return what would help as a sentence: what, from what to what, and until when it lasts."""
    change = remedy.get("words") or f"{remedy['from']:g} → {remedy['to']:g}"
    lasts = f"until {remedy['date']}" if remedy["date"] else horizon
    unit = " days" if "often" in remedy["action"] else ""
    return f"{remedy['action']} ({change}{unit}): lasts {lasts}"


def _array(values: list[Any], name: str) -> pa.Array:
    """Return an array without `pa.array`, which would import pandas."""
    kind = _kind(name)
    there = np.array([value is not None for value in values], np.bool_)
    bits = None if there.all() else pa.py_buffer(np.packbits(there, bitorder="little"))
    if pa.types.is_string(kind):
        words = [b"" if value is None else str(value).encode() for value in values]
        offsets = np.cumsum([0, *map(len, words)], dtype=np.int32)
        buffers = [bits, pa.py_buffer(offsets), pa.py_buffer(b"".join(words))]
        return pa.Array.from_buffers(kind, len(words), buffers)
    dtype = np.float64 if pa.types.is_floating(kind) else np.int32
    numbers = np.array([0 if value is None else value for value in values], dtype)
    return pa.Array.from_buffers(kind, len(numbers), [bits, pa.py_buffer(numbers)])


def _kind(name: str) -> pa.DataType:
    if name.startswith(_DATES):
        return pa.date32()
    if name in _WHOLE or name.startswith("days_"):
        return pa.int32()
    return pa.float64() if name in _NUMBERS else pa.string()


def _cell(name: str, value: Any) -> Any:
    if name == "help":
        return "; ".join(map(in_words, value)) or None
    if value is not None and name.startswith(_DATES):
        return date.fromisoformat(value).toordinal() - _EPOCH
    return value


def _chunks(rows: Iterator[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    while some := list(islice(rows, _ROWS)):
        yield some
