"""Days on which a business unit does not work."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, get_args

import numpy as np

from fleetsynth.clock import epoch_day
from fleetsynth.scenario.holidays import Weekday

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from fleetsynth.clock import Days
    from fleetsynth.scenario.holidays import Closed

    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]


def closed_of(closed: Mapping[str, Closed], unit: str) -> Closed | None:
    """Return when a business unit is closed; None if it never is."""
    return closed.get(unit) or closed.get("default")


def is_closed(days: Days, closed: Closed) -> Bools:
    """Tell which days a unit does not work, shape (days,)."""
    weekdays = [get_args(Weekday).index(day) for day in closed.weekdays]
    dates = [epoch_day(date.fromisoformat(day)) for day in closed.dates if len(day) == 10]
    yearly = [int(day[:2]) * 100 + int(day[3:]) for day in closed.dates if len(day) == 5]
    out: Bools = np.isin(days.dayofweek, weekdays)
    out |= np.isin(days.index, dates)
    out |= np.isin(days.month * 100 + days.day, yearly)
    return out


def closed_factor(days: Days, closed: Closed | None, weekend: float) -> Floats:
    """Return what multiplies demand because a unit does not work; 1 where it does, per day.

    Args:
        days: which.
        closed: when; None for never.
        weekend: the factor that stands in for one that is not said, except on weekends, which
            have it already.
    """
    if closed is None:
        return np.ones(len(days.index))
    if closed.factor is None:
        return np.where(is_closed(days, closed) & ~days.is_weekend, weekend, 1.0)
    return np.where(is_closed(days, closed), closed.factor, 1.0)
