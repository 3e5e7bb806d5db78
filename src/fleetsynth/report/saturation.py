"""How full servers are, which are full already, and which run out when."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fleetsynth.report.collect import BINS, MOST_VALUES, SLOTS
from fleetsynth.report.outlook import Outlook, Status, outlook, unknown

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fleetsynth.report.collect import Collector

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

MOST_SERVERS = 20_000
_PER_VALUE = 3
FULL = (Status.ABOVE, Status.CONSTANT_FULL)
"""What is said of servers that are full already: they are listed by themselves, in this order."""


@dataclass(frozen=True)
class Usage:
    """Every server's use of what comes in percent, shape (metrics in percent, servers).

    Attributes:
        p95: 95th percentile over time, to within a point.
        mean: mean over time.
        ahead: what becomes of each server, by metric.
    """

    p95: Floats
    mean: Floats
    ahead: list[Outlook]


def usage(collected: Collector) -> Usage:
    """Return every server's use."""
    size = len(collected.servers.number)
    count, total = collected.totals[:, :, :size]
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = total / count
    groups, ahead = _archetypes(collected), []
    for p in range(len(mean)):
        blocks = collected.daily.blocks(p, size, collected.high)
        ahead.append(unknown(size) if blocks is None else outlook(blocks, groups))
    return Usage(_quantile(collected.usage[:, :size], 0.95), mean, ahead)


def _archetypes(collected: Collector) -> Ints:
    labels = collected.servers.labels.get("server_type")
    if labels is None:
        return np.zeros(len(collected.servers.number), dtype=np.int64)
    return np.unique(np.array(labels), return_inverse=True)[1].astype(np.int64)


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


def order(use: Usage, p: int) -> tuple[Ints, Ints]:
    """Return the servers by one metric: those that are not full, and those that are.

    First come those with a date, the soonest first, then the others, the fullest first.
    """
    ahead, level = use.ahead[p], np.nan_to_num(use.p95[p], nan=-1.0)
    days = np.nan_to_num(ahead.days, nan=np.inf)
    status = np.array(ahead.status, dtype=object)
    full = np.select([status == each for each in FULL], range(1, len(FULL) + 1), 0)
    ranked = np.lexsort((np.arange(level.size), -level, days, full))
    return ranked[full[ranked] == 0], ranked[full[ranked] > 0]


def closest(use: Usage, groups: Ints, keys: list[tuple[int, ...]], count: int) -> Ints:
    """Return the servers whose series are worth carrying.

    By each metric the first of both lists, and the first three of each value of each dimension,
    so that a filter has something to show; of dimensions of many values one, by the first metric.
    """
    chosen: set[int] = set()
    table = np.array(keys, dtype=np.int64).reshape(len(keys), -1)
    for p in range(len(use.p95)):
        for ranked in order(use, p):
            chosen.update(ranked[:count].tolist())
            for dimension in range(table.shape[1]):
                many = table[:, dimension].max(initial=0) > MOST_VALUES
                values = table[groups[ranked], dimension]
                for value in [] if many and p else np.unique(values):
                    chosen.update(ranked[values == value][: 1 if many else _PER_VALUE].tolist())
    return np.array(sorted(chosen), dtype=np.int64)


def listed(use: Usage) -> Ints:
    """Return the servers to list: all, or those of a large fleet that run out or are fullest."""
    size = use.p95.shape[1]
    if size <= MOST_SERVERS or not len(use.p95):
        return np.arange(min(size, MOST_SERVERS))
    best = np.nan_to_num(use.p95, nan=-1.0).max(axis=0)
    for ahead in use.ahead:
        best[~np.isnan(ahead.days)] = np.inf
    return np.sort(np.argsort(-best, kind="stable")[:MOST_SERVERS])
