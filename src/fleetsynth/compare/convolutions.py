"""Random convolutions: what a classifier that was told nothing about fleets looks at.

After MiniRocket (Dempster, Schmidt and Webb, 2021): kernels of nine weights, three of which are 2
and six -1, spread over the series by powers of two; a feature is the share of a stretch whose
convolution is above a threshold, which is a quantile of that convolution on some other stretch.
"""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

_WIDTH, _HEAVY = 9, 3
_SPREADS = (1, 2, 4, 12, 36, 144)
_QUANTILES = 3
_PENALTIES = np.geomspace(1e-1, 1e5, 13)
_CLIP = 20.0


def convolved(stretches: Floats, seed: int = 0) -> Floats:
    """Return the features of stretches of one metric, shape (stretches, features).

    Args:
        stretches: shape (stretches, ticks). Each is taken by its shape alone: less its median, over
            its mean deviation from it.
        seed: of the stretches that thresholds come from, and of which quantiles they are.
    """
    middle = np.median(stretches, axis=1, keepdims=True)
    size = np.abs(stretches - middle).mean(axis=1, keepdims=True)
    shaped = np.clip((stretches - middle) / np.maximum(size, 1e-3), -_CLIP, _CLIP)
    shaped = shaped.astype(np.float32)
    generator = np.random.default_rng(seed)
    out = []
    for spread in _SPREADS:
        reach = (_WIDTH - 1) * spread
        if reach * 2 > shaped.shape[1]:
            continue
        length = shaped.shape[1] - reach
        taps = [shaped[:, at * spread : at * spread + length] for at in range(_WIDTH)]
        total = np.sum(taps, axis=0)
        for heavy in combinations(range(_WIDTH), _HEAVY):
            found = 3 * (taps[heavy[0]] + taps[heavy[1]] + taps[heavy[2]]) - total
            source = found[generator.integers(len(found))]
            thresholds = np.quantile(source, generator.uniform(size=_QUANTILES))
            out += [(found > threshold).mean(axis=1) for threshold in thresholds]
    return np.array(out, np.float64).T.reshape(len(stretches), -1)


def ridge(rows: Floats, labels: Ints, weights: Floats, _seed: int) -> Callable[[Floats], Floats]:
    """Learn a linear classifier; its penalty has the least leave-one-out error."""
    mean, size = rows.mean(axis=0), rows.std(axis=0) + 1e-3
    scaled = np.sqrt(weights * len(weights))[:, None]
    at = (rows - mean) / size
    target = np.where(labels == 1, 1.0, -1.0)
    values, vectors = np.linalg.eigh((at * scaled) @ (at * scaled).T)
    values = np.maximum(values, 0)
    turned = vectors.T @ (target * scaled[:, 0])
    best, dual = np.inf, turned
    for penalty in _PENALTIES * len(rows):
        inverse = 1 / (values + penalty)
        left_out = (vectors @ (inverse * turned)) / ((vectors**2) @ inverse)
        error = float((left_out**2).sum())
        if error < best:
            best, dual = error, vectors @ (inverse * turned)
    slopes = (at * scaled).T @ dual
    return lambda asked: np.asarray(((asked - mean) / size) @ slopes)
