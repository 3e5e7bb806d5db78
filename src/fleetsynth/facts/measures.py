"""What one server's series are like: pure functions from arrays to numbers.

Throughout, a series is a float64 array on an even grid of ticks, shape (ticks,), with NaN where a
point is missing; points that are missing are dropped, never filled. A number that is not defined
(no variance, too few points, a step too coarse) is NaN.
"""

from __future__ import annotations

from math import sqrt
from typing import TYPE_CHECKING

import numpy as np

from fleetsynth.clock import DAY_SECONDS, HOUR_SECONDS, WEEK_SECONDS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fleetsynth.reader.grid import Grid, Series

LAGS = {"1h": HOUR_SECONDS, "1d": DAY_SECONDS, "7d": WEEK_SECONDS}
"""Lags in seconds beside a lag of one step."""

BURST_MADS = 5.0
MIN_POINTS = 30
"""Pairs of points below which a correlation says nothing."""

_FULL_DAY = 0.95
_ROUNDING = 1e-12
_FLAT = _ROUNDING**2


def residual(series: Series, slots: NDArray[np.int64]) -> Series:
    """Return the series less the mean of its (hour of day, weekend) slot, shape (ticks,)."""
    rest = series - _slot_means(series, slots)[slots]
    size = np.abs(_there(series)).max(initial=0.0)
    rest[np.abs(rest) <= size * _ROUNDING] = 0.0  # what is constant stays so
    return rest


def explained(series: Series, groups: NDArray[np.int64]) -> float:
    """Return the share of the variance that the means of groups explain (R²), from 0 to 1."""
    variance = _variance(series)
    if not variance > 0:
        return np.nan
    return max(0.0, 1 - _variance(series - _slot_means(series, groups)[groups]) / variance)


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
    flat_one, flat_two = _FLAT * _dot(one, one), _FLAT * _dot(two, two)
    one, two = one - one.mean(), two - two.mean()
    square_one, square_two = _dot(one, one), _dot(two, two)
    if square_one <= flat_one or square_two <= flat_two:
        return np.nan
    return _dot(one, two) / sqrt(square_one * square_two)


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
    if step > HOUR_SECONDS:
        return np.nan
    ratios = []
    edges = np.flatnonzero(np.diff(days, prepend=-1))
    whole = _FULL_DAY * DAY_SECONDS / step
    for first, stop in zip(edges, [*edges[1:], len(days)], strict=True):
        points = _there(series[first:stop])
        if len(points) >= whole and (mean := points.mean()) > 0:
            top = _quantile(points, 0.95) if what == "p95" else float(points.max())
            ratios.append(top / mean)
    return float(np.median(ratios)) if ratios else np.nan


def hourly_share(series: Series, grid: Grid) -> float:
    """Return the variance of hourly means over the variance of the points."""
    variance = _variance(series)
    if grid.step >= HOUR_SECONDS or not variance > 0:
        return np.nan
    hours = grid.seconds() // HOUR_SECONDS
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
