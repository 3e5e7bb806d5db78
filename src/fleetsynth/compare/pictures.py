"""What a page shows beside the figures: how a feature is distributed, and a typical stretch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fleetsynth.compare.stretches import Stretch
    from fleetsynth.reader.grid import Series

_BINS = 24
_WIDE = 8.0
"""How many times the median the upper end is, from which on the axis is of square roots."""


@dataclass(frozen=True)
class Histogram:
    """How a feature is distributed over the stretches of A and of B.

    Attributes:
        edges: of the bins, shape (bins + 1,); what is beyond is in the outermost ones.
        a: share of A's stretches in each bin, shape (bins,).
        b: likewise of B's.
    """

    edges: list[float]
    a: list[float]
    b: list[float]


def histogram(a: Series, b: Series) -> Histogram:
    """Return the histograms of two sets of values on common bins."""
    both = np.concatenate((a, b))
    low, middle, high = np.percentile(both, (1, 50, 99)).tolist()
    if low == high:
        low, high = low - 0.5, high + 0.5
    if low >= 0 and high > _WIDE * middle:
        edges = np.linspace(low**0.5, high**0.5, _BINS + 1) ** 2
    else:
        edges = np.linspace(low, high, _BINS + 1)
    shares = [
        np.histogram(np.clip(side, edges[0], edges[-1]), edges)[0] / len(side) for side in (a, b)
    ]
    return Histogram(edges.tolist(), shares[0].tolist(), shares[1].tolist())


def typical(stretches: Sequence[Stretch], table: Series) -> Stretch:
    """Return the stretch whose features are nearest to the middle ranks of all.

    Args:
        stretches: one or more.
        table: their features, shape (stretches, features), NaN where one is not defined.
    """
    ranks = np.argsort(np.argsort(np.nan_to_num(table, nan=0.0), axis=0), axis=0)
    away = np.abs(ranks / max(len(stretches) - 1, 1) - 0.5).mean(axis=1)
    return stretches[int(away.argmin())]
