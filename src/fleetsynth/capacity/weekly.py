"""From a value a day to a figure a week, which reaches a level exactly when a breach completes.

A breach is a day on which 3 of the last 7 daily values are at or above the level. The weekly
figure is the week's maximum of the third-highest of any 7 days: that cancels weekdays and single
spikes. Weeks are counted back from the last day.

Throughout, a series is one server's use of one metric: arrays have a row per series, and NaN
stands for what is missing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.floating[Any]]

WEEK = 7
RECENT_WEEKS = 4
_ROWS = 64
"""Series that stay in the cache together."""


def weekly(daily: Floats) -> Floats:
    """Return the weekly figures, shape (series, weeks), of daily values, shape (series, days).

    A window of fewer than three values has no third-highest; the first week may have few windows.
    """
    size, days = daily.shape
    weeks = days // WEEK
    if not weeks:
        return np.full((size, 0), np.nan, daily.dtype)
    third = _third_highest(daily)[:, days - weeks * WEEK :]
    figures = third.reshape(size, weeks, WEEK).max(axis=2)
    out: Floats = np.where(np.isinf(figures), np.float32(np.nan), figures)
    return out


def first_breach(daily: Floats, begin: int, level: float) -> Floats:
    """Return the days from `begin` to the first breach after it, infinity where there is none.

    Args:
        daily: daily values, shape (series, days).
        begin: number of days that come before; a breach on the next one is a day ahead.
        level: what is to be reached.
    """
    third = _third_highest(daily[:, max(0, begin - WEEK + 1) :])[:, min(begin, WEEK - 1) :]
    reached = third >= level
    return np.where(reached.any(axis=1), reached.argmax(axis=1) + 1.0, np.inf)


def week_times(weeks: int) -> NDArray[np.float64]:
    """Return the middle of each week, in days from the last day on."""
    out: NDArray[np.float64] = np.arange(1.0 - weeks, 1.0) * WEEK - WEEK // 2
    return out


def _third_highest(daily: Floats) -> Floats:
    """Return the third-highest of the seven days up to each, -inf where there are not three."""
    out = np.empty_like(daily)
    for first in range(0, len(daily), _ROWS):
        some = slice(first, first + _ROWS)
        out[some] = _third(np.where(np.isnan(daily[some]), -np.inf, daily[some]))
    return out


def _third(daily: Floats) -> Floats:
    """Merge the three highest of three days with those of the three before, and a seventh."""
    size, days = daily.shape
    there = np.full((size, days + WEEK - 1), -np.inf, daily.dtype)
    there[:, WEEK - 1 :] = daily
    one, two, three = there[:, :-2], there[:, 1:-1], there[:, 2:]
    high, low = np.maximum(one, two), np.minimum(one, two)
    between = np.minimum(high, three)
    first, second, third = (
        np.maximum(high, three),
        np.maximum(low, between),
        np.minimum(low, between),
    )
    a, b, c = first[:, :days], second[:, :days], third[:, :days]
    d, e, f = (each[:, 3 : days + 3] for each in (first, second, third))
    runner_up = np.maximum(np.minimum(a, d), np.maximum(b, e))
    last = np.maximum(np.maximum(np.minimum(a, e), np.minimum(b, d)), np.maximum(c, f))
    return np.maximum(last, np.minimum(runner_up, there[:, WEEK - 1 :]))
