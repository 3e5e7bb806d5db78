"""Stretches of servers, drawn by address: what two datasets are compared by."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from fleetsynth.clock import DAY_SECONDS, HOUR_SECONDS
from fleetsynth.errors import InputError
from fleetsynth.reader.series import step_words
from fleetsynth.streams import uniform

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from fleetsynth.reader.grid import Series, Server

METRICS = ("cpu", "memory", "disk", "network", "net_out")
"""Roles that are compared."""
MOST = 300
"""Stretches that are kept of a dataset."""
MOST_MISSING = 0.02
"""Share of a stretch's points that may be missing; they are put on a line between neighbours."""

_LONGEST = {HOUR_SECONDS: 7, 6 * HOUR_SECONDS: 28, DAY_SECONDS: 91}
"""Days of a stretch, for steps up to so many seconds."""


@dataclass(frozen=True)
class Stretch:
    """A span of one server's series.

    Attributes:
        server: its id.
        start: seconds since the epoch of the first tick, by the clock whose hours count.
        step: seconds from tick to tick.
        series: float64 in whole hundredths, shape (ticks,), without gaps, by role.
    """

    server: str
    start: int
    step: int
    series: dict[str, Series]


@dataclass
class Stretches:
    """Keeps at most so many stretches: those whose addresses draw the lowest numbers.

    What is kept depends on servers and times alone, not on the order in which servers come.

    Attributes:
        most: how many are kept.
        seen: how many whole stretches there were.
        gapped: how many were left out because too much of them is missing.
        servers: how many servers there were.
        steps: how many servers have each step, by seconds; with the words for it.
    """

    most: int = MOST
    seen: int = 0
    gapped: int = 0
    servers: int = 0
    steps: dict[int, int] = field(default_factory=dict)
    words: dict[int, str] = field(default_factory=dict)
    _heap: list[tuple[float, int, Stretch]] = field(default_factory=list)

    def add(self, server: Server) -> None:
        """Take a server."""
        grid = server.grid
        step = 0 if grid.months else grid.step
        self.servers += 1
        self.steps[step] = self.steps.get(step, 0) + 1
        self.words[step] = step_words(grid)
        if step and stretch_days(step):
            for stretch in self._of(server):
                self._keep(stretch)

    def kept(self, step: int) -> list[Stretch]:
        """Return the stretches of one step that were kept, in order of server and time."""
        stretches = [stretch for *_, stretch in self._heap if stretch.step == step]
        return sorted(stretches, key=lambda stretch: (stretch.server, stretch.start))

    def step(self) -> int:
        """Return the commonest step in seconds, the shorter of two; zero without servers."""
        return max(self.steps, key=lambda step: (self.steps[step], -step), default=0)

    def _of(self, server: Server) -> Iterator[Stretch]:
        """Yield each whole stretch that misses little of any of its metrics."""
        ticks = stretch_ticks(server.grid.step)
        slack = int(ticks * MOST_MISSING)
        seconds = server.grid.seconds()
        starts = (seconds + server.grid.ahead(seconds))[::ticks]
        for number in range((server.grid.count + slack) // ticks):
            span = slice(number * ticks, (number + 1) * ticks)
            parts = {role: server.series[role][span] for role in METRICS if role in server.series}
            whole = {
                role: filled
                for role, part in parts.items()
                if (filled := _filled(part, ticks)) is not None
            }
            self.seen += bool(whole)
            self.gapped += not whole
            if whole:
                yield Stretch(server.name, int(starts[number]), server.grid.step, whole)

    def _keep(self, stretch: Stretch) -> None:
        drawn = uniform("compare", stretch.server, stretch.start)
        entry = (-drawn, self.seen, stretch)
        if len(self._heap) < self.most:
            heapq.heappush(self._heap, entry)
        elif entry > self._heap[0]:
            heapq.heapreplace(self._heap, entry)


def stretch_days(step: int) -> int:
    """Return how many days a stretch has, at a step in seconds; zero where none can be made."""
    if DAY_SECONDS % step:
        return 0
    return next((days for longest, days in _LONGEST.items() if step <= longest), 0)


def stretch_ticks(step: int) -> int:
    """Return how many ticks a stretch has, at a step in seconds."""
    return stretch_days(step) * DAY_SECONDS // step


def common_step(first: Stretches, second: Stretches, names: tuple[str, str]) -> int:
    """Return the step that both datasets are compared at: the coarser of theirs.

    Raises:
        InputError: if the finer one does not divide it, or no stretch can be made of such steps.
    """
    steps = (first.step(), second.step())
    both = list(zip((first, second), steps, strict=True))
    said = [stretches.words.get(step, "none") for stretches, step in both]
    for step, words in zip(steps, said, strict=True):
        if not step or not stretch_days(step):
            raise InputError(
                f"one point every {words} cannot be compared: steps that divide a day can, up to a "
                "day"
            )
    if max(steps) % min(steps):
        raise InputError(
            f"{names[0]} has one point every {said[0]}, {names[1]} every {said[1]}: points can be "
            "averaged where one step divides the other, which these do not; make or export both "
            "at one step"
        )
    return max(steps)


def _filled(part: Series, ticks: int) -> Series | None:
    """Return a part in whole hundredths and without gaps; None where too much is missing.

    The last part of a series may end a little early: what is not there any more is missing.
    """
    part = np.concatenate((part, np.full(ticks - len(part), np.nan)))
    missing: NDArray[np.bool_] = np.isnan(part)
    if missing.mean() > MOST_MISSING:
        return None
    if missing.any():
        at = np.arange(len(part))
        part = np.interp(at, at[~missing], part[~missing])
    return np.rint(part * 100) / 100
