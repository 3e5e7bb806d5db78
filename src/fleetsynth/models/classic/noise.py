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


def correlate_all(lower: Floats, z: Floats) -> Floats:
    """Return all rows of e = L z, shape (signals, servers, ticks), bit for bit as `correlate`.

    In few calls instead of few operations, which is what counts for a handful of servers: the
    zeros above the diagonal take part, and add nothing.
    """
    columns = np.moveaxis(lower, 0, -1)[..., None]
    out: Floats = columns[:, 0] * z[0]
    term = np.empty_like(out)
    for j in range(1, len(z)):
        out += np.multiply(columns[:, j], z[j], out=term)
    return out
