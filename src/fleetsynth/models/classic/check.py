"""Problems between the fields of a classic scenario."""

from __future__ import annotations

from math import log2
from typing import TYPE_CHECKING

from fleetsynth.errors import Problem
from fleetsynth.models.classic import correlation
from fleetsynth.scenario.check import LARGEST_POWER, closed_units

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fleetsynth.models.classic.scenario import ArchetypeProfile, ClassicScenario


def problems(scenario: ClassicScenario) -> Iterator[tuple[frozenset[str], Problem]]:
    """Yield each problem with the top-level keys that it was concluded from."""
    for problem in _growth_span(scenario):
        yield frozenset({"growth"}), problem
    for problem in _growth_size(scenario):
        yield frozenset({"start_date", "end_date", "growth", "archetypes"}), problem
    for problem in closed_units(scenario.closed, scenario):
        yield frozenset({"business_units", "closed"}), problem
    for problem in _services(scenario):
        yield frozenset({"events"}), problem
    if scenario.correlation_repair == "refuse":
        for name, profile in scenario.archetypes.items():
            for problem in _correlation(name, profile):
                yield frozenset({"archetypes", "correlation_repair"}), problem


def _services(scenario: ClassicScenario) -> Iterator[Problem]:
    for place, told in enumerate(scenario.events):
        if told.service is not None:
            message = "servers of the classic preset are in no service: say servers, or archetype"
            yield Problem(message, f"events.{place}.service")


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


def _correlation(name: str, profile: ArchetypeProfile) -> Iterator[Problem]:
    matrix = correlation.matrix(profile.correlations)
    if correlation.cholesky(matrix) is not None:
        return
    lowest = correlation.smallest_eigenvalue(matrix)
    repaired = correlation.fields(correlation.nearest(matrix))
    nearest = ", ".join(f"{field}: {value:.6f}" for field, value in repaired.items())
    yield Problem(
        f"the correlations are not positive definite (smallest eigenvalue {lowest:.6f}); "
        f"the nearest that are: {nearest}; correlation_repair: nearest would use them",
        f"archetypes.{name}",
    )
