"""Growth taken out of a value a day, so that months can be compared over years."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

YEAR = 364
"""Days of a year of whole weeks, so that neither weekdays nor months leave a trace in its mean."""
_MORE = 56
"""Days beyond a year from which means of years tell growth from season."""
_LEAST = 56
"""Days below which nothing is called growth."""
_FULL = 0.5
"""The share of a year's days that must be known for its mean to count."""


def way(days: int) -> str | None:
    """Say how growth is taken out of so many days: by `year`, by `line`, or not at all."""
    if days < _LEAST:
        return None
    return "year" if days >= YEAR + _MORE else "line"


def without_growth(values: Floats) -> Floats:
    """Return values less what grows in them, with the mean that they had.

    Where there is more than a year, that is the mean of the year around each day, and at either end
    what follows from its slope; else a straight line.

    Args:
        values: shape (..., days), NaN where there is none.
    """
    kind = way(values.shape[-1])
    if kind is None:
        return values
    level = _line(values)
    if kind == "year":
        years = _years(values)
        level = np.where(np.isfinite(years).all(axis=-1, keepdims=True), years, level)
    rest = values - level
    out: Floats = rest + _mean(values)[..., None] - _mean(rest)[..., None]
    return out


def _years(values: Floats) -> Floats:
    """Return the mean of the year around each day; NaN where too little of it is known."""
    days, half = values.shape[-1], YEAR // 2
    total = _running(np.nan_to_num(values))
    count = _running((~np.isnan(values)).astype(np.float64))
    inner = np.where(count >= _FULL * YEAR, total / np.maximum(count, 1), np.nan)
    size = inner.shape[-1]
    apart = min(half, size - 1)
    before = np.arange(-half, 0) * (inner[..., apart] - inner[..., 0])[..., None] / apart
    after = np.arange(1, days - half - size + 1)
    after = after * (inner[..., -1] - inner[..., -1 - apart])[..., None] / apart
    return np.concatenate([inner[..., :1] + before, inner, inner[..., -1:] + after], axis=-1)


def _running(values: Floats) -> Floats:
    """Return sums of a year of days each."""
    sums = np.concatenate([np.zeros_like(values[..., :1]), values.cumsum(axis=-1)], axis=-1)
    out: Floats = sums[..., YEAR:] - sums[..., :-YEAR]
    return out


def _line(values: Floats) -> Floats:
    """Return the least-squares line through what is known of each series."""
    there = ~np.isnan(values)
    t = np.where(there, np.arange(values.shape[-1], dtype=np.float64), 0)
    count = np.maximum(there.sum(axis=-1, keepdims=True), 1)
    t = np.where(there, t - t.sum(axis=-1, keepdims=True) / count, 0)
    squares = (t * t).sum(axis=-1, keepdims=True)
    slope = (t * np.nan_to_num(values)).sum(axis=-1, keepdims=True) / np.where(squares, squares, 1)
    out: Floats = slope * np.arange(values.shape[-1])
    return out


def _mean(values: Floats) -> NDArray[Any]:
    count = (~np.isnan(values)).sum(axis=-1)
    out: NDArray[Any] = np.nansum(values, axis=-1) / np.maximum(count, 1)
    return out
