"""Files that a scenario names: their contents take the place of their names."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from fleetsynth.errors import Problem, ScenarioError, UsageError
from fleetsynth.instances import Instances
from fleetsynth.presets.catalogue import catalogue_values, packaged_instances
from fleetsynth.scenario import text
from fleetsynth.scenario.ics import LARGEST, IcsError, parse
from fleetsynth.scenario.instances import Catalogue, types_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Where = Callable[[tuple[str | int, ...]], str]

NAMING = {
    ("holidays", "from"): "give the days under add",
    ("instance_types",): "give its families",
}
"""Keys by which a scenario names a file, and what says the same without one."""
PACKAGED = "packaged"
"""Instead of a file's name, stands for the packaged catalogue."""


def named_files(values: Mapping[str, Any]) -> dict[tuple[str, ...], object]:
    """Return what a scenario says for files to read, by the path of the key."""
    holidays, types = values.get("holidays"), values.get("instance_types")
    said = {
        ("holidays", "from"): holidays.get("from") if isinstance(holidays, dict) else None,
        ("instance_types",): types if isinstance(types, str) else None,
    }
    return {key: named for key, named in said.items() if named is not None}


def read_files(
    values: dict[str, Any], folder: Callable[[str], Path], where: Where
) -> dict[str, list[Problem]]:
    """Put what stands in the files that a scenario names in the place of their names.

    Args:
        values: of the scenario; changed by this call.
        folder: returns where the relative paths of a key begin.
        where: tells where something was said.

    Returns:
        Why they cannot be read, by the top-level key.
    """
    out = {}
    read = {("holidays", "from"): _calendar, ("instance_types",): _catalogue}
    for key, named in named_files(values).items():
        if isinstance(named, str):  # others can be no path, and are refused as of a wrong type
            found = read[key](values, named, folder(".".join(key)))
            at = ".".join(key)
            out[key[0]] = [
                problem if problem.where else Problem(problem.message, at, where(key))
                for problem in found
            ]
    return out


def _calendar(values: dict[str, Any], named: str, folder: Path) -> list[Problem]:
    """Put the days of a calendar before those of `holidays.add`."""
    holidays = {key: value for key, value in values["holidays"].items() if key != "from"}
    values["holidays"] = holidays
    try:
        days = parse(_content(folder / named, LARGEST))
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        message = (
            f"{named}, {reason}"
            if isinstance(error, IcsError)
            else f"cannot read the calendar {named}: {reason}"
        )
        return [Problem(message)]
    added = holidays.get("add", [])
    if isinstance(added, list | tuple):
        holidays["add"] = [*days, *added]
    return []


def _catalogue(values: dict[str, Any], named: str, folder: Path) -> list[Problem]:
    """Put the families of a catalogue in the place of its name."""
    values["instance_types"] = None
    try:
        values["instance_types"] = catalogue_of(folder / named)
    except ScenarioError as error:
        return list(error.problems)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        return [Problem(f"cannot read the catalogue {named}: {reason}")]
    return []


def catalogue_of(path: Path) -> dict[str, Any]:
    """Return the families of a catalogue file as plain values.

    Raises:
        ScenarioError: with all that is wrong in it, each with its line.
        OSError: if it cannot be read.
        ValueError: if it is no regular file, or not UTF-8 text.
    """
    content = _content(path, 4 * text.LARGEST)
    try:
        return catalogue_values(content.decode(), path.name)
    except UnicodeDecodeError as error:
        raise ValueError(f"byte {error.start} is not UTF-8 text") from None


def catalogue_types(path: Path | str) -> Instances:
    """Return the types in a catalogue file, or for ``packaged`` those of the packaged one.

    Raises:
        ScenarioError: with all that is wrong in it, each with its line.
        UsageError: if it cannot be read.
    """
    if str(path) == PACKAGED:
        families = packaged_instances()["instance_types"]
        return Instances(types_of(Catalogue.model_validate(families)), {})
    try:
        values = catalogue_of(Path(path))
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UsageError(f"cannot read the catalogue {path}: {reason}") from None
    return Instances(types_of(Catalogue.model_validate(values)), {})


def _content(path: Path, most: int) -> bytes:
    """Return the bytes of a file, and of an endless one as many as are too many."""
    if path.exists() and not path.is_file():
        raise ValueError("not a regular file")
    with path.open("rb") as file:
        return file.read(most + 1)
