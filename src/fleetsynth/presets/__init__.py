"""The presets: a model each, found by name and loaded when it is used."""

from __future__ import annotations

from functools import cache, partial
from importlib import import_module
from typing import TYPE_CHECKING, Any

from fleetsynth.errors import Problem, ScenarioError, UsageError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path
    from typing import TypeAlias

    from fleetsynth.block import Block
    from fleetsynth.models.base import Model
    from fleetsynth.plan import Plan
    from fleetsynth.scenario import Scenario
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
        raise UsageError(f"unknown preset {preset!r}{did_you_mean(preset, names())}")
    module, _, name = (PRESETS.get(preset) or _added()[preset]).partition(":")
    found: Model = getattr(import_module(module), name)
    return found


def model_of(plan: Plan) -> Model:
    """Return the model that a plan is one of."""
    return model(plan.scenario.preset)


def names() -> list[str]:
    """Return the names of all presets, the packaged ones first."""
    return [*PRESETS, *(name for name in _added() if name not in PRESETS)]


def having(key: str) -> list[str]:
    """Return the packaged presets that have a top-level key of a scenario."""
    return [preset for preset in PRESETS if key in model(preset).scenario.model_fields]


def is_preset(name: object) -> bool:
    """Tell whether there is a preset of that name, packaged or added by another package."""
    return isinstance(name, str) and (name in PRESETS or name in _added())


@cache
def _added() -> dict[str, str]:
    """Return what other packages add; looked up only for names that are not packaged."""
    from importlib.metadata import entry_points

    return {entry.name: entry.value for entry in entry_points(group=GROUP)}


def problems_of(scenario: Scenario) -> list[tuple[frozenset[str], Problem]]:
    """Return each problem between fields with the top-level keys that it was concluded from."""
    from fleetsynth.ledger import without

    found = list(_problems_between(scenario))
    said = (scenario.incidents, scenario.stories, scenario.collector)
    if any(each.without for each in said) and not found:
        # The ledger is that of a scenario without any.
        plan = model(scenario.preset).resolve(scenario)
        found = [(frozenset(), problem) for problem in without.problems(plan)]
    return found


def _problems_between(scenario: Scenario) -> Iterator[tuple[frozenset[str], Problem]]:
    from fleetsynth.scenario import check, check_collector, check_events, instances

    of = model(scenario.preset)
    yield from check.problems(scenario)
    yield from check_events.problems(scenario)
    yield from check_collector.problems(scenario)
    yield from instances.problems(scenario)
    if (scenario.events or scenario.incidents.intensity) and not of.events:
        key = "events" if scenario.events else "incidents"
        message = f"nothing happens to fleets of the preset {scenario.preset!r}"
        yield frozenset({"events", "incidents", "preset"}), Problem(message, key)
    if scenario.stories.share and not of.events:
        message = f"services of the preset {scenario.preset!r} have no stories"
        yield frozenset({"stories", "preset"}), Problem(message, "stories")
    yield from of.problems(scenario)


def resolve(scenario: Scenario) -> Plan:
    """Resolve a scenario into a Plan.

    Raises:
        ScenarioError: if fields that are fine alone contradict each other.
    """
    found = [problem for _, problem in problems_of(scenario)]
    if found:
        raise ScenarioError(found)
    from fleetsynth.presets.capacity import with_capacity

    return with_capacity(model(scenario.preset).resolve(scenario), scenario)


def simulate(plan: Plan, window: Window) -> Block:
    """Return the rows of a window, as a plan's collector has them."""
    return collected(plan, simulate_clean(plan, window))


def collected(plan: Plan, block: Block) -> Block:
    """Return what a plan's collector has of the clean rows of a window."""
    if not plan.is_faulty:
        return block
    from fleetsynth.collector.collect import collect

    return collect(plan, block, partial(model_of(plan).simulate, plan.of_model))


def simulate_clean(plan: Plan, window: Window) -> Block:
    """Return the rows of a window before they are collected: those of the model, layer by layer.

    The columns of capacity, then only the lives of servers that come and go.
    """
    make = model_of(plan).simulate
    if plan.of_model is not plan:
        from fleetsynth.presets.capacity import block_of_capacity

        make = partial(block_of_capacity, make)
    if plan.fleet.lives is not None:
        from fleetsynth.presets.living import block_of_lives

        make = partial(block_of_lives, make)
    return make(plan, window)


def as_plan(scenario: ScenarioLike) -> Plan:
    """Resolve whatever describes a scenario into a Plan."""
    from fleetsynth.plan import Plan
    from fleetsynth.presets.load import load_scenario
    from fleetsynth.scenario import Scenario

    if isinstance(scenario, Plan):
        return scenario
    return resolve(scenario if isinstance(scenario, Scenario) else load_scenario(scenario))
