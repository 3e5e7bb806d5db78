"""Scenarios that come with data: in the metadata of a file, beside a dataset, in a job's record.

Whoever wrote the data chose them, so they are held to more than a scenario that the user names:
they are mappings, never a path, and damage is an error about the data.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fleetsynth.errors import InputError, ScenarioError
from fleetsynth.scenario import text
from fleetsynth.scenario.load import load_scenario

if TYPE_CHECKING:
    from fleetsynth.scenario.model import Scenario

PREFIX = "fleetsynth."
"""What the keys of our metadata begin with."""
_MOST_BYTES = 1 << 24


def scenario_from_data(said: object, where: str) -> Scenario:
    """Return the scenario that data carry as JSON, or as the mapping that was read from it.

    Args:
        said: JSON text, or what was read from it; never a path, whatever it holds.
        where: what to call its place in errors, such as the file that carries it.

    Raises:
        InputError: if it is no mapping, or no valid scenario; nothing of it is opened.
    """
    try:
        return load_scenario(values_from_data(said, where))
    except ScenarioError as error:
        problems = "; ".join(map(str, error.problems[:5]))
        more = f" and {len(error.problems) - 5:,} more" if len(error.problems) > 5 else ""
        raise InputError(f"{where}: its scenario is not valid: {problems}{more}") from error


def values_from_data(said: object, where: str) -> Mapping[str, Any]:
    """Return the keys and values of a scenario that data carry, whatever they are.

    Raises:
        InputError: if it is no mapping.
    """
    values = json_from_data(said, where) if isinstance(said, str | bytes) else said
    if not isinstance(values, Mapping):
        raise InputError(f"{where}: its scenario is {_kind(values)}: expected keys and values")
    return values


def scenario_from_yaml(data: bytes, where: str) -> Scenario:
    """Return the scenario in a YAML file that stands beside data; errors as those of JSON."""
    try:
        values = text.parse(_decoded(data, where), where.rpartition("/")[2])
    except ScenarioError as error:
        raise InputError(f"{where} cannot be read: {error.problems[0]}") from error
    return scenario_from_data(values, where)


def json_from_data(said: str | bytes, where: str) -> Any:
    """Return what JSON text from data says.

    Raises:
        InputError: if it is not JSON, not UTF-8, or nested without end.
    """
    if len(said) > _MOST_BYTES:
        raise InputError(f"{where}: {len(said):,} bytes are more than anyone has to say here")
    try:
        return json.loads(_decoded(said, where) if isinstance(said, bytes) else said)
    except (ValueError, RecursionError) as error:
        reason = "nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise InputError(f"{where}: not JSON: {reason}") from None


def own_metadata(raw: Mapping[bytes, bytes] | None, where: str) -> dict[str, str]:
    """Return the key-value metadata of ours as text; what others left there is theirs.

    Raises:
        InputError: if one of ours is not UTF-8.
    """
    return {
        key.decode("utf-8", "replace"): _decoded(value, f"{where}: its metadata")
        for key, value in (raw or {}).items()
        if key.startswith(PREFIX.encode())
    }


def _decoded(data: bytes, where: str) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        message = f"{where}: byte {error.start} ({data[error.start]:#04x}) is not UTF-8 text"
        raise InputError(message) from None


def _kind(value: object) -> str:
    """Say what a value is, and not what it says."""
    names = {str: "text", list: "a list", type(None): "nothing", bool: "true or false"}
    return names.get(type(value), "a number")
