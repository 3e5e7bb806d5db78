"""Whether series grow by as many points a week, or by as many per cent: decided together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from fleetsynth.capacity import trend
from fleetsynth.capacity.weekly import week_times

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fleetsynth.capacity.trend import Line

    Floats = NDArray[np.float64]
    Values = NDArray[np.float32]
    Numbers = NDArray[np.floating[Any]]
    Flags = NDArray[np.bool_]
    Ints = NDArray[np.int64]

LEAST = 0.5
"""Points below which a logarithm is not taken."""
_CLEAR = 3.0
_LEAST_LOW = 2.0
_SATURATED = 97.0
"""A 90th percentile of the weekly figures from which the ceiling bends the series."""
_MOST, _MOST_OWN = 5.0, 50.0
"""What one series counts at most for its group, and for itself."""
_MOST_GROUP, _SHARE = 30.0, 0.7
DEMAND = 5.0
"""What speaks for growth in per cent where load is measured: demand compounds, space need not."""
_TURNS = 5
_ROWS = 256
"""Series that are compared together."""


def votes(figures: Values, straight: Line, low: Numbers) -> Floats:
    """Return by how much each series speaks for growth in per cent, below zero for points.

    Each series that clearly rises compares two fits, a line and an exponential, by Huber's loss per
    week of its own.

    Args:
        figures: weekly figures, shape (series, weeks).
        straight: their lines.
        low: the 10th percentile of the figures of each.
    """
    out = np.zeros(len(figures))
    with np.errstate(invalid="ignore"):
        voting = (straight.clearness * trend.INFLATION**0.5 > _CLEAR) & (low > _LEAST_LOW)
        voting &= trend.quantile(figures, 0.9) < _SATURATED
    rows = np.flatnonzero(voting)
    for first in range(0, len(rows), _ROWS):
        some = rows[first : first + _ROWS]
        out[some] = _compared(figures[some].astype(np.float64), straight.rows(some))
    return out


def _compared(figures: Floats, straight: Line) -> Floats:
    t = week_times(figures.shape[1])
    rest = straight.residuals.astype(np.float64)
    scale = np.maximum(1.4826 * trend.median(np.abs(rest)), 0.05)
    known = ~np.isnan(figures)
    y = np.where(known, figures, 0.0)
    line = _refined(y, known, scale, t, straight.level, straight.slope, grows=False)
    size, rate = trend.huber(np.log(np.maximum(figures, LEAST)), known, t)
    curve = _refined(y, known, scale, t, np.exp(size), rate, grows=True)
    more = _loss(figures - line, scale) - _loss(figures - curve, scale)
    return np.clip(more / trend.long_run(rest), -_MOST_OWN, _MOST_OWN)


def compounding(
    voted: Floats,
    low: Numbers,
    groups: Ints,
    before: float = 0.0,
    shares: Floats | float = 1.0,
) -> Flags:
    """Tell which series grow in per cent: the series of a group decide together.

    A series that speaks clearly for itself decides for itself.

    Args:
        voted: what `votes` says of each.
        low: the 10th percentile of the weekly figures of each.
        groups: number of each series' group.
        before: what speaks for it before anything was measured.
        shares: for how many of its own each counts in its group.
    """
    most = np.clip(voted, -_MOST, _MOST) * shares
    together = np.bincount(groups, most)[groups] if len(groups) else most
    score = _SHARE * np.clip(together, -_MOST_GROUP, _MOST_GROUP) + voted + before
    out: Flags = (score > 0) & (low > 2 * LEAST)
    return out


def _loss(rest: Floats, scale: Floats) -> Floats:
    """Return the sum of Huber's loss, in units of the scale."""
    away = np.abs(np.nan_to_num(rest)) / scale[:, None]
    k = trend.HUBER
    out: Floats = np.where(away <= k, away * away / 2, k * (away - k / 2)).sum(axis=1)
    return out


def _refined(
    y: Floats, known: Flags, scale: Floats, t: Floats, size: Floats, rate: Floats, *, grows: bool
) -> Floats:
    """Return the curve of each series that has the least loss, by Gauss and Newton.

    It is size + rate * t, or, of one that grows by as many per cent a week, size * exp(rate * t).
    """
    for _ in range(_TURNS):
        by_size, curve = _shape(size, rate, t, grows=grows)
        by_rate = curve * t if grows else np.broadcast_to(t, y.shape)
        rest = y - curve
        weight = known / np.maximum(np.abs(rest) / (trend.HUBER * scale[:, None]), 1.0)
        ss, sr, rr = (
            (weight * one * two).sum(axis=1)
            for one, two in ((by_size, by_size), (by_size, by_rate), (by_rate, by_rate))
        )
        s, r = ((weight * one * rest).sum(axis=1) for one in (by_size, by_rate))
        det = np.maximum(ss * rr - sr * sr, 1e-12)
        most = 5e-4 if grows else np.inf
        size = size + np.clip((rr * s - sr * r) / det, -0.5 * np.abs(size), 0.5 * np.abs(size))
        rate = rate + np.clip((ss * r - sr * s) / det, -most, most)
    return _shape(size, rate, t, grows=grows)[1]


def _shape(size: Floats, rate: Floats, t: Floats, *, grows: bool) -> tuple[Floats, Floats]:
    """Return the derivative of the curve by its size, and the curve."""
    if not grows:
        return np.ones((len(size), len(t))), size[:, None] + rate[:, None] * t
    grown = np.exp(np.clip(rate[:, None] * t, -20, 20))
    return grown, size[:, None] * grown
