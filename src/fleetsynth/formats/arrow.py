"""Arrow IPC files."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import pyarrow as pa

from fleetsynth.files import AtomicFile, os_errors
from fleetsynth.tables.frame import plain

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


class ArrowSink:
    """One Arrow IPC file (also known as Feather version 2), compressed with LZ4."""

    def __init__(
        self, path: Path, schema: pa.Schema, metadata: Mapping[str, str], *, overwrite: bool
    ) -> None:
        self._path = path
        self._schema = plain(schema).with_metadata(dict(metadata))
        self._file = AtomicFile(path, overwrite=overwrite)
        options = pa.ipc.IpcWriteOptions(compression="lz4")
        with self._file.opening():
            self._stream = pa.OSFile(str(self._file.temporary), "wb")
            self._writer = pa.ipc.new_file(self._stream, self._schema, options=options)

    def write(self, batch: pa.RecordBatch) -> None:
        """Write a batch."""
        columns = [
            column.dictionary_decode() if pa.types.is_dictionary(column.type) else column
            for column in batch.columns
        ]
        with os_errors(self._path):
            self._writer.write_batch(pa.RecordBatch.from_arrays(columns, schema=self._schema))

    def commit(self) -> int:
        """Write the footer and publish the file."""
        with os_errors(self._path):
            self._writer.close()
            self._stream.close()
        return self._file.commit()

    def abort(self) -> None:
        """Remove what was written."""
        self._file.abort()
        with suppress(OSError, pa.ArrowException):
            self._stream.close()
