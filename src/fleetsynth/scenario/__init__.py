"""The written form of a scenario: strict models, their defaults, YAML in and out."""

from fleetsynth.scenario.load import (
    catalog_profiles,
    default_scenario,
    dump_yaml,
    json_schema,
    load_scenario,
    starter_text,
)
from fleetsynth.scenario.model import ArchetypeProfile, Granularity, Growth, Scenario

__all__ = [
    "ArchetypeProfile",
    "Granularity",
    "Growth",
    "Scenario",
    "catalog_profiles",
    "default_scenario",
    "dump_yaml",
    "json_schema",
    "load_scenario",
    "starter_text",
]
