"""A server's series on an even grid of ticks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from fleetsynth.clock import DAY_SECONDS, HOUR_SECONDS, ahead

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Series = NDArray[np.float64]

_SATURDAY = 5
_THURSDAY = 3  # 1 January 1970


@dataclass(frozen=True)
class Grid:
    """An even grid of ticks: the first, in steps since the Unix epoch plus a phase.

    Attributes:
        first: steps from the epoch to the first tick; months, if `months` is not zero.
        count: number of ticks.
        step: seconds from tick to tick, on average.
        phase: seconds that every tick is after a whole number of steps, or the month's first day.
        zone: whose hours, days and weekends count: a name or an offset such as ``+09:00``;
            nothing for the clock of the times themselves.
        months: calendar months from tick to tick; zero for steps of seconds.
    """

    first: int
    count: int
    step: int
    phase: int = 0
    zone: str = ""
    months: int = 0

    def seconds(self) -> NDArray[np.int64]:
        """Return the time of each tick in seconds since the epoch, shape (ticks,)."""
        ticks = np.arange(self.count)
        if not self.months:
            return (self.first + ticks) * self.step + self.phase
        months = (self.first + ticks * self.months).astype("datetime64[M]")
        local: NDArray[np.int64] = months.astype("datetime64[s]").astype(np.int64) + self.phase
        return local - self.ahead(local)

    def ahead(self, seconds: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the seconds that the zone's clock is ahead of UTC, shape (ticks,)."""
        return np.zeros_like(seconds) if self.zone in ("", "UTC") else ahead(self.zone, seconds)

    def days(self) -> NDArray[np.int64]:
        """Return the day of each tick, counted from the grid's first day, shape (ticks,)."""
        days = self._local() // DAY_SECONDS
        return days - days[0] if len(days) else days

    def hours(self) -> NDArray[np.int64]:
        """Return the hour of the day of each tick, 0 to 23, shape (ticks,)."""
        return self._local() // HOUR_SECONDS % 24

    def slots(self) -> NDArray[np.int64]:
        """Return hour of the day, plus 24 at weekends, of each tick, shape (ticks,)."""
        weekday = (self._local() // DAY_SECONDS + _THURSDAY) % 7
        return self.hours() + 24 * (weekday >= _SATURDAY)

    def _local(self) -> NDArray[np.int64]:
        seconds = self.seconds()
        return seconds if self.zone in ("", "UTC") else seconds + self.ahead(seconds)


@dataclass(frozen=True)
class Server:
    """A server's series on an even grid.

    Attributes:
        name: its id.
        grid: the ticks.
        series: float64 of shape (ticks,) with NaN where points are missing, by role: `cpu`,
            `memory`, `network`; at least one of them.
        kind: its server_type, if the data have one.
        service: its service, if the data have one.
        repeated: points that came more than once; the last of each counts.
        every: all points, shape (points,), by role, where several share a tick of an irregular
            grid.
    """

    name: str
    grid: Grid
    series: dict[str, Series]
    kind: str | None = None
    service: str | None = None
    repeated: int = 0
    every: dict[str, Series] = field(default_factory=dict)
