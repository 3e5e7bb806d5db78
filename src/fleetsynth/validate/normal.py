"""The normal law over arrays: its tail, and the moments of what lies beyond a bound.

No SciPy: the complementary error function is Chebyshev's fit from Numerical Recipes, good to
1.2e-7 of its value however far out, which is what a ratio of a density to a tail needs.
"""

from __future__ import annotations

from math import erfc, log, pi, sqrt
from statistics import NormalDist
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_LOG_ROOT_TAU = 0.5 * log(2.0 * pi)
_ROOT_HALF = sqrt(0.5)
_FIT = (
    -1.26551223,
    1.00002368,
    0.37409196,
    0.09678418,
    -0.18628806,
    0.27886807,
    -1.13520398,
    1.48851587,
    -0.82215223,
    0.17087277,
)
_REACH = 50.0
"""A density this many e-folds (half of it) below its height is as good as nothing."""

_NODES = tuple(np.polynomial.legendre.leggauss(n) for n in (24, 12))
"""Nodes and weights for two clipped signals, and for more: the more of them, the rarer."""


class Tail(NamedTuple):
    """What is known of standardised noise of which some lies beyond bounds, per row.

    Attributes:
        log_probability: that it lies there, shape (rows,).
        mean: of each component, given that, shape (components, rows).
        product: of each two, given that, shape (components, components, rows).
    """

    log_probability: Floats
    mean: Floats
    product: Floats


def log_tail(x: Floats) -> Floats:
    """Return the logarithm of the probability that a standard normal is below x."""
    z = np.abs(x) * _ROOT_HALF
    t = 1.0 / (1.0 + 0.5 * z)
    fit = np.full_like(t, _FIT[-1])
    for coefficient in _FIT[-2::-1]:
        fit = fit * t + coefficient
    far = np.log(0.5 * t) - z * z + fit
    return np.where(x < 0, far, np.log1p(-np.exp(far)))


def beyond(mean: Floats, cov: Floats, bound: Floats, sign: tuple[int, ...]) -> Tail:
    """Return the law of normals that lie beyond bounds.

    Args:
        mean: shape (components, rows).
        cov: covariance, shape (components, components), the same for all rows.
        bound: shape (components, rows).
        sign: per component -1 for below the bound, +1 for above.
    """
    flip = np.array(sign, dtype=np.float64)
    # Everything is turned to "below", which leaves one case.
    inner = _below(-flip[:, None] * mean, np.outer(flip, flip) * cov, -flip[:, None] * bound)
    return Tail(
        inner.log_probability,
        -flip[:, None] * inner.mean,
        np.multiply.outer(flip, flip)[:, :, None] * inner.product,
    )


def _below(mean: Floats, cov: Floats, bound: Floats) -> Tail:
    sd = sqrt(cov[0, 0])
    t = (bound[0] - mean[0]) / sd
    if len(mean) == 1:
        log_probability = log_tail(t)
        ratio = np.exp(-0.5 * t * t - _LOG_ROOT_TAU - log_probability)
        first = mean[0] - sd * ratio
        second = mean[0] ** 2 - 2.0 * mean[0] * sd * ratio + cov[0, 0] * (1.0 - t * ratio)
        return Tail(log_probability, first[None], second[None, None])
    return _integrate(mean, cov, bound, t, sd)


def _integrate(mean: Floats, cov: Floats, bound: Floats, t: Floats, sd: float) -> Tail:
    """Integrate over the first component; the others are `_below` given its value."""
    size, rows = mean.shape
    nodes, weights = _NODES[size > 2]
    width = t + np.sqrt(t * t + _REACH)
    e = (t - 0.5 * width)[None] + 0.5 * width * nodes[:, None]  # shape (nodes, rows)
    slope = cov[1:, 0] / sd
    rest_mean = mean[1:, None] + slope[:, None, None] * e
    rest = _below(
        rest_mean.reshape(size - 1, -1),
        cov[1:, 1:] - np.outer(slope, slope),
        np.broadcast_to(bound[1:, None], rest_mean.shape).reshape(size - 1, -1),
    )
    shape = e.shape
    log_mass = rest.log_probability.reshape(shape) - 0.5 * e * e - _LOG_ROOT_TAU
    top = log_mass.max(axis=0)
    mass = np.exp(log_mass - top) * weights[:, None] * (0.5 * width)
    total = mass.sum(axis=0)
    mass /= total
    first = mean[0] + sd * e
    others = rest.mean.reshape(size - 1, *shape)
    out_mean = np.empty((size, rows))
    out = np.empty((size, size, rows))
    out_mean[0] = (mass * first).sum(axis=0)
    out_mean[1:] = (mass * others).sum(axis=1)
    out[0, 0] = (mass * first * first).sum(axis=0)
    out[0, 1:] = out[1:, 0] = (mass * first * others).sum(axis=1)
    out[1:, 1:] = (mass * rest.product.reshape(size - 1, size - 1, *shape)).sum(axis=2)
    return Tail(np.log(total) + top, out_mean, out)


def two_sided(z: float) -> float:
    """Return the probability that a standard normal is farther from 0 than z."""
    return erfc(abs(z) * _ROOT_HALF)


def quantile(p: float) -> float:
    """Return the quantile of the standard normal."""
    return NormalDist().inv_cdf(p)
