"""A time axis that grows with the data and becomes coarser when it grows too long."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from fleetsynth.clock import DAY_SECONDS
from fleetsynth.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]

WIDTHS = (1, 5, 15, 60, 300, 900, 3_600, 10_800, 21_600, DAY_SECONDS)
"""Widths of a bucket in seconds; each divides the next."""

_LONG_WIDTHS = (7 * DAY_SECONDS, 28 * DAY_SECONDS, 364 * DAY_SECONDS)
_MONDAY = 3 * DAY_SECONDS
"""1970-01-01 was a Thursday: so many seconds after a Monday."""

FINE = 2_048
"""Buckets that an axis of less than a day's width may have."""
_MOST_DAYS = 40_000


@dataclass(frozen=True)
class Axis:
    """Buckets of one width.

    Attributes:
        width: seconds.
        first: number of the first bucket, counted from the epoch.
        count: how many there are.
    """

    width: int
    first: int
    count: int

    @property
    def starts(self) -> Ints:
        """Seconds since the epoch at which each bucket begins."""
        shift = _MONDAY if self.width > DAY_SECONDS else 0
        return np.arange(self.first, self.first + self.count, dtype=np.int64) * self.width - shift

    def place(self, seconds: Ints) -> Ints:
        """Return the bucket of each moment, counted from the first."""
        shift = _MONDAY if self.width > DAY_SECONDS else 0
        return (seconds + shift) // self.width - self.first

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

    def coarser(self, most: int) -> Axis:
        """Return the finest axis over the same time that has no more buckets than `most`."""
        if not self.count:
            return self
        for width in (*WIDTHS, *_LONG_WIDTHS):
            if width < self.width:
                continue
            shift = _MONDAY if width > DAY_SECONDS else 0
            first = (int(self.starts[0]) + shift) // width
            last = (int(self.starts[-1]) + shift) // width
            if last - first < most:
                break
        return Axis(width, first, last - first + 1)


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
