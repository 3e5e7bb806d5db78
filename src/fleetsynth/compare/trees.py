"""Gradient boosting of small trees over histograms, for a few hundred rows, in NumPy alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

TREES, DEPTH, BINS = 50, 3, 32
"""Trees, splits from root to leaf, and bins of a feature; one more is for what is missing."""
_RATE, _LEAST_ROWS, _RIDGE = 0.15, 6, 1.0
_LEAST_SHARE = 8
"""Of few rows, one in so many may be a leaf."""
_SHARE = 0.5
"""Share of the features that a tree may look at."""


class Boosted:
    """A classifier: the log odds of class 1 as the sum of small trees.

    Args:
        rows: features with NaN where one is not defined, shape (rows, features).
        labels: 0 or 1, shape (rows,).
        weights: shape (rows,), each class together half.
        seed: which features each tree looks at.
    """

    def __init__(self, rows: Floats, labels: Ints, weights: Floats, seed: int) -> None:
        self._edges = [_edges(column) for column in rows.T]
        binned = self._binned(rows)
        generator = np.random.default_rng(seed)
        scale = len(labels) / weights.sum()
        score = np.zeros(len(labels))
        self._trees: list[list[tuple[Ints, Ints, Floats]]] = []
        self._leaves: list[Floats] = []
        looked = max(1, round(rows.shape[1] * _SHARE))
        for _ in range(TREES):
            chance = 1 / (1 + np.exp(-score))
            slope = (labels - chance) * weights * scale
            curve = chance * (1 - chance) * weights * scale
            columns = np.sort(generator.permutation(rows.shape[1])[:looked])
            tree, leaves, at = _grow(binned, slope, curve, columns)
            self._trees.append(tree)
            self._leaves.append(leaves)
            score += leaves[at]

    def score(self, rows: Floats) -> Floats:
        """Return the log odds of class 1, shape (rows,)."""
        binned = self._binned(rows)
        total = np.zeros(len(rows))
        everyone = np.arange(len(rows))
        for tree, leaves in zip(self._trees, self._leaves, strict=True):
            at = np.zeros(len(rows), np.int64)
            for features, cuts, is_split in tree:
                right = binned[everyone, features[at]] > cuts[at]
                at = at * 2 + (right & (is_split[at] > 0))
            total += leaves[at]
        return total

    def _binned(self, rows: Floats) -> Ints:
        """Return the bin of each value, 0 where it is missing, shape (rows, features)."""
        out = np.zeros(rows.shape, np.int64)
        for column, edges in enumerate(self._edges):
            values = rows[:, column]
            bins = np.searchsorted(edges, values, side="left") + 1
            out[:, column] = np.where(np.isnan(values), 0, bins)
        return out


def _edges(column: Floats) -> Floats:
    """Return the cuts between bins: between different values, by their ranks."""
    values = np.unique(column[~np.isnan(column)])
    if len(values) > BINS:
        there = np.sort(column[~np.isnan(column)])
        ranks = (np.arange(1, BINS) * len(there)) // BINS
        return np.unique(there[ranks])
    return (values[1:] + values[:-1]) / 2


def _grow(
    binned: Ints, slope: Floats, curve: Floats, columns: Ints
) -> tuple[list[tuple[Ints, Ints, Floats]], Floats, Ints]:
    """Return a tree level by level, what its leaves add, and the leaf of each row.

    Each level has of every node its feature, the last bin that goes left, and whether it splits.
    """
    at = np.zeros(len(binned), np.int64)
    everyone = np.arange(len(binned))
    tree = []
    for depth in range(DEPTH):
        nodes = 1 << depth
        features, cuts, gains = _best(binned[:, columns], slope, curve, at, nodes)
        features = columns[features]
        is_split = (gains > 1e-9).astype(np.float64)
        right = binned[everyone, features[at]] > cuts[at]
        at = at * 2 + (right & (is_split[at] > 0))
        tree.append((features, cuts, is_split))
    leaves = 1 << DEPTH
    slopes, curves = np.bincount(at, slope, leaves), np.bincount(at, curve, leaves)
    return tree, _RATE * slopes / (curves + _RIDGE), at


def _best(
    binned: Ints, slope: Floats, curve: Floats, at: Ints, nodes: int
) -> tuple[Ints, Ints, Floats]:
    """Return of each node the feature and bin that split it best, and the gain."""
    bins, columns = BINS + 1, binned.shape[1]
    place = ((at[:, None] * columns + np.arange(columns)) * bins + binned).ravel()
    shape = (nodes, columns, bins)
    size = nodes * columns * bins

    def summed(values: Floats) -> Floats:
        sums = np.bincount(place, np.repeat(values, columns), size).reshape(shape)
        return np.asarray(np.cumsum(sums, axis=2))

    slopes, curves, counts = summed(slope), summed(curve), summed(np.ones(len(slope)))
    all_slope, all_curve, all_count = slopes[:, :, -1:], curves[:, :, -1:], counts[:, :, -1:]
    gain = slopes**2 / (curves + _RIDGE)
    gain += (all_slope - slopes) ** 2 / (all_curve - curves + _RIDGE)
    gain -= all_slope**2 / (all_curve + _RIDGE)
    least = max(1, min(_LEAST_ROWS, len(slope) // _LEAST_SHARE))
    few = (counts < least) | (all_count - counts < least)
    flat = np.where(few, -1.0, gain).reshape(nodes, -1)
    best = flat.argmax(axis=1)
    return best // bins, best % bins, flat[np.arange(nodes), best]
