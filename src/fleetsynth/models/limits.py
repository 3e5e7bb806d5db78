"""Rounding: from a signal within its bounds to what a collector would publish."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def hundredths(values: NDArray[np.float64], out: NDArray[np.int32]) -> None:
    """Round to two decimals, ties to even, and write whole hundredths to `out`.

    The published value is the quotient by 100, which is the same float as
    ``rint(x * 100) / 100``. It takes the memory of `values`, which are lost.
    """
    values *= 100
    out[...] = np.rint(values, out=values)
