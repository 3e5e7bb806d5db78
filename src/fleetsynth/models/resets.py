"""When something is set back again and again: restarts, clean-ups."""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise
from math import ceil, floor, frexp
from typing import TYPE_CHECKING, NamedTuple

from fleetsynth.clock import DAY_SECONDS
from fleetsynth.streams import address, length_prefixed, uniform_after

if TYPE_CHECKING:
    from collections.abc import Iterator
    from hashlib import blake2b

_SLOT_DAYS = 1 / 16
"""Time is cut into slots, at most one reset in each; half of the shortest period is longer."""
_FIRST_BYTE = 7
"""Of a key, where the first bits of its uniform are: words are little-endian."""


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
        low, high = floor(first / per_span), floor(stop / per_span) + 1
        slots = [slot for span in range(low, high) for slot in self._slots(level, span)]
        ticks = [self._tick(slot) for slot in slots]
        while ticks[0] > first:  # every span has a reset, so this is seldom done twice
            low -= 1
            before = list(self._slots(level, low))
            slots, ticks = before + slots, [*map(self._tick, before), *ticks]
        while ticks[-1] < stop:
            after = list(self._slots(level, high))
            high += 1
            slots, ticks = slots + after, [*ticks, *map(self._tick, after)]
        for slot, (begin, end) in zip(slots, pairwise(ticks), strict=False):
            if begin < min(stop, end) and end > first:
                yield Epoch(slot, begin, end)

    def uniform(self, what: str, *numbers: int) -> float:
        """One uniform in [0, 1) of a slot, or of a half."""
        return uniform_after(_prefix(self.seed, self.purpose, self.name), what, *numbers)

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
        """Return the half of a part whose uniform says which; its first bit is all of that."""
        hashed = _prefix(self.seed, self.purpose, self.name, "half").copy()
        hashed.update(length_prefixed(level) + length_prefixed(part))
        return 2 * part + (hashed.digest()[_FIRST_BYTE] >> 7)

    def _tick(self, slot: int) -> int:
        day = (slot + self.uniform("time", slot)) * _SLOT_DAYS
        return ceil(day * DAY_SECONDS / self.step)


@lru_cache(maxsize=1024)  # an entity draws dozens of uniforms, one after the other
def _prefix(seed: int, purpose: str, name: str, *more: str) -> blake2b:
    return address(seed, purpose, name, *more)
