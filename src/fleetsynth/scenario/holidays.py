"""Days that a scenario makes holidays, or ordinary ones, and days on which a unit is closed."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, model_serializer, model_validator
from pydantic.functional_validators import AfterValidator, BeforeValidator

from fleetsynth.calendars import Added, OwnDates
from fleetsynth.scenario.fields import Name, PlainDate, Strict

if TYPE_CHECKING:
    from pydantic import SerializerFunctionWrapHandler

MOST_DATES = 10_000
LONGEST_DAYS = 366
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_YEARLY = re.compile(r"(\d{2})-(\d{2})")
_LEAP_YEAR = "2000"


def _as_text(value: object) -> object:
    """Write a date as text; leave anything else to the strict check."""
    return value.isoformat() if isinstance(value, date) else value


def _real_date(value: str) -> str:
    """Refuse what looks like a date and is none."""
    text = f"{_LEAP_YEAR}-{value}" if _YEARLY.fullmatch(value) else value
    try:
        datetime.fromisoformat(text if _DATE.fullmatch(text) else _LEAP_YEAR + "-01-01")
    except ValueError:
        message = f"{value!r} is not a valid date: give one such as 2026-12-24 or 12-24"
        raise ValueError(message) from None
    return value


def _dated(value: str) -> str:
    if not (_DATE.fullmatch(value) or _YEARLY.fullmatch(value)):
        message = f"{value!r} is not a valid date: give one such as 2026-12-24 or 12-24"
        raise ValueError(message)
    return value


Day = Annotated[
    Name,
    BeforeValidator(_as_text, json_schema_input_type=date | Name),
    AfterValidator(_real_date),
]
"""A date, a month and day, or a name."""
Dated = Annotated[Day, AfterValidator(_dated)]
"""A date, or a month and day of every year."""
DemandFactor = Annotated[float, Field(ge=0.0, le=100.0)]
Weekday = Literal["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]


class OwnDate(Strict):
    """Days that are holidays because the scenario says so."""

    date: PlainDate = Field(description="The day, or the first of several.")
    name: Name = Field(description="What it is called.")
    to: PlainDate | None = Field(None, description="The last of several days in a row.")
    every: Literal["year"] | None = Field(
        None, description="`year`: the same date of every later year, where there is one."
    )
    until: PlainDate | None = Field(
        None, description="With `every`: the last day on which it may begin; without, no end."
    )
    factor: DemandFactor | None = Field(
        None, description="Multiplies demand; without it the day acts as holidays of the preset do."
    )

    @model_validator(mode="after")
    def _in_order(self) -> OwnDate:
        if self.to and self.to < self.date:
            raise ValueError(f"it ends on {self.to}, before it begins on {self.date}")
        if self.days > LONGEST_DAYS:
            raise ValueError(f"{self.days:,} days in a row are too many: {LONGEST_DAYS} at most")
        if self.until and not self.every:
            raise ValueError("until says when it stops to come back: say every: year, too")
        if self.until and self.until < self.date:
            raise ValueError(f"until {self.until} is before it begins on {self.date}")
        return self

    @model_serializer(mode="wrap")
    def _said(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {key: value for key, value in dump(self).items() if value is not None}

    @property
    def days(self) -> int:
        """How many days in a row."""
        return ((self.to or self.date) - self.date).days + 1


class Holidays(Strict):
    """What is a holiday beside the public ones, and which of those is none."""

    add: Annotated[tuple[OwnDate, ...], Field(strict=False, max_length=MOST_DATES)] = Field(
        (), description="Days that are holidays as well, such as those of a company."
    )
    remove: Annotated[tuple[Day, ...], Field(strict=False, max_length=MOST_DATES)] = Field(
        (),
        description="Dates (2026-12-24), dates of every year (12-24) and names of holidays that "
        "are ordinary days; this has the last word.",
    )
    file: str | None = Field(
        None,
        alias="from",
        exclude=True,
        description="An iCalendar file (.ics) whose days are added, before those of `add`; a path "
        "relative to the scenario's file. A resolved scenario holds the days, not the path.",
    )

    @model_validator(mode="after")
    def _resolved(self) -> Holidays:
        if self.file is not None:
            raise ValueError("a file is read where a scenario is loaded, and only there")
        return self

    def own_dates(self) -> OwnDates:
        """Return them as the calendar takes them."""
        dates = [day for day in self.remove if _DATE.fullmatch(day)]
        yearly = [day for day in self.remove if _YEARLY.fullmatch(day)]
        return OwnDates(
            added=tuple(
                Added(day.date, day.days, day.name, bool(day.every), day.until, day.factor)
                for day in self.add
            ),
            dates=frozenset((date.fromisoformat(day) - date(1970, 1, 1)).days for day in dates),
            yearly=frozenset((int(day[:2]), int(day[3:])) for day in yearly),
            names=frozenset(self.remove).difference(dates, yearly),
        )


class Closed(Strict):
    """Days on which a business unit does not work."""

    weekdays: Annotated[tuple[Weekday, ...], Field(strict=False)] = Field(
        (), description="Days of the week: Monday to Sunday."
    )
    dates: Annotated[tuple[Dated, ...], Field(strict=False, max_length=MOST_DATES)] = Field(
        (), description="Dates (2026-12-24), and dates of every year (12-24)."
    )
    factor: DemandFactor | None = Field(
        None,
        description="Multiplies demand on these days, with what else the calendar does; without it "
        "they are as a Saturday is to the server's archetype, and weekends stay as they are.",
    )

    @model_validator(mode="after")
    def _some(self) -> Closed:
        if not self.weekdays and not self.dates:
            raise ValueError("no day is closed: give weekdays such as [Friday], or dates")
        return self
