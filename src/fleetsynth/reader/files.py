"""Which files a dataset is: one, a folder of ours by its manifest, a folder of anyone's."""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from fleetsynth.errors import InputError, UsageError
from fleetsynth.formats import ending_of, known
from fleetsynth.formats.read import read_head
from fleetsynth.stores.names import BESIDE_FILES, DAY_KEYS, EVENTS, MANIFEST, SERVERS, TABLES
from fleetsynth.stores.places import is_far, is_url, split_object
from fleetsynth.stores.recorded import parse_manifest
from fleetsynth.stores.store import STATE, open_store
from fleetsynth.tables.events import SCHEMA

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fleetsynth.stores.store import Store


@dataclass(frozen=True)
class Files:
    """The files of a dataset, in order.

    Attributes:
        name: what to call it in messages.
        keys: the files, as the store knows them; one path, if there is no store.
        store: where they are, if they are in a folder.
        manifest: what our folder says of its own making; nothing for all else.
        others: how many files of the folder are not data.
    """

    name: str
    keys: tuple[str, ...]
    store: Store | None = None
    manifest: dict[str, Any] | None = None
    others: int = 0

    @property
    def near(self) -> bool:
        """Whether the files can be opened one after another without waiting."""
        return not is_far(self.name)

    def told(self, key: str) -> dict[str, str]:
        """Return what folders named ``column=value`` say of a file's rows."""
        if self.store is None:
            return {}
        pairs = (folder.partition("=") for folder in key.split("/")[:-1])
        told = {unquote(name): unquote(value) for name, equals, value in pairs if equals}
        if self.manifest:  # its days are no columns
            told = {name: value for name, value in told.items() if name not in DAY_KEYS}
        return told

    def called(self, key: str) -> str:
        """Return what to call a file in messages."""
        return key if self.store is None else f"{self.name}/{key}"

    @contextmanager
    def fetch(self, key: str) -> Iterator[Path]:
        """Yield a local path of a file."""
        if self.store is None:
            yield Path(key)
        else:
            with self.store.fetch(key) as path:
                yield path


def find_files(url: str, *, partial: bool = False) -> Files:
    """Find the files of a dataset.

    Args:
        url: a file, a folder, or a place in an object store.
        partial: take what there is of a folder of ours that is not whole: for who says so.

    Raises:
        UsageError: if there is nothing at the path, or its ending is not that of a known format.
        InputError: if a folder is unfinished, or holds no data.
    """
    single = split_object(url)
    if single:
        folder, name = single
        store = open_store(folder)
        if store.size(name) is None:
            raise UsageError(f"there is no file {url}")
        return Files(folder, (name,), store)
    if not is_url(url) and not Path(url).is_dir():
        if url.endswith("/"):
            raise UsageError(f"there is no folder {url}")
        if not Path(url).exists():
            raise UsageError(f"there is no file or folder {url}")
        return Files(url, (url,))
    store = open_store(url)
    names = store.list()
    manifest = _manifest(store) if MANIFEST in names else None
    if manifest is not None:
        there = set(names)
        keys = [part["path"] for part in manifest["parts"]]
        keys = [key for key in keys if key in there or not partial]
    elif not partial and any(name.startswith(STATE) for name in names):
        raise InputError(f"{url} is unfinished: go on with resume=True, or commit its shards")
    else:
        keys = [name for name in names if ending_of(name) and is_data(name)]
        beside = _beside(store, keys)
        keys = [name for name in keys if name not in beside] or keys
    if not keys:
        raise InputError(f"{url} holds no data: expected files that end in {known()}")
    others = 0 if manifest else len(names) - len(keys)
    return Files(url.rstrip("/"), tuple(keys), store, manifest, others)


def find_table(url: str) -> Files | None:
    """Return the files of a further table of a folder of ours, if a folder is that."""
    found = re.fullmatch(rf"(.+?)/+{TABLES}([a-z_]+)/*", url)
    store = open_store(found[1]) if found else None
    manifest = _manifest(store) if store and store.size(MANIFEST) is not None else None
    if found is None or manifest is None or found[2] not in manifest.get("tables", {}):
        return None
    keys = [part["tables"][found[2]]["path"] for part in manifest["parts"]]
    return Files(found[1], tuple(keys), store, manifest)


def _beside(store: Store, names: list[str]) -> set[str]:
    """Return what belongs to data among these names: tables that we keep beside folders, files."""
    of_folder = {name for name in names if name == SERVERS or _is_ledger(store, name)}
    stems = {name[: -len(ending_of(name) or "")] for name in names}
    of_files = {
        name
        for name in names
        for folder in [name.rpartition("/")[0]]
        if folder.endswith(BESIDE_FILES) and folder.removesuffix(BESIDE_FILES) in stems
    }
    return of_folder | of_files


def _is_ledger(store: Store, name: str) -> bool:
    """Tell our table of events from data that somebody has called so."""
    if name != EVENTS:
        return False
    try:
        with store.fetch(name) as path:
            return list(SCHEMA.names) == read_head(path).names
    except InputError:  # whoever reads it as data says what is wrong with it
        return False


def is_data(name: str) -> bool:
    """Tell data from what systems leave beside them: ``_temporary``, ``._part-0.parquet``."""
    *folders, file = name.split("/")
    hidden = (part[:1] in ("_", ".") and "=" not in part for part in folders)
    return not (file[:1] in ("_", ".") or any(hidden))


def _manifest(store: Store) -> dict[str, Any]:
    return parse_manifest(store.read(MANIFEST) or b"", f"{store.name}/{MANIFEST}")
