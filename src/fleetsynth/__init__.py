"""fleetsynth: synthetic capacity telemetry for server fleets."""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

from fleetsynth._version import __version__

if TYPE_CHECKING:
    from fleetsynth.api import Result, batches, generate, to_pandas, to_table
    from fleetsynth.capacity.api import Capacity, capacity
    from fleetsynth.classic import (
        ARCHETYPE_PROFILES,
        ServerType,
        add_calendar_features,
        assign_archetypes_to_fleet,
        generate_full_dataset,
        generate_server_metadata,
        get_archetype,
        get_data_config,
        holiday_factor,
        quarterly_peak_factor,
        save_dataset,
    )
    from fleetsynth.dataset.facts import facts
    from fleetsynth.dataset.validate import validate
    from fleetsynth.errors import (
        FleetsynthError,
        InputError,
        OutputError,
        ScenarioError,
        UsageError,
    )
    from fleetsynth.file_digest import digest_file
    from fleetsynth.plan import Plan, resolve
    from fleetsynth.quality.facts_table import Facts
    from fleetsynth.quality.validate.verdict import Validation, Verdict
    from fleetsynth.reports import report
    from fleetsynth.scenario import ArchetypeProfile, Scenario, load_scenario
    from fleetsynth.server import ServerArchetype
    from fleetsynth.size import Size, estimate

_HOMES = {
    "api": ("Result", "batches", "generate", "to_pandas", "to_table"),
    "capacity.api": ("Capacity", "capacity"),
    "classic": (
        "ARCHETYPE_PROFILES",
        "ServerType",
        "add_calendar_features",
        "assign_archetypes_to_fleet",
        "generate_full_dataset",
        "generate_server_metadata",
        "get_archetype",
        "get_data_config",
        "holiday_factor",
        "quarterly_peak_factor",
        "save_dataset",
    ),
    "dataset.validate": ("validate",),
    "file_digest": ("digest_file",),
    "dataset.facts": ("facts",),
    "errors": ("FleetsynthError", "InputError", "OutputError", "ScenarioError", "UsageError"),
    "plan": ("Plan", "resolve"),
    "quality.validate.verdict": ("Validation", "Verdict"),
    "quality.facts_table": ("Facts",),
    "reports": ("report",),
    "scenario": ("ArchetypeProfile", "Scenario", "load_scenario"),
    "server": ("ServerArchetype",),
    "size": ("Size", "estimate"),
}
_HOME = {name: module for module, names in _HOMES.items() for name in names}


class _Package(ModuleType):
    """Keeps public names for what bears them, where a package inside is called alike."""

    def __setattr__(self, name: str, value: object) -> None:
        if not (isinstance(value, ModuleType) and name in _HOME):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package


def __getattr__(name: str) -> Any:
    """Load a public name when it is first used, so that the import itself costs nothing."""
    if name not in _HOME:
        raise AttributeError(f"module 'fleetsynth' has no attribute {name!r}")
    value = getattr(import_module(f"fleetsynth.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)


__all__ = [  # noqa: RUF022 - by topic
    "__version__",
    # scenarios and plans
    "ArchetypeProfile",
    "Plan",
    "Scenario",
    "Size",
    "estimate",
    "load_scenario",
    "resolve",
    # datasets
    "Result",
    "batches",
    "digest_file",
    "generate",
    "report",
    "to_pandas",
    "to_table",
    # checks
    "Validation",
    "Verdict",
    "validate",
    # capacity
    "Capacity",
    "capacity",
    # realism
    "Facts",
    "facts",
    # errors
    "FleetsynthError",
    "InputError",
    "OutputError",
    "ScenarioError",
    "UsageError",
    # the specification's names
    "ARCHETYPE_PROFILES",
    "ServerArchetype",
    "ServerType",
    "add_calendar_features",
    "assign_archetypes_to_fleet",
    "generate_full_dataset",
    "generate_server_metadata",
    "get_archetype",
    "get_data_config",
    "holiday_factor",
    "quarterly_peak_factor",
    "save_dataset",
]
