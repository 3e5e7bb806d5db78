"""fleetsynth: synthetic capacity telemetry for server fleets."""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

from fleetsynth._version import __version__

if TYPE_CHECKING:
    from fleetsynth.api import (
        append,
        batches,
        commit,
        digest,
        generate,
        preview,
        to_pandas,
        to_table,
        verify,
    )
    from fleetsynth.capacity.api import Capacity, capacity
    from fleetsynth.compare.comparison import Comparison
    from fleetsynth.compare.dataset import compare
    from fleetsynth.errors import (
        FleetsynthError,
        InputError,
        OutputError,
        ScenarioError,
        UsageError,
    )
    from fleetsynth.events.api import Events, events
    from fleetsynth.facts.dataset import facts
    from fleetsynth.facts.facts_table import Facts
    from fleetsynth.folders.calibrate import Rate, calibrate
    from fleetsynth.folders.engines.spark import SparkEngine
    from fleetsynth.folders.verification import Finding, Verification
    from fleetsynth.formats.options import ReadOptions
    from fleetsynth.plan import Plan
    from fleetsynth.presets import resolve
    from fleetsynth.presets.load import load_scenario
    from fleetsynth.preview.samples import Sample
    from fleetsynth.reader.file_digest import digest_file
    from fleetsynth.reader.understood import Understood
    from fleetsynth.report.write import report
    from fleetsynth.result import Result
    from fleetsynth.scenario import Scenario
    from fleetsynth.sinks.access import Access
    from fleetsynth.sinks.ddl import ddl
    from fleetsynth.sinks.export import export
    from fleetsynth.sinks.push import Streaming
    from fleetsynth.sinks.result import Exported
    from fleetsynth.size import Size, estimate
    from fleetsynth.spark import to_spark
    from fleetsynth.specification.names import (
        ARCHETYPE_PROFILES,
        ArchetypeProfile,
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
    from fleetsynth.specification.server import ServerArchetype
    from fleetsynth.validate.dataset import validate
    from fleetsynth.validate.verdict import Validation, Verdict

_HOMES = {
    "api": (
        "append",
        "batches",
        "commit",
        "digest",
        "generate",
        "preview",
        "to_pandas",
        "to_table",
        "verify",
    ),
    "capacity.api": ("Capacity", "capacity"),
    "compare.dataset": ("compare",),
    "compare.comparison": ("Comparison",),
    "result": ("Result",),
    "spark": ("to_spark",),
    "folders.calibrate": ("Rate", "calibrate"),
    "folders.engines.spark": ("SparkEngine",),
    "folders.verification": ("Finding", "Verification"),
    "formats.options": ("ReadOptions",),
    "preview.samples": ("Sample",),
    "reader.understood": ("Understood",),
    "specification.names": (
        "ARCHETYPE_PROFILES",
        "ArchetypeProfile",
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
    "validate.dataset": ("validate",),
    "reader.file_digest": ("digest_file",),
    "facts.dataset": ("facts",),
    "errors": ("FleetsynthError", "InputError", "OutputError", "ScenarioError", "UsageError"),
    "plan": ("Plan",),
    "presets": ("resolve",),
    "presets.load": ("load_scenario",),
    "validate.verdict": ("Validation", "Verdict"),
    "facts.facts_table": ("Facts",),
    "events.api": ("Events", "events"),
    "report.write": ("report",),
    "scenario": ("Scenario",),
    "sinks.ddl": ("ddl",),
    "sinks.access": ("Access",),
    "sinks.export": ("export",),
    "sinks.push": ("Streaming",),
    "sinks.result": ("Exported",),
    "specification.server": ("ServerArchetype",),
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


class _Face(ModuleType):
    """This module: its verbs win over the packages that share their names, such as `facts`.

    Python binds a package to its parent when it is first imported, whenever that is.
    """

    def __setattr__(self, name: str, value: Any) -> None:
        if not (name in _HOME and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Face


__all__ = [  # noqa: RUF022 - by topic
    "__version__",
    # scenarios and plans
    "ArchetypeProfile",
    "Plan",
    "Rate",
    "Sample",
    "Scenario",
    "Size",
    "calibrate",
    "estimate",
    "load_scenario",
    "preview",
    "resolve",
    # datasets
    "Access",
    "Exported",
    "Result",
    "SparkEngine",
    "Streaming",
    "append",
    "batches",
    "commit",
    "ddl",
    "export",
    "generate",
    "to_pandas",
    "to_spark",
    "to_table",
    # reading
    "ReadOptions",
    "Understood",
    "digest",
    "digest_file",
    "report",
    # checks
    "Finding",
    "Validation",
    "Verdict",
    "Verification",
    "validate",
    "verify",
    # capacity
    "Capacity",
    "capacity",
    # what happens
    "Events",
    "events",
    # realism
    "Comparison",
    "Facts",
    "compare",
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
