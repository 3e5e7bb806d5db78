"""One metric of one stretch, with what several features are made of."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from fleetsynth.clock import DAY_SECONDS, HOUR_SECONDS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fleetsynth.reader.grid import Series

LEAST = 0.05
"""A level or a deviation below which a ratio says nothing: five hundredths."""
SPIKE_MADS = 5.0
_BLOCK_HOURS = 8


class View:
    """A series of evenly spaced values without gaps, and what it is by itself.

    Args:
        values: shape (ticks,).
        step: seconds from tick to tick.
        start: seconds of the first tick, by the clock whose hours count.

    Attributes:
        day: ticks of a day.
        hour: ticks of an hour, at least one.
    """

    def __init__(self, values: Series, step: int, start: int) -> None:
        self.values, self.step = values, step
        self.day = DAY_SECONDS // step
        self.hour = max(HOUR_SECONDS // step, 1)
        self.slots = (start // step + np.arange(len(values))) % self.day

    @cached_property
    def level(self) -> float:
        """The median."""
        return float(np.median(self.values))

    @cached_property
    def centred(self) -> Series:
        """The values less their mean."""
        return np.asarray(self.values - self.values.mean())

    @cached_property
    def sd(self) -> float:
        """The standard deviation; zero where it is no more than rounding."""
        sd = float(self.values.std())
        return sd if sd > 1e-6 * max(1.0, float(np.abs(self.values).max())) else 0.0

    @cached_property
    def differences(self) -> Series:
        """From each value to the next, in whole hundredths, shape (ticks - 1,)."""
        return np.asarray(np.rint(np.diff(self.values) * 100) / 100)

    @cached_property
    def above_day(self) -> Series:
        """The values less the median of their hour of the day."""
        hours = self.slots // self.hour
        medians = np.zeros(int(hours.max()) + 1)
        order = np.argsort(hours, kind="stable")
        for part in np.split(order, np.flatnonzero(np.diff(hours[order])) + 1):
            medians[hours[part[0]]] = np.median(self.values[part])
        return np.asarray(self.values - medians[hours])

    @cached_property
    def rest(self) -> Series:
        """What is left without the day and without the median of each eight hours."""
        size = _BLOCK_HOURS * self.hour
        blocks = np.arange(len(self.values)) // size
        return np.asarray(self.above_day - self.blocks(size)[np.minimum(blocks, blocks[-1])])

    @cached_property
    def mad(self) -> float:
        """The median absolute deviation of the rest."""
        return float(np.median(np.abs(self.rest)))

    @cached_property
    def quiet(self) -> NDArray[np.bool_]:
        """Where the rest is within three MADs, and nothing lasting is on."""
        near = np.abs(self.rest) <= 3 * max(self.mad, LEAST / 5)
        return np.asarray(near & (np.abs(self.above_day) <= 6 * max(self.mad, LEAST)))

    def blocks(self, size: int) -> Series:
        """Return the median of each block of so many ticks of `above_day`, shape (blocks,)."""
        return block_medians(self.above_day, size)

    @cached_property
    def spikes(self) -> NDArray[np.int64]:
        """First and stop of each run far above the rest, shape (runs, 2)."""
        return runs(self.rest > SPIKE_MADS * max(self.mad, LEAST))


def block_medians(series: Series, size: int) -> Series:
    """Return the median of each block of so many ticks; the last may be shorter."""
    whole = len(series) // size
    medians = np.median(series[: whole * size].reshape(whole, size), axis=1)
    tail = series[whole * size :]
    return np.append(medians, np.median(tail)) if len(tail) else medians


def runs(hit: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return first and stop of each run of True, shape (runs, 2)."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], hit, [False]))))
    return edges.reshape(-1, 2)


def lagged(centred: Series, lag: int) -> float:
    """Return the autocorrelation of a series without its mean; NaN where it is not defined."""
    square = float((centred * centred).sum())
    if not 0 < lag < len(centred) - 20 or square <= 1e-12 * len(centred):
        return np.nan
    return float((centred[:-lag] * centred[lag:]).sum()) / square
