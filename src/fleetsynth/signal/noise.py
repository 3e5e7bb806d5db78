"""Correlated Gaussian noise."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


def correlate(lower: Floats, z: Floats, signal: int) -> Floats:
    """Return one row of e = L z, summed from left to right, shape (servers, ticks).

    Element by element instead of a matrix product, whose kernels round differently by CPU.

    Args:
        lower: Cholesky factors per server, shape (servers, signals, signals).
        z: independent standard normals, shape (signals, servers, ticks).
        signal: which row.
    """
    out: Floats = np.multiply(lower[:, signal, 0, None], z[0], order="C")
    term = np.empty_like(out)
    for j in range(1, signal + 1):
        out += np.multiply(lower[:, signal, j, None], z[j], out=term)
    return out
