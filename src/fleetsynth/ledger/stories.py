"""Stories: courses of months that some services go through, again every three years.

Whether a service has one, of what kind and when it begins is drawn once; how long each is, and how
far it goes, for each time. None is longer than the three years, so that two never meet.
"""

from __future__ import annotations

from functools import lru_cache
from math import exp, log
from typing import TYPE_CHECKING, NamedTuple

from fleetsynth.clock import DAY_SECONDS, MONTH_SECONDS
from fleetsynth.numeric import rounded
from fleetsynth.streams import address, uniform, uniform_after

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from hashlib import blake2b

PERIOD_DAYS = 1096
"""Three years: seasons come again on the same days."""
_PERIOD = PERIOD_DAYS * DAY_SECONDS
_MINUTE = 60


class Story(NamedTuple):
    """When a story begins and ends, in seconds since the Unix epoch, and how far it goes."""

    begin: int
    end: int
    reach: float


class Figures(NamedTuple):
    """How often stories are of a kind, how long they are, how far they go.

    Attributes:
        weight: against those of the other kinds.
        months: shortest and longest.
        reach: least and greatest.
    """

    weight: float
    months: tuple[float, float]
    reach: tuple[float, float]


def kind_of(seed: int, name: str, share: float, kinds: Mapping[str, Figures]) -> str | None:
    """Return the kind of story that an entity has; None if it has none.

    A larger share keeps the stories of a smaller one. A kind of more weight takes some from the
    others, and leaves all others what they have.

    Args:
        seed: of the scenario.
        name: of the entity.
        share: of the entities that have one.
        kinds: figures by kind.
    """
    if uniform_after(_whether(seed), name) >= share:
        return None
    # The first of several that come at random, each as often as its weight says.
    times = {
        kind: rounded(-log(1.0 - uniform(seed, "story", "kind", kind, name))) / figures.weight
        for kind, figures in kinds.items()
        if figures.weight
    }
    return min(times, key=times.__getitem__, default=None)


def find(
    seed: int, kind: str, name: str, figures: Figures, first: int, stop: int
) -> Iterator[Story]:
    """Yield the stories of an entity that touch seconds first..stop-1, in order.

    Args:
        seed: of the scenario.
        kind: of its stories.
        name: of the entity.
        figures: how long they are, and how far they go.
        first: first second.
        stop: one past the last.
    """
    phase = int(uniform(seed, "story", "begin", name) * (_PERIOD // _MINUTE)) * _MINUTE
    of_length = address(seed, "story", "length", kind, name)
    of_reach = address(seed, "story", "reach", kind, name)
    (least, most), (low, high) = figures.months, figures.reach
    for number in range((first - phase) // _PERIOD, (stop - 1 - phase) // _PERIOD + 1):
        begin = number * _PERIOD + phase
        months = rounded(least * exp(uniform_after(of_length, number) * log(most / least)))
        end = begin + int(months * MONTH_SECONDS / _MINUTE) * _MINUTE
        if end > first:
            yield Story(begin, end, rounded(low + (high - low) * uniform_after(of_reach, number)))


@lru_cache(maxsize=64)
def _whether(seed: int) -> blake2b:
    return address(seed, "story", "whether")
