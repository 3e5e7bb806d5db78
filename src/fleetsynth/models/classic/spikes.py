"""Random events: things that happen to a server at some tick."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def spikes(u: NDArray[np.float64], probability: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Tell which ticks spike: those whose uniform is below the probability.

    Args:
        u: uniforms in [0, 1), shape (servers, ticks).
        probability: chance per tick, shape (servers,).
    """
    hit: NDArray[np.bool_] = u < probability[:, None]
    return hit
