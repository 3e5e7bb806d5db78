"""What every file format can do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import pyarrow as pa


class Sink(Protocol):
    """A destination of record batches, opened by its constructor.

    After `write` or `commit` has raised, the caller calls `abort`. Nothing can be seen under
    the final name before `commit` returns, and nothing is left after `abort`.
    """

    def write(self, batch: pa.RecordBatch) -> None:
        """Take rows, in order. Raises OutputError if they cannot be stored."""

    def commit(self) -> int:
        """Make the dataset visible, whole; return its size in bytes."""

    def abort(self) -> None:
        """Remove all that was written. May be called at any time before commit."""
