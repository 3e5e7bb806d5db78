"""The written form of a scenario: strict models, their defaults, YAML in and out."""

from fleetsynth.scenario.classic import ArchetypeProfile, ClassicScenario, Growth
from fleetsynth.scenario.fields import Granularity
from fleetsynth.scenario.load import (
    PRESETS,
    catalog_profiles,
    default_scenario,
    dump_yaml,
    json_schema,
    load_scenario,
    preset_of,
    starter_text,
)
from fleetsynth.scenario.model import Scenario

__all__ = [
    "PRESETS",
    "ArchetypeProfile",
    "ClassicScenario",
    "Granularity",
    "Growth",
    "Scenario",
    "catalog_profiles",
    "default_scenario",
    "dump_yaml",
    "json_schema",
    "load_scenario",
    "preset_of",
    "starter_text",
]
