"""Moments, durations and strengths of events, as a planner writes them."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import date, datetime
from typing import Annotated

from pydantic import Field
from pydantic.functional_validators import BeforeValidator

from fleetsynth.clock import DAY_SECONDS, HOUR_SECONDS, WEEK_SECONDS, epoch_day

_DURATION = re.compile(r"([1-9][0-9]{0,5})\s*(s|min|h|d|w)")
_UNITS = {"s": 1, "min": 60, "h": HOUR_SECONDS, "d": DAY_SECONDS, "w": WEEK_SECONDS}
_LONGEST = 100 * 366 * DAY_SECONDS
_MOST_NAMES = 10_000
LEAST_CAPACITY = 1e-3
"""What capacity can be multiplied by at least: a server without any is down."""
_FACTOR = re.compile(r"[x×*]\s*([0-9]+(?:\.[0-9]+)?)")
_PERCENT = re.compile(r"([+-][0-9]+(?:\.[0-9]+)?)\s*%")
_POINTS = re.compile(r"([+-]?[0-9]+(?:\.[0-9]+)?)")
MONTHS = {"month": 1, "quarter": 3, "year": 12}
"""Periods that are as long as the calendar has them."""
_PERIODS = {"hour": "1h", "day": "1d", "week": "1w"}


def duration_seconds(text: str) -> int:
    """Return a duration such as 30min, 4h, 7d or 2w in seconds; ValueError for anything else."""
    match = _DURATION.fullmatch(text)
    if not match:
        raise ValueError(f"{text!r} is not a valid duration: give one such as 30min, 4h, 7d or 2w")
    seconds = int(match[1]) * _UNITS[match[2]]
    if seconds > _LONGEST:
        raise ValueError(f"{text!r} is longer than a hundred years")
    return seconds


def moment_seconds(text: str) -> int:
    """Return seconds since the Unix epoch of a moment as scenarios hold it."""
    day, _, time = text.partition(" ")
    hour, _, minute = time.partition(":")
    minutes = int(hour or 0) * 60 + int(minute or 0)
    return epoch_day(date.fromisoformat(day)) * DAY_SECONDS + minutes * 60


def is_day(text: str) -> bool:
    """Tell a moment that is a whole day from one with a time of day."""
    return " " not in text


def period(text: str) -> tuple[int, int]:
    """Return a period as months and seconds, one of them 0; ValueError for anything else."""
    if text in MONTHS:
        return MONTHS[text], 0
    try:
        return 0, duration_seconds(_PERIODS.get(text, text))
    except ValueError:
        raise ValueError(
            f"{text!r} is not a valid period: give hour, day, week, month, quarter, year, "
            "or a duration such as 14d"
        ) from None


def _moment(value: object) -> object:
    if isinstance(value, datetime):
        moment = value
    elif isinstance(value, date):
        return value.isoformat()
    elif isinstance(value, str):
        with suppress(ValueError):
            return date.fromisoformat(value).isoformat()
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            raise ValueError(
                f"{value!r} is not a valid moment: give a day such as 2024-06-01, or a day and a "
                "time (UTC) such as 2024-06-01 02:00"
            ) from None
    else:
        return value
    if moment.tzinfo is not None:
        raise ValueError(f"{value} has a zone: moments are UTC, without a zone")
    if moment.second or moment.microsecond:
        raise ValueError(f"{value} has seconds: give whole minutes")
    return moment.isoformat(" ", "minutes")


def _duration(value: object) -> object:
    if isinstance(value, str):
        duration_seconds(value)
    return value


def _period(value: object) -> object:
    if isinstance(value, str):
        period(value)
    return value


def _factor(value: object) -> object:
    if isinstance(value, str):
        if match := _FACTOR.fullmatch(value.strip()):
            return float(match[1])
        if match := _PERCENT.fullmatch(value.strip()):
            return round(1.0 + float(match[1]) / 100, 12)
        raise ValueError(f"{value!r} is not a valid factor: give one such as x1.3 or +30%")
    return value


def _points(value: object) -> object:
    if isinstance(value, str):
        match = _POINTS.fullmatch(value.strip())
        if not match:
            raise ValueError(f"{value!r} is not a number of percentage points, such as +15")
        return float(match[1])
    return value


def _one_or_more(value: object) -> object:
    return [value] if isinstance(value, str) else value


Moment = Annotated[str, BeforeValidator(_moment, json_schema_input_type=str)]
"""A day, or a day and a time to the minute, UTC."""
Duration = Annotated[str, BeforeValidator(_duration)]
Period = Annotated[str, BeforeValidator(_period)]
Times = Annotated[
    float, Field(ge=0.0, le=1e3), BeforeValidator(_factor, json_schema_input_type=float | str)
]
"""A factor: x1.3, +30% or 1.3."""
Capacity = Annotated[
    float,
    Field(ge=LEAST_CAPACITY, le=1e3),
    BeforeValidator(_factor, json_schema_input_type=float | str),
]
"""A factor that is not nothing."""
Points = Annotated[
    float, Field(ge=-100.0, le=100.0), BeforeValidator(_points, json_schema_input_type=float | str)
]
"""Percentage points: +15."""
Names = Annotated[
    tuple[str, ...],
    Field(min_length=1, max_length=_MOST_NAMES, strict=False),
    BeforeValidator(_one_or_more, json_schema_input_type=str | list[str]),
]
"""One name, or a list of them."""
