"""The content digest of a dataset wherever it lies: a file, a folder or an object store."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fleetsynth.errors import InputError, UsageError
from fleetsynth.formats.read import read_batches, read_head
from fleetsynth.reader import ReadOptions, open_dataset
from fleetsynth.reader.canonical import OurRows
from fleetsynth.reader.events import table_digest
from fleetsynth.reader.file_digest import any_leaves, file_leaves, some
from fleetsynth.reader.files import find_files, find_table
from fleetsynth.reader.partitions import with_partitions
from fleetsynth.reader.scattered import Piece, cut_months, leaves_by_month
from fleetsynth.stores.paths import is_path
from fleetsynth.stores.places import is_url
from fleetsynth.tables.digest import root

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    import pyarrow as pa

    from fleetsynth.reader import Understood
    from fleetsynth.reader.files import Files
    from fleetsynth.tables.digest import Leaves


def digest_path(data: Any, options: ReadOptions | None = None) -> str:
    """Return the content digest of a dataset: of its rows as they are read.

    Args:
        data: a file, a folder, ``s3://bucket/prefix`` or ``s3://bucket/file.parquet``. Of a
            dataset folder of ours the parts that its manifest names are read, of any other all
            data files, as one dataset. Or a table of Arrow, pandas or polars.
        options: how to read it, if something must be said; see `path_leaves`.

    Raises:
        UsageError: if there is nothing there, or it is of no known format.
        InputError: if it cannot be read, or is not a dataset.
    """
    plainly = options in (None, ReadOptions())
    told = table_digest(str(data)) if is_path(data) and plainly else None
    return told or root(path_leaves(data, options))


def path_leaves(
    data: Any,
    options: ReadOptions | None = None,
    told: Callable[[Understood], None] | None = None,
) -> Leaves:
    """Return the digests of a dataset's leaves by server id and month; as `digest_path`.

    Data with our timestamp and server_id are taken as they are, with all their columns. Of others,
    and where `options` say something, the columns that stand for ours are, under our names.
    """
    said = options or ReadOptions()
    if said == ReadOptions() and is_path(data):
        url = str(data)
        if not is_url(url) and not url.endswith("/") and not Path(url).is_dir():
            if _has_key(read_head(url).names):
                return file_leaves(url)
        else:
            if not is_url(url) and not any(Path(url).glob("*")):
                raise UsageError(f"{url} is an empty folder, or does not exist")
            table = find_table(url)
            if table:
                return _leaves_of(url, table, partitions=False)
            files = find_files(url)
            if _are_ours(files):
                return _leaves_of(url, files)
    dataset = open_dataset(data, said)
    found = _leaves(dataset.name, OurRows(dataset, nulls=True).batches)
    if told:
        told(dataset.understood)
    return found


def _leaves(name: str, batches: Callable[[], Iterator[pa.RecordBatch]]) -> Leaves:
    try:
        return some(any_leaves(batches))
    except InputError as error:
        if name in str(error):
            raise
        raise InputError(f"{name}: {error}") from error


def _leaves_of(url: str, files: Files, *, partitions: bool = True) -> Leaves:
    """Return the leaves of a folder, reading files side by side where months lie in several."""
    parts = files.manifest["parts"] if files.manifest else []
    pieces = [Piece.of(part, key) for part, key in zip(parts, files.keys, strict=bool(parts))]
    if not cut_months(pieces):
        return _leaves(url, lambda: _batches(files, partitions=partitions))

    @contextmanager
    def open_piece(piece: Piece) -> Iterator[Callable[[], Iterator[pa.RecordBatch]]]:
        with files.fetch(piece.key) as path:
            yield lambda: _rows(path, piece.key, partitions=partitions)

    out: Leaves = {}
    months = {month for piece in pieces for month in piece.months}
    for _, found in leaves_by_month(pieces, months, open_piece):
        out |= found or {}
    return some(out, url)


def _has_key(names: Iterable[str]) -> bool:
    return {"timestamp", "server_id"} <= set(names)


def _are_ours(files: Files) -> bool:
    """Tell whether the columns have our names, those that stand in folders' names included."""
    if files.manifest:
        return True
    key = files.keys[0]
    with files.fetch(key) as path:
        return _has_key([*read_head(path).names, *files.told(key)])


def _batches(files: Files, *, partitions: bool = True) -> Iterator[pa.RecordBatch]:
    """Yield the rows of all files, with the columns that their folders stand for, if any do."""
    for key in files.keys:
        with files.fetch(key) as path:
            yield from _rows(path, key, partitions=partitions)


def _rows(path: Path, key: str, *, partitions: bool) -> Iterator[pa.RecordBatch]:
    for batch in read_batches(path):
        yield with_partitions(batch, key, foreign=True) if partitions else batch
