"""How far two sets of stretches are apart: values, memory, and how metrics go together."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from fleetsynth.clock import DAY_SECONDS
from fleetsynth.compare.features import correlation
from fleetsynth.compare.two_sample import SPLITS, halved

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from fleetsynth.compare.stretches import Stretch
    from fleetsynth.reader.grid import Series

_LAGS = (1, 2, 3, 6, 12, 24, 36, 72, 144, 288)
"""Steps after which autocorrelations are compared, up to a day."""
_POINTS = 256
"""Values that are taken of a stretch for the distance of the values, evenly by rank."""


@dataclass(frozen=True)
class Distance:
    """How far A and B are apart, beside halves of either.

    Attributes:
        between: A and B.
        a: two halves of A's servers, mean over several halvings: the floor.
        b: likewise of B.
    """

    between: float
    a: float
    b: float


def marginal(a: Sequence[Stretch], b: Sequence[Stretch], role: str) -> Distance:
    """Return the Kolmogorov-Smirnov distance of all values of a metric, from 0 to 1.

    Every stretch counts the same.
    """

    def ranks(part: Sequence[Stretch]) -> Series:
        at = np.linspace(0, 1, _POINTS)
        return np.sort(np.concatenate([np.quantile(x.series[role], at) for x in part]))

    def apart(one: Sequence[Stretch], two: Sequence[Stretch]) -> float:
        x, y = ranks(one), ranks(two)
        both = np.concatenate((x, y))
        below = [np.searchsorted(side, both, side="right") / len(side) for side in (x, y)]
        return float(np.abs(below[0] - below[1]).max())

    return _beside(a, b, apart)


def autocorrelation(a: Sequence[Stretch], b: Sequence[Stretch], role: str) -> Distance:
    """Return the mean difference of median autocorrelations of a metric, from 0 to 2.

    The mean is over lags of 1, 2, 3, 6, 12 … steps, up to a day or 288 steps.
    """

    def apart(one: Sequence[Stretch], two: Sequence[Stretch]) -> float:
        return _difference(*(np.array([_lags(x, role) for x in side]) for side in (one, two)))

    return _beside(a, b, apart)


def cross_correlation(a: Sequence[Stretch], b: Sequence[Stretch], roles: Sequence[str]) -> Distance:
    """Return the mean difference of the metrics' median correlations, from 0 to 2.

    The mean is over pairs of metrics, values and differences, in step and one step apart.
    """
    pairs = list(combinations(roles, 2))

    def apart(one: Sequence[Stretch], two: Sequence[Stretch]) -> float:
        return _difference(*(np.array([_couplings(x, pairs) for x in side]) for side in (one, two)))

    return _beside(a, b, apart)


def _beside(
    a: Sequence[Stretch],
    b: Sequence[Stretch],
    apart: Callable[[Sequence[Stretch], Sequence[Stretch]], float],
) -> Distance:
    """Return a distance beside its floors; NaN where one server has no halves."""
    floors = []
    for side in (a, b):
        halves = [halved(side, split) for split in range(SPLITS)]
        known = [apart(one, two) for one, two in halves if one and two]
        floors.append(round(float(np.mean(known)), 4) if known else np.nan)
    return Distance(round(apart(a, b), 4), floors[0], floors[1])


def _difference(one: Series, two: Series) -> float:
    """Return the mean over columns of the difference of medians, where both are defined."""
    there = ~(np.isnan(one).all(axis=0) | np.isnan(two).all(axis=0))
    if not there.any():
        return np.nan
    medians = [np.nanmedian(side[:, there], axis=0) for side in (one, two)]
    return float(np.abs(medians[0] - medians[1]).mean())


def _lags(stretch: Stretch, role: str) -> list[float]:
    values = stretch.series[role]
    most = DAY_SECONDS // stretch.step
    return [correlation(values[:-lag], values[lag:]) for lag in _LAGS if lag <= max(most, 12)]


def _couplings(stretch: Stretch, pairs: Sequence[tuple[str, str]]) -> list[float]:
    out = []
    for one, two in pairs:
        if one not in stretch.series or two not in stretch.series:
            out += [np.nan] * 6
            continue
        x, y = stretch.series[one], stretch.series[two]
        for left, right in ((x, y), (np.diff(x), np.diff(y))):
            out += [
                correlation(left, right),
                correlation(left[:-1], right[1:]),
                correlation(left[1:], right[:-1]),
            ]
    return out
