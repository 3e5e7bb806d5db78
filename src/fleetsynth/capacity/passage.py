"""The chance of a first breach by the end of each coming week, and the days until it is as great
as asked for.

A week's figure is its line and a residual. How often residuals are as great as what is left to the
level is read off those that were seen; beyond the greatest, an exponential of the mean excess
goes on. The line itself is doubted: it is looked at in several places of its normal distribution.
"""

from __future__ import annotations

from math import erf
from typing import TYPE_CHECKING

import numpy as np

from fleetsynth.capacity.weekly import WEEK

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fleetsynth.capacity.trend import Line

    Floats = NDArray[np.float64]

_WIDE_TAIL = 0.9
_CERTAIN = 0.999
_BINS = 128
_SERIES = 512
"""Series that are looked at together."""

_NODES = np.array([-1.96, -1.28, -0.84, -0.52, -0.25, 0, 0.25, 0.52, 0.84, 1.28, 1.96])
_EDGES = [-np.inf, *((_NODES[1:] + _NODES[:-1]) / 2).tolist(), np.inf]
_WEIGHTS = np.diff([0.5 * (1 + erf(edge / 2**0.5)) for edge in _EDGES])
"""Places on a standard normal at which a line's doubt is looked at, and what each stands for."""


def chance(
    line: Line, level: Floats | float, weeks: int, ahead: Floats | None = None
) -> Floats:
    """Return the chance of a breach by the end of each coming week, shape (series, weeks).

    Args:
        line: the trends.
        level: what is to be reached, one for all or shape (series,).
        weeks: how many to look ahead.
        ahead: what each coming week has beside its line, a season, shape (series, weeks).
    """
    levels = np.broadcast_to(np.asarray(level, dtype=np.float64), (len(line.level),))
    out = np.empty((len(levels), weeks))
    for first in range(0, len(levels), _SERIES):
        some = slice(first, first + _SERIES)
        beside = 0.0 if ahead is None else ahead[some]
        out[some] = _chance(line.rows(np.arange(len(levels))[some]), levels[some], weeks, beside)
    return out


def _chance(line: Line, level: Floats, weeks: int, beside: Floats | float) -> Floats:
    h = np.arange(1, weeks + 1) * float(WEEK) - WEEK // 2
    doubt = np.sqrt(
        np.maximum(
            line.of_level[:, None] + 2 * line.of_both[:, None] * h + line.of_slope[:, None] * h * h,
            0,
        )
    )
    tail = _Tail(line.residuals)
    gap = level[:, None] - line.level[:, None] - line.slope[:, None] * h - beside
    clustering = line.clustering[:, None]
    out = np.zeros((len(level), weeks))
    for node, weight in zip(_NODES, _WEIGHTS, strict=True):
        hazard = tail.hazard(gap - node * doubt)
        out -= weight * np.expm1(-np.cumsum(hazard * clustering, axis=1))
    return out


class _Tail:
    """How often residuals reach a height, as a hazard: minus the logarithm of how often not."""

    def __init__(self, residuals: Floats) -> None:
        rest = np.sort(residuals, axis=1)  # NaN last
        count = np.maximum((~np.isnan(rest)).sum(axis=1), 1)
        rows = np.arange(len(rest))
        self._least, self._most = rest[:, 0] - 1e-6, rest[rows, count - 1]
        first = np.maximum((_WIDE_TAIL * count).astype(np.int64), 1)
        from_ = rest[rows, np.minimum(first, count) - 1]
        above = np.arange(rest.shape[1]) >= first[:, None]
        excess = np.where(above & ~np.isnan(rest), rest - from_[:, None], 0.0).sum(axis=1)
        self._excess = np.maximum(excess / np.maximum(count - first, 1), 1e-3)
        self._rare = 1 / (count + 1)
        self._span = np.maximum(self._most - self._least, 1e-6)
        self._table = self._hazards(rest, count)
        self._rows = rows[:, None] * (_BINS + 1)

    def _hazards(self, rest: Floats, count: NDArray[np.int64]) -> Floats:
        """Return hazards at the edges of bins from the least residual to the greatest."""
        place = (rest - self._least[:, None]) / self._span[:, None] * _BINS
        known = ~np.isnan(place)
        bins = np.clip(np.where(known, place, 0).astype(np.int64), 0, _BINS)
        bins += np.arange(len(rest))[:, None] * (_BINS + 1)
        seen = np.bincount(bins[known], minlength=len(rest) * (_BINS + 1))
        seen = seen.reshape(len(rest), _BINS + 1)
        at_least = count[:, None] - np.cumsum(seen, axis=1) + seen
        share = at_least / (count + 1)[:, None]
        share[:, -1] = 1 / (count + 1)
        out: Floats = -np.log1p(-np.minimum(share, _CERTAIN))
        return out.ravel()

    def hazard(self, gap: Floats) -> Floats:
        """Return the hazard of each gap, shape (series, weeks)."""
        place = np.clip((gap - self._least[:, None]) * (_BINS / self._span)[:, None], 0, _BINS)
        low = np.minimum(place.astype(np.int64), _BINS - 1)
        inside = place - low
        low += self._rows
        below, above = self._table[low], self._table[low + 1]
        out: Floats = below + (above - below) * inside
        over = gap - self._most[:, None]
        beyond = np.exp(-np.minimum(np.maximum(over, 0) / self._excess[:, None], 50))
        return np.where(over > 0, beyond * self._rare[:, None], out)


def days_until(chances: Floats, share: float) -> Floats:
    """Return the days until a chance is reached, linear within a week; infinity if it is not."""
    reached = chances >= share
    week = reached.argmax(axis=1)
    rows = np.arange(len(chances))
    above = chances[rows, week]
    below = np.where(week > 0, chances[rows, np.maximum(week - 1, 0)], 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        inside = np.clip((share - below) / (above - below), 0, 1)
    return np.where(reached.any(axis=1), WEEK * (week + inside), np.inf)
