"""Problems of how badly data are collected, and of rates by archetype."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fleetsynth.errors import Problem, did_you_mean, nearest_name
from fleetsynth.kinds import FAULTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from fleetsynth.scenario.model import Scenario


def problems(scenario: Scenario) -> Iterator[tuple[frozenset[str], Problem]]:
    """Yield each problem with the top-level keys that it was concluded from."""
    keys = frozenset({"collector", "distribution", "archetypes"})
    for problem in _problems(scenario):
        yield keys, problem


def _problems(scenario: Scenario) -> Iterator[Problem]:
    for name in FAULTS:
        yield from archetypes(scenario, "collector", name)
    for place, fault_id in enumerate(scenario.collector.without):
        kind = fault_id.partition("-")[0]
        if kind not in FAULTS:
            message = f"{fault_id!r} is not a valid id of a fault{nearest_name(kind, FAULTS)}"
            yield Problem(message, f"collector.without.{place}")


def archetypes(
    scenario: Scenario, key: str, kind: str, usual: Iterable[str] = ()
) -> Iterator[Problem]:
    """Yield a problem for each archetype of a kind's rates that there is not.

    Args:
        scenario: what was written.
        key: where it has the kinds: ``incidents`` or ``collector``.
        kind: name of the kind.
        usual: archetypes that may be named whether or not they are there.
    """
    for name in getattr(getattr(scenario, key), kind).archetypes:
        if name not in scenario.archetypes and name not in usual:
            hint = did_you_mean(name, scenario.archetypes)
            yield Problem(f"unknown archetype {name!r}{hint}", f"{key}.{kind}.archetypes.{name}")
