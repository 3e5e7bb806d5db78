"""The second pass: whole series of a few servers, now that it is known which matter."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from fleetsynth.report.axis import Axis
    from fleetsynth.report.rows import Rows

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

NOWHERE = -1


class Buckets:
    """Mean by series and bucket; a series is some servers together.

    Args:
        metrics: indices of the metrics that are kept.
        series: series of each server by number, or `NOWHERE`.
        axis: the buckets.
    """

    def __init__(self, metrics: Sequence[int], series: Ints, axis: Axis) -> None:
        self._metrics, self._series, self._axis = list(metrics), series, axis
        size = int(series.max(initial=NOWHERE)) + 1
        shape = (len(self._metrics), size, axis.count)
        self.counts: Ints = np.zeros(shape, dtype=np.int64)
        self.sums: Floats = np.zeros(shape)

    def update(self, rows: Rows) -> None:
        """Take the rows of a batch."""
        series = self._series[rows.server]
        mine = np.flatnonzero(series != NOWHERE)
        if not mine.size:
            return
        key = series[mine] * self._axis.count + self._axis.place(rows.seconds[mine])
        for i, place in enumerate(self._metrics):
            values = rows.values[place, mine]
            there = ~np.isnan(values)
            np.add.at(self.counts[i].reshape(-1), key[there], 1)
            np.add.at(self.sums[i].reshape(-1), key[there], values[there])

    def means(self) -> Floats:
        """Return means, NaN where there is no value, shape (metrics, series, buckets)."""
        with np.errstate(invalid="ignore"):
            return self.sums / self.counts


class Sample:
    """The first ticks of some servers, value by value.

    Args:
        metrics: indices of the metrics that are kept.
        place: place of each server in the sample by number, or `NOWHERE`.
        begin: seconds since the epoch of the first tick.
        step: seconds from tick to tick.
        ticks: how many.
    """

    def __init__(
        self, metrics: Sequence[int], place: Ints, begin: int, step: int, ticks: int
    ) -> None:
        self._metrics, self._place = list(metrics), place
        self._begin, self._step, self._ticks = begin, step, ticks
        size = int(place.max(initial=NOWHERE)) + 1
        self.values = np.full((len(self._metrics), size, ticks), np.nan, dtype=np.float32)

    def update(self, rows: Rows) -> None:
        """Take the rows of a batch that are in the sample and on its grid."""
        tick, off = np.divmod(rows.seconds - self._begin, self._step)
        place = self._place[rows.server]
        mine = (place != NOWHERE) & (off == 0) & (tick >= 0) & (tick < self._ticks)
        for i, metric in enumerate(self._metrics):
            self.values[i, place[mine], tick[mine]] = rows.values[metric, mine]
