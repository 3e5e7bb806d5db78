"""What a plan would take, without doing it."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING

from fleetsynth.errors import OutputError
from fleetsynth.files import os_errors
from fleetsynth.formats import FORMATS
from fleetsynth.metrics import METRICS
from fleetsynth.pipeline import BATCH_ROWS, rows_per_batch
from fleetsynth.window import BLOCK

if TYPE_CHECKING:
    from pathlib import Path

    from fleetsynth.plan import Plan

_FIXED_BYTES = {".csv": 60.0, ".csv.gz": 21.0, ".csv.zst": 19.0, ".arrow": 34.0}
_METADATA_BYTES = {".csv": 38.0, ".csv.gz": 1.2, ".csv.zst": 0.8, ".arrow": 6.0}
_CALENDAR_BYTES = {".csv": 17.0, ".csv.gz": 1.2, ".csv.zst": 0.8, ".arrow": 4.0}
_PARQUET_BYTES, _PARQUET_BYTES_OF_AGGREGATES = 7.6, 8.7
_PARQUET_WORDS = 1060.0
"""Bytes of a row group's dictionaries, per root of its rows."""
_BASE_MEMORY = 110_000_000
_BATCH_MEMORY_PER_ROW = 300
_LEAF_MEMORY = 100
"""One hash per server and month is kept until the digest is finished."""


@dataclass(frozen=True)
class Size:
    """Estimates, good to about a third.

    Attributes:
        rows: exact, where no row is missing; otherwise the most there can be.
        columns: exact.
        bytes: size of the file by format.
        memory: peak resident memory of `generate`, in bytes.
        tiles: tiles of 512 samples that are drawn; exact. A tile takes as long to draw for one
            row as for all of its 512.
    """

    rows: int
    columns: int
    bytes: dict[str, int]
    memory: int
    tiles: int


def estimate(plan: Plan) -> Size:
    """Estimate what a plan would take."""
    scenario = plan.scenario

    breadth = len(plan.metrics) / len(METRICS)

    def per_row(ending: str) -> float:
        if ending == ".parquet":
            return _parquet_bytes_per_row(plan, rows_per_batch(plan))
        metadata = _METADATA_BYTES[ending] if scenario.include_metadata else 0.0
        calendar = _CALENDAR_BYTES[ending] if scenario.include_calendar else 0.0
        return _FIXED_BYTES[ending] * breadth + metadata + calendar

    return Size(
        rows=plan.cells,
        columns=len(plan.columns),
        bytes={ending: round(plan.cells * per_row(ending)) for ending in FORMATS},
        memory=round(
            _BASE_MEMORY
            + min(plan.cells, BATCH_ROWS) * _BATCH_MEMORY_PER_ROW * breadth
            + plan.fleet.size * _months(plan) * _LEAF_MEMORY
        ),
        tiles=plan.fleet.size * tiles_per_server(plan),
    )


def tiles_per_server(plan: Plan) -> int:
    """Return the tiles that a plan's samples of one server touch."""
    samples = plan.samples_per_row
    first, last = plan.clock.first * samples, plan.clock.stop * samples - 1
    return last // BLOCK - first // BLOCK + 1


def rows_in_parquet(plan: Plan, size: int) -> int:
    """Return how many of a plan's rows a Parquet file of at most so many bytes holds."""
    rows = size / _parquet_bytes_per_row(plan, BATCH_ROWS)
    if rows < BATCH_ROWS:  # one row group: size = each * rows + words * sqrt(rows)
        each, words = _parquet_law(plan)
        rows = ((sqrt(words**2 + 4 * each * size) - words) / (2 * each)) ** 2
    return max(1, int(rows))


def _parquet_bytes_per_row(plan: Plan, most_rows: int) -> float:
    """Return what a row takes in a file whose row groups have at most so many rows."""
    ticks = plan.clock.count
    group = min(plan.cells, max(most_rows // ticks, 1) * min(ticks, most_rows))
    each, words = _parquet_law(plan)
    return each + words / sqrt(group)


def _parquet_law(plan: Plan) -> tuple[float, float]:
    """Return bytes per row, and bytes of dictionaries per root of a row group's rows.

    Measured on groups of 10 thousand to 256 thousand rows, rounded up. What is the same for long
    takes next to nothing.
    """
    each = _PARQUET_BYTES_OF_AGGREGATES if plan.samples_per_row > 1 else _PARQUET_BYTES
    breadth = len(plan.metrics) / len(METRICS)
    return each * breadth, _PARQUET_WORDS * breadth


def _months(plan: Plan) -> int:
    start, end = plan.clock.start, plan.clock.end
    return (end.year - start.year) * 12 + end.month - start.month + 1


def refuse_without_room(path: Path, rows: int, need: float) -> None:
    """Refuse what cannot fit, before hours have gone into it.

    Raises:
        OutputError: if so many bytes are far more than what is free where `path` is to be.
    """
    with os_errors(path):
        there = path.absolute()
        there = next(entry for entry in (there, *there.parents) if entry.exists())
        total, _, free = shutil.disk_usage(there)
    # The estimate is good to a third or so; what may fit is tried.
    # Some remote file systems say that they have no size at all.
    if total and need / 2 > free:
        raise OutputError(
            f"{rows:,} rows would take about {in_bytes(need)} at {path}, where "
            f"{in_bytes(free)} are free: ask for fewer servers, a shorter span or a coarser "
            "granularity (see fleetsynth plan)"
        )


def in_bytes(count: float) -> str:
    """Write a number of bytes for people, in powers of 1000."""
    for unit in ("B", "kB", "MB", "GB", "TB", "PB", "EB"):
        if count < 1000 or unit == "EB":
            break
        count /= 1000
    return f"{count:,.0f} {unit}" if unit == "B" or count >= 100 else f"{count:.1f} {unit}"
