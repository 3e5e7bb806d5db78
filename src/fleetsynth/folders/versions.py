"""What changes with the last day of a dataset: scenario, servers, events, and leaves.

An append writes them where nothing is yet, so that until its manifest is there everybody reads
those of the day before. Those under their usual names are copies, for people, made when it is.
"""

from __future__ import annotations

from shutil import copyfile
from typing import TYPE_CHECKING, Any

from fleetsynth.errors import InputError
from fleetsynth.files import os_errors
from fleetsynth.folders.leaves import entries_of
from fleetsynth.stores.names import MANIFEST, VERSIONS
from fleetsynth.stores.recorded import place_of
from fleetsynth.stores.store import hash_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fleetsynth.stores.store import Store


def put_copies(store: Store, values: Mapping[str, Any]) -> None:
    """Copy what an appended dataset has beside its parts to its usual names; remove what is old.

    What was read before the last append stays, for those who are still reading.
    """
    if "spans" not in values:
        return
    for name, said in values["files"].items():
        if said.get("path", name) != name and not _is_copied(store, name, said):
            _copy(store, place_of(values, name), name)
    kept, folders = current(values), days_of(values)
    for name in store.list(VERSIONS):
        if name not in kept and name.split("/")[1] not in folders:
            store.delete(name)


def current(values: Mapping[str, Any]) -> set[str]:
    """Return the files of a manifest that change with the last day, where they are read."""
    files = values.get("files")
    places = {place_of(values, name) for name in files} if isinstance(files, dict) else set()
    leaves = {each["path"] for each in entries_of(values, MANIFEST)}
    return {name for name in places if name.startswith(VERSIONS)} | leaves


def days_of(values: Mapping[str, Any]) -> set[str]:
    """Return the last days whose files stay: that of a dataset, and the one before."""
    return {span["until"] for span in values.get("spans", ())[-2:]}


def _is_copied(store: Store, name: str, said: Mapping[str, Any]) -> bool:
    try:
        return store.size(name) == said["size"] and bool(hash_of(store, name) == said["sha256"])
    except InputError:  # gone since
        return False


def _copy(store: Store, key: str, name: str) -> None:
    with store.fetch(key) as there, store.building(name, replace=True) as path, os_errors(path):
        copyfile(there, path)
