"""Every random number of the classic model, a tile at a time."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from fleetsynth.models.classic.signals import SIGNALS
from fleetsynth.streams import address, encode, length_prefixed
from fleetsynth.window import BLOCK

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from fleetsynth.models.classic.plan import ClassicPlan
    from fleetsynth.streams import Stream
    from fleetsynth.window import Window

    Floats = NDArray[np.float64]


class Draws(NamedTuple):
    """Every random number behind a window.

    Attributes:
        z: independent standard normals, shape (signals, servers, ticks).
        u: uniforms in [0, 1), shape (servers, ticks).
    """

    z: Floats
    u: Floats


class Tiles:
    """The draws of servers at one step, a tile at a time.

    Args:
        seed: seed of the scenario.
        step: seconds from tick to tick.
        stream: the generator to move to each address.
        spikes: whether to draw for spikes; without them u is 1, which never spikes.
    """

    def __init__(self, seed: int, step: int, stream: Stream, *, spikes: bool) -> None:
        self._noise = address(seed, "noise")
        self._spikes = address(seed, "spikes") if spikes else None
        self._step = encode(step)
        self._stream = stream
        self._normals = np.empty(len(SIGNALS) * BLOCK)
        self._z = self._normals.reshape(len(SIGNALS), BLOCK)
        self._u = np.ones(BLOCK)

    def tile(self, server: bytes, block: int, wanted: slice = slice(0, BLOCK)) -> Draws:
        """Return the draws of a server in a block; its arrays are used again for the next.

        A tile's normals are drawn one signal after the other and each may take any number of
        words, so all before the last one that is wanted have to be drawn; uniforms take one each.

        Args:
            server: the server's id, as `streams.encode` returns it.
            block: number of the block.
            wanted: the ticks that matter; the others hold anything.
        """
        parts = server + self._step + length_prefixed(block)
        normals = self._normals[: wanted.stop - BLOCK] if wanted.stop < BLOCK else self._normals
        self._stream.after(self._noise, parts).standard_normal(out=normals)
        if self._spikes is not None:
            skipped = wanted.start // 4
            uniforms = self._u[4 * skipped : wanted.stop]
            self._stream.after(self._spikes, parts, skipped).random(out=uniforms)
        return Draws(self._z, self._u)


def draw(plan: ClassicPlan, window: Window, stream: Stream) -> Draws:
    """Return the draws of a window."""
    servers = plan.fleet.encoded_ids(window.first_server, window.stop_server)
    return draw_of(plan, servers, window.first_tick, window.stop_tick, stream)


def draw_of(
    plan: ClassicPlan, servers: Sequence[bytes], first_tick: int, stop_tick: int, stream: Stream
) -> Draws:
    """Return the draws of servers, by their encoded ids, over ticks first_tick..stop_tick-1.

    Tiles are drawn, and what is wanted is cut out of each.
    """
    drawn = Tiles(plan.scenario.seed, plan.clock.step, stream, spikes=plan.scenario.spikes)
    u = np.empty((len(servers), stop_tick - first_tick))
    z = np.empty((len(SIGNALS), *u.shape))
    tiles = _tiles(first_tick, stop_tick)
    for row, server in enumerate(servers):
        for block, here, there in tiles:
            tile = drawn.tile(server, block, there)
            z[:, row, here] = tile.z[:, there]
            u[row, here] = tile.u[there]
    return Draws(z, u)


@lru_cache(maxsize=128)  # the same for every server: 73 in four years of minutes
def _tiles(first_tick: int, stop_tick: int) -> list[tuple[int, slice, slice]]:
    """Cut ticks into blocks: each with its place among the ticks, and theirs within it."""
    out = []
    for block in range(first_tick // BLOCK, (stop_tick - 1) // BLOCK + 1):
        begin = block * BLOCK
        first, stop = max(first_tick, begin), min(stop_tick, begin + BLOCK)
        here = slice(first - first_tick, stop - first_tick)
        out.append((block, here, slice(first - begin, stop - begin)))
    return out
