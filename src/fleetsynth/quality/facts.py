"""What one server's series are like: pure functions from arrays to numbers.

Throughout, a series is a float64 array on an even grid of ticks, shape (ticks,), with NaN where a
point is missing; points that are missing are dropped, never filled. A number that is not defined
(no variance, too few points, a step too coarse) is NaN.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING

import numpy as np

from fleetsynth.clock import ahead

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Series = NDArray[np.float64]

HOUR, DAY, WEEK = 3600, 86400, 604800
MONTH = 2_629_746
"""Seconds of a month, on average."""
LAGS = {"1h": HOUR, "1d": DAY, "7d": WEEK}
"""Lags in seconds beside a lag of one step."""

BURST_MADS = 5.0
MIN_POINTS = 30
"""Pairs of points below which a correlation says nothing."""

_FULL_DAY = 0.95
_ROUNDING = 1e-12
_FLAT = _ROUNDING**2
_SATURDAY = 5
_THURSDAY = 3  # 1 January 1970


@dataclass(frozen=True)
class Grid:
    """An even grid of ticks: the first, in steps since the Unix epoch plus a phase.

    Attributes:
        first: steps from the epoch to the first tick; months, if `months` is not zero.
        count: number of ticks.
        step: seconds from tick to tick, on average.
        phase: seconds that every tick is after a whole number of steps, or the month's first day.
        zone: whose hours, days and weekends count: a name or an offset such as ``+09:00``;
            nothing for the clock of the times themselves.
        months: calendar months from tick to tick; zero for steps of seconds.
    """

    first: int
    count: int
    step: int
    phase: int = 0
    zone: str = ""
    months: int = 0

    def seconds(self) -> NDArray[np.int64]:
        """Return the time of each tick in seconds since the epoch, shape (ticks,)."""
        ticks = np.arange(self.count)
        if not self.months:
            return (self.first + ticks) * self.step + self.phase
        months = (self.first + ticks * self.months).astype("datetime64[M]")
        local: NDArray[np.int64] = months.astype("datetime64[s]").astype(np.int64) + self.phase
        return local - self.ahead(local)

    def ahead(self, seconds: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the seconds that the zone's clock is ahead of UTC, shape (ticks,)."""
        return np.zeros_like(seconds) if self.zone in ("", "UTC") else ahead(self.zone, seconds)

    def days(self) -> NDArray[np.int64]:
        """Return the day of each tick, counted from the grid's first day, shape (ticks,)."""
        days = self._local() // DAY
        return days - days[0] if len(days) else days

    def hours(self) -> NDArray[np.int64]:
        """Return the hour of the day of each tick, 0 to 23, shape (ticks,)."""
        return self._local() // HOUR % 24

    def slots(self) -> NDArray[np.int64]:
        """Return hour of the day, plus 24 at weekends, of each tick, shape (ticks,)."""
        weekday = (self._local() // DAY + _THURSDAY) % 7
        return self.hours() + 24 * (weekday >= _SATURDAY)

    def _local(self) -> NDArray[np.int64]:
        seconds = self.seconds()
        return seconds if self.zone in ("", "UTC") else seconds + self.ahead(seconds)


def residual(series: Series, slots: NDArray[np.int64]) -> Series:
    """Return the series less the mean of its (hour of day, weekend) slot, shape (ticks,)."""
    rest = series - _slot_means(series, slots)[slots]
    size = np.abs(_there(series)).max(initial=0.0)
    rest[np.abs(rest) <= size * _ROUNDING] = 0.0  # what is constant stays so
    return rest


def explained(series: Series, groups: NDArray[np.int64]) -> float:
    """Return the share of the variance that the means of groups explain (R²)."""
    variance = _variance(series)
    if not variance > 0:
        return np.nan
    return 1 - _variance(series - _slot_means(series, groups)[groups]) / variance


def autocorrelation(series: Series, lag: int) -> float:
    """Return Pearson's r of the points with those `lag` ticks later, over pairs that are there."""
    return correlation(series[:-lag], series[lag:]) if 0 < lag < len(series) else np.nan


def correlation(one: Series, two: Series) -> float:
    """Return Pearson's r of two series of the same shape, over ticks where both are there."""
    both = ~(np.isnan(one) | np.isnan(two))
    if not both.all():
        one, two = one[both], two[both]
    if len(one) < MIN_POINTS:
        return np.nan
    size = _FLAT * _dot(one, one), _FLAT * _dot(two, two)
    one, two = one - one.mean(), two - two.mean()
    squares = _dot(one, one), _dot(two, two)
    if squares[0] <= size[0] or squares[1] <= size[1]:
        return np.nan
    return _dot(one, two) / sqrt(squares[0] * squares[1])


def _dot(one: Series, two: Series) -> float:
    # Not one @ two: the threads of a BLAS wait for each other, on a busy machine for long.
    return float((one * two).sum())


def moment(series: Series, order: int) -> float:
    """Return the standardised central moment: skewness for order 3, kurtosis for order 4."""
    variance = _variance(series)
    if not variance > 0:
        return np.nan
    there = _there(series)
    away = there - there.mean()
    power = away * away * away if order == 3 else np.square(np.square(away))
    return float(power.mean() / variance ** (order / 2))


def threshold(rest: Series) -> float:
    """Return median + 5 MAD of a deseasonalised series; NaN where the MAD is not above zero."""
    there = _there(rest)
    if not len(there):
        return np.nan
    middle = float(np.median(there))
    mad = float(np.median(np.abs(there - middle)))
    return middle + BURST_MADS * mad if mad > 0 else np.nan


def runs(hit: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return first and stop of each run of True, shape (runs, 2)."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], hit, [False]))))
    return edges.reshape(-1, 2)


def daily(series: Series, days: NDArray[np.int64], step: int, what: str) -> float:
    """Return the median over whole days of their p95, or maximum, over their mean.

    A day counts if it has 95 % of its points and a mean above zero; p95 is interpolated.
    """
    if step > HOUR:
        return np.nan
    ratios = []
    edges = np.flatnonzero(np.diff(days, prepend=-1))
    whole = _FULL_DAY * DAY / step
    for first, stop in zip(edges, [*edges[1:], len(days)], strict=True):
        points = _there(series[first:stop])
        if len(points) >= whole and (mean := points.mean()) > 0:
            top = _quantile(points, 0.95) if what == "p95" else float(points.max())
            ratios.append(top / mean)
    return float(np.median(ratios)) if ratios else np.nan


def hourly_share(series: Series, grid: Grid) -> float:
    """Return the variance of hourly means over the variance of the points."""
    variance = _variance(series)
    if grid.step >= HOUR or not variance > 0:
        return np.nan
    hours = grid.seconds() // HOUR
    sums, counts = _sums(series, hours - hours[0])
    means = sums[counts > 0] / counts[counts > 0]
    return float(means.var() / variance)


def _slot_means(series: Series, groups: NDArray[np.int64]) -> Series:
    sums, counts = _sums(series, groups)
    return sums / np.maximum(counts, 1)


def _sums(series: Series, groups: NDArray[np.int64]) -> tuple[Series, NDArray[np.int64]]:
    """Return sum and number of the points of each group, shapes (groups,)."""
    good = ~np.isnan(series)
    if not good.all():
        series, groups = series[good], groups[good]
    size = int(groups.max()) + 1 if len(groups) else 1
    size = max(size, 48)  # so that any slot can be looked up
    counts = np.bincount(groups, minlength=size).astype(np.int64)
    return np.bincount(groups, series, size).astype(np.float64), counts


def _there(series: Series) -> Series:
    missing = np.isnan(series)
    return series[~missing] if missing.any() else series


def _variance(series: Series) -> float:
    """Return the variance; zero where it is no more than rounding, NaN without points."""
    there = _there(series)
    if not len(there):
        return np.nan
    variance = float(there.var())
    return variance if variance > _FLAT * float(np.abs(there).max()) ** 2 else 0.0


def _quantile(points: Series, q: float) -> float:
    """Return a quantile, interpolated as NumPy's default does, by partition."""
    at = q * (len(points) - 1)
    low = int(at)
    high = min(low + 1, len(points) - 1)
    part = np.partition(points, (low, high))
    return float(part[low] + (at - low) * (part[high] - part[low]))
