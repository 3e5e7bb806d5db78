"""Means and standard deviations, collected while data pass by, in exact integers."""

from __future__ import annotations

from dataclasses import dataclass
from math import nan, sqrt
from typing import TYPE_CHECKING

import numpy as np

from fleetsynth.block import NULL_HUNDREDTHS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fleetsynth.block import Block
    from fleetsynth.plan import Plan


@dataclass(frozen=True)
class Moments:
    """Mean and standard deviation of a column, over all values of an archetype that are there.

    NaN if there are none.
    """

    mean: float
    sd: float


_CELLS = 1 << 15
"""Servers times ticks worked on at a time, to fit the cache; no figure needs it."""


class Statistics:
    """Mean and sd per archetype and metric, the same however the data are cut into windows."""

    def __init__(self, plan: Plan) -> None:
        self._fleet = plan.fleet
        self._columns = [metric.column for metric in plan.metrics]
        size = len(plan.fleet.archetypes)
        # Python integers: the squares of a large fleet's hundredths outgrow 64 bits.
        self._counts = [[0] * len(self._columns) for _ in range(size)]
        self._sums = [[0] * len(self._columns) for _ in range(size)]
        self._squares = [[0] * len(self._columns) for _ in range(size)]

    def update(self, block: Block) -> None:
        """Take a window's values."""
        window = block.window
        servers, ticks = window.shape
        codes = self._fleet.archetype_codes(window.first_server, window.stop_server)
        if not block.is_full or block.has_nulls:
            self._add_rows(codes, block)
            return
        group = max(1, _CELLS // ticks)
        for first in range(0, servers, group):
            rows = slice(first, first + group)
            for metric in range(len(self._columns)):
                self._add(metric, codes[rows], block.values[metric, rows])
        for code, count in enumerate(np.bincount(codes).tolist()):
            self._counts[code] = [before + count * ticks for before in self._counts[code]]

    def _add_rows(self, codes: NDArray[np.int64], block: Block) -> None:
        """Take rows one by one, without the values that are missing."""
        server, _, values = block.listed()
        for first in range(0, block.rows, _CELLS):
            rows = slice(first, first + _CELLS)
            of_row = codes[server[rows]]
            for metric in range(len(self._columns)):
                there = values[metric, rows] != NULL_HUNDREDTHS
                of_value = of_row[there]
                self._add(metric, of_value, values[metric, rows][there][:, None])
                for code, count in enumerate(np.bincount(of_value).tolist()):
                    self._counts[code][metric] += count

    def _add(self, metric: int, codes: NDArray[np.int64], hundredths: NDArray[np.int32]) -> None:
        """Take one metric of some servers, shape (servers, ticks), but for their count."""
        # Exact: the parts of a sum of whole numbers below 2**53 are whole numbers.
        values = hundredths.astype(np.float64)
        sums = _by_code(codes, values)
        squares = _by_code(codes, np.square(values, out=values))
        for code in np.flatnonzero(sums).tolist():
            self._sums[code][metric] += int(sums[code])
            self._squares[code][metric] += int(squares[code])

    def moments(self) -> dict[str, dict[str, Moments]]:
        """Return the moments by archetype and column."""
        out = {}
        for code, name in enumerate(self._fleet.archetypes):
            if any(counts := self._counts[code]):
                out[name] = {
                    column: _moments(counts[i], self._sums[code][i], self._squares[code][i])
                    for i, column in enumerate(self._columns)
                }
        return out


def _by_code(codes: NDArray[np.int64], values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sum values of shape (servers, ticks) by the servers' code."""
    per_server = values.sum(axis=1) if values.shape[1] > 1 else values[:, 0]
    out: NDArray[np.float64] = np.bincount(codes, per_server).astype(np.float64)
    return out


def _moments(count: int, total: int, squares: int) -> Moments:
    if not count:
        return Moments(mean=nan, sd=nan)
    variance = (count * squares - total * total) / count**2
    return Moments(mean=total / count / 100, sd=sqrt(variance) / 100)
