"""One value a day of every server: the 95th percentile of the day's samples, by nearest rank."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fleetsynth.clock import DAY_SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

MOST_VALUES = 50_000_000
"""Values kept at most, of two bytes each: 10,000 servers x 4 years x 3 metrics are 44 million."""
SERVERS = 400
"""Servers whose values are unpacked together."""
_ABOVE = 20
"""One sample in so many lies above the 95th percentile."""
_OFFSET, _NOTHING, _MOST = 1_000, 0, 65_535
"""Values are kept as hundredths from -9.99; what is not there is zero."""


class Daily:
    """Takes rows in any order, and keeps the greatest few samples of each server's days.

    Args:
        metrics: indices of the metrics that are kept.
    """

    def __init__(self, metrics: list[int]) -> None:
        self._metrics = metrics
        self._kept = 0
        self._first = 0
        self._tops: NDArray[np.uint16] = np.zeros((len(metrics), 0, 0, 0), dtype=np.uint16)
        self._counts: NDArray[np.unsignedinteger] = np.zeros((len(metrics), 0, 0), dtype=np.uint8)
        self._given_up = not metrics

    def update(self, server: Ints, seconds: Ints, values: Floats, size: int, step: int) -> None:
        """Take rows.

        Args:
            server: number of each row's server.
            seconds: its time.
            values: shape (all metrics, rows).
            size: servers known so far.
            step: seconds from sample to sample; 0 if not known yet.
        """
        day = seconds // DAY_SECONDS
        kept = (DAY_SECONDS // step if 0 < step < DAY_SECONDS else 1) // _ABOVE + 1
        # What was not kept before the step was known cannot be had again.
        self._given_up |= 0 < self._kept < kept
        if self._given_up or not self._room(size, int(day.min()), int(day.max()), kept):
            return
        cell = server * self._counts.shape[2] + day - self._first
        for m, metric in enumerate(self._metrics):
            there = ~np.isnan(values[metric])
            self._add(m, cell[there], values[metric][there])

    def blocks(self, metric: int, size: int, last: int) -> Iterator[Floats] | None:
        """Return a value a day up to that of `last`, for some servers at a time.

        Args:
            metric: index among the metrics that are kept.
            size: how many servers there are.
            last: seconds since the epoch of the dataset's last row.

        Returns:
            Arrays of shape (servers, days), NaN where there is none; None if there were too many
            values to keep.
        """
        if self._given_up or not self._kept:
            return None
        firsts = range(0, size, SERVERS)
        return (self._values(metric, slice(f, min(f + SERVERS, size)), last) for f in firsts)

    def _values(self, metric: int, servers: slice, last: int) -> Floats:
        days = last // DAY_SECONDS - self._first + 1
        tops = self._tops[metric, servers, :days]
        rank = np.minimum(self._counts[metric, servers, :days] // _ABOVE, self._kept - 1)
        rank = self._kept - 1 - rank.astype(np.int64)
        top = np.take_along_axis(tops, rank[..., None], -1)[..., 0]
        found = np.where(top > _NOTHING, (top.astype(np.float64) - _OFFSET) / 100, np.nan)
        after = max(0, days - found.shape[1])
        return np.pad(found, ((0, 0), (0, after)), constant_values=np.nan)

    def _room(self, size: int, first: int, last: int, kept: int) -> bool:
        """Make room for servers and days; give up if that is too much."""
        _, servers, days = self._counts.shape
        self._kept = max(self._kept, kept)
        begin = min(first, self._first) if days else first
        stop = max(last + 1, self._first + days) if days else last + 1
        if servers >= size and (begin, stop) == (self._first, self._first + days):
            return True
        if size * (stop - begin) * self._kept * len(self._metrics) > MOST_VALUES:
            self._given_up = True
            self._tops, self._counts = self._tops[:, :0], self._counts[:, :0]
            return False
        room = max(size, servers + servers // 2 if size > servers else servers)
        if stop > self._first + days > begin:  # another day is seldom the last
            stop = max(stop, self._first + days + days // 4)
        at = self._first - begin if days else 0
        tops = np.zeros((len(self._metrics), room, stop - begin, self._kept), dtype=np.uint16)
        # Of one value a day nobody asks how many there were.
        counts = np.zeros(tops.shape[:3], dtype=np.uint8 if self._kept == 1 else np.uint32)
        if days:
            tops[:, :servers, at : at + days] = self._tops
            counts[:, :servers, at : at + days] = self._counts
        self._tops, self._counts, self._first = tops, counts, begin
        return True

    def _add(self, metric: int, cell: Ints, values: Floats) -> None:
        """Merge samples into what is kept of their cells, ascending in each."""
        tops = self._tops[metric].reshape(-1, self._kept)
        code = np.clip(np.rint(values * 100) + _OFFSET, _NOTHING + 1, _MOST).astype(np.uint16)
        if self._kept == 1:
            np.maximum.at(tops[:, 0], cell, code)
            return
        counts = self._counts[metric].reshape(-1)
        order = np.lexsort((code, cell))
        cell, code = cell[order], code[order]
        cells, begins, sizes = np.unique(cell, return_index=True, return_counts=True)
        rank = np.repeat(begins + sizes, sizes) - 1 - np.arange(len(cell))
        best = rank < self._kept
        new = np.zeros((len(cells), self._kept), dtype=np.uint16)
        row = np.repeat(np.arange(len(cells)), sizes)
        new[row[best], self._kept - 1 - rank[best]] = code[best]
        merged = np.sort(np.concatenate([tops[cells], new], axis=1), axis=1)
        tops[cells] = merged[:, -self._kept :]
        counts[cells] += sizes.astype(counts.dtype)
