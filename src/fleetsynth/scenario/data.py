"""What data say of themselves, read as data: nothing of it is taken to be right."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from fleetsynth.errors import InputError

PREFIX = "fleetsynth."
"""What the keys of our metadata begin with."""
_MOST_BYTES = 1 << 24


def values_from_data(said: object, where: str) -> Mapping[str, Any]:
    """Return the keys and values of a scenario that data carry, whatever they are.

    Raises:
        InputError: if it is not a mapping.
    """
    values = json_from_data(said, where) if isinstance(said, str | bytes) else said
    if not isinstance(values, Mapping):
        raise InputError(f"{where}: its scenario is {_kind(values)}: expected keys and values")
    return values


def json_from_data(said: str | bytes, where: str) -> Any:
    """Return what JSON text from data says.

    Raises:
        InputError: if it is not JSON, not UTF-8, or nested without end.
    """
    if len(said) > _MOST_BYTES:
        raise InputError(f"{where}: {len(said):,} bytes are too many here")
    try:
        return json.loads(decoded(said, where) if isinstance(said, bytes) else said)
    except (ValueError, RecursionError) as error:
        reason = "nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise InputError(f"{where}: not JSON: {reason}") from None


def own_metadata(raw: Mapping[bytes, bytes] | None, where: str) -> dict[str, str]:
    """Return the key-value metadata of ours as text; what others left there is theirs.

    Raises:
        InputError: if one of ours is not UTF-8.
    """
    return {
        key.decode("utf-8", "replace"): decoded(value, f"{where}: its metadata")
        for key, value in (raw or {}).items()
        if key.startswith(PREFIX.encode())
    }


def decoded(data: bytes, where: str) -> str:
    """Return UTF-8 text; InputError, naming the place, if it is none."""
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        message = f"{where}: byte {error.start} ({data[error.start]:#04x}) is not UTF-8 text"
        raise InputError(message) from None


def _kind(value: object) -> str:
    """Say what a value is, and not what it says."""
    names = {str: "text", list: "a list", type(None): "nothing", bool: "true or false"}
    return names.get(type(value), "a number")
