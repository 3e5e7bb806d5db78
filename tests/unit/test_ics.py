"""Calendar files: what is read, and what is refused with its line."""

from __future__ import annotations

from typing import Any

import pytest

from fleetsynth.scenario.holidays import Holidays
from fleetsynth.scenario.ics import LARGEST, IcsError, parse

HEAD = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Company//HR//EN\r\n"


def calendar(*lines: str) -> bytes:
    """A calendar with one event of some lines; the first of them is line 5."""
    body = "\r\n".join(("BEGIN:VEVENT", *lines, "END:VEVENT", "END:VCALENDAR", ""))
    return (HEAD + body).encode()


READ: dict[str, tuple[bytes, dict[str, Any]]] = {
    "a day": (
        calendar("DTSTART;VALUE=DATE:20260604", "SUMMARY:Company day"),
        {"date": "2026-06-04", "name": "Company day"},
    ),
    "an end is the day after": (
        calendar("DTSTART;VALUE=DATE:20261224", "DTEND;VALUE=DATE:20270102", "SUMMARY:Shut"),
        {"date": "2026-12-24", "name": "Shut", "to": "2027-01-01"},
    ),
    "one day with an end": (
        calendar("DTSTART;VALUE=DATE:20260604", "DTEND;VALUE=DATE:20260605"),
        {"date": "2026-06-04", "name": "Holiday"},
    ),
    "a length in days": (
        calendar("DTSTART;VALUE=DATE:20260604", "DURATION:P2D", "SUMMARY:Two"),
        {"date": "2026-06-04", "name": "Two", "to": "2026-06-05"},
    ),
    "a length in weeks": (
        calendar("DTSTART;VALUE=DATE:20260601", "DURATION:P1W", "SUMMARY:Week"),
        {"date": "2026-06-01", "name": "Week", "to": "2026-06-07"},
    ),
    "every year": (
        calendar("DTSTART;VALUE=DATE:20200604", "RRULE:FREQ=YEARLY", "SUMMARY:Founders"),
        {"date": "2020-06-04", "name": "Founders", "every": "year"},
    ),
    "every year, in other words": (
        calendar(
            "DTSTART;VALUE=DATE:20200604",
            "RRULE:FREQ=YEARLY;INTERVAL=1;BYMONTH=06;BYMONTHDAY=4;WKST=MO",
        ),
        {"date": "2020-06-04", "name": "Holiday", "every": "year"},
    ),
    "until": (
        calendar("DTSTART;VALUE=DATE:20200604", "RRULE:FREQ=YEARLY;UNTIL=20230101T000000Z"),
        {"date": "2020-06-04", "name": "Holiday", "every": "year", "until": "2023-01-01"},
    ),
    "so many": (
        calendar("DTSTART;VALUE=DATE:20200604", "RRULE:FREQ=YEARLY;COUNT=3"),
        {"date": "2020-06-04", "name": "Holiday", "every": "year", "until": "2022-06-04"},
    ),
    "so many leap days": (
        calendar("DTSTART;VALUE=DATE:20200229", "RRULE:FREQ=YEARLY;COUNT=2"),
        {"date": "2020-02-29", "name": "Holiday", "every": "year", "until": "2024-12-31"},
    ),
    "folded lines": (
        calendar("DTSTART;VALUE=DA\r\n TE:20260604", "SUMMARY:Company\r\n  da\r\n\ty"),
        {"date": "2026-06-04", "name": "Company day"},
    ),
    "escapes, parameters in quotes, small letters": (
        calendar(
            'summary;language=de;x-note="a:b;c":Fronleichnam\\, Tag\\; der\\nFirma\\\\',
            "dtstart;value=date:20260604",
        ),
        {"date": "2026-06-04", "name": "Fronleichnam, Tag; der Firma\\"},
    ),
    "an alarm and a zone are not the event": (
        HEAD.encode()
        + b"BEGIN:VTIMEZONE\r\nTZID:Europe/Berlin\r\nBEGIN:STANDARD\r\nDTSTART:19701025T030000\r\n"
        b"RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n"
        + calendar(
            "DTSTART;VALUE=DATE:20260604", "BEGIN:VALARM", "TRIGGER:-PT5M", "SUMMARY:x",
            "END:VALARM",
        )[len(HEAD) :],
        {"date": "2026-06-04", "name": "Holiday"},
    ),
    "a character cut by a fold": (
        calendar("DTSTART;VALUE=DATE:20260604", "SUMMARY:Tag").replace(b"Tag", b"\xc3\r\n \x84"),
        {"date": "2026-06-04", "name": "\u00c4"},
    ),
    "a mark of byte order and plain line ends": (
        b"\xef\xbb\xbf" + calendar("DTSTART:20260604", "SUMMARY:Tag").replace(b"\r\n", b"\n"),
        {"date": "2026-06-04", "name": "Tag"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", READ)
def test_what_is_read(what: str) -> None:
    data, expected = READ[what]
    assert parse(data) == [expected]
    assert Holidays.model_validate({"add": parse(data)}).add[0].name == expected["name"]


def test_cancelled_events_are_no_days_and_the_same_event_twice_is_one() -> None:
    one = calendar("DTSTART;VALUE=DATE:20260604", "SUMMARY:Day", "STATUS:CONFIRMED").decode()
    event = one[one.index("BEGIN:VEVENT") : one.index("END:VCALENDAR")]
    gone = event.replace("CONFIRMED", "CANCELLED")
    assert len(parse(one.replace(event, event + gone + event).encode())) == 1


def test_a_calendar_without_events_has_no_days() -> None:
    assert parse((HEAD + "END:VCALENDAR").encode()) == []


START = "DTSTART;VALUE=DATE:20260604"
REFUSED: dict[str, tuple[bytes, int, str]] = {
    "nothing": (b"", 1, "the file is cut off: it is empty"),
    "not a calendar": (b"date,name\n2026-06-04,Day\n", 1, "'date,name' is not NAME:value"),
    "YAML": (b"holidays: [2026-06-04]\n", 1, "this is no iCalendar file"),
    "an event alone": (b"BEGIN:VEVENT\r\nEND:VEVENT\r\n", 1, "this is no iCalendar file"),
    "cut off": (calendar(START)[:-30], 5, "cut off"),
    "no end of the event": (
        (HEAD + "BEGIN:VEVENT\r\n" + START + "\r\nEND:VCALENDAR").encode(),
        6,
        "END:VCALENDAR ends something that has not begun",
    ),
    "an event in an event": (calendar(START, "BEGIN:VEVENT", "END:VEVENT"), 6, "inside a VEVENT"),
    "no name": (calendar(START, ":value"), 6, "':value' is not NAME:value"),
    "no start": (calendar("SUMMARY:Day"), 4, "an event without DTSTART is on no day"),
    "a time of day": (calendar("DTSTART:20260604T090000Z"), 5, "a time of day: whole days"),
    "no such date": (calendar("DTSTART;VALUE=DATE:20260230"), 5, "there is no date 20260230"),
    "no date": (calendar("DTSTART;VALUE=DATE:June"), 5, "give a date such as 20260604"),
    "an end before": (calendar(START, "DTEND;VALUE=DATE:20260603"), 6, "ends before a day is over"),
    "an end at once": (calendar(START, "DTEND;VALUE=DATE:20260604"), 6, "the day after the last"),
    "endless": (calendar(START, "DTEND;VALUE=DATE:20280101"), 6, "days in a row are too many"),
    "after all years": (
        calendar("DTSTART;VALUE=DATE:99991230", "DURATION:P5D"), 6, "after the year 9999",
    ),
    "hours": (calendar(START, "DURATION:PT8H"), 6, "whole days are read, such as P1D"),
    "two starts": (calendar(START, START), 6, "a second DTSTART"),
    "every week": (calendar(START, "RRULE:FREQ=WEEKLY"), 6, "RRULE:FREQ=WEEKLY is not read"),
    "every other year": (calendar(START, "RRULE:FREQ=YEARLY;INTERVAL=2"), 6, "is not read"),
    "a weekday of a month": (
        calendar(START, "RRULE:FREQ=YEARLY;BYMONTH=6;BYDAY=1TH"), 6, "is not read: only",
    ),
    "an empty rule": (calendar(START, "RRULE:"), 6, "is not read"),
    "until and so many": (
        calendar(START, "RRULE:FREQ=YEARLY;COUNT=2;UNTIL=20300101"), 6, "is not read",
    ),
    "until before": (
        calendar(START, "RRULE:FREQ=YEARLY;UNTIL=20250101"), 6, "before it begins",
    ),
    "none": (calendar(START, "RRULE:FREQ=YEARLY;COUNT=0"), 6, "COUNT=0: give how many years"),
    "exceptions": (calendar(START, "EXDATE;VALUE=DATE:20270604"), 6, "EXDATE is not read"),
    "more dates": (calendar(START, "RDATE;VALUE=DATE:20270604"), 6, "RDATE is not read"),
    "a name that is none": (calendar(START, "SUMMARY:\u0007Day"), 6, "not a valid name"),
    "not UTF-8": (calendar(START, "SUMMARY:Tag").replace(b"Tag", b"Gru\xdf"), 6, "not UTF-8"),
    "a line without end": (calendar(START, "SUMMARY:" + "x" * 20_000), 6, "10,000 bytes"),
    "huge": (calendar(START) + b"\n" * LARGEST, 1, "the file is too large"),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_refused_with_its_line(what: str) -> None:
    data, line, message = REFUSED[what]
    with pytest.raises(IcsError) as error:
        parse(data)
    assert str(error.value).startswith(f"line {line}: ")
    assert message in str(error.value)


def test_too_many_events_are_refused() -> None:
    event = "BEGIN:VEVENT\nDTSTART:{}0{}\nEND:VEVENT\n"
    days = (event.format(2000 + i // 900, 101 + i % 9) for i in range(10_001))
    with pytest.raises(IcsError, match="too many events"):
        parse(("BEGIN:VCALENDAR\n" + "".join(days) + "END:VCALENDAR\n").encode())
