"""Datasets by their names: what is a name, and whether there is anything of that name."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, TypeGuard

from fleetsynth.errors import UsageError
from fleetsynth.stores.places import is_url

if TYPE_CHECKING:
    from collections.abc import Iterable
    from os import PathLike


def is_path(data: object) -> TypeGuard[str | PathLike[str]]:
    """Tell a path or URL from a table."""
    return isinstance(data, str) or hasattr(data, "__fspath__")


def refuse_missing(datasets: Iterable[object]) -> None:
    """Refuse files and folders that are not there, before anything else is looked at.

    What an object store holds is for the store to say; a table is there.

    Raises:
        UsageError: for the first that is not there.
    """
    for dataset in map(str, filter(is_path, datasets)):
        if not is_url(dataset) and not _there(Path(dataset)):
            kind = "folder" if dataset.endswith("/") else "file or folder"
            raise UsageError(f"there is no {kind} {dataset}")


def _there(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # such as a folder that must not be looked into: its reader says so
        return True
