"""What sets one sample apart from the next: keyed normals, a tile of samples at a time."""

from __future__ import annotations

from math import sqrt
from typing import TYPE_CHECKING

import numpy as np

from fleetsynth.numeric import rounded
from fleetsynth.streams import Stream, address
from fleetsynth.window import BLOCK

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

SERIES = ("cpu", "net_in", "net_out", "memory")

_TAPS = 4
"""Samples that one sample's noise is made of."""


class Noise:
    """The noise of some servers over samples first..stop-1.

    Args:
        seed: of the scenario.
        names: of the servers.
        span: first sample, counted from the Unix epoch, and one past the last.
        step: seconds from sample to sample: part of the address.
        stream: the generator to move to each address.
    """

    def __init__(
        self, seed: int, names: Sequence[str], span: tuple[int, int], step: int, stream: Stream
    ) -> None:
        first, stop = span[0] // BLOCK, (span[1] + _TAPS - 2) // BLOCK + 1
        self._begin, self._count = span[0] - first * BLOCK, span[1] - span[0]
        self._normals = np.empty((len(SERIES), len(names), stop - first, BLOCK))
        one = np.empty((len(SERIES), BLOCK))
        for row, name in enumerate(names):
            prefix = address(seed, "samples", name, step)
            for tile in range(first, stop):
                stream.at(prefix, tile).standard_normal(out=one)
                self._normals[:, row, tile - first] = one

    def series(self, name: str, memory: Floats | None = None, skew: Floats | None = None) -> Floats:
        """Return one series of mean 0 and variance 1, shape (servers, samples).

        Each sample is a weighted sum of its own normal and the next three, by powers of the
        correlation from sample to sample.

        Args:
            name: which of `SERIES`.
            memory: that correlation, shape (servers,); None for none.
            skew: how much further up than down, 0 to 1, shape (servers,); None for even.
        """
        tiles = self._normals[SERIES.index(name)]
        count = self._count + (_TAPS - 1 if memory is not None else 0)
        z: Floats = tiles.reshape(len(tiles), -1)[:, self._begin : self._begin + count]
        if skew is not None:
            s = (skew * 0.25)[:, None]
            z = (z + s * (z * z - 1.0)) * rounded(1 / np.sqrt(1 + 2 * s * s))
        if memory is None:
            return z.copy()
        powers = [np.ones_like(memory), memory, memory * memory, memory * memory * memory]
        scale = rounded(1 / np.sqrt(sum(power * power for power in powers)))
        out: Floats = z[:, : self._count] * scale[:, None]
        for place, power in enumerate(powers[1:], start=1):
            out += z[:, place : place + self._count] * (power * scale)[:, None]
        return out


def at_step(size: Floats, step: int) -> Floats:
    """Return the size of a sample's noise, given that of five minutes: means of it are alike."""
    out: Floats = rounded(size * sqrt(300 / step))
    return out
