"""What no single field can know: problems between the fields of any scenario."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from math import lcm
from typing import TYPE_CHECKING

from fleetsynth.errors import Problem, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fleetsynth.scenario.model import Scenario

LARGEST_POWER = 32
_LONGEST_PATTERN = 2_000_000


def problems(scenario: Scenario) -> Iterator[tuple[frozenset[str], Problem]]:
    """Yield each problem with the top-level keys that it was concluded from."""
    for problem in _dates(scenario):
        yield frozenset({"start_date", "end_date"}), problem
    for problem in _unknown_archetypes(scenario):
        yield frozenset(), problem  # names alone decide it
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
