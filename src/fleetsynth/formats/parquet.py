"""Parquet files, compressed with Zstandard."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from fleetsynth.fleet import METADATA_COLUMNS
from fleetsynth.formats.base import BATCH_ROWS, SAMPLE_ROWS, Head, Reader
from fleetsynth.metrics import CAPACITY, LABEL
from fleetsynth.tables.frame import WORDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from fleetsynth.formats.base import Types
    from fleetsynth.formats.options import ReadOptions

_LEAST_ROWS = BATCH_ROWS // 8
"""Rows of row groups, in the mean, from which text is read as codes."""


class _ParquetWriter:
    """Writes a batch as a row group."""

    def __init__(self, stream: Any, schema: pa.Schema, metadata: Mapping[str, str]) -> None:
        self._metadata = dict(metadata)
        self._writer = pq.ParquetWriter(stream, schema, **writer_options(schema))

    def write(self, batch: pa.RecordBatch) -> None:
        """Write a row group."""
        self._writer.write_batch(batch)

    def close(self) -> None:
        """Write the footer."""
        if self._writer.is_open:
            self._writer.add_key_value_metadata(self._metadata)
            self._writer.close()


def open_writer(stream: Any, schema: pa.Schema, metadata: Mapping[str, str]) -> _ParquetWriter:
    """Begin a file; see `base.Writer`."""
    return _ParquetWriter(stream, schema, metadata)


def writer_options(schema: pa.Schema) -> dict[str, object]:
    """Return the settings of `pyarrow.parquet.ParquetWriter` for a dataset.

    Values in hundredths repeat, so dictionaries serve them as well as text; delta encoding
    serves timestamps. Without the Arrow schema, text is read back as plain strings. Business
    metadata have no statistics: every row group has nearly every value of them, so there is
    nothing to skip, and to find that out takes a tenth of the time of writing. Nor have words of
    labels; the labels themselves are nearly all 0, which takes least time as it is, and so do
    capacities, which are the same from one resize to the next.
    """
    times = [field.name for field in schema if pa.types.is_timestamp(field.type)]
    bare = {*METADATA_COLUMNS, *(field.name for field in schema if field.type == WORDS)}
    labels = {field.name for field in schema if field.name.endswith(f"_{LABEL}")}
    steady = labels.union(metric.column for metric in CAPACITY)
    return {
        "compression": "zstd",
        "compression_level": 1,
        "use_dictionary": [name for name in schema.names if name not in steady.union(times)],
        "column_encoding": dict.fromkeys(times, "DELTA_BINARY_PACKED"),
        "store_schema": False,
        "write_statistics": [name for name in schema.names if name not in bare],
    }


def _batches(path: Path, columns: Types | None, _: ReadOptions) -> Iterator[pa.RecordBatch]:
    wanted = None if columns is None else list(columns)
    path = _local(path)
    metadata = pq.read_metadata(path)
    # Whoever names columns takes text as codes, as the file has it: five times as quick, but each
    # row group has codes of its own, and is a batch of its own then.
    long = metadata.num_rows >= _LEAST_ROWS * metadata.num_row_groups
    with pq.ParquetFile(path, metadata=metadata, read_dictionary=wanted if long else None) as file:
        if wanted == []:
            return
        for groups in _together(file.metadata):
            yield from file.iter_batches(BATCH_ROWS, row_groups=groups, columns=wanted)


def _together(metadata: Any) -> Iterator[list[int]]:
    """Yield row groups of a batch or more: Arrow keeps what it reads until it has read them all."""
    groups: list[int] = []
    rows = 0
    for group in range(metadata.num_row_groups):
        groups.append(group)
        rows += metadata.row_group(group).num_rows
        if rows >= BATCH_ROWS or group == metadata.num_row_groups - 1:
            yield groups
            groups, rows = [], 0


def _head(path: Path, _: ReadOptions) -> Head:
    with pq.ParquetFile(_local(path)) as file:
        names = list(file.schema_arrow.names)
        if len(set(names)) < len(names):
            return Head(names, None)
        batches = (
            file.iter_batches(batch_size=SAMPLE_ROWS, row_groups=[0])
            if (file.metadata.num_row_groups)
            else iter(())
        )
        return Head(names, next(batches, None))


def _metadata(path: Path) -> Mapping[bytes, bytes]:
    return pq.read_metadata(_local(path)).metadata or {}


def _rows(path: Path) -> int:
    return int(pq.read_metadata(_local(path)).num_rows)


def _local(path: Path) -> Path:
    """Return a path that Arrow takes for a file: ``12:30/fleet.parquet`` it takes for a URL."""
    return path.absolute()


READER = Reader(_head, _batches, _metadata, _rows)
