"""What becomes of each server's use of a metric: full, constant, dated, or nothing to say."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from fleetsynth.quality.report import growth, passage, sawtooth

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

FULL = 100.0
_BLOCK = 400
"""Series worked on at a time."""
_EARLY, _MIDDLE, _LATE = 0.05, 0.5, 0.95
_YEAR = 365.25


class Status(StrEnum):
    """What is said of a series, and what it is called in the page."""

    UNKNOWN = "not judged"
    SHORT = "fewer than 26 weeks"
    ENDED = "ended"
    CONSTANT_FULL = "constant, full"
    CONSTANT = "constant"
    ABOVE = "full"
    DATED = "dated"
    LATER = "rising, later"
    FALLING = "falling"
    LEVEL = "no trend"


@dataclass(frozen=True)
class Outlook:
    """What is said of series, an entry each.

    Attributes:
        status: see `Status`.
        slope: points per year of the trend; NaN where there is none to tell.
        days: days after the last at which a first breach is as likely as not; NaN where no date
            can be given.
        early: the same at a chance of 5 %.
        late: the same at 95 %; infinity if that is more than six years away.
    """

    status: list[str]
    slope: Floats
    days: Floats
    early: Floats
    late: Floats


def unknown(size: int) -> Outlook:
    """Return an outlook that says nothing."""
    nothing = np.full(size, np.nan)
    return Outlook([Status.UNKNOWN.value] * size, nothing, nothing, nothing, nothing)


def outlook(daily: Floats, groups: NDArray[np.int64] | None = None) -> Outlook:
    """Tell what becomes of series.

    Args:
        daily: a value a day in percent, the last of them the dataset's last day; NaN where there
            is none, shape (series, days).
        groups: number of each series' archetype: those of one grow alike; None for one of all.
    """
    if groups is None:
        groups = np.zeros(len(daily), dtype=np.int64)
    figures = _in_blocks(passage.weekly, daily)
    status = _judge(daily, (~np.isnan(figures)).sum(axis=1) >= passage.LEAST_WEEKS)
    slope, days, early, late = np.full((4, len(daily)), np.nan)
    fit = np.flatnonzero(status == Status.LEVEL)
    if not fit.size:
        return Outlook([str(each) for each in status], slope, days, early, late)
    figures, saws = figures[fit], sawtooth.floors(daily[fit])
    found = passage.line(figures, saws)
    curved = growth.compounding(figures, found, groups[fit])
    curved[list(saws)] = False
    clear, yearly = found.clearness, found.slope * _YEAR
    logs = passage.line(np.log(np.maximum(figures[curved], growth.LEAST)), {})
    clear[curved] = logs.clearness
    yearly[curved] = np.exp(logs.level) * logs.slope * _YEAR
    slope[fit] = yearly
    status[fit[clear >= passage.CLEAR]] = Status.LATER
    status[fit[clear <= -passage.CLEAR]] = Status.FALLING
    above = passage.breached(daily[fit, -passage.RECENT_DAYS :], FULL)
    status[fit[above]] = Status.ABOVE
    within = min(passage.HORIZON_DAYS, daily.shape[1])
    for lines, level, those in (
        (found.rows(np.flatnonzero(~curved)), FULL, fit[~curved]),
        (logs, np.log(FULL), fit[curved]),
    ):
        rising = np.flatnonzero(status[those] == Status.LATER)
        chances = passage.chance(lines.rows(rising), level, 2 * passage.HORIZON_DAYS // 7)
        middle = passage.days_until(chances, _MIDDLE)
        dated = middle <= within
        at = those[rising[dated]]
        status[at], days[at] = Status.DATED, middle[dated]
        early[at] = passage.days_until(chances[dated], _EARLY)
        late[at] = passage.days_until(chances[dated], _LATE)
    return Outlook([str(each) for each in status], slope, days, early, late)


def _judge(daily: Floats, enough: NDArray[np.bool_]) -> NDArray[np.object_]:
    """Set apart what has no trend to be told; the rest is `LEVEL` until more is known."""
    status = np.full(len(daily), Status.LEVEL, dtype=object)
    recent = daily[:, -passage.RECENT_DAYS :]
    constant = np.array([_spread(row) < passage.CONSTANT for row in daily], dtype=np.bool_)
    status[constant] = Status.CONSTANT
    status[constant & passage.breached(recent, FULL)] = Status.CONSTANT_FULL
    status[np.isnan(recent).all(axis=1)] = Status.ENDED
    status[~enough] = Status.SHORT
    return status


def _in_blocks(of: Callable[[Floats], Floats], daily: Floats) -> Floats:
    """Apply a function to some series at a time: windows take seven times the memory."""
    firsts = range(0, max(len(daily), 1), _BLOCK)
    return np.concatenate([of(daily[first : first + _BLOCK]) for first in firsts])


def _spread(values: Floats) -> float:
    """Return the standard deviation of what is there."""
    there = values[~np.isnan(values)]
    return float(there.std()) if there.size else np.inf
