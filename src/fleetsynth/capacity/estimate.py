"""What is said of each series: full, dated, peaks only or nothing, with dates and chances."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from fleetsynth.capacity import passage, trend
from fleetsynth.capacity.weekly import RECENT_WEEKS, WEEK

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fleetsynth.capacity.course import Course
    from fleetsynth.capacity.look import Looked

    Floats = NDArray[np.float64]
    Values = NDArray[np.float32]
    Flags = NDArray[np.bool_]

LEAST_WEEKS = 26
"""Weeks with values below which nothing is said of the time to come."""
LONGEST_DAYS = 3 * 365
"""Days ahead beyond which no date is given; nor is one beyond the length of the history."""
EARLY, MIDDLE, LATE = 0.05, 0.5, 0.95
"""The chances of a breach at which it is early, as likely as not, and late."""
_RISKS = (90, 365)
_BLOCK = 512
RECENT_DAYS = RECENT_WEEKS * WEEK


class Status(StrEnum):
    """What is said of a series; of several that fit, the first."""

    SHORT = "too short"
    ENDED = "ended"
    CONSTANT_FULL = "constant and full"
    CONSTANT = "constant"
    ABOVE = "already above"
    DATED = "dated"
    PEAKS = "peaks only"
    LATER = "rising, not within {years} years"
    FALLING = "falling"
    LEVEL = "no trend"


FULL = (Status.ABOVE, Status.CONSTANT_FULL)
NOT_JUDGED = (Status.SHORT, Status.ENDED)


@dataclass(frozen=True)
class Outlook:
    """What is said of series, an entry each; NaN for a number that there is not.

    Attributes:
        status: of each, shape (series,).
        days: days from the last to the breach of each level, as likely as not, shape (levels,
            series); 0 where it was breached in the last four weeks.
        early: the same at a chance of 5 %.
        late: the same at 95 %.
        risks: chance of a breach of the usable capacity within 90 and 365 days, (2, series).
        now: median of the last four weekly figures.
        weeks: with values, since the last step.
        horizon: days ahead beyond which no date is given.
        usable: which of the levels is the usable capacity.
    """

    status: NDArray[np.object_]
    days: Floats
    early: Floats
    late: Floats
    risks: Floats
    now: Floats
    weeks: NDArray[np.int64]
    horizon: NDArray[np.int64]
    usable: int

    @property
    def days_usable(self) -> Floats:
        """Days to the breach of the usable capacity."""
        out: Floats = self.days[self.usable]
        return out


def outlook(
    looked: Looked, course: Course, levels: Floats, usable: int, last: int, horizon: int | None
) -> Outlook:
    """Say what becomes of series.

    Args:
        looked: what was looked up in them.
        course: where they are heading.
        levels: in percent, shape (levels, series).
        usable: which of the levels is the usable capacity.
        last: the last day of the whole dataset, from which days are counted.
        horizon: days ahead beyond which no date is given; None for three years, or as many as the
            history has.
    """
    size = len(looked)
    recent = course.figures[:, -RECENT_WEEKS:]
    highest = np.fmax.reduce(recent, axis=1, initial=-np.inf)
    above = highest >= levels
    history = (~np.isnan(looked.figures)).sum(axis=1)
    within = np.minimum(LONGEST_DAYS, looked.last_day - looked.first_day + 1)
    if horizon is not None:
        within = np.full(size, horizon)
    silent = (history < LEAST_WEEKS) | looked.constant | (looked.last_day <= last - RECENT_DAYS)
    clear = course.line.clearness >= trend.CLEAR
    # Dates of other levels are for those alone that rise.
    asked = ~above & ~silent & clear
    asked[usable] = ~above[usable] & ~silent
    found = _dates(course, levels, usable, within, asked)
    before = last - looked.last  # such blocks end a few days earlier
    days, early, late = (np.maximum(each - before, 0.0) for each in found[:3])
    known = clear & (found[0] <= within)
    peaks = found[0][usable] <= within
    status = np.full(size, Status.LEVEL, dtype=object)
    status[course.line.clearness <= -trend.CLEAR] = Status.FALLING
    status[clear] = Status.LATER
    status[peaks] = Status.PEAKS
    status[known[usable]] = Status.DATED
    status[above[usable]] = Status.ABOVE
    status[looked.constant] = Status.CONSTANT
    status[looked.constant & above[usable]] = Status.CONSTANT_FULL
    status[looked.last_day <= last - RECENT_DAYS] = Status.ENDED
    status[history < LEAST_WEEKS] = Status.SHORT
    silent &= status != Status.CONSTANT_FULL
    for each, here in ((days, 0.0), (early, np.nan), (late, np.nan)):
        each[~known | np.isinf(each)] = np.nan
        each[above] = here
        each[:, silent] = np.nan
    risks = np.where(above[usable], 1.0, found[3])
    risks[:, np.isin(status, [Status.ENDED, Status.SHORT])] = np.nan
    return Outlook(
        status=status,
        days=days,
        early=early,
        late=late,
        risks=risks,
        now=_now(recent),
        weeks=(~np.isnan(course.figures)).sum(axis=1),
        horizon=within,
        usable=usable,
    )


def _dates(
    course: Course, levels: Floats, usable: int, within: NDArray[np.int64], asked: Flags
) -> tuple[Floats, Floats, Floats, Floats]:
    """Return days until chances, shape (levels, series), and chances within days.

    What is not as likely as not within the horizon has no date, early or late; late ones may be
    twice as far.
    """
    longest = int(within.max(initial=0))
    until = passage.ends(max(2 * longest // WEEK, _RISKS[-1] // WEEK + 2))
    soon = until[: np.searchsorted(until, max(longest, _RISKS[-1]) / WEEK) + 1]
    days, early, late = (np.full(levels.shape, np.inf) for _ in range(3))
    risks = np.zeros((len(_RISKS), levels.shape[1]))
    for number, level in enumerate(levels):
        of_level = np.flatnonzero(asked[number])
        for first in range(0, len(of_level), _BLOCK):
            rows = of_level[first : first + _BLOCK]
            chances = course.chance(rows, level[rows], soon, likely=number != usable)
            for each, share in ((days, MIDDLE), (early, EARLY), (late, LATE)):
                each[number, rows] = passage.days_until(chances, share, soon)
            later = rows[(chances[:, -1] >= MIDDLE) & (chances[:, -1] < LATE)]
            chances_later = course.chance(later, level[later], until)
            late[number, later] = passage.days_until(chances_later, LATE, until)
            if number == usable:
                for risk, after in zip(risks, _RISKS, strict=True):
                    risk[rows] = _by(chances, after, soon)
    return days, early, late, risks


def _by(chances: Values, days: int, until: Floats) -> Floats:
    """Return chances after a number of days, linear within a week."""
    weeks = days / WEEK
    place = int(np.searchsorted(until, weeks))
    begin = until[place - 1] if place else 0.0
    below = chances[:, place - 1] if place else np.zeros(len(chances))
    inside = (weeks - begin) / (until[place] - begin)
    out: Floats = below + (chances[:, place] - below) * inside
    return out


def _now(recent: Values) -> Floats:
    out = trend.median(recent)
    out[np.isnan(recent).all(axis=1)] = np.nan
    return out
