"""Patterns that repeat all the time, in samples of five minutes."""

from __future__ import annotations

from math import lcm
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from fleetsynth.models.realistic.activities import normals
from fleetsynth.numeric import rounded
from fleetsynth.streams import address, encode, mixed, words_after

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

SLOT = 300
"""Seconds of one value of a pattern."""


class Cycles(NamedTuple):
    """The patterns of some servers, each of so many slots; None for those without one."""

    patterns: Sequence[Floats | None]

    def take(self, rows: slice) -> Cycles:
        """Return those of some servers."""
        return Cycles(self.patterns[rows])

    def add(self, out: Floats, first: int, step: int) -> None:
        """Add the average over each sample.

        Args:
            out: changed in place, shape (servers, samples).
            first: first sample, counted from the Unix epoch.
            step: seconds from sample to sample.
        """
        samples = np.arange(first, first + out.shape[1])
        for row, pattern in enumerate(self.patterns):
            if pattern is not None:
                once = _sampled(pattern, step)
                out[row] += once[samples % len(once)]


def cycles_of(
    seed: int, purpose: str, names: Sequence[str], lengths: Floats, sizes: Floats
) -> Cycles:
    """Draw the patterns of servers.

    Args:
        seed: of the scenario.
        purpose: what they are: part of their address.
        names: of the servers.
        lengths: of the patterns, in slots, shape (servers,).
        sizes: standard deviation of the pattern's values; 0 for none.
    """
    words = words_after(address(seed, purpose), map(encode, names))
    return Cycles(
        [
            _pattern(words[row], int(length), size) if size else None
            for row, (length, size) in enumerate(zip(lengths, sizes, strict=True))
        ]
    )


def _pattern(word: np.uint64, length: int, size: float) -> Floats:
    """Draw a pattern with mean 0."""
    z = rounded(normals(mixed(np.array([word]), np.arange(length)), 0) * size)
    z[-1] -= z.sum()  # exact: all are multiples of 2**-20
    return z


def _sampled(pattern: Floats, step: int) -> Floats:
    """Return the averages over samples until they repeat."""
    whole = len(pattern) * SLOT
    edges = np.arange(lcm(whole, step) // step + 1) * step % whole
    slot, late = np.divmod(edges, SLOT)
    upto = np.concatenate([[0.0], pattern.cumsum()])[slot] * SLOT + pattern[slot] * late
    out: Floats = (upto[1:] - upto[:-1]) / step
    return out
