"""Interleaved measurements, and the ratios between them."""

from __future__ import annotations

import gc
import resource
import time
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
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


@dataclass(frozen=True)
class Goal:
    """A ratio that is to be reached.

    Attributes:
        over: name of the side above the line.
        under: names of the sides below it; their times are added up.
        clock: which seconds count.
        bound: the value to reach.
        at_most: whether the bound is an upper one.
    """

    over: str
    under: tuple[str, ...]
    clock: Clock
    bound: float
    at_most: bool

    def met_by(self, ratio: float) -> bool:
        """Tell whether a ratio reaches the goal."""
        return ratio <= self.bound if self.at_most else ratio >= self.bound

    @property
    def label(self) -> str:
        """What is divided by what."""
        under = " + ".join(self.under)
        return f"{self.over} / ({under})" if len(self.under) > 1 else f"{self.over} / {under}"

    @property
    def text(self) -> str:
        """The goal as people write it."""
        return f"{'≤' if self.at_most else '≥'} {self.bound:g}"


@dataclass(frozen=True)
class Benchmark:
    """Some ways of doing the same thing, and how they should compare.

    Attributes:
        rows: rows that every side makes or writes.
        sides: what to measure, by name; each runs once untimed before the first round.
        goals: the ratios that matter.
        remark: what a reader of the figures has to know.
    """

    rows: int
    sides: Mapping[str, Side]
    goals: Sequence[Goal]
    remark: str


@dataclass(frozen=True)
class Outcome:
    """What was measured: per side, its rounds in order."""

    benchmark: Benchmark
    rounds: Mapping[str, Sequence[Spent]]

    def median(self, side: str, clock: Clock) -> float:
        """Return a side's median seconds."""
        return median(self._seconds(side, clock))

    def ratios(self, goal: Goal) -> list[float]:
        """Return the ratio of each round, smallest first."""
        under = zip(*(self._seconds(side, goal.clock) for side in goal.under), strict=True)
        pairs = zip(self._seconds(goal.over, goal.clock), map(sum, under), strict=True)
        return sorted(above / below for above, below in pairs)

    def _seconds(self, side: str, clock: Clock) -> list[float]:
        return [spent.by(clock) for spent in self.rounds[side]]


def run(benchmark: Benchmark, repeat: int) -> Outcome:
    """Measure all sides in turn, A, B, A, B ..., so that a busy machine disturbs them alike."""
    for side in benchmark.sides.values():
        side()
    rounds: dict[str, list[Spent]] = {name: [] for name in benchmark.sides}
    for _ in range(repeat):
        for name, side in benchmark.sides.items():
            rounds[name].append(side())
    return Outcome(benchmark, rounds)


def timed(
    action: Callable[[], object], *, output: Path | None = None, times: int = 1
) -> Callable[[], Spent]:
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
