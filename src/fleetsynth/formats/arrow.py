"""Arrow IPC files (also known as Feather version 2), compressed with LZ4."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa

from fleetsynth.formats.base import SAMPLE_ROWS, Head, Reader
from fleetsynth.tables.frame import plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from fleetsynth.formats.base import Types
    from fleetsynth.formats.options import ReadOptions


class _ArrowWriter:
    """Writes a batch as one of the file; text as plain strings."""

    def __init__(self, stream: Any, schema: pa.Schema) -> None:
        self._schema = schema
        options = pa.ipc.IpcWriteOptions(compression="lz4")
        self._writer = pa.ipc.new_file(stream, schema, options=options)

    def write(self, batch: pa.RecordBatch) -> None:
        """Write a batch."""
        columns = [
            column.dictionary_decode() if pa.types.is_dictionary(column.type) else column
            for column in batch.columns
        ]
        self._writer.write_batch(pa.RecordBatch.from_arrays(columns, schema=self._schema))

    def close(self) -> None:
        """Write the footer."""
        self._writer.close()


def open_writer(stream: Any, schema: pa.Schema, metadata: Mapping[str, str]) -> _ArrowWriter:
    """Begin a file; see `base.Writer`."""
    return _ArrowWriter(stream, plain(schema).with_metadata(dict(metadata)))


def _batches(path: Path, columns: Types | None, _: ReadOptions) -> Iterator[pa.RecordBatch]:
    # Not mapped into memory: what a damaged file points at is looked at before it is used.
    with pa.OSFile(str(path)) as stream:
        reader = pa.ipc.open_file(stream)
        for i in range(reader.num_record_batches):
            batch = reader.get_batch(i)
            batch.validate(full=True)
            yield batch if columns is None else batch.select(list(columns))


def _head(path: Path, options: ReadOptions) -> Head:
    with pa.OSFile(str(path)) as stream:
        names = list(pa.ipc.open_file(stream).schema.names)
    if len(set(names)) < len(names):
        return Head(names, None)
    first = next(iter(_batches(path, None, options)), None)
    return Head(names, None if first is None else first.slice(0, SAMPLE_ROWS))


def _metadata(path: Path) -> Mapping[bytes, bytes]:
    with pa.OSFile(str(path)) as stream:
        return pa.ipc.open_file(stream).schema.metadata or {}


READER = Reader(_head, _batches, _metadata)
