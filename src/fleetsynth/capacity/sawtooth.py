"""Series that fall back again and again: disks with clean-ups, memory with restarts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from fleetsynth.capacity.trend import median

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.floating[Any]]
    Ints = NDArray[np.int64]

LEAST_CYCLES = 4
LEAST_HEIGHT = 3.0
"""Points that a reset must fall by within two days, and that peaks stand above floors."""
_NOISE = 6.0
"""Robust standard deviations of the change in two days that a reset must exceed."""
_PART_NOISE = 4.5
"""The same where only a part of the days is looked at, to be on the safe side."""
_LEAST_SHARE = 0.35
"""Of all that rises, what must fall in resets."""


class Saw(NamedTuple):
    """The trend of the floors after resets.

    Attributes:
        slope: of the floors, per day.
        error: its standard error.
        days: from reset to reset.
        floor: where a reset on the last day would lead.
        height: of the peaks above the floors.
    """

    slope: float
    error: float
    days: float
    floor: float
    height: float


def floors(daily: Floats) -> dict[int, Saw]:
    """Return the trend of the floors of each series that is a saw-tooth, by its place.

    Args:
        daily: daily values, shape (series, days).
    """
    if daily.shape[1] < LEAST_CYCLES:
        return {}
    change = daily[:, 2:] - daily[:, :-2]
    out = {}
    for row in _candidates(change):
        least = max(LEAST_HEIGHT, _NOISE * _deviation(change[row]))
        falls = change[row] < -least
        if falls.sum() < LEAST_CYCLES or _as_steep(change[row], falls, least):
            continue
        saw = _saw(daily[row], _resets(change[row], falls))
        if saw:
            out[row] = saw
    return out


def _candidates(change: Floats) -> list[int]:
    """Return the series that may fall often enough, by a part of their days alone."""
    with np.errstate(invalid="ignore"):
        often = np.flatnonzero((change < -LEAST_HEIGHT).sum(axis=1) >= LEAST_CYCLES)
    some = change[often]
    part = some[:, ::5]
    usual = _PART_NOISE * 1.4826 * median(np.abs(part - median(part)[:, None]))
    with np.errstate(invalid="ignore"):
        falls = some < -np.maximum(LEAST_HEIGHT, usual)[:, None]
    return [int(row) for row in often[falls.sum(axis=1) >= LEAST_CYCLES]]


def _as_steep(change: Floats, falls: NDArray[np.bool_], least: float) -> bool:
    """Tell whether it rises as abruptly as it falls, as at weekends: that is no saw-tooth."""
    rises = change > least
    return int((rises[1:] & ~rises[:-1]).sum()) * 2 > int((falls[1:] & ~falls[:-1]).sum())


def _deviation(values: Floats) -> float:
    """Return the standard deviation of what is there, by the median absolute deviation."""
    there = values[~np.isnan(values)]
    return 1.4826 * _median(np.abs(there - _median(there)))


def _median(values: Floats) -> float:
    """Return a median as NumPy does, without what it asks first: there are thousands of them."""
    low, high = (len(values) - 1) // 2, len(values) // 2
    ordered = np.partition(values, (low, high))
    return float((ordered[low] + ordered[high]) / 2)


def _resets(change: Floats, falls: NDArray[np.bool_]) -> Ints:
    """Return the day before the steepest part of each fall."""
    at = np.flatnonzero(falls)
    part = np.cumsum(np.diff(at, prepend=at[0]) > 2)
    steepest = np.lexsort((at, change[at], part))
    out: Ints = at[steepest[np.flatnonzero(np.diff(part, prepend=-1))]] + 1
    return out


def _saw(series: Floats, resets: Ints) -> Saw | None:
    """Fit the floors by Theil and Sen: the median slope over all pairs of them."""
    resets = resets[resets + 4 < len(series)]
    if len(resets) < LEAST_CYCLES:
        return None
    after = np.sort(series[resets[:, None] + np.arange(1, 4)], axis=1)  # NaN last
    low = np.where(np.isnan(after[:, 2]), after[:, 0], after[:, 1])
    high = np.fmax.reduce(series[np.maximum(resets[:, None] - np.arange(3), 0)], axis=1)
    there = ~np.isnan(low) & ~np.isnan(high)
    low, high, t = low[there], high[there], resets[there].astype(np.float64)
    if len(t) < LEAST_CYCLES or _median(high - low) < LEAST_HEIGHT:
        return None
    rises = np.diff(series[~np.isnan(series)])
    if (high - low).sum() < _LEAST_SHARE * rises[rises > 0].sum():
        return None
    i, j = np.triu_indices(len(t), 1)
    slope = _median((low[j] - low[i]) / (t[j] - t[i]))
    rest = low - slope * t
    level = _median(rest)
    rest -= level
    spread = ((t - t.mean()) ** 2).sum()
    error = 1.2 * float(np.sqrt((rest @ rest) / max(len(t) - 2, 1) / spread))
    floor = level + slope * (len(series) - 1)
    return Saw(slope, error, _median(np.diff(t)), floor, _median(high - low))
