"""What a scenario comes down to: everything resolved before the first number is drawn."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from functools import cached_property, partial
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import numpy as np

from fleetsynth.clock import Clock, epoch_day
from fleetsynth.fleet import Fleet
from fleetsynth.lives import Lives
from fleetsynth.scenario.events import DECOMMISSION
from fleetsynth.whom import decommissioned

if TYPE_CHECKING:
    from datetime import date

    from numpy.typing import NDArray

    from fleetsynth.calendars import OwnDates
    from fleetsynth.clock import Days
    from fleetsynth.metrics import Metric
    from fleetsynth.scenario import Scenario
    from fleetsynth.whom import Who


_MOST_COUNTED = 200_000
"""Servers whose lives are counted one by one, in a second or less."""
_COUNTED_TOGETHER = 1 << 14


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

        Where servers come and go they do not, and a model whose servers skip ticks has plans that
        say no: then there may be fewer rows, repeated ones, late ones and missing values, and none
        of that is a fault. Neither are they all there where the collector has faults.
        """
        return self.fleet.lives is None and not self.is_faulty

    @property
    def is_faulty(self) -> bool:
        """Whether the collector has faults: rows that are missing, late, wrong, not as they were.

        Then rows say when they arrived.
        """
        return self.scenario.collector.is_on

    @cached_property
    def clean(self) -> Plan:
        """The plan of the same data without a fault of the collector; itself if there is none."""
        return replace(self, scenario=self.scenario.clean) if self.is_faulty else self

    @cached_property
    def is_gapless(self) -> bool:
        """Whether it `is_full` but for servers that come and go.

        Then every server has one row at every tick of its life, in order, with all values.
        """
        return self.is_full or replace(self, fleet=replace(self.fleet, lives=None)).is_full

    @cached_property
    def of_model(self) -> Plan:
        """The same with the metrics alone that the model makes; itself if there are no others."""
        own = tuple(metric for metric in self.metrics if not metric.added)
        return self if len(own) == len(self.metrics) else replace(self, metrics=own)

    def only(self, stem: str) -> Plan:
        """Return the same with the metrics of one stem alone."""
        return replace(self, metrics=tuple(each for each in self.metrics if each.stem == stem))

    @property
    def origin(self) -> date:
        """The day on which the fleet has its first servers, and from which growth is counted."""
        return self.scenario.origin

    def lives(self, first: int, stop: int) -> NDArray[np.int64] | None:
        """Return the ticks that servers first..stop-1 live in, as far as the clock goes.

        Returns:
            The first tick of each and one past its last, shape (servers, 2); twice the same where
            a server has no tick. None if all servers have all.
        """
        days = self.fleet.days_of_life(first, stop)
        if days is None:
            return None
        ticks = np.stack(days, axis=1) * self.clock.ticks_per_day
        out: NDArray[np.int64] = np.clip(ticks, self.clock.first, self.clock.stop)
        return np.maximum(out, out[:, :1])

    @cached_property
    def rows(self) -> int | None:
        """Rows of the dataset; None where only making them tells, or to count them takes long."""
        if self.is_full:
            return self.cells
        if not self.is_gapless or self.fleet.size > _MOST_COUNTED:
            return None
        total = 0
        for first in range(0, self.fleet.size, _COUNTED_TOGETHER):
            lives = self.lives(first, min(first + _COUNTED_TOGETHER, self.fleet.size))
            total += 0 if lives is None else int((lives[:, 1] - lives[:, 0]).sum())
        return total

    @cached_property
    def comings_and_goings(self) -> tuple[int, int, int] | None:
        """How many servers there are on the first day, come after it, and end by the last day.

        None where to count them takes long.
        """
        if self.fleet.lives is None:
            return self.fleet.size, 0, 0
        if self.fleet.size > _MOST_COUNTED:
            return None
        begin, last = epoch_day(self.clock.start), epoch_day(self.clock.end)
        first = born = ended = 0
        for start in range(0, self.fleet.size, _COUNTED_TOGETHER):
            stop = min(start + _COUNTED_TOGETHER, self.fleet.size)
            births, ends = self.fleet.lives.days(
                self.fleet.index(start, stop), self.fleet.encoded_ids(start, stop)
            )
            first += int(((births <= begin) & (ends > begin)).sum())
            born += int(((births > begin) & (births <= last)).sum())
            ended += int(((ends > begin) & (births <= last) & (ends <= last)).sum())
        return first, born, ended

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

    def usual(self, who: Who, channel: str, second: int) -> float | None:
        """Return what servers of a service show on a busy day to which nothing happens.

        Args:
            who: the service, or a server where there are none.
            channel: of events; it says the metric, the first on which it acts.
            second: the time, since the Unix epoch.

        Returns:
            Percent of capacity; None where the model does not say, and nobody has stories.
        """
        del who, channel, second
        return None

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """Column names, in order."""
        out = ["timestamp", "server_id", *(metric.column for metric in self.metrics)]
        if self.scenario.include_metadata:
            out += self.fleet.text_columns
        if self.scenario.include_calendar:
            out += CALENDAR_COLUMNS
        if self.is_faulty:
            out.append(ARRIVAL)
        return tuple(out)


ARRIVAL = "ingested_at"
"""The column that says when rows arrived, where the collector has faults."""


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
    fleet = Fleet(
        total=scenario.total_servers,
        seed=scenario.seed,
        distribution=scenario.distribution,
        assignment=scenario.assignment,
        odds={
            "business_unit": scenario.business_units,
            "criticality": scenario.criticalities,
            "region": scenario.regions,
        },
        replicas=replicas,
        types=scenario.types,
    )
    return replace(fleet, lives=lives_of(scenario, fleet))


def lives_of(scenario: Scenario, fleet: Fleet) -> Lives | None:
    """Return when the servers of a scenario come and go; None if all are always there.

    Args:
        scenario: what was written.
        fleet: its servers, whose lives nobody knows yet.
    """
    births, retire = scenario.births, scenario.retire
    ends = [told for told in scenario.events if told.kind == DECOMMISSION]
    if births is None and retire is None and not ends:
        return None
    mean_days = None if retire is None else retire.mean_days
    told = partial(decommissioned, fleet, ends, scenario.seed) if ends else None
    return Lives(scenario.seed, scenario.origin, scenario.num_servers, births, mean_days, told)


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
    if not (scenario.incidents.intensity or scenario.incidents.without):
        content.pop("incidents", None)
    if not scenario.collector.is_on:
        content.pop("collector", None)
    if not scenario.stories.share:
        content.pop("stories", None)
    if not content.get("closed"):
        content.pop("closed", None)
    # Their order counts: it decides ties, blocks and the meaning of a draw.
    for key in ("distribution", "business_units", "criticalities", "regions"):
        content[key] = list(content[key].items())
    if "instances" in content:
        odds = content["instances"]
        content["instances"] = {archetype: list(of.items()) for archetype, of in odds.items()}
    if "instance_types" in content:
        families = content["instance_types"]["families"]
        content["instance_types"] = [
            [name, list(of["types"].items())] for name, of in families.items()
        ]
    text = json.dumps([version, content], sort_keys=True, allow_nan=False)
    return blake2b(text.encode(), digest_size=16).hexdigest()
