"""Seconds: what something took."""

from __future__ import annotations

import gc
import resource
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Side = Callable[[], "Spent"]

Clock = Literal["wall", "cpu"]


@dataclass(frozen=True)
class Spent:
    """Seconds that something took.

    Attributes:
        wall: by the clock.
        cpu: user and system time, of this process and of the children it waited for.
    """

    wall: float
    cpu: float

    def __add__(self, other: Spent) -> Spent:
        return Spent(self.wall + other.wall, self.cpu + other.cpu)

    def __mul__(self, times: float) -> Spent:
        return Spent(self.wall * times, self.cpu * times)

    def by(self, clock: Clock) -> float:
        """Return the seconds by one of the two clocks."""
        return self.wall if clock == "wall" else self.cpu


def timed(action: Callable[[], object], *, output: Path | None = None, times: int = 1) -> Side:
    """Make a side of an action.

    Args:
        action: what to measure; its result is freed after the clocks have stopped.
        output: a file that it writes, removed before each run.
        times: how often to run it, if it is short; the mean counts.
    """

    def side() -> Spent:
        total = Spent(0, 0)
        for _ in range(times):
            if output:
                output.unlink(missing_ok=True)
            total += _measure(action)
        return total * (1 / times)

    return side


def _measure(action: Callable[[], object]) -> Spent:
    gc.collect()
    wall, cpu = time.perf_counter(), _cpu_seconds()
    kept = action()
    spent = Spent(time.perf_counter() - wall, _cpu_seconds() - cpu)
    del kept  # to free the result is not part of it
    return spent


def _cpu_seconds() -> float:
    usages = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)
