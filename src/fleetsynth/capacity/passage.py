"""The chance of a first breach by the end of each coming week, and the days until it is so great.

A week's figure is its line and a residual. How often residuals are as great as what is left to the
level is read off those that were seen; beyond the greatest, an exponential of the mean excess
goes on. The line itself is doubted: it is looked at in several places of its normal distribution.
"""

from __future__ import annotations

from itertools import pairwise
from math import erf
from typing import TYPE_CHECKING

import numpy as np

from fleetsynth.capacity.weekly import WEEK

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fleetsynth.capacity.trend import Line

    Floats = NDArray[np.float64]
    Values = NDArray[np.float32]

_WIDE_TAIL = 0.9
_CERTAIN = 0.999
_BINS = 128
_WIDTH = _BINS + 2
"""Bins' edges, and what the hazard fades from beyond the last."""
_SERIES = 128
"""Series that are looked at together: they stay in the cache."""
_PACES = ((52, 1), (156, 2), (10_000, 4))
"""How many weeks are looked at together, up to which week ahead."""

_NODES = np.array([-1.96, -1.2, -0.65, -0.2, 0.2, 0.65, 1.2, 1.96])
_EDGES = [-np.inf, *((_NODES[1:] + _NODES[:-1]) / 2).tolist(), np.inf]
_WEIGHTS = np.diff([0.5 * (1 + erf(edge / 2**0.5)) for edge in _EDGES])
"""Places on a standard normal at which a line's doubt is looked at, and what each stands for."""


def ends(weeks: int) -> Floats:
    """Return the weeks by whose ends chances are told: all of a year, then every second, fourth.

    The last is the one that is asked for.
    """
    edges = [0, *(edge for edge, _ in _PACES if edge < weeks), weeks]
    parts = [
        np.minimum(np.arange(begin + pace, end + pace, pace), end)
        for begin, end, (_, pace) in zip(edges, edges[1:], _PACES, strict=False)
    ]
    return np.concatenate(parts).astype(np.float64)


def chance(
    line: Line, level: Floats | float, until: Floats, beside: Floats | None = None
) -> Values:
    """Return the chance of a breach by the ends of some weeks, shape (series, weeks).

    Args:
        line: the trends.
        level: what is to be reached, one for all or shape (series,).
        until: the weeks, ascending; between two of them the hazard is that of the middle.
        beside: what series have beside their lines then, shape (series, weeks).
    """
    levels = np.broadcast_to(np.asarray(level, dtype=np.float64), (len(line.level),))
    out = np.empty((len(levels), len(until)), np.float32)
    for first in range(0, len(levels), _SERIES):
        some = np.arange(first, min(first + _SERIES, len(levels)))
        more = 0.0 if beside is None else beside[some].T
        out[some] = _chance(line.rows(some), levels[some], until, more).T
    return out


def _chance(line: Line, level: Floats, until: Floats, beside: Floats | float) -> Values:
    """Return chances, shape (weeks, series): weeks come first, and are added up all at once."""
    width = np.diff(until, prepend=0.0)[:, None]
    h = (until[:, None] - width / 2) * WEEK + 0.5
    doubt = np.sqrt(np.maximum(line.of_level + 2 * line.of_both * h + line.of_slope * h * h, 0))
    tail = _Tail(line.residuals)
    gap = tail.places(level - line.level - line.slope * h - beside)
    sure = tail.widths(doubt)
    hazard = np.empty((len(until), len(_NODES), len(level)), np.float32)
    for place, node in enumerate(_NODES.astype(np.float32)):
        hazard[:, place] = tail.hazard(gap - node * sure)
    hazard *= (-line.clustering * width).astype(np.float32)[:, None]
    for before, week in pairwise(hazard):
        week += before
    never = _WEIGHTS.astype(np.float32) @ np.exp(hazard, out=hazard)
    return np.maximum(1 - never, 0)


class _Tail:
    """How often residuals reach a height, as a hazard: minus the logarithm of how often not."""

    def __init__(self, residuals: Values) -> None:
        rest = np.sort(residuals, axis=1)  # NaN last
        count = np.maximum((~np.isnan(rest)).sum(axis=1), 1)
        rows = np.arange(len(rest))
        self._least, self._most = rest[:, 0] - 1e-6, rest[rows, count - 1]
        first = np.maximum((_WIDE_TAIL * count).astype(np.int64), 1)
        from_ = rest[rows, np.minimum(first, count) - 1]
        above = np.arange(rest.shape[1]) >= first[:, None]
        excess = np.where(above & ~np.isnan(rest), rest - from_[:, None], 0.0).sum(axis=1)
        excess = np.maximum(excess / np.maximum(count - first, 1), 1e-3)
        self._span = np.maximum(self._most - self._least, 1e-6)
        self._scale = _BINS / self._span
        self._table = self._hazards(rest, count).ravel()
        self._rows = rows * _WIDTH
        self._fade = (1 / (excess * self._scale)).astype(np.float32)

    def places(self, gap: Floats) -> Values:
        """Return where gaps are among the bins, shape (..., series)."""
        out: Values = ((gap - self._least) * self._scale).astype(np.float32)
        return out

    def widths(self, doubt: Floats) -> Values:
        """Return doubts in bins, shape (..., series)."""
        out: Values = (doubt * self._scale).astype(np.float32)
        return out

    def _hazards(self, rest: Values, count: NDArray[np.int64]) -> Values:
        """Return hazards at the edges of bins from the least residual to the greatest."""
        place = (rest - self._least[:, None]) / self._span[:, None] * _BINS
        known = ~np.isnan(place)
        bins = np.clip(np.where(known, place, 0).astype(np.int64), 0, _BINS)
        bins += np.arange(len(rest))[:, None] * (_BINS + 1)
        seen = np.bincount(bins[known], minlength=len(rest) * (_BINS + 1))
        seen = seen.reshape(len(rest), _BINS + 1)
        at_least = count[:, None] - np.cumsum(seen, axis=1) + seen
        rarest = 1 / (count + 1)
        out = np.empty((len(rest), _WIDTH), np.float32)
        out[:, :-1] = 1 - np.minimum(at_least * rarest[:, None], _CERTAIN)
        out[:, _BINS:] = 1 - rarest[:, None]
        np.log(out, out=out)
        np.negative(out, out=out)
        out[:, -1] = rarest
        return out

    def hazard(self, place: Values) -> Values:
        """Return the hazard of gaps by their places; beyond the greatest residual it fades."""
        inside = np.clip(place, 0, _BINS + 1)
        low = np.minimum(inside, _BINS).astype(np.intp)
        inside -= low.astype(np.float32)
        low += self._rows
        out = self._table.take(low)
        low += 1
        inside *= self._table.take(low) - out
        out += inside
        if place.max() > _BINS:
            np.subtract(_BINS, place, out=place)
            place *= self._fade
            np.clip(place, -50.0, 0.0, out=place)
            out *= np.exp(place, out=place)
        return out


def days_until(chances: Values, share: float, until: Floats) -> Floats:
    """Return the days until a chance is reached, linear within a week; infinity if it is not.

    Args:
        chances: as `chance` returns them.
        share: the chance.
        until: the weeks by whose ends they are told.
    """
    reached = chances >= share
    place = reached.argmax(axis=1)
    rows = np.arange(len(chances))
    above = chances[rows, place].astype(np.float64)
    below = np.where(place > 0, chances[rows, np.maximum(place - 1, 0)], 0.0)
    begin = np.where(place > 0, until[np.maximum(place - 1, 0)], 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        inside = np.clip((share - below) / (above - below), 0, 1)
    weeks = begin + inside * (until[place] - begin)
    return np.where(reached.any(axis=1), WEEK * weeks, np.inf)
