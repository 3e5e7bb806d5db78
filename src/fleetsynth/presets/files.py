"""Files that a scenario names: their contents take the place of their names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fleetsynth.errors import Problem
from fleetsynth.scenario.ics import LARGEST, IcsError, parse

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

_KEY = ("holidays", "from")


def named_file(values: Mapping[str, Any]) -> object:
    """Return what a scenario says for a file to read; None if it names none."""
    holidays = values.get("holidays")
    return holidays.get("from") if isinstance(holidays, dict) else None


def read_files(
    values: dict[str, Any], folder: Path, where: Callable[[tuple[str | int, ...]], str]
) -> list[Problem]:
    """Put the days of the calendar that a scenario names before those of `holidays.add`.

    Args:
        values: of the scenario; changed by this call.
        folder: where relative paths begin.
        where: tells where something was said.

    Returns:
        Why it cannot be read.
    """
    named = named_file(values)
    if not isinstance(named, str):
        return []  # none, or what no path can be, which is refused as any value of a wrong type
    holidays = {key: value for key, value in values["holidays"].items() if key != "from"}
    values["holidays"] = holidays
    try:
        days = parse(_content(folder / named))
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        message = (
            f"{named}, {reason}"
            if isinstance(error, IcsError)
            else f"cannot read the calendar {named}: {reason}"
        )
        return [Problem(message, ".".join(_KEY), where(_KEY))]
    added = holidays.get("add", [])
    if isinstance(added, list | tuple):
        holidays["add"] = [*days, *added]
    return []


def _content(path: Path) -> bytes:
    """Return the bytes of a file, and of an endless one as many as are too many."""
    if path.exists() and not path.is_file():
        raise ValueError("not a regular file")
    with path.open("rb") as file:
        return file.read(LARGEST + 1)
