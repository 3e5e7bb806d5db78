"""Correlation between servers, over a sample of them whose memory is bounded."""

from __future__ import annotations

import heapq
from collections import Counter
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING

import numpy as np

from fleetsynth.clock import DAY_SECONDS, HOUR_SECONDS
from fleetsynth.facts.measures import MIN_POINTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from fleetsynth.reader.grid import Grid, Series

SERVERS = 400
"""Servers that are kept; of a larger fleet, whole services chosen by a hash of their names."""

TICKS = 1 << 15
"""Ticks that are kept of a server; of a longer series, every second, fourth … day."""

_CHUNK = 1 << 12
_LEAST_HOURS = 24


@dataclass
class _Kept:
    """A server of the sample: its ticks of kept days, float32, shape (2, kept ticks)."""

    name: str
    service: str | None
    grid: Grid
    values: NDArray[np.float32]


class CrossSample:
    """Keeps raw and deseasonalised series of a bounded number of servers.

    What is kept depends on names and spans, not on the order in which servers come.
    """

    def __init__(self, servers: int = SERVERS, ticks: int = TICKS) -> None:
        self._servers, self._ticks = servers, ticks
        self._every = 1
        self._heap: list[tuple[int, int, str, _Kept]] = []

    def add(self, name: str, service: str | None, grid: Grid, raw: Series, rest: Series) -> None:
        """Take a server's CPU, raw and deseasonalised, shape (ticks,) each."""
        every = self._every
        while grid.count > every * self._ticks:
            every *= 2  # never a multiple of a week
        if every > self._every:
            for *_, kept in self._heap:
                inside = _kept_ticks(kept.grid, self._every)
                kept.values = kept.values[:, inside % every == 0]
            self._every = every
        key = (-_hash(service if service is not None else name), -_hash(name), name)
        if len(self._heap) == self._servers and key <= self._heap[0][:3]:
            return
        inside = _days(grid) % every == 0
        values = np.array([raw[inside], rest[inside]], np.float32)
        entry = (*key, _Kept(name, service, grid, values))
        if len(self._heap) < self._servers:
            heapq.heappush(self._heap, entry)
        else:
            heapq.heappushpop(self._heap, entry)

    def facts(self) -> dict[str, float]:
        """Return medians over pairs; NaN where there is no pair of the kind."""
        kept = _of_one_step(entry[-1] for entry in self._heap)
        if len(kept) < 2:
            return {}
        upper = np.triu(np.ones((len(kept), len(kept)), np.bool_), 1)
        raw, rest = (self._correlations(kept, which) for which in (0, 1))
        services = np.array([_hash(s.service or "") for s in kept], np.uint64)
        named = np.array([server.service is not None for server in kept])
        known = upper & named & named[:, None]
        same = services == services[:, None]
        return {
            "cross_r": _middle(raw[upper]),
            "cross_r_p90": _middle(raw[upper], 90),
            "service_r": _middle(raw[known & same]),
            "between_r": _middle(np.abs(rest[known & ~same])),
        }

    def _correlations(self, kept: list[_Kept], which: int) -> NDArray[np.float64]:
        """Return Pearson's r of all pairs, over the ticks that both have, shape (n, n)."""
        size = len(kept)
        count, x, xx, xy = np.zeros((4, size, size))
        for values, there in self._chunks(kept, which):
            mask = there.astype(np.float64)
            if there.all():
                count += values.shape[1]
                x += values.sum(axis=1)[:, None]
                xx += np.square(values).sum(axis=1)[:, None]
            else:
                count += mask @ mask.T
                x += values @ mask.T
                xx += np.square(values) @ mask.T
            xy += values @ values.T
        spread = count * xx - x * x
        need = max(MIN_POINTS, _LEAST_HOURS * HOUR_SECONDS // kept[0].grid.step)
        # Values are in units of their own deviation: less than this is rounding.
        sound = (count >= need) & (spread > 1e-9 * count * count)
        sound &= sound.T
        with np.errstate(invalid="ignore", divide="ignore"):
            r = (count * xy - x * x.T) / np.sqrt(spread * spread.T)
        return np.where(sound, np.clip(r, -1, 1), np.nan)

    def _chunks(
        self, kept: list[_Kept], which: int
    ) -> Iterator[tuple[NDArray[np.float64], NDArray[np.bool_]]]:
        """Yield standardised values, zero where missing, and what is there: shape (n, chunk)."""
        scales = [_scale(server.values[which]) for server in kept]
        first = min(server.grid.first for server in kept)
        stop = max(server.grid.first + server.grid.count for server in kept)
        places = [_places(server.grid, self._every) for server in kept]
        for begin in range(first, stop, _CHUNK):
            values = np.full((len(kept), min(_CHUNK, stop - begin)), np.nan)
            for row, server in enumerate(kept):
                low, high = np.searchsorted(places[row], (begin, begin + _CHUNK))
                if low < high:
                    mean, sd = scales[row]
                    points = server.values[which, low:high].astype(np.float64)
                    values[row, places[row][low:high] - begin] = (points - mean) / sd
            some = ~np.isnan(values).all(axis=0)
            if some.any():
                values = values if some.all() else values[:, some]
                there = ~np.isnan(values)
                yield np.where(there, values, 0.0), there


def _of_one_step(servers: Iterable[_Kept]) -> list[_Kept]:
    """Return the servers of the commonest step, the shorter of two, by name."""
    kept = sorted(servers, key=lambda server: server.name)
    steps = Counter((server.grid.step, server.grid.months) for server in kept)
    common = max(steps, key=lambda step: (steps[step], -step[0]), default=None)
    return [s for s in kept if (s.grid.step, s.grid.months) == common]


def _hash(name: str) -> int:
    return int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), "big")


def _days(grid: Grid) -> NDArray[np.int64]:
    """Days since the epoch, or steps where they are longer, shape (ticks,)."""
    steps = np.arange(grid.first, grid.first + grid.count)
    return steps if grid.step > DAY_SECONDS else steps * grid.step // DAY_SECONDS


def _kept_ticks(grid: Grid, every: int) -> NDArray[np.int64]:
    days = _days(grid)
    kept: NDArray[np.int64] = days[days % every == 0]
    return kept


def _places(grid: Grid, every: int) -> NDArray[np.int64]:
    """Number of each kept tick, in steps since the epoch, shape (kept ticks,)."""
    return np.flatnonzero(_days(grid) % every == 0) + grid.first


def _scale(values: NDArray[np.float32]) -> tuple[float, float]:
    there = values[~np.isnan(values)].astype(np.float64)
    if not len(there):
        return 0.0, np.inf
    mean, sd = float(there.mean()), float(there.std())
    return mean, sd if sd > 1e-6 * float(np.abs(there).max()) else np.inf


def _middle(values: NDArray[np.float64], percentile: float = 50) -> float:
    values = values[~np.isnan(values)]
    return float(np.percentile(values, percentile)) if len(values) else np.nan
