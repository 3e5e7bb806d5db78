"""Means and standard deviations, collected while data pass by, in exact integers."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fleetsynth.plan import Plan
    from fleetsynth.signal.window import Window


@dataclass(frozen=True)
class Moments:
    """Mean and standard deviation of a column, over all rows of an archetype."""

    mean: float
    sd: float


class Statistics:
    """Mean and sd per archetype and metric, the same however the data are cut into windows."""

    def __init__(self, plan: Plan) -> None:
        self._fleet = plan.fleet
        self._columns = [metric.column for metric in plan.metrics]
        size = len(plan.fleet.archetypes)
        # Python integers: the squares of a large fleet's hundredths outgrow 64 bits.
        self._rows = [0] * size
        self._sums = [[0] * len(self._columns) for _ in range(size)]
        self._squares = [[0] * len(self._columns) for _ in range(size)]

    def update(self, window: Window, hundredths: NDArray[np.int32]) -> None:
        """Take a window's values, shape (metrics, servers, ticks)."""
        codes = self._fleet.archetype_codes(window.first_server, window.stop_server)
        for row, code in enumerate(codes.tolist()):
            self._rows[code] += window.shape[1]
            for metric in range(len(self._columns)):
                values = hundredths[metric, row].astype(np.float64)
                # Exact: the parts of a sum of whole numbers below 2**53 are whole numbers.
                self._sums[code][metric] += int(values.sum())
                self._squares[code][metric] += int(np.square(values, out=values).sum())

    def moments(self) -> dict[str, dict[str, Moments]]:
        """Return the moments by archetype and column."""
        out = {}
        for code, name in enumerate(self._fleet.archetypes):
            if rows := self._rows[code]:
                out[name] = {
                    column: _moments(rows, self._sums[code][i], self._squares[code][i])
                    for i, column in enumerate(self._columns)
                }
        return out


def _moments(rows: int, total: int, squares: int) -> Moments:
    variance = (rows * squares - total * total) / rows**2
    return Moments(mean=total / rows / 100, sd=sqrt(variance) / 100)
