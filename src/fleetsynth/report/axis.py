"""A time axis that grows with the data and becomes coarser when it grows too long."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from fleetsynth.clock import DAY_SECONDS, HOUR_SECONDS
from fleetsynth.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]

WIDTHS = (1, 5, 15, 60, 300, 900, HOUR_SECONDS, 10_800, 21_600, DAY_SECONDS)
"""Widths of a bucket in seconds; each divides the next."""

_LONG_WIDTHS = (7 * DAY_SECONDS, 28 * DAY_SECONDS, 364 * DAY_SECONDS)
FINE = 2_048
"""Buckets that an axis of less than a day's width may have."""
_MOST_DAYS = 40_000


@dataclass(frozen=True)
class Axis:
    """Buckets of one width.

    Attributes:
        width: seconds.
        first: number of the first bucket, counted from the origin.
        count: how many there are.
        origin: seconds since the epoch. Buckets of more than a day begin where the data do, and
            the last takes in what is left of another, so that none is a stump.
    """

    width: int
    first: int
    count: int
    origin: int = 0

    @property
    def starts(self) -> Ints:
        """Seconds since the epoch at which each bucket begins."""
        numbers = np.arange(self.first, self.first + self.count, dtype=np.int64)
        return numbers * self.width + self.origin

    def place(self, seconds: Ints) -> Ints:
        """Return the bucket of each moment, counted from the first."""
        place = (seconds - self.origin) // self.width - self.first
        return np.minimum(place, self.count - 1) if self.width > DAY_SECONDS else place

    def covering(self, low: int, high: int) -> Axis:
        """Return an axis that has room for both moments too, coarser if need be."""
        width = self.width
        while True:
            first, last = low // width, high // width
            if self.count:
                first = min(first, self.first * self.width // width)
                last = max(last, (self.first + self.count - 1) * self.width // width)
            count = last - first + 1
            if count <= FINE or width == DAY_SECONDS:
                break
            width = WIDTHS[WIDTHS.index(width) + 1]
        if count > _MOST_DAYS:
            raise InputError(f"timestamps span {count:,} days: too many for one report")
        return Axis(width, first, count)

    def coarser(self, most: int, step: int = 1) -> Axis:
        """Return the finest axis over the same time that has no more buckets than `most`.

        None is finer than data of a step of so many seconds.
        """
        if not self.count:
            return self
        begin, end = int(self.starts[0]), int(self.starts[-1]) + self.width
        least = max(self.width, axis_from(step).width)
        for width in WIDTHS[WIDTHS.index(least) :]:
            first, last = begin // width, (end - 1) // width
            if last - first < most:
                return Axis(width, first, last - first + 1)
        longest = _LONG_WIDTHS[-1]
        width = next((w for w in _LONG_WIDTHS if (end - begin) // w <= most), longest)
        return Axis(width, 0, max(1, (end - begin) // width), begin)


def regroup(
    values: NDArray[Any], place: Ints, size: int, *, how: np.ufunc = np.add, empty: float = 0
) -> NDArray[Any]:
    """Put the last axis together anew: entry i goes to `place[i]` of `size` places.

    Args:
        values: any shape.
        place: one per entry of the last axis.
        size: length of the new last axis.
        how: np.add or np.maximum.
        empty: what stands where nothing goes.
    """
    out = np.full((*values.shape[:-1], size), empty, dtype=values.dtype)
    if place.size:
        order = np.argsort(place, kind="stable")
        sorted_places = place[order]
        starts = np.flatnonzero(np.diff(sorted_places, prepend=-1))
        out[..., sorted_places[starts]] = how.reduceat(values[..., order], starts, axis=-1)
    return out


def axis_from(step: int) -> Axis:
    """Return an empty axis for data of a step of so many seconds."""
    width = max((w for w in WIDTHS if w <= step), default=1)
    return Axis(width, 0, 0)
