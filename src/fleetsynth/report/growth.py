"""Whether series grow by as many points a week, or by as many per cent: decided together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fleetsynth.report import passage

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]
    Ints = NDArray[np.int64]

LEAST = 0.5
"""Points below which a logarithm is not taken."""
_CLEAR = 3.0
_LEAST_LOW = 2.0
_SATURATED = 97.0
"""A 90th percentile of the weekly figures from which the ceiling bends the series."""
_MOST = 5.0
"""What one series counts at most."""
_TURNS = 8


def compounding(figures: Floats, straight: passage.Line, groups: Ints) -> Flags:
    """Tell which series grow in per cent.

    Each series that clearly rises compares two fits, a line and an exponential, by Huber's loss per
    week of its own; the series of a group decide together.

    Args:
        figures: weekly figures, shape (series, weeks).
        straight: their lines.
        groups: number of each series' group.
    """
    weeks = figures.shape[1]
    t = passage.week_times(weeks)
    rest = figures - straight.level[:, None] - straight.slope[:, None] * t
    scale = np.maximum(passage.deviation(rest), 0.05)
    more = _loss(rest, scale) - _loss(figures - _exponential(figures, scale, t), scale)
    low, high = (_rank(figures, share) for share in (0.1, 0.9))
    voting = (straight.clearness * passage.INFLATION**0.5 > _CLEAR) & (low > _LEAST_LOW)
    voting &= high < _SATURATED
    votes = np.where(voting, np.clip(more / passage.long_run(rest), -_MOST, _MOST), 0.0)
    together = np.bincount(groups, votes)[groups] if len(groups) else votes
    out: Flags = (0.7 * np.clip(together, -30, 30) + 0.3 * votes > 0) & (low > 2 * LEAST)
    return out


def _loss(rest: Floats, scale: Floats) -> Floats:
    """Return the sum of Huber's loss, in units of the scale."""
    away = np.abs(np.nan_to_num(rest)) / scale[:, None]
    k = passage.HUBER
    out: Floats = np.where(away <= k, away * away / 2, k * (away - k / 2)).sum(axis=1)
    return out


def _exponential(figures: Floats, scale: Floats, t: Floats) -> Floats:
    """Fit exp(a + b t) to each series by Gauss and Newton with Huber's weights."""
    known = ~np.isnan(figures)
    y = np.where(known, figures, 0.0)
    start, rate = passage.huber(np.log(np.maximum(figures, LEAST)), known, t)
    size = np.exp(start)
    for _ in range(_TURNS):
        grown = np.exp(rate[:, None] * t)
        rest = y - size[:, None] * grown
        weight = known / np.maximum(np.abs(rest) / (passage.HUBER * scale[:, None]), 1.0)
        by_rate = size[:, None] * grown * t
        ss, sr, rr = (
            (weight * one * two).sum(axis=1)
            for one, two in ((grown, grown), (grown, by_rate), (by_rate, by_rate))
        )
        s, r = ((weight * one * rest).sum(axis=1) for one in (grown, by_rate))
        det = np.maximum(ss * rr - sr * sr, 1e-12)
        size = size + np.clip((rr * s - sr * r) / det, -0.5 * np.abs(size), 0.5 * np.abs(size))
        rate = rate + np.clip((ss * r - sr * s) / det, -5e-4, 5e-4)
    return size[:, None] * np.exp(rate[:, None] * t)


def _rank(figures: Floats, share: float) -> Floats:
    """Return a quantile of each row, of what is there."""
    ordered = np.sort(figures, axis=1)  # NaN last
    count = (~np.isnan(figures)).sum(axis=1)
    index = np.rint(share * np.maximum(count - 1, 0)).astype(np.int64)
    out: Floats = ordered[np.arange(len(figures)), index]
    return out
