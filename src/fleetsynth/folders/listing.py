"""What lies in a dataset folder: its own files, what a run left over, and what is foreign."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from fleetsynth.errors import InputError, read_errors
from fleetsynth.stores.names import DATA, TABLES, VERSIONS
from fleetsynth.stores.places import is_url
from fleetsynth.stores.store import STATE, is_unfinished

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fleetsynth.stores.store import Store

_OURS = (DATA, STATE, VERSIONS)


@dataclass(frozen=True)
class Listing:
    """All names in a folder, relative to it, with slashes.

    Attributes:
        files: regular files in row of their names; nothing outside of the dataset's own folders
            is looked into.
        folders: folders, each with a slash at its end.
        faults: what cannot be, or could not be, read, by name: links, devices, folders that are
            closed to us.
        ours: the dataset's own folders.
    """

    files: list[str] = field(default_factory=list)
    folders: list[str] = field(default_factory=list)
    faults: dict[str, str] = field(default_factory=dict)
    ours: tuple[str, ...] = _OURS

    def own_faults(self, names: set[str]) -> dict[str, str]:
        """Return the faults that concern the dataset: in its own folders, or of such a name."""
        ours = {*(folder.rstrip("/") for folder in self.ours), *names}
        return {
            name: fault
            for name, fault in self.faults.items()
            if name in ours or name.startswith(self.ours)
        }

    def hidden(self, name: str) -> bool:
        """Tell whether a fault keeps us from seeing a file."""
        above = [name, *(parent.as_posix() for parent in Path(name).parents)]
        return not self.faults.keys().isdisjoint(above)

    def foreign(self, names: set[str]) -> Iterator[str]:
        """Yield what is beside the dataset and none of its business."""
        for name in [*self.files, *self.folders, *self.faults]:
            ours = name in names or name.startswith(self.ours) or f"{name}/" in self.ours
            if not ours and not is_unfinished(name):
                yield name


def list_folder(url: str, store: Store, *, tables: bool = False) -> Listing:
    """List a dataset folder; links are named, and never followed.

    Args:
        url: the folder.
        store: the same.
        tables: whether it has further tables.
    """
    out = Listing(ours=(*_OURS, TABLES)) if tables else Listing()
    if is_url(url):
        out.files.extend(store.list())
    else:
        _walk(Path(url), "", out)
    return out


def _walk(folder: Path, prefix: str, out: Listing) -> None:
    try:
        with read_errors(folder):
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except InputError as error:
        out.faults[prefix.rstrip("/")] = str(error)
        return
    for entry in entries:
        name = prefix + entry.name
        if entry.is_symlink():
            out.faults[name] = "this is a symbolic link: a dataset's files lie in its own folder"
        elif entry.is_dir(follow_symlinks=False):
            out.folders.append(f"{name}/")
            if f"{name}/".startswith(out.ours):
                _walk(Path(entry.path), f"{name}/", out)
        elif entry.is_file(follow_symlinks=False):
            out.files.append(name)
        else:
            out.faults[name] = "this is not a regular file"
