"""Arithmetic that gives the same bits on every machine."""

from __future__ import annotations

from statistics import NormalDist
from typing import TYPE_CHECKING, overload

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

RESOLUTION = 2.0**-20
"""What `rounded` keeps of a number: about six decimals."""

_PER_UNIT = 2.0**20
_LEAST_UNIFORM = 2.0**-54
_NORMAL = NormalDist()


@overload
def rounded(x: float) -> float: ...
@overload
def rounded(x: Floats) -> Floats: ...
def rounded(x: float | Floats) -> float | Floats:
    """Return the nearest multiple of 2**-20.

    The last bits of powers, exponentials, cosines and normal quantiles differ between machines.
    After this step they are the same everywhere, and products with them are, too.

    Args:
        x: a number, or an array of any shape; not changed.
    """
    if isinstance(x, float):
        return round(x * _PER_UNIT) / _PER_UNIT
    return np.rint(x * _PER_UNIT) / _PER_UNIT


def normal_quantile(u: float) -> float:
    """Return the standard normal quantile of a uniform in [0, 1); 0 counts as half a step above."""
    return _NORMAL.inv_cdf(max(u, _LEAST_UNIFORM))
