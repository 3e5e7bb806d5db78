"""How the log-likelihood of one row changes with each parameter of the classic model.

A row is four correlated normals that spike together with probability p, are clipped, and rounded.
By Fisher's identity its score is that of the complete data (noise before clipping, and whether the
tick spiked), averaged over what the row leaves open. Equations: docs/validation.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from fleetsynth.metrics import METRICS, SIGNALS
from fleetsynth.validate.normal import beyond

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from fleetsynth.models.classic.plan import ClassicArchetype

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

SIZE = len(SIGNALS)
PAIRS = tuple(combinations(range(SIZE), 2))
MEAN, SD, CORRELATION = slice(0, SIZE), slice(SIZE, 2 * SIZE), slice(2 * SIZE, 2 * SIZE + 6)
PROBABILITY, MAGNITUDE = 2 * SIZE + 6, 2 * SIZE + 7
SCORES = 2 * SIZE + 8
"""Rows of an array of scores: four means, four sds, six correlations, p and the magnitude."""

CHUNK = 1 << 13
"""Rows worked on at a time, so that some forty arrays of them fit the cache."""

OBSERVED = tuple(
    next(i for i, m in enumerate(METRICS) if m.signal == s.name and m.share == 1.0) for s in SIGNALS
)
"""The metric that shows each signal whole."""

LOW = np.array([METRICS[i].low for i in OBSERVED])
HIGH = np.array([METRICS[i].high for i in OBSERVED])
_HALF_STEP = 0.005
_LEAST_NOISE = 0.05
"""Standard deviation below which rounding to hundredths matters."""
"""What rounds to a bound was clipped, or within half a hundredth of it."""


@dataclass(frozen=True)
class Law:
    """The distribution of an archetype's rows about their level.

    Attributes:
        sd: of each signal's noise.
        correlation: of the noise.
        precision: its inverse.
        probability: of a spike.
        magnitude: of a spike.
        factor: what a spike multiplies each signal by.
    """

    sd: Floats
    correlation: Floats
    precision: Floats
    probability: float
    magnitude: float
    factor: Floats

    @classmethod
    def of(cls, archetype: ClassicArchetype, *, spikes: bool) -> Law:
        """Return the law of an archetype."""
        profile = archetype.profile
        correlation = archetype.lower @ archetype.lower.T
        shares = [signal.spike_share for signal in SIGNALS]
        return cls(
            sd=np.array([getattr(profile, f"{signal.name}_variance") for signal in SIGNALS]),
            correlation=correlation,
            precision=np.linalg.inv(correlation).astype(np.float64),
            probability=profile.spike_probability if spikes else 0.0,
            magnitude=profile.spike_magnitude,
            factor=np.array(
                [1.0 if share is None else share * profile.spike_magnitude for share in shares]
            ),
        )

    @property
    def is_proper(self) -> bool:
        """Whether the noise in every signal is more than what rounding hides."""
        factor = np.minimum(self.factor, 1.0) if self.probability else 1.0
        return bool((self.sd * factor).min() >= _LEAST_NOISE)


class _Expected(NamedTuple):
    """One component's part: log density, E[e], Q E[e], and E[e_i e_j] where needed."""

    log_density: Floats
    scaled: Floats
    sd: Floats
    correlation: Floats


def scores(law: Law, values: Floats, level: Floats) -> Floats:
    """Return the scores of rows, shape (SCORES, rows).

    Args:
        law: of their archetype.
        values: of the four signals, shape (signals, rows).
        level: what they vary about, same shape.
    """
    count = values.shape[1]
    out = np.empty((SCORES, count))
    none = (0,) * SIZE
    for first in range(0, count, CHUNK):
        chunk = slice(first, first + CHUNK)
        _scores(law, values[:, chunk], level[:, chunk], none, out[:, chunk])
    clipped = np.flatnonzero(((values <= LOW[:, None]) | (values >= HIGH[:, None])).any(axis=0))
    if not len(clipped):
        return out
    there = values[:, clipped]
    sign = (there >= HIGH[:, None]).astype(np.int8) - (there <= LOW[:, None])
    pattern = np.ravel_multi_index(tuple(sign + 1), (3,) * SIZE)
    for code in np.unique(pattern).tolist():
        alike = pattern == code
        signs = tuple(int(part) - 1 for part in np.unravel_index(code, (3,) * SIZE))
        hidden = sum(map(abs, signs))
        for rows in _pieces(clipped[alike], CHUNK >> (3 * max(0, hidden - 1))):
            part = np.empty((SCORES, len(rows)))
            _scores(law, values[:, rows], level[:, rows], signs, part)
            out[:, rows] = part
    return out


def _pieces(rows: Ints, size: int) -> Iterator[Ints]:
    """Cut an array into pieces."""
    for first in range(0, len(rows), size):
        yield rows[first : first + size]


def _scores(law: Law, values: Floats, level: Floats, sign: tuple[int, ...], out: Floats) -> None:
    """Write the scores of rows that are all clipped alike."""
    sd = law.sd[:, None]
    shift = level / sd
    one = np.ones(SIZE)
    calm = _component(law, values, shift, one, sign)
    p = law.probability
    if p == 0.0:
        out[MEAN] = calm.scaled / sd
        out[SD] = calm.sd / sd
        out[CORRELATION] = calm.correlation
        out[PROBABILITY:] = 0.0
        return
    spiked = _component(law, values, shift, law.factor, sign)
    odds = spiked.log_density - calm.log_density
    odds += np.log(p) - np.log1p(-p) if p < 1.0 else 700.0
    np.clip(odds, -700.0, 700.0, out=odds)
    weight = 1.0 / (1.0 + np.exp(-odds))
    moved = np.zeros(values.shape[1])
    for i, signal in enumerate(SIGNALS):
        if signal.spike_share is not None:
            moved += spiked.sd[i]
            moved += spiked.scaled[i] * shift[i]
    moved *= weight
    np.divide(moved, law.magnitude, out=out[MAGNITUDE])
    np.divide(_mixed(calm.scaled, spiked.scaled, weight), sd, out=out[MEAN])
    np.divide(_mixed(calm.sd, spiked.sd, weight), sd, out=out[SD])
    out[CORRELATION] = _mixed(calm.correlation, spiked.correlation, weight)
    out[PROBABILITY] = (weight - p) / (p * (1.0 - p)) if p < 1.0 else 0.0


def _mixed(calm: Floats, spiked: Floats, weight: Floats) -> Floats:
    """Average two components, in the place of the second."""
    spiked -= calm
    spiked *= weight
    spiked += calm
    return spiked


def _component(
    law: Law, values: Floats, shift: Floats, factor: Floats, sign: tuple[int, ...]
) -> _Expected:
    """Return what the rows say of the noise if they all spiked by a factor."""
    scale = (law.sd * factor)[:, None]
    e = values / scale - shift
    if any(sign):
        return _clipped(law, e, shift, scale, sign)
    q = law.precision
    scaled = np.empty_like(e)
    for i in range(SIZE):
        np.multiply(e[0], q[i, 0], out=scaled[i])
        for j in range(1, SIZE):
            scaled[i] += q[i, j] * e[j]
    square = e * scaled
    log_density = square[0] + square[1]
    log_density += square[2]
    log_density += square[3]
    log_density *= -0.5
    log_density -= float(np.log(factor).sum())
    correlation = np.empty((len(PAIRS), e.shape[1]))
    for row, (i, j) in zip(correlation, PAIRS, strict=True):
        np.multiply(scaled[i], scaled[j], out=row)
        row -= q[i, j]
    square -= 1.0
    return _Expected(log_density, scaled, square, correlation)


def _clipped(law: Law, e: Floats, shift: Floats, scale: Floats, sign: tuple[int, ...]) -> _Expected:
    """Return the same where some signals are only known to lie beyond a bound."""
    hidden = [i for i in range(SIZE) if sign[i]]
    seen = [i for i in range(SIZE) if not sign[i]]
    edge = [LOW[i] + _HALF_STEP if sign[i] < 0 else HIGH[i] - _HALF_STEP for i in hidden]
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
    q = law.precision
    scaled = q @ expected
    half = (q @ product.reshape(SIZE, -1)).reshape(product.shape)
    own = np.stack([half[i, i] for i in range(SIZE)]) - 1.0
    correlation = np.stack([q[j] @ half[i] - q[i, j] for i, j in PAIRS])
    return _Expected(log_density + tail.log_probability, scaled, own, correlation)
