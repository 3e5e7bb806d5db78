"""Calendar files of any kind: read as they were written, or refused in one line."""

from __future__ import annotations

from contextlib import suppress
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from fleetsynth.scenario.fields import is_name
from fleetsynth.scenario.holidays import Holidays
from fleetsynth.scenario.ics import IcsError, parse

NAMES = st.text(max_size=60).map(lambda text: " ".join(text.split())).filter(is_name)
DAYS = st.dates(date(1971, 1, 1), date(2200, 1, 1))


def _folded(line: str, width: int) -> str:
    parts = [line[at : at + width] for at in range(0, len(line), width)]
    return "\r\n ".join(parts)


def _escaped(name: str) -> str:
    for mark in "\\;,":
        name = name.replace(mark, f"\\{mark}")
    return name


@given(
    st.lists(st.tuples(DAYS, st.integers(1, 366), NAMES, st.booleans()), max_size=5),
    st.integers(3, 75),
)
def test_what_is_written_is_read(entries: list[tuple[date, int, str, bool]], width: int) -> None:
    lines = ["BEGIN:VCALENDAR"]
    for first, days, name, yearly in entries:
        lines += ["BEGIN:VEVENT", f"DTSTART;VALUE=DATE:{first:%Y%m%d}"]
        lines += [f"DTEND;VALUE=DATE:{first + timedelta(days):%Y%m%d}", f"SUMMARY:{_escaped(name)}"]
        lines += ["RRULE:FREQ=YEARLY"] * yearly + ["END:VEVENT"]
    lines.append("END:VCALENDAR")
    read = parse("\r\n".join(_folded(line, width) for line in lines).encode())
    made = Holidays.model_validate({"add": read})
    expected = [entry for at, entry in enumerate(entries) if at == 0 or entry != entries[at - 1]]
    assert [(e.date, e.days, e.name, bool(e.every)) for e in made.add] == expected


PIECES = st.sampled_from(
    ["BEGIN:", "END:", "VEVENT", "VCALENDAR", "VALARM", "\r\n", "\n ", ";", ":", "=", '"', "\\",
     "DTSTART", ";VALUE=DATE:", "20260604", "T000000Z", "DTEND:", "20269999", "SUMMARY:",
     "RRULE:FREQ=YEARLY", ";COUNT=", ";UNTIL=", "9", "DURATION:P1D", "\0", "\ud7ff", "é"]
)  # fmt: skip


@given(st.lists(PIECES, max_size=40).map("".join).map(str.encode) | st.binary(max_size=200))
def test_anything_else_is_one_error(data: bytes) -> None:
    for whole in (data, b"BEGIN:VCALENDAR\nBEGIN:VEVENT\n" + data):
        with suppress(IcsError):
            Holidays.model_validate({"add": parse(whole)})
