"""The realistic scenario: services with demand, noise with memory, stocks, local calendars."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import Field, ValidationError
from pydantic.functional_validators import AfterValidator

from fleetsynth.calendars import check_place
from fleetsynth.clock import zone_names
from fleetsynth.errors import nearest_name
from fleetsynth.metrics import STATISTIC_PATTERN, STATISTICS
from fleetsynth.models.realistic.profile import (  # noqa: TC001 - pydantic reads annotations
    RealisticProfile,
)
from fleetsynth.scenario.fields import Key, Name, PlainDate, Strict, interval_seconds
from fleetsynth.scenario.holidays import Closed  # noqa: TC001 - pydantic reads annotations
from fleetsynth.scenario.incidents import Incidents  # noqa: TC001 - pydantic reads annotations
from fleetsynth.scenario.model import Scenario
from fleetsynth.scenario.stories import Stories  # noqa: TC001 - pydantic reads annotations

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date


def _interval(value: str) -> str:
    interval_seconds(value)
    return value


def _statistic(value: str) -> str:
    if value not in STATISTICS:
        raise ValueError(f"{value!r} is not a valid statistic: give p1 to p99, mean, min or max")
    return value


def _zone(value: str) -> str:
    if value not in zone_names():
        hint = nearest_name(value, zone_names()) or ", such as Europe/Dublin"
        raise ValueError(f"{value!r} is not an IANA time zone{hint}")
    return value


def _distinct(value: tuple[str, ...]) -> tuple[str, ...]:
    repeated = sorted({name for name in value if value.count(name) > 1})
    if repeated:
        raise ValueError(f"listed twice: {', '.join(repeated)}")
    return value


Statistic = Annotated[
    str, AfterValidator(_statistic), Field(json_schema_extra={"pattern": STATISTIC_PATTERN})
]
Statistics = Annotated[
    tuple[Statistic, ...], Field(min_length=1, strict=False), AfterValidator(_distinct)
]
Interval = Annotated[str, AfterValidator(_interval)]
Country = Annotated[
    str,
    AfterValidator(check_place),
    Field(json_schema_extra={"pattern": "^[A-Z]{2}(-[A-Z0-9]{1,3})?$"}),
]
Factor = Annotated[float, Field(ge=0.0, le=100.0)]
Month = Annotated[int, Field(ge=1, le=12)]


class Location(Strict):
    """Where a region is: its clock and its holidays."""

    zone: Annotated[str, AfterValidator(_zone)] = Field(description="IANA time zone.")
    country: Country = Field(
        description="ISO 3166 country whose public holidays count, with observed days, or its "
        "ISO 3166-2 subdivision, such as DE-HE."
    )


class Close(Strict):
    """The last days of a month and of a quarter, as a business unit feels them."""

    month: Factor = Field(description="Multiplies demand on the last day of a month.")
    quarter: Factor = Field(description="Multiplies demand on the last day of a fiscal quarter.")
    days: Annotated[int, Field(ge=1, le=28)] = Field(description="Days over which it rises.")
    fiscal_year_starts: Month = Field(description="First month of the fiscal year.")


class RealisticScenario(Scenario):
    """A scenario of the realistic model."""

    preset: Literal["realistic"] = Field(description="The realistic model.")
    estate: Name = Field(description="What the fleet is like: a packaged estate, by its name.")
    sample_interval: Interval = Field(
        description="Step of the simulation: 5min, 1min, 1h, or another that divides an hour."
    )
    statistics: Statistics = Field(
        description="What is published of the samples: p1 to p99, mean, min, max."
    )
    incidents: Incidents = Field(
        description="What befalls the fleet by itself, and how often; intensity 0 for nothing."
    )
    stories: Stories = Field(
        description="What services go through over months: growth, steps, declines; share 0 for "
        "none."
    )
    growth_start: PlainDate | None = Field(
        description="Day from which growth is counted; null means start_date."
    )
    locations: dict[Name, Location] = Field(description="Where each region is.")
    closes: dict[Name, Close] = Field(
        description="Close of each business unit; `default` is for those not named."
    )
    closed: dict[Name, Closed] = Field(
        default_factory=dict,
        description="Days on which a business unit does not work; `default` is for those not "
        "named.",
    )
    archetypes: dict[Key, RealisticProfile] = Field(
        description="Profiles by name: overrides of single figures, or whole new archetypes."
    )

    @property
    def origin(self) -> date:
        """Day from which growth is counted."""
        return self.growth_start or self.start_date

    def until(self, end: date) -> Self:
        """Return the scenario with another last day; growth is counted from where it is."""
        return super().until(end).model_copy(update={"growth_start": self.origin})

    @property
    def sample_seconds(self) -> int:
        """The sample interval in seconds."""
        return interval_seconds(self.sample_interval)

    def holiday_places(self) -> tuple[str, ...]:
        """Return the countries and subdivisions of its regions."""
        used = (self.locations[region] for region in self.regions if region in self.locations)
        return tuple(location.country for location in used)


def settle(values: dict[str, Any], packaged: Mapping[str, Any]) -> None:
    """Leave out packaged closes of business units that the scenario has replaced by its own."""
    closes, units = values.get("closes"), values.get("business_units")
    known = packaged["closes"]
    if isinstance(closes, dict) and isinstance(units, dict | list):
        values["closes"] = {
            unit: close
            for unit, close in closes.items()
            if unit in units or unit == "default" or close != known.get(unit)
        }
    if isinstance(closes, dict):
        _complete(values["closes"], known["default"])


def _complete(closes: dict[Any, Any], packaged: dict[str, Any]) -> None:
    """Let a unit's close be the default one where it says nothing."""
    default = {**packaged, **closes["default"]} if isinstance(closes.get("default"), dict) else {}
    try:
        Close.model_validate(default)
    except ValidationError:  # which is told of the default alone
        default = packaged
    for unit, close in closes.items():
        if isinstance(close, dict) and unit != "default":
            closes[unit] = {**default, **close}
