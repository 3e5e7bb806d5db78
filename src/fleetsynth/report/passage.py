"""When daily values first reach a level: the date of a detrended first passage.

A breach is a day on which 3 of the last 7 daily values are at or above the level. The weekly figure
is the week's maximum of the third-highest of any 7 days, which is at or above the level exactly
when a breach completes in that week. Its trend is a line; what is left of it, the residuals, says
how far a week may exceed the line, and the chance of a first breach adds up week by week.

Throughout, a series is one server's use of one metric: arrays have a row per series. NaN stands
for what is missing.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import erf
from typing import TYPE_CHECKING

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from fleetsynth.report.sawtooth import Saw

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]

WEEK_DAYS = 7
LEAST_WEEKS = 26
"""Weeks with values below which nothing is said of the time to come."""
HORIZON_DAYS = 3 * 365
"""Days ahead beyond which no date is given; nor is one beyond the length of the history."""
RECENT_DAYS = 28
CONSTANT = 0.05
"""Standard deviation of daily values, in points, below which a series is constant."""
CLEAR = 2.5
"""Standard errors from zero at which a trend counts as one."""
_OF_DAYS, _DAYS = 3, 7
HUBER = 1.345
INFLATION = 3.0
"""What the variance of a trend is multiplied by: weeks resemble each other for longer than an
autoregression knows."""
_LEAST_CLUSTERING = 0.6
_WIDE_TAIL = 0.9
_CERTAIN = 0.999

_NODES = np.array([-1.96, -1.28, -0.84, -0.52, -0.25, 0, 0.25, 0.52, 0.84, 1.28, 1.96])
_EDGES = [-np.inf, *((_NODES[1:] + _NODES[:-1]) / 2).tolist(), np.inf]
_WEIGHTS = np.diff([0.5 * (1 + erf(edge / 2**0.5)) for edge in _EDGES])
"""Places on a standard normal at which a line's doubt is looked at, and what each stands for."""


@dataclass(frozen=True)
class Line:
    """Trends of series, times counted in days from the last day on.

    Attributes:
        level: of the line at the last day, shape (series,).
        slope: per day.
        variance: of the level, of the slope, and their covariance, shape (3, series).
        residuals: weekly figures less the line, ascending, NaN last, shape (series, weeks).
        clustering: share of the high weeks that begin a run of them.
    """

    level: Floats
    slope: Floats
    variance: Floats
    residuals: Floats
    clustering: Floats

    @property
    def clearness(self) -> Floats:
        """Slopes in units of their standard errors."""
        out: Floats = self.slope / np.sqrt(self.variance[1])
        return out

    def rows(self, chosen: NDArray[np.int64]) -> Line:
        """Return the lines of some of the series."""
        return Line(
            self.level[chosen],
            self.slope[chosen],
            self.variance[:, chosen],
            self.residuals[chosen],
            self.clustering[chosen],
        )


def week_times(weeks: int) -> Floats:
    """Return the middle of each week, in days from the last day on."""
    out: Floats = np.arange(1.0 - weeks, 1.0) * WEEK_DAYS - WEEK_DAYS // 2
    return out


def weekly(daily: Floats) -> Floats:
    """Return the weekly figures, shape (series, weeks); weeks are counted back from the last day.

    A window of fewer than three values has no third-highest; the first week may have few windows.
    """
    size, days = daily.shape
    weeks = days // WEEK_DAYS
    if not weeks:
        return np.full((size, 0), np.nan)
    windows = sliding_window_view(np.where(np.isnan(daily), -np.inf, daily), _DAYS, axis=1)
    third = np.partition(windows, _DAYS - _OF_DAYS, axis=2)[:, :, _DAYS - _OF_DAYS]
    third = np.pad(third, ((0, 0), (_DAYS - 1, 0)), constant_values=-np.inf)
    figures: Floats = third[:, -weeks * WEEK_DAYS :].reshape(size, weeks, WEEK_DAYS).max(axis=2)
    return np.where(np.isinf(figures), np.nan, figures)


def breached(daily: Floats, level: float) -> Flags:
    """Tell in which series three of any seven days are at or above the level."""
    hits = np.cumsum(np.pad(daily >= level, ((0, 0), (_DAYS, 0))), axis=1, dtype=np.int32)
    most = (hits[:, _DAYS:] - hits[:, :-_DAYS]).max(axis=1)
    out: Flags = most >= _OF_DAYS
    return out


def line(figures: Floats, saws: Mapping[int, Saw]) -> Line:
    """Fit a line to each series' weekly figures; to the floors of those that are saw-tooths."""
    weeks = figures.shape[1]
    t = week_times(weeks)
    known = ~np.isnan(figures)
    level, slope = huber(figures, known, t)
    rest = figures - level[:, None] - slope[:, None] * t
    count, centre, spread = _moments(known, t)
    noise = np.nansum(rest * rest, axis=1) / np.maximum(count - 2, 1)
    error = np.maximum(noise, 1e-8) * long_run(rest) * INFLATION
    at_centre, of_slope = error / count, error / spread
    clustering = np.maximum(_clustering(rest), _LEAST_CLUSTERING)
    for row, saw in saws.items():
        slope[row] = saw.slope
        level[row] = np.nanmedian(figures[row] - saw.slope * t)
        rest[row] = figures[row] - level[row] - saw.slope * t
        of_slope[row] = INFLATION * max(saw.error**2, 1e-12)
        at_centre[row] = (
            INFLATION * np.nanvar(rest[row]) * max(1.0, saw.days / WEEK_DAYS) / count[row]
        )
        clustering[row] = np.clip(1.5 * WEEK_DAYS / max(saw.days, WEEK_DAYS), 0.1, 1.0)
    variance = np.array([at_centre + of_slope * centre**2, of_slope, -of_slope * centre])
    return Line(level, slope, variance, np.sort(rest, axis=1), clustering)


def chance(found: Line, level: float, weeks: int) -> Floats:
    """Return the chance of a breach by the end of each coming week, shape (series, weeks).

    A week's line is as uncertain as the trend, which is looked at in eleven places.
    """
    ahead = np.arange(1, weeks + 1) * float(WEEK_DAYS) - WEEK_DAYS // 2
    out = np.empty((len(found.level), weeks))
    for row, (of_level, of_slope, both) in enumerate(found.variance.T.tolist()):
        doubt = np.sqrt(np.maximum(of_level + 2 * both * ahead + of_slope * ahead**2, 0))
        gap = level - found.level[row] - found.slope[row] * ahead - _NODES[:, None] * doubt
        exceeding = np.minimum(_exceeding(found.residuals[row], gap), _CERTAIN)
        hazard = -np.log1p(-exceeding) * found.clustering[row]
        out[row] = _WEIGHTS @ -np.expm1(-hazard.cumsum(axis=1))
    return out


def days_until(chances: Floats, share: float) -> Floats:
    """Return the days until a chance is reached, linear within a week; infinity if it is not."""
    reached = chances >= share
    week = reached.argmax(axis=1)
    rows = np.arange(len(chances))
    above = chances[rows, week]
    below = np.where(week > 0, chances[rows, np.maximum(week - 1, 0)], 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        inside = np.clip((share - below) / (above - below), 0, 1)
    return np.where(reached.any(axis=1), WEEK_DAYS * (week + inside), np.inf)


def huber(figures: Floats, known: Flags, t: Floats) -> tuple[Floats, Floats]:
    """Return level at t = 0 and slope of the line that large residuals hardly bend."""
    y = np.where(known, figures, 0.0)
    weight = known.astype(np.float64)
    level, slope = np.zeros((2, len(figures)))
    for turn in range(7):
        if turn:
            rest = np.where(known, figures - level[:, None] - slope[:, None] * t, np.nan)
            scale = np.maximum(deviation(rest), 1e-6)[:, None]
            away = np.where(known, np.abs(rest), 0.0)
            weight = known / np.maximum(away / (HUBER * scale), 1.0)
        total = np.maximum(weight.sum(axis=1), 1e-12)
        middle = (weight * t).sum(axis=1) / total
        mean = (weight * y).sum(axis=1) / total
        off = t - middle[:, None]
        spread = np.maximum((weight * off * off).sum(axis=1), 1e-12)
        slope = (weight * off * y).sum(axis=1) / spread
        level = mean - slope * middle
    return level, slope


def deviation(rest: Floats) -> Floats:
    """Return the standard deviation of rows by their median absolute deviation."""
    out: Floats = 1.4826 * _median(np.abs(rest - _median(rest)[:, None]))
    return out


def _moments(known: Flags, t: Floats) -> tuple[Floats, Floats, Floats]:
    """Return number, mean and sum of squares of the times that are known."""
    count = np.maximum(known.sum(axis=1), 1).astype(np.float64)
    centre = (known * t).sum(axis=1) / count
    off = t - centre[:, None]
    return count, centre, np.maximum((known * off * off).sum(axis=1), 1e-12)


def long_run(rest: Floats) -> Floats:
    """Return what neighbouring weeks' likeness multiplies a variance by: AR(1), bias corrected."""
    known = ~np.isnan(rest)
    n = np.maximum(known.sum(axis=1), 1)
    x = np.where(known, rest - (np.where(known, rest, 0).sum(axis=1) / n)[:, None], 0.0)
    r = (x[:, 1:] * x[:, :-1]).sum(axis=1) / ((x * x).sum(axis=1) + 1e-12)
    r = np.clip(r + (1 + 4 * r) / n, 0, 0.95)
    out: Floats = (1 + r) / (1 - r)
    return out


def _clustering(rest: Floats) -> Floats:
    """Return the share of the highest 15 % of weeks that follow upon a lower one."""
    known = ~np.isnan(rest)
    ranks = np.where(known, rest, -np.inf).argsort(axis=1).argsort(axis=1)
    high = known & (ranks >= rest.shape[1] - 0.15 * known.sum(axis=1)[:, None])
    begins = (high[:, 1:] & ~high[:, :-1]).sum(axis=1) + high[:, 0]
    out: Floats = begins / np.maximum(high.sum(axis=1), 1)
    return out


def _exceeding(residuals: Floats, gap: Floats) -> Floats:
    """Return the chance that a week exceeds its line by a gap, shape of `gap`.

    The share of residuals that do; beyond the greatest, an exponential of the mean excess.
    """
    own = residuals[~np.isnan(residuals)]
    n = len(own)
    first = max(int(_WIDE_TAIL * n), 1)
    excess = max(float((own[first:] - own[first - 1]).mean()), 1e-3)
    share = (n - np.searchsorted(own, gap, "left")) / (n + 1)
    beyond = np.exp(-np.clip((gap - own[-1]) / excess, 0, 50)) / (n + 1)
    return np.where(gap > own[-1], beyond, share)


def _median(values: Floats) -> Floats:
    """Return medians of rows, of what is there; 0 where nothing is."""
    count = (~np.isnan(values)).sum(axis=1)
    ordered = np.sort(values, axis=1)  # NaN last
    rows = np.arange(len(values))
    low, high = ordered[rows, (count - 1) // 2], ordered[rows, count // 2]
    return np.where(count > 0, (low + high) / 2, 0.0)
