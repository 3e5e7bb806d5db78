"""Datasets back from files, batch by batch, in any of the formats that sinks write."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from fleetsynth.errors import InputError, UsageError
from fleetsynth.frame import COLUMN_TYPES, plain
from fleetsynth.sinks import format_of

if TYPE_CHECKING:
    from collections.abc import Iterator


def read_batches(path: Path | str) -> Iterator[pa.RecordBatch]:
    """Yield a file's rows in their order.

    Raises:
        UsageError: if the file is not there, or its ending names no format.
        InputError: if the file is not of its format, or is cut short.
    """
    path = Path(path)
    with _arrow_errors(path):
        there = path.is_file()
    if not there:
        raise UsageError(f"there is no file {path}")
    kind = format_of(path)
    readers = {".parquet": _read_parquet, ".arrow": _read_arrow}
    with _arrow_errors(path):
        yield from readers.get(kind, _read_csv)(path)


def read_metadata(path: Path | str) -> dict[str, str]:
    """Return a file's key-value metadata; none for CSV."""
    path = Path(path)
    kind = format_of(path)
    with _arrow_errors(path):
        if kind == ".parquet":
            import pyarrow.parquet as pq

            raw = pq.read_metadata(path).metadata or {}
        elif kind == ".arrow":
            with pa.memory_map(str(path)) as stream:
                raw = pa.ipc.open_file(stream).schema.metadata or {}
        else:
            raw = {}
    return {key.decode(): value.decode() for key, value in raw.items()}


def _read_parquet(path: Path) -> Iterator[pa.RecordBatch]:
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        yield from file.iter_batches(batch_size=1 << 17)


def _read_arrow(path: Path) -> Iterator[pa.RecordBatch]:
    with pa.memory_map(str(path)) as stream:
        reader = pa.ipc.open_file(stream)
        for i in range(reader.num_record_batches):
            yield reader.get_batch(i)


def _read_csv(path: Path) -> Iterator[pa.RecordBatch]:
    from pyarrow import csv

    known = plain(pa.schema(list(COLUMN_TYPES.items())))
    # Empty text is text; only numbers and times can be missing.
    convert = csv.ConvertOptions(column_types=known, strings_can_be_null=False)
    compression = {".gz": "gzip", ".zst": "zstd"}.get(path.suffix)
    with pa.input_stream(str(path), compression=compression) as stream:
        reader = csv.open_csv(stream, convert_options=convert)
        while True:
            try:
                yield reader.read_next_batch()
            except StopIteration:
                return


@contextmanager
def _arrow_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except (pa.ArrowException, OSError, EOFError) as error:
        reason = getattr(error, "strerror", None) or str(error).splitlines()[0]
        raise InputError(f"cannot read {path}: {reason}") from error
