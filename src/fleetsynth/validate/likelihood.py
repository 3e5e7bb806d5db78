"""How the log-likelihood of one row changes with each parameter of its law.

A row is correlated normals that spike together with probability p, are clipped, and rounded.
By Fisher's identity its score is that of the complete data (noise before clipping, and whether the
tick spiked), averaged over what the row leaves open. Equations: docs/validation.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from fleetsynth.validate.normal import beyond

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from fleetsynth.models.base import RowLaw

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

CHUNK = 1 << 13
"""Rows worked on at a time, so that some forty arrays of them fit the cache."""

_HALF_STEP = 0.005
"""What rounds to a bound was clipped, or within half a hundredth of it."""
_LEAST_NOISE = 0.05
"""Standard deviation below which rounding to hundredths matters."""


class Places(NamedTuple):
    """Where the scores of so many signals stand in an array of them.

    Attributes:
        size: signals.
        pairs: of signals, in the order of their correlations.
        mean: of each signal.
        sd: of each signal.
        correlation: of each pair.
        probability: of a spike.
        magnitude: of a spike.
        scores: how many there are.
    """

    size: int
    pairs: tuple[tuple[int, int], ...]
    mean: slice
    sd: slice
    correlation: slice
    probability: int
    magnitude: int
    scores: int

    @classmethod
    def of(cls, size: int) -> Places:
        """Lay out means, sds, correlations, probability and magnitude, in this order."""
        pairs = tuple(combinations(range(size), 2))
        end = 2 * size + len(pairs)
        correlation = slice(2 * size, end)
        return cls(
            size, pairs, slice(size), slice(size, 2 * size), correlation, end, end + 1, end + 2
        )


@dataclass(frozen=True)
class Density:
    """The law of an archetype's rows, and the bounds that they are clipped to.

    Attributes:
        law: what the model says.
        low: lower bound of each signal, as the metric that shows it whole has it.
        high: upper bound.
        spikes: which signals spikes multiply.
    """

    law: RowLaw
    low: Floats
    high: Floats
    spikes: tuple[int, ...]

    @cached_property
    def precision(self) -> Floats:
        """Inverse of the correlation."""
        return np.linalg.inv(self.law.correlation).astype(np.float64)

    @cached_property
    def places(self) -> Places:
        """Where each score stands."""
        return Places.of(len(self.law.sd))

    @property
    def is_proper(self) -> bool:
        """Whether the noise in every signal is more than what rounding hides."""
        law = self.law
        factor = np.minimum(law.factor, 1.0) if law.probability else 1.0
        return bool((law.sd * factor).min() >= _LEAST_NOISE)


class _Expected(NamedTuple):
    """One component's part: log density, E[e], Q E[e], and E[e_i e_j] where needed."""

    log_density: Floats
    scaled: Floats
    sd: Floats
    correlation: Floats


def scores(density: Density, values: Floats, level: Floats) -> Floats:
    """Return the scores of rows, shape (scores, rows); `Density.places` says which is which.

    Args:
        density: of their archetype.
        values: of the signals, shape (signals, rows).
        level: what they vary about, same shape.
    """
    size, count = values.shape
    low, high = density.low[:, None], density.high[:, None]
    out = np.empty((density.places.scores, count))
    none = (0,) * size
    for first in range(0, count, CHUNK):
        chunk = slice(first, first + CHUNK)
        _scores(density, values[:, chunk], level[:, chunk], none, out[:, chunk])
    clipped = np.flatnonzero(((values <= low) | (values >= high)).any(axis=0))
    if not len(clipped):
        return out
    there = values[:, clipped]
    sign = (there >= high).astype(np.int8) - (there <= low)
    pattern = np.ravel_multi_index(tuple(sign + 1), (3,) * size)
    for code in np.unique(pattern).tolist():
        alike = pattern == code
        signs = tuple(int(part) - 1 for part in np.unravel_index(code, (3,) * size))
        hidden = sum(map(abs, signs))
        for rows in _pieces(clipped[alike], CHUNK >> (3 * max(0, hidden - 1))):
            part = np.empty((density.places.scores, len(rows)))
            _scores(density, values[:, rows], level[:, rows], signs, part)
            out[:, rows] = part
    return out


def _pieces(rows: Ints, size: int) -> Iterator[Ints]:
    """Cut an array into pieces."""
    for first in range(0, len(rows), size):
        yield rows[first : first + size]


def _scores(
    density: Density, values: Floats, level: Floats, sign: tuple[int, ...], out: Floats
) -> None:
    """Write the scores of rows that are all clipped alike."""
    law, at = density.law, density.places
    sd = law.sd[:, None]
    shift = level / sd
    calm = _component(density, values, shift, np.ones(at.size), sign)
    p = law.probability
    if p == 0.0:
        out[at.mean] = calm.scaled / sd
        out[at.sd] = calm.sd / sd
        out[at.correlation] = calm.correlation
        out[at.probability :] = 0.0
        return
    spiked = _component(density, values, shift, law.factor, sign)
    odds = spiked.log_density - calm.log_density
    odds += np.log(p) - np.log1p(-p) if p < 1.0 else 700.0
    np.clip(odds, -700.0, 700.0, out=odds)
    weight = 1.0 / (1.0 + np.exp(-odds))
    moved = np.zeros(values.shape[1])
    for i in density.spikes:
        moved += spiked.sd[i]
        moved += spiked.scaled[i] * shift[i]
    moved *= weight
    np.divide(moved, law.magnitude, out=out[at.magnitude])
    np.divide(_mixed(calm.scaled, spiked.scaled, weight), sd, out=out[at.mean])
    np.divide(_mixed(calm.sd, spiked.sd, weight), sd, out=out[at.sd])
    out[at.correlation] = _mixed(calm.correlation, spiked.correlation, weight)
    out[at.probability] = (weight - p) / (p * (1.0 - p)) if p < 1.0 else 0.0


def _mixed(calm: Floats, spiked: Floats, weight: Floats) -> Floats:
    """Average two components, in the place of the second."""
    spiked -= calm
    spiked *= weight
    spiked += calm
    return spiked


def _component(
    density: Density, values: Floats, shift: Floats, factor: Floats, sign: tuple[int, ...]
) -> _Expected:
    """Return what the rows say of the noise if they all spiked by a factor."""
    scale = (density.law.sd * factor)[:, None]
    e = values / scale - shift
    if any(sign):
        return _clipped(density, e, shift, scale, sign)
    q, pairs = density.precision, density.places.pairs
    scaled = np.empty_like(e)
    for row, weights in zip(scaled, q, strict=True):
        np.multiply(e[0], weights[0], out=row)
        for weight, other in zip(weights[1:], e[1:], strict=True):
            row += weight * other
    square = e * scaled
    log_density = square[0].copy()
    for row in square[1:]:
        log_density += row
    log_density *= -0.5
    log_density -= float(np.log(factor).sum())
    correlation = np.empty((len(pairs), e.shape[1]))
    for row, (i, j) in zip(correlation, pairs, strict=True):
        np.multiply(scaled[i], scaled[j], out=row)
        row -= q[i, j]
    square -= 1.0
    return _Expected(log_density, scaled, square, correlation)


def _clipped(
    density: Density, e: Floats, shift: Floats, scale: Floats, sign: tuple[int, ...]
) -> _Expected:
    """Return the same where some signals are only known to lie beyond a bound."""
    law, size, low, high = density.law, density.places.size, density.low, density.high
    hidden = [i for i in range(size) if sign[i]]
    seen = [i for i in range(size) if not sign[i]]
    edge = [low[i] + _HALF_STEP if sign[i] < 0 else high[i] - _HALF_STEP for i in hidden]
    bound = np.array(edge)[:, None] / scale[hidden] - shift[hidden]
    r = law.correlation
    mean, cov = np.zeros_like(bound), r[np.ix_(hidden, hidden)]
    log_density = np.zeros(e.shape[1])
    if seen:
        inverse = np.linalg.inv(r[np.ix_(seen, seen)])
        slope = r[np.ix_(hidden, seen)] @ inverse
        mean, cov = slope @ e[seen], cov - slope @ r[np.ix_(seen, hidden)]
        log_density -= 0.5 * (e[seen] * (inverse @ e[seen])).sum(axis=0)
        log_density -= float(np.log(scale[seen, 0] / law.sd[seen]).sum())
    tail = beyond(mean, cov, bound, tuple(sign[i] for i in hidden))
    expected = e.copy()
    expected[hidden] = tail.mean
    product = expected[:, None] * expected[None]
    product[np.ix_(hidden, hidden)] = tail.product
    q = density.precision
    scaled = q @ expected
    half = (q @ product.reshape(size, -1)).reshape(product.shape)
    own = np.stack([half[i, i] for i in range(size)]) - 1.0
    correlation = np.stack([q[j] @ half[i] - q[i, j] for i, j in density.places.pairs])
    return _Expected(log_density + tail.log_probability, scaled, own, correlation)
