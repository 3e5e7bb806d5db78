"""Scenarios that are packaged, each a YAML file over a preset, by name."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING

from fleetsynth.errors import UsageError, did_you_mean

if TYPE_CHECKING:
    from pathlib import Path

_SUFFIX = ".yaml"


def names() -> list[str]:
    """Return the names of all packaged scenarios."""
    found = (entry.name for entry in resources.files(__name__).iterdir())
    return sorted(name.removesuffix(_SUFFIX) for name in found if name.endswith(_SUFFIX))


def is_packaged(path: Path) -> bool:
    """Tell whether a path is a packaged scenario's name, and no file of that name is there."""
    return path.name == str(path) and not path.exists() and path.name in names()


def packaged_text(name: str) -> str:
    """Return a packaged scenario as it was written.

    Raises:
        UsageError: if there is none of that name.
    """
    known = names()
    if name not in known:
        raise UsageError(f"no packaged scenario {name!r}{did_you_mean(name, known)}")
    return (resources.files(__name__) / f"{name}{_SUFFIX}").read_text("utf-8")
