"""What every scenario says, whichever model makes its values.

Defaults stand in ``catalog/``, not here: a `Scenario` is always complete.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from fleetsynth.scenario.events import Incidents, Told, nothing
from fleetsynth.scenario.fields import (
    Granularity,
    Odds,
    PlainDate,
    Shares,
    Strict,
    step_seconds,
)
from fleetsynth.scenario.holidays import Holidays


class Scenario(Strict):
    """What a person can say about any dataset; each preset adds keys of its own."""

    if TYPE_CHECKING:  # each preset has its own, and it comes last
        archetypes: dict[str, Any]

    preset: str = Field(description="The packaged scenario that this one is laid over.")
    num_servers: int = Field(ge=1, le=10**15, description="Number of servers to simulate.")
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
    holidays: Holidays = Field(
        default_factory=Holidays,
        description="Days that are holidays beside the public ones, and those that are none.",
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
        if not values["incidents"]["intensity"]:
            # Where incidents are usual, their absence would bring them back.
            if type(self).model_fields["incidents"].is_required():
                values["incidents"] = {"intensity": 0.0}
            else:
                del values["incidents"]
        return values
