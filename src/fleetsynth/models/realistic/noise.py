"""Noise with memory: octaves of keyed normals on knots, a function of key and time alone.

An octave of spacing s has a standard normal at every s-th sample. Between two knots it is
``cos(a) z0 + sin(a) z1`` with the angle a growing from 0 to a quarter turn. So its variance is 1
everywhere, its correlation from one sample to the next is cos(pi / 2s) everywhere, and neither
knows where a tile ends. Octaves of 32 samples and more are worked out at every eighth sample and
joined by straight lines.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from fleetsynth.numeric import rounded
from fleetsynth.streams import Stream, address
from fleetsynth.window import BLOCK

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from hashlib import blake2b

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

SPACINGS = (1, 4, 32, 256, 2048, 16384)
"""Samples from knot to knot, octave by octave."""

GRID = 8
"""Samples from point to point of the grid that slow octaves are worked out on."""

Layout = dict[str, tuple[int, ...]]
"""The series that an entity has, each with the spacings of its octaves."""

SERVER: Layout = {
    "cpu": SPACINGS,
    "net_in": (1, *SPACINGS[2:]),
    "net_out": (1,),
    "memory": SPACINGS[2:],
    "disk": SPACINGS[2:],
}
SERVICE: Layout = {"demand": SPACINGS}

SPECTRUM = ("fast", "slow", "slow_share")
"""The figures that share variance out to octaves."""

_KNOTS = 64
"""Knots of an octave beyond a tile's length that are drawn together."""

_SHORT = 16


def amplitudes(
    spacings: Sequence[int], step: int, fast: Floats, slow: Floats, slow_share: Floats
) -> Floats:
    """Share unit variance out to octaves, by time scale.

    The share of the variance with a scale below x minutes is
    ``(1 - slow_share) h(x / fast) + slow_share h(x / slow)`` with h(y) = y^2 / (1 + y^2); an
    octave takes what lies between the geometric means of its spacing and its neighbours'.

    Args:
        spacings: of the octaves, in samples.
        step: seconds from sample to sample.
        fast: time scale of the fast part in minutes, shape (entities,).
        slow: time scale of the slow part, same shape.
        slow_share: share of the slow part, same shape.

    Returns:
        Amplitudes, rounded to 2**-20, shape (entities, octaves).
    """
    minutes = np.array(spacings) * step / 60
    edges = np.sqrt(minutes[:-1] * minutes[1:])

    def below(scale: Floats) -> Floats:
        y: Floats = np.square(edges / scale[:, None])
        out: Floats = y / (1 + y)
        return out

    share = slow_share[:, None]
    inner = (1 - share) * below(fast) + share * below(slow)
    cumulative = np.concatenate([np.zeros_like(share), inner, np.ones_like(share)], axis=1)
    parts: Floats = np.maximum(cumulative[:, 1:] - cumulative[:, :-1], 0.0)
    return rounded(np.sqrt(parts))


class Knots:
    """The knots of some entities over whole tiles, with those that close the last one.

    Args:
        layout: the series of an entity.
        purpose: what the normals are for: part of their address.
        seed: seed of the scenario.
        step: seconds from sample to sample.
        names: of the entities.
        first: first tile, counted from the Unix epoch.
        stop: one past the last.
        stream: the generator to move to each address.
    """

    def __init__(
        self,
        layout: Layout,
        purpose: str,
        seed: int,
        step: int,
        names: Sequence[str],
        first: int,
        stop: int,
        stream: Stream,
    ) -> None:
        self._layout, self._first, self._stop = layout, first, stop
        self._offsets = _offsets(layout)
        size = sum(BLOCK // spacing for _, spacing in self._offsets)
        self._tiles = np.empty((len(names), stop - first + 1, size))
        slow = [series for series, spacings in layout.items() if spacings[-1] > BLOCK]
        self._slow_series = {series: place for place, series in enumerate(slow)}
        self._slow: dict[int, tuple[int, Floats]] = {}
        for row, name in enumerate(names):
            prefix = address(seed, purpose, name, step)
            for tile in range(first, stop + 1):
                stream.at(prefix, tile).standard_normal(out=self._tiles[row, tile - first])
        for spacing in SPACINGS:
            if spacing > BLOCK and slow:
                prefixes = [address(seed, f"slow {purpose}", name, step, spacing) for name in names]
                self._slow[spacing] = self._draw_slow(prefixes, spacing, stream)

    def series(self, name: str, amplitude: Floats) -> Floats:
        """Return a series over the tiles, shape (entities, ticks).

        Args:
            name: of the series.
            amplitude: of each octave, shape (entities, octaves).
        """
        entities, tiles = self._tiles.shape[0], self._stop - self._first
        out = np.zeros((entities, tiles * BLOCK))
        coarse: Floats | None = None
        for octave, spacing in enumerate(self._layout[name]):
            scale = amplitude[:, octave, None]
            if spacing == 1:
                np.multiply(self._fast(name, 1)[:, : tiles * BLOCK], scale, out=out)
            elif spacing < GRID:
                _add_blended(out, self._fast(name, spacing) * scale, spacing)
            else:
                part = self._on_grid(name, spacing, scale)
                coarse = part if coarse is None else coarse + part
        if coarse is not None:
            _add_straight(out, coarse)
        return out

    def _fast(self, name: str, spacing: int) -> Floats:
        """Knots over the tiles and one beyond, shape (entities, knots + 1)."""
        offset = self._offsets[name, spacing]
        per_tile = BLOCK // spacing
        cut = self._tiles[:, :, offset : offset + per_tile]
        return cut.reshape(len(cut), -1)[:, : (cut.shape[1] - 1) * per_tile + 1]

    def _on_grid(self, name: str, spacing: int, scale: Floats) -> Floats:
        """An octave at every `GRID`-th sample, the closing one included."""
        points = (self._stop - self._first) * BLOCK // GRID + 1
        if spacing <= BLOCK:
            return _blended(self._fast(name, spacing) * scale, 0, points, spacing)
        first, knots = self._slow[spacing]
        values = knots[:, :, self._slow_series[name]]
        skipped = (self._first * BLOCK - first * spacing) // GRID
        return _blended(values * scale, skipped, points, spacing)

    def _draw_slow(
        self, prefixes: Sequence[blake2b], spacing: int, stream: Stream
    ) -> tuple[int, Floats]:
        """Draw an octave whose knots lie further apart than a tile; return its first knot too."""
        first = self._first * BLOCK // spacing // _KNOTS
        last = (self._stop * BLOCK // spacing + 1) // _KNOTS
        shape = (last - first + 1, _KNOTS, len(self._slow_series))
        out = np.empty((len(prefixes), *shape))
        for row, prefix in enumerate(prefixes):
            for place in range(len(out[row])):
                stream.at(prefix, first + place).standard_normal(out=out[row, place])
        return first * _KNOTS, out.reshape(len(prefixes), -1, shape[2])


@cache
def _weights(spacing: int) -> tuple[Floats, Floats]:
    """Weights of the knot before and the knot after, per place between them."""
    angle = np.pi / 2 * np.arange(spacing) / spacing
    return rounded(np.cos(angle)), rounded(np.sin(angle))


def _offsets(layout: Mapping[str, Sequence[int]]) -> dict[tuple[str, int], int]:
    """Where the knots of each octave begin within a tile's normals."""
    out, at = {}, 0
    for series, spacings in layout.items():
        for spacing in spacings:
            if spacing <= BLOCK:
                out[series, spacing] = at
                at += BLOCK // spacing
    return out


def _blended(knots: Floats, skipped: int, points: int, spacing: int) -> Floats:
    """Blend knots at points of the grid, shape (entities, points).

    Args:
        knots: shape (entities, knots).
        skipped: points from the first knot to the first point wanted.
        points: how many are wanted; the last may be a knot with none beyond it.
        spacing: samples from knot to knot.
    """
    before, after = (weights[::GRID] for weights in _weights(spacing))
    each = len(before)
    first, stop = skipped // each, -(-(skipped + points - 1) // each)
    now, then = knots[:, first:stop, None], knots[:, first + 1 : stop + 1, None]
    out = np.empty((len(knots), (stop - first) * each + 1))
    parts = out[:, :-1].reshape(len(knots), stop - first, each)
    if each < _SHORT:  # NumPy is slow where the last axis is short
        for place in range(each):
            parts[:, :, place] = now[:, :, 0] * before[place] + then[:, :, 0] * after[place]
    else:
        np.multiply(now, before, out=parts)
        parts += then * after
    out[:, -1] = knots[:, stop]
    begin = skipped - first * each
    return out[:, begin : begin + points]


def _add_blended(out: Floats, knots: Floats, spacing: int) -> None:
    """Add an octave of few samples per knot to a series that begins and ends at a knot."""
    before, after = _weights(spacing)
    parts = out.reshape(len(out), -1, spacing)
    now, then = knots[:, :-1], knots[:, 1:]
    parts[:, :, 0] += now
    for place in range(1, spacing):
        parts[:, :, place] += now * before[place] + then * after[place]


def _add_straight(out: Floats, grid: Floats) -> None:
    """Add the straight lines between points of the grid to a series."""
    parts = out.reshape(len(out), -1, GRID)
    now = grid[:, :-1]
    rise = (grid[:, 1:] - now) / GRID
    parts[:, :, 0] += now
    for place in range(1, GRID):
        parts[:, :, place] += now + rise * place
