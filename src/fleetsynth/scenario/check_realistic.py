"""Problems between the fields of a realistic scenario."""

from __future__ import annotations

from math import log2
from typing import TYPE_CHECKING

from fleetsynth.errors import Problem, did_you_mean
from fleetsynth.scenario.realistic import RealisticScenario

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fleetsynth.scenario.model import Scenario

LARGEST_POWER = 32


def problems(scenario: Scenario) -> Iterator[tuple[frozenset[str], Problem]]:
    """Yield each problem with the top-level keys that it was concluded from."""
    if not isinstance(scenario, RealisticScenario):
        raise TypeError(f"no checks for {type(scenario).__name__}")
    for problem in _sampling(scenario):
        yield frozenset({"granularity", "sample_interval"}), problem
    for problem in _places(scenario):
        yield frozenset(), problem  # names alone decide it
    for problem in _compound_growth(scenario):
        yield frozenset({"start_date", "end_date", "growth_start", "archetypes"}), problem


def _sampling(scenario: RealisticScenario) -> Iterator[Problem]:
    if scenario.step_seconds % scenario.sample_seconds:
        message = (
            f"a granularity of {scenario.granularity} is no multiple of the sample interval "
            f"of {scenario.sample_interval}"
        )
        yield Problem(message, "granularity")


def _places(scenario: RealisticScenario) -> Iterator[Problem]:
    for region in scenario.regions:
        if region not in scenario.locations:
            hint = did_you_mean(region, scenario.locations)
            message = f"no location for region {region!r}{hint}; give its zone and country"
            yield Problem(message, f"regions.{region}")
    for unit in scenario.closes:
        if unit not in scenario.business_units and unit != "default":
            hint = did_you_mean(unit, scenario.business_units)
            yield Problem(f"no business unit {unit!r}{hint}", f"closes.{unit}")
    for unit in scenario.business_units:
        if unit not in scenario.closes and "default" not in scenario.closes:
            yield Problem(f"no close for business unit {unit!r}, and no default", "closes")


def _compound_growth(scenario: RealisticScenario) -> Iterator[Problem]:
    begin = scenario.growth_start or scenario.start_date
    months = max(abs((day - begin).days) for day in (scenario.start_date, scenario.end_date)) / 28
    for name, profile in scenario.archetypes.items():
        rate = max(map(abs, profile.demand.growth.support()))
        if months * log2(1 + rate / 100) > LARGEST_POWER:
            message = f"{rate:g} % a month is out of range over this span; add a max"
            yield Problem(message, f"archetypes.{name}.demand.growth")
