"""Seconds and memory: what something took."""

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

Clock = Literal["wall", "cpu", "peak"]
CLOCKS: tuple[Clock, ...] = ("wall", "cpu", "peak")

MEGABYTE = 1_000_000


@dataclass(frozen=True)
class Spent:
    """What something took.

    Attributes:
        wall: seconds by the clock.
        cpu: seconds of user and system time, of this process and of the children it waited for.
        peak: resident memory of the largest process at its largest, in MB; 0 if not measured.
    """

    wall: float
    cpu: float
    peak: float = 0

    def __add__(self, other: Spent) -> Spent:
        return Spent(self.wall + other.wall, self.cpu + other.cpu, max(self.peak, other.peak))

    def __mul__(self, times: float) -> Spent:
        return Spent(self.wall * times, self.cpu * times, self.peak)

    def by(self, clock: Clock) -> float:
        """Return what one of the clocks says; `peak` counts as one."""
        return {"wall": self.wall, "cpu": self.cpu, "peak": self.peak}[clock]


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
            total += measure(action)
        return total * (1 / times)

    return side


def measure(action: Callable[[], object]) -> Spent:
    """Run an action once, with the garbage of earlier ones out of the way."""
    gc.collect()
    wall, cpu = time.perf_counter(), cpu_seconds()
    kept = action()
    spent = Spent(time.perf_counter() - wall, cpu_seconds() - cpu)
    del kept  # to free the result is not part of it
    return spent


def cpu_seconds() -> float:
    """Return the CPU time of this process and of the children that it waited for."""
    usages = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)
