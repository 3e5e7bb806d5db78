"""What drifts over hours: normals on knots in time, joined by straight lines.

Knots lie at fixed seconds, whatever the sample interval, so a finer one only looks more closely.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fleetsynth.models.realistic import normals
from fleetsynth.streams import Stream, address

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

CELL = 153_600
"""Seconds whose knots are drawn together: 512 samples of five minutes."""

SPACINGS = (2_400, 19_200, 38_400)
"""Seconds from knot to knot of the three parts: 40 minutes, five hours, half a day."""
PARTS = ("fast", "middle", "slow")
"""What figures call them."""

_FINE = SPACINGS[0]
_OFFSETS = tuple(np.cumsum([0, *(CELL // spacing for spacing in SPACINGS)]).tolist())


class Wander:
    """The drift of some entities over a span.

    Args:
        seed: of the scenario.
        purpose: what the normals are for: part of their address.
        names: of the entities.
        series: how many independent ones each entity has.
        span: first and last second at which a sample lies.
        stream: the generator to move to each address.
    """

    def __init__(
        self,
        seed: int,
        purpose: str,
        names: Sequence[str],
        series: int,
        span: tuple[int, int],
        stream: Stream,
    ) -> None:
        self._first, self._stop = span[0] // CELL, span[1] // CELL + 1
        cells = self._stop - self._first + 1  # with that whose first knots close the last one
        codes = np.empty((len(names), cells, series * _OFFSETS[-1]), np.uint16)
        for row, name in enumerate(names):
            prefix = address(seed, purpose, name)
            for cell in range(cells):
                drawn = normals.draw(stream, prefix, self._first + cell, codes.shape[2])
                codes[row, cell] = drawn
        self._codes = codes.reshape(len(names), cells, series, -1)

    def on_knots(self, series: int, sizes: Sequence[Floats]) -> Floats:
        """Return a series at the finest knots, shape (entities, knots).

        Args:
            series: which.
            sizes: of the three parts, shape (entities,) each.
        """
        count = (self._stop - self._first) * CELL // _FINE
        out = np.zeros((len(self._codes), count + 1))
        for part, spacing in enumerate(SPACINGS):
            cut = self._codes[:, :, series, _OFFSETS[part] : _OFFSETS[part + 1]]
            codes = cut.reshape(len(cut), -1)[:, : (cut.shape[1] - 1) * cut.shape[2] + 1]
            knots = normals.of(codes)
            knots *= sizes[part][:, None]
            out[:, -1] += knots[:, -1]
            joined = straight(knots[:, :-1], knots[:, 1:], spacing // _FINE)
            out[:, :-1] += joined.reshape(len(out), -1)
        return out

    def at(self, knots: Floats, first: int, stop: int, step: int) -> Floats:
        """Return a series at samples first..stop-1, shape (entities, samples).

        Args:
            knots: as `on_knots` returns them.
            first: first sample, counted from the Unix epoch.
            stop: one past the last.
            step: seconds from sample to sample.
        """
        if _FINE % step == 0:
            return self._straight(knots, first, stop, _FINE // step)
        seconds = np.arange(first, stop) * step - self._first * CELL
        place, late = np.divmod(seconds, _FINE)
        now = knots[:, place]
        rise = knots[:, place + 1]
        rise -= now
        rise *= late / _FINE
        now += rise
        return now

    def _straight(self, knots: Floats, first: int, stop: int, each: int) -> Floats:
        """Join knots by straight lines of so many samples each."""
        begin = first - self._first * (CELL // _FINE) * each
        low, high = begin // each, -(-(begin + stop - first) // each)
        out = straight(knots[:, low:high], knots[:, low + 1 : high + 1], each)
        begin -= low * each
        return out.reshape(len(out), -1)[:, begin : begin + stop - first]


def straight(now: Floats, then: Floats, each: int) -> Floats:
    """Return straight lines from each value to the next, of so many places each.

    Args:
        now: values at which lines begin, shape (rows, lines).
        then: values before which they end.
        each: places of a line, the first at its begin.

    Returns:
        Shape (rows, lines, each).
    """
    out: Floats = ((then - now) / each)[:, :, None] * np.arange(float(each))
    out += now[:, :, None]
    return out
