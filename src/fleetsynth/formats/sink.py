"""What is the same for all formats that are written: compression, whole or not at all, errors."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from fleetsynth.formats.compression import packed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fleetsynth.formats import Format
    from fleetsynth.formats.base import Output


class FormatSink:
    """A `base.Sink` of any format.

    Args:
        output: where its bytes go.
        kind: the format.
        schema: of the batches to come.
        metadata: what the file says of itself, if the format has a place for it.
        options: more arguments of the format's `open_writer`.
    """

    def __init__(
        self,
        output: Output,
        kind: Format,
        schema: pa.Schema,
        metadata: Mapping[str, str],
        options: Mapping[str, Any],
    ) -> None:
        self._output = output
        self._finished = False
        with output.opening():
            self._stream = packed(output.stream, kind.compression)
            self._writer = kind.open_writer(self._stream, schema, metadata, **options)

    def write(self, batch: pa.RecordBatch) -> None:
        """Take rows, in order. Raises OutputError if they cannot be stored."""
        with self._output.guard():
            self._writer.write(batch)

    def finish(self) -> None:
        """Write the end, so that little can fail when it is committed. May be called again."""
        if self._finished:
            return
        with self._output.guard():
            self._writer.close()
            if self._stream is not self._output.stream:
                self._stream.close()
        self._output.finish()
        self._finished = True

    def commit(self) -> int:
        """Make the dataset visible, whole; return its size in bytes."""
        self.finish()
        return self._output.commit()

    def withdraw(self) -> None:
        """Remove what was committed: what belongs to it could not be."""
        self._output.withdraw()

    def abort(self) -> None:
        """Remove all that was written. May be called at any time before commit."""
        # Closing writes the end of a file: what is short would be valid, so it goes first.
        self._output.abort()
        for part in (self._writer, self._stream, self._output.stream):
            with suppress(OSError, ValueError, pa.ArrowException):
                part.close()
        self._output.abort()
