"""Deterministic multipliers of demand, as functions of the calendar, and growth."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fleetsynth.clock import elapsed_months
from fleetsynth.models.base import Case, Factor, product_of
from fleetsynth.numeric import rounded

if TYPE_CHECKING:
    from datetime import date

    from numpy.typing import NDArray

    from fleetsynth.clock import Calendar, Days
    from fleetsynth.models.classic.scenario import ArchetypeProfile, ClassicScenario

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

_DATES = (
    (1, 1, 1, Case("Jan 1", 0.5, "New Year's Day")),
    (7, 4, 4, Case("Jul 4", 0.7, "Independence Day")),
    (11, 22, 28, Case("Nov 22–28", 0.7, "22–28 November")),
    (12, 24, 24, Case("Dec 24", 0.7, "24 December")),
    (12, 25, 26, Case("Dec 25–31", 0.6, "25–26 December")),
    (12, 27, 31, Case("Dec 25–31", 0.6, "27–31 December")),
)
"""Rows of month, first day, last day, case: the specification's own calendar of holidays. At the
end of December the quarter ends as well, so that a chart shows those days apart."""

_RAMP_DAYS = 5
_RAMP = tuple(
    Case(f"{left} days left", 1.0 + 0.3 * (_RAMP_DAYS - left) / _RAMP_DAYS, f"Quarter end, {title}")
    for left, title in (
        (4, "4 days to go"),
        (3, "3 days to go"),
        (2, "2 days to go"),
        (1, "1 day to go"),
        (0, "last day"),
    )
)
"""Days left in the quarter, and what they rise to: 1.06 to 1.30."""


_OF_HOUR = np.repeat([0, 1, 0], [9, 9, 6])
"""Whether an hour of the day is one of business, from 09:00 to 17:59."""

_OF_DATE = np.zeros((13, 32), dtype=np.int64)
for _number, (_month, _first, _last, _) in enumerate(_DATES, start=1):
    _OF_DATE[_month, _first : _last + 1] = _number
"""Which row of `_DATES` holds, by month and day."""


def _in_business_hours(hour: Ints) -> Ints:
    return _OF_HOUR.take(hour)


def _on_weekend(days: Days) -> Ints:
    return days.is_weekend.astype(np.int64)


def _at_quarter_end(days: Days) -> Ints:
    return np.where(days.is_quarter_end, _RAMP_DAYS - days.days_to_month_end, 0)


def _on_holiday(days: Days) -> Ints:
    return _OF_DATE[days.month, days.day]


WEEKEND = Factor.of_cases("weekend", "Saturdays and Sundays", _on_weekend, field="weekend_factor")
BUSINESS_HOURS = Factor.of_cases(
    "business hours",
    "from 09:00 to 17:59",
    _in_business_hours,
    field="business_hours_factor",
    hourly=True,
)
QUARTER_END = Factor.of_cases(
    "quarter end",
    "the last five days of a quarter",
    _at_quarter_end,
    switch="quarterly_peaks",
    cases=_RAMP,
)
HOLIDAY = Factor.of_cases(
    "holiday",
    "fixed dates around US holidays",
    _on_holiday,
    switch="holiday_effect",
    cases=tuple(case for *_, case in _DATES),
)
FACTORS = (WEEKEND, BUSINESS_HOURS, QUARTER_END, HOLIDAY)
"""In the order of the product f = ((weekend x business hours) x quarter end) x holiday."""


def time_of_week(calendar: Calendar, profile: ArchetypeProfile) -> Floats:
    """Return business hours times weekend, per tick."""
    return product_of((WEEKEND, BUSINESS_HOURS), calendar, profile)


def demand(calendar: Calendar, profile: ArchetypeProfile, scenario: ClassicScenario) -> Floats:
    """Return the product of the factors that are on, per tick."""
    return product_of([f for f in FACTORS if f.is_on(scenario)], calendar, profile)


def span_growth(trend: Floats, rate: float) -> Floats:
    """Return g = 1 + (trend x rate) / 100, the rate taken once over the span."""
    return 1.0 + (trend * rate) / 100


def monthly_growth(seconds: Ints, start: date, rate: float) -> Floats:
    """Compound the rate per elapsed month since `start`.

    Rounded to 2**-20, since the last bits of a power differ between machines.
    """
    return rounded(np.power(1.0 + rate / 100, elapsed_months(seconds, start)))
