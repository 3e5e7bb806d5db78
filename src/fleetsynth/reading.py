"""Datasets back from files, batch by batch, in any of the formats that sinks write."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from fleetsynth.errors import InputError, UsageError
from fleetsynth.frame import column_types, plain
from fleetsynth.sinks import format_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    Types = Mapping[str, pa.DataType | None]


def read_batches(path: Path | str, columns: Types | None = None) -> Iterator[pa.RecordBatch]:
    """Yield a file's rows in their order.

    Args:
        path: the file.
        columns: the columns to read, each of which the file must have; None for all. A type is
            what text formats are to read a column as, None to guess it from its first rows.

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
        yield from readers.get(kind, _read_csv)(path, columns)


def read_names(path: Path | str) -> list[str]:
    """Return the names of a file's columns.

    Raises:
        UsageError, InputError: as `read_batches`.
    """
    path = Path(path)
    with _arrow_errors(path):
        there = path.is_file()
    if not there:
        raise UsageError(f"there is no file {path}")
    kind = format_of(path)
    with _arrow_errors(path):
        if kind == ".parquet":
            import pyarrow.parquet as pq

            names = pq.read_schema(path).names
        elif kind == ".arrow":
            with pa.memory_map(str(path)) as stream:
                names = pa.ipc.open_file(stream).schema.names
        else:
            from pyarrow import csv

            with _open_csv(path) as stream:
                names = csv.open_csv(stream).schema.names
    return list(names)


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


def _read_parquet(path: Path, columns: Types | None) -> Iterator[pa.RecordBatch]:
    import pyarrow.parquet as pq

    wanted = None if columns is None else list(columns)
    with pq.ParquetFile(path) as file:
        yield from file.iter_batches(batch_size=1 << 17, columns=wanted)


def _read_arrow(path: Path, columns: Types | None) -> Iterator[pa.RecordBatch]:
    with pa.memory_map(str(path)) as stream:
        reader = pa.ipc.open_file(stream)
        for i in range(reader.num_record_batches):
            batch = reader.get_batch(i)
            yield batch if columns is None else batch.select(list(columns))


def _read_csv(path: Path, columns: Types | None) -> Iterator[pa.RecordBatch]:
    from pyarrow import csv

    schema = plain(pa.schema(list(column_types().items())))
    known = dict(zip(schema.names, schema.types, strict=True))
    with _open_csv(path) as stream:
        seen = csv.open_csv(stream).schema
    if "timestamp" in seen.names and getattr(seen.field("timestamp").type, "tz", None):
        known["timestamp"] = pa.timestamp("us", tz="UTC")  # written with a zone
    wanted = {} if columns is None else columns
    known |= wanted
    # Empty text is text; only numbers and times can be missing.
    convert = csv.ConvertOptions(
        column_types={name: kind for name, kind in known.items() if kind is not None},
        strings_can_be_null=False,
        include_columns=list(wanted),
    )
    with _open_csv(path) as stream:
        reader = csv.open_csv(stream, convert_options=convert)
        while True:
            try:
                yield reader.read_next_batch()
            except StopIteration:
                return


def _open_csv(path: Path) -> pa.NativeFile:
    compression = {".gz": "gzip", ".zst": "zstd"}.get(path.suffix.lower())
    return pa.input_stream(str(path), compression=compression)


@contextmanager
def _arrow_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except (pa.ArrowException, OSError, EOFError) as error:
        reason = getattr(error, "strerror", None) or str(error).splitlines()[0]
        raise InputError(f"cannot read {path}: {reason}") from error
