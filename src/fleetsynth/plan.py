"""Scenario to Plan: everything resolved, checked and frozen before the first number is drawn."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from fleetsynth import correlation
from fleetsynth.clock import Clock
from fleetsynth.errors import ScenarioError
from fleetsynth.fleet import METADATA_COLUMNS, Fleet
from fleetsynth.metrics import METRICS
from fleetsynth.scenario import check

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from fleetsynth.scenario import ArchetypeProfile, Scenario

MODEL_VERSION = "classic-1"
"""Changes when the same scenario would give other values."""


@dataclass(frozen=True)
class Archetype:
    """A profile with its correlations factored.

    Attributes:
        name: the key in the scenario.
        profile: the figures.
        correlations: the correlations in force, repaired if the scenario asked for that.
        lower: their lower Cholesky factor, shape (signals, signals).
    """

    name: str
    profile: ArchetypeProfile
    correlations: dict[str, float]
    lower: NDArray[np.float64]


@dataclass(frozen=True)
class Plan:
    """A resolved scenario: equal plans give equal bytes.

    Attributes:
        scenario: what it was made from.
        clock: the time grid.
        fleet: the servers.
        archetypes: those in the distribution, in its order.
        growth_clock: the span over which growth is counted.
        digest: identifies everything that decides a value.
    """

    scenario: Scenario
    clock: Clock
    fleet: Fleet
    archetypes: tuple[Archetype, ...]
    growth_clock: Clock
    digest: str

    @property
    def rows(self) -> int:
        """Rows of the dataset: one per server and tick."""
        return self.fleet.size * self.clock.count

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """Column names, in order."""
        out = ["timestamp", "server_id", *(metric.column for metric in METRICS)]
        if self.scenario.include_metadata:
            out += ["server_type", *METADATA_COLUMNS]
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
    "is_holiday": "is_us_holiday",
}
"""Calendar columns, in order, and the field of `clock.Calendar` that each publishes."""


def resolve(scenario: Scenario) -> Plan:
    """Resolve a scenario into a Plan.

    Raises:
        ScenarioError: if fields that are fine alone contradict each other.
    """
    problems = [problem for _, problem in check.problems(scenario)]
    if problems:
        raise ScenarioError(problems)
    clock = Clock(scenario.start_date, scenario.end_date, scenario.step_seconds)
    span = scenario.growth.span or (scenario.start_date, scenario.end_date)
    archetypes = tuple(factored(name, scenario.archetypes[name]) for name in scenario.distribution)
    return Plan(
        scenario=scenario,
        clock=clock,
        fleet=Fleet(
            total=scenario.num_servers,
            seed=scenario.seed,
            distribution=scenario.distribution,
            interleaved=scenario.assignment == "interleaved",
            odds={
                "business_unit": scenario.business_units,
                "criticality": scenario.criticalities,
                "region": scenario.regions,
            },
        ),
        archetypes=archetypes,
        growth_clock=Clock(*span, scenario.step_seconds),
        digest=_digest(scenario, archetypes, span),
    )


def factored(name: str, profile: ArchetypeProfile) -> Archetype:
    """Factor a profile's correlations; those that cannot be are replaced by the nearest."""
    matrix = correlation.matrix(profile.correlations)
    lower = correlation.cholesky(matrix)
    if lower is None:
        matrix = correlation.nearest(matrix)
        lower = correlation.cholesky(matrix)
        if lower is None:
            raise AssertionError(f"the repaired correlations of {name} cannot be factored")
    return Archetype(name, profile, correlation.fields(matrix), lower)


def _digest(scenario: Scenario, archetypes: tuple[Archetype, ...], span: tuple[Any, Any]) -> str:
    """Hash what decides a value, so that two ways of writing the same thing agree."""
    content = scenario.to_dict()
    del content["correlation_repair"]
    content["granularity"] = scenario.step_seconds
    content["growth"]["span"] = [day.isoformat() for day in span]
    content["archetypes"] = {
        entry.name: entry.profile.model_dump() | entry.correlations for entry in archetypes
    }
    # Their order counts: it decides ties, blocks and the meaning of a draw.
    for key in ("distribution", "business_units", "criticalities", "regions"):
        content[key] = list(content[key].items())
    text = json.dumps([MODEL_VERSION, content], sort_keys=True, allow_nan=False)
    return blake2b(text.encode(), digest_size=16).hexdigest()
