"""Archetypes and services drawn for each server, a block of ids at a time.

Of the exponential draws that a server has, one for each archetype, each is divided by the share of
its archetype; the least decides. So a share that grows only takes servers in, from all others; one
that shrinks only gives away; the order of archetypes does not matter. What stands in a block is
found from the block alone, and no fleet's size has a part in it.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from fleetsynth.numeric import rounded
from fleetsynth.streams import address, stream_of_thread

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Ints = NDArray[np.int64]
    Shares = tuple[tuple[str, float], ...]
    Replicas = tuple[tuple[int, int], ...]

BLOCK = 4096
"""Consecutive servers that are drawn together; no service reaches into the next block."""


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


@lru_cache(maxsize=64)
def codes(seed: int, shares: Shares, block: int) -> Ints:
    """Return the archetypes of a block's servers, shape (BLOCK,); only to be read.

    Args:
        seed: of the scenario.
        shares: names and shares; an archetype's code is its place in them.
        block: which.
    """
    out = np.zeros(BLOCK, dtype=np.int64)
    least = np.full(BLOCK, np.inf)
    for code in sorted(range(len(shares)), key=lambda code: shares[code][0]):
        name, share = shares[code]
        if share > 0.0:
            time = rounded(-np.log(1.0 - _uniforms(block, seed, "assignment", name))) / share
            out[time < least] = code
            np.minimum(least, time, out=least)
    return out


@lru_cache(maxsize=64)
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
        heights, begin = height[members], 0
        while begin < len(members):
            end = len(members)
            if end - begin > most:
                end = begin + fewest + int(heights[begin + fewest : begin + most + 1].argmax())
            out[members[begin:end]] = block * BLOCK + members[begin]
            begin = end
    return out


def _uniforms(block: int, *purpose: str | int) -> NDArray[np.float64]:
    return stream_of_thread().at(address(*purpose), block).random(BLOCK)
