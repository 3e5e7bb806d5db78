"""A dataset to be read: a file, a dataset folder, or a folder of files made elsewhere."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

import pyarrow as pa

from fleetsynth.dataset.folder import MANIFEST
from fleetsynth.dataset.job import STATE
from fleetsynth.dataset.store import open_store
from fleetsynth.dataset.verify import read_manifest
from fleetsynth.errors import InputError, UsageError
from fleetsynth.reading import read_batches, read_names
from fleetsynth.sinks import FORMATS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fleetsynth.dataset.store import Store
    from fleetsynth.reading import Types


@dataclass(frozen=True)
class Source:
    """The files of a dataset, in order.

    Attributes:
        name: what to call it in messages.
        keys: the files, as the store knows them; one path, if there is no store.
        store: where they are, if they are in a folder.
    """

    name: str
    keys: tuple[str, ...]
    store: Store | None = None

    def names(self) -> list[str]:
        """Return the columns of the first file, with those that its folders stand for."""
        with self._file(self.keys[0]) as path:
            return [*read_names(path), *self._folders(self.keys[0])]

    def batches(self, columns: Types) -> Iterator[tuple[dict[str, str], pa.RecordBatch]]:
        """Yield the rows of all files; with each batch, the columns that its folders stand for."""
        for key in self.keys:
            told = {name: at for name, at in self._folders(key).items() if name in columns}
            wanted = {name: kind for name, kind in columns.items() if name not in told}
            with self._file(key) as path:
                have = set(read_names(path)) if len(self.keys) > 1 else wanted.keys()
                for name in wanted:
                    if name not in have:
                        raise InputError(f"{key} has no column {name!r}, as other files have")
                for batch in read_batches(path, wanted):
                    yield told, batch

    def words(self, column: str) -> set[str]:
        """Return the different values of a text column."""
        out: set[str] = set()
        for told, batch in self.batches({column: pa.string()}):
            out |= {told[column]} if told else set(batch.column(0).unique().to_pylist())
        return out - {None}

    def _folders(self, key: str) -> dict[str, str]:
        """Return what folders named ``column=value`` say."""
        if self.store is None:
            return {}
        pairs = (folder.partition("=") for folder in key.split("/")[:-1])
        return {name: unquote(value) for name, equals, value in pairs if equals}

    @contextmanager
    def _file(self, key: str) -> Iterator[Path]:
        if self.store is None:
            yield Path(key)
        else:
            with self.store.fetch(key) as path:
                yield path


def open_source(url: str) -> Source:
    """Find the files of a dataset.

    Raises:
        UsageError: if there is nothing at the path, or its ending names no format.
        InputError: if a folder is unfinished, or holds no data.
    """
    if "://" not in url and not Path(url).is_dir():
        if url.endswith("/"):
            raise UsageError(f"there is no folder {url}")
        return Source(url, (url,))
    store = open_store(url)
    names = store.list()
    if MANIFEST in names:
        keys = [part["path"] for part in read_manifest(store)["parts"]]
    elif any(name.startswith(STATE) for name in names):
        raise InputError(f"{url} is unfinished: go on with resume=True, or commit its shards")
    else:
        keys = [name for name in names if name.lower().endswith(tuple(FORMATS))]
    if not keys:
        raise InputError(f"{url} holds no data: expected files that end in {', '.join(FORMATS)}")
    return Source(url.rstrip("/"), tuple(keys), store)
