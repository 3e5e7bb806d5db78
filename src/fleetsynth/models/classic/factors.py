"""Deterministic multipliers of demand, as functions of the calendar, and growth."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fleetsynth.calendars import told_days
from fleetsynth.clock import elapsed_months
from fleetsynth.models.base import Case, Factor, product_of
from fleetsynth.models.closed import closed_factor, closed_of
from fleetsynth.numeric import rounded

if TYPE_CHECKING:
    from datetime import date

    from numpy.typing import NDArray

    from fleetsynth.calendars import OwnDates
    from fleetsynth.clock import Calendar, Days
    from fleetsynth.models.classic.scenario import ArchetypeProfile, ClassicScenario
    from fleetsynth.scenario.holidays import Closed

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

MILDEST = max(case.value for *_, case in _DATES)
"""The factor of a holiday of the scenario's own that says none, on a day that has none yet."""


def factors_of(scenario: ClassicScenario) -> tuple[Factor, ...]:
    """Return the factors with a scenario's own holidays and closed days."""
    own, closed = scenario.holidays.own_dates(), scenario.closed
    if not own and not closed:
        return FACTORS
    holiday = with_own(own) if own else HOLIDAY
    units = ((unit, closed_of(closed, unit)) for unit in scenario.business_units)
    theirs = (closed_days(unit, days) for unit, days in units if days is not None)
    return (*(holiday if factor is HOLIDAY else factor for factor in FACTORS), *theirs)


def with_own(own: OwnDates) -> Factor:
    """Return the holiday factor with dates that a scenario adds and without those it removes."""
    values = sorted({MILDEST, *(e.factor for e in own.added if e.factor is not None)})
    titles = {value: f"Own holiday, {value:g} times" for value in values}
    cases = tuple(case for *_, case in _DATES)
    cases += tuple(Case(f"own {value:g}", value, titles[value]) for value in values)

    def case_of(days: Days) -> Ints:
        out = _on_holiday(days)
        if not len(days.index):
            return out
        told = told_days(own, "US", *days.years)
        out[np.isin(days.index, told.removed)] = 0
        first = len(_DATES) + 1
        out[np.isin(days.index, told.added) & (out == 0)] = first + values.index(MILDEST)
        case = first + np.searchsorted(values, told.factors)
        out[np.isin(days.index, told.told)] = case[np.isin(told.told, days.index)]
        return out

    label = "fixed dates around US holidays, and those of the scenario"
    return Factor.of_cases("holiday", label, case_of, switch=HOLIDAY.switch, cases=cases)


def closed_days(unit: str, closed: Closed) -> Factor:
    """Return the factor of the days on which a business unit does not work."""

    def function(days: Days, profile: ArchetypeProfile) -> Floats:
        return closed_factor(days, closed, profile.weekend_factor)

    return Factor("closed", f"days on which {unit} does not work", function, unit=unit)


def time_of_week(calendar: Calendar, profile: ArchetypeProfile) -> Floats:
    """Return business hours times weekend, per tick."""
    return product_of((WEEKEND, BUSINESS_HOURS), calendar, profile)


def demand(
    calendar: Calendar,
    profile: ArchetypeProfile,
    scenario: ClassicScenario,
    closed: Closed | None = None,
) -> Floats:
    """Return the product of the factors that are on, per tick.

    Args:
        calendar: of the ticks.
        profile: of the servers.
        scenario: whose.
        closed: when the servers' business unit does not work; None for never.
    """
    acting = [f for f in factors_of(scenario) if f.unit is None and f.is_on(scenario)]
    if closed is not None:
        acting.append(closed_days("", closed))
    return product_of(acting, calendar, profile)


def span_growth(trend: Floats, rate: float) -> Floats:
    """Return g = 1 + (trend x rate) / 100, the rate taken once over the span."""
    return 1.0 + (trend * rate) / 100


def monthly_growth(seconds: Ints, start: date, rate: float) -> Floats:
    """Compound the rate per elapsed month since `start`.

    Rounded to 2**-20, since the last bits of a power differ between machines.
    """
    return rounded(np.power(1.0 + rate / 100, elapsed_months(seconds, start)))
