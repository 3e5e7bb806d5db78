"""Lines through weekly figures that outages and load tests hardly bend, and how sure they are."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np

from fleetsynth.capacity.weekly import WEEK, week_times

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from fleetsynth.capacity.sawtooth import Saw

    Floats = NDArray[np.float64]
    Values = NDArray[np.float32]
    Numbers = NDArray[np.floating[Any]]
    Flags = NDArray[np.bool_]

CLEAR = 2.5
"""Standard errors from zero at which a trend counts as one."""
HUBER = 1.345
INFLATION = 2.0
"""What the variance of a trend is multiplied by: weeks resemble each other for longer than an
autoregression knows."""
_ONCE = 8.0
"""Robust standard deviations above a line beyond which a peak that comes once a year or less, such
as a load test, says nothing of the peaks to come."""
_YEAR_WEEKS = 52
LEAST_CLUSTERING = 0.6
_OF_CYCLES = 1.25
"""By how much more often high weeks begin than follow, where cycles make them."""
_TURNS = 5
_NUMBERS = 7
"""Fields of a line that are a number a series."""
_ROWS = 512
"""Series that are fitted together."""
_HIGH = 0.15
"""Share of the weeks that count as high where it is asked how these cluster."""


@dataclass(frozen=True)
class Line:
    """Trends of series, times counted in days from the last day on.

    Attributes:
        level: of the line at the last day, shape (series,).
        slope: per day.
        of_level: variance of the level.
        of_slope: variance of the slope.
        of_both: their covariance.
        clustering: share of the high weeks that begin a run of them.
        clearness: slopes in units of their standard errors.
        residuals: weekly figures less the line, shape (series, weeks), NaN where there is none.
    """

    level: Floats
    slope: Floats
    of_level: Floats
    of_slope: Floats
    of_both: Floats
    clustering: Floats
    clearness: Floats
    residuals: Values

    def rows(self, chosen: NDArray[np.int64] | Flags) -> Line:
        """Return the lines of some of the series."""
        return Line(**{each.name: getattr(self, each.name)[chosen] for each in fields(self)})


def fit(figures: Numbers) -> Line:
    """Fit a line to each series' weekly figures, shape (series, weeks)."""
    size, weeks = figures.shape
    numbers = np.empty((_NUMBERS, size))
    residuals = np.empty((size, weeks), np.float32)
    for first in range(0, size, _ROWS):
        some = slice(first, first + _ROWS)
        *own, residuals[some] = _fit(figures[some].astype(np.float64))
        numbers[:, some] = own
    names = [each.name for each in fields(Line)][:_NUMBERS]
    return Line(**dict(zip(names, numbers, strict=True)), residuals=residuals)


def _fit(figures: Floats) -> tuple[Floats, ...]:
    weeks = figures.shape[1]
    t = week_times(weeks)
    known = ~np.isnan(figures)
    level, slope = huber(figures, known, t)
    rest = figures - level[:, None] - slope[:, None] * t
    count, centre, spread = _moments(known, t)
    usual = 1.4826 * median(np.abs(rest))[:, None]
    bounded = np.clip(rest, -HUBER * usual, HUBER * usual)  # what the line hardly follows, cut off
    error = np.maximum(_noise(rest, bounded, count), 1e-8) * long_run(bounded) * INFLATION
    at_centre, of_slope = error / count, error / spread
    clustering = np.maximum(_clustering(rest), LEAST_CLUSTERING)
    of_level = at_centre + of_slope * centre**2
    clear = slope / np.sqrt(of_slope)
    rest = _without_one_offs(rest, usual)
    return level, slope, of_level, of_slope, -of_slope * centre, clustering, clear, rest


def follow_floors(line: Line, figures: Values, saws: Mapping[int, Saw]) -> None:
    """Give series that are saw-tooths the trend of their floors; peaks become residuals."""
    rows = np.array(list(saws), np.int64)
    if not rows.size:
        return
    t = week_times(figures.shape[1])
    slope, error, days = (
        np.array([getattr(saw, name) for saw in saws.values()])
        for name in ("slope", "error", "days")
    )
    rest = figures[rows].astype(np.float64) - slope[:, None] * t
    count, centre, _ = _moments(~np.isnan(rest), t)
    level = median(rest)
    rest -= level[:, None]
    of_slope = INFLATION * np.maximum(error**2, 1e-12)
    away = rest - (np.nansum(rest, axis=1) / count)[:, None]
    noise = np.nansum(away * away, axis=1) / count
    at_centre = INFLATION * noise * np.maximum(1.0, days / WEEK) / count
    line.level[rows], line.slope[rows], line.residuals[rows] = level, slope, rest
    line.of_slope[rows], line.of_both[rows] = of_slope, -of_slope * centre
    line.of_level[rows] = at_centre + of_slope * centre**2
    line.clearness[rows] = slope / np.maximum(error, 1e-6)
    line.clustering[rows] = np.minimum(1.0, _OF_CYCLES * _clustering(rest))


def huber(figures: Floats, known: Flags, t: Floats) -> tuple[Floats, Floats]:
    """Return level at t = 0 and slope of the line that large residuals hardly bend."""
    y = np.where(known, figures, 0.0)
    weight = known.astype(np.float64)
    powers = np.stack([np.ones_like(t), t, t * t], axis=1)
    level, slope = np.zeros((2, len(figures)))
    for turn in range(_TURNS + 1):
        if turn:
            away = np.abs(y - level[:, None] - slope[:, None] * t)
            scale = 1.4826 * _middle(away, known)
            most = HUBER * np.maximum(scale, 1e-6)[:, None]
            weight = known * most / np.maximum(away, most)
        total, first, second = (weight @ powers).T
        mean, product = ((weight * y) @ powers[:, :2]).T
        total = np.maximum(total, 1e-12)
        middle, mean = first / total, mean / total
        spread = np.maximum(second - middle * first, 1e-12)
        slope = (product - mean * first) / spread
        level = mean - slope * middle
    return level, slope


def _middle(away: Floats, known: Flags) -> Floats:
    """Return medians of rows, of even counts the higher of the two in the middle: quicker."""
    if not known.all():
        return median(np.where(known, away, np.nan))
    half = away.shape[1] // 2
    out: Floats = np.partition(away.astype(np.float32), half, axis=1)[:, half].astype(np.float64)
    return out


def median(values: Numbers) -> Floats:
    """Return medians of rows, of what is there; 0 where nothing is."""
    count = (~np.isnan(values)).sum(axis=1)
    whole = count == values.shape[1]
    out = np.zeros(len(values))
    if values.shape[1] and whole.any():
        out[whole] = _median(values if whole.all() else values[whole])
    few = np.flatnonzero(~whole & (count > 0))
    if few.size:
        ordered, n = np.sort(values[few], axis=1), count[few]  # NaN last
        rows = np.arange(few.size)
        out[few] = (ordered[rows, (n - 1) // 2] + ordered[rows, n // 2]) / 2
    return out


def _median(values: Numbers) -> Numbers:
    """Return medians of rows without NaN as NumPy does, but for looking for any."""
    half = values.shape[1] // 2
    ordered = np.partition(values, half, axis=1)
    high = ordered[:, half]
    even = values.shape[1] % 2 == 0
    out: Numbers = (ordered[:, :half].max(axis=1) + high) / 2 if even else high
    return out


def quantile(values: Numbers, share: float) -> Numbers:
    """Return a quantile of each row, of what is there, by nearest rank; NaN where nothing is."""
    if not values.shape[1]:
        return np.full(len(values), np.nan)
    ordered = np.sort(values, axis=1)  # NaN last
    count = (~np.isnan(values)).sum(axis=1)
    place = np.rint(share * np.maximum(count - 1, 0)).astype(np.int64)
    out: Numbers = ordered[np.arange(len(values)), place]
    return out


def long_run(rest: Floats) -> Floats:
    """Return what neighbouring weeks' likeness multiplies a variance by: AR(1), bias corrected."""
    known = ~np.isnan(rest)
    n = np.maximum(known.sum(axis=1), 1)
    x = np.where(known, rest - (np.where(known, rest, 0).sum(axis=1) / n)[:, None], 0.0)
    r = (x[:, 1:] * x[:, :-1]).sum(axis=1) / ((x * x).sum(axis=1) + 1e-12)
    r = np.clip(r + (1 + 4 * r) / n, 0, 0.95)
    out: Floats = (1 + r) / (1 - r)
    return out


def _noise(rest: Floats, bounded: Floats, count: Floats) -> Floats:
    """Return the variance that least squares would need to know a line as well as Huber does."""
    followed = (bounded == rest).sum(axis=1) / count
    squares = np.nansum(bounded * bounded, axis=1) / np.maximum(count - 2, 1)
    out: Floats = squares / np.maximum(followed, 0.5) ** 2
    return out


def _without_one_offs(rest: Floats, usual: Floats) -> Floats:
    """Return residuals without the rare weeks that stand far above all others."""
    with np.errstate(invalid="ignore"):
        far = rest > _ONCE * usual
    begins = (far[:, 1:] & ~far[:, :-1]).sum(axis=1) + far[:, :1].sum(axis=1)
    rare = begins <= rest.shape[1] // _YEAR_WEEKS
    return np.where(far & rare[:, None], np.nan, rest)


def _moments(known: Flags, t: Floats) -> tuple[Floats, Floats, Floats]:
    """Return number, mean and sum of squares of the times that are known."""
    count = np.maximum(known.sum(axis=1), 1).astype(np.float64)
    centre = (known @ t) / count
    return count, centre, np.maximum(known @ (t * t) - count * centre**2, 1e-12)


def _clustering(rest: Floats) -> Floats:
    """Return the share of the highest weeks that follow upon a lower one."""
    bound = quantile(rest, 1 - _HIGH)[:, None]
    with np.errstate(invalid="ignore"):
        high = rest > bound
    begins = high[:, 1:] & ~high[:, :-1]
    starts = begins.sum(axis=1) + high[:, :1].sum(axis=1)
    out: Floats = np.clip(starts / np.maximum(high.sum(axis=1), 1), 0.1, 1.0)
    return out
