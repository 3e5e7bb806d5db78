"""What sets one sample apart from the next: keyed normals, a tile of samples at a time."""

from __future__ import annotations

from math import sqrt
from typing import TYPE_CHECKING

import numpy as np

from fleetsynth.models.realistic import normals
from fleetsynth.numeric import rounded
from fleetsynth.streams import Stream, address
from fleetsynth.window import BLOCK

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

SERIES = ("cpu", "net_in", "net_out", "memory")
"""What each server has of its own."""

_TAPS = 4
"""Samples that one sample's noise is made of."""


class Noise:
    """The normals of some servers or services over samples first..stop-1, and those behind them.

    Args:
        seed: of the scenario.
        purpose: what they are for: part of the address.
        names: of the servers or services.
        series: names of the independent series that each has.
        span: first sample, counted from the Unix epoch, and one past the last.
        step: seconds from sample to sample: part of the address.
        stream: the generator to move to each address.
    """

    def __init__(
        self,
        seed: int,
        purpose: str,
        names: Sequence[str],
        series: Sequence[str],
        span: tuple[int, int],
        step: int,
        stream: Stream,
    ) -> None:
        first, stop = span[0] // BLOCK, (span[1] + _TAPS - 2) // BLOCK + 1
        self._begin, self._count = span[0] - first * BLOCK, span[1] - span[0]
        self._series = list(series)
        self._codes = np.empty((len(series), len(names), stop - first, BLOCK), np.uint16)
        count = len(series) * BLOCK
        for row, name in enumerate(names):
            prefix = address(seed, purpose, name, step)
            for tile in range(first, stop):
                drawn = normals.draw(stream, prefix, tile, count)
                self._codes[:, row, tile - first] = drawn.reshape(-1, BLOCK)

    def normals(self, name: str) -> Floats:
        """Return the normals of the samples and of the next three, shape (names, samples + 3)."""
        tiles = self._codes[self._series.index(name)]
        codes = tiles.reshape(len(tiles), -1)
        return normals.of(codes[:, self._begin : self._begin + self._count + _TAPS - 1])

    def white(self, name: str) -> Floats:
        """Return a series in which no sample knows of the next, shape (names, samples)."""
        return self.normals(name)[:, : self._count]


def remembering(z: Floats, memory: Floats, skew: Floats | None = None) -> Floats:
    """Return noise of mean 0 and variance 1, shape (servers, samples).

    Each sample is a weighted sum of its own normal and the next three, by powers of the
    correlation from sample to sample.

    Args:
        z: normals, shape (servers, samples + 3).
        memory: that correlation, shape (servers,).
        skew: how much further up than down, 0 to 1, shape (servers,); None for even.
    """
    if skew is not None:
        s = (skew * 0.25)[:, None]
        z = (z + s * (z * z - 1.0)) * rounded(1 / np.sqrt(1 + 2 * s * s))
    powers = [np.ones_like(memory), memory, memory * memory, memory * memory * memory]
    scale = rounded(1 / np.sqrt(sum(power * power for power in powers)))
    count = z.shape[1] - _TAPS + 1
    out: Floats = z[:, :count] * scale[:, None]
    for place, power in enumerate(powers[1:], start=1):
        out += z[:, place : place + count] * (power * scale)[:, None]
    return out


def at_step(size: Floats, step: int) -> Floats:
    """Return the size of a sample's noise, given that of five minutes: means of it are alike."""
    out: Floats = rounded(size * sqrt(300 / step))
    return out
