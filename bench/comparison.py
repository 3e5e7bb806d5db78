"""Ways of doing the same thing, measured in turn, and the ratios between them."""

from __future__ import annotations

import time
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from bench.quiet import busy_seconds
from bench.timing import cpu_seconds

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bench.timing import Clock, Side, Spent

_QUIET_CORES = 0.1
"""What other jobs may take in a quiet round, on any side of it."""

_LEAST_SECONDS = 0.1
"""Seconds below which the machine's own count of busy ones is too coarse."""

_PATIENCE = 6
"""How many times as many rounds are tried until enough were quiet."""


@dataclass(frozen=True)
class Goal:
    """A ratio that is to be reached.

    Attributes:
        over: name of the side above the line.
        under: names of the sides below it; their times are added up. With none, the side above
            counts as it is, in seconds or MB.
        clock: which seconds count, or the peak of the memory.
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
        if not self.under:
            return self.over
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
        rows: rows that every side makes or writes, or is scaled to.
        sides: what to measure, by name.
        goals: the ratios that matter.
        remark: what a reader of the figures has to know.
    """

    rows: int
    sides: Mapping[str, Side]
    goals: Sequence[Goal]
    remark: str
    warm_up: bool = True
    """Whether each side runs once untimed before the first round."""
    quiet: bool = False
    """Whether rounds count only if other jobs leave the machine alone, if at all possible."""


@dataclass(frozen=True)
class Outcome:
    """What was measured.

    Attributes:
        benchmark: what for.
        rounds: per side, its rounds in order.
        others: per round, how many cores other jobs took at the same time.
    """

    benchmark: Benchmark
    rounds: Mapping[str, Sequence[Spent]]
    others: Sequence[float]

    def median(self, side: str, clock: Clock) -> float:
        """Return a side's median seconds."""
        return median(self._seconds(side, clock))

    def ratios(self, goal: Goal) -> list[float]:
        """Return the ratio of each round, smallest first."""
        if not goal.under:
            return sorted(self._seconds(goal.over, goal.clock))
        under = zip(*(self._seconds(side, goal.clock) for side in goal.under), strict=True)
        pairs = zip(self._seconds(goal.over, goal.clock), map(sum, under), strict=True)
        return sorted(above / below for above, below in pairs)

    def _seconds(self, side: str, clock: Clock) -> list[float]:
        return [spent.by(clock) for spent in self.rounds[side]]


@dataclass(frozen=True)
class _Round:
    spent: Mapping[str, Spent]
    others: float


def run(benchmark: Benchmark, repeat: int) -> Outcome:
    """Measure all sides in turn, A, B, A, B ..., so that a busy machine disturbs them alike."""
    if benchmark.warm_up:
        for side in benchmark.sides.values():
            side()
    rounds: list[_Round] = []
    for _ in range(repeat * (_PATIENCE if benchmark.quiet else 1)):
        rounds.append(_round(benchmark))
        if benchmark.quiet and sum(one.others <= _QUIET_CORES for one in rounds) == repeat:
            break
    if benchmark.quiet:
        rounds = sorted(rounds, key=lambda one: one.others)[:repeat]
    return Outcome(
        benchmark,
        {name: [one.spent[name] for one in rounds] for name in benchmark.sides},
        [one.others for one in rounds],
    )


def _round(benchmark: Benchmark) -> _Round:
    spent, others = {}, [0.0]
    for name, side in benchmark.sides.items():
        began, busy, own = time.perf_counter(), busy_seconds(), cpu_seconds()
        spent[name] = side()
        disturbed = busy_seconds() - busy - (cpu_seconds() - own)
        wall = time.perf_counter() - began
        if wall > _LEAST_SECONDS:
            others.append(max(0.0, disturbed) / wall)
    return _Round(spent, max(others))
