"""What every file format can do."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path

    import pyarrow as pa

    from fleetsynth.formats.dialect import Dialect
    from fleetsynth.formats.options import ReadOptions

    Types = Mapping[str, pa.DataType | None]

BATCH_ROWS = 1 << 17
"""Rows of a batch that is read."""
SAMPLE_ROWS = 2000
"""Rows of a sample."""


class Writer(Protocol):
    """Writes record batches in one format to a stream.

    A format's module has a function ``open_writer(stream, schema, metadata)`` that returns one.
    Columns of text may be dictionary-encoded; values may be missing.
    """

    def write(self, batch: pa.RecordBatch) -> None:
        """Take rows, in order."""

    def close(self) -> None:
        """Write what the format has at its end; the stream is left open."""


class Output(Protocol):
    """Where a file's bytes go.

    Attributes:
        stream: takes them.
    """

    stream: Any

    def guard(self) -> AbstractContextManager[None]:
        """Turn what the system says of a failure into an OutputError."""

    def opening(self) -> AbstractContextManager[None]:
        """Guard the opening of a writer as well: if it fails, nothing is left."""

    def finish(self) -> None:
        """Take no more: hand over what waits. May be called again."""

    def commit(self) -> int:
        """Publish what was written, whole; return its size in bytes."""

    def withdraw(self) -> None:
        """Remove what was published, as far as that can be."""

    def abort(self) -> None:
        """Remove what was written, as far as that can be; take nothing more, in silence."""


class Sink(Protocol):
    """A destination of record batches, opened by its constructor.

    After `write` or `commit` has raised, the caller calls `abort`. Nothing can be seen under
    the final name before `commit` returns, and nothing is left after `abort`.
    """

    def write(self, batch: pa.RecordBatch) -> None:
        """Take rows, in order. Raises OutputError if they cannot be stored."""

    def finish(self) -> None:
        """Write the end, so that little can fail when it is committed. May be called again."""

    def commit(self) -> int:
        """Make the dataset visible, whole; return its size in bytes."""

    def withdraw(self) -> None:
        """Remove what was committed: what belongs to it could not be."""

    def abort(self) -> None:
        """Remove all that was written. May be called at any time before commit."""


@dataclass(frozen=True)
class Head:
    """What can be told of a file without reading it all.

    Attributes:
        names: of its columns.
        sample: its first rows; None if it has none.
        dialect: of CSV.
    """

    names: list[str]
    sample: pa.RecordBatch | None
    dialect: Dialect | None = field(default=None, repr=False)


def _nothing(_: Path) -> Mapping[bytes, bytes]:
    return {}


def _unknown(_: Path) -> int | None:
    return None


class Reader(NamedTuple):
    """How a format is read. Whatever its functions raise is told as damage of the file.

    Attributes:
        head: returns the head of a file.
        batches: yields its rows, of the columns and types asked for; None for all.
        metadata: returns its key-value metadata; nothing, if the format has no place for any.
        rows: returns how many rows the file says that it has; None if it does not.
    """

    head: Callable[[Path, ReadOptions], Head]
    batches: Callable[[Path, Types | None, ReadOptions], Iterator[pa.RecordBatch]]
    metadata: Callable[[Path], Mapping[bytes, bytes]] = _nothing
    rows: Callable[[Path], int | None] = _unknown
