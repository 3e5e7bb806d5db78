"""Means and standard deviations, collected while data pass by, in exact integers."""

from __future__ import annotations

from dataclasses import dataclass
from math import nan, sqrt
from typing import TYPE_CHECKING, NamedTuple

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
_LARGE = 1 << 23
"""From here on the squares of so many do not add up in 64 bits."""
_HALF = 1 << 16


class _Runs(NamedTuple):
    """Rows in runs of one archetype each: its code, where each run begins, how many rows it has."""

    codes: list[int]
    starts: NDArray[np.int64]
    counts: NDArray[np.int64]


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
        if not block.rows:
            return
        window, server = block.window, block.server
        values, ticks = block.values.reshape(len(block.values), -1), window.shape[1]
        codes = self._fleet.archetype_codes(window.first_server, window.stop_server)
        group = max(1, _CELLS // ticks) * ticks if server is None else _CELLS
        for first in range(0, block.rows, group):
            rows = slice(first, min(first + group, block.rows))
            if server is None:  # whole servers, one after the other
                starts = np.arange(0, rows.stop - first, ticks)
                of_run = codes[first // ticks : rows.stop // ticks]
            else:
                of_rows = server[rows]
                starts = np.append(0, np.flatnonzero(of_rows[1:] != of_rows[:-1]) + 1)
                of_run = codes[of_rows[starts]]
            runs = _Runs(of_run.tolist(), starts, np.diff(starts, append=rows.stop - first))
            for metric, each in enumerate(values[:, rows]):
                missing = np.flatnonzero(each == NULL_HUNDREDTHS) if block.has_nulls else None
                self._add(metric, runs, each, missing)

    def _add(
        self,
        metric: int,
        runs: _Runs,
        hundredths: NDArray[np.int32],
        missing: NDArray[np.int64] | None,
    ) -> None:
        """Take one metric of some rows."""
        counts, values = runs.counts, hundredths.astype(np.int64)
        if missing is not None:
            values[missing] = 0
            run = np.searchsorted(runs.starts, missing, side="right") - 1
            counts = counts - np.bincount(run, minlength=len(counts))
        sums = np.add.reduceat(values, runs.starts).tolist()
        squares = _squares(values, runs.starts)
        for code, count, total, square in zip(
            runs.codes, counts.tolist(), sums, squares, strict=True
        ):
            self._counts[code][metric] += count
            self._sums[code][metric] += total
            self._squares[code][metric] += square

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


def _squares(values: NDArray[np.int64], starts: NDArray[np.int64]) -> list[int]:
    """Sum the squares of runs; destroys the values."""
    if int(values.max()) < _LARGE and int(values.min()) > -_LARGE:
        out: list[int] = np.add.reduceat(np.square(values, out=values), starts).tolist()
        return out
    high, low = np.divmod(values, _HALF)  # half of the bits at a time
    parts = (high * high, 2 * high * low, low * low)
    sums = [np.add.reduceat(part, starts).tolist() for part in parts]
    return [
        most * _HALF**2 + middle * _HALF + least for most, middle, least in zip(*sums, strict=True)
    ]


def _moments(count: int, total: int, squares: int) -> Moments:
    if not count:
        return Moments(mean=nan, sd=nan)
    variance = (count * squares - total * total) / count**2
    return Moments(mean=total / count / 100, sd=sqrt(variance) / 100)
