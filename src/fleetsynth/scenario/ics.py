"""Whole days of an iCalendar file (RFC 5545), read strictly.

What a day can be is read: a date, a length, a name, a return every year. What would make other days
than it says (times of day, other repetitions, exceptions) is refused, with its line.
"""

from __future__ import annotations

import codecs
import re
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from fleetsynth.scenario.fields import is_name
from fleetsynth.scenario.holidays import LONGEST_DAYS, MOST_DATES

if TYPE_CHECKING:
    from collections.abc import Iterator

LARGEST = 1 << 22
"""Bytes of a file."""
_LONGEST_LINE = 10_000
_NAME = re.compile(r"[A-Za-z0-9-]+")
_PARAMETER = re.compile(r';([A-Za-z0-9-]+)=("[^"]*"|[^":;,]*)((?:,(?:"[^"]*"|[^":;,]*))*)')
_DAY = re.compile(r"(\d{4})(\d{2})(\d{2})")
_LENGTH = re.compile(r"\+?P(?:(\d{1,4})W|(\d{1,4})D(?:T0+[HMS])?)")
_ESCAPED = re.compile(r"\\([\\;,nN])")
_REFUSED = ("RDATE", "EXDATE", "EXRULE", "RECURRENCE-ID")
_ONCE = ("DTSTART", "DTEND", "DURATION", "SUMMARY", "RRULE", "STATUS")
_UNNAMED = "Holiday"


class IcsError(ValueError):
    """A file whose days cannot be told.

    Args:
        message: what is wrong, and what would be right.
        line: where, counted from 1.
    """

    def __init__(self, message: str, line: int) -> None:
        super().__init__(f"line {line}: {message}")


class _Line(NamedTuple):
    """A property: its name in capitals, its parameters, its value, and its line."""

    name: str
    parameters: dict[str, str]
    value: str
    number: int


def parse(data: bytes) -> list[dict[str, Any]]:
    """Return the days of a file as entries of `holidays.add`, in the order of the file.

    Cancelled events are none. Events without a summary are called Holiday.

    Raises:
        IcsError: at the first thing that is no iCalendar, or that says days in a way that is not
            read: times of day, repetitions other than every year on one date, exceptions.
    """
    if len(data) > LARGEST:
        raise IcsError(f"the file is too large: at most {LARGEST:,} bytes are read", 1)
    out: list[dict[str, Any]] = []
    for begin, event in _events(_lines(data)):
        entry = _entry(begin, event)
        if entry and entry not in out[-1:]:
            out.append(entry)
        if len(out) > MOST_DATES:
            raise IcsError(f"there are too many events: at most {MOST_DATES:,} are read", begin)
    return out


def _lines(data: bytes) -> Iterator[_Line]:
    """Yield properties, each from the lines that it is folded over, which may cut a character."""
    whole, number = b"", 0
    for place, ended in enumerate(data.removeprefix(codecs.BOM_UTF8).split(b"\n"), start=1):
        line = ended.removesuffix(b"\r")
        if line[:1] in (b" ", b"\t") and number:
            whole += line[1:]
        else:
            if whole.strip():
                yield _line(_text(whole, number), number)
            whole, number = line, place
        if len(whole) > _LONGEST_LINE and not whole.upper().startswith((b"ATTACH", b"X-")):
            raise IcsError(f"a property of more than {_LONGEST_LINE:,} bytes", number)
    if whole.strip():
        yield _line(_text(whole, number), number)


def _text(data: bytes, number: int) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise IcsError(f"byte {data[error.start]:#04x} is not UTF-8 text", number) from None


def _line(text: str, number: int) -> _Line:
    name = _NAME.match(text)
    at = name.end() if name else 0
    parameters = {}
    while name and (found := _PARAMETER.match(text, at)):
        parameters[found[1].upper()] = found[2].strip('"')
        at = found.end()
    if not name or text[at : at + 1] != ":":
        raise IcsError(f"{text[:40]!r} is not NAME:value, as iCalendar has it", number)
    return _Line(name[0].upper(), parameters, text[at + 1 :], number)


def _events(lines: Iterator[_Line]) -> Iterator[tuple[int, dict[str, _Line]]]:
    """Yield the line that each event begins in, and its own properties by name."""
    open_parts: list[str] = []
    event: dict[str, _Line] = {}
    begin = last = 0
    for line in lines:
        last, what = line.number, line.value.strip().upper()
        _check_place(open_parts, line)
        if line.name == "BEGIN":
            open_parts.append(what)
            if what == "VEVENT":
                event, begin = {}, line.number
        elif line.name == "END":
            if open_parts.pop() != what:
                raise IcsError(f"END:{what} ends something that has not begun", line.number)
            if what == "VEVENT":
                yield begin, event
        elif open_parts[-1] == "VEVENT":
            if line.name in _ONCE and line.name in event:
                raise IcsError(f"a second {line.name} of one event", line.number)
            event[line.name] = line
    if open_parts or not last:
        what = f"END:{open_parts[-1]} is missing" if open_parts else "it is empty"
        raise IcsError(f"the file is cut off: {what}", max(last, 1))


def _check_place(open_parts: list[str], line: _Line) -> None:
    begins, what = line.name == "BEGIN", line.value.strip().upper()
    if not open_parts and not (begins and what == "VCALENDAR"):
        message = "this is no iCalendar file: it has to begin with BEGIN:VCALENDAR"
        raise IcsError(message, line.number)
    if begins and what == "VEVENT" and open_parts != ["VCALENDAR"]:
        raise IcsError(f"an event inside a {open_parts[-1]}", line.number)


def _entry(begin: int, event: dict[str, _Line]) -> dict[str, Any] | None:
    """Return one event as an entry of `holidays.add`; None if it is cancelled."""
    if "STATUS" in event and event["STATUS"].value.strip().upper() == "CANCELLED":
        return None
    for name in _REFUSED:
        if name in event:
            message = f"{name} is not read: write the days one by one"
            raise IcsError(message, event[name].number)
    if "DTSTART" not in event:
        raise IcsError("an event without DTSTART is on no day", begin)
    first = _day(event["DTSTART"])
    days = _length(event, first)
    out = {"date": first.isoformat(), "name": _summary(event)}
    if days > 1:
        out["to"] = (first + timedelta(days - 1)).isoformat()
    if "RRULE" in event:
        out |= _every(event["RRULE"], first)
    return out


def _day(line: _Line) -> date:
    value = line.value.strip()
    found = _DAY.fullmatch(value)
    if not found:
        what = f"{line.name} is {value[:40]!r}"
        if re.match(r"\d{8}T", value):
            message = f"{what}, a time of day: whole days are read, as {line.name};VALUE=DATE"
        else:
            message = f"{what}: give a date such as 20260604"
        raise IcsError(message, line.number)
    try:
        return date(*map(int, found.groups()))
    except ValueError:
        raise IcsError(f"there is no date {value}", line.number) from None


def _length(event: dict[str, _Line], first: date) -> int:
    """Return how many days an event lasts; its end is the day after the last."""
    if "DTEND" in event:
        line = event["DTEND"]
        days = (_day(line) - first).days
        if days < 1:
            message = "it ends before a day is over: DTEND is the day after the last"
            raise IcsError(message, line.number)
    elif "DURATION" in event:
        line = event["DURATION"]
        found = _LENGTH.fullmatch(line.value.strip().upper())
        days = 7 * int(found[1] or 0) + int(found[2] or 0) if found else 0
        if days < 1:
            message = f"a length of {line.value[:40]!r}: whole days are read, such as P1D"
            raise IcsError(message, line.number)
    else:
        return 1
    if days > LONGEST_DAYS:
        message = f"{days:,} days in a row are too many: {LONGEST_DAYS} at most"
        raise IcsError(message, line.number)
    try:
        first + timedelta(days - 1)
    except OverflowError:
        raise IcsError("it ends after the year 9999", line.number) from None
    return days


def _summary(event: dict[str, _Line]) -> str:
    if "SUMMARY" not in event:
        return _UNNAMED
    line = event["SUMMARY"]
    text = _ESCAPED.sub(lambda found: " " if found[1] in "nN" else found[1], line.value)
    name = " ".join(text.split())
    if name and not is_name(name):
        raise IcsError(f"{name[:40]!r} is not a valid name: use printable text", line.number)
    return name or _UNNAMED


def _every(line: _Line, first: date) -> dict[str, str]:
    """Read a rule that says nothing but every year, on the date of its first day."""
    said: dict[str, str] = {}
    for part in line.value.strip().rstrip(";").upper().split(";"):
        key, _, value = part.partition("=")
        if key in said:
            raise IcsError(f"a second {key} in one rule", line.number)
        said[key] = value
    said.pop("WKST", None)
    implied = {"FREQ": "YEARLY", "INTERVAL": "1"}
    implied |= {"BYMONTH": f"{first.month}", "BYMONTHDAY": f"{first.day}"}
    until, count = said.pop("UNTIL", None), said.pop("COUNT", None)
    other = [key for key, value in said.items() if value.lstrip("0") != implied.get(key)]
    if other or "FREQ" not in said or (until and count):
        message = (
            f"RRULE:{line.value[:60]} is not read: only FREQ=YEARLY on one date is, with UNTIL or "
            "COUNT; write other days one by one"
        )
        raise IcsError(message, line.number)
    if count is not None:
        return _counted(count, first, line.number)
    if until is None:
        return {"every": "year"}
    last = _day(line._replace(name="UNTIL", value=until[:8]))
    if last < first:
        raise IcsError(f"it stops on {last}, before it begins on {first}", line.number)
    return {"every": "year", "until": last.isoformat()}


def _counted(count: str, first: date, number: int) -> dict[str, str]:
    """Return until when so many years are, each with its day."""
    if not re.fullmatch(r"[1-9]\d{0,3}", count):
        raise IcsError(f"COUNT={count[:20]}: give how many years", number)
    year, left = first.year, int(count) - 1
    while left and year < date.max.year:
        year += 1
        leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
        left -= (first.month, first.day) != (2, 29) or leap
    if (first.month, first.day) == (2, 29):
        return {"every": "year", "until": date(year, 12, 31).isoformat()}
    return {"every": "year", "until": first.replace(year=year).isoformat()}
