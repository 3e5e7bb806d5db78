"""Deterministic multipliers of demand, as functions of the local calendar."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from fleetsynth.calendars import NO_DATES, told_days
from fleetsynth.models.base import Factor
from fleetsynth.models.closed import closed_factor

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from fleetsynth.calendars import OwnDates
    from fleetsynth.clock import Days
    from fleetsynth.models.realistic.scenario import Close
    from fleetsynth.scenario.holidays import Closed

    Floats = NDArray[np.float64]


class Local(NamedTuple):
    """What the factors of a service depend on.

    Attributes:
        figures: of the service.
        country: whose holidays it has.
        close: how its business unit closes its books.
        own: what the scenario adds to the country's holidays and removes.
        closed: when its business unit does not work; None for never.
    """

    figures: Mapping[str, float]
    country: str
    close: Close
    own: OwnDates = NO_DATES
    closed: Closed | None = None


def weekend(days: Days, local: Local) -> Floats:
    """Return the service's factor on Saturdays and Sundays; 1 otherwise, per day."""
    return np.where(days.is_weekend, local.figures["demand.weekend"], 1.0)


def holiday(days: Days, local: Local) -> Floats:
    """Return the service's factor on holidays that are not on a weekend; 1 otherwise, per day.

    A factor that the scenario says for a day of its own acts instead, on weekends as well.
    """
    free = days.is_holiday(local.country, local.own) & ~days.is_weekend
    out = np.where(free, local.figures["demand.holiday"], 1.0)
    if local.own:
        told = told_days(local.own, local.country, *days.years)
        out[np.isin(days.index, told.told)] = told.factors[np.isin(told.told, days.index)]
    return out


def close(days: Days, local: Local) -> Floats:
    """Return as much of its business unit's close as reaches the service, per day."""
    return 1.0 + local.figures["demand.close"] * (close_factor(days, local.close) - 1.0)


def closed(days: Days, local: Local) -> Floats:
    """Return what demand falls to while the service's business unit does not work, per day."""
    return closed_factor(days, local.closed, local.figures["demand.weekend"])


def close_factor(days: Days, close: Close) -> Floats:
    """Rise over the last days of a month to its factor, of a fiscal quarter to that one's."""
    of_quarter = (days.month - close.fiscal_year_starts) % 3 == 2
    peak = np.where(of_quarter, close.quarter, close.month)
    rising = 1.0 + (peak - 1.0) * (close.days - days.days_to_month_end) / close.days
    return np.where(days.days_to_month_end < close.days, rising, 1.0)


FACTORS = (
    Factor("weekend", "local Saturdays and Sundays", weekend, field="demand.weekend"),
    Factor("holiday", "public holidays of its country", holiday, field="demand.holiday"),
    Factor("close", "the last days of a month or fiscal quarter", close, field="demand.close"),
    Factor("closed", "days on which its business unit does not work", closed, switch="closed"),
)
"""In the order of their product."""
