"""What an unfinished folder says of itself, read as data: nothing of it is taken to be right."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fleetsynth.errors import InputError
from fleetsynth.formats import known
from fleetsynth.scenario.data import json_from_data
from fleetsynth.stores.names import DATA, PARTITION_KEYS
from fleetsynth.stores.recorded import PART_FORMAT, is_part, is_part_format, is_tables
from fleetsynth.tables.table import TABLES

if TYPE_CHECKING:
    from collections.abc import Mapping

_LARGEST_PART = 1 << 50
_PART_FIELDS = {
    "path": str,
    "rows": int,
    "servers": int,
    "first_server": str,
    "last_server": str,
    "start": str,
    "end": str,
    "size": int,
    "sha256": str,
    "digest": str,
}


def mapping_from_data(data: bytes, where: str) -> dict[str, Any]:
    """Return a JSON object.

    Raises:
        InputError: if it is none.
    """
    values = json_from_data(data, where)
    if not isinstance(values, dict):
        raise InputError(f"{where}: expected a JSON object")
    return values


def cut_from_data(values: Mapping[str, Any], where: str) -> tuple[tuple[str, ...], int]:
    """Return by what a folder is partitioned, and the target size of its parts.

    Raises:
        InputError: if they are not what a folder can be cut by.
    """
    keys, size = values.get("partition_by"), values.get("part_bytes")
    if not isinstance(keys, list) or any(
        not isinstance(key, str) or key not in PARTITION_KEYS for key in keys
    ):
        raise InputError(f"{where}: partition_by is not a list of {', '.join(PARTITION_KEYS)}")
    if not _is_count(size) or not 1 <= int(size or 0) <= _LARGEST_PART:
        raise InputError(f"{where}: part_bytes is not a number of bytes")
    return tuple(keys), int(size or 0)


def file_format_from_data(values: Mapping[str, Any], where: str) -> str:
    """Return the format of a folder's parts: older records do not say it.

    Raises:
        InputError: if parts cannot be of that format.
    """
    ending = values.get("file_format", PART_FORMAT)
    if not is_part_format(ending):
        raise InputError(f"{where}: file_format is not one of {known(in_folders=True)}")
    return str(ending)


def tables_from_data(values: Mapping[str, Any], where: str) -> tuple[str, ...]:
    """Return the further tables of a folder: records of folders without any do not say it.

    Raises:
        InputError: if there are no such tables.
    """
    tables = values.get("tables", [])
    if not isinstance(tables, list) or any(name not in TABLES for name in tables):
        raise InputError(f"{where}: tables is not a list of {', '.join(TABLES)}")
    return tuple(tables)


def refuse_odd_fields(values: Mapping[str, Any], where: str) -> None:
    """Refuse what is not said of a part as it should be.

    Raises:
        InputError: if a field is missing, of another type, or names a file outside the data.
    """
    for name, kind in _PART_FIELDS.items():
        value = values.get(name)
        fits = _is_count(value) if kind is int else isinstance(value, kind)
        if not fits:
            raise InputError(f"{where}: {name} is {'not a count' if kind is int else 'not text'}")
    if not is_part(values["path"]):
        raise InputError(f"{where}: {values['path']!r} is not a file below {DATA}")
    if not is_tables(values.get("tables", {}), values["path"]):
        raise InputError(f"{where}: tables are not files beside {values['path']!r}")


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 63
