"""Ways of doing the same thing, measured in turn, and the ratios between them."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bench.timing import Clock, Side, Spent


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
