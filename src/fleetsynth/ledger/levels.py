"""Levels that one change exchanges for the next, such as those of a service's versions.

A change has a number, counted from the day that growth is counted from, and a level of its own: no
level depends on the ones before it, so that any window finds the one in force.
"""

from __future__ import annotations

from math import ceil, exp, floor
from typing import TYPE_CHECKING, NamedTuple

from fleetsynth.clock import DAY_SECONDS
from fleetsynth.numeric import normal_quantile, rounded
from fleetsynth.streams import address, uniform_after

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_JITTER = 0.8
_MINUTE = 60


class Level(NamedTuple):
    """A level in force.

    Attributes:
        number: of the change that brought it.
        begin: seconds since the Unix epoch.
        end: when the next one comes.
        size: of the level.
        before: of the level that it replaced.
    """

    number: int
    begin: int
    end: int
    size: float
    before: float


class Changes(NamedTuple):
    """How often a level is exchanged, and by how much.

    Attributes:
        days: from change to change, on average; each is up to 0.4 of it early or late.
        sigma: standard deviation of a level's logarithm.
        origin: second that changes are counted from.
        up: None, or the chance that an odd change leads to the level 1, and not -1; even ones lead
            back to 0.
    """

    days: float
    sigma: float
    origin: int
    up: float | None = None


def find(
    seed: int,
    kind: str,
    name: str,
    changes: Changes,
    first: int,
    stop: int,
    postpone: Callable[[int], int],
) -> Iterator[Level]:
    """Yield the levels of an entity in force in seconds first..stop-1, in order.

    Args:
        seed: of the scenario.
        kind: of the events: a part of their address.
        name: of the entity.
        changes: how often, and by how much.
        first: first second.
        stop: one past the last.
        postpone: returns when a change takes place that was meant for a second; never earlier,
            and never so that two change their order.
    """
    period = changes.days * DAY_SECONDS
    of_time = address(seed, "event", kind, name, "time")
    of_level = address(seed, "event", kind, name, "level")

    def begin(number: int) -> int:
        days = changes.days * (number + _JITTER * (uniform_after(of_time, number) - 0.5))
        minutes = floor(rounded(days) * (DAY_SECONDS // _MINUTE))
        return postpone(changes.origin + minutes * _MINUTE)

    def size(number: int) -> float:
        if changes.up is not None:
            return (1.0 if uniform_after(of_level, number) < changes.up else -1.0) * (number % 2)
        z = normal_quantile(uniform_after(of_level, number))
        return rounded(exp(changes.sigma * z))

    # A change may have been postponed into the window, so the search begins where none was.
    number = floor((first - changes.origin) / period - 1)
    while begin(number) > first:
        number -= 1
    last = ceil((stop - changes.origin) / period + 1)
    now, before = begin(number), size(number - 1)
    while number <= last and now < stop:
        coming, level = begin(number + 1), size(number)
        if coming > max(now, first):
            yield Level(number, now, coming, level, before)
        number, now, before = number + 1, coming, level
