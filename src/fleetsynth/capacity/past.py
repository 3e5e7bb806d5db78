"""What is known to have happened, by day and week: days that say nothing, and other levels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from fleetsynth.capacity import steps
from fleetsynth.capacity.known import STEMS
from fleetsynth.capacity.weekly import WEEK
from fleetsynth.clock import DAY_SECONDS, ahead
from fleetsynth.ledger.sources import Span

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from fleetsynth.capacity.known import Known, Mark

    Values = NDArray[np.float32]
    Ints = NDArray[np.int64]

_SAMPLED = 0.05
"""Share of a day above which its 95th percentile shows what happened in it."""
_AFTER = 4
"""Days on a new level before the first week of which no figure looks back at the old one."""
_APART = 4
"""Weeks within which a step that is seen is the one that is known."""


class Step(NamedTuple):
    """A change of level that is known.

    Attributes:
        begin: its first day, counted from the first of the series.
        settled: the first day that is on the new level alone.
        name: of what made it.
        day: its first day, counted from the epoch.
    """

    begin: int
    settled: int
    name: str
    day: int


@dataclass(frozen=True)
class Past:
    """What is known of some series.

    Attributes:
        out: days that say nothing of the level, shape (series, days).
        steps: changes of level by series, in order.
    """

    out: NDArray[np.bool_]
    steps: dict[int, list[Step]]

    def until(self, days: int) -> Past:
        """Return what was known when there were only so many days."""
        kept = {
            row: some
            for row, every in self.steps.items()
            if (some := [step for step in every if step.begin < days])
        }
        return Past(self.out[:, :days], kept)

    def calm(self, daily: Values) -> Values:
        """Return daily values without the days that say nothing."""
        return np.where(self.out, np.float32(np.nan), daily) if self.out.any() else daily

    def lately(self, daily: Values) -> Values:
        """Return daily values on the level of the last change, where there are enough of them."""
        out = daily
        for row, every in self.steps.items():
            first = every[-1].settled
            if daily.shape[1] - first >= steps.LEAST_WEEKS * WEEK:
                out = out.copy() if out is daily else out
                out[row, :first] = np.nan
        return out

    def apply(self, figures: Values, seen: Ints, days: int) -> dict[int, Step]:
        """Make steps of known changes, in place: in weekly figures, and where steps were seen.

        Levels before all but the last change are moved; weeks in between are left out.

        Args:
            figures: weekly figures, shape (series, weeks), on their levels.
            seen: where each series' last step was seen, 0 for none; shape (series,).
            days: of the series.

        Returns:
            The change that made the last step of a series, where a known one did.
        """
        weeks = figures.shape[1]
        offset = days - weeks * WEEK
        told: dict[int, Step] = {}
        for row, every in self.steps.items():
            placed = [(_week(step.settled + _AFTER - offset), step) for step in every]
            placed = [(week, step) for week, step in placed if 0 < week < weeks]
            for week, step in placed:
                figures[row, max(0, (step.begin - offset) // WEEK) : week] = np.nan
            if not placed:
                continue
            last = placed[-1][0]
            later = int(seen[row]) > last + _APART
            for week, _ in placed if later else placed[:-1]:
                figures[row, :week] += steps.height(figures[row], week)
            if not later:
                seen[row], told[row] = last, placed[-1][1]
        return told


def _week(day: int) -> int:
    """Return the first week that begins on a day or later."""
    return -(-day // WEEK)


class History:
    """Asks once for each block what is known, and lays it out by metric.

    Args:
        known: who knows.
        shares: of a day, by metric: less than it does not show in the day's value.
        zone: by whose clock days are told.
    """

    def __init__(self, known: Known, shares: Mapping[str, float], zone: str) -> None:
        self._known, self._shares, self._zone = known, shares, zone

    def of(
        self, servers: Sequence[str], services: Sequence[str | None], last: int, days: int
    ) -> list[list[Mark]]:
        """Return what is known of some servers in the days up to `last`."""
        span = Span((last - days) * DAY_SECONDS, (last + 2) * DAY_SECONDS)
        return self._known.of(servers, services, span)

    def past(self, found: list[list[Mark]], metric: str, last: int, days: int) -> Past:
        """Return what is known of a metric of some servers."""
        begin = (last - days + 1) * DAY_SECONDS
        part = np.zeros((len(found), days), np.float32)
        by_row: dict[int, list[Step]] = {}
        for row, marks in enumerate(found):
            for mark in marks:
                if STEMS[metric] not in mark.stems:
                    continue
                low, high = (self._local(at) - begin for at in (mark.begin, mark.end))
                if not mark.lasts:
                    _cover(part[row], low, high)
                elif 0 <= low < days * DAY_SECONDS:
                    day = low // DAY_SECONDS
                    step = Step(day, -(-high // DAY_SECONDS), mark.name, last - days + 1 + day)
                    by_row.setdefault(row, []).append(step)
        return Past(part > self._shares.get(metric, _SAMPLED), by_row)

    def _local(self, seconds: int) -> int:
        if self._zone in ("", "UTC"):
            return seconds
        return seconds + int(ahead(self._zone, np.array([seconds], np.int64))[0])


def _cover(part: Values, low: int, high: int) -> None:
    """Add the share of each day that lies between two times, in seconds from the first day."""
    low, high = max(low, 0), min(high, len(part) * DAY_SECONDS)
    first, stop = low // DAY_SECONDS, -(-high // DAY_SECONDS)
    if high <= low:
        return
    if stop - first == 1:
        part[first] += (high - low) / DAY_SECONDS
        return
    part[first] += first + 1 - low / DAY_SECONDS
    part[stop - 1] += high / DAY_SECONDS - (stop - 1)
    part[first + 1 : stop - 1] = 1


def share_of(statistic: str | None) -> float:
    """Return the share of a day above which its value shows what happened in it.

    Args:
        statistic: what is published, such as p95, max or mean; None if that is not known.
    """
    if statistic == "max":
        return 0.0
    if statistic and statistic[:1] == "p":
        return 1 - int(statistic[1:]) / 100
    return _SAMPLED
