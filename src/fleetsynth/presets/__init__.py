"""The presets: a model each, found by name and loaded when it is used."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from fleetsynth.errors import ScenarioError, UsageError, did_you_mean
from fleetsynth.plan import Plan
from fleetsynth.scenario import Scenario
from fleetsynth.scenario.check import problems

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path
    from typing import TypeAlias

    from fleetsynth.block import Block
    from fleetsynth.errors import Problem
    from fleetsynth.models.base import Model
    from fleetsynth.window import Window

    ScenarioLike: TypeAlias = Scenario | Plan | Path | str | Mapping[str, Any] | None

PRESETS = {
    "classic": "fleetsynth.models.classic.model:MODEL",
    "realistic": "fleetsynth.models.realistic.model:MODEL",
}
"""The model of each packaged preset; the first is the default."""
DEFAULT = next(iter(PRESETS))
GROUP = "fleetsynth.presets"
"""The entry points by which other packages add presets of theirs."""


@cache
def model(preset: str) -> Model:
    """Return the model of a preset.

    Raises:
        UsageError: if there is none of that name.
    """
    if not is_preset(preset):
        raise UsageError(f"unknown preset {preset!r}{did_you_mean(preset, PRESETS)}")
    module, _, name = (PRESETS.get(preset) or _added()[preset]).partition(":")
    found: Model = getattr(import_module(module), name)
    return found


def is_preset(name: object) -> bool:
    """Tell whether there is a preset of that name, packaged or added by another package."""
    return isinstance(name, str) and (name in PRESETS or name in _added())


@cache
def _added() -> dict[str, str]:
    """Return what other packages add; looked up only for names that are not packaged."""
    from importlib.metadata import entry_points

    return {entry.name: entry.value for entry in entry_points(group=GROUP)}


def problems_of(scenario: Scenario) -> Iterator[tuple[frozenset[str], Problem]]:
    """Yield each problem between fields with the top-level keys that it was concluded from."""
    yield from problems(scenario)
    yield from model(scenario.preset).problems(scenario)


def resolve(scenario: Scenario) -> Plan:
    """Resolve a scenario into a Plan.

    Raises:
        ScenarioError: if fields that are fine alone contradict each other.
    """
    found = [problem for _, problem in problems_of(scenario)]
    if found:
        raise ScenarioError(found)
    return model(scenario.preset).resolve(scenario)


def simulate(plan: Plan, window: Window) -> Block:
    """Return the rows of a window."""
    return model(plan.scenario.preset).simulate(plan, window)


def as_plan(scenario: ScenarioLike) -> Plan:
    """Resolve whatever describes a scenario into a Plan."""
    from fleetsynth.presets.load import load_scenario

    if isinstance(scenario, Plan):
        return scenario
    return resolve(scenario if isinstance(scenario, Scenario) else load_scenario(scenario))
