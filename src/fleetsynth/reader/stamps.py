"""One time written as text, to microseconds since the Unix epoch."""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

from fleetsynth.clock import DAY_MICROS, HOUR_SECONDS, SECOND_MICROS

_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]

_CLOCK = (
    r"(?P<H>\d{1,2}):(?P<M>\d{2})(?::(?P<S>\d{2})(?:[.,](?P<f>\d{1,9}))?)?"
    r"(?: ?(?P<p>[AaPp])\.?[Mm]\.?)?"
)
_ZONE = r"(?: ?(?P<z>Z|z|UTC|GMT|[+-]\d{2}(?::?\d{2})?))?"
_REST = rf"(?:(?:T| |, ?|:){_CLOCK}{_ZONE})?"
_DATES = (
    r"(?P<Y>[+-]?\d{4,6})([-/.])(?P<m>\d{1,2})(?:\2(?P<d>\d{1,2}))?",
    r"(?P<a>\d{1,2})([-/.])(?P<b>\d{1,2})\2(?P<Y>\d{4})",
    r"(?:[A-Za-z]{3,9},? )?(?P<d>\d{1,2})[-/ .](?P<mon>[A-Za-z]{3,9})[-/ .,]+(?P<Y>\d{4})",
    r"(?:[A-Za-z]{3,9},? )?(?P<mon>[A-Za-z]{3,9})\.? (?P<d>\d{1,2}),? (?P<Y>\d{4})",
)
_COMPACT = r"(?P<Y>\d{4})(?P<m>\d\d)(?P<d>\d\d)T(?P<H>\d\d)(?P<M>\d\d)(?P<S>\d\d)?" + _ZONE
PATTERNS = (*(re.compile(date + _REST) for date in _DATES), re.compile(_COMPACT))
"""How times are written, where nothing is said."""

CLOCK = re.compile(_CLOCK)
"""A time of day."""

_DIRECTIVES = {
    "Y": r"(?P<Y>\d{4})",
    "y": r"(?P<y>\d{2})",
    "m": r"(?P<m>\d{1,2})",
    "d": r"(?P<d>\d{1,2})",
    "e": r" ?(?P<d>\d{1,2})",
    "b": r"(?P<mon>[A-Za-z]{3,9})\.?",
    "B": r"(?P<mon>[A-Za-z]{3,9})",
    "a": r"[A-Za-z]{2,9}\.?",
    "A": r"[A-Za-z]{3,9}",
    "H": r"(?P<H>\d{1,2})",
    "I": r"(?P<H>\d{1,2})",
    "M": r"(?P<M>\d{1,2})",
    "S": r"(?P<S>\d{1,2})",
    "f": r"(?P<f>\d{1,9})",
    "p": r"(?P<p>[AaPp])\.?[Mm]\.?",
    "z": r"(?P<z>Z|[+-]\d{2}(?::?\d{2})?)",
    "Z": r"(?P<z>Z|UTC|GMT)",
    "j": r"(?P<j>\d{1,3})",
    "%": "%",
}
_SHORT = {"T": "%H:%M:%S", "R": "%H:%M", "D": "%m/%d/%y", "F": "%Y-%m-%d"}


class Stamp(NamedTuple):
    """A time.

    Attributes:
        micros: as the clock shows it, in microseconds since 1970-01-01.
        offset: seconds that the clock is ahead of UTC; None if the text does not say.
    """

    micros: int
    offset: int | None


class UnclearError(ValueError):
    """A date whose day and month cannot be told apart."""


@cache
def pattern_of(time_format: str) -> re.Pattern[str] | None:
    """Return what matches times of a format of `strptime`; None for one that cannot be."""
    for short, long in _SHORT.items():
        time_format = time_format.replace(f"%{short}", long)
    out, at = "", 0
    while at < len(time_format):
        sign = time_format[at : at + 2]
        if sign[0] == "%":
            if sign[1:] not in _DIRECTIVES:
                return None
            out += _DIRECTIVES[sign[1:]]
            at += 2
        else:
            out += re.escape(sign[0])
            at += 1
    try:
        found = re.compile(out)
    except re.error:  # a directive that comes twice
        return None
    whole = {"Y", "y"} & found.groupindex.keys() and (
        "j" in found.groupindex or {"m", "mon"} & found.groupindex.keys()
    )
    return found if whole else None


def order_of(text: str) -> str:
    """Return how a date with a slash must be read: ``dm``, ``md``, ``?``, or nothing."""
    found = PATTERNS[1].fullmatch(text)
    if not found:
        return ""
    first, second = int(found["a"]), int(found["b"])
    if first > 12 >= second:
        return "dm"
    return "md" if second > 12 >= first else "?"


def stamp(text: str, order: str = "", pattern: re.Pattern[str] | None = None) -> Stamp:
    """Read a time.

    Args:
        text: the time.
        order: ``dm`` or ``md``, where the text is of the kind 03/04/2026.
        pattern: the only way in which it may be written.

    Raises:
        UnclearError: if day and month could be either, and `order` does not say.
        ValueError: if it is not a time.
    """
    found = next(
        (match for p in ([pattern] if pattern else PATTERNS) if (match := p.fullmatch(text))), None
    )
    if not found:
        raise ValueError(text)
    parts = {name: value for name, value in found.groupdict().items() if value is not None}
    if "a" in parts:
        if not order:
            raise UnclearError(text)
        parts["d"], parts["m"] = (
            (parts["a"], parts["b"]) if order == "dm" else (parts["b"], parts["a"])
        )
    micros = _days(parts) * DAY_MICROS + _clock(parts)
    return Stamp(micros, _offset(parts.get("z")))


def clock_micros(text: str) -> int:
    """Return the microseconds of a time of day since midnight; ValueError if it is none."""
    found = CLOCK.fullmatch(text)
    if not found:
        raise ValueError(text)
    return _clock({k: v for k, v in found.groupdict().items() if v is not None})


def days_of(year: int, month: int, day: int) -> int:
    """Return the days from 1970-01-01 to a date of the Gregorian calendar, of any year."""
    year -= month <= 2
    era, of_era = divmod(year, 400)
    of_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
    return era * 146097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719468


def _days(parts: dict[str, str]) -> int:
    year = int(parts["Y"]) if "Y" in parts else 2000 + int(parts["y"])
    if "j" in parts:
        day = int(parts["j"])
        if not 1 <= day <= days_of(year + 1, 1, 1) - days_of(year, 1, 1):
            raise ValueError(parts)
        return days_of(year, 1, 1) + day - 1
    if "mon" in parts:
        name = parts["mon"][:3].lower()
        month = _MONTHS.index(name) + 1  # ValueError, if it is not a month
    else:
        month = int(parts["m"])
    day = int(parts.get("d", 1))
    if not 1 <= month <= 12:
        raise ValueError(parts)
    after = days_of(year + month // 12, month % 12 + 1, 1)
    first = days_of(year, month, 1)
    if not 1 <= day <= after - first or abs(year) > 290_000:
        raise ValueError(parts)
    return first + day - 1


def _clock(parts: dict[str, str]) -> int:
    hour, minute, second = (int(parts.get(name, 0)) for name in "HMS")
    if "p" in parts:
        if not 1 <= hour <= 12:
            raise ValueError(parts)
        hour = hour % 12 + (12 if parts["p"] in "pP" else 0)
    if hour > 23 or minute > 59 or second > 59:
        raise ValueError(parts)
    fraction = int(parts.get("f", "0").ljust(6, "0")[:6])
    return ((hour * 60 + minute) * 60 + second) * SECOND_MICROS + fraction


def _offset(zone: str | None) -> int | None:
    if zone is None:
        return None
    if zone in ("Z", "z", "UTC", "GMT"):
        return 0
    digits = zone[1:].replace(":", "").ljust(4, "0")
    seconds = int(digits[:2]) * HOUR_SECONDS + int(digits[2:]) * 60
    return -seconds if zone[0] == "-" else seconds
