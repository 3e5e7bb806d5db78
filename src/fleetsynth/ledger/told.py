"""What planners tell: when each of their events comes, and whom it befalls."""

from __future__ import annotations

from calendar import monthrange
from datetime import MAXYEAR, date, datetime
from functools import lru_cache
from itertools import count
from typing import TYPE_CHECKING

from fleetsynth.clock import (
    DAY_SECONDS,
    FIRST_SECOND,
    HOUR_SECONDS,
    LAST_SECOND,
    epoch_day,
    from_epoch_day,
)
from fleetsynth.kinds.kind import Effect, Event
from fleetsynth.numeric import rounded
from fleetsynth.scenario.moments import duration_seconds, period

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fleetsynth.scenario.events import Told
    from fleetsynth.whom import Who


def is_of_server(told: Told) -> bool:
    """Tell whether it befalls servers one by one, and not services."""
    return told.servers is not None or told.of.entity == "server"


def times(told: Told, first: int, stop: int) -> Iterator[tuple[int, int | None]]:
    """Yield begin and end of each time that an event comes and touches seconds first..stop-1."""
    lasts = told.lasts_seconds
    for begin in _begins(told, first - (lasts or 0), stop):
        if lasts is None or begin + lasts > first:
            yield begin, None if lasts is None else begin + lasts


def _begins(told: Told, first: int, stop: int) -> Iterator[int]:
    """Yield when an event comes, from `first` or a little before it, up to `stop`."""
    begin = told.begin
    if told.every is None:
        if begin < stop:
            yield begin
        return
    until = stop if told.stop is None else min(stop, told.stop)
    months, seconds = period(told.every)
    if seconds:
        skipped = max(0, (first - begin) // seconds)
        yield from range(begin + skipped * seconds, until, seconds)
        return
    day, time = divmod(begin, DAY_SECONDS)
    start = from_epoch_day(day)
    skipped = max(0, (first - begin) // (31 * DAY_SECONDS) // months - 1)
    for number in count(skipped):
        later = _months_later(start, number * months)
        if later is None or (at := epoch_day(later) * DAY_SECONDS + time) >= until:
            return
        yield at


def _months_later(day: date, months: int) -> date | None:
    """Return the same day of a later month, or its last one where it is shorter.

    None after the last year that there is.
    """
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if year > MAXYEAR:
        return None
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def event(told: Told, who: Who, begin: int, end: int | None) -> Event:
    """Return what befalls a server or service at one of the times."""
    kind = told.of
    strengths = told.strengths
    if strengths:
        effects = tuple(Effect.of(channel, rounded(size)) for channel, size in strengths.items())
    else:
        effects = kind.effects(kind.size) if kind.effects else ()
    again = f"-{stamp(begin)}" if told.every else ""
    return Event(
        event_id=f"{told.label}-{who.name}{again}",
        kind=kind.name,
        entity=who.name,
        begin=begin,
        end=end,
        effects=effects,
        planned=kind.planned if told.planned is None else told.planned,
        cause=told.cause or "",
        severity=told.severity or kind.severity,
        ramp=kind.ramp if told.ramp is None else duration_seconds(told.ramp),
        rises=kind.rises,
        course=kind.course,
    )


def stamp(seconds: int) -> str:
    """Write a moment as ids do: 20240601T0230."""
    day, second = divmod(min(max(seconds, FIRST_SECOND), LAST_SECOND), DAY_SECONDS)
    return f"{_day(day)}T{_minute(second // 60)}"


def stamp_seconds(text: str) -> int | None:
    """Read a moment as `stamp` writes it; None if it is none."""
    try:
        moment = datetime.strptime(text, "%Y%m%dT%H%M")
    except ValueError:
        return None
    return epoch_day(moment.date()) * DAY_SECONDS + moment.hour * HOUR_SECONDS + moment.minute * 60


@lru_cache(maxsize=1 << 14)
def _day(day: int) -> str:
    return from_epoch_day(day).isoformat().replace("-", "")


@lru_cache(maxsize=1440)
def _minute(minute: int) -> str:
    return f"{minute // 60:02d}{minute % 60:02d}"
