"""Problems between the fields of a realistic scenario."""

from __future__ import annotations

from math import inf, log2
from typing import TYPE_CHECKING

from fleetsynth.errors import Problem, UsageError, did_you_mean
from fleetsynth.plan import fleet_of
from fleetsynth.scenario.check import LARGEST_POWER, closed_units

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fleetsynth.fleet import Fleet
    from fleetsynth.models.realistic.scenario import RealisticScenario


_LOOKED_AT = 200
"""Servers among whose services the nearest name is looked for."""
_NAMED = frozenset({"events", "distribution", "archetypes", "assignment", "num_servers", "seed"})
"""Keys that decide which services there are."""


def problems(scenario: RealisticScenario) -> Iterator[tuple[frozenset[str], Problem]]:
    """Yield each problem with the top-level keys that it was concluded from."""
    for problem in _sampling(scenario):
        yield frozenset({"granularity", "sample_interval"}), problem
    for problem in _places(scenario):
        yield frozenset({"regions", "locations"}), problem
    for problem in _closes(scenario):
        yield frozenset({"business_units", "closes"}), problem
    for problem in closed_units(scenario.closed, scenario):
        yield frozenset({"business_units", "closed"}), problem
    for problem in _calendar(scenario):
        yield frozenset({"start_date", "end_date"}), problem
    for problem in _services(scenario):
        yield _NAMED, problem
    for problem in _compound_growth(scenario):
        yield frozenset({"start_date", "end_date", "growth_start", "archetypes"}), problem


def _sampling(scenario: RealisticScenario) -> Iterator[Problem]:
    if scenario.step_seconds % scenario.sample_seconds:
        message = (
            f"a granularity of {scenario.granularity} is not a multiple of the sample interval "
            f"of {scenario.sample_interval}"
        )
        yield Problem(message, "granularity")


def _places(scenario: RealisticScenario) -> Iterator[Problem]:
    for region in scenario.regions:
        if region not in scenario.locations:
            hint = did_you_mean(region, scenario.locations)
            message = f"no location for region {region!r}{hint}; give its zone and country"
            yield Problem(message, f"regions.{region}")


def _closes(scenario: RealisticScenario) -> Iterator[Problem]:
    for unit in scenario.closes:
        if unit not in scenario.business_units and unit != "default":
            hint = did_you_mean(unit, scenario.business_units)
            yield Problem(f"no business unit {unit!r}{hint}", f"closes.{unit}")
    for unit in scenario.business_units:
        if unit not in scenario.closes and "default" not in scenario.closes:
            yield Problem(f"no close for business unit {unit!r}, and no default", "closes")


def _calendar(scenario: RealisticScenario) -> Iterator[Problem]:
    """Local days and their neighbours have to be days, too."""
    if scenario.start_date.year < 2 or scenario.end_date.year > 9998:
        yield Problem("the realistic model knows the years 2 to 9998", "start_date")


def _services(scenario: RealisticScenario) -> Iterator[Problem]:
    """Services that events name have to be there."""
    if not any(told.service for told in scenario.events):
        return
    known = scenario.archetypes
    fleet = fleet_of(scenario, {n: known[n].replicas for n in scenario.distribution if n in known})
    for place, told in enumerate(scenario.events):
        for name in told.service or ():
            if not _has(fleet, name):
                services = dict.fromkeys(fleet.services(0, min(fleet.size, _LOOKED_AT)))
                near = did_you_mean(name, services)
                yield Problem(f"no service {name!r}{near}", f"events.{place}.service")


def _has(fleet: Fleet, service: str) -> bool:
    """Tell whether a service has a server in the fleet."""
    try:
        members = fleet.members_of(service)
    except UsageError:
        return False
    return bool(members[0] < fleet.total)


def _compound_growth(scenario: RealisticScenario) -> Iterator[Problem]:
    """Demand is rounded to 2**-20, which says nothing of values beyond 2**32."""
    begin = scenario.growth_start or scenario.start_date
    months = [(day - begin).days / 28 for day in (scenario.start_date, scenario.end_date)]
    for name in scenario.distribution:
        profile = scenario.archetypes.get(name)
        for rate in profile.demand.growth.support() if profile else ():
            if (
                rate == inf
                or max(months) * log2(1 + rate / 100) > LARGEST_POWER
                or (min(months) * log2(1 + rate / 100) > LARGEST_POWER)
            ):
                end = "max" if rate > 0 else "min"
                message = f"{rate:g} % a month is out of range over this span; add a {end}"
                yield Problem(message, f"archetypes.{name}.demand.growth")
                break
