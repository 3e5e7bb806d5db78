"""From when to when each server lives: what a scenario says, and what an address draws.

Days are whole UTC days since 1970-01-01; a life begins with the first and ends before the last.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from fleetsynth.clock import DAY_SECONDS, anniversary, epoch_day
from fleetsynth.numeric import rounded
from fleetsynth.streams import address, uniforms_after

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray

    Ints = NDArray[np.int64]
    Told = Callable[[Ints, Ints, Ints], tuple[Ints, Ints]]

NEVER = 1 << 40
"""Stands for the end of a life that has none."""
SHORTEST_DAYS = 30
"""A server lives for so many days at least, unless something else is told of it."""
_FIRST_DAY, _LAST_DAY = epoch_day(date.min), epoch_day(date.max)
_AGE_DAYS = 4 * 365.25
"""Where no server retires, the oldest was commissioned so long before the fleet's first day."""


@dataclass(frozen=True)
class Births:
    """When servers beyond the first ones are commissioned, the earlier ones first.

    Attributes:
        origin: the day from which months are counted.
        per_month: servers a month, evenly spaced; at least 0.
        steps: (day, servers) of what comes at once, in any order.
    """

    origin: date
    per_month: float
    steps: tuple[tuple[int, int], ...] = ()

    def until(self, last: int) -> int:
        """Return how many are born up to a day, that day included."""
        return self._monthly_until(last) + sum(count for day, count in self.steps if day <= last)

    def days(self, rank: Ints) -> Ints:
        """Return the day on which each is born, given how many are born before it."""
        day, begin, born = self._in_steps
        step = np.searchsorted(begin, rank, "right")
        # Before the first step there is one of nobody.
        day, end = np.append(0, day), np.append(0, begin + np.diff(born))
        monthly = rank >= end[step]
        out = day[step]
        out[monthly] = self._monthly(rank[monthly] - born[step[monthly]])
        return out

    @cached_property
    def _in_steps(self) -> tuple[Ints, Ints, Ints]:
        """Return the day of each step, how many are born before it, and in the steps before it.

        The last has one more entry: how many are born in steps at all.
        """
        at: dict[int, int] = {}
        for day, count in sorted(self.steps):
            at[day] = at.get(day, 0) + count
        born = np.cumsum([0, *at.values()], dtype=np.int64)
        begin = [self._monthly_until(day) + int(b) for day, b in zip(at, born, strict=False)]
        return np.array([*at], np.int64), np.array(begin, np.int64), born

    def _monthly(self, number: Ints) -> Ints:
        """Return the day on which the n-th of those that come month by month is born."""
        if not (len(number) and self.per_month):
            return np.full(len(number), NEVER, np.int64)
        months = (number + 0.5) / self.per_month
        whole = np.floor(months).astype(np.int64)
        begin, end = (anniversary(self.origin, whole + more) // DAY_SECONDS for more in (0, 1))
        days: Ints = begin + np.floor((months - whole) * (end - begin)).astype(np.int64)
        return days

    def _monthly_until(self, last: int) -> int:
        if not self.per_month or last < epoch_day(self.origin):
            return 0
        months = (last - epoch_day(self.origin)) // 28 + 2
        numbers = range(int(months * self.per_month) + 1)
        return bisect_right(numbers, last, key=lambda n: int(self._monthly(np.array([n]))[0]))


@dataclass(frozen=True)
class Lives:
    """The lives of a fleet's servers.

    Attributes:
        seed: of the draws.
        origin: the day on which the fleet has its first servers.
        first: how many these are; others are born later, in the order of their indices.
        births: of the others; None if there are none.
        mean_days: how long a server lives on average; None if none retires.
        told: changes begins and ends that were drawn into those that are told, given the index of
            each server in the fleet, begins and ends, each of shape (servers,); None if none is.
    """

    seed: int
    origin: date
    first: int
    births: Births | None = None
    mean_days: float | None = None
    told: Told | None = field(default=None, compare=False)

    def days(self, index: Ints, ids: Sequence[bytes]) -> tuple[Ints, Ints]:
        """Return the first day of each life and the day before which it ends, shape (servers,).

        Args:
            index: of each server in the whole fleet.
            ids: their names, as `streams.encode` returns them.
        """
        origin = epoch_day(self.origin)
        age = np.floor(self._uniforms("age", ids) * (self.mean_days or _AGE_DAYS)).astype(np.int64)
        begin: Ints = origin - 1 - age
        later = index >= self.first
        if self.births is not None and later.any():
            begin[later] = self.births.days(index[later] - self.first)
        end = np.full(len(index), NEVER, np.int64)
        if self.mean_days is not None:
            drawn = rounded(-np.log1p(-self._uniforms("length", ids))) * self.mean_days
            length = np.maximum(np.floor(drawn).astype(np.int64), SHORTEST_DAYS)
            end = np.maximum(begin, origin) + length
        begin, end = np.maximum(begin, _FIRST_DAY), np.where(end > _LAST_DAY, NEVER, end)
        return self.told(index, begin, end) if self.told else (begin, end)

    def _uniforms(self, what: str, ids: Iterable[bytes]) -> NDArray[np.float64]:
        return uniforms_after(address(self.seed, "life", what), ids)
