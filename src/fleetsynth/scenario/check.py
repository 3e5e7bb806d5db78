"""What no single field can know: problems between the fields of any scenario."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from math import lcm
from typing import TYPE_CHECKING

from fleetsynth.calendars import holiday_names
from fleetsynth.errors import Problem, did_you_mean
from fleetsynth.scenario.model import MOST_SERVERS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from fleetsynth.scenario.holidays import Closed
    from fleetsynth.scenario.model import Scenario

_ORIGIN = frozenset({"start_date", "growth", "growth_start"})
"""Keys that say, in one preset or another, on which day the fleet has its first servers."""
LARGEST_POWER = 32
_LONGEST_PATTERN = 2_000_000
_MOST_YEARS = 12
_USUAL_YEARS = range(2015, 2030)
"""Years of which holidays can be named, beside those of the scenario, and of these so many."""


def problems(scenario: Scenario) -> Iterator[tuple[frozenset[str], Problem]]:
    """Yield each problem with the top-level keys that it was concluded from."""
    for problem in _dates(scenario):
        yield frozenset({"start_date", "end_date"}), problem
    for problem in _unknown_archetypes(scenario):
        yield frozenset(), problem  # names alone decide it
    for problem in _removed_names(scenario):
        yield frozenset({"holidays", "locations", "regions"}), problem
    for problem in _pattern_size(scenario):
        yield frozenset({"distribution", "num_servers", "assignment", "fleet_growth"}), problem
    for problem in _growth(scenario):
        keys = {"fleet_growth", "num_servers", "assignment", "end_date"}
        yield _ORIGIN | keys, problem
    for problem in _retire(scenario):
        yield frozenset({"retire"}), problem


def _dates(scenario: Scenario) -> Iterator[Problem]:
    if scenario.end_date < scenario.start_date:
        message = f"end_date {scenario.end_date} is before start_date {scenario.start_date}"
        yield Problem(message, "end_date")


def _pattern_size(scenario: Scenario) -> Iterator[Problem]:
    """An interleaved fleet repeats after the common denominator of its shares."""
    if scenario.assignment != "interleaved":
        return
    shares = [Fraction(Decimal(str(share))) for share in scenario.distribution.values()]
    period = lcm(*(share.denominator for share in shares))
    if min(period, scenario.total_servers) > _LONGEST_PATTERN:
        message = "these shares take too long to interleave: give them fewer decimals, or draw"
        yield Problem(message, "distribution")


def _growth(scenario: Scenario) -> Iterator[Problem]:
    """Servers that come later leave those before them as they are."""
    if scenario.births is None or scenario.fleet_growth is None:
        return
    if scenario.assignment == "blocks":
        message = (
            "assignment: blocks gives other servers to each archetype as the fleet grows: say "
            "assignment: interleaved, or drawn, which let everybody be who they are"
        )
        yield Problem(message, "fleet_growth")
    for place, step in enumerate(scenario.fleet_growth.steps):
        if step.date < scenario.origin:
            message = (
                f"{step.date} is before {scenario.origin}, the day on which the fleet has its "
                "first num_servers servers: choose a later date, or an earlier growth start"
            )
            yield Problem(message, f"fleet_growth.steps.{place}.date")
    if scenario.total_servers > MOST_SERVERS:
        message = f"{scenario.total_servers:,} servers by {scenario.end_date} are too many"
        yield Problem(message, "fleet_growth")


def _retire(scenario: Scenario) -> Iterator[Problem]:
    retire = scenario.retire
    if retire and (retire.mean_years is None) == (retire.share_per_year is None):
        yield Problem("give one of mean_years and share_per_year", "retire")


def _unknown_archetypes(scenario: Scenario) -> Iterator[Problem]:
    for name in scenario.distribution:
        if name not in scenario.archetypes:
            hint = did_you_mean(name, scenario.archetypes)
            yield Problem(f"unknown archetype {name!r}{hint}", f"distribution.{name}")


def _removed_names(scenario: Scenario) -> Iterator[Problem]:
    """A name that no holiday has is misspelt; a date that is none is as it should be."""
    names = scenario.holidays.own_dates().names
    if not names:
        return
    known = {entry.name for entry in scenario.holidays.add}
    first, last = scenario.start_date.year, scenario.end_date.year
    for year in sorted({*range(first, min(last + 1, first + _MOST_YEARS)), *_USUAL_YEARS}):
        for place in scenario.holiday_places():
            known.update(
                *(each for called in holiday_names(place, year).values() for each in called)
            )
    known |= {name.partition(" (")[0] for name in known}
    for index, name in enumerate(scenario.holidays.remove):
        if name in names and name not in known:
            where = ", ".join(sorted(set(scenario.holiday_places())))
            hint = did_you_mean(name, sorted(n for n in known if " (" not in n))
            yield Problem(
                f"no holiday of {where} is called {name!r}{hint}", f"holidays.remove.{index}"
            )


def closed_units(closed: Mapping[str, Closed], scenario: Scenario) -> Iterator[Problem]:
    """Yield a problem for each closed unit that there is not."""
    for unit in closed:
        if unit not in scenario.business_units and unit != "default":
            hint = did_you_mean(unit, scenario.business_units)
            yield Problem(f"no business unit {unit!r}{hint}", f"closed.{unit}")
