"""What becomes of each server's use of a metric: full, constant, dated, or nothing to say."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from fleetsynth.report import growth, passage, sawtooth

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from fleetsynth.report.sawtooth import Saw

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

FULL = 100.0
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


@dataclass(frozen=True)
class _Seen:
    """What is looked up in some series' daily values, before any trend is fitted.

    Attributes:
        figures: weekly figures, shape (series, weeks).
        saws: the saw-tooths, by their place.
        status: `LEVEL` where there may be a trend, `ABOVE` where it has been full of late.
        days: how many the history has.
    """

    figures: Floats
    saws: dict[int, Saw]
    status: NDArray[np.object_]
    days: int


def outlook(blocks: Iterable[Floats], groups: Ints) -> Outlook:
    """Tell what becomes of series.

    Args:
        blocks: a value a day in percent, the last of them the dataset's last day; NaN where there
            is none, shape (series, days), for some series at a time.
        groups: number of each series' archetype: those of one grow alike.
    """
    seen = _joined([_look(block) for block in blocks])
    status = seen.status
    slope, days, early, late = np.full((4, len(status)), np.nan)
    fit = np.flatnonzero((status == Status.LEVEL) | (status == Status.ABOVE))
    if not fit.size:
        return Outlook([str(each) for each in status], slope, days, early, late)
    figures = seen.figures[fit]
    saws = {row: seen.saws[at] for row, at in enumerate(fit.tolist()) if at in seen.saws}
    found = passage.line(figures, saws)
    curved = growth.compounding(figures, found, groups[fit])
    curved[list(saws)] = False
    logs = passage.line(np.log(np.maximum(figures[curved], growth.LEAST)), {})
    clear, yearly = found.clearness, found.slope * _YEAR
    clear[curved] = logs.clearness
    yearly[curved] = np.exp(logs.level) * logs.slope * _YEAR
    slope[fit] = yearly
    is_open = status[fit] == Status.LEVEL
    status[fit[is_open & (clear >= passage.CLEAR)]] = Status.LATER
    status[fit[is_open & (clear <= -passage.CLEAR)]] = Status.FALLING
    for lines, level, those in (
        (found.rows(np.flatnonzero(~curved)), FULL, fit[~curved]),
        (logs, float(np.log(FULL)), fit[curved]),
    ):
        rising = np.flatnonzero(status[those] == Status.LATER)
        chances = passage.chance(
            lines.rows(rising), level, 2 * passage.HORIZON_DAYS // passage.WEEK_DAYS
        )
        middle = passage.days_until(chances, _MIDDLE)
        dated = middle <= min(passage.HORIZON_DAYS, seen.days)
        at = those[rising[dated]]
        status[at], days[at] = Status.DATED, middle[dated]
        early[at] = passage.days_until(chances[dated], _EARLY)
        late[at] = passage.days_until(chances[dated], _LATE)
    return Outlook([str(each) for each in status], slope, days, early, late)


def _look(daily: Floats) -> _Seen:
    """Look up what is needed of some series' daily values."""
    figures = passage.weekly(daily)
    recent = daily[:, -passage.RECENT_DAYS :]
    above = passage.breached(recent, FULL)
    constant = np.array([_spread(row) < passage.CONSTANT for row in daily], dtype=np.bool_)
    status = np.full(len(daily), Status.LEVEL, dtype=object)
    status[above] = Status.ABOVE
    status[constant] = Status.CONSTANT
    status[constant & above] = Status.CONSTANT_FULL
    status[np.isnan(recent).all(axis=1)] = Status.ENDED
    status[(~np.isnan(figures)).sum(axis=1) < passage.LEAST_WEEKS] = Status.SHORT
    return _Seen(figures, sawtooth.floors(daily), status, daily.shape[1])


def _joined(parts: list[_Seen]) -> _Seen:
    """Put parts together."""
    if not parts:
        return _Seen(np.zeros((0, 0)), {}, np.zeros(0, dtype=object), 0)
    saws: dict[int, Saw] = {}
    before = 0
    for part in parts:
        saws |= {before + row: saw for row, saw in part.saws.items()}
        before += len(part.status)
    return _Seen(
        np.concatenate([part.figures for part in parts]),
        saws,
        np.concatenate([part.status for part in parts]),
        parts[0].days,
    )


def _spread(values: Floats) -> float:
    """Return the standard deviation of what is there."""
    there = values[~np.isnan(values)]
    return float(there.std()) if there.size else np.inf
