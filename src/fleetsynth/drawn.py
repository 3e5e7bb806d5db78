"""Archetypes and services drawn for each server, a block of ids at a time.

One archetype after the other, rare ones first, takes the servers whose uniform is below its share
of what is left. So a share that changes moves few servers, and the order in which archetypes are
listed does not matter. What stands in a block is found from the block alone, and no fleet's size
has a part in it.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise
from math import frexp
from typing import TYPE_CHECKING

import numpy as np

from fleetsynth.streams import address, stream_of_thread

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Ints = NDArray[np.int64]
    Shares = tuple[tuple[str, float], ...]
    Replicas = tuple[tuple[int, int], ...]

_TOGETHER = 64
"""Consecutive servers whose draws are spread evenly, so that few servers have about the shares."""
BLOCK = 4096
"""Consecutive servers that are drawn together; no service reaches into the next block."""
_KEPT = 512
"""Blocks that are remembered, 32 kB each: whoever asks for servers anywhere among a million finds
them again."""


def look_up(index: Ints, of_block: Callable[[int], Ints]) -> Ints:
    """Return what each server has, given what all servers of a block have."""
    out = np.empty(len(index), dtype=np.int64)
    blocks = index // BLOCK
    edges = [0, *(np.flatnonzero(np.diff(blocks)) + 1).tolist(), len(index)]
    for begin, end in pairwise(edges):
        if begin < end:
            block = int(blocks[begin])
            out[begin:end] = of_block(block)[index[begin:end] - block * BLOCK]
    return out


@lru_cache(maxsize=_KEPT)
def codes(seed: int, shares: Shares, block: int) -> Ints:
    """Return the archetypes of a block's servers, shape (BLOCK,); only to be read.

    Args:
        seed: of the scenario.
        shares: names and shares; an archetype's code is its place in them.
        block: which.
    """
    used = [code for code, (_, share) in enumerate(shares) if share > 0.0]
    order = sorted(used, key=lambda code: (_class(shares[code][1]), shares[code][0]))
    out = np.full(BLOCK, order[-1], dtype=np.int64)
    free = np.ones(BLOCK, dtype=bool)
    left = 1.0
    for code in order[:-1]:
        name, share = shares[code]
        taken = free & (_spread(block, seed, "assignment", name) < share / left)
        out[taken] = code
        free &= ~taken
        left -= share
    return out


@lru_cache(maxsize=_KEPT)
def services(seed: int, shares: Shares, replicas: Replicas, block: int) -> Ints:
    """Return the first server of each server's service, for a block, shape (BLOCK,).

    Of the servers with which the next service may begin, given its fewest and most servers, it
    begins with the one that drew highest. So a server that comes or goes changes its own service
    and hardly another. The last of an archetype in a block takes what is left.

    Args:
        seed: of the scenario.
        shares: as for `codes`.
        replicas: fewest and most servers of a service, per archetype.
        block: which.
    """
    out = np.empty(BLOCK, dtype=np.int64)
    archetypes, height = codes(seed, shares, block), _uniforms(block, seed, "service start")
    for code, (fewest, most) in enumerate(replicas):
        members = np.flatnonzero(archetypes == code)
        heights, begins = height[members].tolist(), [0]  # of a few numbers a list is faster
        while len(members) - begins[-1] > most:
            may = heights[begins[-1] + fewest : begins[-1] + most + 1]
            begins.append(begins[-1] + fewest + may.index(max(may)))
        if len(members):
            lengths = np.diff([*begins, len(members)])
            out[members] = np.repeat(block * BLOCK + members[begins], lengths)
    return out


def _class(share: float) -> int:
    """Tell how rare a share is: 0 from 1/16 on, -1 from 1/64 on, -2 from 1/256 on, and so on."""
    return min(0, (frexp(share)[1] + 3) // 2)


def _spread(block: int, *purpose: str | int) -> NDArray[np.float64]:
    """Return uniforms of which each 64 in a row have one in each 64th of [0, 1)."""
    draws = stream_of_thread().at(address(*purpose), block).random((2, BLOCK))
    order = draws[0].reshape(-1, _TOGETHER).argsort(axis=1, kind="stable")
    rank = np.empty_like(order)
    np.put_along_axis(rank, order, np.arange(_TOGETHER)[None], axis=1)
    out: NDArray[np.float64] = (rank.reshape(-1) + draws[1]) / _TOGETHER
    return out


def _uniforms(block: int, *purpose: str | int) -> NDArray[np.float64]:
    return stream_of_thread().at(address(*purpose), block).random(BLOCK)
