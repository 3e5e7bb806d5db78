"""Events with an end that come by themselves, found from a window alone.

Time is cut into epochs of 64 days, counted from the Unix epoch. An epoch of an entity has up to
four events of a kind; how many, one uniform decides, so that a higher rate keeps those of a lower
one. Addresses hold neither the step nor the span, and times are whole minutes.
"""

from __future__ import annotations

from functools import lru_cache
from math import comb, exp, log
from typing import TYPE_CHECKING, NamedTuple

from fleetsynth.clock import DAY_SECONDS, HOUR_SECONDS
from fleetsynth.numeric import rounded
from fleetsynth.streams import address, encode, length_prefixed, stream_of_thread

if TYPE_CHECKING:
    from collections.abc import Iterator
    from hashlib import blake2b

_EPOCH_DAYS, _SLOTS, _QUARTER_DAYS = 64, 4, 90
_EPOCH = _EPOCH_DAYS * DAY_SECONDS
_MINUTE = 60


class Spell(NamedTuple):
    """When something begins and ends, in seconds since the Unix epoch, and its size."""

    begin: int
    end: int
    size: float


class Rates(NamedTuple):
    """How often, for how long, and how badly.

    Attributes:
        per_quarter: events in 90 days, expected.
        hours: shortest and longest.
        size: least and greatest.
    """

    per_quarter: float
    hours: tuple[float, float]
    size: tuple[float, float]


def find(seed: int, kind: str, name: str, rates: Rates, first: int, stop: int) -> Iterator[Spell]:
    """Yield the spells of an entity that touch seconds first..stop-1, epoch by epoch.

    Args:
        seed: of the scenario.
        kind: of the events: a part of their address.
        name: of the entity.
        rates: how often, for how long, how badly.
        first: first second.
        stop: one past the last.
    """
    bounds = _bounds(rates.per_quarter)
    most = int(rates.hours[1] * HOUR_SECONDS)
    whether = _prefix(seed, kind).copy()
    whether.update(encode(name))
    # Most epochs have no event, and are told by their first 64 bits alone.
    for epoch in range((first - most) // _EPOCH, (stop - 1) // _EPOCH + 1):
        hashed = whether.copy()
        hashed.update(length_prefixed(epoch))
        bits = int.from_bytes(hashed.digest()[:8], "little") >> 11
        if bits < bounds[0]:
            parts = length_prefixed("of") + length_prefixed(epoch)
            drawn = stream_of_thread().after(whether, parts).random((_SLOTS, 3))
            for at, long, size in drawn[: sum(bits < bound for bound in bounds)].tolist():
                spell = _spell(epoch, rates, at, long, size)
                if spell.begin < stop and spell.end > first:
                    yield spell


@lru_cache(maxsize=256)
def _prefix(seed: int, kind: str) -> blake2b:
    return address(seed, "event", kind)


def _spell(epoch: int, rates: Rates, at: float, long: float, size: float) -> Spell:
    begin = epoch * _EPOCH + int(at * (_EPOCH // _MINUTE)) * _MINUTE
    (least, most), (low, high) = rates.hours, rates.size
    hours = rounded(least * exp(long * log(most / least)))
    minutes = max(1, int(hours * HOUR_SECONDS / _MINUTE + 0.5))
    return Spell(begin, begin + minutes * _MINUTE, rounded(low + (high - low) * size))


@lru_cache(maxsize=256)
def _bounds(per_quarter: float) -> tuple[float, ...]:
    """Return the 53 bits of a uniform below which there are one event, two, three and four."""
    p = min(1.0, per_quarter * _EPOCH_DAYS / _QUARTER_DAYS / _SLOTS)
    chances = [comb(_SLOTS, n) * p**n * (1 - p) ** (_SLOTS - n) for n in range(_SLOTS + 1)]
    return tuple(rounded(sum(chances[n:])) * 2.0**53 for n in range(1, _SLOTS + 1))
