"""Memory and disk space: stocks that fill and are set back, as functions of the time since."""

from __future__ import annotations

from itertools import pairwise
from math import ceil, floor, frexp
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
_SLOT_DAYS = 1 / 16
"""Time is cut into slots, at most one reset in each; half of the shortest period is longer."""


class Epoch(NamedTuple):
    """The time from one reset to the next.

    Attributes:
        slot: the slot of the reset, counted from the Unix epoch; its draws have this address.
        start: tick of the reset.
        stop: tick of the next.
    """

    slot: int
    start: int
    stop: int


class Resets(NamedTuple):
    """When an entity is set back: once in `days` on average, and once or twice in each span.

    Spans are the shortest that are longer than `days`, of a power of two days. One of a span's
    halves has a reset, the other has one by chance; which slot of a half it is, is drawn from half
    to half of the half, and so on. So a slightly longer period takes some resets away, and all
    others stay where they are.
    """

    seed: int
    purpose: str
    name: str
    days: float
    step: int

    def epochs(self, first: int, stop: int) -> Iterator[Epoch]:
        """Yield the epochs that ticks first..stop-1 lie in."""
        level = frexp(self.days)[1]
        per_span = 2.0**level * DAY_SECONDS / self.step
        spans = range(floor(first / per_span) - 1, floor(stop / per_span) + 2)
        slots = [slot for span in spans for slot in self._slots(level, span)]
        for slot, (begin, end) in zip(slots, pairwise(map(self._tick, slots)), strict=False):
            if begin < min(stop, end) and end > first:
                yield Epoch(slot, begin, end)

    def uniform(self, what: str, *numbers: int) -> float:
        """One uniform in [0, 1) of a slot, or of a half."""
        return uniform(self.seed, self.purpose, self.name, what, *numbers)

    def _slots(self, level: int, span: int) -> Iterator[int]:
        """Yield the slots of a span of ``2**level`` days in which there is a reset, in order."""
        always = self._half(level, span)
        both = self.uniform("both", level, span) < 2.0**level / self.days - 1.0
        for half in (2 * span, 2 * span + 1):
            if both or half == always:
                yield self._slot(level - 1, half)

    def _slot(self, level: int, part: int) -> int:
        """Return the slot in which the reset is that a part of ``2**level`` days has."""
        while 2.0**level > _SLOT_DAYS:
            level, part = level - 1, self._half(level, part)
        return part

    def _half(self, level: int, part: int) -> int:
        return 2 * part + (self.uniform("half", level, part) >= 0.5)

    def _tick(self, slot: int) -> int:
        day = (slot + self.uniform("time", slot)) * _SLOT_DAYS
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
        pace = fill * (0.5 + resets.uniform("pace", epoch.slot))
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
        pace = fill * (0.5 + resets.uniform("pace", epoch.slot))
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
    return level + rounded(jump * normal_quantile(resets.uniform("jump", epoch.slot)))


def _ages(out: Floats, first: int, resets: Resets) -> Iterator[tuple[Floats, Floats, Epoch]]:
    """Yield, for each epoch, days since its reset and the piece of `out` that belongs to it."""
    stop = first + len(out)
    day = resets.step / DAY_SECONDS
    for epoch in resets.epochs(first, stop):
        begin, end = max(epoch.start, first), min(epoch.stop, stop)
        since = np.arange(begin - epoch.start, end - epoch.start, dtype=np.float64)
        yield since * day, out[begin - first : end - first], epoch
