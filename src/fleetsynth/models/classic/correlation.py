"""Correlation matrices: from a profile's fields, checked, repaired on request, factored."""

from __future__ import annotations

from math import sqrt
from typing import TYPE_CHECKING

import numpy as np

from fleetsynth.models.classic.signals import CORRELATION_FIELDS, SIGNALS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

DECIMALS = 6
"""Repaired correlations are rounded to this many places, since eigen-solvers differ by CPU."""

_FLOOR = 1e-4
"""Smallest eigenvalue that a repair aims at: far above what rounding can take away again."""


def matrix(correlations: Mapping[str, float]) -> NDArray[np.float64]:
    """Build the symmetric matrix from named correlations such as ``cpu_memory_correlation``."""
    out = np.eye(len(SIGNALS))
    for (i, j), field in CORRELATION_FIELDS.items():
        out[i, j] = out[j, i] = correlations[field]
    return out


def smallest_eigenvalue(correlation: NDArray[np.float64]) -> float:
    """Return the smallest eigenvalue; the matrix is positive definite if it is above zero."""
    return float(np.linalg.eigvalsh(correlation)[0])


def cholesky(correlation: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """Return the lower Cholesky factor, or None if the matrix is not positive definite.

    The textbook loop over Python floats, not LAPACK, whose result depends on the CPU and differs
    in the last bit.
    """
    size = len(correlation)
    a = correlation.tolist()
    low = [[0.0] * size for _ in range(size)]
    for i in range(size):
        for j in range(i + 1):
            rest = a[i][j]
            for k in range(j):
                rest -= low[i][k] * low[j][k]
            if i == j:
                if rest <= 0.0:
                    return None
                low[i][i] = sqrt(rest)
            else:
                low[i][j] = rest / low[j][j]
    return np.array(low)


def nearest(correlation: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the nearest positive definite correlation matrix, to six decimals.

    Higham's alternating projections (IMA Journal of Numerical Analysis 22, 2002) between the
    matrices whose eigenvalues are at least 1e-4 and those with a unit diagonal.
    """
    y = correlation.copy()
    correction = np.zeros_like(y)
    for _ in range(1000):
        shifted = y - correction
        values, vectors = np.linalg.eigh(shifted)
        x = (vectors * np.maximum(values, _FLOOR)) @ vectors.T
        correction = x - shifted
        previous, y = y, x.copy()
        np.fill_diagonal(y, 1.0)
        if np.abs(y - previous).max() < 1e-12:
            break
    rounded: NDArray[np.float64] = np.round((y + y.T) / 2, DECIMALS)
    return rounded


def fields(correlation: NDArray[np.float64]) -> dict[str, float]:
    """Name the entries of a matrix: the inverse of `matrix`."""
    return {field: float(correlation[i, j]) for (i, j), field in CORRELATION_FIELDS.items()}
