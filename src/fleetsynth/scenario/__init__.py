"""The written form of a scenario, whatever its model: fields, checks, YAML in and out."""

from fleetsynth.scenario.fields import Granularity
from fleetsynth.scenario.model import Scenario

__all__ = ["Granularity", "Scenario"]
