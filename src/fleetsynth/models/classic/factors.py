"""Deterministic multipliers of demand, as functions of the calendar, and growth."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fleetsynth.clock import elapsed_months
from fleetsynth.numeric import rounded

if TYPE_CHECKING:
    from datetime import date

    from numpy.typing import NDArray

    from fleetsynth.clock import Calendar, Days
    from fleetsynth.models.classic.scenario import ArchetypeProfile

    Floats = NDArray[np.float64]

HOLIDAY_FACTORS = (
    (1, 1, 1, 0.5),
    (7, 4, 4, 0.7),
    (11, 22, 28, 0.7),
    (12, 24, 24, 0.7),
    (12, 25, 31, 0.6),
)
"""Rows of month, first day, last day, factor: the classic specification's own calendar."""


def in_business_hours(hour: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Tell whether it is between 09:00 and 17:59, per tick."""
    return (hour >= 9) & (hour <= 17)


def weekend(days: Days, factor: float) -> Floats:
    """Return `factor` on Saturdays and Sundays and 1 otherwise, per day."""
    return np.where(days.is_weekend, factor, 1.0)


def quarter_end(days: Days) -> Floats:
    """Rise from 1.06 to 1.30 over the last five days of a quarter; 1 otherwise, per day."""
    rising = 1.0 + 0.3 * (5 - days.days_to_month_end) / 5
    return np.where(days.is_quarter_end, rising, 1.0)


def holiday(days: Days) -> Floats:
    """Fall on the fixed dates of `HOLIDAY_FACTORS`; 1 otherwise, per day."""
    out = np.ones(days.index.shape)
    for month, first, last, factor in HOLIDAY_FACTORS:
        out[(days.month == month) & (days.day >= first) & (days.day <= last)] = factor
    return out


def time_of_week(calendar: Calendar, profile: ArchetypeProfile) -> Floats:
    """Return business hours times weekend, per tick."""
    return _per_tick(calendar, _time_of_week(calendar.days, profile))


def demand(
    calendar: Calendar, profile: ArchetypeProfile, *, quarterly_peaks: bool, holiday_effect: bool
) -> Floats:
    """Return f = ((business hours x weekend) x quarter end) x holiday, per tick."""
    f = _time_of_week(calendar.days, profile)
    if quarterly_peaks:
        f = f * quarter_end(calendar.days)
    if holiday_effect:
        f = f * holiday(calendar.days)
    return _per_tick(calendar, f)


def _time_of_week(days: Days, profile: ArchetypeProfile) -> Floats:
    """Return a row of all days outside business hours, and one inside."""
    business = np.array([[1.0], [profile.business_hours_factor]])
    return business * weekend(days, profile.weekend_factor)


def _per_tick(calendar: Calendar, by_day: Floats) -> Floats:
    """Look up each tick: the factors have two values a day, and ticks may be many."""
    outside, inside = by_day[:, :, None]
    return calendar.per_hour(np.where(in_business_hours(np.arange(24)), inside, outside))


def span_growth(trend: Floats, rate: float) -> Floats:
    """Return g = 1 + (trend x rate) / 100, the rate taken once over the span."""
    return 1.0 + (trend * rate) / 100


def monthly_growth(seconds: NDArray[np.int64], start: date, rate: float) -> Floats:
    """Compound the rate per elapsed month since `start`.

    Rounded to 2**-20, since the last bits of a power differ between machines.
    """
    return rounded(np.power(1.0 + rate / 100, elapsed_months(seconds, start)))
