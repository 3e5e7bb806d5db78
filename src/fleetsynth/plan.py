"""What a scenario comes down to: everything resolved before the first number is drawn."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from fleetsynth.clock import Clock
from fleetsynth.fleet import Fleet

if TYPE_CHECKING:
    from datetime import date

    import numpy as np
    from numpy.typing import NDArray

    from fleetsynth.calendars import OwnDates
    from fleetsynth.clock import Days
    from fleetsynth.metrics import Metric
    from fleetsynth.scenario import Scenario


@dataclass(frozen=True)
class Archetype:
    """A kind of server.

    Attributes:
        name: the key in the scenario.
        profile: the figures.
    """

    name: str
    profile: Any


@dataclass(frozen=True, eq=False)
class Plan:
    """A resolved scenario: plans with the same digest give the same values.

    Attributes:
        scenario: what it was made from.
        clock: the time grid.
        fleet: the servers.
        archetypes: those in the distribution, in its order.
        metrics: what is published, in order.
        digest: identifies everything that decides a value.
    """

    scenario: Scenario
    clock: Clock
    fleet: Fleet
    archetypes: tuple[Archetype, ...]
    metrics: tuple[Metric, ...]
    digest: str

    @property
    def cells(self) -> int:
        """Servers times ticks: the rows of the dataset, or more where `is_full` does not hold."""
        return self.fleet.size * self.clock.count

    @property
    def is_full(self) -> bool:
        """Whether every server has one row at every tick, in order, and no value is missing.

        A model whose servers are born, die or skip ticks has plans that say no: then there may be
        fewer rows, repeated ones, late ones and missing values, and none of that is a fault.
        """
        return True

    @property
    def origin(self) -> date:
        """The day that growth, and what else goes on for good, is counted from."""
        return self.scenario.start_date

    @property
    def samples_per_row(self) -> int:
        """What is simulated for one row of the dataset."""
        return 1

    def countries(self, first: int, stop: int) -> list[str]:
        """Country, or subdivision, whose holidays `is_holiday` marks, per server first..stop-1.

        That of its region, where the model knows where regions are; else the US for all.
        """
        return ["US"] * (stop - first)

    @cached_property
    def own_dates(self) -> OwnDates:
        """What the scenario adds to public holidays and removes from them."""
        return self.scenario.holidays.own_dates()

    def is_holiday(self, days: Days, country: str) -> NDArray[np.bool_]:
        """Tell which days `is_holiday` marks where a country has its holidays, shape (days,)."""
        return days.is_holiday(country, self.own_dates)

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """Column names, in order."""
        out = ["timestamp", "server_id", *(metric.column for metric in self.metrics)]
        if self.scenario.include_metadata:
            out += self.fleet.text_columns
        if self.scenario.include_calendar:
            out += CALENDAR_COLUMNS
        return tuple(out)


CALENDAR_COLUMNS = {
    "year": "year",
    "month": "month",
    "quarter": "quarter",
    "dayofweek": "dayofweek",
    "is_weekend": "is_weekend",
    "is_eoq": "is_quarter_end",
    "is_holiday": None,
}
"""Calendar columns, in order, and the field of `clock.Days` that each publishes; which days are
holidays, a country decides."""


def clock_of(scenario: Scenario) -> Clock:
    """Return the time grid of a scenario."""
    return Clock(scenario.start_date, scenario.end_date, scenario.step_seconds)


def fleet_of(scenario: Scenario, replicas: dict[str, tuple[int, int]] | None) -> Fleet:
    """Return the servers of a scenario.

    Args:
        scenario: what was written.
        replicas: fewest and most servers of a service, per archetype; None without services.
    """
    return Fleet(
        total=scenario.num_servers,
        seed=scenario.seed,
        distribution=scenario.distribution,
        assignment=scenario.assignment,
        odds={
            "business_unit": scenario.business_units,
            "criticality": scenario.criticalities,
            "region": scenario.regions,
        },
        replicas=replicas,
    )


def digest_of(scenario: Scenario, version: str, content: dict[str, Any]) -> str:
    """Hash what decides a value, so that two ways of writing the same thing agree.

    Args:
        scenario: what was written.
        version: of the model.
        content: what it comes down to; changed by this call.
    """
    content["granularity"] = scenario.step_seconds
    if not scenario.holidays.own_dates():
        content.pop("holidays", None)
    if not scenario.incidents.intensity:
        content.pop("incidents", None)
    if not content.get("closed"):
        content.pop("closed", None)
    # Their order counts: it decides ties, blocks and the meaning of a draw.
    for key in ("distribution", "business_units", "criticalities", "regions"):
        content[key] = list(content[key].items())
    text = json.dumps([version, content], sort_keys=True, allow_nan=False)
    return blake2b(text.encode(), digest_size=16).hexdigest()
