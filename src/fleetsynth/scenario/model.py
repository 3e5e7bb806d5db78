"""What every scenario says, whichever model makes its values.

Defaults stand in ``catalog/``, not here: a `Scenario` is always complete.
"""

from __future__ import annotations

from math import log
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import Field, model_serializer
from pydantic.functional_validators import AfterValidator

from fleetsynth.clock import epoch_day
from fleetsynth.lives import Births
from fleetsynth.scenario.collector import Collector, faultless
from fleetsynth.scenario.events import Told  # noqa: TC001 - pydantic reads annotations
from fleetsynth.scenario.fields import (
    Granularity,
    Odds,
    PlainDate,
    Shares,
    Strict,
    step_seconds,
)
from fleetsynth.scenario.holidays import Holidays
from fleetsynth.scenario.incidents import Incidents, nothing
from fleetsynth.scenario.instances import CatalogueOrFile, InstanceOdds, instances_of
from fleetsynth.scenario.stories import Stories, no_stories

if TYPE_CHECKING:
    from datetime import date
    from typing import Self

    from pydantic import SerializerFunctionWrapHandler

    from fleetsynth.instances import Instances

MOST_SERVERS = 10**15
YEAR_DAYS = 365.25
LEAST_RATE = 1e-6
MOST_STEPS = 1_000


_CAPACITY = ("capacity_columns", "absolute", "instance_types", "instances")


class GrowthStep(Strict):
    """Servers that come at once."""

    date: PlainDate = Field(description="The day from which they are there.")
    servers: int = Field(ge=1, le=MOST_SERVERS, description="How many.")


def _some(rate: float) -> float:
    if 0.0 < rate < LEAST_RATE:
        raise ValueError(f"{rate} is too little to ever come: give 0, or {LEAST_RATE} and more")
    return rate


class FleetGrowth(Strict):
    """How a fleet grows."""

    per_month: Annotated[float, Field(ge=0.0, le=1e9), AfterValidator(_some)] = Field(
        0.0, description="Servers that come in each month, evenly spaced."
    )
    steps: Annotated[tuple[GrowthStep, ...], Field(strict=False, max_length=MOST_STEPS)] = Field(
        (), description="What comes at once: a list of `date` and `servers`."
    )


class Retire(Strict):
    """How servers come to their end: after lengths drawn from an exponential distribution."""

    mean_years: Annotated[float, Field(gt=0.0, le=1000.0)] | None = Field(
        None, description="How long a server lives on average; at least 30 days."
    )
    share_per_year: Annotated[float, Field(ge=1e-3, lt=1.0)] | None = Field(
        None, description="Instead: the share of servers that ends within a year."
    )

    @property
    def mean_days(self) -> float:
        """How long a server lives on average, in days."""
        if self.mean_years is not None:
            return self.mean_years * YEAR_DAYS
        return round(YEAR_DAYS / -log(1 - (self.share_per_year or 0.5)), 6)


class Scenario(Strict):
    """What a person can say about any dataset; each preset adds keys of its own."""

    if TYPE_CHECKING:  # each preset has its own, and it comes last
        archetypes: dict[str, Any]

    preset: str = Field(description="The packaged scenario that this one is laid over.")
    num_servers: int = Field(ge=1, le=MOST_SERVERS, description="Number of servers to simulate.")
    fleet_growth: FleetGrowth | None = Field(
        None, description="Servers that come later, beyond the first `num_servers`."
    )
    retire: Retire | None = Field(None, description="Servers that end, and have no rows after it.")
    start_date: PlainDate = Field(description="First day of the data.")
    end_date: PlainDate = Field(description="Last day of the data, included to its last tick.")
    granularity: Granularity = Field(
        description="daily, hourly, or whole seconds that divide a day: 15min, 5min, 1min, 30s."
    )
    seed: int = Field(
        description="Any whole number; the same scenario with the same seed gives the same bytes."
    )
    distribution: Shares = Field(
        description="Share of the fleet per archetype; the shares add up to 1."
    )
    assignment: Literal["blocks", "interleaved", "drawn"] = Field(
        description="blocks: one archetype after the other; interleaved: mixed evenly, in an order "
        "that a larger fleet keeps; drawn: by chance, so that other shares change few servers."
    )
    business_units: Odds = Field(
        description="Business units: a list (equal odds) or names with their odds."
    )
    criticalities: Odds = Field(
        description="Criticalities: a list (equal odds) or names with their odds."
    )
    regions: Odds = Field(description="Regions: a list (equal odds) or names with their odds.")
    events: tuple[Told, ...] = Field(
        (), strict=False, description="What is told to happen: migrations, launches, load tests."
    )
    incidents: Incidents = Field(
        default_factory=nothing, description="What befalls the fleet by itself, and how often."
    )
    collector: Collector = Field(
        default_factory=faultless,
        description="How badly the data are collected: rows that are missing, late, wrong.",
    )
    stories: Stories = Field(
        default_factory=no_stories,
        description="What services go through over months: growth, steps, declines.",
    )
    holidays: Holidays = Field(
        default_factory=Holidays,
        description="Days that are holidays beside the public ones, and those that are none.",
    )
    capacity_columns: bool = Field(
        False, description="Write vcpus, memory_gib, disk_gb and network_mbps of each server."
    )
    absolute: bool = Field(
        False, description="Write used cores, GiB and GB beside the percentages."
    )
    instance_types: CatalogueOrFile = Field(
        None,
        description="The types of servers that there are: a catalogue file, or its families; null "
        "for the packaged one, where one is needed.",
    )
    instances: InstanceOdds = Field(
        default_factory=dict,
        description="Types of an archetype's servers with their shares; `default` is for "
        "archetypes not named.",
    )
    include_metadata: bool = Field(
        description="Write server_type, business_unit, criticality and region."
    )
    include_calendar: bool = Field(
        description="Write year, month, quarter, dayofweek, is_weekend, is_eoq and is_holiday."
    )

    @property
    def step_seconds(self) -> int:
        """The granularity in seconds."""
        return step_seconds(self.granularity)

    @property
    def origin(self) -> date:
        """The day on which the fleet has `num_servers` servers; growth is counted from it."""
        return self.start_date

    @property
    def births(self) -> Births | None:
        """When servers beyond the first `num_servers` come; None if none do."""
        growth = self.fleet_growth
        if growth is None or not (growth.per_month or growth.steps):
            return None
        steps = tuple((epoch_day(step.date), step.servers) for step in growth.steps)
        return Births(self.origin, growth.per_month, steps)

    @property
    def total_servers(self) -> int:
        """All servers that are there on or before the last day, those included that ended."""
        births = self.births
        return self.num_servers + (births.until(epoch_day(self.end_date)) if births else 0)

    @property
    def clean(self) -> Self:
        """The same without a fault of the data."""
        return self.model_copy(update={"collector": faultless()})

    def until(self, end: date) -> Self:
        """Return the scenario with another last day, and all values before it as they are.

        A scenario in which the last day decides values says here what it is pinned to.
        """
        return self.model_copy(update={"end_date": end})

    @model_serializer(mode="wrap")
    def _said(self, write: SerializerFunctionWrapHandler) -> dict[str, object]:
        """Leave out what says nothing, so that scenarios are written as they always were."""
        # Older versions of Pydantic look annotations up where a subclass stands: no names of here.
        out: dict[str, object] = write(self)
        unsaid = {"fleet_growth": self.births is None, "retire": self.retire is None}
        unsaid |= {key: not getattr(self, key) for key in _CAPACITY}
        for key in (key for key, is_unsaid in unsaid.items() if is_unsaid):
            out.pop(key, None)
        return out

    @property
    def types(self) -> Instances | None:
        """The types that servers can have, and which archetypes have which; None without any."""
        return instances_of(self)

    def holiday_places(self) -> tuple[str, ...]:
        """Return the countries and subdivisions whose public holidays it has."""
        return ("US",)

    def to_dict(self) -> dict[str, Any]:
        """Return plain YAML- and JSON-ready values, dates as ISO text.

        Without the keys that say no more than their absence would.
        """
        values = self.model_dump(mode="json")
        if not values["events"]:
            del values["events"]
        if not values["collector"]["intensity"]:
            del values["collector"]
        incidents = values["incidents"]
        if not incidents["intensity"]:
            # Rates say nothing. Where incidents are usual, their absence would bring them back.
            kept = ("intensity", "without") if incidents["without"] else ("intensity",)
            values["incidents"] = {key: incidents[key] for key in kept}
            if not incidents["without"] and not type(self).model_fields["incidents"].is_required():
                del values["incidents"]
        stories = values["stories"]
        if not stories["share"]:
            values["stories"] = {"share": 0.0}
            if not type(self).model_fields["stories"].is_required():
                del values["stories"]
        return values
