"""A format that nobody needs, in a module as any other: what `test_new_format` adds by a row."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from pyarrow import ipc

from fleetsynth.formats.base import Head, Reader
from fleetsynth.formats.compression import open_unpacked
from fleetsynth.formats.options import ReadOptions
from fleetsynth.tables.frame import plain

if TYPE_CHECKING:
    from fleetsynth.formats.base import Types


class _ToyWriter:
    """An Arrow stream, with text as it comes."""

    def __init__(self, stream: Any, schema: pa.Schema) -> None:
        self._schema = schema
        self._writer = ipc.new_stream(stream, schema)

    def write(self, batch: pa.RecordBatch) -> None:
        """Take rows."""
        table = pa.Table.from_batches([batch]).cast(self._schema)
        for each in table.to_batches():
            self._writer.write_batch(each)

    def close(self) -> None:
        """End the stream."""
        self._writer.close()


def open_writer(stream: Any, schema: pa.Schema, metadata: Mapping[str, str]) -> _ToyWriter:
    """Begin a file."""
    return _ToyWriter(stream, plain(schema).with_metadata(dict(metadata)))


def _batches(path: Path, columns: "Types | None", _: ReadOptions) -> Iterator[pa.RecordBatch]:
    with open_unpacked(path) as stream:
        reader = ipc.open_stream(stream)
        count = 0
        for batch in reader:
            count += batch.num_rows
            batch.validate(full=True)
            yield batch if columns is None else batch.select(list(columns))
        if stream.read(1):
            raise ValueError("bytes behind the end")


def _head(path: Path, options: ReadOptions) -> Head:
    with open_unpacked(path) as stream:
        names = list(ipc.open_stream(stream).schema.names)
    return Head(names, next(_batches(path, None, options), None))


READER = Reader(_head, _batches)
