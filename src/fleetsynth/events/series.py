"""The series of one server, from the data that it stands in, or as a scenario gives it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from fleetsynth.errors import UsageError
from fleetsynth.events.ask import index_of
from fleetsynth.formats.read import read_batches, read_head
from fleetsynth.metrics import METRICS, STATISTIC_PATTERN
from fleetsynth.presets import simulate
from fleetsynth.preview.samples import MAX_TICKS
from fleetsynth.reader.files import find_files
from fleetsynth.tables.frame import TIMESTAMP
from fleetsynth.window import Window

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from fleetsynth.metrics import Metric
    from fleetsynth.plan import Plan
    from fleetsynth.reader.events import Ledger

STEMS = ("cpu", "mem", "disk")
"""What is drawn, where it is there."""


@dataclass(frozen=True)
class Series:
    """The series of a server.

    Attributes:
        server: its id.
        times: datetime64[s] of shape (points,), ascending, UTC.
        values: float64 of shape (points,) by stem of the metric: of each the first statistic.
    """

    server: str
    times: NDArray[np.datetime64]
    values: dict[str, NDArray[np.float64]]


METRIC = {metric.stem: metric for metric in METRICS}


def series_of(ledger: Ledger, server: str) -> Series:
    """Return the series of a server: those of the data, or as a scenario gives them.

    Raises:
        UsageError: if there are none, or too many points to look at.
    """
    if ledger.data is not None:
        return _read(ledger.data, server)
    if ledger.plan is None:
        raise UsageError(f"{ledger.name} has no series to draw: name the data that it is beside")
    return _simulated(ledger.plan, server)


def _simulated(plan: Plan, server: str) -> Series:
    index, clock = index_of(plan, server), plan.clock
    if clock.count > MAX_TICKS:
        raise UsageError(
            f"{clock.count:,} points per series are too many to look at: narrow the span with "
            "start_date=... and end_date=..."
        )
    window = Window(index, index + 1, clock.first, clock.stop)
    values = simulate(plan, window).grid()[:, 0]
    columns = _columns(metric.column for metric in plan.metrics)
    rows = dict(zip((metric.column for metric in plan.metrics), values, strict=True))
    seconds = clock.seconds(clock.first, clock.stop).astype("datetime64[s]")
    return Series(server, seconds, {stem: rows[column] for stem, column in columns.items()})


def _columns(names: Iterable[str]) -> dict[str, str]:
    """Return the column to draw of each stem: the first of its statistics."""
    out: dict[str, str] = {}
    for name in names:
        for stem in STEMS:
            pattern = STATISTIC_PATTERN.removeprefix("^").removesuffix("$")
            if re.fullmatch(f"{stem}_{pattern}", name):
                out.setdefault(stem, name)
    return {stem: out[stem] for stem in STEMS if stem in out}


def _read(data: str, server: str) -> Series:
    times: list[NDArray[np.int64]] = []
    values: dict[str, list[NDArray[np.float64]]] = {}
    files = find_files(data)
    parts = files.manifest["parts"] if files.manifest else []
    spans = {part["path"]: part for part in parts}
    for key in files.keys:
        if not _may_hold(spans.get(key), server):
            continue
        with files.fetch(key) as path:
            columns = _columns(read_head(path).names)
            types: dict[str, Any] = {"server_id": pa.string(), "timestamp": TIMESTAMP}
            types |= dict.fromkeys(columns.values(), pa.float64())
            for batch in read_batches(path, types):
                mine = np.array(batch["server_id"].to_pylist()) == server
                if mine.any():
                    rows = batch.filter(pa.array(mine))
                    times.append(np.array(rows["timestamp"].cast(TIMESTAMP).cast(pa.int64())))
                    for stem, column in columns.items():
                        found = rows[column].cast(pa.float64()).to_numpy(zero_copy_only=False)
                        values.setdefault(stem, []).append(found)
    if not times:
        raise UsageError(f"no rows of server {server!r} in {data}")
    micros = np.concatenate(times)
    order = np.argsort(micros, kind="stable")
    seconds = (micros[order] // 1_000_000).astype("datetime64[s]")
    every = {stem: np.concatenate(found)[order] for stem, found in values.items()}
    return Series(server, seconds, every)


def _may_hold(part: dict[str, Any] | None, server: str) -> bool:
    """Tell whether a part can have rows of a server: they are in order of their numbers."""
    ids = [server, *((part or {}).get(key) for key in ("first_server", "last_server"))]
    numbers = [re.fullmatch(r"server_(\d+)", str(each)) for each in ids]
    if not all(numbers):
        return True
    this, first, last = (int(number[1]) for number in numbers if number)
    return first <= this <= last


def metric_of(stem: str) -> Metric:
    """Return what people call a metric, and its unit."""
    return METRIC[stem]
