"""Correlated Gaussian noise."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


def correlate(lower: Floats, z: Floats) -> Floats:
    """Return e = L z, each row summed from left to right.

    Element by element instead of a matrix product, whose kernels round differently by CPU.

    Args:
        lower: Cholesky factors per server, shape (servers, signals, signals).
        z: independent standard normals, shape (signals, servers, ticks).
    """
    out = np.empty_like(z)
    for i in range(len(z)):
        np.multiply(lower[:, i, 0, None], z[0], out=out[i])
        for j in range(1, i + 1):
            out[i] += lower[:, i, j, None] * z[j]
    return out
