"""Deterministic multipliers of demand, as functions of the local calendar."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from fleetsynth.models.base import Factor

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from fleetsynth.clock import Days
    from fleetsynth.models.realistic.scenario import Close

    Floats = NDArray[np.float64]


class Local(NamedTuple):
    """What the factors of a service depend on.

    Attributes:
        figures: of the service.
        country: whose holidays it has.
        close: how its business unit closes its books.
    """

    figures: Mapping[str, float]
    country: str
    close: Close


def weekend(days: Days, local: Local) -> Floats:
    """Return the service's factor on Saturdays and Sundays; 1 otherwise, per day."""
    return np.where(days.is_weekend, local.figures["demand.weekend"], 1.0)


def holiday(days: Days, local: Local) -> Floats:
    """Return the service's factor on holidays that are not on a weekend; 1 otherwise, per day."""
    free = days.is_holiday(local.country) & ~days.is_weekend
    return np.where(free, local.figures["demand.holiday"], 1.0)


def close(days: Days, local: Local) -> Floats:
    """Return as much of its business unit's close as reaches the service, per day."""
    return 1.0 + local.figures["demand.close"] * (close_factor(days, local.close) - 1.0)


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
)
"""In the order of their product."""
