"""Scenario to Plan: everything resolved, checked and frozen before the first number is drawn."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, overload

from fleetsynth import correlation
from fleetsynth.clock import Clock
from fleetsynth.errors import ScenarioError
from fleetsynth.fleet import Fleet
from fleetsynth.metrics import METRICS, Metric, published
from fleetsynth.scenario import ClassicScenario, check

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from fleetsynth.scenario import ArchetypeProfile, Scenario
    from fleetsynth.scenario.realistic import RealisticProfile, RealisticScenario

MODEL_VERSIONS = {"classic": "classic-1", "realistic": "realistic-1"}
"""By preset; changes when the same scenario would give other values."""


@dataclass(frozen=True)
class Archetype:
    """A kind of server.

    Attributes:
        name: the key in the scenario.
        profile: the figures.
    """

    name: str
    profile: ArchetypeProfile | RealisticProfile


@dataclass(frozen=True)
class ClassicArchetype(Archetype):
    """A classic profile with its correlations factored.

    Attributes:
        correlations: the correlations in force, repaired if the scenario asked for that.
        lower: their lower Cholesky factor, shape (signals, signals).
    """

    profile: ArchetypeProfile
    correlations: dict[str, float]
    lower: NDArray[np.float64]


@dataclass(frozen=True)
class RealisticArchetype(Archetype):
    """A kind of server of the realistic model."""

    profile: RealisticProfile


@dataclass(frozen=True, eq=False)
class Plan:
    """A resolved scenario: plans with the same digest give the same values.

    Attributes:
        scenario: what it was made from.
        clock: the time grid.
        fleet: the servers.
        archetypes: those in the distribution, in its order.
        metrics: what is published, in order.
        growth_clock: the span over which growth is counted.
        digest: identifies everything that decides a value.
    """

    scenario: Scenario
    clock: Clock
    fleet: Fleet
    archetypes: tuple[Archetype, ...]
    metrics: tuple[Metric, ...]
    growth_clock: Clock
    digest: str

    @property
    def rows(self) -> int:
        """Rows of the dataset: one per server and tick."""
        return self.fleet.size * self.clock.count

    @property
    def samples_per_row(self) -> int:
        """What is simulated for one row of the dataset."""
        return 1

    def countries(self, first: int, stop: int) -> list[str]:
        """Country whose holidays `is_holiday` marks, per server first..stop-1: its region's.

        The classic model knows no places: there it is the US for all.
        """
        return ["US"] * (stop - first)

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """Column names, in order."""
        out = ["timestamp", "server_id", *(metric.column for metric in self.metrics)]
        if self.scenario.include_metadata:
            out += self.fleet.text_columns
        if self.scenario.include_calendar:
            out += CALENDAR_COLUMNS
        return tuple(out)


@dataclass(frozen=True, eq=False)
class ClassicPlan(Plan):
    """A plan of the classic model."""

    scenario: ClassicScenario
    archetypes: tuple[ClassicArchetype, ...]


@dataclass(frozen=True, eq=False)
class RealisticPlan(Plan):
    """A plan of the realistic model."""

    scenario: RealisticScenario
    archetypes: tuple[RealisticArchetype, ...]

    @property
    def samples_per_row(self) -> int:
        """Samples within a tick."""
        return self.clock.step // self.scenario.sample_seconds

    def countries(self, first: int, stop: int) -> list[str]:
        """Country whose holidays `is_holiday` marks, per server first..stop-1."""
        locations = self.scenario.locations
        by_code = [locations[region].country for region in self.fleet.odds["region"]]
        codes = self.fleet.metadata_codes("region", first, stop)
        return [by_code[code] for code in codes.tolist()]


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


@overload
def resolve(scenario: ClassicScenario) -> ClassicPlan: ...
@overload
def resolve(scenario: RealisticScenario) -> RealisticPlan: ...
@overload
def resolve(scenario: Scenario) -> Plan: ...
def resolve(scenario: Scenario) -> Plan:
    """Resolve a scenario into a Plan.

    Raises:
        ScenarioError: if fields that are fine alone contradict each other.
    """
    problems = [problem for _, problem in check.problems(scenario)]
    if problems:
        raise ScenarioError(problems)
    if isinstance(scenario, ClassicScenario):
        return _classic(scenario)
    from fleetsynth.scenario.realistic import RealisticScenario

    if isinstance(scenario, RealisticScenario):
        return _realistic(scenario)
    raise TypeError(f"no model for {type(scenario).__name__}")


def _classic(scenario: ClassicScenario) -> ClassicPlan:
    span = scenario.growth.span or (scenario.start_date, scenario.end_date)
    archetypes = tuple(factored(name, scenario.archetypes[name]) for name in scenario.distribution)
    content = scenario.to_dict()
    del content["preset"], content["correlation_repair"]
    content["growth"]["span"] = [day.isoformat() for day in span]
    content["archetypes"] = {
        entry.name: entry.profile.model_dump() | entry.correlations for entry in archetypes
    }
    return ClassicPlan(
        scenario=scenario,
        clock=_clock(scenario),
        fleet=_fleet(scenario, replicas=None),
        archetypes=archetypes,
        metrics=METRICS,
        growth_clock=Clock(*span, scenario.step_seconds),
        digest=_digest(scenario, content),
    )


def _realistic(scenario: RealisticScenario) -> RealisticPlan:
    begin = scenario.growth_start or scenario.start_date
    content = scenario.to_dict()
    content["growth_start"] = begin.isoformat()
    content["sample_interval"] = scenario.sample_seconds
    content["archetypes"] = {name: content["archetypes"][name] for name in scenario.distribution}
    replicas = {name: scenario.archetypes[name].replicas for name in scenario.distribution}
    return RealisticPlan(
        scenario=scenario,
        clock=_clock(scenario),
        fleet=_fleet(scenario, replicas),
        archetypes=tuple(RealisticArchetype(name, scenario.archetypes[name]) for name in replicas),
        metrics=published(scenario.statistics),
        growth_clock=Clock(begin, max(begin, scenario.end_date), scenario.step_seconds),
        digest=_digest(scenario, content),
    )


def _clock(scenario: Scenario) -> Clock:
    return Clock(scenario.start_date, scenario.end_date, scenario.step_seconds)


def _fleet(scenario: Scenario, replicas: dict[str, tuple[int, int]] | None) -> Fleet:
    return Fleet(
        total=scenario.num_servers,
        seed=scenario.seed,
        distribution=scenario.distribution,
        interleaved=scenario.assignment == "interleaved",
        odds={
            "business_unit": scenario.business_units,
            "criticality": scenario.criticalities,
            "region": scenario.regions,
        },
        replicas=replicas,
    )


def factored(name: str, profile: ArchetypeProfile) -> ClassicArchetype:
    """Factor a profile's correlations; those that cannot be are replaced by the nearest."""
    matrix = correlation.matrix(profile.correlations)
    lower = correlation.cholesky(matrix)
    if lower is None:
        matrix = correlation.nearest(matrix)
        lower = correlation.cholesky(matrix)
        if lower is None:
            raise AssertionError(f"the repaired correlations of {name} cannot be factored")
    return ClassicArchetype(name, profile, correlation.fields(matrix), lower)


def _digest(scenario: Scenario, content: dict[str, Any]) -> str:
    """Hash what decides a value, so that two ways of writing the same thing agree."""
    content["granularity"] = scenario.step_seconds
    # Their order counts: it decides ties, blocks and the meaning of a draw.
    for key in ("distribution", "business_units", "criticalities", "regions"):
        content[key] = list(content[key].items())
    version = MODEL_VERSIONS[scenario.preset]
    text = json.dumps([version, content], sort_keys=True, allow_nan=False)
    return blake2b(text.encode(), digest_size=16).hexdigest()
