"""Scenarios that come with data: in the metadata of a file, beside a dataset, in a job's record.

Whoever wrote the data chose them, so they are held to more than a scenario that the user names:
they are mappings, never a path, and damage is an error about the data.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fleetsynth.errors import InputError, ScenarioError
from fleetsynth.presets.files import NAMING, named_files
from fleetsynth.presets.load import load_scenario
from fleetsynth.scenario import text
from fleetsynth.scenario.data import decoded, values_from_data

if TYPE_CHECKING:
    from fleetsynth.scenario import Scenario


def scenario_from_data(said: object, where: str) -> Scenario:
    """Return the scenario that data carry as JSON, or as the mapping that was read from it.

    Args:
        said: JSON text, or what was read from it; never a path, whatever it holds.
        where: what to call its place in errors, such as the file that carries it.

    Raises:
        InputError: if it is not a mapping, or not a valid scenario; nothing of it is opened.
    """
    values = values_from_data(said, where)
    for key in named_files(values):
        message = f"{where}: its scenario names a file, {'.'.join(key)}: {NAMING[key]}"
        raise InputError(message)
    try:
        return load_scenario(values)
    except ScenarioError as error:
        problems = "; ".join(map(str, error.problems[:5]))
        more = f" and {len(error.problems) - 5:,} more" if len(error.problems) > 5 else ""
        raise InputError(f"{where}: its scenario is not valid: {problems}{more}") from error


def scenario_from_yaml(data: bytes, where: str) -> Scenario:
    """Return the scenario in a YAML file that stands beside data; errors as those of JSON."""
    try:
        values = text.parse(decoded(data, where), where.rpartition("/")[2])
    except ScenarioError as error:
        raise InputError(f"{where} cannot be read: {error.problems[0]}") from error
    return scenario_from_data(values, where)
