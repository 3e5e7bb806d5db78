"""Generators that take part, and what was measured of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from bench.peer.entries import Entry
    from bench.timing import Spent


@dataclass(frozen=True)
class Lap:
    """One run, and the run that is nothing but start-up.

    Attributes:
        rows: rows that were found in the files.
        bytes: size of the files.
        spent: what they took, start-up included.
        start_up: what starting took.
    """

    rows: int
    bytes: int
    spent: Spent
    start_up: Spent

    @property
    def rate(self) -> float:
        """Rows per CPU-second of all processes."""
        return self.rows / self.spent.cpu

    @property
    def steady_rate(self) -> float:
        """The same without what starting took: what a much larger run would come near to."""
        return self.rows / (self.spent.cpu - self.start_up.cpu)


@dataclass
class Contender:
    """An entry, its environment and its laps.

    Attributes:
        entry: what it is.
        programs: where its environment has its programs.
        version: of its package.
        laps: one per round, until it failed.
        trouble: why it was not installed or did not run; empty if all is well.
    """

    entry: Entry
    programs: Path
    version: str = ""
    laps: list[Lap] = field(default_factory=list)
    trouble: str = ""

    def median(self, value: Callable[[Lap], float]) -> float:
        """Return the median of something over the laps."""
        return median(map(value, self.laps))
