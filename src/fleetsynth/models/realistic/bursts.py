"""Short heavy-tailed peaks: events that start at some sample and last one to four."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from fleetsynth.clock import DAY_SECONDS
from fleetsynth.numeric import rounded
from fleetsynth.streams import Stream, address
from fleetsynth.window import BLOCK

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

MOST_A_DAY = 24
"""Candidates a day, at least; a burst is a candidate that happens."""

LENGTHS = (0.4, 0.7, 0.88)
"""A burst is longer than 1, 2 or 3 samples if its uniform reaches these."""

SHAPE = (1.0, 0.85, 0.7, 0.5)
"""What is left of a burst's height at its first, second, third and fourth sample."""


class Bursts(NamedTuple):
    """Events in order of entity, tile and candidate.

    Attributes:
        row: the entity's place, shape (events,).
        start: first tick, counted from the Unix epoch.
        length: samples, 1 to 4.
        height: at the first sample, in whatever unit `lowest` has.
        second: one more uniform in [0, 1), for what else an event decides.
    """

    row: Ints
    start: Ints
    length: Ints
    height: Floats
    second: Floats

    def of(self, row: int) -> Bursts:
        """Return the events of one entity, as the only one."""
        hit = self.row == row
        alone = Bursts(*(values[hit] for values in self))
        return alone._replace(row=np.zeros_like(alone.row))


def draw(
    address_of: tuple[int, str, int],
    names: Sequence[str],
    first: int,
    stop: int,
    figures: Sequence[Floats],
    stream: Stream,
) -> Bursts:
    """Draw the bursts that touch tiles first..stop-1, and so those that start in the tile before.

    Args:
        address_of: seed, purpose and step: the beginning of the address.
        names: of the entities.
        first: first tile.
        stop: one past the last.
        figures: bursts a day (at most `MOST_A_DAY`), lowest height, index of the Pareto tail and
            greatest height, shape (entities,) each.
        stream: the generator to move to each address.
    """
    seed, purpose, step = address_of
    rate, lowest, tail, greatest = figures
    days = BLOCK * step / DAY_SECONDS
    candidates = ceil(MOST_A_DAY * days)
    u = np.empty((len(names), stop - first + 1, 5, candidates))
    wanted = np.flatnonzero(rate > 0).tolist()
    for row in wanted:
        prefix = address(seed, purpose, names[row], step)
        for place in range(u.shape[1]):
            stream.at(prefix, first - 1 + place).random(out=u[row, place])
    chance = (rate[wanted] * (days / candidates))[:, None, None]
    picked, tile, candidate = np.nonzero(u[wanted, :, 0] < chance)
    rows = np.array(wanted, dtype=np.int64)[picked]
    _, at, long, high, second = u[rows, tile, :, candidate].T
    start = (first - 1 + tile) * BLOCK + (at * BLOCK).astype(np.int64)
    length = 1 + np.searchsorted(LENGTHS, long, side="right")
    height = np.minimum(lowest[rows] * np.power(1.0 - high, -1.0 / tail[rows]), greatest[rows])
    return Bursts(rows, start, length, rounded(height), second)


def add(out: Floats, first_tick: int, bursts: Bursts, scale: Floats) -> None:
    """Add bursts to series that begin at a tick, shape (entities, ticks).

    Args:
        out: changed in place.
        first_tick: of `out`.
        bursts: some may lie outside.
        scale: multiplies each event's height, shape (events,).
    """
    for place, left in enumerate(SHAPE):
        at = bursts.start + (place - first_tick)
        here = (bursts.length > place) & (at >= 0) & (at < out.shape[1])
        # One after the other, in a fixed order, since two bursts may meet.
        np.add.at(out, (bursts.row[here], at[here]), (bursts.height * scale)[here] * left)
