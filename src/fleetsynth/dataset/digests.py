"""The content digest of a dataset wherever it lies: a file, a folder or an object store."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from fleetsynth.dataset.places import is_url
from fleetsynth.dataset.reread import with_partitions
from fleetsynth.digest import root
from fleetsynth.errors import InputError, UsageError
from fleetsynth.file_digest import OutOfOrderError, file_leaves, leaves, sorted_leaves
from fleetsynth.reader.files import find_files
from fleetsynth.reader.physical import read_batches

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa

    from fleetsynth.digest import Leaves
    from fleetsynth.reader.files import Files


def digest_path(url: str) -> str:
    """Return the content digest of a dataset: of its rows as they are read.

    Args:
        url: a file, a folder, ``s3://bucket/prefix`` or ``s3://bucket/file.parquet``. Of a
            dataset folder of ours the parts that its manifest names are read, of any other all
            data files, as one dataset.

    Raises:
        UsageError: if there is nothing there, or it names no format.
        InputError: if it cannot be read, or is no dataset.
    """
    return root(path_leaves(url))


def path_leaves(url: str) -> Leaves:
    """Return the digests of a dataset's leaves by server id and month; as `digest_path`."""
    if not is_url(url) and not url.endswith("/") and not Path(url).is_dir():
        return file_leaves(url)
    if not is_url(url) and not any(Path(url).glob("*")):
        raise UsageError(f"{url} is an empty folder, or none")
    files = find_files(url)
    try:
        try:
            return leaves(_batches(files))
        except OutOfOrderError:
            return sorted_leaves(_batches(files))
    except InputError as error:
        raise InputError(f"{url}: {error}") from error


def _batches(files: Files) -> Iterator[pa.RecordBatch]:
    """Yield the rows of all files, with the columns that their folders stand for."""
    for key in files.keys:
        with files.fetch(key) as path:
            for batch in read_batches(path):
                yield with_partitions(batch, key, foreign=True)
