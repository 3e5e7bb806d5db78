"""The time grid: ticks counted from the Unix epoch, and what the calendar says of each.

Timestamps are naive and mean UTC. Everything is whole-number arithmetic over arrays.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache, cached_property, lru_cache
from importlib import resources
from itertools import pairwise
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from fleetsynth.calendars import NO_DATES, days_off

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from numpy.typing import NDArray

    from fleetsynth.calendars import OwnDates

    Ints = NDArray[np.int64]
    Bools = NDArray[np.bool_]
    T = TypeVar("T", bound=np.generic)

_ZONED = (-2_208_988_800, 7_258_118_400)  # 1900 and 2200
HOUR_SECONDS, DAY_SECONDS, WEEK_SECONDS = 3_600, 86_400, 604_800
MONTH_SECONDS = 2_629_746
"""A month of the Gregorian calendar, on average."""
SECOND_MICROS, DAY_MICROS = 1_000_000, 86_400_000_000
_EPOCH = date(1970, 1, 1)


FIRST_SECOND = (date.min - _EPOCH).days * DAY_SECONDS
LAST_SECOND = ((date.max - _EPOCH).days + 1) * DAY_SECONDS - 1
"""The first second of year 1 and the last of 9999: no file, and no calendar, says any other."""


@dataclass(frozen=True)
class Clock:
    """A regular grid over whole days, both ends included.

    Attributes:
        start: the first day.
        end: the last day, present to its last tick.
        step: seconds from tick to tick; divides a day.
    """

    start: date
    end: date
    step: int

    @property
    def ticks_per_day(self) -> int:
        """Ticks in one day."""
        return DAY_SECONDS // self.step

    @property
    def first(self) -> int:
        """The first tick, counted in steps from the Unix epoch."""
        return epoch_day(self.start) * self.ticks_per_day

    @property
    def count(self) -> int:
        """Number of ticks."""
        return ((self.end - self.start).days + 1) * self.ticks_per_day

    @property
    def stop(self) -> int:
        """One past the last tick."""
        return self.first + self.count

    def seconds(self, first: int, stop: int) -> Ints:
        """Seconds since the Unix epoch of ticks first..stop-1, shape (ticks,)."""
        return np.arange(first, stop, dtype=np.int64) * self.step

    def month_starts(self, first: int, stop: int) -> list[tuple[int, int, int]]:
        """Cut ticks first..stop-1 at UTC months: (month counted from 1970-01, first, stop) each."""
        per_day = self.ticks_per_day
        days = Days(first // per_day, (stop - 1) // per_day)
        begins = np.flatnonzero(np.diff(days.month_index)) + 1
        edges = [first, *(days.index[begins] * per_day).tolist(), stop]
        months = days.month_index[[0, *begins.tolist()]].tolist()
        return [(month, a, b) for month, (a, b) in zip(months, pairwise(edges), strict=True)]


class Days:
    """What the calendar says of each day from the first to the last, shape (days,).

    Attributes:
        index: days since 1970-01-01.
    """

    def __init__(self, first: int, last: int) -> None:
        self.index: Ints = np.arange(first, last + 1, dtype=np.int64)
        self._holidays: dict[tuple[str, OwnDates], Bools] = {}

    @cached_property
    def month_index(self) -> Ints:
        """Months since 1970-01."""
        return self.index.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)

    @cached_property
    def year(self) -> Ints:
        """Year."""
        return self.month_index // 12 + 1970

    @cached_property
    def month(self) -> Ints:
        """Month, 1 to 12."""
        return self.month_index % 12 + 1

    @cached_property
    def quarter(self) -> Ints:
        """Quarter, 1 to 4."""
        return self.month_index % 12 // 3 + 1

    @cached_property
    def day(self) -> Ints:
        """Day of the month, from 1."""
        return self.index - _first_day(self.month_index) + 1

    @cached_property
    def days_to_month_end(self) -> Ints:
        """Days left in the month after this one: 0 on its last day."""
        return _first_day(self.month_index + 1) - self.index - 1

    @cached_property
    def dayofweek(self) -> Ints:
        """Day of the week, Monday 0 to Sunday 6 (1970-01-01 was a Thursday)."""
        return (self.index + 3) % 7

    @cached_property
    def is_weekend(self) -> Bools:
        """Saturday or Sunday."""
        return self.dayofweek >= 5

    @cached_property
    def is_quarter_end(self) -> Bools:
        """One of the last five days of March, June, September or December."""
        quarter_end: Bools = (self.month % 3 == 0) & (self.days_to_month_end < 5)
        return quarter_end

    def is_holiday(self, place: str, own: OwnDates = NO_DATES) -> Bools:
        """A public holiday, the day on which one is observed, or one of a scenario's own.

        Only to be read.

        Args:
            place: a country, or a country and its subdivision, such as ``DE-HE``.
            own: what a scenario adds and removes.
        """
        key = place, own
        if key not in self._holidays:
            off = days_off(place, *self.years, own) if self.index.size else self.index
            self._holidays[key] = np.isin(self.index, off)
        return self._holidays[key]

    @property
    def years(self) -> tuple[int, int]:
        """The first and the last year; there has to be a day."""
        return int(self.year[0]), int(self.year[-1])


class Calendar:
    """The hour and the days behind an array of timestamps, in any order.

    Attributes:
        seconds: whole seconds since the Unix epoch, shape (ticks,).
        days: every day from the earliest timestamp to the latest.
    """

    def __init__(self, seconds: Ints) -> None:
        self.seconds = seconds
        day = seconds // DAY_SECONDS
        first, last = (int(day.min()), int(day.max())) if seconds.size else (0, -1)
        self.days = Days(first, last)
        self._first = first
        self._day_index = day - first

    @cached_property
    def hour(self) -> Ints:
        """Hour of the day, 0 to 23, shape (ticks,)."""
        return self.seconds % DAY_SECONDS // HOUR_SECONDS

    def per_tick(self, values: NDArray[T]) -> NDArray[T]:
        """Look up, for each timestamp, a value that was worked out for each of `days`."""
        return values[self._day_index]

    def per_hour(self, values: NDArray[T]) -> NDArray[T]:
        """Look up, for each timestamp, a value of shape (days, 24)."""
        return values.ravel()[self.seconds // HOUR_SECONDS - self._first * 24]


def epoch_day(day: date) -> int:
    """Days from 1970-01-01 to a date."""
    return (day - _EPOCH).days


def from_epoch_day(day: int) -> date:
    """The date so many days after 1970-01-01."""
    return _EPOCH + timedelta(days=day)


def utc_offsets(zone: str, first: int, stop: int) -> Ints:
    """Seconds that a zone's clocks are ahead of UTC at UTC hours first..stop-1 since the epoch.

    Source: the IANA database in the ``tzdata`` package, whose version is part of a dataset's
    metadata; the system may have another one.
    """
    days = range(first // 24, (stop - 1) // 24 + 1)
    out = np.concatenate([_offsets_of_day(zone, day) for day in days])
    return out[first - days[0] * 24 :][: stop - first]


def ahead(zone: str, seconds: Ints) -> Ints:
    """Seconds that a zone's clocks are ahead of UTC, shape of `seconds`.

    Args:
        zone: a name, or an offset such as ``+09:00``.
        seconds: since the Unix epoch; before 1900 and after 2200 the nearest of those counts.
    """
    if zone[0] in "+-":
        whole, _, minutes = zone[1:].partition(":")
        size = int(whole) * HOUR_SECONDS + int(minutes or 0) * 60
        return np.full(seconds.shape, -size if zone[0] == "-" else size, np.int64)
    if not len(seconds):
        return np.zeros(0, np.int64)
    hours = np.clip(seconds, *_ZONED) // HOUR_SECONDS
    first = int(hours.min()) // 24
    days = np.unique(hours // 24)
    rows = np.zeros(int(days[-1]) - first + 1, np.int64)
    rows[days - first] = np.arange(len(days))
    table = np.array([_offsets_of_day(zone, day) for day in days.tolist()])
    return table[rows[hours // 24 - first], hours % 24]


@lru_cache(maxsize=1 << 16)
def _offsets_of_day(zone: str, day: int) -> Ints:
    begin = day * DAY_SECONDS
    ends = [_offset(zone, begin), _offset(zone, begin + 23 * HOUR_SECONDS)]
    if ends[0] == ends[1]:
        return np.full(24, ends[0], dtype=np.int64)
    return np.array(
        [_offset(zone, begin + hour * HOUR_SECONDS) for hour in range(24)], dtype=np.int64
    )


@cache
def zone_names() -> frozenset[str]:
    """Names of the IANA time zones that there are."""
    return frozenset((resources.files("tzdata") / "zones").read_text("utf-8").split())


@cache
def _zone(name: str) -> ZoneInfo:
    from zoneinfo import ZoneInfo

    with (resources.files("tzdata") / "zoneinfo").joinpath(*name.split("/")).open("rb") as file:
        return ZoneInfo.from_file(file, key=name)


def _offset(zone: str, seconds: int) -> int:
    moment = datetime.fromtimestamp(seconds, _zone(zone))
    offset = moment.utcoffset()
    return int(offset.total_seconds()) if offset else 0


def elapsed_months(seconds: Ints, start: date) -> NDArray[np.float64]:
    """Months from midnight of `start`: whole months plus the fraction of the current one.

    A month is full on the same day of the next month, or on its last day where it is shorter.
    Before `start` the count is negative.
    """
    calendar = Calendar(seconds)
    start_month = (start.year - 1970) * 12 + start.month - 1
    whole = calendar.per_tick(calendar.days.month_index) - start_month
    whole = whole - (seconds < anniversary(start, whole))
    begun = anniversary(start, whole)
    length = anniversary(start, whole + 1) - begun
    return whole.astype(np.float64) + (seconds - begun) / length


def anniversary(start: date, months: Ints) -> Ints:
    """Seconds since the epoch at which so many months since `start` are full."""
    month = months + ((start.year - 1970) * 12 + start.month - 1)
    last_day = _first_day(month + 1) - 1
    return np.minimum(_first_day(month) + (start.day - 1), last_day) * DAY_SECONDS


def _first_day(month_index: Ints) -> Ints:
    return month_index.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
