"""What a manifest says: written so that any change shows, and read as data that may be damaged."""

from __future__ import annotations

import json
import re
from hashlib import sha256
from itertools import chain
from typing import TYPE_CHECKING, Any

from fleetsynth.errors import InputError
from fleetsynth.formats import FORMATS, known
from fleetsynth.stores.names import CARD, DATA, VERSIONS, table_key

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

FORMAT = 2
"""The form of manifests of folders without further tables; all older ones are read."""
FORMAT_WITH_TABLES = 3
"""The form of manifests of folders with further tables."""
FORMAT_WITH_EVENTS = 4
"""The form of manifests of folders with a table of events, whether or not with further tables."""
FORMAT_WITH_LEAVES = 5
"""The form of manifests of folders whose leaves are kept, to be appended to, whatever else is."""
NEWEST = FORMAT_WITH_LEAVES
SEAL = "manifest_sha256"
"""The last field: the hash of the manifest without it, written as it is."""

PART_FORMAT = ".parquet"
"""The format of parts, unless something else is said; older records and manifests say nothing."""

_PART = re.compile(
    re.escape(DATA) + r"(?:[a-z_]+=[^/\\\x00-\x1f\x7f\ud800-\udfff]*/)*part-[0-9]{5,}(\.[a-z.]+)"
)
_MOST_SHOWN = 60
_DEEPEST = 8
"""Twice what a manifest or a job needs."""


def seal(values: dict[str, Any]) -> bytes:
    """Write a manifest, with its own hash as the last field."""
    unsealed = {key: value for key, value in values.items() if key != SEAL}
    return _text(unsealed | {SEAL: sha256(_text(unsealed)).hexdigest()})


def format_of(*, tables: bool, events: bool, leaves: bool) -> int:
    """Return the form in which a manifest is written, by what its folder has."""
    if leaves:
        return FORMAT_WITH_LEAVES
    if events:
        return FORMAT_WITH_EVENTS
    return FORMAT_WITH_TABLES if tables else FORMAT


def is_as_written(data: bytes, values: dict[str, Any]) -> bool:
    """Tell whether a manifest is, byte by byte, what was written."""
    return data == (seal(values) if values["format"] > 1 else _text(values))


def parse_object(data: bytes) -> dict[str, Any]:
    """Read a JSON object strictly.

    Raises:
        ValueError: saying what is wrong: not UTF-8, not JSON, a key given twice, NaN or infinity,
            nested too deeply, or no object.
    """
    try:
        values = json.loads(
            data.decode("utf-8"), object_pairs_hook=_once, parse_constant=_no_constant
        )
    except UnicodeDecodeError as error:
        raise ValueError(f"byte {error.start} is not UTF-8") from None
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if _is_deep(values):
        raise ValueError("it is nested too deeply")
    if not isinstance(values, dict):
        raise ValueError(f"it holds {as_json(values)}, not an object")
    return values


def parse_manifest(data: bytes, name: str) -> dict[str, Any]:
    """Read a manifest as far as everything else depends on it.

    What is checked here is what says how the folder was cut and which files are its parts. All
    else may still be anything, and is compared by `verify`.

    Args:
        data: its bytes.
        name: what to call it in errors.

    Raises:
        InputError: if it is not a manifest, or one of a newer version.
    """
    try:
        values = parse_object(data)
        if _is_count(values.get("format")) and values["format"] > NEWEST:
            raise InputError(
                f"{name} is of format {values['format']}, which a newer fleetsynth wrote: this "
                f"version reads formats up to {NEWEST}"
            )
        problems = list(_problems(values))
    except ValueError as error:
        problems = [str(error)]
    if problems:
        raise InputError(f"{name} is not a manifest of this version: {'; '.join(problems[:5])}")
    return values


def as_json(value: object) -> str:
    """Write a value as JSON on one line, cut if it is long, in plain ASCII."""
    text = json.dumps(value)
    return text if len(text) <= _MOST_SHOWN else f"{text[: _MOST_SHOWN - 3]}..."


def named(path: str) -> str:
    """Write the name of a file so that nothing in it acts on a terminal."""
    return path if path.isprintable() else json.dumps(path)


def same(one: object, other: object) -> bool:
    """Tell whether two values are the same JSON: 1 is neither true nor 1.0."""
    return json.dumps(one) == json.dumps(other)


def differences(values: dict[str, Any], made: dict[str, Any]) -> Iterator[str]:
    """Say which fields are missing, not what they were made anew, or none that there is."""
    for key, right in made.items():
        if key not in values:
            yield f"{key} is missing"
        else:
            yield from _unlike(key, values[key], right)
    for key in values.keys() - made.keys():
        yield f"{as_json(key)} is not a field of it"


def _unlike(name: str, value: Any, right: Any) -> Iterator[str]:
    """Say where a value is not right, as deep inside as can be told."""
    if isinstance(value, dict) and isinstance(right, dict):
        yield from (f"{name}: {each}" for each in differences(value, right))
    elif isinstance(value, list) and isinstance(right, list) and len(value) == len(right):
        for index, (one, other) in enumerate(zip(value, right, strict=True)):
            yield from _unlike(f"{name}[{index}]", one, other)
    elif not same(value, right):
        yield f"{name} is {as_json(value)}: expected {as_json(right)}"


def _text(values: dict[str, Any]) -> bytes:
    return (json.dumps(values, indent=2) + "\n").encode()


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for key, value in pairs:
        if key in values:
            raise ValueError(f"it says {as_json(key)} twice")
        values[key] = value
    return values


def _is_deep(values: object) -> bool:
    """Tell whether values are nested deeper than is safe to walk by recursion."""
    level: list[Any] = [values]
    for _ in range(_DEEPEST):
        inner = [v.values() if isinstance(v, dict) else v for v in level if type(v) in (dict, list)]
        level = list(chain.from_iterable(inner))
    return bool(level)


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not valid JSON")


def _problems(values: dict[str, Any]) -> Iterator[str]:
    checks = {
        "format": (_is_count, "a whole number"),
        "scenario_digest": (_is_text, "text"),
        "partition_by": (_is_texts, "a list of names"),
        "part_bytes": (_is_count, "a whole number of bytes"),
        "parts": (_is_list, "a list"),
    }
    for key, (is_right, what) in checks.items():
        if key not in values:
            yield f"it has no {key}"
        elif not is_right(values[key]):
            yield f"{key} is {as_json(values[key])}: expected {what}"
    if not is_part_format(values.get("file_format", PART_FORMAT)):
        yield f"file_format is {as_json(values['file_format'])}: expected {known(in_folders=True)}"
    if not isinstance(values.get("tables", {}), dict):
        yield f"tables is {as_json(values['tables'])}: expected an object"
    parts = values.get("parts")
    for index, part in enumerate(parts if isinstance(parts, list) else []):
        path = part.get("path") if isinstance(part, dict) else None
        # What it names is opened: nothing above the data, and nothing but parts.
        if not (is_part(path) and str(path).endswith(file_format_of(values))):
            yield f"parts[{index}] is {as_json(part)}: expected an object with the path of a part"
        elif not is_tables(part.get("tables", {}), path):
            yield f"parts[{index}] has tables that are not files beside it: {as_json(part)}"


def is_part(path: object) -> bool:
    """Tell whether a path is the name of a part: nothing else is ever opened or removed."""
    found = _PART.fullmatch(path) if isinstance(path, str) else None
    return found is not None and is_part_format(found[1])


def is_tables(tables: object, path: object) -> bool:
    """Tell whether files of further tables lie where those of a part at `path` do."""
    return isinstance(tables, dict) and all(
        re.fullmatch("[a-z][a-z_]*", name) is not None
        and isinstance(entry, dict)
        and entry.get("path") == table_key(str(path), name)
        for name, entry in tables.items()
    )


def has_card(files: object) -> bool:
    """Tell whether a dataset has a card, by what its manifest says of files."""
    return isinstance(files, dict) and any(name in files for name in CARD)


def paths_of(part: dict[str, Any]) -> list[str]:
    """Return the files of a part that a manifest names: of the data, and of further tables."""
    return [part["path"], *(table["path"] for table in part.get("tables", {}).values())]


def place_of(values: Mapping[str, Any] | None, name: str) -> str:
    """Return where a file beside the parts is read: where the manifest says, or under its name.

    Of a dataset that was appended to, what stands under the name itself is a copy.
    """
    files = (values or {}).get("files")
    entry = files.get(name) if isinstance(files, dict) else None
    path = entry.get("path") if isinstance(entry, dict) else None
    return path if isinstance(path, str) and is_version(path, name) else name


def is_version(path: object, name: str) -> bool:
    """Tell whether a path is where a file of such a name may lie that changes with the last day."""
    found = re.fullmatch(rf"{VERSIONS}\d{{4}}-\d\d-\d\d/(.+)", str(path))
    return found is not None and found[1] == name


def is_part_format(ending: object) -> bool:
    """Tell whether a folder's parts may have such an ending."""
    kind = FORMATS.get(ending) if isinstance(ending, str) else None
    return kind is not None and kind.in_folders


def file_format_of(values: dict[str, Any]) -> str:
    """Return the format of the parts that a manifest names."""
    return str(values.get("file_format", PART_FORMAT))


def _is_count(value: object) -> bool:
    return type(value) is int and value > 0


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_list(value: object) -> bool:
    return isinstance(value, list)


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)
