"""Problems of how badly data are collected."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fleetsynth.errors import Problem, nearest_name
from fleetsynth.kinds import FAULTS
from fleetsynth.scenario.check_events import unknown_archetypes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fleetsynth.scenario.model import Scenario


def problems(scenario: Scenario) -> Iterator[tuple[frozenset[str], Problem]]:
    """Yield each problem with the top-level keys that it was concluded from."""
    keys = frozenset({"collector", "distribution", "archetypes"})
    for problem in _problems(scenario):
        yield keys, problem


def _problems(scenario: Scenario) -> Iterator[Problem]:
    for name in FAULTS:
        said = getattr(scenario.collector, name).archetypes
        yield from unknown_archetypes(scenario, said, (), f"collector.{name}.archetypes")
    for place, fault_id in enumerate(scenario.collector.without):
        kind = fault_id.partition("-")[0]
        if kind not in FAULTS:
            message = f"{fault_id!r} is not a valid id of a fault{nearest_name(kind, FAULTS)}"
            yield Problem(message, f"collector.without.{place}")
