"""How large servers are, in bytes, and what is left of that."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from fleetsynth.block import NULL_HUNDREDTHS
from fleetsynth.instances import CAPACITIES
from fleetsynth.presets.capacity import capacities
from fleetsynth.series.counters import FULL
from fleetsynth.window import Window

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fleetsynth.plan import Plan

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]

GIB, GB = 1 << 30, 10**9
MEMORY_BYTES, DISK_BYTES = 64 * GIB, 500 * GB
"""How large servers are that are of no type."""
_MEMORY, _DISK = CAPACITIES.index("memory_gib"), CAPACITIES.index("disk_gb")
PAGE_BYTES, BLOCK_BYTES = 1 << 10, 1 << 12
"""What memory and disk space are counted in."""


class Sizes(NamedTuple):
    """How large a server is, in bytes, shape (ticks,) each.

    Attributes:
        memory: its memory.
        disk: its disk.
    """

    memory: Ints
    disk: Ints


def sizes(plan: Plan, server: int, first: int, stop: int) -> Sizes:
    """Return how large a server is at ticks first..stop-1: what its type has, or has become."""
    if plan.fleet.types is None:
        return Sizes(np.full(stop - first, MEMORY_BYTES), np.full(stop - first, DISK_BYTES))
    there = capacities(plan, Window(server, server + 1, first, stop))[:, 0].astype(np.int64)
    whole = np.broadcast_to(there, (len(there), stop - first))
    return Sizes(whole[_MEMORY] * GIB // 100, whole[_DISK] * (GB // 100))


def available(used: NDArray[np.int32], size: Ints, unit: int) -> Floats:
    """Return the bytes that are left, in whole units, of hundredths that are used.

    NaN where nobody knows.
    """
    left = ((size // unit) * (FULL - used.astype(np.int64)) + FULL // 2) // FULL * unit
    return np.where(used == NULL_HUNDREDTHS, np.nan, left)
