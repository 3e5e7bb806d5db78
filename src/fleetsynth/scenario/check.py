"""What no single field can know: problems between the fields of a scenario."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from math import lcm, log2
from typing import TYPE_CHECKING

from fleetsynth import correlation
from fleetsynth.errors import Problem, did_you_mean
from fleetsynth.scenario.classic import ClassicScenario

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fleetsynth.scenario.classic import ArchetypeProfile
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
    if isinstance(scenario, ClassicScenario):
        yield from _classic(scenario)
    else:
        from fleetsynth.scenario import check_realistic

        yield from check_realistic.problems(scenario)


def _classic(scenario: ClassicScenario) -> Iterator[tuple[frozenset[str], Problem]]:
    for problem in _growth_span(scenario):
        yield frozenset({"growth"}), problem
    for problem in _growth_size(scenario):
        yield frozenset({"start_date", "end_date", "growth", "archetypes"}), problem
    if scenario.correlation_repair == "refuse":
        for name, profile in scenario.archetypes.items():
            for problem in _correlation(name, profile):
                yield frozenset({"archetypes", "correlation_repair"}), problem


def _dates(scenario: Scenario) -> Iterator[Problem]:
    if scenario.end_date < scenario.start_date:
        message = f"end_date {scenario.end_date} is before start_date {scenario.start_date}"
        yield Problem(message, "end_date")


def _growth_span(scenario: ClassicScenario) -> Iterator[Problem]:
    span = scenario.growth.span
    if span and span[1] < span[0]:
        yield Problem(f"the span ends on {span[1]}, before it starts on {span[0]}", "growth.span")


def _growth_size(scenario: ClassicScenario) -> Iterator[Problem]:
    """Monthly growth is rounded to 2**-20, which says nothing of values beyond 2**32."""
    if scenario.growth.mode != "monthly":
        return
    begin = scenario.growth.span[0] if scenario.growth.span else scenario.start_date
    after, before = (scenario.end_date - begin).days / 28, (begin - scenario.start_date).days / 28
    for name, profile in scenario.archetypes.items():
        power = log2(1 + profile.monthly_growth_rate / 100)
        if max(after * power, -before * power) > LARGEST_POWER:
            message = f"{profile.monthly_growth_rate} % a month is out of range over this span"
            yield Problem(message, f"archetypes.{name}.monthly_growth_rate")


def _pattern_size(scenario: Scenario) -> Iterator[Problem]:
    """An interleaved fleet repeats after the common denominator of its shares."""
    if scenario.assignment != "interleaved":
        return
    shares = [Fraction(Decimal(str(share))) for share in scenario.distribution.values()]
    period = lcm(*(share.denominator for share in shares))
    if min(period, scenario.num_servers) > _LONGEST_PATTERN:
        message = "these shares take too long to interleave: give them fewer decimals"
        yield Problem(message, "distribution")


def _unknown_archetypes(scenario: Scenario) -> Iterator[Problem]:
    for name in scenario.distribution:
        if name not in scenario.archetypes:
            hint = did_you_mean(name, scenario.archetypes)
            yield Problem(f"unknown archetype {name!r}{hint}", f"distribution.{name}")


def _correlation(name: str, profile: ArchetypeProfile) -> Iterator[Problem]:
    matrix = correlation.matrix(profile.correlations)
    if correlation.cholesky(matrix) is not None:
        return
    lowest = correlation.smallest_eigenvalue(matrix)
    repaired = correlation.fields(correlation.nearest(matrix))
    nearest = ", ".join(f"{field}: {value:.6f}" for field, value in repaired.items())
    yield Problem(
        f"the correlations are not positive definite (smallest eigenvalue {lowest:.6f}); "
        f"the nearest that are: {nearest}; correlation_repair: nearest would take them",
        f"archetypes.{name}",
    )
