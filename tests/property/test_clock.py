"""The vectorised calendar against Python's own, over ten thousand years."""

from datetime import date, datetime, timedelta

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from numpy.typing import NDArray

from fleetsynth.calendars import public_holidays
from fleetsynth.clock import (
    DAY_SECONDS,
    Calendar,
    Clock,
    Days,
    elapsed_months,
    epoch_day,
    from_epoch_day,
)
from fleetsynth.plan import CALENDAR_COLUMNS
from fleetsynth.scenario.fields import step_seconds
from tests import twin

EPOCH = datetime(1970, 1, 1)
STEPS = [step for step in range(1, DAY_SECONDS + 1) if DAY_SECONDS % step == 0]
dates = st.dates(date(1, 1, 1), date(9999, 12, 31))
near_dates = st.dates(date(1890, 1, 1), date(2110, 12, 31))
moments = st.datetimes(datetime(1890, 1, 1), datetime(2110, 12, 31)).map(
    lambda ts: ts.replace(microsecond=0)
)


def _seconds(stamps: list[datetime]) -> NDArray[np.int64]:
    return np.array([(ts - EPOCH) // timedelta(seconds=1) for ts in stamps], dtype=np.int64)


@given(dates)
@example(date(1970, 1, 1))
@example(date(1969, 12, 31))
@example(date(2000, 2, 29))
@example(date(1900, 2, 28))
def test_every_field_of_a_day_is_pythons(day: date) -> None:
    days = Days(epoch_day(day), epoch_day(day))
    assert from_epoch_day(epoch_day(day)) == day
    fields = {name: field for name, field in CALENDAR_COLUMNS.items() if field is not None}
    got = {name: int(getattr(days, field)[0]) for name, field in fields.items()}
    expected = twin.calendar(datetime.combine(day, datetime.min.time()), set())
    assert CALENDAR_COLUMNS.keys() - fields.keys() == {"is_holiday"}
    del expected["is_holiday"]
    assert got == expected
    assert int(days.day[0]) == day.day
    assert int(days.month_index[0]) == (day.year - 1970) * 12 + day.month - 1
    next_month = (
        (day.replace(day=1) + timedelta(days=31)).replace(day=1) if day.year < 9999 else None
    )
    if next_month:
        assert int(days.days_to_month_end[0]) == (next_month - day).days - 1


@given(st.lists(moments, min_size=1, max_size=8))
@example([datetime(2024, 2, 29, 23, 59, 59), datetime(1970, 1, 1), datetime(1969, 12, 31, 23)])
def test_a_calendar_takes_timestamps_in_any_order(stamps: list[datetime]) -> None:
    calendar = Calendar(_seconds(stamps))
    days = calendar.days
    assert calendar.hour.tolist() == [ts.hour for ts in stamps]
    assert calendar.per_tick(days.year).tolist() == [ts.year for ts in stamps]
    assert calendar.per_tick(days.month).tolist() == [ts.month for ts in stamps]
    assert calendar.per_tick(days.day).tolist() == [ts.day for ts in stamps]
    assert calendar.per_tick(days.dayofweek).tolist() == [ts.weekday() for ts in stamps]


def test_a_calendar_of_nothing_is_empty() -> None:
    calendar = Calendar(np.zeros(0, dtype=np.int64))
    assert calendar.hour.tolist() == []
    assert calendar.per_tick(calendar.days.is_holiday("US")).tolist() == []


@given(near_dates, st.integers(0, 90), st.sampled_from(STEPS[-30:]))
def test_a_clock_covers_whole_days_from_first_to_last(start: date, days: int, step: int) -> None:
    end = start + timedelta(days=days)
    clock = Clock(start, end, step)
    seconds = clock.seconds(clock.first, clock.stop)
    first = datetime.combine(start, datetime.min.time())
    assert len(seconds) == clock.count == (days + 1) * (DAY_SECONDS // step)
    assert EPOCH + timedelta(seconds=int(seconds[0])) == first
    last = EPOCH + timedelta(seconds=int(seconds[-1]))
    assert last == first + timedelta(days=days + 1, seconds=-step)
    assert set(np.diff(seconds).tolist()) <= {step}
    assert np.array_equal(clock.seconds(clock.first + 1, clock.stop), seconds[1:])


@given(near_dates, st.integers(0, 800), st.integers(0, 50), st.integers(0, 50))
@example(date(1969, 12, 31), 1, 0, 0)
@example(date(2024, 2, 29), 0, 0, 0)
def test_month_starts_cut_ticks_at_months(start: date, days: int, skip: int, drop: int) -> None:
    clock = Clock(start, start + timedelta(days=days), 21_600)
    first, stop = clock.first + skip, max(clock.stop - drop, clock.first + skip + 1)
    spans = clock.month_starts(first, stop)
    seen: list[int] = []
    for month, begin, end in spans:
        assert begin < end
        for tick in range(begin, end):
            ts = EPOCH + timedelta(seconds=tick * 21_600)
            assert (ts.year - 1970) * 12 + ts.month - 1 == month
        seen += range(begin, end)
    assert seen == list(range(first, stop))
    assert len({month for month, *_ in spans}) == len(spans)


@given(st.lists(moments, min_size=1, max_size=6), near_dates)
@example([datetime(2022, 2, 28), datetime(2022, 2, 27, 23, 59, 59)], date(2022, 1, 31))
@example([datetime(2024, 2, 29), datetime(2023, 2, 28), datetime(2021, 1, 1)], date(2020, 2, 29))
@example([datetime(1969, 12, 31, 23)], date(1970, 1, 1))
def test_elapsed_months_are_the_twins(stamps: list[datetime], start: date) -> None:
    expected = [twin.elapsed_months(ts, start) for ts in stamps]
    assert elapsed_months(_seconds(stamps), start).tolist() == expected


@given(near_dates, st.integers(1, 600))
def test_elapsed_months_never_fall_and_are_whole_on_the_day(start: date, months: int) -> None:
    first = np.datetime64(start).astype("datetime64[s]").astype(np.int64)
    seconds = first + np.arange(0, 400 * DAY_SECONDS, 43_200)
    elapsed = elapsed_months(seconds, start)
    assert elapsed[0] == 0.0
    assert (np.diff(elapsed) > 0).all()
    if start.day <= 28:
        month = (np.datetime64(start, "M") + months).astype("datetime64[s]").astype(np.int64)
        there = np.array([month + (start.day - 1) * DAY_SECONDS])
        assert elapsed_months(there, start).tolist() == [months]


@given(st.integers(1986, 2100))
def test_us_holidays_are_the_federal_ones_with_observed_days(year: int) -> None:
    got = [from_epoch_day(int(day)) for day in public_holidays("US", year, year)]
    assert got == sorted(twin.federal_holidays(year))


def test_holidays_of_several_years_are_those_of_each() -> None:
    at_once = public_holidays("US", 2021, 2024)
    assert at_once.tolist() == [
        day for y in range(2021, 2025) for day in public_holidays("US", y, y)
    ]
    assert (np.diff(at_once) > 0).all()


GRANULARITIES = {
    "daily": 86_400,
    "hourly": 3_600,
    "1d": 86_400,
    "24h": 86_400,
    "1440min": 86_400,
    "15min": 900,
    "1min": 60,
    "30s": 30,
    "1s": 1,
}


@pytest.mark.parametrize("text", GRANULARITIES)
def test_granularities_in_seconds(text: str) -> None:
    assert step_seconds(text) == GRANULARITIES[text]


@given(st.integers(1, 100_000), st.sampled_from(["s", "min", "h", "d"]))
def test_a_step_is_taken_if_and_only_if_it_divides_a_day(count: int, unit: str) -> None:
    seconds = count * {"s": 1, "min": 60, "h": 3_600, "d": DAY_SECONDS}[unit]
    if DAY_SECONDS % seconds == 0:
        assert step_seconds(f"{count}{unit}") == seconds
        return
    with pytest.raises(ValueError, match=f"a step of {count}{unit} does not divide a day; ") as bad:
        step_seconds(f"{count}{unit}")
    suggested = str(bad.value).split("; ")[1].removesuffix(" would")
    assert DAY_SECONDS % step_seconds(suggested) == 0


@pytest.mark.parametrize(
    "text",
    ["", "0s", "-5min", "5", "min", "1.5h", "5 min", "5MIN", "weekly", "05min", "1h30min", "٥min"],
)
def test_what_is_no_granularity_is_refused(text: str) -> None:
    with pytest.raises(
        ValueError, match="is not a valid granularity: give daily, hourly, or a step"
    ):
        step_seconds(text)
