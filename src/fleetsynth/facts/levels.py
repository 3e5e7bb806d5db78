"""Level shifts of a series, and the bursts outside them: pure functions from arrays to numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fleetsynth.facts.measures import runs, threshold

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fleetsynth.reader.grid import Series

SPAN = 7
"""Days of the running median."""

LASTS = 5
"""Days that a change of the median has to last."""

SHARE, POINTS = 0.25, 1.0
"""How much the median has to change: as a share of what it was, and in points."""

_HALF = SPAN // 2

LEAST_DAYS = 2 * LASTS + _HALF
"""Days below which nothing can be said about level shifts."""


@dataclass(frozen=True)
class Bursts:
    """Runs of points beyond median + 5 MAD.

    Attributes:
        share: share of all points that lie beyond, inside level-shift windows and outside.
        lengths: samples of each run outside level-shift windows, shape (bursts,).
        points: number of points outside level-shift windows.
    """

    share: float
    lengths: NDArray[np.int64]
    points: int


def daily_medians(level: Series, days: NDArray[np.int64]) -> Series:
    """Return the median of the seven days around each day, shape (days,).

    Args:
        level: a deseasonalised series with its mean left in, shape (ticks,).
        days: the day of each tick, from 0, ascending, shape (ticks,).

    The first and the last three days have the median of the seven days nearest to them; without
    seven days, or where seven days have no point, it is NaN.
    """
    count = int(days[-1]) + 1 if len(days) else 0
    out = np.full(count, np.nan)
    if count < SPAN:
        return out
    edges = np.searchsorted(days, np.arange(count + 1))
    whole = np.diff(edges)
    if np.isnan(level).any() or (whole[1:-1] != whole[1]).any() or whole[0] > whole[1]:
        for day in range(_HALF, count - _HALF):
            points = level[edges[day - _HALF] : edges[day + _HALF + 1]]
            points = points[~np.isnan(points)]
            out[day] = np.median(points) if len(points) else np.nan
    else:
        out[_HALF : count - _HALF] = _even(level, edges, int(whole[1]))
    out[:_HALF], out[count - _HALF :] = out[_HALF], out[count - _HALF - 1]
    return out


def _even(level: Series, edges: NDArray[np.int64], per_day: int) -> Series:
    """Return the medians of all windows of seven days at once; only the ends may be short."""
    last = len(edges) - 1 - SPAN
    out = np.empty(last + 1)
    inner = level[edges[1] : edges[-2]]
    if len(inner) >= SPAN * per_day:
        view = np.lib.stride_tricks.sliding_window_view(inner, SPAN * per_day)[::per_day]
        out[1:last] = np.median(view, axis=1)
    for window in {0, last}:
        out[window] = np.median(level[edges[window] : edges[window + SPAN]])
    return out


def shifts(medians: Series) -> NDArray[np.int64]:
    """Return the first day of each level shift.

    On day d the level shifts if each of the five medians from d on differs, in the same direction,
    by a quarter and a point from each of the five medians that end four days before: a level that
    lasted gives way to one that lasts, at once or within three days.

    Args:
        medians: as `daily_medians` returns them, shape (days,).
    """
    if len(medians) < LEAST_DAYS:
        return np.zeros(0, np.int64)
    five = np.lib.stride_tricks.sliding_window_view(medians, LASTS)
    low, high = five.min(axis=1), five.max(axis=1)
    apart = LASTS + _HALF
    up = low[apart:] - high[:-apart] >= np.maximum(SHARE * np.abs(high[:-apart]), POINTS)
    down = low[:-apart] - high[apart:] >= np.maximum(SHARE * np.abs(low[:-apart]), POINTS)
    return np.sort(np.concatenate([runs(up)[:, 0], runs(down)[:, 0]])) + apart


def windows(medians: Series, middle: float) -> NDArray[np.bool_]:
    """Return which days lie in level-shift windows, shape (days,).

    On a server whose level shifts, these are the runs of five days and more whose median of seven
    days differs from the median of the whole series by a quarter of it and a point.

    Args:
        medians: as `daily_medians` returns them, shape (days,).
        middle: median of the whole deseasonalised series.
    """
    away = np.abs(medians - middle) >= max(SHARE * abs(middle), POINTS)
    out = np.zeros(len(medians), np.bool_)
    if len(shifts(medians)):
        for first, stop in runs(away):
            out[first:stop] = stop - first >= LASTS
    return out


def bursts(rest: Series, shifted: NDArray[np.bool_]) -> Bursts | None:
    """Find the bursts of a deseasonalised series; None where its MAD is not above zero.

    Args:
        rest: the series less its calendar means, shape (ticks,); a missing point ends a run.
        shifted: whether a tick lies in a level-shift window, shape (ticks,).
    """
    limit = threshold(rest)
    if np.isnan(limit):
        return None
    there = ~np.isnan(rest)
    beyond = np.greater(rest, limit, where=there, out=np.zeros(len(rest), np.bool_))
    found = runs(beyond & ~shifted)
    return Bursts(
        share=int(beyond.sum()) / int(there.sum()),
        lengths=found[:, 1] - found[:, 0],
        points=int((there & ~shifted).sum()),
    )
