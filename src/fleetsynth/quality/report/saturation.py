"""Which servers are closest to saturation, and when a straight line takes them there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fleetsynth.clock import DAY_SECONDS
from fleetsynth.quality.report.collect import BINS, SLOTS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fleetsynth.quality.report.collect import Collector

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

NEVER = -1
MOST_DAYS = 36_500
MOST_SERVERS = 20_000
_PER_VALUE = 3
_CLEAR = 3.0
"""Standard errors from zero at which a slope counts as one."""


@dataclass(frozen=True)
class Usage:
    """Every server's use of what comes in percent, shape (metrics in percent, servers) each.

    Attributes:
        p95: 95th percentile over time, to within a point.
        mean: mean over time.
        slope: change in points per year of the least-squares line.
        days: days after the last sample until p95, moved along the line, reaches 100; 0 where it
            is there, `NEVER` where the line does not clearly rise.
    """

    p95: Floats
    mean: Floats
    slope: Floats
    days: Ints


def usage(collected: Collector) -> Usage:
    """Return every server's use."""
    size = len(collected.servers.number)
    line = collected.line()
    n, t, y = line.rows[:, :size], line.t[:, :size], line.y[:, :size]
    with np.errstate(invalid="ignore", divide="ignore"):
        mean, centre = y / n, t / n
        spread = line.tt[:, :size] - t * centre
        slope = (line.ty[:, :size] - t * mean) / spread
        left = np.maximum(line.yy[:, :size] - y * mean - slope * slope * spread, 0)
        # Neighbours in time resemble each other: a day counts as one sample, however many it has.
        error = np.sqrt(left / (n - 2) / spread * max(1.0, DAY_SECONDS / collected.step))
        p95 = _quantile(collected.usage[:, :size], 0.95)
        end = (collected.high - collected.origin) / DAY_SECONDS
        now = p95 + slope * (end - centre)
        ahead = np.ceil(np.maximum(100 - now, 0) / slope)
    rising = (slope > 0) & (slope > _CLEAR * error) & (ahead <= MOST_DAYS)
    slope = np.where(np.isfinite(slope), slope, 0.0)
    days = np.where(rising, ahead, NEVER).astype(np.int64)
    days[p95 >= BINS] = 0
    return Usage(p95, mean, slope * 365.25, days)


def _quantile(histograms: NDArray[np.uint32], share: float) -> Floats:
    """Return a quantile of each histogram with bins of one, linear within a bin, 100 apart."""
    running = histograms.cumsum(axis=-1, dtype=np.int64)
    total = running[..., -1:]
    target = share * total
    place = np.minimum((running < target).sum(axis=-1), SLOTS - 1)[..., None]
    below = np.where(place > 0, np.take_along_axis(running, np.maximum(place - 1, 0), -1), 0)
    inside = np.take_along_axis(histograms.astype(np.int64), place, -1)
    with np.errstate(invalid="ignore", divide="ignore"):
        within = np.where(place < BINS, (target - below) / inside, 0.0)
        out: Floats = (place + within)[..., 0]
    out[total[..., 0] == 0] = np.nan
    return out


def closest(use: Usage, groups: Ints, keys: list[tuple[int, ...]], count: int) -> Ints:
    """Return the servers whose series are worth carrying.

    The fullest of all by each metric, and the fullest three of each value of each dimension, so
    that a filter has something to show.
    """
    chosen: set[int] = set()
    table = np.array(keys, dtype=np.int64).reshape(len(keys), -1)
    for p95 in use.p95:
        order = np.argsort(-np.nan_to_num(p95, nan=-1.0), kind="stable")
        chosen.update(order[:count].tolist())
        for dimension in range(table.shape[1]):
            values = table[groups[order], dimension]
            for value in np.unique(values):
                chosen.update(order[values == value][:_PER_VALUE].tolist())
    return np.array(sorted(chosen), dtype=np.int64)


def listed(use: Usage) -> Ints:
    """Return the servers to list: all, or the fullest of a fleet too large for one page."""
    size = use.p95.shape[1]
    if size <= MOST_SERVERS or not len(use.p95):
        return np.arange(min(size, MOST_SERVERS))
    best = np.nan_to_num(use.p95, nan=-1.0).max(axis=0)
    return np.sort(np.argsort(-best, kind="stable")[:MOST_SERVERS])
