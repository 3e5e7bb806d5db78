"""What no single field can know: problems between the fields of any scenario."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from math import lcm
from typing import TYPE_CHECKING

from fleetsynth.calendars import holiday_names
from fleetsynth.errors import Problem, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from fleetsynth.scenario.holidays import Closed
    from fleetsynth.scenario.model import Scenario

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
        yield frozenset({"distribution", "num_servers", "assignment"}), problem


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
    if min(period, scenario.num_servers) > _LONGEST_PATTERN:
        message = "these shares take too long to interleave: give them fewer decimals, or draw"
        yield Problem(message, "distribution")


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
