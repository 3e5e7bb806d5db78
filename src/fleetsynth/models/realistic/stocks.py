"""Memory and disk space: stocks that fill and are set back, as functions of the time since."""

from __future__ import annotations

from itertools import pairwise
from math import ceil, floor
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from fleetsynth.clock import DAY_SECONDS, MONTH_SECONDS
from fleetsynth.numeric import normal_quantile, rounded
from fleetsynth.streams import uniform

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

_MEMORY = ("level", "cache", "leak", "jump")
_JITTER = 0.8


class Epoch(NamedTuple):
    """The time from one reset to the next.

    Attributes:
        number: counted from the Unix epoch.
        start: tick of the reset.
        stop: tick of the next.
    """

    number: int
    start: int
    stop: int


class Resets(NamedTuple):
    """When an entity is set back: once in each period, up to 0.4 of a period early or late."""

    seed: int
    purpose: str
    name: str
    days: float
    step: int

    def epochs(self, first: int, stop: int) -> Iterator[Epoch]:
        """Yield the epochs that ticks first..stop-1 lie in."""
        per_day = DAY_SECONDS / self.step
        lowest = floor(first / per_day / self.days - _JITTER / 2)
        highest = ceil(stop / per_day / self.days + _JITTER / 2)
        numbers = range(lowest, highest + 1)
        for number, (begin, end) in zip(numbers, pairwise(map(self._tick, numbers)), strict=False):
            if begin < stop and end > first:
                yield Epoch(number, begin, end)

    def uniform(self, what: str, number: int) -> float:
        """One uniform in [0, 1) of an epoch."""
        return uniform(self.seed, self.purpose, self.name, what, number)

    def _tick(self, number: int) -> int:
        day = self.days * (number + _JITTER * (self.uniform("time", number) - 0.5))
        return ceil(day * DAY_SECONDS / self.step)


def memory(out: Floats, first: int, resets: Resets, figures: Mapping[str, float]) -> None:
    """Write used memory without its noise: level + jump + leak * age + cache * age / (age + warm).

    Args:
        out: in percent, shape (ticks,), written in place.
        first: first tick.
        resets: restarts.
        figures: of the server.
    """
    level, cache, leak, jump = (figures[f"memory.{name}"] for name in _MEMORY)
    warm = figures["memory.warmup"] / 24
    for age, here, epoch in _ages(out, first, resets):
        np.add(age, warm, out=here)
        np.divide(age, here, out=here)
        here *= cache
        here += _base(level, jump, resets, epoch)
        if leak:
            age *= leak
            here += age


def disk(
    out: Floats, first: int, resets: Resets, origin: int, figures: Mapping[str, float]
) -> None:
    """Write used space without its noise: level + trend * months + fill * (1/2 + u) * age.

    Args:
        out: in percent, shape (ticks,), written in place.
        first: first tick.
        resets: clean-ups.
        origin: tick from which months are counted.
        figures: of the server.
    """
    level, fill = figures["disk.level"], figures["disk.fill"]
    daily = figures["disk.trend"] / (MONTH_SECONDS / DAY_SECONDS)
    day = resets.step / DAY_SECONDS
    for age, here, epoch in _ages(out, first, resets):
        pace = fill * (0.5 + resets.uniform("pace", epoch.number))
        np.multiply(age, pace + daily, out=here)
        here += level + daily * ((epoch.start - origin) * day)


def memory_sums(
    at: Ints, span: tuple[int, int], resets: Resets, figures: Mapping[str, float]
) -> Iterator[Floats]:
    """Yield what `memory` adds up, up to level, jump, cache and leak; shape like `at` each.

    Args:
        at: ticks, within `span`.
        span: first tick, and one past the last.
        resets: restarts.
        figures: of the server.
    """
    level, cache, leak, jump = (figures[f"memory.{name}"] for name in _MEMORY)
    warm = figures["memory.warmup"] / 24
    age, (base,) = _at(at, span, resets, lambda epoch: (_base(level, jump, resets, epoch),))
    yield np.full(at.shape, level)
    yield base.copy()
    out: Floats = age / (age + warm)
    out *= cache
    out += base
    yield out.copy()
    yield out + age * leak


def disk_sums(
    at: Ints, span: tuple[int, int], resets: Resets, origin: int, figures: Mapping[str, float]
) -> Iterator[Floats]:
    """Yield what `disk` adds up, up to level, trend and fill; arguments as for `memory_sums`."""
    level, fill = figures["disk.level"], figures["disk.fill"]
    daily = figures["disk.trend"] / (MONTH_SECONDS / DAY_SECONDS)
    day = resets.step / DAY_SECONDS

    def paces(epoch: Epoch) -> tuple[float, float]:
        pace = fill * (0.5 + resets.uniform("pace", epoch.number))
        return pace + daily, level + daily * ((epoch.start - origin) * day)

    age, (pace, base) = _at(at, span, resets, paces)
    yield np.full(at.shape, level)
    yield age * daily + base
    yield age * pace + base


def _at(
    at: Ints, span: tuple[int, int], resets: Resets, of: Callable[[Epoch], tuple[float, ...]]
) -> tuple[Floats, list[Floats]]:
    """Return days since the last reset, and figures of each tick's epoch."""
    epochs = list(resets.epochs(*span))
    starts = np.array([epoch.start for epoch in epochs])
    which = np.searchsorted(starts, at, side="right") - 1
    age = (at - starts[which]).astype(np.float64) * (resets.step / DAY_SECONDS)
    return age, [np.array(figure)[which] for figure in zip(*map(of, epochs), strict=True)]


def _base(level: float, jump: float, resets: Resets, epoch: Epoch) -> float:
    """Return the working set of an epoch: level and jump."""
    if not jump:
        return level
    return level + rounded(jump * normal_quantile(resets.uniform("jump", epoch.number)))


def _ages(out: Floats, first: int, resets: Resets) -> Iterator[tuple[Floats, Floats, Epoch]]:
    """Yield, for each epoch, days since its reset and the piece of `out` that belongs to it."""
    stop = first + len(out)
    day = resets.step / DAY_SECONDS
    for epoch in resets.epochs(first, stop):
        begin, end = max(epoch.start, first), min(epoch.stop, stop)
        since = np.arange(begin - epoch.start, end - epoch.start, dtype=np.float64)
        yield since * day, out[begin - first : end - first], epoch
